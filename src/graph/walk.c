/* Sets of revisions, and everything above or below some. */
#include "graph/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

struct CmigRevisionSet {
    guint members;
    guint words;
    guint64 bits[];
};

CmigRevisionSet *cmig_revision_set_new(const CmigGraph *graph)
{
    guint words = graph->revisions->len / 64 + 1;
    CmigRevisionSet *set = g_malloc0(sizeof *set + words * sizeof set->bits[0]);
    set->words = words;
    return set;
}

void cmig_revision_set_free(CmigRevisionSet *set)
{
    g_free(set);
}

gboolean cmig_revision_set_has(const CmigRevisionSet *set, const CmigRevision *revision)
{
    return (set->bits[revision->index / 64] >> (revision->index % 64) & 1) != 0;
}

void cmig_revision_set_add(CmigRevisionSet *set, const CmigRevision *revision)
{
    if (cmig_revision_set_has(set, revision))
        return;
    set->bits[revision->index / 64] |= G_GUINT64_CONSTANT(1) << (revision->index % 64);
    set->members++;
}

void cmig_revision_set_remove(CmigRevisionSet *set, const CmigRevision *revision)
{
    if (!cmig_revision_set_has(set, revision))
        return;
    set->bits[revision->index / 64] &= ~(G_GUINT64_CONSTANT(1) << (revision->index % 64));
    set->members--;
}

guint cmig_revision_set_size(const CmigRevisionSet *set)
{
    return set->members;
}

GPtrArray *cmig_revision_set_list(const CmigRevisionSet *set, const CmigGraph *graph)
{
    GPtrArray *list = g_ptr_array_sized_new(set->members);
    for (guint word = 0; word < set->words; word++)
        for (guint64 bits = set->bits[word], bit = 0; bits != 0; bits >>= 1, bit++)
            if ((bits & 1) != 0)
                g_ptr_array_add(list, g_ptr_array_index(graph->revisions, word * 64 + bit));
    return list;
}

GPtrArray *cmig_graph_filter(const GPtrArray *from, const CmigRevisionSet *set)
{
    GPtrArray *kept = g_ptr_array_new();
    for (guint idx = 0; idx < from->len; idx++)
        if (set == NULL || cmig_revision_set_has(set, g_ptr_array_index(from, idx)))
            g_ptr_array_add(kept, g_ptr_array_index(from, idx));
    return kept;
}

/* Adds to the set and to the stack what is not in the set yet. */
static void push_all(CmigRevisionSet *set, GPtrArray *stack, const GPtrArray *revisions)
{
    for (guint idx = 0; idx < revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(revisions, idx);
        if (cmig_revision_set_has(set, revision))
            continue;
        cmig_revision_set_add(set, revision);
        g_ptr_array_add(stack, revision);
    }
}

static CmigRevisionSet *reach(const CmigGraph *graph, const GPtrArray *of, CmigEdges edges,
                              gboolean up)
{
    CmigRevisionSet *set = cmig_revision_set_new(graph);
    g_autoptr(GPtrArray) stack = g_ptr_array_new();
    push_all(set, stack, of);
    while (stack->len > 0) {
        const CmigRevision *at = g_ptr_array_steal_index_fast(stack, stack->len - 1);
        push_all(set, stack, up ? at->children : at->parents);
        if (edges == CMIG_EDGES_ALL)
            push_all(set, stack, up ? at->dependents : at->dependencies);
    }
    return set;
}

CmigRevisionSet *cmig_graph_ancestors(const CmigGraph *graph, const GPtrArray *of, CmigEdges edges)
{
    return reach(graph, of, edges, FALSE);
}

CmigRevisionSet *cmig_graph_descendants(const CmigGraph *graph, const GPtrArray *of,
                                        CmigEdges edges)
{
    return reach(graph, of, edges, TRUE);
}

CmigRevisionSet *cmig_graph_lineage(const CmigGraph *graph, const CmigRevision *revision,
                                    CmigEdges edges)
{
    g_autoptr(GPtrArray) of = g_ptr_array_new();
    g_ptr_array_add(of, g_ptr_array_index(graph->revisions, revision->index));
    CmigRevisionSet *set = reach(graph, of, edges, FALSE);
    g_autoptr(CmigRevisionSet) above = reach(graph, of, edges, TRUE);
    set->members += above->members - 1; /* both have `revision`, and nothing else in common */
    for (guint word = 0; word < set->words; word++)
        set->bits[word] |= above->bits[word];
    return set;
}

/* What the revisions need, and all that needs: their proper ancestors. */
static CmigRevisionSet *proper_ancestors(const CmigGraph *graph, const GPtrArray *of)
{
    g_autoptr(GPtrArray) below = g_ptr_array_new();
    for (guint idx = 0; idx < of->len; idx++) {
        const CmigRevision *revision = g_ptr_array_index(of, idx);
        for (guint at = 0; at < revision->normalized->len; at++)
            g_ptr_array_add(below, g_ptr_array_index(revision->normalized, at));
    }
    return reach(graph, below, CMIG_EDGES_ALL, FALSE);
}

gboolean cmig_graph_overlap(const CmigGraph *graph, const GPtrArray *revisions,
                            CmigRevision **ancestor, CmigRevision **descendant)
{
    g_autoptr(CmigRevisionSet) below = proper_ancestors(graph, revisions);
    g_autoptr(GPtrArray) covered = cmig_graph_filter(revisions, below);
    if (covered->len == 0)
        return FALSE;
    CmigRevision *lower = g_ptr_array_index(covered, 0);
    g_autoptr(GPtrArray) of = g_ptr_array_new();
    g_ptr_array_add(of, lower);
    g_autoptr(CmigRevisionSet) above = reach(graph, of, CMIG_EDGES_ALL, TRUE);
    cmig_revision_set_remove(above, lower);
    g_autoptr(GPtrArray) upper = cmig_graph_filter(revisions, above);
    *ancestor = lower;
    *descendant = g_ptr_array_index(upper, 0);
    return TRUE;
}

GPtrArray *cmig_graph_implied_current(const CmigGraph *graph, const GPtrArray *rows)
{
    g_autoptr(CmigRevisionSet) applied = cmig_graph_ancestors(graph, rows, CMIG_EDGES_ALL);
    g_autoptr(GPtrArray) members = cmig_revision_set_list(applied, graph);
    GPtrArray *tips = g_ptr_array_new();
    for (guint idx = 0; idx < members->len; idx++) {
        CmigRevision *member = g_ptr_array_index(members, idx);
        gboolean covered = FALSE;
        for (guint at = 0; at < member->children->len && !covered; at++)
            covered = cmig_revision_set_has(applied, g_ptr_array_index(member->children, at));
        if (!covered)
            g_ptr_array_add(tips, member);
    }
    return tips;
}

/* The one revision a walk may step to from `at` (NULL: base), or NULL. */
static gboolean step(const CmigGraph *graph, const CmigRevision *at, gboolean up,
                     const CmigRevisionSet *lineage, CmigRevision **next, GError **error)
{
    const GPtrArray *ways = graph->none;
    if (at != NULL)
        ways = up ? at->children : at->parents;
    else if (up)
        ways = graph->bases;
    g_autoptr(GPtrArray) open = NULL;
    if (up && lineage != NULL)
        ways = open = cmig_graph_filter(ways, lineage);
    if (ways->len > 1) {
        g_autofree char *names = cmig_revision_names(ways);
        g_autofree char *id = cmig_text_escape(at != NULL ? at->id : "base");
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "Ambiguous walk");
        cmig_error_set_detail(error, "%s %s %s", id, up ? "branches into" : "merges", names);
        cmig_error_set_hint(error, up ? "name the revision, or the branch: <branchname>@+N"
                                      : "name the revision to go to");
        return FALSE;
    }
    *next = ways->len == 1 ? g_ptr_array_index(ways, 0) : NULL;
    return TRUE;
}

gboolean cmig_graph_walk(const CmigGraph *graph, CmigRevision *start, int steps,
                         const CmigRevision *branch, CmigRevision **result, gboolean *ended,
                         GError **error)
{
    gboolean up = steps > 0;
    g_autoptr(CmigRevisionSet) lineage =
        up && branch != NULL ? cmig_graph_lineage(graph, branch, CMIG_EDGES_DOWN) : NULL;
    CmigRevision *at = start;
    gboolean short_of = FALSE;
    for (int left = ABS(steps); left > 0 && !short_of; left--) {
        CmigRevision *next = NULL;
        if (!step(graph, at, up, lineage, &next, error))
            return FALSE;
        /* Down from a base is one step to `base`; nothing is below that, or above a head. */
        short_of = next == NULL && (up || at == NULL);
        if (!short_of)
            at = next;
    }
    *result = at;
    *ended = short_of;
    return TRUE;
}
