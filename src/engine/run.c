/* A run: lock, read the version rows, plan, prepare every file, ask the guard, then one step at a
 * time. Between two steps the version rows and the schema agree, whatever happens. */
#include "cmig/run.h"

#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/guard.h"
#include "cmig/interrupt.h"
#include "cmig/script.h"
#include "engine/session.h"

/* Bodies up to this many bytes in all are kept between checking and running them; the rest is read
 * again, so that a history of large dumps does not have to fit into memory. */
static const gsize keep_limit = 16 * 1024 * 1024;

typedef struct {
    const CmigRevision *revision;
    CmigSqlScript *sql; /* NULL when it was too large to keep */
    gboolean transactional;
} Step;

/* The state of one run; everything but `rows` and `applied` is fixed once it is prepared. */
typedef struct {
    CmigDb *db;
    const CmigConfig *config;
    const CmigGraph *graph;
    CmigDirection direction;
    const CmigRunObserver *observer;
    GPtrArray *steps;      /* Step, those still to be done */
    const Step *announced; /* the observer knows that it started */
    CmigApplied *applied;
    GPtrArray *expected; /* the version rows that the last unit asked for; borrowed ids */
    gboolean create_table;
    CmigRunReport *report;
} Run;

static void step_free(gpointer data)
{
    Step *step = data;
    cmig_sql_script_free(step->sql);
    g_free(step);
}

void cmig_run_report_free(CmigRunReport *report)
{
    if (report == NULL)
        return;
    g_ptr_array_unref(report->done);
    g_ptr_array_unref(report->rows);
    g_free(report);
}

gboolean cmig_run_read_rows(CmigDb *db, GPtrArray **rows, GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    return cmig_db_inspect(db, FALSE, &state, error) && cmig_session_read_rows(db, rows, error);
}

/* Reads the section of `revision` that would run, and checks all that can be checked without the
 * server. */
static CmigSqlScript *load_step(const Run *run, const CmigRevision *revision,
                                gboolean *transactional, GError **error)
{
    CmigDialect dialect = cmig_db_dialect(run->db);
    g_autoptr(CmigScript) script = NULL;
    const CmigSection *section = NULL;
    CmigSqlScript *sql = NULL;
    if (!cmig_script_open(revision, &script, error) ||
        !cmig_script_find_section(script, run->direction == CMIG_UPGRADE, dialect, &section,
                                  error) ||
        !cmig_script_scan_section(script, section, dialect, run->config->variables, &sql, error))
        return NULL;
    *transactional = section->transactional;
    return sql;
}

/* `transaction: all` cannot contain what must run outside of a transaction. */
static gboolean check_one_transaction(const Run *run, const Step *step, GError **error)
{
    if (run->config->transaction != CMIG_TRANSACTION_ALL || step->transactional)
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                "%s has transaction=off and cannot run with \"transaction: all\"",
                step->revision->id);
    cmig_error_set_place(error, step->revision->path, 0, 0);
    cmig_error_set_hint(error, "nothing was changed; run up to the revision before it first, with "
                               "\"transaction: per_migration\"");
    return FALSE;
}

static gboolean prepare(Run *run, const CmigPlan *plan, GError **error)
{
    gsize kept = 0;
    for (guint idx = 0; idx < plan->revisions->len; idx++) {
        Step *step = g_new0(Step, 1);
        step->revision = plan->revisions->pdata[idx];
        g_ptr_array_add(run->steps, step);
        step->sql = load_step(run, step->revision, &step->transactional, error);
        if (step->sql == NULL || !check_one_transaction(run, step, error))
            return FALSE;
        kept += step->sql->length;
        if (kept > keep_limit)
            g_clear_pointer(&step->sql, cmig_sql_script_free);
    }
    return TRUE;
}

static gboolean is_done(const Run *run, const Step *step)
{
    return cmig_applied_has(run->applied, step->revision) == (run->direction == CMIG_UPGRADE);
}

static void announce(Run *run, const Step *step)
{
    if (run->announced != step && run->observer->step_started != NULL)
        run->observer->step_started(step->revision, run->direction, run->observer->data);
    run->announced = step;
}

/* A conflict although the rows are as before would come again for ever. */
static gboolean check_changed(const Run *run, const GPtrArray *rows, GError **error)
{
    if (!cmig_session_same_rows(run->expected, rows))
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN,
                "the version table was found changed and then as before");
    cmig_error_set_hint(error, "nothing of this step is applied; look at `cmig current`, then run "
                               "the command again");
    return FALSE;
}

/* Reads the version rows anew, and forgets the steps that another run has taken meanwhile. */
static gboolean refresh(Run *run, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GPtrArray) revisions = NULL;
    if (!cmig_session_read_rows(run->db, &rows, error) || !check_changed(run, rows, error))
        return FALSE;
    g_autofree const char **ids = cmig_session_ids(rows);
    if (!cmig_graph_resolve_rows(run->graph, ids, &revisions, error))
        return FALSE;
    cmig_applied_free(run->applied);
    run->applied = cmig_applied_new(run->graph, revisions);
    run->create_table = FALSE;

    while (run->steps->len > 0 && is_done(run, run->steps->pdata[0])) {
        const Step *step = run->steps->pdata[0];
        announce(run, step);
        if (run->observer->step_finished != NULL)
            run->observer->step_finished(step->revision, run->direction, 0, TRUE, NULL,
                                         run->observer->data);
        g_ptr_array_remove_index(run->steps, 0);
    }
    return TRUE;
}

static gboolean check_possible(const Run *run, const Step *step, GError **error)
{
    gboolean possible = run->direction == CMIG_UPGRADE
                            ? cmig_applied_can_upgrade(run->applied, step->revision)
                            : cmig_applied_can_downgrade(run->applied, step->revision);
    if (!possible) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN,
                    "another run moved the database away; %s can no longer be %s",
                    step->revision->id, run->direction == CMIG_UPGRADE ? "applied" : "reverted");
        cmig_error_set_hint(error, "look at `cmig current`, then run the command again");
    }
    return possible;
}

/* Sends the first of the remaining steps. */
static gboolean send_step(Run *run, Step *step, gboolean spanning, GError **error)
{
    if (step->sql == NULL)
        step->sql = load_step(run, step->revision, &step->transactional, error);
    if (step->sql == NULL)
        return FALSE;
    g_clear_pointer(&run->expected, g_ptr_array_unref);
    run->expected = cmig_applied_rows(run->applied);
    g_autoptr(CmigRowChange) change = run->direction == CMIG_UPGRADE
                                          ? cmig_applied_upgrade(run->applied, step->revision)
                                          : cmig_applied_downgrade(run->applied, step->revision);
    g_autoptr(GPtrArray) result = cmig_applied_rows(run->applied);
    g_autofree const char **expected_ids = cmig_session_ids(run->expected);
    g_autofree const char **result_ids = cmig_session_ids(result);
    CmigDbUnit unit = {
        .script = step->sql,
        .transactional = step->transactional,
        .begins = !spanning || run->report->done->len == 0,
        .commits = !spanning || run->steps->len == 1,
        .create_table = run->create_table,
        .expected = expected_ids,
        .result = result_ids,
    };
    g_auto(GStrv) changes = cmig_session_row_changes(run->db, change, &unit.rows_changed);
    unit.changes = (const char *const *)changes;
    return cmig_db_run(run->db, &unit, NULL, error);
}

/* Takes the first of the remaining steps; `*conflict` is set when other version rows were found and
 * another try with fresh ones is right. */
static gboolean take_step(Run *run, gboolean *conflict, GError **error)
{
    const CmigRunObserver *observer = run->observer;
    Step *step = run->steps->pdata[0];
    gboolean spanning = run->config->transaction == CMIG_TRANSACTION_ALL;
    if (cmig_interrupt_check(error) || !check_possible(run, step, error))
        return FALSE;
    announce(run, step);

    GError *failure = NULL;
    gint64 start = cmig_clock_monotonic();
    gboolean sent = send_step(run, step, spanning, &failure);
    gint64 duration = cmig_clock_monotonic() - start;

    /* Without a lock for the whole run, other rows mean that another run came first. */
    *conflict = !sent && g_error_matches(failure, CMIG_ERROR, CMIG_ERROR_CONFLICT) &&
                !cmig_db_can(run->db, CMIG_DB_SESSION_LOCK);
    if (*conflict) {
        g_clear_error(&failure);
        return TRUE;
    }
    if (observer->step_finished != NULL)
        observer->step_finished(step->revision, run->direction, duration, FALSE, failure,
                                observer->data);
    if (!sent) {
        g_propagate_prefixed_error(
            error, failure, "%s of %s: ", cmig_direction_name(run->direction), step->revision->id);
        return FALSE;
    }
    run->create_table = FALSE;
    g_ptr_array_add(run->report->done, (gpointer)(guintptr)step->revision);
    g_ptr_array_remove_index(run->steps, 0);
    return TRUE;
}

static gboolean take_all_steps(Run *run, GError **error)
{
    while (run->steps->len > 0) {
        gboolean conflict = FALSE;
        if (!take_step(run, &conflict, error) || (conflict && !refresh(run, error))) {
            /* Whatever ran before in the one transaction is rolled back with it. */
            if (run->config->transaction == CMIG_TRANSACTION_ALL)
                g_ptr_array_set_size(run->report->done, 0);
            return FALSE;
        }
    }
    return TRUE;
}

static void fill_report(Run *run)
{
    g_autoptr(GPtrArray) rows = cmig_applied_rows(run->applied);
    for (guint idx = 0; idx < rows->len; idx++)
        g_ptr_array_add(run->report->rows, g_strdup(rows->pdata[idx]));
}

/* Plans with the rows that are there, and runs the plan. */
static gboolean plan_and_run(Run *run, const CmigDbState *state, const char *target,
                             const GPtrArray *rows, GError **error)
{
    g_autoptr(CmigPlan) plan = NULL;
    if (!cmig_plan_make(run->graph, run->direction, target, rows, &plan, error))
        return FALSE;
    if (run->observer->planned != NULL)
        run->observer->planned(plan, state, run->observer->data);
    if (plan->revisions->len > 0) {
        g_autofree char *what =
            g_strdup_printf("%s by %u revision%s", cmig_direction_name(run->direction),
                            plan->revisions->len, plan->revisions->len == 1 ? "" : "s");
        if (!prepare(run, plan, error) || !cmig_guard_check_write(run->config, what, error) ||
            !take_all_steps(run, error))
            return FALSE;
    }
    fill_report(run);
    return TRUE;
}

gboolean cmig_run(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                  CmigDirection direction, const char *target, const CmigRunObserver *observer,
                  CmigRunReport **report, GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GPtrArray) revisions = NULL;
    *report = g_new0(CmigRunReport, 1);
    (*report)->done = g_ptr_array_new();
    (*report)->rows = g_ptr_array_new_with_free_func(g_free);
    if (!cmig_session_begin(db, config, observer, &state, error) ||
        !cmig_session_read_rows(db, &rows, error))
        return FALSE;
    g_autofree const char **ids = cmig_session_ids(rows);
    if (!cmig_graph_resolve_rows(graph, ids, &revisions, error))
        return FALSE;

    Run run = {.db = db,
               .config = config,
               .graph = graph,
               .direction = direction,
               .observer = observer,
               .steps = g_ptr_array_new_with_free_func(step_free),
               .applied = cmig_applied_new(graph, revisions),
               .create_table = !state->table_exists,
               .report = *report};
    gboolean ok = plan_and_run(&run, state, target, revisions, error);
    g_ptr_array_unref(run.steps);
    cmig_applied_free(run.applied);
    g_clear_pointer(&run.expected, g_ptr_array_unref);
    return ok;
}
