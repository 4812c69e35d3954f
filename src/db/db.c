/* Which driver, and what is the same for all of them. */
#include "cmig/db.h"

#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "drivers.h"

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
    g_free(state);
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
    db->driver->close(db);
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
    *state = g_steal_pointer(&found);
    return TRUE;
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

gboolean cmig_db_read_rows(CmigDb *db, GPtrArray **rows, GError **error)
{
    g_assert(is_inspected(db));
    if (cmig_interrupt_check(error))
        return FALSE;
    GPtrArray *found = NULL;
    if (!db->driver->read_rows(db, &found, error))
        return FALSE;
    g_ptr_array_sort(found, compare_rows);
    *rows = found;
    return TRUE;
}

gboolean cmig_db_run(CmigDb *db, const CmigDbUnit *unit, CmigDbOutcome *outcome, GError **error)
{
    g_assert(is_inspected(db));
    g_assert(unit->transactional || (unit->begins && unit->commits));
    g_assert(unit->script == NULL || unit->script->dialect == db->driver->dialect);
    CmigDbOutcome ignored;
    CmigDbOutcome *result = outcome != NULL ? outcome : &ignored;
    *result = (CmigDbOutcome){0};
    if (cmig_interrupt_check(error))
        return FALSE;
    return db->driver->run(db, unit, result, error);
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

char *cmig_db_version_table(const CmigDb *db)
{
    g_assert(is_inspected(db));
    g_autofree char *name = cmig_db_quote_identifier(db->settings.version_table->name);
    if (db->table_schema == NULL)
        return g_steal_pointer(&name);
    g_autofree char *schema = cmig_db_quote_identifier(db->table_schema);
    return g_strconcat(schema, ".", name, NULL);
}
