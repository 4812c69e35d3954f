#include "cli/review.h"

#include "cmig/text.h"

#include <string.h>

static const struct {
    guint flag;
    const char *name; /* in JSON */
    const char *text;
} flags[] = {
    {CMIG_FACT_OPAQUE, "opaque", "cannot be judged"},
    {CMIG_FACT_CASCADE, "cascade", "takes along what depends on it"},
    {CMIG_FACT_ALONE, "not_in_transaction", "cannot run in a transaction"},
    {CMIG_FACT_PRIVILEGE, "privilege", "changes rights or settings"},
};

/* "public.orders" */
static char *target_name(const CmigFactTarget *target)
{
    g_autofree char *name = cmig_text_escape(target->name);
    g_autofree char *schema = target->schema ? cmig_text_escape(target->schema) : NULL;
    return schema != NULL ? g_strconcat(schema, ".", name, NULL) : g_strdup(name);
}

static const CmigDbSize *size_of(const CmigReviewFact *fact, guint target)
{
    return fact->sizes != NULL ? &g_array_index(fact->sizes, CmigDbSize, target) : NULL;
}

/* "        ACCESS EXCLUSIVE lock on orders (1.2 GB, about 3000000 rows), rewrites it". */
static void render_target(const CmigReviewFact *fact, guint index, GString *text)
{
    const CmigFactTarget *target = fact->fact->targets->pdata[index];
    const CmigDbSize *size = size_of(fact, index);
    g_autofree char *size_text =
        size != NULL && size->exists ? cmig_review_describe_size(size) : g_strdup("");
    if (target->name == NULL || (target->lock < CMIG_LOCK_SHARE_UPDATE_EXCLUSIVE && !target->loses))
        return;
    g_autofree char *name = target_name(target);
    if (target->lock > CMIG_LOCK_NONE)
        g_string_append_printf(text, "        %s lock on %s", cmig_lock_name(target->lock), name);
    else
        g_string_append_printf(text, "        %s", name);
    if (*size_text != '\0')
        g_string_append_printf(text, " (%s)", size_text);
    if (target->rewrites)
        g_string_append(text, ", rewrites it");
    else if (target->scans)
        g_string_append(text, ", reads all of it");
    g_string_append_c(text, '\n');
}

static void render_fact(const CmigReviewFact *fact, GString *text)
{
    g_autofree char *what = cmig_text_escape(fact->fact->what);
    g_string_append_printf(text, "     :%-4u level %d: %s", fact->line, (int)fact->fact->level,
                           what);
    for (gsize idx = 0; idx < G_N_ELEMENTS(flags); idx++)
        if (fact->fact->flags & flags[idx].flag)
            g_string_append_printf(text, "; %s", flags[idx].text);
    g_string_append_c(text, '\n');
    for (guint idx = 0; idx < fact->fact->targets->len; idx++)
        render_target(fact, idx, text);
}

char *cmig_review_render(const CmigReview *review)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint idx = 0; idx < review->steps->len; idx++) {
        const CmigReviewStep *step = review->steps->pdata[idx];
        g_autofree char *move = cmig_render_move(step->revision, step->direction);
        g_autofree char *summary = cmig_render_summary(step->revision);
        g_autofree char *path = cmig_text_escape(step->revision->path);
        g_string_append_printf(text, "\n%3u. %s %s, %s\n", idx + 1,
                               cmig_direction_name(step->direction), move, summary);
        g_string_append_printf(text, "     %s: level %d, %u statement%s, %s\n", path,
                               (int)step->level, step->statements, step->statements == 1 ? "" : "s",
                               step->transactional ? "in one transaction"
                                                   : "outside of a transaction");
        for (guint at = 0; at < step->facts->len; at++)
            render_fact(step->facts->pdata[at], text);
    }
    if (review->hash != NULL)
        g_string_append_printf(text, "\nPlan hash: %s\n", review->hash);
    return g_strdup(text->str);
}

static json_t *target_json(const CmigReviewFact *fact, guint index)
{
    const CmigFactTarget *target = fact->fact->targets->pdata[index];
    const CmigDbSize *size = size_of(fact, index);
    json_t *made = json_pack(
        "{s:o, s:o, s:s, s:o, s:s, s:b, s:b, s:b}", "schema", cmig_render_json_text(target->schema),
        "name", cmig_render_json_text(target->name), "kind", target->kind, "part",
        cmig_render_json_text(target->part), "lock", cmig_lock_name(target->lock), "loses",
        target->loses, "rewrites", target->rewrites, "scans", target->scans);
    gboolean known = size != NULL && size->exists;
    json_object_set_new(made, "rows",
                        known && size->rows >= 0 ? json_integer(size->rows) : json_null());
    json_object_set_new(made, "rows_exact", json_boolean(known && size->exact));
    json_object_set_new(made, "bytes",
                        known && size->bytes >= 0 ? json_integer(size->bytes) : json_null());
    json_object_set_new(made, "referring_tables",
                        known ? json_integer(size->referring) : json_null());
    return made;
}

static void add_flags(json_t *object, guint set)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(flags); idx++)
        json_object_set_new(object, flags[idx].name, json_boolean(set & flags[idx].flag));
}

static json_t *fact_json(const CmigReviewFact *fact)
{
    json_t *targets = json_array();
    for (guint idx = 0; idx < fact->fact->targets->len; idx++)
        json_array_append_new(targets, target_json(fact, idx));
    json_t *made =
        json_pack("{s:i, s:i, s:i, s:o, s:o, s:o}", "statement", (int)fact->fact->statement + 1,
                  "line", (int)fact->line, "level", (int)fact->fact->level, "what",
                  cmig_render_json_text(fact->fact->what), "text",
                  cmig_render_json_text(fact->text), "targets", targets);
    add_flags(made, fact->fact->flags);
    return made;
}

static json_t *step_json(const CmigReviewStep *step)
{
    json_t *facts = json_array();
    for (guint idx = 0; idx < step->facts->len; idx++)
        json_array_append_new(facts, fact_json(step->facts->pdata[idx]));
    json_t *made = cmig_render_json(step->revision, NULL);
    json_object_set_new(made, "direction", json_string(cmig_direction_name(step->direction)));
    json_object_set_new(made, "level", json_integer(step->level));
    json_object_set_new(made, "transactional", json_boolean(step->transactional));
    json_object_set_new(made, "statements", json_integer(step->statements));
    json_object_set_new(made, "checksum", json_string(step->checksum));
    json_object_set_new(made, "facts", facts);
    return made;
}

static json_t *review_json(const CmigApp *app, const CmigReview *review,
                           const CmigEnvironment *environment)
{
    json_t *steps = json_array();
    for (guint idx = 0; idx < review->steps->len; idx++)
        json_array_append_new(steps, step_json(review->steps->pdata[idx]));
    json_t *made = json_pack(
        "{s:s, s:s, s:{s:o, s:s, s:b}, s:s?, s:i, s:b, s:o}", "direction",
        cmig_direction_name(review->direction), "database", app->config->url->display,
        "environment", "name", cmig_render_json_text(environment->name), "reason",
        environment->reason, "production", environment->kind == CMIG_ENVIRONMENT_PRODUCTION, "hash",
        review->hash, "level", (int)review->level, "large", review->large, "steps", steps);
    add_flags(made, review->flags);
    return made;
}

static void print_text(const CmigApp *app, const CmigReview *review,
                       const CmigEnvironment *environment)
{
    g_autofree char *name = cmig_text_escape(environment->name);
    cmig_out("Database: %s\nEnvironment: %s (%s)\n", app->config->url->display, name,
             environment->reason);
    if (review->note != NULL) {
        g_autofree char *note = cmig_text_escape(review->note);
        cmig_out("Note: %s\n", note);
    }
    if (review->steps->len == 0) {
        cmig_out("Nothing to do.\n");
        return;
    }
    cmig_out("Plan: %s by %u revision%s, level %d: %s%s\n", cmig_direction_name(review->direction),
             review->steps->len, review->steps->len == 1 ? "" : "s", (int)review->level,
             cmig_guard_level_meaning(review->level),
             review->flags & CMIG_FACT_OPAQUE ? "; some of it cannot be judged" : "");
    g_autofree char *steps = cmig_review_render(review);
    cmig_out("%s", steps);
}

gboolean cmig_review_print(CmigApp *app, CmigDirection direction, const char *target,
                           GError **error)
{
    g_autoptr(CmigReview) review = NULL;
    g_auto(CmigEnvironment) environment = {0};
    if (!cmig_run_review(app->db, app->config, app->graph, direction, target, &review, &environment,
                         error))
        return FALSE;
    if (app->json)
        cmig_out_json(review_json(app, review, &environment));
    else
        print_text(app, review, &environment);
    return TRUE;
}
