/* Sealing, second half: what follows from the edges, namely which dependencies a revision's own
 * line has already, and which labels its relatives lend it. */
#include "graph/internal.h"

/* A map from revisions to marks that is cleared by using a higher mark. */
typedef struct {
    guint *marks;
    guint now;
} Marks;

static gboolean mark(Marks *marks, const CmigRevision *revision)
{
    gboolean fresh = marks->marks[revision->index] != marks->now;
    marks->marks[revision->index] = marks->now;
    return fresh;
}

static gboolean is_marked(const Marks *marks, const CmigRevision *revision)
{
    return marks->marks[revision->index] == marks->now;
}

/* Of the dependents of one revision, those that have another one below them by down_revision. The
 * walk goes no higher than the highest dependent, so neighbours on a line cost next to nothing. */
static void mark_repeated(const CmigRevision *dependency, const guint *ranks, Marks *seen)
{
    g_autoptr(GPtrArray) stack = g_ptr_array_new();
    guint highest = 0;
    seen->now++;
    for (guint idx = 0; idx < dependency->dependents->len; idx++) {
        CmigRevision *dependent = g_ptr_array_index(dependency->dependents, idx);
        highest = MAX(highest, ranks[dependent->index]);
        g_ptr_array_add(stack, dependent);
    }
    while (stack->len > 0) {
        const CmigRevision *revision = g_ptr_array_steal_index_fast(stack, stack->len - 1);
        for (guint idx = 0; idx < revision->children->len; idx++) {
            CmigRevision *child = g_ptr_array_index(revision->children, idx);
            if (ranks[child->index] <= highest && mark(seen, child))
                g_ptr_array_add(stack, child);
        }
    }
}

static void init_normalized(const CmigGraph *graph, CmigRevision *revision)
{
    if (revision->dependencies->len == 0) {
        revision->normalized = g_ptr_array_ref(revision->parents);
        return;
    }
    revision->normalized = g_ptr_array_ref(graph->none);
    const GPtrArray *below[] = {revision->parents, revision->dependencies};
    for (gsize kind = 0; kind < G_N_ELEMENTS(below); kind++) {
        for (guint idx = 0; idx < below[kind]->len; idx++) {
            gpointer other = g_ptr_array_index(below[kind], idx);
            if (!g_ptr_array_find(revision->normalized, other, NULL))
                cmig_graph_append(graph, &revision->normalized, other);
        }
    }
}

/* A dependency goes when an ancestor by down_revision has it as a direct dependency too, unless it
 * is a down_revision as well. */
void cmig_graph_normalize(CmigGraph *graph)
{
    guint size = graph->revisions->len;
    g_autofree guint *marks = g_new0(guint, MAX(size, 1));
    Marks seen = {marks, 0};
    for (guint idx = 0; idx < size; idx++)
        init_normalized(graph, g_ptr_array_index(graph->revisions, idx));
    for (guint idx = 0; idx < size; idx++) {
        CmigRevision *dependency = g_ptr_array_index(graph->revisions, idx);
        if (dependency->dependents->len < 2)
            continue;
        mark_repeated(dependency, graph->ranks, &seen);
        for (guint at = 0; at < dependency->dependents->len; at++) {
            CmigRevision *dependent = g_ptr_array_index(dependency->dependents, at);
            if (is_marked(&seen, dependent) &&
                !g_ptr_array_find(dependent->parents, dependency, NULL))
                g_ptr_array_remove(dependent->normalized, dependency);
        }
    }
}

typedef struct {
    CmigGraph *graph;
    CmigRevisionSet *own; /* revisions whose array of labels is not a shared one */
} Labels;

/* Gives `revision` the labels in `lent`, of which the carrier's own array may be shared. */
static void lend(Labels *labels, CmigRevision *revision, GPtrArray *lent)
{
    if (revision->labels == labels->graph->none) {
        g_ptr_array_unref(revision->labels);
        revision->labels = g_ptr_array_ref(lent);
        return;
    }
    if (!cmig_revision_set_has(labels->own, revision)) {
        GPtrArray *copy = g_ptr_array_copy(revision->labels, NULL, NULL);
        g_ptr_array_unref(revision->labels);
        revision->labels = copy;
        cmig_revision_set_add(labels->own, revision);
    }
    for (guint idx = 0; idx < lent->len; idx++)
        g_ptr_array_add(revision->labels, g_ptr_array_index(lent, idx));
}

static gboolean is_fork(const CmigRevision *revision)
{
    if (revision->children->len + revision->dependents->len < 2)
        return FALSE;
    /* One child that names it twice, as down_revision and as dependency, is no fork. */
    return revision->children->len != 1 || revision->dependents->len != 1 ||
           g_ptr_array_index(revision->children, 0) != g_ptr_array_index(revision->dependents, 0);
}

/* Everything above gets the labels. What is below gets them down to a fork or merge, but only when
 * no fork or merge is above either: such a label names a line, not one of several branches. */
static void spread_from(Labels *labels, CmigRevision *carrier, GPtrArray *lent)
{
    g_autoptr(GPtrArray) self = g_ptr_array_new();
    g_ptr_array_add(self, carrier);
    g_autoptr(CmigRevisionSet) above = cmig_graph_descendants(labels->graph, self, CMIG_EDGES_DOWN);
    g_autoptr(GPtrArray) members = cmig_revision_set_list(above, labels->graph);
    gboolean line = TRUE;
    for (guint idx = 0; idx < members->len; idx++) {
        CmigRevision *member = g_ptr_array_index(members, idx);
        line = line && !is_fork(member) && member->parents->len <= 1;
        if (member != carrier)
            lend(labels, member, lent);
    }
    CmigRevision *at = carrier;
    while (line && at->parents->len == 1) {
        at = g_ptr_array_index(at->parents, 0);
        line = !is_fork(at) && at->parents->len <= 1;
        if (line)
            lend(labels, at, lent);
    }
}

void cmig_graph_spread_labels(CmigGraph *graph)
{
    if (g_hash_table_size(graph->labels) == 0)
        return;
    g_autoptr(CmigRevisionSet) own = cmig_revision_set_new(graph);
    Labels labels = {graph, own};
    g_autoptr(GPtrArray) carriers = g_ptr_array_new();
    g_autoptr(GPtrArray) lent = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    /* Own labels come first in every array, therefore two passes. */
    for (guint idx = 0; idx < graph->revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(graph->revisions, idx);
        if (revision->branch_labels[0] == NULL)
            continue;
        GPtrArray *array = g_ptr_array_new();
        for (char **label = revision->branch_labels; *label != NULL; label++)
            if (!g_ptr_array_find_with_equal_func(array, *label, g_str_equal, NULL))
                g_ptr_array_add(array, *label);
        g_ptr_array_add(carriers, revision);
        g_ptr_array_add(lent, array);
        lend(&labels, revision, array);
    }
    for (guint idx = 0; idx < carriers->len; idx++)
        spread_from(&labels, g_ptr_array_index(carriers, idx), g_ptr_array_index(lent, idx));
}
