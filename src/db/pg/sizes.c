/* How large tables are, for the guard: from the catalogs, and where these say "not many rows" by
 * counting a few. Statistics may be old or missing, rights may be lacking, tables may be locked:
 * the answer is then rather too large than too small. Nothing waits long and nothing is changed. */
#include "db/pg/pg.h"

#include <string.h>

/* For the transaction of one question: a lock that is not to be had is an answer too. */
static const char settings_query[] =
    "SELECT pg_catalog.set_config('transaction_read_only', 'on', true),"
    " pg_catalog.set_config('row_security', 'off', true),"
    " pg_catalog.set_config('lock_timeout', '100ms', true),"
    " pg_catalog.set_config('statement_timeout', $1, true)";

#define CATALOG_TIMEOUT "10s"
#define COUNT_TIMEOUT   "1s"

enum { SMALLEST_ROW = 28, MOST_TABLES_COUNTED = 200 };

/* Kind, schema and name of each target; whether a table may be opened to learn its size. The names
 * are compared as they are, so no quoting is in the way; those without a schema are found by the
 * search path. Partitions and children count with their parent, and tables that refer to it where
 * rows of theirs go along.
 *
 * Of each table: `heap` is the size of its rows now, `rows` what the statistics know of so much,
 * NULL = nothing. Opening a table that somebody has locked would wait for him. */
static const char tables_query[] =
    "WITH RECURSIVE wanted AS (SELECT * FROM ROWS FROM (pg_catalog.unnest($1::text[]),"
    "  pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]), pg_catalog.unnest($7::text[]))"
    "  WITH ORDINALITY AS w (kind, schema, name, actions, nr)),"
    " path AS (SELECT n.oid, p.nr FROM pg_catalog.unnest(pg_catalog.current_schemas(true))"
    "  WITH ORDINALITY AS p (name, nr) JOIN pg_catalog.pg_namespace n ON n.nspname = p.name),"
    " relations AS (SELECT DISTINCT ON (w.nr) w.nr, c.oid, w.actions FROM wanted w"
    "  JOIN pg_catalog.pg_class c ON c.relname = w.name::name AND pg_catalog.strpos("
    "   CASE w.kind WHEN 'table' THEN 'rpfmv' WHEN 'foreign table' THEN 'f' WHEN 'view' THEN 'v'"
    "   WHEN 'materialized view' THEN 'm' WHEN 'index' THEN 'iI' WHEN 'sequence' THEN 'S'"
    "   ELSE '' END, c.relkind::text) > 0"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN path p ON p.oid = n.oid"
    "  WHERE n.nspname = w.schema::name OR (w.schema = '' AND p.nr IS NOT NULL)"
    "  ORDER BY w.nr, p.nr),"
    " edges AS (SELECT inhparent AS top, inhrelid AS below, '' AS action FROM "
    "pg_catalog.pg_inherits"
    "  UNION ALL SELECT confrelid, conrelid, confdeltype::text FROM pg_catalog.pg_constraint"
    "  WHERE contype = 'f'),"
    " tree AS (SELECT nr, oid, actions, false AS refers FROM relations UNION"
    "  SELECT t.nr, e.below, t.actions, t.refers OR e.action <> '' FROM tree t"
    "   JOIN edges e ON e.top = t.oid AND (e.action = '' OR"
    "    pg_catalog.strpos(t.actions, e.action) > 0)),"
    " namespaces AS (SELECT w.nr, n.oid FROM wanted w JOIN pg_catalog.pg_namespace n"
    "  ON (w.kind = 'schema' AND n.nspname = w.name::name) OR (w.kind = 'database' AND"
    "   w.name::name = pg_catalog.current_database() AND n.nspname <> 'information_schema' AND"
    "   n.nspname !~ '^pg_')),"
    " members AS (SELECT nr, oid, bool_and(refers) AS refers FROM tree GROUP BY nr, oid"
    "  UNION ALL SELECT s.nr, c.oid, false FROM namespaces s"
    "  JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'm', 'f')),"
    " looked AS (SELECT m.nr, m.refers, c.oid, c.relkind, c.relnamespace, c.relname, "
    "c.relpages::int8,"
    "  c.reltuples::float8, pg_catalog.current_setting('block_size')::int8 AS block,"
    "  c.relkind IN ('r', 'm') AS stores, NOT $4::bool OR c.oid IN (SELECT l.relation"
    "   FROM pg_catalog.pg_locks l WHERE l.relation IS NOT NULL AND l.mode = 'AccessExclusiveLock'"
    "   AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()) AS locked"
    "  FROM members m JOIN pg_catalog.pg_class c ON c.oid = m.oid),"
    " measured AS (SELECT l.*, CASE WHEN locked THEN relpages * block"
    "   ELSE pg_catalog.pg_relation_size(l.oid) END AS heap,"
    "  CASE WHEN locked THEN relpages * block"
    "   ELSE pg_catalog.pg_total_relation_size(l.oid) END AS bytes FROM looked l),"
    " estimated AS (SELECT m.*, CASE WHEN NOT stores AND relkind <> 'f' THEN 0"
    "   WHEN stores AND heap = 0 AND NOT locked THEN 0"
    "   WHEN relpages > 0 AND reltuples >= 0 THEN greatest(reltuples * heap / (relpages * block),"
    "    pg_catalog.pg_stat_get_live_tuples(m.oid))"
    "   WHEN pg_catalog.pg_stat_get_live_tuples(m.oid) > 0 THEN"
    "    pg_catalog.pg_stat_get_live_tuples(m.oid) WHEN relkind = 'f' AND reltuples > 0 THEN"
    "    reltuples END AS rows FROM measured m),"
    " sums AS (SELECT e.nr, sum(e.bytes)::int8 AS bytes, CASE WHEN bool_or(rows IS NULL) THEN -1"
    "   ELSE ceil(sum(rows)) END::int8 AS rows,"
    "  CASE WHEN bool_or(rows IS NULL AND heap = 0) THEN -1"
    "   ELSE ceil(sum(greatest(rows, heap / $5::int4))) END::int8 AS most,"
    "  count(*) FILTER (WHERE refers) AS referring,"
    "  bool_or(locked OR relkind = 'f') OR count(*) > $6::int8 AS shut,"
    "  bool_and(pg_catalog.has_any_column_privilege(e.oid, 'SELECT') AND"
    "   pg_catalog.has_schema_privilege(e.relnamespace, 'USAGE')) AS readable,"
    "  string_agg(pg_catalog.format('SELECT 1 FROM ONLY %I.%I', n.nspname, e.relname),"
    "   ' UNION ALL ') FILTER (WHERE stores AND heap > 0) AS parts"
    "  FROM estimated e JOIN pg_catalog.pg_namespace n ON n.oid = e.relnamespace GROUP BY e.nr)";

/* A row for each target that exists: COLUMNS. */
static const char sizes_query[] =
    " SELECT w.nr, coalesce(s.bytes, d.bytes, CASE WHEN x.exists THEN 0 END, -1),"
    "  CASE WHEN c.relkind IN ('v', 'i', 'I', 'S') OR d.bytes IS NOT NULL THEN -1"
    "   WHEN s.nr IS NULL THEN 0 ELSE s.rows END,"
    "  CASE WHEN c.relkind IN ('v', 'i', 'I', 'S') OR d.bytes IS NOT NULL THEN -1"
    "   WHEN s.nr IS NULL THEN 0 ELSE s.most END,"
    "  CASE WHEN s.shut OR c.relkind IN ('v', 'i', 'I', 'S') THEN NULL"
    "   WHEN c.oid IS NULL OR s.referring > 0 THEN CASE WHEN s.readable THEN s.parts END"
    "   WHEN pg_catalog.has_any_column_privilege(c.oid, 'SELECT') AND"
    "    pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')"
    "   THEN pg_catalog.format('SELECT 1 FROM %I.%I', n.nspname, c.relname) END,"
    "  coalesce(s.referring, 0)"
    " FROM wanted w LEFT JOIN relations r ON r.nr = w.nr"
    " LEFT JOIN pg_catalog.pg_class c ON c.oid = r.oid"
    " LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN sums s ON s.nr = w.nr"
    " LEFT JOIN LATERAL (SELECT CASE WHEN pg_catalog.has_database_privilege(b.oid, 'CONNECT')"
    "   THEN pg_catalog.pg_database_size(b.oid) ELSE -1 END AS bytes FROM pg_catalog.pg_database b"
    "  WHERE w.kind = 'database' AND b.datname = w.name::name AND"
    "   b.datname <> pg_catalog.current_database()) d ON true"
    " CROSS JOIN LATERAL (SELECT r.oid IS NOT NULL OR d.bytes IS NOT NULL OR EXISTS ("
    "  SELECT FROM namespaces t WHERE t.nr = w.nr) OR (w.kind = 'database' AND"
    "   w.name::name = pg_catalog.current_database()) AS exists) x WHERE x.exists";

enum { NUMBER, BYTES, ROWS, MOST, ROW_SOURCE, REFERRING, COLUMNS };

/* A question in a pipeline: the settings, the query, and the end of their transaction. */
static gboolean send_question(PGconn *conn, const char *timeout, const char *query, int count,
                              const char *const *values)
{
    return PQsendQueryParams(conn, settings_query, 1, NULL, &timeout, NULL, NULL, 0) == 1 &&
           PQsendQueryParams(conn, query, count, NULL, values, NULL, NULL, 0) == 1 &&
           PQpipelineSync(conn) == 1;
}

/* The answers to `count` questions: each the last result of its transaction, or its error. */
static GPtrArray *take_answers(PGconn *conn, guint count)
{
    GPtrArray *answers = g_ptr_array_new_with_free_func((GDestroyNotify)PQclear);
    PGresult *last = NULL;
    guint silent = 0; /* a lost connection says nothing, again and again */
    while (answers->len < count && silent < 2) {
        PGresult *result = PQgetResult(conn);
        silent = result == NULL ? silent + 1 : 0;
        switch (PQresultStatus(result)) {
        case PGRES_PIPELINE_SYNC:
            PQclear(result);
            g_ptr_array_add(answers, g_steal_pointer(&last));
            break;
        case PGRES_PIPELINE_ABORTED:
            PQclear(result);
            break;
        default:
            if (result == NULL)
                break;
            PQclear(last);
            last = result;
        }
    }
    PQclear(last);
    return answers;
}

/* As an array of PostgreSQL's: each text quoted. */
static char *join_array(const GPtrArray *targets, const char *(*get)(const CmigFactTarget *target))
{
    g_autoptr(GString) text = g_string_new("{");
    for (guint idx = 0; idx < targets->len; idx++) {
        g_string_append(text, idx > 0 ? ",\"" : "\"");
        for (const char *at = get(g_ptr_array_index(targets, idx)); at && *at; at++) {
            if (*at == '"' || *at == '\\')
                g_string_append_c(text, '\\');
            g_string_append_c(text, *at);
        }
        g_string_append_c(text, '"');
    }
    g_string_append_c(text, '}');
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static const char *get_kind(const CmigFactTarget *target)
{
    return target->kind;
}

static const char *get_schema(const CmigFactTarget *target)
{
    return target->schema;
}

static const char *get_name(const CmigFactTarget *target)
{
    return target->name;
}

/* Letters of pg_constraint.confdeltype: foreign keys with these take rows along. */
static const char *get_actions(const CmigFactTarget *target)
{
    static const char *const actions[] = {
        [CMIG_REFERRING_NONE] = "",
        [CMIG_REFERRING_BY_RULE] = "cnd",
        [CMIG_REFERRING_ALL] = "acdnr",
    };
    return actions[target->referring];
}

/* What the catalogs say; NULL is an error of the connection. `opens`: look at the tables too. */
static PGresult *read_catalogs(CmigPg *pg, const GPtrArray *targets, gboolean opens)
{
    g_autofree char *kinds = join_array(targets, get_kind);
    g_autofree char *schemas = join_array(targets, get_schema);
    g_autofree char *names = join_array(targets, get_name);
    g_autofree char *actions = join_array(targets, get_actions);
    g_autofree char *smallest = g_strdup_printf("%d", SMALLEST_ROW);
    g_autofree char *most = g_strdup_printf("%d", MOST_TABLES_COUNTED);
    const char *values[] = {kinds, schemas, names, opens ? "t" : "f", smallest, most, actions};
    g_autofree char *query = g_strconcat(tables_query, sizes_query, NULL);
    if (PQenterPipelineMode(pg->conn) != 1)
        return NULL;
    send_question(pg->conn, CATALOG_TIMEOUT, query, G_N_ELEMENTS(values), values);
    g_autoptr(GPtrArray) answers = take_answers(pg->conn, 1);
    PQexitPipelineMode(pg->conn);
    return answers->len > 0 ? g_steal_pointer(&answers->pdata[0]) : NULL;
}

static gint64 read_number(const PGresult *result, int row, int column)
{
    return g_ascii_strtoll(PQgetvalue(result, row, column), NULL, 10);
}

/* Whether only counting tells if there are more rows than `limit`; an estimate that is near may
 * be old. */
static gboolean must_count(const PGresult *result, int row, guint limit)
{
    return !PQgetisnull(result, row, ROW_SOURCE) &&
           read_number(result, row, ROWS) <= 2 * (gint64)limit;
}

static void add_count(CmigDbSize *size, const PGresult *answer, gint64 estimate, guint limit)
{
    if (PQresultStatus(answer) != PGRES_TUPLES_OK || PQntuples(answer) != 1)
        return; /* locked meanwhile, hidden by a policy, or it took too long */
    gint64 count = read_number(answer, 0, 0);
    size->exact = count <= (gint64)limit;
    size->cut = !size->exact && count > estimate;
    size->rows = size->exact ? count : MAX(count, estimate);
}

/* Counts rows where that must be, in one round trip. */
static void count_rows(CmigPg *pg, const PGresult *catalogs, guint limit, GArray *sizes)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(int));
    if (PQenterPipelineMode(pg->conn) != 1)
        return;
    for (int row = 0; row < PQntuples(catalogs); row++) {
        if (!must_count(catalogs, row, limit))
            continue;
        g_autofree char *query = g_strdup_printf(
            "SELECT pg_catalog.count(*) FROM (SELECT FROM (%s) AS t LIMIT %" G_GINT64_FORMAT
            ") AS s",
            PQgetvalue(catalogs, row, ROW_SOURCE), (gint64)limit + 1);
        send_question(pg->conn, COUNT_TIMEOUT, query, 0, NULL);
        g_array_append_val(rows, row);
    }
    g_autoptr(GPtrArray) answers = take_answers(pg->conn, rows->len);
    PQexitPipelineMode(pg->conn);
    for (guint idx = 0; idx < answers->len; idx++) {
        int row = g_array_index(rows, int, idx);
        gsize number = (gsize)read_number(catalogs, row, NUMBER) - 1;
        add_count(&g_array_index(sizes, CmigDbSize, number), answers->pdata[idx],
                  read_number(catalogs, row, ROWS), limit);
    }
}

gboolean cmig_pg_sizes(CmigDb *db, const GPtrArray *targets, guint limit, GArray *sizes,
                       GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    g_autoptr(CmigPgResult) catalogs = read_catalogs(pg, targets, TRUE);
    if (g_strcmp0(PQresultErrorField(catalogs, PG_DIAG_SQLSTATE), "55P03") == 0) {
        PQclear(catalogs); /* a table was locked just now */
        catalogs = read_catalogs(pg, targets, FALSE);
    }
    if (PQresultStatus(catalogs) != PGRES_TUPLES_OK || PQnfields(catalogs) != COLUMNS) {
        cmig_pg_set_error(pg, catalogs, error);
        g_prefix_error(error, "cannot look how large the tables are: ");
        return FALSE;
    }
    for (int row = 0; row < PQntuples(catalogs); row++) {
        gsize number = (gsize)read_number(catalogs, row, NUMBER) - 1;
        gint64 estimate = read_number(catalogs, row, ROWS);
        gboolean many = estimate > 2 * (gint64)limit;
        g_array_index(sizes, CmigDbSize, number) = (CmigDbSize){
            .exists = TRUE,
            .rows = many ? estimate : read_number(catalogs, row, MOST),
            .bytes = read_number(catalogs, row, BYTES),
            .referring = (guint)read_number(catalogs, row, REFERRING),
        };
    }
    count_rows(pg, catalogs, limit, sizes);
    if (PQstatus(pg->conn) == CONNECTION_OK)
        return TRUE;
    cmig_pg_set_error(pg, NULL, error);
    return FALSE;
}
