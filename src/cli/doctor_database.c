/* What `cmig doctor` says about the database. */
#include "cli/doctor.h"

#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/guard.h"
#include "cmig/text.h"

#include <string.h>

enum {
    CONNECT_SECONDS = 10, /* unless the configuration has another limit */
    LOCK_SECONDS = 2,     /* for a lock that keeps readers out of a SQLite file */
};

/* The connection by itself. */
static void connect(CmigApp *app, GPtrArray *report)
{
    g_autoptr(GError) problem = NULL;
    const CmigConfig *config = app->config;
    guint seconds = config->connect_timeout > 0 ? config->connect_timeout : CONNECT_SECONDS;
    app->connect_deadline = cmig_clock_monotonic() + (gint64)seconds * G_USEC_PER_SEC;
    app->config->lock_timeout = MIN(config->lock_timeout, LOCK_SECONDS * 1000);
    cmig_report_add(report, "url", config->url_source, "%s %s",
                    cmig_dialect_name(config->url->dialect), config->url->display);
    if (cmig_app_connect(app, &problem) && cmig_db_ping(app->db, &problem))
        return;
    cmig_report_error(report, problem);
    g_clear_pointer(&app->db, cmig_db_close);
}

/* The guard's verdict, now that the database can say what it is. TRUE: production. */
static gboolean add_environment(const CmigApp *app, const CmigDbState *state, GPtrArray *report)
{
    g_autoptr(GError) problem = NULL;
    g_auto(CmigEnvironment) environment = {0};
    if (!cmig_run_environment(app->db, app->config, state, &environment, &problem)) {
        cmig_report_error(report, problem);
        return FALSE;
    }
    /* Declared, it is said above. */
    if (!environment.declared)
        cmig_doctor_verdict(app, &environment, report);
    return environment.kind == CMIG_ENVIRONMENT_PRODUCTION;
}

/* Without encryption, passwords and data of production can be read on the way. */
static void add_tls(const CmigApp *app, const CmigDbState *state, gboolean production,
                    GPtrArray *report)
{
    if (!cmig_db_can(app->db, CMIG_DB_SCHEMAS))
        return;
    cmig_report_add(report, "tls", NULL, "%s", state->tls != NULL ? state->tls : "local socket");
    if (g_strcmp0(state->tls, "no TLS") == 0 && production)
        cmig_report_problem(report, "sslmode=verify-full in the database URL, or require_tls: true",
                            "the connection to production is not encrypted");
}

static void add_version_table(const CmigApp *app, const CmigDbState *state, GPtrArray *report)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *name = cmig_db_version_table(app->db);
    const CmigDbTable *table = &app->db->table;
    cmig_report_add(report, "version table", NULL, "%s, %s%s%s", name,
                    table->kind != NULL ? table->kind : "not there yet",
                    table->type != NULL ? " of " : "", table->type != NULL ? table->type : "");
    if (!state->schema_exists && !app->config->create_version_schema)
        cmig_report_problem(report,
                            "`cmig ensure-version` creates it, as does any first run with "
                            "create_version_schema: true",
                            "its schema does not exist");
    else if (!cmig_db_check_writable(app->db, NULL, &problem))
        cmig_report_error(report, problem);
}

static void add_audit_table(const CmigDb *db, const CmigDbState *state, GPtrArray *report)
{
    g_autofree char *grant = cmig_db_audit_grant(db, "SELECT, INSERT");
    cmig_report_add(report, "audit table", NULL, "%s, %s", cmig_audit_table_name,
                    !state->audit_exists    ? "not there yet"
                    : state->audit_readable ? "readable"
                                            : "not readable");
    if (cmig_db_audit_closed(db))
        cmig_report_problem(report, grant, "what runs have recorded cannot be read");
}

static guint count_pending(const CmigGraph *graph, const GPtrArray *current)
{
    g_autoptr(CmigRevisionSet) applied = cmig_graph_ancestors(graph, current, CMIG_EDGES_ALL);
    guint pending = 0;
    for (guint idx = 0; idx < cmig_graph_size(graph); idx++)
        pending += !cmig_revision_set_has(applied, cmig_graph_nth(graph, idx));
    return pending;
}

static void add_pending(const CmigApp *app, const GPtrArray *rows, GPtrArray *report)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GPtrArray) current = NULL;
    if (app->graph == NULL)
        return;
    if (cmig_graph_resolve_rows(app->graph, rows, &current, &problem))
        cmig_report_add(report, "pending", NULL, "%u of %u revisions",
                        count_pending(app->graph, current), cmig_graph_size(app->graph));
    else
        cmig_report_error(report, problem); /* the rows are wrong */
}

static void add_open(const CmigAuditOpen *open, GPtrArray *report)
{
    if (open == NULL)
        return;
    cmig_report_add(report, "half done", open->since, "%s of %s, statement %u of %u done",
                    open->direction, open->revision, open->statement, open->statements);
    cmig_report_problem(report, "see `cmig repair`", "a run outside of a transaction did not end");
}

/* `explained`: it has been said that the version table cannot be used. */
static void add_rows(const CmigApp *app, gboolean explained, GPtrArray *report)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(CmigAuditOpen) open = NULL;
    if (!cmig_run_read_rows(app->db, app->config, &rows, &open, &problem)) {
        cmig_report_add(report, "current", NULL, "not known");
        if (!explained)
            cmig_report_error(report, problem);
        return;
    }
    g_autofree char *ids = cmig_text_names(rows);
    cmig_report_add(report, "current", NULL, "%s", rows->len > 0 ? ids : "none");
    add_pending(app, rows, report);
    add_open(open, report);
}

void cmig_doctor_database(CmigApp *app, GPtrArray *report)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(CmigDbState) state = NULL;
    if (app->config == NULL || app->config->url == NULL) {
        cmig_report_add(report, "url", NULL, "not looked at: there is no URL that can be used");
        return;
    }
    connect(app, report);
    if (app->db == NULL)
        return;
    gboolean inspected = cmig_db_inspect(app->db, FALSE, &state, &problem);
    if (inspected)
        add_tls(app, state, add_environment(app, state, report), report);
    else {
        cmig_report_add(report, "version table", NULL, "not known");
        cmig_report_error(report, problem);
        g_clear_error(&problem);
    }
    if (!cmig_db_examine(app->db, report, &problem)) {
        cmig_report_add(report, "session", NULL, "ended");
        cmig_report_error(report, problem);
        return;
    }
    if (!inspected)
        return;
    guint before = cmig_report_count(report);
    add_version_table(app, state, report);
    gboolean explained = cmig_report_count(report) > before;
    add_audit_table(app->db, state, report);
    add_rows(app, explained, report);
}
