/* A run while it works: what the files that take its steps share. */
#ifndef CMIG_ENGINE_WORK_H
#define CMIG_ENGINE_WORK_H

#include "cmig/run.h"
#include "cmig/vcs.h"
#include "engine/run/log.h"
#include "engine/step.h"

/* gate.c: what the guard goes by, and what came of it; the records borrow from it. */
typedef struct {
    CmigEnvironment environment; /* once the guard was asked */
    char *changed_files;         /* ids of those edited since they were applied, or NULL */
    char *plan;                  /* its hash, or NULL */
    char *confirmed;             /* how, or NULL */
    CmigVcsState vcs;            /* what git says of the revision files */
    gboolean on_branch;          /* one that guard.branches names, or it names none */
} CmigWorkGuard;

/* attempt.c: attempts at the locks that a step needs. */
typedef struct {
    guint deadlock_timeout; /* the server's, in milliseconds */
    guint count;            /* from 0 */
    gint64 patience;        /* milliseconds left for them */
} CmigWorkAttempts;

/* watch.c: how the step is getting on. */
typedef struct {
    gint64 started; /* when it began */
    gint64 asked;   /* when the server was last asked what it is doing */
    CmigRunProgress progress;
    CmigDbActivity *activity;
} CmigWorkWatch;

typedef struct {
    CmigDb *db;
    const CmigConfig *config;
    const CmigGraph *graph;
    const CmigRunObserver *observer;
    CmigRunReport *report; /* or NULL */

    CmigSite site;      /* of the database; borrows from its state, and from `past` */
    CmigAuditPast past; /* what earlier runs have left, a section that is open above all */
    gboolean past_known;
    guint sessions; /* that took the place of a lost one */
    char *table;    /* the version table, quoted and qualified */
    gboolean create_schema;
    gboolean create_table;

    GPtrArray *steps;          /* CmigStep */
    guint next;                /* which of them comes next */
    const CmigStep *announced; /* the observer knows that it started */
    CmigApplied *applied;      /* what is applied, the step that is being taken included */
    GPtrArray *expected;       /* version rows that the last unit asked for; borrowed ids */

    CmigRunLog log;
    CmigWorkGuard guard;
    CmigWorkAttempts attempts;
    CmigWorkWatch watch;
} CmigWork;

/* Ready for a database that `state` describes, which must outlive it. `work` must be zeroed; clear
 * it afterwards. */
void cmig_work_init(CmigWork *work, CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                    const CmigRunObserver *observer, const CmigDbState *state);

/* The same for what only looks: nobody is told, and an audit table that may not be read is none. */
void cmig_work_init_reader(CmigWork *work, CmigDb *db, const CmigConfig *config,
                           const CmigGraph *graph, const CmigDbState *state);
void cmig_work_clear(CmigWork *work);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigWork, cmig_work_clear)

/* Sends the one unit of a run that has no other, and ends the run. */
gboolean cmig_work_send_only(CmigWork *work, const CmigDbUnit *unit, GError **error);

/* The last thing of a run: tells the observer, and the report if there is one, the hash of the last
 * record when any was written. */
void cmig_work_end(CmigWork *work);

/* A sentence for the user; the text is escaped where it must be. */
void cmig_work_note(const CmigWork *work, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* How the version rows move when `step` is taken, which changes `work->applied`. */
typedef struct {
    const char **expected;
    const char **result;
    GStrv changes;
    guint rows_changed;
} CmigRowMove;
void cmig_row_move_init(CmigRowMove *move, CmigWork *work, const CmigStep *step);
void cmig_row_move_clear(CmigRowMove *move);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigRowMove, cmig_row_move_clear)

/* Takes over what the audit table says. */
void cmig_work_set_past(CmigWork *work, CmigAuditPast *past);

/* Reads the version rows (owned ids, the caller unrefs) and with them what the audit table says. */
gboolean cmig_work_read_state(CmigWork *work, GPtrArray **ids, GError **error);

/* run.c: takes the session lock, reads the version rows (`*rows`: revisions) and what is open. */
gboolean cmig_work_begin(CmigWork *work, CmigDb *db, const CmigConfig *config,
                         const CmigGraph *graph, const CmigRunObserver *observer,
                         CmigDbState **state, GPtrArray **rows, GError **error);

/* Asks the guard and runs the plan from these version rows. `work->report` must be set. */
gboolean cmig_work_run(CmigWork *work, const CmigPlan *plan, const GPtrArray *rows, gboolean forced,
                       GError **error);

/* An empty one. */
CmigRunReport *cmig_run_report_new(void);

/* attempt.c: sends a unit, again when it was rolled back whole because a lock was not to be had,
 * and finds out what became of it when the connection was lost. `statement` is that of the unit's
 * record, 0 for one of the whole section. Creates cmig's tables first where they are missing. */
gboolean cmig_work_send(CmigWork *work, const CmigStep *step, CmigDbUnit *unit, guint statement,
                        GError **error);

/* Before the first attempt at the locks that a step needs; and, after one that failed, whether
 * there is patience for another: it pauses then, and clears the error. */
void cmig_work_begin_attempts(CmigWork *work);
gboolean cmig_work_try_again(CmigWork *work, const CmigStep *step, gint64 took, GError **error);

/* settle.c: after a connection that was lost with the outcome of `step` unknown. TRUE: it is
 * connected again, holds the lock, and the record is there. Else `*error` is replaced by what is
 * known. */
gboolean cmig_work_settle(CmigWork *work, const CmigStep *step, guint statement, GError **error);

/* watch.c: from here to the end the observer hears what the server is doing. */
void cmig_work_watch(CmigWork *work, const CmigStep *step);
void cmig_work_unwatch(CmigWork *work);

/* separate.c: takes a step whose section runs outside of a transaction, from where
 * `work->past.open` says; `forced`: what cannot be found out is taken as not done. */
gboolean cmig_work_take_separately(CmigWork *work, CmigStep *step, gboolean forced, GError **error);

/* Whether the section that an earlier run left can be gone on with by `step`; NULL: there is no
 * step. The error says why not. */
gboolean cmig_work_check_open(const CmigWork *work, const CmigStep *step, GError **error);

#endif
