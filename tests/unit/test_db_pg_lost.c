/* What only PostgreSQL has: a connection that ends at the wrong moment. */
#define _GNU_SOURCE /* memmem */
#include "db_fixture.h"
#include "pg_stand_in.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static void setup(void)
{
    fixture_setup(CMIG_DIALECT_POSTGRESQL);
}

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
        ck_assert_int_eq(outcome.lost, cases[idx].code == CMIG_ERROR_IN_DOUBT);
        cmig_db_close(db);
        waitpid(child, NULL, 0);
        g_usleep(200000);
        assert_query(TABLES, cases[idx].tables);
        fixture_execute("DROP TABLE IF EXISTS t, alembic_version");
        remove_listener(folder);
        g_free(url.conninfo);
    }
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

int main(void)
{
    Suite *suite = suite_create("db_pg_lost");
    TCase *tests = tcase_create("lost");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, fixture_teardown);
    tcase_add_test(tests, survives_a_terminated_session);
    tcase_add_test(tests, does_not_know_when_the_answer_is_lost);
    tcase_add_test(tests, stops_when_the_client_is_killed);
    suite_add_tcase(suite, tests);
    return fixture_main(suite);
}
