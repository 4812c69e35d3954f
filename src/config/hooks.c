/* The `hooks:` list: programs to run after a revision file is written. */
#include "cmig/error.h"
#include "config/internal.h"

void cmig_config_hook_free(gpointer data)
{
    CmigHook *hook = data;
    g_free(hook->name);
    g_strfreev(hook->argv);
    g_free(hook->cwd);
    g_free(hook);
}

/* A text is split as a shell would before variables are expanded: a value with spaces stays one
 * argument. */
static char **read_argv(const CmigLoader *loader, const CmigYaml *node, GError **error)
{
    g_auto(GStrv) words = NULL;
    if (node->kind == CMIG_YAML_SCALAR) {
        if (!g_shell_parse_argv(node->text, NULL, &words, NULL)) {
            cmig_config_fail(loader, node, error,
                             "hooks.command is empty, or a quote in it is not closed");
            return NULL;
        }
    } else if (!cmig_yaml_strings(node, "hooks.command", loader->config->file, &words, error)) {
        return NULL;
    }
    if (words[0] == NULL) {
        cmig_config_fail(loader, node, error, "hooks.command is empty");
        return NULL;
    }
    g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
    for (gsize idx = 0; words[idx] != NULL; idx++) {
        g_autofree char *word = cmig_expand(words[idx], loader->config->env, NULL, error);
        if (word == NULL) {
            g_prefix_error(error, "hooks.command: ");
            cmig_error_set_place(error, loader->config->file, node->line, node->column);
            return NULL;
        }
        g_strv_builder_add(argv, word);
    }
    return g_strv_builder_end(argv);
}

static gboolean read_hook(const CmigLoader *loader, const CmigYaml *node, CmigHook *hook,
                          GError **error)
{
    if (node->kind != CMIG_YAML_MAPPING)
        return cmig_config_fail(loader, node, error,
                                "a hook must be a mapping with name, command and cwd");
    if (!cmig_config_check_keys(loader, node, "hooks.", error))
        return FALSE;
    const CmigYaml *command = cmig_yaml_get(node, "command");
    const CmigYaml *name = cmig_yaml_get(node, "name");
    const CmigYaml *cwd = cmig_yaml_get(node, "cwd");
    if (command == NULL || cmig_yaml_is_null(command))
        return cmig_config_fail(loader, node, error, "a hook needs a command");
    hook->argv = read_argv(loader, command, error);
    if (hook->argv == NULL)
        return FALSE;
    hook->name =
        name == NULL || cmig_yaml_is_null(name)
            ? g_strdup(hook->argv[0])
            : cmig_config_expand(loader, name, "hooks.name", loader->config->env, NULL, error);
    if (hook->name == NULL)
        return FALSE;
    if (cwd == NULL || cmig_yaml_is_null(cwd))
        return TRUE;
    g_autofree char *folder =
        cmig_config_expand(loader, cwd, "hooks.cwd", loader->config->env, NULL, error);
    if (folder == NULL)
        return FALSE;
    hook->cwd = g_canonicalize_filename(folder, loader->config->directory);
    return TRUE;
}

gboolean cmig_config_read_hooks(const CmigLoader *loader, const CmigYaml *node, GPtrArray *hooks,
                                GError **error)
{
    if (node->kind != CMIG_YAML_LIST)
        return cmig_config_fail(loader, node, error,
                                "hooks must be a list, each with name, command and cwd");
    for (guint idx = 0; idx < node->items->len; idx++) {
        CmigHook *hook = g_new0(CmigHook, 1);
        g_ptr_array_add(hooks, hook);
        if (!read_hook(loader, node->items->pdata[idx], hook, error))
            return FALSE;
    }
    return TRUE;
}
