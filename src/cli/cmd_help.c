/* cmig help: what the command records say, as text, manual page, JSON or names. */
#include "cli/commands.h"
#include "cli/doc.h"
#include "cmig/error.h"
#include "cmig/script.h"

#include <string.h>

static gboolean want_commands;
static gboolean want_man;
static gboolean want_targets;

static json_t *options_to_json(const GArray *entries)
{
    json_t *list = json_array();
    for (guint i = 0; i < entries->len; i++) {
        const GOptionEntry *entry = &g_array_index(entries, GOptionEntry, i);
        const char short_name[] = {entry->short_name, '\0'};
        json_array_append_new(list,
                              json_pack("{s:s, s:s*, s:s*, s:s}", "name", entry->long_name, "short",
                                        entry->short_name != '\0' ? short_name : NULL, "value",
                                        entry->arg_description, "summary", entry->description));
    }
    return list;
}

static json_t *examples_to_json(const CmigExample *examples)
{
    json_t *list = json_array();
    for (; examples->command != NULL; examples++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "command", examples->command, "meaning",
                                              examples->meaning));
    return list;
}

static json_t *statuses_to_json(const CmigCommand *command)
{
    json_t *list = json_array();
    for (const CmigExitStatus *known = cmig_exit_statuses; known->meaning != NULL; known++) {
        if (cmig_doc_has_status(command, known->status))
            json_array_append_new(
                list, json_pack("{s:i, s:s}", "status", known->status, "meaning", known->meaning));
    }
    return list;
}

static json_t *command_to_json(const CmigCommand *command)
{
    g_autofree char *synopsis = cmig_doc_synopsis(command);
    g_autoptr(GArray) options = cmig_doc_options(command);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:o, s:o, s:o}", "name", command->name,
        "group", command->group, "synopsis", synopsis, "arguments", command->arguments, "summary",
        command->summary, "description", command->description, "needs_database",
        (command->needs & CMIG_NEEDS_DATABASE) != 0, "writes", (command->needs & CMIG_WRITES) != 0,
        "json", (command->needs & CMIG_HAS_JSON) != 0, "options", options_to_json(options),
        "examples", examples_to_json(command->examples), "exit_statuses",
        statuses_to_json(command));
}

static json_t *program_to_json(void)
{
    g_autoptr(GArray) options = cmig_doc_global_options(NULL);
    json_t *commands = json_array();
    for (gsize i = 0; cmig_commands[i] != NULL; i++)
        json_array_append_new(commands, command_to_json(cmig_commands[i]));
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", "cmig", "version", CMIG_VERSION,
                     "summary", cmig_doc_program_summary, "options", options_to_json(options),
                     "commands", commands);
}

static void print_commands(void)
{
    for (gsize i = 0; cmig_commands[i] != NULL; i++)
        cmig_out("%s\n", cmig_commands[i]->name);
}

/* Whether a shell can take `text` as it is; labels may hold more than that. */
static gboolean is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (!g_ascii_isalnum(*text) && strchr("_.-", *text) == NULL)
            return FALSE;
    }
    return TRUE;
}

/* For completion: one target a line, a tab and what it is. Says nothing when the project cannot be
 * read, because nobody asked for an error in the middle of a command line. */
static void print_targets(const CmigApp *app)
{
    g_autoptr(CmigConfig) config = NULL;
    g_autoptr(CmigGraph) graph = NULL;
    if (!cmig_config_load(&app->request, &config, NULL) ||
        !cmig_script_load_graph(config, &graph, NULL))
        return;
    cmig_out("head\tthe newest revision\nheads\tthe newest of every branch\n"
             "base\tbefore the first revision\n");
    for (guint i = cmig_graph_size(graph); i > 0; i--) {
        const CmigRevision *revision = cmig_graph_nth(graph, i - 1);
        g_autofree char *summary = cmig_render_summary(revision);
        cmig_out("%s\t%s\n", revision->id, summary);
        for (char **label = revision->branch_labels; *label != NULL; label++) {
            if (is_plain(*label))
                cmig_out("%s\tbranch label of %s\n", *label, revision->id);
        }
    }
}

/* The command that `name` names; NULL for no name. */
static gboolean find(const char *name, const CmigCommand **command, GError **error)
{
    *command = NULL;
    return name == NULL || cmig_command_require(name, command, error);
}

static gboolean run(CmigApp *app, char **arguments, GError **error)
{
    const CmigCommand *command = NULL;
    g_autofree char *text = NULL;
    if (want_targets || want_commands) {
        want_targets ? print_targets(app) : print_commands();
        return TRUE;
    }
    if (want_man && g_strcmp0(arguments[0], "alembic.yml") == 0)
        text = cmig_man_configuration();
    else if (!find(arguments[0], &command, error))
        return FALSE;
    else if (want_man)
        text = cmig_man_command(command);
    else if (app->json)
        cmig_out_json(command != NULL ? command_to_json(command) : program_to_json());
    else
        text = command != NULL ? cmig_help_command(command) : cmig_help_overview();
    if (text != NULL)
        cmig_out("%s", text);
    return TRUE;
}

static const GOptionEntry options[] = {
    {"commands", 0, 0, G_OPTION_ARG_NONE, &want_commands, "print the commands' names, one a line",
     NULL},
    {"man", 0, 0, G_OPTION_ARG_NONE, &want_man,
     "print the source of a manual page: of COMMAND, of cmig without one, of alembic.yml", NULL},
    {"targets", 0, 0, G_OPTION_ARG_NONE, &want_targets,
     "print the project's revisions and labels for completion: a name, a tab, what it is", NULL},
    {0},
};

static const CmigExample examples[] = {
    {"cmig help upgrade", "explain a command"},
    {"cmig help --man alembic.yml | man -l -", "read the manual of the configuration file"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_help = {
    .name = "help",
    .group = CMIG_GROUP_HELP,
    .arguments = "[COMMAND]",
    .summary = "Explain a command, or list all commands",
    .description =
        "Help, manual pages, completion and the JSON form are all made from what the program "
        "itself works with.\n\n"
        "With --json one object is printed: for a COMMAND its name, group, synopsis, arguments, "
        "summary, description, needs_database, writes, json, options, examples and exit_statuses; "
        "without one the program's name, version, summary, options and commands.",
    .examples = examples,
    .exit_statuses = (const int[]){0},
    .needs = CMIG_HAS_JSON,
    .max_arguments = 1,
    .options = options,
    .run = run,
};
