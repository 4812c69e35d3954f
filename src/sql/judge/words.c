/* The judge by words: for statements that no parser understands. It knows what a plain INSERT is;
 * of everything else it only says how bad the words look. */
#include "sql/judge/words.h"
#include "cmig/reader.h"

#include <string.h>

/* --- Plain INSERT --- */

/* Goes on. FALSE: what comes next is not ended. */
static gboolean advance(CmigReader *reader)
{
    cmig_reader_next(reader);
    return reader->lexer.problem == NULL;
}

static gboolean skip_word(CmigReader *reader, const char *word)
{
    return cmig_reader_is(reader, word) && advance(reader);
}

static gboolean skip_symbol(CmigReader *reader, char symbol)
{
    return cmig_reader_is_symbol(reader, symbol) && advance(reader);
}

static gboolean skip_name(CmigReader *reader)
{
    return (reader->token.kind == CMIG_TOKEN_WORD || reader->token.kind == CMIG_TOKEN_QUOTED) &&
           advance(reader);
}

/* a, a.b, a.b.c */
static gboolean skip_dotted_name(CmigReader *reader)
{
    do
        if (!skip_name(reader))
            return FALSE;
    while (skip_symbol(reader, '.'));
    return TRUE;
}

static gboolean skip_columns(CmigReader *reader)
{
    if (!skip_symbol(reader, '('))
        return TRUE;
    do
        if (!skip_name(reader))
            return FALSE;
    while (skip_symbol(reader, ','));
    return skip_symbol(reader, ')');
}

/* Behind `::`: a type's name, its numbers in parentheses, brackets of an array. What stands in
 * these is read on as values are. */
static gboolean skip_cast(CmigReader *reader)
{
    if (!cmig_reader_is_symbol(reader, ':'))
        return FALSE;
    gsize first = reader->token.start;
    return advance(reader) && cmig_reader_is_symbol(reader, ':') &&
           reader->token.start == first + 1 && advance(reader) && skip_dotted_name(reader);
}

/* X'00', B'01': the letter directly before the quote. */
static gboolean skip_prefixed_string(CmigReader *reader)
{
    if (!cmig_reader_is(reader, "x") && !cmig_reader_is(reader, "b") &&
        !cmig_reader_is(reader, "n"))
        return FALSE;
    gsize behind = reader->token.end;
    return advance(reader) && reader->token.kind == CMIG_TOKEN_STRING &&
           reader->token.start == behind && advance(reader);
}

/* One token of what may stand behind VALUES. */
static gboolean skip_value(CmigReader *reader)
{
    static const char *const words[] = {"null", "true", "false", "default"};
    switch (reader->token.kind) {
    case CMIG_TOKEN_STRING:
    case CMIG_TOKEN_NUMBER:
        return advance(reader);
    case CMIG_TOKEN_SYMBOL:
        if (cmig_reader_is_symbol(reader, ':'))
            return skip_cast(reader);
        return strchr("(),+-.[]", reader->lexer.text[reader->token.start]) != NULL &&
               advance(reader);
    case CMIG_TOKEN_WORD:
        for (gsize idx = 0; idx < G_N_ELEMENTS(words); idx++)
            if (cmig_reader_is(reader, words[idx]))
                return advance(reader) && !cmig_reader_is_symbol(reader, '(');
        return skip_prefixed_string(reader);
    default:
        return FALSE;
    }
}

static gboolean begins_with(const char *text, const char *word)
{
    return g_ascii_strncasecmp(text, word, strlen(word)) == 0;
}

/* The system's own tables and cmig's are not for plain rows: pg_catalog.x, pg_x. */
static gboolean is_special_name(const CmigReader *reader)
{
    const char *name = reader->lexer.text + reader->token.start;
    if (reader->token.kind == CMIG_TOKEN_QUOTED)
        name++;
    return begins_with(name, CMIG_FACT_RECORDS) ||
           (reader->lexer.dialect == CMIG_DIALECT_POSTGRESQL && begins_with(name, "pg_"));
}

gboolean cmig_words_plain_insert(const CmigSqlScript *script, guint index, CmigPlainInsert *insert)
{
    CmigReader reader = cmig_reader_of(script, index);
    if (!skip_word(&reader, "insert") || !skip_word(&reader, "into"))
        return FALSE;
    CmigPlainInsert found = {.start = reader.token.start};
    do {
        if (is_special_name(&reader) || !skip_name(&reader))
            return FALSE;
        found.end = reader.token.start;
    } while (skip_symbol(&reader, '.'));
    if (!skip_columns(&reader) || !skip_word(&reader, "values"))
        return FALSE;
    while (reader.token.kind != CMIG_TOKEN_END)
        if (!skip_value(&reader))
            return FALSE;
    *insert = found;
    return TRUE;
}

static void add_target(const CmigSqlScript *script, const CmigPlainInsert *insert, CmigFact *fact)
{
    CmigReader reader = cmig_reader_new(script->text, insert->start, insert->end, script->dialect);
    g_autofree char *schema = NULL;
    g_autofree char *name = NULL;
    for (; reader.token.kind != CMIG_TOKEN_END; cmig_reader_next(&reader)) {
        if (cmig_reader_is_symbol(&reader, '.'))
            continue;
        g_free(schema);
        schema = g_steal_pointer(&name);
        name = cmig_reader_name(&reader);
    }
    CmigFactTarget *target = cmig_fact_target_new(schema, name, "table");
    if (script->dialect == CMIG_DIALECT_POSTGRESQL)
        target->lock = CMIG_LOCK_ROW_EXCLUSIVE;
    g_ptr_array_add(fact->targets, target);
    fact->what = schema != NULL ? g_strdup_printf("adds rows to %s.%s", schema, name)
                                : g_strdup_printf("adds rows to %s", name);
    g_strdelimit(fact->what, "\r\n", ' ');
}

static gboolean is_same(const CmigSqlScript *script, const CmigPlainInsert *a,
                        const CmigPlainInsert *b)
{
    gsize size = a->end - a->start;
    return b->end - b->start == size &&
           memcmp(script->text + a->start, script->text + b->start, size) == 0;
}

CmigFact *cmig_words_insert_fact(const CmigSqlScript *script, guint index,
                                 const CmigPlainInsert *insert, CmigPlainInsert *previous)
{
    gboolean said = previous->end != 0 && is_same(script, insert, previous);
    *previous = *insert;
    if (said)
        return NULL;
    CmigFact *fact = cmig_fact_new(index);
    add_target(script, insert, fact);
    return fact;
}

/* --- Everything else --- */

/* How bad a word is where a statement, or a clause that is one, may begin. `with` is the word
 * behind it that makes it so, NULL for any. The first that fits counts. */
static const struct {
    const char *word;
    const char *with;
    CmigLevel level;
} words[] = {
    {"drop", "schema", CMIG_LEVEL_UNBOUNDED},    {"drop", "database", CMIG_LEVEL_UNBOUNDED},
    {"drop", "owned", CMIG_LEVEL_UNBOUNDED},     {"drop", "tablespace", CMIG_LEVEL_UNBOUNDED},
    {"drop", "extension", CMIG_LEVEL_UNBOUNDED}, {"drop", "constraint", CMIG_LEVEL_WEAKER},
    {"drop", "default", CMIG_LEVEL_WEAKER},      {"drop", "not", CMIG_LEVEL_WEAKER},
    {"drop", "identity", CMIG_LEVEL_WEAKER},     {"drop", "expression", CMIG_LEVEL_WEAKER},
    {"drop", "index", CMIG_LEVEL_WEAKER},        {"drop", "view", CMIG_LEVEL_WEAKER},
    {"drop", "trigger", CMIG_LEVEL_WEAKER},      {"drop", NULL, CMIG_LEVEL_DATA},
    {"truncate", NULL, CMIG_LEVEL_DATA},         {"delete", NULL, CMIG_LEVEL_DATA},
    {"update", NULL, CMIG_LEVEL_DATA},           {"merge", NULL, CMIG_LEVEL_DATA},
    {"replace", "into", CMIG_LEVEL_DATA},        {"unlogged", NULL, CMIG_LEVEL_DATA},
};

/* A statement or a clause that is one may stand behind these; behind ALTER, everywhere. */
static gboolean opens_clause(const CmigReader *reader)
{
    static const char *const openers[] = {"as",   "analyze", "analyse", "atomic",  "begin", "then",
                                          "else", "do",      "also",    "instead", "loop"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(openers); idx++)
        if (cmig_reader_is(reader, openers[idx]))
            return TRUE;
    return cmig_reader_is_symbol(reader, '(') || cmig_reader_is_symbol(reader, ')') ||
           cmig_reader_is_symbol(reader, ';');
}

static CmigLevel level_of(const CmigReader *reader)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(words); idx++) {
        if (!cmig_reader_is(reader, words[idx].word))
            continue;
        CmigReader behind = *reader;
        if (words[idx].with == NULL ||
            (cmig_reader_next(&behind) && cmig_reader_is(&behind, words[idx].with)))
            return words[idx].level;
    }
    return CMIG_LEVEL_NONE;
}

/* The bare words with which the statement begins. */
static char *first_words(const CmigSqlScript *script, guint index)
{
    enum { MOST = 3, LONGEST = 40 };
    g_autoptr(GString) text = g_string_new(NULL);
    CmigReader reader = cmig_reader_of(script, index);
    for (guint count = 0; count < MOST && reader.token.kind == CMIG_TOKEN_WORD; count++) {
        gsize size = reader.token.end - reader.token.start;
        if (size > LONGEST)
            break;
        g_autofree char *word = g_ascii_strup(script->text + reader.token.start, (gssize)size);
        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", word);
        cmig_reader_next(&reader);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static CmigLevel read_level(CmigReader *reader, guint *flags)
{
    CmigLevel level = CMIG_LEVEL_WEAKER;
    gboolean alters = cmig_reader_is(reader, "alter");
    gboolean opens = TRUE;
    while (reader->token.kind != CMIG_TOKEN_END) {
        if (cmig_reader_is(reader, "cascade"))
            *flags |= CMIG_FACT_CASCADE;
        if (opens || alters)
            level = MAX(level, level_of(reader));
        opens = opens_clause(reader);
        cmig_reader_next(reader);
    }
    return level;
}

CmigLevel cmig_words_level(const char *text)
{
    guint flags = 0;
    CmigReader reader = cmig_reader_new(text, 0, strlen(text), CMIG_DIALECT_POSTGRESQL);
    return read_level(&reader, &flags);
}

CmigFact *cmig_words_fact(const CmigSqlScript *script, guint index)
{
    CmigFact *fact = cmig_fact_new(index);
    fact->flags = CMIG_FACT_OPAQUE;
    if (cmig_sql_kind(script, index) == CMIG_SQL_ALONE)
        fact->flags |= CMIG_FACT_ALONE;
    CmigReader reader = cmig_reader_of(script, index);
    fact->level = read_level(&reader, &fact->flags);
    g_autofree char *begin = first_words(script, index);
    GString *what = g_string_new("is not understood");
    /* What servers newer than the grammar know looks like this, too. */
    if (script->dialect == CMIG_DIALECT_POSTGRESQL)
        g_string_append_printf(what, " by the grammar of PostgreSQL %.*s",
                               (int)strcspn(cmig_sql_parser(), "."), cmig_sql_parser());
    if (*begin != '\0')
        g_string_append_printf(what, ": begins with %s", begin);
    fact->what = g_string_free(what, FALSE);
    return fact;
}

/* --- The judge --- */

static GPtrArray *judge_section(CmigJudge *judge, const CmigSqlScript *script)
{
    (void)judge;
    GPtrArray *facts = g_ptr_array_new_with_free_func((GDestroyNotify)cmig_fact_free);
    CmigPlainInsert previous = {0};
    for (guint idx = 0; idx < script->statements->len; idx++) {
        CmigPlainInsert insert;
        if (cmig_words_plain_insert(script, idx, &insert)) {
            CmigFact *fact = cmig_words_insert_fact(script, idx, &insert, &previous);
            if (fact != NULL)
                g_ptr_array_add(facts, fact);
        } else {
            previous.end = 0;
            g_ptr_array_add(facts, cmig_words_fact(script, idx));
        }
    }
    return facts;
}

static void free_judge(CmigJudge *judge)
{
    g_free(judge);
}

CmigJudge *cmig_judge_new_words(void)
{
    CmigJudge *judge = g_new0(CmigJudge, 1);
    judge->facts = judge_section;
    judge->free = free_judge;
    return judge;
}
