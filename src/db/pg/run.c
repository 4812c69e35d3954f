/* Units: one transaction is one message, of settings, version rows, script, records and COMMIT, and
 * its answers tell what happened. */
#include "cmig/error.h"
#include "db/drivers.h"
#include "db/pg/pg.h"

#include <string.h>

gboolean cmig_pg_command(CmigPg *pg, const char *text)
{
    pg->quiet = TRUE;
    g_autoptr(CmigPgResult) result = PQexec(pg->conn, text);
    pg->quiet = FALSE;
    return PQresultStatus(result) == PGRES_COMMAND_OK;
}

gboolean cmig_pg_ensure_plain_strings(CmigPg *pg, GError **error)
{
    if (g_strcmp0(PQparameterStatus(pg->conn, "standard_conforming_strings"), "on") == 0 ||
        cmig_pg_command(pg, "SET standard_conforming_strings = on"))
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE,
                "cannot switch standard_conforming_strings on at %s", pg->base.display);
    return FALSE;
}

void cmig_pg_roll_back(CmigPg *pg)
{
    if (PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
        cmig_pg_command(pg, "ROLLBACK");
}

gboolean cmig_pg_is_verdict(const CmigPgMessage *message, const CmigPgAnswer *answer)
{
    const char *sqlstate =
        answer->failure ? PQresultErrorField(answer->failure, PG_DIAG_SQLSTATE) : NULL;
    /* No SQLSTATE: the client library speaks, not the server. */
    if (sqlstate == NULL || strcmp(sqlstate, "57P02") == 0)
        return FALSE;
    /* A session that is ended may be told so when its COMMIT is made. */
    return !g_str_has_prefix(sqlstate, "57P") || answer->done < message->commit_at;
}

/* The connection ended without a verdict. */
static gboolean fail_lost(const CmigPg *pg, gboolean in_doubt, GError **error)
{
    if (!in_doubt) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE,
                    "the connection to %s was lost; nothing of this transaction is applied",
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

/* Whether a unit with this failure is worth another try: the server took all of it back, because of
 * a lock or of what others did at the same time. */
static gboolean is_retryable(const CmigDbUnit *unit, const char *sqlstate)
{
    static const char *const states[] = {"55P03", "40P01", "40001", NULL};
    return unit->begins && unit->commits && g_strv_contains(states, sqlstate);
}

/* The insert divides by the number of rows that it wrote. */
#define NO_ROW_WRITTEN "22012"

static void explain_record_failure(const char *sqlstate, GError **error)
{
    /* It has other columns, or is something else. */
    static const char *const states[] = {"42703", "42P01", "42804", "42809", "42P10", "23502",
                                         "23505", "23514", "55000", "22003", NULL};
    if (strcmp(sqlstate, NO_ROW_WRITTEN) == 0) {
        g_clear_error(error);
        cmig_db_set_row_not_taken(error);
        return;
    }
    g_prefix_error(error, "writing the audit record: ");
    if (g_strv_contains(states, sqlstate))
        cmig_error_set_hint(error, CMIG_DB_AUDIT_HINT);
}

/* An answer without COMMIT, for a message that should have brought everything. */
static gboolean fail_answer(CmigPg *pg, const CmigDbUnit *unit, const CmigPgMessage *message,
                            const CmigPgAnswer *answer, CmigDbOutcome *outcome, GError **error)
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
    if (!cmig_pg_is_verdict(message, answer)) {
        outcome->lost =
            answer->sent && unit->commits && answer->copies_fed == count_copies(message);
        return fail_lost(pg, outcome->lost, error);
    }
    outcome->retryable = is_retryable(unit, sqlstate);
    if (cmig_pg_is_rows_failure(message, answer, unit, sqlstate, error))
        return FALSE;
    cmig_pg_set_message_error(pg, message, answer, error);
    if (answer->done == message->commit_at)
        g_prefix_error(error, "at COMMIT: ");
    if (answer->done >= message->records_from && answer->done < message->records_to)
        explain_record_failure(sqlstate, error);
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

gboolean cmig_pg_run(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    pg->cancelled = 0;
    pg->notices = 0;
    if (!unit->begins && PQtransactionStatus(pg->conn) != PQTRANS_INTRANS) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "the transaction that this migration belongs to is no longer open");
        return FALSE;
    }
    if (unit->begins && !cmig_pg_ensure_plain_strings(pg, error))
        return FALSE;
    g_auto(CmigPgMessage) message;
    cmig_pg_message_init(&message);
    cmig_pg_add_unit(&message, pg, unit);
    g_auto(CmigPgAnswer) answer = {0};
    cmig_pg_exchange(pg, &message, &answer);
    if (answer.done > message.script_at)
        outcome->statements_done = MIN(answer.done - message.script_at, message.script_count);
    gboolean complete = is_complete(pg, unit, &message, &answer);
    outcome->applied = complete && unit->commits;
    g_strlcpy(outcome->returned, answer.returned, sizeof outcome->returned);
    if (!complete)
        fail_answer(pg, unit, &message, &answer, outcome, error);
    if (!complete || !check_rows_changed(unit, &answer, error)) {
        cmig_pg_roll_back(pg);
        return FALSE;
    }
    pg->table_exists = pg->table_exists || unit->create_table;
    return TRUE;
}
