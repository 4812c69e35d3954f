/* What can be asked of scanned SQL text. */
#include "cmig/error.h"
#include "cmig/lexer.h"
#include "cmig/sql.h"
#include "cmig/text.h"

void cmig_sql_script_free(CmigSqlScript *script)
{
    if (script == NULL)
        return;
    g_free(script->file);
    g_free(script->text);
    g_clear_pointer(&script->statements, g_array_unref);
    g_clear_pointer(&script->gaps, g_array_unref);
    g_clear_pointer(&script->pieces, g_array_unref);
    cmig_sql_script_free(script->source); /* which has none itself */
    g_free(script);
}

const CmigSqlStatement *cmig_sql_statement(const CmigSqlScript *script, guint index)
{
    g_assert(index < script->statements->len);
    return &g_array_index(script->statements, CmigSqlStatement, index);
}

const CmigSqlGap *cmig_sql_gap(const CmigSqlScript *script, guint index)
{
    g_assert(index < script->gaps->len);
    return &g_array_index(script->gaps, CmigSqlGap, index);
}

char *cmig_sql_statement_text(const CmigSqlScript *script, guint index)
{
    const CmigSqlStatement *statement = cmig_sql_statement(script, index);
    return g_strndup(script->text + statement->start, statement->end - statement->start);
}

gint cmig_sql_find_word(const CmigSqlScript *script, guint index, const char *word)
{
    const CmigSqlStatement *statement = cmig_sql_statement(script, index);
    CmigLexer lexer = {.text = script->text,
                       .length = statement->end,
                       .at = statement->start,
                       .dialect = script->dialect};
    CmigToken token;
    for (gint number = 0; cmig_lexer_next(&lexer, &token) && token.kind != CMIG_TOKEN_END; number++)
        if (cmig_lexer_is(&lexer, &token, word))
            return number;
    return -1;
}

gboolean cmig_sql_is_commit(const CmigSqlScript *script, guint index)
{
    return cmig_sql_find_word(script, index, "commit") == 0 ||
           cmig_sql_find_word(script, index, "end") == 0;
}

/* The offset in the source of a byte of the text that was made from it. */
static gsize find_source(const CmigSqlScript *script, gsize offset)
{
    guint first = 0; /* of the pieces that begin behind the byte */
    for (guint end = script->pieces->len; first < end;) {
        guint middle = first + (end - first) / 2;
        if (g_array_index(script->pieces, CmigSqlPiece, middle).start <= offset)
            first = middle + 1;
        else
            end = middle;
    }
    if (first == 0)
        return offset;
    const CmigSqlPiece *piece = &g_array_index(script->pieces, CmigSqlPiece, first - 1);
    return offset < piece->end ? piece->source_start : piece->source_end + (offset - piece->end);
}

/* Where byte `offset` comes from in the file. */
static void locate(const CmigSqlScript *script, gsize offset, guint *line, guint *column)
{
    if (script->source != NULL) {
        offset = find_source(script, offset);
        script = script->source;
    }
    cmig_text_locate(script->text, script->length, offset, line, column);
    *line += script->first_line - 1;
}

char *cmig_sql_shown_text(const CmigSqlScript *script, guint index)
{
    const CmigSqlStatement *statement = cmig_sql_statement(script, index);
    if (script->source == NULL)
        return cmig_sql_statement_text(script, index);
    gsize start = find_source(script, statement->start);
    gsize end = MAX(start, find_source(script, statement->end));
    return g_strndup(script->source->text + start, end - start);
}

guint cmig_sql_line(const CmigSqlScript *script, gsize offset)
{
    guint line = 0;
    guint column = 0;
    locate(script, offset, &line, &column);
    return line;
}

guint cmig_sql_line_behind(const CmigSqlScript *script, gsize known, guint line, gsize offset)
{
    const char *text = script->text;
    if (script->source != NULL) {
        text = script->source->text;
        known = find_source(script, known);
        offset = find_source(script, offset);
    }
    for (; known < offset; known++)
        line += text[known] == '\n';
    return line;
}

void cmig_sql_set_place(const CmigSqlScript *script, gsize offset, GError **error)
{
    guint line = 0;
    guint column = 0;
    locate(script, offset, &line, &column);
    cmig_error_set_place(error, script->file, line, column);
}

void cmig_sql_append(const CmigSqlScript *script, GString *to)
{
    gsize at = 0;
    for (guint idx = 0; idx < script->gaps->len; idx++) {
        const CmigSqlGap *gap = cmig_sql_gap(script, idx);
        g_string_append_len(to, script->text + at, (gssize)(gap->start - at));
        at = gap->end;
    }
    g_string_append_len(to, script->text + at, (gssize)(script->length - at));
}

gsize cmig_sql_unappend(const CmigSqlScript *script, gsize offset)
{
    for (guint idx = 0; idx < script->gaps->len; idx++) {
        const CmigSqlGap *gap = cmig_sql_gap(script, idx);
        if (offset < gap->start)
            break;
        offset += gap->end - gap->start;
    }
    return MIN(offset, script->length);
}
