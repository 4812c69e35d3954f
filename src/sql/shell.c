/* What the sqlite3 shell reads differently from SQLite. */
#include "cmig/lexer.h"
#include "cmig/sql.h"

static gboolean is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\f' || byte == '\v';
}

/* Whether nothing but a comment stands beside the token on its line. */
static gboolean has_line(const CmigSqlScript *script, const CmigToken *token)
{
    gsize start = token->start;
    gsize end = token->end;
    while (start > 0 && is_blank(script->text[start - 1]))
        start--;
    while (is_blank(script->text[end]))
        end++;
    const char *behind = script->text + end;
    return (start == 0 || script->text[start - 1] == '\n') &&
           (*behind == '\n' || *behind == '\0' || g_str_has_prefix(behind, "--") ||
            g_str_has_prefix(behind, "/*"));
}

gboolean cmig_sql_find_shell_command(const CmigSqlScript *script, gsize *at)
{
    for (guint idx = 0; idx < script->statements->len; idx++) {
        gsize start = cmig_sql_statement(script, idx)->start;
        if (script->text[start] != '.' && script->text[start] != '#')
            continue;
        *at = start;
        return TRUE;
    }
    CmigLexer lexer = {.text = script->text, .length = script->length, .dialect = script->dialect};
    CmigToken token = {.kind = CMIG_TOKEN_END};
    while (cmig_lexer_next(&lexer, &token) && token.kind != CMIG_TOKEN_END) {
        gboolean ends = script->text[token.start] == '/' || cmig_lexer_is(&lexer, &token, "go");
        if (!ends || !has_line(script, &token))
            continue;
        *at = token.start;
        return TRUE;
    }
    return FALSE;
}
