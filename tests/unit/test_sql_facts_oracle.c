/* The judge against a server: statements run in a transaction, and what was in the database before
 * and is not there behind them must have been foretold by the level. Nothing may be rated lower
 * than what it does. */
#include "cmig/facts.h"
#include "db_fixture.h"

/* What there is, one row for each thing that can be lost or changed. */
static const char *const database =
    "CREATE SCHEMA s; CREATE SCHEMA empty;"
    "CREATE TABLE p (id int PRIMARY KEY, v text NOT NULL DEFAULT 'x', n int,"
    " CONSTRAINT positive CHECK (id > 0), CONSTRAINT single UNIQUE (n));"
    "CREATE TABLE c (id serial PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE, t text);"
    "CREATE TABLE s.t (id int, v text); CREATE TABLE t (id int, v text);"
    "CREATE TABLE part (a int, b text) PARTITION BY LIST (a);"
    "CREATE TABLE part1 PARTITION OF part FOR VALUES IN (1);"
    "CREATE TABLE loose (a int, b text); CREATE TABLE refers (id int);"
    "INSERT INTO p SELECT i, 'v' || i, i FROM generate_series(1, 5) i;"
    "INSERT INTO c (p, t) SELECT i, 't' FROM generate_series(1, 5) i;"
    "INSERT INTO s.t SELECT i, 'a' FROM generate_series(1, 3) i; INSERT INTO t TABLE s.t;"
    "INSERT INTO part VALUES (1, 'x'); INSERT INTO loose VALUES (2, 'x');"
    "INSERT INTO refers VALUES (7);"
    "CREATE INDEX c_t ON c (t); CREATE VIEW v AS SELECT id, v FROM p;"
    "CREATE VIEW every AS TABLE t; CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM p;"
    "CREATE SEQUENCE q; CREATE TYPE e AS ENUM ('a', 'b'); CREATE DOMAIN d AS int CHECK (value > 0);"
    "CREATE TABLE typed (e e, d d, g int GENERATED ALWAYS AS IDENTITY);"
    "INSERT INTO typed VALUES ('a', 1);"
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    "CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM public.t RETURNING 1';"
    "CREATE FUNCTION dynamic(q text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE q; END';"
    "CREATE FUNCTION outer_wipe(int) RETURNS int LANGUAGE plpgsql IMMUTABLE"
    " AS 'BEGIN RETURN wipe(); END';"
    "CREATE FUNCTION place(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';"
    "CREATE TABLE placed (a int) PARTITION BY LIST (place(a));"
    "CREATE PROCEDURE proc() LANGUAGE sql AS 'DELETE FROM public.t';"
    "CREATE OPERATOR CLASS ints FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=,"
    " OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);"
    "CREATE TABLE by_class (a int) PARTITION BY RANGE (a ints);"
    "CREATE VIEW safe WITH (security_barrier) AS TABLE t; CREATE UNIQUE INDEX loose_a ON loose (a);"
    "CREATE TRIGGER g BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION f();"
    "CREATE RULE r AS ON DELETE TO s.t DO ALSO SELECT 1; CREATE POLICY y ON p;"
    "CREATE POLICY seen ON loose USING (EXISTS (SELECT FROM every));"
    "ALTER TABLE p ENABLE ROW LEVEL SECURITY; GRANT SELECT ON p TO PUBLIC;"
    "CREATE SCHEMA oracle;";

/* `kind identity` and a value. */
static const char *const snapshot_function =
    "CREATE FUNCTION oracle.snapshot() RETURNS TABLE (k text, val text) LANGUAGE plpgsql"
    " SECURITY DEFINER SET search_path = pg_catalog SET row_security = off AS $f$"
    "DECLARE r record; total bigint; sum text; BEGIN "
    "FOR r IN SELECT c.oid, c.oid::regclass AS name, a.attnum, a.attname FROM pg_class c"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " WHERE c.relkind = 'r' AND c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname"
    " ~ '^pg_' OR nspname IN ('information_schema', 'oracle')) LOOP"
    " EXECUTE format('SELECT count(*), md5(string_agg(%1$I::text, '','' ORDER BY %1$I::text"
    " COLLATE \"C\")) FROM ONLY %2$s', r.attname, r.name) INTO total, sum;"
    " RETURN QUERY VALUES ('rows ' || r.oid, total::text),"
    " (format('data %s %s', r.oid, r.attnum), sum); END LOOP;"
    "RETURN QUERY SELECT 'schema ' || oid, nspname::text FROM pg_namespace WHERE nspname !~ '^pg_'"
    " UNION ALL SELECT CASE relkind WHEN 'r' THEN 'table ' WHEN 'p' THEN 'table '"
    " WHEN 'S' THEN 'sequence ' WHEN 'i' THEN 'index ' ELSE 'view ' END || oid, NULL"
    " FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p', 'S', 'i', 'v', 'm')"
    " AND relpersistence <> 't'"
    " UNION ALL SELECT 'name ' || oid, oid::regclass::text FROM pg_class WHERE oid >= 16384"
    " AND relkind <> 't'"
    " UNION ALL SELECT 'owner ' || oid, relowner::text FROM pg_class WHERE oid >= 16384"
    " UNION ALL SELECT 'logged ' || oid, NULL FROM pg_class WHERE oid >= 16384 AND relkind = 'r'"
    " AND relpersistence <> 'u'"
    " UNION ALL SELECT 'rls ' || oid, NULL FROM pg_class WHERE relrowsecurity"
    " UNION ALL SELECT 'barrier ' || oid, NULL FROM pg_class"
    " WHERE 'security_barrier=true' = ANY (reloptions)"
    " UNION ALL SELECT 'counter ' || seqrelid, pg_sequence_last_value(seqrelid)::text"
    " FROM pg_sequence"
    " UNION ALL SELECT 'definition ' || oid, pg_get_viewdef(oid) FROM pg_class WHERE oid >= 16384"
    " AND relkind IN ('v', 'm')"
    " UNION ALL SELECT format('column %s %s', attrelid, attnum), NULL FROM pg_attribute"
    " JOIN pg_class c ON c.oid = attrelid WHERE c.oid >= 16384 AND relkind IN ('r', 'p')"
    " AND attnum > 0 AND NOT attisdropped"
    " UNION ALL SELECT format('name %s %s', attrelid, attnum), attname::text FROM pg_attribute"
    " JOIN pg_class c ON c.oid = attrelid WHERE c.oid >= 16384 AND relkind IN ('r', 'p')"
    " AND attnum > 0 AND NOT attisdropped"
    " UNION ALL SELECT format('notnull %s %s', attrelid, attnum), NULL FROM pg_attribute"
    " WHERE attrelid >= 16384 AND attnotnull AND NOT attisdropped"
    " UNION ALL SELECT format('default %s %s', adrelid, adnum), NULL FROM pg_attrdef"
    " UNION ALL SELECT format('type %s %s', attrelid, attnum), format('%s %s', atttypid, atttypmod)"
    " FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE c.oid >= 16384"
    " AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped"
    " UNION ALL SELECT 'constraint ' || oid, NULL FROM pg_constraint WHERE oid >= 16384"
    " UNION ALL SELECT 'trigger ' || oid, NULL FROM pg_trigger WHERE tgenabled <> 'D'"
    " UNION ALL SELECT 'policy ' || oid, polroles::text || coalesce(polqual::text, '')"
    " FROM pg_policy"
    " UNION ALL SELECT 'rule ' || oid, NULL FROM pg_rewrite WHERE oid >= 16384"
    " AND rulename <> '_RETURN' AND ev_enabled <> 'D'"
    " UNION ALL SELECT 'partition ' || inhrelid, NULL FROM pg_inherits"
    " UNION ALL SELECT 'function ' || oid, prosrc FROM pg_proc WHERE oid >= 16384"
    " UNION ALL SELECT 'object ' || oid, typname::text FROM pg_type WHERE oid >= 16384"
    " AND typtype IN ('e', 'd')"
    " UNION ALL SELECT format('label %s %s', enumtypid, enumlabel), NULL FROM pg_enum"
    " UNION ALL SELECT format('acl %s %s %s', c.oid, x.grantee, x.privilege_type), NULL"
    " FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid >= 16384 AND c.relkind = 'r'; "
    "END $f$";

/* How bad it is that something is no longer there, and that its value is another one. */
static const struct {
    const char *kind;
    CmigLevel gone;
    CmigLevel changed;
} kinds[] = {
    {"schema", CMIG_LEVEL_UNBOUNDED, CMIG_LEVEL_DEFINITION},
    {"table", CMIG_LEVEL_DATA, 0},
    {"column", CMIG_LEVEL_DATA, 0},
    {"logged", CMIG_LEVEL_DATA, 0},
    {"rows", 0, CMIG_LEVEL_WEAKER}, /* they are fewer */
    {"data", 0, CMIG_LEVEL_WEAKER},
    {"type", 0, CMIG_LEVEL_WEAKER},
    {"owner", 0, CMIG_LEVEL_WEAKER},
    {"rls", CMIG_LEVEL_WEAKER, 0},
    {"barrier", CMIG_LEVEL_WEAKER, 0},
    {"counter", 0, CMIG_LEVEL_WEAKER}, /* it is lower */
    {"sequence", CMIG_LEVEL_WEAKER, 0},
    {"constraint", CMIG_LEVEL_WEAKER, 0},
    {"trigger", CMIG_LEVEL_WEAKER, 0},
    {"policy", CMIG_LEVEL_WEAKER, CMIG_LEVEL_WEAKER},
    {"rule", CMIG_LEVEL_WEAKER, 0},
    {"partition", CMIG_LEVEL_WEAKER, 0},
    {"label", CMIG_LEVEL_WEAKER, 0},
    {"acl", CMIG_LEVEL_WEAKER, 0},
    {"index", CMIG_LEVEL_DEFINITION, 0},
    {"view", CMIG_LEVEL_DEFINITION, 0},
    {"definition", CMIG_LEVEL_DEFINITION, CMIG_LEVEL_DEFINITION},
    {"function", CMIG_LEVEL_DEFINITION, CMIG_LEVEL_DEFINITION},
    {"object", CMIG_LEVEL_DEFINITION, CMIG_LEVEL_DEFINITION},
    {"notnull", CMIG_LEVEL_DEFINITION, 0},
    {"default", CMIG_LEVEL_DEFINITION, 0},
    {"name", 0, CMIG_LEVEL_DEFINITION},
};

static PGconn *conn;
static GHashTable *before;

static GHashTable *take_snapshot(void)
{
    GHashTable *things = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    PGresult *result = PQexec(conn, "SELECT * FROM oracle.snapshot()");
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(conn));
    for (int row = 0; row < PQntuples(result); row++)
        g_hash_table_replace(things, g_strdup(PQgetvalue(result, row, 0)),
                             g_strdup(PQgetvalue(result, row, 1)));
    PQclear(result);
    return things;
}

static void setup(void)
{
    fixture_setup(CMIG_DIALECT_POSTGRESQL);
    fixture_execute(database);
    fixture_execute(snapshot_function);
    conn = PQconnectdb(fixture.url.conninfo);
    ck_assert_int_eq(PQstatus(conn), CONNECTION_OK);
    PQsetNoticeProcessor(conn, fixture_ignore_notice, NULL);
    before = take_snapshot();
}

static void teardown(void)
{
    g_clear_pointer(&before, g_hash_table_unref);
    PQfinish(conn);
    fixture_teardown();
}

static gboolean is_number(const char *kind)
{
    return strcmp(kind, "rows") == 0 || strcmp(kind, "counter") == 0;
}

static CmigLevel level_of(const char *thing, const char *was, const char *is)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(kinds); idx++) {
        gsize size = strlen(kinds[idx].kind);
        if (strncmp(thing, kinds[idx].kind, size) != 0 || thing[size] != ' ')
            continue;
        if (is == NULL)
            return kinds[idx].gone;
        gboolean changed = is_number(kinds[idx].kind)
                               ? g_ascii_strtoull(is, NULL, 10) < g_ascii_strtoull(was, NULL, 10)
                               : strcmp(was, is) != 0;
        return changed ? kinds[idx].changed : CMIG_LEVEL_NONE;
    }
    ck_abort_msg("%s: no kind", thing);
}

/* New rows change a column's sum as well. */
static gboolean has_more_rows(GHashTable *previous, GHashTable *after, const char *thing)
{
    g_auto(GStrv) words = g_strsplit(thing, " ", 3);
    g_autofree char *rows = g_strdup_printf("rows %s", words[1]);
    const char *is = g_hash_table_lookup(after, rows);
    const char *was = g_hash_table_lookup(previous, rows);
    return is != NULL && was != NULL &&
           g_ascii_strtoull(is, NULL, 10) > g_ascii_strtoull(was, NULL, 10);
}

/* What became of the things that were there before the plan, from `previous` to `after`. That they
 * are as they were again, behind ROLLBACK TO, is no loss. */
static CmigLevel compare(GHashTable *previous, GHashTable *after, const char **worst)
{
    CmigLevel level = CMIG_LEVEL_NONE;
    GHashTableIter iter;
    gpointer thing = NULL;
    gpointer first = NULL;
    g_hash_table_iter_init(&iter, before);
    while (g_hash_table_iter_next(&iter, &thing, &first)) {
        const char *was = g_hash_table_lookup(previous, thing);
        const char *is = g_hash_table_lookup(after, thing);
        CmigLevel lost = was != NULL && g_strcmp0(is, first) != 0 ? level_of(thing, was, is) : 0;
        if (lost <= level ||
            (g_str_has_prefix(thing, "data") && has_more_rows(previous, after, thing)))
            continue;
        level = lost;
        *worst = thing;
    }
    return level;
}

/* Of the statements from `first` on. */
static CmigLevel predict(const char *text, guint first)
{
    g_autoptr(CmigSqlScript) script = fixture_scan(text, FALSE);
    g_autoptr(CmigJudge) judge = cmig_judge_new_postgresql(NULL);
    g_autoptr(GPtrArray) facts = cmig_judge_facts(judge, script);
    CmigLevel level = CMIG_LEVEL_NONE;
    for (guint idx = 0; idx < facts->len; idx++) {
        const CmigFact *fact = facts->pdata[idx];
        if (fact->statement < first)
            continue;
        if ((fact->flags & CMIG_FACT_OPAQUE) != 0) {
            ck_assert_int_ge(fact->level, CMIG_LEVEL_WEAKER);
            return CMIG_LEVEL_UNBOUNDED; /* it is said that it may do anything */
        }
        level = MAX(level, fact->level);
    }
    return level;
}

static gboolean execute(const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Compares what `text`, which has run in a transaction, did from its statement `first` on, before
 * which there was `previous`; and ends that. */
static void check_effect(const char *text, guint first, GHashTable *previous)
{
    g_autoptr(GHashTable) after = take_snapshot();
    ck_assert(execute("ROLLBACK"));
    ck_assert(execute("RESET ALL"));
    const char *worst = "";
    CmigLevel real = compare(previous, after, &worst);
    CmigLevel predicted = predict(text, first);
    ck_assert_msg(predicted >= real, "%s: predicted %d, but %s is %d", text, (int)predicted, worst,
                  (int)real);
}

/* FALSE: the server refuses it. */
static gboolean check(const char *text)
{
    g_autofree char *begun = g_strdup_printf("BEGIN; %s", text);
    gboolean done = execute(begun);
    if (done)
        check_effect(text, 0, before);
    else
        ck_assert(execute("ROLLBACK"));
    return done;
}

/* --- Statements alone, and wrapped --- */

static const char *const statements[] = {
    "DROP TABLE t",
    "DROP TABLE p CASCADE",
    "DROP TABLE s.t, loose",
    "DROP SCHEMA s CASCADE",
    "DROP SCHEMA empty",
    "DROP VIEW v",
    "DROP MATERIALIZED VIEW m",
    "DROP INDEX c_t",
    "DROP SEQUENCE q",
    "DROP TYPE e CASCADE",
    "DROP DOMAIN d CASCADE",
    "DROP FUNCTION wipe",
    "DROP FUNCTION f CASCADE",
    "DROP ROUTINE place CASCADE",
    "DROP OPERATOR CLASS ints USING btree CASCADE",
    "DROP OPERATOR FAMILY ints USING btree CASCADE",
    "DROP VIEW every CASCADE",
    "ALTER VIEW safe SET (security_barrier = off)",
    "ALTER VIEW safe RESET (security_barrier)",
    "ALTER TABLE typed ALTER g RESTART",
    "DROP PROCEDURE proc()",
    "DROP TRIGGER g ON p",
    "DROP RULE r ON s.t",
    "DROP POLICY y ON p",
    "DROP OWNED BY CURRENT_USER",
    "TRUNCATE t",
    "TRUNCATE p CASCADE",
    "TRUNCATE part",
    "DELETE FROM t",
    "DELETE FROM p",
    "DELETE FROM p WHERE id = 1",
    "DELETE FROM part WHERE a = 1",
    "DELETE FROM every",
    "DELETE FROM t USING p WHERE t.id = p.id",
    "UPDATE t SET v = 'b'",
    "UPDATE v SET v = 'z' WHERE id = 2",
    "MERGE INTO t USING p ON t.id = p.id WHEN MATCHED THEN DELETE",
    "MERGE INTO t USING p ON t.id = p.id WHEN MATCHED THEN UPDATE SET v = 'q'",
    "INSERT INTO p VALUES (1) ON CONFLICT (id) DO UPDATE SET v = 'w'",
    "INSERT INTO p VALUES (9, 'n', 9)",
    "INSERT INTO t SELECT wipe(), 'x'",
    "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
    "CREATE TABLE kept AS WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
    "EXPLAIN ANALYZE DELETE FROM t",
    "COPY (DELETE FROM t RETURNING id) TO '/dev/null'",
    "SELECT wipe()",
    "SELECT id FROM p WHERE wipe() = 1",
    "SELECT dynamic('DROP TABLE t')",
    "CALL proc()",
    "ALTER TABLE p DROP COLUMN v CASCADE",
    "ALTER TABLE p DROP CONSTRAINT positive",
    "ALTER TABLE p DROP CONSTRAINT p_pkey CASCADE",
    "ALTER TABLE p ALTER v DROP NOT NULL",
    "ALTER TABLE p ALTER v DROP DEFAULT",
    "ALTER TABLE t ALTER id TYPE bigint",
    "ALTER TABLE t ALTER v TYPE varchar(1)",
    "ALTER TABLE t ALTER v TYPE int USING length(v)",
    "ALTER TABLE typed ALTER g DROP IDENTITY",
    "ALTER TABLE t SET UNLOGGED",
    "ALTER TABLE part DETACH PARTITION part1",
    "ALTER TABLE p DISABLE TRIGGER ALL",
    "ALTER TABLE p DISABLE TRIGGER g",
    "ALTER TABLE s.t DISABLE RULE r",
    "ALTER TABLE p DISABLE ROW LEVEL SECURITY",
    "ALTER POLICY y ON p TO CURRENT_USER",
    "ALTER TABLE t OWNER TO pg_database_owner",
    "REASSIGN OWNED BY CURRENT_USER TO pg_database_owner",
    "REVOKE SELECT ON p FROM PUBLIC",
    "ALTER TABLE t RENAME TO tt",
    "ALTER TABLE t RENAME v TO w",
    "ALTER VIEW v RENAME TO vv",
    "ALTER SCHEMA s RENAME TO ss",
    "ALTER TABLE loose SET SCHEMA s",
    "ALTER TYPE e RENAME VALUE 'a' TO 'z'",
    "ALTER TYPE e RENAME TO ee",
    "ALTER DOMAIN d DROP CONSTRAINT d_check",
    "CREATE OR REPLACE VIEW v AS SELECT id, v FROM p WHERE id > 1",
    "CREATE OR REPLACE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE part ATTACH PARTITION loose FOR VALUES IN (2)",
    "CREATE TABLE n (id int REFERENCES p)",
    "ALTER TABLE t ADD z int DEFAULT 1, ALTER id SET NOT NULL",
    "CREATE RULE rr AS ON INSERT TO loose DO ALSO DELETE FROM t",
    "REFRESH MATERIALIZED VIEW m",
    "COMMENT ON TABLE t IS 'x'",
    "LOCK TABLE t",
};

/* `%s` is the statement, `%q` is it as a string. */
static const char *const wrappers[] = {
    "%s",
    "DO $do$ BEGIN %s; END $do$",
    "DO $do$ BEGIN IF true THEN %s; END IF; EXCEPTION WHEN division_by_zero THEN NULL; END $do$",
    "DO $do$ BEGIN EXECUTE %q; END $do$",
    "DO $do$ BEGIN EXECUTE concat(%q, ''); END $do$",
    "DO $do$ BEGIN PERFORM public.dynamic(%q); END $do$",
    "CREATE FUNCTION own() RETURNS void LANGUAGE plpgsql AS $do$ BEGIN %s; END $do$; SELECT own()",
    "CREATE PROCEDURE own() LANGUAGE sql AS $do$ %s $do$; CALL own()",
    "CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS $do$ BEGIN %s; RETURN NEW; END $do$;"
    "CREATE TRIGGER own BEFORE INSERT ON refers FOR EACH ROW EXECUTE FUNCTION own();"
    "INSERT INTO refers VALUES (1)",
    "CREATE FUNCTION own() RETURNS int LANGUAGE plpgsql AS $do$ BEGIN %s; RETURN 1; END $do$;"
    "ALTER TABLE refers ADD own int DEFAULT own()",
    "CREATE FUNCTION own() RETURNS int LANGUAGE plpgsql AS $do$ BEGIN %s; RETURN 1; END $do$;"
    "CREATE TABLE fresh (a int DEFAULT own()); INSERT INTO fresh DEFAULT VALUES",
};

static char *wrap(const char *wrapper, const char *statement)
{
    g_autoptr(GString) text = g_string_new(wrapper);
    char *literal = PQescapeLiteral(conn, statement, strlen(statement));
    g_string_replace(text, "%q", literal, 0);
    g_string_replace(text, "%s", statement, 0);
    PQfreemem(literal);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

START_TEST(nothing_is_worse_than_foretold)
{
    guint ran = 0;
    for (gsize idx = 0; idx < G_N_ELEMENTS(statements); idx++) {
        g_autofree char *text = wrap(wrappers[_i], statements[idx]);
        ran += check(text) ? 1 : 0;
    }
    ck_assert_uint_ge(ran, G_N_ELEMENTS(statements) / 2);
}
END_TEST

/* --- Plans that lose what was there through what they make --- */

static const char *const plans[] = {
    "CREATE SCHEMA x; CREATE TABLE x.p (a int, b text); ALTER TABLE loose INHERIT x.p;"
    "DROP SCHEMA x CASCADE",
    "CREATE SCHEMA x; CREATE TABLE x.p (a int, b text) PARTITION BY LIST (a);"
    "ALTER TABLE x.p ATTACH PARTITION loose DEFAULT; DROP SCHEMA x CASCADE",
    "CREATE SCHEMA x; CREATE TYPE x.k AS ENUM ('t'); ALTER TABLE c ALTER t TYPE x.k USING t::x.k;"
    "DROP SCHEMA x CASCADE",
    "CREATE SCHEMA x; CREATE COLLATION x.k FROM \"C\"; ALTER TABLE c ALTER t TYPE text COLLATE x.k;"
    "DROP SCHEMA x CASCADE",
    "CREATE TABLE root (a int, b text); CREATE TABLE mid () INHERITS (root);"
    "ALTER TABLE loose INHERIT mid; DELETE FROM root",
    "CREATE TABLE root (a int, b text) PARTITION BY LIST (a);"
    "CREATE TABLE mid PARTITION OF root DEFAULT PARTITION BY LIST (a);"
    "ALTER TABLE mid ATTACH PARTITION loose DEFAULT; DROP TABLE root",
    "CREATE TABLE root AS SELECT 7 AS id; ALTER TABLE root ADD PRIMARY KEY (id);"
    "CREATE TABLE mid (id int PRIMARY KEY REFERENCES root ON DELETE CASCADE);"
    "INSERT INTO mid VALUES (7);"
    "ALTER TABLE refers ADD FOREIGN KEY (id) REFERENCES mid ON DELETE CASCADE; DELETE FROM root",
    "DROP FUNCTION place CASCADE",
    "ALTER TABLE loose ADD CONSTRAINT loose_a UNIQUE USING INDEX loose_a;"
    "ALTER TABLE loose DROP CONSTRAINT loose_a",
    "CREATE SCHEMA x; SET search_path = x, public; CREATE TABLE t (a int);"
    "CREATE PROCEDURE own() LANGUAGE plpgsql SET search_path = s AS 'BEGIN DROP TABLE t; END';"
    "CALL own()",
    "CREATE FUNCTION own() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION own() RENAME TO "
    "x;"
    "ALTER FUNCTION wipe() RENAME TO own; SELECT own()",
    "CREATE INDEX ON t (outer_wipe(id))",
    "CREATE TABLE fresh (a int DEFAULT wipe()); INSERT INTO fresh DEFAULT VALUES",
    "ALTER TABLE refers ALTER id SET DEFAULT wipe(); INSERT INTO refers DEFAULT VALUES",
    "CREATE FUNCTION wipe(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT wipe()",
    "CREATE FUNCTION outer_wipe(text) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT outer_wipe(1)",
    "ALTER DOMAIN d ADD CHECK (outer_wipe(value) > 0)",
};

START_TEST(plans_are_not_worse_than_foretold)
{
    ck_assert_msg(check(plans[_i]), "the server refuses %s", plans[_i]);
}
END_TEST

/* --- Rows of statements: what a plan remembers --- */

static const char *const steps[] = {
    "CREATE TABLE t1 (a int, b text)",
    "CREATE TABLE IF NOT EXISTS t (id int, v text)",
    "CREATE TABLE s.x (a int)",
    "CREATE TEMP TABLE t (id int, v text)",
    "CREATE TEMP TABLE loose (a int, b text) ON COMMIT DROP",
    "CREATE TABLE t AS SELECT 1 AS id, 'x'::text AS v",
    "CREATE SCHEMA fresh",
    "CREATE SCHEMA IF NOT EXISTS s",
    "CREATE TABLE fresh.t (id int, v text)",
    "CREATE VIEW t AS SELECT * FROM t1",
    "CREATE VIEW t1 AS SELECT * FROM t",
    "CREATE TYPE kind AS ENUM ('a', 'v', 'x')",
    "CREATE TABLE tree (a int, b text) PARTITION BY LIST (a)",
    "ALTER TABLE tree ATTACH PARTITION loose FOR VALUES IN (2)",
    "ALTER TABLE loose INHERIT t1",
    "ALTER TABLE refers ADD FOREIGN KEY (id) REFERENCES keys ON DELETE CASCADE",
    "CREATE TABLE keys AS SELECT 7 AS id",
    "ALTER TABLE keys ADD PRIMARY KEY (id)",
    "ALTER TABLE t RENAME TO t1",
    "ALTER TABLE t1 RENAME TO t",
    "ALTER TABLE t RENAME TO old",
    "ALTER TABLE loose RENAME TO t1",
    "ALTER TABLE t SET SCHEMA fresh",
    "ALTER TABLE t1 SET SCHEMA s",
    "ALTER TABLE s.t SET SCHEMA public",
    "ALTER SCHEMA fresh RENAME TO other",
    "ALTER SCHEMA s RENAME TO fresh",
    "ALTER TABLE t ADD extra int",
    "ALTER TABLE t ADD IF NOT EXISTS v text",
    "ALTER TABLE t RENAME v TO extra",
    "ALTER TABLE t RENAME extra TO v",
    "ALTER TABLE t DROP COLUMN extra",
    "ALTER TABLE t DROP COLUMN v",
    "UPDATE t SET extra = 1",
    "UPDATE t SET v = 'changed'",
    "ALTER TABLE t ALTER v TYPE kind USING v::kind",
    "ALTER SEQUENCE q OWNED BY t1.a",
    "SET search_path = s",
    "SET LOCAL search_path = fresh, public",
    "SELECT set_config('search_path', 's, public', false)",
    "RESET search_path",
    "SAVEPOINT a",
    "ROLLBACK TO a",
    "DO $$ BEGIN ALTER TABLE t RENAME TO hidden; END $$",
    "DO $$ BEGIN CREATE TABLE IF NOT EXISTS t (id int); END $$",
    "DO $$ BEGIN IF false THEN CREATE TABLE t (id int); END IF; END $$",
    "DROP TABLE t",
    "DROP TABLE t1",
    "DROP TABLE IF EXISTS t1 CASCADE",
    "DROP TABLE old",
    "DROP TABLE tree",
    "DROP TABLE fresh.t",
    "DROP TABLE loose",
    "DROP TABLE s.t",
    "DROP VIEW t1",
    "DROP SCHEMA fresh CASCADE",
    "DROP SCHEMA IF EXISTS other CASCADE",
    "DROP TYPE kind CASCADE",
    "DELETE FROM t",
    "DELETE FROM t1",
    "DELETE FROM tree",
    "DELETE FROM keys",
    "TRUNCATE t1",
    "TRUNCATE keys CASCADE",
    "CREATE INDEX idx ON t (id)",
    "DROP INDEX idx",
    "DROP INDEX c_t",
    "ALTER INDEX c_t RENAME TO idx",
    "ALTER TABLE c_t RENAME TO t1",
    "CREATE VIEW v2 AS SELECT 1",
    "ALTER VIEW v RENAME TO v2",
    "DROP VIEW v2",
    "CREATE OR REPLACE VIEW v2 AS SELECT id, v FROM p WHERE id > 3",
    "ALTER TABLE p ADD CONSTRAINT extra CHECK (id > -1)",
    "ALTER TABLE p RENAME CONSTRAINT positive TO extra",
    "ALTER TABLE p RENAME CONSTRAINT extra TO other",
    "ALTER TABLE p DROP CONSTRAINT extra",
    "ALTER TABLE p DROP CONSTRAINT other",
    "CREATE TRIGGER h BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION f()",
    "ALTER TRIGGER g ON p RENAME TO h",
    "DROP TRIGGER h ON p",
    "CREATE POLICY z ON p",
    "ALTER POLICY y ON p RENAME TO z",
    "DROP POLICY z ON p",
    "CREATE FUNCTION g1() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION g1(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION wipe() RENAME TO g1",
    "DROP FUNCTION g1()",
    "DROP FUNCTION g1",
    "SELECT g1()",
    "ALTER TYPE e RENAME TO kind",
    "DROP TYPE kind",
    "CREATE SEQUENCE q2",
    "ALTER SEQUENCE q RENAME TO q2",
    "ALTER TABLE q RENAME TO t1",
    "DROP SEQUENCE q2",
    "DROP SEQUENCE t1",
    "CREATE SCHEMA other CREATE TABLE t (id int, v text)",
    "DROP TABLE other.t",
    "ALTER TABLE other.t SET SCHEMA public",
    "CREATE TABLE pg_temp.t (id int, v text)",
    "DROP TABLE pg_temp.t",
    "DISCARD TEMP",
    "CREATE TABLE t1 (LIKE t)",
    "INSERT INTO t1 SELECT * FROM t",
    "CREATE TABLE t1 () INHERITS (t)",
    "ALTER TABLE t1 NO INHERIT t",
    "CREATE TABLE part2 PARTITION OF part FOR VALUES IN (2)",
    "ALTER TABLE part1 RENAME TO part2",
    "DROP TABLE part2",
    "ALTER TABLE part DETACH PARTITION part1",
    "ALTER TABLE tree ATTACH PARTITION part1 FOR VALUES IN (1)",
    "TRUNCATE tree",
    "WITH x AS (DELETE FROM t1 RETURNING *) SELECT 1",
    "MERGE INTO t1 USING p ON true WHEN MATCHED THEN DELETE",
    "CREATE DOMAIN kind AS text",
    "ALTER TABLE t ALTER v TYPE kind",
    "CREATE TYPE pair AS (a int)",
    "ALTER TABLE t ALTER v TYPE pair USING NULL",
    "DROP TYPE pair CASCADE",
    "DROP TABLE t1 CASCADE",
    "ALTER TABLE t ALTER v TYPE t1 USING NULL",
    "INSERT INTO t SELECT * FROM s.t",
    "CREATE TABLE fresh.t1 (a int, b text)",
    "ALTER TABLE loose INHERIT fresh.t1",
    "CREATE TABLE mid () INHERITS (t1)",
    "ALTER TABLE loose INHERIT mid",
    "ALTER TABLE t1 INHERIT mid",
    "CREATE TABLE tree PARTITION OF part DEFAULT PARTITION BY LIST (a)",
    "CREATE TABLE mid PARTITION OF tree DEFAULT PARTITION BY LIST (a)",
    "ALTER TABLE mid ATTACH PARTITION loose DEFAULT",
    "CREATE TABLE mid (id int PRIMARY KEY REFERENCES keys ON DELETE CASCADE)",
    "ALTER TABLE refers ADD FOREIGN KEY (id) REFERENCES mid ON DELETE CASCADE",
    "INSERT INTO mid VALUES (7)",
    "DROP TABLE mid CASCADE",
    "CREATE TYPE fresh.kind AS ENUM ('a', 'v', 'x')",
    "ALTER TABLE t ALTER v TYPE fresh.kind USING v::fresh.kind",
    "DROP FUNCTION IF EXISTS g1, place CASCADE",
    "CREATE DOMAIN fresh.kind AS text",
    "ALTER TABLE t ALTER v TYPE fresh.kind",
    "ALTER TABLE loose INHERIT fresh.t",
    "ALTER TABLE loose ADD CONSTRAINT loose_a UNIQUE USING INDEX loose_a",
    "ALTER TABLE loose DROP CONSTRAINT loose_a",
};

/* Takes steps as they come along until the server took one, at most `tries`. */
static guint take_step(GRand *random, guint tries, GString *text)
{
    for (guint idx = 0; idx < tries; idx++) {
        const char *step = steps[g_rand_int_range(random, 0, (gint32)G_N_ELEMENTS(steps))];
        g_autofree char *tried = g_strconcat("SAVEPOINT try; ", step, NULL);
        if (execute(tried)) {
            g_string_append_printf(text, "%s; ", step);
            return 1;
        }
        ck_assert(execute("ROLLBACK TO try"));
    }
    return 0;
}

/* The last step is judged by itself: what came before must not hide it. */
static void check_plan(GRand *random, guint tries)
{
    enum { LAST_TRIES = 50 };
    g_autoptr(GString) text = g_string_new(NULL);
    guint count = 0;
    ck_assert(execute("BEGIN"));
    for (guint idx = 0; idx < tries; idx++)
        count += take_step(random, 1, text);
    g_autoptr(GHashTable) previous = take_snapshot();
    take_step(random, LAST_TRIES, text);
    check_effect(text->str, count, previous);
}

static gint64 read_number(const char *variable, gint64 otherwise)
{
    const char *text = g_getenv(variable);
    return text != NULL ? g_ascii_strtoll(text, NULL, 10) : otherwise;
}

/* The plans are the same in every run, and others with sanitizers than without; how many there are
 * is a matter of time. */
START_TEST(memory_excuses_nothing_old)
{
#ifdef __SANITIZE_ADDRESS__
    enum { SECONDS = 1, SEED = 815 };
#else
    enum { SECONDS = 2, SEED = 4711 };
#endif
    gint64 seed = read_number("CMIG_TEST_SEED", SEED);
    g_autoptr(GRand) random = g_rand_new_with_seed((guint32)(seed + _i));
    gint64 end =
        g_get_monotonic_time() + read_number("CMIG_TEST_SECONDS", SECONDS) * G_USEC_PER_SEC;
    while (g_get_monotonic_time() < end)
        check_plan(random, 4 + 8 * (guint)_i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql facts oracle");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 600);
    tcase_add_loop_test(all, nothing_is_worse_than_foretold, 0, G_N_ELEMENTS(wrappers));
    tcase_add_loop_test(all, plans_are_not_worse_than_foretold, 0, G_N_ELEMENTS(plans));
    tcase_add_loop_test(all, memory_excuses_nothing_old, 0, 3);
    suite_add_tcase(suite, all);
    return fixture_main(suite);
}
