/* libFuzzer: any statements before the judge for SQLite. The database that it judges for stays as
 * it is. */
#include "cmig/db.h"
#include "cmig/facts.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const schema[] = {
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b text, c int AS (a * 2))",
    "CREATE TABLE u (a REFERENCES t ON DELETE CASCADE, b UNIQUE ON CONFLICT REPLACE)",
    "CREATE INDEX i ON t (b)",
    "CREATE VIEW v AS SELECT a, b FROM t",
    "CREATE TRIGGER g INSTEAD OF DELETE ON v BEGIN DELETE FROM t WHERE a = old.a; END",
    "CREATE TRIGGER h AFTER UPDATE ON u BEGIN DELETE FROM t; REPLACE INTO u VALUES (1, 2); END",
    "CREATE VIRTUAL TABLE f USING fts5(a)",
    "INSERT INTO t (a, b) VALUES (1, 'x')",
};

static char *ask(CmigDb *db, const char *sql)
{
    g_autoptr(GPtrArray) rows = NULL;
    if (!cmig_db_query(db, sql, &rows, NULL))
        g_error("cannot run %s", sql);
    return rows->len > 0 ? g_strdup(((GStrv)rows->pdata[0])[0]) : NULL;
}

static CmigDb *open_database(void)
{
    static char path[] = ":memory:";
    static const CmigUrl url = {.dialect = CMIG_DIALECT_SQLITE, .path = path, .display = path};
    static const CmigVersionTable table = {NULL, "alembic_version", TRUE};
    static const CmigDbSettings settings = {.version_table = &table};
    CmigDb *db = NULL;
    if (!cmig_db_open(&url, &settings, &db, NULL))
        g_error("no database");
    for (gsize idx = 0; idx < G_N_ELEMENTS(schema); idx++)
        g_free(ask(db, schema[idx]));
    return db;
}

static char *describe(CmigDb *db)
{
    return ask(db, "SELECT count(*) || ' ' || sum(length(sql)) || ' ' || (SELECT count(*) FROM t) "
                   "FROM sqlite_master");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static CmigDb *db;
    if (db == NULL)
        db = open_database();
    g_autoptr(CmigSqlScript) script = NULL;
    if (!cmig_sql_scan((const char *)data, size, CMIG_DIALECT_SQLITE, FALSE, "fuzz.sql", 1, &script,
                       NULL))
        return 0;
    g_autofree char *before = describe(db);
    g_autoptr(CmigJudge) judge = NULL;
    g_assert(cmig_db_judge(db, &judge, NULL));
    for (guint round = 0; round < 2; round++) {
        g_autoptr(GPtrArray) facts = cmig_judge_facts(judge, script);
        for (guint idx = 0; idx < facts->len; idx++) {
            const CmigFact *fact = facts->pdata[idx];
            g_assert(fact->statement < script->statements->len);
            g_assert(fact->what != NULL && strchr(fact->what, '\n') == NULL);
        }
    }
    g_autofree char *after = describe(db);
    g_assert(strcmp(before, after) == 0);
    return 0;
}
