/* Units. SQLite is called statement by statement, so a place in the script is exact; one BEGIN
 * IMMEDIATE … COMMIT around them makes the whole atomic and holds the write lock. */
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "db/drivers.h"
#include "db/sqlite/sqlite.h"

#include <string.h>

/* Steps a statement to its end; rows are of no interest. */
static int finish(sqlite3_stmt *statement)
{
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW)
        code = sqlite3_step(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* One statement of cmig's own. */
static gboolean execute(CmigSqlite *self, const char *sql, GError **error)
{
    g_autoptr(CmigSqliteStatement) statement = NULL;
    int code = sqlite3_prepare_v2(self->handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = finish(statement);
    if (code == SQLITE_OK)
        return TRUE;
    cmig_sqlite_set_error(self, code, error);
    return FALSE;
}

static gboolean in_transaction(const CmigSqlite *self)
{
    return sqlite3_get_autocommit(self->handle) == 0;
}

void cmig_sqlite_roll_back(CmigSqlite *self)
{
    if (self->handle != NULL && in_transaction(self))
        sqlite3_exec(self->handle, "ROLLBACK", NULL, NULL, NULL);
}

/* cmig's own tables. */
static gboolean create_tables(CmigSqlite *self, const CmigDbUnit *unit, GError **error)
{
    g_autofree char *table = cmig_db_version_table(&self->base);
    g_autofree char *create =
        cmig_db_create_version_table(self->base.settings.version_table, table);
    gboolean created = !unit->create_table || execute(self, create, error);
    for (const char *const *setup = unit->setup; created && setup && *setup; setup++)
        created = execute(self, *setup, error);
    return created;
}

/* One record; `returned` is what it gives back. `*kept_away`: it should and does not. */
static int write_record(CmigSqlite *self, const char *sql, CmigDbOutcome *outcome,
                        gboolean *kept_away)
{
    g_autoptr(CmigSqliteStatement) statement = NULL;
    int code = sqlite3_prepare_v2(self->handle, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    *kept_away = sqlite3_column_count(statement) > 0;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(statement, 0);
        *kept_away = FALSE;
        g_strlcpy(outcome->returned, text != NULL ? (const char *)text : "",
                  sizeof outcome->returned);
    }
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static gboolean write_records(CmigSqlite *self, const CmigDbUnit *unit, CmigDbOutcome *outcome,
                              GError **error)
{
    self->elapsed = cmig_clock_monotonic() - self->began;
    for (const char *const *record = unit->records; record != NULL && *record != NULL; record++) {
        gboolean kept_away = FALSE;
        int code = write_record(self, *record, outcome, &kept_away);
        if (code == SQLITE_OK && !kept_away)
            continue;
        if (code == SQLITE_OK) {
            cmig_db_set_row_not_taken(error);
            return FALSE;
        }
        cmig_sqlite_set_error(self, code, error);
        g_prefix_error(error, "writing the audit record: ");
        if (code == SQLITE_ERROR || (code & 0xff) == SQLITE_CONSTRAINT)
            cmig_error_set_hint(error, CMIG_DB_AUDIT_HINT);
        return FALSE;
    }
    return TRUE;
}

static gint compare_rows(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The version rows, sorted, as text. */
static char *join_rows(CmigSqlite *self, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GPtrArray) nothing = NULL;
    if (!cmig_sqlite_read_rows(&self->base, NULL, &rows, &nothing, error))
        return NULL;
    g_ptr_array_sort(rows, compare_rows);
    g_ptr_array_add(rows, NULL);
    return g_strjoinv(", ", (char **)rows->pdata);
}

/* Whether the version rows are `ids` (NULL: whatever they are): before the script, or `behind` it,
 * which may have touched the table. Without a table there is no row. */
static gboolean check_rows(CmigSqlite *self, const char *const *ids, gboolean behind,
                           GError **error)
{
    if (ids == NULL)
        return TRUE;
    g_autofree char *found = join_rows(self, error);
    if (found == NULL)
        return FALSE;
    g_autofree char *expected = g_strjoinv(", ", (char **)(guintptr)ids);
    if (strcmp(found, expected) == 0)
        return TRUE;
    g_autofree char *shown = cmig_text_escape(found);
    g_autofree char *wanted = cmig_text_escape(expected);
    if (behind)
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                            "the version table was changed by the section itself or by a trigger");
    else
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFLICT,
                            "the version table was changed by somebody else");
    cmig_error_set_detail(error,
                          behind ? "it would hold [%s] where [%s] is right; nothing is applied"
                                 : "it holds [%s] where [%s] was expected",
                          shown, wanted);
    return FALSE;
}

static gboolean change_rows(CmigSqlite *self, const CmigDbUnit *unit, GError **error)
{
    guint changed = 0;
    for (const char *const *change = unit->changes; change != NULL && *change != NULL; change++) {
        if (!execute(self, *change, error))
            return FALSE;
        changed += (guint)sqlite3_changes(self->handle);
    }
    if (unit->expected == NULL || changed == unit->rows_changed)
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "%u version rows were changed where %u should have been", changed,
                unit->rows_changed);
    return FALSE;
}

/* The place of an error in statement `start`; SQLite counts bytes from there, or does not know. */
static void set_place(CmigSqlite *self, const CmigSqlScript *script, gsize start, GError **error)
{
    int offset = sqlite3_error_offset(self->handle);
    cmig_sql_set_place(script, start + (offset > 0 ? (gsize)offset : 0), error);
}

/* SQLite must find one statement where the lexer found one. */
static gboolean check_tail(CmigSqlite *self, const CmigSqlScript *script, const char *tail,
                           gsize end, GError **error)
{
    g_autoptr(CmigSqliteStatement) more = NULL;
    gsize start = (gsize)(tail - script->text);
    int code = sqlite3_prepare_v2(self->handle, tail, (int)(end - start), &more, NULL);
    if (code == SQLITE_OK && more == NULL)
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                        "SQLite reads this as more than one statement");
    cmig_sql_set_place(script, start, error);
    return FALSE;
}

/* SQLite would take every parameter for NULL, and say nothing. */
static gboolean check_parameters(sqlite3_stmt *statement, const CmigSqlScript *script, gsize start,
                                 GError **error)
{
    int count = sqlite3_bind_parameter_count(statement);
    if (count == 0)
        return TRUE;
    const char *name = sqlite3_bind_parameter_name(statement, count);
    g_autofree char *shown = cmig_text_escape(name != NULL ? name : "?");
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "nothing gives the parameter %s a value",
                shown);
    cmig_sql_set_place(script, start, error);
    cmig_error_set_hint(error, "variables are for sections with substitute=on");
    return FALSE;
}

/* One statement of a script. */
static gboolean run_one(CmigSqlite *self, const CmigSqlScript *script, guint index, GError **error)
{
    const CmigSqlStatement *bounds = cmig_sql_statement(script, index);
    const char *sql = script->text + bounds->start;
    const char *tail = NULL;
    g_autoptr(CmigSqliteStatement) statement = NULL;
    if (self->cancelled || cmig_interrupt_requested()) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_INTERRUPTED, "interrupted");
        return FALSE;
    }
    guint limit = self->base.settings.statement_timeout;
    self->deadline = limit > 0 ? cmig_clock_monotonic() + (gint64)limit * 1000 : 0;
    int code = sqlite3_prepare_v3(self->handle, sql, (int)(bounds->end - bounds->start), 0,
                                  &statement, &tail);
    if (code == SQLITE_OK && (!check_tail(self, script, tail, bounds->end, error) ||
                              !check_parameters(statement, script, bounds->start, error)))
        return FALSE;
    if (code == SQLITE_OK)
        code = finish(statement);
    self->deadline = 0;
    if (code == SQLITE_OK)
        return TRUE;
    cmig_sqlite_set_error(self, code, error);
    if ((code & 0xff) == SQLITE_AUTH)
        g_prefix_error(error, "transaction control in a section that runs in a transaction: ");
    set_place(self, script, bounds->start, error);
    return FALSE;
}

static gboolean is_create(const CmigSqlScript *script, guint index)
{
    const char *text = script->text + cmig_sql_statement(script, index)->start;
    return g_ascii_strncasecmp(text, "create", strlen("create")) == 0;
}

/* A script that only creates things breaks no foreign key, and looking at all rows takes time. */
static gboolean may_break_keys(const CmigSqlScript *script)
{
    for (guint idx = 0; idx < script->statements->len; idx++)
        if (!is_create(script, idx))
            return TRUE;
    return FALSE;
}

static gboolean run_script(CmigSqlite *self, const CmigDbUnit *unit, CmigDbOutcome *outcome,
                           GError **error)
{
    const CmigSqlScript *script = unit->script;
    guint first = unit->only > 0 ? unit->only - 1 : 0;
    guint end = unit->only > 0 ? unit->only : script->statements->len;
    gboolean check = may_break_keys(script);
    sqlite3_int64 changes = sqlite3_total_changes64(self->handle);
    g_autoptr(GHashTable) before = NULL;
    if (check && (before = cmig_sqlite_violations(self, error)) == NULL)
        return FALSE;
    for (guint idx = first; idx < end; idx++) {
        if (!run_one(self, script, idx, error))
            return FALSE;
        outcome->statements_done = idx - first + 1;
        if (in_transaction(self))
            continue;
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                            "this statement ended the transaction of the migration");
        cmig_sql_set_place(script, cmig_sql_statement(script, idx)->start, error);
        return FALSE;
    }
    self->changes = sqlite3_total_changes64(self->handle) - changes;
    if (!check)
        return TRUE;
    g_autoptr(GHashTable) after = cmig_sqlite_violations(self, error);
    return after != NULL && cmig_sqlite_compare_violations(before, after, error);
}

/* What a script may not do: end the transaction that cmig opened. The lexer refuses that first;
 * this holds where it reads a text differently from SQLite. */
static int refuse_transaction_control(void *data, int action, const char *first, const char *second,
                                      const char *database, const char *trigger)
{
    (void)data;
    (void)first;
    (void)second;
    (void)database;
    (void)trigger;
    return action == SQLITE_TRANSACTION ? SQLITE_DENY : SQLITE_OK;
}

static gboolean run_guarded_script(CmigSqlite *self, const CmigDbUnit *unit, CmigDbOutcome *outcome,
                                   GError **error)
{
    sqlite3_set_authorizer(self->handle, refuse_transaction_control, NULL);
    gboolean done = run_script(self, unit, outcome, error);
    sqlite3_set_authorizer(self->handle, NULL, NULL);
    return done;
}

/* A COMMIT that failed on the disk may have happened all the same: the rows tell. A full disk is
 * noticed before anything is final. */
static gboolean settle_commit(CmigSqlite *self, const CmigDbUnit *unit, int code, GError **error)
{
    cmig_sqlite_roll_back(self);
    if ((code & 0xff) != SQLITE_IOERR)
        return FALSE;
    g_autoptr(GError) differs = NULL;
    gboolean tells = unit->expected != NULL && unit->rows_changed > 0;
    if (tells && check_rows(self, unit->expected, FALSE, &differs))
        return FALSE; /* the old rows are there */
    if (tells && g_error_matches(differs, CMIG_ERROR, CMIG_ERROR_CONFLICT)) {
        g_clear_error(error);
        return TRUE;
    }
    (*error)->code = CMIG_ERROR_IN_DOUBT;
    g_prefix_error(error, "whether this was committed is unknown: ");
    cmig_error_set_hint(error, "run `cmig current` to see");
    return FALSE;
}

static gboolean commit(CmigSqlite *self, const CmigDbUnit *unit, GError **error)
{
    int code = sqlite3_exec(self->handle, "COMMIT", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        return TRUE;
    cmig_sqlite_set_error(self, code, error);
    g_prefix_error(error, "at COMMIT: ");
    return settle_commit(self, unit, code, error);
}

gboolean cmig_sqlite_run(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    self->cancelled = 0;
    self->began = cmig_clock_monotonic();
    self->changes = -1;
    self->hurries = unit->apart;
    if (!cmig_sqlite_ensure(self, TRUE, error))
        return FALSE;
    if (!unit->begins && !in_transaction(self)) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                            "the transaction that this migration belongs to is no longer open");
        return FALSE;
    }
    gboolean done =
        (!unit->begins || execute(self, "BEGIN IMMEDIATE", error)) &&
        create_tables(self, unit, error) && check_rows(self, unit->expected, FALSE, error) &&
        change_rows(self, unit, error) &&
        (unit->script == NULL || run_guarded_script(self, unit, outcome, error)) &&
        check_rows(self, unit->result, TRUE, error) && write_records(self, unit, outcome, error) &&
        !cmig_interrupt_check(error) && (!unit->commits || commit(self, unit, error));
    if (!done)
        cmig_sqlite_roll_back(self);
    outcome->applied = done && unit->commits;
    if (!in_transaction(self) && !self->separate)
        cmig_sqlite_reset(self);
    self->hurries = FALSE;
    return done;
}

gboolean cmig_sqlite_enter(CmigDb *db, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    if (!cmig_sqlite_ensure(self, TRUE, error))
        return FALSE;
    if (!self->separate && !cmig_sqlite_lock(self, &self->lock, error))
        return FALSE;
    self->separate = TRUE;
    return TRUE;
}

void cmig_sqlite_leave(CmigDb *db)
{
    CmigSqlite *self = (CmigSqlite *)db;
    cmig_sqlite_roll_back(self);
    cmig_sqlite_reset(self);
    if (self->separate)
        cmig_sqlite_unlock(self, self->lock);
    self->separate = FALSE;
}

gboolean cmig_sqlite_run_statement(CmigDb *db, const CmigSqlScript *script, guint index,
                                   CmigDbStatementOutcome *outcome, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    self->cancelled = 0;
    outcome->done = run_one(self, script, index, error);
    outcome->in_transaction = in_transaction(self);
    return outcome->done;
}

/* What SQLite cannot do in a transaction, VACUUM above all, can be repeated. */
gboolean cmig_sqlite_probe(CmigDb *db, const CmigSqlScript *script, guint index,
                           CmigEffect **effect, GError **error)
{
    (void)db;
    (void)script;
    (void)index;
    (void)error;
    *effect = g_new0(CmigEffect, 1);
    (*effect)->state = CMIG_EFFECT_ABSENT;
    return TRUE;
}
