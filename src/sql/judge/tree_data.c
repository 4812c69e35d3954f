/* Statements about rows, and those that hold another statement. */
#include "sql/judge/tree.h"

#include <string.h>

/* The table whose rows are changed. Rows of the system's tables are definitions of everything there
 * is; those of pg_settings set parameters. */
static CmigName target_of(CmigWalk *walk, const PgQuery__RangeVar *relation, gboolean adds)
{
    CmigName name = cmig_walk_name(walk, relation);
    gboolean system = name.schema == NULL || strcmp(name.schema, "pg_catalog") == 0;
    cmig_walk_fire(walk, name, adds);
    if (name.name == NULL || !system || !g_str_has_prefix(name.name, "pg_"))
        return name;
    if (strcmp(name.name, "pg_settings") == 0)
        cmig_walk_set_parameter(walk, NULL);
    else
        cmig_walk_say(walk, CMIG_LEVEL_UNBOUNDED, CMIG_FACT_OPAQUE | CMIG_FACT_PRIVILEGE,
                      "changes the system's own tables");
    return name;
}

static void walk_insert(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__InsertStmt *insert = node->insert_stmt;
    const PgQuery__OnConflictClause *conflict = insert->on_conflict_clause;
    gboolean updates =
        conflict != NULL && conflict->action == PG_QUERY__ON_CONFLICT_ACTION__ONCONFLICT_UPDATE;
    CmigFilter filter = {.table = insert->relation};
    gboolean all = updates && cmig_tree_takes_all(insert->select_stmt, insert->relation) &&
                   !cmig_tree_filters(conflict->where_clause, &filter);
    cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                       .name = target_of(walk, insert->relation, TRUE),
                                       .level = all       ? CMIG_LEVEL_DATA
                                                : updates ? CMIG_LEVEL_WEAKER
                                                          : CMIG_LEVEL_NONE,
                                       .lock = CMIG_LOCK_ROW_EXCLUSIVE,
                                       .deeds = all ? CMIG_DEED_LOSES : 0,
                                       .phrase = all       ? "overwrites all rows of {o}"
                                                 : updates ? "adds rows to {o} or overwrites them"
                                                           : "adds rows to {o}"});
    cmig_walk_parts(walk, &insert->base);
}

static void walk_delete(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__DeleteStmt *statement = node->delete_stmt;
    CmigFilter filter = {.table = statement->relation,
                         .twin = cmig_tree_twin(statement->relation, statement->using_clause,
                                                statement->n_using_clause)};
    gboolean some = cmig_tree_filters(statement->where_clause, &filter);
    cmig_walk_touch(
        walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                           .name = target_of(walk, statement->relation, FALSE),
                           .level = some ? CMIG_LEVEL_WEAKER : CMIG_LEVEL_DATA,
                           .lock = CMIG_LOCK_ROW_EXCLUSIVE,
                           .deeds = CMIG_DEED_LOSES | CMIG_DEED_DELETES,
                           .phrase = some ? "deletes rows of {o}" : "deletes all rows of {o}"});
    cmig_walk_parts(walk, &statement->base);
}

/* One column after the other: setting one that the plan added loses nothing. */
static void walk_update(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__UpdateStmt *statement = node->update_stmt;
    CmigName name = target_of(walk, statement->relation, FALSE);
    const char *twin =
        cmig_tree_twin(statement->relation, statement->from_clause, statement->n_from_clause);
    for (gsize idx = 0; idx < statement->n_target_list; idx++) {
        const CmigNode *target = statement->target_list[idx];
        if (target->node_case != CMIG_NODE(RES_TARGET))
            continue;
        CmigFilter filter = {statement->relation, target->res_target->name, twin};
        gboolean some = cmig_tree_filters(statement->where_clause, &filter);
        cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                           .name = name,
                                           .part_kind = CMIG_PART_COLUMN,
                                           .part = target->res_target->name,
                                           .level = some ? CMIG_LEVEL_WEAKER : CMIG_LEVEL_DATA,
                                           .lock = CMIG_LOCK_ROW_EXCLUSIVE,
                                           .deeds = CMIG_DEED_LOSES,
                                           .phrase = some ? "changes {p} in rows of {o}"
                                                          : "changes {p} in all rows of {o}"});
    }
    cmig_walk_parts(walk, &statement->base);
}

static void walk_merge(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__MergeStmt *statement = node->merge_stmt;
    CmigTouch touch = {.kind = CMIG_KIND_TABLE,
                       .name = target_of(walk, statement->relation, TRUE),
                       .lock = CMIG_LOCK_ROW_EXCLUSIVE,
                       .phrase = "adds rows to {o}"};
    CmigNode *source = statement->source_relation;
    CmigFilter filter = {.table = statement->relation,
                         .twin =
                             cmig_tree_twin(statement->relation, &source, source != NULL ? 1 : 0)};
    gboolean joined = cmig_tree_filters(statement->join_condition, &filter);
    for (gsize idx = 0; idx < statement->n_merge_when_clauses; idx++) {
        const CmigNode *clause = statement->merge_when_clauses[idx];
        if (clause->node_case != CMIG_NODE(MERGE_WHEN_CLAUSE))
            continue;
        const PgQuery__MergeWhenClause *arm = clause->merge_when_clause;
        if (arm->command_type != PG_QUERY__CMD_TYPE__CMD_DELETE &&
            arm->command_type != PG_QUERY__CMD_TYPE__CMD_UPDATE)
            continue;
        gboolean some = joined || cmig_tree_filters(arm->condition, &filter);
        touch.level = MAX(touch.level, some ? CMIG_LEVEL_WEAKER : CMIG_LEVEL_DATA);
        touch.deeds |= CMIG_DEED_LOSES;
        if (arm->command_type == PG_QUERY__CMD_TYPE__CMD_DELETE)
            touch.deeds |= CMIG_DEED_DELETES;
        touch.phrase = "changes or deletes rows of {o}";
    }
    cmig_walk_touch(walk, &touch);
    cmig_walk_parts(walk, &statement->base);
}

static void walk_truncate(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__TruncateStmt *statement = node->truncate_stmt;
    gboolean cascades = statement->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    for (gsize idx = 0; idx < statement->n_relations; idx++) {
        const CmigNode *relation = statement->relations[idx];
        if (relation->node_case == CMIG_NODE(RANGE_VAR))
            cmig_walk_touch(
                walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                   .name = cmig_walk_name(walk, relation->range_var),
                                   .level = CMIG_LEVEL_DATA,
                                   .flags = cascades ? CMIG_FACT_CASCADE : 0,
                                   .lock = CMIG_LOCK_ACCESS_EXCLUSIVE,
                                   .deeds = CMIG_DEED_LOSES | (cascades ? CMIG_DEED_EMPTIES : 0),
                                   .phrase = "empties the table {o}"});
    }
}

static void walk_copy(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CopyStmt *copy = node->copy_stmt;
    guint flags = CMIG_FACT_PRIVILEGE | CMIG_FACT_OPAQUE;
    if (copy->is_program)
        cmig_walk_say(walk, CMIG_LEVEL_WEAKER, flags, "runs a program on the server");
    else if (cmig_tree_filled(copy->filename) != NULL)
        cmig_walk_say(walk, CMIG_LEVEL_WEAKER, flags,
                      copy->is_from ? "reads a file on the server" : "writes a file on the server");
    if (copy->is_from)
        cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                           .name = target_of(walk, copy->relation, TRUE),
                                           .lock = CMIG_LOCK_ROW_EXCLUSIVE,
                                           .phrase = "adds rows to {o}"});
    cmig_walk_parts(walk, &copy->base);
}

static void walk_lock(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__LockStmt *lock = node->lock_stmt;
    for (gsize idx = 0; idx < lock->n_relations; idx++) {
        const CmigNode *relation = lock->relations[idx];
        if (relation->node_case != CMIG_NODE(RANGE_VAR))
            continue;
        /* The modes have the same numbers. */
        cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                           .name = cmig_walk_name(walk, relation->range_var),
                                           .lock = (CmigLock)CLAMP(lock->mode, CMIG_LOCK_NONE,
                                                                   CMIG_LOCK_ACCESS_EXCLUSIVE),
                                           .phrase = "locks {o}"});
    }
}

/* --- Making tables of queries --- */

static void create_from(CmigWalk *walk, const PgQuery__IntoClause *into, CmigActKind kind)
{
    gboolean temporary = into->rel != NULL && g_strcmp0(into->rel->relpersistence, "t") == 0;
    gboolean dropped = into->on_commit == PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_DROP;
    cmig_walk_name_relation(walk, into->rel != NULL ? into->rel->relname : NULL);
    if (into->rel == NULL || dropped || !walk->sure)
        return;
    CmigAct *act = cmig_walk_add(walk, CMIG_ACT_CREATE, kind, cmig_walk_name(walk, into->rel));
    act->to = temporary ? g_strdup("temporary") : NULL;
}

static void walk_select(CmigWalk *walk, const CmigNode *node)
{
    cmig_walk_parts(walk, &node->select_stmt->base);
    if (node->select_stmt->into_clause != NULL)
        create_from(walk, node->select_stmt->into_clause, CMIG_KIND_TABLE);
}

static void walk_create_as(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreateTableAsStmt *statement = node->create_table_as_stmt;
    gboolean view = statement->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW;
    cmig_walk_node(walk, statement->query);
    if (statement->if_not_exists && statement->into != NULL && statement->into->rel != NULL)
        cmig_walk_name_relation(walk, statement->into->rel->relname);
    else if (statement->into != NULL)
        create_from(walk, statement->into, view ? CMIG_KIND_MATVIEW : CMIG_KIND_TABLE);
}

static void walk_refresh(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__RefreshMatViewStmt *refresh = node->refresh_mat_view_stmt;
    cmig_walk_touch(
        walk,
        &(CmigTouch){.kind = CMIG_KIND_MATVIEW,
                     .name = cmig_walk_name(walk, refresh->relation),
                     .level = refresh->skip_data ? CMIG_LEVEL_DEFINITION : CMIG_LEVEL_NONE,
                     .lock = refresh->concurrent ? CMIG_LOCK_EXCLUSIVE : CMIG_LOCK_ACCESS_EXCLUSIVE,
                     .deeds = refresh->concurrent ? CMIG_DEED_SCANS : CMIG_DEED_REWRITES,
                     .phrase = refresh->skip_data ? "empties the materialized view {o}"
                                                  : "refreshes the materialized view {o}"});
}

/* --- Statements in statements --- */

/* A query that is only planned changes nothing, but the planner computes what a function returns
 * when that is said to be always the same. */
static void walk_planned(CmigWalk *walk, const CmigNode *query)
{
    GPtrArray *acts = walk->acts;
    g_autoptr(GPtrArray) planned = g_ptr_array_new();
    walk->acts = planned;
    cmig_walk_node(walk, query);
    walk->acts = acts;
    for (guint idx = 0; idx < planned->len; idx++) {
        CmigAct *act = planned->pdata[idx];
        if (act->verb == CMIG_ACT_CALL && act->kind == CMIG_KIND_FUNCTION)
            g_ptr_array_add(acts, act);
        else
            cmig_act_free(act);
    }
}

static void walk_explain(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__ExplainStmt *explain = node->explain_stmt;
    if (cmig_tree_option_is_on(explain->options, explain->n_options, "analyze"))
        cmig_walk_node(walk, explain->query);
    else
        walk_planned(walk, explain->query);
}

static void walk_prepare(CmigWalk *walk, const CmigNode *node)
{
    CmigName name = {NULL, node->prepare_stmt->name};
    CmigWalk body;
    cmig_walk_begin_body(walk, CMIG_KIND_PREPARED, name, &body);
    cmig_walk_node(&body, node->prepare_stmt->query);
    cmig_walk_end_body(walk, &body);
}

static void walk_execute(CmigWalk *walk, const CmigNode *node)
{
    CmigName name = {NULL, node->execute_stmt->name};
    cmig_walk_call(walk, CMIG_KIND_PREPARED, name, FALSE);
    cmig_walk_parts(walk, &node->execute_stmt->base);
}

/* --- Calls --- */

static void walk_set_config(CmigWalk *walk, const PgQuery__FuncCall *call)
{
    cmig_walk_set_parameter(walk, call->n_args > 0 ? cmig_tree_string(call->args[0]) : NULL);
}

static void walk_call(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__FuncCall *call = node->func_call;
    CmigName name = cmig_tree_name(call->funcname, call->n_funcname);
    gboolean system = name.schema == NULL || strcmp(name.schema, "pg_catalog") == 0;
    if (system && g_strcmp0(name.name, "set_config") == 0) {
        if (!walk->soft)
            walk_set_config(walk, call);
    } else {
        g_autofree char *arguments = cmig_tree_arguments(call);
        cmig_walk_call_routine(walk, name, arguments);
    }
    cmig_walk_parts(walk, &call->base);
}

/* t.f and (x).f are f(t) and f(x) where no column is called so. */
static void call_by_attribute(CmigWalk *walk, CmigNode *const *fields, gsize count, gsize least)
{
    const char *name = count >= least ? cmig_tree_string(fields[count - 1]) : NULL;
    gboolean before = walk->soft;
    walk->soft = TRUE;
    cmig_walk_call(walk, CMIG_KIND_FUNCTION, (CmigName){NULL, name}, TRUE);
    walk->soft = before;
}

static void walk_column(CmigWalk *walk, const CmigNode *node)
{
    call_by_attribute(walk, node->column_ref->fields, node->column_ref->n_fields, 2);
}

static void walk_indirection(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__AIndirection *indirection = node->a_indirection;
    for (gsize count = 1; count <= indirection->n_indirection; count++)
        call_by_attribute(walk, indirection->indirection, count, 1);
    cmig_walk_parts(walk, &indirection->base);
}

static void walk_call_statement(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__FuncCall *call = node->call_stmt->funccall;
    if (call == NULL)
        return;
    g_autofree char *arguments = cmig_tree_arguments(call);
    cmig_walk_call_routine(walk, cmig_tree_name(call->funcname, call->n_funcname), arguments);
    cmig_walk_parts(walk, &call->base);
}

const CmigHandler cmig_data_handlers[] = {
    {CMIG_NODE(INSERT_STMT), walk_insert},
    {CMIG_NODE(DELETE_STMT), walk_delete},
    {CMIG_NODE(UPDATE_STMT), walk_update},
    {CMIG_NODE(MERGE_STMT), walk_merge},
    {CMIG_NODE(TRUNCATE_STMT), walk_truncate},
    {CMIG_NODE(COPY_STMT), walk_copy},
    {CMIG_NODE(LOCK_STMT), walk_lock},
    {CMIG_NODE(SELECT_STMT), walk_select},
    {CMIG_NODE(CREATE_TABLE_AS_STMT), walk_create_as},
    {CMIG_NODE(REFRESH_MAT_VIEW_STMT), walk_refresh},
    {CMIG_NODE(EXPLAIN_STMT), walk_explain},
    {CMIG_NODE(PREPARE_STMT), walk_prepare},
    {CMIG_NODE(EXECUTE_STMT), walk_execute},
    {CMIG_NODE(FUNC_CALL), walk_call},
    {CMIG_NODE(CALL_STMT), walk_call_statement},
    {CMIG_NODE(COLUMN_REF), walk_column},
    {CMIG_NODE(A_INDIRECTION), walk_indirection},
    {0, NULL},
};
