#include "cli/commands.h"
#include "cli/consent.h"
#include "cli/offline.h"

#include "cmig/error.h"
#include "cmig/offline.h"

static gboolean purge;

static void show_step(const CmigStampStep *step, gpointer data)
{
    g_autoptr(GString) from = g_string_new(NULL);
    for (guint idx = 0; idx < step->from->len; idx++)
        g_string_append_printf(from, "%s%s", idx > 0 ? ", " : "",
                               ((const CmigRevision *)step->from->pdata[idx])->id);
    cmig_say(data, "Running stamp_revision %s -> %s\n", from->str, step->to ? step->to->id : "");
}

static gboolean print_sql(CmigApp *app, char **arguments, GError **error)
{
    CmigDialect dialect = CMIG_DIALECT_ANY;
    g_autoptr(GString) script = g_string_new(NULL);
    if (purge) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                            "Can't use --purge with --sql mode");
        cmig_error_set_hint(error, "name the rows that are there: FROM:REVISION");
        return FALSE;
    }
    return cmig_offline_dialect(app, &dialect, error) &&
           cmig_offline_stamp(app->config, app->graph, dialect, (const char *const *)arguments,
                              script, error) &&
           cmig_offline_write(app, script, error);
}

static gboolean run_stamp(CmigApp *app, char **arguments, GError **error)
{
    if (cmig_offline_request.sql)
        return print_sql(app, arguments, error);
    CmigRunObserver observer = cmig_progress(app);
    cmig_consent_observe(app, &observer);
    return cmig_run_stamp(app->db, app->config, app->graph, (const char *const *)arguments, purge,
                          &observer, show_step, error);
}

static const GOptionEntry options[] = {
    {"purge", 0, 0, G_OPTION_ARG_NONE, &purge,
     "forget the version rows that are there first, also those of unknown revisions", NULL},
    CMIG_CONFIRM_OPTIONS,
    CMIG_OFFLINE_OPTIONS,
    {0},
};

static const CmigExample examples[] = {
    {"cmig stamp head", "an existing database that has the newest schema already"},
    {"cmig stamp base", "forget all revisions; the schema stays as it is"},
    {"cmig stamp 1975ea:head --sql", "print the SQL, for a database at 1975ea"},
    {"cmig stamp --purge 1975ea83b712", "set the version whatever it was"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_stamp = {
    .name = "stamp",
    .group = CMIG_GROUP_CHANGE,
    .arguments = "REVISION…",
    .summary = "Set the version of a database without running SQL",
    .description =
        "Writes the version table as if the database were at the given revisions. No SQL of any "
        "revision runs. Revisions of branches that are not named stay as they are.\n\n"
        "All changes happen in one transaction.\n\n"
        "With --sql they are printed instead; the first REVISION may be FROM:REVISION, for a "
        "database that is not at base.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 69, 75, 77, 78, 130, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_NEEDS_DATABASE | CMIG_WRITES,
    .min_arguments = 1,
    .max_arguments = -1,
    .options = options,
    .offline = &cmig_offline_request.sql,
    .run = run_stamp,
};
