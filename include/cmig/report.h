/* What was looked at, fact by fact, for `cmig doctor`: each layer adds what it knows. Texts are as
 * they were found, not escaped; none is a secret. */
#ifndef CMIG_REPORT_H
#define CMIG_REPORT_H

#include <glib.h>

typedef struct {
    char *name;    /* "server" */
    char *value;   /* "PostgreSQL 15.18" */
    char *source;  /* where it came from, or NULL */
    char *problem; /* what is wrong, or NULL */
    char *hint;    /* what to do, or NULL */
} CmigReportLine;

/* An empty array of CmigReportLine. The caller unrefs. */
GPtrArray *cmig_report_new(void);

/* Appends a fact. `source` may be NULL; texts are copied. */
void cmig_report_add(GPtrArray *report, const char *name, const char *source,
                     const char *value_format, ...) G_GNUC_PRINTF(4, 5);

/* Marks the last fact as a problem. `hint` may be NULL. */
void cmig_report_problem(GPtrArray *report, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Marks the last fact by an error: its message with place, SQLSTATE and detail, and its hint. */
void cmig_report_error(GPtrArray *report, const GError *error);

/* How many of the facts are problems. */
guint cmig_report_count(const GPtrArray *report);

#endif
