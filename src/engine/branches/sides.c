#include "engine/branches/sides.h"

#include "cmig/project_vcs.h"
#include "cmig/script.h"
#include "cmig/text.h"

/* What a content's header says. */
typedef struct {
    const CmigRevision *revision;
    CmigRevision *owned; /* the same, when no graph has it */
    char *problem;
} Header;

static void free_header(gpointer data)
{
    Header *header = data;
    cmig_revision_free(header->owned);
    g_free(header->problem);
    g_free(header);
}

static void free_side_file(gpointer data)
{
    CmigSideFile *file = data;
    g_free(file->path);
    g_free(file->id);
    g_free(file);
}

static CmigSide *side_new(void)
{
    CmigSide *side = g_new0(CmigSide, 1);
    side->files = g_ptr_array_new_with_free_func(free_side_file);
    side->by_path = g_hash_table_new(g_str_hash, g_str_equal);
    side->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    return side;
}

static void side_free(CmigSide *side)
{
    if (side == NULL)
        return;
    g_hash_table_unref(side->by_path);
    g_hash_table_unref(side->by_id);
    g_ptr_array_unref(side->files);
    g_free(side);
}

void cmig_sides_free(CmigSides *sides)
{
    if (sides == NULL)
        return;
    cmig_vcs_free(sides->vcs);
    g_free(sides->ref);
    g_free(sides->shown);
    side_free(sides->ours);
    side_free(sides->base);
    side_free(sides->theirs);
    g_hash_table_unref(sides->headers);
    g_free(sides);
}

static const CmigSideFile *find_path(const CmigSide *side, const char *path)
{
    return g_hash_table_lookup(side->by_path, path);
}

const CmigSideFile *cmig_side_find(const CmigSide *side, const char *revision)
{
    return g_hash_table_lookup(side->by_id, revision);
}

gboolean cmig_sides_is_new(const CmigSides *sides, const char *revision)
{
    return cmig_side_find(sides->theirs, revision) == NULL &&
           cmig_side_find(sides->base, revision) == NULL;
}

gboolean cmig_side_file_same(const CmigSideFile *left, const CmigSideFile *right)
{
    return left != NULL && right != NULL && g_str_equal(left->id, right->id);
}

static void side_add(CmigSide *side, const char *path, const char *id, const Header *header)
{
    CmigSideFile *file = g_new0(CmigSideFile, 1);
    file->path = g_strdup(path);
    file->id = g_strdup(id);
    file->revision = header->revision;
    file->problem = header->problem;
    g_ptr_array_add(side->files, file);
    g_hash_table_insert(side->by_path, file->path, file);
    if (file->revision != NULL && cmig_side_find(side, file->revision->id) == NULL)
        g_hash_table_insert(side->by_id, file->revision->id, file);
}

/* The work tree's files: the graph has their headers. */
static gboolean load_ours(CmigSides *sides, const CmigGraph *graph, GError **error)
{
    sides->ours = side_new();
    for (guint idx = 0; idx < cmig_graph_size(graph); idx++) {
        const CmigRevision *revision = cmig_graph_nth(graph, idx);
        g_autofree char *id = NULL;
        if (!cmig_vcs_work_file(sides->vcs, revision->path, CMIG_SIDE_FILE_MAX, NULL, &id, error))
            return FALSE;
        Header *header = g_new0(Header, 1);
        header->revision = revision;
        side_add(sides->ours, revision->path, id, header);
        g_hash_table_insert(sides->headers, g_strdup(id), header);
    }
    return TRUE;
}

/* The header of a file in a commit. What is wrong with it is a fact about that commit. */
static gboolean read_header(const CmigSides *sides, const CmigVcsFile *file, Header *header,
                            GError **error)
{
    if (file->link) {
        header->problem = g_strdup("it is a symbolic link, which is not followed");
        return TRUE;
    }
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) content =
        cmig_vcs_content(sides->vcs, file->id, file->path, CMIG_SIDE_FILE_MAX, error);
    if (content == NULL)
        return FALSE;
    gsize length = 0;
    const char *text = g_bytes_get_data(content, &length);
    if (cmig_script_parse_header(text, length, file->path, &header->owned, NULL, &problem))
        header->revision = header->owned;
    else
        header->problem = g_strdup(problem->message);
    return TRUE;
}

static gboolean load_commit(CmigSides *sides, const CmigConfig *config, const char *commit,
                            CmigSide **side, GError **error)
{
    g_autoptr(GPtrArray) files = NULL;
    *side = side_new();
    if (!cmig_vcs_tree_files(sides->vcs, commit, (const char *const *)config->version_locations,
                             config->recursive_version_locations, &files, error))
        return FALSE;
    for (guint idx = 0; idx < files->len; idx++) {
        const CmigVcsFile *file = files->pdata[idx];
        Header *header = g_hash_table_lookup(sides->headers, file->id);
        if (header == NULL) {
            header = g_new0(Header, 1);
            g_hash_table_insert(sides->headers, g_strdup(file->id), header);
            if (!read_header(sides, file, header, error))
                return FALSE;
        }
        side_add(*side, file->path, file->id, header);
    }
    return TRUE;
}

gboolean cmig_sides_load(const CmigConfig *config, const CmigGraph *graph, const char *ref,
                         CmigSides **sides, GError **error)
{
    g_autoptr(CmigSides) made = g_new0(CmigSides, 1);
    made->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_header);
    made->vcs = cmig_project_vcs_require(config, error);
    if (made->vcs == NULL)
        return FALSE;
    made->ref = ref != NULL ? g_strdup(ref) : cmig_vcs_default_ref(made->vcs, error);
    if (made->ref == NULL)
        return FALSE;
    made->shown = cmig_text_escape(made->ref);
    g_autofree char *base = cmig_vcs_merge_base(made->vcs, made->ref, error);
    if (base == NULL || !load_ours(made, graph, error) ||
        !load_commit(made, config, made->ref, &made->theirs, error) ||
        !load_commit(made, config, base, &made->base, error))
        return FALSE;
    *sides = g_steal_pointer(&made);
    return TRUE;
}

GPtrArray *cmig_sides_merge(const CmigSides *sides)
{
    GPtrArray *merged = g_ptr_array_new();
    for (guint idx = 0; idx < sides->ours->files->len; idx++) {
        CmigSideFile *ours = sides->ours->files->pdata[idx];
        const CmigSideFile *base = find_path(sides->base, ours->path);
        CmigSideFile *theirs = g_hash_table_lookup(sides->theirs->by_path, ours->path);
        CmigSideFile *left = cmig_side_file_same(ours, base) ? theirs : ours;
        if (left != NULL)
            g_ptr_array_add(merged, left);
    }
    for (guint idx = 0; idx < sides->theirs->files->len; idx++) {
        CmigSideFile *theirs = sides->theirs->files->pdata[idx];
        if (find_path(sides->ours, theirs->path) == NULL &&
            !cmig_side_file_same(theirs, find_path(sides->base, theirs->path)))
            g_ptr_array_add(merged, theirs);
    }
    return merged;
}

gboolean cmig_sides_graph(const GPtrArray *files, CmigGraph **graph, GError **error)
{
    g_autoptr(CmigGraph) made = cmig_graph_new();
    for (guint idx = 0; idx < files->len; idx++) {
        const CmigSideFile *file = files->pdata[idx];
        if (file->revision == NULL || cmig_graph_find(made, file->revision->id) != NULL)
            continue;
        if (!cmig_graph_add(made, cmig_revision_copy(file->revision, NULL, file->path), error))
            return FALSE;
    }
    if (!cmig_graph_seal(made, error))
        return FALSE;
    *graph = g_steal_pointer(&made);
    return TRUE;
}
