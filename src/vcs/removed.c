/* What a commit took away: the files that its parent has and it has not, by their content. */
#include "vcs/internal.h"

#include <string.h>

guint cmig_vcs_hash_oid(gconstpointer key)
{
    guint hash = 0;
    memcpy(&hash, ((const git_oid *)key)->id, sizeof hash);
    return hash;
}

gboolean cmig_vcs_equal_oids(gconstpointer left, gconstpointer right)
{
    return git_oid_equal(left, right);
}

/* A folder in both trees, or in the parent alone. */
typedef struct {
    char *path; /* "" or with `/` at its end */
    git_tree *tree;
    git_tree *parent;
} Pair;

static void free_pair(gpointer data)
{
    Pair *pair = data;
    g_free(pair->path);
    git_tree_free(pair->tree);
    git_tree_free(pair->parent);
    g_free(pair);
}

/* Takes both trees. */
static void push_pair(GPtrArray *pending, char *path, git_tree *tree, git_tree *parent)
{
    Pair *pair = g_new0(Pair, 1);
    *pair = (Pair){path, tree, parent};
    g_ptr_array_add(pending, pair);
}

static git_tree *tree_of(const CmigVcs *vcs, const git_tree_entry *entry)
{
    git_tree *tree = NULL;
    return git_tree_lookup(&tree, vcs->repository, git_tree_entry_id(entry)) == 0 ? tree : NULL;
}

/* Adds to `removed` (content -> path) the files that only the parent has. Folders that differ go to
 * `pending`; one that cannot be read has no files. */
static void compare_pair(const CmigVcs *vcs, const Pair *pair, GPtrArray *pending,
                         GHashTable *removed)
{
    gsize count = pair->tree != NULL ? git_tree_entrycount(pair->tree) : 0;
    gsize parent_count = git_tree_entrycount(pair->parent);
    for (gsize idx = 0, at = 0; at < parent_count; at++) {
        const git_tree_entry *old = git_tree_entry_byindex(pair->parent, at);
        const git_tree_entry *entry = NULL;
        int order = -1;
        while (idx < count && (entry = git_tree_entry_byindex(pair->tree, idx)) != NULL &&
               (order = git_tree_entry_cmp(entry, old)) < 0)
            idx++;
        gboolean both = idx < count && order == 0;
        gboolean folder = git_tree_entry_type(old) == GIT_OBJECT_TREE;
        if (both && (!folder || git_oid_equal(git_tree_entry_id(old), git_tree_entry_id(entry))))
            continue;
        char *path = g_strconcat(pair->path, git_tree_entry_name(old), folder ? "/" : NULL, NULL);
        git_tree *tree = folder ? tree_of(vcs, old) : NULL;
        if (tree != NULL)
            push_pair(pending, path, both ? tree_of(vcs, entry) : NULL, tree);
        else if (!folder)
            g_hash_table_insert(removed, g_memdup2(git_tree_entry_id(old), sizeof(git_oid)), path);
        else
            g_free(path);
    }
}

GHashTable *cmig_vcs_removed(const CmigVcs *vcs, const git_tree *root, const git_tree *parent_root)
{
    GHashTable *removed =
        g_hash_table_new_full(cmig_vcs_hash_oid, cmig_vcs_equal_oids, g_free, g_free);
    g_autoptr(GPtrArray) pending = g_ptr_array_new_with_free_func(free_pair);
    git_object *tree = NULL, *parent = NULL;
    git_object_dup(&tree, (git_object *)(guintptr)root);
    git_object_dup(&parent, (git_object *)(guintptr)parent_root);
    push_pair(pending, g_strdup(""), (git_tree *)tree, (git_tree *)parent);
    while (pending->len > 0) {
        Pair *pair = g_ptr_array_steal_index(pending, pending->len - 1);
        compare_pair(vcs, pair, pending, removed);
        free_pair(pair);
    }
    return removed;
}
