/* cmig history: the revisions, newest first. */
#include "cli/commands.h"

static char *rev_range;
static gboolean verbose;
static gboolean indicate_current;

/* Whether an end of the range is `current`, so that the database must be asked. */
static gboolean range_needs_current(void)
{
    if (rev_range == NULL)
        return FALSE;
    g_auto(GStrv) ends = g_strsplit(rev_range, ":", -1);
    for (gsize i = 0; ends[i] != NULL; i++) {
        if (g_str_equal(g_strstrip(ends[i]), "current"))
            return TRUE;
    }
    return FALSE;
}

static gboolean run(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    g_autoptr(GPtrArray) current = NULL;
    if ((indicate_current || range_needs_current()) && !cmig_app_current(app, &current, error))
        return FALSE;
    g_autoptr(GPtrArray) revisions = NULL;
    if (!cmig_graph_range(app->graph, rev_range, current, &revisions, error))
        return FALSE;
    const GPtrArray *marked = indicate_current ? current : NULL;
    if (app->json) {
        cmig_out_json(cmig_render_json_list(app->graph, revisions, marked));
        return TRUE;
    }
    for (guint i = 0; i < revisions->len; i++) {
        const CmigRevision *revision = g_ptr_array_index(revisions, i);
        g_autofree char *text = verbose ? cmig_render_long(app->graph, revision, marked)
                                        : cmig_render_history_line(app->graph, revision, marked);
        cmig_out("%s\n", text);
    }
    return TRUE;
}

static const GOptionEntry options[] = {
    {"rev-range", 'r', 0, G_OPTION_ARG_STRING, &rev_range,
     "show only the revisions from START to END, both included", "START:END"},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "show each revision in full", NULL},
    {"indicate-current", 'i', 0, G_OPTION_ARG_NONE, &indicate_current,
     "mark the revisions that the database is at (connects to it)", NULL},
    {0},
};

static const CmigExample examples[] = {
    {"cmig history", "show all revisions"},
    {"cmig history -i", "show all revisions and where the database stands"},
    {"cmig history -r current:head", "show the database's own revision and what is newer"},
    {"cmig history -r -3:", "show the last revisions, from three below the head"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_history = {
    .name = "history",
    .group = CMIG_GROUP_LOOK,
    .arguments = "",
    .summary = "List the revisions, newest first",
    .description =
        "Each line names what the revision revises (and, in parentheses, what it depends on), the "
        "revision itself, its branch labels, the marks (head), (effective head), (current), "
        "(branchpoint) and (mergepoint), and the first line of its message.\n\n"
        "START and END are ids or their beginnings, branch labels, head, heads, base, current, or "
        "relative: -3: begins three below the end, :+3 ends three above the start. Either may be "
        "left out. Only `current` and --indicate-current connect to the database.\n\n"
        "With --json the revisions are a list of objects as `cmig show --json` prints them; with "
        "--indicate-current each has is_current too.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 69, 78, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_HAS_JSON,
    .min_arguments = 0,
    .max_arguments = 0,
    .options = options,
    .run = run,
};
