/* One contract, every driver: each test runs against a real PostgreSQL and a real SQLite file. */
#include "cmig/interrupt.h"
#include "db_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#define IS_PG (fixture.dialect == CMIG_DIALECT_POSTGRESQL)

static void setup_postgresql(void)
{
    fixture_setup(CMIG_DIALECT_POSTGRESQL);
}

static void setup_sqlite(void)
{
    fixture_setup(CMIG_DIALECT_SQLITE);
}

START_TEST(looks_without_writing)
{
    g_autoptr(CmigDb) db = fixture_open();
    g_autoptr(CmigDbState) state = fixture_inspect(db, TRUE);
    ck_assert(state->locked);
    ck_assert(!state->read_only);
    ck_assert(!state->table_exists);
    ck_assert_str_eq(state->table_schema ? state->table_schema : "", IS_PG ? "public" : "main");
    ck_assert(g_str_has_prefix(state->server, IS_PG ? "PostgreSQL 1" : "SQLite 3."));
    assert_rows(db, "");
    if (!IS_PG)
        ck_assert(!g_file_test(fixture.url.path, G_FILE_TEST_EXISTS));
    assert_query(TABLES, "");
}
END_TEST

static const CmigReportLine *find_line(const GPtrArray *report, const char *name)
{
    for (guint idx = 0; idx < report->len; idx++)
        if (strcmp(((const CmigReportLine *)report->pdata[idx])->name, name) == 0)
            return report->pdata[idx];
    return NULL;
}

START_TEST(tells_about_itself)
{
    g_autoptr(GPtrArray) libraries = cmig_report_new();
    cmig_db_add_libraries(libraries);
    ck_assert_ptr_nonnull(find_line(libraries, "libpq"));
    ck_assert(g_str_has_prefix(find_line(libraries, "SQLite")->value, "3."));

    g_autoptr(CmigDb) db = fixture_open();
    g_autoptr(GPtrArray) before = cmig_report_new();
    ck_assert(cmig_db_examine(db, before, NULL)); /* an inspection may have failed */
    ck_assert_uint_eq(cmig_report_count(before), 0);
    ck_assert(
        g_str_has_prefix(find_line(before, "server")->value, IS_PG ? "PostgreSQL " : "SQLite "));
    if (IS_PG)
        ck_assert_ptr_null(find_line(before, "lock"));
    else
        ck_assert(!g_file_test(fixture.url.path, G_FILE_TEST_EXISTS));

    fixture_execute("CREATE TABLE t (a int)");
    g_autoptr(CmigDb) other = fixture_connect();
    g_autoptr(GPtrArray) now = cmig_report_new();
    ck_assert(cmig_db_examine(other, now, NULL));
    ck_assert_uint_eq(cmig_report_count(now), 0);
    ck_assert_str_eq(find_line(now, "lock")->value, "free");
    assert_query(TABLES, "t");
    if (!IS_PG)
        return;
    g_autoptr(CmigDbState) state = fixture_inspect(db, TRUE);
    ck_assert(state->locked);
    g_autoptr(GPtrArray) locked = cmig_report_new();
    ck_assert(cmig_db_examine(other, locked, NULL));
    ck_assert_uint_eq(cmig_report_count(locked), 1);
    ck_assert_ptr_nonnull(find_line(locked, "lock")->problem);
}
END_TEST

START_TEST(runs_a_unit)
{
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, "CREATE TABLE one (a int); INSERT INTO one VALUES (1), (2); SELECT * FROM one;",
                NO_ROWS, STRINGS(INSERT("b"), INSERT("_"), INSERT("B"), INSERT("a")));
    assert_rows(db, "B,_,a,b");
    assert_query(TABLES, "alembic_version,one");
    assert_query("SELECT count(*) FROM one", "2");
    assert_runs(db, NULL, STRINGS("B", "_", "a", "b"),
                STRINGS("DELETE FROM alembic_version WHERE version_num = 'a'"));
    assert_rows(db, "B,_,b");
    g_autoptr(CmigDbState) state = fixture_inspect(db, FALSE);
    ck_assert(state->table_exists);
}
END_TEST

START_TEST(makes_alembics_table)
{
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, NULL, NO_ROWS, NULL);
    if (IS_PG)
        assert_query(
            "SELECT format('%s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), "
            "a.attnotnull, c.conname || ' ' || pg_get_constraintdef(c.oid)) FROM "
            "pg_attribute a JOIN pg_constraint c ON c.conrelid = a.attrelid WHERE c.contype = 'p' "
            "AND "
            "a.attrelid = 'alembic_version'::regclass AND a.attnum > 0",
            "version_num character varying(32) t alembic_version_pkc PRIMARY KEY "
            "(version_num)");
    else
        assert_query("SELECT sql FROM sqlite_master WHERE type = 'table'",
                     "CREATE TABLE \"alembic_version\" (version_num VARCHAR(32) NOT NULL, "
                     "CONSTRAINT \"alembic_version_pkc\" PRIMARY KEY (version_num))");
}
END_TEST

START_TEST(runs_empty_scripts)
{
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, "", NO_ROWS, STRINGS(INSERT("a")));
    assert_runs(db, "-- nothing to do; really", STRINGS("a"), STRINGS(INSERT("b")));
    assert_runs(db, "CREATE TABLE t (a int) -- no end", STRINGS("a", "b"), STRINGS(INSERT("c")));
    assert_rows(db, "a,b,c");
}
END_TEST

START_TEST(refuses_other_rows)
{
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, NULL, NO_ROWS, STRINGS(INSERT("a"), INSERT("it''s")));
    for (int transactional = 0; transactional < 2; transactional++) {
        g_autoptr(GError) error = NULL;
        CmigDbOutcome outcome;
        ck_assert(!fixture_run(db, "CREATE TABLE t (a int)", transactional, STRINGS("a"),
                               STRINGS(INSERT("c")), &outcome, &error));
        assert_error(error, CMIG_ERROR_CONFLICT);
        ck_assert_str_eq(cmig_error_detail(error), "it holds [a, it's] where [a] was expected");
        ck_assert(!outcome.applied);
    }
    assert_rows(db, "a,it's");
    assert_query(TABLES, "alembic_version");
    assert_runs(db, "CREATE TABLE t (a int)", STRINGS("a", "it's"), STRINGS(INSERT("c")));
    assert_runs(db, NULL, NULL, STRINGS("DELETE FROM alembic_version"));
    assert_rows(db, "");
}
END_TEST

typedef struct {
    const char *text;
    guint line;
    guint column;
    guint done;
    guint sqlite_column; /* where SQLite tells less; 0 = the same */
} FailureCase;

/* The text begins on line 10. Errors with a position first, then errors at run time. */
static const FailureCase failures[] = {
    {"SELECT 1 FROM missing; CREATE TABLE t (a int)", 10, 15, 0, 1},
    {"CREATE TABLE t (a int);\n  SELECT\n  missing FROM t; SELECT 1;", 12, 3, 1, 0},
    {"CREATE TABLE t (a int);\nSELECT 'é€😀', missing", 11, 15, 1, 0},
    {"-- é€😀\n/* é */ CREATE TABLE t (a int); CREATE TABLE u (a int);\nINSERT INTO t SELECT "
     "missing\n-- end",
     12, 22, 2, 0},
    {"CREATE TABLE t (a int PRIMARY KEY);\n\n  INSERT INTO t VALUES (1);;\n  /* é */ INSERT INTO t "
     "VALUES (1);\nSELECT 1;",
     13, 11, 2, 0},
    {"CREATE TABLE t (a int CHECK (a > 0)); INSERT INTO t VALUES (-1)", 10, 39, 1, 0},
};

START_TEST(leaves_nothing_of_a_failure)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(failures); idx++) {
        const FailureCase *one = &failures[idx];
        g_autoptr(CmigDb) db = fixture_connect();
        g_autoptr(GError) error = NULL;
        CmigDbOutcome outcome;
        ck_assert(
            !fixture_run(db, one->text, TRUE, NO_ROWS, STRINGS(INSERT("a")), &outcome, &error));
        assert_error(error, CMIG_ERROR_FAILED);
        ck_assert_str_eq(cmig_error_file(error), "m.sql");
        guint column = !IS_PG && one->sqlite_column ? one->sqlite_column : one->column;
        ck_assert_msg(cmig_error_line(error) == one->line && cmig_error_column(error) == column,
                      "%s: %u:%u", one->text, cmig_error_line(error), cmig_error_column(error));
        ck_assert_uint_eq(outcome.statements_done, one->done);
        ck_assert(!outcome.applied);
        assert_rows(db, "");
        assert_query(TABLES, "");
    }
}
END_TEST

START_TEST(goes_on_after_a_failure)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    ck_assert(!fixture_run(db, "SELECT 1 FROM missing", TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL,
                           &error));
    assert_runs(db, "CREATE TABLE t (a int)", NO_ROWS, STRINGS(INSERT("a")));
    assert_rows(db, "a");
}
END_TEST

START_TEST(checks_the_number_of_changes)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    assert_runs(db, NULL, NO_ROWS, STRINGS(INSERT("a")));
    ck_assert(!fixture_run(db, NULL, TRUE, STRINGS("a"),
                           STRINGS("DELETE FROM alembic_version WHERE version_num = 'z'"), NULL,
                           &error));
    ck_assert_ptr_nonnull(strstr(error->message, "0 version rows"));
    assert_rows(db, "a");
}
END_TEST

START_TEST(runs_without_a_transaction)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    CmigDbOutcome outcome;
    const char *text =
        IS_PG ? "CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);\nVACUUM t"
              : "CREATE TABLE t (a int);\nVACUUM;\nPRAGMA journal_mode = WAL";
    gboolean done = fixture_run(db, text, FALSE, NO_ROWS, STRINGS(INSERT("a")), &outcome, &error);
    ck_assert_msg(done, "%s", error ? error->message : "");
    ck_assert(outcome.applied);
    assert_rows(db, "a");
    assert_query(TABLES, "alembic_version,t");
}
END_TEST

START_TEST(places_errors_without_a_transaction)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    CmigDbOutcome outcome;
    ck_assert(!fixture_run(db, "\nSELECT missing", FALSE, NO_ROWS, STRINGS(INSERT("a")), &outcome,
                           &error));
    assert_error(error, CMIG_ERROR_FAILED);
    ck_assert_uint_eq(cmig_error_line(error), 11);
    ck_assert_uint_eq(cmig_error_column(error), 8);
    assert_query(TABLES, "alembic_version");
    g_clear_error(&error);
    ck_assert(!fixture_run(db, "CREATE TABLE t (a int);\nSELECT 1;\n  SELECT missing; SELECT 2",
                           FALSE, NO_ROWS, STRINGS(INSERT("a")), &outcome, &error));
    assert_error(error, CMIG_ERROR_FAILED);
    ck_assert_uint_eq(cmig_error_line(error), 12);
    ck_assert_uint_eq(cmig_error_column(error), 10);
    ck_assert(!outcome.applied);
    assert_rows(db, "");
    assert_query(TABLES, "alembic_version,t");
}
END_TEST

START_TEST(rolls_back_what_a_section_leaves_open)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    ck_assert(fixture_run(db, "BEGIN; CREATE TABLE t (a int)", FALSE, NO_ROWS, STRINGS(INSERT("a")),
                          NULL, &error));
    assert_query(TABLES, "alembic_version");
}
END_TEST

/* One unit of a spanning transaction. */
static gboolean run_part(CmigDb *db, const char *text, gboolean begins, gboolean commits,
                         const char *const *expected, const char *const *changes, GError **error)
{
    g_autoptr(CmigSqlScript) script = fixture_scan(text, TRUE);
    CmigDbUnit unit = fixture_unit(script, expected, changes);
    unit.begins = begins;
    unit.commits = commits;
    CmigDbOutcome outcome;
    gboolean done = cmig_db_run(db, &unit, &outcome, error);
    ck_assert_int_eq(outcome.applied, done && commits);
    return done;
}

START_TEST(spans_units)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    ck_assert(cmig_db_can(db, CMIG_DB_SPAN));
    ck_assert(
        run_part(db, "CREATE TABLE t (a int)", TRUE, FALSE, NO_ROWS, STRINGS(INSERT("a")), NULL));
    assert_query(TABLES, "");
    ck_assert(run_part(db, "CREATE TABLE u (a int)", FALSE, FALSE, STRINGS("a"),
                       STRINGS(INSERT("b")), NULL));
    ck_assert(!run_part(db, "SELECT missing", FALSE, TRUE, STRINGS("a", "b"), STRINGS(INSERT("c")),
                        &error));
    assert_error(error, CMIG_ERROR_FAILED);
    g_clear_error(&error);
    ck_assert(
        !run_part(db, "SELECT 1", FALSE, TRUE, STRINGS("a", "b"), STRINGS(INSERT("c")), &error));
    ck_assert_ptr_nonnull(strstr(error->message, "no longer open"));
    assert_rows(db, "");
    assert_query(TABLES, "");
    ck_assert(
        run_part(db, "CREATE TABLE t (a int)", TRUE, FALSE, NO_ROWS, STRINGS(INSERT("a")), NULL));
    ck_assert(run_part(db, "CREATE TABLE u (a int)", FALSE, TRUE, STRINGS("a"),
                       STRINGS(INSERT("b")), NULL));
    assert_rows(db, "a,b");
    assert_query(TABLES, "alembic_version,t,u");
}
END_TEST

START_TEST(rolls_back_when_closed)
{
    CmigDb *db = fixture_connect();
    ck_assert(
        run_part(db, "CREATE TABLE t (a int)", TRUE, FALSE, NO_ROWS, STRINGS(INSERT("a")), NULL));
    cmig_db_close(db);
    assert_query(TABLES, "");
}
END_TEST

/* Ten processes want to take the same step. */
START_TEST(lets_one_of_many_win)
{
    pid_t children[10];
    int gate[2];
    ck_assert_int_eq(pipe(gate), 0);
    fixture.settings.lock_timeout = 20000;
    for (gsize idx = 0; idx < G_N_ELEMENTS(children); idx++) {
        children[idx] = fork();
        if (children[idx] != 0)
            continue;
        char byte;
        CmigDb *db = fixture_connect();
        close(gate[1]);
        (void)!read(gate[0], &byte, 1);
        g_autoptr(GError) error = NULL;
        g_autoptr(CmigSqlScript) script = fixture_scan("CREATE TABLE t (a int)", TRUE);
        CmigDbUnit unit = fixture_unit(script, NO_ROWS, STRINGS(INSERT("a")));
        gboolean won = cmig_db_run(db, &unit, NULL, &error);
        if (!won && error->code != CMIG_ERROR_CONFLICT)
            fprintf(stderr, "%s\n", error->message);
        cmig_db_close(db);
        _exit(won ? 0 : error->code == CMIG_ERROR_CONFLICT ? 1 : 2);
    }
    close(gate[0]);
    close(gate[1]);
    guint results[3] = {0};
    for (gsize idx = 0; idx < G_N_ELEMENTS(children); idx++) {
        int status = 0;
        waitpid(children[idx], &status, 0);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 3);
        results[WEXITSTATUS(status)]++;
    }
    ck_assert_uint_eq(results[0], 1);
    ck_assert_uint_eq(results[2], 0);
    g_autoptr(CmigDb) db = fixture_connect();
    assert_rows(db, "a");
}
END_TEST

static const char *const hostile_names[] = {
    "x\";drop table y;--", "a'b",  "sp ace", "Ünï😀", "%s%n", "select",
    "Alembic_Version",     "a\nb", "$$",
};

START_TEST(takes_any_table_name)
{
    fixture_execute("CREATE TABLE y (a int)");
    for (gsize idx = 0; idx < G_N_ELEMENTS(hostile_names); idx++) {
        fixture.table.name = hostile_names[idx];
        g_autoptr(CmigDb) db = fixture_connect();
        g_autofree char *table = cmig_db_version_table(db);
        g_autofree char *insert = g_strdup_printf("INSERT INTO %s VALUES ('a')", table);
        g_autoptr(GError) error = NULL;
        gboolean done = fixture_run(db, "SELECT 1", TRUE, NO_ROWS, STRINGS(insert), NULL, &error);
        ck_assert_msg(done, "%s: %s", hostile_names[idx], error ? error->message : "");
        assert_rows(db, "a");
        g_autoptr(CmigDbState) state = fixture_inspect(db, TRUE);
        ck_assert(state->table_exists);
        ck_assert(state->locked);
        g_autofree char *count = g_strdup_printf("SELECT count(*) FROM %s", table);
        assert_query(count, "1");
    }
    assert_query("SELECT count(*) FROM y", "0");
}
END_TEST

START_TEST(quotes)
{
    g_autofree char *identifier = cmig_db_quote_identifier("a\"b'c");
    ck_assert_str_eq(identifier, "\"a\"\"b'c\"");
    g_autofree char *literal = cmig_db_quote_literal("a\"b'c\\");
    ck_assert_str_eq(literal, "'a\"b''c\\'");
}
END_TEST

#define SLEEP                                                                                      \
    (IS_PG ? "CREATE TABLE t (a int);\nSELECT pg_sleep(30);"                                       \
           : "CREATE TABLE t (a int);\nWITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 "   \
             "FROM c) SELECT max(n) FROM c;")

static gpointer cancel_soon(gpointer data)
{
    CmigDb *db = data;
    g_usleep(300000);
    db->driver->cancel(db);
    return NULL;
}

START_TEST(cancels)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    GThread *thread = g_thread_new("cancel", cancel_soon, db);
    gint64 start = g_get_monotonic_time();
    ck_assert(!fixture_run(db, SLEEP, TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL, &error));
    g_thread_join(thread);
    ck_assert_int_lt(g_get_monotonic_time() - start, 5 * G_USEC_PER_SEC);
    assert_error(error, CMIG_ERROR_INTERRUPTED);
    ck_assert_uint_eq(cmig_error_line(error), 11);
    assert_query(TABLES, "");
    assert_runs(db, "SELECT 1", NO_ROWS, STRINGS(INSERT("a")));
}
END_TEST

static gpointer signal_soon(gpointer data)
{
    (void)data;
    g_usleep(300000);
    kill(getpid(), SIGINT);
    return NULL;
}

START_TEST(stops_at_a_signal)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    cmig_interrupt_install();
    GThread *thread = g_thread_new("signal", signal_soon, NULL);
    gint64 start = g_get_monotonic_time();
    ck_assert(!fixture_run(db, SLEEP, TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL, &error));
    g_thread_join(thread);
    ck_assert_int_lt(g_get_monotonic_time() - start, 5 * G_USEC_PER_SEC);
    assert_error(error, CMIG_ERROR_INTERRUPTED);
    assert_query(TABLES, "");
    g_clear_error(&error);
    ck_assert(!fixture_run(db, "SELECT 1", TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL, &error));
    assert_error(error, CMIG_ERROR_INTERRUPTED);
}
END_TEST

START_TEST(limits_the_time_of_a_statement)
{
    fixture.settings.statement_timeout = 300;
    for (int transactional = 0; transactional < 2; transactional++) {
        g_autoptr(CmigDb) db = fixture_connect();
        g_autoptr(GError) error = NULL;
        const char *text = strchr(SLEEP, '\n');
        ck_assert(
            !fixture_run(db, text, transactional, NO_ROWS, STRINGS(INSERT("a")), NULL, &error));
        assert_error(error, CMIG_ERROR_TRY_AGAIN);
        ck_assert_uint_eq(cmig_error_line(error), 11);
        assert_query(TABLES, transactional ? "" : "alembic_version");
        if (!transactional)
            cmig_db_execute(db, "DROP TABLE alembic_version", NULL);
    }
}
END_TEST

START_TEST(refuses_a_table_of_another_shape)
{
    fixture_execute("CREATE TABLE alembic_version (id int)");
    g_autoptr(CmigDb) db = fixture_connect();
    GPtrArray *rows = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_db_read_rows(db, NULL, &rows, NULL, &error));
    assert_error(error, CMIG_ERROR_FAILED);
    ck_assert_ptr_nonnull(strstr(error->message, "no column version_num"));
    g_clear_error(&error);
    ck_assert(!fixture_run(db, "CREATE TABLE t (a int)", TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL,
                           &error));
    assert_error(error, CMIG_ERROR_FAILED);
    assert_query(TABLES, "alembic_version");
}
END_TEST

START_TEST(takes_large_scripts)
{
    g_autoptr(GString) text = g_string_new("CREATE TABLE t (a text);\n");
    g_autofree char *value = g_strnfill(1024, 'x');
    while (text->len < 20 * 1024 * 1024)
        g_string_append_printf(text, "INSERT INTO t VALUES ('%s');\n", value);
    g_string_append(text, "INSERT INTO t VALUES (missing);");
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    ck_assert(!fixture_run(db, text->str, TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL, &error));
    assert_error(error, CMIG_ERROR_FAILED);
    ck_assert_uint_gt(cmig_error_line(error), 19000);
    ck_assert_uint_eq(cmig_error_column(error), 23);
    g_string_truncate(text, text->len - strlen("INSERT INTO t VALUES (missing);"));
    assert_runs(db, text->str, NO_ROWS, STRINGS(INSERT("a")));
}
END_TEST

static TCase *make_case(const char *name, void (*setup)(void))
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, fixture_teardown);
    tcase_add_test(tests, looks_without_writing);
    tcase_add_test(tests, tells_about_itself);
    tcase_add_test(tests, runs_a_unit);
    tcase_add_test(tests, makes_alembics_table);
    tcase_add_test(tests, runs_empty_scripts);
    tcase_add_test(tests, refuses_other_rows);
    tcase_add_test(tests, leaves_nothing_of_a_failure);
    tcase_add_test(tests, goes_on_after_a_failure);
    tcase_add_test(tests, checks_the_number_of_changes);
    tcase_add_test(tests, runs_without_a_transaction);
    tcase_add_test(tests, places_errors_without_a_transaction);
    tcase_add_test(tests, rolls_back_what_a_section_leaves_open);
    tcase_add_test(tests, spans_units);
    tcase_add_test(tests, rolls_back_when_closed);
    tcase_add_test(tests, lets_one_of_many_win);
    tcase_add_test(tests, takes_any_table_name);
    tcase_add_test(tests, quotes);
    tcase_add_test(tests, cancels);
    tcase_add_test(tests, stops_at_a_signal);
    tcase_add_test(tests, limits_the_time_of_a_statement);
    tcase_add_test(tests, refuses_a_table_of_another_shape);
    tcase_add_test(tests, takes_large_scripts);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("db_contract");
    suite_add_tcase(suite, make_case("postgresql", setup_postgresql));
    suite_add_tcase(suite, make_case("sqlite", setup_sqlite));
    return fixture_main(suite);
}
