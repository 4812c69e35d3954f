/* What every run does first: the session lock, and the version rows under it. */
#ifndef CMIG_ENGINE_SESSION_H
#define CMIG_ENGINE_SESSION_H

#include "cmig/run.h"

/* Polls for the session lock until `config->lock_timeout` is over, then gives the state of the
 * database. Fails with CMIG_ERROR_TRY_AGAIN when somebody else keeps the lock, and with
 * CMIG_ERROR_UNAVAILABLE when the server takes no writes. */
gboolean cmig_session_begin(CmigDb *db, const CmigConfig *config, const CmigRunObserver *observer,
                            CmigDbState **state, GError **error);

/* The version rows, sorted, whatever they say. Owned ids; the caller unrefs. With a `place` (NULL:
 * there is no audit table) `*past` is what it says; in the same round trip. `past` must be zeroed,
 * may be NULL, and is cleared by the caller. */
gboolean cmig_session_read_rows(CmigDb *db, const CmigAuditPlace *place, GPtrArray **rows,
                                CmigAuditPast *past, GError **error);

/* The schema that the configuration names for the version table is there, or is to be created with
 * it. Errors: CMIG_ERROR_CONFIG. */
gboolean cmig_session_check_schema(const CmigConfig *config, const CmigDbState *state,
                                   GError **error);

#endif
