/* Checks of the version rows within a message, and what their failures mean. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "db/pg/pg.h"

#include <string.h>

/* Between these marks the failed check of the version rows tells what it found. */
#define ROWS_BEGIN "cmig found ["
#define ROWS_END   "] in the version table"

guint cmig_pg_add_rows(CmigPgMessage *message, const char *const *rows, const char *table)
{
    guint number = message->statements;
    g_autofree char *query = cmig_db_check_rows_sql(table, rows, ROWS_BEGIN, ROWS_END);
    cmig_pg_message_add(message, "%s", query);
    return number;
}

/* A query that names a missing table fails, so the name is in a text that only runs when the table
 * is there. ts_stat runs such a text on every server, also without PL/pgSQL. */
guint cmig_pg_add_no_rows(CmigPgMessage *message, const char *table)
{
    guint number = message->statements;
    g_autofree char *query = g_strdup_printf(
        "SELECT pg_catalog.array_to_tsvector(ARRAY[coalesce(nullif(pg_catalog.substr("
        "version_num::pg_catalog.text, 1, 99), ''), '?')]) FROM %s",
        table);
    g_autofree char *name = cmig_db_quote_literal(table);
    g_autofree char *text = cmig_db_quote_literal(query);
    cmig_pg_message_add(
        message,
        "SELECT CASE WHEN pg_catalog.to_regclass(%s) IS NULL THEN 0 ELSE (SELECT CASE WHEN "
        "pg_catalog.count(*) = 0 THEN 0 ELSE ('" ROWS_BEGIN
        "' || pg_catalog.string_agg(word, ', ') || '" ROWS_END
        "')::int END FROM pg_catalog.ts_stat(%s)) END",
        name, text);
    return number;
}

/* The rows that a failed check found. The caller frees. */
static char *found_rows(const CmigPgAnswer *answer)
{
    const char *text = PQresultErrorField(answer->failure, PG_DIAG_MESSAGE_PRIMARY);
    const char *begin = text ? strstr(text, ROWS_BEGIN) : NULL;
    const char *end = begin ? strstr(begin, ROWS_END) : NULL;
    return end ? g_strndup(begin + strlen(ROWS_BEGIN), (gsize)(end - begin) - strlen(ROWS_BEGIN))
               : g_strdup("?");
}

static gboolean fail_rows(const CmigPgAnswer *answer, const char *const *rows, int code,
                          const char *message, GError **error)
{
    g_autofree char *found = found_rows(answer);
    g_autofree char *shown = cmig_text_escape(found);
    g_autofree char *expected = g_strjoinv(", ", (char **)(guintptr)rows);
    g_autofree char *wanted = cmig_text_escape(expected);
    g_set_error_literal(error, CMIG_ERROR, code, message);
    cmig_error_set_detail(error, "it holds [%s] where [%s] was expected", shown, wanted);
    return FALSE;
}

gboolean cmig_pg_is_rows_failure(const CmigPgMessage *message, const CmigPgAnswer *answer,
                                 const CmigDbUnit *unit, const char *sqlstate, GError **error)
{
    static const char *const gone[] = {"22P02", "42P01", "42703", "3F000"};
    if (answer->done == message->check_at && strcmp(sqlstate, gone[0]) == 0) {
        fail_rows(answer, unit->expected, CMIG_ERROR_CONFLICT,
                  "the version table was changed by somebody else", error);
        return TRUE;
    }
    if (answer->done == message->result_at && strcmp(sqlstate, gone[0]) == 0 &&
        (message->script == NULL || answer->rows_changed != unit->rows_changed)) {
        fail_rows(answer, unit->result, CMIG_ERROR_FAILED,
                  "the version table does not take its new rows; nothing is applied", error);
        cmig_error_set_hint(error, "does it have rules, triggers or row-level security?");
        return TRUE;
    }
    for (gsize idx = 0; answer->done == message->result_at && idx < G_N_ELEMENTS(gone); idx++) {
        if (strcmp(sqlstate, gone[idx]) != 0)
            continue;
        fail_rows(answer, unit->result, CMIG_ERROR_FAILED,
                  "the section itself changed the version table; nothing is applied", error);
        if (idx > 0)
            cmig_error_set_detail(error, "it is no longer there, or has no column version_num");
        return TRUE;
    }
    return FALSE;
}
