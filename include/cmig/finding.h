/* What a check found: one sentence about one place in one file. */
#ifndef CMIG_FINDING_H
#define CMIG_FINDING_H

#include <glib.h>

typedef struct {
    const char *rule; /* static text: the rule's name, "revision-edited" */
    char *path;       /* of the file; NULL when the finding is about no file */
    guint line;       /* from 1; 0 = the whole file */
    char *revision;   /* NULL when it is about none */
    char *message;    /* one sentence without full stop; texts from files are escaped in it */
    char *hint;       /* what to do, or NULL */
    gboolean note;    /* worth saying, but nothing that must be mended */
} CmigFinding;

/* An empty array that owns its findings. */
GPtrArray *cmig_findings_new(void);

/* Adds a finding and gives it, borrowed. `path`, `revision` and `hint` may be NULL, `line` 0.
 * `rule` must be static text; the rest is copied. */
CmigFinding *cmig_finding_add(GPtrArray *findings, const char *rule, const char *path, guint line,
                              const char *revision, const char *hint, const char *message_format,
                              ...) G_GNUC_PRINTF(7, 8);

#endif
