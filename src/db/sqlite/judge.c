/* The judge of what statements would do to an SQLite database: it asks SQLite, in a copy of the
 * schema, and adds what the words say. */
#include "db/sqlite/judge.h"
#include "db/sqlite/sqlite.h"

#include <string.h>

enum { LONGEST_WHAT = 300 };

/* --- Facts --- */

void cmig_fact_say(CmigFact *fact, CmigLevel level, guint flags, CmigFactTarget *target,
                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_strdelimit(text, "\r\n", ' '); /* of names */
    g_autofree char *before = fact->what;
    if (before == NULL)
        fact->what = g_strdup(text);
    else if (strstr(before, text) != NULL)
        fact->what = g_steal_pointer(&before);
    else if (level > fact->level)
        fact->what = g_strdup_printf("%s, %s", text, before);
    else if (strlen(before) < LONGEST_WHAT)
        fact->what = g_strdup_printf("%s, %s", before, text);
    else
        fact->what = g_steal_pointer(&before);
    fact->level = MAX(fact->level, level);
    fact->flags |= flags;
    if (target != NULL)
        g_ptr_array_add(fact->targets, target);
}

CmigFactTarget *cmig_judge_target(const CmigSqliteJudge *self, const char *name, const char *kind,
                                  gboolean loses)
{
    CmigFactTarget *target =
        cmig_fact_target_new(NULL, cmig_judge_plan_origin(&self->plan, name), kind);
    target->loses = loses;
    return target;
}

/* Those of the sqlite3 shell are not here, and not to be had in a run either. */
static const char *const reaching[] = {"load_extension", "writefile", "readfile",
                                       "edit",           "fsdir",     NULL};

static void say_reaching(CmigFact *fact, const char *function)
{
    cmig_fact_say(fact, CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE | CMIG_FACT_OPAQUE, NULL,
                  "calls %s, which reaches out of the database", function);
}

void cmig_judge_functions(const CmigSqliteJudge *self, CmigFact *fact)
{
    for (guint idx = 0; idx < self->scratch->actions->len; idx++) {
        const CmigAction *action = self->scratch->actions->pdata[idx];
        if (action->code == SQLITE_FUNCTION && g_strv_contains(reaching, action->second))
            say_reaching(fact, action->second);
    }
}

/* By the words alone: SQLite does not understand the statement, or it is about what could not be
 * copied. */
static void judge_words(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                        CmigFact *fact)
{
    const char *problem = self->scratch->problem;
    if (problem != NULL && strpbrk(problem, "'\"") != NULL) /* between quotes may be a secret */
        problem = NULL;
    g_autofree char *text = cmig_sql_statement_text(script, index);
    g_autoptr(CmigSqlScript) one = NULL;
    g_autoptr(GPtrArray) facts = NULL;
    if (cmig_sql_scan(text, strlen(text), CMIG_DIALECT_SQLITE, FALSE, "", 1, &one, NULL))
        facts = cmig_judge_facts(self->words, one);
    CmigReader reader = cmig_reader_of(script, index);
    for (; reader.token.kind != CMIG_TOKEN_END; cmig_reader_next(&reader)) {
        if (!cmig_reader_is_one_of(&reader, reaching))
            continue;
        g_autofree char *name = cmig_reader_name(&reader);
        say_reaching(fact, name);
    }
    const CmigFact *said = facts != NULL && facts->len > 0 ? facts->pdata[0] : NULL;
    CmigLevel level = said != NULL ? said->level : CMIG_LEVEL_WEAKER;
    cmig_fact_say(fact, MAX(level, CMIG_LEVEL_WEAKER),
                  CMIG_FACT_OPAQUE | (said != NULL ? said->flags : 0), NULL, "%s%s%s%s",
                  said != NULL && said->flags & CMIG_FACT_OPAQUE ? said->what : "is not understood",
                  problem != NULL ? " (" : "", problem != NULL ? problem : "",
                  problem != NULL ? ")" : "");
}

/* Whether the statement names what could not be copied. */
static gboolean names_missing(const CmigSqliteJudge *self, CmigReader reader)
{
    if (g_hash_table_size(self->scratch->missing) == 0)
        return FALSE;
    for (; reader.token.kind != CMIG_TOKEN_END; cmig_reader_next(&reader)) {
        g_autofree char *name = cmig_reader_name(&reader);
        if (name != NULL && cmig_scratch_is_missing(self->scratch, name))
            return TRUE;
    }
    return FALSE;
}

/* --- Statements --- */

static CmigJudged judge_attach(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                               CmigFact *fact)
{
    CmigReader reader = cmig_reader_of(script, index);
    (void)self;
    cmig_fact_say(fact, CMIG_LEVEL_WEAKER, CMIG_FACT_PRIVILEGE, NULL, "%s",
                  cmig_reader_is(&reader, "attach") ? "opens another database file"
                                                    : "closes another database file");
    return CMIG_JUDGED;
}

static CmigJudged judge_vacuum(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                               CmigFact *fact)
{
    (void)self;
    if (cmig_sql_find_word(script, index, "into") > 0)
        cmig_fact_say(fact, CMIG_LEVEL_WEAKER, CMIG_FACT_ALONE | CMIG_FACT_PRIVILEGE, NULL,
                      "writes a copy of the database into a file");
    else
        cmig_fact_say(fact, CMIG_LEVEL_NONE, CMIG_FACT_ALONE, NULL, "writes the whole file anew");
    return CMIG_JUDGED;
}

/* What is done is rolled back at worst; but then nothing is known of what is there. */
static CmigJudged judge_control(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                                CmigFact *fact)
{
    CmigReader reader = cmig_reader_of(script, index);
    (void)fact;
    cmig_judge_forget_shapes(self);
    if (cmig_reader_is(&reader, "rollback"))
        cmig_judge_plan_distrust(&self->plan);
    return CMIG_JUDGED;
}

typedef CmigJudged (*Judging)(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                              CmigFact *fact);

static const struct {
    const char *word;
    Judging judge;
} verbs[] = {
    {"insert", cmig_judge_rows},   {"update", cmig_judge_rows},    {"delete", cmig_judge_rows},
    {"replace", cmig_judge_rows},  {"select", cmig_judge_rows},    {"with", cmig_judge_rows},
    {"values", cmig_judge_rows},   {"create", cmig_judge_schema},  {"alter", cmig_judge_schema},
    {"drop", cmig_judge_schema},   {"reindex", cmig_judge_schema}, {"analyze", cmig_judge_schema},
    {"pragma", cmig_judge_pragma}, {"explain", cmig_judge_pragma}, {"attach", judge_attach},
    {"detach", judge_attach},      {"vacuum", judge_vacuum},       {"begin", judge_control},
    {"commit", judge_control},     {"end", judge_control},         {"rollback", judge_control},
    {"savepoint", judge_control},  {"release", judge_control},
};

static CmigJudged judge_statement(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                                  CmigFact *fact)
{
    CmigReader reader = cmig_reader_of(script, index);
    for (gsize idx = 0; idx < G_N_ELEMENTS(verbs); idx++)
        if (cmig_reader_is(&reader, verbs[idx].word))
            return verbs[idx].judge(self, script, index, fact);
    return CMIG_JUDGED_NOT;
}

static gboolean has_something_to_say(const CmigFact *fact)
{
    return fact->level > CMIG_LEVEL_NONE || fact->flags != 0;
}

void cmig_judge_forget_shapes(CmigSqliteJudge *self)
{
    g_hash_table_remove_all(self->shapes);
}

static GPtrArray *judge_section(CmigJudge *judge, const CmigSqlScript *script)
{
    CmigSqliteJudge *self = (CmigSqliteJudge *)judge;
    GPtrArray *facts = g_ptr_array_new_with_free_func((GDestroyNotify)cmig_fact_free);
    /* Each section begins with the settings that a run gives it. */
    sqlite3_db_config(self->scratch->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
    cmig_judge_forget_shapes(self);
    for (guint idx = 0; idx < script->statements->len; idx++) {
        g_autoptr(CmigFact) fact = cmig_fact_new(idx);
        g_clear_pointer(&self->scratch->problem, g_free);
        CmigJudged judged = judge_statement(self, script, idx, fact);
        if (judged == CMIG_JUDGED_BEFORE)
            continue;
        if (judged == CMIG_JUDGED_NOT || names_missing(self, cmig_reader_of(script, idx)))
            judge_words(self, script, idx, fact);
        if (has_something_to_say(fact))
            g_ptr_array_add(facts, g_steal_pointer(&fact));
    }
    cmig_judge_end_rebuilds(self);
    return facts;
}

/* --- The judge --- */

static void free_judge(CmigJudge *judge)
{
    CmigSqliteJudge *self = (CmigSqliteJudge *)judge;
    cmig_scratch_free(self->scratch);
    cmig_judge_plan_clear(&self->plan);
    cmig_judge_free(self->words);
    g_hash_table_unref(self->shapes);
    g_string_free(self->shape, TRUE);
    g_ptr_array_unref(self->rebuilds);
    g_free(self);
}

gboolean cmig_sqlite_judge(CmigDb *db, CmigJudge **judge, GError **error)
{
    CmigSqlite *sqlite = (CmigSqlite *)db;
    if (!cmig_sqlite_ensure(sqlite, FALSE, error))
        return FALSE;
    CmigSqliteJudge *self = g_new0(CmigSqliteJudge, 1);
    self->base.facts = judge_section;
    self->base.free = free_judge;
    self->scratch = cmig_scratch_new();
    self->words = cmig_judge_new_words();
    self->shapes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->shape = g_string_new(NULL);
    self->rebuilds = cmig_rebuilds_new();
    cmig_judge_plan_init(&self->plan);
    int code =
        sqlite->handle != NULL ? cmig_scratch_copy(self->scratch, sqlite->handle) : SQLITE_OK;
    if (code == SQLITE_OK) {
        *judge = &self->base;
        return TRUE;
    }
    cmig_sqlite_set_error(sqlite, code, error);
    g_prefix_error(error, "cannot read the schema: ");
    free_judge(&self->base);
    return FALSE;
}
