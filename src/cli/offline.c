#include "cli/offline.h"

#include "cmig/error.h"
#include "cmig/file.h"
#include "cmig/text.h"

CmigOfflineRequest cmig_offline_request;

gboolean cmig_offline_dialect(const CmigApp *app, CmigDialect *dialect, GError **error)
{
    const char *name = cmig_offline_request.dialect;
    if (app->json) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                            "--sql and --json exclude each other");
        return FALSE;
    }
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
    if (path == NULL) {
        fwrite(script->str, 1, script->len, stdout); /* errors are seen when it is closed */
        return TRUE;
    }
    if (!cmig_file_replace(path, script->str, (gssize)script->len, error))
        return FALSE;
    g_autofree char *shown = cmig_text_escape(path);
    cmig_say(app, "Written: %s\n", shown);
    return TRUE;
}
