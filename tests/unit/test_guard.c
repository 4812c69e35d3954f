/* The guard's decisions, as a table: environment, confirmation, where the URL comes from. */
#include "cmig/error.h"
#include "cmig/guard.h"

#include <check.h>

enum { RUNS = -1 };

static const struct {
    const char *environment;
    const char *confirmed; /* in the process; NULL = unset */
    const char *dotenv;    /* in a .env file */
    CmigOrigin origin;
    int target; /* error code of check_target, or RUNS */
    int write;  /* error code of check_write, or RUNS; asked only when the target is fine */
} cases[] = {
    {NULL, NULL, NULL, CMIG_ORIGIN_FILE_DEFAULT, RUNS, RUNS},
    {"development", NULL, NULL, CMIG_ORIGIN_FILE_DEFAULT, RUNS, RUNS},
    {"staging", NULL, NULL, CMIG_ORIGIN_ENVIRONMENT, RUNS, RUNS},
    {"products", NULL, NULL, CMIG_ORIGIN_ENVIRONMENT, RUNS, RUNS},
    {"production", NULL, NULL, CMIG_ORIGIN_ENVIRONMENT, RUNS, CMIG_ERROR_REFUSED},
    {"Production", NULL, NULL, CMIG_ORIGIN_FLAG, RUNS, CMIG_ERROR_REFUSED},
    {"PROD", NULL, NULL, CMIG_ORIGIN_FILE, RUNS, CMIG_ERROR_REFUSED},
    {"production", "", NULL, CMIG_ORIGIN_ENVIRONMENT, RUNS, CMIG_ERROR_REFUSED},
    {"production", "true", NULL, CMIG_ORIGIN_ENVIRONMENT, RUNS, RUNS},
    {"production", "true", NULL, CMIG_ORIGIN_DOTENV, RUNS, RUNS},
    {"production", "true", NULL, CMIG_ORIGIN_FILE, RUNS, RUNS},
    {"production", "true", NULL, CMIG_ORIGIN_FILE_DEFAULT, CMIG_ERROR_CONFIG, 0},
    {"production", NULL, "true", CMIG_ORIGIN_ENVIRONMENT, RUNS, CMIG_ERROR_REFUSED},
    {"production", "TRUE", NULL, CMIG_ORIGIN_ENVIRONMENT, CMIG_ERROR_CONFIG, 0},
    {"production", "1", NULL, CMIG_ORIGIN_ENVIRONMENT, CMIG_ERROR_CONFIG, 0},
    {"production", "true ", NULL, CMIG_ORIGIN_ENVIRONMENT, CMIG_ERROR_CONFIG, 0},
    {NULL, "yes", NULL, CMIG_ORIGIN_ENVIRONMENT, CMIG_ERROR_CONFIG, 0},
    {NULL, NULL, NULL, CMIG_ORIGIN_NONE, CMIG_ERROR_CONFIG, 0},
};

static void assert_result(gboolean ok, const GError *error, int expected)
{
    if (expected == RUNS) {
        ck_assert(ok);
        ck_assert_ptr_null(error);
    } else {
        ck_assert(!ok);
        ck_assert(g_error_matches(error, CMIG_ERROR, expected));
        ck_assert_ptr_nonnull(cmig_error_hint(error));
    }
}

START_TEST(test_decision)
{
    static const char variable[] = "CONFIRM_PRODUCTION_MIGRATION";
    g_autoptr(GHashTable) env = g_hash_table_new(g_str_hash, g_str_equal);
    CmigUrl url = {.display = (char *)(guintptr) "app@db/app"};
    g_autoptr(GError) url_error = NULL;
    CmigConfig config = {.env = env,
                         .url_origin = cases[_i].origin,
                         .url_source = (char *)(guintptr) "alembic.yml:3",
                         .environment = (char *)(guintptr)cases[_i].environment,
                         .environment_source = (char *)(guintptr) "APP_ENV"};
    if (cases[_i].origin == CMIG_ORIGIN_NONE) {
        g_set_error(&url_error, CMIG_ERROR, CMIG_ERROR_CONFIG, "no database URL");
        cmig_error_set_hint(&url_error, "set one");
        config.url_error = url_error;
    } else {
        config.url = &url;
    }
    if (cases[_i].confirmed != NULL)
        g_setenv(variable, cases[_i].confirmed, TRUE);
    else
        g_unsetenv(variable);
    if (cases[_i].dotenv != NULL)
        g_hash_table_insert(env, (gpointer)(guintptr)variable,
                            (gpointer)(guintptr)cases[_i].dotenv);

    g_autoptr(GError) error = NULL;
    gboolean ok = cmig_guard_check_target(&config, &error);
    assert_result(ok, error, cases[_i].target);
    if (!ok)
        return;
    g_autoptr(GError) refusal = NULL;
    ok = cmig_guard_check_write(&config, "upgrade by 3 revisions", &refusal);
    assert_result(ok, refusal, cases[_i].write);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard");
    TCase *decisions = tcase_create("decisions");
    tcase_add_loop_test(decisions, test_decision, 0, G_N_ELEMENTS(cases));
    suite_add_tcase(suite, decisions);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
