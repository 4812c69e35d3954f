/* The production guard's decisions. It opens nothing and changes nothing. */
#include "cmig/guard.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

static const char confirm_variable[] = "CONFIRM_PRODUCTION_MIGRATION";

/* A beginning of a plan's hash must be this long to approve it. */
enum { SHORTEST_APPROVAL = 12 };

/* What a run can need besides the wish to make it. */
enum {
    NEED_CONFIRMATION = 1 << 0, /* that this is production */
    NEED_DESTRUCTIVE = 1 << 1,  /* that data may go, or that the plan was reviewed */
    NEED_CATASTROPHIC = 1 << 2, /* that everything may go */
    NEED_YES = 1 << 3,          /* that data may go, where it matters less */
    NEED_ALLOWANCE = 1 << 4,    /* that everything may go, where it matters less */
    NEED_NO_FREEZE = 1 << 5,    /* that it cannot wait */
};

enum {
    PRODUCTION = CMIG_ENVIRONMENT_PRODUCTION,
    MACHINES = CMIG_ENVIRONMENT_DEVELOPMENT | CMIG_ENVIRONMENT_CI,
    OTHER = CMIG_ENVIRONMENT_OTHER,
};

/* The decision table: from a level on, or for what cannot be judged. All rows that fit count. */
static const struct {
    int environments;
    CmigLevel from;
    gboolean also_opaque;
    gboolean only_large;
    guint needs;
} rules[] = {
    {PRODUCTION, CMIG_LEVEL_NONE, TRUE, FALSE, NEED_CONFIRMATION},
    {PRODUCTION, CMIG_LEVEL_DATA, TRUE, FALSE, NEED_DESTRUCTIVE},
    {PRODUCTION, CMIG_LEVEL_UNBOUNDED, FALSE, FALSE, NEED_CATASTROPHIC},
    {OTHER, CMIG_LEVEL_DATA, TRUE, FALSE, NEED_YES},
    {MACHINES, CMIG_LEVEL_DATA, FALSE, TRUE, NEED_YES},
    {OTHER | MACHINES, CMIG_LEVEL_UNBOUNDED, FALSE, FALSE, NEED_ALLOWANCE},
};

const char *cmig_guard_level_meaning(CmigLevel level)
{
    static const char *const meanings[] = {
        [CMIG_LEVEL_NONE] = "nothing is lost",
        [CMIG_LEVEL_DEFINITION] = "definitions are lost that can be made again",
        [CMIG_LEVEL_WEAKER] = "it cannot be undone, or protection gets weaker",
        [CMIG_LEVEL_DATA] = "data is lost",
        [CMIG_LEVEL_UNBOUNDED] = "everything there is lost",
    };
    return meanings[level];
}

gboolean cmig_guard_check_target(const CmigConfig *config, GError **error)
{
    if (config->url == NULL) {
        g_propagate_error(error, g_error_copy(config->url_error));
        return FALSE;
    }
    /* A typo such as TRUE or 1 must not pass for a confirmation, nor for none. */
    const char *confirmed = g_getenv(confirm_variable);
    if (confirmed != NULL && *confirmed != '\0' && g_strcmp0(confirmed, "true") != 0) {
        g_autofree char *shown = cmig_text_escape(confirmed);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "%s must be exactly \"true\", not \"%s\"",
                    confirm_variable, shown);
        cmig_error_set_hint(error, "unset it, or set it to true for the one run that it confirms");
        return FALSE;
    }
    g_auto(CmigEnvironment) environment = {0};
    if (!cmig_guard_environment(config, NULL, &environment, error))
        return FALSE;
    if (environment.kind == CMIG_ENVIRONMENT_PRODUCTION &&
        config->url_origin == CMIG_ORIGIN_FILE_DEFAULT) {
        g_autofree char *source = cmig_text_escape(config->url_source);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "in production the database URL must be given, but %s fell back to its default",
                    source);
        cmig_error_set_hint(error, "set DATABASE_URL (or the variable that alembic.yml names), or "
                                   "give --database-url");
        return FALSE;
    }
    return TRUE;
}

gboolean cmig_guard_needs_git(const CmigConfig *config)
{
    return config->guard.require_committed || config->guard.branches[0] != NULL;
}

static guint find_needs(const CmigConfig *config, const CmigEnvironment *environment,
                        const CmigIntent *intent)
{
    guint needs = 0;
    gboolean harmless = intent->level < CMIG_LEVEL_WEAKER && !intent->opaque;
    for (gsize idx = 0; idx < G_N_ELEMENTS(rules); idx++)
        if ((environment->kind & (guint)rules[idx].environments) &&
            (intent->level >= rules[idx].from || (rules[idx].also_opaque && intent->opaque)) &&
            (intent->large || !rules[idx].only_large))
            needs |= rules[idx].needs;
    if (config->guard.only_destructive && harmless)
        needs &= ~(guint)NEED_CONFIRMATION;
    return needs;
}

static gboolean is_confirmed_by_name(const CmigIntent *intent, const CmigConsent *consent)
{
    return consent->confirmed != NULL && intent->database != NULL &&
           g_strv_contains(consent->confirmed, intent->database);
}

static gboolean overrides_freeze(const CmigConsent *consent)
{
    return consent->override_freeze && !cmig_text_is_blank(consent->reason);
}

static const char *find_approval(const CmigIntent *intent, const CmigConsent *consent)
{
    for (gsize idx = 0; consent->approved != NULL && consent->approved[idx] != NULL; idx++)
        if (intent->hash != NULL && strlen(consent->approved[idx]) >= SHORTEST_APPROVAL &&
            g_str_has_prefix(intent->hash, consent->approved[idx]))
            return consent->approved[idx];
    return NULL;
}

/* Takes from `needs` what the user has agreed to, and writes down by what. */
static guint satisfy(const CmigConfig *config, const CmigIntent *intent, const CmigConsent *consent,
                     guint needs, char **confirmed)
{
    g_autofree char *approval = NULL;
    const char *approved = find_approval(intent, consent);
    if (approved != NULL)
        approval = g_strdup_printf("--approve %s", approved);
    const struct {
        gboolean given;
        const char *name;
        guint meets;
    } agreements[] = {
        {g_strcmp0(g_getenv(confirm_variable), "true") == 0, confirm_variable, NEED_CONFIRMATION},
        {is_confirmed_by_name(intent, consent), "--confirm-production", NEED_CONFIRMATION},
        {approval != NULL, approval, NEED_DESTRUCTIVE | NEED_YES},
        {consent->allow_destructive, "--allow-destructive",
         NEED_DESTRUCTIVE | NEED_YES | NEED_ALLOWANCE},
        {config->guard.allow_catastrophic, "guard.allow_catastrophic", NEED_CATASTROPHIC},
        {consent->yes, "--yes", NEED_YES},
        {overrides_freeze(consent), "--override-freeze", NEED_NO_FREEZE},
    };
    g_autoptr(GString) by = g_string_new(NULL);
    guint missing = needs;
    for (gsize idx = 0; idx < G_N_ELEMENTS(agreements); idx++) {
        if (!agreements[idx].given || !(agreements[idx].meets & needs))
            continue;
        missing &= ~agreements[idx].meets;
        g_string_append_printf(by, "%s%s", by->len > 0 ? ", " : "", agreements[idx].name);
    }
    *confirmed = by->len > 0 ? g_strdup(by->str) : NULL;
    return missing;
}

char *cmig_guard_describe(const CmigEnvironment *environment, const CmigIntent *intent)
{
    g_autofree char *name = cmig_text_escape(environment->name);
    g_autoptr(GString) detail = g_string_new(NULL);
    g_string_append_printf(detail, "%s counts as %s: %s", intent->display, name,
                           environment->reason);
    if (intent->level > CMIG_LEVEL_NONE)
        g_string_append_printf(detail, "\nlevel %d: %s", (int)intent->level,
                               cmig_guard_level_meaning(intent->level));
    if (intent->opaque)
        g_string_append(detail, "\nit holds code that cannot be judged");
    if (intent->detail != NULL && *intent->detail != '\0')
        g_string_append_printf(detail, "\n%s", intent->detail);
    return g_strdup(detail->str);
}

/* Starts every refusal: what, why, and of which database. */
static void refuse(const CmigEnvironment *environment, const CmigIntent *intent, const char *why,
                   GError **error)
{
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_REFUSED, "refused: %s %s", intent->what, why);
    g_autofree char *facts = cmig_guard_describe(environment, intent);
    cmig_error_set_detail(error, "%s\nnothing was changed", facts);
}

/* The user's command with further options, in front of the "--" behind which there are none. */
static void append_command(GString *text, const CmigConsent *consent, const char *options)
{
    g_string_append_printf(text, "%s%s%s", consent->command != NULL ? consent->command : "cmig …",
                           options, consent->operands != NULL ? consent->operands : "");
}

/* What is said of a need that nothing meets, and which option would meet it. The first counts. */
static const struct {
    guint need;
    const char *refusal;
    const char *option; /* NULL: none */
} unmet[] = {
    {NEED_CATASTROPHIC, "would lose everything there is, which alembic.yml does not allow", NULL},
    {NEED_CONFIRMATION, "is not confirmed", NULL},
    {NEED_DESTRUCTIVE, "may lose data, which needs --approve or --allow-destructive",
     " --allow-destructive"},
    {NEED_ALLOWANCE, "would lose everything there is, which must be allowed",
     " --allow-destructive"},
    {NEED_YES, "may lose data, which must be agreed to", " --yes"},
};

static const char *describe_missing(guint missing)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(unmet); idx++)
        if (missing & unmet[idx].need)
            return unmet[idx].refusal;
    return "";
}

/* To approve a plan is better than to allow whatever it may be next time. */
static char *find_option(guint missing, const CmigIntent *intent)
{
    if ((missing & NEED_DESTRUCTIVE) && intent->hash != NULL)
        return g_strdup_printf(" --approve %.16s", intent->hash);
    for (gsize idx = 0; idx < G_N_ELEMENTS(unmet); idx++)
        if ((missing & unmet[idx].need) && unmet[idx].option != NULL)
            return g_strdup(unmet[idx].option);
    return g_strdup("");
}

/* What has to be done before the command. A freeze is to be waited for, if that can be. */
static const char *find_lead(guint missing)
{
    static const char *const leads[2][2] = {
        {"to go ahead, run ", "set guard.allow_catastrophic: true in alembic.yml, then run "},
        {"wait until it is over; for an emergency, run ",
         "wait until it is over; for an emergency, set guard.allow_catastrophic: true in "
         "alembic.yml, then run "},
    };
    return leads[(missing & NEED_NO_FREEZE) != 0][(missing & NEED_CATASTROPHIC) != 0];
}

/* The command that would be accepted. */
static void hint_command(const CmigConfig *config, const CmigIntent *intent,
                         const CmigConsent *consent, guint missing, GError **error)
{
    g_autoptr(GString) command = g_string_new(NULL);
    g_autofree char *option = find_option(missing, intent);
    if (missing & NEED_CONFIRMATION)
        g_string_append_printf(command, "%s=true ", confirm_variable);
    g_autofree char *options =
        g_strconcat(option, missing & NEED_NO_FREEZE ? " --override-freeze" : "",
                    missing & NEED_NO_FREEZE && cmig_text_is_blank(consent->reason)
                        ? " --reason 'why it cannot wait'"
                        : "",
                    NULL);
    append_command(command, consent, options);
    /* It is tempting to put it there, and would confirm every run for ever. */
    gboolean dotenv =
        (missing & NEED_CONFIRMATION) && g_hash_table_contains(config->env, confirm_variable);
    g_autofree char *note =
        dotenv ? g_strdup_printf("\n%s in a .env file does not count", confirm_variable) : NULL;
    cmig_error_set_hint(error, "%s%s%s", find_lead(missing), command->str,
                        note != NULL ? note : "");
}

/* What is given, but for something else: another database, another plan. */
static gboolean check_given(const CmigEnvironment *environment, const CmigIntent *intent,
                            const CmigConsent *consent, GError **error)
{
    if (consent->confirmed != NULL && consent->confirmed[0] != NULL &&
        !is_confirmed_by_name(intent, consent)) {
        g_autofree char *given = cmig_text_escape(consent->confirmed[0]);
        g_autofree char *name = cmig_text_escape(intent->database);
        g_autofree char *word = cmig_text_shell_word(intent->database);
        refuse(environment, intent, "is confirmed for another database", error);
        cmig_error_set_hint(error,
                            "--confirm-production names %s, this database is %s; if it is the "
                            "right one, give --confirm-production %s",
                            given, name, word);
        return FALSE;
    }
    if (consent->approved != NULL && consent->approved[0] != NULL &&
        find_approval(intent, consent) == NULL) {
        refuse(environment, intent, "is not the plan that was approved", error);
        cmig_error_set_hint(error,
                            "the database, the files or the target have changed since: look at "
                            "`cmig plan` again%s%.16s",
                            intent->hash != NULL ? ", then give --approve " : "",
                            intent->hash != NULL ? intent->hash : "");
        return FALSE;
    }
    return TRUE;
}

/* The range of guard.freeze that `now` falls into, or NULL. */
static const char *find_freeze(const CmigConfig *config, GDateTime *now)
{
    const CmigGuardConfig *guard = &config->guard;
    for (guint idx = 0; guard->freeze != NULL && idx < guard->freeze->len; idx++)
        if (cmig_window_contains(&g_array_index(guard->freeze, CmigWindow, idx), now))
            return guard->freeze_texts[idx];
    return NULL;
}

static void refuse_frozen(const CmigEnvironment *environment, const CmigIntent *intent,
                          const char *range, GDateTime *now, GError **error)
{
    g_autofree char *shown = cmig_text_escape(range);
    g_autofree char *time = g_date_time_format(now, "%a %Y-%m-%d %H:%M %Z");
    g_autofree char *why = g_strdup_printf("falls into the freeze \"%s\": it is %s", shown, time);
    refuse(environment, intent, why, error);
}

static GDateTime *time_there(const CmigConfig *config, GDateTime *now)
{
    g_autoptr(GTimeZone) zone = g_strcmp0(config->timezone, "local") == 0
                                    ? g_time_zone_new_local()
                                    : g_time_zone_new_identifier(config->timezone);
    return g_date_time_to_timezone(now, zone);
}

CmigDecision cmig_guard_decide(const CmigConfig *config, const CmigEnvironment *environment,
                               const CmigIntent *intent, const CmigConsent *consent, GDateTime *now,
                               char **confirmed, GError **error)
{
    *confirmed = NULL;
    gboolean production = environment->kind == CMIG_ENVIRONMENT_PRODUCTION;
    if (!check_given(environment, intent, consent, error))
        return CMIG_DECISION_REFUSE;
    if (production && intent->obstacle != NULL) {
        refuse(environment, intent, intent->obstacle, error);
        cmig_error_set_hint(error, "%s", intent->remedy);
        return CMIG_DECISION_REFUSE;
    }
    g_autoptr(GDateTime) there = time_there(config, now);
    const char *frozen = production ? find_freeze(config, there) : NULL;
    guint needs =
        find_needs(config, environment, intent) | (frozen != NULL ? (guint)NEED_NO_FREEZE : 0);
    guint missing = satisfy(config, intent, consent, needs, confirmed);
    if (missing == 0)
        return CMIG_DECISION_RUN;
    if (missing & NEED_NO_FREEZE)
        refuse_frozen(environment, intent, frozen, there, error);
    else
        refuse(environment, intent, describe_missing(missing), error);
    hint_command(config, intent, consent, missing, error);
    return missing == NEED_CONFIRMATION ? CMIG_DECISION_ASK_NAME
           : missing == NEED_YES        ? CMIG_DECISION_ASK
                                        : CMIG_DECISION_REFUSE;
}
