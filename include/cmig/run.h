/* Runs: the state machine between a plan and a database. Holds the lock, plans with the rows read
 * under it, asks the guard, then takes one step at a time; after each the version rows and the
 * schema agree. */
#ifndef CMIG_RUN_H
#define CMIG_RUN_H

#include "cmig/audit.h"
#include "cmig/config.h"
#include "cmig/db.h"
#include "cmig/graph.h"
#include "cmig/guard.h"
#include "cmig/plan.h"
#include "cmig/review.h"

#include <glib.h>

/* How a step is getting on. */
typedef struct {
    const CmigRevision *revision;
    CmigDirection direction;
    gint64 microseconds; /* since it began */
    guint statement;     /* that is running, from 1; 0 = the server does not tell */
    guint statements;
    const CmigDbActivity *activity; /* what the server is doing; NULL when that is not known */
} CmigRunProgress;

/* What somebody at a terminal is asked before a run writes. */
typedef struct {
    const char *name; /* must be typed; NULL: y/N */
    const CmigIntent *intent;
    const CmigReview *review; /* NULL for what has no plan */
    const char *detail;       /* why it is asked, lines for people */
} CmigQuestion;

/* What a run tells while it works, and what it asks; every member may be NULL. */
typedef struct {
    const CmigConsent *consent; /* what the user has agreed to beforehand */
    /* Whether the user agrees. NULL where there is nobody to ask. */
    gboolean (*ask)(const CmigQuestion *question, gpointer data);
    void (*planned)(const CmigPlan *plan, const CmigDbState *state, gpointer data);
    void (*step_started)(const CmigRevision *revision, CmigDirection direction, gpointer data);
    /* `failed` is NULL when it worked; `skipped` when another run had done it already. */
    void (*step_finished)(const CmigRevision *revision, CmigDirection direction,
                          gint64 microseconds, gboolean skipped, const GError *failed,
                          gpointer data);
    void (*working)(const CmigRunProgress *progress, gpointer data); /* several times a second */
    void (*note)(const char *message, gpointer data); /* a sentence, escaped, without full stop */
    void (*waiting)(const char *holder, gint64 microseconds, gpointer data); /* for the lock */
    void (*recorded)(const char *head, gpointer data); /* at the end: the last record's hash */
    gpointer data;
} CmigRunObserver;

typedef struct {
    GPtrArray *done;  /* borrowed CmigRevision, in order */
    GPtrArray *rows;  /* owned ids: the version rows afterwards, as far as known */
    char *audit_head; /* hash of the last record that the run wrote; NULL when it wrote none */
} CmigRunReport;
void cmig_run_report_free(CmigRunReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigRunReport, cmig_run_report_free)

/* The version table that a configuration asks for; borrows from it. */
CmigVersionTable cmig_version_table(const CmigConfig *config);

/* Brings the database to `target`. Files are read, parsed and scanned before anything is sent, so
 * that a file that cannot run stops the whole run before its first step. `report` is given on
 * failure too (what was done before it). */
gboolean cmig_run(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                  CmigDirection direction, const char *target, const CmigRunObserver *observer,
                  CmigRunReport **report, GError **error);

/* What `cmig_run` would do now: the same plan with the same hash. Takes no lock and changes
 * nothing; rights to read are enough. `environment` is the guard's verdict. */
gboolean cmig_run_review(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                         CmigDirection direction, const char *target, CmigReview **review,
                         CmigEnvironment *environment, GError **error);

/* The guard's verdict about the database that `state` describes, with what it has recorded; changes
 * nothing. */
gboolean cmig_run_environment(CmigDb *db, const CmigConfig *config, const CmigDbState *state,
                              CmigEnvironment *environment, GError **error);

/* Records that the database belongs to the environment `name`, for whatever reason the consent
 * gives. The guard is asked as for production when it was one or becomes one. */
gboolean cmig_run_record_environment(CmigDb *db, const CmigConfig *config, const char *name,
                                     const CmigRunObserver *observer, GError **error);

/* Moves the version rows without running SQL. `purge` forgets what is there first, also ids that no
 * file defines. `step` is called for each change before it is written; once more for all of them
 * where another run came between on a driver without a session lock. */
gboolean cmig_run_stamp(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                        const char *const *targets, gboolean purge, const CmigRunObserver *observer,
                        void (*step)(const CmigStampStep *step, gpointer data), GError **error);

/* Creates the version table when it is not there. */
gboolean cmig_run_ensure_version(CmigDb *db, const CmigConfig *config,
                                 const CmigRunObserver *observer, GError **error);

/* Reads the version rows without a lock and without writing: for current, history -i, show current.
 * `rows` are owned ids. `*open` is a section that a run has left half done, NULL for none; `open`
 * may be NULL. */
gboolean cmig_run_read_rows(CmigDb *db, const CmigConfig *config, GPtrArray **rows,
                            CmigAuditOpen **open, GError **error);

/* "pid 123 (alice, psql), idle in transaction for 90 s: SELECT …", escaped. The caller frees. */
char *cmig_run_describe_blocker(const CmigDbBlocker *blocker);

/* What a run outside of a transaction left half done, and what can be found out about it. */
typedef struct {
    CmigAuditOpen *open; /* NULL: nothing is in doubt, and the rest is empty */
    char *path;          /* of the revision's file; NULL when no file defines it any more */
    guint line;          /* of the statement that was running */
    char *statement;     /* its beginning, without values; escaped */
    char *effect;        /* what is there of it; NULL when it has not begun */
    char *problem;       /* why a run cannot simply go on, or NULL */
} CmigRepairReport;
void cmig_repair_report_free(CmigRepairReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigRepairReport, cmig_repair_report_free)

typedef enum {
    CMIG_REPAIR_RETRY,         /* go on with the section; what cannot be found out was not done */
    CMIG_REPAIR_MARK_APPLIED,  /* the revision is there: write the version rows so */
    CMIG_REPAIR_MARK_REVERTED, /* it is not there */
} CmigRepairAction;

/* Looks at what is in doubt; changes nothing. */
gboolean cmig_run_repair_look(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                              CmigRepairReport **report, GError **error);

/* Settles what is in doubt; CMIG_ERROR_FAILED when nothing is, or when it is no longer what
 * `report` shows. The guard is asked. */
gboolean cmig_run_repair(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                         CmigRepairAction action, const CmigRepairReport *report,
                         const CmigRunObserver *observer, GError **error);

#endif
