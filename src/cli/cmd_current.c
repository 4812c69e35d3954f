/* cmig current: which revisions the database is at, and whether these are the newest. */
#include "cli/commands.h"
#include "cmig/error.h"
#include "cmig/text.h"

static gboolean verbose;
static gboolean check_heads;

/* The heads that the database has not reached. A head that an applied revision depends on counts as
 * reached, although it has no row of its own. */
static GPtrArray *find_missing(const CmigGraph *graph, const GPtrArray *revisions)
{
    g_autoptr(CmigRevisionSet) applied = cmig_graph_ancestors(graph, revisions, CMIG_EDGES_ALL);
    const GPtrArray *heads = cmig_graph_heads(graph);
    GPtrArray *missing = g_ptr_array_new();
    for (guint i = 0; i < heads->len; i++) {
        if (!cmig_revision_set_has(applied, g_ptr_array_index(heads, i)))
            g_ptr_array_add(missing, g_ptr_array_index(heads, i));
    }
    return missing;
}

static gboolean check(const GPtrArray *missing, GError **error)
{
    if (missing->len == 0)
        return TRUE;
    g_autofree char *names = cmig_revision_names(missing);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FINDINGS, "Database is not on all head revisions");
    cmig_error_set_detail(error, "not applied: %s", names);
    cmig_error_set_hint(error, "`cmig upgrade heads` brings the database there");
    return FALSE;
}

static json_t *ids_of(const GPtrArray *revisions)
{
    json_t *list = json_array();
    for (guint i = 0; i < revisions->len; i++) {
        const CmigRevision *revision = g_ptr_array_index(revisions, i);
        json_array_append_new(list, json_string(revision->id));
    }
    return list;
}

/* `rows` as they are, also those that no file defines. */
static void print_json(const CmigApp *app, const GPtrArray *rows, const GPtrArray *revisions,
                       const GPtrArray *missing, gboolean is_at_head)
{
    json_t *object = json_object();
    json_t *row_list = json_array();
    for (guint i = 0; i < rows->len; i++)
        json_array_append_new(row_list, cmig_render_json_text(g_ptr_array_index(rows, i)));
    json_object_set_new(object, "database", json_string(app->config->url->display));
    json_object_set_new(object, "rows", row_list);
    json_object_set_new(object, "revisions", cmig_render_json_list(revisions, NULL));
    json_object_set_new(object, "is_at_head", json_boolean(is_at_head));
    json_object_set_new(object, "missing_heads", ids_of(missing));
    cmig_out_json(object);
}

static void print_text(const GPtrArray *revisions)
{
    for (guint i = 0; i < revisions->len; i++) {
        const CmigRevision *revision = g_ptr_array_index(revisions, i);
        g_autofree char *text = verbose ? cmig_render_long(revision, NULL, NULL)
                                        : cmig_render_short(revision, FALSE, TRUE);
        cmig_out("%s\n", text);
    }
}

/* A state that is wrong is shown as far as it can be, and is an error all the same. */
static gboolean show(const CmigApp *app, const GPtrArray *rows, GError **error)
{
    g_autoptr(GPtrArray) resolved = NULL;
    gboolean sound = cmig_graph_resolve_rows(app->graph, rows, &resolved, error);
    g_autoptr(GPtrArray) at = cmig_graph_known_rows(app->graph, rows);
    g_autoptr(GPtrArray) missing = find_missing(app->graph, at);
    g_autoptr(GPtrArray) shown = cmig_graph_implied_current(app->graph, at);
    if (app->json) {
        print_json(app, rows, shown, missing, sound && missing->len == 0);
        return sound && (!check_heads || check(missing, error));
    }
    if (verbose) {
        g_autofree char *url = cmig_text_escape(app->config->url->sqlalchemy);
        cmig_out("Current revision(s) for %s:\n", url);
    }
    /* As in Alembic, a failed check prints no revisions: the exit status is the answer. */
    if (sound && check_heads && !check(missing, error))
        return FALSE;
    print_text(shown);
    return sound;
}

static gboolean run(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    return cmig_app_read_rows(app, &rows, error) && show(app, rows, error);
}

static const GOptionEntry options[] = {
    {"check-heads", 'c', 0, G_OPTION_ARG_NONE, &check_heads,
     "fail with status 4 unless every head is applied", NULL},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "show the database and each revision in full",
     NULL},
    {0},
};

static const CmigExample examples[] = {
    {"cmig current", "show where the database stands"},
    {"cmig current --check-heads", "in a deploy script: is every migration applied?"},
    {"cmig current --json", "the same facts for a script"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_current = {
    .name = "current",
    .group = CMIG_GROUP_LOOK,
    .arguments = "",
    .summary = "Show the revisions that the database is at",
    .description =
        "Reads the version table and prints one line per revision, nothing when no revision is "
        "applied. Heads of other branches that an applied revision depends on are shown too. The "
        "database is only read: the version table is not created. When the table holds ids that no "
        "file here defines, or is in another state that no migration leads to, what is known is "
        "printed before the error.\n\n"
        "Behind the command's name -c is --check-heads, as in Alembic; name a configuration file "
        "with --config, or put -c FILE before the command.\n\n"
        "With --json one object is printed: database, rows (list of ids in the version table), "
        "revisions (list of objects as `cmig show --json` prints them), is_at_head and "
        "missing_heads (list of ids). It is printed also when --check-heads fails.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 4, 69, 78, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_NEEDS_DATABASE | CMIG_HAS_JSON,
    .options = options,
    .run = run,
};
