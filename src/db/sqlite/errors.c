/* SQLite's result codes, as errors. */
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "db/sqlite/sqlite.h"

typedef struct {
    int code;         /* primary result code */
    gint kind;        /* CmigErrorCode */
    const char *what; /* about the file, whose path follows; NULL: SQLite's message alone */
    const char *hint;
} Verdict;

static const Verdict verdicts[] = {
    {SQLITE_BUSY, CMIG_ERROR_TRY_AGAIN, "another process is using the database",
     "try again when it is done, or wait longer with --lock-timeout"},
    {SQLITE_LOCKED, CMIG_ERROR_TRY_AGAIN, "the database is locked", NULL},
    {SQLITE_INTERRUPT, CMIG_ERROR_INTERRUPTED, NULL, NULL},
    {SQLITE_READONLY, CMIG_ERROR_UNAVAILABLE, "the database cannot be written",
     "check the permissions of the file and of its folder"},
    {SQLITE_PERM, CMIG_ERROR_UNAVAILABLE, "no permission for the database", NULL},
    {SQLITE_CANTOPEN, CMIG_ERROR_UNAVAILABLE, "cannot open the database",
     "SQLite must be able to read the file and to write into its folder"},
    {SQLITE_NOTADB, CMIG_ERROR_UNAVAILABLE, "this file is not an SQLite database", NULL},
    {SQLITE_CORRUPT, CMIG_ERROR_UNAVAILABLE, "the database file is damaged",
     "PRAGMA integrity_check tells more; restore a backup"},
    {SQLITE_FULL, CMIG_ERROR_FAILED, "the disk is full", NULL},
    {SQLITE_IOERR, CMIG_ERROR_FAILED, "the disk does not work as it should", NULL},
};

void cmig_sqlite_set_error(CmigSqlite *self, int code, GError **error)
{
    static const Verdict failed = {SQLITE_ERROR, CMIG_ERROR_FAILED, NULL, NULL};
    const Verdict *verdict = &failed;
    for (gsize idx = 0; idx < G_N_ELEMENTS(verdicts); idx++)
        if (verdicts[idx].code == (code & 0xff))
            verdict = &verdicts[idx];
    if (verdict->code == SQLITE_INTERRUPT && self->timed_out) {
        self->timed_out = FALSE;
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN,
                    "the statement took longer than statement_timeout (%u ms)",
                    self->base.settings.statement_timeout);
        return;
    }
    /* A wait for the lock that a signal ended is no time-out. */
    if (verdict->code == SQLITE_BUSY && (self->cancelled || cmig_interrupt_requested())) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_INTERRUPTED, "interrupted");
        return;
    }
    gboolean current = self->handle != NULL && sqlite3_errcode(self->handle) == code;
    const char *text = current ? sqlite3_errmsg(self->handle) : sqlite3_errstr(code);
    g_autofree char *shown = cmig_text_escape(text);
    if (verdict->what == NULL) {
        g_set_error_literal(error, CMIG_ERROR, verdict->kind, shown);
        return;
    }
    g_autofree char *path = cmig_text_escape(self->path);
    g_set_error(error, CMIG_ERROR, verdict->kind, "%s: %s", verdict->what, path);
    cmig_error_set_detail(error, "SQLite says: %s (%d)", shown, code);
    if (verdict->hint != NULL)
        cmig_error_set_hint(error, "%s", verdict->hint);
}
