/* What a branch does to the revisions of another one: each case is two branches made by git, and
 * the findings about them. */
#include "cmig/against.h"
#include "cmig/error.h"

#include "project_fixture.h"

#include <string.h>

/* libgit2 1.5 forgets 64 bytes when it misses a commit on the way to a merge base; what this layer
 * takes from it is asked for in test_vcs.c, where nothing of it is left out. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libgit2\n";
}

/* Commands of the other side, `main`, while `topic` stays checked out afterwards. */
#define MAIN(commands) "git checkout -q main;" commands "git checkout -q topic;"

/* The findings, "rule revision: message" with "note" in front and the line behind, one per line; or
 * the error. */
static char *check(const char *ref)
{
    g_autoptr(CmigConfig) config = NULL;
    g_autoptr(CmigGraph) graph = NULL;
    g_autoptr(GPtrArray) findings = cmig_findings_new();
    g_autoptr(GError) error = NULL;
    load_project(&config, &graph);
    if (!cmig_check_against(config, graph, ref, findings, &error))
        return g_strconcat("error: ", error->message, NULL);
    GString *out = g_string_new(NULL);
    for (guint idx = 0; idx < findings->len; idx++) {
        const CmigFinding *finding = findings->pdata[idx];
        const char *rule = finding->rule + strlen("against-");
        g_string_append_printf(out, "%s%s%s %s: %s", idx > 0 ? "\n" : "",
                               finding->note ? "note " : "", rule,
                               finding->revision ? finding->revision : "-", finding->message);
        if (finding->line > 0)
            g_string_append_printf(out, " @%u", finding->line);
        ck_assert(finding->path == NULL || g_str_has_prefix(finding->path, git_root));
    }
    return g_string_free(out, FALSE);
}

#define TWO_HEADS "heads -: merged with main there are 2 heads: "

static const struct {
    const char *commands;
    const char *wanted; /* with `R/` for the repository's folder */
} cases[] = {
    /* nothing to find */
    {"", ""},
    {"rev c b; commit;", ""},
    {"rev c b; rev d c;", ""}, /* not committed */
    {MAIN("rev c b; commit;"), ""},
    {MAIN("rev c b; commit;") "git merge -q main; rev d c;", ""},
    {MAIN("rev b a 'SELECT 1;'; commit;"), ""},
    {MAIN("git rm -q m/b.sql; commit;"), ""},
    {MAIN("git mv m/b.sql m/x.sql; commit;"), ""},
    {"rev c b; commit;" MAIN("git merge -q --squash topic; commit;") "rev d c;", ""},
    {MAIN("rev c b; commit;") "rev c b;", ""},
    {"rev n null '' '-- branch_labels: net\\n'; rev o n;", ""},
    {"printf '* text=auto\\n' >.gitattributes; sed -i 's/$/\\r/' m/a.sql;", ""},

    {"git checkout -q --orphan z; git rm -qrf .; commit z; git branch -f main; mkdir m; rev a "
     "null;",
     "note unchanged -: main has no revision files where this branch has them: nothing was "
     "compared"},

    /* what they have is changed */
    {"rev b a 'SELECT 1;'; commit;",
     "unchanged b: revision b of main was edited: its upgrade section @5"},
    {"rev b a 'SELECT 1;';", "unchanged b: revision b of main was edited: its upgrade section @5"},
    {"rev b a 'SELECT 1;';" MAIN("git stash -q; rev b a 'SELECT 2;'; commit;") "git stash pop -q;",
     "unchanged b: revision b of main was edited: its upgrade section @5"},
    {"rev b a 'SELECT 1;'; commit;" MAIN("rev b a 'SELECT 1;'; commit;"), ""},
    {"rev b null;",
     "unchanged b: revision b of main was edited: its down_revision\n" TWO_HEADS "a, b"},
    {"rev b a '' '-- depends_on: a\\n-- branch_labels: x\\n';",
     "unchanged b: revision b of main was edited: its depends_on and its branch_labels"},
    {"printf -- '-- cmig:upgrade sqlite\\n' >>m/b.sql; sed -i 's/^-- cmig:down.*/&  none \"x\"/' "
     "m/b.sql;",
     "unchanged b: revision b of main was edited: its downgrade section and its upgrade section "
     "for sqlite @7"},
    {"sed -i 's/^-- cmig:downgrade/-- a comment\\n\\n&/' m/b.sql;",
     "note unchanged b: revision b of main reads otherwise here, but does the same"},
    {"sed -i 's/message: m/message: better/' m/b.sql;",
     "note unchanged b: revision b of main reads otherwise here, but does the same"},
    {"sed -i 's/$/\\r/' m/b.sql;",
     "note unchanged b: revision b of main reads otherwise here, but does the same"},
    {"git mv m/b.sql m/x.sql;", "note unchanged b: revision b of main was at R/m/b.sql"},
    {"rm m/b.sql; rev a null 'SELECT 1;'; mv m/a.sql m/z.sql;",
     "note unchanged a: revision a of main was at R/m/a.sql\n"
     "unchanged a: revision a of main was edited: its upgrade section @5\n"
     "unchanged b: revision b of main is gone"},
    {"rm m/b.sql; ln -s /etc/passwd m/p.sqlx; cp m/a.sql /tmp/cmig-a-$$; rm m/a.sql; ln -s "
     "/tmp/cmig-a-$$ m/a.sql; ",
     "unchanged a: revision a of main was edited: its text, of which one version cannot be read\n"
     "unchanged b: revision b of main is gone"},

    /* new revisions */
    {"rev c b;" MAIN("git stash -qu; rev d b; commit;") "git stash pop -q;",
     "parent c: the new revision c revises b, but the head of main is d\n" TWO_HEADS "c, d"},
    {"rev c b; commit;" MAIN("rev d b; commit;") "git merge -q main;",
     "parent c: the new revision c revises b, but the head of main is d\n" TWO_HEADS "c, d"},
    {"rev c b; commit;" MAIN("rev d b; commit;") "git merge -q main; rev e '[c, d]';",
     "note parent c: the new revision c revises b, but the head of main is d"},
    {"rev c a;",
     "parent c: the new revision c revises a, but the head of main is b\n" TWO_HEADS "b, c"},
    {"rev n null;",
     "parent n: the new revision n revises nothing, where main has the head b\n" TWO_HEADS "b, n"},
    {"rev c b; rev d b;", TWO_HEADS "c, d"},
    {MAIN("rev c a; commit;") "git merge -q main; rev d b; rev e c;", ""},
    {MAIN("rev c a; commit;") "git merge -q main; rev d b; rev e b;",
     "heads -: merged with main there are 3 heads: c, d, e"},

    /* ids, and histories that do not hold */
    {"rev c b; commit;" MAIN("rev c b 'SELECT 1;'; mv m/c.sql m/other.sql; commit;"),
     "ids c: main has another revision c, R/m/other.sql"},
    {"rev c b; commit;" MAIN("git rm -q m/b.sql; commit;"),
     "graph -: merged with main: Revision b referenced from c is not present"},
    {MAIN("echo x >m/x.sql; ln -s /etc/passwd m/l.sql; commit;"),
     "graph -: the file cannot be read in main: it is a symbolic link, which is not followed\n"
     "graph -: the file cannot be read in main: a revision file without a header"},
};

START_TEST(test_against)
{
    g_autofree char *commands = g_strconcat(PROJECT, cases[_i].commands, NULL);
    shell(commands);
    g_autofree char *got = check("main");
    g_autofree char *folder = git_path("r/");
    g_auto(GStrv) parts = g_strsplit(got, folder, -1);
    g_autofree char *shown = g_strjoinv("R/", parts);
    ck_assert_msg(g_str_equal(shown, cases[_i].wanted), "%s\ngives\n%s\nnot\n%s",
                  cases[_i].commands, shown, cases[_i].wanted);
    shell("rm -f /tmp/cmig-a-*");
}
END_TEST

static const struct {
    const char *commands;
    const char *ref;
    const char *wanted;
} errors[] = {
    {PROJECT, "origin/main", "error: git knows no commit 'origin/main': "},
    {PROJECT, "-q", "error: git knows no commit '-q': "},
    {PROJECT "git branch -qm main trunk;", NULL,
     "error: which branch to compare with is not known"},
    {PROJECT, NULL, ""},
    {PROJECT "rm -rf .git;", "main", "error: "},
    {PROJECT "git checkout -q --orphan o; commit o;", "main",
     "error: cannot find where HEAD and main"},
    {PROJECT
     "commit; commit y; cd ..; mv r s; git clone -q --depth 1 file://$PWD/s r; cd r; git fetch -q "
     "--depth 1 origin main;",
     "FETCH_HEAD", "error: cannot find where HEAD and FETCH_HEAD part: "},
};

START_TEST(test_errors)
{
    shell(errors[_i].commands);
    g_autofree char *got = check(errors[_i].ref);
    ck_assert_msg(*errors[_i].wanted == '\0' ? *got == '\0'
                                             : g_str_has_prefix(got, errors[_i].wanted),
                  "%s\ngives %s", errors[_i].commands, got);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("against");
    TCase *tests = tcase_create("against");
    tcase_set_timeout(tests, 60);
    git_add_fixtures(tests);
    tcase_add_loop_test(tests, test_against, 0, G_N_ELEMENTS(cases));
    tcase_add_loop_test(tests, test_errors, 0, G_N_ELEMENTS(errors));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
