/* What the words of a statement tell that SQLite does not: above all, which rows. */
#include "db/sqlite/judge.h"

#include <string.h>

static gboolean is_at_end(const CmigReader *reader)
{
    return reader->token.kind == CMIG_TOKEN_END;
}

char *cmig_fold(const char *name)
{
    return g_ascii_strdown(name, -1);
}

/* --- Which rows --- */

/* One comparison of a condition: it is trivial when it names nothing, or is true of every row. */
typedef struct {
    gboolean named;
    guint count;
    CmigToken tokens[11]; /* the first ones: a.b.c = a.b.c, without parentheses */
} Atom;

/* What stands in expressions and is no name. */
static const char *const operators[] = {
    "null",    "true",   "false",  "not",     "is",      "isnull", "like", "glob",
    "notnull", "escape", "in",     "between", "case",    "when",   "then", "else",
    "end",     "cast",   "as",     "exists",  "select",  "from",   "all",  "distinct",
    "where",   "values", "regexp", "match",   "collate", NULL};

static gboolean is_same_text(const CmigReader *reader, const CmigToken *a, const CmigToken *b)
{
    gsize size = a->end - a->start;
    return b->end - b->start == size &&
           g_ascii_strncasecmp(reader->lexer.text + a->start, reader->lexer.text + b->start,
                               size) == 0;
}

static gboolean is_word(const CmigReader *reader, const Atom *atom, guint at, const char *word)
{
    return at < atom->count && cmig_lexer_is(&reader->lexer, &atom->tokens[at], word);
}

/* Behind the name at `at`, with what stands before it: a, t.a, main.t.a. */
static guint behind_name(const CmigReader *reader, const Atom *atom, guint at)
{
    for (guint idx = at; idx < atom->count; idx += 2) {
        CmigTokenKind kind = atom->tokens[idx].kind;
        if (kind != CMIG_TOKEN_WORD && kind != CMIG_TOKEN_QUOTED)
            return at;
        if (idx + 1 >= atom->count || reader->lexer.text[atom->tokens[idx + 1].start] != '.')
            return idx + 1;
    }
    return at;
}

/* Whether both name the same column: `main.t.a` is `t.a`, and this `a` where t is the table, and
 * not OLD, NEW or another one. */
static gboolean is_same_name(const CmigReader *reader, const Atom *atom, const guint one[2],
                             const guint other[2], const CmigToken *table)
{
    guint least = MIN(one[1] - one[0], other[1] - other[0]);
    const guint *longer = one[1] - one[0] > least ? one : other;
    for (guint back = 1; back <= least; back++)
        if (!is_same_text(reader, &atom->tokens[one[1] - back], &atom->tokens[other[1] - back]))
            return FALSE;
    return least > 0 && (longer[1] - longer[0] == least || least > 1 ||
                         is_same_text(reader, &atom->tokens[longer[1] - least - 2], table));
}

static gboolean equals(const CmigReader *reader, const Atom *atom, guint at)
{
    if (at >= atom->count)
        return FALSE;
    const char *text = reader->lexer.text + atom->tokens[at].start;
    return *text == '=' || g_str_has_prefix(text, "<=") || g_str_has_prefix(text, ">=") ||
           is_word(reader, atom, at, "is");
}

/* A column that has a value in every row. */
static gboolean is_filled(const CmigReader *reader, const CmigToken *token)
{
    static const char *const names[] = {"id", "rowid", "_rowid_", "oid"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(names); idx++)
        if (cmig_lexer_is(&reader->lexer, token, names[idx]))
            return TRUE;
    return FALSE;
}

/* From `at` on: IS NOT NULL, NOT NULL, NOTNULL; IS NULL that is negated. */
static gboolean asks_for_value(const CmigReader *reader, const Atom *atom, guint at,
                               gboolean negated)
{
    if (is_word(reader, atom, at, "is"))
        at++;
    else if (is_word(reader, atom, at, "notnull"))
        return !negated && at + 1 == atom->count;
    gboolean not_null = is_word(reader, atom, at, "not");
    at += not_null ? 1 : 0;
    return not_null != negated && is_word(reader, atom, at, "null") && at + 1 == atom->count;
}

/* `a = a`, `t.a IS a`, `a IN (SELECT a FROM t)` of the table itself, `id IS NOT NULL`. */
static gboolean is_idle(const CmigReader *reader, const Atom *atom, const CmigToken *table)
{
    if (atom->count < 2 || atom->count > G_N_ELEMENTS(atom->tokens))
        return FALSE;
    gboolean negated = is_word(reader, atom, 0, "not");
    guint first = negated ? 1 : 0;
    guint at = behind_name(reader, atom, first);
    if (at == first)
        return FALSE;
    if (is_filled(reader, &atom->tokens[at - 1]) && asks_for_value(reader, atom, at, negated))
        return TRUE;
    gboolean query = is_word(reader, atom, at, "in") && is_word(reader, atom, at + 1, "select");
    if (negated || !(query || equals(reader, atom, at)))
        return FALSE;
    guint name[] = {first, at};
    guint other[] = {at + (query ? 2 : 1), 0};
    other[1] = behind_name(reader, atom, other[0]);
    if (!is_same_name(reader, atom, name, other, table))
        return FALSE;
    return query ? other[1] + 2 == atom->count && is_word(reader, atom, other[1], "from") &&
                       is_same_text(reader, &atom->tokens[other[1] + 1], table)
                 : other[1] == atom->count;
}

static void add_to_atom(const CmigReader *reader, Atom *atom)
{
    if (cmig_reader_is_symbol(reader, '(') || cmig_reader_is_symbol(reader, ')'))
        return;
    CmigReader behind = *reader;
    gboolean word =
        reader->token.kind == CMIG_TOKEN_WORD && !cmig_reader_is_one_of(reader, operators);
    if (reader->token.kind == CMIG_TOKEN_QUOTED ||
        (word && (!cmig_reader_next(&behind) || !cmig_reader_is_symbol(&behind, '('))))
        atom->named = TRUE;
    /* `==` and `>=` are two tokens here, and one of SQLite's. */
    const CmigToken *last = atom->count > 0 && atom->count <= G_N_ELEMENTS(atom->tokens)
                                ? &atom->tokens[atom->count - 1]
                                : NULL;
    if (last != NULL && cmig_reader_is_symbol(reader, '=') && last->end == reader->token.start &&
        strchr("=<>!", reader->lexer.text[last->start]) != NULL)
        return;
    if (atom->count < G_N_ELEMENTS(atom->tokens))
        atom->tokens[atom->count] = reader->token;
    atom->count++;
}

/* Reads a condition to its end. It filters unless one of the alternatives between its ORs is a
 * conjunction of trivial things; parentheses are not looked at, which can only say less of it. */
static gboolean read_condition(CmigReader *reader, const CmigToken *table)
{
    static const char *const ends[] = {"returning", "group", "order", "limit", "on", NULL};
    gint depth = 0;
    Atom atom = {0};
    gboolean trivial = TRUE; /* this alternative, so far */
    gboolean filters = TRUE;
    for (;; cmig_reader_next(reader)) {
        gboolean over = is_at_end(reader) || cmig_reader_is_symbol(reader, ';') ||
                        (depth == 0 && cmig_reader_is_one_of(reader, ends));
        gboolean other = cmig_reader_is(reader, "or");
        if (over || other || cmig_reader_is(reader, "and")) {
            trivial = trivial && (!atom.named || is_idle(reader, &atom, table));
            filters = filters && !(trivial && (over || other));
            trivial = trivial || other;
            atom = (Atom){0};
        } else {
            depth += cmig_reader_depth(reader);
            add_to_atom(reader, &atom);
        }
        if (over)
            return filters;
    }
}

/* The table of a DELETE or UPDATE, from the word before it; leaves the reader at its last name. */
static CmigToken read_table(CmigReader *reader)
{
    if (cmig_reader_skip(reader, "or")) /* REPLACE, IGNORE … */
        cmig_reader_next(reader);
    CmigReader behind = *reader;
    cmig_reader_next(&behind);
    if (cmig_reader_is_symbol(&behind, '.')) {
        cmig_reader_next(&behind);
        *reader = behind;
    }
    return reader->token;
}

gboolean cmig_words_filter(CmigReader *reader)
{
    gint depth = 0;
    gboolean filters = FALSE;
    CmigToken table = {0};
    while (!is_at_end(reader) && !cmig_reader_is_symbol(reader, ';')) {
        depth += cmig_reader_depth(reader);
        if (depth == 0 && cmig_reader_skip(reader, "where"))
            filters = read_condition(reader, &table);
        else if (depth == 0 && table.end == 0 &&
                 (cmig_reader_skip(reader, "from") || cmig_reader_skip(reader, "update")))
            table = read_table(reader);
        else
            cmig_reader_next(reader);
    }
    return filters;
}

gboolean cmig_words_have(CmigReader reader, const char *word)
{
    gint depth = 0;
    for (; !is_at_end(&reader);) {
        depth += cmig_reader_depth(&reader);
        gboolean found = depth == 0 && cmig_reader_is(&reader, word);
        cmig_reader_next(&reader);
        if (found && !cmig_reader_is_symbol(&reader, '('))
            return TRUE;
    }
    return FALSE;
}

gboolean cmig_words_take_from(CmigReader reader, const char *table)
{
    gint depth = 0;
    for (; table != NULL && !is_at_end(&reader); cmig_reader_next(&reader)) {
        depth += cmig_reader_depth(&reader);
        if (depth > 0 || !(cmig_reader_is(&reader, "from") || cmig_reader_is(&reader, "join")))
            continue;
        cmig_reader_next(&reader);
        g_autofree char *name = cmig_reader_name(&reader);
        if (name != NULL && g_ascii_strcasecmp(name, table) == 0)
            return TRUE;
    }
    return FALSE;
}
