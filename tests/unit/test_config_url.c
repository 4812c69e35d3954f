/* Database URLs: every form that works elsewhere works here, and no secret is ever shown. */
#include "cmig/error.h"
#include "cmig/url.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Letters only: it could be taken for the name of an option. */
#define CANARY "cAnArYsEcReT"

static void clear_environment(void)
{
    static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGPORT",
                                        "PGUSER", "PGDATABASE", "PGSERVICE"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(names); idx++)
        g_unsetenv(names[idx]);
}

static const struct {
    const char *text;
    const char *conninfo;
    const char *display;
    const char *sqlalchemy;
    const char *host;
    const char *database;
} postgresql[] = {
    /* The URLs of users' .env files. */
    {"postgresql://user:pass@localhost:5432/workflow_db",
     "user='user' password='pass' host='localhost' port='5432' dbname='workflow_db'",
     "user@localhost:5432/workflow_db", "postgresql://user:***@localhost:5432/workflow_db",
     "localhost", "workflow_db"},
    {"postgresql+asyncpg://postgres:postgres@localhost:5432/apex_db",
     "user='postgres' password='postgres' host='localhost' port='5432' dbname='apex_db'",
     "postgres@localhost:5432/apex_db", "postgresql+asyncpg://postgres:***@localhost:5432/apex_db",
     "localhost", "apex_db"},
    {"postgresql://user:password@localhost/dbname",
     "user='user' password='password' host='localhost' dbname='dbname'", "user@localhost/dbname",
     "postgresql://user:***@localhost/dbname", "localhost", "dbname"},
    /* Schemes. */
    {"postgres://h/d", "host='h' dbname='d'", "h/d", "postgresql://h/d", "h", "d"},
    {"POSTGRESQL+psycopg2://h/d", "host='h' dbname='d'", "h/d", "postgresql+psycopg2://h/d", "h",
     "d"},
    {"postgresql+psycopg://h/d", "host='h' dbname='d'", "h/d", "postgresql+psycopg://h/d", "h",
     "d"},
    {"postgresql+pg8000://h/d", "host='h' dbname='d'", "h/d", "postgresql+pg8000://h/d", "h", "d"},
    {" \tpostgresql://h/d\r\n", "host='h' dbname='d'", "h/d", "postgresql://h/d", "h", "d"},
    /* What is left out. */
    {"postgresql://", "", "libpq's default server", "postgresql://", "", ""},
    {"postgresql:///d", "dbname='d'", "/d", "postgresql:///d", "", "d"},
    {"postgresql://u@/d", "user='u' dbname='d'", "u@/d", "postgresql://u@/d", "", "d"},
    {"postgresql://h", "host='h'", "h", "postgresql://h", "h", ""},
    {"postgresql://h/", "host='h'", "h", "postgresql://h", "h", ""},
    {"postgresql://u:@h/d", "user='u' host='h' dbname='d'", "u@h/d", "postgresql://u@h/d", "h",
     "d"},
    {"postgresql://:5433/d", "port='5433' dbname='d'", ":5433/d", "postgresql://:5433/d", "", "d"},
    /* Percent-encoding and quoting. */
    {"postgresql://a%40b:p%40%2F%3A%23%25%27%5C@h/d%20e",
     "user='a@b' password='p@/:#%\\'\\\\' host='h' dbname='d e'", "a@b@h/d e",
     "postgresql://a%40b:***@h/d e", "h", "d e"},
    {"postgresql://u:a:b#c@h/d", "user='u' password='a:b#c' host='h' dbname='d'", "u@h/d",
     "postgresql://u:***@h/d", "h", "d"},
    {"postgresql://u%0A@h/d%1B[31m", "user='u\n' host='h' dbname='d\x1b[31m'", "u\\n@h/d\\x1B[31m",
     "postgresql://u%0A@h/d\\x1B[31m", "h", "d\x1b[31m"},
    /* Hosts. */
    {"postgresql://[::1]:5433/d", "host='::1' port='5433' dbname='d'", "[::1]:5433/d",
     "postgresql://[::1]:5433/d", "::1", "d"},
    {"postgresql://[2001:db8::1]/d", "host='2001:db8::1' dbname='d'", "[2001:db8::1]/d",
     "postgresql://[2001:db8::1]/d", "2001:db8::1", "d"},
    {"postgresql://u@a:1,[::1],c:3/d", "user='u' host='a,::1,c' port='1,,3' dbname='d'",
     "u@a:1,[::1],c:3/d", "postgresql://u@a:1,[::1],c:3/d", "a", "d"},
    {"postgresql://a,b/d?target_session_attrs=read-write",
     "host='a,b' dbname='d' target_session_attrs='read-write'", "a,b/d", "postgresql://a,b/d", "a",
     "d"},
    {"postgresql://%2Fvar%2Frun/d", "host='/var/run' dbname='d'", "/var/run/d",
     "postgresql:///var/run/d", "", "d"},
    {"postgresql:///d?host=/var/run&port=5433", "host='/var/run' port='5433' dbname='d'",
     "/var/run:5433/d", "postgresql:///var/run:5433/d", "", "d"},
    {"postgresql+psycopg2://u:p@/d?host=a:1&host=b:2",
     "user='u' password='p' host='a,b' port='1,2' dbname='d'", "u@a:1,b:2/d",
     "postgresql+psycopg2://u:***@a:1,b:2/d", "a", "d"},
    {"postgresql:///d?host=a&host=/var/run&host=[::1]:3",
     "host='a,/var/run,::1' port=',,3' dbname='d'", "a,/var/run,[::1]:3/d",
     "postgresql://a,/var/run,[::1]:3/d", "a", "d"},
    {"postgresql://x:1/d?host=fe80::1%25eth0", "host='fe80::1%eth0' port='1' dbname='d'",
     "[fe80::1%eth0]:1/d", "postgresql://[fe80::1%eth0]:1/d", "fe80::1%eth0", "d"},
    {"postgresql:///d?host=a&host=b", "host='a,b' dbname='d'", "a,b/d", "postgresql://a,b/d", "a",
     "d"},
    {"postgresql://db.example.com/d?hostaddr=10.0.0.5",
     "host='db.example.com' hostaddr='10.0.0.5' dbname='d'", "10.0.0.5/d",
     "postgresql://10.0.0.5/d", "10.0.0.5", "d"},
    /* Options. */
    {"postgresql+asyncpg://h/d?ssl=require", "host='h' dbname='d' sslmode='require'", "h/d",
     "postgresql+asyncpg://h/d", "h", "d"},
    {"postgresql+asyncpg://h/d?ssl=true", "host='h' dbname='d' sslmode='require'", "h/d",
     "postgresql+asyncpg://h/d", "h", "d"},
    {"postgresql+asyncpg://h/d?ssl=disable", "host='h' dbname='d' sslmode='disable'", "h/d",
     "postgresql+asyncpg://h/d", "h", "d"},
    {"postgresql+asyncpg://h/d?ssl=false", "host='h' dbname='d' sslmode='disable'", "h/d",
     "postgresql+asyncpg://h/d", "h", "d"},
    {"postgresql://h/d?ssl=verify-full", "host='h' dbname='d' sslmode='verify-full'", "h/d",
     "postgresql://h/d", "h", "d"},
    {"postgresql://h/d?sslmode=verify-ca&application_name=x%20y",
     "host='h' dbname='d' sslmode='verify-ca' application_name='x y'", "h/d", "postgresql://h/d",
     "h", "d"},
    {"postgresql+asyncpg://h/d?prepared_statement_cache_size=0&statement_cache_size=0&"
     "async_fallback=true&command_timeout=5&pool_size=5&",
     "host='h' dbname='d'", "h/d", "postgresql+asyncpg://h/d", "h", "d"},
    {"postgresql://h/d?options=-csearch_path=a,b",
     "host='h' dbname='d' options='-csearch_path=a,b'", "h/d", "postgresql://h/d", "h", "d"},
    {"postgresql://?user=u&password=p&host=h&database=d",
     "user='u' password='p' host='h' dbname='d'", "u@h/d", "postgresql://u:***@h/d", "h", "d"},
    /* Keyword strings. */
    {"host=h port=5433 dbname=d user=u password=p",
     "user='u' password='p' host='h' port='5433' dbname='d'", "u@h:5433/d",
     "postgresql://u:***@h:5433/d", "h", "d"},
    {"host = h  password = 'it\\'s a \\\\ b'\n dbname=d\\ e",
     "password='it\\'s a \\\\ b' host='h' dbname='d e'", "h/d e", "postgresql://h/d e", "h", "d e"},
    {"service=prod", "service='prod'", "service prod", "postgresql://", "", ""},
    {"service=prod dbname=d", "dbname='d' service='prod'", "/d, service prod", "postgresql:///d",
     "", "d"},
    {"host='' dbname=d", "host='' dbname='d'", "/d", "postgresql:///d", "", "d"},
};

START_TEST(test_postgresql)
{
    clear_environment();
    g_autoptr(CmigUrl) url = NULL;
    g_autoptr(GError) error = NULL;
    const char *text = postgresql[_i].text;
    ck_assert_msg(cmig_url_parse(text, NULL, &url, &error), "%s: %s", text,
                  error ? error->message : "");
    ck_assert_int_eq(url->dialect, CMIG_DIALECT_POSTGRESQL);
    ck_assert_str_eq(url->conninfo, postgresql[_i].conninfo);
    ck_assert_str_eq(url->display, postgresql[_i].display);
    ck_assert_str_eq(url->sqlalchemy, postgresql[_i].sqlalchemy);
    ck_assert_str_eq(url->host, postgresql[_i].host);
    ck_assert_str_eq(url->database, postgresql[_i].database);
    ck_assert_ptr_null(url->path);
}
END_TEST

START_TEST(test_libpq_environment)
{
    clear_environment();
    g_setenv("PGHOST", "db.example.com", TRUE);
    g_setenv("PGUSER", "me", TRUE);
    g_setenv("PGPORT", "6000", TRUE);
    g_autoptr(CmigUrl) url = NULL;
    ck_assert(cmig_url_parse("postgresql:///d", NULL, &url, NULL));
    ck_assert_str_eq(url->conninfo, "dbname='d'");
    ck_assert_str_eq(url->display, "me@db.example.com:6000/d");
    ck_assert_str_eq(url->host, "db.example.com");
    cmig_url_free(g_steal_pointer(&url));

    /* A service comes before these variables, and what is in it is not known. */
    g_setenv("PGSERVICE", "prod", TRUE);
    ck_assert(cmig_url_parse("postgresql:///d", NULL, &url, NULL));
    ck_assert_str_eq(url->display, "/d, service prod");
    clear_environment();
}
END_TEST

static const struct {
    const char *text;
    const char *path;
    const char *sqlalchemy;
    const char *database;
} sqlite[] = {
    {"sqlite:///./app.db", "/base/app.db", "sqlite:///./app.db", "app.db"},
    {"sqlite:///app.db", "/base/app.db", "sqlite:///app.db", "app.db"},
    {"sqlite:///../x/app.db", "/x/app.db", "sqlite:///../x/app.db", "app.db"},
    {"sqlite:////path/to/database.db", "/path/to/database.db", "sqlite:////path/to/database.db",
     "database.db"},
    {"sqlite+aiosqlite:///app.db", "/base/app.db", "sqlite+aiosqlite:///app.db", "app.db"},
    {"sqlite3:///app.db", "/base/app.db", "sqlite:///app.db", "app.db"},
    {"sqlite://", ":memory:", "sqlite://", ":memory:"},
    {"sqlite:///", ":memory:", "sqlite://", ":memory:"},
    {"sqlite:///:memory:", ":memory:", "sqlite:///:memory:", ":memory:"},
    {"sqlite:///a%20b@c#d.db", "/base/a%20b@c#d.db", "sqlite:///a%20b@c#d.db", "a%20b@c#d.db"},
    {"sqlite:///app.db?check_same_thread=false&timeout=5", "/base/app.db", "sqlite:///app.db",
     "app.db"},
};

START_TEST(test_sqlite)
{
    g_autoptr(CmigUrl) url = NULL;
    ck_assert(cmig_url_parse(sqlite[_i].text, "/base", &url, NULL));
    ck_assert_int_eq(url->dialect, CMIG_DIALECT_SQLITE);
    ck_assert_str_eq(url->path, sqlite[_i].path);
    ck_assert_str_eq(url->display, sqlite[_i].path);
    ck_assert_str_eq(url->sqlalchemy, sqlite[_i].sqlalchemy);
    ck_assert_str_eq(url->host, "");
    ck_assert_str_eq(url->database, sqlite[_i].database);
    ck_assert_ptr_null(url->conninfo);
}
END_TEST

START_TEST(test_sqlite_in_working_directory)
{
    g_autoptr(CmigUrl) url = NULL;
    ck_assert(cmig_url_parse("sqlite:///app.db", NULL, &url, NULL));
    g_autofree char *here = g_get_current_dir();
    g_autofree char *expected = g_build_filename(here, "app.db", NULL);
    ck_assert_str_eq(url->path, expected);
}
END_TEST

/* Everything that must be refused, with the canary wherever a secret may stand. */
static const struct {
    const char *text;
    const char *message;
} failures[] = {
    {"", "the database URL is empty"},
    {"  \n", "the database URL is empty"},
    {CANARY, "not a database URL"},
    {"user:" CANARY "@host/db", "not a database URL"},
    {"//user:" CANARY "@host/db", "not a database URL"},
    {"jdbc:postgresql://u:" CANARY "@h/d", "not a database URL"},
    {"sqlite:" CANARY, "not a database URL"},
    {"\"postgresql://u:" CANARY "@h/d\"", "remove the quotes"},
    {"'postgresql://u:" CANARY "@h/d'", "remove the quotes"},
    {"mysql://u:" CANARY "@h/d", "unsupported database \"mysql\""},
    {"mysql+pymysql://u:" CANARY "@h/d", "unsupported database \"mysql+pymysql\""},
    {"postgresql+://u:" CANARY "@h/d", "unsupported database \"postgresql+\""},
    {"https://u:" CANARY "@h/d", "unsupported database \"https\""},
    {"postgresql://u:p@" CANARY "@h/d", "more than one @"},
    {"postgresql://u:p@" CANARY "/x@h/d", "more than one @"},
    {"postgresql://u@e.com:" CANARY "@h/d", "more than one @"},
    {"postgresql://u:p/" CANARY "@h/d", "before its @"},
    {"postgresql://u:" CANARY "/p@h/d", "before its @"},
    {"postgresql://u:p?" CANARY "@h/d", "before its @"},
    {"postgresql://u:5432/" CANARY "@h/d", "before its @"},
    {"postgresql://u:5432?" CANARY "=@h/d", "before its @"},
    {"postgresql://u:p%x" CANARY "@h/d", "percent-encoded"},
    {"postgresql://u:" CANARY "%@h/d", "percent-encoded"},
    {"postgresql://u:" CANARY "%4@h/d", "percent-encoded"},
    {"postgresql://u:" CANARY "%zz@h/d", "percent-encoded"},
    {"postgresql://u:" CANARY "%00@h/d", "percent-encoded"},
    {"postgresql://%zz" CANARY ":p@h/d", "percent-encoded"},
    {"postgresql://u:" CANARY "/d", "not a number"},
    {"postgresql://u:p@h:" CANARY "/d", "not a number"},
    {"postgresql://u:" CANARY "@h:0/d", "not a number"},
    {"postgresql://u:" CANARY "@h:65536/d", "not a number"},
    {"postgresql://u:" CANARY "@h:54 32/d", "not a number"},
    {"postgresql://u:" CANARY "@a:1,b:2:3/d", "not a number"},
    {"postgresql://u%3A" CANARY "%40h/d", "neither a name"},
    {"postgresql://u:" CANARY "@h h/d", "neither a name"},
    {"postgresql://u:" CANARY "@[::1/d", "[ without ]"},
    {"postgresql://u:" CANARY "@[::1]x/d", "behind an address"},
    {"postgresql://u:" CANARY "\n@h/d", "control character"},
    {"postgresql://${USER}:" CANARY "@h/d", "not expanded"},
    {"postgresql://h/d?password=" CANARY "&x=1", "unknown option"},
    {"postgresql://h/d?password=a&" CANARY "=1", "unknown option"},
    {"postgresql://h/d?password=a&" CANARY, "has no ="},
    {"postgresql://h/d?password=%zz" CANARY, "percent-encoded"},
    {"postgresql://h/d?sslpassword=" CANARY "&foo=1", "unknown option"},
    {"postgresql://h/d?passfile=" CANARY "&foo=1", "unknown option"},
    {"postgresql://u:" CANARY "@h/d?foo=1", "unknown option"},
    {"postgresql://h/d?foo=1&password=" CANARY, "unknown option \"foo\""},
    {"postgresql://h/d?server_settings=" CANARY, "unknown option \"server_settings\""},
    {"postgresql://u:" CANARY "@h/d?ssl=maybe", "ssl= in the database URL"},
    {"postgresql://u:" CANARY "@h/d?sslmode=maybe", "sslmode must be"},
    {"postgresql:///d?host=a&host=[::1&password=" CANARY, "[ without ]"},
    {"postgresql://h/d?ssl=" CANARY, "ssl= in the database URL"},
    {"postgresql://h/d?sslmode=" CANARY, "sslmode must be"},
    {"postgresql://u:" CANARY "@a,b:1,c:2/d?port=1,2", "one port"},
    {"postgresql://h/postgresql:%2F%2Fu:" CANARY "%40h", "itself a connection string"},
    {"host=h password=a " CANARY " dbname=d", "has no ="},
    {"host=h password=a " CANARY "=d", "unknown option"},
    {"host=h password='" CANARY, "not closed"},
    {"host=h password=" CANARY " port=x", "not a number"},
    {"host=h password=" CANARY " foo=x", "unknown option"},
    {"host=postgresql://u:" CANARY "@h/d", "neither a name"},
    {"dbname='host=h password=" CANARY "'", "itself a connection string"},
    {"foo=x password=" CANARY, "unknown option \"foo\""},
    {"sqlite://u:" CANARY "@/app.db", "three slashes"},
    {"sqlite://./app.db", "three slashes"},
    {"sqlite:///app.db?password=" CANARY, "option behind ?"},
    {"sqlite:///app.db?" CANARY, "option behind ?"},
    {"sqlite:///file:app.db?mode=ro&uri=true", "file: URIs"},
    {"sqlite:///a\033[31m.db", "control character"},
};

static void assert_hidden(const char *text)
{
    if (text == NULL)
        return;
    g_autofree char *lower = g_ascii_strdown(text, -1);
    g_autofree char *canary = g_ascii_strdown(CANARY, -1);
    ck_assert_msg(strstr(lower, canary) == NULL, "shown: %s", text);
}

START_TEST(test_failure)
{
    g_autoptr(CmigUrl) url = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert_msg(!cmig_url_parse(failures[_i].text, NULL, &url, &error), "%s", failures[_i].text);
    ck_assert_ptr_null(url);
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    ck_assert_msg(strstr(error->message, failures[_i].message) != NULL, "%s: %s", failures[_i].text,
                  error->message);
    assert_hidden(error->message);
    assert_hidden(cmig_error_detail(error));
    assert_hidden(cmig_error_hint(error));
}
END_TEST

/* Whatever stands around the secret, and whether the whole is well formed or not, it stays hidden:
 * all combinations of a frame and of the characters beside the canary. */
START_TEST(test_canary_everywhere)
{
    static const char *const frames[] = {
        "postgresql://u:%s@h/d",
        "postgresql+asyncpg://u:%s@h:5432/d?ssl=require",
        "postgresql://u:%s@[::1]:5432/d",
        "postgresql://u:%s@a,b:2/d",
        "postgresql://u:%s@/d?host=/var/run",
        "postgresql://h/d?password=%s",
        "postgresql://h/d?user=u&password=%s&port=5432",
        "postgresql://h/d?sslpassword=%s&sslmode=require",
        "postgresql://h/d?passfile=%s",
        "host=h user=u password=%s dbname=d",
        "host=h user=u password='%s' dbname=d",
        "password=%s",
        "sslpassword=%s host=h",
        "passfile=%s host=h",
        "mysql://u:%s@h/d",
        "sqlite://u:%s@/d",
        "u:%s@h/d",
        "postgresql:u:%s@h/d",
        "postgresql:/u:%s@h/d",
    };
    static const char *const fixes[] = {"",   "x",   "@",   "/",   "?",   "#",  "%",  "%4", ":",
                                        "&",  "=",   ",",   "[",   "]",   "\\", "'",  " ",  "\n",
                                        "+",  ";",   "${",  "://", "1/",  "1?", "1,", "1&", "1 ",
                                        "@h", "@h/", "%40", "%2F", "&x=", " x="};
    clear_environment();
    for (gsize frame = 0; frame < G_N_ELEMENTS(frames); frame++) {
        for (gsize pair = 0; pair < G_N_ELEMENTS(fixes) * G_N_ELEMENTS(fixes); pair++) {
            g_auto(GStrv) parts = g_strsplit(frames[frame], "%s", 2);
            g_autofree char *text = g_strconcat(parts[0], fixes[pair / G_N_ELEMENTS(fixes)], CANARY,
                                                fixes[pair % G_N_ELEMENTS(fixes)], parts[1], NULL);
            g_autoptr(CmigUrl) url = NULL;
            g_autoptr(GError) error = NULL;
            if (cmig_url_parse(text, NULL, &url, &error)) {
                const char *const shown[] = {url->display, url->sqlalchemy, url->host,
                                             url->database};
                for (gsize idx = 0; idx < G_N_ELEMENTS(shown); idx++) {
                    /* An honest host or database name of its own, behind a complete password. */
                    if (strstr(shown[idx], CANARY) != NULL)
                        ck_abort_msg("%s shows %s", text, shown[idx]);
                }
            } else {
                assert_hidden(error->message);
                assert_hidden(cmig_error_detail(error));
                assert_hidden(cmig_error_hint(error));
            }
        }
    }
}
END_TEST

START_TEST(test_hint_on_encoding)
{
    g_autoptr(CmigUrl) url = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_url_parse("postgresql://u:p@w@h/d", NULL, &url, &error));
    ck_assert_ptr_nonnull(strstr(cmig_error_hint(error), "%40"));
    ck_assert_ptr_nonnull(strstr(cmig_error_hint(error), "database:"));
}
END_TEST

static const struct {
    const char *part[6];  /* driver, user, password, host, port, name */
    const char *conninfo; /* or the path; NULL = error */
    const char *display;  /* or the message */
} parts[] = {
    {{NULL, "u", "p@/:#?%' \\", "h", "5432", "d"},
     "user='u' password='p@/:#?%\\' \\\\' host='h' port='5432' dbname='d'",
     "u@h:5432/d"},
    {{"postgresql+asyncpg", "u", "", "", "", "d"}, "user='u' dbname='d'", "u@/d"},
    {{NULL, NULL, NULL, NULL, NULL, NULL}, "", "libpq's default server"},
    {{"postgres", NULL, NULL, "/run/pg", NULL, "d"}, "host='/run/pg' dbname='d'", "/run/pg/d"},
    {{"sqlite", NULL, NULL, NULL, NULL, "./a.db"}, "/base/a.db", "/base/a.db"},
    {{"sqlite+aiosqlite", "", "", "", "", "/a.db"}, "/a.db", "/a.db"},
    {{"sqlite", NULL, NULL, NULL, NULL, NULL}, NULL, "needs a name"},
    {{"sqlite", "u", NULL, NULL, NULL, "a.db"}, NULL, "nothing else"},
    {{"mysql", "u", CANARY, "h", NULL, "d"}, NULL, "unsupported database \"mysql\""},
    {{"post gres", "u", CANARY, "h", NULL, "d"}, NULL, "driver must be"},
    {{NULL, "u", CANARY, "h", "x", "d"}, NULL, "not a number"},
    {{NULL, "u", "p", "u:" CANARY "@h", NULL, "d"}, NULL, "neither a name"},
    {{NULL, "u", "p", "h", NULL, "postgresql://u:" CANARY "@h/d"}, NULL, "connection string"},
};

START_TEST(test_parts)
{
    clear_environment();
    const char *const *part = parts[_i].part;
    g_autoptr(CmigUrl) url = NULL;
    g_autoptr(GError) error = NULL;
    gboolean made = cmig_url_from_parts(part[0], part[1], part[2], part[3], part[4], part[5],
                                        "/base", &url, &error);
    ck_assert_int_eq(made, parts[_i].conninfo != NULL);
    if (made) {
        ck_assert_str_eq(url->conninfo ? url->conninfo : url->path, parts[_i].conninfo);
        ck_assert_str_eq(url->display, parts[_i].display);
    } else {
        ck_assert_msg(strstr(error->message, parts[_i].display) != NULL, "%s", error->message);
        assert_hidden(error->message);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("url");
    TCase *tests = tcase_create("url");
    tcase_add_loop_test(tests, test_postgresql, 0, G_N_ELEMENTS(postgresql));
    tcase_add_loop_test(tests, test_sqlite, 0, G_N_ELEMENTS(sqlite));
    tcase_add_loop_test(tests, test_failure, 0, G_N_ELEMENTS(failures));
    tcase_add_loop_test(tests, test_parts, 0, G_N_ELEMENTS(parts));
    tcase_add_test(tests, test_libpq_environment);
    tcase_add_test(tests, test_sqlite_in_working_directory);
    tcase_add_test(tests, test_canary_everywhere);
    tcase_add_test(tests, test_hint_on_encoding);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
