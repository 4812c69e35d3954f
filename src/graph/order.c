/* The order of a set of revisions. Alembic keeps the ancestors of every pending entry; here a
 * revision counts its unemitted children instead, which says the same for a convex set at the cost
 * of its edges. Only one that is held up needs to know what is above it. */
#include "graph/internal.h"

static const guint NONE = G_MAXUINT;

/* A place in the list of pending revisions. Places never move; a lower one was opened earlier. */
typedef struct {
    CmigRevision *revision; /* NULL: closed */
    guint rank;             /* of the revision; 0 when closed */
    guint previous;
    guint next;
} Place;

/* What holds a revision up. A place leaves this for good once it holds something else, and new
 * places only come at the end, so `lowest` only grows. The walk upwards goes on only until it has
 * met what is asked for. */
typedef struct {
    CmigRevisionSet *above;
    GQueue walk; /* members of `above`, and the revision itself, whose edges are yet to be seen */
    guint rank;
    guint lowest;
} Holdup;

typedef struct {
    const CmigGraph *graph;
    CmigRevisionSet *todo;    /* of the set, not yet emitted */
    CmigRevisionSet *pending; /* those that have a place */
    guint *holders;           /* per revision: edges from unemitted ones above */
    GArray *places;           /* Place */
    guint first, last, at;
    GHashTable *holdups; /* revision -> Holdup */
    GPtrArray *emitted;
} Sorter;

static void holdup_free(gpointer data)
{
    Holdup *holdup = data;
    cmig_revision_set_free(holdup->above);
    g_queue_clear(&holdup->walk);
    g_free(holdup);
}

static Place *place_at(const Sorter *sorter, guint at)
{
    return &g_array_index(sorter->places, Place, at);
}

static void open_place(Sorter *sorter, CmigRevision *revision)
{
    Place place = {revision, sorter->graph->ranks[revision->index], sorter->last, NONE};
    guint at = sorter->places->len;
    g_array_append_val(sorter->places, place);
    if (sorter->last == NONE)
        sorter->first = at;
    else
        place_at(sorter, sorter->last)->next = at;
    sorter->last = at;
    cmig_revision_set_add(sorter->pending, revision);
}

/* Closes the current place and goes to the one before, or to what is then the first. */
static void close_place(Sorter *sorter)
{
    Place *place = place_at(sorter, sorter->at);
    place->revision = NULL;
    place->rank = 0;
    if (place->previous == NONE)
        sorter->first = place->next;
    else
        place_at(sorter, place->previous)->next = place->next;
    if (place->next == NONE)
        sorter->last = place->previous;
    else
        place_at(sorter, place->next)->previous = place->previous;
    sorter->at = place->previous == NONE ? place->next : place->previous;
}

/* Adds delta to the holders of everything just below. */
static void hold_below(Sorter *sorter, const CmigRevision *revision, int delta)
{
    const GPtrArray *below[] = {revision->parents, revision->dependencies};
    for (gsize kind = 0; kind < G_N_ELEMENTS(below); kind++) {
        for (guint idx = 0; idx < below[kind]->len; idx++) {
            const CmigRevision *other = g_ptr_array_index(below[kind], idx);
            sorter->holders[other->index] += (guint)delta;
        }
    }
}

static void push_todo(const Sorter *sorter, Holdup *holdup, const GPtrArray *revisions)
{
    for (guint idx = 0; idx < revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(revisions, idx);
        if (!cmig_revision_set_has(sorter->todo, revision) ||
            cmig_revision_set_has(holdup->above, revision))
            continue;
        cmig_revision_set_add(holdup->above, revision);
        g_queue_push_tail(&holdup->walk, revision);
    }
}

/* Walks on until `revision` has been met or nothing is left. */
static gboolean is_above(const Sorter *sorter, Holdup *holdup, const CmigRevision *revision)
{
    while (!cmig_revision_set_has(holdup->above, revision)) {
        const CmigRevision *at = g_queue_pop_head(&holdup->walk);
        if (at == NULL)
            return FALSE;
        push_todo(sorter, holdup, at->children);
        push_todo(sorter, holdup, at->dependents);
    }
    return TRUE;
}

static Holdup *find_holdup(Sorter *sorter, CmigRevision *revision)
{
    Holdup *holdup = g_hash_table_lookup(sorter->holdups, revision);
    if (holdup != NULL)
        return holdup;
    holdup = g_new0(Holdup, 1);
    holdup->above = cmig_revision_set_new(sorter->graph);
    holdup->rank = sorter->graph->ranks[revision->index];
    g_queue_push_tail(&holdup->walk, revision);
    g_hash_table_insert(sorter->holdups, revision, holdup);
    return holdup;
}

/* The lowest place that holds something above the revision of the current one. */
static guint lowest_above(Sorter *sorter)
{
    Holdup *holdup = find_holdup(sorter, place_at(sorter, sorter->at)->revision);
    for (; holdup->lowest < sorter->places->len; holdup->lowest++) {
        const Place *place = place_at(sorter, holdup->lowest);
        if (place->rank > holdup->rank && is_above(sorter, holdup, place->revision))
            return holdup->lowest;
    }
    g_error("the set of revisions to be ordered has members above its heads");
}

static void emit(Sorter *sorter)
{
    CmigRevision *revision = place_at(sorter, sorter->at)->revision;
    g_ptr_array_add(sorter->emitted, revision);
    cmig_revision_set_remove(sorter->todo, revision);
    g_hash_table_remove(sorter->holdups, revision);
    hold_below(sorter, revision, -1);

    gboolean reused = FALSE;
    for (guint idx = 0; idx < revision->normalized->len; idx++) {
        CmigRevision *below = g_ptr_array_index(revision->normalized, idx);
        if (!cmig_revision_set_has(sorter->todo, below) ||
            cmig_revision_set_has(sorter->pending, below))
            continue;
        if (reused) {
            open_place(sorter, below);
            continue;
        }
        place_at(sorter, sorter->at)->revision = below;
        place_at(sorter, sorter->at)->rank = sorter->graph->ranks[below->index];
        cmig_revision_set_add(sorter->pending, below);
        reused = TRUE;
    }
    if (!reused)
        close_place(sorter);
}

GPtrArray *cmig_graph_order(const CmigGraph *graph, const CmigRevisionSet *set,
                            const GPtrArray *heads)
{
    g_autoptr(GPtrArray) members = cmig_revision_set_list(set, graph);
    g_autoptr(CmigRevisionSet) todo = cmig_revision_set_new(graph);
    g_autoptr(CmigRevisionSet) pending = cmig_revision_set_new(graph);
    g_autofree guint *holders = g_new0(guint, graph->revisions->len + 1);
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
    g_autoptr(GHashTable) holdups =
        g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, holdup_free);
    Sorter sorter = {graph, todo, pending, holders, places,
                     NONE,  NONE, 0,       holdups, g_ptr_array_sized_new(members->len)};
    for (guint idx = 0; idx < members->len; idx++) {
        cmig_revision_set_add(todo, g_ptr_array_index(members, idx));
        hold_below(&sorter, g_ptr_array_index(members, idx), 1);
    }

    g_autoptr(CmigRevisionSet) tops = cmig_revision_set_new(graph);
    for (guint idx = 0; idx < heads->len; idx++)
        if (cmig_revision_set_has(set, g_ptr_array_index(heads, idx)))
            cmig_revision_set_add(tops, g_ptr_array_index(heads, idx));
    g_autoptr(GPtrArray) starts = cmig_revision_set_list(tops, graph);
    for (guint idx = 0; idx < starts->len; idx++)
        open_place(&sorter, g_ptr_array_index(starts, idx));

    sorter.at = sorter.first;
    while (sorter.first != NONE) {
        if (holders[place_at(&sorter, sorter.at)->revision->index] > 0)
            sorter.at = lowest_above(&sorter);
        else
            emit(&sorter);
    }
    g_assert(sorter.emitted->len == members->len);
    return sorter.emitted;
}
