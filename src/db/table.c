/* Whether what stands where the version table belongs can be read and written. Pure decisions over
 * what the driver found. */
#include "cmig/db.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

/* PostgreSQL cuts longer names off, silently. */
enum { MAX_NAME = 63 };

void cmig_db_table_clear(CmigDbTable *table)
{
    g_free(table->kind);
    g_free(table->type);
    g_free(table->required);
    g_free(table->lacking);
    g_free(table->schema_lacking);
    g_free(table->user);
    *table = (CmigDbTable){0};
}

static gboolean fail(GError **error, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
static gboolean fail(GError **error, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *why = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *shown = cmig_text_escape(name);
    g_autofree char *said = cmig_text_escape(why);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "the version table %s %s", shown, said);
    return FALSE;
}

/* `note` follows the command that would help. */
static gboolean fail_grant(GError **error, const CmigDbTable *table, const char *name,
                           const char *rights, const char *object, const char *note)
{
    fail(error, name, "is out of reach: %s lacks %s on the %s", table->user, rights,
         g_str_has_prefix(object, "SCHEMA") ? "schema" : "table");
    g_autofree char *sql = g_strdup_printf("GRANT %s ON %s TO %s", rights, object, table->user);
    g_autofree char *shown = cmig_text_escape(sql);
    cmig_error_set_sqlstate(error, "42501");
    cmig_error_set_hint(error, "as the owner: %s%s", shown, note);
    return FALSE;
}

/* Who only looks needs no more than SELECT. */
static gboolean fail_select(GError **error, const CmigDbTable *table, const char *name)
{
    g_autofree char *note = strcmp(table->lacking, "SELECT") != 0
                                ? g_strdup_printf("\na role that migrates needs %s", table->lacking)
                                : g_strdup("");
    return fail_grant(error, table, name, "SELECT", name, note);
}

/* Of a table `name`, quoted, the schema as it stands in there. */
static char *schema_object(const char *schema)
{
    g_autofree char *quoted = cmig_db_quote_identifier(schema);
    return g_strconcat("SCHEMA ", quoted, NULL);
}

gboolean cmig_db_table_check_readable(const CmigDbTable *table, const char *schema,
                                      const char *name, GError **error)
{
    if (table->kind == NULL)
        return TRUE;
    if (strcmp(table->kind, "table") != 0) {
        fail(error, name, "cannot be used: %s of that name is in its place", table->kind);
        cmig_error_set_hint(error, "rename it, or configure another version_table");
        return FALSE;
    }
    if (table->type == NULL) {
        fail(error, name, "has no column version_num: it is no version table");
        cmig_error_set_hint(error, "configure another version_table");
        return FALSE;
    }
    if (!table->is_text) {
        fail(error, name, "has a column version_num of type %s, which does not keep text",
             table->type);
        cmig_error_set_hint(error, "make that column varchar(32), or configure another "
                                   "version_table");
        return FALSE;
    }
    if (g_strcmp0(table->schema_lacking, "USAGE") == 0) {
        g_autofree char *object = schema_object(schema);
        return fail_grant(error, table, name, table->schema_lacking, object, "");
    }
    if (table->lacking != NULL && g_str_has_prefix(table->lacking, "SELECT"))
        return fail_select(error, table, name);
    return TRUE;
}

static gboolean check_width(const CmigDbTable *table, const char *name, const char *const *ids,
                            GError **error)
{
    for (; ids != NULL && *ids != NULL; ids++) {
        gsize length = strlen(*ids); /* ids are ASCII */
        if (table->width == 0 || length <= table->width)
            continue;
        g_autofree char *shown = cmig_text_escape(*ids);
        fail(error, name,
             "is too narrow for %s: version_num is %s, the id has %" G_GSIZE_FORMAT " characters",
             shown, table->type, length);
        g_autofree char *escaped = cmig_text_escape(name);
        cmig_error_set_detail(error, "nothing was changed");
        cmig_error_set_hint(error,
                            "widen it: ALTER TABLE %s ALTER COLUMN version_num TYPE "
                            "varchar(32)",
                            escaped);
        return FALSE;
    }
    return TRUE;
}

gboolean cmig_db_table_check_writable(const CmigDbTable *table, const char *schema,
                                      const char *name, const char *const *ids, GError **error)
{
    if (!cmig_db_table_check_readable(table, schema, name, error))
        return FALSE;
    if (table->schema_lacking != NULL) {
        g_autofree char *object = schema_object(schema);
        return fail_grant(error, table, name, table->schema_lacking, object, "");
    }
    if (table->kind == NULL)
        return TRUE;
    if (table->lacking != NULL)
        return fail_grant(error, table, name, table->lacking, name, "");
    if (table->required != NULL) {
        fail(error, name, "takes no new rows: it wants values for %s too", table->required);
        cmig_error_set_hint(error, "give these columns defaults, or drop NOT NULL, or configure "
                                   "another version_table");
        return FALSE;
    }
    return check_width(table, name, ids, error);
}

/* As Alembic names it; not cut within a character. */
static char *key_name(const char *table)
{
    static const char suffix[] = "_pkc";
    gsize keep = MIN(strlen(table), MAX_NAME - strlen(suffix));
    while (keep > 0 && ((guint8)table[keep] & 0xc0) == 0x80)
        keep--;
    g_autofree char *start = g_strndup(table, keep);
    return g_strconcat(start, suffix, NULL);
}

char *cmig_db_create_version_table(const CmigVersionTable *version_table, const char *table)
{
    g_autofree char *constraint = key_name(version_table->name);
    g_autofree char *quoted = cmig_db_quote_identifier(constraint);
    g_autofree char *key =
        version_table->primary_key
            ? g_strdup_printf(", CONSTRAINT %s PRIMARY KEY (version_num)", quoted)
            : g_strdup("");
    return g_strdup_printf("CREATE TABLE IF NOT EXISTS %s (version_num VARCHAR(32) NOT NULL%s)",
                           table, key);
}

char *cmig_db_check_rows_sql(const char *table, const char *const *rows, const char *begin,
                             const char *end)
{
    g_autoptr(GString) wanted = g_string_new(NULL);
    for (; *rows != NULL; rows++) {
        g_autofree char *literal = cmig_db_quote_literal(*rows);
        g_string_append_printf(wanted, "%s%s", wanted->len ? "," : "", literal);
    }
    g_autofree char *before = cmig_db_quote_literal(begin);
    g_autofree char *behind = cmig_db_quote_literal(end);
    return g_strdup_printf(
        "SELECT CASE WHEN r.found = ARRAY[%s]::pg_catalog.text[] THEN 0 ELSE (%s || "
        "pg_catalog.array_to_string(r.found, ', ') || %s)::int END FROM (SELECT "
        "coalesce(pg_catalog.array_agg(v ORDER BY v), ARRAY[]::pg_catalog.text[]) AS found FROM "
        "(SELECT version_num::pg_catalog.text COLLATE pg_catalog.\"C\" AS v FROM %s) AS t) AS r",
        wanted->str, before, behind, table);
}
