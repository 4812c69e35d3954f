/* Statements that create. What they make is new, so little is lost; what matters is what they lock,
 * what they replace, and that they may be undone later without loss. */
#include "sql/judge/builtin.h"
#include "sql/judge/tree.h"

#include <string.h>

/* The object was not there before: IF NOT EXISTS and OR REPLACE do not say that. */
static void created(CmigWalk *walk, CmigActKind kind, CmigName name)
{
    if (walk->sure && name.name != NULL)
        cmig_walk_add(walk, CMIG_ACT_CREATE, kind, name);
}

static void created_part(CmigWalk *walk, CmigName name, CmigActPart kind, const char *part)
{
    if (walk->sure && cmig_tree_filled(part) != NULL)
        cmig_act_set_part(cmig_walk_add(walk, CMIG_ACT_CREATE, CMIG_KIND_TABLE, name), kind, part);
}

/* --- Tables --- */

/* The referenced table is locked against writes, and its rows may be lost with others from now. */
static void reference(CmigWalk *walk, CmigName table, const PgQuery__Constraint *constraint)
{
    if (constraint->contype != PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN || constraint->pktable == NULL)
        return;
    CmigName referenced = cmig_walk_name(walk, constraint->pktable);
    cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                       .name = referenced,
                                       .lock = CMIG_LOCK_SHARE_ROW_EXCLUSIVE,
                                       .phrase = "references {o} by a foreign key"});
    CmigAct *bind = cmig_walk_add(walk, CMIG_ACT_BIND, CMIG_KIND_TABLE, table);
    bind->part = g_strdup(referenced.schema);
    bind->to = g_strdup(referenced.name);
}

static void reference_all(CmigWalk *walk, CmigName table, CmigNode *const *elements, gsize count)
{
    for (gsize idx = 0; idx < count; idx++) {
        const CmigNode *element = elements[idx];
        if (element->node_case == CMIG_NODE(CONSTRAINT))
            reference(walk, table, element->constraint);
        else if (element->node_case == CMIG_NODE(COLUMN_DEF))
            for (gsize at = 0; at < element->column_def->n_constraints; at++)
                if (element->column_def->constraints[at]->node_case == CMIG_NODE(CONSTRAINT))
                    reference(walk, table, element->column_def->constraints[at]->constraint);
    }
}

static void lock_parents(CmigWalk *walk, CmigName child, const PgQuery__CreateStmt *create,
                         CmigActKind kind)
{
    gboolean partition = create->partbound != NULL;
    for (gsize idx = 0; idx < create->n_inh_relations; idx++) {
        const CmigNode *parent = create->inh_relations[idx];
        if (parent->node_case != CMIG_NODE(RANGE_VAR))
            continue;
        cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                           .name = cmig_walk_name(walk, parent->range_var),
                                           .lock = partition ? CMIG_LOCK_ACCESS_EXCLUSIVE
                                                             : CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE,
                                           .deeds = CMIG_DEED_ADDS_CHILD,
                                           .phrase = partition ? "adds a partition to {o}"
                                                               : "adds a child to {o}"});
        if ((create->if_not_exists || !walk->sure) && kind != CMIG_KIND_FOREIGN_TABLE)
            continue; /* one that was there does not become a child */
        CmigAct *bind = cmig_walk_add(walk, CMIG_ACT_BIND, CMIG_KIND_TABLE, child);
        bind->part = g_strdup(cmig_tree_filled(parent->range_var->schemaname));
        bind->to = g_strdup(parent->range_var->relname);
    }
}

static void walk_create_table(CmigWalk *walk, const PgQuery__CreateStmt *create, CmigActKind kind)
{
    CmigName name = cmig_walk_name(walk, create->relation);
    gboolean dropped = create->oncommit == PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_DROP;
    cmig_walk_name_relation(walk, name.name);
    if (!create->if_not_exists && !dropped && walk->sure) {
        CmigAct *act = cmig_walk_add(walk, CMIG_ACT_CREATE, kind, name);
        if (g_strcmp0(create->relation->relpersistence, "t") == 0)
            act->to = g_strdup("temporary");
    }
    lock_parents(walk, name, create, kind);
    reference_all(walk, name, create->table_elts, create->n_table_elts);
    reference_all(walk, name, create->constraints, create->n_constraints);
    if (create->partbound != NULL)
        cmig_walk_parts(walk, &create->partbound->base); /* it is computed */
    cmig_walk_softly(walk, &create->base);
    cmig_walk_inserts(walk, name, &create->base);
}

static void walk_create(CmigWalk *walk, const CmigNode *node)
{
    walk_create_table(walk, node->create_stmt, CMIG_KIND_TABLE);
}

static void walk_create_foreign(CmigWalk *walk, const CmigNode *node)
{
    if (node->create_foreign_table_stmt->base_stmt != NULL)
        walk_create_table(walk, node->create_foreign_table_stmt->base_stmt,
                          CMIG_KIND_FOREIGN_TABLE);
}

static void walk_sequence(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreateSeqStmt *create = node->create_seq_stmt;
    if (!create->if_not_exists)
        created(walk, CMIG_KIND_SEQUENCE, cmig_walk_name(walk, create->sequence));
}

/* A view of columns of one table: what is written to it is written to the table. */
static gboolean leads_to_records(const CmigNode *query)
{
    const PgQuery__SelectStmt *select =
        query != NULL && query->node_case == CMIG_NODE(SELECT_STMT) ? query->select_stmt : NULL;
    if (select == NULL || select->n_from_clause != 1 || select->n_group_clause > 0 ||
        select->from_clause[0]->node_case != CMIG_NODE(RANGE_VAR) ||
        strcmp(select->from_clause[0]->range_var->relname, CMIG_FACT_RECORDS) != 0)
        return FALSE;
    for (gsize idx = 0; idx < select->n_target_list; idx++) {
        const CmigNode *target = select->target_list[idx];
        if (target->node_case == CMIG_NODE(RES_TARGET) && target->res_target->val != NULL &&
            target->res_target->val->node_case == CMIG_NODE(COLUMN_REF))
            return TRUE;
    }
    return FALSE;
}

static void walk_view(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__ViewStmt *view = node->view_stmt;
    CmigName name = cmig_walk_name(walk, view->view);
    cmig_walk_name_relation(walk, name.name);
    if (view->replace)
        cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_VIEW,
                                           .name = name,
                                           .level = CMIG_LEVEL_DEFINITION,
                                           .lock = CMIG_LOCK_ACCESS_EXCLUSIVE,
                                           .phrase = "replaces the view {o}"});
    else
        created(walk, CMIG_KIND_VIEW, name);
    if (leads_to_records(view->query))
        cmig_walk_say(walk, CMIG_LEVEL_DATA, CMIG_FACT_PRIVILEGE,
                      "creates a view through which " CMIG_FACT_RECORDS " can be changed");
    cmig_walk_softly(walk, &view->base);
}

/* The index is in the schema of its table. Its expressions are computed for every row. */
static void walk_index(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__IndexStmt *index = node->index_stmt;
    CmigName table = cmig_walk_name(walk, index->relation);
    CmigName name = {table.schema, cmig_tree_filled(index->idxname)};
    cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                       .name = table,
                                       .lock = index->concurrent ? CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE
                                                                 : CMIG_LOCK_SHARE,
                                       .deeds = CMIG_DEED_SCANS,
                                       .phrase = "builds an index on {o}"});
    if (!index->if_not_exists)
        created(walk, CMIG_KIND_INDEX, name);
    cmig_walk_parts(walk, &index->base);
}

static void walk_statistics(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreateStatsStmt *create = node->create_stats_stmt;
    for (gsize idx = 0; idx < create->n_relations; idx++)
        if (create->relations[idx]->node_case == CMIG_NODE(RANGE_VAR))
            cmig_walk_touch(
                walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                   .name = cmig_walk_name(walk, create->relations[idx]->range_var),
                                   .lock = CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE,
                                   .phrase = "adds statistics to {o}"});
    cmig_walk_softly(walk, &create->base);
}

/* --- What hangs on a table --- */

static void walk_trigger(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreateTrigStmt *trigger = node->create_trig_stmt;
    CmigName table = cmig_walk_name(walk, trigger->relation);
    cmig_walk_touch(
        walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                           .name = table,
                           .part_kind = CMIG_PART_TRIGGER,
                           .part = trigger->trigname,
                           .level = trigger->replace ? CMIG_LEVEL_DEFINITION : CMIG_LEVEL_NONE,
                           .lock = CMIG_LOCK_SHARE_ROW_EXCLUSIVE,
                           .phrase = trigger->replace ? "replaces the trigger {p} of {o}"
                                                      : "adds the trigger {p} to {o}"});
    if (!trigger->replace)
        created_part(walk, table, CMIG_PART_TRIGGER, trigger->trigname);
    CmigName function = cmig_tree_name(trigger->funcname, trigger->n_funcname);
    CmigWalk body; /* what happens when rows of the table change */
    cmig_walk_call(walk, CMIG_KIND_FUNCTION, function, TRUE);
    cmig_walk_begin_body(walk, CMIG_KIND_TABLE, table, &body);
    cmig_walk_call_routine(&body, function, "");
    cmig_walk_end_body(walk, &body);
    cmig_walk_softly(walk, &trigger->base);
}

/* Its actions run in the place of others: that they do, and when, cannot be seen. */
static void walk_rule(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__RuleStmt *rule = node->rule_stmt;
    CmigName table = cmig_walk_name(walk, rule->relation);
    cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                       .name = table,
                                       .lock = CMIG_LOCK_ACCESS_EXCLUSIVE,
                                       .phrase = "adds a rule to {o}"});
    CmigWalk actions = *walk;
    actions.sure = FALSE;
    cmig_walk_parts(&actions, &rule->base);
    walk->called = actions.called;
    cmig_walk_say(walk, CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE,
                  "creates a rule, which rewrites other statements");
}

static void walk_policy(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreatePolicyStmt *policy = node->create_policy_stmt;
    CmigName table = cmig_walk_name(walk, policy->table);
    cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                       .name = table,
                                       .part_kind = CMIG_PART_POLICY,
                                       .part = policy->policy_name,
                                       .flags = CMIG_FACT_PRIVILEGE,
                                       .lock = CMIG_LOCK_ACCESS_EXCLUSIVE,
                                       .phrase = "adds the policy {p} to {o}"});
    created_part(walk, table, CMIG_PART_POLICY, policy->policy_name);
    cmig_walk_softly(walk, &policy->base);
}

/* It runs with statements that do not show it, the plan's next one perhaps. */
static void walk_event_trigger(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreateEventTrigStmt *trigger = node->create_event_trig_stmt;
    cmig_walk_call_routine(walk, cmig_tree_name(trigger->funcname, trigger->n_funcname), "");
}

/* --- Types and what is made of routines --- */

static void walk_enum(CmigWalk *walk, const CmigNode *node)
{
    created(walk, CMIG_KIND_TYPE,
            cmig_tree_name(node->create_enum_stmt->type_name, node->create_enum_stmt->n_type_name));
}

static void walk_range(CmigWalk *walk, const CmigNode *node)
{
    created(
        walk, CMIG_KIND_TYPE,
        cmig_tree_name(node->create_range_stmt->type_name, node->create_range_stmt->n_type_name));
}

static void walk_composite(CmigWalk *walk, const CmigNode *node)
{
    created(walk, CMIG_KIND_TYPE, cmig_walk_name(walk, node->composite_type_stmt->typevar));
}

static void walk_domain(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreateDomainStmt *domain = node->create_domain_stmt;
    created(walk, CMIG_KIND_DOMAIN, cmig_tree_name(domain->domainname, domain->n_domainname));
    cmig_walk_softly(walk, &domain->base);
}

/* CREATE AGGREGATE, OPERATOR, TYPE: the routines behind them may be called without being named. */
static void walk_define(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__DefineStmt *define = node->define_stmt;
    for (gsize idx = 0; idx < define->n_definition; idx++) {
        const CmigNode *element = define->definition[idx];
        const CmigNode *value =
            element->node_case == CMIG_NODE(DEF_ELEM) ? element->def_elem->arg : NULL;
        if (value != NULL && value->node_case == CMIG_NODE(TYPE_NAME))
            cmig_walk_call(walk, CMIG_KIND_FUNCTION,
                           cmig_tree_name(value->type_name->names, value->type_name->n_names),
                           TRUE);
    }
    CmigName name = cmig_tree_name(define->defnames, define->n_defnames);
    if (define->replace)
        cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_AGGREGATE,
                                           .name = name,
                                           .level = CMIG_LEVEL_DEFINITION,
                                           .phrase = "replaces the aggregate {o}"});
    else if (define->kind == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE && !define->if_not_exists &&
             define->n_definition > 0)
        created(walk, CMIG_KIND_TYPE, name);
}

static void walk_operator_class(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreateOpClassStmt *create = node->create_op_class_stmt;
    for (gsize idx = 0; idx < create->n_items; idx++) {
        const CmigNode *item = create->items[idx];
        const PgQuery__ObjectWithArgs *routine = item->node_case == CMIG_NODE(CREATE_OP_CLASS_ITEM)
                                                     ? item->create_op_class_item->name
                                                     : NULL;
        if (routine != NULL)
            cmig_walk_call(walk, CMIG_KIND_FUNCTION,
                           cmig_tree_name(routine->objname, routine->n_objname), TRUE);
    }
}

static void walk_cast(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__ObjectWithArgs *function = node->create_cast_stmt->func;
    if (function != NULL)
        cmig_walk_call(walk, CMIG_KIND_FUNCTION,
                       cmig_tree_name(function->objname, function->n_objname), TRUE);
}

/* --- Schemas --- */

static void walk_schema(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreateSchemaStmt *schema = node->create_schema_stmt;
    const char *name = cmig_tree_filled(schema->schemaname);
    if (!schema->if_not_exists)
        created(walk, CMIG_KIND_SCHEMA, (CmigName){NULL, name});
    CmigWalk inside = *walk;
    inside.schema = name;
    inside.sure = walk->sure && name != NULL;
    cmig_walk_list(&inside, schema->schema_elts, schema->n_schema_elts);
    walk->called = inside.called;
}

/* It runs a script as the server's administrator installed it. */
static void walk_extension(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreateExtensionStmt *extension = node->create_extension_stmt;
    g_autofree char *what = g_strdup_printf("runs the script of the extension %s, of which nothing "
                                            "is known",
                                            extension->extname);
    if (!cmig_builtin_is_extension(extension->extname))
        cmig_walk_say(walk, CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, what);
    if (!extension->if_not_exists)
        created(walk, CMIG_KIND_EXTENSION, (CmigName){NULL, extension->extname});
}

const CmigHandler cmig_create_handlers[] = {
    {CMIG_NODE(CREATE_STMT), walk_create},
    {CMIG_NODE(CREATE_FOREIGN_TABLE_STMT), walk_create_foreign},
    {CMIG_NODE(CREATE_SEQ_STMT), walk_sequence},
    {CMIG_NODE(VIEW_STMT), walk_view},
    {CMIG_NODE(INDEX_STMT), walk_index},
    {CMIG_NODE(CREATE_STATS_STMT), walk_statistics},
    {CMIG_NODE(CREATE_TRIG_STMT), walk_trigger},
    {CMIG_NODE(RULE_STMT), walk_rule},
    {CMIG_NODE(CREATE_POLICY_STMT), walk_policy},
    {CMIG_NODE(CREATE_EVENT_TRIG_STMT), walk_event_trigger},
    {CMIG_NODE(CREATE_ENUM_STMT), walk_enum},
    {CMIG_NODE(CREATE_RANGE_STMT), walk_range},
    {CMIG_NODE(COMPOSITE_TYPE_STMT), walk_composite},
    {CMIG_NODE(CREATE_DOMAIN_STMT), walk_domain},
    {CMIG_NODE(DEFINE_STMT), walk_define},
    {CMIG_NODE(CREATE_OP_CLASS_STMT), walk_operator_class},
    {CMIG_NODE(CREATE_CAST_STMT), walk_cast},
    {CMIG_NODE(CREATE_SCHEMA_STMT), walk_schema},
    {CMIG_NODE(CREATE_EXTENSION_STMT), walk_extension},
    {0, NULL},
};
