/* Around revision files: project layouts, the list of templates, hooks. */
#include "cmig/error.h"
#include "cmig/new_revision.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *root;

/* Every test works in an empty folder. */
static void setup(void)
{
    root = g_dir_make_tmp("cmig-XXXXXX", NULL);
    ck_assert_int_eq(g_chdir(root), 0);
}

static void teardown(void)
{
    const char *const command[] = {"rm", "-rf", "--", root, NULL};
    g_spawn_sync(NULL, (char **)(guintptr)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                 NULL, NULL, NULL);
    g_clear_pointer(&root, g_free);
}

/* "path+" made, "path=" kept; folders with a slash. */
static void note(const char *path, gboolean is_directory, gboolean made, gpointer data)
{
    g_string_append_printf(data, "%s%s%c ", path, is_directory ? "/" : "", made ? '+' : '=');
}

static char *init(const char *layout, const char *directory)
{
    g_autoptr(GError) error = NULL;
    GString *out = g_string_new(NULL);
    if (!cmig_init_write(layout, directory, note, out, &error))
        g_string_append_printf(out, "%d %s", cmig_error_exit_status(error->code), error->message);
    return g_string_free(out, FALSE);
}

static char *read_file(const char *path)
{
    char *text = NULL;
    ck_assert_msg(g_file_get_contents(path, &text, NULL, NULL), "%s", path);
    return text;
}

START_TEST(test_init_layouts)
{
    static const struct {
        const char *layout;
        const char *directory;
        const char *expected;
        const char *location; /* in alembic.yml */
    } cases[] = {
        {NULL, NULL,
         "alembic.yml+ migrations/+ migrations/README.md+ migrations/versions/+ "
         "migrations/versions/.gitkeep+ ",
         "\nscript_location: migrations\n"},
        {"generic", "db/schema",
         "alembic.yml+ db/schema/+ db/schema/README.md+ db/schema/versions/+ "
         "db/schema/versions/.gitkeep+ ",
         "\nscript_location: db/schema\n"},
        {"minimal", "./m/", "alembic.yml+ ./m/+ ./m/.gitkeep+ ", "script_location: ./m/\n"},
        {"minimal", "a: ${HOME} b\n#", "alembic.yml+ a: ${HOME} b\n#/+ a: ${HOME} b\n#/.gitkeep+ ",
         "script_location: \"a: $${HOME} b\\n#\"\n"},
        {"minimal", "-x", "alembic.yml+ -x/+ -x/.gitkeep+ ", "script_location: \"-x\"\n"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autofree char *got = init(cases[idx].layout, cases[idx].directory);
        ck_assert_str_eq(got, cases[idx].expected);
        g_autofree char *yml = read_file("alembic.yml");
        ck_assert_msg(strstr(yml, cases[idx].location) != NULL, "%s", yml);
        ck_assert_msg(strstr(yml, "\ndatabase_url: ${DATABASE_URL:-sqlite:///./app.db}\n") != NULL,
                      "%s", yml);
        ck_assert_ptr_null(strstr(yml, "# template:"));
        g_remove("alembic.yml");
    }
}
END_TEST

/* What init wrote is a configuration that finds the folder that init made, whatever its name, and
 * every key that is shown as a comment can be taken into use. */
START_TEST(test_init_loads)
{
    static const char *const directories[] = {"migrations", "db/x", "a: ${HOME} b\n#",
                                              "-x",         "no",   "$y $$z ${A:-b}"};
    static const char *const layouts[] = {"generic", "minimal"};
    g_unsetenv("DATABASE_URL");
    for (gsize idx = 0; idx < G_N_ELEMENTS(directories) * G_N_ELEMENTS(layouts); idx++) {
        const char *layout = layouts[idx % 2];
        g_autofree char *directory = g_strdup_printf("%s%zu", directories[idx / 2], idx);
        g_autofree char *made = init(layout, directory);
        for (guint round = 0; round < 2; round++) {
            g_autofree char *file = g_build_filename(root, "alembic.yml", NULL);
            CmigConfigRequest request = {.file = file};
            g_autoptr(CmigConfig) config = NULL;
            g_autoptr(GError) error = NULL;
            if (!cmig_config_load(&request, &config, &error))
                ck_abort_msg("%s: %u: %s", made, cmig_error_line(error), error->message);
            g_autofree char *location = g_build_filename(root, directory, NULL);
            ck_assert_str_eq(config->script_location, location);
            g_autofree char *versions = g_build_filename(location, "versions", NULL);
            ck_assert_str_eq(config->version_locations[0], idx % 2 == 0 ? versions : location);
            ck_assert_msg(config->url != NULL, "%s",
                          config->url_error ? config->url_error->message : "");
            ck_assert_int_eq(config->url_origin, CMIG_ORIGIN_FILE_DEFAULT);
            ck_assert_uint_eq(config->lock_timeout, 60000);
            ck_assert_str_eq(config->timezone, "UTC");
            ck_assert_int_eq(config->transaction, CMIG_TRANSACTION_PER_MIGRATION);

            /* Round two: `# key: value` is one. */
            g_autofree char *text = read_file("alembic.yml");
            g_autoptr(GRegex) comment = g_regex_new("^# ([a-z_]+: )", G_REGEX_MULTILINE, 0, NULL);
            g_autofree char *used = g_regex_replace(comment, text, -1, 0, "\\1", 0, NULL);
            ck_assert(g_file_set_contents("alembic.yml", used, -1, NULL));
        }
        g_remove("alembic.yml");
    }
}
END_TEST

START_TEST(test_init_keeps)
{
    ck_assert(g_file_set_contents("alembic.yml", "script_location: mine\n", -1, NULL));
    g_mkdir("migrations", 0700);
    g_autofree char *got = init("minimal", NULL);
    ck_assert_str_eq(got, "alembic.yml= migrations/= migrations/.gitkeep+ ");
    g_autofree char *yml = read_file("alembic.yml");
    ck_assert_str_eq(yml, "script_location: mine\n");

    g_autofree char *again = init("minimal", NULL);
    ck_assert_str_eq(again, "1 Directory migrations already exists and is not empty");
}
END_TEST

START_TEST(test_init_refuses)
{
    /* A link that leads nowhere is not written through. */
    ck_assert_int_eq(symlink("elsewhere", "alembic.yml"), 0);
    g_autofree char *kept = init("minimal", "a");
    ck_assert_str_eq(kept, "alembic.yml= a/+ a/.gitkeep+ ");
    ck_assert(!g_file_test("elsewhere", G_FILE_TEST_EXISTS));
    g_remove("alembic.yml");

    ck_assert(g_file_set_contents("file", "x", -1, NULL));
    ck_assert_int_eq(symlink("nowhere", "link"), 0);
    static const struct {
        const char *layout;
        const char *directory;
        const char *expected; /* the beginning */
    } cases[] = {
        {"nope", "b", "2 No such template 'nope'"},
        {"../generic", "b", "2 No such template '../generic'"},
        {"", "b", "2 No such template ''"},
        {"generic/migrations", "b", "2 No such template 'generic/migrations'"},
        {"generic", "", "2 '' cannot be the project's folder"},
        {"generic", "\xFF", "2 '\\xFF' cannot be the project's folder"},
        {"generic", "file", "1 "},
        {"generic", "link", "1 "},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autofree char *got = init(cases[idx].layout, cases[idx].directory);
        ck_assert_msg(g_str_has_prefix(got, cases[idx].expected), "%s", got);
        ck_assert(!g_file_test("alembic.yml", G_FILE_TEST_EXISTS));
        ck_assert(!g_file_test("b", G_FILE_TEST_EXISTS));
    }
}
END_TEST

static char *list(const CmigConfig *config)
{
    g_autoptr(GPtrArray) templates = NULL;
    g_autoptr(GError) error = NULL;
    if (!cmig_templates_list(config, &templates, &error))
        return g_strdup(error->message);
    GString *out = g_string_new(NULL);
    for (guint idx = 0; idx < templates->len; idx++) {
        const CmigTemplate *template = g_ptr_array_index(templates, idx);
        ck_assert_str_ne(template->summary, "");
        g_string_append_printf(out, "%s%s ", template->name, template->is_layout ? "/" : "");
    }
    return g_string_free(out, FALSE);
}

START_TEST(test_templates_list)
{
    g_autofree char *builtin = list(NULL);
    ck_assert_str_eq(builtin, "enum generic index_concurrently table generic/ minimal/ ");

    g_mkdir("own", 0700);
    ck_assert(g_file_set_contents("own/audit.sql", "-- template:  Audited  \r\nx", -1, NULL));
    ck_assert(g_file_set_contents("own/table.sql", "-- template: Our table\n", -1, NULL));
    ck_assert(g_file_set_contents("own/notes.txt", "", -1, NULL));
    ck_assert(g_file_set_contents("own/.hidden.sql", "", -1, NULL));
    char folder[] = "own", missing[] = "missing";
    CmigConfig config = {.templates = folder};
    g_autofree char *with_own = list(&config);
    ck_assert_str_eq(with_own, "audit enum generic index_concurrently table generic/ minimal/ ");

    g_autoptr(GPtrArray) templates = NULL;
    ck_assert(cmig_templates_list(&config, &templates, NULL));
    ck_assert_str_eq(((CmigTemplate *)g_ptr_array_index(templates, 0))->summary, "Audited");
    ck_assert_str_eq(((CmigTemplate *)g_ptr_array_index(templates, 4))->summary, "Our table");

    config.templates = missing;
    g_autofree char *error = list(&config);
    ck_assert_msg(strstr(error, "missing") != NULL, "%s", error);
}
END_TEST

static void count_start(const CmigHook *hook, gpointer data)
{
    g_string_append_printf(data, "%s ", hook->name);
}

/* Runs hooks with both standard streams going to files: "started | out | err | error". */
static char *run_hooks(GPtrArray *hooks, const char *path)
{
    CmigConfig config = {.directory = root, .hooks = hooks};
    g_autoptr(GString) started = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    int out = dup(1), err = dup(2);
    int to_out = open("out", O_CREAT | O_TRUNC | O_WRONLY, 0600);
    int to_err = open("err", O_CREAT | O_TRUNC | O_WRONLY, 0600);
    dup2(to_out, 1);
    dup2(to_err, 2);
    gboolean good = cmig_hooks_run(&config, path, count_start, started, &error);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    close(to_out);
    close(to_err);
    g_autofree char *out_text = read_file("out");
    g_autofree char *err_text = read_file("err");
    if (!good) {
        ck_assert_int_eq(error->code, CMIG_ERROR_FAILED);
        ck_assert_ptr_nonnull(strstr(cmig_error_detail(error), "is kept: "));
    }
    return g_strdup_printf("%s| %s| %s| %s", started->str, out_text, err_text,
                           good ? "ok" : error->message);
}

START_TEST(test_hooks)
{
    static const char path[] = "/tmp/a b;c$(id).sql";
    static const struct {
        const char *argv[2][5];
        const char *cwd;
        const char *expected; /* the beginning */
    } cases[] = {
        {{{"printf", "[%s]\\n", "{file}"}}, NULL, "h0 | | [/tmp/a b;c$(id).sql]\n| ok"},
        {{{"printf", "[%s]\\n"}}, NULL, "h0 | | [/tmp/a b;c$(id).sql]\n| ok"},
        {{{"printf", "%s\\n", "--path={file},{file}"}},
         NULL,
         "h0 | | --path=/tmp/a b;c$(id).sql,/tmp/a b;c$(id).sql\n| ok"},
        {{{"sh", "-c", "echo out; echo err >&2"}, {"true"}}, NULL, "h0 h1 | | out\nerr\n| ok"},
        {{{"sh", "-c", "exit 3"}, {"true"}}, NULL, "h0 | | | hook 'h0' failed: "},
        {{{"true"}, {"false"}}, NULL, "h0 h1 | | | hook 'h1' failed: "},
        {{{"sh", "-c", "kill -9 $$"}}, NULL, "h0 | | | hook 'h0' failed: "},
        {{{"cmig-no-such-program"}}, NULL, "h0 | | | hook 'h0' failed: "},
        {{{"sh", "-c", "test \"$PWD\" = /"}}, "/", "h0 | | | ok"},
        {{{"sh", "-c", "test -e out"}}, NULL, "h0 | | | ok"},
        {{{"true"}}, "/no/such/folder", "h0 | | | hook 'h0' failed: "},
        {{{NULL}}, NULL, "| | | ok"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        CmigHook hooks[2];
        char first[] = "h0", second[] = "h1";
        g_autofree char *cwd = g_strdup(cases[idx].cwd);
        GStrv argv[2] = {NULL, NULL};
        g_autoptr(GPtrArray) array = g_ptr_array_new();
        for (gsize nth = 0; nth < 2 && cases[idx].argv[nth][0] != NULL; nth++) {
            argv[nth] = g_strdupv((char **)(guintptr)cases[idx].argv[nth]);
            hooks[nth] = (CmigHook){nth == 0 ? first : second, argv[nth], cwd};
            g_ptr_array_add(array, &hooks[nth]);
        }
        g_autofree char *got = run_hooks(array, path);
        ck_assert_msg(g_str_has_prefix(got, cases[idx].expected), "%zu: %s", idx, got);
        g_strfreev(argv[0]);
        g_strfreev(argv[1]);
    }
    g_autofree char *none = run_hooks(NULL, path);
    ck_assert_str_eq(none, "| | | ok");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("script project");
    TCase *cases = tcase_create("project");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, test_init_layouts);
    tcase_add_test(cases, test_init_loads);
    tcase_add_test(cases, test_init_keeps);
    tcase_add_test(cases, test_init_refuses);
    tcase_add_test(cases, test_templates_list);
    tcase_add_test(cases, test_hooks);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
