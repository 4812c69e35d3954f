/* Headers of revision files: what is read, what is refused and where, and that the fast reader and
 * the YAML reader agree. */
#include "cmig/error.h"
#include "cmig/script.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* "id|down,…|depends,…|labels,…|message|date" */
static char *describe(const CmigRevision *revision)
{
    g_autofree char *down = g_strjoinv(",", revision->down_revisions);
    g_autofree char *depends = g_strjoinv(",", revision->depends_on);
    g_autofree char *labels = g_strjoinv(",", revision->branch_labels);
    return g_strdup_printf("%s|%s|%s|%s|%s|%s", revision->id, down, depends, labels,
                           revision->message, revision->create_date);
}

/* A description, or "LINE:COLUMN message". `needs_more` as in the header. */
static char *parse(const char *text, gsize length, gboolean *needs_more)
{
    CmigRevision *revision = NULL;
    g_autoptr(GError) error = NULL;
    /* A copy of exact size, so that reading behind its end is seen. */
    g_autofree char *copy = g_malloc(MAX(length, 1));
    memcpy(copy, text, length);
    if (!cmig_script_parse_header(copy, length, "f.sql", &revision, needs_more, &error)) {
        ck_assert_ptr_null(revision);
        ck_assert_int_eq(error->code, CMIG_ERROR_CONFIG);
        ck_assert_str_eq(cmig_error_file(error), "f.sql");
        return g_strdup_printf("%u:%u %s", cmig_error_line(error), cmig_error_column(error),
                               error->message);
    }
    if (revision == NULL)
        return g_strdup("more");
    char *described = describe(revision);
    cmig_revision_free(revision);
    return described;
}

static gboolean is_error(const char *parsed)
{
    guint line = 0, column = 0;
    return sscanf(parsed, "%u:%u ", &line, &column) == 2;
}

#define BASE "-- revision: a1\n-- down_revision: null\n"

static const struct {
    const char *text;
    const char *expected;
} valid[] = {
    {BASE, "a1|||||"},
    {BASE "\n-- cmig:upgrade\n", "a1|||||"},
    {BASE "-- cmig:upgrade\n", "a1|||||"},
    {BASE "SELECT 1;", "a1|||||"},
    {"-- revision: a1\n-- down_revision:\n", "a1|||||"},
    {"-- revision: a1\n-- down_revision:", "a1|||||"},
    {"-- revision: a1\n-- down_revision: ~\n", "a1|||||"},
    {"-- revision: a1\n-- down_revision: []\n", "a1|||||"},
    {"-- revision: a1\n-- down_revision: b2\n", "a1|b2||||"},
    {"-- revision: a1\n-- down_revision: [b2, c3]\n", "a1|b2,c3||||"},
    {"-- revision: a1\n-- down_revision: [ b2,c3 ]   # merge\n", "a1|b2,c3||||"},
    {"-- revision: a1\n-- down_revision:\n--   - b2\n--   - c3\n", "a1|b2,c3||||"},
    {"-- down_revision: 'b2'\n-- revision: \"a1\"\n", "a1|b2||||"},
    {"-- revision: a1\n-- down_revision: \"null\"\n", "a1|null||||"},
    /* Scalars are text. */
    {"-- revision: 0123\n-- down_revision: 1e10\n", "0123|1e10||||"},
    {"-- revision: no\n-- down_revision: true\n", "no|true||||"},
    {"-- revision: 0x1F\n-- down_revision: 1.5\n", "0x1F|1.5||||"},
    {"-- revision: a.b_C\n-- down_revision: null\n", "a.b_C|||||"},
    {BASE "-- branch_labels: [lib, app-x]\n-- depends_on: other\n", "a1||other|lib,app-x||"},
    {BASE "-- branch_labels: lib\n-- depends_on: [d1, lib2]\n", "a1||d1,lib2|lib||"},
    {BASE "-- message: add agents table\n-- create_date: 2026-11-20T10:15:00Z\n",
     "a1||||add agents table|2026-11-20T10:15:00Z"},
    {BASE "-- message: 50% of http://x#y, \"z\" [w] {v} & more\n",
     "a1||||50% of http://x#y, \"z\" [w] {v} & more|"},
    {BASE "-- message: gr\xC3\xBC\xC3\x9F dich \xE4\xBD\xA0 \xE2\x80\x93 ok\n",
     "a1||||gr\xC3\xBC\xC3\x9F dich \xE4\xBD\xA0 \xE2\x80\x93 ok|"},
    {BASE "-- message: \"two\\nlines \\\"q\\\"\"\n", "a1||||two\nlines \"q\"|"},
    {BASE "-- message: null\n", "a1|||||"},
    {BASE "-- message: x   \n", "a1||||x|"},
    {BASE "-- message: first\n--   second\n", "a1||||first second|"},
    {BASE "-- message: >\n--   folded\n--   text\n", "a1||||folded text\n|"},
    {BASE "-- # a comment\n--\n-- message: x # why\n", "a1||||x|"},
    /* Line ends, byte order mark, blank lines, no space behind the dashes. */
    {"-- revision: a1\r\n-- down_revision: [b2]\r\n-- message: x\r\n\r\nSELECT", "a1|b2|||x|"},
    {"\xEF\xBB\xBF" BASE, "a1|||||"},
    {"\n \t\n\r\n" BASE, "a1|||||"},
    {"--revision: a1\n--down_revision: null\n", "a1|||||"},
};

static const struct {
    const char *text;
    const char *expected; /* the beginning */
} invalid[] = {
    {"", "1:1 a revision file without a header"},
    {"\n\n", "1:1 a revision file without a header"},
    {"SELECT 1;\n" BASE, "1:1 a revision file without a header"},
    {"-- cmig:upgrade\n" BASE, "1:1 a revision file without a header"},
    {"-- Copyright: me\n\n" BASE, "1:1 a revision file without a header"},
    {"--------\n" BASE, "2:12 not valid YAML"},
    {"-- revision: a1\n", "1:4 the header has no 'down_revision'"},
    {"\n\n-- message: x\n-- down_revision: a\n", "3:4 the header has no 'revision'"},
    {"-- revision: a1\n-- down_revison: null\n", "2:4 unknown key 'down_revison' in the header"},
    {BASE "-- author: me\n", "3:4 unknown key 'author' in the header"},
    {BASE "-- revision: a2\n", "3:4 "},
    {"-- revision: null\n-- down_revision: null\n", "1:14 '' in 'revision' is not a revision id"},
    {"-- revision: [a1]\n-- down_revision: null\n", "1:14 'revision' must be text"},
    {"-- revision: a-b\n-- down_revision: null\n", "1:14 'a-b' in 'revision' is not a revision id"},
    {"-- revision: _a\n-- down_revision: null\n", "1:14 '_a' in 'revision' is not a revision id"},
    {"-- revision: head\n-- down_revision: null\n",
     "1:14 'head' in 'revision' is not a revision id"},
    {"-- revision: a12345678901234567890123456789012\n-- down_revision: null\n",
     "1:14 'a12345678901234567890123456789012' in 'revision' is not a revision id"},
    {"-- revision: a1\n-- down_revision: [b2, c@3]\n",
     "2:24 'c@3' in 'down_revision' is not a revision id"},
    {"-- revision: a1\n-- down_revision: [b2, [c3]]\n", "2:"},
    {"-- revision: a1\n-- down_revision: {b: 2}\n", "2:"},
    {BASE "-- branch_labels: [ok, feat-12]\n",
     "3:24 'feat-12' in 'branch_labels' is not a branch label"},
    {BASE "-- branch_labels: heads\n", "3:19 'heads' in 'branch_labels' is not a branch label"},
    {BASE "-- depends_on: \"a b\"\n",
     "3:16 'a b' in 'depends_on' is not a revision id or branch label"},
    {BASE "-- message: [x]\n", "3:13 'message' must be text"},
    {BASE "-- message: a: b\n", "3:"},
    {BASE "-- message: \"open\n", "4:4 not valid YAML"},
    {BASE "-- message: x\ry\n", "3:14 a carriage return inside of a header line"},
    {BASE "-- message: \x01\n", "3:"},
    {BASE "-- message: \xFF\n", "3:"},
    {BASE "-- message: &a x\n", "3:"},
    {BASE "-- \"\\ebad\\n\": x\n", "3:4 unknown key '\\x1Bbad\\n' in the header"},
    {"-- revision a1\n-- down_revision b2\n", "1:4 the header is not made of `key: value` lines"},
};

START_TEST(test_valid)
{
    g_autofree char *got = parse(valid[_i].text, strlen(valid[_i].text), NULL);
    ck_assert_str_eq(got, valid[_i].expected);
}
END_TEST

START_TEST(test_invalid)
{
    g_autofree char *got = parse(invalid[_i].text, strlen(invalid[_i].text), NULL);
    ck_assert_msg(g_str_has_prefix(got, invalid[_i].expected), "got: %s\nwanted: %s", got,
                  invalid[_i].expected);
}
END_TEST

START_TEST(test_suggestion)
{
    static const char text[] = "-- revision: a1\n-- down_revison: null\n";
    CmigRevision *revision = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_script_parse_header(text, strlen(text), "f.sql", &revision, NULL, &error));
    ck_assert_str_eq(cmig_error_hint(error), "did you mean 'down_revision'?");
}
END_TEST

START_TEST(test_nul)
{
    static const char text[] = BASE "-- message: a\0b\n";
    g_autofree char *got = parse(text, sizeof text - 1, NULL);
    ck_assert_str_eq(got, "3:14 a NUL byte in the header");
}
END_TEST

/* The beginning of a file either asks for more or says what the whole file says. */
START_TEST(test_prefixes)
{
    const char *text = valid[_i].text;
    gsize length = strlen(text);
    for (gsize cut = 0; cut <= length; cut++) {
        gboolean needs_more = TRUE;
        g_autofree char *got = parse(text, cut, &needs_more);
        ck_assert_msg(needs_more == (g_strcmp0(got, "more") == 0), "cut %zu: %s", cut, got);
        if (!needs_more)
            ck_assert_msg(g_strcmp0(got, valid[_i].expected) == 0, "cut %zu of %s: %s", cut, text,
                          got);
    }
}
END_TEST

START_TEST(test_too_large)
{
    g_autoptr(GString) text = g_string_new(BASE);
    while (text->len < 70000)
        g_string_append(text, "-- # filler\n");
    gboolean needs_more = TRUE;
    g_autofree char *got = parse(text->str, text->len, &needs_more);
    ck_assert_str_eq(got, "1:1 the header is larger than 65536 bytes");
    ck_assert(!needs_more);
    g_autofree char *blank = g_strnfill(70000, ' ');
    g_autofree char *got_blank = parse(blank, 70000, &needs_more);
    ck_assert_str_eq(got_blank, "1:1 the header is larger than 65536 bytes");
    g_string_truncate(text, 60000);
    g_autofree char *got_more = parse(text->str, text->len, &needs_more);
    ck_assert_str_eq(got_more, "more");
}
END_TEST

/* A comment line above the header changes nothing for YAML, and makes the fast reader pass: so both
 * readers must say the same of the header with and without. */
static void check_readers_agree(const char *header, gsize length)
{
    g_autoptr(GString) commented = g_string_new("-- # by the YAML reader\n");
    g_string_append_len(commented, header, (gssize)length);
    g_autofree char *fast = parse(header, length, NULL);
    g_autofree char *slow = parse(commented->str, commented->len, NULL);
    if (is_error(fast) && is_error(slow))
        return;
    ck_assert_msg(g_str_equal(fast, slow), "readers differ on:\n%s\nfast: %s\nyaml: %s", header,
                  fast, slow);
}

START_TEST(test_readers_agree_on_cases)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(valid); idx++) {
        const char *text = valid[idx].text;
        while (*text == '\n' || *text == ' ' || *text == '\t' || *text == '\r' || *text == '\xEF')
            text += *text == '\xEF' ? 3 : 1;
        check_readers_agree(text, strlen(text));
    }
    for (gsize idx = 0; idx < G_N_ELEMENTS(invalid); idx++)
        if (g_str_has_prefix(invalid[idx].text, "--"))
            check_readers_agree(invalid[idx].text, strlen(invalid[idx].text));
}
END_TEST

/* Headers made of pieces that matter to YAML, then mutated. */
START_TEST(test_readers_agree_on_generated)
{
    static const char *const keys[] = {"revision",
                                       "down_revision",
                                       "branch_labels",
                                       "depends_on",
                                       "message",
                                       "create_date",
                                       "revision ",
                                       "x",
                                       "- revision",
                                       "? message",
                                       "",
                                       "#"};
    static const char *const pieces[] = {"a1",
                                         "b2",
                                         "null",
                                         "~",
                                         "NULL",
                                         "nUll",
                                         "[",
                                         "]",
                                         ",",
                                         " ",
                                         "  ",
                                         "\t",
                                         ":",
                                         ": ",
                                         "#",
                                         " #",
                                         "'",
                                         "\"",
                                         "|",
                                         ">",
                                         "-",
                                         "- ",
                                         "?",
                                         "{",
                                         "}",
                                         "&a",
                                         "*a",
                                         "!t",
                                         "%",
                                         "@",
                                         "`",
                                         "\\",
                                         "...",
                                         "---",
                                         "1e10",
                                         "no",
                                         "0123",
                                         "x y",
                                         "a.b",
                                         "a-b",
                                         "a-1",
                                         "\xC3\xA9",
                                         "\xC2\x85",
                                         "\xE2\x80\xA8",
                                         "\xEF\xBB\xBF",
                                         "\xEF\xBF\xBF",
                                         "\xFF",
                                         "\x01",
                                         "\r",
                                         "\x7f",
                                         "\xF0\x9F\x98\x80",
                                         "\xED\xA0\x80",
                                         "\xC2\xA0",
                                         "http://h:1/",
                                         "(x)",
                                         "$y",
                                         "+z",
                                         "=",
                                         "<<",
                                         "head",
                                         "2026-11-20T10:15:00Z"};
    GRand *rand = g_rand_new_with_seed(20261120);
    guint accepted = 0;
    for (guint round = 0; round < 60000; round++) {
        g_autoptr(GString) header = g_string_new(NULL);
        gboolean canonical = g_rand_boolean(rand);
        if (canonical)
            g_string_append(header, BASE);
        guint lines = (guint)g_rand_int_range(rand, 1, 4);
        for (guint line = 0; line < lines; line++) {
            gint limit = canonical ? 6 : (gint)G_N_ELEMENTS(keys);
            g_string_append_printf(header, "-- %s:%s",
                                   keys[g_rand_int_range(rand, canonical ? 2 : 0, limit)],
                                   g_rand_int_range(rand, 0, 8) ? " " : "");
            guint count = (guint)g_rand_int_range(rand, 0, 5);
            for (guint piece = 0; piece < count; piece++)
                g_string_append(header,
                                pieces[g_rand_int_range(rand, 0, (gint)G_N_ELEMENTS(pieces))]);
            g_string_append(header, g_rand_int_range(rand, 0, 10) ? "\n" : "\r\n");
        }
        if (g_rand_int_range(rand, 0, 4) == 0)
            header->str[g_rand_int_range(rand, 3, (gint)header->len)] =
                (char)g_rand_int_range(rand, 1, 256);
        if (!g_str_has_prefix(header->str, "--"))
            continue;
        check_readers_agree(header->str, header->len);
        g_autofree char *got = parse(header->str, header->len, NULL);
        accepted += !is_error(got);
    }
    g_rand_free(rand);
    /* The generator must not have become one of rubbish only. */
    ck_assert_uint_gt(accepted, 4000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("script header");
    TCase *cases = tcase_create("header");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, test_valid, 0, G_N_ELEMENTS(valid));
    tcase_add_loop_test(cases, test_invalid, 0, G_N_ELEMENTS(invalid));
    tcase_add_loop_test(cases, test_prefixes, 0, G_N_ELEMENTS(valid));
    tcase_add_test(cases, test_suggestion);
    tcase_add_test(cases, test_nul);
    tcase_add_test(cases, test_too_large);
    tcase_add_test(cases, test_readers_agree_on_cases);
    tcase_add_test(cases, test_readers_agree_on_generated);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
