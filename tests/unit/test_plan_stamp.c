/* Stamping: which rows move, and what is refused. */
#include "cmig/plan.h"

#include "dag.h"

typedef struct {
    const char *rows;
    const char *targets;
    const char *steps; /* "from from>to; ..." or the beginning of the message of an error */
    const char *after; /* rows; NULL: an error is expected */
    const char *more;
} Case;

static char *steps_text(const CmigStampPlan *plan)
{
    GString *text = g_string_new(NULL);
    for (guint idx = 0; idx < plan->steps->len; idx++) {
        const CmigStampStep *step = g_ptr_array_index(plan->steps, idx);
        g_autofree char *from = dag_text(step->from);
        g_string_append_printf(text, "%s%s>%s", idx > 0 ? "; " : "", from,
                               step->to != NULL ? step->to->id : "");
    }
    return g_string_free(text, FALSE);
}

static void check_cases(const char *text, const Case *cases)
{
    g_autoptr(CmigGraph) graph = dag(text);
    for (; cases->rows != NULL; cases++) {
        g_autofree char *what = g_strdup_printf("[%s] stamp %s", cases->rows, cases->targets);
        g_autoptr(GPtrArray) rows = dag_revisions(graph, cases->rows);
        g_auto(GStrv) targets = g_strsplit(cases->targets, " ", -1);
        g_autoptr(CmigStampPlan) plan = NULL;
        g_autoptr(GError) error = NULL;
        gboolean made =
            cmig_stamp_plan_make(graph, (const char *const *)targets, rows, &plan, &error);
        ck_assert_int_eq(made, error == NULL);
        if (cases->after == NULL) {
            ck_assert_ptr_null(plan);
            dag_assert_error(error, CMIG_ERROR_FAILED, cases->steps, cases->more, what);
            continue;
        }
        ck_assert_msg(made, "%s: %s", what, error ? error->message : "");
        g_autofree char *steps = steps_text(plan);
        g_autofree char *after = dag_names(plan->rows);
        ck_assert_msg(strcmp(steps, cases->steps) == 0, "%s: steps %s", what, steps);
        ck_assert_msg(strcmp(after, cases->after) == 0, "%s: rows %s", what, after);
    }
}

START_TEST(line)
{
    static const Case cases[] = {
        {"d", "base", "d>", "", NULL},
        {"", "base", "", "", NULL},
        {"", "head", ">e", "e", NULL},
        {"d", "d", "", "d", NULL},
        {"d", "b", "d>b", "b", NULL},
        {"b", "d", "b>d", "d", NULL},
        {"b", "d d", "b>d", "d", NULL},
        {"b", "d a", "Requested revision d overlaps with other requested revisions a", NULL,
         "d alone says both"},
        {"b d", "d", "b>", "d", NULL},
        {"b d", "c", "b d>c", "c", NULL},
        {"b", "x", "Can't locate revision identified by 'x'", NULL, NULL},
        {"b", "b+1", "Can't locate revision identified by 'b+1'", NULL, "no relative"},
        {"b", "-1", "Can't locate revision identified by '-1'", NULL, "no relative"},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a b<a c<b d<c e<d", cases);
}
END_TEST

START_TEST(branches)
{
    static const Case branched[] = {
        {"d1 c2", "b", "d1 c2>b", "b", NULL},
        {"d1 c2", "c1branch@base", "d1>", "c2", NULL},
        {"d1 c2", "c2branch@head", "c2>d2", "d1 d2", NULL},
        {"d1 c2", "d2", "c2>d2", "d1 d2", NULL},
        {"d1", "d2", ">d2", "d1 d2", NULL},
        {"d1 c2", "head", "Multiple heads are present; please specify a single target revision",
         NULL, "d1, d2"},
        {"d1 c2", "b@head", "Multiple heads are present; please specify a single target revision",
         NULL, "d1, d2"},
        {"d1 c2", "heads", "c2>d2", "d1 d2", NULL},
        {"b", "heads", "b>d1; >d2", "d1 d2", NULL},
        {"c1 c2", "heads", "c1 c2>d1; >d2", "d1 d2", NULL},
        {"d1", "c1 d2", "d1>c1; >d2", "c1 d2", NULL},
        {"d1 d2", "base c1", "d1>; d2>; >c1", "c1", NULL},
        {"d1 d2", "typo@base", "Can't locate revision identified by 'typo'", NULL,
         "No such branch: 'typo'"},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a b<a c1<b#c1branch d1<c1 c2<b#c2branch d2<c2", branched);
    static const Case merged[] = {
        {"e", "c2", "e>c2", "c2", NULL},      {"e", "a", "e>a", "a", NULL},
        {"c2", "e", "c2>e", "e", NULL},       {"d1 c2", "c2branch@head", "d1 c2>f", "f", NULL},
        {"d1 c2", "e", "d1 c2>e", "e", NULL}, {"b", "e", "b>e", "e", NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a b<a c1<b d1<c1 c2<b#c2branch d2<c2 e<d1,d2 f<e", merged);
    static const Case forest[] = {
        {"", "heads", ">b1; >b2", "b1 b2", NULL},   {"b1 b2", "heads", "", "b1 b2", NULL},
        {"a1 b2", "heads", "a1>b1", "b1 b2", NULL}, {"b1 b2", "a1", "b1>a1", "a1 b2", NULL},
        {"b1 b2", "b2@base", "b2>", "b1", NULL},    {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a1 b1<a1 a2 b2<a2", forest);
    static const Case two_children[] = {{"a", "e f", "a>e; >f", "e f", NULL},
                                        {NULL, NULL, NULL, NULL, NULL}};
    check_cases("a e<a f<a", two_children);
}
END_TEST

START_TEST(dependencies)
{
    static const Case cases[] = {
        {"e1 c2", "b1", "e1 c2>b1", "b1", NULL},
        {"c2", "d1", ">d1", "c2 d1", NULL},
        {"c2", "heads", ">e1", "c2 e1", NULL},
        {"e1", "c2 c1", "Requested revision c2 overlaps with other requested revisions c1", NULL,
         NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a1 b1<a1 c1<b1 d1<c1 e1<d1 a2 b2<a2 c2<b2!c1", cases);
    /* Rows that were illegal before go together, or stay illegal where the stamp does not reach. */
    static const Case leftover[] = {
        {"a x", "y", "x>y", "a y", NULL},
        {"a b", "c", "a b>c", "c", NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    g_autoptr(CmigGraph) graph = dag("a b<a c<b x y<x");
    check_cases("a b<a c<b x y<x", leftover);
    g_autoptr(GPtrArray) rows = dag_revisions(graph, "a b");
    g_autoptr(CmigStampPlan) plan = NULL;
    g_autoptr(GError) error = NULL;
    static const char *const targets[] = {"y", NULL};
    ck_assert(!cmig_stamp_plan_make(graph, targets, rows, &plan, &error));
    dag_assert_error(error, CMIG_ERROR_FAILED, "stamp would leave a row for a beside one for b",
                     "--purge", "leftover");
    cmig_stamp_plan_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan stamp");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, line);
    tcase_add_test(tcase, branches);
    tcase_add_test(tcase, dependencies);
    suite_add_tcase(suite, tcase);
    return dag_run(suite);
}
