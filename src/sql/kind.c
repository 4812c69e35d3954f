/* How a statement gets along with transactions, by its first words. The list of those that the
 * server refuses inside of one is PostgreSQL's own: its calls of PreventInTransactionBlock. */
#include "cmig/lexer.h"
#include "cmig/sql.h"

#include <string.h>

/* The bare words of a statement's beginning and what else a pattern may ask for. */
enum { MOST_WORDS = 64 };

typedef struct {
    char *words[MOST_WORDS]; /* in lower case, symbols as they are; "" for what is quoted */
    guint count;
} Words;

/* A statement is of a kind when it begins with the words `first` (`*` is any token), holds all of
 * `has` (separated by commas) behind the first one, and not `lacks`. */
typedef struct {
    const char *first;
    CmigSqlKind kind;
    const char *name; /* of those that run alone */
    CmigSqlEffect effect;
    const char *has;
    const char *lacks;
    gboolean whole; /* nothing stands behind `first` */
} Pattern;

/* The first that fits counts. */
static const Pattern postgresql[] = {
    {.first = "begin", .kind = CMIG_SQL_CONTROL},
    {.first = "start transaction", .kind = CMIG_SQL_CONTROL},
    {.first = "commit prepared", .kind = CMIG_SQL_ALONE, .name = "COMMIT PREPARED"},
    {.first = "rollback prepared", .kind = CMIG_SQL_ALONE, .name = "ROLLBACK PREPARED"},
    {.first = "commit", .kind = CMIG_SQL_CONTROL},
    {.first = "end", .kind = CMIG_SQL_CONTROL},
    {.first = "rollback", .kind = CMIG_SQL_CONTROL},
    {.first = "abort", .kind = CMIG_SQL_CONTROL},
    {.first = "savepoint", .kind = CMIG_SQL_CONTROL},
    {.first = "release", .kind = CMIG_SQL_CONTROL},
    {.first = "prepare transaction", .kind = CMIG_SQL_CONTROL},
    {.first = "do", .kind = CMIG_SQL_OPAQUE},
    {.first = "call", .kind = CMIG_SQL_OPAQUE},
    {.first = "set local", .kind = CMIG_SQL_ATOMIC},
    {.first = "set constraints", .kind = CMIG_SQL_ATOMIC},
    {.first = "set transaction", .kind = CMIG_SQL_ATOMIC},
    {.first = "set", .kind = CMIG_SQL_SESSION},
    {.first = "reset", .kind = CMIG_SQL_SESSION},
    {.first = "listen", .kind = CMIG_SQL_SESSION},
    {.first = "unlisten", .kind = CMIG_SQL_SESSION},
    {.first = "load", .kind = CMIG_SQL_SESSION},
    {.first = "discard all",
     .kind = CMIG_SQL_ALONE,
     .name = "DISCARD ALL",
     .effect = CMIG_SQL_EFFECT_REPEATABLE},
    {.first = "create index concurrently",
     .kind = CMIG_SQL_ALONE,
     .name = "CREATE INDEX CONCURRENTLY",
     .effect = CMIG_SQL_EFFECT_CREATE_INDEX},
    {.first = "create unique index concurrently",
     .kind = CMIG_SQL_ALONE,
     .name = "CREATE INDEX CONCURRENTLY",
     .effect = CMIG_SQL_EFFECT_CREATE_INDEX},
    {.first = "drop index concurrently",
     .kind = CMIG_SQL_ALONE,
     .name = "DROP INDEX CONCURRENTLY",
     .effect = CMIG_SQL_EFFECT_DROP_INDEX},
    {.first = "reindex",
     .kind = CMIG_SQL_ALONE,
     .name = "REINDEX CONCURRENTLY",
     .effect = CMIG_SQL_EFFECT_REINDEX,
     .has = "concurrently"},
    {.first = "reindex schema",
     .kind = CMIG_SQL_ALONE,
     .name = "REINDEX SCHEMA",
     .effect = CMIG_SQL_EFFECT_REPEATABLE},
    {.first = "reindex database",
     .kind = CMIG_SQL_ALONE,
     .name = "REINDEX DATABASE",
     .effect = CMIG_SQL_EFFECT_REPEATABLE},
    {.first = "reindex system",
     .kind = CMIG_SQL_ALONE,
     .name = "REINDEX SYSTEM",
     .effect = CMIG_SQL_EFFECT_REPEATABLE},
    {.first = "reindex (",
     .kind = CMIG_SQL_ALONE,
     .name = "REINDEX SCHEMA",
     .effect = CMIG_SQL_EFFECT_REPEATABLE,
     .has = ") schema"},
    {.first = "reindex (",
     .kind = CMIG_SQL_ALONE,
     .name = "REINDEX DATABASE",
     .effect = CMIG_SQL_EFFECT_REPEATABLE,
     .has = ") database"},
    {.first = "reindex (",
     .kind = CMIG_SQL_ALONE,
     .name = "REINDEX SYSTEM",
     .effect = CMIG_SQL_EFFECT_REPEATABLE,
     .has = ") system"},
    {.first = "cluster",
     .kind = CMIG_SQL_ALONE,
     .name = "CLUSTER",
     .effect = CMIG_SQL_EFFECT_REPEATABLE,
     .whole = TRUE},
    {.first = "cluster verbose",
     .kind = CMIG_SQL_ALONE,
     .name = "CLUSTER",
     .effect = CMIG_SQL_EFFECT_REPEATABLE,
     .whole = TRUE},
    {.first = "cluster ( verbose )",
     .kind = CMIG_SQL_ALONE,
     .name = "CLUSTER",
     .effect = CMIG_SQL_EFFECT_REPEATABLE,
     .whole = TRUE},
    {.first = "vacuum",
     .kind = CMIG_SQL_ALONE,
     .name = "VACUUM",
     .effect = CMIG_SQL_EFFECT_REPEATABLE},
    {.first = "alter system",
     .kind = CMIG_SQL_ALONE,
     .name = "ALTER SYSTEM",
     .effect = CMIG_SQL_EFFECT_REPEATABLE},
    {.first = "create database",
     .kind = CMIG_SQL_ALONE,
     .name = "CREATE DATABASE",
     .effect = CMIG_SQL_EFFECT_CREATE_DATABASE},
    {.first = "drop database",
     .kind = CMIG_SQL_ALONE,
     .name = "DROP DATABASE",
     .effect = CMIG_SQL_EFFECT_DROP_DATABASE},
    {.first = "alter database * set tablespace",
     .kind = CMIG_SQL_ALONE,
     .name = "ALTER DATABASE … SET TABLESPACE",
     .effect = CMIG_SQL_EFFECT_REPEATABLE},
    {.first = "create tablespace",
     .kind = CMIG_SQL_ALONE,
     .name = "CREATE TABLESPACE",
     .effect = CMIG_SQL_EFFECT_CREATE_TABLESPACE},
    {.first = "drop tablespace",
     .kind = CMIG_SQL_ALONE,
     .name = "DROP TABLESPACE",
     .effect = CMIG_SQL_EFFECT_DROP_TABLESPACE},
    {.first = "alter table",
     .kind = CMIG_SQL_ALONE,
     .name = "DETACH PARTITION CONCURRENTLY",
     .effect = CMIG_SQL_EFFECT_DETACH,
     .has = "detach partition,concurrently"},
    {.first = "create subscription",
     .kind = CMIG_SQL_ALONE,
     .name = "CREATE SUBSCRIPTION",
     .effect = CMIG_SQL_EFFECT_CREATE_SUBSCRIPTION,
     .lacks = "false"},
    {.first = "drop subscription",
     .kind = CMIG_SQL_ALONE,
     .name = "DROP SUBSCRIPTION",
     .effect = CMIG_SQL_EFFECT_DROP_SUBSCRIPTION},
    {.first = "alter subscription",
     .kind = CMIG_SQL_ALONE,
     .name = "ALTER SUBSCRIPTION … REFRESH PUBLICATION",
     .effect = CMIG_SQL_EFFECT_REPEATABLE,
     .has = "refresh publication"},
    {.first = "alter subscription",
     .kind = CMIG_SQL_ALONE,
     .name = "ALTER SUBSCRIPTION … PUBLICATION",
     .has = "publication",
     .lacks = "false"},
};

static const Pattern sqlite[] = {
    {.first = "begin", .kind = CMIG_SQL_CONTROL},
    {.first = "commit", .kind = CMIG_SQL_CONTROL},
    {.first = "end", .kind = CMIG_SQL_CONTROL},
    {.first = "rollback", .kind = CMIG_SQL_CONTROL},
    {.first = "savepoint", .kind = CMIG_SQL_CONTROL},
    {.first = "release", .kind = CMIG_SQL_CONTROL},
    {.first = "vacuum",
     .kind = CMIG_SQL_ALONE,
     .name = "VACUUM",
     .effect = CMIG_SQL_EFFECT_REPEATABLE},
    {.first = "pragma", .kind = CMIG_SQL_SESSION},
    {.first = "attach", .kind = CMIG_SQL_SESSION},
    {.first = "detach", .kind = CMIG_SQL_SESSION},
};

static const struct {
    const Pattern *patterns;
    gsize count;
} dialects[] = {
    [CMIG_DIALECT_POSTGRESQL] = {postgresql, G_N_ELEMENTS(postgresql)},
    [CMIG_DIALECT_SQLITE] = {sqlite, G_N_ELEMENTS(sqlite)},
};

static void words_clear(Words *words)
{
    for (guint idx = 0; idx < words->count; idx++)
        g_free(words->words[idx]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, words_clear)

static void read_words(const CmigSqlScript *script, guint index, Words *words)
{
    const CmigSqlStatement *statement = cmig_sql_statement(script, index);
    CmigLexer lexer = {.text = script->text,
                       .length = statement->end,
                       .at = statement->start,
                       .dialect = script->dialect};
    CmigToken token;
    while (cmig_lexer_next(&lexer, &token) && token.kind != CMIG_TOKEN_END) {
        if (words->count == MOST_WORDS)
            return;
        gboolean bare = token.kind == CMIG_TOKEN_WORD || token.kind == CMIG_TOKEN_SYMBOL;
        words->words[words->count++] =
            bare ? g_ascii_strdown(script->text + token.start, (gssize)(token.end - token.start))
                 : g_strdup("");
    }
}

/* Whether the words of `pattern` stand in a row from `at`. */
static gboolean stands_at(const Words *words, guint at, const GStrv pattern)
{
    for (guint idx = 0; pattern[idx] != NULL; idx++)
        if (at + idx >= words->count ||
            (strcmp(pattern[idx], "*") != 0 && strcmp(pattern[idx], words->words[at + idx]) != 0))
            return FALSE;
    return TRUE;
}

static gboolean has(const Words *words, const char *text)
{
    g_auto(GStrv) pattern = g_strsplit(text, " ", -1);
    for (guint at = 1; at < words->count; at++)
        if (stands_at(words, at, pattern))
            return TRUE;
    return FALSE;
}

static gboolean has_all(const Words *words, const char *list)
{
    g_auto(GStrv) texts = g_strsplit(list, ",", -1);
    for (guint idx = 0; texts[idx] != NULL; idx++)
        if (!has(words, texts[idx]))
            return FALSE;
    return TRUE;
}

static gboolean fits(const Words *words, const Pattern *pattern)
{
    g_auto(GStrv) first = g_strsplit(pattern->first, " ", -1);
    return stands_at(words, 0, first) &&
           (!pattern->whole || words->count == g_strv_length(first)) &&
           (pattern->has == NULL || has_all(words, pattern->has)) &&
           (pattern->lacks == NULL || !has(words, pattern->lacks));
}

/* Whether the text begins with the pattern's first word: most statements, INSERTs above all, are
 * known by that to fit none. */
static gboolean begins_alike(const char *text, const Pattern *pattern)
{
    return g_ascii_strncasecmp(text, pattern->first, strcspn(pattern->first, " ")) == 0;
}

static const Pattern *find_pattern(const CmigSqlScript *script, guint index)
{
    g_auto(Words) words = {0};
    const char *text = script->text + cmig_sql_statement(script, index)->start;
    const Pattern *patterns = dialects[script->dialect].patterns;
    for (gsize idx = 0; idx < dialects[script->dialect].count; idx++) {
        if (!begins_alike(text, &patterns[idx]))
            continue;
        if (words.count == 0)
            read_words(script, index, &words);
        if (fits(&words, &patterns[idx]))
            return &patterns[idx];
    }
    return NULL;
}

CmigSqlKind cmig_sql_kind(const CmigSqlScript *script, guint index)
{
    const Pattern *pattern = find_pattern(script, index);
    return pattern != NULL ? pattern->kind : CMIG_SQL_ATOMIC;
}

CmigSqlEffect cmig_sql_effect(const CmigSqlScript *script, guint index)
{
    const Pattern *pattern = find_pattern(script, index);
    return pattern != NULL ? pattern->effect : CMIG_SQL_EFFECT_UNKNOWN;
}

const char *cmig_sql_alone_name(const CmigSqlScript *script, guint index)
{
    const Pattern *pattern = find_pattern(script, index);
    return pattern != NULL ? pattern->name : NULL;
}
