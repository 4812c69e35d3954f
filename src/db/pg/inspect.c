/* What a run must know before it starts, in one query, and the version rows. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "db/drivers.h"
#include "db/pg/pg.h"

#include <stdlib.h>
#include <string.h>

/* $1 table, $2 schema or null, $3 whether to take the lock, $4 the backend that has our session: in
 * another one, which a pooler chose, the lock would be left behind. The key is made of the names as
 * the server resolves them, so that every spelling of a configuration shares one lock. $5 is the
 * audit table. Every function is qualified: a search path may hold others of the same name. */
static const char inspect_query[] =
    "WITH place AS MATERIALIZED ("
    /* As the search path finds it, but never a temporary table. */
    " SELECT coalesce($2::text,"
    "  (SELECT s.name::text FROM pg_catalog.unnest(pg_catalog.current_schemas(false))"
    "    WITH ORDINALITY AS s (name, position)"
    "   LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = s.name"
    "   LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $1::text"
    "   WHERE NOT pg_catalog.starts_with(s.name::text, 'pg_temp_')"
    "   ORDER BY c.oid IS NULL, s.position LIMIT 1)) AS schema),"
    " lock AS MATERIALIZED ("
    " SELECT schema, pg_catalog.hashtextextended('cmig ' || pg_catalog.quote_ident(schema) || '.'"
    "  || pg_catalog.quote_ident($1), 0) AS key FROM place),"
    " attempt AS MATERIALIZED ("
    " SELECT schema, key, CASE WHEN $3::bool AND pg_catalog.pg_backend_pid() = $4::int4"
    "  THEN pg_catalog.pg_try_advisory_lock(key)"
    "  ELSE false END AS locked FROM lock)"
    " SELECT pg_catalog.current_setting('server_version'),"
    "  pg_catalog.pg_is_in_recovery() OR"
    "   pg_catalog.current_setting('transaction_read_only')::bool,"
    "  pg_catalog.pg_backend_pid(),"
    "  a.schema,"
    "  m.oid IS NOT NULL,"
    "  c.oid IS NOT NULL,"
    "  a.locked,"
    "  CASE WHEN NOT a.locked AND $3::bool THEN"
    "   (SELECT pg_catalog.concat_ws(', ', 'pid ' || l.pid, nullif(s.application_name, ''),"
    "     'connected for ' || pg_catalog.date_trunc('second',"
    "      pg_catalog.clock_timestamp() - s.backend_start))"
    "    FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity s ON s.pid = l.pid"
    "    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    "     AND l.database = d.oid"
    "     AND l.classid = ((a.key >> 32) & 4294967295)::oid"
    "     AND l.objid = (a.key & 4294967295)::oid LIMIT 1) END,"
    "  a.key,"
    "  u.oid IS NOT NULL,"
    "  coalesce(pg_catalog.has_table_privilege(u.oid, 'SELECT'), false),"
    "  (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'),"
    /* Since 14, where the operating system can; some managed servers keep it for themselves. */
    "  EXISTS (SELECT FROM pg_catalog.pg_settings"
    "   WHERE name = 'client_connection_check_interval' AND setting = '0' AND context = 'user'"
    "    AND pg_catalog.version() ~ 'linux|darwin|bsd'),"
    "  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'a partitioned table'"
    "   WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view'"
    "   WHEN 'f' THEN 'a foreign table' WHEN 'S' THEN 'a sequence' WHEN 'c' THEN 'a type'"
    "   ELSE 'an index' END,"
    "  pg_catalog.format_type(v.atttypid, v.atttypmod),"
    "  coalesce(t.typcategory = 'S', false),"
    /* char and varchar count themselves and four bytes, also below a domain; name a final byte. */
    "  CASE WHEN t.typlen > 0 THEN t.typlen - 1"
    "   ELSE greatest(coalesce(nullif(v.atttypmod, -1), t.typtypmod) - 4, 0) END,"
    "  (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(o.attname), ', ' ORDER BY o.attnum)"
    "   FROM pg_catalog.pg_attribute o JOIN pg_catalog.pg_type y ON y.oid = o.atttypid"
    "   WHERE o.attrelid = v.attrelid AND o.attnum > 0 AND NOT o.attisdropped AND o.attnotnull"
    "    AND NOT o.atthasdef AND o.attidentity = '' AND y.typdefault IS NULL"
    "    AND o.attnum <> v.attnum),"
    "  nullif(pg_catalog.concat_ws(', ',"
    "   CASE WHEN NOT pg_catalog.has_column_privilege(c.oid, v.attnum, 'SELECT') THEN 'SELECT' END,"
    "   CASE WHEN NOT pg_catalog.has_column_privilege(c.oid, v.attnum, 'INSERT') THEN 'INSERT' END,"
    "   CASE WHEN NOT pg_catalog.has_column_privilege(c.oid, v.attnum, 'UPDATE') THEN 'UPDATE' END,"
    "   CASE WHEN NOT pg_catalog.has_table_privilege(c.oid, 'DELETE') THEN 'DELETE' END), ''),"
    "  CASE WHEN NOT pg_catalog.has_schema_privilege(m.oid, 'USAGE') THEN 'USAGE'"
    "   WHEN c.oid IS NULL AND NOT pg_catalog.has_schema_privilege(m.oid, 'CREATE')"
    "   THEN 'CREATE' END,"
    "  pg_catalog.quote_ident(current_user),"
    "  d.datname,"
    /* Some managed servers keep it for themselves. */
    "  CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')"
    "   THEN (SELECT system_identifier FROM pg_catalog.pg_control_system()) || '/' || d.oid END"
    " FROM attempt a"
    " JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()"
    " LEFT JOIN pg_catalog.pg_namespace m ON m.nspname = a.schema"
    " LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = m.oid AND c.relname = $1::text"
    " LEFT JOIN pg_catalog.pg_class u ON u.relnamespace = m.oid AND u.relname = $5::text"
    " LEFT JOIN pg_catalog.pg_attribute v ON v.attrelid = c.oid AND v.attname = 'version_num'"
    "  AND NOT v.attisdropped AND c.relkind = 'r'"
    " LEFT JOIN pg_catalog.pg_type t ON t.oid = v.atttypid";

enum {
    VERSION,
    READ_ONLY,
    BACKEND,
    SCHEMA,
    SCHEMA_EXISTS,
    TABLE_EXISTS,
    LOCKED,
    HOLDER,
    LOCK_KEY,
    AUDIT_EXISTS,
    AUDIT_READABLE,
    DEADLOCK_TIMEOUT,
    CAN_WATCH_CLIENT,
    TABLE_KIND,
    COLUMN_TYPE,
    COLUMN_IS_TEXT,
    COLUMN_WIDTH,
    REQUIRED_COLUMNS,
    LACKING,
    SCHEMA_LACKING,
    USER,
    DATABASE,
    IDENTITY,
    COLUMNS
};

static gboolean is_true(const PGresult *result, int column)
{
    return strcmp(PQgetvalue(result, 0, column), "t") == 0;
}

static gboolean check_place(const PGresult *result, GError **error)
{
    if (!PQgetisnull(result, 0, SCHEMA))
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                        "no schema of the search path exists, so there is no place for the "
                        "version table");
    cmig_error_set_hint(error, "set version_table_schema, or create the schema");
    return FALSE;
}

static char *text_or_null(const PGresult *result, int column)
{
    return PQgetisnull(result, 0, column) ? NULL : g_strdup(PQgetvalue(result, 0, column));
}

static void describe_table(const PGresult *result, CmigDbTable *table)
{
    cmig_db_table_clear(table);
    if (is_true(result, TABLE_EXISTS))
        table->kind = text_or_null(result, TABLE_KIND);
    table->type = text_or_null(result, COLUMN_TYPE);
    table->is_text = is_true(result, COLUMN_IS_TEXT);
    table->width =
        (guint)g_ascii_strtoull(PQgetvalue(result, 0, COLUMN_WIDTH), NULL, 10); /* NULL is "" */
    table->required = text_or_null(result, REQUIRED_COLUMNS);
    table->lacking = text_or_null(result, LACKING);
    table->schema_lacking = text_or_null(result, SCHEMA_LACKING);
    table->user = text_or_null(result, USER);
}

/* Behind a transaction pooler the session lock would stay with a connection that others use. */
static gboolean check_pooler(const CmigPg *pg, const PGresult *result, GError **error)
{
    if (g_ascii_strtoll(PQgetvalue(result, 0, BACKEND), NULL, 10) == pg->backend)
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE,
                "%s is reached through a connection pooler that switches sessions",
                pg->base.display);
    if (pg->base.settings.session_pooler)
        cmig_error_set_hint(error, "session_pooler is set, but this pooler is not in session mode: "
                                   "set direct_url (or DIRECT_URL) to the server's own URL");
    else
        cmig_error_set_hint(error, "migrations need a session of their own: set direct_url (or "
                                   "DIRECT_URL) to the server's own URL; if the pooler is in "
                                   "session mode, say so with session_pooler: true");
    return FALSE;
}

/* The host that was reached, unless it is this machine. Where there is an address, the connection
 * went there, whatever folder or name stands beside it. */
static char *remote_host(const PGconn *conn)
{
    const char *host = PQhost(conn) != NULL ? PQhost(conn) : "";
    const char *address = PQhostaddr(conn) != NULL ? PQhostaddr(conn) : "";
    gboolean folder = *host == '\0' || *host == '/' || *host == '@';
    gboolean local = *address == '\0'
                         ? folder
                         : g_str_has_prefix(address, "127.") || strcmp(address, "::1") == 0;
    return local ? NULL : g_strdup(folder ? address : host);
}

gboolean cmig_pg_inspect(CmigDb *db, gboolean take_lock, CmigDbState **state, GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    const CmigVersionTable *table = db->settings.version_table;
    g_autofree char *backend = g_strdup_printf("%d", pg->backend);
    const char *values[] = {table->name, table->schema, take_lock ? "t" : "f", backend,
                            db->settings.audit_table};
    g_autoptr(CmigPgResult) result =
        PQexecParams(pg->conn, inspect_query, G_N_ELEMENTS(values), NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        cmig_pg_set_error(pg, result, error);
        g_prefix_error(error, "cannot inspect the database: ");
        return FALSE;
    }
    if (PQntuples(result) != 1 || PQnfields(result) != COLUMNS) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE,
                    "%s does not answer as PostgreSQL does", db->display);
        return FALSE;
    }
    /* A look at the database needs no session. */
    if ((take_lock && !check_pooler(pg, result, error)) || !check_place(result, error))
        return FALSE;
    pg->table_exists = is_true(result, TABLE_EXISTS);
    pg->can_watch_client = is_true(result, CAN_WATCH_CLIENT);
    describe_table(result, &db->table);
    CmigDbState *found = g_new0(CmigDbState, 1);
    g_autofree char *version = cmig_text_escape(PQgetvalue(result, 0, VERSION));
    found->server = g_strdup_printf("PostgreSQL %s", version);
    found->locked = is_true(result, LOCKED);
    pg->locked = pg->locked || found->locked;
    pg->lock_key = (guint64)g_ascii_strtoll(PQgetvalue(result, 0, LOCK_KEY), NULL, 10);
    found->lock_holder =
        PQgetisnull(result, 0, HOLDER) ? NULL : cmig_text_escape(PQgetvalue(result, 0, HOLDER));
    found->read_only = is_true(result, READ_ONLY);
    found->tls = cmig_pg_describe_tls(pg);
    found->table_exists = pg->table_exists;
    found->audit_exists = is_true(result, AUDIT_EXISTS);
    found->audit_readable = is_true(result, AUDIT_READABLE);
    /* A database without an encoding takes all bytes. */
    const char *encoding = PQparameterStatus(pg->conn, "server_encoding");
    found->ascii = g_strcmp0(encoding, "UTF8") != 0 && g_strcmp0(encoding, "SQL_ASCII") != 0;
    found->deadlock_timeout =
        (guint)g_ascii_strtoull(PQgetvalue(result, 0, DEADLOCK_TIMEOUT), NULL, 10);
    found->table_schema = g_strdup(PQgetvalue(result, 0, SCHEMA));
    found->schema_exists = is_true(result, SCHEMA_EXISTS);
    found->host = remote_host(pg->conn);
    found->database = text_or_null(result, DATABASE);
    found->identity = text_or_null(result, IDENTITY);
    *state = found;
    return TRUE;
}

/* The rows of a result as texts. */
static GPtrArray *take_rows(const PGresult *result)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    int columns = PQnfields(result);
    for (int row = 0; row < PQntuples(result); row++) {
        GStrv cells = g_new0(char *, (gsize)columns + 1);
        for (int column = 0; column < columns; column++)
            cells[column] = g_strdup(PQgetvalue(result, row, column));
        g_ptr_array_add(rows, cells);
    }
    return rows;
}

gboolean cmig_pg_query(CmigDb *db, const char *sql, GPtrArray **rows, GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    g_autoptr(CmigPgResult) result = PQexec(pg->conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        cmig_pg_set_error(pg, result, error);
        return FALSE;
    }
    *rows = take_rows(result);
    return TRUE;
}

static gboolean fail_read(CmigPg *pg, const PGresult *result, GError **error)
{
    g_autofree char *table = cmig_db_version_table(&pg->base);
    g_autofree char *shown = cmig_text_escape(table);
    cmig_pg_set_error(pg, result, error);
    g_prefix_error(error, "cannot read the version table %s: ", shown);
    if (g_strcmp0(PQresultErrorField(result, PG_DIAG_SQLSTATE), "42703") == 0)
        cmig_error_set_hint(error, "this is no version table: it has no column version_num; "
                                   "configure another version_table");
    if (g_strcmp0(PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION), "check_enable_rls") == 0)
        cmig_error_set_hint(error, "row-level security hides version rows from this user: "
                                   "connect as one with BYPASSRLS, or switch it off for this "
                                   "table");
    return FALSE;
}

static gboolean fail_read_audit(CmigPg *pg, const PGresult *result, GError **error)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    gboolean damaged =
        sqlstate != NULL && g_str_has_prefix(sqlstate, "42") && strcmp(sqlstate, "42501") != 0;
    cmig_pg_set_error(pg, result, error);
    cmig_db_set_audit_error(&pg->base, damaged, error);
    return FALSE;
}

/* The answers to the queries, in one round trip; those of statements before the last `count` are of
 * no interest. `*answered`: how many there were. */
static gboolean exchange_queries(CmigPg *pg, const char *text, PGresult **results, guint count,
                                 PGresult **failure, guint *answered)
{
    GQueue answers = G_QUEUE_INIT;
    *failure = NULL;
    if (PQsendQuery(pg->conn, text) == 1) {
        for (PGresult *result; (result = PQgetResult(pg->conn)) != NULL;) {
            if (PQresultStatus(result) == PGRES_TUPLES_OK)
                g_queue_push_tail(&answers, result);
            else if (*failure == NULL)
                *failure = result;
            else
                PQclear(result);
        }
    }
    *answered = answers.length;
    gboolean complete = *failure == NULL && answers.length >= count;
    for (guint idx = 0; complete && idx < count; idx++)
        results[count - 1 - idx] = g_queue_pop_tail(&answers);
    g_queue_clear_full(&answers, (GDestroyNotify)PQclear);
    return complete;
}

gboolean cmig_pg_read_rows(CmigDb *db, const char *also, GPtrArray **rows, GPtrArray **also_rows,
                           GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    PGresult *results[2] = {NULL, NULL};
    g_autoptr(CmigPgResult) failure = NULL;
    g_autofree char *table = cmig_db_version_table(db);
    /* Row-level security would hide rows: with this setting the server refuses instead. */
    g_autofree char *query =
        g_strdup_printf("SELECT pg_catalog.set_config('row_security', 'off', true);"
                        "SELECT pg_catalog.substr(version_num::pg_catalog.text, 1, " CMIG_DB_MAX_ROW
                        ") FROM %s LIMIT %d;%s",
                        table, CMIG_DB_MAX_ROWS + 1, also != NULL ? also : "");
    guint count = also != NULL ? 2 : 1;
    guint answered = 0;
    if (pg->table_exists && !exchange_queries(pg, query, results, count, &failure, &answered)) {
        if (answered == 2)
            return fail_read_audit(pg, failure, error);
        /* 42P01: a transaction that created the table was rolled back. */
        if (g_strcmp0(PQresultErrorField(failure, PG_DIAG_SQLSTATE), "42P01") != 0)
            return fail_read(pg, failure, error);
    }
    g_autoptr(CmigPgResult) versions = results[0];
    g_autoptr(CmigPgResult) others = results[1];
    for (int row = 0; row < PQntuples(versions); row++)
        g_ptr_array_add(found, g_strdup(PQgetvalue(versions, row, 0)));
    *rows = g_steal_pointer(&found);
    *also_rows = take_rows(others);
    return TRUE;
}
