/* Progress on standard error: one line per migration with its duration. */
#include "cli/cli.h"

#include "cmig/terminal.h"
#include "cmig/text.h"

#include <unistd.h>

static void show_planned(const CmigPlan *plan, const CmigDbState *state, gpointer data)
{
    CmigApp *app = data;
    cmig_say(app, "Database: %s (%s%s%s)\n", app->config->url->display, state->server,
             state->tls != NULL ? ", " : "", state->tls != NULL ? state->tls : "");
    if (plan->note != NULL) {
        g_autofree char *note = cmig_text_escape(plan->note);
        cmig_say(app, "Note: %s\n", note);
    }
    if (plan->revisions->len == 0)
        cmig_say(app, "Nothing to do.\n");
}

static void show_started(const CmigRevision *revision, CmigDirection direction, gpointer data)
{
    g_autofree char *move = cmig_render_move(revision, direction);
    g_autofree char *message = cmig_text_escape(revision->message);
    cmig_say(data, "Running %s %s, %s ...", cmig_direction_name(direction), move, message);
}

static void show_finished(const CmigRevision *revision, CmigDirection direction,
                          gint64 microseconds, gboolean skipped, const GError *failed,
                          gpointer data)
{
    (void)revision;
    (void)direction;
    double milliseconds = (double)microseconds / 1000;
    if (skipped)
        cmig_say(data, " done by another run\n");
    else if (failed != NULL)
        cmig_say(data, " failed (%.1f ms)\n", milliseconds);
    else
        cmig_say(data, " done (%.1f ms)\n", milliseconds);
}

static void show_note(const char *message, gpointer data)
{
    cmig_say(data, "\n  %s ", message);
}

static void show_waiting(const char *holder, gint64 microseconds, gpointer data)
{
    /* One line at first, then one every 10 seconds. */
    static gint64 next;
    if (microseconds < next)
        return;
    next = microseconds + 10 * G_USEC_PER_SEC;
    g_autofree char *shown = cmig_text_escape(holder ? holder : "another run");
    cmig_say(data, "Waiting for the migration lock, held by %s\n", shown);
}

CmigRunObserver cmig_progress(CmigApp *app)
{
    return (CmigRunObserver){.planned = show_planned,
                             .step_started = show_started,
                             .step_finished = show_finished,
                             .note = show_note,
                             .waiting = show_waiting,
                             .data = app};
}
