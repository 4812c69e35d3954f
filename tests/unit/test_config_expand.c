/* ${VAR} in configuration values. SET and EMPTY are in the process environment, FILE and BOTH (as
 * "file") in a .env file; BOTH and SET of the process win. */
#include "cmig/error.h"
#include "cmig/expand.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { VARIABLE = 1, DOTENV = 2, DEFAULT = 4, EMPTY_DEFAULT = 8, ABSENT = 16 };

static GHashTable *set_up(void)
{
    g_setenv("SET", "value", TRUE);
    g_setenv("EMPTY", "", TRUE);
    g_setenv("BOTH", "process", TRUE);
    g_unsetenv("UNSET");
    g_unsetenv("FILE");
    GHashTable *dotenv = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert(dotenv, g_strdup("FILE"), g_strdup("file"));
    g_hash_table_insert(dotenv, g_strdup("BOTH"), g_strdup("file"));
    g_hash_table_insert(dotenv, g_strdup("EMPTY"), g_strdup("file"));
    return dotenv;
}

static guint flags_of(const CmigExpansion *found)
{
    return (found->used_variable ? VARIABLE : 0U) | (found->used_dotenv ? DOTENV : 0U) |
           (found->used_default ? DEFAULT : 0U) | (found->used_empty_default ? EMPTY_DEFAULT : 0U) |
           (found->unset ? ABSENT : 0U);
}

static const struct {
    const char *text;
    const char *result;
    guint flags;
} cases[] = {
    {"", "", 0},
    {"plain", "plain", 0},
    {"${SET}", "value", VARIABLE},
    {"a${SET}b${SET}", "avaluebvalue", VARIABLE},
    {"${EMPTY}", "", VARIABLE},
    {"${FILE}", "file", VARIABLE | DOTENV},
    {"${BOTH}", "process", VARIABLE},
    {"${SET}${FILE}", "valuefile", VARIABLE | DOTENV},
    {"${SET:-x}", "value", VARIABLE},
    {"${UNSET:-x}", "x", DEFAULT},
    {"${EMPTY:-x}", "x", DEFAULT},
    {"${UNSET:-}", "", EMPTY_DEFAULT},
    {"${UNSET:-a b:c}", "a b:c", DEFAULT},
    {"${SET:?needed}", "value", VARIABLE},
    {"${UNSET:-${SET}}", "value", VARIABLE | DEFAULT},
    {"${UNSET:-${UNSET:-${UNSET:-${SET}}}}", "value", VARIABLE | DEFAULT},
    {"${UNSET:-${UNSET:-${UNSET:-${UNSET:-x}}}}", "x", DEFAULT},
    {"${SET:-${UNSET}}", "value", VARIABLE},
    {"${UNSET:-sqlite:///./app.db}", "sqlite:///./app.db", DEFAULT},
    {"$$", "$", 0},
    {"$${SET}", "${SET}", 0},
    {"$$${SET}", "$value", VARIABLE},
    {"${UNSET:-$$}}", "$}", DEFAULT},
    {"a$b $", "a$b $", 0},
    {"}{", "}{", 0},
    {"%(rev)s_%(slug)s", "%(rev)s_%(slug)s", 0},
};

START_TEST(test_expand)
{
    g_autoptr(GHashTable) dotenv = set_up();
    CmigExpansion found = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *result = cmig_expand(cases[_i].text, dotenv, &found, &error);
    ck_assert_pstr_eq(result, cases[_i].result);
    ck_assert_uint_eq(flags_of(&found), cases[_i].flags);
    ck_assert_ptr_null(error);
}
END_TEST

static const struct {
    const char *text;
    const char *message;
    guint flags;
} failures[] = {
    {"${UNSET}", "the environment variable UNSET is not set", ABSENT},
    {"${UNSET:?set it\n}", "the environment variable UNSET is not set: set it\\n", ABSENT},
    {"${EMPTY:?no}", "the environment variable EMPTY is not set: no", 0},
    {"${EMPTY:?}", "the environment variable EMPTY is not set", 0},
    {"${UNSET}${SET}", "the environment variable UNSET is not set", VARIABLE | ABSENT},
    {"${SET}${UNSET}${UNSET2}", "the environment variable UNSET is not set", VARIABLE | ABSENT},
    {"${UNSET}${", "a ${ is not closed by }", 0},
    {"${", "a ${ is not closed by }", 0},
    {"${SET", "a ${ is not closed by }", 0},
    {"${UNSET:-${SET}", "a ${ is not closed by }", 0},
    {"${}", "a ${…} is not understood", 0},
    {"${SET-x}", "a ${…} is not understood", 0},
    {"${SET:+x}", "a ${…} is not understood", 0},
    {"${SET:}", "a ${…} is not understood", 0},
    {"${1}", "a ${…} is not understood", 0},
    {"${a b}", "a ${…} is not understood", 0},
    {"${UNSET:-${UNSET:-${UNSET:-${UNSET:-${SET}}}}}", "${…} is nested more than four levels deep",
     DEFAULT},
};

START_TEST(test_failure)
{
    g_autoptr(GHashTable) dotenv = set_up();
    CmigExpansion found = {0};
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(cmig_expand(failures[_i].text, dotenv, &found, &error));
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    ck_assert_str_eq(error->message, failures[_i].message);
    ck_assert_uint_eq(flags_of(&found), failures[_i].flags);
}
END_TEST

START_TEST(test_size_is_capped)
{
    g_autofree char *large = g_strnfill(60000, 'x');
    g_setenv("SET", large, TRUE);
    g_autofree char *once = cmig_expand("${SET}", NULL, NULL, NULL);
    ck_assert_ptr_nonnull(once);
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(cmig_expand("${SET}${SET}", NULL, NULL, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "64 KiB"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expand");
    TCase *tests = tcase_create("expand");
    tcase_add_loop_test(tests, test_expand, 0, G_N_ELEMENTS(cases));
    tcase_add_loop_test(tests, test_failure, 0, G_N_ELEMENTS(failures));
    tcase_add_test(tests, test_size_is_capped);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
