/* PRAGMAs, by their names: they are never prepared, because some act at once. */
#include "db/sqlite/judge.h"

#include <string.h>

/* Those that only tell something, whatever their argument. */
static const char *const telling[] = {
    "collation_list",   "compile_options", "data_version",  "database_list", "foreign_key_check",
    "foreign_key_list", "freelist_count",  "function_list", "index_info",    "index_list",
    "index_xinfo",      "integrity_check", "module_list",   "page_count",    "pragma_list",
    "quick_check",      "table_info",      "table_list",    "table_xinfo",   NULL};

/* Those that a value does no harm to: for the connection only, or maintenance. */
static const char *const harmless[] = {
    "analysis_limit", "automatic_index", "busy_timeout",       "cache_size",
    "cache_spill",    "encoding",        "defer_foreign_keys", "incremental_vacuum",
    "mmap_size",      "optimize",        "shrink_memory",      "soft_heap_limit",
    "temp_store",     "threads",         "wal_checkpoint",     NULL};

/* What a value of these sets can be set again. */
static const char *const numbers[] = {"application_id", "user_version", NULL};

/* These protect the data. */
static const char *const protecting[] = {"foreign_keys", "ignore_check_constraints",
                                         "writable_schema", "trusted_schema", NULL};

/* Numbers, strings and signs are on in many ways; 0x1 is two tokens here. */
static gboolean is_on(CmigReader reader)
{
    static const char *const words[] = {"off", "no", "false", NULL};
    gboolean off = cmig_reader_is_one_of(&reader, words);
    if (reader.token.kind == CMIG_TOKEN_NUMBER && reader.token.end - reader.token.start == 1)
        off = reader.lexer.text[reader.token.start] == '0';
    cmig_reader_next(&reader);
    return !off || reader.token.kind == CMIG_TOKEN_WORD;
}

static void judge_value(CmigSqliteJudge *self, const char *name, const CmigReader *value,
                        CmigFact *fact)
{
    if (g_strv_contains(harmless, name))
        return;
    if (strcmp(name, "foreign_keys") == 0)
        sqlite3_db_config(self->scratch->handle, SQLITE_DBCONFIG_ENABLE_FKEY, is_on(*value), NULL);
    if (strcmp(name, "recursive_triggers") == 0 && is_on(*value))
        cmig_scratch_trigger_replaced(self->scratch);
    CmigLevel level = g_strv_contains(numbers, name) ? CMIG_LEVEL_DEFINITION : CMIG_LEVEL_WEAKER;
    cmig_fact_say(fact, level, g_strv_contains(protecting, name) ? CMIG_FACT_PRIVILEGE : 0, NULL,
                  "sets PRAGMA %s", name);
}

/* Also behind EXPLAIN, which keeps no PRAGMA from acting. Anything else that is explained is not
 * run. */
CmigJudged cmig_judge_pragma(CmigSqliteJudge *self, const CmigSqlScript *script, guint index,
                             CmigFact *fact)
{
    CmigReader reader = cmig_reader_of(script, index);
    if (cmig_reader_skip(&reader, "explain") && cmig_reader_skip(&reader, "query"))
        cmig_reader_skip(&reader, "plan");
    if (!cmig_reader_skip(&reader, "pragma"))
        return CMIG_JUDGED;
    cmig_judge_forget_shapes(self);
    g_autofree char *taken = cmig_reader_take_name(&reader);
    if (cmig_reader_is_symbol(&reader, '.')) {
        cmig_reader_next(&reader);
        g_free(taken);
        taken = cmig_reader_take_name(&reader);
    }
    if (taken == NULL)
        return CMIG_JUDGED; /* SQLite refuses it */
    g_autofree char *name = cmig_fold(taken);
    gboolean value = cmig_reader_is_symbol(&reader, '=') || cmig_reader_is_symbol(&reader, '(');
    if (value && !g_strv_contains(telling, name)) {
        cmig_reader_next(&reader);
        judge_value(self, name, &reader, fact);
    }
    return CMIG_JUDGED;
}
