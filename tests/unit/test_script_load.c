/* Loading a folder of revision files: order, what is looked at, what is refused. */
#include "cmig/error.h"
#include "cmig/script.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *root;

static void remove_tree(const char *path)
{
    const char *const command[] = {"rm", "-rf", "--", path, NULL};
    ck_assert(g_spawn_sync(NULL, (char **)(guintptr)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                           NULL, NULL, NULL, NULL));
}

static void setup(void)
{
    root = g_dir_make_tmp("cmig-XXXXXX", NULL);
}

static void teardown(void)
{
    remove_tree(root);
    g_clear_pointer(&root, g_free);
}

static char *at(const char *relative)
{
    return g_build_filename(root, relative, NULL);
}

static void put_text(const char *relative, const char *text)
{
    g_autofree char *path = at(relative);
    g_autofree char *folder = g_path_get_dirname(path);
    ck_assert_int_eq(g_mkdir_with_parents(folder, 0700), 0);
    ck_assert(g_file_set_contents(path, text, -1, NULL));
}

static void put(const char *relative, const char *id)
{
    g_autofree char *text = g_strdup_printf(
        "-- revision: %s\n-- down_revision: null\n\n-- cmig:upgrade\nSELECT 1;\n", id);
    put_text(relative, text);
}

/* The ids in load order, or the error's message with the test's folder as R. `locations` is
 * separated by spaces. */
static char *load(const char *locations, gboolean recursive, gboolean configured, GError **kept)
{
    g_auto(GStrv) names = g_strsplit(locations, " ", -1);
    g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
    for (guint idx = 0; names[idx] != NULL; idx++)
        g_ptr_array_add(folders, at(names[idx]));
    g_ptr_array_add(folders, NULL);
    char file[] = "alembic.yml";
    CmigConfig config = {.file = configured ? file : NULL,
                         .version_locations = (char **)folders->pdata,
                         .recursive_version_locations = recursive};
    g_autoptr(CmigGraph) graph = NULL;
    g_autoptr(GError) error = NULL;
    GString *out = g_string_new(NULL);
    if (cmig_script_load_graph(&config, &graph, &error)) {
        for (guint idx = 0; idx < cmig_graph_size(graph); idx++)
            g_string_append_printf(out, "%s%s", idx > 0 ? " " : "", cmig_graph_nth(graph, idx)->id);
    } else {
        ck_assert_ptr_null(graph);
        ck_assert_int_eq(error->code, CMIG_ERROR_CONFIG);
        g_string_append(out, error->message);
        g_string_replace(out, root, "R", 0);
        g_propagate_error(kept, g_steal_pointer(&error));
    }
    return g_string_free(out, FALSE);
}

START_TEST(test_order)
{
    put("v/b_1.sql", "b");
    put("v/a_1.sql", "a");
    put("v/B_1.sql", "B");
    put("v/\xC3\xA9.sql", "e9");
    put("v/sub/0.sql", "s0");
    put("v/sub/deep/0.sql", "d0");
    put("v/other/z.sql", "o1");
    put("v/sub2/a.sql", "s2");
    put("w/a.sql", "wa");
    put_text("v/README.md", "not a revision");
    put_text("v/a.sql~", "not a revision");
    put_text("v/.#b_1.sql", "not a revision");
    put_text("v/.git/x.sql", "not a revision");
    static const struct {
        const char *locations;
        gboolean recursive;
        const char *expected;
    } cases[] = {
        {"v", FALSE, "B a b e9"},      {"v", TRUE, "B a b e9 o1 s0 d0 s2"},
        {"v w", FALSE, "B a b e9 wa"}, {"w v", FALSE, "wa B a b e9"},
        {"w v/sub", TRUE, "wa s0 d0"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autofree char *got = load(cases[idx].locations, cases[idx].recursive, TRUE, NULL);
        ck_assert_str_eq(got, cases[idx].expected);
    }
}
END_TEST

START_TEST(test_twice)
{
    put("v/a.sql", "a");
    put("v/sub/b.sql", "b");
    g_autofree char *link = at("link");
    g_autofree char *target = at("v");
    ck_assert_int_eq(symlink(target, link), 0);
    static const struct {
        const char *locations;
        gboolean recursive;
        const char *expected;
    } cases[] = {
        {"v v", FALSE, "Folder R/v loaded twice"},
        {"v link", FALSE, "Folder R/link loaded twice"},
        {"v v/../v", FALSE, "Folder R/v/../v loaded twice"},
        {"v v/sub", TRUE, "Folder R/v/sub loaded twice"},
        {"v v/sub", FALSE, "a b"},
        {"link", TRUE, "a b"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autofree char *got = load(cases[idx].locations, cases[idx].recursive, TRUE, NULL);
        ck_assert_str_eq(got, cases[idx].expected);
    }
}
END_TEST

/* A link to a folder is not followed, so a loop of them ends. */
START_TEST(test_links)
{
    put("v/a.sql", "a");
    put("elsewhere/b.sql", "b");
    g_autofree char *loop = at("v/loop");
    ck_assert_int_eq(symlink(".", loop), 0);
    g_autofree char *file_link = at("v/b.sql");
    ck_assert_int_eq(symlink("../elsewhere/b.sql", file_link), 0);
    g_autofree char *got = load("v", TRUE, TRUE, NULL);
    ck_assert_str_eq(got, "a b");
}
END_TEST

START_TEST(test_missing_location)
{
    g_autofree char *configured = load("nothing", FALSE, TRUE, NULL);
    ck_assert_str_eq(configured, "Path doesn't exist: R/nothing");
    g_autofree char *unconfigured = load("nothing", FALSE, FALSE, NULL);
    ck_assert_str_eq(unconfigured, "");
    put("file", "a");
    g_autofree char *file = load("file", FALSE, FALSE, NULL);
    ck_assert_str_eq(file, "cannot read folder R/file: Not a directory");
}
END_TEST

/* Things named x.sql that are not revision files. */
START_TEST(test_not_regular)
{
    put("v/a.sql", "a");
    g_autofree char *path = at("v/x\n.sql");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    g_autofree char *fifo = load("v", FALSE, TRUE, NULL);
    ck_assert_str_eq(fifo, "cannot read R/v/x\\n.sql: not a regular file");
    g_remove(path);
    ck_assert_int_eq(g_mkdir(path, 0700), 0);
    g_autofree char *folder = load("v", TRUE, TRUE, NULL);
    ck_assert_str_eq(folder, "cannot read R/v/x\\n.sql: not a regular file");
    g_rmdir(path);
    ck_assert_int_eq(symlink("/dev/zero", path), 0);
    g_autofree char *device = load("v", FALSE, TRUE, NULL);
    ck_assert_str_eq(device, "cannot read R/v/x\\n.sql: not a regular file");
    g_remove(path);
    ck_assert_int_eq(symlink("missing", path), 0);
    g_autofree char *dangling = load("v", FALSE, TRUE, NULL);
    ck_assert_str_eq(dangling, "cannot read R/v/x\\n.sql: No such file or directory");
}
END_TEST

/* Hostile names are only names. */
START_TEST(test_hostile_names)
{
    put("v/a'; DROP TABLE x; --.sql", "a1");
    put("v/-rf.sql", "b1");
    put("v/c\n\x1b[31m.sql", "c1");
    put("v/\xFF\xFE.sql", "d1");
    g_autofree char *got = load("v", FALSE, TRUE, NULL);
    ck_assert_str_eq(got, "b1 a1 c1 d1");
}
END_TEST

/* The place of a mistake is the file and the line. */
START_TEST(test_broken)
{
    static const struct {
        const char *text;
        const char *expected;
        guint line;
        guint column;
    } cases[] = {
        {"SELECT 1;\n", "a revision file without a header", 1, 1},
        {"", "a revision file without a header", 1, 1},
        {"-- revision: x\n-- down_revison: null\n", "unknown key 'down_revison' in the header", 2,
         4},
        {"-- revision: a b\n-- down_revision: null\n", "'a b' in 'revision' is not a revision id",
         1, 14},
    };
    put("v/a.sql", "a");
    g_autofree char *path = at("v/x.sql");
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(GError) error = NULL;
        put_text("v/x.sql", cases[idx].text);
        g_autofree char *got = load("v", FALSE, TRUE, &error);
        ck_assert_str_eq(got, cases[idx].expected);
        ck_assert_str_eq(cmig_error_file(error), path);
        ck_assert_uint_eq(cmig_error_line(error), cases[idx].line);
        ck_assert_uint_eq(cmig_error_column(error), cases[idx].column);
    }
}
END_TEST

/* What the graph refuses: two files with one id, a parent that is not there. */
START_TEST(test_graph_errors)
{
    put("v/a.sql", "a");
    put("v/b.sql", "a");
    g_autofree char *twice = load("v", FALSE, TRUE, NULL);
    ck_assert_msg(strstr(twice, "R/v") != NULL, "%s", twice);
    put_text("v/b.sql", "-- revision: b\n-- down_revision: zzzz\n");
    g_autofree char *missing = load("v", FALSE, TRUE, NULL);
    ck_assert_msg(strstr(missing, "zzzz") != NULL, "%s", missing);
}
END_TEST

/* Headers around and above the size of the first read, and above the cap; large bodies. */
START_TEST(test_sizes)
{
    static const gsize sizes[] = {10, 4000, 4050, 4096, 4097, 5000, 60000};
    for (gsize idx = 0; idx < G_N_ELEMENTS(sizes); idx++) {
        g_autoptr(GString) text = g_string_new("-- revision: a\n-- down_revision: null\n");
        while (text->len < sizes[idx])
            g_string_append(text, "-- # filler\n");
        g_string_append(text, "-- message: end\n");
        put_text("v/a.sql", text->str);
        g_autofree char *whole = load("v", FALSE, TRUE, NULL);
        ck_assert_str_eq(whole, "a");
        g_string_append_c(text, '\n');
        for (guint line = 0; line < 10000; line++)
            g_string_append(text, "-- body\n");
        put_text("v/a.sql", text->str);
        g_autofree char *with_body = load("v", FALSE, TRUE, NULL);
        ck_assert_str_eq(with_body, "a");
    }
    g_autoptr(GString) text = g_string_new("-- revision: a\n-- down_revision: null\n");
    while (text->len < 66000)
        g_string_append(text, "-- # filler\n");
    put_text("v/a.sql", text->str);
    g_autofree char *large = load("v", FALSE, TRUE, NULL);
    ck_assert_str_eq(large, "the header is larger than 65536 bytes");
}
END_TEST

START_TEST(test_unreadable)
{
    if (geteuid() == 0)
        return; /* root reads everything */
    put("v/a.sql", "a");
    g_autofree char *path = at("v/a.sql");
    g_chmod(path, 0);
    g_autofree char *got = load("v", FALSE, TRUE, NULL);
    ck_assert_str_eq(got, "cannot read R/v/a.sql: Permission denied");
}
END_TEST

/* 10,000 files: a budget far above what is measured, against an accident of another order. */
START_TEST(test_many)
{
    g_autofree char *folder = at("v");
    ck_assert_int_eq(g_mkdir(folder, 0700), 0);
    g_autofree char *filler = g_strnfill(420, 'x');
    for (guint idx = 0; idx < 10000; idx++) {
        g_autofree char *path = g_strdup_printf("%s/%012x_step.sql", folder, idx);
        g_autofree char *down = idx == 0 ? g_strdup("null") : g_strdup_printf("%012x", idx - 1);
        g_autofree char *text = g_strdup_printf(
            "-- revision: %012x\n-- down_revision: %s\n-- branch_labels: []\n-- depends_on: []\n"
            "-- message: step %u\n-- create_date: 2026-11-20T10:15:00Z\n\n-- cmig:upgrade\n"
            "SELECT '%s';\n",
            idx, down, idx, filler);
        FILE *file = fopen(path, "w");
        fputs(text, file);
        fclose(file);
    }
    gint64 best = G_MAXINT64;
    char *locations[] = {folder, NULL};
    CmigConfig config = {.version_locations = locations};
    for (guint round = 0; round < 5; round++) {
        gint64 begin = g_get_monotonic_time();
        g_autoptr(CmigGraph) graph = NULL;
        g_autoptr(GError) error = NULL;
        ck_assert(cmig_script_load_graph(&config, &graph, &error));
        ck_assert_uint_eq(cmig_graph_size(graph), 10000);
        ck_assert_str_eq(((CmigRevision *)g_ptr_array_index(cmig_graph_heads(graph), 0))->id,
                         "00000000270f");
        best = MIN(best, g_get_monotonic_time() - begin);
    }
    if (g_getenv("CMIG_TEST_TIMES") != NULL)
        g_printerr("10,000 files: %.1f ms\n", (double)best / 1000);
    ck_assert_int_lt(best, 2000000);
}
END_TEST

static char *join(const GPtrArray *texts)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint idx = 0; idx < texts->len; idx++)
        g_string_append_printf(out, "%s%s", idx > 0 ? " " : "", (const char *)texts->pdata[idx]);
    return g_strdup(out->str);
}

/* A survey goes on behind each problem. */
START_TEST(test_survey)
{
    gboolean recursive = _i;
    put("a/1.sql", "a1");
    put("a/inner/2.sql", "a2");
    put_text("a/3.sql", "no header\n");
    put_text("a/4.sql", "-- revision: a4\n-- down_revision: a1\n\n-- cmig:nonsense\n");
    put_text("a/.hidden", "");
    put_text("a/notes.txt", "");
    put("a/5.SQL", "a5");
    g_autofree char *folder = at("a");
    g_autofree char *missing = at("b");
    char *folders[] = {folder, missing, NULL};
    CmigConfig config = {.version_locations = folders, .recursive_version_locations = recursive};
    g_autoptr(GPtrArray) surveys = cmig_script_survey(&config);
    ck_assert_uint_eq(surveys->len, 2);
    const CmigSurvey *first = surveys->pdata[0];
    const CmigSurvey *second = surveys->pdata[1];
    g_autofree char *strange = join(first->strange);
    ck_assert_ptr_null(first->problem);
    ck_assert_uint_eq(first->files, recursive ? 4 : 3);
    ck_assert_uint_eq(first->broken->len, 2);
    for (guint idx = 0; idx < 2; idx++) {
        g_autofree char *path = at(idx == 0 ? "a/3.sql" : "a/4.sql");
        ck_assert_str_eq(cmig_error_file(first->broken->pdata[idx]), path);
    }
    ck_assert_str_eq(strange, recursive ? "5.SQL notes.txt" : "5.SQL inner/ notes.txt");
    ck_assert(g_error_matches(second->problem, CMIG_ERROR, CMIG_ERROR_CONFIG));
    ck_assert_uint_eq(second->files, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("script load");
    TCase *cases = tcase_create("load");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, test_order);
    tcase_add_test(cases, test_twice);
    tcase_add_test(cases, test_links);
    tcase_add_test(cases, test_missing_location);
    tcase_add_test(cases, test_not_regular);
    tcase_add_test(cases, test_hostile_names);
    tcase_add_test(cases, test_broken);
    tcase_add_test(cases, test_graph_errors);
    tcase_add_test(cases, test_sizes);
    tcase_add_test(cases, test_unreadable);
    tcase_add_test(cases, test_many);
    tcase_add_loop_test(cases, test_survey, 0, 2);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
