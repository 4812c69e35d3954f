/* cmig rebase: one's own revisions come behind the head of the branch they are merged into. */
#include "cli/commands.h"
#include "cli/consent.h"

#include "cmig/error.h"
#include "cmig/rebase.h"
#include "cmig/text.h"

static char *onto;
static gboolean offline;
static gboolean dry_run;

static json_t *ids_json(char *const *ids)
{
    json_t *list = json_array();
    for (gsize i = 0; ids[i] != NULL; i++)
        json_array_append_new(list, json_string(ids[i]));
    return list;
}

static void print_json(const CmigRebasePlan *plan, gboolean written)
{
    json_t *changes = json_array();
    for (guint i = 0; i < plan->steps->len; i++) {
        const CmigRebaseStep *step = plan->steps->pdata[i];
        json_array_append_new(changes,
                              json_pack("{s:s, s:o, s:i, s:o, s:o}", "revision", step->revision->id,
                                        "file", cmig_render_json_text(step->revision->path), "line",
                                        (int)step->edit.line, "was",
                                        ids_json(step->revision->down_revisions), "down_revision",
                                        ids_json(step->parents)));
    }
    json_t *heads = json_array();
    for (guint i = 0; i < plan->heads->len; i++)
        json_array_append_new(heads, json_string(plan->heads->pdata[i]));
    cmig_out_json(json_pack("{s:o, s:s?, s:o, s:o, s:b}", "onto", cmig_render_json_text(plan->onto),
                            "head", plan->head, "changes", changes, "heads", heads, "written",
                            written));
}

/* What changes, as a diff that has one line of each file. */
static void print_plan(const CmigRebasePlan *plan)
{
    g_autofree char *ref = cmig_text_escape(plan->onto);
    if (plan->steps->len == 0) {
        cmig_out("Nothing to rebase onto %s.\n", ref);
        return;
    }
    cmig_out("Onto %s (%s):\n", plan->head, ref);
    for (guint i = 0; i < plan->steps->len; i++) {
        const CmigRebaseStep *step = plan->steps->pdata[i];
        g_autofree char *file = cmig_text_escape(step->revision->path);
        g_autofree char *before = cmig_text_escape(step->edit.before);
        g_autofree char *after = cmig_text_escape(step->edit.after);
        cmig_out("%s:%u\n-%s\n+%s\n", file, step->edit.line, before, after);
    }
}

static void warn_heads(const CmigApp *app, const CmigRebasePlan *plan)
{
    if (plan->heads->len < 2)
        return;
    g_autofree char *names = cmig_text_names(plan->heads);
    cmig_say(app, "Warning: there are %u heads %s: %s\n", plan->heads->len,
             plan->steps->len > 0 ? "afterwards" : "all the same", names);
}

/* Whether the revisions are applied is asked of the one database that is configured. */
static gboolean check_database(CmigApp *app, const CmigRebasePlan *plan, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    if (offline)
        return TRUE;
    if (app->config->url == NULL && app->config->url_origin == CMIG_ORIGIN_NONE) {
        cmig_say(app, "Note: no database is configured that could be asked whether it has these "
                      "revisions\n");
        return TRUE;
    }
    gboolean asked = cmig_app_read_rows(app, &rows, error);
    if (asked && cmig_rebase_check_rows(plan, app->graph, rows, error))
        return TRUE;
    if (!asked || !g_error_matches(*error, CMIG_ERROR, CMIG_ERROR_REFUSED))
        g_prefix_error(error, "cannot tell whether the revisions are applied (--offline does not "
                              "ask): ");
    return FALSE;
}

static gboolean confirm(const CmigRebasePlan *plan, GError **error)
{
    return cmig_consent_ask_yes(plan->steps->len == 1 ? "Write this file?" : "Write these files?",
                                "--yes writes the files, --dry-run only shows what would change",
                                error);
}

static gboolean run_rebase(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    g_autoptr(CmigRebasePlan) plan = NULL;
    if (!cmig_rebase_plan(app->config, app->graph, onto, &plan, error))
        return FALSE;
    gboolean write = plan->steps->len > 0 && !dry_run;
    if (!app->json)
        print_plan(plan);
    warn_heads(app, plan);
    gboolean done = plan->steps->len == 0 ||
                    (check_database(app, plan, error) &&
                     (!write || (confirm(plan, error) && cmig_rebase_write(plan, error))));
    if (app->json)
        print_json(plan, write && done);
    if (write && done)
        cmig_say(app, "%u %s changed; git is as it was: commit %s.\n", plan->steps->len,
                 plan->steps->len == 1 ? "file" : "files", plan->steps->len == 1 ? "it" : "them");
    return done;
}

static const GOptionEntry options[] = {
    {"onto", 0, 0, G_OPTION_ARG_STRING, &onto,
     "the branch to put the revisions on (default: origin's main branch)", "REF"},
    {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "show what would change and change nothing",
     NULL},
    {"offline", 0, 0, G_OPTION_ARG_NONE, &offline,
     "do not ask the database whether the revisions are applied", NULL},
    {"yes", 'y', 0, G_OPTION_ARG_NONE, &cmig_consent_request.yes, "do not ask", NULL},
    {0},
};

static const CmigExample examples[] = {
    {"cmig rebase", "after `git merge origin/main` left two heads"},
    {"cmig rebase --dry-run", "show which files would change, and how"},
    {"cmig rebase --onto origin/release --yes", "in a script, for another branch"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_rebase = {
    .name = "rebase",
    .group = CMIG_GROUP_WRITE,
    .arguments = "",
    .summary = "Put your own revisions behind those of another branch",
    .description =
        "When two branches each add a revision behind the same one, there are two heads as soon as "
        "both are merged, and `cmig upgrade head` fails. This command mends it without a merge "
        "revision: the revisions that only your branch has are made to revise the head of the "
        "other one, so that the history is a line again. Merge or rebase your branch in git first, "
        "so that the files of both are there.\n\n"
        "Your own are the revisions in the work tree, committed or not, that REF has not. Without "
        "--onto, REF is what origin/HEAD names, else origin/main, origin/master, main or master. "
        "A chain of your revisions keeps its shape; several of them that begin beside each other "
        "come one behind the other, the older one first. A new base with a branch label stays "
        "where it is, and nothing changes when a merge revision has joined the branches.\n\n"
        "In each file the value of down_revision changes, and no other byte. The diff is shown, "
        "and a question is asked before anything is written; without a terminal nothing is "
        "written unless --yes is given. Git is only asked: there is no commit, and the index stays "
        "as it is.\n\n"
        "A revision that is applied must not get another place. So the configured database is "
        "asked, and when it has one of the revisions the command refuses: take it back with `cmig "
        "downgrade` first. --offline goes on without asking, for a database that cannot be "
        "reached.\n\n"
        "With --json one object is printed: onto, head, changes (list of objects: revision, file, "
        "line, was, down_revision), heads (afterwards) and written.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 69, 77, 78, 130, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_HAS_JSON | CMIG_ONE_DATABASE,
    .options = options,
    .run = run_rebase,
};
