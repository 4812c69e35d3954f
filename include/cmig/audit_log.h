/* The audit log as it is read: rows, filters, the check of the chain. Nothing here writes. */
#ifndef CMIG_AUDIT_LOG_H
#define CMIG_AUDIT_LOG_H

#include "cmig/audit.h"

typedef enum {
    CMIG_AUDIT_TEXT,
    CMIG_AUDIT_NUMBER,
    CMIG_AUDIT_TIME,
} CmigAuditType;

typedef struct {
    const char *name;
    CmigAuditType type;
    gboolean required;
} CmigAuditColumn;

/* The columns, in the table's order. */
typedef enum {
    CMIG_COLUMN_ID,
    CMIG_COLUMN_VERSION_TABLE,
    CMIG_COLUMN_AT,
    CMIG_COLUMN_RUN,
    CMIG_COLUMN_EVENT,
    CMIG_COLUMN_REVISION,
    CMIG_COLUMN_DIRECTION,
    CMIG_COLUMN_STATEMENT,
    CMIG_COLUMN_STATEMENTS,
    CMIG_COLUMN_CHECKSUM,
    CMIG_COLUMN_FINGERPRINT,
    CMIG_COLUMN_DETAIL,
    CMIG_COLUMN_LEVEL,
    CMIG_COLUMN_PLAN,
    CMIG_COLUMN_ENVIRONMENT,
    CMIG_COLUMN_CONFIRMED,
    CMIG_COLUMN_REASON,
    CMIG_COLUMN_DB_USER,
    CMIG_COLUMN_OS_USER,
    CMIG_COLUMN_HOST,
    CMIG_COLUMN_APPLICATION,
    CMIG_COLUMN_TOOL,
    CMIG_COLUMN_GIT_COMMIT,
    CMIG_COLUMN_GIT_BRANCH,
    CMIG_COLUMN_GIT_DIRTY,
    CMIG_COLUMN_SERVER_IDENTITY,
    CMIG_COLUMN_STARTED_AT,
    CMIG_COLUMN_DURATION_MS,
    CMIG_COLUMN_ROWS_AFFECTED,
    CMIG_COLUMN_SQLSTATE,
    CMIG_COLUMN_PREVIOUS,
    CMIG_COLUMN_HASH,
    CMIG_COLUMNS
} CmigAuditColumnId;
extern const CmigAuditColumn cmig_audit_columns[CMIG_COLUMNS];

/* A row as texts. */
typedef struct {
    char *cells[CMIG_COLUMNS]; /* NULL = null */
    guint64 damaged;           /* bit N: column N holds what cannot be there, or cannot be read */
} CmigAuditRow;
void cmig_audit_row_free(CmigAuditRow *row);

/* The row as canonical JSON (RFC 8785), without its hash or with it. The caller frees. */
char *cmig_audit_row_json(const CmigAuditRow *row, gboolean with_hash);

/* The hash that the row should hold. The caller frees. */
char *cmig_audit_row_hash(const CmigAuditRow *row);

/* What the first row's `previous` is. The caller frees. */
char *cmig_audit_genesis(const char *version_table);

/* Which rows; what is NULL or 0 does not matter. */
typedef struct {
    const char *revision; /* its beginning */
    const char *event;
    const char *run;   /* its beginning */
    const char *since; /* "2026-11-20T10:15:00.000Z", included */
    const char *until; /* not included */
    const char *user;  /* of the database or of the system */
    gint64 id;
    guint limit;
    gboolean newest; /* the last ones up to the limit, newest first; else oldest first */
} CmigAuditFilter;

/* One round trip: CmigAuditRow. Errors: CMIG_ERROR_FAILED when the table is not as cmig made it.
 * The caller unrefs. */
gboolean cmig_audit_read(CmigDb *db, const CmigAuditPlace *place, const CmigAuditFilter *filter,
                         GPtrArray **rows, GError **error);

/* The same, oldest first, in round trips of some rows each: `take` is called for every row, which
 * it borrows. Rows that somebody gave the same number come one behind the other. */
gboolean cmig_audit_walk(CmigDb *db, const CmigAuditPlace *place, const CmigAuditFilter *filter,
                         void (*take)(CmigAuditRow *row, gpointer data), gpointer data,
                         GError **error);

/* What is wrong with the chain. */
typedef enum {
    CMIG_AUDIT_EDITED,    /* the columns do not give the hash */
    CMIG_AUDIT_MISSING,   /* rows before this one were deleted */
    CMIG_AUDIT_REORDERED, /* the row had another number */
    CMIG_AUDIT_DUPLICATE, /* there is another row of this number */
    CMIG_AUDIT_UNLINKED,  /* `previous` is not the hash of the row before it */
    CMIG_AUDIT_UNSEALED,  /* no hash, although later rows have one */
    CMIG_AUDIT_TRUNCATED, /* the hash that was asked for is not in the chain */
} CmigAuditProblem;

/* "edited". Static text. */
const char *cmig_audit_problem_name(CmigAuditProblem problem);

typedef struct {
    CmigAuditProblem problem;
    char *id;   /* of the row, as it stands there; NULL = of none */
    char *text; /* for people, one line; escaped */
} CmigAuditFinding;

typedef struct {
    guint64 rows;
    guint64 unsealed; /* at the end, SQLite only: the next run seals them */
    guint64 findings;
    char *head; /* the last hash, or NULL */
} CmigAuditVerdict;
void cmig_audit_verdict_clear(CmigAuditVerdict *verdict);

/* Walks the chain; a log that does not exist has no rows. `head` (may be NULL) must be the
 * hash of a row. `found` is called for each finding; it borrows it. Errors: as for cmig_audit_read.
 */
gboolean cmig_audit_verify(CmigDb *db, const CmigAuditPlace *place, gboolean exists,
                           const char *head,
                           void (*found)(const CmigAuditFinding *finding, gpointer data),
                           gpointer data, CmigAuditVerdict *verdict, GError **error);

#endif
