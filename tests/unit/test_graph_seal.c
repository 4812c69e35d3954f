/* Sealing: what is refused and how it is said, and what is derived. */
#include "dag.h"

typedef struct {
    const char *dag;
    const char *message;
    const char *more;
    const char *file;
} Broken;

static const Broken broken[] = {
    {"a a", "Revision a is present more than once: in a-0.sql and in a-1.sql", "an id of its own",
     "a-1.sql"},
    {"a b-1<a", "Character(s) '-' not allowed in revision identifier 'b-1'", NULL, "b-1-1.sql"},
    {"a@:+", "Character(s) '+, :, @' not allowed in revision identifier 'a@:+'", NULL, NULL},
    {"head", "'head' cannot be a revision id", NULL, "head-0.sql"},
    {"<a", "a revision has an empty id", NULL, "-0.sql"},
    {"abcd1 b<abcd2", "Revision abcd2 referenced from b is not present", "did you mean 'abcd1'?",
     "b-1.sql"},
    {"a b<a c<b!zzzzzzzz", "Revision zzzzzzzz referenced from c is not present",
     "c-2.sql names it as depends_on", "c-2.sql"},
    {"a#lib b<lib", "Revision lib referenced from b is not present", "the label of revision a",
     "b-1.sql"},
    {"a#left b<a#left", "Branch name 'left' in revision b already used by revision a",
     "a-0.sql has the same label", "b-1.sql"},
    {"a b<a#a", "Branch name 'a' in revision b already used by revision a",
     "a-0.sql has it as its id", "b-1.sql"},
    {"a#b b<a", "Branch name 'b' in revision a already used by revision b", NULL, "a-0.sql"},
    {"a#feat-12", "'feat-12' cannot be a branch label", "12 below feat", "a-0.sql"},
    {"a#x@y", "'x@y' cannot be a branch label", "only letters", "a-0.sql"},
    {"a#-x", "'-x' cannot be a branch label", "must begin", "a-0.sql"},
    {"a#heads", "'heads' cannot be a branch label", NULL, "a-0.sql"},
    {"a<a", "Self-loop is detected in revisions (a)", NULL, "a-0.sql"},
    {"a b<a,b c<b", "Self-loop is detected in revisions (b)", NULL, "b-1.sql"},
    {"a b<a c<b,c", "Self-loop is detected in revisions (c)", NULL, "c-2.sql"},
    {"a b<a!b", "Dependency self-loop is detected in revisions (b)", NULL, "b-1.sql"},
    {"a b<a!self#self", "Dependency self-loop is detected in revisions (b)", NULL, "b-1.sql"},
    {"a<c b<a c<b", "Cycle is detected in revisions (a, c, b)", "each of them revises", "a-0.sql"},
    {"d<c a<c b<a c<b", "Cycle is detected in revisions (a, c, b)", NULL, "a-1.sql"},
    {"z a<z,c b<a c<b d<c", "Cycle is detected in revisions (a, c, b)", NULL, "a-1.sql"},
    {"a b<a x<y y<x", "Cycle is detected in revisions (x, y)", NULL, "x-2.sql"},
    {"a!c b<a c<b", "Dependency cycle is detected in revisions (a, c, b)", "or depends on",
     "a-0.sql"},
    {"a b<a x!b y<x b2<b!y a2!b2 q!r r!q", "Dependency cycle is detected in revisions (q, r)", NULL,
     "q-6.sql"},
};

START_TEST(malformed)
{
    const Broken *test = &broken[_i];
    g_autoptr(GError) error = NULL;
    g_autoptr(CmigGraph) graph = dag_try(test->dag, &error);
    ck_assert_ptr_null(graph);
    dag_assert_error(error, CMIG_ERROR_CONFIG, test->message, test->more, test->dag);
    if (test->file != NULL)
        ck_assert_str_eq(cmig_error_file(error), test->file);
}
END_TEST

START_TEST(well_formed)
{
    /* Ids that are parts of each other; a dependency that is a down_revision too; words twice. */
    static const char *const graphs[] = {
        "", "a aa<a aaa<aa", "a b<a!a", "a b<a,a!a,a#x,x", "a#v1.2-rc_x", "a#_x"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(graphs); idx++) {
        g_autoptr(CmigGraph) sealed = dag(graphs[idx]);
        ck_assert_uint_le(cmig_graph_heads(sealed)->len, 1);
    }
    g_autoptr(CmigGraph) graph = dag("a b<a,a!a,a#x,x");
    const CmigRevision *b = cmig_graph_find(graph, "b");
    ck_assert_uint_eq(b->parents->len, 1);
    ck_assert_uint_eq(b->dependencies->len, 1);
    ck_assert_uint_eq(b->normalized->len, 1);
    ck_assert_uint_eq(b->labels->len, 1);
    ck_assert_ptr_null(cmig_graph_find(graph, "x"));
    ck_assert_ptr_eq(cmig_graph_nth(graph, 1), b);
    cmig_revision_free(NULL);
    cmig_graph_free(NULL);
}
END_TEST

START_TEST(labels)
{
    static const char *const bad[] = {"",    "feat-12", "a-1b", "a b",     "a+b",     "a:b",
                                      "a@b", ".x",      "-x",   "current", "\xc3\xa4"};
    static const char *const good[] = {"a", "9", "feat-x", "a-b-c", "v1.2", "_x", "Head"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(bad); idx++) {
        g_autoptr(GError) error = NULL;
        ck_assert_msg(!cmig_branch_label_check(bad[idx], &error), "%s", bad[idx]);
        ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    }
    for (gsize idx = 0; idx < G_N_ELEMENTS(good); idx++)
        ck_assert_msg(cmig_branch_label_check(good[idx], NULL), "%s", good[idx]);
}
END_TEST

typedef struct {
    const char *dag;
    const char *heads, *real_heads, *bases;
} Ends;

START_TEST(ends)
{
    static const Ends cases[] = {
        {"", "", "", ""},
        {"a b<a c<b", "c", "c", "a"},
        {"b<a a", "b", "b", "a"},
        {"a b1<a b2<a x!b1", "b1 b2 x", "b2 x", "a x"},
        {"y1 x1 y2<y1!x1 x2<x1", "y2 x2", "y2 x2", "y1 x1"},
        {"x m1 m2<m1!x", "x m2", "m2", "x m1"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(CmigGraph) graph = dag(cases[idx].dag);
        g_autofree char *heads = dag_text(cmig_graph_heads(graph));
        g_autofree char *real_heads = dag_text(cmig_graph_real_heads(graph));
        g_autofree char *bases = dag_text(cmig_graph_bases(graph));
        ck_assert_str_eq(heads, cases[idx].heads);
        ck_assert_str_eq(real_heads, cases[idx].real_heads);
        ck_assert_str_eq(bases, cases[idx].bases);
    }
}
END_TEST

typedef struct {
    const char *dag, *id, *normalized, *dependents;
} Normal;

START_TEST(normalized)
{
#define NORMALIZED "a1 a2<a1 a3<a2 b1 b2<b1!a3 b3<b2 b4<b3!a3 b5<b4!b4,a1"
    static const Normal cases[] = {
        {NORMALIZED, "b2", "b1 a3", ""},           {NORMALIZED, "b4", "b3", "b5"},
        {NORMALIZED, "b5", "b4 a1", ""},           {NORMALIZED, "a3", "a2", "b2 b4"},
        {"a x b<a!x c<b d<c!a,x", "d", "c a", ""}, {"a x b<a!x c!x d<c!x e<b,d!x", "e", "b d", ""},
        {"a x y b<a!y,x", "b", "a y x", ""},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(CmigGraph) graph = dag(cases[idx].dag);
        const CmigRevision *revision = cmig_graph_find(graph, cases[idx].id);
        g_autofree char *got = dag_text(revision->normalized);
        g_autofree char *above = dag_text(revision->dependents);
        ck_assert_str_eq(got, cases[idx].normalized);
        ck_assert_str_eq(above, cases[idx].dependents);
    }
}
END_TEST

/* The definition: a dependency goes when a proper ancestor by down_revision has it directly. */
START_TEST(normalized_random)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(11);
    for (guint round = 0; round < 600; round++) {
        g_autoptr(CmigGraph) graph = dag_random(rand, (guint)g_rand_int_range(rand, 1, 40));
        for (guint idx = 0; idx < cmig_graph_size(graph); idx++) {
            CmigRevision *revision = cmig_graph_nth(graph, idx);
            g_autoptr(CmigRevisionSet) line =
                cmig_graph_ancestors(graph, revision->parents, CMIG_EDGES_DOWN);
            g_autoptr(GPtrArray) wanted = g_ptr_array_copy(revision->parents, NULL, NULL);
            for (guint at = 0; at < revision->dependencies->len; at++) {
                CmigRevision *dependency = g_ptr_array_index(revision->dependencies, at);
                gboolean has = g_ptr_array_find(wanted, dependency, NULL);
                for (guint by = 0; by < dependency->dependents->len; by++)
                    has = has || cmig_revision_set_has(
                                     line, g_ptr_array_index(dependency->dependents, by));
                if (!has)
                    g_ptr_array_add(wanted, dependency);
            }
            g_autofree char *got = dag_text(revision->normalized);
            g_autofree char *expected = dag_text(wanted);
            ck_assert_str_eq(got, expected);
        }
    }
}
END_TEST

typedef struct {
    const char *dag, *id, *labels;
} Label;

START_TEST(label_spread)
{
    static const Label cases[] = {
        {"a b<a#x c<b d<c", "a", "x"},     {"a b<a#x c<b d<c", "d", "x"},
        {"a b<a c<b#x d<c e<b", "b", ""},  {"a b<a c<b#x d<c e<b", "d", "x"},
        {"a b<a c<b#x d<c e<b", "e", ""},  {"a b<a#x c<b d<b", "a", ""},
        {"a b<a#x c<b d<b", "d", "x"},     {"a b<a#x y m<b,y n<m", "n", "x"},
        {"a b<a#x y m<b,y n<m", "a", ""},  {"a#x,z b<a#y c<b", "c", "x z y"},
        {"a#x,z b<a#y c<b", "b", "y x z"}, {"a#x,z b<a#y c<b", "a", "x z y"},
        {"a#x b<a q!a", "b", "x"},         {"p a<p#x b<a q!a", "p", ""},
        {"a b<a!a#x", "a", "x"},           {"a b<a", "b", ""},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(CmigGraph) graph = dag(cases[idx].dag);
        g_autofree char *got = dag_names(cmig_graph_find(graph, cases[idx].id)->labels);
        ck_assert_msg(strcmp(got, cases[idx].labels) == 0, "%s: %s has %s", cases[idx].dag,
                      cases[idx].id, got);
    }
}
END_TEST

START_TEST(hostile_text)
{
    g_autoptr(CmigGraph) graph = cmig_graph_new();
    static const char *const parents[] = {"x\n'\033[31m", NULL};
    ck_assert(
        cmig_graph_add(graph, cmig_revision_new("a\nb", parents, NULL, NULL, NULL, NULL), NULL));
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_graph_seal(graph, &error));
    dag_assert_error(error, CMIG_ERROR_CONFIG,
                     "Revision x\\n'\\x1B[31m referenced from a\\nb is not present", NULL,
                     "hostile");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("graph seal");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, malformed, 0, G_N_ELEMENTS(broken));
    tcase_add_test(tcase, well_formed);
    tcase_add_test(tcase, labels);
    tcase_add_test(tcase, ends);
    tcase_add_test(tcase, normalized);
    tcase_add_test(tcase, normalized_random);
    tcase_add_test(tcase, label_spread);
    tcase_add_test(tcase, hostile_text);
    suite_add_tcase(suite, tcase);
    return dag_run(suite);
}
