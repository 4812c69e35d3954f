/* The configuration: alembic.yml, .env files, environment, flags. Each key is declared once, in the
 * table of config.c; parsing, defaults, unknown-key suggestions and the manual page are made from
 * it. Precedence: flag, environment, .env, file, default. */
#ifndef CMIG_CONFIG_H
#define CMIG_CONFIG_H

#include "cmig/url.h"
#include "cmig/window.h"

#include <glib.h>

typedef enum {
    CMIG_TRANSACTION_PER_MIGRATION,
    CMIG_TRANSACTION_ALL,
} CmigTransactionMode;

/* Where the database URL comes from; the guard asks. */
typedef enum {
    CMIG_ORIGIN_NONE,
    CMIG_ORIGIN_FLAG,
    CMIG_ORIGIN_ENVIRONMENT,
    CMIG_ORIGIN_DOTENV,
    CMIG_ORIGIN_FILE,         /* written in alembic.yml, or made of variables there */
    CMIG_ORIGIN_FILE_DEFAULT, /* the DEFAULT of a ${VAR:-DEFAULT} was used */
} CmigOrigin;

/* One program to run after a revision file is written. */
typedef struct {
    char *name;
    char **argv; /* an argument `{file}` is replaced by the path; appended when there is none */
    char *cwd;   /* NULL = the configuration's folder */
} CmigHook;

/* What the production guard asks for. */
typedef struct {
    GStrv environments;        /* names that are production besides those of guard.h */
    GStrv patterns;            /* `*` patterns of hosts and databases that are production */
    guint safe_below_rows;     /* rows that may be lost unasked where it is not production */
    gboolean only_destructive; /* harmless runs need no confirmation in production */
    gboolean allow_catastrophic;
    gboolean require_committed;
    gboolean require_reversible;
    GStrv branches; /* `*` patterns of git branches that may reach production; empty = all */
    GArray *freeze; /* CmigWindow, in `timezone` */
    GStrv freeze_texts;
} CmigGuardConfig;

/* What a key holds, for people. */
typedef struct {
    char *value;  /* as text, never a secret: a URL in its display form, of variables the names, of
                     hooks what the file has; NULL = nothing */
    char *source; /* "alembic.yml:3, made of NAME in .env:2", "CMIG_LOCK_TIMEOUT", "--require-tls",
                     "default" */
} CmigConfigOrigin;

/* What `cmig check` asks for. */
typedef struct {
    gboolean single_head; /* else each head needs a label that no other head has */
} CmigCheckConfig;

typedef struct {
    char *file;      /* alembic.yml as it is shown (its bare name in the working directory), NULL
                        without one */
    char *directory; /* absolute: what relative paths are relative to */

    char *script_location;    /* absolute */
    char **version_locations; /* absolute; by default script_location's `versions` folder if it is
                                 there, else script_location itself */
    gboolean recursive_version_locations;
    char *file_template;
    guint truncate_slug_length;
    char *timezone;  /* "UTC" by default; "local" or an IANA name */
    char *templates; /* absolute folder of the project's own templates, NULL = none */

    CmigUrl *url;        /* the direct one if there is one; NULL when `url_error` is set */
    GError *url_error;   /* why there is no usable URL; commands without a database ignore it */
    gboolean url_absent; /* there is none because none is given: nothing is set, or alembic.yml
                            makes it of variables of which none is set */
    CmigOrigin url_origin;
    char *url_source; /* for messages: "DATABASE_URL", "DIRECT_URL in .env:2", "alembic.yml:3",
                         "--database-url"; NULL without any */

    char *version_table;
    char *version_table_schema; /* NULL = found by the search path */
    gboolean version_table_pk;
    gboolean create_version_schema; /* any run that creates the table creates its schema too */
    CmigTransactionMode transaction;
    guint lock_timeout;      /* milliseconds; how long to wait for cmig's own lock */
    guint statement_timeout; /* milliseconds, 0 = the server's */
    guint connect_timeout;   /* seconds for each host, 0 = libpq's */
    gboolean require_tls;    /* only a verified TLS connection or a socket will do */
    gboolean session_pooler; /* what looks like a pooler is one in session mode */

    char *environment;        /* as declared, NULL = not declared */
    char *environment_source; /* "--environment", "CMIG_ENV", "alembic.yml:7" … */

    CmigGuardConfig guard;
    CmigCheckConfig check;

    GPtrArray *hooks; /* CmigHook */

    GHashTable *variables; /* name -> value, for sections with substitute=on; may hold secrets */
    GHashTable *secrets;   /* those that come from the environment: not to be shown */

    GStrv database_names; /* of `databases`, in the order of the file; empty without it */
    char *name;           /* of the chosen one, or NULL */

    GHashTable *env; /* name -> value: what .env files set and the process does not */

    GHashTable *origins; /* key of cmig_config_key_docs() -> CmigConfigOrigin. Of the mappings only
                            the members of `guard` have one of their own */
} CmigConfig;
void cmig_config_free(CmigConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigConfig, cmig_config_free)

/* What the command line says. Each may be NULL; all are borrowed. */
typedef struct {
    const char *file;         /* -c; else CMIG_CONFIG or ALEMBIC_CONFIG; else alembic.yml here or in
                                 a parent folder */
    const char *name;         /* -n; NULL = the top level's database */
    const char *database_url; /* --database-url; not with a name */
    const char *environment;  /* --environment */
    const char *lock_timeout; /* --lock-timeout, a duration */
    gboolean require_tls;     /* --require-tls; FALSE = not given */
    GHashTable *variables;    /* -x, name -> value: UTF-8 and good names; they come before the
                                 `variables` of the file */
} CmigConfigRequest;

/* Loads everything. A missing file is an error only when it was named. A missing or bad URL is kept
 * in `url_error`. Errors: CMIG_ERROR_CONFIG with file, line and column. */
gboolean cmig_config_load(const CmigConfigRequest *request, CmigConfig **config, GError **error);

/* For manual page and documentation: the keys, ended by an entry with a NULL name. Members of a
 * mapping are written `database.user`. */
typedef struct {
    const char *name;
    const char *type;        /* text | path | list of paths | boolean | number | duration | … */
    const char *fallback;    /* the default, as text */
    const char *environment; /* variables that override it, as text, or NULL */
    const char *summary;
} CmigConfigKeyDoc;
const CmigConfigKeyDoc *cmig_config_key_docs(void);

/* Parses a duration: a number, also with a decimal point, and ms, s, min or h (no unit = seconds).
 * Result in milliseconds, at most G_MAXINT. Errors: CMIG_ERROR_CONFIG; they do not show `text`. */
gboolean cmig_duration_parse(const char *text, guint *milliseconds, GError **error);

#endif
