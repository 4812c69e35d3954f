/* Statements of others for people to read: without anything that may be a secret. */
#include "cmig/sql.h"

#include "cmig/text.h"

#include <string.h>

static gboolean is_word(char byte)
{
    return g_ascii_isalnum(byte) || byte == '_' || byte == '$' || (byte & 0x80) != 0;
}

/* Behind the quoted text that begins at `at`, or NULL when its end cannot be told: a backslash
 * before a quote means two things. */
static const char *skip_quoted(const char *at)
{
    char quote = *at;
    for (at++; *at != '\0'; at++) {
        if (*at == '\\' && at[1] == quote)
            return NULL;
        if (*at == quote && at[1] != quote)
            return at + 1;
        if (*at == quote)
            at++;
    }
    return NULL;
}

/* Behind the dollar-quoted text at `at`; `at` itself when there is none, NULL without an end. */
static const char *skip_dollar(const char *at)
{
    const char *tag_end = at + 1;
    while (is_word(*tag_end) && *tag_end != '$')
        tag_end++;
    if (*tag_end != '$' || g_ascii_isdigit(at[1]))
        return at;
    g_autofree char *tag = g_strndup(at, (gsize)(tag_end - at) + 1);
    const char *end = strstr(tag_end + 1, tag);
    return end != NULL ? end + strlen(tag) : NULL;
}

/* Behind a comment at `at`, which may hold old values; nested ones are hidden whole. */
static const char *skip_comment(const char *at)
{
    gboolean line = *at == '-';
    const char *end = line ? strchr(at, '\n') : strstr(at + 2, "*/");
    const char *nested = line ? NULL : strstr(at + 2, "/*");
    if (end == NULL || (nested != NULL && nested < end))
        return NULL;
    return line ? end : end + 2;
}

/* Behind what is hidden at `at`, `at` itself when it may be shown, NULL to hide all the rest. */
static const char *skip_hidden(const char *at)
{
    if (*at == '\'')
        return skip_quoted(at);
    if (*at == '$')
        return skip_dollar(at);
    if ((at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*'))
        return skip_comment(at);
    while (g_ascii_isalnum(*at) || *at == '.') /* of a number; the caller has looked */
        at++;
    return at;
}

char *cmig_sql_redact(const char *text, guint columns)
{
    g_autoptr(GString) shown = g_string_new(NULL);
    const char *at = text;
    while (at != NULL && *at != '\0') {
        gboolean in_word = shown->len > 0 && is_word(shown->str[shown->len - 1]);
        gboolean number = g_ascii_isdigit(*at) && !in_word;
        gboolean comment = (at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*');
        gboolean dollar = *at == '$' && !in_word;
        const char *end = *at == '\'' || number || comment || dollar ? skip_hidden(at) : at;
        if (end == at || (comment && end != NULL)) {
            char byte = comment || g_ascii_isspace(*at) ? ' ' : *at;
            if (byte != ' ' || (shown->len > 0 && shown->str[shown->len - 1] != ' '))
                g_string_append_c(shown, byte);
            at = comment ? end : at + 1;
            continue;
        }
        g_string_append_c(shown, '?');
        at = end;
    }
    g_autofree char *escaped = cmig_text_escape(g_strchomp(shown->str));
    return cmig_text_fit(escaped, columns);
}
