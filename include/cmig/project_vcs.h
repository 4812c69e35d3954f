/* The project in git: the repository that its revision files are in. */
#ifndef CMIG_PROJECT_VCS_H
#define CMIG_PROJECT_VCS_H

#include "cmig/config.h"
#include "cmig/vcs.h"

#include <glib.h>

/* As cmig_vcs_open and cmig_vcs_require, for the first version location, or where that is not
 * there, the configuration's folder. */
gboolean cmig_project_vcs_open(const CmigConfig *config, CmigVcs **vcs, GError **error);
CmigVcs *cmig_project_vcs_require(const CmigConfig *config, GError **error);

/* As cmig_vcs_state, for all version locations. */
gboolean cmig_project_vcs_state(const CmigConfig *config, const CmigVcs *vcs, CmigVcsState *state,
                                GError **error);

#endif
