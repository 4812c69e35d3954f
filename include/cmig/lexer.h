/* Tokens of SQL text, as far as it takes to know what is quoted, what is a comment and what is
 * neither. Behind cmig_sql_scan: what is not ended was refused there. */
#ifndef CMIG_LEXER_H
#define CMIG_LEXER_H

#include "cmig/dialect.h"

#include <glib.h>

typedef enum {
    CMIG_TOKEN_END,
    CMIG_TOKEN_WORD,   /* keyword or bare identifier */
    CMIG_TOKEN_QUOTED, /* quoted identifier */
    CMIG_TOKEN_STRING, /* with its quotes; the E of E'' is part of it */
    CMIG_TOKEN_NUMBER, /* also a parameter, $1 */
    CMIG_TOKEN_SYMBOL, /* one byte of anything else */
} CmigTokenKind;

typedef struct {
    CmigTokenKind kind;
    gsize start;
    gsize end;
} CmigToken;

typedef struct {
    const char *text; /* valid UTF-8 without NUL, but NUL-terminated at `length` */
    gsize length;
    gsize at;
    CmigDialect dialect;
    const char *problem; /* static text, when next returned FALSE */
    gsize problem_at;    /* where what is not ended begins */
} CmigLexer;

/* Skips spaces and comments and takes one token; at the end of the text CMIG_TOKEN_END, again and
 * again. FALSE: something quoted or a comment is not ended. */
gboolean cmig_lexer_next(CmigLexer *lexer, CmigToken *token);

/* Whether the token is the bare word `word` (lower case), in any letter case. */
gboolean cmig_lexer_is(const CmigLexer *lexer, const CmigToken *token, const char *word);

#endif
