/* What a person wants to know about a database file when a migration does not work. Locks are
 * looked up where the system lists them: none is taken, and closing a file of one's own would give
 * away those that SQLite has on it. */
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "db/sqlite/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

/* For each check that reads all of the file. */
#define PATIENCE (5 * G_USEC_PER_SEC)

/* Bytes that SQLite locks: the first for a write transaction with a journal, the second, of the
 * -shm file, for one with a log. */
#define RESERVED_BYTE  0x40000001
#define WAL_WRITE_BYTE 120

/* Where SQLite's locks are known not to work, or not to be reliable. */
static const struct {
    guint32 magic; /* of statfs */
    const char *name;
} network[] = {
    {0x6969, "NFS"},        {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"},  {0x517b, "SMB"},
    {0x01021997, "9P"},     {0x5346414f, "AFS"},  {0x00c36400, "Ceph"}, {0x47504653, "GPFS"},
    {0x0bd00bd0, "Lustre"}, {0x73757245, "Coda"}, {0x65735546, "FUSE"},
};

/* One value of a query, or NULL; `*code` is the result code. */
static char *ask(CmigSqlite *self, const char *sql, int *code)
{
    g_autoptr(CmigSqliteStatement) row = NULL;
    self->deadline = cmig_clock_monotonic() + PATIENCE;
    *code = cmig_sqlite_find_row(self, sql, NULL, NULL, &row);
    self->deadline = 0;
    return row != NULL ? g_strdup((const char *)sqlite3_column_text(row, 0)) : NULL;
}

/* The last fact is not known because of `code`. */
static void add_unknown(CmigSqlite *self, const char *name, int code, GPtrArray *report)
{
    g_autoptr(GError) problem = NULL;
    if (code == SQLITE_INTERRUPT && !cmig_interrupt_requested()) {
        cmig_report_add(report, name, NULL, "not known: given up after 5 s");
        return;
    }
    cmig_report_add(report, name, NULL, "not known");
    cmig_sqlite_set_error(self, code, &problem);
    cmig_report_error(report, problem);
}

static void add_access(const CmigSqlite *self, GPtrArray *report)
{
    g_autofree char *folder = g_path_get_dirname(self->path);
    gboolean folder_writable = access(folder, W_OK) == 0;
    gboolean file_writable =
        self->handle == NULL
            ? folder_writable
            : access(self->path, W_OK) == 0 && sqlite3_db_readonly(self->handle, "main") == 0;
    cmig_report_add(report, "access", NULL, "file %s, folder %s",
                    self->handle == NULL ? "to be made"
                    : file_writable      ? "writable"
                                         : "read only",
                    folder_writable ? "writable" : "read only");
    if (!folder_writable)
        cmig_report_problem(report, "let the user of this process write into the folder",
                            "nothing can be changed: SQLite needs a journal beside the file");
    else if (!file_writable)
        cmig_report_problem(report, "let the user of this process write to the file",
                            "nothing can be changed: the file is read only");
}

static void add_file_system(const CmigSqlite *self, GPtrArray *report)
{
    g_autofree char *folder = g_path_get_dirname(self->path);
    struct statfs status;
    if (statfs(folder, &status) != 0)
        return;
    for (gsize idx = 0; idx < G_N_ELEMENTS(network); idx++) {
        if ((guint32)status.f_type != network[idx].magic)
            continue;
        cmig_report_add(report, "file system", NULL, "%s", network[idx].name);
        cmig_report_problem(report, "put the file on a local disk",
                            "locks may not work on a network file system, and two writers at once "
                            "break the file");
    }
}

/* The size of a file beside the database; -1 when there is none. */
static gint64 size_of(const char *path, const char *suffix)
{
    struct stat status;
    g_autofree char *name = g_strconcat(path, suffix, NULL);
    return stat(name, &status) == 0 ? (gint64)status.st_size : -1;
}

static void add_file(const CmigSqlite *self, GPtrArray *report)
{
    static const char *const suffixes[] = {"-journal", "-wal", "-shm", "-cmig-lock"};
    gint64 size = size_of(self->path, "");
    g_autofree char *shown = size >= 0 ? g_format_size_full((guint64)size, G_FORMAT_SIZE_DEFAULT)
                                       : g_strdup("not there yet: the first run makes it");
    cmig_report_add(report, "file", NULL, "%s, %s", self->path, shown);
    for (gsize idx = 0; idx < G_N_ELEMENTS(suffixes); idx++) {
        gint64 beside = size_of(self->path, suffixes[idx]);
        if (beside < 0)
            continue;
        g_autofree char *text = g_format_size_full((guint64)beside, G_FORMAT_SIZE_DEFAULT);
        cmig_report_add(report, "beside it", NULL, "%s, %s", suffixes[idx], text);
    }
}

/* Which process has a lock to write on a byte of the file, in the system's list; 0 = none. Files
 * are told apart by their inode numbers: device numbers are others there on some file systems. */
static long find_holder(const char *list, const char *path, const char *suffix, guint64 byte)
{
    struct stat status;
    g_autofree char *name = g_strconcat(path, suffix, NULL);
    if (stat(name, &status) != 0)
        return 0;
    g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
    for (gsize idx = 0; lines[idx] != NULL; idx++) {
        char mode[16];
        char end[24];
        long pid = 0;
        unsigned long long inode = 0;
        unsigned long long from = 0;
        /* 1: POSIX  ADVISORY  WRITE 2711 08:01:131 1073741825 1073741825, or EOF as its end */
        if (sscanf(lines[idx], "%*s %*s %*s %15s %ld %*x:%*x:%llu %llu %23s", mode, &pid, &inode,
                   &from, end) != 5)
            continue;
        guint64 to = strcmp(end, "EOF") == 0 ? G_MAXUINT64 : g_ascii_strtoull(end, NULL, 10);
        if (strcmp(mode, "WRITE") == 0 && inode == status.st_ino && from <= byte && byte <= to)
            return pid;
    }
    return 0;
}

static void add_lock(const CmigSqlite *self, GPtrArray *report)
{
    g_autofree char *list = NULL;
    if (!g_file_get_contents("/proc/locks", &list, NULL, NULL))
        return;
    long pid = find_holder(list, self->path, "-cmig-lock", 0);
    if (pid == 0)
        pid = find_holder(list, self->path, "", RESERVED_BYTE);
    if (pid == 0)
        pid = find_holder(list, self->path, "-shm", WAL_WRITE_BYTE);
    if (pid == 0) {
        cmig_report_add(report, "lock", NULL, "free");
        return;
    }
    cmig_report_add(report, "lock", NULL, "held by process %ld", pid);
    cmig_report_problem(report, "wait for the end of its transaction, or end the process",
                        "another process is writing, and every run waits for it");
}

static void add_foreign_keys(CmigSqlite *self, GPtrArray *report)
{
    int code = SQLITE_OK;
    g_autofree char *count = ask(
        self, "SELECT count(*) FROM (SELECT 1 FROM pragma_foreign_key_check LIMIT 1000)", &code);
    if (count == NULL) {
        add_unknown(self, "foreign keys", code, report);
        return;
    }
    cmig_report_add(report, "foreign keys", NULL, "%s rows without a parent", count);
    if (strcmp(count, "0") != 0)
        cmig_report_problem(
            report, "PRAGMA foreign_key_check lists them; mend these rows",
            "rows break foreign keys: a migration is not stopped by what was broken "
            "before it, but may fail on them");
}

static void add_integrity(CmigSqlite *self, GPtrArray *report)
{
    int code = SQLITE_OK;
    g_autofree char *result = ask(self, "PRAGMA main.quick_check(1)", &code);
    if (result == NULL) {
        add_unknown(self, "integrity", code, report);
        return;
    }
    cmig_report_add(report, "integrity", "quick_check", "%s", result);
    if (strcmp(result, "ok") != 0)
        cmig_report_problem(report,
                            "restore a backup, or save what can be read with .recover of "
                            "the sqlite3 shell",
                            "the database file is damaged");
}

gboolean cmig_sqlite_examine(CmigDb *db, GPtrArray *report, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    int code = SQLITE_OK;
    cmig_report_add(report, "server", NULL, "SQLite %s", sqlite3_libversion());
    if (strcmp(self->path, ":memory:") == 0) {
        cmig_report_add(report, "file", NULL, "none: the database is gone when a run ends");
        return TRUE;
    }
    add_file(self, report);
    add_access(self, report);
    add_file_system(self, report);
    if (self->handle == NULL)
        return TRUE;
    add_lock(self, report);
    g_autofree char *mode = ask(self, "PRAGMA main.journal_mode", &code);
    if (mode != NULL)
        cmig_report_add(report, "journal", NULL, "%s", mode);
    else
        add_unknown(self, "journal", code, report);
    add_foreign_keys(self, report);
    add_integrity(self, report);
    return !cmig_interrupt_check(error);
}

char *cmig_sqlite_library(void)
{
    return g_strdup(sqlite3_libversion());
}
