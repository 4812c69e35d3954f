/* How many random cases a test tries: all with CMIG_TEST_SCALE=full, as in `make test-full`. */
#ifndef SCALE_H
#define SCALE_H

#include <glib.h>

static guint scaled(guint all)
{
    return g_strcmp0(g_getenv("CMIG_TEST_SCALE"), "full") == 0 ? all : all / 4;
}

#endif
