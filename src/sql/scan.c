/* From tokens to statements. Nothing is understood here but what decides where a statement ends,
 * what is COPY data, and what would end the transaction that cmig puts around the text. */
#include "sql/scan.h"
#include "cmig/error.h"
#include "cmig/lexer.h"
#include "cmig/sql.h"
#include "cmig/text.h"

#include <string.h>

/* States of sqlite3_complete(), SQLite's own way to find the end of a trigger. */
typedef enum {
    TRIGGER_START,
    TRIGGER_NORMAL,
    TRIGGER_EXPLAIN,
    TRIGGER_CREATE,
    TRIGGER_BODY,
    TRIGGER_SEMICOLON,
    TRIGGER_END,
} TriggerState;

typedef struct {
    CmigLexer lexer;
    CmigSqlScript *script;
    gboolean in_transaction;

    /* Of the current statement. */
    CmigToken head[6]; /* its first tokens */
    guint tokens;      /* how many it has */
    gsize end;         /* behind its last token */
    CmigToken previous;
    guint parentheses;
    gboolean atomic; /* inside BEGIN ATOMIC … END */
    guint cases;     /* open CASEs in there */
    TriggerState trigger;
    gboolean is_copy; /* begins with COPY */
    gboolean copy_from_stdin;
    gboolean copy_is_binary;
} Scan;

static gboolean is(const Scan *scan, const CmigToken *token, const char *word)
{
    return cmig_lexer_is(&scan->lexer, token, word);
}

static gboolean is_symbol(const Scan *scan, const CmigToken *token, char symbol)
{
    return token->kind == CMIG_TOKEN_SYMBOL && scan->lexer.text[token->start] == symbol;
}

/* The head token at `index` is `word`. */
static gboolean head_is(const Scan *scan, guint index, const char *word)
{
    return index < MIN(scan->tokens, G_N_ELEMENTS(scan->head)) &&
           is(scan, &scan->head[index], word);
}

static gboolean refuse(const Scan *scan, gsize at, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
static gboolean refuse(const Scan *scan, gsize at, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG, message);
    cmig_sql_set_place(scan->script, at, error);
    return FALSE;
}

static void start_statement(Scan *scan)
{
    scan->tokens = 0;
    scan->end = 0;
    scan->previous = (CmigToken){.kind = CMIG_TOKEN_END};
    scan->parentheses = 0;
    scan->atomic = FALSE;
    scan->cases = 0;
    scan->trigger = TRIGGER_START;
    scan->is_copy = FALSE;
    scan->copy_from_stdin = FALSE;
    scan->copy_is_binary = FALSE;
}

/* CREATE [OR REPLACE] FUNCTION or PROCEDURE: only these have BEGIN ATOMIC bodies. */
static gboolean is_routine(const Scan *scan)
{
    guint kind = head_is(scan, 1, "or") && head_is(scan, 2, "replace") ? 3 : 1;
    return head_is(scan, 0, "create") &&
           (head_is(scan, kind, "function") || head_is(scan, kind, "procedure"));
}

/* psql's rule with two refinements that keep a `;` from being hidden: BEGIN counts only before
 * ATOMIC, and a word behind AS or a dot is a name. */
static void follow_routine(Scan *scan, const CmigToken *token)
{
    if (scan->parentheses > 0 || is(scan, &scan->previous, "as") ||
        is_symbol(scan, &scan->previous, '.'))
        return;
    if (!scan->atomic)
        scan->atomic =
            is(scan, token, "atomic") && is(scan, &scan->previous, "begin") && is_routine(scan);
    else if (is(scan, token, "case"))
        scan->cases++;
    else if (is(scan, token, "end") && scan->cases > 0)
        scan->cases--;
    else if (is(scan, token, "end"))
        scan->atomic = FALSE;
}

/* COPY [BINARY] table [(…)] FROM STDIN …; PostgreSQL takes STDOUT for the same. */
static void follow_copy(Scan *scan, const CmigToken *token)
{
    if (scan->parentheses == 0 && is(scan, &scan->previous, "from") &&
        (is(scan, token, "stdin") || is(scan, token, "stdout")))
        scan->copy_from_stdin = TRUE;
    if (is(scan, token, "binary") && (scan->tokens == 1 || scan->copy_from_stdin))
        scan->copy_is_binary = TRUE;
    const char *text = scan->lexer.text + token->start;
    if ((token->kind == CMIG_TOKEN_STRING || token->kind == CMIG_TOKEN_QUOTED) &&
        is(scan, &scan->previous, "format") && token->end - token->start == 8 &&
        g_ascii_strncasecmp(text + 1, "binary", 6) == 0)
        scan->copy_is_binary = TRUE;
}

static void follow_postgresql(Scan *scan, const CmigToken *token)
{
    if (is_symbol(scan, token, '('))
        scan->parentheses++;
    else if (is_symbol(scan, token, ')') && scan->parentheses > 0)
        scan->parentheses--;
    else if (scan->is_copy)
        follow_copy(scan, token);
    else if (token->kind == CMIG_TOKEN_WORD)
        follow_routine(scan, token);
}

static TriggerState follow_sqlite(const Scan *scan, const CmigToken *token)
{
    TriggerState state = scan->trigger;
    if (state == TRIGGER_BODY || state == TRIGGER_END)
        return TRIGGER_BODY;
    if (state == TRIGGER_SEMICOLON)
        return is(scan, token, "end") ? TRIGGER_END : TRIGGER_BODY;
    if (state == TRIGGER_START && is(scan, token, "explain"))
        return TRIGGER_EXPLAIN;
    if ((state == TRIGGER_START || state == TRIGGER_EXPLAIN) && is(scan, token, "create"))
        return TRIGGER_CREATE;
    if (state == TRIGGER_EXPLAIN && !is(scan, token, "explain") && !is(scan, token, "temp") &&
        !is(scan, token, "temporary") && !is(scan, token, "trigger") && !is(scan, token, "end"))
        return TRIGGER_EXPLAIN;
    if (state == TRIGGER_CREATE && (is(scan, token, "temp") || is(scan, token, "temporary")))
        return TRIGGER_CREATE;
    if (state == TRIGGER_CREATE && is(scan, token, "trigger"))
        return TRIGGER_BODY;
    return TRIGGER_NORMAL;
}

/* Whether the `;` just read ends the statement. */
static gboolean semicolon_ends(Scan *scan)
{
    if (scan->lexer.dialect == CMIG_DIALECT_POSTGRESQL) {
        /* A CASE cannot reach over a `;`: what looked like one was a label. */
        scan->cases = 0;
        return scan->parentheses == 0 && !scan->atomic;
    }
    if (scan->trigger != TRIGGER_BODY && scan->trigger != TRIGGER_SEMICOLON)
        return TRUE;
    scan->trigger = TRIGGER_SEMICOLON;
    return FALSE;
}

/* Whether the statement begins or ends a transaction. Savepoints do not. */
static gboolean controls_transaction(const Scan *scan)
{
    static const char *const always[] = {"begin", "commit", "end"};
    static const char *const postgresql[] = {"start", "abort"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(always); idx++)
        if (head_is(scan, 0, always[idx]))
            return TRUE;
    if (head_is(scan, 0, "rollback")) {
        guint next = head_is(scan, 1, "work") || head_is(scan, 1, "transaction") ? 2 : 1;
        return !head_is(scan, next, "to");
    }
    if (scan->lexer.dialect != CMIG_DIALECT_POSTGRESQL)
        return FALSE;
    for (gsize idx = 0; idx < G_N_ELEMENTS(postgresql); idx++)
        if (head_is(scan, 0, postgresql[idx]))
            return TRUE;
    return head_is(scan, 0, "prepare") && head_is(scan, 1, "transaction");
}

static gboolean refuse_control(const Scan *scan, GError **error)
{
    const CmigToken *first = &scan->head[0];
    g_autofree char *word =
        g_ascii_strup(scan->lexer.text + first->start, (gssize)(first->end - first->start));
    refuse(scan, first->start, error, "%s cannot stand in a section that runs in a transaction",
           word);
    cmig_error_set_hint(error,
                        "cmig opens and commits the transaction itself; remove the statement, or "
                        "mark the section with transaction=off");
    return FALSE;
}

/* Takes the data lines of a COPY whose `;` was just read, through the line `\.`. */
static gboolean take_copy_data(Scan *scan, gsize copy_start, GError **error)
{
    CmigLexer *lexer = &scan->lexer;
    const char *text = lexer->text;
    gsize at = lexer->at;
    while (text[at] == ' ' || text[at] == '\t')
        at++;
    /* A carriage return ends the comment for the server: what follows would be SQL. */
    if (text[at] == '-' && text[at + 1] == '-')
        at += strcspn(text + at, "\r\n");
    if (text[at] == '\r' && text[at + 1] == '\n')
        at++;
    if (text[at] != '\n' && text[at] != '\0')
        return refuse(scan, at, error,
                      "text behind COPY … FROM stdin; on the same line: the data begins on the "
                      "next one");
    gsize start = text[at] == '\n' ? at + 1 : at;
    for (gsize line = start; line < lexer->length;) {
        const char *end = strchr(text + line, '\n');
        gsize next = end == NULL ? lexer->length : (gsize)(end - text) + 1;
        if (text[line] == '\\' && text[line + 1] == '.') {
            gsize rest = line + 2 + (text[line + 2] == '\r');
            if (text[rest] == '\n' || rest == lexer->length) {
                CmigSqlGap gap = {start, next, line, TRUE};
                g_array_append_val(scan->script->gaps, gap);
                lexer->at = next;
                return TRUE;
            }
        }
        line = next;
    }
    refuse(scan, copy_start, error, "the data of this COPY is not ended");
    cmig_error_set_hint(error, "data lines follow the `;` and end with a line `\\.`");
    return FALSE;
}

static gboolean finish_statement(Scan *scan, gboolean at_end, GError **error)
{
    if (scan->tokens == 0)
        return TRUE;
    if (scan->in_transaction && controls_transaction(scan))
        return refuse_control(scan, error);
    CmigSqlStatement statement = {scan->head[0].start, scan->end, -1};
    if (scan->copy_from_stdin) {
        if (scan->copy_is_binary)
            return refuse(scan, statement.start, error,
                          "binary COPY … FROM stdin cannot stand in a text file");
        if (at_end)
            return refuse(scan, statement.start, error,
                          "COPY … FROM stdin needs a `;`, its data and a line `\\.`");
        statement.copy = (gint)scan->script->gaps->len;
        if (!take_copy_data(scan, statement.start, error))
            return FALSE;
    }
    g_array_append_val(scan->script->statements, statement);
    start_statement(scan);
    return TRUE;
}

/* A backslash outside of quotes is psql's. pg_dump puts \restrict and \unrestrict around a dump;
 * they only matter to psql and are left out. */
static gboolean take_psql_command(Scan *scan, gsize at, GError **error)
{
    const char *text = scan->lexer.text;
    gsize name = at + 1;
    gsize name_size =
        strspn(text + name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.!?");
    g_autofree char *command = g_strndup(text + name, MIN(name_size, 32));
    if (scan->tokens == 0 &&
        (strcmp(command, "restrict") == 0 || strcmp(command, "unrestrict") == 0)) {
        gsize token = name + name_size + strspn(text + name + name_size, " \t");
        gsize token_size =
            strspn(text + token, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        gsize end = token + token_size + strspn(text + token + token_size, " \t\r");
        if (token > name + name_size && token_size > 0 && (text[end] == '\n' || text[end] == 0)) {
            end += text[end] == '\n';
            CmigSqlGap gap = {at, end, at, FALSE};
            g_array_append_val(scan->script->gaps, gap);
            scan->lexer.at = end;
            return TRUE;
        }
    }
    /* In a text with values it comes from one of them, which may be a secret. */
    if (scan->script->source != NULL)
        return refuse(scan, at, error, "a backslash outside of quotes is not SQL");
    refuse(scan, at, error, "\\%s is a command of psql's, not SQL", command);
    cmig_error_set_hint(error, "only \\restrict and \\unrestrict lines of a dump are skipped");
    return FALSE;
}

static void add_token(Scan *scan, const CmigToken *token)
{
    if (scan->lexer.dialect == CMIG_DIALECT_POSTGRESQL)
        follow_postgresql(scan, token);
    else
        scan->trigger = follow_sqlite(scan, token);
    if (scan->tokens < G_N_ELEMENTS(scan->head))
        scan->head[scan->tokens] = *token;
    if (scan->tokens++ == 0)
        scan->is_copy = scan->lexer.dialect == CMIG_DIALECT_POSTGRESQL && is(scan, token, "copy");
    scan->end = token->end;
    scan->previous = *token;
}

static gboolean scan_statements(Scan *scan, GError **error)
{
    gboolean postgresql = scan->lexer.dialect == CMIG_DIALECT_POSTGRESQL;
    start_statement(scan);
    for (;;) {
        CmigToken token;
        if (!cmig_lexer_next(&scan->lexer, &token))
            return refuse(scan, scan->lexer.problem_at, error, "%s", scan->lexer.problem);
        if (token.kind == CMIG_TOKEN_END)
            return finish_statement(scan, TRUE, error);
        if (is_symbol(scan, &token, ';') && semicolon_ends(scan)) {
            if (!finish_statement(scan, FALSE, error))
                return FALSE;
            start_statement(scan);
        } else if (postgresql && is_symbol(scan, &token, '\\')) {
            if (!take_psql_command(scan, token.start, error))
                return FALSE;
        } else if (!is_symbol(scan, &token, ';')) {
            add_token(scan, &token);
        } else {
            scan->previous = token; /* inside a body or parentheses */
        }
    }
}

static gboolean check_text(const Scan *scan, GError **error)
{
    const char *text = scan->lexer.text;
    const char *bad = NULL;
    if (g_utf8_validate_len(text, scan->lexer.length, &bad))
        return TRUE;
    gsize at = (gsize)(bad - text);
    if (*bad == '\0')
        return refuse(scan, at, error, "NUL byte in SQL text");
    refuse(scan, at, error, "SQL text is not valid UTF-8");
    cmig_error_set_detail(error, "the byte is 0x%02X", (guint)(guint8)*bad);
    return FALSE;
}

gboolean cmig_sql_scan_into(CmigSqlScript *script, gboolean in_transaction, GError **error)
{
    script->statements = g_array_new(FALSE, FALSE, sizeof(CmigSqlStatement));
    script->gaps = g_array_new(FALSE, FALSE, sizeof(CmigSqlGap));
    Scan scan = {
        .lexer = {.text = script->text, .length = script->length, .dialect = script->dialect},
        .script = script,
        .in_transaction = in_transaction,
    };
    return check_text(&scan, error) && scan_statements(&scan, error);
}

gboolean cmig_sql_scan(const char *text, gsize length, CmigDialect dialect, gboolean in_transaction,
                       const char *file, guint first_line, CmigSqlScript **script, GError **error)
{
    g_assert(dialect == CMIG_DIALECT_POSTGRESQL || dialect == CMIG_DIALECT_SQLITE);
    g_autoptr(CmigSqlScript) result = g_new0(CmigSqlScript, 1);
    result->file = g_strdup(file);
    result->first_line = first_line;
    result->text = g_malloc(length + 1);
    if (length > 0)
        memcpy(result->text, text, length);
    result->text[length] = '\0';
    result->length = length;
    result->dialect = dialect;
    if (!cmig_sql_scan_into(result, in_transaction, error))
        return FALSE;
    *script = g_steal_pointer(&result);
    return TRUE;
}
