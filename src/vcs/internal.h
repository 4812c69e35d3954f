/* What the files of src/vcs share. */
#ifndef CMIG_VCS_INTERNAL_H
#define CMIG_VCS_INTERNAL_H

#include "cmig/vcs.h"

#include <git2.h>

struct CmigVcs {
    git_repository *repository;
    char *top; /* of the work tree, without links, without `/` at its end */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_blob, git_blob_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_commit, git_commit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_diff, git_diff_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_filter_list, git_filter_list_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_object, git_object_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_odb, git_odb_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_reference, git_reference_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree, git_tree_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree_entry, git_tree_entry_free)

/* Sets "WHAT: why git could not", with the advice for a clone that has not everything. FALSE. */
gboolean cmig_vcs_fail(const CmigVcs *vcs, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* The path in the repository, "" for its top; NULL when it is outside. Links on the way are
 * followed; with `is_file`, the last part is not. The caller frees. */
char *cmig_vcs_relative(const CmigVcs *vcs, const char *path, gboolean is_file);

/* The commit that is checked out; `*commit` is NULL before the first one. */
gboolean cmig_vcs_head(const CmigVcs *vcs, git_commit **commit, GError **error);

/* The commit that `ref` names. */
gboolean cmig_vcs_commit(const CmigVcs *vcs, const char *ref, git_commit **commit, GError **error);

/* The folder `path` ("" = the top) of a tree; NULL in `*tree` when there is no such folder. */
gboolean cmig_vcs_subtree(const CmigVcs *vcs, const git_tree *root, const char *path,
                          git_tree **tree, GError **error);

/* For hash tables. */
guint cmig_vcs_hash_oid(gconstpointer key);
gboolean cmig_vcs_equal_oids(gconstpointer left, gconstpointer right);

/* removed.c: the files that `parent_root` has and `root` has not, content (git_oid) -> path. */
GHashTable *cmig_vcs_removed(const CmigVcs *vcs, const git_tree *root, const git_tree *parent_root);

/* A copy with a NUL behind its end. */
GBytes *cmig_vcs_bytes(const void *data, gsize length);

#endif
