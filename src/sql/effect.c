/* What a statement that runs alone makes or takes away, and its names, so that a driver can look
 * whether it is there. */
#include "cmig/lexer.h"
#include "cmig/sql.h"

/* A statement's tokens, one at a time. */
typedef struct {
    CmigLexer lexer;
    CmigToken token; /* the current one */
} Reader;

static void next(Reader *reader)
{
    if (!cmig_lexer_next(&reader->lexer, &reader->token))
        reader->token.kind = CMIG_TOKEN_END;
}

static gboolean is_word(const Reader *reader, const char *word)
{
    return cmig_lexer_is(&reader->lexer, &reader->token, word);
}

static gboolean is_symbol(const Reader *reader, char symbol)
{
    return reader->token.kind == CMIG_TOKEN_SYMBOL &&
           reader->lexer.text[reader->token.start] == symbol;
}

/* Skips those of `words` that come next, in this order, each of which may be missing. */
static void skip(Reader *reader, const char *const *words)
{
    for (; *words != NULL; words++)
        if (is_word(reader, *words))
            next(reader);
}

/* Skips what is in parentheses, if one opens next. */
static void skip_options(Reader *reader)
{
    if (!is_symbol(reader, '('))
        return;
    while (reader->token.kind != CMIG_TOKEN_END && !is_symbol(reader, ')'))
        next(reader);
    next(reader);
}

/* A name as it is written, with its schema, without comments; NULL when none comes. */
static char *take_name(Reader *reader)
{
    g_autoptr(GString) name = g_string_new(NULL);
    for (;;) {
        if (reader->token.kind != CMIG_TOKEN_WORD && reader->token.kind != CMIG_TOKEN_QUOTED)
            return NULL;
        g_string_append_len(name, reader->lexer.text + reader->token.start,
                            (gssize)(reader->token.end - reader->token.start));
        next(reader);
        if (!is_symbol(reader, '.'))
            return g_strdup(name->str);
        g_string_append_c(name, '.');
        next(reader);
    }
}

static void read_index(Reader *reader, CmigSqlTarget *target)
{
    skip(reader,
         (const char *const[]){"unique", "index", "concurrently", "if", "not", "exists", NULL});
    if (is_word(reader, "on"))
        target->effect = CMIG_SQL_EFFECT_CREATE_UNNAMED_INDEX;
    else
        target->name = take_name(reader);
    skip(reader, (const char *const[]){"on", "only", NULL});
    target->second = take_name(reader);
}

static void read_detach(Reader *reader, CmigSqlTarget *target)
{
    skip(reader, (const char *const[]){"table", "if", "exists", "only", NULL});
    target->name = take_name(reader);
    if (is_symbol(reader, '*'))
        next(reader);
    skip(reader, (const char *const[]){"detach", "partition", NULL});
    target->second = take_name(reader);
}

static void read_reindex(Reader *reader, CmigSqlTarget *target)
{
    skip_options(reader);
    gboolean all = is_word(reader, "database") || is_word(reader, "system");
    next(reader);
    skip(reader, (const char *const[]){"concurrently", NULL});
    g_autofree char *name = take_name(reader);
    target->name = all ? NULL : g_steal_pointer(&name);
}

/* One name behind a word for the kind of object. */
static void read_object(Reader *reader, CmigSqlTarget *target)
{
    next(reader);
    skip(reader, (const char *const[]){"concurrently", "if", "not", "exists", NULL});
    target->name = take_name(reader);
}

typedef struct {
    CmigSqlEffect effect;
    void (*read)(Reader *reader, CmigSqlTarget *target); /* from the statement's second token */
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
    const CmigSqlStatement *statement = cmig_sql_statement(script, index);
    CmigSqlTarget *target = g_new0(CmigSqlTarget, 1);
    Reader reader = {.lexer = {.text = script->text,
                               .length = statement->end,
                               .at = statement->start,
                               .dialect = script->dialect}};
    target->effect = cmig_sql_effect(script, index);
    next(&reader);
    next(&reader);
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
