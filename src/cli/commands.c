/* The table of commands: everything the command line offers is made from it. */
#include "cli/commands.h"
#include "cmig/error.h"
#include "cmig/text.h"

const CmigCommand *const cmig_commands[] = {
    &cmig_cmd_init,     &cmig_cmd_list_templates,

    &cmig_cmd_revision, &cmig_cmd_merge,          &cmig_cmd_rebase,      &cmig_cmd_edit,

    &cmig_cmd_upgrade,  &cmig_cmd_downgrade,      &cmig_cmd_stamp,       &cmig_cmd_ensure_version,
    &cmig_cmd_repair,   &cmig_cmd_accept,         &cmig_cmd_environment,

    &cmig_cmd_current,  &cmig_cmd_history,        &cmig_cmd_heads,       &cmig_cmd_branches,
    &cmig_cmd_show,     &cmig_cmd_plan,           &cmig_cmd_check,       &cmig_cmd_audit,
    &cmig_cmd_wait,     &cmig_cmd_doctor,

    &cmig_cmd_help,     &cmig_cmd_version,        &cmig_cmd_completion,  NULL,
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

/* The command whose name is most likely meant by `name`, or NULL. */
static const char *nearest_name(const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (gsize i = 0; cmig_commands[i] != NULL; i++)
        g_ptr_array_add(names, (gpointer)(guintptr)cmig_commands[i]->name);
    g_ptr_array_add(names, NULL);
    return cmig_text_suggest(name, (const char *const *)names->pdata);
}

gboolean cmig_command_require(const char *name, const CmigCommand **command, GError **error)
{
    const CmigCommand *found = cmig_command_find(name);
    if (found != NULL) {
        *command = found;
        return TRUE;
    }
    g_autofree char *escaped = cmig_text_escape(name);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "there is no command \"%s\"", escaped);
    const char *nearest = nearest_name(name);
    if (nearest != NULL)
        cmig_error_set_hint(error, "did you mean `cmig %s`?", nearest);
    else
        cmig_error_set_hint(error, "`cmig help` lists the commands");
    return FALSE;
}
