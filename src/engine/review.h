/* How a run and `cmig plan` come to a review. */
#ifndef CMIG_ENGINE_REVIEW_H
#define CMIG_ENGINE_REVIEW_H

#include "cmig/guard.h"
#include "cmig/review.h"
#include "engine/step.h"

/* The facts of a section with their places: owned CmigReviewFact. */
GPtrArray *cmig_review_facts(CmigJudge *judge, const CmigSqlScript *sql);

/* What the loaded steps would do. With `all_sizes` the sizes of everything that is locked are asked
 * for, else only of what would be lost. The steps must outlive the review. */
gboolean cmig_review_make(CmigDb *db, const CmigConfig *config, const CmigSite *site,
                          CmigDirection direction, const GPtrArray *steps, gboolean all_sizes,
                          CmigReview **review, GError **error);

#endif
