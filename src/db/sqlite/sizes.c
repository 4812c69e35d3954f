/* How large tables are, for the guard: rows are counted up to a limit, bytes are asked of dbstat
 * where that does not mean to read a large file. */
#include "db/sqlite/sqlite.h"

#include <string.h>

/* dbstat reads every page that it counts. */
#define LARGEST_FILE (G_GINT64_CONSTANT(256) * 1024 * 1024)

/* The first number of the first row of a query about `name`; -1 for none. SQLite's result code. */
static int ask(CmigSqlite *self, const char *sql, const char *name, gint64 *number)
{
    g_autoptr(CmigSqliteStatement) row = NULL;
    int code = cmig_sqlite_find_row(self, sql, name, NULL, &row);
    gboolean known = row != NULL && sqlite3_column_type(row, 0) != SQLITE_NULL;
    *number = known ? sqlite3_column_int64(row, 0) : -1;
    return code;
}

/* Tables that hold rows themselves, those of `name` or all. */
#define PLAIN_TABLES                                                                               \
    "FROM main.sqlite_master WHERE type = 'table' AND sql NOT LIKE 'create virtual%' AND "         \
    "(?1 IS NULL OR name = ?1 COLLATE NOCASE)"

/* `SELECT 1 FROM a UNION ALL …`, NULL when there is no such table. */
static int list_tables(CmigSqlite *self, const char *name, char **list)
{
    static const char query[] = "SELECT group_concat('SELECT 1 FROM main.\"' || "
                                "replace(name, '\"', '\"\"') || '\"', ' UNION ALL ') " PLAIN_TABLES;
    g_autoptr(CmigSqliteStatement) row = NULL;
    int code = cmig_sqlite_find_row(self, query, name, NULL, &row);
    *list = row != NULL ? g_strdup((const char *)sqlite3_column_text(row, 0)) : NULL;
    return code;
}

/* What ANALYZE knew of the number of rows. */
static gint64 read_statistics(CmigSqlite *self, const char *name)
{
    gint64 rows;
    ask(self,
        "SELECT max(CAST(stat AS INTEGER)) FROM main.sqlite_stat1 WHERE tbl = ?1 COLLATE NOCASE",
        name, &rows);
    return rows;
}

static int count_rows(CmigSqlite *self, const char *name, guint limit, CmigDbSize *size)
{
    g_autofree char *list = NULL;
    gint64 count;
    int code = list_tables(self, name, &list);
    if (code != SQLITE_OK || list == NULL)
        return code;
    g_autofree char *query =
        g_strdup_printf("SELECT count(*) FROM (SELECT 1 FROM (%s) LIMIT %" G_GINT64_FORMAT ")",
                        list, (gint64)limit + 1);
    code = ask(self, query, NULL, &count);
    /* More tables than one SELECT can take: nothing is known then. */
    if (code != SQLITE_OK)
        return (code & 0xff) == SQLITE_ERROR ? SQLITE_OK : code;
    size->exact = count <= (gint64)limit;
    gint64 known = size->exact || name == NULL ? -1 : read_statistics(self, name);
    size->cut = !size->exact && known < count;
    size->rows = MAX(count, known);
    return SQLITE_OK;
}

/* A table with its indexes, or an index. */
static void measure(CmigSqlite *self, const char *name, CmigDbSize *size)
{
    static const char query[] =
        "SELECT sum(s.pgsize) FROM main.sqlite_master m JOIN dbstat s ON s.name = m.name AND "
        "s.schema = 'main' AND s.aggregate = TRUE WHERE m.type IN ('table', 'index') AND "
        "(m.name = ?1 COLLATE NOCASE OR m.tbl_name = ?1 COLLATE NOCASE)";
    ask(self, query, name, &size->bytes);
}

static int look(CmigSqlite *self, const CmigFactTarget *target, guint limit, gint64 file,
                CmigDbSize *size)
{
    static const char query[] = "SELECT 1 FROM main.sqlite_master WHERE name = ?1 COLLATE NOCASE "
                                "AND (type = ?2 OR (type = 'view' AND ?2 = 'table'))";
    if (strcmp(target->kind, "database") == 0) {
        size->exists = TRUE;
        size->bytes = file;
        return count_rows(self, NULL, limit, size);
    }
    g_autoptr(CmigSqliteStatement) row = NULL;
    int code = cmig_sqlite_find_row(self, query, target->name, target->kind, &row);
    if (row == NULL)
        return code;
    size->exists = TRUE;
    if (file <= LARGEST_FILE)
        measure(self, target->name, size);
    return strcmp(target->kind, "table") == 0 ? count_rows(self, target->name, limit, size)
                                              : SQLITE_OK;
}

gboolean cmig_sqlite_sizes(CmigDb *db, const GPtrArray *targets, guint limit, GArray *sizes,
                           GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    gint64 file = 0;
    if (!cmig_sqlite_ensure(self, FALSE, error))
        return FALSE;
    if (self->handle == NULL)
        return TRUE; /* there is no file, and nothing in it */
    int code = ask(self, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                   NULL, &file);
    for (guint idx = 0; code == SQLITE_OK && idx < targets->len; idx++)
        code = look(self, g_ptr_array_index(targets, idx), limit, file,
                    &g_array_index(sizes, CmigDbSize, idx));
    if (code == SQLITE_OK)
        return TRUE;
    cmig_sqlite_set_error(self, code, error);
    g_prefix_error(error, "cannot look how large the tables are: ");
    return FALSE;
}
