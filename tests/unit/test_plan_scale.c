/* Large graphs of the shapes that cost Alembic seconds: sealed, planned both ways and stepped
 * through. Results are asserted; CMIG_TEST_TIMES=1 prints what each part took. */
#include "cmig/plan.h"

#include "dag.h"

enum { SIZE = 10000 };

/* The ids are of the usual length. */
static void add(CmigGraph *graph, guint number, const char *parents, const char *depends_on)
{
    g_autofree char *id = g_strdup_printf("%012x", number);
    g_auto(GStrv) down = g_strsplit(parents, ",", -1);
    g_auto(GStrv) needs = g_strsplit(depends_on, ",", -1);
    ck_assert(cmig_graph_add(graph,
                             cmig_revision_new(id, (const char *const *)down,
                                               (const char *const *)needs, NULL, "message", id),
                             NULL));
}

static char *id(guint number)
{
    return g_strdup_printf("%012x", number);
}

static void add_line(CmigGraph *graph)
{
    for (guint idx = 0; idx < SIZE; idx++) {
        g_autofree char *parent = idx > 0 ? id(idx - 1) : g_strdup("");
        add(graph, idx, parent, "");
    }
}

/* A base, then again and again two siblings and their merge. */
static void add_diamonds(CmigGraph *graph)
{
    add(graph, 0, "", "");
    for (guint idx = 1; idx + 2 < SIZE; idx += 3) {
        g_autofree char *base = id(idx - 1);
        g_autofree char *both = g_strdup_printf("%012x,%012x", idx, idx + 1);
        add(graph, idx, base, "");
        add(graph, idx + 1, base, "");
        add(graph, idx + 2, both, "");
    }
}

/* Two lines; every revision of the second depends on its neighbour on the first. */
static void add_lanes(CmigGraph *graph)
{
    for (guint idx = 0; idx < SIZE; idx += 2) {
        g_autofree char *left = idx > 0 ? id(idx - 2) : g_strdup("");
        g_autofree char *right = idx > 0 ? id(idx - 1) : g_strdup("");
        g_autofree char *neighbour = id(idx);
        add(graph, idx, left, "");
        add(graph, idx + 1, right, neighbour);
    }
}

/* As lanes, but on the neighbours of the last and the one before: every dependency is shared. */
static void add_shared_lanes(CmigGraph *graph)
{
    for (guint idx = 0; idx < SIZE; idx += 2) {
        g_autofree char *left = idx > 0 ? id(idx - 2) : g_strdup("");
        g_autofree char *right = idx > 0 ? id(idx - 1) : g_strdup("");
        g_autofree char *both = g_strdup_printf("%012x,%012x", idx, idx > 0 ? idx - 2 : 0);
        add(graph, idx, left, "");
        add(graph, idx + 1, right, both);
    }
}

static void add_fan(CmigGraph *graph)
{
    add(graph, 0, "", "");
    g_autofree char *base = id(0);
    for (guint idx = 1; idx <= SIZE / 2; idx++)
        add(graph, idx, base, "");
}

static void add_merged_fan(CmigGraph *graph)
{
    add_fan(graph);
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint idx = 1; idx <= SIZE / 2; idx++)
        g_string_append_printf(all, "%s%012x", idx > 1 ? "," : "", idx);
    add(graph, SIZE / 2 + 1, all->str, "");
}

/* A line with a head beside each of its revisions, the heads loaded first. */
static void add_comb(CmigGraph *graph)
{
    for (guint idx = 0; idx < SIZE / 2; idx++) {
        g_autofree char *tooth = id(SIZE / 2 + idx);
        add(graph, idx, tooth, "");
    }
    for (guint idx = SIZE / 2; idx < SIZE; idx++) {
        g_autofree char *parent = idx > SIZE / 2 ? id(idx - 1) : g_strdup("");
        add(graph, idx, parent, "");
    }
}

typedef struct {
    const char *name;
    void (*make)(CmigGraph *graph);
    guint size, heads, most_rows;
} Shape;

static const Shape shapes[] = {
    {"line", add_line, SIZE, 1, 1},
    {"diamonds", add_diamonds, SIZE, 1, 2},
    {"lanes", add_lanes, SIZE, 1, SIZE / 2},
    {"shared lanes", add_shared_lanes, SIZE, 1, SIZE / 2},
    {"fan", add_fan, SIZE / 2 + 1, SIZE / 2, SIZE / 2},
    {"merged fan", add_merged_fan, SIZE / 2 + 2, 1, SIZE / 2},
    {"comb", add_comb, SIZE, SIZE / 2, SIZE / 2},
};

static void took(const char *shape, const char *part, gint64 *since)
{
    gint64 now = g_get_monotonic_time();
    if (g_getenv("CMIG_TEST_TIMES") != NULL)
        g_print("%-14s %-10s %7.2f ms\n", shape, part, (double)(now - *since) / 1000);
    *since = g_get_monotonic_time();
}

static CmigPlan *plan_for(const CmigGraph *graph, CmigDirection direction, const char *target,
                          const GPtrArray *rows)
{
    CmigPlan *plan = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert_msg(cmig_plan_make(graph, direction, target, rows, &plan, &error), "%s",
                  error ? error->message : "");
    return plan;
}

START_TEST(large)
{
    const Shape *shape = &shapes[_i];
    g_autoptr(CmigGraph) graph = cmig_graph_new();
    shape->make(graph);
    gint64 since = g_get_monotonic_time();
    ck_assert(cmig_graph_seal(graph, NULL));
    took(shape->name, "seal", &since);
    ck_assert_uint_eq(cmig_graph_size(graph), shape->size);
    const GPtrArray *heads = cmig_graph_real_heads(graph);
    ck_assert_uint_eq(heads->len, shape->heads);

    g_autoptr(GPtrArray) nothing = g_ptr_array_new();
    since = g_get_monotonic_time();
    g_autoptr(CmigPlan) up = plan_for(graph, CMIG_UPGRADE, "heads", nothing);
    took(shape->name, "upgrade", &since);
    g_autoptr(CmigPlan) down = plan_for(graph, CMIG_DOWNGRADE, "base", heads);
    took(shape->name, "downgrade", &since);
    ck_assert_uint_eq(up->revisions->len, shape->size);
    ck_assert_uint_eq(down->revisions->len, shape->size);

    since = g_get_monotonic_time();
    g_autoptr(CmigApplied) applied = cmig_applied_new(graph, nothing);
    guint rows = 0;
    guint most = 0;
    for (guint idx = 0; idx < up->revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(up->revisions, idx);
        g_autoptr(CmigRowChange) change = cmig_applied_upgrade(applied, revision);
        rows += change->inserted->len;
        rows -= change->deleted->len;
        most = MAX(most, rows);
    }
    ck_assert_uint_eq(rows, heads->len);
    ck_assert_uint_le(most, shape->most_rows);
    for (guint idx = 0; idx < down->revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(down->revisions, idx);
        g_autoptr(CmigRowChange) change = cmig_applied_downgrade(applied, revision);
        rows += change->inserted->len;
        rows -= change->deleted->len;
    }
    ck_assert_uint_eq(rows, 0);
    took(shape->name, "steps", &since);

    g_autoptr(GPtrArray) listed = NULL;
    ck_assert(cmig_graph_range(graph, NULL, NULL, &listed, NULL));
    ck_assert_uint_eq(listed->len, shape->size);
    took(shape->name, "history", &since);
    static const char *const targets[] = {"heads", NULL};
    g_autoptr(CmigStampPlan) stamp = NULL;
    ck_assert(cmig_stamp_plan_make(graph, targets, nothing, &stamp, NULL));
    ck_assert_uint_eq(stamp->rows->len, heads->len);
    took(shape->name, "stamp", &since);
}
END_TEST

/* A cycle through everything is found and named without recursion. */
START_TEST(large_cycle)
{
    g_autoptr(CmigGraph) graph = cmig_graph_new();
    for (guint idx = 0; idx < SIZE; idx++) {
        g_autofree char *parent = id((idx + SIZE - 1) % SIZE);
        add(graph, idx, parent, "");
    }
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_graph_seal(graph, &error));
    dag_assert_error(error, CMIG_ERROR_CONFIG, "Cycle is detected in revisions (000000000000, ",
                     "and 9988 more", "cycle");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan scale");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, large, 0, G_N_ELEMENTS(shapes));
    tcase_add_test(tcase, large_cycle);
    suite_add_tcase(suite, tcase);
    return dag_run(suite);
}
