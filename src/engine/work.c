#include "engine/work.h"

#include "engine/session.h"

void cmig_work_init(CmigWork *work, CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                    const CmigRunObserver *observer, const CmigDbState *state)
{
    work->db = db;
    work->config = config;
    work->graph = graph;
    work->observer = observer;
    work->token = cmig_audit_new_token();
    work->table = cmig_db_version_table(db);
    work->audit_table = cmig_audit_table(state->table_schema);
    work->place = (CmigAuditPlace){.dialect = cmig_db_dialect(db),
                                   .table = work->audit_table,
                                   .version_table = config->version_table};
    work->create_schema = !state->schema_exists;
    work->create_table = !state->table_exists;
    work->create_audit = !state->audit_exists;
    work->deadlock_timeout = state->deadlock_timeout;
}

void cmig_work_clear(CmigWork *work)
{
    g_free(work->token);
    g_free(work->table);
    g_free(work->audit_table);
    cmig_audit_open_free(work->open);
    g_clear_pointer(&work->steps, g_ptr_array_unref);
    g_clear_pointer(&work->expected, g_ptr_array_unref);
    cmig_applied_free(work->applied);
    cmig_db_activity_free(work->activity);
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
