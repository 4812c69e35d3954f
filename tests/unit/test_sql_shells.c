/* What psql and the sqlite3 shell would read differently from the database. */
#include "cmig/error.h"
#include "cmig/sql.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PG     CMIG_DIALECT_POSTGRESQL
#define SQLITE CMIG_DIALECT_SQLITE

typedef struct {
    CmigDialect dialect;
    const char *text; /* `^` stands before what is to be found and is taken out */
} Case;

static const Case cases[] = {
    {SQLITE, "^.shell ls"},
    {SQLITE, "SELECT 1;\n^.shell ls\n;"},
    {SQLITE, "SELECT 1; -- c\n/* c */ ^.quit"},
    {SQLITE, "-- c\n^# c"},
    {SQLITE, "SELECT 1\n^/\n2"},
    {SQLITE, "SELECT 1\n \t^/ \r\n2"},
    {SQLITE, "SELECT 1\n^/ -- c\n2"},
    {SQLITE, "SELECT 1\n^/ /* c */\n2"},
    {SQLITE, "SELECT 1\n^go\n"},
    {SQLITE, "SELECT 1\n  ^Go"},
    {SQLITE, "SELECT 1\n.5"},
    {SQLITE, "SELECT 1\n/ 2"},
    {SQLITE, "SELECT 1\n/ -2"},
    {SQLITE, "SELECT 1 /\n2"},
    {SQLITE, "SELECT 1\ngo2"},
    {SQLITE, "SELECT 1 AS go"},
    {SQLITE, "SELECT '\n.shell\n/\ngo\n#\n', \"\n.x\n\", [\n.x\n], `\n.x\n`"},
    {SQLITE, "/*\n.shell\n/\ngo\n*/ SELECT 1"},
    {SQLITE, "CREATE TRIGGER t AFTER INSERT ON a BEGIN\nSELECT\n.5;\nEND;"},
    {SQLITE, ""},
    {PG, "SELECT ^:USER"},
    {PG, "SELECT ^:'USER', 1"},
    {PG, "SELECT a[1^:\"USER\"]"},
    {PG, "SELECT 1::^:USER"},
    {PG, "SELECT :USERS, :user, : USER, 1::USER, b :=USER, ':USER', \":USER\", $$:USER$$ -- :USER"},
    {PG, "COPY t FROM stdin;\n:USER\n\\.\nSELECT ^:USER"},
    {PG, "SELECT a[1:2]"},
};

START_TEST(finds)
{
    static const char *const names[] = {"USER", NULL};
    const Case *one = &cases[_i];
    const char *mark = strchr(one->text, '^');
    g_auto(GStrv) parts = g_strsplit(one->text, "^", -1);
    g_autofree char *text = g_strjoinv("", parts);
    g_autoptr(GError) error = NULL;
    g_autoptr(CmigSqlScript) script = NULL;
    ck_assert_msg(cmig_sql_scan(text, strlen(text), one->dialect, TRUE, "file", 1, &script, &error),
                  "%s: %s", text, error ? error->message : "");
    gsize at = 12345;
    gboolean found = one->dialect == SQLITE ? cmig_sql_find_shell_command(script, &at)
                                            : cmig_sql_find_reference(script, names, &at);
    ck_assert_msg(found == (mark != NULL), "%s", one->text);
    ck_assert_msg(at == (mark != NULL ? (gsize)(mark - one->text) : 12345), "%s: at %zu", one->text,
                  at);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql_shells");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, finds, 0, G_N_ELEMENTS(cases));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
