/* cmig check: the table of rules, and what is asked of the history as a whole. */
#include "cmig/check.h"

#include "cmig/against.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/project_vcs.h"
#include "cmig/text.h"
#include "engine/check/rules.h"

#include <string.h>

static const char rule_graph[] = "graph";
static const char rule_single_head[] = "single-head";
const char cmig_rule_sections[] = "sections";
const char cmig_rule_downgrade[] = "downgrade";
static const char rule_against[] = "against";
const char cmig_rule_applied_files[] = "applied-files";
const char cmig_rule_at_head[] = "at-head";

/* What a check has come to. */
typedef struct {
    CmigCheckWork work;
    const CmigCheckRequest *request;
    CmigCheckReport *report;
    gboolean sound;      /* the graph is sealed */
    gboolean files_read; /* and all that is asked of each of them was */
} Check;

static void check_heads(CmigCheckWork *work);
static gboolean check_against(Check *check, GError **error);

/* The first rule, which cannot be left out: it is checked by loading what the others look at. */
enum { GRAPH };

/* One of the functions is set, but for the graph. */
static const struct {
    const char *name;
    void (*history)(CmigCheckWork *work);
    void (*file)(CmigCheckWork *work, const CmigScript *script, const CmigRevision *revision);
    gboolean (*git)(Check *check, GError **error);
    gboolean (*database)(CmigCheckWork *work, GError **error);
} rules[] = {
    [GRAPH] = {rule_graph},
    {rule_single_head, .history = check_heads},
    {cmig_rule_sections, .file = cmig_check_sections},
    {cmig_rule_downgrade, .file = cmig_check_downgrade},
    {rule_against, .git = check_against},
    {cmig_rule_applied_files, .database = cmig_check_applied_files},
    {cmig_rule_at_head, .database = cmig_check_at_head},
};

static void skip_free(gpointer data)
{
    CmigCheckSkip *skip = data;
    g_free(skip->reason);
    g_free(skip);
}

void cmig_check_report_free(CmigCheckReport *report)
{
    if (report == NULL)
        return;
    g_ptr_array_unref(report->checked);
    g_ptr_array_unref(report->skipped);
    g_ptr_array_unref(report->findings);
    g_free(report);
}

static gboolean validate_names(const char *const *names, GError **error)
{
    const char *known[G_N_ELEMENTS(rules) + 1] = {NULL};
    for (gsize idx = 0; idx < G_N_ELEMENTS(rules); idx++)
        known[idx] = rules[idx].name;
    for (; names != NULL && *names != NULL; names++) {
        if (g_strv_contains(known, *names))
            continue;
        g_autofree char *shown = cmig_text_escape(*names);
        g_autofree char *all = g_strjoinv(", ", (char **)(void *)known);
        const char *near = cmig_text_suggest(*names, known);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "there is no rule \"%s\"", shown);
        if (near != NULL)
            cmig_error_set_hint(error, "did you mean \"%s\"?", near);
        cmig_error_set_detail(error, "the rules: %s", all);
        return FALSE;
    }
    return TRUE;
}

gboolean cmig_check_request_validate(const CmigCheckRequest *request, GError **error)
{
    return validate_names(request->only, error) && validate_names(request->skip, error);
}

static gboolean is_wanted(const CmigCheckRequest *request, const char *rule)
{
    gboolean named = request->only == NULL || g_strv_contains(request->only, rule);
    return named && (request->skip == NULL || !g_strv_contains(request->skip, rule));
}

gboolean cmig_check_wants_database(const CmigCheckRequest *request)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(rules); idx++)
        if (rules[idx].database != NULL && is_wanted(request, rules[idx].name))
            return TRUE;
    return FALSE;
}

void cmig_check_add_error(CmigCheckWork *work, const char *rule, const CmigRevision *revision,
                          const GError *problem)
{
    const char *file = cmig_error_file(problem);
    const char *detail = cmig_error_detail(problem);
    g_autofree char *more = detail != NULL ? g_strdup_printf(" (%s)", detail) : g_strdup("");
    cmig_finding_add(work->findings, rule, file != NULL || revision == NULL ? file : revision->path,
                     cmig_error_line(problem), revision != NULL ? revision->id : NULL,
                     cmig_error_hint(problem), "%s%s", problem->message,
                     g_strdelimit(more, "\n", ' '));
}

/* Label -> how many heads have it. */
static GHashTable *count_labels(const GPtrArray *heads)
{
    GHashTable *count = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint idx = 0; idx < heads->len; idx++) {
        const CmigRevision *head = heads->pdata[idx];
        for (guint at = 0; at < head->labels->len; at++) {
            guint heads_so_far =
                GPOINTER_TO_UINT(g_hash_table_lookup(count, head->labels->pdata[at]));
            g_hash_table_insert(count, head->labels->pdata[at], GUINT_TO_POINTER(heads_so_far + 1));
        }
    }
    return count;
}

static gboolean has_own_label(const CmigRevision *head, GHashTable *count)
{
    for (guint idx = 0; idx < head->labels->len; idx++)
        if (GPOINTER_TO_UINT(g_hash_table_lookup(count, head->labels->pdata[idx])) == 1)
            return TRUE;
    return FALSE;
}

static void check_heads(CmigCheckWork *work)
{
    const GPtrArray *heads = cmig_graph_heads(work->graph);
    if (heads->len < 2)
        return;
    g_autoptr(GHashTable) count = count_labels(heads);
    g_autofree char *names = cmig_revision_names(heads);
    gboolean single = work->config->check.single_head;
    for (guint idx = 0; idx < heads->len; idx++) {
        const CmigRevision *head = heads->pdata[idx];
        if (single)
            cmig_finding_add(work->findings, rule_single_head, head->path, 1, head->id,
                             "`cmig merge heads` joins them; check.single_head: false in "
                             "alembic.yml allows one head for each branch label",
                             "one of %u heads: %s", heads->len, names);
        else if (!has_own_label(head, count))
            cmig_finding_add(work->findings, rule_single_head, head->path, 1, head->id,
                             "merge it with `cmig merge`, or give its branch a label",
                             "%s is a head without a branch label of its own", head->id);
    }
}

static gboolean load_graph(CmigCheckWork *work, CmigGraph **graph)
{
    g_autoptr(GPtrArray) problems =
        g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))g_error_free);
    gboolean sound = cmig_script_load_what_can(work->config, graph, problems);
    for (guint idx = 0; idx < problems->len; idx++)
        cmig_check_add_error(work, rule_graph, NULL, problems->pdata[idx]);
    work->graph = *graph;
    return sound;
}

/* Each file is read once, whatever is asked of it. */
static gboolean check_files(Check *check, GError **error)
{
    CmigCheckWork *work = &check->work;
    gboolean wanted[G_N_ELEMENTS(rules)] = {FALSE};
    for (gsize rule = 0; rule < G_N_ELEMENTS(rules); rule++)
        wanted[rule] = rules[rule].file != NULL && is_wanted(check->request, rules[rule].name);
    for (guint idx = 0; !check->files_read && idx < cmig_graph_size(work->graph); idx++) {
        const CmigRevision *revision = cmig_graph_nth(work->graph, idx);
        g_autoptr(CmigScript) script = NULL;
        g_autoptr(GError) problem = NULL;
        if (cmig_interrupt_check(error))
            return FALSE;
        if (!cmig_script_open(revision, &script, &problem))
            cmig_check_add_error(work, cmig_rule_sections, revision, problem);
        for (gsize rule = 0; script != NULL && rule < G_N_ELEMENTS(rules); rule++)
            if (wanted[rule])
                rules[rule].file(work, script, revision);
    }
    check->files_read = TRUE;
    return TRUE;
}

static void note_checked(Check *check, const char *rule)
{
    g_ptr_array_add(check->report->checked, (gpointer)(guintptr)rule);
}

static void note_skipped(Check *check, const char *rule, const char *reason)
{
    CmigCheckSkip *made = g_new0(CmigCheckSkip, 1);
    made->rule = rule;
    made->reason = g_strdup(reason);
    g_ptr_array_add(check->report->skipped, made);
}

/* The comparison with the default branch is one that nobody asked for: what keeps git from it is
 * said but no error, and that there is no git is not even said. */
static gboolean check_against(Check *check, GError **error)
{
    const CmigCheckWork *work = &check->work;
    const char *ref = check->request->against;
    g_autoptr(CmigVcs) vcs = NULL;
    g_autoptr(GError) problem = NULL;
    if (ref == NULL && cmig_project_vcs_open(work->config, &vcs, &problem) && vcs == NULL)
        return TRUE;
    if (problem == NULL &&
        cmig_check_against(work->config, work->graph, ref, work->findings, &problem)) {
        note_checked(check, rule_against);
        return TRUE;
    }
    if (ref != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    note_skipped(check, rule_against, problem->message);
    return TRUE;
}

static gboolean check_rule(Check *check, gsize idx, GError **error)
{
    const char *rule = rules[idx].name;
    if (!check->sound && rules[idx].file == NULL && idx != GRAPH) {
        note_skipped(check, rule, "the history is not sound");
        return TRUE;
    }
    if (rules[idx].database != NULL && check->work.db == NULL) {
        note_skipped(check, rule, check->request->no_database);
        return TRUE;
    }
    if (rules[idx].git != NULL)
        return rules[idx].git(check, error);
    if (rules[idx].history != NULL)
        rules[idx].history(&check->work);
    if ((rules[idx].file != NULL && !check_files(check, error)) ||
        (rules[idx].database != NULL && !rules[idx].database(&check->work, error)))
        return FALSE;
    if (check->work.unchecked != NULL)
        note_skipped(check, rule, check->work.unchecked);
    else
        note_checked(check, rule);
    check->work.unchecked = NULL;
    return TRUE;
}

gboolean cmig_check(const CmigConfig *config, const CmigCheckRequest *request,
                    CmigCheckReport **report, GError **error)
{
    g_autoptr(CmigCheckReport) made = g_new0(CmigCheckReport, 1);
    g_autoptr(CmigGraph) graph = NULL;
    made->checked = g_ptr_array_new();
    made->skipped = g_ptr_array_new_with_free_func(skip_free);
    made->findings = cmig_findings_new();
    Check check = {.work = {.config = config, .db = request->db, .findings = made->findings},
                   .request = request,
                   .report = made};
    check.sound = load_graph(&check.work, &graph);
    made->files = cmig_graph_size(graph);
    gboolean done = TRUE;
    for (gsize idx = 0; done && idx < G_N_ELEMENTS(rules); idx++)
        if (idx == GRAPH || is_wanted(request, rules[idx].name))
            done = check_rule(&check, idx, error);
    g_clear_pointer(&check.work.rows, g_ptr_array_unref);
    cmig_audit_open_free(check.work.open);
    if (done)
        *report = g_steal_pointer(&made);
    return done;
}
