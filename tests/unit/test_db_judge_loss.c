/* The judge for SQLite never says less than statements do: random ones run in a real database, what
 * is gone afterwards is compared with the level, and all is rolled back. CMIG_TEST_SEED and
 * CMIG_TEST_ROUNDS choose which ones and how many. */
#include "cmig/facts.h"
#include "db_fixture.h"
#include "scale.h"

/* What is in a database: of each table its columns, of each column its values; and which
 * definitions there are. */
typedef struct {
    GHashTable *tables; /* name -> GPtrArray of columns, each a sorted GPtrArray of values */
    GHashTable *others; /* "trigger g" */
} Contents;

static gint compare_texts(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static GPtrArray *read_column(sqlite3 *handle, const char *table, const char *column)
{
    GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *sql = g_strdup_printf("SELECT quote(\"%s\") FROM main.\"%s\"", column, table);
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        g_ptr_array_add(values, g_strdup((const char *)sqlite3_column_text(statement, 0)));
    sqlite3_finalize(statement);
    g_ptr_array_sort(values, compare_texts);
    return values;
}

static void array_unref(gpointer array)
{
    g_ptr_array_unref(array);
}

static GPtrArray *read_table(sqlite3 *handle, const char *table)
{
    GPtrArray *columns = g_ptr_array_new_with_free_func(array_unref);
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(handle, "SELECT name FROM pragma_table_info(?1, 'main')", -1, &statement,
                       NULL);
    sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    while (sqlite3_step(statement) == SQLITE_ROW)
        g_ptr_array_add(
            columns, read_column(handle, table, (const char *)sqlite3_column_text(statement, 0)));
    sqlite3_finalize(statement);
    return columns;
}

static Contents read_contents(sqlite3 *handle)
{
    Contents contents = {
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, array_unref),
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(handle,
                       "SELECT CASE WHEN sql LIKE 'create unique%' THEN 'unique' ELSE type END, "
                       "name FROM main.sqlite_master WHERE name NOT LIKE 'sqlite%'",
                       -1, &statement, NULL);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *type = (const char *)sqlite3_column_text(statement, 0);
        const char *name = (const char *)sqlite3_column_text(statement, 1);
        if (strcmp(type, "table") == 0)
            g_hash_table_insert(contents.tables, g_strdup(name), read_table(handle, name));
        else
            g_hash_table_add(contents.others, g_strconcat(type, " ", name, NULL));
    }
    sqlite3_finalize(statement);
    return contents;
}

static void contents_clear(Contents *contents)
{
    g_hash_table_unref(contents->tables);
    g_hash_table_unref(contents->others);
}

/* Whether all of `values` are among `others`; both are sorted. */
static gboolean has_values(const GPtrArray *values, const GPtrArray *others)
{
    guint at = 0;
    for (guint idx = 0; idx < values->len; idx++, at++) {
        while (at < others->len && strcmp(others->pdata[at], values->pdata[idx]) < 0)
            at++;
        if (at == others->len || strcmp(others->pdata[at], values->pdata[idx]) != 0)
            return FALSE;
    }
    return TRUE;
}

static gboolean has_columns(const GPtrArray *columns, const GPtrArray *others)
{
    for (guint idx = 0; idx < columns->len; idx++) {
        gboolean found = FALSE;
        for (guint at = 0; at < others->len && !found; at++)
            found = has_values(columns->pdata[idx], others->pdata[at]);
        if (!found)
            return FALSE;
    }
    return TRUE;
}

/* Whether a column of the one and one of the other have a value in common. */
static gboolean has_something(const GPtrArray *columns, const GPtrArray *others)
{
    for (guint idx = 0; idx < columns->len; idx++)
        for (guint at = 0; at < others->len; at++) {
            const GPtrArray *values = columns->pdata[idx];
            for (guint value = 0; value < values->len; value++)
                if (g_ptr_array_find_with_equal_func(others->pdata[at], values->pdata[value],
                                                     g_str_equal, NULL))
                    return TRUE;
        }
    return FALSE;
}

/* The table may have another name now; what is left of its rows tells which. */
static guint measure_table(const char *name, const GPtrArray *columns, const Contents *before,
                           const Contents *after)
{
    const GPtrArray *now = g_hash_table_lookup(after->tables, name);
    guint loss = now != NULL && now->len >= columns->len ? 2 : 3;
    if (now != NULL && has_columns(columns, now))
        return 0;
    GHashTableIter iter;
    gpointer other_name;
    gpointer other;
    g_hash_table_iter_init(&iter, after->tables);
    while (g_hash_table_iter_next(&iter, &other_name, &other)) {
        if (((GPtrArray *)other)->len < columns->len)
            continue;
        if (has_columns(columns, other))
            return 0;
        if (!g_hash_table_contains(before->tables, other_name) && has_something(columns, other))
            loss = MIN(loss, 2);
    }
    return loss;
}

static guint measure_definition(const char *name)
{
    return g_str_has_prefix(name, "index") || g_str_has_prefix(name, "view") ? 1 : 2;
}

/* How bad is what happened, at least. */
static guint measure_loss(const Contents *before, const Contents *after)
{
    guint worst = 0;
    GHashTableIter iter;
    gpointer name;
    gpointer columns;
    g_hash_table_iter_init(&iter, before->tables);
    while (g_hash_table_iter_next(&iter, &name, &columns))
        worst = MAX(worst, measure_table(name, columns, before, after));
    g_hash_table_iter_init(&iter, before->others);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (!g_hash_table_contains(after->others, name))
            worst = MAX(worst, measure_definition(name));
    return worst;
}

/* --- Statements --- */

#define ABC "a INTEGER PRIMARY KEY, b text, c int"

static const char playground[] =
    "CREATE TABLE t1 (" ABC "); CREATE TABLE t2 (" ABC ");"
    "CREATE TABLE t3 (a int PRIMARY KEY ON CONFLICT REPLACE, b text, c int REFERENCES t1 ON DELETE "
    "CASCADE); CREATE TABLE t4 (a, b, c);"
    "CREATE UNIQUE INDEX u1 ON t1 (b); CREATE INDEX i1 ON t1 (c);"
    "CREATE TRIGGER g2 AFTER DELETE ON t2 BEGIN DELETE FROM t3 WHERE a = old.a; END;"
    "CREATE TRIGGER g4 AFTER INSERT ON t4 BEGIN UPDATE t3 SET b = 'g4' || new.rowid; END;"
    "CREATE VIEW v AS SELECT a, b FROM t1;"
    "CREATE TRIGGER gv INSTEAD OF DELETE ON v BEGIN DELETE FROM t1 WHERE a = old.a; END;"
    "INSERT INTO t1 VALUES (1, 'one', 10), (2, 'two', 20), (3, 'three', 30);"
    "INSERT INTO t2 SELECT a + 100, b || '2', c + 1 FROM t1; INSERT INTO t3 SELECT a + 100, b || "
    "'3', a FROM t1; INSERT INTO t4 SELECT a + 400, b || '4', c + 4 FROM t1;";

#define NEW_TABLE "CREATE TABLE n1 (" ABC ");"
#define TAKE_OVER "DROP TABLE T; ALTER TABLE n1 RENAME TO T"

/* T: an old table, N: any, C: a column, W: which rows. */
static const char *const templates[] = {
    "DELETE FROM N W",
    "UPDATE N SET C = 77 W",
    "UPDATE N SET C = C || 'x' W",
    "UPDATE OR REPLACE N SET a = 2 W",
    "UPDATE OR IGNORE N SET a = a + 1 W",
    "INSERT INTO N VALUES (2, 'new', 5)",
    "INSERT OR REPLACE INTO N VALUES (2, 'newer', 6)",
    "REPLACE INTO N SELECT * FROM T W",
    "INSERT OR IGNORE INTO N SELECT * FROM N",
    "INSERT INTO N VALUES (1, 'q', 5) ON CONFLICT DO UPDATE SET b = 'w'",
    "INSERT INTO N (a, b, c) VALUES (7, 'q', 5), (8, 'r', 6)",
    "WITH x AS (SELECT a FROM T W) DELETE FROM N WHERE a IN x",
    "DELETE FROM v W",
    "DROP TABLE N",
    "DROP TABLE IF EXISTS N",
    "DROP INDEX i1",
    "DROP INDEX u1",
    "DROP TRIGGER g2",
    "DROP VIEW v",
    "ALTER TABLE N RENAME TO N",
    "ALTER TABLE N DROP COLUMN C",
    "ALTER TABLE N RENAME COLUMN C TO d",
    "ALTER TABLE N ADD COLUMN e int DEFAULT 5",
    "UPDATE N SET e = a W",
    "UPDATE OR REPLACE N SET e = 1, C = 2 W",
    "ALTER TABLE N DROP COLUMN e",
    "ALTER TABLE N RENAME COLUMN e TO d",
    "ALTER TABLE N RENAME COLUMN C TO e",
    "CREATE TABLE N AS SELECT * FROM T",
    "CREATE TABLE N (a int, b text, c int)",
    "CREATE TABLE N (a int, b text UNIQUE ON CONFLICT IGNORE, c)",
    "CREATE TABLE N (b, a)",
    "CREATE TABLE IF NOT EXISTS N (a, b, c)",
    "CREATE TEMP TABLE N (a, b, c)",
    "INSERT INTO N SELECT * FROM T",
    "INSERT INTO N SELECT a, b, c FROM N W",
    "INSERT INTO N (a, b) SELECT a, b FROM T",
    "INSERT INTO N (b, a) SELECT b, a FROM N",
    "INSERT INTO N SELECT c, b, a FROM T",
    "INSERT INTO N SELECT a, 'b', c FROM T",
    "CREATE TRIGGER x1 AFTER INSERT ON N BEGIN DELETE FROM T W; END",
    "CREATE TRIGGER x2 BEFORE INSERT ON N BEGIN SELECT raise(IGNORE) W; END",
    "CREATE TRIGGER x3 AFTER UPDATE ON N BEGIN INSERT OR REPLACE INTO T VALUES (2, 'x3', 0); END",
    "CREATE UNIQUE INDEX x4 ON N (b)",
    "DROP INDEX x4",
    "DROP TRIGGER x1",
    "SAVEPOINT s",
    "ROLLBACK TO s",
    "RELEASE s",
    /* rebuilds, whole and broken */
    NEW_TABLE "INSERT INTO n1 SELECT * FROM T W;" TAKE_OVER,
    NEW_TABLE "INSERT INTO n1 SELECT * FROM T;" TAKE_OVER,
    NEW_TABLE "INSERT INTO n1 SELECT a, b, c FROM T ORDER BY b;" TAKE_OVER,
    NEW_TABLE "INSERT INTO n1 (a, c) SELECT a, c FROM T;" TAKE_OVER,
    NEW_TABLE "INSERT INTO n1 SELECT max(a), b, c FROM T;" TAKE_OVER,
    NEW_TABLE "INSERT INTO n1 SELECT * FROM T; DELETE FROM n1 W;" TAKE_OVER,
    NEW_TABLE "INSERT INTO n1 SELECT * FROM T; UPDATE n1 SET C = 5 W;" TAKE_OVER,
    NEW_TABLE "INSERT INTO n1 SELECT * FROM T",
    TAKE_OVER,
    "ALTER TABLE T RENAME TO n2; CREATE TABLE T (" ABC ")",
    "ALTER TABLE T RENAME TO n2; CREATE TABLE T (" ABC "); INSERT INTO T SELECT a, b, c FROM n2; "
    "DROP TABLE n2",
};

static guint choose(GRand *rand, guint count)
{
    return (guint)g_rand_int_range(rand, 0, (gint32)count);
}

/* One table for each letter: the parts of a template belong together. */
static void add_random_statement(GRand *rand, GString *sql)
{
    static const char *const old[] = {"t1", "t2", "t3", "t4"};
    static const char *const any[] = {"t1", "t2", "t3", "t4", "n1", "n2", "T1", "[t2]", "main.t3"};
    static const char *const columns[] = {"a", "b", "c"};
    static const char *const rows[] = {
        "", "", "WHERE a = 2", "WHERE 1", "WHERE 1 = 0", "LIMIT 2", "WHERE b > 'm' OR c = c"};
    const char *table = old[choose(rand, G_N_ELEMENTS(old))];
    const char *where = rows[choose(rand, G_N_ELEMENTS(rows))];
    const char *text = templates[choose(rand, G_N_ELEMENTS(templates))];
    gboolean word = FALSE; /* the byte before belongs to one */
    for (; *text != '\0'; text++) {
        gboolean alone = !word && !g_ascii_isalnum(text[1]);
        word = g_ascii_isalnum(*text);
        if (*text == 'T' && alone)
            g_string_append(sql, table);
        else if (*text == 'N' && alone)
            g_string_append(sql, any[choose(rand, G_N_ELEMENTS(any))]);
        else if (*text == 'C' && alone)
            g_string_append(sql, columns[choose(rand, G_N_ELEMENTS(columns))]);
        else if (*text == 'W' && alone)
            g_string_append(sql, where);
        else
            g_string_append_c(sql, *text);
    }
    g_string_append(sql, ";\n");
}

/* Runs the statements one by one, to the first that fails, and takes all back. The loss. */
static guint try_statements(sqlite3 *handle, const CmigSqlScript *script, const Contents *before)
{
    sqlite3_exec(handle, "BEGIN", NULL, NULL, NULL);
    for (guint idx = 0; idx < script->statements->len; idx++) {
        g_autofree char *text = cmig_sql_statement_text(script, idx);
        if (sqlite3_exec(handle, text, NULL, NULL, NULL) != SQLITE_OK)
            break;
    }
    Contents after = read_contents(handle);
    guint loss = measure_loss(before, &after);
    /* A join may choose all rows, and nothing is left then to know a renamed table by. */
    if (strstr(script->text, "WITH x") != NULL)
        loss = MIN(loss, 2);
    contents_clear(&after);
    sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
    return loss;
}

/* The worst level; `said` is what was said of all. */
static guint judge_level(CmigDb *db, const CmigSqlScript *script, GString *said)
{
    g_autoptr(CmigJudge) judge = NULL;
    ck_assert(cmig_db_judge(db, &judge, NULL));
    g_autoptr(GPtrArray) facts = cmig_judge_facts(judge, script);
    guint level = 0;
    for (guint idx = 0; idx < facts->len; idx++) {
        const CmigFact *fact = facts->pdata[idx];
        level = MAX(level, fact->level);
        g_string_append_printf(said, "%u: level %u, %s\n", fact->statement, fact->level,
                               fact->what);
    }
    return level;
}

static guint from_environment(const char *name, guint otherwise)
{
    const char *text = g_getenv(name);
    return text != NULL ? (guint)g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static void setup(void)
{
    fixture_setup(CMIG_DIALECT_SQLITE);
}

START_TEST(never_says_less)
{
    enum { ROUNDS = 3000, MOST_STATEMENTS = 6 };
    GRand *rand = g_rand_new_with_seed(from_environment("CMIG_TEST_SEED", 20261121));
    guint rounds = from_environment("CMIG_TEST_ROUNDS", scaled(ROUNDS));
    guint losses[4] = {0};
    guint levels[5] = {0};
    fixture_execute(playground);
    g_autoptr(CmigDb) db = fixture_connect();
    sqlite3 *handle = NULL;
    sqlite3_open(fixture.url.path, &handle);
    Contents before = read_contents(handle);
    for (guint round = 0; round < rounds; round++) {
        g_autoptr(GString) sql = g_string_new(NULL);
        for (guint left = 1 + choose(rand, MOST_STATEMENTS); left > 0; left--)
            add_random_statement(rand, sql);
        g_autoptr(CmigSqlScript) script = fixture_scan(sql->str, FALSE);
        g_autoptr(GString) said = g_string_new(NULL);
        guint level = judge_level(db, script, said);
        guint loss = try_statements(handle, script, &before);
        losses[loss]++;
        levels[level]++;
        ck_assert_msg(level >= loss, "round %u: level %u is less than %u for\n%s\n%s", round, level,
                      loss, sql->str, said->str);
    }
    if (g_getenv("CMIG_TEST_ROUNDS") != NULL)
        g_printerr("# losses %u %u %u %u, levels %u %u %u %u %u\n", losses[0], losses[1], losses[2],
                   losses[3], levels[0], levels[1], levels[2], levels[3], levels[4]);
    for (guint loss = 0; rounds >= scaled(ROUNDS) && loss < G_N_ELEMENTS(losses); loss++)
        ck_assert_uint_gt(losses[loss], 0);
    contents_clear(&before);
    sqlite3_close(handle);
    g_rand_free(rand);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("db/judge loss");
    TCase *sqlite = tcase_create("sqlite");
    tcase_add_checked_fixture(sqlite, setup, fixture_teardown);
    tcase_set_timeout(sqlite, 300);
    tcase_add_test(sqlite, never_says_less);
    suite_add_tcase(suite, sqlite);
    return fixture_main(suite);
}
