/* For tests: small graphs written as text, and lists of revisions as text. */
#ifndef TESTS_DAG_H
#define TESTS_DAG_H

#include "cmig/error.h"
#include "cmig/graph.h"

#include <check.h>
#include <string.h>

/* The part of a token that begins with `sign`, up to the next sign, split at commas. */
static inline char **dag_part(const char *token, char sign)
{
    const char *start = strchr(token, sign);
    g_autofree char *part =
        start != NULL ? g_strndup(start + 1, strcspn(start + 1, "<!#")) : g_strdup("");
    return g_strsplit(part, ",", -1);
}

/* Revisions separated by spaces, in load order: ID<PARENT,...!DEPENDENCY,...#LABEL,... The file of
 * each is ID.sql. NULL with an error when it cannot be added or sealed. */
static inline CmigGraph *dag_try(const char *text, GError **error)
{
    g_autoptr(CmigGraph) graph = cmig_graph_new();
    g_auto(GStrv) tokens = g_strsplit(text, " ", -1);
    for (char **token = tokens; *token != NULL; token++) {
        if ((*token)[0] == '\0')
            continue;
        g_autofree char *id = g_strndup(*token, strcspn(*token, "<!#"));
        g_autofree char *path = g_strdup_printf("%s-%u.sql", id, cmig_graph_size(graph));
        g_auto(GStrv) parents = dag_part(*token, '<');
        g_auto(GStrv) dependencies = dag_part(*token, '!');
        g_auto(GStrv) labels = dag_part(*token, '#');
        CmigRevision *revision =
            cmig_revision_new(id, (const char *const *)parents, (const char *const *)dependencies,
                              (const char *const *)labels, "message", path);
        if (!cmig_graph_add(graph, revision, error))
            return NULL;
    }
    return cmig_graph_seal(graph, error) ? g_steal_pointer(&graph) : NULL;
}

static inline CmigGraph *dag(const char *text)
{
    g_autoptr(GError) error = NULL;
    CmigGraph *graph = dag_try(text, &error);
    ck_assert_msg(graph != NULL, "%s: %s", text, error ? error->message : "no error");
    return graph;
}

/* "a b" -> revisions. */
static inline GPtrArray *dag_revisions(const CmigGraph *graph, const char *ids)
{
    GPtrArray *found = g_ptr_array_new();
    g_auto(GStrv) names = g_strsplit(ids, " ", -1);
    for (char **name = names; *name != NULL; name++) {
        CmigRevision *revision = cmig_graph_find(graph, *name);
        ck_assert_msg(revision != NULL || **name == '\0', "no revision %s", *name);
        if (revision != NULL)
            g_ptr_array_add(found, revision);
    }
    return found;
}

/* Revisions -> "a b". */
static inline char *dag_text(const GPtrArray *revisions)
{
    GString *text = g_string_new(NULL);
    for (guint idx = 0; idx < revisions->len; idx++)
        g_string_append_printf(text, "%s%s", idx > 0 ? " " : "",
                               ((CmigRevision *)g_ptr_array_index(revisions, idx))->id);
    return g_string_free(text, FALSE);
}

/* Names -> "a b". */
static inline char *dag_names(const GPtrArray *names)
{
    GString *text = g_string_new(NULL);
    for (guint idx = 0; idx < names->len; idx++)
        g_string_append_printf(text, "%s%s", idx > 0 ? " " : "",
                               (const char *)g_ptr_array_index(names, idx));
    return g_string_free(text, FALSE);
}

/* A random graph of `size` revisions r0, r1, ...: lines, forks, merges, several bases and
 * dependencies, also such whose parents are not an antichain. Load order is shuffled. */
static inline CmigGraph *dag_random(GRand *rand, guint size)
{
    g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func(g_free);
    for (guint idx = 0; idx < size; idx++) {
        g_autoptr(GString) token = g_string_new(NULL);
        g_string_printf(token, "r%u", idx);
        guint parents = idx == 0 ? 0 : (guint)g_rand_int_range(rand, 0, 10);
        parents = parents == 0 ? 0 : parents < 8 ? 1 : parents == 8 ? 2 : 3;
        for (guint at = 0; at < parents; at++) {
            /* Near ones more often than far ones: long lines beside each other. */
            gint32 reach = g_rand_boolean(rand) ? MIN((gint32)idx, 3) : (gint32)idx;
            g_string_append_printf(token, "%cr%u", at == 0 ? '<' : ',',
                                   idx - 1 - (guint)g_rand_int_range(rand, 0, reach));
        }
        gint32 dependencies = idx == 0 ? 0 : g_rand_int_range(rand, -4, 3);
        for (gint32 at = 0; at < dependencies; at++)
            g_string_append_printf(token, "%cr%d", at == 0 ? '!' : ',',
                                   g_rand_int_range(rand, 0, (gint32)idx));
        g_ptr_array_insert(tokens, g_rand_int_range(rand, 0, (gint32)tokens->len + 1),
                           g_strdup(token->str));
    }
    g_ptr_array_add(tokens, NULL);
    g_autofree char *text = g_strjoinv(" ", (char **)tokens->pdata);
    return dag(text);
}

/* The error has this code and its message begins so; `more`, unless NULL, is in its message, detail
 * or hint. */
static inline void dag_assert_error(const GError *error, int code, const char *begins,
                                    const char *more, const char *what)
{
    ck_assert_msg(error != NULL, "%s: no error", what);
    g_autofree char *all = g_strdup_printf("%s | %s | %s", error->message,
                                           cmig_error_detail(error) ? cmig_error_detail(error) : "",
                                           cmig_error_hint(error) ? cmig_error_hint(error) : "");
    ck_assert_msg(g_error_matches(error, CMIG_ERROR, code), "%s: code %d: %s", what, error->code,
                  all);
    ck_assert_msg(g_str_has_prefix(error->message, begins), "%s: %s", what, all);
    ck_assert_msg(strchr(error->message, '\n') == NULL, "%s: several lines", what);
    ck_assert_msg(more == NULL || strstr(all, more) != NULL, "%s: no \"%s\" in: %s", what, more,
                  all);
}

/* The main function of a file of tests. */
static inline int dag_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

#endif
