/* Planning: a target and the version rows become an ordered list of steps. Pure. */
#ifndef CMIG_PLAN_H
#define CMIG_PLAN_H

#include "cmig/graph.h"

#include <glib.h>

typedef enum {
    CMIG_UPGRADE,
    CMIG_DOWNGRADE,
} CmigDirection;

/* "upgrade" or "downgrade". */
const char *cmig_direction_name(CmigDirection direction);

/* The direction of that name; anything but "upgrade" is a downgrade. */
CmigDirection cmig_direction_of(const char *name);

typedef struct {
    CmigDirection direction;
    GPtrArray *revisions; /* borrowed CmigRevision in the order in which they run */
    char *note;           /* something the user should know about the choice made, or NULL */
} CmigPlan;
/* A plan without steps, to be filled by hand. */
CmigPlan *cmig_plan_new(CmigDirection direction);
void cmig_plan_free(CmigPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigPlan, cmig_plan_free)

/* What `cmig upgrade TARGET` or `downgrade TARGET` does to a database with these version rows
 * (revisions). TARGET is any identifier of cmig_graph_resolve, or relative: `+N`, `-N`, `REV+N`,
 * `REV-N`, `BRANCH@+N`, `BRANCH@-N`, `BRANCH@REV-N`. Anything behind a relative number is an error.
 * An upgrade to something that is applied already is an empty plan. Errors: CMIG_ERROR_FAILED,
 * malformed targets CMIG_ERROR_USAGE; the texts begin as Alembic's do and say more. */
gboolean cmig_plan_make(const CmigGraph *graph, CmigDirection direction, const char *target,
                        const GPtrArray *rows, CmigPlan **plan, GError **error);

/* One step of `stamp`: the version rows move without any SQL of a migration. */
typedef struct {
    GPtrArray *from;  /* borrowed CmigRevision: rows that go away */
    CmigRevision *to; /* row that comes, or NULL */
} CmigStampStep;

typedef struct {
    GPtrArray *steps; /* owned CmigStampStep */
    GPtrArray *rows;  /* const char *: the version rows afterwards, sorted */
} CmigStampPlan;
void cmig_stamp_plan_free(CmigStampPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigStampPlan, cmig_stamp_plan_free)

/* What `cmig stamp TARGET…` does. Targets of which one is an ancestor of another, or that would
 * leave a row beside its own ancestor, are an error instead of an illegal table. */
gboolean cmig_stamp_plan_make(const CmigGraph *graph, const char *const *targets,
                              const GPtrArray *rows, CmigStampPlan **plan, GError **error);

#endif
