/* Opening a database file. One that does not exist counts as an empty database and is made by the
 * first unit that runs, so that looking never leaves a file behind. */
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "db/sqlite/sqlite.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHORT_WAIT = 2000 }; /* milliseconds */

static gboolean is_memory(const CmigSqlite *self)
{
    return strcmp(self->path, ":memory:") == 0;
}

/* Lets the progress know that time goes by, about ten times a second. */
static void tick(CmigSqlite *self)
{
    gint64 now = cmig_clock_monotonic();
    if (self->base.tick == NULL || now - self->ticked < G_USEC_PER_SEC / 10)
        return;
    self->ticked = now;
    self->base.tick(self->base.tick_data);
}

/* SQLite asks whether to go on waiting for a lock. */
static int wait_for_lock(void *data, int count)
{
    CmigSqlite *self = data;
    gint64 now = cmig_clock_monotonic();
    if (count == 0)
        self->busy_since = now;
    guint limit = self->base.settings.lock_timeout;
    gint64 patience = self->hurries ? MIN(limit, SHORT_WAIT) : limit;
    gint64 left = patience * 1000 - (now - self->busy_since);
    if (left <= 0 || self->cancelled || cmig_interrupt_requested())
        return 0;
    tick(self);
    gint64 pause = MIN(1000LL << MIN(count, 6), 50000);
    cmig_interrupt_sleep(MIN(pause + g_random_int_range(0, 1000), left));
    return 1;
}

/* SQLite asks now and then whether a statement may go on. */
static int watch(void *data)
{
    CmigSqlite *self = data;
    if (self->cancelled || cmig_interrupt_requested())
        return 1;
    tick(self);
    self->timed_out = self->deadline > 0 && cmig_clock_monotonic() > self->deadline;
    return self->timed_out;
}

/* Databases that a script attached. */
static void detach_all(CmigSqlite *self)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(CmigSqliteStatement) list = NULL;
    if (sqlite3_prepare_v2(self->handle, "PRAGMA database_list", -1, &list, NULL) != SQLITE_OK)
        return;
    while (sqlite3_step(list) == SQLITE_ROW)
        if (sqlite3_column_int(list, 0) > 1) /* 0 is main, 1 is temp */
            g_ptr_array_add(names, g_strdup((const char *)sqlite3_column_text(list, 1)));
    g_clear_pointer(&list, sqlite3_finalize);
    for (guint idx = 0; idx < names->len; idx++) {
        g_autofree char *name = cmig_db_quote_identifier(g_ptr_array_index(names, idx));
        g_autofree char *detach = g_strconcat("DETACH ", name, NULL);
        sqlite3_exec(self->handle, detach, NULL, NULL, NULL);
    }
}

void cmig_sqlite_reset(CmigSqlite *self)
{
    /* What a script can leave changed in its connection and another would notice. */
    static const char *const pragmas =
        "PRAGMA query_only = OFF; PRAGMA ignore_check_constraints = OFF;"
        "PRAGMA recursive_triggers = OFF; PRAGMA case_sensitive_like = OFF;"
        "PRAGMA reverse_unordered_selects = OFF; PRAGMA locking_mode = NORMAL;"
        "PRAGMA writable_schema = OFF;";
    if (self->handle == NULL)
        return;
    /* As in the sqlite3 shell and under Alembic, foreign keys are not enforced while tables are
     * rebuilt; they are checked before COMMIT instead. */
    sqlite3_db_config(self->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
    sqlite3_db_config(self->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(self->handle, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0, NULL);
    sqlite3_exec(self->handle, pragmas, NULL, NULL, NULL);
    detach_all(self);
    sqlite3_busy_handler(self->handle, wait_for_lock, self);
}

static gboolean fail_errno(const char *what, const char *path, GError **error)
{
    int number = errno;
    g_autofree char *shown = cmig_text_escape(path);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE, "%s %s: %s", what, shown,
                g_strerror(number));
    return FALSE;
}

/* Whether there is a file. A missing one must at least have a folder. */
static gboolean look(const CmigSqlite *self, gboolean *exists, GError **error)
{
    struct stat status;
    *exists = is_memory(self);
    if (*exists)
        return TRUE;
    if (stat(self->path, &status) == 0) {
        *exists = TRUE;
        if (S_ISREG(status.st_mode))
            return TRUE;
        g_autofree char *shown = cmig_text_escape(self->path);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE,
                    "the database is not a regular file: %s", shown);
        return FALSE;
    }
    if (errno != ENOENT)
        return fail_errno("cannot open the database", self->path, error);
    g_autofree char *folder = g_path_get_dirname(self->path);
    if (stat(folder, &status) == 0)
        return TRUE;
    fail_errno("cannot use the database's folder", folder, error);
    cmig_error_set_hint(error, "create the folder first");
    return FALSE;
}

gboolean cmig_sqlite_ensure(CmigSqlite *self, gboolean create, GError **error)
{
    gboolean exists = FALSE;
    if (self->handle != NULL)
        return TRUE;
    if (!look(self, &exists, error))
        return FALSE;
    if (!exists && !create)
        return TRUE;
    int flags = SQLITE_OPEN_READWRITE | (create || is_memory(self) ? SQLITE_OPEN_CREATE : 0);
    sqlite3 *handle = NULL;
    int code = sqlite3_open_v2(self->path, &handle, flags, NULL);
    if (handle == NULL)
        g_error("out of memory");
    self->handle = handle;
    sqlite3_extended_result_codes(handle, 1);
    if (code == SQLITE_OK) {
        sqlite3_busy_handler(handle, wait_for_lock, self);
        sqlite3_progress_handler(handle, 10000, watch, self);
        /* The file is not looked at before the first query. */
        code = sqlite3_exec(handle, "PRAGMA schema_version", NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        cmig_sqlite_add_functions(self);
        cmig_sqlite_reset(self);
        return TRUE;
    }
    cmig_sqlite_set_error(self, code, error);
    self->handle = NULL;
    sqlite3_close(handle);
    return FALSE;
}

const char *cmig_sqlite_file(const CmigSqlite *self)
{
    const char *file = self->handle != NULL ? sqlite3_db_filename(self->handle, "main") : NULL;
    return file != NULL && *file != '\0' ? file : self->path;
}

gboolean cmig_sqlite_open(const CmigUrl *url, const CmigDbSettings *settings, CmigDb **db,
                          GError **error)
{
    CmigSqlite *self = g_new0(CmigSqlite, 1);
    self->base.settings = *settings;
    self->path = g_strdup(url->path);
    if (!cmig_sqlite_ensure(self, FALSE, error)) {
        cmig_sqlite_close(&self->base);
        return FALSE;
    }
    *db = &self->base;
    return TRUE;
}

gboolean cmig_sqlite_ping(CmigDb *db, GError **error)
{
    return cmig_sqlite_ensure((CmigSqlite *)db, FALSE, error);
}

void cmig_sqlite_close(CmigDb *db)
{
    CmigSqlite *self = (CmigSqlite *)db;
    sqlite3_close(self->handle);
    g_free(self->path);
    g_free(self);
}

gboolean cmig_sqlite_reconnect(CmigDb *db, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    sqlite3 *old = self->handle;
    self->handle = NULL; /* a signal may come at any time */
    sqlite3_close(old);
    return cmig_sqlite_ensure(self, FALSE, error);
}

/* Called from a signal handler. */
void cmig_sqlite_cancel(void *db)
{
    CmigSqlite *self = db;
    self->cancelled = 1;
    if (self->handle != NULL)
        sqlite3_interrupt(self->handle);
}
