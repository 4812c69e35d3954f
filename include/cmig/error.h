/* Errors. One GError domain whose codes are kinds of failure; each kind has one exit status. An
 * error carries, besides its one-line message, what the user needs to act: detail, hint, SQLSTATE
 * and the place in a migration or configuration file. It is set once where it arises, may be
 * prefixed on the way up, and is printed once, by main. Layers below cli never print. */
#ifndef CMIG_ERROR_H
#define CMIG_ERROR_H

#include <glib.h>

typedef enum {
    CMIG_ERROR_FAILED,      /* 1: a statement failed, a target cannot be reached */
    CMIG_ERROR_USAGE,       /* 2: the command line */
    CMIG_ERROR_IN_DOUBT,    /* 3: partly applied, or the outcome is unknown */
    CMIG_ERROR_FINDINGS,    /* 4: a check found something */
    CMIG_ERROR_UNAVAILABLE, /* 69: server unreachable or read only */
    CMIG_ERROR_INTERNAL,    /* 70: a bug in cmig */
    CMIG_ERROR_TRY_AGAIN,   /* 75: lock or timeout; nothing of the step applied */
    CMIG_ERROR_REFUSED,     /* 77: the guard */
    CMIG_ERROR_CONFIG,      /* 78: configuration, URL, revision files */
    CMIG_ERROR_INTERRUPTED, /* 130: Ctrl-C, or the user declined */
    CMIG_ERROR_CONFLICT,    /* 75: the version rows are not what the step expected */
} CmigErrorCode;

#define CMIG_ERROR (cmig_error_quark())
GQuark cmig_error_quark(void);

/* The exit status of a kind, and the sentence that explains the status (static text). A table in
 * error.c holds both; help and man pages are made from it. */
int cmig_error_exit_status(int code);

typedef struct {
    int status;
    const char *meaning;
} CmigExitStatus;

/* All exit statuses in ascending order, 0 included, ended by an entry whose meaning is NULL. */
extern const CmigExitStatus cmig_exit_statuses[];

/* The functions below add to an error that was just set; they do nothing when `error` or `*error`
 * is NULL or of another domain, so that callers need no test. Text is copied. */
void cmig_error_set_detail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
void cmig_error_set_hint(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
void cmig_error_set_sqlstate(GError **error, const char *sqlstate);

/* cmig_text_hide over message, detail and hint; `error` may be NULL. */
void cmig_error_hide(GError *error, GHashTable *secrets);

/* Whether the cause stays until somebody removes it, such as a wrong password: waiting is in vain.
 */
void cmig_error_set_lasting(GError **error, gboolean lasting);

/* Where it happened. `line` and `column` count from 1, `column` in characters; 0 = unknown. A
 * place that is already set is kept: the innermost knows best. */
void cmig_error_set_place(GError **error, const char *file, guint line, guint column);

/* What was added, or NULL / 0. Borrowed from the error. */
const char *cmig_error_detail(const GError *error);
const char *cmig_error_hint(const GError *error);
const char *cmig_error_sqlstate(const GError *error);
gboolean cmig_error_is_lasting(const GError *error);
const char *cmig_error_file(const GError *error);
guint cmig_error_line(const GError *error);
guint cmig_error_column(const GError *error);

#endif
