/* What a branch does to the revisions of the branch it is to be merged into. Asks git and the files
 * only; the work tree is not touched. */
#ifndef CMIG_AGAINST_H
#define CMIG_AGAINST_H

#include "cmig/config.h"
#include "cmig/finding.h"
#include "cmig/graph.h"

#include <glib.h>

/* Compares `graph`, the files of the work tree, with `ref` (NULL = the default branch) and adds to
 * `findings` (CmigFinding), by rules whose names begin with "against-". What counts as done by the
 * branch is what the work tree has otherwise than the commit that both grew from; what `ref`
 * changed since is nobody's fault. Heads and soundness are those of the files that a merge would
 * leave. Errors: CMIG_ERROR_FAILED when git cannot tell (no repository, no such ref, a shallow
 * clone). */
gboolean cmig_check_against(const CmigConfig *config, const CmigGraph *graph, const char *ref,
                            GPtrArray *findings, GError **error);

#endif
