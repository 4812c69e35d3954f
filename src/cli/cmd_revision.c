/* revision and merge: both write one new file. */
#include "cli/commands.h"

#include "cmig/new_revision.h"
#include "cmig/text.h"

/* GOption fills these; what it allocated is released after the run. */
static struct {
    char *message;
    char **heads;
    gboolean splice;
    char **branch_labels;
    char *version_path;
    char *rev_id;
    char **depends_on;
    char *template_name;
} asked;

static void show_hook(const CmigHook *hook, gpointer data)
{
    g_autofree char *name = cmig_text_escape(hook->name);
    cmig_say(data, "Running post write hook '%s' ...\n", name);
}

/* Writes the file, runs the hooks, and says where it is. */
static gboolean write_revision(CmigApp *app, const CmigNewRevision *request, GError **error)
{
    g_autofree char *path = NULL;
    if (!cmig_new_revision_write(app->config, app->graph, request, &path, error))
        return FALSE;
    g_autofree char *shown = cmig_text_escape(path);
    if (app->json)
        cmig_out_json(json_pack("{s:o}", "path", cmig_render_json_text(path)));
    else
        cmig_out("Generating %s ...  done\n", shown);
    return cmig_hooks_run(app->config, path, show_hook, app, error);
}

static void release(void)
{
    g_clear_pointer(&asked.message, g_free);
    g_clear_pointer(&asked.heads, g_strfreev);
    g_clear_pointer(&asked.branch_labels, g_strfreev);
    g_clear_pointer(&asked.version_path, g_free);
    g_clear_pointer(&asked.rev_id, g_free);
    g_clear_pointer(&asked.depends_on, g_strfreev);
    g_clear_pointer(&asked.template_name, g_free);
}

static gboolean write_asked(CmigApp *app, char **heads, GError **error)
{
    CmigNewRevision request = {
        .message = asked.message,
        .rev_id = asked.rev_id,
        .heads = (const char *const *)heads,
        .splice = asked.splice,
        .branch_labels = (const char *const *)asked.branch_labels,
        .depends_on = (const char *const *)asked.depends_on,
        .version_path = asked.version_path,
        .template_name = asked.template_name,
    };
    gboolean ok = write_revision(app, &request, error);
    release();
    return ok;
}

static gboolean run_revision(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    return write_asked(app, asked.heads, error);
}

static gboolean run_merge(CmigApp *app, char **arguments, GError **error)
{
    return write_asked(app, arguments, error);
}

static const GOptionEntry revision_options[] = {
    {"message", 'm', 0, G_OPTION_ARG_STRING, &asked.message, "what the revision does", "TEXT"},
    {"head", 0, 0, G_OPTION_ARG_STRING_ARRAY, &asked.heads,
     "revision to build on (default: head); base starts a new history; may be repeated to merge",
     "REVISION"},
    {"splice", 0, 0, G_OPTION_ARG_NONE, &asked.splice,
     "allow a --head that is not a head, which starts a branch", NULL},
    {"branch-label", 0, 0, G_OPTION_ARG_STRING_ARRAY, &asked.branch_labels,
     "label for the branch that begins here; may be repeated", "LABEL"},
    {"version-path", 0, 0, G_OPTION_ARG_FILENAME, &asked.version_path,
     "which of several version locations gets the file", "FOLDER"},
    {"rev-id", 0, 0, G_OPTION_ARG_STRING, &asked.rev_id, "revision id (default: a random one)",
     "ID"},
    {"depends-on", 0, 0, G_OPTION_ARG_STRING_ARRAY, &asked.depends_on,
     "revision of another branch that must be applied first; may be repeated", "REVISION"},
    {"template", 't', 0, G_OPTION_ARG_STRING, &asked.template_name,
     "template to start from; `cmig list-templates` lists them (default: generic)", "NAME"},
    {0},
};

static const CmigExample revision_examples[] = {
    {"cmig revision -m \"add agents table\"", "the next revision"},
    {"cmig revision -m \"create agents table\" --template table", "with columns to start from"},
    {"cmig revision -m \"start billing\" --head base --branch-label billing",
     "a second, independent history"},
    {"cmig revision -m \"add invoices\" --head billing@head --depends-on 1975ea",
     "on a branch, with a dependency"},
    {NULL, NULL},
};

static const int exit_statuses[] = {1, 78, 0};

const CmigCommand cmig_cmd_revision = {
    .name = "revision",
    .group = CMIG_GROUP_WRITE,
    .arguments = "",
    .summary = "Write a new revision file",
    .description =
        "Writes the next revision file from a template and runs the configured hooks on it. The "
        "database is not contacted. The file is written whole or not at all, and never replaces "
        "one that is there.\n\n"
        "With --json one object is printed: path, the file's.",
    .examples = revision_examples,
    .exit_statuses = exit_statuses,
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_HAS_JSON | CMIG_ONE_DATABASE,
    .options = revision_options,
    .run = run_revision,
};

static const GOptionEntry merge_options[] = {
    {"message", 'm', 0, G_OPTION_ARG_STRING, &asked.message, "why they are merged", "TEXT"},
    {"splice", 0, 0, G_OPTION_ARG_NONE, &asked.splice, "allow revisions that are not heads", NULL},
    {"branch-label", 0, 0, G_OPTION_ARG_STRING_ARRAY, &asked.branch_labels,
     "label for the branch that begins here; may be repeated", "LABEL"},
    {"version-path", 0, 0, G_OPTION_ARG_FILENAME, &asked.version_path,
     "which of several version locations gets the file", "FOLDER"},
    {"rev-id", 0, 0, G_OPTION_ARG_STRING, &asked.rev_id, "revision id (default: a random one)",
     "ID"},
    {0},
};

static const CmigExample merge_examples[] = {
    {"cmig merge -m \"merge billing and core\" heads", "join all heads"},
    {"cmig merge 1975ea 27c6a3", "join two revisions"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_merge = {
    .name = "merge",
    .group = CMIG_GROUP_WRITE,
    .arguments = "REVISION…",
    .summary = "Write a revision that joins several heads",
    .description = "Writes a revision file that revises all the given revisions and changes "
                   "nothing itself.\n\n"
                   "With --json one object is printed: path, the file's.",
    .examples = merge_examples,
    .exit_statuses = exit_statuses,
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_HAS_JSON | CMIG_ONE_DATABASE,
    .min_arguments = 1,
    .max_arguments = -1,
    .options = merge_options,
    .run = run_merge,
};
