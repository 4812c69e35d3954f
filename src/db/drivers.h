/* The drivers that are built in, and what they keep to. A new one is declared here and listed in
 * db.c. */
#ifndef CMIG_DB_DRIVERS_H
#define CMIG_DB_DRIVERS_H

#include "cmig/db.h"

/* A driver reads at most one row more than this, and so many characters of each. */
#define CMIG_DB_MAX_ROWS 10000
#define CMIG_DB_MAX_ROW  "256"

extern const CmigDbDriver cmig_db_postgresql;
extern const CmigDbDriver cmig_db_sqlite;

#endif
