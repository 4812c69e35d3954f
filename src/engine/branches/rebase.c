#include "cmig/rebase.h"

#include "cmig/error.h"
#include "cmig/file.h"
#include "cmig/text.h"
#include "engine/branches/sides.h"

#include <string.h>

/* Own revisions that hang together by their parents. */
typedef struct {
    GPtrArray *roots; /* CmigRevision: those whose parents are to change or to stay */
    GPtrArray *heads; /* those without an own child */
    gboolean placed;  /* the roots are where they belong */
    GDateTime *date;  /* of the oldest root; NULL when a date is missing */
} Group;

typedef struct {
    const CmigGraph *graph;
    const CmigSides *sides;
    CmigRevision *target; /* their head, in the work tree's graph */
    CmigRevisionSet *own;
    GPtrArray *groups;
    GHashTable *parents; /* CmigRevision -> its new parent's id */
} Rebase;

static void free_step(gpointer data)
{
    CmigRebaseStep *step = data;
    g_strfreev(step->parents);
    g_clear_pointer(&step->content, g_bytes_unref);
    cmig_header_edit_clear(&step->edit);
    g_free(step);
}

void cmig_rebase_plan_free(CmigRebasePlan *plan)
{
    if (plan == NULL)
        return;
    g_free(plan->onto);
    g_free(plan->head);
    g_ptr_array_unref(plan->steps);
    g_ptr_array_unref(plan->heads);
    g_free(plan);
}

static void free_group(gpointer data)
{
    Group *group = data;
    g_ptr_array_unref(group->roots);
    g_ptr_array_unref(group->heads);
    g_clear_pointer(&group->date, g_date_time_unref);
    g_free(group);
}

static void rebase_clear(Rebase *rebase)
{
    cmig_revision_set_free(rebase->own);
    g_clear_pointer(&rebase->groups, g_ptr_array_unref);
    g_clear_pointer(&rebase->parents, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Rebase, rebase_clear)

/* The one head of theirs, in our graph; NULL in `*target` when they have no revision. */
static gboolean find_target(const CmigGraph *graph, const CmigSides *sides, CmigRevision **target,
                            GError **error)
{
    g_autoptr(CmigGraph) theirs = NULL;
    if (!cmig_sides_graph(sides->theirs->files, &theirs, error)) {
        g_prefix_error(error, "the history of %s is not sound: ", sides->shown);
        return FALSE;
    }
    const GPtrArray *heads = cmig_graph_heads(theirs);
    *target = NULL;
    if (heads->len == 0)
        return TRUE;
    g_autofree char *names = cmig_revision_names(heads);
    if (heads->len > 1) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "%s has several heads: %s", sides->shown,
                    names);
        cmig_error_set_hint(error, "join them there with `cmig merge heads` first");
        return FALSE;
    }
    *target = cmig_graph_find(graph, names);
    if (*target == NULL) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "the head of %s, %s, is not in the work tree yet", sides->shown, names);
        cmig_error_set_hint(error, "`git merge %s` (or git rebase), then `cmig rebase`",
                            sides->shown);
    }
    return *target != NULL;
}

/* Whether there is one head and it has theirs below it: joined, by a merge revision or in a line.
 */
static gboolean is_joined(const Rebase *rebase)
{
    const GPtrArray *heads = cmig_graph_heads(rebase->graph);
    g_autoptr(CmigRevisionSet) below = cmig_graph_ancestors(rebase->graph, heads, CMIG_EDGES_DOWN);
    return heads->len == 1 && cmig_revision_set_has(below, rebase->target);
}

static gboolean has_own(const Rebase *rebase, const GPtrArray *revisions, gboolean own)
{
    for (guint idx = 0; idx < revisions->len; idx++)
        if (cmig_revision_set_has(rebase->own, revisions->pdata[idx]) == own)
            return TRUE;
    return FALSE;
}

/* A base that has a branch label of its own was meant as one. */
static gboolean stays(const CmigRevision *root)
{
    return root->parents->len == 0 && root->branch_labels[0] != NULL;
}

static void add_root(const Rebase *rebase, Group *group, CmigRevision *root)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(root->create_date, utc);
    gboolean first = group->roots->len == 0;
    gboolean older = first || (group->date != NULL && date != NULL &&
                               g_date_time_compare(date, group->date) < 0);
    if (older || date == NULL) {
        g_clear_pointer(&group->date, g_date_time_unref);
        group->date = g_steal_pointer(&date);
    }
    group->placed =
        group->placed && root->parents->len == 1 && root->parents->pdata[0] == rebase->target;
    g_ptr_array_add(group->roots, root);
}

/* Takes a revision into the group, and puts its own relatives on `pending`. */
static gboolean add_member(const Rebase *rebase, Group *group, CmigRevision *revision,
                           GPtrArray *pending, CmigRevisionSet *seen, GError **error)
{
    gboolean own_parent = has_own(rebase, revision->parents, TRUE);
    gboolean foreign_parent = has_own(rebase, revision->parents, FALSE);
    if (own_parent && foreign_parent) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "revision %s merges revisions of yours with others", revision->id);
        cmig_error_set_place(error, revision->path, 1, 1);
        cmig_error_set_hint(error, "remove it, when nothing needs it, and run `cmig rebase` again");
        return FALSE;
    }
    if (!own_parent && !stays(revision))
        add_root(rebase, group, revision);
    if (!has_own(rebase, revision->children, TRUE))
        g_ptr_array_add(group->heads, revision);
    const GPtrArray *relatives[] = {revision->parents, revision->children};
    for (gsize kind = 0; kind < G_N_ELEMENTS(relatives); kind++) {
        for (guint idx = 0; idx < relatives[kind]->len; idx++) {
            CmigRevision *relative = relatives[kind]->pdata[idx];
            if (!cmig_revision_set_has(rebase->own, relative) ||
                cmig_revision_set_has(seen, relative))
                continue;
            cmig_revision_set_add(seen, relative);
            g_ptr_array_add(pending, relative);
        }
    }
    return TRUE;
}

static gboolean find_groups(Rebase *rebase, GError **error)
{
    g_autoptr(CmigRevisionSet) seen = cmig_revision_set_new(rebase->graph);
    g_autoptr(GPtrArray) own = cmig_revision_set_list(rebase->own, rebase->graph);
    g_autoptr(GPtrArray) pending = g_ptr_array_new();
    for (guint idx = 0; idx < own->len; idx++) {
        if (cmig_revision_set_has(seen, own->pdata[idx]))
            continue;
        Group *group = g_new0(Group, 1);
        group->roots = g_ptr_array_new();
        group->heads = g_ptr_array_new();
        group->placed = TRUE;
        g_ptr_array_add(rebase->groups, group);
        cmig_revision_set_add(seen, own->pdata[idx]);
        g_ptr_array_add(pending, own->pdata[idx]);
        while (pending->len > 0) {
            CmigRevision *next = g_ptr_array_steal_index(pending, pending->len - 1);
            if (!add_member(rebase, group, next, pending, seen, error))
                return FALSE;
        }
        if (group->roots->len == 0)
            g_ptr_array_remove(rebase->groups, group);
    }
    return TRUE;
}

static int compare_groups(gconstpointer left, gconstpointer right)
{
    const Group *a = *(const Group *const *)left;
    const Group *b = *(const Group *const *)right;
    if (a->placed != b->placed)
        return a->placed ? -1 : 1;
    return a->date != NULL && b->date != NULL ? g_date_time_compare(a->date, b->date) : 0;
}

/* Sorts the groups; whether that leaves no doubt about what comes behind what. */
static gboolean sort_groups(const Rebase *rebase, GError **error)
{
    GPtrArray *groups = rebase->groups;
    g_ptr_array_sort(groups, compare_groups);
    g_autoptr(GPtrArray) roots = g_ptr_array_new();
    gboolean certain = TRUE;
    for (guint idx = 0; idx < groups->len; idx++) {
        const Group *group = groups->pdata[idx];
        g_ptr_array_add(roots, group->roots->pdata[0]);
        if (idx + 1 < groups->len)
            certain = certain && group->heads->len == 1 &&
                      compare_groups(&groups->pdata[idx], &groups->pdata[idx + 1]) < 0;
    }
    if (certain)
        return TRUE;
    g_autofree char *names = cmig_revision_names(roots);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "which of your revisions comes behind which is not certain: %s", names);
    cmig_error_set_hint(error, "write into the header of one of them which other one it revises, "
                               "then run `cmig rebase` again");
    return FALSE;
}

static void find_parents(Rebase *rebase)
{
    const CmigRevision *anchor = rebase->target;
    for (guint idx = 0; idx < rebase->groups->len; idx++) {
        const Group *group = rebase->groups->pdata[idx];
        for (guint root = 0; root < group->roots->len; root++) {
            CmigRevision *revision = group->roots->pdata[root];
            gboolean there = revision->parents->len == 1 && revision->parents->pdata[0] == anchor;
            if (!there)
                g_hash_table_insert(rebase->parents, revision, anchor->id);
        }
        anchor = group->heads->pdata[0];
    }
}

/* The history as it will be, which must be sound: a depends_on may forbid the new order. */
static gboolean check_result(const Rebase *rebase, CmigRebasePlan *plan, GError **error)
{
    g_autoptr(CmigGraph) after = cmig_graph_new();
    for (guint idx = 0; idx < cmig_graph_size(rebase->graph); idx++) {
        CmigRevision *revision = cmig_graph_nth(rebase->graph, idx);
        const char *const parent[] = {g_hash_table_lookup(rebase->parents, revision), NULL};
        CmigRevision *copy =
            cmig_revision_copy(revision, parent[0] != NULL ? parent : NULL, revision->path);
        if (!cmig_graph_add(after, copy, error))
            return FALSE;
    }
    if (!cmig_graph_seal(after, error)) {
        g_prefix_error(error, "the revisions cannot be put behind %s: ", plan->head);
        return FALSE;
    }
    const GPtrArray *heads = cmig_graph_heads(after);
    for (guint idx = 0; idx < heads->len; idx++)
        g_ptr_array_add(plan->heads, g_strdup(((CmigRevision *)heads->pdata[idx])->id));
    return TRUE;
}

static gboolean add_step(const Rebase *rebase, CmigRebasePlan *plan, const CmigRevision *revision,
                         GError **error)
{
    CmigRebaseStep *step = g_new0(CmigRebaseStep, 1);
    g_ptr_array_add(plan->steps, step);
    step->revision = revision;
    step->parents = g_new0(char *, 2);
    step->parents[0] = g_strdup(g_hash_table_lookup(rebase->parents, revision));
    step->content = cmig_file_read_exact(revision->path, CMIG_SIDE_FILE_MAX, error);
    return step->content != NULL &&
           cmig_script_set_parents(step->content, revision->path,
                                   (const char *const *)step->parents, &step->edit, error);
}

static gboolean plan_steps(Rebase *rebase, CmigRebasePlan *plan, GError **error)
{
    if (rebase->target != NULL && !is_joined(rebase)) {
        if (!find_groups(rebase, error) || !sort_groups(rebase, error))
            return FALSE;
        find_parents(rebase);
    }
    if (!check_result(rebase, plan, error))
        return FALSE;
    for (guint idx = 0; idx < rebase->groups->len; idx++) {
        const Group *group = rebase->groups->pdata[idx];
        for (guint root = 0; root < group->roots->len; root++)
            if (g_hash_table_contains(rebase->parents, group->roots->pdata[root]) &&
                !add_step(rebase, plan, group->roots->pdata[root], error))
                return FALSE;
    }
    return TRUE;
}

gboolean cmig_rebase_plan(const CmigConfig *config, const CmigGraph *graph, const char *ref,
                          CmigRebasePlan **plan, GError **error)
{
    g_autoptr(CmigSides) sides = NULL;
    if (!cmig_sides_load(config, graph, ref, &sides, error))
        return FALSE;
    g_auto(Rebase) rebase = {.graph = graph, .sides = sides};
    rebase.own = cmig_revision_set_new(graph);
    rebase.groups = g_ptr_array_new_with_free_func(free_group);
    rebase.parents = g_hash_table_new(NULL, NULL);
    for (guint idx = 0; idx < cmig_graph_size(graph); idx++) {
        const CmigRevision *revision = cmig_graph_nth(graph, idx);
        if (cmig_sides_is_new(sides, revision->id))
            cmig_revision_set_add(rebase.own, revision);
    }
    if (!find_target(graph, sides, &rebase.target, error))
        return FALSE;
    g_autoptr(CmigRebasePlan) made = g_new0(CmigRebasePlan, 1);
    made->steps = g_ptr_array_new_with_free_func(free_step);
    made->heads = g_ptr_array_new_with_free_func(g_free);
    made->onto = g_strdup(sides->ref);
    made->head = rebase.target != NULL ? g_strdup(rebase.target->id) : NULL;
    if (!plan_steps(&rebase, made, error))
        return FALSE;
    *plan = g_steal_pointer(&made);
    return TRUE;
}

gboolean cmig_rebase_check_rows(const CmigRebasePlan *plan, const CmigGraph *graph,
                                const GPtrArray *rows, GError **error)
{
    g_autoptr(GPtrArray) at = NULL;
    if (!cmig_graph_resolve_rows(graph, rows, &at, error))
        return FALSE;
    g_autoptr(CmigRevisionSet) applied = cmig_graph_ancestors(graph, at, CMIG_EDGES_ALL);
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    for (guint idx = 0; idx < plan->steps->len; idx++) {
        const CmigRebaseStep *step = plan->steps->pdata[idx];
        if (cmig_revision_set_has(applied, step->revision))
            g_ptr_array_add(found, (gpointer)(guintptr)step->revision);
    }
    if (found->len == 0)
        return TRUE;
    const CmigRevision *first = found->pdata[0];
    g_autofree char *names = cmig_revision_names(found);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_REFUSED, "applied in the database already: %s",
                names);
    cmig_error_set_detail(error, "it would be taken for a database that has %s as well",
                          plan->head);
    cmig_error_set_hint(error,
                        "`cmig downgrade %s` takes it back; afterwards `cmig upgrade head` "
                        "applies everything in the new order",
                        first->parents->len > 0 ? ((CmigRevision *)first->parents->pdata[0])->id
                                                : "base");
    return FALSE;
}

static gboolean check_file(const CmigRebaseStep *step, GError **error)
{
    const char *path = step->revision->path;
    if (!cmig_file_check_replaceable(path, error))
        return FALSE;
    g_autoptr(GBytes) now = cmig_file_read_exact(path, CMIG_SIDE_FILE_MAX, error);
    if (now == NULL)
        return FALSE;
    if (!g_bytes_equal(now, step->content)) {
        g_autofree char *shown = cmig_text_escape(path);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "%s was changed while cmig was running",
                    shown);
        cmig_error_set_hint(error, "run the command again");
        return FALSE;
    }
    return TRUE;
}

static gboolean write_file(const CmigRebaseStep *step, GError **error)
{
    gsize length = 0;
    const char *text = g_bytes_get_data(step->edit.content, &length);
    return cmig_file_replace(step->revision->path, text, (gssize)length, error);
}

gboolean cmig_rebase_write(const CmigRebasePlan *plan, GError **error)
{
    for (guint idx = 0; idx < plan->steps->len; idx++)
        if (!check_file(plan->steps->pdata[idx], error))
            return FALSE;
    for (guint idx = 0; idx < plan->steps->len; idx++)
        if (!write_file(plan->steps->pdata[idx], error))
            return FALSE;
    return TRUE;
}
