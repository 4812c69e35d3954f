/* Sections of revision files: where they begin and end, their options, what is refused and where,
 * which one runs on a database. */
#include "cmig/error.h"
#include "cmig/script.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEADER "-- revision: a1\n-- down_revision: null\n\n" /* three lines */
#define UP     "-- cmig:upgrade\n"

static CmigScript *parse(const char *text, gsize length, GError **error)
{
    g_autoptr(GBytes) content = g_bytes_new(text, length);
    CmigScript *script = NULL;
    gboolean good = cmig_script_parse(content, "f.sql", &script, error);
    ck_assert(good == (script != NULL));
    return script;
}

/* "up any tx 4 5 {body}; down sqlite notx …" */
static char *describe(const CmigScript *script)
{
    GString *out = g_string_new(NULL);
    const char *text = g_bytes_get_data(script->content, NULL);
    for (guint idx = 0; idx < script->sections->len; idx++) {
        const CmigSection *section = g_ptr_array_index(script->sections, idx);
        g_string_append_printf(
            out, "%s%s %s %s%s%s %u %u {%.*s}", idx > 0 ? "; " : "",
            section->upgrade ? "up" : "down", cmig_dialect_name(section->dialect),
            section->transaction == CMIG_SECTION_OFF ? "notx" : "tx",
            section->substitute ? " vars" : "", section->irreversible ? " none" : "",
            section->marker_line, section->first_line, (int)(section->end - section->start),
            text + section->start);
        if (section->reason != NULL)
            g_string_append_printf(out, " (%s)", section->reason);
    }
    return g_string_free(out, FALSE);
}

static const struct {
    const char *text;
    const char *expected;
} valid[] = {
    {HEADER UP, "up any tx 4 5 {}"},
    {HEADER "-- cmig:upgrade", "up any tx 4 5 {}"},
    {"-- revision: a1\n-- down_revision: null\n" UP "A;", "up any tx 3 4 {A;}"},
    {HEADER UP "A;\nB;\n-- cmig:downgrade\nC;\n",
     "up any tx 4 5 {A;\nB;\n}; down any tx 7 8 {C;\n}"},
    {HEADER "-- why\n/* and\n how */ \n" UP "A;", "up any tx 7 8 {A;}"},
    {HEADER "-- cmig:upgrade sqlite\nA\n-- cmig:upgrade postgresql transaction=off\nB\n" UP "C\n",
     "up sqlite tx 4 5 {A\n}; up postgresql notx 6 7 {B\n}; up any tx 8 9 {C\n}"},
    {HEADER "-- cmig:upgrade \ttransaction=off   pg \nA", "up postgresql notx 4 5 {A}"},
    {HEADER "-- cmig:upgrade transaction=on\nA", "up any tx 4 5 {A}"},
    {HEADER "-- cmig:upgrade substitute=on\nA\n-- cmig:downgrade sqlite transaction=off "
            "substitute=on\n-- cmig:downgrade substitute=off postgresql\n",
     "up any tx vars 4 5 {A\n}; down sqlite notx vars 6 7 {}; down postgresql tx 7 8 {}"},
    {HEADER UP "-- cmig:downgrade none\n", "up any tx 4 5 {}; down any tx none 5 6 {}"},
    {HEADER UP "-- cmig:downgrade none \"data is gone\"\n-- really\n",
     "up any tx 4 5 {}; down any tx none 5 6 {-- really\n} (data is gone)"},
    {HEADER UP "-- cmig:downgrade sqlite none \"x\"\n-- cmig:downgrade\nA",
     "up any tx 4 5 {}; down sqlite tx none 5 6 {} (x); down any tx 6 7 {A}"},
    /* Only a line that begins exactly so is a marker. */
    {HEADER UP " -- cmig:downgrade\n--cmig:downgrade\n-- a -- cmig:x\n",
     "up any tx 4 5 { -- cmig:downgrade\n--cmig:downgrade\n-- a -- cmig:x\n}"},
    {HEADER UP "-- cmig:ignore drop-table reason=\"x\"\nDROP TABLE t;\n",
     "up any tx 4 5 {-- cmig:ignore drop-table reason=\"x\"\nDROP TABLE t;\n}"},
    /* Also inside of a string. */
    {HEADER UP "SELECT '\n-- cmig:downgrade\n'", "up any tx 4 5 {SELECT '\n}; down any tx 6 7 {'}"},
    {"-- revision: a1\r\n-- down_revision: null\r\n\r\n-- cmig:upgrade sqlite\r\nA;\r\n",
     "up sqlite tx 4 5 {A;\r\n}"},
    {"\xEF\xBB\xBF" HEADER UP "A", "up any tx 4 5 {A}"},
};

static const struct {
    const char *text;
    const char *expected;
    const char *hint; /* NULL = not compared */
} invalid[] = {
    {HEADER, "1:1 a revision file without a `-- cmig:upgrade` section", NULL},
    {HEADER "-- cmig:downgrade\nA", "1:1 a revision file without a `-- cmig:upgrade` section",
     NULL},
    {"\n\n" HEADER, "3:1 a revision file without a `-- cmig:upgrade` section", NULL},
    {"\xEF\xBB\xBF\xEF\xBB\xBF" HEADER UP, "1:1 a second byte order mark", NULL},
    {HEADER "SELECT 1;\n" UP, "4:1 text before the first section",
     "put a line `-- cmig:upgrade` before it"},
    {HEADER "-- x\n  /* y */ SELECT 1;\n", "5:11 text before the first section", NULL},
    {HEADER "/* open\n" UP, "4:1 text before the first section", NULL},
    {HEADER UP "A\n" UP,
     "6:1 a second upgrade section for all databases; the first one is on line 4", NULL},
    {HEADER "-- cmig:upgrade sqlite\n-- cmig:upgrade sqlite3\n",
     "5:1 a second upgrade section for sqlite; the first one is on line 4", NULL},
    {HEADER "-- cmig:upgrade mysql\n", "4:17 'mysql' cannot stand here on a `-- cmig:upgrade` line",
     NULL},
    {HEADER "-- cmig:upgrade postgresq\n",
     "4:17 'postgresq' cannot stand here on a `-- cmig:upgrade` line",
     "did you mean 'postgresql'?"},
    {HEADER "-- cmig:upgrade any\n", "4:17 'any' cannot stand here on a `-- cmig:upgrade` line",
     NULL},
    {HEADER "-- cmig:upgrade sqlite transaction=of\n",
     "4:24 'transaction=of' cannot stand here on a `-- cmig:upgrade` line", NULL},
    {HEADER "-- cmig:upgrade transaction=on transaction=on\n",
     "4:32 'transaction=on' cannot stand here on a `-- cmig:upgrade` line", NULL},
    {HEADER "-- cmig:upgrade sqlite postgresql\n",
     "4:24 'postgresql' cannot stand here on a `-- cmig:upgrade` line", NULL},
    {HEADER "-- cmig:upgrade none\n", "4:17 'none' cannot stand here on a `-- cmig:upgrade` line",
     NULL},
    {HEADER UP "-- cmig:downgrade \"why\"\n",
     "5:19 '\"why\"' cannot stand here on a `-- cmig:downgrade` line", NULL},
    {HEADER UP "-- cmig:downgrade none \"open\n",
     "5:24 '\"open' cannot stand here on a `-- cmig:downgrade` line", NULL},
    {HEADER UP "-- cmig:downgrade none \"a\" \"b\"\n",
     "5:28 '\"b\"' cannot stand here on a `-- cmig:downgrade` line", NULL},
    {HEADER UP "-- cmig:downgrade none transaction=off\n",
     "5:24 `none` and `transaction=` contradict each other", NULL},
    {HEADER UP "-- cmig:downgrade none substitute=on\n",
     "5:24 `none` and `substitute=` contradict each other", NULL},
    {HEADER "-- cmig:upgrade substitute=yes\n",
     "4:17 'substitute=yes' cannot stand here on a `-- cmig:upgrade` line",
     "did you mean 'substitute=on'?"},
    {HEADER "-- cmig:upgrade substitute=on sqlite substitute=off\n",
     "4:38 'substitute=off' cannot stand here on a `-- cmig:upgrade` line", NULL},
    {HEADER UP "-- cmig:downgrade none \"x\"\n-- y\nDROP TABLE t;\n",
     "7:1 SQL below `-- cmig:downgrade none`", NULL},
    {HEADER "-- cmig:upgrad\n", "4:9 unknown line `-- cmig:upgrad`",
     "did you mean `-- cmig:upgrade`?"},
    {HEADER UP "-- cmig:\x1b[31m\n", "5:9 unknown line `-- cmig:\\x1B[31m`", NULL},
    {HEADER UP "-- cmig:upgrade\xFF\n", "5:9 unknown line `-- cmig:upgrade\\xFF`", NULL},
    {HEADER UP "-- cmig:UPGRADE\n", "5:9 unknown line `-- cmig:UPGRADE`",
     "did you mean `-- cmig:upgrade`?"},
};

START_TEST(test_valid)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CmigScript) script = parse(valid[_i].text, strlen(valid[_i].text), &error);
    ck_assert_msg(script != NULL, "%s", error ? error->message : "");
    g_autofree char *got = describe(script);
    ck_assert_str_eq(got, valid[_i].expected);
    ck_assert_str_eq(script->revision->id, "a1");
}
END_TEST

START_TEST(test_invalid)
{
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(parse(invalid[_i].text, strlen(invalid[_i].text), &error));
    ck_assert_int_eq(error->code, CMIG_ERROR_CONFIG);
    g_autofree char *got = g_strdup_printf("%u:%u %s", cmig_error_line(error),
                                           cmig_error_column(error), error->message);
    ck_assert_str_eq(got, invalid[_i].expected);
    ck_assert_str_eq(cmig_error_file(error), "f.sql");
    if (invalid[_i].hint != NULL)
        ck_assert_str_eq(cmig_error_hint(error), invalid[_i].hint);
}
END_TEST

START_TEST(test_nul)
{
    static const char text[] = HEADER UP "SELECT 1;\nSELECT '\0';\n";
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(parse(text, sizeof text - 1, &error));
    ck_assert_str_eq(error->message, "a NUL byte");
    ck_assert_uint_eq(cmig_error_line(error), 6);
    ck_assert_uint_eq(cmig_error_column(error), 9);
}
END_TEST

/* Which section runs: "any", the dialect's name, or the error. */
static const struct {
    const char *body;
    gboolean upgrade;
    CmigDialect dialect;
    const char *expected;
} chosen[] = {
    {UP, TRUE, CMIG_DIALECT_SQLITE, "any"},
    {UP "-- cmig:upgrade sqlite\n", TRUE, CMIG_DIALECT_SQLITE, "sqlite"},
    {"-- cmig:upgrade sqlite\n" UP, TRUE, CMIG_DIALECT_SQLITE, "sqlite"},
    {UP "-- cmig:upgrade sqlite\n", TRUE, CMIG_DIALECT_POSTGRESQL, "any"},
    {"-- cmig:upgrade sqlite\n", TRUE, CMIG_DIALECT_POSTGRESQL,
     "78 revision a1 does not say how to upgrade on postgresql ()"},
    {UP "-- cmig:downgrade postgresql\n", FALSE, CMIG_DIALECT_SQLITE,
     "78 revision a1 does not say how to downgrade on sqlite ()"},
    {UP, FALSE, CMIG_DIALECT_SQLITE,
     "1 revision a1 is irreversible (the file has no `-- cmig:downgrade` section)"},
    {UP "-- cmig:downgrade none\n", FALSE, CMIG_DIALECT_SQLITE, "1 revision a1 is irreversible ()"},
    {UP "-- cmig:downgrade none \"rows \x1b are gone\"\n", FALSE, CMIG_DIALECT_SQLITE,
     "1 revision a1 is irreversible (rows \\x1B are gone)"},
    {UP "-- cmig:downgrade\n-- cmig:downgrade sqlite none\n", FALSE, CMIG_DIALECT_SQLITE,
     "1 revision a1 is irreversible ()"},
    {UP "-- cmig:downgrade\n-- cmig:downgrade sqlite none\n", FALSE, CMIG_DIALECT_POSTGRESQL,
     "any"},
};

START_TEST(test_chosen)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strconcat(HEADER, chosen[_i].body, NULL);
    g_autoptr(CmigScript) script = parse(text, strlen(text), &error);
    ck_assert_ptr_nonnull(script);
    const CmigSection *section = NULL;
    g_autofree char *got = NULL;
    if (cmig_script_find_section(script, chosen[_i].upgrade, chosen[_i].dialect, &section,
                                 &error)) {
        ck_assert(section->upgrade == chosen[_i].upgrade);
        got = g_strdup(cmig_dialect_name(section->dialect));
    } else {
        ck_assert_ptr_null(section);
        ck_assert_uint_gt(cmig_error_line(error), 0);
        const char *detail = cmig_error_detail(error);
        got = g_strdup_printf("%d %s (%s)", cmig_error_exit_status(error->code), error->message,
                              detail ? detail : "");
    }
    ck_assert_str_eq(got, chosen[_i].expected);
}
END_TEST

/* The lexer gets the section's bytes, and gives places in the file. */
START_TEST(test_scan)
{
    gboolean transactional = FALSE;
    static const char text[] =
        HEADER UP "SELECT 1;\nSELECT 2;\n-- cmig:downgrade\nSELECT 3;\nSELECT 'open\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(CmigScript) script = parse(text, strlen(text), &error);
    const CmigSection *section = NULL;
    g_autoptr(CmigSqlScript) sql = NULL;
    ck_assert(cmig_script_find_section(script, TRUE, CMIG_DIALECT_SQLITE, &section, &error));
    ck_assert(cmig_script_scan_section(script, section, CMIG_DIALECT_SQLITE, NULL, &sql,
                                       &transactional, &error));
    ck_assert_uint_eq(sql->statements->len, 2);
    ck_assert_str_eq(sql->text, "SELECT 1;\nSELECT 2;\n");
    ck_assert_uint_eq(sql->first_line, 5);

    g_autoptr(CmigSqlScript) broken = NULL;
    ck_assert(cmig_script_find_section(script, FALSE, CMIG_DIALECT_SQLITE, &section, &error));
    ck_assert(!cmig_script_scan_section(script, section, CMIG_DIALECT_SQLITE, NULL, &broken,
                                        &transactional, &error));
    ck_assert_str_eq(cmig_error_file(error), "f.sql");
    ck_assert_uint_eq(cmig_error_line(error), 9);
    ck_assert_uint_eq(cmig_error_column(error), 8);
}
END_TEST

/* Variables are put into sections that ask for it, and into no other. */
START_TEST(test_scan_variables)
{
    gboolean transactional = FALSE;
    static const struct {
        const char *marker;
        const char *expected; /* text, or the error */
    } cases[] = {
        {"-- cmig:upgrade", "SELECT :a, :'a';\n:none"},
        {"-- cmig:upgrade substitute=off", "SELECT :a, :'a';\n:none"},
        {"-- cmig:upgrade substitute=on", "6:1 the variable \"none\" is not defined"},
        {"-- cmig:upgrade sqlite substitute=on", "SELECT 1; COMMIT, '1; COMMIT';\n"},
        {"-- cmig:upgrade sqlite transaction=off substitute=on",
         "SELECT 1; COMMIT, '1; COMMIT';\n"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        gboolean defined = g_str_has_prefix(cases[idx].marker, "-- cmig:upgrade sqlite");
        g_autoptr(GHashTable) variables = g_hash_table_new(g_str_hash, g_str_equal);
        g_hash_table_insert(variables, (gpointer)(guintptr) "a",
                            (gpointer)(guintptr)(defined ? "1; COMMIT" : "1"));
        g_autofree char *text = g_strconcat(HEADER, cases[idx].marker, "\nSELECT :a, :'a';\n",
                                            defined ? "" : ":none", NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(CmigScript) script = parse(text, strlen(text), &error);
        const CmigSection *section = NULL;
        g_autoptr(CmigSqlScript) sql = NULL;
        ck_assert(cmig_script_find_section(script, TRUE, CMIG_DIALECT_SQLITE, &section, &error));
        gboolean good = cmig_script_scan_section(script, section, CMIG_DIALECT_SQLITE, variables,
                                                 &sql, &transactional, &error);
        g_autofree char *got = good ? g_strdup(sql->text)
                                    : g_strdup_printf("%u:%u %s", cmig_error_line(error),
                                                      cmig_error_column(error), error->message);
        if (defined && section->transaction != CMIG_SECTION_OFF)
            ck_assert_msg(g_str_has_prefix(got, "5:8 COMMIT cannot stand"), "%s", got);
        else
            ck_assert_str_eq(got, cases[idx].expected);
    }
}
END_TEST

START_TEST(test_scan_transaction)
{
    gboolean transactional = FALSE;
    static const struct {
        const char *body;
        gboolean good;
    } cases[] = {
        {UP "BEGIN; SELECT 1; COMMIT;", FALSE},
        {"-- cmig:upgrade transaction=off\nBEGIN; SELECT 1; COMMIT;", TRUE},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strconcat(HEADER, cases[idx].body, NULL);
        g_autoptr(CmigScript) script = parse(text, strlen(text), &error);
        const CmigSection *section = NULL;
        g_autoptr(CmigSqlScript) sql = NULL;
        ck_assert(cmig_script_find_section(script, TRUE, CMIG_DIALECT_SQLITE, &section, &error));
        ck_assert(cmig_script_scan_section(script, section, CMIG_DIALECT_SQLITE, NULL, &sql,
                                           &transactional, &error) == cases[idx].good);
    }
}
END_TEST

/* cmig_script_open: a file that changed since the graph was loaded is refused. */
START_TEST(test_open)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"-- revision: a1\n-- down_revision: b2\n-- message: new\n\n" UP, "ok"},
        {"-- revision: a2\n-- down_revision: b2\n\n" UP,
         "the file of revision a1 was changed while cmig was running"},
        {"-- revision: a1\n-- down_revision: [b2, b3]\n\n" UP,
         "the file of revision a1 was changed while cmig was running"},
        {"-- revision: a1\n-- down_revision: b2\n-- depends_on: x\n\n" UP,
         "the file of revision a1 was changed while cmig was running"},
        {"-- revision: a1\n-- down_revision: b2\n", "a revision file without a `-- cmig:upgrade` "
                                                    "section"},
    };
    g_autofree char *folder = g_dir_make_tmp("cmig-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "a1.sql", NULL);
    static const char *const down[] = {"b2", NULL};
    g_autoptr(CmigRevision) revision = cmig_revision_new("a1", down, NULL, NULL, "old", path);
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        ck_assert(g_file_set_contents(path, cases[idx].text, -1, NULL));
        g_autoptr(GError) error = NULL;
        g_autoptr(CmigScript) script = NULL;
        gboolean good = cmig_script_open(revision, &script, &error);
        ck_assert_str_eq(good ? "ok" : error->message, cases[idx].expected);
    }
    g_remove(path);
    g_autoptr(GError) error = NULL;
    CmigScript *script = NULL;
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert(!cmig_script_open(revision, &script, &error));
    ck_assert_int_eq(error->code, CMIG_ERROR_CONFIG);
    g_remove(path);
    g_rmdir(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("script sections");
    TCase *cases = tcase_create("sections");
    tcase_add_loop_test(cases, test_valid, 0, G_N_ELEMENTS(valid));
    tcase_add_loop_test(cases, test_invalid, 0, G_N_ELEMENTS(invalid));
    tcase_add_loop_test(cases, test_chosen, 0, G_N_ELEMENTS(chosen));
    tcase_add_test(cases, test_nul);
    tcase_add_test(cases, test_scan);
    tcase_add_test(cases, test_scan_variables);
    tcase_add_test(cases, test_scan_transaction);
    tcase_add_test(cases, test_open);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
