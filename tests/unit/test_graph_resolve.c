/* Identifiers and ranges. */
#include "dag.h"

typedef struct {
    const char *text;
    const char *result; /* or the beginning of an error's message when `error` is not 0 */
    int error;
    const char *more;
} Case;

enum { FAILED = CMIG_ERROR_FAILED + 1, USAGE = CMIG_ERROR_USAGE + 1 };

static void check_result(const Case *test, const GPtrArray *result, const GError *error)
{
    ck_assert_int_eq(result != NULL, error == NULL);
    if (test->error != 0) {
        ck_assert_msg(error != NULL, "'%s': no error", test->text);
        dag_assert_error(error, test->error - 1, test->result, test->more, test->text);
        return;
    }
    ck_assert_msg(error == NULL, "'%s': %s", test->text, error ? error->message : "");
    g_autofree char *got = dag_text(result);
    ck_assert_msg(strcmp(got, test->result) == 0, "'%s': %s", test->text, got);
}

static void check_resolve(const char *text, const Case *cases)
{
    g_autoptr(CmigGraph) graph = dag(text);
    for (; cases->text != NULL; cases++) {
        g_autoptr(GPtrArray) result = NULL;
        g_autoptr(GError) error = NULL;
        cmig_graph_resolve(graph, cases->text, &result, &error);
        check_result(cases, result, error);
    }
}

#define LABELED                                                                                    \
    "aaaa#abranch b<aaaa somelongername<b c<somelongername d e<d#ebranch someothername<e "         \
    "f<someothername"

START_TEST(names)
{
    static const Case cases[] = {
        {"aaaa", "aaaa", 0, NULL},
        {"abranch", "aaaa", 0, NULL},
        {"abra", "aaaa", 0, NULL},
        {"base", "", 0, NULL},
        {"ebranch@base", "", 0, NULL},
        {"heads", "c f", 0, NULL},
        {"head", "Multiple head revisions are present for given argument 'head'", FAILED,
         "c (abranch), f (ebranch)"},
        {"ebranch@head", "f", 0, NULL},
        {"e@head", "f", 0, NULL},
        {"ebran@heads", "f", 0, NULL},
        {"ebranch@some", "someothername", 0, NULL},
        {"abranch@some", "somelongername", 0, NULL},
        {"ebranch@ebranch", "e", 0, NULL},
        {"d", "d", 0, NULL},
        {"someoth@d", "d", 0, NULL},
        {"some", "Can't locate revision identified by 'some'", FAILED,
         "Multiple revisions start with 'some': somelongername, someothername"},
        {"ebranch@sos", "Can't locate revision identified by 'sos'", FAILED,
         "please ensure at least four characters are present"},
        {"abranch@qpr", "Can't locate revision identified by 'qpr'", FAILED, "at least four"},
        {"ebranch@b", "Can't locate revision identified by 'b'", FAILED,
         "Revision b is not a member of branch 'ebranch'"},
        {"abranch@d", "Can't locate revision identified by 'd'", FAILED,
         "Revision d is not a member of branch 'abranch'"},
        {"x@d", "Can't locate revision identified by 'x'", FAILED, "No such branch: 'x'"},
        {"some@head", "Can't locate revision identified by 'some'", FAILED, "Multiple revisions"},
        {"somelongernane", "Can't locate revision identified by 'somelongernane'", FAILED,
         "did you mean 'somelongername'?"},
        {"current", "Can't locate revision identified by 'current'", FAILED, "show, edit"},
        {"-1", "somelongername someothername", 0, NULL},
        {"-0", "c f", 0, NULL},
        {"ebranch@-2", "e", 0, NULL},
        {"ebranch@-4", "", 0, NULL},
        {"ebranch@-5", "Walked too far", FAILED, NULL},
        {"+1", "Can't locate revision identified by '+1'", FAILED, "upgrade, downgrade"},
        {"e+1", "Can't locate revision identified by 'e+1'", FAILED, "upgrade, downgrade"},
        {"e-1", "Can't locate revision identified by 'e-1'", FAILED, "upgrade, downgrade"},
        {"", "'' is not a revision identifier", USAGE, NULL},
        {"ebranch@", "'ebranch@' is not a revision identifier", USAGE, NULL},
        {"@head", "'@head' is not a revision identifier", USAGE, NULL},
        {"a:b", "Range revision not allowed", USAGE, NULL},
        {"-1x", "'-1x' is not a revision identifier", USAGE, "nothing may follow"},
        {NULL, NULL, 0, NULL},
    };
    check_resolve(LABELED, cases);
    /* Short names are found whole only; a label and an id of one revision are one match. */
    static const Case short_names[] = {
        {"ab", "ab", 0, NULL},
        {"abc", "Can't locate revision identified by 'abc'", FAILED, NULL},
        {"a", "Can't locate revision identified by 'a'", FAILED, NULL},
        {"long", "longer1", 0, NULL},
        {"lo", "longer1", 0, NULL},
        {NULL, NULL, 0, NULL},
    };
    check_resolve("ab abd<ab longer1<abd#longest", short_names);
    static const Case merged[] = {
        {"-1", "Ambiguous walk", FAILED, "m merges a, b"},
        {NULL, NULL, 0, NULL},
    };
    check_resolve("a b m<a,b", merged);
    static const Case effective[] = {
        {"heads", "m2", 0, NULL},      {"head", "Multiple head revisions", FAILED, "x1 (left), m2"},
        {"left@heads", "x1", 0, NULL}, {"left@-0", "x1", 0, NULL},
        {NULL, NULL, 0, NULL},
    };
    check_resolve("x1#left m1 m2<m1!x1", effective);
    static const Case many[] = {
        {"head", "Multiple head revisions", FAILED, "k, l and 2 more"},
        {NULL, NULL, 0, NULL},
    };
    check_resolve("a b c d e f g h i j k l m n", many);
    static const Case nothing[] = {
        {"head", "", 0, NULL}, {"heads", "", 0, NULL}, {"base", "", 0, NULL},
        {"-1", "", 0, NULL},   {NULL, NULL, 0, NULL},
    };
    check_resolve("", nothing);
}
END_TEST

START_TEST(exactly_one)
{
    g_autoptr(CmigGraph) graph = dag(LABELED);
    g_autoptr(GError) error = NULL;
    CmigRevision *revision = cmig_graph_find(graph, "b");
    ck_assert(cmig_graph_resolve_one(graph, "ebranch@head", &revision, NULL));
    ck_assert_str_eq(revision->id, "f");
    ck_assert(cmig_graph_resolve_one(graph, "base", &revision, NULL));
    ck_assert_ptr_null(revision);
    revision = cmig_graph_find(graph, "b");
    ck_assert(!cmig_graph_resolve_one(graph, "heads", &revision, &error));
    dag_assert_error(error, CMIG_ERROR_FAILED,
                     "Multiple head revisions are present for given argument 'heads'",
                     "c (abranch)", "heads");
    ck_assert_str_eq(revision->id, "b"); /* written on success only */
}
END_TEST

typedef struct {
    const char *rows;    /* sorted, apart by a comma */
    const char *known;   /* revisions, apart by a blank */
    const char *message; /* NULL = the state is sound */
    const char *detail;
} RowsCase;

/* a; b and c over a, c depends on x. */
static const RowsCase row_cases[] = {
    {NULL, "", NULL, NULL},
    {"a", "a", NULL, NULL},
    {"b,c", "b c", NULL, NULL},
    {"b,x", "b x", NULL, NULL},
    {"", "", "the version table holds an empty row", NULL},
    {",b", "b", "the version table holds an empty row", NULL},
    {"a,a", "a", "the version table holds a more than once", NULL},
    {"b,z,z", "b", "the version table holds z more than once", NULL},
    {"a,b", "a b", "the version table holds b and its ancestor a", "b needs a"},
    {"c,x", "c x", "the version table holds c and its ancestor x", "c needs x"},
    {"some\n", "", "Can't locate revision identified by 'some\\n'",
     "the database is at some\\n, which no file here defines"},
    {"B,b,z9", "b", "Can't locate revision identified by 'B'",
     "the database is at B, z9, which no file here defines"},
    {"0,1,2,3,4,5,6,7,8,9,A,B,C,D,c", "c", "Can't locate revision identified by '0'",
     "the database is at 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, A, B and 2 more, which"},
};

START_TEST(rows)
{
    g_autoptr(CmigGraph) graph = dag("a b<a x c<a!x");
    for (gsize idx = 0; idx < G_N_ELEMENTS(row_cases); idx++) {
        const RowsCase *one = &row_cases[idx];
        g_auto(GStrv) texts = g_strsplit(one->rows != NULL ? one->rows : "", ",", -1);
        g_autoptr(GPtrArray) ids = g_ptr_array_new();
        for (gsize at = 0; texts[at] != NULL; at++)
            g_ptr_array_add(ids, texts[at]);
        if (one->rows != NULL && *one->rows == '\0')
            g_ptr_array_add(ids, (gpointer)(guintptr) ""); /* one empty row */
        g_autoptr(GPtrArray) known = cmig_graph_known_rows(graph, ids);
        g_autofree char *shown = dag_text(known);
        ck_assert_str_eq(shown, one->known);
        g_autoptr(GPtrArray) result = NULL;
        g_autoptr(GError) error = NULL;
        gboolean sound = cmig_graph_resolve_rows(graph, ids, &result, &error);
        ck_assert_msg(sound == (one->message == NULL), "%s", one->rows);
        ck_assert(sound == (result != NULL));
        if (sound)
            continue;
        dag_assert_error(error, CMIG_ERROR_FAILED, one->message, one->detail, one->rows);
        ck_assert_ptr_nonnull(strstr(cmig_error_hint(error), "stamp --purge"));
    }
    g_autoptr(CmigGraph) none = dag("");
    g_autoptr(GPtrArray) result = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    g_ptr_array_add(ids, (gpointer)(guintptr) "a");
    ck_assert(!cmig_graph_resolve_rows(none, ids, &result, &error));
    ck_assert_ptr_nonnull(strstr(cmig_error_hint(error), "version_locations"));
}
END_TEST

START_TEST(identifiers)
{
    static const struct {
        const char *text, *branch, *symbol, *anchor;
        gboolean relative;
        int steps;
    } cases[] = {
        {"abc", NULL, "abc", "abc", FALSE, 0},
        {"x@abc", "x", "abc", "x@abc", FALSE, 0},
        {"x@abc+12", "x", "abc", "x@abc", TRUE, 12},
        {"x@-3", "x", "", "x@", TRUE, -3},
        {"+0", NULL, "", "", TRUE, 0},
        {"a-b", NULL, "a-b", "a-b", FALSE, 0},
        {"a-b-1", NULL, "a-b", "a-b", TRUE, -1},
        {"1.2-1", NULL, "1.2", "1.2", TRUE, -1},
        {"feat-12@head", "feat-12", "head", "feat-12@head", FALSE, 0},
        {"+2147483646", NULL, "", "", TRUE, G_MAXINT - 1},
        {"a+", NULL, "a+", "a+", FALSE, 0},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_auto(CmigIdentifier) got = {0};
        ck_assert(cmig_identifier_parse(cases[idx].text, &got, NULL));
        ck_assert_pstr_eq(got.branch, cases[idx].branch);
        ck_assert_str_eq(got.symbol, cases[idx].symbol);
        ck_assert_str_eq(got.anchor, cases[idx].anchor);
        ck_assert_int_eq(got.relative, cases[idx].relative);
        ck_assert_int_eq(got.steps, cases[idx].steps);
    }
}
END_TEST

static void check_ranges(const char *text, const char *current, const Case *cases)
{
    g_autoptr(CmigGraph) graph = dag(text);
    g_autoptr(GPtrArray) at = current != NULL ? dag_revisions(graph, current) : NULL;
    for (; cases->text != NULL; cases++) {
        g_autoptr(GPtrArray) result = NULL;
        g_autoptr(GError) error = NULL;
        cmig_graph_range(graph, cases->text, at, &result, &error);
        check_result(cases, result, error);
    }
}

#define NO_LINE " does not refer to ancestor/descendant revisions along the same branch"

START_TEST(range_line)
{
    static const Case cases[] = {
        {":", "d c b a", 0, NULL},
        {"b:", "d c b", 0, NULL},
        {":c", "c b a", 0, NULL},
        {"b:c", "c b", 0, NULL},
        {"b:b", "b", 0, NULL},
        {"base:base", "", 0, NULL},
        {"-1:", "d c", 0, NULL},
        {"-2:c", "c b a", 0, NULL},
        {"-9:c", "c b a", 0, NULL},
        {"a:+1", "b a", 0, NULL},
        {"b:+9", "d c b", 0, NULL},
        {"base:+1", "a", 0, NULL},
        {":+2", "b a", 0, NULL},
        {"-3:+1", "b a", 0, NULL},
        {"b:d-1", "c b", 0, NULL},
        {"a+1:c", "c b", 0, NULL},
        {"current:", "d c", 0, NULL},
        {":current", "c b a", 0, NULL},
        {"-1:current", "c b", 0, NULL},
        {"current:+1", "d c", 0, NULL},
        {"current-1:current+1", "d c b", 0, NULL},
        {"c:b", "Requested range c:b" NO_LINE, FAILED, NULL},
        {"a:base", "Requested range a:base" NO_LINE, FAILED, NULL},
        {"a", "History range requires [start]:[end], [start]:, or :[end]", USAGE, NULL},
        {"a:b:c", "History range requires [start]:[end], [start]:, or :[end]", USAGE, NULL},
        {"", "History range requires [start]:[end], [start]:, or :[end]", USAGE, NULL},
        {"a:nope", "Can't locate revision identified by 'nope'", FAILED, NULL},
        {"nope@a:", "Can't locate revision identified by 'nope'", FAILED, "No such branch"},
        {"a:x@+1", "Can't locate revision identified by 'x'", FAILED, "No such branch"},
        {"a:b-1x", "'b-1x' is not a revision identifier", USAGE, NULL},
        {"+1:b", "Relative revision +1 didn't produce 1 migrations", FAILED, "START:+N"},
        {"a:-1", "Relative revision -1 didn't produce 1 migrations", FAILED, "-N:END"},
        {NULL, NULL, 0, NULL},
    };
    check_ranges("a b<a c<b d<c", "c", cases);
    static const Case no_current[] = {
        {"current:", "b a", 0, NULL}, {":current", "", 0, NULL}, {NULL, NULL, 0, NULL}};
    check_ranges("a b<a", NULL, no_current);
    static const Case nothing[] = {{":", "", 0, NULL}, {"-1:", "", 0, NULL}, {NULL, NULL, 0, NULL}};
    check_ranges("", NULL, nothing);
    g_autoptr(CmigGraph) graph = dag("a b<a");
    g_autoptr(GPtrArray) all = NULL;
    ck_assert(cmig_graph_range(graph, NULL, NULL, &all, NULL));
    ck_assert_uint_eq(all->len, 2);
}
END_TEST

START_TEST(range_branches)
{
    static const Case labeled[] = {
        {"ebranch@base:", "f someothername e d", 0, NULL},
        {":ebranch@head", "f someothername e d", 0, NULL},
        {"ebranch@head:", "f", 0, NULL},
        {"ebranch@d:", "f someothername e d", 0, NULL},
        {"e@base:", "f someothername e d", 0, NULL},
        {"ebranch@-2:", "f someothername e", 0, NULL},
        {":ebranch@+2", "e d", 0, NULL},
        {"ebranch@base:+2", "e d", 0, NULL},
        {"ebranch@-1:c", "Requested range ebranch@-1:c" NO_LINE, FAILED, NULL},
        {"ebranch@base:c", "Requested range ebranch@base:c" NO_LINE, FAILED, NULL},
        {"ebranch@d:c", "Requested range ebranch@d:c" NO_LINE, FAILED, NULL},
        {NULL, NULL, 0, NULL},
    };
    check_ranges(LABELED, NULL, labeled);
    static const Case multiple[] = {
        {"a:d1d2cb2", "d1d2cb2 d1cb2 d2cb2 cb2 b2 a", 0, NULL},
        {"b2:d3cb2", "d3cb2 cb2 b2", 0, NULL},
        {"d3cb2:b2", "Requested range d3cb2:b2" NO_LINE, FAILED, NULL},
        {"b1:d3cb2", "Requested range b1:d3cb2" NO_LINE, FAILED, NULL},
        {"a:+1", "Ambiguous walk", FAILED, "b1, b2"},
        {NULL, NULL, 0, NULL},
    };
    check_ranges("a b1<a b2<a cb1<b1 d1cb1<cb1 d2cb1<cb1 cb2<b2 d1cb2<cb2 d2cb2<cb2 d3cb2<cb2 "
                 "d1d2cb2<d1cb2,d2cb2",
                 NULL, multiple);
    static const Case travelling[] = {
        {"a1:merge", "merge e2b1 db1 cb1 b1 e2b2 db2 cb2 b2 a3 a2 a1", 0, NULL},
        {"b1:merge", "merge e2b1 db1 cb1 b1", 0, NULL},
        {":db1", "db1 cb1 b1 a3 a2 a1", 0, NULL},
        {"-1:merge", "Ambiguous walk", FAILED, "merge merges e2b1, e2b2"},
        {NULL, NULL, 0, NULL},
    };
    check_ranges("a1 a2<a1 a3<a2 b1<a3 b2<a3 cb1<b1 db1<cb1 e1b1<db1 fe1b1<e1b1 e2b1<db1 cb2<b2 "
                 "db2<cb2 e2b2<db2 merge<e2b1,e2b2",
                 NULL, travelling);
    static const Case current[] = {
        {"a3:current",
         "fe1b1 e1b1 merge e2b1 db1 cb1 b1 e2b2 db2 cb2 "
         "b2 a3",
         0, NULL},
        {"current:+1", "Ambiguous upgrade from multiple current", FAILED, "fe1b1, merge"},
        {NULL, NULL, 0, NULL}};
    check_ranges("a1 a2<a1 a3<a2 b1<a3 b2<a3 cb1<b1 db1<cb1 e1b1<db1 fe1b1<e1b1 e2b1<db1 cb2<b2 "
                 "db2<cb2 e2b2<db2 merge<e2b1,e2b2",
                 "fe1b1 merge", current);
    static const Case bases[] = {
        {":", "b1a a1a b1b a1b base1 mergeb3d2 b3 a3 base3 d2 c2 b2 a2 base2", 0, NULL},
        {"base3:b3", "b3 a3 base3", 0, NULL},
        {"c2:mergeb3d2", "mergeb3d2 d2 c2", 0, NULL},
        {NULL, NULL, 0, NULL},
    };
    check_ranges("base1 a1a<base1 b1a<a1a a1b<base1 b1b<a1b base2 a2<base2 b2<a2 c2<b2 d2<c2 "
                 "base3 a3<base3 b3<a3 mergeb3d2<b3,d2",
                 NULL, bases);
}
END_TEST

START_TEST(range_dependencies)
{
    static const Case one[] = {
        {":", "b1a a1a b1b a1b base1 d2 c2 b2 a2 base2 b3 a3 base3", 0, NULL},
        {":b_2@head", "d2 c2 b2 a2 base2 a3 base3", 0, NULL},
        {":b1b@head", "b1b a1b base1 a3 base3", 0, NULL},
        {"b_3@base:", "b3 a3 base3", 0, NULL},
        {"b_2@base:", "d2 c2 b2 a2 base2 a3 base3", 0, NULL},
        {NULL, NULL, 0, NULL},
    };
    check_ranges("base1#b_1 a1a<base1 b1a<a1a a1b<base1 b1b<a1b!a3 base2#b_2 a2<base2 b2<a2 "
                 "c2<b2!a3 d2<c2 base3#b_3 a3<base3 b3<a3",
                 NULL, one);
    static const Case two[] = {
        {":", "c1 b1 a1 d2 c2 d3 c3 b3 a3 base3 b2 a2 base2 base1", 0, NULL},
        {":b_3@head", "d3 c3 b3 a3 base3 b2 a2 base2 base1", 0, NULL},
        {NULL, NULL, 0, NULL},
    };
    check_ranges("base1#b_1 a1<base1 b1<a1 c1<b1 base2#b_2!b_1 a2<base2 b2<a2 c2<b2 d2<c2 "
                 "base3#b_3 a3<base3 b3<a3 c3<b3!b2 d3<c3",
                 NULL, two);
    static const Case three[] = {{":", "b1 c3 c2 a1 base1", 0, NULL}, {NULL, NULL, 0, NULL}};
    check_ranges("base1 a1<base1 b1<a1 c2!a1 c3<c2", NULL, three);
    static const Case normalized[] = {
        {":", "b5 b4 b3 b2 b1 a3 a2 a1", 0, NULL},
        {"b1:b4", "b4 b3 b2 b1", 0, NULL},
        {NULL, NULL, 0, NULL},
    };
    check_ranges("a1 a2<a1 a3<a2 b1 b2<b1!a3 b3<b2 b4<b3!a3 b5<b4!b4", NULL, normalized);
    /* The end only depends on the start: Alembic crashes. */
    static const Case hole[] = {
        {"c1:d2", "Requested range c1:d2" NO_LINE, FAILED, NULL},
        {"c1:e2", "Requested range c1:e2" NO_LINE, FAILED, NULL},
        {"c1:", "Requested range c1:" NO_LINE, FAILED, NULL},
        {"a:e2", "e2 d2 c2 c1 a", 0, NULL},
        {NULL, NULL, 0, NULL},
    };
    check_ranges("a c1<a c2<a d2<c2!c1 e2<d2", NULL, hole);
    /* q is above p by down_revision, but y, which is between them, is not: a set with a hole. */
    static const Case bridge[] = {{"p:q", "q w p", 0, NULL}, {NULL, NULL, 0, NULL}};
    check_ranges("p w<p y!w q<w!y", NULL, bridge);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("graph resolve");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, identifiers);
    tcase_add_test(tcase, names);
    tcase_add_test(tcase, exactly_one);
    tcase_add_test(tcase, rows);
    tcase_add_test(tcase, range_line);
    tcase_add_test(tcase, range_branches);
    tcase_add_test(tcase, range_dependencies);
    suite_add_tcase(suite, tcase);
    return dag_run(suite);
}
