/* What the command line prints of revisions, and what the command table promises. */
#include "cli/cli.h"
#include "cmig/error.h"
#include "cmig/text.h"

#include <check.h>
#include <string.h>

/* Two branches that are merged, a second history that depends on them, a lone revision. What is
 * expected below is what Alembic prints of the same project. */
static const struct {
    const char *id;
    const char *down;    /* words */
    const char *depends; /* words */
    const char *label;
    const char *message;
} project[] = {
    {"aaaa1", "", "", "", "create account table"},
    {"bbbb1", "aaaa1", "", "left", "add email"},
    {"bbbb2", "aaaa1", "", "right", "add name\nsecond line\n\nlong text"},
    {"cccc1", "bbbb1 bbbb2", "", "", "merge left and right"},
    {"dddd1", "cccc1", "", "", "add status"},
    {"nnnn1", "", "bbbb1", "net", "create network"},
    {"nnnn2", "nnnn1", "", "", "add port"},
    {"nnnn3", "nnnn1", "dddd1 left", "", "add address"},
    {"zzzz1", "", "", "lone", ""},
};

static CmigGraph *graph;

static GStrv words_of(const char *text)
{
    return *text != '\0' ? g_strsplit(text, " ", -1) : g_new0(char *, 1);
}

static void make_graph(void)
{
    GError *error = NULL;
    graph = cmig_graph_new();
    for (gsize i = 0; i < G_N_ELEMENTS(project); i++) {
        g_auto(GStrv) down = words_of(project[i].down);
        g_auto(GStrv) depends = words_of(project[i].depends);
        g_auto(GStrv) labels = words_of(project[i].label);
        g_autofree char *path = g_strdup_printf("/p/%s.sql", project[i].id);
        CmigRevision *revision = cmig_revision_new(
            project[i].id, (const char *const *)down, (const char *const *)depends,
            (const char *const *)labels, project[i].message, path);
        ck_assert(cmig_graph_add(graph, revision, &error));
    }
    ck_assert_msg(cmig_graph_seal(graph, &error), "%s", error ? error->message : "");
}

static void free_graph(void)
{
    cmig_graph_free(graph);
}

/* The revision, and an array of it alone. */
static CmigRevision *find(const char *id)
{
    CmigRevision *revision = cmig_graph_find(graph, id);
    ck_assert_ptr_nonnull(revision);
    return revision;
}

static const struct {
    const char *id;
    gboolean current;
    const char *line;
} lines[] = {
    {"nnnn2", FALSE, "nnnn1 -> nnnn2 (net) (head), add port"},
    {"nnnn3", FALSE, "nnnn1 (dddd1, left) -> nnnn3 (net) (head), add address"},
    {"cccc1", FALSE, "bbbb1, bbbb2 -> cccc1 (left, right) (mergepoint), merge left and right"},
    {"nnnn1", FALSE, "<base> (bbbb1) -> nnnn1 (net) (branchpoint), create network"},
    {"bbbb1", FALSE, "aaaa1 -> bbbb1 (left), add email"},
    {"bbbb2", FALSE, "aaaa1 -> bbbb2 (right), add name"},
    {"zzzz1", FALSE, "<base> -> zzzz1 (lone) (head), empty message"},
    {"aaaa1", FALSE, "<base> -> aaaa1 (branchpoint), create account table"},
    {"aaaa1", TRUE, "<base> -> aaaa1 (current) (branchpoint), create account table"},
    {"nnnn2", TRUE, "nnnn1 -> nnnn2 (net) (head) (current), add port"},
};

/* Alembic's order of several labels is random; ours is the graph's. */
static void assert_same_but_labels(const char *text, const char *expected)
{
    g_auto(GStrv) parts = g_strsplit(text, "right, left", -1);
    g_autofree char *sorted = g_strjoinv("left, right", parts);
    ck_assert_str_eq(sorted, expected);
}

START_TEST(test_history_line)
{
    g_autoptr(GPtrArray) current = g_ptr_array_new();
    g_ptr_array_add(current, find(lines[_i].id));
    g_autofree char *text =
        cmig_render_history_line(find(lines[_i].id), lines[_i].current ? current : NULL, NULL);
    assert_same_but_labels(text, lines[_i].line);
}
END_TEST

static const struct {
    const char *id;
    gboolean labels;
    gboolean points;
    const char *text;
} shorts[] = {
    {"nnnn2", TRUE, FALSE, "nnnn2 (net) (head)"},
    {"nnnn2", FALSE, TRUE, "nnnn2 (head)"},
    {"dddd1", TRUE, FALSE, "dddd1 (left, right) (effective head)"},
    {"dddd1", FALSE, TRUE, "dddd1 (effective head)"},
    {"cccc1", FALSE, TRUE, "cccc1 (mergepoint)"},
    {"cccc1", TRUE, FALSE, "cccc1 (left, right)"},
    {"nnnn1", TRUE, TRUE, "nnnn1 (net) (branchpoint)"},
};

START_TEST(test_short)
{
    g_autofree char *text =
        cmig_render_short(find(shorts[_i].id), shorts[_i].labels, shorts[_i].points);
    assert_same_but_labels(text, shorts[_i].text);
}
END_TEST

static const struct {
    const char *id;
    gboolean current;
    const char *text;
} longs[] = {
    {"bbbb2", FALSE,
     "Rev: bbbb2\nParent: aaaa1\nBranch names: right\nPath: /p/bbbb2.sql\n\n"
     "    add name\n    second line\n    \n    long text\n    \n"
     "    Revision ID: bbbb2\n    Revises: aaaa1\n    Create Date: 2026-11-20T10:15:00Z\n"},
    {"cccc1", TRUE,
     "Rev: cccc1 (mergepoint) (current)\nMerges: bbbb1, bbbb2\nBranch names: left, right\n"
     "Path: /p/cccc1.sql\n\n    merge left and right\n    \n"
     "    Revision ID: cccc1\n    Revises: bbbb1, bbbb2\n    Create Date: 2026-11-20T10:15:00Z\n"},
    {"nnnn1", FALSE,
     "Rev: nnnn1 (branchpoint)\nParent: <base>\nAlso depends on: bbbb1\n"
     "Branches into: nnnn2, nnnn3\nBranch names: net\nPath: /p/nnnn1.sql\n\n"
     "    create network\n    \n    Revision ID: nnnn1\n    Revises: \n"
     "    Create Date: 2026-11-20T10:15:00Z\n"},
    {"dddd1", FALSE,
     "Rev: dddd1 (head)\nParent: cccc1\nBranch names: left, right\nPath: /p/dddd1.sql\n\n"
     "    add status\n    \n    Revision ID: dddd1\n    Revises: cccc1\n"
     "    Create Date: 2026-11-20T10:15:00Z\n"},
};

START_TEST(test_long)
{
    g_autoptr(GPtrArray) current = g_ptr_array_new();
    CmigRevision *revision = find(longs[_i].id);
    g_free(revision->create_date);
    revision->create_date = g_strdup("2026-11-20T10:15:00Z");
    if (longs[_i].current)
        g_ptr_array_add(current, revision);
    g_autofree char *text = cmig_render_long(revision, current, NULL);
    assert_same_but_labels(text, longs[_i].text);
}
END_TEST

START_TEST(test_move)
{
    g_autofree char *up = cmig_render_move(find("aaaa1"), CMIG_UPGRADE);
    g_autofree char *down = cmig_render_move(find("aaaa1"), CMIG_DOWNGRADE);
    g_autofree char *merge = cmig_render_move(find("cccc1"), CMIG_UPGRADE);
    g_autofree char *unmerge = cmig_render_move(find("cccc1"), CMIG_DOWNGRADE);
    ck_assert_str_eq(up, " -> aaaa1");
    ck_assert_str_eq(down, "aaaa1 -> ");
    ck_assert_str_eq(merge, "bbbb1, bbbb2 -> cccc1");
    ck_assert_str_eq(unmerge, "cccc1 -> bbbb1, bbbb2");
}
END_TEST

static const struct {
    const char *id;
    const char *json;
} objects[] = {
    {"nnnn3",
     "{'revision':'nnnn3','down_revision':['nnnn1'],'depends_on':['dddd1','left'],"
     "'branch_labels':[],'branch_names':['net'],'branches_into':[],'message':'add address',"
     "'create_date':'','path':'/p/nnnn3.sql','is_base':false,'is_head':true,'is_real_head':true,"
     "'is_branch_point':false,'is_merge_point':false}"},
    {"nnnn1",
     "{'revision':'nnnn1','down_revision':[],'depends_on':['bbbb1'],"
     "'branch_labels':['net'],'branch_names':['net'],'branches_into':['nnnn2','nnnn3'],"
     "'message':'create network','create_date':'','path':'/p/nnnn1.sql','is_base':true,"
     "'is_head':false,'is_real_head':false,'is_branch_point':true,'is_merge_point':false}"},
    {"zzzz1", "{'revision':'zzzz1','down_revision':[],'depends_on':[],"
              "'branch_labels':['lone'],'branch_names':['lone'],'branches_into':[],"
              "'message':'','create_date':'','path':'/p/zzzz1.sql','is_base':true,"
              "'is_head':true,'is_real_head':true,'is_branch_point':false,'is_merge_point':false}"},
};

START_TEST(test_json)
{
    g_autofree char *text = g_strdelimit(g_strdup(objects[_i].json), "'", '"');
    json_t *expected = json_loads(text, 0, NULL);
    json_t *object = cmig_render_json(find(objects[_i].id), NULL);
    ck_assert_ptr_nonnull(expected);
    g_autofree char *got = json_dumps(object, JSON_COMPACT);
    ck_assert_msg(json_equal(object, expected), "%s", got);
    json_decref(expected);
    json_decref(object);
}
END_TEST

START_TEST(test_json_marks_current)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_autoptr(GPtrArray) current = g_ptr_array_new();
    g_ptr_array_add(all, find("aaaa1"));
    g_ptr_array_add(all, find("bbbb1"));
    g_ptr_array_add(current, find("bbbb1"));
    json_t *list = cmig_render_json_list(all, current);
    ck_assert_uint_eq(json_array_size(list), 2);
    ck_assert(json_is_false(json_object_get(json_array_get(list, 0), "is_current")));
    ck_assert(json_is_true(json_object_get(json_array_get(list, 1), "is_current")));
    json_decref(list);
}
END_TEST

/* Files may say anything: nothing of it reaches a terminal as a control, and JSON stays JSON. */
START_TEST(test_hostile_text)
{
    CmigRevision *revision = find("zzzz1");
    g_free(revision->message);
    g_free(revision->path);
    revision->message = g_strdup("bell \a\033[2J\r\nnext \xe2\x80\xae\r\nlast");
    revision->path = g_strdup("/p/\xff\n\033.sql");
    g_autofree char *line = cmig_render_history_line(revision, NULL, NULL);
    g_autofree char *text = cmig_render_long(revision, NULL, NULL);
    ck_assert_str_eq(line, "<base> -> zzzz1 (lone) (head), bell \\x07\\x1B[2J");
    ck_assert_ptr_nonnull(strstr(text, "Path: /p/\\xFF\\n\\x1B.sql\n\n"));
    ck_assert_ptr_nonnull(strstr(text, "    bell \\x07\\x1B[2J\n    next \\u{202E}\n    last\n"));
    g_autofree char *block = cmig_text_escape_block(text);
    ck_assert_str_eq(block, text);

    json_t *object = cmig_render_json(revision, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(object, "path")), "/p/\\xFF\\n\\x1B.sql");
    ck_assert_str_eq(json_string_value(json_object_get(object, "message")), revision->message);
    json_decref(object);
}
END_TEST

/* --- The table of commands --- */

static guint count_commands(void)
{
    guint count = 0;
    while (cmig_commands[count] != NULL)
        count++;
    return count;
}

START_TEST(test_record)
{
    const CmigCommand *command = cmig_commands[_i];
    gsize length = strlen(command->summary);
    ck_assert(length > 0 && length <= 60);
    ck_assert_int_ne(command->summary[length - 1], '.');
    ck_assert(g_ascii_isupper(*command->summary));
    ck_assert(*command->description != '\0' && *command->group != '\0');
    ck_assert_ptr_nonnull(command->arguments);
    ck_assert(command->run != NULL);
    ck_assert_ptr_nonnull(command->examples[0].command);
    ck_assert(command->max_arguments < 0 || command->max_arguments >= command->min_arguments);
    ck_assert_int_eq(command->max_arguments != 0, *command->arguments != '\0');
    for (const CmigExample *example = command->examples; example->command != NULL; example++) {
        ck_assert_ptr_nonnull(strstr(example->command, command->name));
        ck_assert(*example->meaning != '\0');
    }
}
END_TEST

START_TEST(test_names_are_unique)
{
    for (gsize i = 0; i < (gsize)_i; i++)
        ck_assert_str_ne(cmig_commands[i]->name, cmig_commands[_i]->name);
    g_autofree char *alembic = g_strdelimit(g_strdup(cmig_commands[_i]->name), "-", '_');
    ck_assert_ptr_eq(cmig_command_find(cmig_commands[_i]->name), cmig_commands[_i]);
    ck_assert_ptr_eq(cmig_command_find(alembic), cmig_commands[_i]);
}
END_TEST

START_TEST(test_groups_stand_together)
{
    for (gsize i = 0; i + 1 < (gsize)_i; i++) {
        if (strcmp(cmig_commands[i]->group, cmig_commands[_i]->group) == 0)
            ck_assert_str_eq(cmig_commands[i + 1]->group, cmig_commands[_i]->group);
    }
}
END_TEST

START_TEST(test_exit_statuses_are_known)
{
    int last = 0;
    for (const int *status = cmig_commands[_i]->exit_statuses; *status != 0; status++) {
        gboolean known = FALSE;
        for (const CmigExitStatus *entry = cmig_exit_statuses; entry->meaning != NULL; entry++)
            known = known || entry->status == *status;
        ck_assert_msg(known && *status > last && *status != 2, "%d", *status);
        last = *status;
    }
}
END_TEST

static void check_options(const GOptionEntry *entries)
{
    for (const GOptionEntry *entry = entries; entry->long_name != NULL; entry++) {
        ck_assert_msg(entry->description != NULL, "%s", entry->long_name);
        ck_assert(!g_str_has_suffix(entry->description, "."));
        ck_assert_int_eq(entry->arg == G_OPTION_ARG_NONE, entry->arg_description == NULL);
        for (const GOptionEntry *other = entries; other != entry; other++) {
            ck_assert_str_ne(other->long_name, entry->long_name);
            ck_assert(entry->short_name == '\0' || other->short_name != entry->short_name);
        }
    }
}

START_TEST(test_options)
{
    static const GOptionEntry none[] = {{0}};
    const GOptionEntry *own = cmig_commands[_i]->options;
    check_options(own != NULL ? own : none);
    check_options(cmig_global_options);
    for (; own != NULL && own->long_name != NULL; own++) {
        for (const GOptionEntry *global = cmig_global_options; global->long_name; global++)
            ck_assert_str_ne(global->long_name, own->long_name);
    }
}
END_TEST

START_TEST(test_find_refuses)
{
    ck_assert_ptr_null(cmig_command_find("nope"));
    ck_assert_ptr_null(cmig_command_find(""));
    ck_assert_ptr_null(cmig_command_find("Upgrade"));
}
END_TEST

/* Every line at most 80 columns wide, none ending in a space. */
static void check_lines(const char *text)
{
    g_auto(GStrv) all = g_strsplit(text, "\n", -1);
    ck_assert(g_str_has_suffix(text, "\n") && !g_str_has_suffix(text, "\n\n"));
    for (gsize i = 0; all[i] != NULL; i++) {
        ck_assert_msg(g_utf8_strlen(all[i], -1) <= 80, "%s", all[i]);
        ck_assert_msg(!g_str_has_suffix(all[i], " "), "%s", all[i]);
    }
}

START_TEST(test_help)
{
    const CmigCommand *command = cmig_commands[_i];
    g_autofree char *overview = cmig_help_overview();
    g_autofree char *text = cmig_help_command(command);
    check_lines(overview);
    check_lines(text);
    g_autofree char *usage = g_strdup_printf("Usage: cmig %s ", command->name);
    ck_assert(g_str_has_prefix(text, usage));
    ck_assert_ptr_nonnull(strstr(overview, command->summary));
    const GOptionEntry *own = command->options;
    for (; own != NULL && own->long_name != NULL; own++) {
        g_autofree char *name = g_strdup_printf("--%s", own->long_name);
        ck_assert_ptr_nonnull(strstr(text, name));
    }
    ck_assert_int_eq(strstr(text, "--json") != NULL, (command->needs & CMIG_HAS_JSON) != 0);
}
END_TEST

/* A line of a page that begins like a request must be one of those that the writer uses. */
static void check_page(const char *page)
{
    static const char *const requests[] = {".TH ", ".SH ", ".SS ", ".TP",
                                           ".PP",  ".BR ", ".nf",  ".fi"};
    g_auto(GStrv) all = g_strsplit(page, "\n", -1);
    ck_assert(g_str_is_ascii(page));
    for (gsize i = 0; all[i] != NULL; i++) {
        gboolean known = *all[i] != '.' && *all[i] != '\'';
        for (gsize j = 0; j < G_N_ELEMENTS(requests); j++)
            known = known || g_str_has_prefix(all[i], requests[j]);
        ck_assert_msg(known, "%s", all[i]);
    }
}

START_TEST(test_man)
{
    static const char *const sections[] = {"NAME",    "SYNOPSIS",    "DESCRIPTION",
                                           "OPTIONS", "EXAMPLES",    "EXIT STATUS",
                                           "FILES",   "ENVIRONMENT", "SEE ALSO"};
    g_autofree char *page = cmig_man_command(_i == 0 ? NULL : cmig_commands[_i - 1]);
    check_page(page);
    for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
        g_autofree char *line = g_strdup_printf("\n.SH %s\n", sections[i]);
        ck_assert_msg(strstr(page, line) != NULL, "%s", sections[i]);
    }
}
END_TEST

/* Text that roff would take for requests or escapes is shown as it is. */
START_TEST(test_man_escapes)
{
    static const CmigExample examples[] = {{".run 'x' \\n", "a `bold word` and é"}, {NULL, NULL}};
    static const int statuses[] = {0};
    static const CmigCommand command = {
        .name = "x-y",
        .group = "None",
        .arguments = "A|B",
        .summary = "Sum",
        .description = ".first 'word.\n.second -x. 'third ~^\n\n  .kept\n  'too",
        .examples = examples,
        .exit_statuses = statuses,
    };
    g_autofree char *page = cmig_man_command(&command);
    check_page(page);
    ck_assert_ptr_nonnull(strstr(page, "\\&.first \\(aqword.\n\\&.second \\-x.\n\\(aqthird "
                                       "\\(ti\\(ha\n.PP\n.nf\n  .kept\n  \\(aqtoo\n.fi\n"));
    ck_assert_ptr_nonnull(strstr(page, "\\fB\\&.run \\(aqx\\(aq \\en\\fP\n"
                                       "a \\fBbold word\\fP and \\[u00E9]\n"));
    ck_assert_ptr_nonnull(strstr(page, "\ncmig x\\-y [OPTION\\[u2026]] A|B\n"));
}
END_TEST

START_TEST(test_man_of_configuration)
{
    g_autofree char *page = cmig_man_configuration();
    check_page(page);
    for (const CmigConfigKeyDoc *key = cmig_config_key_docs(); key->name != NULL; key++) {
        g_autofree char *term = g_strdup_printf("\n.TP\n\\fB%s\\fP\n", key->name);
        ck_assert_msg(strstr(page, term) != NULL, "%s", key->name);
    }
}
END_TEST

START_TEST(test_completion)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    for (gsize i = 0; i < G_N_ELEMENTS(shells); i++) {
        g_autofree char *script = cmig_completion(shells[i]);
        for (gsize j = 0; cmig_commands[j] != NULL; j++)
            ck_assert_msg(strstr(script, cmig_commands[j]->name) != NULL, "%s", shells[i]);
        ck_assert_ptr_nonnull(strstr(script, "help --targets"));
    }
    ck_assert_ptr_null(cmig_completion("tcsh"));
}
END_TEST

int main(void)
{
    int commands = (int)count_commands();
    Suite *suite = suite_create("cli_render");

    TCase *render = tcase_create("render");
    tcase_add_checked_fixture(render, make_graph, free_graph);
    tcase_add_loop_test(render, test_history_line, 0, G_N_ELEMENTS(lines));
    tcase_add_loop_test(render, test_short, 0, G_N_ELEMENTS(shorts));
    tcase_add_loop_test(render, test_long, 0, G_N_ELEMENTS(longs));
    tcase_add_test(render, test_move);
    tcase_add_loop_test(render, test_json, 0, G_N_ELEMENTS(objects));
    tcase_add_test(render, test_json_marks_current);
    tcase_add_test(render, test_hostile_text);
    suite_add_tcase(suite, render);

    TCase *table = tcase_create("table");
    tcase_add_loop_test(table, test_record, 0, commands);
    tcase_add_loop_test(table, test_names_are_unique, 0, commands);
    tcase_add_loop_test(table, test_groups_stand_together, 0, commands);
    tcase_add_loop_test(table, test_exit_statuses_are_known, 0, commands);
    tcase_add_loop_test(table, test_options, 0, commands);
    tcase_add_test(table, test_find_refuses);
    suite_add_tcase(suite, table);

    TCase *texts = tcase_create("texts");
    tcase_add_loop_test(texts, test_help, 0, commands);
    tcase_add_loop_test(texts, test_man, 0, commands + 1);
    tcase_add_test(texts, test_man_escapes);
    tcase_add_test(texts, test_man_of_configuration);
    tcase_add_test(texts, test_completion);
    suite_add_tcase(suite, texts);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
