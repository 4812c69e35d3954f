/* What is wrong with the revision files, and with a database that they are for: the rules of `cmig
 * check`. Reads only, takes no lock. */
#ifndef CMIG_CHECK_H
#define CMIG_CHECK_H

#include "cmig/config.h"
#include "cmig/db.h"
#include "cmig/finding.h"

#include <glib.h>

/* Texts are borrowed. */
typedef struct {
    const char *const *only; /* names of rules; NULL = all */
    const char *const *skip; /* likewise; NULL = none */
    const char *against; /* the branch to compare with; NULL = the default one, if there is one */
    CmigDb *db;          /* NULL: rules that need one are skipped */
    const char *no_database; /* then: why there is none */
} CmigCheckRequest;

/* A rule that could not be checked. */
typedef struct {
    const char *rule;
    char *reason;
} CmigCheckSkip;

typedef struct {
    guint files;
    GPtrArray *checked;  /* const char *: the rules that were */
    GPtrArray *skipped;  /* CmigCheckSkip: those that were wanted and could not be */
    GPtrArray *findings; /* CmigFinding, in the order in which they were found */
} CmigCheckReport;
void cmig_check_report_free(CmigCheckReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigCheckReport, cmig_check_report_free)

/* Whether `only` and `skip` name rules; else CMIG_ERROR_USAGE with a suggestion. */
gboolean cmig_check_request_validate(const CmigCheckRequest *request, GError **error);

/* Whether a rule that needs a database is asked for. */
gboolean cmig_check_wants_database(const CmigCheckRequest *request);

/* Checks. What is wrong is in the report; an error is what kept it from being found out: the
 * database does not answer, Ctrl-C. That the history is sound is always checked: the other rules
 * build on it. */
gboolean cmig_check(const CmigConfig *config, const CmigCheckRequest *request,
                    CmigCheckReport **report, GError **error);

#endif
