#include "facts_act.h"

#define ONE_TYPE "(yyyyyyymsmsmsmsms)"

static const struct {
    const char *name;
    CmigActKind kind_class; /* NONE = its own */
} kinds[CMIG_KINDS] = {
    [CMIG_KIND_NONE] = {"object", CMIG_KIND_NONE},
    [CMIG_KIND_TABLE] = {"table", CMIG_KIND_TABLE},
    [CMIG_KIND_FOREIGN_TABLE] = {"foreign table", CMIG_KIND_TABLE},
    [CMIG_KIND_VIEW] = {"view", CMIG_KIND_TABLE},
    [CMIG_KIND_MATVIEW] = {"materialized view", CMIG_KIND_TABLE},
    [CMIG_KIND_SEQUENCE] = {"sequence", CMIG_KIND_TABLE},
    [CMIG_KIND_INDEX] = {"index", CMIG_KIND_TABLE},
    [CMIG_KIND_TYPE] = {"type", CMIG_KIND_TYPE},
    [CMIG_KIND_DOMAIN] = {"domain", CMIG_KIND_TYPE},
    [CMIG_KIND_SCHEMA] = {"schema", CMIG_KIND_SCHEMA},
    [CMIG_KIND_DATABASE] = {"database", CMIG_KIND_DATABASE},
    [CMIG_KIND_EXTENSION] = {"extension", CMIG_KIND_EXTENSION},
    [CMIG_KIND_FUNCTION] = {"function", CMIG_KIND_FUNCTION},
    [CMIG_KIND_PROCEDURE] = {"procedure", CMIG_KIND_FUNCTION},
    [CMIG_KIND_AGGREGATE] = {"aggregate", CMIG_KIND_FUNCTION},
    [CMIG_KIND_ROLE] = {"role", CMIG_KIND_ROLE},
    [CMIG_KIND_PREPARED] = {"prepared statement", CMIG_KIND_PREPARED},
    [CMIG_KIND_OTHER] = {"object", CMIG_KIND_OTHER},
};

CmigAct *cmig__act_new(CmigActVerb verb, CmigActKind kind, const char *schema, const char *name)
{
    CmigAct *act = g_new0(CmigAct, 1);
    act->verb = (guint8)verb;
    act->kind = (guint8)kind;
    act->schema = g_strdup(schema);
    act->name = g_strdup(name);
    return act;
}

void cmig__act_free(gpointer data)
{
    CmigAct *act = data;
    g_free(act->schema);
    g_free(act->name);
    g_free(act->part);
    g_free(act->to);
    g_free(act->what);
    g_free(act);
}

const char *cmig__kind_name(CmigActKind kind)
{
    return kinds[kind].name;
}

CmigActKind cmig__kind_class(CmigActKind kind)
{
    return kinds[kind].kind_class;
}

/* The grammar cuts long names by bytes. */
static void repair(char **text)
{
    if (*text == NULL || g_utf8_validate(*text, -1, NULL))
        return;
    char *valid = g_utf8_make_valid(*text, -1);
    g_free(*text);
    *text = valid;
}

GVariant *cmig__acts_pack(GPtrArray *acts)
{
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a" ONE_TYPE));
    for (guint idx = 0; acts != NULL && idx < acts->len; idx++) {
        CmigAct *act = acts->pdata[idx];
        repair(&act->schema);
        repair(&act->name);
        repair(&act->part);
        repair(&act->to);
        repair(&act->what);
        g_variant_builder_add(&builder, ONE_TYPE, act->verb, act->level, act->flags, act->lock,
                              act->kind, act->part_kind, act->deeds, act->schema, act->name,
                              act->part, act->to, act->what);
    }
    return g_variant_ref_sink(
        g_variant_new("(b@a" ONE_TYPE ")", acts != NULL, g_variant_builder_end(&builder)));
}

/* Numbers that come from elsewhere stay within what they count. */
static gboolean is_sound(const CmigAct *act)
{
    return act->verb < CMIG_ACT_VERBS && act->level <= CMIG_LEVEL_UNBOUNDED &&
           act->lock <= CMIG_LOCK_ACCESS_EXCLUSIVE && act->kind < CMIG_KINDS &&
           act->part_kind < CMIG_PARTS;
}

gboolean cmig__acts_unpack(GVariant *message, GPtrArray **acts)
{
    g_autoptr(GVariantIter) iter = NULL;
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func(cmig__act_free);
    gboolean understood = FALSE;
    g_variant_get(message, "(ba" ONE_TYPE ")", &understood, &iter);
    CmigAct act = {0};
    while (g_variant_iter_next(iter, ONE_TYPE, &act.verb, &act.level, &act.flags, &act.lock,
                               &act.kind, &act.part_kind, &act.deeds, &act.schema, &act.name,
                               &act.part, &act.to, &act.what)) {
        g_ptr_array_add(read, g_memdup2(&act, sizeof act));
        if (!is_sound(&act))
            return FALSE;
    }
    *acts = understood ? g_steal_pointer(&read) : NULL;
    return TRUE;
}
