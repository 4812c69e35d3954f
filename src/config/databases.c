/* `databases:` of alembic.yml: several databases by name. The chosen entry lies over the top level,
 * so that everything behind it reads one configuration. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "config/internal.h"

#include <string.h>

static gboolean is_name(const char *text)
{
    gsize length = strspn(text, G_CSET_A_2_Z G_CSET_a_2_z "0123456789_-");
    return length > 0 && text[length] == '\0' && text[0] != '-' && strcmp(text, "all") != 0;
}

static gboolean check_key(const CmigLoader *loader, const char *name, const CmigYaml *key,
                          GError **error)
{
    if (cmig_config_is_per_database(key->text))
        return TRUE;
    g_autofree char *shown = cmig_text_escape(key->text);
    cmig_config_fail(loader, key, error, "databases.%s cannot have the key \"%s\"", name, shown);
    cmig_error_set_hint(error, "keys of the whole file, such as hooks and templates, stand at its "
                               "top level");
    return FALSE;
}

static gboolean check_entry(const CmigLoader *loader, const CmigYaml *key, const CmigYaml *entry,
                            GError **error)
{
    if (!is_name(key->text)) {
        cmig_config_fail(loader, key, error, "databases: this cannot be a name");
        cmig_error_set_hint(error, "a name consists of letters, digits, _ and -; \"all\" means all "
                                   "of them");
        return FALSE;
    }
    if (entry->kind != CMIG_YAML_MAPPING)
        return cmig_config_fail(loader, entry, error, "databases.%s must be a mapping", key->text);
    for (guint idx = 0; idx < entry->keys->len; idx++)
        if (!check_key(loader, key->text, entry->keys->pdata[idx], error))
            return FALSE;
    /* Unknown keys get the suggestion that they get at the top level. */
    return cmig_config_check_keys(loader, entry, "", error);
}

static gboolean fail_name(const CmigLoader *loader, const char *name, GError **error)
{
    const CmigConfig *config = loader->config;
    g_autofree char *shown = cmig_text_escape(name);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "there is no database \"%s\"", shown);
    if (config->database_names[0] == NULL) {
        cmig_error_set_hint(error, "name databases under databases: in alembic.yml");
        return FALSE;
    }
    g_autofree char *all = g_strjoinv(", ", config->database_names);
    const char *near = cmig_text_suggest(name, (const char *const *)(void *)config->database_names);
    cmig_error_set_detail(error, "%s names: %s", config->file, all);
    if (near != NULL)
        cmig_error_set_hint(error, "did you mean \"%s\"?", near);
    return FALSE;
}

gboolean cmig_config_choose_database(CmigLoader *loader, GError **error)
{
    CmigConfig *config = loader->config;
    const CmigYaml *node = cmig_config_get(loader, "databases");
    const char *wanted = loader->request->name;
    const CmigYaml *chosen = NULL;
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    if (node != NULL && node->kind != CMIG_YAML_MAPPING)
        return cmig_config_fail(loader, node, error, "databases must be a mapping of names");
    for (guint idx = 0; node != NULL && idx < node->keys->len; idx++) {
        const CmigYaml *key = node->keys->pdata[idx];
        if (!check_entry(loader, key, node->items->pdata[idx], error))
            return FALSE;
        g_strv_builder_add(names, key->text);
        if (g_strcmp0(key->text, wanted) == 0)
            chosen = node->items->pdata[idx];
    }
    config->database_names = g_strv_builder_end(names);
    if (wanted != NULL && chosen == NULL)
        return fail_name(loader, wanted, error);
    config->name = g_strdup(wanted);
    loader->database = chosen;
    return TRUE;
}
