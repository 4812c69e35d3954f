/* .env files. Grammar, one assignment a line: `NAME=value`, optional `export `, blank lines and `#`
 * comment lines; blanks around `=` are allowed. A value is bare (trailing spaces and a ` #` comment
 * dropped), in single quotes (literal) or in double quotes (\n \r \t \" \\ \$; another backslash is
 * kept). `$` is never expanded; several lines in one value are an error. CRLF and a BOM are
 * accepted. */
#ifndef CMIG_DOTENV_H
#define CMIG_DOTENV_H

#include <glib.h>

/* Reads `text` into `into` (owned name -> owned value); a later line wins within a file; a name
 * that is in `into` already from an earlier file is kept. On failure `into` is unchanged. `lines`
 * (NULL, or owned name -> GUINT_TO_POINTER) gets the line of each name of this file. Errors:
 * CMIG_ERROR_CONFIG with the place; never a value. */
gboolean cmig_dotenv_parse(const char *text, gsize length, const char *file, GHashTable *into,
                           GHashTable *lines, GError **error);

#endif
