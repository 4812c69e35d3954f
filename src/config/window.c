#include "cmig/window.h"

#include "cmig/error.h"

#include <string.h>

enum {
    HOUR = 60,
    DAY = 24 * HOUR,
    WEEK = 7 * DAY,
};

/* One side of a range. */
typedef struct {
    CmigWindowKind kind;
    gint64 minutes;
    gboolean has_time;
} Point;

/* Two or four digits at the beginning of `*text`, from `least` to `most`. */
static gboolean take_number(const char **text, gsize digits, guint least, guint most, guint *number)
{
    guint value = 0;
    for (gsize idx = 0; idx < digits; idx++) {
        if (!g_ascii_isdigit((*text)[idx]))
            return FALSE;
        value = value * 10 + (guint)g_ascii_digit_value((*text)[idx]);
    }
    if (value < least || value > most)
        return FALSE;
    *text += digits;
    *number = value;
    return TRUE;
}

static gboolean take_char(const char **text, char wanted)
{
    if (**text != wanted)
        return FALSE;
    (*text)++;
    return TRUE;
}

/* "HH:MM", to 24:00. */
static gboolean take_time(const char **text, gint64 *minutes)
{
    guint hour = 0;
    guint minute = 0;
    if (!take_number(text, 2, 0, 24, &hour) || !take_char(text, ':') ||
        !take_number(text, 2, 0, 59, &minute) || (hour == 24 && minute != 0))
        return FALSE;
    *minutes = hour * HOUR + minute;
    return TRUE;
}

static gboolean take_date(const char **text, gint64 *minutes)
{
    guint year = 0;
    guint month = 0;
    guint day = 0;
    if (!take_number(text, 4, 1970, 9999, &year) || !take_char(text, '-') ||
        !take_number(text, 2, 1, 12, &month) || !take_char(text, '-') ||
        !take_number(text, 2, 1, 31, &day) ||
        !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return FALSE;
    g_autoptr(GDateTime) start = g_date_time_new_utc((int)year, (int)month, (int)day, 0, 0, 0);
    *minutes = g_date_time_to_unix(start) / 60;
    return TRUE;
}

/* "Mon" or "Monday", in any letter case. */
static gboolean take_weekday(const char **text, gint64 *minutes)
{
    static const char *const names[] = {"monday", "tuesday",  "wednesday", "thursday",
                                        "friday", "saturday", "sunday"};
    gsize length = strspn(*text, G_CSET_A_2_Z G_CSET_a_2_z);
    for (guint idx = 0; idx < G_N_ELEMENTS(names); idx++) {
        if ((length != 3 && length != strlen(names[idx])) ||
            g_ascii_strncasecmp(*text, names[idx], length) != 0)
            continue;
        *text += length;
        *minutes = (gint64)idx * DAY;
        return TRUE;
    }
    return FALSE;
}

static gboolean parse_point(const char *text, Point *point)
{
    const char *at = text;
    gint64 time = 0;
    *point = (Point){.kind = CMIG_WINDOW_DAILY};
    if (take_date(&at, &point->minutes))
        point->kind = CMIG_WINDOW_ONCE;
    else if (at = text, take_weekday(&at, &point->minutes))
        point->kind = CMIG_WINDOW_WEEKLY;
    else
        at = text;
    gboolean day = point->kind != CMIG_WINDOW_DAILY;
    if (day && *at == '\0')
        return TRUE;
    if (day && !take_char(&at, ' '))
        return FALSE;
    at += strspn(at, " ");
    point->has_time = TRUE;
    if (!take_time(&at, &time) || *at != '\0')
        return FALSE;
    point->minutes += time;
    return TRUE;
}

gboolean cmig_window_parse(const char *text, CmigWindow *window, GError **error)
{
    g_auto(GStrv) sides = g_strsplit(text, " - ", -1);
    Point from = {0};
    Point to = {0};
    gboolean good = g_strv_length(sides) == 2 && parse_point(g_strstrip(sides[0]), &from) &&
                    parse_point(g_strstrip(sides[1]), &to) && from.kind == to.kind;
    /* The last day counts whole. */
    if (good && !to.has_time)
        to.minutes += DAY;
    if (!good || (from.kind == CMIG_WINDOW_ONCE && to.minutes <= from.minutes)) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                            good ? "the time range ends before it begins" : "not a time range");
        cmig_error_set_hint(error, "write \"Fri 16:00 - Mon 08:00\", \"22:00 - 06:00\" or "
                                   "\"2026-12-20 - 2027-01-03\"");
        return FALSE;
    }
    *window = (CmigWindow){.kind = from.kind, .from = from.minutes, .to = to.minutes};
    return TRUE;
}

gboolean cmig_window_contains(const CmigWindow *window, GDateTime *now)
{
    gint64 day = g_date_time_get_hour(now) * HOUR + g_date_time_get_minute(now);
    if (window->kind == CMIG_WINDOW_ONCE) {
        gint64 minutes =
            (g_date_time_to_unix(now) + g_date_time_get_utc_offset(now) / G_USEC_PER_SEC) / 60;
        return minutes >= window->from && minutes < window->to;
    }
    gint64 period = window->kind == CMIG_WINDOW_DAILY ? DAY : WEEK;
    gint64 at = window->kind == CMIG_WINDOW_DAILY
                    ? day
                    : (g_date_time_get_day_of_week(now) - 1) * DAY + day;
    gint64 length = window->to - window->from;
    if (length <= 0)
        length += period;
    return (at - window->from + period) % period < length;
}
