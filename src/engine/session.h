/* What every run does first and last: the session lock, the version rows under it, the SQL that
 * changes them. */
#ifndef CMIG_ENGINE_SESSION_H
#define CMIG_ENGINE_SESSION_H

#include "cmig/run.h"

/* Polls for the session lock until `config->lock_timeout` is over, then gives the state of the
 * database. Fails with CMIG_ERROR_TRY_AGAIN when somebody else keeps the lock, and with
 * CMIG_ERROR_UNAVAILABLE when the server takes no writes. */
gboolean cmig_session_begin(CmigDb *db, const CmigConfig *config, const CmigRunObserver *observer,
                            CmigDbState **state, GError **error);

/* The version rows, sorted, whatever they say. Owned ids; the caller unrefs. With a `place` (NULL:
 * there is no audit table) `*past` is what it says; in the same round trip. `past` must be zeroed,
 * may be NULL, and is cleared by the caller. */
gboolean cmig_session_read_rows(CmigDb *db, const CmigAuditPlace *place, GPtrArray **rows,
                                CmigAuditPast *past, GError **error);

/* The schema that the configuration names for the version table is there, or is to be created with
 * it. Errors: CMIG_ERROR_CONFIG. */
gboolean cmig_session_check_schema(const CmigConfig *config, const CmigDbState *state,
                                   GError **error);

/* Whether two sorted arrays hold the same ids. */
gboolean cmig_session_same_rows(const GPtrArray *left, const GPtrArray *right);

/* The ids as a NULL-terminated array, which the caller frees; the ids are borrowed. */
const char **cmig_session_ids(const GPtrArray *rows);

/* The SQL statements of a change of `table` (quoted), in an order in which no statement hits a row
 * that an earlier one made. `rows_changed` is how many rows they must affect. The caller frees. */
GStrv cmig_session_row_changes(const char *table, const CmigRowChange *change, guint *rows_changed);

/* From the rows that are there to the rows that shall be there, with as few statements as possible.
 * Both arrays are sorted; the ids are borrowed. The caller frees. */
CmigRowChange *cmig_session_change_between(const GPtrArray *from, const GPtrArray *to);

/* Where records are, for reading; borrows all. `table` is quoted. */
CmigAuditPlace cmig_session_place(const CmigDb *db, const CmigConfig *config, const char *table);

/* What the audit record of such a change says; `from` NULL: whatever there was. The caller frees.
 */
char *cmig_session_stamp_detail(const GPtrArray *from, const GPtrArray *to);

#endif
