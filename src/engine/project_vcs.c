#include "cmig/project_vcs.h"

static const char *folder_of(const CmigConfig *config)
{
    const char *location = config->version_locations[0];
    return location != NULL && g_file_test(location, G_FILE_TEST_IS_DIR) ? location
                                                                         : config->directory;
}

gboolean cmig_project_vcs_open(const CmigConfig *config, CmigVcs **vcs, GError **error)
{
    return cmig_vcs_open(folder_of(config), vcs, error);
}

CmigVcs *cmig_project_vcs_require(const CmigConfig *config, GError **error)
{
    return cmig_vcs_require(folder_of(config), error);
}

gboolean cmig_project_vcs_state(const CmigConfig *config, const CmigVcs *vcs, CmigVcsState *state,
                                GError **error)
{
    const char *const *folders = (const char *const *)(void *)config->version_locations;
    return cmig_vcs_state(vcs, folders, state, error);
}
