/* The checks of an offline script: the database must be where the script was made for, in each of
 * its transactions, also when the client goes on behind an error. */
#include "engine/offline/sql.h"

#include "cmig/db.h"

static char *join(const char *const *rows)
{
    return g_strjoinv(", ", (char **)(guintptr)rows);
}

/* What earlier transactions of the script have done stays. */
static const char *nothing(const CmigOffline *offline)
{
    return offline->last != NULL ? "nothing more is changed" : "nothing is changed";
}

static char *last_record(const CmigOffline *offline)
{
    g_autofree char *text = g_strconcat(offline->token, " ", offline->last, NULL);
    return cmig_db_quote_literal(text);
}

/* A query that fails with the text `begin` || found || `end` unless `condition` holds of what the
 * expression finds. The text must not be constant: the planner would evaluate it. */
static void add_postgresql(CmigOffline *offline, const char *expression, const char *condition,
                           const char *begin, const char *end)
{
    g_autofree char *before = cmig_db_quote_literal(begin);
    g_autofree char *behind = cmig_db_quote_literal(end);
    g_string_append_printf(offline->script,
                           "SELECT CASE WHEN %s THEN 0 ELSE (%s || coalesce(r.found, 'nothing') || "
                           "%s)::int END FROM (SELECT %s AS found) AS r;\n",
                           condition, before, behind, expression);
}

static void check_postgresql(CmigOffline *offline, const char *const *rows)
{
    g_autofree char *wanted = join(rows);
    g_autofree char *end = g_strdup_printf("], and this is for a database at %s: %s",
                                           *wanted != '\0' ? wanted : "base", nothing(offline));
    g_autofree char *check =
        cmig_db_check_rows_sql(offline->table, rows, "the version table holds [", end);
    /* Hidden rows would pass for missing ones. */
    cmig_offline_add(offline, "SET LOCAL row_security = off");
    if (offline->config->lock_timeout > 0)
        g_string_append_printf(offline->script, "SET LOCAL lock_timeout = %u;\n",
                               offline->config->lock_timeout);
    g_string_append_printf(offline->script, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE;\n",
                           offline->table);
    if (offline->config->lock_timeout > 0)
        cmig_offline_add(offline, "SET LOCAL lock_timeout TO DEFAULT");
    cmig_offline_add(offline, check);
    if (offline->last != NULL) {
        g_autofree char *expression = cmig_audit_last_expression(&offline->place);
        g_autofree char *record = last_record(offline);
        g_autofree char *condition = g_strdup_printf("r.found = %s", record);
        add_postgresql(offline, expression, condition,
                       "the step before this one is not the last thing that was done, that is ",
                       ": nothing more is changed");
    } else if (!offline->settles) {
        g_autofree char *expression = cmig_audit_open_expression(&offline->place);
        add_postgresql(offline, expression, "r.found IS NULL", "the ",
                       " was left half done, see cmig repair: nothing is changed");
    }
}

/* Only a constraint can fail with words of one's own: its name is in the error. What is there
 * instead is printed before. */
static void check_sqlite(CmigOffline *offline, const char *const *rows)
{
    g_autofree char *wanted = join(rows);
    g_autofree char *text = g_strdup_printf("this is for a database at %s: %s",
                                            *wanted != '\0' ? wanted : "base", nothing(offline));
    g_autofree char *rows_name = cmig_db_quote_identifier(text);
    g_autofree char *rows_value = cmig_db_quote_literal(wanted);
    const char *last_name =
        offline->last != NULL ? "the step before this one is not the last thing that was done: "
                                "nothing more is changed"
                              : "a section was left half done, see cmig repair: nothing is changed";
    g_autofree char *last_value = offline->last != NULL ? last_record(offline) : g_strdup("''");
    g_autofree char *last = offline->last != NULL ? cmig_audit_last_expression(&offline->place)
                            : offline->settles    ? g_strdup("''")
                                                  : cmig_audit_open_expression(&offline->place);
    g_string_append_printf(
        offline->script,
        "CREATE TEMP TABLE cmig_guard (found TEXT CONSTRAINT %s CHECK (found = %s), last TEXT "
        "CONSTRAINT \"%s\" CHECK (last = %s));\n"
        "CREATE TEMP TABLE cmig_found AS SELECT coalesce(group_concat(version_num, ', '), '') AS "
        "found FROM (SELECT version_num FROM %s ORDER BY version_num COLLATE BINARY);\n"
        "SELECT 'the version table holds [' || found || ']' FROM temp.cmig_found WHERE found <> "
        "%s;\n"
        "INSERT INTO temp.cmig_guard SELECT found, coalesce(%s, '') FROM temp.cmig_found;\n"
        "DROP TABLE temp.cmig_guard;\nDROP TABLE temp.cmig_found;\n",
        rows_name, rows_value, last_name, last_value, offline->table, rows_value, last);
}

void cmig_offline_add_check(CmigOffline *offline, const char *const *rows)
{
    if (offline->dialect == CMIG_DIALECT_POSTGRESQL)
        check_postgresql(offline, rows);
    else
        check_sqlite(offline, rows);
}

/* The table as the search path finds it; CREATE would make another one in front of it. */
void cmig_offline_add_place_check(CmigOffline *offline)
{
    if (offline->config->version_table_schema != NULL)
        return;
    g_autofree char *name = cmig_db_quote_literal(offline->table);
    g_autofree char *expression =
        g_strdup_printf("(SELECT n.nspname::pg_catalog.text FROM pg_catalog.pg_class c JOIN "
                        "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = "
                        "pg_catalog.to_regclass(%s))",
                        name);
    add_postgresql(offline, expression,
                   "coalesce(r.found = pg_catalog.current_schema()::pg_catalog.text, true)",
                   "the version table is in the schema ",
                   ", not the first of the search path: set version_table_schema; nothing is "
                   "changed");
}

/* The key is that of inspect_query in db/pg/inspect.c. */
/* The key is that of inspect_query in db/pg/inspect.c. */
void cmig_offline_add_lock(CmigOffline *offline, gboolean take)
{
    if (offline->dialect != CMIG_DIALECT_POSTGRESQL)
        return;
    g_autofree char *name = cmig_db_quote_literal(offline->table);
    g_autofree char *key = g_strdup_printf(
        "(SELECT pg_catalog.hashtextextended('cmig ' || pg_catalog.quote_ident(n.nspname) || '.' "
        "|| pg_catalog.quote_ident(c.relname), 0) FROM pg_catalog.pg_class c JOIN "
        "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = "
        "pg_catalog.to_regclass(%s))",
        name);
    if (!take) {
        g_string_append_printf(offline->script, "SELECT pg_catalog.pg_advisory_unlock(%s);\n", key);
        return;
    }
    g_autofree char *condition = g_strdup_printf("pg_catalog.pg_try_advisory_lock(%s)", key);
    g_autofree char *end = g_strdup_printf(" is at work: %s", nothing(offline));
    add_postgresql(offline, "pg_catalog.concat('of cmig')", condition, "another run ", end);
}
