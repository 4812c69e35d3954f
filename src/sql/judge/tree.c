#include "sql/judge/tree.h"
#include "sql/judge/builtin.h"
#include "sql/judge/words.h"

#include <string.h>

enum {
    DEEPEST = 4000, /* nodes in nodes; the walk needs a stack */
    MOST_NESTED = 8,
    CASES = 512, /* kinds of nodes; there are some 240 */
};

/* --- Finding the way --- */

static void add_handlers(const CmigHandler **table, const CmigHandler *handlers)
{
    for (; handlers->walk != NULL; handlers++)
        table[handlers->node_case] = handlers;
}

static const CmigHandler *find_handler(PgQuery__Node__NodeCase node_case)
{
    static const CmigHandler *table[CASES]; /* of the parser's process, and of its life */
    static gboolean filled;
    if (!filled) {
        add_handlers(table, cmig_data_handlers);
        add_handlers(table, cmig_create_handlers);
        add_handlers(table, cmig_alter_handlers);
        add_handlers(table, cmig_drop_handlers);
        add_handlers(table, cmig_server_handlers);
        add_handlers(table, cmig_body_handlers);
        filled = TRUE;
    }
    return (guint)node_case < CASES ? table[node_case] : NULL;
}

void cmig_walk_node(CmigWalk *walk, const CmigNode *node)
{
    if (node == NULL || node->alias == NULL) /* whichever member of the union is in use */
        return;
    if (walk->depth == DEEPEST) {
        cmig_walk_say(walk, CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE,
                      "is nested too deeply to be judged");
        return;
    }
    walk->depth++;
    const CmigHandler *handler = find_handler(node->node_case);
    if (handler != NULL)
        handler->walk(walk, node);
    else
        cmig_walk_parts(walk, &node->alias->base);
    walk->depth--;
}

void cmig_walk_list(CmigWalk *walk, CmigNode *const *nodes, gsize count)
{
    for (gsize idx = 0; idx < count; idx++)
        cmig_walk_node(walk, nodes[idx]);
}

static const void *member(const ProtobufCMessage *message, guint offset)
{
    return (const char *)message + offset;
}

static void walk_part(CmigWalk *walk, const ProtobufCMessage *part,
                      const ProtobufCMessageDescriptor *type)
{
    if (part == NULL)
        return;
    if (type == &pg_query__node__descriptor) {
        cmig_walk_node(walk, (const CmigNode *)part);
        return;
    }
    if (walk->depth >= DEEPEST) /* said by the node that is in there */
        return;
    walk->depth++;
    if (type == &pg_query__select_stmt__descriptor) { /* of a UNION; a node elsewhere */
        CmigNode node = PG_QUERY__NODE__INIT;
        node.node_case = CMIG_NODE(SELECT_STMT);
        memcpy(&node.select_stmt, &part, sizeof part);
        cmig_walk_node(walk, &node);
    } else {
        cmig_walk_parts(walk, part);
    }
    walk->depth--;
}

void cmig_walk_parts(CmigWalk *walk, const ProtobufCMessage *message)
{
    if (message == NULL)
        return;
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (guint idx = 0; idx < type->n_fields; idx++) {
        const ProtobufCFieldDescriptor *field = &type->fields[idx];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            const gsize *count = member(message, field->quantifier_offset);
            ProtobufCMessage *const *const *parts = member(message, field->offset);
            for (gsize at = 0; at < *count; at++)
                walk_part(walk, (*parts)[at], field->descriptor);
        } else {
            ProtobufCMessage *const *part = member(message, field->offset);
            walk_part(walk, *part, field->descriptor);
        }
    }
}

void cmig_walk_softly(CmigWalk *walk, const ProtobufCMessage *message)
{
    gboolean before = walk->soft;
    walk->soft = TRUE;
    cmig_walk_parts(walk, message);
    walk->soft = before;
}

/* --- Texts --- */

static void walk_statements(CmigWalk *walk, const CmigTree *tree)
{
    for (gsize idx = 0; idx < tree->n_stmts; idx++) {
        const PgQuery__RawStmt *raw = tree->stmts[idx];
        gsize length = strlen(walk->text);
        walk->start = MIN((gsize)MAX(raw->stmt_location, 0), length);
        walk->end = raw->stmt_len > 0 ? MIN(walk->start + (gsize)raw->stmt_len, length) : length;
        cmig_walk_node(walk, raw->stmt);
    }
}

CmigTree *cmig_tree_parse(const char *text)
{
    PgQueryProtobufParseResult result = pg_query_parse_protobuf(text);
    CmigTree *tree = NULL;
    if (result.error == NULL)
        tree = pg_query__parse_result__unpack(NULL, result.parse_tree.len,
                                              (const guint8 *)result.parse_tree.data);
    pg_query_free_protobuf_parse_result(result);
    return tree;
}

void cmig_tree_free(CmigTree *tree)
{
    pg_query__parse_result__free_unpacked(tree, NULL);
}

/* FALSE: no SQL that this grammar knows. */
static gboolean walk_sql(CmigWalk *walk)
{
    g_autoptr(CmigTree) tree = cmig_tree_parse(walk->text);
    if (tree == NULL)
        return FALSE;
    walk_statements(walk, tree);
    return TRUE;
}

void cmig_walk_text(CmigWalk *walk, const char *text, const char *what)
{
    CmigWalk inner = *walk;
    inner.text = text;
    inner.schema = NULL;
    inner.sure = FALSE;
    inner.nesting++;
    if (inner.nesting > MOST_NESTED || !walk_sql(&inner))
        cmig_walk_say(walk, cmig_words_level(text), CMIG_FACT_OPAQUE, what);
    walk->called = inner.called;
}

GPtrArray *cmig_acts_of(const char *text)
{
    CmigWalk walk = {
        .acts = g_ptr_array_new_with_free_func(cmig_act_free), .text = text, .sure = TRUE};
    gboolean understood = walk_sql(&walk);
    g_clear_pointer(&walk.called, g_hash_table_unref);
    if (!understood)
        g_clear_pointer(&walk.acts, g_ptr_array_unref);
    return walk.acts;
}

/* --- What trees hold --- */

const char *cmig_tree_filled(const char *text)
{
    return text != NULL && *text != '\0' ? text : NULL;
}

const char *cmig_tree_string(const CmigNode *node)
{
    if (node == NULL)
        return NULL;
    if (node->node_case == CMIG_NODE(STRING))
        return node->string->sval;
    if (node->node_case == CMIG_NODE(TYPE_CAST))
        node = node->type_cast->arg;
    if (node != NULL && node->node_case == CMIG_NODE(A_CONST) && !node->a_const->isnull &&
        node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL)
        return node->a_const->sval->sval;
    return NULL;
}

CmigName cmig_walk_name(const CmigWalk *walk, const PgQuery__RangeVar *relation)
{
    CmigName name = {NULL, NULL};
    if (relation == NULL)
        return name;
    name.name = relation->relname;
    name.schema = cmig_tree_filled(relation->schemaname);
    if (name.schema == NULL && g_strcmp0(relation->relpersistence, "t") != 0)
        name.schema = walk->schema;
    return name;
}

CmigName cmig_tree_name(CmigNode *const *strings, gsize count)
{
    CmigName name = {NULL, NULL};
    if (count > 0)
        name.name = cmig_tree_string(strings[count - 1]);
    if (count > 1)
        name.schema = cmig_tree_string(strings[count - 2]);
    return name;
}

const PgQuery__DefElem *cmig_tree_option(CmigNode *const *options, gsize count, const char *name)
{
    for (gsize idx = 0; idx < count; idx++)
        if (options[idx]->node_case == CMIG_NODE(DEF_ELEM) &&
            strcmp(options[idx]->def_elem->defname, name) == 0)
            return options[idx]->def_elem;
    return NULL;
}

/* A bare word may be the name of a type to the grammar. */
static gboolean is_on(const PgQuery__DefElem *option)
{
    const char *value = cmig_tree_string(option->arg);
    if (option->arg != NULL && option->arg->node_case == CMIG_NODE(BOOLEAN))
        return option->arg->boolean->boolval;
    if (option->arg != NULL && option->arg->node_case == CMIG_NODE(INTEGER))
        return option->arg->integer->ival != 0;
    if (option->arg != NULL && option->arg->node_case == CMIG_NODE(TYPE_NAME))
        value = cmig_tree_name(option->arg->type_name->names, option->arg->type_name->n_names).name;
    return value == NULL || (g_ascii_strcasecmp(value, "false") != 0 &&
                             g_ascii_strcasecmp(value, "off") != 0 && strcmp(value, "0") != 0);
}

gboolean cmig_tree_option_is_on(CmigNode *const *options, gsize count, const char *name)
{
    for (gsize idx = 0; idx < count; idx++) {
        const PgQuery__DefElem *option = cmig_tree_option(options + idx, 1, name);
        if (option != NULL && is_on(option))
            return TRUE;
    }
    return FALSE;
}

/* --- Acts --- */

CmigAct *cmig_walk_add(CmigWalk *walk, CmigActVerb verb, CmigActKind kind, CmigName name)
{
    CmigAct *act = cmig_act_new(verb, kind, name.schema, name.name);
    act->deeds = walk->sure ? 0 : CMIG_DEED_UNSURE;
    g_ptr_array_add(walk->acts, act);
    return act;
}

void cmig_act_set_part(CmigAct *act, CmigActPart kind, const char *part)
{
    act->part_kind = (guint8)kind;
    act->part = g_strdup(cmig_tree_filled(part));
}

static char *make_phrase(const CmigTouch *touch)
{
    g_autofree char *object = touch->name.schema != NULL
                                  ? g_strdup_printf("%s.%s", touch->name.schema, touch->name.name)
                                  : g_strdup(touch->name.name != NULL ? touch->name.name : "");
    g_autoptr(GString) phrase = g_string_new(NULL);
    for (const char *at = touch->phrase; *at != '\0';) {
        if (g_str_has_prefix(at, "{o}")) {
            g_string_append(phrase, object);
            at += 3;
        } else if (g_str_has_prefix(at, "{p}")) {
            g_string_append(phrase, touch->part != NULL ? touch->part : "");
            at += 3;
        } else {
            g_string_append_c(phrase, *at++);
        }
    }
    return g_string_free(g_steal_pointer(&phrase), FALSE);
}

/* Locks that a mere index or comment does not take. The rows of a child are read with its own. */
static gboolean changes_records(const CmigTouch *touch)
{
    return cmig_act_kind_class(touch->kind) == CMIG_KIND_TABLE &&
           g_strcmp0(touch->name.name, CMIG_FACT_RECORDS) == 0 &&
           (touch->lock == CMIG_LOCK_ROW_EXCLUSIVE || touch->lock > CMIG_LOCK_SHARE ||
            (touch->deeds & CMIG_DEED_ADDS_CHILD) != 0);
}

void cmig_walk_touch(CmigWalk *walk, const CmigTouch *touch)
{
    CmigAct *act = cmig_walk_add(walk, CMIG_ACT_TOUCH, touch->kind, touch->name);
    cmig_act_set_part(act, touch->part_kind, touch->part);
    act->level = (guint8)touch->level;
    act->flags = (guint8)touch->flags;
    act->lock = (guint8)touch->lock;
    act->deeds |= (guint8)touch->deeds;
    act->what = make_phrase(touch);
    if (changes_records(touch)) {
        act->level = MAX(act->level, CMIG_LEVEL_DATA);
        act->flags |= CMIG_FACT_PRIVILEGE;
    }
}

void cmig_walk_say(CmigWalk *walk, CmigLevel level, guint flags, const char *what)
{
    CmigAct *act = cmig_walk_add(walk, CMIG_ACT_SAY, CMIG_KIND_NONE, (CmigName){NULL, NULL});
    act->level = (guint8)level;
    act->flags = (guint8)flags;
    act->what = g_strdup(what);
}

void cmig_walk_name_relation(CmigWalk *walk, const char *name)
{
    if (g_strcmp0(name, CMIG_FACT_RECORDS) == 0)
        cmig_walk_say(walk, CMIG_LEVEL_DATA, CMIG_FACT_PRIVILEGE,
                      "gives the name " CMIG_FACT_RECORDS
                      " away, by which the next run finds its records");
}

/* Whether the body has this call already. */
static gboolean is_called(CmigWalk *walk, CmigActKind kind, CmigName name, const char *arguments,
                          gboolean soft)
{
    if (walk->called == NULL)
        walk->called = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const char *schema = name.schema != NULL ? name.schema : "";
    char *key = g_strdup_printf("%d%d%zu/%s%s/%s", soft, (int)kind, strlen(schema), schema,
                                arguments != NULL ? arguments : "-", name.name);
    return !g_hash_table_add(walk->called, key);
}

static gboolean is_harmless(CmigName name, const CmigDanger **danger)
{
    gboolean system = name.schema == NULL || strcmp(name.schema, "pg_catalog") == 0;
    switch (cmig_builtin_find(name.name, danger)) {
    case CMIG_BUILTIN_STEADY:
    case CMIG_BUILTIN_CHANGING:
        return system;
    case CMIG_BUILTIN_EXTENSION_STEADY:
    case CMIG_BUILTIN_EXTENSION_CHANGING:
        return TRUE;
    default:
        return FALSE;
    }
}

static void add_call(CmigWalk *walk, CmigActKind kind, CmigName name, const char *arguments,
                     gboolean soft)
{
    if (name.name == NULL || is_called(walk, kind, name, arguments, soft))
        return;
    const CmigDanger *danger = NULL;
    gboolean harmless = kind == CMIG_KIND_FUNCTION && is_harmless(name, &danger);
    CmigAct *act = cmig_walk_add(walk, CMIG_ACT_CALL, kind, name);
    act->to = g_strdup(arguments);
    if (danger != NULL && !walk->soft) {
        act->level = (guint8)danger->level;
        act->flags = (guint8)danger->flags;
        act->what = g_strdup(danger->what);
    } else if (!soft && !harmless) {
        act->level = CMIG_LEVEL_WEAKER;
        act->flags = CMIG_FACT_OPAQUE;
        act->what = g_strdup_printf("calls %s, of which nothing is known", name.name);
    }
}

void cmig_walk_call(CmigWalk *walk, CmigActKind kind, CmigName name, gboolean may_be_unknown)
{
    add_call(walk, kind, name, NULL, walk->soft || may_be_unknown);
}

void cmig_walk_call_routine(CmigWalk *walk, CmigName name, const char *arguments)
{
    add_call(walk, CMIG_KIND_FUNCTION, name, arguments, walk->soft);
}

void cmig_walk_fire(CmigWalk *walk, CmigName table, gboolean adds)
{
    add_call(walk, CMIG_KIND_TABLE, table, adds ? CMIG_ACT_ADDS : CMIG_ACT_CHANGES, TRUE);
}

CmigAct *cmig_walk_begin_body(CmigWalk *walk, CmigActKind kind, CmigName name, CmigWalk *body)
{
    CmigAct *definition = cmig_walk_add(walk, CMIG_ACT_DEFINE, kind, name);
    *body = *walk;
    body->called = NULL;
    body->sure = FALSE;
    body->soft = FALSE;
    return definition;
}

void cmig_walk_end_body(CmigWalk *walk, CmigWalk *body)
{
    g_clear_pointer(&body->called, g_hash_table_unref);
    cmig_walk_add(walk, CMIG_ACT_END, CMIG_KIND_NONE, (CmigName){NULL, NULL});
}

/* Most tables compute nothing that matters: that is not remembered. */
void cmig_walk_inserts(CmigWalk *walk, CmigName table, const ProtobufCMessage *message)
{
    guint before = walk->acts->len;
    gboolean matters = FALSE;
    CmigWalk body;
    cmig_walk_begin_body(walk, CMIG_KIND_TABLE, table, &body)->to = g_strdup(CMIG_ACT_ADDS);
    cmig_walk_parts(&body, message);
    cmig_walk_end_body(walk, &body);
    for (guint idx = before; idx < walk->acts->len; idx++)
        matters = matters || ((const CmigAct *)walk->acts->pdata[idx])->level > 0;
    if (!matters)
        g_ptr_array_set_size(walk->acts, (gint)before);
}
