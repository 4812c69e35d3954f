/* Puts one's own revisions on top of another branch's: changes in their headers which revision they
 * revise, and nothing else. Git is only asked. */
#ifndef CMIG_REBASE_H
#define CMIG_REBASE_H

#include "cmig/config.h"
#include "cmig/graph.h"
#include "cmig/script.h"

#include <glib.h>

/* A file that changes. */
typedef struct {
    const CmigRevision *revision; /* as it is; borrowed from the graph */
    GStrv parents;                /* its new ones */
    GBytes *content;              /* the file as it was read */
    CmigHeaderEdit edit;
} CmigRebaseStep;

typedef struct {
    char *onto;       /* the branch */
    char *head;       /* its head; NULL when it has no revision */
    GPtrArray *steps; /* CmigRebaseStep, in the order in which they are written */
    GPtrArray *heads; /* char *: the ids of all heads afterwards */
} CmigRebasePlan;
void cmig_rebase_plan_free(CmigRebasePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigRebasePlan, cmig_rebase_plan_free)

/* Finds what is to change so that the revisions which only the work tree has come behind the head
 * of `ref` (NULL = the default branch). Chains keep their shape; several of them that begin beside
 * each other are put one behind the other by their dates. A new base with a branch label stays
 * where it is, and nothing changes when a merge revision has joined the branches.
 * Errors (CMIG_ERROR_FAILED): git cannot tell; `ref` has several heads; the work tree has not its
 * head yet; the order is not certain; a revision merges own and foreign ones; the header is none
 * that can be changed. */
gboolean cmig_rebase_plan(const CmigConfig *config, const CmigGraph *graph, const char *ref,
                          CmigRebasePlan **plan, GError **error);

/* Refuses (CMIG_ERROR_REFUSED) when a revision that changes is applied in a database with these
 * version rows: it would be taken for one that has what comes before it now. Rows that no file
 * defines are an error too. */
gboolean cmig_rebase_check_rows(const CmigRebasePlan *plan, const CmigGraph *graph,
                                const GPtrArray *rows, GError **error);

/* Writes the files, each in one step. Killed between two of them, the history is sound, and
 * planning again finds the rest. A file that is no longer what was read is an error. */
gboolean cmig_rebase_write(const CmigRebasePlan *plan, GError **error);

#endif
