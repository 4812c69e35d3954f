/* What was run of each revision, as the audit table tells it. */
#include "audit/columns.h"

#include <string.h>

const char cmig_audit_marked_applied[] = "marked as applied";
const char cmig_audit_marked_reverted[] = "marked as reverted";

char *cmig_audit_sections_sql(const CmigAuditPlace *place)
{
    g_autofree char *own = cmig_audit_own_rows_sql(place, "");
    return g_strdup_printf(
        "SELECT event, revision, checksum, fingerprint, detail FROM %s WHERE %s AND "
        "(event = 'stamped' OR id IN (SELECT max(id) FROM %s WHERE %s AND revision IS NOT NULL AND "
        "event IN ('applied', 'reverted', 'repaired', 'accepted') GROUP BY revision)) ORDER BY id",
        place->table, own, place->table, own);
}

static void section_free(gpointer data)
{
    CmigAuditSection *section = data;
    g_free(section->revision);
    g_free(section->checksum);
    g_free(section->fingerprint);
    g_free(section->detail);
    g_free(section);
}

/* A null value is an empty text in the answer. */
static char *text_or_null(const char *text)
{
    return *text != '\0' ? g_strdup(text) : NULL;
}

static gboolean is_there_after(const char *event, const char *detail)
{
    if (strcmp(event, "repaired") == 0)
        return strcmp(detail, cmig_audit_marked_applied) == 0;
    return strcmp(event, "reverted") != 0;
}

GPtrArray *cmig_audit_sections_from_rows(const GPtrArray *rows)
{
    enum { EVENT, REVISION, CHECKSUM, FINGERPRINT, DETAIL };
    GPtrArray *sections = g_ptr_array_new_with_free_func(section_free);
    for (guint idx = 0; idx < rows->len; idx++) {
        const GStrv row = rows->pdata[idx];
        gboolean stamp = strcmp(row[EVENT], "stamped") == 0;
        CmigAuditSection *section = g_new0(CmigAuditSection, 1);
        section->revision = stamp ? NULL : g_strdup(row[REVISION]);
        section->applied = is_there_after(row[EVENT], row[DETAIL]);
        section->checksum = text_or_null(row[CHECKSUM]);
        section->fingerprint = text_or_null(row[FINGERPRINT]);
        section->detail = g_strdup(row[DETAIL]);
        g_ptr_array_add(sections, section);
    }
    return sections;
}
