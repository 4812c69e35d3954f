/* Facts about the file, and the version rows. Nothing here writes. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "db/drivers.h"
#include "db/sqlite/sqlite.h"

#include <string.h>
#include <unistd.h>

int cmig_sqlite_find_row(CmigSqlite *self, const char *sql, const char *name, const char *kind,
                         CmigSqliteStatement **row)
{
    g_autoptr(CmigSqliteStatement) statement = NULL;
    *row = NULL;
    int code = sqlite3_prepare_v2(self->handle, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    if (name != NULL)
        sqlite3_bind_text(statement, 1, name, -1, SQLITE_TRANSIENT);
    if (kind != NULL)
        sqlite3_bind_text(statement, 2, kind, -1, SQLITE_TRANSIENT);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *row = g_steal_pointer(&statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Whether there is such a table, or a view in its place. */
static gboolean find_table(CmigSqlite *self, const char *name, gboolean *found, GError **error)
{
    static const char query[] = "SELECT 1 FROM main.sqlite_master WHERE type IN ('table', 'view') "
                                "AND name = ?1 COLLATE NOCASE";
    g_autoptr(CmigSqliteStatement) row = NULL;
    *found = FALSE;
    if (self->handle == NULL || name == NULL)
        return TRUE;
    int code = cmig_sqlite_find_row(self, query, name, NULL, &row);
    if (code != SQLITE_OK) {
        cmig_sqlite_set_error(self, code, error);
        return FALSE;
    }
    *found = row != NULL;
    return TRUE;
}

/* What has the version table's name, its column version_num with SQLite's rule for affinities (only
 * text and none keep ids as they are), and the other columns that an INSERT must give. The number
 * of an INTEGER PRIMARY KEY is SQLite's to give. */
static const char table_query[] =
    "WITH columns AS (SELECT * FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0)"
    " SELECT CASE WHEN m.type = 'table' AND m.sql LIKE 'create virtual%' THEN 'a virtual table'"
    "  WHEN m.type = 'table' THEN m.type WHEN m.type = 'view' THEN 'a view' ELSE 'an index' END,"
    " m.name, CASE WHEN v.type = '' THEN 'any' ELSE v.type END,"
    " v.type NOT LIKE '%int%' AND (v.type = '' OR v.type LIKE '%char%' OR v.type LIKE '%clob%'"
    "  OR v.type LIKE '%text%' OR v.type LIKE '%blob%'),"
    " (SELECT group_concat(o.name, ', ') FROM columns o WHERE o.\"notnull\" AND"
    "  o.dflt_value IS NULL AND o.name <> v.name AND NOT (o.pk = 1 AND o.type = 'INTEGER'"
    "  COLLATE NOCASE AND (SELECT max(pk) FROM columns) = 1))"
    " FROM main.sqlite_master m LEFT JOIN columns v ON v.name = 'version_num' COLLATE NOCASE"
    " WHERE m.type IN ('table', 'view', 'index') AND m.name = ?1 COLLATE NOCASE"
    " ORDER BY m.type = 'index' LIMIT 1";

static char *column_text(CmigSqliteStatement *statement, int column)
{
    return g_strdup((const char *)sqlite3_column_text(statement, column));
}

/* What stands where the version table belongs. */
static gboolean describe_table(CmigSqlite *self, CmigDbTable *table, GError **error)
{
    if (self->handle == NULL)
        return TRUE;
    g_autoptr(CmigSqliteStatement) row = NULL;
    int code = cmig_sqlite_find_row(self, table_query, self->base.settings.version_table->name,
                                    NULL, &row);
    if (code != SQLITE_OK) {
        cmig_sqlite_set_error(self, code, error);
        return FALSE;
    }
    cmig_db_table_clear(table);
    if (row == NULL)
        return TRUE;
    table->kind = column_text(row, 0);
    table->name = g_intern_string((const char *)sqlite3_column_text(row, 1));
    table->type = column_text(row, 2);
    table->is_text = sqlite3_column_int(row, 3) != 0;
    table->required = column_text(row, 4);
    return TRUE;
}

/* Whether the version table is what it was when it was described. Describing reads the whole
 * schema; this looks into SQLite's own, for every check of a unit. */
static gboolean is_as_described(CmigSqlite *self, const CmigDbTable *table)
{
    return self->handle != NULL && g_strcmp0(table->kind, "table") == 0 &&
           sqlite3_table_column_metadata(self->handle, "main",
                                         self->base.settings.version_table->name, "version_num",
                                         NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

/* The journal is a file beside the database's, so the folder must be writable too. */
static gboolean is_read_only(const CmigSqlite *self)
{
    if (strcmp(self->path, ":memory:") == 0)
        return FALSE;
    g_autofree char *folder = g_path_get_dirname(cmig_sqlite_file(self));
    if (access(folder, W_OK) != 0)
        return TRUE;
    return self->handle != NULL && sqlite3_db_readonly(self->handle, "main") != 0;
}

gboolean cmig_sqlite_inspect(CmigDb *db, gboolean take_lock, CmigDbState **state, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    const CmigDbSettings *settings = &db->settings;
    gboolean audit_exists = FALSE;
    (void)take_lock; /* each transaction has the file's write lock */
    if (!cmig_sqlite_ensure(self, FALSE, error) || !describe_table(self, &db->table, error) ||
        !find_table(self, settings->audit_table, &audit_exists, error))
        return FALSE;
    CmigDbState *found = g_new0(CmigDbState, 1);
    found->server = g_strdup_printf("SQLite %s", sqlite3_libversion());
    found->locked = TRUE;
    found->database = g_path_get_basename(self->path);
    found->table_schema = g_strdup("main"); /* a temporary table must not stand in its place */
    found->read_only = is_read_only(self);
    found->schema_exists = TRUE;
    found->table_exists = db->table.kind != NULL;
    found->audit_exists = audit_exists;
    found->audit_readable = audit_exists;
    *state = found;
    return TRUE;
}

/* The rows of a query as texts; SQLITE_DONE, or what went wrong. */
static int collect(CmigSqlite *self, const char *sql, GPtrArray *rows)
{
    g_autoptr(CmigSqliteStatement) statement = NULL;
    int code = sqlite3_prepare_v2(self->handle, sql, -1, &statement, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            break;
        int columns = sqlite3_column_count(statement);
        GStrv cells = g_new0(char *, (gsize)columns + 1);
        for (int column = 0; column < columns; column++) {
            const unsigned char *text = sqlite3_column_text(statement, column);
            cells[column] = g_strdup(text != NULL ? (const char *)text : "");
        }
        g_ptr_array_add(rows, cells);
    }
    return code;
}

gboolean cmig_sqlite_query(CmigDb *db, const char *sql, GPtrArray **rows, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    if (!cmig_sqlite_ensure(self, TRUE, error))
        return FALSE;
    int code = collect(self, sql, found);
    if (code != SQLITE_DONE) {
        cmig_sqlite_set_error(self, code, error);
        return FALSE;
    }
    *rows = g_steal_pointer(&found);
    return TRUE;
}

static gboolean fail_read(CmigSqlite *self, int code, const char *table, GError **error)
{
    g_autofree char *shown = cmig_text_escape(table);
    cmig_sqlite_set_error(self, code, error);
    g_prefix_error(error, "cannot read the version table %s: ", shown);
    if (code == SQLITE_ERROR)
        cmig_error_set_hint(error, "this is no version table: it has no column version_num; "
                                   "configure another version_table");
    return FALSE;
}

gboolean cmig_sqlite_read_rows(CmigDb *db, const char *also, GPtrArray **rows,
                               GPtrArray **also_rows, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    if (!cmig_sqlite_ensure(self, FALSE, error) ||
        (!is_as_described(self, &db->table) && !describe_table(self, &db->table, error)))
        return FALSE;
    gboolean exists = db->table.kind != NULL;
    g_autofree char *table = cmig_db_version_table(db);
    g_autofree char *query =
        g_strdup_printf("SELECT substr(version_num, 1, " CMIG_DB_MAX_ROW ") FROM %s LIMIT %d",
                        table, CMIG_DB_MAX_ROWS + 1);
    int code = exists ? collect(self, query, cells) : SQLITE_DONE;
    if (code != SQLITE_DONE)
        return fail_read(self, code, table, error);
    code = exists && also != NULL ? collect(self, also, others) : SQLITE_DONE;
    if (code != SQLITE_DONE) {
        cmig_sqlite_set_error(self, code, error);
        cmig_db_set_audit_error(db, code == SQLITE_ERROR, error);
        return FALSE;
    }
    *rows = g_ptr_array_new_with_free_func(g_free);
    for (guint idx = 0; idx < cells->len; idx++)
        g_ptr_array_add(*rows, g_strdup(((GStrv)cells->pdata[idx])[0]));
    *also_rows = g_steal_pointer(&others);
    return TRUE;
}
