/* What can be told of a statement by its tokens alone. Internal to this layer. */
#ifndef CMIG_SQL_JUDGE_WORDS_H
#define CMIG_SQL_JUDGE_WORDS_H

#include "cmig/facts.h"

/* Where a plain INSERT names its table. */
typedef struct {
    gsize start;
    gsize end;
} CmigPlainInsert;

/* Whether the statement is an INSERT of literals only, which can call no function and lose nothing.
 * Linear in its length. */
gboolean cmig_words_plain_insert(const CmigSqlScript *script, guint index, CmigPlainInsert *insert);

/* The fact about a plain INSERT; NULL when `previous`, the one before it, was into the same table.
 * `previous` becomes this one. */
CmigFact *cmig_words_insert_fact(const CmigSqlScript *script, guint index,
                                 const CmigPlainInsert *insert, CmigPlainInsert *previous);

/* The fact about a statement that nobody understands: opaque, at least level 2. */
CmigFact *cmig_words_fact(const CmigSqlScript *script, guint index);

/* How bad the words of a text of PostgreSQL's look that is part of something opaque: at least
 * level 2. */
CmigLevel cmig_words_level(const char *text);

#endif
