#include "cli/cli.h"
#include "cli/commands.h"

static gboolean run_ensure_version(CmigApp *app, char **arguments, GError **error)
{
    (void)arguments;
    CmigRunObserver observer = cmig_progress(app);
    return cmig_run_ensure_version(app->db, app->config, &observer, error);
}

static const CmigExample examples[] = {
    {"cmig ensure-version", "make sure that the version table is there"},
    {NULL, NULL},
};

static const int exit_statuses[] = {1, 69, 75, 77, 78, 130, 0};

const CmigCommand cmig_cmd_ensure_version = {
    .name = "ensure-version",
    .group = CMIG_GROUP_CHANGE,
    .arguments = "",
    .summary = "Create the version table if it is not there",
    .description = "Creates the version table as Alembic makes it. Does nothing when it is there. "
                   "A version_table_schema that is configured and missing is created too. "
                   "The other commands create it themselves when they first need it.",
    .examples = examples,
    .exit_statuses = exit_statuses,
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_DATABASE | CMIG_WRITES,
    .run = run_ensure_version,
};
