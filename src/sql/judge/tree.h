/* The walk over PostgreSQL's parse trees that turns statements into acts. Internal to this layer.
 *
 * Every node is walked: a DELETE is found wherever it hides. A handler stands for a kind of node
 * whose meaning is more than that of its parts, and says which of these are to be walked. */
#ifndef CMIG_SQL_JUDGE_TREE_H
#define CMIG_SQL_JUDGE_TREE_H

#include "sql/judge/act.h"

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

typedef PgQuery__Node CmigNode;

/* The statements of a text, parsed; NULL when it is no SQL that this grammar knows. */
typedef PgQuery__ParseResult CmigTree;
CmigTree *cmig_tree_parse(const char *text);
void cmig_tree_free(CmigTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigTree, cmig_tree_free)

typedef struct {
    GPtrArray *acts;
    GHashTable *called; /* calls that were added to this body */
    const char *text;   /* what is parsed */
    gsize start;        /* the statement that is walked, in it */
    gsize end;
    const char *schema; /* of bare names, within CREATE SCHEMA; or NULL */
    gboolean sure;      /* what is walked will happen, if nothing fails */
    gboolean soft;      /* what is walked is stored, not executed: unknown routines do not count */
    guint depth;
    guint nesting; /* of texts in texts */
} CmigWalk;

typedef struct {
    PgQuery__Node__NodeCase node_case;
    void (*walk)(CmigWalk *walk, const CmigNode *node);
} CmigHandler;
#define CMIG_NODE(name) PG_QUERY__NODE__NODE_##name

/* Of each theme; the last one has no function. */
extern const CmigHandler cmig_data_handlers[];
extern const CmigHandler cmig_create_handlers[];
extern const CmigHandler cmig_alter_handlers[];
extern const CmigHandler cmig_drop_handlers[];
extern const CmigHandler cmig_server_handlers[];
extern const CmigHandler cmig_body_handlers[];

/* A node, which may be NULL; the nodes of a list; what a message holds. */
void cmig_walk_node(CmigWalk *walk, const CmigNode *node);
void cmig_walk_list(CmigWalk *walk, CmigNode *const *nodes, gsize count);
void cmig_walk_parts(CmigWalk *walk, const ProtobufCMessage *message);

/* The same, as something that is only stored. */
void cmig_walk_softly(CmigWalk *walk, const ProtobufCMessage *message);

/* Statements in a text of their own, such as a body, each of which may happen or not. A text that
 * is no SQL is judged as `what` and opaque. */
void cmig_walk_text(CmigWalk *walk, const char *text, const char *what);

/* What is called `schema`.`name`; borrowed from the tree. */
typedef struct {
    const char *schema;
    const char *name;
} CmigName;
CmigName cmig_walk_name(const CmigWalk *walk, const PgQuery__RangeVar *relation);
CmigName cmig_tree_name(CmigNode *const *strings, gsize count);

/* An empty text is none. */
const char *cmig_tree_filled(const char *text);

/* The text of a String node or of a string constant; NULL for others. */
const char *cmig_tree_string(const CmigNode *node);

/* The option of that name, or NULL. */
const PgQuery__DefElem *cmig_tree_option(CmigNode *const *options, gsize count, const char *name);

/* Whether any option of that name stands for itself or has a value of truth. */
gboolean cmig_tree_option_is_on(CmigNode *const *options, gsize count, const char *name);

/* Something done to an object. `{o}` in `phrase` is its name, `{p}` that of the part. */
typedef struct {
    CmigActKind kind;
    CmigName name;
    CmigActPart part_kind;
    const char *part;
    CmigLevel level;
    guint flags;
    CmigLock lock;
    guint deeds;
    const char *phrase;
} CmigTouch;
void cmig_walk_touch(CmigWalk *walk, const CmigTouch *touch);

/* Adds an act of another verb; borrowed. */
CmigAct *cmig_walk_add(CmigWalk *walk, CmigActVerb verb, CmigActKind kind, CmigName name);

/* The act is about a part of the object. */
void cmig_act_set_part(CmigAct *act, CmigActPart kind, const char *part);

/* Something is done whatever the plan made before. */
void cmig_walk_say(CmigWalk *walk, CmigLevel level, guint flags, const char *what);

/* There is a relation of this name now: one that is called as the records are would be taken for
 * them. */
void cmig_walk_name_relation(CmigWalk *walk, const char *name);

/* The routine is called; with `may_be_unknown`, one that nobody knows is no matter. */
void cmig_walk_call(CmigWalk *walk, CmigActKind kind, CmigName name, gboolean may_be_unknown);

/* The same of a routine that is called with `arguments`, or NULL. */
void cmig_walk_call_routine(CmigWalk *walk, CmigName name, const char *arguments);

/* What hangs on a table happens: all of it, or what does when rows are added. */
void cmig_walk_fire(CmigWalk *walk, CmigName table, gboolean adds);

/* A letter for each argument of a call, and each parameter of a routine: that of a family of types
 * or `?`. Behind a parameter stands `=` if it has a default, and `*` if there may be more of it.
 * The caller frees; NULL = how many there are is not known. */
char *cmig_tree_arguments(const PgQuery__FuncCall *call);
char *cmig_tree_parameters(const PgQuery__CreateFunctionStmt *create);

/* A routine's name with the types of its arguments, as it is created or dropped. The caller frees.
 */
char *cmig_tree_signature(const char *name, CmigNode *const *types, gsize count);

/* Between these stands what happens when the routine is called. The act is that of its definition.
 */
CmigAct *cmig_walk_begin_body(CmigWalk *walk, CmigActKind kind, CmigName name, CmigWalk *body);
void cmig_walk_end_body(CmigWalk *walk, CmigWalk *body);

/* What `message` holds is computed for rows that are added to the table: defaults, checks. */
void cmig_walk_inserts(CmigWalk *walk, CmigName table, const ProtobufCMessage *message);

/* Setting a parameter; `name` NULL = not known. */
void cmig_walk_set_parameter(CmigWalk *walk, const char *name);

/* Which rows a filter is asked about: those of a table, of which a column is set, or NULL. `twin`
 * is what the table is called where it is joined with itself, or NULL. */
typedef struct {
    const PgQuery__RangeVar *table;
    const char *column;
    const char *twin;
} CmigFilter;

/* What the table is called among those that are joined with it. */
const char *cmig_tree_twin(const PgQuery__RangeVar *table, CmigNode *const *others, gsize count);

/* Whether a query takes all rows of the table, and of no other one. */
gboolean cmig_tree_takes_all(const CmigNode *query, const PgQuery__RangeVar *table);

/* Whether a filter lets some rows through and keeps others, as far as can be told: it is there, and
 * not the same for every row. */
gboolean cmig_tree_filters(const CmigNode *where, const CmigFilter *filter);

/* Whether a column's default is computed anew for each row. */
gboolean cmig_tree_is_volatile(const CmigNode *expression);

#endif
