#include "engine/step.h"

#include "cmig/error.h"
#include "cmig/script.h"
#include "cmig/text.h"
#include "engine/review.h"

#include <string.h>

/* Bodies up to this many bytes in all are kept between checking and running them; the rest is read
 * again, so that a history of large dumps does not have to fit into memory. */
static const gsize keep_limit = 16 * 1024 * 1024;

static void step_free(gpointer data)
{
    CmigStep *step = data;
    if (step == NULL)
        return;
    cmig_sql_script_free(step->sql);
    g_free(step->checksum);
    g_free(step->fingerprint);
    g_free(step->sent_checksum);
    g_clear_pointer(&step->facts, g_ptr_array_unref);
    g_free(step);
}

/* What runs is what was judged and confirmed. */
static gboolean fail_changed(const CmigStep *step, GError **error)
{
    g_autofree char *path = cmig_text_escape(step->revision->path);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN, "%s has changed while the run went on",
                path);
    cmig_error_set_hint(error, "nothing of this revision is applied; run the command again");
    return FALSE;
}

gboolean cmig_step_load(CmigStep *step, const CmigConfig *config, CmigDialect dialect,
                        GError **error)
{
    g_autoptr(CmigScript) script = NULL;
    const CmigSection *section = NULL;
    CmigSqlScript *sql = NULL;
    gboolean transactional = TRUE;
    if (!cmig_script_open(step->revision, &script, error) ||
        !cmig_script_find_section(script, step->direction == CMIG_UPGRADE, dialect, &section,
                                  error) ||
        !cmig_script_scan_section(script, section, dialect, config->variables, &sql, &transactional,
                                  error))
        return FALSE;
    g_autofree char *checksum = cmig_script_checksum(script, section);
    g_autofree char *sent =
        sql->source == NULL
            ? g_strdup(checksum)
            : g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)sql->text, sql->length);
    if (step->checksum != NULL &&
        (strcmp(step->checksum, checksum) != 0 || strcmp(step->sent_checksum, sent) != 0 ||
         step->transactional != transactional)) {
        cmig_sql_script_free(sql);
        return fail_changed(step, error);
    }
    cmig_sql_script_free(step->sql);
    g_free(step->checksum);
    g_free(step->fingerprint);
    g_free(step->sent_checksum);
    step->sql = sql;
    step->transactional = transactional;
    step->statements = sql->statements->len;
    step->fingerprint = cmig_sql_fingerprint(sql->source != NULL ? sql->source : sql);
    step->sent_checksum = g_steal_pointer(&sent);
    step->checksum = g_steal_pointer(&checksum);
    return TRUE;
}

/* "1975ea83b712 (CREATE INDEX CONCURRENTLY)", or why else it is outside of a transaction. */
static void describe(const CmigStep *step, GString *text)
{
    const char *name = NULL;
    for (guint idx = 0; name == NULL && idx < step->sql->statements->len; idx++)
        name = cmig_sql_alone_name(step->sql, idx);
    g_string_append_printf(text, "%s%s (%s)", text->len > 0 ? ", " : "", step->revision->id,
                           name != NULL ? name : "transaction=off");
}

/* `transaction: all` cannot contain what must run outside of a transaction. */
static gboolean fail_separate(const CmigPlan *plan, const char *list, GError **error)
{
    g_set_error(
        error, CMIG_ERROR, CMIG_ERROR_CONFIG,
        "with \"transaction: all\" this %s cannot run: %s must run outside of a transaction",
        cmig_direction_name(plan->direction), list);
    cmig_error_set_hint(error,
                        "nothing was changed; run with \"transaction: per_migration\", or up "
                        "to the revision before the first of them");
    return FALSE;
}

static void judge_step(CmigStep *step, CmigJudge *judge)
{
    step->facts = cmig_review_facts(judge, step->sql);
    /* The way back takes away what the way there has added. */
    step->level = step->direction == CMIG_DOWNGRADE ? CMIG_LEVEL_WEAKER : CMIG_LEVEL_NONE;
    for (guint idx = 0; idx < step->facts->len; idx++) {
        const CmigFact *fact = ((const CmigReviewFact *)step->facts->pdata[idx])->fact;
        step->level = MAX(step->level, (int)fact->level);
        step->flags |= fact->flags;
    }
}

gboolean cmig_step_load_all(const CmigPlan *plan, const CmigConfig *config, CmigDialect dialect,
                            CmigJudge *judge, GPtrArray **steps, GError **error)
{
    gsize kept = 0;
    g_autoptr(GPtrArray) loaded = g_ptr_array_new_with_free_func(step_free);
    g_autoptr(GString) separate = g_string_new(NULL);
    for (guint idx = 0; idx < plan->revisions->len; idx++) {
        CmigStep *step = g_new0(CmigStep, 1);
        g_ptr_array_add(loaded, step);
        step->revision = plan->revisions->pdata[idx];
        step->direction = plan->direction;
        step->level = -1;
        if (!cmig_step_load(step, config, dialect, error))
            return FALSE;
        if (!step->transactional && config->transaction == CMIG_TRANSACTION_ALL)
            describe(step, separate);
        if (judge != NULL)
            judge_step(step, judge);
        kept += step->sql->length;
        if (kept > keep_limit)
            g_clear_pointer(&step->sql, cmig_sql_script_free);
    }
    if (separate->len > 0)
        return fail_separate(plan, separate->str, error);
    *steps = g_steal_pointer(&loaded);
    return TRUE;
}

CmigAuditRecord cmig_step_record(const CmigStep *step, CmigAuditEvent event, const char *run)
{
    CmigAuditRecord record = cmig_audit_record(event, run);
    record.revision = step->revision->id;
    record.direction = cmig_direction_name(step->direction);
    record.fingerprint = step->fingerprint;
    record.level = step->level;
    return record;
}

char *cmig_step_checksum(const CmigSqlScript *sql, guint count)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    for (guint idx = 0; idx < count; idx++) {
        g_autofree char *text = cmig_sql_shown_text(sql, idx);
        g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text) + 1);
    }
    return g_strdup(g_checksum_get_string(checksum));
}
