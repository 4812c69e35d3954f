#include "cli/findings.h"

#include "cli/cli.h"

#include "cmig/text.h"

#include <string.h>

char *cmig_path_from(const char *path, const char *folder)
{
    if (!g_path_is_absolute(path) || !g_path_is_absolute(folder))
        return g_strdup(path);
    gsize shared = 0; /* bytes up to and with the last separator that both have */
    gsize at = 0;
    for (; path[at] != '\0' && path[at] == folder[at]; at++)
        if (path[at] == '/')
            shared = at + 1;
    if (folder[at] == '\0' && path[at] == '/') { /* below the folder */
        shared = at + 1;
        at++;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    gsize length = strlen(folder);
    if (shared <= 1 && length > 1) /* nothing in common: the whole path says more */
        return g_strdup(path);
    for (gsize idx = shared; idx < length; idx++)
        if (idx == shared || folder[idx - 1] == '/')
            g_string_append(text, "../");
    g_string_append(text, path + shared);
    return g_strdup(text->str);
}

char *cmig_finding_text(const CmigFinding *finding, const char *folder)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (finding->path != NULL) {
        g_autofree char *relative = cmig_path_from(finding->path, folder);
        g_autofree char *path = cmig_text_escape(relative);
        g_string_append(text, path);
        if (finding->line > 0)
            g_string_append_printf(text, ":%u", finding->line);
        g_string_append(text, ": ");
    }
    g_autofree char *message = cmig_text_escape(finding->message);
    g_string_append_printf(text, "%s: %s%s", finding->rule, finding->note ? "note: " : "", message);
    if (finding->hint != NULL) {
        g_autofree char *hint = cmig_text_escape(finding->hint);
        g_string_append_printf(text, "\n  hint: %s", hint);
    }
    return g_strdup(text->str);
}

/* What GitHub takes back out: a value of a property ends at a comma or colon too. */
static void append_command_text(GString *to, const char *raw, gboolean property)
{
    g_autofree char *shown = cmig_text_escape_block(raw);
    for (const char *text = shown; *text != '\0'; text++) {
        gboolean ends = *text == '%' || *text == '\r' || *text == '\n' ||
                        (property && (*text == ':' || *text == ','));
        if (ends)
            g_string_append_printf(to, "%%%02X", (guint)(guchar)*text);
        else
            g_string_append_c(to, *text);
    }
}

char *cmig_finding_github(const CmigFinding *finding, const char *folder)
{
    g_autoptr(GString) text = g_string_new(finding->note ? "::notice " : "::error ");
    if (finding->path != NULL) {
        g_autofree char *path = cmig_path_from(finding->path, folder);
        g_string_append(text, "file=");
        append_command_text(text, path, TRUE);
        g_string_append_printf(text, ",line=%u,", MAX(finding->line, 1));
    }
    g_string_append(text, "title=");
    append_command_text(text, finding->rule, TRUE);
    g_string_append(text, "::");
    append_command_text(text, finding->message, FALSE);
    if (finding->hint != NULL) {
        append_command_text(text, "\nhint: ", FALSE);
        append_command_text(text, finding->hint, FALSE);
    }
    return g_strdup(text->str);
}

CmigFindingFormat cmig_finding_format(const char *name)
{
    static const struct {
        const char *name;
        CmigFindingFormat format;
    } formats[] = {{"text", cmig_finding_text}, {"github", cmig_finding_github}};
    for (gsize idx = 0; idx < G_N_ELEMENTS(formats); idx++)
        if (strcmp(formats[idx].name, name) == 0)
            return formats[idx].format;
    return NULL;
}

json_t *cmig_findings_json(const GPtrArray *findings, const char *folder)
{
    json_t *list = json_array();
    for (guint idx = 0; idx < findings->len; idx++) {
        const CmigFinding *finding = findings->pdata[idx];
        g_autofree char *path =
            finding->path != NULL ? cmig_path_from(finding->path, folder) : NULL;
        json_t *line = finding->line > 0 ? json_integer(finding->line) : json_null();
        json_array_append_new(
            list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:b}", "rule", finding->rule, "file",
                            cmig_render_json_text(path), "line", line, "revision",
                            cmig_render_json_text(finding->revision), "message",
                            cmig_render_json_text(finding->message), "hint",
                            cmig_render_json_text(finding->hint), "note", finding->note));
    }
    return list;
}

guint cmig_findings_count(const GPtrArray *findings)
{
    guint count = 0;
    for (guint idx = 0; idx < findings->len; idx++)
        count += !((const CmigFinding *)findings->pdata[idx])->note;
    return count;
}
