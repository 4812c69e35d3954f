/* Durations: 500ms, 60s, 1.5min, 2h. */
#include "cmig/config.h"
#include "cmig/error.h"

#include <string.h>

gboolean cmig_duration_parse(const char *text, guint *milliseconds, GError **error)
{
    static const struct {
        const char *unit;
        double milliseconds;
    } units[] = {{"ms", 1}, {"s", 1000}, {"", 1000}, {"min", 60000}, {"h", 3600000}};
    const char *digits = "0123456789";

    gsize whole = strspn(text, digits);
    gsize length = whole;
    if (whole > 0 && text[whole] == '.' && g_ascii_isdigit(text[whole + 1]))
        length += 1 + strspn(text + whole + 1, digits);
    const char *unit = text + length + strspn(text + length, " ");
    for (gsize idx = 0; whole > 0 && idx < G_N_ELEMENTS(units); idx++) {
        if (strcmp(units[idx].unit, unit) != 0)
            continue;
        double value = g_ascii_strtod(text, NULL) * units[idx].milliseconds;
        if (value > G_MAXINT) { /* PostgreSQL's own limit */
            g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                                "the duration is too long: at most 2147483647ms (24 days)");
            return FALSE;
        }
        *milliseconds = (guint)(value + 0.5);
        return TRUE;
    }
    /* The text is not shown: it may come from the wrong environment variable. */
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                        "not a duration: a number with ms, s, min or h is expected, such as 30s");
    return FALSE;
}
