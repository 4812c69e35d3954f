/* Records of the audit log as text and as JSON. */
#ifndef CMIG_CLI_AUDIT_ROWS_H
#define CMIG_CLI_AUDIT_ROWS_H

#include "cli/cli.h"

#include "cmig/audit_log.h"

/* A table, oldest first, of rows that are newest first. */
void cmig_audit_print_list(const GPtrArray *rows);

/* Such rows as a list, oldest first. */
json_t *cmig_audit_rows_json(const GPtrArray *rows);

/* One row with all its fields. */
void cmig_audit_print_row(const CmigAuditRow *row);
json_t *cmig_audit_row_to_json(const CmigAuditRow *row);

#endif
