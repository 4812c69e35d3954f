/* Upgrade and downgrade: Alembic's own cases as black boxes, and the errors. Every plan is also
 * carried out on a set of version rows. */
#include "cmig/plan.h"

#include "dag.h"

typedef struct {
    const char *rows;
    const char *command;
    const char *plan;  /* or the beginning of the message of an error */
    const char *after; /* rows; NULL: an error is expected */
    const char *more;  /* in the note or the error */
} Case;

/* The version table itself: a change must fit what is there. */
static void change_table(GHashTable *table, const CmigRowChange *change)
{
    for (guint idx = 0; idx < change->deleted->len; idx++)
        ck_assert(g_hash_table_remove(table, g_ptr_array_index(change->deleted, idx)));
    ck_assert((change->updated_from == NULL) == (change->updated_to == NULL));
    if (change->updated_from != NULL) {
        ck_assert(g_hash_table_remove(table, change->updated_from));
        ck_assert(g_hash_table_add(table, g_strdup(change->updated_to)));
    }
    for (guint idx = 0; idx < change->inserted->len; idx++)
        ck_assert(g_hash_table_add(table, g_strdup(g_ptr_array_index(change->inserted, idx))));
}

static char *carry_out(const CmigGraph *graph, const GPtrArray *rows, const CmigPlan *plan)
{
    g_autoptr(CmigApplied) applied = cmig_applied_new(graph, rows);
    g_autoptr(GHashTable) table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint idx = 0; idx < rows->len; idx++)
        g_hash_table_add(table, g_strdup(((CmigRevision *)g_ptr_array_index(rows, idx))->id));
    for (guint idx = 0; idx < plan->revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(plan->revisions, idx);
        gboolean up = plan->direction == CMIG_UPGRADE;
        ck_assert_msg(up ? cmig_applied_can_upgrade(applied, revision)
                         : cmig_applied_can_downgrade(applied, revision),
                      "%s out of order", revision->id);
        g_autoptr(CmigRowChange) change = up ? cmig_applied_upgrade(applied, revision)
                                             : cmig_applied_downgrade(applied, revision);
        change_table(table, change);
        ck_assert_int_eq(cmig_applied_has(applied, revision), up);
    }
    g_autoptr(GPtrArray) after = cmig_applied_rows(applied);
    ck_assert_uint_eq(after->len, g_hash_table_size(table));
    for (guint idx = 0; idx < after->len; idx++)
        ck_assert(g_hash_table_contains(table, g_ptr_array_index(after, idx)));
    return dag_names(after);
}

static void check_case(const CmigGraph *graph, const Case *test)
{
    g_autofree char *what = g_strdup_printf("[%s] %s", test->rows, test->command);
    gboolean down = g_str_has_prefix(test->command, "down ");
    const char *target = strchr(test->command, ' ') + 1;
    g_autoptr(GPtrArray) rows = dag_revisions(graph, test->rows);
    g_autoptr(CmigPlan) plan = NULL;
    g_autoptr(GError) error = NULL;
    gboolean made =
        cmig_plan_make(graph, down ? CMIG_DOWNGRADE : CMIG_UPGRADE, target, rows, &plan, &error);
    ck_assert_int_eq(made, error == NULL);
    if (test->after == NULL) {
        g_autofree char *got = made ? dag_text(plan->revisions) : NULL;
        ck_assert_msg(!made, "%s: planned %s", what, got);
        ck_assert_ptr_null(plan);
        int code = g_str_has_prefix(test->plan, "'") || g_str_has_prefix(test->plan, "Range")
                       ? CMIG_ERROR_USAGE
                       : CMIG_ERROR_FAILED;
        dag_assert_error(error, code, test->plan, test->more, what);
        return;
    }
    ck_assert_msg(made, "%s: %s", what, error ? error->message : "");
    g_autofree char *got = dag_text(plan->revisions);
    ck_assert_msg(strcmp(got, test->plan) == 0, "%s: planned %s", what, got);
    ck_assert_int_eq(plan->direction, down ? CMIG_DOWNGRADE : CMIG_UPGRADE);
    if (test->more == NULL)
        ck_assert_msg(plan->note == NULL, "%s: note %s", what, plan->note);
    else
        ck_assert_msg(plan->note != NULL && strstr(plan->note, test->more) != NULL, "%s: note %s",
                      what, plan->note ? plan->note : "missing");
    g_autofree char *after = carry_out(graph, rows, plan);
    ck_assert_msg(strcmp(after, test->after) == 0, "%s: rows %s", what, after);
}

static void check_cases(const char *text, const Case *cases)
{
    g_autoptr(CmigGraph) graph = dag(text);
    for (; cases->rows != NULL; cases++)
        check_case(graph, cases);
}

START_TEST(line)
{
    static const Case cases[] = {
        {"", "down base", "", "", NULL},
        {"rev_a", "down rev_a", "", "rev_a", NULL},
        {"rev_e", "down rev_e", "", "rev_e", NULL},
        {"rev_c", "up rev_e", "rev_d rev_e", "rev_e", NULL},
        {"", "up rev_c", "rev_a rev_b rev_c", "rev_c", NULL},
        {"", "up head", "rev_a rev_b rev_c rev_d rev_e", "rev_e", NULL},
        {"rev_e", "up heads", "", "rev_e", NULL},
        {"rev_a", "up +2", "rev_b rev_c", "rev_c", NULL},
        {"rev_a", "up +1", "rev_b", "rev_b", NULL},
        {"rev_b", "up +3", "rev_c rev_d rev_e", "rev_e", NULL},
        {"rev_b", "up rev_b+2", "rev_c rev_d", "rev_d", NULL},
        {"rev_a", "up rev_d-2", "rev_b", "rev_b", NULL},
        {"rev_a", "up rev_d+0", "rev_b rev_c rev_d", "rev_d", NULL},
        {"rev_a", "up rev_b-2", "", "rev_a", NULL},
        {"rev_a", "up base", "", "rev_a", NULL},
        {"rev_d", "up rev_b", "", "rev_d", "rev_b is applied already"},
        {"rev_b", "up -2", "Relative revision -2 didn't produce 2 migrations", NULL, "rev_b"},
        {"rev_b", "up +0", "Relative revision 0 didn't produce 0 migrations", NULL, NULL},
        {"rev_b", "up +5", "Relative revision +5 didn't produce 5 migrations", NULL, "rev_b"},
        {"rev_b", "up +99999999999999999999",
         "'+99999999999999999999' is not a revision identifier: the relative number is too large",
         NULL, NULL},
        {"rev_b", "up rev_b+9", "Walked too far", NULL, "rev_b+9"},
        {"rev_b", "up rev_b-9", "Walked too far", NULL, "base"},
        {"rev_b", "up base-1", "Walked too far", NULL, NULL},
        {"rev_b", "up rev_c-1junk", "'rev_c-1junk' is not a revision identifier", NULL,
         "nothing may follow"},
        {"rev_b", "up rev_c+1-1", "'rev_c+1-1' is not a revision identifier", NULL, NULL},
        {"rev_b", "up ", "'' is not a revision identifier", NULL, "empty"},
        {"rev_b", "up rev_c@", "'rev_c@' is not a revision identifier", NULL, "behind '@'"},
        {"rev_b", "up @rev_c", "'@rev_c' is not a revision identifier", NULL, "no branch"},
        {"rev_b", "up a@b@c", "'a@b@c' is not a revision identifier", NULL, "more than one"},
        {"rev_b", "up rev_a:rev_b", "Range revision not allowed", NULL, NULL},
        {"rev_b", "up rev", "Can't locate revision identified by 'rev'", NULL,
         "rev_a, rev_b, rev_c, rev_d, rev_e"},
        {"rev_b", "up rev_a,rev_b", "Can't locate revision identified by 'rev_a,rev_b'", NULL,
         NULL},
        {"rev_b", "up rev_f", "Can't locate revision identified by 'rev_f'", NULL, "did you mean"},
        {"rev_b", "up x\ny\033", "Can't locate revision identified by 'x\\ny\\x1B'", NULL, NULL},
        {"rev_e", "down rev_c", "rev_e rev_d", "rev_c", NULL},
        {"rev_c", "down base", "rev_c rev_b rev_a", "", NULL},
        {"rev_c", "down -1", "rev_c", "rev_b", NULL},
        {"rev_e", "down -3", "rev_e rev_d rev_c", "rev_b", NULL},
        {"rev_d", "down rev_a+2", "rev_d", "rev_c", NULL},
        {"rev_d", "down rev_c-2", "rev_d rev_c rev_b", "rev_a", NULL},
        {"rev_d", "down rev_a-1", "rev_d rev_c rev_b rev_a", "", NULL},
        {"rev_b", "down -5", "Relative revision -5 didn't produce 5 migrations", NULL, "rev_b"},
        {"rev_b", "down +2", "Relative revision +2 didn't produce 2 migrations", NULL, NULL},
        {"rev_b", "down +0", "Relative revision +0 didn't produce 0 migrations", NULL, NULL},
        {"", "down -1", "Relative revision -1 didn't produce 1 migrations", NULL, "nothing"},
        {"rev_d", "down rev_a-2", "Walked too far", NULL, NULL},
        {"rev_d", "down rev_a+9", "Walked too far", NULL, NULL},
        {"", "down rev_b", "Destination rev_b is not a valid downgrade target from current head(s)",
         NULL, "not applied"},
        {"rev_b", "down rev_c",
         "Destination rev_c is not a valid downgrade target from current head(s)", NULL, "rev_b"},
        {"rev_b", "down typo@base", "Can't locate revision identified by 'typo'", NULL,
         "No such branch: 'typo'"},
        {"rev_b", "down typo@-1", "Can't locate revision identified by 'typo'", NULL,
         "No such branch: 'typo'"},
        {"rev_b", "up typo@head", "Can't locate revision identified by 'typo'", NULL,
         "No such branch: 'typo'"},
        {"rev_b", "up typo@+1", "Can't locate revision identified by 'typo'", NULL,
         "No such branch: 'typo'"},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("rev_a rev_b<rev_a rev_c<rev_b rev_d<rev_c rev_e<rev_d", cases);
    static const Case partial[] = {
        {"", "down 27c", "Destination 27c is not a valid downgrade target", NULL, "27c6a30d7c24"},
        {"1975ea83b712", "down 27c6", "Destination 27c6 is not a valid downgrade target", NULL,
         NULL},
        {"", "up 2", "1975ea83b712 27c6a30d7c24", "27c6a30d7c24", NULL},
        {"27c6a30d7c24", "down 27c6-1", "27c6a30d7c24", "1975ea83b712", NULL},
        {"27c6a30d7c24", "down 1", "27c6a30d7c24", "1975ea83b712", NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("1975ea83b712 27c6a30d7c24<1975ea83b712", partial);
}
END_TEST

START_TEST(empty)
{
    static const Case cases[] = {
        {"", "up head", "", "", NULL},
        {"", "up heads", "", "", NULL},
        {"", "down base", "", "", NULL},
        {"", "up +1", "Relative revision +1 didn't produce 1 migrations", NULL, NULL},
        {"", "up abcd", "Can't locate revision identified by 'abcd'", NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("", cases);
}
END_TEST

#define BRANCHED "a b<a c1<b#c1branch d1<c1 c2<b#c2branch d2<c2"

START_TEST(branched)
{
    static const Case cases[] = {
        {"b", "up d1", "c1 d1", "d1", NULL},
        {"a", "up heads", "b c2 d2 c1 d1", "d1 d2", NULL},
        {"b", "up c2branch@head-1", "c2", "c2", NULL},
        {"b", "up c2branch@head", "c2 d2", "d2", NULL},
        {"b", "up c2branch@heads", "c2 d2", "d2", NULL},
        {"b", "up d2@head", "c2 d2", "d2", NULL},
        {"c1", "up c2branch@+1", "c2", "c1 c2", NULL},
        {"c1 c2", "up c2branch@+1", "d2", "c1 d2", NULL},
        {"", "up c2branch@+3", "a b c2", "c2", NULL},
        {"", "up c2branch@base+2", "a b", "b", NULL},
        {"c1 c2", "up +1", "Ambiguous upgrade from multiple current revisions", NULL, "c1, c2"},
        {"b", "up +1", "Ambiguous walk", NULL, "c1, c2"},
        {"d1", "up c1branch@+1", "Relative revision +1 didn't produce 1 migrations", NULL, "d1"},
        {"", "up base+1", "a", "a", NULL},
        {"", "up +1", "a", "a", NULL},
        {"b", "up head",
         "Multiple head revisions are present for given argument 'head'; please "
         "specify a specific target revision, '<branchname>@head' to narrow to a specific head, or "
         "'heads' for all heads",
         NULL, "d1 (c1branch), d2 (c2branch)"},
        {"b", "up b@head", "Multiple head revisions are present for given argument 'b@head'", NULL,
         "d1 (c1branch), d2 (c2branch)"},
        {"b", "up head-1", "Multiple head revisions are present for given argument 'head'", NULL,
         NULL},
        {"b", "up c1branch@d2", "Can't locate revision identified by 'd2'", NULL,
         "Revision d2 is not a member of branch 'c1branch'"},
        {"d1", "up heads", "c2 d2", "d1 d2", NULL},
        {"d1 c1", "up heads", "Requested revision d1 overlaps with other requested revisions c1",
         NULL, "one row too many"},
        {"d1 d2", "down a", "d1 c1 d2 c2 b", "a", NULL},
        {"d2 d1", "down base+2", "d1 c1 d2 c2", "b", NULL},
        {"d2 d1", "down c2branch@base+2", "d2 c2", "d1", NULL},
        {"d2 d1", "down c2", "d2", "c2 d1", NULL},
        {"d2 d1", "down c2branch@base+3", "d2", "c2 d1", NULL},
        {"d2 d1", "down -1", "d2", "c2 d1", "of d2, d1, d2 was taken"},
        {"c2 d1", "down -1", "c2", "d1", "ambiguous"},
        {"d1 d2", "down -1", "d1", "c1 d2", "<branchname>@-1"},
        {"c1 d2", "down -1", "c1", "d2", "ambiguous"},
        {"d1 d2", "down c1branch@-1", "d1", "c1 d2", NULL},
        {"d2 c1", "down d2-1", "d2", "c1 c2", NULL},
        {"c1 d2", "down d2-1", "d2", "c1 c2", NULL},
        {"c1 d2", "down c1branch@b", "c1", "d2", NULL},
        {"c1 d2", "down c2branch@b", "d2 c2", "c1", NULL},
        {"d1 d2", "down c2@b", "d2 c2", "d1", NULL},
        {"d1 d2", "down d1@b", "d1 c1", "d2", NULL},
        {"d1 d2", "down c1branch@head-1", "d1", "c1 d2", NULL},
        {"d1 d2", "down c1branch@head", "", "d1 d2", NULL},
        {"a", "down -1", "a", "", NULL},
        {"", "down -1", "Relative revision -1 didn't produce 1 migrations", NULL, NULL},
        {"d1 c2", "down c2", "", "c2 d1", NULL},
        {"d1 c2", "down d1", "", "c2 d1", NULL},
        {"d1 d2", "down b@-1", "Ambiguous walk", NULL, "d1, d2"},
        {"d1", "down c2", "Destination c2 is not a valid downgrade target", NULL, "d1"},
        {"d1 d2", "down c1branch@c2", "Can't locate revision identified by 'c2'", NULL,
         "not a member of branch 'c1branch'"},
        {"d1 d2", "down a@b", "Not a valid downgrade target from current heads", NULL, "c1, c2"},
        {"d1 d2", "down heads", "Multiple head revisions are present for given argument 'heads'",
         NULL, NULL},
        {"d1 c1", "down b", "d1 c1", "b", NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases(BRANCHED, cases);
}
END_TEST

START_TEST(merges)
{
    static const Case merge_point[] = {
        {"d2 b1", "up d1", "c1 d1", "d1 d2", NULL},
        {"d2 d1", "down b1", "d1 c1", "b1 d2", NULL},
        {"d1", "down -1", "Ambiguous walk", NULL, "d1 merges c1, c2"},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a1 b1<a1 c1<b1 a2 b2<a2 c2<b2 d1<c1,c2 d2<c2", merge_point);
    static const Case three_way[] = {
        {"d3 d2 b1", "up d1", "c1 d1", "d1 d2 d3", NULL},
        {"d3 d2 d1", "down b1", "d1 c1", "b1 d2 d3", NULL},
        {"d3 b2 b1", "up d1", "c2 c1 d1", "d1 d3", NULL},
        {"d3 d1", "up d2", "d2", "d1 d2 d3", NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a1 b1<a1 c1<b1 a2 b2<a2 c2<b2 a3 b3<a3 c3<b3 d1<c1,c2,c3 d2<c2 d3<c3", three_way);
    static const Case merged_path[] = {
        {"b", "up f", "c2 d2 c1 d1 e f", "f", NULL},
        {"f", "down b", "f e d1 c1 d2 c2", "b", NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a b<a c1<b d1<c1 c2<b#c2branch d2<c2 e<d1,d2 f<e", merged_path);
}
END_TEST

START_TEST(twins)
{
    static const Case twin[] = {
        {"a", "up b3", "b3", "b3", NULL},
        {"b3", "up b1", "b1", "b1 b3", NULL},
        {"b1 b3", "up b2", "b2", "b1 b2 b3", NULL},
        {"b1 b2 b3", "up c2", "c2", "c2", NULL},
        {"c2", "up d2", "d2", "d2", NULL},
        {"d2", "up c1", "c1", "c1 d2", NULL},
        {"c1 d2", "up d1", "d1", "d1 d2", NULL},
        {"d1 d2", "down a", "d1 c1 d2 c2 b1 b2 b3", "a", NULL},
        {"d1 d2", "down d2@a", "d1 c1 d2 c2 b1 b2 b3", "a", NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a b1<a b2<a b3<a c1<b1,b2,b3 c2<b1,b2,b3 d1<c1 d2<c2", twin);
    static const Case not_quite[] = {
        {"a", "up b2", "b2", "b2", NULL},        {"b2", "up b3", "b3", "b2 b3", NULL},
        {"b2 b3", "up c2", "c2", "c2", NULL},    {"c2", "up d2", "d2", "d2", NULL},
        {"d2", "up b1", "b1", "b1 d2", NULL},    {"b1 d2", "up c1", "c1", "c1 d2", NULL},
        {"c1 d2", "up d1", "d1", "d1 d2", NULL}, {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a b1<a b2<a b3<a c1<b1,b2 c2<b2,b3 d1<c1 d2<c2", not_quite);
}
END_TEST

START_TEST(dependencies)
{
    static const Case one[] = {
        {"c2 d1", "down c1", "d1", "c2", NULL},
        {"a2", "up c2", "a1 b1 c1 b2 c2", "c2", NULL},
        {"c2", "up d1", "d1", "c2 d1", NULL},
        {"c2 f1", "down lib1@base", "f1 e1 d1 c2 c1 b1 a1", "b2", NULL},
        {"c2", "down c1", "Destination c1 is not a valid downgrade target", NULL,
         "c1 is applied, but nothing that revises it is"},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a1#lib1 b1<a1 c1<b1#c1lib d1<c1 e1<d1 f1<e1 a2 b2<a2 c2<b2!c1", one);
    check_cases("a1#lib1 b1<a1 c1<b1#c1lib d1<c1 e1<d1 f1<e1 a2 b2<a2 c2<b2!c1lib", one);
    static const Case two[] = {
        {"amerge bmerge cmerge d1", "down b2", "bmerge", "amerge b1 cmerge d1", NULL},
        {"amerge d1 b1 cmerge", "down d1@base", "d1", "amerge b1 b2 cmerge", NULL},
        {"amerge b1 b2 cmerge", "down base", "amerge a1 b1 b2 cmerge c1 a2 a3 c2 c3", "", NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    check_cases("a1 a2 a3 amerge<a1,a2,a3 b1 b2 bmerge<b1,b2 c1 c2 c3 cmerge<c1,c2,c3 "
                "d1!a3,b2,c1",
                two);
    static const Case three[] = {{"a3 b2", "down b1", "b2", "a3", NULL},
                                 {NULL, NULL, NULL, NULL, NULL}};
    check_cases("a1 a2<a1 b1 b2<b1!a2 b3<b2 a3<a2!b1", three);
    static const Case own[] = {{"", "up a2", "a1 a2", "a2", NULL},
                               {"a2", "down a1", "a2", "a1", NULL},
                               {NULL, NULL, NULL, NULL, NULL}};
    check_cases("a1 a2<a1!a1", own);
    static const Case four[] = {{"b4", "down b3", "b4", "b3", NULL},
                                {NULL, NULL, NULL, NULL, NULL}};
    check_cases("a1 a2<a1 a3<a2 b1 b2<b1!a3 b3<b2 b4<b3!a3", four);
    static const Case five[] = {{"a1", "up b1", "b1", "b1", NULL},
                                {"b1", "up bmerge", "bmerge", "bmerge", NULL},
                                {"bmerge", "down a1", "bmerge", "b1", NULL},
                                {"bmerge", "down b1", "bmerge", "b1", NULL},
                                {NULL, NULL, NULL, NULL, NULL}};
    check_cases("a1 b1!a1 bmerge<a1,b1", five);
    /* A dependency that descends from the down_revision: only the topmost are rows. */
    static const Case chain[] = {{"", "up r", "x y r", "r", NULL},
                                 {"r", "down x", "r y", "x", NULL},
                                 {"r", "down y", "Destination y is not", NULL, NULL},
                                 {"y", "up r", "r", "r", NULL},
                                 {NULL, NULL, NULL, NULL, NULL}};
    check_cases("x y<x r<x!y", chain);
}
END_TEST

START_TEST(cross_dependencies)
{
    static const Case forest[] = {{"", "up heads", "a2 b2 a1 b1", "b1 b2", NULL},
                                  {"b1 b2", "down base", "b1 a1 b2 a2", "", NULL},
                                  {"b1 b2", "down b2@base", "b2 a2", "b1", NULL},
                                  {"", "up +1", "Ambiguous walk", NULL, "a1, a2"},
                                  {NULL, NULL, NULL, NULL, NULL}};
    check_cases("a1 b1<a1 a2 b2<a2", forest);
    static const Case crossed[] = {{"d1 d2", "down c2branch@b", "d2 c2", "d1", NULL},
                                   {"d1 d2", "down c1branch@b", "d1 d2 c1", "c2", NULL},
                                   {"d2", "up head", "Multiple head revisions", NULL, "d1"},
                                   {"d2", "up heads", "d1", "d1 d2", NULL},
                                   {NULL, NULL, NULL, NULL, NULL}};
    check_cases("a b<a c1<b#c1branch d1<c1 c2<b#c2branch d2<c2!c1", crossed);
    /* The effective head y2 needs x1: `heads` leaves out nobody, `x@-1` finds the implied x1. */
    static const Case effective[] = {{"x2 y2", "down x@-1", "x2", "y2", NULL},
                                     {"x1 y2", "down x@-1", "y2 x1", "y1", NULL},
                                     {"y2", "down x@-1", "y2 x1", "y1", NULL},
                                     {"y1", "down x@-1", "Relative revision -1 didn't", NULL, NULL},
                                     {NULL, NULL, NULL, NULL, NULL}};
    check_cases("y1#y x1#x y2<y1!x1 x2<x1", effective);
    static const Case labelled_head[] = {{"", "up head", "Multiple head", NULL, "m2 (right)"},
                                         {"", "up heads", "x1 m1 m2", "m2", NULL},
                                         {"", "up right@head", "x1 m1 m2", "m2", NULL},
                                         {NULL, NULL, NULL, NULL, NULL}};
    check_cases("x1 m1#right m2<m1!x1", labelled_head);
    static const Case downgrades[] = {
        {"b1b d2 b3", "down b_3@base", "b1b d2 c2 b3 a3 base3", "a1b b2", NULL},
        {"b1a b1b d2 b3", "down base", "b1a a1a b1b a1b base1 d2 c2 b2 a2 base2 b3 a3 base3", "",
         NULL},
        {"b1a b1b d2 b3", "down b_2@base", "d2 c2 b2 a2 base2", "b1a b1b b3", NULL},
        {NULL, NULL, NULL, NULL, NULL}};
    check_cases("base1#b_1 a1a<base1 b1a<a1a a1b<base1 b1b<a1b!a3 base2#b_2 a2<base2 b2<a2 "
                "c2<b2!a3 d2<c2 base3#b_3 a3<base3 b3<a3",
                downgrades);
}
END_TEST

START_TEST(names)
{
    ck_assert_str_eq(cmig_direction_name(CMIG_UPGRADE), "upgrade");
    ck_assert_str_eq(cmig_direction_name(CMIG_DOWNGRADE), "downgrade");
    cmig_plan_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan cases");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, line);
    tcase_add_test(tcase, empty);
    tcase_add_test(tcase, branched);
    tcase_add_test(tcase, merges);
    tcase_add_test(tcase, twins);
    tcase_add_test(tcase, dependencies);
    tcase_add_test(tcase, cross_dependencies);
    tcase_add_test(tcase, names);
    suite_add_tcase(suite, tcase);
    return dag_run(suite);
}
