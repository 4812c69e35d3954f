/* Which files of applied revisions are no longer what was applied. The audit table says what was:
 * one query, walked once in the order in which things happened. */
#include "cmig/applied_files.h"

#include "cmig/audit.h"
#include "cmig/script.h"
#include "cmig/text.h"

#include <string.h>

const char *cmig_file_state_name(CmigFileState state)
{
    static const char *const names[] = {
        [CMIG_FILE_UNKNOWN] = "unknown",   [CMIG_FILE_UNCHANGED] = "unchanged",
        [CMIG_FILE_COMMENTS] = "comments", [CMIG_FILE_CHANGED] = "changed",
        [CMIG_FILE_MISSING] = "missing",
    };
    g_assert((gsize)state < G_N_ELEMENTS(names));
    return names[state];
}

static void applied_file_free(gpointer data)
{
    CmigAppliedFile *file = data;
    if (file == NULL)
        return;
    g_free(file->id);
    g_free(file->checksum);
    g_free(file->fingerprint);
    g_free(file->problem);
    g_free(file);
}

/* The ids of "[a, b]" that files define, as a set with everything below them. */
static CmigRevisionSet *below_stamp(const CmigGraph *graph, const char *text, const char *end)
{
    g_autofree char *list = g_strndup(text, (gsize)(end - text));
    g_auto(GStrv) ids = g_strsplit_set(list, "[], ", -1);
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    for (gsize idx = 0; ids[idx] != NULL; idx++)
        g_ptr_array_add(rows, ids[idx]);
    g_autoptr(GPtrArray) known = cmig_graph_known_rows(graph, rows);
    return cmig_graph_ancestors(graph, known, CMIG_EDGES_ALL);
}

/* A stamp, "[a] -> [b]": what was applied on one side of it only is not what a file says any more.
 * Of revisions without a file nobody can tell on which side they are. */
static void forget_stamped(GHashTable *recorded, const CmigGraph *graph, const char *detail)
{
    static const char arrow[] = " -> ";
    const char *middle = strstr(detail, arrow);
    if (middle == NULL || g_str_has_prefix(detail, "[*]")) { /* whatever there was before */
        g_hash_table_remove_all(recorded);
        return;
    }
    const char *after = middle + strlen(arrow);
    g_autoptr(CmigRevisionSet) from = below_stamp(graph, detail, middle);
    g_autoptr(CmigRevisionSet) to = below_stamp(graph, after, after + strlen(after));
    GHashTableIter iter;
    gpointer id = NULL;
    g_hash_table_iter_init(&iter, recorded);
    while (g_hash_table_iter_next(&iter, &id, NULL)) {
        const CmigRevision *revision = cmig_graph_find(graph, id);
        if (revision == NULL ||
            cmig_revision_set_has(from, revision) != cmig_revision_set_has(to, revision))
            g_hash_table_iter_remove(&iter);
    }
}

/* Revision id -> borrowed CmigAuditSection: what was last run of each revision that is applied, as
 * far as the log knows. */
static GHashTable *last_sections(const CmigGraph *graph, const GPtrArray *log)
{
    GHashTable *recorded = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint idx = 0; idx < log->len; idx++) {
        CmigAuditSection *section = log->pdata[idx];
        if (section->revision == NULL)
            forget_stamped(recorded, graph, section->detail);
        else if (section->applied)
            g_hash_table_replace(recorded, section->revision, section);
        else
            g_hash_table_remove(recorded, section->revision);
    }
    return recorded;
}

/* Compares what the file says now. A file that cannot be read as a revision any more has changed,
 * whatever was in it. */
static void compare(CmigAppliedFile *file, const CmigAuditSection *recorded, CmigDialect dialect)
{
    g_autoptr(CmigScript) script = NULL;
    g_autoptr(GError) problem = NULL;
    const CmigSection *section = NULL;
    file->state = CMIG_FILE_CHANGED;
    if (!cmig_script_open(file->revision, &script, &problem) ||
        !cmig_script_find_section(script, TRUE, dialect, &section, &problem)) {
        if (!g_file_test(file->revision->path, G_FILE_TEST_EXISTS))
            file->state = CMIG_FILE_MISSING;
        file->problem = g_strdup(problem->message);
        return;
    }
    file->checksum = cmig_script_checksum(script, section);
    if (strcmp(file->checksum, recorded->checksum) == 0) {
        file->state = CMIG_FILE_UNCHANGED;
        return;
    }
    file->fingerprint = cmig_script_fingerprint(script, section, dialect, &problem);
    if (file->fingerprint == NULL)
        file->problem = g_strdup(problem->message);
    else if (g_strcmp0(file->fingerprint, recorded->fingerprint) == 0)
        file->state = CMIG_FILE_COMMENTS;
}

static CmigAppliedFile *add_file(GPtrArray *files, const char *id, const CmigRevision *revision)
{
    CmigAppliedFile *file = g_new0(CmigAppliedFile, 1);
    file->id = g_strdup(id);
    file->revision = revision;
    g_ptr_array_add(files, file);
    return file;
}

/* The log's own order: ids without a file have no other. */
static void add_missing(GPtrArray *files, const CmigGraph *graph, const GPtrArray *log,
                        GHashTable *recorded)
{
    for (guint idx = 0; idx < log->len; idx++) {
        const CmigAuditSection *section = log->pdata[idx];
        gboolean last = section->revision != NULL &&
                        g_hash_table_lookup(recorded, section->revision) == section;
        if (last && section->checksum != NULL && cmig_graph_find(graph, section->revision) == NULL)
            add_file(files, section->revision, NULL)->state = CMIG_FILE_MISSING;
    }
}

static gboolean read_log(CmigDb *db, GPtrArray **log, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    if (!cmig_db_audit_readable(db)) {
        *log = g_ptr_array_new();
        return TRUE;
    }
    g_autofree char *table = cmig_audit_table(db->table_schema);
    CmigAuditPlace place = cmig_audit_place(db, table);
    g_autofree char *query = cmig_audit_sections_sql(&place);
    if (!cmig_db_query(db, query, &rows, error))
        return FALSE;
    *log = cmig_audit_sections_from_rows(rows);
    return TRUE;
}

gboolean cmig_applied_files_read(CmigDb *db, const CmigGraph *graph, const GPtrArray *rows,
                                 const CmigRevisionSet *only, GPtrArray **files, GError **error)
{
    g_autoptr(GPtrArray) log = NULL;
    if (!read_log(db, &log, error))
        return FALSE;
    g_autoptr(GHashTable) recorded = last_sections(graph, log);
    g_autoptr(CmigRevisionSet) applied = cmig_graph_ancestors(graph, rows, CMIG_EDGES_ALL);
    g_autoptr(GPtrArray) list = cmig_revision_set_list(applied, graph);
    GPtrArray *found = g_ptr_array_new_with_free_func(applied_file_free);
    for (guint idx = 0; idx < list->len; idx++) {
        const CmigRevision *revision = list->pdata[idx];
        if (only != NULL && !cmig_revision_set_has(only, revision))
            continue;
        const CmigAuditSection *section = g_hash_table_lookup(recorded, revision->id);
        CmigAppliedFile *file = add_file(found, revision->id, revision);
        if (section != NULL && section->checksum != NULL)
            compare(file, section, cmig_db_dialect(db));
    }
    if (only == NULL)
        add_missing(found, graph, log, recorded);
    *files = found;
    return TRUE;
}

gboolean cmig_applied_files_check(CmigDb *db, const CmigGraph *graph, const GPtrArray *rows,
                                  GPtrArray **changed, GError **error)
{
    g_autoptr(GPtrArray) files = NULL;
    if (rows->len == 0)
        files = g_ptr_array_new();
    else if (!cmig_applied_files_read(db, graph, rows, NULL, &files, error))
        return FALSE;
    *changed = g_ptr_array_new_with_free_func(applied_file_free);
    for (guint idx = 0; idx < files->len; idx++)
        if (((CmigAppliedFile *)files->pdata[idx])->state == CMIG_FILE_CHANGED)
            g_ptr_array_add(*changed, g_steal_pointer(&files->pdata[idx]));
    return TRUE;
}

char *cmig_applied_files_names(const GPtrArray *files)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    for (guint idx = 0; idx < files->len; idx++)
        g_ptr_array_add(ids, ((const CmigAppliedFile *)files->pdata[idx])->id);
    return cmig_text_names(ids);
}
