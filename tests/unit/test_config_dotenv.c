/* .env files. */
#include "cmig/dotenv.h"
#include "cmig/error.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static GHashTable *new_table(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static const struct {
    const char *text;
    const char *name;
    const char *value; /* NULL = not set */
} values[] = {
    {"A=b", "A", "b"},
    {"A=b\n", "A", "b"},
    {"A=b\r\nC=d\r\n", "A", "b"},
    {"A=b\r\nC=d\r\n", "C", "d"},
    {"\xEF\xBB\xBF"
     "A=b\n",
     "A", "b"},
    {"# comment\n\n  \n  # more\nA=b\n", "A", "b"},
    {"export A=b\n", "A", "b"},
    {"export\tA=b\n", "A", "b"},
    {"exportA=b\n", "exportA", "b"},
    {"export=b\n", "export", "b"},
    {"  A = b c  \n", "A", "b c"},
    {"A=\n", "A", ""},
    {"A=   \n", "A", ""},
    {"A= # comment\n", "A", ""},
    {"A=b # comment\n", "A", "b"},
    {"A=b\t# comment\n", "A", "b"},
    {"A=b#c\n", "A", "b#c"},
    {"A=#c\n", "A", "#c"},
    {"A=b=c\n", "A", "b=c"},
    {"A=it's\n", "A", "it's"},
    {"A=$HOME ${X} $$\n", "A", "$HOME ${X} $$"},
    {"A=a\\nb\n", "A", "a\\nb"},
    {"A='b # c'\n", "A", "b # c"},
    {"A='b\\n\"'\n", "A", "b\\n\""},
    {"A=\"b # c\"  # d\n", "A", "b # c"},
    {"A=\"x\\n\\r\\t\\\"\\\\\\$y\\z\"\n", "A", "x\n\r\t\"\\$y\\z"},
    {"A=\"\"\n", "A", ""},
    {"A=1\nA=2\n", "A", "2"},
    {"A.b-c=1\n", "A.b-c", "1"},
    {"DATABASE_URL=postgresql+asyncpg://postgres:postgres@localhost:5432/apex_db\n", "DATABASE_URL",
     "postgresql+asyncpg://postgres:postgres@localhost:5432/apex_db"},
    {"# For async operations\nDATABASE_ECHO=false\n", "DATABASE_URL", NULL},
};

START_TEST(test_value)
{
    g_autoptr(GHashTable) table = new_table();
    g_autoptr(GError) error = NULL;
    const char *text = values[_i].text;
    ck_assert_msg(cmig_dotenv_parse(text, strlen(text), ".env", table, NULL, &error), "%s", text);
    ck_assert_pstr_eq(g_hash_table_lookup(table, values[_i].name), values[_i].value);
}
END_TEST

static const struct {
    const char *text;
    guint line;
    guint column;
    const char *message;
} failures[] = {
    {"A=1\ncanary\n", 2, 1, "not an assignment"},
    {"A=1\n  1canary=2\n", 2, 3, "not an assignment"},
    {"canary key=2\n", 1, 1, "not an assignment"},
    {"=canary\n", 1, 1, "not an assignment"},
    {"A=\"canary\nmore\"\n", 1, 3, "not closed"},
    {"A='canary\n", 1, 3, "not closed"},
    {"A=\"canary\\\"\n", 1, 3, "not closed"},
    {"A='canary' canary\n", 1, 12, "behind the closing quote"},
    {"A=1\nB=\xff"
     "canary\n",
     2, 0, "UTF-8"},
};

START_TEST(test_failure)
{
    g_autoptr(GHashTable) table = new_table();
    g_autoptr(GError) error = NULL;
    const char *text = failures[_i].text;
    ck_assert(!cmig_dotenv_parse(text, strlen(text), ".env", table, NULL, &error));
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    ck_assert_msg(strstr(error->message, failures[_i].message) != NULL, "%s", error->message);
    ck_assert_ptr_null(strstr(error->message, "canary"));
    ck_assert_str_eq(cmig_error_file(error), ".env");
    ck_assert_uint_eq(cmig_error_line(error), failures[_i].line);
    ck_assert_uint_eq(cmig_error_column(error), failures[_i].column);
    ck_assert_uint_eq(g_hash_table_size(table), 0);
}
END_TEST

START_TEST(test_nul_is_refused)
{
    g_autoptr(GHashTable) table = new_table();
    ck_assert(!cmig_dotenv_parse("A=b\0c\n", 6, ".env", table, NULL, NULL));
}
END_TEST

START_TEST(test_lines)
{
    g_autoptr(GHashTable) table = new_table();
    g_autoptr(GHashTable) lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    static const char text[] = "# first\nA=1\n\nexport B=2\r\nA=3\n";
    ck_assert(cmig_dotenv_parse(text, strlen(text), ".env", table, lines, NULL));
    ck_assert_uint_eq(g_hash_table_size(lines), 2);
    ck_assert_uint_eq(GPOINTER_TO_UINT(g_hash_table_lookup(lines, "A")), 5);
    ck_assert_uint_eq(GPOINTER_TO_UINT(g_hash_table_lookup(lines, "B")), 4);
}
END_TEST

START_TEST(test_earlier_file_wins)
{
    g_autoptr(GHashTable) table = new_table();
    ck_assert(cmig_dotenv_parse("A=1\n", 4, "one", table, NULL, NULL));
    ck_assert(cmig_dotenv_parse("A=2\nB=3\n", 8, "two", table, NULL, NULL));
    ck_assert_str_eq(g_hash_table_lookup(table, "A"), "1");
    ck_assert_str_eq(g_hash_table_lookup(table, "B"), "3");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dotenv");
    TCase *tests = tcase_create("dotenv");
    tcase_add_loop_test(tests, test_value, 0, G_N_ELEMENTS(values));
    tcase_add_loop_test(tests, test_failure, 0, G_N_ELEMENTS(failures));
    tcase_add_test(tests, test_nul_is_refused);
    tcase_add_test(tests, test_lines);
    tcase_add_test(tests, test_earlier_file_wins);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
