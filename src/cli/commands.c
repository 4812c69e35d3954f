/* The table of commands: everything the command line offers is made from it. */
#include "cli/commands.h"

const CmigCommand *const cmig_commands[] = {
    &cmig_cmd_init,     &cmig_cmd_list_templates,

    &cmig_cmd_revision, &cmig_cmd_merge,          &cmig_cmd_edit,

    &cmig_cmd_upgrade,  &cmig_cmd_downgrade,      &cmig_cmd_stamp,      &cmig_cmd_ensure_version,

    &cmig_cmd_current,  &cmig_cmd_history,        &cmig_cmd_heads,      &cmig_cmd_branches,
    &cmig_cmd_show,

    &cmig_cmd_help,     &cmig_cmd_version,        &cmig_cmd_completion, NULL,
};

const CmigCommand *cmig_command_find(const char *name)
{
    g_autofree char *wanted = g_strdelimit(g_strdup(name), "_", '-');
    for (gsize i = 0; cmig_commands[i] != NULL; i++) {
        if (g_str_equal(cmig_commands[i]->name, wanted))
            return cmig_commands[i];
    }
    return NULL;
}
