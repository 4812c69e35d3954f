/* Ctrl-C and termination. The signal handler sets a flag and asks the database to cancel the
 * running statement; everything else happens where the flag is read. */
#ifndef CMIG_INTERRUPT_H
#define CMIG_INTERRUPT_H

#include <glib.h>

/* Installs handlers for SIGINT, SIGTERM and SIGHUP, and ignores SIGPIPE and SIGXFSZ, so that
 * the writes that cause them fail instead. Called once, by main. */
void cmig_interrupt_install(void);

/* Whether such a signal came. */
gboolean cmig_interrupt_requested(void);

/* Returns TRUE and sets CMIG_ERROR_INTERRUPTED when a signal came. */
gboolean cmig_interrupt_check(GError **error);

/* Between TRUE and FALSE an earlier signal counts as none, so that what must still be said to the
 * database can be; one that comes meanwhile cancels as ever. */
void cmig_interrupt_hold(gboolean hold);

/* Sleeps up to `microseconds`; a signal ends it early. */
void cmig_interrupt_sleep(gint64 microseconds);

/* `cancel` is called from the signal handler and must be async-signal-safe; NULL to remove it. */
void cmig_interrupt_set_cancel(void (*cancel)(void *data), void *data);

#endif
