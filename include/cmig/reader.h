/* A statement's tokens, one ahead of what was read. A reader is small: a copy reads on by itself.
 */
#ifndef CMIG_READER_H
#define CMIG_READER_H

#include "cmig/lexer.h"
#include "cmig/sql.h"

#include <glib.h>

typedef struct {
    CmigLexer lexer;
    CmigToken token; /* the current one; CMIG_TOKEN_END also behind what is not ended */
} CmigReader;

/* At the first token of `text` from `start` to `end`, and of a statement. The text is borrowed. */
CmigReader cmig_reader_new(const char *text, gsize start, gsize end, CmigDialect dialect);
CmigReader cmig_reader_of(const CmigSqlScript *script, guint index);

/* To the next token. FALSE at the end. */
gboolean cmig_reader_next(CmigReader *reader);

/* Whether the current token is this bare word (lower case), one of such, or this symbol. */
gboolean cmig_reader_is(const CmigReader *reader, const char *word);
gboolean cmig_reader_is_one_of(const CmigReader *reader, const char *const *words);
gboolean cmig_reader_is_symbol(const CmigReader *reader, char symbol);

/* 1 for `(`, -1 for `)`, else 0. */
gint cmig_reader_depth(const CmigReader *reader);

/* Goes behind the word when it is the current token. Whether it was. */
gboolean cmig_reader_skip(CmigReader *reader, const char *word);

/* The name that the token is, as the database stores it: without quotes, and a bare one in lower
 * case where the database folds it. NULL when it is none; on SQLite a string is one, too. The
 * caller frees. */
char *cmig_reader_name(const CmigReader *reader);

/* The same, and the reader goes behind it. */
char *cmig_reader_take_name(CmigReader *reader);

#endif
