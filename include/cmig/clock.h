/* Time and random ids. Tests replace both, so that what a run writes can be compared. */
#ifndef CMIG_CLOCK_H
#define CMIG_CLOCK_H

#include <glib.h>

/* The wall clock, in UTC. The caller unrefs. */
GDateTime *cmig_clock_now(void);

/* Microseconds on a clock that never jumps; for durations and deadlines. */
gint64 cmig_clock_monotonic(void);

/* `digits` (at most 64) lower-case hexadecimal digits from the system's random source. The caller
 * frees. */
char *cmig_clock_random_hex(guint digits);

/* For tests: from now on the wall clock stands at `unix_seconds` and random ids count up from
 * `first_id`. */
void cmig_clock_freeze(gint64 unix_seconds, guint64 first_id);

#endif
