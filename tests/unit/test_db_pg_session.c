/* What only PostgreSQL has: the lock of a session, its schemas, roles and settings. */
#include "db_fixture.h"

#include <signal.h>
#include <sys/wait.h>

static void setup(void)
{
    fixture_setup(CMIG_DIALECT_POSTGRESQL);
}

START_TEST(locks_the_session)
{
    g_autoptr(CmigDb) other = fixture_open();
    CmigDb *db = fixture_open();
    g_autoptr(CmigDbState) first = fixture_inspect(db, TRUE);
    ck_assert(first->locked);
    ck_assert_ptr_null(first->lock_holder);
    g_autoptr(CmigDbState) second = fixture_inspect(other, TRUE);
    ck_assert(!second->locked);
    ck_assert_ptr_nonnull(second->lock_holder);
    ck_assert(g_str_has_prefix(second->lock_holder, "pid "));
    ck_assert_ptr_nonnull(strstr(second->lock_holder, ", cmig/"));
    ck_assert_ptr_nonnull(strstr(second->lock_holder, "connected for 00:00:0"));
    cmig_db_close(db);
    gboolean locked = FALSE;
    for (int round = 0; round < 50 && !locked; round++) {
        g_autoptr(CmigDbState) again = fixture_inspect(other, TRUE);
        locked = again->locked;
        g_usleep(20000);
    }
    ck_assert(locked);
}
END_TEST

START_TEST(shares_the_lock_between_spellings)
{
    g_autoptr(CmigDb) db = fixture_open();
    g_autoptr(CmigDbState) first = fixture_inspect(db, TRUE);
    ck_assert(first->locked);
    fixture.table.schema = "public";
    g_autoptr(CmigDb) other = fixture_open();
    g_autoptr(CmigDbState) second = fixture_inspect(other, TRUE);
    ck_assert(!second->locked);
    CmigVersionTable table = {"public", "other_version", TRUE};
    fixture.settings.version_table = &table;
    g_autoptr(CmigDb) third = fixture_open();
    g_autoptr(CmigDbState) state = fixture_inspect(third, TRUE);
    ck_assert(state->locked);
}
END_TEST

START_TEST(frees_the_lock_of_a_killed_process)
{
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        CmigDb *mine = fixture_open();
        cmig_db_state_free(fixture_inspect(mine, TRUE));
        (void)!write(ready[1], "", 1);
        pause();
    }
    char byte;
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    g_autoptr(CmigDb) db = fixture_open();
    g_autoptr(CmigDbState) before = fixture_inspect(db, TRUE);
    ck_assert(!before->locked);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    gboolean locked = FALSE;
    for (int round = 0; round < 100 && !locked; round++) {
        g_autoptr(CmigDbState) after = fixture_inspect(db, TRUE);
        locked = after->locked;
        g_usleep(20000);
    }
    ck_assert(locked);
}
END_TEST

START_TEST(uses_a_configured_schema)
{
    fixture_execute("CREATE SCHEMA \"Ops;\"");
    fixture.table.schema = "Ops;";
    g_autoptr(CmigDb) db = fixture_connect();
    g_autofree char *table = cmig_db_version_table(db);
    ck_assert_str_eq(table, "\"Ops;\".\"alembic_version\"");
    assert_runs(db, NULL, NO_ROWS, STRINGS("INSERT INTO \"Ops;\".alembic_version VALUES ('a')"));
    assert_query("SELECT schemaname FROM pg_tables WHERE tablename = 'alembic_version'", "Ops;");
    fixture.table.schema = "missing";
    g_autoptr(CmigDb) other = fixture_open();
    g_autoptr(CmigDbState) state = fixture_inspect(other, TRUE);
    ck_assert(!state->schema_exists && !state->table_exists);
    ck_assert_str_eq(state->table_schema, "missing");
    fixture.table.schema = "Ops;";
    g_autoptr(CmigDbState) there = fixture_inspect(db, FALSE);
    ck_assert(there->schema_exists && there->table_exists);
}
END_TEST

START_TEST(finds_the_table_by_the_search_path)
{
    fixture_execute("CREATE SCHEMA a; CREATE SCHEMA b;"
                    "CREATE TABLE b.alembic_version (version_num text);"
                    "INSERT INTO b.alembic_version VALUES ('x')");
    g_autofree char *set =
        g_strdup_printf("ALTER DATABASE %s SET search_path = a, b", fixture.name);
    fixture_execute(set);
    g_autoptr(CmigDb) db = fixture_open();
    g_autoptr(CmigDbState) state = fixture_inspect(db, TRUE);
    ck_assert(state->table_exists);
    ck_assert_str_eq(state->table_schema, "b");
    assert_rows(db, "x");
    g_autofree char *none =
        g_strdup_printf("ALTER DATABASE %s SET search_path = nowhere", fixture.name);
    fixture_execute(none);
    g_autoptr(CmigDb) lost = fixture_open();
    CmigDbState *ignored = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_db_inspect(lost, TRUE, &ignored, &error));
    assert_error(error, CMIG_ERROR_CONFIG);
}
END_TEST

START_TEST(sees_a_read_only_server)
{
    g_autofree char *set =
        g_strdup_printf("ALTER DATABASE %s SET default_transaction_read_only = on", fixture.name);
    fixture_execute(set);
    g_autoptr(CmigDb) db = fixture_open();
    g_autoptr(CmigDbState) state = fixture_inspect(db, TRUE);
    ck_assert(state->read_only);
    g_autoptr(GError) error = NULL;
    ck_assert(!fixture_run(db, "CREATE TABLE t (a int)", TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL,
                           &error));
    assert_error(error, CMIG_ERROR_UNAVAILABLE);
    ck_assert_str_eq(cmig_error_sqlstate(error), "25006");
}
END_TEST

START_TEST(cleans_the_session_between_units)
{
    g_autofree char *role = g_strdup_printf("leak_%d", (int)getpid());
    fixture_admin("CREATE ROLE %s", role);
    g_autofree char *text = g_strdup_printf(
        "SELECT pg_catalog.set_config('search_path', '', false); SET standard_conforming_strings = "
        "off; SET default_transaction_read_only = on; SET statement_timeout = 1234; SET ROLE %s",
        role);
    for (int transactional = 1; transactional >= 0; transactional--) {
        g_autoptr(CmigDb) db = fixture_connect();
        g_autoptr(GError) error = NULL;
        const char *const *before = transactional ? NO_ROWS : STRINGS("a", "b");
        const char *const *changes =
            transactional ? STRINGS("INSERT INTO public.alembic_version VALUES ('a')")
                          : STRINGS("INSERT INTO public.alembic_version VALUES ('c')");
        gboolean done = fixture_run(db, text, transactional, before, changes, NULL, &error);
        ck_assert_msg(done, "%s", error ? error->message : "");
        g_autoptr(CmigDbState) state = fixture_inspect(db, FALSE);
        ck_assert(!state->read_only);
        assert_runs(db,
                    "CREATE TABLE IF NOT EXISTS made AS SELECT current_user::text AS u, "
                    "current_setting('search_path') AS p, current_setting('statement_timeout') AS "
                    "s, '\\' AS b",
                    transactional ? STRINGS("a") : STRINGS("a", "b", "c"),
                    transactional ? STRINGS(INSERT("b")) : STRINGS(INSERT("d")));
        assert_query("SELECT concat_ws('|', u, p, s, b) FROM public.made",
                     "postgres|\"$user\", public|0|\\");
    }
    fixture_admin("DROP ROLE %s", role);
}
END_TEST

/* The role that the connection began with is the one that comes back. */
START_TEST(keeps_the_role_of_the_connection)
{
    g_autofree char *role = g_strdup_printf("owner_%d", (int)getpid());
    fixture_admin("CREATE ROLE %s", role);
    g_autofree char *grant = g_strdup_printf("GRANT CREATE ON SCHEMA public TO %s", role);
    fixture_execute(grant);
    CmigUrl url = fixture.url;
    g_autofree char *conninfo = g_strdup_printf("%s options='-c role=%s'", url.conninfo, role);
    url.conninfo = conninfo;
    CmigDb *db = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(cmig_db_open(&url, &fixture.settings, &db, &error));
    cmig_db_state_free(fixture_inspect(db, FALSE));
    assert_runs(db, "SET ROLE NONE", NO_ROWS, STRINGS(INSERT("a")));
    assert_runs(db, "CREATE TABLE t (a int)", STRINGS("a"), STRINGS(INSERT("b")));
    cmig_db_close(db);
    assert_query("SELECT tableowner LIKE 'owner_%' FROM pg_tables WHERE tablename = 't'", "t");
    g_autofree char *drop = g_strdup_printf("DROP OWNED BY %s", role);
    fixture_execute(drop);
    fixture_admin("DROP ROLE %s", role);
}
END_TEST

START_TEST(reads_backslashes_as_the_lexer_does)
{
    g_autofree char *set =
        g_strdup_printf("ALTER DATABASE %s SET standard_conforming_strings = off", fixture.name);
    fixture_execute(set);
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, "CREATE TABLE t AS SELECT '\\'::text AS a; SELECT '\\'", NO_ROWS,
                STRINGS(INSERT("a")));
    assert_runs(db, "INSERT INTO t VALUES ('\\')", STRINGS("a"), STRINGS(INSERT("b")));
    assert_query("SELECT a FROM t", "\\,\\");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("db_pg_session");
    TCase *tests = tcase_create("session");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, fixture_teardown);
    tcase_add_test(tests, locks_the_session);
    tcase_add_test(tests, shares_the_lock_between_spellings);
    tcase_add_test(tests, frees_the_lock_of_a_killed_process);
    tcase_add_test(tests, uses_a_configured_schema);
    tcase_add_test(tests, finds_the_table_by_the_search_path);
    tcase_add_test(tests, sees_a_read_only_server);
    tcase_add_test(tests, cleans_the_session_between_units);
    tcase_add_test(tests, keeps_the_role_of_the_connection);
    tcase_add_test(tests, reads_backslashes_as_the_lexer_does);
    suite_add_tcase(suite, tests);
    return fixture_main(suite);
}
