/* Foreign keys are not enforced while a migration runs; what it breaks is found before COMMIT. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "db/sqlite/sqlite.h"

/* The names of all tables. */
static GPtrArray *list_tables(CmigSqlite *self, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(CmigSqliteStatement) query = NULL;
    int code = sqlite3_prepare_v2(
        self->handle, "SELECT name FROM main.sqlite_master WHERE type = 'table'", -1, &query, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(query);
        if (code == SQLITE_ROW)
            g_ptr_array_add(names, g_strdup((const char *)sqlite3_column_text(query, 0)));
    }
    if (code == SQLITE_DONE)
        return g_steal_pointer(&names);
    cmig_sqlite_set_error(self, code, error);
    return NULL;
}

/* A key whose parent columns are not unique cannot be checked; SQLite fails the whole check then.
 */
static void note_mismatch(CmigSqlite *self, const char *table)
{
    const CmigDbSettings *settings = &self->base.settings;
    if (settings->notice == NULL)
        return;
    g_autofree char *message = g_strdup_printf("the foreign keys of %s are not checked: %s", table,
                                               sqlite3_errmsg(self->handle));
    settings->notice("WARNING", message, settings->notice_data);
}

/* Adds what is violated in one table to `found`. */
static gboolean check_table(CmigSqlite *self, const char *table, GHashTable *found, GError **error)
{
    g_autofree char *quoted = cmig_db_quote_identifier(table);
    g_autofree char *sql = g_strdup_printf("PRAGMA main.foreign_key_check(%s)", quoted);
    g_autoptr(CmigSqliteStatement) check = NULL;
    int code = sqlite3_prepare_v2(self->handle, sql, -1, &check, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(check);
        if (code != SQLITE_ROW)
            break;
        const char *parent = (const char *)sqlite3_column_text(check, 2);
        g_autofree char *kind = g_strdup_printf("%s -> %s", table, parent ? parent : "?");
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(found, kind)) + 1;
        g_hash_table_insert(found, g_steal_pointer(&kind), GUINT_TO_POINTER(count));
    }
    if (code == SQLITE_DONE)
        return TRUE;
    if (code == SQLITE_ERROR) {
        note_mismatch(self, table);
        return TRUE;
    }
    cmig_sqlite_set_error(self, code, error);
    return FALSE;
}

GHashTable *cmig_sqlite_violations(CmigSqlite *self, GError **error)
{
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) tables = list_tables(self, error);
    if (tables == NULL)
        return NULL;
    for (guint idx = 0; idx < tables->len; idx++)
        if (!check_table(self, tables->pdata[idx], found, error))
            return NULL;
    return g_steal_pointer(&found);
}

gboolean cmig_sqlite_compare_violations(GHashTable *before, GHashTable *after, GError **error)
{
    GHashTableIter iter;
    gpointer key = NULL;
    gpointer value = NULL;
    g_autoptr(GString) broken = g_string_new(NULL);
    guint total = 0;
    g_hash_table_iter_init(&iter, after);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        guint old = GPOINTER_TO_UINT(g_hash_table_lookup(before, key));
        guint now = GPOINTER_TO_UINT(value);
        if (now <= old)
            continue;
        total += now - old;
        g_string_append_printf(broken, "%s%s: %u", broken->len ? ", " : "", (const char *)key,
                               now - old);
    }
    if (total == 0)
        return TRUE;
    g_autofree char *shown = cmig_text_escape(broken->str);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "the migration breaks foreign keys of %u row%s", total, total == 1 ? "" : "s");
    cmig_error_set_detail(error, "%s", shown);
    cmig_error_set_hint(error, "PRAGMA foreign_key_check lists such rows");
    return FALSE;
}
