/* SQLite connection, shared by the files of this driver. sqlite3.h is used here and nowhere else.
 */
#ifndef CMIG_DB_SQLITE_H
#define CMIG_DB_SQLITE_H

#include "cmig/db.h"

#include <signal.h>
#include <sqlite3.h>

typedef struct {
    CmigDb base;
    char *path;
    sqlite3 *handle; /* NULL as long as there is no file */
    volatile sig_atomic_t cancelled;
    gint64 ticked;
    gint64 busy_since; /* of the current wait for a lock */
    gint64 deadline;   /* of the current statement, 0 = none */
    gboolean timed_out;
    gboolean separate; /* between enter and leave: what the script sets must last */
    int lock;          /* then the file that locks others out */
    gboolean hurries;  /* nobody shall wait long for the lock of a mere record */
    gint64 began;      /* the unit */
    gint64 elapsed;    /* since then, when its records are written; microseconds */
    gint64 changes;    /* rows that its script changed; -1 without one */
} CmigSqlite;

typedef sqlite3_stmt CmigSqliteStatement;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigSqliteStatement, sqlite3_finalize)

/* open.c */
/* The file, or its folder, was looked at when it was opened: nothing is left to ask. */
gboolean cmig_sqlite_ping(CmigDb *db, GError **error);
gboolean cmig_sqlite_open(const CmigUrl *url, const CmigDbSettings *settings, CmigDb **db,
                          GError **error);
void cmig_sqlite_close(CmigDb *db);
void cmig_sqlite_cancel(void *db);
gboolean cmig_sqlite_reconnect(CmigDb *db, GError **error);

/* Opens the file if that has not been done: with `create` also one that is not there, else `handle`
 * stays NULL then. */
gboolean cmig_sqlite_ensure(CmigSqlite *self, gboolean create, GError **error);

/* The file without the symbolic links that lead to it; SQLite's files and those of cmig lie beside
 * it. Borrowed. */
const char *cmig_sqlite_file(const CmigSqlite *self);

/* Puts the connection's settings to what a migration can rely on. */
void cmig_sqlite_reset(CmigSqlite *self);

/* inspect.c */
gboolean cmig_sqlite_inspect(CmigDb *db, gboolean take_lock, CmigDbState **state, GError **error);
gboolean cmig_sqlite_read_rows(CmigDb *db, const char *also, GPtrArray **rows,
                               GPtrArray **also_rows, GError **error);
gboolean cmig_sqlite_query(CmigDb *db, const char *sql, GPtrArray **rows, GError **error);

/* The first row of a query about `name` and `kind`, its parameters 1 and 2, which may be NULL.
 * `*row` is NULL when there is none. SQLITE_OK, or what went wrong. */
int cmig_sqlite_find_row(CmigSqlite *self, const char *sql, const char *name, const char *kind,
                         CmigSqliteStatement **row);

/* examine.c */
gboolean cmig_sqlite_examine(CmigDb *db, GPtrArray *report, GError **error);
char *cmig_sqlite_library(void);

/* backup.c */
gboolean cmig_sqlite_backup(CmigDb *db, const char *suffix, char **path, GError **error);

/* lock.c */

/* Waits up to lock_timeout for the lock of a section outside of transactions. `*fd` goes to unlock;
 * -1 for a database in memory. CMIG_ERROR_TRY_AGAIN when somebody else keeps it. */
gboolean cmig_sqlite_lock(CmigSqlite *self, int *fd, GError **error);
void cmig_sqlite_unlock(CmigSqlite *self, int fd);

/* run.c */

/* Leaves no transaction open. */
void cmig_sqlite_roll_back(CmigSqlite *self);
gboolean cmig_sqlite_enter(CmigDb *db, GError **error);
void cmig_sqlite_leave(CmigDb *db);
gboolean cmig_sqlite_run_statement(CmigDb *db, const CmigSqlScript *script, guint index,
                                   CmigDbStatementOutcome *outcome, GError **error);
gboolean cmig_sqlite_probe(CmigDb *db, const CmigSqlScript *script, guint index,
                           CmigEffect **effect, GError **error);
gboolean cmig_sqlite_run(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome,
                         GError **error);

/* foreign_keys.c */

/* Counts violated foreign keys by "table -> parent" (owned text -> guint). A table with a faulty
 * declaration is left out, with a notice. NULL on errors. */
GHashTable *cmig_sqlite_violations(CmigSqlite *self, GError **error);

/* Fails when `after` has more of any kind than `before`. */
gboolean cmig_sqlite_compare_violations(GHashTable *before, GHashTable *after, GError **error);

/* judge.c */
gboolean cmig_sqlite_judge(CmigDb *db, CmigJudge **judge, GError **error);

/* sizes.c */
gboolean cmig_sqlite_sizes(CmigDb *db, const GPtrArray *targets, guint limit, GArray *sizes,
                           GError **error);

/* functions.c: the SQL functions that cmig's own statements call. */
void cmig_sqlite_add_functions(CmigSqlite *self);

/* errors.c: the error of result code `code` with the connection's message. */
void cmig_sqlite_set_error(CmigSqlite *self, int code, GError **error);

#endif
