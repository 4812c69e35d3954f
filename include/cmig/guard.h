/* The production guard: which environment is this, and may this run write to it? Pure decisions
 * over configuration and process environment; it opens nothing. */
#ifndef CMIG_GUARD_H
#define CMIG_GUARD_H

#include "cmig/config.h"

#include <glib.h>

typedef struct {
    gboolean production;
    const char *name;   /* as declared, or NULL; borrowed from the configuration */
    const char *source; /* what declared it; borrowed */
} CmigEnvironment;

/* Which environment the configuration declares. `production` and `prod`, in any letter case, are
 * production. */
CmigEnvironment cmig_guard_environment(const CmigConfig *config);

/* Before anything is opened: there is a well-formed URL; CONFIRM_PRODUCTION_MIGRATION, if set, is
 * exactly `true`; in production the URL is not a :-default. Errors: CMIG_ERROR_CONFIG. */
gboolean cmig_guard_check_target(const CmigConfig *config, GError **error);

/* Before the first write: in production, CONFIRM_PRODUCTION_MIGRATION=true must be in the process
 * environment (a .env file does not count). `what` names the run for the message ("upgrade of 3
 * revisions"). Errors: CMIG_ERROR_REFUSED, with the exact command that would be accepted. */
gboolean cmig_guard_check_write(const CmigConfig *config, const char *what, GError **error);

#endif
