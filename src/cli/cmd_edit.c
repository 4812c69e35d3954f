#include "cli/commands.h"

#include "cmig/error.h"
#include "cmig/text.h"

/* The editor's command line, split as a shell splits words; NULL when none is found. */
static GStrv editor_command(GError **error)
{
    static const char *const fallbacks[] = {"sensible-editor", "editor", "nano", "vim", "vi"};
    static const char *const variables[] = {"EDITOR", "VISUAL"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(variables); idx++) {
        const char *value = g_getenv(variables[idx]);
        char **argv = NULL;
        if (value != NULL && *value != '\0' && g_shell_parse_argv(value, NULL, &argv, NULL))
            return argv;
    }
    for (gsize idx = 0; idx < G_N_ELEMENTS(fallbacks); idx++) {
        g_autofree char *program = g_find_program_in_path(fallbacks[idx]);
        if (program != NULL)
            return g_strsplit(program, "\n", 1);
    }
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "no editor found");
    cmig_error_set_hint(error, "set EDITOR");
    return NULL;
}

static gboolean find_revisions(CmigApp *app, const char *symbol, GPtrArray **revisions,
                               GError **error)
{
    gboolean current = g_strcmp0(symbol, "current") == 0;
    gboolean found = current ? cmig_app_current(app, revisions, error)
                             : cmig_graph_resolve(app->graph, symbol, revisions, error);
    if (found && (*revisions)->len == 0) {
        g_autofree char *shown = cmig_text_escape(symbol);
        if (current)
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "No current revisions");
        else
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                        "No revision files indicated by symbol '%s'", shown);
        g_clear_pointer(revisions, g_ptr_array_unref);
        found = FALSE;
    }
    return found;
}

static gboolean run_edit(CmigApp *app, char **arguments, GError **error)
{
    g_autoptr(GPtrArray) revisions = NULL;
    g_auto(GStrv) editor = NULL;
    if (!find_revisions(app, arguments[0], &revisions, error) ||
        (editor = editor_command(error)) == NULL)
        return FALSE;
    GStrvBuilder *builder = g_strv_builder_new();
    g_strv_builder_addv(builder, (const char **)(void *)editor);
    for (guint idx = 0; idx < revisions->len; idx++)
        g_strv_builder_add(builder, ((const CmigRevision *)revisions->pdata[idx])->path);
    g_auto(GStrv) argv = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);

    GError *problem = NULL;
    int status = 0;
    gboolean ran = g_spawn_sync(NULL, argv, NULL,
                                G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN |
                                    G_SPAWN_CHILD_INHERITS_STDOUT | G_SPAWN_CHILD_INHERITS_STDERR,
                                NULL, NULL, NULL, NULL, &status, &problem) &&
                   g_spawn_check_wait_status(status, &problem);
    if (!ran) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "Error executing editor (%s)",
                    problem->message);
        g_error_free(problem);
    }
    return ran;
}

static const CmigExample examples[] = {
    {"cmig edit head", "open the newest revision file"},
    {"cmig edit current", "the one that the database is at"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_edit = {
    .name = "edit",
    .group = CMIG_GROUP_WRITE,
    .arguments = "REVISION",
    .summary = "Open revision files in an editor",
    .description = "Opens the files of REVISION with EDITOR, else VISUAL, else the system's "
                   "editor. With `current`, the revisions that the database is at.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 69, 78, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_ONE_DATABASE,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run_edit,
};
