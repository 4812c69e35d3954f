/* The steps of writing a new revision that only check and decide. */
#ifndef CMIG_SCRIPT_NEW_INTERNAL_H
#define CMIG_SCRIPT_NEW_INTERNAL_H

#include "script/internal.h"

#include "cmig/new_revision.h"

/* The revisions that the new one revises, none for a base. Borrowed revisions, caller unrefs. */
gboolean cmig_new_parents(const CmigGraph *graph, const CmigNewRevision *request,
                          GPtrArray **parents, GError **error);

/* What goes into depends_on: labels as typed, anything else as the id it means. */
gboolean cmig_new_dependencies(const CmigGraph *graph, const CmigNewRevision *request,
                               GStrv *dependencies, GError **error);

/* Whether the labels are well formed; that they are free is the graph's to say. NULL = none. */
gboolean cmig_new_check_labels(const char *const *labels, GError **error);

/* The requested id if it is well formed and free, else a random one. The caller frees. */
char *cmig_new_id(const CmigGraph *graph, const CmigNewRevision *request, GError **error);

/* The version location to write to. Borrowed from `config`. */
gboolean cmig_new_location(const CmigConfig *config, const CmigNewRevision *request,
                           const GPtrArray *parents, const char **location, GError **error);

/* What the message is about: "create agents table" and "agents" both give agents. Always a name
 * that SQL takes without quotes. The caller frees. */
char *cmig_new_subject(const char *message);

#endif
