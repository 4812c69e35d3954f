/* Between the files that make a script. Internal to this layer. */
#ifndef CMIG_SQL_SCAN_H
#define CMIG_SQL_SCAN_H

#include "cmig/sql.h"

/* Fills statements and gaps of a script whose other members are set; the text is NUL-terminated. */
gboolean cmig_sql_scan_into(CmigSqlScript *script, gboolean in_transaction, GError **error);

#endif
