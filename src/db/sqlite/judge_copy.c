/* INSERT … SELECT that copies one table into another: the middle of every rebuild. What the words
 * say of it, and which columns come over as they are. */
#include "db/sqlite/judge.h"

#include <string.h>

void cmig_copy_text_free(CmigCopyText *copy)
{
    if (copy == NULL)
        return;
    g_free(copy->to);
    g_free(copy->from);
    g_ptr_array_unref(copy->columns);
    g_ptr_array_unref(copy->items);
    g_free(copy);
}

static char *take_folded(CmigReader *reader)
{
    g_autofree char *name = cmig_reader_take_name(reader);
    return name != NULL ? cmig_fold(name) : NULL;
}

/* A table's name; its schema is SQLite's to know. */
static char *take_table(CmigReader *reader)
{
    g_autofree char *name = take_folded(reader);
    if (name == NULL || !cmig_reader_is_symbol(reader, '.'))
        return g_steal_pointer(&name);
    cmig_reader_next(reader);
    return take_folded(reader);
}

static gboolean read_columns(CmigReader *reader, GPtrArray *columns)
{
    if (!cmig_reader_is_symbol(reader, '('))
        return TRUE;
    do {
        cmig_reader_next(reader);
        char *name = take_folded(reader);
        if (name == NULL)
            return FALSE;
        g_ptr_array_add(columns, name);
    } while (cmig_reader_is_symbol(reader, ','));
    return cmig_reader_is_symbol(reader, ')') && cmig_reader_next(reader);
}

/* `coalesce(`, which keeps what there is: to its first argument. */
static gboolean skip_keeper(CmigReader *reader)
{
    static const char *const keepers[] = {"coalesce", "ifnull", NULL};
    CmigReader behind = *reader;
    if (!cmig_reader_is_one_of(reader, keepers) || !cmig_reader_next(&behind) ||
        !cmig_reader_is_symbol(&behind, '('))
        return FALSE;
    cmig_reader_next(&behind);
    *reader = behind;
    return TRUE;
}

/* Behind the parenthesis that ends what the reader is in. */
static void leave_parenthesis(CmigReader *reader)
{
    for (gint depth = 1; depth > 0 && reader->token.kind != CMIG_TOKEN_END;) {
        depth += cmig_reader_depth(reader);
        cmig_reader_next(reader);
    }
}

static gboolean ends_item(const CmigReader *reader)
{
    return cmig_reader_is_symbol(reader, ',') || cmig_reader_is(reader, "from");
}

/* `a`, `t.a`, `a AS b`, `coalesce(a, 0)`: the column's name. NULL for what is no column. */
static char *take_column(CmigReader *reader)
{
    static const char *const operators[] = {"isnull", "notnull", NULL};
    gboolean kept = skip_keeper(reader);
    if (reader->token.kind == CMIG_TOKEN_STRING)
        return NULL;
    g_autofree char *name = take_table(reader);
    if (kept && !cmig_reader_is_symbol(reader, ','))
        return NULL;
    if (kept)
        leave_parenthesis(reader);
    if (cmig_reader_skip(reader, "as") || reader->token.kind == CMIG_TOKEN_QUOTED ||
        (reader->token.kind == CMIG_TOKEN_WORD && !ends_item(reader) &&
         !cmig_reader_is_one_of(reader, operators)))
        cmig_reader_next(reader);
    return ends_item(reader) ? g_steal_pointer(&name) : NULL;
}

static char *read_item(CmigReader *reader)
{
    if (cmig_reader_is_symbol(reader, '*')) {
        cmig_reader_next(reader);
        return g_strdup("*");
    }
    /* What follows is looked at again: an expression may begin with a column. */
    CmigReader start = *reader;
    g_autofree char *name = take_column(reader);
    *reader = start;
    gint depth = 0;
    while (reader->token.kind != CMIG_TOKEN_END && (depth > 0 || !ends_item(reader))) {
        depth += cmig_reader_depth(reader);
        cmig_reader_next(reader);
    }
    return name != NULL ? g_steal_pointer(&name) : g_strdup("");
}

/* Behind FROM and the table: nothing but another name for it, and an order. */
static gboolean takes_all_rows(CmigReader *reader)
{
    static const char *const clauses[] = {
        "where", "group", "having", "limit",  "order",     "join",   "cross",   "left",
        "right", "full",  "inner",  "union",  "intersect", "except", "natural", "indexed",
        "not",   "on",    "using",  "window", "returning", NULL};
    if (cmig_reader_skip(reader, "as") ||
        (reader->token.kind != CMIG_TOKEN_SYMBOL && !cmig_reader_is_one_of(reader, clauses)))
        cmig_reader_next(reader);
    if (!cmig_reader_is(reader, "order"))
        return reader->token.kind == CMIG_TOKEN_END;
    for (gint depth = 0; cmig_reader_next(reader);) {
        depth += cmig_reader_depth(reader);
        if (depth == 0 && cmig_reader_is_one_of(reader, clauses))
            return FALSE;
    }
    return TRUE;
}

CmigCopyText *cmig_words_copy(CmigReader reader)
{
    g_autoptr(CmigCopyText) copy = g_new0(CmigCopyText, 1);
    copy->columns = g_ptr_array_new_with_free_func(g_free);
    copy->items = g_ptr_array_new_with_free_func(g_free);
    if (!cmig_reader_skip(&reader, "insert"))
        return NULL;
    if (cmig_reader_skip(&reader, "or")) {
        copy->partial = TRUE; /* rows may be left out */
        cmig_reader_next(&reader);
    }
    if (!cmig_reader_skip(&reader, "into") || (copy->to = take_table(&reader)) == NULL ||
        !read_columns(&reader, copy->columns) || !cmig_reader_skip(&reader, "select"))
        return NULL;
    copy->partial = cmig_reader_skip(&reader, "distinct") || copy->partial;
    cmig_reader_skip(&reader, "all");
    do
        g_ptr_array_add(copy->items, read_item(&reader));
    while (cmig_reader_is_symbol(&reader, ',') && cmig_reader_next(&reader));
    if (!cmig_reader_skip(&reader, "from") || (copy->from = take_table(&reader)) == NULL)
        return NULL;
    copy->partial = !takes_all_rows(&reader) || copy->partial;
    return g_steal_pointer(&copy);
}

/* --- Columns --- */

typedef enum {
    AFFINITY_TEXT,
    AFFINITY_BLOB,
    AFFINITY_INTEGER,
    AFFINITY_REAL,
    AFFINITY_NUMERIC
} Affinity;

/* SQLite's own rule. */
static Affinity affinity_of(const char *type)
{
    static const struct {
        const char *part;
        Affinity affinity;
    } parts[] = {
        {"INT", AFFINITY_INTEGER}, {"CHAR", AFFINITY_TEXT}, {"CLOB", AFFINITY_TEXT},
        {"TEXT", AFFINITY_TEXT},   {"BLOB", AFFINITY_BLOB}, {"REAL", AFFINITY_REAL},
        {"FLOA", AFFINITY_REAL},   {"DOUB", AFFINITY_REAL},
    };
    g_autofree char *upper = g_ascii_strup(type != NULL ? type : "", -1);
    for (gsize idx = 0; idx < G_N_ELEMENTS(parts); idx++)
        if (strstr(upper, parts[idx].part) != NULL)
            return parts[idx].affinity;
    return *upper == '\0' ? AFFINITY_BLOB : AFFINITY_NUMERIC;
}

/* Whether values of the one type are not the same in the other: '007' is 7 then. */
static gboolean is_converted(const char *from, const char *to)
{
    Affinity before = affinity_of(from);
    Affinity after = affinity_of(to);
    if (before == AFFINITY_TEXT || before == AFFINITY_BLOB)
        return after != AFFINITY_TEXT && after != AFFINITY_BLOB;
    return before != AFFINITY_REAL && after == AFFINITY_REAL;
}

/* The folded names of all columns, or of those that an INSERT gives values to. */
static void add_names(GPtrArray *names, const GPtrArray *columns, gboolean stored)
{
    for (guint idx = 0; idx < columns->len; idx++) {
        const CmigPart *part = columns->pdata[idx];
        if (!stored || !part->generated)
            g_ptr_array_add(names, cmig_fold(part->name));
    }
}

/* Which columns come from where; everything that does not is lacking. */
static void compare_columns(const CmigCopyText *text, const GPtrArray *from, const GPtrArray *to,
                            CmigCopy *copy)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func(g_free);
    for (guint idx = 0; idx < text->items->len; idx++)
        if (strcmp(text->items->pdata[idx], "*") == 0)
            add_names(items, from, FALSE);
        else
            g_ptr_array_add(items, g_strdup(text->items->pdata[idx]));
    for (guint idx = 0; idx < text->columns->len; idx++)
        g_ptr_array_add(targets, g_strdup(text->columns->pdata[idx]));
    if (targets->len == 0)
        add_names(targets, to, TRUE);
    g_autoptr(GHashTable) copied = g_hash_table_new(NULL, NULL); /* CmigPart, by address */
    for (guint idx = 0; idx < items->len && idx < targets->len; idx++) {
        const CmigPart *source = cmig_part_find(from, items->pdata[idx]);
        const CmigPart *target = cmig_part_find(to, targets->pdata[idx]);
        if (source == NULL || target == NULL)
            continue;
        g_hash_table_add(copied, (gpointer)(guintptr)source);
        g_hash_table_add(copy->columns, g_strdup(targets->pdata[idx]));
        if (is_converted(source->type, target->type))
            g_ptr_array_add(copy->converted, g_strdup(source->name));
    }
    for (guint idx = 0; idx < from->len; idx++) {
        const CmigPart *part = from->pdata[idx];
        if (!part->generated && !g_hash_table_contains(copied, part))
            g_ptr_array_add(copy->lacking, g_strdup(part->name));
    }
}

CmigCopy *cmig_copy_of(const CmigCopyText *text, CmigScratch *scratch)
{
    CmigCopy *copy = cmig_copy_new(text->from, text->to);
    g_autoptr(GPtrArray) from = cmig_scratch_columns(scratch, text->from);
    g_autoptr(GPtrArray) to = cmig_scratch_columns(scratch, text->to);
    copy->partial = text->partial || cmig_scratch_resolves_conflicts(scratch, text->to);
    compare_columns(text, from, to, copy);
    return copy;
}
