/* What the server or the network says, as errors. */
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "db/pg/pg.h"

#include <stdlib.h>
#include <string.h>

#define CONTEXT_LINES 3

typedef struct {
    const char *sqlstate; /* or its first two digits */
    gint code;            /* CmigErrorCode */
    const char *hint;     /* used when the server has none */
} Verdict;

/* SQLSTATEs that are more than "a statement failed". */
static const Verdict verdicts[] = {
    {"25001", CMIG_ERROR_FAILED,
     "this statement cannot run in a transaction: move it to a section marked transaction=off"},
    {"25006", CMIG_ERROR_UNAVAILABLE, "the server is read only; connect to the primary"},
    {"25P03", CMIG_ERROR_TRY_AGAIN, NULL},
    {"25P04", CMIG_ERROR_TRY_AGAIN, NULL},
    {"40003", CMIG_ERROR_IN_DOUBT, "run `cmig current` to see whether it was committed"},
    {"40", CMIG_ERROR_TRY_AGAIN, NULL},
    {"42501", CMIG_ERROR_FAILED, "the database user lacks the right to do this"},
    {"53300", CMIG_ERROR_TRY_AGAIN, NULL},
    {"55P03", CMIG_ERROR_TRY_AGAIN, "another session holds the lock; try again later"},
    {"55P04", CMIG_ERROR_FAILED,
     "a new enum value can be used only after the migration that adds it is committed: use it in "
     "a later revision"},
    {"57014", CMIG_ERROR_TRY_AGAIN, NULL},
    {"57P01", CMIG_ERROR_UNAVAILABLE, NULL},
    {"57P02", CMIG_ERROR_UNAVAILABLE, NULL},
    {"57P03", CMIG_ERROR_UNAVAILABLE, NULL},
    {"57P04", CMIG_ERROR_UNAVAILABLE, NULL},
    {"57P05", CMIG_ERROR_TRY_AGAIN, "the server ended an idle session; run the command again"},
    {"08", CMIG_ERROR_UNAVAILABLE, NULL},
};

static const Verdict *find_verdict(const char *sqlstate)
{
    static const Verdict failed = {"", CMIG_ERROR_FAILED, NULL};
    for (gsize idx = 0; idx < G_N_ELEMENTS(verdicts); idx++)
        if (g_str_has_prefix(sqlstate, verdicts[idx].sqlstate))
            return &verdicts[idx];
    return &failed;
}

/* The first lines of `text`, as one line. */
static char *first_lines(const char *text, guint count)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", (gint)count + 1);
    if (g_strv_length(lines) > count)
        g_clear_pointer(&lines[count], g_free);
    g_autofree char *joined = g_strjoinv("; ", lines);
    return cmig_text_escape(joined);
}

static void set_server_detail(const PGresult *result, GError **error)
{
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    g_autofree char *shown = cmig_text_escape(detail);
    g_autofree char *where = context ? first_lines(context, CONTEXT_LINES) : NULL;
    if (detail != NULL && context != NULL)
        cmig_error_set_detail(error, "%s (%s)", shown, where);
    else if (detail != NULL || context != NULL)
        cmig_error_set_detail(error, "%s", detail ? shown : where);
}

static void set_lost_error(const CmigPg *pg, GError **error)
{
    if (PQstatus(pg->conn) == CONNECTION_OK) {
        g_autofree char *reason = first_lines(PQerrorMessage(pg->conn), 1);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE, "no answer from %s: %s",
                    pg->base.display, reason);
        return;
    }
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE, "the connection to %s was lost",
                pg->base.display);
}

void cmig_pg_set_error(CmigPg *pg, const PGresult *result, GError **error)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (sqlstate == NULL || message == NULL) {
        set_lost_error(pg, error);
        return;
    }
    const Verdict *verdict = find_verdict(sqlstate);
    gint code = verdict->code;
    if (strcmp(sqlstate, "57014") == 0 && (pg->cancelled || cmig_interrupt_requested()))
        code = CMIG_ERROR_INTERRUPTED;
    g_autofree char *shown = cmig_text_escape(message);
    g_set_error_literal(error, CMIG_ERROR, code, shown);
    cmig_error_set_sqlstate(error, sqlstate);
    set_server_detail(result, error);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    g_autofree char *advice = cmig_text_escape(hint);
    if (hint != NULL)
        cmig_error_set_hint(error, "%s", advice);
    else if (verdict->hint != NULL)
        cmig_error_set_hint(error, "%s", verdict->hint);
}

/* The line that failed within COPY data, which the server names in its context: "COPY t, line 3,
 * column a: …". */
static gboolean find_copy_line(const CmigSqlScript *script, const CmigSqlStatement *statement,
                               const PGresult *result, gsize *offset)
{
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    if (statement->copy < 0 || context == NULL || !g_str_has_prefix(context, "COPY "))
        return FALSE;
    const char *mark = strstr(context, ", line ");
    const char *name_end = strchr(context, '\n');
    if (mark == NULL || (name_end != NULL && mark > name_end))
        return FALSE;
    guint64 line = g_ascii_strtoull(mark + strlen(", line "), NULL, 10);
    const CmigSqlGap *gap = cmig_sql_gap(script, (guint)statement->copy);
    gsize at = gap->start;
    for (; line > 1 && at < gap->data_end; line--) {
        const char *end = strchr(script->text + at, '\n');
        at = end == NULL ? gap->data_end : (gsize)(end - script->text) + 1;
    }
    *offset = MIN(at, gap->data_end);
    return line == 1;
}

/* The server's position, in characters over the whole message, as an offset in the script. */
static gboolean find_position(const CmigPgMessage *message, const PGresult *result, gsize *offset)
{
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    guint64 character = position ? g_ascii_strtoull(position, NULL, 10) : 0;
    if (character == 0)
        return FALSE;
    gsize at =
        cmig_text_offset_of_character(message->text->str, message->text->len, (gsize)character - 1);
    if (at < message->script_from || at > message->script_to)
        return FALSE;
    at -= message->script_from;
    const CmigSqlScript *script = message->script;
    *offset = message->whole ? cmig_sql_unappend(script, at)
                             : cmig_sql_statement(script, message->script_first)->start + at;
    return TRUE;
}

/* cmig wrote to the server before the section began: it was not read only then. */
static gboolean is_made_read_only(const CmigPg *pg, const CmigPgMessage *message,
                                  const CmigPgAnswer *answer)
{
    const char *sqlstate =
        answer->failure ? PQresultErrorField(answer->failure, PG_DIAG_SQLSTATE) : NULL;
    return g_strcmp0(sqlstate, "25006") == 0 &&
           (pg->separate || (message->script != NULL && answer->done >= message->script_at));
}

void cmig_pg_set_message_error(CmigPg *pg, const CmigPgMessage *message, const CmigPgAnswer *answer,
                               GError **error)
{
    cmig_pg_set_error(pg, answer->failure, error);
    if (is_made_read_only(pg, message, answer)) {
        (*error)->code = CMIG_ERROR_FAILED;
        cmig_error_set_hint(error, "the section itself made the transaction read only: take "
                                   "SET TRANSACTION or default_transaction_read_only out of it");
    }
    if (message->script == NULL || answer->failure == NULL)
        return;
    gsize offset = 0;
    if (find_position(message, answer->failure, &offset)) {
        cmig_sql_set_place(message->script, offset, error);
        return;
    }
    if (answer->done < message->script_at ||
        answer->done >= message->script_at + message->script_count)
        return;
    const CmigSqlStatement *statement = cmig_sql_statement(
        message->script, message->script_first + answer->done - message->script_at);
    if (!find_copy_line(message->script, statement, answer->failure, &offset))
        offset = statement->start;
    cmig_sql_set_place(message->script, offset, error);
}

char *cmig_pg_connect_sqlstate(const char *text)
{
    static const char mark[] = "FATAL:  "; /* translated servers are read by the colon below */
    const char *found = strstr(text, mark);
    const char *at = found ? found + strlen(mark) : text;
    for (; *at != '\0'; at++)
        if (strspn(at, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && at[5] == ':')
            return g_strndup(at, 5);
    return NULL;
}

/* The part of one of libpq's lines that tells why. The rest names hosts and users, and a password
 * with an unescaped `@` becomes part of a host's name; a complaint about a parameter ends with what
 * the connection string has. The caller frees. */
static char *line_reason(const char *line, const char *sqlstate)
{
    const char *failed = strstr(line, " failed: ");
    const char *code = failed && sqlstate ? strstr(failed, sqlstate) : NULL;
    if (code != NULL)
        return g_strstrip(g_strdup(code + strlen(sqlstate) + 1));
    if (failed != NULL)
        return g_strstrip(g_strdup(failed + strlen(" failed: ")));
    const char *colon = strrchr(line, ':');
    if (colon == NULL)
        return g_strdup("");
    g_autofree char *tail = g_strstrip(g_strdup(colon + 1));
    return strchr(tail, '"') == NULL   ? g_steal_pointer(&tail)
           : strchr(line, '"') < colon ? g_strdup("")
                                       : g_strndup(line, (gsize)(colon - line));
}

static char *connect_reason(const char *text, const char *sqlstate, const char *const *secrets)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 32);
    g_autoptr(GString) reasons = g_string_new(NULL);
    for (gsize idx = 0; lines[idx] != NULL && reasons->len < 400; idx++) {
        if (g_ascii_isspace(lines[idx][0]) || lines[idx][0] == '\0' ||
            g_str_has_prefix(lines[idx], "LOCATION:"))
            continue;
        g_autofree char *reason = line_reason(lines[idx], sqlstate);
        if (*reason != '\0')
            g_string_append_printf(reasons, "%s%s", reasons->len ? "; " : "", reason);
    }
    for (gsize idx = 0; secrets[idx] != NULL; idx++)
        g_string_replace(reasons, secrets[idx], "***", 0);
    return cmig_text_escape(reasons->str);
}

typedef struct {
    const char *sqlstate; /* or its first two digits; "" = none */
    const char *text;     /* a part of what libpq says */
    gint code;            /* CmigErrorCode */
    gboolean lasting;
    const char *message; /* "%s" is the URL's display form */
    const char *hint;
} ConnectFailure;

static const ConnectFailure connect_failures[] = {
    {"28", "", CMIG_ERROR_UNAVAILABLE, TRUE, "the server refuses the login of %s",
     "check user and password of the database URL, and the server's pg_hba.conf"},
    {"42501", "", CMIG_ERROR_UNAVAILABLE, TRUE, "the server refuses the login of %s",
     "the user needs the right to CONNECT to the database, and to be what its settings and "
     "PGOPTIONS ask for"},
    {"3D000", "", CMIG_ERROR_UNAVAILABLE, FALSE, "there is no such database: %s",
     "create it first, for example with createdb"},
    {"53300", "", CMIG_ERROR_TRY_AGAIN, FALSE, "too many connections: %s", "try again later"},
    {"57P03", "", CMIG_ERROR_UNAVAILABLE, FALSE, "the server is starting up or shutting down: %s",
     "try again later"},
    {"", "password supplied", CMIG_ERROR_UNAVAILABLE, TRUE, "the server wants a password: %s",
     "put it into the database URL, PGPASSWORD or a password file"},
    {"", "server does not support SSL", CMIG_ERROR_UNAVAILABLE, TRUE,
     "the server offers no TLS: %s",
     "switch TLS on at the server, or use a URL that leads to one that has it"},
    {"", "root certificate file", CMIG_ERROR_UNAVAILABLE, TRUE,
     "there is no certificate to verify the server by: %s",
     "name that of the authority: sslrootcert=FILE in the database URL, or PGSSLROOTCERT"},
    {"", "certificate verify failed", CMIG_ERROR_UNAVAILABLE, TRUE,
     "the certificate of the server cannot be verified: %s",
     "sslrootcert must name the certificate of the authority that signed the server's"},
    {"", "does not match host name", CMIG_ERROR_UNAVAILABLE, TRUE,
     "the certificate is another server's: %s", "use the host name that the certificate is for"},
    {"", "definition of service", CMIG_ERROR_UNAVAILABLE, TRUE, "there is no such service: %s",
     "define it in ~/.pg_service.conf or in the file that PGSERVICEFILE names"},
    {"", "service file", CMIG_ERROR_UNAVAILABLE, TRUE, "there is no such file of services: %s",
     "PGSERVICEFILE must name the file that defines the service"},
    {"", "", CMIG_ERROR_UNAVAILABLE, FALSE, "cannot connect to %s",
     "is the server running, and are host and port of the database URL right?"},
};

static const ConnectFailure *find_failure(const char *sqlstate, const char *text)
{
    const ConnectFailure *one = connect_failures;
    while (!g_str_has_prefix(sqlstate, one->sqlstate) || strstr(text, one->text) == NULL)
        one++;
    return one;
}

void cmig_pg_set_connect_error(const CmigUrl *url, const char *text, const char *const *secrets,
                               GError **error)
{
    g_autofree char *sqlstate = cmig_pg_connect_sqlstate(text);
    g_autofree char *reason = connect_reason(text, sqlstate, secrets);
    const ConnectFailure *one = find_failure(sqlstate ? sqlstate : "", text);
    g_auto(GStrv) parts = g_strsplit(one->message, "%s", 2);
    const char *shown = *url->display != '\0' ? url->display : "the default server";
    g_set_error(error, CMIG_ERROR, one->code, "%s%s%s", parts[0], shown, parts[1]);
    cmig_error_set_sqlstate(error, sqlstate);
    if (*reason != '\0')
        cmig_error_set_detail(error, "%s", reason);
    cmig_error_set_hint(error, "%s", one->hint);
    cmig_error_set_lasting(error, one->lasting);
}
