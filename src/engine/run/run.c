/* A run: lock, read the version rows, plan, prepare every file, ask the guard, then one step at a
 * time. Between two steps the version rows and the schema agree, whatever happens. */
#include "cmig/run.h"

#include "cmig/applied_files.h"
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "engine/review.h"
#include "engine/run/gate.h"
#include "engine/run/session.h"
#include "engine/run/work.h"
#include "engine/version_rows.h"

void cmig_run_report_free(CmigRunReport *report)
{
    if (report == NULL)
        return;
    g_ptr_array_unref(report->done);
    g_ptr_array_unref(report->rows);
    g_free(report->audit_head);
    g_free(report);
}

gboolean cmig_run_read_rows(CmigDb *db, const CmigConfig *config, GPtrArray **rows,
                            CmigAuditOpen **open, GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    if (!cmig_db_inspect(db, FALSE, &state, error) ||
        !cmig_session_check_schema(config, state, error))
        return FALSE;
    g_autofree char *table = cmig_audit_table(state->table_schema);
    CmigAuditPlace place = cmig_audit_place(db, table);
    g_auto(CmigAuditPast) past = {0};
    if (!cmig_session_read_rows(db, state->audit_readable ? &place : NULL, rows, &past, error))
        return FALSE;
    if (open != NULL)
        *open = g_steal_pointer(&past.open);
    return TRUE;
}

static CmigStep *next_step(const CmigWork *work)
{
    return work->next < work->steps->len ? work->steps->pdata[work->next] : NULL;
}

static gboolean is_done(const CmigWork *work, const CmigStep *step)
{
    return cmig_applied_has(work->applied, step->revision) == (step->direction == CMIG_UPGRADE);
}

static void announce(CmigWork *work, const CmigStep *step)
{
    if (work->announced != step && work->observer->step_started != NULL)
        work->observer->step_started(step->revision, step->direction, work->observer->data);
    work->announced = step;
}

/* A conflict although the rows are as before would come again for ever. */
static gboolean check_changed(const CmigWork *work, const GPtrArray *rows, GError **error)
{
    if (!cmig_rows_same(work->expected, rows))
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN,
                "the version table was found changed and then as before");
    cmig_error_set_hint(error, "nothing of this step is applied; look at `cmig current`, then run "
                               "the command again");
    return FALSE;
}

/* Reads the version rows anew, and forgets the steps that another run has taken meanwhile. */
static gboolean refresh(CmigWork *work, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GPtrArray) revisions = NULL;
    if (!cmig_session_read_rows(work->db, NULL, &rows, NULL, error) ||
        !check_changed(work, rows, error))
        return FALSE;
    if (!cmig_graph_resolve_rows(work->graph, rows, &revisions, error))
        return FALSE;
    cmig_applied_free(work->applied);
    work->applied = cmig_applied_new(work->graph, revisions);
    work->create_table = FALSE;
    work->log.place.seals = TRUE;

    for (const CmigStep *step; (step = next_step(work)) != NULL && is_done(work, step);) {
        announce(work, step);
        if (work->observer->step_finished != NULL)
            work->observer->step_finished(step->revision, step->direction, 0, TRUE, NULL,
                                          work->observer->data);
        work->next++;
    }
    return TRUE;
}

static gboolean check_possible(const CmigWork *work, const CmigStep *step, GError **error)
{
    gboolean possible = step->direction == CMIG_UPGRADE
                            ? cmig_applied_can_upgrade(work->applied, step->revision)
                            : cmig_applied_can_downgrade(work->applied, step->revision);
    if (!possible) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN,
                    "another run moved the database away; %s can no longer be %s",
                    step->revision->id, step->direction == CMIG_UPGRADE ? "applied" : "reverted");
        cmig_error_set_hint(error, "look at `cmig current`, then run the command again");
    }
    return possible;
}

static gboolean is_spanning(const CmigWork *work)
{
    return work->config->transaction == CMIG_TRANSACTION_ALL;
}

/* A section in a transaction, with its version rows and its record. */
static gboolean take_together(CmigWork *work, const CmigStep *step, GError **error)
{
    CmigAuditRecord record = cmig_step_record(
        step, step->direction == CMIG_UPGRADE ? CMIG_AUDIT_APPLIED : CMIG_AUDIT_REVERTED,
        work->log.token);
    record.checksum = step->checksum;
    record.timed = TRUE;
    g_auto(CmigRowMove) move = {0};
    cmig_row_move_init(&move, work, step);
    /* The way back to base may have dropped everything that there was. */
    gboolean base = move.result[0] == NULL;
    g_auto(GStrv) records = cmig_audit_records(&work->log.place, &record, base);
    CmigDbUnit unit = {
        .script = step->sql,
        .begins = !is_spanning(work) || work->next == 0,
        .commits = !is_spanning(work) || work->next + 1 == work->steps->len,
        .expected = move.expected,
        .result = move.result,
        .changes = (const char *const *)move.changes,
        .rows_changed = move.rows_changed,
        .records = (const char *const *)records,
    };
    return cmig_work_send(work, step, &unit, 0, error);
}

static gboolean send_step(CmigWork *work, CmigStep *step, gboolean forced, GError **error)
{
    if (step->sql == NULL && !cmig_step_load(step, work->config, cmig_db_dialect(work->db), error))
        return FALSE;
    if (!is_spanning(work) || work->next == 0)
        cmig_work_begin_attempts(work);
    cmig_work_watch(work, step);
    gboolean sent = step->transactional ? take_together(work, step, error)
                                        : cmig_work_take_separately(work, step, forced, error);
    cmig_work_unwatch(work);
    return sent;
}

/* What became of an attempt at a step. */
typedef struct {
    gboolean conflict;      /* other version rows were found: try again with fresh ones */
    const CmigStep *failed; /* nothing of it is there; NULL where that is not so */
    gint64 took;            /* microseconds */
} Outcome;

static gboolean take_step(CmigWork *work, gboolean forced, Outcome *outcome, GError **error)
{
    const CmigRunObserver *observer = work->observer;
    CmigStep *step = next_step(work);
    if (cmig_interrupt_check(error) || !check_possible(work, step, error))
        return FALSE;
    announce(work, step);

    GError *failure = NULL;
    gint64 start = cmig_clock_monotonic();
    gboolean sent = send_step(work, step, forced, &failure);
    cmig_error_hide(failure, work->config->secrets);
    outcome->took = cmig_clock_monotonic() - start;

    /* Without a lock for the whole run, other rows mean that another run came first. */
    outcome->conflict = !sent && g_error_matches(failure, CMIG_ERROR, CMIG_ERROR_CONFLICT) &&
                        !cmig_db_can(work->db, CMIG_DB_SESSION_LOCK);
    if (outcome->conflict) {
        g_clear_error(&failure);
        return TRUE;
    }
    if (observer->step_finished != NULL)
        observer->step_finished(step->revision, step->direction, outcome->took, FALSE, failure,
                                observer->data);
    if (!sent) {
        outcome->failed = step->transactional ? step : NULL;
        g_propagate_prefixed_error(
            error, failure, "%s of %s: ", cmig_direction_name(step->direction), step->revision->id);
        return FALSE;
    }
    g_clear_pointer(&step->sql, cmig_sql_script_free);
    g_ptr_array_add(work->report->done, (gpointer)(guintptr)step->revision);
    work->next++;
    return TRUE;
}

/* Whatever ran in the one transaction before is rolled back with it. */
static void start_over(CmigWork *work, const GPtrArray *rows)
{
    cmig_applied_free(work->applied);
    work->applied = cmig_applied_new(work->graph, rows);
    work->next = 0;
    work->announced = NULL;
    work->log.stale = FALSE;
    work->log.place.seals = TRUE;
    g_ptr_array_set_size(work->report->done, 0);
}

/* Whether the one transaction of all steps may be tried again: it was rolled back for a lock. */
static gboolean try_all_again(CmigWork *work, gint64 took, GError **error)
{
    static const char *const locks[] = {"55P03", "40P01", "40001", NULL};
    const char *sqlstate = cmig_error_sqlstate(*error);
    return is_spanning(work) && sqlstate != NULL && g_strv_contains(locks, sqlstate) &&
           work->steps->len > 1 && cmig_work_try_again(work, work->steps->pdata[0], took, error);
}

/* Records that the step failed and nothing of it is there, if the connection allows. */
static void record_failure(CmigWork *work, const Outcome *outcome, const GError *failure)
{
    const CmigStep *step = outcome->failed;
    /* Others are at work, or what is there is not known. */
    if (step == NULL || g_error_matches(failure, CMIG_ERROR, CMIG_ERROR_CONFLICT) ||
        g_error_matches(failure, CMIG_ERROR, CMIG_ERROR_IN_DOUBT))
        return;
    const char *file = cmig_error_file(failure);
    g_autofree char *detail = file != NULL ? g_strdup_printf("%s (%s:%u)", failure->message, file,
                                                             cmig_error_line(failure))
                                           : g_strdup(failure->message);
    CmigAuditRecord record = cmig_step_record(step, CMIG_AUDIT_FAILED, work->log.token);
    record.checksum = step->checksum;
    record.detail = detail;
    record.sqlstate = cmig_error_sqlstate(failure);
    record.duration = outcome->took;
    cmig_log_write(&work->log, &record, NULL);
}

/* Takes all steps, from the version rows `rows` (revisions). */
static gboolean take_all_steps(CmigWork *work, const GPtrArray *rows, gboolean forced,
                               GError **error)
{
    gboolean create_table = work->create_table;
    gboolean create_audit = work->log.create;
    gint64 start = cmig_clock_monotonic();
    while (next_step(work) != NULL) {
        Outcome outcome = {0};
        if (take_step(work, forced, &outcome, error) && (!outcome.conflict || refresh(work, error)))
            continue;
        if (is_spanning(work)) {
            start_over(work, rows);
            work->create_table = create_table;
            work->log.create = create_audit;
        }
        if (!try_all_again(work, cmig_clock_monotonic() - start, error)) {
            record_failure(work, &outcome, *error);
            return FALSE;
        }
        start = cmig_clock_monotonic();
    }
    return TRUE;
}

static void fill_report(CmigWork *work)
{
    g_autoptr(GPtrArray) rows = cmig_applied_rows(work->applied);
    for (guint idx = 0; idx < rows->len; idx++)
        g_ptr_array_add(work->report->rows, g_strdup(rows->pdata[idx]));
}

/* Whether the version table takes the ids that the plan brings: going down, those below. */
static gboolean check_writable(const CmigWork *work, const CmigPlan *plan, GError **error)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    for (guint idx = 0; idx < plan->revisions->len; idx++) {
        const CmigRevision *revision = plan->revisions->pdata[idx];
        const GPtrArray *below[] = {revision->parents, revision->dependencies};
        if (plan->direction == CMIG_UPGRADE)
            g_ptr_array_add(ids, revision->id);
        for (gsize kind = 0; plan->direction == CMIG_DOWNGRADE && kind < G_N_ELEMENTS(below);
             kind++)
            for (guint at = 0; at < below[kind]->len; at++)
                g_ptr_array_add(ids, ((CmigRevision *)below[kind]->pdata[at])->id);
    }
    g_ptr_array_add(ids, NULL);
    return cmig_db_check_writable(work->db, (const char *const *)ids->pdata, error);
}

/* A database in which an edited file has run would be another one than this. */
static gboolean find_changed_files(CmigWork *work, const GPtrArray *rows, GError **error)
{
    g_autoptr(GPtrArray) changed = NULL;
    if (!cmig_applied_files_check(work->db, work->graph, rows, &changed, error))
        return FALSE;
    if (changed->len > 0)
        work->guard.changed_files = cmig_applied_files_names(changed);
    return TRUE;
}

/* Reads and judges the files of a plan. */
static gboolean load_steps(CmigWork *work, const CmigPlan *plan, GError **error)
{
    g_autoptr(CmigJudge) judge = NULL;
    if (plan->revisions->len > 0 && !cmig_db_judge(work->db, &judge, error))
        return FALSE;
    return cmig_step_load_all(plan, work->config, cmig_db_dialect(work->db), judge, &work->steps,
                              error);
}

static gboolean ask_guard(CmigWork *work, const CmigPlan *plan, GError **error)
{
    g_autoptr(CmigReview) review = NULL;
    g_autofree char *what =
        g_strdup_printf("%s by %u revision%s", cmig_direction_name(plan->direction),
                        plan->revisions->len, plan->revisions->len == 1 ? "" : "s");
    return cmig_review_make(work->db, work->config, &work->site, plan->direction, work->steps,
                            FALSE, &review, error) &&
           cmig_gate_pass(work, what, review, error);
}

gboolean cmig_work_run(CmigWork *work, const CmigPlan *plan, const GPtrArray *rows, gboolean forced,
                       GError **error)
{
    work->applied = cmig_applied_new(work->graph, rows);
    if (!load_steps(work, plan, error))
        return FALSE;
    if (work->past.open != NULL && !cmig_work_check_open(work, next_step(work), error))
        return FALSE;
    if (plan->revisions->len > 0 &&
        (!check_writable(work, plan, error) || !find_changed_files(work, rows, error) ||
         !ask_guard(work, plan, error) || !take_all_steps(work, rows, forced, error)))
        return FALSE;
    fill_report(work);
    return TRUE;
}

/* Without a lock for the whole run, what looks left behind may be at work: its lock tells. */
static gboolean wait_for_section(CmigWork *work, GPtrArray **ids, GError **error)
{
    if (work->past.open == NULL || cmig_db_can(work->db, CMIG_DB_SESSION_LOCK))
        return TRUE;
    if (!cmig_db_enter(work->db, error))
        return FALSE;
    g_clear_pointer(ids, g_ptr_array_unref);
    gboolean read = cmig_work_read_state(work, ids, error);
    cmig_db_leave(work->db);
    return read;
}

gboolean cmig_work_begin(CmigWork *work, CmigDb *db, const CmigConfig *config,
                         const CmigGraph *graph, const CmigRunObserver *observer,
                         CmigDbState **state, GPtrArray **rows, GError **error)
{
    g_autoptr(GPtrArray) ids = NULL;
    if (!cmig_session_begin(db, config, observer, state, error) ||
        !cmig_session_check_schema(config, *state, error))
        return FALSE;
    cmig_work_init(work, db, config, graph, observer, *state);
    if (!cmig_work_read_state(work, &ids, error) || !wait_for_section(work, &ids, error))
        return FALSE;
    return cmig_graph_resolve_rows(graph, ids, rows, error);
}

CmigRunReport *cmig_run_report_new(void)
{
    CmigRunReport *report = g_new0(CmigRunReport, 1);
    report->done = g_ptr_array_new();
    report->rows = g_ptr_array_new_with_free_func(g_free);
    return report;
}

gboolean cmig_run(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                  CmigDirection direction, const char *target, const CmigRunObserver *observer,
                  CmigRunReport **report, GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(CmigPlan) plan = NULL;
    g_auto(CmigWork) work = {0};
    *report = cmig_run_report_new();
    work.report = *report;
    if (!cmig_work_begin(&work, db, config, graph, observer, &state, &rows, error) ||
        !cmig_plan_make(graph, direction, target, rows, &plan, error))
        return FALSE;
    if (observer->planned != NULL)
        observer->planned(plan, state, observer->data);
    gboolean ok = cmig_work_run(&work, plan, rows, FALSE, error);
    cmig_work_end(&work);
    return ok;
}

gboolean cmig_run_review(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                         CmigDirection direction, const char *target, CmigReview **review,
                         CmigEnvironment *environment, GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    g_autoptr(GPtrArray) ids = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(CmigPlan) plan = NULL;
    g_auto(CmigWork) work = {0};
    if (!cmig_db_inspect(db, FALSE, &state, error) ||
        !cmig_session_check_schema(config, state, error))
        return FALSE;
    cmig_work_init_reader(&work, db, config, graph, state);
    if (!cmig_work_read_state(&work, &ids, error))
        return FALSE;
    if (!cmig_graph_resolve_rows(graph, ids, &rows, error) ||
        !cmig_plan_make(graph, direction, target, rows, &plan, error) ||
        !cmig_gate_environment(&work, environment, error) || !load_steps(&work, plan, error) ||
        !cmig_review_make(db, config, &work.site, direction, work.steps, TRUE, review, error))
        return FALSE;
    (*review)->note = g_strdup(plan->note);
    (*review)->loaded = g_steal_pointer(&work.steps);
    return TRUE;
}
