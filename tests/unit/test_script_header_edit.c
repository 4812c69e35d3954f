/* Other parents for a revision file: what changes is one value, what cannot be changed is refused
 * with its place. */
#include "cmig/error.h"
#include "cmig/script.h"

#include <check.h>
#include <string.h>

#define TAIL "-- message: m\n\n-- cmig:upgrade\n-- down_revision: not here\n"

static const struct {
    const char *text;
    const char *parents;
    const char *wanted; /* NULL: refused */
    guint line;
} cases[] = {
    {"-- revision: a\n-- down_revision: b\n" TAIL, "c",
     "-- revision: a\n-- down_revision: c\n" TAIL, 2},
    {"-- revision: a\n-- down_revision: b\n" TAIL, "",
     "-- revision: a\n-- down_revision: null\n" TAIL, 2},
    {"-- revision: a\n-- down_revision: null\n" TAIL, "c,d",
     "-- revision: a\n-- down_revision: [c, d]\n" TAIL, 2},
    {"-- revision: a\n-- down_revision: [b, c]   # two\n" TAIL, "c",
     "-- revision: a\n-- down_revision: c   # two\n" TAIL, 2},
    {"-- revision: a\n-- down_revision:  \"b\"  \n" TAIL, "c",
     "-- revision: a\n-- down_revision:  c  \n" TAIL, 2},
    {"-- revision: a\n-- down_revision:\n" TAIL, "c", "-- revision: a\n-- down_revision: c\n" TAIL,
     2},
    {"-- revision: a\n-- down_revision: # none\n" TAIL, "c",
     "-- revision: a\n-- down_revision: c # none\n" TAIL, 2},
    {"-- down_revision: b\n-- revision: a", "c", "-- down_revision: c\n-- revision: a", 1},
    {"-- revision: a\n-- down_revision: b", "c", "-- revision: a\n-- down_revision: c", 2},
    {"\xEF\xBB\xBF-- revision: a\r\n-- down_revision: b\r\n\r\n-- cmig:upgrade\r\n\377\r\n", "c",
     "\xEF\xBB\xBF-- revision: a\r\n-- down_revision: c\r\n\r\n-- cmig:upgrade\r\n\377\r\n", 2},
    {"\n \n-- # a comment\n-- revision: a\n--  \n-- down_revision: b\nSELECT 1;", "c",
     "\n \n-- # a comment\n-- revision: a\n--  \n-- down_revision: c\nSELECT 1;", 6},
    {"-- revision: a\n-- down_revision: b\n-- depends_on: [b, x]\n-- branch_labels: l\n"
     "-- create_date: 2026-01-02\n",
     "c",
     "-- revision: a\n-- down_revision: c\n-- depends_on: [b, x]\n-- branch_labels: l\n"
     "-- create_date: 2026-01-02\n",
     2},
    {"-- revision: a\n-- down_revision: b\n", "1e5", "-- revision: a\n-- down_revision: 1e5\n", 2},
    {"-- revision: a\n-- down_revision:\n--   - b\n--   - c\n", "c", NULL, 2},
    {"-- revision: a\n-- down_revision: [b,\n--   c]\n", "c", NULL, 2},
    {"-- revision: a\n-- \"down_revision\": b\n", "c", NULL, 1},
    {"-- {revision: a, down_revision: b}\n", "c", NULL, 1},
    {"-- revision: &x a\n-- down_revision: *x\n", "c", NULL, 1},
    {"-- revision: a\n-- message: |\n--   down_revision: x\n-- down_revision: b\n", "c", NULL, 3},
    {"SELECT 1;", "c", NULL, 1},
};

START_TEST(test_edit)
{
    g_auto(GStrv) parents = g_strsplit(cases[_i].parents, ",", -1);
    if (*cases[_i].parents == '\0')
        g_clear_pointer(&parents[0], g_free);
    g_autoptr(GBytes) content = g_bytes_new(cases[_i].text, strlen(cases[_i].text));
    g_auto(CmigHeaderEdit) edit = {0};
    g_autoptr(GError) error = NULL;
    gboolean done =
        cmig_script_set_parents(content, "f.sql", (const char *const *)parents, &edit, &error);
    if (cases[_i].wanted == NULL) {
        ck_assert_msg(!done, "%s", cases[_i].text);
        ck_assert_str_eq(cmig_error_file(error), "f.sql");
        ck_assert_uint_eq(cmig_error_line(error), cases[_i].line);
        ck_assert_ptr_null(edit.content);
        return;
    }
    ck_assert_msg(done, "%s: %s", cases[_i].text, error ? error->message : "");
    gsize length = 0;
    const char *text = g_bytes_get_data(edit.content, &length);
    g_autofree char *got = g_strndup(text, length);
    ck_assert_str_eq(got, cases[_i].wanted);
    ck_assert_uint_eq(length, strlen(cases[_i].wanted));
    ck_assert_uint_eq(edit.line, cases[_i].line);
    /* The two lines are those in which the files differ. */
    g_auto(GStrv) before = g_strsplit(cases[_i].text, edit.before, 2);
    ck_assert_ptr_nonnull(before[1]);
    g_autofree char *joined = g_strjoinv(edit.after, before);
    ck_assert_str_eq(joined, cases[_i].wanted);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("script header edit");
    TCase *tests = tcase_create("edit");
    tcase_add_loop_test(tests, test_edit, 0, G_N_ELEMENTS(cases));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
