/* Units. A transactional one is a single message: settings, version rows, script, COMMIT; its
 * answers tell what happened. A script outside of a transaction goes statement by statement. */
#include "cmig/error.h"
#include "pg.h"

#include <string.h>

/* Settings that hold for the transaction. */
static void add_settings(CmigPgMessage *message, const CmigPg *pg)
{
    if (pg->base.settings.statement_timeout > 0)
        cmig_pg_message_add(message, "SET LOCAL statement_timeout = %u",
                            pg->base.settings.statement_timeout);
    cmig_pg_message_add(message, "SET LOCAL standard_conforming_strings = on");
    cmig_pg_message_add(message, "SET LOCAL idle_in_transaction_session_timeout = '1min'");
}

/* Settings that depend on the server, so they are made by a query, which can look first. It comes
 * behind LOCK TABLE: at higher isolation levels the first query decides what the transaction sees.
 * The connection check (14 and later, not on Windows) stops work for a client that died. */
static void add_server_settings(CmigPgMessage *message)
{
    cmig_pg_message_add(
        message, "SELECT CASE WHEN pg_catalog.current_setting('synchronous_commit') = 'off'"
                 " THEN pg_catalog.set_config('synchronous_commit', 'on', true) END,"
                 " CASE WHEN pg_catalog.current_setting('client_connection_check_interval', true)"
                 " = '0' AND pg_catalog.version() ~ 'linux|darwin|bsd' THEN pg_catalog.set_config("
                 "'client_connection_check_interval', '2s', true) END");
}

/* The version table, as Alembic makes it. */
static void add_create(CmigPgMessage *message, const CmigPg *pg, const char *table)
{
    const CmigVersionTable *wanted = pg->base.settings.version_table;
    g_autofree char *constraint = g_strconcat(wanted->name, "_pkc", NULL);
    g_autofree char *quoted = cmig_db_quote_identifier(constraint);
    /* No notice when the table is there: the user did not write this statement. */
    cmig_pg_message_add(message, "SET LOCAL client_min_messages = error");
    if (wanted->primary_key)
        cmig_pg_message_add(message,
                            "CREATE TABLE IF NOT EXISTS %s (version_num VARCHAR(32) NOT NULL, "
                            "CONSTRAINT %s PRIMARY KEY (version_num))",
                            table, quoted);
    else
        cmig_pg_message_add(
            message, "CREATE TABLE IF NOT EXISTS %s (version_num VARCHAR(32) NOT NULL)", table);
    cmig_pg_message_add(message, "SET LOCAL client_min_messages TO DEFAULT");
}

/* From here to the end of the transaction nobody else changes the version rows. The wait is
 * limited, that of the script's own statements is not. */
static void add_lock(CmigPgMessage *message, const char *table, guint lock_timeout)
{
    if (lock_timeout > 0)
        cmig_pg_message_add(message, "SET LOCAL lock_timeout = %u", lock_timeout);
    cmig_pg_message_add(message, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", table);
    if (lock_timeout > 0)
        cmig_pg_message_add(message, "SET LOCAL lock_timeout TO DEFAULT");
}

static void add_check(CmigPgMessage *message, const CmigDbUnit *unit, const char *table)
{
    if (unit->expected != NULL)
        message->check_at = cmig_pg_add_rows(message, unit->expected, table);
}

static void add_changes(CmigPgMessage *message, const CmigDbUnit *unit)
{
    message->changes_from = message->statements;
    for (const char *const *change = unit->changes; change != NULL && *change != NULL; change++)
        cmig_pg_message_add(message, "%s", *change);
    message->changes_to = message->statements;
}

/* A script may end in a comment or without a `;`. */
static void add_script(CmigPgMessage *message, const CmigSqlScript *script)
{
    message->script = script;
    message->script_count = script->statements->len;
    message->whole = TRUE;
    message->script_from = message->text->len;
    cmig_sql_append(script, message->text);
    message->script_to = message->text->len;
    g_string_append(message->text, "\n;");
    message->statements += script->statements->len;
}

/* What a script left set must not reach the next one. Roles first: the right to reset other
 * settings may depend on them. */
static void add_reset(CmigPgMessage *message)
{
    cmig_pg_message_add(message, "RESET SESSION AUTHORIZATION");
    cmig_pg_message_add(message, "RESET ROLE");
    cmig_pg_message_add(message, "RESET ALL");
}

/* The script may have touched the version table. As the role that connected: the script's own may
 * have no right to read it. A table that a downgrade to base has dropped cannot be looked at. */
static void add_result_check(CmigPgMessage *message, const CmigDbUnit *unit, const char *table)
{
    if (unit->result[0] == NULL)
        return;
    cmig_pg_message_add(message, "RESET SESSION AUTHORIZATION");
    cmig_pg_message_add(message, "RESET ROLE");
    message->result_at = cmig_pg_add_rows(message, unit->result, table);
}

static void add_unit(CmigPgMessage *message, const CmigPg *pg, const CmigDbUnit *unit,
                     const CmigSqlScript *script)
{
    g_autofree char *table = cmig_db_version_table(&pg->base);
    if (unit->begins)
        cmig_pg_message_add(message, "BEGIN");
    add_settings(message, pg);
    if (unit->create_table)
        add_create(message, pg, table);
    add_lock(message, table, pg->base.settings.lock_timeout);
    add_server_settings(message);
    add_check(message, unit, table);
    add_changes(message, unit);
    if (unit->result != NULL)
        message->changed_at = cmig_pg_add_rows(message, unit->result, table);
    message->script_at = message->statements;
    if (script != NULL)
        add_script(message, script);
    if (script != NULL && unit->result != NULL)
        add_result_check(message, unit, table);
    if (unit->commits) {
        message->commit_at = message->statements;
        cmig_pg_message_add(message, "COMMIT");
    }
    add_reset(message);
}

/* Runs a message of which only the success matters. */
static gboolean command(CmigPg *pg, const char *text)
{
    pg->quiet = TRUE;
    g_autoptr(CmigPgResult) result = PQexec(pg->conn, text);
    pg->quiet = FALSE;
    return PQresultStatus(result) == PGRES_COMMAND_OK;
}

/* The lexer and the server must agree on what a backslash in a string means, and the server reads a
 * whole message before it runs any of it: a SET inside would come too late. */
static gboolean ensure_plain_strings(CmigPg *pg, GError **error)
{
    if (g_strcmp0(PQparameterStatus(pg->conn, "standard_conforming_strings"), "on") == 0 ||
        command(pg, "SET standard_conforming_strings = on"))
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE,
                "cannot switch standard_conforming_strings on at %s", pg->base.display);
    return FALSE;
}

/* Leaves no transaction open. */
static void roll_back(CmigPg *pg)
{
    if (PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
        command(pg, "ROLLBACK");
}

/* The connection ended without a verdict. */
static gboolean fail_lost(const CmigPg *pg, gboolean in_doubt, GError **error)
{
    if (!in_doubt) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE,
                    "the connection to %s was lost; nothing of this migration is applied",
                    pg->base.display);
        return FALSE;
    }
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                "the connection to %s was lost before the server answered: whether the migration "
                "was committed is unknown",
                pg->base.display);
    cmig_error_set_hint(error, "run `cmig current` to see; the server may still be working on it");
    return FALSE;
}

static guint count_copies(const CmigPgMessage *message)
{
    guint count = 0;
    for (guint idx = 0; idx < message->script_count; idx++)
        count +=
            cmig_sql_statement(message->script, message->script_first + idx)->copy >= 0 ? 1 : 0;
    return count;
}

/* An answer without COMMIT, for a message that should have brought everything. */
static gboolean fail_answer(CmigPg *pg, const CmigDbUnit *unit, const CmigPgMessage *message,
                            const CmigPgAnswer *answer, GError **error)
{
    const char *sqlstate =
        answer->failure ? PQresultErrorField(answer->failure, PG_DIAG_SQLSTATE) : NULL;
    /* No SQLSTATE: the client library speaks, not the server. A crash of the server (57P02) is no
     * verdict either. */
    if (answer->rolled_back) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                            "the server answered COMMIT with ROLLBACK: nothing is applied");
        return FALSE;
    }
    if (answer->foreign_end || (sqlstate == NULL && PQstatus(pg->conn) == CONNECTION_OK)) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                            "the section ended its transaction, or the server answered in an "
                            "unexpected way: it may be applied in part");
        cmig_error_set_hint(error, "compare the schema with `cmig current`");
        return FALSE;
    }
    if (sqlstate == NULL || strcmp(sqlstate, "57P02") == 0)
        return fail_lost(
            pg, answer->sent && unit->commits && answer->copies_fed == count_copies(message),
            error);
    if (cmig_pg_is_rows_failure(message, answer, unit, sqlstate, error))
        return FALSE;
    cmig_pg_set_message_error(pg, message, answer, error);
    if (answer->done == message->commit_at)
        g_prefix_error(error, "at COMMIT: ");
    if (answer->done >= message->script_at)
        return FALSE;
    if (cmig_error_file(*error) != NULL)
        return FALSE; /* a syntax error in the script stops the message before it starts */
    g_prefix_error(error, "preparing the version table: ");
    /* Two sessions created the table at once (unique violation in a catalogue, duplicate object or
     * table), or it was dropped meanwhile. */
    static const char *const races[] = {"23505", "42710", "42P07", "42P01"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(races); idx++)
        if (strcmp(sqlstate, races[idx]) == 0)
            (*error)->code = CMIG_ERROR_CONFLICT;
    return FALSE;
}

static gboolean check_rows_changed(const CmigDbUnit *unit, const CmigPgAnswer *answer,
                                   GError **error)
{
    if (unit->expected == NULL || answer->rows_changed == unit->rows_changed)
        return TRUE;
    g_set_error(error, CMIG_ERROR, unit->commits ? CMIG_ERROR_IN_DOUBT : CMIG_ERROR_FAILED,
                "%" G_GUINT64_FORMAT " version rows were changed where %u should have been",
                answer->rows_changed, unit->rows_changed);
    cmig_error_set_hint(error, "does the version table have rules or triggers?");
    return FALSE;
}

/* A whole unit as one message. */
static gboolean run_transaction(CmigPg *pg, const CmigDbUnit *unit, const CmigSqlScript *script,
                                CmigDbOutcome *outcome, GError **error)
{
    if (!unit->begins && PQtransactionStatus(pg->conn) != PQTRANS_INTRANS) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "the transaction that this migration belongs to is no longer open");
        return FALSE;
    }
    if (unit->begins && !ensure_plain_strings(pg, error))
        return FALSE;
    g_auto(CmigPgMessage) message;
    cmig_pg_message_init(&message);
    add_unit(&message, pg, unit, script);
    g_auto(CmigPgAnswer) answer = {0};
    cmig_pg_exchange(pg, &message, &answer);
    if (answer.done > message.script_at)
        outcome->statements_done = MIN(answer.done - message.script_at, message.script_count);
    outcome->applied = answer.committed;
    gboolean complete = unit->commits ? answer.committed
                                      : answer.failure == NULL && answer.done == message.statements;
    complete = complete && !answer.foreign_end;
    if (!complete)
        fail_answer(pg, unit, &message, &answer, error);
    if (!complete || !check_rows_changed(unit, &answer, error)) {
        roll_back(pg);
        return FALSE;
    }
    pg->table_exists = pg->table_exists || unit->create_table;
    return TRUE;
}

/* Whether the version rows are the expected ones, before statements that cannot be undone. */
static gboolean check_rows(CmigPg *pg, const CmigDbUnit *unit, GError **error)
{
    g_autofree char *table = cmig_db_version_table(&pg->base);
    g_auto(CmigPgMessage) message;
    cmig_pg_message_init(&message);
    cmig_pg_message_add(&message, "BEGIN");
    if (unit->create_table)
        add_create(&message, pg, table);
    add_lock(&message, table, pg->base.settings.lock_timeout);
    add_check(&message, unit, table);
    guint lock_at = message.statements;
    /* An earlier section may have released all locks of the session. */
    if (pg->locked)
        cmig_pg_message_add(
            &message, "SELECT CASE WHEN l.held > 0 THEN 0 ELSE ('cmig ' || l.held)::int END FROM "
                      "(SELECT pg_catalog.count(*) AS held FROM pg_catalog.pg_locks WHERE locktype "
                      "= 'advisory' AND granted AND pid = pg_catalog.pg_backend_pid()) AS l");
    cmig_pg_message_add(&message, "ROLLBACK");
    message.script_at = message.statements;
    g_auto(CmigPgAnswer) answer = {0};
    cmig_pg_exchange(pg, &message, &answer);
    if (answer.failure == NULL && answer.done == message.statements)
        return TRUE;
    if (pg->locked && answer.done == lock_at && answer.failure != NULL) {
        roll_back(pg);
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN,
                            "the migration lock was lost: an earlier section released it");
        cmig_error_set_hint(error, "nothing of this revision is applied; run the command again");
        return FALSE;
    }
    CmigDbUnit nothing = *unit;
    nothing.commits = FALSE;
    fail_answer(pg, &nothing, &message, &answer, error);
    roll_back(pg);
    return FALSE;
}

/* One statement outside of a transaction. `*lost`: whether it ran is not known. */
static gboolean run_statement(CmigPg *pg, const CmigSqlScript *script, guint index, gboolean *lost,
                              GError **error)
{
    if (!ensure_plain_strings(pg, error))
        return FALSE;
    const CmigSqlStatement *statement = cmig_sql_statement(script, index);
    g_auto(CmigPgMessage) message;
    cmig_pg_message_init(&message);
    g_string_append_len(message.text, script->text + statement->start,
                        (gssize)(statement->end - statement->start));
    message.statements = 1;
    message.script = script;
    message.script_first = index;
    message.script_count = 1;
    message.script_to = message.text->len;
    g_auto(CmigPgAnswer) answer = {0};
    cmig_pg_exchange(pg, &message, &answer);
    if (answer.failure == NULL && answer.done == 1)
        return TRUE;
    const char *sqlstate =
        answer.failure ? PQresultErrorField(answer.failure, PG_DIAG_SQLSTATE) : NULL;
    *lost = sqlstate == NULL || strcmp(sqlstate, "57P02") == 0;
    if (*lost)
        fail_lost(pg, answer.sent, error);
    else
        cmig_pg_set_message_error(pg, &message, &answer, error);
    return FALSE;
}

/* From the second statement on, a failure leaves what came before it. */
static void set_partly_applied(guint lasting, guint done, guint count, GError **error)
{
    if (lasting == 0)
        return;
    (*error)->code = CMIG_ERROR_IN_DOUBT;
    if (done == count) {
        g_prefix_error(error,
                       "all %u statements are applied, but the version rows are not: ", count);
        return;
    }
    g_prefix_error(error, "statement %u of %u failed, statements 1 to %u are applied: ", done + 1,
                   count, lasting);
}

/* Statements that can leave something behind although they failed. */
static void set_unclear(const CmigSqlScript *script, guint index, GError **error)
{
    g_autofree char *text = cmig_sql_statement_text(script, index);
    g_autofree char *upper = g_ascii_strup(text, -1);
    gboolean concurrent = strstr(upper, "CONCURRENTLY") != NULL;
    if (!concurrent && !g_str_has_prefix(upper, "DO") && !g_str_has_prefix(upper, "CALL"))
        return;
    /* A syntax error, a missing table or a missing right come before any work. */
    const char *sqlstate = cmig_error_sqlstate(*error);
    if (sqlstate != NULL && g_str_has_prefix(sqlstate, "42"))
        return;
    (*error)->code = CMIG_ERROR_IN_DOUBT;
    if (concurrent)
        cmig_error_set_hint(error, "an invalid index may be left: look for it with \\d in psql, "
                                   "remove it with DROP INDEX CONCURRENTLY, then run again");
    else
        cmig_error_set_hint(error, "what the block committed before it failed is applied");
}

static gboolean run_statements(CmigPg *pg, const CmigDbUnit *unit, CmigDbOutcome *outcome,
                               GError **error)
{
    guint count = unit->script->statements->len;
    if (pg->base.settings.statement_timeout > 0) {
        g_autofree char *set =
            g_strdup_printf("SET statement_timeout = %u", pg->base.settings.statement_timeout);
        command(pg, set);
    }
    guint lasting = 0; /* what the script itself put into a transaction is rolled back */
    for (guint idx = 0; idx < count; idx++) {
        gboolean lost = FALSE;
        if (!run_statement(pg, unit->script, idx, &lost, error)) {
            set_partly_applied(lasting, idx, count, error);
            set_unclear(unit->script, idx, error);
            return FALSE;
        }
        outcome->statements_done = idx + 1;
        if (PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
            lasting = idx + 1;
    }
    if (PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                        "the section leaves a transaction open; what it did is rolled back, "
                        "statements before it are applied");
    cmig_error_set_hint(error, "end it with COMMIT, or leave transaction=off away");
    return FALSE;
}

static void reset_session(CmigPg *pg)
{
    command(pg, "RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL");
}

/* A script outside of a transaction, then the version rows. */
static gboolean run_separately(CmigPg *pg, const CmigDbUnit *unit, CmigDbOutcome *outcome,
                               GError **error)
{
    guint count = unit->script->statements->len;
    if (!check_rows(pg, unit, error))
        return FALSE;
    gboolean done = run_statements(pg, unit, outcome, error);
    roll_back(pg);
    reset_session(pg);
    if (!done)
        return FALSE;
    CmigDbOutcome rows = {0};
    done = run_transaction(pg, unit, NULL, &rows, error);
    outcome->applied = rows.applied;
    if (!done)
        set_partly_applied(count, count, count, error);
    return done;
}

gboolean cmig_pg_run(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    pg->cancelled = 0;
    pg->notices = 0;
    if (unit->transactional || unit->script == NULL)
        return run_transaction(pg, unit, unit->script, outcome, error);
    return run_separately(pg, unit, outcome, error);
}
