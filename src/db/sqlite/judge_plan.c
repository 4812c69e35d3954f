/* What a plan has done so far: what it made itself is no loss when it goes, what was renamed has
 * another name in the database still, and a table of which all rows were copied may go. */
#include "db/sqlite/judge.h"

#include <string.h>

CmigCopy *cmig_copy_new(const char *from, const char *to)
{
    CmigCopy *copy = g_new0(CmigCopy, 1);
    copy->from = cmig_fold(from);
    copy->to = cmig_fold(to);
    copy->columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    copy->lacking = g_ptr_array_new_with_free_func(g_free);
    copy->converted = g_ptr_array_new_with_free_func(g_free);
    return copy;
}

void cmig_copy_free(CmigCopy *copy)
{
    if (copy == NULL)
        return;
    g_free(copy->from);
    g_free(copy->to);
    g_hash_table_unref(copy->columns);
    g_ptr_array_unref(copy->lacking);
    g_ptr_array_unref(copy->converted);
    g_free(copy);
}

void cmig_judge_plan_init(CmigJudgePlan *plan)
{
    plan->created = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    plan->columns =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    plan->origins = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    plan->copies = g_ptr_array_new_with_free_func((GDestroyNotify)cmig_copy_free);
}

void cmig_judge_plan_clear(CmigJudgePlan *plan)
{
    g_hash_table_unref(plan->created);
    g_hash_table_unref(plan->columns);
    g_hash_table_unref(plan->origins);
    g_ptr_array_unref(plan->copies);
}

void cmig_judge_plan_distrust(CmigJudgePlan *plan)
{
    g_hash_table_remove_all(plan->created);
    g_hash_table_remove_all(plan->columns);
    g_ptr_array_set_size(plan->copies, 0);
}

/* Triggers have names of their own. */
static char *make_key(const char *name, gboolean trigger)
{
    g_autofree char *folded = cmig_fold(name);
    return g_strconcat(trigger ? "t" : "o", folded, NULL);
}

void cmig_judge_plan_create(CmigJudgePlan *plan, const char *name, gboolean trigger)
{
    g_hash_table_add(plan->created, make_key(name, trigger));
}

gboolean cmig_judge_plan_is_new(const CmigJudgePlan *plan, const char *name, gboolean trigger)
{
    g_autofree char *key = make_key(name, trigger);
    return g_hash_table_contains(plan->created, key);
}

/* --- Columns --- */

static GHashTable *columns_of(const CmigJudgePlan *plan, const char *table)
{
    g_autofree char *folded = cmig_fold(table);
    return g_hash_table_lookup(plan->columns, folded);
}

void cmig_judge_plan_add_column(CmigJudgePlan *plan, const char *table, const char *column)
{
    GHashTable *columns = columns_of(plan, table);
    if (columns == NULL) {
        columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(plan->columns, cmig_fold(table), columns);
    }
    g_hash_table_add(columns, cmig_fold(column));
}

gboolean cmig_judge_plan_owns(const CmigJudgePlan *plan, const char *table, const char *column)
{
    GHashTable *columns = columns_of(plan, table);
    g_autofree char *folded = cmig_fold(column);
    return columns != NULL && g_hash_table_contains(columns, folded);
}

void cmig_judge_plan_rename_column(CmigJudgePlan *plan, const char *table, const char *column,
                                   const char *to)
{
    GHashTable *columns = columns_of(plan, table);
    g_autofree char *folded = cmig_fold(column);
    if (columns != NULL && g_hash_table_remove(columns, folded) && to != NULL)
        g_hash_table_add(columns, cmig_fold(to));
}

static void carry_columns(CmigJudgePlan *plan, const char *from, const char *to)
{
    gpointer key = NULL;
    gpointer columns = NULL;
    if (g_hash_table_steal_extended(plan->columns, from, &key, &columns))
        g_hash_table_replace(plan->columns, g_strdup(to), columns);
    else
        g_hash_table_remove(plan->columns, to);
    g_free(key);
}

/* --- Tables --- */

static void replace(char **name, const char *from, const char *to)
{
    if (strcmp(*name, from) != 0)
        return;
    g_free(*name);
    *name = g_strdup(to);
}

void cmig_judge_plan_rename(CmigJudgePlan *plan, const char *from, const char *to)
{
    g_autofree char *old = cmig_fold(from);
    g_autofree char *new = cmig_fold(to);
    g_autofree char *key = make_key(from, FALSE);
    carry_columns(plan, old, new);
    if (g_hash_table_remove(plan->created, key)) {
        cmig_judge_plan_create(plan, to, FALSE);
    } else {
        char *origin = g_strdup(cmig_judge_plan_origin(plan, from));
        g_hash_table_remove(plan->origins, old);
        g_hash_table_replace(plan->origins, g_strdup(new), origin);
    }
    for (guint idx = 0; idx < plan->copies->len; idx++) {
        CmigCopy *copy = plan->copies->pdata[idx];
        replace(&copy->from, old, new);
        replace(&copy->to, old, new);
    }
}

const char *cmig_judge_plan_origin(const CmigJudgePlan *plan, const char *name)
{
    g_autofree char *folded = cmig_fold(name);
    const char *origin = g_hash_table_lookup(plan->origins, folded);
    return origin != NULL ? origin : name;
}

void cmig_judge_plan_add_copy(CmigJudgePlan *plan, CmigCopy *copy)
{
    g_ptr_array_add(plan->copies, copy);
}

void cmig_judge_plan_touch(CmigJudgePlan *plan, const char *table, const char *column)
{
    if (plan->copies->len == 0)
        return;
    g_autofree char *folded = cmig_fold(table);
    g_autofree char *part = column != NULL ? cmig_fold(column) : NULL;
    for (guint idx = plan->copies->len; idx > 0; idx--) {
        const CmigCopy *copy = plan->copies->pdata[idx - 1];
        gboolean target = strcmp(copy->to, folded) == 0 &&
                          (part == NULL || g_hash_table_contains(copy->columns, part));
        if (target || strcmp(copy->from, folded) == 0)
            g_ptr_array_remove_index(plan->copies, idx - 1);
    }
}

/* How much a copy leaves out. */
static guint badness(const CmigCopy *copy)
{
    return (copy->partial ? 1000000 : 0) + copy->lacking->len * 1000 + copy->converted->len;
}

CmigCopy *cmig_judge_plan_drop(CmigJudgePlan *plan, const char *name, gboolean trigger)
{
    g_autofree char *key = make_key(name, trigger);
    CmigCopy *best = NULL;
    g_hash_table_remove(plan->created, key);
    if (trigger)
        return NULL;
    g_autofree char *folded = cmig_fold(name);
    g_autofree char *origin = g_strdup(cmig_judge_plan_origin(plan, name));
    g_hash_table_remove(plan->origins, folded);
    g_hash_table_remove(plan->columns, folded);
    for (guint idx = plan->copies->len; idx > 0; idx--) {
        CmigCopy *copy = plan->copies->pdata[idx - 1];
        gboolean from = strcmp(copy->from, folded) == 0;
        if (!from && strcmp(copy->to, folded) != 0)
            continue;
        g_ptr_array_steal_index(plan->copies, idx - 1);
        CmigCopy *worse = copy;
        if (from && (best == NULL || badness(copy) < badness(best))) {
            worse = best;
            best = copy;
        }
        cmig_copy_free(worse);
    }
    if (best != NULL) {
        /* What it holds is not the plan's alone any more. */
        g_autofree char *rest = make_key(best->to, FALSE);
        g_hash_table_remove(plan->created, rest);
        g_hash_table_replace(plan->origins, g_strdup(best->to), g_steal_pointer(&origin));
    }
    return best;
}
