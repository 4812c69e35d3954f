/* Revisions as text and as JSON. The text is Alembic's, to the byte, because scripts parse it; what
 * comes from files is escaped on the way. */
#include "cli/cli.h"
#include "cmig/text.h"

#include <string.h>

/* Alembic's text for a revision that was written without a message. */
static const char empty_message[] = "empty message";

static gboolean is_head(const CmigRevision *revision)
{
    return revision->children->len == 0;
}

static gboolean is_real_head(const CmigRevision *revision)
{
    return is_head(revision) && revision->dependents->len == 0;
}

static gboolean is_branch_point(const CmigRevision *revision)
{
    return revision->children->len > 1;
}

static gboolean is_merge_point(const CmigRevision *revision)
{
    return revision->parents->len > 1;
}

static gboolean is_current(const CmigRevision *revision, const GPtrArray *current)
{
    for (guint i = 0; current != NULL && i < current->len; i++) {
        if (g_ptr_array_index(current, i) == revision)
            return TRUE;
    }
    return FALSE;
}

static void append_escaped(GString *out, const char *text)
{
    g_autofree char *escaped = cmig_text_escape(text);
    g_string_append(out, escaped);
}

/* The texts joined by ", ". */
static void append_list(GString *out, const char *const *items, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        if (i > 0)
            g_string_append(out, ", ");
        append_escaped(out, items[i]);
    }
}

static void append_strv(GString *out, char **items)
{
    append_list(out, (const char *const *)items, g_strv_length(items));
}

static void append_array(GString *out, const GPtrArray *items)
{
    append_list(out, (const char *const *)items->pdata, items->len);
}

static void append_ids(GString *out, const GPtrArray *revisions)
{
    for (guint i = 0; i < revisions->len; i++) {
        const CmigRevision *revision = g_ptr_array_index(revisions, i);
        if (i > 0)
            g_string_append(out, ", ");
        append_escaped(out, revision->id);
    }
}

static void append_parents(GString *out, const CmigRevision *revision)
{
    if (revision->down_revisions[0] == NULL)
        g_string_append(out, "<base>");
    else
        append_strv(out, revision->down_revisions);
}

static void append_labels(GString *out, const CmigRevision *revision)
{
    if (revision->labels->len == 0)
        return;
    g_string_append(out, " (");
    append_array(out, revision->labels);
    g_string_append_c(out, ')');
}

static void append_head(GString *out, const CmigRevision *revision)
{
    if (is_real_head(revision))
        g_string_append(out, " (head)");
    else if (is_head(revision))
        g_string_append(out, " (effective head)");
}

static void append_points(GString *out, const CmigRevision *revision)
{
    if (is_branch_point(revision))
        g_string_append(out, " (branchpoint)");
    if (is_merge_point(revision))
        g_string_append(out, " (mergepoint)");
}

char *cmig_render_summary(const CmigRevision *revision)
{
    gsize length = strcspn(revision->message, "\r\n");
    g_autofree char *line = length > 0 ? g_strndup(revision->message, length) : NULL;
    return cmig_text_escape(line != NULL ? line : empty_message);
}

char *cmig_render_history_line(const CmigRevision *revision, const GPtrArray *current,
                               const char *mark)
{
    GString *out = g_string_new(NULL);
    append_parents(out, revision);
    if (revision->depends_on[0] != NULL) {
        g_string_append(out, " (");
        append_strv(out, revision->depends_on);
        g_string_append_c(out, ')');
    }
    g_string_append(out, " -> ");
    append_escaped(out, revision->id);
    append_labels(out, revision);
    append_head(out, revision);
    if (is_current(revision, current))
        g_string_append(out, " (current)");
    append_points(out, revision);
    g_string_append(out, mark != NULL ? mark : "");
    g_autofree char *summary = cmig_render_summary(revision);
    g_string_append_printf(out, ", %s", summary);
    return g_string_free(out, FALSE);
}

char *cmig_render_short(const CmigRevision *revision, gboolean with_labels, gboolean with_points)
{
    GString *out = g_string_new(NULL);
    append_escaped(out, revision->id);
    if (with_labels)
        append_labels(out, revision);
    append_head(out, revision);
    if (with_points)
        append_points(out, revision);
    return g_string_free(out, FALSE);
}

/* `text` with every line indented by four columns, empty lines too. */
static void append_indented(GString *out, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (gsize i = 0; lines[i] != NULL; i++) {
        if (g_str_has_suffix(lines[i], "\r"))
            lines[i][strlen(lines[i]) - 1] = '\0';
        g_autofree char *line = cmig_text_escape(lines[i]);
        g_string_append_printf(out, "    %s\n", line);
    }
}

/* The docstring that Alembic's template writes: message, id, parents, date. */
static void append_docstring(GString *out, const CmigRevision *revision)
{
    g_autofree char *message = g_strstrip(g_strdup(revision->message));
    append_indented(out, *message != '\0' ? message : empty_message);
    g_string_append(out, "    \n    Revision ID: ");
    append_escaped(out, revision->id);
    g_string_append(out, "\n    Revises: ");
    append_strv(out, revision->down_revisions);
    g_string_append_c(out, '\n');
    if (*revision->create_date != '\0') {
        g_string_append(out, "    Create Date: ");
        append_escaped(out, revision->create_date);
        g_string_append_c(out, '\n');
    }
}

char *cmig_render_long(const CmigRevision *revision, const GPtrArray *current, const char *mark)
{
    GString *out = g_string_new("Rev: ");
    append_escaped(out, revision->id);
    if (is_head(revision)) /* an effective head too: Alembic's long form does not tell them apart */
        g_string_append(out, " (head)");
    append_points(out, revision);
    if (is_current(revision, current))
        g_string_append(out, " (current)");
    g_string_append(out, mark != NULL ? mark : "");
    g_string_append(out, is_merge_point(revision) ? "\nMerges: " : "\nParent: ");
    append_parents(out, revision);
    if (revision->depends_on[0] != NULL) {
        g_string_append(out, "\nAlso depends on: ");
        append_strv(out, revision->depends_on);
    }
    if (is_branch_point(revision)) {
        g_string_append(out, "\nBranches into: ");
        append_ids(out, revision->children);
    }
    if (revision->labels->len > 0) {
        g_string_append(out, "\nBranch names: ");
        append_array(out, revision->labels);
    }
    g_string_append(out, "\nPath: ");
    append_escaped(out, revision->path);
    g_string_append(out, "\n\n");
    append_docstring(out, revision);
    return g_string_free(out, FALSE);
}

char *cmig_render_move(const CmigRevision *revision, CmigDirection direction)
{
    GString *parents = g_string_new(NULL);
    append_strv(parents, revision->down_revisions);
    g_autofree char *down = g_string_free(parents, FALSE);
    g_autofree char *id = cmig_text_escape(revision->id);
    return direction == CMIG_UPGRADE ? g_strdup_printf("%s -> %s", down, id)
                                     : g_strdup_printf("%s -> %s", id, down);
}

/* JSON holds any character, but only valid UTF-8: a path may be anything. */
json_t *cmig_render_json_text(const char *text)
{
    if (text == NULL)
        return json_null();
    if (g_utf8_validate(text, -1, NULL))
        return json_string(text);
    g_autofree char *escaped = cmig_text_escape(text);
    return json_string(escaped);
}

static json_t *json_strv(char **items)
{
    json_t *list = json_array();
    for (gsize i = 0; items[i] != NULL; i++)
        json_array_append_new(list, cmig_render_json_text(items[i]));
    return list;
}

static json_t *json_labels(const GPtrArray *labels)
{
    json_t *list = json_array();
    for (guint i = 0; i < labels->len; i++)
        json_array_append_new(list, cmig_render_json_text(g_ptr_array_index(labels, i)));
    return list;
}

static json_t *json_ids(const GPtrArray *revisions)
{
    json_t *list = json_array();
    for (guint i = 0; i < revisions->len; i++) {
        const CmigRevision *revision = g_ptr_array_index(revisions, i);
        json_array_append_new(list, cmig_render_json_text(revision->id));
    }
    return list;
}

json_t *cmig_render_json(const CmigRevision *revision, const GPtrArray *current)
{
    const struct {
        const char *key;
        json_t *value;
    } members[] = {
        {"revision", cmig_render_json_text(revision->id)},
        {"down_revision", json_strv(revision->down_revisions)},
        {"depends_on", json_strv(revision->depends_on)},
        {"branch_labels", json_strv(revision->branch_labels)},
        {"branch_names", json_labels(revision->labels)},
        {"branches_into", json_ids(revision->children)},
        {"message", cmig_render_json_text(revision->message)},
        {"create_date", cmig_render_json_text(revision->create_date)},
        {"path", cmig_render_json_text(revision->path)},
        {"is_base", json_boolean(revision->parents->len == 0)},
        {"is_head", json_boolean(is_head(revision))},
        {"is_real_head", json_boolean(is_real_head(revision))},
        {"is_branch_point", json_boolean(is_branch_point(revision))},
        {"is_merge_point", json_boolean(is_merge_point(revision))},
    };
    json_t *object = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
        json_object_set_new(object, members[i].key, members[i].value);
    if (current != NULL)
        json_object_set_new(object, "is_current", json_boolean(is_current(revision, current)));
    return object;
}

json_t *cmig_render_json_list(const GPtrArray *revisions, const GPtrArray *current)
{
    json_t *list = json_array();
    for (guint i = 0; i < revisions->len; i++) {
        const CmigRevision *revision = g_ptr_array_index(revisions, i);
        json_array_append_new(list, cmig_render_json(revision, current));
    }
    return list;
}
