/* Units. SQLite is called statement by statement, so a place in the script is exact; one BEGIN
 * IMMEDIATE … COMMIT around them makes the whole atomic and holds the write lock. */
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "sqlite.h"

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

static void roll_back(CmigSqlite *self)
{
    if (self->handle != NULL && in_transaction(self))
        sqlite3_exec(self->handle, "ROLLBACK", NULL, NULL, NULL);
}

static gboolean create_table(CmigSqlite *self, GError **error)
{
    const CmigVersionTable *wanted = self->base.settings.version_table;
    g_autofree char *table = cmig_db_version_table(&self->base);
    g_autofree char *constraint = g_strconcat(wanted->name, "_pkc", NULL);
    g_autofree char *quoted = cmig_db_quote_identifier(constraint);
    g_autofree char *key =
        wanted->primary_key ? g_strdup_printf(", CONSTRAINT %s PRIMARY KEY (version_num)", quoted)
                            : g_strdup("");
    g_autofree char *sql = g_strdup_printf(
        "CREATE TABLE IF NOT EXISTS %s (version_num VARCHAR(32) NOT NULL%s)", table, key);
    return execute(self, sql, error);
}

static gint compare_rows(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The version rows, sorted, as text. */
static char *join_rows(CmigSqlite *self, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    if (!cmig_sqlite_read_rows(&self->base, &rows, error))
        return NULL;
    g_ptr_array_sort(rows, compare_rows);
    g_ptr_array_add(rows, NULL);
    return g_strjoinv(", ", (char **)rows->pdata);
}

static gboolean check_rows(CmigSqlite *self, const CmigDbUnit *unit, GError **error)
{
    if (unit->expected == NULL)
        return TRUE;
    g_autofree char *found = join_rows(self, error);
    if (found == NULL)
        return FALSE;
    g_autofree char *expected = g_strjoinv(", ", (char **)(guintptr)unit->expected);
    if (strcmp(found, expected) == 0)
        return TRUE;
    g_autofree char *shown = cmig_text_escape(found);
    g_autofree char *wanted = cmig_text_escape(expected);
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFLICT,
                        "the version table was changed by somebody else");
    cmig_error_set_detail(error, "it holds [%s] where [%s] was expected", shown, wanted);
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

static gboolean run_statement(CmigSqlite *self, const CmigSqlScript *script, guint index,
                              GError **error)
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
    if (code == SQLITE_OK && !check_tail(self, script, tail, bounds->end, error))
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

static gboolean run_script(CmigSqlite *self, const CmigSqlScript *script, CmigDbOutcome *outcome,
                           GError **error)
{
    gboolean check = may_break_keys(script);
    g_autoptr(GHashTable) before = NULL;
    if (check && (before = cmig_sqlite_violations(self, error)) == NULL)
        return FALSE;
    for (guint idx = 0; idx < script->statements->len; idx++) {
        if (!run_statement(self, script, idx, error))
            return FALSE;
        outcome->statements_done = idx + 1;
        if (in_transaction(self))
            continue;
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                            "this statement ended the transaction of the migration");
        cmig_sql_set_place(script, cmig_sql_statement(script, idx)->start, error);
        return FALSE;
    }
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

static gboolean run_guarded_script(CmigSqlite *self, const CmigSqlScript *script,
                                   CmigDbOutcome *outcome, GError **error)
{
    sqlite3_set_authorizer(self->handle, refuse_transaction_control, NULL);
    gboolean done = run_script(self, script, outcome, error);
    sqlite3_set_authorizer(self->handle, NULL, NULL);
    return done;
}

/* The script may have touched the version table. Without one, there is no row. */
static gboolean check_result(CmigSqlite *self, const CmigDbUnit *unit, GError **error)
{
    if (unit->result == NULL)
        return TRUE;
    g_autofree char *found = join_rows(self, error);
    if (found == NULL)
        return FALSE;
    g_autofree char *expected = g_strjoinv(", ", (char **)(guintptr)unit->result);
    if (strcmp(found, expected) == 0)
        return TRUE;
    g_autofree char *shown = cmig_text_escape(found);
    g_autofree char *wanted = cmig_text_escape(expected);
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                        "the version table was changed by the section itself or by a trigger");
    cmig_error_set_detail(error, "it would hold [%s] where [%s] is right; nothing is applied",
                          shown, wanted);
    return FALSE;
}

/* A COMMIT that failed on the disk may have happened all the same: the rows tell. */
static gboolean settle_commit(CmigSqlite *self, const CmigDbUnit *unit, int code, GError **error)
{
    roll_back(self);
    gboolean disk = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_FULL;
    if (!disk)
        return FALSE;
    g_autoptr(GError) differs = NULL;
    gboolean tells = unit->expected != NULL && unit->rows_changed > 0;
    if (tells && check_rows(self, unit, &differs))
        return FALSE; /* the old rows are there */
    if (tells && g_error_matches(differs, CMIG_ERROR, CMIG_ERROR_CONFLICT)) {
        g_clear_error(error);
        return TRUE;
    }
    (*error)->code = CMIG_ERROR_IN_DOUBT;
    g_prefix_error(error, "whether the migration was committed is unknown: ");
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

/* A whole unit within a transaction. */
static gboolean run_transaction(CmigSqlite *self, const CmigDbUnit *unit,
                                const CmigSqlScript *script, CmigDbOutcome *outcome, GError **error)
{
    if (!unit->begins && !in_transaction(self)) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                            "the transaction that this migration belongs to is no longer open");
        return FALSE;
    }
    gboolean done = (!unit->begins || execute(self, "BEGIN IMMEDIATE", error)) &&
                    (!unit->create_table || create_table(self, error)) &&
                    check_rows(self, unit, error) && change_rows(self, unit, error) &&
                    (script == NULL || run_guarded_script(self, script, outcome, error)) &&
                    check_result(self, unit, error) && !cmig_interrupt_check(error) &&
                    (!unit->commits || commit(self, unit, error));
    if (!done)
        roll_back(self);
    outcome->applied = done && unit->commits;
    return done;
}

/* From the second statement on, a failure leaves what came before it. */
static void set_partly_applied(guint lasting, guint done, guint count, GError **error)
{
    if (lasting == 0)
        return;
    (*error)->code = CMIG_ERROR_IN_DOUBT;
    if (done == count)
        g_prefix_error(error,
                       "all %u statements are applied, but the version rows are not: ", count);
    else
        g_prefix_error(error,
                       "statement %u of %u failed, statements 1 to %u are applied: ", done + 1,
                       count, lasting);
}

static gboolean run_statements(CmigSqlite *self, const CmigSqlScript *script,
                               CmigDbOutcome *outcome, GError **error)
{
    guint lasting = 0; /* what the script itself put into a transaction is rolled back */
    for (guint idx = 0; idx < script->statements->len; idx++) {
        if (!run_statement(self, script, idx, error)) {
            set_partly_applied(lasting, idx, script->statements->len, error);
            return FALSE;
        }
        outcome->statements_done = idx + 1;
        if (!in_transaction(self))
            lasting = idx + 1;
    }
    if (!in_transaction(self))
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                        "the section leaves a transaction open; what it did is rolled back, "
                        "statements before it are applied");
    return FALSE;
}

/* A script outside of a transaction, then the version rows. */
static gboolean run_separately(CmigSqlite *self, const CmigDbUnit *unit, CmigDbOutcome *outcome,
                               GError **error)
{
    if (!check_rows(self, unit, error))
        return FALSE;
    gboolean done = run_statements(self, unit->script, outcome, error);
    roll_back(self);
    cmig_sqlite_reset(self);
    if (!done)
        return FALSE;
    CmigDbOutcome rows = {0};
    done = run_transaction(self, unit, NULL, &rows, error);
    outcome->applied = rows.applied;
    if (!done)
        set_partly_applied(outcome->statements_done, outcome->statements_done,
                           unit->script->statements->len, error);
    return done;
}

gboolean cmig_sqlite_run(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error)
{
    CmigSqlite *self = (CmigSqlite *)db;
    self->cancelled = 0;
    if (!cmig_sqlite_ensure(self, TRUE, error))
        return FALSE;
    gboolean done = FALSE;
    int lock = -1;
    if (unit->transactional || unit->script == NULL) {
        done = run_transaction(self, unit, unit->script, outcome, error);
    } else if (cmig_sqlite_lock(self, &lock, error)) {
        done = run_separately(self, unit, outcome, error);
        cmig_sqlite_unlock(self, lock);
    }
    if (!in_transaction(self))
        cmig_sqlite_reset(self);
    return done;
}
