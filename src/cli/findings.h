/* Findings of checks as text, as JSON, and as GitHub Actions shows them beside the lines. */
#ifndef CMIG_CLI_FINDINGS_H
#define CMIG_CLI_FINDINGS_H

#include "cmig/finding.h"

#include <glib.h>
#include <jansson.h>

typedef char *(*CmigFindingFormat)(const CmigFinding *finding, const char *folder);

/* The format called `name`, "text" or "github"; NULL for another one. */
CmigFindingFormat cmig_finding_format(const char *name);

/* One finding, without a newline at its end; paths below `folder` (absolute) or beside it are
 * relative to it. Nothing in it can be taken for something else: control characters are escaped,
 * and for GitHub what ends a value. The caller frees. */
char *cmig_finding_text(const CmigFinding *finding, const char *folder);
char *cmig_finding_github(const CmigFinding *finding, const char *folder);

/* A list of objects: rule, file, line, revision, message, hint, note. */
json_t *cmig_findings_json(const GPtrArray *findings, const char *folder);

/* How many of them are more than notes. */
guint cmig_findings_count(const GPtrArray *findings);

/* `path` (absolute) as seen from `folder`. The caller frees. */
char *cmig_path_from(const char *path, const char *folder);

#endif
