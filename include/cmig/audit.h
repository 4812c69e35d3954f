/* The log of what was done to a database: the table cmig_audit, beside the version table. One row
 * per event, never changed. The row of a migration is written in the migration's own transaction,
 * so that its run token tells, after a lost connection, whether the transaction was committed; the
 * rows of a section outside of a transaction tell how far it came. The rows of one version table
 * are a chain: each holds the hash of the one before it and a hash over all its columns. Here is
 * how they are written; audit_log.h reads them. */
#ifndef CMIG_AUDIT_H
#define CMIG_AUDIT_H

#include "cmig/db.h"

#include <glib.h>

/* The table's bare name. */
extern const char cmig_audit_table_name[];

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
    CMIG_AUDIT_REFUSED,   /* the guard let nothing happen */
    CMIG_AUDIT_CONFIRMED, /* somebody confirmed what is about to happen */
    CMIG_AUDIT_ACCEPTED, /* the file of an applied revision changed, and somebody said it is fine */
    CMIG_AUDIT_ENVIRONMENT, /* what the database is for was recorded */
    CMIG_AUDIT_EVENTS
} CmigAuditEvent;

/* "applied". Static text. */
const char *cmig_audit_event_name(CmigAuditEvent event);

/* Whether there is an event of this name. */
gboolean cmig_audit_has_event(const char *name);

/* Texts may be hostile; what is NULL, or below 0, is not known and is written as null. */
typedef struct {
    CmigAuditEvent event;
    const char *run; /* token of the run */
    const char *revision;
    const char *direction; /* "upgrade", "downgrade" */
    guint statement;       /* written for the events of sections outside of a transaction */
    guint statements;      /* of the section; 0: the record is about none */
    const char *checksum;  /* SHA-256 of the section */
    const char *fingerprint;
    const char *detail;
    int level;       /* CmigLevel */
    gboolean timed;  /* the unit that writes the record has done the work: its database knows how
                        long it took */
    gint64 duration; /* microseconds; else measured here */
    gint64 rows;     /* affected */
    const char *sqlstate;
} CmigAuditRecord;

/* A record of which nothing else is known yet; `run` is borrowed. */
CmigAuditRecord cmig_audit_record(CmigAuditEvent event, const char *run);

/* What all records of a run have in common. Borrowed texts, which may be NULL. */
typedef struct {
    const char *environment; /* that is declared or recorded; NULL when it is a guess */
    const char *confirmed;   /* how */
    const char *reason;
    const char *plan; /* its hash */
    const char *os_user;
    const char *host;
    const char *application; /* NULL: what the connection says */
    const char *tool;        /* "cmig 0.1.0" */
    const char *git_commit;
    const char *git_branch;
    int git_dirty; /* -1 = not known */
    const char *server_identity;
} CmigAuditContext;

/* Nothing but who runs this, where, and with which version of cmig. */
CmigAuditContext cmig_audit_context(void);

/* Where records go: the dialect, the table's quoted and qualified name, and the name of the version
 * table that they are about. Borrowed. */
typedef struct {
    CmigDialect dialect;
    const char *table;
    const char *version_table;
    const CmigAuditContext *context; /* NULL: nothing is known */
    gboolean offline;                /* cmig is not there when the statement runs */
    gboolean seals;                  /* rows may be there that scripts left without a hash */
    gboolean ascii; /* the database's encoding has not all letters: write others as \u{…} */
} CmigAuditPlace;

/* The quoted name in `schema` (NULL = none). The caller frees. */
char *cmig_audit_table(const char *schema);

/* Where records are, for reading; borrows all. `table` is quoted. */
CmigAuditPlace cmig_audit_place(const CmigDb *db, const char *table);

/* The statement that creates the table when it is not there. The caller frees. */
char *cmig_audit_create_sql(const CmigAuditPlace *place);

/* The statements with which a transaction makes sure of the table; whoever else is about to make it
 * is waited for. The caller frees. */
GStrv cmig_audit_setup(const CmigAuditPlace *place);

/* The statement that adds a record to the chain, in one round trip; online it gives the new row's
 * hash. Offline on SQLite the row has no hash before the next run seals it. The caller frees. */
char *cmig_audit_insert_sql(const CmigAuditPlace *place, const CmigAuditRecord *record);

/* The statements with which a run adds a record: they seal what `place` says, and with `create`
 * make the table first where it is not. The caller frees. */
GStrv cmig_audit_records(const CmigAuditPlace *place, const CmigAuditRecord *record,
                         gboolean create);

/* The query of the last row's hash. The caller frees. */
char *cmig_audit_head_sql(const CmigAuditPlace *place);

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

/* What a run must know of the past: the section that is open (NULL: none; at most one is, for a run
 * with another one to do refuses until it is settled), and the environment that the database
 * belongs to with the identity that it had then: those of the last record that names one, or NULL.
 */
typedef struct {
    CmigAuditOpen *open;
    char *environment;
    char *identity;
} CmigAuditPast;
void cmig_audit_past_clear(CmigAuditPast *past);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigAuditPast, cmig_audit_past_clear)

/* The query, and its answer. The caller frees the text and clears the past. */
char *cmig_audit_past_sql(const CmigAuditPlace *place);
CmigAuditPast cmig_audit_past_from_rows(const GPtrArray *rows);

/* Expressions for statements that must do without cmig: "RUN REVISION" of the last thing done, and
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
