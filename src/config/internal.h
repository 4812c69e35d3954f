/* Between the files that load the configuration. */
#ifndef CMIG_CONFIG_INTERNAL_H
#define CMIG_CONFIG_INTERNAL_H

#include "cmig/config.h"
#include "cmig/expand.h"
#include "cmig/yaml.h"

/* One load in progress. */
typedef struct {
    const CmigConfigRequest *request;
    CmigConfig *config;
    CmigYaml *root;           /* alembic.yml, an empty mapping without one */
    const CmigYaml *database; /* the chosen entry of `databases`, or NULL */
    GHashTable *dotenv_files; /* name -> place in the .env file that sets it: ".env:2" */
} CmigLoader;

/* Sets an error at `node`. Always FALSE. */
gboolean cmig_config_fail(const CmigLoader *loader, const CmigYaml *node, GError **error,
                          const char *format, ...) G_GNUC_PRINTF(4, 5);

/* The value of a key, of the chosen database or else of the top level; NULL when it is absent or
 * null. */
const CmigYaml *cmig_config_get(const CmigLoader *loader, const char *key);

/* Expands a scalar with process environment and `dotenv`; an error gets its place. `expansion` may
 * be NULL. NULL on failure. */
char *cmig_config_expand(const CmigLoader *loader, const CmigYaml *node, const char *key,
                         GHashTable *dotenv, CmigExpansion *expansion, GError **error);

/* A variable that is set and not empty, of the process or of .env files. `source` gets what
 * messages call it. Borrowed; NULL when there is none. */
const char *cmig_config_variable(const CmigLoader *loader, const char *name, gboolean dotenv,
                                 char **source);

/* origin.c */

/* Keeps what `key` holds and where it is from; takes `source` over. `value` may be NULL. The last
 * word counts. */
void cmig_config_note(const CmigLoader *loader, const char *key, const char *value, char *source);
/* Where a node stands and which variables it is made of. The caller frees. */
char *cmig_config_node_source(const CmigLoader *loader, const CmigYaml *node);
/* A file that env_files, or its default, has led to. */
void cmig_config_note_env_file(const CmigLoader *loader, const char *file);
/* What is left: keys that hold more than one text. */
void cmig_config_note_rest(const CmigLoader *loader);
void cmig_config_origin_free(gpointer origin);
/* The names of the variables in a value, joined by commas; NULL when there is none. The value
 * itself may be a secret. The caller frees. */
char *cmig_config_variable_names(const char *text);

/* keys.c: refuses unknown keys of a mapping; `prefix` is "", "database." or so. */
gboolean cmig_config_check_keys(const CmigLoader *loader, const CmigYaml *mapping,
                                const char *prefix, GError **error);
/* keys.c: refuses what is no mapping with known keys where `key` stands, at the top level and in
 * the chosen database. */
gboolean cmig_config_check_mapping(const CmigLoader *loader, const char *key, GError **error);
/* keys.c: whether `key` may stand in an entry of `databases`. */
gboolean cmig_config_is_per_database(const char *key);
/* keys.c: puts every key of the table into the configuration, with defaults. */
gboolean cmig_config_apply_keys(CmigLoader *loader, GError **error);

/* databases.c: reads the names of `databases` and chooses the one that is asked for. */
gboolean cmig_config_choose_database(CmigLoader *loader, GError **error);

/* guard.c: the lists of the `guard` mapping. */
gboolean cmig_config_read_guard(const CmigLoader *loader, GError **error);
void cmig_config_guard_clear(CmigGuardConfig *guard);

/* variables.c: what -x and `variables` define for SQL text. */
gboolean cmig_config_read_variables(const CmigLoader *loader, GError **error);

/* hooks.c: the `hooks` list. */
gboolean cmig_config_read_hooks(const CmigLoader *loader, const CmigYaml *node, GPtrArray *hooks,
                                GError **error);
void cmig_config_hook_free(gpointer hook);

/* database.c: decides which URL counts. A URL that is missing or bad goes into `url_error`. */
gboolean cmig_config_choose_url(CmigLoader *loader, GError **error);

#endif
