/* The audit records of one run: where they go, what all of them say, and the last one's hash. */
#ifndef CMIG_ENGINE_LOG_H
#define CMIG_ENGINE_LOG_H

#include "cmig/audit.h"

typedef struct {
    CmigDb *db;
    char *token;              /* of the run */
    char *table;              /* quoted and qualified */
    CmigAuditContext context; /* of all records; to be completed before the first */
    CmigAuditPlace place;
    gboolean create; /* there is no table yet */
    char *head;      /* hash of the last record that was committed, or NULL */
    gboolean stale;  /* there are later ones */
} CmigRunLog;

/* For a database that `state` describes, which must outlive it. It stays where it is in memory;
 * clear it afterwards. */
void cmig_log_init(CmigRunLog *log, CmigDb *db, const CmigDbState *state);
void cmig_log_clear(CmigRunLog *log);

/* The statements that make the table, NULL when it is there. The caller frees. */
GStrv cmig_log_setup(const CmigRunLog *log);

/* Remembers what a unit with records returned. */
void cmig_log_note(CmigRunLog *log, const CmigDbUnit *unit, const CmigDbOutcome *outcome);

/* Writes a record in a transaction of its own, also when the run was interrupted. Where there is no
 * audit table, it is made first; but a refusal changes nothing and is not recorded then. */
gboolean cmig_log_write(CmigRunLog *log, const CmigAuditRecord *record, GError **error);

/* The hash of the last record, borrowed; NULL when none was written, or it was forgotten. */
const char *cmig_log_head(CmigRunLog *log);

/* Until the next record there is none. */
void cmig_log_forget_head(CmigRunLog *log);

#endif
