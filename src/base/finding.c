#include "cmig/finding.h"

static void finding_free(gpointer data)
{
    CmigFinding *finding = data;
    g_free(finding->path);
    g_free(finding->revision);
    g_free(finding->message);
    g_free(finding->hint);
    g_free(finding);
}

GPtrArray *cmig_findings_new(void)
{
    return g_ptr_array_new_with_free_func(finding_free);
}

CmigFinding *cmig_finding_add(GPtrArray *findings, const char *rule, const char *path, guint line,
                              const char *revision, const char *hint, const char *message_format,
                              ...)
{
    CmigFinding *finding = g_new0(CmigFinding, 1);
    va_list args;
    va_start(args, message_format);
    finding->message = g_strdup_vprintf(message_format, args);
    va_end(args);
    finding->rule = rule;
    finding->path = g_strdup(path);
    finding->line = line;
    finding->revision = g_strdup(revision);
    finding->hint = g_strdup(hint);
    g_ptr_array_add(findings, finding);
    return finding;
}
