/* The YAML reader: trees, places, caps, and what is refused. */
#include "cmig/error.h"
#include "cmig/yaml.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static CmigYaml *parse(const char *text)
{
    CmigYaml *root = NULL;
    g_autoptr(GError) error = NULL;
    gboolean parsed = cmig_yaml_parse(text, strlen(text), "a.yml", 1, 0, &root, &error);
    ck_assert_msg(parsed, "%s: %s", text, error ? error->message : "");
    return root;
}

/* Writes a tree on one line: {k:v}, [a,b], plain text, 'quoted'. */
static void render(const CmigYaml *node, GString *out)
{
    if (node->kind == CMIG_YAML_SCALAR) {
        g_string_append_printf(out, node->quoted ? "'%s'" : "%s", node->text);
        return;
    }
    gboolean mapping = node->kind == CMIG_YAML_MAPPING;
    g_string_append_c(out, mapping ? '{' : '[');
    for (guint idx = 0; idx < node->items->len; idx++) {
        g_string_append(out, idx > 0 ? "," : "");
        if (mapping)
            g_string_append_printf(out, "%s:", ((CmigYaml *)node->keys->pdata[idx])->text);
        render(node->items->pdata[idx], out);
    }
    g_string_append_c(out, mapping ? '}' : ']');
}

static const struct {
    const char *text;
    const char *tree;
} trees[] = {
    {"", "{}"},
    {"# only a comment\n", "{}"},
    {"---\n", "{}"},
    {"~", "{}"},
    {"a: 1\nb: two words\n", "{a:1,b:two words}"},
    {"a: 0123\nb: 1e10\nc: no\nd: null\n", "{a:0123,b:1e10,c:no,d:null}"},
    {"a: 'x'\nb: \"y\\tz\"\n", "{a:'x',b:'y\tz'}"},
    {"a: [b, [c], {d: e}]\n", "{a:[b,[c],{d:e}]}"},
    {"a:\n  - b\n  - c: d\n    e:\n", "{a:[b,{c:d,e:}]}"},
    {"- a\n- b\n", "[a,b]"},
    {"just text", "just text"},
    {"a: |\n  x\n  y\n", "{a:'x\ny\n'}"},
    {"a: 1\r\nb: 2\r\n", "{a:1,b:2}"},
    {"a: ${X:-b}\n", "{a:${X:-b}}"},
    {"a: \xc3\xa9\n", "{a:\xc3\xa9}"},
    {"---\na: 1\n...\n", "{a:1}"},
};

START_TEST(test_tree)
{
    g_autoptr(CmigYaml) root = parse(trees[_i].text);
    g_autoptr(GString) out = g_string_new(NULL);
    render(root, out);
    ck_assert_str_eq(out->str, trees[_i].tree);
}
END_TEST

static const struct {
    const char *text;
    const char *message;
    guint line;
    guint column;
} failures[] = {
    {"a: &x 1\n", "anchors (&), aliases (*) and tags (!) are not supported", 1, 4},
    {"a: *x\n", "anchors (&), aliases (*) and tags (!) are not supported", 1, 4},
    {"a: !!str x\n", "anchors (&), aliases (*) and tags (!) are not supported", 1, 4},
    {"a: &x [1]\n", "anchors (&), aliases (*) and tags (!) are not supported", 1, 4},
    {"a: !m {b: 1}\n", "anchors (&), aliases (*) and tags (!) are not supported", 1, 4},
    {"a: 1\n---\nb: 2\n", "only one YAML document is allowed", 2, 1},
    {"a: 1\nb: 2\na: 3\n", "key \"a\" is given twice", 3, 1},
    {"a:\n  \"b\\n\": 1\n  \"b\\n\": 2\n", "key \"b\\n\" is given twice", 3, 3},
    {"? [a]\n: b\n", "a key must be plain text", 1, 3},
    {"a: 1\n\tb: 2\n", "not valid YAML: found a tab character that violates indentation", 2, 1},
    {"a: @x\n", "not valid YAML: found character that cannot start any token", 1, 4},
    {"a: b: c\n", "not valid YAML: mapping values are not allowed in this context", 1, 5},
    {"a: [1\n", "not valid YAML: did not find expected ',' or ']'", 2, 1},
    {"a: 'x\n", "not valid YAML: found unexpected end of stream", 2, 1},
    {"a: \x01\n", "not valid YAML: control characters are not allowed", 1, 4},
    {"a: 1\nb: \xff\n", "not valid UTF-8, or a NUL character", 2, 4},
    {"a: \"x\\0y\"\n", "a value contains a NUL character", 1, 4},
    {"[[[[[[[[[[[[[[[[[", "nested more than 16 levels deep", 1, 17},
    {"- - - - - - - - - - - - - - - - - x", "nested more than 16 levels deep", 1, 33},
};

START_TEST(test_failure)
{
    CmigYaml *root = NULL;
    g_autoptr(GError) error = NULL;
    const char *text = failures[_i].text;
    ck_assert(!cmig_yaml_parse(text, strlen(text), "a.yml", 1, 0, &root, &error));
    ck_assert_ptr_null(root);
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    ck_assert_str_eq(error->message, failures[_i].message);
    ck_assert_str_eq(cmig_error_file(error), "a.yml");
    ck_assert_uint_eq(cmig_error_line(error), failures[_i].line);
    ck_assert_uint_eq(cmig_error_column(error), failures[_i].column);
}
END_TEST

START_TEST(test_hints)
{
    CmigYaml *root = NULL;
    g_autoptr(GError) tab = NULL;
    g_autoptr(GError) colon = NULL;
    ck_assert(!cmig_yaml_parse("a: 1\n\tb: 2\n", 11, "a.yml", 1, 0, &root, &tab));
    ck_assert_ptr_nonnull(strstr(cmig_error_hint(tab), "tabs"));
    ck_assert(!cmig_yaml_parse("a: b: c\n", 8, "a.yml", 1, 0, &root, &colon));
    ck_assert_ptr_nonnull(strstr(cmig_error_hint(colon), "quotes"));
}
END_TEST

START_TEST(test_places)
{
    CmigYaml *root = NULL;
    const char *text = "a: 1\nb: [\xc3\xa9, x]\n";
    ck_assert(cmig_yaml_parse(text, strlen(text), "a.sql", 5, 3, &root, NULL));
    const CmigYaml *list = cmig_yaml_get(root, "b");
    const CmigYaml *second = list->items->pdata[1];
    ck_assert_uint_eq(root->line, 5);
    ck_assert_uint_eq(list->line, 6);
    ck_assert_uint_eq(list->column, 7);
    ck_assert_uint_eq(second->column, 11); /* characters, not bytes */
    ck_assert_ptr_null(cmig_yaml_get(root, "c"));
    cmig_yaml_free(root);

    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_yaml_parse("a: 1\na: 2\n", 10, "a.sql", 5, 3, &root, &error));
    ck_assert_uint_eq(cmig_error_line(error), 6);
    ck_assert_uint_eq(cmig_error_column(error), 4);
}
END_TEST

/* What takes libyaml seconds or minutes must be refused at once. */
START_TEST(test_hostile_input)
{
    static const char *const units[] = {"[",      "{", "[\n", "- ",  "? ",  "a: {", "[a, ", "\"",
                                        "k: 1\n", "!", "- [", "{? ", "a: ", "\t",   "#",    "|\n"};
    gint64 start = g_get_monotonic_time();
    for (gsize idx = 0; idx < G_N_ELEMENTS(units); idx++) {
        g_autoptr(GString) text = g_string_new(NULL);
        while (text->len < 65000)
            g_string_append(text, units[idx]);
        CmigYaml *root = NULL;
        if (cmig_yaml_parse(text->str, text->len, "a.yml", 1, 0, &root, NULL))
            cmig_yaml_free(root);
    }
    ck_assert_int_lt(g_get_monotonic_time() - start, 3 * G_USEC_PER_SEC);

    g_autofree char *large = g_strnfill(64 * 1024 + 1, '#');
    g_autoptr(GError) error = NULL;
    CmigYaml *root = NULL;
    ck_assert(!cmig_yaml_parse(large, 64 * 1024 + 1, "a.yml", 1, 0, &root, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "64 KiB"));
}
END_TEST

START_TEST(test_brackets)
{
    g_autoptr(GString) text = g_string_new("[\n");
    for (guint idx = 0; idx < 999; idx++)
        g_string_append(text, "[],");
    g_string_append(text, "]");
    CmigYaml *root = NULL;
    ck_assert(cmig_yaml_parse(text->str, text->len, "a.yml", 1, 0, &root, NULL));
    g_clear_pointer(&root, cmig_yaml_free);

    g_string_insert(text, 2, "[],");
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_yaml_parse(text->str, text->len, "a.yml", 1, 0, &root, &error));
    ck_assert_str_eq(error->message, "too many brackets");
    ck_assert_uint_eq(cmig_error_line(error), 2);
    ck_assert_uint_eq(cmig_error_column(error), 999 * 3 + 1);
}
END_TEST

/* Many keys: duplicates are found without comparing each with each. */
START_TEST(test_many_keys)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint idx = 0; idx < 7000; idx++)
        g_string_append_printf(text, "k%u:\n", idx);
    CmigYaml *root = NULL;
    ck_assert(cmig_yaml_parse(text->str, text->len, "a.yml", 1, 0, &root, NULL));
    ck_assert_uint_eq(root->items->len, 7000);
    cmig_yaml_free(root);
}
END_TEST

START_TEST(test_null)
{
    g_autoptr(CmigYaml) root =
        parse("a: null\nb: ~\nc:\nd: NULL\ne: Null\nf: no\ng: ''\nh: 'null'\ni: []\nj: nUll\n");
    for (guint idx = 0; idx < root->items->len; idx++)
        ck_assert_int_eq(cmig_yaml_is_null(root->items->pdata[idx]), idx < 5);
}
END_TEST

static const struct {
    const char *text;
    const char *joined; /* NULL = error */
} string_lists[] = {
    {"k: a", "a"},       {"k: [a, b]", "a|b"},  {"k: null", ""},     {"k: []", ""},
    {"k: ''", ""},       {"k: ['', x]", "|x"},  {"k: {a: b}", NULL}, {"k: [a, [b]]", NULL},
    {"k: [a, ~]", NULL}, {"k: [{a: b}]", NULL},
};

START_TEST(test_strings)
{
    g_autoptr(CmigYaml) root = parse(string_lists[_i].text);
    g_auto(GStrv) strings = NULL;
    g_autoptr(GError) error = NULL;
    gboolean read = cmig_yaml_strings(cmig_yaml_get(root, "k"), "k", "a.yml", &strings, &error);
    ck_assert_int_eq(read, string_lists[_i].joined != NULL);
    if (read) {
        g_autofree char *joined = g_strjoinv("|", strings);
        ck_assert_str_eq(joined, string_lists[_i].joined);
    } else {
        ck_assert_str_eq(error->message, "k must be a text or a list of texts");
        ck_assert_uint_eq(cmig_error_line(error), 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("yaml");
    TCase *tests = tcase_create("yaml");
    tcase_add_loop_test(tests, test_tree, 0, G_N_ELEMENTS(trees));
    tcase_add_loop_test(tests, test_failure, 0, G_N_ELEMENTS(failures));
    tcase_add_loop_test(tests, test_strings, 0, G_N_ELEMENTS(string_lists));
    tcase_add_test(tests, test_hints);
    tcase_add_test(tests, test_places);
    tcase_add_test(tests, test_hostile_input);
    tcase_add_test(tests, test_brackets);
    tcase_add_test(tests, test_many_keys);
    tcase_add_test(tests, test_null);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
