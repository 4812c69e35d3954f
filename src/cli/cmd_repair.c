/* cmig repair: a section outside of a transaction that a run left half done is shown and settled.
 */
#include "cli/commands.h"
#include "cli/consent.h"

#include "cmig/error.h"
#include "cmig/text.h"

static gboolean retry;
static gboolean mark_applied;
static gboolean mark_reverted;

/* What the options ask for, and how it is put into a question. */
static const struct {
    const gboolean *asked;
    CmigRepairAction action;
    const char *question;
    const char *done;
} actions[] = {
    {&retry, CMIG_REPAIR_RETRY, "Go on with this section?", "The section is complete"},
    {&mark_applied, CMIG_REPAIR_MARK_APPLIED, "Write that this revision is applied?",
     "It is marked as applied"},
    {&mark_reverted, CMIG_REPAIR_MARK_REVERTED, "Write that this revision is not applied?",
     "It is marked as reverted"},
};

static json_t *report_json(const CmigRepairReport *report)
{
    const CmigAuditOpen *open = report->open;
    if (open == NULL)
        return json_pack("{s:b}", "in_doubt", 0);
    return json_pack(
        "{s:b, s:o, s:o, s:i, s:i, s:o, s:i, s:o, s:o, s:o, s:o}", "in_doubt", 1, "revision",
        cmig_render_json_text(open->revision), "direction", cmig_render_json_text(open->direction),
        "statements_done", (int)open->statement, "statements", (int)open->statements, "file",
        cmig_render_json_text(report->path), "line", (int)report->line, "statement",
        cmig_render_json_text(report->statement), "effect", cmig_render_json_text(report->effect),
        "problem", cmig_render_json_text(report->problem), "since",
        cmig_render_json_text(open->since));
}

static void print_report(const CmigRepairReport *report)
{
    const CmigAuditOpen *open = report->open;
    if (open == NULL) {
        cmig_out("Nothing is in doubt.\n");
        return;
    }
    g_autofree char *revision = cmig_text_escape(open->revision);
    g_autofree char *direction = cmig_text_escape(open->direction);
    g_autofree char *since = cmig_text_escape(open->since);
    cmig_out("The %s of %s was left behind statement %u of %u (%s).\n", direction, revision,
             open->statement, open->statements, since);
    if (report->statement != NULL) {
        g_autofree char *path = cmig_text_escape(report->path);
        cmig_out("Statement %u, %s:%u:\n%s\n", open->statement + 1, path, report->line,
                 report->statement);
    }
    if (report->effect != NULL) {
        g_autofree char *effect = cmig_text_escape(report->effect);
        cmig_out("Effect: %s\n", effect);
    }
    if (report->problem != NULL) {
        g_autofree char *problem = cmig_text_escape(report->problem);
        cmig_out("Problem: %s\n", problem);
    }
}

static gboolean find_action(gsize *chosen, GError **error)
{
    gsize count = 0;
    for (gsize idx = 0; idx < G_N_ELEMENTS(actions); idx++) {
        if (!*actions[idx].asked)
            continue;
        *chosen = idx;
        count++;
    }
    if (count > 1) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                            "--retry, --mark-applied and --mark-reverted exclude each other");
        return FALSE;
    }
    if (count == 0)
        *chosen = G_N_ELEMENTS(actions);
    return TRUE;
}

static gboolean run_repair(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    g_autoptr(CmigRepairReport) report = NULL;
    gsize chosen = 0;
    if (!find_action(&chosen, error) ||
        !cmig_run_repair_look(app->db, app->config, app->graph, &report, error))
        return FALSE;
    if (app->json)
        cmig_out_json(report_json(report));
    else
        print_report(report);
    if (report->open == NULL)
        return TRUE;
    if (chosen == G_N_ELEMENTS(actions)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FINDINGS, "a section is left half done");
        cmig_error_set_hint(error, "`cmig repair --retry` goes on with it; --mark-applied and "
                                   "--mark-reverted say how it was settled by hand");
        return FALSE;
    }
    if (!cmig_consent_ask_yes(actions[chosen].question, "add --yes to go ahead", error))
        return FALSE;
    CmigRunObserver observer = cmig_progress(app);
    cmig_consent_observe(app, &observer);
    if (!cmig_run_repair(app->db, app->config, app->graph, actions[chosen].action, report,
                         &observer, error))
        return FALSE;
    cmig_say(app, "%s.\n", actions[chosen].done);
    return TRUE;
}

static const GOptionEntry options[] = {
    {"retry", 0, 0, G_OPTION_ARG_NONE, &retry,
     "go on with the section; what cannot be found out was not done", NULL},
    {"mark-applied", 0, 0, G_OPTION_ARG_NONE, &mark_applied,
     "the revision was completed by hand: write it into the version table", NULL},
    {"mark-reverted", 0, 0, G_OPTION_ARG_NONE, &mark_reverted,
     "what it did was taken back by hand: the version table says so", NULL},
    CMIG_CONSENT_OPTIONS,
    {0},
};

static const CmigExample examples[] = {
    {"cmig repair", "show what is in doubt"},
    {"cmig repair --retry", "go on where the run ended"},
    {"cmig repair --mark-applied --yes", "in a script, after the rest was done by hand"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_repair = {
    .name = "repair",
    .group = CMIG_GROUP_CHANGE,
    .arguments = "",
    .summary = "Show and settle a section that was left half done",
    .description =
        "A section that runs outside of a transaction, such as CREATE INDEX CONCURRENTLY, cannot "
        "be taken back when it fails or is killed in the middle. Each of its statements that is "
        "done is recorded in the table cmig_audit, and the next upgrade or downgrade goes on "
        "behind it: it looks at what the statement that was running did, leaves a valid index "
        "alone and takes an invalid one away first.\n\n"
        "Where that cannot be found out, or the file has changed, the run stops with status 3, and "
        "this command shows what is there: the revision, the statement, what is there of its "
        "effect. Without an option nothing is changed, and the status is 4 when something is in "
        "doubt.\n\n"
        "--retry goes on with the section as the next run would, and runs the statement again if "
        "its effect cannot be found out. --mark-applied and --mark-reverted run no SQL: they "
        "say that somebody completed the revision, or took it back, by hand. All three ask "
        "first.\n\n"
        "With --json one object is printed: in_doubt (true or false) and, where it is true, "
        "revision, direction, statements_done, statements, file, line, statement (that was "
        "running), effect, problem (why a run cannot simply go on) and since.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 3, 4, 69, 75, 77, 78, 130, 0},
    .needs =
        CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_NEEDS_DATABASE | CMIG_WRITES | CMIG_HAS_JSON,
    .options = options,
    .run = run_repair,
};
