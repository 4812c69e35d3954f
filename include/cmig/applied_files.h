/* The files of applied revisions, compared with what the audit table says was run: a file that is
 * edited after it was applied leaves databases that differ from each other. Only upgrade sections
 * count, and of each file the one for the connected dialect. */
#ifndef CMIG_APPLIED_FILES_H
#define CMIG_APPLIED_FILES_H

#include "cmig/config.h"
#include "cmig/db.h"
#include "cmig/graph.h"
#include "cmig/run.h"

#include <glib.h>

typedef enum {
    CMIG_FILE_UNKNOWN,   /* stamped, or applied by another tool: there is nothing to compare with */
    CMIG_FILE_UNCHANGED, /* to the byte */
    CMIG_FILE_COMMENTS,  /* only comments, white space or the case of bare words changed */
    CMIG_FILE_CHANGED,
    CMIG_FILE_MISSING, /* no file defines the revision any more */
} CmigFileState;

/* "unknown", "unchanged", "comments", "changed", "missing". Static text. */
const char *cmig_file_state_name(CmigFileState state);

typedef struct {
    char *id;
    const CmigRevision *revision; /* NULL when no file defines it */
    CmigFileState state;
    char *checksum;    /* of the section as it is now; NULL when there is none */
    char *fingerprint; /* likewise; NULL as well when it is not needed: unchanged or unknown */
    char *problem;     /* changed, and what is there now cannot run: why. Else NULL */
} CmigAppliedFile;

/* Compares the files of all applied revisions. `rows` are the version rows as revisions; with
 * `only` the files of other revisions are not read and not in the result. One query, and only files
 * with a checksum are read. The database must have been inspected; without a readable audit table
 * every state is unknown. `*files` gets CmigAppliedFile in load order, then those without a file;
 * the caller unrefs. */
gboolean cmig_applied_files_read(CmigDb *db, const CmigGraph *graph, const GPtrArray *rows,
                                 const CmigRevisionSet *only, GPtrArray **files, GError **error);

/* For a run that has something to do, before it writes: `*changed` gets the files that are CHANGED,
 * an empty array when none is. No round trip when nothing is applied yet. The caller unrefs. */
gboolean cmig_applied_files_check(CmigDb *db, const CmigGraph *graph, const GPtrArray *rows,
                                  GPtrArray **changed, GError **error);

/* The ids of an array of CmigAppliedFile as cmig_text_names has them. The caller frees. */
char *cmig_applied_files_names(const GPtrArray *files);

/* Takes the files as they are now for what was applied: writes an audit record `accepted` with the
 * new checksum and `reason` for each of `targets` (identifiers, or ids without a file; NULL: every
 * one that changed). In one transaction, under the session lock; the guard is asked. `*accepted`
 * gets CmigAppliedFile as they were found. Errors: CMIG_ERROR_FAILED for a revision that is not
 * known, not applied, or did not change. */
gboolean cmig_run_accept(CmigDb *db, const CmigConfig *config, const CmigGraph *graph,
                         const char *const *targets, const char *reason,
                         const CmigRunObserver *observer, GPtrArray **accepted, GError **error);

#endif
