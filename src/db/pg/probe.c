/* What is there of the effect of a statement that cannot run in a transaction: its object is taken
 * from its words, and its state from the catalogs. The names are resolved by the server as they are
 * written, so the session's search path counts. Nothing here changes anything. */
#include "cmig/error.h"
#include "db/pg/pg.h"

#include <string.h>

/* Each query answers with one row: state, what (for messages), cleanup, completes. $1 and $2 are
 * the names as they are written; names in what comes back are quoted by the server. */
typedef struct {
    CmigSqlEffect effect;
    const char *query; /* NULL: repeating the statement does no harm */
} Probe;

/* $1 without quotes, folded as the server does. */
#define BARE_NAME "(pg_catalog.parse_ident($1::text))[1]"

/* Sessions that build or rebuild an index; nobody else's work is to be disturbed. */
#define BUILDER(relation)                                                                          \
    "(SELECT p.pid FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid "           \
    "= " relation " AND p.pid <> pg_catalog.pg_backend_pid() LIMIT 1)"

#define INDEX_STATE(from, absent)                                                                  \
    "SELECT CASE WHEN f.oid IS NULL THEN '" absent "'"                                             \
    " WHEN f.indisvalid AND f.indisready THEN 'valid'"                                             \
    " WHEN f.builder IS NOT NULL THEN 'busy' ELSE 'leftover' END,"                                 \
    " CASE WHEN f.builder IS NOT NULL"                                                             \
    "  THEN pg_catalog.format('session %s is building the index %s', f.builder, f.name)"           \
    "  ELSE pg_catalog.format('the index %s is %s', f.name,"                                       \
    "   CASE WHEN f.indisvalid AND f.indisready THEN 'there and valid' ELSE 'invalid' END) END,"   \
    " 'DROP INDEX CONCURRENTLY ' || f.name, 'f'"                                                   \
    " FROM (SELECT 1) AS one LEFT JOIN (" from ") AS f ON true"

#define QUALIFIED "pg_catalog.format('%I.%I', n.nspname, c.relname) AS name"

#define INDEX_COLUMNS                                                                              \
    "SELECT c.oid, i.indisvalid, i.indisready, " QUALIFIED                                         \
    ", " BUILDER("c.oid") " AS builder FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON "  \
                          "c.oid = i.indexrelid "                                                  \
                          "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "

/* The index is in the schema of its table, whatever the search path is. */
static const char create_index[] = INDEX_STATE(
    INDEX_COLUMNS "c.relname = " BARE_NAME " AND i.indrelid = pg_catalog.to_regclass($2::text)",
    "absent");

/* The server chose the name: an invalid index of the table that nobody builds. */
static const char create_unnamed_index[] = INDEX_STATE(
    INDEX_COLUMNS "i.indrelid = pg_catalog.to_regclass($2::text) AND NOT i.indisvalid LIMIT 1",
    "unknown");

static const char drop_index[] =
    INDEX_STATE(INDEX_COLUMNS "c.oid = pg_catalog.to_regclass($1::text)", "done");

/* Of the index, or of any index of the table or schema; all names when there is none. */
static const char reindex[] =
    INDEX_STATE(INDEX_COLUMNS
                "NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND ($1::text IS NULL OR "
                "pg_catalog.to_regclass($1::text) IN (i.indrelid, c.oid) OR n.nspname = " BARE_NAME
                " OR EXISTS (SELECT "
                "FROM pg_catalog.pg_index o WHERE o.indexrelid = pg_catalog.to_regclass($1::text) "
                "AND o.indrelid = "
                "i.indrelid)) LIMIT 1",
                "absent");

/* 14 and later; earlier servers refuse the statement. */
static const char detach[] =
    "SELECT CASE WHEN h.inhrelid IS NULL THEN 'done' WHEN "
    "(pg_catalog.to_jsonb(h) ->> 'inhdetachpending')::bool THEN 'leftover' ELSE 'absent' END, "
    "'the partition is detached in part', pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s "
    "FINALIZE', h.inhparent::regclass, h.inhrelid::regclass), 't' FROM (SELECT 1) AS one LEFT JOIN "
    "pg_catalog.pg_inherits h ON h.inhparent = pg_catalog.to_regclass($1::text) AND h.inhrelid = "
    "pg_catalog.to_regclass($2::text)";

#define EXISTS_STATE(catalog, column, there, missing)                                              \
    "SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog." catalog " WHERE " column " = " BARE_NAME    \
    ") THEN '" there "' ELSE '" missing "' END, NULL, NULL, 'f'"

static const Probe probes[] = {
    {CMIG_SQL_EFFECT_CREATE_INDEX, create_index},
    {CMIG_SQL_EFFECT_CREATE_UNNAMED_INDEX, create_unnamed_index},
    {CMIG_SQL_EFFECT_DROP_INDEX, drop_index},
    {CMIG_SQL_EFFECT_REINDEX, reindex},
    {CMIG_SQL_EFFECT_DETACH, detach},
    {CMIG_SQL_EFFECT_CREATE_DATABASE, EXISTS_STATE("pg_database", "datname", "done", "absent")},
    {CMIG_SQL_EFFECT_DROP_DATABASE, EXISTS_STATE("pg_database", "datname", "absent", "done")},
    {CMIG_SQL_EFFECT_CREATE_TABLESPACE, EXISTS_STATE("pg_tablespace", "spcname", "done", "absent")},
    {CMIG_SQL_EFFECT_DROP_TABLESPACE, EXISTS_STATE("pg_tablespace", "spcname", "absent", "done")},
    {CMIG_SQL_EFFECT_CREATE_SUBSCRIPTION,
     EXISTS_STATE("pg_subscription", "subname", "done", "absent")},
    {CMIG_SQL_EFFECT_DROP_SUBSCRIPTION,
     EXISTS_STATE("pg_subscription", "subname", "absent", "done")},
    {CMIG_SQL_EFFECT_REPEATABLE, NULL},
};

static const struct {
    const char *word;
    CmigEffectState state;
} states[] = {
    {"unknown", CMIG_EFFECT_UNKNOWN},   {"absent", CMIG_EFFECT_ABSENT}, {"done", CMIG_EFFECT_DONE},
    {"leftover", CMIG_EFFECT_LEFTOVER}, {"busy", CMIG_EFFECT_BUSY},
};

static CmigEffect *effect_new(CmigEffectState state, const char *what)
{
    CmigEffect *effect = g_new0(CmigEffect, 1);
    effect->state = state;
    effect->what = g_strdup(what);
    return effect;
}

/* A valid index is what CREATE wants and what DROP has still to take away. */
static CmigEffectState read_state(const char *word, CmigSqlEffect effect)
{
    if (strcmp(word, "valid") == 0)
        return effect == CMIG_SQL_EFFECT_DROP_INDEX ? CMIG_EFFECT_ABSENT : CMIG_EFFECT_DONE;
    for (gsize idx = 0; idx < G_N_ELEMENTS(states); idx++)
        if (strcmp(word, states[idx].word) == 0)
            return states[idx].state;
    return CMIG_EFFECT_UNKNOWN;
}

static CmigEffect *read_effect(const PGresult *result, CmigSqlEffect kind)
{
    enum { STATE, WHAT, CLEANUP, COMPLETES };
    CmigEffect *effect = effect_new(read_state(PQgetvalue(result, 0, STATE), kind), NULL);
    if (kind == CMIG_SQL_EFFECT_DROP_INDEX && effect->state == CMIG_EFFECT_LEFTOVER)
        effect->state = CMIG_EFFECT_ABSENT; /* running the statement again takes it away */
    if (!PQgetisnull(result, 0, WHAT))
        effect->what = g_strdup(PQgetvalue(result, 0, WHAT));
    if (effect->state == CMIG_EFFECT_LEFTOVER)
        effect->cleanup = g_strdup(PQgetvalue(result, 0, CLEANUP));
    effect->completes = strcmp(PQgetvalue(result, 0, COMPLETES), "t") == 0;
    return effect;
}

/* $1 and $2 are the names as they are written; the server takes their quotes away where a catalog
 * has the bare name. */
gboolean cmig_pg_probe(CmigDb *db, const CmigSqlScript *script, guint index, CmigEffect **effect,
                       GError **error)
{
    CmigPg *pg = (CmigPg *)db;
    g_autoptr(CmigSqlTarget) target = cmig_sql_target(script, index);
    const Probe *probe = NULL;
    for (gsize idx = 0; idx < G_N_ELEMENTS(probes); idx++)
        if (probes[idx].effect == target->effect)
            probe = &probes[idx];
    if (probe == NULL || probe->query == NULL) {
        *effect = effect_new(probe ? CMIG_EFFECT_ABSENT : CMIG_EFFECT_UNKNOWN, NULL);
        return TRUE;
    }
    static const Oid text = 25; /* TEXTOID; a query may use only one of the two */
    const Oid types[] = {text, text};
    const char *values[] = {target->name, target->second};
    g_autoptr(CmigPgResult) result =
        PQexecParams(pg->conn, probe->query, G_N_ELEMENTS(values), types, values, NULL, NULL, 0);
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
        *effect = read_effect(result, target->effect);
        return TRUE;
    }
    cmig_pg_set_error(pg, result, error);
    if (PQstatus(pg->conn) != CONNECTION_OK)
        return FALSE;
    /* A name that the catalogs' functions cannot read: nothing is known then. */
    *effect = effect_new(CMIG_EFFECT_UNKNOWN, error != NULL ? (*error)->message : NULL);
    g_clear_error(error);
    return TRUE;
}
