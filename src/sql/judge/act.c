#include "sql/judge/act.h"

#include <string.h>

static const struct {
    const char *name;
    CmigActKind kind_class; /* NONE = its own */
} kinds[CMIG_KINDS] = {
    [CMIG_KIND_NONE] = {"object", CMIG_KIND_NONE},
    [CMIG_KIND_TABLE] = {"table", CMIG_KIND_TABLE},
    [CMIG_KIND_FOREIGN_TABLE] = {"foreign table", CMIG_KIND_TABLE},
    [CMIG_KIND_VIEW] = {"view", CMIG_KIND_TABLE},
    [CMIG_KIND_MATVIEW] = {"materialized view", CMIG_KIND_TABLE},
    [CMIG_KIND_SEQUENCE] = {"sequence", CMIG_KIND_TABLE},
    [CMIG_KIND_INDEX] = {"index", CMIG_KIND_TABLE},
    [CMIG_KIND_TYPE] = {"type", CMIG_KIND_TYPE},
    [CMIG_KIND_DOMAIN] = {"domain", CMIG_KIND_TYPE},
    [CMIG_KIND_SCHEMA] = {"schema", CMIG_KIND_SCHEMA},
    [CMIG_KIND_DATABASE] = {"database", CMIG_KIND_DATABASE},
    [CMIG_KIND_EXTENSION] = {"extension", CMIG_KIND_EXTENSION},
    [CMIG_KIND_FUNCTION] = {"function", CMIG_KIND_FUNCTION},
    [CMIG_KIND_PROCEDURE] = {"procedure", CMIG_KIND_FUNCTION},
    [CMIG_KIND_AGGREGATE] = {"aggregate", CMIG_KIND_FUNCTION},
    [CMIG_KIND_ROLE] = {"role", CMIG_KIND_ROLE},
    [CMIG_KIND_PREPARED] = {"prepared statement", CMIG_KIND_PREPARED},
    [CMIG_KIND_OTHER] = {"object", CMIG_KIND_OTHER},
};

CmigAct *cmig_act_new(CmigActVerb verb, CmigActKind kind, const char *schema, const char *name)
{
    CmigAct *act = g_new0(CmigAct, 1);
    act->verb = (guint8)verb;
    act->kind = (guint8)kind;
    act->schema = g_strdup(schema);
    act->name = g_strdup(name);
    return act;
}

void cmig_act_free(gpointer data)
{
    CmigAct *act = data;
    g_free(act->schema);
    g_free(act->name);
    g_free(act->part);
    g_free(act->to);
    g_free(act->what);
    g_free(act);
}

const char *cmig_act_kind_name(CmigActKind kind)
{
    return kinds[kind].name;
}

CmigActKind cmig_act_kind_class(CmigActKind kind)
{
    return kinds[kind].kind_class;
}

gboolean cmig_act_arguments_fit(const char *parameters, const char *arguments)
{
    if (parameters == NULL || arguments == NULL)
        return TRUE;
    const char *at = parameters;
    for (; *arguments != '\0'; arguments++) {
        if (*at == '*')
            continue;
        if (*at == '\0' || (*at != '?' && *arguments != '?' && *at != *arguments))
            return FALSE;
        at += at[1] == '=' ? 2 : 1;
    }
    while (*at != '\0' && *at != '*') {
        if (at[1] != '=')
            return FALSE;
        at += 2;
    }
    return TRUE;
}

/* --- Messages: numbers are bytes; a text ends with NUL and begins with 1, none is a NUL only ---
 */

/* The grammar cuts long names by bytes. */
static void repair(char **text)
{
    if (g_utf8_validate(*text, -1, NULL))
        return;
    char *valid = g_utf8_make_valid(*text, -1);
    g_free(*text);
    *text = valid;
}

static void pack_text(GByteArray *message, char **text)
{
    static const guint8 present = 1;
    static const guint8 absent = 0;
    if (*text == NULL) {
        g_byte_array_append(message, &absent, 1);
        return;
    }
    repair(text);
    g_byte_array_append(message, &present, 1);
    g_byte_array_append(message, (const guint8 *)*text, (guint)strlen(*text) + 1);
}

void cmig_acts_pack(GPtrArray *acts, GByteArray *message)
{
    const guint8 understood = acts != NULL;
    g_byte_array_append(message, &understood, 1);
    for (guint idx = 0; acts != NULL && idx < acts->len; idx++) {
        CmigAct *act = acts->pdata[idx];
        const guint8 numbers[] = {act->verb, act->level,     act->flags, act->lock,
                                  act->kind, act->part_kind, act->deeds};
        g_byte_array_append(message, numbers, sizeof numbers);
        pack_text(message, &act->schema);
        pack_text(message, &act->name);
        pack_text(message, &act->part);
        pack_text(message, &act->to);
        pack_text(message, &act->what);
    }
}

typedef struct {
    const guint8 *at;
    const guint8 *end;
} Reader;

static gboolean unpack_text(Reader *reader, char **text)
{
    if (reader->at == reader->end)
        return FALSE;
    if (*reader->at++ == 0)
        return TRUE;
    const guint8 *close = memchr(reader->at, 0, (gsize)(reader->end - reader->at));
    if (close == NULL)
        return FALSE;
    *text = g_strdup((const char *)reader->at);
    reader->at = close + 1;
    return TRUE;
}

/* Numbers that come from elsewhere stay within what they count. */
static gboolean is_sound(const CmigAct *act)
{
    return act->verb < CMIG_ACT_VERBS && act->level <= CMIG_LEVEL_UNBOUNDED &&
           act->lock <= CMIG_LOCK_ACCESS_EXCLUSIVE && act->kind < CMIG_KINDS &&
           act->part_kind < CMIG_PARTS;
}

static gboolean unpack_act(Reader *reader, CmigAct *act)
{
    guint8 *const numbers[] = {&act->verb, &act->level,     &act->flags, &act->lock,
                               &act->kind, &act->part_kind, &act->deeds};
    if ((gsize)(reader->end - reader->at) < G_N_ELEMENTS(numbers))
        return FALSE;
    for (gsize idx = 0; idx < G_N_ELEMENTS(numbers); idx++)
        *numbers[idx] = *reader->at++;
    return is_sound(act) && unpack_text(reader, &act->schema) && unpack_text(reader, &act->name) &&
           unpack_text(reader, &act->part) && unpack_text(reader, &act->to) &&
           unpack_text(reader, &act->what);
}

gboolean cmig_acts_unpack(const guint8 *message, gsize size, GPtrArray **acts)
{
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func(cmig_act_free);
    Reader reader = {message, message + size};
    if (size == 0)
        return FALSE;
    gboolean understood = *reader.at++ != 0;
    while (reader.at < reader.end) {
        CmigAct *act = g_new0(CmigAct, 1);
        g_ptr_array_add(read, act);
        if (!unpack_act(&reader, act))
            return FALSE;
    }
    *acts = understood ? g_steal_pointer(&read) : NULL;
    return TRUE;
}
