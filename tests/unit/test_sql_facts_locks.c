/* Which objects statements touch, the locks they take, what they scan, rewrite and lose; and what
 * the parser's process withstands. */
#include "cmig/facts.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static CmigSqlScript *scan(const char *text)
{
    CmigSqlScript *script = NULL;
    g_autoptr(GError) error = NULL;
    gboolean scanned = cmig_sql_scan(text, strlen(text), CMIG_DIALECT_POSTGRESQL, FALSE, "f.sql", 1,
                                     &script, &error);
    ck_assert_msg(scanned, "%.200s: %s", text, error ? error->message : "");
    return script;
}

static GPtrArray *judge_next(CmigJudge *judge, const char *text)
{
    g_autoptr(CmigSqlScript) script = scan(text);
    return cmig_judge_facts(judge, script);
}

static GPtrArray *judge(const char *text)
{
    g_autoptr(CmigJudge) judge = cmig_judge_new_postgresql(NULL);
    return judge_next(judge, text);
}

/* kind schema.name[/part] LOCK [loses] [rewrites] [scans], one after the other with `;`. */
static char *describe(const GPtrArray *facts)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint idx = 0; idx < facts->len; idx++) {
        const CmigFact *fact = facts->pdata[idx];
        for (guint at = 0; at < fact->targets->len; at++) {
            const CmigFactTarget *target = fact->targets->pdata[at];
            g_string_append_printf(text, "%s%s %s%s%s%s%s", text->len ? "; " : "", target->kind,
                                   target->schema ? target->schema : "", target->schema ? "." : "",
                                   target->name, target->part ? "/" : "",
                                   target->part ? target->part : "");
            g_string_append_printf(
                text, " %s%s%s%s", cmig_lock_name(target->lock), target->loses ? " loses" : "",
                target->rewrites ? " rewrites" : "", target->scans ? " scans" : "");
        }
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static const struct {
    const char *text;
    const char *targets;
} locks[] = {
    {"CREATE TABLE t (a int)", ""},
    {"CREATE TABLE t (a int REFERENCES s.p)", "table s.p SHARE ROW EXCLUSIVE"},
    {"CREATE TABLE t PARTITION OF p DEFAULT", "table p ACCESS EXCLUSIVE"},
    {"ALTER TABLE t ADD c int", "table t/c ACCESS EXCLUSIVE"},
    {"ALTER TABLE t ADD c int DEFAULT 1", "table t/c ACCESS EXCLUSIVE"},
    {"ALTER TABLE t ADD c timestamptz DEFAULT now()", "table t/c ACCESS EXCLUSIVE"},
    {"ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()",
     "table t/c ACCESS EXCLUSIVE rewrites scans"},
    {"ALTER TABLE t ADD c serial", "table t/c ACCESS EXCLUSIVE rewrites scans"},
    {"ALTER TABLE t ADD c int GENERATED ALWAYS AS IDENTITY",
     "table t/c ACCESS EXCLUSIVE rewrites scans"},
    {"ALTER TABLE t ADD c int GENERATED ALWAYS AS (a + 1) STORED",
     "table t/c ACCESS EXCLUSIVE rewrites scans"},
    {"ALTER TABLE t ADD c int CHECK (c > 0)", "table t/c ACCESS EXCLUSIVE scans"},
    {"ALTER TABLE t ADD c int UNIQUE", "table t/c ACCESS EXCLUSIVE scans"},
    {"ALTER TABLE t ADD c int REFERENCES p",
     "table t/c ACCESS EXCLUSIVE; table p SHARE ROW EXCLUSIVE"},
    {"ALTER TABLE t ADD c int DEFAULT 1 REFERENCES p",
     "table t/c ACCESS EXCLUSIVE scans; table p SHARE ROW EXCLUSIVE scans"},
    {"ALTER TABLE s.t DROP c", "table s.t/c ACCESS EXCLUSIVE loses"},
    {"ALTER TABLE t ALTER c TYPE bigint", "table t/c ACCESS EXCLUSIVE rewrites scans"},
    {"ALTER TABLE t ALTER c SET NOT NULL", "table t/c ACCESS EXCLUSIVE scans"},
    {"ALTER TABLE t ALTER c SET STATISTICS 5", "table t/c SHARE UPDATE EXCLUSIVE"},
    {"ALTER TABLE t SET (fillfactor = 70)", "table t SHARE UPDATE EXCLUSIVE"},
    {"ALTER TABLE t ADD CHECK (a > 0)", "table t ACCESS EXCLUSIVE scans"},
    {"ALTER TABLE t ADD CONSTRAINT n CHECK (a > 0) NOT VALID", "table t/n ACCESS EXCLUSIVE"},
    {"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p",
     "table t SHARE ROW EXCLUSIVE scans; table p SHARE ROW EXCLUSIVE scans"},
    {"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p NOT VALID",
     "table t SHARE ROW EXCLUSIVE; table p SHARE ROW EXCLUSIVE"},
    {"ALTER TABLE t ALTER CONSTRAINT n DEFERRABLE", "table t/n ACCESS EXCLUSIVE"},
    {"ALTER TABLE t VALIDATE CONSTRAINT n", "table t/n SHARE UPDATE EXCLUSIVE scans"},
    {"ALTER TABLE t ADD PRIMARY KEY (a)", "table t ACCESS EXCLUSIVE scans"},
    {"ALTER TABLE t ADD CONSTRAINT n UNIQUE USING INDEX i", "table t/n ACCESS EXCLUSIVE"},
    {"ALTER TABLE t ADD EXCLUDE USING gist (a WITH =)", "table t ACCESS EXCLUSIVE scans"},
    {"ALTER TABLE t SET LOGGED", "table t ACCESS EXCLUSIVE rewrites scans"},
    {"ALTER TABLE t SET TABLESPACE s", "table t ACCESS EXCLUSIVE rewrites scans"},
    {"CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()", "table t/g SHARE ROW EXCLUSIVE"},
    {"ALTER TABLE t ENABLE TRIGGER g", "table t/g SHARE ROW EXCLUSIVE"},
    {"DROP TRIGGER g ON s.t", "table s.t/g ACCESS EXCLUSIVE"},
    {"ALTER TABLE t ATTACH PARTITION p DEFAULT",
     "table t SHARE UPDATE EXCLUSIVE; table p ACCESS EXCLUSIVE scans"},
    {"ALTER TABLE t DETACH PARTITION p", "table t ACCESS EXCLUSIVE; table p ACCESS EXCLUSIVE"},
    {"ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
     "table t SHARE UPDATE EXCLUSIVE; table p SHARE UPDATE EXCLUSIVE"},
    {"CREATE INDEX i ON t (a)", "table t SHARE scans"},
    {"CREATE INDEX CONCURRENTLY i ON t (a)", "table t SHARE UPDATE EXCLUSIVE scans"},
    {"DROP INDEX s.i", "index s.i ACCESS EXCLUSIVE"},
    {"DROP INDEX CONCURRENTLY i", "index i SHARE UPDATE EXCLUSIVE"},
    {"ALTER INDEX i RENAME TO j", "index i SHARE UPDATE EXCLUSIVE"},
    {"ALTER INDEX i SET TABLESPACE s", "index i ACCESS EXCLUSIVE rewrites scans"},
    {"ALTER INDEX i SET (fillfactor = 70)", "index i SHARE UPDATE EXCLUSIVE"},
    {"ALTER INDEX i ATTACH PARTITION j",
     "index i SHARE UPDATE EXCLUSIVE; index j ACCESS EXCLUSIVE"},
    {"ALTER VIEW v SET (security_barrier)", "view v ACCESS EXCLUSIVE"},
    {"ALTER TABLE t SET (user_catalog_table = on)", "table t ACCESS EXCLUSIVE"},
    {"ALTER TABLE t INHERIT p", "table t ACCESS EXCLUSIVE; table p SHARE UPDATE EXCLUSIVE"},
    {"CREATE PUBLICATION p FOR TABLE t, s.u",
     "table t SHARE UPDATE EXCLUSIVE; table s.u SHARE UPDATE EXCLUSIVE"},
    {"ALTER PUBLICATION p DROP TABLE t", "object p ; table t SHARE UPDATE EXCLUSIVE"},
    {"REINDEX TABLE t", "table t SHARE scans"},
    {"REINDEX TABLE CONCURRENTLY t", "table t SHARE UPDATE EXCLUSIVE scans"},
    {"CLUSTER t USING i", "table t ACCESS EXCLUSIVE rewrites"},
    {"VACUUM FULL t", "table t ACCESS EXCLUSIVE rewrites"},
    {"ANALYZE t", "table t SHARE UPDATE EXCLUSIVE"},
    {"TRUNCATE a, b", "table a ACCESS EXCLUSIVE loses; table b ACCESS EXCLUSIVE loses"},
    {"DROP TABLE \"S\".\"a.b\"", "table S.a.b ACCESS EXCLUSIVE loses"},
    {"REFRESH MATERIALIZED VIEW m", "materialized view m ACCESS EXCLUSIVE rewrites"},
    {"REFRESH MATERIALIZED VIEW CONCURRENTLY m", "materialized view m EXCLUSIVE scans"},
    {"COMMENT ON COLUMN s.t.a IS 'x'", "table s.t SHARE UPDATE EXCLUSIVE"},
    {"GRANT SELECT ON t TO r", "table t "},
    {"LOCK TABLE t IN SHARE MODE", "table t SHARE"},
    {"SELECT * FROM t", ""},
    {"INSERT INTO t SELECT 1; INSERT INTO t SELECT 2", "table t ROW EXCLUSIVE"},
    {"DELETE FROM t WHERE a = 1", "table t ROW EXCLUSIVE loses"},
    {"CREATE TABLE t (a int); ALTER TABLE t ADD b serial; CREATE INDEX ON t (a)", ""},
    {"CREATE TABLE t (a int); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p",
     "table p SHARE ROW EXCLUSIVE scans"},
    {"ALTER TABLE t ADD a int; ALTER TABLE t DROP a",
     "table t/a ACCESS EXCLUSIVE; table t/a ACCESS EXCLUSIVE"},
    {"DO $$ BEGIN DROP TABLE t; END $$", "table t ACCESS EXCLUSIVE loses"},
};

START_TEST(statements_have_targets)
{
    g_autoptr(GPtrArray) facts = judge(locks[_i].text);
    g_autofree char *found = describe(facts);
    ck_assert_msg(strcmp(found, locks[_i].targets) == 0, "%s: %s", locks[_i].text, found);
}
END_TEST

static const struct {
    const char *text;
    const char *what;
} phrases[] = {
    {"DROP TABLE public.agents", "drops the table public.agents"},
    {"DELETE FROM orders", "deletes all rows of orders"},
    {"DROP TABLE a, b, c", "drops the table a, and 2 more"},
    {"DROP TABLE \"a\nb\"", "drops the table a b"},
    {"INSERT INTO \"a\nb\" VALUES (1)", "adds rows to a b"},
    {"SELECT \"a\nb\"()", "calls a b, of which nothing is known"},
    {"DO $$ BEGIN EXECUTE x; END $$", "runs dynamic SQL"},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'TRUNCATE t'; SELECT f()",
     "calls f, which empties the table t"},
    {"PREPARE p AS DELETE FROM t; EXECUTE p", "executes p, which deletes all rows of t"},
    {"ALTER TABLE t ALTER CONSTRAINT c DEFERRABLE", "changes the constraint c of t"},
    {"DROP OPERATOR CLASS s.c USING btree", "drops the operator class s.c"},
    {"ALTER OPERATOR FAMILY f USING btree RENAME TO g", "renames the operator family f"},
    {"VACUUM", "runs VACUUM"},
    {"REPACK t", "is not understood by the grammar of PostgreSQL 15: begins with REPACK T"},
};

START_TEST(facts_are_said_in_words)
{
    g_autoptr(GPtrArray) facts = judge(phrases[_i].text);
    ck_assert_uint_eq(facts->len, 1);
    ck_assert_str_eq(((const CmigFact *)facts->pdata[0])->what, phrases[_i].what);
}
END_TEST

/* --- The parser's process --- */

static void append_times(GString *text, const char *part, guint times)
{
    for (guint idx = 0; idx < times; idx++)
        g_string_append(text, part);
}

static void check_fact(const GPtrArray *facts, guint index, guint statement, CmigLevel level,
                       guint flags)
{
    ck_assert_uint_lt(index, facts->len);
    const CmigFact *fact = facts->pdata[index];
    ck_assert_uint_eq(fact->statement, statement);
    ck_assert_int_eq(fact->level, level);
    ck_assert_uint_eq(fact->flags, flags);
}

/* What is too deep for the parser is opaque; what stands before and behind it is judged. */
START_TEST(depth_ends_the_parser_only)
{
    g_autoptr(GString) text = g_string_new("DROP TABLE a; SELECT 1");
    append_times(text, "+1", 200000);
    g_string_append(text, "; DELETE FROM t WHERE a = 1");
    append_times(text, " AND a = 1", 20000);
    g_string_append(text, "; DO $$ BEGIN ");
    append_times(text, "IF true THEN ", 20000);
    g_string_append(text, "DELETE FROM t; ");
    append_times(text, "END IF; ", 20000);
    g_string_append(text, "END $$; DROP TABLE b");
    g_autoptr(GPtrArray) facts = judge(text->str);
    check_fact(facts, 0, 0, CMIG_LEVEL_DATA, 0);
    check_fact(facts, 1, 1, CMIG_LEVEL_WEAKER, CMIG_FACT_OPAQUE);
    check_fact(facts, 2, 2, CMIG_LEVEL_WEAKER, 0);
    ck_assert_int_ge(((const CmigFact *)facts->pdata[3])->level, CMIG_LEVEL_WEAKER);
    check_fact(facts, 4, 4, CMIG_LEVEL_DATA, 0);
}
END_TEST

/* After some deaths the rest of the section goes by words; the next section is parsed again. */
START_TEST(deaths_are_counted_by_section)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint idx = 0; idx < 6; idx++) {
        g_string_append(text, "SELECT 1");
        append_times(text, "+1", 300000);
        g_string_append(text, "; ");
    }
    g_string_append(text, "DROP TABLE a");
    g_autoptr(CmigJudge) judge = cmig_judge_new_postgresql(NULL);
    g_autoptr(GPtrArray) first = judge_next(judge, text->str);
    g_autoptr(GPtrArray) second = judge_next(judge, "DROP TABLE a");
    ck_assert_uint_eq(first->len, 7);
    check_fact(first, 6, 6, CMIG_LEVEL_DATA, CMIG_FACT_OPAQUE);
    check_fact(second, 0, 0, CMIG_LEVEL_DATA, 0);
}
END_TEST

START_TEST(large_statements_go_by_words)
{
    g_autoptr(GString) text = g_string_new("DELETE FROM t WHERE a IN ('");
    append_times(text, "0123456789", (5 << 20) / 10);
    g_string_append(text, "'); DROP TABLE a");
    g_autoptr(GPtrArray) facts = judge(text->str);
    check_fact(facts, 0, 0, CMIG_LEVEL_DATA, CMIG_FACT_OPAQUE);
    check_fact(facts, 1, 1, CMIG_LEVEL_DATA, 0);
}
END_TEST

/* The one child of this process, found in /proc. */
static pid_t find_child(void)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", (int)getpid());
    g_autofree char *text = NULL;
    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

static guint count_descriptors(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", (int)pid);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    ck_assert_ptr_nonnull(folder);
    guint count = 0;
    while (g_dir_read_name(folder) != NULL)
        count++;
    return count;
}

START_TEST(one_process_serves_a_plan)
{
    int held = open("/dev/null", O_RDONLY); /* such as a connection */
    ck_assert_int_ge(held, 0);
    guint before = count_descriptors(getpid());
    CmigJudge *judge = cmig_judge_new_postgresql(NULL);
    g_autoptr(GPtrArray) none = judge_next(judge, "INSERT INTO t VALUES (1); -- nothing to parse");
    ck_assert_int_eq(find_child(), 0);
    g_autoptr(GPtrArray) first = judge_next(judge, "DROP TABLE a");
    pid_t pid = find_child();
    ck_assert_int_gt(pid, 0);
    ck_assert_uint_eq(count_descriptors(pid), 4); /* its socket, and nothing thrice */
    g_autoptr(GPtrArray) second = judge_next(judge, "DROP TABLE b");
    ck_assert_int_eq(find_child(), pid);
    cmig_judge_free(judge);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no zombie */
    ck_assert_int_eq(errno, ECHILD);
    ck_assert_uint_eq(count_descriptors(getpid()), before);
    close(held);
}
END_TEST

START_TEST(a_killed_process_is_replaced)
{
    signal(SIGPIPE, SIG_DFL);
    g_autoptr(CmigJudge) judge = cmig_judge_new_postgresql(NULL);
    for (guint round = 0; round < 5; round++) {
        g_autoptr(GPtrArray) facts = judge_next(judge, "SELECT 1; DROP TABLE a");
        ck_assert_uint_eq(facts->len, 1);
        check_fact(facts, 0, 1, CMIG_LEVEL_DATA, 0);
        kill(find_child(), SIGKILL);
    }
}
END_TEST

START_TEST(many_migrations_are_judged_at_once)
{
    g_autoptr(CmigJudge) judge = cmig_judge_new_postgresql(NULL);
    g_autoptr(GPtrArray) scripts =
        g_ptr_array_new_with_free_func((GDestroyNotify)cmig_sql_script_free);
    for (guint idx = 0; idx < 1000; idx++) {
        g_autofree char *text =
            g_strdup_printf("CREATE TABLE app.t%u (id bigserial PRIMARY KEY, name text NOT NULL);"
                            "ALTER TABLE app.users ADD COLUMN c%u text;",
                            idx, idx);
        g_ptr_array_add(scripts, scan(text));
    }
    gint64 start = g_get_monotonic_time();
    for (guint idx = 0; idx < scripts->len; idx++) {
        g_autoptr(GPtrArray) facts = cmig_judge_facts(judge, scripts->pdata[idx]);
        ck_assert_uint_eq(facts->len, 1);
    }
    gint64 elapsed = g_get_monotonic_time() - start;
    ck_assert_msg(elapsed < 2 * G_USEC_PER_SEC, "%ld ms", (long)(elapsed / 1000));
    if (g_getenv("CMIG_TEST_TIMES") != NULL)
        g_print("# 1000 migrations: %ld ms\n", (long)(elapsed / 1000));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql facts locks");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, statements_have_targets, 0, G_N_ELEMENTS(locks));
    tcase_add_loop_test(all, facts_are_said_in_words, 0, G_N_ELEMENTS(phrases));
    tcase_add_test(all, depth_ends_the_parser_only);
    tcase_add_test(all, deaths_are_counted_by_section);
    tcase_add_test(all, large_statements_go_by_words);
    tcase_add_test(all, one_process_serves_a_plan);
    tcase_add_test(all, a_killed_process_is_replaced);
    tcase_add_test(all, many_migrations_are_judged_at_once);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
