/* Where a branch's own revisions go: each case is two branches made by git, and what is to change
 * in the headers; writing it leaves the heads that were announced. */
#include "cmig/error.h"
#include "cmig/rebase.h"

#include "project_fixture.h"

#include <string.h>
#include <sys/stat.h>

/* `main` has gone on by d, which revises b; it is merged into the branch. */
#define MERGED "git checkout -q main; rev d b; commit; git checkout -q topic; git merge -q main;"

/* A revision with a date: day of the month. */
#define DATED(id, down, day)                                                                       \
    "rev " id " '" down "' '' '-- create_date: 2026-01-" day "T10:00:00Z\\n';"

/* "c>d e>c heads e": what changes, in order, and the heads afterwards; or the error. */
static char *plan(const CmigConfig *config, const CmigGraph *graph, CmigRebasePlan **made)
{
    g_autoptr(GError) error = NULL;
    if (!cmig_rebase_plan(config, graph, "main", made, &error)) {
        ck_assert_int_ne(error->code, CMIG_ERROR_INTERNAL);
        return g_strconcat("error: ", error->message, NULL);
    }
    GString *out = g_string_new(NULL);
    for (guint idx = 0; idx < (*made)->steps->len; idx++) {
        const CmigRebaseStep *step = (*made)->steps->pdata[idx];
        ck_assert_uint_eq(g_strv_length(step->parents), 1);
        g_string_append_printf(out, "%s>%s ", step->revision->id, step->parents[0]);
    }
    g_ptr_array_add((*made)->heads, NULL);
    g_autofree char *heads = g_strjoinv(",", (char **)(*made)->heads->pdata);
    g_string_append_printf(out, "heads %s", heads);
    return g_string_free(out, FALSE);
}

static const struct {
    const char *commands;
    const char *wanted;
} cases[] = {
    {"", "heads b"},
    {"rev c b; commit;", "heads c"},
    {MERGED, "heads d"},
    {MERGED "rev c d;", "heads c"},
    {"rev c b; commit;" MERGED, "c>d heads c"},
    {MERGED "rev c b;", "c>d heads c"}, /* not committed */
    {"rev c b; rev e c; rev f e; commit;" MERGED, "c>d heads f"},
    {"rev c b; rev e c; rev f c; commit;" MERGED, "c>d heads e,f"}, /* the shape is kept */
    {"rev c b; rev e b; rev f '[c, e]'; commit;" MERGED, "c>d e>d heads f"},
    {"rev c '[b, a]'; commit;" MERGED, "c>d heads c"},
    {"rev c null; commit;" MERGED, "c>d heads c"},
    {"rev c null '' '-- branch_labels: net\\n'; rev e c; commit;" MERGED, "heads d,e"},
    {"rev c b '' '-- branch_labels: net\\n'; rev e c '' '-- depends_on: net\\n'; commit;" MERGED,
     "c>d heads e"},
    {"rev c b '' '-- depends_on: a\\n'; commit;" MERGED, "c>d heads c"},
    {"rev c a; commit;", "c>b heads c"},
    {"rev c b; commit;" MERGED "rev m '[c, d]';", "heads m"},

    /* several beginnings */
    {DATED("c", "b", "02") DATED("e", "b", "01") "commit;" MERGED, "e>d c>e heads c"},
    {DATED("c", "a", "02") DATED("e", "b", "03") DATED("f", "e", "01") "commit;" MERGED,
     "c>d e>c heads f"},
    {DATED("c", "b", "01") "commit;" MERGED DATED("e", "d", "02"), "c>e heads c"},
    {DATED("c", "b", "01") DATED("e", "b", "02") DATED("f", "e", "02")
         DATED("g", "e", "02") "commit;" MERGED,
     "c>d e>c heads f,g"},
    {DATED("c", "b", "01") DATED("f", "c", "02") DATED("g", "c", "02")
         DATED("e", "b", "02") "commit;" MERGED,
     "error: which of your revisions comes behind which is not certain: c, e"},
    {DATED("c", "b", "01") DATED("e", "b", "01") "commit;" MERGED,
     "error: which of your revisions comes behind which is not certain: c, e"},
    {"rev c b; rev e b; commit;" MERGED,
     "error: which of your revisions comes behind which is not certain: c, e"},
    {"rev c b '' '-- create_date: 2026-01-01T10:00:00Z\\n-- depends_on: e\\n';" DATED(
         "e", "b", "02") "commit;" MERGED,
     "error: the revisions cannot be put behind d: "},

    /* refused */
    {"rev c b; commit; git checkout -q main; rev d b; commit; git checkout -q topic;",
     "error: the head of main, d, is not in the work tree yet"},
    {"rev c b; commit; git checkout -q main; rev d b; rev e b; commit; git checkout -q topic; git "
     "merge -q main;",
     "error: main has several heads: d, e"},
    {"rev c b; rev m '[c, a]'; commit;" MERGED,
     "error: revision m merges revisions of yours with others"},
    {"rev c b; sed -i 's/down_revision: b/down_revision: [b,\\n--   a]/' m/c.sql; commit;" MERGED,
     "error: cannot change the down_revision in this header"},
    {"git checkout -q --orphan o; commit o;", "error: cannot find where HEAD and main part: "},
};

START_TEST(test_plan)
{
    g_autofree char *commands = g_strconcat(PROJECT, cases[_i].commands, NULL);
    shell(commands);
    g_autoptr(CmigConfig) config = NULL;
    g_autoptr(CmigGraph) graph = NULL;
    g_autoptr(CmigRebasePlan) made = NULL;
    load_project(&config, &graph);
    g_autofree char *before = shell_output("git -C r status --porcelain; git -C r rev-parse HEAD");
    g_autofree char *got = plan(config, graph, &made);
    const char *wanted = cases[_i].wanted;
    ck_assert_msg(g_str_equal(got, wanted) ||
                      (g_str_has_suffix(wanted, ": ") && g_str_has_prefix(got, wanted)),
                  "%s\ngives %s", cases[_i].commands, got);
    g_autofree char *after = shell_output("git -C r status --porcelain; git -C r rev-parse HEAD");
    ck_assert_str_eq(before, after);
    if (made == NULL)
        return;

    /* What was announced comes about, and then there is nothing more to do. */
    g_autoptr(GError) error = NULL;
    ck_assert(cmig_rebase_write(made, &error));
    g_autoptr(CmigConfig) config_after = NULL;
    g_autoptr(CmigGraph) graph_after = NULL;
    g_autoptr(CmigRebasePlan) again = NULL;
    load_project(&config_after, &graph_after);
    g_autofree char *second = plan(config_after, graph_after, &again);
    ck_assert_str_eq(second, strstr(got, "heads"));
    const GPtrArray *heads = cmig_graph_heads(graph_after);
    for (guint idx = 0; idx < heads->len; idx++)
        ck_assert_str_eq(((CmigRevision *)heads->pdata[idx])->id, made->heads->pdata[idx]);
}
END_TEST

/* One line of one file changes, the permissions do not; a file that is another one by now stays. */
START_TEST(test_write)
{
    shell(PROJECT
          "rev c b; rev e a; sed -i 's/$/\\r/' m/c.sql; printf '\\357\\273\\277' | cat - "
          "m/c.sql >x; mv x m/c.sql;" DATED("e", "a", "01") "commit;" MERGED
                                                            "cp -a m ../m; echo '-- x' >>m/e.sql");
    g_autoptr(CmigConfig) config = NULL;
    g_autoptr(CmigGraph) graph = NULL;
    g_autoptr(CmigRebasePlan) made = NULL;
    g_autoptr(GError) error = NULL;
    shell("sed -i 's/^-- message/-- create_date: 2026-01-02T10:00:00Z\\n-- message/' r/m/c.sql "
          "m/c.sql");
    shell("chmod 767 r/m/c.sql");
    load_project(&config, &graph);
    g_autofree char *got = plan(config, graph, &made);
    ck_assert_str_eq(got, "e>d c>e heads c");
    shell("echo '-- y' >>r/m/e.sql");
    ck_assert(!cmig_rebase_write(made, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "e.sql was changed while cmig was running"));
    shell("cmp r/m/c.sql m/c.sql");
    g_clear_error(&error);

    g_clear_pointer(&made, cmig_rebase_plan_free);
    g_free(got);
    got = plan(config, graph, &made);
    ck_assert(cmig_rebase_write(made, &error));
    shell("sed -i 's/down_revision: b/down_revision: e/' m/c.sql; cmp r/m/c.sql m/c.sql");
    g_autofree char *path = git_path("r/m/c.sql");
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0767);
}
END_TEST

/* A link in place of a file is not written through. */
START_TEST(test_link)
{
    shell(PROJECT "rev c b; mv m/c.sql ../c.sql; ln -s ../../c.sql m/c.sql; commit;" MERGED);
    g_autoptr(CmigConfig) config = NULL;
    g_autoptr(CmigGraph) graph = NULL;
    g_autoptr(CmigRebasePlan) made = NULL;
    g_autoptr(GError) error = NULL;
    load_project(&config, &graph);
    g_autofree char *got = plan(config, graph, &made);
    ck_assert_str_eq(got, "c>d heads c");
    ck_assert(!cmig_rebase_write(made, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "it is not a regular file"));
    shell("grep -q 'down_revision: b' c.sql; test -L r/m/c.sql");
}
END_TEST

static const struct {
    const char *rows;
    const char *message; /* NULL: it may be done */
} rows[] = {
    {"", NULL},
    {"b", NULL},
    {"d", NULL},
    {"c", "applied in the database already: c"},
    {"e", "applied in the database already: c"},
    {"unknown", "Can't locate revision identified by 'unknown'"},
};

START_TEST(test_rows)
{
    shell(PROJECT "rev c b; rev e c; commit;" MERGED);
    g_autoptr(CmigConfig) config = NULL;
    g_autoptr(CmigGraph) graph = NULL;
    g_autoptr(CmigRebasePlan) made = NULL;
    g_autoptr(GError) error = NULL;
    load_project(&config, &graph);
    g_autofree char *got = plan(config, graph, &made);
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    if (*rows[_i].rows != '\0')
        g_ptr_array_add(one, (gpointer)(guintptr)rows[_i].rows);
    gboolean good = cmig_rebase_check_rows(made, graph, one, &error);
    ck_assert_int_eq(good, rows[_i].message == NULL);
    if (!good)
        ck_assert_msg(g_str_has_prefix(error->message, rows[_i].message), "%s", error->message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rebase");
    TCase *tests = tcase_create("rebase");
    tcase_set_timeout(tests, 60);
    git_add_fixtures(tests);
    tcase_add_loop_test(tests, test_plan, 0, G_N_ELEMENTS(cases));
    tcase_add_test(tests, test_write);
    tcase_add_test(tests, test_link);
    tcase_add_loop_test(tests, test_rows, 0, G_N_ELEMENTS(rows));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
