/* The production guard's decisions. It opens nothing and changes nothing. */
#include "cmig/guard.h"

#include "cmig/error.h"
#include "cmig/text.h"

static const char confirm_variable[] = "CONFIRM_PRODUCTION_MIGRATION";

CmigEnvironment cmig_guard_environment(const CmigConfig *config)
{
    static const char *const production_names[] = {"production", "prod"};
    CmigEnvironment environment = {.name = config->environment,
                                   .source = config->environment_source};
    for (gsize idx = 0; config->environment != NULL && idx < G_N_ELEMENTS(production_names); idx++)
        if (g_ascii_strcasecmp(config->environment, production_names[idx]) == 0)
            environment.production = TRUE;
    return environment;
}

gboolean cmig_guard_check_target(const CmigConfig *config, GError **error)
{
    if (config->url == NULL) {
        g_propagate_error(error, g_error_copy(config->url_error));
        return FALSE;
    }
    /* A typo such as TRUE or 1 must not pass for a confirmation, nor for none. */
    const char *confirmed = g_getenv(confirm_variable);
    if (confirmed != NULL && *confirmed != '\0' && g_strcmp0(confirmed, "true") != 0) {
        g_autofree char *shown = cmig_text_escape(confirmed);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "%s must be exactly \"true\", not \"%s\"",
                    confirm_variable, shown);
        cmig_error_set_hint(error, "unset it, or set it to true for the one run that it confirms");
        return FALSE;
    }
    CmigEnvironment environment = cmig_guard_environment(config);
    if (environment.production && config->url_origin == CMIG_ORIGIN_FILE_DEFAULT) {
        g_autofree char *source = cmig_text_escape(config->url_source);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "in production the database URL must be given, but %s fell back to its default",
                    source);
        cmig_error_set_hint(error, "set DATABASE_URL (or the variable that alembic.yml names), or "
                                   "give --database-url");
        return FALSE;
    }
    return TRUE;
}

gboolean cmig_guard_check_write(const CmigConfig *config, const char *what, GError **error)
{
    CmigEnvironment environment = cmig_guard_environment(config);
    if (!environment.production || g_strcmp0(g_getenv(confirm_variable), "true") == 0)
        return TRUE;
    g_autofree char *source = cmig_text_escape(environment.source);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_REFUSED,
                "refused: %s of the production database %s is not confirmed", what,
                config->url->display);
    cmig_error_set_detail(error, "%s declares the environment \"%s\"; nothing was changed", source,
                          environment.name);
    if (g_hash_table_contains(config->env, confirm_variable))
        cmig_error_set_hint(error,
                            "%s in a .env file does not count; put it before the command: "
                            "%s=true cmig …",
                            confirm_variable, confirm_variable);
    else
        cmig_error_set_hint(error, "to go ahead, run the same command with %s=true before it",
                            confirm_variable);
    return FALSE;
}
