/* What can be told of expressions: whether a WHERE keeps any row, whether a default is the same for
 * every row. Where it cannot be told, the worse is assumed. */
#include "sql/judge/builtin.h"
#include "sql/judge/tree.h"

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

/* `x` of `FROM t x`. */
static const char *called(const PgQuery__RangeVar *relation)
{
    return relation->alias != NULL ? relation->alias->aliasname : relation->relname;
}

static gboolean is_same_table(const PgQuery__RangeVar *one, const PgQuery__RangeVar *other)
{
    const char *schema = cmig_tree_filled(one->schemaname);
    const char *second = cmig_tree_filled(other->schemaname);
    return strcmp(one->relname, other->relname) == 0 &&
           (schema == NULL || second == NULL || strcmp(schema, second) == 0);
}

const char *cmig_tree_twin(const PgQuery__RangeVar *table, CmigNode *const *others, gsize count)
{
    for (gsize idx = 0; table != NULL && idx < count; idx++)
        if (others[idx]->node_case == CMIG_NODE(RANGE_VAR) &&
            is_same_table(table, others[idx]->range_var))
            return called(others[idx]->range_var);
    return NULL;
}

/* `a` is `t.a` where t is the table: what others are called may be a variable or a row's. */
static gboolean is_of_table(const char *qualifier, const CmigFilter *filter)
{
    if (qualifier == NULL)
        return TRUE;
    return filter->table != NULL && strcmp(qualifier, called(filter->table)) == 0;
}

static gboolean is_same_column(const CmigNode *one, const CmigNode *other, const CmigFilter *filter)
{
    if (one == NULL || other == NULL || one->node_case != CMIG_NODE(COLUMN_REF) ||
        other->node_case != CMIG_NODE(COLUMN_REF))
        return FALSE;
    CmigName a = cmig_tree_name(one->column_ref->fields, one->column_ref->n_fields);
    CmigName b = cmig_tree_name(other->column_ref->fields, other->column_ref->n_fields);
    gboolean one_table = g_strcmp0(a.schema, b.schema) == 0 ||
                         (is_of_table(a.schema, filter) && is_of_table(b.schema, filter));
    return one_table && g_strcmp0(a.name, b.name) == 0;
}

static const char *column_name(const CmigNode *node)
{
    return node != NULL && node->node_case == CMIG_NODE(COLUMN_REF)
               ? cmig_tree_name(node->column_ref->fields, node->column_ref->n_fields).name
               : NULL;
}

/* Every row has a value there; or it is the column that is set, of which no value is left. */
static gboolean is_filled(const char *column, const char *set)
{
    static const char *const always[] = {"id",   "ctid", "tableoid", "xmin",
                                         "cmin", "xmax", "cmax",     NULL};
    return column != NULL && (g_strv_contains(always, column) || g_strcmp0(column, set) == 0);
}

/* A query that gives every value that the column has in the table: `SELECT id FROM t`. */
static gboolean is_whole_column(const CmigNode *query, const CmigNode *column,
                                const CmigFilter *filter)
{
    const PgQuery__SelectStmt *select =
        query != NULL && query->node_case == CMIG_NODE(SELECT_STMT) ? query->select_stmt : NULL;
    if (select == NULL || filter->table == NULL || column_name(column) == NULL ||
        select->n_from_clause != 1 ||
        cmig_tree_twin(filter->table, select->from_clause, 1) == NULL ||
        select->n_target_list != 1 || select->target_list[0]->node_case != CMIG_NODE(RES_TARGET) ||
        select->where_clause != NULL || select->having_clause != NULL ||
        select->limit_count != NULL || select->limit_offset != NULL || select->with_clause != NULL)
        return FALSE;
    return g_strcmp0(column_name(select->target_list[0]->res_target->val), column_name(column)) ==
           0;
}

static gboolean holds_same(const CmigNode *column, CmigNode *const *nodes, gsize count,
                           const CmigFilter *filter)
{
    for (gsize idx = 0; idx < count; idx++)
        if (is_same_column(column, nodes[idx], filter))
            return TRUE;
    return FALSE;
}

static gboolean is_among(const CmigNode *column, const CmigNode *values, const CmigFilter *filter)
{
    if (values == NULL)
        return FALSE;
    switch (values->node_case) {
    case CMIG_NODE(LIST):
        return holds_same(column, values->list->items, values->list->n_items, filter);
    case CMIG_NODE(A_ARRAY_EXPR):
        return holds_same(column, values->a_array_expr->elements, values->a_array_expr->n_elements,
                          filter);
    case CMIG_NODE(SUB_LINK):
        return is_whole_column(values->sub_link->subselect, column, filter);
    default:
        return FALSE;
    }
}

/* `t.a = x.a` where x is t again: every row finds itself. */
static gboolean joins_twin(const PgQuery__AExpr *comparison, const CmigFilter *filter)
{
    const CmigNode *one = comparison->lexpr;
    const CmigNode *other = comparison->rexpr;
    if (filter->twin == NULL || one == NULL || other == NULL ||
        one->node_case != CMIG_NODE(COLUMN_REF) || other->node_case != CMIG_NODE(COLUMN_REF) ||
        g_strcmp0(cmig_tree_name(comparison->name, comparison->n_name).name, "=") != 0)
        return FALSE;
    CmigName a = cmig_tree_name(one->column_ref->fields, one->column_ref->n_fields);
    CmigName b = cmig_tree_name(other->column_ref->fields, other->column_ref->n_fields);
    gboolean a_twin = g_strcmp0(a.schema, filter->twin) == 0;
    return a.schema != NULL && b.schema != NULL && g_strcmp0(a.name, b.name) == 0 &&
           (a_twin ? is_of_table(b.schema, filter)
                   : g_strcmp0(b.schema, filter->twin) == 0 && is_of_table(a.schema, filter));
}

/* `a = a`, `a >= a`, `a IN (1, a)`, `a = ANY (ARRAY(SELECT a FROM t))`, `a LIKE '%'`. */
static gboolean is_idle_comparison(const PgQuery__AExpr *comparison, const CmigFilter *filter)
{
    const char *pattern = cmig_tree_string(comparison->rexpr);
    switch (comparison->kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
        return is_same_column(comparison->lexpr, comparison->rexpr, filter) ||
               joins_twin(comparison, filter);
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
        return is_among(comparison->lexpr, comparison->rexpr, filter);
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
        return pattern != NULL && *pattern == '%' && strspn(pattern, "%") == strlen(pattern);
    default:
        return FALSE;
    }
}

static gboolean filters_by_query(const PgQuery__SubLink *link, const CmigFilter *filter,
                                 guint depth);

static gboolean filters(const CmigNode *where, const CmigFilter *filter, guint depth);

static gboolean filters_by_bool(const PgQuery__BoolExpr *expression, const CmigFilter *filter,
                                guint depth)
{
    const CmigNode *first = expression->n_args > 0 ? expression->args[0] : NULL;
    if (expression->boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR && first != NULL &&
        first->node_case == CMIG_NODE(NULL_TEST) &&
        first->null_test->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NULL)
        return !is_filled(column_name(first->null_test->arg), filter->column) &&
               node_holds(first, is_column);
    gboolean all = expression->boolop != PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR;
    for (gsize idx = 0; idx < expression->n_args; idx++)
        if (filters(expression->args[idx], filter, depth + 1) != all)
            return !all;
    return all;
}

static gboolean filters(const CmigNode *where, const CmigFilter *filter, guint depth)
{
    if (where == NULL || depth == DEEPEST)
        return FALSE;
    switch (where->node_case) {
    case CMIG_NODE(BOOL_EXPR):
        return filters_by_bool(where->bool_expr, filter, depth);
    case CMIG_NODE(A_EXPR):
        return !is_idle_comparison(where->a_expr, filter) && node_holds(where, is_column);
    case CMIG_NODE(NULL_TEST):
        return !(where->null_test->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL &&
                 is_filled(column_name(where->null_test->arg), filter->column)) &&
               node_holds(where, is_column);
    case CMIG_NODE(BOOLEAN_TEST):
        return filters(where->boolean_test->arg, filter, depth + 1);
    case CMIG_NODE(COALESCE_EXPR): /* the first value is the one, if it is one */
        return node_holds(where->coalesce_expr->args[0], is_column) && node_holds(where, is_column);
    case CMIG_NODE(SUB_LINK):
        return filters_by_query(where->sub_link, filter, depth) && node_holds(where, is_column);
    default:
        return node_holds(where, is_column);
    }
}

/* EXISTS is the same for every row if no condition is in there. */
static gboolean filters_by_query(const PgQuery__SubLink *link, const CmigFilter *filter,
                                 guint depth)
{
    const CmigNode *query = link->subselect;
    const PgQuery__SelectStmt *select =
        query != NULL && query->node_case == CMIG_NODE(SELECT_STMT) ? query->select_stmt : NULL;
    if (link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK)
        return !is_whole_column(query, link->testexpr, filter);
    if (link->sub_link_type != PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK || select == NULL ||
        select->n_from_clause != 1 || select->from_clause[0]->node_case != CMIG_NODE(RANGE_VAR) ||
        select->having_clause != NULL || select->limit_offset != NULL)
        return TRUE;
    CmigFilter inner = *filter;
    inner.twin = cmig_tree_twin(filter->table, select->from_clause, 1);
    return filters(select->where_clause, &inner, depth + 1);
}

gboolean cmig_tree_takes_all(const CmigNode *query, const PgQuery__RangeVar *table)
{
    const PgQuery__SelectStmt *select =
        query != NULL && query->node_case == CMIG_NODE(SELECT_STMT) ? query->select_stmt : NULL;
    CmigFilter filter = {.table = table};
    return select != NULL && table != NULL && select->n_from_clause == 1 &&
           select->limit_count == NULL && select->limit_offset == NULL &&
           cmig_tree_twin(table, select->from_clause, 1) != NULL &&
           !cmig_tree_filters(select->where_clause, &filter);
}

gboolean cmig_tree_filters(const CmigNode *where, const CmigFilter *filter)
{
    return filters(where, filter, 0);
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
