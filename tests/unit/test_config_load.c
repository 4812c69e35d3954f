/* Loading: real folders, .env files, the process environment, and what wins over what. Each test
 * runs in its own process (Check forks), so it may change folder and environment. */
#include "cmig/config.h"
#include "cmig/error.h"
#include "cmig/yaml.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

static char *top;  /* the temporary folder */
static char *home; /* the source folder, for the example */

static void remove_tree(const char *path)
{
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    for (const char *name = NULL; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    if (dir != NULL)
        g_dir_close(dir);
    g_remove(path);
}

static void set_up(void)
{
    static const char *const names[] = {
        "CMIG_CONFIG",
        "ALEMBIC_CONFIG",
        "DATABASE_URL",
        "DIRECT_URL",
        "CMIG_ENV",
        "ENVIRONMENT",
        "APP_ENV",
        "CMIG_LOCK_TIMEOUT",
        "CMIG_STATEMENT_TIMEOUT",
        "PGHOST",
        "PGHOSTADDR",
        "PGPORT",
        "PGUSER",
        "PGDATABASE",
        "PGSERVICE",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "POSTGRES_HOST",
        "POSTGRES_PORT",
        "POSTGRES_DB",
        "APP_URL",
        "CMIG_CONNECT_TIMEOUT",
        "CMIG_REQUIRE_TLS",
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(names); idx++)
        g_unsetenv(names[idx]);
    home = g_get_current_dir();
    top = g_dir_make_tmp("cmig-test-XXXXXX", NULL);
    ck_assert_ptr_nonnull(top);
    ck_assert_int_eq(g_chdir(top), 0);
}

static void tear_down(void)
{
    ck_assert_int_eq(g_chdir(home), 0);
    remove_tree(top);
    g_free(top);
    g_free(home);
}

static void put(const char *path, const char *content)
{
    g_autofree char *folder = g_path_get_dirname(path);
    ck_assert_int_eq(g_mkdir_with_parents(folder, 0700), 0);
    ck_assert(g_file_set_contents(path, content, -1, NULL));
}

static CmigConfig *load_with(const CmigConfigRequest *request)
{
    CmigConfig *config = NULL;
    g_autoptr(GError) error = NULL;
    gboolean loaded = cmig_config_load(request, &config, &error);
    ck_assert_msg(loaded, "%s", error ? error->message : "");
    return config;
}

static CmigConfig *load(void)
{
    return load_with(&(CmigConfigRequest){0});
}

static void assert_path(const char *path, const char *relative)
{
    g_autofree char *expected = g_canonicalize_filename(relative, top);
    ck_assert_str_eq(path, expected);
}

START_TEST(test_defaults)
{
    g_autoptr(CmigConfig) config = load();
    ck_assert_ptr_null(config->file);
    assert_path(config->directory, ".");
    assert_path(config->script_location, "migrations");
    assert_path(config->version_locations[0], "migrations");
    ck_assert_ptr_null(config->version_locations[1]);
    ck_assert(!config->recursive_version_locations);
    ck_assert_str_eq(config->file_template, "%(rev)s_%(slug)s");
    ck_assert_uint_eq(config->truncate_slug_length, 40);
    ck_assert_str_eq(config->timezone, "UTC");
    ck_assert_ptr_null(config->templates);
    ck_assert_str_eq(config->version_table, "alembic_version");
    ck_assert_ptr_null(config->version_table_schema);
    ck_assert(config->version_table_pk);
    ck_assert_int_eq(config->transaction, CMIG_TRANSACTION_PER_MIGRATION);
    ck_assert_uint_eq(config->lock_timeout, 60000);
    ck_assert_uint_eq(config->statement_timeout, 0);
    ck_assert_uint_eq(config->connect_timeout, 0);
    ck_assert_ptr_null(config->environment);
    ck_assert_uint_eq(config->hooks->len, 0);
    ck_assert_ptr_null(config->url);
    ck_assert_int_eq(config->url_origin, CMIG_ORIGIN_NONE);
    ck_assert_str_eq(config->url_error->message, "no database URL is set");
    ck_assert_ptr_nonnull(strstr(cmig_error_hint(config->url_error), "cmig init"));
    ck_assert_ptr_nonnull(strstr(cmig_error_hint(config->url_error), "DATABASE_URL"));
}
END_TEST

START_TEST(test_every_key)
{
    put("alembic.yml", "script_location: db\n"
                       "version_locations: [db/v, '${SUB}/w', /abs/v]\n"
                       "recursive_version_locations: true\n"
                       "file_template: '%(year)d_%(slug)s'\n"
                       "truncate_slug_length: 20\n"
                       "timezone: utc\n"
                       "templates: ./t\n"
                       "version_table: v\n"
                       "version_table_schema: s\n"
                       "version_table_pk: false\n"
                       "transaction: all\n"
                       "lock_timeout: 1.5min\n"
                       "statement_timeout: 500ms\n"
                       "connect_timeout: 1500ms\n"
                       "environment: staging\n"
                       "database_url: null\n"
                       "env_files: []\n"
                       "hooks:\n"
                       "  - name: fmt\n"
                       "    command: [pg_format, -i, '{file}', '${SUB}']\n"
                       "    cwd: db\n"
                       "  - command: echo 'a b' ${SUB}\n");
    g_setenv("SUB", "su b", TRUE);
    g_autoptr(CmigConfig) config = load();
    ck_assert_str_eq(config->file, "alembic.yml");
    assert_path(config->script_location, "db");
    assert_path(config->version_locations[0], "db/v");
    assert_path(config->version_locations[1], "su b/w");
    ck_assert_str_eq(config->version_locations[2], "/abs/v");
    ck_assert(config->recursive_version_locations);
    ck_assert_str_eq(config->file_template, "%(year)d_%(slug)s");
    ck_assert_uint_eq(config->truncate_slug_length, 20);
    ck_assert_str_eq(config->timezone, "UTC"); /* found in upper case, as Alembic does */
    assert_path(config->templates, "t");
    ck_assert_str_eq(config->version_table, "v");
    ck_assert_str_eq(config->version_table_schema, "s");
    ck_assert(!config->version_table_pk);
    ck_assert_int_eq(config->transaction, CMIG_TRANSACTION_ALL);
    ck_assert_uint_eq(config->lock_timeout, 90000);
    ck_assert_uint_eq(config->statement_timeout, 500);
    ck_assert_uint_eq(config->connect_timeout, 2);
    ck_assert_str_eq(config->environment, "staging");
    ck_assert_str_eq(config->environment_source, "alembic.yml:15");
    ck_assert_uint_eq(config->hooks->len, 2);
    const CmigHook *first = config->hooks->pdata[0];
    const CmigHook *second = config->hooks->pdata[1];
    g_autofree char *argv = g_strjoinv("|", first->argv);
    g_autofree char *split = g_strjoinv("|", second->argv);
    ck_assert_str_eq(first->name, "fmt");
    ck_assert_str_eq(argv, "pg_format|-i|{file}|su b");
    assert_path(first->cwd, "db");
    ck_assert_str_eq(second->name, "echo");
    ck_assert_str_eq(split, "echo|a b|su b");
    ck_assert_ptr_null(second->cwd);
}
END_TEST

START_TEST(test_local_timezone)
{
    put("alembic.yml", "timezone: local\n");
    g_autoptr(CmigConfig) config = load();
    ck_assert_str_eq(config->timezone, "local");
}
END_TEST

START_TEST(test_versions_folder)
{
    put("migrations/versions/x.sql", "");
    g_autoptr(CmigConfig) config = load();
    assert_path(config->version_locations[0], "migrations/versions");
}
END_TEST

/* Places where alembic.yml is looked for. */
START_TEST(test_discovery)
{
    put("alembic.yml", "version_table: top\ndatabase_url: sqlite:///a.db\n");
    put("other.conf", "version_table: other\n");
    put("x.yaml", "version_table: x\n");
    put("a/alembic.ini", "[alembic]\n");
    put("a/b/c/file", "");
    ck_assert_int_eq(g_chdir("a/b/c"), 0);

    g_autoptr(CmigConfig) parent = load();
    ck_assert_str_eq(parent->version_table, "top");
    assert_path(parent->file, "alembic.yml");
    assert_path(parent->directory, ".");
    assert_path(parent->script_location, "migrations");
    assert_path(parent->url->path, "a.db");

    put("../alembic.yml", "version_table: near\n");
    g_autoptr(CmigConfig) nearest = load();
    ck_assert_str_eq(nearest->version_table, "near");

    g_setenv("ALEMBIC_CONFIG", "../../../x.yaml", TRUE);
    g_autoptr(CmigConfig) alembic = load();
    ck_assert_str_eq(alembic->version_table, "x");
    ck_assert_str_eq(alembic->file, "../../../x.yaml");
    assert_path(alembic->script_location, "migrations");

    g_setenv("CMIG_CONFIG", "../../../other.conf", TRUE);
    g_autoptr(CmigConfig) cmig = load();
    ck_assert_str_eq(cmig->version_table, "other");

    g_autoptr(CmigConfig) flag = load_with(&(CmigConfigRequest){.file = "../../../alembic.yml"});
    ck_assert_str_eq(flag->version_table, "top");

    g_setenv("CMIG_CONFIG", "", TRUE);
    g_setenv("ALEMBIC_CONFIG", "", TRUE);
    g_autoptr(CmigConfig) none = load();
    ck_assert_str_eq(none->version_table, "near");
}
END_TEST

static const struct {
    const char *variable; /* NULL = the flag */
    const char *value;
    const char *message;
} bad_files[] = {
    {NULL, "", "-c: the file name is empty"},
    {NULL, "none.yml", "cannot read none.yml: No such file or directory"},
    {NULL, ".", "cannot read .: not a regular file"},
    {NULL, "alembic.ini", "-c names alembic.ini, but cmig reads alembic.yml, a YAML file"},
    {"CMIG_CONFIG", "pyproject.toml",
     "CMIG_CONFIG names pyproject.toml, but cmig reads alembic.yml, a YAML file"},
    {"CMIG_CONFIG", "none.yml", "cannot read none.yml: No such file or directory"},
    {"ALEMBIC_CONFIG", "a\n.ini",
     "ALEMBIC_CONFIG names a\\n.ini, but cmig reads alembic.yml, a YAML file"},
    {"ALEMBIC_CONFIG", "conf",
     "ALEMBIC_CONFIG names conf, but cmig reads alembic.yml, a YAML file"},
};

START_TEST(test_bad_file)
{
    const char *variable = bad_files[_i].variable;
    if (variable != NULL)
        g_setenv(variable, bad_files[_i].value, TRUE);
    CmigConfigRequest request = {.file = variable == NULL ? bad_files[_i].value : NULL};
    CmigConfig *config = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_config_load(&request, &config, &error));
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    ck_assert_str_eq(error->message, bad_files[_i].message);
}
END_TEST

/* Mistakes in alembic.yml: message, place, and a hint where there is one. */
static const struct {
    const char *text;
    guint line;
    guint column;
    const char *message;
    const char *hint;
} mistakes[] = {
    {"scrip_location: x\n", 1, 1, "unknown key \"scrip_location\"",
     "did you mean \"script_location\"?"},
    {"a: 1\n", 1, 1, "unknown key \"a\"", NULL},
    {"guards: {}\n", 1, 1, "unknown key \"guards\"", "did you mean \"guard\"?"},
    {"sqlalchemy.url: x\n", 1, 1, "unknown key \"sqlalchemy.url\"", "use \"database_url\""},
    {"database.user: x\n", 1, 1, "unknown key \"database.user\"", "did you mean \"database_url\"?"},
    {"{postgresql://u:secret@h/d}\n", 1, 2, "unknown key", NULL},
    {"database:\n  usr: x\n", 2, 3, "unknown key \"database.usr\"", "did you mean \"user\"?"},
    {"hooks:\n  - cmd: x\n", 2, 5, "unknown key \"hooks.cmd\"", "did you mean \"cwd\"?"},
    {"- a\n", 1, 1, "the configuration must consist of `key: value` lines", NULL},
    {"just text\n", 1, 1, "the configuration must consist of `key: value` lines", NULL},
    {"script_location: [a]\n", 1, 18, "script_location must be a single value", NULL},
    {"script_location: ''\n", 1, 18, "script_location: must not be empty", NULL},
    {"\ntruncate_slug_length: 0\n", 2, 23,
     "truncate_slug_length: must be a whole number from 1 to 200", NULL},
    {"truncate_slug_length: 201\n", 1, 23,
     "truncate_slug_length: must be a whole number from 1 to 200", NULL},
    {"truncate_slug_length: 4x\n", 1, 23,
     "truncate_slug_length: must be a whole number from 1 to 200", NULL},
    {"truncate_slug_length: -4\n", 1, 23,
     "truncate_slug_length: must be a whole number from 1 to 200", NULL},
    {"version_table_pk: yes\n", 1, 19, "version_table_pk: must be true or false", NULL},
    {"recursive_version_locations: 1\n", 1, 30,
     "recursive_version_locations: must be true or false", NULL},
    {"require_tls: verify-full\n", 1, 14, "require_tls: must be true or false", NULL},
    {"session_pooler: 1\n", 1, 17, "session_pooler: must be true or false", NULL},
    {"direct_url: [a]\n", 1, 13, "direct_url must be a single value", NULL},
    {"transaction: none\n", 1, 14, "transaction: must be per_migration or all", NULL},
    {"lock_timeout: soon\n", 1, 15,
     "lock_timeout: not a duration: a number with ms, s, min or h is expected, such as 30s", NULL},
    {"lock_timeout: 1000h\n", 1, 15,
     "lock_timeout: the duration is too long: at most 2147483647ms (24 days)", NULL},
    {"timezone: Mars/Olympus\n", 1, 11,
     "timezone: must be UTC, local or a time zone such as Europe/Berlin", NULL},
    {"timezone: ../../../etc/passwd\n", 1, 11,
     "timezone: must be UTC, local or a time zone such as Europe/Berlin", NULL},
    {"version_table: ''\n", 1, 16, "version_table: must not be empty", NULL},
    {"version_table: "
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
     1, 16, "version_table: must have at most 63 bytes", NULL},
    {"version_table: ${UNSET}\n", 1, 16, "version_table: the environment variable UNSET is not set",
     NULL},
    {"version_table: ${UNSET:?see the wiki}\n", 1, 16,
     "version_table: the environment variable UNSET is not set: see the wiki", NULL},
    {"version_table: ${\n", 1, 16, "version_table: a ${ is not closed by }",
     "variables are written ${NAME}, ${NAME:-default} or ${NAME:?message}; a literal $ is written "
     "$$"},
    {"version_locations: []\n", 1, 20, "version_locations must name at least one folder", NULL},
    {"version_locations: [a, {b: c}]\n", 1, 24,
     "version_locations must be a text or a list of texts", NULL},
    {"version_locations:\n  - a\n  - ${UNSET}\n", 3, 5,
     "version_locations: the environment variable UNSET is not set", NULL},
    {"version_locations: [a, '']\n", 1, 24, "version_locations: a folder name is empty", NULL},
    {"env_files: none.env\n", 1, 12, "env_files: there is no file none.env",
     "write \"none.env?\" if it may be missing"},
    {"env_files: [none.env]\n", 1, 13, "env_files: there is no file none.env",
     "write \"none.env?\" if it may be missing"},
    {"env_files: {a: b}\n", 1, 12, "env_files must be a list of files", NULL},
    {"env_files: [[a]]\n", 1, 13, "env_files must be a single value", NULL},
    {"env_files: ['?']\n", 1, 13, "env_files: a file name is empty", NULL},
    {"env_files: ['${UNSET}']\n", 1, 13, "env_files: the environment variable UNSET is not set",
     NULL},
    {"guard: true\n", 1, 8, "guard must be a mapping", NULL},
    {"guard: {safe_below_row: 1}\n", 1, 9, "unknown key \"guard.safe_below_row\"",
     "did you mean \"safe_below_rows\"?"},
    {"guard: {safe_below_rows: -1}\n", 1, 26,
     "guard.safe_below_rows: must be a whole number from 0 to 2147483647", NULL},
    {"guard: {require_confirmation: never}\n", 1, 31,
     "guard.require_confirmation: must be always or destructive", NULL},
    {"guard: {branches: [main, '']}\n", 1, 26, "guard.branches: an entry is empty", NULL},
    {"guard: {freeze: [\"22:00 - 06:00\", soon]}\n", 1, 35, "guard.freeze: not a time range",
     "write \"Fri 16:00 - Mon 08:00\", \"22:00 - 06:00\" or \"2026-12-20 - 2027-01-03\""},
    {"environment: [a]\n", 1, 14, "environment must be a single value", NULL},
    {"database_url: [a]\n", 1, 15, "database_url must be a single value", NULL},
    {"database: postgresql://u:secret@h/d\n", 1, 11,
     "database must be a mapping; a URL belongs into database_url", NULL},
    {"database:\n  user: [secret]\n", 2, 9, "database.user must be a single value", NULL},
    {"database_url: x\ndatabase:\n  user: x\n", 3, 3,
     "database and database_url exclude each other", NULL},
    {"variables: x\n", 1, 12, "variables must be a mapping of names to values", NULL},
    {"variables: [x]\n", 1, 12, "variables must be a mapping of names to values", NULL},
    {"variables:\n  a: [sekrit]\n", 2, 6, "variables.a must be a single value", NULL},
    {"variables:\n  a-b: sekrit\n", 2, 3, "variables: this is not a name of a variable",
     "a name consists of letters, digits and _ and does not begin with a digit"},
    {"variables:\n  a: ${UNSET}\n", 2, 6, "variables.a: the environment variable UNSET is not set",
     NULL},
    {"variables:\n  a: \"x\\0\"\n", 2, 6, "a value contains a NUL character", NULL},
    {"hooks: x\n", 1, 8, "hooks must be a list, each with name, command and cwd", NULL},
    {"hooks: [x]\n", 1, 9, "a hook must be a mapping with name, command and cwd", NULL},
    {"hooks:\n  - name: x\n", 2, 5, "a hook needs a command", NULL},
    {"hooks:\n  - command: ''\n", 2, 14, "hooks.command is empty, or a quote in it is not closed",
     NULL},
    {"hooks:\n  - command: \"echo 'a\"\n", 2, 14,
     "hooks.command is empty, or a quote in it is not closed", NULL},
    {"hooks:\n  - command: []\n", 2, 14, "hooks.command is empty", NULL},
    {"hooks:\n  - command: [echo, '${UNSET}']\n", 2, 14,
     "hooks.command: the environment variable UNSET is not set", NULL},
    {"hooks:\n  - command: {a: b}\n", 2, 14, "hooks.command must be a text or a list of texts",
     NULL},
    {"transaction: all\ntransaction: all\n", 2, 1, "key \"transaction\" is given twice", NULL},
};

START_TEST(test_mistake)
{
    put("alembic.yml", mistakes[_i].text);
    CmigConfig *config = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert_msg(!cmig_config_load(&(CmigConfigRequest){0}, &config, &error), "%s",
                  mistakes[_i].text);
    ck_assert_ptr_null(config);
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    ck_assert_str_eq(error->message, mistakes[_i].message);
    ck_assert_str_eq(cmig_error_file(error), "alembic.yml");
    ck_assert_uint_eq(cmig_error_line(error), mistakes[_i].line);
    ck_assert_uint_eq(cmig_error_column(error), mistakes[_i].column);
    ck_assert_pstr_eq(cmig_error_hint(error), mistakes[_i].hint);
}
END_TEST

START_TEST(test_overrides)
{
    put("alembic.yml", "lock_timeout: 1s\nstatement_timeout: 1s\n");
    put(".env", "CMIG_LOCK_TIMEOUT=2s\nCMIG_STATEMENT_TIMEOUT=3s\n");
    g_setenv("CMIG_LOCK_TIMEOUT", "4s", TRUE);
    g_autoptr(CmigConfig) config = load();
    ck_assert_uint_eq(config->lock_timeout, 4000);
    ck_assert_uint_eq(config->statement_timeout, 3000);
    g_autoptr(CmigConfig) flag = load_with(&(CmigConfigRequest){.lock_timeout = "5"});
    ck_assert_uint_eq(flag->lock_timeout, 5000);

    CmigConfig *none = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_config_load(&(CmigConfigRequest){.lock_timeout = "x"}, &none, &error));
    ck_assert(g_str_has_prefix(error->message, "--lock-timeout: not a duration"));
    g_clear_error(&error);
    g_setenv("CMIG_LOCK_TIMEOUT", "x", TRUE);
    ck_assert(!cmig_config_load(&(CmigConfigRequest){0}, &none, &error));
    ck_assert(g_str_has_prefix(error->message, "CMIG_LOCK_TIMEOUT: not a duration"));
}
END_TEST

START_TEST(test_variables)
{
    put("alembic.yml", "variables:\n"
                       "  plain: 1e3\n"
                       "  made: a-${PART}\n"
                       "  flagged: ${UNSET}\n"
                       "  empty: ''\n"
                       "  none: null\n"
                       "  _A9: '  x '\n");
    put(".env", "PART=of env\n");
    g_autoptr(GHashTable) flags = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(flags, (gpointer)(guintptr) "flagged", (gpointer)(guintptr) "-x ${PART}");
    g_hash_table_insert(flags, (gpointer)(guintptr) "own", (gpointer)(guintptr) "=");
    g_autoptr(CmigConfig) config = load_with(&(CmigConfigRequest){.variables = flags});
    static const char *const expected[][2] = {
        {"plain", "1e3"}, {"made", "a-of env"}, {"flagged", "-x ${PART}"},
        {"empty", ""},    {"_A9", "  x "},      {"own", "="},
    };
    ck_assert_uint_eq(g_hash_table_size(config->variables), G_N_ELEMENTS(expected));
    for (gsize idx = 0; idx < G_N_ELEMENTS(expected); idx++)
        ck_assert_pstr_eq(g_hash_table_lookup(config->variables, expected[idx][0]),
                          expected[idx][1]);

    g_autoptr(GError) error = NULL;
    CmigConfig *none = NULL;
    g_setenv("UNSET", "\xFF", TRUE);
    ck_assert(!cmig_config_load(&(CmigConfigRequest){0}, &none, &error));
    ck_assert_str_eq(error->message, "variables.flagged is not valid UTF-8");
    ck_assert_uint_eq(cmig_error_line(error), 4);
    put("alembic.yml", "database_url: null\n");
    g_autoptr(CmigConfig) empty = load();
    ck_assert_uint_eq(g_hash_table_size(empty->variables), 0);
}
END_TEST

START_TEST(test_env_files)
{
    put("sub/alembic.yml", "env_files: ['${WHICH}.env', 'missing.env?', ../two.env]\n"
                           "version_table: ${A}-${B}-${C}-${D:-d}\n");
    put("sub/one.env", "A=one\nB=one\nWHICH=x\n");
    put("two.env", "A=two\nC=two\n");
    put("sub/.env", "D=not listed\n");
    g_setenv("WHICH", "one", TRUE);
    g_setenv("B", "process", TRUE);
    g_autoptr(CmigConfig) config = load_with(&(CmigConfigRequest){.file = "sub/alembic.yml"});
    ck_assert_str_eq(config->version_table, "one-process-two-d");
    ck_assert_str_eq(g_hash_table_lookup(config->env, "A"), "one");
    ck_assert(!g_hash_table_contains(config->env, "B"));
    ck_assert(!g_hash_table_contains(config->env, "WHICH"));
}
END_TEST

START_TEST(test_dotenv_mistake)
{
    put(".env", "A=1\nB='secret\n");
    CmigConfig *config = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(!cmig_config_load(&(CmigConfigRequest){0}, &config, &error));
    ck_assert_str_eq(cmig_error_file(error), ".env");
    ck_assert_uint_eq(cmig_error_line(error), 2);
    ck_assert_ptr_null(strstr(error->message, "secret"));
}
END_TEST

/* A virtual environment may be called .env. */
START_TEST(test_dotenv_folder)
{
    put(".env/bin/python", "");
    g_autoptr(CmigConfig) config = load();
    ck_assert_uint_eq(g_hash_table_size(config->env), 0);
}
END_TEST

#define U(host) "postgresql://u:secret@" host "/d"

/* Everything set at once, then less and less: who wins, and what it is called. */
static const struct {
    const char *flag;
    const char *process;
    const char *dotenv; /* the whole file */
    const char *yaml;
    const char *app_url; /* APP_URL of the process */
    CmigOrigin origin;
    const char *source;
    const char *display; /* or the error message */
    guint line;          /* of the error */
} urls[] = {
    {U("flag"), U("proc"), "DATABASE_URL=" U("env"), "database_url: " U("yml"), NULL,
     CMIG_ORIGIN_FLAG, "--database-url", "u@flag/d", 0},
    {NULL, U("proc"), "DATABASE_URL=" U("env"), "database_url: ${APP_URL}", U("app"),
     CMIG_ORIGIN_FILE, "alembic.yml:1", "u@app/d", 0},
    {NULL, U("proc"), "APP_URL=" U("dot"), "database_url: ${APP_URL}", NULL, CMIG_ORIGIN_FILE,
     "alembic.yml:1", "u@dot/d", 0},
    {NULL, U("proc"), "DATABASE_URL=" U("env"), "database_url: ${APP_URL}", NULL,
     CMIG_ORIGIN_ENVIRONMENT, "DATABASE_URL", "u@proc/d", 0},
    {NULL, U("proc"), "DATABASE_URL=" U("env"), "database_url: " U("yml"), NULL,
     CMIG_ORIGIN_ENVIRONMENT, "DATABASE_URL", "u@proc/d", 0},
    {NULL, NULL, "DATABASE_URL=" U("env"), "database_url: " U("yml"), NULL, CMIG_ORIGIN_DOTENV,
     "DATABASE_URL in .env:1", "u@env/d", 0},
    {NULL, NULL, "DATABASE_URL=" U("env"), "database_url: ${APP_URL:-" U("def") "}", NULL,
     CMIG_ORIGIN_DOTENV, "DATABASE_URL in .env:1", "u@env/d", 0},
    {NULL, NULL, "DATABASE_URL=\n", "database_url: " U("yml"), NULL, CMIG_ORIGIN_FILE,
     "alembic.yml:1", "u@yml/d", 0},
    {NULL, NULL, NULL, "\ndatabase_url: " U("yml"), NULL, CMIG_ORIGIN_FILE, "alembic.yml:2",
     "u@yml/d", 0},
    {NULL, NULL, NULL, "database_url: ${DATABASE_URL:-sqlite:///./app.db}", NULL,
     CMIG_ORIGIN_FILE_DEFAULT, "alembic.yml:1", "TOP/app.db", 0},
    {NULL, U("proc"), NULL, "database_url: ${DATABASE_URL:-sqlite:///./app.db}", NULL,
     CMIG_ORIGIN_FILE, "alembic.yml:1", "u@proc/d", 0},
    {NULL, NULL, "DATABASE_URL=" U("env"), "database_url: ${DATABASE_URL:-sqlite:///./app.db}",
     NULL, CMIG_ORIGIN_FILE, "alembic.yml:1", "u@env/d", 0},
    {NULL, NULL, NULL, "database_url: postgresql://u@h/${APP_URL:-x}", NULL,
     CMIG_ORIGIN_FILE_DEFAULT, "alembic.yml:1", "u@h/x", 0},
    {NULL, NULL, NULL, "database_url: postgresql://${APP_URL}@h/${NONE:-x}", "me",
     CMIG_ORIGIN_FILE_DEFAULT, "alembic.yml:1", "me@h/x", 0},
    /* Lost and bad ones. */
    {NULL, "", "DATABASE_URL=" U("env"), "database_url: " U("yml"), NULL, CMIG_ORIGIN_ENVIRONMENT,
     "DATABASE_URL", "DATABASE_URL is set but empty", 0},
    {NULL, " ", NULL, "database_url: ${APP_URL}", U("app"), CMIG_ORIGIN_ENVIRONMENT, "DATABASE_URL",
     "DATABASE_URL is set but empty", 0},
    {U("flag"), "", NULL, NULL, NULL, CMIG_ORIGIN_FLAG, "--database-url", "u@flag/d", 0},
    {"", U("proc"), NULL, NULL, NULL, CMIG_ORIGIN_FLAG, "--database-url",
     "--database-url is set but empty", 0},
    {NULL, NULL, NULL, "database_url: ${APP_URL}", NULL, CMIG_ORIGIN_FILE, "alembic.yml:1",
     "database_url: the environment variable APP_URL is not set", 1},
    {NULL, U("proc"), NULL, "database_url: postgresql://${APP_URL}:${NONE}@h/d", "me",
     CMIG_ORIGIN_FILE, "alembic.yml:1", "database_url: the environment variable NONE is not set",
     1},
    {NULL, U("proc"), NULL, "database_url: ${APP_URL}", "", CMIG_ORIGIN_FILE, "alembic.yml:1",
     "database_url, made of APP_URL: the database URL is empty", 1},
    {NULL, NULL, NULL, "database_url: ${APP_URL:-}", NULL, CMIG_ORIGIN_NONE, NULL,
     "no database URL is set", 0},
    {NULL, "postgresql://u:secret@h:x/d", NULL, NULL, NULL, CMIG_ORIGIN_ENVIRONMENT, "DATABASE_URL",
     "DATABASE_URL: the port of the database is not a number from 1 to 65535", 0},
    {NULL, NULL, "DATABASE_URL=postgresql://${X}:secret@h/d", NULL, NULL, CMIG_ORIGIN_DOTENV,
     "DATABASE_URL in .env:1",
     "DATABASE_URL in .env:1: the database URL contains ${…}, which was not expanded", 0},
    {NULL, NULL, NULL, "database_url: mysql://u:secret@h/d", NULL, CMIG_ORIGIN_FILE,
     "alembic.yml:1", "unsupported database \"mysql\"", 1},
};

START_TEST(test_url)
{
    if (urls[_i].yaml != NULL)
        put("alembic.yml", urls[_i].yaml);
    if (urls[_i].dotenv != NULL)
        put(".env", urls[_i].dotenv);
    if (urls[_i].process != NULL)
        g_setenv("DATABASE_URL", urls[_i].process, TRUE);
    if (urls[_i].app_url != NULL)
        g_setenv("APP_URL", urls[_i].app_url, TRUE);
    g_autoptr(CmigConfig) config = load_with(&(CmigConfigRequest){.database_url = urls[_i].flag});
    g_autoptr(GString) expected = g_string_new(urls[_i].display);
    g_string_replace(expected, "TOP", top, 0);
    ck_assert_int_eq(config->url_origin, urls[_i].origin);
    ck_assert_pstr_eq(config->url_source, urls[_i].source);
    ck_assert_int_eq(config->url == NULL, config->url_error != NULL);
    if (config->url != NULL) {
        ck_assert_str_eq(config->url->display, expected->str);
        return;
    }
    ck_assert(g_error_matches(config->url_error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    ck_assert_str_eq(config->url_error->message, expected->str);
    ck_assert_uint_eq(cmig_error_line(config->url_error), urls[_i].line);
}
END_TEST

/* That none is given is another thing than that a bad one is. */
static const struct {
    const char *process; /* DATABASE_URL */
    const char *yaml;
    const char *app_url; /* APP_URL of the process */
    gboolean absent;
} absents[] = {
    {NULL, NULL, NULL, TRUE},
    {NULL, "database_url: ${APP_URL}", NULL, TRUE},
    {NULL, "database_url: ${APP_URL:?set it}", NULL, TRUE},
    {NULL, "database_url: ${APP_URL:?set it}", "", FALSE},
    {NULL, "database_url: postgresql://${NONE}:${APP_URL}@h/d", "x", FALSE},
    {NULL, "database_url: postgresql://${NONE}:${APP_URL}@h/d", NULL, TRUE},
    {NULL, "database: {host: \"${NONE}\", name: x}", NULL, TRUE},
    {NULL, "database: {host: \"\", name: x}", NULL, FALSE},
    {NULL, "database_url: mysql://u@h/d", NULL, FALSE},
    {NULL, "database_url: sqlite:///x.db", NULL, FALSE},
    {NULL, "database_url: ${NONE}\ndirect_url: ${APP_URL}", "sqlite:///x.db", TRUE},
    {"", NULL, NULL, FALSE},
    {"sqlite:///x.db", "database_url: ${NONE}", NULL, FALSE},
};

START_TEST(test_absent_url)
{
    if (absents[_i].yaml != NULL)
        put("alembic.yml", absents[_i].yaml);
    if (absents[_i].process != NULL)
        g_setenv("DATABASE_URL", absents[_i].process, TRUE);
    if (absents[_i].app_url != NULL)
        g_setenv("APP_URL", absents[_i].app_url, TRUE);
    g_autoptr(CmigConfig) config = load_with(&(CmigConfigRequest){0});
    ck_assert_int_eq(config->url_absent, absents[_i].absent);
}
END_TEST

/* The direct URL takes the place of the database URL. */
static const struct {
    const char *flag;
    const char *process;
    const char *direct; /* DIRECT_URL of the process */
    const char *dotenv;
    const char *yaml;
    CmigOrigin origin;
    const char *source;
    const char *display; /* or the error message */
} directs[] = {
    {NULL, U("proc"), NULL, NULL, "direct_url: " U("yml"), CMIG_ORIGIN_FILE, "alembic.yml:1",
     "u@yml/d"},
    {NULL, U("proc"), U("direct"), NULL, "direct_url: " U("yml"), CMIG_ORIGIN_ENVIRONMENT,
     "DIRECT_URL", "u@direct/d"},
    {NULL, U("proc"), U("direct"), NULL, NULL, CMIG_ORIGIN_ENVIRONMENT, "DIRECT_URL", "u@direct/d"},
    {NULL, U("proc"), U("direct"), NULL, "direct_url: ${DIRECT_URL}", CMIG_ORIGIN_FILE,
     "alembic.yml:1", "u@direct/d"},
    {NULL, NULL, NULL, "DATABASE_URL=" U("env") "\nDIRECT_URL=" U("direct"), NULL,
     CMIG_ORIGIN_DOTENV, "DIRECT_URL in .env:2", "u@direct/d"},
    {NULL, NULL, NULL, "DATABASE_URL=" U("env") "\nDIRECT_URL=" U("direct"),
     "database_url: ${DATABASE_URL}\ndirect_url: ${DIRECT_URL:-}", CMIG_ORIGIN_FILE,
     "alembic.yml:2", "u@direct/d"},
    {NULL, NULL, NULL, NULL, "direct_url: " U("yml"), CMIG_ORIGIN_FILE, "alembic.yml:1", "u@yml/d"},
    {NULL, U("proc"), NULL, NULL, "direct_url: ${APP_URL:-" U("def") "}", CMIG_ORIGIN_FILE_DEFAULT,
     "alembic.yml:1", "u@def/d"},
    /* The flag is for this run. */
    {U("flag"), U("proc"), U("direct"), NULL, "direct_url: " U("yml"), CMIG_ORIGIN_FLAG,
     "--database-url", "u@flag/d"},
    /* A direct URL of an env file belongs to the DATABASE_URL there. */
    {NULL, U("proc"), NULL, "DIRECT_URL=" U("direct"), NULL, CMIG_ORIGIN_ENVIRONMENT,
     "DATABASE_URL", "u@proc/d"},
    {NULL, U("proc"), NULL, "DIRECT_URL=" U("direct"), "direct_url: ${DIRECT_URL:-}",
     CMIG_ORIGIN_ENVIRONMENT, "DATABASE_URL", "u@proc/d"},
    {NULL, U("proc"), NULL, "DIRECT_URL=" U("direct"), "database_url: ${DATABASE_URL}",
     CMIG_ORIGIN_FILE, "alembic.yml:1", "u@proc/d"},
    /* None. */
    {NULL, U("proc"), "", NULL, "direct_url: ${DIRECT_URL:-}", CMIG_ORIGIN_ENVIRONMENT,
     "DATABASE_URL", "u@proc/d"},
    {NULL, U("proc"), " ", NULL, NULL, CMIG_ORIGIN_ENVIRONMENT, "DATABASE_URL", "u@proc/d"},
    /* Lost and bad ones. */
    {NULL, U("proc"), NULL, NULL, "direct_url: ${DIRECT_URL}", CMIG_ORIGIN_FILE, "alembic.yml:1",
     "direct_url: the environment variable DIRECT_URL is not set"},
    {NULL, "", U("direct"), NULL, NULL, CMIG_ORIGIN_ENVIRONMENT, "DATABASE_URL",
     "DATABASE_URL is set but empty"},
    {NULL, U("proc"), "postgresql://u:secret@h:x/d", NULL, NULL, CMIG_ORIGIN_ENVIRONMENT,
     "DIRECT_URL", "DIRECT_URL: the port of the database is not a number from 1 to 65535"},
    {NULL, U("proc"), "mysql://u:secret@h/d", NULL, "direct_url: ${DIRECT_URL}", CMIG_ORIGIN_FILE,
     "alembic.yml:1", "direct_url, made of DIRECT_URL: unsupported database \"mysql\""},
    {NULL, U("proc"), "sqlite:///a.db", NULL, NULL, CMIG_ORIGIN_ENVIRONMENT, "DIRECT_URL",
     "DIRECT_URL: the direct URL is of sqlite, but the database URL is of postgresql"},
};

START_TEST(test_direct)
{
    if (directs[_i].yaml != NULL)
        put("alembic.yml", directs[_i].yaml);
    if (directs[_i].dotenv != NULL)
        put(".env", directs[_i].dotenv);
    if (directs[_i].process != NULL)
        g_setenv("DATABASE_URL", directs[_i].process, TRUE);
    if (directs[_i].direct != NULL)
        g_setenv("DIRECT_URL", directs[_i].direct, TRUE);
    g_autoptr(CmigConfig) config =
        load_with(&(CmigConfigRequest){.database_url = directs[_i].flag});
    ck_assert_int_eq(config->url_origin, directs[_i].origin);
    ck_assert_pstr_eq(config->url_source, directs[_i].source);
    ck_assert_int_eq(config->url == NULL, config->url_error != NULL);
    ck_assert_str_eq(config->url != NULL ? config->url->display : config->url_error->message,
                     directs[_i].display);
}
END_TEST

/* What a key holds and where it is from. */
static const struct {
    const char *process; /* NAME=value, blank-separated */
    const char *dotenv;
    const char *yaml;
    const char *key;
    const char *value;
    const char *source;
} origins[] = {
    {"", "", "", "timezone", "UTC", "default"},
    {"", "", "", "templates", NULL, "default"},
    {"", "", "# first\ntimezone: local\n", "timezone", "local", "alembic.yml:2"},
    {"", "", "lock_timeout: 5s\n", "lock_timeout", "5s", "alembic.yml:1"},
    {"CMIG_LOCK_TIMEOUT=6s", "", "lock_timeout: 5s\n", "lock_timeout", "6s", "CMIG_LOCK_TIMEOUT"},
    {"", "A=1\nCMIG_LOCK_TIMEOUT=7s\n", "lock_timeout: 5s\n", "lock_timeout", "7s",
     "CMIG_LOCK_TIMEOUT in .env:2"},
    {"A=4", "", "lock_timeout: ${A}s\n", "lock_timeout", "4s", "alembic.yml:1, made of A"},
    {"A=4", "B=2\n", "lock_timeout: ${A}${B}${C:-0}s\n", "lock_timeout", "420s",
     "alembic.yml:1, made of A, B in .env:1, C (not set)"},
    {"", "", "version_locations: [a, b]\n", "version_locations", "a, b", "alembic.yml:1"},
    {"", "", "guard:\n  safe_below_rows: 5\n  branches: [x, y]\n", "guard.branches", "x, y",
     "alembic.yml:3"},
    {"", "", "variables:\n  A: secret\n  B: ${A:-secret}\n", "variables", "A, B", "alembic.yml:2"},
    {"", "A=secret\n", "hooks: [{command: 'f ${A} {file}'}]\n", "hooks", "f ${A} {file}",
     "alembic.yml:1"},
    {"", "", "hooks: [{command: [f, --api-key, secret, x]}]\n", "hooks", "f --api-key *** x",
     "alembic.yml:1"},
    {"", "", "hooks: [{command: f}, {command: 'g TOKEN=secret'}]\n", "hooks", "f; g TOKEN=***",
     "alembic.yml:1"},
    {"", "", "hooks: [{command: 'curl -u a:secret -H \"Authorization: Bearer secret\" x'}]\n",
     "hooks", "curl -u *** -H \"Authorization: ***", "alembic.yml:1"},
    {"", "", "database_url: postgresql://u:secret@h/d\n", "database_url", "u@h/d", "alembic.yml:1"},
    {"DATABASE_URL=postgresql://u:secret@p/d", "", "database_url: postgresql://u:secret@h/d\n",
     "database_url", "u@p/d", "DATABASE_URL"},
    {"DATABASE_URL=mysql://u:secret@p/d", "", "", "database_url", NULL, "DATABASE_URL"},
    {"", "DATABASE_URL=postgresql://u:secret@e/d", "", "database_url", "u@e/d",
     "DATABASE_URL in .env:1"},
    {"P=secret", "", "database: {host: h, name: d, user: u, password: '${P}'}\n", "database",
     "u@h/d", "alembic.yml:1, made of P"},
    {"DATABASE_URL=postgresql://u:secret@p/d", "", "direct_url: postgresql://u:secret@h/d\n",
     "direct_url", "u@h/d", "alembic.yml:1"},
    {"APP_ENV=qa", "", "environment: x\n", "environment", "qa", "APP_ENV"},
    {"S=qa", "", "environment: ${S}\n", "environment", "qa", "alembic.yml:1, made of S"},
    {"", "A=1\n", "", "env_files", ".env", "default"},
    {"", "A=1\n", "env_files: ['.env', 'b.env?']\n", "env_files", ".env", "alembic.yml:1"},
};

START_TEST(test_origin)
{
    put("alembic.yml", origins[_i].yaml);
    if (*origins[_i].dotenv != '\0')
        put(".env", origins[_i].dotenv);
    g_auto(GStrv) assignments = g_strsplit(origins[_i].process, " ", -1);
    for (gsize idx = 0; assignments[idx] != NULL; idx++) {
        g_auto(GStrv) pair = g_strsplit(assignments[idx], "=", 2);
        g_setenv(pair[0], pair[1], TRUE);
    }
    g_autoptr(CmigConfig) config = load();
    const CmigConfigOrigin *origin = g_hash_table_lookup(config->origins, origins[_i].key);
    ck_assert_ptr_nonnull(origin);
    ck_assert_pstr_eq(origin->value, origins[_i].value);
    ck_assert_pstr_eq(origin->source, origins[_i].source);
    GHashTableIter iter;
    gpointer any = NULL;
    g_hash_table_iter_init(&iter, config->origins);
    while (g_hash_table_iter_next(&iter, NULL, &any)) {
        const CmigConfigOrigin *one = any;
        ck_assert(one->value == NULL || strstr(one->value, "secret") == NULL);
        ck_assert(strstr(one->source, "secret") == NULL);
    }
}
END_TEST

START_TEST(test_connection_keys)
{
    g_autoptr(CmigConfig) none = load();
    ck_assert(!none->require_tls);
    ck_assert(!none->session_pooler);
    put("alembic.yml", "require_tls: true\nsession_pooler: true\n");
    g_autoptr(CmigConfig) written = load();
    ck_assert(written->require_tls);
    ck_assert(written->session_pooler);
    put("alembic.yml", "require_tls: false\n");
    g_autoptr(CmigConfig) flag = load_with(&(CmigConfigRequest){.require_tls = TRUE});
    ck_assert(flag->require_tls);
    g_setenv("CMIG_REQUIRE_TLS", "true", TRUE);
    g_autoptr(CmigConfig) variable = load();
    ck_assert(variable->require_tls);
}
END_TEST

/* The components that users keep in .env. */
static const struct {
    const char *dotenv;
    const char *yaml;
    CmigOrigin origin;
    const char *conninfo; /* or the error message */
    guint line;
} mappings[] = {
    {"POSTGRES_USER=your_user\nPOSTGRES_PASSWORD=your_password\nPOSTGRES_HOST=localhost\n"
     "POSTGRES_PORT=5432\nPOSTGRES_DB=your_database\n",
     "database:\n  driver: postgresql+asyncpg\n  user: ${POSTGRES_USER}\n"
     "  password: ${POSTGRES_PASSWORD}\n  host: ${POSTGRES_HOST:-localhost}\n"
     "  port: ${POSTGRES_PORT:-5432}\n  name: ${POSTGRES_DB}\n",
     CMIG_ORIGIN_FILE,
     "user='your_user' password='your_password' host='localhost' port='5432' "
     "dbname='your_database'",
     0},
    {"POSTGRES_USER=u\nPOSTGRES_PASSWORD='p@/:#?% $x'\n",
     "database:\n  user: ${POSTGRES_USER}\n  password: ${POSTGRES_PASSWORD}\n"
     "  host: ${POSTGRES_HOST:-localhost}\n  name: d\n",
     CMIG_ORIGIN_FILE_DEFAULT, "user='u' password='p@/:#?% $x' host='localhost' dbname='d'", 0},
    {"POSTGRES_USER=u\n",
     "database:\n  user: ${POSTGRES_USER}\n  password: ${POSTGRES_PASSWORD:-}\n  name: d\n",
     CMIG_ORIGIN_FILE, "user='u' dbname='d'", 0},
    {"POSTGRES_USER=u\n", "database:\n  user: ${POSTGRES_USER}\n  name: ${POSTGRES_DB}\n",
     CMIG_ORIGIN_FILE, "database.name: the environment variable POSTGRES_DB is not set", 3},
    {"POSTGRES_USER=u\nPOSTGRES_DB=\n",
     "database:\n  user: ${POSTGRES_USER}\n  name: ${POSTGRES_DB}\n", CMIG_ORIGIN_FILE,
     "database.name is empty", 3},
    {"POSTGRES_USER=u\n", "database:\n  user: ${POSTGRES_USER}\n  host: ${POSTGRES_HOST:-}\n",
     CMIG_ORIGIN_FILE, "user='u'", 0},
    {"", "database:\n  driver: mysql\n  password: secret\n", CMIG_ORIGIN_FILE,
     "unsupported database \"mysql\"", 2},
    {"", "database:\n  user: ${POSTGRES_USER}\n  name: ${POSTGRES_DB}\n", CMIG_ORIGIN_FILE,
     "database.user: the environment variable POSTGRES_USER is not set", 2},
    {"", "database:\n  user: literal\n  host: h\n", CMIG_ORIGIN_FILE, "user='literal' host='h'", 0},
};

START_TEST(test_mapping)
{
    put(".env", mappings[_i].dotenv);
    put("alembic.yml", mappings[_i].yaml);
    g_autoptr(CmigConfig) config = load();
    ck_assert_int_eq(config->url_origin, mappings[_i].origin);
    if (config->url != NULL) {
        ck_assert_str_eq(config->url->conninfo, mappings[_i].conninfo);
        return;
    }
    ck_assert_str_eq(config->url_error->message, mappings[_i].conninfo);
    ck_assert_uint_eq(cmig_error_line(config->url_error), mappings[_i].line);
}
END_TEST

/* A relative SQLite path: whose folder? */
START_TEST(test_sqlite_folder)
{
    put("alembic.yml", "database_url: sqlite:///a.db\n");
    put(".env", "");
    put("sub/x", "");
    ck_assert_int_eq(g_chdir("sub"), 0);
    g_autoptr(CmigConfig) file = load();
    assert_path(file->url->path, "a.db");
    g_setenv("DATABASE_URL", "sqlite:///a.db", TRUE);
    g_autoptr(CmigConfig) process = load();
    assert_path(process->url->path, "sub/a.db");
    g_unsetenv("DATABASE_URL");
    g_autoptr(CmigConfig) flag = load_with(&(CmigConfigRequest){.database_url = "sqlite:///b.db"});
    assert_path(flag->url->path, "sub/b.db");
    put("../.env", "DATABASE_URL=sqlite:///c.db\n");
    g_autoptr(CmigConfig) dotenv = load();
    assert_path(dotenv->url->path, "c.db");
}
END_TEST

static const struct {
    const char *flag;
    const char *process; /* NAME=value, blank-separated */
    const char *dotenv;
    const char *yaml;
    const char *name;
    const char *source;
} environments[] = {
    {"f", "CMIG_ENV=p1 ENVIRONMENT=p2 APP_ENV=p3", "CMIG_ENV=d1", "environment: y", "f",
     "--environment"},
    {NULL, "CMIG_ENV=p1 ENVIRONMENT=p2 APP_ENV=p3", "CMIG_ENV=d1", "environment: y", "p1",
     "CMIG_ENV"},
    {NULL, "ENVIRONMENT=p2 APP_ENV=p3", "CMIG_ENV=d1", "environment: y", "p2", "ENVIRONMENT"},
    {NULL, "APP_ENV=p3", "CMIG_ENV=d1", "environment: y", "p3", "APP_ENV"},
    {NULL, "", "APP_ENV=d3\nCMIG_ENV=d1", "environment: y", "d1", "CMIG_ENV in .env:2"},
    {NULL, "", "ENVIRONMENT=d2", "environment: y", "d2", "ENVIRONMENT in .env:1"},
    {NULL, "", "", "environment: y", "y", "alembic.yml:1"},
    {NULL, "", "", "transaction: all", NULL, NULL},
    {"", "CMIG_ENV= APP_ENV=p3", "", "environment: y", "p3", "APP_ENV"},
    {NULL, "APP_ENV=", "APP_ENV=d3", "environment: y", "y", "alembic.yml:1"},
    {" production ", "", "", "transaction: all", "production", "--environment"},
    {NULL, "", "", "environment: ${NONE:-}", NULL, NULL},
};

START_TEST(test_environment)
{
    put("alembic.yml", environments[_i].yaml);
    put(".env", environments[_i].dotenv);
    g_auto(GStrv) assignments = g_strsplit(environments[_i].process, " ", -1);
    for (gsize idx = 0; assignments[idx] != NULL; idx++) {
        g_auto(GStrv) pair = g_strsplit(assignments[idx], "=", 2);
        g_setenv(pair[0], pair[1], TRUE);
    }
    g_autoptr(CmigConfig) config =
        load_with(&(CmigConfigRequest){.environment = environments[_i].flag});
    ck_assert_pstr_eq(config->environment, environments[_i].name);
    ck_assert_pstr_eq(config->environment_source, environments[_i].source);
}
END_TEST

static const struct {
    const char *text;
    gint64 milliseconds; /* -1 = error */
} durations[] = {
    {"0", 0},
    {"5", 5000},
    {"5s", 5000},
    {"250ms", 250},
    {"2min", 120000},
    {"1h", 3600000},
    {"1.5s", 1500},
    {"10 s", 10000},
    {"2147483647ms", 2147483647},
    {"0.0004s", 0},
    {"", -1},
    {"s", -1},
    {"-1s", -1},
    {"+1s", -1},
    {"1m", -1},
    {"1 m s", -1},
    {" 1s", -1},
    {"1s ", -1},
    {"1.s", -1},
    {".5s", -1},
    {"1e3", -1},
    {"0x10", -1},
    {"2147483648ms", -1},
    {"inf", -1},
    {"99999999999999999999999999999h", -1},
};

START_TEST(test_duration)
{
    guint milliseconds = 77;
    g_autoptr(GError) error = NULL;
    gboolean parsed = cmig_duration_parse(durations[_i].text, &milliseconds, &error);
    ck_assert_msg(parsed == (durations[_i].milliseconds >= 0), "%s", durations[_i].text);
    ck_assert_int_eq(milliseconds, parsed ? durations[_i].milliseconds : 77);
}
END_TEST

/* Takes the comments off the keys: a setting is `#key` or, inside a mapping, `#` and two blanks. */
static char *uncomment(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (gsize idx = 0; lines[idx] != NULL; idx++) {
        char *line = lines[idx];
        gboolean prose = line[0] != '#' || line[1] == '\0' || (line[1] == ' ' && line[2] != ' ');
        if (!prose)
            memmove(line, line + 1, strlen(line));
    }
    return g_strjoinv("\n", lines);
}

/* The text without the top-level key `key` and what is indented below it. */
static char *without(const char *text, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *start = g_strconcat(key, ":", NULL);
    gboolean inside = FALSE;
    for (gsize idx = 0; lines[idx] != NULL; idx++) {
        inside = g_str_has_prefix(lines[idx], start) || (inside && lines[idx][0] == ' ');
        if (!inside)
            g_string_append_printf(out, "%s\n", lines[idx]);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static const CmigYaml *example_key(const CmigYaml *root, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, ".", 2);
    const CmigYaml *node = cmig_yaml_get(root, parts[0]);
    if (node != NULL && parts[1] != NULL && node->kind == CMIG_YAML_LIST)
        for (guint idx = 0; idx < node->items->len; idx++)
            if (cmig_yaml_get(node->items->pdata[idx], parts[1]) != NULL)
                return node;
    return node == NULL || parts[1] == NULL ? node : cmig_yaml_get(node, parts[1]);
}

START_TEST(test_example)
{
    g_autofree char *path = g_build_filename(home, "alembic.yml.example", NULL);
    g_autofree char *text = NULL;
    ck_assert(g_file_get_contents(path, &text, NULL, NULL));

    put("alembic.yml", text);
    g_autoptr(CmigConfig) as_is = load();
    assert_path(as_is->script_location, "migrations");

    g_autofree char *full = uncomment(text);
    CmigYaml *root = NULL;
    ck_assert(cmig_yaml_parse(full, strlen(full), "example", 1, 0, &root, NULL));
    for (const CmigConfigKeyDoc *doc = cmig_config_key_docs(); doc->name != NULL; doc++) {
        ck_assert_msg(example_key(root, doc->name) != NULL, "%s is missing", doc->name);
        ck_assert_ptr_nonnull(doc->type);
        ck_assert_ptr_nonnull(doc->summary);
    }
    cmig_yaml_free(root);

    g_autofree char *with_url = without(full, "database");
    put("alembic.yml", with_url);
    g_autoptr(CmigConfig) url = load();
    assert_path(url->url->path, "app.db");
    ck_assert_uint_eq(url->hooks->len, 2);

    g_autofree char *with_mapping = without(full, "database_url");
    put("alembic.yml", with_mapping);
    g_setenv("POSTGRES_USER", "u", TRUE);
    g_setenv("POSTGRES_PASSWORD", "p", TRUE);
    g_setenv("POSTGRES_DB", "d", TRUE);
    g_autoptr(CmigConfig) mapping = load();
    ck_assert_str_eq(mapping->url->display, "u@localhost:5432/d");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("config");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_defaults);
    tcase_add_test(tests, test_every_key);
    tcase_add_test(tests, test_local_timezone);
    tcase_add_test(tests, test_versions_folder);
    tcase_add_test(tests, test_discovery);
    tcase_add_loop_test(tests, test_bad_file, 0, G_N_ELEMENTS(bad_files));
    tcase_add_loop_test(tests, test_mistake, 0, G_N_ELEMENTS(mistakes));
    tcase_add_test(tests, test_overrides);
    tcase_add_test(tests, test_variables);
    tcase_add_test(tests, test_env_files);
    tcase_add_test(tests, test_dotenv_mistake);
    tcase_add_test(tests, test_dotenv_folder);
    tcase_add_loop_test(tests, test_url, 0, G_N_ELEMENTS(urls));
    tcase_add_loop_test(tests, test_absent_url, 0, G_N_ELEMENTS(absents));
    tcase_add_loop_test(tests, test_direct, 0, G_N_ELEMENTS(directs));
    tcase_add_loop_test(tests, test_origin, 0, G_N_ELEMENTS(origins));
    tcase_add_test(tests, test_connection_keys);
    tcase_add_loop_test(tests, test_mapping, 0, G_N_ELEMENTS(mappings));
    tcase_add_test(tests, test_sqlite_folder);
    tcase_add_loop_test(tests, test_environment, 0, G_N_ELEMENTS(environments));
    tcase_add_loop_test(tests, test_duration, 0, G_N_ELEMENTS(durations));
    tcase_add_test(tests, test_example);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
