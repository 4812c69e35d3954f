/* Units that are sent until they are through: a lock that was not to be had, or a connection that
 * was lost, is no verdict yet. */
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "engine/run/work.h"

#include <string.h>

/* Milliseconds that one statement waits for a lock, attempt by attempt: short at first, because all
 * who come later queue behind it. In between the others get their turn. */
static const guint ladder[] = {500, 1500, 2000, 3000, 5000};

enum {
    FIRST_PAUSE = 500, /* milliseconds, doubled each time */
    LAST_PAUSE = 15 * 1000,
};

void cmig_work_begin_attempts(CmigWork *work)
{
    work->attempts.count = 0;
    work->attempts.patience = work->config->lock_timeout;
}

/* How long statements wait for a lock in the next attempt, in milliseconds. */
static guint lock_timeout(const CmigWorkAttempts *attempts)
{
    guint wait = ladder[MIN(attempts->count, G_N_ELEMENTS(ladder) - 1)];
    /* Only the deadlock check makes an autovacuum give way, so one wait must be longer. */
    if (attempts->count > 0)
        wait = MAX(wait, attempts->deadlock_timeout + attempts->deadlock_timeout / 2);
    return (guint)CLAMP((gint64)wait, 1, MAX(attempts->patience, 1)); /* 0 would mean for ever */
}

/* Who was in the way when the server was last asked; `activity` may be NULL. */
static char *describe_blockers(const CmigDbActivity *activity)
{
    if (activity == NULL || activity->blockers->len == 0)
        return NULL;
    g_autoptr(GString) text = g_string_new("blocked by ");
    for (guint idx = 0; idx < activity->blockers->len; idx++) {
        g_autofree char *one = cmig_run_describe_blocker(activity->blockers->pdata[idx]);
        g_string_append_printf(text, "%s%s", idx > 0 ? "; " : "", one);
    }
    return g_strdup(text->str);
}

char *cmig_run_describe_blocker(const CmigDbBlocker *blocker)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *user = cmig_text_escape(blocker->user);
    g_autofree char *application = cmig_text_escape(blocker->application);
    g_autofree char *state = cmig_text_escape(blocker->state);
    g_autofree char *query = cmig_text_escape(blocker->query);
    g_string_printf(text, "pid %d (%s%s%s), %s for %.0f s", blocker->pid, user,
                    *application != '\0' ? ", " : "", application, state,
                    (double)blocker->age / G_USEC_PER_SEC);
    if (*query != '\0')
        g_string_append_printf(text, ": %s", query);
    return g_strdup(text->str);
}

static gboolean give_up(const CmigWork *work, const CmigStep *step, GError **error)
{
    g_autofree char *blockers = describe_blockers(work->watch.activity);
    if (blockers != NULL && cmig_error_detail(*error) == NULL)
        cmig_error_set_detail(error, "%s", blockers);
    g_prefix_error(error, "gave up after %u attempt%s: ", work->attempts.count + 1,
                   work->attempts.count == 0 ? "" : "s");
    /* Of a section outside of a transaction earlier statements may be there. */
    g_autofree char *nothing =
        step->transactional ? g_strdup_printf("nothing of %s is applied; ", step->revision->id)
                            : g_strdup("");
    cmig_error_set_hint(error,
                        "%srun the command again at a quieter time, or allow more time with "
                        "--lock-timeout",
                        nothing);
    (*error)->code = CMIG_ERROR_TRY_AGAIN;
    return FALSE;
}

gboolean cmig_work_try_again(CmigWork *work, const CmigStep *step, gint64 took, GError **error)
{
    CmigWorkAttempts *attempts = &work->attempts;
    gint64 pause = MIN((gint64)FIRST_PAUSE << MIN(attempts->count, 10), LAST_PAUSE);
    pause += pause / 4 - g_random_int_range(0, (gint32)(pause / 2) + 1);
    gint64 waited = lock_timeout(attempts);
    attempts->patience -= MIN(waited, took / 1000) + pause;
    if (attempts->patience <= 0)
        return give_up(work, step, error);
    g_autofree char *blockers = describe_blockers(work->watch.activity);
    g_autofree char *reason = cmig_text_escape((*error)->message);
    cmig_work_note(work, "attempt %u: %s%s%s; rolled back, trying again in %.1f s",
                   attempts->count + 1, reason, blockers ? ", " : "", blockers ? blockers : "",
                   (double)pause / 1000);
    g_clear_error(error);
    cmig_interrupt_sleep(pause * 1000);
    attempts->count++;
    return !cmig_interrupt_check(error);
}

gboolean cmig_work_send(CmigWork *work, const CmigStep *step, CmigDbUnit *unit, guint statement,
                        GError **error)
{
    g_auto(GStrv) setup = cmig_log_setup(&work->log);
    unit->create_table = work->create_table;
    unit->create_schema = work->create_table && work->create_schema;
    unit->setup = (const char *const *)setup;
    for (;;) {
        CmigDbOutcome outcome = {0};
        GError *failure = NULL;
        gint64 start = cmig_clock_monotonic();
        unit->lock_timeout = lock_timeout(&work->attempts);
        if (cmig_db_run(work->db, unit, &outcome, &failure) ||
            (outcome.lost && cmig_work_settle(work, step, statement, &failure))) {
            cmig_log_note(&work->log, unit, &outcome);
            break;
        }
        gint64 took = cmig_clock_monotonic() - start;
        if (!outcome.retryable || !cmig_work_try_again(work, step, took, &failure)) {
            g_propagate_error(error, failure);
            return FALSE;
        }
    }
    work->create_table = FALSE;
    work->log.create = FALSE;
    return TRUE;
}
