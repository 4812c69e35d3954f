/* A revision's file when it is about to run: opened again, its section chosen and scanned. */
#include "script/internal.h"

#include "cmig/error.h"
#include "cmig/facts.h"
#include "cmig/file.h"
#include "cmig/text.h"

static gboolean same_list(char *const *left, char *const *right)
{
    return g_strv_equal((const char *const *)left, (const char *const *)right);
}

gboolean cmig_script_open(const CmigRevision *revision, CmigScript **script, GError **error)
{
    g_autoptr(GBytes) content = cmig_file_read(revision->path, CMIG_SCRIPT_MAX, error);
    g_autoptr(CmigScript) made = NULL;
    if (content == NULL || !cmig_script_parse(content, revision->path, &made, error))
        return FALSE;
    const CmigRevision *now = made->revision;
    if (!g_str_equal(now->id, revision->id) ||
        !same_list(now->down_revisions, revision->down_revisions) ||
        !same_list(now->depends_on, revision->depends_on) ||
        !same_list(now->branch_labels, revision->branch_labels)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "the file of revision %s was changed while cmig was running", revision->id);
        cmig_error_set_place(error, revision->path, 1, 1);
        cmig_error_set_hint(error, "run the command again");
        return FALSE;
    }
    *script = g_steal_pointer(&made);
    return TRUE;
}

static gboolean fail_irreversible(const CmigScript *script, const CmigSection *none, GError **error)
{
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "revision %s is irreversible",
                script->revision->id);
    cmig_error_set_place(error, script->revision->path, none ? none->marker_line : 1, 1);
    if (none != NULL && none->reason != NULL) {
        g_autofree char *reason = cmig_text_escape(none->reason);
        cmig_error_set_detail(error, "%s", reason);
    } else if (none == NULL) {
        cmig_error_set_detail(error, "the file has no `-- cmig:downgrade` section");
    }
    return FALSE;
}

gboolean cmig_script_find_section(const CmigScript *script, gboolean upgrade, CmigDialect dialect,
                                  const CmigSection **section, GError **error)
{
    const CmigSection *own = NULL, *general = NULL, *other = NULL;
    for (guint idx = 0; idx < script->sections->len; idx++) {
        const CmigSection *candidate = g_ptr_array_index(script->sections, idx);
        if (candidate->upgrade != upgrade)
            continue;
        if (candidate->dialect == CMIG_DIALECT_ANY)
            general = candidate;
        else if (candidate->dialect == dialect)
            own = candidate;
        else
            other = candidate;
    }
    const CmigSection *found = own != NULL ? own : general;
    const char *direction = upgrade ? "upgrade" : "downgrade";
    if (found == NULL && other == NULL)
        return fail_irreversible(script, NULL, error);
    if (found == NULL) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "revision %s does not say how to %s on %s", script->revision->id, direction,
                    cmig_dialect_name(dialect));
        cmig_error_set_place(error, script->revision->path, other->marker_line, 1);
        cmig_error_set_hint(error,
                            "add a section `-- cmig:%s %s`; an empty one means that there is "
                            "nothing to do",
                            direction, cmig_dialect_name(dialect));
        return FALSE;
    }
    if (found->irreversible)
        return fail_irreversible(script, found, error);
    *section = found;
    return TRUE;
}

/* Sets `*transactional` to whether all statements can run in a transaction; with transaction=on
 * they must. */
static gboolean detect(const CmigSection *section, const CmigSqlScript *sql,
                       gboolean *transactional, GError **error)
{
    *transactional = TRUE;
    for (guint idx = 0; *transactional && idx < sql->statements->len; idx++) {
        if (cmig_sql_kind(sql, idx) != CMIG_SQL_ALONE)
            continue;
        *transactional = FALSE;
        if (section->transaction != CMIG_SECTION_ON)
            continue;
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "%s cannot run in a transaction",
                    cmig_sql_alone_name(sql, idx));
        cmig_sql_set_place(sql, cmig_sql_statement(sql, idx)->start, error);
        cmig_error_set_hint(error, "leave transaction=on away");
        return FALSE;
    }
    return TRUE;
}

gboolean cmig_script_scan_section(const CmigScript *script, const CmigSection *section,
                                  CmigDialect dialect, GHashTable *variables, CmigSqlScript **sql,
                                  gboolean *transactional, GError **error)
{
    const char *text = g_bytes_get_data(script->content, NULL);
    gboolean in_transaction = section->transaction != CMIG_SECTION_OFF;
    g_autoptr(CmigSqlScript) made = NULL;
    CmigSqlScript *substituted = NULL;
    if (!cmig_sql_scan(text + section->start, section->end - section->start, dialect,
                       in_transaction && !section->substitute, script->revision->path,
                       section->first_line, &made, error))
        return FALSE;
    if (section->substitute) {
        if (!cmig_sql_substitute(&made, variables, in_transaction, &substituted, error))
            return FALSE;
        made = substituted;
    }
    *transactional = FALSE;
    if (in_transaction && !detect(section, made, transactional, error))
        return FALSE;
    *sql = g_steal_pointer(&made);
    return TRUE;
}

char *cmig_script_checksum(const CmigScript *script, const CmigSection *section)
{
    const guchar *bytes = g_bytes_get_data(script->content, NULL);
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes + section->start,
                                       section->end - section->start);
}

char *cmig_script_fingerprint(const CmigScript *script, const CmigSection *section,
                              CmigDialect dialect, GError **error)
{
    const char *text = g_bytes_get_data(script->content, NULL);
    g_autoptr(CmigSqlScript) sql = NULL;
    if (!cmig_sql_scan(text + section->start, section->end - section->start, dialect, FALSE,
                       script->revision->path, section->first_line, &sql, error))
        return NULL;
    return cmig_sql_fingerprint(sql);
}
