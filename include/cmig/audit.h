/* The log of what was done to a database: the table cmig_audit, beside the version table. One row
 * per event, never changed. The row of a migration is written in the migration's own transaction,
 * so that its run token tells, after a lost connection, whether the transaction was committed; the
 * rows of a section outside of a transaction tell how far it came. */
#ifndef CMIG_AUDIT_H
#define CMIG_AUDIT_H

#include "cmig/db.h"

#include <glib.h>

/* The table's bare name. */
extern const char cmig_audit_table_name[];

/* The checksum of a section of which nothing is done. */
extern const char cmig_audit_no_statements[];

/* What a repair decided: the detail of its record. */
extern const char cmig_audit_marked_applied[];
extern const char cmig_audit_marked_reverted[];

typedef enum {
    CMIG_AUDIT_APPLIED,
    CMIG_AUDIT_REVERTED,
    CMIG_AUDIT_STAMPED,
    CMIG_AUDIT_STARTED,   /* a section outside of a transaction begins */
    CMIG_AUDIT_STATEMENT, /* `statement` of its statements are done; the next one may be, in part */
    CMIG_AUDIT_FAILED,    /* `statement` are done and nothing of the next one */
    CMIG_AUDIT_REPAIRED,  /* somebody decided what is to hold of the section */
    CMIG_AUDIT_ACCEPTED, /* the file of an applied revision changed, and somebody said it is fine */
} CmigAuditEvent;

typedef struct {
    CmigAuditEvent event;
    const char *run;       /* token of the run */
    const char *revision;  /* may be NULL */
    const char *direction; /* "upgrade", "downgrade"; may be NULL */
    guint statement;       /* written for the events of sections outside of a transaction */
    guint statements;
    const char *checksum; /* SHA-256; may be NULL */
    const char *detail;   /* may be NULL */
} CmigAuditRecord;

/* Where records go: the dialect, the table's quoted and qualified name, and the name of the version
 * table that they are about. Borrowed texts. */
typedef struct {
    CmigDialect dialect;
    const char *table;
    const char *version_table;
} CmigAuditPlace;

/* The quoted name in `schema` (NULL = none). The caller frees. */
char *cmig_audit_table(const char *schema);

/* The statement that creates the table when it is not there. The caller frees. */
char *cmig_audit_create_sql(const CmigAuditPlace *place);

/* The statement that adds a record. Texts may be hostile. The caller frees. */
char *cmig_audit_insert_sql(const CmigAuditPlace *place, const CmigAuditRecord *record);

/* A section outside of a transaction that did not come to its end. */
typedef struct {
    char *revision;
    char *direction;
    guint statement; /* this many are done */
    guint statements;
    char *checksum;       /* of the statements that are done */
    gboolean next_unsure; /* whether the next one has an effect is not known */
    char *since;          /* when the last record was written, by the server's clock */
} CmigAuditOpen;
void cmig_audit_open_free(CmigAuditOpen *open);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigAuditOpen, cmig_audit_open_free)

/* The query of what is open, and its answer: NULL when nothing is. At most one section is open, for
 * a run with another one to do refuses until it is settled. The caller frees. */
char *cmig_audit_open_sql(const CmigAuditPlace *place);
CmigAuditOpen *cmig_audit_open_from_rows(const GPtrArray *rows);

/* Expressions for statements that must do without cmig: "RUN REVISION" of the last record, and
 * "upgrade of REVISION" of the section that is open; null when there is none. The caller frees. */
char *cmig_audit_last_expression(const CmigAuditPlace *place);
char *cmig_audit_open_expression(const CmigAuditPlace *place);

/* The query that has a row when the run `token` has applied or reverted `revision`, or, with a
 * `statement` above 0, has recorded that so many are done. The caller frees. */
char *cmig_audit_find_sql(const CmigAuditPlace *place, const char *token, const char *revision,
                          guint statement);

/* What the log says of a revision, or of a stamp. */
typedef struct {
    gboolean applied;  /* of a revision: it is there since */
    char *revision;    /* NULL: a stamp */
    char *checksum;    /* of the section that was run, or accepted; NULL when it is not known */
    char *fingerprint; /* likewise */
    char *detail;      /* of a stamp "[from] -> [to]" */
} CmigAuditSection;

/* The query of the last record of each revision that says what was run of it, and of all stamps,
 * and its answer: CmigAuditSection in the order in which they happened. The caller frees the text
 * and unrefs the array. */
char *cmig_audit_sections_sql(const CmigAuditPlace *place);
GPtrArray *cmig_audit_sections_from_rows(const GPtrArray *rows);

/* A new run token: 128 random bits as 32 hexadecimal digits. The caller frees. */
char *cmig_audit_new_token(void);

#endif
