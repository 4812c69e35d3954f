/* cmig show: everything a revision's header says. */
#include "cli/commands.h"

static gboolean find(CmigApp *app, const char *target, GPtrArray **revisions, GError **error)
{
    if (g_str_equal(target, "current"))
        return cmig_app_current(app, revisions, error);
    return cmig_graph_resolve(app->graph, target, revisions, error);
}

static gboolean run(CmigApp *app, char **arguments, GError **error)
{
    g_autoptr(GPtrArray) revisions = NULL;
    if (!find(app, arguments[0], &revisions, error))
        return FALSE;
    if (app->json) {
        cmig_out_json(cmig_render_json_list(revisions, NULL));
        return TRUE;
    }
    for (guint i = 0; i < revisions->len; i++) {
        const CmigRevision *revision = g_ptr_array_index(revisions, i);
        g_autofree char *text = cmig_render_long(revision, NULL, NULL);
        cmig_out("%s\n", text);
    }
    return TRUE;
}

static const CmigExample examples[] = {
    {"cmig show head", "show the newest revision"},
    {"cmig show 8d1c", "show a revision by the beginning of its id"},
    {"cmig show current", "show the revisions that the database is at"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_show = {
    .name = "show",
    .group = CMIG_GROUP_LOOK,
    .arguments = "REVISION",
    .summary = "Show one revision in full",
    .description =
        "REVISION is an id or its beginning, a branch label, head, heads, BRANCH@head, -N (N below "
        "the head), or current for the version rows of the database; only that connects.\n\n"
        "With --json the revisions are a list of objects with the keys revision, down_revision "
        "(list), depends_on (list), branch_labels (list), branch_names (list: own and inherited "
        "labels), branches_into (list), message, create_date, path, is_base, is_head, "
        "is_real_head (a head that nothing depends on), is_branch_point and is_merge_point.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 69, 78, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_HAS_JSON,
    .min_arguments = 1,
    .max_arguments = 1,
    .options = NULL,
    .run = run,
};
