/* Plain time ranges, as guard.freeze has them:
 *   Fri 16:00 - Mon 08:00      every week
 *   22:00 - 06:00              every day; the end may lie on the next day
 *   2026-12-20 - 2027-01-03    from the beginning of the first day to the end of the last
 *   2026-12-20 18:00 - 2027-01-03 08:00
 * Ends that are times of day are excluded: 16:00 - 18:00 is over at 18:00. */
#ifndef CMIG_WINDOW_H
#define CMIG_WINDOW_H

#include <glib.h>

typedef enum {
    CMIG_WINDOW_DAILY,
    CMIG_WINDOW_WEEKLY,
    CMIG_WINDOW_ONCE,
} CmigWindowKind;

typedef struct {
    CmigWindowKind kind;
    gint64 from; /* minutes: of the day, of the week that begins on Monday, of all time */
    gint64 to;   /* excluded; not after `from`: on the next day or in the next week */
} CmigWindow;

/* Errors: CMIG_ERROR_CONFIG, without a place. */
gboolean cmig_window_parse(const char *text, CmigWindow *window, GError **error);

/* Whether `now`, in its own time zone, lies in the window. */
gboolean cmig_window_contains(const CmigWindow *window, GDateTime *now);

#endif
