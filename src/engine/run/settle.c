/* After a lost connection: connects again, waits for the lock, which the old session keeps as long
 * as it works, and looks for the record that the transaction would have left. */
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "engine/run/session.h"
#include "engine/run/work.h"

enum {
    FIRST_PAUSE = 100 * 1000, /* microseconds */
    LAST_PAUSE = 2 * G_USEC_PER_SEC,
};

/* Tries until lock_timeout is over: a server that restarts refuses connections for a while. */
static gboolean reconnect(CmigWork *work, GError **error)
{
    gint64 deadline = cmig_clock_monotonic() + (gint64)work->config->lock_timeout * 1000;
    for (gint64 pause = FIRST_PAUSE;; pause = MIN(pause * 2, LAST_PAUSE)) {
        GError *failure = NULL;
        if (cmig_db_reconnect(work->db, &failure))
            return TRUE;
        gboolean again = g_error_matches(failure, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE) &&
                         cmig_clock_monotonic() + pause < deadline;
        if (!again) {
            g_propagate_error(error, failure);
            return FALSE;
        }
        g_clear_error(&failure);
        cmig_interrupt_sleep(pause);
        if (cmig_interrupt_check(error))
            return FALSE;
    }
}

/* Whether the record is there, on a new session that holds the lock. */
static gboolean look(CmigWork *work, const CmigStep *step, guint statement, gboolean *found,
                     GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    *found = FALSE;
    if (!reconnect(work, error) ||
        !cmig_session_begin(work->db, work->config, work->observer, &state, error))
        return FALSE;
    if (!state->audit_exists)
        return TRUE;
    g_autofree char *query =
        cmig_audit_find_sql(&work->log.place, work->log.token, step->revision->id, statement);
    if (!cmig_db_query(work->db, query, &rows, error))
        return FALSE;
    *found = rows->len > 0;
    return TRUE;
}

gboolean cmig_work_settle(CmigWork *work, const CmigStep *step, guint statement, GError **error)
{
    g_autoptr(GError) problem = NULL;
    gboolean found = FALSE;
    work->sessions++;
    cmig_work_note(work, "connection lost; connecting again to see what became of it");
    if (!look(work, step, statement, &found, &problem)) {
        (*error)->code = CMIG_ERROR_IN_DOUBT;
        cmig_error_set_detail(error, "it could not be found out: %s", problem->message);
        cmig_error_set_hint(error,
                            "when the server is back, `cmig current` and `cmig repair` tell; "
                            "the next run goes on from what is there");
        return FALSE;
    }
    if (found) {
        cmig_work_note(work, "it was committed");
        g_clear_error(error);
        return TRUE;
    }
    g_clear_error(error);
    const char *nothing = statement > 0          ? "nothing of this statement is applied"
                          : !step->transactional ? "this was not recorded"
                                                 : "nothing of this revision is applied";
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE,
                "the connection was lost; looked after connecting again: %s", nothing);
    cmig_error_set_hint(error, "run the command again");
    return FALSE;
}
