/* The SQL of the audit table. The texts run in transactions that others compose, so nothing here
 * talks to a database. */
#include "cmig/audit.h"

#include "cmig/clock.h"

#include <string.h>

const char cmig_audit_table_name[] = "cmig_audit";

/* SHA-256 of nothing. */
const char cmig_audit_no_statements[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static const char *const event_names[] = {
    [CMIG_AUDIT_APPLIED] = "applied",     [CMIG_AUDIT_REVERTED] = "reverted",
    [CMIG_AUDIT_STAMPED] = "stamped",     [CMIG_AUDIT_STARTED] = "started",
    [CMIG_AUDIT_STATEMENT] = "statement", [CMIG_AUDIT_FAILED] = "failed",
    [CMIG_AUDIT_REPAIRED] = "repaired",   [CMIG_AUDIT_ACCEPTED] = "accepted",
};

/* What differs between the dialects. */
static const struct {
    const char *id;
    const char *at;
} columns[] = {
    [CMIG_DIALECT_POSTGRESQL] = {"bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                                 "timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()"},
    [CMIG_DIALECT_SQLITE] = {"INTEGER PRIMARY KEY",
                             "TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"},
};

char *cmig_audit_table(const char *schema)
{
    g_autofree char *name = cmig_db_quote_identifier(cmig_audit_table_name);
    if (schema == NULL)
        return g_steal_pointer(&name);
    g_autofree char *quoted = cmig_db_quote_identifier(schema);
    return g_strconcat(quoted, ".", name, NULL);
}

char *cmig_audit_create_sql(const CmigAuditPlace *place)
{
    return g_strdup_printf("CREATE TABLE IF NOT EXISTS %s (id %s, at %s, version_table text NOT "
                           "NULL, run text NOT NULL, event text NOT NULL, revision text, direction "
                           "text, statement integer, statements integer, checksum text, detail "
                           "text)",
                           place->table, columns[place->dialect].id, columns[place->dialect].at);
}

static void add_text(GString *sql, const char *text)
{
    g_autofree char *quoted = text != NULL ? cmig_db_quote_literal(text) : g_strdup("NULL");
    g_string_append_printf(sql, ", %s", quoted);
}

static gboolean is_about_statements(CmigAuditEvent event)
{
    return event == CMIG_AUDIT_STARTED || event == CMIG_AUDIT_STATEMENT ||
           event == CMIG_AUDIT_FAILED;
}

char *cmig_audit_insert_sql(const CmigAuditPlace *place, const CmigAuditRecord *record)
{
    g_autofree char *version_table = cmig_db_quote_literal(place->version_table);
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_printf(sql,
                    "INSERT INTO %s (version_table, run, event, revision, direction, statement, "
                    "statements, checksum, detail) VALUES (%s",
                    place->table, version_table);
    add_text(sql, record->run);
    add_text(sql, event_names[record->event]);
    add_text(sql, record->revision);
    add_text(sql, record->direction);
    if (is_about_statements(record->event))
        g_string_append_printf(sql, ", %u, %u", record->statement, record->statements);
    else
        g_string_append(sql, ", NULL, NULL");
    add_text(sql, record->checksum);
    add_text(sql, record->detail);
    g_string_append_c(sql, ')');
    return g_strdup(sql->str);
}

/* The last event that moves a revision decides: every other one leaves nothing open. */
char *cmig_audit_open_sql(const CmigAuditPlace *place)
{
    g_autofree char *version_table = cmig_db_quote_literal(place->version_table);
    return g_strdup_printf("SELECT event, revision, direction, statement, statements, checksum, at "
                           "FROM %s WHERE version_table = %s ORDER BY id DESC LIMIT 1",
                           place->table, version_table);
}

char *cmig_audit_last_expression(const CmigAuditPlace *place)
{
    g_autofree char *version_table = cmig_db_quote_literal(place->version_table);
    return g_strdup_printf("(SELECT run || ' ' || coalesce(revision, '') FROM %s WHERE "
                           "version_table = %s ORDER BY id DESC LIMIT 1)",
                           place->table, version_table);
}

/* As cmig_audit_open_from_rows decides. */
char *cmig_audit_open_expression(const CmigAuditPlace *place)
{
    g_autofree char *query = cmig_audit_open_sql(place);
    return g_strdup_printf("(SELECT direction || ' of ' || revision FROM (%s) AS last WHERE event "
                           "IN ('%s', '%s') OR (event = '%s' AND statement > 0))",
                           query, event_names[CMIG_AUDIT_STARTED],
                           event_names[CMIG_AUDIT_STATEMENT], event_names[CMIG_AUDIT_FAILED]);
}

CmigAuditOpen *cmig_audit_open_from_rows(const GPtrArray *rows)
{
    enum { EVENT, REVISION, DIRECTION, STATEMENT, STATEMENTS, CHECKSUM, AT };
    if (rows->len == 0)
        return NULL;
    const GStrv row = rows->pdata[0];
    gboolean failed = strcmp(row[EVENT], event_names[CMIG_AUDIT_FAILED]) == 0;
    gboolean unsure = strcmp(row[EVENT], event_names[CMIG_AUDIT_STARTED]) == 0 ||
                      strcmp(row[EVENT], event_names[CMIG_AUDIT_STATEMENT]) == 0;
    guint statement = (guint)g_ascii_strtoull(row[STATEMENT], NULL, 10);
    if (!unsure && (!failed || statement == 0))
        return NULL;
    CmigAuditOpen *open = g_new0(CmigAuditOpen, 1);
    open->revision = g_strdup(row[REVISION]);
    open->direction = g_strdup(row[DIRECTION]);
    open->statement = statement;
    open->statements = (guint)g_ascii_strtoull(row[STATEMENTS], NULL, 10);
    open->checksum = g_strdup(row[CHECKSUM]);
    open->next_unsure = unsure;
    open->since = g_strdup(row[AT]);
    return open;
}

void cmig_audit_open_free(CmigAuditOpen *open)
{
    if (open == NULL)
        return;
    g_free(open->revision);
    g_free(open->direction);
    g_free(open->checksum);
    g_free(open->since);
    g_free(open);
}

char *cmig_audit_new_token(void)
{
    return cmig_clock_random_hex(32);
}

char *cmig_audit_find_sql(const CmigAuditPlace *place, const char *token, const char *revision,
                          guint statement)
{
    g_autofree char *run = cmig_db_quote_literal(token);
    g_autofree char *id = cmig_db_quote_literal(revision);
    g_autofree char *event =
        statement == 0 ? g_strdup_printf("event IN ('%s', '%s')", event_names[CMIG_AUDIT_APPLIED],
                                         event_names[CMIG_AUDIT_REVERTED])
                       : g_strdup_printf("event = '%s' AND statement = %u",
                                         event_names[CMIG_AUDIT_STATEMENT], statement);
    return g_strdup_printf("SELECT event FROM %s WHERE run = %s AND revision = %s AND %s",
                           place->table, run, id, event);
}
