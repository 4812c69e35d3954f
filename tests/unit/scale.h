/* How much a test does. */
#ifndef SCALE_H
#define SCALE_H

#include <glib.h>

/* How many random cases a test tries: all with CMIG_TEST_SCALE=full, as in `make test-full`. */
static inline guint scaled(guint all)
{
    return g_strcmp0(g_getenv("CMIG_TEST_SCALE"), "full") == 0 ? all : all / 4;
}

/* The size of what is only about time: the build without sanitizers is asked how long it takes, and
 * the one with them, which takes several times as long, whether it errs. */
#ifdef __SANITIZE_ADDRESS__
#define TIMED(size) ((size) / 8)
#else
#define TIMED(size) (size)
#endif

#endif
