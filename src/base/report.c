/* Facts and problems, in the order in which they were found. */
#include "cmig/report.h"

#include "cmig/error.h"

static void line_free(gpointer data)
{
    CmigReportLine *line = data;
    g_free(line->name);
    g_free(line->value);
    g_free(line->source);
    g_free(line->problem);
    g_free(line->hint);
    g_free(line);
}

GPtrArray *cmig_report_new(void)
{
    return g_ptr_array_new_with_free_func(line_free);
}

void cmig_report_add(GPtrArray *report, const char *name, const char *source,
                     const char *value_format, ...)
{
    CmigReportLine *line = g_new0(CmigReportLine, 1);
    va_list args;
    va_start(args, value_format);
    line->value = g_strdup_vprintf(value_format, args);
    va_end(args);
    line->name = g_strdup(name);
    line->source = g_strdup(source);
    g_ptr_array_add(report, line);
}

/* Takes both texts over. */
static void mark(GPtrArray *report, char *problem, char *hint)
{
    g_assert(report->len > 0);
    CmigReportLine *line = report->pdata[report->len - 1];
    g_free(line->problem);
    g_free(line->hint);
    line->problem = problem;
    line->hint = hint;
}

void cmig_report_problem(GPtrArray *report, const char *hint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    mark(report, g_strdup_vprintf(format, args), g_strdup(hint));
    va_end(args);
}

void cmig_report_error(GPtrArray *report, const GError *error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (cmig_error_file(error) != NULL) {
        g_string_append(text, cmig_error_file(error));
        if (cmig_error_line(error) > 0)
            g_string_append_printf(text, ":%u", cmig_error_line(error));
        if (cmig_error_column(error) > 0)
            g_string_append_printf(text, ":%u", cmig_error_column(error));
        g_string_append(text, ": ");
    }
    g_string_append(text, error->message);
    if (cmig_error_sqlstate(error) != NULL)
        g_string_append_printf(text, " (SQLSTATE %s)", cmig_error_sqlstate(error));
    if (cmig_error_detail(error) != NULL)
        g_string_append_printf(text, ": %s", cmig_error_detail(error));
    mark(report, g_strdup(text->str), g_strdup(cmig_error_hint(error)));
}

guint cmig_report_count(const GPtrArray *report)
{
    guint problems = 0;
    for (guint idx = 0; idx < report->len; idx++)
        problems += ((const CmigReportLine *)report->pdata[idx])->problem != NULL;
    return problems;
}
