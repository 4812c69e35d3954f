/* With which arguments a routine is called, and which it takes: a letter for each. Overloads of one
 * name are told apart by that, as far as it goes. */
#include "sql/judge/tree.h"

#include <string.h>

/* Types that no implicit cast turns into those of another letter. */
static const struct {
    char letter;
    const char *names;
} families[] = {
    {'N', " int2 int4 int8 float4 float8 numeric "},
    {'S', " text varchar bpchar char name citext "},
    {'B', " bool "},
    {'D', " date timestamp timestamptz time timetz interval "},
    {'J', " json jsonb "},
    {'U', " uuid "},
};

static char letter_of_type(const PgQuery__TypeName *type)
{
    if (type == NULL || type->n_array_bounds > 0 || type->setof || type->pct_type)
        return '?';
    CmigName name = cmig_tree_name(type->names, type->n_names);
    if (name.name == NULL || (name.schema != NULL && strcmp(name.schema, "pg_catalog") != 0))
        return '?';
    g_autofree char *word = g_strdup_printf(" %s ", name.name);
    for (gsize idx = 0; idx < G_N_ELEMENTS(families); idx++)
        if (strstr(families[idx].names, word) != NULL)
            return families[idx].letter;
    return '?';
}

static char letter_of_constant(const PgQuery__AConst *constant)
{
    switch (constant->isnull ? PG_QUERY__A__CONST__VAL__NOT_SET : constant->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
    case PG_QUERY__A__CONST__VAL_FVAL:
        return 'N';
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        return 'B';
    default: /* a string may be of any type */
        return '?';
    }
}

static char letter_of_value(const CmigNode *value)
{
    if (value->node_case == CMIG_NODE(A_CONST))
        return letter_of_constant(value->a_const);
    return value->node_case == CMIG_NODE(TYPE_CAST) ? letter_of_type(value->type_cast->type_name)
                                                    : '?';
}

char *cmig_tree_arguments(const PgQuery__FuncCall *call)
{
    if (call->func_variadic || call->agg_within_group)
        return NULL;
    g_autoptr(GString) letters = g_string_new(NULL);
    for (gsize idx = 0; idx < call->n_args; idx++)
        g_string_append_c(letters, letter_of_value(call->args[idx]));
    return g_string_free(g_steal_pointer(&letters), FALSE);
}

char *cmig_tree_parameters(const PgQuery__CreateFunctionStmt *create)
{
    g_autoptr(GString) letters = g_string_new(NULL);
    for (gsize idx = 0; idx < create->n_parameters; idx++) {
        const PgQuery__FunctionParameter *parameter =
            create->parameters[idx]->node_case == CMIG_NODE(FUNCTION_PARAMETER)
                ? create->parameters[idx]->function_parameter
                : NULL;
        gboolean out = parameter != NULL &&
                       parameter->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT;
        if (parameter == NULL || (out && !create->is_procedure) ||
            parameter->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE)
            continue;
        gboolean many = parameter->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_VARIADIC;
        g_string_append_c(letters, many || out ? '?' : letter_of_type(parameter->arg_type));
        if (parameter->defexpr != NULL)
            g_string_append_c(letters, '=');
        if (many)
            g_string_append_c(letters, '*');
    }
    return g_string_free(g_steal_pointer(&letters), FALSE);
}
