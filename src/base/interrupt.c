#include "cmig/interrupt.h"

#include "cmig/error.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

static volatile sig_atomic_t requested;
static sig_atomic_t held; /* what it was */
/* Written by the main flow, read by the handler: signals are blocked while the pair changes. */
static void (*volatile cancel_function)(void *);
static void *volatile cancel_data;

static const int handled_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void on_signal(int number)
{
    (void)number;
    int saved_errno = errno;
    requested = 1;
    if (cancel_function != NULL)
        cancel_function(cancel_data);
    errno = saved_errno;
}

void cmig_interrupt_install(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (gsize idx = 0; idx < G_N_ELEMENTS(handled_signals); idx++) {
        struct sigaction old;
        /* A signal that the parent ignores (nohup) stays ignored. */
        if (sigaction(handled_signals[idx], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(handled_signals[idx], &action, NULL);
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
    /* A file size limit is an error of write(), like a full disk. */
    sigaction(SIGXFSZ, &ignore, NULL);
}

void cmig_interrupt_hold(gboolean hold)
{
    if (hold) {
        held = requested;
        requested = 0;
    } else if (held) {
        requested = 1;
    }
}

gboolean cmig_interrupt_requested(void)
{
    return requested != 0;
}

gboolean cmig_interrupt_check(GError **error)
{
    if (!requested)
        return FALSE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_INTERRUPTED, "interrupted");
    return TRUE;
}

void cmig_interrupt_sleep(gint64 microseconds)
{
    struct timespec wait = {.tv_sec = microseconds / G_USEC_PER_SEC,
                            .tv_nsec = (microseconds % G_USEC_PER_SEC) * 1000};
    if (!requested)
        nanosleep(&wait, NULL);
}

void cmig_interrupt_set_cancel(void (*cancel)(void *data), void *data)
{
    sigset_t block;
    sigset_t old;
    sigemptyset(&block);
    for (gsize idx = 0; idx < G_N_ELEMENTS(handled_signals); idx++)
        sigaddset(&block, handled_signals[idx]);
    sigprocmask(SIG_BLOCK, &block, &old);
    cancel_function = cancel;
    cancel_data = data;
    sigprocmask(SIG_SETMASK, &old, NULL);
}
