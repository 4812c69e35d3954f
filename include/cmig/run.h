/* Runs: the state machine between a plan and a database. Holds the lock, plans with the rows read
 * under it, asks the guard, then takes one step at a time; after each the version rows and the
 * schema agree. */
#ifndef CMIG_RUN_H
#define CMIG_RUN_H

#include "cmig/config.h"
#include "cmig/db.h"
#include "cmig/graph.h"
#include "cmig/plan.h"

#include <glib.h>

/* What a run tells while it works; every function may be NULL. */
typedef struct {
    void (*planned)(const CmigPlan *plan, const CmigDbState *state, gpointer data);
    void (*step_started)(const CmigRevision *revision, CmigDirection direction, gpointer data);
    /* `failed` is NULL when it worked; `skipped` when another run had done it already. */
    void (*step_finished)(const CmigRevision *revision, CmigDirection direction,
                          gint64 microseconds, gboolean skipped, const GError *failed,
                          gpointer data);
    void (*waiting)(const char *holder, gint64 microseconds, gpointer data); /* for the lock */
    gpointer data;
} CmigRunObserver;

typedef struct {
    GPtrArray *done; /* borrowed CmigRevision, in order */
    GPtrArray *rows; /* owned ids: the version rows afterwards, as far as known */
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

/* Moves the version rows without running SQL. `purge` forgets what is there first, also ids that no
 * file defines. `step` is called for each change. */
gboolean cmig_run_stamp(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                        const char *const *targets, gboolean purge, const CmigRunObserver *observer,
                        void (*step)(const CmigStampStep *step, gpointer data), GError **error);

/* Creates the version table when it is not there. */
gboolean cmig_run_ensure_version(CmigDb *db, const CmigConfig *config,
                                 const CmigRunObserver *observer, GError **error);

/* Reads the version rows without a lock and without writing: for current, history -i, show current.
 * `rows` are owned ids. */
gboolean cmig_run_read_rows(CmigDb *db, GPtrArray **rows, GError **error);

#endif
