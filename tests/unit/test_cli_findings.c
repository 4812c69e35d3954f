/* How findings are printed, and the table of the rules that make them. */
#include "cli/findings.h"
#include "cmig/check.h"
#include "cmig/error.h"

#include <check.h>
#include <string.h>

static const struct {
    const char *path;
    const char *folder;
    const char *seen;
} paths[] = {
    {"/p/migrations/a.sql", "/p", "migrations/a.sql"},
    {"/p/a.sql", "/p/sub", "../a.sql"},
    {"/p/migrations/a.sql", "/p/sub/deep", "../../migrations/a.sql"},
    {"/p/sub-2/a.sql", "/p/sub", "../sub-2/a.sql"},
    {"/p/sub/a.sql", "/p/sub-2", "../sub/a.sql"},
    {"/p/a.sql", "/p/a", "../a.sql"},
    {"/other/a.sql", "/p/sub", "/other/a.sql"},
    {"/p/a.sql", "/", "p/a.sql"},
    {"/a.sql", "/", "a.sql"},
    {"a.sql", "/p", "a.sql"},
};

START_TEST(test_path)
{
    g_autofree char *seen = cmig_path_from(paths[_i].path, paths[_i].folder);
    ck_assert_str_eq(seen, paths[_i].seen);
}
END_TEST

/* Rule "r", found from /p. */
static const struct {
    const char *path;
    guint line;
    const char *message;
    const char *hint;
    gboolean note;
    const char *text;
    const char *github;
} findings[] = {
    {"/p/a.sql", 12, "wrong", NULL, FALSE, "a.sql:12: r: wrong",
     "::error file=a.sql,line=12,title=r::wrong"},
    {"/p/a.sql", 0, "wrong", "do it", FALSE, "a.sql: r: wrong\n  hint: do it",
     "::error file=a.sql,line=1,title=r::wrong%0Ahint: do it"},
    {NULL, 0, "wrong", NULL, TRUE, "r: note: wrong", "::notice title=r::wrong"},
    {"/p/a,b:c%d.sql", 1, "100 %: a, b", NULL, FALSE, "a,b:c%d.sql:1: r: 100 %: a, b",
     "::error file=a%2Cb%3Ac%25d.sql,line=1,title=r::100 %25: a, b"},
    {"/p/a\nb.sql", 1, "x\r\ny", NULL, FALSE, "a\\nb.sql:1: r: x\\r\\ny",
     "::error file=a%0Ab.sql,line=1,title=r::x\\r%0Ay"},
    {"/p/\x1b[1m.sql", 1, "\x1b[31m\n::stop-commands::x", "\n::error::y", FALSE,
     "\\x1B[1m.sql:1: r: \\x1B[31m\\n::stop-commands::x\n  hint: \\n::error::y",
     "::error file=\\x1B[1m.sql,line=1,title=r::\\x1B[31m%0A::stop-commands::x%0Ahint: "
     "%0A::error::y"},
    {"/p/%0A%25.sql", 1, "%0A", NULL, FALSE, "%0A%25.sql:1: r: %0A",
     "::error file=%250A%2525.sql,line=1,title=r::%250A"},
};

START_TEST(test_finding)
{
    g_autoptr(GPtrArray) list = cmig_findings_new();
    CmigFinding *finding = cmig_finding_add(list, "r", findings[_i].path, findings[_i].line, NULL,
                                            findings[_i].hint, "%s", findings[_i].message);
    finding->note = findings[_i].note;
    g_autofree char *text = cmig_finding_text(finding, "/p");
    g_autofree char *github = cmig_finding_github(finding, "/p");
    ck_assert_str_eq(text, findings[_i].text);
    ck_assert_str_eq(github, findings[_i].github);
    ck_assert_ptr_null(strchr(github, '\n'));
}
END_TEST

START_TEST(test_formats)
{
    ck_assert(cmig_finding_format("text") == cmig_finding_text);
    ck_assert(cmig_finding_format("github") == cmig_finding_github);
    ck_assert(cmig_finding_format("json") == NULL);
    ck_assert(cmig_finding_format("") == NULL);
}
END_TEST

/* Invalid UTF-8 in a path must not lose the finding. */
START_TEST(test_json)
{
    g_autoptr(GPtrArray) list = cmig_findings_new();
    cmig_finding_add(list, "r", "/p/\xff.sql", 0, "a1", NULL, "wrong");
    cmig_finding_add(list, "r", NULL, 0, NULL, NULL, "noted")->note = TRUE;
    ck_assert_uint_eq(cmig_findings_count(list), 1);
    json_t *json = cmig_findings_json(list, "/p");
    ck_assert_uint_eq(json_array_size(json), 2);
    json_t *first = json_array_get(json, 0);
    ck_assert_str_eq(json_string_value(json_object_get(first, "file")), "\\xFF.sql");
    ck_assert(json_is_null(json_object_get(first, "line")));
    ck_assert(json_is_true(json_object_get(json_array_get(json, 1), "note")));
    json_decref(json);
}
END_TEST

START_TEST(test_request)
{
    static const char *const good[] = {"graph", "at-head", NULL};
    static const char *const bad[] = {"graph", "at-haed", NULL};
    static const char *const files[] = {"sections", NULL};
    GError *error = NULL;
    ck_assert(cmig_check_request_validate(&(CmigCheckRequest){0}, &error));
    ck_assert(cmig_check_request_validate(&(CmigCheckRequest){.only = good}, &error));
    ck_assert(!cmig_check_request_validate(&(CmigCheckRequest){.skip = bad}, &error));
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_USAGE));
    ck_assert_str_eq(cmig_error_hint(error), "did you mean \"at-head\"?");
    g_clear_error(&error);
    ck_assert(cmig_check_wants_database(&(CmigCheckRequest){0}));
    ck_assert(cmig_check_wants_database(&(CmigCheckRequest){.only = good}));
    ck_assert(!cmig_check_wants_database(&(CmigCheckRequest){.only = good, .skip = good}));
    ck_assert(!cmig_check_wants_database(&(CmigCheckRequest){.only = files}));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("findings");
    TCase *tests = tcase_create("findings");
    tcase_add_loop_test(tests, test_path, 0, G_N_ELEMENTS(paths));
    tcase_add_loop_test(tests, test_finding, 0, G_N_ELEMENTS(findings));
    tcase_add_test(tests, test_formats);
    tcase_add_test(tests, test_json);
    tcase_add_test(tests, test_request);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
