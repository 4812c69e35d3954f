/* Statements of others: nothing that may be a secret is left. */
#include "cmig/sql.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    const char *shown;
} cases[] = {
    {"", ""},
    {"SELECT 1", "SELECT ?"},
    {"SELECT a1, b_2 FROM t3", "SELECT a1, b_2 FROM t3"},
    {"  SELECT\n\t a,   b ", "SELECT a, b"},
    {"SELECT 'x', 'it''s', '' ;", "SELECT ?, ?, ? ;"},
    {"SELECT E'a', U&'b', x'ff', 1.5e10, .5, 0x1F", "SELECT E?, U&?, x?, ?, .?, ?"},
    {"SELECT $1, $2::int", "SELECT $1, $2::int"},
    {"SELECT $$s$$, $tag$s $$ s$tag$, a$b$c", "SELECT ?, ?, a$b$c"},
    {"DO $x$ secret", "DO ?"},
    {"SELECT \"a b\" -- secret\n, c", "SELECT \"a b\" , c"},
    {"SELECT /* secret */ c", "SELECT c"},
    {"SELECT /* a /* b */ secret */ c", "SELECT ?"},
    {"-- secret", "?"},
    {"/* secret", "?"},
    /* Cut off, or with an end that depends on settings. */
    {"SELECT 'secr", "SELECT ?"},
    {"SELECT 'a\\', 'secret'", "SELECT ?"},
    {"SELECT E'a\\'secret'", "SELECT E?"},
    {"SELECT \"it's\", secret'", "SELECT \"it?"},
    {"SELECT 'a\\b', c", "SELECT ?, c"},
    {"ALTER ROLE r PASSWORD 'secret'", "ALTER ROLE r PASSWORD ?"},
    {"SELECT 'ä' AS ä\033", "SELECT ? AS ä\\x1B"},
};

START_TEST(test_redact)
{
    g_autofree char *shown = cmig_sql_redact(cases[_i].text, 80);
    ck_assert_str_eq(shown, cases[_i].shown);
}
END_TEST

START_TEST(test_fit)
{
    g_autofree char *shown = cmig_sql_redact("SELECT abcdefghij FROM t", 10);
    ck_assert_str_eq(shown, "SELECT ab…");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redact");
    TCase *tests = tcase_create("redact");
    tcase_add_loop_test(tests, test_redact, 0, G_N_ELEMENTS(cases));
    tcase_add_test(tests, test_fit);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
