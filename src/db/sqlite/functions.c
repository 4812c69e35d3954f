/* SQL functions for the records that cmig writes. Only statements themselves may call them: a
 * trigger or view that did would work nowhere else. */
#include "db/sqlite/sqlite.h"

static void sha256(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    const unsigned char *bytes = sqlite3_value_text(values[0]);
    if (bytes == NULL)
        return; /* of null it is null */
    gsize length = (gsize)sqlite3_value_bytes(values[0]);
    char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, length);
    sqlite3_result_text(context, hash, -1, g_free);
}

/* How long the unit has taken, the same for all of a record. */
static void elapsed(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    const CmigSqlite *self = sqlite3_user_data(context);
    sqlite3_result_int64(context, self->elapsed / 1000);
}

static void changes(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    const CmigSqlite *self = sqlite3_user_data(context);
    if (self->changes >= 0)
        sqlite3_result_int64(context, self->changes);
}

void cmig_sqlite_add_functions(CmigSqlite *self)
{
    static const struct {
        const char *name;
        int arguments;
        int flags;
        void (*call)(sqlite3_context *context, int count, sqlite3_value **values);
    } functions[] = {
        {"cmig_sha256", 1, SQLITE_DETERMINISTIC, sha256},
        {"cmig_elapsed_ms", 0, 0, elapsed},
        {"cmig_changes", 0, 0, changes},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(functions); idx++)
        sqlite3_create_function_v2(self->handle, functions[idx].name, functions[idx].arguments,
                                   SQLITE_UTF8 | SQLITE_DIRECTONLY | functions[idx].flags, self,
                                   functions[idx].call, NULL, NULL, NULL);
}
