/* Which commit added each file. One walk from HEAD for all files: each is handed from a commit to
 * the first of its parents that has it, and stays with the commit none of whose parents does. A
 * folder that a commit left alone is handed on as a whole, without a look at what is in it. */
#include "vcs/internal.h"

#include "cmig/error.h"
#include "cmig/interrupt.h"

#include <string.h>

/* A file that is looked for; several may be under one name, when one file was copied. */
typedef struct Seek {
    CmigVcsAdded *result;
    struct Seek *next;
} Seek;

/* A commit with the files that are looked for in it: folder -> (name -> Seek). */
typedef struct {
    git_oid id;
    git_commit *commit;
    git_time_t time;
    GHashTable *folders;
} Node;

typedef struct {
    const CmigVcs *vcs;
    GHashTable *nodes; /* git_oid -> Node, those that wait */
    GSequence *queue;  /* of them, newest first */
} Walk;

static void free_seeks(gpointer data)
{
    for (Seek *seek = data, *next = NULL; seek != NULL; seek = next) {
        next = seek->next;
        g_free(seek);
    }
}

static void free_node(gpointer data)
{
    Node *node = data;
    git_commit_free(node->commit);
    g_hash_table_unref(node->folders);
    g_free(node);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Node, free_node)

static void free_waiting(gpointer node, gpointer data G_GNUC_UNUSED)
{
    free_node(node);
}

static int compare_nodes(gconstpointer left, gconstpointer right, gpointer data G_GNUC_UNUSED)
{
    git_time_t a = ((const Node *)left)->time;
    git_time_t b = ((const Node *)right)->time;
    return (a < b) - (a > b);
}

static GHashTable *new_names(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_seeks);
}

static GHashTable *new_folders(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                 (GDestroyNotify)g_hash_table_unref);
}

/* Takes the seeks. */
static void add_seeks(GHashTable *folders, const char *folder, const char *name, Seek *seeks)
{
    GHashTable *names = g_hash_table_lookup(folders, folder);
    if (names == NULL) {
        names = new_names();
        g_hash_table_insert(folders, g_strdup(folder), names);
    }
    Seek *before = g_hash_table_lookup(names, name);
    if (before == NULL) {
        g_hash_table_insert(names, g_strdup(name), seeks);
        return;
    }
    while (before->next != NULL)
        before = before->next;
    before->next = seeks;
}

/* Takes a folder's names as they are when nobody looks for others there. */
static void add_names(GHashTable *folders, const char *folder, GHashTable *names)
{
    if (!g_hash_table_contains(folders, folder)) {
        g_hash_table_insert(folders, g_strdup(folder), names);
        return;
    }
    GHashTableIter iter;
    gpointer name = NULL, seeks = NULL;
    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &name, &seeks)) {
        g_hash_table_iter_steal(&iter);
        add_seeks(folders, folder, name, seeks);
        g_free(name);
    }
    g_hash_table_unref(names);
}

/* The node of a commit, made when it does not wait yet. Takes the commit. */
static Node *get_node(Walk *walk, git_commit *commit)
{
    Node *node = g_hash_table_lookup(walk->nodes, git_commit_id(commit));
    if (node != NULL) {
        git_commit_free(commit);
        return node;
    }
    node = g_new0(Node, 1);
    node->commit = commit;
    node->id = *git_commit_id(commit);
    node->time = git_commit_time(commit);
    node->folders = new_folders();
    g_hash_table_insert(walk->nodes, &node->id, node);
    g_sequence_insert_sorted(walk->queue, node, compare_nodes, NULL);
    return node;
}

/* Moves from `names` to the result what `tree` has and `parent` has not; both keep their files
 * sorted bytewise. `parent` may be NULL. */
static GHashTable *split_names(GHashTable *names, const git_tree *tree, const git_tree *parent)
{
    GHashTable *own = new_names();
    gsize count = git_tree_entrycount(tree);
    gsize other_count = parent != NULL ? git_tree_entrycount(parent) : 0;
    for (gsize idx = 0, other = 0; idx < count; idx++) {
        const git_tree_entry *entry = git_tree_entry_byindex(tree, idx);
        int order = 1;
        while (other < other_count &&
               (order = git_tree_entry_cmp(entry, git_tree_entry_byindex(parent, other))) > 0)
            other++;
        gpointer name = NULL, seeks = NULL;
        if ((other == other_count || order != 0) &&
            g_hash_table_steal_extended(names, git_tree_entry_name(entry), &name, &seeks))
            g_hash_table_insert(own, name, seeks);
    }
    return own;
}

/* Hands to `parent` what it has of the files of one folder. */
static gboolean hand_folder(const Walk *walk, Node *node, const char *folder, const git_tree *root,
                            Node *parent, const git_tree *parent_root, GError **error)
{
    g_autoptr(git_tree) tree = NULL;
    g_autoptr(git_tree) parent_tree = NULL;
    if (!cmig_vcs_subtree(walk->vcs, root, folder, &tree, error) ||
        !cmig_vcs_subtree(walk->vcs, parent_root, folder, &parent_tree, error))
        return FALSE;
    g_assert(tree != NULL);
    if (parent_tree == NULL)
        return TRUE;
    gpointer key = NULL, names = NULL;
    g_hash_table_steal_extended(node->folders, folder, &key, &names);
    if (!git_oid_equal(git_tree_id(tree), git_tree_id(parent_tree))) {
        GHashTable *own = split_names(names, tree, parent_tree);
        if (g_hash_table_size(own) > 0)
            g_hash_table_insert(node->folders, g_strdup(folder), own);
        else
            g_hash_table_unref(own);
    }
    if (g_hash_table_size(names) > 0)
        add_names(parent->folders, folder, names);
    else
        g_hash_table_unref(names);
    g_free(key);
    return TRUE;
}

static gboolean hand_to_parent(const Walk *walk, Node *node, const git_tree *root, Node *parent,
                               const git_tree *parent_root, GError **error)
{
    g_autofree gpointer *folders = g_hash_table_get_keys_as_array(node->folders, NULL);
    guint count = g_hash_table_size(node->folders);
    for (guint idx = 0; idx < count; idx++) {
        g_autofree char *folder = g_strdup(folders[idx]);
        if (!hand_folder(walk, node, folder, root, parent, parent_root, error))
            return FALSE;
    }
    return TRUE;
}

/* Hands to the parent the files that are there, unchanged, under a name that is gone. */
static gboolean hand_moved(const Walk *walk, Node *node, const git_tree *root, Node *parent,
                           const git_tree *parent_root, GError **error)
{
    g_autoptr(GHashTable) removed = cmig_vcs_removed(walk->vcs, root, parent_root);
    GHashTableIter folders;
    gpointer folder = NULL, names = NULL;
    g_hash_table_iter_init(&folders, node->folders);
    while (g_hash_table_size(removed) > 0 && g_hash_table_iter_next(&folders, &folder, &names)) {
        g_autoptr(git_tree) tree = NULL;
        if (!cmig_vcs_subtree(walk->vcs, root, folder, &tree, error))
            return FALSE;
        GHashTableIter iter;
        gpointer name = NULL, seeks = NULL;
        g_hash_table_iter_init(&iter, names);
        while (g_hash_table_iter_next(&iter, &name, &seeks)) {
            const git_tree_entry *entry = git_tree_entry_byname(tree, name);
            const char *from =
                entry ? g_hash_table_lookup(removed, git_tree_entry_id(entry)) : NULL;
            if (from == NULL)
                continue;
            const char *slash = strrchr(from, '/');
            g_autofree char *old_folder = g_strndup(from, slash ? (gsize)(slash - from) : 0);
            g_hash_table_iter_steal(&iter);
            add_seeks(parent->folders, old_folder, slash ? slash + 1 : from, seeks);
            g_free(name);
        }
    }
    return TRUE;
}

static char *format_date(const git_time *when)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_offset(when->offset * 60);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(when->time);
    g_autoptr(GDateTime) local = utc != NULL ? g_date_time_to_timezone(utc, zone) : NULL;
    return local != NULL ? g_date_time_format(local, "%Y-%m-%dT%H:%M:%S%:z") : g_strdup("");
}

static void fill(CmigVcsAdded *result, const git_commit *commit, CmigVcsAddedKind kind)
{
    result->kind = kind;
    if (kind != CMIG_VCS_COMMITTED)
        return;
    const git_signature *author = git_commit_author(commit);
    git_buf abbreviated = GIT_BUF_INIT;
    result->commit = g_strdup(git_oid_tostr_s(git_commit_id(commit)));
    result->short_commit = git_object_short_id(&abbreviated, (git_object *)(guintptr)commit) == 0
                               ? g_strdup(abbreviated.ptr)
                               : g_strndup(result->commit, 7);
    git_buf_dispose(&abbreviated);
    result->author = g_utf8_make_valid(author->name, -1);
    result->email = g_utf8_make_valid(author->email, -1);
    result->date = format_date(&author->when);
}

/* All that is still looked for in the node ends here. */
static void settle(const Node *node, CmigVcsAddedKind kind)
{
    GHashTableIter folders, iter;
    gpointer names = NULL, seeks = NULL;
    g_hash_table_iter_init(&folders, node->folders);
    while (g_hash_table_iter_next(&folders, NULL, &names)) {
        g_hash_table_iter_init(&iter, names);
        while (g_hash_table_iter_next(&iter, NULL, &seeks))
            for (const Seek *seek = seeks; seek != NULL; seek = seek->next)
                fill(seek->result, node->commit, kind);
    }
}

/* The parent and its tree; a commit that a shallow clone does not have is no error: `*parent` is
 * NULL then. */
static gboolean read_parent(const CmigVcs *vcs, const git_commit *commit, guint idx,
                            git_commit **parent, git_tree **root, GError **error)
{
    int code = git_commit_parent(parent, commit, idx);
    if (code == GIT_ENOTFOUND && git_repository_is_shallow(vcs->repository) == 1) {
        *parent = NULL;
        return TRUE;
    }
    return (code == 0 && git_commit_tree(root, *parent) == 0) ||
           cmig_vcs_fail(vcs, error, "cannot read the history");
}

static gboolean take_node(Walk *walk, Node *node, GError **error)
{
    g_autoptr(git_tree) root = NULL;
    g_autoptr(git_tree) first_root = NULL;
    Node *first = NULL;
    guint parents = git_commit_parentcount(node->commit);
    if (git_commit_tree(&root, node->commit) != 0)
        return cmig_vcs_fail(walk->vcs, error, "cannot read the history");
    for (guint idx = 0; idx < parents && g_hash_table_size(node->folders) > 0; idx++) {
        git_commit *parent = NULL;
        g_autoptr(git_tree) parent_root = NULL;
        if (!read_parent(walk->vcs, node->commit, idx, &parent, &parent_root, error)) {
            git_commit_free(parent);
            return FALSE;
        }
        if (parent == NULL) {
            settle(node, CMIG_VCS_CUT_OFF);
            return TRUE;
        }
        Node *next = get_node(walk, parent);
        if (!hand_to_parent(walk, node, root, next, parent_root, error))
            return FALSE;
        if (idx == 0) {
            first = next;
            first_root = g_steal_pointer(&parent_root);
        }
    }
    if (first != NULL && g_hash_table_size(node->folders) > 0 &&
        !hand_moved(walk, node, root, first, first_root, error))
        return FALSE;
    settle(node, CMIG_VCS_COMMITTED);
    return TRUE;
}

static gboolean run_walk(Walk *walk, GError **error)
{
    while (!g_sequence_is_empty(walk->queue)) {
        GSequenceIter *begin = g_sequence_get_begin_iter(walk->queue);
        g_autoptr(Node) node = g_sequence_get(begin);
        g_sequence_remove(begin);
        g_hash_table_remove(walk->nodes, &node->id);
        if (cmig_interrupt_check(error))
            return FALSE;
        if (g_hash_table_size(node->folders) > 0 && !take_node(walk, node, error))
            return FALSE;
    }
    return TRUE;
}

void cmig_vcs_added_free(CmigVcsAdded *added)
{
    if (added == NULL)
        return;
    g_free(added->commit);
    g_free(added->short_commit);
    g_free(added->author);
    g_free(added->email);
    g_free(added->date);
    g_free(added);
}

static void free_added(gpointer data)
{
    cmig_vcs_added_free(data);
}

/* Puts the path among the files that are looked for in HEAD, if it is there. */
static gboolean seek_path(const CmigVcs *vcs, const git_tree *root, GHashTable *folders,
                          const char *path, CmigVcsAdded *result, GError **error)
{
    g_autofree char *relative = cmig_vcs_relative(vcs, path, TRUE);
    if (relative == NULL)
        return TRUE;
    const char *slash = strrchr(relative, '/');
    const char *name = slash != NULL ? slash + 1 : relative;
    g_autofree char *folder = g_strndup(relative, slash ? (gsize)(slash - relative) : 0);
    g_autoptr(git_tree) tree = NULL;
    if (!cmig_vcs_subtree(vcs, root, folder, &tree, error))
        return FALSE;
    const git_tree_entry *entry = tree != NULL ? git_tree_entry_byname(tree, name) : NULL;
    if (entry == NULL || git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
        return TRUE;
    Seek *seek = g_new0(Seek, 1);
    seek->result = result;
    add_seeks(folders, folder, name, seek);
    return TRUE;
}

gboolean cmig_vcs_added(const CmigVcs *vcs, const char *const *paths, GPtrArray **added,
                        GError **error)
{
    g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(free_added);
    for (gsize idx = 0; paths[idx] != NULL; idx++)
        g_ptr_array_add(results, g_new0(CmigVcsAdded, 1));
    git_commit *head = NULL;
    if (!cmig_vcs_head(vcs, &head, error))
        return FALSE;
    gboolean done = TRUE;
    if (head != NULL) {
        g_autoptr(git_tree) root = NULL;
        Walk walk = {vcs, g_hash_table_new(cmig_vcs_hash_oid, cmig_vcs_equal_oids),
                     g_sequence_new(NULL)};
        Node *node = get_node(&walk, head);
        done = git_commit_tree(&root, node->commit) == 0 ||
               cmig_vcs_fail(vcs, error, "cannot read the history");
        for (gsize idx = 0; done && paths[idx] != NULL; idx++)
            done = seek_path(vcs, root, node->folders, paths[idx], results->pdata[idx], error);
        done = done && run_walk(&walk, error);
        g_sequence_foreach(walk.queue, free_waiting, NULL);
        g_sequence_free(walk.queue);
        g_hash_table_unref(walk.nodes);
    }
    if (done)
        *added = g_steal_pointer(&results);
    return done;
}
