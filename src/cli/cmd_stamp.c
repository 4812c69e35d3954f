#include "cli/cli.h"
#include "cli/commands.h"

static gboolean purge;

static void show_step(const CmigStampStep *step, gpointer data)
{
    g_autoptr(GString) from = g_string_new(NULL);
    for (guint idx = 0; idx < step->from->len; idx++)
        g_string_append_printf(from, "%s%s", idx > 0 ? ", " : "",
                               ((const CmigRevision *)step->from->pdata[idx])->id);
    cmig_say(data, "Running stamp_revision %s -> %s\n", from->str, step->to ? step->to->id : "");
}

static gboolean run_stamp(CmigApp *app, char **arguments, GError **error)
{
    CmigRunObserver observer = cmig_progress(app);
    return cmig_run_stamp(app->db, app->config, app->graph, (const char *const *)arguments, purge,
                          &observer, show_step, error);
}

static const GOptionEntry options[] = {
    {"purge", 0, 0, G_OPTION_ARG_NONE, &purge,
     "forget the version rows that are there first, also those of unknown revisions", NULL},
    {0},
};

static const CmigExample examples[] = {
    {"cmig stamp head", "an existing database that has the newest schema already"},
    {"cmig stamp base", "forget all revisions; the schema stays as it is"},
    {"cmig stamp --purge 1975ea83b712", "set the version whatever it was"},
    {NULL, NULL},
};

static const int exit_statuses[] = {1, 69, 75, 77, 78, 130, 0};

const CmigCommand cmig_cmd_stamp = {
    .name = "stamp",
    .group = CMIG_GROUP_CHANGE,
    .arguments = "REVISION…",
    .summary = "Set the version of a database without running SQL",
    .description =
        "Writes the version table as if the database were at the given revisions. No SQL of any "
        "revision runs. Revisions of branches that are not named stay as they are.\n\n"
        "All changes happen in one transaction.",
    .examples = examples,
    .exit_statuses = exit_statuses,
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_NEEDS_DATABASE | CMIG_WRITES,
    .min_arguments = 1,
    .max_arguments = -1,
    .options = options,
    .run = run_stamp,
};
