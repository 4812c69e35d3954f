/* The memory of a plan. A name counts as the plan's own only as it was written when it was made:
 * `public.t` is not `t`. But they may be the same: what happens to one of them ends what is known
 * of the other. */
#include "sql/judge/memory.h"

#include <string.h>

typedef struct {
    char *schema; /* NULL = found by the search path, or has none */
    guint8 kind;
    gboolean temporary;
    gboolean whole;    /* the object itself was made, not only parts of it */
    gboolean holds;    /* others of the plan hang on it, and what hangs on these */
    GHashTable *parts; /* "column/name" */
} Object;

struct CmigMemory {
    GHashTable *objects;    /* "class/name" -> GPtrArray of Object, one for each schema */
    GHashTable *routines;   /* "class/name" -> GPtrArray of CmigRoutine */
    gboolean path_changed;  /* in this section */
    gboolean has_temporary; /* likewise */
};

static void object_free(gpointer data)
{
    Object *object = data;
    g_free(object->schema);
    g_hash_table_unref(object->parts);
    g_free(object);
}

static void routine_free(gpointer data)
{
    CmigRoutine *routine = data;
    g_ptr_array_unref(routine->acts);
    g_free(routine->schema);
    g_free(routine->parameters);
    g_free(routine);
}

CmigMemory *cmig_memory_new(void)
{
    CmigMemory *memory = g_new0(CmigMemory, 1);
    memory->objects =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    memory->routines =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    return memory;
}

void cmig_memory_free(CmigMemory *memory)
{
    if (memory == NULL)
        return;
    g_hash_table_unref(memory->objects);
    g_hash_table_unref(memory->routines);
    g_free(memory);
}

static char *key_of(CmigActKind kind, const char *name)
{
    return g_strdup_printf("%d/%s", (int)cmig_act_kind_class(kind), name);
}

static char *part_key(CmigActPart kind, const char *part)
{
    return g_strdup_printf("%d/%s", (int)kind, part);
}

/* Those of any schema, or NULL. */
static GPtrArray *find_all(const CmigMemory *memory, CmigActKind kind, const char *name)
{
    g_autofree char *key = key_of(kind, name);
    return g_hash_table_lookup(memory->objects, key);
}

static Object *find(const CmigMemory *memory, CmigActKind kind, const char *schema,
                    const char *name)
{
    const GPtrArray *all = find_all(memory, kind, name);
    for (guint idx = 0; all != NULL && idx < all->len; idx++)
        if (g_strcmp0(((Object *)all->pdata[idx])->schema, schema) == 0)
            return all->pdata[idx];
    return NULL;
}

/* Whether one name may mean what the other does. */
static gboolean may_be(const char *schema, const char *other)
{
    return schema == NULL || other == NULL || strcmp(schema, other) == 0;
}

gboolean cmig_memory_owns(CmigMemory *memory, const CmigAct *act)
{
    if (act->name == NULL)
        return FALSE;
    if (g_strcmp0(act->schema, "pg_temp") == 0 && act->kind == CMIG_KIND_TABLE)
        return TRUE;
    const Object *object = find(memory, (CmigActKind)act->kind, act->schema, act->name);
    return object != NULL && object->whole && object->kind == act->kind;
}

gboolean cmig_memory_owns_part(CmigMemory *memory, const CmigAct *act)
{
    const Object *object = act->name != NULL && act->part != NULL
                               ? find(memory, (CmigActKind)act->kind, act->schema, act->name)
                               : NULL;
    if (object == NULL)
        return FALSE;
    g_autofree char *key = part_key((CmigActPart)act->part_kind, act->part);
    return g_hash_table_contains(object->parts, key);
}

static void add(CmigMemory *memory, CmigActKind kind, const char *name, Object *object)
{
    GPtrArray *all = find_all(memory, kind, name);
    if (all == NULL) {
        all = g_ptr_array_new_with_free_func(object_free);
        g_hash_table_insert(memory->objects, key_of(kind, name), all);
    }
    g_ptr_array_add(all, object);
}

static void create(CmigMemory *memory, const CmigAct *act)
{
    Object *object = find(memory, (CmigActKind)act->kind, act->schema, act->name);
    if (object == NULL) {
        object = g_new0(Object, 1);
        object->schema = g_strdup(act->schema);
        object->parts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        add(memory, (CmigActKind)act->kind, act->name, object);
    }
    if (act->part != NULL) {
        g_hash_table_add(object->parts, part_key((CmigActPart)act->part_kind, act->part));
        return;
    }
    object->whole = TRUE;
    object->kind = act->kind;
    object->temporary = act->to != NULL; /* "temporary" */
    memory->has_temporary = memory->has_temporary || object->temporary;
}

/* --- Forgetting --- */

typedef gboolean (*Test)(const Object *object, const char *schema);

static void forget_where(CmigMemory *memory, Test test, const char *schema)
{
    GHashTableIter iter;
    gpointer value = NULL;
    g_hash_table_iter_init(&iter, memory->objects);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        GPtrArray *all = value;
        for (guint idx = all->len; idx > 0; idx--)
            if (test(all->pdata[idx - 1], schema))
                g_ptr_array_remove_index_fast(all, idx - 1);
    }
}

static gboolean has_schema(const Object *object)
{
    CmigActKind own = cmig_act_kind_class((CmigActKind)object->kind);
    return own == CMIG_KIND_TABLE || own == CMIG_KIND_TYPE || own == CMIG_KIND_FUNCTION ||
           !object->whole;
}

static gboolean is_bare(const Object *object, const char *schema)
{
    (void)schema;
    return object->schema == NULL && has_schema(object);
}

static gboolean may_be_in(const Object *object, const char *schema)
{
    return is_bare(object, schema) || g_strcmp0(object->schema, schema) == 0;
}

static gboolean is_temporary(const Object *object, const char *schema)
{
    (void)schema;
    return object->temporary;
}

static void forget(CmigMemory *memory, CmigActKind kind, const char *schema, const char *name)
{
    GPtrArray *all = find_all(memory, kind, name);
    for (guint idx = all != NULL ? all->len : 0; idx > 0; idx--)
        if (may_be(((Object *)all->pdata[idx - 1])->schema, schema))
            g_ptr_array_remove_index_fast(all, idx - 1);
    if (kind == CMIG_KIND_SCHEMA)
        forget_where(memory, may_be_in, name);
}

static void forget_part(CmigMemory *memory, const CmigAct *act, const char *part)
{
    const GPtrArray *all = find_all(memory, (CmigActKind)act->kind, act->name);
    g_autofree char *key = part_key((CmigActPart)act->part_kind, part);
    for (guint idx = 0; all != NULL && idx < all->len; idx++) {
        const Object *object = all->pdata[idx];
        if (may_be(object->schema, act->schema))
            g_hash_table_remove(object->parts, key);
    }
}

/* What a routine may do is never forgotten, only that it does nothing else: another one may be
 * meant by its name now. */
static void doubt(GPtrArray *routines, gboolean bare_only)
{
    for (guint idx = 0; routines != NULL && idx < routines->len; idx++) {
        CmigRoutine *routine = routines->pdata[idx];
        if (!bare_only || routine->schema == NULL)
            routine->sure = FALSE;
    }
}

static void forget_path(CmigMemory *memory)
{
    GHashTableIter iter;
    gpointer key = NULL;
    gpointer routines = NULL;
    g_autofree char *functions = key_of(CMIG_KIND_FUNCTION, "");
    forget_where(memory, is_bare, NULL);
    g_hash_table_iter_init(&iter, memory->routines);
    while (g_hash_table_iter_next(&iter, &key, &routines))
        if (g_str_has_prefix(key, functions))
            doubt(routines, TRUE);
    memory->path_changed = TRUE;
}

/* --- Changing names --- */

static void rename_part(CmigMemory *memory, const CmigAct *act, gboolean sure)
{
    gboolean owned = cmig_memory_owns_part(memory, act);
    Object *object = find(memory, (CmigActKind)act->kind, act->schema, act->name);
    forget_part(memory, act, act->part);
    forget_part(memory, act, act->to);
    if (owned && sure)
        g_hash_table_add(object->parts, part_key((CmigActPart)act->part_kind, act->to));
}

static Object *take(CmigMemory *memory, const CmigAct *act)
{
    GPtrArray *all = find_all(memory, (CmigActKind)act->kind, act->name);
    guint index = 0;
    Object *object = find(memory, (CmigActKind)act->kind, act->schema, act->name);
    if (object == NULL || !g_ptr_array_find(all, object, &index))
        return NULL;
    return g_ptr_array_steal_index_fast(all, index);
}

/* The object is found under another schema and name from now on; what was known under these, or may
 * have been, is not it. */
static void carry(CmigMemory *memory, const CmigAct *act, const char *schema, const char *name,
                  gboolean sure)
{
    Object *object = take(memory, act);
    forget(memory, (CmigActKind)act->kind, act->schema, act->name);
    forget(memory, (CmigActKind)act->kind, schema, name);
    if (object == NULL)
        return;
    if (!sure) {
        object_free(object);
        return;
    }
    g_free(object->schema);
    object->schema = g_strdup(schema);
    add(memory, (CmigActKind)act->kind, name, object);
}

static void rename_object(CmigMemory *memory, const CmigAct *act, gboolean sure)
{
    if (act->part != NULL)
        rename_part(memory, act, sure);
    else
        carry(memory, act, act->schema, act->to, sure);
}

/* What is moved into a schema of the plan's is not the plan's own, unless it was before. */
static void move_object(CmigMemory *memory, const CmigAct *act, gboolean sure)
{
    if (!cmig_memory_owns(memory, act) || !sure)
        forget(memory, CMIG_KIND_SCHEMA, NULL, act->to);
    carry(memory, act, act->to, act->name, sure);
}

static gboolean is_schema(const Object *object, const char *schema G_GNUC_UNUSED)
{
    return object->kind == CMIG_KIND_SCHEMA;
}

static gboolean reaches_further(const Object *object, const char *schema)
{
    return object->holds || is_schema(object, schema);
}

/* FALSE: the plan made nothing that is called so. */
static gboolean mark_as_holder(CmigMemory *memory, CmigActKind kind, const CmigAct *act)
{
    const GPtrArray *all = find_all(memory, kind, act->to);
    gboolean found = FALSE;
    for (guint idx = 0; all != NULL && idx < all->len; idx++) {
        Object *object = all->pdata[idx];
        if (!may_be(object->schema, act->part))
            continue;
        object->holds = TRUE;
        found = TRUE;
    }
    return found;
}

/* Old rows hang on what the plan made. They go with it, with the schema it is in, and with what it
 * hangs on itself: of the latter it is only known that something does. */
static void bind(CmigMemory *memory, const CmigAct *act, gboolean sure)
{
    gboolean table = mark_as_holder(memory, CMIG_KIND_TABLE, act);
    gboolean type = mark_as_holder(memory, CMIG_KIND_TYPE, act);
    if (cmig_memory_owns(memory, act) && sure)
        return;
    forget(memory, CMIG_KIND_TABLE, act->part, act->to);
    forget(memory, CMIG_KIND_TYPE, act->part, act->to);
    if (table || type) {
        forget_where(memory, reaches_further, NULL);
    } else if (act->part != NULL) {
        g_autofree char *key = key_of(CMIG_KIND_SCHEMA, act->part);
        g_hash_table_remove(memory->objects, key);
    } else {
        forget_where(memory, is_schema, NULL);
    }
}

static void forget_all(CmigMemory *memory)
{
    GHashTableIter iter;
    gpointer routines = NULL;
    g_hash_table_remove_all(memory->objects);
    g_hash_table_iter_init(&iter, memory->routines);
    while (g_hash_table_iter_next(&iter, NULL, &routines))
        doubt(routines, FALSE);
}

static void doubt_routine(CmigMemory *memory, CmigActKind kind, const char *name)
{
    g_autofree char *key = key_of(kind, name);
    doubt(g_hash_table_lookup(memory->routines, key), FALSE);
}

/* A routine is also known by its name alone, which may mean another one now. */
static void forget_bare_routine(CmigMemory *memory, const CmigAct *act)
{
    CmigActKind kind = (CmigActKind)act->kind;
    if (cmig_act_kind_class(kind) != CMIG_KIND_FUNCTION)
        return;
    gsize length = strcspn(act->name, "(");
    g_autofree char *name = g_strndup(act->name, length);
    if (act->name[length] != '\0')
        forget(memory, kind, NULL, name);
    doubt_routine(memory, kind, name);
    if (act->to != NULL && act->verb == CMIG_ACT_RENAME)
        doubt_routine(memory, kind, act->to);
}

void cmig_memory_apply(CmigMemory *memory, const CmigAct *act, gboolean sure)
{
    switch ((CmigActVerb)act->verb) {
    case CMIG_ACT_FORGET_PATH:
        forget_path(memory);
        return;
    case CMIG_ACT_FORGET_ALL:
        forget_all(memory);
        return;
    default:
        break;
    }
    if (act->name == NULL)
        return;
    if (act->verb != CMIG_ACT_CREATE)
        forget_bare_routine(memory, act);
    switch ((CmigActVerb)act->verb) {
    case CMIG_ACT_CREATE:
        if (sure)
            create(memory, act);
        break;
    case CMIG_ACT_FORGET:
        if (act->part != NULL)
            forget_part(memory, act, act->part);
        else
            forget(memory, (CmigActKind)act->kind, act->schema, act->name);
        break;
    case CMIG_ACT_RENAME:
        if (act->to != NULL)
            rename_object(memory, act, sure);
        break;
    case CMIG_ACT_MOVE:
        if (act->to != NULL)
            move_object(memory, act, sure);
        break;
    case CMIG_ACT_BIND:
        if (act->to != NULL)
            bind(memory, act, sure);
        break;
    default:
        break;
    }
}

void cmig_memory_end_section(CmigMemory *memory)
{
    if (memory->has_temporary)
        forget_where(memory, is_temporary, NULL);
    if (memory->path_changed)
        forget_path(memory);
    memory->has_temporary = FALSE;
    memory->path_changed = FALSE;
}

/* Bodies may define routines themselves. */
static guint find_end(const GPtrArray *acts, guint at)
{
    guint depth = 0;
    for (guint idx = at; idx < acts->len; idx++) {
        const CmigAct *act = acts->pdata[idx];
        if (act->verb == CMIG_ACT_DEFINE)
            depth++;
        else if (act->verb == CMIG_ACT_END && --depth == 0)
            return idx;
    }
    return acts->len - 1;
}

guint cmig_memory_define(CmigMemory *memory, GPtrArray *acts, guint at)
{
    const CmigAct *act = acts->pdata[at];
    guint end = find_end(acts, at);
    g_autofree char *key = key_of((CmigActKind)act->kind, act->name != NULL ? act->name : "");
    GPtrArray *known = g_hash_table_lookup(memory->routines, key);
    if (known == NULL) {
        known = g_ptr_array_new_with_free_func(routine_free);
        g_hash_table_insert(memory->routines, g_steal_pointer(&key), known);
    }
    CmigRoutine *routine = g_new0(CmigRoutine, 1);
    routine->acts = g_ptr_array_ref(acts);
    routine->first = at + 1;
    routine->end = end;
    routine->sure = TRUE;
    routine->schema = g_strdup(act->schema);
    routine->parameters = g_strdup(act->to);
    g_ptr_array_add(known, routine);
    return end;
}

const GPtrArray *cmig_memory_routines(CmigMemory *memory, CmigActKind kind, const char *name)
{
    g_autofree char *key = key_of(kind, name != NULL ? name : "");
    return g_hash_table_lookup(memory->routines, key);
}
