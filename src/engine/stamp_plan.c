/* Planning a stamp: which version rows go and which come when the table is set to the targets. */
#include "cmig/plan.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

static void step_free(gpointer data)
{
    CmigStampStep *step = data;
    g_ptr_array_unref(step->from);
    g_free(step);
}

void cmig_stamp_plan_free(CmigStampPlan *plan)
{
    if (plan == NULL)
        return;
    g_ptr_array_unref(plan->steps);
    g_ptr_array_unref(plan->rows);
    g_free(plan);
}

/* One operand. */
typedef struct {
    CmigRevision *branch; /* what is written before `@`, or NULL */
    GPtrArray *revisions; /* none for base */
} Target;

static void target_free(gpointer data)
{
    Target *target = data;
    g_clear_pointer(&target->revisions, g_ptr_array_unref);
    g_free(target);
}

typedef struct {
    const CmigGraph *graph;
    const GPtrArray *rows;
    GPtrArray *targets;    /* Target */
    GPtrArray *wanted;     /* every revision of every target, once */
    CmigRevisionSet *goal; /* the same */
    CmigRevisionSet *now;  /* version rows as the steps leave them */
    GPtrArray *steps;
} Stamp;

static gboolean resolve_target(const CmigGraph *graph, const char *text, Target *target,
                               GError **error)
{
    g_auto(CmigIdentifier) identifier = {0};
    if (!cmig_identifier_parse(text, &identifier, error))
        return FALSE;
    g_autofree char *shown = cmig_text_escape(text);
    if (identifier.relative) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "Can't locate revision identified by '%s'", shown);
        cmig_error_set_detail(error, "stamp takes no relative revisions: name the revision");
        return FALSE;
    }
    if (identifier.branch != NULL &&
        !cmig_graph_branch(graph, identifier.branch, &target->branch, error))
        return FALSE;
    /* `head` as `heads`, so that the message can be stamp's own. */
    gboolean one = strcmp(identifier.symbol, "head") == 0;
    const GPtrArray *heads = cmig_graph_heads(graph);
    g_autofree char *all =
        one && target->branch != NULL ? g_strconcat(identifier.branch, "@heads", NULL) : NULL;
    gboolean plain = one && target->branch == NULL && heads->len > 1;
    if (!plain && !cmig_graph_resolve(graph, all != NULL ? all : text, &target->revisions, error))
        return FALSE;
    if (plain || (one && target->revisions->len > 1)) {
        g_autofree char *names = cmig_revision_names(plain ? heads : target->revisions);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "Multiple heads are present; please specify a single target revision");
        cmig_error_set_detail(error, "'%s' could be: %s", shown, names);
        cmig_error_set_hint(error, "'heads' means all of them, '<branchname>@head' that of one "
                                   "branch");
        return FALSE;
    }
    return TRUE;
}

static gboolean resolve_targets(Stamp *stamp, const char *const *texts, GError **error)
{
    for (; *texts != NULL; texts++) {
        Target *target = g_new0(Target, 1);
        g_ptr_array_add(stamp->targets, target);
        if (!resolve_target(stamp->graph, *texts, target, error))
            return FALSE;
        for (guint idx = 0; idx < target->revisions->len; idx++) {
            CmigRevision *revision = g_ptr_array_index(target->revisions, idx);
            if (!cmig_revision_set_has(stamp->goal, revision))
                g_ptr_array_add(stamp->wanted, revision);
            cmig_revision_set_add(stamp->goal, revision);
        }
    }
    CmigRevision *ancestor = NULL;
    CmigRevision *descendant = NULL;
    if (!cmig_graph_overlap(stamp->graph, stamp->wanted, &ancestor, &descendant))
        return TRUE;
    g_autofree char *upper = cmig_text_escape(descendant->id);
    g_autofree char *lower = cmig_text_escape(ancestor->id);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "Requested revision %s overlaps with other requested revisions %s", upper, lower);
    cmig_error_set_detail(error, "%s is an ancestor of %s, so %s alone says both", lower, upper,
                          upper);
    return FALSE;
}

/* The rows that have to do with a target: those above or below it or its branch, over all edges.
 * Plain `base` is everything's ancestor. */
static GPtrArray *related_rows(const Stamp *stamp, const Target *target)
{
    g_autoptr(GPtrArray) shares = g_ptr_array_new();
    for (guint idx = 0; idx < target->revisions->len; idx++)
        g_ptr_array_add(shares, g_ptr_array_index(target->revisions, idx));
    if (target->branch != NULL)
        g_ptr_array_add(shares, target->branch);
    g_autoptr(CmigRevisionSet) below = cmig_graph_ancestors(stamp->graph, shares, CMIG_EDGES_ALL);
    g_autoptr(CmigRevisionSet) above = cmig_graph_descendants(stamp->graph, shares, CMIG_EDGES_ALL);
    GPtrArray *related = g_ptr_array_new();
    for (guint idx = 0; idx < stamp->rows->len; idx++) {
        CmigRevision *row = g_ptr_array_index(stamp->rows, idx);
        if (shares->len == 0 || cmig_revision_set_has(below, row) ||
            cmig_revision_set_has(above, row))
            g_ptr_array_add(related, row);
    }
    return related;
}

static CmigStampStep *add_step(Stamp *stamp, CmigRevision *to)
{
    CmigStampStep *step = g_new0(CmigStampStep, 1);
    step->from = g_ptr_array_new();
    step->to = to;
    if (to != NULL)
        cmig_revision_set_add(stamp->now, to);
    g_ptr_array_add(stamp->steps, step);
    return step;
}

/* Moves the row from the table into the step; one that another step took or a target wants stays
 * where it is. */
static void take_row(Stamp *stamp, CmigStampStep *step, CmigRevision *row)
{
    if (!cmig_revision_set_has(stamp->now, row) || cmig_revision_set_has(stamp->goal, row))
        return;
    cmig_revision_set_remove(stamp->now, row);
    g_ptr_array_add(step->from, row);
}

static void drop_rows(Stamp *stamp, const GPtrArray *rows, const CmigRevisionSet *lineage)
{
    for (guint idx = 0; idx < rows->len; idx++) {
        CmigRevision *row = g_ptr_array_index(rows, idx);
        if (cmig_revision_set_has(stamp->now, row) && !cmig_revision_set_has(stamp->goal, row) &&
            (lineage == NULL || cmig_revision_set_has(lineage, row)))
            take_row(stamp, add_step(stamp, NULL), row);
    }
}

static void stamp_revision(Stamp *stamp, CmigRevision *to, const GPtrArray *related)
{
    g_autoptr(CmigRevisionSet) lineage =
        related->len > 0 ? cmig_graph_lineage(stamp->graph, to, CMIG_EDGES_ALL) : NULL;
    if (cmig_revision_set_has(stamp->now, to)) {
        /* Already a row; what lies above or below it is a row too many. */
        if (lineage != NULL)
            drop_rows(stamp, related, lineage);
        return;
    }
    gboolean moves = FALSE;
    for (guint idx = 0; idx < related->len; idx++)
        moves = moves || cmig_revision_set_has(lineage, g_ptr_array_index(related, idx));
    CmigStampStep *step = add_step(stamp, to);
    for (guint idx = 0; moves && idx < related->len; idx++)
        take_row(stamp, step, g_ptr_array_index(related, idx));
}

static int compare_names(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static gboolean check_result(const Stamp *stamp, const GPtrArray *rows, GError **error)
{
    CmigRevision *ancestor = NULL;
    CmigRevision *descendant = NULL;
    if (!cmig_graph_overlap(stamp->graph, rows, &ancestor, &descendant))
        return TRUE;
    g_autofree char *upper = cmig_text_escape(descendant->id);
    g_autofree char *lower = cmig_text_escape(ancestor->id);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "stamp would leave a row for %s beside one for %s, which needs it", lower, upper);
    cmig_error_set_hint(error, "`cmig stamp --purge` replaces all version rows");
    return FALSE;
}

static gboolean make_steps(Stamp *stamp, CmigStampPlan **plan, GError **error)
{
    for (guint idx = 0; idx < stamp->targets->len; idx++) {
        const Target *target = g_ptr_array_index(stamp->targets, idx);
        g_autoptr(GPtrArray) related = related_rows(stamp, target);
        if (target->revisions->len == 0)
            drop_rows(stamp, related, NULL);
        for (guint at = 0; at < target->revisions->len; at++)
            stamp_revision(stamp, g_ptr_array_index(target->revisions, at), related);
    }
    g_autoptr(GPtrArray) rows = cmig_revision_set_list(stamp->now, stamp->graph);
    if (!check_result(stamp, rows, error))
        return FALSE;
    CmigStampPlan *made = g_new0(CmigStampPlan, 1);
    made->steps = g_ptr_array_ref(stamp->steps);
    made->rows = g_ptr_array_new();
    for (guint idx = 0; idx < rows->len; idx++)
        g_ptr_array_add(made->rows, ((CmigRevision *)g_ptr_array_index(rows, idx))->id);
    g_ptr_array_sort(made->rows, compare_names);
    *plan = made;
    return TRUE;
}

gboolean cmig_stamp_plan_make(const CmigGraph *graph, const char *const *targets,
                              const GPtrArray *rows, CmigStampPlan **plan, GError **error)
{
    g_autoptr(GPtrArray) resolved = g_ptr_array_new_with_free_func(target_free);
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(step_free);
    g_autoptr(CmigRevisionSet) goal = cmig_revision_set_new(graph);
    g_autoptr(CmigRevisionSet) now = cmig_revision_set_new(graph);
    Stamp stamp = {graph, rows, resolved, wanted, goal, now, steps};
    for (guint idx = 0; idx < rows->len; idx++)
        cmig_revision_set_add(now, g_ptr_array_index(rows, idx));
    return resolve_targets(&stamp, targets, error) && make_steps(&stamp, plan, error);
}
