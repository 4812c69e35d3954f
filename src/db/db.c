/* Which driver, and what is the same for all of them. */
#include "cmig/db.h"

#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "db/drivers.h"

#include <string.h>

static const CmigDbDriver *const drivers[] = {&cmig_db_postgresql, &cmig_db_sqlite};

/* The connection that a signal cancels. */
static CmigDb *interruptible;

void cmig_db_state_free(CmigDbState *state)
{
    if (state == NULL)
        return;
    g_free(state->server);
    g_free(state->lock_holder);
    g_free(state->table_schema);
    g_free(state->tls);
    g_free(state->host);
    g_free(state->database);
    g_free(state->identity);
    g_free(state);
}

void cmig_effect_free(CmigEffect *effect)
{
    if (effect == NULL)
        return;
    g_free(effect->what);
    g_free(effect->cleanup);
    g_free(effect);
}

static void blocker_free(gpointer data)
{
    CmigDbBlocker *blocker = data;
    g_free(blocker->user);
    g_free(blocker->application);
    g_free(blocker->state);
    g_free(blocker->query);
    g_free(blocker);
}

CmigDbActivity *cmig_db_activity_new(void)
{
    CmigDbActivity *activity = g_new0(CmigDbActivity, 1);
    activity->fraction = -1;
    activity->blockers = g_ptr_array_new_with_free_func(blocker_free);
    return activity;
}

void cmig_db_activity_free(CmigDbActivity *activity)
{
    if (activity == NULL)
        return;
    g_free(activity->phase);
    g_ptr_array_unref(activity->blockers);
    g_free(activity);
}

static const CmigDbDriver *find_driver(CmigDialect dialect)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(drivers); idx++)
        if (drivers[idx]->dialect == dialect)
            return drivers[idx];
    g_assert_not_reached();
}

gboolean cmig_db_open(const CmigUrl *url, const CmigDbSettings *settings, CmigDb **db,
                      GError **error)
{
    g_assert(settings->version_table != NULL && settings->version_table->name != NULL);
    const CmigDbDriver *driver = find_driver(url->dialect);
    CmigDb *opened = NULL;
    if (!driver->open(url, settings, &opened, error))
        return FALSE;
    opened->driver = driver;
    opened->display = g_strdup(url->display);
    cmig_interrupt_set_cancel(driver->cancel, opened);
    interruptible = opened;
    *db = opened;
    return TRUE;
}

void cmig_db_close(CmigDb *db)
{
    if (db == NULL)
        return;
    if (interruptible == db) {
        cmig_interrupt_set_cancel(NULL, NULL);
        interruptible = NULL;
    }
    g_free(db->display);
    g_free(db->table_schema);
    cmig_db_table_clear(&db->table);
    db->driver->close(db);
}

gboolean cmig_db_examine(CmigDb *db, GPtrArray *report, GError **error)
{
    return !cmig_interrupt_check(error) && db->driver->examine(db, report, error);
}

gboolean cmig_db_backup(CmigDb *db, const char *suffix, char **path, GError **error)
{
    *path = NULL;
    return db->driver->backup == NULL || db->driver->backup(db, suffix, path, error);
}

void cmig_db_add_libraries(GPtrArray *report)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(drivers); idx++) {
        g_autofree char *version = drivers[idx]->library_version();
        cmig_report_add(report, drivers[idx]->library, NULL, "%s", version);
    }
}

void cmig_db_set_row_not_taken(GError **error)
{
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                        "the audit table does not take its row");
    cmig_error_set_hint(error, "nothing of this transaction is applied; does the table have rules "
                               "or triggers?");
}

CmigDialect cmig_db_dialect(const CmigDb *db)
{
    return db->driver->dialect;
}

gboolean cmig_db_can(const CmigDb *db, CmigDbCapability capability)
{
    return (db->driver->capabilities & (guint)capability) != 0;
}

gboolean cmig_db_ping(CmigDb *db, GError **error)
{
    return db->driver->ping(db, error);
}

gboolean cmig_db_inspect(CmigDb *db, gboolean take_lock, CmigDbState **state, GError **error)
{
    if (cmig_interrupt_check(error))
        return FALSE;
    g_autoptr(CmigDbState) found = NULL;
    if (!db->driver->inspect(db, take_lock, &found, error))
        return FALSE;
    g_free(db->table_schema);
    db->table_schema = g_strdup(found->table_schema);
    db->audit_readable = found->audit_readable;
    db->audit_closed = found->audit_exists && !found->audit_readable;
    *state = g_steal_pointer(&found);
    return TRUE;
}

gboolean cmig_db_audit_readable(const CmigDb *db)
{
    return db->audit_readable;
}

gboolean cmig_db_audit_closed(const CmigDb *db)
{
    return db->audit_closed;
}

/* The quoted name of a table in the schema that inspect found. */
static char *qualify(const CmigDb *db, const char *table)
{
    g_autofree char *name = cmig_db_quote_identifier(table);
    if (db->table_schema == NULL)
        return g_steal_pointer(&name);
    g_autofree char *schema = cmig_db_quote_identifier(db->table_schema);
    return g_strconcat(schema, ".", name, NULL);
}

char *cmig_db_audit_grant(const CmigDb *db, const char *rights)
{
    g_autofree char *table = qualify(db, db->settings.audit_table);
    g_autofree char *object = cmig_text_escape(table);
    g_autofree char *user = cmig_text_escape(db->table.user != NULL ? db->table.user : "");
    return g_strdup_printf("as the owner: GRANT %s ON %s TO %s", rights, object, user);
}

/* Whether inspect came first: without it the version table's place is not known. */
static gboolean is_inspected(const CmigDb *db)
{
    return db->table_schema != NULL || !cmig_db_can(db, CMIG_DB_SCHEMAS);
}

static gint compare_rows(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

gboolean cmig_db_reconnect(CmigDb *db, GError **error)
{
    return !cmig_interrupt_check(error) && db->driver->reconnect(db, error);
}

gboolean cmig_db_read_rows(CmigDb *db, const char *also, GPtrArray **rows, GPtrArray **also_rows,
                           GError **error)
{
    g_assert(is_inspected(db));
    g_autofree char *name = cmig_db_version_table(db);
    if (cmig_interrupt_check(error) ||
        !cmig_db_table_check_readable(&db->table, db->table_schema, name, error))
        return FALSE;
    g_autoptr(GPtrArray) found = NULL;
    g_autoptr(GPtrArray) also_found = NULL;
    if (!db->driver->read_rows(db, also, &found, &also_found, error))
        return FALSE;
    if (found->len > CMIG_DB_MAX_ROWS) {
        g_autofree char *shown = cmig_text_escape(name);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "the version table %s holds more than %d rows", shown, CMIG_DB_MAX_ROWS);
        cmig_error_set_hint(error, "is it another table? Then configure another version_table; "
                                   "`cmig stamp --purge REVISION…` replaces all rows");
        return FALSE;
    }
    g_ptr_array_sort(found, compare_rows);
    *rows = g_steal_pointer(&found);
    if (also_rows != NULL)
        *also_rows = g_steal_pointer(&also_found);
    return TRUE;
}

void cmig_db_set_audit_error(const CmigDb *db, gboolean damaged, GError **error)
{
    g_autofree char *shown = cmig_text_escape(db->settings.audit_table);
    g_prefix_error(error, "cannot read the audit table %s: ", shown);
    if (damaged) {
        cmig_error_set_hint(error, "it is not as cmig made it: rename it, and the next run begins "
                                   "a new one");
    } else if (db->audit_closed) {
        g_autofree char *grant = cmig_db_audit_grant(db, "SELECT, INSERT");
        cmig_error_set_hint(error, "%s", grant);
    }
}

gboolean cmig_db_query(CmigDb *db, const char *sql, GPtrArray **rows, GError **error)
{
    return !cmig_interrupt_check(error) && db->driver->query(db, sql, rows, error);
}

gboolean cmig_db_execute(CmigDb *db, const char *sql, GError **error)
{
    g_autoptr(GPtrArray) nothing = NULL;
    return cmig_db_query(db, sql, &nothing, error);
}

gboolean cmig_db_check_writable(const CmigDb *db, const char *const *ids, GError **error)
{
    g_assert(is_inspected(db));
    g_autofree char *name = cmig_db_version_table(db);
    return cmig_db_table_check_writable(&db->table, db->table_schema, name, ids, error);
}

gboolean cmig_db_run(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error)
{
    g_assert(is_inspected(db));
    g_assert(unit->script == NULL || unit->script->dialect == db->driver->dialect);
    g_assert(unit->only == 0 || unit->only <= unit->script->statements->len);
    CmigDbOutcome ignored;
    CmigDbOutcome *result = outcome != NULL ? outcome : &ignored;
    *result = (CmigDbOutcome){0};
    if (cmig_interrupt_check(error))
        return FALSE;
    GError *failure = NULL; /* drivers look at it */
    if (db->driver->run(db, unit, result, &failure))
        return TRUE;
    g_propagate_error(error, failure);
    return FALSE;
}

gboolean cmig_db_enter(CmigDb *db, GError **error)
{
    g_assert(is_inspected(db));
    return !cmig_interrupt_check(error) && db->driver->enter(db, error);
}

void cmig_db_leave(CmigDb *db)
{
    db->driver->leave(db);
}

gboolean cmig_db_run_statement(CmigDb *db, const CmigSqlScript *script, guint index,
                               CmigDbStatementOutcome *outcome, GError **error)
{
    g_assert(script->dialect == db->driver->dialect);
    *outcome = (CmigDbStatementOutcome){.rows = -1};
    if (cmig_interrupt_check(error))
        return FALSE;
    GError *failure = NULL;
    if (db->driver->run_statement(db, script, index, outcome, &failure))
        return TRUE;
    g_propagate_error(error, failure);
    return FALSE;
}

gboolean cmig_db_probe(CmigDb *db, const CmigSqlScript *script, guint index, CmigEffect **effect,
                       GError **error)
{
    return !cmig_interrupt_check(error) && db->driver->probe(db, script, index, effect, error);
}

gboolean cmig_db_judge(CmigDb *db, CmigJudge **judge, GError **error)
{
    return !cmig_interrupt_check(error) && db->driver->judge(db, judge, error);
}

gboolean cmig_db_sizes(CmigDb *db, const GPtrArray *targets, guint limit, GArray **sizes,
                       GError **error)
{
    g_autoptr(GArray) found = g_array_new(FALSE, TRUE, sizeof(CmigDbSize));
    g_array_set_size(found, targets->len);
    for (guint idx = 0; idx < targets->len; idx++)
        g_array_index(found, CmigDbSize, idx) = (CmigDbSize){.rows = -1, .bytes = -1};
    if (cmig_interrupt_check(error) ||
        (targets->len > 0 && !db->driver->sizes(db, targets, limit, found, error)) ||
        cmig_interrupt_check(error))
        return FALSE;
    *sizes = g_steal_pointer(&found);
    return TRUE;
}

void cmig_db_set_tick(CmigDb *db, void (*tick)(gpointer data), gpointer data)
{
    db->tick = tick;
    db->tick_data = data;
}

gboolean cmig_db_watch(CmigDb *db, CmigDbActivity **activity)
{
    return db->driver->watch(db, activity);
}

/* Doubles every `quote` in `text` and puts one at either end. */
static char *quote(const char *text, char quote)
{
    GString *quoted = g_string_sized_new(strlen(text) + 3);
    g_string_append_c(quoted, quote);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == quote)
            g_string_append_c(quoted, quote);
        g_string_append_c(quoted, *at);
    }
    g_string_append_c(quoted, quote);
    return g_string_free(quoted, FALSE);
}

char *cmig_db_quote_identifier(const char *name)
{
    return quote(name, '"');
}

char *cmig_db_quote_literal(const char *text)
{
    return quote(text, '\'');
}

const char *cmig_db_version_table_name(const CmigDb *db)
{
    return db->table.name != NULL ? db->table.name : db->settings.version_table->name;
}

char *cmig_db_version_table(const CmigDb *db)
{
    g_assert(is_inspected(db));
    return qualify(db, db->settings.version_table->name);
}
