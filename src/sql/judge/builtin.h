/* What is known of routines by their names. Internal to this layer. */
#ifndef CMIG_SQL_JUDGE_BUILTIN_H
#define CMIG_SQL_JUDGE_BUILTIN_H

#include "cmig/facts.h"

typedef enum {
    CMIG_BUILTIN_UNKNOWN,
    CMIG_BUILTIN_STEADY,           /* harmless, the same for every row of a statement */
    CMIG_BUILTIN_CHANGING,         /* harmless, volatile */
    CMIG_BUILTIN_EXTENSION_STEADY, /* likewise, in whatever schema */
    CMIG_BUILTIN_EXTENSION_CHANGING,
    CMIG_BUILTIN_DANGEROUS,
} CmigBuiltin;

typedef struct {
    const char *name;
    CmigLevel level;
    guint flags;
    const char *what;
} CmigDanger;

/* `*danger` is set for a dangerous one, else NULL. */
CmigBuiltin cmig_builtin_find(const char *name, const CmigDanger **danger);

/* Whether it is a well-known extension, whose script does no harm. */
gboolean cmig_builtin_is_extension(const char *name);

#endif
