/* What only SQLite has: a file that may not be there, PRAGMAs, foreign keys that are checked late.
 */
#include "db_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void setup(void)
{
    fixture_setup(CMIG_DIALECT_SQLITE);
}

static GError *open_fails(const char *path)
{
    CmigUrl url = fixture.url;
    g_autofree char *full = g_build_filename(fixture.name, path, NULL);
    url.path = full;
    CmigDb *db = NULL;
    GError *error = NULL;
    ck_assert_msg(!cmig_db_open(&url, &fixture.settings, &db, &error), "%s", path);
    ck_assert_ptr_nonnull(strstr(error->message, fixture.name));
    return error;
}

START_TEST(names_what_cannot_be_opened)
{
    g_autoptr(GError) folder = open_fails("missing/test.db");
    assert_error(folder, CMIG_ERROR_UNAVAILABLE);
    ck_assert(g_str_has_prefix(folder->message, "cannot use the database's folder"));
    g_autoptr(GError) directory = open_fails(".");
    ck_assert(g_str_has_prefix(directory->message, "the database is not a regular file"));
    ck_assert(
        g_file_set_contents(fixture.url.path, "no database, but long enough to tell", -1, NULL));
    g_autoptr(GError) other = open_fails("test.db");
    assert_error(other, CMIG_ERROR_UNAVAILABLE);
    ck_assert(g_str_has_prefix(other->message, "this file is not an SQLite database"));
    g_autoptr(GError) below = open_fails("test.db/x");
    assert_error(below, CMIG_ERROR_UNAVAILABLE);
}
END_TEST

START_TEST(keeps_everything_in_memory)
{
    g_free(fixture.url.path);
    fixture.url.path = g_strdup(":memory:");
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, "CREATE TABLE t (a int)", NO_ROWS, STRINGS(INSERT("a")));
    assert_runs(db, "INSERT INTO t VALUES (1)", STRINGS("a"), STRINGS(INSERT("b")));
    assert_rows(db, "a,b");
    ck_assert(!g_file_test(":memory:", G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST(waits_for_a_lock_and_gives_up)
{
    fixture_execute("CREATE TABLE x (a int)");
    fixture.settings.lock_timeout = 300;
    g_autoptr(CmigDb) db = fixture_connect();
    sqlite3 *other = NULL;
    sqlite3_open(fixture.url.path, &other);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    gint64 start = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    ck_assert(!fixture_run(db, "CREATE TABLE t (a int)", TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL,
                           &error));
    assert_error(error, CMIG_ERROR_TRY_AGAIN);
    ck_assert_ptr_nonnull(strstr(error->message, fixture.url.path));
    gint64 waited = g_get_monotonic_time() - start;
    ck_assert_int_ge(waited, 300000);
    ck_assert_int_lt(waited, 2000000);
    sqlite3_close(other);
    assert_runs(db, "CREATE TABLE t (a int)", NO_ROWS, STRINGS(INSERT("a")));
}
END_TEST

START_TEST(waits_for_a_lock_and_makes_no_copy)
{
    fixture_execute("CREATE TABLE x (a int)");
    fixture.settings.lock_timeout = 300;
    g_autoptr(CmigDb) db = fixture_connect();
    sqlite3 *other = NULL;
    sqlite3_open(fixture.url.path, &other);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    g_autoptr(GError) error = NULL;
    char *path = NULL;
    ck_assert(!cmig_db_backup(db, "copy", &path, &error));
    assert_error(error, CMIG_ERROR_TRY_AGAIN);
    ck_assert(g_str_has_prefix(error->message, "cannot make a copy of the database: another "));
    sqlite3_close(other);
    ck_assert_ptr_null(path);
    g_autofree char *partial = g_strconcat(fixture.url.path, ".copy.partial", NULL);
    ck_assert(!g_file_test(partial, G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST(locks_one_file_under_two_names)
{
    fixture_execute("CREATE TABLE x (a int)");
    fixture.settings.lock_timeout = 200;
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    ck_assert(cmig_db_enter(db, &error));
    g_autofree char *real = g_steal_pointer(&fixture.url.path);
    fixture.url.path = g_build_filename(fixture.name, "link.db", NULL);
    ck_assert_int_eq(symlink(real, fixture.url.path), 0);
    g_autoptr(CmigDb) other = fixture_connect();
    ck_assert(!cmig_db_enter(other, &error));
    assert_error(error, CMIG_ERROR_TRY_AGAIN);
    cmig_db_leave(db);
    g_clear_error(&error);
    ck_assert(cmig_db_enter(other, &error));
    cmig_db_leave(other);
}
END_TEST

START_TEST(gives_up_at_commit_when_readers_stay)
{
    fixture_execute("CREATE TABLE x (a int); INSERT INTO x VALUES (1), (2)");
    fixture.settings.lock_timeout = 200;
    g_autoptr(CmigDb) db = fixture_connect();
    sqlite3 *other = NULL;
    sqlite3_stmt *reader = NULL;
    sqlite3_open(fixture.url.path, &other);
    sqlite3_prepare_v2(other, "SELECT * FROM x", -1, &reader, NULL);
    ck_assert_int_eq(sqlite3_step(reader), SQLITE_ROW);
    g_autoptr(GError) error = NULL;
    ck_assert(!fixture_run(db, "CREATE TABLE t (a int)", TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL,
                           &error));
    assert_error(error, CMIG_ERROR_TRY_AGAIN);
    ck_assert(g_str_has_prefix(error->message, "at COMMIT: "));
    sqlite3_finalize(reader);
    sqlite3_close(other);
    assert_query(TABLES, "x");
}
END_TEST

#define FAMILY                                                                                     \
    "CREATE TABLE p (a INTEGER PRIMARY KEY); CREATE TABLE c (a int REFERENCES p ON DELETE "        \
    "CASCADE); INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1), (2);"

START_TEST(rebuilds_tables_without_losing_children)
{
    fixture_execute(FAMILY);
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db,
                "CREATE TABLE new_p (a INTEGER PRIMARY KEY, b text);"
                "INSERT INTO new_p SELECT a, 'x' FROM p; DROP TABLE p;"
                "ALTER TABLE new_p RENAME TO p;",
                NO_ROWS, STRINGS(INSERT("a")));
    assert_query("SELECT count(*) FROM c", "2");
    assert_query("SELECT sql FROM sqlite_master WHERE name = 'c'",
                 "CREATE TABLE c (a int REFERENCES p ON DELETE CASCADE)");
    assert_query("PRAGMA foreign_key_check", "");
}
END_TEST

START_TEST(finds_broken_foreign_keys)
{
    fixture_execute(FAMILY "INSERT INTO c VALUES (77)");
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    /* What was broken before is not this migration's fault. */
    assert_runs(db, "INSERT INTO p VALUES (3)", NO_ROWS, STRINGS(INSERT("a")));
    ck_assert(!fixture_run(db, "DELETE FROM p WHERE a < 3", TRUE, STRINGS("a"),
                           STRINGS(INSERT("b")), NULL, &error));
    assert_error(error, CMIG_ERROR_FAILED);
    ck_assert_str_eq(error->message, "the migration breaks foreign keys of 2 rows");
    ck_assert_str_eq(cmig_error_detail(error), "c -> p: 2");
    assert_query("SELECT count(*) FROM p", "3");
    assert_rows(db, "a");
}
END_TEST

START_TEST(restores_pragmas)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    g_autofree char *attach = g_strdup_printf("PRAGMA foreign_keys = ON; PRAGMA query_only = OFF;"
                                              "PRAGMA busy_timeout = 1; ATTACH '%s/other.db' AS o;"
                                              "PRAGMA locking_mode = EXCLUSIVE; "
                                              "PRAGMA ignore_check_constraints = ON;"
                                              "PRAGMA query_only = ON",
                                              fixture.name);
    /* The version rows are written after the settings are back. */
    gboolean done = fixture_run(db, attach, FALSE, NO_ROWS, STRINGS(INSERT("a")), NULL, &error);
    ck_assert_msg(done, "%s", error ? error->message : "");
    assert_runs(db,
                "CREATE TABLE pragmas AS SELECT (SELECT foreign_keys FROM pragma_foreign_keys) || "
                "(SELECT group_concat(name) FROM pragma_database_list);"
                "CREATE TABLE checked (a int CHECK (a > 0))",
                STRINGS("a"), STRINGS(INSERT("b")));
    assert_query("SELECT * FROM pragmas", "0main");
    ck_assert(!fixture_run(db, "INSERT INTO checked VALUES (-1)", TRUE, STRINGS("a", "b"), NULL,
                           NULL, &error));
    assert_query("SELECT count(*) FROM checked", "0");
}
END_TEST

START_TEST(protects_the_schema_table)
{
    g_autoptr(CmigDb) db = fixture_connect();
    g_autoptr(GError) error = NULL;
    ck_assert(!fixture_run(db,
                           "CREATE TABLE t (a int);\nPRAGMA writable_schema = ON;\nDELETE FROM "
                           "sqlite_master;",
                           TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL, &error));
    ck_assert_uint_eq(cmig_error_line(error), 12);
    assert_query(TABLES, "");
}
END_TEST

START_TEST(runs_triggers)
{
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db,
                "CREATE TABLE t (a int); CREATE TABLE log (a int);"
                "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); "
                "INSERT INTO log SELECT CASE WHEN new.a > 1 THEN 8 ELSE 9 END; END;"
                "INSERT INTO t VALUES (1);",
                NO_ROWS, STRINGS(INSERT("a")));
    assert_query("SELECT a FROM log ORDER BY a", "1,9");
}
END_TEST

START_TEST(notices_a_transaction_that_ends)
{
    static const char *const texts[] = {
        "CREATE TABLE t (a int UNIQUE); INSERT INTO t VALUES (1); INSERT OR ROLLBACK INTO t VALUES "
        "(1); CREATE TABLE u (a int)",
        /* SQLite's tokenizer sees one variable in `$a(')`. */
        "CREATE TABLE t (a int); SELECT $a('); COMMIT; SELECT '",
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(texts); idx++) {
        g_autoptr(CmigDb) db = fixture_connect();
        g_autoptr(GError) error = NULL;
        ck_assert(!fixture_run(db, texts[idx], TRUE, NO_ROWS, STRINGS(INSERT("a")), NULL, &error));
        assert_error(error, CMIG_ERROR_FAILED);
        assert_query(TABLES, "");
        assert_rows(db, "");
    }
}
END_TEST

START_TEST(sees_read_only_places)
{
    fixture_execute("CREATE TABLE x (a int)");
    if (geteuid() == 0)
        ck_assert_int_eq(chown(fixture.name, 65534, 65534) | seteuid(65534), 0);
    ck_assert_int_eq(g_chmod(fixture.name, 0500), 0);
    g_autoptr(CmigDb) db = fixture_open();
    g_autoptr(CmigDbState) state = fixture_inspect(db, TRUE);
    ck_assert(state->read_only);
    g_autoptr(GError) error = NULL;
    ck_assert(!fixture_run(db, "CREATE TABLE t (a int)", TRUE, NO_ROWS, NULL, NULL, &error));
    assert_error(error, CMIG_ERROR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(error->message, fixture.url.path));
    ck_assert_int_eq(g_chmod(fixture.name, 0700), 0);
    ck_assert_int_eq(seteuid(getuid()), 0);
}
END_TEST

START_TEST(finds_a_file_that_came_later)
{
    g_autoptr(CmigDb) db = fixture_connect();
    fixture_execute("CREATE TABLE alembic_version (version_num text);"
                    "INSERT INTO alembic_version VALUES ('late')");
    assert_rows(db, "late");
    g_autoptr(CmigDbState) state = fixture_inspect(db, TRUE);
    ck_assert(state->table_exists);
}
END_TEST

START_TEST(survives_a_full_disk)
{
    g_autoptr(CmigDb) db = fixture_connect();
    assert_runs(db, "CREATE TABLE t (a text)", NO_ROWS, STRINGS(INSERT("a")));
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    g_autoptr(GError) error = NULL;
    ck_assert(!fixture_run(db, "INSERT INTO t VALUES (randomblob(300000))", TRUE, STRINGS("a"),
                           STRINGS("UPDATE alembic_version SET version_num = 'b'"), NULL, &error));
    assert_error(error, CMIG_ERROR_FAILED);
    ck_assert(g_str_has_prefix(error->message, "at COMMIT: the disk "));
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_rows(db, "a");
    assert_query("SELECT count(*) FROM t", "0");
    assert_runs(db, "INSERT INTO t VALUES (1)", STRINGS("a"), STRINGS(INSERT("c")));
}
END_TEST

/* A file system on which giving back a lock fails once, after the COMMIT is on the disk, or writing
 * finds the disk full. */
static sqlite3_vfs *real_vfs;
static sqlite3_io_methods real_methods;
static gboolean unlock_fails;
static gboolean is_full;

static int failing_unlock(sqlite3_file *file, int level)
{
    int code = real_methods.xUnlock(file, level);
    if (!unlock_fails)
        return code;
    unlock_fails = FALSE;
    return SQLITE_IOERR_UNLOCK;
}

static int failing_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    return is_full ? SQLITE_FULL : real_methods.xWrite(file, bytes, size, offset);
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    static sqlite3_io_methods methods;
    (void)vfs;
    int code = real_vfs->xOpen(real_vfs, name, file, flags, out);
    if (code != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0)
        return code;
    if (file->pMethods->xUnlock != failing_unlock)
        real_methods = *file->pMethods;
    methods = real_methods;
    methods.xUnlock = failing_unlock;
    methods.xWrite = failing_write;
    file->pMethods = &methods;
    return code;
}

START_TEST(finds_out_whether_a_commit_happened)
{
    fixture_execute("CREATE TABLE x (a int)");
    real_vfs = sqlite3_vfs_find(NULL);
    sqlite3_vfs shim = *real_vfs;
    shim.zName = "shim";
    shim.xOpen = shim_open;
    sqlite3_vfs_register(&shim, 1);
    CmigDb *db = fixture_connect();
    sqlite3_vfs_register(real_vfs, 1);
    assert_runs(db, "CREATE TABLE t (a int)", NO_ROWS, STRINGS(INSERT("a")));
    g_autoptr(CmigSqlScript) script = fixture_scan("CREATE TABLE u (a int)", TRUE);
    CmigDbUnit unit = fixture_unit(script, STRINGS("a"), STRINGS(INSERT("b")));
    unlock_fails = TRUE;
    g_autoptr(GError) error = NULL;
    CmigDbOutcome outcome;
    gboolean done = cmig_db_run(db, &unit, &outcome, &error);
    ck_assert_msg(done, "%s", error ? error->message : "");
    ck_assert(!unlock_fails);
    ck_assert(outcome.applied);
    assert_query(TABLES, "alembic_version,t,u,x");
    CmigDbUnit blind = fixture_unit(NULL, NULL, STRINGS(INSERT("c")));
    unlock_fails = TRUE;
    ck_assert(!cmig_db_run(db, &blind, &outcome, &error));
    assert_error(error, CMIG_ERROR_IN_DOUBT);
    g_clear_error(&error);
    is_full = TRUE;
    blind = fixture_unit(NULL, NULL, STRINGS(INSERT("d")));
    ck_assert(!cmig_db_run(db, &blind, &outcome, &error));
    assert_error(error, CMIG_ERROR_FAILED);
    ck_assert(g_str_has_prefix(error->message, "at COMMIT: the disk is full"));
    is_full = FALSE;
    cmig_db_close(db);
    sqlite3_vfs_unregister(&shim);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("db_sqlite");
    TCase *tests = tcase_create("sqlite");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, fixture_teardown);
    tcase_add_test(tests, names_what_cannot_be_opened);
    tcase_add_test(tests, keeps_everything_in_memory);
    tcase_add_test(tests, waits_for_a_lock_and_gives_up);
    tcase_add_test(tests, waits_for_a_lock_and_makes_no_copy);
    tcase_add_test(tests, locks_one_file_under_two_names);
    tcase_add_test(tests, gives_up_at_commit_when_readers_stay);
    tcase_add_test(tests, rebuilds_tables_without_losing_children);
    tcase_add_test(tests, finds_broken_foreign_keys);
    tcase_add_test(tests, restores_pragmas);
    tcase_add_test(tests, protects_the_schema_table);
    tcase_add_test(tests, runs_triggers);
    tcase_add_test(tests, notices_a_transaction_that_ends);
    tcase_add_test(tests, sees_read_only_places);
    tcase_add_test(tests, finds_a_file_that_came_later);
    tcase_add_test(tests, survives_a_full_disk);
    tcase_add_test(tests, finds_out_whether_a_commit_happened);
    suite_add_tcase(suite, tests);
    return fixture_main(suite);
}
