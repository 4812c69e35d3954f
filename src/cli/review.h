/* A plan as text and as JSON. */
#ifndef CMIG_CLI_REVIEW_H
#define CMIG_CLI_REVIEW_H

#include "cli/cli.h"

/* Prints what a run would do; for `cmig plan` and --plan. */
gboolean cmig_review_print(CmigApp *app, CmigDirection direction, const char *target,
                           GError **error);

/* The steps and the hash. The caller frees. */
char *cmig_review_render(const CmigReview *review);

#endif
