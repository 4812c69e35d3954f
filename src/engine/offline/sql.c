/* The frame of an offline script: head, transactions, records. */
#include "engine/offline/sql.h"

#include "cmig/db.h"
#include "cmig/run.h"
#include "cmig/text.h"
#include "engine/version_rows.h"

#include <string.h>

enum { TOKEN_LENGTH = 32 };

/* What differs between the dialects. */
typedef struct {
    const char *how;   /* to run the script, as comments */
    const char *reset; /* of what a section left set */
    const char *setup; /* of the session; behind every reset too */
    const char *begin;
} Style;

static const Style styles[] = {
    [CMIG_DIALECT_POSTGRESQL] =
        {
            .how = "-- Run it with: psql -X -v ON_ERROR_STOP=1 -f FILE\n",
            .reset = "RESET SESSION AUTHORIZATION;\nRESET ROLE;\nRESET ALL;\n",
            .setup = "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n",
            .begin = "BEGIN;\n",
        },
    [CMIG_DIALECT_SQLITE] =
        {
            /* Without .bail the shell would go on behind a failed check, and commit. */
            .how = "-- Run it with: sqlite3 -bail DATABASE < FILE\n"
                   "-- What a migration breaks of foreign keys is looked for behind it, as a run "
                   "does.\n.bail on\n",
            .reset = "PRAGMA query_only = OFF;\nPRAGMA ignore_check_constraints = OFF;\n"
                     "PRAGMA recursive_triggers = OFF;\nPRAGMA writable_schema = OFF;\n"
                     "PRAGMA reverse_unordered_selects = OFF;\n",
            .setup = "PRAGMA foreign_keys = OFF;\n",
            .begin = "BEGIN IMMEDIATE;\n",
        },
};

/* Made of what the script does instead of by chance: two scripts can be compared. */
static char *make_token(const char *what, const char *range, const GPtrArray *steps)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    const char *const texts[] = {CMIG_VERSION, what, range};
    for (gsize idx = 0; idx < G_N_ELEMENTS(texts); idx++)
        g_checksum_update(checksum, (const guchar *)texts[idx], (gssize)strlen(texts[idx]) + 1);
    for (guint idx = 0; steps != NULL && idx < steps->len; idx++) {
        const CmigStep *step = steps->pdata[idx];
        g_checksum_update(checksum, (const guchar *)step->revision->id, -1);
        g_checksum_update(checksum, (const guchar *)step->checksum, -1);
    }
    return g_strndup(g_checksum_get_string(checksum), TOKEN_LENGTH);
}

static void add_setup(CmigOffline *offline)
{
    g_string_append(offline->script, styles[offline->dialect].setup);
    if (offline->dialect == CMIG_DIALECT_POSTGRESQL && offline->config->statement_timeout > 0)
        g_string_append_printf(offline->script, "SET statement_timeout = %u;\n",
                               offline->config->statement_timeout);
}

void cmig_offline_init(CmigOffline *offline, const CmigConfig *config, CmigDialect dialect,
                       const char *what, const char *range, const GPtrArray *rows,
                       const GPtrArray *steps)
{
    const char *schema = dialect == CMIG_DIALECT_SQLITE ? "main" : config->version_table_schema;
    g_autofree char *name = cmig_db_quote_identifier(config->version_table);
    g_autofree char *quoted = schema != NULL ? cmig_db_quote_identifier(schema) : NULL;
    g_autofree char *shown = cmig_text_escape(range);
    offline->config = config;
    offline->dialect = dialect;
    offline->script = g_string_new(NULL);
    offline->token = make_token(what, range, steps);
    offline->table = quoted != NULL ? g_strconcat(quoted, ".", name, NULL) : g_strdup(name);
    offline->audit_table = cmig_audit_table(schema);
    /* Who runs it, and where, is not known here. */
    static const CmigAuditContext context = {.tool = "cmig " CMIG_VERSION, .git_dirty = -1};
    offline->place = (CmigAuditPlace){.dialect = dialect,
                                      .table = offline->audit_table,
                                      .version_table = config->version_table,
                                      .context = &context,
                                      .offline = TRUE};
    offline->create_schema = rows == NULL || (rows->len == 0 && config->create_version_schema);
    g_string_append_printf(offline->script, "-- cmig %s: %s%s%s for %s\n%s", CMIG_VERSION, what,
                           *shown != '\0' ? " " : "", shown, cmig_dialect_name(dialect),
                           styles[dialect].how);
    offline->stop_at = offline->script->len;
    g_string_append_c(offline->script, '\n');
    add_setup(offline);
}

void cmig_offline_clear(CmigOffline *offline)
{
    if (offline->script != NULL)
        g_string_free(offline->script, TRUE);
    g_free(offline->token);
    g_free(offline->table);
    g_free(offline->audit_table);
}

void cmig_offline_finish(CmigOffline *offline, GString *script)
{
    g_string_append_len(script, offline->script->str, (gssize)offline->stop_at);
    /* psql reads the data of a COPY that failed as SQL, and what runs outside of a transaction
     * would not be stopped by the check before it. Other scripts are left to other clients too. */
    if (offline->must_stop)
        g_string_append(script, "-- It is for psql alone: it has COPY data, or statements outside "
                                "of a transaction.\n\\set ON_ERROR_STOP on\n");
    g_string_append_len(script, offline->script->str + offline->stop_at,
                        (gssize)(offline->script->len - offline->stop_at));
}

void cmig_offline_add(CmigOffline *offline, const char *statement)
{
    g_string_append_printf(offline->script, "%s;\n", statement);
}

static void append_ids(GString *text, const GPtrArray *ids)
{
    for (guint idx = 0; idx < ids->len; idx++)
        g_string_append_printf(text, "%s%s", idx > 0 ? ", " : "",
                               ((const CmigRevision *)ids->pdata[idx])->id);
}

void cmig_offline_add_running(CmigOffline *offline, const CmigStep *step)
{
    gboolean up = step->direction == CMIG_UPGRADE;
    g_string_append_printf(offline->script, "\n-- Running %s ",
                           cmig_direction_name(step->direction));
    if (up)
        append_ids(offline->script, step->revision->parents);
    else
        g_string_append(offline->script, step->revision->id);
    g_string_append(offline->script, " -> ");
    if (up)
        g_string_append(offline->script, step->revision->id);
    else
        append_ids(offline->script, step->revision->parents);
    g_string_append_c(offline->script, '\n');
}

/* A role that may not create schemas is refused one that is there, too: only where it may be
 * missing. */
static void add_schema(CmigOffline *offline)
{
    const char *name = offline->config->version_table_schema;
    if (!offline->create_schema || name == NULL)
        return;
    g_autofree char *schema = cmig_db_quote_identifier(name);
    g_string_append_printf(offline->script, "CREATE SCHEMA IF NOT EXISTS %s;\n", schema);
}

void cmig_offline_begin(CmigOffline *offline)
{
    CmigVersionTable wanted = cmig_version_table(offline->config);
    g_autofree char *version = cmig_db_create_version_table(&wanted, offline->table);
    g_autofree char *audit = cmig_audit_create_sql(&offline->place);
    gboolean postgresql = offline->dialect == CMIG_DIALECT_POSTGRESQL;
    g_string_append(offline->script, styles[offline->dialect].begin);
    if (offline->created)
        return;
    offline->created = TRUE;
    if (postgresql) {
        cmig_offline_add(offline, "SET LOCAL client_min_messages = warning");
        cmig_offline_add_place_check(offline);
        add_schema(offline);
    }
    cmig_offline_add(offline, version);
    cmig_offline_add(offline, audit);
    if (postgresql)
        cmig_offline_add(offline, "SET LOCAL client_min_messages TO DEFAULT");
}

void cmig_offline_add_reset(CmigOffline *offline)
{
    g_string_append(offline->script, styles[offline->dialect].reset);
    add_setup(offline);
}

void cmig_offline_commit(CmigOffline *offline)
{
    g_string_append(offline->script, "COMMIT;\n");
    cmig_offline_add_reset(offline);
}

void cmig_offline_add_changes(CmigOffline *offline, char **changes)
{
    for (; *changes != NULL; changes++)
        cmig_offline_add(offline, *changes);
}

void cmig_offline_add_record(CmigOffline *offline, const CmigStep *step, CmigAuditEvent event,
                             guint count)
{
    gboolean whole = event == CMIG_AUDIT_APPLIED || event == CMIG_AUDIT_REVERTED;
    g_autofree char *checksum =
        whole ? g_strdup(step->checksum) : cmig_step_checksum(step->sql, count);
    CmigAuditRecord record = cmig_step_record(step, event, offline->token);
    record.statement = count;
    record.statements = step->sql->statements->len;
    record.checksum = checksum;
    record.detail = "offline";
    g_autofree char *insert = cmig_audit_insert_sql(&offline->place, &record);
    cmig_offline_add(offline, insert);
    offline->last = step->revision->id;
}

void cmig_offline_add_stamp(CmigOffline *offline, const GPtrArray *from, const GPtrArray *to)
{
    g_autofree char *detail = cmig_rows_describe(from, to);
    CmigAuditRecord record = cmig_audit_record(CMIG_AUDIT_STAMPED, offline->token);
    record.detail = detail;
    g_autofree char *insert = cmig_audit_insert_sql(&offline->place, &record);
    cmig_offline_add(offline, insert);
}
