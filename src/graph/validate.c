/* Sealing, first half: labels, edges and the proof that nothing needs itself. */
#include "graph/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

gboolean cmig_branch_label_check(const char *label, GError **error)
{
    static const char allowed[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-";
    const char *why = NULL;
    gboolean hyphen_number = FALSE;
    for (const char *at = label; *at != '\0'; at++)
        hyphen_number = hyphen_number || (at[0] == '-' && g_ascii_isdigit(at[1]));

    if (label[0] == '\0')
        why = "it is empty";
    else if (label[strspn(label, allowed)] != '\0')
        why = "only letters, digits, '_', '.' and '-' are allowed";
    else if (label[0] == '-' || label[0] == '.')
        why = "it must begin with a letter, a digit or '_'";
    else if (hyphen_number)
        why = "a hyphen before a digit reads as a relative revision (\"12 below feat\")";
    else if (cmig_graph_is_reserved(label))
        why = "the word has a meaning of its own";
    if (why == NULL)
        return TRUE;
    g_autofree char *shown = cmig_text_escape(label);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "'%s' cannot be a branch label: %s", shown,
                why);
    return FALSE;
}

static gboolean index_label(CmigGraph *graph, CmigRevision *revision, char *label, GError **error)
{
    if (!cmig_branch_label_check(label, error)) {
        cmig_graph_set_place(error, revision);
        return FALSE;
    }
    const CmigRevision *other = g_hash_table_lookup(graph->labels, label);
    if (other == revision) /* named twice in one file */
        return TRUE;
    const CmigRevision *same = g_hash_table_lookup(graph->ids, label);
    if (other == NULL && same == NULL) {
        g_hash_table_insert(graph->labels, label, revision);
        return TRUE;
    }
    g_autofree char *id = cmig_text_escape(revision->id);
    g_autofree char *used = cmig_text_escape(other ? other->id : same->id);
    g_autofree char *path = cmig_text_escape(other ? other->path : same->path);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                "Branch name '%s' in revision %s already used by revision %s", label, id, used);
    cmig_error_set_detail(error, "%s %s", path, other ? "has the same label" : "has it as its id");
    cmig_graph_set_place(error, revision);
    return FALSE;
}

gboolean cmig_graph_index_labels(CmigGraph *graph, GError **error)
{
    for (guint idx = 0; idx < graph->revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(graph->revisions, idx);
        for (char **label = revision->branch_labels; *label != NULL; label++)
            if (!index_label(graph, revision, *label, error))
                return FALSE;
    }
    return TRUE;
}

static void set_missing(const CmigGraph *graph, const CmigRevision *revision, const char *name,
                        gboolean dependency, GError **error)
{
    g_autofree char *shown = cmig_text_escape(name);
    g_autofree char *id = cmig_text_escape(revision->id);
    g_autofree char *path = cmig_text_escape(revision->path);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                "Revision %s referenced from %s is not present", shown, id);
    cmig_error_set_detail(error, "%s names it as %s%s", path[0] != '\0' ? path : id,
                          dependency ? "depends_on" : "down_revision",
                          dependency ? "; no file has that id or label" : "; no file has that id");
    cmig_graph_set_place(error, revision);

    const CmigRevision *labelled = g_hash_table_lookup(graph->labels, name);
    g_autofree const char **names = cmig_graph_names(graph, dependency);
    const char *near = cmig_text_suggest(name, names);
    if (labelled != NULL)
        cmig_error_set_hint(error, "'%s' is the label of revision %s; down_revision takes ids",
                            shown, labelled->id);
    else if (near != NULL)
        cmig_error_set_hint(error, "did you mean '%s'?", near);
    else
        cmig_error_set_hint(error, "is a file missing, or not committed?");
}

static CmigRevision *find_target(const CmigGraph *graph, const char *name, gboolean dependency)
{
    CmigRevision *other = g_hash_table_lookup(graph->ids, name);
    return other == NULL && dependency ? g_hash_table_lookup(graph->labels, name) : other;
}

/* `marks` says per revision for which edges it was seen last, so that words said twice make one
 * edge. */
static gboolean link_kind(const CmigGraph *graph, CmigRevision *revision, gboolean dependency,
                          guint *marks, GError **error)
{
    GPtrArray **edges = dependency ? &revision->dependencies : &revision->parents;
    guint mark = 2 * revision->index + (dependency ? 2 : 1);
    char **names = dependency ? revision->depends_on : revision->down_revisions;
    for (; *names != NULL; names++) {
        CmigRevision *other = find_target(graph, *names, dependency);
        if (other == NULL) {
            set_missing(graph, revision, *names, dependency, error);
            return FALSE;
        }
        if (other == revision) {
            g_autofree char *id = cmig_text_escape(revision->id);
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "%s is detected in revisions (%s)",
                        dependency ? "Dependency self-loop" : "Self-loop", id);
            cmig_graph_set_place(error, revision);
            return FALSE;
        }
        if (marks[other->index] == mark)
            continue;
        marks[other->index] = mark;
        cmig_graph_append(graph, edges, other);
        cmig_graph_append(graph, dependency ? &other->dependents : &other->children, revision);
    }
    return TRUE;
}

gboolean cmig_graph_link(CmigGraph *graph, GError **error)
{
    g_autofree guint *marks = g_new0(guint, MAX(graph->revisions->len, 1));
    for (guint idx = 0; idx < graph->revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(graph->revisions, idx);
        if (!link_kind(graph, revision, FALSE, marks, error) ||
            !link_kind(graph, revision, TRUE, marks, error))
            return FALSE;
    }
    return TRUE;
}

/* Takes away, over and over, revisions that need nothing that is left. `ranks` gets the position
 * at which each one went, or G_MAXUINT for those that stay: they are on or above a cycle. */
static guint peel(const CmigGraph *graph, CmigEdges edges, guint *ranks)
{
    guint size = graph->revisions->len;
    g_autofree guint *needs = g_new(guint, size);
    g_autoptr(GPtrArray) queue = g_ptr_array_sized_new(size);
    for (guint idx = 0; idx < size; idx++) {
        CmigRevision *revision = g_ptr_array_index(graph->revisions, idx);
        ranks[idx] = G_MAXUINT;
        needs[idx] = revision->parents->len;
        if (edges == CMIG_EDGES_ALL)
            needs[idx] += revision->dependencies->len;
        if (needs[idx] == 0)
            g_ptr_array_add(queue, revision);
    }
    for (guint at = 0; at < queue->len; at++) {
        const CmigRevision *revision = g_ptr_array_index(queue, at);
        ranks[revision->index] = at;
        const GPtrArray *above[] = {revision->children,
                                    edges == CMIG_EDGES_ALL ? revision->dependents : graph->none};
        for (gsize kind = 0; kind < G_N_ELEMENTS(above); kind++) {
            for (guint idx = 0; idx < above[kind]->len; idx++) {
                CmigRevision *other = g_ptr_array_index(above[kind], idx);
                if (--needs[other->index] == 0)
                    g_ptr_array_add(queue, other);
            }
        }
    }
    return queue->len;
}

/* Something that `revision` needs and that did not get a rank. */
static const CmigRevision *unranked_need(const CmigRevision *revision, CmigEdges edges,
                                         const guint *ranks)
{
    const GPtrArray *below[] = {revision->parents, revision->dependencies};
    gsize kinds = edges == CMIG_EDGES_ALL ? 2 : 1;
    for (gsize kind = 0; kind < kinds; kind++) {
        for (guint idx = 0; idx < below[kind]->len; idx++) {
            const CmigRevision *other = g_ptr_array_index(below[kind], idx);
            if (ranks[other->index] == G_MAXUINT)
                return other;
        }
    }
    g_assert_not_reached();
}

/* Every unranked revision needs another one, so following needs must come round. */
static void set_cycle(const CmigGraph *graph, CmigEdges edges, const guint *ranks, GError **error)
{
    g_autoptr(CmigRevisionSet) seen = cmig_revision_set_new(graph);
    guint start = 0;
    while (ranks[start] != G_MAXUINT)
        start++;
    const CmigRevision *at = g_ptr_array_index(graph->revisions, start);
    for (; !cmig_revision_set_has(seen, at); at = unranked_need(at, edges, ranks))
        cmig_revision_set_add(seen, at);

    /* `at` is on the cycle; begin with the member that was loaded first. */
    const CmigRevision *first = at;
    const CmigRevision *member = at;
    do {
        if (member->index < first->index)
            first = member;
        member = unranked_need(member, edges, ranks);
    } while (member != at);

    g_autoptr(GPtrArray) cycle = g_ptr_array_new();
    member = first;
    do {
        g_ptr_array_add(cycle, g_ptr_array_index(graph->revisions, member->index));
        member = unranked_need(member, edges, ranks);
    } while (member != first);

    g_autofree char *names = cmig_revision_names(cycle);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "%s is detected in revisions (%s)",
                edges == CMIG_EDGES_ALL ? "Dependency cycle" : "Cycle", names);
    cmig_error_set_detail(error, "each of them %s the next one, and the last one the first",
                          edges == CMIG_EDGES_ALL ? "revises or depends on" : "revises");
    cmig_graph_set_place(error, first);
}

gboolean cmig_graph_check_cycles(CmigGraph *graph, GError **error)
{
    guint size = graph->revisions->len;
    graph->ranks = g_new(guint, MAX(size, 1));
    const CmigEdges kinds[] = {CMIG_EDGES_DOWN, CMIG_EDGES_ALL};
    for (gsize kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
        if (peel(graph, kinds[kind], graph->ranks) < size) {
            set_cycle(graph, kinds[kind], graph->ranks, error);
            return FALSE;
        }
    }
    return TRUE;
}
