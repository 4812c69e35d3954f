/* The lexer: where statements begin and end, what is refused and where. */
#include "cmig/error.h"
#include "cmig/sql.h"

#include "scale.h"

#include <check.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define PG     CMIG_DIALECT_POSTGRESQL
#define SQLITE CMIG_DIALECT_SQLITE

typedef struct {
    CmigDialect dialect;
    const char *text;
    const char *statements[6];
} SplitCase;

static const SplitCase splits[] = {
    {PG, "", {NULL}},
    {PG, " \n\t-- nothing\n/* at /* all */ */ ;; ; ", {NULL}},
    {PG, "SELECT 1", {"SELECT 1"}},
    {PG, "SELECT 1;SELECT 2 ;\n", {"SELECT 1", "SELECT 2"}},
    {PG, "/* a; */ SELECT 1 -- b;\n; SELECT 2", {"SELECT 1", "SELECT 2"}},
    {PG, "SELECT ';', ''';', \";\"\";\"; x", {"SELECT ';', ''';', \";\"\";\"", "x"}},
    {PG, "SELECT '\\'; x", {"SELECT '\\'", "x"}},
    {PG, "SELECT E'\\';', e'\\\\'; x", {"SELECT E'\\';', e'\\\\'", "x"}},
    {PG, "SELECT E'a'\n '\\';'; x", {"SELECT E'a'\n '\\';'", "x"}},
    {PG, "SELECT E'a' -- c\n '\\';'; x", {"SELECT E'a' -- c\n '\\';'", "x"}},
    {PG, "SELECT E'a' '\\'; x", {"SELECT E'a' '\\'", "x"}},
    {PG, "SELECT name'\\'; x", {"SELECT name'\\'", "x"}},
    {PG, "SELECT 1e5e'\\';'; x", {"SELECT 1e5e'\\';'", "x"}},
    {PG,
     "SELECT U&'\\0041', U&\"d\\;\" UESCAPE '!'; x",
     {"SELECT U&'\\0041', U&\"d\\;\" UESCAPE '!'", "x"}},
    {PG, "SELECT $$a;$b$;$$, $b$;$$;$b$; x", {"SELECT $$a;$b$;$$, $b$;$$;$b$", "x"}},
    {PG, "SELECT $é$;$é$; x", {"SELECT $é$;$é$", "x"}},
    {PG, "SELECT $a$b$a$;", {"SELECT $a$b$a$"}},
    {PG, "EXECUTE p($1, $2); x", {"EXECUTE p($1, $2)", "x"}},
    {PG, "SELECT $1$a$;$a$; x", {"SELECT $1$a$;$a$", "x"}},
    {PG, "SELECT foo$$;x$$", {"SELECT foo$$", "x$$"}},
    {PG, "SELECT $1a$; x", {"SELECT $1a$", "x"}},
    {PG, "SELECT 1 --2;\r; x", {"SELECT 1", "x"}},
    {PG, "SELECT 1+/*;/*;*/;*/2; x", {"SELECT 1+/*;/*;*/;*/2", "x"}},
    {PG, "SELECT 2*/*;*/3; x", {"SELECT 2*/*;*/3", "x"}},
    {PG, "SELECT /*/;*/3; x", {"SELECT /*/;*/3", "x"}},
    {PG, "SELECT a[1], b @> c; x", {"SELECT a[1], b @> c", "x"}},
    {PG,
     "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); x",
     {"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "x"}},
    {PG, "SELECT 1); x", {"SELECT 1)", "x"}},
    /* A byte order mark is space for SQLite, but not within a name. */
    {SQLITE, "\xef\xbb\xbfSELECT 1;\xef\xbb\xbf; \xef\xbb\xbf x", {"SELECT 1", "x"}},
    {SQLITE,
     "SELECT a\xef\xbb\xbf"
     "b; x",
     {"SELECT a\xef\xbb\xbf"
      "b",
      "x"}},
    {PG, "\xef\xbb\xbfx; y", {"\xef\xbb\xbfx", "y"}},
    {PG,
     "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; x",
     {"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END", "x"}},
    {PG,
     "create or replace procedure p() begin /* c */ atomic SELECT CASE WHEN a THEN CASE WHEN b "
     "THEN 1 END END; SELECT (CASE WHEN a THEN 1 END); END; x",
     {"create or replace procedure p() begin /* c */ atomic SELECT CASE WHEN a THEN CASE WHEN b "
      "THEN 1 END END; SELECT (CASE WHEN a THEN 1 END); END",
      "x"}},
    {PG,
     "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1 AS case, t.case, t.end, 2 case; END; x",
     {"CREATE FUNCTION f() BEGIN ATOMIC SELECT 1 AS case, t.case, t.end, 2 case; END", "x"}},
    {PG,
     "CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'; x",
     {"CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'", "x"}},
    {PG, "CREATE TABLE begin (atomic int); x", {"CREATE TABLE begin (atomic int)", "x"}},
    {PG,
     "SAVEPOINT a; ROLLBACK TO a; ROLLBACK WORK TO SAVEPOINT a; RELEASE a; PREPARE p AS SELECT",
     {"SAVEPOINT a", "ROLLBACK TO a", "ROLLBACK WORK TO SAVEPOINT a", "RELEASE a",
      "PREPARE p AS SELECT"}},
    {PG,
     "CREATE TRIGGER t BEFORE INSERT ON u EXECUTE FUNCTION f(); x",
     {"CREATE TRIGGER t BEFORE INSERT ON u EXECUTE FUNCTION f()", "x"}},
    {PG, "\\restrict aB3\nSELECT 1;\n\\unrestrict aB3\n", {"SELECT 1"}},
    {PG, "\\restrict x\r\nSELECT 1;\n  \\unrestrict x", {"SELECT 1"}},

    {SQLITE, "SELECT 1;SELECT 2 ; ; -- x", {"SELECT 1", "SELECT 2"}},
    {SQLITE, "SELECT `;``;`, [;'], \";\", ';'; x", {"SELECT `;``;`, [;'], \";\", ';'", "x"}},
    {SQLITE, "SELECT 1 /* ; /* ; */; x", {"SELECT 1", "x"}},
    {SQLITE, "SELECT 1 -- ;\r ; \n; x", {"SELECT 1", "x"}},
    {SQLITE, "SELECT E'\\'; x", {"SELECT E'\\'", "x"}},
    {SQLITE, "SELECT $a; x", {"SELECT $a", "x"}},
    {SQLITE, "SELECT (1; 2)", {"SELECT (1", "2)"}},
    {SQLITE,
     "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END; x",
     {"CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END",
      "x"}},
    {SQLITE,
     "create temp /* ; */ trigger t BEGIN SELECT 1; /* ; */ END ; x",
     {"create temp /* ; */ trigger t BEGIN SELECT 1; /* ; */ END", "x"}},
    {SQLITE,
     "CREATE TEMPORARY TRIGGER t BEGIN SELECT 1;; END", //
     {"CREATE TEMPORARY TRIGGER t BEGIN SELECT 1;; END"}},
    {SQLITE,
     "EXPLAIN QUERY PLAN CREATE TRIGGER t BEGIN a; END; x",
     {"EXPLAIN QUERY PLAN CREATE TRIGGER t BEGIN a; END", "x"}},
    {SQLITE, "CREATE TABLE trigger (a); x", {"CREATE TABLE trigger (a)", "x"}},
    {SQLITE,
     "SAVEPOINT a; ROLLBACK TRANSACTION TO a; RELEASE a",
     {"SAVEPOINT a", "ROLLBACK TRANSACTION TO a", "RELEASE a"}},
    {SQLITE, "COPY t FROM stdin; x", {"COPY t FROM stdin", "x"}},
};

static CmigSqlScript *scan(const char *text, gsize length, CmigDialect dialect, gboolean tx,
                           GError **error)
{
    CmigSqlScript *script = NULL;
    gboolean done = cmig_sql_scan(text, length, dialect, tx, "m.sql", 10, &script, error);
    ck_assert_int_eq(done, script != NULL);
    ck_assert_int_eq(done, error == NULL || *error == NULL);
    return script;
}

START_TEST(splits_statements)
{
    const SplitCase *one = &splits[_i];
    g_autoptr(GError) error = NULL;
    g_autoptr(CmigSqlScript) script =
        scan(one->text, strlen(one->text), one->dialect, TRUE, &error);
    ck_assert_msg(script != NULL, "%s: %s", one->text, error ? error->message : "");
    guint expected = 0;
    while (expected < G_N_ELEMENTS(one->statements) && one->statements[expected] != NULL)
        expected++;
    ck_assert_msg(script->statements->len == expected, "%s: %u statements", one->text,
                  script->statements->len);
    for (guint idx = 0; idx < expected; idx++) {
        g_autofree char *statement = cmig_sql_statement_text(script, idx);
        ck_assert_str_eq(statement, one->statements[idx]);
    }
}
END_TEST

typedef struct {
    CmigDialect dialect;
    const char *text;
    guint line; /* the text begins on line 10 */
    guint column;
    const char *message;
} RefusalCase;

static const RefusalCase refusals[] = {
    {PG, "SELECT 1;\n  SELECT 'abc", 11, 10, "string is not ended"},
    {PG, "é SELECT 'abc''", 10, 10, "string is not ended"},
    {PG, "SELECT E'abc\\'", 10, 9, "string is not ended"},
    {PG, "SELECT E'abc\\", 10, 9, "string is not ended"},
    {PG, "SELECT E'a'\n'b\\'", 11, 1, "string is not ended"},
    {PG, "SELECT \"abc", 10, 8, "quoted name is not ended"},
    {PG, "SELECT $a$ $b$ $a", 10, 8, "dollar-quoted string is not ended"},
    {PG, "SELECT $$ $a$ $", 10, 8, "dollar-quoted string is not ended"},
    {PG, "SELECT 1 /* /* */", 10, 10, "comment is not ended"},
    {PG, "/*/", 10, 1, "comment is not ended"},
    {PG, "SELECT 1; BEGIN", 10, 11, "BEGIN cannot stand"},
    {PG, "\n\nCOMMIT;", 12, 1, "COMMIT cannot stand"},
    {PG, "start /* x */ transaction;", 10, 1, "START cannot stand"},
    {PG, "end;", 10, 1, "END cannot stand"},
    {PG, "AbOrT", 10, 1, "ABORT cannot stand"},
    {PG, "rollback", 10, 1, "ROLLBACK cannot stand"},
    {PG, "rollback work", 10, 1, "ROLLBACK cannot stand"},
    {PG, "rollback -- to\n and chain", 10, 1, "ROLLBACK cannot stand"},
    {PG, "PREPARE /* a */ TRANSACTION 'x'", 10, 1, "PREPARE cannot stand"},
    {PG, "CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMIT", 10, 65,
     "COMMIT cannot stand"},
    {PG, "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1 case; END; COMMIT;", 10, 54,
     "COMMIT cannot stand"},
    {PG, "SELECT 1 --\r; COMMIT", 10, 15, "COMMIT cannot stand"},
    {PG, "COPY t FROM stdin;\n1\n\\.\nCOMMIT", 13, 1, "COMMIT cannot stand"},
    {PG, "SELECT 1;\n \\connect other", 11, 2, "\\connect is a command of psql's"},
    {PG, "SELECT 1 \\gexec", 10, 10, "\\gexec is a command of psql's"},
    {PG, "\\restrict", 10, 1, "\\restrict is a command of psql's"},
    {PG, "\\restrict a b", 10, 1, "\\restrict is a command of psql's"},
    {PG, "\\restrictx a", 10, 1, "\\restrictx is a command of psql's"},
    {PG, "SELECT \\restrict a", 10, 8, "\\restrict is a command of psql's"},
    {PG, "\\.", 10, 1, "\\. is a command of psql's"},
    {PG, "COPY t FROM stdin;", 10, 1, "the data of this COPY is not ended"},
    {PG, "COPY t FROM stdin;\n1\n \\.\n\\.x\n", 10, 1, "the data of this COPY is not ended"},
    {PG, "COPY t FROM stdin", 10, 1, "COPY … FROM stdin needs"},
    {PG, "COPY t FROM stdin; SELECT 1;\n1\n\\.\n", 10, 20, "text behind COPY"},
    {PG, "COPY t FROM stdin; -- x\rCOMMIT;\n1\n\\.\n", 10, 24, "text behind COPY"},
    {PG, "COPY t FROM stdin;\rCOMMIT;\n1\n\\.\n", 10, 19, "text behind COPY"},
    {PG, "COPY t FROM stdin; -- x\r\r\n1\n\\.\n", 10, 24, "text behind COPY"},
    {PG, "\\restrict a\rCOMMIT;\n", 10, 1, "\\restrict is a command of psql's"},
    {PG, "COPY BINARY t FROM stdin;\n\\.\n", 10, 1, "binary COPY"},
    {PG, "COPY t FROM stdin BINARY;\n\\.\n", 10, 1, "binary COPY"},
    {PG, "COPY t FROM stdin (FORMAT binary);\n\\.\n", 10, 1, "binary COPY"},
    {PG, "COPY t FROM stdin WITH (FORMAT 'BINARY');\n\\.\n", 10, 1, "binary COPY"},
    {PG, "COPY t FROM stdin WITH (FORMAT \"binary\");\n\\.\n", 10, 1, "binary COPY"},
    {SQLITE, "SELECT `a", 10, 8, "quoted name is not ended"},
    {SQLITE, "SELECT [a", 10, 8, "quoted name is not ended"},
    {SQLITE, "SELECT 'a", 10, 8, "string is not ended"},
    {SQLITE, "/* /* *", 10, 1, "comment is not ended"},
    {SQLITE, "SELECT 1; BEGIN IMMEDIATE", 10, 11, "BEGIN cannot stand"},
    {SQLITE, "COMMIT", 10, 1, "COMMIT cannot stand"},
    {SQLITE, "end transaction", 10, 1, "END cannot stand"},
    {SQLITE, "ROLLBACK", 10, 1, "ROLLBACK cannot stand"},
    {SQLITE, "rollback transaction", 10, 1, "ROLLBACK cannot stand"},
    {SQLITE, "CREATE TRIGGER t BEGIN SELECT 1; END; COMMIT", 10, 39, "COMMIT cannot stand"},
};

START_TEST(refuses)
{
    const RefusalCase *one = &refusals[_i];
    g_autoptr(GError) error = NULL;
    g_autoptr(CmigSqlScript) script =
        scan(one->text, strlen(one->text), one->dialect, TRUE, &error);
    ck_assert_msg(script == NULL, "%s", one->text);
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    ck_assert_msg(g_str_has_prefix(error->message, one->message), "%s: %s", one->text,
                  error->message);
    ck_assert_str_eq(cmig_error_file(error), "m.sql");
    ck_assert_msg(cmig_error_line(error) == one->line && cmig_error_column(error) == one->column,
                  "%s: %u:%u", one->text, cmig_error_line(error), cmig_error_column(error));
}
END_TEST

START_TEST(refuses_bytes_that_are_no_text)
{
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(scan("SELECT\n 1\0", 10, PG, TRUE, &error));
    ck_assert_str_eq(error->message, "NUL byte in SQL text");
    ck_assert_uint_eq(cmig_error_line(error), 11);
    ck_assert_uint_eq(cmig_error_column(error), 3);
    g_clear_error(&error);
    ck_assert_ptr_null(scan("'\xC0\xAF'", 4, SQLITE, TRUE, &error));
    ck_assert_str_eq(error->message, "SQL text is not valid UTF-8");
    ck_assert_uint_eq(cmig_error_column(error), 2);
    ck_assert_str_eq(cmig_error_detail(error), "the byte is 0xC0");
}
END_TEST

START_TEST(finds_words)
{
    static const char text[] = "a; /* do */ DO -- x\r$$ concurrently $$ 'language' \"do\" Plpgsql; "
                               "concurrently";
    g_autoptr(CmigSqlScript) script = scan(text, strlen(text), PG, FALSE, NULL);
    static const struct {
        const char *word;
        gint number;
    } cases[] = {{"do", 0}, {"plpgsql", 4}, {"concurrently", -1}, {"language", -1}, {"a", -1}};
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++)
        ck_assert_int_eq(cmig_sql_find_word(script, 1, cases[idx].word), cases[idx].number);
}
END_TEST

START_TEST(allows_transaction_control_outside)
{
    g_autoptr(CmigSqlScript) script = scan("BEGIN; x; COMMIT", 16, PG, FALSE, NULL);
    ck_assert_uint_eq(script->statements->len, 3);
}
END_TEST

typedef struct {
    const char *text;
    const char *sent; /* without gaps */
    const char *data; /* of the first gap */
} CopyCase;

static const CopyCase copies[] = {
    {"COPY t FROM stdin;\n1\t'\n2\t;\\\\\n\\.\nSELECT 1;", "COPY t FROM stdin;\nSELECT 1;",
     "1\t'\n2\t;\\\\\n"},
    {"COPY t FROM stdin;\n\\.\n", "COPY t FROM stdin;\n", ""},
    {"COPY t FROM stdin;\n\\.", "COPY t FROM stdin;\n", ""},
    {"copy \"a;b\".\"from stdin\" (x, \"y\") From /* c */ StdIn with (format csv) where x > 1 ; -- "
     "c\r\n1\r\n\\.\r\nx",
     "copy \"a;b\".\"from stdin\" (x, \"y\") From /* c */ StdIn with (format csv) where x > 1 ; -- "
     "c\r\nx",
     "1\r\n"},
    {"COPY t FROM stdout;\nBEGIN;\n\\x\n\\.\n", "COPY t FROM stdout;\n", "BEGIN;\n\\x\n"},
};

START_TEST(cuts_copy_data)
{
    const CopyCase *one = &copies[_i];
    g_autoptr(GError) error = NULL;
    g_autoptr(CmigSqlScript) script = scan(one->text, strlen(one->text), PG, TRUE, &error);
    ck_assert_msg(script != NULL, "%s: %s", one->text, error ? error->message : "");
    ck_assert_uint_eq(script->gaps->len, 1);
    ck_assert_int_eq(cmig_sql_statement(script, 0)->copy, 0);
    const CmigSqlGap *gap = cmig_sql_gap(script, 0);
    ck_assert(gap->is_copy);
    g_autofree char *data = g_strndup(one->text + gap->start, gap->data_end - gap->start);
    ck_assert_str_eq(data, one->data);
    g_autoptr(GString) sent = g_string_new(NULL);
    cmig_sql_append(script, sent);
    ck_assert_str_eq(sent->str, one->sent);
    for (gsize at = 0; at < sent->len; at++)
        ck_assert_int_eq(one->text[cmig_sql_unappend(script, at)], sent->str[at]);
}
END_TEST

static const char *const not_copies[] = {
    "COPY t FROM '/stdin'; x",   "COPY t FROM PROGRAM 'stdin'; x",
    "COPY t TO stdout; x",       "COPY (SELECT 1 FROM stdin) TO STDOUT; x",
    "SELECT copy FROM stdin; x", "/* COPY t FROM stdin; */ x; x",
};

START_TEST(leaves_other_copies)
{
    g_autoptr(CmigSqlScript) script = scan(not_copies[_i], strlen(not_copies[_i]), PG, TRUE, NULL);
    ck_assert_ptr_nonnull(script);
    ck_assert_uint_eq(script->statements->len, 2);
    ck_assert_uint_eq(script->gaps->len, 0);
}
END_TEST

START_TEST(reads_a_dump)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    ck_assert(g_file_get_contents("tests/data/sql/dump.sql", &text, &length, NULL));
    g_autoptr(GError) error = NULL;
    g_autoptr(CmigSqlScript) script = scan(text, length, PG, TRUE, &error);
    ck_assert_msg(script != NULL, "%s", error ? error->message : "");
    guint copied = 0;
    for (guint idx = 0; idx < script->statements->len; idx++)
        copied += cmig_sql_statement(script, idx)->copy >= 0;
    ck_assert_uint_eq(copied, 2);
    ck_assert_uint_eq(script->gaps->len, 4);
    ck_assert_uint_eq(script->statements->len, 25);
}
END_TEST

/* SQLite agrees on every end: what lies before a `;` that ends a statement is complete with it and
 * not without it. */
START_TEST(agrees_with_sqlite)
{
    const SplitCase *one = &splits[_i];
    if (one->dialect != SQLITE)
        return;
    g_autoptr(CmigSqlScript) script = scan(one->text, strlen(one->text), SQLITE, TRUE, NULL);
    for (guint idx = 0; idx < script->statements->len; idx++) {
        g_autofree char *statement = cmig_sql_statement_text(script, idx);
        g_autofree char *ended = g_strconcat(statement, "\n;", NULL);
        ck_assert_msg(sqlite3_complete(ended) == 1, "%s", ended);
        for (gsize cut = 1; cut < strlen(statement); cut++) {
            char saved = statement[cut];
            statement[cut] = '\0';
            if (saved != '\0' && statement[cut - 1] == ';')
                ck_assert_msg(sqlite3_complete(statement) == 0, "%s", statement);
            statement[cut] = saved;
        }
    }
}
END_TEST

/* What lies between statements and gaps is nothing but spaces, comments and semicolons: it scans to
 * no statement. */
static void check_cover(const CmigSqlScript *script)
{
    g_autoptr(GString) rest = g_string_new(NULL);
    gsize at = 0;
    guint gap = 0;
    for (guint idx = 0; idx <= script->statements->len; idx++) {
        gboolean last = idx == script->statements->len;
        gsize stop = last ? script->length : cmig_sql_statement(script, idx)->start;
        for (; gap < script->gaps->len && cmig_sql_gap(script, gap)->start < stop; gap++) {
            const CmigSqlGap *hole = cmig_sql_gap(script, gap);
            ck_assert_uint_le(at, hole->start);
            ck_assert_uint_le(hole->start, hole->data_end);
            ck_assert_uint_le(hole->data_end, hole->end);
            g_string_append_len(rest, script->text + at, (gssize)(hole->start - at));
            at = hole->end;
        }
        ck_assert_uint_le(at, stop);
        g_string_append_len(rest, script->text + at, (gssize)(stop - at));
        if (last)
            break;
        const CmigSqlStatement *statement = cmig_sql_statement(script, idx);
        ck_assert_uint_lt(statement->start, statement->end);
        at = statement->end;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(CmigSqlScript) empty = scan(rest->str, rest->len, script->dialect, TRUE, &error);
    ck_assert_msg(empty != NULL && empty->statements->len == 0, "<%s> of <%s>", rest->str,
                  script->text);
}

static const char *const pieces[] = {
    "'",
    "''",
    "\"",
    "`",
    "[",
    "]",
    "(",
    ")",
    ";",
    ";\n",
    "--",
    "/*",
    "*/",
    "\n",
    "\r",
    " ",
    "$",
    "$$",
    "$a$",
    "e'",
    "E'\\",
    "\\",
    "\\.\n",
    "copy ",
    "COPY t FROM stdin;\n",
    "from ",
    "stdin",
    "begin",
    "end",
    "begin atomic ",
    "case ",
    "create ",
    "function ",
    "trigger ",
    "é",
    "1",
    "1e5",
    ".",
    "as ",
    "x",
    "\\restrict a\n",
    "savepoint a",
    "rollback ",
    "to ",
    "temp ",
    "explain ",
    "\xff",
};

START_TEST(covers_every_byte)
{
    g_autoptr(GRand) random = g_rand_new_with_seed((guint32)_i);
    guint scanned = 0;
    for (guint round = 0; round < 20000; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        gint count = g_rand_int_range(random, 0, 12);
        for (gint idx = 0; idx < count; idx++)
            g_string_append(text, pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))]);
        CmigDialect dialect = round % 2 ? PG : SQLITE;
        g_autoptr(GError) error = NULL;
        g_autoptr(CmigSqlScript) script = scan(text->str, text->len, dialect, FALSE, &error);
        if (script == NULL) {
            ck_assert_uint_ge(cmig_error_line(error), 10);
            continue;
        }
        scanned++;
        check_cover(script);
    }
    ck_assert_uint_gt(scanned, 2000);
}
END_TEST

START_TEST(survives_random_bytes)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    for (guint round = 0; round < 20000; round++) {
        char bytes[64];
        gsize length = (gsize)g_rand_int_range(random, 0, sizeof bytes);
        for (gsize idx = 0; idx < length; idx++)
            bytes[idx] = (char)g_rand_int_range(random, 0, round % 2 ? 256 : 128);
        g_autoptr(GError) error = NULL;
        g_autoptr(CmigSqlScript) script =
            scan(bytes, length, round % 3 ? PG : SQLITE, TRUE, &error);
        if (script != NULL)
            check_cover(script);
    }
}
END_TEST

/* Inputs that make careless scanners quadratic or recursive. */
START_TEST(takes_linear_time)
{
    static const char *const units[] = {
        "/*", "(",   "$a", "$a$b", "E'a'\n", "'a'\n", "--\n", "case ", "COPY t FROM stdin;\n\\.\n",
        ";",  "\"\""};
    g_autoptr(GString) text = g_string_new("CREATE FUNCTION f() BEGIN ATOMIC ");
    if (_i % 2)
        g_string_truncate(text, 0);
    while (text->len < TIMED(8 * 1024 * 1024))
        g_string_append(text, units[_i / 2]);
    gint64 start = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    g_autoptr(CmigSqlScript) script = scan(text->str, text->len, PG, TRUE, &error);
    ck_assert(script != NULL || error != NULL);
    ck_assert_int_lt(g_get_monotonic_time() - start, 10 * G_USEC_PER_SEC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql_scan");
    TCase *tests = tcase_create("scan");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, splits_statements, 0, G_N_ELEMENTS(splits));
    tcase_add_loop_test(tests, refuses, 0, G_N_ELEMENTS(refusals));
    tcase_add_test(tests, refuses_bytes_that_are_no_text);
    tcase_add_test(tests, finds_words);
    tcase_add_test(tests, allows_transaction_control_outside);
    tcase_add_loop_test(tests, cuts_copy_data, 0, G_N_ELEMENTS(copies));
    tcase_add_loop_test(tests, leaves_other_copies, 0, G_N_ELEMENTS(not_copies));
    tcase_add_test(tests, reads_a_dump);
    tcase_add_loop_test(tests, agrees_with_sqlite, 0, G_N_ELEMENTS(splits));
    tcase_add_loop_test(tests, covers_every_byte, 0, 3);
    tcase_add_test(tests, survives_random_bytes);
    tcase_add_loop_test(tests, takes_linear_time, 0, 22);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
