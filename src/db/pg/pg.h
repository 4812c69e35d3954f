/* PostgreSQL connection, shared by the files of this driver. libpq is used here and nowhere else.
 */
#ifndef CMIG_DB_PG_H
#define CMIG_DB_PG_H

#include "cmig/db.h"

#include <libpq-fe.h>
#include <signal.h>

typedef struct {
    CmigDb base;
    PGconn *conn;
    PGcancel *cancel;                /* made beforehand, for the signal handler */
    volatile sig_atomic_t cancelled; /* somebody asked to cancel what is running */
    int backend;                     /* whose session this is; the lock is taken there only */
    gboolean can_watch_client;       /* the server can look whether cmig is still there */
    PGconn *watcher;                 /* looks at what this one is doing; NULL until somebody asks */
    gboolean watch_failed;           /* there is none to be had */
    gboolean table_exists;
    gboolean separate; /* between enter and leave: what the script sets must last */
    gboolean locked;   /* inspect took the session lock */
    guint64 lock_key;
    gboolean quiet; /* notices are about cmig's own statements */
    guint notices;  /* of the unit so far */
} CmigPg;

typedef PGresult CmigPgResult;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigPgResult, PQclear)

/* No such statement in a message. */
#define CMIG_PG_NONE G_MAXUINT

/* One simple-query message: statements of cmig's around a script, a part of it, or nothing. Each
 * statement is answered by one result, so a result's number tells whose it is. */
typedef struct {
    GString *text;
    guint statements;
    guint check_at;
    guint commit_at;
    guint result_at;    /* the check of the new version rows */
    guint records_from; /* cmig's records behind the script */
    guint records_to;
    guint changes_from;
    guint changes_to;
    const CmigSqlScript *script;
    guint script_at;    /* number of its first statement in the message */
    guint script_first; /* which statement of the script that is */
    guint script_count; /* how many are in the message */
    gsize script_from;  /* bytes of `text` that are the script's */
    gsize script_to;
    gboolean whole; /* they are the whole script without its gaps, else one statement */
} CmigPgMessage;
void cmig_pg_message_init(CmigPgMessage *message);
void cmig_pg_message_clear(CmigPgMessage *message);
/* Appends one statement, without its `;`. */
void cmig_pg_append_statement(CmigPgMessage *message, const CmigSqlScript *script, guint index);
void cmig_pg_message_add(CmigPgMessage *message, const char *format, ...) G_GNUC_PRINTF(2, 3);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigPgMessage, cmig_pg_message_clear)

/* What came back. */
typedef struct {
    guint done;            /* statements that completed */
    guint copies_fed;      /* COPY blocks whose data was sent whole */
    guint64 rows_changed;  /* by the changes of the version rows */
    gboolean sent;         /* the server may have all of the message */
    gboolean committed;    /* the COMMIT was answered with COMMIT */
    gboolean rolled_back;  /* … with ROLLBACK */
    gboolean foreign_end;  /* the script ended the transaction */
    CmigPgResult *failure; /* the first error */
    char returned[72];     /* by the records */
} CmigPgAnswer;
void cmig_pg_answer_clear(CmigPgAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigPgAnswer, cmig_pg_answer_clear)

/* Keywords and values for libpq, ended by NULL. */
typedef struct {
    GPtrArray *keywords; /* borrowed */
    GPtrArray *values;   /* owned */
} CmigPgParameters;

/* parameters.c: the ways to the database, CmigPgParameters, in the order in which they are tried;
 * there is one at least. Errors: CMIG_ERROR_CONFIG. */
gboolean cmig_pg_parameters(const CmigUrl *url, const CmigDbSettings *settings, GPtrArray **ways,
                            GError **error);

/* tls.c */

/* Whether this libpq understands the value; one that does not would not verify. */
gboolean cmig_pg_check_roots(const char *sslrootcert, GError **error);

/* Whether the connection is what the settings require. */
gboolean cmig_pg_check_tls(const CmigPg *pg, const CmigUrl *url, GError **error);

/* What CmigDbState says. The caller frees. */
char *cmig_pg_describe_tls(const CmigPg *pg);

/* connect.c */
gboolean cmig_pg_open(const CmigUrl *url, const CmigDbSettings *settings, CmigDb **db,
                      GError **error);
gboolean cmig_pg_ping(CmigDb *db, GError **error);
void cmig_pg_close(CmigDb *db);
gboolean cmig_pg_reconnect(CmigDb *db, GError **error);

/* cancel.c: between begin and end the connection that there is can be cancelled. */
void cmig_pg_cancel(void *db);
void cmig_pg_cancel_begin(CmigPg *pg);
void cmig_pg_cancel_end(CmigPg *pg);

/* inspect.c */
gboolean cmig_pg_inspect(CmigDb *db, gboolean take_lock, CmigDbState **state, GError **error);
gboolean cmig_pg_read_rows(CmigDb *db, const char *also, GPtrArray **rows, GPtrArray **also_rows,
                           GError **error);
gboolean cmig_pg_query(CmigDb *db, const char *sql, GPtrArray **rows, GError **error);

/* rows.c */

/* Appends a query that fails unless the version rows are these: the text that says what was found
 * is cast to a number. Returns its number in the message. */
guint cmig_pg_add_rows(CmigPgMessage *message, const char *const *rows, const char *table);

/* As above for a table that is to be empty and may be gone. */
guint cmig_pg_add_no_rows(CmigPgMessage *message, const char *table);

/* Whether a check of the version rows failed, by its cast, or because the script took the table
 * away; sets the error then. */
gboolean cmig_pg_is_rows_failure(const CmigPgMessage *message, const CmigPgAnswer *answer,
                                 const CmigDbUnit *unit, const char *sqlstate, GError **error);

/* compose.c */

/* Appends a unit: BEGIN, settings, version rows, the script or nothing, COMMIT. */
void cmig_pg_add_unit(CmigPgMessage *message, const CmigPg *pg, const CmigDbUnit *unit);

/* Appends a query that divides by zero when the session lock was lost. */
void cmig_pg_add_lock_check(CmigPgMessage *message, const CmigPg *pg);

/* Appends what makes the session ready for statements outside of transactions. */
void cmig_pg_add_session_settings(CmigPgMessage *message, const CmigPg *pg);

/* run.c */
gboolean cmig_pg_run(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error);

/* Runs a message of which only the success matters. */
gboolean cmig_pg_command(CmigPg *pg, const char *text);

/* The lexer and the server must agree on what a backslash in a string means, and the server reads a
 * whole message before it runs any of it: a SET inside would come too late. */
gboolean cmig_pg_ensure_plain_strings(CmigPg *pg, GError **error);

/* Leaves no transaction open. */
void cmig_pg_roll_back(CmigPg *pg);

/* Whether a failure is the server's word on what it did; it is not when the connection, or the
 * server, ended. */
gboolean cmig_pg_is_verdict(const CmigPgMessage *message, const CmigPgAnswer *answer);

/* separate.c */
gboolean cmig_pg_enter(CmigDb *db, GError **error);
void cmig_pg_leave(CmigDb *db);
gboolean cmig_pg_run_statement(CmigDb *db, const CmigSqlScript *script, guint index,
                               CmigDbStatementOutcome *outcome, GError **error);

/* watch.c */
gboolean cmig_pg_watch(CmigDb *db, CmigDbActivity **activity);
void cmig_pg_watch_close(CmigPg *pg);

/* examine.c */
gboolean cmig_pg_examine(CmigDb *db, GPtrArray *report, GError **error);
char *cmig_pg_library(void);

/* probe.c */
gboolean cmig_pg_probe(CmigDb *db, const CmigSqlScript *script, guint index, CmigEffect **effect,
                       GError **error);

/* sizes.c */
gboolean cmig_pg_sizes(CmigDb *db, const GPtrArray *targets, guint limit, GArray *sizes,
                       GError **error);

/* exchange.c: sends a message, feeds COPY data, and takes all answers. */
void cmig_pg_exchange(CmigPg *pg, const CmigPgMessage *message, CmigPgAnswer *answer);

/* errors.c */

/* The error of a failed result: kind by SQLSTATE, message, server detail, hint and context. */
void cmig_pg_set_error(CmigPg *pg, const PGresult *result, GError **error);

/* As above, with the place in the script that the message carries. */
void cmig_pg_set_message_error(CmigPg *pg, const CmigPgMessage *message, const CmigPgAnswer *answer,
                               GError **error);

/* Why the connection could not be made: `text` is libpq's with verbose errors. Never contains the
 * connection string or one of `secrets`. */
void cmig_pg_set_connect_error(const CmigUrl *url, const char *text, const char *const *secrets,
                               GError **error);

/* SQLSTATE in libpq's verbose connection error, or NULL. The caller frees. */
char *cmig_pg_connect_sqlstate(const char *text);

#endif
