/* New revision files: slugs, file names, parents, hostile messages and labels, templates. */
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/new_revision.h"
#include "cmig/script.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *root;
static char *locations[3];
static CmigConfig config;

static void setup(void)
{
    /* 2026-11-20T10:15:00Z */
    cmig_clock_freeze(1795169700, 0xabc000000001);
    root = g_dir_make_tmp("cmig-XXXXXX", NULL);
    locations[0] = g_build_filename(root, "v", NULL);
    locations[1] = NULL;
    ck_assert_int_eq(g_mkdir(locations[0], 0700), 0);
    config =
        (CmigConfig){.directory = root, .version_locations = locations, .truncate_slug_length = 40};
}

static void teardown(void)
{
    const char *const command[] = {"rm", "-rf", "--", root, NULL};
    g_spawn_sync(NULL, (char **)(guintptr)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                 NULL, NULL, NULL);
    g_free(root);
    g_free(locations[0]);
    g_free(locations[1]);
    locations[1] = NULL;
}

static void put(const char *relative, const char *text)
{
    g_autofree char *path = g_build_filename(root, relative, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    ck_assert_int_eq(g_mkdir_with_parents(folder, 0700), 0);
    ck_assert(g_file_set_contents(path, text, -1, NULL));
}

static void put_revision(const char *id, const char *down, const char *labels)
{
    g_autofree char *name = g_strdup_printf("v/%s.sql", id);
    g_autofree char *text =
        g_strdup_printf("-- revision: %s\n-- down_revision: %s\n-- branch_labels: %s\n\n"
                        "-- cmig:upgrade\n-- cmig:downgrade\n",
                        id, down, labels);
    put(name, text);
}

/* How many files are in the version location. */
static guint count_files(void)
{
    guint count = 0;
    g_autoptr(GDir) handle = g_dir_open(locations[0], 0, NULL);
    while (g_dir_read_name(handle) != NULL)
        count++;
    return count;
}

/* Writes a revision; the file's text with the root as R, or "STATUS message". */
static char *write_revision(const CmigNewRevision *request, char **name)
{
    g_autoptr(CmigGraph) graph = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    guint before = count_files();
    if (!cmig_script_load_graph(&config, &graph, &error))
        ck_abort_msg("%s", error->message);
    GString *out = g_string_new(NULL);
    if (cmig_new_revision_write(&config, graph, request, &path, &error)) {
        g_autofree char *text = NULL;
        ck_assert(g_file_get_contents(path, &text, NULL, NULL));
        g_string_append(out, text);
        ck_assert(g_str_has_prefix(path, root));
        if (name != NULL)
            *name = g_strdup(path + strlen(root) + 1);
    } else {
        ck_assert_ptr_null(path);
        ck_assert_uint_eq(count_files(), before);
        g_string_append_printf(out, "%d %s", cmig_error_exit_status(error->code), error->message);
    }
    g_string_replace(out, root, "R", 0);
    return g_string_free(out, FALSE);
}

static const struct {
    const char *message;
    guint limit;
    const char *expected;
} slugs[] = {
    {NULL, 40, ""},
    {"", 40, ""},
    {"add agents table", 40, "add_agents_table"},
    {"Some Very Long Message, with punctuation! and more words", 40,
     "some_very_long_message_with_punctuation_"},
    {"  a--b  ", 40, "a_b"},
    {"__a__ b", 40, "__a___b"},
    {"../../etc/passwd", 40, "etc_passwd"},
    {"a\nb\tc'\"`$(x)\x1b[31m", 40, "a_b_c_x_31m"},
    {"abcdefghij", 10, "abcdefghij"},
    {"abcdefghijk", 10, "abcdefghij_"},
    {"abc defghijk", 10, "abc_"},
    {"\xC3\x84nderung \xC3\x9C\xC3\x9F", 40, "\xC3\xA4nderung_\xC3\xBC\xC3\x9F"},
    {"\xCE\x9F\xCE\x94\xCE\x9F\xCE\xA3 \xCE\xA3", 40,
     "\xCE\xBF\xCE\xB4\xCE\xBF\xCF\x82_\xCF\x83"}, /* final sigma */
    {"\xC4\xB0x", 40, "i\xCC\x87x"},               /* dotted I */
    {"x\xC2\xB2 \xE2\x85\xA7 \xE4\xBD\xA0", 40, "x\xC2\xB2_\xE2\x85\xB7_\xE4\xBD\xA0"},
    {"e\xCC\x81t\xC3\xA9", 40, "e_t\xC3\xA9"}, /* a combining mark is no word character */
    {"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 3, "\xC3\xA9\xC3\xA9\xC3\xA9_"},
    {"a\xFF\xFE"
     "b",
     40, "a_b"},
    {"I", 40, "i"},
};

START_TEST(test_slug)
{
    g_autofree char *got = cmig_slug(slugs[_i].message, slugs[_i].limit);
    ck_assert_str_eq(got, slugs[_i].expected);
}
END_TEST

static const struct {
    const char *pattern;
    const char *expected; /* or "error: beginning" */
} patterns[] = {
    {"%(rev)s_%(slug)s", "a1_my_slug.sql"},
    {"%(year)d_%(month).2d_%(day).2d_%(hour).2d%(minute).2d-%(rev)s", "2026_03_04_0506-a1.sql"},
    {"%(year)d/%(month)02d/%(rev)s", "2026/03/a1.sql"},
    {"%(epoch)s_%(epoch)d", "1772600767_1772600767.sql"},
    {"%(second)d%%%(month)d", "7%3.sql"},
    {"x", "x.sql"},
    {"", "error: file_template '': it gives no name"},
    {"%(nope)s", "error: file_template '%(nope)s': unknown token nope"},
    {"%(rev)d", "error: file_template '%(rev)d': bad format behind rev"},
    {"%(rev)", "error: file_template '%(rev)': bad format behind rev"},
    {"%(month)2d", "error: file_template"},
    {"%(month).999999999999d", "error: file_template"},
    {"%(month)x", "error: file_template"},
    {"%(month", "error: file_template '%(month': a % that is neither"},
    {"100%", "error: file_template '100%': a % that is neither"},
    {"../%(rev)s", "error: file_template '../%(rev)s': a part of the path"},
    {"/etc/%(rev)s", "error: "},
    {"a/../../b", "error: "},
    {"a//b", "error: "},
    {"a/", "error: "},
    {".%(rev)s", "error: "},
};

START_TEST(test_file_template)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDateTime) date = g_date_time_new_utc(2026, 3, 4, 5, 6, 7);
    g_autofree char *name =
        cmig_file_template_fill(patterns[_i].pattern, "a1", "my_slug", date, &error);
    g_autofree char *got = name ? g_strdup(name) : g_strdup_printf("error: %s", error->message);
    if (g_str_has_prefix(patterns[_i].expected, "error:"))
        ck_assert_msg(g_str_has_prefix(got, patterns[_i].expected), "%s", got);
    else
        ck_assert_str_eq(got, patterns[_i].expected);
}
END_TEST

START_TEST(test_first_and_second)
{
    g_autofree char *name = NULL;
    CmigNewRevision request = {.message = "Add agents: table"};
    g_autofree char *first = write_revision(&request, &name);
    ck_assert_str_eq(name, "v/abc000000001_add_agents_table.sql");
    ck_assert_msg(g_str_has_prefix(first, "-- revision: abc000000001\n"
                                          "-- down_revision: null\n"
                                          "-- branch_labels: []\n"
                                          "-- depends_on: []\n"
                                          "-- message: \"Add agents: table\"\n"
                                          "-- create_date: 2026-11-20T10:15:00Z\n\n"
                                          "-- cmig:upgrade\n"),
                  "%s", first);
    request.message = NULL;
    g_autofree char *second_name = NULL;
    g_autofree char *second = write_revision(&request, &second_name);
    ck_assert_str_eq(second_name, "v/abc000000002_.sql");
    ck_assert_msg(strstr(second, "-- down_revision: abc000000001\n") != NULL, "%s", second);
    ck_assert_msg(strstr(second, "-- message: empty message\n") != NULL, "%s", second);
}
END_TEST

/* A graph of a1 <- b1(lib), a1 <- c1 and the requests on it. */
static const struct {
    const char *what; /* which request */
    const char *heads[4];
    gboolean splice;
    const char *rev_id;
    const char *labels[3];
    const char *depends[3];
    const char *expected; /* what the file contains, or the beginning of "STATUS message" */
} requests[] = {
    {"two heads",
     {NULL},
     FALSE,
     NULL,
     {NULL},
     {NULL},
     "1 Multiple heads are present; please specify the head revision on which the new revision "
     "should be based, or perform a merge."},
    {"head", {"head"}, FALSE, NULL, {NULL}, {NULL}, "1 Multiple heads are present; please specify"},
    {"one head", {"b1"}, FALSE, NULL, {NULL}, {NULL}, "-- down_revision: b1\n"},
    {"by label", {"lib@head"}, FALSE, NULL, {NULL}, {NULL}, "-- down_revision: b1\n"},
    {"merge", {"heads"}, FALSE, NULL, {NULL}, {NULL}, "-- down_revision: [b1, c1]\n"},
    {"merge in order", {"c1", "b1"}, FALSE, NULL, {NULL}, {NULL}, "-- down_revision: [c1, b1]\n"},
    {"base", {"base"}, FALSE, NULL, {NULL}, {NULL}, "-- down_revision: null\n"},
    {"not a head",
     {"a1"},
     FALSE,
     NULL,
     {NULL},
     {NULL},
     "1 Revision a1 is not a head revision; please specify --splice to create a new branch from "
     "this revision"},
    {"splice", {"a1"}, TRUE, NULL, {NULL}, {NULL}, "-- down_revision: a1\n"},
    {"duplicate",
     {"b1", "b1"},
     FALSE,
     NULL,
     {NULL},
     {NULL},
     "1 Duplicate head revisions specified: b1"},
    {"unknown", {"zzzz"}, FALSE, NULL, {NULL}, {NULL}, "1 "},
    {"id", {"b1"}, FALSE, "my.id_1", {NULL}, {NULL}, "-- revision: my.id_1\n"},
    {"id null", {"b1"}, FALSE, "null", {NULL}, {NULL}, "-- revision: \"null\"\n"},
    {"id taken", {"b1"}, FALSE, "c1", {NULL}, {NULL}, "1 Revision c1 is there already"},
    {"id bad",
     {"b1"},
     FALSE,
     "a-b@c",
     {NULL},
     {NULL},
     "2 Character(s) '-, @' not allowed in revision identifier 'a-b@c'"},
    {"id path", {"b1"}, FALSE, "../x", {NULL}, {NULL}, "2 Character(s) '/' not allowed in"},
    {"id newline",
     {"b1"},
     FALSE,
     "x\ny",
     {NULL},
     {NULL},
     "2 Character(s) '\\n' not allowed in revision identifier 'x\\ny'"},
    {"id empty", {"b1"}, FALSE, "", {NULL}, {NULL}, "2 '' cannot be a revision id"},
    {"id long",
     {"b1"},
     FALSE,
     "a23456789012345678901234567890123",
     {NULL},
     {NULL},
     "2 'a23456789012345678901234567890123' cannot be a revision id"},
    {"id word", {"b1"}, FALSE, "heads", {NULL}, {NULL}, "2 'heads' cannot be a revision id"},
    {"id umlaut", {"b1"}, FALSE, "\xC3\xA4", {NULL}, {NULL}, "2 Character(s) 'non-ASCII' not"},
    {"id is a label", {"b1"}, FALSE, "lib", {NULL}, {NULL}, "78 "},
    {"labels", {"b1"}, FALSE, NULL, {"app", "x-y"}, {NULL}, "-- branch_labels: [app, x-y]\n"},
    {"label taken", {"b1"}, FALSE, NULL, {"lib"}, {NULL}, "78 "},
    {"label is an id", {"b1"}, FALSE, NULL, {"c1"}, {NULL}, "78 "},
    {"label bad",
     {"b1"},
     FALSE,
     NULL,
     {"x]\n-- revision: y"},
     {NULL},
     "2 'x]\\n-- revision: y' cannot be a branch label"},
    {"label offset",
     {"b1"},
     FALSE,
     NULL,
     {"feat-12"},
     {NULL},
     "2 'feat-12' cannot be a branch label"},
    {"depends", {"b1"}, FALSE, NULL, {NULL}, {"c1"}, "-- depends_on: [c1]\n"},
    {"depends label", {"c1"}, FALSE, NULL, {NULL}, {"lib"}, "-- depends_on: [lib]\n"},
    {"depends head", {"c1"}, FALSE, NULL, {NULL}, {"lib@head"}, "-- depends_on: [b1]\n"},
    {"depends base", {"c1"}, FALSE, NULL, {NULL}, {"base"}, "2 --depends-on needs a revision"},
    {"depends unknown", {"c1"}, FALSE, NULL, {NULL}, {"nope"}, "1 "},
};

START_TEST(test_request)
{
    put_revision("a1", "null", "[]");
    put_revision("b1", "a1", "lib");
    put_revision("c1", "a1", "[]");
    CmigNewRevision request = {
        .message = "m",
        .heads = requests[_i].heads[0] ? requests[_i].heads : NULL,
        .splice = requests[_i].splice,
        .rev_id = requests[_i].rev_id,
        .branch_labels = requests[_i].labels[0] ? requests[_i].labels : NULL,
        .depends_on = requests[_i].depends[0] ? requests[_i].depends : NULL,
    };
    g_autofree char *got = write_revision(&request, NULL);
    if (g_str_has_prefix(requests[_i].expected, "--"))
        ck_assert_msg(strstr(got, requests[_i].expected) != NULL, "%s: %s", requests[_i].what, got);
    else
        ck_assert_msg(g_str_has_prefix(got, requests[_i].expected), "%s: %s", requests[_i].what,
                      got);
    if (g_str_has_prefix(requests[_i].expected, "--")) {
        g_autoptr(CmigGraph) graph = NULL;
        ck_assert(cmig_script_load_graph(&config, &graph, NULL));
        ck_assert_uint_eq(cmig_graph_size(graph), 4);
    }
}
END_TEST

/* Whatever the message is, the file reads back with that message and nothing else has changed. */
START_TEST(test_hostile_message)
{
    static const char *const messages[] = {
        "x\n-- down_revision: evil",
        "x\r\n\n-- cmig:upgrade\nDROP TABLE users;",
        "x\rDROP TABLE users;",
        "'; DROP TABLE users; --",
        "\"quoted\" and \\ back",
        "*/ x /*",
        "null",
        "~",
        "[a, b]",
        "{a: b}",
        "- a",
        "# not a comment",
        "a # not a comment",
        "trailing ",
        " leading",
        "a:",
        "key: value",
        "&anchor",
        "*alias",
        "!tag",
        "%directive",
        "@at",
        "`tick",
        "| block",
        "> folded",
        "? key",
        "---",
        "...",
        "yes",
        "1e10",
        "2026-01-01",
        "${revision}",
        "$$",
        "\x01\x1b[31mred\x7f",
        "\xC2\x85\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF",
        "\xE2\x80\xAE (reversed)",
        "\xF0\x9F\x98\x80 gr\xC3\xBC\xC3\x9F",
        "\xEF\xBF\xBE\xEF\xBF\xBF",
        "tab\there",
        "%(rev)s",
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(messages); idx++) {
        static const char *const bases[] = {"base", NULL};
        CmigNewRevision request = {
            .message = messages[idx], .heads = bases, .template_name = "table"};
        g_autofree char *name = NULL;
        g_autofree char *text = write_revision(&request, &name);
        ck_assert_msg(name != NULL, "%s: %s", messages[idx], text);
        g_autofree char *path = g_build_filename(root, name, NULL);
        g_autoptr(GBytes) content = g_bytes_new(text, strlen(text));
        g_autoptr(CmigScript) script = NULL;
        g_autoptr(GError) error = NULL;
        ck_assert(cmig_script_parse(content, path, &script, &error));
        ck_assert_str_eq(script->revision->message, messages[idx]);
        ck_assert_uint_eq(g_strv_length(script->revision->down_revisions), 0);
        ck_assert_uint_eq(script->sections->len, 3);
        /* No byte that ends a line for anyone. */
        ck_assert_ptr_null(strpbrk(text, "\r\x1b\x01"));
        ck_assert_ptr_null(strstr(text, "\xC2\x85"));
        ck_assert_ptr_null(strstr(text, "\xE2\x80\xA8"));
        g_remove(path);
    }
    CmigNewRevision invalid = {.message = "bad \xFF"};
    g_autofree char *got = write_revision(&invalid, NULL);
    ck_assert_str_eq(got, "2 the message is not valid UTF-8");
    g_autofree char *huge = g_strnfill(100000, 'x');
    CmigNewRevision too_long = {.message = huge};
    g_autofree char *refused = write_revision(&too_long, NULL);
    ck_assert_msg(g_str_has_prefix(refused, "78 "), "%s", refused);
}
END_TEST

/* The path: no overwriting, folders only when they are searched, several locations. */
START_TEST(test_location)
{
    char plain[] = "x", dated[] = "%(year)d/%(rev)s";
    CmigNewRevision request = {.message = "m"};
    config.file_template = plain;
    put("v/x.sql", "-- revision: zz\n-- down_revision: null\n");
    g_autofree char *taken = write_revision(&request, NULL);
    ck_assert_str_eq(taken, "1 cannot write R/v/x.sql: File exists");
    g_autofree char *x = g_build_filename(root, "v/x.sql", NULL);
    g_remove(x);

    config.file_template = dated;
    g_autofree char *not_searched = write_revision(&request, NULL);
    ck_assert_str_eq(not_searched, "78 file_template makes folders, which are not searched");
    config.recursive_version_locations = TRUE;
    g_autofree char *name = NULL;
    g_autofree char *text = write_revision(&request, &name);
    ck_assert_msg(name != NULL, "%s", text);
    ck_assert_ptr_nonnull(strstr(name, "v/2026/abc"));
    /* Its child goes to its own folder, not below the parent's. */
    g_autofree char *child_name = NULL;
    g_autofree char *child = write_revision(&request, &child_name);
    ck_assert_msg(child_name != NULL, "%s", child);
    ck_assert(g_str_has_prefix(child_name, "v/2026/abc"));
}
END_TEST

START_TEST(test_several_locations)
{
    locations[1] = g_build_filename(root, "w", NULL);
    g_mkdir(locations[1], 0700);
    put("w/b1.sql", "-- revision: b1\n-- down_revision: null\n\n-- cmig:upgrade\n");
    static const char *const bases[] = {"base", NULL};
    CmigNewRevision request = {.message = "m", .heads = bases};
    g_autofree char *ambiguous = write_revision(&request, NULL);
    ck_assert_str_eq(ambiguous,
                     "1 Multiple version locations present, please specify --version-path");
    request.version_path = root;
    g_autofree char *foreign = write_revision(&request, NULL);
    ck_assert_str_eq(foreign, "1 Path R is not represented in current version locations");
    g_autofree char *wanted = g_strconcat(root, "/w/../w/", NULL);
    request.version_path = wanted;
    g_autofree char *name = NULL;
    g_autofree char *text = write_revision(&request, &name);
    ck_assert_msg(name != NULL && g_str_has_prefix(name, "w/"), "%s", text);
    static const char *const parent[] = {"b1", NULL};
    CmigNewRevision child = {.message = "m", .heads = parent};
    g_autofree char *child_name = NULL;
    g_autofree char *child_text = write_revision(&child, &child_name);
    ck_assert_msg(child_name != NULL && g_str_has_prefix(child_name, "w/"), "%s", child_text);
}
END_TEST

START_TEST(test_timezone)
{
    static const struct {
        const char *zone;
        const char *expected;
    } cases[] = {
        {"UTC", "-- create_date: 2026-11-20T10:15:00Z\n"},
        {"utc", "-- create_date: 2026-11-20T10:15:00Z\n"},
        {"Europe/Berlin", "-- create_date: 2026-11-20T11:15:00+01:00\n"},
        {"America/St_Johns", "-- create_date: 2026-11-20T06:45:00-03:30\n"},
        {"local", "-- create_date: 2026-11-20T05:15:00-05:00\n"},
        {"Europe/Atlantis", "78 unknown timezone 'Europe/Atlantis'"},
        {"../../etc/passwd", "78 unknown timezone '../../etc/passwd'"},
        {"/etc/localtime", "78 unknown timezone '/etc/localtime'"},
        {"", "78 unknown timezone ''"},
    };
    g_setenv("TZ", "America/New_York", TRUE);
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autofree char *zone = g_strdup(cases[idx].zone);
        config.timezone = zone;
        CmigNewRevision request = {.message = "m"};
        g_autofree char *got = write_revision(&request, NULL);
        ck_assert_msg(strstr(got, cases[idx].expected) != NULL, "%s: %s", zone, got);
    }
}
END_TEST

/* Random ids avoid ids that are there, and such that would make a prefix of them ambiguous. */
START_TEST(test_random_id)
{
    put_revision("abc000000001", "null", "[]");
    put_revision("abc000000002ffff", "abc000000001", "[]");
    put_revision("abc00000001", "abc000000002ffff", "[abc000000003]");
    static const struct {
        guint64 first;
        const char *expected;
    } cases[] = {
        {0xabc000000001, "-- revision: abc000000004\n"}, /* same, prefix of one, a label */
        {0xabc000000010, "-- revision: abc000000020\n"}, /* one is a prefix of …010 to …01f */
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        cmig_clock_freeze(1795169700, cases[idx].first);
        CmigNewRevision request = {.message = "m"};
        g_autofree char *got = write_revision(&request, NULL);
        ck_assert_msg(g_str_has_prefix(got, cases[idx].expected), "%s", got);
    }
}
END_TEST

/* Own templates: variables, mistakes with their place, missing header lines, the built-in's name.
 */
START_TEST(test_own_templates)
{
    static const struct {
        const char *name;
        const char *text;
        const char *expected;
        guint line;
    } cases[] = {
        {"own",
         "-- template: mine\n-- revision: ${revision}\n-- down_revision: ${down_revision}\n"
         "-- branch_labels: ${branch_labels}\n\n-- cmig:upgrade\nSELECT $1, '$$x', '${name}';\n",
         "-- revision: abc000000001\n-- down_revision: null\n-- branch_labels: [lib]\n\n"
         "-- cmig:upgrade\nSELECT $1, '$x', 'users';\n",
         0},
        {"own", "-- revision: ${revison}\n", "78 the template has an unknown variable 'revison'",
         1},
        {"own", "-- template: x\n-- revision: ${revision\n",
         "78 the template has a `${` that no `}` closes", 2},
        {"own",
         "-- revision: x\n-- down_revision: null\n-- branch_labels: [lib]\n\n-- cmig:upgrade\n",
         "78 the template own does not have the line `-- revision: ${revision}`", 0},
        {"own", "-- revision: ${revision}\n-- down_revision: null\n\n-- cmig:upgrade\n",
         "78 Version abc000000001 specified branch_labels [lib], however the template own does not "
         "have them",
         0},
        {"own", "SELECT 1;\n", "78 template own: a revision file without a header", 1},
        {"own", "\xFF", "78 the template has a NUL byte or text that is not UTF-8", 0},
        {"generic",
         "-- revision: ${revision}\n-- down_revision: ${down_revision}\n"
         "-- branch_labels: ${branch_labels}\n\n-- cmig:upgrade\n-- ours\n",
         "-- revision: abc000000001\n-- down_revision: null\n-- branch_labels: [lib]\n\n"
         "-- cmig:upgrade\n-- ours\n",
         0},
    };
    static const char *const labels[] = {"lib", NULL};
    g_autofree char *folder = g_build_filename(root, "templates", NULL);
    config.templates = folder;
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autofree char *file = g_strdup_printf("templates/%s.sql", cases[idx].name);
        put(file, cases[idx].text);
        cmig_clock_freeze(1795169700, 0xabc000000001);
        CmigNewRevision request = {.message = "Create users table",
                                   .branch_labels = labels,
                                   .template_name = cases[idx].name};
        g_autofree char *name = NULL;
        g_autofree char *got = write_revision(&request, &name);
        ck_assert_str_eq(got, cases[idx].expected);
        if (name != NULL) {
            g_autofree char *path = g_build_filename(root, name, NULL);
            g_remove(path);
        }
    }
    static const char *const bad[] = {"nope", "../own", "", "a/b", ".x", "generic.sql"};
    for (gsize idx = 0; idx < G_N_ELEMENTS(bad); idx++) {
        CmigNewRevision request = {.message = "m", .template_name = bad[idx]};
        g_autofree char *got = write_revision(&request, NULL);
        g_autofree char *expected = g_strdup_printf("2 No such template '%s'", bad[idx]);
        ck_assert_str_eq(got, expected);
    }
}
END_TEST

/* ${name}: the message without what every such message says, never a word that needs quotes. */
START_TEST(test_name)
{
    static const char *const cases[][2] = {
        {"create agents table", "agents"},
        {"Add Agents", "agents"},
        {"agents", "agents"},
        {"add agent status enum", "agent_status"},
        {"create user table", "users"},
        {"add order", "orders"},
        {"create table", "tables"},
        {"table", "tables"},
        {"create", "creates"},
        {"add _table", "change_me"},
        {"", "empty_message"},
        {"!?", "change_me"},
        {"2fa", "_2fa"},
        {"; DROP TABLE x; --", "drop_table_x"},
    };
    g_autofree char *folder = g_build_filename(root, "templates", NULL);
    config.templates = folder;
    put("templates/n.sql", "-- revision: ${revision}\n-- down_revision: ${down_revision}\n\n"
                           "-- cmig:upgrade\n[${name}]\n");
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        CmigNewRevision request = {.message = cases[idx][0], .template_name = "n"};
        g_autofree char *got = write_revision(&request, NULL);
        g_autofree char *expected = g_strdup_printf("\n[%s]\n", cases[idx][1]);
        ck_assert_msg(strstr(got, expected) != NULL, "%s: %s", cases[idx][0], got);
    }
}
END_TEST

/* Runs `sql` on a database file; standard output and error together. */
static char *sqlite(const char *database, const char *sql)
{
    /* The shell takes an argument that begins with a dash as an option. */
    g_autofree char *text = g_strconcat("\n", sql, NULL);
    const char *const command[] = {"sqlite3", "-bail", database, text, NULL};
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    ck_assert(g_spawn_sync(NULL, (char **)(guintptr)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                           &out, &err, NULL, NULL));
    return g_strconcat(out, err, NULL);
}

/* The section for a dialect as text, having passed the lexer. */
static char *section_text(const CmigScript *script, gboolean upgrade, CmigDialect dialect)
{
    const CmigSection *section = NULL;
    g_autoptr(CmigSqlScript) sql = NULL;
    g_autoptr(GError) error = NULL;
    gboolean transactional = FALSE;
    if (!cmig_script_find_section(script, upgrade, dialect, &section, &error) ||
        !cmig_script_scan_section(script, section, dialect, NULL, &sql, &transactional, &error))
        ck_abort_msg("%s", error->message);
    return g_strdup(sql->text);
}

/* The built-in templates, each with a message, run up, used, and run down on SQLite. */
START_TEST(test_builtin_templates)
{
    static const struct {
        const char *name;
        const char *message;
        const char *before; /* SQL that makes what the template needs */
        const char *probe;  /* behind the upgrade */
        const char *expected;
    } cases[] = {
        {"generic", "nothing yet", "", "SELECT count(*) FROM sqlite_master", "0\n"},
        {"table", "create agents table", "",
         "INSERT INTO agents (name) VALUES ('x'), ('y');"
         "SELECT count(*), count(DISTINCT id), sum(length(id) = 36), "
         "sum(id LIKE '________-____-4___-____-____________'), sum(substr(id, 20, 1) IN ('8', '9', "
         "'a', 'b')), sum(id = lower(id)), "
         "sum(created_at LIKE '20__-__-__T__:__:__.___Z'), sum(deleted_at IS NULL) FROM agents;"
         "UPDATE agents SET deleted_at = '2026-01-01T00:00:00Z';"
         "EXPLAIN QUERY PLAN SELECT 1 FROM agents WHERE deleted_at IS NOT NULL;",
         "2|2|2|2|2|2|2|2\nQUERY PLAN\n`--SEARCH agents USING COVERING INDEX "
         "agents_deleted_at_idx (deleted_at>?)\n"},
        {"table", "2fa \xC3\xA4ste", "", "INSERT INTO _2fa_\xC3\xA4ste (name) VALUES ('x')", ""},
        {"enum", "add status enum", "",
         "SELECT group_concat(value) FROM (SELECT value FROM status ORDER BY position)",
         "draft,active,archived\n"},
        {"index_concurrently", "add agents index", "CREATE TABLE agents (created_at text);",
         "SELECT name FROM pragma_index_list('agents')", "agents_created_at_idx\n"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autofree char *name = NULL;
        CmigNewRevision request = {.message = cases[idx].message, .template_name = cases[idx].name};
        g_autofree char *text = write_revision(&request, &name);
        ck_assert_msg(name != NULL, "%s: %s", cases[idx].name, text);
        ck_assert_ptr_null(strstr(text, "-- template:"));
        ck_assert_ptr_null(strstr(text, "${"));
        g_autoptr(GBytes) content = g_bytes_new(text, strlen(text));
        g_autoptr(CmigScript) script = NULL;
        ck_assert(cmig_script_parse(content, "f.sql", &script, NULL));
        g_autofree char *up = section_text(script, TRUE, CMIG_DIALECT_SQLITE);
        g_autofree char *down = section_text(script, FALSE, CMIG_DIALECT_SQLITE);
        g_free(section_text(script, TRUE, CMIG_DIALECT_POSTGRESQL));
        g_free(section_text(script, FALSE, CMIG_DIALECT_POSTGRESQL));

        g_autofree char *database = g_strdup_printf("%s/%zu.db", root, idx);
        static const char dump[] = "SELECT sql FROM sqlite_master ORDER BY name";
        g_autofree char *made = sqlite(database, cases[idx].before);
        ck_assert_str_eq(made, "");
        g_autofree char *schema_before = sqlite(database, dump);
        g_autofree char *upgraded = sqlite(database, up);
        ck_assert_str_eq(upgraded, "");
        g_autofree char *probed = sqlite(database, cases[idx].probe);
        ck_assert_str_eq(probed, cases[idx].expected);
        g_autofree char *downgraded = sqlite(database, down);
        ck_assert_str_eq(downgraded, "");
        g_autofree char *schema_after = sqlite(database, dump);
        ck_assert_str_eq(schema_before, schema_after);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("script new");
    TCase *cases = tcase_create("new");
    tcase_set_timeout(cases, 30);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, test_slug, 0, G_N_ELEMENTS(slugs));
    tcase_add_loop_test(cases, test_file_template, 0, G_N_ELEMENTS(patterns));
    tcase_add_test(cases, test_first_and_second);
    tcase_add_loop_test(cases, test_request, 0, G_N_ELEMENTS(requests));
    tcase_add_test(cases, test_hostile_message);
    tcase_add_test(cases, test_location);
    tcase_add_test(cases, test_several_locations);
    tcase_add_test(cases, test_timezone);
    tcase_add_test(cases, test_random_id);
    tcase_add_test(cases, test_own_templates);
    tcase_add_test(cases, test_name);
    tcase_add_test(cases, test_builtin_templates);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
