/* cmig check: the table of rules, and what is asked of the history as a whole. */
#include "cmig/check.h"

#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "engine/check_rules.h"

#include <string.h>

const char cmig_rule_graph[] = "graph";
const char cmig_rule_single_head[] = "single-head";
const char cmig_rule_sections[] = "sections";
const char cmig_rule_downgrade[] = "downgrade";
const char cmig_rule_applied_files[] = "applied-files";
const char cmig_rule_at_head[] = "at-head";

static void check_heads(CmigCheckWork *work);

/* One of the functions is set, but for the graph, without which there is nothing to check. */
static const struct {
    CmigCheckRule rule;
    void (*history)(CmigCheckWork *work);
    void (*file)(CmigCheckWork *work, const CmigScript *script, const CmigRevision *revision);
    gboolean (*database)(CmigCheckWork *work, GError **error);
} rules[] = {
    {{cmig_rule_graph, "the files make one sound history", FALSE}, NULL, NULL, NULL},
    {{cmig_rule_single_head, "there is one head", FALSE}, check_heads, NULL, NULL},
    {{cmig_rule_sections, "the sections of every file can be read", FALSE},
     NULL,
     cmig_check_sections,
     NULL},
    {{cmig_rule_downgrade, "every file has a way back, or says why not", FALSE},
     NULL,
     cmig_check_downgrade,
     NULL},
    {{cmig_rule_applied_files, "the files of applied revisions did not change", TRUE},
     NULL,
     NULL,
     cmig_check_applied_files},
    {{cmig_rule_at_head, "the database is at head", TRUE}, NULL, NULL, cmig_check_at_head},
};

const CmigCheckRule *cmig_check_rule(guint index)
{
    return index < G_N_ELEMENTS(rules) ? &rules[index].rule : NULL;
}

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
        known[idx] = rules[idx].rule.name;
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

static gboolean is_wanted(const CmigCheckRequest *request, const CmigCheckRule *rule)
{
    gboolean named = request->only == NULL || g_strv_contains(request->only, rule->name);
    return named && (request->skip == NULL || !g_strv_contains(request->skip, rule->name));
}

gboolean cmig_check_wants_database(const CmigCheckRequest *request)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(rules); idx++)
        if (rules[idx].rule.needs_database && is_wanted(request, &rules[idx].rule))
            return TRUE;
    return FALSE;
}

CmigFinding *cmig_check_add(CmigCheckWork *work, const char *rule, const CmigRevision *revision,
                            guint line, const char *hint, const char *message_format, ...)
{
    va_list args;
    va_start(args, message_format);
    g_autofree char *message = g_strdup_vprintf(message_format, args);
    va_end(args);
    CmigFinding *finding = cmig_finding_new(rule, revision ? revision->path : NULL,
                                            revision ? revision->id : NULL, "%s", message);
    finding->line = line;
    finding->hint = g_strdup(hint);
    g_ptr_array_add(work->findings, finding);
    return finding;
}

void cmig_check_add_error(CmigCheckWork *work, const char *rule, const CmigRevision *revision,
                          const GError *problem)
{
    const char *file = cmig_error_file(problem);
    const char *detail = cmig_error_detail(problem);
    g_autofree char *more = detail != NULL ? g_strdup_printf(" (%s)", detail) : g_strdup("");
    CmigFinding *finding =
        cmig_finding_new(rule, file != NULL || revision == NULL ? file : revision->path,
                         revision != NULL ? revision->id : NULL, "%s%s", problem->message,
                         g_strdelimit(more, "\n", ' '));
    finding->line = cmig_error_line(problem);
    finding->hint = g_strdup(cmig_error_hint(problem));
    g_ptr_array_add(work->findings, finding);
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
            cmig_check_add(work, cmig_rule_single_head, head, 1,
                           "`cmig merge heads` joins them; check.single_head: false in "
                           "alembic.yml allows one head for each branch label",
                           "one of %u heads: %s", heads->len, names);
        else if (!has_own_label(head, count))
            cmig_check_add(work, cmig_rule_single_head, head, 1,
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
        cmig_check_add_error(work, cmig_rule_graph, NULL, problems->pdata[idx]);
    work->graph = *graph;
    return sound;
}

/* Each file is read once, whatever is asked of it. */
static gboolean check_files(CmigCheckWork *work, const CmigCheckRequest *request, GError **error)
{
    gboolean wanted[G_N_ELEMENTS(rules)] = {FALSE};
    for (gsize rule = 0; rule < G_N_ELEMENTS(rules); rule++)
        wanted[rule] = rules[rule].file != NULL && is_wanted(request, &rules[rule].rule);
    for (guint idx = 0; idx < cmig_graph_size(work->graph); idx++) {
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
    return TRUE;
}

static void skip(CmigCheckReport *report, const char *rule, const char *reason)
{
    CmigCheckSkip *made = g_new0(CmigCheckSkip, 1);
    made->rule = rule;
    made->reason = g_strdup(reason);
    g_ptr_array_add(report->skipped, made);
}

static gboolean check_rules(CmigCheckWork *work, const CmigCheckRequest *request, gboolean sound,
                            CmigCheckReport *report, GError **error)
{
    gboolean read = FALSE;
    g_ptr_array_add(report->checked, (gpointer)(guintptr)cmig_rule_graph);
    for (gsize idx = 1; idx < G_N_ELEMENTS(rules); idx++) {
        const CmigCheckRule *rule = &rules[idx].rule;
        if (!is_wanted(request, rule))
            continue;
        if (!sound && rules[idx].file == NULL) {
            skip(report, rule->name, "the history is not sound");
            continue;
        }
        if (rule->needs_database && work->db == NULL) {
            skip(report, rule->name, request->no_database);
            continue;
        }
        if (rules[idx].history != NULL)
            rules[idx].history(work);
        if (rules[idx].file != NULL && !read && !check_files(work, request, error))
            return FALSE;
        read |= rules[idx].file != NULL;
        if (rules[idx].database != NULL && !rules[idx].database(work, error))
            return FALSE;
        g_ptr_array_add(report->checked, (gpointer)(guintptr)rule->name);
    }
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
    CmigCheckWork work = {.config = config, .db = request->db, .findings = made->findings};
    gboolean sound = load_graph(&work, &graph);
    made->files = cmig_graph_size(graph);
    gboolean done = check_rules(&work, request, sound, made, error);
    g_clear_pointer(&work.rows, g_ptr_array_unref);
    cmig_audit_open_free(work.open);
    if (done)
        *report = g_steal_pointer(&made);
    return done;
}
