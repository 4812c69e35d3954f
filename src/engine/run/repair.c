/* Settles a section outside of a transaction that a run left half done. */
#include "cmig/error.h"
#include "engine/run/gate.h"
#include "engine/run/session.h"
#include "engine/run/work.h"
#include "engine/version_rows.h"

#include <string.h>

/* So many columns of a statement are shown. */
enum { SHOWN = 400 };

void cmig_repair_report_free(CmigRepairReport *report)
{
    if (report == NULL)
        return;
    cmig_audit_open_free(report->open);
    g_free(report->path);
    g_free(report->statement);
    g_free(report->effect);
    g_free(report->problem);
    g_free(report);
}

/* The revision's section as a plan of one step; NULL in `*steps` when there is none to be had, with
 * the reason in the report. */
static void load_section(const CmigWork *work, CmigRepairReport *report, CmigPlan *plan,
                         GPtrArray **steps)
{
    g_autoptr(GError) problem = NULL;
    CmigRevision *revision = cmig_graph_find(work->graph, report->open->revision);
    if (revision == NULL) {
        report->problem = g_strdup("no file here defines this revision");
        return;
    }
    report->path = g_strdup(revision->path);
    plan->direction = cmig_direction_of(report->open->direction);
    g_ptr_array_add(plan->revisions, revision);
    if (!cmig_step_load_all(plan, work->config, cmig_db_dialect(work->db), NULL, steps, &problem) ||
        !cmig_work_check_open(work, (*steps)->pdata[0], &problem))
        report->problem = g_strdup(problem->message);
}

static const char *describe_state(const CmigEffect *effect)
{
    static const char *const texts[] = {
        [CMIG_EFFECT_UNKNOWN] = "what it did cannot be found out",
        [CMIG_EFFECT_ABSENT] = "nothing of it is there, or it can be repeated without harm",
        [CMIG_EFFECT_DONE] = "it is done",
        [CMIG_EFFECT_LEFTOVER] = "it left something that is of no use",
        [CMIG_EFFECT_BUSY] = "the server is still working on it",
    };
    return texts[effect->state];
}

/* What is there of the statement that was running. */
static gboolean look_at_statement(const CmigWork *work, const CmigStep *step,
                                  CmigRepairReport *report, GError **error)
{
    guint index = report->open->statement;
    if (index >= step->sql->statements->len) {
        report->effect = g_strdup("all statements are done, only the version rows are missing");
        return TRUE;
    }
    g_autoptr(CmigEffect) effect = NULL;
    g_autofree char *text = cmig_sql_shown_text(step->sql, index);
    report->statement = cmig_sql_redact(text, SHOWN);
    report->line = cmig_sql_line(step->sql, cmig_sql_statement(step->sql, index)->start);
    CmigSqlKind kind = cmig_sql_kind(step->sql, index);
    if (!report->open->next_unsure || (kind != CMIG_SQL_ALONE && kind != CMIG_SQL_OPAQUE)) {
        report->effect = g_strdup("nothing of it is there");
        return TRUE;
    }
    if (!cmig_db_probe(work->db, step->sql, index, &effect, error))
        return FALSE;
    report->effect = effect->what != NULL
                         ? g_strdup_printf("%s: %s", describe_state(effect), effect->what)
                         : g_strdup(describe_state(effect));
    return TRUE;
}

gboolean cmig_run_repair_look(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                              CmigRepairReport **report, GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GPtrArray) steps = NULL;
    g_autoptr(CmigPlan) plan = cmig_plan_new(CMIG_UPGRADE);
    g_autoptr(CmigRepairReport) found = g_new0(CmigRepairReport, 1);
    g_auto(CmigWork) work = {0};
    if (!cmig_db_inspect(db, FALSE, &state, error))
        return FALSE;
    cmig_work_init_reader(&work, db, config, graph, state);
    CmigAuditPast past = {0};
    if (state->audit_exists && !cmig_session_read_rows(db, &work.log.place, &rows, &past, error))
        return FALSE;
    cmig_work_set_past(&work, &past);
    if (work.past.open != NULL) {
        found->open = work.past.open;
        load_section(&work, found, plan, &steps);
        work.past.open = NULL;
    }
    if (found->open != NULL && found->problem == NULL &&
        !look_at_statement(&work, steps->pdata[0], found, error))
        return FALSE;
    *report = g_steal_pointer(&found);
    return TRUE;
}

/* Nothing has happened since the user looked. */
static gboolean is_same(const CmigAuditOpen *left, const CmigAuditOpen *right)
{
    return left != NULL && right != NULL && strcmp(left->revision, right->revision) == 0 &&
           strcmp(left->direction, right->direction) == 0 && left->statement == right->statement &&
           strcmp(left->since, right->since) == 0;
}

/* Writes that the revision is applied, or is not, whichever part of it is there. */
static gboolean mark(CmigWork *work, const CmigRevision *revision, gboolean applied, GError **error)
{
    CmigStep step = {.revision = revision, .direction = applied ? CMIG_UPGRADE : CMIG_DOWNGRADE};
    g_auto(CmigRowMove) move = {0};
    g_autoptr(GPtrArray) rows = cmig_applied_rows(work->applied);
    g_autofree const char **same = cmig_rows_list(rows);
    gboolean moves = applied != cmig_applied_has(work->applied, revision);
    gboolean possible = applied ? cmig_applied_can_upgrade(work->applied, revision)
                                : cmig_applied_can_downgrade(work->applied, revision);
    if (moves && !possible) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "the version rows have changed since: %s cannot be marked as %s", revision->id,
                    applied ? "applied" : "reverted");
        cmig_error_set_hint(error, "set the version rows with `cmig stamp`");
        return FALSE;
    }
    if (moves)
        cmig_row_move_init(&move, work, &step);
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_REPAIRED, work->log.token);
    record.revision = revision->id;
    record.direction = work->past.open->direction;
    record.detail = applied ? cmig_audit_marked_applied : cmig_audit_marked_reverted;
    g_auto(GStrv) records = cmig_audit_records(&work->log.place, &record, FALSE);
    CmigDbUnit unit = {.begins = TRUE,
                       .commits = TRUE,
                       .expected = moves ? move.expected : same,
                       .result = moves ? move.result : same,
                       .changes = (const char *const *)move.changes,
                       .rows_changed = move.rows_changed,
                       .records = (const char *const *)records};
    cmig_work_begin_attempts(work);
    return cmig_work_send(work, &step, &unit, 0, error);
}

static gboolean settle(CmigWork *work, CmigRepairAction action, const GPtrArray *rows,
                       GError **error)
{
    CmigRevision *revision = cmig_graph_find(work->graph, work->past.open->revision);
    if (revision == NULL) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "no file here defines %s",
                    work->past.open->revision);
        cmig_error_set_hint(error, "run this where its file is, or set the version rows with "
                                   "`cmig stamp`");
        return FALSE;
    }
    if (action != CMIG_REPAIR_RETRY) {
        work->applied = cmig_applied_new(work->graph, rows);
        return cmig_gate_pass(work, "repair", NULL, error) &&
               mark(work, revision, action == CMIG_REPAIR_MARK_APPLIED, error);
    }
    g_autoptr(CmigPlan) plan = cmig_plan_new(cmig_direction_of(work->past.open->direction));
    g_ptr_array_add(plan->revisions, revision);
    return cmig_work_run(work, plan, rows, TRUE, error);
}

gboolean cmig_run_repair(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                         CmigRepairAction action, const CmigRepairReport *report,
                         const CmigRunObserver *observer, GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(CmigRunReport) done = cmig_run_report_new();
    g_auto(CmigWork) work = {0};
    work.report = done;
    if (!cmig_work_begin(&work, db, config, graph, observer, &state, &rows, error))
        return FALSE;
    if (is_same(work.past.open, report->open)) {
        gboolean settled = settle(&work, action, rows, error);
        cmig_work_end(&work);
        return settled;
    }
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN,
                        "another run has gone on since; what was shown is no longer so");
    cmig_error_set_hint(error, "nothing was changed; look again with `cmig repair`");
    return FALSE;
}
