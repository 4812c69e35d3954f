/* Identifiers become revisions. Whatever goes wrong, the message begins as Alembic's does and the
 * detail says which of the possible reasons it was. */
#include "graph/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

static gboolean fail(GError **error, const char *name)
{
    g_autofree char *shown = cmig_text_escape(name);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "Can't locate revision identified by '%s'",
                shown);
    return FALSE;
}

static CmigRevision *find_exact(const CmigGraph *graph, const char *name)
{
    CmigRevision *revision = g_hash_table_lookup(graph->ids, name);
    return revision != NULL ? revision : g_hash_table_lookup(graph->labels, name);
}

/* Whether `name` is the beginning of the revision's id or of one of its labels. Alembic's rule:
 * what is matched has more than three characters, the beginning may have fewer. */
static gboolean begins(const CmigRevision *revision, const char *name)
{
    if (strlen(revision->id) > 3 && g_str_has_prefix(revision->id, name))
        return TRUE;
    for (char **label = revision->branch_labels; *label != NULL; label++)
        if (strlen(*label) > 3 && g_str_has_prefix(*label, name))
            return TRUE;
    return FALSE;
}

static GPtrArray *find_prefix(const CmigGraph *graph, const char *name,
                              const CmigRevisionSet *lineage)
{
    GPtrArray *found = g_ptr_array_new();
    for (guint idx = 0; idx < graph->revisions->len; idx++) {
        CmigRevision *revision = g_ptr_array_index(graph->revisions, idx);
        if ((lineage == NULL || cmig_revision_set_has(lineage, revision)) && begins(revision, name))
            g_ptr_array_add(found, revision);
    }
    return found;
}

static void set_unknown(const CmigGraph *graph, const char *name, const char *what, GError **error)
{
    g_autofree char *shown = cmig_text_escape(name);
    g_autofree const char **names = cmig_graph_names(graph, TRUE);
    const char *near = cmig_text_suggest(name, names);
    fail(error, name);
    cmig_error_set_detail(error, "%s '%s'%s", what, shown,
                          strlen(name) < 4 ? "; please ensure at least four characters are present "
                                             "for partial revision identifier matches"
                                           : "");
    if (near != NULL)
        cmig_error_set_hint(error, "did you mean '%s'?", near);
    else if (strcmp(name, "current") == 0)
        cmig_error_set_hint(error, "'current' works in show, edit and history");
    else
        cmig_error_set_hint(error, "`cmig history` lists the revisions, `cmig heads` the newest");
}

/* One revision by id, label or unique beginning; with `lineage` only within a branch. */
static gboolean find(const CmigGraph *graph, const char *name, const CmigRevisionSet *lineage,
                     const char *what, CmigRevision **result, GError **error)
{
    CmigRevision *revision = find_exact(graph, name);
    if (revision == NULL) {
        g_autoptr(GPtrArray) found = find_prefix(graph, name, lineage);
        if (found->len == 0) {
            set_unknown(graph, name, what, error);
            return FALSE;
        }
        if (found->len > 1) {
            g_autofree char *shown = cmig_text_escape(name);
            g_autofree char *names = cmig_revision_names(found);
            fail(error, name);
            cmig_error_set_detail(error, "Multiple revisions start with '%s': %s", shown, names);
            cmig_error_set_hint(error, "give more characters");
            return FALSE;
        }
        revision = g_ptr_array_index(found, 0);
    }
    *result = revision;
    return TRUE;
}

gboolean cmig_graph_branch(const CmigGraph *graph, const char *name, CmigRevision **result,
                           GError **error)
{
    return find(graph, name, NULL, "No such branch:", result, error);
}

/* "a, b (label), c": what may be written before `@`. */
static char *describe_heads(const GPtrArray *heads)
{
    enum { SHOWN = 12 };
    GString *text = g_string_new(NULL);
    for (guint idx = 0; idx < heads->len && idx < SHOWN; idx++) {
        const CmigRevision *head = g_ptr_array_index(heads, idx);
        g_autofree char *id = cmig_text_escape(head->id);
        g_string_append_printf(text, "%s%s", idx > 0 ? ", " : "", id);
        for (guint at = 0; at < head->labels->len; at++)
            g_string_append_printf(text, "%s%s%s", at == 0 ? " (" : ", ",
                                   (const char *)g_ptr_array_index(head->labels, at),
                                   at + 1 == head->labels->len ? ")" : "");
    }
    if (heads->len > SHOWN)
        g_string_append_printf(text, " and %u more", heads->len - SHOWN);
    return g_string_free(text, FALSE);
}

static gboolean fail_multiple(GError **error, const char *argument, const GPtrArray *heads)
{
    g_autofree char *shown = cmig_text_escape(argument);
    g_autofree char *names = describe_heads(heads);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "Multiple head revisions are present for given argument '%s'; please specify a "
                "specific target revision, '<branchname>@head' to narrow to a specific head, or "
                "'heads' for all heads",
                shown);
    cmig_error_set_detail(error, "the heads are: %s", names);
    cmig_error_set_hint(error, "`cmig merge heads` joins them into one; `cmig rebase` puts your "
                               "own revisions behind those of another branch");
    return FALSE;
}

/* N below every head, or every head of the branch. */
static gboolean resolve_below_heads(const CmigGraph *graph, const CmigIdentifier *identifier,
                                    const CmigRevisionSet *lineage, GPtrArray **result,
                                    GError **error)
{
    g_autoptr(GPtrArray) heads =
        cmig_graph_filter(lineage != NULL ? graph->heads : graph->real_heads, lineage);
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    for (guint idx = 0; idx < heads->len; idx++) {
        CmigRevision *revision = NULL;
        gboolean ended = FALSE;
        if (!cmig_graph_walk(graph, g_ptr_array_index(heads, idx), identifier->steps, NULL,
                             &revision, &ended, error))
            return FALSE;
        if (ended) {
            const CmigRevision *head = g_ptr_array_index(heads, idx);
            g_autofree char *id = cmig_text_escape(head->id);
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                        "Walked too far: there are no %d revisions below %s", -identifier->steps,
                        id);
            return FALSE;
        }
        if (revision != NULL && !g_ptr_array_find(found, revision, NULL))
            g_ptr_array_add(found, revision);
    }
    *result = g_steal_pointer(&found);
    return TRUE;
}

static gboolean resolve_relative(const CmigGraph *graph, const char *text,
                                 const CmigIdentifier *identifier, const CmigRevisionSet *lineage,
                                 GPtrArray **result, GError **error)
{
    if (identifier->symbol[0] == '\0' && identifier->steps <= 0)
        return resolve_below_heads(graph, identifier, lineage, result, error);
    fail(error, text);
    cmig_error_set_detail(error, "of the relative forms only -N and BRANCH@-N work here");
    cmig_error_set_hint(error, "+N, REV+N and REV-N work in upgrade, downgrade and history");
    return FALSE;
}

/* head, heads, base; `*result` stays NULL for anything else. */
static gboolean resolve_word(const CmigGraph *graph, const CmigIdentifier *identifier,
                             const CmigRevisionSet *lineage, GPtrArray **result, GError **error)
{
    const char *word = identifier->symbol;
    if (strcmp(word, "base") == 0) {
        *result = g_ptr_array_new();
        return TRUE;
    }
    gboolean one = strcmp(word, "head") == 0;
    if (!one && strcmp(word, "heads") != 0)
        return TRUE;
    /* Without a branch `heads` leaves out those that another revision depends on; `head` and the
     * heads of a branch count them. */
    gboolean real = lineage == NULL && !one;
    g_autoptr(GPtrArray) heads =
        cmig_graph_filter(real ? graph->real_heads : graph->heads, lineage);
    if (one && heads->len > 1)
        return fail_multiple(error, identifier->anchor, heads);
    *result = g_steal_pointer(&heads);
    return TRUE;
}

gboolean cmig_graph_resolve(const CmigGraph *graph, const char *text, GPtrArray **result,
                            GError **error)
{
    g_auto(CmigIdentifier) identifier = {0};
    if (!cmig_identifier_parse(text, &identifier, error))
        return FALSE;
    CmigRevision *branch = NULL;
    if (identifier.branch != NULL && !cmig_graph_branch(graph, identifier.branch, &branch, error))
        return FALSE;
    g_autoptr(CmigRevisionSet) lineage =
        branch != NULL ? cmig_graph_lineage(graph, branch, CMIG_EDGES_DOWN) : NULL;
    if (identifier.relative)
        return resolve_relative(graph, text, &identifier, lineage, result, error);

    GPtrArray *found = NULL;
    if (!resolve_word(graph, &identifier, lineage, &found, error))
        return FALSE;
    if (found != NULL) {
        *result = found;
        return TRUE;
    }
    CmigRevision *revision = NULL;
    if (!find(graph, identifier.symbol, lineage, "No such revision or branch", &revision, error))
        return FALSE;
    if (lineage != NULL && !cmig_revision_set_has(lineage, revision)) {
        g_autofree char *id = cmig_text_escape(revision->id);
        g_autofree char *shown = cmig_text_escape(identifier.branch);
        fail(error, identifier.symbol);
        cmig_error_set_detail(error, "Revision %s is not a member of branch '%s'", id, shown);
        return FALSE;
    }
    *result = g_ptr_array_new();
    g_ptr_array_add(*result, revision);
    return TRUE;
}

gboolean cmig_graph_resolve_one(const CmigGraph *graph, const char *text, CmigRevision **result,
                                GError **error)
{
    g_autoptr(GPtrArray) found = NULL;
    if (!cmig_graph_resolve(graph, text, &found, error))
        return FALSE;
    if (found->len > 1)
        return fail_multiple(error, text, found);
    *result = found->len == 1 ? g_ptr_array_index(found, 0) : NULL;
    return TRUE;
}
