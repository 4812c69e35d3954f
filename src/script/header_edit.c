/* Gives a revision file other parents: one value of one line is replaced, every other byte stays.
 * The result is read again, so that a header in which that line means something else is refused. */
#include "script/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

void cmig_header_edit_clear(CmigHeaderEdit *edit)
{
    g_clear_pointer(&edit->content, g_bytes_unref);
    g_free(edit->before);
    g_free(edit->after);
    *edit = (CmigHeaderEdit){0};
}

/* The bytes of one line, without its end, and of the value in it. */
typedef struct {
    gsize start;
    gsize end;
    gsize value_start;
    gsize value_end;
    guint number;
} Line;

static gboolean is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Whether the line is `-- down_revision: VALUE # COMMENT`; finds VALUE. */
static gboolean find_value(const char *text, Line *line)
{
    const char *key = cmig_header_keys[CMIG_KEY_DOWN_REVISION];
    gsize at = line->start + 2;
    while (at < line->end && is_space(text[at]))
        at++;
    if (line->end - at < strlen(key) || memcmp(text + at, key, strlen(key)) != 0)
        return FALSE;
    at += strlen(key);
    while (at < line->end && is_space(text[at]))
        at++;
    if (at == line->end || text[at] != ':')
        return FALSE;
    at++;
    while (at < line->end && is_space(text[at]) && !(at + 1 < line->end && text[at + 1] == '#'))
        at++;
    line->value_start = at;
    while (at < line->end && !(is_space(text[at]) && at + 1 < line->end && text[at + 1] == '#'))
        at++;
    while (at > line->value_start && is_space(text[at - 1]))
        at--;
    line->value_end = at;
    return TRUE;
}

static gboolean find_line(const char *text, gsize length, Line *line)
{
    CmigHeaderSpan span = {0};
    if (cmig_header_find(text, length, TRUE, &span) != CMIG_HEADER_FOUND)
        return FALSE;
    line->number = span.first_line;
    for (gsize at = span.start; at < span.end; line->number++) {
        const char *newline = memchr(text + at, '\n', span.end - at);
        gsize end = newline != NULL ? (gsize)(newline - text) : span.end;
        line->start = at;
        line->end = end > at && text[end - 1] == '\r' ? end - 1 : end;
        if (find_value(text, line))
            return TRUE;
        at = end + 1;
    }
    return FALSE;
}

static gboolean same_list(char *const *left, char *const *right)
{
    return g_strv_equal((const char *const *)left, (const char *const *)right);
}

/* Whether the header reads as before but for its parents, which are the wanted ones. */
static gboolean reads_as_wanted(GBytes *content, const char *path, const CmigRevision *before,
                                const char *const *parents)
{
    gsize length = 0;
    const char *text = g_bytes_get_data(content, &length);
    g_autoptr(CmigRevision) after = NULL;
    return cmig_script_parse_header(text, length, path, &after, NULL, NULL) &&
           g_str_equal(after->id, before->id) && g_str_equal(after->message, before->message) &&
           g_str_equal(after->create_date, before->create_date) &&
           same_list(after->depends_on, before->depends_on) &&
           same_list(after->branch_labels, before->branch_labels) &&
           g_strv_equal((const char *const *)after->down_revisions, parents);
}

static GBytes *replace_value(const char *text, gsize length, const Line *line, const char *value,
                             gsize *end)
{
    GString *out = g_string_sized_new(length + strlen(value) + 2);
    g_string_append_len(out, text, (gssize)line->value_start);
    if (text[line->value_start - 1] == ':')
        g_string_append_c(out, ' ');
    g_string_append(out, value);
    *end = out->len + line->end - line->value_end;
    g_string_append_len(out, text + line->value_end, (gssize)(length - line->value_end));
    return g_string_free_to_bytes(out);
}

gboolean cmig_script_set_parents(GBytes *content, const char *path, const char *const *parents,
                                 CmigHeaderEdit *edit, GError **error)
{
    gsize length = 0, end = 0;
    const char *text = g_bytes_get_data(content, &length);
    g_autoptr(CmigRevision) before = NULL;
    if (!cmig_script_parse_header(text, length, path, &before, NULL, error))
        return FALSE;
    Line line = {0};
    g_autofree char *value = cmig_header_list(parents, TRUE);
    g_autoptr(GBytes) changed = NULL;
    if (find_line(text, length, &line))
        changed = replace_value(text, length, &line, value, &end);
    if (changed == NULL || !reads_as_wanted(changed, path, before, parents)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "cannot change the down_revision in this header");
        cmig_error_set_place(error, path, changed != NULL ? line.number : 1, 1);
        cmig_error_set_hint(error, "write it as `-- down_revision: %s`", value);
        return FALSE;
    }
    edit->line = line.number;
    edit->before = g_strndup(text + line.start, line.end - line.start);
    edit->after =
        g_strndup((const char *)g_bytes_get_data(changed, NULL) + line.start, end - line.start);
    edit->content = g_steal_pointer(&changed);
    return TRUE;
}
