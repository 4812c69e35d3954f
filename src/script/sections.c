/* The body of a revision file: cuts it into sections at the `-- cmig:` lines. A line that begins
 * with the marker is one wherever it stands, also inside of a string: the file is cut before
 * anything knows what SQL is in it. */
#include "script/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

/* What is being parsed, for error places. */
typedef struct {
    const char *text;
    gsize length;
    const char *path;
} Source;

static gboolean fail_at(const Source *source, gsize offset, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static gboolean fail_at(const Source *source, gsize offset, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    guint line = 0, column = 0;
    cmig_text_locate(source->text, source->length, offset, &line, &column);
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG, message);
    cmig_error_set_place(error, source->path, line, column);
    return FALSE;
}

static void section_free(gpointer data)
{
    CmigSection *section = data;
    g_free(section->reason);
    g_free(section);
}

void cmig_script_free(CmigScript *script)
{
    if (script == NULL)
        return;
    cmig_revision_free(script->revision);
    g_clear_pointer(&script->content, g_bytes_unref);
    g_clear_pointer(&script->sections, g_ptr_array_unref);
    g_free(script);
}

/* The next word of a marker line, from `*at`; a quoted text is one word. NULL at the end. */
static char *next_word(const Source *source, gsize *at, gsize end, gsize *start)
{
    while (*at < end && (source->text[*at] == ' ' || source->text[*at] == '\t'))
        (*at)++;
    if (*at == end)
        return NULL;
    *start = *at;
    const char *from = source->text + *at;
    const char *close = *from == '"' ? memchr(from + 1, '"', end - *at - 1) : NULL;
    gsize size = 0;
    if (close != NULL)
        size = (gsize)(close - from) + 1;
    else
        while (*at + size < end && from[size] != ' ' && from[size] != '\t')
            size++;
    *at += size;
    return g_strndup(from, size);
}

/* What the options of one marker line have said so far. */
typedef struct {
    CmigSection *section;
    gboolean has_transaction;
    gboolean has_substitute;
} Options;

static gboolean read_transaction(Options *options, const char *word)
{
    if (options->has_transaction)
        return FALSE;
    options->has_transaction = TRUE;
    gboolean on = g_str_equal(word, "transaction=on");
    options->section->transaction = on ? CMIG_SECTION_ON : CMIG_SECTION_OFF;
    return on || g_str_equal(word, "transaction=off");
}

static gboolean read_substitute(Options *options, const char *word)
{
    if (options->has_substitute)
        return FALSE;
    options->has_substitute = TRUE;
    options->section->substitute = g_str_equal(word, "substitute=on");
    return options->section->substitute || g_str_equal(word, "substitute=off");
}

static gboolean read_reason(Options *options, const char *word)
{
    gsize length = strlen(word);
    if (!options->section->irreversible || options->section->reason != NULL || length < 2 ||
        word[length - 1] != '"')
        return FALSE;
    options->section->reason = g_strndup(word + 1, length - 2);
    return TRUE;
}

static gboolean read_option(Options *options, const char *word)
{
    CmigSection *section = options->section;
    if (g_str_has_prefix(word, "transaction="))
        return read_transaction(options, word);
    if (g_str_has_prefix(word, "substitute="))
        return read_substitute(options, word);
    if (word[0] == '"')
        return read_reason(options, word);
    if (g_str_equal(word, "none") && !section->upgrade && !section->irreversible) {
        section->irreversible = TRUE;
        return TRUE;
    }
    return section->dialect == CMIG_DIALECT_ANY && cmig_dialect_parse(word, &section->dialect);
}

static gboolean read_options(const Source *source, gsize at, gsize end, CmigSection *section,
                             GError **error)
{
    static const char *const known[] = {
        "postgresql",    "sqlite",         "transaction=on", "transaction=off",
        "substitute=on", "substitute=off", "none",           NULL,
    };
    Options options = {.section = section};
    gsize start = at;
    for (;;) {
        g_autofree char *word = next_word(source, &at, end, &start);
        if (word == NULL)
            break;
        if (!g_utf8_validate(word, -1, NULL) || !read_option(&options, word)) {
            g_autofree char *shown = cmig_text_escape(word);
            const char *suggestion = cmig_text_suggest(word, known);
            fail_at(source, start, error, "'%s' cannot stand here on a `-- cmig:%s` line", shown,
                    section->upgrade ? "upgrade" : "downgrade");
            if (suggestion != NULL && !g_str_equal(suggestion, word))
                cmig_error_set_hint(error, "did you mean '%s'?", suggestion);
            else
                cmig_error_set_hint(error,
                                    "a dialect (postgresql, sqlite), transaction=on or off, "
                                    "substitute=on or off%s",
                                    section->upgrade ? "" : ", or none \"reason\"");
            return FALSE;
        }
    }
    if (section->irreversible && options.has_transaction)
        return fail_at(source, start, error, "`none` and `transaction=` contradict each other");
    if (section->irreversible && options.has_substitute)
        return fail_at(source, start, error, "`none` and `substitute=` contradict each other");
    return TRUE;
}

/* Whether only blanks and comments are between `start` and `end`; else `*at` is where not. */
static gboolean is_only_comments(const Source *source, gsize start, gsize end, gsize *at)
{
    const char *text = source->text;
    for (*at = start; *at < end;) {
        gsize left = end - *at;
        if (g_ascii_isspace(text[*at])) {
            (*at)++;
        } else if (left >= 2 && memcmp(text + *at, "--", 2) == 0) {
            const char *newline = memchr(text + *at, '\n', left);
            *at = newline ? (gsize)(newline - text) : end;
        } else if (left >= 4 && memcmp(text + *at, "/*", 2) == 0) {
            const char *close = g_strstr_len(text + *at + 2, (gssize)(left - 2), "*/");
            if (close == NULL)
                return FALSE;
            *at = (gsize)(close - text) + 2;
        } else {
            return FALSE;
        }
    }
    return TRUE;
}

/* Ends the section that is open, or the space before the first one, at `end`. */
static gboolean end_section(const Source *source, CmigScript *script, gsize body, gsize end,
                            GError **error)
{
    gsize at = 0;
    if (script->sections->len == 0) {
        if (is_only_comments(source, body, end, &at))
            return TRUE;
        fail_at(source, at, error, "text before the first section");
        cmig_error_set_hint(error, "put a line `-- cmig:upgrade` before it");
        return FALSE;
    }
    CmigSection *section = g_ptr_array_index(script->sections, script->sections->len - 1);
    section->end = end;
    if (section->irreversible && !is_only_comments(source, section->start, end, &at))
        return fail_at(source, at, error, "SQL below `-- cmig:downgrade none`");
    return TRUE;
}

static gboolean check_unique(const Source *source, const CmigScript *script,
                             const CmigSection *section, gsize marker, GError **error)
{
    for (guint idx = 0; idx < script->sections->len; idx++) {
        const CmigSection *other = g_ptr_array_index(script->sections, idx);
        if (other->upgrade == section->upgrade && other->dialect == section->dialect)
            return fail_at(
                source, marker, error, "a second %s section for %s; the first one is on line %u",
                section->upgrade ? "upgrade" : "downgrade",
                section->dialect == CMIG_DIALECT_ANY ? "all databases"
                                                     : cmig_dialect_name(section->dialect),
                other->marker_line);
    }
    return TRUE;
}

/* One marker line, `marker` to `end` (line end excluded). Writes the new section, or NULL for a
 * marker that stays part of the body. */
static gboolean read_marker(const Source *source, gsize marker, gsize end, CmigSection **section,
                            GError **error)
{
    static const char *const words[] = {"upgrade", "downgrade", "ignore", NULL};
    gsize at = marker + strlen(CMIG_MARKER);
    gsize word_start = at;
    while (at < end && source->text[at] != ' ' && source->text[at] != '\t')
        at++;
    g_autofree char *word = g_strndup(source->text + word_start, at - word_start);
    *section = NULL;
    if (g_str_equal(word, "ignore"))
        return TRUE;
    if (!g_str_equal(word, "upgrade") && !g_str_equal(word, "downgrade")) {
        g_autofree char *shown = cmig_text_escape(word);
        const char *suggestion = cmig_text_suggest(word, words);
        fail_at(source, word_start, error, "unknown line `-- cmig:%s`", shown);
        if (suggestion != NULL)
            cmig_error_set_hint(error, "did you mean `-- cmig:%s`?", suggestion);
        return FALSE;
    }
    CmigSection *made = g_new0(CmigSection, 1);
    made->upgrade = word[0] == 'u';
    if (!read_options(source, at, end, made, error)) {
        section_free(made);
        return FALSE;
    }
    *section = made;
    return TRUE;
}

static gboolean read_sections(const Source *source, CmigScript *script, gsize from, guint line,
                              GError **error)
{
    for (gsize at = from; at < source->length; line++) {
        const char *newline = memchr(source->text + at, '\n', source->length - at);
        gsize end = newline ? (gsize)(newline - source->text) : source->length;
        gsize next = newline ? end + 1 : end;
        gsize size = end - at;
        if (size >= strlen(CMIG_MARKER) &&
            memcmp(source->text + at, CMIG_MARKER, strlen(CMIG_MARKER)) == 0) {
            CmigSection *section = NULL;
            gsize line_end = source->text[end - 1] == '\r' ? end - 1 : end;
            if (!read_marker(source, at, line_end, &section, error))
                return FALSE;
            if (section != NULL) {
                if (!end_section(source, script, from, at, error) ||
                    !check_unique(source, script, section, at, error)) {
                    section_free(section);
                    return FALSE;
                }
                section->marker_line = line;
                section->first_line = line + 1;
                section->start = next;
                g_ptr_array_add(script->sections, section);
            }
        }
        at = next;
    }
    return end_section(source, script, from, source->length, error);
}

static gboolean has_upgrade(const CmigScript *script)
{
    for (guint idx = 0; idx < script->sections->len; idx++)
        if (((const CmigSection *)g_ptr_array_index(script->sections, idx))->upgrade)
            return TRUE;
    return FALSE;
}

static gboolean has_bom(GBytes *content)
{
    gsize length = 0;
    const char *text = g_bytes_get_data(content, &length);
    return length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
}

gboolean cmig_script_parse(GBytes *content, const char *path, CmigScript **script, GError **error)
{
    g_autoptr(CmigScript) made = g_new0(CmigScript, 1);
    made->content = has_bom(content)
                        ? g_bytes_new_from_bytes(content, 3, g_bytes_get_size(content) - 3)
                        : g_bytes_ref(content);
    made->sections = g_ptr_array_new_with_free_func(section_free);
    Source source = {.path = path};
    source.text = g_bytes_get_data(made->content, &source.length);
    if (source.text == NULL)
        source.text = "";

    /* The header reader would drop it: it reads files from their first byte. */
    if (has_bom(made->content))
        return fail_at(&source, 0, error, "a second byte order mark");
    if (!cmig_script_parse_header(source.text, source.length, path, &made->revision, NULL, error))
        return FALSE;
    const char *nul = memchr(source.text, '\0', source.length);
    if (nul != NULL)
        return fail_at(&source, (gsize)(nul - source.text), error, "a NUL byte");
    CmigHeaderSpan span = {0};
    CmigHeaderState state = cmig_header_find(source.text, source.length, TRUE, &span);
    g_assert(state == CMIG_HEADER_FOUND);
    guint line = 0, column = 0;
    cmig_text_locate(source.text, source.length, span.end, &line, &column);
    if (!read_sections(&source, made, span.end, line, error))
        return FALSE;
    if (!has_upgrade(made)) {
        fail_at(&source, span.start, error, "a revision file without a `-- cmig:upgrade` section");
        cmig_error_set_hint(error, "an empty section is a revision that does nothing");
        return FALSE;
    }
    *script = g_steal_pointer(&made);
    return TRUE;
}
