/* Loads the configuration: finds alembic.yml, reads the .env files it names, then everything whose
 * value may contain variables. */
#include "cmig/config.h"

#include "cmig/dotenv.h"
#include "cmig/error.h"
#include "cmig/file.h"
#include "cmig/text.h"
#include "config/internal.h"

#include <string.h>

#define FILE_NAME "alembic.yml"
#define MAX_BYTES (64 * 1024)

void cmig_config_free(CmigConfig *config)
{
    if (config == NULL)
        return;
    char *texts[] = {
        config->file,        config->directory,          config->script_location,
        config->timezone,    config->file_template,      config->templates,
        config->url_source,  config->version_table,      config->version_table_schema,
        config->environment, config->environment_source, config->name,
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(texts); idx++)
        g_free(texts[idx]);
    g_strfreev(config->version_locations);
    g_strfreev(config->database_names);
    cmig_config_guard_clear(&config->guard);
    cmig_url_free(config->url);
    g_clear_error(&config->url_error);
    g_clear_pointer(&config->hooks, g_ptr_array_unref);
    g_clear_pointer(&config->variables, g_hash_table_unref);
    g_clear_pointer(&config->secrets, g_hash_table_unref);
    g_clear_pointer(&config->env, g_hash_table_unref);
    g_clear_pointer(&config->origins, g_hash_table_unref);
    g_free(config);
}

gboolean cmig_config_fail(const CmigLoader *loader, const CmigYaml *node, GError **error,
                          const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG, message);
    cmig_error_set_place(error, loader->config->file, node->line, node->column);
    return FALSE;
}

/* The value of `key`, which may be `mapping.member`. */
static const CmigYaml *get_member(const CmigYaml *mapping, const char *key)
{
    const char *dot = strchr(key, '.');
    if (dot == NULL)
        return cmig_yaml_get(mapping, key);
    g_autofree char *outer = g_strndup(key, (gsize)(dot - key));
    const CmigYaml *inner = cmig_yaml_get(mapping, outer);
    return inner != NULL && inner->kind == CMIG_YAML_MAPPING ? cmig_yaml_get(inner, dot + 1) : NULL;
}

const CmigYaml *cmig_config_get(const CmigLoader *loader, const char *key)
{
    const CmigYaml *entry = loader->database;
    const CmigYaml *node = entry != NULL ? get_member(entry, key) : NULL;
    /* A URL of the top level is another database's. */
    gboolean own =
        entry != NULL && (strcmp(key, "database") == 0 || strcmp(key, "database_url") == 0 ||
                          strcmp(key, "direct_url") == 0);
    if (node == NULL && !own)
        node = get_member(loader->root, key);
    return node == NULL || cmig_yaml_is_null(node) ? NULL : node;
}

char *cmig_config_expand(const CmigLoader *loader, const CmigYaml *node, const char *key,
                         GHashTable *dotenv, CmigExpansion *expansion, GError **error)
{
    if (node->kind != CMIG_YAML_SCALAR) {
        cmig_config_fail(loader, node, error, "%s must be a single value", key);
        return NULL;
    }
    char *text = cmig_expand(node->text, dotenv, expansion, error);
    if (text == NULL) {
        g_prefix_error(error, "%s: ", key);
        cmig_error_set_place(error, loader->config->file, node->line, node->column);
    }
    return text;
}

const char *cmig_config_variable(const CmigLoader *loader, const char *name, gboolean dotenv,
                                 char **source)
{
    const char *value = dotenv ? g_hash_table_lookup(loader->config->env, name) : g_getenv(name);
    if (cmig_text_is_blank(value))
        return NULL;
    *source = dotenv ? g_strdup_printf("%s in %s", name,
                                       (char *)g_hash_table_lookup(loader->dotenv_files, name))
                     : g_strdup(name);
    return value;
}

/* Short where it is short: the bare name of what lies in the working directory. */
static char *show_path(const char *path)
{
    g_autofree char *here = g_get_current_dir();
    g_autofree char *folder = g_path_get_dirname(path);
    return strcmp(here, folder) == 0 ? g_path_get_basename(path) : g_strdup(path);
}

/* alembic.yml here or in the nearest parent folder; NULL when there is none. */
static char *discover(void)
{
    g_autofree char *folder = g_get_current_dir();
    for (;;) {
        g_autofree char *path = g_build_filename(folder, FILE_NAME, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return show_path(path);
        char *parent = g_path_get_dirname(folder);
        gboolean root = strcmp(parent, folder) == 0;
        g_free(folder);
        folder = parent;
        if (root)
            return NULL;
    }
}

static gboolean check_named(const char *source, const char *path, gboolean only_yaml,
                            GError **error)
{
    gboolean alembic = g_str_has_suffix(path, ".ini") || g_str_has_suffix(path, ".toml");
    gboolean yaml = g_str_has_suffix(path, ".yml") || g_str_has_suffix(path, ".yaml");
    if (*path != '\0' && !alembic && (yaml || !only_yaml))
        return TRUE;
    g_autofree char *shown = cmig_text_escape(path);
    if (*path == '\0')
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "%s: the file name is empty", source);
    else
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "%s names %s, but cmig reads alembic.yml, a YAML file", source, shown);
    cmig_error_set_hint(error, "`cmig init` writes alembic.yml; name it with -c FILE or "
                               "CMIG_CONFIG, which come before ALEMBIC_CONFIG");
    return FALSE;
}

/* `*path` becomes NULL when there is no configuration file. */
static gboolean locate(const CmigConfigRequest *request, char **path, GError **error)
{
    const struct {
        const char *source;
        const char *path;
        gboolean only_yaml;
    } named[] = {
        {"-c", request->file, FALSE},
        {"CMIG_CONFIG", g_getenv("CMIG_CONFIG"), FALSE},
        {"ALEMBIC_CONFIG", g_getenv("ALEMBIC_CONFIG"), TRUE},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(named); idx++) {
        /* An empty variable is unset; an empty -c is a script's unset variable, not a wish. */
        if (named[idx].path == NULL || (idx > 0 && *named[idx].path == '\0'))
            continue;
        if (!check_named(named[idx].source, named[idx].path, named[idx].only_yaml, error))
            return FALSE;
        *path = g_strdup(named[idx].path);
        return TRUE;
    }
    *path = discover();
    return TRUE;
}

static gboolean read_file(CmigLoader *loader, GError **error)
{
    CmigConfig *config = loader->config;
    if (!locate(loader->request, &config->file, error))
        return FALSE;
    if (config->file == NULL) {
        config->directory = g_get_current_dir();
        return cmig_yaml_parse("", 0, FILE_NAME, 1, 0, &loader->root, error);
    }
    g_autofree char *absolute = g_canonicalize_filename(config->file, NULL);
    config->directory = g_path_get_dirname(absolute);
    g_autoptr(GBytes) content = cmig_file_read(config->file, MAX_BYTES, error);
    if (content == NULL)
        return FALSE;
    gsize length = 0;
    const char *text = g_bytes_get_data(content, &length);
    if (!cmig_yaml_parse(text, length, config->file, 1, 0, &loader->root, error))
        return FALSE;
    if (loader->root->kind != CMIG_YAML_MAPPING)
        return cmig_config_fail(loader, loader->root, error,
                                "the configuration must consist of `key: value` lines");
    return cmig_config_check_keys(loader, loader->root, "", error);
}

/* Keeps what the process environment and earlier files do not set. */
static gboolean read_dotenv(CmigLoader *loader, const char *path, GError **error)
{
    g_autoptr(GBytes) content = cmig_file_read(path, MAX_BYTES, error);
    if (content == NULL)
        return FALSE;
    gsize length = 0;
    const char *text = g_bytes_get_data(content, &length);
    g_autofree char *shown = show_path(path);
    g_autofree char *label = cmig_text_escape(shown);
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!cmig_dotenv_parse(text, length, shown, found, lines, error))
        return FALSE;
    cmig_config_note_env_file(loader, label);
    GHashTableIter iter;
    gpointer name = NULL;
    gpointer value = NULL;
    g_hash_table_iter_init(&iter, found);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (g_getenv(name) != NULL || g_hash_table_contains(loader->config->env, name))
            continue;
        g_hash_table_insert(loader->config->env, g_strdup(name), g_strdup(value));
        guint line = GPOINTER_TO_UINT(g_hash_table_lookup(lines, name));
        g_hash_table_insert(loader->dotenv_files, g_strdup(name),
                            g_strdup_printf("%s:%u", label, line));
    }
    return TRUE;
}

/* One entry of env_files; a `?` at its end allows the file to be missing. */
static gboolean read_listed_dotenv(CmigLoader *loader, const CmigYaml *node, GError **error)
{
    g_autofree char *entry = cmig_config_expand(loader, node, "env_files", NULL, NULL, error);
    if (entry == NULL)
        return FALSE;
    gboolean optional = g_str_has_suffix(entry, "?");
    if (optional)
        entry[strlen(entry) - 1] = '\0';
    if (*entry == '\0')
        return cmig_config_fail(loader, node, error, "env_files: a file name is empty");
    g_autofree char *path = g_canonicalize_filename(entry, loader->config->directory);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return read_dotenv(loader, path, error);
    if (optional)
        return TRUE;
    g_autofree char *shown = cmig_text_escape(entry);
    cmig_config_fail(loader, node, error, "env_files: there is no file %s", shown);
    cmig_error_set_hint(error, "write \"%s?\" if it may be missing", shown);
    return FALSE;
}

static gboolean read_dotenv_files(CmigLoader *loader, GError **error)
{
    const CmigYaml *node = cmig_config_get(loader, "env_files");
    if (node == NULL) {
        /* A folder of that name is somebody's virtual environment. */
        g_autofree char *path = g_build_filename(loader->config->directory, ".env", NULL);
        return !g_file_test(path, G_FILE_TEST_IS_REGULAR) || read_dotenv(loader, path, error);
    }
    if (node->kind == CMIG_YAML_SCALAR)
        return read_listed_dotenv(loader, node, error);
    if (node->kind != CMIG_YAML_LIST)
        return cmig_config_fail(loader, node, error, "env_files must be a list of files");
    for (guint idx = 0; idx < node->items->len; idx++)
        if (!read_listed_dotenv(loader, node->items->pdata[idx], error))
            return FALSE;
    return TRUE;
}

static gboolean read_version_locations(CmigLoader *loader, GError **error)
{
    CmigConfig *config = loader->config;
    const CmigYaml *node = cmig_config_get(loader, "version_locations");
    g_autoptr(GStrvBuilder) folders = g_strv_builder_new();
    if (node == NULL) {
        g_autofree char *versions = g_build_filename(config->script_location, "versions", NULL);
        gboolean exists = g_file_test(versions, G_FILE_TEST_IS_DIR);
        g_strv_builder_add(folders, exists ? versions : config->script_location);
        config->version_locations = g_strv_builder_end(folders);
        return TRUE;
    }
    g_auto(GStrv) entries = NULL;
    if (!cmig_yaml_strings(node, "version_locations", config->file, &entries, error))
        return FALSE;
    if (entries[0] == NULL)
        return cmig_config_fail(loader, node, error,
                                "version_locations must name at least one folder");
    for (gsize idx = 0; entries[idx] != NULL; idx++) {
        const CmigYaml *item = node->kind == CMIG_YAML_LIST ? node->items->pdata[idx] : node;
        g_autofree char *folder =
            cmig_config_expand(loader, item, "version_locations", config->env, NULL, error);
        if (folder == NULL)
            return FALSE;
        if (*folder == '\0')
            return cmig_config_fail(loader, item, error,
                                    "version_locations: a folder name is empty");
        g_autofree char *path = g_canonicalize_filename(folder, config->directory);
        g_strv_builder_add(folders, path);
    }
    config->version_locations = g_strv_builder_end(folders);
    return TRUE;
}

/* Nothing but blanks is not a declaration. */
static gboolean declare_environment(CmigConfig *config, const char *name, char *source)
{
    g_autofree char *owned_source = source;
    g_autofree char *trimmed = g_strstrip(g_strdup(name));
    if (*trimmed == '\0')
        return FALSE;
    config->environment = g_steal_pointer(&trimmed);
    config->environment_source = g_steal_pointer(&owned_source);
    return TRUE;
}

static void note_environment(const CmigLoader *loader, const CmigYaml *node)
{
    const CmigConfig *config = loader->config;
    char *source =
        node != NULL ? cmig_config_node_source(loader, node) : g_strdup(config->environment_source);
    cmig_config_note(loader, "environment", config->environment, source);
}

static gboolean read_environment(CmigLoader *loader, GError **error)
{
    static const char *const names[] = {"CMIG_ENV", "ENVIRONMENT", "APP_ENV"};
    CmigConfig *config = loader->config;
    const char *flag = loader->request->environment;
    if (flag != NULL && declare_environment(config, flag, g_strdup("--environment"))) {
        note_environment(loader, NULL);
        return TRUE;
    }
    /* What a chosen database declares of itself is no matter of the shell. */
    gboolean declared =
        loader->database != NULL && cmig_yaml_get(loader->database, "environment") != NULL;
    for (gsize idx = 0; !declared && idx < 2 * G_N_ELEMENTS(names); idx++) {
        gboolean dotenv = idx >= G_N_ELEMENTS(names);
        char *source = NULL;
        const char *value =
            cmig_config_variable(loader, names[idx % G_N_ELEMENTS(names)], dotenv, &source);
        if (value != NULL && declare_environment(config, value, source)) {
            note_environment(loader, NULL);
            return TRUE;
        }
    }
    const CmigYaml *node = cmig_config_get(loader, "environment");
    if (node == NULL)
        return TRUE;
    g_autofree char *text =
        cmig_config_expand(loader, node, "environment", config->env, NULL, error);
    if (text == NULL)
        return FALSE;
    declare_environment(config, text, g_strdup_printf("%s:%u", config->file, node->line));
    note_environment(loader, node);
    return TRUE;
}

static gboolean read_flags(CmigLoader *loader, GError **error)
{
    const char *lock_timeout = loader->request->lock_timeout;
    if (loader->request->require_tls) {
        loader->config->require_tls = TRUE;
        cmig_config_note(loader, "require_tls", "true", g_strdup("--require-tls"));
    }
    if (lock_timeout == NULL)
        return TRUE;
    if (!cmig_duration_parse(lock_timeout, &loader->config->lock_timeout, error)) {
        g_prefix_error(error, "--lock-timeout: ");
        return FALSE;
    }
    cmig_config_note(loader, "lock_timeout", lock_timeout, g_strdup("--lock-timeout"));
    return TRUE;
}

static gboolean read_all(CmigLoader *loader, GError **error)
{
    if (!read_file(loader, error) || !read_dotenv_files(loader, error) ||
        !cmig_config_choose_database(loader, error) || !cmig_config_apply_keys(loader, error) ||
        !cmig_config_read_guard(loader, error) ||
        !cmig_config_check_mapping(loader, "check", error) ||
        !read_version_locations(loader, error) || !read_environment(loader, error) ||
        !read_flags(loader, error))
        return FALSE;
    if (!cmig_config_read_variables(loader, error))
        return FALSE;
    const CmigYaml *hooks = cmig_config_get(loader, "hooks");
    if (hooks != NULL && !cmig_config_read_hooks(loader, hooks, loader->config->hooks, error))
        return FALSE;
    if (!cmig_config_choose_url(loader, error))
        return FALSE;
    cmig_config_note_rest(loader);
    return TRUE;
}

gboolean cmig_config_load(const CmigConfigRequest *request, CmigConfig **config, GError **error)
{
    g_autoptr(CmigConfig) made = g_new0(CmigConfig, 1);
    made->hooks = g_ptr_array_new_with_free_func(cmig_config_hook_free);
    made->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    made->secrets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    made->env = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    made->origins = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, cmig_config_origin_free);
    CmigLoader loader = {
        .request = request,
        .config = made,
        .dotenv_files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };
    gboolean loaded = read_all(&loader, error);
    cmig_yaml_free(loader.root);
    g_hash_table_unref(loader.dotenv_files);
    if (!loaded)
        return FALSE;
    *config = g_steal_pointer(&made);
    return TRUE;
}
