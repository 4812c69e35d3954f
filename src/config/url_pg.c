/* What libpq's settings are, whether they make sense together, and how a connection is shown. The
 * conninfo is always written anew from the parts that were understood, so that libpq cannot
 * understand the text in another way. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "config/url_internal.h"

#include <string.h>

/* libpq's keywords up to version 18; what an older libpq does not know it refuses itself.
 * `replication` is left out: such a session runs no migrations. */
static const struct {
    const char *name;
    gboolean secret;
} keywords[] = {
    [CMIG_PG_USER] = {"user", FALSE},
    [CMIG_PG_PASSWORD] = {"password", TRUE},
    [CMIG_PG_HOST] = {"host", FALSE},
    [CMIG_PG_HOSTADDR] = {"hostaddr", FALSE},
    [CMIG_PG_PORT] = {"port", FALSE},
    [CMIG_PG_DBNAME] = {"dbname", FALSE},
    [CMIG_PG_SERVICE] = {"service", FALSE},
    [CMIG_PG_SSLMODE] = {"sslmode", FALSE},
    {"passfile", TRUE},
    {"sslpassword", TRUE},
    {"scram_client_key", TRUE},
    {"scram_server_key", TRUE},
    {"oauth_client_secret", TRUE},
    {"oauth_client_id", FALSE},
    {"oauth_issuer", FALSE},
    {"oauth_scope", FALSE},
    {"servicefile", FALSE},
    {"channel_binding", FALSE},
    {"connect_timeout", FALSE},
    {"client_encoding", FALSE},
    {"options", FALSE},
    {"application_name", FALSE},
    {"fallback_application_name", FALSE},
    {"keepalives", FALSE},
    {"keepalives_idle", FALSE},
    {"keepalives_interval", FALSE},
    {"keepalives_count", FALSE},
    {"tcp_user_timeout", FALSE},
    {"sslnegotiation", FALSE},
    {"sslcompression", FALSE},
    {"sslcert", FALSE},
    {"sslkey", FALSE},
    {"sslcertmode", FALSE},
    {"sslrootcert", FALSE},
    {"sslcrl", FALSE},
    {"sslcrldir", FALSE},
    {"sslsni", FALSE},
    {"requirepeer", FALSE},
    {"require_auth", FALSE},
    {"requiressl", FALSE},
    {"ssl_min_protocol_version", FALSE},
    {"ssl_max_protocol_version", FALSE},
    {"min_protocol_version", FALSE},
    {"max_protocol_version", FALSE},
    {"gssencmode", FALSE},
    {"krbsrvname", FALSE},
    {"gsslib", FALSE},
    {"gssdelegation", FALSE},
    {"target_session_attrs", FALSE},
    {"load_balance_hosts", FALSE},
};
G_STATIC_ASSERT(G_N_ELEMENTS(keywords) <= CMIG_PG_KEYWORDS_MAX);

void cmig_url_pg_settings_clear(CmigPgSettings *settings)
{
    for (gsize idx = 0; idx < CMIG_PG_KEYWORDS_MAX; idx++)
        g_clear_pointer(&settings->value[idx], g_free);
}

int cmig_url_pg_keyword(const char *name)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(keywords); idx++)
        if (strcmp(keywords[idx].name, name) == 0)
            return (int)idx;
    return -1;
}

gboolean cmig_url_pg_has_secret(const CmigPgSettings *settings)
{
    for (gsize idx = 0; idx < G_N_ELEMENTS(keywords); idx++)
        if (keywords[idx].secret && settings->value[idx] != NULL)
            return TRUE;
    return FALSE;
}

static gboolean check_ports(const char *ports, guint *count, GError **error)
{
    g_auto(GStrv) list = g_strsplit(ports, ",", -1);
    *count = g_strv_length(list);
    for (gsize idx = 0; list[idx] != NULL; idx++)
        if (*list[idx] != '\0' && !g_ascii_string_to_unsigned(list[idx], 10, 1, 65535, NULL, NULL))
            return cmig_url_fail(error, TRUE,
                                 "the port of the database is not a number from 1 to 65535");
    return TRUE;
}

/* A host with an @ or a scheme is a piece of a URL that went wrong, and may hold the password. */
static gboolean check_hosts(const char *hosts, guint *count, GError **error)
{
    g_auto(GStrv) list = g_strsplit(hosts, ",", -1);
    *count = g_strv_length(list);
    for (gsize idx = 0; list[idx] != NULL; idx++) {
        const char *host = list[idx];
        gboolean socket = *host == '/' || *host == '@';
        if (strchr(*host == '@' ? host + 1 : host, '@') != NULL ||
            (!socket && strpbrk(host, "/ ?#") != NULL) || cmig_url_has_control(host))
            return cmig_url_fail(error, TRUE,
                                 "the host of the database is neither a name, an address nor a "
                                 "socket folder");
    }
    return TRUE;
}

/* A whole URL or connection string put where a name belongs would be shown with its password. */
static gboolean check_names(const CmigPgSettings *settings, GError **error)
{
    static const CmigPgKeyword names[] = {CMIG_PG_USER, CMIG_PG_DBNAME, CMIG_PG_SERVICE};
    for (gsize idx = 0; idx < G_N_ELEMENTS(names); idx++) {
        const char *name = settings->value[names[idx]];
        if (name != NULL && (strstr(name, "://") != NULL || strstr(name, "password=") != NULL))
            return cmig_url_fail(error, FALSE,
                                 "the user or database name is itself a connection string");
    }
    return TRUE;
}

static gboolean check(const CmigPgSettings *settings, GError **error)
{
    static const char *const modes[] = {"disable", "allow",     "prefer",      "require",
                                        "",        "verify-ca", "verify-full", NULL};
    static const CmigPgKeyword hosts[] = {CMIG_PG_HOST, CMIG_PG_HOSTADDR};
    const char *sslmode = settings->value[CMIG_PG_SSLMODE];
    guint host_count = 1;
    guint port_count = 1;
    if (!check_names(settings, error))
        return FALSE;
    for (gsize idx = 0; idx < G_N_ELEMENTS(hosts); idx++)
        if (settings->value[hosts[idx]] != NULL &&
            !check_hosts(settings->value[hosts[idx]], &host_count, error))
            return FALSE;
    if (settings->value[CMIG_PG_PORT] != NULL &&
        !check_ports(settings->value[CMIG_PG_PORT], &port_count, error))
        return FALSE;
    if (port_count != 1 && port_count != host_count)
        return cmig_url_fail(error, FALSE,
                             "the database URL must name one port, or as many as hosts");
    if (sslmode != NULL && !g_strv_contains(modes, sslmode))
        return cmig_url_fail(error, FALSE,
                             "sslmode must be disable, allow, prefer, require, verify-ca or "
                             "verify-full");
    return TRUE;
}

static char *make_conninfo(const CmigPgSettings *settings)
{
    GString *out = g_string_new(NULL);
    for (gsize idx = 0; idx < G_N_ELEMENTS(keywords); idx++) {
        const char *value = settings->value[idx];
        if (value == NULL)
            continue;
        g_string_append_printf(out, "%s%s='", out->len > 0 ? " " : "", keywords[idx].name);
        for (; *value != '\0'; value++) {
            if (*value == '\'' || *value == '\\')
                g_string_append_c(out, '\\');
            g_string_append_c(out, *value);
        }
        g_string_append_c(out, '\'');
    }
    return g_string_free(out, FALSE);
}

/* What of a connection may be shown; all borrowed, "" where nothing is known. */
typedef struct {
    const char *user;
    const char *hosts;
    const char *ports;
    const char *database;
    const char *service;
} Visible;

/* libpq takes what a URL leaves out from a service file, whose content is not known here, or else
 * from the process environment. */
static Visible see(const CmigPgSettings *settings)
{
    const char *const *value = (const char *const *)settings->value;
    const char *service =
        value[CMIG_PG_SERVICE] != NULL ? value[CMIG_PG_SERVICE] : g_getenv("PGSERVICE");
    gboolean from_service = service != NULL && *service != '\0';
    const struct {
        const char *text;
        const char *variable;
    } parts[] = {
        {value[CMIG_PG_USER], "PGUSER"},       {value[CMIG_PG_HOSTADDR], "PGHOSTADDR"},
        {value[CMIG_PG_HOST], "PGHOST"},       {value[CMIG_PG_PORT], "PGPORT"},
        {value[CMIG_PG_DBNAME], "PGDATABASE"},
    };
    const char *found[G_N_ELEMENTS(parts)];
    for (gsize idx = 0; idx < G_N_ELEMENTS(parts); idx++) {
        found[idx] = parts[idx].text;
        if (found[idx] == NULL && !from_service)
            found[idx] = g_getenv(parts[idx].variable);
        if (found[idx] == NULL)
            found[idx] = "";
    }
    return (Visible){
        .user = found[0],
        /* The address is what is connected to; the name beside it only serves TLS. */
        .hosts = *found[1] != '\0' ? found[1] : found[2],
        .ports = found[3],
        .database = found[4],
        .service = from_service ? service : "",
    };
}

/* `a,b` and `1,2` -> a:1,b:2. Addresses with colons get brackets. */
static void append_hosts(GString *out, const Visible *visible)
{
    g_auto(GStrv) hosts = g_strsplit(visible->hosts, ",", -1);
    g_auto(GStrv) ports = g_strsplit(visible->ports, ",", -1);
    guint host_count = MAX(g_strv_length(hosts), 1);
    guint port_count = g_strv_length(ports);
    for (guint idx = 0; idx < host_count; idx++) {
        const char *host = hosts[0] != NULL ? hosts[idx] : "";
        const char *port = port_count == 0                              ? ""
                           : port_count == 1 || port_count < host_count ? ports[0]
                                                                        : ports[idx];
        gboolean address = *host != '/' && strchr(host, ':') != NULL;
        g_string_append_printf(out, "%s%s%s%s%s%s", idx > 0 ? "," : "", address ? "[" : "", host,
                               address ? "]" : "", *port != '\0' ? ":" : "", port);
    }
}

static char *make_display(const Visible *visible)
{
    g_autoptr(GString) out = g_string_new(NULL);
    if (*visible->user != '\0')
        g_string_append_printf(out, "%s@", visible->user);
    append_hosts(out, visible);
    if (*visible->database != '\0')
        g_string_append_printf(out, "/%s", visible->database);
    if (*visible->service != '\0')
        g_string_append_printf(out, "%sservice %s", out->len > 0 ? ", " : "", visible->service);
    return out->len > 0 ? cmig_text_escape(out->str) : g_strdup("libpq's default server");
}

static char *make_sqlalchemy(const char *scheme, const CmigPgSettings *settings,
                             const Visible *visible)
{
    g_autoptr(GString) out = g_string_new(scheme);
    g_autofree char *user = g_uri_escape_string(visible->user, " +", FALSE);
    g_string_append(out, "://");
    if (*user != '\0')
        g_string_append_printf(out, "%s%s@", user,
                               settings->value[CMIG_PG_PASSWORD] != NULL ? ":***" : "");
    append_hosts(out, visible);
    if (*visible->database != '\0')
        g_string_append_printf(out, "/%s", visible->database);
    return cmig_text_escape(out->str);
}

/* The first of several; "" for a socket. */
static char *first_host(const char *hosts)
{
    if (*hosts == '/' || *hosts == '@')
        return g_strdup("");
    return g_strndup(hosts, strcspn(hosts, ","));
}

gboolean cmig_url_pg_finish(const char *scheme, const CmigPgSettings *settings, CmigUrl **url,
                            GError **error)
{
    if (!check(settings, error))
        return FALSE;
    Visible visible = see(settings);
    CmigUrl *made = g_new0(CmigUrl, 1);
    made->dialect = CMIG_DIALECT_POSTGRESQL;
    made->conninfo = make_conninfo(settings);
    made->display = make_display(&visible);
    made->sqlalchemy = make_sqlalchemy(scheme, settings, &visible);
    made->host = first_host(visible.hosts);
    made->database = g_strdup(visible.database);
    *url = made;
    return TRUE;
}
