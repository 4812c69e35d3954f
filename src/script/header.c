/* A revision file's header: the comment block it begins with. Finds the block, reads it by the fast
 * reader or else as YAML, and makes a revision of it. */
#include "script/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

const char *const cmig_header_keys[] = {
    [CMIG_KEY_REVISION] = "revision",
    [CMIG_KEY_DOWN_REVISION] = "down_revision",
    [CMIG_KEY_BRANCH_LABELS] = "branch_labels",
    [CMIG_KEY_DEPENDS_ON] = "depends_on",
    [CMIG_KEY_MESSAGE] = "message",
    [CMIG_KEY_CREATE_DATE] = "create_date",
    [CMIG_KEY_COUNT] = NULL,
};

void cmig_header_clear(CmigHeader *header)
{
    g_free(header->id);
    g_free(header->message);
    g_free(header->create_date);
    g_strfreev(header->down_revisions);
    g_strfreev(header->branch_labels);
    g_strfreev(header->depends_on);
    *header = (CmigHeader){0};
}

gboolean cmig_header_is_reserved(const char *text)
{
    static const char *const words[] = {"head", "heads", "base", "current", NULL};
    return g_strv_contains(words, text);
}

gboolean cmig_header_is_label(const char *text)
{
    gsize length = strlen(text);
    if (length > 255 || cmig_header_is_reserved(text) ||
        !(g_ascii_isalnum(text[0]) || text[0] == '_'))
        return FALSE;
    for (gsize at = 1; at < length; at++) {
        gboolean word = g_ascii_isalnum(text[at]) || text[at] == '_' || text[at] == '.';
        if (!word && !(text[at] == '-' && !g_ascii_isdigit(text[at + 1])))
            return FALSE;
    }
    return TRUE;
}

static gboolean has_prefix(const char *text, gsize length, const char *prefix)
{
    gsize wanted = strlen(prefix);
    return length >= wanted && memcmp(text, prefix, wanted) == 0;
}

static gboolean is_blank(const char *text, gsize length)
{
    for (gsize at = 0; at < length; at++)
        if (text[at] != ' ' && text[at] != '\t' && text[at] != '\r')
            return FALSE;
    return TRUE;
}

CmigHeaderState cmig_header_find(const char *text, gsize length, gboolean whole,
                                 CmigHeaderSpan *span)
{
    if (!whole && length < 3) /* may be half a byte order mark */
        return CMIG_HEADER_NEEDS_MORE;
    gsize at = has_prefix(text, length, "\xEF\xBB\xBF") ? 3 : 0;
    gboolean inside = FALSE;
    gsize start = at;
    guint line = 1;
    for (; at < length && at <= CMIG_HEADER_MAX; line++) {
        const char *newline = memchr(text + at, '\n', length - at);
        gsize size = newline ? (gsize)(newline - text) - at : length - at;
        if (newline == NULL && !whole && (text[at] == '-' || is_blank(text + at, size)))
            return size > CMIG_HEADER_MAX ? CMIG_HEADER_TOO_LARGE : CMIG_HEADER_NEEDS_MORE;
        gboolean comment =
            has_prefix(text + at, size, "--") && !has_prefix(text + at, size, CMIG_MARKER);
        if (!comment && (inside || !is_blank(text + at, size)))
            break;
        if (comment && !inside) {
            inside = TRUE;
            start = at;
            span->first_line = line;
        }
        at += size + (newline ? 1 : 0);
    }
    if (at > CMIG_HEADER_MAX)
        return CMIG_HEADER_TOO_LARGE;
    if (at == length && !whole)
        return CMIG_HEADER_NEEDS_MORE;
    span->start = start;
    span->end = at;
    return inside ? CMIG_HEADER_FOUND : CMIG_HEADER_ABSENT;
}

/* A block that is a comment of another kind (a licence, a title) rather than a broken header. */
static gboolean block_names_revision(const char *text, const CmigHeaderSpan *span)
{
    for (gsize at = span->start; at < span->end;) {
        const char *newline = memchr(text + at, '\n', span->end - at);
        gsize size = newline ? (gsize)(newline - text) - at : span->end - at;
        gsize skip = 2;
        while (skip < size && text[at + skip] == ' ')
            skip++;
        for (gsize idx = 0; cmig_header_keys[idx] != NULL; idx++)
            if (has_prefix(text + at + skip, size - MIN(skip, size), cmig_header_keys[idx]))
                return TRUE;
        at += size + 1;
    }
    return FALSE;
}

static gboolean fail_absent(const char *path, GError **error)
{
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "a revision file without a header");
    cmig_error_set_place(error, path, 1, 1);
    cmig_error_set_hint(error, "its first lines are `-- revision: ID` and `-- down_revision: ID`; "
                               "`cmig revision` writes them");
    return FALSE;
}

gboolean cmig_script_parse_header(const char *text, gsize length, const char *path,
                                  CmigRevision **revision, gboolean *needs_more, GError **error)
{
    CmigHeaderSpan span = {0};
    g_auto(CmigHeader) header = {0};
    if (needs_more != NULL)
        *needs_more = FALSE;
    switch (cmig_header_find(text, length, needs_more == NULL, &span)) {
    case CMIG_HEADER_NEEDS_MORE:
        *needs_more = TRUE;
        return TRUE;
    case CMIG_HEADER_TOO_LARGE:
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "the header is larger than %" G_GSIZE_FORMAT " bytes", CMIG_HEADER_MAX);
        cmig_error_set_place(error, path, 1, 1);
        return FALSE;
    case CMIG_HEADER_ABSENT:
        return fail_absent(path, error);
    case CMIG_HEADER_FOUND:
        break;
    }
    if (!cmig_header_read_plain(text + span.start, span.end - span.start, &header)) {
        if (!block_names_revision(text, &span))
            return fail_absent(path, error);
        if (!cmig_header_read_yaml(text, &span, path, &header, error))
            return FALSE;
    }
    CmigRevision *made =
        cmig_revision_new(header.id, (const char *const *)header.down_revisions,
                          (const char *const *)header.depends_on,
                          (const char *const *)header.branch_labels, header.message, path);
    g_free(made->create_date);
    made->create_date = g_steal_pointer(&header.create_date);
    *revision = made;
    return TRUE;
}
