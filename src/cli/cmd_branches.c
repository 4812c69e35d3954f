/* cmig branches: the revisions from which more than one goes on. */
#include "cli/commands.h"

#include <string.h>

/* The branch points of all history, newest first. */
static gboolean find(const CmigGraph *graph, GPtrArray **points, GError **error)
{
    g_autoptr(GPtrArray) all = NULL;
    if (!cmig_graph_range(graph, NULL, NULL, &all, error))
        return FALSE;
    *points = g_ptr_array_new();
    for (guint i = 0; i < all->len; i++) {
        const CmigRevision *revision = g_ptr_array_index(all, i);
        if (revision->children->len > 1)
            g_ptr_array_add(*points, g_ptr_array_index(all, i));
    }
    return TRUE;
}

static gboolean verbose;

static void print_child(const CmigRevision *point, const CmigRevision *child)
{
    g_autofree char *text = cmig_render_short(child, TRUE, TRUE);
    g_autofree char *summary = cmig_render_summary(child);
    cmig_out("%*s -> %s%s%s\n", (int)strlen(point->id), "", text, verbose ? ", " : "",
             verbose ? summary : "");
}

static void print_point(const CmigRevision *point)
{
    g_autofree char *text =
        verbose ? cmig_render_long(point, NULL, NULL) : cmig_render_short(point, TRUE, TRUE);
    cmig_out("%s\n", text);
    for (guint i = 0; i < point->children->len; i++)
        print_child(point, g_ptr_array_index(point->children, i));
    cmig_out("\n");
}

static gboolean run(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    g_autoptr(GPtrArray) points = NULL;
    if (!find(app->graph, &points, error))
        return FALSE;
    if (app->json) {
        cmig_out_json(cmig_render_json_list(points, NULL));
        return TRUE;
    }
    for (guint i = 0; i < points->len; i++)
        print_point(g_ptr_array_index(points, i));
    return TRUE;
}

static const GOptionEntry options[] = {
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "show each branch point in full", NULL},
    {0},
};

static const CmigExample examples[] = {
    {"cmig branches", "show where the history forks"},
    {"cmig branches -v", "the same with paths and messages"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_branches = {
    .name = "branches",
    .group = CMIG_GROUP_LOOK,
    .arguments = "",
    .summary = "Show the revisions at which the history forks",
    .description =
        "A branch point is a revision that more than one other revises. Each is shown with the "
        "revisions that follow it, in the order in which their files are read. No database is "
        "needed.\n\n"
        "With --json the branch points are a list of objects as `cmig show --json` prints them; "
        "branches_into lists the revisions that follow.",
    .examples = examples,
    .exit_statuses = (const int[]){78, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_HAS_JSON,
    .options = options,
    .run = run,
};
