/* One message and its answers. */
#include "cmig/clock.h"
#include "cmig/interrupt.h"
#include "db/pg/pg.h"

#include <poll.h>
#include <string.h>

enum {
    COPY_CHUNK = 65536,
    TICK = 100, /* milliseconds */
};

void cmig_pg_message_init(CmigPgMessage *message)
{
    *message = (CmigPgMessage){
        .text = g_string_new(NULL),
        .check_at = CMIG_PG_NONE,
        .commit_at = CMIG_PG_NONE,
        .result_at = CMIG_PG_NONE,
        .records_from = CMIG_PG_NONE,
    };
}

void cmig_pg_message_add(CmigPgMessage *message, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_string_append_vprintf(message->text, format, args);
    va_end(args);
    g_string_append_c(message->text, ';');
    message->statements++;
}

void cmig_pg_append_statement(CmigPgMessage *message, const CmigSqlScript *script, guint index)
{
    const CmigSqlStatement *statement = cmig_sql_statement(script, index);
    g_string_append_len(message->text, script->text + statement->start,
                        (gssize)(statement->end - statement->start));
}

void cmig_pg_message_clear(CmigPgMessage *message)
{
    if (message->text != NULL)
        g_string_free(message->text, TRUE);
    message->text = NULL;
}

void cmig_pg_answer_clear(CmigPgAnswer *answer)
{
    g_clear_pointer(&answer->failure, PQclear);
}

/* PQgetResult, but while it waits a cancel is repeated that came too early to have an effect. */
static PGresult *next_result(CmigPg *pg)
{
    gint64 cancelled_at = 0;
    while (PQisBusy(pg->conn)) {
        struct pollfd socket = {.fd = PQsocket(pg->conn), .events = POLLIN};
        int ready = poll(&socket, 1, pg->base.tick != NULL ? TICK : 500);
        if (ready == 0 && pg->base.tick != NULL)
            pg->base.tick(pg->base.tick_data);
        gint64 now = cmig_clock_monotonic();
        if (cmig_interrupt_requested() && now - cancelled_at > G_USEC_PER_SEC) {
            if (cancelled_at > 0)
                cmig_pg_cancel(pg);
            cancelled_at = now;
        }
        if (ready > 0 && !PQconsumeInput(pg->conn))
            break;
    }
    return PQgetResult(pg->conn);
}

/* Sends the data of the COPY that the server is asking for. FALSE: it could not be sent. */
static gboolean feed_copy(CmigPg *pg, const CmigPgMessage *message, CmigPgAnswer *answer)
{
    guint number = answer->done - message->script_at;
    if (message->script == NULL || answer->done < message->script_at ||
        number >= message->script_count)
        return PQputCopyEnd(pg->conn, "cmig has no data for this COPY") == 1;
    const CmigSqlStatement *statement =
        cmig_sql_statement(message->script, message->script_first + number);
    if (statement->copy < 0)
        return PQputCopyEnd(pg->conn, "cmig has no data for this COPY") == 1;
    const CmigSqlGap *gap = cmig_sql_gap(message->script, (guint)statement->copy);
    for (gsize at = gap->start; at < gap->data_end; at += COPY_CHUNK) {
        int size = (int)MIN((gsize)COPY_CHUNK, gap->data_end - at);
        if (PQputCopyData(pg->conn, message->script->text + at, size) != 1)
            return FALSE;
    }
    if (PQputCopyEnd(pg->conn, NULL) != 1)
        return FALSE;
    answer->copies_fed++;
    return TRUE;
}

static void drain_copy(CmigPg *pg)
{
    char *data = NULL;
    while (PQgetCopyData(pg->conn, &data, 0) > 0)
        PQfreemem(data);
}

/* Whether the script's statement that completed is a ROLLBACK TO of its own, which has the same tag
 * as the end of the transaction. */
static gboolean is_savepoint(const CmigPgMessage *message, guint done)
{
    if (done < message->script_at || done - message->script_at >= message->script_count)
        return FALSE;
    guint index = message->script_first + done - message->script_at;
    return cmig_sql_find_word(message->script, index, "rollback") == 0 &&
           cmig_sql_find_word(message->script, index, "to") > 0;
}

/* A statement completed. */
static void note_completion(CmigPgAnswer *answer, const CmigPgMessage *message, PGresult *result)
{
    const char *tag = PQcmdStatus(result);
    /* A rule can make several results of one statement; only the last one has the tag. */
    if (*tag == '\0')
        return;
    gboolean commits = strcmp(tag, "COMMIT") == 0;
    gboolean rolls_back = strcmp(tag, "ROLLBACK") == 0;
    if (answer->done == message->commit_at) {
        answer->committed = commits;
        answer->rolled_back = rolls_back;
    } else if (commits || (rolls_back && !is_savepoint(message, answer->done))) {
        answer->foreign_end = TRUE;
    }
    if (answer->done >= message->changes_from && answer->done < message->changes_to)
        answer->rows_changed += g_ascii_strtoull(PQcmdTuples(result), NULL, 10);
    answer->done++;
}

/* Takes one result; FALSE ends the exchange because the connection is of no more use. */
static gboolean take_result(CmigPg *pg, const CmigPgMessage *message, CmigPgAnswer *answer,
                            PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
        if (answer->done >= message->records_from && answer->done < message->records_to)
            g_strlcpy(answer->returned, PQgetvalue(result, 0, 0), sizeof answer->returned);
        return TRUE;
    case PGRES_COPY_IN:
        return feed_copy(pg, message, answer);
    case PGRES_COPY_OUT:
        drain_copy(pg);
        return TRUE;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        note_completion(answer, message, result);
        return TRUE;
    case PGRES_EMPTY_QUERY:
        return TRUE;
    default:
        return PQstatus(pg->conn) == CONNECTION_OK;
    }
}

void cmig_pg_exchange(CmigPg *pg, const CmigPgMessage *message, CmigPgAnswer *answer)
{
    *answer = (CmigPgAnswer){0};
    answer->sent = PQsendQuery(pg->conn, message->text->str) == 1;
    if (!answer->sent)
        return;
    /* Rows of a SELECT in a script are thrown away one by one instead of being collected. */
    PQsetSingleRowMode(pg->conn);
    for (gboolean usable = TRUE; usable;) {
        PGresult *result = next_result(pg);
        if (result == NULL)
            break;
        usable = take_result(pg, message, answer, result);
        if (PQresultStatus(result) == PGRES_FATAL_ERROR && answer->failure == NULL)
            answer->failure = result;
        else
            PQclear(result);
    }
}
