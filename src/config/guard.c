/* The mapping `guard`: its lists. Single values are read with the other keys. */
#include "cmig/error.h"
#include "config/internal.h"

/* The texts of a list, expanded; empty when the key is absent. */
static gboolean read_texts(const CmigLoader *loader, const char *key, GStrv *texts, GError **error)
{
    const CmigYaml *node = cmig_config_get(loader, key);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) entries = NULL;
    if (node != NULL && !cmig_yaml_strings(node, key, loader->config->file, &entries, error))
        return FALSE;
    for (guint idx = 0; entries != NULL && entries[idx] != NULL; idx++) {
        const CmigYaml *item = node->kind == CMIG_YAML_LIST ? node->items->pdata[idx] : node;
        g_autofree char *text =
            cmig_config_expand(loader, item, key, loader->config->env, NULL, error);
        if (text == NULL)
            return FALSE;
        if (*g_strstrip(text) == '\0')
            return cmig_config_fail(loader, item, error, "%s: an entry is empty", key);
        g_strv_builder_add(builder, text);
    }
    *texts = g_strv_builder_end(builder);
    return TRUE;
}

static gboolean read_freeze(const CmigLoader *loader, CmigGuardConfig *guard, GError **error)
{
    static const char key[] = "guard.freeze";
    const CmigYaml *node = cmig_config_get(loader, key);
    guard->freeze = g_array_new(FALSE, FALSE, sizeof(CmigWindow));
    if (!read_texts(loader, key, &guard->freeze_texts, error))
        return FALSE;
    for (guint idx = 0; guard->freeze_texts[idx] != NULL; idx++) {
        CmigWindow window = {0};
        const CmigYaml *item = node->kind == CMIG_YAML_LIST ? node->items->pdata[idx] : node;
        if (!cmig_window_parse(guard->freeze_texts[idx], &window, error)) {
            g_prefix_error(error, "%s: ", key);
            cmig_error_set_place(error, loader->config->file, item->line, item->column);
            return FALSE;
        }
        g_array_append_val(guard->freeze, window);
    }
    return TRUE;
}

gboolean cmig_config_read_guard(const CmigLoader *loader, GError **error)
{
    CmigGuardConfig *guard = &loader->config->guard;
    return cmig_config_check_mapping(loader, "guard", error) &&
           read_texts(loader, "guard.environments", &guard->environments, error) &&
           read_texts(loader, "guard.patterns", &guard->patterns, error) &&
           read_texts(loader, "guard.branches", &guard->branches, error) &&
           read_freeze(loader, guard, error);
}

void cmig_config_guard_clear(CmigGuardConfig *guard)
{
    g_strfreev(guard->environments);
    g_strfreev(guard->patterns);
    g_strfreev(guard->branches);
    g_strfreev(guard->freeze_texts);
    g_clear_pointer(&guard->freeze, g_array_unref);
}
