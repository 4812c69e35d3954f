#include "engine/run/log.h"

#include "cmig/interrupt.h"

void cmig_log_init(CmigRunLog *log, CmigDb *db, const CmigDbState *state)
{
    log->db = db;
    log->token = cmig_audit_new_token();
    log->table = cmig_audit_table(state->table_schema);
    log->context = cmig_audit_context();
    log->context.server_identity = state->identity;
    log->place = cmig_audit_place(db, log->table);
    log->place.context = &log->context;
    log->place.seals = TRUE;
    log->place.ascii = state->ascii;
    log->create = !state->audit_exists;
}

void cmig_log_clear(CmigRunLog *log)
{
    g_free(log->token);
    g_free(log->table);
    g_free(log->head);
}

GStrv cmig_log_setup(const CmigRunLog *log)
{
    return log->create ? cmig_audit_setup(&log->place) : NULL;
}

void cmig_log_note(CmigRunLog *log, const CmigDbUnit *unit, const CmigDbOutcome *outcome)
{
    if (unit->records == NULL)
        return;
    log->stale = !outcome->applied || *outcome->returned == '\0';
    if (log->stale)
        return;
    log->place.seals = FALSE;
    g_free(log->head);
    log->head = g_strdup(outcome->returned);
}

gboolean cmig_log_write(CmigRunLog *log, const CmigAuditRecord *record, GError **error)
{
    if (record->event == CMIG_AUDIT_REFUSED && log->create)
        return TRUE;
    g_auto(GStrv) records = cmig_audit_records(&log->place, record, log->create);
    CmigDbUnit unit = {
        .begins = TRUE, .commits = TRUE, .apart = TRUE, .records = (const char *const *)records};
    CmigDbOutcome outcome = {0};
    cmig_interrupt_hold(TRUE);
    gboolean written = cmig_db_run(log->db, &unit, &outcome, error);
    cmig_interrupt_hold(FALSE);
    if (!written)
        return FALSE;
    log->create = FALSE;
    cmig_log_note(log, &unit, &outcome);
    return TRUE;
}

/* Records that went with others' transactions are not known by their hashes. */
static void find_head(CmigRunLog *log)
{
    g_autofree char *query = cmig_audit_head_sql(&log->place);
    g_autoptr(GPtrArray) rows = NULL;
    g_clear_pointer(&log->head, g_free);
    if (cmig_db_query(log->db, query, &rows, NULL) && rows->len > 0)
        log->head = g_strdup(((GStrv)rows->pdata[0])[0]);
    log->stale = FALSE;
}

const char *cmig_log_head(CmigRunLog *log)
{
    if (log->stale)
        find_head(log);
    return log->head != NULL && *log->head != '\0' ? log->head : NULL;
}

void cmig_log_forget_head(CmigRunLog *log)
{
    g_clear_pointer(&log->head, g_free);
}
