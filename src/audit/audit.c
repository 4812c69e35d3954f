/* What the audit table tells a run: where a section was left, whether a record is there. The texts
 * run in transactions that others compose, so nothing here talks to a database. */
#include "audit/columns.h"

#include "cmig/clock.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

const char cmig_audit_table_name[] = "cmig_audit";

static const char *const event_names[CMIG_AUDIT_EVENTS] = {
    [CMIG_AUDIT_APPLIED] = "applied",         [CMIG_AUDIT_REVERTED] = "reverted",
    [CMIG_AUDIT_STAMPED] = "stamped",         [CMIG_AUDIT_STARTED] = "started",
    [CMIG_AUDIT_STATEMENT] = "statement",     [CMIG_AUDIT_FAILED] = "failed",
    [CMIG_AUDIT_REPAIRED] = "repaired",       [CMIG_AUDIT_REFUSED] = "refused",
    [CMIG_AUDIT_CONFIRMED] = "confirmed",     [CMIG_AUDIT_ACCEPTED] = "accepted",
    [CMIG_AUDIT_ENVIRONMENT] = "environment",
};

const char *cmig_audit_event_name(CmigAuditEvent event)
{
    return event_names[event];
}

gboolean cmig_audit_has_event(const char *name)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(event_names); idx++)
        if (strcmp(event_names[idx], name) == 0)
            return TRUE;
    return FALSE;
}

CmigAuditRecord cmig_audit_record(CmigAuditEvent event, const char *run)
{
    return (CmigAuditRecord){.event = event, .run = run, .level = -1, .duration = -1, .rows = -1};
}

/* In a container the user may be a number that has no name; GLib would warn, and make one up. */
static const char *find_user(void)
{
    static char number[32];
    g_snprintf(number, sizeof number, "uid %lu", (unsigned long)getuid());
    return getpwuid(getuid()) != NULL ? g_get_user_name() : number;
}

CmigAuditContext cmig_audit_context(void)
{
    return (CmigAuditContext){.os_user = find_user(),
                              .host = g_get_host_name(),
                              .tool = "cmig " CMIG_VERSION,
                              .git_dirty = -1};
}

char *cmig_audit_table(const char *schema)
{
    g_autofree char *name = cmig_db_quote_identifier(cmig_audit_table_name);
    if (schema == NULL)
        return g_steal_pointer(&name);
    g_autofree char *quoted = cmig_db_quote_identifier(schema);
    return g_strconcat(quoted, ".", name, NULL);
}

CmigAuditPlace cmig_audit_place(const CmigDb *db, const char *table)
{
    return (CmigAuditPlace){.dialect = cmig_db_dialect(db),
                            .table = table,
                            .version_table = cmig_db_version_table_name(db)};
}

/* Of the version table, and about what was done to it: not what was refused or said, nor what was
 * rolled back whole. */
static char *deeds_sql(const CmigAuditPlace *place)
{
    static const CmigAuditEvent deeds[] = {CMIG_AUDIT_APPLIED,   CMIG_AUDIT_REVERTED,
                                           CMIG_AUDIT_STAMPED,   CMIG_AUDIT_STARTED,
                                           CMIG_AUDIT_STATEMENT, CMIG_AUDIT_REPAIRED};
    g_autofree char *own = cmig_audit_own_rows_sql(place, "");
    g_autoptr(GString) sql = g_string_new(own);
    g_string_append_printf(sql, " AND (event IN (");
    for (gsize idx = 0; idx < G_N_ELEMENTS(deeds); idx++)
        g_string_append_printf(sql, "%s'%s'", idx > 0 ? ", " : "", event_names[deeds[idx]]);
    g_string_append_printf(sql,
                           ") OR (event = '%s' AND statement IS NOT NULL)) ORDER BY id DESC "
                           "LIMIT 1",
                           event_names[CMIG_AUDIT_FAILED]);
    return g_strdup(sql->str);
}

/* The last event that moves a revision decides: every other one leaves nothing open. */
static char *open_sql(const CmigAuditPlace *place)
{
    g_autofree char *deeds = deeds_sql(place);
    return g_strdup_printf("SELECT event, revision, direction, statement, statements, checksum, at "
                           "FROM %s WHERE %s",
                           place->table, deeds);
}

char *cmig_audit_last_expression(const CmigAuditPlace *place)
{
    g_autofree char *deeds = deeds_sql(place);
    return g_strdup_printf("(SELECT run || ' ' || coalesce(revision, '') FROM %s WHERE %s)",
                           place->table, deeds);
}

/* As open_from_row decides. */
char *cmig_audit_open_expression(const CmigAuditPlace *place)
{
    g_autofree char *query = open_sql(place);
    return g_strdup_printf("(SELECT direction || ' of ' || revision FROM (%s) AS last WHERE event "
                           "IN ('%s', '%s') OR (event = '%s' AND statement > 0))",
                           query, event_names[CMIG_AUDIT_STARTED],
                           event_names[CMIG_AUDIT_STATEMENT], event_names[CMIG_AUDIT_FAILED]);
}

/* What a row of the past is about. */
static const char about_open[] = "open";
static const char about_environment[] = "environment";

char *cmig_audit_past_sql(const CmigAuditPlace *place)
{
    g_autofree char *open = open_sql(place);
    g_autofree char *own = cmig_audit_own_rows_sql(place, "");
    g_autofree char *recorded =
        g_strdup_printf("FROM %s WHERE environment IS NOT NULL AND event <> '%s'", place->table,
                        event_names[CMIG_AUDIT_REFUSED]);
    return g_strdup_printf(
        "SELECT '%s', event, revision, direction, CAST(statement AS text), "
        "CAST(statements AS text), checksum, CAST(at AS text) FROM (%s) AS deed UNION ALL "
        "SELECT '%s', environment, server_identity, NULL, NULL, NULL, NULL, NULL FROM "
        "(SELECT environment, server_identity %s AND %s ORDER BY id DESC LIMIT 1) AS place "
        "UNION ALL "
        "SELECT '%s', environment, server_identity, NULL, NULL, NULL, NULL, NULL FROM "
        "(SELECT environment, server_identity %s AND NOT EXISTS (SELECT 1 %s AND %s) "
        "ORDER BY at DESC, id DESC LIMIT 1) AS elsewhere",
        about_open, open, about_environment, recorded, own, about_environment, recorded, recorded,
        own);
}

static CmigAuditOpen *open_from_row(const GStrv row)
{
    enum { ABOUT, EVENT, REVISION, DIRECTION, STATEMENT, STATEMENTS, CHECKSUM, AT };
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

CmigAuditPast cmig_audit_past_from_rows(const GPtrArray *rows)
{
    enum { ABOUT, ENVIRONMENT, IDENTITY };
    CmigAuditPast past = {0};
    for (guint idx = 0; idx < rows->len; idx++) {
        const GStrv row = rows->pdata[idx];
        if (strcmp(row[ABOUT], about_open) == 0) {
            past.open = open_from_row(row);
            continue;
        }
        past.environment = g_strdup(row[ENVIRONMENT]);
        past.identity = *row[IDENTITY] != '\0' ? g_strdup(row[IDENTITY]) : NULL;
    }
    return past;
}

void cmig_audit_past_clear(CmigAuditPast *past)
{
    g_clear_pointer(&past->open, cmig_audit_open_free);
    g_clear_pointer(&past->environment, g_free);
    g_clear_pointer(&past->identity, g_free);
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
