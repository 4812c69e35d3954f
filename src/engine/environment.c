/* What a database is for, as it says of itself. */
#include "cmig/error.h"
#include "engine/gate.h"
#include "engine/session.h"
#include "engine/work.h"

#include <string.h>

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

/* What the database counts as before: what it says of itself, which a declaration may contradict
 * just now, else what it is taken for. */
static gboolean find_former(const CmigWork *work, CmigEnvironment *former, GError **error)
{
    if (work->site.recorded == NULL)
        return cmig_guard_environment(work->config, &work->site, former, error);
    former->kind = cmig_guard_kind_of_name(work->config, work->site.recorded);
    former->name = g_strdup(work->site.recorded);
    former->reason = g_strdup("the database says so of itself");
    return TRUE;
}

/* The guard sees the more dangerous of what it was and what it becomes. */
static gboolean judge_names(CmigWork *work, const char *name, GError **error)
{
    if (!find_former(work, &work->environment, error))
        return FALSE;
    CmigEnvironmentKind becomes = cmig_guard_kind_of_name(work->config, name);
    if (work->environment.kind > becomes)
        return TRUE;
    cmig_environment_clear(&work->environment);
    work->environment.kind = becomes;
    work->environment.name = g_strdup(name);
    work->environment.reason = g_strdup("this is what it is to become");
    return TRUE;
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
    if (!cmig_gate_read_past(&work, error) || !judge_names(&work, name, error) ||
        !cmig_gate_ask(&work, "a change of the environment", NULL, error))
        return FALSE;
    g_autofree char *detail = g_strdup_printf(
        "%s -> %s", work.site.recorded != NULL ? work.site.recorded : "not recorded", name);
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_ENVIRONMENT, work.token);
    record.detail = detail;
    work.context.environment = name;
    if (!cmig_work_record(&work, &record, error))
        return FALSE;
    cmig_work_end(&work);
    return TRUE;
}
