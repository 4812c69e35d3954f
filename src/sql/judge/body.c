/* Code that a statement brings along: DO blocks, which run at once, and routines, which may be
 * called later. */
#include "sql/judge/plpgsql.h"
#include "sql/judge/tree.h"

#include <string.h>

/* Body, or library and symbol. */
static const char *source_of(CmigNode *const *options, gsize count)
{
    const PgQuery__DefElem *option = cmig_tree_option(options, count, "as");
    if (option == NULL || option->arg == NULL)
        return NULL;
    if (option->arg->node_case == CMIG_NODE(LIST))
        return option->arg->list->n_items > 0 ? cmig_tree_string(option->arg->list->items[0])
                                              : NULL;
    return cmig_tree_string(option->arg);
}

static const char *language_of(CmigNode *const *options, gsize count, const char *otherwise)
{
    const PgQuery__DefElem *option = cmig_tree_option(options, count, "language");
    const char *language = option != NULL ? cmig_tree_string(option->arg) : NULL;
    return language != NULL ? language : otherwise;
}

static void walk_source(CmigWalk *walk, const char *language, const char *source)
{
    if (g_ascii_strcasecmp(language, "sql") == 0) {
        cmig_walk_text(walk, source, "runs SQL that is not understood");
    } else if (strcmp(language, "plpgsql") == 0) {
        g_autofree char *statement = g_strndup(walk->text + walk->start, walk->end - walk->start);
        cmig_walk_plpgsql(walk, statement, source);
    } else {
        g_autofree char *what = g_strdup_printf("runs code in the language %s", language);
        cmig_walk_say(walk, CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, what);
    }
}

static void walk_do(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__DoStmt *statement = node->do_stmt;
    const char *source = source_of(statement->args, statement->n_args);
    CmigWalk body = *walk;
    body.sure = FALSE;
    if (source != NULL)
        walk_source(&body, language_of(statement->args, statement->n_args, "plpgsql"), source);
    walk->called = body.called;
}

static gboolean is_input(const PgQuery__FunctionParameter *parameter)
{
    return parameter->mode != PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT &&
           parameter->mode != PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE;
}

/* Known by its arguments, and by its name alone as long as it is the only one. */
static void created(CmigWalk *walk, const PgQuery__CreateFunctionStmt *create, CmigName name)
{
    g_autoptr(GPtrArray) types = g_ptr_array_new();
    g_autofree CmigNode *nodes = g_new0(CmigNode, create->n_parameters);
    for (gsize idx = 0; idx < create->n_parameters; idx++) {
        const CmigNode *parameter = create->parameters[idx];
        if (parameter->node_case != CMIG_NODE(FUNCTION_PARAMETER) ||
            !is_input(parameter->function_parameter))
            continue;
        nodes[idx].node_case = CMIG_NODE(TYPE_NAME);
        nodes[idx].type_name = parameter->function_parameter->arg_type;
        g_ptr_array_add(types, &nodes[idx]);
    }
    g_autofree char *signature =
        cmig_tree_signature(name.name, (CmigNode *const *)types->pdata, types->len);
    CmigActKind kind = create->is_procedure ? CMIG_KIND_PROCEDURE : CMIG_KIND_FUNCTION;
    cmig_walk_add(walk, CMIG_ACT_CREATE, kind, name);
    cmig_walk_add(walk, CMIG_ACT_CREATE, kind, (CmigName){name.schema, signature});
}

/* A routine may bring its own settings, and be another user: bare names are its own then. */
static void walk_settings(CmigWalk *body, CmigNode *const *options, gsize count)
{
    gboolean elsewhere = cmig_tree_option_is_on(options, count, "security");
    for (gsize idx = 0; idx < count; idx++) {
        const PgQuery__DefElem *setting = cmig_tree_option(options + idx, 1, "set");
        if (setting == NULL || setting->arg == NULL ||
            setting->arg->node_case != CMIG_NODE(VARIABLE_SET_STMT))
            continue;
        const char *name = setting->arg->variable_set_stmt->name;
        if (g_ascii_strcasecmp(name, "search_path") != 0)
            cmig_walk_node(body, setting->arg);
        else
            elsewhere = TRUE;
    }
    if (elsewhere)
        cmig_walk_add(body, CMIG_ACT_ELSEWHERE, CMIG_KIND_NONE, (CmigName){NULL, NULL});
}

/* What it does is as before, but not to which objects. */
static void walk_alter(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__AlterFunctionStmt *alter = node->alter_function_stmt;
    const PgQuery__ObjectWithArgs *routine = alter->func;
    cmig_walk_say(walk, CMIG_LEVEL_DEFINITION, 0, "changes a routine");
    if (routine != NULL && (cmig_tree_option(alter->actions, alter->n_actions, "set") != NULL ||
                            cmig_tree_option_is_on(alter->actions, alter->n_actions, "security")))
        cmig_walk_add(walk, CMIG_ACT_FORGET, CMIG_KIND_FUNCTION,
                      cmig_tree_name(routine->objname, routine->n_objname));
}

static void walk_create(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreateFunctionStmt *create = node->create_function_stmt;
    CmigName name = cmig_tree_name(create->funcname, create->n_funcname);
    if (name.name == NULL)
        return;
    if (create->replace)
        cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_FUNCTION,
                                           .name = name,
                                           .level = CMIG_LEVEL_DEFINITION,
                                           .phrase = "replaces the routine {o}"});
    else if (walk->sure)
        created(walk, create, name);
    const char *source = source_of(create->options, create->n_options);
    CmigWalk body;
    cmig_walk_begin_body(walk, CMIG_KIND_FUNCTION, name, &body)->to = cmig_tree_parameters(create);
    walk_settings(&body, create->options, create->n_options);
    cmig_walk_list(&body, create->parameters, create->n_parameters); /* their defaults */
    if (create->sql_body != NULL)
        cmig_walk_node(&body, create->sql_body);
    else if (source != NULL)
        walk_source(&body, language_of(create->options, create->n_options, "sql"), source);
    cmig_walk_end_body(walk, &body);
}

const CmigHandler cmig_body_handlers[] = {
    {CMIG_NODE(DO_STMT), walk_do},
    {CMIG_NODE(CREATE_FUNCTION_STMT), walk_create},
    {CMIG_NODE(ALTER_FUNCTION_STMT), walk_alter},
    {0, NULL},
};
