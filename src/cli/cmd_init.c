#include "cli/commands.h"

#include "cmig/new_revision.h"
#include "cmig/text.h"

static char *layout;

static void show_file(const char *path, gboolean is_directory, gboolean made, gpointer data)
{
    (void)data;
    g_autofree char *shown = cmig_text_escape(path);
    if (!made)
        cmig_out("File %s already exists, skipping\n", shown);
    else if (is_directory)
        cmig_out("Creating directory %s ...  done\n", shown);
    else
        cmig_out("Generating %s ...  done\n", shown);
}

static gboolean run_init(CmigApp *app, char **arguments, GError **error)
{
    gboolean ok =
        cmig_init_write(layout ? layout : "generic", arguments[0], show_file, NULL, error);
    g_clear_pointer(&layout, g_free);
    if (ok)
        cmig_say(app, "Write the first revision with `cmig revision -m \"...\"`, then run `cmig "
                      "upgrade head`.\n");
    return ok;
}

static const GOptionEntry options[] = {
    {"template", 't', 0, G_OPTION_ARG_STRING, &layout,
     "project layout; `cmig list-templates` lists them (default: generic)", "NAME"},
    {0},
};

static const CmigExample examples[] = {
    {"cmig init", "alembic.yml and ./migrations"},
    {"cmig init db/migrations", "keep the revisions in another folder"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_init = {
    .name = "init",
    .group = CMIG_GROUP_START,
    .arguments = "[DIRECTORY]",
    .summary = "Start a project: alembic.yml and a folder for revisions",
    .description =
        "Writes alembic.yml into the working directory and makes a folder for the revision files. "
        "The new configuration uses DATABASE_URL, and the SQLite file app.db beside it while that "
        "is not set, so that a new project runs at once.\n\n"
        "Files that are there already are kept.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 78, 0},
    .max_arguments = 1,
    .options = options,
    .run = run_init,
};
