/* cmig wait: until the database lets in and answers. */
#include "cli/commands.h"
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/guard.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"

enum {
    FIRST_PAUSE = G_USEC_PER_SEC / 10,
    LAST_PAUSE = G_USEC_PER_SEC,
    SAY_EVERY = 10 * G_USEC_PER_SEC,
    ATTEMPT_SECONDS = 5, /* a server that takes longer is asked again */
};

static char *timeout_text;

static gboolean read_timeout(guint *milliseconds, GError **error)
{
    g_autofree char *text = g_steal_pointer(&timeout_text);
    GError *problem = NULL;
    if (cmig_duration_parse(text != NULL ? text : "60s", milliseconds, &problem))
        return TRUE;
    problem->code = CMIG_ERROR_USAGE;
    g_propagate_prefixed_error(error, problem, "--timeout: ");
    return FALSE;
}

/* A real login and a query: a server that is starting accepts connections before it lets anybody
 * in, and so does a proxy before it has a server. */
static gboolean try_once(CmigApp *app, gint64 deadline, GError **error)
{
    gint64 seconds = MAX(app->config->connect_timeout, ATTEMPT_SECONDS);
    app->connect_deadline = cmig_clock_monotonic() + seconds * G_USEC_PER_SEC;
    if (deadline > 0)
        app->connect_deadline = MIN(app->connect_deadline, deadline);
    if (!cmig_app_open_database(app, error))
        return FALSE;
    gboolean answers = cmig_db_ping(app->db, error);
    g_clear_pointer(&app->db, cmig_db_close);
    return answers;
}

/* A database that does not exist may be on its way: a container's first start creates it last. */
static gboolean may_pass(const GError *problem)
{
    static const int passing[] = {CMIG_ERROR_UNAVAILABLE, CMIG_ERROR_TRY_AGAIN, CMIG_ERROR_FAILED};
    for (gsize idx = 0; idx < G_N_ELEMENTS(passing); idx++)
        if (g_error_matches(problem, CMIG_ERROR, passing[idx]))
            return !cmig_error_is_lasting(problem);
    return FALSE;
}

static char *describe(const GError *problem)
{
    const char *detail = cmig_error_detail(problem);
    g_autofree char *text =
        g_strconcat(problem->message, detail != NULL ? ": " : NULL, detail, NULL);
    return cmig_text_escape(text);
}

static void set_late(const CmigApp *app, gint64 waited, const GError *problem, GError **error)
{
    g_autofree char *reason = describe(problem);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE,
                "the database is not ready after %.1f s: %s", (double)waited / G_USEC_PER_SEC,
                app->config->url->display);
    cmig_error_set_sqlstate(error, cmig_error_sqlstate(problem));
    cmig_error_set_detail(error, "%s", reason);
    if (cmig_error_hint(problem) != NULL)
        cmig_error_set_hint(error, "%s", cmig_error_hint(problem));
}

static gboolean run(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    guint timeout = 0;
    if (!read_timeout(&timeout, error) || !cmig_guard_check_target(app->config, error))
        return FALSE;
    gint64 start = cmig_clock_monotonic();
    gint64 deadline = timeout > 0 ? start + (gint64)timeout * 1000 : 0;
    gint64 said = 0;
    for (gint64 pause = FIRST_PAUSE;; pause = MIN(pause * 3 / 2, LAST_PAUSE)) {
        g_autoptr(GError) problem = NULL;
        gboolean ready = try_once(app, deadline, &problem);
        gint64 now = cmig_clock_monotonic();
        if (ready && said > 0)
            cmig_say(app, "Ready after %.1f s.\n", (double)(now - start) / G_USEC_PER_SEC);
        if (ready)
            return TRUE;
        if (!may_pass(problem)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return FALSE;
        }
        gint64 left = deadline - now;
        if (left < FIRST_PAUSE) {
            set_late(app, now - start, problem, error);
            return FALSE;
        }
        if (said == 0 || now - said >= SAY_EVERY) {
            g_autofree char *reason = describe(problem);
            cmig_say(app, "Waiting: %s\n", reason);
            said = now;
        }
        /* The last attempt gets some time, so that its end is not only that time was up. */
        cmig_interrupt_sleep(MIN(pause, left - FIRST_PAUSE / 2));
        if (cmig_interrupt_check(error))
            return FALSE;
    }
}

static const GOptionEntry options[] = {
    {"timeout", 't', 0, G_OPTION_ARG_STRING, &timeout_text,
     "how long to wait, e.g. 5min (default: 60s); 0 = one attempt", "DURATION"},
    {0},
};

static const CmigExample examples[] = {
    {"cmig wait && cmig upgrade head", "in the start script of a container"},
    {"cmig wait --timeout 5min --quiet", "longer, and without a word unless it fails"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_wait = {
    .name = "wait",
    .group = CMIG_GROUP_LOOK,
    .arguments = "",
    .summary = "Wait until the database can be used",
    .description =
        "Ends with 0 as soon as the database lets in the user of the database URL and answers a "
        "query, where a check of the port alone would be content with a server that is still "
        "starting. A server that refuses connections, is starting up, is full, does not answer or "
        "whose host name is not known yet is asked again, ten times a second at first and once a "
        "second later, and so is one that does not have the database yet. One line says what is "
        "missing when the waiting begins, and every 10 seconds.\n\n"
        "What waiting does not heal ends it at once: a login that is refused, a certificate that "
        "cannot be verified, a configuration that is wrong.\n\n"
        "A SQLite database can be used when its folder exists.",
    .examples = examples,
    .exit_statuses = (const int[]){69, 78, 130, 0},
    .needs = CMIG_NEEDS_CONFIG,
    .options = options,
    .run = run,
};
