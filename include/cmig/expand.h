/* ${VAR}, ${VAR:-default}, ${VAR:?message} and $$ (a literal $) in configuration values. */
#ifndef CMIG_EXPAND_H
#define CMIG_EXPAND_H

#include <glib.h>

typedef struct {
    gboolean used_variable;      /* a variable that is set went into the value */
    gboolean used_dotenv;        /* ... and at least one of them came from a .env file only */
    gboolean used_default;       /* a :-default that is not empty was used */
    gboolean used_empty_default; /* an empty :-default was used */
    gboolean unset;              /* it failed, only because a variable is not set */
} CmigExpansion;

/* Expands `text`; variables come from the process environment, then from `dotenv` (may be NULL). As
 * in a shell, `:-` and `:?` treat an empty variable as unset; plain ${VAR} of an unset one is an
 * error. A default may contain ${…} itself, four levels deep. A `$` before any other character is
 * kept; a `${` that begins none of these forms is an error. The result is at most 64 KiB.
 * `expansion` (may be NULL) is filled also when the expansion fails because a variable is unset: it
 * covers the whole text. Errors: CMIG_ERROR_CONFIG without place; never a value. The caller frees.
 */
char *cmig_expand(const char *text, GHashTable *dotenv, CmigExpansion *expansion, GError **error);

#endif
