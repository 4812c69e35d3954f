/* Databases behind one interface. A driver is a table of functions with capability bits; only db.c
 * calls through it. The unit of work is one migration: the driver sends it in as few round trips as
 * its protocol allows, and either all of it with its version rows is there afterwards or none. */
#ifndef CMIG_DB_H
#define CMIG_DB_H

#include "cmig/dialect.h"
#include "cmig/facts.h"
#include "cmig/report.h"
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

/* What stands where the version table belongs. */
typedef struct {
    const char *name; /* as SQLite spells it, which takes it in any case; static, NULL = as it is
                       * configured */
    char *kind;       /* "table", or what else: "a view", "an index" …; NULL = nothing */
    char *type;       /* of the column version_num, as the database names it; NULL = no column */
    gboolean is_text; /* the type keeps every text as it is */
    guint width;      /* how many characters fit; 0 = any number */
    char *required;   /* other columns that an INSERT would have to give; NULL = none */
    char *lacking;    /* rights on the table: "SELECT, INSERT, UPDATE, DELETE"; NULL = none */
    char *schema_lacking; /* the right on the schema, "USAGE", or "CREATE" when there is no table */
    char *user;           /* who lacks them, quoted */
} CmigDbTable;
void cmig_db_table_clear(CmigDbTable *table);

/* Whether version rows can be read from that table, `name` (quoted, with its schema), and, as it
 * seems, be written, those of `ids` (may be NULL) among them. Nothing there is fine. Errors:
 * CMIG_ERROR_FAILED, with what to do. Pure. */
gboolean cmig_db_table_check_readable(const CmigDbTable *table, const char *schema,
                                      const char *name, GError **error);
gboolean cmig_db_table_check_writable(const CmigDbTable *table, const char *schema,
                                      const char *name, const char *const *ids, GError **error);

typedef enum {
    CMIG_DB_SESSION_LOCK = 1 << 0, /* one lock for a whole run; else each unit locks for itself */
    CMIG_DB_SCHEMAS = 1 << 1,
    CMIG_DB_COPY = 1 << 2,
    CMIG_DB_SPAN = 1 << 3, /* a transaction can span several units */
} CmigDbCapability;

typedef struct {
    const CmigVersionTable *version_table; /* borrowed, must outlive the connection */
    const char *audit_table;               /* bare name in the version table's schema; borrowed */
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
    gboolean audit_exists;
    gboolean audit_readable;
    gboolean ascii;         /* its encoding has not all letters of all languages */
    guint deadlock_timeout; /* milliseconds; 0 on a driver that has none */
    char *table_schema;     /* where the version table is or would be created */
    gboolean schema_exists;
    char *tls;      /* "TLS 1.3, certificate verified", "no TLS"; NULL where there is nothing
                       to protect: sockets and files */
    char *host;     /* of the server that was reached; NULL = this machine: a socket, a loopback
                       address, a file */
    char *database; /* its name; of SQLite that of the file */
    char *identity; /* of this very database on its server; NULL when it is not to be had */
} CmigDbState;
void cmig_db_state_free(CmigDbState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigDbState, cmig_db_state_free)

/* What happens in one transaction: a migration, a part of one, or changes of cmig's own tables. */
typedef struct {
    const CmigSqlScript *script; /* NULL = none */
    guint only;                  /* the one of its statements to run, from 1; 0 = all */
    gboolean begins;             /* opens the transaction (TRUE unless inside a spanning one) */
    gboolean commits;            /* commits it */
    gboolean create_schema;      /* with create_table: its schema too */
    gboolean create_table;       /* create the version table first if it is not there */
    const char *const *setup;    /* more SQL that creates what is not there, without notices */
    const char *const *expected; /* the version rows that must be there, sorted; NULL = any */
    const char *const *result;   /* the version rows that must be there at the end, sorted; NULL =
                                    not checked */
    const char *const *changes;  /* SQL statements on the version table, already quoted */
    guint rows_changed;          /* how many rows `changes` must affect in all */
    const char *const
        *records;       /* SQL statements behind the script, run as the role that connected */
    gboolean apart;     /* the version table is neither needed nor touched: records only */
    guint lock_timeout; /* milliseconds that one statement of the script waits for a lock,
                           0 = the server's setting */
} CmigDbUnit;

/* How far a unit came, filled on failure too. */
typedef struct {
    guint statements_done; /* of the script; 0 when the server did not tell */
    gboolean applied;      /* known to be committed */
    gboolean lost;         /* the connection ended before the verdict */
    gboolean retryable;    /* rolled back whole because a lock was not to be had */
    char returned[72];     /* what the last of the records returned: the first column of its last
                              row, cut; else empty */
} CmigDbOutcome;

/* What one statement outside of cmig's transactions did. */
typedef struct {
    gboolean done;
    gboolean in_transaction; /* afterwards: the script began one itself */
    gboolean unclear;        /* failed, but it may have left something, or run */
    gboolean lost;           /* the connection ended before the verdict */
    gint64 rows;             /* affected; -1 = not told */
} CmigDbStatementOutcome;

/* What is there of the effect of a statement that cannot run in a transaction. */
typedef enum {
    CMIG_EFFECT_UNKNOWN,  /* cannot be told */
    CMIG_EFFECT_ABSENT,   /* nothing, or repeating it does no harm: run it */
    CMIG_EFFECT_DONE,     /* all of it */
    CMIG_EFFECT_LEFTOVER, /* something of no use: an invalid index, a detach that is pending */
    CMIG_EFFECT_BUSY,     /* a session of the server is still at it */
} CmigEffectState;

typedef struct {
    CmigEffectState state;
    char *what;         /* for messages: "the index public.ix is invalid" */
    char *cleanup;      /* of a leftover: the statement that takes it away, to be run alone */
    gboolean completes; /* `cleanup` does not take it away but completes it (FINALIZE) */
} CmigEffect;
void cmig_effect_free(CmigEffect *effect);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigEffect, cmig_effect_free)

/* Who holds what a session waits for. Texts are as the server gave them, not escaped. */
typedef struct {
    int pid;
    char *user;
    char *application;
    char *state; /* "active", "idle in transaction" */
    gint64 age;  /* microseconds since its transaction began */
    char *query; /* its beginning */
} CmigDbBlocker;

/* What the server is doing for a connection now. */
typedef struct {
    char *phase;         /* "CREATE INDEX: building index", NULL when the server does not tell */
    double fraction;     /* 0 to 1; negative when unknown */
    gboolean waiting;    /* for a lock */
    GPtrArray *blockers; /* CmigDbBlocker, while waiting */
} CmigDbActivity;
/* One that says nothing yet; drivers fill it in. */
CmigDbActivity *cmig_db_activity_new(void);
void cmig_db_activity_free(CmigDbActivity *activity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigDbActivity, cmig_db_activity_free)

/* How large the object of a CmigFactTarget is. */
typedef struct {
    gboolean exists;
    gint64 rows;     /* -1 = not known, or it has none of its own: a view, an index */
    gboolean exact;  /* counted; else an estimate */
    gboolean cut;    /* there are so many at least: the counting ended there */
    gint64 bytes;    /* with indexes; -1 = not known */
    guint referring; /* tables that lose rows with it by foreign keys; `rows` has theirs too */
} CmigDbSize;

typedef struct {
    const char *name;
    CmigDialect dialect;
    guint capabilities; /* CmigDbCapability */
    gboolean (*open)(const CmigUrl *url, const CmigDbSettings *settings, CmigDb **db,
                     GError **error);
    void (*close)(CmigDb *db);
    gboolean (*inspect)(CmigDb *db, gboolean take_lock, CmigDbState **state, GError **error);
    gboolean (*reconnect)(CmigDb *db, GError **error);
    gboolean (*read_rows)(CmigDb *db, const char *also, GPtrArray **rows, GPtrArray **also_rows,
                          GError **error);
    gboolean (*query)(CmigDb *db, const char *sql, GPtrArray **rows, GError **error);
    gboolean (*run)(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error);
    gboolean (*enter)(CmigDb *db, GError **error);
    void (*leave)(CmigDb *db);
    gboolean (*run_statement)(CmigDb *db, const CmigSqlScript *script, guint index,
                              CmigDbStatementOutcome *outcome, GError **error);
    gboolean (*probe)(CmigDb *db, const CmigSqlScript *script, guint index, CmigEffect **effect,
                      GError **error);
    gboolean (*watch)(CmigDb *db, CmigDbActivity **activity);
    gboolean (*ping)(CmigDb *db, GError **error);
    gboolean (*judge)(CmigDb *db, CmigJudge **judge, GError **error);
    gboolean (*sizes)(CmigDb *db, const GPtrArray *targets, guint limit, GArray *sizes,
                      GError **error);
    gboolean (*examine)(CmigDb *db, GPtrArray *report, GError **error);
    gboolean (*backup)(CmigDb *db, const char *suffix, char **path, GError **error); /* or NULL */
    const char *library;
    char *(*library_version)(void);
    void (*cancel)(void *db); /* async-signal-safe */
} CmigDbDriver;

/* First member of every driver's connection. */
struct CmigDb {
    const CmigDbDriver *driver;
    CmigDbSettings settings;
    char *display;           /* for messages */
    char *table_schema;      /* of the version table, once inspected */
    gboolean audit_readable; /* likewise */
    gboolean audit_closed;   /* likewise: it is there and may not be read */
    void (*tick)(gpointer data);
    gpointer tick_data;
    CmigDbTable table; /* as inspected */
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

/* Adds to `report` what a person wants to know about server, session and what earlier work has left
 * behind, problems marked. Takes no lock, writes nothing, shows no query of others with its values.
 * On PostgreSQL one round trip, and one more for each fact that cannot be had. cmig_db_inspect
 * comes first, if it can. Errors: the connection is lost. */
gboolean cmig_db_examine(CmigDb *db, GPtrArray *report, GError **error);

/* Copies the database to a new file beside its own, named like it with `.suffix` behind. `*path`
 * (owned by the caller) stays NULL where there is nothing to copy, or no file: in memory, or on a
 * server. A copy that fails leaves none. Errors: CMIG_ERROR_FAILED, CMIG_ERROR_INTERRUPTED. */
gboolean cmig_db_backup(CmigDb *db, const char *suffix, char **path, GError **error);

/* Adds the client libraries of all drivers with their versions. */
void cmig_db_add_libraries(GPtrArray *report);

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

/* Closes what is left of the connection and makes a new one with the same parameters; the session
 * lock is gone, cmig_db_inspect comes next. Errors: CMIG_ERROR_UNAVAILABLE. */
gboolean cmig_db_reconnect(CmigDb *db, GError **error);

/* Whether there is an audit table that may be read, as inspected. */
gboolean cmig_db_audit_readable(const CmigDb *db);

/* Whether there is one that may not be read, as inspected; and the hint that helps then, with
 * "SELECT" or what else is needed. The caller frees. */
gboolean cmig_db_audit_closed(const CmigDb *db);
char *cmig_db_audit_grant(const CmigDb *db, const char *rights);

/* One round trip: the version rows, sorted bytewise, owned strings; an empty array when there is no
 * table. Not a table, one of another shape, or one that may not be read, is CMIG_ERROR_FAILED, as
 * is one with more rows than any history has. In the same round trip the rows of the query `also`,
 * as cmig_db_query gives them; both may be NULL. The caller unrefs. */
gboolean cmig_db_read_rows(CmigDb *db, const char *also, GPtrArray **rows, GPtrArray **also_rows,
                           GError **error);

/* The rows of one query of cmig's own: owned GStrv, a null value is an empty text. The caller
 * unrefs. */
gboolean cmig_db_query(CmigDb *db, const char *sql, GPtrArray **rows, GError **error);

/* Whether the version table, as inspected, takes the version rows `ids` (NULL = not known): before
 * anything is asked or changed. No round trip. Errors: CMIG_ERROR_FAILED. */
gboolean cmig_db_check_writable(const CmigDb *db, const char *const *ids, GError **error);

/* Runs a unit in one transaction. Errors: a failed statement is CMIG_ERROR_FAILED with file, line,
 * column, SQLSTATE, server detail and hint; other version rows than expected CMIG_ERROR_CONFLICT; a
 * lock or timeout CMIG_ERROR_TRY_AGAIN; cancelled CMIG_ERROR_INTERRUPTED; a connection lost before
 * the verdict CMIG_ERROR_IN_DOUBT with `outcome->lost`. In every other case nothing of the unit is
 * left. `outcome` may be NULL. */
gboolean cmig_db_run(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error);

/* Begins and ends work outside of transactions: enter makes the session ready (and on a driver
 * without a session lock takes one that lasts from statement to statement; it checks that a session
 * lock is still held), leave rolls back what a script left open and resets the session. Units may
 * run in between. */
gboolean cmig_db_enter(CmigDb *db, GError **error);
void cmig_db_leave(CmigDb *db);

/* Runs one statement of a script by itself, between enter and leave: without a transaction unless
 * the script has begun one. Errors as for cmig_db_run; CMIG_ERROR_IN_DOUBT goes with
 * `outcome->unclear`. */
gboolean cmig_db_run_statement(CmigDb *db, const CmigSqlScript *script, guint index,
                               CmigDbStatementOutcome *outcome, GError **error);

/* Looks at what is there of the effect of statement `index`, which is CMIG_SQL_ALONE or OPAQUE;
 * changes nothing. */
gboolean cmig_db_probe(CmigDb *db, const CmigSqlScript *script, guint index, CmigEffect **effect,
                       GError **error);

/* Runs one SQL statement of cmig's own outside of a transaction: the cleanup of a leftover. */
gboolean cmig_db_execute(CmigDb *db, const char *sql, GError **error);

/* A judge of what statements would do to this database as it is now. PostgreSQL: no round trip.
 * SQLite: the schema is read, and copied to where nothing of the file is touched. It may outlive
 * the connection. Errors: CMIG_ERROR_TRY_AGAIN, CMIG_ERROR_UNAVAILABLE. */
gboolean cmig_db_judge(CmigDb *db, CmigJudge **judge, GError **error);

/* The sizes of `targets` (CmigFactTarget), a CmigDbSize for each; not within a transaction. Tables,
 * with their partitions and children and the tables that `referring` asks for, the tables of a
 * schema or of the database; of views, indexes and sequences only bytes; for anything else it says
 * that there is no such thing. A table of up to `limit` rows, as it seems, is counted, to `limit` +
 * 1 at most; where it cannot be, for lack of rights or because somebody has locked it, `rows` is
 * rather too large than too small. Two round trips, whatever the number of targets; locks are
 * waited for hardly at all; nothing is changed. The caller unrefs. Errors: of the connection. */
gboolean cmig_db_sizes(CmigDb *db, const GPtrArray *targets, guint limit, GArray **sizes,
                       GError **error);

/* `tick` is called about ten times a second while cmig_db_run or cmig_db_run_statement waits for
 * the database. NULL ends it. It may call cmig_db_watch and nothing else of this header. */
void cmig_db_set_tick(CmigDb *db, void (*tick)(gpointer data), gpointer data);

/* What the server is doing for this connection now, asked on a second connection, which is made at
 * the first call. FALSE: it cannot be told, or there is no such connection to be had. */
gboolean cmig_db_watch(CmigDb *db, CmigDbActivity **activity);

/* `name` as a quoted identifier, `text` as a quoted literal; both dialects agree on these. The
 * caller frees. */
char *cmig_db_quote_identifier(const char *name);
char *cmig_db_quote_literal(const char *text);

/* The version table's name, quoted and qualified with the schema that inspect found. The caller
 * frees. */
char *cmig_db_version_table(const CmigDb *db);

/* Its bare name: as it stands in the database once that was inspected, else as it is configured.
 * Borrowed. */
const char *cmig_db_version_table_name(const CmigDb *db);

/* The PostgreSQL query that fails unless `table` holds exactly these rows (sorted): the text that
 * says what was found, between `begin` and `end`, is cast to a number. The caller frees. */
char *cmig_db_check_rows_sql(const char *table, const char *const *rows, const char *begin,
                             const char *end);

/* The statement that creates the version table as Alembic does, for a table name already quoted.
 * The name of its key stays within what PostgreSQL keeps of a name. The caller frees. */
char *cmig_db_create_version_table(const CmigVersionTable *version_table, const char *table);

#endif
