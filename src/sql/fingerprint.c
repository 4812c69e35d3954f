/* A sum over what a section means to the database: its tokens and its COPY data, not how they are
 * laid out. */
#include "cmig/facts.h"
#include "cmig/lexer.h"

/* What cannot stand in a text keeps tokens and statements apart. */
static const guchar token_ends = 0x00;
static const guchar statement_ends = 0xff;

static void add(GChecksum *sum, const char *text, gsize size)
{
    while (size > 0) { /* the length of an update is signed */
        gsize piece = MIN(size, (gsize)1 << 30);
        g_checksum_update(sum, (const guchar *)text, (gssize)piece);
        text += piece;
        size -= piece;
    }
}

static void add_token(GChecksum *sum, const CmigLexer *lexer, const CmigToken *token)
{
    const char *text = lexer->text + token->start;
    gsize size = token->end - token->start;
    if (token->kind == CMIG_TOKEN_WORD) {
        g_autofree char *lower = g_ascii_strdown(text, (gssize)size);
        add(sum, lower, size);
    } else {
        add(sum, text, size);
    }
    g_checksum_update(sum, &token_ends, 1);
}

char *cmig_sql_fingerprint(const CmigSqlScript *script)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (guint idx = 0; idx < script->statements->len; idx++) {
        const CmigSqlStatement *statement = cmig_sql_statement(script, idx);
        CmigLexer lexer = {.text = script->text,
                           .length = statement->end,
                           .at = statement->start,
                           .dialect = script->dialect};
        CmigToken token;
        while (cmig_lexer_next(&lexer, &token) && token.kind != CMIG_TOKEN_END)
            add_token(sum, &lexer, &token);
        g_checksum_update(sum, &statement_ends, 1);
        if (statement->copy >= 0) {
            const CmigSqlGap *gap = cmig_sql_gap(script, (guint)statement->copy);
            add(sum, script->text + gap->start, gap->data_end - gap->start);
            g_checksum_update(sum, &statement_ends, 1);
        }
    }
    return g_strdup(g_checksum_get_string(sum));
}
