/* Foreign keys are not enforced while a migration runs; what it breaks is found before COMMIT. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "sqlite.h"

GHashTable *cmig_sqlite_violations(CmigSqlite *self)
{
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(CmigSqliteStatement) check = NULL;
    int code = sqlite3_prepare_v2(self->handle, "PRAGMA foreign_key_check", -1, &check, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(check);
        if (code != SQLITE_ROW)
            break;
        const char *table = (const char *)sqlite3_column_text(check, 0);
        const char *parent = (const char *)sqlite3_column_text(check, 2);
        g_autofree char *kind =
            g_strdup_printf("%s -> %s", table ? table : "?", parent ? parent : "?");
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(found, kind)) + 1;
        g_hash_table_insert(found, g_steal_pointer(&kind), GUINT_TO_POINTER(count));
    }
    return code == SQLITE_DONE ? g_steal_pointer(&found) : NULL;
}

gboolean cmig_sqlite_compare_violations(GHashTable *before, GHashTable *after, GError **error)
{
    GHashTableIter iter;
    gpointer key = NULL;
    gpointer value = NULL;
    if (before == NULL || after == NULL)
        return TRUE;
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
