/* Scripts instead of runs: the same steps, written down. */
#include "cmig/offline.h"

#include "cmig/error.h"
#include "cmig/text.h"
#include "engine/offline/sql.h"
#include "engine/step.h"
#include "engine/version_rows.h"

#include <string.h>

static gint compare_ids(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The revisions that `text` names: several separated by commas, none for base. As version rows, so
 * without those that others imply. */
static gboolean resolve_start(const CmigGraph *graph, const char *text, GPtrArray **rows,
                              GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    for (gsize idx = 0; parts[idx] != NULL; idx++) {
        g_autoptr(GPtrArray) found = NULL;
        if (!cmig_graph_resolve(graph, g_strstrip(parts[idx]), &found, error))
            return FALSE;
        for (guint at = 0; at < found->len; at++)
            g_ptr_array_add(ids, ((CmigRevision *)found->pdata[at])->id);
    }
    g_ptr_array_sort(ids, compare_ids);
    return cmig_graph_resolve_rows(graph, ids, rows, error);
}

/* `-N:TO`: so many below TO. */
static gboolean resolve_relative_start(const CmigGraph *graph, int steps, const char *to,
                                       GPtrArray **rows, GError **error)
{
    CmigRevision *target = NULL;
    CmigRevision *start = NULL;
    gboolean ended = FALSE;
    if (!cmig_graph_resolve_one(graph, to, &target, error) ||
        !cmig_graph_walk(graph, target, steps, NULL, &start, &ended, error))
        return FALSE;
    if (ended) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "Relative revision %d didn't produce %d migrations", steps, -steps);
        cmig_error_set_hint(error, "FROM is counted down from TO; base comes before all");
        return FALSE;
    }
    *rows = g_ptr_array_new();
    if (start != NULL)
        g_ptr_array_add(*rows, start);
    return TRUE;
}

/* FROM:TO, or TO alone. `*to` is borrowed from `range`. */
static gboolean split_range(const CmigGraph *graph, const char *range, GPtrArray **rows,
                            const char **to, GError **error)
{
    const char *colon = strchr(range, ':');
    *to = colon != NULL ? colon + 1 : range;
    if (strchr(*to, ':') != NULL) {
        g_autofree char *shown = cmig_text_escape(range);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "\"%s\" has more than one colon", shown);
        cmig_error_set_hint(error, "write FROM:TO");
        return FALSE;
    }
    g_autofree char *from = colon != NULL ? g_strndup(range, (gsize)(colon - range)) : g_strdup("");
    gint64 steps = 0;
    if (from[0] == '-' && g_ascii_string_to_signed(from, 10, G_MININT, -1, &steps, NULL))
        return resolve_relative_start(graph, (int)steps, *to, rows, error);
    return resolve_start(graph, *from != '\0' ? from : "base", rows, error);
}

/* A plan without steps: TO must be where FROM is. */
static gboolean check_empty(const CmigGraph *graph, CmigDirection direction, const char *range,
                            const char *to, const GPtrArray *rows, GError **error)
{
    g_autoptr(GPtrArray) targets = NULL;
    g_autofree char *shown = cmig_text_escape(range);
    gboolean same = cmig_graph_resolve(graph, to, &targets, NULL) && targets->len == rows->len;
    for (guint idx = 0; same && idx < rows->len; idx++)
        same = g_ptr_array_find(targets, rows->pdata[idx], NULL);
    if (same)
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "%s is no %s", shown,
                cmig_direction_name(direction));
    cmig_error_set_hint(
        error, "FROM comes first; `cmig %s --sql` goes the other way",
        cmig_direction_name(direction == CMIG_UPGRADE ? CMIG_DOWNGRADE : CMIG_UPGRADE));
    return FALSE;
}

static gboolean is_spanning(const CmigOffline *offline)
{
    return offline->config->transaction == CMIG_TRANSACTION_ALL;
}

/* Version rows before and after a step, and what changes them. */
static void take_step(CmigOffline *offline, CmigApplied *applied, const CmigStep *step,
                      gboolean first, gboolean last)
{
    guint rows_changed = 0;
    g_autoptr(GPtrArray) before = cmig_applied_rows(applied);
    g_autoptr(CmigRowChange) change = step->direction == CMIG_UPGRADE
                                          ? cmig_applied_upgrade(applied, step->revision)
                                          : cmig_applied_downgrade(applied, step->revision);
    g_autofree const char **expected = cmig_rows_list(before);
    g_auto(GStrv) changes = cmig_rows_statements(offline->table, change, &rows_changed);
    cmig_offline_add_running(offline, step);
    if (!step->transactional) {
        cmig_offline_add_separately(offline, step, expected, changes);
        return;
    }
    if (!is_spanning(offline) || first)
        cmig_offline_begin(offline);
    cmig_offline_add_check(offline, expected);
    cmig_offline_add_changes(offline, changes);
    cmig_offline_add_record(
        offline, step, step->direction == CMIG_UPGRADE ? CMIG_AUDIT_APPLIED : CMIG_AUDIT_REVERTED,
        0);
    cmig_offline_add_section(offline, step);
    if (!is_spanning(offline) || last)
        cmig_offline_commit(offline);
    else
        cmig_offline_add_reset(offline);
}

/* Sections that were too large to keep are read again, one at a time. */
static gboolean write_steps(CmigOffline *offline, CmigApplied *applied, GPtrArray *steps,
                            GError **error)
{
    for (guint idx = 0; idx < steps->len; idx++) {
        CmigStep *step = steps->pdata[idx];
        if (step->sql == NULL && !cmig_step_load(step, offline->config, offline->dialect, error))
            return FALSE;
        if (!cmig_offline_check_section(step, error))
            return FALSE;
        take_step(offline, applied, step, idx == 0, idx + 1 == steps->len);
        g_clear_pointer(&step->sql, cmig_sql_script_free);
    }
    return TRUE;
}

gboolean cmig_offline_run(const CmigConfig *config, const CmigGraph *graph, CmigDialect dialect,
                          CmigDirection direction, const char *range, GString *script,
                          GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GPtrArray) steps = NULL;
    g_autoptr(CmigPlan) plan = NULL;
    const char *to = NULL;
    if (direction == CMIG_DOWNGRADE && strchr(range, ':') == NULL) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                            "downgrade with --sql requires <fromrev>:<torev>");
        cmig_error_set_hint(error, "no database is asked where it is: cmig downgrade head:base "
                                   "--sql");
        return FALSE;
    }
    if (!split_range(graph, range, &rows, &to, error) ||
        !cmig_plan_make(graph, direction, to, rows, &plan, error) ||
        (plan->revisions->len == 0 && !check_empty(graph, direction, range, to, rows, error)) ||
        !cmig_step_load_all(plan, config, dialect, NULL, &steps, error))
        return FALSE;
    g_auto(CmigOffline) offline = {0};
    cmig_offline_init(&offline, config, dialect, cmig_direction_name(direction), range, rows,
                      steps);
    CmigApplied *applied = cmig_applied_new(graph, rows);
    if (steps->len == 0) {
        g_autoptr(GPtrArray) ids = cmig_applied_rows(applied);
        g_autofree const char **expected = cmig_rows_list(ids);
        cmig_offline_begin(&offline);
        cmig_offline_add_check(&offline, expected);
        cmig_offline_commit(&offline);
    }
    gboolean written = write_steps(&offline, applied, steps, error);
    cmig_applied_free(applied);
    if (written)
        cmig_offline_finish(&offline, script);
    return written;
}

gboolean cmig_offline_stamp(const CmigConfig *config, const CmigGraph *graph, CmigDialect dialect,
                            const char *const *targets, GString *script, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(CmigStampPlan) plan = NULL;
    const char *first = NULL;
    for (gsize idx = 1; targets[0] != NULL && targets[idx] != NULL; idx++) {
        if (strchr(targets[idx], ':') == NULL)
            continue;
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                            "Stamp operation with --sql only supports a single starting revision "
                            "at a time");
        cmig_error_set_hint(error, "write it before the first one: FROM:REVISION REVISION");
        return FALSE;
    }
    if (!split_range(graph, targets[0], &rows, &first, error))
        return FALSE;
    g_autofree const char **wanted =
        g_new0(const char *, g_strv_length((GStrv)(guintptr)targets) + 1);
    for (gsize idx = 0; targets[idx] != NULL; idx++)
        wanted[idx] = idx == 0 ? first : targets[idx];
    if (!cmig_stamp_plan_make(graph, wanted, rows, &plan, error))
        return FALSE;
    g_auto(CmigOffline) offline = {0};
    guint rows_changed = 0;
    g_autofree char *range = g_strjoinv(" ", (GStrv)(guintptr)targets);
    cmig_offline_init(&offline, config, dialect, "stamp", range, rows, NULL);
    offline.settles = TRUE;
    CmigApplied *applied = cmig_applied_new(graph, rows);
    g_autoptr(GPtrArray) before = cmig_applied_rows(applied);
    cmig_applied_free(applied);
    g_autofree const char **expected = cmig_rows_list(before);
    g_autoptr(CmigRowChange) change = cmig_rows_between(before, plan->rows);
    g_auto(GStrv) changes = cmig_rows_statements(offline.table, change, &rows_changed);
    cmig_offline_begin(&offline);
    cmig_offline_add_check(&offline, expected);
    cmig_offline_add_changes(&offline, changes);
    cmig_offline_add_stamp(&offline, before, plan->rows);
    cmig_offline_commit(&offline);
    cmig_offline_finish(&offline, script);
    return TRUE;
}

void cmig_offline_ensure_version(const CmigConfig *config, CmigDialect dialect, GString *script)
{
    g_auto(CmigOffline) offline = {0};
    cmig_offline_init(&offline, config, dialect, "ensure-version", "", NULL, NULL);
    cmig_offline_begin(&offline);
    cmig_offline_commit(&offline);
    cmig_offline_finish(&offline, script);
}
