/* Names of new revision files: the slug of a message, and the file_template. */
#include "script/internal.h"

#include "cmig/error.h"
#include "cmig/new_revision.h"
#include "cmig/text.h"

#include <string.h>

/* A word character as Python's \w sees it: letters, numbers of every kind, and `_`; no marks. */
static gboolean is_word(gunichar character)
{
    return character == '_' || g_unichar_isalnum(character);
}

/* Lower case as Python's str.lower(): the same in every locale, with dotted I and final sigma,
 * which need more than a table, and the Roman numerals, which are no letters for GLib. */
static void append_lower(GString *out, gunichar before, gunichar character, gunichar after)
{
    if (character == 0x0130) {
        g_string_append(out, "i\xCC\x87");
    } else if (character == 0x03A3) {
        gboolean final = g_unichar_isalpha(before) && !g_unichar_isalpha(after);
        g_string_append_unichar(out, final ? 0x03C2 : 0x03C3);
    } else if (character >= 0x2160 && character <= 0x216F) {
        g_string_append_unichar(out, character + 0x10);
    } else {
        g_string_append_unichar(out, g_unichar_tolower(character));
    }
}

/* Cut to `limit` characters, then back to the last `_`, which stays. */
static void truncate_slug(GString *slug, guint limit)
{
    if (g_utf8_strlen(slug->str, (gssize)slug->len) <= (glong)limit)
        return;
    g_string_truncate(slug, (gsize)(g_utf8_offset_to_pointer(slug->str, limit) - slug->str));
    const char *last = strrchr(slug->str, '_');
    if (last != NULL)
        g_string_truncate(slug, (gsize)(last - slug->str));
    g_string_append_c(slug, '_');
}

char *cmig_slug(const char *message, guint limit)
{
    g_autofree char *valid = g_utf8_make_valid(message ? message : "", -1);
    GString *slug = g_string_new(NULL);
    gunichar before = 0;
    for (char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (is_word(character)) {
            if (slug->len > 0 && !is_word(before))
                g_string_append_c(slug, '_');
            append_lower(slug, before, character, g_utf8_get_char(g_utf8_next_char(at)));
        }
        before = character;
    }
    truncate_slug(slug, limit);
    return g_string_free(slug, FALSE);
}

/* What a token stands for: a text, or a number. */
typedef struct {
    const char *name;
    const char *text;
    gint64 number;
} Token;

/* Formats one `%(name)FORMAT`, FORMAT being [0][width][.precision] and `d` or `s`. Advances `*at`
 * behind it. FALSE = no such format for this token. */
static gboolean append_token(GString *out, const Token *token, const char **at)
{
    const char *from = *at;
    gboolean zero = *from == '0';
    guint width = 0, precision = 0;
    for (; g_ascii_isdigit(*from) && width < 100; from++)
        width = width * 10 + (guint)g_ascii_digit_value(*from);
    if (*from == '.')
        for (from++; g_ascii_isdigit(*from) && precision < 100; from++)
            precision = precision * 10 + (guint)g_ascii_digit_value(*from);
    /* Without a zero a width would pad with spaces. */
    if (width >= 100 || precision >= 100 || (width > 0 && !zero))
        return FALSE;
    if (*from == 's' && token->text != NULL && width == 0 && precision == 0)
        g_string_append(out, token->text);
    else if ((*from == 'd' || *from == 's') && token->text == NULL)
        g_string_append_printf(out, "%0*" G_GINT64_FORMAT, (int)MAX(precision, width),
                               token->number);
    else
        return FALSE;
    *at = from + 1;
    return TRUE;
}

static gboolean fail_template(const char *file_template, const char *what, const char *part,
                              GError **error)
{
    g_autofree char *shown = cmig_text_escape(file_template);
    g_autofree char *shown_part = cmig_text_escape(part);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "file_template '%s': %s%s", shown, what,
                shown_part);
    return FALSE;
}

static gboolean fill(const char *file_template, const Token *tokens, GString *out, GError **error)
{
    for (const char *at = file_template; *at != '\0';) {
        if (*at != '%') {
            g_string_append_c(out, *at++);
            continue;
        }
        if (at[1] == '%') {
            g_string_append_c(out, '%');
            at += 2;
            continue;
        }
        const char *close = at[1] == '(' ? strchr(at, ')') : NULL;
        if (close == NULL)
            return fail_template(file_template, "a % that is neither %(name)s nor %%: ", at, error);
        g_autofree char *name = g_strndup(at + 2, (gsize)(close - at) - 2);
        const Token *token = tokens;
        while (token->name != NULL && !g_str_equal(token->name, name))
            token++;
        if (token->name == NULL) {
            fail_template(file_template, "unknown token ", name, error);
            cmig_error_set_hint(error, "there are rev, slug, epoch, year, month, day, hour, minute "
                                       "and second");
            return FALSE;
        }
        const char *format = close + 1;
        if (!append_token(out, token, &format))
            return fail_template(file_template, "bad format behind ", name, error);
        at = format;
    }
    return TRUE;
}

/* The result must name a file below the version location that load_graph will find. */
static gboolean check_result(const char *file_template, const char *path, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    for (guint idx = 0; parts[idx] != NULL; idx++)
        if (parts[idx][0] == '\0' || parts[idx][0] == '.')
            return fail_template(file_template,
                                 "a part of the path is empty or begins with a dot: ", path, error);
    if (path[0] == '\0')
        return fail_template(file_template, "it gives no name", "", error);
    return TRUE;
}

char *cmig_file_template_fill(const char *file_template, const char *rev, const char *slug,
                              GDateTime *date, GError **error)
{
    const Token tokens[] = {
        {"rev", rev, 0},
        {"slug", slug, 0},
        {"epoch", NULL, g_date_time_to_unix(date)},
        {"year", NULL, g_date_time_get_year(date)},
        {"month", NULL, g_date_time_get_month(date)},
        {"day", NULL, g_date_time_get_day_of_month(date)},
        {"hour", NULL, g_date_time_get_hour(date)},
        {"minute", NULL, g_date_time_get_minute(date)},
        {"second", NULL, g_date_time_get_second(date)},
        {NULL, NULL, 0},
    };
    GString *out = g_string_new(NULL);
    if (!fill(file_template, tokens, out, error) || !check_result(file_template, out->str, error)) {
        g_string_free(out, TRUE);
        return NULL;
    }
    g_string_append(out, ".sql");
    return g_string_free(out, FALSE);
}
