/* libFuzzer: a value (up to the first newline) and a text that refers to it, both dialects. A value
 * in quotes is one token; every byte outside of values is the source's. */
#include "cmig/sql.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const CmigSqlScript *script)
{
    gsize at = 0, source = 0;
    for (guint idx = 0; idx <= script->pieces->len; idx++) {
        gboolean last = idx == script->pieces->len;
        const CmigSqlPiece end = {script->length, 0, script->source->length, 0};
        const CmigSqlPiece *piece = last ? &end : &g_array_index(script->pieces, CmigSqlPiece, idx);
        g_assert(piece->start - at == piece->source_start - source);
        g_assert(memcmp(script->text + at, script->source->text + source, piece->start - at) == 0);
        at = piece->end;
        source = piece->source_end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const CmigDialect dialects[] = {CMIG_DIALECT_POSTGRESQL, CMIG_DIALECT_SQLITE};
    const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    gsize value_size = newline != NULL ? (gsize)(newline - data) : 0;
    g_autofree char *value = g_strndup((const char *)data, value_size);
    g_autoptr(GHashTable) variables = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(variables, (gpointer)(guintptr) "x", value);
    g_hash_table_insert(variables, (gpointer)(guintptr) "y", (gpointer)(guintptr) "it's \\");
    for (gsize idx = 0; idx < G_N_ELEMENTS(dialects); idx++) {
        g_autoptr(CmigSqlScript) source = NULL;
        g_autoptr(CmigSqlScript) script = NULL;
        if (cmig_sql_scan((const char *)data + value_size, size - value_size, dialects[idx], FALSE,
                          "fuzz.sql", 1, &source, NULL) &&
            cmig_sql_substitute(&source, variables, size % 2, &script, NULL))
            check(script);
    }
    return 0;
}
