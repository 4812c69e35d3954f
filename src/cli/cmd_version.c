/* cmig version: which cmig this is. */
#include "cli/commands.h"

static gboolean run(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    if (app->json) {
        json_t *object = json_object();
        json_object_set_new(object, "name", json_string("cmig"));
        json_object_set_new(object, "version", json_string(CMIG_VERSION));
        cmig_out_json(object);
    } else {
        cmig_out("cmig %s\n", CMIG_VERSION);
    }
    return TRUE;
}

static const CmigExample examples[] = {
    {"cmig version", "show the version"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_version = {
    .name = "version",
    .group = CMIG_GROUP_HELP,
    .arguments = "",
    .summary = "Show the version of cmig",
    .description = "With --json one object is printed: name and version.",
    .examples = examples,
    .exit_statuses = (const int[]){0},
    .needs = CMIG_HAS_JSON,
    .options = NULL,
    .run = run,
};
