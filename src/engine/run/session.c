#include "engine/run/session.h"

#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"

#include <string.h>

enum {
    FIRST_POLL = 20 * 1000, /* microseconds */
    LAST_POLL = 500 * 1000,
};

CmigVersionTable cmig_version_table(const CmigConfig *config)
{
    return (CmigVersionTable){.schema = config->version_table_schema,
                              .name = config->version_table,
                              .primary_key = config->version_table_pk};
}

static void set_lock_error(const CmigDbState *state, gint64 waited, GError **error)
{
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN,
                "another run holds the migration lock; gave up after %.1f s",
                (double)waited / G_USEC_PER_SEC);
    if (state->lock_holder != NULL) {
        g_autofree char *holder = cmig_text_escape(state->lock_holder);
        cmig_error_set_detail(error, "held by %s", holder);
    }
    cmig_error_set_hint(error, "nothing was changed; wait for the other run, or allow more time "
                               "with --lock-timeout");
}

gboolean cmig_session_begin(CmigDb *db, const CmigConfig *config, const CmigRunObserver *observer,
                            CmigDbState **state, GError **error)
{
    gint64 start = cmig_clock_monotonic();
    gint64 deadline = start + (gint64)config->lock_timeout * 1000;
    for (gint64 pause = FIRST_POLL;; pause = MIN(pause * 2, LAST_POLL)) {
        g_autoptr(CmigDbState) now = NULL;
        if (cmig_interrupt_check(error) || !cmig_db_inspect(db, TRUE, &now, error))
            return FALSE;
        if (now->read_only) {
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE, "the database is read only: %s",
                        config->url->display);
            cmig_error_set_hint(error, "%s",
                                cmig_db_dialect(db) == CMIG_DIALECT_SQLITE
                                    ? "the user of this process must be able to write the file, "
                                      "and its journal into the folder"
                                    : "connect to the primary server; with several hosts in the "
                                      "URL, add target_session_attrs=read-write");
            return FALSE;
        }
        if (now->locked) {
            *state = g_steal_pointer(&now);
            return TRUE;
        }
        gint64 waited = cmig_clock_monotonic() - start;
        if (start + waited >= deadline) {
            set_lock_error(now, waited, error);
            return FALSE;
        }
        if (observer->waiting != NULL)
            observer->waiting(now->lock_holder, waited, observer->data);
        /* Half of the pause is random, so that many waiting replicas do not ask in step. */
        gint64 jittered = pause / 2 + g_random_int_range(0, (gint32)(pause / 2) + 1);
        cmig_interrupt_sleep(MIN(jittered, deadline - (start + waited)));
    }
}

gboolean cmig_session_read_rows(CmigDb *db, const CmigAuditPlace *place, GPtrArray **rows,
                                CmigAuditPast *past, GError **error)
{
    g_autoptr(GPtrArray) last = NULL;
    g_autofree char *query = place != NULL ? cmig_audit_past_sql(place) : NULL;
    if (!cmig_db_read_rows(db, query, rows, &last, error))
        return FALSE;
    if (past != NULL)
        *past = cmig_audit_past_from_rows(last);
    return TRUE;
}

gboolean cmig_session_check_schema(const CmigConfig *config, const CmigDbState *state,
                                   GError **error)
{
    if (state->schema_exists || config->create_version_schema)
        return TRUE;
    g_autofree char *shown = cmig_text_escape(state->table_schema);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                "the schema %s of the version table does not exist", shown);
    cmig_error_set_hint(error, "`cmig ensure-version` creates it, as does any first run with "
                               "create_version_schema: true");
    return FALSE;
}
