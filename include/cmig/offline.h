/* Offline mode: the SQL of a run as a script for psql or the sqlite3 shell, made without a
 * database. Each transaction of the script begins with a check that the version rows are those that
 * it was made for, and fails otherwise. */
#ifndef CMIG_OFFLINE_H
#define CMIG_OFFLINE_H

#include "cmig/config.h"
#include "cmig/dialect.h"
#include "cmig/graph.h"
#include "cmig/plan.h"

#include <glib.h>

/* Appends the script of an upgrade or downgrade. `range` is FROM:TO; FROM is a revision, several
 * separated by commas, or base, and may be left away for an upgrade from base; TO is a target as
 * online. One of them may be relative to the other (`-2:ae10`, `1975:+1`). All files are checked
 * before anything is appended. Errors: CMIG_ERROR_USAGE and _FAILED; a section that psql or the
 * shell would read differently is CMIG_ERROR_CONFIG. */
gboolean cmig_offline_run(const CmigConfig *config, const CmigGraph *graph, CmigDialect dialect,
                          CmigDirection direction, const char *range, GString *script,
                          GError **error);

/* Appends the script of a stamp. The first target may be FROM:REVISION. */
gboolean cmig_offline_stamp(const CmigConfig *config, const CmigGraph *graph, CmigDialect dialect,
                            const char *const *targets, GString *script, GError **error);

/* Appends the script that creates cmig's tables. */
void cmig_offline_ensure_version(const CmigConfig *config, CmigDialect dialect, GString *script);

#endif
