/* The graph as a container: revisions in, indexes over them, and the order in which sealing
 * resolves and checks everything. */
#include "graph/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

static char **copy_strings(const char *const *strings)
{
    GStrvBuilder *builder = g_strv_builder_new();
    for (; strings != NULL && *strings != NULL; strings++)
        g_strv_builder_add(builder, *strings);
    char **copy = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    return copy;
}

CmigRevision *cmig_revision_new(const char *id, const char *const *down_revisions,
                                const char *const *depends_on, const char *const *branch_labels,
                                const char *message, const char *path)
{
    CmigRevision *revision = g_new0(CmigRevision, 1);
    revision->id = g_strdup(id);
    revision->path = g_strdup(path ? path : "");
    revision->message = g_strdup(message ? message : "");
    revision->create_date = g_strdup("");
    revision->down_revisions = copy_strings(down_revisions);
    revision->depends_on = copy_strings(depends_on);
    revision->branch_labels = copy_strings(branch_labels);
    return revision;
}

CmigRevision *cmig_revision_copy(const CmigRevision *revision, const char *const *down_revisions,
                                 const char *path)
{
    if (down_revisions == NULL)
        down_revisions = (const char *const *)revision->down_revisions;
    return cmig_revision_new(revision->id, down_revisions,
                             (const char *const *)revision->depends_on,
                             (const char *const *)revision->branch_labels, revision->message, path);
}

void cmig_revision_free(CmigRevision *revision)
{
    if (revision == NULL)
        return;
    g_free(revision->id);
    g_free(revision->path);
    g_free(revision->message);
    g_free(revision->create_date);
    g_strfreev(revision->down_revisions);
    g_strfreev(revision->depends_on);
    g_strfreev(revision->branch_labels);
    g_clear_pointer(&revision->parents, g_ptr_array_unref);
    g_clear_pointer(&revision->dependencies, g_ptr_array_unref);
    g_clear_pointer(&revision->normalized, g_ptr_array_unref);
    g_clear_pointer(&revision->children, g_ptr_array_unref);
    g_clear_pointer(&revision->dependents, g_ptr_array_unref);
    g_clear_pointer(&revision->labels, g_ptr_array_unref);
    g_free(revision);
}

static void free_revision(gpointer revision)
{
    cmig_revision_free(revision);
}

CmigGraph *cmig_graph_new(void)
{
    CmigGraph *graph = g_new0(CmigGraph, 1);
    graph->revisions = g_ptr_array_new_with_free_func(free_revision);
    graph->ids = g_hash_table_new(g_str_hash, g_str_equal);
    graph->labels = g_hash_table_new(g_str_hash, g_str_equal);
    graph->heads = g_ptr_array_new();
    graph->real_heads = g_ptr_array_new();
    graph->bases = g_ptr_array_new();
    graph->none = g_ptr_array_new();
    return graph;
}

void cmig_graph_free(CmigGraph *graph)
{
    if (graph == NULL)
        return;
    g_ptr_array_unref(graph->heads);
    g_ptr_array_unref(graph->real_heads);
    g_ptr_array_unref(graph->bases);
    g_hash_table_unref(graph->ids);
    g_hash_table_unref(graph->labels);
    g_ptr_array_unref(graph->revisions);
    g_ptr_array_unref(graph->none);
    g_free(graph->ranks);
    g_free(graph);
}

void cmig_graph_append(const CmigGraph *graph, GPtrArray **array, gpointer member)
{
    if (*array == graph->none) {
        g_ptr_array_unref(*array);
        *array = g_ptr_array_new();
    }
    g_ptr_array_add(*array, member);
}

void cmig_graph_set_place(GError **error, const CmigRevision *revision)
{
    if (revision->path[0] != '\0')
        cmig_error_set_place(error, revision->path, 0, 0);
}

gboolean cmig_graph_is_reserved(const char *word)
{
    static const char *const words[] = {"head", "heads", "base", "current", NULL};
    return g_strv_contains(words, word);
}

static gboolean check_id(const CmigRevision *revision, GError **error)
{
    g_autofree char *shown = cmig_text_escape(revision->id);
    if (revision->id[0] == '\0') {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "a revision has an empty id");
    } else if (cmig_graph_is_reserved(revision->id)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "'%s' cannot be a revision id: the word has a meaning of its own", shown);
    } else {
        g_autoptr(GString) bad = g_string_new(NULL);
        for (const char *sign = "+-:@"; *sign != '\0'; sign++)
            if (strchr(revision->id, *sign) != NULL)
                g_string_append_printf(bad, "%s%c", bad->len > 0 ? ", " : "", *sign);
        if (bad->len == 0)
            return TRUE;
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "Character(s) '%s' not allowed in revision identifier '%s'", bad->str, shown);
    }
    cmig_graph_set_place(error, revision);
    return FALSE;
}

gboolean cmig_graph_add(CmigGraph *graph, CmigRevision *revision, GError **error)
{
    g_assert(!graph->sealed);
    /* Owned from here on, so that a revision that is refused is freed with the graph. */
    revision->index = graph->revisions->len;
    g_ptr_array_add(graph->revisions, revision);
    if (!check_id(revision, error))
        return FALSE;

    const CmigRevision *other = g_hash_table_lookup(graph->ids, revision->id);
    if (other != NULL) {
        g_autofree char *shown = cmig_text_escape(revision->id);
        g_autofree char *here = cmig_text_escape(revision->path);
        g_autofree char *there = cmig_text_escape(other->path);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "Revision %s is present more than once: in %s and in %s", shown, there, here);
        cmig_error_set_hint(error, "give one of the two files an id of its own, or remove it");
        cmig_graph_set_place(error, revision);
        return FALSE;
    }
    g_hash_table_insert(graph->ids, revision->id, revision);
    return TRUE;
}

static void init_edges(CmigGraph *graph)
{
    for (guint idx = 0; idx < graph->revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(graph->revisions, idx);
        GPtrArray **arrays[] = {&revision->parents, &revision->dependencies, &revision->children,
                                &revision->dependents, &revision->labels};
        for (gsize at = 0; at < G_N_ELEMENTS(arrays); at++)
            *arrays[at] = g_ptr_array_ref(graph->none);
    }
}

static void collect_ends(CmigGraph *graph)
{
    for (guint idx = 0; idx < graph->revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(graph->revisions, idx);
        if (revision->parents->len == 0)
            g_ptr_array_add(graph->bases, revision);
        if (revision->children->len > 0)
            continue;
        g_ptr_array_add(graph->heads, revision);
        if (revision->dependents->len == 0)
            g_ptr_array_add(graph->real_heads, revision);
    }
}

gboolean cmig_graph_seal(CmigGraph *graph, GError **error)
{
    g_assert(!graph->sealed);
    graph->sealed = TRUE;
    init_edges(graph);
    if (!cmig_graph_index_labels(graph, error) || !cmig_graph_link(graph, error) ||
        !cmig_graph_check_cycles(graph, error))
        return FALSE;
    cmig_graph_normalize(graph);
    cmig_graph_spread_labels(graph);
    collect_ends(graph);
    return TRUE;
}

guint cmig_graph_size(const CmigGraph *graph)
{
    return graph->revisions->len;
}

CmigRevision *cmig_graph_nth(const CmigGraph *graph, guint index)
{
    g_assert(index < graph->revisions->len);
    return g_ptr_array_index(graph->revisions, index);
}

CmigRevision *cmig_graph_find(const CmigGraph *graph, const char *id)
{
    return g_hash_table_lookup(graph->ids, id);
}

const GPtrArray *cmig_graph_heads(const CmigGraph *graph)
{
    return graph->heads;
}

const GPtrArray *cmig_graph_real_heads(const CmigGraph *graph)
{
    return graph->real_heads;
}

const GPtrArray *cmig_graph_bases(const CmigGraph *graph)
{
    return graph->bases;
}

const char **cmig_graph_names(const CmigGraph *graph, gboolean with_labels)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint idx = 0; idx < graph->revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(graph->revisions, idx);
        g_ptr_array_add(names, revision->id);
        for (char **label = revision->branch_labels; with_labels && *label != NULL; label++)
            g_ptr_array_add(names, *label);
    }
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(names, FALSE);
}

char *cmig_revision_names(const GPtrArray *revisions)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    for (guint idx = 0; idx < revisions->len; idx++)
        g_ptr_array_add(ids, ((const CmigRevision *)revisions->pdata[idx])->id);
    return cmig_text_names(ids);
}
