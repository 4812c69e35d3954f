/* What can be told of a statement by its tokens alone. Internal to this layer. */
#ifndef CMIG_SQL_FACTS_WORDS_H
#define CMIG_SQL_FACTS_WORDS_H

#include "cmig/facts.h"

/* Where a plain INSERT names its table. */
typedef struct {
    gsize start;
    gsize end;
} CmigPlainInsert;

/* Whether the statement is an INSERT of literals only, which can call no function and lose nothing.
 * Linear in its length. */
gboolean cmig__words_plain_insert(const CmigSqlScript *script, guint index,
                                  CmigPlainInsert *insert);

/* Adds the fact about a plain INSERT, unless the last one of `facts` says the same. */
void cmig__words_add_insert(const CmigSqlScript *script, guint index, const CmigPlainInsert *insert,
                            CmigPlainInsert *previous, GPtrArray *facts);

/* The fact about a statement that nobody understands: opaque, at least level 2. */
CmigFact *cmig__words_fact(const CmigSqlScript *script, guint index);

#endif
