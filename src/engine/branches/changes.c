#include "engine/branches/changes.h"

#include "cmig/script.h"

#include <string.h>

void cmig_change_clear(CmigChange *change)
{
    g_free(change->what);
    *change = (CmigChange){0};
}

static const char *body_of(const CmigScript *script, const CmigSection *section)
{
    return (const char *)g_bytes_get_data(script->content, NULL) + section->start;
}

/* Whether they differ in comments, white space and the case of bare words alone, for each database
 * that the section is for. */
static gboolean same_words(const CmigScript *left_script, const CmigSection *left,
                           const CmigScript *right_script, const CmigSection *right)
{
    static const CmigDialect dialects[] = {CMIG_DIALECT_POSTGRESQL, CMIG_DIALECT_SQLITE};
    gboolean known = FALSE;
    for (gsize idx = 0; idx < G_N_ELEMENTS(dialects); idx++) {
        if (left->dialect != CMIG_DIALECT_ANY && left->dialect != dialects[idx])
            continue;
        g_autofree char *before = cmig_script_fingerprint(left_script, left, dialects[idx], NULL);
        g_autofree char *after = cmig_script_fingerprint(right_script, right, dialects[idx], NULL);
        if (g_strcmp0(before, after) != 0)
            return FALSE;
        known = known || before != NULL;
    }
    return known;
}

static gboolean same_section(const CmigScript *left_script, const CmigSection *left,
                             const CmigScript *right_script, const CmigSection *right)
{
    gsize length = left->end - left->start;
    gboolean same_bytes =
        length == right->end - right->start &&
        memcmp(body_of(left_script, left), body_of(right_script, right), length) == 0;
    return left->transaction == right->transaction && left->substitute == right->substitute &&
           left->irreversible == right->irreversible &&
           g_strcmp0(left->reason, right->reason) == 0 &&
           (same_bytes || same_words(left_script, left, right_script, right));
}

static const CmigSection *find_section(const CmigScript *script, const CmigSection *like)
{
    for (guint idx = 0; idx < script->sections->len; idx++) {
        const CmigSection *section = script->sections->pdata[idx];
        if (section->upgrade == like->upgrade && section->dialect == like->dialect)
            return section;
    }
    return NULL;
}

/* Joins what differs: "its a, its b and its c". */
static char *join(const GPtrArray *names)
{
    GString *out = g_string_new(NULL);
    for (guint idx = 0; idx < names->len; idx++)
        g_string_append_printf(out, "%sits %s",
                               idx == 0                ? ""
                               : idx + 1 == names->len ? " and "
                                                       : ", ",
                               (const char *)names->pdata[idx]);
    return g_string_free(out, FALSE);
}

static void add_section(GPtrArray *names, const CmigSection *section)
{
    g_ptr_array_add(names,
                    g_strdup_printf("%s section%s%s", section->upgrade ? "upgrade" : "downgrade",
                                    section->dialect == CMIG_DIALECT_ANY ? "" : " for ",
                                    section->dialect == CMIG_DIALECT_ANY
                                        ? ""
                                        : cmig_dialect_name(section->dialect)));
}

static void compare_headers(const CmigRevision *base, const CmigRevision *ours, GPtrArray *names)
{
    const struct {
        const char *name;
        char *const *base;
        char *const *ours;
    } lists[] = {
        {"down_revision", base->down_revisions, ours->down_revisions},
        {"depends_on", base->depends_on, ours->depends_on},
        {"branch_labels", base->branch_labels, ours->branch_labels},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(lists); idx++)
        if (!g_strv_equal((const char *const *)lists[idx].base,
                          (const char *const *)lists[idx].ours))
            g_ptr_array_add(names, g_strdup(lists[idx].name));
}

static void compare_sections(const CmigScript *base, const CmigScript *ours, GPtrArray *names,
                             guint *line)
{
    for (guint idx = 0; idx < ours->sections->len; idx++) {
        const CmigSection *section = ours->sections->pdata[idx];
        const CmigSection *before = find_section(base, section);
        if (before != NULL && same_section(base, before, ours, section))
            continue;
        if (names->len == 0)
            *line = section->marker_line;
        add_section(names, section);
    }
    for (guint idx = 0; idx < base->sections->len; idx++) {
        const CmigSection *section = base->sections->pdata[idx];
        if (find_section(ours, section) == NULL)
            add_section(names, section);
    }
}

gboolean cmig_change_find(const CmigSides *sides, const CmigSideFile *base,
                          const CmigSideFile *ours, CmigChange *change, GError **error)
{
    g_autofree char *id = NULL;
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GBytes) before =
        cmig_vcs_content(sides->vcs, base->id, base->path, CMIG_SIDE_FILE_MAX, error);
    if (before == NULL ||
        !cmig_vcs_work_file(sides->vcs, ours->path, CMIG_SIDE_FILE_MAX, &text, &id, error))
        return FALSE;
    g_autoptr(CmigScript) script = NULL;
    g_autoptr(CmigScript) script_before = NULL;
    if (!cmig_script_parse(text, ours->path, &script, NULL) ||
        !cmig_script_parse(before, base->path, &script_before, NULL)) {
        change->what = g_strdup("its text, of which one version cannot be read");
        return TRUE;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    compare_headers(script_before->revision, script->revision, names);
    compare_sections(script_before, script, names, &change->line);
    if (names->len > 0)
        change->what = join(names);
    return TRUE;
}
