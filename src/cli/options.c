#include "cli/options.h"

#include "cli/commands.h"
#include "cli/consent.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

static struct {
    char *config;
    char *database_url;
    char *environment;
    char *lock_timeout;
    gboolean no_wait;
    GStrv chosen;     /* -n, of the last parse */
    GPtrArray *names; /* -n, of all, ended by NULL */
    gboolean keep_going;
    gboolean require_tls;
    GStrv assignments;     /* -x, of the last parse */
    GHashTable *variables; /* -x, of all */
    gboolean quiet;
    gboolean json;
    gboolean help;
    gboolean version;
} globals;

const GOptionEntry cmig_global_options[] = {
    {"config", 'c', 0, G_OPTION_ARG_FILENAME, &globals.config,
     "configuration file (default: alembic.yml here or in a parent folder)", "FILE"},
    {"database-url", 0, 0, G_OPTION_ARG_STRING, &globals.database_url,
     "database to use instead of the configured one; other users of the machine can read it in the "
     "process list, so prefer DATABASE_URL where the URL holds a password",
     "URL"},
    {"name", 'n', 0, G_OPTION_ARG_STRING_ARRAY, &globals.chosen,
     "a database of databases: in alembic.yml, several with several -n, all of them with -n all",
     "NAME"},
    {"keep-going", 0, 0, G_OPTION_ARG_NONE, &globals.keep_going,
     "with several databases: go on to the next one behind a failure", NULL},
    {"environment", 0, 0, G_OPTION_ARG_STRING, &globals.environment,
     "which environment this is, e.g. production", "NAME"},
    {"lock-timeout", 0, 0, G_OPTION_ARG_STRING, &globals.lock_timeout,
     "how long to wait for locks, another run's and those that statements need, e.g. 5min "
     "(default: 60s)",
     "DURATION"},
    {"no-wait", 0, 0, G_OPTION_ARG_NONE, &globals.no_wait,
     "give up at once when a lock is not to be had: --lock-timeout 0", NULL},
    {"require-tls", 0, 0, G_OPTION_ARG_NONE, &globals.require_tls,
     "connect by TLS with a verified certificate or not at all (sockets and SQLite excepted)",
     NULL},
    {"variable", 'x', 0, G_OPTION_ARG_FILENAME_ARRAY, &globals.assignments,
     "define a variable for sections with substitute=on; may be given several times; other users "
     "of the machine can read it in the process list, so put secrets under variables: in "
     "alembic.yml, as ${NAME}",
     "KEY=VALUE"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &globals.json, "print results as JSON", NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &globals.quiet, "print results and errors only", NULL},
    {"help", 'h', 0, G_OPTION_ARG_NONE, &globals.help, "show help and exit", NULL},
    {"version", 0, 0, G_OPTION_ARG_NONE, &globals.version, "show the version and exit", NULL},
    {0},
};

/* Marks an argument that begins with a minus and a digit, so that GOption leaves it alone. No real
 * argument can begin with this byte and survive: it is taken off again. */
static const char mark = '\001';

void cmig_options_release(void)
{
    g_clear_pointer(&globals.config, g_free);
    g_clear_pointer(&globals.database_url, g_free);
    g_clear_pointer(&globals.environment, g_free);
    g_clear_pointer(&globals.lock_timeout, g_free);
    g_clear_pointer(&globals.assignments, g_strfreev);
    g_clear_pointer(&globals.chosen, g_strfreev);
    g_clear_pointer(&globals.names, g_ptr_array_unref);
    g_clear_pointer(&globals.variables, g_hash_table_unref);
    cmig_consent_release();
}

static gboolean has_short_name(const GOptionEntry *entries, char short_name)
{
    for (; entries != NULL && entries->long_name != NULL; entries++)
        if (entries->short_name == short_name)
            return TRUE;
    return FALSE;
}

/* The command's entries, then the global ones; where both use a letter, it is the command's. The
 * caller frees the array; names are borrowed. */
static GArray *merge_entries(const CmigCommand *command)
{
    GArray *merged = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    const GOptionEntry *own = command != NULL ? command->options : NULL;
    for (const GOptionEntry *entry = own; entry != NULL && entry->long_name != NULL; entry++)
        g_array_append_vals(merged, entry, 1);
    for (const GOptionEntry *entry = cmig_global_options; entry->long_name != NULL; entry++) {
        GOptionEntry copy = *entry;
        if (has_short_name(own, copy.short_name))
            copy.short_name = 0;
        g_array_append_val(merged, copy);
    }
    return merged;
}

static const GOptionEntry *find_short(const GOptionEntry *entries, char short_name)
{
    for (; entries->long_name != NULL; entries++)
        if (entries->short_name == short_name)
            return entries;
    return NULL;
}

static const GOptionEntry *find_long(const GOptionEntry *entries, const char *name, gsize length)
{
    for (; entries->long_name != NULL; entries++)
        if (strlen(entries->long_name) == length && strncmp(entries->long_name, name, length) == 0)
            return entries;
    return NULL;
}

/* How long the part of `token` is that names options, when a value follows it directly (`-cFILE`)
 * or as the next token (`-c FILE`); 0 when it takes none. */
static gsize option_part(const GOptionEntry *entries, const char *token)
{
    if (token[0] != '-' || token[1] == '\0')
        return 0;
    if (token[1] == '-') {
        gsize length = strcspn(token + 2, "=");
        const GOptionEntry *entry = find_long(entries, token + 2, length);
        return entry != NULL && entry->arg != G_OPTION_ARG_NONE ? length + 2 : 0;
    }
    for (gsize idx = 1; token[idx] != '\0'; idx++) {
        const GOptionEntry *entry = find_short(entries, token[idx]);
        if (entry == NULL)
            return 0;
        if (entry->arg != G_OPTION_ARG_NONE)
            return idx + 1;
    }
    return 0;
}

/* GOption silently ignores the value of `--json=no`. */
static gboolean check_flag(const GOptionEntry *entries, const char *token, GError **error)
{
    const char *equals = g_str_has_prefix(token, "--") ? strchr(token, '=') : NULL;
    const GOptionEntry *entry =
        equals != NULL ? find_long(entries, token + 2, (gsize)(equals - token) - 2) : NULL;
    if (entry == NULL || entry->arg != G_OPTION_ARG_NONE)
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "--%s takes no value", entry->long_name);
    return FALSE;
}

/* A copy of `argv` in a form that GOption reads as everybody else: every argument like `-1` marked,
 * and a value that is written onto its short option (`-r-1:`) split from it. With
 * `stop_at_argument`, what follows the first argument is not looked at. */
static GStrv prepare(const GOptionEntry *entries, gboolean stop_at_argument, char **argv,
                     GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    gboolean is_value = FALSE;
    gboolean only_arguments = FALSE;
    for (gsize idx = 0; argv[idx] != NULL; idx++) {
        const char *token = argv[idx];
        gboolean plain = idx == 0 || is_value || only_arguments;
        is_value = FALSE;
        if (plain) {
            g_strv_builder_add(builder, token);
            continue;
        }
        if (token[0] == '-' && g_ascii_isdigit(token[1])) {
            g_autofree char *marked = g_strdup_printf("%c%s", mark, token);
            g_strv_builder_add(builder, marked);
            continue;
        }
        if (!check_flag(entries, token, error))
            return NULL;
        gsize part = option_part(entries, token);
        gboolean attached = part > 0 && token[part] != '\0' && token[1] != '-';
        g_autofree char *name = attached ? g_strndup(token, part) : g_strdup(token);
        g_strv_builder_add(builder, name);
        if (attached)
            g_strv_builder_add(builder, token + part);
        is_value = part > 0 && token[part] == '\0';
        only_arguments =
            strcmp(token, "--") == 0 || (stop_at_argument && (token[0] != '-' || token[1] == '\0'));
    }
    return g_strv_builder_end(builder);
}

/* Parses `argv` (its first element is the program or command) by the command's and the global
 * options. What is left, without the first element, is given as `rest`. */
static gboolean parse_with(const CmigCommand *command, gboolean stop_at_argument, char **argv,
                           GStrv *rest, GError **error)
{
    g_autoptr(GArray) entries = merge_entries(command);
    const GOptionEntry *table = (const GOptionEntry *)(void *)entries->data;
    g_auto(GStrv) left = prepare(table, stop_at_argument, argv, error);
    if (left == NULL)
        return FALSE;
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_strict_posix(context, stop_at_argument);
    g_option_context_add_main_entries(context, table, NULL);

    GError *problem = NULL;
    if (!g_option_context_parse_strv(context, &left, &problem)) {
        g_autofree char *shown = cmig_text_escape(problem->message);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "%c%s", g_ascii_tolower(shown[0]),
                    shown + (shown[0] != '\0'));
        cmig_error_set_hint(error, "see `cmig help%s%s`", command ? " " : "",
                            command ? command->name : "");
        g_error_free(problem);
        return FALSE;
    }
    GStrvBuilder *builder = g_strv_builder_new();
    gboolean separator = FALSE;
    for (gsize idx = 1; left[0] != NULL && left[idx] != NULL; idx++) {
        if (strcmp(left[idx], "--") == 0 && !separator && !stop_at_argument) {
            separator = TRUE;
            continue;
        }
        g_strv_builder_add(builder, left[idx] + (left[idx][0] == mark));
    }
    *rest = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    return TRUE;
}

/* The messages show nothing of what was given: it may be a secret without a name. */
static gboolean fail_assignment(const char *problem, GError **error)
{
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "-x: %s", problem);
    cmig_error_set_hint(error, "for example -x schema=billing; a name consists of letters, digits "
                               "and _ and does not begin with a digit");
    return FALSE;
}

/* The names of both parses; one that comes twice counts once. */
static void collect_names(void)
{
    g_auto(GStrv) chosen = g_steal_pointer(&globals.chosen);
    if (globals.names == NULL)
        globals.names = g_ptr_array_new_with_free_func(g_free);
    for (gsize idx = 0; chosen != NULL && chosen[idx] != NULL; idx++)
        if (!g_ptr_array_find_with_equal_func(globals.names, chosen[idx], g_str_equal, NULL))
            g_ptr_array_add(globals.names, g_strdup(chosen[idx]));
}

/* Takes over what the parser found after -x; the last one of a name counts. */
static gboolean collect_variables(GError **error)
{
    g_auto(GStrv) assignments = g_steal_pointer(&globals.assignments);
    if (globals.variables == NULL)
        globals.variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (gsize idx = 0; assignments != NULL && assignments[idx] != NULL; idx++) {
        const char *equals = strchr(assignments[idx], '=');
        if (equals == NULL)
            return fail_assignment("a variable is given as KEY=VALUE", error);
        g_autofree char *name = g_strndup(assignments[idx], (gsize)(equals - assignments[idx]));
        if (!cmig_text_is_variable_name(name))
            return fail_assignment("the part before the `=` is not a name", error);
        if (!g_utf8_validate(equals + 1, -1, NULL))
            return fail_assignment("the value is not valid UTF-8", error);
        g_hash_table_replace(globals.variables, g_steal_pointer(&name), g_strdup(equals + 1));
    }
    return TRUE;
}

/* The command line as one would type it, with an ellipsis for what may be a secret: the URL and the
 * values of variables. `*operands` is what begins with a "--", which no option can follow; it is
 * NULL when there is none. The caller frees both. */
static char *show_command(char **argv, char **operands)
{
    g_autoptr(GString) text = g_string_new("cmig");
    gsize end = 0;
    gboolean hide = FALSE;
    for (gsize idx = 1; argv[0] != NULL && argv[idx] != NULL; idx++) {
        const char *token = argv[idx];
        if (end == 0 && !hide && strcmp(token, "--") == 0)
            end = text->len;
        gboolean url = g_str_has_prefix(token, "--database-url");
        gboolean variable = g_str_has_prefix(token, "--variable") ||
                            (token[0] == '-' && token[1] != '-' && strchr(token, 'x') != NULL);
        const char *equals = strchr(token, '=');
        g_autofree char *word = cmig_text_shell_word(token);
        if (hide)
            g_string_append(text, " …");
        else if ((url || variable) && equals != NULL)
            g_string_append_printf(text, " %.*s=…", (int)(equals - token), token);
        else
            g_string_append_printf(text, " %s", word);
        hide = !hide && (url || variable) && equals == NULL;
    }
    *operands = end > 0 ? g_strdup(text->str + end) : NULL;
    return end > 0 ? g_strndup(text->str, end) : g_strdup(text->str);
}

static gboolean check_count(const CmigCommand *command, const GStrv arguments, GError **error)
{
    int count = (int)g_strv_length(arguments);
    if (count < command->min_arguments)
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "%s: too few arguments", command->name);
    else if (command->max_arguments >= 0 && count > command->max_arguments)
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "%s: too many arguments", command->name);
    else
        return TRUE;
    cmig_error_set_hint(error, "usage: cmig %s [OPTION…] %s", command->name, command->arguments);
    return FALSE;
}

/* Prints what --help or --version asks for; TRUE when one of them was given. */
static gboolean answer_help(const CmigCommand *command)
{
    if (globals.version) {
        cmig_out("cmig %s\n", CMIG_VERSION);
        return TRUE;
    }
    if (globals.help) {
        g_autofree char *text = command ? cmig_help_command(command) : cmig_help_overview();
        cmig_out("%s", text);
    }
    return globals.help;
}

gboolean cmig_options_parse(CmigApp *app, int argc, char **argv, GStrv *arguments, GError **error)
{
    g_auto(GStrv) rest = NULL;
    g_auto(GStrv) own = NULL;
    char *empty[] = {(char *)(guintptr) "cmig", NULL};
    if (!parse_with(NULL, TRUE, argc > 0 ? argv : empty, &rest, error) || !collect_variables(error))
        return FALSE;
    collect_names();
    if (answer_help(NULL))
        return TRUE;
    if (rest[0] == NULL) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "no command given");
        cmig_error_set_hint(error, "`cmig help` lists the commands");
        return FALSE;
    }
    const CmigCommand *command = NULL;
    if (!cmig_command_require(rest[0], &command, error) ||
        !parse_with(command, FALSE, rest, &own, error) || !collect_variables(error))
        return FALSE;
    collect_names();
    if (answer_help(command))
        return TRUE;
    if (!check_count(command, own, error) || !cmig_consent_check(error))
        return FALSE;
    if (globals.json && !(command->needs & CMIG_HAS_JSON)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "%s has no --json", command->name);
        return FALSE;
    }
    if (globals.names->len > 0 && globals.database_url != NULL) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                            "-n and --database-url exclude each other");
        return FALSE;
    }
    g_ptr_array_add(globals.names, NULL);
    app->names = (const char *const *)(void *)globals.names->pdata;
    app->keep_going = globals.keep_going;
    app->command = command;
    app->quiet = globals.quiet;
    app->json = globals.json;
    app->request = (CmigConfigRequest){.file = globals.config,
                                       .database_url = globals.database_url,
                                       .environment = globals.environment,
                                       .lock_timeout = globals.no_wait ? "0" : globals.lock_timeout,
                                       .require_tls = globals.require_tls,
                                       .variables = globals.variables};
    app->shown_command = show_command(argv, &app->shown_operands);
    *arguments = g_steal_pointer(&own);
    return TRUE;
}
