/* Changes of the version table that run no migration: stamp and ensure-version. */
#include "cmig/audit.h"
#include "cmig/error.h"
#include "cmig/run.h"
#include "engine/run/gate.h"
#include "engine/run/session.h"
#include "engine/run/work.h"
#include "engine/version_rows.h"

/* All rows away, whatever they are, then the new ones. */
static GStrv purge_statements(const char *table, const GPtrArray *to)
{
    guint rows_changed = 0;
    g_autoptr(CmigRowChange) change = cmig_row_change_new();
    for (guint idx = 0; idx < to->len; idx++)
        g_ptr_array_add(change->inserted, to->pdata[idx]);
    g_auto(GStrv) inserts = cmig_rows_statements(table, change, &rows_changed);
    g_autofree char *empty = g_strdup_printf("DELETE FROM %s", table);
    g_autoptr(GStrvBuilder) statements = g_strv_builder_new();
    g_strv_builder_add(statements, empty);
    g_strv_builder_addv(statements, (const char **)(void *)inserts);
    return g_strv_builder_end(statements);
}

/* Writes the new rows in one transaction, provided that the old ones (`from`, NULL with --purge)
 * are still there. */
static gboolean write_rows(CmigWork *work, const GPtrArray *from, const GPtrArray *to,
                           GError **error)
{
    g_autofree char *detail = cmig_rows_describe(from, to);
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_STAMPED, work->log.token);
    record.detail = detail;
    g_auto(GStrv) records = cmig_audit_records(&work->log.place, &record, FALSE);
    g_auto(GStrv) setup = cmig_log_setup(&work->log);
    g_autofree const char **result = cmig_rows_list(to);
    g_autofree const char **expected = from != NULL ? cmig_rows_list(from) : NULL;
    g_auto(GStrv) changes = NULL;
    CmigDbUnit unit = {.begins = TRUE,
                       .commits = TRUE,
                       .create_schema = work->create_schema,
                       .create_table = work->create_table,
                       .setup = (const char *const *)setup,
                       .records = (const char *const *)records,
                       .expected = expected,
                       .result = result};
    if (from != NULL) {
        g_autoptr(CmigRowChange) change = cmig_rows_between(from, to);
        changes = cmig_rows_statements(work->table, change, &unit.rows_changed);
    } else {
        changes = purge_statements(work->table, to);
    }
    unit.changes = (const char *const *)changes;
    return cmig_work_send_only(work, &unit, error);
}

typedef void (*TellStep)(const CmigStampStep *step, gpointer data);

static void tell_steps(const CmigStampPlan *plan, TellStep step, gpointer data)
{
    for (guint idx = 0; step != NULL && idx < plan->steps->len; idx++)
        step(plan->steps->pdata[idx], data);
}

/* One attempt; CMIG_ERROR_CONFLICT when the rows changed between reading and writing. */
static gboolean stamp_once(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                           const char *const *targets, gboolean purge,
                           const CmigRunObserver *observer, TellStep step, GError **error)
{
    g_autoptr(CmigStampPlan) plan = NULL;
    g_autoptr(CmigDbState) state = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GPtrArray) revisions = NULL;
    if (!cmig_session_begin(db, config, observer, &state, error) ||
        !cmig_session_check_schema(config, state, error))
        return FALSE;
    g_auto(CmigWork) work = {0};
    cmig_work_init(&work, db, config, graph, observer, state);
    if (purge) {
        /* What is there may be unknown to the files: plan as if nothing were. */
        revisions = g_ptr_array_new();
    } else {
        if (!cmig_work_read_state(&work, &rows, error))
            return FALSE;
        if (!cmig_graph_resolve_rows(graph, rows, &revisions, error))
            return FALSE;
    }
    if (!cmig_stamp_plan_make(graph, targets, revisions, &plan, error))
        return FALSE;
    gboolean done = state->table_exists && rows != NULL && cmig_rows_same(rows, plan->rows);
    g_autofree const char **wanted = cmig_rows_list(plan->rows);
    if (!done && (!cmig_db_check_writable(db, wanted, error) ||
                  !cmig_gate_pass(&work, "stamp", NULL, error)))
        return FALSE;
    tell_steps(plan, step, observer->data);
    return done || write_rows(&work, rows, plan->rows, error);
}

gboolean cmig_run_stamp(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                        const char *const *targets, gboolean purge, const CmigRunObserver *observer,
                        void (*step)(const CmigStampStep *step, gpointer data), GError **error)
{
    for (;;) {
        GError *failure = NULL;
        if (stamp_once(db, config, graph, targets, purge, observer, step, &failure))
            return TRUE;
        gboolean again = g_error_matches(failure, CMIG_ERROR, CMIG_ERROR_CONFLICT) &&
                         !cmig_db_can(db, CMIG_DB_SESSION_LOCK);
        if (!again) {
            g_propagate_error(error, failure);
            return FALSE;
        }
        g_clear_error(&failure);
    }
}

gboolean cmig_run_ensure_version(CmigDb *db, const CmigConfig *config,
                                 const CmigRunObserver *observer, GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    if (!cmig_session_begin(db, config, observer, &state, error))
        return FALSE;
    if (!cmig_db_check_writable(db, NULL, error))
        return FALSE;
    if (state->table_exists && state->audit_exists)
        return TRUE;
    g_auto(CmigWork) work = {0};
    cmig_work_init(&work, db, config, NULL, observer, state);
    if (!cmig_gate_pass(&work, "creation of the version table", NULL, error))
        return FALSE;
    g_auto(GStrv) setup = cmig_audit_setup(&work.log.place);
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_STAMPED, work.log.token);
    record.detail = "[] -> []";
    g_auto(GStrv) records = cmig_audit_records(&work.log.place, &record, FALSE);
    CmigDbUnit unit = {.begins = TRUE,
                       .commits = TRUE,
                       .create_schema = work.create_schema,
                       .create_table = TRUE,
                       .setup = (const char *const *)setup};
    if (work.create_table)
        unit.records = (const char *const *)records;
    return cmig_work_send_only(&work, &unit, error);
}
