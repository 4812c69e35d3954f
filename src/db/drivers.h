/* The drivers that are built in, and what they keep to. A new one is declared here and listed in
 * db.c. */
#ifndef CMIG_DB_DRIVERS_H
#define CMIG_DB_DRIVERS_H

#include "cmig/db.h"

/* A driver reads at most one row more than this, and so many characters of each. */
#define CMIG_DB_MAX_ROWS 10000
#define CMIG_DB_MAX_ROW  "256"

/* Behind a record that was not to be written. */
#define CMIG_DB_AUDIT_HINT                                                                         \
    "nothing of this transaction is applied. If the audit table is not as cmig made it, rename "   \
    "it: the next run begins a new one"

/* For a record that a trigger or a rule made nothing of. */
void cmig_db_set_row_not_taken(GError **error);

/* Adds to an error that it came of reading the audit table; `damaged`: which is not as it was made.
 */
void cmig_db_set_audit_error(const CmigDb *db, gboolean damaged, GError **error);

extern const CmigDbDriver cmig_db_postgresql;
extern const CmigDbDriver cmig_db_sqlite;

#endif
