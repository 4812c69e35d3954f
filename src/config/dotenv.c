/* .env files, line by line. Values are secrets: no message shows any part of a line but its name.
 */
#include "cmig/dotenv.h"

#include "cmig/error.h"

#include <string.h>

typedef struct {
    const char *file;
    const char *line; /* its begin */
    guint number;
} Line;

/* Always FALSE. `at` is where in the line it went wrong. */
static gboolean fail(const Line *line, const char *at, GError **error, const char *message)
{
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG, message);
    cmig_error_set_place(error, line->file, line->number,
                         (guint)g_utf8_pointer_to_offset(line->line, at) + 1);
    return FALSE;
}

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

static const char *skip_name(const char *at)
{
    if (!g_ascii_isalpha(*at) && *at != '_')
        return at;
    while (g_ascii_isalnum(*at) || *at == '_' || *at == '.' || *at == '-')
        at++;
    return at;
}

static char *bare_value(const char *at)
{
    const char *end = at;
    while (*end != '\0' && !(*end == '#' && (end[-1] == ' ' || end[-1] == '\t')))
        end++;
    while (end > at && g_ascii_isspace(end[-1]))
        end--;
    return g_strndup(at, (gsize)(end - at));
}

/* `at` is behind the opening quote. Returns the closing one, or NULL. */
static const char *read_quoted(const char *at, char quote, GString *value)
{
    static const char escapes[] = "nrt\"\\$";
    static const char meanings[] = "\n\r\t\"\\$";
    for (; *at != '\0' && *at != quote; at++) {
        const char *escape = at[1] != '\0' ? strchr(escapes, at[1]) : NULL;
        if (quote == '"' && *at == '\\' && escape != NULL) {
            g_string_append_c(value, meanings[escape - escapes]);
            at++;
        } else {
            g_string_append_c(value, *at);
        }
    }
    return *at == quote ? at : NULL;
}

static gboolean read_value(const Line *line, const char *at, char **value, GError **error)
{
    if (*at != '"' && *at != '\'') {
        *value = bare_value(at);
        return TRUE;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    const char *close = read_quoted(at + 1, *at, text);
    if (close == NULL)
        return fail(line, at, error,
                    "the quote is not closed on this line; a value of several lines is not "
                    "supported (write \\n in double quotes)");
    const char *rest = skip_blanks(close + 1);
    if (*rest != '\0' && *rest != '#')
        return fail(line, rest, error, "unexpected text behind the closing quote");
    *value = g_string_free(g_steal_pointer(&text), FALSE);
    return TRUE;
}

static gboolean read_line(const Line *line, GHashTable *found, GHashTable *lines, GError **error)
{
    const char *name = skip_blanks(line->line);
    if (*name == '\0' || *name == '#')
        return TRUE;
    if (g_str_has_prefix(name, "export") && (name[6] == ' ' || name[6] == '\t'))
        name = skip_blanks(name + 6);
    const char *name_end = skip_name(name);
    const char *equals = skip_blanks(name_end);
    if (name_end == name || *equals != '=')
        return fail(line, name, error, "not an assignment: expected NAME=value");

    char *value = NULL;
    if (!read_value(line, skip_blanks(equals + 1), &value, error))
        return FALSE;
    char *key = g_strndup(name, (gsize)(name_end - name));
    if (lines != NULL)
        g_hash_table_insert(lines, g_strdup(key), GUINT_TO_POINTER(line->number));
    g_hash_table_insert(found, key, value);
    return TRUE;
}

/* NUL and bytes that are not UTF-8 would be cut off or mangled further on. */
static gboolean check_text(const char *text, gsize length, const char *file, GError **error)
{
    const char *end = NULL;
    if (g_utf8_validate_len(text, length, &end))
        return TRUE;
    guint number = 1;
    for (const char *at = text; at < end; at++)
        number += *at == '\n';
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                        "not valid UTF-8, or a NUL character");
    cmig_error_set_place(error, file, number, 0);
    return FALSE;
}

gboolean cmig_dotenv_parse(const char *text, gsize length, const char *file, GHashTable *into,
                           GHashTable *lines, GError **error)
{
    if (!check_text(text, length, file, error))
        return FALSE;
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        length -= 3;
    }
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const char *end = text + length;
    guint number = 1;
    for (const char *at = text; at < end; number++) {
        const char *newline = memchr(at, '\n', (gsize)(end - at));
        const char *line_end = newline != NULL ? newline : end;
        gsize bytes = (gsize)(line_end - at);
        if (bytes > 0 && at[bytes - 1] == '\r')
            bytes--;
        g_autofree char *copy = g_strndup(at, bytes);
        if (!read_line(&(Line){file, copy, number}, found, lines, error))
            return FALSE;
        at = line_end + 1;
    }
    GHashTableIter iter;
    gpointer name = NULL;
    gpointer value = NULL;
    g_hash_table_iter_init(&iter, found);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        g_hash_table_iter_steal(&iter);
        if (g_hash_table_contains(into, name)) {
            g_free(name);
            g_free(value);
        } else {
            g_hash_table_insert(into, name, value);
        }
    }
    return TRUE;
}
