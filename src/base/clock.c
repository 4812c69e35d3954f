#include "cmig/clock.h"

#include <errno.h>
#include <sys/random.h>

static gboolean frozen;
static gint64 frozen_seconds;
static guint64 next_id;

void cmig_clock_freeze(gint64 unix_seconds, guint64 first_id)
{
    frozen = TRUE;
    frozen_seconds = unix_seconds;
    next_id = first_id;
}

GDateTime *cmig_clock_now(void)
{
    return frozen ? g_date_time_new_from_unix_utc(frozen_seconds) : g_date_time_new_now_utc();
}

gint64 cmig_clock_monotonic(void)
{
    return g_get_monotonic_time();
}

char *cmig_clock_random_hex(guint digits)
{
    g_assert(digits <= 64);
    if (frozen)
        return g_strdup_printf("%0*" G_GINT64_MODIFIER "x", (int)digits, next_id++);

    guint8 bytes[32];
    gsize wanted = (digits + 1) / 2;
    for (gsize got = 0; got < wanted;) {
        gssize n = getrandom(bytes + got, wanted - got, 0);
        if (n < 0 && errno != EINTR)
            g_error("the system has no random source: %s", g_strerror(errno));
        if (n > 0)
            got += (gsize)n;
    }
    GString *hex = g_string_sized_new(digits + 1);
    for (gsize idx = 0; idx < wanted; idx++)
        g_string_append_printf(hex, "%02x", bytes[idx]);
    g_string_truncate(hex, digits);
    return g_string_free(hex, FALSE);
}
