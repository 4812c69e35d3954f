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

void cmig_project_vcs_state(const CmigConfig *config, CmigVcsState *state, char **problem)
{
    g_autoptr(CmigVcs) vcs = NULL;
    g_autoptr(GError) failed = NULL;
    *state = (CmigVcsState){0};
    *problem = NULL;
    if (cmig_project_vcs_open(config, &vcs, &failed) && vcs != NULL)
        cmig_vcs_state(vcs, (const char *const *)config->version_locations, state, &failed);
    if (failed != NULL)
        *problem = g_strdup(failed->message);
}
