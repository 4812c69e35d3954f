/* Statements of a section outside of a transaction, one message each. */
#include "cmig/error.h"
#include "db/pg/pg.h"

#include <string.h>

gboolean cmig_pg_enter(CmigDb *db, GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    if (!cmig_pg_ensure_plain_strings(pg, error))
        return FALSE;
    g_auto(CmigPgMessage) message;
    cmig_pg_message_init(&message);
    if (pg->locked)
        cmig_pg_add_lock_check(&message, pg);
    g_auto(CmigPgAnswer) answer = {0};
    cmig_pg_add_session_settings(&message, pg);
    pg->quiet = TRUE;
    cmig_pg_exchange(pg, &message, &answer);
    pg->quiet = FALSE;
    const char *sqlstate =
        answer.failure ? PQresultErrorField(answer.failure, PG_DIAG_SQLSTATE) : NULL;
    /* Settings that a managed server does not allow are none that a section needs. */
    if (g_strcmp0(sqlstate, "42501") == 0 || g_strcmp0(sqlstate, "55P02") == 0 ||
        (answer.failure == NULL && answer.done == message.statements)) {
        pg->separate = TRUE;
        return TRUE;
    }
    if (g_strcmp0(sqlstate, "22012") != 0) {
        cmig_pg_set_error(pg, answer.failure, error);
        return FALSE;
    }
    /* An earlier section may have released all locks of the session. */
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN,
                        "the migration lock was lost: an earlier section released it");
    cmig_error_set_hint(error, "nothing of this revision is applied; run the command again");
    return FALSE;
}

void cmig_pg_leave(CmigDb *db)
{
    CmigPg *pg = (CmigPg *)db;
    cmig_pg_roll_back(pg);
    cmig_pg_command(pg, "RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL");
    pg->separate = FALSE;
}

/* Statements that commit in between: what they did up to there stays when they fail. */
typedef struct {
    const char *first; /* word of the statement */
    const char *word;  /* another one, or NULL */
    const char *hint;
} Committing;

#define INDEX_HINT                                                                                 \
    "mend the cause, then run the command again: it takes an invalid index away first. `cmig "     \
    "repair` shows what is there"

static const Committing committing[] = {
    {"do", NULL, "what the block committed before it failed is applied; see `cmig repair`"},
    {"call", NULL, "what the procedure committed before it failed is applied; see `cmig repair`"},
    {"create", "concurrently", INDEX_HINT},
    {"drop", "concurrently", INDEX_HINT},
    {"reindex", "concurrently", INDEX_HINT},
    {"alter", "concurrently",
     "mend the cause, then run the command again: it completes a detach that is pending"},
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

gboolean cmig_pg_run_statement(CmigDb *db, const CmigSqlScript *script, guint index,
                               CmigDbStatementOutcome *outcome, GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    pg->cancelled = 0;
    pg->notices = 0;
    if (!cmig_pg_ensure_plain_strings(pg, error))
        return FALSE;
    gboolean idle = PQtransactionStatus(pg->conn) == PQTRANS_IDLE;
    g_auto(CmigPgMessage) message;
    cmig_pg_message_init(&message);
    cmig_pg_append_statement(&message, script, index);
    message.statements = 1;
    message.commit_at = 0; /* it may be one, of the script's own transaction */
    message.script = script;
    message.script_first = index;
    message.script_count = 1;
    message.script_to = message.text->len;
    g_auto(CmigPgAnswer) answer = {0};
    cmig_pg_exchange(pg, &message, &answer);
    PGTransactionStatusType status = PQtransactionStatus(pg->conn);
    outcome->in_transaction = status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
    outcome->done = answer.failure == NULL && answer.done == 1;
    if (outcome->done)
        return TRUE;
    message.commit_at = CMIG_PG_NONE;
    if (!cmig_pg_is_verdict(&message, &answer)) {
        outcome->lost = TRUE;
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                    "the connection to %s was lost before the server answered", pg->base.display);
        cmig_error_set_hint(error, "the next run looks at what this statement did, and goes on");
        return FALSE;
    }
    cmig_pg_set_message_error(pg, &message, &answer, error);
    if (idle)
        set_unclear(script, index, answer.failure, error);
    outcome->unclear = g_error_matches(*error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT);
    return FALSE;
}
