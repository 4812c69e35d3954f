#include "engine/run/gate.h"

#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/project_vcs.h"
#include "cmig/script.h"
#include "cmig/text.h"

#include <string.h>

/* So many statements are named in a refusal. */
enum { NAMED = 10 };

static const CmigConsent no_consent;

gboolean cmig_gate_read_past(CmigWork *work, GError **error)
{
    if (work->past_known || work->log.create)
        return TRUE;
    g_autofree char *query = cmig_audit_past_sql(&work->log.place);
    g_autoptr(GPtrArray) rows = NULL;
    if (!cmig_db_query(work->db, query, &rows, error)) {
        g_prefix_error(error, "cannot read the audit table: ");
        return FALSE;
    }
    CmigAuditPast past = cmig_audit_past_from_rows(rows);
    cmig_work_set_past(work, &past);
    return TRUE;
}

/* What git says of the revision files, for the records. `*unread` is set, to why, when a rule asks
 * for git and it cannot be asked. */
static void read_vcs(CmigWork *work, GError **unread)
{
    const CmigConfig *config = work->config;
    const char *const *branches = (const char *const *)(void *)config->guard.branches;
    gboolean required =
        work->guard.environment.kind == CMIG_ENVIRONMENT_PRODUCTION && cmig_guard_needs_git(config);
    g_autoptr(CmigVcs) vcs = NULL;
    g_autoptr(GError) problem = NULL;
    gboolean read = required ? (vcs = cmig_project_vcs_require(config, &problem)) != NULL
                             : cmig_project_vcs_open(config, &vcs, &problem);
    if (read && vcs != NULL)
        read = cmig_project_vcs_state(config, vcs, &work->guard.vcs, &problem);
    work->guard.on_branch =
        branches[0] == NULL || (required && read && cmig_vcs_is_on_branch(vcs, branches));
    work->log.context.git_commit = work->guard.vcs.commit;
    work->log.context.git_branch = work->guard.vcs.branch;
    work->log.context.git_dirty = read && vcs != NULL ? work->guard.vcs.dirty : -1;
    if (!read && required)
        g_propagate_error(unread, g_steal_pointer(&problem));
}

static gboolean is_reversible(const CmigWork *work, const CmigStep *step)
{
    g_autoptr(CmigScript) script = NULL;
    const CmigSection *section = NULL;
    return cmig_script_open(step->revision, &script, NULL) &&
           cmig_script_find_section(script, FALSE, cmig_db_dialect(work->db), &section, NULL);
}

/* The first revision that cannot be taken back, where that keeps a plan from production. */
static const char *find_irreversible(const CmigWork *work)
{
    for (guint idx = 0; work->steps != NULL && idx < work->steps->len; idx++) {
        const CmigStep *step = work->steps->pdata[idx];
        if (step->direction == CMIG_UPGRADE && !is_reversible(work, step))
            return step->revision->id;
    }
    return NULL;
}

/* What keeps a plan from production, whoever confirms it, and what to do about it; `unread` says
 * why git cannot be asked. The caller frees both. */
static char *find_obstacle(const CmigWork *work, const GError *unread, char **remedy)
{
    const CmigGuardConfig *guard = &work->config->guard;
    if (work->guard.changed_files != NULL) {
        gboolean one = strchr(work->guard.changed_files, ' ') == NULL;
        *remedy = g_strdup_printf("put back what was applied, or take it as it is: cmig accept %s "
                                  "--reason 'why it is right'",
                                  one ? work->guard.changed_files : "--all");
        return g_strdup_printf("meets files that changed after they were applied: %s",
                               work->guard.changed_files);
    }
    if (unread != NULL) {
        *remedy = g_strdup(cmig_error_hint(unread) != NULL
                               ? cmig_error_hint(unread)
                               : "run it in a checkout, or take guard.require_committed and "
                                 "guard.branches out of alembic.yml");
        return g_strdup_printf("cannot be compared with git: %s", unread->message);
    }
    if (guard->require_committed && (work->guard.vcs.commit == NULL || work->guard.vcs.dirty)) {
        *remedy = g_strdup("commit the revision files first");
        return g_strdup("would run files that are not committed, which guard.require_committed "
                        "forbids");
    }
    if (!work->guard.on_branch) {
        g_autofree char *names = g_strjoinv(", ", guard->branches);
        g_autofree char *shown = cmig_text_escape(names);
        *remedy = g_strdup_printf("check out a branch that guard.branches names: %s", shown);
        return g_strdup_printf("would run from %s, which guard.branches does not name",
                               work->guard.vcs.branch != NULL ? work->guard.vcs.branch
                                                              : "no branch");
    }
    const char *irreversible = guard->require_reversible ? find_irreversible(work) : NULL;
    if (irreversible != NULL) {
        *remedy = g_strdup("write its downgrade section");
        return g_strdup_printf("holds %s, which cannot be taken back, and guard.require_reversible "
                               "is set",
                               irreversible);
    }
    return NULL;
}

/* Asks whoever sits at the terminal. FALSE: nobody does, and the refusal stands, or the answer was
 * no, and `*error` says so. */
static gboolean ask(const CmigWork *work, CmigDecision decision, const CmigIntent *intent,
                    const CmigReview *review, GError **error)
{
    const CmigRunObserver *observer = work->observer;
    if (decision == CMIG_DECISION_REFUSE || observer->ask == NULL)
        return FALSE;
    /* The statements stand in the plan, which is shown with the question. */
    CmigIntent brief = *intent;
    brief.detail = review != NULL ? NULL : intent->detail;
    g_autofree char *detail = cmig_guard_describe(&work->guard.environment, &brief);
    CmigQuestion question = {.name = decision == CMIG_DECISION_ASK_NAME ? intent->database : NULL,
                             .intent = intent,
                             .review = review,
                             .detail = detail};
    gboolean agreed = observer->ask(&question, observer->data);
    g_clear_error(error);
    if (!agreed)
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_INTERRUPTED, "%s declined; nothing was changed",
                    intent->what);
    return agreed;
}

/* The guard's word is kept where it can be; that it cannot must not become the user's problem. */
static void record_refusal(CmigWork *work, CmigLevel level, const GError *refusal)
{
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_REFUSED, work->log.token);
    record.detail = refusal->message;
    record.level = (int)level;
    if (cmig_log_write(&work->log, &record, NULL))
        cmig_work_end(work);
}

/* Of a database that is a file, a copy is kept before data may be lost; in development, where that
 * is daily work, it is not. `*path` is NULL when there is none. */
static gboolean make_copy(CmigWork *work, const CmigIntent *intent, const CmigConsent *consent,
                          char **path, GError **error)
{
    guint careful = CMIG_ENVIRONMENT_OTHER | CMIG_ENVIRONMENT_PRODUCTION;
    *path = NULL;
    if (!(work->guard.environment.kind & careful) || consent->no_backup ||
        (intent->level < CMIG_LEVEL_DATA && !intent->opaque))
        return TRUE;
    g_autoptr(GDateTime) now = cmig_clock_now();
    g_autofree char *time = g_date_time_format(now, "%Y%m%dT%H%M%SZ");
    g_autofree char *suffix = g_strdup_printf("%s-%.8s.backup", time, work->log.token);
    if (!cmig_db_backup(work->db, suffix, path, error))
        return FALSE;
    if (*path != NULL) {
        g_autofree char *shown = cmig_text_escape(*path);
        cmig_work_note(work, "copy of the database as it was: %s", shown);
    }
    return TRUE;
}

static gboolean record_confirmation(CmigWork *work, const CmigIntent *intent, const char *copy,
                                    GError **error)
{
    /* The first run of all makes the schema with the version table; its rows say it too. */
    if (work->create_schema)
        return TRUE;
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_CONFIRMED, work->log.token);
    g_autofree char *shown = copy != NULL ? cmig_text_escape(copy) : NULL;
    g_autofree char *detail =
        shown != NULL ? g_strdup_printf("%s; copy: %s", intent->what, shown) : NULL;
    record.detail = detail != NULL ? detail : intent->what;
    record.level = (int)intent->level;
    if (cmig_log_write(&work->log, &record, error))
        return TRUE;
    /* Nothing is in doubt but the record itself, and another one does no harm. */
    if (g_error_matches(*error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT)) {
        g_clear_error(error);
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE,
                            "the database was lost while the confirmation was recorded");
        cmig_error_set_hint(error, "nothing else was done; run the command again");
    }
    return FALSE;
}

/* Decides, asks, and writes down what came of it. */
static gboolean settle(CmigWork *work, const CmigIntent *intent, const CmigReview *review,
                       GError **error)
{
    const CmigConsent *consent =
        work->observer->consent != NULL ? work->observer->consent : &no_consent;
    g_autoptr(GDateTime) now = cmig_clock_now();
    GError *refusal = NULL;
    CmigDecision decision = cmig_guard_decide(work->config, &work->guard.environment, intent,
                                              consent, now, &work->guard.confirmed, &refusal);
    work->log.context.reason = consent->reason;
    if (decision != CMIG_DECISION_RUN && ask(work, decision, intent, review, &refusal)) {
        g_autofree char *given = work->guard.confirmed;
        work->guard.confirmed = g_strdup_printf(
            "%s%styped on the terminal", given != NULL ? given : "", given != NULL ? ", " : "");
    }
    work->log.context.confirmed = work->guard.confirmed;
    if (refusal != NULL) {
        record_refusal(work, intent->level, refusal);
        g_propagate_error(error, refusal);
        return FALSE;
    }
    g_autofree char *copy = NULL;
    return make_copy(work, intent, consent, &copy, error) &&
           (work->guard.confirmed == NULL || record_confirmation(work, intent, copy, error));
}

gboolean cmig_gate_ask(CmigWork *work, const char *what, const CmigReview *review, GError **error)
{
    gboolean production = work->guard.environment.kind == CMIG_ENVIRONMENT_PRODUCTION;
    g_autoptr(GError) unread = NULL;
    read_vcs(work, &unread);
    if (review != NULL)
        work->guard.plan = g_strdup(review->hash);
    work->log.context.plan = work->guard.plan;
    g_autofree char *detail = review != NULL ? cmig_review_describe(review, NAMED) : NULL;
    CmigIntent intent = {.what = what,
                         .display = work->config->url->display,
                         .database = work->site.database,
                         .level = review != NULL ? review->level : CMIG_LEVEL_WEAKER,
                         .opaque = review != NULL && (review->flags & CMIG_FACT_OPAQUE),
                         .large = review != NULL && review->large,
                         .hash = work->guard.plan,
                         .detail = detail};
    g_autofree char *remedy = NULL;
    g_autofree char *obstacle = production ? find_obstacle(work, unread, &remedy) : NULL;
    intent.obstacle = obstacle;
    intent.remedy = remedy;
    if (!production && work->guard.changed_files != NULL)
        cmig_work_note(work, "files changed after they were applied: %s; see `cmig history -i`",
                       work->guard.changed_files);
    return settle(work, &intent, review, error);
}

gboolean cmig_gate_environment(CmigWork *work, CmigEnvironment *environment, GError **error)
{
    return cmig_gate_read_past(work, error) &&
           cmig_guard_environment(work->config, &work->site, environment, error);
}

gboolean cmig_gate_pass(CmigWork *work, const char *what, const CmigReview *review, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    if (!cmig_gate_environment(work, &work->guard.environment, &refusal)) {
        if (g_error_matches(refusal, CMIG_ERROR, CMIG_ERROR_CONFIG)) {
            read_vcs(work, NULL);
            record_refusal(work, review != NULL ? review->level : CMIG_LEVEL_WEAKER, refusal);
        }
        g_propagate_error(error, g_steal_pointer(&refusal));
        return FALSE;
    }
    /* What is only guessed is not written down: a later declaration would contradict it. */
    if (work->guard.environment.declared || work->site.recorded != NULL)
        work->log.context.environment = work->guard.environment.name;
    return cmig_gate_ask(work, what, review, error);
}
