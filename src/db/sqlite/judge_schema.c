/* What CREATE, ALTER and DROP do. They are run in the copy of the schema, so that what follows in
 * the plan is judged by what will be there. */
#include "db/sqlite/judge.h"

#include <string.h>

/* A table or view that goes, and perhaps comes again. */
typedef struct {
    CmigFact *fact;        /* borrowed from the section's */
    GPtrArray *dependents; /* CmigPart: what went with it */
} Rebuild;

static void rebuild_free(gpointer data)
{
    Rebuild *rebuild = data;
    g_ptr_array_unref(rebuild->dependents);
    g_free(rebuild);
}

GPtrArray *cmig_rebuilds_new(void)
{
    return g_ptr_array_new_with_free_func(rebuild_free);
}

void cmig_judge_end_rebuilds(CmigSqliteJudge *self)
{
    for (guint idx = 0; idx < self->rebuilds->len; idx++) {
        const Rebuild *rebuild = self->rebuilds->pdata[idx];
        for (guint at = 0; at < rebuild->dependents->len; at++) {
            const CmigPart *dependent = rebuild->dependents->pdata[at];
            gboolean trigger = strcmp(dependent->type, "trigger") == 0;
            if (cmig_scratch_type(self->scratch, dependent->name, trigger) == NULL)
                cmig_fact_say(rebuild->fact, CMIG_LEVEL_WEAKER, 0, NULL, "drops the %s %s for good",
                              trigger ? "trigger" : "unique index", dependent->name);
        }
    }
    g_ptr_array_set_size(self->rebuilds, 0);
}

static void add_rebuild(CmigSqliteJudge *self, GPtrArray *dependents, CmigFact *fact)
{
    if (dependents->len == 0)
        return;
    Rebuild *rebuild = g_new0(Rebuild, 1);
    rebuild->fact = fact;
    rebuild->dependents = g_ptr_array_ref(dependents);
    g_ptr_array_add(self->rebuilds, rebuild);
}

/* --- CREATE --- */

/* What is there already stays what it is, with IF NOT EXISTS. */
static CmigJudged judge_create(CmigSqliteJudge *self, CmigReader reader,
                               CmigJudgeStatement *statement)
{
    gboolean careful = cmig_words_have(reader, "exists");
    guint before = careful ? cmig_scratch_version(self->scratch) : 0;
    gboolean done = cmig_scratch_run(self->scratch, statement);
    gboolean changed = !careful || cmig_scratch_version(self->scratch) != before;
    for (guint idx = 0; idx < self->scratch->actions->len; idx++) {
        const CmigAction *action = self->scratch->actions->pdata[idx];
        if (!cmig_action_creates(action) || (done && !changed))
            continue;
        if (!done)
            g_hash_table_add(self->scratch->missing, cmig_fold(action->first));
        else if (!cmig_scratch_is_missing(self->scratch, action->first))
            cmig_judge_plan_create(&self->plan, action->first,
                                   action->code == SQLITE_CREATE_TRIGGER);
        if (action->code == SQLITE_CREATE_TABLE)
            cmig_scratch_note_conflicts(self->scratch, action->first, reader);
    }
    return done ? CMIG_JUDGED : CMIG_JUDGED_NOT;
}

/* --- DROP --- */

static char *join_names(const GPtrArray *names)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint idx = 0; idx < names->len; idx++)
        g_string_append_printf(text, "%s%s", idx > 0 ? ", " : "", (char *)names->pdata[idx]);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A table whose rows are in another one. */
static void say_rebuilt(CmigSqliteJudge *self, const char *table, const CmigCopy *copy,
                        GPtrArray *dependents, CmigFact *fact)
{
    g_autofree char *lacking = join_names(copy->lacking);
    g_autofree char *converted = join_names(copy->converted);
    CmigFactTarget *target = cmig_fact_target_new(NULL, table, "table");
    target->rewrites = TRUE;
    target->loses = copy->partial || copy->lacking->len > 0;
    if (copy->partial)
        cmig_fact_say(fact, CMIG_LEVEL_DATA, 0, target,
                      "drops the table %s, of which not all rows were copied", table);
    else if (copy->lacking->len > 0)
        cmig_fact_say(fact, CMIG_LEVEL_DATA, 0, target, "drops the column%s %s of %s",
                      copy->lacking->len > 1 ? "s" : "", lacking, table);
    else
        cmig_fact_say(fact, CMIG_LEVEL_DEFINITION, 0, target, "rebuilds the table %s", table);
    if (copy->lacking->len == 1)
        target->part = g_strdup(copy->lacking->pdata[0]);
    if (copy->converted->len > 0)
        cmig_fact_say(fact, CMIG_LEVEL_WEAKER, 0, NULL, "converts the column%s %s of %s",
                      copy->converted->len > 1 ? "s" : "", converted, table);
    add_rebuild(self, dependents, fact);
}

static void say_dropped_table(CmigSqliteJudge *self, const char *name, GPtrArray *dependents,
                              CmigFact *fact)
{
    gboolean new = cmig_judge_plan_is_new(&self->plan, name, FALSE);
    g_autofree char *table = g_strdup(cmig_judge_plan_origin(&self->plan, name));
    g_autoptr(CmigCopy) copy = cmig_judge_plan_drop(&self->plan, name, FALSE);
    if (new)
        return;
    if (copy != NULL) {
        say_rebuilt(self, table, copy, dependents, fact);
        return;
    }
    CmigFactTarget *target = cmig_fact_target_new(NULL, table, "table");
    target->loses = TRUE;
    cmig_fact_say(fact, CMIG_LEVEL_DATA, 0, target, "drops the table %s", table);
}

/* Everything but tables. */
static const struct {
    int code;
    const char *kind;
    CmigLevel level;
} definitions[] = {
    {SQLITE_DROP_INDEX, "index", CMIG_LEVEL_DEFINITION},
    {SQLITE_DROP_VIEW, "view", CMIG_LEVEL_DEFINITION},
    {SQLITE_DROP_TRIGGER, "trigger", CMIG_LEVEL_WEAKER},
};

static void say_dropped_definition(CmigSqliteJudge *self, const CmigAction *action, const char *sql,
                                   GPtrArray *dependents, CmigFact *fact)
{
    const char *text = sql != NULL ? sql : "";
    CmigReader reader = cmig_reader_new(text, 0, strlen(text), CMIG_DIALECT_SQLITE);
    gboolean unique = cmig_reader_skip(&reader, "create") && cmig_reader_is(&reader, "unique");
    for (gsize idx = 0; idx < G_N_ELEMENTS(definitions); idx++) {
        if (definitions[idx].code != action->code)
            continue;
        gboolean trigger = action->code == SQLITE_DROP_TRIGGER;
        gboolean new = cmig_judge_plan_is_new(&self->plan, action->first, trigger);
        cmig_judge_plan_drop(&self->plan, action->first, trigger);
        if (new)
            return;
        cmig_fact_say(fact, unique ? CMIG_LEVEL_WEAKER : definitions[idx].level, 0,
                      cmig_fact_target_new(NULL, action->first, definitions[idx].kind),
                      "drops the %s%s %s", unique ? "unique " : "", definitions[idx].kind,
                      action->first);
        add_rebuild(self, dependents, fact);
    }
}

/* With foreign keys on, the rows of a table that goes take others along. */
static void say_deleted_children(CmigSqliteJudge *self, const CmigAction *dropped,
                                 const CmigAction *action, CmigFact *fact)
{
    if (action->code != SQLITE_DELETE || cmig_scratch_is_internal(action->first) ||
        g_ascii_strcasecmp(action->first, dropped->first) == 0 ||
        cmig_judge_plan_is_new(&self->plan, action->first, FALSE))
        return;
    cmig_fact_say(fact, CMIG_LEVEL_DATA, CMIG_FACT_CASCADE,
                  cmig_judge_target(self, action->first, "table", TRUE), "deletes rows of %s",
                  cmig_judge_plan_origin(&self->plan, action->first));
}

static gboolean drops(const CmigAction *action)
{
    return action->code == SQLITE_DROP_TABLE || action->code == SQLITE_DROP_VTABLE ||
           action->code == SQLITE_DROP_INDEX || action->code == SQLITE_DROP_VIEW ||
           action->code == SQLITE_DROP_TRIGGER;
}

static CmigJudged judge_drop(CmigSqliteJudge *self, CmigReader reader, CmigFact *fact,
                             CmigJudgeStatement *statement)
{
    GPtrArray *actions = self->scratch->actions;
    const CmigAction *dropped = NULL;
    (void)reader;
    for (guint idx = 0; idx < actions->len && dropped == NULL; idx++)
        if (drops(actions->pdata[idx]))
            dropped = actions->pdata[idx];
    gboolean table = dropped != NULL &&
                     (dropped->code == SQLITE_DROP_TABLE || dropped->code == SQLITE_DROP_VTABLE);
    g_autofree char *sql = NULL;
    g_autoptr(GPtrArray) dependents = NULL;
    if (dropped != NULL)
        dependents = cmig_scratch_dependents(self->scratch, dropped->first);
    if (dropped != NULL && !table)
        sql = cmig_scratch_sql(self->scratch, dropped->first, dropped->code == SQLITE_DROP_TRIGGER);
    if (!cmig_scratch_run(self->scratch, statement))
        return CMIG_JUDGED_NOT;
    if (dropped == NULL)
        return CMIG_JUDGED; /* there is none, or it is temporary */
    if (table)
        say_dropped_table(self, dropped->first, dependents, fact);
    else
        say_dropped_definition(self, dropped, sql, dependents, fact);
    for (guint idx = 0; table && idx < actions->len; idx++)
        say_deleted_children(self, dropped, actions->pdata[idx], fact);
    return CMIG_JUDGED;
}

/* --- ALTER --- */

/* ALTER TABLE has one form for each of these, told by the words behind the table's name. */
typedef struct {
    char *table; /* owned by the action */
    char *column;
    char *to;
} Change;

static void say_renamed(CmigSqliteJudge *self, const Change *change, CmigFact *fact)
{
    gboolean new = cmig_judge_plan_is_new(&self->plan, change->table, FALSE);
    const char *table = cmig_judge_plan_origin(&self->plan, change->table);
    gboolean back = g_ascii_strcasecmp(table, change->to) == 0; /* the end of a rebuild */
    gboolean records = g_ascii_strcasecmp(table, CMIG_FACT_RECORDS) == 0;
    if (!new && !back)
        cmig_fact_say(fact, records ? CMIG_LEVEL_DATA : CMIG_LEVEL_DEFINITION, 0,
                      cmig_judge_target(self, change->table, "table", FALSE),
                      "renames the table %s to %s", table, change->to);
    if (cmig_scratch_resolves_conflicts(self->scratch, change->table))
        g_hash_table_add(self->scratch->resolving, cmig_fold(change->to));
    cmig_judge_plan_rename(&self->plan, change->table, change->to);
}

static void say_column(CmigSqliteJudge *self, const Change *change, gboolean lost, CmigLevel level,
                       CmigFact *fact)
{
    gboolean owned = cmig_judge_plan_owns(&self->plan, change->table, change->column);
    cmig_judge_plan_touch(&self->plan, change->table, NULL);
    cmig_judge_plan_rename_column(&self->plan, change->table, change->column,
                                  lost ? NULL : change->to);
    if (owned || cmig_judge_plan_is_new(&self->plan, change->table, FALSE))
        return;
    const char *table = cmig_judge_plan_origin(&self->plan, change->table);
    CmigFactTarget *target = cmig_judge_target(self, change->table, "table", lost);
    target->part = g_strdup(change->column);
    target->rewrites = lost;
    if (lost)
        cmig_fact_say(fact, level, 0, target, "drops the column %s of %s", change->column, table);
    else
        cmig_fact_say(fact, level, 0, target, "renames the column %s of %s to %s", change->column,
                      table, change->to);
}

/* To the word behind the table's name. */
static void skip_table(CmigReader *reader)
{
    cmig_reader_skip(reader, "alter");
    cmig_reader_skip(reader, "table");
    cmig_reader_next(reader);
    if (!cmig_reader_is_symbol(reader, '.'))
        return;
    cmig_reader_next(reader);
    cmig_reader_next(reader);
}

static gboolean is_computed(const GPtrArray *columns, const char *column)
{
    const CmigPart *part = column != NULL ? cmig_part_find(columns, column) : NULL;
    return part != NULL && part->generated;
}

/* What ADD COLUMN is called is what was not there before. */
static void note_added(CmigSqliteJudge *self, const char *table, const GPtrArray *before)
{
    g_autoptr(GPtrArray) after = cmig_scratch_columns(self->scratch, table);
    for (guint idx = 0; idx < after->len; idx++) {
        const CmigPart *part = after->pdata[idx];
        if (cmig_part_find(before, part->name) == NULL)
            cmig_judge_plan_add_column(&self->plan, table, part->name);
    }
}

static CmigJudged judge_alter(CmigSqliteJudge *self, CmigReader reader, CmigFact *fact,
                              CmigJudgeStatement *statement)
{
    const CmigAction *action = NULL;
    for (guint idx = 0; idx < self->scratch->actions->len && action == NULL; idx++) {
        const CmigAction *candidate = self->scratch->actions->pdata[idx];
        action = candidate->code == SQLITE_ALTER_TABLE ? candidate : NULL;
    }
    if (action == NULL)
        return CMIG_JUDGED_NOT;
    g_autoptr(GPtrArray) before = cmig_scratch_columns(self->scratch, action->second);
    gboolean computed = is_computed(before, action->third);
    if (!cmig_scratch_run(self->scratch, statement))
        return CMIG_JUDGED_NOT;
    if (g_strcmp0(action->first, "temp") == 0)
        return CMIG_JUDGED;
    g_autofree char *column = g_strdup(action->third);
    g_autofree char *to = NULL;
    skip_table(&reader);
    gboolean renames = cmig_reader_skip(&reader, "rename");
    gboolean whole = renames && cmig_reader_skip(&reader, "to");
    if (renames && !whole) {
        cmig_reader_skip(&reader, "column");
        column = cmig_reader_take_name(&reader);
        cmig_reader_next(&reader); /* TO */
    }
    if (renames)
        to = cmig_reader_take_name(&reader);
    const Change change = {action->second, column, to};
    if (whole)
        say_renamed(self, &change, fact);
    else if (renames)
        say_column(self, &change, FALSE, CMIG_LEVEL_DEFINITION, fact);
    else if (column != NULL)
        say_column(self, &change, TRUE, computed ? CMIG_LEVEL_DEFINITION : CMIG_LEVEL_DATA, fact);
    else
        note_added(self, action->second, before);
    return CMIG_JUDGED;
}

/* What such a trigger writes the next run believes. */
static void say_triggers_of_records(const CmigSqliteJudge *self, CmigFact *fact)
{
    for (guint idx = 0; idx < self->scratch->actions->len; idx++) {
        const CmigAction *action = self->scratch->actions->pdata[idx];
        gboolean trigger =
            action->code == SQLITE_CREATE_TRIGGER || action->code == SQLITE_CREATE_TEMP_TRIGGER;
        if (trigger && action->second != NULL &&
            g_ascii_strcasecmp(action->second, CMIG_FACT_RECORDS) == 0)
            cmig_fact_say(fact, CMIG_LEVEL_DATA, CMIG_FACT_PRIVILEGE, NULL,
                          "adds the trigger %s to %s", action->first, action->second);
    }
}

CmigJudged cmig_judge_schema(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                             CmigFact *fact)
{
    const CmigSqlStatement *bounds = cmig_sql_statement(script, index);
    CmigReader reader = cmig_reader_of(script, index);
    cmig_judge_forget_shapes(self);
    g_autoptr(CmigJudgeStatement) statement = cmig_scratch_prepare(
        self->scratch, script->text + bounds->start, bounds->end - bounds->start, FALSE);
    if (statement == NULL)
        return CMIG_JUDGED_NOT;
    cmig_judge_functions(self, fact);
    say_triggers_of_records(self, fact);
    if (cmig_reader_is(&reader, "create"))
        return judge_create(self, reader, statement);
    if (cmig_reader_is(&reader, "drop"))
        return judge_drop(self, reader, fact, statement);
    if (cmig_reader_is(&reader, "alter"))
        return judge_alter(self, reader, fact, statement);
    return cmig_scratch_run(self->scratch, statement) ? CMIG_JUDGED : CMIG_JUDGED_NOT;
}
