/* libFuzzer: any bytes through the lexer, both dialects. */
#include "cmig/sql.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const CmigDialect dialects[] = {CMIG_DIALECT_POSTGRESQL, CMIG_DIALECT_SQLITE};
    for (gsize idx = 0; idx < G_N_ELEMENTS(dialects); idx++) {
        g_autoptr(CmigSqlScript) script = NULL;
        if (!cmig_sql_scan((const char *)data, size, dialects[idx], size % 2, "fuzz.sql", 1,
                           &script, NULL))
            continue;
        g_autoptr(GString) sent = g_string_new(NULL);
        cmig_sql_append(script, sent);
        for (gsize at = 0; at < sent->len; at++)
            g_assert(script->text[cmig_sql_unappend(script, at)] == sent->str[at]);
    }
    return 0;
}
