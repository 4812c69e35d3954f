/* What only PostgreSQL has: one message for a unit, COPY, notices, what the server says. */
#include "db_fixture.h"

static void setup(void)
{
    fixture_setup(CMIG_DIALECT_POSTGRESQL);
}

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

int main(void)
{
    Suite *suite = suite_create("db_pg_run");
    TCase *tests = tcase_create("run");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, fixture_teardown);
    tcase_add_test(tests, copies);
    tcase_add_test(tests, places_errors_around_copies);
    tcase_add_test(tests, carries_what_the_server_says);
    tcase_add_test(tests, notices_a_failing_commit);
    tcase_add_test(tests, notices_a_section_that_ends_its_transaction);
    tcase_add_test(tests, delivers_notices);
    tcase_add_test(tests, times_out);
    suite_add_tcase(suite, tests);
    return fixture_main(suite);
}
