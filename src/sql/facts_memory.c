/* The memory of a plan. A name counts as the plan's own only as it was written when it was made:
 * `public.t` is not `t`. */
#include "facts_memory.h"

#include <string.h>

typedef struct {
    guint8 kind;
    gboolean temporary;
    gboolean whole;    /* the object itself was made, not only parts of it */
    gboolean bare;     /* found by the search path */
    GHashTable *parts; /* "column/name" */
} Object;

struct CmigMemory {
    GHashTable *objects;    /* "class/schema/name" -> Object */
    GHashTable *routines;   /* "class/name" -> GPtrArray of CmigRoutine */
    gboolean path_changed;  /* in this section */
    gboolean has_temporary; /* likewise */
};

static void object_free(gpointer data)
{
    Object *object = data;
    g_hash_table_unref(object->parts);
    g_free(object);
}

static void routine_free(gpointer data)
{
    CmigRoutine *routine = data;
    g_ptr_array_unref(routine->acts);
    g_free(routine->schema);
    g_free(routine);
}

CmigMemory *cmig__memory_new(void)
{
    CmigMemory *memory = g_new0(CmigMemory, 1);
    memory->objects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, object_free);
    memory->routines =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    return memory;
}

void cmig__memory_free(CmigMemory *memory)
{
    if (memory == NULL)
        return;
    g_hash_table_unref(memory->objects);
    g_hash_table_unref(memory->routines);
    g_free(memory);
}

/* Names may hold any byte: a length says where the schema's ends. */
static char *key_of(CmigActKind kind, const char *schema, const char *name)
{
    CmigActKind own = cmig__kind_class(kind);
    return schema != NULL ? g_strdup_printf("%d/%zu/%s/%s", (int)own, strlen(schema), schema, name)
                          : g_strdup_printf("%d/-/%s", (int)own, name);
}

static char *part_key(CmigActPart kind, const char *part)
{
    return g_strdup_printf("%d/%s", (int)kind, part);
}

static Object *find(CmigMemory *memory, CmigActKind kind, const char *schema, const char *name)
{
    g_autofree char *key = key_of(kind, schema, name != NULL ? name : "");
    return g_hash_table_lookup(memory->objects, key);
}

gboolean cmig__memory_owns(CmigMemory *memory, const CmigAct *act)
{
    if (act->name == NULL)
        return FALSE;
    if (g_strcmp0(act->schema, "pg_temp") == 0 && act->kind == CMIG_KIND_TABLE)
        return TRUE;
    const Object *object = find(memory, (CmigActKind)act->kind, act->schema, act->name);
    return object != NULL && object->whole && object->kind == act->kind;
}

gboolean cmig__memory_owns_part(CmigMemory *memory, const CmigAct *act)
{
    const Object *object = act->name != NULL && act->part != NULL
                               ? find(memory, (CmigActKind)act->kind, act->schema, act->name)
                               : NULL;
    if (object == NULL)
        return FALSE;
    g_autofree char *key = part_key((CmigActPart)act->part_kind, act->part);
    return g_hash_table_contains(object->parts, key);
}

static gboolean has_schema(CmigActKind kind)
{
    CmigActKind own = cmig__kind_class(kind);
    return own == CMIG_KIND_TABLE || own == CMIG_KIND_TYPE || own == CMIG_KIND_FUNCTION;
}

static void create(CmigMemory *memory, const CmigAct *act)
{
    g_autofree char *key = key_of((CmigActKind)act->kind, act->schema, act->name);
    Object *object = g_hash_table_lookup(memory->objects, key);
    if (object == NULL) {
        object = g_new0(Object, 1);
        object->parts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        object->bare = act->schema == NULL && has_schema((CmigActKind)act->kind);
        g_hash_table_insert(memory->objects, g_steal_pointer(&key), object);
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

/* Keys of objects in a schema begin alike. */
static void forget_schema(CmigMemory *memory, const char *schema)
{
    g_autofree char *inside = g_strdup_printf("/%zu/%s/", strlen(schema), schema);
    GHashTableIter iter;
    gpointer key = NULL;
    g_hash_table_iter_init(&iter, memory->objects);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const char *slash = strchr(key, '/');
        if (slash != NULL && g_str_has_prefix(slash, inside))
            g_hash_table_iter_remove(&iter);
    }
}

static void forget(CmigMemory *memory, CmigActKind kind, const char *schema, const char *name)
{
    g_autofree char *key = key_of(kind, schema, name);
    g_hash_table_remove(memory->objects, key);
    if (kind == CMIG_KIND_SCHEMA)
        forget_schema(memory, name);
}

static void forget_act(CmigMemory *memory, const CmigAct *act)
{
    if (act->part == NULL) {
        forget(memory, (CmigActKind)act->kind, act->schema, act->name);
        return;
    }
    Object *object = find(memory, (CmigActKind)act->kind, act->schema, act->name);
    g_autofree char *key = part_key((CmigActPart)act->part_kind, act->part);
    if (object != NULL)
        g_hash_table_remove(object->parts, key);
}

static void rename_part(CmigMemory *memory, const CmigAct *act, gboolean sure)
{
    Object *object = find(memory, (CmigActKind)act->kind, act->schema, act->name);
    if (object == NULL)
        return;
    g_autofree char *from = part_key((CmigActPart)act->part_kind, act->part);
    char *to = part_key((CmigActPart)act->part_kind, act->to);
    gboolean owned = g_hash_table_remove(object->parts, from);
    g_hash_table_remove(object->parts, to);
    if (owned && sure)
        g_hash_table_add(object->parts, to);
    else
        g_free(to);
}

/* The object is found under another schema and name from now on; what was known under these is not
 * it. */
static void carry(CmigMemory *memory, const CmigAct *act, const char *schema, const char *name,
                  gboolean sure)
{
    g_autofree char *from = key_of((CmigActKind)act->kind, act->schema, act->name);
    char *to = key_of((CmigActKind)act->kind, schema, name);
    gpointer held = NULL;
    gpointer object = NULL;
    if (g_hash_table_steal_extended(memory->objects, from, &held, &object))
        g_free(held);
    g_hash_table_remove(memory->objects, to);
    if (act->kind == CMIG_KIND_SCHEMA) {
        forget_schema(memory, act->name);
        forget_schema(memory, name);
    }
    if (object != NULL && sure) {
        g_hash_table_insert(memory->objects, to, object);
    } else {
        g_free(to);
        g_clear_pointer(&object, object_free);
    }
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
    if (!cmig__memory_owns(memory, act) || !sure)
        forget(memory, CMIG_KIND_SCHEMA, NULL, act->to);
    carry(memory, act, act->to, act->name, sure);
    Object *object = find(memory, (CmigActKind)act->kind, act->to, act->name);
    if (object != NULL)
        object->bare = FALSE;
}

static void bind(CmigMemory *memory, const CmigAct *act, gboolean sure)
{
    if (cmig__memory_owns(memory, act) && sure)
        return;
    forget(memory, CMIG_KIND_TABLE, act->part, act->to);
    forget(memory, CMIG_KIND_TYPE, act->part, act->to);
}

static gboolean is_bare(gpointer key, gpointer value, gpointer data)
{
    (void)key;
    (void)data;
    return ((const Object *)value)->bare;
}

static gboolean is_temporary(gpointer key, gpointer value, gpointer data)
{
    (void)key;
    (void)data;
    return ((const Object *)value)->temporary;
}

static void forget_path(CmigMemory *memory)
{
    g_hash_table_foreach_remove(memory->objects, is_bare, NULL);
    memory->path_changed = TRUE;
}

/* What a routine may do is never forgotten, only that it does nothing else. */
static void forget_all(CmigMemory *memory)
{
    GHashTableIter iter;
    gpointer routines = NULL;
    g_hash_table_remove_all(memory->objects);
    g_hash_table_iter_init(&iter, memory->routines);
    while (g_hash_table_iter_next(&iter, NULL, &routines))
        for (guint idx = 0; idx < ((GPtrArray *)routines)->len; idx++)
            ((CmigRoutine *)((GPtrArray *)routines)->pdata[idx])->sure = FALSE;
}

void cmig__memory_apply(CmigMemory *memory, const CmigAct *act, gboolean sure)
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
    switch ((CmigActVerb)act->verb) {
    case CMIG_ACT_CREATE:
        if (sure)
            create(memory, act);
        break;
    case CMIG_ACT_FORGET:
        forget_act(memory, act);
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

void cmig__memory_end_section(CmigMemory *memory)
{
    if (memory->has_temporary)
        g_hash_table_foreach_remove(memory->objects, is_temporary, NULL);
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

guint cmig__memory_define(CmigMemory *memory, GPtrArray *acts, guint at)
{
    const CmigAct *act = acts->pdata[at];
    guint end = find_end(acts, at);
    g_autofree char *key = key_of((CmigActKind)act->kind, NULL, act->name != NULL ? act->name : "");
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
    g_ptr_array_add(known, routine);
    return end;
}

const GPtrArray *cmig__memory_routines(CmigMemory *memory, CmigActKind kind, const char *name)
{
    g_autofree char *key = key_of(kind, NULL, name != NULL ? name : "");
    return g_hash_table_lookup(memory->routines, key);
}
