/* What `cmig doctor` says before it connects: versions, configuration, files, environment. */
#include "cli/doctor.h"

#include "cmig/error.h"
#include "cmig/guard.h"
#include "cmig/project_vcs.h"
#include "cmig/script.h"
#include "cmig/sql.h"
#include "cmig/text.h"
#include "cmig/vcs.h"

#include <string.h>
#include <sys/utsname.h>

enum { MAX_SHOWN = 10 }; /* of a list that may be long */

void cmig_doctor_versions(CmigApp *app G_GNUC_UNUSED, GPtrArray *report)
{
    struct utsname system;
    g_autofree char *name = g_get_os_info(G_OS_INFO_KEY_PRETTY_NAME);
    cmig_report_add(report, "cmig", NULL, "%s", CMIG_VERSION);
    cmig_db_add_libraries(report);
    g_autofree char *git = cmig_vcs_library_version();
    cmig_report_add(report, "libgit2", NULL, "%s", git);
    cmig_report_add(report, "libpg_query", NULL, "PostgreSQL %s", cmig_sql_parser());
    if (uname(&system) == 0)
        cmig_report_add(report, "system", NULL, "%s%s%s %s %s", name ? name : "", name ? ", " : "",
                        system.sysname, system.release, system.machine);
}

/* How the configuration file was found. */
static const char *file_source(const CmigApp *app)
{
    static const char *const variables[] = {"CMIG_CONFIG", "ALEMBIC_CONFIG"};
    if (app->request.file != NULL)
        return "-c";
    for (gsize idx = 0; idx < G_N_ELEMENTS(variables); idx++) {
        const char *value = g_getenv(variables[idx]);
        if (value != NULL && *value != '\0')
            return variables[idx];
    }
    return "found here or in a folder above";
}

/* A key without value and default goes to `unset`. Whether it became a line. */
static gboolean add_key(const CmigConfig *config, const char *key, GString *unset,
                        GPtrArray *report)
{
    const CmigConfigOrigin *origin = g_hash_table_lookup(config->origins, key);
    if (origin == NULL)
        return FALSE;
    gboolean is_default = g_strcmp0(origin->source, "default") == 0;
    gboolean wanted = strcmp(key, "database_url") == 0 && config->url_origin == CMIG_ORIGIN_NONE;
    if (origin->value == NULL && is_default && !wanted) {
        g_string_append_printf(unset, "%s%s", unset->len > 0 ? ", " : "", key);
        return FALSE;
    }
    cmig_report_add(report, key, origin->source, "%s",
                    origin->value != NULL ? origin->value
                    : is_default          ? "not set"
                                          : "cannot be used");
    return TRUE;
}

/* A URL that is there but bad is a problem also where no database is wanted. */
static void add_url_problem(const CmigApp *app, const char *key, GPtrArray *report)
{
    const CmigConfig *config = app->config;
    gboolean offline = app->command->offline != NULL && *app->command->offline;
    gboolean missing = config->url_origin == CMIG_ORIGIN_NONE;
    const CmigConfigOrigin *origin = g_hash_table_lookup(config->origins, key);
    if (config->url_error != NULL && origin->value == NULL && !(missing && offline))
        cmig_report_error(report, config->url_error);
}

void cmig_doctor_configuration(CmigApp *app, GPtrArray *report)
{
    static const char *const urls[] = {"database_url", "direct_url", "database", NULL};
    const CmigConfig *config = app->config;
    if (config == NULL) {
        cmig_report_add(report, "file", NULL, "cannot be used");
        cmig_report_error(report, app->config_error);
        return;
    }
    if (config->file != NULL) {
        cmig_report_add(report, "file", file_source(app), "%s", config->file);
    } else {
        cmig_report_add(report, "file", NULL, "none");
        cmig_report_problem(report,
                            "`cmig init` makes one; name one that is elsewhere with -c FILE or "
                            "CMIG_CONFIG",
                            "there is no alembic.yml in %s or in a folder above it",
                            config->directory);
    }
    cmig_report_add(report, "folder", NULL, "%s", config->directory);
    if (config->name != NULL)
        cmig_report_add(report, "database", "-n", "%s", config->name);
    g_autoptr(GString) unset = g_string_new(NULL);
    for (const CmigConfigKeyDoc *key = cmig_config_key_docs(); key->name != NULL; key++)
        if (add_key(config, key->name, unset, report) && g_strv_contains(urls, key->name))
            add_url_problem(app, key->name, report);
    cmig_report_add(report, "not set", NULL, "%s", unset->str);
}

static void add_survey(const CmigSurvey *survey, GPtrArray *report)
{
    cmig_report_add(report, "folder", NULL, "%s, %u revision file%s", survey->folder, survey->files,
                    survey->files == 1 ? "" : "s");
    if (survey->problem != NULL)
        cmig_report_error(report, survey->problem);
    for (guint idx = 0; idx < MIN(survey->broken->len, MAX_SHOWN); idx++) {
        const GError *problem = survey->broken->pdata[idx];
        const char *path = cmig_error_file(problem);
        g_autofree char *name = g_path_get_basename(path != NULL ? path : survey->folder);
        cmig_report_add(report, "file", NULL, "%s", path != NULL ? name : "not readable");
        cmig_report_error(report, problem);
    }
    if (survey->broken->len > MAX_SHOWN)
        cmig_report_add(report, "file", NULL, "%u more with problems",
                        survey->broken->len - MAX_SHOWN);
}

/* What is no revision file: only a name that looks as if it were meant to be one is a problem. */
static void add_strange(const CmigSurvey *survey, GPtrArray *report)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint idx = 0; idx < survey->strange->len; idx++) {
        const char *name = survey->strange->pdata[idx];
        g_autofree char *lower = g_ascii_strdown(name, -1);
        if (g_str_has_suffix(lower, ".sql")) {
            cmig_report_add(report, "file", NULL, "%s", name);
            cmig_report_problem(report, "rename it so that it ends with .sql",
                                "it is not read: its name does not end with .sql");
        } else if (idx < MAX_SHOWN) {
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
        }
    }
    if (survey->strange->len > MAX_SHOWN)
        g_string_append(names, ", …");
    if (names->len > 0)
        cmig_report_add(report, "not read", NULL, "%s", names->str);
}

static gboolean is_known(const GPtrArray *surveys, const GError *problem)
{
    for (guint idx = 0; idx < surveys->len; idx++) {
        const CmigSurvey *survey = surveys->pdata[idx];
        if (survey->problem != NULL)
            return TRUE;
        for (guint file = 0; file < survey->broken->len; file++)
            if (strcmp(((const GError *)survey->broken->pdata[file])->message, problem->message) ==
                0)
                return TRUE;
    }
    return FALSE;
}

static void add_heads(const CmigGraph *graph, GPtrArray *report)
{
    const GPtrArray *heads = cmig_graph_real_heads(graph);
    g_autofree char *ids = cmig_revision_names(heads);
    cmig_report_add(report, "revisions", NULL, "%u", cmig_graph_size(graph));
    cmig_report_add(report, "heads", NULL, "%s", heads->len > 0 ? ids : "none");
}

void cmig_doctor_files(CmigApp *app, GPtrArray *report)
{
    g_autoptr(GError) problem = NULL;
    if (app->config == NULL) {
        cmig_report_add(report, "folder", NULL, "not looked at: the configuration says where");
        return;
    }
    g_autoptr(GPtrArray) surveys = cmig_script_survey(app->config);
    for (guint idx = 0; idx < surveys->len; idx++) {
        add_survey(surveys->pdata[idx], report);
        add_strange(surveys->pdata[idx], report);
    }
    if (cmig_script_load_graph(app->config, &app->graph, &problem)) {
        add_heads(app->graph, report);
        return;
    }
    cmig_report_add(report, "revisions", NULL, "not loaded");
    if (!is_known(surveys, problem))
        cmig_report_error(report, problem);
}

void cmig_doctor_verdict(const CmigApp *app, const CmigEnvironment *environment, GPtrArray *report)
{
    const char *needed =
        environment->kind == CMIG_ENVIRONMENT_OTHER        ? "not needed, unless data is lost"
        : environment->kind != CMIG_ENVIRONMENT_PRODUCTION ? "not needed, unless much data is lost"
        : app->config->guard.only_destructive              ? "needed from level 2 on"
                                                           : "needed before anything is written";
    cmig_report_add(report, "counts as", environment->reason, "%s",
                    environment->kind == CMIG_ENVIRONMENT_PRODUCTION ? "production"
                                                                     : environment->name);
    cmig_report_add(report, "confirmation", NULL, "%s", needed);
}

void cmig_doctor_environment(CmigApp *app, GPtrArray *report)
{
    g_autoptr(GError) problem = NULL;
    g_auto(CmigEnvironment) found = {0};
    if (app->config == NULL) {
        cmig_report_add(report, "environment", NULL, "not known: the configuration says which");
        return;
    }
    cmig_report_add(report, "environment", app->config->environment_source, "%s",
                    app->config->environment != NULL ? app->config->environment : "not declared");
    if (app->config->url == NULL || !cmig_guard_environment(app->config, NULL, &found, NULL))
        cmig_report_add(report, "counts as", NULL, "not known");
    else
        cmig_doctor_verdict(app, &found, report);
    if (app->config->url != NULL && !cmig_guard_check_target(app->config, &problem))
        cmig_report_error(report, problem);
}

static void add_work_tree(const CmigVcs *vcs, const CmigConfig *config, GPtrArray *report)
{
    g_autoptr(GError) problem = NULL;
    g_auto(CmigVcsState) state = {0};
    cmig_report_add(report, "repository", NULL, "%s", cmig_vcs_top(vcs));
    if (!cmig_project_vcs_state(config, vcs, &state, &problem)) {
        cmig_report_error(report, problem);
        return;
    }
    cmig_report_add(report, "branch", NULL, "%s", state.branch ? state.branch : "none (detached)");
    cmig_report_add(report, "commit", NULL, "%s", state.commit ? state.commit : "none yet");
    cmig_report_add(report, "revision files", NULL, "%s",
                    state.dirty ? "not as in the commit" : "as in the commit");
    if (state.dirty && config->guard.require_committed)
        cmig_report_problem(report, "commit them",
                            "guard.require_committed keeps them from "
                            "production");
}

void cmig_doctor_git(CmigApp *app, GPtrArray *report)
{
    const CmigConfig *config = app->config;
    g_autoptr(GError) problem = NULL;
    g_autoptr(CmigVcs) vcs = NULL;
    if (config == NULL) {
        cmig_report_add(report, "repository", NULL, "not looked at");
        return;
    }
    if (!cmig_project_vcs_open(config, &vcs, &problem)) {
        cmig_report_add(report, "repository", NULL, "cannot be used");
        cmig_report_error(report, problem);
    } else if (vcs == NULL) {
        cmig_report_add(report, "repository", NULL, "none");
        if (cmig_guard_needs_git(config))
            cmig_report_problem(report, "put the revision files into a git repository",
                                "the guard asks for git");
    } else {
        add_work_tree(vcs, config, report);
    }
}
