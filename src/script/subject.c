/* The name that a template gives to what a message is about. */
#include "script/new_internal.h"

#include <string.h>

/* What PostgreSQL or SQLite does not take as a table's name without quotes, between spaces. */
static const char reserved[] =
    " "
    "add all alter analyse analyze and any array as asc asymmetric authorization "
    "autoincrement between binary both case cast check collate collation column commit "
    "concurrently constraint create cross current_catalog current_date current_role "
    "current_schema current_time current_timestamp current_user default deferrable delete "
    "desc distinct do drop else end escape except exists false fetch for foreign freeze from "
    "full grant group having ilike in index initially inner insert intersect into is isnull "
    "join lateral leading left like limit localtime localtimestamp natural not nothing "
    "notnull null offset on only or order outer overlaps placing primary references returning "
    "right select session_user set similar some symmetric table tablesample then to trailing "
    "transaction true union unique update user using values variadic verbose when where "
    "window with ";

/* What a message says besides the name. */
static const char *const leading[] = {"create_", "add_", NULL};
static const char *const trailing[] = {"_table", "_type", "_index", "_enum", NULL};

char *cmig_new_subject(const char *message)
{
    g_autofree char *slug = cmig_slug(message, 40);
    const char *name = slug;
    for (gsize idx = 0; leading[idx] != NULL && name == slug; idx++)
        if (g_str_has_prefix(slug, leading[idx]))
            name += strlen(leading[idx]);
    gsize whole = strlen(name);
    gsize length = whole;
    for (gsize idx = 0; trailing[idx] != NULL && length == whole; idx++)
        if (g_str_has_suffix(name, trailing[idx]))
            length -= strlen(trailing[idx]);
    while (length > 0 && name[length - 1] == '_')
        length--;
    if (length == 0)
        return g_strdup("change_me");
    g_autofree char *subject = g_strndup(name, length);
    g_autofree char *word = g_strconcat(" ", subject, " ", NULL);
    if (strstr(reserved, word) != NULL) /* user, order, group: users, orders, groups */
        return g_strconcat(subject, "s", NULL);
    return g_strconcat(g_ascii_isdigit(subject[0]) ? "_" : "", subject, NULL);
}
