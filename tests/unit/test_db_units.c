/* The part of the contract that a run is made of: what travels with a unit, work outside of
 * transactions, connecting again. Each test runs on PostgreSQL and on SQLite. */
#include "db_fixture.h"

#define IS_PG (fixture.dialect == CMIG_DIALECT_POSTGRESQL)

static void setup_postgresql(void)
{
    fixture_setup(CMIG_DIALECT_POSTGRESQL);
}

static void setup_sqlite(void)
{
    fixture_setup(CMIG_DIALECT_SQLITE);
}

/* `call` writes its error to `wrong`. */
#define assert_done(call)                                                                          \
    do {                                                                                           \
        g_autoptr(GError) wrong = NULL;                                                            \
        ck_assert_msg(call, "%s: %s", #call, wrong ? wrong->message : "no error");                 \
    } while (0)

/* Statement `index` of a script, by itself. */
static gboolean run_statement(CmigDb *db, const char *text, guint index,
                              CmigDbStatementOutcome *outcome, GError **error)
{
    g_autoptr(CmigSqlScript) script = fixture_scan(text, FALSE);
    return cmig_db_run_statement(db, script, index, outcome, error);
}

static void assert_statement(CmigDb *db, const char *text, gboolean in_transaction)
{
    CmigDbStatementOutcome outcome;
    assert_done(run_statement(db, text, 0, &outcome, &wrong));
    ck_assert(outcome.done && !outcome.unclear && !outcome.lost);
    ck_assert_int_eq(outcome.in_transaction, in_transaction);
}

START_TEST(writes_records_with_the_unit)
{
    static const struct {
        const char *text;
        const char *record;
        const char *message; /* how it begins; NULL: it works */
    } cases[] = {
        {"INSERT INTO made VALUES (1)", "INSERT INTO notes VALUES ('fine')", NULL},
        {"INSERT INTO made VALUES (2)", "INSERT INTO missing VALUES ('x')",
         "writing the audit record: "},
        {"INSERT INTO made VALUES (3);\nSELECT missing", "INSERT INTO notes VALUES ('bad')", ""},
    };
    fixture_execute("CREATE TABLE notes (a text)");
    fixture_execute("CREATE TABLE made (a int)");
    g_autoptr(CmigDb) db = fixture_connect();
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(CmigSqlScript) script = fixture_scan(cases[idx].text, TRUE);
        g_autoptr(GError) error = NULL;
        CmigDbUnit unit = fixture_unit(script, idx == 0 ? NO_ROWS : STRINGS("a"),
                                       idx == 0 ? STRINGS(INSERT("a")) : STRINGS(INSERT("b")));
        unit.records = STRINGS("INSERT INTO notes VALUES ('first')", cases[idx].record);
        CmigDbOutcome outcome;
        gboolean done = cmig_db_run(db, &unit, &outcome, &error);
        ck_assert_msg(done == (cases[idx].message == NULL), "%s", error ? error->message : "");
        ck_assert_int_eq(outcome.applied, done);
        if (!done) {
            assert_error(error, CMIG_ERROR_FAILED);
            ck_assert_msg(g_str_has_prefix(error->message, cases[idx].message), "%s",
                          error->message);
            /* The script is not to blame for a record. */
            ck_assert_int_eq(cmig_error_file(error) == NULL, *cases[idx].message != '\0');
        }
        assert_rows(db, "a");
        assert_query("SELECT a FROM made", "1");
        assert_query("SELECT a FROM notes ORDER BY a", "fine,first");
    }
}
END_TEST

/* The records stand behind the check of the rows: they are not written when that fails. */
START_TEST(checks_the_result_before_the_records)
{
    fixture_execute("CREATE TABLE notes (a text)");
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, NULL, NO_ROWS, STRINGS(INSERT("a")));
    g_autoptr(CmigSqlScript) script = fixture_scan("DELETE FROM alembic_version", TRUE);
    g_autoptr(GError) error = NULL;
    CmigDbUnit unit = fixture_unit(script, STRINGS("a"), STRINGS(INSERT("b")));
    unit.result = STRINGS("a", "b");
    unit.records = STRINGS("INSERT INTO notes VALUES ('x')", INSERT("a"), INSERT("b"));
    ck_assert(!cmig_db_run(db, &unit, NULL, &error));
    assert_error(error, CMIG_ERROR_FAILED);
    ck_assert_ptr_nonnull(strstr(error->message, "version table"));
    assert_rows(db, "a");
    assert_query("SELECT a FROM notes", "");
}
END_TEST

static void collect(const char *severity, const char *message, gpointer data)
{
    g_string_append_printf(data, "[%s %s]", severity, message);
}

START_TEST(sets_up_what_is_not_there)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    fixture.settings.notice = collect;
    fixture.settings.notice_data = seen;
    g_autoptr(CmigDb) db = fixture_connect();
    const char *const setup[] = {"CREATE TABLE IF NOT EXISTS side (a int)",
                                 "CREATE TABLE IF NOT EXISTS more (a int)", NULL};
    g_autoptr(CmigSqlScript) failing = fixture_scan("SELECT missing", TRUE);
    CmigDbUnit unit = fixture_unit(failing, NO_ROWS, NULL);
    unit.setup = setup;
    ck_assert(!cmig_db_run(db, &unit, NULL, NULL));
    assert_query(TABLES, "");
    /* With the version table and without; again and again, and nobody is told. */
    for (int round = 0; round < 3; round++) {
        unit = fixture_unit(NULL, NO_ROWS, NULL);
        unit.setup = setup;
        unit.create_table = round == 0;
        unit.records = STRINGS("INSERT INTO side VALUES (1)");
        assert_done(cmig_db_run(db, &unit, NULL, &wrong));
    }
    assert_query(TABLES, "alembic_version,more,side");
    assert_query("SELECT a FROM side", "1,1,1");
    ck_assert_str_eq(seen->str, "");
}
END_TEST

static const char parts[] = "CREATE TABLE one (a int);\n"
                            "CREATE TABLE two (é int);\n"
                            "  SELECT 'é', missing; CREATE TABLE four (a int)";

START_TEST(runs_one_statement_of_a_script)
{
    static const struct {
        guint only;
        const char *tables;
        guint line; /* of the error */
        guint column;
    } cases[] = {
        {2, "alembic_version,two", 0, 0},           {3, "alembic_version,two", 12, 15},
        {4, "alembic_version,four,two", 0, 0},      {1, "alembic_version,four,one,two", 0, 0},
        {1, "alembic_version,four,one,two", 10, 1}, /* it is there */
    };
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(CmigSqlScript) script = fixture_scan(parts, TRUE);
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(GError) error = NULL;
        CmigDbOutcome outcome;
        CmigDbUnit unit = fixture_unit(script, NO_ROWS, NULL);
        unit.only = cases[idx].only;
        gboolean done = cmig_db_run(db, &unit, &outcome, &error);
        ck_assert_msg(done == (cases[idx].line == 0), "%s", error ? error->message : "");
        ck_assert_uint_eq(outcome.statements_done, done ? 1 : 0);
        assert_query(TABLES, cases[idx].tables);
        if (done)
            continue;
        ck_assert_uint_eq(cmig_error_line(error), cases[idx].line);
        /* Only SQLite knows the place in a CREATE TABLE. */
        if (cases[idx].column > 1)
            ck_assert_uint_eq(cmig_error_column(error), cases[idx].column);
    }
}
END_TEST

START_TEST(tells_about_one_statement)
{
    CmigDbStatementOutcome outcome;
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, NULL, NO_ROWS, NULL);
    assert_done(cmig_db_enter(db, &wrong));
    assert_statement(db, "CREATE TABLE t (a int)", FALSE);
    assert_query(TABLES, "alembic_version,t");
    assert_statement(db, "BEGIN", TRUE);
    assert_statement(db, "INSERT INTO t VALUES (1)", TRUE);
    assert_statement(db, "COMMIT", FALSE);
    assert_query("SELECT a FROM t", "1");
    g_autoptr(GError) error = NULL;
    ck_assert(!run_statement(db, "SELECT 1;\nSELECT 2; SELECT missing", 2, &outcome, &error));
    assert_error(error, CMIG_ERROR_FAILED);
    ck_assert(!outcome.done && !outcome.in_transaction && !outcome.unclear && !outcome.lost);
    ck_assert_uint_eq(cmig_error_line(error), 11);
    ck_assert_uint_eq(cmig_error_column(error), 18);
    /* Only what it has to say itself: which statement of how many this is, others say. */
    ck_assert_ptr_null(strstr(error->message, "statement "));
    g_clear_error(&error);
    assert_statement(db, "BEGIN", TRUE);
    assert_statement(db, "INSERT INTO t VALUES (2)", TRUE);
    ck_assert(!run_statement(db, "SELECT missing", 0, &outcome, &error));
    ck_assert(!outcome.done && outcome.in_transaction);
    cmig_db_leave(db);
    assert_query("SELECT a FROM t", "1");
    assert_runs(db, "INSERT INTO t VALUES (3)", NO_ROWS, NULL);
    assert_query("SELECT a FROM t ORDER BY a", "1,3");
}
END_TEST

/* A record that goes with the script's own transaction. */
START_TEST(writes_records_into_the_scripts_transaction)
{
    fixture_execute("CREATE TABLE notes (a text)");
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, NULL, NO_ROWS, NULL);
    assert_done(cmig_db_enter(db, &wrong));
    static const char *const ends[] = {"ROLLBACK", "COMMIT"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(ends); idx++) {
        CmigDbUnit unit = {.expected = NO_ROWS, .records = STRINGS("INSERT INTO notes VALUES (1)")};
        assert_statement(db, "BEGIN", TRUE);
        assert_statement(db, "CREATE TABLE t (a int)", TRUE);
        assert_done(cmig_db_run(db, &unit, NULL, &wrong));
        assert_query("SELECT a FROM notes", "");
        assert_statement(db, ends[idx], FALSE);
        assert_query("SELECT a FROM notes", idx == 0 ? "" : "1");
    }
    cmig_db_leave(db);
    assert_query(TABLES, "alembic_version,notes,t");
}
END_TEST

/* What the script sets lasts to the end of the section, units in between or not, and no longer. */
START_TEST(keeps_settings_within_a_section)
{
    const char *set = IS_PG ? "SET statement_timeout = '7min'" : "PRAGMA case_sensitive_like = ON";
    const char *look = IS_PG ? "INSERT INTO seen SELECT current_setting('statement_timeout')"
                             : "INSERT INTO seen SELECT 'a' LIKE 'A'";
    fixture_execute("CREATE TABLE seen (a text)");
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, NULL, NO_ROWS, NULL);
    g_autoptr(CmigSqlScript) script = fixture_scan(look, TRUE);
    assert_done(cmig_db_enter(db, &wrong));
    assert_statement(db, set, FALSE);
    CmigDbUnit unit = fixture_unit(script, NO_ROWS, NULL);
    unit.records = STRINGS("INSERT INTO seen VALUES ('record')");
    assert_done(cmig_db_run(db, &unit, NULL, &wrong));
    /* Also behind a unit that failed. */
    unit.expected = STRINGS("other");
    ck_assert(!cmig_db_run(db, &unit, NULL, NULL));
    assert_statement(db, look, FALSE);
    cmig_db_leave(db);
    assert_runs(db, look, NO_ROWS, NULL);
    assert_query("SELECT a FROM seen", IS_PG ? "7min,record,7min,0" : "0,record,0,1");
}
END_TEST

static void break_connection(void)
{
    if (!IS_PG)
        return;
    PGconn *conn = PQconnectdb(g_getenv("CMIG_TEST_PG"));
    g_autofree char *sql = g_strdup_printf(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'",
        fixture.name);
    PQclear(PQexec(conn, sql));
    PQfinish(conn);
}

static gpointer cancel_soon(gpointer data)
{
    CmigDb *db = data;
    g_usleep(300000);
    db->driver->cancel(db);
    return NULL;
}

#define SLEEP                                                                                      \
    (IS_PG ? "SELECT pg_sleep(20);"                                                                \
           : "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM " \
             "c;")

START_TEST(connects_again)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    fixture.settings.notice = collect;
    fixture.settings.notice_data = seen;
    g_autoptr(CmigDb) db = fixture_open();
    cmig_db_state_free(fixture_inspect(db, TRUE));
    assert_runs(db, NULL, NO_ROWS, STRINGS(INSERT("a")));
    g_autoptr(GError) error = NULL;
    for (int round = 0; round < 2; round++) {
        break_connection();
        if (IS_PG)
            ck_assert(!fixture_run(db, "SELECT 1", TRUE, STRINGS("a"), NULL, NULL, NULL));
        assert_done(cmig_db_reconnect(db, &wrong));
        /* The lock went with the old session, which may take a moment to end. */
        gboolean locked = FALSE;
        for (int attempt = 0; attempt < 100 && !locked; attempt++) {
            g_autoptr(CmigDbState) state = fixture_inspect(db, TRUE);
            locked = state->locked;
            g_usleep(locked ? 0 : 20000);
        }
        ck_assert(locked);
        assert_done(cmig_db_enter(db, &wrong));
        cmig_db_leave(db);
    }
    g_string_truncate(seen, 0);
    if (IS_PG) {
        assert_runs(db, "DO $$ BEGIN RAISE NOTICE 'hello'; END $$", STRINGS("a"), NULL);
        ck_assert_str_eq(seen->str, "[NOTICE hello]");
    }
    GThread *thread = g_thread_new("cancel", cancel_soon, db);
    gint64 start = g_get_monotonic_time();
    ck_assert(!fixture_run(db, SLEEP, TRUE, STRINGS("a"), NULL, NULL, &error));
    g_thread_join(thread);
    ck_assert_int_lt(g_get_monotonic_time() - start, 5 * G_USEC_PER_SEC);
    assert_error(error, CMIG_ERROR_INTERRUPTED);
    assert_runs(db, "CREATE TABLE t (a int)", STRINGS("a"), STRINGS(INSERT("b")));
}
END_TEST

/* Reconnecting ends what was open. */
START_TEST(rolls_back_when_it_connects_again)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(CmigSqlScript) script = fixture_scan("CREATE TABLE t (a int)", TRUE);
    CmigDbUnit unit = fixture_unit(script, NO_ROWS, STRINGS(INSERT("a")));
    unit.commits = FALSE;
    assert_done(cmig_db_run(db, &unit, NULL, &wrong));
    assert_done(cmig_db_reconnect(db, &wrong));
    cmig_db_state_free(fixture_inspect(db, FALSE));
    assert_rows(db, "");
    assert_runs(db, "CREATE TABLE t (a int)", NO_ROWS, STRINGS(INSERT("a")));
}
END_TEST

/* Rows as "a|b,c|d". */
static char *join(const GPtrArray *rows)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint idx = 0; idx < rows->len; idx++) {
        g_autofree char *cells = g_strjoinv("|", rows->pdata[idx]);
        g_string_append_printf(text, "%s%s", idx ? "," : "", cells);
    }
    return g_strdup(text->str);
}

START_TEST(asks_for_more_with_the_rows)
{
    static const struct {
        const char *also;
        const char *found; /* NULL: it fails */
    } cases[] = {
        {NULL, ""},
        {"SELECT a, b FROM notes ORDER BY a", "1|x,2|"},
        {"SELECT a FROM notes WHERE a > 2", ""},
        {"SELECT missing FROM notes", NULL},
    };
    fixture_execute("CREATE TABLE notes (a int, b text)");
    fixture_execute("INSERT INTO notes VALUES (1, 'x'), (2, NULL)");
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, NULL, NO_ROWS, STRINGS(INSERT("b"), INSERT("a")));
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(GPtrArray) rows = NULL;
        g_autoptr(GPtrArray) others = NULL;
        g_autoptr(GError) error = NULL;
        gboolean done = cmig_db_read_rows(db, cases[idx].also, &rows, &others, &error);
        ck_assert_int_eq(done, cases[idx].found != NULL);
        if (!done) {
            assert_error(error, CMIG_ERROR_FAILED);
            ck_assert(rows == NULL && others == NULL);
            continue;
        }
        ck_assert_uint_eq(rows->len, 2);
        ck_assert_str_eq(rows->pdata[0], "a");
        g_autofree char *found = join(others);
        ck_assert_str_eq(found, cases[idx].found);
    }
    assert_rows(db, "a,b");
}
END_TEST

START_TEST(queries)
{
    static const struct {
        const char *sql;
        const char *found; /* NULL: it fails */
    } cases[] = {
        {"SELECT 1, NULL, 'é' UNION ALL SELECT 2, 'x', '' ORDER BY 1", "1||é,2|x|"},
        {"SELECT 1 WHERE 1 = 0", ""},
        {"CREATE TABLE t (a int)", ""},
        {"INSERT INTO t VALUES (7)", ""},
        {"SELECT a FROM t", "7"},
        {"SELECT missing", NULL},
    };
    g_autoptr(CmigDb) db = fixture_connect();
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(GPtrArray) rows = NULL;
        g_autoptr(GError) error = NULL;
        gboolean done = cmig_db_query(db, cases[idx].sql, &rows, &error);
        ck_assert_msg(done == (cases[idx].found != NULL), "%s", cases[idx].sql);
        if (!done) {
            assert_error(error, CMIG_ERROR_FAILED);
            continue;
        }
        g_autofree char *found = join(rows);
        ck_assert_str_eq(found, cases[idx].found);
    }
    assert_query("SELECT a FROM t", "7");
}
END_TEST

START_TEST(looks_for_the_audit_table)
{
    g_autoptr(CmigDb) plain = fixture_open();
    g_autoptr(CmigDbState) none = fixture_inspect(plain, FALSE);
    ck_assert(!none->audit_exists);
    ck_assert_int_eq(none->deadlock_timeout > 0, IS_PG);
    fixture.settings.audit_table = "Notes";
    g_autoptr(CmigDb) db = fixture_open();
    g_autoptr(CmigDbState) before = fixture_inspect(db, FALSE);
    ck_assert(!before->audit_exists && !before->audit_readable);
    fixture_execute("CREATE TABLE \"Notes\" (a int)");
    g_autoptr(CmigDbState) after = fixture_inspect(db, FALSE);
    ck_assert(after->audit_exists && after->audit_readable);
    g_autoptr(CmigDbState) unasked = fixture_inspect(plain, FALSE);
    ck_assert(!unasked->audit_exists);
}
END_TEST

typedef struct {
    CmigDb *db;
    guint calls;
    gboolean watched;
} Ticks;

static void count_tick(gpointer data)
{
    Ticks *ticks = data;
    g_autoptr(CmigDbActivity) activity = NULL;
    ticks->calls++;
    ticks->watched = cmig_db_watch(ticks->db, &activity);
    ck_assert_int_eq(activity != NULL, ticks->watched);
    if (activity != NULL)
        ck_assert(!activity->waiting && activity->blockers->len == 0);
}

START_TEST(ticks)
{
    const char *half = IS_PG ? "SELECT pg_sleep(0.6)"
                             : "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                               "LIMIT 3000000) SELECT max(n) FROM c";
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, NULL, NO_ROWS, NULL);
    Ticks seen = {.db = db};
    cmig_db_set_tick(db, count_tick, &seen);
    for (int separate = 0; separate < 2; separate++) {
        seen.calls = 0;
        gint64 start = g_get_monotonic_time();
        if (separate) {
            assert_done(cmig_db_enter(db, &wrong));
            assert_statement(db, half, FALSE);
            cmig_db_leave(db);
        } else {
            assert_runs(db, half, NO_ROWS, NULL);
        }
        gint64 tenths = (g_get_monotonic_time() - start) / (G_USEC_PER_SEC / 10);
        ck_assert_msg(seen.calls >= 2 && seen.calls <= tenths + 1, "%u in %d", seen.calls,
                      (int)tenths);
        ck_assert_int_eq(seen.watched, IS_PG);
    }
    cmig_db_set_tick(db, NULL, NULL);
    seen.calls = 0;
    assert_runs(db, half, NO_ROWS, NULL);
    ck_assert_uint_eq(seen.calls, 0);
}
END_TEST

/* VACUUM can be repeated on both. */
START_TEST(probes_without_changing)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(CmigSqlScript) script = fixture_scan("SELECT 1; VACUUM", FALSE);
    g_autoptr(CmigEffect) effect = NULL;
    assert_done(cmig_db_probe(db, script, 1, &effect, &wrong));
    ck_assert_int_eq(effect->state, CMIG_EFFECT_ABSENT);
    ck_assert_ptr_null(effect->cleanup);
    assert_query(TABLES, "");
}
END_TEST

static TCase *make_case(const char *name, void (*setup)(void))
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, fixture_teardown);
    tcase_add_test(tests, writes_records_with_the_unit);
    tcase_add_test(tests, checks_the_result_before_the_records);
    tcase_add_test(tests, sets_up_what_is_not_there);
    tcase_add_test(tests, runs_one_statement_of_a_script);
    tcase_add_test(tests, tells_about_one_statement);
    tcase_add_test(tests, writes_records_into_the_scripts_transaction);
    tcase_add_test(tests, keeps_settings_within_a_section);
    tcase_add_test(tests, connects_again);
    tcase_add_test(tests, rolls_back_when_it_connects_again);
    tcase_add_test(tests, asks_for_more_with_the_rows);
    tcase_add_test(tests, queries);
    tcase_add_test(tests, looks_for_the_audit_table);
    tcase_add_test(tests, ticks);
    tcase_add_test(tests, probes_without_changing);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("db_units");
    suite_add_tcase(suite, make_case("postgresql", setup_postgresql));
    suite_add_tcase(suite, make_case("sqlite", setup_sqlite));
    return fixture_main(suite);
}
