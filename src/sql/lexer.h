/* The lexer for the files of this layer. */
#ifndef CMIG_SQL_LEXER_H
#define CMIG_SQL_LEXER_H

#include "cmig/lexer.h"

#endif
