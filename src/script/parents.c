/* What a new revision stands on: the revisions it revises, what it depends on, its id, its labels
 * and the folder it goes to. Only checks; nothing is written. */
#include "script/new_internal.h"

#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

static gboolean fail_several_heads(const CmigGraph *graph, GError **error)
{
    g_autofree char *heads = cmig_revision_names(cmig_graph_heads(graph));
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "Multiple heads are present; please specify the head revision on which the new "
                "revision should be based, or perform a merge.");
    cmig_error_set_detail(error, "heads: %s", heads);
    cmig_error_set_hint(error, "`cmig merge heads` joins them; `--head ID` continues one of them");
    return FALSE;
}

/* Adds what one `--head` names to `parents`. */
static gboolean add_parents(const CmigGraph *graph, const char *text, gboolean splice,
                            GPtrArray *parents, GError **error)
{
    g_autoptr(GPtrArray) found = NULL;
    const GPtrArray *heads = cmig_graph_heads(graph);
    if (g_str_equal(text, "head") && heads->len > 1)
        return fail_several_heads(graph, error);
    if (heads->len == 0 && (g_str_equal(text, "head") || g_str_equal(text, "heads")))
        return TRUE;
    if (!cmig_graph_resolve(graph, text, &found, error))
        return FALSE;
    for (guint idx = 0; idx < found->len; idx++) {
        CmigRevision *parent = g_ptr_array_index(found, idx);
        if (g_ptr_array_find(parents, parent, NULL)) {
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                        "Duplicate head revisions specified: %s", parent->id);
            return FALSE;
        }
        if (!splice && parent->children->len > 0) {
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                        "Revision %s is not a head revision; please specify --splice to create a "
                        "new branch from this revision",
                        parent->id);
            return FALSE;
        }
        g_ptr_array_add(parents, parent);
    }
    return TRUE;
}

gboolean cmig_new_parents(const CmigGraph *graph, const CmigNewRevision *request,
                          GPtrArray **parents, GError **error)
{
    static const char *const default_heads[] = {"head", NULL};
    const char *const *heads = request->heads != NULL ? request->heads : default_heads;
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    for (gsize idx = 0; heads[idx] != NULL; idx++)
        if (!add_parents(graph, heads[idx], request->splice, found, error))
            return FALSE;
    *parents = g_steal_pointer(&found);
    return TRUE;
}

static gboolean is_label_of_any(const CmigGraph *graph, const char *text)
{
    for (guint idx = 0; idx < cmig_graph_size(graph); idx++)
        if (g_strv_contains((const char *const *)cmig_graph_nth(graph, idx)->branch_labels, text))
            return TRUE;
    return FALSE;
}

gboolean cmig_new_dependencies(const CmigGraph *graph, const CmigNewRevision *request,
                               GStrv *dependencies, GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (gsize idx = 0; request->depends_on != NULL && request->depends_on[idx] != NULL; idx++) {
        const char *text = request->depends_on[idx];
        CmigRevision *revision = NULL;
        if (is_label_of_any(graph, text)) {
            g_strv_builder_add(builder, text);
            continue;
        }
        if (!cmig_graph_resolve_one(graph, text, &revision, error))
            return FALSE;
        if (revision == NULL) {
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                        "--depends-on needs a revision; 'base' is none");
            return FALSE;
        }
        g_strv_builder_add(builder, revision->id);
    }
    *dependencies = g_strv_builder_end(builder);
    return TRUE;
}

gboolean cmig_new_check_labels(const char *const *labels, GError **error)
{
    for (gsize idx = 0; labels != NULL && labels[idx] != NULL; idx++) {
        if (cmig_header_is_label(labels[idx]))
            continue;
        g_autofree char *shown = cmig_text_escape(labels[idx]);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "'%s' cannot be a branch label", shown);
        cmig_error_set_hint(error, "a label has letters, digits, '_', '.' and '-' not before a "
                                   "digit, and is not head, heads, base or current");
        return FALSE;
    }
    return TRUE;
}

/* Whether `id` can be told from all others by any of its prefixes that are unique now. */
static gboolean is_free(const CmigGraph *graph, const char *id)
{
    for (guint idx = 0; idx < cmig_graph_size(graph); idx++) {
        const char *other = cmig_graph_nth(graph, idx)->id;
        if (g_str_has_prefix(other, id) || g_str_has_prefix(id, other))
            return FALSE;
    }
    return !is_label_of_any(graph, id);
}

/* The characters of `id` that no id may have, each once, sorted: "'-, @'" as Alembic writes it. */
static char *bad_characters(const char *id)
{
    GString *bad = g_string_new(NULL);
    for (int byte = 1; byte < 0x80; byte++)
        if (!g_ascii_isalnum(byte) && byte != '_' && byte != '.' && strchr(id, byte) != NULL)
            g_string_append_printf(bad, "%s%c", bad->len > 0 ? ", " : "", byte);
    for (const char *at = id; *at != '\0'; at++) {
        if ((guint8)*at >= 0x80) {
            g_string_append_printf(bad, "%snon-ASCII", bad->len > 0 ? ", " : "");
            break;
        }
    }
    return g_string_free(bad, FALSE);
}

static gboolean check_id(const CmigGraph *graph, const char *id, GError **error)
{
    g_autofree char *shown = cmig_text_escape(id);
    g_autofree char *bad = bad_characters(id);
    const CmigRevision *other = cmig_graph_find(graph, id);
    if (other != NULL) {
        g_autofree char *path = cmig_text_escape(other->path);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "Revision %s is there already", shown);
        cmig_error_set_detail(error, "in %s", path);
        return FALSE;
    }
    if (bad[0] != '\0') {
        g_autofree char *shown_bad = cmig_text_escape(bad);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                    "Character(s) '%s' not allowed in revision identifier '%s'", shown_bad, shown);
        return FALSE;
    }
    if (!cmig_text_is_revision_id(id) || cmig_header_is_reserved(id)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "'%s' cannot be a revision id", shown);
        cmig_error_set_hint(error, "an id has 1 to 32 characters, the first a letter or digit, and "
                                   "is not head, heads, base or current");
        return FALSE;
    }
    return TRUE;
}

char *cmig_new_id(const CmigGraph *graph, const CmigNewRevision *request, GError **error)
{
    if (request->rev_id != NULL)
        return check_id(graph, request->rev_id, error) ? g_strdup(request->rev_id) : NULL;
    for (guint attempt = 0; attempt < 1000; attempt++) {
        g_autofree char *id = cmig_clock_random_hex(12);
        if (is_free(graph, id))
            return g_steal_pointer(&id);
    }
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "no random id is free; please specify --rev-id");
    return NULL;
}

/* The version location that `path` is in, or NULL. The longest wins. */
static const char *location_of(const CmigConfig *config, const char *path)
{
    const char *best = NULL;
    for (gsize idx = 0; config->version_locations[idx] != NULL; idx++) {
        const char *location = config->version_locations[idx];
        gsize length = strlen(location);
        if (g_str_has_prefix(path, location) && (path[length] == '/' || path[length] == '\0') &&
            (best == NULL || length > strlen(best)))
            best = location;
    }
    return best;
}

gboolean cmig_new_location(const CmigConfig *config, const CmigNewRevision *request,
                           const GPtrArray *parents, const char **location, GError **error)
{
    if (request->version_path != NULL) {
        g_autofree char *wanted = g_canonicalize_filename(request->version_path, NULL);
        for (gsize idx = 0; config->version_locations[idx] != NULL; idx++) {
            g_autofree char *own = g_canonicalize_filename(config->version_locations[idx], NULL);
            if (g_str_equal(own, wanted)) {
                *location = config->version_locations[idx];
                return TRUE;
            }
        }
        g_autofree char *shown = cmig_text_escape(request->version_path);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "Path %s is not represented in current version locations", shown);
        return FALSE;
    }
    const char *found = NULL;
    if (config->version_locations[0] != NULL && config->version_locations[1] == NULL)
        found = config->version_locations[0];
    else if (parents->len > 0)
        found = location_of(config, ((const CmigRevision *)g_ptr_array_index(parents, 0))->path);
    if (found == NULL) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "Multiple version locations present, please specify --version-path");
        return FALSE;
    }
    *location = found;
    return TRUE;
}
