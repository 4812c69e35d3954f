/* What differs between two versions of a revision's file, and whether it matters to a database. */
#ifndef CMIG_ENGINE_CHANGES_H
#define CMIG_ENGINE_CHANGES_H

#include "engine/branches/sides.h"

typedef struct {
    char *what; /* "its down_revision and its upgrade section"; NULL = nothing that matters */
    guint line; /* of the first of these in the work tree's file; 0 = not known */
} CmigChange;
void cmig_change_clear(CmigChange *change);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigChange, cmig_change_clear)

/* Compares the base's file with the work tree's, as git stores it. What matters is the header but
 * for message and date, and of every section the words: comments and white space do nothing. Clear
 * the change. */
gboolean cmig_change_find(const CmigSides *sides, const CmigSideFile *base,
                          const CmigSideFile *ours, CmigChange *change, GError **error);

#endif
