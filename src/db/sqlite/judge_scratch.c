/* A database in memory with the schema of the real one and no rows. SQLite itself tells there what
 * a statement would do: what it asks its authorizer while it prepares it. Only statements that
 * change the schema are run, and nothing can leave the memory. */
#include "cmig/clock.h"
#include "db/sqlite/judge.h"

#include <string.h>

/* What a statement may take: instructions are counted by the thousand; a second is much. */
enum { OPERATIONS = 1000, PATIENCE = 500, LONGEST_VALUE = 1 << 20, MOST_TEXT = 1 << 30 };
enum { MOST_ACTIONS = 2000 };

static const char settings[] = "PRAGMA temp_store = MEMORY; PRAGMA main.max_page_count = 65536;"
                               "PRAGMA temp.max_page_count = 65536";

static void action_free(gpointer data)
{
    CmigAction *action = data;
    g_free(action->first);
    g_free(action->second);
    g_free(action->third);
    g_free(action->trigger);
    g_free(action);
}

static gboolean is_alike(const CmigAction *action, int code, const char *first, const char *second,
                         const char *third, const char *trigger)
{
    return action->code == code && g_strcmp0(action->first, first) == 0 &&
           g_strcmp0(action->second, second) == 0 && g_strcmp0(action->third, third) == 0 &&
           g_strcmp0(action->trigger, trigger) == 0;
}

static void record(CmigScratch *self, int code, const char *first, const char *second,
                   const char *third, const char *trigger)
{
    if (code == SQLITE_READ)
        second = NULL; /* which column matters to nobody, and there are many */
    if (self->actions->len >= MOST_ACTIONS)
        return;
    for (guint idx = self->actions->len; idx > 0; idx--)
        if (is_alike(self->actions->pdata[idx - 1], code, first, second, third, trigger))
            return;
    CmigAction *action = g_new0(CmigAction, 1);
    *action =
        (CmigAction){code, g_strdup(first), g_strdup(second), g_strdup(third), g_strdup(trigger)};
    g_ptr_array_add(self->actions, action);
}

/* What this file and the modules of virtual tables ask. */
static gboolean is_question(const char *pragma, const char *value)
{
    static const char *const questions[] = {"schema_version", "data_version", "page_size", NULL};
    return g_strcmp0(pragma, "table_xinfo") == 0 || g_strcmp0(pragma, "recursive_triggers") == 0 ||
           (value == NULL && g_strv_contains(questions, pragma));
}

/* Nothing here reaches out of the memory, whatever the text says; a function is not called. */
static int authorize(void *data, int code, const char *first, const char *second, const char *third,
                     const char *trigger)
{
    CmigScratch *self = data;
    if (self->recording)
        record(self, code, first, second, third, trigger);
    if (code == SQLITE_PRAGMA && is_question(first, second))
        return SQLITE_OK;
    switch (code) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_PRAGMA:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return SQLITE_DENY;
    case SQLITE_FUNCTION:
        return g_strcmp0(second, "load_extension") == 0 ? SQLITE_IGNORE : SQLITE_OK;
    default:
        return SQLITE_OK;
    }
}

static int lose_patience(void *data)
{
    CmigScratch *self = data;
    return self->patience == 0 || --self->patience == 0 || cmig_clock_monotonic() > self->deadline;
}

static void be_patient(CmigScratch *self)
{
    self->patience = PATIENCE;
    self->deadline = cmig_clock_monotonic() + G_USEC_PER_SEC;
}

CmigScratch *cmig_scratch_new(void)
{
    CmigScratch *self = g_new0(CmigScratch, 1);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(":memory:", &self->handle, flags, NULL) != SQLITE_OK)
        g_error("out of memory");
    self->missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->resolving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->actions = g_ptr_array_new_with_free_func(action_free);
    sqlite3_db_config(self->handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(self->handle, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0, NULL);
    sqlite3_db_config(self->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
    /* What writes to the schema's own table must be seen, not be refused. */
    sqlite3_db_config(self->handle, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    sqlite3_db_config(self->handle, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, NULL);
    sqlite3_exec(self->handle, settings, NULL, NULL, NULL);
    sqlite3_limit(self->handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_progress_handler(self->handle, OPERATIONS, lose_patience, self);
    sqlite3_set_authorizer(self->handle, authorize, self);
    return self;
}

void cmig_scratch_free(CmigScratch *self)
{
    if (self == NULL)
        return;
    sqlite3_close(self->handle);
    g_hash_table_unref(self->missing);
    g_hash_table_unref(self->resolving);
    g_ptr_array_unref(self->actions);
    g_free(self->problem);
    g_free(self);
}

static gboolean has_more(CmigScratch *self, const char *tail, const char *end)
{
    g_autoptr(CmigJudgeStatement) more = NULL;
    self->recording = FALSE;
    int code = sqlite3_prepare_v2(self->handle, tail, (int)(end - tail), &more, NULL);
    return code != SQLITE_OK || more != NULL;
}

/* The first use of a virtual table, json_each among them, makes SQLite write down its columns: an
 * UPDATE of its own table, which is no action of the statement. The second use does not. */
static gboolean may_be_first_use(const CmigScratch *self)
{
    for (guint idx = 0; idx < self->actions->len; idx++) {
        const CmigAction *action = self->actions->pdata[idx];
        if (action->code == SQLITE_UPDATE && cmig_scratch_is_internal(action->first))
            return TRUE;
    }
    return FALSE;
}

static int prepare(CmigScratch *self, const char *text, gsize size, CmigJudgeStatement **statement,
                   const char **tail)
{
    g_clear_pointer(statement, sqlite3_finalize);
    g_ptr_array_set_size(self->actions, 0);
    self->recording = TRUE;
    int code = sqlite3_prepare_v2(self->handle, text, (int)size, statement, tail);
    self->recording = FALSE;
    g_free(self->problem);
    self->problem = code == SQLITE_ERROR ? g_strdup(sqlite3_errmsg(self->handle)) : NULL;
    return code;
}

CmigJudgeStatement *cmig_scratch_prepare(CmigScratch *self, const char *text, gsize size,
                                         gboolean explain)
{
    g_autoptr(CmigJudgeStatement) statement = NULL;
    g_autofree char *explained = NULL;
    const char *tail = NULL;
    g_ptr_array_set_size(self->actions, 0);
    be_patient(self);
    if (size > MOST_TEXT)
        return NULL;
    if (explain) {
        explained = g_strdup_printf("EXPLAIN %.*s", (int)size, text);
        text = explained;
        size = strlen(explained);
    }
    int code = prepare(self, text, size, &statement, &tail);
    if (code == SQLITE_OK && explain && may_be_first_use(self))
        code = prepare(self, text, size, &statement, &tail);
    if (code != SQLITE_OK || statement == NULL || has_more(self, tail, text + size) ||
        self->actions->len >= MOST_ACTIONS)
        return NULL;
    return g_steal_pointer(&statement);
}

gboolean cmig_scratch_run(CmigScratch *self, CmigJudgeStatement *statement)
{
    int limit = sqlite3_limit(self->handle, SQLITE_LIMIT_LENGTH, LONGEST_VALUE);
    int code = SQLITE_ROW;
    be_patient(self);
    while (code == SQLITE_ROW)
        code = sqlite3_step(statement);
    sqlite3_limit(self->handle, SQLITE_LIMIT_LENGTH, limit);
    be_patient(self);
    return code == SQLITE_DONE;
}

gboolean cmig_scratch_has_code(CmigJudgeStatement *explained, const char *const *prefixes)
{
    while (sqlite3_step(explained) == SQLITE_ROW) {
        const char *code = (const char *)sqlite3_column_text(explained, 1);
        for (const char *const *prefix = prefixes; *prefix != NULL; prefix++)
            if (code != NULL && g_str_has_prefix(code, *prefix))
                return TRUE;
    }
    return FALSE;
}

/* --- The copy --- */

/* In an order in which each finds what it needs. Virtual tables make their shadows themselves. */
static const char schema_query[] =
    "SELECT name, tbl_name, sql FROM main.sqlite_master WHERE sql IS NOT NULL AND"
    " name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY CASE WHEN type = 'table' THEN"
    " sql NOT LIKE 'create virtual%' WHEN type = 'index' THEN 2 WHEN type = 'view' THEN 3 ELSE 4"
    " END, rowid";

/* Quickly, without a look into the table of the schema. A view is none. */
static gboolean is_table(CmigScratch *self, const char *schema, const char *name)
{
    return sqlite3_table_column_metadata(self->handle, schema, name, NULL, NULL, NULL, NULL, NULL,
                                         NULL) == SQLITE_OK;
}

static void miss(CmigScratch *self, const char *name)
{
    g_hash_table_add(self->missing, cmig_fold(name));
}

gboolean cmig_action_creates(const CmigAction *action)
{
    return action->code == SQLITE_CREATE_TABLE || action->code == SQLITE_CREATE_VTABLE ||
           action->code == SQLITE_CREATE_INDEX || action->code == SQLITE_CREATE_VIEW ||
           action->code == SQLITE_CREATE_TRIGGER;
}

/* Texts of a schema may have been put there by anybody: it must be what the schema consists of. */
static gboolean is_creation(CmigScratch *self)
{
    for (guint idx = 0; idx < self->actions->len; idx++)
        if (cmig_action_creates(self->actions->pdata[idx]))
            return TRUE;
    return FALSE;
}

static void copy_object(CmigScratch *self, const char *name, const char *table, const char *sql)
{
    gboolean trigger = g_ascii_strncasecmp(sql, "create trigger", strlen("create trigger")) == 0;
    if (!trigger && is_table(self, "main", name))
        return; /* the shadow of a virtual table */
    if (!trigger)
        cmig_scratch_note_conflicts(self, name,
                                    cmig_reader_new(sql, 0, strlen(sql), CMIG_DIALECT_SQLITE));
    g_autoptr(CmigJudgeStatement) statement = cmig_scratch_prepare(self, sql, strlen(sql), FALSE);
    if (statement != NULL && is_creation(self) && cmig_scratch_run(self, statement))
        return;
    miss(self, name);
    miss(self, table);
}

int cmig_scratch_copy(CmigScratch *self, sqlite3 *source)
{
    g_autoptr(CmigJudgeStatement) list = NULL;
    int code = sqlite3_prepare_v2(source, schema_query, -1, &list, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(list)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(list, 0);
        const char *table = (const char *)sqlite3_column_text(list, 1);
        const char *sql = (const char *)sqlite3_column_text(list, 2);
        if (name != NULL && sql != NULL)
            copy_object(self, name, table != NULL ? table : name, sql);
        code = SQLITE_OK;
    }
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

void cmig_scratch_trigger_replaced(CmigScratch *self)
{
    sqlite3_exec(self->handle, "PRAGMA recursive_triggers = ON", NULL, NULL, NULL);
}

gboolean cmig_scratch_is_internal(const char *name)
{
    return g_ascii_strncasecmp(name, "sqlite_", strlen("sqlite_")) == 0;
}

gboolean cmig_scratch_is_missing(const CmigScratch *self, const char *name)
{
    g_autofree char *folded = cmig_fold(name);
    return g_hash_table_contains(self->missing, folded);
}

/* --- Questions about the schema --- */

/* Prepares a question of this file's own, which the authorizer has no say in. */
static CmigJudgeStatement *ask(CmigScratch *self, const char *sql, const char *name)
{
    CmigJudgeStatement *statement = NULL;
    be_patient(self);
    if (sqlite3_prepare_v2(self->handle, sql, -1, &statement, NULL) == SQLITE_OK)
        sqlite3_bind_text(statement, 1, name, -1, SQLITE_TRANSIENT);
    return statement;
}

#define OBJECT                                                                                     \
    " FROM (SELECT * FROM temp.sqlite_master UNION ALL SELECT * FROM main.sqlite_master) WHERE "   \
    "name = ?1 COLLATE NOCASE AND "

const char *cmig_scratch_type(CmigScratch *self, const char *name, gboolean trigger)
{
    static const char *const types[] = {"table", "virtual", "view", "index", "trigger"};
    g_autoptr(CmigJudgeStatement) statement =
        ask(self,
            trigger ? "SELECT type" OBJECT "type = 'trigger'"
                    : "SELECT CASE WHEN sql LIKE 'create virtual%' THEN 'virtual' ELSE type "
                      "END" OBJECT "type <> 'trigger'",
            name);
    if (sqlite3_step(statement) != SQLITE_ROW)
        return NULL;
    const char *found = (const char *)sqlite3_column_text(statement, 0);
    for (gsize idx = 0; idx < G_N_ELEMENTS(types); idx++)
        if (g_strcmp0(found, types[idx]) == 0)
            return types[idx];
    return NULL;
}

char *cmig_scratch_sql(CmigScratch *self, const char *name, gboolean trigger)
{
    g_autoptr(CmigJudgeStatement) statement = ask(self,
                                                  trigger ? "SELECT sql" OBJECT "type = 'trigger'"
                                                          : "SELECT sql" OBJECT "type <> 'trigger'",
                                                  name);
    if (sqlite3_step(statement) != SQLITE_ROW)
        return NULL;
    return g_strdup((const char *)sqlite3_column_text(statement, 0));
}

guint cmig_scratch_version(CmigScratch *self)
{
    g_autoptr(CmigJudgeStatement) statement = ask(self, "PRAGMA main.schema_version", NULL);
    return sqlite3_step(statement) == SQLITE_ROW ? (guint)sqlite3_column_int64(statement, 0) : 0;
}

gboolean cmig_scratch_is_hidden(CmigScratch *self, const char *name)
{
    g_autoptr(CmigJudgeStatement) statement =
        ask(self, "SELECT 1 FROM temp.sqlite_master WHERE name = ?1 COLLATE NOCASE", name);
    return sqlite3_step(statement) == SQLITE_ROW;
}

gboolean cmig_scratch_is_view(CmigScratch *self, const char *name)
{
    return !is_table(self, NULL, name) &&
           g_strcmp0(cmig_scratch_type(self, name, FALSE), "view") == 0;
}

void cmig_scratch_note_conflicts(CmigScratch *self, const char *table, CmigReader reader)
{
    static const char *const ways[] = {"ignore", "replace", NULL};
    for (; reader.token.kind != CMIG_TOKEN_END; cmig_reader_next(&reader))
        if (cmig_reader_is(&reader, "conflict") && cmig_reader_next(&reader) &&
            cmig_reader_is_one_of(&reader, ways))
            g_hash_table_add(self->resolving, cmig_fold(table));
}

gboolean cmig_scratch_resolves_conflicts(const CmigScratch *self, const char *table)
{
    g_autofree char *folded = cmig_fold(table);
    return g_hash_table_contains(self->resolving, folded);
}

static void part_free(gpointer data)
{
    CmigPart *part = data;
    g_free(part->name);
    g_free(part->type);
    g_free(part);
}

const CmigPart *cmig_part_find(const GPtrArray *parts, const char *name)
{
    for (guint idx = 0; idx < parts->len; idx++) {
        const CmigPart *part = parts->pdata[idx];
        if (g_ascii_strcasecmp(part->name, name) == 0)
            return part;
    }
    return NULL;
}

static GPtrArray *list_parts(CmigScratch *self, const char *sql, const char *table)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(part_free);
    g_autoptr(CmigJudgeStatement) statement = ask(self, sql, table);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        CmigPart *part = g_new0(CmigPart, 1);
        part->name = g_strdup((const char *)sqlite3_column_text(statement, 0));
        part->type = g_strdup((const char *)sqlite3_column_text(statement, 1));
        part->generated = sqlite3_column_int(statement, 2) != 0;
        g_ptr_array_add(parts, part);
    }
    return parts;
}

GPtrArray *cmig_scratch_columns(CmigScratch *self, const char *table)
{
    static const char query[] =
        "SELECT name, type, hidden FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1";
    return list_parts(self, query, table);
}

GPtrArray *cmig_scratch_dependents(CmigScratch *self, const char *table)
{
    static const char query[] =
        "SELECT name, type, 0 FROM main.sqlite_master WHERE tbl_name = ?1 COLLATE NOCASE AND"
        " (type = 'trigger' OR sql LIKE 'create unique%') ORDER BY rowid";
    return list_parts(self, query, table);
}
