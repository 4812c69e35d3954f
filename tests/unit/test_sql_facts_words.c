/* What is told of statements by their words alone, and the fingerprint of a section. */
#include "cmig/facts.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PG   CMIG_DIALECT_POSTGRESQL
#define LITE CMIG_DIALECT_SQLITE

static CmigSqlScript *scan(const char *text, gsize length, CmigDialect dialect)
{
    CmigSqlScript *script = NULL;
    g_autoptr(GError) error = NULL;
    gboolean scanned = cmig_sql_scan(text, length, dialect, FALSE, "f.sql", 1, &script, &error);
    ck_assert_msg(scanned, "%.200s: %s", text, error ? error->message : "");
    return script;
}

static GPtrArray *judge(const char *text, CmigDialect dialect)
{
    g_autoptr(CmigSqlScript) script = scan(text, strlen(text), dialect);
    g_autoptr(CmigJudge) words = cmig_judge_new_words();
    return cmig_judge_facts(words, script);
}

static const struct {
    CmigDialect dialect;
    const char *text;
    const char *schema;
    const char *name;
} plain[] = {
    {PG, "INSERT INTO t VALUES (1)", NULL, "t"},
    {PG,
     "insert /* x */ into \"A\"\"b\".T (a, \"b\") values (1, 'x', NULL), (-1.5e3, E'\\'', true)",
     "A\"b", "t"},
    {PG, "INSERT INTO d.s.t VALUES ('1'::int, '{}'::pg_catalog.numeric(3, 2)[], DEFAULT)", "s",
     "t"},
    {PG, "INSERT INTO t VALUES (B'01', X'ff', $$a(b)$$)", NULL, "t"},
    {LITE, "INSERT INTO \"T\" VALUES (X'00', NULL)", NULL, "T"},
};

START_TEST(inserts_of_literals_are_harmless)
{
    g_autoptr(GPtrArray) facts = judge(plain[_i].text, plain[_i].dialect);
    ck_assert_uint_eq(facts->len, 1);
    const CmigFact *fact = facts->pdata[0];
    ck_assert_int_eq(fact->level, CMIG_LEVEL_NONE);
    ck_assert_uint_eq(fact->flags, 0);
    ck_assert_uint_eq(fact->targets->len, 1);
    const CmigFactTarget *target = fact->targets->pdata[0];
    ck_assert_pstr_eq(target->schema, plain[_i].schema);
    ck_assert_str_eq(target->name, plain[_i].name);
    ck_assert_str_eq(target->kind, "table");
    ck_assert_int_eq(target->lock,
                     plain[_i].dialect == PG ? CMIG_LOCK_ROW_EXCLUSIVE : CMIG_LOCK_NONE);
}
END_TEST

static const struct {
    const char *text;
    CmigLevel level;
    guint flags; /* besides opaque */
} opaque[] = {
    {"SELECT 1", CMIG_LEVEL_WEAKER, 0},
    {"INSERT INTO t VALUES (f(1))", CMIG_LEVEL_WEAKER, 0},
    {"INSERT INTO t VALUES (\"f\"(1))", CMIG_LEVEL_WEAKER, 0},
    {"INSERT INTO t VALUES (null(1))", CMIG_LEVEL_WEAKER, 0},
    {"INSERT INTO t VALUES (1 + (SELECT 1))", CMIG_LEVEL_WEAKER, 0},
    {"INSERT INTO t VALUES (current_user)", CMIG_LEVEL_WEAKER, 0},
    {"INSERT INTO t (a) SELECT 1", CMIG_LEVEL_WEAKER, 0},
    {"INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1", CMIG_LEVEL_DATA, 0},
    {"INSERT INTO t VALUES (1) RETURNING f(a)", CMIG_LEVEL_WEAKER, 0},
    {"INSERT INTO t VALUES ('x' :: int : f(1))", CMIG_LEVEL_WEAKER, 0},
    {"DROP TABLE t CASCADE", CMIG_LEVEL_DATA, CMIG_FACT_CASCADE},
    {"dRoP/**/schema s", CMIG_LEVEL_UNBOUNDED, 0},
    {"DROP INDEX CONCURRENTLY i", CMIG_LEVEL_WEAKER, CMIG_FACT_ALONE},
    {"ALTER TABLE t SPLIT PARTITION p INTO (PARTITION q)", CMIG_LEVEL_WEAKER, 0},
    {"ALTER TABLE t DROP COLUMN c", CMIG_LEVEL_DATA, 0},
    {"ALTER TABLE t DROP CONSTRAINT c", CMIG_LEVEL_WEAKER, 0},
    {"WITH x AS (DELETE FROM t RETURNING *) SELECT 1", CMIG_LEVEL_DATA, 0},
    {"MERGE INTO t USING s ON TRUE WHEN NOT MATCHED BY SOURCE THEN DELETE", CMIG_LEVEL_DATA, 0},
    {"EXPLAIN ANALYZE DELETE FROM t", CMIG_LEVEL_DATA, 0},
    {"REPACK t", CMIG_LEVEL_WEAKER, 0},
};

START_TEST(everything_else_is_opaque)
{
    g_autoptr(GPtrArray) facts = judge(opaque[_i].text, PG);
    ck_assert_uint_eq(facts->len, 1);
    const CmigFact *fact = facts->pdata[0];
    ck_assert_msg(fact->level == opaque[_i].level, "%s: %d", opaque[_i].text, (int)fact->level);
    ck_assert_msg(fact->flags == (opaque[_i].flags | CMIG_FACT_OPAQUE), "%s: %u", opaque[_i].text,
                  fact->flags);
    ck_assert_ptr_nonnull(fact->what);
}
END_TEST

START_TEST(alike_inserts_share_a_fact)
{
    g_autoptr(GPtrArray) facts =
        judge("INSERT INTO a VALUES (1); INSERT INTO a VALUES (2); INSERT INTO b VALUES (1);"
              "INSERT INTO a VALUES (3); SELECT 1; INSERT INTO a VALUES (4)",
              PG);
    static const guint statements[] = {0, 2, 3, 4, 5};
    ck_assert_uint_eq(facts->len, G_N_ELEMENTS(statements));
    for (guint idx = 0; idx < facts->len; idx++)
        ck_assert_uint_eq(((CmigFact *)facts->pdata[idx])->statement, statements[idx]);
}
END_TEST

static char *fingerprint(const char *text)
{
    g_autoptr(CmigSqlScript) script = scan(text, strlen(text), PG);
    return cmig_sql_fingerprint(script);
}

static const struct {
    const char *one;
    const char *other;
    gboolean same;
} pairs[] = {
    {"SELECT a FROM t;", "-- x\nselect  A /* y */\nfrom\tt", TRUE},
    {"SELECT 'a'", "SELECT 'A'", FALSE},
    {"SELECT \"a\"", "SELECT \"A\"", FALSE},
    {"SELECT a b", "SELECT ab", FALSE},
    {"SELECT 1; SELECT 2", "SELECT 1;\n\nSELECT 2;\n", TRUE},
    {"SELECT 1; SELECT 2", "SELECT 2; SELECT 1", FALSE},
    {"SELECT 1; SELECT 2", "SELECT 1 SELECT 2", FALSE},
    {"COPY t FROM stdin;\n1\n\\.\n", "copy T from STDIN;\n1\n\\.\n", TRUE},
    {"COPY t FROM stdin;\na\n\\.\n", "COPY t FROM stdin;\nA\n\\.\n", FALSE},
    {"\\restrict abc\nSELECT 1", "\\restrict def\nSELECT 1", TRUE},
};

START_TEST(fingerprint_sees_tokens_only)
{
    g_autofree char *one = fingerprint(pairs[_i].one);
    g_autofree char *other = fingerprint(pairs[_i].other);
    ck_assert_uint_eq(strlen(one), 64);
    ck_assert_msg((strcmp(one, other) == 0) == pairs[_i].same, "%s", pairs[_i].one);
}
END_TEST

START_TEST(much_data_is_judged_at_once)
{
    g_autoptr(GString) text = g_string_new(NULL);
    while (text->len < 10u << 20)
        g_string_append(text, "INSERT INTO public.t (a, b) VALUES (1, 'some text here');\n");
    g_autoptr(CmigSqlScript) script = scan(text->str, text->len, PG);
    g_autoptr(CmigJudge) words = cmig_judge_new_words();
    gint64 start = g_get_monotonic_time();
    g_autoptr(GPtrArray) facts = cmig_judge_facts(words, script);
    ck_assert_int_lt(g_get_monotonic_time() - start, 5 * G_USEC_PER_SEC);
    ck_assert_uint_eq(facts->len, 1);
}
END_TEST

START_TEST(locks_have_names)
{
    ck_assert_str_eq(cmig_lock_name(CMIG_LOCK_NONE), "");
    ck_assert_str_eq(cmig_lock_name(CMIG_LOCK_SHARE), "SHARE");
    ck_assert_str_eq(cmig_lock_name(CMIG_LOCK_ACCESS_EXCLUSIVE), "ACCESS EXCLUSIVE");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql facts by words");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, inserts_of_literals_are_harmless, 0, G_N_ELEMENTS(plain));
    tcase_add_loop_test(all, everything_else_is_opaque, 0, G_N_ELEMENTS(opaque));
    tcase_add_test(all, alike_inserts_share_a_fact);
    tcase_add_loop_test(all, fingerprint_sees_tokens_only, 0, G_N_ELEMENTS(pairs));
    tcase_add_test(all, much_data_is_judged_at_once);
    tcase_add_test(all, locks_have_names);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
