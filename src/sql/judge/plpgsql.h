/* PL/pgSQL bodies. Internal to this layer. */
#ifndef CMIG_SQL_JUDGE_PLPGSQL_H
#define CMIG_SQL_JUDGE_PLPGSQL_H

#include "sql/judge/tree.h"

/* What the body `source` does, which is that of `statement`: a DO, or a CREATE FUNCTION or
 * PROCEDURE with AS and LANGUAGE plpgsql. The library's parser for it must see nothing else: it
 * aborts the process. */
void cmig_walk_plpgsql(CmigWalk *walk, const char *statement, const char *source);

#endif
