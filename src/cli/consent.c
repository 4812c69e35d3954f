#include "cli/consent.h"

#include "cli/options.h"
#include "cli/review.h"

#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/terminal.h"
#include "cmig/text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

CmigConsentRequest cmig_consent_request;

static CmigConsent consent;

void cmig_consent_release(void)
{
    CmigConsentRequest *request = &cmig_consent_request;
    g_clear_pointer(&request->confirmed, g_strfreev);
    g_clear_pointer(&request->approved, g_strfreev);
    g_clear_pointer(&request->reason, g_free);
}

gboolean cmig_consent_check(GError **error)
{
    const CmigConsentRequest *request = &cmig_consent_request;
    if (request->override_freeze && cmig_text_is_blank(request->reason)) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                            "--override-freeze needs a reason");
        cmig_error_set_hint(error, "add --reason 'why it cannot wait'; it goes into the audit log");
        return FALSE;
    }
    if (request->reason != NULL && !g_utf8_validate(request->reason, -1, NULL)) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE, "--reason is not valid UTF-8");
        return FALSE;
    }
    return TRUE;
}

static gboolean has_terminal(void)
{
    return cmig_terminal_is(STDIN_FILENO) && cmig_terminal_is(STDERR_FILENO);
}

/* What was typed, or pasted, before the question was there is no answer to it. */
static void begin_question(void)
{
    fflush(stdout);
    cmig_terminal_forget_input(STDIN_FILENO);
}

/* Whether there is something to read. A signal that came before the question, or between it and a
 * read, would not end the read. */
static gboolean wait_for_answer(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready = 0;
    while (ready == 0 && !cmig_interrupt_requested()) {
        ready = poll(&input, 1, 100);
        if (ready < 0 && errno == EINTR)
            ready = 0;
    }
    return ready > 0;
}

/* The line that is typed, without blanks around it; NULL at the end of input and after Ctrl-C. The
 * caller frees. */
static char *read_answer(void)
{
    char answer[512] = "";
    fflush(stderr);
    if (!wait_for_answer() || fgets(answer, sizeof answer, stdin) == NULL) {
        fputc('\n', stderr);
        return NULL;
    }
    return g_strdup(g_strstrip(answer));
}

static gboolean is_yes(void)
{
    g_autofree char *answer = read_answer();
    return answer != NULL &&
           (g_ascii_strcasecmp(answer, "y") == 0 || g_ascii_strcasecmp(answer, "yes") == 0);
}

gboolean cmig_consent_ask_yes(const char *question, const char *hint, GError **error)
{
    if (cmig_consent_request.yes)
        return TRUE;
    if (!has_terminal()) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_REFUSED,
                            "refused: there is no terminal to ask on");
        cmig_error_set_hint(error, "%s", hint);
        return FALSE;
    }
    begin_question();
    fprintf(stderr, "%s [y/N] ", question);
    if (is_yes())
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_INTERRUPTED, "declined; nothing was changed");
    return FALSE;
}

/* The plan is shown before anybody agrees to it, even to those who asked for quiet. */
static gboolean ask(const CmigQuestion *question, gpointer data G_GNUC_UNUSED)
{
    begin_question();
    if (question->review != NULL) {
        g_autofree char *plan = cmig_review_render(question->review);
        fprintf(stderr, "%s", plan);
    }
    g_autofree char *what = cmig_text_escape(question->intent->what);
    g_autofree char *detail = cmig_text_escape_block(question->detail);
    fprintf(stderr, "\n%s:\n%s\n", what, detail);
    if (question->name == NULL) {
        fprintf(stderr, "Go ahead? [y/N] ");
        return is_yes();
    }
    g_autofree char *name = cmig_text_escape(question->name);
    fprintf(stderr, "Type the name of the database (%s) to go ahead: ", name);
    g_autofree char *answer = read_answer();
    gboolean same = g_strcmp0(answer, question->name) == 0;
    if (!same && answer != NULL && *answer != '\0')
        fprintf(stderr, "That is not its name.\n");
    return same;
}

void cmig_consent_observe(CmigApp *app, CmigRunObserver *observer)
{
    const CmigConsentRequest *request = &cmig_consent_request;
    consent = (CmigConsent){.confirmed = (const char *const *)(void *)request->confirmed,
                            .approved = (const char *const *)(void *)request->approved,
                            .allow_destructive = request->allow_destructive,
                            .yes = request->yes,
                            .override_freeze = request->override_freeze,
                            .no_backup = request->no_backup,
                            .reason = request->reason,
                            .command = app->shown_command,
                            .operands = app->shown_operands};
    observer->consent = &consent;
    if (has_terminal() && !app->json)
        observer->ask = ask;
}
