/* What the rules of `cmig check` share. Each adds to `findings`; those that ask the database can
 * fail. */
#ifndef CMIG_ENGINE_CHECK_RULES_H
#define CMIG_ENGINE_CHECK_RULES_H

#include "cmig/audit.h"
#include "cmig/check.h"
#include "cmig/graph.h"
#include "cmig/script.h"

typedef struct {
    const CmigConfig *config;
    const CmigGraph *graph;
    CmigDb *db;
    GPtrArray *findings;
    GPtrArray *rows;       /* version rows as texts, once they were read */
    CmigAuditOpen *open;   /* what a run left half done, likewise */
    const char *unchecked; /* set by a rule that finds it cannot be checked: why */
} CmigCheckWork;

/* The names of rules outside of check.c, for findings. */
extern const char cmig_rule_sections[];
extern const char cmig_rule_downgrade[];
extern const char cmig_rule_applied_files[];
extern const char cmig_rule_at_head[];

/* Adds what an error says, with its place, else at `revision`, which may be NULL. */
void cmig_check_add_error(CmigCheckWork *work, const char *rule, const CmigRevision *revision,
                          const GError *problem);

/* files.c: one file each. */
void cmig_check_sections(CmigCheckWork *work, const CmigScript *script,
                         const CmigRevision *revision);
void cmig_check_downgrade(CmigCheckWork *work, const CmigScript *script,
                          const CmigRevision *revision);

/* database.c: the files of applied revisions, and where the database stands. */
gboolean cmig_check_applied_files(CmigCheckWork *work, GError **error);
gboolean cmig_check_at_head(CmigCheckWork *work, GError **error);

#endif
