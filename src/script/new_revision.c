/* Writes a new revision file. Its text is made and checked in memory, with the graph it would make,
 * so that a file that appears is always a good one. */
#include "script/new_internal.h"

#include "cmig/clock.h"
#include "cmig/error.h"
#include "cmig/file.h"
#include "cmig/text.h"

#include <string.h>

static const char *const no_items[] = {NULL};

/* Everything that the file will say. */
typedef struct {
    char *id;
    const char *message; /* borrowed */
    char *slug;
    GDateTime *date;
    char *create_date;
    GStrv down_revisions;
    GStrv depends_on;
    const char *const *branch_labels; /* borrowed */
} Draft;

static void draft_clear(Draft *draft)
{
    g_free(draft->id);
    g_free(draft->slug);
    g_free(draft->create_date);
    g_clear_pointer(&draft->date, g_date_time_unref);
    g_strfreev(draft->down_revisions);
    g_strfreev(draft->depends_on);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Draft, draft_clear)

/* Now in the configured time zone. */
static GDateTime *zoned_now(const CmigConfig *config, GError **error)
{
    g_autoptr(GDateTime) now = cmig_clock_now();
    const char *name = config->timezone != NULL ? config->timezone : "UTC";
    if (g_ascii_strcasecmp(name, "UTC") == 0)
        return g_steal_pointer(&now);
    g_autoptr(GTimeZone) zone = NULL;
    if (g_ascii_strcasecmp(name, "local") == 0)
        zone = g_time_zone_new_local();
    else if (name[0] != '/' && strstr(name, "..") == NULL) /* the name is a path for GLib */
        zone = g_time_zone_new_identifier(name);
    if (zone == NULL) {
        g_autofree char *shown = cmig_text_escape(name);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "unknown timezone '%s'", shown);
        cmig_error_set_hint(error, "UTC, local or a name such as Europe/Berlin");
        return NULL;
    }
    return g_date_time_to_timezone(now, zone);
}

static char *format_date(const CmigConfig *config, GDateTime *date)
{
    gboolean utc = config->timezone == NULL || g_ascii_strcasecmp(config->timezone, "UTC") == 0;
    return g_date_time_format(date, utc ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%dT%H:%M:%S%:z");
}

static char *render(const CmigConfig *config, const CmigNewRevision *request, const Draft *draft,
                    GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *file = NULL;
    const char *name = request->template_name != NULL ? request->template_name : "generic";
    if (!cmig_template_read(config, name, &text, &file, error))
        return NULL;
    g_autofree char *down = cmig_header_list((const char *const *)draft->down_revisions, TRUE);
    g_autofree char *labels = cmig_header_list(draft->branch_labels, FALSE);
    g_autofree char *depends = cmig_header_list((const char *const *)draft->depends_on, FALSE);
    g_autofree char *id = cmig_header_scalar(draft->id);
    g_autofree char *message = cmig_header_scalar(draft->message);
    g_autofree char *about = cmig_new_subject(draft->message);
    const char *const variables[] = {
        "revision",
        id,
        "down_revision",
        down,
        "branch_labels",
        labels,
        "depends_on",
        depends,
        "message",
        message,
        "create_date",
        draft->create_date,
        "name",
        about,
        NULL,
    };
    return cmig_template_fill(text, file, variables, error);
}

/* Whether the header that the template made says what was asked for. */
static gboolean check_header(const CmigRevision *made, const Draft *draft, const char *template,
                             GError **error)
{
    const struct {
        const char *name;
        const char *const *wanted;
        char *const *got;
    } lists[] = {
        {"down_revision", (const char *const *)draft->down_revisions, made->down_revisions},
        {"branch_labels", draft->branch_labels, made->branch_labels},
        {"depends_on", (const char *const *)draft->depends_on, made->depends_on},
    };
    for (gsize idx = 0; idx < G_N_ELEMENTS(lists); idx++) {
        if (g_strv_equal(lists[idx].wanted, (const char *const *)lists[idx].got))
            continue;
        g_autofree char *wanted = cmig_header_list(lists[idx].wanted, FALSE);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "Version %s specified %s %s, however the template %s does not have them",
                    draft->id, lists[idx].name, wanted, template);
        cmig_error_set_hint(error, "the template needs a line `-- %s: ${%s}`", lists[idx].name,
                            lists[idx].name);
        return FALSE;
    }
    if (!g_str_equal(made->id, draft->id)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "the template %s does not have the line `-- revision: ${revision}`", template);
        return FALSE;
    }
    return TRUE;
}

static CmigRevision *copy_revision(const CmigRevision *from)
{
    return cmig_revision_new(from->id, (const char *const *)from->down_revisions,
                             (const char *const *)from->depends_on,
                             (const char *const *)from->branch_labels, from->message, from->path);
}

/* Whether the graph would be sound with the new revision in it. */
static gboolean check_graph(const CmigGraph *graph, const CmigRevision *made, GError **error)
{
    g_autoptr(CmigGraph) trial = cmig_graph_new();
    for (guint idx = 0; idx < cmig_graph_size(graph); idx++)
        if (!cmig_graph_add(trial, copy_revision(cmig_graph_nth(graph, idx)), error))
            return FALSE;
    return cmig_graph_add(trial, copy_revision(made), error) && cmig_graph_seal(trial, error);
}

static gboolean make_draft(const CmigConfig *config, const CmigGraph *graph,
                           const CmigNewRevision *request, const GPtrArray *parents, Draft *draft,
                           GError **error)
{
    draft->message = request->message;
    if (draft->message == NULL || draft->message[0] == '\0')
        draft->message = "empty message";
    else if (!g_utf8_validate(draft->message, -1, NULL)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "the message is not valid UTF-8");
        return FALSE;
    }
    draft->slug = cmig_slug(request->message, config->truncate_slug_length);
    draft->branch_labels = request->branch_labels != NULL ? request->branch_labels : no_items;
    draft->date = zoned_now(config, error);
    if (draft->date == NULL || !cmig_new_check_labels(request->branch_labels, error))
        return FALSE;
    draft->create_date = format_date(config, draft->date);
    draft->id = cmig_new_id(graph, request, error);
    if (draft->id == NULL || !cmig_new_dependencies(graph, request, &draft->depends_on, error))
        return FALSE;
    g_autoptr(GStrvBuilder) down = g_strv_builder_new();
    for (guint idx = 0; idx < parents->len; idx++)
        g_strv_builder_add(down, ((const CmigRevision *)g_ptr_array_index(parents, idx))->id);
    draft->down_revisions = g_strv_builder_end(down);
    return TRUE;
}

static char *make_path(const CmigConfig *config, const CmigNewRevision *request,
                       const GPtrArray *parents, const Draft *draft, GError **error)
{
    const char *location = NULL;
    if (!cmig_new_location(config, request, parents, &location, error))
        return NULL;
    const char *pattern = config->file_template ? config->file_template : "%(rev)s_%(slug)s";
    g_autofree char *name =
        cmig_file_template_fill(pattern, draft->id, draft->slug, draft->date, error);
    if (name == NULL)
        return NULL;
    if (strchr(name, '/') != NULL && !config->recursive_version_locations) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "file_template makes folders, which are not searched");
        cmig_error_set_hint(error, "set `recursive_version_locations: true`");
        return NULL;
    }
    return g_build_filename(location, name, NULL);
}

gboolean cmig_new_revision_write(const CmigConfig *config, const CmigGraph *graph,
                                 const CmigNewRevision *request, char **path, GError **error)
{
    g_auto(Draft) draft = {0};
    g_autoptr(GPtrArray) parents = NULL;
    if (!cmig_new_parents(graph, request, &parents, error) ||
        !make_draft(config, graph, request, parents, &draft, error))
        return FALSE;
    g_autofree char *target = make_path(config, request, parents, &draft, error);
    g_autofree char *text = target ? render(config, request, &draft, error) : NULL;
    if (text == NULL)
        return FALSE;

    g_autoptr(GBytes) content = g_bytes_new(text, strlen(text) + 1);
    g_autoptr(GBytes) body = g_bytes_new_from_bytes(content, 0, strlen(text));
    g_autoptr(CmigScript) script = NULL;
    const char *template = request->template_name ? request->template_name : "generic";
    if (!cmig_script_parse(body, target, &script, error)) {
        g_prefix_error(error, "template %s: ", template);
        return FALSE;
    }
    if (!check_header(script->revision, &draft, template, error) ||
        !check_graph(graph, script->revision, error) || !cmig_file_create(target, text, error))
        return FALSE;
    *path = g_steal_pointer(&target);
    return TRUE;
}
