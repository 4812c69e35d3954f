/* What `cmig check` asks of a database. */
#include "cmig/applied_files.h"
#include "cmig/error.h"
#include "cmig/run.h"
#include "cmig/text.h"
#include "engine/check/rules.h"

static gboolean read_rows(CmigCheckWork *work, GError **error)
{
    return work->rows != NULL ||
           cmig_run_read_rows(work->db, work->config, &work->rows, &work->open, error);
}

static void add_file(CmigCheckWork *work, const CmigAppliedFile *file)
{
    g_autofree char *id = cmig_text_escape(file->id);
    g_autofree char *command = g_strdup_printf("`cmig accept %s --reason TEXT`", id);
    g_autofree char *accept =
        g_strdup_printf("put the change into a revision of its own, or run %s", command);
    g_autofree char *restore =
        g_strdup_printf("bring the file back, or run %s if it is gone for good", command);
    const char *path = file->revision != NULL ? file->revision->path : NULL;
    if (file->state == CMIG_FILE_CHANGED)
        cmig_finding_add(work->findings, cmig_rule_applied_files, path, 1, file->id, accept,
                         "%s changed since it was applied", id);
    else if (file->state == CMIG_FILE_COMMENTS)
        cmig_finding_add(work->findings, cmig_rule_applied_files, path, 1, file->id, NULL,
                         "comments or white space of %s changed since it was applied", id)
            ->note = TRUE;
    else if (file->state == CMIG_FILE_MISSING)
        cmig_finding_add(work->findings, cmig_rule_applied_files, NULL, 0, file->id, restore,
                         "no file defines %s, which is applied", id);
}

gboolean cmig_check_applied_files(CmigCheckWork *work, GError **error)
{
    g_autoptr(GPtrArray) files = NULL;
    if (!read_rows(work, error))
        return FALSE;
    if (cmig_db_audit_closed(work->db)) {
        work->unchecked = "the user of the URL may not read the audit table";
        return TRUE;
    }
    g_autoptr(GPtrArray) known = cmig_graph_known_rows(work->graph, work->rows);
    if (!cmig_applied_files_read(work->db, work->graph, known, NULL, &files, error))
        return FALSE;
    for (guint idx = 0; idx < files->len; idx++)
        add_file(work, files->pdata[idx]);
    return TRUE;
}

/* A head that an applied revision depends on is reached, although it has no row of its own. */
static void add_missing_heads(CmigCheckWork *work, const GPtrArray *rows)
{
    g_autoptr(CmigRevisionSet) applied = cmig_graph_ancestors(work->graph, rows, CMIG_EDGES_ALL);
    const GPtrArray *heads = cmig_graph_heads(work->graph);
    for (guint idx = 0; idx < heads->len; idx++) {
        const CmigRevision *head = heads->pdata[idx];
        if (!cmig_revision_set_has(applied, head))
            cmig_finding_add(work->findings, cmig_rule_at_head, head->path, 1, head->id,
                             "`cmig upgrade heads` brings the database there",
                             "the head %s is not applied", head->id);
    }
}

gboolean cmig_check_at_head(CmigCheckWork *work, GError **error)
{
    g_autoptr(GPtrArray) revisions = NULL;
    g_autoptr(GError) problem = NULL;
    if (!read_rows(work, error))
        return FALSE;
    const CmigAuditOpen *open = work->open;
    if (cmig_graph_resolve_rows(work->graph, work->rows, &revisions, &problem))
        add_missing_heads(work, revisions);
    else
        cmig_check_add_error(work, cmig_rule_at_head, NULL, problem);
    if (open != NULL) {
        g_autofree char *id = cmig_text_escape(open->revision);
        g_autofree char *direction = cmig_text_escape(open->direction);
        const CmigRevision *revision = cmig_graph_find(work->graph, open->revision);
        cmig_finding_add(work->findings, cmig_rule_at_head, revision ? revision->path : NULL, 0,
                         revision ? revision->id : NULL, "see `cmig repair`",
                         "the %s of %s was left half done", direction, id);
    }
    return TRUE;
}
