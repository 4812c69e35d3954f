/* The production guard: which environment is this, and may this run write to it? Pure decisions
 * over configuration, process environment, facts about the database and what the user has agreed
 * to; it opens nothing and asks nobody. */
#ifndef CMIG_GUARD_H
#define CMIG_GUARD_H

#include "cmig/config.h"
#include "cmig/facts.h"

#include <glib.h>

typedef enum {
    CMIG_ENVIRONMENT_DEVELOPMENT = 1 << 0, /* development, dev, local, test, testing */
    CMIG_ENVIRONMENT_CI = 1 << 1,
    CMIG_ENVIRONMENT_OTHER = 1 << 2, /* any other name: staging, qa, … */
    CMIG_ENVIRONMENT_PRODUCTION = 1 << 3,
} CmigEnvironmentKind;

typedef struct {
    CmigEnvironmentKind kind;
    char *name;        /* as declared, or that of the kind; unescaped */
    char *reason;      /* why, for people: "alembic.yml:7 declares it"; escaped */
    gboolean declared; /* by a flag, a variable or the configuration */
} CmigEnvironment;
void cmig_environment_clear(CmigEnvironment *environment);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigEnvironment, cmig_environment_clear)

/* What is known of the database that was reached. Each may be NULL; all are borrowed. */
typedef struct {
    const char *host;              /* NULL = this machine: a socket, a loopback address, a file */
    const char *database;          /* its name; of SQLite that of the file */
    const char *identity;          /* of this very database on its server */
    const char *recorded;          /* the environment that it has recorded */
    const char *recorded_identity; /* its identity when it was recorded */
    gboolean unread;               /* what it has recorded may not be read */
} CmigSite;

/* Which environment a name means, in any letter case: `production`, `prod`, `prd` and `live`, those
 * with more words or numbers behind (`prod-eu`, `prod2`) and those of guard.environments are
 * production. */
CmigEnvironmentKind cmig_guard_kind_of_name(const CmigConfig *config, const char *name);

/* Which environment this is: what is declared (--environment, CMIG_ENV, ENVIRONMENT, APP_ENV,
 * `environment`), else guard.patterns, else what the database has recorded, else by the place: this
 * machine is development, a one-label host with CI=true is ci, and everything else is production.
 * With `site` NULL the place is the URL's. Errors (CMIG_ERROR_CONFIG): a declaration contradicts
 * what is recorded or guard.patterns; a production database is not the one that was recorded. */
gboolean cmig_guard_environment(const CmigConfig *config, const CmigSite *site,
                                CmigEnvironment *environment, GError **error);

/* The strictest of what a database is to become, `name`, and what is declared, recorded or found of
 * it: what a change of its environment must be confirmed as. These may contradict each other. */
void cmig_guard_environment_change(const CmigConfig *config, const CmigSite *site, const char *name,
                                   CmigEnvironment *environment);

/* Before anything is opened: there is a well-formed URL; CONFIRM_PRODUCTION_MIGRATION, if set, is
 * exactly `true`; in production the URL is not a :-default. Errors: CMIG_ERROR_CONFIG. */
gboolean cmig_guard_check_target(const CmigConfig *config, GError **error);

/* Whether a rule for production asks what git says of the revision files. */
gboolean cmig_guard_needs_git(const CmigConfig *config);

/* What the user has agreed to before the run. All texts are borrowed; each may be NULL. */
typedef struct {
    const char *const *confirmed; /* --confirm-production: names of databases */
    const char *const *approved;  /* --approve: hashes of plans, or beginnings of at least 12 */
    gboolean allow_destructive;
    gboolean yes;
    gboolean override_freeze;
    gboolean no_backup;   /* a SQLite file is not copied before data is lost */
    const char *reason;   /* for the audit log */
    const char *command;  /* the command line for a shell, without secrets, for hints */
    const char *operands; /* what follows its options: " -- -1" */
} CmigConsent;

/* What is to be done. Texts are borrowed. */
typedef struct {
    const char *what;     /* "upgrade by 3 revisions" */
    const char *display;  /* the database, for people */
    const char *database; /* its name: what must be typed */
    CmigLevel level;
    gboolean opaque;
    gboolean large;       /* more rows than guard.safe_below_rows are lost, or nobody knows */
    const char *hash;     /* of the plan, or NULL */
    const char *detail;   /* the statements that matter, lines for people; or NULL */
    const char *obstacle; /* why production is out of the question, or NULL: not committed … */
    const char *remedy;   /* what to do about it */
} CmigIntent;

typedef enum {
    CMIG_DECISION_RUN,
    CMIG_DECISION_ASK,      /* y/N, on a terminal */
    CMIG_DECISION_ASK_NAME, /* the database's name must be typed, on a terminal */
    CMIG_DECISION_REFUSE,
} CmigDecision;

/* Before the first write. `now` is the moment for guard.freeze, in any zone. `confirmed` becomes
 * what confirmed the run ("CONFIRM_PRODUCTION_MIGRATION, --allow-destructive"), NULL when nothing
 * had to; the caller frees. `error` is set, to CMIG_ERROR_REFUSED with the exact command that would
 * be accepted, unless the decision is RUN: where nobody can be asked, ASK is a refusal too. */
CmigDecision cmig_guard_decide(const CmigConfig *config, const CmigEnvironment *environment,
                               const CmigIntent *intent, const CmigConsent *consent, GDateTime *now,
                               char **confirmed, GError **error);

/* What matters for a decision, lines for people, escaped: what the database counts as and why, the
 * level, the statements. The caller frees. */
char *cmig_guard_describe(const CmigEnvironment *environment, const CmigIntent *intent);

/* What a level means: "data is lost". Static text. */
const char *cmig_guard_level_meaning(CmigLevel level);

#endif
