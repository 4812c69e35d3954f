/* Who added a revision's file, as `history --git` shows it. */
#ifndef CMIG_CLI_ADDED_H
#define CMIG_CLI_ADDED_H

#include "cli/cli.h"
#include "cmig/vcs.h"

/* For each of the revisions a CmigVcsAdded. The caller unrefs. */
gboolean cmig_added_read(const CmigApp *app, const GPtrArray *revisions, GPtrArray **added,
                         GError **error);

/* "a1b2c3d 2026-11-20 Ada Lovelace", "not committed"; escaped. The caller frees. */
char *cmig_added_text(const CmigVcsAdded *added);

/* An object: state (committed, uncommitted, cut off), commit, author, email, date. */
json_t *cmig_added_json(const CmigVcsAdded *added);

#endif
