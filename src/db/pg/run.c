/* Units. A transactional one is a single message: settings, version rows, script, COMMIT; its
 * answers tell what happened. A script outside of a transaction goes statement by statement. */
#include "cmig/error.h"
#include "pg.h"

#include <string.h>

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
    if (answer->foreign_end || answer->committed || answer->done > message->statements) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                            "the section ended its transaction by itself: it may be applied in "
                            "part");
        cmig_error_set_hint(error, "compare the schema with `cmig current`");
        return FALSE;
    }
    /* No SQLSTATE: the client library speaks, not the server. A crash of the server (57P02) is no
     * verdict either. */
    if (answer->rolled_back) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                            "the server answered COMMIT with ROLLBACK: nothing is applied");
        return FALSE;
    }
    if (sqlstate == NULL && PQstatus(pg->conn) == CONNECTION_OK) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                            "the server answered in an unexpected way: the section may be applied "
                            "in part");
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

/* Whether the message did all that it should. A connection that ends, or a cancel that comes,
 * behind COMMIT changes nothing; any other error there tells that the COMMIT was not cmig's. */
static gboolean is_complete(const CmigPg *pg, const CmigDbUnit *unit, const CmigPgMessage *message,
                            const CmigPgAnswer *answer)
{
    if (answer->foreign_end || answer->done > message->statements)
        return FALSE;
    if (!unit->commits)
        return answer->failure == NULL && answer->done == message->statements &&
               PQtransactionStatus(pg->conn) == PQTRANS_INTRANS;
    const char *sqlstate =
        answer->failure ? PQresultErrorField(answer->failure, PG_DIAG_SQLSTATE) : NULL;
    return answer->committed && (sqlstate == NULL || g_str_has_prefix(sqlstate, "57"));
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
    cmig_pg_add_unit(&message, pg, unit, script);
    g_auto(CmigPgAnswer) answer = {0};
    cmig_pg_exchange(pg, &message, &answer);
    if (answer.done > message.script_at)
        outcome->statements_done = MIN(answer.done - message.script_at, message.script_count);
    gboolean complete = is_complete(pg, unit, &message, &answer);
    outcome->applied = complete && unit->commits;
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
    g_auto(CmigPgMessage) message;
    cmig_pg_message_init(&message);
    guint lock_at = cmig_pg_add_preview(&message, pg, unit);
    g_auto(CmigPgAnswer) answer = {0};
    cmig_pg_exchange(pg, &message, &answer);
    if (answer.failure == NULL && answer.done == message.statements)
        return TRUE;
    const char *sqlstate =
        answer.failure ? PQresultErrorField(answer.failure, PG_DIAG_SQLSTATE) : NULL;
    if (answer.done == lock_at && g_strcmp0(sqlstate, "22012") == 0) {
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

/* Statements that commit in between: what they did up to there stays when they fail. */
typedef struct {
    const char *first; /* word of the statement */
    const char *word;  /* another one, or NULL */
    const char *hint;
} Committing;

#define INDEX_HINT                                                                                 \
    "an invalid index may be left: look for it with \\d in psql, remove it with DROP INDEX "       \
    "CONCURRENTLY, then run again"

static const Committing committing[] = {
    {"do", NULL, "what the block committed before it failed is applied"},
    {"call", NULL, "what the procedure committed before it failed is applied"},
    {"create", "concurrently", INDEX_HINT},
    {"drop", "concurrently", INDEX_HINT},
    {"reindex", "concurrently", INDEX_HINT},
    {"alter", "concurrently",
     "the partition may be detached in part: complete it with ALTER TABLE … DETACH PARTITION … "
     "FINALIZE"},
};

static void set_unclear(const CmigSqlScript *script, guint index, const PGresult *failure,
                        GError **error)
{
    /* A syntax error, a missing object or right come before any work; those from within a block
     * have a context. */
    if (g_str_has_prefix(PQresultErrorField(failure, PG_DIAG_SQLSTATE), "42") &&
        PQresultErrorField(failure, PG_DIAG_CONTEXT) == NULL)
        return;
    for (gsize idx = 0; idx < G_N_ELEMENTS(committing); idx++) {
        const Committing *one = &committing[idx];
        if (cmig_sql_find_word(script, index, one->first) != 0 ||
            (one->word != NULL && cmig_sql_find_word(script, index, one->word) < 0))
            continue;
        (*error)->code = CMIG_ERROR_IN_DOUBT;
        cmig_error_set_hint(error, "%s", one->hint);
    }
}

/* One statement outside of a transaction. `*lasts`: nothing up to it can be rolled back any more.
 */
static gboolean run_statement(CmigPg *pg, const CmigSqlScript *script, guint index, gboolean *lasts,
                              GError **error)
{
    if (!ensure_plain_strings(pg, error))
        return FALSE;
    gboolean idle = PQtransactionStatus(pg->conn) == PQTRANS_IDLE;
    const CmigSqlStatement *statement = cmig_sql_statement(script, index);
    g_auto(CmigPgMessage) message;
    cmig_pg_message_init(&message);
    g_string_append_len(message.text, script->text + statement->start,
                        (gssize)(statement->end - statement->start));
    message.statements = 1;
    message.commit_at = 0; /* if it is one: after COMMIT AND CHAIN the session is not idle */
    message.script = script;
    message.script_first = index;
    message.script_count = 1;
    message.script_to = message.text->len;
    g_auto(CmigPgAnswer) answer = {0};
    cmig_pg_exchange(pg, &message, &answer);
    *lasts = answer.committed || PQtransactionStatus(pg->conn) == PQTRANS_IDLE;
    if (answer.failure == NULL && answer.done == 1)
        return TRUE;
    const char *sqlstate =
        answer.failure ? PQresultErrorField(answer.failure, PG_DIAG_SQLSTATE) : NULL;
    if (sqlstate == NULL || strcmp(sqlstate, "57P02") == 0)
        return fail_lost(pg, answer.sent || index > 0, error);
    cmig_pg_set_message_error(pg, &message, &answer, error);
    if (idle)
        set_unclear(script, index, answer.failure, error);
    return FALSE;
}

/* A failure leaves what came before it, except what the script itself put into a transaction. */
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

static gboolean run_statements(CmigPg *pg, const CmigDbUnit *unit, CmigDbOutcome *outcome,
                               GError **error)
{
    guint count = unit->script->statements->len;
    if (pg->base.settings.statement_timeout > 0) {
        g_autofree char *set =
            g_strdup_printf("SET statement_timeout = %u", pg->base.settings.statement_timeout);
        command(pg, set);
    }
    guint lasting = 0;
    for (guint idx = 0; idx < count; idx++) {
        gboolean lasts = FALSE;
        if (!run_statement(pg, unit->script, idx, &lasts, error)) {
            set_partly_applied(lasting, idx, count, error);
            return FALSE;
        }
        outcome->statements_done = idx + 1;
        if (lasts)
            lasting = idx + 1;
    }
    if (PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                        "the section leaves a transaction open, which is rolled back");
    if (lasting > 0)
        cmig_error_set_detail(error, "statements 1 to %u are applied", lasting);
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
