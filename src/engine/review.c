#include "engine/review.h"

#include "cmig/text.h"

#include <string.h>

enum {
    SHOWN = 160,      /* columns of a statement */
    SIZES_SHOWN = 10, /* of one statement */
};

static void fact_free(gpointer data)
{
    CmigReviewFact *fact = data;
    cmig_fact_free(fact->fact);
    g_free(fact->text);
    g_clear_pointer(&fact->sizes, g_array_unref);
    g_free(fact);
}

void cmig_review_free(CmigReview *review)
{
    if (review == NULL)
        return;
    g_clear_pointer(&review->steps, g_ptr_array_unref);
    g_clear_pointer(&review->loaded, g_ptr_array_unref);
    g_free(review->hash);
    g_free(review->note);
    g_free(review);
}

/* The statement's beginning. What it writes between quotes may be a password, and a plan is shown
 * to many. */
static char *shorten(const CmigSqlScript *sql, guint index)
{
    g_autofree char *text = cmig_sql_shown_text(sql, index);
    return cmig_sql_redact(text, SHOWN);
}

GPtrArray *cmig_review_facts(CmigJudge *judge, const CmigSqlScript *sql)
{
    g_autoptr(GPtrArray) found = cmig_judge_facts(judge, sql);
    GPtrArray *facts = g_ptr_array_new_with_free_func(fact_free);
    g_ptr_array_set_free_func(found, NULL);
    gsize known = 0;
    guint line = cmig_sql_line(sql, 0);
    for (guint idx = 0; idx < found->len; idx++) {
        CmigReviewFact *fact = g_new0(CmigReviewFact, 1);
        fact->fact = found->pdata[idx];
        gsize start = cmig_sql_statement(sql, fact->fact->statement)->start;
        line = start < known ? cmig_sql_line(sql, start)
                             : cmig_sql_line_behind(sql, known, line, start);
        known = start;
        fact->line = line;
        fact->text = shorten(sql, fact->fact->statement);
        g_ptr_array_add(facts, fact);
    }
    return facts;
}

/* The hash says what would run where: any change of files, order, target or database changes it, be
 * it one of the same name on another server. Fields are separated by what none of them can hold. */
static char *make_hash(const CmigConfig *config, const CmigSite *site, const GPtrArray *steps)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *head =
        g_strdup_printf("cmig plan 2\n%s\n%s\n%s\n", site->database,
                        site->identity != NULL ? site->identity : "", config->version_table);
    g_checksum_update(sum, (const guchar *)head, -1);
    for (guint idx = 0; idx < steps->len; idx++) {
        const CmigStep *step = steps->pdata[idx];
        g_autofree char *line = g_strdup_printf(
            "%s %s %s %s\n", cmig_direction_name(step->direction), step->revision->id,
            step->transactional ? "together" : "separately", step->sent_checksum);
        g_checksum_update(sum, (const guchar *)line, -1);
    }
    return g_strdup(g_checksum_get_string(sum));
}

static gboolean has_size(const CmigFactTarget *target)
{
    static const char *const kinds[] = {"table",    "materialized view", "foreign table", "schema",
                                        "database", "partitioned table", "virtual table", NULL};
    return target->name != NULL && g_strv_contains(kinds, target->kind);
}

static char *key_of(const CmigFactTarget *target)
{
    return g_strdup_printf("%s %d %s\n%s", target->kind, (int)target->referring,
                           target->schema ? target->schema : "\n", target->name);
}

/* A target of a fact that waits for the answer to a question. */
typedef struct {
    CmigReviewFact *fact;
    guint target;
    guint question;
} Waiting;

/* Each thing is asked for once. */
typedef struct {
    GPtrArray *targets; /* to ask about */
    GHashTable *known;  /* key -> index in `targets` */
    GArray *waiting;    /* Waiting */
} Questions;

static Questions questions_new(void)
{
    return (Questions){g_ptr_array_new(),
                       g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                       g_array_new(FALSE, FALSE, sizeof(Waiting))};
}

static void questions_clear(Questions *questions)
{
    g_ptr_array_unref(questions->targets);
    g_hash_table_unref(questions->known);
    g_array_unref(questions->waiting);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Questions, questions_clear)

static void add_question(Questions *questions, CmigReviewFact *fact, guint index)
{
    CmigFactTarget *target = fact->fact->targets->pdata[index];
    g_autofree char *key = key_of(target);
    gpointer question = NULL;
    if (!g_hash_table_lookup_extended(questions->known, key, NULL, &question)) {
        question = GUINT_TO_POINTER(questions->targets->len);
        g_ptr_array_add(questions->targets, target);
        g_hash_table_insert(questions->known, g_steal_pointer(&key), question);
    }
    Waiting one = {fact, index, GPOINTER_TO_UINT(question)};
    g_array_append_val(questions->waiting, one);
}

static void add_questions(Questions *questions, const GPtrArray *facts, gboolean all_sizes)
{
    for (guint idx = 0; idx < facts->len; idx++) {
        CmigReviewFact *fact = facts->pdata[idx];
        for (guint at = 0; at < fact->fact->targets->len; at++) {
            const CmigFactTarget *target = fact->fact->targets->pdata[at];
            if (has_size(target) && (all_sizes || target->loses))
                add_question(questions, fact, at);
        }
    }
}

static void take_answers(const Questions *questions, const GArray *answers)
{
    for (guint idx = 0; idx < questions->waiting->len; idx++) {
        Waiting *one = &g_array_index(questions->waiting, Waiting, idx);
        if (one->fact->sizes == NULL) {
            one->fact->sizes = g_array_new(FALSE, TRUE, sizeof(CmigDbSize));
            g_array_set_size(one->fact->sizes, one->fact->fact->targets->len);
        }
        g_array_index(one->fact->sizes, CmigDbSize, one->target) =
            g_array_index(answers, CmigDbSize, one->question);
    }
}

static gboolean ask_sizes(CmigDb *db, const CmigConfig *config, const GPtrArray *steps,
                          gboolean all_sizes, GError **error)
{
    g_auto(Questions) questions = questions_new();
    g_autoptr(GArray) answers = NULL;
    for (guint idx = 0; idx < steps->len; idx++)
        add_questions(&questions, ((const CmigStep *)steps->pdata[idx])->facts, all_sizes);
    if (questions.targets->len == 0)
        return TRUE;
    if (!cmig_db_sizes(db, questions.targets, config->guard.safe_below_rows, &answers, error))
        return FALSE;
    take_answers(&questions, answers);
    return TRUE;
}

/* Whether it gives something another name: what the old one holds is then lost under the new one.
 */
static gboolean gives_names(const CmigFact *fact)
{
    for (guint idx = 0; idx < fact->targets->len; idx++)
        if (((const CmigFactTarget *)fact->targets->pdata[idx])->renamed)
            return TRUE;
    return FALSE;
}

/* Whether nothing tells how much is lost, as of what depends on a type. Of a function that are
 * triggers as a rule; and what cannot be judged at all is not asked about. */
static gboolean is_uncountable(const CmigFact *fact)
{
    for (guint idx = 0; idx < fact->targets->len; idx++) {
        const CmigFactTarget *target = fact->targets->pdata[idx];
        if ((target->loses && has_size(target)) || strcmp(target->kind, "function") == 0)
            return FALSE;
    }
    return (fact->flags & CMIG_FACT_OPAQUE) == 0;
}

/* Whether more than a few rows are lost. A table that is not there has none, unless something is
 * `renamed` before. */
static gboolean is_large(const CmigReviewFact *fact, guint safe_below, gboolean renamed)
{
    if (fact->fact->level < CMIG_LEVEL_DATA)
        return FALSE;
    for (guint idx = 0; fact->sizes != NULL && idx < fact->sizes->len; idx++) {
        const CmigFactTarget *target = fact->fact->targets->pdata[idx];
        const CmigDbSize *size = &g_array_index(fact->sizes, CmigDbSize, idx);
        if (target->loses && has_size(target) &&
            (size->exists ? size->rows < 0 || size->rows > safe_below : renamed))
            return TRUE;
    }
    return is_uncountable(fact->fact);
}

static CmigReviewStep *review_step(const CmigStep *step)
{
    CmigReviewStep *made = g_new0(CmigReviewStep, 1);
    *made = (CmigReviewStep){.revision = step->revision,
                             .direction = step->direction,
                             .level = (CmigLevel)step->level,
                             .flags = step->flags,
                             .transactional = step->transactional,
                             .statements = step->statements,
                             .checksum = step->checksum,
                             .facts = step->facts};
    return made;
}

gboolean cmig_review_make(CmigDb *db, const CmigConfig *config, const CmigSite *site,
                          CmigDirection direction, const GPtrArray *steps, gboolean all_sizes,
                          CmigReview **review, GError **error)
{
    g_autoptr(CmigReview) made = g_new0(CmigReview, 1);
    gboolean renamed = FALSE;
    made->direction = direction;
    made->steps = g_ptr_array_new_with_free_func(g_free);
    if (!ask_sizes(db, config, steps, all_sizes, error))
        return FALSE;
    for (guint idx = 0; idx < steps->len; idx++) {
        CmigReviewStep *step = review_step(steps->pdata[idx]);
        g_ptr_array_add(made->steps, step);
        made->level = MAX(made->level, step->level);
        made->flags |= step->flags;
        for (guint at = 0; at < step->facts->len; at++) {
            const CmigReviewFact *fact = step->facts->pdata[at];
            made->large = made->large || is_large(fact, config->guard.safe_below_rows, renamed);
            renamed = renamed || gives_names(fact->fact);
        }
    }
    if (steps->len > 0)
        made->hash = make_hash(config, site, steps);
    *review = g_steal_pointer(&made);
    return TRUE;
}

char *cmig_review_describe_size(const CmigDbSize *size)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (!size->exists)
        return g_strdup("not there");
    if (size->bytes >= 0) {
        g_autofree char *bytes = g_format_size_full((guint64)size->bytes, G_FORMAT_SIZE_DEFAULT);
        g_string_append(text, bytes);
    }
    if (size->rows >= 0) {
        const char *how = size->exact ? "" : size->cut ? "more than " : "about ";
        gint64 rows = size->cut ? size->rows - 1 : size->rows;
        g_string_append_printf(text, "%s%s%" G_GINT64_FORMAT " row%s", text->len > 0 ? ", " : "",
                               how, rows, rows == 1 ? "" : "s");
    }
    if (size->referring > 0)
        g_string_append_printf(text, ", with %u table%s that refer%s to it", size->referring,
                               size->referring == 1 ? "" : "s", size->referring == 1 ? "s" : "");
    return g_strdup(text->str);
}

/* The sizes of what loses something, each thing once: "16.4 kB, 12 rows", or of several
 * "a: 16.4 kB, 12 rows; b: not there". The caller frees; NULL = nothing is known. */
static char *describe_sizes(const CmigReviewFact *fact)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) sizes = g_ptr_array_new_with_free_func(g_free);
    for (guint idx = 0; fact->sizes != NULL && idx < fact->sizes->len; idx++) {
        const CmigFactTarget *target = fact->fact->targets->pdata[idx];
        g_autofree char *size =
            cmig_review_describe_size(&g_array_index(fact->sizes, CmigDbSize, idx));
        if (!target->loses || *size == '\0' || !g_hash_table_add(seen, key_of(target)))
            continue;
        g_autofree char *name = cmig_text_escape(target->name);
        g_ptr_array_add(names, g_strdup_printf("%s: %s", name, size));
        g_ptr_array_add(sizes, g_steal_pointer(&size));
    }
    if (sizes->len <= 1)
        return sizes->len == 0 ? NULL : g_strdup(sizes->pdata[0]);
    guint shown = MIN(names->len, SIZES_SHOWN);
    g_autofree char *more = g_strdup_printf("and %u more", names->len - shown);
    g_ptr_array_set_size(names, (gint)shown);
    if (shown < sizes->len)
        g_ptr_array_add(names, g_steal_pointer(&more));
    g_ptr_array_add(names, NULL);
    return g_strjoinv("; ", (char **)names->pdata);
}

/* "migrations/a.sql:3: drops the table t (16.4 kB, 12 rows)". */
static void describe_fact(const CmigReviewStep *step, const CmigReviewFact *fact, GString *text)
{
    g_autofree char *path = cmig_text_escape(step->revision->path);
    g_autofree char *what = cmig_text_escape(fact->fact->what);
    g_autofree char *sizes = describe_sizes(fact);
    g_string_append_printf(text, "%s%s:%u: %s", text->len > 0 ? "\n" : "", path, fact->line, what);
    if (sizes != NULL)
        g_string_append_printf(text, " (%s)", sizes);
}

char *cmig_review_describe(const CmigReview *review, guint limit)
{
    guint more = 0;
    guint shown = 0;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint idx = 0; idx < review->steps->len; idx++) {
        const CmigReviewStep *step = review->steps->pdata[idx];
        for (guint at = 0; at < step->facts->len; at++) {
            const CmigReviewFact *fact = step->facts->pdata[at];
            if (fact->fact->level < CMIG_LEVEL_DATA && !(fact->fact->flags & CMIG_FACT_OPAQUE))
                continue;
            if (shown == limit) {
                more++;
                continue;
            }
            describe_fact(step, fact, text);
            shown++;
        }
    }
    if (more > 0)
        g_string_append_printf(text, "\nand %u more; see `cmig plan`", more);
    return g_strdup(text->str);
}
