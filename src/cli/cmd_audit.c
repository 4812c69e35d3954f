/* cmig audit: what was done to the database, and whether the log of it is as cmig wrote it. */
#include "cli/audit_rows.h"
#include "cli/commands.h"

#include "cmig/error.h"
#include "cmig/file.h"
#include "cmig/text.h"

#include <string.h>

enum {
    FEW = 50,                  /* rows that list shows */
    MOST_OF_ONE_NUMBER = 1000, /* that show shows; there should be one */
    MOST_FINDINGS = 1000       /* that JSON lists */
};

static char *revision;
static char *event;
static char *run_token;
static char *since;
static char *until;
static char *user;
static int limit = -1;
static char *head;
static char *output;

typedef struct {
    CmigApp *app;
    CmigAuditPlace place;
    gboolean exists;
    CmigAuditFilter filter;
    char *table;
    char *since;
    char *until;
} Log;

static void log_clear(Log *log)
{
    g_free(log->table);
    g_free(log->since);
    g_free(log->until);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Log, log_clear)

/* --- what is asked for ------------------------------------------------------------------------ */

/* A day or a moment of ISO 8601, UTC when it does not say; as the log's own times are written. A
 * day as an `end` is meant whole. */
static gboolean parse_time(const char *option, const char *text, gboolean end, char **result,
                           GError **error)
{
    if (text == NULL)
        return TRUE;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    gboolean day = strlen(text) == strlen("2026-11-20");
    g_autofree char *whole = day ? g_strconcat(text, "T00:00:00Z", NULL) : g_strdup(text);
    g_autoptr(GDateTime) moment = g_date_time_new_from_iso8601(whole, utc);
    g_autoptr(GDateTime) moved =
        moment != NULL ? g_date_time_add_days(moment, day && end ? 1 : 0) : NULL;
    g_autoptr(GDateTime) shown = moved != NULL ? g_date_time_to_utc(moved) : NULL;
    if (shown == NULL) {
        g_autofree char *escaped = cmig_text_escape(text);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "--%s is not a date: \"%s\"", option,
                    escaped);
        cmig_error_set_hint(error, "2026-11-20, or 2026-11-20T10:15:00Z");
        return FALSE;
    }
    g_autofree char *seconds = g_date_time_format(shown, "%Y-%m-%dT%H:%M:%S");
    *result = g_strdup_printf("%s.%03dZ", seconds, g_date_time_get_microsecond(shown) / 1000);
    return TRUE;
}

static gboolean check_event(GError **error)
{
    if (event == NULL || cmig_audit_has_event(event))
        return TRUE;
    g_autofree char *shown = cmig_text_escape(event);
    g_autoptr(GString) names = g_string_new(NULL);
    for (int idx = 0; idx < CMIG_AUDIT_EVENTS; idx++)
        g_string_append_printf(names, "%s%s", idx > 0 ? ", " : "",
                               cmig_audit_event_name((CmigAuditEvent)idx));
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "there is no event \"%s\"", shown);
    cmig_error_set_hint(error, "%s", names->str);
    return FALSE;
}

static gboolean prepare_filter(Log *log, GError **error)
{
    if (!check_event(error) || !parse_time("since", since, FALSE, &log->since, error) ||
        !parse_time("until", until, TRUE, &log->until, error))
        return FALSE;
    log->filter = (CmigAuditFilter){.revision = revision,
                                    .event = event,
                                    .run = run_token,
                                    .since = log->since,
                                    .until = log->until,
                                    .user = user};
    return TRUE;
}

/* --- list ------------------------------------------------------------------------------------- */

static gboolean run_list(Log *log, char **arguments G_GNUC_UNUSED, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    log->filter.limit = limit < 0 ? FEW : (guint)limit;
    log->filter.newest = TRUE;
    if (!log->exists)
        rows = g_ptr_array_new();
    else if (!cmig_audit_read(log->app->db, &log->place, &log->filter, &rows, error))
        return FALSE;
    if (log->app->json)
        cmig_out_json(cmig_audit_rows_json(rows));
    else if (rows->len > 0)
        cmig_audit_print_list(rows);
    else
        cmig_say(log->app, "There are no such records.\n");
    return TRUE;
}

/* --- show ------------------------------------------------------------------------------------- */

static gboolean run_show(Log *log, char **arguments, GError **error)
{
    gint64 id = 0;
    g_autofree char *shown = cmig_text_escape(arguments[1]);
    if (!g_ascii_string_to_signed(arguments[1], 10, 1, G_MAXINT64, &id, NULL)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "\"%s\" is no number of a record", shown);
        return FALSE;
    }
    g_autoptr(GPtrArray) rows = NULL;
    log->filter = (CmigAuditFilter){.id = id, .limit = MOST_OF_ONE_NUMBER};
    if (log->exists && !cmig_audit_read(log->app->db, &log->place, &log->filter, &rows, error))
        return FALSE;
    if (rows == NULL || rows->len == 0) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "there is no record %s", shown);
        cmig_error_set_hint(error, "`cmig audit list` shows what there is");
        return FALSE;
    }
    for (guint idx = 0; idx < rows->len; idx++) {
        if (log->app->json)
            cmig_out_json(cmig_audit_row_to_json(rows->pdata[idx]));
        else
            cmig_audit_print_row(rows->pdata[idx]);
    }
    return TRUE;
}

/* --- export ----------------------------------------------------------------------------------- */

/* Errors of the stream are seen when it is closed. */
static void write_row(CmigAuditRow *row, gpointer stream)
{
    g_autofree char *json = cmig_audit_row_json(row, TRUE);
    fprintf(stream, "%s\n", json);
}

static gboolean write_rows(Log *log, FILE *stream, GError **error)
{
    log->filter.limit = limit > 0 ? (guint)limit : 0;
    return !log->exists ||
           cmig_audit_walk(log->app->db, &log->place, &log->filter, write_row, stream, error);
}

static gboolean run_export(Log *log, char **arguments G_GNUC_UNUSED, GError **error)
{
    if (output == NULL || strcmp(output, "-") == 0)
        return write_rows(log, stdout, error);
    if (log->app->names != NULL && log->app->names[0] != NULL && log->app->names[1] != NULL) {
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE,
                            "--output is for one database: give -n once");
        return FALSE;
    }
    g_autofree char *temporary = NULL;
    FILE *stream = cmig_file_begin(output, &temporary, error);
    if (stream == NULL)
        return FALSE;
    gboolean written = write_rows(log, stream, error);
    if (!cmig_file_end(stream, temporary, output, written, written ? error : NULL) || !written)
        return FALSE;
    g_autofree char *shown = cmig_text_escape(output);
    cmig_say(log->app, "Written: %s\n", shown);
    return TRUE;
}

/* --- verify ----------------------------------------------------------------------------------- */

typedef struct {
    gboolean json;
    json_t *list;
} Findings;

static void take_finding(const CmigAuditFinding *finding, gpointer data)
{
    Findings *findings = data;
    const char *name = cmig_audit_problem_name(finding->problem);
    if (!findings->json)
        cmig_out("%s%s: %s: %s\n", finding->id != NULL ? "row " : "the log",
                 finding->id != NULL ? finding->id : "", name, finding->text);
    else if (json_array_size(findings->list) < MOST_FINDINGS)
        json_array_append_new(findings->list, json_pack("{s:s, s:o, s:o}", "problem", name, "row",
                                                        cmig_render_json_text(finding->id), "text",
                                                        cmig_render_json_text(finding->text)));
}

static gboolean check_head(GError **error)
{
    if (head == NULL || (strlen(head) == 64 && strspn(head, "0123456789abcdef") == 64))
        return TRUE;
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE, "--head is no hash");
    cmig_error_set_hint(error, "give the 64 digits that a run printed as its audit head");
    return FALSE;
}

static void print_verdict(const CmigAuditVerdict *verdict)
{
    if (verdict->unsealed > 0)
        cmig_out("note: the last %" G_GUINT64_FORMAT
                 " rows come from scripts and have no hash yet; the next run seals them\n",
                 verdict->unsealed);
    cmig_out("%s%" G_GUINT64_FORMAT " row%s, head %s\n",
             verdict->findings == 0 && verdict->rows > 0 ? "intact: " : "", verdict->rows,
             verdict->rows == 1 ? "" : "s", verdict->head != NULL ? verdict->head : "none");
}

static gboolean run_verify(Log *log, char **arguments G_GNUC_UNUSED, GError **error)
{
    CmigAuditVerdict verdict = {0};
    Findings findings = {log->app->json, json_array()};
    gboolean walked =
        check_head(error) && cmig_audit_verify(log->app->db, &log->place, log->exists, head,
                                               take_finding, &findings, &verdict, error);
    if (walked && log->app->json)
        cmig_out_json(json_pack("{s:b, s:I, s:s?, s:I, s:I, s:O}", "intact", verdict.findings == 0,
                                "rows", (json_int_t)verdict.rows, "head", verdict.head, "unsealed",
                                (json_int_t)verdict.unsealed, "findings_count",
                                (json_int_t)verdict.findings, "findings", findings.list));
    else if (walked)
        print_verdict(&verdict);
    json_decref(findings.list);
    if (walked && verdict.findings > 0) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FINDINGS,
                    "the audit log is not as cmig wrote it: %" G_GUINT64_FORMAT " finding%s",
                    verdict.findings, verdict.findings == 1 ? "" : "s");
        walked = FALSE;
    }
    cmig_audit_verdict_clear(&verdict);
    return walked;
}

/* --- the command ------------------------------------------------------------------------------ */

enum { LIST = 1 << 0, SHOW = 1 << 1, VERIFY = 1 << 2, EXPORT = 1 << 3 };

static const struct {
    const char *name;
    int bit;
    int arguments;
    gboolean (*run)(Log *log, char **arguments, GError **error);
} actions[] = {
    {"list", LIST, 1, run_list},
    {"show", SHOW, 2, run_show},
    {"verify", VERIFY, 1, run_verify},
    {"export", EXPORT, 1, run_export},
};

/* What each option is for. */
static gboolean check_options(gsize action, GError **error)
{
    const struct {
        const char *name;
        gboolean given;
        int uses;
    } given[] = {
        {"revision", revision != NULL, LIST | EXPORT},
        {"event", event != NULL, LIST | EXPORT},
        {"run", run_token != NULL, LIST | EXPORT},
        {"since", since != NULL, LIST | EXPORT},
        {"until", until != NULL, LIST | EXPORT},
        {"user", user != NULL, LIST | EXPORT},
        {"limit", limit >= 0, LIST | EXPORT},
        {"head", head != NULL, VERIFY},
        {"output", output != NULL, EXPORT},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(given); idx++) {
        if (!given[idx].given || (given[idx].uses & actions[action].bit) != 0)
            continue;
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "--%s is not for audit %s",
                    given[idx].name, actions[action].name);
        return FALSE;
    }
    return TRUE;
}

static gboolean find_action(char **arguments, gsize *action, GError **error)
{
    g_autofree char *shown = cmig_text_escape(arguments[0]);
    gsize count = g_strv_length(arguments);
    for (gsize idx = 0; idx < G_N_ELEMENTS(actions); idx++) {
        if (strcmp(actions[idx].name, arguments[0]) != 0)
            continue;
        *action = idx;
        if (count == (gsize)actions[idx].arguments)
            return check_options(idx, error);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "audit %s takes %s", shown,
                    actions[idx].arguments == 1 ? "no argument" : "the number of one record");
        return FALSE;
    }
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "there is no action \"%s\" of audit", shown);
    cmig_error_set_hint(error, "list, show ID, verify or export");
    return FALSE;
}

static gboolean run(CmigApp *app, char **arguments, GError **error)
{
    g_auto(Log) log = {.app = app};
    g_autoptr(CmigDbState) state = NULL;
    gsize action = 0;
    if (!find_action(arguments, &action, error) || !prepare_filter(&log, error) ||
        !cmig_app_open_database(app, error) || !cmig_db_inspect(app->db, FALSE, &state, error))
        return FALSE;
    log.table = cmig_audit_table(state->table_schema);
    log.exists = state->audit_exists;
    log.place = cmig_audit_place(app->db, log.table);
    return actions[action].run(&log, arguments, error);
}

static const GOptionEntry options[] = {
    {"revision", 0, 0, G_OPTION_ARG_STRING, &revision,
     "list, export: records of the revisions that begin so", "ID"},
    {"event", 0, 0, G_OPTION_ARG_STRING, &event, "list, export: records of this event", "NAME"},
    {"run", 0, 0, G_OPTION_ARG_STRING, &run_token,
     "list, export: records of the runs whose token begins so", "TOKEN"},
    {"since", 0, 0, G_OPTION_ARG_STRING, &since, "list, export: from this day or moment on (UTC)",
     "DATE"},
    {"until", 0, 0, G_OPTION_ARG_STRING, &until,
     "list, export: up to this day, which counts, or moment", "DATE"},
    {"user", 0, 0, G_OPTION_ARG_STRING, &user,
     "list, export: by this user of the database or of the system", "NAME"},
    {"limit", 0, 0, G_OPTION_ARG_INT, &limit,
     "list: the last so many (default: 50), export: the first; 0 = all", "NUMBER"},
    {"head", 0, 0, G_OPTION_ARG_STRING, &head,
     "verify: the hash that a run printed must be in the chain", "HASH"},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
     "export: write to this file, whole or not at all; - is standard output", "FILE"},
    {0},
};

static const CmigExample examples[] = {
    {"cmig audit list", "the last records, newest last"},
    {"cmig audit list --event failed --since 2026-11-01", "what did not work this month"},
    {"cmig audit show 17", "one record with all its fields"},
    {"cmig audit verify", "whether the log is as cmig wrote it"},
    {"cmig audit verify --head \"$(cat audit-head.txt)\"",
     "and whether nothing was cut off behind a head that was kept"},
    {"cmig audit export -o audit.jsonl", "all of it, one JSON object per line"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_audit = {
    .name = "audit",
    .group = CMIG_GROUP_LOOK,
    .arguments = "list|show ID|verify|export",
    .summary = "Show and verify the log of what was done to a database",
    .description =
        "Every run leaves records in the table cmig_audit, beside the version table: what was run "
        "of which file, when, by whom, from where, with which outcome. This command reads them, "
        "without a lock and without writing anything.\n\n"
        "list shows the last records, newest last. show prints one with all its fields. export "
        "writes one JSON object per line, oldest first, in canonical form (RFC 8785). With --json "
        "list and show print the columns of the table as objects.\n\n"
        "verify computes the chain of hashes again. It tells which rows were edited, are missing, "
        "stand in another place or twice, or do not follow on the row before; the status is 4 "
        "then. What nobody can see from the rows alone is that the last ones were removed, or all "
        "written anew: keep the audit head that each run prints, and give it with --head. Rows of "
        "scripts (--sql) for SQLite have no hash until the next run seals them; at the end of the "
        "log that is no finding.\n\n"
        "The table: version_table and id are the key, id counts 1, 2, 3… for each version table. "
        "at is the time of the record, run the token of the run. event is applied, reverted, "
        "stamped, started, statement, failed, repaired, refused, confirmed, accepted or "
        "environment; revision and direction say of what. Records of a section outside of a "
        "transaction have in statement how many of its statements are done. checksum is the "
        "SHA-256 of the section's bytes, fingerprint of its words, level how destructive it is (0 "
        "to 4). detail is free text. plan, environment, confirmed and reason are what the guard "
        "knew; db_user, os_user, host, application, tool, git_commit, git_branch, git_dirty and "
        "server_identity who wrote it and from where. started_at, duration_ms, rows_affected and "
        "sqlstate are what the database told. What is not known is null.\n\n"
        "hash is the SHA-256 of the canonical JSON of all other columns, times as texts in UTC; "
        "previous is the hash of the row before, that of \"cmig audit \" and the version table's "
        "name in the first row. Plain SQL reads the table:\n\n"
        "  SELECT at, event, revision, db_user FROM cmig_audit ORDER BY id;\n\n"
        "So that a role that migrates cannot change the log, let another one own the table: create "
        "it with `cmig ensure-version` as its owner, then\n\n"
        "  GRANT SELECT, INSERT ON cmig_audit TO migrator;\n\n"
        "is all that a run needs. An owner, or who can write the file of an SQLite database, can "
        "still rewrite everything; only a head that is kept elsewhere shows that.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 4, 69, 75, 78, 130, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_DATABASE | CMIG_HAS_JSON,
    .min_arguments = 1,
    .max_arguments = 2,
    .options = options,
    .run = run,
};
