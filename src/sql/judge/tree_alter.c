/* ALTER TABLE and its relatives for indexes, views, sequences and types. */
#include "sql/judge/tree.h"

#include <string.h>

/* --- The commands that are all said by a row --- */

typedef struct {
    PgQuery__AlterTableType subtype;
    CmigLevel level;
    guint flags;
    CmigLock lock;
    guint deeds;
    CmigActPart part;
    const char *phrase;
    gboolean drops; /* the part */
} Command;

#define AT(name) PG_QUERY__ALTER_TABLE_TYPE__AT_##name
#define L0       CMIG_LEVEL_NONE
#define L1       CMIG_LEVEL_DEFINITION
#define L2       CMIG_LEVEL_WEAKER
#define L3       CMIG_LEVEL_DATA
#define PRIV     CMIG_FACT_PRIVILEGE
#define AE       CMIG_LOCK_ACCESS_EXCLUSIVE
#define SRE      CMIG_LOCK_SHARE_ROW_EXCLUSIVE
#define SUE      CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE
#define LOSES    CMIG_DEED_LOSES
#define REWRITES (CMIG_DEED_REWRITES | CMIG_DEED_SCANS)
#define SCANS    CMIG_DEED_SCANS
#define COLUMN   CMIG_PART_COLUMN
#define LIMIT    CMIG_PART_CONSTRAINT
#define TRIGGER  CMIG_PART_TRIGGER
#define RULE     CMIG_PART_RULE

static const Command commands[] = {
    {AT(DropColumn), L3, 0, AE, LOSES, COLUMN, "drops the column {p} of {o}", TRUE},
    {AT(DropNotNull), L1, 0, AE, 0, COLUMN, "lets {p} of {o} be NULL", FALSE},
    {AT(SetNotNull), L0, 0, AE, SCANS, COLUMN, "forbids NULL in {p} of {o}", FALSE},
    {AT(DropExpression), L1, 0, AE, 0, COLUMN, "drops the expression of {p} of {o}", FALSE},
    {AT(AddIdentity), L0, 0, AE, 0, COLUMN, "makes {p} of {o} an identity", FALSE},
    {AT(DropIdentity), L2, 0, AE, 0, COLUMN, "drops the identity of {p} of {o} and its sequence",
     FALSE},
    {AT(SetStorage), L0, 0, AE, 0, COLUMN, "changes the storage of {p} of {o}", FALSE},
    {AT(SetCompression), L0, 0, AE, 0, COLUMN, "changes the compression of {p} of {o}", FALSE},
    {AT(SetStatistics), L0, 0, SUE, 0, COLUMN, "changes the statistics of {p} of {o}", FALSE},
    {AT(SetOptions), L0, 0, SUE, 0, COLUMN, "changes options of {p} of {o}", FALSE},
    {AT(ResetOptions), L0, 0, SUE, 0, COLUMN, "changes options of {p} of {o}", FALSE},
    {AT(AlterColumnGenericOptions), L0, 0, AE, 0, COLUMN, "changes options of {p} of {o}", FALSE},
    {AT(DropConstraint), L2, 0, AE, 0, LIMIT, "drops the constraint {p} of {o}", TRUE},
    {AT(AlterConstraint), L0, 0, AE, 0, LIMIT, "changes the constraint {p} of {o}", FALSE},
    {AT(ValidateConstraint), L0, 0, SUE, SCANS, LIMIT, "validates {p} of {o}", FALSE},
    {AT(ChangeOwner), L2, PRIV, AE, 0, 0, "changes the owner of {o}", FALSE},
    {AT(ClusterOn), L0, 0, SUE, 0, 0, "marks an index of {o} for CLUSTER", FALSE},
    {AT(DropCluster), L0, 0, SUE, 0, 0, "marks no index of {o} for CLUSTER", FALSE},
    {AT(SetLogged), L0, 0, AE, REWRITES, 0, "rewrites {o} with logging", FALSE},
    {AT(SetUnLogged), L3, 0, AE, REWRITES | LOSES, 0,
     "makes {o} unlogged: a crash or a standby has none of its rows", FALSE},
    {AT(SetAccessMethod), L0, 0, AE, REWRITES, 0, "rewrites {o} by another method", FALSE},
    {AT(SetTableSpace), L0, 0, AE, REWRITES, 0, "moves {o} to another tablespace", FALSE},
    {AT(EnableTrig), L0, 0, SRE, 0, TRIGGER, "enables the trigger {p} of {o}", FALSE},
    {AT(EnableAlwaysTrig), L0, 0, SRE, 0, TRIGGER, "enables the trigger {p} of {o}", FALSE},
    {AT(EnableReplicaTrig), L2, PRIV, SRE, 0, TRIGGER,
     "disables the trigger {p} of {o} but for replicas", FALSE},
    {AT(EnableTrigAll), L0, 0, SRE, 0, 0, "enables the triggers of {o}", FALSE},
    {AT(EnableTrigUser), L0, 0, SRE, 0, 0, "enables the triggers of {o}", FALSE},
    {AT(DisableTrig), L2, PRIV, SRE, 0, TRIGGER, "disables the trigger {p} of {o}", FALSE},
    {AT(DisableTrigAll), L2, PRIV, SRE, 0, 0, "disables the triggers of {o}, foreign keys too",
     FALSE},
    {AT(DisableTrigUser), L2, PRIV, SRE, 0, 0, "disables the triggers of {o}", FALSE},
    {AT(EnableRule), L0, 0, AE, 0, RULE, "enables the rule {p} of {o}", FALSE},
    {AT(EnableAlwaysRule), L0, 0, AE, 0, RULE, "enables the rule {p} of {o}", FALSE},
    {AT(EnableReplicaRule), L2, PRIV, AE, 0, RULE, "disables the rule {p} of {o}", FALSE},
    {AT(DisableRule), L2, PRIV, AE, 0, RULE, "disables the rule {p} of {o}", FALSE},
    {AT(DropInherit), L2, 0, AE, 0, 0, "takes {o} out of its parent", FALSE},
    {AT(EnableRowSecurity), L0, PRIV, AE, 0, 0, "enables row security of {o}", FALSE},
    {AT(DisableRowSecurity), L2, PRIV, AE, 0, 0, "disables row security of {o}", FALSE},
    {AT(ForceRowSecurity), L0, PRIV, AE, 0, 0, "forces row security on {o}", FALSE},
    {AT(NoForceRowSecurity), L2, PRIV, AE, 0, 0, "lets the owner of {o} pass row security", FALSE},
};

/* --- Columns --- */

typedef struct {
    CmigWalk *walk;
    CmigActKind kind;
    CmigName table;
    const PgQuery__AlterTableCmd *command;
} Change;

static void touch(const Change *change, CmigActPart part_kind, const char *part, CmigLevel level,
                  guint flags, CmigLock lock, guint deeds, const char *phrase)
{
    cmig_walk_touch(change->walk, &(CmigTouch){.kind = change->kind,
                                               .name = change->table,
                                               .part_kind = part_kind,
                                               .part = cmig_tree_filled(part),
                                               .level = level,
                                               .flags = flags,
                                               .lock = change->kind == CMIG_KIND_TYPE ? 0 : lock,
                                               .deeds = deeds,
                                               .phrase = phrase});
}

static void created_part(const Change *change, CmigActPart kind, const char *part)
{
    if (change->walk->sure && cmig_tree_filled(part) != NULL)
        cmig_act_set_part(cmig_walk_add(change->walk, CMIG_ACT_CREATE, change->kind, change->table),
                          kind, part);
}

/* Whoever holds `what` now holds rows that were there before, unless the table is the plan's. */
static void bind(const Change *change, CmigName what)
{
    if (what.name == NULL)
        return;
    CmigAct *act = cmig_walk_add(change->walk, CMIG_ACT_BIND, change->kind, change->table);
    act->part = g_strdup(what.schema);
    act->to = g_strdup(what.name);
}

static void reference(const Change *change, const PgQuery__Constraint *constraint, gboolean scans)
{
    if (constraint->pktable == NULL)
        return;
    CmigName referenced = cmig_walk_name(change->walk, constraint->pktable);
    cmig_walk_touch(change->walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                               .name = referenced,
                                               .lock = SRE,
                                               .deeds = scans ? SCANS : 0,
                                               .phrase = "references {o} by a foreign key"});
    bind(change, referenced);
}

static gboolean is_serial(const PgQuery__TypeName *type)
{
    static const char *const names[] = {"serial",  "bigserial", "smallserial",
                                        "serial2", "serial4",   "serial8"};
    const char *name = type != NULL ? cmig_tree_name(type->names, type->n_names).name : NULL;
    for (gsize idx = 0; name != NULL && idx < G_N_ELEMENTS(names); idx++)
        if (strcmp(name, names[idx]) == 0)
            return TRUE;
    return FALSE;
}

/* What a constraint of a new column makes of the table. */
static guint deeds_of(const PgQuery__Constraint *constraint, gboolean has_default)
{
    switch (constraint->contype) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
        return cmig_tree_is_volatile(constraint->raw_expr) ? REWRITES : 0;
    case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
    case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
        return REWRITES;
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
    case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
        return SCANS;
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
        return has_default ? SCANS : 0;
    default:
        return 0;
    }
}

static gboolean has_default(const PgQuery__ColumnDef *column)
{
    for (gsize idx = 0; idx < column->n_constraints; idx++)
        if (column->constraints[idx]->node_case == CMIG_NODE(CONSTRAINT) &&
            column->constraints[idx]->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT)
            return TRUE;
    return FALSE;
}

/* A type that is not the system's may be a domain with a check. */
static gboolean is_own_type(const PgQuery__TypeName *type)
{
    return type != NULL && type->n_names > 0 &&
           g_strcmp0(cmig_tree_string(type->names[0]), "pg_catalog") != 0;
}

static void add_column(const Change *change)
{
    const CmigNode *definition = change->command->def;
    if (definition == NULL || definition->node_case != CMIG_NODE(COLUMN_DEF))
        return;
    const PgQuery__ColumnDef *column = definition->column_def;
    gboolean defaults = has_default(column);
    guint deeds = is_serial(column->type_name) ? REWRITES : 0;
    for (gsize idx = 0; idx < column->n_constraints; idx++)
        if (column->constraints[idx]->node_case == CMIG_NODE(CONSTRAINT))
            deeds |= deeds_of(column->constraints[idx]->constraint, defaults);
    touch(change, CMIG_PART_COLUMN, column->colname, L0, 0, AE, deeds,
          "adds the column {p} to {o}");
    for (gsize idx = 0; idx < column->n_constraints; idx++)
        if (column->constraints[idx]->node_case == CMIG_NODE(CONSTRAINT))
            reference(change, column->constraints[idx]->constraint, defaults);
    if (!change->command->missing_ok)
        created_part(change, CMIG_PART_COLUMN, column->colname);
    cmig_walk_parts(change->walk, &column->base);
}

/* Types that round, cut or fold what is put into them, where others raise an error: always; if they
 * have a precision; by a cast that is written down, if they have a length. Of what type the values
 * are is not known: bigint is taken for what makes an integer larger. */
static gboolean cuts(const PgQuery__TypeName *type, gboolean written)
{
    static const char *const narrow[] = {"int2", "int4",   "float4", "money", "bool", "date",
                                         "time", "timetz", "name",   "char",  "cidr", NULL};
    static const char *const precise[] = {"numeric", "timestamp", "timestamptz", "interval", NULL};
    static const char *const long_ones[] = {"varchar", "bpchar", "bit", "varbit", NULL};
    const char *name = cmig_tree_name(type->names, type->n_names).name;
    if (name == NULL)
        return FALSE;
    return g_strv_contains(narrow, name) ||
           (type->n_typmods > 0 &&
            (g_strv_contains(precise, name) || (written && g_strv_contains(long_ones, name))));
}

/* Whether USING is the column itself, through casts of which none cuts it. */
static gboolean is_plain_cast(const CmigNode *using, const char *column)
{
    for (guint depth = 0; depth < 8 && using->node_case == CMIG_NODE(TYPE_CAST); depth++) {
        if (using->type_cast->type_name == NULL || cuts(using->type_cast->type_name, TRUE))
            return FALSE;
        using = using->type_cast->arg;
    }
    return using->node_case == CMIG_NODE(COLUMN_REF) && using->column_ref->n_fields == 1 &&
           g_strcmp0(cmig_tree_string(using->column_ref->fields[0]), column) == 0;
}

static void change_type(const Change *change)
{
    const CmigNode *definition = change->command->def;
    if (definition == NULL || definition->node_case != CMIG_NODE(COLUMN_DEF))
        return;
    const PgQuery__ColumnDef *column = definition->column_def;
    const CmigNode *using = column->raw_default;
    gboolean computes = using != NULL && !is_plain_cast(using, change->command->name);
    gboolean cut = column->type_name != NULL && cuts(column->type_name, FALSE);
    gboolean lossy = computes || cut;
    touch(change, CMIG_PART_COLUMN, change->command->name, lossy ? L3 : L2, 0, AE,
          lossy ? REWRITES | LOSES : REWRITES,
          computes ? "computes {p} of {o} anew in another type"
          : cut    ? "changes the type of {p} of {o}, which may round or cut its values"
                   : "changes the type of {p} of {o}, in which its values may not fit");
    if (is_own_type(column->type_name))
        bind(change, cmig_tree_name(column->type_name->names, column->type_name->n_names));
    if (column->coll_clause != NULL)
        bind(change,
             cmig_tree_name(column->coll_clause->collname, column->coll_clause->n_collname));
    cmig_walk_node(change->walk, using);
}

/* A RESTART gives numbers again that were given before. */
static void change_identity(const Change *change)
{
    const CmigNode *definition = change->command->def;
    gboolean restarts =
        definition != NULL && definition->node_case == CMIG_NODE(LIST) &&
        cmig_tree_option(definition->list->items, definition->list->n_items, "restart") != NULL;
    touch(change, CMIG_PART_COLUMN, change->command->name, restarts ? L2 : L0, 0, AE, 0,
          restarts ? "restarts the identity of {p} of {o}" : "changes the identity of {p} of {o}");
}

static void change_default(const Change *change)
{
    gboolean drops = change->command->def == NULL;
    touch(change, CMIG_PART_COLUMN, change->command->name, drops ? L1 : L0, 0, AE, 0,
          drops ? "drops the default of {p} of {o}" : "sets the default of {p} of {o}");
    if (drops)
        return;
    CmigNode *expression = change->command->def;
    PgQuery__List held = PG_QUERY__LIST__INIT;
    held.n_items = 1;
    held.items = &expression;
    cmig_walk_softly(change->walk, &held.base);
    cmig_walk_inserts(change->walk, change->table, &held.base);
}

/* --- Constraints, partitions, others --- */

static void add_constraint(const Change *change)
{
    const CmigNode *definition = change->command->def;
    if (definition == NULL || definition->node_case != CMIG_NODE(CONSTRAINT))
        return;
    const PgQuery__Constraint *constraint = definition->constraint;
    gboolean foreign = constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN;
    gboolean scans =
        !constraint->skip_validation && cmig_tree_filled(constraint->indexname) == NULL;
    touch(change, CMIG_PART_CONSTRAINT, constraint->conname, L0, 0, foreign ? SRE : AE,
          scans ? SCANS : 0,
          cmig_tree_filled(constraint->conname) != NULL ? "adds the constraint {p} to {o}"
                                                        : "adds a constraint to {o}");
    reference(change, constraint, scans);
    if (cmig_tree_filled(constraint->indexname) == NULL) /* which would go with the constraint */
        created_part(change, CMIG_PART_CONSTRAINT, constraint->conname);
    if (scans)
        cmig_walk_parts(change->walk, &constraint->base);
}

static void change_partition(const Change *change)
{
    const CmigNode *definition = change->command->def;
    if (definition == NULL || definition->node_case != CMIG_NODE(PARTITION_CMD))
        return;
    const PgQuery__PartitionCmd *partition = definition->partition_cmd;
    CmigName child = cmig_walk_name(change->walk, partition->name);
    gboolean attaches = change->command->subtype == AT(AttachPartition);
    gboolean index = change->kind == CMIG_KIND_INDEX;
    CmigLock lock = attaches || partition->concurrent ? SUE : AE;
    touch(change, 0, NULL, attaches ? L0 : L2, 0, lock, 0,
          attaches ? "attaches a partition to {o}" : "detaches a partition of {o}");
    if (partition->bound != NULL)
        cmig_walk_parts(change->walk, &partition->bound->base); /* it is computed */
    if (child.name == NULL)
        return;
    Change other = {change->walk, change->kind, child, change->command};
    touch(&other, 0, NULL, L0, 0, partition->concurrent ? SUE : AE, attaches && !index ? SCANS : 0,
          attaches ? "attaches {o}" : "detaches {o}");
    if (attaches)
        bind(&other, change->table);
}

static void finish_detaching(const Change *change)
{
    touch(change, 0, NULL, L2, 0, SUE, 0, "detaches a partition of {o}");
}

/* What is deleted from the parent is deleted from the child. */
static void add_parent(const Change *change)
{
    touch(change, 0, NULL, L0, 0, AE, 0, "makes {o} a child of another table");
    if (change->command->def == NULL || change->command->def->node_case != CMIG_NODE(RANGE_VAR))
        return;
    CmigName parent = cmig_walk_name(change->walk, change->command->def->range_var);
    cmig_walk_touch(change->walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                               .name = parent,
                                               .lock = SUE,
                                               .deeds = CMIG_DEED_ADDS_CHILD,
                                               .phrase = "adds a child to {o}"});
    bind(change, parent);
}

/* Those of a view keep rows from who may not see or write them. */
static void change_options(const Change *change)
{
    const CmigNode *definition = change->command->def;
    const PgQuery__List *options =
        definition != NULL && definition->node_case == CMIG_NODE(LIST) ? definition->list : NULL;
    gboolean view = change->kind == CMIG_KIND_VIEW;
    gboolean weaker = view && change->command->subtype == AT(ResetRelOptions);
    gboolean hard = view;
    for (gsize idx = 0; options != NULL && idx < options->n_items; idx++) {
        const CmigNode *option = options->items[idx];
        if (option->node_case != CMIG_NODE(DEF_ELEM))
            continue;
        const char *name = option->def_elem->defname;
        weaker = weaker || (view && !cmig_tree_option_is_on(&options->items[idx], 1, name));
        hard = hard || strcmp(name, "user_catalog_table") == 0;
    }
    touch(change, 0, NULL, weaker ? L2 : L0, weaker ? PRIV : 0, hard ? AE : SUE, 0,
          weaker ? "takes the protection of the view {o}" : "changes options of {o}");
}

static void change_replica_identity(const Change *change)
{
    const CmigNode *definition = change->command->def;
    gboolean none = definition != NULL &&
                    definition->node_case == CMIG_NODE(REPLICA_IDENTITY_STMT) &&
                    g_strcmp0(definition->replica_identity_stmt->identity_type, "n") == 0;
    touch(change, 0, NULL, none ? L2 : L0, none ? PRIV : 0, AE, 0,
          none ? "takes the replica identity of {o}" : "changes the replica identity of {o}");
}

static const struct {
    PgQuery__AlterTableType subtype;
    void (*apply)(const Change *change);
} others[] = {
    {AT(AddColumn), add_column},
    {AT(AlterColumnType), change_type},
    {AT(ColumnDefault), change_default},
    {AT(SetIdentity), change_identity},
    {AT(SetRelOptions), change_options},
    {AT(ResetRelOptions), change_options},
    {AT(AddConstraint), add_constraint},
    {AT(AttachPartition), change_partition},
    {AT(DetachPartition), change_partition},
    {AT(DetachPartitionFinalize), finish_detaching},
    {AT(AddInherit), add_parent},
    {AT(ReplicaIdentity), change_replica_identity},
};

/* Which part a command names: itself, or by what it says of it. */
static const char *part_of(const PgQuery__AlterTableCmd *command)
{
    const CmigNode *definition = command->def;
    gboolean constraint = definition != NULL && definition->node_case == CMIG_NODE(CONSTRAINT);
    return constraint ? definition->constraint->conname : command->name;
}

static void apply_row(const Change *change, const Command *row)
{
    gboolean cascades = change->command->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    touch(change, row->part, row->part != 0 ? part_of(change->command) : NULL, row->level,
          row->flags | (cascades ? CMIG_FACT_CASCADE : 0), row->lock, row->deeds, row->phrase);
    if (row->drops && change->kind != CMIG_KIND_TYPE)
        cmig_act_set_part(cmig_walk_add(change->walk, CMIG_ACT_FORGET, change->kind, change->table),
                          row->part, change->command->name);
}

static void apply(const Change *change)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(others); idx++) {
        if (others[idx].subtype == change->command->subtype) {
            others[idx].apply(change);
            return;
        }
    }
    for (gsize idx = 0; idx < G_N_ELEMENTS(commands); idx++) {
        if (commands[idx].subtype == change->command->subtype) {
            apply_row(change, &commands[idx]);
            return;
        }
    }
    touch(change, 0, NULL, L0, 0, AE, 0, "alters {o}");
    cmig_walk_node(change->walk, change->command->def);
}

static CmigActKind kind_of(PgQuery__ObjectType type)
{
    switch (type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
        return CMIG_KIND_INDEX;
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
        return CMIG_KIND_VIEW;
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
        return CMIG_KIND_MATVIEW;
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
        return CMIG_KIND_SEQUENCE;
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
        return CMIG_KIND_FOREIGN_TABLE;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
        return CMIG_KIND_TYPE;
    default:
        return CMIG_KIND_TABLE;
    }
}

static void walk_alter(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__AlterTableStmt *alter = node->alter_table_stmt;
    Change change = {walk, kind_of(alter->objtype), cmig_walk_name(walk, alter->relation), NULL};
    for (gsize idx = 0; idx < alter->n_cmds; idx++) {
        if (alter->cmds[idx]->node_case != CMIG_NODE(ALTER_TABLE_CMD))
            continue;
        change.command = alter->cmds[idx]->alter_table_cmd;
        apply(&change);
    }
}

const CmigHandler cmig_alter_handlers[] = {
    {CMIG_NODE(ALTER_TABLE_STMT), walk_alter},
    {0, NULL},
};
