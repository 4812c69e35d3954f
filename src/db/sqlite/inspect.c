/* Facts about the file, and the version rows. Nothing here writes. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "sqlite.h"

#include <string.h>
#include <unistd.h>

/* Whether there is such a table, or a view in its place. */
static gboolean find_table(CmigSqlite *self, const char *name, gboolean *found, GError **error)
{
    static const char query[] = "SELECT 1 FROM main.sqlite_master WHERE type IN ('table', 'view') "
                                "AND name = ?1 COLLATE NOCASE";
    g_autoptr(CmigSqliteStatement) statement = NULL;
    *found = FALSE;
    if (self->handle == NULL || name == NULL)
        return TRUE;
    int code = sqlite3_prepare_v2(self->handle, query, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, name, -1, SQLITE_TRANSIENT);
        code = sqlite3_step(statement);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        cmig_sqlite_set_error(self, code, error);
        return FALSE;
    }
    *found = code == SQLITE_ROW;
    return TRUE;
}

/* The journal is a file beside the database's, so the folder must be writable too. */
static gboolean is_read_only(const CmigSqlite *self)
{
    if (strcmp(self->path, ":memory:") == 0)
        return FALSE;
    g_autofree char *folder = g_path_get_dirname(self->path);
    if (access(folder, W_OK) != 0)
        return TRUE;
    return self->handle != NULL && sqlite3_db_readonly(self->handle, "main") != 0;
}

gboolean cmig_sqlite_inspect(CmigDb *db, gboolean take_lock, CmigDbState **state, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    const CmigDbSettings *settings = &db->settings;
    gboolean exists = FALSE;
    gboolean audit_exists = FALSE;
    (void)take_lock; /* each transaction has the file's write lock */
    if (!cmig_sqlite_ensure(self, FALSE, error) ||
        !find_table(self, settings->version_table->name, &exists, error) ||
        !find_table(self, settings->audit_table, &audit_exists, error))
        return FALSE;
    CmigDbState *found = g_new0(CmigDbState, 1);
    found->server = g_strdup_printf("SQLite %s", sqlite3_libversion());
    found->locked = TRUE;
    found->table_schema = g_strdup("main"); /* a temporary table must not stand in its place */
    found->read_only = is_read_only(self);
    found->table_exists = exists;
    found->audit_exists = audit_exists;
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
    gboolean exists = FALSE;
    if (!cmig_sqlite_ensure(self, FALSE, error) ||
        !find_table(self, db->settings.version_table->name, &exists, error))
        return FALSE;
    g_autofree char *table = cmig_db_version_table(db);
    g_autofree char *query = g_strdup_printf("SELECT version_num FROM %s", table);
    int code = exists ? collect(self, query, cells) : SQLITE_DONE;
    if (code == SQLITE_DONE && exists && also != NULL)
        code = collect(self, also, others);
    if (code != SQLITE_DONE)
        return fail_read(self, code, table, error);
    *rows = g_ptr_array_new_with_free_func(g_free);
    for (guint idx = 0; idx < cells->len; idx++)
        g_ptr_array_add(*rows, g_strdup(((GStrv)cells->pdata[idx])[0]));
    *also_rows = g_steal_pointer(&others);
    return TRUE;
}
