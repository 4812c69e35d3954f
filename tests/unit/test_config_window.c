/* Time ranges: what is one, and which moments lie in it. */
#include "cmig/error.h"
#include "cmig/window.h"

#include <check.h>

/* 2026-11-21 is a Saturday. */
static const struct {
    const char *range;
    const char *now;
    gboolean inside;
} cases[] = {
    {"Fri 16:00 - Mon 08:00", "2026-11-21T12:00:00Z", TRUE},
    {"Fri 16:00 - Mon 08:00", "2026-11-20T15:59:59Z", FALSE},
    {"Fri 16:00 - Mon 08:00", "2026-11-20T16:00:00Z", TRUE},
    {"Fri 16:00 - Mon 08:00", "2026-11-23T07:59:59Z", TRUE},
    {"Fri 16:00 - Mon 08:00", "2026-11-23T08:00:00Z", FALSE},
    {"friday 16:00 - MON 08:00", "2026-11-22T00:00:00Z", TRUE},
    {"Sat - Sun", "2026-11-22T23:59:00Z", TRUE},
    {"Sat - Sun", "2026-11-23T00:00:00Z", FALSE},
    {"Mon - Sun", "2026-11-18T00:00:00Z", TRUE},
    {"22:00 - 06:00", "2026-11-21T23:00:00Z", TRUE},
    {"22:00 - 06:00", "2026-11-21T05:59:00Z", TRUE},
    {"22:00 - 06:00", "2026-11-21T06:00:00Z", FALSE},
    {"09:00 - 17:00", "2026-11-21T08:59:00Z", FALSE},
    {"09:00 - 17:00", "2026-11-21T09:00:00Z", TRUE},
    {"00:00 - 24:00", "2026-11-21T09:00:00Z", TRUE},
    {"2026-12-20 - 2027-01-03", "2027-01-03T23:59:00Z", TRUE},
    {"2026-12-20 - 2027-01-03", "2027-01-04T00:00:00Z", FALSE},
    {"2026-12-20 - 2027-01-03", "2026-12-19T23:59:00Z", FALSE},
    {"2026-12-20 - 2026-12-20", "2026-12-20T12:00:00Z", TRUE},
    {"2026-12-20 18:00 - 2026-12-21 08:00", "2026-12-20T17:59:00Z", FALSE},
    {"2026-12-20 18:00 - 2026-12-21 08:00", "2026-12-21T07:59:00Z", TRUE},
    /* The day is that of the zone: it is the 20th already. */
    {"2026-12-20 - 2026-12-20", "2026-12-20T00:30:00+02:00", TRUE},
    {"2026-12-19 - 2026-12-19", "2026-12-20T00:30:00+02:00", FALSE},
};

START_TEST(test_contains)
{
    CmigWindow window = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(GDateTime) now = g_date_time_new_from_iso8601(cases[_i].now, NULL);
    ck_assert_ptr_nonnull(now);
    ck_assert(cmig_window_parse(cases[_i].range, &window, &error));
    ck_assert_msg(cmig_window_contains(&window, now) == cases[_i].inside, "%s at %s",
                  cases[_i].range, cases[_i].now);
}
END_TEST

static const char *const wrong[] = {
    "",
    "Fri",
    "Fri 16:00",
    "Fri 16:00-Mon 08:00",
    "Fri 16:00 - 08:00",
    "Fri 25:00 - Mon 08:00",
    "Fri 24:01 - Mon 08:00",
    "Fri16:00 - Mon 08:00",
    "Fr 16:00 - Mon 08:00",
    "16 - 18",
    "16:60 - 18:00",
    "16:00 - 18:00x",
    "2026-02-30 - 2026-03-01",
    "2026-12-20 - 2026-12-19",
    "2026-12-20 18:00 - 2026-12-20 18:00",
    "2026-12-20T18:00 - 2026-12-21",
    "Mon - Tue - Wed",
};

START_TEST(test_wrong)
{
    CmigWindow window = {0};
    g_autoptr(GError) error = NULL;
    ck_assert_msg(!cmig_window_parse(wrong[_i], &window, &error), "%s", wrong[_i]);
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_CONFIG));
    ck_assert_ptr_nonnull(cmig_error_hint(error));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_window");
    TCase *tests = tcase_create("config_window");
    tcase_add_loop_test(tests, test_contains, 0, G_N_ELEMENTS(cases));
    tcase_add_loop_test(tests, test_wrong, 0, G_N_ELEMENTS(wrong));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
