/* What the tests of the database drivers share: a database of their own for each test, units, and a
 * second way to look at what is in the database. */
#ifndef CMIG_TESTS_DB_FIXTURE_H
#define CMIG_TESTS_DB_FIXTURE_H

#include "cmig/db.h"
#include "cmig/error.h"

#include <check.h>
#include <glib/gstdio.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_ROWS      ((const char *const[]){NULL})

typedef struct {
    CmigDialect dialect;
    char *name; /* database, or folder */
    CmigUrl url;
    CmigVersionTable table;
    CmigDbSettings settings;
} Fixture;

static Fixture fixture;
static pid_t fixture_process; /* what forks the tests */

static void fixture_admin(const char *format, ...) G_GNUC_PRINTF(1, 2);
static void fixture_admin(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *sql = g_strdup_vprintf(format, args);
    va_end(args);
    PGconn *conn = PQconnectdb(g_getenv("CMIG_TEST_PG"));
    PGresult *result = PQexec(conn, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
}

/* The tests of a process share a database of PostgreSQL: to make one takes longer than most tests.
 * Each leaves it as it was made, which its comment says; where that is not so, the next test drops
 * it. The part before the comment fails, and with it all, when anything is left. */
#define FIXTURE_CLEAN                                                                              \
    "DO $$BEGIN"                                                                                   \
    " PERFORM pg_terminate_backend(pid) FROM pg_stat_activity"                                     \
    "  WHERE datname = current_database() AND pid <> pg_backend_pid();"                            \
    " EXECUTE (SELECT coalesce(string_agg(format('DROP SCHEMA %%I CASCADE;', nspname), ''), '')"   \
    "  FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema');"            \
    " IF current_setting('server_version_num')::int >= 150000"                                     \
    "  THEN CREATE SCHEMA public AUTHORIZATION pg_database_owner;"                                 \
    "  GRANT USAGE ON SCHEMA public TO PUBLIC;"                                                    \
    "  ELSE CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO PUBLIC; END IF;"                   \
    " COMMENT ON SCHEMA public IS 'standard public schema';"                                       \
    " ASSERT NOT EXISTS (SELECT FROM pg_database"                                                  \
    "   WHERE datname = current_database()"                                                        \
    "   AND (datdba <> 10 OR datacl IS NOT NULL OR datconnlimit <> -1)"                            \
    "  UNION ALL SELECT FROM pg_db_role_setting WHERE setdatabase ="                               \
    "   (SELECT oid FROM pg_database WHERE datname = current_database())"                          \
    "  UNION ALL SELECT FROM pg_namespace WHERE oid >= 16384 AND nspname <> 'public'"              \
    "   AND nspname !~ '^pg_(toast_)?temp_'"                                                       \
    "  UNION ALL SELECT FROM pg_class WHERE oid >= 16384"                                          \
    "  UNION ALL SELECT FROM pg_type WHERE oid >= 16384"                                           \
    "  UNION ALL SELECT FROM pg_proc WHERE oid >= 16384"                                           \
    "  UNION ALL SELECT FROM pg_cast WHERE oid >= 16384"                                           \
    "  UNION ALL SELECT FROM pg_language WHERE oid >= 16384"                                       \
    "  UNION ALL SELECT FROM pg_extension WHERE oid >= 16384"                                      \
    "  UNION ALL SELECT FROM pg_foreign_data_wrapper"                                              \
    "  UNION ALL SELECT FROM pg_publication UNION ALL SELECT FROM pg_event_trigger"                \
    "  UNION ALL SELECT FROM pg_default_acl UNION ALL SELECT FROM pg_largeobject_metadata);"       \
    "END$$; COMMENT ON DATABASE %s IS 'clean'"

static gboolean fixture_try(const char *conninfo, const char *sql)
{
    PGconn *conn = PQconnectdb(conninfo);
    PGresult *result = PQstatus(conn) == CONNECTION_OK ? PQexec(conn, sql) : NULL;
    gboolean done = result != NULL && (PQresultStatus(result) == PGRES_COMMAND_OK ||
                                       PQresultStatus(result) == PGRES_TUPLES_OK);
    PQclear(result);
    PQfinish(conn);
    return done;
}

static void fixture_drop_database(void)
{
    /* WITH (FORCE) came with PostgreSQL 13. */
    fixture_admin("DO $$BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity"
                  " WHERE datname = '%s'; END$$",
                  fixture.name);
    fixture_admin("DROP DATABASE IF EXISTS %s", fixture.name);
}

static void fixture_make_database(const char *server)
{
    fixture.name = g_strdup_printf("contract_%d", (int)fixture_process);
    fixture.url.conninfo = g_strdup_printf("%s dbname=%s", server, fixture.name);
    g_autofree char *take =
        g_strdup_printf("DO $$BEGIN ASSERT (SELECT shobj_description(oid, 'pg_database') = 'clean'"
                        " FROM pg_database WHERE datname = current_database()); END$$;"
                        "COMMENT ON DATABASE %s IS NULL",
                        fixture.name);
    if (fixture_try(fixture.url.conninfo, take))
        return;
    fixture_drop_database();
    fixture_admin("CREATE DATABASE %s", fixture.name);
}

static void fixture_setup(CmigDialect dialect)
{
    memset(&fixture, 0, sizeof fixture);
    fixture.dialect = dialect;
    fixture.url.dialect = dialect;
    if (dialect == CMIG_DIALECT_POSTGRESQL) {
        const char *server = g_getenv("CMIG_TEST_PG");
        ck_assert_msg(server != NULL, "CMIG_TEST_PG is not set: see tests/pg.sh");
        fixture_make_database(server);
        fixture.url.display = g_strdup("test server");
    } else {
        fixture.name = g_dir_make_tmp("cmig-contract-XXXXXX", NULL);
        ck_assert_ptr_nonnull(fixture.name);
        fixture.url.path = g_build_filename(fixture.name, "test.db", NULL);
        fixture.url.display = g_strdup(fixture.url.path);
    }
    fixture.table = (CmigVersionTable){NULL, "alembic_version", TRUE};
    fixture.settings = (CmigDbSettings){.version_table = &fixture.table, .lock_timeout = 2000};
}

static void fixture_teardown(void)
{
    if (fixture.dialect == CMIG_DIALECT_POSTGRESQL) {
        g_autofree char *clean = g_strdup_printf(FIXTURE_CLEAN, fixture.name);
        fixture_try(fixture.url.conninfo, clean);
    } else {
        g_autofree char *command = g_strdup_printf("rm -rf '%s'", fixture.name);
        ck_assert_int_eq(system(command), 0);
    }
    g_free(fixture.name);
    g_free(fixture.url.conninfo);
    g_free(fixture.url.path);
    g_free(fixture.url.display);
}

static CmigDb *fixture_open(void)
{
    CmigDb *db = NULL;
    g_autoptr(GError) error = NULL;
    gboolean opened = cmig_db_open(&fixture.url, &fixture.settings, &db, &error);
    ck_assert_msg(opened, "%s", error ? error->message : "");
    return db;
}

static inline CmigDbState *fixture_inspect(CmigDb *db, gboolean take_lock)
{
    CmigDbState *state = NULL;
    g_autoptr(GError) error = NULL;
    gboolean done = cmig_db_inspect(db, take_lock, &state, &error);
    ck_assert_msg(done, "%s", error ? error->message : "");
    return state;
}

/* An inspected connection. */
static inline CmigDb *fixture_connect(void)
{
    CmigDb *db = fixture_open();
    cmig_db_state_free(fixture_inspect(db, FALSE));
    return db;
}

/* The version rows as "a,b". */
static inline char *fixture_rows(CmigDb *db)
{
    GPtrArray *rows = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert_msg(cmig_db_read_rows(db, NULL, &rows, NULL, &error), "%s",
                  error ? error->message : "");
    g_ptr_array_add(rows, NULL);
    char *text = g_strjoinv(",", (char **)rows->pdata);
    g_ptr_array_unref(rows);
    return text;
}

#define assert_rows(db, expected)                                                                  \
    do {                                                                                           \
        g_autofree char *rows_found = fixture_rows(db);                                            \
        ck_assert_str_eq(rows_found, expected);                                                    \
    } while (0)

static void fixture_ignore_notice(void *data, const char *message)
{
    (void)data;
    (void)message;
}

static char *fixture_query_postgresql(const char *sql)
{
    g_autoptr(GString) text = g_string_new(NULL);
    PGconn *conn = PQconnectdb(fixture.url.conninfo);
    PQsetNoticeProcessor(conn, fixture_ignore_notice, NULL);
    PGresult *result = PQexec(conn, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK ||
                      PQresultStatus(result) == PGRES_COMMAND_OK,
                  "%s: %s", sql, PQerrorMessage(conn));
    for (int row = 0; row < PQntuples(result); row++)
        g_string_append_printf(text, "%s%s", row ? "," : "", PQgetvalue(result, row, 0));
    PQclear(result);
    PQfinish(conn);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static int fixture_add_row(void *data, int columns, char **values, char **names)
{
    GString *text = data;
    (void)columns;
    (void)names;
    g_string_append_printf(text, "%s%s", text->len ? "," : "", values[0] ? values[0] : "");
    return 0;
}

static char *fixture_query_sqlite(const char *sql)
{
    g_autoptr(GString) text = g_string_new(NULL);
    sqlite3 *handle = NULL;
    ck_assert_int_eq(sqlite3_open(fixture.url.path, &handle), SQLITE_OK);
    int code = sqlite3_exec(handle, sql, fixture_add_row, text, NULL);
    ck_assert_msg(code == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(handle));
    sqlite3_close(handle);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* First column of all rows, by another connection than the driver's. */
static char *fixture_query(const char *sql)
{
    return fixture.dialect == CMIG_DIALECT_POSTGRESQL ? fixture_query_postgresql(sql)
                                                      : fixture_query_sqlite(sql);
}

static inline void fixture_execute(const char *sql)
{
    g_free(fixture_query(sql));
}

#define assert_query(sql, expected)                                                                \
    do {                                                                                           \
        g_autofree char *query_found = fixture_query(sql);                                         \
        ck_assert_str_eq(query_found, expected);                                                   \
    } while (0)

/* User tables of the database. */
#define TABLES                                                                                     \
    (fixture.dialect == CMIG_DIALECT_POSTGRESQL                                                    \
         ? "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', "               \
           "'information_schema') ORDER BY 1"                                                      \
         : "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")

static CmigSqlScript *fixture_scan(const char *text, gboolean in_transaction)
{
    CmigSqlScript *script = NULL;
    g_autoptr(GError) error = NULL;
    gboolean scanned = cmig_sql_scan(text, strlen(text), fixture.dialect, in_transaction, "m.sql",
                                     10, &script, &error);
    ck_assert_msg(scanned, "%s", error ? error->message : "");
    return script;
}

/* A transactional unit of its own. */
static CmigDbUnit fixture_unit(const CmigSqlScript *script, const char *const *expected,
                               const char *const *changes)
{
    CmigDbUnit unit = {
        .script = script,
        .begins = TRUE,
        .commits = TRUE,
        .create_table = TRUE,
        .expected = expected,
        .changes = changes,
    };
    for (guint idx = 0; changes != NULL && changes[idx] != NULL; idx++)
        unit.rows_changed++;
    return unit;
}

#define INSERT(row) "INSERT INTO alembic_version (version_num) VALUES ('" row "')"

/* The script statement by statement, then the rest of the unit. */
static gboolean fixture_run_separately(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome,
                                       GError **error)
{
    CmigDbUnit before = {.begins = TRUE, .commits = TRUE, .create_table = TRUE};
    CmigDbUnit after = *unit;
    after.script = NULL;
    CmigDbOutcome ignored;
    outcome = outcome != NULL ? outcome : &ignored;
    *outcome = (CmigDbOutcome){0};
    before.expected = unit->expected;
    if (!cmig_db_enter(db, error))
        return FALSE;
    gboolean done = cmig_db_run(db, &before, NULL, error);
    for (guint idx = 0; done && idx < unit->script->statements->len; idx++) {
        CmigDbStatementOutcome ran;
        done = cmig_db_run_statement(db, unit->script, idx, &ran, error);
        ck_assert_int_eq(ran.done, done);
        outcome->lost = ran.lost;
    }
    cmig_db_leave(db);
    return done && cmig_db_run(db, &after, outcome, error);
}

/* Runs `text` in a unit that brings the rows from none to `a`, or from `expected` by `changes`. */
static inline gboolean fixture_run(CmigDb *db, const char *text, gboolean transactional,
                                   const char *const *expected, const char *const *changes,
                                   CmigDbOutcome *outcome, GError **error)
{
    g_autoptr(CmigSqlScript) script = text ? fixture_scan(text, transactional) : NULL;
    CmigDbUnit unit = fixture_unit(script, expected, changes);
    return transactional || script == NULL ? cmig_db_run(db, &unit, outcome, error)
                                           : fixture_run_separately(db, &unit, outcome, error);
}

#define assert_runs(db, text, expected, changes)                                                   \
    do {                                                                                           \
        g_autoptr(GError) run_error = NULL;                                                        \
        CmigDbOutcome run_outcome;                                                                 \
        gboolean ran = fixture_run(db, text, TRUE, expected, changes, &run_outcome, &run_error);   \
        ck_assert_msg(ran, "%s (%s)", run_error ? run_error->message : "",                         \
                      run_error &&cmig_error_detail(run_error) ? cmig_error_detail(run_error)      \
                                                               : "");                              \
        ck_assert(run_outcome.applied);                                                            \
    } while (0)

#define assert_error(error, wanted)                                                                \
    ck_assert_msg(g_error_matches(error, CMIG_ERROR, wanted), "%d: %s",                            \
                  (error) ? (error)->code : 0, (error) ? (error)->message : "no error")

static inline int fixture_main(Suite *suite)
{
    fixture_process = getpid();
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    const char *server = g_getenv("CMIG_TEST_PG");
    g_autofree char *drop = g_strdup_printf("DROP DATABASE IF EXISTS contract_%d", (int)getpid());
    if (server != NULL)
        fixture_try(server, drop);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
