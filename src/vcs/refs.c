/* References: what a name stands for, which branch is the common one, where two of them part. */
#include "vcs/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

gboolean cmig_vcs_commit(const CmigVcs *vcs, const char *ref, git_commit **commit, GError **error)
{
    g_autoptr(git_object) object = NULL;
    git_object *peeled = NULL;
    if (git_revparse_single(&object, vcs->repository, ref) != 0 ||
        git_object_peel(&peeled, object, GIT_OBJECT_COMMIT) != 0) {
        g_autofree char *shown = cmig_text_escape(ref);
        return cmig_vcs_fail(vcs, error, "git knows no commit '%s'", shown);
    }
    *commit = (git_commit *)peeled;
    return TRUE;
}

/* The name of the reference in short form when it leads to a commit. */
static char *short_name(const CmigVcs *vcs, const char *full)
{
    g_autoptr(git_reference) reference = NULL;
    g_autoptr(git_reference) resolved = NULL;
    if (git_reference_lookup(&reference, vcs->repository, full) != 0 ||
        git_reference_resolve(&resolved, reference) != 0)
        return NULL;
    return g_strdup(git_reference_shorthand(resolved));
}

char *cmig_vcs_default_ref(const CmigVcs *vcs, GError **error)
{
    static const char *const candidates[] = {
        "refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master",
        "refs/heads/main",          "refs/heads/master",
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(candidates); idx++) {
        char *name = short_name(vcs, candidates[idx]);
        if (name != NULL)
            return name;
    }
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "which branch to compare with is not known: there is no origin/HEAD, origin/main, "
                "origin/master, main or master");
    cmig_error_set_hint(error, "name it; after `git fetch origin BRANCH` it is FETCH_HEAD");
    return NULL;
}

char *cmig_vcs_merge_base(const CmigVcs *vcs, const char *ref, GError **error)
{
    g_autoptr(git_commit) head = NULL;
    g_autoptr(git_commit) other = NULL;
    git_oid base;
    g_autofree char *shown = cmig_text_escape(ref);
    if (!cmig_vcs_head(vcs, &head, error) || !cmig_vcs_commit(vcs, ref, &other, error))
        return NULL;
    if (head == NULL) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "the branch that is checked out has no commit yet");
        return NULL;
    }
    if (git_merge_base(&base, vcs->repository, git_commit_id(head), git_commit_id(other)) != 0) {
        cmig_vcs_fail(vcs, error, "cannot find where HEAD and %s part", shown);
        return NULL;
    }
    return g_strdup(git_oid_tostr_s(&base));
}
