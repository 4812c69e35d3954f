/* The sections of revisions in an offline script, for psql and the sqlite3 shell. */
#include "engine/offline/sql.h"

#include "cmig/error.h"

#include <string.h>

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

static void end_line(GString *script)
{
    if (script->len > 0 && script->str[script->len - 1] != '\n')
        g_string_append_c(script, '\n');
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
    end_line(script);
}

static void append_statement(GString *script, const CmigSqlScript *sql, guint index)
{
    const CmigSqlStatement *statement = cmig_sql_statement(sql, index);
    append_part(script, sql, statement->start, statement->end);
    g_string_append(script, ";\n");
    if (statement->copy < 0)
        return;
    const CmigSqlGap *data = cmig_sql_gap(sql, (guint)statement->copy);
    g_string_append_len(script, sql->text + data->start, (gssize)(data->end - data->start));
    end_line(script);
}

static gboolean has_copy_data(const CmigSqlScript *sql)
{
    for (guint idx = 0; idx < sql->gaps->len; idx++)
        if (cmig_sql_gap(sql, idx)->is_copy)
            return TRUE;
    return FALSE;
}

/* What only creates things breaks no foreign key, and looking at all rows takes time. */
static gboolean may_break_keys(const CmigOffline *offline, const CmigSqlScript *sql, guint from,
                               guint to)
{
    gboolean may = FALSE;
    for (guint idx = from; idx < to && !may; idx++)
        may = cmig_sql_find_word(sql, idx, "create") != 0;
    return offline->dialect == CMIG_DIALECT_SQLITE && may;
}

static void note_keys(CmigOffline *offline)
{
    cmig_offline_add(offline,
                     "CREATE TEMP TABLE cmig_before AS SELECT \"table\" AS child, parent, count(*) "
                     "AS rows FROM pragma_foreign_key_check GROUP BY 1, 2");
}

static void check_keys(CmigOffline *offline)
{
    g_string_append(
        offline->script,
        "CREATE TEMP TABLE cmig_after (rows INTEGER CONSTRAINT \"the migration breaks foreign "
        "keys: nothing of it is applied\" CHECK (rows <= 0));\n"
        "INSERT INTO temp.cmig_after SELECT a.rows - coalesce(b.rows, 0) FROM (SELECT \"table\" AS "
        "child, parent, count(*) AS rows FROM pragma_foreign_key_check GROUP BY 1, 2) AS a LEFT "
        "JOIN temp.cmig_before AS b ON b.child = a.child AND b.parent = a.parent;\n"
        "DROP TABLE temp.cmig_before;\nDROP TABLE temp.cmig_after;\n");
}

void cmig_offline_add_section(CmigOffline *offline, const CmigStep *step)
{
    gboolean check = may_break_keys(offline, step->sql, 0, step->sql->statements->len);
    if (has_copy_data(step->sql))
        offline->must_stop = TRUE;
    if (check)
        note_keys(offline);
    if (offline->dialect == CMIG_DIALECT_POSTGRESQL)
        cmig_offline_add(offline, "SET LOCAL row_security TO DEFAULT");
    append_section(offline->script, step->sql);
    if (check)
        check_keys(offline);
}

/* What a section has set for the session must not decide who writes cmig's records, and where. */
static void add_own_role(CmigOffline *offline)
{
    if (offline->dialect != CMIG_DIALECT_POSTGRESQL)
        return;
    cmig_offline_add(offline, "SET LOCAL SESSION AUTHORIZATION DEFAULT");
    cmig_offline_add(offline, "SET LOCAL ROLE NONE");
    cmig_offline_add(offline, "SET LOCAL search_path TO DEFAULT");
}

/* A record that so many statements are done, in a transaction with the last one when it can run in
 * one. */
static void add_progress(CmigOffline *offline, const CmigStep *step, const char *const *expected,
                         guint count, gboolean within)
{
    gboolean check = within && may_break_keys(offline, step->sql, count - 1, count);
    cmig_offline_begin(offline);
    if (check)
        note_keys(offline);
    if (within)
        append_statement(offline->script, step->sql, count - 1);
    if (check)
        check_keys(offline);
    add_own_role(offline);
    cmig_offline_add_check(offline, expected);
    cmig_offline_add_record(offline, step, CMIG_AUDIT_STATEMENT, count);
    g_string_append(offline->script, "COMMIT;\n");
}

/* Whether the section's own transaction is open behind a statement that begins or ends one. */
static gboolean stays_open(const CmigSqlScript *sql, guint index, gboolean open)
{
    static const char *const begins[] = {"begin", "start", "savepoint"};
    static const char *const ends[] = {"commit", "end", "rollback", "abort", "prepare"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(begins); idx++)
        if (cmig_sql_find_word(sql, index, begins[idx]) == 0)
            return TRUE;
    for (gsize idx = 0; idx < G_N_ELEMENTS(ends); idx++)
        if (cmig_sql_find_word(sql, index, ends[idx]) == 0)
            return open && (cmig_sql_find_word(sql, index, "to") > 0 ||
                            (cmig_sql_find_word(sql, index, "chain") > 0 &&
                             cmig_sql_find_word(sql, index, "no") < 0));
    return open;
}

/* As a run online does it, so that the next one can go on where the script was stopped. */
static void add_statements(CmigOffline *offline, const CmigStep *step, const char *const *expected)
{
    const CmigSqlScript *sql = step->sql;
    gboolean open = FALSE; /* the section's own transaction */
    for (guint idx = 0; idx < sql->statements->len; idx++) {
        CmigSqlKind kind = cmig_sql_kind(sql, idx);
        if (!open && kind == CMIG_SQL_ATOMIC) {
            add_progress(offline, step, expected, idx + 1, TRUE);
            continue;
        }
        if (open && cmig_sql_is_commit(sql, idx)) {
            add_own_role(offline);
            cmig_offline_add_record(offline, step, CMIG_AUDIT_STATEMENT, idx + 1);
        }
        append_statement(offline->script, sql, idx);
        if (!open && (kind == CMIG_SQL_ALONE || kind == CMIG_SQL_OPAQUE))
            add_progress(offline, step, expected, idx + 1, FALSE);
        open = kind == CMIG_SQL_CONTROL ? stays_open(sql, idx, open) : open;
    }
}

void cmig_offline_add_separately(CmigOffline *offline, const CmigStep *step,
                                 const char *const *expected, char **changes)
{
    gboolean up = step->direction == CMIG_UPGRADE;
    offline->must_stop = offline->dialect == CMIG_DIALECT_POSTGRESQL;
    cmig_offline_begin(offline);
    cmig_offline_add_check(offline, expected);
    cmig_offline_add_lock(offline, TRUE);
    cmig_offline_add_record(offline, step, CMIG_AUDIT_STARTED, 0);
    cmig_offline_commit(offline);
    add_statements(offline, step, expected);
    cmig_offline_add_reset(offline);
    cmig_offline_begin(offline);
    cmig_offline_add_check(offline, expected);
    cmig_offline_add_changes(offline, changes);
    cmig_offline_add_record(offline, step, up ? CMIG_AUDIT_APPLIED : CMIG_AUDIT_REVERTED, 0);
    cmig_offline_commit(offline);
    cmig_offline_add_lock(offline, FALSE);
}

/* Those that psql sets itself; it leaves others as they stand. */
static const char *const psql_names[] = {
    "AUTOCOMMIT",
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
    "PIPELINE_COMMAND_COUNT",
    "PIPELINE_RESULT_COUNT",
    "PIPELINE_SYNC_COUNT",
    "PORT",
    "PROMPT1",
    "PROMPT2",
    "PROMPT3",
    "QUIET",
    "ROW_COUNT",
    "SERVER_VERSION_NAME",
    "SERVER_VERSION_NUM",
    "SERVICE",
    "SERVICEFILE",
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
    "WATCH_INTERVAL",
    NULL,
};

/* A transaction that the section leaves open would take cmig's records with it. */
static gboolean check_closed(const CmigStep *step, GError **error)
{
    const CmigSqlScript *sql = step->sql;
    gboolean open = FALSE;
    guint at = 0;
    for (guint idx = 0; !step->transactional && idx < sql->statements->len; idx++) {
        if (cmig_sql_kind(sql, idx) != CMIG_SQL_CONTROL)
            continue;
        gboolean was_open = open;
        open = stays_open(sql, idx, open);
        if (open && !was_open)
            at = idx;
    }
    if (!open)
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                        "the section leaves the transaction open that begins here");
    cmig_sql_set_place(sql, cmig_sql_statement(sql, at)->start, error);
    cmig_error_set_hint(error, "end it with COMMIT, or leave transaction=off away");
    return FALSE;
}

gboolean cmig_offline_check_section(const CmigStep *step, GError **error)
{
    gsize at = 0;
    gboolean sqlite = step->sql->dialect == CMIG_DIALECT_SQLITE;
    gboolean found = sqlite ? cmig_sql_find_shell_command(step->sql, &at)
                            : cmig_sql_find_reference(step->sql, psql_names, &at);
    if (!found)
        return check_closed(step, error);
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                        sqlite ? "the sqlite3 shell would take this for a command of its own"
                               : "psql would put the value of a variable of its own here");
    cmig_sql_set_place(step->sql, at, error);
    cmig_error_set_hint(error, sqlite ? "join the line with the one before it, or run this "
                                        "revision online"
                                      : "write a space behind the colon, or run this revision "
                                        "online");
    return FALSE;
}
