/* How a connection is protected. */
#include "cmig/error.h"
#include "cmig/text.h"
#include "db/pg/pg.h"

#include <string.h>
#include <sys/socket.h>

/* The first libpq that knows sslrootcert=system; older ones look for a file of that name and, when
 * there is none, connect without verifying. */
#define LIBPQ_WITH_SYSTEM_ROOTS 160000

/* A socket of this machine needs no TLS, and libpq makes none. */
static gboolean is_local(const PGconn *conn)
{
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;
    return getpeername(PQsocket(conn), (struct sockaddr *)&peer, &length) == 0 &&
           peer.ss_family == AF_UNIX;
}

gboolean cmig_pg_check_roots(const char *sslrootcert, GError **error)
{
    if (strcmp(sslrootcert, "system") != 0 || PQlibVersion() >= LIBPQ_WITH_SYSTEM_ROOTS)
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                "sslrootcert=system needs libpq 16, and this is libpq %d: it would connect without "
                "verifying the server",
                PQlibVersion() / 10000);
    cmig_error_set_hint(error,
                        "name the file of certificates and verify: "
                        "sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt");
    return FALSE;
}

gboolean cmig_pg_check_tls(const CmigPg *pg, const CmigUrl *url, GError **error)
{
    if (!pg->base.settings.require_tls || PQsslInUse(pg->conn) || is_local(pg->conn))
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE,
                "TLS is required, but the connection to %s has none", url->display);
    return FALSE;
}

/* Whether libpq has compared the certificate with an authority's. */
static gboolean is_verified(PGconn *conn)
{
    gboolean verified = FALSE;
    PQconninfoOption *options = PQconninfo(conn);
    for (const PQconninfoOption *one = options; one != NULL && one->keyword != NULL; one++)
        if (strcmp(one->keyword, "sslmode") == 0)
            verified = one->val != NULL && g_str_has_prefix(one->val, "verify-");
    if (options != NULL)
        PQconninfoFree(options);
    return verified;
}

char *cmig_pg_describe_tls(const CmigPg *pg)
{
    if (is_local(pg->conn))
        return NULL;
    if (PQgssEncInUse(pg->conn))
        return g_strdup("GSSAPI encryption");
    if (!PQsslInUse(pg->conn))
        return g_strdup("no TLS");
    const char *protocol = PQsslAttribute(pg->conn, "protocol");
    g_autofree char *version = cmig_text_escape(
        protocol != NULL && g_str_has_prefix(protocol, "TLSv") ? protocol + strlen("TLSv") : "");
    return g_strdup_printf("TLS%s%s, certificate %sverified", *version != '\0' ? " " : "", version,
                           is_verified(pg->conn) ? "" : "not ");
}
