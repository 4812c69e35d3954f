/* What can be told of expressions: whether a WHERE keeps any row, whether a default is the same for
 * every row. Where it cannot be told, the worse is assumed. */
#include "sql/facts_builtin.h"
#include "sql/facts_tree.h"

#include <string.h>

enum { DEEPEST = 200 };

/* --- What an expression holds, whatever it is --- */

typedef gboolean (*Test)(const CmigNode *node);

static gboolean holds(const ProtobufCMessage *message, Test test, guint depth);

static gboolean part_holds(const ProtobufCMessage *part, Test test, guint depth)
{
    if (part == NULL || depth == DEEPEST)
        return FALSE;
    if (part->descriptor != &pg_query__node__descriptor)
        return holds(part, test, depth + 1);
    const CmigNode *node = (const CmigNode *)part;
    return test(node) || (node->alias != NULL && holds(&node->alias->base, test, depth + 1));
}

static gboolean holds(const ProtobufCMessage *message, Test test, guint depth)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (guint idx = 0; idx < type->n_fields; idx++) {
        const ProtobufCFieldDescriptor *field = &type->fields[idx];
        const char *at = (const char *)message + field->offset;
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
            continue;
        gsize count = 1;
        ProtobufCMessage *const *parts = (ProtobufCMessage *const *)(gconstpointer)at;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            memcpy(&count, (const char *)message + field->quantifier_offset, sizeof count);
            memcpy(&parts, at, sizeof parts);
        }
        for (gsize part = 0; part < count; part++)
            if (part_holds(parts[part], test, depth))
                return TRUE;
    }
    return FALSE;
}

static gboolean is_column(const CmigNode *node)
{
    return node->node_case == CMIG_NODE(COLUMN_REF) ||
           node->node_case == CMIG_NODE(CURRENT_OF_EXPR);
}

static gboolean node_holds(const CmigNode *node, Test test)
{
    return node != NULL && part_holds(&node->base, test, 0);
}

/* --- WHERE --- */

static gboolean is_same_column(const CmigNode *one, const CmigNode *other)
{
    if (one == NULL || other == NULL || one->node_case != CMIG_NODE(COLUMN_REF) ||
        other->node_case != CMIG_NODE(COLUMN_REF))
        return FALSE;
    CmigName a = cmig_tree_name(one->column_ref->fields, one->column_ref->n_fields);
    CmigName b = cmig_tree_name(other->column_ref->fields, other->column_ref->n_fields);
    gboolean one_table = a.schema == NULL || b.schema == NULL || strcmp(a.schema, b.schema) == 0;
    return one_table && g_strcmp0(a.name, b.name) == 0;
}

static gboolean filters(const CmigNode *where, guint depth)
{
    if (where == NULL || depth == DEEPEST)
        return FALSE;
    if (where->node_case == CMIG_NODE(A_EXPR) &&
        is_same_column(where->a_expr->lexpr, where->a_expr->rexpr))
        return where->a_expr->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP &&
               where->a_expr->kind != PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT;
    if (where->node_case != CMIG_NODE(BOOL_EXPR))
        return node_holds(where, is_column);
    const PgQuery__BoolExpr *expression = where->bool_expr;
    gboolean all = expression->boolop != PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR;
    for (gsize idx = 0; idx < expression->n_args; idx++)
        if (filters(expression->args[idx], depth + 1) != all)
            return !all;
    return all;
}

gboolean cmig_tree_filters(const CmigNode *where)
{
    return filters(where, 0);
}

/* --- Defaults --- */

/* What is computed once for a statement. */
static gboolean is_steady_call(const PgQuery__FuncCall *call)
{
    const CmigDanger *danger = NULL;
    CmigName name = cmig_tree_name(call->funcname, call->n_funcname);
    gboolean system = name.schema == NULL || strcmp(name.schema, "pg_catalog") == 0;
    if (name.name == NULL)
        return FALSE;
    CmigBuiltin builtin = cmig_builtin_find(name.name, &danger);
    return (system && builtin == CMIG_BUILTIN_STEADY) || builtin == CMIG_BUILTIN_EXTENSION_STEADY;
}

static gboolean is_changing(const CmigNode *node)
{
    return node->node_case == CMIG_NODE(FUNC_CALL) && !is_steady_call(node->func_call);
}

gboolean cmig_tree_is_volatile(const CmigNode *expression)
{
    return node_holds(expression, is_changing);
}
