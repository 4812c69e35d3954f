/* The statements that add a row to the chain. Number, link and hash are computed within, so that
 * they cost no round trip and hold in the transaction that has the row. */
#include "audit/columns.h"

#include "cmig/text.h"

#include <string.h>

enum { LONGEST_TEXT = 8192 }; /* bytes that are kept of one */

typedef struct {
    const CmigAuditPlace *place;
    const CmigAuditRecord *record;
    const CmigAuditContext *context;
} Insert;

/* What a statement can carry and every database keep: UTF-8, not endless. */
static char *tame(const CmigAuditPlace *place, const char *text)
{
    gboolean cut = strlen(text) > LONGEST_TEXT;
    g_autofree char *start = g_strndup(text, LONGEST_TEXT);
    /* A character that was cut in two is not one. */
    const char *end = NULL;
    if (cut && !g_utf8_validate(start, -1, &end) && strlen(end) < 4)
        start[end - start] = '\0';
    g_autofree char *valid = g_utf8_make_valid(start, -1);
    g_autofree char *kept = cut ? g_strconcat(valid, "…", NULL) : g_strdup(valid);
    if (!place->ascii)
        return g_steal_pointer(&kept);
    g_autoptr(GString) ascii = g_string_new(NULL);
    for (const char *at = kept; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (character < 0x80)
            g_string_append_c(ascii, (char)character);
        else
            g_string_append_printf(ascii, "\\u{%X}", character);
    }
    return g_strdup(ascii->str);
}

static gboolean is_postgresql(const Insert *self)
{
    return self->place->dialect == CMIG_DIALECT_POSTGRESQL;
}

static char *literal(const Insert *self, const char *text)
{
    const char *type = is_postgresql(self) ? "::pg_catalog.text" : "";
    if (text == NULL)
        return g_strconcat("NULL", type, NULL);
    g_autofree char *tamed = tame(self->place, text);
    g_autofree char *quoted = cmig_db_quote_literal(tamed);
    return g_strconcat(quoted, type, NULL);
}

static char *number(const Insert *self, gint64 value)
{
    const char *type = is_postgresql(self) ? "::bigint" : "";
    return value < 0 ? g_strconcat("NULL", type, NULL)
                     : g_strdup_printf("%" G_GINT64_FORMAT "%s", value, type);
}

static gint64 milliseconds(const Insert *self)
{
    return self->record->duration < 0 ? -1 : self->record->duration / 1000;
}

static gboolean is_timed(const Insert *self)
{
    return self->record->timed && !self->place->offline;
}

static char *started_sql(const Insert *self)
{
    gint64 duration = milliseconds(self);
    if (is_postgresql(self))
        return is_timed(self) ? g_strdup("pg_catalog.statement_timestamp()")
               : duration >= 0
                   ? g_strdup_printf("c.at OPERATOR(pg_catalog.-) pg_catalog.make_interval(secs => "
                                     "%" G_GINT64_FORMAT ".%03d)",
                                     duration / 1000, (int)(duration % 1000))
                   : g_strdup("NULL::timestamp with time zone");
    return is_timed(self) ? g_strdup("strftime('%Y-%m-%dT%H:%M:%fZ', c.at, printf('-%.3f seconds', "
                                     "cmig_elapsed_ms() / 1000.0))")
           : duration >= 0 ? g_strdup_printf("strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', c.at, "
                                             "'-%" G_GINT64_FORMAT ".%03d seconds')",
                                             duration / 1000, (int)(duration % 1000))
                           : g_strdup("NULL");
}

static char *duration_sql(const Insert *self)
{
    if (!is_timed(self))
        return number(self, milliseconds(self));
    if (!is_postgresql(self))
        return g_strdup("cmig_elapsed_ms()");
    return g_strdup("CAST(pg_catalog.date_part('epoch', c.at OPERATOR(pg_catalog.-) "
                    "pg_catalog.statement_timestamp()) OPERATOR(pg_catalog.*) 1000::double "
                    "precision AS bigint)");
}

static char *rows_sql(const Insert *self)
{
    if (is_timed(self) && !is_postgresql(self))
        return g_strdup("cmig_changes()");
    return number(self, self->record->rows);
}

/* A record of a part of a section says how far it came. */
static gint64 statement_number(const Insert *self, guint value)
{
    CmigAuditEvent event = self->record->event;
    gboolean about =
        event == CMIG_AUDIT_STARTED || event == CMIG_AUDIT_STATEMENT || event == CMIG_AUDIT_FAILED;
    return about && self->record->statements > 0 ? (gint64)value : -1;
}

static char *application_sql(const Insert *self)
{
    if (self->context->application == NULL && is_postgresql(self))
        return g_strdup("pg_catalog.current_setting('application_name')");
    return literal(self, self->context->application);
}

static char *version_table_sql(const Insert *self)
{
    g_autofree char *name = cmig_db_quote_literal(self->place->version_table);
    return g_strconcat(name, is_postgresql(self) ? "::pg_catalog.text" : "", NULL);
}

static char *previous_sql(const Insert *self)
{
    g_autofree char *genesis = cmig_audit_genesis(self->place->version_table);
    return g_strdup_printf("CASE WHEN l.id IS NULL THEN '%s' ELSE l.hash END", genesis);
}

/* The expressions of all columns but the hash; l is the last row, c the clock. */
static GStrv values_sql(const Insert *self)
{
    const CmigAuditRecord *record = self->record;
    const CmigAuditContext *context = self->context;
    gboolean postgresql = is_postgresql(self);
    char *const values[] = {
        [CMIG_COLUMN_ID] =
            g_strdup(postgresql ? "coalesce(l.id, 0::bigint) OPERATOR(pg_catalog.+) 1::bigint"
                                : "coalesce(l.id, 0) + 1"),
        [CMIG_COLUMN_VERSION_TABLE] = version_table_sql(self),
        [CMIG_COLUMN_AT] = g_strdup("c.at"),
        [CMIG_COLUMN_RUN] = literal(self, record->run),
        [CMIG_COLUMN_EVENT] = literal(self, cmig_audit_event_name(record->event)),
        [CMIG_COLUMN_REVISION] = literal(self, record->revision),
        [CMIG_COLUMN_DIRECTION] = literal(self, record->direction),
        [CMIG_COLUMN_STATEMENT] = number(self, statement_number(self, record->statement)),
        [CMIG_COLUMN_STATEMENTS] = number(self, statement_number(self, record->statements)),
        [CMIG_COLUMN_CHECKSUM] = literal(self, record->checksum),
        [CMIG_COLUMN_FINGERPRINT] = literal(self, record->fingerprint),
        [CMIG_COLUMN_DETAIL] = literal(self, record->detail),
        [CMIG_COLUMN_LEVEL] = number(self, record->level),
        [CMIG_COLUMN_PLAN] = literal(self, context->plan),
        [CMIG_COLUMN_ENVIRONMENT] = literal(self, context->environment),
        [CMIG_COLUMN_CONFIRMED] = literal(self, context->confirmed),
        [CMIG_COLUMN_REASON] = literal(self, context->reason),
        [CMIG_COLUMN_DB_USER] = g_strdup(postgresql ? "session_user::pg_catalog.text" : "NULL"),
        [CMIG_COLUMN_OS_USER] = literal(self, context->os_user),
        [CMIG_COLUMN_HOST] = literal(self, context->host),
        [CMIG_COLUMN_APPLICATION] = application_sql(self),
        [CMIG_COLUMN_TOOL] = literal(self, context->tool),
        [CMIG_COLUMN_GIT_COMMIT] = literal(self, context->git_commit),
        [CMIG_COLUMN_GIT_BRANCH] = literal(self, context->git_branch),
        [CMIG_COLUMN_GIT_DIRTY] = number(self, context->git_dirty),
        [CMIG_COLUMN_SERVER_IDENTITY] = literal(self, context->server_identity),
        [CMIG_COLUMN_STARTED_AT] = started_sql(self),
        [CMIG_COLUMN_DURATION_MS] = duration_sql(self),
        [CMIG_COLUMN_ROWS_AFFECTED] = rows_sql(self),
        [CMIG_COLUMN_SQLSTATE] = literal(self, record->sqlstate),
        [CMIG_COLUMN_PREVIOUS] = previous_sql(self),
        [CMIG_COLUMN_HASH] = NULL,
    };
    return g_memdup2(values, sizeof values);
}

static char *last_row_sql(const CmigAuditPlace *place, const char *columns)
{
    g_autofree char *own = cmig_audit_own_rows_sql(place, "");
    return g_strdup_printf("SELECT %s FROM %s WHERE %s ORDER BY id DESC LIMIT 1", columns,
                           place->table, own);
}

/* The row r is computed once: OFFSET keeps the planner from putting it in twice. */
static char *select_postgresql(const Insert *self, char *const *values)
{
    g_autoptr(GString) named = g_string_new(NULL);
    g_autoptr(GString) names = g_string_new(NULL);
    g_autofree char *last = last_row_sql(self->place, "id, hash");
    g_autofree char *json = cmig_audit_json_row_postgresql("r.");
    for (guint idx = 0; idx < CMIG_COLUMN_HASH; idx++) {
        const char *name = cmig_audit_columns[idx].name;
        g_string_append_printf(named, "%s%s AS %s", idx > 0 ? ", " : "", values[idx], name);
        g_string_append_printf(names, "r.%s, ", name);
    }
    return g_strdup_printf("SELECT %s%s FROM (SELECT %s FROM (SELECT pg_catalog.clock_timestamp() "
                           "AS at) AS c LEFT JOIN (%s) AS l ON true OFFSET 0) AS r CROSS JOIN "
                           "LATERAL (SELECT %s OFFSET 0) AS j",
                           names->str, cmig_audit_hash_postgresql, named->str, last, json);
}

/* Within one statement SQLite's clock stands still, and cmig's functions do. The sqlite3 shell
 * knows no SHA-256. */
static char *select_sqlite(const Insert *self, char *const *values)
{
    g_autofree char *last = last_row_sql(self->place, "id, hash");
    g_autofree char *hash =
        self->place->offline ? g_strdup("NULL") : cmig_audit_hash_sqlite(values);
    g_autoptr(GString) sql = g_string_new("SELECT ");
    for (guint idx = 0; idx < CMIG_COLUMN_PREVIOUS; idx++)
        g_string_append_printf(sql, "%s, ", values[idx]);
    g_string_append_printf(sql,
                           "%s, %s FROM (SELECT strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 'now') AS at) "
                           "AS c LEFT JOIN (%s) AS l ON 1",
                           self->place->offline ? "NULL" : values[CMIG_COLUMN_PREVIOUS], hash,
                           last);
    /* Without a WHERE the parser would take ON for that of an upsert. */
    g_string_append(sql, " WHERE 1");
    return g_strdup(sql->str);
}

/* A trigger may keep a row out and say nothing: that is an error then, a division by zero. */
static char *insist(const char *insert)
{
    return g_strdup_printf("WITH written AS (%s) SELECT pg_catalog.max(hash) FROM written HAVING "
                           "1 OPERATOR(pg_catalog./) pg_catalog.count(*) IS NOT NULL",
                           insert);
}

char *cmig_audit_insert_sql(const CmigAuditPlace *place, const CmigAuditRecord *record)
{
    static const CmigAuditContext nothing = {.git_dirty = -1};
    Insert self = {place, record, place->context != NULL ? place->context : &nothing};
    g_auto(GStrv) values = values_sql(&self);
    g_autofree char *columns = cmig_audit_column_list();
    g_autofree char *select =
        is_postgresql(&self) ? select_postgresql(&self, values) : select_sqlite(&self, values);
    g_autofree char *insert = g_strdup_printf("INSERT INTO %s (%s) %s%s", place->table, columns,
                                              select, place->offline ? "" : " RETURNING hash");
    return place->offline || !is_postgresql(&self) ? g_steal_pointer(&insert) : insist(insert);
}

char *cmig_audit_head_sql(const CmigAuditPlace *place)
{
    return last_row_sql(place, "hash");
}

/* Behind the last row with a hash, row by row: each needs the hash of the one before it. */
static char *seal_sql(const CmigAuditPlace *place)
{
    g_autofree char *own = cmig_audit_own_rows_sql(place, "");
    g_autofree char *genesis = cmig_audit_genesis(place->version_table);
    g_auto(GStrv) values = g_new0(char *, CMIG_COLUMNS + 1);
    for (guint idx = 0; idx < CMIG_COLUMN_HASH; idx++)
        values[idx] = idx == CMIG_COLUMN_PREVIOUS
                          ? g_strdup("chain.hash")
                          : g_strconcat("t.", cmig_audit_columns[idx].name, NULL);
    g_autofree char *hash = cmig_audit_hash_sqlite(values);
    g_autofree char *last = g_strdup_printf("FROM %s WHERE %s AND hash IS NOT NULL ORDER BY id "
                                            "DESC LIMIT 1",
                                            place->table, own);
    return g_strdup_printf(
        "WITH RECURSIVE chain (id, previous, hash) AS (SELECT coalesce((SELECT id %s), 0), NULL, "
        "coalesce((SELECT hash %s), '%s') UNION ALL SELECT t.id, chain.hash, %s FROM chain JOIN %s "
        "AS t ON t.%s AND t.id = chain.id + 1 WHERE t.hash IS NULL AND t.previous IS NULL) UPDATE "
        "%s AS a SET previous = "
        "chain.previous, hash = chain.hash FROM chain WHERE a.%s AND a.id = chain.id AND "
        "a.hash IS NULL AND chain.previous IS NOT NULL",
        last, last, genesis, hash, place->table, own, place->table, own);
}

/* CREATE TABLE IF NOT EXISTS fails when another transaction makes the table at the same time. */
GStrv cmig_audit_setup(const CmigAuditPlace *place)
{
    g_autoptr(GStrvBuilder) statements = g_strv_builder_new();
    g_autofree char *key = g_strconcat("cmig audit ", place->table, NULL);
    g_autofree char *quoted = cmig_db_quote_literal(key);
    g_autofree char *lock =
        g_strdup_printf("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended("
                        "%s::pg_catalog.text, 0::bigint))",
                        quoted);
    g_autofree char *create = cmig_audit_create_sql(place);
    if (place->dialect == CMIG_DIALECT_POSTGRESQL)
        g_strv_builder_add(statements, lock);
    g_strv_builder_add(statements, create);
    return g_strv_builder_end(statements);
}

GStrv cmig_audit_records(const CmigAuditPlace *place, const CmigAuditRecord *record,
                         gboolean create)
{
    g_autoptr(GStrvBuilder) statements = g_strv_builder_new();
    g_autofree char *insert = cmig_audit_insert_sql(place, record);
    if (create) {
        g_auto(GStrv) setup = cmig_audit_setup(place);
        g_strv_builder_addv(statements, (const char **)(void *)setup);
    }
    if (place->seals && place->dialect == CMIG_DIALECT_SQLITE) {
        g_autofree char *seal = seal_sql(place);
        g_strv_builder_add(statements, seal);
    }
    g_strv_builder_add(statements, insert);
    return g_strv_builder_end(statements);
}
