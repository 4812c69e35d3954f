/* A copy of the database file before a run that may lose data. SQLite's online backup: what other
 * connections do meanwhile is in it whole or not at all. */
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "db/drivers.h"
#include "db/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGES = 2048, /* for one step, between which interrupts are looked for */
};

static gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean fail(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *reason = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "cannot make a copy of the database: %s; nothing was changed", reason);
    cmig_error_set_hint(error, "make room for it, or do without with --no-backup");
    return FALSE;
}

/* A new file that those can read who can read the database. */
static gboolean create_file(const CmigSqlite *self, const char *path, GError **error)
{
    struct stat state;
    mode_t mode = stat(self->path, &state) == 0 ? state.st_mode & 0777 : 0600;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd >= 0 && fchmod(fd, mode) == 0)
        return g_close(fd, error);
    g_autofree char *shown = cmig_text_escape(path);
    fail(error, "%s: %s", shown, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return FALSE;
}

static gboolean copy_pages(CmigSqlite *self, sqlite3 *to, GError **error)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", self->handle, "main");
    int code = backup != NULL ? SQLITE_OK : sqlite3_errcode(to);
    gboolean interrupted = FALSE;
    while (code == SQLITE_OK && !interrupted) {
        code = sqlite3_backup_step(backup, PAGES); /* waits for locks as any statement does */
        interrupted = cmig_interrupt_check(error);
    }
    int finished = backup != NULL ? sqlite3_backup_finish(backup) : code;
    if (interrupted)
        return FALSE;
    if (code == SQLITE_DONE && finished == SQLITE_OK)
        return TRUE;
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        cmig_sqlite_set_error(self, code, error);
        g_prefix_error(error, "cannot make a copy of the database: ");
        return FALSE;
    }
    return fail(error, "%s", sqlite3_errstr(code == SQLITE_DONE ? finished : code));
}

gboolean cmig_sqlite_backup(CmigDb *db, const char *suffix, char **path, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    *path = NULL;
    if (self->handle == NULL || strcmp(self->path, ":memory:") == 0)
        return TRUE;
    g_autofree char *copy = g_strconcat(self->path, ".", suffix, NULL);
    g_autofree char *partial = g_strconcat(copy, ".partial", NULL);
    sqlite3 *to = NULL;
    if (!create_file(self, partial, error))
        return FALSE;
    int code = sqlite3_open_v2(partial, &to, SQLITE_OPEN_READWRITE, NULL);
    gboolean copied = FALSE;
    if (code == SQLITE_OK)
        copied = copy_pages(self, to, error);
    else
        fail(error, "%s", sqlite3_errstr(code));
    sqlite3_close(to);
    if (copied && g_rename(partial, copy) != 0)
        copied = fail(error, "%s", g_strerror(errno));
    if (copied)
        *path = g_steal_pointer(&copy);
    else
        g_unlink(partial);
    return copied;
}
