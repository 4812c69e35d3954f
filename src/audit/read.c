/* Reads rows of the audit table, whatever somebody made of it. Each cell comes as a text with a
 * mark before it: null and the empty text are different things, and SQLite may hold any type. */
#include "audit/columns.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

enum {
    LEAST_YEAR = 1970, /* the text of a time has four digits and no era */
    PAGE = 1000,       /* rows of a round trip */
};

#define VALUE   '='
#define DAMAGED "!"

static char *cell_postgresql(CmigAuditColumnId column)
{
    const char *name = cmig_audit_columns[column].name;
    g_autofree char *text = cmig_audit_text_postgresql(column, "");
    if (cmig_audit_columns[column].type != CMIG_AUDIT_TIME)
        return g_strdup_printf("CASE WHEN %s IS NULL THEN '' ELSE pg_catalog.concat('=', %s) END",
                               name, text);
    return g_strdup_printf(
        "CASE WHEN %s IS NULL THEN '' WHEN pg_catalog.date_part('year', %s) BETWEEN %d AND 9999 "
        "THEN pg_catalog.concat('=', %s) ELSE '" DAMAGED "' END",
        name, name, LEAST_YEAR, text);
}

static char *cell_sqlite(CmigAuditColumnId column)
{
    const char *name = cmig_audit_columns[column].name;
    const char *type = cmig_audit_columns[column].type == CMIG_AUDIT_NUMBER ? "integer" : "text";
    return g_strdup_printf("CASE typeof(%s) WHEN 'null' THEN '' WHEN '%s' THEN CASE WHEN "
                           "instr(%s, char(0)) > 0 THEN '" DAMAGED
                           "' ELSE '=' || %s END ELSE '" DAMAGED "' END",
                           name, type, name, name);
}

static char *cells_sql(CmigDialect dialect)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    for (guint idx = 0; idx < CMIG_COLUMNS; idx++) {
        g_autofree char *cell = dialect == CMIG_DIALECT_SQLITE
                                    ? cell_sqlite((CmigAuditColumnId)idx)
                                    : cell_postgresql((CmigAuditColumnId)idx);
        g_string_append_printf(sql, "%s%s", idx > 0 ? ", " : "", cell);
    }
    return g_strdup(sql->str);
}

/* --- filters ---------------------------------------------------------------------------------- */

static void add_text(GString *sql, CmigDialect dialect, const char *format, const char *text)
{
    if (text == NULL)
        return;
    g_autofree char *quoted = cmig_db_quote_literal(text);
    g_autofree char *typed =
        g_strconcat(quoted, dialect == CMIG_DIALECT_SQLITE ? "" : "::pg_catalog.text", NULL);
    g_auto(GStrv) parts = g_strsplit(format, "?", -1);
    g_autofree char *condition = g_strjoinv(typed, parts);
    g_string_append_printf(sql, " AND %s", condition);
}

/* Conditions by dialect; `?` is the text. */
static const struct {
    const char *revision;
    const char *event;
    const char *run;
    const char *since;
    const char *until;
    const char *user;
} conditions[] = {
    [CMIG_DIALECT_POSTGRESQL] =
        {
            .revision = "pg_catalog.starts_with(revision, ?)",
            .event = "event OPERATOR(pg_catalog.=) ?",
            .run = "pg_catalog.starts_with(run, ?)",
            .since = "at OPERATOR(pg_catalog.>=) CAST(? AS timestamp with time zone)",
            .until = "at OPERATOR(pg_catalog.<) CAST(? AS timestamp with time zone)",
            .user = "(db_user OPERATOR(pg_catalog.=) ? OR os_user OPERATOR(pg_catalog.=) ?)",
        },
    [CMIG_DIALECT_SQLITE] =
        {
            .revision = "substr(revision, 1, length(?)) = ?",
            .event = "event = ?",
            .run = "substr(run, 1, length(?)) = ?",
            .since = "at >= ?",
            .until = "at < ?",
            .user = "(db_user = ? OR os_user = ?)",
        },
};

/* `after` (NULL: from the first one): greater numbers only. */
static char *select_sql(const CmigAuditPlace *place, const CmigAuditFilter *filter,
                        const gint64 *after, guint limit)
{
    CmigDialect dialect = place->dialect;
    const char *operator_more = dialect == CMIG_DIALECT_SQLITE ? ">" : "OPERATOR(pg_catalog.>)";
    const char *operator_is = dialect == CMIG_DIALECT_SQLITE ? "=" : "OPERATOR(pg_catalog.=)";
    g_autofree char *cells = cells_sql(dialect);
    g_autofree char *own = cmig_audit_own_rows_sql(place, "");
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_printf(sql, "SELECT %s FROM %s WHERE %s", cells, place->table, own);
    if (filter->id > 0)
        g_string_append_printf(sql, " AND id %s %" G_GINT64_FORMAT, operator_is, filter->id);
    if (after != NULL)
        g_string_append_printf(sql, " AND id %s %" G_GINT64_FORMAT, operator_more, *after);
    add_text(sql, dialect, conditions[dialect].revision, filter->revision);
    add_text(sql, dialect, conditions[dialect].event, filter->event);
    add_text(sql, dialect, conditions[dialect].run, filter->run);
    add_text(sql, dialect, conditions[dialect].since, filter->since);
    add_text(sql, dialect, conditions[dialect].until, filter->until);
    add_text(sql, dialect, conditions[dialect].user, filter->user);
    g_string_append_printf(sql, " ORDER BY id%s", filter->newest ? " DESC" : "");
    if (limit > 0)
        g_string_append_printf(sql, " LIMIT %u", limit);
    return g_strdup(sql->str);
}

/* --- rows ------------------------------------------------------------------------------------- */

static gboolean is_number(const char *text)
{
    gint64 value = 0;
    g_autofree char *again = NULL;
    if (!g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &value, NULL))
        return FALSE;
    again = g_strdup_printf("%" G_GINT64_FORMAT, value);
    return strcmp(again, text) == 0;
}

static void take_cell(CmigAuditRow *row, guint column, const char *text)
{
    const CmigAuditColumn *info = &cmig_audit_columns[column];
    gboolean damaged = *text == *DAMAGED;
    if (*text == VALUE) {
        row->cells[column] = g_utf8_make_valid(text + 1, -1);
        damaged = strcmp(row->cells[column], text + 1) != 0 ||
                  (info->type == CMIG_AUDIT_NUMBER && !is_number(text + 1));
    } else if (info->required) {
        damaged = TRUE;
    }
    if (damaged)
        row->damaged |= G_GUINT64_CONSTANT(1) << column;
}

static void row_free(gpointer row)
{
    cmig_audit_row_free(row);
}

G_STATIC_ASSERT(CMIG_COLUMNS <= 64);

static gboolean read_page(CmigDb *db, const CmigAuditPlace *place, const CmigAuditFilter *filter,
                          const gint64 *after, guint limit, GPtrArray **rows, GError **error)
{
    g_autofree char *query = select_sql(place, filter, after, limit);
    g_autoptr(GPtrArray) found = NULL;
    if (!cmig_db_query(db, query, &found, error)) {
        g_autofree char *shown = cmig_text_escape(place->table);
        g_prefix_error(error, "cannot read the audit table %s: ", shown);
        if (!g_error_matches(*error, CMIG_ERROR, CMIG_ERROR_FAILED))
            return FALSE;
        g_autofree char *grant = cmig_db_audit_grant(db, "SELECT");
        if (cmig_db_audit_closed(db))
            cmig_error_set_hint(error, "%s", grant);
        else if (cmig_error_hint(*error) == NULL)
            cmig_error_set_hint(error, "it is not as cmig made it: rename it, and the next run "
                                       "begins a new one");
        return FALSE;
    }
    *rows = g_ptr_array_new_with_free_func(row_free);
    for (guint idx = 0; idx < found->len; idx++) {
        const GStrv cells = found->pdata[idx];
        CmigAuditRow *row = g_new0(CmigAuditRow, 1);
        for (guint column = 0; column < CMIG_COLUMNS; column++)
            take_cell(row, column, cells[column]);
        g_ptr_array_add(*rows, row);
    }
    return TRUE;
}

gboolean cmig_audit_read(CmigDb *db, const CmigAuditPlace *place, const CmigAuditFilter *filter,
                         GPtrArray **rows, GError **error)
{
    return read_page(db, place, filter, NULL, filter->limit, rows, error);
}

static const char *number_of(const GPtrArray *rows, guint idx)
{
    return ((const CmigAuditRow *)rows->pdata[idx])->cells[CMIG_COLUMN_ID];
}

/* Rows of the same number must come together, so what is at the end of a full page waits for the
 * next one, unless that is all of it. */
static guint count_whole(const GPtrArray *rows)
{
    guint count = rows->len;
    if (count < PAGE)
        return count;
    while (count > 0 && g_strcmp0(number_of(rows, count - 1), number_of(rows, rows->len - 1)) == 0)
        count--;
    return count > 0 ? count : rows->len;
}

gboolean cmig_audit_walk(CmigDb *db, const CmigAuditPlace *place, const CmigAuditFilter *filter,
                         void (*take)(CmigAuditRow *row, gpointer data), gpointer data,
                         GError **error)
{
    guint left = filter->limit > 0 ? filter->limit : G_MAXUINT;
    gint64 last = G_MININT64;
    for (gboolean more = TRUE; more && left > 0;) {
        g_autoptr(GPtrArray) rows = NULL;
        gint64 after = last;
        if (!read_page(db, place, filter, after > G_MININT64 ? &after : NULL, MIN(PAGE, left),
                       &rows, error))
            return FALSE;
        guint count = count_whole(rows);
        for (guint idx = 0; idx < count; idx++) {
            take(rows->pdata[idx], data);
            const char *number = number_of(rows, idx);
            last = number != NULL ? g_ascii_strtoll(number, NULL, 10) : last;
        }
        left -= count;
        more = rows->len == PAGE && last > after;
    }
    return TRUE;
}
