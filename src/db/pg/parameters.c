/* What libpq is told: the user's settings between defaults that give way to them and demands that
 * do not. Several hosts become several ways, tried one after another: libpq's asynchronous
 * connecting knows no time limit for a host, so a silent one would be waited for until all time is
 * used up. */
#include "cmig/error.h"
#include "db/pg/pg.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add(CmigPgParameters *to, const char *keyword, const char *value)
{
    g_ptr_array_add(to->keywords, (gpointer)(guintptr)keyword);
    g_ptr_array_add(to->values, g_strdup(value));
}

static void parameters_free(gpointer data)
{
    CmigPgParameters *parameters = data;
    g_ptr_array_unref(parameters->keywords);
    g_ptr_array_unref(parameters->values);
    g_free(parameters);
}

/* A setting of the URL, or else of the environment; "" without one. What a service file says is not
 * known here. */
static const char *lookup(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *one = options; one != NULL && one->keyword != NULL; one++) {
        if (strcmp(one->keyword, keyword) != 0)
            continue;
        const char *value = one->val;
        if (value == NULL && one->envvar != NULL)
            value = g_getenv(one->envvar);
        return value != NULL ? value : "";
    }
    return "";
}

/* What the connection must be like when TLS is required. An sslmode that verifies is the user's. */
static gboolean demand_tls(CmigPgParameters *to, const PQconninfoOption *options, GError **error)
{
    const char *mode = lookup(options, "sslmode");
    if (strcmp(mode, "disable") == 0) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                            "TLS is required, but the database URL or PGSSLMODE has "
                            "sslmode=disable");
        cmig_error_set_hint(error, "remove sslmode=disable, or --require-tls and require_tls");
        return FALSE;
    }
    if (!g_str_has_prefix(mode, "verify-"))
        add(to, "sslmode", "verify-full");
    /* It would take the place of TLS. */
    add(to, "gssencmode", "disable");
    return TRUE;
}

/* The hosts of the URL, when each can be tried by itself: what libpq takes as a whole (an order at
 * random, a second choice, empty names) and a list that it will refuse is left to it. */
static guint count_hosts(const PQconninfoOption *options, GStrv hosts, GStrv addresses, GStrv ports)
{
    guint named = g_strv_length(hosts);
    guint given = g_strv_length(addresses);
    guint count = MAX(named, given);
    const char *attributes = lookup(options, "target_session_attrs");
    const char *order = lookup(options, "load_balance_hosts");
    if (strcmp(attributes, "prefer-standby") == 0 || strcmp(order, "random") == 0 ||
        (named != 0 && named != count) || (given != 0 && given != count) ||
        (g_strv_length(ports) > 1 && g_strv_length(ports) != count) ||
        g_strv_contains((const char *const *)hosts, "") ||
        g_strv_contains((const char *const *)addresses, ""))
        return 1;
    return count;
}

/* What stands before `dbname` gives way to the user's settings; what stands behind it does not. */
static gboolean fill(CmigPgParameters *to, const CmigUrl *url, const CmigDbSettings *settings,
                     const PQconninfoOption *options, GError **error)
{
    g_autofree char *application =
        g_strdup_printf("cmig/%s %s:%d", CMIG_VERSION, g_get_host_name(), (int)getpid());
    add(to, "keepalives_idle", "30");
    add(to, "keepalives_interval", "10");
    add(to, "keepalives_count", "3");
    add(to, "tcp_user_timeout", "60000");
    if (settings->connect_timeout > 0) {
        g_autofree char *seconds = g_strdup_printf("%u", settings->connect_timeout);
        add(to, "connect_timeout", seconds);
    }
    gboolean several = strchr(lookup(options, "host"), ',') != NULL ||
                       strchr(lookup(options, "hostaddr"), ',') != NULL;
    if (several && *lookup(options, "target_session_attrs") == '\0')
        add(to, "target_session_attrs", "read-write");
    add(to, "fallback_application_name", application);
    add(to, "dbname", url->conninfo);
    add(to, "client_encoding", "UTF8");
    return !settings->require_tls || demand_tls(to, options, error);
}

/* The hosts of a list; none for "". */
static GStrv split(const char *list)
{
    return g_strsplit(list, ",", -1);
}

static gboolean make_ways(const CmigUrl *url, const CmigDbSettings *settings,
                          const PQconninfoOption *options, GPtrArray *ways, GError **error)
{
    g_auto(GStrv) hosts = split(lookup(options, "host"));
    g_auto(GStrv) addresses = split(lookup(options, "hostaddr"));
    g_auto(GStrv) ports = split(lookup(options, "port"));
    guint count = count_hosts(options, hosts, addresses, ports);
    for (guint idx = 0; idx < MAX(count, 1); idx++) {
        CmigPgParameters *way = g_new0(CmigPgParameters, 1);
        way->keywords = g_ptr_array_new();
        way->values = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(ways, way);
        if (!fill(way, url, settings, options, error))
            return FALSE;
        if (count > 1 && hosts[0] != NULL)
            add(way, "host", hosts[idx]);
        if (count > 1 && addresses[0] != NULL)
            add(way, "hostaddr", addresses[idx]);
        if (count > 1 && g_strv_length(ports) == count)
            add(way, "port", *ports[idx] != '\0' ? ports[idx] : "5432");
        g_ptr_array_add(way->keywords, NULL);
        g_ptr_array_add(way->values, NULL);
    }
    return TRUE;
}

gboolean cmig_pg_parameters(const CmigUrl *url, const CmigDbSettings *settings, GPtrArray **ways,
                            GError **error)
{
    /* libpq's own complaint would repeat parts of the string. */
    char *complaint = NULL;
    PQconninfoOption *options = PQconninfoParse(url->conninfo, &complaint);
    gboolean is_bare_name =
        strstr(url->conninfo, "://") == NULL && strchr(url->conninfo, '=') == NULL;
    if (complaint != NULL)
        PQfreemem(complaint);
    if (options == NULL && !is_bare_name) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "the database URL of %s is malformed",
                    url->display);
        cmig_error_set_hint(error, "in a URL, write special characters of user name and password "
                                   "as %%XX; parameters must be ones that libpq knows");
        return FALSE;
    }
    g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(parameters_free);
    gboolean ok = make_ways(url, settings, options, made, error);
    if (options != NULL)
        PQconninfoFree(options);
    if (ok)
        *ways = g_steal_pointer(&made);
    return ok;
}
