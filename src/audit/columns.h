/* The columns of the audit table and their canonical JSON, in SQL and in C. */
#ifndef CMIG_AUDIT_COLUMNS_H
#define CMIG_AUDIT_COLUMNS_H

#include "cmig/audit_log.h"

/* The columns but for `hash`, in the order of canonical JSON: by their names. */
extern const CmigAuditColumnId cmig_audit_canonical[CMIG_COLUMNS - 1];

/* The SQL expression of a row's hash on SQLite, whose json_object makes the canonical form of what
 * comes in the right order; `values` are the expressions of the columns. The caller frees. */
char *cmig_audit_hash_sqlite(char *const *values);

/* On PostgreSQL row_to_json does so: the expression of the hash, of a row `j`; and its columns,
 * which the caller frees. */
extern const char cmig_audit_hash_postgresql[];
char *cmig_audit_json_row_postgresql(const char *row);

/* A column as text there, as canonical JSON has it; null stays null. The caller frees. */
char *cmig_audit_text_postgresql(CmigAuditColumnId column, const char *row);

/* "version_table = 'alembic_version'", with what stands before the column. The caller frees. */
char *cmig_audit_own_rows_sql(const CmigAuditPlace *place, const char *row);

/* The names of all columns, separated by commas. The caller frees. */
char *cmig_audit_column_list(void);

#endif
