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

static gboolean fits(const char *name, const char *const *patterns)
{
    for (; *patterns != NULL; patterns++)
        if (g_pattern_match_simple(*patterns, name))
            return TRUE;
    return FALSE;
}

/* "main" of refs/heads/main and refs/remotes/origin/main; NULL for what is no branch. */
static const char *branch_of(const char *reference)
{
    static const char local[] = "refs/heads/";
    static const char remote[] = "refs/remotes/";
    if (g_str_has_prefix(reference, local))
        return reference + strlen(local);
    const char *slash =
        g_str_has_prefix(reference, remote) ? strchr(reference + strlen(remote), '/') : NULL;
    return slash != NULL ? slash + 1 : NULL;
}

gboolean cmig_vcs_is_on_branch(const CmigVcs *vcs, const char *const *patterns)
{
    g_auto(CmigVcsState) state = {0};
    g_autoptr(git_commit) head = NULL;
    static const char *const nowhere[] = {NULL};
    if (!cmig_vcs_state(vcs, nowhere, &state, NULL) || !cmig_vcs_head(vcs, &head, NULL))
        return FALSE;
    if (state.branch != NULL || head == NULL)
        return state.branch != NULL && fits(state.branch, patterns);
    git_strarray names = {0};
    gboolean found = FALSE;
    if (git_reference_list(&names, vcs->repository) != 0)
        return FALSE;
    for (size_t idx = 0; idx < names.count && !found; idx++) {
        git_oid tip;
        const char *branch = branch_of(names.strings[idx]);
        found = branch != NULL && fits(branch, patterns) &&
                git_reference_name_to_id(&tip, vcs->repository, names.strings[idx]) == 0 &&
                (git_oid_equal(&tip, git_commit_id(head)) ||
                 git_graph_descendant_of(vcs->repository, &tip, git_commit_id(head)) == 1);
    }
    git_strarray_dispose(&names);
    return found;
}
