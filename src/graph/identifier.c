/* The grammar of what users type for a revision: [BRANCH@][SYMBOL][+N|-N]. Ids hold no sign and
 * labels no hyphen before a digit, so the first sign before a digit begins the number. */
#include "graph/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

void cmig_identifier_clear(CmigIdentifier *identifier)
{
    g_clear_pointer(&identifier->branch, g_free);
    g_clear_pointer(&identifier->symbol, g_free);
    g_clear_pointer(&identifier->anchor, g_free);
}

static const char *find_number(const char *text)
{
    for (; *text != '\0'; text++)
        if ((text[0] == '+' || text[0] == '-') && g_ascii_isdigit(text[1]))
            return text;
    return NULL;
}

/* `digits` begins with one. Saturates. */
static int parse_steps(const char *digits, const char **end)
{
    int steps = 0;
    for (; g_ascii_isdigit(*digits); digits++) {
        int digit = *digits - '0';
        steps = steps > (G_MAXINT - digit) / 10 ? G_MAXINT : steps * 10 + digit;
    }
    *end = digits;
    return steps;
}

static gboolean fail(GError **error, const char *text, const char *why)
{
    g_autofree char *shown = cmig_text_escape(text);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "'%s' is not a revision identifier: %s", shown,
                why);
    return FALSE;
}

gboolean cmig_identifier_parse(const char *text, CmigIdentifier *identifier, GError **error)
{
    const char *at = strchr(text, '@');
    const char *symbol = at != NULL ? at + 1 : text;
    const char *number = find_number(symbol);
    const char *rest = "";
    int steps = number != NULL ? parse_steps(number + 1, &rest) : 0;

    if (text[0] == '\0')
        return fail(error, text, "it is empty; 'base' means before the first revision");
    if (strchr(text, ':') != NULL) {
        g_autofree char *shown = cmig_text_escape(text);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "Range revision not allowed: '%s'", shown);
        return FALSE;
    }
    if (strchr(symbol, '@') != NULL)
        return fail(error, text, "it has more than one '@'");
    if (at == text)
        return fail(error, text, "there is no branch before '@'");
    if (symbol[0] == '\0')
        return fail(error, text, "there is nothing behind '@'");
    if (rest[0] != '\0')
        return fail(error, text, "nothing may follow the relative number");

    if (steps == G_MAXINT)
        return fail(error, text, "the relative number is too large");

    const char *end = number != NULL ? number : text + strlen(text);
    identifier->branch = at != NULL ? g_strndup(text, (gsize)(at - text)) : NULL;
    identifier->symbol = g_strndup(symbol, (gsize)(end - symbol));
    identifier->anchor = g_strndup(text, (gsize)(end - text));
    identifier->relative = number != NULL;
    identifier->steps = number != NULL && *number == '-' ? -steps : steps;
    return TRUE;
}
