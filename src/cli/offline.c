#include "cli/offline.h"

#include "cmig/error.h"
#include "cmig/file.h"
#include "cmig/text.h"

#include <string.h>

CmigOfflineRequest cmig_offline_request;

/* Who forgets --sql beside --output wants no run. */
gboolean cmig_offline_check_options(const CmigApp *app, guint databases, GError **error)
{
    const CmigOfflineRequest *request = &cmig_offline_request;
    const char *problem = NULL;
    if (!request->sql && request->output != NULL)
        problem = "--output is for --sql only";
    else if (!request->sql && request->dialect != NULL)
        problem = "--dialect is for --sql only";
    else if (request->sql && app->json)
        problem = "--sql and --json exclude each other";
    else if (request->sql && databases > 1)
        problem = "--sql is for one database: give -n once";
    if (problem == NULL)
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE, problem);
    if (!request->sql)
        cmig_error_set_hint(error, "nothing was run; add --sql to have the SQL instead of a run");
    return FALSE;
}

gboolean cmig_offline_dialect(const CmigApp *app, CmigDialect *dialect, GError **error)
{
    const char *name = cmig_offline_request.dialect;
    if (name == NULL && app->config->url != NULL) {
        *dialect = app->config->url->dialect;
        return TRUE;
    }
    if (name == NULL) {
        g_propagate_error(error, g_error_copy(app->config->url_error));
        cmig_error_set_hint(error, "with --sql, --dialect postgresql or --dialect sqlite will do");
        return FALSE;
    }
    if (cmig_dialect_parse(name, dialect))
        return TRUE;
    g_autofree char *shown = cmig_text_escape(name);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "there is no dialect \"%s\"", shown);
    cmig_error_set_hint(error, "postgresql, sqlite");
    return FALSE;
}

gboolean cmig_offline_write(const CmigApp *app, const GString *script, GError **error)
{
    const char *path = cmig_offline_request.output;
    if (path == NULL || strcmp(path, "-") == 0) {
        fwrite(script->str, 1, script->len, stdout); /* errors are seen when it is closed */
        return TRUE;
    }
    if (!cmig_file_replace(path, script->str, (gssize)script->len, error))
        return FALSE;
    g_autofree char *shown = cmig_text_escape(path);
    cmig_say(app, "Written: %s\n", shown);
    return TRUE;
}
