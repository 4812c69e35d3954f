#include "engine/version_rows.h"

#include "cmig/db.h"

#include <string.h>

gboolean cmig_rows_same(const GPtrArray *left, const GPtrArray *right)
{
    for (guint idx = 0; left->len == right->len && idx < left->len; idx++)
        if (strcmp(left->pdata[idx], right->pdata[idx]) != 0)
            return FALSE;
    return left->len == right->len;
}

const char **cmig_rows_list(const GPtrArray *rows)
{
    const char **ids = g_new0(const char *, rows->len + 1);
    for (guint idx = 0; idx < rows->len; idx++)
        ids[idx] = rows->pdata[idx];
    return ids;
}

GStrv cmig_rows_statements(const char *table, const CmigRowChange *change, guint *rows_changed)
{
    GStrvBuilder *statements = g_strv_builder_new();
    *rows_changed = change->deleted->len + change->inserted->len + (change->updated_to ? 1 : 0);

    for (guint idx = 0; idx < change->deleted->len; idx++) {
        g_autofree char *id = cmig_db_quote_literal(change->deleted->pdata[idx]);
        g_autofree char *sql = g_strdup_printf("DELETE FROM %s WHERE version_num = %s", table, id);
        g_strv_builder_add(statements, sql);
    }
    if (change->updated_to != NULL) {
        g_autofree char *to = cmig_db_quote_literal(change->updated_to);
        g_autofree char *from = cmig_db_quote_literal(change->updated_from);
        g_autofree char *sql = g_strdup_printf(
            "UPDATE %s SET version_num = %s WHERE version_num = %s", table, to, from);
        g_strv_builder_add(statements, sql);
    }
    for (guint idx = 0; idx < change->inserted->len; idx++) {
        g_autofree char *id = cmig_db_quote_literal(change->inserted->pdata[idx]);
        g_autofree char *sql =
            g_strdup_printf("INSERT INTO %s (version_num) VALUES (%s)", table, id);
        g_strv_builder_add(statements, sql);
    }
    GStrv result = g_strv_builder_end(statements);
    g_strv_builder_unref(statements);
    return result;
}

CmigRowChange *cmig_rows_between(const GPtrArray *from, const GPtrArray *to)
{
    CmigRowChange *change = cmig_row_change_new();
    guint left = 0;
    guint right = 0;
    while (left < from->len || right < to->len) {
        int order = left == from->len  ? 1
                    : right == to->len ? -1
                                       : g_strcmp0(from->pdata[left], to->pdata[right]);
        if (order < 0)
            g_ptr_array_add(change->deleted, from->pdata[left++]);
        else if (order > 0)
            g_ptr_array_add(change->inserted, to->pdata[right++]);
        else {
            left++;
            right++;
        }
    }
    if (change->deleted->len > 0 && change->inserted->len > 0) {
        change->updated_from = g_ptr_array_steal_index(change->deleted, change->deleted->len - 1);
        change->updated_to = g_ptr_array_steal_index(change->inserted, change->inserted->len - 1);
    }
    return change;
}

char *cmig_rows_describe(const GPtrArray *from, const GPtrArray *to)
{
    g_autofree const char **old = from != NULL ? cmig_rows_list(from) : NULL;
    g_autofree const char **new = cmig_rows_list(to);
    g_autofree char *left = old != NULL ? g_strjoinv(", ", (char **)(void *)old) : g_strdup("*");
    g_autofree char *right = g_strjoinv(", ", (char **)(void *)new);
    return g_strdup_printf("[%s] -> [%s]", left, right);
}
