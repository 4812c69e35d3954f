/* Where every run that writes meets the guard: behind the lock and the plan, before the first
 * write. */
#ifndef CMIG_ENGINE_GATE_H
#define CMIG_ENGINE_GATE_H

#include "cmig/review.h"
#include "engine/run/work.h"

/* Asks the guard about `what` ("stamp"), with a plan or without one (`review` NULL: nothing is
 * lost), and the user where the guard says so. What confirmed it goes into the run's records.
 * Errors: CMIG_ERROR_REFUSED, CMIG_ERROR_CONFIG, CMIG_ERROR_INTERRUPTED when the user declines;
 * nothing is changed then. */
gboolean cmig_gate_pass(CmigWork *work, const char *what, const CmigReview *review, GError **error);

/* Reads what the audit table says, unless that was done with the version rows. */
gboolean cmig_gate_read_past(CmigWork *work, GError **error);

/* Which environment the database belongs to; reads what it has recorded. */
gboolean cmig_gate_environment(CmigWork *work, CmigEnvironment *environment, GError **error);

/* As cmig_gate_pass, when `work->guard.environment` is decided already. */
gboolean cmig_gate_ask(CmigWork *work, const char *what, const CmigReview *review, GError **error);

#endif
