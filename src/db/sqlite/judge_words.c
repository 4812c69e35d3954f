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

/* One comparison of a condition: it is trivial when it names nothing, or compares something with
 * itself. */
typedef struct {
    gboolean named;
    guint count;
    CmigToken tokens[9]; /* the first ones: a.b.c = a.b.c */
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

/* `a = a`, `t.a IS t.a` */
static gboolean compares_with_itself(const CmigReader *reader, const Atom *atom)
{
    guint half = atom->count / 2;
    if (atom->count < 3 || atom->count > G_N_ELEMENTS(atom->tokens) || atom->count % 2 == 0)
        return FALSE;
    const CmigToken *middle = &atom->tokens[half];
    if (reader->lexer.text[middle->start] != '=' && !cmig_lexer_is(&reader->lexer, middle, "is"))
        return FALSE;
    for (guint idx = 0; idx < half; idx++)
        if (!is_same_text(reader, &atom->tokens[idx], &atom->tokens[half + 1 + idx]))
            return FALSE;
    return TRUE;
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
    /* `==` is two tokens here, and one of SQLite's. */
    const CmigToken *last = atom->count > 0 && atom->count <= G_N_ELEMENTS(atom->tokens)
                                ? &atom->tokens[atom->count - 1]
                                : NULL;
    if (last != NULL && cmig_reader_is_symbol(reader, '=') &&
        reader->lexer.text[last->start] == '=' && last->end == reader->token.start)
        return;
    if (atom->count < G_N_ELEMENTS(atom->tokens))
        atom->tokens[atom->count] = reader->token;
    atom->count++;
}

/* Reads a condition to its end. It filters unless one of the alternatives between its ORs is a
 * conjunction of trivial things; parentheses are not looked at, which can only say less of it. */
static gboolean read_condition(CmigReader *reader)
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
            trivial = trivial && (!atom.named || compares_with_itself(reader, &atom));
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

gboolean cmig_words_filter(CmigReader *reader)
{
    gint depth = 0;
    gboolean filters = FALSE;
    while (!is_at_end(reader) && !cmig_reader_is_symbol(reader, ';')) {
        depth += cmig_reader_depth(reader);
        if (depth == 0 && cmig_reader_skip(reader, "where"))
            filters = read_condition(reader);
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
