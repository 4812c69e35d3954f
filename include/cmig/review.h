/* A plan for people: what each of its steps would do, how large what it hits is, and a hash over
 * all of it, so that somebody can approve exactly this plan. */
#ifndef CMIG_REVIEW_H
#define CMIG_REVIEW_H

#include "cmig/config.h"
#include "cmig/db.h"
#include "cmig/facts.h"
#include "cmig/graph.h"
#include "cmig/plan.h"

#include <glib.h>

/* A fact with the place of its statement. */
typedef struct {
    CmigFact *fact;
    guint line;    /* of the file */
    char *text;    /* the beginning of the statement on one line, without values; escaped */
    GArray *sizes; /* CmigDbSize for each target of the fact; NULL when they were not asked for */
} CmigReviewFact;

typedef struct {
    const CmigRevision *revision; /* borrowed */
    CmigDirection direction;
    CmigLevel level; /* of the step; a way back is never below CMIG_LEVEL_WEAKER */
    guint flags;     /* CmigFactFlag, of all statements */
    gboolean transactional;
    guint statements;
    const char *checksum;   /* SHA-256 of the section in the file; borrowed from the step */
    const GPtrArray *facts; /* CmigReviewFact; borrowed from the step */
} CmigReviewStep;

typedef struct {
    CmigDirection direction;
    GPtrArray *steps; /* owned CmigReviewStep, in order */
    CmigLevel level;
    guint flags;
    gboolean large;    /* more rows than guard.safe_below_rows are lost, or it is not known */
    char *hash;        /* SHA-256 in hexadecimal; NULL when there are no steps */
    char *note;        /* the plan's, or NULL */
    GPtrArray *loaded; /* what the steps borrow from, when nobody else has it; or NULL */
} CmigReview;
void cmig_review_free(CmigReview *review);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigReview, cmig_review_free)

/* The statements of level 3 and above, and opaque ones, one a line with the place, what it does and
 * how large it is: for refusals and questions; escaped. At most `limit` lines, then how many more.
 * The caller frees. */
char *cmig_review_describe(const CmigReview *review, guint limit);

/* "1.2 GB, about 3000000 rows", "12 rows", "" when nothing is known. The caller frees. */
char *cmig_review_describe_size(const CmigDbSize *size);

#endif
