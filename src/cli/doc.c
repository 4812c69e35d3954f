/* Reads the command records for those who document them, and holds what is said of the program as a
 * whole. */
#include "cli/doc.h"

#include <string.h>

const char cmig_doc_program_summary[] = "Schema migrations in plain SQL, for PostgreSQL and SQLite";

const char cmig_doc_program_description[] =
    "cmig keeps a database's schema under version control. Revisions are SQL files in a folder; "
    "each names the one it revises, so that they form a history that may fork and merge. `cmig "
    "upgrade head` brings a database to the newest revision, `cmig downgrade -1` takes the last "
    "one back. The version table, the revision ids and the command line are Alembic's.\n\n"
    "The database is the one that DATABASE_URL or alembic.yml names. Every step runs in one "
    "transaction with its change of the version table: it is there whole or not at all.\n\n"
    "Results go to standard output, everything else to standard error.";

const CmigExample cmig_doc_program_examples[] = {
    {"cmig init", "start a project"},
    {"cmig revision -m \"add agents table\"", "write the next revision file"},
    {"cmig upgrade head", "bring the database to the newest revision"},
    {"cmig current", "show where the database stands"},
    {"cmig downgrade -1", "take the last revision back"},
    {NULL, NULL},
};

char *cmig_doc_synopsis(const CmigCommand *command)
{
    if (command == NULL)
        return g_strdup("cmig [OPTION…] COMMAND [ARGUMENT…]");
    return g_strdup_printf("cmig %s [OPTION…]%s%s", command->name, *command->arguments ? " " : "",
                           command->arguments);
}

static gboolean uses_letter(const CmigCommand *command, char letter)
{
    const GOptionEntry *entry = command != NULL ? command->options : NULL;
    for (; entry != NULL && entry->long_name != NULL; entry++) {
        if (letter != '\0' && entry->short_name == letter)
            return TRUE;
    }
    return FALSE;
}

GArray *cmig_doc_options(const CmigCommand *command)
{
    GArray *entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    const GOptionEntry *entry = command->options;
    for (; entry != NULL && entry->long_name != NULL; entry++) {
        if (!(entry->flags & G_OPTION_FLAG_HIDDEN))
            g_array_append_vals(entries, entry, 1);
    }
    return entries;
}

GArray *cmig_doc_global_options(const CmigCommand *command)
{
    GArray *entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    for (const GOptionEntry *entry = cmig_global_options; entry->long_name != NULL; entry++) {
        GOptionEntry copy = *entry;
        gboolean is_json = strcmp(copy.long_name, "json") == 0;
        if (is_json && command != NULL && !(command->needs & CMIG_HAS_JSON))
            continue;
        if (uses_letter(command, copy.short_name))
            copy.short_name = '\0';
        if (!(copy.flags & G_OPTION_FLAG_HIDDEN))
            g_array_append_val(entries, copy);
    }
    return entries;
}

char *cmig_doc_option_names(const GOptionEntry *entry)
{
    GString *names = g_string_new(NULL);
    if (entry->short_name != '\0')
        g_string_append_printf(names, "-%c, ", entry->short_name);
    g_string_append_printf(names, "--%s", entry->long_name);
    if (entry->arg_description != NULL)
        g_string_append_printf(names, "=%s", entry->arg_description);
    return g_string_free(names, FALSE);
}

gboolean cmig_doc_has_status(const CmigCommand *command, int status)
{
    if (command == NULL || status == 0 || status == 2)
        return TRUE;
    for (const int *known = command->exit_statuses; *known != 0; known++) {
        if (*known == status)
            return TRUE;
    }
    return FALSE;
}

GStrv cmig_doc_paragraphs(const char *description)
{
    return g_strsplit(description, "\n\n", -1);
}
