/* What each key holds and where it comes from, as texts that may be shown to anybody: no URL but in
 * its display form, no value of a variable. */
#include "config/internal.h"

#include <string.h>

void cmig_config_origin_free(gpointer data)
{
    CmigConfigOrigin *origin = data;
    g_free(origin->value);
    g_free(origin->source);
    g_free(origin);
}

void cmig_config_note(const CmigLoader *loader, const char *key, const char *value, char *source)
{
    CmigConfigOrigin *origin = g_new0(CmigConfigOrigin, 1);
    origin->value = g_strdup(value);
    origin->source = source;
    g_hash_table_replace(loader->config->origins, g_strdup(key), origin);
}

/* The next `${NAME` behind `*at`; NULL when there is none. The caller frees. */
static char *next_variable(const char **at)
{
    static const char letters[] = G_CSET_A_2_Z G_CSET_a_2_z "0123456789_";
    while (*at != NULL && (*at = strstr(*at, "${")) != NULL) {
        *at += 2;
        gsize length = strspn(*at, letters);
        if (length > 0)
            return g_strndup(*at, length);
    }
    return NULL;
}

char *cmig_config_variable_names(const char *text)
{
    g_autoptr(GString) names = g_string_new(NULL);
    char *name;
    for (const char *at = text; (name = next_variable(&at)) != NULL; g_free(name))
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
    return names->len > 0 ? g_strdup(names->str) : NULL;
}

/* Appends the variables of `text`, each with what sets it. */
static void append_variables(const CmigLoader *loader, const char *text, GString *source)
{
    char *name;
    for (const char *at = text; (name = next_variable(&at)) != NULL; g_free(name)) {
        const char *dotenv = g_hash_table_lookup(loader->dotenv_files, name);
        g_string_append(source, strstr(source->str, ", made of ") ? ", " : ", made of ");
        g_string_append(source, name);
        if (g_getenv(name) != NULL)
            continue;
        if (dotenv != NULL)
            g_string_append_printf(source, " in %s", dotenv);
        else
            g_string_append(source, " (not set)");
    }
}

char *cmig_config_node_source(const CmigLoader *loader, const CmigYaml *node)
{
    GString *source = g_string_new(NULL);
    g_string_printf(source, "%s:%u", loader->config->file, node->line);
    if (node->kind == CMIG_YAML_SCALAR)
        append_variables(loader, node->text, source);
    for (guint idx = 0; node->kind != CMIG_YAML_SCALAR && idx < node->items->len; idx++)
        append_variables(loader, ((const CmigYaml *)node->items->pdata[idx])->text, source);
    return g_string_free(source, FALSE);
}

void cmig_config_note_env_file(const CmigLoader *loader, const char *file)
{
    const CmigConfigOrigin *before = g_hash_table_lookup(loader->config->origins, "env_files");
    const CmigYaml *node = cmig_config_get(loader, "env_files");
    g_autofree char *value =
        before != NULL ? g_strconcat(before->value, ", ", file, NULL) : g_strdup(file);
    cmig_config_note(loader, "env_files", value,
                     node != NULL ? cmig_config_node_source(loader, node) : g_strdup("default"));
}

/* The texts of a scalar or list as the file has them. */
static void append_texts(const CmigYaml *node, const char *separator, GString *value)
{
    if (node->kind == CMIG_YAML_SCALAR)
        g_string_append(value, node->text);
    for (guint idx = 0; node->kind == CMIG_YAML_LIST && idx < node->items->len; idx++) {
        const CmigYaml *item = node->items->pdata[idx];
        if (item->kind == CMIG_YAML_SCALAR)
            g_string_append_printf(value, "%s%s", idx > 0 ? separator : "", item->text);
    }
}

/* Whether the value that goes by this name may be a secret. */
static gboolean is_secret_name(const char *name)
{
    static const char *const parts[] = {"pass", "pwd", "secret", "token", "key", "auth", "cred"};
    g_autofree char *lower = g_ascii_strdown(name, -1);
    for (gsize idx = 0; idx < G_N_ELEMENTS(parts); idx++)
        if (strstr(lower, parts[idx]) != NULL)
            return TRUE;
    return FALSE;
}

/* One word of a command; a secret that somebody wrote there becomes ***. */
static void append_word(const char *word, const char *before, GString *value)
{
    const char *equals = strchr(word, '=');
    const char *scheme = strstr(word, "://");
    const char *at = scheme != NULL ? strrchr(scheme, '@') : NULL;
    g_autofree char *name = equals != NULL ? g_strndup(word, (gsize)(equals - word)) : NULL;
    g_string_append_c(value, ' ');
    if (strcmp(before, "-u") == 0 || strcmp(before, "--user") == 0)
        g_string_append(value, "***"); /* of curl, with the password behind it */
    else if (*before == '-' && strchr(before, '=') == NULL && is_secret_name(before))
        g_string_append(value, "***");
    else if (name != NULL && is_secret_name(name))
        g_string_append_printf(value, "%s=***", name);
    else if (at != NULL)
        g_string_append_printf(value, "%.*s***%s", (int)(scheme + 3 - word), word, at);
    else
        g_string_append(value, word);
}

/* The commands as the file has them, with the names of variables. */
static void append_hooks(const CmigYaml *node, GString *value)
{
    for (guint idx = 0; node->kind == CMIG_YAML_LIST && idx < node->items->len; idx++) {
        const CmigYaml *command = cmig_yaml_get(node->items->pdata[idx], "command");
        g_autoptr(GString) text = g_string_new(NULL);
        append_texts(command, " ", text);
        g_auto(GStrv) words = g_strsplit_set(text->str, " \t\r\n", -1);
        g_string_append_printf(value, "%s%s", idx > 0 ? "; " : "", words[0] ? words[0] : "");
        for (gsize word = 1; words[0] != NULL && words[word] != NULL; word++) {
            append_word(words[word], words[word - 1], value);
            /* The header of a request: what is behind it may be several words. */
            if (g_str_has_suffix(words[word], ":") && is_secret_name(words[word])) {
                g_string_append(value, " ***");
                break;
            }
        }
    }
}

static void append_keys(const CmigYaml *node, GString *value)
{
    for (guint idx = 0; node->kind == CMIG_YAML_MAPPING && idx < node->keys->len; idx++)
        g_string_append_printf(value, "%s%s", idx > 0 ? ", " : "",
                               ((const CmigYaml *)node->keys->pdata[idx])->text);
}

static void note_node(const CmigLoader *loader, const char *key, const char *fallback)
{
    const CmigYaml *node = cmig_config_get(loader, key);
    g_autoptr(GString) value = g_string_new(NULL);
    if (node == NULL) {
        cmig_config_note(loader, key, fallback, g_strdup("default"));
        return;
    }
    if (g_str_has_suffix(key, "_url"))
        g_string_append(value, "not used"); /* else it was noted when it was chosen */
    else if (strcmp(key, "hooks") == 0)
        append_hooks(node, value);
    else if (node->kind == CMIG_YAML_MAPPING)
        append_keys(node, value);
    else
        append_texts(node, ", ", value);
    /* Values of a mapping are not looked at, not even for the variables they are made of. */
    char *source = node->kind == CMIG_YAML_MAPPING
                       ? g_strdup_printf("%s:%u", loader->config->file, node->line)
                       : cmig_config_node_source(loader, node);
    cmig_config_note(loader, key, value->str, source);
}

static void note_variables(const CmigLoader *loader)
{
    GHashTable *flags = loader->request->variables;
    if (flags == NULL || g_hash_table_size(flags) == 0)
        return;
    const CmigConfigOrigin *file = g_hash_table_lookup(loader->config->origins, "variables");
    g_autoptr(GList) names = g_hash_table_get_keys(loader->config->variables);
    names = g_list_sort(names, (GCompareFunc)strcmp);
    g_autoptr(GString) value = g_string_new(NULL);
    for (const GList *one = names; one != NULL; one = one->next)
        g_string_append_printf(value, "%s%s", value->len > 0 ? ", " : "", (const char *)one->data);
    char *source = file->value != NULL ? g_strdup_printf("%s, -x", file->source) : g_strdup("-x");
    cmig_config_note(loader, "variables", value->str, source);
}

/* Members of mappings that are shown as one line. */
static gboolean is_part(const char *key)
{
    return g_str_has_prefix(key, "database.") || g_str_has_prefix(key, "hooks.");
}

void cmig_config_note_rest(const CmigLoader *loader)
{
    GHashTable *origins = loader->config->origins;
    for (const CmigConfigKeyDoc *key = cmig_config_key_docs(); key->name != NULL; key++)
        if (!g_hash_table_contains(origins, key->name) && !is_part(key->name) &&
            strcmp(key->name, "guard") != 0)
            note_node(loader, key->name, key->fallback);
    note_variables(loader);
}
