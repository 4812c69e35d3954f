/* What `cmig check` asks of each file by itself. */
#include "cmig/error.h"
#include "engine/check/rules.h"

#include <string.h>

static const CmigDialect dialects[] = {CMIG_DIALECT_POSTGRESQL, CMIG_DIALECT_SQLITE};

/* The section that runs on a dialect, or NULL. */
static const CmigSection *effective(const CmigScript *script, gboolean upgrade, CmigDialect dialect)
{
    const CmigSection *general = NULL;
    for (guint idx = 0; idx < script->sections->len; idx++) {
        const CmigSection *section = script->sections->pdata[idx];
        if (section->upgrade == upgrade && section->dialect == dialect)
            return section;
        if (section->upgrade == upgrade && section->dialect == CMIG_DIALECT_ANY)
            general = section;
    }
    return general;
}

/* With a URL the project's dialect is known; without one it may be any. */
static gboolean is_used(const CmigCheckWork *work, CmigDialect dialect)
{
    return work->config->url == NULL || work->config->url->dialect == dialect;
}

/* As the file has it: the values of its variables are another day's. */
static gboolean scan(const CmigScript *script, const CmigSection *section, CmigDialect dialect,
                     GError **error)
{
    g_autoptr(CmigSqlScript) sql = NULL;
    gboolean transactional = FALSE;
    CmigSection plain = *section;
    plain.substitute = FALSE;
    return cmig_script_scan_section(script, &plain, dialect, NULL, &sql, &transactional, error);
}

/* A section for any database is well-formed when one that it may run on can read it: dollar quotes
 * mean nothing to SQLite. */
static void check_section(CmigCheckWork *work, const CmigScript *script, const CmigSection *section,
                          const CmigRevision *revision)
{
    g_autoptr(GError) first = NULL;
    for (gsize idx = 0; idx < G_N_ELEMENTS(dialects); idx++) {
        g_autoptr(GError) problem = NULL;
        gboolean own = section->dialect == dialects[idx];
        gboolean general = section->dialect == CMIG_DIALECT_ANY && is_used(work, dialects[idx]) &&
                           effective(script, section->upgrade, dialects[idx]) == section;
        if (!own && !general)
            continue;
        if (scan(script, section, dialects[idx], &problem))
            return;
        if (first == NULL)
            first = g_steal_pointer(&problem);
    }
    if (first != NULL)
        cmig_check_add_error(work, cmig_rule_sections, revision, first);
}

void cmig_check_sections(CmigCheckWork *work, const CmigScript *script,
                         const CmigRevision *revision)
{
    g_autoptr(GError) problem = NULL;
    const CmigSection *section = NULL;
    const CmigUrl *url = work->config->url;
    if (url != NULL && !cmig_script_find_section(script, TRUE, url->dialect, &section, &problem))
        cmig_check_add_error(work, cmig_rule_sections, revision, problem);
    for (guint idx = 0; idx < script->sections->len; idx++) {
        section = script->sections->pdata[idx];
        if (!section->irreversible)
            check_section(work, script, section, revision);
    }
}

static gboolean has_downgrade(const CmigScript *script)
{
    for (guint idx = 0; idx < script->sections->len; idx++)
        if (!((const CmigSection *)script->sections->pdata[idx])->upgrade)
            return TRUE;
    return FALSE;
}

static gboolean has_reason(const CmigSection *section)
{
    return section->reason != NULL && section->reason[strspn(section->reason, " \t")] != '\0';
}

void cmig_check_downgrade(CmigCheckWork *work, const CmigScript *script,
                          const CmigRevision *revision)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(dialects); idx++) {
        const CmigSection *up = effective(script, TRUE, dialects[idx]);
        const CmigSection *down = effective(script, FALSE, dialects[idx]);
        if (up == NULL || !is_used(work, dialects[idx]))
            continue;
        gboolean other = down == NULL && has_downgrade(script);
        if (down == NULL) {
            cmig_finding_add(work->findings, cmig_rule_downgrade, revision->path, up->marker_line,
                             revision->id,
                             "add a section `-- cmig:downgrade`, or `-- cmig:downgrade none "
                             "\"reason\"`",
                             "no downgrade section%s%s", other ? " for " : "",
                             other ? cmig_dialect_name(dialects[idx]) : "");
            return;
        }
        if (down->irreversible && !has_reason(down)) {
            cmig_finding_add(work->findings, cmig_rule_downgrade, revision->path, down->marker_line,
                             revision->id, "write `-- cmig:downgrade none \"reason\"`",
                             "irreversible without a reason");
            return;
        }
    }
}
