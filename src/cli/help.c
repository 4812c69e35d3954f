/* Help for the terminal, made from the command records. No line is longer than 80 columns. */
#include "cli/doc.h"
#include "cmig/error.h"

#include <string.h>

enum {
    WIDTH = 80,
    NAMES_WIDTH = 28, /* longer names of an option get a line of their own */
};

/* Appends `text` from column `column` on, broken at spaces; further lines begin at `indent`. */
static void append_wrapped(GString *out, const char *text, glong column, guint indent)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
    gboolean first = TRUE;
    for (gsize i = 0; words[i] != NULL; i++) {
        glong length = g_utf8_strlen(words[i], -1);
        if (length == 0)
            continue;
        if (!first && column + 1 + length > WIDTH) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            column = (glong)indent;
        } else if (!first) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append(out, words[i]);
        column += length;
        first = FALSE;
    }
    g_string_append_c(out, '\n');
}

static void append_description(GString *out, const char *description)
{
    g_auto(GStrv) paragraphs = cmig_doc_paragraphs(description);
    for (gsize i = 0; paragraphs[i] != NULL; i++) {
        g_string_append_c(out, '\n');
        if (g_ascii_isspace(*paragraphs[i]))
            g_string_append_printf(out, "%s\n", paragraphs[i]);
        else
            append_wrapped(out, paragraphs[i], 0, 0);
    }
}

/* One line of a table: names on the left, text from column `left` on. */
static void append_row(GString *out, const char *names, const char *text, guint left)
{
    glong column = 2 + g_utf8_strlen(names, -1);
    g_string_append_printf(out, "  %s", names);
    if (column + 2 > (glong)left)
        g_string_append_printf(out, "\n%*s", (int)left, "");
    else
        g_string_append_printf(out, "%*s", (int)((glong)left - column), "");
    append_wrapped(out, text, (glong)left, left);
}

/* The names as the table shows them: long names stand below each other. */
static char *aligned_names(const GOptionEntry *entry)
{
    g_autofree char *names = cmig_doc_option_names(entry);
    return g_strdup_printf("%s%s", entry->short_name != '\0' ? "" : "    ", names);
}

static guint names_width(const GArray *entries)
{
    glong width = 0;
    for (guint i = 0; i < entries->len; i++) {
        g_autofree char *names = aligned_names(&g_array_index(entries, GOptionEntry, i));
        glong length = g_utf8_strlen(names, -1);
        if (length <= NAMES_WIDTH)
            width = MAX(width, length);
    }
    return (guint)width + 4;
}

static void append_options(GString *out, const char *heading, const GArray *entries)
{
    if (entries->len == 0)
        return;
    guint left = names_width(entries);
    g_string_append_printf(out, "\n%s:\n", heading);
    for (guint i = 0; i < entries->len; i++) {
        const GOptionEntry *entry = &g_array_index(entries, GOptionEntry, i);
        g_autofree char *names = aligned_names(entry);
        append_row(out, names, entry->description, left);
    }
}

/* The global options by name only; the overview explains them. */
static void append_global_names(GString *out, const CmigCommand *command)
{
    g_autoptr(GArray) entries = cmig_doc_global_options(command);
    g_autoptr(GString) list = g_string_new(NULL);
    for (guint i = 0; i < entries->len; i++) {
        const GOptionEntry *entry = &g_array_index(entries, GOptionEntry, i);
        g_string_append(list, i > 0 ? ", " : "");
        if (entry->short_name != '\0')
            g_string_append_printf(list, "-%c/", entry->short_name);
        g_string_append_printf(list, "--%s", entry->long_name);
        if (entry->arg_description != NULL)
            g_string_append_printf(list, "=%s", entry->arg_description);
    }
    g_string_append(out, "\nGlobal options (see `cmig help`):\n  ");
    append_wrapped(out, list->str, 2, 2);
}

static void append_examples(GString *out, const CmigExample *examples)
{
    g_string_append(out, "\nExamples:\n");
    for (; examples->command != NULL; examples++) {
        g_string_append_printf(out, "  %s\n      ", examples->command);
        append_wrapped(out, examples->meaning, 6, 6);
    }
}

static void append_exit_statuses(GString *out, const CmigCommand *command)
{
    g_string_append(out, "\nExit status:\n");
    for (const CmigExitStatus *known = cmig_exit_statuses; known->meaning != NULL; known++) {
        if (!cmig_doc_has_status(command, known->status))
            continue;
        g_autofree char *number = g_strdup_printf("%d", known->status);
        append_row(out, number, known->meaning, 7);
    }
}

static guint command_width(void)
{
    gsize width = 0;
    for (gsize i = 0; cmig_commands[i] != NULL; i++)
        width = MAX(width, strlen(cmig_commands[i]->name));
    return (guint)width + 4;
}

char *cmig_help_overview(void)
{
    g_autofree char *synopsis = cmig_doc_synopsis(NULL);
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "Usage: %s\n\n%s.\n", synopsis, cmig_doc_program_summary);
    guint left = command_width();
    const char *group = "";
    for (gsize i = 0; cmig_commands[i] != NULL; i++) {
        const CmigCommand *command = cmig_commands[i];
        if (strcmp(command->group, group) != 0)
            g_string_append_printf(out, "\n%s:\n", command->group);
        group = command->group;
        append_row(out, command->name, command->summary, left);
    }
    g_autoptr(GArray) entries = cmig_doc_global_options(NULL);
    append_options(out, "Options, before or after the command", entries);
    append_description(out, "`cmig help COMMAND` explains a command; `man cmig` and `man 5 "
                            "alembic.yml` are the manual.");
    return g_string_free(out, FALSE);
}

char *cmig_help_command(const CmigCommand *command)
{
    g_autofree char *synopsis = cmig_doc_synopsis(command);
    g_autoptr(GArray) entries = cmig_doc_options(command);
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "Usage: %s\n\n%s.\n", synopsis, command->summary);
    append_description(out, command->description);
    append_options(out, "Options", entries);
    append_global_names(out, command);
    append_examples(out, command->examples);
    append_exit_statuses(out, command);
    return g_string_free(out, FALSE);
}
