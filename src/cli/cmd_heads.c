/* cmig heads: the newest revision of every branch. */
#include "cli/commands.h"

static gboolean verbose;
static gboolean resolve_dependencies;

static gboolean run(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    const GPtrArray *heads =
        resolve_dependencies ? cmig_graph_real_heads(app->graph) : cmig_graph_heads(app->graph);
    if (app->json) {
        cmig_out_json(cmig_render_json_list(heads, NULL));
        return TRUE;
    }
    for (guint i = 0; i < heads->len; i++) {
        const CmigRevision *head = g_ptr_array_index(heads, i);
        g_autofree char *text =
            verbose ? cmig_render_long(head, NULL, NULL) : cmig_render_short(head, TRUE, FALSE);
        cmig_out("%s\n", text);
    }
    return TRUE;
}

static const GOptionEntry options[] = {
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "show each head in full", NULL},
    {"resolve-dependencies", 0, 0, G_OPTION_ARG_NONE, &resolve_dependencies,
     "leave out heads that another revision depends on", NULL},
    {0},
};

static const CmigExample examples[] = {
    {"cmig heads", "show the heads; more than one means that branches wait to be merged"},
    {"cmig heads --json", "the same for a script"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_heads = {
    .name = "heads",
    .group = CMIG_GROUP_LOOK,
    .arguments = "",
    .summary = "Show the newest revision of every branch",
    .description =
        "A head is a revision that no other one revises. Each is shown with its branch labels and "
        "`(head)`, or `(effective head)` when another revision depends on it. No database is "
        "needed.\n\n"
        "With --json the heads are a list of objects as `cmig show --json` prints them.",
    .examples = examples,
    .exit_statuses = (const int[]){78, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_HAS_JSON,
    .options = options,
    .run = run,
};
