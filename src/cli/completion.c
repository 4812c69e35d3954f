/* Completion scripts, made from the command records. The scripts ask `cmig help --targets` for
 * revisions: that reads file headers, never connects and never complains. */
#include "cli/doc.h"

#include <string.h>

/* What can stand where a placeholder stands: a fixed kind, or words separated by `|`. */
static const struct {
    const char *placeholder;
    const char *kind;
} kinds[] = {
    {"REVISION", "targets"}, {"TARGET", "targets"},     {"START:END", "targets"},
    {"FILE", "files"},       {"FOLDER", "directories"}, {"DIRECTORY", "directories"},
    {"COMMAND", "commands"},
};

/* The kind of the first placeholder in `text`, e.g. `[COMMAND]` or `REVISION…`; "nothing" when
 * there is none to offer. The caller frees. */
static char *kind_of(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz:|";
    const char *start = text != NULL ? text + strcspn(text, allowed) : "";
    g_autofree char *word = g_strndup(start, strspn(start, allowed));
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kinds[i].placeholder, word) == 0)
            return g_strdup(kinds[i].kind);
    }
    return strchr(word, '|') != NULL ? g_steal_pointer(&word) : g_strdup("nothing");
}

/* `text` as a word in single quotes, for any of the shells. */
static char *quote(const char *text, const char *quoted_quote)
{
    g_auto(GStrv) parts = g_strsplit(text, "'", -1);
    g_autofree char *joined = g_strjoinv(quoted_quote, parts);
    return g_strdup_printf("'%s'", joined);
}

/* Own and global options of a command; the global ones of the program for NULL. */
static GArray *all_options(const CmigCommand *command)
{
    GArray *global = cmig_doc_global_options(command);
    if (command == NULL)
        return global;
    GArray *all = cmig_doc_options(command);
    g_array_append_vals(all, global->data, global->len);
    g_array_unref(global);
    return all;
}

static gboolean takes_value(const GOptionEntry *entry)
{
    return entry->arg != G_OPTION_ARG_NONE;
}

/* --- bash --- */

static const char bash_head[] =
    "# bash completion for cmig, made by `cmig completion bash`\n"
    "\n"
    "# Sets what the command $1 takes: options, kinds of their values, kind of its arguments.\n"
    "_cmig_describe() {\n"
    "    case ${1//_/-} in\n";

static const char bash_tail[] =
    "    *) options='' valued='' arguments=nothing ;;\n"
    "    esac\n"
    "}\n"
    "\n"
    "# Adds the lines of standard input that begin with $1. Nothing is expanded.\n"
    "_cmig_match() {\n"
    "    local candidate\n"
    "    while IFS=$'\\t' read -r candidate _; do\n"
    "        [[ -n $candidate && $candidate == \"$1\"* ]] && COMPREPLY+=(\"$candidate\")\n"
    "    done\n"
    "}\n"
    "\n"
    "# Offers what the kind $1 stands for and begins with $2.\n"
    "_cmig_offer() {\n"
    "    local program=${COMP_WORDS[0]}\n"
    "    case $1 in\n"
    "    commands) _cmig_match \"$2\" < <(printf '%s\\n' \"${_cmig_commands// /$'\\n'}\") ;;\n"
    "    targets) _cmig_match \"$2\" < <(\"$program\" help --targets 2>/dev/null) ;;\n"
    "    files | directories)\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen \"-${1:0:1}\" -- \"$2\")\n"
    "        ;;\n"
    "    *'|'*) _cmig_match \"$2\" < <(printf '%s\\n' \"${1//'|'/$'\\n'}\") ;;\n"
    "    esac\n"
    "}\n"
    "\n"
    "# Sets pending to the kind of the value that the option $1 waits for.\n"
    "_cmig_await() {\n"
    "    local entry\n"
    "    for entry in $valued; do\n"
    "        [[ ${entry%%=*} == \"$1\" ]] && pending=${entry#*=}\n"
    "    done\n"
    "}\n"
    "\n"
    "# Readline breaks words at = and : too, so that both arrive as words.\n"
    "_cmig() {\n"
    "    local options valued arguments command='' pending='' last='' word index\n"
    "    local current=${COMP_WORDS[COMP_CWORD]}\n"
    "    COMPREPLY=()\n"
    "    _cmig_describe ''\n"
    "    for ((index = 1; index < COMP_CWORD; index++)); do\n"
    "        word=${COMP_WORDS[index]}\n"
    "        if [[ $word == '=' ]]; then\n"
    "            continue\n"
    "        elif [[ $word == ':' ]]; then\n"
    "            pending=$last\n"
    "        elif [[ -n $pending ]]; then\n"
    "            last=$pending pending=''\n"
    "        elif [[ $word == -* ]]; then\n"
    "            last=''\n"
    "            _cmig_await \"$word\"\n"
    "        elif [[ -z $command ]]; then\n"
    "            command=$word\n"
    "            _cmig_describe \"$command\"\n"
    "        fi\n"
    "    done\n"
    "    [[ $current == ':' ]] && pending=$last\n"
    "    [[ $current == [=:] ]] && current=''\n"
    "    if [[ -n $pending ]]; then\n"
    "        _cmig_offer \"$pending\" \"$current\"\n"
    "    elif [[ $current == -* ]]; then\n"
    "        _cmig_match \"$current\" < <(printf '%s\\n' \"${options// /$'\\n'}\")\n"
    "    else\n"
    "        _cmig_offer \"$arguments\" \"$current\"\n"
    "    fi\n"
    "}\n"
    "complete -F _cmig cmig\n";

/* One option's names into `names`, and with its kind into `valued` when it takes a value. */
static void collect_bash_option(const GOptionEntry *entry, GString *names, GString *valued)
{
    g_autofree char *kind = kind_of(entry->arg_description);
    const char short_name[] = {'-', entry->short_name, '\0'};
    g_autofree char *long_name = g_strdup_printf("--%s", entry->long_name);
    const char *const all[] = {long_name, entry->short_name != '\0' ? short_name : NULL, NULL};
    for (gsize i = 0; all[i] != NULL; i++) {
        g_string_append_printf(names, "%s%s", names->len > 0 ? " " : "", all[i]);
        if (takes_value(entry))
            g_string_append_printf(valued, "%s%s=%s", valued->len > 0 ? " " : "", all[i], kind);
    }
}

static void bash_command(GString *out, const CmigCommand *command)
{
    g_autoptr(GArray) entries = all_options(command);
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GString) valued = g_string_new(NULL);
    for (guint i = 0; i < entries->len; i++)
        collect_bash_option(&g_array_index(entries, GOptionEntry, i), names, valued);
    g_autofree char *kind = kind_of(command != NULL ? command->arguments : "COMMAND");
    g_string_append_printf(out,
                           "    %s)\n        options='%s'\n        valued='%s'\n"
                           "        arguments='%s'\n        ;;\n",
                           command != NULL ? command->name : "''", names->str, valued->str, kind);
}

static void bash_begin(GString *out)
{
    g_string_append(out, bash_head);
    bash_command(out, NULL);
}

static void bash_end(GString *out)
{
    g_string_append(out, bash_tail);
    g_string_append(out, "_cmig_commands='");
    for (gsize i = 0; cmig_commands[i] != NULL; i++)
        g_string_append_printf(out, "%s%s", i > 0 ? " " : "", cmig_commands[i]->name);
    g_string_append(out, "'\n");
}

/* --- zsh --- */

static const char zsh_head[] =
    "#compdef cmig\n"
    "# zsh completion for cmig, made by `cmig completion zsh`\n"
    "\n"
    "_cmig_targets() {\n"
    "    local -a targets\n"
    "    targets=(${(f)\"$($cmig_program help --targets 2>/dev/null)\"})\n"
    "    targets=(\"${(@)targets//$'\\t'/:}\")\n"
    "    _describe -t targets target targets\n"
    "}\n"
    "\n";

static const char zsh_middle[] = "    )\n"
                                 "    _describe -t commands command commands\n"
                                 "}\n"
                                 "\n"
                                 "_cmig() {\n"
                                 "    local curcontext=$curcontext state cmig_program=$words[1]\n"
                                 "    local -a line\n";

/* `text` as an explanation of _arguments, which ends at a bracket. */
static char *zsh_explanation(const char *text)
{
    GString *out = g_string_new(NULL);
    for (; *text != '\0'; text++) {
        if (*text == '[' || *text == ']' || *text == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *text);
    }
    return g_string_free(out, FALSE);
}

/* `:message:action` for a value or argument of the given kind. */
static char *zsh_action(const char *kind)
{
    static const struct {
        const char *kind;
        const char *action;
    } actions[] = {
        {"targets", ":target:_cmig_targets"},
        {"files", ":file:_files"},
        {"directories", ":folder:_files -/"},
        {"commands", ":command:_cmig_commands"},
        {"nothing", ":value: "},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
        if (strcmp(actions[i].kind, kind) == 0)
            return g_strdup(actions[i].action);
    }
    g_autofree char *words = g_strdelimit(g_strdup(kind), "|", ' ');
    return g_strdup_printf(":value:(%s)", words);
}

static void append_zsh_option(GString *out, const GOptionEntry *entry)
{
    gboolean repeats = entry->arg == G_OPTION_ARG_STRING_ARRAY;
    g_autofree char *kind = kind_of(entry->arg_description);
    g_autofree char *action = takes_value(entry) ? zsh_action(kind) : g_strdup("");
    g_autofree char *explanation = zsh_explanation(entry->description);
    g_autofree char *text = g_strdup_printf("[%s]%s", explanation, action);
    g_autofree char *quoted = quote(text, "'\\''");
    const char *value = takes_value(entry) ? "=" : "";
    g_string_append(out, " \\\n            ");
    if (repeats)
        g_string_append_printf(out, "'*'--%s%s%s", entry->long_name, value, quoted);
    else if (entry->short_name != '\0')
        g_string_append_printf(out, "'(-%c --%s)'{-%c%s,--%s%s}%s", entry->short_name,
                               entry->long_name, entry->short_name, *value ? "+" : "",
                               entry->long_name, value, quoted);
    else
        g_string_append_printf(out, "--%s%s%s", entry->long_name, value, quoted);
}

static void append_zsh_options(GString *out, const CmigCommand *command)
{
    g_autoptr(GArray) entries = all_options(command);
    for (guint i = 0; i < entries->len; i++)
        append_zsh_option(out, &g_array_index(entries, GOptionEntry, i));
}

static void zsh_begin(GString *out)
{
    g_string_append(out, zsh_head);
    g_string_append(out, "_cmig_commands() {\n    local -a commands\n    commands=(\n");
    for (gsize i = 0; cmig_commands[i] != NULL; i++) {
        g_autofree char *text =
            g_strdup_printf("%s:%s", cmig_commands[i]->name, cmig_commands[i]->summary);
        g_autofree char *quoted = quote(text, "'\\''");
        g_string_append_printf(out, "        %s\n", quoted);
    }
    g_string_append(out, zsh_middle);
    g_string_append(out, "    _arguments -C");
    append_zsh_options(out, NULL);
    g_string_append(out, " \\\n            '1:command:_cmig_commands' '*::argument:->argument' && "
                         "return\n    case ${line[1]//_/-} in\n");
}

static void zsh_command(GString *out, const CmigCommand *command)
{
    g_autofree char *kind = kind_of(command->arguments);
    g_autofree char *action = zsh_action(kind);
    g_string_append_printf(out, "    %s)\n        _arguments", command->name);
    append_zsh_options(out, command);
    if (command->max_arguments != 0)
        g_string_append_printf(out, " \\\n            '%s%s'",
                               command->max_arguments < 0 ? "*" : "1", action);
    g_string_append(out, "\n        ;;\n");
}

static void zsh_end(GString *out)
{
    g_string_append(out, "    esac\n}\n\n"
                         "if [[ $funcstack[1] == _cmig ]]; then\n    _cmig \"$@\"\n"
                         "elif (( $+functions[compdef] )); then\n    compdef _cmig cmig\nfi\n");
}

/* --- fish --- */

static const char fish_head[] = "# fish completion for cmig, made by `cmig completion fish`\n"
                                "\n"
                                "function __cmig_targets\n"
                                "    set -l words (commandline -opc)\n"
                                "    command $words[1] help --targets 2>/dev/null\n"
                                "end\n"
                                "\n"
                                "complete -c cmig -f\n";

/* What -a, -F or -x says of a value or argument of the given kind. */
static char *fish_words(const char *kind)
{
    if (strcmp(kind, "targets") == 0)
        return g_strdup(" -a '(__cmig_targets)'");
    if (strcmp(kind, "directories") == 0)
        return g_strdup(" -a '(__fish_complete_directories)'");
    if (strcmp(kind, "files") == 0)
        return g_strdup(" -F");
    if (strchr(kind, '|') == NULL && strcmp(kind, "commands") != 0)
        return g_strdup("");
    GString *words = g_string_new(" -a '");
    if (strchr(kind, '|') != NULL) {
        g_autofree char *list = g_strdelimit(g_strdup(kind), "|", ' ');
        g_string_append(words, list);
    }
    for (gsize i = 0; strchr(kind, '|') == NULL && cmig_commands[i] != NULL; i++)
        g_string_append_printf(words, "%s%s", i > 0 ? " " : "", cmig_commands[i]->name);
    g_string_append_c(words, '\'');
    return g_string_free(words, FALSE);
}

static char *fish_condition(const CmigCommand *command)
{
    return command != NULL ? g_strdup_printf("'__fish_seen_subcommand_from %s'", command->name)
                           : g_strdup("__fish_use_subcommand");
}

static void append_fish_options(GString *out, const CmigCommand *command)
{
    g_autoptr(GArray) entries = all_options(command);
    g_autofree char *condition = fish_condition(command);
    for (guint i = 0; i < entries->len; i++) {
        const GOptionEntry *entry = &g_array_index(entries, GOptionEntry, i);
        g_autofree char *kind = kind_of(entry->arg_description);
        g_autofree char *words = takes_value(entry) ? fish_words(kind) : g_strdup("");
        g_autofree char *text = quote(entry->description, "\\'");
        g_string_append_printf(out, "complete -c cmig -n %s -l %s", condition, entry->long_name);
        if (entry->short_name != '\0')
            g_string_append_printf(out, " -s %c", entry->short_name);
        g_string_append_printf(out, "%s%s -d %s\n", takes_value(entry) ? " -r" : "", words, text);
    }
}

static void fish_begin(GString *out)
{
    g_string_append(out, fish_head);
    append_fish_options(out, NULL);
}

static void fish_command(GString *out, const CmigCommand *command)
{
    g_autofree char *text = quote(command->summary, "\\'");
    g_autofree char *kind = kind_of(command->arguments);
    g_autofree char *words = fish_words(kind);
    g_string_append_printf(out, "\ncomplete -c cmig -n __fish_use_subcommand -a %s -d %s\n",
                           command->name, text);
    if (*words != '\0')
        g_string_append_printf(out, "complete -c cmig -n '__fish_seen_subcommand_from %s'%s\n",
                               command->name, words);
    append_fish_options(out, command);
}

static void fish_end(GString *out G_GNUC_UNUSED)
{
}

char *cmig_completion(const char *shell)
{
    static const struct {
        const char *shell;
        void (*begin)(GString *out);
        void (*command)(GString *out, const CmigCommand *command);
        void (*end)(GString *out);
    } writers[] = {
        {"bash", bash_begin, bash_command, bash_end},
        {"zsh", zsh_begin, zsh_command, zsh_end},
        {"fish", fish_begin, fish_command, fish_end},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(writers); i++) {
        if (strcmp(writers[i].shell, shell) != 0)
            continue;
        GString *out = g_string_new(NULL);
        writers[i].begin(out);
        for (gsize j = 0; cmig_commands[j] != NULL; j++)
            writers[i].command(out, cmig_commands[j]);
        writers[i].end(out);
        return g_string_free(out, FALSE);
    }
    return NULL;
}
