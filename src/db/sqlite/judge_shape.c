/* The shape of a statement: what is the same in the many that a dump consists of. */
#include "db/sqlite/judge.h"

#include <string.h>

enum { LONGEST = 8192 };

typedef struct {
    GString *text;
    CmigToken before;  /* the last token */
    gsize last;        /* where `text` ended before it */
    gboolean replaced; /* it was a value and is NULL now */
    gboolean listed;   /* it is the comma behind such a value */
    gboolean written;  /* values of the user's may stand here */
    gboolean tuples;   /* behind VALUES */
    gint depth;
    gint list;   /* the depth of the list of an IN; 0 = there is none */
    gsize open;  /* where the current tuple begins in `text` */
    gsize start; /* where it does with the comma before it */
    gsize previous;
    gsize previous_size; /* of the tuple before; 0 = there is none */
} Shape;

static gboolean is_symbol_of(const char *text, const CmigToken *token, const char *symbols)
{
    return token->kind == CMIG_TOKEN_SYMBOL && strchr(symbols, text[token->start]) != NULL;
}

/* x'00' */
static gboolean ends_blob(const CmigReader *reader, const Shape *shape)
{
    return reader->token.kind == CMIG_TOKEN_STRING &&
           cmig_lexer_is(&reader->lexer, &shape->before, "x") &&
           shape->before.end == reader->token.start;
}

/* Whether the token is a value of which nothing hangs but what is stored or compared. */
static gboolean is_value(const CmigReader *reader, const Shape *shape)
{
    return shape->written &&
           (reader->token.kind == CMIG_TOKEN_STRING || reader->token.kind == CMIG_TOKEN_NUMBER) &&
           (is_symbol_of(reader->lexer.text, &shape->before, "(,=<>+-*/|") ||
            cmig_lexer_is(&reader->lexer, &shape->before, "select"));
}

/* At the end of a tuple: it goes if it is like the one before. */
static void end_tuple(Shape *shape)
{
    const char *text = shape->text->str;
    gsize size = shape->text->len - shape->open;
    if (size == shape->previous_size &&
        memcmp(text + shape->previous, text + shape->open, size) == 0) {
        g_string_truncate(shape->text, shape->start);
        return;
    }
    shape->previous = shape->open;
    shape->previous_size = size;
}

/* Whether the token touches the last one: two symbols may be one operator, and `1AND` is two
 * tokens. */
static gboolean touches(const CmigToken *before, const CmigToken *token)
{
    return before->end == token->start &&
           (before->kind == CMIG_TOKEN_SYMBOL || token->kind == CMIG_TOKEN_SYMBOL);
}

static gboolean is_before(const CmigReader *reader, const Shape *shape, const char *word)
{
    return cmig_lexer_is(&reader->lexer, &shape->before, word);
}

/* Where the lists are that are as good with one value as with many: tuples and IN. */
static void note_parenthesis(const CmigReader *reader, Shape *shape)
{
    if (cmig_reader_is_symbol(reader, '(')) {
        if (shape->tuples && shape->depth == 0) {
            gboolean next = is_symbol_of(reader->lexer.text, &shape->before, ",");
            shape->open = shape->text->len;
            shape->start = next ? shape->last : shape->open;
        }
        shape->depth++;
        if (is_before(reader, shape, "in"))
            shape->list = shape->depth;
    } else if (cmig_reader_is_symbol(reader, ')')) {
        if (shape->list == shape->depth)
            shape->list = 0;
        shape->depth--;
    }
}

static void add_token(const CmigReader *reader, Shape *shape)
{
    const CmigToken *token = &reader->token;
    gboolean blob = shape->written && ends_blob(reader, shape);
    gboolean value = blob || is_value(reader, shape);
    gboolean more = value && !blob && shape->list == shape->depth && shape->list > 0 &&
                    shape->listed && is_symbol_of(reader->lexer.text, &shape->before, ",");
    if (blob || more)
        g_string_truncate(shape->text, shape->last);
    gsize start = shape->text->len;
    if (!more && start > 0 && (blob || !touches(&shape->before, token)))
        g_string_append_c(shape->text, ' ');
    note_parenthesis(reader, shape);
    if (value && !more)
        g_string_append(shape->text, "NULL");
    else if (!value)
        g_string_append_len(shape->text, reader->lexer.text + token->start,
                            (gssize)(token->end - token->start));
    if (shape->tuples && shape->depth == 0 && cmig_reader_is_symbol(reader, ')'))
        end_tuple(shape);
    shape->last = start;
    shape->listed = shape->replaced && cmig_reader_is_symbol(reader, ',');
    shape->replaced = value;
    shape->before = *token;
}

gboolean cmig_words_shape(CmigReader reader, GString *text)
{
    static const char *const verbs[] = {"insert", "replace", "update", "delete", NULL};
    static const char *const values[] = {"values", "where", "set", "select", NULL};
    gboolean selects = FALSE;
    Shape shape = {.text = text};
    g_string_truncate(text, 0);
    if (!cmig_reader_is_one_of(&reader, verbs))
        return FALSE;
    for (; reader.token.kind != CMIG_TOKEN_END; cmig_reader_next(&reader)) {
        selects = selects || cmig_reader_is(&reader, "select");
        /* What is selected from a table may be a copy of it. A string before `=` may be the name of
         * a column. */
        if (text->len > LONGEST || (selects && cmig_reader_is(&reader, "from")) ||
            (shape.replaced && cmig_reader_is_symbol(&reader, '=')))
            return FALSE;
        add_token(&reader, &shape);
        if (cmig_reader_is_one_of(&reader, values)) {
            shape.written = TRUE;
            shape.tuples = shape.depth == 0 && cmig_reader_is(&reader, "values");
        }
    }
    return TRUE;
}
