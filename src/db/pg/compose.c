/* What the messages of a unit are made of: cmig's statements around those of the script. */
#include "db/pg/pg.h"

/* Row-level security on the version table is an error then, instead of hiding rows. For cmig's own
 * statements only. */
#define SEE_ALL_ROWS "SET LOCAL row_security = off"

/* The server stops work for a client that died. */
#define WATCH_CLIENT "client_connection_check_interval = '2s'"

enum { APART_LOCK_TIMEOUT = 2000 }; /* milliseconds: nobody shall wait long for a mere record */

/* Settings that hold for the transaction. */
static void add_settings(CmigPgMessage *message, const CmigPg *pg)
{
    if (pg->base.settings.statement_timeout > 0)
        cmig_pg_message_add(message, "SET LOCAL statement_timeout = %u",
                            pg->base.settings.statement_timeout);
    cmig_pg_message_add(message, "SET LOCAL standard_conforming_strings = on");
    cmig_pg_message_add(message, SEE_ALL_ROWS);
    cmig_pg_message_add(message, "SET LOCAL idle_in_transaction_session_timeout = '1min'");
    if (pg->can_watch_client)
        cmig_pg_message_add(message, "SET LOCAL " WATCH_CLIENT);
}

/* A setting that depends on the server's, so it is made by a query, which can look first. It comes
 * behind LOCK TABLE: at higher isolation levels the first query decides what the transaction sees.
 */
static void add_durability(CmigPgMessage *message)
{
    cmig_pg_message_add(message,
                        "SELECT CASE WHEN pg_catalog.current_setting('synchronous_commit') = 'off'"
                        " THEN pg_catalog.set_config('synchronous_commit', 'on', true) END");
}

/* cmig's own tables. No notice when one is there: the user did not write this statement. */
static void add_create(CmigPgMessage *message, const CmigPg *pg, const CmigDbUnit *unit,
                       const char *table)
{
    if (!unit->create_table && unit->setup == NULL)
        return;
    g_autofree char *create = cmig_db_create_version_table(pg->base.settings.version_table, table);
    g_autofree char *schema = cmig_db_quote_identifier(pg->base.table_schema);
    cmig_pg_message_add(message, "SET LOCAL client_min_messages = error");
    if (unit->create_schema)
        cmig_pg_message_add(message, "CREATE SCHEMA IF NOT EXISTS %s", schema);
    if (unit->create_table)
        cmig_pg_message_add(message, "%s", create);
    for (const char *const *setup = unit->setup; setup != NULL && *setup != NULL; setup++)
        cmig_pg_message_add(message, "%s", *setup);
    cmig_pg_message_add(message, "SET LOCAL client_min_messages TO DEFAULT");
}

/* From here to the end of the transaction nobody else changes the version rows. The wait is
 * limited, that of the script's own statements is not. */
static void add_lock(CmigPgMessage *message, const char *table, guint lock_timeout)
{
    if (lock_timeout > 0)
        cmig_pg_message_add(message, "SET LOCAL lock_timeout = %u", lock_timeout);
    cmig_pg_message_add(message, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", table);
    if (lock_timeout > 0)
        cmig_pg_message_add(message, "SET LOCAL lock_timeout TO DEFAULT");
}

static void add_check(CmigPgMessage *message, const CmigDbUnit *unit, const char *table)
{
    if (unit->expected != NULL)
        message->check_at = cmig_pg_add_rows(message, unit->expected, table);
}

static void add_changes(CmigPgMessage *message, const CmigDbUnit *unit)
{
    message->changes_from = message->statements;
    for (const char *const *change = unit->changes; change != NULL && *change != NULL; change++)
        cmig_pg_message_add(message, "%s", *change);
    message->changes_to = message->statements;
}

/* A script may end in a comment or without a `;`. */
static void add_script(CmigPgMessage *message, const CmigDbUnit *unit)
{
    const CmigSqlScript *script = unit->script;
    message->script_at = message->statements;
    if (script == NULL)
        return;
    cmig_pg_message_add(message, "SET LOCAL row_security TO DEFAULT");
    if (unit->lock_timeout > 0)
        cmig_pg_message_add(message, "SET LOCAL lock_timeout = %u", unit->lock_timeout);
    message->script = script;
    message->script_at = message->statements;
    message->whole = unit->only == 0;
    message->script_first = message->whole ? 0 : unit->only - 1;
    message->script_count = message->whole ? script->statements->len : 1;
    message->script_from = message->text->len;
    if (message->whole)
        cmig_sql_append(script, message->text);
    else
        cmig_pg_append_statement(message, script, unit->only - 1);
    message->script_to = message->text->len;
    g_string_append(message->text, "\n;");
    message->statements += message->script_count;
}

/* What a script left set must not reach the next one. Roles first: the right to reset other
 * settings may depend on them. */
static void add_reset(CmigPgMessage *message)
{
    cmig_pg_message_add(message, "RESET SESSION AUTHORIZATION");
    cmig_pg_message_add(message, "RESET ROLE");
    cmig_pg_message_add(message, "RESET ALL");
}

/* Back to the role that connected, for the script may have changed it and its own may lack rights;
 * between the statements of a section for the rest of the transaction only. */
static void add_own_role(CmigPgMessage *message, const CmigPg *pg)
{
    if (pg->separate) {
        cmig_pg_message_add(message, "SET LOCAL SESSION AUTHORIZATION DEFAULT");
        cmig_pg_message_add(message, "SET LOCAL ROLE NONE");
    } else {
        cmig_pg_message_add(message, "RESET SESSION AUTHORIZATION");
        cmig_pg_message_add(message, "RESET ROLE");
    }
    cmig_pg_message_add(message, SEE_ALL_ROWS);
}

/* The script may have touched the version table, and a downgrade to base may have dropped it. */
static void add_result_check(CmigPgMessage *message, const CmigDbUnit *unit, const char *table)
{
    if (unit->result != NULL)
        message->result_at = unit->result[0] != NULL
                                 ? cmig_pg_add_rows(message, unit->result, table)
                                 : cmig_pg_add_no_rows(message, table);
}

static void add_records(CmigPgMessage *message, const CmigDbUnit *unit)
{
    message->records_from = message->statements;
    if (unit->records != NULL) /* they may create what is there */
        cmig_pg_message_add(message, "SET LOCAL client_min_messages = error");
    for (const char *const *record = unit->records; record != NULL && *record != NULL; record++)
        cmig_pg_message_add(message, "%s", *record);
    if (unit->records != NULL)
        cmig_pg_message_add(message, "SET LOCAL client_min_messages TO DEFAULT");
    message->records_to = message->statements;
}

/* The version table: there, locked, as it should be, and changed. */
static void add_version(CmigPgMessage *message, const CmigPg *pg, const CmigDbUnit *unit,
                        const char *table)
{
    if (unit->apart) {
        cmig_pg_message_add(message, "SET LOCAL lock_timeout = %u", APART_LOCK_TIMEOUT);
        return;
    }
    add_create(message, pg, unit, table);
    add_lock(message, table, pg->base.settings.lock_timeout);
    add_durability(message);
    add_check(message, unit, table);
    add_changes(message, unit);
}

void cmig_pg_add_unit(CmigPgMessage *message, const CmigPg *pg, const CmigDbUnit *unit)
{
    g_autofree char *table = cmig_db_version_table(&pg->base);
    if (unit->begins)
        cmig_pg_message_add(message, "BEGIN");
    add_settings(message, pg);
    /* Between the statements of a section the script runs as the role that it has set, and that
     * can be left for the rest of a transaction, but not be taken up again. */
    if (!pg->separate)
        add_version(message, pg, unit, table);
    add_script(message, unit);
    if (pg->separate || unit->script != NULL)
        add_own_role(message, pg);
    if (pg->separate)
        add_version(message, pg, unit, table);
    add_result_check(message, unit, table);
    add_records(message, unit);
    if (unit->commits) {
        message->commit_at = message->statements;
        cmig_pg_message_add(message, "COMMIT");
    }
    if (!pg->separate)
        add_reset(message);
}

void cmig_pg_add_lock_check(CmigPgMessage *message, const CmigPg *pg)
{
    cmig_pg_message_add(
        message,
        "SELECT 1 / pg_catalog.count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND "
        "granted AND pid = pg_catalog.pg_backend_pid() AND database = (SELECT oid FROM "
        "pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND objsubid = 1 "
        "AND classid = %" G_GUINT64_FORMAT " AND objid = %" G_GUINT64_FORMAT,
        pg->lock_key >> 32, pg->lock_key & G_MAXUINT32);
}

void cmig_pg_add_session_settings(CmigPgMessage *message, const CmigPg *pg)
{
    if (pg->base.settings.statement_timeout > 0)
        cmig_pg_message_add(message, "SET statement_timeout = %u",
                            pg->base.settings.statement_timeout);
    if (pg->can_watch_client)
        cmig_pg_message_add(message, "SET " WATCH_CLIENT);
}
