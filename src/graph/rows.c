/* What the version rows say, and which states of them no migration leads to. */
#include "graph/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

static gboolean check_each(const GPtrArray *rows, GError **error)
{
    for (guint idx = 0; idx < rows->len; idx++) {
        const char *row = rows->pdata[idx];
        g_autofree char *shown = cmig_text_escape(row);
        if (*row == '\0')
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                        "the version table holds an empty row");
        else if (idx > 0 && strcmp(row, rows->pdata[idx - 1]) == 0)
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                        "the version table holds %s more than once", shown);
        else
            continue;
        cmig_error_set_hint(error, "`cmig stamp --purge REVISION…` replaces all rows by the ones "
                                   "that are right");
        return FALSE;
    }
    return TRUE;
}

static gboolean fail_unknown(const CmigGraph *graph, const GPtrArray *unknown, GError **error)
{
    g_autofree char *names = cmig_text_names(unknown);
    g_autofree char *first = cmig_text_escape(unknown->pdata[0]);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "Can't locate revision identified by '%s'",
                first);
    cmig_error_set_detail(error, "the database is at %s, which no file here defines", names);
    if (graph->revisions->len == 0)
        cmig_error_set_hint(error, "there are no revision files at all: are script_location and "
                                   "version_locations right?");
    else
        cmig_error_set_hint(error,
                            "are the files older than the database (another release or checkout), "
                            "is its branch not merged here, or is version_locations wrong? If the "
                            "revision is gone for good, `cmig stamp --purge REVISION…` replaces "
                            "the version rows");
    return FALSE;
}

static gboolean check_apart(const CmigGraph *graph, const GPtrArray *revisions, GError **error)
{
    CmigRevision *ancestor = NULL;
    CmigRevision *descendant = NULL;
    if (!cmig_graph_overlap(graph, revisions, &ancestor, &descendant))
        return TRUE;
    g_autofree char *upper = cmig_text_escape(descendant->id);
    g_autofree char *lower = cmig_text_escape(ancestor->id);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "the version table holds %s and its ancestor %s", upper, lower);
    cmig_error_set_detail(error, "%s needs %s, so %s alone says that both are applied", upper,
                          lower, upper);
    cmig_error_set_hint(error, "`cmig stamp --purge REVISION…` replaces all rows by the ones that "
                               "are right");
    return FALSE;
}

GPtrArray *cmig_graph_known_rows(const CmigGraph *graph, const GPtrArray *rows)
{
    GPtrArray *found = g_ptr_array_new();
    g_autoptr(CmigRevisionSet) seen = cmig_revision_set_new(graph);
    for (guint idx = 0; idx < rows->len; idx++) {
        CmigRevision *revision = g_hash_table_lookup(graph->ids, rows->pdata[idx]);
        if (revision == NULL || cmig_revision_set_has(seen, revision))
            continue;
        g_ptr_array_add(found, revision);
        cmig_revision_set_add(seen, revision);
    }
    return found;
}

gboolean cmig_graph_resolve_rows(const CmigGraph *graph, const GPtrArray *rows, GPtrArray **result,
                                 GError **error)
{
    if (!check_each(rows, error))
        return FALSE;
    g_autoptr(GPtrArray) unknown = g_ptr_array_new();
    for (guint idx = 0; idx < rows->len; idx++)
        if (!g_hash_table_contains(graph->ids, rows->pdata[idx]))
            g_ptr_array_add(unknown, rows->pdata[idx]);
    if (unknown->len > 0)
        return fail_unknown(graph, unknown, error);
    g_autoptr(GPtrArray) found = cmig_graph_known_rows(graph, rows);
    if (!check_apart(graph, found, error))
        return FALSE;
    *result = g_steal_pointer(&found);
    return TRUE;
}
