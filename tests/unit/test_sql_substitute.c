/* Variables in SQL text: what is replaced and by what, what never is, and where errors lie. */
#include "cmig/error.h"
#include "cmig/sql.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PG     CMIG_DIALECT_POSTGRESQL
#define SQLITE CMIG_DIALECT_SQLITE
#define BOTH   CMIG_DIALECT_ANY

static const char *const values[][2] = {
    {"a", "1"},
    {"b", "two words"},
    {"_c9", "C"},
    {"quote", "it's \"x\""},
    {"slash", "a\\b'c"},
    {"empty", ""},
    {"blank", " \n "},
    {"minus", "-1"},
    {"dash", "-"},
    {"star", "*"},
    {"many", "1; SELECT 2"},
    {"ref", ":a :'a' :none"},
    {"string", "'s'"},
    {"control", "1; COMMIT; SELECT 1"},
    {"open", "'"},
    {"dollar", "$x$"},
    {"word", "E"},
    {"name", "\"n"},
    {"comment", "1 -- x"},
    {"block", "/* x"},
    {"remark", "1 /* x */ -- y\n"},
    {"command", "\\sekrit"},
    {"copy", "COPY t FROM stdin"},
    {"utf8", "\xC3\xA9\xF0\x9F\x98\x80"},
    {"bytes", "sekrit\xFF"},
    {"tag", "x"},
};

static GHashTable *make_variables(void)
{
    GHashTable *variables = g_hash_table_new(g_str_hash, g_str_equal);
    for (gsize idx = 0; idx < G_N_ELEMENTS(values); idx++)
        g_hash_table_insert(variables, (gpointer)(guintptr)values[idx][0],
                            (gpointer)(guintptr)values[idx][1]);
    return variables;
}

static CmigSqlScript *substitute(const char *text, CmigDialect dialect, gboolean in_transaction,
                                 GError **error)
{
    g_autoptr(GHashTable) variables = make_variables();
    g_autoptr(CmigSqlScript) source = NULL;
    CmigSqlScript *made = NULL;
    if (!cmig_sql_scan(text, strlen(text), dialect, FALSE, "m.sql", 10, &source, error))
        return NULL;
    gboolean done = cmig_sql_substitute(&source, variables, in_transaction, &made, error);
    ck_assert_int_eq(done, made != NULL);
    ck_assert_int_eq(done, source == NULL);
    return made;
}

static const struct {
    CmigDialect dialect;
    const char *text;
    const char *expected; /* NULL: as it was */
} replaced[] = {
    {BOTH, "", NULL},
    {BOTH, "SELECT :a", "SELECT 1"},
    {BOTH, ":a:b", "1two words"},
    {BOTH, "SELECT :'a', :\"a\", :a;", "SELECT '1', \"1\", 1;"},
    {BOTH, "SELECT :'b',:\"b\",:b", "SELECT 'two words',\"two words\",two words"},
    {BOTH, "t_:_c9.x, :_c9 .y", "t_C.x, C .y"},
    {BOTH, ":'quote' :\"quote\"", "'it''s \"x\"' \"it's \"\"x\"\"\""},
    {BOTH, "x:empty y :'empty' z", "x y '' z"},
    {BOTH, "x:blank;y", "x \n ;y"},
    {BOTH, ":ref, :'ref'", ":a :'a' :none, ':a :''a'' :none'"},
    {BOTH, "SELECT :many;", "SELECT 1; SELECT 2;"},
    {BOTH, ":remark + 1", "1 /* x */ -- y\n + 1"},
    {BOTH, ":'utf8' \xC3\xA9 :utf8",
     "'\xC3\xA9\xF0\x9F\x98\x80' \xC3\xA9 \xC3\xA9\xF0\x9F\x98\x80"},
    {BOTH, "5 - :minus", "5 - -1"},
    {PG, ":'slash' :\"slash\"", " E'a\\\\b''c' \"a\\b'c\""},
    {PG, "x:'slash'", "x E'a\\\\b''c'"},
    {SQLITE, ":'slash' :\"slash\"", "'a\\b''c' \"a\\b'c\""},
    {PG, "f(:'dollar')", "f('$x$')"},
    {PG, "a::text :: int :a", "a::text :: int 1"},
    {BOTH, "SELECT x:::a", "SELECT x::1"},
    {PG, "f(a := 1, b:=2, c :=:a)", "f(a := 1, b:=2, c :=1)"},
    {PG, "x[1:2], x[1 : b], x[:a]", "x[1:2], x[1 : b], x[1]"},
    {BOTH, ": a :1 :1a :'1' :'' :\"\" :+ :'x y' :'it''s' :\"a\"\"b\"", NULL},
    {PG, "x[a:b]", "x[atwo words]"},

    /* Never. */
    {BOTH, "SELECT ':a', ''':a', '''' || ':''a'''", NULL},
    {BOTH, "SELECT \":a\", \"\"\":'a'\"", NULL},
    {BOTH, "SELECT 1 -- :a :'none'\n, 2 /* :a :none */", NULL},
    {PG, "SELECT /* /* :a */ :none */ 1", NULL},
    {PG, "SELECT E'\\':none', U&':none', U&\":none\", B':none', N':none'", NULL},
    {PG, "SELECT E'a'\n '\\' :none '", NULL},
    {PG, "DO $$ BEGIN x := :none; END $$; SELECT $f$ :a $$ :'a' $f$", NULL},
    {SQLITE, "SELECT [:none], `:a`", NULL},
    {PG, "COPY t FROM stdin;\n:a\t:'none'\n\\.\nSELECT :a",
     "COPY t FROM stdin;\n:a\t:'none'\n\\.\nSELECT 1"},
    {PG, "COPY :\"a\" FROM stdin; -- :none\n:a\n\\.\n:a;COPY u FROM stdin;\n:none\n\\.\n",
     "COPY \"1\" FROM stdin; -- :none\n:a\n\\.\n1;COPY u FROM stdin;\n:none\n\\.\n"},
    {PG, "\\restrict x\nSELECT :a;\n\\unrestrict x\n", "\\restrict x\nSELECT 1;\n\\unrestrict x\n"},
    {SQLITE, "CREATE TRIGGER t BEGIN SELECT :a; SELECT ':a'; END; SELECT :'a'",
     "CREATE TRIGGER t BEGIN SELECT 1; SELECT ':a'; END; SELECT '1'"},
};

START_TEST(replaces)
{
    for (CmigDialect dialect = PG;; dialect = SQLITE) {
        if (replaced[_i].dialect == BOTH || replaced[_i].dialect == dialect) {
            g_autoptr(GError) error = NULL;
            const char *text = replaced[_i].text;
            g_autoptr(CmigSqlScript) script = substitute(text, dialect, TRUE, &error);
            ck_assert_msg(script != NULL, "%s: %s", text, error ? error->message : "");
            ck_assert_str_eq(script->text, replaced[_i].expected ? replaced[_i].expected : text);
            ck_assert_uint_eq(script->length, strlen(script->text));
            ck_assert_str_eq(script->source->text, text);
        }
        if (dialect == SQLITE)
            break;
    }
}
END_TEST

static const struct {
    CmigDialect dialect;
    const char *text;
    guint line; /* the text begins on line 10 */
    guint column;
    const char *message;
} refused[] = {
    {BOTH, "SELECT 1;\n é :none", 11, 4, "the variable \"none\" is not defined"},
    {BOTH, ":b :'quote' :none", 10, 13, "the variable \"none\" is not defined"},
    {BOTH, "SELECT :'none'", 10, 8, "the variable \"none\" is not defined"},
    {BOTH, "SELECT :\"none\"", 10, 8, "the variable \"none\" is not defined"},
    {BOTH, ":A", 10, 1, "the variable \"A\" is not defined"},
    {BOTH, ":aé", 10, 1, "the variable \"aé\" is not defined"},
    {PG, "x[1:none]", 10, 4, "the variable \"none\" is not defined"},
    {BOTH, ":{?a}", 10, 1, ":{?name} is psql's"},
    {BOTH, "SELECT :'bytes'", 10, 8, "the value of the variable \"bytes\" is not valid UTF-8"},
    {BOTH, "SELECT :open", 10, 8, "in the value of the variable \"open\" a string is not ended"},
    {BOTH, "SELECT :open :open", 10, 8, "in the value of the variable \"open\" a string is not"},
    {BOTH, ":name", 10, 1, "in the value of the variable \"name\" a quoted name is not ended"},
    {PG, ":dollar", 10, 1, "in the value of the variable \"dollar\" a dollar-quoted string is not"},
    {BOTH, ":comment", 10, 1, "in the value of the variable \"comment\" a comment is not ended"},
    {BOTH, ":block */", 10, 1, "in the value of the variable \"block\" a comment is not ended"},

    /* Beside something. */
    {BOTH, "SELECT 5 -:minus", 10, 11, "the value of this variable would be read as part"},
    {BOTH, "SELECT :dash-1", 10, 8, "the value of this variable would be read as part"},
    {BOTH, "SELECT /:star 1 */", 10, 9, "the value of this variable would be read as part"},
    {BOTH, "SELECT 'a':'b'", 10, 11, "the value of this variable would be read as part"},
    {BOTH, "SELECT :'a':'b'", 10, 8, "the value of this variable would be read as part"},
    {BOTH, "SELECT :\"a\":\"b\"", 10, 8, "the value of this variable would be read as part"},
    {PG, "SELECT :word'\\', :'b'", 10, 18, "string is not ended"},
    {PG, "SELECT $:tag$ :'b' $:tag$", 10, 15, "the value of this variable would be read as part"},
    {PG, "SELECT :'a'\n:'b', E'a'\n:'b'", 12, 1, "the value of this variable would be read as"},
    {PG, ":copy;\n:'a'\n\\.\n", 12, 1, "\\. is a command of psql's"},

    /* What the scanner finds in the text that was made. */
    {BOTH, "SELECT :b, :control", 10, 12, "COMMIT cannot stand"},
    {BOTH, ":b; SELECT :a;\n  COMMIT", 11, 3, "COMMIT cannot stand"},
    {PG, "SELECT :b; :command", 10, 12, "a backslash outside of quotes is not SQL"},

    /* ... and in the one that was there. */
    {BOTH, ":a :a\n 'x", 11, 2, "string is not ended"},
};

START_TEST(refuses)
{
    for (CmigDialect dialect = PG;; dialect = SQLITE) {
        if ((refused[_i].dialect == BOTH || refused[_i].dialect == dialect)) {
            g_autoptr(GError) error = NULL;
            const char *text = refused[_i].text;
            g_autoptr(CmigSqlScript) script = substitute(text, dialect, TRUE, &error);
            ck_assert_msg(script == NULL, "%s: %s", text, script ? script->text : "");
            ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
            ck_assert_msg(g_str_has_prefix(error->message, refused[_i].message), "%s: %s", text,
                          error->message);
            ck_assert_str_eq(cmig_error_file(error), "m.sql");
            ck_assert_msg(cmig_error_line(error) == refused[_i].line &&
                              cmig_error_column(error) == refused[_i].column,
                          "%s: %u:%u", text, cmig_error_line(error), cmig_error_column(error));
            ck_assert_ptr_null(strstr(error->message, "sekrit"));
        }
        if (dialect == SQLITE)
            break;
    }
}
END_TEST

START_TEST(helps_with_a_name)
{
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(substitute("SELECT :dolar", PG, TRUE, &error));
    const char *detail = cmig_error_detail(error);
    ck_assert_msg(g_str_has_prefix(detail, "defined: _c9, a, b, blank,"), "%s", detail);
    const char *hint = cmig_error_hint(error);
    ck_assert_msg(g_str_has_prefix(hint, "did you mean \"dollar\"? Else give it with -x dolar="),
                  "%s", hint);
    ck_assert_ptr_nonnull(strstr(hint, "\"variables\" in alembic.yml"));

    g_clear_error(&error);
    g_autoptr(GHashTable) none = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(CmigSqlScript) source = NULL;
    CmigSqlScript *script = NULL;
    ck_assert(cmig_sql_scan(":x", 2, SQLITE, FALSE, "m.sql", 1, &source, NULL));
    ck_assert(!cmig_sql_substitute(&source, none, TRUE, &script, &error));
    ck_assert_str_eq(cmig_error_detail(error), "defined: none");
    ck_assert(g_str_has_prefix(cmig_error_hint(error), "give it with -x x="));
}
END_TEST

/* Every byte leads to its place in the file, one of a value to its reference. */
START_TEST(keeps_places)
{
    static const char text[] = "é :b 'x'\n:'quote'é:empty y:a\n\n:'b';\nz :\"b\"";
    g_autoptr(CmigSqlScript) script = substitute(text, PG, TRUE, NULL);
    ck_assert_ptr_nonnull(script);
    static const struct {
        const char *at; /* first place of this in the text that was made */
        gsize skip;
        guint line;
        guint column;
    } places[] = {
        {"é two", 0, 10, 1}, {"two", 0, 10, 3}, {"words", 4, 10, 3}, {" 'x'", 0, 10, 5},
        {"'x'", 0, 10, 6},   {"'it", 0, 11, 1}, {"x\"'", 2, 11, 1},  {"'é", 1, 11, 9},
        {"é y", 2, 11, 16},  {"y1", 0, 11, 17}, {"y1", 1, 11, 18},   {"'two", 0, 13, 1},
        {"';", 1, 13, 5},    {"z ", 0, 14, 1},  {"\"two", 0, 14, 3}, {"\"two", 99, 14, 7},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(places); idx++) {
        const char *at = strstr(script->text, places[idx].at);
        ck_assert_msg(at != NULL, "%s in %s", places[idx].at, script->text);
        gsize offset = MIN((gsize)(at - script->text) + places[idx].skip, script->length);
        GError *error = g_error_new_literal(CMIG_ERROR, CMIG_ERROR_FAILED, "x");
        cmig_sql_set_place(script, offset, &error);
        ck_assert_msg(cmig_error_line(error) == places[idx].line &&
                          cmig_error_column(error) == places[idx].column,
                      "%s+%u: %u:%u", places[idx].at, (guint)places[idx].skip,
                      cmig_error_line(error), cmig_error_column(error));
        g_error_free(error);
    }
    guint line = cmig_sql_line(script, 0);
    for (gsize at = 1; at <= script->length; at++) {
        guint next = cmig_sql_line_behind(script, at - 1, line, at);
        ck_assert_uint_eq(next, cmig_sql_line(script, at));
        line = next;
    }
}
END_TEST

START_TEST(finds_statements_in_what_was_made)
{
    g_autoptr(CmigSqlScript) script = substitute("SELECT :many; :control", PG, FALSE, NULL);
    ck_assert_ptr_nonnull(script);
    ck_assert_uint_eq(script->statements->len, 5);
    g_autofree char *second = cmig_sql_statement_text(script, 1);
    ck_assert_str_eq(second, "SELECT 2");
}
END_TEST

START_TEST(limits_the_size)
{
    g_autofree char *value = g_strnfill(1024 * 1024, 'x');
    g_autoptr(GHashTable) variables = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(variables, (gpointer)(guintptr) "x", value);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint count = 0; count < 257; count++)
        g_string_append(text, ":x ");
    g_autoptr(CmigSqlScript) source = NULL;
    CmigSqlScript *script = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(cmig_sql_scan(text->str, text->len, SQLITE, FALSE, "m.sql", 1, &source, NULL));
    ck_assert(!cmig_sql_substitute(&source, variables, TRUE, &script, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "larger than 256 MiB"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql: substitute");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, replaces, 0, G_N_ELEMENTS(replaced));
    tcase_add_loop_test(tcase, refuses, 0, G_N_ELEMENTS(refused));
    tcase_add_test(tcase, helps_with_a_name);
    tcase_add_test(tcase, keeps_places);
    tcase_add_test(tcase, finds_statements_in_what_was_made);
    tcase_add_test(tcase, limits_the_size);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
