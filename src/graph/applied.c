/* The applied set of a database and its version rows. Per revision the number of applied revisions
 * just above it is kept; it is maximal exactly when that is 0, so a step looks at its own edges
 * only. */
#include "graph/internal.h"

#include "cmig/text.h"

#include <string.h>

struct CmigApplied {
    const CmigGraph *graph;
    CmigRevisionSet *set;
    guint *above;     /* per revision: edges from applied ones above */
    GHashTable *rows; /* revisions: the version rows now */
};

CmigRowChange *cmig_row_change_new(void)
{
    CmigRowChange *change = g_new0(CmigRowChange, 1);
    change->deleted = g_ptr_array_new();
    change->inserted = g_ptr_array_new();
    return change;
}

void cmig_row_change_free(CmigRowChange *change)
{
    if (change == NULL)
        return;
    g_ptr_array_unref(change->deleted);
    g_ptr_array_unref(change->inserted);
    g_free(change);
}

static void count_below(CmigApplied *applied, const CmigRevision *revision, int delta)
{
    const GPtrArray *below[] = {revision->parents, revision->dependencies};
    for (gsize kind = 0; kind < G_N_ELEMENTS(below); kind++) {
        for (guint idx = 0; idx < below[kind]->len; idx++) {
            const CmigRevision *other = g_ptr_array_index(below[kind], idx);
            applied->above[other->index] += (guint)delta;
        }
    }
}

CmigApplied *cmig_applied_new(const CmigGraph *graph, const GPtrArray *rows)
{
    CmigApplied *applied = g_new0(CmigApplied, 1);
    applied->graph = graph;
    applied->set = cmig_graph_ancestors(graph, rows, CMIG_EDGES_ALL);
    applied->above = g_new0(guint, graph->revisions->len + 1);
    applied->rows = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GPtrArray) members = cmig_revision_set_list(applied->set, graph);
    for (guint idx = 0; idx < members->len; idx++)
        count_below(applied, g_ptr_array_index(members, idx), 1);
    for (guint idx = 0; idx < rows->len; idx++)
        g_hash_table_add(applied->rows, g_ptr_array_index(rows, idx));
    return applied;
}

void cmig_applied_free(CmigApplied *applied)
{
    if (applied == NULL)
        return;
    cmig_revision_set_free(applied->set);
    g_free(applied->above);
    g_hash_table_unref(applied->rows);
    g_free(applied);
}

gboolean cmig_applied_has(const CmigApplied *applied, const CmigRevision *revision)
{
    return cmig_revision_set_has(applied->set, revision);
}

static int compare_names(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

GPtrArray *cmig_applied_rows(const CmigApplied *applied)
{
    GPtrArray *names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer row;
    g_hash_table_iter_init(&iter, applied->rows);
    while (g_hash_table_iter_next(&iter, &row, NULL))
        g_ptr_array_add(names, ((CmigRevision *)row)->id);
    g_ptr_array_sort(names, compare_names);
    return names;
}

static gboolean all_applied(const CmigApplied *applied, const GPtrArray *revisions)
{
    for (guint idx = 0; idx < revisions->len; idx++)
        if (!cmig_revision_set_has(applied->set, g_ptr_array_index(revisions, idx)))
            return FALSE;
    return TRUE;
}

gboolean cmig_applied_can_upgrade(const CmigApplied *applied, const CmigRevision *revision)
{
    return !cmig_revision_set_has(applied->set, revision) &&
           all_applied(applied, revision->parents) && all_applied(applied, revision->dependencies);
}

gboolean cmig_applied_can_downgrade(const CmigApplied *applied, const CmigRevision *revision)
{
    return cmig_revision_set_has(applied->set, revision) && applied->above[revision->index] == 0;
}

/* The revisions just below whose row comes (`uncovered`: nothing applied is above them any more) or
 * goes (they have one), the one that the row is updated from or to last: the last down_revision,
 * else the last dependency. */
static GPtrArray *rows_below(const CmigApplied *applied, const CmigRevision *revision,
                             gboolean uncovered)
{
    GPtrArray *found = g_ptr_array_new();
    const GPtrArray *below[] = {revision->dependencies, revision->parents};
    for (gsize kind = 0; kind < G_N_ELEMENTS(below); kind++) {
        for (guint idx = 0; idx < below[kind]->len; idx++) {
            CmigRevision *other = g_ptr_array_index(below[kind], idx);
            gboolean is_row = g_hash_table_contains(applied->rows, other);
            gboolean wanted = uncovered ? !is_row && applied->above[other->index] == 0 : is_row;
            /* What is both a dependency and a down_revision counts as the latter. */
            if (wanted && (kind == 1 || !g_ptr_array_find(revision->parents, other, NULL)))
                g_ptr_array_add(found, other);
        }
    }
    return found;
}

CmigRowChange *cmig_applied_upgrade(CmigApplied *applied, const CmigRevision *revision)
{
    g_assert(cmig_applied_can_upgrade(applied, revision));
    CmigRowChange *change = cmig_row_change_new();
    g_autoptr(GPtrArray) from = rows_below(applied, revision, FALSE);
    for (guint idx = 0; idx < from->len; idx++) {
        const CmigRevision *row = g_ptr_array_index(from, idx);
        g_hash_table_remove(applied->rows, row);
        if (idx + 1 < from->len)
            g_ptr_array_add(change->deleted, row->id);
        else
            change->updated_from = row->id;
    }
    if (from->len > 0)
        change->updated_to = revision->id;
    else
        g_ptr_array_add(change->inserted, revision->id);

    cmig_revision_set_add(applied->set, revision);
    count_below(applied, revision, 1);
    g_hash_table_add(applied->rows, g_ptr_array_index(applied->graph->revisions, revision->index));
    return change;
}

CmigRowChange *cmig_applied_downgrade(CmigApplied *applied, const CmigRevision *revision)
{
    g_assert(cmig_applied_can_downgrade(applied, revision));
    cmig_revision_set_remove(applied->set, revision);
    count_below(applied, revision, -1);
    g_hash_table_remove(applied->rows, revision);

    CmigRowChange *change = cmig_row_change_new();
    g_autoptr(GPtrArray) to = rows_below(applied, revision, TRUE);
    for (guint idx = 0; idx < to->len; idx++) {
        CmigRevision *row = g_ptr_array_index(to, idx);
        g_hash_table_add(applied->rows, row);
        if (idx + 1 < to->len)
            g_ptr_array_add(change->inserted, row->id);
        else
            change->updated_to = row->id;
    }
    if (to->len > 0)
        change->updated_from = revision->id;
    else
        g_ptr_array_add(change->deleted, revision->id);
    return change;
}
