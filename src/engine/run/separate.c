/* A section outside of a transaction, statement by statement. After each the database holds a
 * record of how far it came, so that the next run goes on exactly there: what can run in a
 * transaction shares one with its record; of the rest the effect is looked at. */
#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/interrupt.h"
#include "cmig/text.h"
#include "engine/run/work.h"

#include <string.h>

enum {
    BUSY_POLL = 500 * 1000, /* microseconds */
    MOST_LEFTOVERS = 1000,  /* of one statement: REINDEX SCHEMA can leave one for each index */
};

typedef struct {
    CmigWork *work;
    const CmigStep *step;
    CmigRowMove move;
    guint at;           /* the statement that comes next */
    guint recorded;     /* so many are done and recorded */
    gboolean unsure;    /* whether statement `at` has an effect already is not known */
    gboolean forced;    /* then take it as not done */
    gboolean in_script; /* the script's own transaction is open */
    guint sessions;     /* how many there had been when this one was made ready */
    gint64 began;       /* the section, in this run */
    gint64 took;        /* the statement that ran by itself and has no record yet; -1 = none */
    gint64 rows;        /* that it affected */
} Separate;

gboolean cmig_work_check_open(const CmigWork *work, const CmigStep *step, GError **error)
{
    const CmigAuditOpen *open = work->past.open;
    g_autofree char *id = cmig_text_escape(open->revision);
    g_autofree char *direction = cmig_text_escape(open->direction);
    const char *problem = NULL;
    if (step == NULL || strcmp(step->revision->id, open->revision) != 0 ||
        strcmp(cmig_direction_name(step->direction), open->direction) != 0)
        problem = "and this run would not go on with it";
    else if (step->transactional || open->statement > step->sql->statements->len)
        problem = "but its file has been changed since, and is another one now";
    else {
        g_autofree char *checksum = cmig_step_checksum(step->sql, open->statement);
        if (strcmp(checksum, open->checksum) != 0)
            problem = "but in its file the statements that were run have been changed since";
    }
    if (problem == NULL)
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                "the %s of %s was left behind statement %u of %u by an earlier run, %s", direction,
                id, open->statement, open->statements, problem);
    cmig_error_set_hint(error, "nothing was changed; `cmig repair` shows what is there and settles "
                               "it");
    return FALSE;
}

static CmigAuditRecord record_of(const Separate *self, CmigAuditEvent event, const char *checksum)
{
    CmigAuditRecord record = cmig_step_record(self->step, event, self->work->log.token);
    record.statement = self->at;
    record.statements = self->step->sql->statements->len;
    record.checksum = checksum;
    return record;
}

/* Sends a unit that leaves the version rows alone and writes a record of event that `at` statements
 * are done. With `part`, the last one of these is run in the unit. */
static gboolean send(Separate *self, const CmigAuditRecord *record, gboolean part, GError **error)
{
    g_auto(GStrv) records = cmig_audit_records(&self->work->log.place, record, FALSE);
    CmigDbUnit unit = {.script = part ? self->step->sql : NULL,
                       .only = part ? self->at : 0,
                       .begins = !self->in_script,
                       .commits = !self->in_script,
                       .expected = self->move.expected,
                       .result = self->move.expected,
                       .records = (const char *const *)records};
    if (!cmig_work_send(self->work, self->step, &unit, self->at, error))
        return FALSE;
    if (!self->in_script)
        self->recorded = self->at;
    return TRUE;
}

static gboolean send_record(Separate *self, CmigAuditEvent event, gboolean part, GError **error)
{
    g_autofree char *checksum = cmig_step_checksum(self->step->sql, self->at);
    CmigAuditRecord record = record_of(self, event, checksum);
    record.timed = part;
    record.duration = part ? -1 : self->took;
    record.rows = part ? -1 : self->rows;
    self->took = self->rows = -1;
    return send(self, &record, part, error);
}

/* What stands there for sure, and why it is not more. */
static void send_failure(Separate *self, const GError *failure)
{
    g_autofree char *checksum = cmig_step_checksum(self->step->sql, self->at);
    CmigAuditRecord record = record_of(self, CMIG_AUDIT_FAILED, checksum);
    record.detail = failure->message;
    record.sqlstate = cmig_error_sqlstate(failure);
    cmig_interrupt_hold(TRUE);
    send(self, &record, FALSE, NULL);
    cmig_interrupt_hold(FALSE);
}

/* `IF NOT EXISTS` is content with an invalid index. */
static gboolean check_valid(Separate *self, guint index, GError **error)
{
    g_autoptr(CmigEffect) effect = NULL;
    if (cmig_sql_kind(self->step->sql, index) != CMIG_SQL_ALONE ||
        cmig_sql_find_word(self->step->sql, index, "exists") < 0)
        return TRUE;
    if (!cmig_db_probe(self->work->db, self->step->sql, index, &effect, error))
        return FALSE;
    if (effect->state != CMIG_EFFECT_LEFTOVER)
        return TRUE;
    g_autofree char *what = cmig_text_escape(effect->what);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "the server took IF NOT EXISTS for done, but %s", what);
    cmig_sql_set_place(self->step->sql, cmig_sql_statement(self->step->sql, index)->start, error);
    if (effect->cleanup != NULL) {
        g_autofree char *cleanup = cmig_text_escape(effect->cleanup);
        cmig_error_set_hint(error,
                            "an earlier attempt left it; the next run takes it away (%s) and "
                            "builds it again",
                            cleanup);
    }
    return FALSE;
}

/* Runs statement `at` by itself. `*unclear`: it failed, but not without a trace. */
static gboolean run_alone(Separate *self, gboolean *unclear, GError **error)
{
    const CmigSqlScript *sql = self->step->sql;
    CmigDbStatementOutcome outcome = {0};
    guint index = self->at;
    CmigSqlKind kind = cmig_sql_kind(sql, index);
    gboolean within = self->in_script;
    /* In the script's own transaction the record goes with its COMMIT. */
    if (within && cmig_sql_is_commit(sql, index)) {
        self->at = index + 1;
        if (!send_record(self, CMIG_AUDIT_STATEMENT, FALSE, error)) {
            self->at = index;
            return FALSE;
        }
        self->at = index;
    }
    gint64 start = cmig_clock_monotonic();
    gboolean done = cmig_db_run_statement(self->work->db, sql, index, &outcome, error);
    self->took = cmig_clock_monotonic() - start;
    self->rows = outcome.rows;
    *unclear = outcome.unclear || outcome.lost;
    self->in_script = outcome.in_transaction;
    if (!done)
        return FALSE;
    self->at = index + 1;
    if (within) {
        if (cmig_sql_is_commit(sql, index))
            self->recorded = self->at;
        return TRUE;
    }
    if (!check_valid(self, index, error)) {
        self->at = index;
        *unclear = TRUE;
        return FALSE;
    }
    /* What only sets something is repeated by the next run; what has begun is not done yet. */
    gboolean lasting = (kind == CMIG_SQL_ALONE || kind == CMIG_SQL_OPAQUE) && !self->in_script;
    return !lasting || send_record(self, CMIG_AUDIT_STATEMENT, FALSE, error);
}

static gboolean run_next(Separate *self, gboolean *unclear, GError **error)
{
    gboolean atomic =
        !self->in_script && cmig_sql_kind(self->step->sql, self->at) == CMIG_SQL_ATOMIC;
    self->work->watch.progress.statement = self->at + 1;
    if (!atomic)
        return run_alone(self, unclear, error);
    self->at++;
    if (send_record(self, CMIG_AUDIT_STATEMENT, TRUE, error))
        return TRUE;
    self->at--;
    *unclear = g_error_matches(*error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT);
    return FALSE;
}

/* Cleans up what an earlier attempt left of statement `at`. */
static gboolean clean_up(Separate *self, const CmigEffect *effect, GError **error)
{
    g_autofree char *what = cmig_text_escape(effect->what);
    g_autofree char *cleanup = cmig_text_escape(effect->cleanup);
    cmig_work_note(self->work, "%s; running %s", what, cleanup);
    return cmig_db_execute(self->work->db, effect->cleanup, error);
}

static gboolean fail_unknown(const Separate *self, const CmigEffect *effect, GError **error)
{
    g_autofree char *what = effect->what != NULL ? cmig_text_escape(effect->what) : NULL;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT,
                "an earlier run ended while statement %u of %u ran, and what it did cannot be "
                "found out",
                self->at + 1, self->step->sql->statements->len);
    cmig_sql_set_place(self->step->sql, cmig_sql_statement(self->step->sql, self->at)->start,
                       error);
    if (what != NULL)
        cmig_error_set_detail(error, "%s", what);
    cmig_error_set_hint(error, "nothing was changed; look at the database, then settle it with "
                               "`cmig repair`");
    return FALSE;
}

/* Waits a little for another session that is at work on the same; FALSE when there is no patience
 * left. */
static gboolean wait_for_other(Separate *self, const CmigEffect *effect, GError **error)
{
    g_autofree char *what = cmig_text_escape(effect->what);
    if (self->work->attempts.patience == self->work->config->lock_timeout)
        cmig_work_note(self->work, "waiting: %s", what);
    self->work->attempts.patience -= BUSY_POLL / 1000;
    if (self->work->attempts.patience > 0) {
        cmig_interrupt_sleep(BUSY_POLL);
        return !cmig_interrupt_check(error);
    }
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN, "gave up waiting: %s", what);
    cmig_error_set_hint(error, "nothing was changed; run the command again when it is done, or "
                               "allow more time with --lock-timeout");
    return FALSE;
}

/* What an earlier run did of statement `at`, and what is to be done about it. Afterwards `at` is
 * the statement to run. */
static gboolean look_at_effect(Separate *self, GError **error)
{
    const CmigSqlScript *sql = self->step->sql;
    CmigSqlKind kind =
        self->at < sql->statements->len ? cmig_sql_kind(sql, self->at) : CMIG_SQL_ATOMIC;
    if (kind != CMIG_SQL_ALONE && kind != CMIG_SQL_OPAQUE)
        return TRUE; /* rolled back, or harmless to repeat */
    cmig_work_begin_attempts(self->work);
    for (guint count = 0; count < MOST_LEFTOVERS; count++) {
        g_autoptr(CmigEffect) effect = NULL;
        if (!cmig_db_probe(self->work->db, sql, self->at, &effect, error))
            return FALSE;
        switch (effect->state) {
        case CMIG_EFFECT_ABSENT:
            return TRUE;
        case CMIG_EFFECT_DONE:
            cmig_work_note(self->work, "statement %u of %u was done by the earlier run",
                           self->at + 1, sql->statements->len);
            self->at++;
            return send_record(self, CMIG_AUDIT_STATEMENT, FALSE, error);
        case CMIG_EFFECT_LEFTOVER:
            if (!clean_up(self, effect, error))
                return FALSE;
            break;
        case CMIG_EFFECT_BUSY:
            if (!wait_for_other(self, effect, error))
                return FALSE;
            break;
        case CMIG_EFFECT_UNKNOWN:
            return self->forced || fail_unknown(self, effect, error);
        }
    }
    return wait_for_other(self, &(CmigEffect){.what = (char *)(guintptr) "leftovers come again"},
                          error);
}

/* What the statements that are done have set for the session. */
static gboolean repeat_settings(Separate *self, GError **error)
{
    for (guint idx = 0; idx < self->at; idx++) {
        CmigDbStatementOutcome outcome = {0};
        if (cmig_sql_kind(self->step->sql, idx) == CMIG_SQL_SESSION &&
            !cmig_db_run_statement(self->work->db, self->step->sql, idx, &outcome, error))
            return FALSE;
    }
    return TRUE;
}

/* The first record, which also checks the version rows; behind it nothing is run unrecorded. */
static gboolean begin(Separate *self, GError **error)
{
    const CmigAuditOpen *open = self->work->past.open;
    self->at = open != NULL ? open->statement : 0;
    self->recorded = self->at;
    self->unsure = open != NULL && open->next_unsure;
    if (open == NULL)
        return send_record(self, CMIG_AUDIT_STARTED, FALSE, error);
    cmig_work_note(self->work,
                   "going on with %s behind statement %u of %u, where an earlier run "
                   "ended",
                   self->step->revision->id, self->at, self->step->sql->statements->len);
    return repeat_settings(self, error) && (!self->unsure || look_at_effect(self, error)) &&
           send_record(self, CMIG_AUDIT_STATEMENT, FALSE, error);
}

/* The version rows and the record that all of the section is there. */
static gboolean finish(Separate *self, GError **error)
{
    CmigAuditRecord record = record_of(
        self, self->step->direction == CMIG_UPGRADE ? CMIG_AUDIT_APPLIED : CMIG_AUDIT_REVERTED,
        self->step->checksum);
    record.duration = cmig_clock_monotonic() - self->began;
    g_auto(GStrv) records = cmig_audit_records(&self->work->log.place, &record, FALSE);
    CmigDbUnit unit = {.begins = TRUE,
                       .commits = TRUE,
                       .expected = self->move.expected,
                       .result = self->move.result,
                       .changes = (const char *const *)self->move.changes,
                       .rows_changed = self->move.rows_changed,
                       .records = (const char *const *)records};
    return cmig_work_send(self->work, self->step, &unit, 0, error);
}

/* All statements are done, but `finish` failed. */
static void note_unfinished(const CmigStep *step, GError **error)
{
    gboolean unknown = g_error_matches(*error, CMIG_ERROR, CMIG_ERROR_IN_DOUBT);
    if (!g_error_matches(*error, CMIG_ERROR, CMIG_ERROR_TRY_AGAIN))
        (*error)->code = CMIG_ERROR_IN_DOUBT;
    g_prefix_error(error, "all %u statements are applied, but %s: ", step->sql->statements->len,
                   unknown ? "whether the version rows are is not known"
                           : "the version rows are not");
    if (cmig_error_hint(*error) == NULL)
        cmig_error_set_hint(error, "mend the cause, then run the command again: it only writes the "
                                   "version rows");
}

/* The statement at `at` failed: the error says what is there, and, when that is certain, the
 * database does too. */
static void note_failure(Separate *self, gboolean unclear, GError **error)
{
    guint count = self->step->sql->statements->len;
    guint failed = self->at + 1;
    gboolean lost = g_error_matches(*error, CMIG_ERROR, CMIG_ERROR_UNAVAILABLE);
    if (self->in_script)
        cmig_db_execute(self->work->db, "ROLLBACK", NULL);
    self->in_script = FALSE;
    self->at = self->recorded; /* what came behind is rolled back */
    if (!unclear && !lost)
        send_failure(self, *error);
    if (self->recorded == 0 && !unclear)
        return;
    (*error)->code = CMIG_ERROR_IN_DOUBT;
    if (self->recorded > 0)
        g_prefix_error(error, "statement %u of %u failed, statements 1 to %u are applied: ", failed,
                       count, self->recorded);
    else
        g_prefix_error(error, "statement %u of %u failed: ", failed, count);
    if (cmig_error_hint(*error) == NULL)
        cmig_error_set_hint(error,
                            "mend the cause, then run the command again: it goes on with "
                            "statement %u. `cmig repair` shows and settles what is there",
                            self->recorded + 1);
}

/* A session that took the place of a lost one knows nothing of what the section has set. */
static gboolean keep_session(Separate *self, GError **error)
{
    if (self->sessions == self->work->sessions)
        return TRUE;
    self->sessions = self->work->sessions;
    return cmig_db_enter(self->work->db, error) && repeat_settings(self, error);
}

static gboolean run_statements(Separate *self, GError **error)
{
    guint count = self->step->sql->statements->len;
    while (self->at < count) {
        gboolean unclear = FALSE;
        cmig_work_begin_attempts(self->work);
        if (cmig_interrupt_check(error) || !keep_session(self, error) ||
            !run_next(self, &unclear, error)) {
            note_failure(self, unclear, error);
            return FALSE;
        }
    }
    if (!self->in_script)
        return TRUE;
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                "the section leaves a transaction open, which is rolled back");
    cmig_error_set_hint(error, "end it with COMMIT, or leave transaction=off away");
    self->at = count - 1;
    note_failure(self, FALSE, error);
    return FALSE;
}

gboolean cmig_work_take_separately(CmigWork *work, CmigStep *step, gboolean forced, GError **error)
{
    Separate self = {.work = work,
                     .step = step,
                     .forced = forced,
                     .sessions = work->sessions,
                     .began = cmig_clock_monotonic(),
                     .took = -1,
                     .rows = -1};
    if (!cmig_db_enter(work->db, error))
        return FALSE;
    cmig_row_move_init(&self.move, work, step);
    gboolean ran = begin(&self, error) && run_statements(&self, error);
    cmig_db_leave(work->db);
    gboolean ok = ran && finish(&self, error);
    if (ran && !ok)
        note_unfinished(step, error);
    cmig_row_move_clear(&self.move);
    g_clear_pointer(&work->past.open, cmig_audit_open_free);
    return ok;
}
