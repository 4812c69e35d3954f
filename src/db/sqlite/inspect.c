/* Facts about the file, and the version rows. Nothing here writes. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "sqlite.h"

#include <string.h>
#include <unistd.h>

/* Whether there is a version table, or a view in its place. */
static gboolean find_table(CmigSqlite *self, gboolean *found, GError **error)
{
    static const char query[] = "SELECT 1 FROM main.sqlite_master WHERE type IN ('table', 'view') "
                                "AND name = ?1 COLLATE NOCASE";
    g_autoptr(CmigSqliteStatement) statement = NULL;
    int code = sqlite3_prepare_v2(self->handle, query, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, self->base.settings.version_table->name, -1,
                          SQLITE_TRANSIENT);
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
    gboolean exists = FALSE;
    (void)take_lock; /* each transaction has the file's write lock */
    if (!cmig_sqlite_ensure(self, FALSE, error))
        return FALSE;
    if (self->handle != NULL && !find_table(self, &exists, error))
        return FALSE;
    CmigDbState *found = g_new0(CmigDbState, 1);
    found->server = g_strdup_printf("SQLite %s", sqlite3_libversion());
    found->locked = TRUE;
    found->table_schema = g_strdup("main"); /* a temporary table must not stand in its place */
    found->read_only = is_read_only(self);
    found->table_exists = exists;
    *state = found;
    return TRUE;
}

gboolean cmig_sqlite_read_rows(CmigDb *db, GPtrArray **rows, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    gboolean exists = FALSE;
    if (!cmig_sqlite_ensure(self, FALSE, error))
        return FALSE;
    if (self->handle != NULL && !find_table(self, &exists, error))
        return FALSE;
    if (!exists) {
        *rows = g_steal_pointer(&found);
        return TRUE;
    }
    g_autofree char *table = cmig_db_version_table(db);
    g_autofree char *query = g_strdup_printf("SELECT version_num FROM %s", table);
    g_autoptr(CmigSqliteStatement) statement = NULL;
    int code = sqlite3_prepare_v2(self->handle, query, -1, &statement, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        const unsigned char *text = code == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;
        if (code == SQLITE_ROW)
            g_ptr_array_add(found, g_strdup(text ? (const char *)text : ""));
    }
    if (code == SQLITE_DONE) {
        *rows = g_steal_pointer(&found);
        return TRUE;
    }
    g_autofree char *shown = cmig_text_escape(table);
    cmig_sqlite_set_error(self, code, error);
    g_prefix_error(error, "cannot read the version table %s: ", shown);
    if (code == SQLITE_ERROR)
        cmig_error_set_hint(error, "this is no version table: it has no column version_num; "
                                   "configure another version_table");
    return FALSE;
}
