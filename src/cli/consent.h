/* What guarded commands have in common: the options with which a user agrees beforehand, and the
 * questions at a terminal. */
#ifndef CMIG_CLI_CONSENT_H
#define CMIG_CLI_CONSENT_H

#include "cli/cli.h"

typedef struct {
    GStrv confirmed;
    GStrv approved;
    gboolean allow_destructive;
    gboolean yes;
    gboolean override_freeze;
    gboolean no_backup;
    char *reason;
} CmigConsentRequest;
extern CmigConsentRequest cmig_consent_request;

/* Of commands that may lose data, and of every command that the guard asks about. */
#define CMIG_CONSENT_OPTIONS                                                                       \
    {"approve",                                                                                    \
     0,                                                                                            \
     0,                                                                                            \
     G_OPTION_ARG_STRING_ARRAY,                                                                    \
     &cmig_consent_request.approved,                                                               \
     "run only the plan with this hash, as `cmig plan` shows it; it may lose data then",           \
     "HASH"},                                                                                      \
        {"allow-destructive",                                                                      \
         0,                                                                                        \
         0,                                                                                        \
         G_OPTION_ARG_NONE,                                                                        \
         &cmig_consent_request.allow_destructive,                                                  \
         "the run may lose data",                                                                  \
         NULL},                                                                                    \
        {"no-backup",                                                                              \
         0,                                                                                        \
         0,                                                                                        \
         G_OPTION_ARG_NONE,                                                                        \
         &cmig_consent_request.no_backup,                                                          \
         "SQLite, outside of development: make no copy of the file before data is lost",           \
         NULL},                                                                                    \
        CMIG_CONFIRM_OPTIONS

#define CMIG_CONFIRM_OPTIONS                                                                       \
    {"confirm-production",                                                                         \
     0,                                                                                            \
     0,                                                                                            \
     G_OPTION_ARG_STRING_ARRAY,                                                                    \
     &cmig_consent_request.confirmed,                                                              \
     "confirm a write to the production database of this name, as "                                \
     "CONFIRM_PRODUCTION_MIGRATION=true does for any",                                             \
     "NAME"},                                                                                      \
        {"yes",                                                                                    \
         'y',                                                                                      \
         0,                                                                                        \
         G_OPTION_ARG_NONE,                                                                        \
         &cmig_consent_request.yes,                                                                \
         "do not ask where a yes is enough; production asks for more",                             \
         NULL},                                                                                    \
        {"override-freeze",                                                                        \
         0,                                                                                        \
         0,                                                                                        \
         G_OPTION_ARG_NONE,                                                                        \
         &cmig_consent_request.override_freeze,                                                    \
         "write to production in spite of guard.freeze; needs --reason",                           \
         NULL},                                                                                    \
    {                                                                                              \
        "reason", 0, 0, G_OPTION_ARG_STRING, &cmig_consent_request.reason,                         \
            "why this is done, for the audit log", "TEXT"                                          \
    }

/* Frees what the parser put there. */
void cmig_consent_release(void);

/* Checks the options. Errors: CMIG_ERROR_USAGE. */
gboolean cmig_consent_check(GError **error);

/* Asks on the terminal; --yes is an answer. Errors: CMIG_ERROR_REFUSED without a terminal, with
 * `hint`, CMIG_ERROR_INTERRUPTED when the answer is no. */
gboolean cmig_consent_ask_yes(const char *question, const char *hint, GError **error);

/* Gives an observer the consent and, on a terminal, the means to ask. */
void cmig_consent_observe(CmigApp *app, CmigRunObserver *observer);

#endif
