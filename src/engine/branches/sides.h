/* Two branches of the revision files: the work tree (ours), a commit (theirs), and the commit that
 * both grew from (the base); and what a merge of the two would leave. */
#ifndef CMIG_ENGINE_SIDES_H
#define CMIG_ENGINE_SIDES_H

#include "cmig/config.h"
#include "cmig/graph.h"
#include "cmig/vcs.h"

/* The most that a revision file may have. */
#define CMIG_SIDE_FILE_MAX ((gsize)256 * 1024 * 1024)

/* A revision file on one side. */
typedef struct {
    char *path;
    char *id;                     /* of the content */
    const CmigRevision *revision; /* its header, whose path may be another file's with the same
                                     content; NULL = it cannot be read */
    const char *problem;          /* then: why */
} CmigSideFile;

typedef struct {
    GPtrArray *files;    /* CmigSideFile, in load order */
    GHashTable *by_path; /* borrowed */
    GHashTable *by_id;   /* by the revision's id; of several the first */
} CmigSide;

typedef struct {
    CmigVcs *vcs;
    char *ref;
    char *shown; /* the same, escaped */
    CmigSide *ours;
    CmigSide *base;
    CmigSide *theirs;
    GHashTable *headers; /* content -> what was read of it */
} CmigSides;

/* `ref` NULL is the default branch. */
gboolean cmig_sides_load(const CmigConfig *config, const CmigGraph *graph, const char *ref,
                         CmigSides **sides, GError **error);
void cmig_sides_free(CmigSides *sides);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigSides, cmig_sides_free)

/* The file of this revision on a side; NULL = there is none. */
const CmigSideFile *cmig_side_find(const CmigSide *side, const char *revision);

/* Whether the revision is only ours: neither they have it, nor had it the base. */
gboolean cmig_sides_is_new(const CmigSides *sides, const char *revision);

/* Whether both are there with the same content. */
gboolean cmig_side_file_same(const CmigSideFile *left, const CmigSideFile *right);

/* The files that a merge would leave, borrowed: those that one side alone changed as on that side,
 * gone where one side alone deleted them, ours where both changed them. The caller unrefs. */
GPtrArray *cmig_sides_merge(const CmigSides *sides);

/* The graph of such files, sealed; files that cannot be read and the second of a revision are left
 * out. */
gboolean cmig_sides_graph(const GPtrArray *files, CmigGraph **graph, GError **error);

#endif
