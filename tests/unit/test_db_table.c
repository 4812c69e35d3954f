/* What is said about the thing that stands where the version table belongs. */
#include "cmig/db.h"
#include "cmig/error.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    CmigDbTable table;
    const char *read;  /* part of the message when it is read; NULL = fine */
    const char *write; /* … when it is written; NULL = fine */
    const char *hint;  /* part of the last hint */
} TableCase;

#define TEXT_OF(text) ((char[]){text})
#define TEXT          .kind = TEXT_OF("table"), .type = TEXT_OF("text"), .is_text = TRUE
#define USER          .user = TEXT_OF("joe")

static const TableCase cases[] = {
    {{0}, NULL, NULL, NULL},
    {{TEXT}, NULL, NULL, NULL},
    {{TEXT, .width = 12}, NULL, NULL, NULL},
    {{TEXT, .width = 11}, NULL, "is too narrow for 1975ea83b712", "ALTER TABLE \"s\".\"t\" ALTER"},
    {{.kind = TEXT_OF("a view")}, "a view of that name", "a view of that name", "rename it"},
    {{.kind = TEXT_OF("table")}, "no column version_num", "no column version_num", "another"},
    {{.kind = TEXT_OF("table"), .type = TEXT_OF("integer")},
     "of type integer",
     "of type integer",
     "varchar(32)"},
    {{TEXT, .required = TEXT_OF("who")}, NULL, "wants values for who", "defaults"},
    {{TEXT, USER, .lacking = TEXT_OF("SELECT, DELETE")},
     "joe lacks SELECT on the table",
     "joe lacks SELECT on the table",
     "as the owner: GRANT SELECT ON \"s\".\"t\" TO joe\na role that migrates needs SELECT, DELETE"},
    {{TEXT, USER, .lacking = TEXT_OF("DELETE")},
     NULL,
     "joe lacks DELETE on the table",
     "GRANT DELETE ON"},
    {{TEXT, USER, .schema_lacking = TEXT_OF("USAGE")},
     "joe lacks USAGE on the schema",
     "joe lacks USAGE on the schema",
     "GRANT USAGE ON SCHEMA \"s\" TO joe"},
    {{USER, .schema_lacking = TEXT_OF("CREATE")},
     NULL,
     "joe lacks CREATE on the schema",
     "GRANT CREATE ON SCHEMA \"s\" TO joe"},
};

static void assert_said(gboolean fine, const GError *error, const char *expected)
{
    ck_assert_msg(fine == (expected == NULL), "%s", expected ? expected : error->message);
    if (fine)
        return;
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_FAILED));
    ck_assert_msg(strstr(error->message, expected) != NULL, "%s: %s", expected, error->message);
}

START_TEST(says_what_is_wrong)
{
    const TableCase *one = &cases[_i];
    static const char *const ids[] = {"aaaa1", "1975ea83b712", NULL};
    g_autoptr(GError) read = NULL;
    g_autoptr(GError) write = NULL;
    gboolean readable = cmig_db_table_check_readable(&one->table, "s", "\"s\".\"t\"", &read);
    assert_said(readable, read, one->read);
    gboolean writable = cmig_db_table_check_writable(&one->table, "s", "\"s\".\"t\"", ids, &write);
    assert_said(writable, write, one->write);
    if (one->hint != NULL)
        ck_assert_msg(strstr(cmig_error_hint(write), one->hint) != NULL, "%s",
                      cmig_error_hint(write));
}
END_TEST

/* The name of the key is not the table's, and is cut between characters. */
START_TEST(names_the_key)
{
    static const struct {
        const char *table;
        const char *key;
    } names[] = {
        {"alembic_version", "\"alembic_version_pkc\""},
        {"x\"y", "\"x\"\"y_pkc\""},
        {"a23456789_123456789_123456789_123456789_123456789_123456789",
         "\"a23456789_123456789_123456789_123456789_123456789_123456789_pkc\""},
        {"a23456789_123456789_123456789_123456789_123456789_123456789_123",
         "\"a23456789_123456789_123456789_123456789_123456789_123456789_pkc\""},
        {"a23456789_123456789_123456789_123456789_123456789_12345678\xc3\xa9",
         "\"a23456789_123456789_123456789_123456789_123456789_12345678_pkc\""},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(names); idx++) {
        CmigVersionTable table = {.name = names[idx].table, .primary_key = TRUE};
        g_autofree char *sql = cmig_db_create_version_table(&table, "t");
        ck_assert_msg(strstr(sql, names[idx].key) != NULL, "%s: %s", names[idx].table, sql);
        table.primary_key = FALSE;
        g_autofree char *without = cmig_db_create_version_table(&table, "t");
        ck_assert_ptr_null(strstr(without, "_pkc"));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("db table");
    TCase *tcase = tcase_create("table");
    tcase_add_loop_test(tcase, says_what_is_wrong, 0, (int)G_N_ELEMENTS(cases));
    tcase_add_test(tcase, names_the_key);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
