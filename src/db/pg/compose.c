/* What the messages of a unit are made of: cmig's statements around those of the script. */
#include "pg.h"

/* Row-level security on the version table is an error then, instead of hiding rows. For cmig's own
 * statements only. */
#define SEE_ALL_ROWS "SET LOCAL row_security = off"

/* The server stops work for a client that died. */
#define WATCH_CLIENT "client_connection_check_interval = '2s'"

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

/* The version table, as Alembic makes it. */
static void add_create(CmigPgMessage *message, const CmigPg *pg, const char *table)
{
    const CmigVersionTable *wanted = pg->base.settings.version_table;
    g_autofree char *constraint = g_strconcat(wanted->name, "_pkc", NULL);
    g_autofree char *quoted = cmig_db_quote_identifier(constraint);
    /* No notice when the table is there: the user did not write this statement. */
    cmig_pg_message_add(message, "SET LOCAL client_min_messages = error");
    if (wanted->primary_key)
        cmig_pg_message_add(message,
                            "CREATE TABLE IF NOT EXISTS %s (version_num VARCHAR(32) NOT NULL, "
                            "CONSTRAINT %s PRIMARY KEY (version_num))",
                            table, quoted);
    else
        cmig_pg_message_add(
            message, "CREATE TABLE IF NOT EXISTS %s (version_num VARCHAR(32) NOT NULL)", table);
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
static void add_script(CmigPgMessage *message, const CmigSqlScript *script)
{
    cmig_pg_message_add(message, "SET LOCAL row_security TO DEFAULT");
    message->script = script;
    message->script_at = message->statements;
    message->script_count = script->statements->len;
    message->whole = TRUE;
    message->script_from = message->text->len;
    cmig_sql_append(script, message->text);
    message->script_to = message->text->len;
    g_string_append(message->text, "\n;");
    message->statements += script->statements->len;
}

/* What a script left set must not reach the next one. Roles first: the right to reset other
 * settings may depend on them. */
static void add_reset(CmigPgMessage *message)
{
    cmig_pg_message_add(message, "RESET SESSION AUTHORIZATION");
    cmig_pg_message_add(message, "RESET ROLE");
    cmig_pg_message_add(message, "RESET ALL");
}

/* The script may have touched the version table. As the role that connected: the script's own may
 * have no right to read it. A downgrade to base may have dropped the table. */
static void add_result_check(CmigPgMessage *message, const CmigDbUnit *unit, const char *table)
{
    cmig_pg_message_add(message, "RESET SESSION AUTHORIZATION");
    cmig_pg_message_add(message, "RESET ROLE");
    cmig_pg_message_add(message, SEE_ALL_ROWS);
    message->result_at = unit->result[0] != NULL ? cmig_pg_add_rows(message, unit->result, table)
                                                 : cmig_pg_add_no_rows(message, table);
}

void cmig_pg_add_unit(CmigPgMessage *message, const CmigPg *pg, const CmigDbUnit *unit,
                      const CmigSqlScript *script)
{
    g_autofree char *table = cmig_db_version_table(&pg->base);
    if (unit->begins)
        cmig_pg_message_add(message, "BEGIN");
    add_settings(message, pg);
    if (unit->create_table)
        add_create(message, pg, table);
    add_lock(message, table, pg->base.settings.lock_timeout);
    add_durability(message);
    add_check(message, unit, table);
    add_changes(message, unit);
    if (unit->result != NULL)
        message->changed_at = cmig_pg_add_rows(message, unit->result, table);
    message->script_at = message->statements;
    if (script != NULL)
        add_script(message, script);
    if (script != NULL && unit->result != NULL)
        add_result_check(message, unit, table);
    if (unit->commits) {
        message->commit_at = message->statements;
        cmig_pg_message_add(message, "COMMIT");
    }
    add_reset(message);
}

/* An earlier section may have released all locks of the session: a division by zero then. */
static void add_lock_check(CmigPgMessage *message, const CmigPg *pg)
{
    cmig_pg_message_add(
        message,
        "SELECT 1 / pg_catalog.count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND "
        "granted AND pid = pg_catalog.pg_backend_pid() AND database = (SELECT oid FROM "
        "pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND objsubid = 1 "
        "AND classid = %" G_GUINT64_FORMAT " AND objid = %" G_GUINT64_FORMAT,
        pg->lock_key >> 32, pg->lock_key & G_MAXUINT32);
}

guint cmig_pg_add_preview(CmigPgMessage *message, const CmigPg *pg, const CmigDbUnit *unit)
{
    g_autofree char *table = cmig_db_version_table(&pg->base);
    guint lock_at = CMIG_PG_NONE;
    cmig_pg_message_add(message, "BEGIN");
    cmig_pg_message_add(message, SEE_ALL_ROWS);
    if (unit->create_table)
        add_create(message, pg, table);
    add_lock(message, table, pg->base.settings.lock_timeout);
    add_check(message, unit, table);
    if (pg->locked) {
        lock_at = message->statements;
        add_lock_check(message, pg);
    }
    cmig_pg_message_add(message, "ROLLBACK");
    /* For the statements that follow one by one, until RESET ALL. */
    if (pg->can_watch_client)
        cmig_pg_message_add(message, "SET " WATCH_CLIENT);
    message->script_at = message->statements;
    return lock_at;
}
