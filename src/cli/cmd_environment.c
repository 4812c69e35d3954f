/* cmig environment: what a database is for. */
#include "cli/commands.h"
#include "cli/consent.h"

#include "cmig/guard.h"
#include "cmig/text.h"

static void print(const CmigApp *app, const char *name, gboolean production, const char *reason)
{
    if (app->json) {
        cmig_out_json(json_pack("{s:o, s:b, s:s, s:s}", "environment", cmig_render_json_text(name),
                                "production", production, "reason", reason, "database",
                                app->config->url->display));
        return;
    }
    g_autofree char *shown = cmig_text_escape(name);
    cmig_out("%s (%s)\n", shown, reason);
}

static gboolean show(CmigApp *app, GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    g_auto(CmigEnvironment) environment = {0};
    if (!cmig_db_inspect(app->db, FALSE, &state, error) ||
        !cmig_run_environment(app->db, app->config, state, &environment, error))
        return FALSE;
    print(app, environment.name, environment.kind == CMIG_ENVIRONMENT_PRODUCTION,
          environment.reason);
    return TRUE;
}

static gboolean run_environment(CmigApp *app, char **arguments, GError **error)
{
    if (arguments[0] == NULL)
        return show(app, error);
    CmigRunObserver observer = cmig_progress(app);
    cmig_consent_observe(app, &observer);
    const char *name = arguments[0];
    if (!cmig_run_record_environment(app->db, app->config, name, &observer, error))
        return FALSE;
    gboolean production = cmig_guard_kind_of_name(app->config, name) == CMIG_ENVIRONMENT_PRODUCTION;
    print(app, name, production, "recorded in the database");
    return TRUE;
}

static const GOptionEntry options[] = {CMIG_CONFIRM_OPTIONS, {0}};

static const CmigExample examples[] = {
    {"cmig environment", "what this database counts as, and why"},
    {"cmig environment staging --reason 'restored from production'",
     "after a copy of production was made"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_environment = {
    .name = "environment",
    .group = CMIG_GROUP_CHANGE,
    .arguments = "[NAME]",
    .summary = "Show or record which environment a database belongs to",
    .description =
        "Without NAME, shows which environment the database counts as, and why. In this order: "
        "what is declared (--environment, CMIG_ENV, ENVIRONMENT, APP_ENV, `environment` in "
        "alembic.yml), guard.patterns, what the database has recorded, and the place: a socket, a "
        "loopback address and a file are development; a host name of one label with CI=true is ci; "
        "any other server is production.\n\n"
        "The names production, prod, prd and live, these with more words or numbers behind "
        "(prod-eu, prod2) and those of guard.environments are production; development, dev, local, "
        "test and testing are development.\n\n"
        "A database records the declared environment with each change, in the table cmig_audit, "
        "together with what tells this very database from others. From then on a run that declares "
        "another one is refused, whatever the URL says: it catches a URL that leads to the wrong "
        "database. NAME records another environment. That must be confirmed as any write to "
        "production when the database counts as production so far or becomes it.\n\n"
        "With --json one object is printed: environment, production (true or false), reason and "
        "database; with NAME, of what was recorded, which guard.patterns may overrule.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 69, 75, 77, 78, 130, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_DATABASE | CMIG_WRITES | CMIG_HAS_JSON,
    .max_arguments = 1,
    .options = options,
    .run = run_environment,
};
