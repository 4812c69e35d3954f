/* Rights, roles, settings, the server's own objects, and what is done to a table without changing
 * it. Most are said by a row: what they are called and how bad they are. */
#include "sql/judge/tree.h"

#include <string.h>

#define L0   CMIG_LEVEL_NONE
#define L1   CMIG_LEVEL_DEFINITION
#define L2   CMIG_LEVEL_WEAKER
#define L4   CMIG_LEVEL_UNBOUNDED
#define PRIV CMIG_FACT_PRIVILEGE

/* `member` is the field of the statement that names its object. */
static const struct {
    PgQuery__Node__NodeCase node_case;
    CmigLevel level;
    guint flags;
    CmigActKind kind;
    const char *member;
    const char *phrase;
} rows[] = {
    {CMIG_NODE(DROPDB_STMT), L4, 0, CMIG_KIND_DATABASE, "dbname", "drops the database {o}"},
    {CMIG_NODE(DROP_TABLE_SPACE_STMT), L4, 0, CMIG_KIND_OTHER, "tablespacename",
     "drops the tablespace {o}"},
    {CMIG_NODE(DROP_OWNED_STMT), L4, PRIV, CMIG_KIND_NONE, NULL, "drops all that roles own"},
    {CMIG_NODE(REASSIGN_OWNED_STMT), L2, PRIV, CMIG_KIND_NONE, NULL,
     "gives away all that roles own"},
    {CMIG_NODE(ALTER_DEFAULT_PRIVILEGES_STMT), L2, PRIV, CMIG_KIND_NONE, NULL,
     "changes default privileges"},
    {CMIG_NODE(CREATE_ROLE_STMT), L0, PRIV, CMIG_KIND_ROLE, "role", "creates the role {o}"},
    {CMIG_NODE(ALTER_ROLE_STMT), L2, PRIV, CMIG_KIND_NONE, NULL, "changes a role"},
    {CMIG_NODE(ALTER_ROLE_SET_STMT), L2, PRIV, CMIG_KIND_NONE, NULL, "changes settings of a role"},
    {CMIG_NODE(DROP_ROLE_STMT), L2, PRIV, CMIG_KIND_NONE, NULL, "drops roles"},
    {CMIG_NODE(DROP_SUBSCRIPTION_STMT), L2, PRIV, CMIG_KIND_OTHER, "subname",
     "drops the subscription {o} and its slot"},
    {CMIG_NODE(ALTER_SUBSCRIPTION_STMT), L2, PRIV, CMIG_KIND_OTHER, "subname",
     "changes the subscription {o}"},
    {CMIG_NODE(CREATE_SUBSCRIPTION_STMT), L2, PRIV, CMIG_KIND_OTHER, "subname",
     "creates the subscription {o}, which changes rows from now on"},
    {CMIG_NODE(DROP_USER_MAPPING_STMT), L2, PRIV, CMIG_KIND_OTHER, "servername",
     "drops a user mapping of the server {o}"},
    {CMIG_NODE(ALTER_USER_MAPPING_STMT), L2, PRIV, CMIG_KIND_OTHER, "servername",
     "changes a user mapping of the server {o}"},
    {CMIG_NODE(ALTER_SYSTEM_STMT), L2, PRIV, CMIG_KIND_NONE, NULL,
     "changes settings of the server"},
    {CMIG_NODE(ALTER_DATABASE_STMT), L2, PRIV, CMIG_KIND_DATABASE, "dbname",
     "changes the database {o}"},
    {CMIG_NODE(ALTER_DATABASE_SET_STMT), L2, PRIV, CMIG_KIND_DATABASE, "dbname",
     "changes settings of the database {o}"},
    {CMIG_NODE(CREATE_TABLE_SPACE_STMT), L2, PRIV, CMIG_KIND_OTHER, "tablespacename",
     "creates the tablespace {o}"},
    {CMIG_NODE(ALTER_TABLE_SPACE_OPTIONS_STMT), L2, PRIV, CMIG_KIND_OTHER, "tablespacename",
     "changes the tablespace {o}"},
    {CMIG_NODE(ALTER_TABLE_MOVE_ALL_STMT), L2, PRIV, CMIG_KIND_NONE, NULL,
     "moves all tables of a tablespace"},
    {CMIG_NODE(LOAD_STMT), L2, PRIV, CMIG_KIND_NONE, NULL, "loads a library into the server"},
    {CMIG_NODE(ALTER_EXTENSION_STMT), L2, PRIV, CMIG_KIND_EXTENSION, "extname",
     "updates the extension {o}"},
    {CMIG_NODE(ALTER_EVENT_TRIG_STMT), L2, PRIV, CMIG_KIND_OTHER, "trigname",
     "switches the event trigger {o}"},
    {CMIG_NODE(CREATE_PLANG_STMT), L2, PRIV, CMIG_KIND_OTHER, "plname", "creates the language {o}"},
    {CMIG_NODE(SEC_LABEL_STMT), L2, PRIV, CMIG_KIND_NONE, NULL, "changes a security label"},
    {CMIG_NODE(ALTER_FDW_STMT), L1, 0, CMIG_KIND_OTHER, "fdwname",
     "changes the foreign-data wrapper {o}"},
    {CMIG_NODE(ALTER_FOREIGN_SERVER_STMT), L1, 0, CMIG_KIND_OTHER, "servername",
     "changes the server {o}"},
    {CMIG_NODE(ALTER_TSDICTIONARY_STMT), L1, 0, CMIG_KIND_NONE, NULL,
     "changes a text search dictionary"},
    {CMIG_NODE(ALTER_TSCONFIGURATION_STMT), L1, 0, CMIG_KIND_NONE, NULL,
     "changes a text search configuration"},
    {CMIG_NODE(ALTER_OP_FAMILY_STMT), L1, 0, CMIG_KIND_NONE, NULL, "changes an operator family"},
    {CMIG_NODE(ALTER_OPERATOR_STMT), L1, 0, CMIG_KIND_NONE, NULL, "changes an operator"},
    {CMIG_NODE(ALTER_TYPE_STMT), L1, 0, CMIG_KIND_NONE, NULL, "changes a type"},
};

static const char *member_text(const ProtobufCMessage *message, const char *member)
{
    const ProtobufCFieldDescriptor *field =
        member != NULL
            ? protobuf_c_message_descriptor_get_field_by_name(message->descriptor, member)
            : NULL;
    const char *text = NULL;
    if (field != NULL && field->type == PROTOBUF_C_TYPE_STRING)
        memcpy(&text, (const char *)message + field->offset, sizeof text);
    return cmig_tree_filled(text);
}

static void walk_row(CmigWalk *walk, const CmigNode *node)
{
    gsize row = 0;
    while (rows[row].node_case != node->node_case)
        row++;
    const ProtobufCMessage *message = &node->alias->base;
    cmig_walk_touch(walk, &(CmigTouch){.kind = rows[row].kind,
                                       .name = {NULL, member_text(message, rows[row].member)},
                                       .level = rows[row].level,
                                       .flags = rows[row].flags,
                                       .phrase = rows[row].phrase});
}

/* Tables are locked while they join or leave a publication. */
static void lock_published(CmigWalk *walk, CmigNode *const *objects, gsize count)
{
    for (gsize idx = 0; idx < count; idx++) {
        const PgQuery__PublicationObjSpec *spec =
            objects[idx]->node_case == CMIG_NODE(PUBLICATION_OBJ_SPEC)
                ? objects[idx]->publication_obj_spec
                : NULL;
        if (spec != NULL && spec->pubtable != NULL)
            cmig_walk_touch(walk,
                            &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                         .name = cmig_walk_name(walk, spec->pubtable->relation),
                                         .lock = CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE,
                                         .phrase = "changes the publications of {o}"});
    }
}

static void walk_create_publication(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CreatePublicationStmt *create = node->create_publication_stmt;
    lock_published(walk, create->pubobjects, create->n_pubobjects);
}

static void walk_alter_publication(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__AlterPublicationStmt *alter = node->alter_publication_stmt;
    cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_OTHER,
                                       .name = {NULL, alter->pubname},
                                       .level = L1,
                                       .phrase = "changes the publication {o}"});
    lock_published(walk, alter->pubobjects, alter->n_pubobjects);
}

/* --- Rights on objects --- */

static void walk_grant(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__GrantStmt *grant = node->grant_stmt;
    CmigTouch touch = {.level = grant->is_grant ? L0 : L2,
                       .flags = PRIV,
                       .phrase = grant->is_grant ? "grants rights" : "revokes rights"};
    gboolean tables = grant->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE &&
                      grant->targtype == PG_QUERY__GRANT_TARGET_TYPE__ACL_TARGET_OBJECT;
    if (!grant->is_grant && grant->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        touch.flags |= CMIG_FACT_CASCADE;
    for (gsize idx = 0; tables && idx < grant->n_objects; idx++) {
        if (grant->objects[idx]->node_case != CMIG_NODE(RANGE_VAR))
            continue;
        touch.kind = CMIG_KIND_TABLE;
        touch.name = cmig_walk_name(walk, grant->objects[idx]->range_var);
        touch.phrase = grant->is_grant ? "grants rights on {o}" : "revokes rights on {o}";
        cmig_walk_touch(walk, &touch);
    }
    if (touch.kind == CMIG_KIND_NONE)
        cmig_walk_touch(walk, &touch);
}

static void walk_grant_role(CmigWalk *walk, const CmigNode *node)
{
    gboolean grants = node->grant_role_stmt->is_grant;
    cmig_walk_say(walk, grants ? L0 : L2, PRIV,
                  grants ? "grants memberships of roles" : "revokes memberships of roles");
}

static void walk_alter_policy(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__AlterPolicyStmt *policy = node->alter_policy_stmt;
    cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                       .name = cmig_walk_name(walk, policy->table),
                                       .part_kind = CMIG_PART_POLICY,
                                       .part = policy->policy_name,
                                       .level = L2,
                                       .flags = PRIV,
                                       .lock = CMIG_LOCK_ACCESS_EXCLUSIVE,
                                       .phrase = "changes the policy {p} of {o}"});
    cmig_walk_softly(walk, &policy->base);
}

/* Dropping the extension takes along what belongs to it or depends on it from now. */
static void walk_contents(CmigWalk *walk, const CmigNode *node)
{
    CmigName name = {NULL, node->alter_extension_contents_stmt->extname};
    cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_EXTENSION,
                                       .name = name,
                                       .level = L2,
                                       .flags = PRIV,
                                       .phrase = "changes what belongs to the extension {o}"});
    cmig_walk_add(walk, CMIG_ACT_FORGET, CMIG_KIND_EXTENSION, name);
}

static void walk_depends(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__String *extension = node->alter_object_depends_stmt->extname;
    if (extension != NULL)
        cmig_walk_add(walk, CMIG_ACT_FORGET, CMIG_KIND_EXTENSION,
                      (CmigName){NULL, extension->sval});
}

/* --- Settings of the session --- */

/* Who is asking, and whether rules of the data hold. */
static const char *const sensitive[] = {
    "session_replication_role", "role",
    "session_authorization",    "row_security",
    "zero_damaged_pages",       "ignore_system_indexes",
    "allow_system_table_mods",  "event_triggers",
};

static void forget_path(CmigWalk *walk)
{
    cmig_walk_add(walk, CMIG_ACT_FORGET_PATH, CMIG_KIND_NONE, (CmigName){NULL, NULL});
}

void cmig_walk_set_parameter(CmigWalk *walk, const char *name)
{
    if (name == NULL) {
        cmig_walk_say(walk, L2, CMIG_FACT_OPAQUE, "sets a parameter that is a value");
        forget_path(walk);
        return;
    }
    for (gsize idx = 0; idx < G_N_ELEMENTS(sensitive); idx++) {
        if (g_ascii_strcasecmp(name, sensitive[idx]) != 0)
            continue;
        g_autofree char *what = g_strdup_printf("sets %s", sensitive[idx]);
        cmig_walk_say(walk, L2, PRIV, what);
        forget_path(walk); /* "$user" may be somebody else */
    }
    if (g_ascii_strcasecmp(name, "search_path") == 0)
        forget_path(walk);
}

static void walk_set(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__VariableSetStmt *set = node->variable_set_stmt;
    switch (set->kind) {
    case PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL:
        forget_path(walk);
        return;
    case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE:
    case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_CURRENT:
        cmig_walk_set_parameter(walk, set->name);
        return;
    default: /* back to what it was; SET TRANSACTION */
        if (g_strcmp0(set->name, "search_path") == 0 || g_strcmp0(set->name, "role") == 0 ||
            g_strcmp0(set->name, "session_authorization") == 0)
            forget_path(walk);
        return;
    }
}

static void walk_discard(CmigWalk *walk, const CmigNode *node)
{
    gboolean plans = node->discard_stmt->target == PG_QUERY__DISCARD_MODE__DISCARD_PLANS;
    if (!plans)
        cmig_walk_add(walk, CMIG_ACT_FORGET_ALL, CMIG_KIND_NONE, (CmigName){NULL, NULL});
}

/* What was made may not be there any more. */
static void walk_transaction(CmigWalk *walk, const CmigNode *node)
{
    switch (node->transaction_stmt->kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_PREPARED:
        cmig_walk_add(walk, CMIG_ACT_FORGET_ALL, CMIG_KIND_NONE, (CmigName){NULL, NULL});
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
        forget_path(walk); /* SET LOCAL ends */
        break;
    default:
        break;
    }
}

/* --- Types, sequences, upkeep --- */

static void walk_alter_enum(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__AlterEnumStmt *alter = node->alter_enum_stmt;
    gboolean renames = cmig_tree_filled(alter->old_val) != NULL;
    cmig_walk_touch(walk,
                    &(CmigTouch){.kind = CMIG_KIND_TYPE,
                                 .name = cmig_tree_name(alter->type_name, alter->n_type_name),
                                 .level = L2,
                                 .phrase = renames ? "renames a value of the type {o}"
                                                   : "adds a value to the type {o} for good"});
}

/* A new constraint is computed for every value there is. */
static gboolean checks_rows(const CmigNode *definition)
{
    return definition != NULL && definition->node_case == CMIG_NODE(CONSTRAINT) &&
           !definition->constraint->skip_validation;
}

static void walk_alter_domain(CmigWalk *walk, const CmigNode *node)
{
    static const struct {
        char subtype;
        CmigLevel level;
        const char *phrase;
    } kinds[] = {
        {'T', L1, "changes the default of the domain {o}"},
        {'N', L1, "lets the domain {o} be NULL"},
        {'O', L0, "forbids NULL in the domain {o}"},
        {'C', L0, "adds a constraint to the domain {o}"},
        {'X', L2, "drops a constraint of the domain {o}"},
        {'V', L0, "validates a constraint of the domain {o}"},
    };
    const PgQuery__AlterDomainStmt *alter = node->alter_domain_stmt;
    CmigTouch touch = {.kind = CMIG_KIND_DOMAIN,
                       .name = cmig_tree_name(alter->type_name, alter->n_type_name),
                       .level = L2,
                       .lock = CMIG_LOCK_SHARE, /* of every table that uses it */
                       .deeds = CMIG_DEED_SCANS,
                       .phrase = "changes the domain {o}"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(kinds); idx++) {
        if (alter->subtype == NULL || alter->subtype[0] != kinds[idx].subtype)
            continue;
        touch.level = kinds[idx].level;
        touch.phrase = kinds[idx].phrase;
    }
    if (touch.level != L0) {
        touch.lock = CMIG_LOCK_NONE;
        touch.deeds = 0;
    }
    cmig_walk_touch(walk, &touch);
    if (checks_rows(alter->def))
        cmig_walk_node(walk, alter->def);
    else
        cmig_walk_softly(walk, &alter->base);
}

static void walk_alter_sequence(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__AlterSeqStmt *alter = node->alter_seq_stmt;
    CmigName name = cmig_walk_name(walk, alter->sequence);
    gboolean restarts = cmig_tree_option(alter->options, alter->n_options, "restart") != NULL;
    cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_SEQUENCE,
                                       .name = name,
                                       .level = restarts ? L2 : L0,
                                       .lock = CMIG_LOCK_SHARE_ROW_EXCLUSIVE,
                                       .phrase = restarts ? "restarts the sequence {o}"
                                                          : "changes the sequence {o}"});
    const PgQuery__DefElem *owner = cmig_tree_option(alter->options, alter->n_options, "owned_by");
    if (owner == NULL || owner->arg == NULL || owner->arg->node_case != CMIG_NODE(LIST) ||
        owner->arg->list->n_items < 2)
        return;
    CmigName table = cmig_tree_name(owner->arg->list->items, owner->arg->list->n_items - 1);
    CmigAct *bind = cmig_walk_add(walk, CMIG_ACT_BIND, CMIG_KIND_SEQUENCE, name);
    bind->part = g_strdup(table.schema);
    bind->to = g_strdup(table.name);
}

static void walk_vacuum(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__VacuumStmt *vacuum = node->vacuum_stmt;
    gboolean full = cmig_tree_option_is_on(vacuum->options, vacuum->n_options, "full");
    for (gsize idx = 0; idx < vacuum->n_rels; idx++) {
        if (vacuum->rels[idx]->node_case != CMIG_NODE(VACUUM_RELATION))
            continue;
        cmig_walk_touch(
            walk, &(CmigTouch){
                      .kind = CMIG_KIND_TABLE,
                      .name = cmig_walk_name(walk, vacuum->rels[idx]->vacuum_relation->relation),
                      .lock = full ? CMIG_LOCK_ACCESS_EXCLUSIVE : CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE,
                      .deeds = full ? CMIG_DEED_REWRITES : 0,
                      .phrase = full                   ? "rewrites {o}"
                                : vacuum->is_vacuumcmd ? "vacuums {o}"
                                                       : "analyzes {o}"});
    }
}

static void walk_cluster(CmigWalk *walk, const CmigNode *node)
{
    cmig_walk_touch(walk, &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                       .name = cmig_walk_name(walk, node->cluster_stmt->relation),
                                       .lock = CMIG_LOCK_ACCESS_EXCLUSIVE,
                                       .deeds = CMIG_DEED_REWRITES,
                                       .phrase = "rewrites {o}"});
}

static void walk_reindex(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__ReindexStmt *reindex = node->reindex_stmt;
    gboolean index = reindex->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX;
    CmigLock lock = index ? CMIG_LOCK_ACCESS_EXCLUSIVE : CMIG_LOCK_SHARE;
    if (cmig_tree_option_is_on(reindex->params, reindex->n_params, "concurrently"))
        lock = CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE;
    cmig_walk_touch(walk, &(CmigTouch){.kind = index ? CMIG_KIND_INDEX : CMIG_KIND_TABLE,
                                       .name = cmig_walk_name(walk, reindex->relation),
                                       .lock = lock,
                                       .deeds = CMIG_DEED_SCANS,
                                       .phrase = "rebuilds {o}"});
}

static void walk_comment(CmigWalk *walk, const CmigNode *node)
{
    const PgQuery__CommentStmt *comment = node->comment_stmt;
    const CmigNode *object = comment->object;
    gboolean column = comment->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN;
    if ((!column && comment->objtype != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE) || object == NULL ||
        object->node_case != CMIG_NODE(LIST) || object->list->n_items <= (column ? 1 : 0))
        return;
    cmig_walk_touch(walk,
                    &(CmigTouch){.kind = CMIG_KIND_TABLE,
                                 .name = cmig_tree_name(object->list->items,
                                                        object->list->n_items - (column ? 1 : 0)),
                                 .lock = CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE,
                                 .phrase = "comments on {o}"});
}

const CmigHandler cmig_server_handlers[] = {
    {CMIG_NODE(ALTER_EXTENSION_CONTENTS_STMT), walk_contents},
    {CMIG_NODE(ALTER_OBJECT_DEPENDS_STMT), walk_depends},
    {CMIG_NODE(CREATE_PUBLICATION_STMT), walk_create_publication},
    {CMIG_NODE(ALTER_PUBLICATION_STMT), walk_alter_publication},
    {CMIG_NODE(GRANT_STMT), walk_grant},
    {CMIG_NODE(GRANT_ROLE_STMT), walk_grant_role},
    {CMIG_NODE(ALTER_POLICY_STMT), walk_alter_policy},
    {CMIG_NODE(VARIABLE_SET_STMT), walk_set},
    {CMIG_NODE(DISCARD_STMT), walk_discard},
    {CMIG_NODE(TRANSACTION_STMT), walk_transaction},
    {CMIG_NODE(ALTER_ENUM_STMT), walk_alter_enum},
    {CMIG_NODE(ALTER_DOMAIN_STMT), walk_alter_domain},
    {CMIG_NODE(ALTER_SEQ_STMT), walk_alter_sequence},
    {CMIG_NODE(VACUUM_STMT), walk_vacuum},
    {CMIG_NODE(CLUSTER_STMT), walk_cluster},
    {CMIG_NODE(REINDEX_STMT), walk_reindex},
    {CMIG_NODE(COMMENT_STMT), walk_comment},
    {CMIG_NODE(DROPDB_STMT), walk_row},
    {CMIG_NODE(DROP_TABLE_SPACE_STMT), walk_row},
    {CMIG_NODE(DROP_OWNED_STMT), walk_row},
    {CMIG_NODE(REASSIGN_OWNED_STMT), walk_row},
    {CMIG_NODE(ALTER_DEFAULT_PRIVILEGES_STMT), walk_row},
    {CMIG_NODE(CREATE_ROLE_STMT), walk_row},
    {CMIG_NODE(ALTER_ROLE_STMT), walk_row},
    {CMIG_NODE(ALTER_ROLE_SET_STMT), walk_row},
    {CMIG_NODE(DROP_ROLE_STMT), walk_row},
    {CMIG_NODE(DROP_SUBSCRIPTION_STMT), walk_row},
    {CMIG_NODE(ALTER_SUBSCRIPTION_STMT), walk_row},
    {CMIG_NODE(CREATE_SUBSCRIPTION_STMT), walk_row},
    {CMIG_NODE(DROP_USER_MAPPING_STMT), walk_row},
    {CMIG_NODE(ALTER_USER_MAPPING_STMT), walk_row},
    {CMIG_NODE(ALTER_SYSTEM_STMT), walk_row},
    {CMIG_NODE(ALTER_DATABASE_STMT), walk_row},
    {CMIG_NODE(ALTER_DATABASE_SET_STMT), walk_row},
    {CMIG_NODE(CREATE_TABLE_SPACE_STMT), walk_row},
    {CMIG_NODE(ALTER_TABLE_SPACE_OPTIONS_STMT), walk_row},
    {CMIG_NODE(ALTER_TABLE_MOVE_ALL_STMT), walk_row},
    {CMIG_NODE(LOAD_STMT), walk_row},
    {CMIG_NODE(ALTER_EXTENSION_STMT), walk_row},
    {CMIG_NODE(ALTER_EVENT_TRIG_STMT), walk_row},
    {CMIG_NODE(CREATE_PLANG_STMT), walk_row},
    {CMIG_NODE(SEC_LABEL_STMT), walk_row},
    {CMIG_NODE(ALTER_FDW_STMT), walk_row},
    {CMIG_NODE(ALTER_FOREIGN_SERVER_STMT), walk_row},
    {CMIG_NODE(ALTER_TSDICTIONARY_STMT), walk_row},
    {CMIG_NODE(ALTER_TSCONFIGURATION_STMT), walk_row},
    {CMIG_NODE(ALTER_OP_FAMILY_STMT), walk_row},
    {CMIG_NODE(ALTER_OPERATOR_STMT), walk_row},
    {CMIG_NODE(ALTER_TYPE_STMT), walk_row},
    {0, NULL},
};
