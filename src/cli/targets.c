/* One command for several databases, one after the other, with a summary and the worst status. */
#include "cli/cli.h"

#include "cmig/error.h"

#include <stdio.h>

typedef struct {
    CmigApp app;
    gboolean begun;
    GError *error;
    json_t *result;
} Target;

static void target_free(gpointer data)
{
    Target *target = data;
    cmig_app_clear(&target->app);
    g_clear_error(&target->error);
    json_decref(target->result);
    g_free(target);
}

static int status_of(const GError *error)
{
    if (error == NULL)
        return 0;
    return error->domain == CMIG_ERROR ? cmig_error_exit_status(error->code) : 70;
}

/* From what needs a person most to what needs nobody. */
static const int severity[] = {70, 3, 130, 78, 77, 69, 75, 1, 4, 2, 0};

static int worst(int left, int right)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(severity); idx++)
        if (severity[idx] == left || severity[idx] == right)
            return severity[idx];
    return left;
}

/* All configurations, before the first database is opened. */
static gboolean load_all(const CmigApp *app, const char *const *names, GPtrArray *targets,
                         GError **error)
{
    for (; *names != NULL; names++) {
        Target *target = g_new0(Target, 1);
        target->app = *app;
        target->app.request.name = *names;
        g_ptr_array_add(targets, target);
        if (!cmig_app_load_config(&target->app, error)) {
            g_prefix_error(error, "%s: ", *names);
            return FALSE;
        }
    }
    return TRUE;
}

static void run_target(Target *target, char **arguments)
{
    CmigApp *app = &target->app;
    target->begun = TRUE;
    if (app->json)
        cmig_out_json_to(&target->result);
    else if (app->command->needs & CMIG_WRITES)
        cmig_say(app, "[%s]\n", app->request.name);
    else
        cmig_out("[%s]\n", app->request.name);
    gboolean ok = cmig_app_run(app, arguments, &target->error);
    cmig_out_json_to(NULL);
    g_assert(ok == (target->error == NULL));
    if (target->error != NULL)
        cmig_app_print_error(target->error);
}

static void print_json(const GPtrArray *targets)
{
    json_t *list = json_array();
    for (guint idx = 0; idx < targets->len; idx++) {
        Target *target = targets->pdata[idx];
        json_t *status = target->begun ? json_integer(status_of(target->error)) : json_null();
        const char *message = target->error != NULL ? target->error->message : NULL;
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:O?}", "name",
                            cmig_render_json_text(target->app.request.name), "status", status,
                            "error", cmig_render_json_text(message), "result", target->result));
    }
    cmig_out_json(list);
}

static void print_summary(const CmigApp *app, const GPtrArray *targets)
{
    cmig_say(app, "\n");
    for (guint idx = 0; idx < targets->len; idx++) {
        const Target *target = targets->pdata[idx];
        const CmigConfig *config = target->app.config;
        const CmigUrl *url = config != NULL ? config->url : NULL;
        const char *result = !target->begun          ? "not started"
                             : target->error == NULL ? "ok"
                                                     : target->error->message;
        cmig_say(app, "%s (%s): %s\n", target->app.request.name, url ? url->display : "no URL",
                 result);
    }
}

int cmig_targets_run(const CmigApp *app, const char *const *names, char **arguments)
{
    g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func(target_free);
    g_autoptr(GError) error = NULL;
    int status = 0;
    if (!load_all(app, names, targets, &error)) {
        cmig_app_print_error(error);
        return status_of(error);
    }
    /* What only looks is not dangerous behind a failure; what writes may be. */
    gboolean keep_going = app->keep_going || !(app->command->needs & CMIG_WRITES);
    for (guint idx = 0; idx < targets->len; idx++) {
        Target *target = targets->pdata[idx];
        run_target(target, arguments);
        int own = status_of(target->error);
        status = worst(status, own);
        if (own == 130 || (own != 0 && !keep_going))
            break;
    }
    if (app->json)
        print_json(targets);
    print_summary(app, targets);
    return status;
}
