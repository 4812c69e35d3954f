/* Version rows as ids, and the SQL that changes them. Pure. */
#ifndef CMIG_ENGINE_VERSION_ROWS_H
#define CMIG_ENGINE_VERSION_ROWS_H

#include "cmig/graph.h"

/* Whether two sorted arrays hold the same ids. */
gboolean cmig_rows_same(const GPtrArray *left, const GPtrArray *right);

/* The ids as a NULL-terminated array, which the caller frees; the ids are borrowed. */
const char **cmig_rows_list(const GPtrArray *rows);

/* The SQL statements of a change of `table` (quoted), in an order in which no statement hits a row
 * that an earlier one made. `rows_changed` is how many rows they must affect. The caller frees. */
GStrv cmig_rows_statements(const char *table, const CmigRowChange *change, guint *rows_changed);

/* From the rows that are there to the rows that shall be there, with as few statements as possible.
 * Both arrays are sorted; the ids are borrowed. The caller frees. */
CmigRowChange *cmig_rows_between(const GPtrArray *from, const GPtrArray *to);

/* What the audit record of such a change says; `from` NULL: whatever there was. The caller frees.
 */
char *cmig_rows_describe(const GPtrArray *from, const GPtrArray *to);

#endif
