/* Programs that run after a revision file was written: formatters, linters, `git add`. */
#include "script/internal.h"

#include "cmig/error.h"
#include "cmig/new_revision.h"
#include "cmig/text.h"

#include <string.h>
#include <unistd.h>

/* In the child, before exec: standard output is for cmig's results. */
static void output_to_stderr(gpointer data)
{
    (void)data;
    dup2(STDERR_FILENO, STDOUT_FILENO);
}

/* The hook's arguments with `{file}` replaced, or the path appended. No shell reads them. */
static GStrv make_arguments(const CmigHook *hook, const char *path)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    gboolean named = FALSE;
    for (gsize idx = 0; hook->argv[idx] != NULL; idx++) {
        g_auto(GStrv) parts = g_strsplit(hook->argv[idx], "{file}", -1);
        named = named || g_strv_length(parts) > 1;
        g_autofree char *argument = g_strjoinv(path, parts);
        g_strv_builder_add(builder, argument);
    }
    if (!named)
        g_strv_builder_add(builder, path);
    return g_strv_builder_end(builder);
}

static gboolean fail_hook(const CmigHook *hook, const char *path, const GError *cause,
                          GError **error)
{
    g_autofree char *name = cmig_text_escape(hook->name);
    g_autofree char *shown = cmig_text_escape(path);
    g_autofree char *reason = cmig_text_escape(cause->message);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "hook '%s' failed: %s", name, reason);
    cmig_error_set_detail(error, "the file was written and is kept: %s", shown);
    return FALSE;
}

static gboolean run_hook(const CmigConfig *config, const CmigHook *hook, const char *path,
                         GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_auto(GStrv) arguments = make_arguments(hook, path);
    int status = 0;
    if (!g_spawn_sync(hook->cwd != NULL ? hook->cwd : config->directory, arguments, NULL,
                      G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, output_to_stderr, NULL,
                      NULL, NULL, &status, &cause) ||
        !g_spawn_check_wait_status(status, &cause))
        return fail_hook(hook, path, cause, error);
    return TRUE;
}

gboolean cmig_hooks_run(const CmigConfig *config, const char *path,
                        void (*started)(const CmigHook *hook, gpointer data), gpointer data,
                        GError **error)
{
    for (guint idx = 0; config->hooks != NULL && idx < config->hooks->len; idx++) {
        const CmigHook *hook = g_ptr_array_index(config->hooks, idx);
        if (started != NULL)
            started(hook, data);
        if (!run_hook(config, hook, path, error))
            return FALSE;
    }
    return TRUE;
}
