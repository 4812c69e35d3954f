/* The guard's decisions, as a table: environment, confirmation, where the URL comes from. */
#include "cmig/error.h"
#include "cmig/guard.h"

#include <check.h>
#include <string.h>

enum { RUNS = -1 };

static const char variable[] = "CONFIRM_PRODUCTION_MIGRATION";

/* A configuration for a database on this machine, with what a test adds to it. */
static CmigUrl url = {.display = (char *)(guintptr) "app@db/app",
                      .database = (char *)(guintptr) "app"};

static CmigConfig make_config(GHashTable *env, const char *environment)
{
    return (CmigConfig){.env = env,
                        .url = &url,
                        .url_origin = CMIG_ORIGIN_ENVIRONMENT,
                        .url_source = (char *)(guintptr) "DATABASE_URL",
                        .timezone = (char *)(guintptr) "UTC",
                        .guard = {.safe_below_rows = 1000},
                        .environment = (char *)(guintptr)environment,
                        .environment_source = (char *)(guintptr) "APP_ENV"};
}

static const struct {
    const char *environment;
    const char *confirmed; /* in the process; NULL = unset */
    CmigOrigin origin;
    int target; /* error code of check_target, or RUNS */
} targets[] = {
    {NULL, NULL, CMIG_ORIGIN_FILE_DEFAULT, RUNS},
    {"development", NULL, CMIG_ORIGIN_FILE_DEFAULT, RUNS},
    {"production", NULL, CMIG_ORIGIN_ENVIRONMENT, RUNS},
    {"production", "", CMIG_ORIGIN_ENVIRONMENT, RUNS},
    {"production", "true", CMIG_ORIGIN_DOTENV, RUNS},
    {"production", "true", CMIG_ORIGIN_FILE_DEFAULT, CMIG_ERROR_CONFIG},
    {"prod-eu", NULL, CMIG_ORIGIN_FILE_DEFAULT, CMIG_ERROR_CONFIG},
    {"production", "TRUE", CMIG_ORIGIN_ENVIRONMENT, CMIG_ERROR_CONFIG},
    {"production", "1", CMIG_ORIGIN_ENVIRONMENT, CMIG_ERROR_CONFIG},
    {"production", "true ", CMIG_ORIGIN_ENVIRONMENT, CMIG_ERROR_CONFIG},
    {NULL, "yes", CMIG_ORIGIN_ENVIRONMENT, CMIG_ERROR_CONFIG},
    {NULL, NULL, CMIG_ORIGIN_NONE, CMIG_ERROR_CONFIG},
};

/* A default that leads elsewhere is refused as production's. */
static const struct {
    const char *host;
    gboolean local;
} hosts[] = {
    {"", TRUE},
    {"localhost", TRUE},
    {"127.0.0.1", TRUE},
    {"127.1.2.3", TRUE},
    {"::1", TRUE},
    {"db.example.com", FALSE},
    {"db", FALSE},
    {"127.0.0.1.example.com", FALSE},
    {"localhost.example.com", FALSE},
    {"128.0.0.1", FALSE},
    {"fe80::1", FALSE},
};

START_TEST(test_host)
{
    g_autoptr(GHashTable) env = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GError) error = NULL;
    CmigConfig config = make_config(env, NULL);
    CmigUrl there = {.display = (char *)(guintptr) "app@db/app",
                     .host = (char *)(guintptr)hosts[_i].host,
                     .database = (char *)(guintptr) "app"};
    config.url = &there;
    config.url_origin = CMIG_ORIGIN_FILE_DEFAULT;
    g_unsetenv(variable);
    g_unsetenv("CI");
    ck_assert_int_eq(cmig_guard_check_target(&config, &error), hosts[_i].local);
}
END_TEST

static void set_confirmation(const char *value)
{
    if (value != NULL)
        g_setenv(variable, value, TRUE);
    else
        g_unsetenv(variable);
}

START_TEST(test_target)
{
    g_autoptr(GHashTable) env = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GError) url_error = NULL;
    CmigConfig config = make_config(env, targets[_i].environment);
    config.url_origin = targets[_i].origin;
    if (targets[_i].origin == CMIG_ORIGIN_NONE) {
        g_set_error(&url_error, CMIG_ERROR, CMIG_ERROR_CONFIG, "no database URL");
        cmig_error_set_hint(&url_error, "set one");
        config.url_error = url_error;
        config.url = NULL;
    }
    set_confirmation(targets[_i].confirmed);
    g_autoptr(GError) error = NULL;
    gboolean ok = cmig_guard_check_target(&config, &error);
    ck_assert_int_eq(ok, targets[_i].target == RUNS);
    if (ok)
        return;
    ck_assert(g_error_matches(error, CMIG_ERROR, targets[_i].target));
    ck_assert_ptr_nonnull(cmig_error_hint(error));
}
END_TEST

enum {
    DEV = CMIG_ENVIRONMENT_DEVELOPMENT,
    CI = CMIG_ENVIRONMENT_CI,
    OTHER = CMIG_ENVIRONMENT_OTHER,
    PROD = CMIG_ENVIRONMENT_PRODUCTION,
};

/* What a declared name, a recorded one and the place make of a database; kind 0: an error. */
static const struct {
    const char *declared;
    const char *recorded;
    const char *host;
    const char *ci; /* the variable CI */
    int kind;
    const char *name; /* NULL for an error */
} environments[] = {
    {NULL, NULL, NULL, NULL, DEV, "development"},
    {NULL, NULL, NULL, "true", DEV, "development"},
    {NULL, NULL, "postgres", "true", CI, "ci"},
    {NULL, NULL, "postgres", "1", PROD, "production"},
    {NULL, NULL, "postgres", NULL, PROD, "production"},
    {NULL, NULL, "db.example.com", "true", PROD, "production"},
    {NULL, NULL, "10.0.0.1", "true", PROD, "production"},
    {NULL, NULL, "fd00::1", "true", PROD, "production"},
    {"production", NULL, NULL, NULL, PROD, "production"},
    {"Production", NULL, NULL, NULL, PROD, "Production"},
    {"PROD", NULL, NULL, NULL, PROD, "PROD"},
    {"live", NULL, NULL, NULL, PROD, "live"},
    {"prd", NULL, NULL, NULL, PROD, "prd"},
    {"PRD-1", NULL, NULL, NULL, PROD, "PRD-1"},
    {"prod-eu", NULL, NULL, NULL, PROD, "prod-eu"},
    {"production_2", NULL, NULL, NULL, PROD, "production_2"},
    {"prod2", NULL, NULL, NULL, PROD, "prod2"},
    {"PROD01", NULL, NULL, NULL, PROD, "PROD01"},
    {"dev2", NULL, "db.example.com", NULL, OTHER, "dev2"},
    {"blue", NULL, NULL, NULL, PROD, "blue"}, /* guard.environments */
    {"BLUE", NULL, NULL, NULL, PROD, "BLUE"},
    {"products", NULL, NULL, NULL, OTHER, "products"},
    {"preprod", NULL, NULL, NULL, OTHER, "preprod"},
    {"staging", NULL, "db.example.com", NULL, OTHER, "staging"},
    {"development", NULL, "db.example.com", NULL, DEV, "development"},
    {"test", NULL, "db", NULL, DEV, "test"},
    {"ci", NULL, "db.example.com", NULL, CI, "ci"},
    {NULL, "production", NULL, NULL, PROD, "production"},
    {NULL, "staging", "db.example.com", NULL, OTHER, "staging"},
    {NULL, "development", "db.example.com", NULL, DEV, "development"},
    {"prod", "production", NULL, NULL, PROD, "prod"},
    {"dev", "development", NULL, NULL, DEV, "dev"},
    {"Staging", "staging", NULL, NULL, OTHER, "Staging"},
    {"staging", "qa", NULL, NULL, 0, NULL},
    {"development", "production", NULL, NULL, 0, NULL},
    {"production", "development", NULL, NULL, 0, NULL},
    /* guard.patterns */
    {NULL, NULL, "a.prod.example.com", NULL, PROD, "production"},
    {"staging", NULL, "a.prod.example.com", NULL, 0, NULL},
    {"production", NULL, "a.prod.example.com", NULL, PROD, "production"},
    {NULL, "staging", "a.prod.example.com", NULL, PROD, "production"},
    {NULL, "live", "a.prod.example.com", NULL, PROD, "live"},
};

START_TEST(test_environment)
{
    char *names[] = {(char *)(guintptr) "blue", NULL};
    char *patterns[] = {(char *)(guintptr) "*.prod.example.com", NULL};
    CmigConfig config = make_config(NULL, environments[_i].declared);
    config.guard.environments = names;
    config.guard.patterns = patterns;
    CmigSite site = {
        .host = environments[_i].host, .database = "app", .recorded = environments[_i].recorded};
    if (environments[_i].ci != NULL)
        g_setenv("CI", environments[_i].ci, TRUE);
    else
        g_unsetenv("CI");
    g_auto(CmigEnvironment) found = {0};
    g_autoptr(GError) error = NULL;
    gboolean ok = cmig_guard_environment(&config, &site, &found, &error);
    ck_assert_int_eq(ok, environments[_i].name != NULL);
    if (!ok) {
        ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
        ck_assert_ptr_nonnull(cmig_error_hint(error));
        return;
    }
    ck_assert_int_eq((int)found.kind, environments[_i].kind);
    ck_assert_str_eq(found.name, environments[_i].name);
    ck_assert_int_gt((int)strlen(found.reason), 0);
}
END_TEST

/* Another server than the one that was recorded: fatal in production only. */
START_TEST(test_identity)
{
    CmigConfig config = make_config(NULL, NULL);
    CmigSite site = {.database = "app",
                     .identity = "7/1",
                     .recorded_identity = "8/1",
                     .recorded = _i == 0 ? "production" : "staging"};
    g_auto(CmigEnvironment) found = {0};
    g_autoptr(GError) error = NULL;
    ck_assert_int_eq(cmig_guard_environment(&config, &site, &found, &error), _i == 1);
    if (_i == 0)
        ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
}
END_TEST

/* Bits of what the user has agreed to. */
enum {
    VARIABLE = 1 << 0,
    NAMED = 1 << 1,
    MISNAMED = 1 << 2,
    APPROVED = 1 << 3,
    MISAPPROVED = 1 << 4,
    ALLOWED = 1 << 5,
    YES = 1 << 6,
    CATASTROPHIC = 1 << 7,     /* guard.allow_catastrophic */
    HARMLESS_UNASKED = 1 << 8, /* guard.require_confirmation: destructive */
    FREEZE = 1 << 9,
    EMERGENCY = 1 << 10,
    OBSTACLE = 1 << 11,
};

enum {
    RUN = CMIG_DECISION_RUN,
    ASK = CMIG_DECISION_ASK,
    NAME = CMIG_DECISION_ASK_NAME,
    NO = CMIG_DECISION_REFUSE,
};

/* `level` 5 stands for an opaque statement of level 2. */
enum { OPAQUE = 5 };

static const struct {
    int kind;
    int level;
    gboolean large;
    int agreed;
    int decision;
} decisions[] = {
    /* Production, by level: what is needed, and what one thing less makes of it. */
    {PROD, 0, 0, 0, NAME},
    {PROD, 0, 0, VARIABLE, RUN},
    {PROD, 0, 0, NAMED, RUN},
    {PROD, 0, 0, YES | ALLOWED | APPROVED, NAME},
    {PROD, 1, 0, 0, NAME},
    {PROD, 1, 0, VARIABLE, RUN},
    {PROD, 2, 0, 0, NAME},
    {PROD, 2, 0, VARIABLE, RUN},
    {PROD, 2, 0, NAMED, RUN},
    {PROD, 3, 0, 0, NO},
    {PROD, 3, 0, VARIABLE, NO},
    {PROD, 3, 0, NAMED, NO},
    {PROD, 3, 0, VARIABLE | YES, NO},
    {PROD, 3, 0, ALLOWED, NAME},
    {PROD, 3, 0, APPROVED, NAME},
    {PROD, 3, 0, VARIABLE | ALLOWED, RUN},
    {PROD, 3, 0, VARIABLE | APPROVED, RUN},
    {PROD, 3, 0, NAMED | APPROVED, RUN},
    {PROD, OPAQUE, 0, 0, NO},
    {PROD, OPAQUE, 0, VARIABLE, NO},
    {PROD, OPAQUE, 0, VARIABLE | ALLOWED, RUN},
    {PROD, OPAQUE, 0, VARIABLE | APPROVED, RUN},
    {PROD, 4, 0, 0, NO},
    {PROD, 4, 0, VARIABLE | ALLOWED | APPROVED, NO},
    {PROD, 4, 0, VARIABLE | CATASTROPHIC, NO},
    {PROD, 4, 0, ALLOWED | CATASTROPHIC, NAME},
    {PROD, 4, 0, VARIABLE | ALLOWED | CATASTROPHIC, RUN},
    {PROD, 4, 0, NAMED | APPROVED | CATASTROPHIC, RUN},
    /* require_confirmation: destructive */
    {PROD, 0, 0, HARMLESS_UNASKED, RUN},
    {PROD, 1, 0, HARMLESS_UNASKED, RUN},
    {PROD, 2, 0, HARMLESS_UNASKED, NAME},
    {PROD, OPAQUE, 0, HARMLESS_UNASKED | ALLOWED, NAME},
    /* Given for something else, everything stops. */
    {PROD, 0, 0, VARIABLE | MISNAMED, NO},
    {PROD, 0, 0, VARIABLE | MISAPPROVED, NO},
    {DEV, 0, 0, MISNAMED, NO},
    {DEV, 0, 0, MISAPPROVED, NO},
    {OTHER, 3, 0, MISAPPROVED | YES, NO},
    {DEV, 0, 0, NAMED | APPROVED, RUN},
    /* Freezes and obstacles are production's only. */
    {PROD, 0, 0, VARIABLE | FREEZE, NO},
    {PROD, 0, 0, VARIABLE | FREEZE | EMERGENCY, RUN},
    {PROD, 0, 0, FREEZE | EMERGENCY, NAME},
    {PROD, 0, 0, VARIABLE | EMERGENCY, RUN},
    {PROD, 0, 0, HARMLESS_UNASKED | FREEZE | EMERGENCY, RUN},
    {DEV, 0, 0, FREEZE, RUN},
    {OTHER, 2, 0, FREEZE, RUN},
    {PROD, 0, 0, VARIABLE | OBSTACLE, NO},
    {DEV, 0, 0, OBSTACLE, RUN},
    /* Development and ci run as Alembic would, but for much data. */
    {DEV, 0, 0, 0, RUN},
    {DEV, 2, 1, 0, RUN},
    {DEV, 3, 0, 0, RUN},
    {DEV, 3, 1, 0, ASK},
    {DEV, 3, 1, YES, RUN},
    {DEV, 3, 1, ALLOWED, RUN},
    {DEV, 3, 1, APPROVED, RUN},
    {DEV, 3, 1, VARIABLE, ASK},
    {DEV, OPAQUE, 1, 0, RUN},
    {DEV, 4, 0, 0, NO},
    {DEV, 4, 0, YES, NO},
    {DEV, 4, 0, ALLOWED, RUN},
    {DEV, 4, 1, APPROVED, NO},
    {DEV, 4, 1, ALLOWED, RUN},
    {CI, 3, 0, 0, RUN},
    {CI, 3, 1, 0, ASK},
    {CI, 4, 0, 0, NO},
    {CI, 4, 0, ALLOWED, RUN},
    /* Any other declared one. */
    {OTHER, 0, 0, 0, RUN},
    {OTHER, 2, 1, 0, RUN},
    {OTHER, 3, 0, 0, ASK},
    {OTHER, 3, 0, YES, RUN},
    {OTHER, 3, 0, ALLOWED, RUN},
    {OTHER, 3, 0, APPROVED, RUN},
    {OTHER, OPAQUE, 0, 0, ASK},
    {OTHER, OPAQUE, 0, YES, RUN},
    {OTHER, 4, 0, 0, NO},
    {OTHER, 4, 0, YES, NO},
    {OTHER, 4, 0, ALLOWED, RUN},
};

START_TEST(test_decision)
{
    static const char hash[] = "0123456789abcdef0123456789abcdef";
    int agreed = decisions[_i].agreed;
    const char *const right_names[] = {"other", "app", NULL};
    const char *const wrong_names[] = {"ap", NULL};
    const char *const right_hashes[] = {"0123456789ab", NULL};
    const char *const wrong_hashes[] = {"0123456789a", "0123456789abcdeg", NULL};
    char *freeze_texts[] = {(char *)(guintptr) "00:00 - 24:00", NULL};
    CmigWindow window = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) env = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GArray) freeze = g_array_new(FALSE, FALSE, sizeof(CmigWindow));
    g_autoptr(GDateTime) now = g_date_time_new_utc(2026, 11, 21, 12, 0, 0);
    ck_assert(cmig_window_parse(freeze_texts[0], &window, NULL));
    g_array_append_val(freeze, window);

    CmigConfig config = make_config(env, "x");
    config.guard.allow_catastrophic = (agreed & CATASTROPHIC) != 0;
    config.guard.only_destructive = (agreed & HARMLESS_UNASKED) != 0;
    if (agreed & FREEZE) {
        config.guard.freeze = freeze;
        config.guard.freeze_texts = freeze_texts;
    }
    set_confirmation(agreed & VARIABLE ? "true" : NULL);
    CmigConsent consent = {.confirmed = agreed & NAMED      ? right_names
                                        : agreed & MISNAMED ? wrong_names
                                                            : NULL,
                           .approved = agreed & APPROVED      ? right_hashes
                                       : agreed & MISAPPROVED ? wrong_hashes
                                                              : NULL,
                           .allow_destructive = (agreed & ALLOWED) != 0,
                           .yes = (agreed & YES) != 0,
                           .override_freeze = (agreed & EMERGENCY) != 0,
                           .reason = agreed & EMERGENCY ? "fire" : NULL,
                           .command = "cmig upgrade head"};
    CmigEnvironment environment = {.kind = (CmigEnvironmentKind)decisions[_i].kind,
                                   .name = (char *)(guintptr) "x",
                                   .reason = (char *)(guintptr) "y"};
    CmigIntent intent = {.what = "upgrade by 3 revisions",
                         .display = "app@db/app",
                         .database = "app",
                         .level = decisions[_i].level == OPAQUE ? CMIG_LEVEL_WEAKER
                                                                : (CmigLevel)decisions[_i].level,
                         .opaque = decisions[_i].level == OPAQUE,
                         .large = decisions[_i].large,
                         .hash = hash,
                         .obstacle = agreed & OBSTACLE ? "is not committed" : NULL,
                         .remedy = "commit it"};
    g_autofree char *confirmed = NULL;
    CmigDecision decision =
        cmig_guard_decide(&config, &environment, &intent, &consent, now, &confirmed, &error);
    ck_assert_int_eq((int)decision, decisions[_i].decision);
    if (decision == CMIG_DECISION_RUN) {
        ck_assert_ptr_null(error);
        ck_assert_int_eq((agreed & EMERGENCY) && (agreed & FREEZE),
                         confirmed != NULL && strstr(confirmed, "--override-freeze") != NULL);
        return;
    }
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_REFUSED));
    ck_assert_ptr_nonnull(strstr(cmig_error_detail(error), "nothing was changed"));
    ck_assert_ptr_nonnull(cmig_error_hint(error));
}
END_TEST

static const CmigIntent loss = {.what = "upgrade by 3 revisions",
                                .display = "app@db/app",
                                .database = "app",
                                .level = CMIG_LEVEL_DATA,
                                .hash = "0123456789abcdef0123456789abcdef"};

static CmigEnvironment make_production(void)
{
    return (CmigEnvironment){.kind = CMIG_ENVIRONMENT_PRODUCTION,
                             .name = (char *)(guintptr) "production",
                             .reason = (char *)(guintptr) "APP_ENV declares it"};
}

/* The command of a refusal is one that is accepted. */
START_TEST(test_hint)
{
    g_autoptr(GHashTable) env = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GDateTime) now = g_date_time_new_utc(2026, 11, 21, 12, 0, 0);
    g_autoptr(GError) error = NULL;
    g_autofree char *confirmed = NULL;
    CmigConfig config = make_config(env, "production");
    CmigConsent consent = {.command = "cmig upgrade head"};
    CmigEnvironment environment = make_production();
    CmigIntent intent = loss;
    intent.detail = "a.sql:3: drops the table t";
    set_confirmation(NULL);
    g_hash_table_insert(env, (gpointer)(guintptr)variable, (gpointer)(guintptr) "true");
    cmig_guard_decide(&config, &environment, &intent, &consent, now, &confirmed, &error);
    ck_assert_str_eq(cmig_error_hint(error),
                     "to go ahead, run CONFIRM_PRODUCTION_MIGRATION=true cmig upgrade head "
                     "--approve 0123456789abcdef\n"
                     "CONFIRM_PRODUCTION_MIGRATION in a .env file does not count");
    ck_assert_str_eq(cmig_error_detail(error),
                     "app@db/app counts as production: APP_ENV declares it\n"
                     "level 3: data is lost\n"
                     "a.sql:3: drops the table t\n"
                     "nothing was changed");
}
END_TEST

/* The one command for a freeze asks for all that is missing, not for one thing after the other. */
START_TEST(test_hint_freeze)
{
    g_autoptr(GHashTable) env = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GArray) freeze = g_array_new(FALSE, FALSE, sizeof(CmigWindow));
    g_autoptr(GDateTime) now = g_date_time_new_utc(2026, 11, 21, 12, 0, 0);
    char *freeze_texts[] = {(char *)(guintptr) "00:00 - 24:00", NULL};
    CmigWindow window = {0};
    ck_assert(cmig_window_parse(freeze_texts[0], &window, NULL));
    g_array_append_val(freeze, window);
    CmigConfig config = make_config(env, "production");
    config.guard.freeze = freeze;
    config.guard.freeze_texts = freeze_texts;
    CmigEnvironment environment = make_production();
    CmigIntent intent = loss;
    const struct {
        const char *reason;
        gboolean catastrophic;
        const char *hint;
    } cases[] = {
        {NULL, FALSE,
         "wait until it is over; for an emergency, run CONFIRM_PRODUCTION_MIGRATION=true cmig "
         "upgrade head --approve 0123456789abcdef --override-freeze --reason 'why it cannot wait'"},
        {"fire", FALSE,
         "wait until it is over; for an emergency, run CONFIRM_PRODUCTION_MIGRATION=true cmig "
         "upgrade head --approve 0123456789abcdef --override-freeze"},
        {"fire", TRUE,
         "wait until it is over; for an emergency, set guard.allow_catastrophic: true in "
         "alembic.yml, then run CONFIRM_PRODUCTION_MIGRATION=true cmig upgrade head --approve "
         "0123456789abcdef --override-freeze"},
    };
    set_confirmation(NULL);
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *confirmed = NULL;
        CmigConsent consent = {.command = "cmig upgrade head", .reason = cases[idx].reason};
        intent.level = cases[idx].catastrophic ? CMIG_LEVEL_UNBOUNDED : CMIG_LEVEL_DATA;
        ck_assert_int_eq((int)cmig_guard_decide(&config, &environment, &intent, &consent, now,
                                                &confirmed, &error),
                         CMIG_DECISION_REFUSE);
        ck_assert_str_eq(error->message, "refused: upgrade by 3 revisions falls into the freeze "
                                         "\"00:00 - 24:00\": it is Sat 2026-11-21 12:00 UTC");
        ck_assert_str_eq(cmig_error_hint(error), cases[idx].hint);
    }
}
END_TEST

/* What was given for something else is named beside what would be right. */
START_TEST(test_hint_given)
{
    g_autoptr(GHashTable) env = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GDateTime) now = g_date_time_new_utc(2026, 11, 21, 12, 0, 0);
    const char *const names[] = {"shop", NULL};
    const char *const hashes[] = {"fedcba9876543210", NULL};
    CmigConfig config = make_config(env, "production");
    CmigEnvironment environment = make_production();
    CmigIntent intent = loss;
    intent.database = "the app";
    const struct {
        CmigConsent consent;
        const char *message;
        const char *hint;
    } cases[] = {
        {{.confirmed = names},
         "refused: upgrade by 3 revisions is confirmed for another database",
         "--confirm-production names shop, this database is the app; if it is the right one, give "
         "--confirm-production 'the app'"},
        {{.approved = hashes},
         "refused: upgrade by 3 revisions is not the plan that was approved",
         "the database, the files or the target have changed since: look at `cmig plan` again, "
         "then give --approve 0123456789abcdef"},
    };
    set_confirmation(NULL);
    for (gsize idx = 0; idx < G_N_ELEMENTS(cases); idx++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *confirmed = NULL;
        cmig_guard_decide(&config, &environment, &intent, &cases[idx].consent, now, &confirmed,
                          &error);
        ck_assert_str_eq(error->message, cases[idx].message);
        ck_assert_str_eq(cmig_error_hint(error), cases[idx].hint);
    }
}
END_TEST

/* No option can follow a "--". */
START_TEST(test_hint_operands)
{
    g_autoptr(GHashTable) env = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GDateTime) now = g_date_time_new_utc(2026, 11, 21, 12, 0, 0);
    g_autoptr(GError) error = NULL;
    g_autofree char *confirmed = NULL;
    CmigConfig config = make_config(env, "staging");
    CmigConsent consent = {.command = "cmig downgrade", .operands = " -- -1"};
    CmigEnvironment environment = {.kind = CMIG_ENVIRONMENT_OTHER,
                                   .name = (char *)(guintptr) "staging",
                                   .reason = (char *)(guintptr) "APP_ENV declares it"};
    CmigIntent intent = {.what = "downgrade by 1 revision",
                         .display = "app@db/app",
                         .database = "app",
                         .level = CMIG_LEVEL_DATA};
    cmig_guard_decide(&config, &environment, &intent, &consent, now, &confirmed, &error);
    ck_assert_str_eq(cmig_error_hint(error), "to go ahead, run cmig downgrade --yes -- -1");
}
END_TEST

/* A change of the environment counts as the strictest of all that is said. */
static const struct {
    const char *declared;
    const char *recorded;
    const char *host;
    const char *becomes;
    int kind;
} changes[] = {
    {NULL, NULL, NULL, "staging", OTHER},
    {NULL, NULL, NULL, "development", DEV},
    {NULL, NULL, NULL, "production", PROD},
    {NULL, NULL, "db.example.com", "development", PROD},
    {"staging", NULL, "db.example.com", "staging", OTHER},
    {"production", NULL, NULL, "development", PROD},
    {"development", NULL, NULL, "blue", PROD}, /* guard.environments */
    {NULL, "staging", "db.example.com", "development", OTHER},
    {NULL, "production", NULL, "development", PROD},
    {"development", "production", NULL, "development", PROD},
    {"staging", "development", NULL, "staging", OTHER},
    {"staging", "staging", "a.prod.example.com", "development", PROD}, /* guard.patterns */
    {NULL, "staging", "a.prod.example.com", "staging", PROD},
};

START_TEST(test_change)
{
    char *names[] = {(char *)(guintptr) "blue", NULL};
    char *patterns[] = {(char *)(guintptr) "*.prod.example.com", NULL};
    CmigConfig config = make_config(NULL, changes[_i].declared);
    config.guard.environments = names;
    config.guard.patterns = patterns;
    CmigSite site = {.host = changes[_i].host, .database = "app", .recorded = changes[_i].recorded};
    g_auto(CmigEnvironment) found = {0};
    g_unsetenv("CI");
    cmig_guard_environment_change(&config, &site, changes[_i].becomes, &found);
    ck_assert_int_eq((int)found.kind, changes[_i].kind);
    ck_assert_ptr_nonnull(found.name);
    ck_assert_int_gt((int)strlen(found.reason), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard");
    TCase *tests = tcase_create("guard");
    tcase_add_loop_test(tests, test_host, 0, G_N_ELEMENTS(hosts));
    tcase_add_loop_test(tests, test_target, 0, G_N_ELEMENTS(targets));
    tcase_add_loop_test(tests, test_environment, 0, G_N_ELEMENTS(environments));
    tcase_add_loop_test(tests, test_identity, 0, 2);
    tcase_add_loop_test(tests, test_decision, 0, G_N_ELEMENTS(decisions));
    tcase_add_test(tests, test_hint);
    tcase_add_test(tests, test_hint_freeze);
    tcase_add_test(tests, test_hint_given);
    tcase_add_test(tests, test_hint_operands);
    tcase_add_loop_test(tests, test_change, 0, G_N_ELEMENTS(changes));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
