/* Manual pages in man(7), made from the command records and the configuration keys. They carry no
 * date, so that the same source always gives the same page. */
#include "cli/doc.h"
#include "cmig/error.h"

#include <string.h>

/* Lines of source stay below this, escapes included. */
enum { SOURCE_WIDTH = 72 };

/* Appends `text` (`length` bytes) so that roff shows it as it is. */
static void append_escaped(GString *out, const char *text, gsize length)
{
    static const struct {
        gunichar character;
        const char *roff;
    } special[] = {
        {'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"}, {'`', "\\(ga"},
        {'^', "\\(ha"}, {'~', "\\(ti"}, {'"', "\\(dq"}, /* so that text may stand in a quoted
                                                           argument */
    };
    if (length > 0 && *text == '.')
        g_string_append(out, "\\&");
    for (const char *at = text; at < text + length; at += g_utf8_skip[*(const guchar *)at]) {
        gunichar character = g_utf8_get_char(at);
        const char *roff = NULL;
        for (gsize i = 0; i < G_N_ELEMENTS(special); i++)
            roff = special[i].character == character ? special[i].roff : roff;
        if (roff != NULL)
            g_string_append(out, roff);
        else if (character > 0x7e)
            g_string_append_printf(out, "\\[u%04X]", character);
        else
            g_string_append_unichar(out, character);
    }
}

static char *escape(const char *text)
{
    GString *out = g_string_new(NULL);
    append_escaped(out, text, strlen(text));
    return g_string_free(out, FALSE);
}

/* Appends a word; backticks in it switch bold on and off. */
static void append_word(GString *out, const char *word, gboolean *bold)
{
    while (TRUE) {
        gsize length = strcspn(word, "`");
        append_escaped(out, word, length);
        if (word[length] == '\0')
            return;
        *bold = !*bold;
        g_string_append(out, *bold ? "\\fB" : "\\fP");
        word += length + 1;
    }
}

static gboolean ends_sentence(const char *word)
{
    gsize length = strlen(word);
    if (strcmp(word, "e.g.") == 0 || strcmp(word, "i.e.") == 0)
        return FALSE;
    return length > 1 && (word[length - 1] == '.' || g_str_has_suffix(word, ".)"));
}

/* A paragraph of running text; every sentence begins on a line of its own. */
static void append_text(GString *out, const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
    gboolean bold = FALSE;
    gsize column = 0;
    for (gsize i = 0; words[i] != NULL; i++) {
        g_autoptr(GString) word = g_string_new(NULL);
        append_word(word, words[i], &bold);
        if (word->len == 0)
            continue;
        if (column > 0 && column + 1 + word->len > SOURCE_WIDTH) {
            g_string_append_c(out, '\n');
            column = 0;
        }
        g_string_append_printf(out, "%s%s", column > 0 ? " " : "", word->str);
        column += 1 + word->len;
        if (ends_sentence(words[i])) {
            g_string_append_c(out, '\n');
            column = 0;
        }
    }
    if (column > 0)
        g_string_append_c(out, '\n');
}

static void append_section(GString *out, const char *title)
{
    g_string_append_printf(out, ".SH %s\n", title);
}

/* A term with its explanation. */
static void append_term(GString *out, const char *term, const char *text)
{
    g_autofree char *escaped = escape(term);
    g_string_append_printf(out, ".TP\n\\fB%s\\fP\n", escaped);
    append_text(out, text);
}

static void append_verbatim(GString *out, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_string_append(out, ".nf\n");
    for (gsize i = 0; lines[i] != NULL; i++) {
        append_escaped(out, lines[i], strlen(lines[i]));
        g_string_append_c(out, '\n');
    }
    g_string_append(out, ".fi\n");
}

static void append_description(GString *out, const char *description)
{
    g_auto(GStrv) paragraphs = cmig_doc_paragraphs(description);
    for (gsize i = 0; paragraphs[i] != NULL; i++) {
        if (i > 0)
            g_string_append(out, ".PP\n");
        if (g_ascii_isspace(*paragraphs[i]))
            append_verbatim(out, paragraphs[i]);
        else
            append_text(out, paragraphs[i]);
    }
}

static void append_head(GString *out, const char *title, const char *section, const char *name,
                        const char *summary)
{
    g_autofree char *upper = g_ascii_strup(title, -1);
    g_autofree char *escaped_title = escape(upper);
    g_autofree char *escaped_name = escape(name);
    g_autofree char *escaped_summary = escape(summary);
    g_string_append_printf(out, ".TH %s %s \"\" \"cmig %s\" \"cmig manual\"\n", escaped_title,
                           section, CMIG_VERSION);
    append_section(out, "NAME");
    g_string_append_printf(out, "%s \\- %s\n", escaped_name, escaped_summary);
}

static void append_options(GString *out, const GArray *entries)
{
    for (guint i = 0; i < entries->len; i++) {
        const GOptionEntry *entry = &g_array_index(entries, GOptionEntry, i);
        g_autofree char *names = cmig_doc_option_names(entry);
        append_term(out, names, entry->description);
    }
}

static void append_all_options(GString *out, const CmigCommand *command)
{
    g_autoptr(GArray) global = cmig_doc_global_options(command);
    append_section(out, "OPTIONS");
    if (command != NULL) {
        g_autoptr(GArray) own = cmig_doc_options(command);
        append_options(out, own);
    }
    append_options(out, global);
}

static void append_commands(GString *out)
{
    const char *group = "";
    append_section(out, "COMMANDS");
    for (gsize i = 0; cmig_commands[i] != NULL; i++) {
        const CmigCommand *command = cmig_commands[i];
        if (strcmp(command->group, group) != 0)
            g_string_append_printf(out, ".SS %s\n", command->group);
        group = command->group;
        g_autofree char *synopsis = g_strdup_printf("%s %s", command->name, command->arguments);
        append_term(out, g_strchomp(synopsis), command->summary);
    }
}

static void append_examples(GString *out, const CmigExample *examples)
{
    append_section(out, "EXAMPLES");
    for (; examples->command != NULL; examples++)
        append_term(out, examples->command, examples->meaning);
}

static void append_exit_statuses(GString *out, const CmigCommand *command)
{
    append_section(out, "EXIT STATUS");
    for (const CmigExitStatus *known = cmig_exit_statuses; known->meaning != NULL; known++) {
        if (!cmig_doc_has_status(command, known->status))
            continue;
        g_autofree char *number = g_strdup_printf("%d", known->status);
        append_term(out, number, known->meaning);
    }
}

static const CmigExample variables[] = {
    {"ALEMBIC_CONFIG, CMIG_CONFIG", "The configuration file when `--config` is not given."},
    {"DATABASE_URL",
     "The database, unless the command line or the configuration names another; see "
     "`alembic.yml`(5)."},
    {"DIRECT_URL",
     "The same database without its connection pooler, used instead of DATABASE_URL."},
    {"CMIG_ENV, ENVIRONMENT, APP_ENV",
     "The name of the environment; the first one that is set counts. Which names are "
     "production, tells `cmig-environment`(1)."},
    {"CI",
     "With `true`, a server whose host name is one label counts as ci and not as production, as "
     "long as no environment is declared."},
    {"CMIG_LOCK_TIMEOUT, CMIG_STATEMENT_TIMEOUT",
     "Come before lock_timeout and statement_timeout of alembic.yml."},
    {"CMIG_CONNECT_TIMEOUT, CMIG_REQUIRE_TLS",
     "Come before connect_timeout and require_tls of alembic.yml."},
    {"CONFIRM_PRODUCTION_MIGRATION",
     "Set to `true` for one run, it confirms that this run may change a production database. Any "
     "other value is an error. It does not count in a .env file."},
    {"GITHUB_WORKSPACE",
     "The checkout in a workflow of GitHub Actions, from which `cmig check --format github` names "
     "files."},
    {"VISUAL, EDITOR", "The editor of `cmig edit`."},
    {"NO_COLOR", "When not empty, messages have no colours."},
    {NULL, NULL},
};

static const CmigExample files[] = {
    {"alembic.yml", "The configuration, in the working directory or a folder above it."},
    {".env", "Variables for the configuration, beside it."},
    {"migrations/", "The revision files, unless `script_location` names another folder."},
    {NULL, NULL},
};

static void append_table(GString *out, const char *title, const CmigExample *rows)
{
    append_section(out, title);
    for (; rows->command != NULL; rows++)
        append_term(out, rows->command, rows->meaning);
}

/* The program's page names all commands, a command's page those of its group. */
static void append_see_also(GString *out, const CmigCommand *command)
{
    append_section(out, "SEE ALSO");
    if (command != NULL)
        g_string_append(out, ".BR cmig (1),\n");
    for (gsize i = 0; cmig_commands[i] != NULL; i++) {
        const CmigCommand *other = cmig_commands[i];
        if (other == command || (command != NULL && strcmp(other->group, command->group) != 0))
            continue;
        g_autofree char *name = escape(other->name);
        g_string_append_printf(out, ".BR cmig\\-%s (1),\n", name);
    }
    g_string_append(out, ".BR alembic.yml (5)\n");
}

char *cmig_man_command(const CmigCommand *command)
{
    g_autofree char *name =
        command != NULL ? g_strdup_printf("cmig-%s", command->name) : g_strdup("cmig");
    g_autofree char *synopsis = cmig_doc_synopsis(command);
    g_autofree char *escaped_synopsis = escape(synopsis);
    GString *out = g_string_new(NULL);
    append_head(out, name, "1", name,
                command != NULL ? command->summary : cmig_doc_program_summary);
    append_section(out, "SYNOPSIS");
    g_string_append_printf(out, "%s\n", escaped_synopsis);
    append_section(out, "DESCRIPTION");
    append_description(out, command != NULL ? command->description : cmig_doc_program_description);
    if (command == NULL)
        append_commands(out);
    append_all_options(out, command);
    append_examples(out, command != NULL ? command->examples : cmig_doc_program_examples);
    append_exit_statuses(out, command);
    append_table(out, "ENVIRONMENT", variables);
    append_table(out, "FILES", files);
    append_see_also(out, command);
    return g_string_free(out, FALSE);
}

static const char configuration_description[] =
    "cmig reads `alembic.yml` from the working directory or the nearest folder above it; `--config "
    "FILE`, `ALEMBIC_CONFIG` or `CMIG_CONFIG` name another file. Without any, the defaults below "
    "hold, and `DATABASE_URL` names the database. The file is YAML: one mapping of the keys below. "
    "Unknown keys, duplicate keys, anchors, aliases and tags are errors, with line and column. "
    "Relative paths are relative to the file.";

static const char configuration_values[] =
    "In every value `${NAME}` is replaced by the variable NAME, and it is an error when there is "
    "none. `${NAME:-DEFAULT}` gives DEFAULT when NAME is unset or empty; DEFAULT may contain such "
    "forms itself. `${NAME:?MESSAGE}` stops with MESSAGE then. `$$` is a dollar sign; a `$` that "
    "begins none of these forms is kept.\n\n"
    "Variables come from the process's environment, else from the `.env` files. What is replaced "
    "is the value's text, after the YAML was read: a variable cannot add keys.";

static const char configuration_dotenv[] =
    "One assignment a line, `NAME=value`, with an optional `export` before it. Empty lines and "
    "lines that begin with `#` are skipped. A bare value ends before a space followed by `#`; "
    "trailing spaces are dropped. In single quotes everything stands for itself. In double quotes "
    "`\\n`, `\\r`, `\\t`, `\\\"`, `\\\\` and `\\$` are known. `$` is never expanded, and a value "
    "does not go over several lines. The last assignment of a name in a file wins; among several "
    "files the first. A file that `env_files` lists must exist unless its name ends in `?`.";

static const char configuration_variables[] =
    "`variables` maps names, of letters, digits and _, to values. A section of a revision file "
    "that "
    "begins with `-- cmig:upgrade substitute=on` or `-- cmig:downgrade substitute=on` refers to "
    "them "
    "as `:name` (the value as it stands), `:'name'` (a string) and `:\"name\"` (a quoted name); "
    "see "
    "`cmig-upgrade`(1). `-x NAME=VALUE` comes before the file, whose value is then not looked at. "
    "A null value is none: `-x` must give it. Names that no section uses do no harm.\n\n"
    "A value given with `-x` can be read in the process list. A secret is written `${NAME}` here; "
    "messages of cmig show no value, but an error message of the server may quote the statement it "
    "is about.";

static const char configuration_precedence[] =
    "A command-line option goes before the process's environment, this before the `.env` files, "
    "these before the configuration file, and this before the default.\n\n"
    "The database URL is, in this order: `--database-url`; `database_url` or `database` of the "
    "configuration file when a variable that is set went into it; `DATABASE_URL` of the process; "
    "`DATABASE_URL` of a `.env` file; what the configuration file says without variables, or with "
    "the DEFAULT of one. A `DATABASE_URL` that is set but empty is an error. In production a URL "
    "that comes from a DEFAULT is refused.\n\n"
    "The environment, which says whether this is production, is `--environment`, else `CMIG_ENV`, "
    "`ENVIRONMENT` or `APP_ENV` of the process, else of a `.env` file, else `environment` of the "
    "configuration file.";

static const char configuration_urls[] =
    "PostgreSQL: every URL and keyword string that libpq takes, and SQLAlchemy's forms, such as "
    "`postgresql+asyncpg://user:password@host/name`; the driver's name is dropped. SQLite: "
    "`sqlite:///relative/path`, `sqlite:////absolute/path`. A `database` mapping is for those "
    "whose "
    "passwords hold any character: its values need no encoding. No message shows a password.";

static const char configuration_example[] = "  script_location: migrations\n"
                                            "  database_url: ${DATABASE_URL:?is not set}\n"
                                            "  lock_timeout: 5min\n"
                                            "  hooks:\n"
                                            "    - name: format\n"
                                            "      command: [pg_format, -i, \"{file}\"]";

/* `path; default: migrations; variable: X`, then the summary. */
static void append_key(GString *out, const CmigConfigKeyDoc *key)
{
    g_autoptr(GString) text = g_string_new(key->summary);
    if (text->len > 0 && text->str[text->len - 1] != '.')
        g_string_append_c(text, '.');
    g_string_append_printf(text, " Type: %s.", key->type);
    if (key->fallback != NULL && *key->fallback != '\0')
        g_string_append_printf(text, " Default: `%s`.", key->fallback);
    if (key->environment != NULL)
        g_string_append_printf(text, " Overridden by `%s`.", key->environment);
    append_term(out, key->name, text->str);
}

char *cmig_man_configuration(void)
{
    static const CmigExample sections[] = {
        {"VALUES", configuration_values},
        {".ENV FILES", configuration_dotenv},
        {"VARIABLES OF SQL", configuration_variables},
        {"PRECEDENCE", configuration_precedence},
        {"DATABASE URLS", configuration_urls},
        {"EXAMPLES", configuration_example},
    };
    GString *out = g_string_new(NULL);
    append_head(out, "alembic.yml", "5", "alembic.yml", "configuration of cmig");
    append_section(out, "DESCRIPTION");
    append_description(out, configuration_description);
    append_section(out, "KEYS");
    for (const CmigConfigKeyDoc *key = cmig_config_key_docs(); key->name != NULL; key++)
        append_key(out, key);
    for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
        append_section(out, sections[i].command);
        append_description(out, sections[i].meaning);
    }
    append_table(out, "ENVIRONMENT", variables);
    append_table(out, "FILES", files);
    append_section(out, "SEE ALSO");
    g_string_append(out, ".BR cmig (1)\n");
    return g_string_free(out, FALSE);
}
