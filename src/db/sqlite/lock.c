/* The lock around a section that runs outside of a transaction, where SQLite's own lock does not
 * last from one statement to the next: a file beside the database that is there while it is held.
 * The system releases it when the process ends, however that is. */
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "db/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char *lock_path(const CmigSqlite *self)
{
    return g_strconcat(cmig_sqlite_file(self), "-cmig-lock", NULL);
}

/* The holder removes the file: what was locked may have no name any more. */
static gboolean is_named(int fd, const char *path)
{
    struct stat opened;
    struct stat named;
    return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

/* One attempt. `*fd` is -1 when somebody else has the lock. */
static gboolean try_lock(const char *path, int *fd, GError **error)
{
    int opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    gboolean locked = opened >= 0 && flock(opened, LOCK_EX | LOCK_NB) == 0;
    int number = errno;
    if (locked && is_named(opened, path)) {
        *fd = opened;
        return TRUE;
    }
    *fd = -1;
    if (opened >= 0)
        close(opened);
    if (opened >= 0 && (locked || number == EWOULDBLOCK || number == EINTR))
        return TRUE;
    g_autofree char *shown = cmig_text_escape(path);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE, "cannot lock %s: %s", shown,
                g_strerror(number));
    return FALSE;
}

gboolean cmig_sqlite_lock(CmigSqlite *self, int *fd, GError **error)
{
    *fd = -1;
    if (strcmp(self->path, ":memory:") == 0)
        return TRUE;
    g_autofree char *path = lock_path(self);
    gint64 deadline = cmig_clock_monotonic() + (gint64)self->base.settings.lock_timeout * 1000;
    for (;;) {
        if (cmig_interrupt_check(error) || !try_lock(path, fd, error))
            return FALSE;
        if (*fd >= 0)
            return TRUE;
        if (cmig_clock_monotonic() >= deadline) {
            cmig_sqlite_set_error(self, SQLITE_BUSY, error);
            return FALSE;
        }
        cmig_interrupt_sleep(g_random_int_range(10 * 1000, 50 * 1000));
    }
}

void cmig_sqlite_unlock(CmigSqlite *self, int fd)
{
    if (fd < 0)
        return;
    g_autofree char *path = lock_path(self);
    unlink(path);
    close(fd);
}
