/* How large tables are: what exists, how many rows, and what is said when nobody may look. */
#include "db_fixture.h"

#define LIMIT 10

#define UNKNOWN (-1)
#define SOME    (-2) /* any number above the limit, or of bytes */
#define ANY     (-3)

typedef struct {
    const char *schema;
    const char *name;
    const char *kind;
    gboolean exists;
    gint64 rows;
    gboolean exact;
    gint64 bytes;
} SizeCase;

static gboolean is_as_wanted(gint64 found, gint64 wanted, gint64 least)
{
    return wanted == ANY || (wanted == SOME ? found > least : found == wanted);
}

static void check_sizes(CmigDb *db, const SizeCase *cases, gsize count)
{
    g_autoptr(CmigFact) fact = cmig_fact_new(0);
    g_autoptr(GArray) sizes = NULL;
    g_autoptr(GError) error = NULL;
    for (gsize idx = 0; idx < count; idx++)
        g_ptr_array_add(fact->targets,
                        cmig_fact_target_new(cases[idx].schema, cases[idx].name, cases[idx].kind));
    ck_assert_msg(cmig_db_sizes(db, fact->targets, LIMIT, &sizes, &error), "%s",
                  error ? error->message : "");
    ck_assert_uint_eq(sizes->len, count);
    for (guint idx = 0; idx < count; idx++) {
        const CmigDbSize *size = &g_array_index(sizes, CmigDbSize, idx);
        const SizeCase *wanted = &cases[idx];
        ck_assert_msg(
            size->exists == wanted->exists && size->exact == wanted->exact &&
                is_as_wanted(size->rows, wanted->rows, LIMIT) &&
                is_as_wanted(size->bytes, wanted->bytes, 0),
            "%s %s: exists %d, rows %" G_GINT64_FORMAT ", exact %d, bytes %" G_GINT64_FORMAT,
            wanted->kind, wanted->name, size->exists, size->rows, size->exact, size->bytes);
    }
}

#define NOTHING FALSE, UNKNOWN, FALSE, UNKNOWN

/* --- PostgreSQL --- */

static void setup_postgresql(void)
{
    fixture_setup(CMIG_DIALECT_POSTGRESQL);
}

static const char postgresql_tables[] =
    "CREATE TABLE empty (a int);"
    "CREATE TABLE few (a int PRIMARY KEY); INSERT INTO few SELECT generate_series(1, 10);"
    "CREATE TABLE many (a int); INSERT INTO many SELECT generate_series(1, 11);"
    "CREATE TABLE huge (a int); INSERT INTO huge SELECT generate_series(1, 5000); ANALYZE huge;"
    /* What the statistics know is long past. */
    "CREATE TABLE grown (a int) WITH (autovacuum_enabled = off); INSERT INTO grown VALUES (1);"
    "ANALYZE grown; INSERT INTO grown SELECT generate_series(1, 100);"
    "CREATE TABLE shrunk (a int) WITH (autovacuum_enabled = off);"
    "INSERT INTO shrunk SELECT generate_series(1, 5000); ANALYZE shrunk; TRUNCATE shrunk;"
    "CREATE TABLE parts (a int) PARTITION BY LIST (a);"
    "CREATE TABLE part1 PARTITION OF parts FOR VALUES IN (1) PARTITION BY LIST (a);"
    "CREATE TABLE part11 PARTITION OF part1 FOR VALUES IN (1);"
    "CREATE TABLE part2 PARTITION OF parts FOR VALUES IN (2);"
    "INSERT INTO parts SELECT 1 + g % 2 FROM generate_series(1, 8) g;"
    "CREATE TABLE child () INHERITS (few); INSERT INTO child VALUES (77);"
    "CREATE VIEW v AS SELECT 1; CREATE SEQUENCE s;"
    "CREATE MATERIALIZED VIEW m AS SELECT generate_series(1, 3);"
    "CREATE SCHEMA app; CREATE TABLE app.\"o'd \"\"x\" (a int); INSERT INTO app.\"o'd \"\"x\" "
    "VALUES "
    "(1); CREATE TABLE app.few (a int); INSERT INTO app.few VALUES (1); CREATE TABLE app.none (a "
    "int); CREATE SCHEMA nothing;";

static const SizeCase postgresql_sizes[] = {
    {NULL, "empty", "table", TRUE, 0, TRUE, 0},
    {NULL, "few", "table", TRUE, 11, FALSE, SOME}, /* with its child */
    {NULL, "child", "table", TRUE, 1, TRUE, SOME},
    {NULL, "many", "table", TRUE, 11, FALSE, SOME},
    {NULL, "huge", "table", TRUE, 5000, FALSE, SOME},
    {NULL, "grown", "table", TRUE, SOME, FALSE, SOME},
    {NULL, "shrunk", "table", TRUE, 0, TRUE, ANY},
    {NULL, "parts", "table", TRUE, 8, TRUE, SOME},
    {NULL, "part1", "table", TRUE, 4, TRUE, SOME},
    {NULL, "v", "view", TRUE, UNKNOWN, FALSE, 0},
    {NULL, "v", "table", TRUE, UNKNOWN, FALSE, 0},
    {NULL, "s", "sequence", TRUE, UNKNOWN, FALSE, SOME},
    {NULL, "m", "materialized view", TRUE, 3, TRUE, SOME},
    {NULL, "few_pkey", "index", TRUE, UNKNOWN, FALSE, SOME},
    {"app", "o'd \"x", "table", TRUE, 1, TRUE, SOME},
    {"app", "few", "table", TRUE, 1, TRUE, SOME},
    {"app", "many", "table", NOTHING},
    {"missing", "few", "table", NOTHING},
    {NULL, "missing", "table", NOTHING},
    {NULL, "few", "index", NOTHING},
    {NULL, "few", "function", NOTHING},
    {NULL, "\\\"{},NULL", "table", NOTHING},
    {NULL, "app", "schema", TRUE, 2, TRUE, SOME},
    {NULL, "nothing", "schema", TRUE, 0, FALSE, 0},
    {NULL, "missing", "schema", NOTHING},
    {NULL, "postgres", "database", TRUE, UNKNOWN, FALSE, SOME},
    {NULL, "missing", "database", NOTHING},
};

START_TEST(measures_postgresql)
{
    fixture_execute(postgresql_tables);
    g_autoptr(CmigDb) db = fixture_connect();
    check_sizes(db, postgresql_sizes, G_N_ELEMENTS(postgresql_sizes));
    const SizeCase database = {NULL, fixture.name, "database", TRUE, SOME, FALSE, SOME};
    check_sizes(db, &database, 1);
    check_sizes(db, NULL, 0);
    /* The session is as it was. */
    g_autoptr(GPtrArray) rows = NULL;
    ck_assert(cmig_db_query(db,
                            "SELECT current_setting('lock_timeout'), "
                            "current_setting('transaction_read_only')",
                            &rows, NULL));
    ck_assert_str_eq(((GStrv)rows->pdata[0])[0], "0");
    ck_assert_str_eq(((GStrv)rows->pdata[0])[1], "off");
}
END_TEST

START_TEST(counts_what_refers_to_a_table)
{
    static const struct {
        const char *name;
        CmigReferring asked;
        guint referring;
        gint64 rows;
    } cases[] = {
        {"t", CMIG_REFERRING_NONE, 0, 1},
        {"t", CMIG_REFERRING_BY_RULE, 3, 8}, /* b, its partition, and what refers to that */
        {"t", CMIG_REFERRING_ALL, 4, 5011},
        {"c", CMIG_REFERRING_ALL, 0, 3},
        {"self", CMIG_REFERRING_ALL, 0, 2},
    };
    fixture_execute(
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);"
        "CREATE TABLE a (id int REFERENCES t); INSERT INTO a SELECT 1 FROM generate_series(1, "
        "5003);"
        "CREATE TABLE b (id int REFERENCES t ON DELETE CASCADE, k int PRIMARY KEY)"
        "PARTITION BY LIST (k); CREATE TABLE b1 PARTITION OF b FOR VALUES IN (1, 2, 3, 4);"
        "INSERT INTO b SELECT 1, g FROM generate_series(1, 4) g;"
        "CREATE TABLE c (k int REFERENCES b ON DELETE SET NULL); INSERT INTO c VALUES (1), (2), "
        "(3);"
        "CREATE TABLE self (id int PRIMARY KEY REFERENCES self); INSERT INTO self VALUES (1), (2);"
        "ANALYZE;");
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(CmigFact) fact = cmig_fact_new(0);
    g_autoptr(GArray) sizes = NULL;
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        CmigFactTarget *target = cmig_fact_target_new(NULL, cases[idx].name, "table");
        target->referring = cases[idx].asked;
        g_ptr_array_add(fact->targets, target);
    }
    ck_assert(cmig_db_sizes(db, fact->targets, LIMIT, &sizes, NULL));
    for (guint idx = 0; idx < sizes->len; idx++) {
        const CmigDbSize *size = &g_array_index(sizes, CmigDbSize, idx);
        ck_assert_int_eq(size->rows, cases[idx].rows);
        ck_assert_int_eq(size->exact, size->rows <= LIMIT);
        ck_assert_uint_eq(size->referring, cases[idx].referring);
    }
}
END_TEST

START_TEST(guesses_what_it_may_not_read)
{
    static const SizeCase cases[] = {
        {NULL, "many", "table", TRUE, 292, FALSE, SOME},
        {NULL, "empty", "table", TRUE, 0, FALSE, 0},
        {NULL, "huge", "table", TRUE, 5000, FALSE, SOME},
        {NULL, "hidden", "table", TRUE, 292, FALSE, SOME},
        {NULL, "column_only", "table", TRUE, 1, TRUE, SOME},
        {"app", "few", "table", TRUE, 292, FALSE, SOME},
        {NULL, "app", "schema", TRUE, SOME, FALSE, SOME},
    };
    fixture_execute(postgresql_tables);
    g_autofree char *role = g_strdup_printf("reader_%d", (int)getpid());
    g_autofree char *grants = g_strdup_printf(
        "CREATE ROLE %s; CREATE TABLE hidden (a int); INSERT INTO hidden VALUES (1);"
        "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; GRANT SELECT ON hidden TO %s;"
        "CREATE TABLE column_only (a int, b int); INSERT INTO column_only VALUES (1);"
        "GRANT SELECT (b) ON column_only TO %s",
        role, role, role);
    fixture_execute(grants);
    g_autoptr(CmigDb) db = fixture_connect();
    g_autofree char *become = g_strdup_printf("SET ROLE %s", role);
    ck_assert(cmig_db_execute(db, become, NULL));
    check_sizes(db, cases, G_N_ELEMENTS(cases));
    ck_assert(cmig_db_execute(db, "RESET ROLE", NULL));
    g_autofree char *drop = g_strdup_printf("DROP OWNED BY %s; DROP ROLE %s", role, role);
    fixture_execute(drop);
}
END_TEST

START_TEST(does_not_wait_for_locks)
{
    static const SizeCase cases[] = {
        {NULL, "huge", "table", TRUE, 5000, FALSE, SOME},
        {NULL, "never", "table", TRUE, ANY, FALSE, ANY},
        {NULL, "few", "table", TRUE, 11, FALSE, SOME},
    };
    fixture_execute(postgresql_tables);
    g_autoptr(CmigDb) db = fixture_connect();
    PGconn *other = PQconnectdb(fixture.url.conninfo);
    PQclear(PQexec(other, "BEGIN; LOCK huge; CREATE TABLE never (a int); INSERT INTO never VALUES "
                          "(1); COMMIT; BEGIN; LOCK huge; LOCK never;"));
    gint64 start = g_get_monotonic_time();
    check_sizes(db, cases, G_N_ELEMENTS(cases));
    ck_assert_int_lt(g_get_monotonic_time() - start, G_USEC_PER_SEC);
    PQfinish(other);
}
END_TEST

/* An index that is being rebuilt keeps its table from being opened, which only trying tells. */
START_TEST(gives_up_on_an_index)
{
    static const SizeCase cases[] = {
        {NULL, "few", "table", TRUE, ANY, FALSE, ANY},
        {NULL, "huge", "table", TRUE, 5000, FALSE, SOME},
        {NULL, "missing", "table", NOTHING},
    };
    fixture_execute(postgresql_tables);
    g_autoptr(CmigDb) db = fixture_connect();
    PGconn *other = PQconnectdb(fixture.url.conninfo);
    PQclear(PQexec(other, "BEGIN; REINDEX INDEX few_pkey"));
    gint64 start = g_get_monotonic_time();
    check_sizes(db, cases, G_N_ELEMENTS(cases));
    ck_assert_int_lt(g_get_monotonic_time() - start, 2 * G_USEC_PER_SEC);
    PQfinish(other);
}
END_TEST

START_TEST(works_read_only)
{
    fixture_execute(postgresql_tables);
    g_autofree char *readonly =
        g_strdup_printf("ALTER DATABASE %s SET default_transaction_read_only = on", fixture.name);
    fixture_execute(readonly);
    g_autoptr(CmigDb) db = fixture_connect();
    check_sizes(db, postgresql_sizes, G_N_ELEMENTS(postgresql_sizes));
}
END_TEST

START_TEST(says_that_the_connection_is_lost)
{
    g_autoptr(CmigDb) db = fixture_connect();
    fixture_execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                    "current_database() AND pid <> pg_backend_pid()");
    g_autoptr(CmigFact) fact = cmig_fact_new(0);
    g_ptr_array_add(fact->targets, cmig_fact_target_new(NULL, "t", "table"));
    g_autoptr(GArray) sizes = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_db_sizes(db, fact->targets, LIMIT, &sizes, &error));
    assert_error(error, CMIG_ERROR_UNAVAILABLE);
    ck_assert_ptr_null(sizes);
}
END_TEST

/* --- SQLite --- */

static void setup_sqlite(void)
{
    fixture_setup(CMIG_DIALECT_SQLITE);
}

#define SERIES(count)                                                                              \
    "WITH RECURSIVE g (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM g WHERE a < " #count            \
    ") SELECT a FROM g"

static const char sqlite_tables[] =
    "CREATE TABLE empty (a int); CREATE TABLE few (a int); INSERT INTO few " SERIES(
        10) ";"
            "CREATE TABLE many (a int); INSERT INTO many " SERIES(
                11) ";"
                    "CREATE TABLE huge (a int); INSERT INTO huge " SERIES(
                        5000) "; CREATE INDEX huge_a ON huge (a);"
                              "CREATE TABLE \"o'd \"\"x\" (a int PRIMARY KEY) WITHOUT ROWID; "
                              "INSERT INTO \"o'd \"\"x\" VALUES (1);"
                              "CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE f USING fts5(a); "
                              "ANALYZE;";

static const SizeCase sqlite_sizes[] = {
    {NULL, "empty", "table", TRUE, 0, TRUE, SOME},
    {NULL, "FEW", "table", TRUE, 10, TRUE, SOME},
    {NULL, "many", "table", TRUE, 11, FALSE, SOME},
    {NULL, "huge", "table", TRUE, 5000, FALSE, SOME},
    {NULL, "huge_a", "index", TRUE, UNKNOWN, FALSE, SOME},
    {NULL, "o'd \"x", "table", TRUE, 1, TRUE, SOME},
    {NULL, "v", "view", TRUE, UNKNOWN, FALSE, UNKNOWN},
    {NULL, "v", "table", TRUE, UNKNOWN, FALSE, UNKNOWN},
    {NULL, "f", "table", TRUE, UNKNOWN, FALSE, ANY},
    {NULL, "missing", "table", NOTHING},
    {NULL, "few", "index", NOTHING},
    {NULL, "main", "database", TRUE, SOME, FALSE, SOME},
};

START_TEST(measures_sqlite)
{
    fixture_execute(sqlite_tables);
    g_autoptr(CmigDb) db = fixture_connect();
    check_sizes(db, sqlite_sizes, G_N_ELEMENTS(sqlite_sizes));
}
END_TEST

START_TEST(measures_no_file)
{
    static const SizeCase missing = {NULL, "t", "table", NOTHING};
    g_autoptr(CmigDb) db = fixture_connect();
    check_sizes(db, &missing, 1);
    ck_assert(!g_file_test(fixture.url.path, G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST(measures_a_locked_file)
{
    fixture_execute(sqlite_tables);
    fixture.settings.lock_timeout = 100;
    g_autoptr(CmigDb) db = fixture_connect();
    sqlite3 *other = NULL;
    sqlite3_open(fixture.url.path, &other);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    g_autoptr(CmigFact) fact = cmig_fact_new(0);
    g_ptr_array_add(fact->targets, cmig_fact_target_new(NULL, "few", "table"));
    g_autoptr(GArray) sizes = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_db_sizes(db, fact->targets, LIMIT, &sizes, &error));
    assert_error(error, CMIG_ERROR_TRY_AGAIN);
    sqlite3_close(other);
    check_sizes(db, sqlite_sizes, G_N_ELEMENTS(sqlite_sizes));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("db/sizes");
    TCase *postgresql = tcase_create("postgresql");
    tcase_add_checked_fixture(postgresql, setup_postgresql, fixture_teardown);
    tcase_set_timeout(postgresql, 60);
    tcase_add_test(postgresql, measures_postgresql);
    tcase_add_test(postgresql, counts_what_refers_to_a_table);
    tcase_add_test(postgresql, guesses_what_it_may_not_read);
    tcase_add_test(postgresql, does_not_wait_for_locks);
    tcase_add_test(postgresql, gives_up_on_an_index);
    tcase_add_test(postgresql, works_read_only);
    tcase_add_test(postgresql, says_that_the_connection_is_lost);
    suite_add_tcase(suite, postgresql);
    TCase *sqlite = tcase_create("sqlite");
    tcase_add_checked_fixture(sqlite, setup_sqlite, fixture_teardown);
    tcase_add_test(sqlite, measures_sqlite);
    tcase_add_test(sqlite, measures_no_file);
    tcase_add_test(sqlite, measures_a_locked_file);
    suite_add_tcase(suite, sqlite);
    return fixture_main(suite);
}
