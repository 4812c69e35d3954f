#include "cli/commands.h"
#include "cli/consent.h"
#include "cli/offline.h"

#include "cmig/offline.h"

static gboolean run_ensure_version(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    if (cmig_offline_request.sql) {
        CmigDialect dialect = CMIG_DIALECT_ANY;
        g_autoptr(GString) script = g_string_new(NULL);
        if (!cmig_offline_dialect(app, &dialect, error))
            return FALSE;
        cmig_offline_ensure_version(app->config, dialect, script);
        return cmig_offline_write(app, script, error);
    }
    CmigRunObserver observer = cmig_progress(app);
    cmig_consent_observe(app, &observer);
    return cmig_run_ensure_version(app->db, app->config, &observer, error);
}

static const GOptionEntry options[] = {CMIG_CONFIRM_OPTIONS, CMIG_OFFLINE_OPTIONS, {0}};

static const CmigExample examples[] = {
    {"cmig ensure-version", "make sure that the version table is there"},
    {"cmig ensure-version --sql --dialect postgresql", "print the SQL that makes it"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_ensure_version = {
    .name = "ensure-version",
    .group = CMIG_GROUP_CHANGE,
    .arguments = "",
    .summary = "Create the version table if it is not there",
    .description = "Creates the version table as Alembic makes it. Does nothing when it is there. "
                   "A version_table_schema that is configured and missing is created too. "
                   "The other commands create it themselves when they first need it.\n\n"
                   "With --sql the statements are printed instead; no database is opened.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 69, 75, 77, 78, 130, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_DATABASE | CMIG_WRITES,
    .options = options,
    .offline = &cmig_offline_request.sql,
    .run = run_ensure_version,
};
