/* One revision as a run takes it: its section, read, parsed and scanned. */
#ifndef CMIG_ENGINE_STEP_H
#define CMIG_ENGINE_STEP_H

#include "cmig/audit.h"
#include "cmig/config.h"
#include "cmig/facts.h"
#include "cmig/graph.h"
#include "cmig/plan.h"
#include "cmig/sql.h"

typedef struct {
    const CmigRevision *revision;
    CmigDirection direction;
    CmigSqlScript *sql; /* NULL when it was too large to keep: load again */
    gboolean transactional;
    guint statements;
    char *checksum;      /* SHA-256 of the section's bytes as they stand in the file */
    char *fingerprint;   /* of what they say, variables as references */
    char *sent_checksum; /* SHA-256 of what is sent, with the values of variables */
    GPtrArray *facts;    /* CmigReviewFact; NULL without a judge */
    int level;           /* CmigLevel; -1 = not judged. A way back is never below WEAKER */
    guint flags;         /* CmigFactFlag, of all statements */
} CmigStep;

/* Reads the section of `step->revision` that would run on `dialect`, and checks all that can be
 * checked without the server. Fills in the rest of the step, but for its facts. A section that has
 * changed since it was loaded before is CMIG_ERROR_TRY_AGAIN: it is not what was judged. */
gboolean cmig_step_load(CmigStep *step, const CmigConfig *config, CmigDialect dialect,
                        GError **error);

/* Loads every revision of a plan: CmigStep, owned by the array. The statements are kept up to a
 * limit; those of the rest are checked and must be loaded again before they run. With
 * "transaction: all" a section that cannot run in a transaction is an error that lists all of them.
 * A `judge` (may be NULL) says what each would do. */
gboolean cmig_step_load_all(const CmigPlan *plan, const CmigConfig *config, CmigDialect dialect,
                            CmigJudge *judge, GPtrArray **steps, GError **error);

/* A record about the step; borrows from it. */
CmigAuditRecord cmig_step_record(const CmigStep *step, CmigAuditEvent event, const char *run);

/* The checksum of the first `count` statements, for the record that they are done: a file whose
 * others were mended can still be gone on with. The caller frees. */
char *cmig_step_checksum(const CmigSqlScript *sql, guint count);

#endif
