/* The complete header reader: the comment block as YAML, every mistake with its line and column. */
#include "script/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"
#include "cmig/yaml.h"

#include <string.h>

/* The width of `-- `, which stands before every line. */
#define PREFIX_WIDTH 3

static gboolean fail_at(const char *path, const CmigYaml *node, GError **error, const char *format,
                        ...) G_GNUC_PRINTF(4, 5);

static gboolean fail_at(const char *path, const CmigYaml *node, GError **error, const char *format,
                        ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG, message);
    cmig_error_set_place(error, path, node->line, node->column);
    return FALSE;
}

/* The block without its `-- `. A carriage return inside of a line would end the comment for
 * PostgreSQL and the line for YAML, but not for anyone who reads the file. */
static GString *strip_block(const char *text, const CmigHeaderSpan *span, const char *path,
                            GError **error)
{
    GString *stripped = g_string_sized_new(span->end - span->start);
    guint line = span->first_line;
    for (gsize at = span->start; at < span->end; line++) {
        const char *newline = memchr(text + at, '\n', span->end - at);
        gsize end = newline ? (gsize)(newline - text) : span->end;
        gsize text_end = end > at && text[end - 1] == '\r' ? end - 1 : end;
        gsize from = at + 2 < text_end && text[at + 2] == ' ' ? at + 3 : MIN(at + 2, text_end);
        const char *stray = memchr(text + from, '\r', text_end - from);
        if (stray != NULL) {
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                        "a carriage return inside of a header line");
            cmig_error_set_place(error, path, line, (guint)(stray - text - (gssize)at) + 1);
            g_string_free(stripped, TRUE);
            return NULL;
        }
        g_string_append_len(stripped, text + from, (gssize)(text_end - from));
        g_string_append_c(stripped, '\n');
        at = end + 1;
    }
    return stripped;
}

static gboolean check_keys(const CmigYaml *root, const char *path, GError **error)
{
    for (guint idx = 0; idx < root->keys->len; idx++) {
        const CmigYaml *key = g_ptr_array_index(root->keys, idx);
        if (g_strv_contains(cmig_header_keys, key->text))
            continue;
        g_autofree char *shown = cmig_text_escape(key->text);
        const char *suggestion = cmig_text_suggest(key->text, cmig_header_keys);
        fail_at(path, key, error, "unknown key '%s' in the header", shown);
        if (suggestion != NULL)
            cmig_error_set_hint(error, "did you mean '%s'?", suggestion);
        return FALSE;
    }
    return TRUE;
}

/* The value of a key that is text, "" for none. NULL = error. */
static char *read_scalar(const CmigYaml *root, CmigHeaderKey key, const char *path, GError **error)
{
    const CmigYaml *node = cmig_yaml_get(root, cmig_header_keys[key]);
    if (node == NULL || cmig_yaml_is_null(node))
        return g_strdup("");
    if (node->kind != CMIG_YAML_SCALAR) {
        fail_at(path, node, error, "'%s' must be text", cmig_header_keys[key]);
        return NULL;
    }
    return g_strdup(node->text);
}

static gboolean check_id(const char *text, const char *path, const CmigYaml *node,
                         CmigHeaderKey key, GError **error)
{
    if (cmig_text_is_revision_id(text) && !cmig_header_is_reserved(text))
        return TRUE;
    g_autofree char *shown = cmig_text_escape(text);
    fail_at(path, node, error, "'%s' in '%s' is not a revision id", shown, cmig_header_keys[key]);
    cmig_error_set_hint(error, "an id has 1 to 32 letters, digits, '_' and '.', the first a letter "
                               "or digit, and is not head, heads, base or current");
    return FALSE;
}

static gboolean check_label(const char *text, const char *path, const CmigYaml *node,
                            CmigHeaderKey key, GError **error)
{
    if (cmig_header_is_label(text))
        return TRUE;
    g_autofree char *shown = cmig_text_escape(text);
    fail_at(path, node, error, "'%s' in '%s' is not a %s", shown, cmig_header_keys[key],
            key == CMIG_KEY_BRANCH_LABELS ? "branch label" : "revision id or branch label");
    cmig_error_set_hint(error, "a label has letters, digits, '_', '.' and '-' not before a digit, "
                               "and is not head, heads, base or current");
    return FALSE;
}

/* A list of ids or labels, each checked; NULL = error. */
static GStrv read_list(const CmigYaml *root, CmigHeaderKey key, const char *path,
                       gboolean (*check)(const char *, const char *, const CmigYaml *,
                                         CmigHeaderKey, GError **),
                       GError **error)
{
    g_auto(GStrv) list = NULL;
    const CmigYaml *node = cmig_yaml_get(root, cmig_header_keys[key]);
    if (node == NULL)
        return g_new0(char *, 1);
    if (!cmig_yaml_strings(node, cmig_header_keys[key], path, &list, error))
        return NULL;
    gboolean one_each = node->kind == CMIG_YAML_LIST && node->items->len == g_strv_length(list);
    for (guint idx = 0; list[idx] != NULL; idx++) {
        const CmigYaml *place = one_each ? g_ptr_array_index(node->items, idx) : node;
        if (!check(list[idx], path, place, key, error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

static gboolean read_root(const CmigYaml *root, const char *path, CmigHeader *header,
                          GError **error)
{
    if (root->kind != CMIG_YAML_MAPPING)
        return fail_at(path, root, error, "the header is not made of `key: value` lines");
    if (!check_keys(root, path, error))
        return FALSE;
    const CmigYaml *id = cmig_yaml_get(root, cmig_header_keys[CMIG_KEY_REVISION]);
    if (id == NULL)
        return fail_at(path, root, error, "the header has no 'revision'");
    if (cmig_yaml_get(root, cmig_header_keys[CMIG_KEY_DOWN_REVISION]) == NULL) {
        fail_at(path, root, error, "the header has no 'down_revision'");
        cmig_error_set_hint(error, "write `-- down_revision: null` for a base");
        return FALSE;
    }
    header->id = read_scalar(root, CMIG_KEY_REVISION, path, error);
    if (header->id == NULL || !check_id(header->id, path, id, CMIG_KEY_REVISION, error))
        return FALSE;
    header->message = read_scalar(root, CMIG_KEY_MESSAGE, path, error);
    if (header->message == NULL)
        return FALSE;
    header->create_date = read_scalar(root, CMIG_KEY_CREATE_DATE, path, error);
    if (header->create_date == NULL)
        return FALSE;
    header->down_revisions = read_list(root, CMIG_KEY_DOWN_REVISION, path, check_id, error);
    if (header->down_revisions == NULL)
        return FALSE;
    header->branch_labels = read_list(root, CMIG_KEY_BRANCH_LABELS, path, check_label, error);
    if (header->branch_labels == NULL)
        return FALSE;
    header->depends_on = read_list(root, CMIG_KEY_DEPENDS_ON, path, check_label, error);
    return header->depends_on != NULL;
}

gboolean cmig_header_read_yaml(const char *text, const CmigHeaderSpan *span, const char *path,
                               CmigHeader *header, GError **error)
{
    gsize length = span->end - span->start;
    const char *nul = memchr(text + span->start, '\0', length);
    if (nul != NULL) {
        guint line = 0, column = 0;
        cmig_text_locate(text, span->end, (gsize)(nul - text), &line, &column);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "a NUL byte in the header");
        cmig_error_set_place(error, path, line, column);
        return FALSE;
    }
    GString *stripped = strip_block(text, span, path, error);
    if (stripped == NULL)
        return FALSE;
    g_autofree char *yaml = g_string_free(stripped, FALSE);
    g_autoptr(CmigYaml) root = NULL;
    g_auto(CmigHeader) read = {0};
    if (!cmig_yaml_parse(yaml, strlen(yaml), path, span->first_line, PREFIX_WIDTH, &root, error) ||
        !read_root(root, path, &read, error))
        return FALSE;
    *header = read;
    read = (CmigHeader){0};
    return TRUE;
}
