/* The SQLite driver's table. */
#include "db/drivers.h"
#include "db/sqlite/sqlite.h"

/* There is nobody to ask. */
static gboolean watch(CmigDb *db, CmigDbActivity **activity)
{
    (void)db;
    (void)activity;
    return FALSE;
}

const CmigDbDriver cmig_db_sqlite = {
    .name = "SQLite",
    .dialect = CMIG_DIALECT_SQLITE,
    .capabilities = CMIG_DB_SPAN,
    .open = cmig_sqlite_open,
    .close = cmig_sqlite_close,
    .inspect = cmig_sqlite_inspect,
    .reconnect = cmig_sqlite_reconnect,
    .read_rows = cmig_sqlite_read_rows,
    .query = cmig_sqlite_query,
    .run = cmig_sqlite_run,
    .enter = cmig_sqlite_enter,
    .leave = cmig_sqlite_leave,
    .run_statement = cmig_sqlite_run_statement,
    .probe = cmig_sqlite_probe,
    .watch = watch,
    .ping = cmig_sqlite_ping,
    .judge = cmig_sqlite_judge,
    .sizes = cmig_sqlite_sizes,
    .examine = cmig_sqlite_examine,
    .backup = cmig_sqlite_backup,
    .library = "SQLite",
    .library_version = cmig_sqlite_library,
    .cancel = cmig_sqlite_cancel,
};
