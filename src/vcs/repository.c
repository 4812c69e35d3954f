/* The repository: found, opened, asked where the work tree stands; and what its errors mean. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "vcs/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

/* Trees up to this size are kept, as many as fit: a walk reads each one as a child and again as a
 * parent. */
#define TREE_CACHE_LIMIT ((size_t)4 * 1024 * 1024)
#define CACHE_SIZE       ((ssize_t)32 * 1024 * 1024)

/* What git said last, fit for a message. The caller frees. */
static char *last_reason(void)
{
    const git_error *last = git_error_last();
    return cmig_text_escape(last != NULL && last->message != NULL ? last->message
                                                                  : "git gives no reason");
}

/* Whether objects were left with the server; git gets them when it needs them, libgit2 does not. */
static gboolean is_partial(const CmigVcs *vcs)
{
    git_config *config = NULL;
    git_buf remote = GIT_BUF_INIT;
    gboolean partial =
        git_repository_config_snapshot(&config, vcs->repository) == 0 &&
        (git_config_get_string_buf(&remote, config, "extensions.partialclone") == 0 ||
         git_config_get_string_buf(&remote, config, "remote.origin.promisor") == 0);
    git_buf_dispose(&remote);
    git_config_free(config);
    return partial;
}

gboolean cmig_vcs_fail(const CmigVcs *vcs, GError **error, const char *format, ...)
{
    g_autofree char *reason = last_reason();
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "%s: %s", what, reason);
    if (git_repository_is_shallow(vcs->repository) == 1)
        cmig_error_set_hint(error, "this is a shallow clone, which has not the whole history: "
                                   "`git fetch --unshallow`, or fetch-depth: 0 for "
                                   "actions/checkout, completes it");
    else if (is_partial(vcs))
        cmig_error_set_hint(error, "this is a partial clone, which has not every file: "
                                   "`git fetch --refetch --no-filter` completes it");
    return FALSE;
}

/* Why a repository that is there cannot be opened. */
static gboolean fail_open(const char *directory, int code, GError **error)
{
    g_autofree char *reason = last_reason();
    g_autofree char *shown = cmig_text_escape(directory);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "cannot use the git repository of %s: %s",
                shown, reason);
    if (code == GIT_EOWNER)
        cmig_error_set_hint(error, "it belongs to another user: `git config --global --add "
                                   "safe.directory PATH` says that you trust it");
    else if (strstr(reason, "objectformat") != NULL)
        cmig_error_set_hint(error, "repositories with SHA-256 object ids are not supported");
    return FALSE;
}

static char *without_slash(const char *path)
{
    gsize length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return g_strndup(path, length);
}

/* Whether a repository may be at or above the folder: something has a name that one cannot do
 * without. libgit2 reads all certificates of the machine when it starts, which takes longer than
 * most runs do; a project without git need not wait for that. */
static gboolean may_have_repository(const char *directory)
{
    char *real = realpath(directory, NULL);
    if (real == NULL)
        return TRUE;
    g_autofree char *folder = g_strdup(real);
    free(real);
    for (;;) {
        g_autofree char *work_tree = g_build_filename(folder, ".git", NULL);
        g_autofree char *bare = g_build_filename(folder, "HEAD", NULL);
        GStatBuf status;
        if (g_lstat(work_tree, &status) == 0 || errno != ENOENT || g_lstat(bare, &status) == 0 ||
            errno != ENOENT)
            return TRUE;
        if (g_str_equal(folder, "/"))
            return FALSE;
        char *parent = g_path_get_dirname(folder);
        g_free(folder);
        folder = parent;
    }
}

/* Called with each value in turn: an empty one takes back those before. */
static int read_safe_directory(const git_config_entry *entry, void *data)
{
    gboolean *all = data;
    *all = strcmp(entry->value, "*") == 0 || (*all && *entry->value != '\0');
    return 0;
}

/* Whether the user trusts the repositories of all owners. libgit2 1.5 knows paths only. */
static gboolean trusts_all(void)
{
    gboolean all = FALSE;
    git_config *config = NULL;
    if (git_config_open_default(&config) == 0)
        git_config_get_multivar_foreach(config, "safe.directory", NULL, read_safe_directory, &all);
    git_config_free(config);
    return all;
}

/* libgit2 1.5 looks for safe.directory when the owner is another one, and trips when nobody has set
 * it. */
static gboolean is_foreign(int code)
{
    return code == GIT_EOWNER ||
           (code == GIT_ENOTFOUND && git_error_last()->klass == GIT_ERROR_CONFIG);
}

static int open_repository(const char *directory, git_repository **repository)
{
    const char *ceiling = g_getenv("GIT_CEILING_DIRECTORIES");
    int code = git_repository_open_ext(repository, directory, 0, ceiling);
    if (!is_foreign(code))
        return code;
    if (trusts_all()) {
        git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
        code = git_repository_open_ext(repository, directory, 0, ceiling);
        git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1);
        return code;
    }
    git_error_set_str(GIT_ERROR_REPOSITORY, "it is not owned by the current user");
    return GIT_EOWNER;
}

gboolean cmig_vcs_open(const char *directory, CmigVcs **vcs, GError **error)
{
    if (!may_have_repository(directory)) {
        *vcs = NULL;
        return TRUE;
    }
    /* Extensions that change nothing for a reader, or only that objects may be missing. */
    static const char *const extensions[] = {"worktreeconfig", "partialclone", "preciousobjects"};
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, G_N_ELEMENTS(extensions));
    git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE, TREE_CACHE_LIMIT);
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, CACHE_SIZE);
    git_repository *repository = NULL;
    int code = open_repository(directory, &repository);
    const char *folder = code == 0 ? git_repository_workdir(repository) : NULL;
    if (folder != NULL) {
        char *real = realpath(folder, NULL);
        *vcs = g_new0(CmigVcs, 1);
        (*vcs)->repository = repository;
        (*vcs)->top = without_slash(real != NULL ? real : folder);
        free(real);
        return TRUE;
    }
    if (code == 0) {
        git_error_set_str(GIT_ERROR_REPOSITORY, "it is bare, which means without a work tree");
        code = GIT_EBAREREPO;
    }
    gboolean none = code == GIT_ENOTFOUND;
    if (none)
        *vcs = NULL;
    else
        fail_open(directory, code, error);
    git_repository_free(repository);
    git_libgit2_shutdown();
    return none;
}

CmigVcs *cmig_vcs_require(const char *directory, GError **error)
{
    CmigVcs *vcs = NULL;
    if (!cmig_vcs_open(directory, &vcs, error))
        return NULL;
    if (vcs == NULL) {
        g_autofree char *shown = cmig_text_escape(directory);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "%s is in no git repository", shown);
    }
    return vcs;
}

void cmig_vcs_free(CmigVcs *vcs)
{
    if (vcs == NULL)
        return;
    git_repository_free(vcs->repository);
    g_free(vcs->top);
    g_free(vcs);
    git_libgit2_shutdown();
}

const char *cmig_vcs_top(const CmigVcs *vcs)
{
    return vcs->top;
}

char *cmig_vcs_library_version(void)
{
    int major = 0;
    int minor = 0;
    int revision = 0;
    git_libgit2_version(&major, &minor, &revision);
    return g_strdup_printf("%d.%d.%d", major, minor, revision);
}

/* `path` without links; of what is not there, as much as is there. */
static char *real_path(const char *path)
{
    g_autofree char *whole = g_canonicalize_filename(path, NULL);
    g_autofree char *missing = g_strdup("");
    for (;;) {
        char *real = realpath(whole, NULL);
        if (real != NULL) {
            char *result = g_strconcat(g_str_equal(real, "/") ? "" : real, missing, NULL);
            free(real);
            return result;
        }
        char *slash = strrchr(whole, '/');
        if (slash == NULL)
            return g_strdup(path);
        char *longer = g_strconcat(slash, missing, NULL);
        g_free(missing);
        missing = longer;
        *slash = '\0';
        if (*whole == '\0')
            return g_steal_pointer(&missing);
    }
}

char *cmig_vcs_relative(const CmigVcs *vcs, const char *path, gboolean is_file)
{
    g_autofree char *name = is_file ? g_path_get_basename(path) : NULL;
    g_autofree char *folder = is_file ? g_path_get_dirname(path) : g_strdup(path);
    g_autofree char *real = real_path(folder);
    gsize length = g_str_equal(vcs->top, "/") ? 0 : strlen(vcs->top);
    if (strncmp(real, vcs->top, length) != 0 || (real[length] != '/' && real[length] != '\0'))
        return NULL;
    const char *inside = real + length + (real[length] == '/' ? 1 : 0);
    if (!is_file)
        return g_strdup(inside);
    return *inside == '\0' ? g_strdup(name) : g_strconcat(inside, "/", name, NULL);
}

void cmig_vcs_state_clear(CmigVcsState *state)
{
    g_free(state->commit);
    g_free(state->branch);
    *state = (CmigVcsState){0};
}

gboolean cmig_vcs_head(const CmigVcs *vcs, git_commit **commit, GError **error)
{
    git_oid id;
    int code = git_reference_name_to_id(&id, vcs->repository, "HEAD");
    *commit = NULL;
    if (code == GIT_ENOTFOUND || code == GIT_EUNBORNBRANCH)
        return TRUE;
    if (code != 0 || git_commit_lookup(commit, vcs->repository, &id) != 0)
        return cmig_vcs_fail(vcs, error, "cannot read the commit that is checked out");
    return TRUE;
}

/* The branch's name also when it has no commit yet: what HEAD says. */
static gboolean read_branch(const CmigVcs *vcs, char **branch, GError **error)
{
    static const char prefix[] = "refs/heads/";
    g_autoptr(git_reference) head = NULL;
    if (git_reference_lookup(&head, vcs->repository, "HEAD") != 0)
        return cmig_vcs_fail(vcs, error, "cannot read HEAD");
    const char *target = git_reference_symbolic_target(head);
    *branch = target != NULL && g_str_has_prefix(target, prefix) ? g_strdup(target + strlen(prefix))
                                                                 : NULL;
    return TRUE;
}

/* Ends the walk at the first file that is not as in the commit. */
static int find_dirty(const char *path, unsigned int flags, void *data)
{
    gboolean *dirty = data;
    if (flags == GIT_STATUS_CURRENT ||
        (flags == GIT_STATUS_IGNORED && !g_str_has_suffix(path, ".sql")))
        return 0;
    *dirty = TRUE;
    return 1;
}

static gboolean read_dirty(const CmigVcs *vcs, const char *const *paths, gboolean *dirty,
                           GError **error)
{
    g_autoptr(GPtrArray) inside = g_ptr_array_new_with_free_func(g_free);
    gboolean whole = FALSE;
    for (gsize idx = 0; paths[idx] != NULL; idx++) {
        char *relative = cmig_vcs_relative(vcs, paths[idx], FALSE);
        *dirty = *dirty || relative == NULL;
        whole = whole || g_strcmp0(relative, "") == 0;
        if (relative != NULL)
            g_ptr_array_add(inside, relative);
    }
    if (*dirty || inside->len == 0)
        return TRUE;
    git_status_options options;
    git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
                    GIT_STATUS_OPT_INCLUDE_IGNORED | GIT_STATUS_OPT_RECURSE_IGNORED_DIRS |
                    GIT_STATUS_OPT_EXCLUDE_SUBMODULES | GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
    if (!whole)
        options.pathspec = (git_strarray){(char **)inside->pdata, inside->len};
    if (git_status_foreach_ext(vcs->repository, &options, find_dirty, dirty) != 0 && !*dirty)
        return cmig_vcs_fail(vcs, error, "cannot compare the files with the commit");
    return TRUE;
}

gboolean cmig_vcs_state(const CmigVcs *vcs, const char *const *paths, CmigVcsState *state,
                        GError **error)
{
    g_auto(CmigVcsState) read = {0};
    g_autoptr(git_commit) commit = NULL;
    if (!cmig_vcs_head(vcs, &commit, error) || !read_branch(vcs, &read.branch, error) ||
        !read_dirty(vcs, paths, &read.dirty, error))
        return FALSE;
    if (commit != NULL)
        read.commit = g_strdup(git_oid_tostr_s(git_commit_id(commit)));
    *state = read;
    read = (CmigVcsState){0};
    return TRUE;
}
