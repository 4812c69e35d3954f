/* Database URLs: which kind it is, and SQLite's. What cannot be read is never shown: a malformed
 * URL is where passwords leak. */
#include "cmig/url.h"

#include "cmig/error.h"
#include "cmig/text.h"
#include "config/url_internal.h"

#include <string.h>

#define MAX_BYTES  (16 * 1024)
#define MAX_SCHEME 32

void cmig_url_free(CmigUrl *url)
{
    if (url == NULL)
        return;
    g_free(url->conninfo);
    g_free(url->path);
    g_free(url->display);
    g_free(url->sqlalchemy);
    g_free(url->host);
    g_free(url->database);
    g_free(url);
}

gboolean cmig_url_fail(GError **error, gboolean encoding, const char *message)
{
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG, message);
    if (encoding)
        cmig_error_set_hint(error,
                            "write special characters of user name and password percent-encoded "
                            "(@ is %%40, / is %%2F, : is %%3A, ? is %%3F, # is %%23, %% is %%25), "
                            "or use the database: mapping of alembic.yml");
    else
        cmig_error_set_hint(error, "postgresql://user:password@host:5432/name, "
                                   "sqlite:///relative/file.db or sqlite:////absolute/file.db");
    return FALSE;
}

gboolean cmig_url_has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((guint8)*text < 0x20 || *text == 0x7f)
            return TRUE;
    return FALSE;
}

/* The scheme in lower case, or NULL when the text does not begin with `scheme://`. */
static char *read_scheme(const char *text)
{
    gsize length = 0;
    while (g_ascii_isalnum(text[length]) || (text[length] != '\0' && strchr("+-._", text[length])))
        length++;
    if (length == 0 || length > MAX_SCHEME || !g_str_has_prefix(text + length, "://"))
        return NULL;
    return g_ascii_strdown(text, (gssize)length);
}

/* "postgres+asyncpg" -> postgresql and "postgresql+asyncpg". The part behind + names a Python
 * driver and means nothing here. */
static gboolean read_dialect(const char *scheme, CmigDialect *dialect, char **normal,
                             GError **error)
{
    g_auto(GStrv) parts = g_strsplit(scheme, "+", 2);
    CmigDialect found = CMIG_DIALECT_ANY;
    gboolean known = parts[0] != NULL && cmig_dialect_parse(parts[0], &found);
    if (!known || (parts[1] != NULL && *parts[1] == '\0')) {
        g_autofree char *shown = cmig_text_escape(scheme);
        g_autofree char *message = g_strdup_printf("unsupported database \"%s\"", shown);
        return cmig_url_fail(error, FALSE, message);
    }
    *dialect = found;
    *normal = g_strconcat(cmig_dialect_name(found), parts[1] ? "+" : NULL, parts[1], NULL);
    return TRUE;
}

/* `file` is "" or ":memory:" for none. */
static CmigUrl *new_sqlite(const char *scheme, const char *file, const char *base_directory)
{
    gboolean memory = *file == '\0' || strcmp(file, ":memory:") == 0;
    CmigUrl *url = g_new0(CmigUrl, 1);
    g_autofree char *shown = cmig_text_escape(file);
    url->dialect = CMIG_DIALECT_SQLITE;
    url->path = memory ? g_strdup(":memory:") : g_canonicalize_filename(file, base_directory);
    url->display = cmig_text_escape(url->path);
    url->sqlalchemy = g_strconcat(scheme, "://", *file != '\0' ? "/" : "", shown, NULL);
    url->host = g_strdup("");
    url->database = memory ? g_strdup(":memory:") : g_path_get_basename(url->path);
    return url;
}

/* SQLAlchemy's drivers read these; they do not change which database it is. */
static gboolean check_sqlite_query(const char *query, GError **error)
{
    static const char *const ignored[] = {"check_same_thread", "timeout",
                                          "isolation_level",   "detect_types",
                                          "cached_statements", NULL};
    g_auto(GStrv) pairs = g_strsplit(query, "&", -1);
    for (gsize idx = 0; pairs[idx] != NULL; idx++) {
        char *equals = strchr(pairs[idx], '=');
        if (equals != NULL)
            *equals = '\0';
        if (*pairs[idx] != '\0' && !g_strv_contains(ignored, pairs[idx]))
            return cmig_url_fail(error, FALSE,
                                 "the SQLite URL has an option behind ? that cmig does not know");
    }
    return TRUE;
}

/* `text` is what follows `sqlite://`. As in SQLAlchemy, the path is not percent-decoded. */
static gboolean parse_sqlite(const char *scheme, const char *text, const char *base_directory,
                             CmigUrl **url, GError **error)
{
    const char *query = strchr(text, '?');
    gsize length = query != NULL ? (gsize)(query - text) : strlen(text);
    if (length > 0 && *text != '/')
        return cmig_url_fail(error, FALSE,
                             "a SQLite URL has three slashes before a relative path and four "
                             "before an absolute one");
    g_autofree char *file = length > 0 ? g_strndup(text + 1, length - 1) : g_strdup("");
    if (g_str_has_prefix(file, "file:"))
        return cmig_url_fail(error, FALSE, "SQLite file: URIs are not supported; write the path");
    if (query != NULL && !check_sqlite_query(query + 1, error))
        return FALSE;
    *url = new_sqlite(scheme, file, base_directory);
    return TRUE;
}

/* Text without a scheme: a keyword string, or one of the usual mistakes. */
static gboolean parse_schemeless(const char *text, CmigUrl **url, GError **error)
{
    if (*text == '"' || *text == '\'')
        return cmig_url_fail(error, FALSE,
                             "the database URL begins with a quote; remove the quotes");
    gsize name = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
    if (name == 0 || text[name + strspn(text + name, " \t\r\n")] != '=')
        return cmig_url_fail(error, FALSE, "this is not a database URL");
    g_auto(CmigPgSettings) settings = {0};
    return cmig_url_pg_parse_keywords(text, &settings, error) &&
           cmig_url_pg_finish("postgresql", &settings, url, error);
}

gboolean cmig_url_parse(const char *text, const char *base_directory, CmigUrl **url, GError **error)
{
    g_autofree char *trimmed = g_strstrip(g_strdup(text));
    if (*trimmed == '\0')
        return cmig_url_fail(error, FALSE, "the database URL is empty");
    if (strlen(trimmed) > MAX_BYTES)
        return cmig_url_fail(error, FALSE, "the database URL is longer than 16 KiB");
    g_autofree char *scheme = read_scheme(trimmed);
    if (scheme == NULL)
        return parse_schemeless(trimmed, url, error);
    if (cmig_url_has_control(trimmed))
        return cmig_url_fail(error, TRUE, "the database URL contains a control character");
    if (strstr(trimmed, "${") != NULL) {
        cmig_url_fail(error, TRUE, "the database URL contains ${…}, which was not expanded");
        cmig_error_set_hint(error, "variables are expanded in alembic.yml only: put database_url "
                                   "or the database: mapping there");
        return FALSE;
    }
    CmigDialect dialect = CMIG_DIALECT_ANY;
    g_autofree char *normal = NULL;
    if (!read_dialect(scheme, &dialect, &normal, error))
        return FALSE;
    const char *rest = trimmed + strlen(scheme) + strlen("://");
    if (dialect == CMIG_DIALECT_SQLITE)
        return parse_sqlite(normal, rest, base_directory, url, error);
    g_auto(CmigPgSettings) settings = {0};
    return cmig_url_pg_parse_uri(rest, &settings, error) &&
           cmig_url_pg_finish(normal, &settings, url, error);
}

static gboolean is_given(const char *part)
{
    return part != NULL && *part != '\0';
}

gboolean cmig_url_from_parts(const char *driver, const char *user, const char *password,
                             const char *host, const char *port, const char *name,
                             const char *base_directory, CmigUrl **url, GError **error)
{
    CmigDialect dialect = CMIG_DIALECT_ANY;
    g_autofree char *scheme = g_ascii_strdown(is_given(driver) ? driver : "postgresql", -1);
    g_autofree char *normal = NULL;
    if (strspn(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-._") != strlen(scheme))
        return cmig_url_fail(error, FALSE, "the database driver must be postgresql or sqlite");
    if (!read_dialect(scheme, &dialect, &normal, error))
        return FALSE;
    if (dialect == CMIG_DIALECT_SQLITE) {
        if (is_given(user) || is_given(password) || is_given(host) || is_given(port))
            return cmig_url_fail(error, FALSE,
                                 "a SQLite database has a name (its file) and nothing else");
        if (!is_given(name))
            return cmig_url_fail(error, FALSE, "a SQLite database needs a name, its file");
        *url = new_sqlite(normal, name, base_directory);
        return TRUE;
    }
    const struct {
        CmigPgKeyword keyword;
        const char *text;
    } parts[] = {
        {CMIG_PG_USER, user}, {CMIG_PG_PASSWORD, password}, {CMIG_PG_HOST, host},
        {CMIG_PG_PORT, port}, {CMIG_PG_DBNAME, name},
    };
    g_auto(CmigPgSettings) settings = {0};
    for (gsize idx = 0; idx < G_N_ELEMENTS(parts); idx++)
        if (is_given(parts[idx].text))
            settings.value[parts[idx].keyword] = g_strdup(parts[idx].text);
    return cmig_url_pg_finish(normal, &settings, url, error);
}
