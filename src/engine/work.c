#include "engine/work.h"

#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "engine/session.h"

void cmig_work_init(CmigWork *work, CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                    const CmigRunObserver *observer, const CmigDbState *state)
{
    work->db = db;
    work->config = config;
    work->graph = graph;
    work->observer = observer;
    work->site =
        (CmigSite){.host = state->host, .database = state->database, .identity = state->identity};
    work->token = cmig_audit_new_token();
    work->table = cmig_db_version_table(db);
    work->audit_table = cmig_audit_table(state->table_schema);
    work->context = cmig_audit_context();
    work->context.server_identity = state->identity;
    work->place = cmig_session_place(db, config, work->audit_table);
    work->place.context = &work->context;
    work->place.seals = TRUE;
    work->place.ascii = state->ascii;
    work->create_schema = !state->schema_exists;
    work->create_table = !state->table_exists;
    work->create_audit = !state->audit_exists;
    work->deadlock_timeout = state->deadlock_timeout;
}

void cmig_work_init_reader(CmigWork *work, CmigDb *db, const CmigConfig *config,
                           const CmigGraph *graph, const CmigDbState *state)
{
    static const CmigRunObserver nobody;
    cmig_work_init(work, db, config, graph, &nobody, state);
    work->create_audit = !state->audit_readable;
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
    if (!cmig_session_read_rows(work->db, work->create_audit ? NULL : &work->place, ids, &past,
                                error))
        return FALSE;
    cmig_work_set_past(work, &past);
    /* Where there is no version table, nothing was read. */
    work->past_known = !work->create_table;
    return TRUE;
}

void cmig_work_clear(CmigWork *work)
{
    cmig_environment_clear(&work->environment);
    g_free(work->confirmed);
    g_free(work->changed_files);
    cmig_audit_past_clear(&work->past);
    g_free(work->plan);
    cmig_vcs_state_clear(&work->vcs);
    g_free(work->token);
    g_free(work->table);
    g_free(work->audit_table);
    g_free(work->head);
    g_clear_pointer(&work->steps, g_ptr_array_unref);
    g_clear_pointer(&work->expected, g_ptr_array_unref);
    cmig_applied_free(work->applied);
    cmig_db_activity_free(work->activity);
}

void cmig_work_note_head(CmigWork *work, const CmigDbUnit *unit, const CmigDbOutcome *outcome)
{
    if (unit->records == NULL)
        return;
    work->head_stale = !outcome->applied || *outcome->returned == '\0';
    if (work->head_stale)
        return;
    work->place.seals = FALSE;
    g_free(work->head);
    work->head = g_strdup(outcome->returned);
}

gboolean cmig_work_send_only(CmigWork *work, const CmigDbUnit *unit, GError **error)
{
    CmigDbOutcome outcome = {0};
    if (!cmig_db_run(work->db, unit, &outcome, error))
        return FALSE;
    cmig_work_note_head(work, unit, &outcome);
    cmig_work_end(work);
    return TRUE;
}

gboolean cmig_work_record(CmigWork *work, const CmigAuditRecord *record, GError **error)
{
    if (record->event == CMIG_AUDIT_REFUSED && work->create_audit)
        return TRUE;
    CmigAuditRecord own = *record;
    own.run = record->run != NULL ? record->run : work->token;
    g_auto(GStrv) records = cmig_audit_records(&work->place, &own, work->create_audit);
    CmigDbUnit unit = {
        .begins = TRUE, .commits = TRUE, .apart = TRUE, .records = (const char *const *)records};
    CmigDbOutcome outcome = {0};
    cmig_interrupt_hold(TRUE);
    gboolean written = cmig_db_run(work->db, &unit, &outcome, error);
    cmig_interrupt_hold(FALSE);
    if (!written)
        return FALSE;
    work->create_audit = FALSE;
    cmig_work_note_head(work, &unit, &outcome);
    return TRUE;
}

void cmig_work_record_failure(CmigWork *work, const GError *failure)
{
    const CmigStep *step = work->failed;
    /* Others are at work, or what is there is not known. */
    if (step == NULL || g_error_matches(failure, CMIG_ERROR, CMIG_ERROR_CONFLICT) ||
        g_error_matches(failure, CMIG_ERROR, CMIG_ERROR_IN_DOUBT))
        return;
    const char *file = cmig_error_file(failure);
    g_autofree char *detail = file != NULL ? g_strdup_printf("%s (%s:%u)", failure->message, file,
                                                             cmig_error_line(failure))
                                           : g_strdup(failure->message);
    CmigAuditRecord record = cmig_step_record(step, CMIG_AUDIT_FAILED, work->token);
    record.checksum = step->checksum;
    record.detail = detail;
    record.sqlstate = cmig_error_sqlstate(failure);
    record.duration = work->failed_after;
    cmig_work_record(work, &record, NULL);
}

/* Records that went with others' transactions are not known by their hashes. */
static void find_head(CmigWork *work)
{
    g_autofree char *query = cmig_audit_head_sql(&work->place);
    g_autoptr(GPtrArray) rows = NULL;
    g_clear_pointer(&work->head, g_free);
    if (cmig_db_query(work->db, query, &rows, NULL) && rows->len > 0)
        work->head = g_strdup(((GStrv)rows->pdata[0])[0]);
}

void cmig_work_end(CmigWork *work)
{
    if (work->head_stale)
        find_head(work);
    work->head_stale = FALSE;
    if (work->head == NULL || *work->head == '\0')
        return;
    if (work->report != NULL) {
        g_free(work->report->audit_head);
        work->report->audit_head = g_strdup(work->head);
    }
    if (work->observer->recorded != NULL)
        work->observer->recorded(work->head, work->observer->data);
    g_clear_pointer(&work->head, g_free);
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
    move->expected = cmig_session_ids(work->expected);
    move->result = cmig_session_ids(result);
    move->changes = cmig_session_row_changes(work->table, change, &move->rows_changed);
}

void cmig_row_move_clear(CmigRowMove *move)
{
    g_free(move->expected);
    g_free(move->result);
    g_strfreev(move->changes);
}
