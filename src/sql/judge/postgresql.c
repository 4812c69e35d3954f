/* The judge by PostgreSQL's grammar: sends what it does not know at sight to the parser's process
 * and holds what comes back against what the plan did before. */
#include "sql/judge/act.h"
#include "sql/judge/child.h"
#include "sql/judge/memory.h"
#include "sql/judge/words.h"

#include <string.h>

enum {
    MOST_TEXTS = 1024,        /* asked about at once */
    MOST_BYTES = 16 << 20,    /* likewise */
    TARGETS_COMPARED = 16,    /* the last ones; more than so many of one statement may repeat */
    MOST_TARGETS = 10000,     /* of one statement; they are for people */
    MOST_STEPS = 1000 * 1000, /* acts of one statement, with all it calls */
};

typedef struct {
    CmigJudge judge;
    CmigParser *parser;
    CmigMemory *memory;
    char *home;      /* the schema of cmig's own tables, or NULL */
    guint statement; /* counted over the plan */
} Judge;

/* Where in a body the judging of one statement is. */
typedef struct {
    GPtrArray *acts;
    guint at;
    guint end;
    char *through;      /* how one comes to this body: "calls f"; NULL = the statement itself */
    gboolean elsewhere; /* bare names are not those of the plan */
} Frame;

typedef struct {
    Judge *judge;
    CmigFact *fact;
    GArray *frames; /* Frame; the last one is being judged */
    guint alike;    /* how many acts are as bad as `fact` is */
} Run;

static void frame_clear(gpointer data)
{
    Frame *frame = data;
    g_ptr_array_unref(frame->acts);
    g_free(frame->through);
}

static Frame *top_frame(const Run *run)
{
    return &g_array_index(run->frames, Frame, run->frames->len - 1);
}

/* What a body calls finds the same names. */
static void push(Run *run, GPtrArray *acts, guint first, guint end, const char *through)
{
    gboolean elsewhere = run->frames->len > 0 && top_frame(run)->elsewhere;
    Frame frame = {g_ptr_array_ref(acts), first, end, g_strdup(through), elsewhere};
    g_array_append_val(run->frames, frame);
}

/* --- One act --- */

static void say(Run *run, const CmigAct *act, CmigLevel level, guint flags, const char *through)
{
    CmigFact *fact = run->fact;
    fact->flags |= flags;
    g_autofree char *what = through != NULL && act->what != NULL
                                ? g_strdup_printf("%s, which %s", through, act->what)
                                : g_strdup(act->what);
    if (what != NULL)
        g_strdelimit(what, "\r\n", ' ');
    if (fact->what == NULL || level > fact->level) {
        g_free(fact->what);
        fact->what = g_steal_pointer(&what);
        run->alike = 0;
    } else if (level == fact->level && level > 0 && g_strcmp0(what, fact->what) != 0) {
        run->alike++;
    }
    fact->level = MAX(fact->level, level);
}

static CmigFactTarget *find_target(const CmigFact *fact, const CmigAct *act)
{
    guint count = fact->targets->len;
    for (guint back = 1; back <= MIN(count, TARGETS_COMPARED); back++) {
        CmigFactTarget *target = fact->targets->pdata[count - back];
        if (target->kind == cmig_act_kind_name((CmigActKind)act->kind) &&
            g_strcmp0(target->schema, act->schema) == 0 &&
            g_strcmp0(target->name, act->name) == 0 && g_strcmp0(target->part, act->part) == 0)
            return target;
    }
    return NULL;
}

static void add_target(Run *run, const CmigAct *act, CmigLock lock, guint deeds)
{
    CmigFact *fact = run->fact;
    CmigFactTarget *target = find_target(fact, act);
    if (target == NULL && fact->targets->len == MOST_TARGETS)
        return;
    if (target == NULL) {
        const char *kind = cmig_act_kind_name((CmigActKind)act->kind);
        target = cmig_fact_target_new(act->schema, act->name, kind);
        target->part = g_strdup(act->part);
        g_ptr_array_add(fact->targets, target);
    }
    target->lock = MAX(target->lock, lock);
    target->loses = target->loses || (deeds & CMIG_DEED_LOSES) != 0;
    target->renamed = target->renamed || (deeds & CMIG_DEED_RENAMES) != 0;
    if (deeds & CMIG_DEED_EMPTIES)
        target->referring = CMIG_REFERRING_ALL;
    else if (deeds & CMIG_DEED_DELETES)
        target->referring = MAX(target->referring, CMIG_REFERRING_BY_RULE);
    target->rewrites = target->rewrites || (deeds & CMIG_DEED_REWRITES) != 0;
    target->scans = target->scans || (deeds & CMIG_DEED_SCANS) != 0;
}

/* What depends on a type or a function with CASCADE are columns and tables, whoever made these; an
 * extension may hold both. */
static gboolean takes_columns(const CmigAct *act)
{
    CmigActKind kind = cmig_act_kind_class((CmigActKind)act->kind);
    return (act->flags & CMIG_FACT_CASCADE) != 0 &&
           (kind == CMIG_KIND_TYPE || kind == CMIG_KIND_FUNCTION || kind == CMIG_KIND_EXTENSION);
}

static void touch(Run *run, const CmigAct *act, const char *through)
{
    CmigLevel level = (CmigLevel)act->level;
    CmigLock lock = (CmigLock)act->lock;
    guint flags = act->flags;
    guint deeds = act->deeds;
    gboolean known = act->schema != NULL || !top_frame(run)->elsewhere;
    gboolean owned = known && cmig_memory_owns(run->judge->memory, act);
    if (owned && takes_columns(act)) {
        level = MIN(level, CMIG_LEVEL_DATA);
    } else if (owned) {
        level = CMIG_LEVEL_NONE;
        lock = CMIG_LOCK_NONE;
        flags &= CMIG_FACT_CASCADE;
        deeds = 0;
    } else if (known && cmig_memory_owns_part(run->judge->memory, act)) {
        level = CMIG_LEVEL_NONE;
        flags &= CMIG_FACT_CASCADE;
        deeds &= ~(guint)CMIG_DEED_LOSES;
    }
    if (level == CMIG_LEVEL_NONE && flags == 0 && lock <= CMIG_LOCK_ACCESS_SHARE)
        return;
    say(run, act, level, flags, through);
    if (act->name != NULL)
        add_target(run, act, lock, deeds);
}

/* What cannot be seen may have put anything in the place of what the plan made. */
static void forget_all(Run *run)
{
    static const CmigAct all = {.verb = CMIG_ACT_FORGET_ALL};
    cmig_memory_apply(run->judge->memory, &all, TRUE);
}

static void say_plainly(Run *run, const CmigAct *act, const char *through)
{
    if (act->level > 0 || act->flags != 0)
        say(run, act, (CmigLevel)act->level, act->flags, through);
    if ((act->flags & CMIG_FACT_OPAQUE) != 0)
        forget_all(run);
}

/* Every definition that may be meant is charged, each once for a statement; that is also the end of
 * recursion. */
static void call(Run *run, const CmigAct *act, const char *through)
{
    const char *verb = act->kind == CMIG_KIND_TABLE      ? "does what hangs on"
                       : act->kind == CMIG_KIND_PREPARED ? "executes"
                                                         : "calls";
    g_autofree char *here = g_strdup_printf("%s %s", verb, act->name != NULL ? act->name : "");
    const GPtrArray *routines =
        cmig_memory_routines(run->judge->memory, (CmigActKind)act->kind, act->name);
    gboolean known = FALSE;
    guint charge = 2 * run->judge->statement + (top_frame(run)->elsewhere ? 1 : 0);
    for (guint idx = 0; routines != NULL && idx < routines->len; idx++) {
        CmigRoutine *routine = routines->pdata[idx];
        gboolean same = g_strcmp0(routine->schema, act->schema) == 0;
        gboolean fits = cmig_act_arguments_fit(routine->parameters, act->to);
        if ((!same && routine->schema != NULL && act->schema != NULL) ||
            (!fits && act->kind == CMIG_KIND_TABLE))
            continue;
        known = known || (same && routine->sure && fits);
        if (routine->charged < charge)
            push(run, routine->acts, routine->first, routine->end, here);
        routine->charged = MAX(routine->charged, charge);
    }
    if (!known)
        say_plainly(run, act, through);
}

/* The next run would look for cmig's own tables in another schema. */
static void rename_schema(Run *run, const CmigAct *act, const char *through)
{
    const char *home = run->judge->home;
    gboolean away = home != NULL && g_strcmp0(act->name, home) == 0;
    if (!away && (home == NULL || g_strcmp0(act->to, home) != 0))
        return;
    g_autofree char *what = g_strdup_printf(
        away ? "moves the version table and the records away, with the schema %s"
             : "puts another schema in the place of %s, where the version table and "
               "the records are",
        home);
    CmigAct said = {.what = what};
    say(run, &said, CMIG_LEVEL_DATA, CMIG_FACT_PRIVILEGE, through);
}

static void judge_act(Run *run, GPtrArray *acts, guint at, const char *through)
{
    const CmigAct *act = acts->pdata[at];
    switch ((CmigActVerb)act->verb) {
    case CMIG_ACT_TOUCH:
        touch(run, act, through);
        break;
    case CMIG_ACT_SAY:
        say_plainly(run, act, through);
        break;
    case CMIG_ACT_CALL:
        call(run, act, through);
        break;
    case CMIG_ACT_ELSEWHERE:
        top_frame(run)->elsewhere = TRUE;
        break;
    case CMIG_ACT_END:
        break;
    default:
        if (act->verb == CMIG_ACT_RENAME && act->kind == CMIG_KIND_SCHEMA)
            rename_schema(run, act, through);
        cmig_memory_apply(run->judge->memory, act, (act->deeds & CMIG_DEED_UNSURE) == 0);
        break;
    }
}

/* --- One statement --- */

static void say_endless(Run *run)
{
    g_autofree char *what = g_strdup("does too much to be judged");
    CmigAct act = {.level = CMIG_LEVEL_WEAKER, .flags = CMIG_FACT_OPAQUE, .what = what};
    say_plainly(run, &act, NULL);
}

static void run_acts(Run *run, GPtrArray *acts)
{
    push(run, acts, 0, acts->len, NULL);
    guint steps = 0;
    while (run->frames->len > 0) {
        Frame *frame = top_frame(run);
        if (frame->at >= frame->end) {
            g_array_set_size(run->frames, run->frames->len - 1);
            continue;
        }
        guint at = frame->at++;
        const CmigAct *act = frame->acts->pdata[at];
        if (++steps > MOST_STEPS) {
            say_endless(run);
            return;
        }
        g_autoptr(GPtrArray) held = g_ptr_array_ref(frame->acts);
        g_autofree char *through = g_strdup(frame->through);
        if (act->verb == CMIG_ACT_DEFINE)
            frame->at = cmig_memory_define(run->judge->memory, held, at) + 1;
        else
            judge_act(run, held, at, through);
    }
}

static void count_alike(const Run *run)
{
    if (run->alike == 0)
        return;
    char *what = g_strdup_printf("%s, and %u more", run->fact->what, run->alike);
    g_free(run->fact->what);
    run->fact->what = what;
}

/* Whoever reads the plan must know that it is this machine, not the statement. */
static CmigFact *judge_unparsed(const Judge *judge, const CmigSqlScript *script, guint index)
{
    CmigFact *fact = cmig_words_fact(script, index);
    const char *problem = cmig_parser_problem(judge->parser);
    if (problem != NULL) {
        g_autofree char *what = fact->what;
        fact->what = g_strdup_printf("%s (the parser did not start: %s)", what, problem);
    }
    return fact;
}

static CmigFact *judge_answer(Judge *judge, const CmigSqlScript *script, guint index,
                              GPtrArray *acts)
{
    g_autoptr(GArray) frames = g_array_new(FALSE, FALSE, sizeof(Frame));
    g_array_set_clear_func(frames, frame_clear);
    Run run = {judge, NULL, frames, 0};
    judge->statement++;
    if (acts == NULL) {
        forget_all(&run);
        return judge_unparsed(judge, script, index);
    }
    run.fact = cmig_fact_new(index);
    run_acts(&run, acts);
    count_alike(&run);
    if (cmig_sql_kind(script, index) == CMIG_SQL_ALONE) {
        run.fact->flags |= CMIG_FACT_ALONE;
        if (run.fact->what == NULL)
            run.fact->what = g_strdup_printf("runs %s", cmig_sql_alone_name(script, index));
    }
    return run.fact;
}

static gboolean says_something(const CmigFact *fact)
{
    return fact->level > 0 || fact->flags != 0 || fact->targets->len > 0;
}

/* --- One section --- */

/* Whether the fact is one more of a row of harmless ones, such as INSERTs into one table. */
static gboolean is_alike(const CmigFact *fact, const CmigFact *last)
{
    if (last == NULL || fact->level > 0 || last->level > 0 || fact->flags != 0 ||
        last->flags != 0 || fact->targets->len != 1 || last->targets->len != 1)
        return FALSE;
    const CmigFactTarget *one = fact->targets->pdata[0];
    const CmigFactTarget *other = last->targets->pdata[0];
    return one->lock == other->lock && one->lock == CMIG_LOCK_ROW_EXCLUSIVE &&
           g_strcmp0(one->schema, other->schema) == 0 && g_strcmp0(one->name, other->name) == 0;
}

static void add_fact(GPtrArray *facts, CmigFact *fact)
{
    const CmigFact *last = facts->len > 0 ? facts->pdata[facts->len - 1] : NULL;
    if (says_something(fact) && !is_alike(fact, last))
        g_ptr_array_add(facts, fact);
    else
        cmig_fact_free(fact);
}

/* What a plain INSERT does besides adding rows is what the plan's triggers do. */
static CmigFact *judge_triggers(Judge *judge, const CmigSqlScript *script, guint index,
                                const CmigFactTarget *table)
{
    if (cmig_memory_routines(judge->memory, CMIG_KIND_TABLE, table->name) == NULL)
        return NULL;
    g_autoptr(GPtrArray) acts = g_ptr_array_new_with_free_func(cmig_act_free);
    CmigAct *call = cmig_act_new(CMIG_ACT_CALL, CMIG_KIND_TABLE, table->schema, table->name);
    call->to = g_strdup(CMIG_ACT_ADDS);
    g_ptr_array_add(acts, call);
    return judge_answer(judge, script, index, acts);
}

static void add_insert(Judge *judge, const CmigSqlScript *script, guint index,
                       const CmigPlainInsert *insert, CmigPlainInsert *previous, GPtrArray *facts)
{
    CmigFact *fact = cmig_words_insert_fact(script, index, insert, previous);
    if (fact == NULL)
        return;
    const CmigFactTarget *target = fact->targets->pdata[0];
    CmigFact *more = judge_triggers(judge, script, index, target);
    CmigAct act = {.kind = CMIG_KIND_TABLE, .schema = target->schema, .name = target->name};
    if (more != NULL && says_something(more))
        add_fact(facts, g_steal_pointer(&more));
    else if (!cmig_memory_owns(judge->memory, &act))
        add_fact(facts, g_steal_pointer(&fact));
    cmig_fact_free(more);
    cmig_fact_free(fact);
}

/* Judges statements from `first` on, as many as go to the parser together; returns the index behind
 * them. */
static guint judge_some(Judge *judge, const CmigSqlScript *script, guint first, GPtrArray *facts)
{
    g_autoptr(GArray) inserts = g_array_new(FALSE, TRUE, sizeof(CmigPlainInsert));
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) answers = g_ptr_array_new();
    gsize size = 0;
    guint behind = first;
    for (; behind < script->statements->len && texts->len < MOST_TEXTS && size < MOST_BYTES;
         behind++) {
        CmigPlainInsert insert = {0};
        if (!cmig_words_plain_insert(script, behind, &insert)) {
            char *text = cmig_sql_statement_text(script, behind);
            size += strlen(text);
            g_ptr_array_add(texts, text);
        }
        g_array_append_val(inserts, insert);
    }
    cmig_parser_ask(judge->parser, texts, answers);
    CmigPlainInsert previous = {0};
    guint asked = 0;
    for (guint idx = first; idx < behind; idx++) {
        const CmigPlainInsert *insert = &g_array_index(inserts, CmigPlainInsert, idx - first);
        if (insert->end != 0) {
            add_insert(judge, script, idx, insert, &previous, facts);
            continue;
        }
        GPtrArray *acts = answers->pdata[asked++];
        add_fact(facts, judge_answer(judge, script, idx, acts));
        g_clear_pointer(&acts, g_ptr_array_unref);
        previous.end = 0;
    }
    return behind;
}

static GPtrArray *judge_section(CmigJudge *base, const CmigSqlScript *script)
{
    Judge *judge = (Judge *)base;
    GPtrArray *facts = g_ptr_array_new_with_free_func((GDestroyNotify)cmig_fact_free);
    cmig_parser_begin_section(judge->parser);
    for (guint at = 0; at < script->statements->len;)
        at = judge_some(judge, script, at, facts);
    cmig_memory_end_section(judge->memory);
    return facts;
}

static void free_judge(CmigJudge *base)
{
    Judge *judge = (Judge *)base;
    cmig_parser_free(judge->parser);
    cmig_memory_free(judge->memory);
    g_free(judge->home);
    g_free(judge);
}

CmigJudge *cmig_judge_new_postgresql(const char *home)
{
    Judge *judge = g_new0(Judge, 1);
    judge->judge.facts = judge_section;
    judge->judge.free = free_judge;
    judge->parser = cmig_parser_new();
    judge->memory = cmig_memory_new();
    judge->home = g_strdup(home);
    return &judge->judge;
}
