/* What a database is for: as it counts, and as it says of itself. */
#include "cmig/error.h"
#include "engine/run/gate.h"
#include "engine/run/session.h"
#include "engine/run/work.h"

#include <string.h>

gboolean cmig_run_environment(CmigDb *db, const CmigConfig *config, const CmigDbState *state,
                              CmigEnvironment *environment, GError **error)
{
    g_auto(CmigWork) work = {0};
    cmig_work_init_reader(&work, db, config, NULL, state);
    return cmig_gate_environment(&work, environment, error);
}

/* A name is one line that can be typed. */
static gboolean check_name(const char *name, GError **error)
{
    gsize length = strlen(name);
    if (length > 0 && length <= 63 && g_ascii_isalnum(*name) &&
        strspn(name, G_CSET_A_2_Z G_CSET_a_2_z "0123456789_.-") == length)
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                        "the name of an environment consists of letters, digits, _, . and -, at "
                        "most 63");
    return FALSE;
}

gboolean cmig_run_record_environment(CmigDb *db, const CmigConfig *config, const char *name,
                                     const CmigRunObserver *observer, GError **error)
{
    g_autoptr(CmigDbState) state = NULL;
    g_auto(CmigWork) work = {0};
    if (!check_name(name, error) || !cmig_session_begin(db, config, observer, &state, error) ||
        !cmig_session_check_schema(config, state, error))
        return FALSE;
    cmig_work_init(&work, db, config, NULL, observer, state);
    if (!cmig_gate_read_past(&work, error))
        return FALSE;
    cmig_guard_environment_change(config, &work.site, name, &work.guard.environment);
    if (!cmig_gate_ask(&work, "a change of the environment", NULL, error))
        return FALSE;
    g_autofree char *detail = g_strdup_printf(
        "%s -> %s", work.site.recorded != NULL ? work.site.recorded : "not recorded", name);
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_ENVIRONMENT, work.log.token);
    record.detail = detail;
    work.log.context.environment = name;
    if (!cmig_log_write(&work.log, &record, error))
        return FALSE;
    cmig_work_end(&work);
    return TRUE;
}
