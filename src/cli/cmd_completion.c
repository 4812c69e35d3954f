/* cmig completion: a script that teaches a shell cmig's commands. */
#include "cli/commands.h"
#include "cmig/error.h"
#include "cmig/text.h"

static gboolean run(CmigApp *app G_GNUC_UNUSED, char **arguments, GError **error)
{
    g_autofree char *script = cmig_completion(arguments[0]);
    if (script != NULL) {
        cmig_out("%s", script);
        return TRUE;
    }
    g_autofree char *shell = cmig_text_escape(arguments[0]);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "there is no completion for \"%s\"", shell);
    cmig_error_set_hint(error, "the shells are bash, zsh and fish");
    return FALSE;
}

static const CmigExample examples[] = {
    {"source <(cmig completion bash)", "in ~/.bashrc"},
    {"cmig completion zsh > ~/.zfunc/_cmig", "with ~/.zfunc in fpath"},
    {"cmig completion fish > ~/.config/fish/completions/cmig.fish", "for fish"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_completion = {
    .name = "completion",
    .group = CMIG_GROUP_HELP,
    .arguments = "bash|zsh|fish",
    .summary = "Print a completion script for a shell",
    .description =
        "The script completes commands, options and their values, and revisions of the project in "
        "the working directory. Completing reads revision files; it never connects to a database.",
    .examples = examples,
    .exit_statuses = (const int[]){0},
    .needs = 0,
    .min_arguments = 1,
    .max_arguments = 1,
    .options = NULL,
    .run = run,
};
