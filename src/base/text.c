#include "cmig/text.h"

#include <string.h>

/* Characters that move the cursor, end the line or turn the reading direction. */
static gboolean is_unsafe(gunichar character)
{
    return character < 0x20 || (character >= 0x7f && character <= 0x9f) || character == 0x2028 ||
           character == 0x2029 || character == 0x061c || character == 0x200e ||
           character == 0x200f || (character >= 0x202a && character <= 0x202e) ||
           (character >= 0x2066 && character <= 0x2069) || character == 0xfeff;
}

static char *escape(const char *text, gboolean keep_lines)
{
    GString *out = g_string_new(NULL);
    for (const char *at = text ? text : ""; *at != '\0';) {
        gunichar character = g_utf8_get_char_validated(at, -1);
        if (character == (gunichar)-1 || character == (gunichar)-2) {
            g_string_append_printf(out, "\\x%02X", (guint8)*at);
            at++;
            continue;
        }
        if (!is_unsafe(character) || (keep_lines && (character == '\n' || character == '\t')))
            g_string_append_unichar(out, character);
        else if (character == '\n')
            g_string_append(out, "\\n");
        else if (character == '\t')
            g_string_append(out, "\\t");
        else if (character == '\r')
            g_string_append(out, "\\r");
        else if (character < 0x100)
            g_string_append_printf(out, "\\x%02X", character);
        else
            g_string_append_printf(out, "\\u{%04X}", character);
        at = g_utf8_next_char(at);
    }
    return g_string_free(out, FALSE);
}

char *cmig_text_escape(const char *text)
{
    return escape(text, FALSE);
}

char *cmig_text_escape_block(const char *text)
{
    return escape(text, TRUE);
}

void cmig_text_locate(const char *text, gsize length, gsize offset, guint *line, guint *column)
{
    gsize end = MIN(offset, length);
    gsize line_start = 0;
    guint lines = 1;
    for (gsize at = 0; at < end; at++) {
        if (text[at] == '\n') {
            lines++;
            line_start = at + 1;
        }
    }
    guint characters = 1;
    for (gsize at = line_start; at < end; at++)
        if (((guint8)text[at] & 0xC0) != 0x80) /* not a continuation byte */
            characters++;
    *line = lines;
    *column = characters;
}

gsize cmig_text_offset_of_character(const char *text, gsize length, gsize characters)
{
    gsize at = 0;
    for (gsize seen = 0; at < length; at++) {
        if (((guint8)text[at] & 0xC0) == 0x80)
            continue;
        if (seen++ == characters)
            return at;
    }
    return length;
}

/* Levenshtein distance in bytes; words are short. */
static guint edit_distance(const char *left, const char *right)
{
    gsize columns = strlen(right) + 1;
    g_autofree guint *row = g_new(guint, columns);
    for (gsize col = 0; col < columns; col++)
        row[col] = (guint)col;
    for (gsize line = 0; left[line] != '\0'; line++) {
        guint diagonal = row[0];
        row[0] = (guint)line + 1;
        for (gsize col = 1; col < columns; col++) {
            guint above = row[col];
            guint change =
                diagonal + (g_ascii_tolower(left[line]) != g_ascii_tolower(right[col - 1]));
            row[col] = MIN(change, MIN(above, row[col - 1]) + 1);
            diagonal = above;
        }
    }
    return row[columns - 1];
}

const char *cmig_text_suggest(const char *word, const char *const *candidates)
{
    const char *best = NULL;
    gsize length = strlen(word);
    guint limit = (guint)MAX(length / 3, 1) + 1;
    if (length > 64)
        return NULL;
    for (gsize idx = 0; candidates[idx] != NULL; idx++) {
        gsize other = strlen(candidates[idx]);
        if (other > length + limit || length > other + limit)
            continue;
        guint distance = edit_distance(word, candidates[idx]);
        if (distance < limit) {
            limit = distance;
            best = candidates[idx];
        }
    }
    return best;
}

gboolean cmig_text_is_revision_id(const char *text)
{
    gsize length = strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.");
    return length >= 1 && length <= 32 && text[length] == '\0' && g_ascii_isalnum(text[0]);
}

gboolean cmig_text_is_blank(const char *text)
{
    return text == NULL || text[strspn(text, " \t\r\n")] == '\0';
}

gboolean cmig_text_is_variable_name(const char *text)
{
    gsize length = strspn(text, G_CSET_A_2_Z G_CSET_a_2_z "0123456789_");
    return length > 0 && text[length] == '\0' && !g_ascii_isdigit(text[0]);
}

static guint columns_of(const char *at)
{
    return g_unichar_iswide(g_utf8_get_char(at))        ? 2
           : g_unichar_iszerowidth(g_utf8_get_char(at)) ? 0
                                                        : 1;
}

char *cmig_text_fit(const char *text, guint columns)
{
    guint used = 0;
    const char *cut = text; /* what fits with a mark behind it */
    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
        used += columns_of(at);
        if (used > columns)
            return g_strdup_printf("%.*s%s", (int)(cut - text), text, columns > 0 ? "…" : "");
        if (used < columns)
            cut = g_utf8_next_char(at);
    }
    return g_strdup(text);
}

char *cmig_text_shell_word(const char *text)
{
    static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z "0123456789_-+=@:./,";
    g_autofree char *escaped = cmig_text_escape(text);
    if (*escaped != '\0' && escaped[strspn(escaped, plain)] == '\0')
        return g_steal_pointer(&escaped);
    return g_shell_quote(escaped);
}

char *cmig_text_names(const GPtrArray *texts)
{
    enum { SHOWN = 12 };
    GString *names = g_string_new(NULL);
    for (guint idx = 0; idx < texts->len && idx < SHOWN; idx++) {
        g_autofree char *shown = cmig_text_escape(texts->pdata[idx]);
        g_string_append_printf(names, "%s%s", idx > 0 ? ", " : "", shown);
    }
    if (texts->len > SHOWN)
        g_string_append_printf(names, " and %u more", texts->len - SHOWN);
    return g_string_free(names, FALSE);
}

/* Longer values come first: they may hold others. */
static gint compare_lengths(gconstpointer left, gconstpointer right, gpointer secrets)
{
    gsize first = strlen(g_hash_table_lookup(secrets, left));
    gsize second = strlen(g_hash_table_lookup(secrets, right));
    return first == second ? strcmp(left, right) : first < second ? 1 : -1;
}

char *cmig_text_hide(const char *text, GHashTable *secrets)
{
    enum { SHORTEST = 4 }; /* less is no secret, and part of many words */
    g_autoptr(GString) shown = g_string_new(text);
    g_autoptr(GList) names = secrets != NULL ? g_hash_table_get_keys(secrets) : NULL;
    names = g_list_sort_with_data(names, compare_lengths, secrets);
    for (const GList *at = names; at != NULL; at = at->next) {
        g_autofree char *bare = g_strstrip(g_strdup(g_hash_table_lookup(secrets, at->data)));
        g_autofree char *value = cmig_text_escape(bare);
        g_autofree char *name = g_strconcat(":", at->data, NULL);
        if (strlen(value) >= SHORTEST)
            g_string_replace(shown, value, name, 0);
    }
    return g_strdup(shown->str);
}
