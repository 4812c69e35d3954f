/* Planning: a target and the version rows become the revisions to be applied or reverted, in order.
 * The rules are Alembic's; where Alembic would crash or guess there is an error. */
#include "cmig/plan.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

const char *cmig_direction_name(CmigDirection direction)
{
    return direction == CMIG_UPGRADE ? "upgrade" : "downgrade";
}

CmigDirection cmig_direction_of(const char *name)
{
    return g_strcmp0(name, "upgrade") == 0 ? CMIG_UPGRADE : CMIG_DOWNGRADE;
}

CmigPlan *cmig_plan_new(CmigDirection direction)
{
    CmigPlan *plan = g_new0(CmigPlan, 1);
    plan->direction = direction;
    plan->revisions = g_ptr_array_new();
    return plan;
}

void cmig_plan_free(CmigPlan *plan)
{
    if (plan == NULL)
        return;
    g_clear_pointer(&plan->revisions, g_ptr_array_unref);
    g_free(plan->note);
    g_free(plan);
}

/* What both directions know while they look for the target. */
typedef struct {
    const CmigGraph *graph;
    const char *text;
    const GPtrArray *rows;
    CmigIdentifier identifier;
    CmigRevision *branch; /* what is written before `@` */
    char *note;
} Request;

static void request_clear(Request *request)
{
    cmig_identifier_clear(&request->identifier);
    g_free(request->note);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Request, request_clear)

static char *describe_rows(const GPtrArray *rows)
{
    return rows->len > 0 ? cmig_revision_names(rows) : g_strdup("base (nothing is applied)");
}

/* `number` as Alembic prints it. */
static gboolean fail_relative(const Request *request, const char *number, GError **error)
{
    g_autofree char *at = describe_rows(request->rows);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "Relative revision %s didn't produce %d migrations", number,
                ABS(request->identifier.steps));
    cmig_error_set_detail(error, "the database is at: %s", at);
    return FALSE;
}

static gboolean fail_relative_steps(const Request *request, GError **error)
{
    g_autofree char *number = g_strdup_printf("%+d", request->identifier.steps);
    return fail_relative(request, number, error);
}

static gboolean fail_too_far(const Request *request, const CmigRevision *last, GError **error)
{
    g_autofree char *shown = cmig_text_escape(request->text);
    g_autofree char *id = cmig_text_escape(last != NULL ? last->id : "base");
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "Walked too far: '%s' goes past %s", shown,
                id);
    return FALSE;
}

static GPtrArray *array_of(CmigRevision *revision)
{
    GPtrArray *array = g_ptr_array_new();
    if (revision != NULL)
        g_ptr_array_add(array, revision);
    return array;
}

/* The revisions that are in the set (NULL: all). */
static GPtrArray *filter(const GPtrArray *revisions, const CmigRevisionSet *set)
{
    GPtrArray *kept = g_ptr_array_new();
    for (guint idx = 0; idx < revisions->len; idx++)
        if (set == NULL || cmig_revision_set_has(set, g_ptr_array_index(revisions, idx)))
            g_ptr_array_add(kept, g_ptr_array_index(revisions, idx));
    return kept;
}

static gboolean contains(const GPtrArray *revisions, const CmigRevision *revision)
{
    for (guint idx = 0; idx < revisions->len; idx++)
        if (g_ptr_array_index(revisions, idx) == revision)
            return TRUE;
    return FALSE;
}

/* The revision that stands in front of a relative number. */
static gboolean walk_from_symbol(const Request *request, CmigRevision **result, GError **error)
{
    CmigRevision *start = NULL;
    CmigRevision *at = NULL;
    gboolean ended = FALSE;
    if (!cmig_graph_resolve_one(request->graph, request->identifier.anchor, &start, error) ||
        !cmig_graph_walk(request->graph, start, request->identifier.steps, request->branch, &at,
                         &ended, error))
        return FALSE;
    if (ended)
        return fail_too_far(request, at, error);
    *result = at;
    return TRUE;
}

/* Of the applied revisions on the branch, those that no other one of them needs. */
static GPtrArray *applied_tips(const Request *request, const CmigRevisionSet *lineage)
{
    g_autoptr(CmigRevisionSet) applied =
        cmig_graph_ancestors(request->graph, request->rows, CMIG_EDGES_ALL);
    g_autoptr(GPtrArray) members = cmig_revision_set_list(applied, request->graph);
    g_autoptr(GPtrArray) active = filter(members, lineage);
    g_autoptr(CmigRevisionSet) needed = cmig_revision_set_new(request->graph);
    for (guint idx = 0; idx < active->len; idx++) {
        const CmigRevision *revision = g_ptr_array_index(active, idx);
        for (guint at = 0; at < revision->normalized->len; at++)
            cmig_revision_set_add(needed, g_ptr_array_index(revision->normalized, at));
    }
    GPtrArray *tips = g_ptr_array_new();
    for (guint idx = 0; idx < active->len; idx++)
        if (!cmig_revision_set_has(needed, g_ptr_array_index(active, idx)))
            g_ptr_array_add(tips, g_ptr_array_index(active, idx));
    return tips;
}

/* `+N` and `BRANCH@+N`: up from where the database is. */
static gboolean walk_up_from_rows(const Request *request, CmigRevision **result, GError **error)
{
    g_autoptr(CmigRevisionSet) lineage =
        request->branch != NULL
            ? cmig_graph_lineage(request->graph, request->branch, CMIG_EDGES_DOWN)
            : NULL;
    g_autoptr(GPtrArray) starts = filter(request->rows, lineage);
    if (starts->len == 0 && lineage != NULL) {
        g_ptr_array_unref(starts);
        starts = applied_tips(request, lineage);
    }
    if (starts->len > 1) {
        g_autofree char *names = cmig_revision_names(starts);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "Ambiguous upgrade from multiple current revisions");
        cmig_error_set_detail(error, "the database is at: %s", names);
        cmig_error_set_hint(error, "say which branch (<branchname>@+N), or name the revision");
        return FALSE;
    }
    CmigRevision *start = starts->len == 1 ? g_ptr_array_index(starts, 0) : NULL;
    gboolean ended = FALSE;
    if (!cmig_graph_walk(request->graph, start, request->identifier.steps, request->branch, result,
                         &ended, error))
        return FALSE;
    return !ended || fail_relative_steps(request, error);
}

static gboolean find_upgrade_targets(const Request *request, GPtrArray **targets, GError **error)
{
    const CmigIdentifier *identifier = &request->identifier;
    CmigRevision *target = NULL;
    if (!identifier->relative)
        return cmig_graph_resolve(request->graph, request->text, targets, error);
    if (identifier->symbol[0] != '\0') {
        if (!walk_from_symbol(request, &target, error))
            return FALSE;
    } else if (identifier->steps <= 0) {
        g_autofree char *number = g_strdup_printf("%d", identifier->steps);
        fail_relative(request, number, error);
        cmig_error_set_hint(error, "an upgrade goes up: +1; `cmig downgrade` goes down");
        return FALSE;
    } else if (!walk_up_from_rows(request, &target, error)) {
        return FALSE;
    }
    *targets = array_of(target);
    return TRUE;
}

/* Version rows of which one needs another one are not a state that migrations lead to. */
static gboolean check_rows(const Request *request, GError **error)
{
    CmigRevision *ancestor = NULL;
    CmigRevision *descendant = NULL;
    if (!cmig_graph_overlap(request->graph, request->rows, &ancestor, &descendant))
        return TRUE;
    g_autofree char *upper = cmig_text_escape(descendant->id);
    g_autofree char *lower = cmig_text_escape(ancestor->id);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "Requested revision %s overlaps with other requested revisions %s", upper, lower);
    cmig_error_set_detail(error,
                          "the version table holds both, although %s is an ancestor of %s: one row "
                          "too many",
                          lower, upper);
    cmig_error_set_hint(error, "`cmig stamp %s` removes the superfluous row", upper);
    return FALSE;
}

static void reverse(GPtrArray *array)
{
    for (guint low = 0, high = array->len; low + 1 < high; low++) {
        high--;
        gpointer kept = array->pdata[low];
        array->pdata[low] = array->pdata[high];
        array->pdata[high] = kept;
    }
}

static gboolean plan_upgrade(Request *request, GPtrArray **revisions, GError **error)
{
    g_autoptr(GPtrArray) targets = NULL;
    if (!find_upgrade_targets(request, &targets, error) || !check_rows(request, error))
        return FALSE;
    g_autoptr(CmigRevisionSet) needed =
        cmig_graph_ancestors(request->graph, targets, CMIG_EDGES_ALL);
    g_autoptr(CmigRevisionSet) applied =
        cmig_graph_ancestors(request->graph, request->rows, CMIG_EDGES_ALL);
    g_autoptr(GPtrArray) members = cmig_revision_set_list(needed, request->graph);
    for (guint idx = 0; idx < members->len; idx++)
        if (cmig_revision_set_has(applied, g_ptr_array_index(members, idx)))
            cmig_revision_set_remove(needed, g_ptr_array_index(members, idx));
    *revisions = cmig_graph_order(request->graph, needed, targets);
    reverse(*revisions);

    gboolean below = FALSE;
    for (guint idx = 0; idx < targets->len; idx++)
        below = below || !contains(request->rows, g_ptr_array_index(targets, idx));
    if ((*revisions)->len == 0 && below) {
        g_autofree char *names = cmig_revision_names(targets);
        g_autofree char *rows = describe_rows(request->rows);
        request->note =
            g_strdup_printf("%s is applied already (the database is at %s); to go back there use "
                            "`cmig downgrade`",
                            names, rows);
    }
    return TRUE;
}

/* The row from which `-N` counts down; with several rows the first one. Only its branch is
 * meant. */
static gboolean find_first_row(Request *request, CmigRevision **start, GError **error)
{
    if (request->rows->len == 0)
        return fail_relative_steps(request, error);
    CmigRevision *first = g_ptr_array_index(request->rows, 0);
    if (request->rows->len > 1) {
        g_autofree char *names = cmig_revision_names(request->rows);
        g_autofree char *id = cmig_text_escape(first->id);
        request->note =
            g_strdup_printf("downgrade %s from multiple heads is ambiguous: of %s, %s was taken; "
                            "name the branch with <branchname>@%s",
                            request->text, names, id, request->text);
    }
    /* At the foot of the branch the target is base: other branches, also those that this one
     * depends on, are not meant. */
    request->branch = first;
    *start = first;
    return TRUE;
}

/* The row from which `BRANCH@-N` counts down, or what the rows of other branches imply there. */
static gboolean find_branch_row(const Request *request, CmigRevision **start, GError **error)
{
    g_autoptr(CmigRevisionSet) lineage =
        cmig_graph_lineage(request->graph, request->branch, CMIG_EDGES_DOWN);
    g_autoptr(GPtrArray) rows = filter(request->rows, lineage);
    if (rows->len == 0) {
        g_autoptr(GPtrArray) current = cmig_graph_implied_current(request->graph, request->rows);
        g_ptr_array_unref(rows);
        rows = filter(current, lineage);
    }
    if (rows->len == 0)
        return fail_relative_steps(request, error);
    if (rows->len > 1) {
        g_autofree char *names = cmig_revision_names(rows);
        g_autofree char *branch = cmig_text_escape(request->identifier.branch);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "Ambiguous walk: branch '%s' is at several revisions", branch);
        cmig_error_set_detail(error, "the walk could begin at: %s", names);
        cmig_error_set_hint(error, "name the revision, or a branch that only one of them is on");
        return FALSE;
    }
    *start = g_ptr_array_index(rows, 0);
    return TRUE;
}

static gboolean walk_down_from_rows(Request *request, CmigRevision **target, GError **error)
{
    CmigRevision *start = NULL;
    gboolean ended = FALSE;
    if (!(request->branch != NULL ? find_branch_row(request, &start, error)
                                  : find_first_row(request, &start, error)))
        return FALSE;
    if (!cmig_graph_walk(request->graph, start, request->identifier.steps, NULL, target, &ended,
                         error))
        return FALSE;
    return !ended || fail_relative_steps(request, error);
}

static gboolean find_downgrade_target(Request *request, CmigRevision **target, GError **error)
{
    const CmigIdentifier *identifier = &request->identifier;
    if (!identifier->relative)
        return cmig_graph_resolve_one(request->graph, request->text, target, error);
    if (identifier->symbol[0] != '\0')
        return walk_from_symbol(request, target, error);
    if (identifier->steps < 0)
        return walk_down_from_rows(request, target, error);
    fail_relative_steps(request, error);
    cmig_error_set_hint(error, "a downgrade goes down: -1; `cmig upgrade` goes up");
    return FALSE;
}

/* Where reverting begins: just above the target, and with a branch only where that leads to. */
static gboolean find_roots(const Request *request, const CmigRevision *target, GPtrArray **roots,
                           GError **error)
{
    const GPtrArray *all = target != NULL ? target->children : cmig_graph_bases(request->graph);
    g_autoptr(CmigRevisionSet) line = NULL;
    if (request->branch != NULL && all->len > 1) {
        g_autoptr(GPtrArray) of = array_of(request->branch);
        line = cmig_graph_ancestors(request->graph, of, CMIG_EDGES_DOWN);
    }
    g_autoptr(GPtrArray) found = filter(all, line);
    if (line != NULL && found->len == 0) {
        g_autofree char *branch = cmig_text_escape(request->branch->id);
        g_autofree char *names = cmig_revision_names(all);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "Not a valid downgrade target from current heads");
        cmig_error_set_detail(error, "above the target come %s, and none of them leads to %s",
                              names, branch);
        cmig_error_set_hint(error, "name a branch by one of the revisions above the target");
        return FALSE;
    }
    *roots = g_steal_pointer(&found);
    return TRUE;
}

static gboolean fail_destination(const Request *request, const CmigRevision *target,
                                 const CmigRevisionSet *applied, GError **error)
{
    g_autofree char *shown = cmig_text_escape(request->text);
    g_autofree char *id = cmig_text_escape(target->id);
    g_autofree char *at = describe_rows(request->rows);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "Destination %s is not a valid downgrade target from current head(s)", shown);
    cmig_error_set_detail(error, "the database is at: %s; %s is %s", at, id,
                          cmig_revision_set_has(applied, target)
                              ? "applied, but nothing that revises it is"
                              : "not applied");
    return FALSE;
}

static gboolean plan_downgrade(Request *request, GPtrArray **revisions, GError **error)
{
    CmigRevision *target = NULL;
    g_autoptr(GPtrArray) roots = NULL;
    if (!find_downgrade_target(request, &target, error) ||
        !find_roots(request, target, &roots, error))
        return FALSE;
    g_autoptr(CmigRevisionSet) drop = cmig_graph_descendants(request->graph, roots, CMIG_EDGES_ALL);
    g_autoptr(CmigRevisionSet) applied =
        cmig_graph_ancestors(request->graph, request->rows, CMIG_EDGES_ALL);
    g_autoptr(GPtrArray) members = cmig_revision_set_list(drop, request->graph);
    for (guint idx = 0; idx < members->len; idx++)
        if (!cmig_revision_set_has(applied, g_ptr_array_index(members, idx)))
            cmig_revision_set_remove(drop, g_ptr_array_index(members, idx));
    if (cmig_revision_set_size(drop) == 0 && target != NULL && !contains(request->rows, target))
        return fail_destination(request, target, applied, error);
    *revisions = cmig_graph_order(request->graph, drop, request->rows);
    return TRUE;
}

gboolean cmig_plan_make(const CmigGraph *graph, CmigDirection direction, const char *target,
                        const GPtrArray *rows, CmigPlan **plan, GError **error)
{
    g_auto(Request) request = {.graph = graph, .text = target, .rows = rows};
    if (!cmig_identifier_parse(target, &request.identifier, error))
        return FALSE;
    if (request.identifier.branch != NULL &&
        !cmig_graph_branch(graph, request.identifier.branch, &request.branch, error))
        return FALSE;
    GPtrArray *revisions = NULL;
    if (!(direction == CMIG_UPGRADE ? plan_upgrade(&request, &revisions, error)
                                    : plan_downgrade(&request, &revisions, error)))
        return FALSE;
    CmigPlan *made = cmig_plan_new(direction);
    g_ptr_array_unref(made->revisions);
    made->revisions = revisions;
    made->note = g_steal_pointer(&request.note);
    *plan = made;
    return TRUE;
}
