/* What is in a commit: trees and contents. The work tree is not touched. */
#include "vcs/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

void cmig_vcs_file_free(CmigVcsFile *file)
{
    if (file == NULL)
        return;
    g_free(file->path);
    g_free(file->id);
    g_free(file);
}

static void free_file(gpointer data)
{
    cmig_vcs_file_free(data);
}

gboolean cmig_vcs_subtree(const CmigVcs *vcs, const git_tree *root, const char *path,
                          git_tree **tree, GError **error)
{
    g_autoptr(git_tree_entry) entry = NULL;
    *tree = NULL;
    if (*path == '\0') {
        git_object *copy = NULL;
        if (git_object_dup(&copy, (git_object *)(guintptr)root) != 0)
            return cmig_vcs_fail(vcs, error, "cannot read a tree");
        *tree = (git_tree *)copy;
        return TRUE;
    }
    int code = git_tree_entry_bypath(&entry, root, path);
    if (code == GIT_ENOTFOUND || (code == 0 && git_tree_entry_type(entry) != GIT_OBJECT_TREE))
        return TRUE;
    if (code != 0 || git_tree_lookup(tree, vcs->repository, git_tree_entry_id(entry)) != 0) {
        g_autofree char *shown = cmig_text_escape(path);
        return cmig_vcs_fail(vcs, error, "cannot read the folder %s of a commit", shown);
    }
    return TRUE;
}

/* A folder that waits to be listed. */
typedef struct {
    char *path;
    git_tree *tree;
} Folder;

static void free_folder(gpointer data)
{
    Folder *folder = data;
    g_free(folder->path);
    git_tree_free(folder->tree);
    g_free(folder);
}

static Folder *folder_new(char *path, git_tree *tree)
{
    Folder *folder = g_new0(Folder, 1);
    folder->path = path;
    folder->tree = tree;
    return folder;
}

static int compare_folders(gconstpointer left, gconstpointer right)
{
    return strcmp((*(const Folder *const *)left)->path, (*(const Folder *const *)right)->path);
}

static void add_file(GPtrArray *files, const char *folder, const git_tree_entry *entry)
{
    CmigVcsFile *file = g_new0(CmigVcsFile, 1);
    file->path = g_strconcat(folder, "/", git_tree_entry_name(entry), NULL);
    file->id = g_strdup(git_oid_tostr_s(git_tree_entry_id(entry)));
    file->link = git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK;
    g_ptr_array_add(files, file);
}

/* The files of a folder, which git keeps sorted bytewise among themselves; the folders in it are
 * pushed on `pending` so that the first by name comes next. */
static gboolean list_folder(const CmigVcs *vcs, const Folder *folder, gboolean recursive,
                            GPtrArray *files, GPtrArray *pending, GError **error)
{
    g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(free_folder);
    gsize count = git_tree_entrycount(folder->tree);
    for (gsize idx = 0; idx < count; idx++) {
        const git_tree_entry *entry = git_tree_entry_byindex(folder->tree, idx);
        const char *name = git_tree_entry_name(entry);
        git_object_t type = git_tree_entry_type(entry);
        if (name[0] == '.')
            continue;
        if (type == GIT_OBJECT_BLOB && g_str_has_suffix(name, ".sql"))
            add_file(files, folder->path, entry);
        if (type != GIT_OBJECT_TREE || !recursive)
            continue;
        git_tree *tree = NULL;
        char *path = g_strconcat(folder->path, "/", name, NULL);
        int code = git_tree_lookup(&tree, vcs->repository, git_tree_entry_id(entry));
        g_ptr_array_add(folders, folder_new(path, tree));
        if (code != 0) {
            g_autofree char *shown = cmig_text_escape(path);
            return cmig_vcs_fail(vcs, error, "cannot read the folder %s of a commit", shown);
        }
    }
    g_ptr_array_sort(folders, compare_folders);
    for (guint left = folders->len; left > 0; left--)
        g_ptr_array_add(pending, g_ptr_array_steal_index(folders, left - 1));
    return TRUE;
}

static gboolean list_location(const CmigVcs *vcs, const git_tree *root, const char *location,
                              gboolean recursive, GPtrArray *files, GError **error)
{
    g_autofree char *relative = cmig_vcs_relative(vcs, location, FALSE);
    git_tree *tree = NULL;
    if (relative == NULL) {
        g_autofree char *shown = cmig_text_escape(location);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "%s is outside of the git repository",
                    shown);
        return FALSE;
    }
    if (!cmig_vcs_subtree(vcs, root, relative, &tree, error))
        return FALSE;
    g_autoptr(GPtrArray) pending = g_ptr_array_new_with_free_func(free_folder);
    if (tree != NULL)
        g_ptr_array_add(pending, folder_new(g_strdup(location), tree));
    while (pending->len > 0) {
        Folder *folder = g_ptr_array_steal_index(pending, pending->len - 1);
        gboolean listed = list_folder(vcs, folder, recursive, files, pending, error);
        free_folder(folder);
        if (!listed)
            return FALSE;
    }
    return TRUE;
}

gboolean cmig_vcs_tree_files(const CmigVcs *vcs, const char *ref, const char *const *folders,
                             gboolean recursive, GPtrArray **files, GError **error)
{
    g_autoptr(git_commit) commit = NULL;
    g_autoptr(git_tree) root = NULL;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(free_file);
    if (!cmig_vcs_commit(vcs, ref, &commit, error))
        return FALSE;
    if (git_commit_tree(&root, commit) != 0)
        return cmig_vcs_fail(vcs, error, "cannot read a commit");
    for (gsize idx = 0; folders[idx] != NULL; idx++)
        if (!list_location(vcs, root, folders[idx], recursive, found, error))
            return FALSE;
    *files = g_steal_pointer(&found);
    return TRUE;
}

GBytes *cmig_vcs_bytes(const void *data, gsize length)
{
    char *copy = g_malloc(length + 1);
    if (length > 0)
        memcpy(copy, data, length);
    copy[length] = '\0';
    g_autoptr(GBytes) whole = g_bytes_new_take(copy, length + 1);
    return g_bytes_new_from_bytes(whole, 0, length);
}

GBytes *cmig_vcs_content(const CmigVcs *vcs, const char *id, const char *path, gsize max_bytes,
                         GError **error)
{
    git_oid oid;
    g_autoptr(git_odb) odb = NULL;
    g_autoptr(git_blob) blob = NULL;
    gsize length = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    g_autofree char *shown = cmig_text_escape(path);
    if (git_oid_fromstr(&oid, id) != 0 || git_repository_odb(&odb, vcs->repository) != 0 ||
        git_odb_read_header(&length, &type, odb, &oid) != 0 ||
        (length <= max_bytes && git_blob_lookup(&blob, vcs->repository, &oid) != 0)) {
        cmig_vcs_fail(vcs, error, "cannot read %s of a commit", shown);
        return NULL;
    }
    if (blob == NULL) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "%s of a commit is larger than %" G_GSIZE_FORMAT " bytes", shown, max_bytes);
        return NULL;
    }
    return cmig_vcs_bytes(git_blob_rawcontent(blob), length);
}
