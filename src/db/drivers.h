/* The drivers that are built in. A new one is declared here and listed in db.c. */
#ifndef CMIG_DB_DRIVERS_H
#define CMIG_DB_DRIVERS_H

#include "cmig/db.h"

extern const CmigDbDriver cmig_db_postgresql;
extern const CmigDbDriver cmig_db_sqlite;

#endif
