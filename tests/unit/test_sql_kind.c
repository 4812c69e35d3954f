/* How statements get along with transactions, and what they leave behind. */
#include "cmig/sql.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PG   CMIG_DIALECT_POSTGRESQL
#define LITE CMIG_DIALECT_SQLITE

static CmigSqlScript *scan(const char *text, CmigDialect dialect)
{
    CmigSqlScript *script = NULL;
    g_autoptr(GError) error = NULL;
    gboolean scanned =
        cmig_sql_scan(text, strlen(text), dialect, FALSE, "f.sql", 1, &script, &error);
    ck_assert_msg(scanned, "%s: %s", text, error ? error->message : "");
    return script;
}

static const struct {
    CmigDialect dialect;
    const char *text;
    CmigSqlKind kind;
} kinds[] = {
    {PG, "SELECT 1", CMIG_SQL_ATOMIC},
    {PG, "CREATE INDEX i ON t (a)", CMIG_SQL_ATOMIC},
    {PG, "CREATE INDEX CONCURRENTLY i ON t (a)", CMIG_SQL_ALONE},
    {PG, "create /* x */ unique -- y\n index\nConcurrently ON t (a)", CMIG_SQL_ALONE},
    {PG, "CREATE INDEX \"concurrently\" ON t (a)", CMIG_SQL_ATOMIC},
    {PG, "CREATE INDEX concurrently_i ON t (a)", CMIG_SQL_ATOMIC},
    {PG, "CREATE INDEX i ON concurrently (a)", CMIG_SQL_ATOMIC},
    {PG, "SELECT 'CREATE INDEX CONCURRENTLY'", CMIG_SQL_ATOMIC},
    {PG, "DROP INDEX CONCURRENTLY IF EXISTS i", CMIG_SQL_ALONE},
    {PG, "DROP INDEX i", CMIG_SQL_ATOMIC},
    {PG, "REINDEX TABLE t", CMIG_SQL_ATOMIC},
    {PG, "REINDEX TABLE CONCURRENTLY t", CMIG_SQL_ALONE},
    {PG, "REINDEX (VERBOSE, CONCURRENTLY) TABLE t", CMIG_SQL_ALONE},
    {PG, "REINDEX SCHEMA s", CMIG_SQL_ALONE},
    {PG, "REINDEX (VERBOSE) DATABASE d", CMIG_SQL_ALONE},
    {PG, "VACUUM", CMIG_SQL_ALONE},
    {PG, "VACUUM (ANALYZE) t", CMIG_SQL_ALONE},
    {PG, "ANALYZE t", CMIG_SQL_ATOMIC},
    {PG, "CLUSTER", CMIG_SQL_ALONE},
    {PG, "CLUSTER VERBOSE", CMIG_SQL_ALONE},
    {PG, "CLUSTER t USING i", CMIG_SQL_ATOMIC},
    {PG, "ALTER SYSTEM SET work_mem = 1", CMIG_SQL_ALONE},
    {PG, "CREATE DATABASE d", CMIG_SQL_ALONE},
    {PG, "ALTER DATABASE d SET TABLESPACE s", CMIG_SQL_ALONE},
    {PG, "ALTER DATABASE d SET work_mem = 1", CMIG_SQL_ATOMIC},
    {PG, "CREATE TABLESPACE s LOCATION '/x'", CMIG_SQL_ALONE},
    {PG, "ALTER TABLE p DETACH PARTITION a.b CONCURRENTLY", CMIG_SQL_ALONE},
    {PG, "ALTER TABLE p DETACH PARTITION c", CMIG_SQL_ATOMIC},
    {PG, "ALTER TABLE p DETACH PARTITION c FINALIZE", CMIG_SQL_ATOMIC},
    {PG, "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", CMIG_SQL_ALONE},
    {PG, "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)",
     CMIG_SQL_ATOMIC},
    {PG, "COMMIT PREPARED 'x'", CMIG_SQL_ALONE},
    {PG, "COMMIT", CMIG_SQL_CONTROL},
    {PG, "rollback to s", CMIG_SQL_CONTROL},
    {PG, "BEGIN", CMIG_SQL_CONTROL},
    {PG, "BEGINNING", CMIG_SQL_ATOMIC},
    {PG, "DO $$ BEGIN COMMIT; END $$", CMIG_SQL_OPAQUE},
    {PG, "CALL p()", CMIG_SQL_OPAQUE},
    {PG, "SET search_path = a", CMIG_SQL_SESSION},
    {PG, "SET LOCAL search_path = a", CMIG_SQL_ATOMIC},
    {PG, "RESET ALL", CMIG_SQL_SESSION},
    {PG, "WITH a AS (SELECT 1) SELECT 1", CMIG_SQL_ATOMIC},
    {PG, "EXPLAIN CREATE TABLE t AS SELECT 1", CMIG_SQL_ATOMIC},
    {PG, "ALTER TYPE e ADD VALUE 'x'", CMIG_SQL_ATOMIC},
    {PG, "PRAGMA x", CMIG_SQL_ATOMIC},
    {LITE, "VACUUM", CMIG_SQL_ALONE},
    {LITE, "vacuum INTO 'x'", CMIG_SQL_ALONE},
    {LITE, "PRAGMA foreign_keys = ON", CMIG_SQL_SESSION},
    {LITE, "ATTACH 'x' AS y", CMIG_SQL_SESSION},
    {LITE, "END", CMIG_SQL_CONTROL},
    {LITE, "REINDEX", CMIG_SQL_ATOMIC},
    {LITE, "SET x", CMIG_SQL_ATOMIC},
};

START_TEST(test_kinds)
{
    g_autoptr(CmigSqlScript) script = scan(kinds[_i].text, kinds[_i].dialect);
    ck_assert_msg(cmig_sql_kind(script, 0) == kinds[_i].kind, "%s: %d", kinds[_i].text,
                  cmig_sql_kind(script, 0));
    gboolean alone = kinds[_i].kind == CMIG_SQL_ALONE;
    ck_assert_msg((cmig_sql_alone_name(script, 0) != NULL) == alone, "%s", kinds[_i].text);
    if (!alone)
        ck_assert_int_eq(cmig_sql_effect(script, 0), CMIG_SQL_EFFECT_UNKNOWN);
}
END_TEST

static const struct {
    const char *text;
    CmigSqlEffect effect;
    const char *name;
    const char *second;
} targets[] = {
    {"CREATE INDEX CONCURRENTLY i ON t (a)", CMIG_SQL_EFFECT_CREATE_INDEX, "i", "t"},
    {"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"I \"\"x\" ON ONLY s . \"T\" USING gin (a)",
     CMIG_SQL_EFFECT_CREATE_INDEX, "\"I \"\"x\"", "s.\"T\""},
    {"CREATE INDEX CONCURRENTLY ON s.t (a)", CMIG_SQL_EFFECT_CREATE_UNNAMED_INDEX, NULL, "s.t"},
    {"DROP INDEX CONCURRENTLY IF EXISTS s.i CASCADE", CMIG_SQL_EFFECT_DROP_INDEX, "s.i", NULL},
    {"REINDEX INDEX CONCURRENTLY s.i", CMIG_SQL_EFFECT_REINDEX, "s.i", NULL},
    {"REINDEX (VERBOSE, CONCURRENTLY) TABLE t", CMIG_SQL_EFFECT_REINDEX, "t", NULL},
    {"REINDEX DATABASE CONCURRENTLY d", CMIG_SQL_EFFECT_REINDEX, NULL, NULL},
    {"ALTER TABLE IF EXISTS ONLY s.p DETACH PARTITION c CONCURRENTLY", CMIG_SQL_EFFECT_DETACH,
     "s.p", "c"},
    {"CREATE DATABASE d OWNER o", CMIG_SQL_EFFECT_CREATE_DATABASE, "d", NULL},
    {"DROP DATABASE IF EXISTS \"D\" (FORCE)", CMIG_SQL_EFFECT_DROP_DATABASE, "\"D\"", NULL},
    {"DROP TABLESPACE IF EXISTS s", CMIG_SQL_EFFECT_DROP_TABLESPACE, "s", NULL},
    {"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", CMIG_SQL_EFFECT_CREATE_SUBSCRIPTION, "s",
     NULL},
    {"VACUUM t", CMIG_SQL_EFFECT_REPEATABLE, NULL, NULL},
    {"COMMIT PREPARED 'x'", CMIG_SQL_EFFECT_UNKNOWN, NULL, NULL},
};

START_TEST(test_targets)
{
    g_autoptr(CmigSqlScript) script = scan(targets[_i].text, PG);
    g_autoptr(CmigSqlTarget) target = cmig_sql_target(script, 0);
    ck_assert_int_eq(target->effect, targets[_i].effect);
    ck_assert_msg(g_strcmp0(target->name, targets[_i].name) == 0, "%s: %s", targets[_i].text,
                  target->name);
    ck_assert_msg(g_strcmp0(target->second, targets[_i].second) == 0, "%s: %s", targets[_i].text,
                  target->second);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql_kind");
    TCase *tests = tcase_create("kind");
    tcase_add_loop_test(tests, test_kinds, 0, G_N_ELEMENTS(kinds));
    tcase_add_loop_test(tests, test_targets, 0, G_N_ELEMENTS(targets));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
