/* What the files of the graph share, and nobody else sees. */
#ifndef CMIG_GRAPH_INTERNAL_H
#define CMIG_GRAPH_INTERNAL_H

#include "cmig/graph.h"

struct CmigGraph {
    GPtrArray *revisions; /* owned, in load order */
    GHashTable *ids;      /* id -> revision */
    GHashTable *labels;   /* label -> revision that carries it */
    GPtrArray *heads;
    GPtrArray *real_heads;
    GPtrArray *bases;
    guint *ranks;    /* per revision: greater than those of everything it needs */
    GPtrArray *none; /* the one empty array that revisions without edges or labels refer to */
    gboolean sealed;
};

/* Steps of sealing, in this order. */
gboolean cmig_graph_index_labels(CmigGraph *graph, GError **error);
gboolean cmig_graph_link(CmigGraph *graph, GError **error);

gboolean cmig_graph_check_cycles(CmigGraph *graph, GError **error); /* and sets the ranks */
void cmig_graph_normalize(CmigGraph *graph);
void cmig_graph_spread_labels(CmigGraph *graph);

/* `*array` is the shared empty array until it gets its first member. */
void cmig_graph_append(const CmigGraph *graph, GPtrArray **array, gpointer member);

gboolean cmig_graph_is_reserved(const char *word);

/* A NULL-terminated array of all ids, with or without labels, for suggestions. Free the array
 * only. */
const char **cmig_graph_names(const CmigGraph *graph, gboolean with_labels);

/* Makes the revision's file the place of the error. */
void cmig_graph_set_place(GError **error, const CmigRevision *revision);

/* A new array of the revisions of `from` that are in `set` (NULL: all), in the order of `from`. The
 * caller unrefs. */
GPtrArray *cmig_graph_filter(const GPtrArray *from, const CmigRevisionSet *set);

#endif
