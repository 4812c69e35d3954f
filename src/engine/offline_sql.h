/* What offline scripts are made of, in the words of each dialect. */
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
    gboolean created; /* an earlier transaction of the script makes sure of cmig's tables */
} CmigOffline;
void cmig_offline_init(CmigOffline *offline, const CmigConfig *config, CmigDialect dialect);
void cmig_offline_clear(CmigOffline *offline);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigOffline, cmig_offline_clear)

/* Comments that say what the script is and how to run it, and settings of the session. `range` is
 * what the user typed. */
void cmig_offline_add_head(CmigOffline *offline, const char *what, const char *range);

/* "-- Running upgrade 1975 -> ae10"; never free text, which could end the comment. */
void cmig_offline_add_running(CmigOffline *offline, const CmigStep *step);

/* The configured schema of the version table. */
void cmig_offline_add_schema(CmigOffline *offline);

/* BEGIN and cmig's tables, where they are missing; COMMIT and what a section left set. */
void cmig_offline_begin(CmigOffline *offline);
void cmig_offline_commit(CmigOffline *offline);

/* A statement that fails unless these are the version rows, and says so. */
void cmig_offline_add_guard(CmigOffline *offline, const char *const *rows);
void cmig_offline_add_changes(CmigOffline *offline, char **changes);

/* The audit record of a step, or, with `begins`, that its section outside of a transaction begins.
 */
void cmig_offline_add_record(CmigOffline *offline, const CmigStep *step, gboolean begins);
void cmig_offline_add_stamp(CmigOffline *offline, const GPtrArray *from, const GPtrArray *to);

/* The section as it stands in the file. */
void cmig_offline_add_section(CmigOffline *offline, const CmigStep *step);

/* A section outside of a transaction, with its version rows in one behind it. */
void cmig_offline_add_separately(CmigOffline *offline, const CmigStep *step,
                                 const char *const *expected, char **changes);

/* Whether psql reads the section as the server does: it has variables of its own. */
gboolean cmig_offline_check_section(const CmigStep *step, GError **error);

#endif
