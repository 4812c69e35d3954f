/* cmig check --against: each rule walks one side and asks the others. */
#include "cmig/against.h"

#include "cmig/error.h"
#include "cmig/script.h"
#include "cmig/text.h"
#include "engine/branches/changes.h"
#include "engine/branches/sides.h"

/* The rules, by which findings are named. */
static const char rule_unchanged[] = "against-unchanged"; /* their revisions are as they were */
static const char rule_parent[] = "against-parent";       /* new ones come behind their head */
static const char rule_ids[] = "against-ids";             /* no id is given to two revisions */
static const char rule_graph[] = "against-graph";         /* both make one sound history, */
static const char rule_heads[] = "against-heads";         /* with no more heads than theirs */

typedef struct {
    const CmigSides *sides;
    CmigGraph *theirs; /* NULL: their files make no sound history */
    CmigGraph *merged; /* likewise */
    GPtrArray *findings;
} Check;

/* A file that we have otherwise than the base, and they do not have so. */
static gboolean check_edited(const Check *check, const CmigSideFile *base, const CmigSideFile *ours,
                             GError **error)
{
    g_auto(CmigChange) change = {0};
    if (!cmig_change_find(check->sides, base, ours, &change, error))
        return FALSE;
    if (change.what == NULL)
        cmig_finding_add(check->findings, rule_unchanged, ours->path, 0, ours->revision->id, NULL,
                         "revision %s of %s reads otherwise here, but does the same",
                         ours->revision->id, check->sides->shown)
            ->note = TRUE;
    else
        cmig_finding_add(check->findings, rule_unchanged, ours->path, change.line,
                         ours->revision->id,
                         "databases may have it already: leave it as it is, and write what is to "
                         "change into a new revision",
                         "revision %s of %s was edited: %s", ours->revision->id,
                         check->sides->shown, change.what);
    return TRUE;
}

static gboolean check_unchanged(const Check *check, GError **error)
{
    const CmigSides *sides = check->sides;
    for (guint idx = 0; idx < sides->base->files->len; idx++) {
        const CmigSideFile *base = sides->base->files->pdata[idx];
        if (base->revision == NULL)
            continue;
        const char *id = base->revision->id;
        const CmigSideFile *ours = cmig_side_find(sides->ours, id);
        const CmigSideFile *theirs = cmig_side_find(sides->theirs, id);
        if (ours == NULL && theirs != NULL)
            cmig_finding_add(
                check->findings, rule_unchanged, base->path, 0, base->revision->id,
                "databases may have it already, and could not go on: put the file back",
                "revision %s of %s is gone", id, sides->shown);
        if (ours == NULL)
            continue;
        gboolean moved = !g_str_equal(ours->path, base->path) &&
                         !(theirs != NULL && g_str_equal(ours->path, theirs->path));
        if (moved) {
            g_autofree char *from = cmig_text_escape(base->path);
            cmig_finding_add(check->findings, rule_unchanged, ours->path, 0, ours->revision->id,
                             NULL, "revision %s of %s was at %s", id, sides->shown, from)
                ->note = TRUE;
        }
        if (!cmig_side_file_same(ours, base) && !cmig_side_file_same(ours, theirs) &&
            !check_edited(check, base, ours, error))
            return FALSE;
    }
    return TRUE;
}

static void check_ids(const Check *check)
{
    const CmigSides *sides = check->sides;
    for (guint idx = 0; idx < sides->ours->files->len; idx++) {
        const CmigSideFile *ours = sides->ours->files->pdata[idx];
        const char *id = ours->revision->id;
        const CmigSideFile *theirs = cmig_side_find(sides->theirs, id);
        if (theirs == NULL || cmig_side_find(sides->base, id) != NULL ||
            cmig_side_file_same(ours, theirs))
            continue;
        g_autofree char *path = cmig_text_escape(theirs->path);
        cmig_finding_add(check->findings, rule_ids, ours->path, 0, ours->revision->id,
                         "give one of the two another id (`cmig revision` does)",
                         "%s has another revision %s, %s", sides->shown, id, path);
    }
}

/* A branch that moves the whole folder, or brings it, has nothing to be compared with. */
static void check_any(const Check *check)
{
    const CmigSides *sides = check->sides;
    if (sides->theirs->files->len + sides->base->files->len > 0 || sides->ours->files->len == 0)
        return;
    cmig_finding_add(check->findings, rule_unchanged, NULL, 0, NULL, NULL,
                     "%s has no revision files where this branch has them: nothing was compared",
                     sides->shown)
        ->note = TRUE;
}

/* Files of the merged tree that are no revision files, and a history that is not sound. */
static void check_graph(Check *check)
{
    g_autoptr(GPtrArray) merged = cmig_sides_merge(check->sides);
    g_autoptr(GError) problem = NULL;
    for (guint idx = 0; idx < merged->len; idx++) {
        const CmigSideFile *file = merged->pdata[idx];
        if (file->revision != NULL)
            continue;
        g_autofree char *why = cmig_text_escape(file->problem);
        cmig_finding_add(check->findings, rule_graph, file->path, 0, NULL, NULL,
                         "the file cannot be read in %s: %s", check->sides->shown, why);
    }
    cmig_sides_graph(check->sides->theirs->files, &check->theirs, NULL);
    if (cmig_sides_graph(merged, &check->merged, &problem))
        return;
    cmig_finding_add(check->findings, rule_graph, cmig_error_file(problem),
                     cmig_error_line(problem), NULL, cmig_error_hint(problem), "merged with %s: %s",
                     check->sides->shown, problem->message);
}

/* Whether every head that the revision leads to leads down to all of theirs as well: a merge
 * revision has joined them. */
static gboolean is_joined(const Check *check, const char *id)
{
    const CmigRevision *revision = cmig_graph_find(check->merged, id);
    g_autoptr(GPtrArray) start = g_ptr_array_new();
    g_ptr_array_add(start, (gpointer)(guintptr)revision);
    g_autoptr(CmigRevisionSet) above =
        cmig_graph_descendants(check->merged, start, CMIG_EDGES_DOWN);
    const GPtrArray *heads = cmig_graph_heads(check->merged);
    const GPtrArray *theirs = cmig_graph_heads(check->theirs);
    for (guint idx = 0; idx < heads->len; idx++) {
        if (!cmig_revision_set_has(above, heads->pdata[idx]))
            continue;
        start->pdata[0] = heads->pdata[idx];
        g_autoptr(CmigRevisionSet) below =
            cmig_graph_ancestors(check->merged, start, CMIG_EDGES_DOWN);
        for (guint at = 0; at < theirs->len; at++) {
            const CmigRevision *their = theirs->pdata[at];
            const CmigRevision *head = cmig_graph_find(check->merged, their->id);
            if (head != NULL && !cmig_revision_set_has(below, head))
                return FALSE;
        }
    }
    return TRUE;
}

static gboolean is_their_head(const Check *check, const char *id)
{
    const CmigRevision *revision = cmig_graph_find(check->theirs, id);
    return revision != NULL && revision->children->len == 0;
}

/* The parent of a new revision that is neither new nor a head of theirs; NULL = none. */
static const char *old_parent(const Check *check, const CmigRevision *revision)
{
    for (gsize idx = 0; revision->down_revisions[idx] != NULL; idx++) {
        const char *parent = revision->down_revisions[idx];
        if (cmig_graph_find(check->theirs, parent) != NULL && !is_their_head(check, parent))
            return parent;
    }
    return NULL;
}

static void check_parents(const Check *check)
{
    if (check->theirs == NULL || check->merged == NULL || cmig_graph_size(check->theirs) == 0)
        return;
    const CmigSides *sides = check->sides;
    g_autofree char *heads = cmig_revision_names(cmig_graph_heads(check->theirs));
    for (guint idx = 0; idx < sides->ours->files->len; idx++) {
        const CmigSideFile *ours = sides->ours->files->pdata[idx];
        const CmigRevision *revision = ours->revision;
        if (!cmig_sides_is_new(sides, revision->id))
            continue;
        gboolean base = revision->down_revisions[0] == NULL && revision->branch_labels[0] == NULL;
        const char *parent = old_parent(check, revision);
        if (parent == NULL && !base)
            continue;
        g_autofree char *what =
            base ? g_strdup_printf("revises nothing, where %s has the head %s", sides->shown, heads)
                 : g_strdup_printf("revises %s, but the head of %s is %s", parent, sides->shown,
                                   heads);
        CmigFinding *finding =
            cmig_finding_add(check->findings, rule_parent, ours->path, 0, revision->id, NULL,
                             "the new revision %s %s", revision->id, what);
        finding->note = is_joined(check, revision->id);
        if (!finding->note)
            finding->hint = g_strdup_printf("merge %s, then `cmig rebase` puts it behind that head",
                                            sides->shown);
    }
}

/* Whether the head is the end of a branch of its own: none of their revisions below it, and a label
 * to name it by. */
static gboolean stands_alone(const Check *check, CmigRevision *head)
{
    g_autoptr(GPtrArray) start = g_ptr_array_new();
    g_ptr_array_add(start, head);
    g_autoptr(CmigRevisionSet) below = cmig_graph_ancestors(check->merged, start, CMIG_EDGES_DOWN);
    g_autoptr(GPtrArray) list = cmig_revision_set_list(below, check->merged);
    for (guint idx = 0; idx < list->len; idx++) {
        const CmigRevision *revision = list->pdata[idx];
        if (cmig_graph_find(check->theirs, revision->id) != NULL)
            return FALSE;
    }
    return head->labels->len > 0;
}

static void check_heads(const Check *check)
{
    if (check->theirs == NULL || check->merged == NULL)
        return;
    const GPtrArray *heads = cmig_graph_heads(check->merged);
    guint allowed = MAX(1, cmig_graph_heads(check->theirs)->len);
    g_autoptr(GPtrArray) counted = g_ptr_array_new();
    for (guint idx = 0; idx < heads->len; idx++)
        if (!stands_alone(check, heads->pdata[idx]))
            g_ptr_array_add(counted, heads->pdata[idx]);
    if (counted->len <= allowed)
        return;
    g_autofree char *names = cmig_revision_names(counted);
    g_autofree char *hint =
        g_strdup_printf("merge %s, then `cmig rebase` puts your revisions on top; or `cmig merge "
                        "heads` joins them",
                        check->sides->shown);
    cmig_finding_add(check->findings, rule_heads, NULL, 0, NULL, hint,
                     "merged with %s there are %u heads: %s", check->sides->shown, counted->len,
                     names);
}

gboolean cmig_check_against(const CmigConfig *config, const CmigGraph *graph, const char *ref,
                            GPtrArray *findings, GError **error)
{
    g_autoptr(CmigSides) sides = NULL;
    if (!cmig_sides_load(config, graph, ref, &sides, error))
        return FALSE;
    Check check = {.sides = sides, .findings = findings};
    if (!check_unchanged(&check, error))
        return FALSE;
    check_any(&check);
    check_ids(&check);
    check_graph(&check);
    check_parents(&check);
    check_heads(&check);
    cmig_graph_free(check.theirs);
    cmig_graph_free(check.merged);
    return TRUE;
}
