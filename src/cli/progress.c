/* Progress on standard error. On a terminal the line of the running migration is redrawn several
 * times a second; elsewhere there is one line per migration, and one more every 30 seconds. */
#include "cli/cli.h"

#include "cmig/terminal.h"
#include "cmig/text.h"

#include <string.h>
#include <unistd.h>

enum {
    REMINDER = 30 * G_USEC_PER_SEC,
    LOCK_REMINDER = 10 * G_USEC_PER_SEC,
    BAR = 10, /* cells */
};

/* What stands on the screen. */
static struct {
    char *line;     /* of the running migration; NULL when none runs */
    gboolean open;  /* the cursor stands behind it */
    gboolean live;  /* … or on the line below it, which is redrawn */
    gint64 next;    /* when the next reminder is due, in microseconds since it began */
    char *blockers; /* as last told */
} shown;

static gboolean is_live(void)
{
    const char *term = g_getenv("TERM");
    return cmig_terminal_is(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

/* How many columns a line takes, as far as that counts here. */
static guint columns(const char *line)
{
    return (guint)g_utf8_strlen(line, -1);
}

void cmig_progress_break(const CmigApp *app)
{
    if (shown.live)
        cmig_say(app, "\r\033[K");
    else if (shown.open)
        cmig_say(app, "\n");
    shown.live = FALSE;
    shown.open = FALSE;
}

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
    g_free(shown.line);
    shown.line =
        g_strdup_printf("Running %s %s, %s ...", cmig_direction_name(direction), move, message);
    shown.open = TRUE;
    shown.next = REMINDER;
    g_clear_pointer(&shown.blockers, g_free);
    cmig_say(data, "%s", shown.line);
}

static void show_finished(const CmigRevision *revision, CmigDirection direction,
                          gint64 microseconds, gboolean skipped, const GError *failed,
                          gpointer data)
{
    (void)revision;
    (void)direction;
    g_autofree char *time = g_strdup_printf(" (%.1f ms)", (double)microseconds / 1000);
    const char *result = skipped ? "done by another run" : failed != NULL ? "failed" : "done";
    /* A line that has wrapped is not gone back to. */
    gboolean back = shown.live && columns(shown.line) < cmig_terminal_width(STDERR_FILENO);
    gboolean open = shown.open && !shown.live;
    if (shown.live)
        cmig_say(data, back ? "\r\033[K\033[A\r" : "\r\033[K");
    cmig_say(data, "%s %s%s\n", open ? "" : back ? shown.line : " ", result, skipped ? "" : time);
    shown.open = FALSE;
    shown.live = FALSE;
    g_clear_pointer(&shown.line, g_free);
}

/* A sentence on a line of its own. */
static void show_note(const char *message, gpointer data)
{
    cmig_progress_break(data);
    cmig_say(data, "  %s\n", message);
}

/* "statement 2 of 5, CREATE INDEX: building index [########            ] 40 %". */
static char *describe(const CmigRunProgress *progress)
{
    GString *text = g_string_new(NULL);
    const CmigDbActivity *activity = progress->activity;
    g_string_append_printf(text, "%.1f s", (double)progress->microseconds / G_USEC_PER_SEC);
    if (progress->statement > 0)
        g_string_append_printf(text, ", statement %u of %u", progress->statement,
                               progress->statements);
    if (activity != NULL && activity->phase != NULL) {
        g_autofree char *phase = cmig_text_escape(activity->phase);
        g_string_append_printf(text, ", %s", phase);
    }
    if (activity != NULL && activity->fraction >= 0) {
        int full = (int)(activity->fraction * BAR);
        g_string_append(text, " [");
        for (int cell = 0; cell < BAR; cell++)
            g_string_append_c(text, cell < full ? '#' : ' ');
        g_string_append_printf(text, "] %.0f %%", activity->fraction * 100);
    }
    if (activity != NULL && activity->waiting)
        g_string_append(text, ", waiting for a lock");
    return g_string_free(text, FALSE);
}

/* Who is in the way, whenever that changes. */
static void show_blockers(const CmigApp *app, const CmigDbActivity *activity)
{
    g_autoptr(GString) pids = g_string_new(NULL);
    for (guint idx = 0; activity != NULL && idx < activity->blockers->len; idx++)
        g_string_append_printf(pids, " %d",
                               ((const CmigDbBlocker *)activity->blockers->pdata[idx])->pid);
    if (g_strcmp0(pids->str, shown.blockers) == 0 || (pids->len == 0 && shown.blockers == NULL))
        return;
    g_free(shown.blockers);
    shown.blockers = g_strdup(pids->str);
    for (guint idx = 0; activity != NULL && idx < activity->blockers->len; idx++) {
        g_autofree char *text = cmig_run_describe_blocker(activity->blockers->pdata[idx]);
        cmig_progress_break(app);
        cmig_say(app, "  waiting for %s\n", text);
    }
}

static void show_working(const CmigRunProgress *progress, gpointer data)
{
    const CmigApp *app = data;
    show_blockers(app, progress->activity);
    gboolean live = is_live();
    if (shown.line == NULL || (!live && progress->microseconds < shown.next))
        return;
    shown.next += REMINDER;
    g_autofree char *text = describe(progress);
    if (!live) {
        show_note(text, data);
        return;
    }
    /* A line that wraps could not be taken back. */
    g_autofree char *status = cmig_text_fit(text, cmig_terminal_width(STDERR_FILENO) - 3);
    cmig_say(app, "%s  %s\033[K", shown.open && !shown.live ? "\n" : "\r", status);
    shown.open = TRUE;
    shown.live = TRUE;
}

static void show_waiting(const char *holder, gint64 microseconds, gpointer data)
{
    /* One line at first, then one every 10 seconds. */
    static gint64 next;
    if (microseconds < next && microseconds > 0)
        return;
    next = microseconds + LOCK_REMINDER;
    g_autofree char *text = cmig_text_escape(holder ? holder : "another run");
    cmig_progress_break(data);
    cmig_say(data, "Waiting for the migration lock, held by %s\n", text);
}

/* To be kept elsewhere: `cmig audit verify --head` asks whether it is still there. */
static void show_recorded(const char *head, gpointer data)
{
    cmig_progress_break(data);
    cmig_say(data, "audit head %s\n", head);
}

CmigRunObserver cmig_progress(CmigApp *app)
{
    return (CmigRunObserver){.planned = show_planned,
                             .step_started = show_started,
                             .step_finished = show_finished,
                             .working = show_working,
                             .note = show_note,
                             .waiting = show_waiting,
                             .recorded = show_recorded,
                             .data = app};
}
