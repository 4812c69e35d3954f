/* What every judge shares: facts and their targets, the names of locks. */
#include "cmig/facts.h"

static const char *const lock_names[] = {
    [CMIG_LOCK_NONE] = "",
    [CMIG_LOCK_ACCESS_SHARE] = "ACCESS SHARE",
    [CMIG_LOCK_ROW_SHARE] = "ROW SHARE",
    [CMIG_LOCK_ROW_EXCLUSIVE] = "ROW EXCLUSIVE",
    [CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE] = "SHARE UPDATE EXCLUSIVE",
    [CMIG_LOCK_SHARE] = "SHARE",
    [CMIG_LOCK_SHARE_ROW_EXCLUSIVE] = "SHARE ROW EXCLUSIVE",
    [CMIG_LOCK_EXCLUSIVE] = "EXCLUSIVE",
    [CMIG_LOCK_ACCESS_EXCLUSIVE] = "ACCESS EXCLUSIVE",
};

const char *cmig_lock_name(CmigLock lock)
{
    return (gsize)lock < G_N_ELEMENTS(lock_names) ? lock_names[lock] : "";
}

CmigFactTarget *cmig_fact_target_new(const char *schema, const char *name, const char *kind)
{
    CmigFactTarget *target = g_new0(CmigFactTarget, 1);
    target->schema = g_strdup(schema);
    target->name = g_strdup(name);
    target->kind = kind;
    return target;
}

static void target_free(gpointer data)
{
    CmigFactTarget *target = data;
    g_free(target->schema);
    g_free(target->name);
    g_free(target->part);
    g_free(target);
}

CmigFact *cmig_fact_new(guint statement)
{
    CmigFact *fact = g_new0(CmigFact, 1);
    fact->statement = statement;
    fact->targets = g_ptr_array_new_with_free_func(target_free);
    return fact;
}

void cmig_fact_free(CmigFact *fact)
{
    if (fact == NULL)
        return;
    g_free(fact->what);
    g_ptr_array_unref(fact->targets);
    g_free(fact);
}

GPtrArray *cmig_judge_facts(CmigJudge *judge, const CmigSqlScript *script)
{
    return judge->facts(judge, script);
}

void cmig_judge_free(CmigJudge *judge)
{
    if (judge != NULL)
        judge->free(judge);
}
