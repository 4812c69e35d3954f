/* The lexer for the files of this layer. */
#include "cmig/lexer.h"
