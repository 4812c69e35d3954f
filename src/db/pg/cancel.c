/* Cancelling what the server is doing, from a signal handler. The server, or what lies between, may
 * have gone silent: the request is another process's to wait for, and if no answer comes in time
 * the connection is cut, so that whoever waits for it learns that it is lost. */
#define _GNU_SOURCE /* _Fork */
#include "db/pg/pg.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    GRACE = 8,    /* seconds that a cancelled statement has to end; `docker stop` gives ten */
    PATIENCE = 5, /* seconds that a request has */
};

/* The connection's socket, -1 = there is none to cut. Read by the handlers. */
static volatile sig_atomic_t open_socket = -1;

static void cut(int number)
{
    (void)number;
    if (open_socket >= 0)
        shutdown(open_socket, SHUT_RDWR);
}

/* Later signals do not put it off. */
static void cut_after_grace(void)
{
    struct sigaction action = {.sa_handler = cut};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    unsigned left = alarm(GRACE);
    if (left > 0)
        alarm(left);
}

/* A cancel that arrives late would hit what comes next, the record of a refusal; so it is waited
 * for, if it does not take long. */
static void wait_for(pid_t child)
{
    const struct timespec step = {.tv_nsec = 2 * 1000 * 1000};
    for (int left = 500; left > 0 && child > 0 && waitpid(child, NULL, WNOHANG) == 0; left--)
        nanosleep(&step, NULL);
}

/* Called from a signal handler: only what may be done there. */
void cmig_pg_cancel(void *db)
{
    CmigPg *pg = db;
    pg->cancelled = 1;
    if (pg->cancel == NULL)
        return;
    cut_after_grace();
    pid_t child = _Fork();
    if (child != 0) {
        wait_for(child);
        return;
    }
    PGcancel *request = pg->cancel;
    char ignored[256];
    sigset_t none;
    sigemptyset(&none);
    pg->cancel = NULL; /* signals to the whole group end up here, too */
    signal(SIGALRM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    alarm(PATIENCE);
    PQcancel(request, ignored, sizeof ignored);
    _exit(0);
}

void cmig_pg_cancel_begin(CmigPg *pg)
{
    open_socket = PQsocket(pg->conn);
    pg->cancel = PQgetCancel(pg->conn);
}

void cmig_pg_cancel_end(CmigPg *pg)
{
    PGcancel *old = pg->cancel;
    open_socket = -1;
    alarm(0);
    pg->cancel = NULL;
    PQfreeCancel(old);
}
