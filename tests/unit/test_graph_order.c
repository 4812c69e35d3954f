/* The order of a set, against a direct transcription of Alembic's sort; the version rows, against
 * their definition; plans over random graphs. */
#include "cmig/plan.h"

#include "dag.h"

/* ---- Alembic's sort, as it is, with the ancestors of every pending entry. */

typedef struct {
    CmigRevision *revision;
    CmigRevisionSet *ancestors;
} Entry;

static Entry *entry_new(const CmigGraph *graph, CmigRevision *revision)
{
    g_autoptr(GPtrArray) of = g_ptr_array_new();
    g_ptr_array_add(of, revision);
    Entry *entry = g_new0(Entry, 1);
    entry->revision = revision;
    entry->ancestors = cmig_graph_ancestors(graph, of, CMIG_EDGES_ALL);
    return entry;
}

static void entry_free(gpointer data)
{
    Entry *entry = data;
    cmig_revision_set_free(entry->ancestors);
    g_free(entry);
}

static gboolean is_pending(const GPtrArray *pending, const CmigRevision *revision)
{
    for (guint idx = 0; idx < pending->len; idx++)
        if (((Entry *)g_ptr_array_index(pending, idx))->revision == revision)
            return TRUE;
    return FALSE;
}

/* The lowest other entry that has the revision of entry `at` among its ancestors, or `at`. */
static guint find_above(const GPtrArray *pending, guint at)
{
    const Entry *entry = g_ptr_array_index(pending, at);
    for (guint idx = 0; idx < pending->len; idx++) {
        const Entry *other = g_ptr_array_index(pending, idx);
        if (idx != at && cmig_revision_set_has(other->ancestors, entry->revision))
            return idx;
    }
    return at;
}

static guint replace(const CmigGraph *graph, GPtrArray *pending, guint at,
                     const CmigRevisionSet *set)
{
    const CmigRevision *revision = ((Entry *)g_ptr_array_index(pending, at))->revision;
    g_autoptr(GPtrArray) add = g_ptr_array_new();
    for (guint idx = 0; idx < revision->normalized->len; idx++) {
        CmigRevision *below = g_ptr_array_index(revision->normalized, idx);
        if (cmig_revision_set_has(set, below) && !is_pending(pending, below))
            g_ptr_array_add(add, below);
    }
    if (add->len == 0) {
        g_ptr_array_remove_index(pending, at);
        return at > 0 ? at - 1 : 0;
    }
    entry_free(g_ptr_array_index(pending, at));
    pending->pdata[at] = entry_new(graph, g_ptr_array_index(add, 0));
    for (guint idx = 1; idx < add->len; idx++)
        g_ptr_array_add(pending, entry_new(graph, g_ptr_array_index(add, idx)));
    return at;
}

static GPtrArray *naive_order(const CmigGraph *graph, const CmigRevisionSet *wanted,
                              const GPtrArray *heads)
{
    g_autoptr(GPtrArray) pending = g_ptr_array_new_with_free_func(entry_free);
    g_autoptr(CmigRevisionSet) set = cmig_revision_set_new(graph);
    GPtrArray *order = g_ptr_array_new();
    for (guint idx = 0; idx < cmig_graph_size(graph); idx++) {
        CmigRevision *revision = cmig_graph_nth(graph, idx);
        if (!cmig_revision_set_has(wanted, revision))
            continue;
        cmig_revision_set_add(set, revision);
        gboolean head = FALSE;
        for (guint at = 0; at < heads->len; at++)
            head = head || g_ptr_array_index(heads, at) == revision;
        if (head)
            g_ptr_array_add(pending, entry_new(graph, revision));
    }
    for (guint at = 0; pending->len > 0;) {
        guint above = find_above(pending, at);
        if (above != at) {
            at = above;
            continue;
        }
        CmigRevision *revision = ((Entry *)g_ptr_array_index(pending, at))->revision;
        g_ptr_array_add(order, revision);
        cmig_revision_set_remove(set, revision);
        at = replace(graph, pending, at, set);
    }
    return order;
}

static void check_order(const CmigGraph *graph, const CmigRevisionSet *set, const GPtrArray *heads)
{
    g_autoptr(GPtrArray) fast = cmig_graph_order(graph, set, heads);
    g_autoptr(GPtrArray) slow = naive_order(graph, set, heads);
    g_autofree char *got = dag_text(fast);
    g_autofree char *expected = dag_text(slow);
    ck_assert_str_eq(got, expected);
    ck_assert_uint_eq(fast->len, cmig_revision_set_size(set));
    g_autoptr(CmigRevisionSet) gone = cmig_revision_set_new(graph);
    for (guint idx = 0; idx < fast->len; idx++) {
        const CmigRevision *revision = g_ptr_array_index(fast, idx);
        for (guint at = 0; at < revision->normalized->len; at++)
            ck_assert(!cmig_revision_set_has(gone, g_ptr_array_index(revision->normalized, at)));
        cmig_revision_set_add(gone, revision);
    }
}

/* Some revisions, perhaps also ancestors of each other. */
static GPtrArray *pick(GRand *rand, const CmigGraph *graph, gint32 most)
{
    GPtrArray *picked = g_ptr_array_new();
    for (gint32 left = g_rand_int_range(rand, 0, most + 1); left > 0; left--)
        g_ptr_array_add(
            picked, cmig_graph_nth(
                        graph, (guint)g_rand_int_range(rand, 0, (gint32)cmig_graph_size(graph))));
    return picked;
}

START_TEST(random_sets)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    for (guint round = 0; round < 4000; round++) {
        g_autoptr(CmigGraph) graph =
            dag_random(rand, (guint)g_rand_int_range(rand, 1, round % 10 == 0 ? 70 : 25));
        /* Everything; what targets need beyond what is there; what is above some of it. */
        g_autoptr(CmigRevisionSet) all =
            cmig_graph_ancestors(graph, cmig_graph_real_heads(graph), CMIG_EDGES_ALL);
        ck_assert_uint_eq(cmig_revision_set_size(all), cmig_graph_size(graph));
        check_order(graph, all, cmig_graph_real_heads(graph));
        check_order(graph, all, cmig_graph_heads(graph));

        g_autoptr(GPtrArray) targets = pick(rand, graph, 5);
        g_autoptr(GPtrArray) lower = pick(rand, graph, 5);
        g_autoptr(CmigRevisionSet) need = cmig_graph_ancestors(graph, targets, CMIG_EDGES_ALL);
        g_autoptr(CmigRevisionSet) have = cmig_graph_ancestors(graph, lower, CMIG_EDGES_ALL);
        g_autoptr(CmigRevisionSet) above = cmig_graph_descendants(graph, lower, CMIG_EDGES_ALL);
        g_autoptr(CmigRevisionSet) drop = cmig_graph_ancestors(graph, targets, CMIG_EDGES_ALL);
        for (guint idx = 0; idx < cmig_graph_size(graph); idx++) {
            if (cmig_revision_set_has(have, cmig_graph_nth(graph, idx)))
                cmig_revision_set_remove(need, cmig_graph_nth(graph, idx));
            if (!cmig_revision_set_has(above, cmig_graph_nth(graph, idx)))
                cmig_revision_set_remove(drop, cmig_graph_nth(graph, idx));
        }
        check_order(graph, need, targets);
        check_order(graph, drop, targets);
    }
}
END_TEST

START_TEST(shapes)
{
    static const struct {
        const char *dag, *order;
    } cases[] = {
        {"a b1<a b2<a c<b1,b2 d<c", "d c b1 b2 a"},
        {"a b1<a b2<a c1<b1 d11<c1 d12<c1", "b2 d11 d12 c1 b1 a"},
        {"a", "a"},
        {"", ""},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(CmigGraph) graph = dag(cases[idx].dag);
        g_autoptr(CmigRevisionSet) all =
            cmig_graph_ancestors(graph, cmig_graph_heads(graph), CMIG_EDGES_ALL);
        g_autoptr(GPtrArray) order = cmig_graph_order(graph, all, cmig_graph_heads(graph));
        g_autofree char *got = dag_text(order);
        ck_assert_str_eq(got, cases[idx].order);
    }
}
END_TEST

/* ---- Version rows */

/* The applied revisions that no other applied one needs, sorted. */
static char *maximal(const CmigGraph *graph, const CmigRevisionSet *applied)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    for (guint idx = 0; idx < cmig_graph_size(graph); idx++) {
        CmigRevision *revision = cmig_graph_nth(graph, idx);
        g_autoptr(GPtrArray) of = g_ptr_array_new();
        g_ptr_array_add(of, revision);
        g_autoptr(CmigRevisionSet) above = cmig_graph_descendants(graph, of, CMIG_EDGES_ALL);
        gboolean covered = FALSE;
        for (guint at = 0; at < cmig_graph_size(graph); at++)
            covered = covered ||
                      (at != idx && cmig_revision_set_has(applied, cmig_graph_nth(graph, at)) &&
                       cmig_revision_set_has(above, cmig_graph_nth(graph, at)));
        if (cmig_revision_set_has(applied, revision) && !covered)
            g_ptr_array_add(rows, revision->id);
    }
    for (guint low = 0; low < rows->len; low++) /* few: sort by selection */
        for (guint at = low + 1; at < rows->len; at++)
            if (strcmp(rows->pdata[at], rows->pdata[low]) < 0) {
                gpointer kept = rows->pdata[at];
                rows->pdata[at] = rows->pdata[low];
                rows->pdata[low] = kept;
            }
    return dag_names(rows);
}

typedef struct {
    const CmigGraph *graph;
    CmigApplied *applied;
    CmigRevisionSet *set;
    GHashTable *table;
} Database;

static void apply(Database *database, gboolean up, CmigRevision *revision)
{
    gboolean can = up ? cmig_applied_can_upgrade(database->applied, revision)
                      : cmig_applied_can_downgrade(database->applied, revision);
    ck_assert(can);
    g_autoptr(CmigRowChange) change = up ? cmig_applied_upgrade(database->applied, revision)
                                         : cmig_applied_downgrade(database->applied, revision);
    (up ? cmig_revision_set_add : cmig_revision_set_remove)(database->set, revision);
    for (guint idx = 0; idx < change->deleted->len; idx++)
        ck_assert(g_hash_table_remove(database->table, g_ptr_array_index(change->deleted, idx)));
    if (change->updated_from != NULL) {
        ck_assert(g_hash_table_remove(database->table, change->updated_from));
        ck_assert(g_hash_table_add(database->table, g_strdup(change->updated_to)));
    }
    for (guint idx = 0; idx < change->inserted->len; idx++)
        ck_assert(
            g_hash_table_add(database->table, g_strdup(g_ptr_array_index(change->inserted, idx))));
    /* Never more statements than needed: inserts and deletes do not meet. */
    ck_assert(change->deleted->len == 0 || change->inserted->len == 0);
    g_autoptr(GPtrArray) rows = cmig_applied_rows(database->applied);
    g_autofree char *got = dag_names(rows);
    g_autofree char *expected = maximal(database->graph, database->set);
    ck_assert_str_eq(got, expected);
    ck_assert_uint_eq(rows->len, g_hash_table_size(database->table));
    for (guint idx = 0; idx < rows->len; idx++)
        ck_assert(g_hash_table_contains(database->table, g_ptr_array_index(rows, idx)));
}

/* Plans from the rows as they are now and carries the plan out; FALSE when that is an error. */
static gboolean migrate(Database *database, CmigDirection direction, const char *target)
{
    g_autoptr(GPtrArray) names = cmig_applied_rows(database->applied);
    g_autoptr(GPtrArray) rows = NULL;
    ck_assert(cmig_graph_resolve_rows(database->graph, names, &rows, NULL));
    g_autoptr(CmigPlan) plan = NULL;
    g_autoptr(GError) error = NULL;
    if (!cmig_plan_make(database->graph, direction, target, rows, &plan, &error)) {
        ck_assert_int_eq(direction, CMIG_DOWNGRADE);
        dag_assert_error(error, CMIG_ERROR_FAILED, "Destination", NULL, target);
        return FALSE;
    }
    for (guint idx = 0; idx < plan->revisions->len; idx++)
        apply(database, direction == CMIG_UPGRADE, g_ptr_array_index(plan->revisions, idx));
    return TRUE;
}

START_TEST(random_moves)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    guint moved = 0;
    for (guint round = 0; round < 700; round++) {
        guint size = (guint)g_rand_int_range(rand, 1, 22);
        g_autoptr(CmigGraph) graph = dag_random(rand, size);
        g_autoptr(GPtrArray) nothing = g_ptr_array_new();
        g_autoptr(CmigApplied) applied = cmig_applied_new(graph, nothing);
        g_autoptr(CmigRevisionSet) set = cmig_revision_set_new(graph);
        g_autoptr(GHashTable) table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        Database database = {graph, applied, set, table};
        for (guint move = 0; move < 8; move++) {
            CmigRevision *target = cmig_graph_nth(graph, g_rand_int(rand) % size);
            gboolean up = g_rand_boolean(rand);
            if (!migrate(&database, up ? CMIG_UPGRADE : CMIG_DOWNGRADE, target->id))
                continue;
            moved++;
            ck_assert(!up || cmig_applied_has(applied, target));
            for (guint idx = 0; !up && idx < target->children->len; idx++)
                ck_assert(!cmig_applied_has(applied, g_ptr_array_index(target->children, idx)));
        }
        ck_assert(migrate(&database, CMIG_UPGRADE, "heads"));
        ck_assert_uint_eq(cmig_revision_set_size(set), size);
        ck_assert(migrate(&database, CMIG_DOWNGRADE, "base"));
        ck_assert_uint_eq(cmig_revision_set_size(set), 0);
        ck_assert_uint_eq(g_hash_table_size(table), 0);
    }
    ck_assert_uint_gt(moved, 2500);
}
END_TEST

typedef struct {
    const char *dag, *rows, *change, *revision, *sql;
} Change;

START_TEST(row_changes)
{
    static const Change cases[] = {
        {"a b<a", "", "up", "a", "insert a"},
        {"a b<a", "a", "up", "b", "update a>b"},
        {"a b<a c<a", "b", "up", "c", "insert c"},
        {"a b1<a b2<a b3<a m<b3,b1,b2", "b1 b2 b3", "up", "m", "delete b3 b1 update b2>m"},
        {"a b1<a b2<a b3<a m<b3,b1,b2", "m", "down", "m", "update m>b2 insert b3 b1"},
        {"a b1<a b2<a c1<b1 m<b1,b2", "c1 b2", "up", "m", "update b2>m"},
        {"a x b<a!x", "a x", "up", "b", "delete x update a>b"},
        {"a x b<a!x", "b", "down", "b", "update b>a insert x"},
        {"a x b<a!x c<a", "b c", "down", "b", "update b>x"},
        {"c1 d1<c1 c2!c1", "c2 d1", "down", "d1", "delete d1"},
        {"a b!a", "a", "up", "b", "update a>b"},
        {"a b<a!a", "a", "up", "b", "update a>b"},
        {"a", "a", "down", "a", "delete a"},
        {"a b<a", "a b", "down", "b", "delete b"},
        {"x y<x r<x!y", "y", "up", "r", "update y>r"},
        {"x y<x r<x!y", "r", "down", "r", "update r>y"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(CmigGraph) graph = dag(cases[idx].dag);
        g_autoptr(GPtrArray) rows = dag_revisions(graph, cases[idx].rows);
        g_autoptr(CmigApplied) applied = cmig_applied_new(graph, rows);
        const CmigRevision *revision = cmig_graph_find(graph, cases[idx].revision);
        gboolean up = strcmp(cases[idx].change, "up") == 0;
        g_autoptr(CmigRowChange) change = up ? cmig_applied_upgrade(applied, revision)
                                             : cmig_applied_downgrade(applied, revision);
        g_autofree char *deleted = dag_names(change->deleted);
        g_autofree char *inserted = dag_names(change->inserted);
        g_autoptr(GString) sql = g_string_new(NULL);
        if (change->deleted->len > 0)
            g_string_append_printf(sql, " delete %s", deleted);
        if (change->updated_from != NULL)
            g_string_append_printf(sql, " update %s>%s", change->updated_from, change->updated_to);
        if (change->inserted->len > 0)
            g_string_append_printf(sql, " insert %s", inserted);
        ck_assert_str_eq(sql->str + 1, cases[idx].sql);
    }
}
END_TEST

START_TEST(preconditions)
{
    g_autoptr(CmigGraph) graph = dag("a x b<a!x c<b");
    g_autoptr(GPtrArray) rows = dag_revisions(graph, "a");
    g_autoptr(CmigApplied) applied = cmig_applied_new(graph, rows);
    ck_assert(!cmig_applied_can_upgrade(applied, cmig_graph_find(graph, "a")));
    ck_assert(!cmig_applied_can_upgrade(applied, cmig_graph_find(graph, "b")));
    ck_assert(!cmig_applied_can_upgrade(applied, cmig_graph_find(graph, "c")));
    ck_assert(cmig_applied_can_upgrade(applied, cmig_graph_find(graph, "x")));
    ck_assert(cmig_applied_can_downgrade(applied, cmig_graph_find(graph, "a")));
    ck_assert(!cmig_applied_can_downgrade(applied, cmig_graph_find(graph, "x")));
    cmig_row_change_free(cmig_applied_upgrade(applied, cmig_graph_find(graph, "x")));
    cmig_row_change_free(cmig_applied_upgrade(applied, cmig_graph_find(graph, "b")));
    ck_assert(!cmig_applied_can_downgrade(applied, cmig_graph_find(graph, "a")));
    cmig_row_change_free(NULL);
    cmig_applied_free(NULL);
}
END_TEST

START_TEST(implied_current)
{
    static const struct {
        const char *dag, *rows, *current;
    } cases[] = {
        {"zz02 aa02 mm01 mm02<mm01!zz02,aa02", "mm02", "zz02 aa02 mm02"},
        {"a b<a c<b", "b", "b"},
        {"a b<a x!a", "x", "a x"},
        {"a b<a", "", ""},
        {"y1 x1 y2<y1!x1 x2<x1", "y2 x2", "y2 x2"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(CmigGraph) graph = dag(cases[idx].dag);
        g_autoptr(GPtrArray) rows = dag_revisions(graph, cases[idx].rows);
        g_autoptr(GPtrArray) current = cmig_graph_implied_current(graph, rows);
        g_autofree char *got = dag_text(current);
        ck_assert_str_eq(got, cases[idx].current);
    }
}
END_TEST

START_TEST(sets)
{
    g_autoptr(CmigGraph) graph = dag("a b<a x!b c<b d<b#l");
    g_autoptr(CmigRevisionSet) down =
        cmig_graph_lineage(graph, cmig_graph_find(graph, "b"), CMIG_EDGES_DOWN);
    g_autoptr(CmigRevisionSet) all =
        cmig_graph_lineage(graph, cmig_graph_find(graph, "x"), CMIG_EDGES_ALL);
    g_autoptr(GPtrArray) down_list = cmig_revision_set_list(down, graph);
    g_autoptr(GPtrArray) all_list = cmig_revision_set_list(all, graph);
    g_autofree char *down_text = dag_text(down_list);
    g_autofree char *all_text = dag_text(all_list);
    ck_assert_str_eq(down_text, "a b c d");
    ck_assert_uint_eq(cmig_revision_set_size(down), 4);
    ck_assert_str_eq(all_text, "a b x");
    const CmigRevision *a = cmig_graph_find(graph, "a");
    cmig_revision_set_add(all, a);
    ck_assert_uint_eq(cmig_revision_set_size(all), 3);
    cmig_revision_set_remove(all, a);
    cmig_revision_set_remove(all, a);
    ck_assert_uint_eq(cmig_revision_set_size(all), 2);

    CmigRevision *ancestor = NULL;
    CmigRevision *descendant = NULL;
    g_autoptr(GPtrArray) apart = dag_revisions(graph, "c d x");
    g_autoptr(GPtrArray) over = dag_revisions(graph, "c x b");
    ck_assert(!cmig_graph_overlap(graph, apart, &ancestor, &descendant));
    ck_assert(cmig_graph_overlap(graph, over, &ancestor, &descendant));
    ck_assert_str_eq(ancestor->id, "b");
    ck_assert_str_eq(descendant->id, "c");
    cmig_revision_set_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("graph order");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, shapes);
    tcase_add_test(tcase, random_sets);
    tcase_add_test(tcase, random_moves);
    tcase_add_test(tcase, row_changes);
    tcase_add_test(tcase, preconditions);
    tcase_add_test(tcase, implied_current);
    tcase_add_test(tcase, sets);
    suite_add_tcase(suite, tcase);
    return dag_run(suite);
}
