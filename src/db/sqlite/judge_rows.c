/* What INSERT, UPDATE and DELETE do, and the triggers behind them. SQLite says which tables, the
 * words say which rows. */
#include "db/sqlite/judge.h"

#include <string.h>

enum { MOST_SHAPES = 1000 };

typedef struct {
    CmigSqliteJudge *judge;
    CmigFact *fact;
    CmigReader reader; /* at the statement's beginning */
    gboolean inserts;  /* it is an INSERT: an UPDATE is that of ON CONFLICT */
    gboolean replaces; /* … OR REPLACE */
    gboolean filters;  /* for some rows only */
    gboolean rewrites; /* it INSERTs rows of the table itself, so that it meets each of them */
    gboolean clears;   /* it, or one of its triggers, empties a table at once */
} Rows;

static gboolean is_schema_table(const char *name)
{
    static const char *const names[] = {"sqlite_master", "sqlite_schema", "sqlite_temp_master",
                                        "sqlite_temp_schema", NULL};
    g_autofree char *folded = cmig_fold(name);
    return g_strv_contains(names, folded);
}

/* --- Triggers --- */

/* Goes to the next DELETE or UPDATE of a trigger's body; that of ON CONFLICT is none. */
static gboolean find_change(CmigReader *reader)
{
    gboolean upsert = FALSE;
    for (; reader->token.kind != CMIG_TOKEN_END; cmig_reader_next(reader)) {
        if (!upsert && (cmig_reader_is(reader, "delete") || cmig_reader_is(reader, "update")))
            return TRUE;
        upsert = cmig_reader_is(reader, "do");
    }
    return FALSE;
}

/* The body of a trigger, from its first BEGIN; FALSE when it cannot be found. */
static gboolean find_body(const char *sql, CmigReader *reader)
{
    if (sql == NULL)
        return FALSE;
    *reader = cmig_reader_new(sql, 0, strlen(sql), CMIG_DIALECT_SQLITE);
    while (reader->token.kind != CMIG_TOKEN_END && !cmig_reader_is(reader, "begin"))
        cmig_reader_next(reader);
    return reader->token.kind != CMIG_TOKEN_END;
}

static gboolean changes_all_rows(CmigReader body)
{
    while (find_change(&body))
        if (!cmig_words_filter(&body))
            return TRUE;
    return FALSE;
}

/* What a trigger does for each of all rows it does to all rows. */
static gboolean trigger_is_unbounded(const Rows *rows, const char *trigger)
{
    g_autofree char *sql = cmig_scratch_sql(rows->judge->scratch, trigger, TRUE);
    CmigReader body;
    if ((!rows->inserts && !rows->filters) || rows->clears || !find_body(sql, &body))
        return TRUE;
    return changes_all_rows(body);
}

static gboolean trigger_replaces(const Rows *rows, const char *trigger)
{
    g_autofree char *sql = cmig_scratch_sql(rows->judge->scratch, trigger, TRUE);
    CmigReader body;
    return !find_body(sql, &body) || cmig_words_have(body, "replace");
}

/* --- Tables --- */

static void say_rows(const Rows *rows, const CmigAction *action, CmigLevel level, guint flags,
                     const char *verb)
{
    const char *table = cmig_judge_plan_origin(&rows->judge->plan, action->first);
    CmigFactTarget *target = cmig_judge_target(rows->judge, action->first, "table", TRUE);
    if (action->trigger != NULL)
        cmig_fact_say(rows->fact, level, flags, target, "%s of %s by the trigger %s", verb, table,
                      action->trigger);
    else
        cmig_fact_say(rows->fact, level, flags, target, "%s of %s", verb, table);
}

/* FTS tables take commands as rows of a column that has the table's name. */
static gboolean is_command(const Rows *rows, const char *table)
{
    guint count = 0;
    CmigReader reader = rows->reader;
    g_autofree char *wanted = cmig_fold(table);
    const char *type = NULL;
    for (; count < 2 && reader.token.kind != CMIG_TOKEN_END && !cmig_reader_is(&reader, "values") &&
           !cmig_reader_is(&reader, "select");
         cmig_reader_next(&reader)) {
        g_autofree char *name = cmig_reader_name(&reader);
        g_autofree char *folded = name != NULL ? cmig_fold(name) : NULL;
        count += g_strcmp0(folded, wanted) == 0;
    }
    if (count == 2)
        type = cmig_scratch_type(rows->judge->scratch, table, FALSE);
    return g_strcmp0(type, "virtual") == 0;
}

static void judge_insert(const Rows *rows, const CmigAction *action)
{
    const char *table = action->first;
    gboolean replaces =
        action->trigger != NULL ? trigger_replaces(rows, action->trigger) : rows->replaces;
    if (replaces && rows->rewrites)
        say_rows(rows, action, CMIG_LEVEL_DATA, 0, "replaces all rows");
    else if (replaces || cmig_scratch_resolves_conflicts(rows->judge->scratch, table))
        say_rows(rows, action, CMIG_LEVEL_WEAKER, 0, "replaces rows");
    else if (is_command(rows, table))
        say_rows(rows, action, CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, "gives a command to the index");
}

static void judge_change(const Rows *rows, const CmigAction *action)
{
    gboolean deletes = action->code == SQLITE_DELETE;
    gboolean all;
    if (action->trigger != NULL)
        all = trigger_is_unbounded(rows, action->trigger);
    else
        all = rows->inserts ? rows->rewrites : !rows->filters;
    if (deletes)
        say_rows(rows, action, all ? CMIG_LEVEL_DATA : CMIG_LEVEL_WEAKER, 0,
                 all ? "deletes all rows" : "deletes rows");
    else
        say_rows(rows, action, all ? CMIG_LEVEL_DATA : CMIG_LEVEL_WEAKER, 0,
                 all ? "changes all rows" : "changes rows");
}

/* Tables of SQLite's own. TRUE when it is one. */
static gboolean judge_internal(const Rows *rows, const CmigAction *action)
{
    if (is_schema_table(action->first)) {
        cmig_fact_say(rows->fact, CMIG_LEVEL_UNBOUNDED, CMIG_FACT_PRIVILEGE,
                      cmig_judge_target(rows->judge, "main", "database", TRUE),
                      "writes to the table of the schema itself");
        return TRUE;
    }
    if (!cmig_scratch_is_internal(action->first))
        return FALSE;
    if (g_ascii_strcasecmp(action->first, "sqlite_sequence") == 0 && action->code != SQLITE_INSERT)
        cmig_fact_say(rows->fact, CMIG_LEVEL_WEAKER, 0, NULL, "sets counters of AUTOINCREMENT");
    return TRUE;
}

/* Values of a column that is the plan's, but for what OR REPLACE takes away. */
static gboolean sets_own_column(const Rows *rows, const CmigAction *action)
{
    if (action->code != SQLITE_UPDATE || action->second == NULL ||
        !cmig_judge_plan_owns(&rows->judge->plan, action->first, action->second))
        return FALSE;
    return action->trigger != NULL ? !trigger_replaces(rows, action->trigger) : !rows->replaces;
}

static gboolean is_write(const CmigAction *action)
{
    return action->code == SQLITE_INSERT || action->code == SQLITE_UPDATE ||
           action->code == SQLITE_DELETE;
}

static void judge_action(const Rows *rows, const CmigAction *action)
{
    if (!is_write(action) || judge_internal(rows, action) || g_strcmp0(action->third, "temp") == 0)
        return;
    CmigSqliteJudge *self = rows->judge;
    if (cmig_scratch_is_missing(self->scratch, action->first)) {
        say_rows(rows, action, CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE, "changes something");
        return;
    }
    if (g_ascii_strcasecmp(action->first, CMIG_FACT_RECORDS) == 0) {
        say_rows(rows, action, CMIG_LEVEL_DATA, CMIG_FACT_PRIVILEGE, "writes the records");
        return;
    }
    if (cmig_judge_plan_is_new(&self->plan, action->first, FALSE) ||
        sets_own_column(rows, action) || cmig_scratch_is_view(self->scratch, action->first))
        return;
    if (action->code == SQLITE_INSERT)
        judge_insert(rows, action);
    else
        judge_change(rows, action);
}

/* What was copied before is no copy any more. */
static void touch_copies(const Rows *rows)
{
    GPtrArray *actions = rows->judge->scratch->actions;
    for (guint idx = 0; idx < actions->len; idx++) {
        const CmigAction *action = actions->pdata[idx];
        gboolean adds = action->code == SQLITE_INSERT && !rows->replaces;
        const char *column = adds ? "" : action->code == SQLITE_UPDATE ? action->second : NULL;
        if (is_write(action))
            cmig_judge_plan_touch(&rows->judge->plan, action->first, column);
    }
}

/* --- Copies --- */

/* Whether the INSERT is about these tables, not about temporary ones of their names, and no trigger
 * comes between. SQLite does not always ask before it reads all of a table. */
static gboolean copies_directly(const Rows *rows, const CmigCopyText *text)
{
    GPtrArray *actions = rows->judge->scratch->actions;
    for (guint idx = 0; idx < actions->len; idx++)
        if (((const CmigAction *)actions->pdata[idx])->trigger != NULL)
            return FALSE;
    return !cmig_scratch_is_hidden(rows->judge->scratch, text->from) &&
           !cmig_scratch_is_hidden(rows->judge->scratch, text->to);
}

/* INSERT … SELECT that fills a new table with the rows of another. */
static void note_copy(const Rows *rows, CmigJudgeStatement *explained)
{
    static const char *const aggregates[] = {"Agg", NULL};
    CmigSqliteJudge *self = rows->judge;
    g_autoptr(CmigCopyText) text = cmig_words_copy(rows->reader);
    if (text == NULL || !cmig_judge_plan_is_new(&self->plan, text->to, FALSE) ||
        !copies_directly(rows, text))
        return; /* or it only looks like one */
    CmigCopy *copy = cmig_copy_of(text, self->scratch);
    copy->partial = copy->partial || cmig_scratch_has_code(explained, aggregates);
    cmig_judge_plan_add_copy(&self->plan, copy);
    cmig_judge_forget_shapes(self);
}

/* --- Statements --- */

/* The table of the statement itself, which SQLite asks for first. NULL for a SELECT. */
static const char *own_table(const CmigScratch *scratch)
{
    for (guint idx = 0; idx < scratch->actions->len; idx++) {
        const CmigAction *action = scratch->actions->pdata[idx];
        if (is_write(action) && action->trigger == NULL)
            return action->first;
    }
    return NULL;
}

/* A condition that reads nothing of the table is the same for all rows, whatever its words. */
static gboolean reads(const CmigScratch *scratch, const char *table)
{
    for (guint idx = 0; idx < scratch->actions->len; idx++) {
        const CmigAction *action = scratch->actions->pdata[idx];
        if (action->code == SQLITE_READ && g_strcmp0(action->first, table) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean has_action(const CmigScratch *scratch, int code)
{
    for (guint idx = 0; idx < scratch->actions->len; idx++) {
        const CmigAction *action = scratch->actions->pdata[idx];
        if (action->code == code && (code != SQLITE_INSERT || action->trigger == NULL))
            return TRUE;
    }
    return FALSE;
}

static CmigJudgeStatement *prepare(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                                   gboolean shaped)
{
    const CmigSqlStatement *bounds = cmig_sql_statement(script, index);
    CmigJudgeStatement *statement = NULL;
    if (shaped)
        statement = cmig_scratch_prepare(self->scratch, self->shape->str, self->shape->len, TRUE);
    if (statement == NULL)
        statement = cmig_scratch_prepare(self->scratch, script->text + bounds->start,
                                         bounds->end - bounds->start, TRUE);
    return statement;
}

CmigJudged cmig_judge_rows(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                           CmigFact *fact)
{
    static const char *const clearing[] = {"Clear", NULL};
    Rows rows = {.judge = self, .fact = fact, .reader = cmig_reader_of(script, index)};
    gboolean shaped = cmig_words_shape(rows.reader, self->shape);
    if (shaped && g_hash_table_contains(self->shapes, self->shape->str))
        return CMIG_JUDGED_BEFORE;
    if (shaped && g_hash_table_size(self->shapes) < MOST_SHAPES)
        g_hash_table_add(self->shapes, g_strdup(self->shape->str));
    g_autoptr(CmigJudgeStatement) explained = prepare(self, script, index, shaped);
    if (explained == NULL)
        return CMIG_JUDGED_NOT;
    CmigReader reader = rows.reader;
    const char *table = own_table(self->scratch);
    rows.filters = cmig_words_filter(&reader) && reads(self->scratch, table);
    rows.replaces = cmig_words_have(rows.reader, "replace");
    rows.inserts = has_action(self->scratch, SQLITE_INSERT);
    rows.rewrites = rows.inserts && !rows.filters && cmig_words_take_from(rows.reader, table);
    rows.clears =
        has_action(self->scratch, SQLITE_DELETE) && cmig_scratch_has_code(explained, clearing);
    cmig_judge_functions(self, fact);
    touch_copies(&rows);
    g_autoptr(GPtrArray) actions = g_ptr_array_ref(self->scratch->actions);
    for (guint idx = 0; idx < actions->len; idx++)
        judge_action(&rows, actions->pdata[idx]);
    if (rows.inserts && !shaped)
        note_copy(&rows, explained);
    return CMIG_JUDGED;
}
