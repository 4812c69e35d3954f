/* Runs in which the N-th call of the driver fails, for N = 1, 2, … until nothing is hit: the report
 * agrees with the version rows, the rows with the tables, and the next run comes to the end. */
#include "cmig/run.h"
#include "cmig/script.h"
#include "db_fixture.h"

typedef enum {
    BEFORE, /* not done, and said so */
    LOST,   /* not done, but nobody can know */
    AFTER,  /* done, but nobody can know */
} FaultTime;

typedef struct {
    const char *name;
    FaultTime time;
    CmigErrorCode code;
    gboolean retryable;
    gboolean for_ever;
    gboolean down;
    const char *lock_timeout;
} FaultCase;

static const FaultCase cases[] = {
    {"unavailable", BEFORE, CMIG_ERROR_UNAVAILABLE, FALSE, FALSE, FALSE, "1ms"},
    {"failed", BEFORE, CMIG_ERROR_FAILED, FALSE, FALSE, FALSE, "1ms"},
    {"cancelled", BEFORE, CMIG_ERROR_INTERRUPTED, FALSE, FALSE, FALSE, "1ms"},
    {"lock, no patience", BEFORE, CMIG_ERROR_TRY_AGAIN, TRUE, FALSE, FALSE, "1ms"},
    {"lock, once", BEFORE, CMIG_ERROR_TRY_AGAIN, TRUE, FALSE, FALSE, "5s"},
    {"lock, for ever", BEFORE, CMIG_ERROR_TRY_AGAIN, TRUE, TRUE, FALSE, "1ms"},
    {"lost before", LOST, CMIG_ERROR_IN_DOUBT, FALSE, FALSE, FALSE, "1s"},
    {"lost after", AFTER, CMIG_ERROR_IN_DOUBT, FALSE, FALSE, FALSE, "1s"},
    {"lost before, for ever", LOST, CMIG_ERROR_IN_DOUBT, FALSE, TRUE, FALSE, "1ms"},
    {"lost after, for ever", AFTER, CMIG_ERROR_IN_DOUBT, FALSE, TRUE, FALSE, "1ms"},
    {"unavailable, down", BEFORE, CMIG_ERROR_UNAVAILABLE, FALSE, FALSE, TRUE, "1ms"},
    {"lost before, down", LOST, CMIG_ERROR_IN_DOUBT, FALSE, FALSE, TRUE, "1s"},
    {"lost after, down", AFTER, CMIG_ERROR_IN_DOUBT, FALSE, FALSE, TRUE, "1s"},
};

/* --- the driver ------------------------------------------------------------------------------- */

static struct {
    const FaultCase *fault; /* NULL = none */
    const CmigDbDriver *real;
    guint at;
    guint calls;
    guint hits;
} driver;

static gboolean is_hit(void)
{
    driver.calls++;
    gboolean hit = driver.fault != NULL &&
                   (driver.fault->for_ever ? driver.calls >= driver.at : driver.calls == driver.at);
    driver.hits += hit ? 1 : 0;
    return hit;
}

/* `code` is what the contract of the call has for it. */
static gboolean hit_with(CmigErrorCode code, GError **error)
{
    g_set_error(error, CMIG_ERROR, (gint)code, "fault at call %u", driver.calls);
    return FALSE;
}

/* For calls that change nothing: a lost connection is only unavailable. */
static gboolean fail_reading(GError **error)
{
    return hit_with(driver.fault->time == BEFORE ? driver.fault->code : CMIG_ERROR_UNAVAILABLE,
                    error);
}

static gboolean inspect(CmigDb *db, gboolean take_lock, CmigDbState **state, GError **error)
{
    return is_hit() ? fail_reading(error) : driver.real->inspect(db, take_lock, state, error);
}

static gboolean reconnect(CmigDb *db, GError **error)
{
    return is_hit() ? fail_reading(error) : driver.real->reconnect(db, error);
}

static gboolean read_rows(CmigDb *db, const char *also, GPtrArray **rows, GPtrArray **also_rows,
                          GError **error)
{
    return is_hit() ? fail_reading(error)
                    : driver.real->read_rows(db, also, rows, also_rows, error);
}

static gboolean query(CmigDb *db, const char *sql, GPtrArray **rows, GError **error)
{
    return is_hit() ? fail_reading(error) : driver.real->query(db, sql, rows, error);
}

static gboolean enter(CmigDb *db, GError **error)
{
    return is_hit() ? fail_reading(error) : driver.real->enter(db, error);
}

static gboolean run(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error)
{
    if (!is_hit())
        return driver.real->run(db, unit, outcome, error);
    if (driver.fault->time == AFTER && !driver.real->run(db, unit, outcome, error))
        return FALSE;
    *outcome =
        (CmigDbOutcome){.lost = driver.fault->time != BEFORE, .retryable = driver.fault->retryable};
    return hit_with(driver.fault->code, error);
}

static gboolean run_statement(CmigDb *db, const CmigSqlScript *script, guint index,
                              CmigDbStatementOutcome *outcome, GError **error)
{
    if (!is_hit())
        return driver.real->run_statement(db, script, index, outcome, error);
    if (driver.fault->time == AFTER &&
        !driver.real->run_statement(db, script, index, outcome, error))
        return FALSE;
    gboolean lost = driver.fault->time != BEFORE;
    *outcome = (CmigDbStatementOutcome){.lost = lost, .unclear = lost};
    return hit_with(driver.fault->code, error);
}

static gboolean probe(CmigDb *db, const CmigSqlScript *script, guint index, CmigEffect **effect,
                      GError **error)
{
    return is_hit() ? fail_reading(error) : driver.real->probe(db, script, index, effect, error);
}

/* Between the connection and its driver from now on. */
static void decorate(CmigDb *db, CmigDbDriver *decorated, const FaultCase *fault, guint at)
{
    driver.fault = fault;
    driver.real = db->driver;
    driver.at = at;
    driver.calls = driver.hits = 0;
    *decorated = *db->driver;
    decorated->inspect = inspect;
    decorated->reconnect = reconnect;
    decorated->read_rows = read_rows;
    decorated->query = query;
    decorated->enter = enter;
    decorated->run = run;
    decorated->run_statement = run_statement;
    decorated->probe = probe;
    db->driver = decorated;
}

/* --- the history ------------------------------------------------------------------------------ */

static const struct {
    const char *id;
    const char *text;
} files[] = {
    {"r1", "-- revision: r1\n-- down_revision: null\n\n"
           "-- cmig:upgrade\nCREATE TABLE one (i integer);\nINSERT INTO one VALUES (1);\n\n"
           "-- cmig:downgrade\nDROP TABLE one;\n"},
    {"r2", "-- revision: r2\n-- down_revision: r1\n\n"
           "-- cmig:upgrade\nINSERT INTO one VALUES (2);\nCREATE TABLE two (i integer);\n\n"
           "-- cmig:downgrade\nDROP TABLE two;\nDELETE FROM one WHERE i = 2;\n"},
    {"r3", "-- revision: r3\n-- down_revision: r2\n\n"
           "-- cmig:upgrade\nCREATE TABLE three (i integer);\nVACUUM;\nINSERT INTO three VALUES "
           "(3);\n\n"
           "-- cmig:downgrade\nDELETE FROM three;\nVACUUM;\nDROP TABLE three;\n"},
};

static void write_file(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    ck_assert(g_file_set_contents(path, text, -1, NULL));
}

static char *write_project(const char *lock_timeout)
{
    g_autofree char *versions = g_build_filename(fixture.name, "migrations", "versions", NULL);
    ck_assert_int_eq(g_mkdir_with_parents(versions, 0777), 0);
    for (gsize idx = 0; idx < G_N_ELEMENTS(files); idx++) {
        g_autofree char *name = g_strconcat(files[idx].id, ".sql", NULL);
        write_file(versions, name, files[idx].text);
    }
    g_autofree char *text =
        g_strdup_printf("script_location: migrations\nlock_timeout: %s\n", lock_timeout);
    write_file(fixture.name, "alembic.yml", text);
    return g_build_filename(fixture.name, "alembic.yml", NULL);
}

/* --- one run ---------------------------------------------------------------------------------- */

typedef struct {
    gboolean ok;
    guint done;
    GError *error;
} Outcome;

static Outcome run_once(const FaultCase *fault, guint at, gboolean down)
{
    Outcome outcome = {0};
    g_autoptr(GError) problem = NULL;
    g_autoptr(CmigConfig) config = NULL;
    g_autoptr(CmigGraph) graph = NULL;
    g_autoptr(CmigRunReport) report = NULL;
    g_autofree char *file = write_project(fault != NULL ? fault->lock_timeout : "10s");
    g_autofree char *url = g_strconcat("sqlite:///", fixture.url.path, NULL);
    CmigConfigRequest request = {.file = file, .database_url = url};
    ck_assert_msg(cmig_config_load(&request, &config, &problem), "%s",
                  problem ? problem->message : "");
    ck_assert_msg(cmig_script_load_graph(config, &graph, &problem), "%s",
                  problem ? problem->message : "");
    fixture.settings.audit_table = cmig_audit_table_name;
    CmigDb *db = fixture_open();
    CmigDbDriver decorated;
    const CmigRunObserver observer = {0};
    decorate(db, &decorated, fault, at);
    outcome.ok = cmig_run(db, config, graph, down ? CMIG_DOWNGRADE : CMIG_UPGRADE,
                          down ? "base" : "head", &observer, &report, &outcome.error);
    ck_assert_int_eq(outcome.ok, outcome.error == NULL);
    ck_assert_ptr_nonnull(report);
    outcome.done = report->done->len;
    cmig_db_close(db);
    return outcome;
}

static gboolean has_table(const char *name)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT count(*) FROM sqlite_master WHERE name = '%s'", name);
    g_autofree char *count = fixture_query(sql);
    return strcmp(count, "1") == 0;
}

/* How many revisions are applied by the version rows. */
static guint count_applied(void)
{
    if (!has_table("alembic_version"))
        return 0;
    g_autofree char *row = fixture_query("SELECT version_num FROM alembic_version");
    for (guint idx = 0; idx < G_N_ELEMENTS(files); idx++)
        if (strcmp(row, files[idx].id) == 0)
            return idx + 1;
    ck_assert_str_eq(row, "");
    return 0;
}

/* The statements of r3 that are there, at least; and whether all before is as it has to be. */
static guint check_tables(const char *what, guint applied)
{
    g_autofree char *ones =
        has_table("one") ? fixture_query("SELECT i FROM one ORDER BY i") : g_strdup("-");
    const char *wanted = applied == 0 ? "-" : applied == 1 ? "1" : "1,2";
    ck_assert_msg(strcmp(ones, wanted) == 0, "%s: %u applied, one holds %s", what, applied, ones);
    ck_assert_msg(has_table("two") == (applied >= 2), "%s: two at %u", what, applied);
    ck_assert_msg(applied >= 2 || !has_table("three"), "%s: three at %u", what, applied);
    if (!has_table("three"))
        return 0;
    g_autofree char *threes = fixture_query("SELECT i FROM three");
    return strcmp(threes, "3") == 0 ? 3 : 1;
}

/* What the run said, against what is there. */
static void check_outcome(const char *what, const FaultCase *fault, const Outcome *outcome)
{
    guint all = G_N_ELEMENTS(files);
    guint applied = count_applied();
    guint moved = fault->down ? all - applied : applied;
    guint there = check_tables(what, applied);
    const char *message = outcome->error != NULL ? outcome->error->message : "";
    if (outcome->ok) {
        ck_assert_msg(moved == all && outcome->done == all, "%s: done, at %u", what, applied);
        return;
    }
    gboolean in_doubt = g_error_matches(outcome->error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT);
    ck_assert_msg(moved == outcome->done || (in_doubt && moved == outcome->done + 1),
                  "%s: %u were said to be done, %u are: %s", what, outcome->done, moved, message);
    gboolean whole = there == (applied == all ? all : 0);
    gboolean behind =
        strstr(message, "version rows are not") != NULL; /* all statements are there */
    ck_assert_msg(whole || in_doubt || behind, "%s: a part of r3 is there, and %s", what, message);
    ck_assert_msg(whole || strstr(message, "nothing of this revision") == NULL, "%s: %s", what,
                  message);
    const char *hint = cmig_error_hint(outcome->error);
    ck_assert_msg(whole || hint == NULL || strstr(hint, "nothing of r3") == NULL, "%s: %s", what,
                  hint);
    g_autofree char *lock = g_strconcat(fixture.url.path, "-cmig-lock", NULL);
    ck_assert_msg(!g_file_test(lock, G_FILE_TEST_EXISTS), "%s: the lock file is left", what);
}

static void setup(void)
{
    fixture_setup(CMIG_DIALECT_SQLITE);
}

START_TEST(survives_each_failing_call)
{
    const FaultCase *fault = &cases[_i];
    for (guint at = 1, hits = 1; hits > 0; at++) {
        g_autofree char *what = g_strdup_printf("%s at call %u", fault->name, at);
        if (fault->down) {
            Outcome up = run_once(NULL, 0, FALSE);
            ck_assert_msg(up.ok, "%s: the way up", what);
        }
        Outcome outcome = run_once(fault, at, fault->down);
        hits = driver.hits;
        ck_assert_msg(hits > 0 || outcome.ok, "%s: failed without a fault", what);
        check_outcome(what, fault, &outcome);
        g_clear_error(&outcome.error);

        Outcome next = run_once(NULL, 0, fault->down);
        ck_assert_msg(next.ok, "%s: the next run: %s", what,
                      next.error != NULL ? next.error->message : "");
        guint applied = fault->down ? 0 : G_N_ELEMENTS(files);
        ck_assert_uint_eq(count_applied(), applied);
        ck_assert_uint_eq(check_tables(what, applied), applied);
        g_unlink(fixture.url.path);
        ck_assert_uint_lt(at, 500);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_faults");
    TCase *tests = tcase_create("sqlite");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, fixture_teardown);
    tcase_add_loop_test(tests, survives_each_failing_call, 0, G_N_ELEMENTS(cases));
    suite_add_tcase(suite, tests);
    return fixture_main(suite);
}
