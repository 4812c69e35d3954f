#include "cmig/reader.h"

CmigReader cmig_reader_new(const char *text, gsize start, gsize end, CmigDialect dialect)
{
    CmigReader reader = {.lexer = {.text = text, .length = end, .at = start, .dialect = dialect}};
    cmig_reader_next(&reader);
    return reader;
}

CmigReader cmig_reader_of(const CmigSqlScript *script, guint index)
{
    const CmigSqlStatement *statement = cmig_sql_statement(script, index);
    return cmig_reader_new(script->text, statement->start, statement->end, script->dialect);
}

gboolean cmig_reader_next(CmigReader *reader)
{
    if (!cmig_lexer_next(&reader->lexer, &reader->token))
        reader->token.kind = CMIG_TOKEN_END;
    return reader->token.kind != CMIG_TOKEN_END;
}

gboolean cmig_reader_is(const CmigReader *reader, const char *word)
{
    return cmig_lexer_is(&reader->lexer, &reader->token, word);
}

gboolean cmig_reader_is_one_of(const CmigReader *reader, const char *const *words)
{
    if (reader->token.kind != CMIG_TOKEN_WORD)
        return FALSE;
    for (; *words != NULL; words++)
        if (cmig_reader_is(reader, *words))
            return TRUE;
    return FALSE;
}

gboolean cmig_reader_is_symbol(const CmigReader *reader, char symbol)
{
    return reader->token.kind == CMIG_TOKEN_SYMBOL &&
           reader->lexer.text[reader->token.start] == symbol;
}

gint cmig_reader_depth(const CmigReader *reader)
{
    return cmig_reader_is_symbol(reader, '(') ? 1 : cmig_reader_is_symbol(reader, ')') ? -1 : 0;
}

gboolean cmig_reader_skip(CmigReader *reader, const char *word)
{
    if (!cmig_reader_is(reader, word))
        return FALSE;
    cmig_reader_next(reader);
    return TRUE;
}

static char *unquote(const char *text, gsize size)
{
    g_autoptr(GString) name = g_string_new_len(text + 1, (gssize)size - 2);
    const char once[] = {text[size - 1], '\0'};
    const char twice[] = {once[0], once[0], '\0'};
    if (*once != ']')
        g_string_replace(name, twice, once, 0);
    return g_string_free(g_steal_pointer(&name), FALSE);
}

char *cmig_reader_name(const CmigReader *reader)
{
    const char *text = reader->lexer.text + reader->token.start;
    gsize size = reader->token.end - reader->token.start;
    gboolean sqlite = reader->lexer.dialect == CMIG_DIALECT_SQLITE;
    gboolean quoted = reader->token.kind == CMIG_TOKEN_QUOTED ||
                      (sqlite && reader->token.kind == CMIG_TOKEN_STRING);
    if (reader->token.kind == CMIG_TOKEN_WORD)
        return sqlite ? g_strndup(text, size) : g_ascii_strdown(text, (gssize)size);
    return quoted && size >= 2 ? unquote(text, size) : NULL;
}

char *cmig_reader_take_name(CmigReader *reader)
{
    char *name = cmig_reader_name(reader);
    if (name != NULL)
        cmig_reader_next(reader);
    return name;
}
