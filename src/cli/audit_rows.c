/* Records of the audit log as text and as JSON. */
#include "cli/audit_rows.h"

#include "cmig/text.h"

#include <string.h>

enum { WHAT_WIDTH = 60 };

json_t *cmig_audit_row_to_json(const CmigAuditRow *row)
{
    json_t *object = json_object();
    for (guint idx = 0; idx < CMIG_COLUMNS; idx++) {
        const char *cell = row->cells[idx];
        gboolean damaged = (row->damaged >> idx & 1) != 0;
        json_t *value = cell == NULL ? json_null()
                        : cmig_audit_columns[idx].type == CMIG_AUDIT_NUMBER && !damaged
                            ? json_integer(g_ascii_strtoll(cell, NULL, 10))
                            : cmig_render_json_text(cell);
        json_object_set_new(object, cmig_audit_columns[idx].name, value);
    }
    return object;
}

static const char *cell_or(const CmigAuditRow *row, CmigAuditColumnId column, const char *other)
{
    return row->cells[column] != NULL ? row->cells[column] : other;
}

/* What a row says besides who, when and of what; the line is cut, so what was done or refused comes
 * first. */
static char *describe(const CmigAuditRow *row)
{
    static const char event_again[] = "refused: ";
    g_autoptr(GString) text = g_string_new(cell_or(row, CMIG_COLUMN_DIRECTION, ""));
    if (row->cells[CMIG_COLUMN_STATEMENT] != NULL)
        g_string_append_printf(text, "%sstatement %s of %s", text->len > 0 ? ", " : "",
                               row->cells[CMIG_COLUMN_STATEMENT],
                               cell_or(row, CMIG_COLUMN_STATEMENTS, "?"));
    static const CmigAuditColumnId more[] = {CMIG_COLUMN_DETAIL, CMIG_COLUMN_CONFIRMED,
                                             CMIG_COLUMN_REASON};
    for (gsize idx = 0; idx < G_N_ELEMENTS(more); idx++) {
        const char *cell = cell_or(row, more[idx], "");
        const char *shown = g_str_has_prefix(cell, event_again) ? cell + strlen(event_again) : cell;
        if (*shown != '\0')
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", shown);
    }
    return g_strdup(text->str);
}

enum { LIST_ID, LIST_AT, LIST_EVENT, LIST_REVISION, LIST_USER, LIST_TOOK, LIST_WHAT, LIST_COLUMNS };

static GStrv list_line(const CmigAuditRow *row)
{
    const char *at = cell_or(row, CMIG_COLUMN_AT, "?");
    const char *took = row->cells[CMIG_COLUMN_DURATION_MS];
    g_autofree char *what = describe(row);
    g_autofree char *shown = cmig_text_escape(what);
    GStrv line = g_new0(char *, LIST_COLUMNS + 1);
    line[LIST_ID] = cmig_text_escape(cell_or(row, CMIG_COLUMN_ID, "?"));
    g_autofree char *seconds = g_strndup(at, strlen("2026-11-20T10:15:00"));
    line[LIST_AT] = cmig_text_escape(seconds);
    line[LIST_EVENT] = cmig_text_escape(cell_or(row, CMIG_COLUMN_EVENT, "?"));
    line[LIST_REVISION] = cmig_text_escape(cell_or(row, CMIG_COLUMN_REVISION, "-"));
    line[LIST_USER] =
        cmig_text_escape(cell_or(row, CMIG_COLUMN_DB_USER, cell_or(row, CMIG_COLUMN_OS_USER, "-")));
    g_autofree char *duration = took != NULL ? g_strconcat(took, " ms", NULL) : g_strdup("-");
    line[LIST_TOOK] = cmig_text_escape(duration);
    line[LIST_WHAT] = cmig_text_fit(shown, WHAT_WIDTH);
    return line;
}

static void print_lines(const GPtrArray *lines)
{
    glong widths[LIST_COLUMNS] = {0};
    for (guint idx = 0; idx < lines->len; idx++)
        for (guint column = 0; column < LIST_COLUMNS; column++)
            widths[column] =
                MAX(widths[column], g_utf8_strlen(((GStrv)lines->pdata[idx])[column], -1));
    for (guint idx = 0; idx < lines->len; idx++) {
        const GStrv line = lines->pdata[idx];
        g_autoptr(GString) text = g_string_new(NULL);
        for (guint column = 0; column < LIST_COLUMNS; column++) {
            int blanks = (int)(widths[column] - g_utf8_strlen(line[column], -1));
            gboolean right = column == LIST_ID || column == LIST_TOOK;
            g_string_append_printf(text, "%s%*s%s%*s", column > 0 ? "  " : "", right ? blanks : 0,
                                   "", line[column], right ? 0 : blanks, "");
        }
        g_strchomp(text->str);
        cmig_out("%s\n", text->str);
    }
}

/* `rows` are newest first. */
void cmig_audit_print_list(const GPtrArray *rows)
{
    static const char *const heads[] = {"id",   "at (UTC)", "event", "revision",
                                        "user", "took",     "what",  NULL};
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_ptr_array_add(lines, g_strdupv((GStrv)(guintptr)heads));
    for (guint idx = rows->len; idx > 0; idx--)
        g_ptr_array_add(lines, list_line(rows->pdata[idx - 1]));
    print_lines(lines);
}

json_t *cmig_audit_rows_json(const GPtrArray *rows)
{
    json_t *list = json_array();
    for (guint idx = rows->len; idx > 0; idx--)
        json_array_append_new(list, cmig_audit_row_to_json(rows->pdata[idx - 1]));
    return list;
}

void cmig_audit_print_row(const CmigAuditRow *row)
{
    for (guint idx = 0; idx < CMIG_COLUMNS; idx++) {
        gboolean damaged = (row->damaged >> idx & 1) != 0;
        g_autofree char *value =
            row->cells[idx] != NULL ? cmig_text_escape(row->cells[idx]) : g_strdup("-");
        cmig_out("%-16s %s%s\n", cmig_audit_columns[idx].name, value, damaged ? " (damaged)" : "");
    }
}
