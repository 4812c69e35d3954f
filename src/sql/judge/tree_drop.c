/* DROP, and what else is said of objects of every kind: renaming, moving, owners. */
#include "sql/judge/tree.h"

#include <string.h>

typedef struct {
    PgQuery__ObjectType type;
    CmigActKind kind;
    const char *noun;
    CmigLevel level;   /* of dropping it */
    CmigLevel cascade; /* with CASCADE */
    guint flags;
    CmigLock lock;
} Object;

#define OF(name) PG_QUERY__OBJECT_TYPE__OBJECT_##name
#define L1       CMIG_LEVEL_DEFINITION
#define L2       CMIG_LEVEL_WEAKER
#define L3       CMIG_LEVEL_DATA
#define L4       CMIG_LEVEL_UNBOUNDED
#define AE       CMIG_LOCK_ACCESS_EXCLUSIVE

/* An extension takes its own tables along; with CASCADE whatever there is. A type takes columns;
 * what expressions may be made of takes generated columns, and tables that are partitioned by it.
 */
static const Object objects[] = {
    {OF(TABLE), CMIG_KIND_TABLE, "table", L3, L3, 0, AE},
    {OF(FOREIGN_TABLE), CMIG_KIND_FOREIGN_TABLE, "foreign table", L2, L2, 0, AE},
    {OF(MATVIEW), CMIG_KIND_MATVIEW, "materialized view", L1, L2, 0, AE},
    {OF(VIEW), CMIG_KIND_VIEW, "view", L1, L2, 0, AE},
    {OF(SEQUENCE), CMIG_KIND_SEQUENCE, "sequence", L2, L2, 0, AE},
    {OF(INDEX), CMIG_KIND_INDEX, "index", L2, L2, 0, AE}, /* it may have been unique */
    {OF(SCHEMA), CMIG_KIND_SCHEMA, "schema", L4, L4, 0, 0},
    {OF(EXTENSION), CMIG_KIND_EXTENSION, "extension", L3, L4, 0, 0},
    {OF(TYPE), CMIG_KIND_TYPE, "type", L1, L3, 0, 0},
    {OF(DOMAIN), CMIG_KIND_DOMAIN, "domain", L1, L3, 0, 0},
    {OF(FUNCTION), CMIG_KIND_FUNCTION, "function", L1, L3, 0, 0},
    {OF(PROCEDURE), CMIG_KIND_PROCEDURE, "procedure", L1, L2, 0, 0},
    {OF(ROUTINE), CMIG_KIND_FUNCTION, "routine", L1, L3, 0, 0},
    {OF(AGGREGATE), CMIG_KIND_AGGREGATE, "aggregate", L1, L2, 0, 0},
    {OF(OPERATOR), CMIG_KIND_OTHER, "operator", L1, L3, 0, 0},
    {OF(OPCLASS), CMIG_KIND_OTHER, "operator class", L1, L3, 0, 0},
    {OF(OPFAMILY), CMIG_KIND_OTHER, "operator family", L1, L3, 0, 0},
    {OF(CAST), CMIG_KIND_OTHER, "cast", L1, L3, 0, 0},
    {OF(COLLATION), CMIG_KIND_OTHER, "collation", L1, L3, 0, 0},
    {OF(CONVERSION), CMIG_KIND_OTHER, "conversion", L1, L1, 0, 0},
    {OF(TRANSFORM), CMIG_KIND_OTHER, "transform", L1, L3, 0, 0},
    {OF(STATISTIC_EXT), CMIG_KIND_OTHER, "statistics", L1, L1, 0, 0},
    {OF(TSCONFIGURATION), CMIG_KIND_OTHER, "text search configuration", L1, L3, 0, 0},
    {OF(TSDICTIONARY), CMIG_KIND_OTHER, "text search dictionary", L1, L3, 0, 0},
    {OF(TSPARSER), CMIG_KIND_OTHER, "text search parser", L1, L3, 0, 0},
    {OF(TSTEMPLATE), CMIG_KIND_OTHER, "text search template", L1, L3, 0, 0},
    {OF(PUBLICATION), CMIG_KIND_OTHER, "publication", L1, L1, 0, 0},
    {OF(EVENT_TRIGGER), CMIG_KIND_OTHER, "event trigger", L2, L2, 0, 0},
    {OF(FOREIGN_SERVER), CMIG_KIND_OTHER, "server", L1, L2, 0, 0},
    {OF(FDW), CMIG_KIND_OTHER, "foreign-data wrapper", L1, L2, 0, 0},
    {OF(LANGUAGE), CMIG_KIND_OTHER, "language", L2, L3, CMIG_FACT_PRIVILEGE, 0},
    {OF(ACCESS_METHOD), CMIG_KIND_OTHER, "access method", L1, L3, 0, 0},
    {OF(DATABASE), CMIG_KIND_DATABASE, "database", L4, L4, 0, 0},
    {OF(ROLE), CMIG_KIND_ROLE, "role", L2, L2, CMIG_FACT_PRIVILEGE, 0},
    {OF(TABLESPACE), CMIG_KIND_OTHER, "tablespace", L4, L4, 0, 0},
    {OF(SUBSCRIPTION), CMIG_KIND_OTHER, "subscription", L2, L2, CMIG_FACT_PRIVILEGE, 0},
};

/* What hangs on a table: its name is the last one. */
static const struct {
    PgQuery__ObjectType type;
    CmigActPart part;
    const char *noun;
    guint flags;
} parts[] = {
    {OF(TRIGGER), CMIG_PART_TRIGGER, "trigger", 0},
    {OF(RULE), CMIG_PART_RULE, "rule", 0},
    {OF(POLICY), CMIG_PART_POLICY, "policy", CMIG_FACT_PRIVILEGE},
    {OF(COLUMN), CMIG_PART_COLUMN, "column", 0},
    {OF(ATTRIBUTE), CMIG_PART_COLUMN, "attribute", 0},
    {OF(TABCONSTRAINT), CMIG_PART_CONSTRAINT, "constraint", 0},
    {OF(DOMCONSTRAINT), CMIG_PART_CONSTRAINT, "constraint", 0},
};

static const Object *find_object(PgQuery__ObjectType type)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(objects); idx++)
        if (objects[idx].type == type)
            return &objects[idx];
    return NULL;
}

static gint find_part(PgQuery__ObjectType type)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(parts); idx++)
        if (parts[idx].type == type)
            return (gint)idx;
    return -1;
}

char *cmig_tree_signature(const char *name, CmigNode *const *types, gsize count)
{
    g_autoptr(GString) text = g_string_new(name);
    g_string_append_c(text, '(');
    for (gsize idx = 0; idx < count; idx++) {
        const PgQuery__TypeName *type =
            types[idx]->node_case == CMIG_NODE(TYPE_NAME) ? types[idx]->type_name : NULL;
        const char *last = type != NULL ? cmig_tree_name(type->names, type->n_names).name : NULL;
        g_string_append_printf(text, "%s%s%s", idx > 0 ? ", " : "", last != NULL ? last : "?",
                               type != NULL && type->n_array_bounds > 0 ? "[]" : "");
    }
    g_string_append_c(text, ')');
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* How an object is named in the tree depends on its kind. `signature` holds what the name needs. */
static CmigName object_name(PgQuery__ObjectType type, const CmigNode *node, char **signature)
{
    /* Before the names stands that of the access method. */
    gsize first = type == OF(OPCLASS) || type == OF(OPFAMILY) ? 1 : 0;
    CmigName none = {NULL, NULL};
    if (node == NULL)
        return none;
    switch (node->node_case) {
    case CMIG_NODE(STRING):
        return (CmigName){NULL, node->string->sval};
    case CMIG_NODE(LIST):
        first = MIN(first, node->list->n_items);
        return cmig_tree_name(node->list->items + first, node->list->n_items - first);
    case CMIG_NODE(TYPE_NAME):
        return cmig_tree_name(node->type_name->names, node->type_name->n_names);
    case CMIG_NODE(OBJECT_WITH_ARGS): {
        const PgQuery__ObjectWithArgs *routine = node->object_with_args;
        CmigName name = cmig_tree_name(routine->objname, routine->n_objname);
        if (name.name != NULL && !routine->args_unspecified) {
            *signature = cmig_tree_signature(name.name, routine->objargs, routine->n_objargs);
            name.name = *signature;
        }
        return name;
    }
    default:
        return none;
    }
}

/* --- DROP --- */

static void drop_part(CmigWalk *walk, const CmigNode *object, gint row, guint flags)
{
    const PgQuery__List *list = object->node_case == CMIG_NODE(LIST) ? object->list : NULL;
    if (list == NULL || list->n_items < 2)
        return;
    CmigName table = cmig_tree_name(list->items, list->n_items - 1);
    const char *part = cmig_tree_string(list->items[list->n_items - 1]);
    g_autofree char *phrase = g_strdup_printf("drops the %s {p} of {o}", parts[row].noun);
    cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                       .name = table,
                                       .part_kind = parts[row].part,
                                       .part = part,
                                       .level = L2,
                                       .flags = flags | parts[row].flags,
                                       .lock = AE,
                                       .phrase = phrase});
    cmig_act_set_part(cmig_walk_add(walk, CMIG_ACT_FORGET, CMIG_KIND_TABLE, table), parts[row].part,
                      part);
}

static void drop_object(CmigWalk *walk, const CmigNode *node, const Object *object,
                        const PgQuery__DropStmt *drop)
{
    gboolean cascades = drop->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    g_autofree char *signature = NULL;
    g_autofree char *phrase = g_strdup_printf("drops the %s {o}", object->noun);
    CmigName name = object_name(object->type, node, &signature);
    CmigLevel level = cascades ? object->cascade : object->level;
    cmig_walk_touch(walk, &(CmigTouch){.kind = object->kind,
                                       .name = name,
                                       .level = level,
                                       .flags = object->flags | (cascades ? CMIG_FACT_CASCADE : 0),
                                       .lock = drop->concurrent ? CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE
                                                                : object->lock,
                                       .deeds = level >= L3 ? CMIG_DEED_LOSES : 0,
                                       .phrase = phrase});
    if (name.name != NULL)
        cmig_walk_add(walk, CMIG_ACT_FORGET, object->kind, name);
}

static void walk_drop(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__DropStmt *drop = node->drop_stmt;
    gboolean cascades = drop->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    const Object *object = find_object(drop->remove_type);
    gint part = find_part(drop->remove_type);
    for (gsize idx = 0; idx < drop->n_objects; idx++) {
        if (object != NULL)
            drop_object(walk, drop->objects[idx], object, drop);
        else if (part >= 0)
            drop_part(walk, drop->objects[idx], part, cascades ? CMIG_FACT_CASCADE : 0);
        else
            cmig_walk_say(walk, L3, 0, "drops something");
    }
}

/* --- Renaming --- */

static void rename_part(CmigWalk *walk, const PgQuery__RenameStmt *rename, gint row)
{
    g_autofree char *signature = NULL;
    gboolean domain = rename->relation == NULL;
    CmigActKind kind = domain ? CMIG_KIND_DOMAIN : CMIG_KIND_TABLE;
    CmigName owner = domain ? object_name(rename->rename_type, rename->object, &signature)
                            : cmig_walk_name(walk, rename->relation);
    g_autofree char *phrase = g_strdup_printf("renames the %s {p} of {o}", parts[row].noun);
    cmig_walk_touch(walk, &(CmigTouch){.kind = kind,
                                       .name = owner,
                                       .part_kind = parts[row].part,
                                       .part = rename->subname,
                                       .level = L1,
                                       .flags = parts[row].flags,
                                       .lock = domain ? CMIG_LOCK_NONE : AE,
                                       .phrase = phrase});
    CmigAct *act = cmig_walk_add(walk, CMIG_ACT_RENAME, kind, owner);
    cmig_act_set_part(act, parts[row].part, rename->subname);
    act->to = g_strdup(rename->newname);
}

static void walk_rename(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__RenameStmt *rename = node->rename_stmt;
    const Object *object = find_object(rename->rename_type);
    gint part = find_part(rename->rename_type);
    if (part >= 0) {
        rename_part(walk, rename, part);
        return;
    }
    if (object == NULL) {
        cmig_walk_say(walk, L1, 0, "renames something");
        return;
    }
    g_autofree char *signature = NULL;
    g_autofree char *phrase = g_strdup_printf("renames the %s {o}", object->noun);
    CmigName name = {NULL, cmig_tree_filled(rename->subname)};
    if (rename->relation != NULL)
        name = cmig_walk_name(walk, rename->relation);
    else if (rename->object != NULL)
        name = object_name(rename->rename_type, rename->object, &signature);
    gboolean index = object->kind == CMIG_KIND_INDEX;
    cmig_walk_touch(walk,
                    &(CmigTouch){.kind = object->kind,
                                 .name = name,
                                 .level = L1,
                                 .flags = object->flags,
                                 .lock = index ? CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE : object->lock,
                                 .deeds = CMIG_DEED_RENAMES,
                                 .phrase = phrase});
    if (cmig_act_kind_class(object->kind) == CMIG_KIND_TABLE)
        cmig_walk_name_relation(walk, rename->newname);
    if (signature != NULL) { /* under its new name it is not followed */
        cmig_walk_add(walk, CMIG_ACT_FORGET, object->kind, name);
        name.name = rename->newname;
        cmig_walk_add(walk, CMIG_ACT_FORGET, object->kind, name);
        return;
    }
    cmig_walk_add(walk, CMIG_ACT_RENAME, object->kind, name)->to = g_strdup(rename->newname);
}

/* --- Schemas and owners --- */

static void walk_move(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__AlterObjectSchemaStmt *move = node->alter_object_schema_stmt;
    const Object *object = find_object(move->object_type);
    g_autofree char *signature = NULL;
    CmigName name = move->relation != NULL
                        ? cmig_walk_name(walk, move->relation)
                        : object_name(move->object_type, move->object, &signature);
    CmigActKind kind = object != NULL ? object->kind : CMIG_KIND_OTHER;
    cmig_walk_touch(walk, &(CmigTouch){.kind = kind,
                                       .name = name,
                                       .level = L1,
                                       .lock = object != NULL ? object->lock : 0,
                                       .deeds = CMIG_DEED_RENAMES,
                                       .phrase = "moves {o} to another schema"});
    cmig_walk_add(walk, CMIG_ACT_MOVE, kind, name)->to = g_strdup(move->newschema);
}

static void walk_owner(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__AlterOwnerStmt *owner = node->alter_owner_stmt;
    const Object *object = find_object(owner->object_type);
    g_autofree char *signature = NULL;
    CmigName name = owner->relation != NULL
                        ? cmig_walk_name(walk, owner->relation)
                        : object_name(owner->object_type, owner->object, &signature);
    cmig_walk_touch(walk, &(CmigTouch){.kind = object != NULL ? object->kind : CMIG_KIND_OTHER,
                                       .name = name,
                                       .level = L2,
                                       .flags = CMIG_FACT_PRIVILEGE,
                                       .phrase = "changes the owner of {o}"});
}

const CmigHandler cmig_drop_handlers[] = {
    {CMIG_NODE(DROP_STMT), walk_drop},
    {CMIG_NODE(RENAME_STMT), walk_rename},
    {CMIG_NODE(ALTER_OBJECT_SCHEMA_STMT), walk_move},
    {CMIG_NODE(ALTER_OWNER_STMT), walk_owner},
    {0, NULL},
};
