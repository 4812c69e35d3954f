/* The process in which PostgreSQL's parser works. Internal to this layer. */
#ifndef CMIG_SQL_JUDGE_CHILD_H
#define CMIG_SQL_JUDGE_CHILD_H

#include <glib.h>

typedef struct CmigParser CmigParser;

/* No process is started before something is to be parsed. */
CmigParser *cmig_parser_new(void);
void cmig_parser_free(CmigParser *parser);

/* Of one section, a few texts may end the parser; what is left of it then goes unparsed. */
void cmig_parser_begin_section(CmigParser *parser);

/* What each of `texts` does: GPtrArray of CmigAct in `answers`, NULL for what was not understood,
 * was too large, or ended the parser. Never fails. The texts of one call are held in memory at
 * once, those of a section may be several calls'. */
void cmig_parser_ask(CmigParser *parser, const GPtrArray *texts, GPtrArray *answers);

/* Why no process could be started the last time, or NULL. Until the parser is asked again. */
const char *cmig_parser_problem(const CmigParser *parser);

#endif
