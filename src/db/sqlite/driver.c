/* The SQLite driver's table. */
#include "db/drivers.h"
#include "sqlite.h"

const CmigDbDriver cmig_db_sqlite = {
    .name = "SQLite",
    .dialect = CMIG_DIALECT_SQLITE,
    .capabilities = CMIG_DB_SPAN,
    .open = cmig_sqlite_open,
    .close = cmig_sqlite_close,
    .inspect = cmig_sqlite_inspect,
    .read_rows = cmig_sqlite_read_rows,
    .run = cmig_sqlite_run,
    .ping = cmig_sqlite_ping,
    .cancel = cmig_sqlite_cancel,
};
