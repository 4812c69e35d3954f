/* Database URLs. Everything libpq accepts, and SQLAlchemy's forms:
 *   postgresql:// postgres:// postgresql+asyncpg:// +psycopg2 +psycopg +pg8000 (any driver suffix),
 *   asyncpg's ?ssl=… (becomes sslmode; options that only concern a Python driver or pool are
 *   dropped, any other unknown one is an error), several hosts, libpq keyword strings
 *   (`host=… dbname=…`, `service=…`),
 *   sqlite:///relative sqlite:////absolute sqlite+aiosqlite:///… sqlite:// and sqlite:///:memory:.
 * A URL is a secret. Nothing here or elsewhere puts its text into a message: only `display` may be
 * shown. */
#ifndef CMIG_URL_H
#define CMIG_URL_H

#include "cmig/dialect.h"

#include <glib.h>

typedef struct {
    CmigDialect dialect;
    char *conninfo;   /* PostgreSQL: a keyword string for libpq, made anew from what was understood;
                         secret. "" = PG* variables */
    char *path;       /* SQLite: file path, ":memory:" for none; relative paths resolved */
    char *display;    /* user@host:port/database, or the SQLite path; no secret, control characters
                         escaped. What libpq would take from PG* variables is there, its built-in
                         defaults are left out; what only a service file knows is "service NAME" */
    char *sqlalchemy; /* as Alembic's `current -v` prints it: dialect://user:***@host/db */
    char *host;       /* first host (its hostaddr if given), "" = socket, default, or known to a
                         service file only; for the guard */
    char *database;   /* database name or file name, "" = default; for the guard */
} CmigUrl;
void cmig_url_free(CmigUrl *url);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigUrl, cmig_url_free)

/* Parses `text`; blanks around it are ignored. Unescaped @, / and ? in a password are refused,
 * where libpq would take its rest for a host. Relative SQLite paths are taken from `base_directory`
 * (NULL = the working directory), as relative paths of a configuration file are. Errors are
 * CMIG_ERROR_CONFIG and never contain any part of the user information or query of `text`; they say
 * which part is wrong and what a right one looks like. */
gboolean cmig_url_parse(const char *text, const char *base_directory, CmigUrl **url,
                        GError **error);

/* Makes a URL from components, for those whose passwords contain any character. Each may be NULL or
 * empty, but SQLite needs a name (its file, or ":memory:") and allows nothing else.
 * `driver` is the scheme ("postgresql", "postgresql+asyncpg", "sqlite"; NULL = postgresql). */
gboolean cmig_url_from_parts(const char *driver, const char *user, const char *password,
                             const char *host, const char *port, const char *name,
                             const char *base_directory, CmigUrl **url, GError **error);

#endif
