/* PostgreSQL connection URIs and keyword strings into settings, as libpq reads them, but stricter
 * where libpq would take a piece of a password for a host name. */
#include "cmig/error.h"
#include "config/url_internal.h"

#include <string.h>

/* Decodes %XX. NULL when an escape is malformed or stands for NUL. */
static char *decode(const char *text, gsize length)
{
    GString *out = g_string_sized_new(length);
    for (gsize at = 0; at < length; at++) {
        if (text[at] != '%') {
            g_string_append_c(out, text[at]);
            continue;
        }
        int high = at + 2 < length ? g_ascii_xdigit_value(text[at + 1]) : -1;
        int low = at + 2 < length ? g_ascii_xdigit_value(text[at + 2]) : -1;
        if (high < 0 || low < 0 || (high == 0 && low == 0)) {
            g_string_free(out, TRUE);
            return NULL;
        }
        g_string_append_c(out, (char)(high * 16 + low));
        at += 2;
    }
    return g_string_free(out, FALSE);
}

static void replace(char **slot, char *value)
{
    g_free(*slot);
    *slot = value;
}

/* Decodes into a setting; nothing written is as if not given, as in libpq. */
static gboolean set_decoded(CmigPgSettings *settings, CmigPgKeyword keyword, const char *text,
                            gsize length, GError **error)
{
    char *value = decode(text, length);
    if (value == NULL)
        return cmig_url_fail(error, TRUE,
                             "the database URL has a % that begins no percent-encoded character");
    if (*value == '\0')
        g_clear_pointer(&value, g_free);
    replace(&settings->value[keyword], value);
    return TRUE;
}

static gboolean parse_user(const char *text, gsize length, CmigPgSettings *settings, GError **error)
{
    const char *colon = memchr(text, ':', length);
    gsize user = colon != NULL ? (gsize)(colon - text) : length;
    return set_decoded(settings, CMIG_PG_USER, text, user, error) &&
           (colon == NULL ||
            set_decoded(settings, CMIG_PG_PASSWORD, colon + 1, length - user - 1, error));
}

/* Splits `host:port`, `[address]:port`. The parts are borrowed; a missing port is empty. */
static gboolean split_host(const char *text, gsize length, const char **host, gsize *host_length,
                           const char **port, GError **error)
{
    const char *end = text + length;
    const char *host_end = memchr(text, *text == '[' ? ']' : ':', length);
    gboolean bracketed = length > 0 && *text == '[';
    if (bracketed && host_end == NULL)
        return cmig_url_fail(error, TRUE, "the database URL has a [ without ]");
    if (host_end == NULL)
        host_end = end;
    const char *rest = bracketed ? host_end + 1 : host_end;
    if (rest < end && *rest != ':')
        return cmig_url_fail(error, TRUE, "the database URL has text behind an address's ]");
    *host = bracketed ? text + 1 : text;
    *host_length = (gsize)(host_end - *host);
    *port = rest < end ? rest + 1 : end;
    return TRUE;
}

/* Appends `a:1,[::1]:2` as "a,::1" and "1,2". */
static gboolean split_hosts(const char *text, gsize length, GString *hosts, GString *ports,
                            GError **error)
{
    const char *end = text + length;
    for (const char *at = text; at <= end;) {
        const char *comma = memchr(at, ',', (gsize)(end - at));
        const char *stop = comma != NULL ? comma : end;
        const char *host = NULL;
        const char *port = NULL;
        gsize host_length = 0;
        if (!split_host(at, (gsize)(stop - at), &host, &host_length, &port, error))
            return FALSE;
        g_string_append_len(hosts, host, (gssize)host_length);
        g_string_append_len(ports, port, (gssize)(stop - port));
        if (comma != NULL) {
            g_string_append_c(hosts, ',');
            g_string_append_c(ports, ',');
        }
        at = stop + 1;
    }
    return TRUE;
}

/* Whether any of several ports is given. */
static gboolean has_port(const GString *ports)
{
    return strspn(ports->str, ",") < ports->len;
}

static gboolean parse_hosts(const char *text, gsize length, CmigPgSettings *settings,
                            GError **error)
{
    g_autoptr(GString) hosts = g_string_new(NULL);
    g_autoptr(GString) ports = g_string_new(NULL);
    return split_hosts(text, length, hosts, ports, error) &&
           set_decoded(settings, CMIG_PG_HOST, hosts->str, hosts->len, error) &&
           (!has_port(ports) || set_decoded(settings, CMIG_PG_PORT, ports->str, ports->len, error));
}

/* Options of asyncpg, psycopg and SQLAlchemy that mean nothing to a migration run. An option that
 * changes the session (server_settings) is not among them: dropping it would change the result. */
static gboolean is_python_only(const char *key)
{
    static const char *const keys[] = {
        "prepared_statement_cache_size",
        "prepared_statement_name_func",
        "statement_cache_size",
        "max_cached_statement_lifetime",
        "max_cacheable_statement_size",
        "prepare_threshold",
        "async_fallback",
        "async_creator_fn",
        "command_timeout",
        "timeout",
        "direct_tls",
        "isolation_level",
        "executemany_mode",
        "executemany_batch_page_size",
        "use_native_hstore",
        "use_native_uuid",
        "native_inet_types",
        "pool_size",
        "max_overflow",
        "pool_timeout",
        "pool_recycle",
        "pool_pre_ping",
        "pool_use_lifo",
        "poolclass",
        "echo",
        "echo_pool",
        "future",
        NULL,
    };
    return g_strv_contains(keys, key);
}

/* asyncpg's ssl= in libpq's words, or NULL. */
static const char *sslmode_of(const char *ssl)
{
    static const struct {
        const char *ssl;
        const char *sslmode;
    } modes[] = {
        {"true", "require"},    {"True", "require"},        {"1", "require"},
        {"false", "disable"},   {"False", "disable"},       {"0", "disable"},
        {"require", "require"}, {"disable", "disable"},     {"prefer", "prefer"},
        {"allow", "allow"},     {"verify-ca", "verify-ca"}, {"verify-full", "verify-full"},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(modes); idx++)
        if (strcmp(modes[idx].ssl, ssl) == 0)
            return modes[idx].sslmode;
    return NULL;
}

static gboolean fail_unknown_key(const CmigPgSettings *settings, const char *key, GError **error)
{
    /* Behind a secret, what looks like a key may be the rest of it. */
    gboolean showable =
        strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(key) &&
        *key != '\0' && strlen(key) <= 40 && !cmig_url_pg_has_secret(settings);
    g_autofree char *message =
        showable ? g_strdup_printf("the database URL has an unknown option \"%s\"", key)
                 : g_strdup("the database URL has an unknown option");
    return cmig_url_fail(error, TRUE, message);
}

static guint count_commas(const GString *list)
{
    guint count = 0;
    for (const char *at = list->str; *at != '\0'; at++)
        count += *at == ',';
    return count;
}

/* SQLAlchemy writes several hosts as ?host=a:1&host=b:2. The first replaces what stands before the
 * path; `value` is decoded. */
static gboolean add_query_host(CmigPgSettings *settings, gboolean first, const char *value,
                               GError **error)
{
    g_autoptr(GString) hosts = g_string_new(first ? NULL : settings->value[CMIG_PG_HOST]);
    g_autoptr(GString) ports = g_string_new(first ? NULL : settings->value[CMIG_PG_PORT]);
    const char *colon = strchr(value, ':');
    gboolean bare_address = colon != strrchr(value, ':') && strpbrk(value, "[,") == NULL;
    if (!first)
        g_string_append_c(hosts, ',');
    /* Ports are not kept while there are none: give every host before this one its place again. */
    while (count_commas(ports) < count_commas(hosts))
        g_string_append_c(ports, ',');
    if (*value == '/' || *value == '@' || colon == NULL || bare_address)
        g_string_append(hosts, value);
    else if (!split_hosts(value, strlen(value), hosts, ports, error))
        return FALSE;
    replace(&settings->value[CMIG_PG_HOST], g_strdup(hosts->str));
    if (has_port(ports))
        replace(&settings->value[CMIG_PG_PORT], g_strdup(ports->str));
    return TRUE;
}

/* Takes `value` over. */
static gboolean set_option(CmigPgSettings *settings, const char *key, char *value, guint *hosts,
                           GError **error)
{
    g_autofree char *owned = value;
    if (is_python_only(key))
        return TRUE;
    if (strcmp(key, "host") == 0)
        return add_query_host(settings, (*hosts)++ == 0, owned, error);
    if (strcmp(key, "ssl") == 0) {
        const char *mode = sslmode_of(owned);
        if (mode == NULL)
            return cmig_url_fail(error, FALSE,
                                 "ssl= in the database URL must be true, false, require, disable, "
                                 "prefer, allow, verify-ca or verify-full");
        replace(&settings->value[CMIG_PG_SSLMODE], g_strdup(mode));
        return TRUE;
    }
    int keyword = cmig_url_pg_keyword(strcmp(key, "database") == 0 ? "dbname" : key);
    if (keyword < 0)
        return fail_unknown_key(settings, key, error);
    replace(&settings->value[keyword], g_steal_pointer(&owned));
    return TRUE;
}

static gboolean parse_query(const char *text, CmigPgSettings *settings, GError **error)
{
    g_auto(GStrv) pairs = g_strsplit(text, "&", -1);
    guint hosts = 0;
    for (gsize idx = 0; pairs[idx] != NULL; idx++) {
        const char *equals = strchr(pairs[idx], '=');
        if (*pairs[idx] == '\0')
            continue;
        if (equals == NULL)
            return cmig_url_fail(error, TRUE, "an option in the database URL has no =");
        g_autofree char *key = decode(pairs[idx], (gsize)(equals - pairs[idx]));
        g_autofree char *value = decode(equals + 1, strlen(equals + 1));
        if (key == NULL || value == NULL)
            return cmig_url_fail(error, TRUE,
                                 "the database URL has a % that begins no percent-encoded "
                                 "character");
        if (!set_option(settings, key, g_steal_pointer(&value), &hosts, error))
            return FALSE;
    }
    return TRUE;
}

gboolean cmig_url_pg_parse_uri(const char *text, CmigPgSettings *settings, GError **error)
{
    /* An @ that is not encoded splits a password somewhere: libpq takes `u:p@w/x@host` as host "w".
     * So there is at most one, and it stands before the first / and ?. */
    gsize authority = strcspn(text, "/?");
    const char *at_sign = strchr(text, '@');
    if (at_sign != NULL && strchr(at_sign + 1, '@') != NULL)
        return cmig_url_fail(error, TRUE, "the database URL has more than one @");
    if (at_sign != NULL && (gsize)(at_sign - text) > authority)
        return cmig_url_fail(error, TRUE, "the database URL has a / or ? before its @");

    const char *hosts = text;
    if (at_sign != NULL) {
        if (!parse_user(text, (gsize)(at_sign - text), settings, error))
            return FALSE;
        hosts = at_sign + 1;
    }
    if (!parse_hosts(hosts, (gsize)(text + authority - hosts), settings, error))
        return FALSE;
    const char *path = text + authority;
    if (*path == '/') {
        gsize length = strcspn(path + 1, "?");
        if (!set_decoded(settings, CMIG_PG_DBNAME, path + 1, length, error))
            return FALSE;
        path += length + 1;
    }
    return *path != '?' || parse_query(path + 1, settings, error);
}

/* Reads a value, quoted or bare, and returns what is behind it; NULL when a quote is not closed. */
static const char *read_keyword_value(const char *at, GString *value)
{
    gboolean quoted = *at == '\'';
    if (quoted)
        at++;
    while (*at != '\0' && (quoted ? *at != '\'' : !g_ascii_isspace(*at))) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        g_string_append_c(value, *at++);
    }
    if (!quoted)
        return at;
    return *at == '\'' ? at + 1 : NULL;
}

gboolean cmig_url_pg_parse_keywords(const char *text, CmigPgSettings *settings, GError **error)
{
    for (const char *at = text; *at != '\0';) {
        gsize length = strcspn(at, "= \t\r\n\v\f");
        g_autofree char *key = g_strndup(at, length);
        at += length;
        at += strspn(at, " \t\r\n\v\f");
        if (*at != '=')
            return cmig_url_fail(error, FALSE,
                                 "an option of the connection string has no =; put a value with "
                                 "spaces in single quotes");
        at++;
        at += strspn(at, " \t\r\n\v\f");
        int keyword = cmig_url_pg_keyword(key);
        if (keyword < 0)
            return fail_unknown_key(settings, key, error);
        g_autoptr(GString) value = g_string_new(NULL);
        at = read_keyword_value(at, value);
        if (at == NULL)
            return cmig_url_fail(error, FALSE,
                                 "the connection string has a quote that is not closed");
        replace(&settings->value[keyword], g_strdup(value->str));
        at += strspn(at, " \t\r\n\v\f");
    }
    return TRUE;
}
