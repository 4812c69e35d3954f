/* The revision DAG. Pure: no files, no database, no output. Revisions are added in load order (the
 * tie-breaker for every order below), then the graph is sealed, which resolves and validates it.
 * After that it is immutable.
 *
 * Terms are Alembic's. down_revision edges make a branch; depends_on edges only say that another
 * revision must be there. A head has no child by down_revision; a real head is not a dependency
 * either. A base has no down_revision. Semantics follow Alembic's revision map wherever Alembic
 * does not crash or stay silent. No function recurses; a graph of 10,000 revisions, a line or
 * stacked diamonds, is sealed and ordered in a few milliseconds. */
#ifndef CMIG_GRAPH_H
#define CMIG_GRAPH_H

#include <glib.h>

typedef struct CmigGraph CmigGraph;

typedef struct CmigRevision {
    /* What the file's header says. Never NULL, but `message` and `create_date` may be "". */
    char *id;
    char *path; /* for messages and listings; "" when there is no file */
    char *message;
    char *create_date;
    char **down_revisions; /* ids, in file order; empty for a base */
    char **depends_on;     /* ids or labels, in file order */
    char **branch_labels;  /* as the file gives them */

    /* Resolved when the graph is sealed. Arrays of borrowed CmigRevision, never NULL then. */
    GPtrArray *parents;      /* down_revisions */
    GPtrArray *dependencies; /* depends_on, all of them */
    GPtrArray *normalized;   /* parents, then the dependencies no parent's line already has */
    GPtrArray *children;     /* revisions whose down_revision this is, in load order */
    GPtrArray *dependents;   /* revisions whose depends_on names this, in load order */
    GPtrArray *labels; /* const char *: own labels and those spread from relatives (display) */
    guint index;       /* load order, from 0 */
} CmigRevision;

/* A revision with empty lists. Strings are copied. NULL arrays mean empty. */
CmigRevision *cmig_revision_new(const char *id, const char *const *down_revisions,
                                const char *const *depends_on, const char *const *branch_labels,
                                const char *message, const char *path);

/* The same revision for another graph, with other `down_revisions` (NULL: its own) and this path.
 */
CmigRevision *cmig_revision_copy(const CmigRevision *revision, const char *const *down_revisions,
                                 const char *path);
void cmig_revision_free(CmigRevision *revision);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigRevision, cmig_revision_free)

CmigGraph *cmig_graph_new(void);
void cmig_graph_free(CmigGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigGraph, cmig_graph_free)

/* Adds a revision; the graph owns it, also on failure. An id that is already there is an error
 * that names both files; so is one with a character that identifiers give a meaning (`@ - + :`), or
 * a word such as `head`. Errors: CMIG_ERROR_CONFIG. */
gboolean cmig_graph_add(CmigGraph *graph, CmigRevision *revision, GError **error);

/* Resolves and checks everything: parents and dependencies exist (else: which file names the
 * missing revision, and a suggestion), labels are unique and no revision's id, nothing depends on
 * itself, no cycle by down_revision or with dependencies (else: the revisions of one cycle).
 * Errors: CMIG_ERROR_CONFIG with the file as place. */
gboolean cmig_graph_seal(CmigGraph *graph, GError **error);

/* A branch label is `[0-9A-Za-z_.-]`, begins with a letter, digit or `_`, has no hyphen before a
 * digit (`feat-12` would read as "12 below feat") and is none of `head`, `heads`, `base`,
 * `current`. Sealing checks every label; for labels from elsewhere. Errors: CMIG_ERROR_CONFIG. */
gboolean cmig_branch_label_check(const char *label, GError **error);

guint cmig_graph_size(const CmigGraph *graph);
CmigRevision *cmig_graph_nth(const CmigGraph *graph, guint index);

/* The revision with exactly this id, or NULL. Labels are not looked at. */
CmigRevision *cmig_graph_find(const CmigGraph *graph, const char *id);

/* Heads and bases in load order. Borrowed arrays of borrowed CmigRevision. */
const GPtrArray *cmig_graph_heads(const CmigGraph *graph);
const GPtrArray *cmig_graph_real_heads(const CmigGraph *graph);
const GPtrArray *cmig_graph_bases(const CmigGraph *graph);

/* Sets of revisions, as bit maps over load order. */
typedef struct CmigRevisionSet CmigRevisionSet;
CmigRevisionSet *cmig_revision_set_new(const CmigGraph *graph);
void cmig_revision_set_free(CmigRevisionSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigRevisionSet, cmig_revision_set_free)
gboolean cmig_revision_set_has(const CmigRevisionSet *set, const CmigRevision *revision);
void cmig_revision_set_add(CmigRevisionSet *set, const CmigRevision *revision);
void cmig_revision_set_remove(CmigRevisionSet *set, const CmigRevision *revision);
guint cmig_revision_set_size(const CmigRevisionSet *set);

/* The members in load order. The caller unrefs. */
GPtrArray *cmig_revision_set_list(const CmigRevisionSet *set, const CmigGraph *graph);

/* Which edges a walk follows. */
typedef enum {
    CMIG_EDGES_DOWN, /* down_revision only */
    CMIG_EDGES_ALL,  /* down_revision and depends_on */
} CmigEdges;

/* The given revisions (an array of CmigRevision) and everything below or above them. The caller
 * frees. */
CmigRevisionSet *cmig_graph_ancestors(const CmigGraph *graph, const GPtrArray *of, CmigEdges edges);
CmigRevisionSet *cmig_graph_descendants(const CmigGraph *graph, const GPtrArray *of,
                                        CmigEdges edges);

/* The ancestors and the descendants of one revision, and itself. */
CmigRevisionSet *cmig_graph_lineage(const CmigGraph *graph, const CmigRevision *revision,
                                    CmigEdges edges);

/* Whether one of the revisions is a proper ancestor of another one over all edges; if so, the first
 * such pair. */
gboolean cmig_graph_overlap(const CmigGraph *graph, const GPtrArray *revisions,
                            CmigRevision **ancestor, CmigRevision **descendant);

/* Their ids as cmig_text_names has them. The caller frees. */
char *cmig_revision_names(const GPtrArray *revisions);

/* The members of `set` newest first, in Alembic's order: depth first along a branch, a branch point
 * only after every branch above it; `heads` are the tops of the set and may contain more. The set
 * must be convex (nothing outside it lies between two members). Upgrade order is the reverse. The
 * caller unrefs. */
GPtrArray *cmig_graph_order(const CmigGraph *graph, const CmigRevisionSet *set,
                            const GPtrArray *heads);

/* What an identifier is made of: `[BRANCH@][SYMBOL][±N]`. A sign before a digit always begins a
 * relative number; digits reach to the end. Parsing does not look at the graph. */
typedef struct {
    char *branch; /* NULL without `@` */
    char *symbol; /* "" when there is only a number */
    char *anchor; /* the text in front of the number, to be resolved */
    gboolean relative;
    int steps; /* clamped to +-G_MAXINT */
} CmigIdentifier;
void cmig_identifier_clear(CmigIdentifier *identifier);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigIdentifier, cmig_identifier_clear)

/* Errors: CMIG_ERROR_USAGE, for empty text, an empty part beside `@`, a second `@`, a `:`, and
 * anything behind a relative number. Clear the result. */
gboolean cmig_identifier_parse(const char *text, CmigIdentifier *identifier, GError **error);

/* The revision that stands for a branch: the one that carries the label, or the one with this id or
 * unique prefix. Errors: CMIG_ERROR_FAILED, with what exists. */
gboolean cmig_graph_branch(const CmigGraph *graph, const char *name, CmigRevision **result,
                           GError **error);

/* Walks |steps| edges of down_revision up (steps > 0) or down from `start` (NULL: base, below all
 * bases). With `branch` only revisions of its lineage are stepped on upwards. `*ended` says that
 * the walk ran out of revisions before; `*result` is then the last one. A fork on the way is
 * CMIG_ERROR_FAILED "Ambiguous walk". */
gboolean cmig_graph_walk(const CmigGraph *graph, CmigRevision *start, int steps,
                         const CmigRevision *branch, CmigRevision **result, gboolean *ended,
                         GError **error);

/* Identifiers. `text` is what the user typed: an id, a unique prefix, a branch label, `head`,
 * `heads`, `base`, `branch@X`, and, as in Alembic's show and merge, `-N` (N below every head).
 * `result` receives borrowed revisions, none for `base`. An error says which: no such revision
 * (with a suggestion), a prefix of several (which), no such label, not a member of the branch,
 * several heads (which). Errors: CMIG_ERROR_FAILED; text that cannot be an identifier:
 * CMIG_ERROR_USAGE. */
gboolean cmig_graph_resolve(const CmigGraph *graph, const char *text, GPtrArray **result,
                            GError **error);

/* As above, but exactly one revision is wanted; `base` gives NULL in `*result`. */
gboolean cmig_graph_resolve_one(const CmigGraph *graph, const char *text, CmigRevision **result,
                                GError **error);

/* Version rows (ids from the database, sorted) to revisions. A state that no migration leads to is
 * CMIG_ERROR_FAILED that says which: an empty row, the same one twice, ids that no file defines
 * (all of them are named), a revision beside its own ancestor. */
gboolean cmig_graph_resolve_rows(const CmigGraph *graph, const GPtrArray *rows, GPtrArray **result,
                                 GError **error);

/* The revisions of those rows that the files define, each once: to show what can be shown of a
 * state that is wrong. The caller unrefs. */
GPtrArray *cmig_graph_known_rows(const CmigGraph *graph, const GPtrArray *rows);

/* What `current` shows: the rows, and every revision implied by them that has no applied child by
 * down_revision. Load order. The caller unrefs. */
GPtrArray *cmig_graph_implied_current(const CmigGraph *graph, const GPtrArray *rows);

/* `history -r START:END`, both ends inclusive, newest first. Either part may be empty, `current`
 * (then `current`, an array of revisions or NULL, is used) or relative: `-N:END` counts down from
 * END, `START:+N` up from START, and both stop at the last revision there is. `BRANCH@` in START
 * keeps only the ends on that branch. NULL or ":" is everything. Errors as resolve; a range whose
 * ends are not on one line: CMIG_ERROR_FAILED; no or several colons: CMIG_ERROR_USAGE. The caller
 * unrefs. */
gboolean cmig_graph_range(const CmigGraph *graph, const char *text, const GPtrArray *current,
                          GPtrArray **result, GError **error);

/* The applied set of a database and its version rows while steps are taken. Invariant: rows = the
 * maximal elements of the applied set over down_revision and depends_on. A step costs its number of
 * edges. */
typedef struct CmigApplied CmigApplied;

/* How the version rows change in one step: delete all of `deleted`, change `updated_from` to
 * `updated_to` (both NULL or neither), insert all of `inserted`. */
typedef struct {
    GPtrArray *deleted;  /* const char * ids, borrowed from the graph */
    GPtrArray *inserted; /* likewise */
    const char *updated_from;
    const char *updated_to;
} CmigRowChange;
CmigRowChange *cmig_row_change_new(void);
void cmig_row_change_free(CmigRowChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigRowChange, cmig_row_change_free)

/* `rows` are revisions; a row that is another row's ancestor is accepted here (the planner
 * complains). */
CmigApplied *cmig_applied_new(const CmigGraph *graph, const GPtrArray *rows);
void cmig_applied_free(CmigApplied *applied);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigApplied, cmig_applied_free)

gboolean cmig_applied_has(const CmigApplied *applied, const CmigRevision *revision);

/* The version rows now, sorted bytewise, as borrowed ids. The caller unrefs. */
GPtrArray *cmig_applied_rows(const CmigApplied *applied);

/* Applies or reverts one revision and says how the rows change (owned by the caller). The
 * precondition is asserted: everything `revision` needs is applied and it is not (up); it is
 * applied and nothing above it is (down). Test it with the _can_ functions. */
gboolean cmig_applied_can_upgrade(const CmigApplied *applied, const CmigRevision *revision);
gboolean cmig_applied_can_downgrade(const CmigApplied *applied, const CmigRevision *revision);
CmigRowChange *cmig_applied_upgrade(CmigApplied *applied, const CmigRevision *revision);
CmigRowChange *cmig_applied_downgrade(CmigApplied *applied, const CmigRevision *revision);

#endif
