/* Which database URL counts. Highest first: the flag; database_url or database of alembic.yml when
 * made of environment variables that are set; DATABASE_URL of the process, then of .env; a literal
 * in alembic.yml; a :-default there. No URL is ever made up. Without the flag, a direct URL, found
 * in the same order, takes its place. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "config/internal.h"

#include <string.h>

enum { DRIVER, USER, PASSWORD, HOST, PORT, NAME, PARTS };

/* What alembic.yml says. */
typedef struct {
    const CmigYaml *node; /* NULL = nothing */
    const char *key;      /* whose value it is */
    gboolean is_mapping;
    char *text[PARTS]; /* expanded; database_url is the first */
    CmigExpansion found;
    GError *problem; /* a variable is unset, or a needed part is empty */
} Written;

static void written_clear(Written *written)
{
    for (gsize idx = 0; idx < PARTS; idx++)
        g_free(written->text[idx]);
    g_clear_error(&written->problem);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Written, written_clear)

/* Expands one value into `written`; only a value of the wrong kind is an error here. */
static gboolean expand_part(const CmigLoader *loader, Written *written, const char *key,
                            const CmigYaml *node, guint part, GError **error)
{
    if (node->kind != CMIG_YAML_SCALAR)
        return cmig_config_fail(loader, node, error, "%s must be a single value", key);
    CmigExpansion found = {0};
    GError *problem = NULL;
    written->text[part] =
        cmig_config_expand(loader, node, key, loader->config->env, &found, &problem);
    written->found.used_variable |= found.used_variable;
    written->found.used_dotenv |= found.used_dotenv;
    written->found.used_default |= found.used_default;
    written->found.unset |= found.unset;
    /* An empty host or name is a lost secret, unless the file allows it with ${X:-}. */
    if (problem == NULL && (part == HOST || part == NAME) && *written->text[part] == '\0' &&
        !found.used_empty_default)
        cmig_config_fail(loader, node, &problem, "%s is empty", key);
    if (written->problem == NULL)
        written->problem = problem;
    else
        g_clear_error(&problem);
    return TRUE;
}

static gboolean read_mapping(const CmigLoader *loader, const CmigYaml *node, Written *written,
                             GError **error)
{
    static const char *const names[PARTS] = {
        [DRIVER] = "driver", [USER] = "user", [PASSWORD] = "password",
        [HOST] = "host",     [PORT] = "port", [NAME] = "name",
    };
    if (node->kind != CMIG_YAML_MAPPING)
        return cmig_config_fail(loader, node, error,
                                "database must be a mapping; a URL belongs into database_url");
    if (!cmig_config_check_keys(loader, node, "database.", error))
        return FALSE;
    written->node = node;
    written->key = "database";
    written->is_mapping = TRUE;
    for (guint part = 0; part < PARTS; part++) {
        const CmigYaml *value = cmig_yaml_get(node, names[part]);
        g_autofree char *key = g_strconcat("database.", names[part], NULL);
        if (value != NULL && !cmig_yaml_is_null(value) &&
            !expand_part(loader, written, key, value, part, error))
            return FALSE;
    }
    return TRUE;
}

/* A URL as one value. */
static gboolean read_url(const CmigLoader *loader, const char *key, Written *written,
                         GError **error)
{
    const CmigYaml *node = cmig_config_get(loader, key);
    if (node == NULL || !expand_part(loader, written, key, node, 0, error))
        return node == NULL;
    /* `${DATABASE_URL:-}` with nothing set says nothing. */
    gboolean silent = written->problem == NULL && !written->found.used_variable &&
                      cmig_text_is_blank(written->text[0]);
    written->node = silent ? NULL : node;
    written->key = key;
    return TRUE;
}

static gboolean read_written(const CmigLoader *loader, Written *written, GError **error)
{
    const CmigYaml *mapping = cmig_config_get(loader, "database");
    if (mapping == NULL)
        return read_url(loader, "database_url", written, error);
    if (cmig_config_get(loader, "database_url") != NULL)
        return cmig_config_fail(loader, mapping, error,
                                "database and database_url exclude each other");
    return read_mapping(loader, mapping, written, error);
}

/* Reads `text`; a bad one becomes `url_error`, which names the source. `source` is taken over. */
static void use_text(CmigConfig *config, CmigOrigin origin, char *source, const char *text,
                     const char *directory)
{
    config->url_origin = origin;
    config->url_source = source;
    if (cmig_text_is_blank(text))
        g_set_error(&config->url_error, CMIG_ERROR, CMIG_ERROR_CONFIG, "%s is set but empty",
                    source);
    else if (!cmig_url_parse(text, directory, &config->url, &config->url_error))
        g_prefix_error(&config->url_error, "%s: ", source);
}

static void use_written(CmigConfig *config, Written *written)
{
    char **text = written->text;
    GError **problem = &config->url_error;
    config->url_origin = written->found.used_default ? CMIG_ORIGIN_FILE_DEFAULT : CMIG_ORIGIN_FILE;
    config->url_source = g_strdup_printf("%s:%u", config->file, written->node->line);
    config->url_absent = written->found.unset && !written->found.used_variable;
    if (written->problem != NULL)
        *problem = g_steal_pointer(&written->problem);
    else if (!written->is_mapping) {
        g_autofree char *names = cmig_config_variable_names(written->node->text);
        if (!cmig_url_parse(text[0], config->directory, &config->url, problem) && names != NULL)
            g_prefix_error(problem, "%s, made of %s: ", written->key, names);
    } else
        cmig_url_from_parts(text[DRIVER], text[USER], text[PASSWORD], text[HOST], text[PORT],
                            text[NAME], config->directory, &config->url, problem);
    cmig_error_set_place(problem, config->file, written->node->line, written->node->column);
}

/* The URL of the application. */
static void choose_database(const CmigLoader *loader, Written *written)
{
    CmigConfig *config = loader->config;
    const char *flag = loader->request->database_url;
    const char *process = g_getenv("DATABASE_URL");
    char *source = NULL;
    const char *dotenv = NULL;
    if (loader->database != NULL) {
        /* DATABASE_URL is for one database, and nobody said which of these it is. */
        if (written->node != NULL)
            use_written(config, written);
        else
            g_set_error(&config->url_error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                        "databases.%s has no database_url", config->name);
        return;
    }
    if (flag != NULL)
        use_text(config, CMIG_ORIGIN_FLAG, g_strdup("--database-url"), flag, NULL);
    else if (process != NULL && cmig_text_is_blank(process))
        use_text(config, CMIG_ORIGIN_ENVIRONMENT, g_strdup("DATABASE_URL"), process, NULL);
    else if (written->node != NULL && written->found.used_variable)
        use_written(config, written);
    else if (process != NULL)
        use_text(config, CMIG_ORIGIN_ENVIRONMENT, g_strdup("DATABASE_URL"), process, NULL);
    else if ((dotenv = cmig_config_variable(loader, "DATABASE_URL", TRUE, &source)) != NULL)
        use_text(config, CMIG_ORIGIN_DOTENV, source, dotenv, config->directory);
    else if (written->node != NULL)
        use_written(config, written);
    else {
        config->url_absent = TRUE;
        g_set_error_literal(&config->url_error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                            "no database URL is set");
        g_autofree char *names = g_strjoinv(", ", config->database_names);
        if (*names != '\0') {
            cmig_error_set_hint(&config->url_error,
                                "choose one of %s's databases with -n NAME, or -n all: %s",
                                config->file, names);
            return;
        }
        cmig_error_set_hint(&config->url_error,
                            "set DATABASE_URL, or run `cmig init` and write database_url in "
                            "alembic.yml, for example sqlite:///./app.db or "
                            "postgresql://user:password@localhost:5432/name");
    }
}

/* Puts the direct URL in the place of the other one, if there is a direct one. An empty DIRECT_URL
 * is none. With `no_dotenv` what an env file says does not count: it belongs to the DATABASE_URL
 * beside it, which the process has replaced. Whether one took the place. */
static gboolean use_direct(const CmigLoader *loader, Written *direct, gboolean no_dotenv)
{
    CmigConfig *config = loader->config;
    gboolean written =
        direct->node != NULL && !(no_dotenv && direct->found.used_dotenv && !direct->problem);
    char *source = NULL;
    const char *text = NULL;
    CmigOrigin origin = CMIG_ORIGIN_ENVIRONMENT;
    gboolean of_file = loader->database != NULL || (written && direct->found.used_variable);
    if (!of_file)
        text = cmig_config_variable(loader, "DIRECT_URL", FALSE, &source);
    if (text == NULL && !no_dotenv && !of_file) {
        text = cmig_config_variable(loader, "DIRECT_URL", TRUE, &source);
        origin = CMIG_ORIGIN_DOTENV;
    }
    if (text == NULL && !written)
        return FALSE;
    g_clear_error(&config->url_error);
    g_clear_pointer(&config->url, cmig_url_free);
    g_clear_pointer(&config->url_source, g_free);
    config->url_absent = FALSE;
    if (text != NULL)
        use_text(config, origin, source, text,
                 origin == CMIG_ORIGIN_DOTENV ? config->directory : NULL);
    else
        use_written(config, direct);
    return TRUE;
}

static void note_url(const CmigLoader *loader, const char *key, const Written *written)
{
    const CmigConfig *config = loader->config;
    gboolean of_file = config->url_origin >= CMIG_ORIGIN_FILE;
    char *source = of_file && written->node != NULL ? cmig_config_node_source(loader, written->node)
                                                    : g_strdup(config->url_source);
    cmig_config_note(loader, of_file ? written->key : key,
                     config->url != NULL ? config->url->display : NULL, source);
}

/* Both lead to one database, so they must be of one kind. */
static void check_same_kind(CmigConfig *config, CmigDialect database)
{
    if (config->url == NULL || config->url->dialect == database)
        return;
    g_set_error(&config->url_error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                "%s: the direct URL is of %s, but the database URL is of %s", config->url_source,
                cmig_dialect_name(config->url->dialect), cmig_dialect_name(database));
    cmig_error_set_hint(&config->url_error, "direct_url must lead to the same database as "
                                            "database_url, without the connection pooler");
    g_clear_pointer(&config->url, cmig_url_free);
}

gboolean cmig_config_choose_url(CmigLoader *loader, GError **error)
{
    CmigConfig *config = loader->config;
    g_auto(Written) written = {0};
    g_auto(Written) direct = {0};
    /* Mistakes in the file are reported whichever URL counts. */
    if (!read_written(loader, &written, error) || !read_url(loader, "direct_url", &direct, error))
        return FALSE;
    choose_database(loader, &written);
    if (config->url_origin != CMIG_ORIGIN_NONE)
        note_url(loader, "database_url", &written);
    /* A database URL that is there but bad is not made good by a direct one. */
    if (config->url_origin == CMIG_ORIGIN_FLAG ||
        (config->url == NULL && config->url_origin != CMIG_ORIGIN_NONE))
        return TRUE;
    CmigDialect dialect = config->url != NULL ? config->url->dialect : CMIG_DIALECT_ANY;
    gboolean of_process = config->url_origin == CMIG_ORIGIN_ENVIRONMENT ||
                          (config->url_origin == CMIG_ORIGIN_FILE && written.found.used_variable &&
                           !written.found.used_dotenv);
    gboolean taken = use_direct(loader, &direct, of_process);
    if (dialect != CMIG_DIALECT_ANY)
        check_same_kind(config, dialect);
    if (taken)
        note_url(loader, "direct_url", &direct);
    return TRUE;
}
