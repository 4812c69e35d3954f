/* The columns of the audit table, and what a row's hash is made of: canonical JSON (RFC 8785),
 * which PostgreSQL, SQLite and this file make in the same way, to the byte. */
#include "audit/columns.h"

#include <string.h>

const CmigAuditColumn cmig_audit_columns[CMIG_COLUMNS] = {
    [CMIG_COLUMN_ID] = {"id", CMIG_AUDIT_NUMBER, TRUE},
    [CMIG_COLUMN_VERSION_TABLE] = {"version_table", CMIG_AUDIT_TEXT, TRUE},
    [CMIG_COLUMN_AT] = {"at", CMIG_AUDIT_TIME, TRUE},
    [CMIG_COLUMN_RUN] = {"run", CMIG_AUDIT_TEXT, TRUE},
    [CMIG_COLUMN_EVENT] = {"event", CMIG_AUDIT_TEXT, TRUE},
    [CMIG_COLUMN_REVISION] = {"revision", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_DIRECTION] = {"direction", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_STATEMENT] = {"statement", CMIG_AUDIT_NUMBER, FALSE},
    [CMIG_COLUMN_STATEMENTS] = {"statements", CMIG_AUDIT_NUMBER, FALSE},
    [CMIG_COLUMN_CHECKSUM] = {"checksum", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_FINGERPRINT] = {"fingerprint", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_DETAIL] = {"detail", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_LEVEL] = {"level", CMIG_AUDIT_NUMBER, FALSE},
    [CMIG_COLUMN_PLAN] = {"plan", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_ENVIRONMENT] = {"environment", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_CONFIRMED] = {"confirmed", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_REASON] = {"reason", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_DB_USER] = {"db_user", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_OS_USER] = {"os_user", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_HOST] = {"host", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_APPLICATION] = {"application", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_TOOL] = {"tool", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_GIT_COMMIT] = {"git_commit", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_GIT_BRANCH] = {"git_branch", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_GIT_DIRTY] = {"git_dirty", CMIG_AUDIT_NUMBER, FALSE},
    [CMIG_COLUMN_SERVER_IDENTITY] = {"server_identity", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_STARTED_AT] = {"started_at", CMIG_AUDIT_TIME, FALSE},
    [CMIG_COLUMN_DURATION_MS] = {"duration_ms", CMIG_AUDIT_NUMBER, FALSE},
    [CMIG_COLUMN_ROWS_AFFECTED] = {"rows_affected", CMIG_AUDIT_NUMBER, FALSE},
    [CMIG_COLUMN_SQLSTATE] = {"sqlstate", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_PREVIOUS] = {"previous", CMIG_AUDIT_TEXT, FALSE},
    [CMIG_COLUMN_HASH] = {"hash", CMIG_AUDIT_TEXT, FALSE},
};

const CmigAuditColumnId cmig_audit_canonical[CMIG_COLUMNS - 1] = {
    CMIG_COLUMN_APPLICATION,
    CMIG_COLUMN_AT,
    CMIG_COLUMN_CHECKSUM,
    CMIG_COLUMN_CONFIRMED,
    CMIG_COLUMN_DB_USER,
    CMIG_COLUMN_DETAIL,
    CMIG_COLUMN_DIRECTION,
    CMIG_COLUMN_DURATION_MS,
    CMIG_COLUMN_ENVIRONMENT,
    CMIG_COLUMN_EVENT,
    CMIG_COLUMN_FINGERPRINT,
    CMIG_COLUMN_GIT_BRANCH,
    CMIG_COLUMN_GIT_COMMIT,
    CMIG_COLUMN_GIT_DIRTY,
    CMIG_COLUMN_HOST,
    CMIG_COLUMN_ID,
    CMIG_COLUMN_LEVEL,
    CMIG_COLUMN_OS_USER,
    CMIG_COLUMN_PLAN,
    CMIG_COLUMN_PREVIOUS,
    CMIG_COLUMN_REASON,
    CMIG_COLUMN_REVISION,
    CMIG_COLUMN_ROWS_AFFECTED,
    CMIG_COLUMN_RUN,
    CMIG_COLUMN_SERVER_IDENTITY,
    CMIG_COLUMN_SQLSTATE,
    CMIG_COLUMN_STARTED_AT,
    CMIG_COLUMN_STATEMENT,
    CMIG_COLUMN_STATEMENTS,
    CMIG_COLUMN_TOOL,
    CMIG_COLUMN_VERSION_TABLE,
};

/* Types by names that no search path can turn into others. */
static const char *const types[][3] = {
    [CMIG_DIALECT_POSTGRESQL] = {[CMIG_AUDIT_TEXT] = "pg_catalog.text",
                                 [CMIG_AUDIT_NUMBER] = "bigint",
                                 [CMIG_AUDIT_TIME] = "timestamp with time zone"},
    [CMIG_DIALECT_SQLITE] =
        {[CMIG_AUDIT_TEXT] = "TEXT", [CMIG_AUDIT_NUMBER] = "INTEGER", [CMIG_AUDIT_TIME] = "TEXT"},
};

char *cmig_audit_create_sql(const CmigAuditPlace *place)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_printf(sql, "CREATE TABLE IF NOT EXISTS %s (", place->table);
    for (guint idx = 0; idx < CMIG_COLUMNS; idx++) {
        const CmigAuditColumn *column = &cmig_audit_columns[idx];
        g_string_append_printf(sql, "%s %s%s, ", column->name, types[place->dialect][column->type],
                               column->required ? " NOT NULL" : "");
    }
    g_string_append(sql, "PRIMARY KEY (version_table, id))");
    if (place->dialect == CMIG_DIALECT_SQLITE)
        g_string_append(sql, " WITHOUT ROWID"); /* one tree to write instead of two */
    return g_strdup(sql->str);
}

char *cmig_audit_column_list(void)
{
    g_autoptr(GString) list = g_string_new(NULL);
    for (guint idx = 0; idx < CMIG_COLUMNS; idx++)
        g_string_append_printf(list, "%s%s", idx > 0 ? ", " : "", cmig_audit_columns[idx].name);
    return g_strdup(list->str);
}

char *cmig_audit_own_rows_sql(const CmigAuditPlace *place, const char *row)
{
    g_autofree char *name = cmig_db_quote_literal(place->version_table);
    return g_strdup_printf(place->dialect == CMIG_DIALECT_POSTGRESQL
                               ? "%sversion_table OPERATOR(pg_catalog.=) %s::pg_catalog.text"
                               : "%sversion_table = %s",
                           row, name);
}

char *cmig_audit_genesis(const char *version_table)
{
    g_autofree char *text = g_strconcat("cmig audit ", version_table, NULL);
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

/* --- in SQL ----------------------------------------------------------------------------------- */

#define UTC_TIME "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'"

char *cmig_audit_text_postgresql(CmigAuditColumnId column, const char *row)
{
    const char *name = cmig_audit_columns[column].name;
    if (cmig_audit_columns[column].type == CMIG_AUDIT_TIME)
        return g_strdup_printf("pg_catalog.to_char(pg_catalog.timezone('UTC', %s%s), " UTC_TIME ")",
                               row, name);
    return g_strdup_printf("%s%s::pg_catalog.text", row, name);
}

char *cmig_audit_hash_sqlite(char *const *values)
{
    g_autoptr(GString) sql = g_string_new("cmig_sha256(json_object(");
    for (guint idx = 0; idx < G_N_ELEMENTS(cmig_audit_canonical); idx++) {
        CmigAuditColumnId column = cmig_audit_canonical[idx];
        g_string_append_printf(sql, "%s'%s', %s", idx > 0 ? ", " : "",
                               cmig_audit_columns[column].name, values[column]);
    }
    g_string_append(sql, "))");
    return g_strdup(sql->str);
}

/* A database without an encoding has nothing to convert. */
const char cmig_audit_hash_postgresql[] =
    "pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.row_to_json(j)::"
    "pg_catalog.text, CASE pg_catalog.getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' "
    "ELSE 'UTF8' END)), 'hex')";

char *cmig_audit_json_row_postgresql(const char *row)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    for (guint idx = 0; idx < G_N_ELEMENTS(cmig_audit_canonical); idx++) {
        CmigAuditColumnId column = cmig_audit_canonical[idx];
        const char *name = cmig_audit_columns[column].name;
        g_autofree char *text = cmig_audit_columns[column].type == CMIG_AUDIT_TIME
                                    ? cmig_audit_text_postgresql(column, row)
                                    : g_strconcat(row, name, NULL);
        g_string_append_printf(sql, "%s%s AS %s", idx > 0 ? ", " : "", text, name);
    }
    return g_strdup(sql->str);
}

/* --- in C ------------------------------------------------------------------------------------- */

static void append_escaped(GString *json, guchar byte)
{
    static const char letters[] = "btn\0fr"; /* of \b to \r */
    if (byte == '"' || byte == '\\')
        g_string_append_printf(json, "\\%c", byte);
    else if (byte >= '\b' && byte <= '\r' && letters[byte - '\b'] != '\0')
        g_string_append_printf(json, "\\%c", letters[byte - '\b']);
    else
        g_string_append_printf(json, "\\u%04x", byte);
}

static void append_string(GString *json, const char *text)
{
    g_string_append_c(json, '"');
    for (const char *at = text; *at != '\0';) {
        const char *run = at;
        while ((guchar)*at >= ' ' && *at != '"' && *at != '\\')
            at++;
        g_string_append_len(json, run, at - run);
        if (*at != '\0')
            append_escaped(json, (guchar)*at++);
    }
    g_string_append_c(json, '"');
}

static void append_member(GString *json, const CmigAuditRow *row, CmigAuditColumnId column)
{
    const char *cell = row->cells[column];
    g_string_append_c(json, json->len == 0 ? '{' : ',');
    append_string(json, cmig_audit_columns[column].name);
    g_string_append_c(json, ':');
    if (cell == NULL)
        g_string_append(json, "null");
    else if (cmig_audit_columns[column].type == CMIG_AUDIT_NUMBER)
        g_string_append(json, cell);
    else
        append_string(json, cell);
}

/* `hash` stands between `git_dirty` and `host`. */
char *cmig_audit_row_json(const CmigAuditRow *row, gboolean with_hash)
{
    GString *json = g_string_sized_new(1024);
    for (guint idx = 0; idx < G_N_ELEMENTS(cmig_audit_canonical); idx++) {
        append_member(json, row, cmig_audit_canonical[idx]);
        if (with_hash && cmig_audit_canonical[idx] == CMIG_COLUMN_GIT_DIRTY)
            append_member(json, row, CMIG_COLUMN_HASH);
    }
    g_string_append_c(json, '}');
    return g_string_free(json, FALSE);
}

char *cmig_audit_row_hash(const CmigAuditRow *row)
{
    g_autofree char *json = cmig_audit_row_json(row, FALSE);
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, json, -1);
}

void cmig_audit_row_free(CmigAuditRow *row)
{
    if (row == NULL)
        return;
    for (guint idx = 0; idx < CMIG_COLUMNS; idx++)
        g_free(row->cells[idx]);
    g_free(row);
}
