/* What the commands with --sql have in common. */
#ifndef CMIG_CLI_OFFLINE_H
#define CMIG_CLI_OFFLINE_H

#include "cli/cli.h"

typedef struct {
    gboolean sql;
    char *dialect;
    char *output;
} CmigOfflineRequest;
extern CmigOfflineRequest cmig_offline_request;

#define CMIG_OFFLINE_OPTIONS                                                                       \
    {"sql",                                                                                        \
     0,                                                                                            \
     0,                                                                                            \
     G_OPTION_ARG_NONE,                                                                            \
     &cmig_offline_request.sql,                                                                    \
     "print the SQL instead of running it; no database is opened",                                 \
     NULL},                                                                                        \
        {"dialect",                                                                                \
         0,                                                                                        \
         0,                                                                                        \
         G_OPTION_ARG_STRING,                                                                      \
         &cmig_offline_request.dialect,                                                            \
         "with --sql: postgresql or sqlite (default: what the database URL says)",                 \
         "NAME"},                                                                                  \
    {                                                                                              \
        "output", 'o', 0, G_OPTION_ARG_FILENAME, &cmig_offline_request.output,                     \
            "with --sql: write to this file, whole or not at all; - is standard output", "FILE"    \
    }

/* What the options of --sql exclude; before anything is opened. `databases` is how many are named.
 * Errors: CMIG_ERROR_USAGE. */
gboolean cmig_offline_check_options(const CmigApp *app, guint databases, GError **error);

/* The dialect that --sql is to speak. Errors: CMIG_ERROR_USAGE, _CONFIG. */
gboolean cmig_offline_dialect(const CmigApp *app, CmigDialect *dialect, GError **error);

/* Prints the script, or writes it to --output. */
gboolean cmig_offline_write(const CmigApp *app, const GString *script, GError **error);

#endif
