/* What a person wants to know about a server when a migration does not work: one message of queries
 * whose rows are facts. They read catalogs that everybody may read and wait for nothing. */
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "db/pg/pg.h"

#include <string.h>

enum { NAME, VALUE, SOURCE, PROBLEM, HINT, QUERY, COLUMNS };

#define SHOWN_QUERY 60 /* columns of a terminal */

/* Each query has the columns above; QUERY is what a session runs, and is put behind VALUE when it
 * is fit to be shown. What is long is cut off. */
typedef struct {
    const char *about;
    const char *sql;
} Examination;

#define NO_QUERY     ", NULL::text"
#define NO_PROBLEM   "NULL::text, NULL::text" NO_QUERY
#define FACTS(lines) "SELECT f.* FROM (VALUES " lines ") AS f"
#define MOST         " LIMIT 10"
#define MY_DATABASE  "datname = pg_catalog.current_database()"

/* Who runs the server, as far as its version, a function or the names of its settings show. */
#define SERVER_KIND                                                                                \
    "coalesce(', ' || pg_catalog.substring(pg_catalog.version(),"                                  \
    "  'Cockroach|Yugabyte|Greenplum|Redshift|EnterpriseDB'),"                                     \
    " (SELECT ', Amazon Aurora' FROM pg_catalog.pg_proc"                                           \
    "   WHERE proname = 'aurora_version' LIMIT 1),"                                                \
    " (SELECT ', ' || k.name FROM (VALUES (1, 'rds.%', 'Amazon RDS'),"                             \
    "   (2, 'alloydb.%', 'Google AlloyDB'), (3, 'cloudsql.%', 'Google Cloud SQL'),"                \
    "   (4, 'azure.%', 'Azure'), (5, 'neon.%', 'Neon'), (6, 'supautils.%', 'Supabase'))"           \
    "   AS k (nr, pattern, name) WHERE EXISTS (SELECT FROM pg_catalog.pg_settings s"               \
    "    WHERE s.name LIKE k.pattern) ORDER BY k.nr LIMIT 1), '')"

static const char server[] = FACTS(
    "('server', 'PostgreSQL ' || pg_catalog.current_setting('server_version') || " SERVER_KIND ","
    " NULL,"
    " CASE WHEN pg_catalog.current_setting('server_version_num')::int < 120000"
    "  THEN 'cmig is made for PostgreSQL 12 and later' END, NULL" NO_QUERY "),"
    "('role', CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'replica'"
    "  WHEN pg_catalog.current_setting('transaction_read_only')::bool THEN 'primary, read only'"
    "  ELSE 'primary' END, NULL,"
    " CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'nothing can be changed on a replica'"
    "  WHEN pg_catalog.current_setting('transaction_read_only')::bool"
    "  THEN 'transactions are read only, so nothing can be changed' END,"
    " CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'connect to the primary server; with several "
    "hosts in the URL, add target_session_attrs=read-write' ELSE"
    "  (SELECT 'default_transaction_read_only is on, set by: ' || s.source"
    "   FROM pg_catalog.pg_settings s WHERE s.name = 'default_transaction_read_only') END" NO_QUERY
    "),"
    "('user', pg_catalog.quote_ident(current_user) || CASE WHEN current_user <> session_user"
    "  THEN ', logged in as ' || pg_catalog.quote_ident(session_user) ELSE '' END"
    "  || CASE WHEN pg_catalog.current_setting('is_superuser')::bool THEN ', superuser'"
    "  ELSE '' END, NULL, " NO_PROBLEM "),"
    "('database', pg_catalog.quote_ident(pg_catalog.current_database()) || ', ' ||"
    "  pg_catalog.current_setting('server_encoding'), NULL, " NO_PROBLEM "),"
    "('search_path', pg_catalog.current_setting('search_path') || coalesce(' = ' || nullif("
    "  pg_catalog.array_to_string(pg_catalog.current_schemas(false), ', '), ''),"
    "  ', none of which exists'), (SELECT s.source FROM pg_catalog.pg_settings s"
    "  WHERE s.name = 'search_path'), " NO_PROBLEM ")");

/* What most migrations need. A schema or extension is not made every day. */
static const char rights[] =
    "SELECT 'rights', coalesce(nullif(pg_catalog.concat_ws(', ',"
    "  CASE WHEN r.in_schema THEN 'CREATE on schema ' || r.schema END,"
    "  CASE WHEN r.in_database THEN 'CREATE on the database' END), ''), 'none'), NULL,"
    " CASE WHEN NOT r.in_schema THEN r.role || ' cannot create anything in schema ' || r.schema "
    "END,"
    " pg_catalog.format('as the owner: GRANT USAGE, CREATE ON SCHEMA %s TO %s', r.schema, r.role)"
    "" NO_QUERY " FROM (SELECT pg_catalog.quote_ident(pg_catalog.current_schema()) AS schema,"
    "  pg_catalog.quote_ident(current_user) AS role,"
    "  pg_catalog.has_schema_privilege(pg_catalog.current_schema(), 'CREATE') AS in_schema,"
    "  pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS in_database)"
    " AS r";

static const char settings[] =
    "SELECT name, pg_catalog.current_setting(name), source, " NO_PROBLEM
    " FROM pg_catalog.pg_settings WHERE name IN ('lock_timeout', 'statement_timeout',"
    "  'deadlock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout',"
    "  'transaction_timeout') ORDER BY name";

static const char extensions[] =
    "SELECT 'extensions', pg_catalog.count(*) || coalesce(': ' ||"
    "  pg_catalog.string_agg(extname::text, ', ' ORDER BY extname), ''), NULL, " NO_PROBLEM
    " FROM pg_catalog.pg_extension";

/* From here on a query that takes long is given up. */
static const char patience[] = "SELECT pg_catalog.set_config('statement_timeout', '10s', true)";

/* Sessions of other users are hidden from most: they have no state. */
static const char sessions[] =
    "SELECT 'sessions', pg_catalog.count(*) || ' in this database, at most '"
    "  || pg_catalog.current_setting('max_connections') || ' on the server'"
    "  || CASE WHEN pg_catalog.count(*) > pg_catalog.count(state)"
    "   THEN pg_catalog.format('; what %s of them do is hidden from this user',"
    "    pg_catalog.count(*) - pg_catalog.count(state)) ELSE '' END, NULL, " NO_PROBLEM
    " FROM pg_catalog.pg_stat_activity WHERE " MY_DATABASE " AND backend_type = 'client backend'";

/* An application is between two statements of a transaction for a moment; that is no problem. */
static const char transactions[] =
    "SELECT 'transaction', pg_catalog.format('pid %s (%s), %s, for %s', pid,"
    "  pg_catalog.concat_ws(', ', usename, nullif(application_name, '')), state,"
    "  pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - xact_start)), NULL,"
    " CASE WHEN state LIKE 'idle in%' AND"
    "   pg_catalog.clock_timestamp() - state_change > '5 s'::interval"
    "  THEN 'it does nothing and keeps its locks: migrations may wait for it'"
    "  WHEN pg_catalog.clock_timestamp() - xact_start > '1 min'::interval"
    "  THEN 'migrations may wait for its locks, and CREATE INDEX CONCURRENTLY for its end' END,"
    " 'commit it there, or end the session: SELECT pg_terminate_backend(' || pid || ')',"
    " pg_catalog.left(query, 500)"
    " FROM pg_catalog.pg_stat_activity WHERE " MY_DATABASE
    "  AND pid <> pg_catalog.pg_backend_pid() AND xact_start IS NOT NULL"
    "  AND backend_type = 'client backend' AND (state LIKE 'idle in%'"
    "   OR pg_catalog.clock_timestamp() - xact_start > '1 min'::interval)"
    " ORDER BY xact_start" MOST;

static const char prepared[] =
    "SELECT 'prepared transaction', pg_catalog.format('%L of %I, %s old', gid, owner,"
    "  pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - prepared)), NULL,"
    " CASE WHEN pg_catalog.clock_timestamp() - prepared > '1 min'::interval"
    "  THEN 'nobody ends it, and it keeps its locks' END,"
    " pg_catalog.format('COMMIT PREPARED %1$L, or ROLLBACK PREPARED %1$L', gid)" NO_QUERY
    " FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()"
    " ORDER BY prepared" MOST;

/* Somebody who builds an index has this lock on the table, as has VACUUM. */
static const char invalid_indexes[] =
    "SELECT 'invalid index', pg_catalog.format('%s on %I%s', x.name, t.relname,"
    "  ', session ' || x.builder || ' is at work on the table'), NULL,"
    " CASE WHEN x.builder IS NULL THEN CASE WHEN x.relkind = 'I'"
    "  THEN 'not every partition has an index that is attached to it'"
    "  ELSE 'it serves no query, but every write must maintain it' END END,"
    " CASE WHEN x.relkind = 'I' THEN 'ALTER INDEX ' || x.name || ' ATTACH PARTITION ...'"
    "  ELSE pg_catalog.format('DROP INDEX CONCURRENTLY %1$s, or REINDEX INDEX CONCURRENTLY %1$s',"
    "   x.name) END" NO_QUERY
    " FROM (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.relkind, i.indrelid,"
    "  (SELECT l.pid FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.granted"
    "    AND l.relation = i.indrelid AND l.mode = 'ShareUpdateExclusiveLock'"
    "    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE " MY_DATABASE ")"
    "    AND l.pid <> pg_catalog.pg_backend_pid() LIMIT 1) AS builder"
    "  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)) AS x"
    " JOIN pg_catalog.pg_class t ON t.oid = x.indrelid ORDER BY x.name" MOST;

/* The column conenforced is there since 18: what is not enforced has nothing to validate. */
static const char constraints[] =
    "SELECT 'constraint', pg_catalog.format('%I on %s', x.conname, x.name), NULL,"
    " 'it was never validated: rows from before it may break it',"
    " pg_catalog.format('ALTER %s %s VALIDATE CONSTRAINT %I', x.kind, x.name,"
    "  x.conname)" NO_QUERY
    " FROM (SELECT k.conname, CASE WHEN t.oid IS NULL THEN 'TABLE' ELSE 'DOMAIN' END AS kind,"
    "  pg_catalog.format('%I.%I', n.nspname, coalesce(c.relname, t.typname)) AS name"
    "  FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
    "  LEFT JOIN pg_catalog.pg_type t ON t.oid = nullif(k.contypid, 0)"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = coalesce(c.relnamespace, t.typnamespace)"
    "  WHERE NOT k.convalidated AND k.conparentid = 0"
    "   AND coalesce(pg_catalog.to_jsonb(k) ->> 'conenforced', 'true') <> 'false') AS x"
    " ORDER BY x.name, x.conname" MOST;

/* Since 14. */
static const char detached[] =
    "SELECT 'partition', p.name || ' of ' || p.parent, NULL, 'it is detached in part',"
    " pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s FINALIZE', p.parent, p.name)" NO_QUERY
    " FROM (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,"
    "  pg_catalog.format('%I.%I', o.nspname, r.relname) AS parent"
    "  FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "  JOIN pg_catalog.pg_class r ON r.oid = h.inhparent"
    "  JOIN pg_catalog.pg_namespace o ON o.oid = r.relnamespace"
    "  WHERE (pg_catalog.to_jsonb(h) ->> 'inhdetachpending')::bool) AS p ORDER BY p.name" MOST;

/* Whether a message reaches the session of the login. */
static char *pooler_query(const CmigPg *pg)
{
    gboolean session = pg->base.settings.session_pooler;
    return g_strdup_printf(
        "SELECT 'pooler', CASE WHEN p.same THEN '%s' ELSE 'switches sessions' END, %s,"
        " CASE WHEN NOT p.same THEN 'a migration needs a session of its own' END, '%s'" NO_QUERY
        " FROM (SELECT pg_catalog.pg_backend_pid() = %d AS same) AS p",
        session ? "in session mode" : "none seen", session ? "'session_pooler: true'" : "NULL",
        session ? "this pooler is not in session mode: set direct_url (or DIRECT_URL) to the "
                  "server''s own URL"
                : "set direct_url (or DIRECT_URL) to the server''s own URL; if the pooler is in "
                  "session mode, say so with session_pooler: true",
        pg->backend);
}

/* Who has the lock of a run; it is not asked for. */
static char *lock_query(const CmigPg *pg)
{
    return g_strdup_printf(
        "SELECT 'lock', CASE WHEN l.pid IS NULL THEN 'free' ELSE pg_catalog.format("
        "  'held by pid %%s (%%s), connected for %%s', l.pid, pg_catalog.concat_ws(', ',"
        "   l.usename, nullif(l.application_name, '')), pg_catalog.date_trunc('second',"
        "   pg_catalog.clock_timestamp() - l.backend_start)) END, NULL,"
        " CASE WHEN l.pid IS NOT NULL THEN 'another run is at work, and every run waits for it'"
        "  END, 'wait for its end; if it hangs: SELECT pg_terminate_backend(' || l.pid || ')'"
        "" NO_QUERY " FROM (SELECT 1) AS one LEFT JOIN (SELECT k.pid, s.usename,"
        "  s.application_name, s.backend_start FROM pg_catalog.pg_locks k"
        "  LEFT JOIN pg_catalog.pg_stat_activity s ON s.pid = k.pid"
        "  WHERE k.locktype = 'advisory' AND k.granted AND k.objsubid = 1"
        "   AND k.classid = %u::oid AND k.objid = %u::oid AND k.database ="
        "    (SELECT oid FROM pg_catalog.pg_database WHERE " MY_DATABASE ") LIMIT 1) AS l ON true",
        (guint)(pg->lock_key >> 32), (guint)(pg->lock_key & G_MAXUINT32));
}

/* Only an inspection that went well has told where the lock is. */
static GArray *all_examinations(char *pooler, char *lock, gboolean has_lock)
{
    const Examination all[] = {
        {"server", server},
        {"pooler", pooler},
        {"rights", rights},
        {"settings", settings},
        {"extensions", extensions},
        {"", patience},
        {"lock", lock},
        {"sessions", sessions},
        {"transactions", transactions},
        {"prepared transactions", prepared},
        {"invalid indexes", invalid_indexes},
        {"constraints", constraints},
        {"partitions", detached},
    };
    GArray *list = g_array_new(FALSE, FALSE, sizeof(Examination));
    for (gsize idx = 0; idx < G_N_ELEMENTS(all); idx++)
        if (all[idx].sql != lock || has_lock)
            g_array_append_val(list, all[idx]);
    return list;
}

static const char *cell(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

static void add_rows(const PGresult *result, GPtrArray *report)
{
    if (PQnfields(result) != COLUMNS)
        return;
    for (int row = 0; row < PQntuples(result); row++) {
        const char *query = cell(result, row, QUERY);
        g_autofree char *shown = query != NULL ? cmig_sql_redact(query, SHOWN_QUERY) : NULL;
        const char *value = cell(result, row, VALUE);
        cmig_report_add(report, cell(result, row, NAME), cell(result, row, SOURCE), "%s%s%s",
                        value != NULL ? value : "", shown != NULL ? ": " : "",
                        shown != NULL ? shown : "");
        const char *problem = cell(result, row, PROBLEM);
        if (problem != NULL)
            cmig_report_problem(report, cell(result, row, HINT), "%s", problem);
    }
}

/* Sends the examinations from number `*next` on as one message. One that fails is a problem by
 * itself, and `*next` is behind it then. */
static gboolean examine_from(CmigPg *pg, const GArray *list, guint *next, GPtrArray *report,
                             GError **error)
{
    g_autoptr(GString) message = g_string_new(NULL);
    for (guint idx = *next; idx < list->len; idx++)
        g_string_append_printf(message, "%s;", g_array_index(list, Examination, idx).sql);
    gboolean sent = PQsendQuery(pg->conn, message->str) == 1;
    g_autoptr(CmigPgResult) failure = NULL;
    for (PGresult *result; sent && (result = PQgetResult(pg->conn)) != NULL;) {
        if (PQresultStatus(result) == PGRES_TUPLES_OK) {
            add_rows(result, report);
            ++*next;
            PQclear(result);
        } else if (failure == NULL) {
            failure = result;
        } else {
            PQclear(result);
        }
    }
    if (*next == list->len)
        return TRUE;
    GError *problem = NULL;
    cmig_pg_set_error(pg, failure, &problem);
    if (PQstatus(pg->conn) != CONNECTION_OK || cmig_interrupt_requested()) {
        g_propagate_error(error, problem);
        return FALSE;
    }
    cmig_report_add(report, g_array_index(list, Examination, *next).about, NULL, "not known");
    ++*next;
    cmig_report_error(report, problem);
    g_error_free(problem);
    return TRUE;
}

gboolean cmig_pg_examine(CmigDb *db, GPtrArray *report, GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    g_autofree char *pooler = pooler_query(pg);
    g_autofree char *lock = lock_query(pg);
    g_autoptr(GArray) list = all_examinations(pooler, lock, pg->lock_key != 0);
    for (guint next = 0; next < list->len;)
        if (!examine_from(pg, list, &next, report, error))
            return FALSE;
    return TRUE;
}

char *cmig_pg_library(void)
{
    int version = PQlibVersion();
    return g_strdup_printf("%d.%d", version / 10000, version % 10000);
}
