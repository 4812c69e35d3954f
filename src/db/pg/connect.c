/* Connecting: asynchronously, so that Ctrl-C and the timeout work, and patiently with a server that
 * is starting or full, as when many replicas of an application start together. */
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "pg.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTICE_LIMIT            200
#define DEFAULT_PATIENCE        (10 * G_USEC_PER_SEC)
#define POLL_SLICE_MILLISECONDS 200

static void receive_notice(void *data, const PGresult *result)
{
    CmigPg *pg = data;
    const CmigDbSettings *settings = &pg->base.settings;
    if (pg->quiet || settings->notice == NULL || pg->notices++ >= NOTICE_LIMIT)
        return;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    settings->notice(severity ? severity : "NOTICE", message ? message : "", settings->notice_data);
    if (pg->notices == NOTICE_LIMIT)
        settings->notice("NOTICE", "further messages of this migration are not shown",
                         settings->notice_data);
}

typedef struct {
    GPtrArray *keywords;
    GPtrArray *values; /* owned */
} Parameters;

static void add_parameter(Parameters *to, const char *keyword, const char *value)
{
    g_ptr_array_add(to->keywords, (gpointer)(guintptr)keyword);
    g_ptr_array_add(to->values, g_strdup(value));
}

/* What stands before `dbname` gives way to the user's settings; what stands behind it does not. */
static void fill_parameters(Parameters *to, const CmigUrl *url, const CmigDbSettings *settings)
{
    g_autofree char *application =
        g_strdup_printf("cmig/%s %s:%d", CMIG_VERSION, g_get_host_name(), (int)getpid());
    add_parameter(to, "keepalives_idle", "30");
    add_parameter(to, "keepalives_interval", "10");
    add_parameter(to, "keepalives_count", "3");
    add_parameter(to, "tcp_user_timeout", "60000");
    if (settings->connect_timeout > 0) {
        g_autofree char *seconds = g_strdup_printf("%u", settings->connect_timeout);
        add_parameter(to, "connect_timeout", seconds);
    }
    add_parameter(to, "fallback_application_name", application);
    add_parameter(to, "dbname", url->conninfo);
    add_parameter(to, "client_encoding", "UTF8");
    g_ptr_array_add(to->keywords, NULL);
    g_ptr_array_add(to->values, NULL);
}

/* Values of the connection's parameters that must not be shown, and its timeout. */
static GStrv read_options(PGconn *conn, gint64 *timeout)
{
    g_autoptr(GStrvBuilder) secrets = g_strv_builder_new();
    PQconninfoOption *options = PQconninfo(conn);
    gint64 seconds = 0;
    gint64 hosts = 1;
    for (const PQconninfoOption *one = options; one != NULL && one->keyword != NULL; one++) {
        if (one->val == NULL || *one->val == '\0')
            continue;
        if (strchr(one->dispchar, '*') != NULL)
            g_strv_builder_add(secrets, one->val);
        else if (strcmp(one->keyword, "connect_timeout") == 0)
            seconds = g_ascii_strtoll(one->val, NULL, 10);
        else if (strcmp(one->keyword, "host") == 0)
            for (const char *at = strchr(one->val, ','); at != NULL; at = strchr(at + 1, ','))
                hosts++;
    }
    if (options != NULL)
        PQconninfoFree(options);
    /* The timeout is meant for each host. */
    *timeout = CLAMP(seconds, 0, 86400) * hosts * G_USEC_PER_SEC;
    return g_strv_builder_end(secrets);
}

/* Waits for what libpq waits for; FALSE after a slice of time or a signal. */
static gboolean wait_for_socket(PGconn *conn, PostgresPollingStatusType status)
{
    struct pollfd socket = {.fd = PQsocket(conn)};
    socket.events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    return poll(&socket, 1, POLL_SLICE_MILLISECONDS) > 0;
}

/* One attempt. FALSE without an error: `*problem` has libpq's text. */
static gboolean attempt(PGconn *conn, gint64 deadline, char **problem, GError **error)
{
    PostgresPollingStatusType status =
        PQstatus(conn) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        gboolean ready = wait_for_socket(conn, status);
        if (cmig_interrupt_check(error))
            return FALSE;
        if (deadline > 0 && cmig_clock_monotonic() > deadline) {
            *problem = g_strdup("connection failed: timeout expired");
            return FALSE;
        }
        if (ready)
            status = PQconnectPoll(conn);
    }
    if (status == PGRES_POLLING_OK)
        return TRUE;
    *problem = g_strdup(PQerrorMessage(conn));
    return FALSE;
}

static gboolean worth_waiting(const char *problem)
{
    g_autofree char *sqlstate = cmig_pg_connect_sqlstate(problem);
    /* Too many connections; starting up or shutting down. */
    return g_strcmp0(sqlstate, "53300") == 0 || g_strcmp0(sqlstate, "57P03") == 0;
}

static gboolean connect_patiently(CmigPg *pg, const CmigUrl *url, const Parameters *parameters,
                                  GError **error)
{
    gint64 begin = cmig_clock_monotonic();
    gint64 pause = G_USEC_PER_SEC / 10;
    for (;;) {
        pg->conn = PQconnectStartParams((const char *const *)parameters->keywords->pdata,
                                        (const char *const *)parameters->values->pdata, 1);
        if (pg->conn == NULL)
            g_error("out of memory");
        PQsetNoticeReceiver(pg->conn, receive_notice, pg);
        /* Only the verbose form has the SQLSTATE. */
        PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
        gint64 timeout = 0;
        g_auto(GStrv) secrets = read_options(pg->conn, &timeout);
        gint64 now = cmig_clock_monotonic();
        g_autofree char *problem = NULL;
        if (attempt(pg->conn, timeout > 0 ? now + timeout : 0, &problem, error))
            return TRUE;
        g_clear_pointer(&pg->conn, PQfinish);
        if (problem == NULL)
            return FALSE;
        gint64 patience = timeout > 0 ? timeout : DEFAULT_PATIENCE;
        if (!worth_waiting(problem) || cmig_clock_monotonic() - begin > patience) {
            cmig_pg_set_connect_error(url, problem, (const char *const *)secrets, error);
            return FALSE;
        }
        cmig_interrupt_sleep(pause + g_random_int_range(0, (gint32)pause));
        if (cmig_interrupt_check(error))
            return FALSE;
        pause = MIN(pause * 2, G_USEC_PER_SEC);
    }
}

gboolean cmig_pg_open(const CmigUrl *url, const CmigDbSettings *settings, CmigDb **db,
                      GError **error)
{
    /* libpq's own complaint would repeat parts of the string. */
    char *complaint = NULL;
    PQconninfoOption *parsed = PQconninfoParse(url->conninfo, &complaint);
    gboolean valid = parsed != NULL || *url->conninfo == '\0';
    gboolean is_bare_name =
        strstr(url->conninfo, "://") == NULL && strchr(url->conninfo, '=') == NULL;
    if (parsed != NULL)
        PQconninfoFree(parsed);
    if (complaint != NULL)
        PQfreemem(complaint);
    if (!valid && !is_bare_name) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "the database URL of %s is malformed",
                    url->display);
        cmig_error_set_hint(error, "in a URL, write special characters of user name and password "
                                   "as %%XX; parameters must be ones that libpq knows");
        return FALSE;
    }
    CmigPg *pg = g_new0(CmigPg, 1);
    pg->base.settings = *settings;
    Parameters parameters = {g_ptr_array_new(), g_ptr_array_new_with_free_func(g_free)};
    fill_parameters(&parameters, url, settings);
    gboolean connected = connect_patiently(pg, url, &parameters, error);
    g_ptr_array_unref(parameters.keywords);
    g_ptr_array_unref(parameters.values);
    if (!connected) {
        g_free(pg);
        return FALSE;
    }
    PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
    pg->cancel = PQgetCancel(pg->conn);
    *db = &pg->base;
    return TRUE;
}

void cmig_pg_close(CmigDb *db)
{
    CmigPg *pg = (CmigPg *)db;
    PQfreeCancel(pg->cancel);
    PQfinish(pg->conn);
    g_free(pg);
}

gboolean cmig_pg_reconnect(CmigDb *db, GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    pg->locked = FALSE;
    pg->separate = FALSE;
    PQreset(pg->conn);
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE, "cannot connect to %s again",
                    db->display);
        return FALSE;
    }
    PGcancel *old = pg->cancel;
    pg->cancel = PQgetCancel(pg->conn); /* a signal may come at any time */
    PQfreeCancel(old);
    return TRUE;
}

/* Called from a signal handler. */
void cmig_pg_cancel(void *db)
{
    CmigPg *pg = db;
    char ignored[256];
    pg->cancelled = 1;
    if (pg->cancel != NULL)
        PQcancel(pg->cancel, ignored, sizeof ignored);
}
