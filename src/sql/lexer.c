#include "cmig/lexer.h"

#include <string.h>

/* The text is NUL-terminated and holds no other NUL, so looking one or two bytes ahead of a byte
 * that is not NUL is always allowed. */

static gboolean is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static gboolean is_word_start(char byte)
{
    return g_ascii_isalpha(byte) || byte == '_' || (guint8)byte >= 0x80;
}

static gboolean is_word_part(char byte)
{
    return is_word_start(byte) || g_ascii_isdigit(byte) || byte == '$';
}

static gboolean fail(CmigLexer *lexer, gsize at, const char *problem)
{
    lexer->problem = problem;
    lexer->problem_at = at;
    return FALSE;
}

/* To the line end that ends a `--` comment; for PostgreSQL a lone CR is one. */
static gsize behind_line_comment(const CmigLexer *lexer, gsize at)
{
    const char *ends = lexer->dialect == CMIG_DIALECT_POSTGRESQL ? "\n\r" : "\n";
    return at + strcspn(lexer->text + at, ends);
}

/* Comments nest in PostgreSQL only. */
static gboolean skip_block_comment(CmigLexer *lexer)
{
    const char *text = lexer->text;
    gsize start = lexer->at;
    gsize depth = 1;
    gsize at = start + 2;
    while (depth > 0) {
        at += strcspn(text + at, "*/");
        if (text[at] == '\0')
            return fail(lexer, start, "comment is not ended");
        if (text[at] == '*' && text[at + 1] == '/') {
            depth--;
            at += 2;
        } else if (text[at] == '/' && text[at + 1] == '*' &&
                   lexer->dialect == CMIG_DIALECT_POSTGRESQL) {
            depth++;
            at += 2;
        } else {
            at++;
        }
    }
    lexer->at = at;
    return TRUE;
}

static gboolean skip_space(CmigLexer *lexer)
{
    for (;;) {
        const char *here = lexer->text + lexer->at;
        if (is_space(*here))
            lexer->at++;
        else if (lexer->dialect == CMIG_DIALECT_SQLITE && g_str_has_prefix(here, "\xef\xbb\xbf"))
            lexer->at += 3; /* between tokens SQLite takes a byte order mark for space */
        else if (here[0] == '-' && here[1] == '-')
            lexer->at = behind_line_comment(lexer, lexer->at);
        else if (here[0] != '/' || here[1] != '*')
            return TRUE;
        else if (!skip_block_comment(lexer))
            return FALSE;
    }
}

/* From the opening quote at `at` to behind the closing one, which is doubled inside; with
 * `escapes`, a backslash hides the byte behind it. 0 = not ended. */
static gsize behind_quote(const char *text, gsize at, char close, gboolean escapes)
{
    const char stops[] = {close, escapes ? '\\' : close, '\0'};
    for (;;) {
        at++; /* the opening quote, the second of two, or what a backslash hides */
        at += strcspn(text + at, stops);
        if (text[at] == '\0')
            return 0;
        if (text[at] == close && text[at + 1] != close)
            return at + 1;
        at++;
        if (text[at] == '\0')
            return 0;
    }
}

/* PostgreSQL joins strings that only spaces with a line end (and line comments) separate; the
 * second part of an E'' string has escapes too. Returns where that part begins, or 0. */
static gsize find_continuation(const CmigLexer *lexer, gsize at)
{
    gboolean line_end = FALSE;
    for (;;) {
        char byte = lexer->text[at];
        if (byte == '-' && lexer->text[at + 1] == '-') {
            at = behind_line_comment(lexer, at);
        } else if (is_space(byte)) {
            line_end = line_end || byte == '\n' || byte == '\r';
            at++;
        } else {
            return line_end && byte == '\'' ? at : 0;
        }
    }
}

static gboolean take_escape_string(CmigLexer *lexer, CmigToken *token)
{
    gsize quote = token->start + 1;
    while (quote != 0) {
        gsize end = behind_quote(lexer->text, quote, '\'', TRUE);
        if (end == 0)
            return fail(lexer, quote, "string is not ended");
        lexer->at = end;
        quote = find_continuation(lexer, end);
    }
    token->kind = CMIG_TOKEN_STRING;
    return TRUE;
}

static gboolean take_quoted(CmigLexer *lexer, CmigToken *token, CmigTokenKind kind, char close,
                            const char *problem)
{
    gsize end = behind_quote(lexer->text, token->start, close, FALSE);
    if (end == 0)
        return fail(lexer, token->start, problem);
    token->kind = kind;
    lexer->at = end;
    return TRUE;
}

/* SQLite's [name]: a closing bracket cannot be doubled. */
static gboolean take_bracketed(CmigLexer *lexer, CmigToken *token)
{
    const char *close = strchr(lexer->text + token->start, ']');
    if (close == NULL)
        return fail(lexer, token->start, "quoted name is not ended");
    token->kind = CMIG_TOKEN_QUOTED;
    lexer->at = (gsize)(close - lexer->text) + 1;
    return TRUE;
}

static void take_word(CmigLexer *lexer, CmigToken *token)
{
    token->kind = CMIG_TOKEN_WORD;
    while (is_word_part(lexer->text[lexer->at]))
        lexer->at++;
}

static gsize behind_digits(const char *text, gsize at)
{
    while (g_ascii_isdigit(text[at]))
        at++;
    return at;
}

/* The exponent must be taken along: in 1e5e'…' the string is an escape string. */
static void take_number(CmigLexer *lexer, CmigToken *token)
{
    const char *text = lexer->text;
    gsize at = behind_digits(text, token->start);
    if (text[at] == '.')
        at = behind_digits(text, at + 1);
    if (text[at] == 'e' || text[at] == 'E') {
        gsize digits = at + 1;
        if (text[digits] == '+' || text[digits] == '-')
            digits++;
        if (g_ascii_isdigit(text[digits]))
            at = behind_digits(text, digits);
    }
    token->kind = CMIG_TOKEN_NUMBER;
    lexer->at = at;
}

/* `$` in PostgreSQL: a parameter, a dollar quote, or an error of the user's that the server
 * explains. The tag follows the rules for names, but holds no `$`. */
static gboolean take_dollar(CmigLexer *lexer, CmigToken *token)
{
    const char *text = lexer->text;
    gsize end = token->start + 1;
    if (g_ascii_isdigit(text[end])) {
        token->kind = CMIG_TOKEN_NUMBER;
        lexer->at = behind_digits(text, end);
        return TRUE;
    }
    if (is_word_start(text[end]))
        while (text[end] != '$' && is_word_part(text[end]))
            end++;
    if (text[end] != '$') {
        lexer->at = token->start + 1;
        return TRUE;
    }
    gsize size = end + 1 - token->start;
    for (const char *at = text + end + 1; (at = strchr(at, '$')) != NULL; at++) {
        if (strncmp(at, text + token->start, size) != 0)
            continue;
        token->kind = CMIG_TOKEN_STRING;
        lexer->at = (gsize)(at - text) + size;
        return TRUE;
    }
    return fail(lexer, token->start, "dollar-quoted string is not ended");
}

gboolean cmig_lexer_next(CmigLexer *lexer, CmigToken *token)
{
    if (!skip_space(lexer))
        return FALSE;
    gboolean postgresql = lexer->dialect == CMIG_DIALECT_POSTGRESQL;
    const char *here = lexer->text + lexer->at;
    gboolean taken = TRUE;
    *token = (CmigToken){.kind = CMIG_TOKEN_SYMBOL, .start = lexer->at};
    if (lexer->at >= lexer->length)
        token->kind = CMIG_TOKEN_END;
    else if (postgresql && (*here == 'e' || *here == 'E') && here[1] == '\'')
        taken = take_escape_string(lexer, token);
    else if (is_word_start(*here))
        take_word(lexer, token);
    else if (g_ascii_isdigit(*here))
        take_number(lexer, token);
    else if (*here == '\'')
        taken = take_quoted(lexer, token, CMIG_TOKEN_STRING, '\'', "string is not ended");
    else if (*here == '"' || (*here == '`' && !postgresql))
        taken = take_quoted(lexer, token, CMIG_TOKEN_QUOTED, *here, "quoted name is not ended");
    else if (*here == '[' && !postgresql)
        taken = take_bracketed(lexer, token);
    else if (*here == '$' && postgresql)
        taken = take_dollar(lexer, token);
    else
        lexer->at++;
    token->end = lexer->at;
    return taken;
}

gboolean cmig_lexer_is(const CmigLexer *lexer, const CmigToken *token, const char *word)
{
    gsize size = token->end - token->start;
    return token->kind == CMIG_TOKEN_WORD && strlen(word) == size &&
           g_ascii_strncasecmp(lexer->text + token->start, word, size) == 0;
}
