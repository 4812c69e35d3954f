/* upgrade and downgrade: one handler, two records. */
#include "cli/commands.h"
#include "cli/consent.h"
#include "cli/offline.h"
#include "cli/review.h"

#include "cmig/error.h"
#include "cmig/offline.h"
#include "cmig/text.h"

static gboolean plan_only;

static json_t *report_json(const CmigApp *app, CmigDirection direction, const char *target,
                           const CmigRunReport *report)
{
    json_t *revisions = json_array();
    json_t *rows = json_array();
    for (guint idx = 0; idx < report->done->len; idx++)
        json_array_append_new(revisions, cmig_render_json(report->done->pdata[idx], NULL));
    for (guint idx = 0; idx < report->rows->len; idx++)
        json_array_append_new(rows, cmig_render_json_text(report->rows->pdata[idx]));
    return json_pack("{s:s, s:o, s:s, s:o, s:o, s:s?}", "direction", cmig_direction_name(direction),
                     "target", cmig_render_json_text(target), "database", app->config->url->display,
                     "revisions", revisions, "rows", rows, "audit_head", report->audit_head);
}

/* Who asks for a plan or holds a run to one must not get a script that nothing was compared with.
 */
static gboolean check_sql_alone(GError **error)
{
    const char *other = plan_only                               ? "--plan"
                        : cmig_consent_request.approved != NULL ? "--approve"
                                                                : NULL;
    if (other == NULL)
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "--sql and %s exclude each other", other);
    return FALSE;
}

static gboolean print_sql(CmigApp *app, CmigDirection direction, const char *range, GError **error)
{
    CmigDialect dialect = CMIG_DIALECT_ANY;
    g_autoptr(GString) script = g_string_new(NULL);
    return check_sql_alone(error) && cmig_offline_dialect(app, &dialect, error) &&
           cmig_offline_run(app->config, app->graph, dialect, direction, range, script, error) &&
           cmig_offline_write(app, script, error);
}

static gboolean run_migrations(CmigApp *app, CmigDirection direction, char **arguments,
                               GError **error)
{
    if (cmig_offline_request.sql)
        return print_sql(app, direction, arguments[0], error);
    if (plan_only)
        return cmig_review_print(app, direction, arguments[0], error);
    g_autoptr(CmigRunReport) report = NULL;
    CmigRunObserver observer = cmig_progress(app);
    cmig_consent_observe(app, &observer);
    gboolean ok = cmig_run(app->db, app->config, app->graph, direction, arguments[0], &observer,
                           &report, error);
    guint count = report->done->len;
    const char *plural = count == 1 ? "" : "s";
    const char *done = direction == CMIG_UPGRADE ? "applied" : "reverted";
    if (!ok) {
        if (count > 0)
            cmig_say(app, "%u revision%s %s before this; the last one is %s.\n", count, plural,
                     done, ((const CmigRevision *)report->done->pdata[count - 1])->id);
        return FALSE;
    }
    g_autofree char *rows = cmig_text_names(report->rows);
    if (count > 0)
        cmig_say(app, "%u revision%s %s; the database is at %s.\n", count, plural, done,
                 report->rows->len > 0 ? rows : "base");
    if (app->json)
        cmig_out_json(report_json(app, direction, arguments[0], report));
    return TRUE;
}

static gboolean run_upgrade(CmigApp *app, char **arguments, GError **error)
{
    return run_migrations(app, CMIG_UPGRADE, arguments, error);
}

static gboolean run_downgrade(CmigApp *app, char **arguments, GError **error)
{
    return run_migrations(app, CMIG_DOWNGRADE, arguments, error);
}

static const GOptionEntry options[] = {
    {"plan", 0, 0, G_OPTION_ARG_NONE, &plan_only, "show what the run would do, and stop", NULL},
    CMIG_CONSENT_OPTIONS,
    CMIG_OFFLINE_OPTIONS,
    {0},
};

static const int exit_statuses[] = {1, 3, 69, 75, 77, 78, 130, 0};

static const CmigExample upgrade_examples[] = {
    {"cmig upgrade head", "bring the database to the newest revision"},
    {"cmig upgrade heads", "the same with several branches"},
    {"cmig upgrade +1", "one step"},
    {"cmig upgrade billing@head", "the head of the branch labelled billing"},
    {"cmig upgrade head -x schema=billing", "with a variable for sections with substitute=on"},
    {"cmig upgrade 1975ea:head --sql -o upgrade.sql",
     "a script for a database at 1975ea, to be run by psql"},
    {"CONFIRM_PRODUCTION_MIGRATION=true cmig --environment production upgrade head",
     "a confirmed production run"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_upgrade = {
    .name = "upgrade",
    .group = CMIG_GROUP_CHANGE,
    .arguments = "TARGET",
    .summary = "Apply revisions up to a target",
    .description =
        "Applies every revision that TARGET needs and the database does not have, in the order of "
        "the graph. TARGET is a revision, a unique beginning of one, a branch label, head, heads, "
        "or relative: +2, 1975ea+1, billing@+1.\n\n"
        "One run at a time: a second one waits for the first, then does what is left. Each "
        "revision is sent with its change of the version table in one transaction, so that a "
        "failure or a crash leaves it applied whole or not at all; revisions before it stay. With "
        "\"transaction: all\" the whole run is one transaction. All files are read and checked "
        "before the first statement is sent.\n\n"
        "Ctrl-C, SIGTERM and SIGHUP cancel the running statement; its transaction is rolled back, "
        "and the status is 130. A server that does not answer that for eight seconds is given up: "
        "the status then says whether anything can have happened.\n\n"
        "A section that begins with `-- cmig:upgrade substitute=on` may refer to variables, given "
        "with -x NAME=VALUE or under \"variables\" in alembic.yml, as psql writes them: `:name` is "
        "the value as it stands, `:'name'` a string, `:\"name\"` a quoted name. Nothing is "
        "replaced "
        "in strings, dollar quotes, quoted names, comments and COPY data. `::`, `:=` and a colon "
        "that no name follows directly are SQL's; write [a : b] with spaces, since [a:b] refers to "
        "the variable b. A variable that is not defined is an error before anything is changed. "
        "With `:name` a value closes the quotes and comments that it opens; it may hold several "
        "statements, but no transaction control. Other sections are never touched.\n\n"
        "With --sql nothing is run and no database is opened: the SQL is printed as a script for "
        "psql or the sqlite3 shell. TARGET may then be FROM:TO; without FROM the script is for an "
        "empty database. FROM names the version rows, several separated by commas; one of the two "
        "may be relative to the other: 1975ea:+2, -2:head. FROM equal to TO is a script that only "
        "looks.\n\n"
        "Each transaction of the script first looks whether the database is at that place, whether "
        "the step before it was the last thing that was done, and whether a section was left half "
        "done; else it fails without a change. A section outside of a transaction is recorded "
        "statement by statement, so that the next run goes on where the script stopped. With such "
        "a section, or with COPY data, the script is for psql alone; psql is then told to stop at "
        "the first error. Values of variables are in the script as they are, also secret ones.\n\n"
        "Before a run that may lose data, a SQLite file outside of development is copied to "
        "FILE.TIME-RUN.backup beside it, unless --no-backup says not to.\n\n"
        "A target that is applied already is not an error.\n\n"
        "With --json one object is printed: direction, target, database, revisions (what was "
        "done, as `cmig show --json` prints them), rows (of the version table) and audit_head; "
        "with --plan, what `cmig plan --json` prints.",
    .examples = upgrade_examples,
    .exit_statuses = exit_statuses,
    .needs =
        CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_NEEDS_DATABASE | CMIG_WRITES | CMIG_HAS_JSON,
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .offline = &cmig_offline_request.sql,
    .run = run_upgrade,
};

static const CmigExample downgrade_examples[] = {
    {"cmig downgrade -1", "one step back"},
    {"cmig downgrade 1975ea83b712", "back to this revision, which stays applied"},
    {"cmig downgrade base", "back to an empty schema"},
    {"cmig downgrade billing@base", "take down the branch labelled billing"},
    {"cmig downgrade head:1975ea --sql", "print the SQL that leads there"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_downgrade = {
    .name = "downgrade",
    .group = CMIG_GROUP_CHANGE,
    .arguments = "TARGET",
    .summary = "Revert revisions down to a target",
    .description =
        "Reverts every applied revision above TARGET, newest first, together with those that "
        "depend on them. TARGET is a revision, which stays applied, base, or relative: -1, "
        "1975ea-2, billing@-1.\n\n"
        "A revision whose file has no downgrade section is irreversible: the run is refused before "
        "its first step. Across a merge, -1 is ambiguous: name the revision to go back to.\n\n"
        "With --sql nothing is run and no database is opened: FROM:TO is printed as a script for "
        "psql or the sqlite3 shell, as `cmig help upgrade` tells.\n\n"
        "Sections that begin with `-- cmig:downgrade substitute=on` may refer to variables, given "
        "with -x NAME=VALUE; see `cmig help upgrade`, also for what --json prints.",
    .examples = downgrade_examples,
    .exit_statuses = exit_statuses,
    .needs =
        CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_NEEDS_DATABASE | CMIG_WRITES | CMIG_HAS_JSON,
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .offline = &cmig_offline_request.sql,
    .run = run_downgrade,
};
