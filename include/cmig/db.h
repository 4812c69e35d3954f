/* Databases behind one interface. A driver is a table of functions with capability bits; only db.c
 * calls through it. The unit of work is one migration: the driver sends it in as few round trips as
 * its protocol allows, and either all of it with its version rows is there afterwards or none. */
#ifndef CMIG_DB_H
#define CMIG_DB_H

#include "cmig/dialect.h"
#include "cmig/sql.h"
#include "cmig/url.h"

#include <glib.h>

typedef struct CmigDb CmigDb;

/* The version table, Alembic's own. */
typedef struct {
    const char *schema; /* NULL = found by the search path, created in its first schema */
    const char *name;
    gboolean primary_key;
} CmigVersionTable;

typedef enum {
    CMIG_DB_SESSION_LOCK = 1 << 0, /* one lock for a whole run; else each unit locks for itself */
    CMIG_DB_SCHEMAS = 1 << 1,
    CMIG_DB_COPY = 1 << 2,
    CMIG_DB_SPAN = 1 << 3, /* a transaction can span several units */
} CmigDbCapability;

typedef struct {
    const CmigVersionTable *version_table; /* borrowed, must outlive the connection */
    guint connect_timeout;                 /* seconds for each host, 0 = the library's */
    gint64 connect_deadline; /* by cmig_clock_monotonic(): when connecting and pinging give up, and
                                nothing is tried twice; 0 = none, and a server that is starting or
                                full is waited for a little */
    gboolean require_tls;    /* TLS with a verified certificate, or a socket */
    gboolean session_pooler; /* a pooler in between keeps one session for each client */
    guint statement_timeout; /* milliseconds, 0 = the server's */
    guint lock_timeout;      /* milliseconds: SQLite's wait for the write lock */
    /* Server warnings, one at a time, unescaped. May be NULL. */
    void (*notice)(const char *severity, const char *message, gpointer data);
    gpointer notice_data;
} CmigDbSettings;

/* Facts about the server and the state of the version table. */
typedef struct {
    char *server;       /* "PostgreSQL 15.18", "SQLite 3.40.1" */
    gboolean locked;    /* the session lock was asked for and is ours now */
    char *lock_holder;  /* who has it, when not: pid, application, age; NULL when unknown */
    gboolean read_only; /* a replica, or a read-only transaction default or file */
    gboolean table_exists;
    char *table_schema; /* where the version table is or would be created */
    char *tls;          /* "TLS 1.3, certificate verified", "no TLS"; NULL where there is nothing
                           to protect: sockets and files */
} CmigDbState;
void cmig_db_state_free(CmigDbState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigDbState, cmig_db_state_free)

/* One migration, or a change of the version rows alone. */
typedef struct {
    const CmigSqlScript *script; /* NULL = only the version rows */
    gboolean transactional;      /* FALSE: statements one by one, the version rows in a transaction
                                    of their own behind them */
    gboolean begins;             /* opens the transaction (TRUE unless inside a spanning one) */
    gboolean commits;            /* commits it */
    gboolean create_table;       /* create the version table first if it is not there */
    const char *const *expected; /* the version rows that must be there, sorted; NULL = any */
    const char *const *result; /* the version rows that must be there at the end, sorted; NULL = not
                                  checked */
    const char *const *changes; /* SQL statements on the version table, already quoted */
    guint rows_changed;         /* how many rows `changes` must affect in all */
} CmigDbUnit;

/* How far a unit came, filled on failure too. */
typedef struct {
    guint statements_done; /* of the script */
    gboolean applied;      /* known to be committed */
} CmigDbOutcome;

typedef struct {
    const char *name;
    CmigDialect dialect;
    guint capabilities; /* CmigDbCapability */
    gboolean (*open)(const CmigUrl *url, const CmigDbSettings *settings, CmigDb **db,
                     GError **error);
    void (*close)(CmigDb *db);
    gboolean (*inspect)(CmigDb *db, gboolean take_lock, CmigDbState **state, GError **error);
    gboolean (*read_rows)(CmigDb *db, GPtrArray **rows, GError **error);
    gboolean (*run)(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error);
    gboolean (*ping)(CmigDb *db, GError **error);
    void (*cancel)(void *db); /* async-signal-safe */
} CmigDbDriver;

/* First member of every driver's connection. */
struct CmigDb {
    const CmigDbDriver *driver;
    CmigDbSettings settings;
    char *display;      /* for messages */
    char *table_schema; /* of the version table, once inspected */
};

/* Connects with the driver of the URL's dialect. No file is created and nothing is written. Errors:
 * CMIG_ERROR_UNAVAILABLE, CMIG_ERROR_TRY_AGAIN when the server is full, and CMIG_ERROR_CONFIG for a
 * URL that cannot do what the settings ask for; messages show the URL's display form only, never
 * what the client library echoes of the connection string. */
gboolean cmig_db_open(const CmigUrl *url, const CmigDbSettings *settings, CmigDb **db,
                      GError **error);

/* Whether the database answers a trivial query: one round trip, within the connection's deadline.
 * Errors: as cmig_db_open. */
gboolean cmig_db_ping(CmigDb *db, GError **error);

/* Ends the session and with it every lock. NULL is allowed. */
void cmig_db_close(CmigDb *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigDb, cmig_db_close)

CmigDialect cmig_db_dialect(const CmigDb *db);
gboolean cmig_db_can(const CmigDb *db, CmigDbCapability capability);

/* One round trip: server facts, where the version table is, and, with `take_lock`, one attempt at
 * the session lock (never a blocking wait: that deadlocks with CREATE INDEX CONCURRENTLY). Behind a
 * pooler that would leave the lock to others it is CMIG_ERROR_UNAVAILABLE and none is taken. On a
 * driver without CMIG_DB_SESSION_LOCK `locked` is TRUE at once. Must come before the next two. */
gboolean cmig_db_inspect(CmigDb *db, gboolean take_lock, CmigDbState **state, GError **error);

/* One round trip: the version rows, sorted bytewise, owned strings; an empty array when there is no
 * table. A table of another shape (no version_num column) is CMIG_ERROR_FAILED. The caller unrefs.
 */
gboolean cmig_db_read_rows(CmigDb *db, GPtrArray **rows, GError **error);

/* Runs a unit. Errors: a failed statement is CMIG_ERROR_FAILED with file, line, column, SQLSTATE,
 * server detail and hint; other version rows than expected CMIG_ERROR_CONFLICT; a lock or timeout
 * CMIG_ERROR_TRY_AGAIN; cancelled CMIG_ERROR_INTERRUPTED; a connection lost before the verdict, or
 * a non-transactional script that failed behind its first statement, CMIG_ERROR_IN_DOUBT. In every
 * other case nothing of the unit is left. `outcome` may be NULL. */
gboolean cmig_db_run(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error);

/* `name` as a quoted identifier, `text` as a quoted literal; both dialects agree on these. The
 * caller frees. */
char *cmig_db_quote_identifier(const char *name);
char *cmig_db_quote_literal(const char *text);

/* The version table's name, quoted and qualified with the schema that inspect found. The caller
 * frees. */
char *cmig_db_version_table(const CmigDb *db);

#endif
