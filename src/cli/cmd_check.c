/* cmig check: the one gate for continuous integration. */
#include "cli/commands.h"
#include "cli/findings.h"

#include "cmig/check.h"
#include "cmig/error.h"
#include "cmig/text.h"

static char *format;
static char *against;
static char **only;
static char **skip;
static gboolean no_database;

/* Opens the database if a rule needs it; where there is none, the request says why. That a URL
 * which is there leads nowhere is an error. */
static gboolean open_database(CmigApp *app, CmigCheckRequest *request, GError **error)
{
    if (!cmig_check_wants_database(request))
        return TRUE;
    if (no_database)
        request->no_database = "--no-database";
    else if (app->config->url_absent)
        request->no_database = "no database URL is set";
    else if (!cmig_app_open_database(app, error)) {
        request->no_database = "the database cannot be used";
        return FALSE;
    }
    request->db = app->db;
    return TRUE;
}

static json_t *report_json(const CmigCheckReport *report, const char *folder)
{
    json_t *checked = json_array();
    json_t *skipped = json_array();
    for (guint idx = 0; idx < report->checked->len; idx++)
        json_array_append_new(checked, json_string(report->checked->pdata[idx]));
    for (guint idx = 0; idx < report->skipped->len; idx++) {
        const CmigCheckSkip *rule = report->skipped->pdata[idx];
        json_array_append_new(skipped,
                              json_pack("{s:s, s:s}", "rule", rule->rule, "reason", rule->reason));
    }
    return json_pack("{s:b, s:i, s:o, s:o, s:o}", "clean",
                     cmig_findings_count(report->findings) == 0, "files", (int)report->files,
                     "checked", checked, "skipped", skipped, "findings",
                     cmig_findings_json(report->findings, folder));
}

/* Paths are as seen from here; GitHub finds annotations by paths as seen from the checkout,
 * whatever the working directory of the step. The caller frees. */
static char *find_folder(void)
{
    g_autofree char *here = g_get_current_dir();
    const char *checkout = g_getenv("GITHUB_WORKSPACE");
    gboolean github = g_strcmp0(format, "github") == 0 && checkout != NULL && *checkout != '\0';
    g_autofree char *above = github ? g_strconcat(checkout, "/", NULL) : NULL;
    return github && g_str_has_prefix(here, above) ? g_strdup(checkout) : g_steal_pointer(&here);
}

static void print_report(const CmigApp *app, const CmigCheckReport *report, const char *folder)
{
    CmigFindingFormat print = cmig_finding_format(format != NULL ? format : "text");
    for (guint idx = 0; idx < report->findings->len; idx++) {
        g_autofree char *text = print(report->findings->pdata[idx], folder);
        cmig_out("%s\n", text);
    }
    for (guint idx = 0; idx < report->skipped->len; idx++) {
        const CmigCheckSkip *rule = report->skipped->pdata[idx];
        cmig_say(app, "Not checked: %s: %s\n", rule->rule, rule->reason);
    }
    g_ptr_array_add(report->checked, NULL);
    g_autofree char *checked = g_strjoinv(", ", (char **)report->checked->pdata);
    cmig_say(app, "Checked %u revision%s: %s.\n", report->files, report->files == 1 ? "" : "s",
             checked);
}

static gboolean check_usage(const CmigApp *app, const CmigCheckRequest *request, GError **error)
{
    if (format != NULL && cmig_finding_format(format) == NULL) {
        g_autofree char *shown = cmig_text_escape(format);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "there is no format \"%s\"", shown);
        cmig_error_set_hint(error, "text, github");
        return FALSE;
    }
    if (format != NULL && app->json) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                            "--format and --json exclude each other");
        return FALSE;
    }
    return cmig_check_request_validate(request, error);
}

static gboolean run_check(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    CmigCheckRequest request = {
        .against = against, .only = (const char *const *)only, .skip = (const char *const *)skip};
    g_autoptr(CmigCheckReport) report = NULL;
    g_autofree char *folder = find_folder();
    GError *unreachable = NULL;
    if (!check_usage(app, &request, error))
        return FALSE;
    /* What the files say is worth knowing whatever became of the database. */
    open_database(app, &request, &unreachable);
    if (!cmig_check(app->config, &request, &report, unreachable == NULL ? error : NULL)) {
        if (unreachable != NULL)
            g_propagate_error(error, unreachable);
        return FALSE;
    }
    if (app->json)
        cmig_out_json(report_json(report, folder));
    else
        print_report(app, report, folder);
    if (unreachable != NULL) {
        g_propagate_error(error, unreachable);
        return FALSE;
    }
    guint count = cmig_findings_count(report->findings);
    if (count > 0)
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FINDINGS, "%u finding%s", count,
                    count == 1 ? "" : "s");
    return count == 0;
}

static const GOptionEntry options[] = {
    {"against", 0, 0, G_OPTION_ARG_STRING, &against,
     "compare with this branch or commit of git; by default the one that others merge into", "REF"},
    {"no-database", 0, 0, G_OPTION_ARG_NONE, &no_database,
     "leave out the rules that ask a database", NULL},
    {"only", 0, 0, G_OPTION_ARG_STRING_ARRAY, &only, "check this rule alone; may be repeated",
     "RULE"},
    {"skip", 0, 0, G_OPTION_ARG_STRING_ARRAY, &skip, "leave this rule out; may be repeated",
     "RULE"},
    {"format", 0, 0, G_OPTION_ARG_STRING, &format,
     "how findings are printed: text, or github for annotations beside the lines", "FORMAT"},
    {0},
};

static const CmigExample examples[] = {
    {"cmig check", "everything that can be checked from here"},
    {"cmig check --no-database", "the files alone, also where DATABASE_URL is set"},
    {"cmig check --against origin/main", "would merging this branch do harm?"},
    {"cmig check --format github", "in a workflow of GitHub Actions"},
    {"cmig check --only at-head", "after a deployment: is the database at head?"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_check = {
    .name = "check",
    .group = CMIG_GROUP_LOOK,
    .arguments = "",
    .summary = "Check revision files and database, the gate for CI",
    .description =
        "Reads all revision files and, when a database URL is set, asks the database. Nothing is "
        "written and no lock is taken. Each finding is one line on standard output, with file, "
        "line and the name of the rule; the exit status is 4 when there is any, 0 when there is "
        "none. Notes are no findings.\n\n"
        "graph: every header can be read, ids are unique, parents exist, nothing goes in a circle. "
        "The other rules build on it, so it cannot be left out.\n\n"
        "single-head: there is one head. With check.single_head: false in alembic.yml there may be "
        "several, when each has a branch label that no other head has.\n\n"
        "sections: every section can be read to its end: no open quotes, no transaction control "
        "where a transaction is, and so on. A section that names a database is read as its SQL, "
        "any other one as that of the database URL; without a URL, PostgreSQL's or SQLite's will "
        "do. Variables are left as they stand.\n\n"
        "downgrade: every file has a downgrade section, which may be empty, or says why not: "
        "`-- cmig:downgrade none \"reason\"`.\n\n"
        "against: the revisions of the branch that this one is to be merged into stay as they "
        "are, and those of this branch come behind them. Its findings have names of their own: "
        "against-unchanged (none is edited or deleted; a change of comments or white space, and "
        "another path, are notes), against-parent (new ones come behind its head), against-ids (no "
        "id is given twice), against-graph and against-heads (both together are one sound history "
        "without a second head). Without --against the branch is what origin/HEAD names, else main "
        "or master; outside of git it is not checked, and where git cannot tell, standard error "
        "says so.\n\n"
        "applied-files: the files of the revisions that the database has applied say what they "
        "said then. A change of comments, white space or the case of words is a note. An edit that "
        "is fine is accepted with cmig-accept(1).\n\n"
        "at-head: the database is at all heads, and no section was left half done.\n\n"
        "Without a database URL the last two are not checked, nor is applied-files when the user "
        "may "
        "not read the table cmig_audit; standard error says so. A database that is given and "
        "cannot be reached is an error.\n\n"
        "With --json one object is printed: clean, files (their number), checked (list of rules), "
        "skipped (list of objects with rule and reason) and findings (list of objects with rule, "
        "file, line, revision, message, hint and note).",
    .examples = examples,
    .exit_statuses = (const int[]){1, 4, 69, 75, 78, 130, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_HAS_JSON,
    .options = options,
    .run = run_check,
};
