/* cmig list-templates: what `init` and `revision` can start from. */
#include "cli/commands.h"
#include "cmig/new_revision.h"
#include "cmig/text.h"

static json_t *to_json(const GPtrArray *templates)
{
    json_t *list = json_array();
    for (guint i = 0; i < templates->len; i++) {
        const CmigTemplate *template = g_ptr_array_index(templates, i);
        json_t *object = json_object();
        json_object_set_new(object, "name", cmig_render_json_text(template->name));
        json_object_set_new(object, "kind", json_string(template->is_layout ? "init" : "revision"));
        json_object_set_new(object, "summary", cmig_render_json_text(template->summary));
        json_array_append_new(list, object);
    }
    return list;
}

static void print_kind(const GPtrArray *templates, gboolean layouts)
{
    for (guint i = 0; i < templates->len; i++) {
        const CmigTemplate *template = g_ptr_array_index(templates, i);
        if (template->is_layout != layouts)
            continue;
        g_autofree char *name = cmig_text_escape(template->name);
        g_autofree char *summary = cmig_text_escape(template->summary);
        cmig_out("%s - %s\n", name, summary);
    }
}

static gboolean run(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    g_autoptr(GPtrArray) templates = NULL;
    if (!cmig_templates_list(app->config, &templates, error))
        return FALSE;
    if (app->json) {
        cmig_out_json(to_json(templates));
        return TRUE;
    }
    cmig_out("Available templates:\n\n");
    print_kind(templates, TRUE);
    cmig_out("\nTemplates are used via the 'init' command, e.g.:\n\n"
             "  cmig init --template generic ./migrations\n\n"
             "Templates of revision files are used via the 'revision' command, e.g.:\n\n"
             "  cmig revision --template generic -m \"message\"\n\n");
    print_kind(templates, FALSE);
    return TRUE;
}

static const CmigExample examples[] = {
    {"cmig list-templates", "show all templates"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_list_templates = {
    .name = "list-templates",
    .group = CMIG_GROUP_START,
    .arguments = "",
    .summary = "List the templates of projects and revision files",
    .description =
        "Templates for `cmig init` come first, those for `cmig revision` after them. A project "
        "adds revision templates of its own in the folder that `templates` in alembic.yml "
        "names.\n\n"
        "With --json the templates are a list of objects: name, kind (init or revision) and "
        "summary.",
    .examples = examples,
    .exit_statuses = (const int[]){78, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_HAS_JSON,
    .options = NULL,
    .run = run,
};
