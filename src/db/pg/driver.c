/* The PostgreSQL driver's table. */
#include "db/drivers.h"
#include "db/pg/pg.h"

static gboolean judge(CmigDb *db, CmigJudge **judge, GError **error)
{
    (void)error;
    *judge = cmig_judge_new_postgresql(db->table_schema);
    return TRUE;
}

const CmigDbDriver cmig_db_postgresql = {
    .name = "PostgreSQL",
    .dialect = CMIG_DIALECT_POSTGRESQL,
    .capabilities = CMIG_DB_SESSION_LOCK | CMIG_DB_SCHEMAS | CMIG_DB_COPY | CMIG_DB_SPAN,
    .open = cmig_pg_open,
    .close = cmig_pg_close,
    .inspect = cmig_pg_inspect,
    .reconnect = cmig_pg_reconnect,
    .read_rows = cmig_pg_read_rows,
    .query = cmig_pg_query,
    .run = cmig_pg_run,
    .enter = cmig_pg_enter,
    .leave = cmig_pg_leave,
    .run_statement = cmig_pg_run_statement,
    .probe = cmig_pg_probe,
    .watch = cmig_pg_watch,
    .ping = cmig_pg_ping,
    .judge = judge,
    .sizes = cmig_pg_sizes,
    .examine = cmig_pg_examine,
    .library = "libpq",
    .library_version = cmig_pg_library,
    .cancel = cmig_pg_cancel,
};
