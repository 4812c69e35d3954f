/* libFuzzer: revision files. Whatever the bytes are, the parser neither crashes nor hangs, its two
 * header readers agree, the beginning of a file says what the whole file says, sections lie within
 * the file, and other parents change one line of it. */
#include "cmig/error.h"
#include "cmig/script.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void check_error(const GError *error)
{
    g_assert(error != NULL && error->domain == CMIG_ERROR && strchr(error->message, '\n') == NULL);
    g_assert(g_utf8_validate(error->message, -1, NULL));
}

/* NULL = refused, or more is needed. */
static CmigRevision *parse_header(const char *text, gsize length, gboolean *needs_more)
{
    CmigRevision *revision = NULL;
    GError *error = NULL;
    if (!cmig_script_parse_header(text, length, "f.sql", &revision, needs_more, &error)) {
        check_error(error);
        g_error_free(error);
    }
    return revision;
}

static gboolean same_list(char *const *left, char *const *right)
{
    return g_strv_equal((const char *const *)left, (const char *const *)right);
}

static void assert_same(const CmigRevision *left, const CmigRevision *right)
{
    g_assert((left == NULL) == (right == NULL));
    if (left == NULL)
        return;
    g_assert(g_str_equal(left->id, right->id) && g_str_equal(left->message, right->message) &&
             g_str_equal(left->create_date, right->create_date) &&
             same_list(left->down_revisions, right->down_revisions) &&
             same_list(left->depends_on, right->depends_on) &&
             same_list(left->branch_labels, right->branch_labels));
}

static void check_header(const char *text, gsize length, const CmigRevision *whole)
{
    gboolean needs_more = FALSE;
    gsize cut = length / 2;
    g_autoptr(CmigRevision) beginning = parse_header(text, cut, &needs_more);
    if (!needs_more)
        assert_same(beginning, whole);

    /* A comment above the header makes the fast reader pass. Blank lines would end the block. */
    if (length < 2 || length > 60000 || text[0] != '-' || text[1] != '-' ||
        g_str_has_prefix(text, "-- cmig:"))
        return;
    g_autoptr(GString) commented = g_string_new("-- # by the YAML reader\n");
    g_string_append_len(commented, text, (gssize)length);
    g_autoptr(CmigRevision) slow = parse_header(commented->str, commented->len, NULL);
    assert_same(whole, slow);
}

static void check_sections(const CmigScript *script)
{
    gsize length = g_bytes_get_size(script->content);
    gsize behind = 0;
    for (guint idx = 0; idx < script->sections->len; idx++) {
        const CmigSection *section = g_ptr_array_index(script->sections, idx);
        g_assert(section->start >= behind && section->end >= section->start &&
                 section->end <= length);
        behind = section->end;
    }
}

/* What is around the line stays. */
static void check_edit(GBytes *content, const CmigRevision *whole)
{
    static const char *const parents[] = {"p1", "p2", NULL};
    g_auto(CmigHeaderEdit) edit = {0};
    GError *error = NULL;
    if (!cmig_script_set_parents(content, "f.sql", parents, &edit, &error)) {
        check_error(error);
        g_error_free(error);
        return;
    }
    g_assert(whole != NULL && strstr(edit.before, "down_revision") != NULL);
    gsize length = 0, length_after = 0;
    const char *text = g_bytes_get_data(content, &length);
    const char *after = g_bytes_get_data(edit.content, &length_after);
    gsize start = 0;
    for (guint line = 1; line < edit.line; line++)
        start = (gsize)((const char *)memchr(text + start, '\n', length - start) - text) + 1;
    gsize behind = start + strlen(edit.before), behind_after = start + strlen(edit.after);
    g_assert(length - behind == length_after - behind_after);
    g_assert(memcmp(text, after, start) == 0 &&
             memcmp(text + behind, after + behind_after, length - behind) == 0);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    /* A copy that ends in a NUL, as files are read; the header's copy does not. */
    g_autofree char *text = g_malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    g_autoptr(CmigRevision) whole = parse_header(text, size, NULL);
    check_header(text, size, whole);

    g_autoptr(GBytes) owned = g_bytes_new(text, size + 1);
    g_autoptr(GBytes) content = g_bytes_new_from_bytes(owned, 0, size);
    check_edit(content, whole);
    g_autoptr(CmigScript) script = NULL;
    GError *error = NULL;
    if (cmig_script_parse(content, "f.sql", &script, &error)) {
        g_assert(whole != NULL);
        check_sections(script);
    } else {
        check_error(error);
        g_error_free(error);
    }
    return 0;
}
