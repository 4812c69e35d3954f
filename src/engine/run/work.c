#include "engine/run/work.h"

#include "engine/run/session.h"
#include "engine/version_rows.h"

void cmig_work_init(CmigWork *work, CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                    const CmigRunObserver *observer, const CmigDbState *state)
{
    work->db = db;
    work->config = config;
    work->graph = graph;
    work->observer = observer;
    work->site =
        (CmigSite){.host = state->host, .database = state->database, .identity = state->identity};
    work->table = cmig_db_version_table(db);
    work->create_schema = !state->schema_exists;
    work->create_table = !state->table_exists;
    work->attempts.deadlock_timeout = state->deadlock_timeout;
    cmig_log_init(&work->log, db, state);
}

void cmig_work_init_reader(CmigWork *work, CmigDb *db, const CmigConfig *config,
                           const CmigGraph *graph, const CmigDbState *state)
{
    static const CmigRunObserver nobody;
    cmig_work_init(work, db, config, graph, &nobody, state);
    work->log.create = !state->audit_readable;
    work->site.unread = state->audit_exists && !state->audit_readable;
}

void cmig_work_set_past(CmigWork *work, CmigAuditPast *past)
{
    cmig_audit_past_clear(&work->past);
    work->past = *past;
    *past = (CmigAuditPast){0};
    work->past_known = TRUE;
    work->site.recorded = work->past.environment;
    work->site.recorded_identity = work->past.identity;
}

gboolean cmig_work_read_state(CmigWork *work, GPtrArray **ids, GError **error)
{
    CmigAuditPast past = {0};
    if (!cmig_session_read_rows(work->db, work->log.create ? NULL : &work->log.place, ids, &past,
                                error))
        return FALSE;
    cmig_work_set_past(work, &past);
    /* Where there is no version table, nothing was read. */
    work->past_known = !work->create_table;
    return TRUE;
}

void cmig_work_clear(CmigWork *work)
{
    cmig_audit_past_clear(&work->past);
    g_free(work->table);
    g_clear_pointer(&work->steps, g_ptr_array_unref);
    cmig_applied_free(work->applied);
    g_clear_pointer(&work->expected, g_ptr_array_unref);
    cmig_log_clear(&work->log);
    cmig_environment_clear(&work->guard.environment);
    g_free(work->guard.changed_files);
    g_free(work->guard.plan);
    g_free(work->guard.confirmed);
    cmig_vcs_state_clear(&work->guard.vcs);
    cmig_db_activity_free(work->watch.activity);
}

gboolean cmig_work_send_only(CmigWork *work, const CmigDbUnit *unit, GError **error)
{
    CmigDbOutcome outcome = {0};
    if (!cmig_db_run(work->db, unit, &outcome, error))
        return FALSE;
    cmig_log_note(&work->log, unit, &outcome);
    cmig_work_end(work);
    return TRUE;
}

void cmig_work_end(CmigWork *work)
{
    const char *head = cmig_log_head(&work->log);
    if (head == NULL)
        return;
    if (work->report != NULL) {
        g_free(work->report->audit_head);
        work->report->audit_head = g_strdup(head);
    }
    if (work->observer->recorded != NULL)
        work->observer->recorded(head, work->observer->data);
    /* A run that is refused ends twice: with the refusal, and as every run. */
    cmig_log_forget_head(&work->log);
}

void cmig_work_note(const CmigWork *work, const char *format, ...)
{
    if (work->observer->note == NULL)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    work->observer->note(text, work->observer->data);
}

void cmig_row_move_init(CmigRowMove *move, CmigWork *work, const CmigStep *step)
{
    g_clear_pointer(&work->expected, g_ptr_array_unref);
    work->expected = cmig_applied_rows(work->applied);
    g_autoptr(CmigRowChange) change = step->direction == CMIG_UPGRADE
                                          ? cmig_applied_upgrade(work->applied, step->revision)
                                          : cmig_applied_downgrade(work->applied, step->revision);
    g_autoptr(GPtrArray) result = cmig_applied_rows(work->applied);
    move->expected = cmig_rows_list(work->expected);
    move->result = cmig_rows_list(result);
    move->changes = cmig_rows_statements(work->table, change, &move->rows_changed);
}

void cmig_row_move_clear(CmigRowMove *move)
{
    g_free(move->expected);
    g_free(move->result);
    g_strfreev(move->changes);
}
