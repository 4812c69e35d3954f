/* The base layer: text, files, errors, ids, dialects. */
#include "cmig/clock.h"
#include "cmig/dialect.h"
#include "cmig/error.h"
#include "cmig/file.h"
#include "cmig/finding.h"
#include "cmig/text.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *text;
    const char *line;
    const char *block;
} escapes[] = {
    {"plain é", "plain é", "plain é"},
    {NULL, "", ""},
    {"a\nb\tc", "a\\nb\\tc", "a\nb\tc"},
    {"\033]0;x\007", "\\x1B]0;x\\x07", "\\x1B]0;x\\x07"},
    {"cr\rlf", "cr\\rlf", "cr\\rlf"},
    {"\x7f", "\\x7F", "\\x7F"},
    {"\xc2\x9b", "\\x9B", "\\x9B"}, /* CSI as one C1 character */
    {"\xe2\x80\xae"
     "abc",
     "\\u{202E}abc", "\\u{202E}abc"}, /* right-to-left override */
    {"\xff\xfe", "\\xFF\\xFE", "\\xFF\\xFE"},
    {"cut\xe2\x82", "cut\\xE2\\x82", "cut\\xE2\\x82"},
};

START_TEST(test_escape)
{
    g_autofree char *line = cmig_text_escape(escapes[_i].text);
    g_autofree char *block = cmig_text_escape_block(escapes[_i].text);
    ck_assert_str_eq(line, escapes[_i].line);
    ck_assert_str_eq(block, escapes[_i].block);
}
END_TEST

START_TEST(test_shell_word)
{
    static const char *const words[][2] = {
        {"", "''"}, {"a-b=c", "a-b=c"}, {"a b", "'a b'"}, {"it's", "'it'\\''s'"}, {"a\n", "'a\\n'"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(words); idx++) {
        g_autofree char *word = cmig_text_shell_word(words[idx][0]);
        ck_assert_str_eq(word, words[idx][1]);
    }
}
END_TEST

START_TEST(test_names)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    g_autofree char *none = cmig_text_names(texts);
    for (guint count = 0; count < 12; count++)
        g_ptr_array_add(texts, (gpointer)(guintptr)(count == 1 ? "b\n" : "a"));
    g_autofree char *all = cmig_text_names(texts);
    g_ptr_array_add(texts, (gpointer)(guintptr) "z");
    g_autofree char *most = cmig_text_names(texts);
    ck_assert_str_eq(none, "");
    ck_assert_str_eq(all, "a, b\\n, a, a, a, a, a, a, a, a, a, a");
    ck_assert_str_eq(most, "a, b\\n, a, a, a, a, a, a, a, a, a, a and 1 more");
}
END_TEST

static const struct {
    const char *text;
    gsize offset;
    guint line;
    guint column;
} places[] = {
    {"", 0, 1, 1},        {"abc", 0, 1, 1},   {"abc", 2, 1, 3},
    {"abc", 99, 1, 4},    {"a\nbc", 2, 2, 1}, {"a\nbc", 3, 2, 2},
    {"a\r\nbc", 3, 2, 1}, {"é\né!", 5, 2, 2}, {"a\n\n\nb", 4, 4, 1},
};

START_TEST(test_locate)
{
    guint line = 0;
    guint column = 0;
    cmig_text_locate(places[_i].text, strlen(places[_i].text), places[_i].offset, &line, &column);
    ck_assert_uint_eq(line, places[_i].line);
    ck_assert_uint_eq(column, places[_i].column);
}
END_TEST

START_TEST(test_offset_of_character)
{
    const char *text = "aé€𝄞z";
    gsize length = strlen(text);
    const gsize offsets[] = {0, 1, 3, 6, 10, 11, 11};
    for (gsize idx = 0; idx < G_N_ELEMENTS(offsets); idx++)
        ck_assert_uint_eq(cmig_text_offset_of_character(text, length, idx), offsets[idx]);
}
END_TEST

START_TEST(test_fit)
{
    static const struct {
        const char *text;
        guint columns;
        const char *fitted;
    } cases[] = {
        {"", 0, ""},         {"abc", 3, "abc"},  {"abcd", 3, "ab…"}, {"abc", 1, "…"},
        {"abc", 0, ""},      {"äöü", 3, "äöü"},  {"äöüä", 3, "äö…"}, {"漢字", 4, "漢字"},
        {"漢字x", 4, "漢…"}, {"漢字", 3, "漢…"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autofree char *fitted = cmig_text_fit(cases[idx].text, cases[idx].columns);
        ck_assert_str_eq(fitted, cases[idx].fitted);
    }
}
END_TEST

START_TEST(test_suggest)
{
    const char *const words[] = {"upgrade", "downgrade", "history", "heads", NULL};
    ck_assert_str_eq(cmig_text_suggest("upgrad", words), "upgrade");
    ck_assert_str_eq(cmig_text_suggest("hisotry", words), "history");
    ck_assert_str_eq(cmig_text_suggest("HEAD", words), "heads");
    ck_assert_ptr_null(cmig_text_suggest("completion", words));
    ck_assert_ptr_null(cmig_text_suggest("", words));
}
END_TEST

static const struct {
    const char *text;
    gboolean valid;
} ids[] = {
    {"a", TRUE},
    {"1975ea83b712", TRUE},
    {"v1.2_x", TRUE},
    {"12345678901234567890123456789012", TRUE},
    {"123456789012345678901234567890123", FALSE},
    {"", FALSE},
    {"_a", FALSE},
    {".a", FALSE},
    {"a-b", FALSE},
    {"a@b", FALSE},
    {"a+1", FALSE},
    {"a:b", FALSE},
    {"a b", FALSE},
    {"a'", FALSE},
    {"a\n", FALSE},
    {"é", FALSE},
};

START_TEST(test_revision_id)
{
    ck_assert_int_eq(cmig_text_is_revision_id(ids[_i].text), ids[_i].valid);
}
END_TEST

START_TEST(test_dialect)
{
    CmigDialect dialect = CMIG_DIALECT_ANY;
    ck_assert(cmig_dialect_parse("Postgres", &dialect));
    ck_assert_int_eq(dialect, CMIG_DIALECT_POSTGRESQL);
    ck_assert(cmig_dialect_parse("sqlite3", &dialect));
    ck_assert_int_eq(dialect, CMIG_DIALECT_SQLITE);
    ck_assert(!cmig_dialect_parse("any", &dialect));
    ck_assert(!cmig_dialect_parse("mysql", &dialect));
    ck_assert_int_eq(dialect, CMIG_DIALECT_SQLITE);
    ck_assert_str_eq(cmig_dialect_name(CMIG_DIALECT_POSTGRESQL), "postgresql");
    ck_assert_str_eq(cmig_dialect_name(CMIG_DIALECT_ANY), "any");
}
END_TEST

START_TEST(test_error_carries_facts)
{
    GError *error = NULL;
    cmig_error_set_hint(&error, "nothing to add to");
    cmig_error_set_hint(NULL, "nothing to add to");
    ck_assert_ptr_null(error);

    g_set_error(&error, CMIG_ERROR, CMIG_ERROR_REFUSED, "message");
    cmig_error_set_detail(&error, "detail %d", 1);
    cmig_error_set_detail(&error, "detail %d", 2);
    cmig_error_set_hint(&error, "hint");
    cmig_error_set_sqlstate(&error, "42P01");
    cmig_error_set_place(&error, "inner.sql", 3, 7);
    cmig_error_set_place(&error, "outer.sql", 1, 1);
    g_prefix_error(&error, "prefix: ");

    g_autoptr(GError) copy = g_error_copy(error);
    g_error_free(error);
    ck_assert_str_eq(copy->message, "prefix: message");
    ck_assert_str_eq(cmig_error_detail(copy), "detail 2");
    ck_assert_str_eq(cmig_error_hint(copy), "hint");
    ck_assert_str_eq(cmig_error_sqlstate(copy), "42P01");
    ck_assert_str_eq(cmig_error_file(copy), "inner.sql");
    ck_assert_uint_eq(cmig_error_line(copy), 3);
    ck_assert_uint_eq(cmig_error_column(copy), 7);
}
END_TEST

START_TEST(test_foreign_error_has_no_facts)
{
    g_autoptr(GError) error = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT, "x");
    GError *alias = error;
    cmig_error_set_hint(&alias, "ignored");
    ck_assert_ptr_null(cmig_error_hint(error));
    ck_assert_uint_eq(cmig_error_line(error), 0);
}
END_TEST

START_TEST(test_every_kind_has_a_documented_status)
{
    for (int code = CMIG_ERROR_FAILED; code <= CMIG_ERROR_CONFLICT; code++) {
        gboolean known = FALSE;
        for (gsize idx = 0; cmig_exit_statuses[idx].meaning != NULL; idx++)
            known = known || cmig_exit_statuses[idx].status == cmig_error_exit_status(code);
        ck_assert_msg(known, "kind %d", code);
    }
    ck_assert_int_eq(cmig_error_exit_status(-1), 70);
    ck_assert_int_eq(cmig_error_exit_status(999), 70);
    ck_assert_int_eq(cmig_error_exit_status(CMIG_ERROR_REFUSED), 77);
}
END_TEST

static char *folder;

static void make_folder(void)
{
    folder = g_dir_make_tmp("cmig-base-XXXXXX", NULL);
    ck_assert_ptr_nonnull(folder);
}

static void remove_folder(void)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
    g_clear_pointer(&folder, g_free);
}

static char *in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

START_TEST(test_read_caps_and_bom)
{
    g_autofree char *path = in_folder("f");
    GError *error = NULL;
    ck_assert(g_file_set_contents(path, "\xEF\xBB\xBFhello", -1, NULL));
    g_autoptr(GBytes) whole = cmig_file_read(path, 8, &error);
    ck_assert_ptr_nonnull(whole);
    ck_assert_uint_eq(g_bytes_get_size(whole), 5);
    ck_assert_str_eq(g_bytes_get_data(whole, NULL), "hello");
    ck_assert_ptr_null(cmig_file_read(path, 7, &error));
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    g_clear_error(&error);

    ck_assert(g_file_set_contents(path, "", 0, NULL));
    g_autoptr(GBytes) empty = cmig_file_read(path, 0, &error);
    ck_assert_ptr_nonnull(empty);
    ck_assert_uint_eq(g_bytes_get_size(empty), 0);
}
END_TEST

START_TEST(test_read_refuses_what_is_no_file)
{
    g_autofree char *fifo = in_folder("fifo");
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    const char *const paths[] = {fifo, folder, "/dev/zero", "/nonexistent/x"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(paths); idx++) {
        g_autoptr(GError) error = NULL;
        ck_assert_ptr_null(cmig_file_read(paths[idx], 100, &error));
        ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    }
}
END_TEST

/* Nothing but the expected names is left in the folder. */
static void assert_entries(guint expected)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint entries = 0;
    while (g_dir_read_name(dir) != NULL)
        entries++;
    ck_assert_uint_eq(entries, expected);
}

START_TEST(test_create_never_replaces)
{
    g_autofree char *path = in_folder("new.sql");
    g_autofree char *dangling = in_folder("dangling.sql");
    g_autoptr(GError) error = NULL;
    ck_assert(cmig_file_create(path, "one", &error));
    ck_assert(!cmig_file_create(path, "two", &error));
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_FAILED));
    g_clear_error(&error);
    ck_assert_int_eq(symlink("nowhere", dangling), 0);
    ck_assert(!cmig_file_create(dangling, "two", &error));
    ck_assert_ptr_nonnull(error);

    g_autofree char *content = NULL;
    ck_assert(g_file_get_contents(path, &content, NULL, NULL));
    ck_assert_str_eq(content, "one");
    assert_entries(2);
}
END_TEST

START_TEST(test_create_makes_folders)
{
    g_autofree char *path = in_folder("2026/11/x.sql");
    g_autoptr(GError) error = NULL;
    ck_assert(cmig_file_create(path, "abc", &error));
    g_autofree char *content = NULL;
    gsize length = 0;
    ck_assert(g_file_get_contents(path, &content, &length, NULL));
    ck_assert_uint_eq(length, 3);
}
END_TEST

START_TEST(test_ids)
{
    g_autofree char *one = cmig_clock_random_hex(12);
    g_autofree char *two = cmig_clock_random_hex(12);
    ck_assert_uint_eq(strlen(one), 12);
    ck_assert_uint_eq(strspn(one, "0123456789abcdef"), 12);
    ck_assert_str_ne(one, two);

    cmig_clock_freeze(1700000000, 0xabc);
    g_autofree char *frozen = cmig_clock_random_hex(12);
    g_autofree char *next = cmig_clock_random_hex(12);
    ck_assert_str_eq(frozen, "000000000abc");
    ck_assert_str_eq(next, "000000000abd");
    g_autoptr(GDateTime) now = cmig_clock_now();
    ck_assert_int_eq(g_date_time_to_unix(now), 1700000000);
}
END_TEST

START_TEST(test_finding)
{
    g_autoptr(GPtrArray) findings = cmig_findings_new();
    CmigFinding *finding =
        cmig_finding_add(findings, "some-rule", "a.sql", 3, NULL, NULL, "%u of %s", 2U, "them");
    ck_assert_ptr_eq(finding, findings->pdata[0]);
    ck_assert_str_eq(finding->rule, "some-rule");
    ck_assert_str_eq(finding->path, "a.sql");
    ck_assert_ptr_null(finding->revision);
    ck_assert_str_eq(finding->message, "2 of them");
    ck_assert_ptr_null(finding->hint);
    ck_assert_uint_eq(finding->line, 3);
    ck_assert(!finding->note);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *text = tcase_create("text");
    tcase_add_loop_test(text, test_escape, 0, G_N_ELEMENTS(escapes));
    tcase_add_loop_test(text, test_locate, 0, G_N_ELEMENTS(places));
    tcase_add_test(text, test_shell_word);
    tcase_add_test(text, test_names);
    tcase_add_test(text, test_offset_of_character);
    tcase_add_test(text, test_fit);
    tcase_add_test(text, test_suggest);
    tcase_add_loop_test(text, test_revision_id, 0, G_N_ELEMENTS(ids));
    tcase_add_test(text, test_dialect);
    suite_add_tcase(suite, text);

    TCase *errors = tcase_create("error");
    tcase_add_test(errors, test_error_carries_facts);
    tcase_add_test(errors, test_foreign_error_has_no_facts);
    tcase_add_test(errors, test_finding);
    tcase_add_test(errors, test_every_kind_has_a_documented_status);
    suite_add_tcase(suite, errors);

    TCase *files = tcase_create("file");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, test_read_caps_and_bom);
    tcase_add_test(files, test_read_refuses_what_is_no_file);
    tcase_add_test(files, test_create_never_replaces);
    tcase_add_test(files, test_create_makes_folders);
    tcase_add_test(files, test_ids);
    suite_add_tcase(suite, files);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
