#include "engine/offline_sql.h"

#include "cmig/db.h"
#include "cmig/error.h"
#include "cmig/text.h"
#include "engine/session.h"

#include <string.h>

/* What differs between the dialects. */
typedef struct {
    const char *how;   /* to run the script, as comments */
    const char *setup; /* of the session */
    const char *begin;
    const char *reset; /* of what a section left set */
    void (*add_guard)(CmigOffline *offline, const char *const *rows);
} Style;

static void guard_postgresql(CmigOffline *offline, const char *const *rows);
static void guard_sqlite(CmigOffline *offline, const char *const *rows);

static const Style styles[] = {
    [CMIG_DIALECT_POSTGRESQL] =
        {
            .how = "-- Run it with: psql -X -v ON_ERROR_STOP=1 -f FILE\n",
            .setup = "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n",
            .begin = "BEGIN;\n",
            .reset = "RESET SESSION AUTHORIZATION;\nRESET ROLE;\nRESET ALL;\n",
            .add_guard = guard_postgresql,
        },
    [CMIG_DIALECT_SQLITE] =
        {
            .how = "-- Run it with: sqlite3 -bail DATABASE < FILE\n.bail on\n",
            .setup = "PRAGMA foreign_keys = OFF;\n",
            .begin = "BEGIN IMMEDIATE;\n",
            .reset = "",
            .add_guard = guard_sqlite,
        },
};

void cmig_offline_init(CmigOffline *offline, const CmigConfig *config, CmigDialect dialect)
{
    const char *schema = dialect == CMIG_DIALECT_SQLITE ? "main" : config->version_table_schema;
    g_autofree char *name = cmig_db_quote_identifier(config->version_table);
    g_autofree char *quoted = schema != NULL ? cmig_db_quote_identifier(schema) : NULL;
    offline->config = config;
    offline->dialect = dialect;
    offline->script = g_string_new(NULL);
    offline->token = cmig_audit_new_token();
    offline->table = quoted != NULL ? g_strconcat(quoted, ".", name, NULL) : g_strdup(name);
    offline->audit_table = cmig_audit_table(schema);
    offline->place = (CmigAuditPlace){dialect, offline->audit_table, config->version_table};
}

void cmig_offline_clear(CmigOffline *offline)
{
    if (offline->script != NULL)
        g_string_free(offline->script, TRUE);
    g_free(offline->token);
    g_free(offline->table);
    g_free(offline->audit_table);
}

static void add(CmigOffline *offline, const char *statement)
{
    g_string_append_printf(offline->script, "%s;\n", statement);
}

void cmig_offline_add_head(CmigOffline *offline, const char *what, const char *range)
{
    const Style *style = &styles[offline->dialect];
    g_autofree char *shown = cmig_text_escape(range);
    g_string_append_printf(offline->script, "-- cmig %s: %s%s%s for %s\n%s\n%s", CMIG_VERSION, what,
                           *shown != '\0' ? " " : "", shown, cmig_dialect_name(offline->dialect),
                           style->how, style->setup);
}

static void append_ids(GString *text, const GPtrArray *ids)
{
    for (guint idx = 0; idx < ids->len; idx++)
        g_string_append_printf(text, "%s%s", idx > 0 ? ", " : "",
                               ((const CmigRevision *)ids->pdata[idx])->id);
}

void cmig_offline_add_running(CmigOffline *offline, const CmigStep *step)
{
    gboolean up = step->direction == CMIG_UPGRADE;
    g_string_append_printf(offline->script, "\n-- Running %s ",
                           cmig_direction_name(step->direction));
    if (up)
        append_ids(offline->script, step->revision->parents);
    else
        g_string_append(offline->script, step->revision->id);
    g_string_append(offline->script, " -> ");
    if (up)
        g_string_append(offline->script, step->revision->id);
    else
        append_ids(offline->script, step->revision->parents);
    g_string_append_c(offline->script, '\n');
}

void cmig_offline_add_schema(CmigOffline *offline)
{
    if (offline->dialect != CMIG_DIALECT_POSTGRESQL ||
        offline->config->version_table_schema == NULL)
        return;
    g_autofree char *schema = cmig_db_quote_identifier(offline->config->version_table_schema);
    g_string_append_printf(offline->script, "CREATE SCHEMA IF NOT EXISTS %s;\n", schema);
}

void cmig_offline_begin(CmigOffline *offline)
{
    CmigVersionTable wanted = cmig_version_table(offline->config);
    g_autofree char *version = cmig_db_create_version_table(&wanted, offline->table);
    g_autofree char *audit = cmig_audit_create_sql(&offline->place);
    gboolean has_notices = offline->dialect == CMIG_DIALECT_POSTGRESQL;
    g_string_append(offline->script, styles[offline->dialect].begin);
    if (offline->created)
        return;
    offline->created = TRUE;
    if (has_notices)
        add(offline, "SET LOCAL client_min_messages = warning");
    add(offline, version);
    add(offline, audit);
    if (has_notices)
        add(offline, "SET LOCAL client_min_messages TO DEFAULT");
}

void cmig_offline_commit(CmigOffline *offline)
{
    const Style *style = &styles[offline->dialect];
    g_string_append(offline->script, "COMMIT;\n");
    g_string_append(offline->script, style->reset);
    if (*style->reset != '\0')
        g_string_append(offline->script, style->setup);
}

static char *join(const char *const *rows)
{
    return g_strjoinv(", ", (char **)(guintptr)rows);
}

static void guard_postgresql(CmigOffline *offline, const char *const *rows)
{
    g_autofree char *wanted = join(rows);
    g_autofree char *end =
        g_strdup_printf("], and this is for a database at %s: nothing is changed",
                        *wanted != '\0' ? wanted : "base");
    g_autofree char *check =
        cmig_db_check_rows_sql(offline->table, rows, "the version table holds [", end);
    g_string_append_printf(offline->script, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE;\n",
                           offline->table);
    add(offline, check);
}

/* Only a constraint can fail with words of one's own: its name is in the error. */
static void guard_sqlite(CmigOffline *offline, const char *const *rows)
{
    g_autofree char *wanted = join(rows);
    g_autofree char *text = g_strdup_printf("this is for a database at %s: nothing is changed",
                                            *wanted != '\0' ? wanted : "base");
    g_autofree char *name = cmig_db_quote_identifier(text);
    g_autofree char *literal = cmig_db_quote_literal(wanted);
    g_string_append_printf(offline->script,
                           "CREATE TEMP TABLE cmig_guard (rows TEXT CONSTRAINT %s CHECK (rows = "
                           "%s));\n",
                           name, literal);
    g_string_append_printf(
        offline->script,
        "INSERT INTO temp.cmig_guard SELECT coalesce(group_concat(version_num, "
        "', '), '') FROM (SELECT version_num FROM %s ORDER BY version_num COLLATE "
        "BINARY);\nDROP TABLE temp.cmig_guard;\n",
        offline->table);
}

void cmig_offline_add_guard(CmigOffline *offline, const char *const *rows)
{
    styles[offline->dialect].add_guard(offline, rows);
}

void cmig_offline_add_changes(CmigOffline *offline, char **changes)
{
    for (; *changes != NULL; changes++)
        add(offline, *changes);
}

void cmig_offline_add_record(CmigOffline *offline, const CmigStep *step, gboolean begins)
{
    CmigAuditRecord record = {.event = begins                            ? CMIG_AUDIT_STARTED
                                       : step->direction == CMIG_UPGRADE ? CMIG_AUDIT_APPLIED
                                                                         : CMIG_AUDIT_REVERTED,
                              .run = offline->token,
                              .revision = step->revision->id,
                              .direction = cmig_direction_name(step->direction),
                              .statements = step->sql->statements->len,
                              .checksum = begins ? cmig_audit_no_statements : step->checksum,
                              .detail = "offline"};
    g_autofree char *insert = cmig_audit_insert_sql(&offline->place, &record);
    add(offline, insert);
}

void cmig_offline_add_stamp(CmigOffline *offline, const GPtrArray *from, const GPtrArray *to)
{
    g_autofree char *insert = cmig_session_stamp_record(&offline->place, offline->token, from, to);
    add(offline, insert);
}

/* Appends a part of the text, without the lines of pg_dump that only psql reads. */
static void append_part(GString *script, const CmigSqlScript *sql, gsize from, gsize to)
{
    for (guint idx = 0; idx < sql->gaps->len; idx++) {
        const CmigSqlGap *gap = cmig_sql_gap(sql, idx);
        if (gap->is_copy || gap->start < from || gap->end > to)
            continue;
        g_string_append_len(script, sql->text + from, (gssize)(gap->start - from));
        from = gap->end;
    }
    g_string_append_len(script, sql->text + from, (gssize)(to - from));
}

/* The text with its COPY data; its last statement may lack a `;`. */
static void append_section(GString *script, const CmigSqlScript *sql)
{
    guint count = sql->statements->len;
    gsize end = count > 0 ? cmig_sql_statement(sql, count - 1)->end : 0;
    append_part(script, sql, 0, end);
    if (count > 0 && sql->text[end] != ';')
        g_string_append_c(script, ';');
    append_part(script, sql, end, sql->length);
    if (script->len > 0 && script->str[script->len - 1] != '\n')
        g_string_append_c(script, '\n');
}

void cmig_offline_add_section(CmigOffline *offline, const CmigStep *step)
{
    gboolean sqlite = offline->dialect == CMIG_DIALECT_SQLITE && step->transactional &&
                      step->sql->statements->len > 0;
    if (sqlite)
        g_string_append(offline->script,
                        "CREATE TEMP TABLE cmig_before AS SELECT count(*) AS violations FROM "
                        "pragma_foreign_key_check;\n");
    append_section(offline->script, step->sql);
    if (sqlite)
        g_string_append(
            offline->script,
            "CREATE TEMP TABLE cmig_after (violations INTEGER CONSTRAINT \"the migration breaks "
            "foreign keys: nothing of it is applied\" CHECK (violations <= 0));\n"
            "INSERT INTO temp.cmig_after SELECT (SELECT count(*) FROM pragma_foreign_key_check) - "
            "violations FROM temp.cmig_before;\n"
            "DROP TABLE temp.cmig_before;\nDROP TABLE temp.cmig_after;\n");
}

void cmig_offline_add_separately(CmigOffline *offline, const CmigStep *step,
                                 const char *const *expected, char **changes)
{
    cmig_offline_begin(offline);
    cmig_offline_add_guard(offline, expected);
    cmig_offline_add_record(offline, step, TRUE);
    cmig_offline_commit(offline);
    cmig_offline_add_section(offline, step);
    g_string_append(offline->script, styles[offline->dialect].reset);
    cmig_offline_begin(offline);
    cmig_offline_add_guard(offline, expected);
    cmig_offline_add_changes(offline, changes);
    cmig_offline_add_record(offline, step, FALSE);
    cmig_offline_commit(offline);
}

gboolean cmig_offline_check_section(const CmigStep *step, GError **error)
{
    /* Those that psql sets itself; it leaves others as they stand. */
    static const char *const names[] = {"AUTOCOMMIT",
                                        "COMP_KEYWORD_CASE",
                                        "DBNAME",
                                        "ECHO",
                                        "ECHO_HIDDEN",
                                        "ENCODING",
                                        "ERROR",
                                        "FETCH_COUNT",
                                        "HIDE_TABLEAM",
                                        "HIDE_TOAST_COMPRESSION",
                                        "HISTCONTROL",
                                        "HISTFILE",
                                        "HISTSIZE",
                                        "HOST",
                                        "IGNOREEOF",
                                        "LASTOID",
                                        "LAST_ERROR_MESSAGE",
                                        "LAST_ERROR_SQLSTATE",
                                        "ON_ERROR_ROLLBACK",
                                        "ON_ERROR_STOP",
                                        "PORT",
                                        "PROMPT1",
                                        "PROMPT2",
                                        "PROMPT3",
                                        "QUIET",
                                        "ROW_COUNT",
                                        "SERVER_VERSION_NAME",
                                        "SERVER_VERSION_NUM",
                                        "SHELL_ERROR",
                                        "SHELL_EXIT_CODE",
                                        "SHOW_ALL_RESULTS",
                                        "SHOW_CONTEXT",
                                        "SINGLELINE",
                                        "SINGLESTEP",
                                        "SQLSTATE",
                                        "USER",
                                        "VERBOSITY",
                                        "VERSION",
                                        "VERSION_NAME",
                                        "VERSION_NUM",
                                        NULL};
    gsize at = 0;
    if (step->sql->dialect != CMIG_DIALECT_POSTGRESQL ||
        !cmig_sql_find_reference(step->sql, names, &at))
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                        "psql would put the value of a variable of its own here");
    cmig_sql_set_place(step->sql, at, error);
    cmig_error_set_hint(error, "write a space behind the colon, or run this revision online");
    return FALSE;
}
