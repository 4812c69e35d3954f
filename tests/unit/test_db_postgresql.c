/* What only PostgreSQL has: sessions, schemas, COPY, a server that can go away. */
#define _GNU_SOURCE /* memmem */
#include "cmig/interrupt.h"
#include "db_fixture.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
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

static const char dump[] = "\\restrict abc\n"
                           "CREATE TABLE t (a int, b text);\n"
                           "COPY t (a, b) FROM stdin;\n"
                           "1\tO'Brien; \"x\" $$ /* --\n"
                           "2\t\\N\n"
                           "3\tback\\\\slash\\ttab\n"
                           "\\.\n"
                           "CREATE TABLE u (a text);\n"
                           "COPY u FROM stdin WITH (FORMAT csv);\r\n"
                           "\"x;y\"\r\n"
                           "\\.\r\n"
                           "COPY u FROM stdin;\n"
                           "\\.\n"
                           "COPY t TO STDOUT;\n"
                           "\\unrestrict abc\n"
                           "INSERT INTO t VALUES (4, 'é');\n";

START_TEST(copies)
{
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, dump, NO_ROWS, STRINGS(INSERT("a")));
    assert_query("SELECT concat(a, '=', b) FROM t ORDER BY a",
                 "1=O'Brien; \"x\" $$ /* --,2=,3=back\\slash\ttab,4=é");
    assert_query("SELECT a FROM u", "x;y");
    fixture_execute("DROP TABLE t; DROP TABLE u");
    g_autoptr(GError) error = NULL;
    gboolean done = fixture_run(db, dump, FALSE, STRINGS("a"), STRINGS(INSERT("b")), NULL, &error);
    ck_assert_msg(done, "%s", error ? error->message : "");
    assert_query("SELECT count(*) FROM t", "4");
}
END_TEST

START_TEST(places_errors_around_copies)
{
    static const struct {
        const char *more;
        guint line;
        guint column;
    } cases[] = {
        {"SELECT missing;", 26, 8},
        {"INSERT INTO t VALUES (1, 1/0 || '');", 26, 1},
        {"COPY t FROM stdin;\n5\té\n6\n\\.\n", 28, 1},
        {"COPY t FROM stdin;\nx\ty\n\\.\n", 27, 1},
        {"COPY t FROM stdin;\n5\ty\n\\.\n\nSELECT missing;", 30, 8},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(CmigDb) db = fixture_connect();
        g_autofree char *text = g_strconcat(dump, cases[idx].more, NULL);
        g_autoptr(GError) error = NULL;
        ck_assert(!fixture_run(db, text, TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL, &error));
        assert_error(error, CMIG_ERROR_FAILED);
        ck_assert_msg(cmig_error_line(error) == cases[idx].line &&
                          cmig_error_column(error) == cases[idx].column,
                      "%s: %u:%u", cases[idx].more, cmig_error_line(error),
                      cmig_error_column(error));
        assert_query(TABLES, "");
    }
}
END_TEST

START_TEST(carries_what_the_server_says)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    ck_assert(!fixture_run(db,
                           "DO $$ BEGIN RAISE 'bad\x1b[31m' USING DETAIL = 'the\ndetail', HINT = "
                           "'the hint', ERRCODE = 'P0042'; END $$",
                           TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL, &error));
    ck_assert_str_eq(error->message, "bad\\x1B[31m");
    ck_assert_str_eq(cmig_error_sqlstate(error), "P0042");
    ck_assert_str_eq(cmig_error_hint(error), "the hint");
    ck_assert(g_str_has_prefix(cmig_error_detail(error), "the\\ndetail (PL/pgSQL function"));
    g_clear_error(&error);
    ck_assert(!fixture_run(db, "CREATE TABLE t (a int);\nVACUUM", TRUE, NO_ROWS,
                           STRINGS(INSERT("a")), NULL, &error));
    ck_assert_str_eq(cmig_error_sqlstate(error), "25001");
    ck_assert_ptr_nonnull(strstr(cmig_error_hint(error), "transaction=off"));
    ck_assert_uint_eq(cmig_error_line(error), 11);
}
END_TEST

START_TEST(notices_a_failing_commit)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    ck_assert(!fixture_run(db,
                           "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p "
                           "DEFERRABLE INITIALLY DEFERRED); INSERT INTO c VALUES (1)",
                           TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL, &error));
    assert_error(error, CMIG_ERROR_FAILED);
    ck_assert(g_str_has_prefix(error->message, "at COMMIT: "));
    ck_assert_str_eq(cmig_error_sqlstate(error), "23503");
    assert_query(TABLES, "");
}
END_TEST

/* What the lexer would not let through, and scripts that it would have counted wrongly. */
START_TEST(notices_a_section_that_ends_its_transaction)
{
    static const struct {
        const char *text;
        guint counted;
        gint code;
    } cases[] = {
        {"SELECT 1; COMMIT; CREATE TABLE t (a int)", 3, CMIG_ERROR_IN_DOUBT},
        {"SELECT 1; COMMIT; SELECT 1 / 0", 3, CMIG_ERROR_IN_DOUBT},
        {"SELECT 1; ROLLBACK; CREATE TABLE t (a int)", 3, CMIG_ERROR_IN_DOUBT},
        {"SELECT 1; COMMIT; SELECT 1 / 0", 1, CMIG_ERROR_IN_DOUBT},
        {"SELECT 1; COMMIT; SELECT 2", 1, CMIG_ERROR_IN_DOUBT},
        {"SAVEPOINT s; ROLLBACK TO s; SELECT 1 / 0", 3, CMIG_ERROR_FAILED},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        fixture_execute("DROP TABLE IF EXISTS t, alembic_version");
        g_autoptr(CmigDb) db = fixture_connect();
        g_autoptr(CmigSqlScript) script = fixture_scan(cases[idx].text, FALSE);
        ck_assert_uint_eq(script->statements->len, 3);
        g_array_set_size(script->statements, cases[idx].counted);
        CmigDbUnit unit = fixture_unit(script, NO_ROWS, STRINGS(INSERT("a")));
        CmigDbOutcome outcome;
        g_autoptr(GError) error = NULL;
        ck_assert_msg(!cmig_db_run(db, &unit, &outcome, &error), "%s", cases[idx].text);
        ck_assert_msg(g_error_matches(error, CMIG_ERROR, cases[idx].code), "%s: %s",
                      cases[idx].text, error->message);
        ck_assert(!outcome.applied);
        if (cases[idx].code == CMIG_ERROR_IN_DOUBT)
            ck_assert_ptr_nonnull(strstr(error->message, "ended its transaction by itself"));
    }
}
END_TEST

static void collect(const char *severity, const char *message, gpointer data)
{
    g_string_append_printf(data, "[%s %s]", severity, message);
}

START_TEST(delivers_notices)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    fixture.settings.notice = collect;
    fixture.settings.notice_data = seen;
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db,
                "DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$;"
                "CREATE TABLE IF NOT EXISTS alembic_version (a int)",
                NO_ROWS, STRINGS(INSERT("a")));
    ck_assert_str_eq(seen->str, "[NOTICE one][WARNING two][NOTICE relation \"alembic_version\" "
                                "already exists, skipping]");
    g_string_truncate(seen, 0);
    assert_runs(db, "DO $$ BEGIN FOR i IN 1..10000 LOOP RAISE NOTICE 'x'; END LOOP; END $$;",
                STRINGS("a"), NULL);
    ck_assert_uint_lt(seen->len, 4096);
    ck_assert_ptr_nonnull(strstr(seen->str, "further messages"));
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

START_TEST(times_out)
{
    fixture.settings.statement_timeout = 200;
    fixture.settings.lock_timeout = 300;
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    ck_assert(!fixture_run(db, "SELECT 1;\nSELECT pg_sleep(10)", TRUE, NO_ROWS,
                           STRINGS(INSERT("a")), NULL, &error));
    assert_error(error, CMIG_ERROR_TRY_AGAIN);
    ck_assert_str_eq(cmig_error_sqlstate(error), "57014");
    ck_assert_uint_eq(cmig_error_line(error), 11);
    g_clear_error(&error);
    ck_assert(!fixture_run(db, "SELECT pg_sleep(10)", FALSE, NO_ROWS, STRINGS(INSERT("a")), NULL,
                           &error));
    assert_error(error, CMIG_ERROR_TRY_AGAIN);
    g_clear_error(&error);
    fixture.settings.statement_timeout = 0;
    assert_runs(db, NULL, NO_ROWS, STRINGS(INSERT("a")));
    PGconn *holder = PQconnectdb(fixture.url.conninfo);
    PQclear(PQexec(holder, "BEGIN; INSERT INTO alembic_version VALUES ('z')"));
    g_autoptr(CmigDb) patient = fixture_connect();
    ck_assert(!fixture_run(patient, "SELECT 1", TRUE, STRINGS("a"), NULL, NULL, &error));
    assert_error(error, CMIG_ERROR_TRY_AGAIN);
    ck_assert_str_eq(cmig_error_sqlstate(error), "55P03");
    PQfinish(holder);
}
END_TEST

START_TEST(survives_a_terminated_session)
{
    static const struct {
        gboolean transactional;
        const char *text;
        gint code;
    } cases[] = {
        {TRUE, "CREATE TABLE t (a int); SELECT pg_terminate_backend(pg_backend_pid()); SELECT 1",
         CMIG_ERROR_UNAVAILABLE},
        {FALSE, "SELECT pg_terminate_backend(pg_backend_pid())", CMIG_ERROR_UNAVAILABLE},
        {FALSE, "SELECT 1; SELECT pg_terminate_backend(pg_backend_pid())", CMIG_ERROR_UNAVAILABLE},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(CmigDb) db = fixture_connect();
        g_autoptr(GError) error = NULL;
        CmigDbOutcome outcome;
        ck_assert(!fixture_run(db, cases[idx].text, cases[idx].transactional, NO_ROWS,
                               STRINGS(INSERT("a")), &outcome, &error));
        assert_error(error, cases[idx].code);
        ck_assert(!outcome.applied);
        ck_assert(!outcome.lost);
        assert_query(TABLES, cases[idx].transactional ? "" : "alembic_version");
        g_clear_error(&error);
        ck_assert(!fixture_run(db, "SELECT 1", TRUE, NO_ROWS, NULL, NULL, &error));
        ck_assert(error->code == CMIG_ERROR_UNAVAILABLE || error->code == CMIG_ERROR_IN_DOUBT);
    }
}
END_TEST

START_TEST(says_when_it_cannot_connect)
{
    static const struct {
        const char *more;
        gint code;
        const char *message;
    } cases[] = {
        {"host=127.0.0.1 port=1 password=canary", CMIG_ERROR_UNAVAILABLE, "cannot connect to"},
        {"host=canary.invalid password=canary", CMIG_ERROR_UNAVAILABLE, "cannot connect to"},
        {"dbname=missing password=canary", CMIG_ERROR_UNAVAILABLE, "there is no such database"},
        {"user=needs_password password=canary", CMIG_ERROR_UNAVAILABLE,
         "the server refuses the login"},
        {"user=needs_password", CMIG_ERROR_UNAVAILABLE, "the server wants a password"},
        {"user=nobody_canary password=canary", CMIG_ERROR_UNAVAILABLE,
         "the server refuses the login"},
        {"pasword=canary", CMIG_ERROR_CONFIG, "the database URL of"},
        {"password='canary", CMIG_ERROR_CONFIG, "the database URL of"},
        {"sslmode=canary", CMIG_ERROR_UNAVAILABLE, "cannot connect to"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autofree char *conninfo = g_strdup_printf("%s %s", fixture.url.conninfo, cases[idx].more);
        CmigUrl url = fixture.url;
        url.conninfo = conninfo;
        CmigDb *db = NULL;
        g_autoptr(GError) error = NULL;
        gint64 start = g_get_monotonic_time();
        ck_assert_msg(!cmig_db_open(&url, &fixture.settings, &db, &error), "%s", cases[idx].more);
        assert_error(error, cases[idx].code);
        ck_assert_msg(g_str_has_prefix(error->message, cases[idx].message), "%s: %s",
                      cases[idx].more, error->message);
        const char *detail = cmig_error_detail(error);
        ck_assert_ptr_null(strstr(error->message, "canary"));
        ck_assert_msg(detail == NULL || strstr(detail, "canary") == NULL, "%s: %s", cases[idx].more,
                      detail);
        ck_assert_int_lt(g_get_monotonic_time() - start, 8 * G_USEC_PER_SEC);
    }
}
END_TEST

START_TEST(keeps_malformed_urls_secret)
{
    static const char *const urls[] = {
        "postgresql://user:can%zary@host/db",
        "postgresql://user:canary@host:port/db",
        "postgresql://user:canary@[host/db",
        "postgresql://user:canary@host/db?canary=1",
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(urls); idx++) {
        CmigUrl url = fixture.url;
        url.conninfo = (char *)(guintptr)urls[idx];
        CmigDb *db = NULL;
        g_autoptr(GError) error = NULL;
        ck_assert(!cmig_db_open(&url, &fixture.settings, &db, &error));
        ck_assert_ptr_null(strstr(error->message, "zary"));
        ck_assert_ptr_null(strstr(error->message, "canary"));
        ck_assert_msg(cmig_error_detail(error) == NULL ||
                          strstr(cmig_error_detail(error), "canary") == NULL,
                      "%s", cmig_error_detail(error));
    }
}
END_TEST

/* A stand-in for a server: listens on a socket in `folder`. */
static int listen_in(const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", folder);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    return listener;
}

START_TEST(gives_up_on_a_silent_server)
{
    g_autofree char *folder = g_dir_make_tmp("cmig-silent-XXXXXX", NULL);
    g_autofree char *conninfo =
        g_strdup_printf("host=%s port=5432 dbname=x connect_timeout=2", folder);
    int listener = listen_in(folder);
    CmigUrl url = fixture.url;
    url.conninfo = conninfo;
    CmigDb *db = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_db_open(&url, &fixture.settings, &db, &error));
    assert_error(error, CMIG_ERROR_UNAVAILABLE);
    ck_assert_str_eq(cmig_error_detail(error), "timeout expired");
    close(listener);
    g_autofree char *path = g_build_filename(folder, ".s.PGSQL.5432", NULL);
    g_unlink(path);
    g_rmdir(folder);
}
END_TEST

static int connect_to_server(void)
{
    PQconninfoOption *options = PQconninfoParse(fixture.url.conninfo, NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    for (const PQconninfoOption *one = options; one->keyword != NULL; one++)
        if (strcmp(one->keyword, "host") == 0)
            g_snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", one->val);
    PQconninfoFree(options);
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(server, (const struct sockaddr *)&address, sizeof address) != 0)
        _exit(1);
    return server;
}

/* Forwards one connection, both ways, until what comes from one side holds `mark`: from the client
 * it is passed on and its answer is swallowed, from the server it is swallowed at once. */
static void proxy(int listener, const char *mark, gboolean from_client)
{
    int ends[2] = {accept(listener, NULL, NULL), connect_to_server()};
    for (;;) {
        struct pollfd waits[2] = {{.fd = ends[0], .events = POLLIN},
                                  {.fd = ends[1], .events = POLLIN}};
        poll(waits, 2, -1);
        for (int side = 0; side < 2; side++) {
            static char bytes[65536];
            if (waits[side].revents == 0)
                continue;
            gssize size = read(ends[side], bytes, sizeof bytes);
            gboolean marked = size > 0 && memmem(bytes, (gsize)size, mark, strlen(mark)) != NULL;
            if (size <= 0 || (marked && side == 1 && !from_client))
                _exit(0);
            if (write(ends[1 - side], bytes, (gsize)size) != size)
                _exit(0);
            if (marked && side == 0 && from_client) {
                g_usleep(500000);
                _exit(0);
            }
        }
    }
}

START_TEST(does_not_know_when_the_answer_is_lost)
{
    static const struct {
        const char *text;
        const char *mark;
        gboolean from_client;
        gboolean transactional;
        gint code;
        const char *tables; /* what is there then */
    } cases[] = {
        {"CREATE TABLE t (a int)", "COMMIT", FALSE, TRUE, CMIG_ERROR_IN_DOUBT, "alembic_version,t"},
        {"CREATE TABLE t (a int)", "CREATE TABLE t ", TRUE, TRUE, CMIG_ERROR_IN_DOUBT,
         "alembic_version,t"},
        {"CREATE TABLE t (a text);\nCOPY t FROM stdin;\nthe mark\n\\.\n", "COPY t FROM", TRUE, TRUE,
         CMIG_ERROR_UNAVAILABLE, ""},
        {"CREATE TABLE t (a int)", "CREATE TABLE t ", TRUE, FALSE, CMIG_ERROR_IN_DOUBT,
         "alembic_version,t"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autofree char *folder = g_dir_make_tmp("cmig-proxy-XXXXXX", NULL);
        int listener = listen_in(folder);
        pid_t child = fork();
        if (child == 0)
            proxy(listener, cases[idx].mark, cases[idx].from_client);
        close(listener);
        CmigUrl url = fixture.url;
        url.conninfo =
            g_strdup_printf("%s host=%s gssencmode=disable", fixture.url.conninfo, folder);
        CmigDb *db = NULL;
        g_autoptr(GError) error = NULL;
        ck_assert(cmig_db_open(&url, &fixture.settings, &db, &error));
        cmig_db_state_free(fixture_inspect(db, FALSE));
        CmigDbOutcome outcome;
        ck_assert(!fixture_run(db, cases[idx].text, cases[idx].transactional, NO_ROWS,
                               STRINGS(INSERT("a")), &outcome, &error));
        assert_error(error, cases[idx].code);
        ck_assert_msg(strstr(error->message, cases[idx].code != CMIG_ERROR_IN_DOUBT ? "nothing"
                                             : cases[idx].transactional             ? "unknown"
                                                                        : "lost") != NULL,
                      "%s", error->message);
        ck_assert(!outcome.applied);
        cmig_db_close(db);
        waitpid(child, NULL, 0);
        g_usleep(200000);
        assert_query(TABLES, cases[idx].tables);
        fixture_execute("DROP TABLE IF EXISTS t, alembic_version");
        g_autofree char *path = g_build_filename(folder, ".s.PGSQL.5432", NULL);
        g_unlink(path);
        g_rmdir(folder);
        g_free(url.conninfo);
    }
}
END_TEST

static gpointer finish_soon(gpointer data)
{
    g_usleep(700000);
    PQfinish(data);
    return NULL;
}

START_TEST(waits_for_a_full_server)
{
    g_autofree char *role = g_strdup_printf("one_only_%d", (int)getpid());
    fixture_admin("CREATE ROLE %s LOGIN CONNECTION LIMIT 1", role);
    g_autofree char *conninfo =
        g_strdup_printf("%s user=%s connect_timeout=2", fixture.url.conninfo, role);
    PGconn *holder = PQconnectdb(conninfo);
    CmigUrl url = fixture.url;
    url.conninfo = conninfo;
    CmigDb *db = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_db_open(&url, &fixture.settings, &db, &error));
    assert_error(error, CMIG_ERROR_TRY_AGAIN);
    ck_assert_str_eq(cmig_error_sqlstate(error), "53300");
    GThread *thread = g_thread_new("finish", finish_soon, holder);
    g_clear_error(&error);
    gboolean opened = cmig_db_open(&url, &fixture.settings, &db, &error);
    ck_assert_msg(opened, "%s", error ? error->message : "");
    g_thread_join(thread);
    cmig_db_close(db);
    fixture_admin("DROP ROLE %s", role);
}
END_TEST

/* The server stops working for a client that died, instead of committing behind its back. */
START_TEST(stops_when_the_client_is_killed)
{
    pid_t child = fork();
    if (child == 0) {
        CmigDb *mine = fixture_connect();
        fixture_run(mine, "CREATE TABLE t (a int); SELECT pg_sleep(4)", TRUE, NO_ROWS,
                    STRINGS(INSERT("a")), NULL, NULL);
        _exit(0);
    }
    g_usleep(700000);
    assert_query("SELECT application_name LIKE 'cmig/%' FROM pg_stat_activity WHERE wait_event = "
                 "'PgSleep' AND datname = current_database()",
                 "t");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    g_usleep(4500000);
    /* Servers before 14 do not look whether their client is there. */
    assert_query(
        "SELECT (current_setting('server_version_num')::int < 140000) = (to_regclass('t') IS "
        "NOT NULL)",
        "t");
}
END_TEST

static gpointer signal_soon(gpointer data)
{
    (void)data;
    g_usleep(300000);
    kill(getpid(), SIGINT);
    return NULL;
}

START_TEST(stops_connecting_at_a_signal)
{
    g_autofree char *folder = g_dir_make_tmp("cmig-silent-XXXXXX", NULL);
    g_autofree char *conninfo = g_strdup_printf("host=%s port=5432 dbname=x", folder);
    int listener = listen_in(folder);
    CmigUrl url = fixture.url;
    url.conninfo = conninfo;
    cmig_interrupt_install();
    GThread *thread = g_thread_new("signal", signal_soon, NULL);
    CmigDb *db = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_db_open(&url, &fixture.settings, &db, &error));
    g_thread_join(thread);
    assert_error(error, CMIG_ERROR_INTERRUPTED);
    close(listener);
    g_autofree char *path = g_build_filename(folder, ".s.PGSQL.5432", NULL);
    g_unlink(path);
    g_rmdir(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("db_postgresql");
    TCase *tests = tcase_create("postgresql");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, fixture_teardown);
    tcase_add_test(tests, locks_the_session);
    tcase_add_test(tests, shares_the_lock_between_spellings);
    tcase_add_test(tests, frees_the_lock_of_a_killed_process);
    tcase_add_test(tests, uses_a_configured_schema);
    tcase_add_test(tests, finds_the_table_by_the_search_path);
    tcase_add_test(tests, sees_a_read_only_server);
    tcase_add_test(tests, copies);
    tcase_add_test(tests, places_errors_around_copies);
    tcase_add_test(tests, carries_what_the_server_says);
    tcase_add_test(tests, notices_a_failing_commit);
    tcase_add_test(tests, notices_a_section_that_ends_its_transaction);
    tcase_add_test(tests, delivers_notices);
    tcase_add_test(tests, cleans_the_session_between_units);
    tcase_add_test(tests, keeps_the_role_of_the_connection);
    tcase_add_test(tests, reads_backslashes_as_the_lexer_does);
    tcase_add_test(tests, times_out);
    tcase_add_test(tests, survives_a_terminated_session);
    tcase_add_test(tests, says_when_it_cannot_connect);
    tcase_add_test(tests, keeps_malformed_urls_secret);
    tcase_add_test(tests, gives_up_on_a_silent_server);
    tcase_add_test(tests, does_not_know_when_the_answer_is_lost);
    tcase_add_test(tests, waits_for_a_full_server);
    tcase_add_test(tests, stops_when_the_client_is_killed);
    tcase_add_test(tests, stops_connecting_at_a_signal);
    suite_add_tcase(suite, tests);
    return fixture_main(suite);
}
