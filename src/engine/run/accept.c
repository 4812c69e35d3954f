/* Takes edited files of applied revisions for what was applied. */
#include "cmig/applied_files.h"

#include "cmig/error.h"
#include "engine/run/gate.h"
#include "engine/run/work.h"
#include "engine/version_rows.h"

#include <string.h>

static gboolean is_different(const CmigAppliedFile *file)
{
    return file->state == CMIG_FILE_COMMENTS || file->state == CMIG_FILE_CHANGED ||
           file->state == CMIG_FILE_MISSING;
}

static gboolean fail(GError **error, const char *hint, const char *format, ...) G_GNUC_PRINTF(3, 4);
static gboolean fail(GError **error, const char *hint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_FAILED, message);
    if (hint != NULL)
        cmig_error_set_hint(error, "%s", hint);
    return FALSE;
}

/* Whether there is something to accept; what is there now must be something that can run. */
static gboolean check_file(const CmigAppliedFile *file, GError **error)
{
    if (file->state == CMIG_FILE_UNKNOWN)
        return fail(error,
                    "it was stamped, or applied by another tool; only what cmig applied is "
                    "compared with its file",
                    "what was run of revision %s is not known", file->id);
    if (!is_different(file))
        return fail(error, NULL, "the file of revision %s did not change since it was applied",
                    file->id);
    if (file->problem == NULL || file->state == CMIG_FILE_MISSING)
        return TRUE;
    fail(error, NULL, "the file of revision %s cannot be accepted: %s", file->id, file->problem);
    cmig_error_set_place(error, file->revision->path, 0, 0);
    return FALSE;
}

static CmigAppliedFile *find_file(const GPtrArray *files, const char *id)
{
    for (guint idx = 0; idx < files->len; idx++)
        if (strcmp(((CmigAppliedFile *)files->pdata[idx])->id, id) == 0)
            return files->pdata[idx];
    return NULL;
}

static gboolean choose_one(const GPtrArray *files, const char *id, GHashTable *chosen,
                           GError **error)
{
    CmigAppliedFile *file = find_file(files, id);
    if (file == NULL)
        return fail(error, "`cmig history -i` shows where the database stands",
                    "revision %s is not applied", id);
    g_hash_table_add(chosen, file);
    return check_file(file, error);
}

/* An id that no file defines is nothing that the graph could resolve. */
static gboolean choose_target(const CmigGraph *graph, const GPtrArray *files, const char *target,
                              GHashTable *chosen, GError **error)
{
    const CmigAppliedFile *missing = find_file(files, target);
    g_autoptr(GPtrArray) revisions = NULL;
    if (missing != NULL && missing->revision == NULL)
        return choose_one(files, target, chosen, error);
    if (!cmig_graph_resolve(graph, target, &revisions, error))
        return FALSE;
    if (revisions->len == 0)
        return fail(error, NULL, "base is no revision with a file");
    for (guint idx = 0; idx < revisions->len; idx++)
        if (!choose_one(files, ((CmigRevision *)revisions->pdata[idx])->id, chosen, error))
            return FALSE;
    return TRUE;
}

static gboolean choose_all(const GPtrArray *files, GHashTable *chosen, GError **error)
{
    for (guint idx = 0; idx < files->len; idx++) {
        CmigAppliedFile *file = files->pdata[idx];
        if (is_different(file) && !check_file(file, error))
            return FALSE;
        if (is_different(file))
            g_hash_table_add(chosen, file);
    }
    return g_hash_table_size(chosen) > 0 ||
           fail(error, NULL, "no file changed since it was applied");
}

/* One record for each; the version rows must be what they were when the files were compared. */
static gboolean write_records(CmigWork *work, const GPtrArray *revisions, const GPtrArray *files,
                              GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint idx = 0; idx < files->len; idx++) {
        const CmigAppliedFile *file = files->pdata[idx];
        CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_ACCEPTED, work->log.token);
        record.revision = file->id;
        record.direction = cmig_direction_name(CMIG_UPGRADE);
        record.checksum = file->checksum;
        record.fingerprint = file->fingerprint;
        record.detail = cmig_file_state_name(file->state);
        g_auto(GStrv) statements = cmig_audit_records(&work->log.place, &record, FALSE);
        g_strv_builder_addv(builder, (const char **)(void *)statements);
    }
    g_auto(GStrv) records = g_strv_builder_end(builder);
    work->applied = cmig_applied_new(work->graph, revisions);
    g_autoptr(GPtrArray) rows = cmig_applied_rows(work->applied);
    g_autofree const char **ids = cmig_rows_list(rows);
    CmigDbUnit unit = {.begins = TRUE,
                       .commits = TRUE,
                       .expected = ids,
                       .result = ids,
                       .records = (const char *const *)records};
    return cmig_work_send_only(work, &unit, error);
}

/* What is not chosen leaves the array, so that order and ownership stay. */
static void keep_chosen(GPtrArray *files, GHashTable *chosen)
{
    guint kept = 0;
    for (guint idx = 0; idx < files->len; idx++)
        if (g_hash_table_contains(chosen, files->pdata[idx])) {
            gpointer other = files->pdata[kept];
            files->pdata[kept++] = files->pdata[idx];
            files->pdata[idx] = other;
        }
    g_ptr_array_set_size(files, (gint)kept);
}

gboolean cmig_run_accept(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                         const char *const *targets, const char *reason,
                         const CmigRunObserver *observer, GPtrArray **accepted, GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GPtrArray) files = NULL;
    g_autoptr(GHashTable) chosen = g_hash_table_new(NULL, NULL);
    g_auto(CmigWork) work = {0};
    if (!cmig_work_begin(&work, db, config, graph, observer, &state, &rows, error))
        return FALSE;
    if (work.past.open != NULL)
        return fail(error, "settle it first: see `cmig repair`", "a section is left half done");
    if (!cmig_applied_files_read(db, graph, rows, NULL, &files, error))
        return FALSE;
    if (targets == NULL && !choose_all(files, chosen, error))
        return FALSE;
    for (; targets != NULL && *targets != NULL; targets++)
        if (!choose_target(graph, files, *targets, chosen, error))
            return FALSE;
    keep_chosen(files, chosen);
    work.log.context.reason = reason;
    if (!cmig_gate_pass(&work, "acceptance of changed files", NULL, error) ||
        !write_records(&work, rows, files, error))
        return FALSE;
    *accepted = g_steal_pointer(&files);
    return TRUE;
}
