/* What git knows of files: the commit that is checked out, what another branch holds, who added a
 * file. Only ever reads: no commit, index, reference or file is changed, no hook or filter program
 * is run. A repository is opened when somebody asks, never before.
 *
 * Paths are absolute, or relative to the working directory. Names in a repository may be anything
 * but NUL and `/`; texts in errors are escaped. All errors are CMIG_ERROR_FAILED. */
#ifndef CMIG_VCS_H
#define CMIG_VCS_H

#include <glib.h>

typedef struct CmigVcs CmigVcs;

/* Opens the repository whose work tree `directory` is in. TRUE with NULL in `*vcs`: there is none.
 * FALSE: there is one that cannot be used, and the error says why: it belongs to another user, is
 * bare, is of a kind that libgit2 does not know (SHA-256), is broken. */
gboolean cmig_vcs_open(const char *directory, CmigVcs **vcs, GError **error);

/* As above for what cannot do without: that there is none is an error too. NULL = error. */
CmigVcs *cmig_vcs_require(const char *directory, GError **error);

void cmig_vcs_free(CmigVcs *vcs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigVcs, cmig_vcs_free)

/* The top of the work tree, absolute and without links. Borrowed. */
const char *cmig_vcs_top(const CmigVcs *vcs);

/* The version of libgit2: "1.5.1". The caller frees. */
char *cmig_vcs_library_version(void);

typedef struct {
    char *commit;   /* checked out, in hexadecimal; NULL before the first one */
    char *branch;   /* "main", also before its first commit; NULL for a detached HEAD */
    gboolean dirty; /* below the paths something is not as in the commit */
} CmigVcsState;
void cmig_vcs_state_clear(CmigVcsState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigVcsState, cmig_vcs_state_clear)

/* Where the work tree stands. Dirty is what is changed, staged, deleted or untracked at or below
 * one of `paths` (files or folders, NULL-terminated), also an ignored `*.sql` file, and a path
 * outside of the work tree. Clear the state. */
gboolean cmig_vcs_state(const CmigVcs *vcs, const char *const *paths, CmigVcsState *state,
                        GError **error);

/* Whether what is checked out is a branch whose name fits one of `patterns` (NULL-terminated, with
 * * for any text), or, with a detached HEAD as builds have it, is a commit of such a branch, be it
 * local or of a remote ("main" also fits origin/main). */
gboolean cmig_vcs_is_on_branch(const CmigVcs *vcs, const char *const *patterns);

/* A file in a commit. */
typedef struct {
    char *path;    /* the folder as it was asked for, `/`, and the rest */
    char *id;      /* of the content, in hexadecimal: the same for the same bytes */
    gboolean link; /* a symbolic link: its content is where it points to */
} CmigVcsFile;
void cmig_vcs_file_free(CmigVcsFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigVcsFile, cmig_vcs_file_free)

/* The files `*.sql` (not `.*`) below each of `folders` in the commit `ref`, an array of
 * CmigVcsFile: folder by folder, names sorted bytewise, with `recursive` subfolders after the
 * folder's own files. The work tree is not looked at; a folder that is not in the commit has none.
 * An unknown `ref` and a folder outside of the repository are errors. The caller unrefs. */
gboolean cmig_vcs_tree_files(const CmigVcs *vcs, const char *ref, const char *const *folders,
                             gboolean recursive, GPtrArray **files, GError **error);

/* The content with this id, at most `max_bytes`, with a NUL behind its end. `path` is for the
 * error. The caller unrefs. NULL = error. */
GBytes *cmig_vcs_content(const CmigVcs *vcs, const char *id, const char *path, gsize max_bytes,
                         GError **error);

/* The file `path` of the work tree as git would store it (line ends as .gitattributes say) and the
 * id of that. A symbolic link is not followed: its content is where it points to. `content` may be
 * NULL. The caller frees both. */
gboolean cmig_vcs_work_file(const CmigVcs *vcs, const char *path, gsize max_bytes, GBytes **content,
                            char **id, GError **error);

/* The name of the branch that others merge into: what origin/HEAD names, else origin/main,
 * origin/master, main or master, the first that exists. The caller frees. NULL = error. */
char *cmig_vcs_default_ref(const CmigVcs *vcs, GError **error);

/* The commit, in hexadecimal, that HEAD and `ref` grew from. Without a common one, also because
 * the history is cut off (a shallow clone), an error. The caller frees. NULL = error. */
char *cmig_vcs_merge_base(const CmigVcs *vcs, const char *ref, GError **error);

typedef enum {
    CMIG_VCS_UNCOMMITTED, /* not in the commit that is checked out, or outside of the work tree */
    CMIG_VCS_COMMITTED,
    CMIG_VCS_CUT_OFF, /* added by a commit that a shallow clone does not have */
} CmigVcsAddedKind;

/* Which commit added a file; texts only when it is COMMITTED. */
typedef struct {
    CmigVcsAddedKind kind;
    char *commit;
    char *short_commit;
    char *author; /* UTF-8, may be hostile */
    char *email;  /* likewise */
    char *date;   /* of the author: 2026-11-20T10:15:00+01:00 */
} CmigVcsAdded;
void cmig_vcs_added_free(CmigVcsAdded *added);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigVcsAdded, cmig_vcs_added_free)

/* Who added each of `paths` (files, NULL-terminated): an array of CmigVcsAdded in the same order.
 * A file that was moved without a change counts as added where it came from. One walk for all
 * files, over the commits that HEAD leads to, until all are found. The caller unrefs. */
gboolean cmig_vcs_added(const CmigVcs *vcs, const char *const *paths, GPtrArray **added,
                        GError **error);

#endif
