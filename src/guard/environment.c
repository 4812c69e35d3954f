/* Which environment a database belongs to. Where nobody says, a server somewhere else counts as
 * production. */
#include "cmig/error.h"
#include "cmig/guard.h"
#include "cmig/text.h"

#include <gio/gio.h>
#include <string.h>

/* Names that mean a kind; with `more`, also in front of further words and numbers:
 * prod-eu, prod2. */
static const struct {
    const char *name;
    CmigEnvironmentKind kind;
    gboolean more;
} names[] = {
    {"production", CMIG_ENVIRONMENT_PRODUCTION, TRUE},
    {"prod", CMIG_ENVIRONMENT_PRODUCTION, TRUE},
    {"prd", CMIG_ENVIRONMENT_PRODUCTION, TRUE},
    {"live", CMIG_ENVIRONMENT_PRODUCTION, TRUE},
    {"development", CMIG_ENVIRONMENT_DEVELOPMENT, FALSE},
    {"dev", CMIG_ENVIRONMENT_DEVELOPMENT, FALSE},
    {"local", CMIG_ENVIRONMENT_DEVELOPMENT, FALSE},
    {"test", CMIG_ENVIRONMENT_DEVELOPMENT, FALSE},
    {"testing", CMIG_ENVIRONMENT_DEVELOPMENT, FALSE},
    {"ci", CMIG_ENVIRONMENT_CI, FALSE},
};

void cmig_environment_clear(CmigEnvironment *environment)
{
    g_clear_pointer(&environment->name, g_free);
    g_clear_pointer(&environment->reason, g_free);
}

CmigEnvironmentKind cmig_guard_kind_of_name(const CmigConfig *config, const char *name)
{
    const GStrv more = config->guard.environments;
    for (gsize idx = 0; more != NULL && more[idx] != NULL; idx++)
        if (g_ascii_strcasecmp(name, more[idx]) == 0)
            return CMIG_ENVIRONMENT_PRODUCTION;
    for (gsize idx = 0; idx < G_N_ELEMENTS(names); idx++) {
        gsize length = strlen(names[idx].name);
        if (g_ascii_strncasecmp(name, names[idx].name, length) == 0 &&
            (name[length] == '\0' || (names[idx].more && !g_ascii_isalpha(name[length]))))
            return names[idx].kind;
    }
    return CMIG_ENVIRONMENT_OTHER;
}

/* Whether two names mean the same environment: every production is one. */
static gboolean is_same(const CmigConfig *config, const char *left, const char *right)
{
    CmigEnvironmentKind kind = cmig_guard_kind_of_name(config, left);
    return g_ascii_strcasecmp(left, right) == 0 ||
           (kind != CMIG_ENVIRONMENT_OTHER && kind == cmig_guard_kind_of_name(config, right));
}

static void set(CmigEnvironment *environment, CmigEnvironmentKind kind, const char *name,
                gboolean declared, const char *format, ...) G_GNUC_PRINTF(5, 6);
static void set(CmigEnvironment *environment, CmigEnvironmentKind kind, const char *name,
                gboolean declared, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    environment->reason = g_strdup_vprintf(format, args);
    va_end(args);
    environment->kind = kind;
    environment->name = g_strdup(name);
    environment->declared = declared;
}

/* The pattern of guard.patterns that the host or the database fits, or NULL. */
static const char *find_pattern(const CmigConfig *config, const CmigSite *site)
{
    const GStrv patterns = config->guard.patterns;
    for (gsize idx = 0; patterns != NULL && patterns[idx] != NULL; idx++)
        if ((site->host != NULL && g_pattern_match_simple(patterns[idx], site->host)) ||
            (site->database != NULL && g_pattern_match_simple(patterns[idx], site->database)))
            return patterns[idx];
    return NULL;
}

static gboolean fail_contradiction(const CmigConfig *config, const char *other, GError **error)
{
    g_autofree char *source = cmig_text_escape(config->environment_source);
    g_autofree char *name = cmig_text_escape(config->environment);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "%s declares the environment \"%s\", but %s",
                source, name, other);
    return FALSE;
}

/* A declared name must agree with what else is known. */
static gboolean check_declared(const CmigConfig *config, const CmigSite *site, const char *pattern,
                               GError **error)
{
    if (site->recorded != NULL && !is_same(config, config->environment, site->recorded)) {
        g_autofree char *recorded = cmig_text_escape(site->recorded);
        g_autofree char *name = cmig_text_shell_word(config->environment);
        g_autofree char *other =
            g_strdup_printf("%s says of itself that it is \"%s\"", config->url->display, recorded);
        gboolean copy = site->identity != NULL && site->recorded_identity != NULL &&
                        strcmp(site->identity, site->recorded_identity) != 0;
        fail_contradiction(config, other, error);
        cmig_error_set_detail(error, "nothing was changed%s",
                              copy ? "; it looks like a copy: it was recorded on another server"
                                   : "");
        cmig_error_set_hint(error,
                            "check that the URL leads where it should; if it does, record what "
                            "is right with `cmig environment %s`",
                            copy ? name : "NAME");
        return FALSE;
    }
    CmigEnvironmentKind kind = cmig_guard_kind_of_name(config, config->environment);
    if (pattern == NULL || kind == CMIG_ENVIRONMENT_PRODUCTION)
        return TRUE;
    g_autofree char *shown = cmig_text_escape(pattern);
    g_autofree char *other =
        g_strdup_printf("%s is production by guard.patterns: \"%s\"", config->url->display, shown);
    fail_contradiction(config, other, error);
    cmig_error_set_hint(error, "check that the URL leads where it should; nothing was changed");
    return FALSE;
}

/* The place alone says what this is. */
static void judge_place(const CmigSite *site, CmigEnvironment *environment)
{
    const char *unread = site->unread ? "; this user may not read what the database says" : "";
    if (site->host == NULL) {
        set(environment, CMIG_ENVIRONMENT_DEVELOPMENT, "development", FALSE,
            "it is on this machine, and no environment is declared%s", unread);
        return;
    }
    g_autofree char *host = cmig_text_escape(site->host);
    gboolean one_label = strpbrk(site->host, ".:") == NULL;
    if (one_label && g_strcmp0(g_getenv("CI"), "true") == 0)
        set(environment, CMIG_ENVIRONMENT_CI, "ci", FALSE, "CI is true and the host is %s%s", host,
            unread);
    else
        set(environment, CMIG_ENVIRONMENT_PRODUCTION, "production", FALSE,
            "no environment is declared, and %s is not this machine%s", host, unread);
}

/* What is at the other end of a URL that is not yet open. */
static CmigSite site_of_url(const CmigConfig *config)
{
    const CmigUrl *url = config->url;
    const char *host = url->host;
    /* 127.0.0.1.example.com is a name. */
    g_autoptr(GInetAddress) address = host != NULL ? g_inet_address_new_from_string(host) : NULL;
    gboolean local = host == NULL || *host == '\0' || strcmp(host, "localhost") == 0 ||
                     (address != NULL && g_inet_address_get_is_loopback(address));
    return (CmigSite){.host = local ? NULL : host, .database = url->database};
}

/* A production database that is another one than was recorded: restored elsewhere, or upgraded. */
static gboolean check_identity(const CmigConfig *config, const CmigSite *site,
                               const CmigEnvironment *environment, GError **error)
{
    if (environment->kind != CMIG_ENVIRONMENT_PRODUCTION || site->identity == NULL ||
        site->recorded_identity == NULL || strcmp(site->identity, site->recorded_identity) == 0)
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                "%s is not the production database that was recorded", config->url->display);
    cmig_error_set_detail(error,
                          "it was %s, this is %s: a copy, or a server that was upgraded; "
                          "nothing was changed",
                          site->recorded_identity, site->identity);
    cmig_error_set_hint(error, "a copy: say what it is for, as in `cmig environment development "
                               "--reason 'restored from production'`\nproduction itself: record "
                               "the new server with `cmig environment production`");
    return FALSE;
}

/* Nobody says what it is. A pattern holds whatever the database says: staging may have become
 * production. */
static void judge_undeclared(const CmigConfig *config, const CmigSite *site, const char *pattern,
                             CmigEnvironment *environment)
{
    CmigEnvironmentKind recorded =
        site->recorded != NULL ? cmig_guard_kind_of_name(config, site->recorded) : 0;
    if (pattern != NULL && recorded != CMIG_ENVIRONMENT_PRODUCTION) {
        g_autofree char *shown = cmig_text_escape(pattern);
        set(environment, CMIG_ENVIRONMENT_PRODUCTION, "production", FALSE,
            "guard.patterns has \"%s\"", shown);
    } else if (recorded != 0) {
        set(environment, recorded, site->recorded, FALSE, "the database says so of itself");
    } else {
        judge_place(site, environment);
    }
}

/* Makes the stricter of two what it is; takes `other`. */
static void keep_stricter(CmigEnvironment *environment, CmigEnvironment *other)
{
    if (other->kind > environment->kind) {
        cmig_environment_clear(environment);
        *environment = *other;
        *other = (CmigEnvironment){0};
    } else {
        cmig_environment_clear(other);
    }
}

void cmig_guard_environment_change(const CmigConfig *config, const CmigSite *site, const char *name,
                                   CmigEnvironment *environment)
{
    g_auto(CmigEnvironment) other = {0};
    const char *pattern = find_pattern(config, site);
    set(environment, cmig_guard_kind_of_name(config, name), name, FALSE,
        "this is what it is to become");
    if (config->environment == NULL || pattern != NULL) {
        judge_undeclared(config, site, pattern, &other);
        keep_stricter(environment, &other);
    }
    if (config->environment != NULL) {
        g_autofree char *source = cmig_text_escape(config->environment_source);
        set(&other, cmig_guard_kind_of_name(config, config->environment), config->environment, TRUE,
            "%s declares it", source);
        keep_stricter(environment, &other);
    }
    if (site->recorded != NULL) {
        set(&other, cmig_guard_kind_of_name(config, site->recorded), site->recorded, FALSE,
            "the database says so of itself");
        keep_stricter(environment, &other);
    }
}

gboolean cmig_guard_environment(const CmigConfig *config, const CmigSite *site,
                                CmigEnvironment *environment, GError **error)
{
    CmigSite by_url = site == NULL ? site_of_url(config) : (CmigSite){0};
    const CmigSite *place = site == NULL ? &by_url : site;
    const char *pattern = find_pattern(config, place);
    g_auto(CmigEnvironment) found = {0};
    if (config->environment != NULL) {
        g_autofree char *source = cmig_text_escape(config->environment_source);
        if (!check_declared(config, place, pattern, error))
            return FALSE;
        set(&found, cmig_guard_kind_of_name(config, config->environment), config->environment, TRUE,
            "%s declares it", source);
    } else {
        judge_undeclared(config, place, pattern, &found);
    }
    if (!check_identity(config, place, &found, error))
        return FALSE;
    *environment = found;
    found = (CmigEnvironment){0};
    return TRUE;
}
