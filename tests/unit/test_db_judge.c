/* What the judge for SQLite says of statements, and what it keeps its hands off. */
#include "db_fixture.h"
#include "scale.h"

#include <sys/stat.h>

static void setup(void)
{
    fixture_setup(CMIG_DIALECT_SQLITE);
}

#define SCHEMA                                                                                     \
    "CREATE TABLE agents (id INTEGER PRIMARY KEY, name text NOT NULL, note text);"                 \
    "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, agent int REFERENCES agents ON "   \
    "DELETE CASCADE, total int, twice int AS (total * 2));"                                        \
    "CREATE TABLE log (at text, what text);"                                                       \
    "CREATE TABLE keeper (a PRIMARY KEY ON CONFLICT REPLACE, b);"                                  \
    "CREATE TABLE audited (a int, b int);"                                                         \
    "CREATE TABLE cmig_audit (event text, environment text);"                                      \
    "CREATE INDEX orders_agent ON orders (agent);"                                                 \
    "CREATE UNIQUE INDEX agents_name ON agents (name);"                                            \
    "CREATE VIEW names AS SELECT id, name FROM agents;"                                            \
    "CREATE TRIGGER names_gone INSTEAD OF DELETE ON names BEGIN DELETE FROM agents WHERE id = "    \
    "old.id; END;"                                                                                 \
    "CREATE TRIGGER audited_in AFTER INSERT ON audited BEGIN INSERT INTO log VALUES (1, 2); END;"  \
    "CREATE TRIGGER audited_out AFTER DELETE ON audited BEGIN DELETE FROM log; END;"               \
    "CREATE TRIGGER audited_up AFTER UPDATE ON audited BEGIN DELETE FROM log WHERE at = old.a; "   \
    "END;"                                                                                         \
    "CREATE VIRTUAL TABLE search USING fts5(body);"                                                \
    "INSERT INTO agents VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', 'z');"                       \
    "INSERT INTO orders (agent, total) VALUES (1, 10), (2, 20), (3, 30);"                          \
    "INSERT INTO log VALUES ('1', 'a'), ('2', 'b'); INSERT INTO keeper VALUES (1, 1), (2, 2);"     \
    "INSERT INTO audited SELECT 1, 2 UNION ALL SELECT 3, 4; INSERT INTO search VALUES ('words');"

static CmigJudge *make_judge(void)
{
    g_autoptr(CmigDb) db = fixture_connect();
    CmigJudge *judge = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert_msg(cmig_db_judge(db, &judge, &error), "%s", error ? error->message : "");
    return judge;
}

/* --- Cases --- */

enum {
    O = CMIG_FACT_OPAQUE,
    K = CMIG_FACT_CASCADE,
    N = CMIG_FACT_ALONE,
    P = CMIG_FACT_PRIVILEGE,
};

typedef struct {
    const char *sql;
    guint level;      /* of the worst statement */
    guint flags;      /* of all */
    const char *what; /* of the worst statement; NULL = not looked at */
} JudgeCase;

static const JudgeCase cases[] = {
    /* cmig's own records */
    {"INSERT INTO cmig_audit VALUES ('environment', 'development')", 3, P, NULL},
    {"UPDATE CMIG_AUDIT SET environment = 'development' WHERE event = 'environment'", 3, P, NULL},
    {"DELETE FROM \"cmig_audit\" WHERE event = 'environment'", 3, P, NULL},
    {"ALTER TABLE cmig_audit RENAME TO old", 3, 0, NULL},
    {"SELECT * FROM cmig_audit", 0, 0, NULL},
    {"CREATE TRIGGER g AFTER INSERT ON cmig_audit BEGIN UPDATE cmig_audit SET environment = 'x'; "
     "END",
     3, P, "adds the trigger g to cmig_audit"},
    /* nothing is lost */
    {"SELECT * FROM agents", 0, 0, NULL},
    {"VALUES (1)", 0, 0, NULL},
    {"WITH x AS (SELECT 1 AS a) SELECT a FROM x", 0, 0, NULL},
    {"CREATE TABLE t (a); CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT 1;", 0, 0, NULL},
    {"CREATE TRIGGER g AFTER INSERT ON agents BEGIN DELETE FROM orders; END", 0, 0, NULL},
    {"CREATE TABLE t AS SELECT * FROM agents", 0, 0, NULL},
    {"CREATE VIRTUAL TABLE v USING fts5(a)", 0, 0, NULL},
    {"INSERT INTO agents VALUES (9, 'x', NULL); INSERT OR IGNORE INTO agents VALUES (9, 'x', 1);",
     0, 0, NULL},
    {"INSERT INTO log SELECT id, name FROM agents WHERE id > 1", 0, 0, NULL},
    {"INSERT INTO agents VALUES (1, replace('a', 'b', 'c'), 1)", 0, 0, NULL},
    {"INSERT INTO agents VALUES (1, 'a', 1) ON CONFLICT DO NOTHING", 0, 0, NULL},
    {"INSERT INTO orders DEFAULT VALUES", 0, 0, NULL},
    {"ALTER TABLE agents ADD COLUMN c int", 0, 0, NULL},
    {"ALTER TABLE agents ADD column c; UPDATE agents SET c = 1, \"C\" = 2; DELETE FROM agents "
     "WHERE id = 1",
     2, 0, NULL},
    {"ALTER TABLE agents ADD 'c d' int; UPDATE main.AGENTS SET [c d] = id; ALTER TABLE agents DROP "
     "\"c d\"",
     0, 0, NULL},
    {"ALTER TABLE agents ADD c; ALTER TABLE agents RENAME c TO d; ALTER TABLE agents RENAME TO a2;"
     "UPDATE a2 SET d = 1",
     1, 0, "renames the table agents to a2"},
    {"ALTER TABLE agents ADD c; CREATE TRIGGER g AFTER INSERT ON log BEGIN UPDATE agents SET c = 1;"
     "END; INSERT INTO log VALUES (1, 2)",
     0, 0, NULL},
    /* what was there before does not become the plan's */
    {"ALTER TABLE agents ADD c; UPDATE agents SET c = 1, name = ''", 3, 0,
     "changes all rows of agents"},
    {"ALTER TABLE agents ADD c; UPDATE OR REPLACE agents SET c = 1", 3, 0, NULL},
    {"ALTER TABLE agents ADD c; ALTER TABLE agents RENAME c TO d; ALTER TABLE agents RENAME note "
     "TO c; UPDATE agents SET c = 1",
     3, 0, NULL},
    {"ALTER TABLE agents ADD c; ALTER TABLE agents DROP c; ALTER TABLE agents RENAME note TO c;"
     "UPDATE agents SET c = 1",
     3, 0, NULL},
    {"ALTER TABLE agents ADD c; ALTER TABLE agents RENAME TO a2; ALTER TABLE log RENAME TO agents;"
     "ALTER TABLE agents RENAME at TO c; UPDATE agents SET c = 1",
     3, 0, NULL},
    {"SAVEPOINT s; ALTER TABLE agents ADD c; ROLLBACK TO s; UPDATE agents SET c = 1", 3, 0, NULL},
    {"REINDEX; ANALYZE; ANALYZE agents;", 0, 0, NULL},
    {"EXPLAIN DELETE FROM agents; EXPLAIN QUERY PLAN DROP TABLE agents;", 0, 0, NULL},
    {"INSERT INTO audited VALUES (1, 2)", 0, 0, NULL},
    {"INSERT INTO search VALUES ('search')", 0, 0, NULL},
    {"DROP TABLE IF EXISTS absent", 0, 0, NULL},
    {"PRAGMA table_info(agents); PRAGMA foreign_key_check; PRAGMA integrity_check(3);"
     "PRAGMA user_version; PRAGMA foreign_keys; PRAGMA cache_size = 100;",
     0, 0, NULL},
    {"BEGIN; SAVEPOINT a; RELEASE a; COMMIT;", 0, 0, NULL},
    {"VACUUM", 0, N, "writes the whole file anew"},

    /* definitions */
    {"DROP INDEX orders_agent", 1, 0, "drops the index orders_agent"},
    {"DROP VIEW names", 2, 0, "drops the trigger names_gone for good, drops the view names"},
    {"DROP VIEW names; CREATE VIEW names AS SELECT id, name FROM agents; CREATE TRIGGER names_gone "
     "INSTEAD OF DELETE ON names BEGIN SELECT 1; END",
     1, 0, "drops the view names"},
    {"ALTER TABLE agents RENAME TO people", 1, 0, "renames the table agents to people"},
    {"ALTER TABLE agents RENAME COLUMN note TO notes", 1, 0,
     "renames the column note of agents to notes"},
    {"ALTER TABLE agents RENAME note TO notes", 1, 0, "renames the column note of agents to notes"},
    {"ALTER TABLE orders DROP COLUMN twice", 1, 0, "drops the column twice of orders"},
    {"PRAGMA user_version = 7", 1, 0, "sets PRAGMA user_version"},

    /* rows that are chosen, protection */
    {"DELETE FROM orders WHERE id = 1", 2, 0, "deletes rows of orders"},
    {"UPDATE orders SET total = 1 WHERE id = 1", 2, 0, "changes rows of orders"},
    {"UPDATE orders SET total = a.id FROM agents a WHERE a.id = orders.agent", 2, 0,
     "changes rows of orders"},
    {"REPLACE INTO agents VALUES (1, 'x', 1)", 2, 0, "replaces rows of agents"},
    {"INSERT OR REPLACE INTO agents VALUES (1, 'x', 1)", 2, 0, "replaces rows of agents"},
    {"INSERT INTO keeper VALUES (1, 2)", 2, 0, "replaces rows of keeper"},
    {"INSERT INTO agents VALUES (1, 'x', 1) ON CONFLICT (id) DO UPDATE SET name = 'y'", 2, 0,
     "changes rows of agents"},
    {"UPDATE OR REPLACE agents SET id = 1 WHERE id = 2", 2, 0, "changes rows of agents"},
    {"DROP INDEX agents_name", 2, 0, "drops the unique index agents_name"},
    {"DROP TRIGGER audited_in", 2, 0, "drops the trigger audited_in"},
    {"PRAGMA foreign_keys = OFF", 2, P, "sets PRAGMA foreign_keys"},
    {"PRAGMA main.writable_schema(1)", 2, P, "sets PRAGMA writable_schema"},
    {"PRAGMA ignore_check_constraints = 1", 2, P, NULL},
    {"PRAGMA journal_mode = OFF; PRAGMA synchronous = 0; PRAGMA legacy_alter_table = 1;", 2, 0,
     NULL},
    {"PRAGMA unheard_of = 1", 2, 0, "sets PRAGMA unheard_of"},
    {"EXPLAIN PRAGMA journal_mode = OFF", 2, 0, "sets PRAGMA journal_mode"},
    {"PRAGMA \"journal_mode\" = 'OFF'", 2, 0, "sets PRAGMA journal_mode"},
    {"ATTACH 'other.db' AS other", 2, P, "opens another database file"},
    {"DETACH other", 2, P, "closes another database file"},
    {"VACUUM INTO 'copy.db'", 2, N | P, "writes a copy of the database into a file"},
    {"SELECT load_extension('x')", 2, P | O,
     "calls load_extension, which reaches out of the database"},
    {"SELECT LOAD_EXTENSION('x')", 2, P | O, NULL},
    {"CREATE TABLE t AS SELECT load_extension('x') AS a", 2, P | O, NULL},
    {"SELECT writefile('a', 'b')", 2, P | O, NULL},
    {"SELECT readfile('a'), edit('b')", 2, P | O, NULL},
    {"DELETE FROM sqlite_sequence", 2, 0, "sets counters of AUTOINCREMENT"},
    {"INSERT INTO search (search) VALUES ('delete-all')", 2, O,
     "gives a command to the index of search"},
    {"foo bar", 2, O, "is not understood: begins with FOO BAR"},
    {"ALTER TABLE absent ADD c", 2, O,
     "is not understood: begins with ALTER TABLE ABSENT (no such table: absent)"},
    {"DELETE FROM t WHERE 'hunter2' 'x'", 3, O, "is not understood: begins with DELETE FROM T"},
    {"SELECT * FROM missing", 2, O, NULL},
    {"INSERT INTO missing VALUES (1)", 2, O, NULL},
    {"CREATE TABLE t AS WITH RECURSIVE x (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM x) SELECT a "
     "FROM x",
     2, O, NULL},

    {"CREATE TABLE t AS WITH RECURSIVE x (a, b) AS (SELECT 1, 2 UNION ALL SELECT a + 1, "
     "hex(randomblob(400000)) FROM x) SELECT b FROM x",
     2, O, NULL},
    {"CREATE TABLE t AS SELECT randomblob(1000000000)", 2, O, NULL},
    {"CREATE TEMP TABLE t AS SELECT hex(zeroblob(1000000000))", 2, O, NULL},

    /* data */
    {"DROP TABLE agents", 3, 0, "drops the table agents"},
    {"DROP TABLE search", 3, 0, "drops the table search"},
    {"DELETE FROM orders", 3, 0, "deletes all rows of orders"},
    {"UPDATE orders SET total = 0", 3, 0, "changes all rows of orders"},
    {"ALTER TABLE agents DROP COLUMN note", 3, 0, "drops the column note of agents"},
    {"ALTER TABLE agents DROP note", 3, 0, "drops the column note of agents"},
    {"DELETE FROM missing", 3, O, NULL},
    {"DROP TABLE missing", 3, O, NULL},

    /* the schema itself */
    {"DELETE FROM sqlite_master", 4, P, "writes to the table of the schema itself"},
    {"UPDATE sqlite_schema SET sql = 'x' WHERE name = 'agents'", 4, P, NULL},
    {"UPDATE main.[SQLITE_master] SET sql = 'x' WHERE name = 'agents'", 4, P, NULL},
    {"INSERT INTO sqlite_master VALUES (1, 2, 3, 4, 5)", 4, P, NULL},

    /* conditions that are none */
    {"DELETE FROM orders WHERE 1", 3, 0, "deletes all rows of orders"},
    {"DELETE FROM orders WHERE true", 3, 0, NULL},
    {"DELETE FROM orders WHERE 1=1", 3, 0, NULL},
    {"DELETE FROM orders WHERE (((1)) = 1)", 3, 0, NULL},
    {"DELETE FROM orders WHERE 'a' = 'a'", 3, 0, NULL},
    {"DELETE FROM orders WHERE NOT 0", 3, 0, NULL},
    {"DELETE FROM orders WHERE id = id", 3, 0, NULL},
    {"DELETE FROM orders WHERE orders.id == ORDERS.id", 3, 0, NULL},
    {"DELETE FROM orders WHERE id IS id", 3, 0, NULL},
    {"DELETE FROM orders WHERE id >= id", 3, 0, NULL},
    {"DELETE FROM orders WHERE orders.id = id", 3, 0, NULL},
    {"DELETE FROM orders WHERE true = true AND 1 < 2", 3, 0, NULL},
    {"DELETE FROM orders WHERE id IS NOT NULL", 3, 0, NULL},
    {"DELETE FROM orders WHERE orders.id NOT NULL", 3, 0, NULL},
    {"DELETE FROM orders WHERE rowid NOTNULL", 3, 0, NULL},
    {"DELETE FROM orders WHERE NOT (id IS NULL)", 3, 0, NULL},
    {"DELETE FROM orders WHERE id IN (SELECT id FROM orders)", 3, 0, NULL},
    {"UPDATE OR IGNORE main.orders SET total = 1 WHERE id IN (SELECT id FROM orders)", 3, 0, NULL},
    {"DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE total > 1)", 2, 0, NULL},
    {"DELETE FROM orders WHERE total IS NOT NULL", 2, 0, NULL},
    {"DELETE FROM orders WHERE id IS NULL", 2, 0, NULL},
    {"DELETE FROM orders WHERE total + id = id", 2, 0, NULL},
    {"DELETE FROM orders WHERE orders.id <> id", 2, 0, NULL},
    {"DELETE FROM orders WHERE id = 5 OR 1", 3, 0, NULL},
    {"DELETE FROM orders WHERE 1 OR id = 5", 3, 0, NULL},
    {"DELETE FROM orders WHERE (id = 5) OR (1 AND 2 = 2)", 3, 0, NULL},
    {"DELETE FROM orders WHERE abs(1) = 1", 3, 0, NULL},
    {"DELETE FROM orders WHERE CASE WHEN 1 THEN 1 ELSE 0 END", 3, 0, NULL},
    {"DELETE FROM orders WHERE EXISTS (SELECT 1)", 3, 0, NULL},
    {"DELETE FROM orders WHERE 1 RETURNING id", 3, 0, NULL},
    {"DELETE FROM orders RETURNING id", 3, 0, NULL},
    {"DELETE FROM orders WHERE 1 AND id = 5", 2, 0, NULL},
    {"DELETE FROM orders WHERE id BETWEEN 1 AND 5", 2, 0, NULL},
    {"DELETE FROM orders WHERE id IN (SELECT id FROM agents)", 2, 0, NULL},
    {"DELETE FROM orders WHERE \"id\" = 1 OR [agent] = 2", 2, 0, NULL},
    {"UPDATE orders SET total = (SELECT 1 WHERE 1 = 2)", 3, 0, NULL},
    {"UPDATE orders SET total = CASE WHEN id = 1 THEN 2 END", 3, 0, NULL},
    {"UPDATE orders SET total = 1 WHERE 1", 3, 0, NULL},

    /* hidden in other words */
    {"/* x */ DeLeTe /* FROM y WHERE */ FROM -- where id = 1\n [orders]", 3, 0,
     "deletes all rows of orders"},
    {"DELETE FROM `orders`; ", 3, 0, NULL},
    {"DELETE FROM \"main\".\"orders\"", 3, 0, NULL},
    {"DELETE FROM 'orders'", 3, 0, NULL},
    {"WITH x AS (SELECT 1 AS id WHERE 1) DELETE FROM orders", 3, 0, "deletes all rows of orders"},
    {"WITH x AS (SELECT 1 AS id) DELETE FROM orders WHERE id IN x", 2, 0, NULL},
    {"WITH replace AS (SELECT 1) DELETE FROM orders", 3, 0, NULL},
    {"DROP /**/ TABLE IF/**/EXISTS agents", 3, 0, NULL},
    {"DELETE FROM names", 3, 0, "deletes all rows of agents by the trigger names_gone"},
    {"DELETE FROM names WHERE id = 1", 2, 0, "deletes rows of agents by the trigger names_gone"},
    {"DELETE FROM audited WHERE a = 1", 3, 0,
     "deletes all rows of log by the trigger audited_out, deletes rows of audited"},
    {"UPDATE audited SET a = 1 WHERE b = 2", 2, 0,
     "changes rows of audited, deletes rows of log by the trigger audited_up"},
    {"CREATE TRIGGER g AFTER INSERT ON agents BEGIN DELETE FROM orders; END;"
     "INSERT INTO agents VALUES (7, 'x', 1)",
     3, 0, "deletes all rows of orders by the trigger g"},
    {"CREATE TEMP TRIGGER g AFTER INSERT ON agents BEGIN UPDATE orders SET total = 0; END;"
     "INSERT INTO agents VALUES (7, 'x', 1)",
     3, 0, "changes all rows of orders by the trigger g"},
    {"CREATE TRIGGER g AFTER INSERT ON agents BEGIN INSERT OR REPLACE INTO keeper VALUES (1, 1); "
     "END; INSERT INTO agents VALUES (7, 'x', 1)",
     2, 0, "replaces rows of keeper by the trigger g"},
    {"INSERT INTO agents VALUES (7, 'x', 1);"
     "CREATE TRIGGER g AFTER INSERT ON agents BEGIN DELETE FROM orders; END;"
     "INSERT INTO agents VALUES (8, 'x', 1)",
     3, 0, NULL},
    {"INSERT INTO agents VALUES (8, 'x', load_extension('a'))", 2, P | O, NULL},
    {"DELETE FROM orders WHERE id = 1 -/**/-1; ", 2, 0, NULL},
    {"DELETE FROM orders WHERE id = 1 -- \n OR 1", 3, 0, NULL},
    {"UPDATE 'agents' SET 'note' = 'x', 'name' = 'y' WHERE id = 1", 2, 0, NULL},
    {"PRAGMA foreign_keys = ON; DELETE FROM agents WHERE id = 1", 2, P, NULL},
    {"PRAGMA foreign_keys = ON; DROP TABLE agents", 3, P | K, NULL},
    {"PRAGMA foreign_keys = '1'; DROP TABLE agents", 3, P | K, NULL},
    {"PRAGMA foreign_keys(+1); DROP TABLE agents", 3, P | K, NULL},
    {"PRAGMA foreign_keys = 0x1; DROP TABLE agents", 3, P | K, NULL},
    {"PRAGMA foreign_keys = ON; PRAGMA foreign_keys = 0; DROP TABLE agents", 3, P, NULL},
    {"PRAGMA foreign_keys = ON; PRAGMA foreign_keys(off); DROP TABLE agents", 3, P, NULL},
    {"CREATE TRIGGER g AFTER DELETE ON keeper BEGIN DELETE FROM log; END;"
     "REPLACE INTO keeper VALUES (1, 1)",
     2, 0, NULL},
    {"CREATE TRIGGER g AFTER DELETE ON keeper BEGIN DELETE FROM log; END;"
     "PRAGMA recursive_triggers = ON; REPLACE INTO keeper VALUES (1, 1)",
     3, 0, "deletes all rows of log by the trigger g, replaces rows of keeper"},

    /* a condition that reads nothing of the table */
    {"DELETE FROM agents WHERE \"1\"", 3, 0, "deletes all rows of agents"},
    {"DELETE FROM main.agents WHERE main.agents.id = agents.id", 3, 0, NULL},
    {"DELETE FROM agents WHERE x'31'", 3, 0, NULL},
    {"DELETE FROM agents WHERE 1 = 1 COLLATE nocase", 3, 0, NULL},
    {"DELETE FROM agents WHERE EXISTS (SELECT 1 FROM orders WHERE id = 1)", 3, 0, NULL},
    {"UPDATE agents SET name = 'x' WHERE \"1\"", 3, 0, "changes all rows of agents"},
    {"DELETE FROM search WHERE search MATCH 'words'", 2, 0, NULL},
    {"DELETE FROM agents AS a WHERE a.rowid = 1", 2, 0, NULL},

    /* rows of the table itself, put into it again */
    {"INSERT OR REPLACE INTO agents (id) SELECT id FROM agents", 3, 0,
     "replaces all rows of agents"},
    {"REPLACE INTO agents SELECT id, 'x', 1 FROM main.agents WHERE id = 1", 2, 0, NULL},
    {"INSERT INTO agents SELECT id, '', '' FROM agents WHERE true ON CONFLICT (id) DO UPDATE SET "
     "note = NULL",
     3, 0, "changes all rows of agents"},
    {"INSERT INTO agents SELECT at, what, what FROM log WHERE true ON CONFLICT (id) DO UPDATE SET "
     "note = agents.note || excluded.note",
     2, 0, NULL},

    /* virtual tables, also at their first use */
    {"INSERT INTO log SELECT key, value FROM json_each('[1]')", 0, 0, NULL},
    {"SELECT * FROM pragma_table_info('agents')", 0, 0, NULL},
    {"INSERT INTO sqlite_master SELECT key, key, key, 1, key FROM json_each('[1]')", 4, P, NULL},
    {"ALTER TABLE log RENAME TO logs; INSERT INTO search VALUES ('a')", 1, 0, NULL},

    /* temporary objects, and what the plan made itself */
    {"CREATE TEMP TABLE t (a); INSERT INTO t VALUES (1); UPDATE t SET a = 2; DELETE FROM t;"
     "ALTER TABLE t ADD COLUMN b; ALTER TABLE t RENAME TO u; DROP TABLE u;",
     0, 0, NULL},
    {"CREATE TEMP TABLE agents (a); DELETE FROM agents; DROP TABLE agents", 0, 0, NULL},
    {"CREATE TEMP TABLE agents (a); DROP TABLE agents; DROP TABLE agents", 3, 0, NULL},
    {"CREATE TEMP TABLE agents (a); DROP TABLE main.agents", 3, 0, NULL},
    {"CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2); UPDATE t SET a = 1; DELETE FROM t;"
     "ALTER TABLE t RENAME TO u; ALTER TABLE u DROP COLUMN b; DROP TABLE u;",
     0, 0, NULL},
    {"CREATE TABLE t (a); CREATE UNIQUE INDEX i ON t (a); DROP INDEX i; CREATE TRIGGER g AFTER "
     "INSERT ON t BEGIN SELECT 1; END; DROP TRIGGER g; CREATE VIEW v AS SELECT 1; DROP VIEW v",
     0, 0, NULL},
    {"CREATE TABLE IF NOT EXISTS agents (a); DROP TABLE agents", 3, 0, NULL},
    {"DROP TABLE agents; CREATE TABLE agents (a); DROP TABLE agents", 3, 0,
     "drops the table agents"},
    {"ALTER TABLE agents RENAME TO people; DROP TABLE people", 3, 0, "drops the table agents"},
    {"SAVEPOINT s; ALTER TABLE log RENAME TO old; CREATE TABLE log (a); ROLLBACK TO s; DELETE FROM "
     "log",
     3, 0, NULL},
    {"CREATE TABLE agents2 (a); DROP TABLE agents", 3, 0, NULL},
};

static const CmigFact *worst_of(const GPtrArray *facts, guint *flags)
{
    const CmigFact *worst = NULL;
    *flags = 0;
    for (guint idx = 0; idx < facts->len; idx++) {
        const CmigFact *fact = facts->pdata[idx];
        *flags |= fact->flags;
        if (worst == NULL || fact->level > worst->level)
            worst = fact;
        ck_assert_ptr_nonnull(fact->what);
        ck_assert(idx == 0 || ((CmigFact *)facts->pdata[idx - 1])->statement < fact->statement);
    }
    return worst;
}

/* Says what is wrong, so that all that is wrong is seen at once. */
static gboolean is_judged(CmigJudge *judge, const JudgeCase *test)
{
    g_autoptr(CmigSqlScript) script = fixture_scan(test->sql, FALSE);
    g_autoptr(GPtrArray) facts = cmig_judge_facts(judge, script);
    guint flags;
    const CmigFact *worst = worst_of(facts, &flags);
    guint level = worst != NULL ? worst->level : 0;
    const char *what = worst != NULL ? worst->what : "";
    gboolean right = level == test->level && flags == test->flags &&
                     (test->what == NULL || strcmp(what, test->what) == 0);
    if (!right)
        g_printerr("# %s\n#   level %u, flags %x: %s\n", test->sql, level, flags, what);
    return right;
}

START_TEST(judges_statements)
{
    fixture_execute(SCHEMA);
    guint wrong = 0;
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(CmigJudge) judge = make_judge();
        wrong += is_judged(judge, &cases[idx]) ? 0 : 1;
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* --- Rebuilds --- */

#define NEW_AGENTS "CREATE TABLE new_t (id INTEGER PRIMARY KEY, name text NOT NULL, note text);"
#define RENAMED    "DROP TABLE agents; ALTER TABLE new_t RENAME TO agents;"
#define UNIQUE     "CREATE UNIQUE INDEX agents_name ON agents (name);"
#define REBUILT    "rebuilds the table agents"

static const JudgeCase rebuilds[] = {
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents;" RENAMED UNIQUE, 1, 0, REBUILT},
    {NEW_AGENTS "INSERT INTO new_t (note, name, id) SELECT a.note, \"name\", [id] AS id FROM "
                "main.agents AS a ORDER BY id;" RENAMED UNIQUE,
     1, 0, REBUILT},
    {NEW_AGENTS "INSERT INTO main.\"new_t\" SELECT id, coalesce(name, ''), ifnull(note, 'x') FROM "
                "agents;" RENAMED UNIQUE,
     1, 0, REBUILT},
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents;" RENAMED, 2, 0,
     "drops the unique index agents_name for good, " REBUILT},
    {"CREATE TABLE x (id INTEGER PRIMARY KEY, name text, note text, more int DEFAULT 7);"
     "INSERT INTO x (id, name, note) SELECT id, name, note FROM agents; UPDATE x SET more = 8;"
     "DROP TABLE agents; ALTER TABLE x RENAME TO agents;" UNIQUE,
     1, 0, REBUILT},
    /* the old one is renamed first */
    {"ALTER TABLE agents RENAME TO old; CREATE TABLE agents (id INTEGER PRIMARY KEY, name text, "
     "note "
     "text); INSERT INTO agents SELECT id, name, note FROM old; DROP TABLE old;" UNIQUE,
     1, 0, NULL},
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents; ALTER TABLE agents RENAME TO old; ALTER "
                "TABLE new_t RENAME TO agents; DROP TABLE old;" UNIQUE,
     1, 0, NULL},
    {"ALTER TABLE agents RENAME TO old; CREATE TABLE agents (id INTEGER PRIMARY KEY, name text);"
     "INSERT INTO agents SELECT id, name FROM old; DROP TABLE old;" UNIQUE,
     3, 0, "drops the column note of agents"},
    /* columns, rows, values */
    {"CREATE TABLE new_t (id INTEGER PRIMARY KEY); INSERT INTO new_t SELECT id FROM agents;" RENAMED
     "CREATE INDEX agents_name ON agents (id)",
     3, 0, "drops the columns name, note of agents"},
    {NEW_AGENTS "INSERT INTO new_t SELECT id, name, upper(note) FROM agents;" RENAMED UNIQUE, 3, 0,
     "drops the column note of agents"},
    {NEW_AGENTS "INSERT INTO new_t SELECT id, name, note || '' FROM agents;" RENAMED UNIQUE, 3, 0,
     "drops the column note of agents"},
    {NEW_AGENTS "INSERT INTO new_t SELECT id, name, note ISNULL FROM agents;" RENAMED UNIQUE, 3, 0,
     "drops the column note of agents"},
    {NEW_AGENTS
     "INSERT INTO new_t SELECT id, name, ifnull(note, (1)) * 0 FROM agents;" RENAMED UNIQUE,
     3, 0, "drops the column note of agents"},
    {NEW_AGENTS
     "INSERT INTO new_t SELECT id, name, ifnull(note, (1)) AS n FROM agents;" RENAMED UNIQUE,
     1, 0, REBUILT},
    {NEW_AGENTS "INSERT INTO new_t SELECT id, name, NULL FROM agents;" RENAMED UNIQUE, 3, 0,
     "drops the column note of agents"},
    {NEW_AGENTS "INSERT INTO new_t SELECT id, name, 'note' FROM agents;" RENAMED UNIQUE, 3, 0,
     NULL},
    {"CREATE TABLE new_t (id INTEGER PRIMARY KEY, name text, note int);"
     "INSERT INTO new_t SELECT * FROM agents;" RENAMED UNIQUE,
     2, 0, "converts the column note of agents, " REBUILT},
    {NEW_AGENTS RENAMED, 3, 0, "drops the table agents"},
#define NOT_ALL                                                                                    \
    "drops the table agents, of which not all rows were copied, drops the unique index "           \
    "agents_name for good"
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents WHERE id > 1;" RENAMED, 3, 0, NOT_ALL},
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents LIMIT 1;" RENAMED, 3, 0, NOT_ALL},
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents ORDER BY id LIMIT 1;" RENAMED, 3, 0,
     NOT_ALL},
    {NEW_AGENTS "INSERT INTO new_t SELECT a.* FROM agents a JOIN orders o;" RENAMED, 3, 0, NULL},
    {NEW_AGENTS
     "INSERT INTO new_t SELECT a.id, a.name, a.note FROM agents a JOIN orders o;" RENAMED,
     3, 0, NOT_ALL},
    {NEW_AGENTS "INSERT INTO new_t SELECT id, name, note FROM agents, log;" RENAMED, 3, 0, NOT_ALL},
    {NEW_AGENTS "INSERT INTO new_t SELECT DISTINCT * FROM agents;" RENAMED, 3, 0, NOT_ALL},
    {NEW_AGENTS "INSERT INTO new_t SELECT id, name, note FROM agents GROUP BY name;" RENAMED, 3, 0,
     NOT_ALL},
    {"CREATE TABLE new_t (m, id INTEGER PRIMARY KEY, name, note);"
     "INSERT INTO new_t SELECT max(id), id, name, note FROM agents;" RENAMED,
     3, 0, NOT_ALL},
    {NEW_AGENTS "INSERT OR IGNORE INTO new_t SELECT * FROM agents;" RENAMED, 3, 0, NOT_ALL},
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents WHERE true ON CONFLICT DO NOTHING;" RENAMED,
     3, 0, NOT_ALL},
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents EXCEPT SELECT * FROM agents;" RENAMED, 3, 0,
     NOT_ALL},
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM (SELECT * FROM agents WHERE id = 1);" RENAMED, 3,
     0, "drops the table agents"},
    {"CREATE TABLE new_t (id INTEGER PRIMARY KEY, name text UNIQUE ON CONFLICT IGNORE, note);"
     "INSERT INTO new_t SELECT * FROM agents;" RENAMED,
     3, 0, NULL},
    /* something comes between */
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents; DELETE FROM new_t WHERE id = 1;" RENAMED,
     3, 0, "drops the table agents"},
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents; UPDATE new_t SET note = 1;" RENAMED, 3, 0,
     "drops the table agents"},
    {NEW_AGENTS
     "INSERT INTO new_t SELECT * FROM agents; INSERT INTO agents VALUES (9, 9, 9);" RENAMED,
     3, 0, "drops the table agents"},
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents; DROP TABLE new_t;" NEW_AGENTS RENAMED, 3,
     0, "drops the table agents"},
    {NEW_AGENTS "CREATE TRIGGER g BEFORE INSERT ON new_t BEGIN SELECT raise(IGNORE); END;"
                "INSERT INTO new_t SELECT * FROM agents;" RENAMED,
     3, 0, NULL},
    {NEW_AGENTS "DELETE FROM new_t WHERE id = 1; INSERT INTO new_t SELECT * FROM agents;"
                "DELETE FROM new_t WHERE id = 1;" RENAMED,
     3, 0, "drops the table agents"},
    {"CREATE TEMP TABLE agents (id, name, note);" NEW_AGENTS
     "INSERT INTO new_t SELECT * FROM agents; DROP TABLE main.agents",
     3, 0, NULL},
    {"CREATE TEMP TABLE new_t (id, name, note);" NEW_AGENTS
     "INSERT INTO new_t SELECT * FROM agents;" RENAMED,
     3, 0, "drops the table agents"},
    /* what was copied is the user's from then on */
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents;" RENAMED UNIQUE "DELETE FROM agents;", 3,
     0, "deletes all rows of agents"},
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents; DROP TABLE agents; DROP TABLE new_t;", 3,
     0, "drops the table agents"},
    {NEW_AGENTS "INSERT INTO new_t SELECT * FROM agents; SAVEPOINT a; ROLLBACK TO a;" RENAMED, 3, 0,
     "drops the table agents"},
};

START_TEST(folds_rebuilds)
{
    fixture_execute(SCHEMA "DROP VIEW names");
    guint wrong = 0;
    for (gsize idx = 0; idx < G_N_ELEMENTS(rebuilds); idx++) {
        g_autoptr(CmigJudge) judge = make_judge();
        wrong += is_judged(judge, &rebuilds[idx]) ? 0 : 1;
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* --- What it is made of --- */

static char *file_bytes(gsize *size)
{
    char *bytes = NULL;
    ck_assert(g_file_get_contents(fixture.url.path, &bytes, size, NULL));
    return bytes;
}

static guint files_of_fixture(void)
{
    guint count = 0;
    GDir *folder = g_dir_open(fixture.name, 0, NULL);
    while (g_dir_read_name(folder) != NULL)
        count++;
    g_dir_close(folder);
    return count;
}

START_TEST(touches_nothing)
{
    fixture_execute(SCHEMA);
    gsize size;
    gsize size_after;
    g_autofree char *before = file_bytes(&size);
    g_autofree char *folder = g_get_current_dir();
    ck_assert_int_eq(chmod(fixture.url.path, 0444), 0);
    ck_assert_int_eq(chdir(fixture.name), 0);
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(CmigJudge) judge = make_judge();
        ck_assert(is_judged(judge, &cases[idx]));
    }
    g_autofree char *after = file_bytes(&size_after);
    ck_assert_uint_eq(size, size_after);
    ck_assert_mem_eq(before, after, size);
    ck_assert_uint_eq(files_of_fixture(), 1);
    ck_assert_int_eq(chdir(folder), 0);
}
END_TEST

START_TEST(judges_no_file)
{
    static const JudgeCase test = {"CREATE TABLE t (a); DROP TABLE t; DROP TABLE u", 3, O, NULL};
    g_autoptr(CmigJudge) judge = make_judge();
    ck_assert(is_judged(judge, &test));
    ck_assert(!g_file_test(fixture.url.path, G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST(says_that_the_file_is_locked)
{
    fixture_execute(SCHEMA);
    fixture.settings.lock_timeout = 50;
    g_autoptr(CmigDb) db = fixture_connect();
    sqlite3 *other = NULL;
    sqlite3_open(fixture.url.path, &other);
    sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
    CmigJudge *judge = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_db_judge(db, &judge, &error));
    assert_error(error, CMIG_ERROR_TRY_AGAIN);
    ck_assert_ptr_null(judge);
    sqlite3_close(other);
}
END_TEST

/* Of what cannot be copied nothing is known: that is said, and more rather than less. */
static const JudgeCase unknown[] = {
    {"INSERT INTO plain VALUES (1)", 0, 0, NULL},
    {"DELETE FROM plain WHERE a = 1", 2, 0, "deletes rows of plain"},
    {"DELETE FROM known WHERE a = 1", 3, O, NULL},
    {"INSERT INTO known VALUES (1)", 2, O, NULL},
    {"SELECT * FROM \"known\"", 2, O, NULL},
    {"DROP TABLE IF EXISTS strange", 3, O, NULL},
    {"CREATE TABLE IF NOT EXISTS strange (a); DROP TABLE strange", 3, O, NULL},
    {"INSERT INTO known_through VALUES (1)", 2, O, NULL},
};

static void write_schema(const char *type, const char *name, const char *table, const char *sql)
{
    g_autofree char *text = g_strdup_printf(
        "PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES ('%s', '%s', '%s', %d, %s)",
        type, name, table, strcmp(type, "index") == 0 ? 2 : 0, sql);
    fixture_execute(text);
}

static int collate(void *data, int left_size, const void *left, int right_size, const void *right)
{
    (void)data;
    return memcmp(left, right, (gsize)MIN(left_size, right_size));
}

START_TEST(knows_what_it_does_not_know)
{
    fixture_execute("CREATE TABLE plain (a); CREATE TABLE known (a); CREATE VIEW known_through AS "
                    "SELECT a FROM known; CREATE TRIGGER through INSTEAD OF INSERT ON "
                    "known_through BEGIN INSERT INTO known VALUES (new.a); END;");
    sqlite3 *handle = NULL;
    sqlite3_open(fixture.url.path, &handle);
    sqlite3_create_collation(handle, "german", SQLITE_UTF8, NULL, collate);
    ck_assert_int_eq(
        sqlite3_exec(handle, "CREATE INDEX odd ON known (a COLLATE german)", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(handle);
    write_schema("table", "strange", "strange", "'CREATE VIRTUAL TABLE strange USING missing(a)'");
    guint wrong = 0;
    for (gsize idx = 0; idx < G_N_ELEMENTS(unknown); idx++) {
        g_autoptr(CmigJudge) judge = make_judge();
        wrong += is_judged(judge, &unknown[idx]) ? 0 : 1;
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(does_not_run_a_hostile_schema)
{
    static const char *const texts[] = {
        "'ATTACH ''attached.db'' AS x'",
        "'CREATE VIEW x AS SELECT 1; ATTACH ''attached.db'' AS x'",
        "'PRAGMA journal_mode = WAL'",
        "'VACUUM INTO ''attached.db'''",
        "'CREATE TABLE x AS SELECT load_extension(''x'')'",
        "NULL",
        "x'00ff'",
    };
    g_autofree char *folder = g_get_current_dir();
    ck_assert_int_eq(chdir(fixture.name), 0);
    for (gsize idx = 0; idx < G_N_ELEMENTS(texts); idx++) {
        fixture_execute("CREATE TABLE plain (a)");
        write_schema("view", "x", "x", texts[idx]);
        CmigDb *db = NULL;
        CmigJudge *judge = NULL;
        /* SQLite itself may refuse such a file. */
        if (cmig_db_open(&fixture.url, &fixture.settings, &db, NULL) &&
            cmig_db_judge(db, &judge, NULL))
            cmig_judge_free(judge);
        cmig_db_close(db);
        ck_assert_uint_eq(files_of_fixture(), 1);
        ck_assert_int_eq(unlink(fixture.url.path), 0);
    }
    ck_assert_int_eq(chdir(folder), 0);
}
END_TEST

/* --- Plans --- */

START_TEST(remembers_sections)
{
    static const JudgeCase plan[] = {
        {"CREATE TABLE t (a)", 0, 0, NULL},
        {"INSERT INTO t VALUES (1); DELETE FROM t", 0, 0, NULL},
        {"ALTER TABLE log RENAME TO journal", 1, 0, NULL},
        {"PRAGMA foreign_keys = ON", 2, P, NULL},
        {"DELETE FROM agents WHERE id = 1", 2, 0, "deletes rows of agents"},
        {"DELETE FROM journal", 3, 0, "deletes all rows of log"},
        {"DELETE FROM journal", 3, 0, "deletes all rows of log"},
        {"DROP TABLE t", 0, 0, NULL},
        {"DROP TABLE t", 3, O, NULL},
    };
    fixture_execute(SCHEMA);
    g_autoptr(CmigJudge) judge = make_judge();
    for (gsize idx = 0; idx < G_N_ELEMENTS(plan); idx++)
        ck_assert(is_judged(judge, &plan[idx]));
}
END_TEST

static void check_target(const CmigFact *fact, guint index, const char *name, const char *kind,
                         const char *part, gboolean loses)
{
    ck_assert_uint_lt(index, fact->targets->len);
    const CmigFactTarget *target = fact->targets->pdata[index];
    ck_assert_ptr_null(target->schema);
    ck_assert_str_eq(target->name, name);
    ck_assert_str_eq(target->kind, kind);
    ck_assert_pstr_eq(target->part, part);
    ck_assert_int_eq(target->loses, loses);
    ck_assert_int_eq(target->lock, CMIG_LOCK_NONE);
}

START_TEST(names_targets)
{
    fixture_execute(SCHEMA);
    g_autoptr(CmigJudge) judge = make_judge();
    g_autoptr(CmigSqlScript) script = fixture_scan(
        "SELECT 1; ALTER TABLE log RENAME TO \"j\ng\"; DELETE FROM \"j\ng\"; DROP TABLE agents;"
        "ALTER TABLE orders DROP COLUMN total; DROP INDEX orders_agent;",
        FALSE);
    g_autoptr(GPtrArray) facts = cmig_judge_facts(judge, script);
    ck_assert_uint_eq(facts->len, 5);
    const CmigFact *renamed = facts->pdata[0];
    ck_assert_uint_eq(renamed->statement, 1);
    ck_assert_str_eq(renamed->what, "renames the table log to j g");
    check_target(renamed, 0, "log", "table", NULL, FALSE);
    check_target(facts->pdata[1], 0, "log", "table", NULL, TRUE);
    check_target(facts->pdata[2], 0, "agents", "table", NULL, TRUE);
    check_target(facts->pdata[3], 0, "orders", "table", "total", TRUE);
    check_target(facts->pdata[4], 0, "orders_agent", "index", NULL, FALSE);
}
END_TEST

/* Alike statements share a fact; what lies between may make them do something else. */
START_TEST(shares_facts)
{
    static const char text[] =
        "REPLACE INTO agents VALUES (1, 'a', NULL); REPLACE INTO agents VALUES (2, 'b', -7), (3, "
        "x'00', 1.5); REPLACE INTO agents VALUES (2, 'b', 7), (3, 'c', 1);"
        "DELETE FROM log WHERE at = 1; DELETE FROM log WHERE at = 2; DELETE FROM log WHERE at = "
        "'a';"
        "REPLACE INTO agents VALUES (4, '', 0); CREATE TRIGGER g AFTER INSERT ON agents BEGIN "
        "DELETE FROM orders; END; REPLACE INTO agents VALUES (5, '', 0); DELETE FROM log WHERE at "
        "= "
        "3; INSERT INTO agents SELECT 1, 'a', 2; INSERT INTO agents SELECT 2, 'b', 3;"
        "DELETE FROM log WHERE at IN (1, 2, 3); DELETE FROM log WHERE at IN ('a');"
        "DELETE FROM log WHERE at IN (1, 'b') OR 1; DELETE FROM log WHERE at IN (1, 'b') OR 0;"
        "UPDATE log SET at = 1, 'what' = 2; UPDATE log SET at = 1, 'at' = 2;";
    static const guint statements[] = {0, 1, 3, 8, 9, 10, 12, 14, 15, 16, 17};
    fixture_execute(SCHEMA);
    g_autoptr(CmigJudge) judge = make_judge();
    g_autoptr(CmigSqlScript) script = fixture_scan(text, FALSE);
    g_autoptr(GPtrArray) facts = cmig_judge_facts(judge, script);
    for (guint idx = 0; idx < facts->len; idx++)
        ck_assert_uint_eq(((CmigFact *)facts->pdata[idx])->statement, statements[idx]);
    ck_assert_uint_eq(facts->len, G_N_ELEMENTS(statements));
}
END_TEST

static double seconds_of(CmigJudge *judge, const char *text)
{
    g_autoptr(CmigSqlScript) script = fixture_scan(text, FALSE);
    gint64 start = g_get_monotonic_time();
    g_autoptr(GPtrArray) facts = cmig_judge_facts(judge, script);
    return (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

/* Bounds are wide: the machine may be busy, and the build a slow one. */
START_TEST(is_quick)
{
    enum { MIGRATIONS = 1000, OLD_TABLES = 300, ROWS = TIMED(200000) };
    g_autoptr(GString) schema = g_string_new("BEGIN;");
    for (guint idx = 0; idx < OLD_TABLES; idx++)
        g_string_append_printf(schema,
                               "CREATE TABLE old%u (id INTEGER PRIMARY KEY, a text, b int "
                               "REFERENCES old0); CREATE INDEX old%u_b ON old%u (b);",
                               idx, idx, idx);
    g_string_append(schema, "COMMIT");
    fixture_execute(schema->str);
    gint64 start = g_get_monotonic_time();
    g_autoptr(CmigJudge) judge = make_judge();
    double opened = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    double small = 0;
    for (guint idx = 0; idx < MIGRATIONS; idx++) {
        g_autofree char *text = g_strdup_printf(
            "CREATE TABLE new%u (id INTEGER PRIMARY KEY, a text); CREATE INDEX new%u_a ON new%u "
            "(a); INSERT INTO new%u VALUES (1, 'x'); UPDATE old%u SET a = 1 WHERE id = 3;",
            idx, idx, idx, idx, idx % OLD_TABLES);
        small += seconds_of(judge, text);
    }
    g_autoptr(GString) dump = g_string_new(NULL);
    for (guint idx = 0; idx < ROWS; idx++)
        g_string_append_printf(dump, "INSERT INTO old1 VALUES (%u, 'some text', %u);\n", idx, idx);
    double many = seconds_of(judge, dump->str);
    g_autoptr(GString) wide = g_string_new("INSERT INTO old1 VALUES (0, 'x', 1)");
    for (guint idx = 0; idx < ROWS; idx++)
        g_string_append_printf(wide, ",\n(%u, 'some text', %u)", idx, idx);
    double one = seconds_of(judge, wide->str);
    if (g_getenv("CMIG_TEST_TIMES") != NULL)
        g_printerr(
            "# schema %.3f s, 1000 migrations %.3f s, %.1f MB in many INSERTs %.3f s, in one "
            "%.3f s\n",
            opened, small, (double)dump->len / 1e6, many, one);
    ck_assert_double_lt(opened, 5);
    ck_assert_double_lt(small, 10);
    ck_assert_double_lt(many, 10);
    ck_assert_double_lt(one, 10);
}
END_TEST

/* --- PostgreSQL --- */

static void setup_postgresql(void)
{
    fixture_setup(CMIG_DIALECT_POSTGRESQL);
}

START_TEST(judges_for_a_server)
{
    static const JudgeCase drop = {"SELECT 1; DROP TABLE agents", 3, 0, NULL};
    g_autoptr(CmigJudge) judge = make_judge();
    ck_assert(is_judged(judge, &drop));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("db/judge");
    TCase *sqlite = tcase_create("sqlite");
    tcase_add_checked_fixture(sqlite, setup, fixture_teardown);
    tcase_set_timeout(sqlite, 60);
    tcase_add_test(sqlite, judges_statements);
    tcase_add_test(sqlite, folds_rebuilds);
    tcase_add_test(sqlite, touches_nothing);
    tcase_add_test(sqlite, judges_no_file);
    tcase_add_test(sqlite, says_that_the_file_is_locked);
    tcase_add_test(sqlite, knows_what_it_does_not_know);
    tcase_add_test(sqlite, does_not_run_a_hostile_schema);
    tcase_add_test(sqlite, remembers_sections);
    tcase_add_test(sqlite, names_targets);
    tcase_add_test(sqlite, shares_facts);
    tcase_add_test(sqlite, is_quick);
    suite_add_tcase(suite, sqlite);
    TCase *postgresql = tcase_create("postgresql");
    tcase_add_checked_fixture(postgresql, setup_postgresql, fixture_teardown);
    tcase_add_test(postgresql, judges_for_a_server);
    suite_add_tcase(suite, postgresql);
    return fixture_main(suite);
}
