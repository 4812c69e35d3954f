/* A second connection that looks at what the server is doing for the first: progress where the
 * server reports it, and who holds the lock that it waits for. It is a help, never a condition:
 * what goes wrong here is not told. */
#include "db/pg/pg.h"

#include <string.h>

#define CONNECT_TIMEOUT "3" /* seconds */

/* Where the server reports progress, since which version, and how much of the phase is done. */
typedef struct {
    const char *view;
    int version;
    const char *prefix; /* of the phase */
    const char *fraction;
} ProgressView;

static const ProgressView views[] = {
    {"create_index", 120000, "''",
     "CASE WHEN p.blocks_total > 0 THEN p.blocks_done / p.blocks_total::float WHEN p.tuples_total "
     "> 0 THEN p.tuples_done / p.tuples_total::float END"},
    {"vacuum", 90600, "'VACUUM: '",
     "CASE WHEN p.heap_blks_total > 0 THEN p.heap_blks_scanned / p.heap_blks_total::float END"},
    {"cluster", 120000, "p.command || ': '",
     "CASE WHEN p.heap_blks_total > 0 THEN p.heap_blks_scanned / p.heap_blks_total::float END"},
    {"analyze", 130000, "'ANALYZE: '",
     "CASE WHEN p.sample_blks_total > 0 THEN p.sample_blks_scanned / p.sample_blks_total::float "
     "END"},
};

/* COPY has no phases; of data that a client sends the server does not know the end. */
static const char copy_view[] =
    "SELECT p.command || ', ' || p.tuples_processed || ' rows', CASE WHEN p.bytes_total > 0 THEN "
    "p.bytes_processed / p.bytes_total::float END FROM pg_catalog.pg_stat_progress_copy p WHERE "
    "p.pid = $1";

static const char blockers_query[] =
    "SELECT a.pid, coalesce(a.usename::text, ''), coalesce(a.application_name, ''), "
    "coalesce(a.state,"
    " a.backend_type, ''), coalesce(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - "
    "a.xact_start), 0), pg_catalog.left(coalesce(a.query, ''), 60) FROM "
    "pg_catalog.pg_stat_activity "
    "a WHERE a.pid = ANY (pg_catalog.pg_blocking_pids($1)) ORDER BY a.xact_start";

void cmig_pg_watch_close(CmigPg *pg)
{
    g_clear_pointer(&pg->watcher, PQfinish);
}

static void ignore_notice(void *data, const PGresult *result)
{
    (void)data;
    (void)result;
}

/* Connects as the first connection is connected, to the host that it found. */
static PGconn *connect_again(const CmigPg *pg)
{
    g_autoptr(GPtrArray) keywords = g_ptr_array_new();
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    PQconninfoOption *options = PQconninfo(pg->conn);
    for (const PQconninfoOption *option = options; option && option->keyword; option++) {
        const char *value = option->val;
        if (strcmp(option->keyword, "host") == 0)
            value = PQhost(pg->conn);
        else if (strcmp(option->keyword, "hostaddr") == 0)
            value = value != NULL && *value != '\0' ? PQhostaddr(pg->conn) : NULL;
        else if (strcmp(option->keyword, "port") == 0)
            value = PQport(pg->conn);
        else if (strcmp(option->keyword, "connect_timeout") == 0)
            value = CONNECT_TIMEOUT;
        if (value == NULL || *value == '\0')
            continue;
        g_ptr_array_add(keywords, option->keyword);
        g_ptr_array_add(values, (gpointer)(guintptr)value);
    }
    g_ptr_array_add(keywords, NULL);
    g_ptr_array_add(values, NULL);
    PGconn *conn = PQconnectdbParams((const char *const *)keywords->pdata,
                                     (const char *const *)values->pdata, 0);
    PQconninfoFree(options);
    if (PQstatus(conn) != CONNECTION_OK)
        g_clear_pointer(&conn, PQfinish);
    if (conn != NULL) {
        PQsetNoticeReceiver(conn, ignore_notice, NULL);
        PQclear(PQexec(conn, "SET statement_timeout = '1s'"));
    }
    return conn;
}

static PGresult *ask(CmigPg *pg, const char *query)
{
    g_autofree char *backend = g_strdup_printf("%d", PQbackendPID(pg->conn));
    const char *values[] = {backend};
    static const Oid types[] = {23}; /* INT4OID */
    PGresult *result = PQexecParams(pg->watcher, query, 1, types, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        g_clear_pointer(&result, PQclear);
    return result;
}

/* The query over all views that this server has. */
static char *progress_query(const CmigPg *pg)
{
    g_autoptr(GString) query = g_string_new(NULL);
    int version = PQserverVersion(pg->watcher);
    for (gsize idx = 0; idx < G_N_ELEMENTS(views); idx++)
        if (version >= views[idx].version)
            g_string_append_printf(query,
                                   "SELECT %s || p.phase, %s FROM "
                                   "pg_catalog.pg_stat_progress_%s p WHERE p.pid = $1 UNION ALL ",
                                   views[idx].prefix, views[idx].fraction, views[idx].view);
    if (version >= 140000)
        g_string_append(query, copy_view);
    else
        g_string_append(query, "SELECT NULL, NULL WHERE false");
    return g_strdup(query->str);
}

static void read_blockers(CmigPg *pg, CmigDbActivity *activity)
{
    enum { PID, USER, APPLICATION, STATE, AGE, QUERY };
    g_autoptr(CmigPgResult) result = ask(pg, blockers_query);
    for (int row = 0; row < PQntuples(result); row++) {
        CmigDbBlocker *blocker = g_new0(CmigDbBlocker, 1);
        blocker->pid = (int)g_ascii_strtoll(PQgetvalue(result, row, PID), NULL, 10);
        blocker->user = g_strdup(PQgetvalue(result, row, USER));
        blocker->application = g_strdup(PQgetvalue(result, row, APPLICATION));
        blocker->state = g_strdup(PQgetvalue(result, row, STATE));
        blocker->age =
            (gint64)(g_ascii_strtod(PQgetvalue(result, row, AGE), NULL) * G_USEC_PER_SEC);
        blocker->query = g_strdup(PQgetvalue(result, row, QUERY));
        g_ptr_array_add(activity->blockers, blocker);
    }
    activity->waiting = activity->blockers->len > 0;
}

gboolean cmig_pg_watch(CmigDb *db, CmigDbActivity **activity)
{
    CmigPg *pg = (CmigPg *)db;
    if (pg->watcher == NULL && !pg->watch_failed)
        pg->watcher = connect_again(pg);
    if (pg->watcher != NULL && PQstatus(pg->watcher) != CONNECTION_OK)
        cmig_pg_watch_close(pg);
    pg->watch_failed = pg->watcher == NULL; /* one try is enough */
    if (pg->watch_failed)
        return FALSE;
    CmigDbActivity *found = cmig_db_activity_new();
    g_autofree char *query = progress_query(pg);
    g_autoptr(CmigPgResult) progress = ask(pg, query);
    if (PQntuples(progress) > 0) {
        found->phase = g_strdup(PQgetvalue(progress, 0, 0));
        if (!PQgetisnull(progress, 0, 1))
            found->fraction = CLAMP(g_ascii_strtod(PQgetvalue(progress, 0, 1), NULL), 0, 1);
    }
    read_blockers(pg, found);
    *activity = found;
    return TRUE;
}
