/* history's START:END. */
#include "graph/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

typedef struct {
    const CmigGraph *graph;
    const char *text;
    const GPtrArray *current;
    CmigIdentifier start, end;
    CmigRevision *start_branch, *end_branch;
} Range;

static void range_clear(Range *range)
{
    cmig_identifier_clear(&range->start);
    cmig_identifier_clear(&range->end);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Range, range_clear)

/* `+N` or `-N`, which count from the other end of the range. */
static gboolean is_bare(const CmigIdentifier *identifier)
{
    return identifier->relative && identifier->symbol[0] == '\0';
}

static gboolean parse(Range *range, GError **error)
{
    const char *text = range->text;
    const char *colon = strchr(text, ':');
    if (colon == NULL || strchr(colon + 1, ':') != NULL) {
        g_autofree char *shown = cmig_text_escape(text);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                    "History range requires [start]:[end], [start]:, or :[end]; not '%s'", shown);
        return FALSE;
    }
    g_autofree char *start = g_strndup(text, (gsize)(colon - text));
    if (!cmig_identifier_parse(start[0] != '\0' ? start : "base", &range->start, error) ||
        !cmig_identifier_parse(colon[1] != '\0' ? colon + 1 : "heads", &range->end, error))
        return FALSE;
    int wrong = 0;
    if (is_bare(&range->start) && range->start.steps > 0)
        wrong = range->start.steps;
    else if (is_bare(&range->end) && range->end.steps < 0)
        wrong = range->end.steps;
    if (wrong != 0) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "Relative revision %+d didn't produce %d migrations", wrong, ABS(wrong));
        cmig_error_set_hint(error, "-N:END counts down from END, START:+N up from START");
        return FALSE;
    }
    return (range->start.branch == NULL ||
            cmig_graph_branch(range->graph, range->start.branch, &range->start_branch, error)) &&
           (range->end.branch == NULL ||
            cmig_graph_branch(range->graph, range->end.branch, &range->end_branch, error));
}

static GPtrArray *on_branch(const Range *range, const GPtrArray *revisions,
                            const CmigRevision *branch)
{
    g_autoptr(CmigRevisionSet) lineage =
        branch != NULL ? cmig_graph_lineage(range->graph, branch, CMIG_EDGES_DOWN) : NULL;
    return cmig_graph_filter(revisions, lineage);
}

/* From each of `from` (none: base) as far as there is something. */
static gboolean walk_from(const Range *range, const GPtrArray *from, int steps,
                          const CmigRevision *branch, GPtrArray **result, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    for (guint idx = 0; idx < MAX(from->len, 1); idx++) {
        CmigRevision *start = from->len > 0 ? g_ptr_array_index(from, idx) : NULL;
        CmigRevision *at = NULL;
        gboolean ended = FALSE;
        if (!cmig_graph_walk(range->graph, start, steps, branch, &at, &ended, error))
            return FALSE;
        if (at != NULL && !g_ptr_array_find(found, at, NULL))
            g_ptr_array_add(found, at);
    }
    *result = g_steal_pointer(&found);
    return TRUE;
}

/* An end that does not count from the other one. */
static gboolean resolve_end(const Range *range, const CmigIdentifier *identifier,
                            const CmigRevision *branch, GPtrArray **result, GError **error)
{
    g_autoptr(GPtrArray) anchor = NULL;
    if (strcmp(identifier->symbol, "current") == 0)
        anchor =
            range->current != NULL ? on_branch(range, range->current, branch) : g_ptr_array_new();
    else if (!cmig_graph_resolve(range->graph, identifier->anchor, &anchor, error))
        return FALSE;
    if (identifier->relative)
        return walk_from(range, anchor, identifier->steps, branch, result, error);
    *result = g_steal_pointer(&anchor);
    return TRUE;
}

static gboolean fail_range(GError **error, const Range *range)
{
    g_autofree char *shown = cmig_text_escape(range->text);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "Requested range %s does not refer to ancestor/descendant revisions along the same "
                "branch",
                shown);
    return FALSE;
}

static gboolean fail_ambiguous(GError **error, const GPtrArray *starts)
{
    g_autofree char *names = cmig_revision_names(starts);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "Ambiguous upgrade from multiple current revisions");
    cmig_error_set_detail(error, "the range could be counted from each of: %s", names);
    cmig_error_set_hint(error, "say which branch: <branchname>@+N");
    return FALSE;
}

static gboolean resolve_ends(const Range *range, GPtrArray **lower, GPtrArray **upper,
                             GError **error)
{
    g_autoptr(GPtrArray) low = NULL;
    g_autoptr(GPtrArray) high = NULL;
    if (!is_bare(&range->start) &&
        !resolve_end(range, &range->start, range->start_branch, &low, error))
        return FALSE;
    if (!is_bare(&range->end)) {
        if (!resolve_end(range, &range->end, range->end_branch, &high, error))
            return FALSE;
    } else if (low == NULL) {
        /* Both count from the other: begin at the heads. */
        high = on_branch(range, range->graph->real_heads, range->end_branch);
    }
    if (low == NULL) {
        g_autoptr(GPtrArray) from = on_branch(range, high, range->start_branch);
        if (from->len == 0 && high->len > 0)
            return fail_range(error, range);
        if (!walk_from(range, from, range->start.steps, NULL, &low, error))
            return FALSE;
        if (is_bare(&range->end))
            g_clear_pointer(&high, g_ptr_array_unref);
    }
    if (high == NULL) {
        const CmigRevision *branch =
            range->end_branch != NULL ? range->end_branch : range->start_branch;
        g_autoptr(GPtrArray) from = on_branch(range, low, branch);
        if (from->len > 1)
            return fail_ambiguous(error, from);
        if (!walk_from(range, from, range->end.steps, branch, &high, error))
            return FALSE;
    }
    g_autoptr(GPtrArray) ends = on_branch(range, high, range->start_branch);
    if (ends->len == 0 && high->len > 0)
        return fail_range(error, range);
    *upper = g_steal_pointer(&ends);
    *lower = g_steal_pointer(&low);
    return TRUE;
}

/* The members in the order of the smallest convex set around them: a range may leave out what is
 * only reached over another branch. */
static GPtrArray *order(const CmigGraph *graph, const CmigRevisionSet *set)
{
    g_autoptr(GPtrArray) members = cmig_revision_set_list(set, graph);
    g_autoptr(CmigRevisionSet) below = cmig_graph_ancestors(graph, members, CMIG_EDGES_ALL);
    g_autoptr(CmigRevisionSet) above = cmig_graph_descendants(graph, members, CMIG_EDGES_ALL);
    g_autoptr(CmigRevisionSet) hull = cmig_revision_set_new(graph);
    g_autoptr(GPtrArray) candidates = cmig_revision_set_list(below, graph);
    for (guint idx = 0; idx < candidates->len; idx++)
        if (cmig_revision_set_has(above, g_ptr_array_index(candidates, idx)))
            cmig_revision_set_add(hull, g_ptr_array_index(candidates, idx));

    g_autoptr(GPtrArray) inside = cmig_revision_set_list(hull, graph);
    g_autoptr(CmigApplied) applied = cmig_applied_new(graph, members);
    g_autoptr(GPtrArray) tops = g_ptr_array_new();
    for (guint idx = 0; idx < inside->len; idx++)
        if (cmig_applied_can_downgrade(applied, g_ptr_array_index(inside, idx)))
            g_ptr_array_add(tops, g_ptr_array_index(inside, idx));
    g_autoptr(GPtrArray) ordered = cmig_graph_order(graph, hull, tops);
    return cmig_graph_filter(ordered, set);
}

gboolean cmig_graph_range(const CmigGraph *graph, const char *text, const GPtrArray *current,
                          GPtrArray **result, GError **error)
{
    g_auto(Range) range = {.graph = graph, .text = text != NULL ? text : ":", .current = current};
    g_autoptr(GPtrArray) lower = NULL;
    g_autoptr(GPtrArray) upper = NULL;
    if (!parse(&range, error) || !resolve_ends(&range, &lower, &upper, error))
        return FALSE;

    g_autoptr(CmigRevisionSet) set = cmig_graph_ancestors(graph, upper, CMIG_EDGES_ALL);
    for (guint idx = 0; idx < lower->len; idx++)
        if (!cmig_revision_set_has(set, g_ptr_array_index(lower, idx)))
            return fail_range(error, &range);
    if (lower->len > 0) {
        g_autoptr(CmigRevisionSet) below = cmig_graph_ancestors(graph, lower, CMIG_EDGES_ALL);
        g_autoptr(CmigRevisionSet) above = cmig_graph_descendants(graph, lower, CMIG_EDGES_DOWN);
        g_autoptr(GPtrArray) members = cmig_revision_set_list(set, graph);
        for (guint idx = 0; idx < members->len; idx++) {
            CmigRevision *member = g_ptr_array_index(members, idx);
            if (!cmig_revision_set_has(above, member) || cmig_revision_set_has(below, member))
                cmig_revision_set_remove(set, member);
        }
        for (guint idx = 0; idx < lower->len; idx++)
            cmig_revision_set_add(set, g_ptr_array_index(lower, idx));
        /* Ends that merely depend on the start are on another line. */
        g_autoptr(GPtrArray) reached = cmig_graph_filter(upper, set);
        if (reached->len == 0)
            return fail_range(error, &range);
    }
    *result = order(graph, set);
    return TRUE;
}
