/* cmig accept: an edited file of an applied revision is taken for what was applied. */
#include "cli/commands.h"
#include "cli/consent.h"

#include "cmig/applied_files.h"
#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>

static gboolean all;

static gboolean check_usage(char **arguments, GError **error)
{
    const char *reason = cmig_consent_request.reason;
    const char *wrong = NULL;
    if (all && arguments[0] != NULL)
        wrong = "--all and REVISION exclude each other";
    else if (!all && arguments[0] == NULL)
        wrong = "name the revisions to accept, or give --all";
    else if (cmig_text_is_blank(reason))
        wrong = "a reason is required: --reason TEXT";
    if (wrong != NULL)
        g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_USAGE, wrong);
    return wrong == NULL;
}

static json_t *files_json(const GPtrArray *files)
{
    json_t *list = json_array();
    for (guint idx = 0; idx < files->len; idx++) {
        const CmigAppliedFile *file = files->pdata[idx];
        const char *path = file->revision != NULL ? file->revision->path : NULL;
        json_array_append_new(
            list, json_pack("{s:o, s:s, s:o, s:s?}", "revision", cmig_render_json_text(file->id),
                            "file", cmig_file_state_name(file->state), "path",
                            cmig_render_json_text(path), "checksum", file->checksum));
    }
    return json_pack("{s:o, s:o}", "accepted", list, "reason",
                     cmig_render_json_text(cmig_consent_request.reason));
}

static void print_files(const GPtrArray *files)
{
    static const char *const kinds[] = {
        [CMIG_FILE_COMMENTS] = "comments or spaces changed",
        [CMIG_FILE_CHANGED] = "the SQL changed",
        [CMIG_FILE_MISSING] = "the file is gone",
    };
    for (guint idx = 0; idx < files->len; idx++) {
        const CmigAppliedFile *file = files->pdata[idx];
        g_autofree char *id = cmig_text_escape(file->id);
        g_autofree char *path = file->revision ? cmig_text_escape(file->revision->path) : NULL;
        cmig_out("Accepted %s: %s%s%s\n", id, kinds[file->state], path ? ", " : "",
                 path ? path : "");
    }
}

static gboolean run_accept(CmigApp *app, char **arguments, GError **error)
{
    g_autoptr(GPtrArray) accepted = NULL;
    CmigRunObserver observer = cmig_progress(app);
    cmig_consent_observe(app, &observer);
    if (!check_usage(arguments, error) ||
        !cmig_run_accept(app->db, app->config, app->graph,
                         all ? NULL : (const char *const *)arguments, cmig_consent_request.reason,
                         &observer, &accepted, error))
        return FALSE;
    if (app->json)
        cmig_out_json(files_json(accepted));
    else
        print_files(accepted);
    return TRUE;
}

static const GOptionEntry options[] = {
    {"all", 0, 0, G_OPTION_ARG_NONE, &all, "accept every file that changed", NULL},
    CMIG_CONFIRM_OPTIONS,
    {0},
};

static const CmigExample examples[] = {
    {"cmig accept 1975ea --reason 'typo in a comment'", "accept one file as it is now"},
    {"cmig accept --all --reason 'line ends converted'", "accept all that changed"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_accept = {
    .name = "accept",
    .group = CMIG_GROUP_CHANGE,
    .arguments = "[REVISION…]",
    .summary = "Accept the edited files of applied revisions",
    .description =
        "What was run of a revision is recorded in the table cmig_audit. When its file is edited "
        "afterwards, `cmig history -i` marks it and `cmig check` reports it. This command says "
        "that the edit is fine: it adds a record with the file's new checksum and the reason, and "
        "from then on the file is compared with that. No SQL of the revision runs.\n\n"
        "A revision whose file is gone can be accepted by its whole id. A revision that is not "
        "applied, or whose file did not change, is an error, and nothing is accepted then.\n\n"
        "With --json one object is printed: accepted (list of objects with revision, file: "
        "comments, changed or missing, path and checksum) and reason.",
    .examples = examples,
    .exit_statuses = (const int[]){1, 69, 75, 77, 78, 130, 0},
    .needs =
        CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_NEEDS_DATABASE | CMIG_WRITES | CMIG_HAS_JSON,
    .max_arguments = -1,
    .options = options,
    .run = run_accept,
};
