/* Which SQL a database speaks. Every dialect has one driver, one lexer mode and one name that
 * revision files use in `-- cmig:upgrade NAME`. */
#ifndef CMIG_DIALECT_H
#define CMIG_DIALECT_H

#include <glib.h>

typedef enum {
    CMIG_DIALECT_ANY, /* a section that names no dialect; never a database's */
    CMIG_DIALECT_POSTGRESQL,
    CMIG_DIALECT_SQLITE,
} CmigDialect;

/* "postgresql", "sqlite", or "any". Static text. */
const char *cmig_dialect_name(CmigDialect dialect);

/* Finds the dialect whose name or usual alias (postgres, pg, sqlite3) is `name`, in any letter
 * case. Returns FALSE for anything else, "any" included. `*dialect` is written on success only. */
gboolean cmig_dialect_parse(const char *name, CmigDialect *dialect);

#endif
