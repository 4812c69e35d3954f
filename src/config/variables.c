/* Variables for SQL text: `-x` of the command line and the `variables:` mapping. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "config/internal.h"

#include <string.h>

static void take_flags(const CmigLoader *loader)
{
    GHashTableIter iter;
    gpointer name = NULL;
    gpointer value = NULL;
    if (loader->request->variables == NULL)
        return;
    g_hash_table_iter_init(&iter, loader->request->variables);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_hash_table_insert(loader->config->variables, g_strdup(name), g_strdup(value));
}

/* One line of the mapping. A null value is none, so that a file can name what -x must give; the
 * value of a name that -x gives is not looked at. */
static gboolean read_variable(const CmigLoader *loader, const CmigYaml *key, const CmigYaml *node,
                              GError **error)
{
    GHashTable *variables = loader->config->variables;
    if (!cmig_text_is_variable_name(key->text)) {
        cmig_config_fail(loader, key, error, "variables: this is not a name of a variable");
        cmig_error_set_hint(error, "a name consists of letters, digits and _ and does not begin "
                                   "with a digit");
        return FALSE;
    }
    if (g_hash_table_contains(variables, key->text) || cmig_yaml_is_null(node))
        return TRUE;
    g_autofree char *label = g_strdup_printf("variables.%s", key->text);
    g_autofree char *value =
        cmig_config_expand(loader, node, label, loader->config->env, NULL, error);
    if (value == NULL)
        return FALSE;
    if (!g_utf8_validate(value, -1, NULL))
        return cmig_config_fail(loader, node, error, "%s is not valid UTF-8", label);
    if (strcmp(value, node->text) != 0)
        g_hash_table_insert(loader->config->secrets, g_strdup(key->text), g_strdup(value));
    g_hash_table_insert(variables, g_strdup(key->text), g_steal_pointer(&value));
    return TRUE;
}

gboolean cmig_config_read_variables(const CmigLoader *loader, GError **error)
{
    const CmigYaml *node = cmig_config_get(loader, "variables");
    take_flags(loader);
    if (node == NULL)
        return TRUE;
    if (node->kind != CMIG_YAML_MAPPING)
        return cmig_config_fail(loader, node, error,
                                "variables must be a mapping of names to values");
    for (guint idx = 0; idx < node->keys->len; idx++)
        if (!read_variable(loader, node->keys->pdata[idx], node->items->pdata[idx], error))
            return FALSE;
    return TRUE;
}
