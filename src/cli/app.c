/* From the command line to an exit status: finds the command, parses options, loads what the
 * command needs, runs it, and prints the one error. */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/offline.h"
#include "cli/options.h"

#include "cmig/error.h"
#include "cmig/guard.h"
#include "cmig/interrupt.h"
#include "cmig/script.h"
#include "cmig/terminal.h"
#include "cmig/text.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void cmig_out(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stdout, format, args);
    va_end(args);
}

static json_t **json_sink;

void cmig_out_json_to(json_t **sink)
{
    json_sink = sink;
}

void cmig_out_json(json_t *value)
{
    if (json_sink != NULL) {
        json_decref(*json_sink);
        *json_sink = value;
        return;
    }
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
    fputc('\n', stdout);
    json_decref(value);
}

void cmig_say(const CmigApp *app, const char *format, ...)
{
    if (app->quiet)
        return;
    va_list args;
    va_start(args, format);
    fflush(stdout);
    vfprintf(stderr, format, args);
    va_end(args);
}

/* Prints `text` after `label`, further lines indented to stay below it. */
static void print_labelled(const char *label, const char *text)
{
    g_autofree char *shown = cmig_text_escape_block(text);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(shown), "\n", -1);
    for (gsize idx = 0; lines[idx] != NULL; idx++)
        fprintf(stderr, "  %*s%s\n", (int)strlen(label), idx == 0 ? label : "", lines[idx]);
}

void cmig_app_print_error(const GError *error)
{
    gboolean colour = cmig_terminal_has_colour(STDERR_FILENO);
    g_autofree char *message = cmig_text_escape(error->message);
    g_autoptr(GString) place = g_string_new(NULL);
    if (cmig_error_file(error) != NULL) {
        g_autofree char *file = cmig_text_escape(cmig_error_file(error));
        g_string_append(place, file);
        if (cmig_error_line(error) > 0)
            g_string_append_printf(place, ":%u", cmig_error_line(error));
        if (cmig_error_column(error) > 0)
            g_string_append_printf(place, ":%u", cmig_error_column(error));
        g_string_append(place, ": ");
    }
    fflush(stdout);
    fprintf(stderr, "cmig: %serror:%s %s%s", colour ? "\033[1;31m" : "", colour ? "\033[0m" : "",
            place->str, message);
    if (cmig_error_sqlstate(error) != NULL)
        fprintf(stderr, " (SQLSTATE %s)", cmig_error_sqlstate(error));
    fputc('\n', stderr);
    if (cmig_error_detail(error) != NULL)
        print_labelled("detail: ", cmig_error_detail(error));
    if (cmig_error_hint(error) != NULL)
        print_labelled("hint: ", cmig_error_hint(error));
}

static void print_notice(const char *severity, const char *message, gpointer data)
{
    const CmigApp *app = data;
    g_autofree char *escaped = cmig_text_escape(message);
    g_autofree char *shown = cmig_text_hide(escaped, app->config->secrets);
    cmig_progress_break(data);
    cmig_say(data, "%s: %s\n", severity, shown);
}

gboolean cmig_app_connect(CmigApp *app, GError **error)
{
    app->version_table = cmig_version_table(app->config);
    CmigDbSettings settings = {
        .version_table = &app->version_table,
        .audit_table = cmig_audit_table_name,
        .connect_timeout = app->config->connect_timeout,
        .connect_deadline = app->connect_deadline,
        .require_tls = app->config->require_tls,
        .session_pooler = app->config->session_pooler,
        .statement_timeout = app->config->statement_timeout,
        .lock_timeout = app->config->lock_timeout,
        .notice = print_notice,
        .notice_data = app,
    };
    return cmig_db_open(app->config->url, &settings, &app->db, error);
}

gboolean cmig_app_open_database(CmigApp *app, GError **error)
{
    return app->db != NULL ||
           (cmig_guard_check_target(app->config, error) && cmig_app_connect(app, error));
}

/* A section that a run left half done is nothing to keep quiet about. */
static void warn_open(const CmigApp *app, const CmigAuditOpen *open)
{
    if (open == NULL)
        return;
    g_autofree char *id = cmig_text_escape(open->revision);
    g_autofree char *direction = cmig_text_escape(open->direction);
    cmig_say(app, "Warning: the %s of %s was left behind statement %u of %u; see `cmig repair`\n",
             direction, id, open->statement, open->statements);
}

gboolean cmig_app_read_rows(CmigApp *app, GPtrArray **rows, GError **error)
{
    g_autoptr(CmigAuditOpen) open = NULL;
    if (!cmig_app_open_database(app, error) ||
        !cmig_run_read_rows(app->db, app->config, rows, &open, error))
        return FALSE;
    warn_open(app, open);
    return TRUE;
}

gboolean cmig_app_current(CmigApp *app, GPtrArray **revisions, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    if (!cmig_app_read_rows(app, &rows, error))
        return FALSE;
    return cmig_graph_resolve_rows(app->graph, rows, revisions, error);
}

static guint needs_of(const CmigApp *app)
{
    gboolean offline = app->command->offline != NULL && *app->command->offline;
    return app->command->needs & ~(guint)(offline ? CMIG_NEEDS_DATABASE : 0);
}

gboolean cmig_app_load_config(CmigApp *app, GError **error)
{
    guint needs = needs_of(app);
    GError **problem = needs & CMIG_TELLS_CONFIG ? &app->config_error : error;
    if ((needs & CMIG_NEEDS_CONFIG) && !cmig_config_load(&app->request, &app->config, problem))
        return (needs & CMIG_TELLS_CONFIG) != 0;
    /* A bad URL is said before thousands of files are read, and nothing is opened. */
    return !(needs & CMIG_NEEDS_DATABASE) || cmig_guard_check_target(app->config, error);
}

gboolean cmig_app_run(CmigApp *app, char **arguments, GError **error)
{
    guint needs = needs_of(app);
    if ((needs & CMIG_NEEDS_GRAPH) && !cmig_script_load_graph(app->config, &app->graph, error))
        return FALSE;
    if ((needs & CMIG_NEEDS_DATABASE) && !cmig_app_open_database(app, error))
        return FALSE;
    gboolean ok = app->command->run(app, arguments, error);
    cmig_db_close(app->db);
    app->db = NULL;
    return ok;
}

void cmig_app_clear(CmigApp *app)
{
    cmig_db_close(app->db);
    cmig_graph_free(app->graph);
    cmig_config_free(app->config);
    g_clear_error(&app->config_error);
    app->db = NULL;
    app->graph = NULL;
    app->config = NULL;
}

/* A full disk or closed pipe must not look like success. */
static gboolean close_stdout(GError **error)
{
    /* A write that failed earlier may have lost its errno; trying once more tells the reason. */
    gboolean failed = ferror(stdout) != 0;
    errno = 0;
    if (failed)
        fputc('\n', stdout);
    if (fflush(stdout) == 0 && !failed)
        return TRUE;
    if (errno != EPIPE) /* the reader had enough: `cmig history | head` */
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "cannot write standard output: %s",
                    errno != 0 ? g_strerror(errno) : "write error");
    return errno == EPIPE;
}

/* `all` stands for every name of the configuration. NULL for one database. The caller frees. */
static gboolean choose_names(CmigApp *app, GStrv *names, GError **error)
{
    gboolean all = app->names != NULL && g_strv_contains(app->names, "all");
    guint count = app->names != NULL ? g_strv_length((GStrv)(guintptr)app->names) : 0;
    *names = NULL;
    if (!(app->command->needs & CMIG_NEEDS_CONFIG))
        return TRUE;
    if (count == 0 || (count == 1 && !all)) {
        app->request.name = count == 1 ? app->names[0] : NULL;
        return TRUE;
    }
    if (app->command->needs & CMIG_ONE_DATABASE) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "%s is for one database: give -n once",
                    app->command->name);
        return FALSE;
    }
    g_autoptr(CmigConfig) config = NULL;
    if (!cmig_config_load(&app->request, &config, error)) {
        gboolean tells = (app->command->needs & CMIG_TELLS_CONFIG) != 0;
        if (tells) /* it will find the same, and the names are not known */
            g_clear_error(error);
        return tells;
    }
    *names = all ? g_strdupv(config->database_names) : g_strdupv((GStrv)(guintptr)app->names);
    if ((*names)[0] != NULL)
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "there are no databases to choose");
    cmig_error_set_hint(error, "name them under databases: in alembic.yml");
    return FALSE;
}

/* The exit status that is not an error's is 0. */
static int dispatch(CmigApp *app, int argc, char **argv, GError **error)
{
    g_auto(GStrv) arguments = NULL;
    g_auto(GStrv) names = NULL;
    if (!cmig_options_parse(app, argc, argv, &arguments, error))
        return 70;
    if (app->command == NULL) /* --help or --version was all that was asked */
        return 0;
    if (!choose_names(app, &names, error) ||
        !cmig_offline_check_options(app, names != NULL ? g_strv_length(names) : 1, error))
        return 70;
    if (names != NULL)
        return cmig_targets_run(app, (const char *const *)(void *)names, arguments);
    return cmig_app_load_config(app, error) && cmig_app_run(app, arguments, error) ? 0 : 70;
}

/* A file that takes the number of a closed standard stream, the connection to the server say, would
 * receive what is printed. */
static void occupy_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* Results must go somewhere: writing them stays an error. */
        int opened = open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
        g_assert(opened < 0 || opened == fd);
    }
}

int cmig_main(int argc, char **argv)
{
    occupy_standard_files();
    CmigApp app = {0};
    GError *error = NULL;
    setlocale(LC_CTYPE, "");
    cmig_interrupt_install();

    int status = dispatch(&app, argc, argv, &error);
    if (error == NULL && status == 0 && !close_stdout(&error))
        status = 70;
    if (error != NULL) {
        cmig_app_print_error(error);
        status = error->domain == CMIG_ERROR ? cmig_error_exit_status(error->code) : 70;
    }
    g_clear_error(&error);
    cmig_app_clear(&app);
    g_free(app.shown_command);
    g_free(app.shown_operands);
    cmig_options_release();
    return status;
}
