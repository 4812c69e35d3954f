#include "cmig/dialect.h"

static const struct {
    const char *name;
    CmigDialect dialect;
} names[] = {
    /* The first name of a dialect is the one that is shown. */
    {"postgresql", CMIG_DIALECT_POSTGRESQL}, {"postgres", CMIG_DIALECT_POSTGRESQL},
    {"pg", CMIG_DIALECT_POSTGRESQL},         {"sqlite", CMIG_DIALECT_SQLITE},
    {"sqlite3", CMIG_DIALECT_SQLITE},
};

const char *cmig_dialect_name(CmigDialect dialect)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(names); idx++)
        if (names[idx].dialect == dialect)
            return names[idx].name;
    return "any";
}

gboolean cmig_dialect_parse(const char *name, CmigDialect *dialect)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(names); idx++) {
        if (g_ascii_strcasecmp(names[idx].name, name) == 0) {
            *dialect = names[idx].dialect;
            return TRUE;
        }
    }
    return FALSE;
}
