/* The judge by PostgreSQL's grammar: how bad statements are, one by one and one after the other. */
#include "cmig/facts.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define O CMIG_FACT_OPAQUE
#define K CMIG_FACT_CASCADE
#define N CMIG_FACT_ALONE
#define P CMIG_FACT_PRIVILEGE

static GPtrArray *judge_next(CmigJudge *judge, const char *text)
{
    g_autoptr(CmigSqlScript) script = NULL;
    g_autoptr(GError) error = NULL;
    gboolean scanned = cmig_sql_scan(text, strlen(text), CMIG_DIALECT_POSTGRESQL, FALSE, "f.sql", 1,
                                     &script, &error);
    ck_assert_msg(scanned, "%.200s: %s", text, error ? error->message : "");
    return cmig_judge_facts(judge, script);
}

static GPtrArray *judge(const char *text)
{
    g_autoptr(CmigJudge) judge = cmig_judge_new_postgresql(NULL);
    return judge_next(judge, text);
}

/* The worst of all facts. */
static void sum(const GPtrArray *facts, CmigLevel *level, guint *flags)
{
    *level = CMIG_LEVEL_NONE;
    *flags = 0;
    for (guint idx = 0; idx < facts->len; idx++) {
        const CmigFact *fact = facts->pdata[idx];
        *level = MAX(*level, fact->level);
        *flags |= fact->flags;
        ck_assert_ptr_nonnull(fact->what);
        ck_assert_ptr_null(strchr(fact->what, '\n'));
    }
}

typedef struct {
    const char *text;
    CmigLevel level;
    guint flags;
} Case;

static void check_case(const Case *test)
{
    g_autoptr(GPtrArray) facts = judge(test->text);
    CmigLevel level;
    guint flags;
    sum(facts, &level, &flags);
    ck_assert_msg(level == test->level && flags == test->flags, "%s: level %d, flags %u",
                  test->text, (int)level, flags);
}

/* --- Statement by statement --- */

static const Case plain[] = {
    {"DROP DATABASE d", 4, N},
    {"DROP TABLESPACE s", 4, N},
    {"DROP OWNED BY r", 4, P},
    {"DROP SCHEMA s", 4, 0},
    {"DROP SCHEMA s CASCADE", 4, K},
    {"DROP EXTENSION e", 3, 0},
    {"DROP EXTENSION e CASCADE", 4, K},
    {"DROP TABLE t", 3, 0},
    {"DROP TABLE IF EXISTS a, s.b CASCADE", 3, K},
    {"DROP FOREIGN TABLE t", 2, 0},
    {"DROP MATERIALIZED VIEW v", 1, 0},
    {"DROP SEQUENCE s", 2, 0},
    {"DROP TYPE t", 1, 0},
    {"DROP TYPE t CASCADE", 3, K},
    {"DROP FUNCTION f(int) CASCADE", 3, K},
    {"DROP FUNCTION f CASCADE", 3, K},
    {"DROP ROUTINE f(int) CASCADE", 3, K},
    {"DROP PROCEDURE f(int) CASCADE", 2, K},
    {"DROP OPERATOR + (int, int) CASCADE", 3, K},
    {"DROP OPERATOR CLASS c USING btree CASCADE", 3, K},
    {"DROP OPERATOR FAMILY c USING btree CASCADE", 3, K},
    {"DROP CAST (int AS text) CASCADE", 3, K},
    {"DROP LANGUAGE l CASCADE", 3, K | P},
    {"DROP TEXT SEARCH CONFIGURATION c CASCADE", 3, K},
    {"DROP VIEW v CASCADE", 2, K},
    {"DROP MATERIALIZED VIEW v CASCADE", 2, K},
    {"DROP DOMAIN d", 1, 0},
    {"DROP DOMAIN d CASCADE", 3, K},
    {"DROP INDEX i", 2, 0},
    {"DROP INDEX CONCURRENTLY i", 2, N},
    {"DROP VIEW v", 1, 0},
    {"DROP FUNCTION f(int)", 1, 0},
    {"DROP PROCEDURE p", 1, 0},
    {"DROP AGGREGATE a(int)", 1, 0},
    {"DROP OPERATOR + (int, int)", 1, 0},
    {"DROP TRIGGER x ON t", 2, 0},
    {"DROP RULE x ON t", 2, 0},
    {"DROP CAST (int AS text)", 1, 0},
    {"DROP COLLATION c", 1, 0},
    {"DROP STATISTICS s", 1, 0},
    {"DROP PUBLICATION p", 1, 0},
    {"DROP EVENT TRIGGER e", 2, 0},
    {"DROP TEXT SEARCH CONFIGURATION c", 1, 0},
    {"DROP SERVER s", 1, 0},
    {"DROP FOREIGN DATA WRAPPER w", 1, 0},
    {"DROP POLICY p ON t", 2, P},
    {"ALTER TABLE t DISABLE ROW LEVEL SECURITY", 2, P},
    {"ALTER TABLE t NO FORCE ROW LEVEL SECURITY", 2, P},
    {"REVOKE ALL ON t FROM r", 2, P},
    {"GRANT SELECT ON t TO r", 0, P},
    {"GRANT a TO b", 0, P},
    {"REVOKE a FROM b", 2, P},
    {"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r", 2, P},
    {"DROP ROLE r", 2, P},
    {"ALTER ROLE r SUPERUSER", 2, P},
    {"ALTER ROLE r SET search_path = a", 2, P},
    {"REASSIGN OWNED BY a TO b", 2, P},
    {"ALTER TABLE t OWNER TO r", 2, P},
    {"ALTER FUNCTION f() OWNER TO r", 2, P},
    {"DROP SUBSCRIPTION s", 2, N | P},
    {"DROP USER MAPPING FOR r SERVER s", 2, P},
    {"TRUNCATE t", 3, 0},
    {"TRUNCATE a, b RESTART IDENTITY CASCADE", 3, K},
    {"DELETE FROM t", 3, 0},
    {"DELETE FROM t WHERE true", 3, 0},
    {"DELETE FROM t WHERE 1 = 1", 3, 0},
    {"DELETE FROM t WHERE now() > '2000-01-01'", 3, 0},
    {"DELETE FROM t WHERE id = id", 3, 0},
    {"DELETE FROM t WHERE id = 1 OR true", 3, 0},
    {"DELETE FROM t WHERE NOT false", 3, 0},
    {"DELETE FROM t WHERE true = true AND 1 < 2", 3, 0},
    {"DELETE FROM t WHERE id >= id", 3, 0},
    {"DELETE FROM t WHERE t.id = id", 3, 0},
    {"DELETE FROM t x WHERE x.id = id", 3, 0},
    {"DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM u LOOP"
     " DELETE FROM t WHERE id = r.id; END LOOP; END $$",
     2, 0},
    {"DELETE FROM t WHERE id BETWEEN id AND 5", 3, 0},
    {"DELETE FROM t WHERE id IN (3, id)", 3, 0},
    {"DELETE FROM t WHERE id = ANY (ARRAY[id])", 3, 0},
    {"DELETE FROM t WHERE id IN (SELECT id FROM t)", 3, 0},
    {"DELETE FROM t WHERE id = ANY (ARRAY(SELECT id FROM t))", 3, 0},
    {"DELETE FROM t WHERE id IN (SELECT id FROM t WHERE a > 1)", 2, 0},
    {"DELETE FROM t WHERE ctid IN (SELECT ctid FROM t LIMIT 10)", 2, 0},
    {"DELETE FROM t WHERE id IN (SELECT id FROM u)", 2, 0},
    {"DELETE FROM t WHERE EXISTS (SELECT id FROM t)", 3, 0},
    {"DELETE FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id)", 2, 0},
    {"DELETE FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.id = t.id)", 2, 0},
    {"DELETE FROM t WHERE ctid IS NOT NULL", 3, 0},
    {"DELETE FROM t WHERE id IS NOT NULL", 3, 0},
    {"DELETE FROM t WHERE NOT (t.id IS NULL)", 3, 0},
    {"DELETE FROM t WHERE NOT (now() IS NULL)", 3, 0},
    {"DELETE FROM t WHERE deleted_at IS NOT NULL", 2, 0},
    {"DELETE FROM t WHERE NOT (deleted_at IS NULL)", 2, 0},
    {"DELETE FROM t WHERE (id = id) IS TRUE", 3, 0},
    {"DELETE FROM t WHERE active IS NOT TRUE", 2, 0},
    {"DELETE FROM t WHERE coalesce(true, a)", 3, 0},
    {"DELETE FROM t WHERE coalesce(a, true)", 2, 0},
    {"DELETE FROM t WHERE v LIKE '%'", 3, 0},
    {"DELETE FROM t USING t x WHERE t.id = x.id", 3, 0},
    {"DELETE FROM t a USING t b WHERE a.id < b.id AND a.v = b.v", 2, 0},
    {"DELETE FROM t USING t x WHERE t.id = x.parent", 2, 0},
    {"DELETE FROM t WHERE EXISTS (SELECT 1 FROM t x WHERE x.id = t.id)", 3, 0},
    {"DELETE FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.v = a.v AND b.id > a.id)", 2, 0},
    {"UPDATE t SET a = x.b FROM t x WHERE x.id = t.id", 3, 0},
    {"UPDATE t SET a = u.b FROM u WHERE u.id = t.id", 2, 0},
    {"MERGE INTO t USING t x ON t.id = x.id WHEN MATCHED THEN DELETE", 3, 0},
    {"INSERT INTO t SELECT * FROM t ON CONFLICT (id) DO UPDATE SET v = ''", 3, 0},
    {"INSERT INTO t SELECT * FROM t WHERE id = 1 ON CONFLICT (id) DO UPDATE SET v = ''", 2, 0},
    {"INSERT INTO t SELECT * FROM t ON CONFLICT (id) DO UPDATE SET v = '' WHERE t.a = 1", 2, 0},
    {"INSERT INTO t SELECT * FROM u ON CONFLICT (id) DO UPDATE SET v = ''", 2, 0},
    {"DELETE FROM t WHERE v LIKE 'a%' OR v LIKE v || '%'", 2, 0},
    {"UPDATE t SET a = NULL WHERE a IS NOT NULL", 3, 0},
    {"UPDATE t SET a = b WHERE b IS NOT NULL", 2, 0},
    {"ALTER TABLE t ADD a int; UPDATE t SET a = b WHERE id IS NOT NULL", 0, 0},
    {"DELETE FROM t WHERE id = 1", 2, 0},
    {"DELETE FROM t WHERE true AND id = 1", 2, 0},
    {"DELETE FROM t USING u WHERE t.id = u.id", 2, 0},
    {"DELETE FROM t WHERE CURRENT OF c", 2, 0},
    {"UPDATE t SET a = 1", 3, 0},
    {"UPDATE t SET (a, b) = (SELECT 1, 2) WHERE id > 3", 2, 0},
    {"UPDATE t SET a = 1 WHERE '1'", 3, 0},
    {"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", 2, 0},
    {"MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", 3, 0},
    {"MERGE INTO t USING u ON t.a = u.a WHEN NOT MATCHED THEN INSERT VALUES (1)", 0, 0},
    {"INSERT INTO t VALUES (now()) ON CONFLICT (a) DO UPDATE SET a = 1", 2, 0},
    {"INSERT INTO t VALUES (now()) ON CONFLICT DO NOTHING", 0, 0},
    {"INSERT INTO t SELECT * FROM u", 0, 0},
    {"ALTER TABLE t DROP COLUMN c", 3, 0},
    {"ALTER TABLE t DROP c CASCADE", 3, K},
    {"ALTER TYPE t DROP ATTRIBUTE c", 3, 0},
    {"ALTER TABLE t ALTER c TYPE bigint", 2, 0},
    {"ALTER TABLE t ALTER c TYPE varchar(3)", 2, 0},
    {"ALTER TABLE t ALTER c TYPE uuid USING c::uuid", 2, 0},
    {"ALTER TABLE t ALTER c TYPE kind USING c::text::kind", 2, 0},
    {"ALTER TABLE t ALTER c TYPE int", 3, 0},
    {"ALTER TABLE t ALTER c TYPE date", 3, 0},
    {"ALTER TABLE t ALTER c TYPE numeric(8, 2)", 3, 0},
    {"ALTER TABLE t ALTER c TYPE timestamp(0)", 3, 0},
    {"ALTER TABLE t ALTER c TYPE varchar(3) USING c::varchar(3)", 3, 0},
    {"ALTER TABLE t ALTER c TYPE text USING c::\"varchar\"(3)", 3, 0},
    {"ALTER TABLE t ALTER c TYPE timestamptz USING c::date::timestamptz", 3, 0},
    {"ALTER TABLE t ALTER c TYPE text USING c::bool::text", 3, 0},
    {"ALTER TABLE t ALTER c RESTART", 2, 0},
    {"ALTER TABLE t ALTER c SET GENERATED ALWAYS SET INCREMENT 2", 0, 0},
    {"REFRESH MATERIALIZED VIEW v WITH NO DATA", 1, 0},
    {"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", 2, N | P},
    {"CREATE TABLE x () INHERITS (cmig_audit)", 3, P},
    {"CREATE VIEW v AS SELECT * FROM public.cmig_audit a WHERE id > 3", 3, P},
    {"CREATE VIEW v AS SELECT event, count(*) FROM cmig_audit GROUP BY event", 0, 0},
    {"CREATE VIEW v AS SELECT count(*) FROM cmig_audit", 0, 0},
    {"CREATE TABLE x (LIKE cmig_audit); ALTER TABLE x INHERIT cmig_audit", 3, P},
    {"DELETE FROM t WHERE id IS NOT DISTINCT FROM id", 3, 0},
    {"CREATE INDEX ON t (own(c))", 2, O},
    {"CREATE INDEX ON t (c) WHERE own(c)", 2, O},
    {"CREATE INDEX ON t (lower(c))", 0, 0},
    {"ALTER DOMAIN d ADD CHECK (own(value))", 2, O},
    {"ALTER DOMAIN d ADD CHECK (own(value)) NOT VALID", 0, 0},
    {"CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION own()", 2, O},
    {"ALTER TABLE t ALTER c TYPE int USING length(c)", 3, 0},
    {"ALTER TABLE t DROP CONSTRAINT c", 2, 0},
    {"ALTER TABLE t ALTER c DROP NOT NULL", 1, 0},
    {"ALTER DOMAIN d DROP CONSTRAINT c", 2, 0},
    {"ALTER DOMAIN d DROP NOT NULL", 1, 0},
    {"ALTER DOMAIN d ADD CHECK (value > 0)", 0, 0},
    {"ALTER TABLE t ALTER c DROP EXPRESSION", 1, 0},
    {"ALTER TABLE t ALTER c DROP IDENTITY", 2, 0},
    {"ALTER TABLE t ALTER c SET GENERATED ALWAYS SET INCREMENT 2 RESTART WITH 1", 2, 0},
    {"ALTER VIEW v SET (security_barrier)", 0, 0},
    {"ALTER VIEW v SET (security_invoker = on, security_barrier = off)", 2, P},
    {"ALTER VIEW v RESET (security_barrier)", 2, P},
    {"ALTER TABLE v SET (fillfactor = 50, autovacuum_enabled = off)", 0, 0},
    {"ALTER TABLE t ALTER c DROP DEFAULT", 1, 0},
    {"ALTER TABLE t ALTER c SET DEFAULT 1", 0, 0},
    {"ALTER TABLE t SET UNLOGGED", 3, 0},
    {"ALTER TABLE t DETACH PARTITION p", 2, 0},
    {"ALTER TABLE t DETACH PARTITION p CONCURRENTLY", 2, N},
    {"ALTER TABLE t DETACH PARTITION p FINALIZE", 2, 0},
    {"ALTER TABLE t DISABLE TRIGGER ALL", 2, P},
    {"ALTER TABLE t DISABLE TRIGGER x", 2, P},
    {"ALTER TABLE t DISABLE RULE x", 2, P},
    {"ALTER TABLE t REPLICA IDENTITY NOTHING", 2, P},
    {"ALTER TABLE t REPLICA IDENTITY FULL", 0, 0},
    {"SET session_replication_role = replica", 2, P},
    {"SET LOCAL event_triggers = off", 2, P},
    {"SELECT set_config('session_replication_role', 'replica', false)", 2, P},
    {"SELECT set_config('search_' || 'path', '', false)", 2, O},
    {"SELECT pg_catalog.set_config('search_path', '', false)", 0, 0},
    {"ALTER TYPE e RENAME VALUE 'a' TO 'b'", 2, 0},
    {"ALTER TYPE e ADD VALUE 'a'", 2, 0},
    {"ALTER SEQUENCE s RESTART", 2, 0},
    {"ALTER SEQUENCE s INCREMENT 2", 0, 0},
    {"SELECT setval('s', 1)", 2, 0},
    {"ALTER TABLE t RENAME TO u", 1, 0},
    {"ALTER TABLE t RENAME c TO d", 1, 0},
    {"ALTER TABLE t SET SCHEMA s", 1, 0},
    {"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", 1, 0},
    {"CREATE OR REPLACE VIEW v AS SELECT 1", 1, 0},
    {"ALTER SYSTEM SET work_mem = 1", 2, N | P},
    {"ALTER DATABASE d SET work_mem = 1", 2, P},
    {"ALTER DATABASE d CONNECTION LIMIT 1", 2, P},
    {"CREATE TABLESPACE s LOCATION '/x'", 2, N | P},
    {"LOAD 'x'", 2, P},
    {"ALTER EXTENSION e UPDATE", 2, P},
    {"ALTER EXTENSION e DROP TABLE t", 2, P},
    {"COPY t TO PROGRAM 'x'", 2, P | O},
    {"COPY t FROM PROGRAM 'x'", 2, P | O},
    {"COPY t TO '/x'", 2, P | O},
    {"COPY t FROM '/x'", 2, P | O},
    {"COPY t FROM stdin;\n1\n\\.\n", 0, 0},
    {"COPY (DELETE FROM t RETURNING *) TO STDOUT", 3, 0},
    {"CALL p()", 2, O},
    {"EXECUTE p", 2, O},
    {"SELECT unknown_function()", 2, O},
    {"SELECT s.lower('x')", 2, O},
    {"SELECT lower('x'), count(*) FROM t WHERE a = ANY(ARRAY[1]) GROUP BY 1", 0, 0},
    {"SELECT public.uuid_generate_v4()", 0, 0},
    {"UPDATE t SET a = uuid_in(md5(random()::text)::cstring) WHERE a IS NULL", 2, 0},
    {"SELECT pg_backend_pid(), pg_column_compression(a) FROM t", 0, 0},
    {"SELECT pg_terminate_backend(1)", 2, P},
    {"SELECT lo_unlink(1)", 3, 0},
    {"SELECT dblink_exec('x', 'y')", 2, O},
    {"SELECT query_to_xml('x', true, true, '')", 2, O},
    {"SELECT pg_create_logical_replication_slot('a', 'b')", 2, P},
    {"CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM u", 3, O},
    {"CREATE TRIGGER x AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION f()", 0, 0},
    {"EXPLAIN DELETE FROM t", 0, 0},
    {"EXPLAIN ANALYZE DELETE FROM t", 3, 0},
    {"EXPLAIN (ANALYZE false, ANALYZE) DELETE FROM t", 3, 0},
    {"VACUUM", 0, N},
    {"VACUUM FULL t", 0, N},
    {"CREATE INDEX CONCURRENTLY i ON t (a)", 0, N},
    {"CREATE TABLE t (a int DEFAULT unknown_function(), CHECK (g(a)))", 0, 0},
    {"ALTER TABLE t ADD c int DEFAULT unknown_function()", 2, O},
    {"CREATE VIEW v AS SELECT unknown_function()", 0, 0},
    {"COMMENT ON TABLE t IS 'x'", 0, 0},
    {"CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\"", 0, 0},
    {"CREATE EXTENSION pgcrypto WITH SCHEMA x CASCADE", 0, 0},
    {"CREATE EXTENSION postgis; CREATE EXTENSION pg_trgm; CREATE EXTENSION vector", 0, 0},
    {"CREATE EXTENSION mystery", 2, O},
    {"CREATE EXTENSION IF NOT EXISTS mystery", 2, O},
    {"SET LOCAL lock_timeout = 1", 0, 0},
    {"DELETE FROM pg_class WHERE oid = 1", 4, O | P},
    {"INSERT INTO pg_catalog.pg_auth_members VALUES (1, 2, 3)", 4, O | P},
    {"UPDATE pg_settings SET setting = 'a' WHERE name = 'search_path'", 2, O},
    {"BEGIN", 0, 0},
};

START_TEST(statements_have_levels)
{
    check_case(&plain[_i]);
}
END_TEST

/* --- What hides --- */

#define WIPE "CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM t; SELECT 1';"

static const Case hidden[] = {
    {"WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", 3, 0},
    {"SELECT 1 UNION (WITH x AS (SELECT 1) SELECT * FROM x)", 0, 0},
    {"INSERT INTO u WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", 3, 0},
    {"CREATE TABLE u AS WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x", 3, 0},
    {"WITH a AS (WITH b AS (TABLE c) SELECT * FROM b), d AS (DELETE FROM t) SELECT 1", 3, 0},
    {"dRoP/* x */tAbLe -- y\n\"T\"", 3, 0},
    {"DO $$ BEGIN DROP TABLE t; END $$", 3, 0},
    {"DO LANGUAGE plpgsql 'BEGIN DROP TABLE t; END'", 3, 0},
    {"DO $$ BEGIN IF true THEN DELETE FROM t; END IF; END $$", 3, 0},
    {"DO $$ DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP TRUNCATE t; END LOOP; END $$", 3, 0},
    {"DO $$ BEGIN NULL; EXCEPTION WHEN others THEN DROP TABLE t; END $$", 3, 0},
    {"DO $$ BEGIN EXECUTE 'DROP TABLE t'; END $$", 3, 0},
    {"DO $$ BEGIN EXECUTE 'DROP TA' || 'BLE t'; END $$", 3, O},
    {"DO $$ BEGIN EXECUTE format('TRUNCATE %I', 't'); END $$", 3, O},
    {"DO $$ BEGIN EXECUTE (SELECT q FROM x); END $$", 2, O},
    {"DO $$ BEGIN EXECUTE 'SELECT 1'; END $$", 0, 0},
    {"DO $$ DECLARE x int := 1; BEGIN x := x + 1; RAISE NOTICE '%', x; END $$", 0, 0},
    {"DO $$ DECLARE x int := unknown_function(); BEGIN NULL; END $$", 2, O},
    {"DO $$ DECLARE x int; BEGIN x := unknown_function(); END $$", 2, O},
    {"DO $$ DECLARE a int[]; BEGIN a[lower('x') = 'x'] := unknown_function(); END $$", 2, O},
    {"DO $$ BEGIN PERFORM unknown_function(); END $$", 2, O},
    {"DO $$ BEGIN PERFORM pg_sleep(1); END $$", 0, 0},
    {"DO $$ BEGIN CALL p(); END $$", 2, O},
    {"DO $a$ BEGIN DO $b$ BEGIN DROP TABLE t; END $b$; END $a$", 3, 0},
    {"DO $$ BEGIN EXECUTE 'DO $b$ BEGIN DROP TABLE t; END $b$'; END $$", 3, 0},
    {"DO LANGUAGE plpython3u 'x'", 2, O},
    {"DO $$ DECLARE c CURSOR FOR DELETE FROM t RETURNING a; BEGIN OPEN c; END $$", 2, O},
    {"DO 'garbage'", 2, O},
    {"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE t; END $$", 0, 0},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1'; SELECT f()", 3,
     0},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x', 'y'; SELECT f()", 2, O},
    {"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC DELETE FROM t; SELECT 1; END; SELECT f()", 3, 0},
    {"CREATE FUNCTION f() RETURNS int RETURN 1; SELECT f()", 0, 0},
    {"CREATE PROCEDURE f() LANGUAGE plpgsql AS $$ BEGIN DROP TABLE t; END $$; CALL f()", 3, 0},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1';"
     "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT f()'; SELECT 1 WHERE g() > 1",
     3, 0},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT f() + f()'; SELECT f()", 0, 0},
    {"CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f()", 2, O},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1'; SELECT s.f()", 3,
     O},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1';"
     "CREATE TABLE x (a int DEFAULT f())",
     3, 0},
    {"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
     " $$ BEGIN DELETE FROM a; RETURN NULL; END $$;"
     "CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()",
     3, 0},
    {"CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f(); INSERT INTO u VALUES (1)", 0, 0},
    {"CREATE TABLE t (a int DEFAULT unknown_function())", 0, 0},
    {"CREATE TABLE t (a int DEFAULT unknown_function()); INSERT INTO t DEFAULT VALUES", 2, O},
    {"CREATE TABLE t (a int DEFAULT unknown_function(), b int); INSERT INTO t (b) VALUES (1)", 2,
     O},
    {"CREATE TABLE t (a int DEFAULT unknown_function(), b int); COPY t (b) FROM stdin;\n1\n\\.\n",
     2, O},
    {"CREATE TABLE t (a int, CHECK (unknown_function(a))); INSERT INTO t SELECT 1", 2, O},
    {"CREATE TABLE t (a int DEFAULT unknown_function()); UPDATE t SET a = 1; DELETE FROM t", 0, 0},
    {"CREATE TABLE t (a text DEFAULT nanoid(), b uuid DEFAULT gen_random_uuid(), c serial,"
     " d timestamptz DEFAULT now(), CHECK (length(a) > 0)); INSERT INTO t (a) VALUES ('x')",
     0, 0},
    {"ALTER TABLE t ALTER a SET DEFAULT unknown_function()", 0, 0},
    {"ALTER TABLE t ALTER a SET DEFAULT unknown_function(); INSERT INTO t (b) VALUES (1)", 2, O},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
     "CREATE TABLE t (a int DEFAULT f()); INSERT INTO t DEFAULT VALUES",
     0, 0},
    {"CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f(); INSERT INTO t VALUES (1)", 2, O},
    {"CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f(); INSERT INTO t SELECT 1", 2, O},
    {"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
     "CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f(); INSERT INTO t VALUES (1)",
     0, 0},
    {"CREATE FUNCTION now() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1'; SELECT now()",
     3, 0},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS"
     " $$ BEGIN CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1';"
     " RETURN 1; END $$; SELECT f(); SELECT g()",
     3, 0},
    {"CREATE FUNCTION f(a int DEFAULT lo_unlink(1)) RETURNS int LANGUAGE sql AS 'SELECT 1';"
     "SELECT f()",
     3, 0},
    {"CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1';"
     "CREATE OPERATOR === (FUNCTION = f, LEFTARG = int, RIGHTARG = int)",
     3, 0},
    {"CREATE FUNCTION f(int) RETURNS text LANGUAGE sql AS 'DELETE FROM t RETURNING v';"
     "CREATE CAST (int AS text) WITH FUNCTION f(int)",
     3, 0},
    {WIPE "CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION wipe()", 3, 0},
    {"PREPARE p AS DELETE FROM t", 0, 0},
    {"PREPARE p AS DELETE FROM t; EXECUTE p", 3, 0},
    {"PREPARE p AS DELETE FROM t; EXPLAIN ANALYZE EXECUTE p", 3, 0},
    {"CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT 1", 0, 0},
    {"SELECT pg_catalog.lo_unlink(1)", 3, 0},
    {"SELECT a FROM t ORDER BY unknown_function(a)", 2, O},
    {"CREATE MATERIALIZED VIEW v AS SELECT unknown_function()", 2, O},
    {"EXPLAIN SELECT unknown_function()", 2, O},
    {WIPE "EXPLAIN SELECT wipe()", 3, 0},
    {"PREPARE p AS DELETE FROM t; EXPLAIN EXECUTE p", 0, 0},
    {"EXPLAIN CREATE TABLE t AS SELECT 1; DROP TABLE t", 3, 0},
    {WIPE "CREATE TABLE c (a int); ALTER TABLE p ATTACH PARTITION c FOR VALUES IN (wipe())", 3, 0},
    {"ALTER TABLE p ATTACH PARTITION c FOR VALUES IN (unknown_function())", 2, O},
    {"CREATE TABLE c PARTITION OF p FOR VALUES IN (unknown_function())", 2, O},
    {WIPE "SELECT x.wipe FROM t x", 3, 0},
    {WIPE "SELECT (x).wipe FROM t x", 3, 0},
    {"SELECT x.unknown, (x).other.thing FROM t x", 0, 0},
    {"SELECT x.setval FROM t x", 0, 0},
    {WIPE "DO $$ DECLARE a int[]; BEGIN a[wipe()] := 1; END $$", 3, 0},
    {"INSERT INTO cmig_audit VALUES (1)", 3, P},
    {"INSERT INTO public.\"cmig_audit\" VALUES (1)", 3, P},
    {"INSERT INTO U&\"cmig\\005faudit\" VALUES (1)", 3, P},
    {"UPDATE cmig_audit SET environment = 'development' WHERE id = 1", 3, P},
    {"DELETE FROM cmig_audit WHERE id = 1", 3, P},
    {"COPY cmig_audit FROM stdin;\n1\n\\.\n", 3, P},
    {"ALTER TABLE cmig_audit RENAME TO old", 3, P},
    {"ALTER TABLE cmig_audit SET SCHEMA old", 3, P},
    {"CREATE RULE r AS ON INSERT TO cmig_audit DO INSTEAD NOTHING", 3, P | O},
    {"CREATE TRIGGER x AFTER INSERT ON cmig_audit FOR EACH ROW EXECUTE FUNCTION f()", 3, P},
    {"CREATE TABLE cmig_audit (a int)", 3, P},
    {"CREATE TABLE IF NOT EXISTS s.cmig_audit AS SELECT 1 AS a", 3, P},
    {"SELECT 1 AS a INTO cmig_audit", 3, P},
    {"CREATE VIEW cmig_audit AS SELECT 1", 3, P},
    {"ALTER TABLE forged RENAME TO cmig_audit", 3, P},
    {"CREATE TABLE forged (a int); ALTER TABLE forged RENAME TO cmig_audit", 3, P},
    {"CREATE INDEX ON cmig_audit (event); COMMENT ON TABLE cmig_audit IS 'x'", 0, 0},
};

START_TEST(nothing_hides)
{
    check_case(&hidden[_i]);
}
END_TEST

/* --- What the grammar of 15 does not know --- */

static const Case newer[] = {
    {"ALTER TABLE t ADD CONSTRAINT n NOT NULL c NOT VALID", 2, O},
    {"ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED", 2, O},
    {"ALTER TABLE t ALTER CONSTRAINT c NO INHERIT", 2, O},
    {"ALTER TABLE t ALTER c SET EXPRESSION AS (a + 1)", 2, O},
    {"ALTER TABLE t ADD c int GENERATED ALWAYS AS (a) VIRTUAL", 2, O},
    {"CREATE TABLE t (a int4range, PRIMARY KEY (a WITHOUT OVERLAPS))", 2, O},
    {"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE RETURNING *", 3, O},
    {"MERGE INTO t USING u ON t.a = u.a WHEN NOT MATCHED BY SOURCE THEN DELETE", 3, O},
    {"VACUUM ONLY t", 2, N | O},
    {"SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a int PATH '$'))", 2, O},
    {"SELECT * FROM (SELECT 1)", 2, O},
    {"SELECT 1_000, 0xff", 2, O},
    {"CREATE TABLE t (a text STORAGE main)", 2, O},
    {"ALTER TABLE t SET ACCESS METHOD DEFAULT", 2, O},
    {"REINDEX DATABASE", 2, N | O},
    {"CREATE STATISTICS ON a, b FROM t", 2, O},
    {"GRANT a TO b WITH INHERIT FALSE", 2, O},
    {"ALTER TABLE t SPLIT PARTITION p INTO (PARTITION a FOR VALUES IN (1))", 2, O},
    {"ALTER TABLE t MERGE PARTITIONS (a, b) INTO c", 3, O},
    {"REPACK t", 2, O},
    {"garbage", 2, O},
    {"DROP garbage", 3, O},
    {"SELECT )", 2, O},
    {"DELETE FROM t RETURNING old.*", 3, 0},
};

START_TEST(what_is_not_understood_is_opaque)
{
    check_case(&newer[_i]);
}
END_TEST

/* --- The memory of a plan --- */

static const Case memory[] = {
    {"CREATE TABLE t (a int); DROP TABLE t", 0, 0},
    {"CREATE TABLE t (a int); DROP TABLE t CASCADE", 0, K},
    {"CREATE TABLE t (a int); DROP TABLE t; DROP TABLE t", 3, 0},
    {"CREATE TABLE s.t (a int); DROP TABLE t", 3, 0},
    {"CREATE TABLE t (a int); DROP TABLE s.t", 3, 0},
    {"CREATE TABLE IF NOT EXISTS t (a int); DROP TABLE t", 3, 0},
    {"CREATE TABLE t (a int); DELETE FROM t; TRUNCATE t; UPDATE t SET a = 1", 0, 0},
    {"CREATE TABLE t (a int); ALTER TABLE t DROP a; ALTER TABLE t OWNER TO r", 0, 0},
    {"CREATE TABLE t AS SELECT 1; DROP TABLE t", 0, 0},
    {"SELECT 1 AS a INTO t; DROP TABLE t", 0, 0},
    {"CREATE TABLE t (a int); ALTER TABLE t RENAME TO u; DROP TABLE u", 0, 0},
    {"CREATE TABLE t (a int); ALTER TABLE t RENAME TO u; DROP TABLE t", 3, 0},
    {"CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA s; DROP TABLE s.t", 0, 0},
    {"ALTER TABLE t RENAME TO u; CREATE TABLE t (a int); DROP TABLE u", 3, 0},
    {"CREATE TEMP TABLE t (a int); DROP TABLE t", 0, 0},
    {"CREATE TEMP TABLE t (a int) ON COMMIT DROP; DROP TABLE t", 3, 0},
    {"DROP TABLE pg_temp.t", 0, 0},
    {"ALTER TABLE t ADD c int; ALTER TABLE t DROP c", 0, 0},
    {"ALTER TABLE t ADD c int; ALTER TABLE t ALTER c TYPE text USING c || ''", 0, 0},
    {"ALTER TABLE t ADD c int; UPDATE t SET c = 1", 0, 0},
    {"ALTER TABLE t ADD c int; UPDATE t SET c = 1, d = 2", 3, 0},
    {"ALTER TABLE t ADD IF NOT EXISTS c int; ALTER TABLE t DROP c", 3, 0},
    {"ALTER TABLE t ADD c int; ALTER TABLE t RENAME c TO d; ALTER TABLE t DROP d", 0, 0},
    {"ALTER TABLE t ADD c int; ALTER TABLE t DROP CONSTRAINT c", 2, 0},
    {"ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0); ALTER TABLE t DROP CONSTRAINT c", 0, 0},
    {"CREATE VIEW v AS SELECT 1; DROP VIEW v", 0, 0},
    {"CREATE VIEW v AS SELECT * FROM t; DELETE FROM v", 3, 0},
    {"CREATE INDEX i ON s.t (a); DROP INDEX s.i", 0, 0},
    {"CREATE SEQUENCE s; DROP SEQUENCE s", 0, 0},
    {"CREATE SCHEMA s; DROP SCHEMA s", 0, 0},
    {"CREATE SCHEMA s; CREATE TABLE s.t (a int); DROP TABLE s.t; DROP SCHEMA s CASCADE", 0, K},
    {"CREATE SCHEMA IF NOT EXISTS s; DROP SCHEMA s", 4, 0},
    {"CREATE SCHEMA s; ALTER TABLE t SET SCHEMA s; DROP SCHEMA s CASCADE", 4, K},
    {"CREATE SCHEMA s CREATE TABLE t (a int); DROP TABLE s.t", 0, 0},
    {"CREATE TYPE e AS ENUM ('a'); DROP TYPE e", 0, 0},
    {"CREATE TYPE e AS ENUM ('a'); ALTER TABLE t ALTER c TYPE e; DROP TYPE e CASCADE", 3, K},
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(int)", 0, 0},
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(text)", 1, 0},
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f", 0, 0},
    {"CREATE TRIGGER x AFTER DELETE ON t EXECUTE FUNCTION f(); DROP TRIGGER x ON t", 0, 0},
    {"CREATE POLICY p ON t; DROP POLICY p ON t", 0, P},
    /* What was there before does not become the plan's. */
    {"CREATE TABLE t (a int); ROLLBACK; DROP TABLE t", 3, 0},
    {"SAVEPOINT a; CREATE TABLE t (a int); ROLLBACK TO a; DROP TABLE t", 3, 0},
    {"CREATE TABLE t (a int); SET search_path = b; DROP TABLE t", 3, 0},
    {"CREATE TABLE a.t (a int); SET search_path = b; DROP TABLE a.t", 0, 0},
    {"CREATE TABLE t (a int); SELECT set_config('search_path', 'b', true); DROP TABLE t", 3, 0},
    {"CREATE TABLE t (a int); SET ROLE x; DROP TABLE t", 3, P},
    {"DO $$ BEGIN IF false THEN CREATE TABLE t (a int); END IF; END $$; DROP TABLE t", 3, 0},
    {"CREATE TABLE t (a int); DO $$ BEGIN ALTER TABLE t RENAME TO x;"
     " ALTER TABLE old RENAME TO t; END $$; DROP TABLE t",
     3, 0},
    {"CREATE TABLE t (a int); SELECT unknown_function(); DROP TABLE t", 3, O},
    {"CREATE TABLE t (a int); REPACK x; DROP TABLE t", 3, O},
    {"CREATE TABLE p (a int) PARTITION BY LIST (a); ALTER TABLE p ATTACH PARTITION old DEFAULT;"
     "DROP TABLE p",
     3, 0},
    {"CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE q (a int);"
     "ALTER TABLE p ATTACH PARTITION q DEFAULT; DROP TABLE p",
     0, 0},
    {"CREATE TABLE p (a int); ALTER TABLE old INHERIT p; DELETE FROM p", 3, 0},
    {"CREATE TABLE p (a int PRIMARY KEY);"
     "ALTER TABLE old ADD FOREIGN KEY (a) REFERENCES p ON DELETE CASCADE; DELETE FROM p",
     3, 0},
    {"CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE q (a int REFERENCES p); DELETE FROM p", 0,
     0},
    {"CREATE TABLE t (a int); ALTER SEQUENCE old OWNED BY t.a; DROP TABLE t", 3, 0},
    /* A routine of the plan may find other objects, and another routine may have its name. */
    {"CREATE TABLE t (a int);"
     "CREATE PROCEDURE x() LANGUAGE sql SET search_path = s AS 'DROP TABLE t'; CALL x()",
     3, 0},
    {"CREATE TABLE t (a int);"
     "CREATE PROCEDURE x() LANGUAGE sql SECURITY DEFINER AS 'DROP TABLE t'; CALL x()",
     3, 0},
    {"CREATE TABLE t (a int); CREATE PROCEDURE y() LANGUAGE sql AS 'DROP TABLE t';"
     "CREATE PROCEDURE x() LANGUAGE sql SET search_path = s AS 'CALL y()'; CALL x()",
     3, 0},
    {"CREATE TABLE t (a int); CREATE FUNCTION y() RETURNS int LANGUAGE sql AS 'DROP TABLE t';"
     "CREATE FUNCTION x() RETURNS int LANGUAGE sql SET search_path = s AS 'SELECT y()';"
     "SELECT y(), x()",
     3, 0},
    {"CREATE TABLE t (a int);"
     "CREATE PROCEDURE x() LANGUAGE sql SECURITY INVOKER AS 'DROP TABLE t'; CALL x()",
     0, 0},
    {"CREATE TABLE u.k (a int); CREATE TABLE t (a int);"
     "CREATE PROCEDURE x() LANGUAGE sql SET search_path = s AS 'DROP TABLE u.k'; CALL x();"
     "DROP TABLE t",
     0, 0},
    {"CREATE PROCEDURE x() LANGUAGE sql SET role = r AS 'SELECT 1'; CALL x()", 2, P},
    {"CREATE PROCEDURE x() LANGUAGE sql AS 'SELECT 1'; ALTER PROCEDURE x() SET search_path = s;"
     "CALL x()",
     2, O},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f() COST 3;"
     "SELECT f()",
     1, 0},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f() RENAME TO g;"
     "ALTER FUNCTION old() RENAME TO f; SELECT f()",
     2, O},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(); SELECT f()", 2,
     O},
    /* An overload that was there before may be meant. */
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f()", 2, O},
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1)", 0, 0},
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f('x'::text)", 2, O},
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1, 2)", 2, O},
    {"CREATE FUNCTION f(int, text DEFAULT NULL) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT "
     "f(1)",
     0, 0},
    {"CREATE FUNCTION f(int, text DEFAULT NULL) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT "
     "f(1, a)",
     0, 0},
    {"CREATE FUNCTION f(int, text DEFAULT NULL) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f()",
     2, O},
    {"CREATE FUNCTION f(VARIADIC int[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1, 2, 3)",
     0, 0},
    {"CREATE FUNCTION f(VARIADIC int[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(VARIADIC "
     "ARRAY[1])",
     0, 0},
    {"CREATE FUNCTION f(int, VARIADIC int[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1)",
     2, O},
    {"CREATE FUNCTION f(int, OUT text) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1)", 0, 0},
    {"CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(b => 1, a "
     "=> 2)",
     0, 0},
    {"CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f('x')", 0, 0},
    {"CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1)", 2, O},
    {"CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(a)", 0, 0},
    {"CREATE FUNCTION f(bigint) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1::int)", 0, 0},
    {"CREATE FUNCTION f(date) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(now()::timestamp)",
     0, 0},
    {"CREATE FUNCTION f(bool) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(true)", 0, 0},
    {"CREATE FUNCTION f(jsonb) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f('{}'::json)", 0, 0},
    {"CREATE FUNCTION f(int[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(ARRAY[1])", 0, 0},
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1), f()", 2, O},
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
     "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1), f()",
     0, 0},
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1'; SELECT f()",
     3, O},
    {"CREATE PROCEDURE f(int) LANGUAGE sql AS 'SELECT 1'; CALL f()", 2, O},
    {"CREATE PROCEDURE f(OUT a int) LANGUAGE sql AS 'SELECT 1'; CALL f(NULL)", 0, 0},
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
     "CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f(); INSERT INTO t VALUES (1)",
     2, O},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SET search_path = s; SELECT f()",
     2, O},
    {"CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SET search_path = s;"
     "SELECT s.f()",
     0, 0},
    {"SET search_path = s; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f()",
     0, 0},
    /* Old rows go with what they hang on, with its schema, and with what that hangs on. */
    {"CREATE SCHEMA s; CREATE TABLE s.p (a int); ALTER TABLE old INHERIT s.p;"
     "DROP SCHEMA s CASCADE",
     4, K},
    {"CREATE SCHEMA s; CREATE TYPE s.e AS ENUM ('a'); ALTER TABLE t ALTER c TYPE s.e;"
     "DROP SCHEMA s CASCADE",
     4, K},
    {"CREATE SCHEMA s; ALTER TABLE t ALTER c TYPE text COLLATE s.c; DROP SCHEMA s CASCADE", 4, K},
    {"CREATE SCHEMA s; ALTER TABLE t ALTER c TYPE e; DROP SCHEMA s CASCADE", 4, K},
    {"CREATE SCHEMA s; CREATE TABLE s.p (a int); ALTER TABLE old ADD c int REFERENCES x.p;"
     "DROP SCHEMA s CASCADE",
     0, K},
    {"CREATE SCHEMA s; CREATE TABLE s.p (a int); CREATE TABLE s.q () INHERITS (s.p);"
     "DROP SCHEMA s CASCADE",
     0, K},
    {"CREATE EXTENSION hstore; ALTER TABLE t ALTER c TYPE e; DROP EXTENSION hstore CASCADE", 3, K},
    {"CREATE TABLE p (a int); CREATE TABLE q () INHERITS (p); ALTER TABLE old INHERIT q;"
     "DELETE FROM p",
     3, 0},
    {"CREATE TABLE p (a int) PARTITION BY LIST (a);"
     "CREATE TABLE q PARTITION OF p DEFAULT PARTITION BY LIST (a);"
     "ALTER TABLE q ATTACH PARTITION old DEFAULT; DROP TABLE p",
     3, 0},
    {"CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE q (a int PRIMARY KEY REFERENCES p);"
     "ALTER TABLE old ADD FOREIGN KEY (a) REFERENCES q ON DELETE CASCADE; DELETE FROM p",
     3, 0},
    {"CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE q (a int REFERENCES p);"
     "ALTER TABLE old ADD FOREIGN KEY (a) REFERENCES x; DELETE FROM p",
     0, 0},
    {"BEGIN; SET LOCAL search_path = a; CREATE TABLE t (a int); COMMIT; DROP TABLE t", 3, 0},
    {"CREATE TEMP TABLE t (a int); DROP TABLE pg_temp.t; DROP TABLE t", 3, 0},
    {"CREATE TABLE t (a int); DROP TABLE public.t; DROP TABLE t", 3, 0},
    {"CREATE TABLE public.t (a int); ALTER TABLE t RENAME TO x; ALTER TABLE old RENAME TO t;"
     "DROP TABLE public.t",
     3, 0},
    {"CREATE TABLE t (a int); ALTER TABLE b.old RENAME TO t; DROP TABLE t", 3, 0},
    {"CREATE TABLE t (a int); ALTER TABLE b.t SET SCHEMA a; DROP TABLE t", 3, 0},
    {"CREATE TABLE t (a int); ALTER SCHEMA b RENAME TO a; DROP TABLE t", 3, 0},
    {"ALTER TABLE t ADD c int; ALTER TABLE public.t RENAME c TO d;"
     "ALTER TABLE public.t RENAME old TO c; ALTER TABLE t DROP c",
     3, 0},
    {"CREATE SCHEMA x; CREATE TABLE t (a int); DROP SCHEMA x CASCADE; DROP TABLE t", 3, K},
    {"CREATE SCHEMA x; CREATE DOMAIN x.d AS text; ALTER TABLE t ALTER c TYPE x.d;"
     "DROP SCHEMA x CASCADE",
     4, K},
    {"CREATE SCHEMA x; SET search_path = x; CREATE DOMAIN d AS text;"
     "ALTER TABLE p.t ALTER c TYPE d; DROP SCHEMA x CASCADE",
     4, K},
    {"CREATE SCHEMA x; CREATE TABLE x.p (a int); CREATE TABLE b (a int);"
     "ALTER TABLE old ADD c int REFERENCES x.p; UPDATE b SET a = 1; DROP TABLE b",
     0, 0},
    {"ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX old; ALTER TABLE t DROP CONSTRAINT c", 2,
     0},
    {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
     "CREATE TABLE p (a int) PARTITION BY LIST (f(a));"
     "ALTER TABLE p ATTACH PARTITION old DEFAULT; DROP FUNCTION f(int) CASCADE",
     3, K},
    {"CREATE EXTENSION citext; DROP EXTENSION citext", 0, 0},
    {"CREATE EXTENSION lo; ALTER EXTENSION lo ADD TABLE old; DROP EXTENSION lo", 3, 0},
    {"CREATE FOREIGN TABLE f (a int) SERVER s; DELETE FROM f", 3, 0},
    {"CREATE TABLE p (a int) PARTITION BY LIST (a);"
     "CREATE FOREIGN TABLE f PARTITION OF p DEFAULT SERVER s; DELETE FROM p",
     3, 0},
    {"CREATE TABLE p (a int); CREATE FOREIGN TABLE IF NOT EXISTS f () INHERITS (p) SERVER s;"
     "DELETE FROM p",
     3, 0},
    {"CREATE TABLE n (a int); ALTER TABLE t RENAME TO old; ALTER TABLE n RENAME TO t;"
     "DROP TABLE old",
     3, 0},
    {"CREATE TABLE n (a int); ALTER TABLE t RENAME TO x; ALTER TABLE n RENAME TO t;"
     "ALTER TABLE x RENAME TO n; DELETE FROM t; DROP TABLE n",
     3, 0},
    {"CREATE TABLE n (a int); ALTER TABLE t RENAME TO x; ALTER TABLE n RENAME TO t; DELETE FROM t",
     1, 0},
    {"CREATE TABLE t (a int); DROP TABLE t; CREATE TABLE t (a int); DROP TABLE t", 0, 0},
    {"CREATE TABLE t (a int); CREATE TEMP TABLE t (a int); DROP TABLE t; DROP TABLE t", 3, 0},
    {"CREATE TEMP TABLE t (a int); DROP TABLE t; TRUNCATE t", 3, 0},
    {"CREATE TABLE t (a int); SAVEPOINT s; DROP TABLE t; ROLLBACK TO s; DROP TABLE t", 3, 0},
    {"ALTER TABLE p ADD n int; ALTER TABLE old INHERIT p; UPDATE p SET n = 1", 3, 0},
};

START_TEST(a_plan_remembers_what_it_made)
{
    check_case(&memory[_i]);
}
END_TEST

/* The schema of the version table. */
START_TEST(its_own_schema_stays)
{
    static const Case tests[] = {
        {"ALTER SCHEMA home RENAME TO x", 3, P},
        {"CREATE SCHEMA forged; ALTER SCHEMA forged RENAME TO home", 3, P},
        {"DO $$ BEGIN ALTER SCHEMA home RENAME TO x; END $$", 3, P},
        {"ALTER SCHEMA other RENAME TO x", 1, 0},
        {"ALTER TABLE home RENAME TO x", 1, 0},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(tests); idx++) {
        g_autoptr(CmigJudge) judge = cmig_judge_new_postgresql("home");
        g_autoptr(GPtrArray) facts = judge_next(judge, tests[idx].text);
        CmigLevel level;
        guint flags;
        sum(facts, &level, &flags);
        ck_assert_msg(level == tests[idx].level && flags == tests[idx].flags, "%s: %d, %u",
                      tests[idx].text, (int)level, flags);
    }
}
END_TEST

START_TEST(memory_lasts_over_sections)
{
    static const struct {
        const char *first;
        Case second;
    } tests[] = {
        {"CREATE TABLE t (a int)", {"DROP TABLE t", 0, 0}},
        {"CREATE TEMP TABLE t (a int)", {"DROP TABLE t", 3, 0}},
        {"SET LOCAL search_path = a; CREATE TABLE t (a int)", {"DROP TABLE t", 3, 0}},
        {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1'",
         {"SELECT f()", 3, 0}},
        {"CREATE TABLE t (a int)", {"INSERT INTO t VALUES (1)", 0, 0}},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(tests); idx++) {
        g_autoptr(CmigJudge) judge = cmig_judge_new_postgresql(NULL);
        g_autoptr(GPtrArray) first = judge_next(judge, tests[idx].first);
        g_autoptr(GPtrArray) second = judge_next(judge, tests[idx].second.text);
        CmigLevel level;
        guint flags;
        sum(second, &level, &flags);
        ck_assert_msg(level == tests[idx].second.level && flags == tests[idx].second.flags,
                      "%s; %s: %d, %u", tests[idx].first, tests[idx].second.text, (int)level,
                      flags);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql facts");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, statements_have_levels, 0, G_N_ELEMENTS(plain));
    tcase_add_loop_test(all, nothing_hides, 0, G_N_ELEMENTS(hidden));
    tcase_add_loop_test(all, what_is_not_understood_is_opaque, 0, G_N_ELEMENTS(newer));
    tcase_add_loop_test(all, a_plan_remembers_what_it_made, 0, G_N_ELEMENTS(memory));
    tcase_add_test(all, its_own_schema_stays);
    tcase_add_test(all, memory_lasts_over_sections);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
