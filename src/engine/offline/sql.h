/* What offline scripts are made of, in the words of each dialect: sql.c the frame, check.c the
 * checks, section.c the sections. */
#ifndef CMIG_ENGINE_OFFLINE_SQL_H
#define CMIG_ENGINE_OFFLINE_SQL_H

#include "cmig/audit.h"
#include "engine/step.h"

typedef struct {
    const CmigConfig *config;
    CmigDialect dialect;
    GString *script;
    char *token;
    char *table; /* the version table, quoted */
    char *audit_table;
    CmigAuditPlace place;
    gsize stop_at;          /* where the head of the script ends */
    gboolean must_stop;     /* psql must not go on behind an error */
    gboolean create_schema; /* that of the version table, when it is configured */
    gboolean created;       /* an earlier transaction of the script makes sure of cmig's tables */
    gboolean settles;       /* a section that was left half done is none of its business */
    const char *last;       /* revision of the last record that the script has written, or NULL */
} CmigOffline;

/* Begins a script for `rows`, with comments that say what it is and how to run it, and settings of
 * the session. `range` is what the user typed; `rows` NULL: for any; `steps` (CmigStep) may be
 * NULL. The same things make the same script, to the byte. */
void cmig_offline_init(CmigOffline *offline, const CmigConfig *config, CmigDialect dialect,
                       const char *what, const char *range, const GPtrArray *rows,
                       const GPtrArray *steps);
void cmig_offline_clear(CmigOffline *offline);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigOffline, cmig_offline_clear)

/* Appends one statement of cmig's own. */
void cmig_offline_add(CmigOffline *offline, const char *statement);

/* "-- Running upgrade 1975 -> ae10"; never free text, which could end the comment. */
void cmig_offline_add_running(CmigOffline *offline, const CmigStep *step);

/* BEGIN and cmig's tables, where they are missing; COMMIT and what a section left set. */
void cmig_offline_begin(CmigOffline *offline);
void cmig_offline_commit(CmigOffline *offline);
void cmig_offline_add_reset(CmigOffline *offline);

/* Statements that fail unless these are the version rows, nobody else has come between the steps of
 * the script, and no section is left half done. They say so. */
void cmig_offline_add_check(CmigOffline *offline, const char *const *rows);

/* That the version table will be where the search path leads. */
void cmig_offline_add_place_check(CmigOffline *offline);

/* cmig's lock, which a run online waits for, from here to its release; it outlasts transactions. */
void cmig_offline_add_lock(CmigOffline *offline, gboolean take);

void cmig_offline_add_changes(CmigOffline *offline, char **changes);

/* The audit record of a step: STARTED and STATEMENT say that the first `count` statements of a
 * section outside of a transaction are done. */
void cmig_offline_add_record(CmigOffline *offline, const CmigStep *step, CmigAuditEvent event,
                             guint count);
void cmig_offline_add_stamp(CmigOffline *offline, const GPtrArray *from, const GPtrArray *to);

/* The section as it stands in the file, for a transaction. */
void cmig_offline_add_section(CmigOffline *offline, const CmigStep *step);

/* A section outside of a transaction: statement by statement, each with a record of how far it
 * came, and the version rows in a transaction behind it. */
void cmig_offline_add_separately(CmigOffline *offline, const CmigStep *step,
                                 const char *const *expected, char **changes);

/* Whether psql, or the sqlite3 shell, reads the section as the database does. Errors:
 * CMIG_ERROR_CONFIG with the place. */
gboolean cmig_offline_check_section(const CmigStep *step, GError **error);

/* Appends the whole to `script`. */
void cmig_offline_finish(CmigOffline *offline, GString *script);

#endif
