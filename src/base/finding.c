#include "cmig/finding.h"

CmigFinding *cmig_finding_new(const char *rule, const char *path, const char *revision,
                              const char *message_format, ...)
{
    CmigFinding *finding = g_new0(CmigFinding, 1);
    va_list args;
    va_start(args, message_format);
    finding->message = g_strdup_vprintf(message_format, args);
    va_end(args);
    finding->rule = rule;
    finding->path = g_strdup(path);
    finding->revision = g_strdup(revision);
    return finding;
}

void cmig_finding_free(CmigFinding *finding)
{
    if (finding == NULL)
        return;
    g_free(finding->path);
    g_free(finding->revision);
    g_free(finding->message);
    g_free(finding->hint);
    g_free(finding);
}

static void free_item(gpointer data)
{
    cmig_finding_free(data);
}

GPtrArray *cmig_findings_new(void)
{
    return g_ptr_array_new_with_free_func(free_item);
}
