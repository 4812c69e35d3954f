/* A stand-in for a PostgreSQL server, or for the way to one: a socket in a folder of its own. */
#ifndef CMIG_TESTS_PG_STAND_IN_H
#define CMIG_TESTS_PG_STAND_IN_H

#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Listens where libpq looks with host=`folder`. */
static inline int listen_in(const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", folder);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    return listener;
}

static inline void remove_listener(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, ".s.PGSQL.5432", NULL);
    g_unlink(path);
    g_rmdir(folder);
}

#endif
