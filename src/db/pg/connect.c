/* Connecting: asynchronously, so that Ctrl-C and the timeout work, and patiently with a server that
 * is starting or full, as when many replicas of an application start together. */
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "db/pg/pg.h"

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

/* One round over all ways to the database. */
typedef struct {
    gint64 deadline;   /* of the round, 0 = none */
    gint64 timeout;    /* of one connection, microseconds, 0 = none */
    GStrv secrets;     /* values of the connection's parameters that must not be shown */
    GString *problems; /* libpq's texts */
} Round;

static void round_clear(Round *one)
{
    g_clear_pointer(&one->secrets, g_strfreev);
    if (one->problems != NULL)
        g_string_free(g_steal_pointer(&one->problems), TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Round, round_clear)

/* What libpq made of URL, environment and service file. */
static gboolean read_options(PGconn *conn, Round *to, GError **error)
{
    g_autoptr(GStrvBuilder) secrets = g_strv_builder_new();
    gboolean ok = TRUE;
    PQconninfoOption *options = PQconninfo(conn);
    gint64 seconds = 0;
    gint64 hosts = 1;
    for (const PQconninfoOption *one = options; one != NULL && one->keyword != NULL; one++) {
        if (one->val == NULL || *one->val == '\0')
            continue;
        if (strchr(one->dispchar, '*') != NULL)
            g_strv_builder_add(secrets, one->val);
        else if (strcmp(one->keyword, "sslrootcert") == 0)
            ok = cmig_pg_check_roots(one->val, error);
        else if (strcmp(one->keyword, "connect_timeout") == 0)
            seconds = g_ascii_strtoll(one->val, NULL, 10);
        else if (strcmp(one->keyword, "host") == 0)
            for (const char *at = strchr(one->val, ','); at != NULL; at = strchr(at + 1, ','))
                hosts++;
    }
    if (options != NULL)
        PQconninfoFree(options);
    /* The timeout is meant for each host. */
    to->timeout = CLAMP(seconds, 0, 86400) * hosts * G_USEC_PER_SEC;
    g_strfreev(to->secrets);
    to->secrets = g_strv_builder_end(secrets);
    return ok;
}

/* Waits for what libpq waits for; FALSE after a slice of time or a signal. */
static gboolean wait_for_socket(PGconn *conn, PostgresPollingStatusType status)
{
    struct pollfd socket = {.fd = PQsocket(conn)};
    socket.events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    return poll(&socket, 1, POLL_SLICE_MILLISECONDS) > 0;
}

/* Whether the moment is past; 0 never is. */
static gboolean is_past(gint64 deadline)
{
    return deadline > 0 && cmig_clock_monotonic() > deadline;
}

/* Lets libpq connect, step by step with `next`. FALSE without an error: `*problem` has its text. */
static gboolean establish(PGconn *conn, PostgresPollingStatusType (*next)(PGconn *),
                          gint64 deadline, char **problem, GError **error)
{
    PostgresPollingStatusType status =
        PQstatus(conn) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        gboolean ready = wait_for_socket(conn, status);
        if (cmig_interrupt_check(error))
            return FALSE;
        if (is_past(deadline)) {
            *problem = g_strdup("connection failed: timeout expired");
            return FALSE;
        }
        if (ready)
            status = next(conn);
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

/* Until when one way is tried: its own time limit, and its share of what is left for all. */
static gint64 way_deadline(const Round *round, guint left)
{
    gint64 now = cmig_clock_monotonic();
    gint64 own = round->timeout > 0 ? now + round->timeout : 0;
    gint64 share = round->deadline > 0 ? now + (round->deadline - now) / left : 0;
    return own == 0 || (share > 0 && share < own) ? share : own;
}

/* Connects in one way. FALSE without an error: libpq's text is among the problems; `*last` tells
 * that a server has answered, so that no other is asked, as libpq does it. */
static gboolean take_way(CmigPg *pg, const CmigPgParameters *way, guint left, Round *round,
                         gboolean *last, GError **error)
{
    pg->conn = PQconnectStartParams((const char *const *)way->keywords->pdata,
                                    (const char *const *)way->values->pdata, 1);
    if (pg->conn == NULL)
        g_error("out of memory");
    PQsetNoticeReceiver(pg->conn, receive_notice, pg);
    /* Only the verbose form has the SQLSTATE. */
    PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
    g_autofree char *problem = NULL;
    if (read_options(pg->conn, round, error)) {
        if (establish(pg->conn, PQconnectPoll, way_deadline(round, left), &problem, error))
            return TRUE;
    }
    g_clear_pointer(&pg->conn, PQfinish);
    if (problem == NULL)
        return FALSE;
    g_autofree char *sqlstate = cmig_pg_connect_sqlstate(problem);
    *last = sqlstate != NULL && strcmp(sqlstate, "57P03") != 0;
    g_string_append_printf(round->problems, "%s%s", round->problems->len > 0 ? "\n" : "", problem);
    return FALSE;
}

static gboolean try_ways(CmigPg *pg, const GPtrArray *ways, Round *round, GError **error)
{
    GError *problem = NULL;
    gboolean last = FALSE;
    for (guint idx = 0; idx < ways->len && !last && (idx == 0 || !is_past(round->deadline));
         idx++) {
        if (take_way(pg, ways->pdata[idx], ways->len - idx, round, &last, &problem))
            return TRUE;
        if (problem != NULL) {
            g_propagate_error(error, problem);
            return FALSE;
        }
    }
    return FALSE;
}

static gboolean connect_patiently(CmigPg *pg, const CmigUrl *url, const GPtrArray *ways,
                                  GError **error)
{
    gint64 begin = cmig_clock_monotonic();
    gint64 pause = G_USEC_PER_SEC / 10;
    gint64 deadline = pg->base.settings.connect_deadline;
    for (;;) {
        g_auto(Round) round = {.deadline = deadline, .problems = g_string_new(NULL)};
        if (try_ways(pg, ways, &round, error))
            return TRUE;
        if (round.problems->len == 0)
            return FALSE;
        gint64 patience = round.timeout > 0 ? round.timeout : DEFAULT_PATIENCE;
        if (deadline > 0 || !worth_waiting(round.problems->str) ||
            cmig_clock_monotonic() - begin > patience) {
            cmig_pg_set_connect_error(url, round.problems->str, (const char *const *)round.secrets,
                                      error);
            return FALSE;
        }
        cmig_interrupt_sleep(pause + g_random_int_range(0, (gint32)pause));
        if (cmig_interrupt_check(error))
            return FALSE;
        pause = MIN(pause * 2, G_USEC_PER_SEC);
    }
}

/* Behind a pooler in session mode it is not the backend that the login named. */
static gboolean find_backend(CmigPg *pg, GError **error)
{
    pg->backend = PQbackendPID(pg->conn);
    if (!pg->base.settings.session_pooler)
        return TRUE;
    g_autoptr(CmigPgResult) result = PQexec(pg->conn, "SELECT pg_catalog.pg_backend_pid()");
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
        cmig_pg_set_error(pg, result, error);
        return FALSE;
    }
    pg->backend = (int)g_ascii_strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    return TRUE;
}

gboolean cmig_pg_open(const CmigUrl *url, const CmigDbSettings *settings, CmigDb **db,
                      GError **error)
{
    g_autoptr(GPtrArray) ways = NULL;
    if (!cmig_pg_parameters(url, settings, &ways, error))
        return FALSE;
    CmigPg *pg = g_new0(CmigPg, 1);
    pg->base.settings = *settings;
    pg->base.display = url->display; /* db.c keeps a copy when all is well */
    if (!connect_patiently(pg, url, ways, error) || !cmig_pg_check_tls(pg, url, error) ||
        !find_backend(pg, error)) {
        PQfinish(pg->conn);
        g_free(pg);
        return FALSE;
    }
    PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
    cmig_pg_cancel_begin(pg);
    *db = &pg->base;
    return TRUE;
}

gboolean cmig_pg_ping(CmigDb *db, GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    gint64 deadline = db->settings.connect_deadline;
    gboolean alive = PQsendQuery(pg->conn, "SELECT 1") == 1;
    while (alive && PQisBusy(pg->conn)) {
        gboolean ready = wait_for_socket(pg->conn, PGRES_POLLING_READING);
        if (cmig_interrupt_check(error))
            return FALSE;
        if (is_past(deadline)) {
            g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE, "%s lets in but does not answer",
                        db->display);
            return FALSE;
        }
        alive = !ready || PQconsumeInput(pg->conn) == 1;
    }
    g_autoptr(CmigPgResult) result = alive ? PQgetResult(pg->conn) : NULL;
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        return TRUE;
    cmig_pg_set_error(pg, result, error);
    return FALSE;
}

void cmig_pg_close(CmigDb *db)
{
    CmigPg *pg = (CmigPg *)db;
    /* The end of this connection is not that of the session behind a pooler. */
    if (pg->locked && db->settings.session_pooler && PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
        PQclear(PQexec(pg->conn, "SELECT pg_catalog.pg_advisory_unlock_all()"));
    cmig_pg_cancel_end(pg);
    cmig_pg_watch_close(pg);
    PQfinish(pg->conn);
    g_free(pg);
}

/* Connects again in the way that worked, for a limited time: a server that has gone silent must not
 * hold up who asks what it has done. */
static gboolean reset(CmigPg *pg, GError **error)
{
    g_auto(Round) round = {.deadline = pg->base.settings.connect_deadline};
    g_autofree char *problem = NULL;
    GError *stopped = NULL;
    if (read_options(pg->conn, &round, &stopped) && PQresetStart(pg->conn) == 1) {
        if (round.timeout == 0)
            round.timeout = DEFAULT_PATIENCE;
        if (establish(pg->conn, PQresetPoll, way_deadline(&round, 1), &problem, &stopped))
            return TRUE;
    }
    if (stopped != NULL)
        g_propagate_error(error, stopped);
    else
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE, "cannot connect to %s again",
                    pg->base.display);
    return FALSE;
}

gboolean cmig_pg_reconnect(CmigDb *db, GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    pg->locked = FALSE;
    pg->separate = FALSE;
    cmig_pg_cancel_end(pg); /* nothing is there to be cancelled */
    if (!reset(pg, error))
        return FALSE;
    cmig_pg_cancel_begin(pg);
    return find_backend(pg, error);
}
