/* Between the files that read database URLs: settings of a PostgreSQL connection by keyword. */
#ifndef CMIG_CONFIG_URL_INTERNAL_H
#define CMIG_CONFIG_URL_INTERNAL_H

#include "cmig/url.h"

#define CMIG_PG_KEYWORDS_MAX 64

/* The keywords that code refers to by name; the others follow in the table of url_pg.c. */
typedef enum {
    CMIG_PG_USER,
    CMIG_PG_PASSWORD,
    CMIG_PG_HOST,
    CMIG_PG_HOSTADDR,
    CMIG_PG_PORT,
    CMIG_PG_DBNAME,
    CMIG_PG_SERVICE,
    CMIG_PG_SSLMODE,
    CMIG_PG_NAMED,
} CmigPgKeyword;

/* NULL = not given; "" = given as empty, which for libpq is not the same. */
typedef struct {
    char *value[CMIG_PG_KEYWORDS_MAX];
} CmigPgSettings;
void cmig_url_pg_settings_clear(CmigPgSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigPgSettings, cmig_url_pg_settings_clear)

/* The index of a libpq keyword, or -1. */
int cmig_url_pg_keyword(const char *name);

/* Whether a setting whose value is a secret is given. What stands beside an unquoted secret may be
 * a piece of it, so it is not shown either. */
gboolean cmig_url_pg_has_secret(const CmigPgSettings *settings);

/* `text` is what follows `scheme://`. */
gboolean cmig_url_pg_parse_uri(const char *text, CmigPgSettings *settings, GError **error);
gboolean cmig_url_pg_parse_keywords(const char *text, CmigPgSettings *settings, GError **error);

/* Checks the settings and makes the URL. `scheme` is what `sqlalchemy` begins with. */
gboolean cmig_url_pg_finish(const char *scheme, const CmigPgSettings *settings, CmigUrl **url,
                            GError **error);

/* Sets an error that shows nothing of the URL, with the hint on percent-encoding when `encoding`.
 * Always FALSE. */
gboolean cmig_url_fail(GError **error, gboolean encoding, const char *message);

/* Control characters have no place in a URL and often come from a badly pasted secret. */
gboolean cmig_url_has_control(const char *text);

#endif
