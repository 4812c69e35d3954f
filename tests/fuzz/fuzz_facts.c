/* libFuzzer: any statement through the walk over PostgreSQL's parse trees, in this process, and
 * what it answers through the message in which it is sent. */
#include "cmig/facts.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Of src/sql/judge/act.h, which tests do not see. */
GPtrArray *cmig_acts_of(const char *text);
void cmig_acts_pack(GPtrArray *acts, GByteArray *message);
gboolean cmig_acts_unpack(const guint8 *message, gsize size, GPtrArray **acts);

/* Of the leak sanitizer, which is built in. */
void __lsan_disable(void);
void __lsan_enable(void);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The library keeps a few bytes for its next call. */
static GPtrArray *acts_of(const char *text)
{
    __lsan_disable();
    GPtrArray *acts = cmig_acts_of(text);
    __lsan_enable();
    return acts;
}

/* The library's own recursion has no limit; in the program it has a process for that. */
enum { LONGEST = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(CmigSqlScript) script = NULL;
    if (!cmig_sql_scan((const char *)data, size, CMIG_DIALECT_POSTGRESQL, FALSE, "fuzz.sql", 1,
                       &script, NULL))
        return 0;
    g_autoptr(GPtrArray) garbage = NULL;
    cmig_acts_unpack(data, size, &garbage);
    for (guint idx = 0; idx < script->statements->len; idx++) {
        g_autofree char *text = cmig_sql_statement_text(script, idx);
        if (strlen(text) > LONGEST)
            continue;
        g_autoptr(GPtrArray) acts = acts_of(text);
        g_autoptr(GByteArray) message = g_byte_array_new();
        cmig_acts_pack(acts, message);
        g_autoptr(GPtrArray) again = NULL;
        g_assert(cmig_acts_unpack(message->data, message->len, &again));
        g_assert((acts == NULL) == (again == NULL) && (acts == NULL || acts->len == again->len));
    }
    g_autoptr(CmigJudge) words = cmig_judge_new_words();
    g_autoptr(GPtrArray) facts = cmig_judge_facts(words, script);
    g_assert(facts->len <= script->statements->len);
    g_autofree char *sum = cmig_sql_fingerprint(script);
    g_assert(strlen(sum) == 64);
    return 0;
}
