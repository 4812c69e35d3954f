#include "cli/added.h"

#include "cmig/project_vcs.h"
#include "cmig/text.h"

gboolean cmig_added_read(const CmigApp *app, const GPtrArray *revisions, GPtrArray **added,
                         GError **error)
{
    g_autoptr(CmigVcs) vcs = cmig_project_vcs_require(app->config, error);
    if (vcs == NULL)
        return FALSE;
    g_autofree const char **paths = g_new0(const char *, revisions->len + 1);
    for (guint i = 0; i < revisions->len; i++)
        paths[i] = ((const CmigRevision *)revisions->pdata[i])->path;
    return cmig_vcs_added(vcs, paths, added, error);
}

char *cmig_added_text(const CmigVcsAdded *added)
{
    if (added->kind == CMIG_VCS_UNCOMMITTED)
        return g_strdup("not committed");
    if (added->kind == CMIG_VCS_CUT_OFF)
        return g_strdup("older than this shallow clone");
    g_autofree char *author = cmig_text_escape(added->author);
    return g_strdup_printf("%s %.10s %s", added->short_commit, added->date, author);
}

json_t *cmig_added_json(const CmigVcsAdded *added)
{
    static const char *const states[] = {
        [CMIG_VCS_UNCOMMITTED] = "uncommitted",
        [CMIG_VCS_COMMITTED] = "committed",
        [CMIG_VCS_CUT_OFF] = "cut off",
    };
    return json_pack("{s:s, s:s?, s:o, s:o, s:s?}", "state", states[added->kind], "commit",
                     added->commit, "author", cmig_render_json_text(added->author), "email",
                     cmig_render_json_text(added->email), "date", added->date);
}
