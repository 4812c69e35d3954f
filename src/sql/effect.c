/* What a statement that runs alone makes or takes away, and its names, so that a driver can look
 * whether it is there. */
#include "cmig/reader.h"

/* Skips those of `words` that come next, in this order, each of which may be missing. */
static void skip(CmigReader *reader, const char *const *words)
{
    for (; *words != NULL; words++)
        if (cmig_reader_is(reader, *words))
            cmig_reader_next(reader);
}

/* Skips what is in parentheses, if one opens next. */
static void skip_options(CmigReader *reader)
{
    if (!cmig_reader_is_symbol(reader, '('))
        return;
    while (reader->token.kind != CMIG_TOKEN_END && !cmig_reader_is_symbol(reader, ')'))
        cmig_reader_next(reader);
    cmig_reader_next(reader);
}

/* A name as it is written, with its schema, without comments; NULL when none comes. */
static char *take_name(CmigReader *reader)
{
    g_autoptr(GString) name = g_string_new(NULL);
    for (;;) {
        if (reader->token.kind != CMIG_TOKEN_WORD && reader->token.kind != CMIG_TOKEN_QUOTED)
            return NULL;
        g_string_append_len(name, reader->lexer.text + reader->token.start,
                            (gssize)(reader->token.end - reader->token.start));
        cmig_reader_next(reader);
        if (!cmig_reader_is_symbol(reader, '.'))
            return g_strdup(name->str);
        g_string_append_c(name, '.');
        cmig_reader_next(reader);
    }
}

static void read_index(CmigReader *reader, CmigSqlTarget *target)
{
    skip(reader,
         (const char *const[]){"unique", "index", "concurrently", "if", "not", "exists", NULL});
    if (cmig_reader_is(reader, "on"))
        target->effect = CMIG_SQL_EFFECT_CREATE_UNNAMED_INDEX;
    else
        target->name = take_name(reader);
    skip(reader, (const char *const[]){"on", "only", NULL});
    target->second = take_name(reader);
}

static void read_detach(CmigReader *reader, CmigSqlTarget *target)
{
    skip(reader, (const char *const[]){"table", "if", "exists", "only", NULL});
    target->name = take_name(reader);
    if (cmig_reader_is_symbol(reader, '*'))
        cmig_reader_next(reader);
    skip(reader, (const char *const[]){"detach", "partition", NULL});
    target->second = take_name(reader);
}

static void read_reindex(CmigReader *reader, CmigSqlTarget *target)
{
    skip_options(reader);
    gboolean all = cmig_reader_is(reader, "database") || cmig_reader_is(reader, "system");
    cmig_reader_next(reader);
    skip(reader, (const char *const[]){"concurrently", NULL});
    g_autofree char *name = take_name(reader);
    target->name = all ? NULL : g_steal_pointer(&name);
}

/* One name behind a word for the kind of object. */
static void read_object(CmigReader *reader, CmigSqlTarget *target)
{
    cmig_reader_next(reader);
    skip(reader, (const char *const[]){"concurrently", "if", "not", "exists", NULL});
    target->name = take_name(reader);
}

typedef struct {
    CmigSqlEffect effect;
    void (*read)(CmigReader *reader, CmigSqlTarget *target); /* from the statement's second token */
} Shape;

static const Shape shapes[] = {
    {CMIG_SQL_EFFECT_CREATE_INDEX, read_index},
    {CMIG_SQL_EFFECT_DROP_INDEX, read_object},
    {CMIG_SQL_EFFECT_REINDEX, read_reindex},
    {CMIG_SQL_EFFECT_DETACH, read_detach},
    {CMIG_SQL_EFFECT_CREATE_DATABASE, read_object},
    {CMIG_SQL_EFFECT_DROP_DATABASE, read_object},
    {CMIG_SQL_EFFECT_CREATE_TABLESPACE, read_object},
    {CMIG_SQL_EFFECT_DROP_TABLESPACE, read_object},
    {CMIG_SQL_EFFECT_CREATE_SUBSCRIPTION, read_object},
    {CMIG_SQL_EFFECT_DROP_SUBSCRIPTION, read_object},
};

CmigSqlTarget *cmig_sql_target(const CmigSqlScript *script, guint index)
{
    CmigSqlTarget *target = g_new0(CmigSqlTarget, 1);
    CmigReader reader = cmig_reader_of(script, index);
    target->effect = cmig_sql_effect(script, index);
    cmig_reader_next(&reader);
    for (gsize idx = 0; idx < G_N_ELEMENTS(shapes); idx++) {
        if (shapes[idx].effect != target->effect)
            continue;
        shapes[idx].read(&reader, target);
        break;
    }
    return target;
}

void cmig_sql_target_free(CmigSqlTarget *target)
{
    if (target == NULL)
        return;
    g_free(target->name);
    g_free(target->second);
    g_free(target);
}
