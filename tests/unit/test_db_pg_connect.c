/* What only PostgreSQL has: ways to connect that fail, and secrets that do not show. */
#include "cmig/interrupt.h"
#include "db_fixture.h"
#include "pg_stand_in.h"

#include <signal.h>

static void setup(void)
{
    fixture_setup(CMIG_DIALECT_POSTGRESQL);
}

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
        {"service=none password=canary", CMIG_ERROR_UNAVAILABLE, "there is no such service"},
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
    remove_listener(folder);
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
    remove_listener(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("db_pg_connect");
    TCase *tests = tcase_create("connect");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, fixture_teardown);
    tcase_add_test(tests, says_when_it_cannot_connect);
    tcase_add_test(tests, keeps_malformed_urls_secret);
    tcase_add_test(tests, gives_up_on_a_silent_server);
    tcase_add_test(tests, waits_for_a_full_server);
    tcase_add_test(tests, stops_connecting_at_a_signal);
    suite_add_tcase(suite, tests);
    return fixture_main(suite);
}
