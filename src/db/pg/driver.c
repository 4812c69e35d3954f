/* The PostgreSQL driver's table. */
#include "db/drivers.h"
#include "pg.h"

const CmigDbDriver cmig_db_postgresql = {
    .name = "PostgreSQL",
    .dialect = CMIG_DIALECT_POSTGRESQL,
    .capabilities = CMIG_DB_SESSION_LOCK | CMIG_DB_SCHEMAS | CMIG_DB_COPY | CMIG_DB_SPAN,
    .open = cmig_pg_open,
    .close = cmig_pg_close,
    .inspect = cmig_pg_inspect,
    .read_rows = cmig_pg_read_rows,
    .run = cmig_pg_run,
    .ping = cmig_pg_ping,
    .cancel = cmig_pg_cancel,
};
