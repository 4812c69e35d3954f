/* The keys of alembic.yml, each declared once. Reading, defaults, suggestions and documentation all
 * come from the table below. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "config/internal.h"

#include <string.h>

typedef struct Key Key;

/* How the text of a value becomes what it is in the configuration; `slot` is the member. */
typedef gboolean (*ParseText)(const CmigLoader *loader, const Key *key, const char *text,
                              gpointer slot, GError **error);

typedef struct {
    const char *name;
    ParseText parse; /* NULL: read elsewhere, because it takes more than one text */
} Type;

struct Key {
    const char *name;
    const Type *type;
    const char *fallback;
    const char *environment;
    const char *summary;
    gsize offset;
    guint minimum; /* numbers; bytes of a text */
    guint maximum;
};

/* Keys of the whole file, which no entry of `databases` can have. */
static const char *const whole_file[] = {"file_template", "truncate_slug_length",
                                         "timezone",      "templates",
                                         "env_files",     "hooks",
                                         "databases",     NULL};

static gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean fail(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG, message);
    return FALSE;
}

static gboolean parse_text(const CmigLoader *loader G_GNUC_UNUSED, const Key *key, const char *text,
                           gpointer slot, GError **error)
{
    gsize length = strlen(text);
    if (length < key->minimum)
        return fail(error, "must not be empty");
    if (key->maximum != 0 && length > key->maximum)
        return fail(error, "must have at most %u bytes", key->maximum);
    *(char **)slot = g_strdup(text);
    return TRUE;
}

static gboolean parse_path(const CmigLoader *loader, const Key *key G_GNUC_UNUSED, const char *text,
                           gpointer slot, GError **error)
{
    if (*text == '\0')
        return fail(error, "must not be empty");
    *(char **)slot = g_canonicalize_filename(text, loader->config->directory);
    return TRUE;
}

static gboolean parse_boolean(const CmigLoader *loader G_GNUC_UNUSED, const Key *key G_GNUC_UNUSED,
                              const char *text, gpointer slot, GError **error)
{
    gboolean is_true = g_ascii_strcasecmp(text, "true") == 0;
    if (!is_true && g_ascii_strcasecmp(text, "false") != 0)
        return fail(error, "must be true or false");
    *(gboolean *)slot = is_true;
    return TRUE;
}

static gboolean parse_number(const CmigLoader *loader G_GNUC_UNUSED, const Key *key,
                             const char *text, gpointer slot, GError **error)
{
    guint64 number = 0;
    if (!g_ascii_string_to_unsigned(text, 10, key->minimum, key->maximum, &number, NULL))
        return fail(error, "must be a whole number from %u to %u", key->minimum, key->maximum);
    *(guint *)slot = (guint)number;
    return TRUE;
}

static gboolean parse_duration(const CmigLoader *loader G_GNUC_UNUSED, const Key *key G_GNUC_UNUSED,
                               const char *text, gpointer slot, GError **error)
{
    return cmig_duration_parse(text, slot, error);
}

/* Whole seconds, rounded up: 500ms must not become 0, which means no limit. */
static gboolean parse_seconds(const CmigLoader *loader G_GNUC_UNUSED, const Key *key G_GNUC_UNUSED,
                              const char *text, gpointer slot, GError **error)
{
    guint milliseconds = 0;
    if (!cmig_duration_parse(text, &milliseconds, error))
        return FALSE;
    *(guint *)slot = milliseconds / 1000 + (milliseconds % 1000 != 0);
    return TRUE;
}

/* One of the two words of the type's name; the second is 1. */
static gboolean parse_choice(const CmigLoader *loader G_GNUC_UNUSED, const Key *key,
                             const char *text, gpointer slot, GError **error)
{
    g_auto(GStrv) words = g_strsplit(key->type->name, " or ", 2);
    gboolean second = strcmp(text, words[1]) == 0;
    if (!second && strcmp(text, words[0]) != 0)
        return fail(error, "must be %s", key->type->name);
    *(gboolean *)slot = second;
    return TRUE;
}

/* GLib takes UTC where TZ names a zone that is not there, as in containers without zone files. */
static gboolean is_local_known(void)
{
    const char *name = g_getenv("TZ");
    if (name == NULL || *name == '\0')
        return TRUE;
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(name);
    return zone != NULL;
}

/* As Alembic does, the name is tried as given, then in upper case (utc). */
static gboolean parse_timezone(const CmigLoader *loader G_GNUC_UNUSED, const Key *key G_GNUC_UNUSED,
                               const char *text, gpointer slot, GError **error)
{
    g_autofree char *upper = g_ascii_strup(text, -1);
    const char *const tries[] = {text, upper};
    gboolean name = g_ascii_isalpha(*text) && strstr(text, "..") == NULL &&
                    strspn(text, G_CSET_A_2_Z G_CSET_a_2_z "0123456789_+-/") == strlen(text);
    if (strcmp(text, "local") == 0) {
        if (!is_local_known())
            return fail(error, "is local, and TZ names a time zone that is not known here");
        *(char **)slot = g_strdup(text);
        return TRUE;
    }
    for (gsize idx = 0; name && idx < G_N_ELEMENTS(tries); idx++) {
        GTimeZone *zone = g_time_zone_new_identifier(tries[idx]);
        if (zone == NULL)
            continue;
        g_time_zone_unref(zone);
        *(char **)slot = g_strdup(tries[idx]);
        return TRUE;
    }
    return fail(error, "must be UTC, local or a time zone such as Europe/Berlin");
}

static const Type type_text = {"text", parse_text};
static const Type type_path = {"path", parse_path};
static const Type type_boolean = {"boolean", parse_boolean};
static const Type type_number = {"number", parse_number};
static const Type type_duration = {"duration", parse_duration};
static const Type type_seconds = {"duration, in whole seconds", parse_seconds};
static const Type type_transaction = {"per_migration or all", parse_choice};
static const Type type_timezone = {"time zone", parse_timezone};
static const Type type_paths = {"list of paths", NULL};
static const Type type_url = {"URL", NULL};
static const Type type_mapping = {"mapping", NULL};
static const Type type_member = {"text", NULL}; /* read elsewhere */
static const Type type_variables = {"mapping of names to values", NULL};
static const Type type_confirmation = {"always or destructive", parse_choice};
static const Type type_texts = {"list of texts", NULL};
static const Type type_list = {"list of mappings", NULL};
static const Type type_command = {"text or list of texts", NULL};

#define SLOT(member) .offset = G_STRUCT_OFFSET(CmigConfig, member)
#define NO_SLOT      .offset = 0 /* the type has no parse function */

/* A dot stands between a mapping and its member. */
static const Key keys[] = {
    {"script_location", &type_path, "migrations", NULL, "folder of revision files and templates",
     SLOT(script_location)},
    {"version_locations", &type_paths,
     "script_location/versions if it exists, else script_location", NULL,
     "folders of revision files; a new file goes beside the one that it revises", NO_SLOT},
    {"recursive_version_locations", &type_boolean, "false", NULL,
     "whether subfolders of version_locations are read too", SLOT(recursive_version_locations)},
    {"file_template", &type_text, "%(rev)s_%(slug)s", NULL,
     "name of new revision files, without .sql", SLOT(file_template), 1, 255},
    {"truncate_slug_length", &type_number, "40", NULL, "longest slug in a file name",
     SLOT(truncate_slug_length), 1, 200},
    {"timezone", &type_timezone, "UTC", NULL, "time zone of create_date", SLOT(timezone)},
    {"templates", &type_path, NULL, NULL, "folder of the project's own revision templates",
     SLOT(templates)},
    {"database_url", &type_url, NULL, "DATABASE_URL", "the database", NO_SLOT},
    {"direct_url", &type_url, NULL, "DIRECT_URL",
     "the same database without its connection pooler; used instead of database_url", NO_SLOT},
    {"database", &type_mapping, NULL, NULL, "the database in components, instead of database_url",
     NO_SLOT},
    {"database.driver", &type_member, "postgresql", NULL, "postgresql or sqlite", NO_SLOT},
    {"database.user", &type_member, NULL, NULL, "user name", NO_SLOT},
    {"database.password", &type_member, NULL, NULL, "password, as it is: nothing is escaped",
     NO_SLOT},
    {"database.host", &type_member, NULL, NULL, "host name, address or socket folder", NO_SLOT},
    {"database.port", &type_member, NULL, NULL, "port", NO_SLOT},
    {"database.name", &type_member, NULL, NULL, "database name, or the file of SQLite", NO_SLOT},
    {"env_files", &type_paths, ".env if it exists", NULL, "files of environment variables",
     NO_SLOT},
    {"version_table", &type_text, "alembic_version", NULL, "table of the current revisions",
     SLOT(version_table), 1, 63},
    {"version_table_schema", &type_text, NULL, NULL,
     "its schema; by default the search path decides. SQLite has none and ignores it",
     SLOT(version_table_schema), 1, 63},
    {"version_table_pk", &type_boolean, "true", NULL, "whether the table gets a primary key",
     SLOT(version_table_pk)},
    {"create_version_schema", &type_boolean, "false", NULL,
     "whether a run that creates the table creates version_table_schema too, as "
     "`cmig ensure-version` always does",
     SLOT(create_version_schema)},
    {"transaction", &type_transaction, "per_migration", NULL,
     "one transaction for each migration, or one for the run", SLOT(transaction)},
    {"lock_timeout", &type_duration, "60s", "CMIG_LOCK_TIMEOUT",
     "how long to wait for locks: for another run to end, and for those that statements need; 0 = "
     "not at all",
     SLOT(lock_timeout)},
    {"statement_timeout", &type_duration, "0", "CMIG_STATEMENT_TIMEOUT",
     "longest run time of a statement; 0 = as the server says", SLOT(statement_timeout)},
    {"connect_timeout", &type_seconds, "0", "CMIG_CONNECT_TIMEOUT",
     "how long to wait for a connection, for each of several hosts; 0 = as libpq says",
     SLOT(connect_timeout)},
    {"require_tls", &type_boolean, "false", "CMIG_REQUIRE_TLS",
     "whether PostgreSQL must be reached by TLS with a verified certificate, sockets excepted",
     SLOT(require_tls)},
    {"session_pooler", &type_boolean, "false", NULL,
     "whether the pooler in between keeps one server session for each client (session mode)",
     SLOT(session_pooler)},
    {"environment", &type_member, NULL, "CMIG_ENV, ENVIRONMENT or APP_ENV",
     "name of the environment; production is guarded", NO_SLOT},
    {"guard", &type_mapping, NULL, NULL, "what the production guard asks for", NO_SLOT},
    {"guard.environments", &type_texts, NULL, NULL,
     "names of environments that are production, besides production, prod, prd and live", NO_SLOT},
    {"guard.patterns", &type_texts, NULL, NULL,
     "hosts and databases that are production whatever is declared, with * for any text", NO_SLOT},
    {"guard.require_confirmation", &type_confirmation, "always", NULL,
     "whether every write to production must be confirmed, or only those of level 2 and above",
     SLOT(guard.only_destructive)},
    {"guard.safe_below_rows", &type_number, "1000", NULL,
     "outside of production: how many rows a table may have that a run drops or empties without "
     "asking",
     SLOT(guard.safe_below_rows), 0, G_MAXINT},
    {"guard.allow_catastrophic", &type_boolean, "false", NULL,
     "whether statements of level 4, such as DROP SCHEMA, may reach production at all",
     SLOT(guard.allow_catastrophic)},
    {"guard.require_committed", &type_boolean, "false", NULL,
     "whether the revision files must be committed to git before they reach production",
     SLOT(guard.require_committed)},
    {"guard.branches", &type_texts, NULL, NULL,
     "git branches from which production may be changed, with * for any text; a detached HEAD, as "
     "builds have it, counts as on each branch that holds its commit",
     NO_SLOT},
    {"guard.require_reversible", &type_boolean, "false", NULL,
     "whether revisions without a downgrade section are kept from production",
     SLOT(guard.require_reversible)},
    {"guard.freeze", &type_texts, NULL, NULL,
     "time ranges, in `timezone`, in which production is not changed: \"Fri 16:00 - Mon 08:00\", "
     "\"22:00 - 06:00\", \"2026-12-20 - 2027-01-03\"",
     NO_SLOT},
    {"check", &type_mapping, NULL, NULL, "what `cmig check` asks for", NO_SLOT},
    {"check.single_head", &type_boolean, "true", NULL,
     "whether there must be one head; else each head needs a label that no other head has",
     SLOT(check.single_head)},
    {"variables", &type_variables, NULL, NULL,
     "what sections with substitute=on may refer to; -x NAME=VALUE comes before it", NO_SLOT},
    {"databases", &type_mapping, NULL, NULL,
     "several databases by name, chosen with -n; an entry has keys of its own, which come before "
     "those of the top level",
     NO_SLOT},
    {"hooks", &type_list, NULL, NULL, "programs to run on a new revision file", NO_SLOT},
    {"hooks.name", &type_member, "the program", NULL, "what messages call the hook", NO_SLOT},
    {"hooks.command", &type_command, NULL, NULL,
     "program and arguments; {file} stands for the new file, appended if missing", NO_SLOT},
    {"hooks.cwd", &type_member, "the configuration's folder", NULL, "folder to run in", NO_SLOT},
};

/* What a user may have in mind, coming from alembic.ini. */
static const struct {
    const char *word;
    const char *key;
} other_words[] = {
    {"sqlalchemy.url", "database_url"},           {"url", "database_url"},
    {"version_path", "version_locations"},        {"post_write_hooks", "hooks"},
    {"transaction_per_migration", "transaction"},
};

/* The part of `key` behind `prefix` when it is a member of that very mapping, else NULL. */
static const char *member_name(const Key *key, const char *prefix)
{
    if (!g_str_has_prefix(key->name, prefix))
        return NULL;
    const char *name = key->name + strlen(prefix);
    return strchr(name, '.') == NULL ? name : NULL;
}

static gboolean fail_unknown(const CmigLoader *loader, const CmigYaml *node, const char *prefix,
                             GPtrArray *names, GError **error)
{
    /* A long or strange key may be a URL in the wrong place. */
    gsize plain = strspn(node->text, G_CSET_A_2_Z G_CSET_a_2_z "0123456789_.-");
    gboolean showable = plain > 0 && plain <= 40 && node->text[plain] == '\0';
    if (!showable)
        return cmig_config_fail(loader, node, error, "unknown key");
    cmig_config_fail(loader, node, error, "unknown key \"%s%s\"", prefix, node->text);
    for (gsize idx = 0; idx < G_N_ELEMENTS(other_words); idx++)
        if (*prefix == '\0' && strcmp(other_words[idx].word, node->text) == 0)
            cmig_error_set_hint(error, "use \"%s\"", other_words[idx].key);
    const char *near = cmig_text_suggest(node->text, (const char *const *)names->pdata);
    if (near != NULL)
        cmig_error_set_hint(error, "did you mean \"%s\"?", near);
    g_autofree char *all = g_strjoinv(", ", (char **)names->pdata);
    cmig_error_set_detail(error, "known keys: %s", all);
    return FALSE;
}

gboolean cmig_config_check_keys(const CmigLoader *loader, const CmigYaml *mapping,
                                const char *prefix, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (gsize idx = 0; idx < G_N_ELEMENTS(keys); idx++) {
        const char *name = member_name(&keys[idx], prefix);
        if (name != NULL)
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_add(names, NULL);
    for (guint idx = 0; idx < mapping->keys->len; idx++) {
        const CmigYaml *key = mapping->keys->pdata[idx];
        if (!g_strv_contains((const char *const *)names->pdata, key->text))
            return fail_unknown(loader, key, prefix, names, error);
    }
    return TRUE;
}

gboolean cmig_config_check_mapping(const CmigLoader *loader, const char *key, GError **error)
{
    const CmigYaml *holders[] = {loader->root, loader->database};
    g_autofree char *prefix = g_strconcat(key, ".", NULL);
    for (gsize idx = 0; idx < G_N_ELEMENTS(holders); idx++) {
        const CmigYaml *node = holders[idx] != NULL ? cmig_yaml_get(holders[idx], key) : NULL;
        if (node == NULL || cmig_yaml_is_null(node))
            continue;
        if (node->kind != CMIG_YAML_MAPPING)
            return cmig_config_fail(loader, node, error, "%s must be a mapping", key);
        if (!cmig_config_check_keys(loader, node, prefix, error))
            return FALSE;
    }
    return TRUE;
}

gboolean cmig_config_is_per_database(const char *key)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(keys); idx++)
        if (strcmp(keys[idx].name, key) == 0)
            return !g_strv_contains(whole_file, key);
    return FALSE;
}

/* The variable that overrides a key, first of the process. */
static const char *override_of(const CmigLoader *loader, const Key *key, char **source)
{
    if (key->environment == NULL)
        return NULL;
    const char *text = cmig_config_variable(loader, key->environment, FALSE, source);
    return text != NULL ? text : cmig_config_variable(loader, key->environment, TRUE, source);
}

static gboolean apply(const CmigLoader *loader, const Key *key, GError **error)
{
    gpointer slot = G_STRUCT_MEMBER_P(loader->config, key->offset);
    g_autofree char *source = NULL;
    const char *override = override_of(loader, key, &source);
    if (override != NULL) {
        if (!key->type->parse(loader, key, override, slot, error)) {
            g_prefix_error(error, "%s: ", source);
            return FALSE;
        }
        cmig_config_note(loader, key->name, override, g_steal_pointer(&source));
        return TRUE;
    }
    const CmigYaml *node = cmig_config_get(loader, key->name);
    if (node != NULL) {
        g_autofree char *text =
            cmig_config_expand(loader, node, key->name, loader->config->env, NULL, error);
        if (text == NULL)
            return FALSE;
        if (!key->type->parse(loader, key, text, slot, error)) {
            g_prefix_error(error, "%s: ", key->name);
            cmig_error_set_place(error, loader->config->file, node->line, node->column);
            return FALSE;
        }
        cmig_config_note(loader, key->name, text, cmig_config_node_source(loader, node));
        return TRUE;
    }
    cmig_config_note(loader, key->name, key->fallback, g_strdup("default"));
    return key->fallback == NULL || key->type->parse(loader, key, key->fallback, slot, error);
}

gboolean cmig_config_apply_keys(CmigLoader *loader, GError **error)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(keys); idx++)
        if (keys[idx].type->parse != NULL && !apply(loader, &keys[idx], error))
            return FALSE;
    return TRUE;
}

const CmigConfigKeyDoc *cmig_config_key_docs(void)
{
    static CmigConfigKeyDoc docs[G_N_ELEMENTS(keys) + 1];
    for (gsize idx = 0; idx < G_N_ELEMENTS(keys); idx++)
        docs[idx] = (CmigConfigKeyDoc){.name = keys[idx].name,
                                       .type = keys[idx].type->name,
                                       .fallback = keys[idx].fallback,
                                       .environment = keys[idx].environment,
                                       .summary = keys[idx].summary};
    return docs;
}
