/* Variables in configuration values. An unset variable does not end the walk: the caller wants to
 * know whether any other variable of the text is set. */
#include "cmig/expand.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

#define MAX_LEVEL 4
#define MAX_BYTES (64 * 1024)

typedef struct {
    GHashTable *dotenv;
    GString *out;
    CmigExpansion found;
    GError *problem; /* the first one */
    gboolean broken; /* the text itself is wrong: stop */
} Expander;

static void break_off(Expander *expander, const char *message)
{
    expander->broken = TRUE;
    expander->found.unset = FALSE;
    g_clear_error(&expander->problem);
    g_set_error_literal(&expander->problem, CMIG_ERROR, CMIG_ERROR_CONFIG, message);
    cmig_error_set_hint(&expander->problem, "variables are written ${NAME}, ${NAME:-default} or "
                                            "${NAME:?message}; a literal $ is written $$");
}

static void note_unset(Expander *expander, const char *name, const char *message)
{
    if (expander->problem != NULL)
        return;
    expander->found.unset = g_getenv(name) == NULL; /* else it is empty */
    g_autofree char *shown = cmig_text_escape(message);
    g_set_error(&expander->problem, CMIG_ERROR, CMIG_ERROR_CONFIG,
                "the environment variable %s is not set%s%s", name, *shown != '\0' ? ": " : "",
                shown);
}

static void append(Expander *expander, const char *text, gsize length)
{
    if (expander->out->len + length > MAX_BYTES)
        break_off(expander, "the value is larger than 64 KiB after expansion");
    else
        g_string_append_len(expander->out, text, (gssize)length);
}

/* The brace that closes the form whose inside begins at `at`, or NULL. */
static const char *find_close(const char *at, const char *end)
{
    guint open = 1;
    for (; at < end; at++) {
        if (*at == '$' && at + 1 < end && (at[1] == '$' || at[1] == '{')) {
            open += at[1] == '{';
            at++;
        } else if (*at == '}' && --open == 0) {
            return at;
        }
    }
    return NULL;
}

static const char *skip_name(const char *at, const char *end)
{
    if (at < end && g_ascii_isdigit(*at))
        return at;
    while (at < end && (g_ascii_isalnum(*at) || *at == '_'))
        at++;
    return at;
}

/* Appends a variable that is set; `empty_counts` says whether "" is a value. */
static gboolean append_variable(Expander *expander, const char *name, gboolean empty_counts)
{
    const char *value = g_getenv(name);
    gboolean from_dotenv = value == NULL && expander->dotenv != NULL;
    if (from_dotenv)
        value = g_hash_table_lookup(expander->dotenv, name);
    if (value == NULL || (*value == '\0' && !empty_counts))
        return FALSE;
    expander->found.used_variable = TRUE;
    expander->found.used_dotenv |= from_dotenv;
    append(expander, value, strlen(value));
    return TRUE;
}

static void expand_span(Expander *expander, const char *at, const char *end, guint level);

/* `at` and `close` enclose the inside of ${…}. */
static void expand_form(Expander *expander, const char *at, const char *close, guint level)
{
    if (level > MAX_LEVEL) {
        break_off(expander, "${…} is nested more than four levels deep");
        return;
    }
    const char *name_end = skip_name(at, close);
    gboolean plain = name_end == close;
    gboolean has_default = close - name_end >= 2 && strncmp(name_end, ":-", 2) == 0;
    gboolean has_message = close - name_end >= 2 && strncmp(name_end, ":?", 2) == 0;
    if (name_end == at || !(plain || has_default || has_message)) {
        break_off(expander, "a ${…} is not understood");
        return;
    }
    g_autofree char *name = g_strndup(at, (gsize)(name_end - at));
    if (append_variable(expander, name, plain))
        return;
    if (!has_default) {
        g_autofree char *message =
            has_message ? g_strndup(name_end + 2, (gsize)(close - name_end - 2)) : NULL;
        note_unset(expander, name, message);
        return;
    }
    if (name_end + 2 == close)
        expander->found.used_empty_default = TRUE;
    else
        expander->found.used_default = TRUE;
    expand_span(expander, name_end + 2, close, level + 1);
}

/* Recurses into defaults only, to MAX_LEVEL. */
static void expand_span(Expander *expander, const char *at, const char *end, guint level)
{
    while (at < end && !expander->broken) {
        const char *dollar = memchr(at, '$', (gsize)(end - at));
        const char *stop = dollar != NULL ? dollar : end;
        append(expander, at, (gsize)(stop - at));
        at = stop;
        if (at == end)
            return;
        char next = at + 1 < end ? at[1] : '\0';
        if (next != '{') {
            append(expander, "$", 1);
            at += next == '$' ? 2 : 1;
            continue;
        }
        const char *close = find_close(at + 2, end);
        if (close == NULL) {
            break_off(expander, "a ${ is not closed by }");
            return;
        }
        expand_form(expander, at + 2, close, level);
        at = close + 1;
    }
}

char *cmig_expand(const char *text, GHashTable *dotenv, CmigExpansion *expansion, GError **error)
{
    Expander expander = {.dotenv = dotenv, .out = g_string_new(NULL)};
    expand_span(&expander, text, text + strlen(text), 1);
    if (expansion != NULL)
        *expansion = expander.found;
    if (expander.problem != NULL) {
        g_string_free(expander.out, TRUE);
        g_propagate_error(error, expander.problem);
        return NULL;
    }
    return g_string_free(expander.out, FALSE);
}
