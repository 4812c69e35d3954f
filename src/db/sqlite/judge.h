/* Between the files of the judge for SQLite: what the words of a statement tell (judge_words.c,
 * judge_shape.c, judge_copy.c), what SQLite tells of it in a copy of the schema (judge_scratch.c),
 * what the plan has done so far (judge_plan.c), and what all that means (judge.c, judge_rows.c,
 * judge_schema.c, judge_pragma.c). */
#ifndef CMIG_DB_SQLITE_JUDGE_H
#define CMIG_DB_SQLITE_JUDGE_H

#include "cmig/facts.h"
#include "cmig/reader.h"

#include <sqlite3.h>

typedef sqlite3_stmt CmigJudgeStatement;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigJudgeStatement, sqlite3_finalize)

/* --- judge_words.c --- */

/* As SQLite compares names. The caller frees. */
char *cmig_fold(const char *name);

/* Whether a DELETE or UPDATE is for some rows only: it has a WHERE of its own that is more than a
 * constant. `reader` is before it, or before its WITH; it is left behind it, at `;` or at the
 * end. */
gboolean cmig_words_filter(CmigReader *reader);

/* Whether the bare word stands outside of parentheses and none opens behind it. */
gboolean cmig_words_have(CmigReader reader, const char *word);

/* Whether the statement's SELECT, not one in parentheses, takes rows from the table. */
gboolean cmig_words_take_from(CmigReader reader, const char *table);

/* --- judge_shape.c --- */

/* The statement with NULL for its values and one tuple for alike ones: what can be said of it
 * holds for all of that shape. FALSE when it has none: it is no plain INSERT, UPDATE or DELETE, or
 * a long one. */
gboolean cmig_words_shape(CmigReader reader, GString *shape);

/* --- judge_copy.c --- */

/* INSERT INTO `to` (`columns`) SELECT `items` FROM `from`. */
typedef struct {
    char *to;
    char *from;
    GPtrArray *columns; /* folded names; empty = all of `to` */
    GPtrArray *items; /* folded names of columns that are copied as they are, "*", "" for others */
    gboolean partial; /* not all rows, or not surely */
} CmigCopyText;
void cmig_copy_text_free(CmigCopyText *copy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigCopyText, cmig_copy_text_free)

/* NULL when the statement is not of this form. */
CmigCopyText *cmig_words_copy(CmigReader reader);

/* --- judge_scratch.c --- */

/* What the authorizer was asked; NULL where there is nothing. */
typedef struct {
    int code;
    char *first;
    char *second;
    char *third;   /* the database, mostly */
    char *trigger; /* whose statement it is, or the view's */
} CmigAction;
/* Whether it is about the making of an object. */
gboolean cmig_action_creates(const CmigAction *action);

/* A database in memory with the target's schema and no rows. */
typedef struct {
    sqlite3 *handle;
    GHashTable *missing;   /* folded names of what could not be copied, and of its tables */
    GHashTable *resolving; /* folded names of tables that resolve conflicts themselves */
    GPtrArray *actions;    /* CmigAction, of the statement that was prepared last; no two alike */
    gboolean recording;
    char *problem;   /* what SQLite said against a statement that was prepared last, or NULL */
    guint patience;  /* how often the progress handler still lets a statement go on */
    gint64 deadline; /* and until when */
} CmigScratch;
CmigScratch *cmig_scratch_new(void);
void cmig_scratch_free(CmigScratch *scratch);

/* Copies the schema of `source`. An SQLite result code. */
int cmig_scratch_copy(CmigScratch *scratch, sqlite3 *source);

/* Prepares one statement and notes its actions; NULL when it cannot be, or is more than one. With
 * `explain` it cannot do anything. */
CmigJudgeStatement *cmig_scratch_prepare(CmigScratch *scratch, const char *text, gsize size,
                                         gboolean explain);
/* Runs it to its end, for a limited time. */
gboolean cmig_scratch_run(CmigScratch *scratch, CmigJudgeStatement *statement);

/* Whether the program of an explained statement has one of an instruction of these beginnings. It
 * can be asked once. */
gboolean cmig_scratch_has_code(CmigJudgeStatement *explained, const char *const *prefixes);

gboolean cmig_scratch_is_missing(const CmigScratch *scratch, const char *name);

/* From now on the triggers of rows that are replaced act, too. */
void cmig_scratch_trigger_replaced(CmigScratch *scratch);

/* Whether a table of that name is SQLite's own. */
gboolean cmig_scratch_is_internal(const char *name);

/* The type of an object of the schema ("table", "virtual", "view", "index", "trigger"), NULL when
 * there is none; static text. */
const char *cmig_scratch_type(CmigScratch *scratch, const char *name, gboolean trigger);

/* The statement that made an object; NULL when there is none. The caller frees. */
char *cmig_scratch_sql(CmigScratch *scratch, const char *name, gboolean trigger);

/* Whether a temporary object has that name, too. */
gboolean cmig_scratch_is_hidden(CmigScratch *scratch, const char *name);

gboolean cmig_scratch_is_view(CmigScratch *scratch, const char *name);

/* A number that changes with the schema. */
guint cmig_scratch_version(CmigScratch *scratch);

/* Reads in a table's definition whether it drops rows of an INSERT, or replaces older ones by
 * them. */
void cmig_scratch_note_conflicts(CmigScratch *scratch, const char *table, CmigReader reader);
gboolean cmig_scratch_resolves_conflicts(const CmigScratch *scratch, const char *table);

/* A column of a table, or what hangs on it. */
typedef struct {
    char *name;
    char *type;
    gboolean generated;
} CmigPart;
/* Of such, the one of that name, or NULL. Borrowed. */
const CmigPart *cmig_part_find(const GPtrArray *parts, const char *name);

/* CmigPart: the columns of a table but hidden ones. The caller unrefs. */
GPtrArray *cmig_scratch_columns(CmigScratch *scratch, const char *table);

/* CmigPart: the triggers of a table, and those of its unique indexes that were made by themselves.
 * The caller unrefs. */
GPtrArray *cmig_scratch_dependents(CmigScratch *scratch, const char *table);

/* --- judge_plan.c --- */

/* What the plan has done to tables so far. */
typedef struct {
    GHashTable *created; /* folded names of what it made itself */
    GHashTable *columns; /* folded name of a table -> folded names of the columns it added */
    GHashTable *origins; /* folded name now -> name in the database */
    GPtrArray *copies;   /* of tables into new ones */
} CmigJudgePlan;

/* All rows, or some, of a table in a new one. */
typedef struct {
    char *from;          /* folded */
    char *to;            /* folded */
    GHashTable *columns; /* folded, of `to` */
    GPtrArray *lacking;  /* columns of `from` that are not copied as they are */
    GPtrArray *converted;
    gboolean partial;
} CmigCopy;
CmigCopy *cmig_copy_new(const char *from, const char *to);
void cmig_copy_free(CmigCopy *copy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigCopy, cmig_copy_free)

void cmig_judge_plan_init(CmigJudgePlan *plan);
void cmig_judge_plan_clear(CmigJudgePlan *plan);
/* Something was rolled back: nothing that was made is known to be there, nor to be new. */
void cmig_judge_plan_distrust(CmigJudgePlan *plan);
void cmig_judge_plan_create(CmigJudgePlan *plan, const char *name, gboolean trigger);
gboolean cmig_judge_plan_is_new(const CmigJudgePlan *plan, const char *name, gboolean trigger);
void cmig_judge_plan_rename(CmigJudgePlan *plan, const char *from, const char *to);
/* A column that an old table has since the plan: its values are no loss. */
void cmig_judge_plan_add_column(CmigJudgePlan *plan, const char *table, const char *column);
gboolean cmig_judge_plan_owns(const CmigJudgePlan *plan, const char *table, const char *column);
/* `to` NULL: the column is gone. */
void cmig_judge_plan_rename_column(CmigJudgePlan *plan, const char *table, const char *column,
                                   const char *to);
/* The name that the table has in the database now. Borrowed. */
const char *cmig_judge_plan_origin(const CmigJudgePlan *plan, const char *name);
void cmig_judge_plan_add_copy(CmigJudgePlan *plan, CmigCopy *copy);
/* Rows of `table` changed (`column`: only there): what was copied before is no copy any more. */
void cmig_judge_plan_touch(CmigJudgePlan *plan, const char *table, const char *column);
/* Takes a table away. The copy of it that there is, which is now all that there is, or NULL. The
 * caller frees. */
CmigCopy *cmig_judge_plan_drop(CmigJudgePlan *plan, const char *name, gboolean trigger);

/* judge_copy.c: the copy that a statement makes, by the columns of both tables. */
CmigCopy *cmig_copy_of(const CmigCopyText *text, CmigScratch *scratch);

/* --- judge.c --- */

typedef struct {
    CmigJudge base;
    CmigScratch *scratch;
    CmigJudgePlan plan;
    CmigJudge *words;
    GHashTable *shapes;  /* of this section, judged already */
    GString *shape;      /* of the current statement */
    GPtrArray *rebuilds; /* of this section: what is to be made again */
} CmigSqliteJudge;

/* Whether something can be said of a statement. */
typedef enum {
    CMIG_JUDGED,
    CMIG_JUDGED_BEFORE, /* one like it */
    CMIG_JUDGED_NOT,
} CmigJudged;

/* Adds what a statement does to its fact: the worst comes first in its text. `target` may be NULL,
 * is taken over. */
void cmig_fact_say(CmigFact *fact, CmigLevel level, guint flags, CmigFactTarget *target,
                   const char *format, ...) G_GNUC_PRINTF(5, 6);

/* A target with the name that the object has in the database now; `loses` when rows of it may. */
CmigFactTarget *cmig_judge_target(const CmigSqliteJudge *self, const char *name, const char *kind,
                                  gboolean loses);

/* Functions that reach out of the database, among the actions of what was prepared. */
void cmig_judge_functions(const CmigSqliteJudge *self, CmigFact *fact);

/* judge_rows.c, judge_schema.c, judge_pragma.c: what a statement does. */
CmigJudged cmig_judge_rows(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                           CmigFact *fact);
CmigJudged cmig_judge_schema(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                             CmigFact *fact);
CmigJudged cmig_judge_pragma(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                             CmigFact *fact);

/* What rebuilt tables had. */
GPtrArray *cmig_rebuilds_new(void);
/* At the end of a section: says what rebuilt tables have lost, and forgets them. */
void cmig_judge_end_rebuilds(CmigSqliteJudge *self);

/* Forgets shapes: the same words may do something else from now on. */
void cmig_judge_forget_shapes(CmigSqliteJudge *self);

#endif
