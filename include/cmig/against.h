/* What a branch does to the revisions of the branch it is to be merged into. Asks git and the files
 * only; the work tree is not touched. */
#ifndef CMIG_AGAINST_H
#define CMIG_AGAINST_H

#include "cmig/config.h"
#include "cmig/finding.h"
#include "cmig/graph.h"

#include <glib.h>

/* The rules, by which findings are named. */
extern const char cmig_against_unchanged[]; /* the other branch's revisions are as they were */
extern const char cmig_against_parent[];    /* new revisions come behind its head */
extern const char cmig_against_ids[];       /* no id is given to two revisions */
extern const char cmig_against_graph[];     /* the files of both make one sound history, */
extern const char cmig_against_heads[];     /* with no more heads than the other branch has */

typedef struct {
    const char *name;
    const char *summary; /* what must be so */
} CmigAgainstRule;

/* All of them, ended by an entry whose name is NULL. */
extern const CmigAgainstRule cmig_against_rules[];

/* Compares `graph`, the files of the work tree, with `ref` (NULL = the default branch) and adds to
 * `findings` (CmigFinding). What counts as done by the branch is what the work tree has otherwise
 * than the commit that both grew from; what `ref` changed since is nobody's fault. Heads and
 * soundness are those of the files that a merge would leave. Errors: CMIG_ERROR_FAILED when git
 * cannot tell (no repository, no such ref, a shallow clone). */
gboolean cmig_check_against(const CmigConfig *config, const CmigGraph *graph, const char *ref,
                            GPtrArray *findings, GError **error);

#endif
