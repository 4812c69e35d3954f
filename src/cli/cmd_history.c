/* cmig history: the revisions, newest first. */
#include "cli/added.h"
#include "cli/commands.h"

#include "cmig/applied_files.h"
#include "cmig/text.h"

#include <string.h>

static char *rev_range;
static gboolean verbose;
static gboolean indicate_current;
static gboolean with_git;

/* Whether an end of the range is `current`, so that the database must be asked. */
static gboolean range_needs_current(void)
{
    if (rev_range == NULL)
        return FALSE;
    g_auto(GStrv) ends = g_strsplit(rev_range, ":", -1);
    for (gsize i = 0; ends[i] != NULL; i++) {
        if (g_str_equal(g_strstrip(ends[i]), "current"))
            return TRUE;
    }
    return FALSE;
}

/* What is said of a revision whose file is not what was applied. */
static const char *const marks[] = {
    [CMIG_FILE_UNKNOWN] = NULL,
    [CMIG_FILE_UNCHANGED] = NULL,
    [CMIG_FILE_COMMENTS] = " (comments changed since applied)",
    [CMIG_FILE_CHANGED] = " (changed since applied)",
    [CMIG_FILE_MISSING] = " (file missing)",
};

/* Revision -> CmigAppliedFile, borrowed from `files`. Those that no file defines are no part of the
 * history, but nothing to keep quiet about. */
static GHashTable *index_files(const CmigApp *app, const GPtrArray *files)
{
    GHashTable *by_revision = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < files->len; i++) {
        CmigAppliedFile *file = files->pdata[i];
        if (file->revision != NULL) {
            g_hash_table_insert(by_revision, (gpointer)(guintptr)file->revision, file);
            continue;
        }
        g_autofree char *id = cmig_text_escape(file->id);
        cmig_say(app, "Warning: no file defines the applied revision %s\n", id);
    }
    return by_revision;
}

/* A range reads the files of its revisions only. */
static gboolean read_files(CmigApp *app, const GPtrArray *current, const GPtrArray *revisions,
                           GPtrArray **files, GError **error)
{
    g_autoptr(CmigRevisionSet) shown = cmig_revision_set_new(app->graph);
    for (guint i = 0; i < revisions->len; i++)
        cmig_revision_set_add(shown, revisions->pdata[i]);
    if (cmig_db_audit_closed(app->db))
        cmig_say(app,
                 "Warning: this user may not read the audit table: whether files changed since "
                 "they were applied is not known\n");
    return cmig_applied_files_read(app->db, app->graph, current, rev_range != NULL ? shown : NULL,
                                   files, error);
}

/* `added` has a CmigVcsAdded for each revision, or is NULL. */
static void print_json(const GPtrArray *revisions, const GPtrArray *current, GHashTable *files,
                       const GPtrArray *added)
{
    json_t *list = cmig_render_json_list(revisions, current);
    for (guint i = 0; added != NULL && i < revisions->len; i++)
        json_object_set_new(json_array_get(list, i), "git", cmig_added_json(added->pdata[i]));
    for (guint i = 0; current != NULL && i < revisions->len; i++) {
        const CmigAppliedFile *file = g_hash_table_lookup(files, revisions->pdata[i]);
        json_object_set_new(json_array_get(list, i), "file",
                            file ? json_string(cmig_file_state_name(file->state)) : json_null());
    }
    cmig_out_json(list);
}

/* The text with who added the file: behind a line, and in the long form below the path. */
static char *add_git(const char *text, const CmigVcsAdded *added)
{
    g_autofree char *shown = cmig_added_text(added);
    const char *head_end = verbose ? strstr(text, "\n\n") : NULL;
    if (head_end == NULL)
        return g_strdup_printf("%s [%s]", text, shown);
    return g_strdup_printf("%.*s\nGit: %s%s", (int)(head_end - text), text, shown, head_end);
}

static void print_text(const GPtrArray *revisions, const GPtrArray *current, GHashTable *files,
                       const GPtrArray *added)
{
    for (guint i = 0; i < revisions->len; i++) {
        const CmigRevision *revision = g_ptr_array_index(revisions, i);
        const CmigAppliedFile *file = g_hash_table_lookup(files, revision);
        const char *mark = file != NULL ? marks[file->state] : NULL;
        g_autofree char *text = verbose ? cmig_render_long(revision, current, mark)
                                        : cmig_render_history_line(revision, current, mark);
        g_autofree char *whole = added != NULL ? add_git(text, added->pdata[i]) : NULL;
        cmig_out("%s\n", whole != NULL ? whole : text);
    }
}

static gboolean run(CmigApp *app, char **arguments G_GNUC_UNUSED, GError **error)
{
    g_autoptr(GPtrArray) current = NULL;
    g_autoptr(GPtrArray) revisions = NULL;
    g_autoptr(GPtrArray) files = NULL;
    g_autoptr(GPtrArray) added = NULL;
    if ((indicate_current || range_needs_current()) && !cmig_app_current(app, &current, error))
        return FALSE;
    if (!cmig_graph_range(app->graph, rev_range, current, &revisions, error))
        return FALSE;
    if (indicate_current && !read_files(app, current, revisions, &files, error))
        return FALSE;
    if (with_git && !cmig_added_read(app, revisions, &added, error))
        return FALSE;
    const GPtrArray *marked = indicate_current ? current : NULL;
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GHashTable) index = index_files(app, files != NULL ? files : none);
    if (app->json)
        print_json(revisions, marked, index, added);
    else
        print_text(revisions, marked, index, added);
    return TRUE;
}

static const GOptionEntry options[] = {
    {"rev-range", 'r', 0, G_OPTION_ARG_STRING, &rev_range,
     "show only the revisions from START to END, both included", "START:END"},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "show each revision in full", NULL},
    {"indicate-current", 'i', 0, G_OPTION_ARG_NONE, &indicate_current,
     "mark the revisions that the database is at, and files that changed since (connects to it)",
     NULL},
    {"git", 0, 0, G_OPTION_ARG_NONE, &with_git,
     "say who added each file to git, when, and in which commit", NULL},
    {0},
};

static const CmigExample examples[] = {
    {"cmig history", "show all revisions"},
    {"cmig history -i", "show all revisions and where the database stands"},
    {"cmig history -r current:head", "show the database's own revision and what is newer"},
    {"cmig history --git", "show who added each revision, and when"},
    {"cmig history -r -3:", "show the last revisions, from three below the head"},
    {NULL, NULL},
};

const CmigCommand cmig_cmd_history = {
    .name = "history",
    .group = CMIG_GROUP_LOOK,
    .arguments = "",
    .summary = "List the revisions, newest first",
    .description =
        "Each line names what the revision revises (and, in parentheses, what it depends on), the "
        "revision itself, its branch labels, the marks (head), (effective head), (current), "
        "(branchpoint) and (mergepoint), and the first line of its message.\n\n"
        "START and END are ids or their beginnings, branch labels, head, heads, base, current, or "
        "relative: -3: begins three below the end, :+3 ends three above the start. Either may be "
        "left out. Only `current` and --indicate-current connect to the database.\n\n"
        "--indicate-current also compares the file of each applied revision with what was run of "
        "it: (changed since applied), or (comments changed since applied) when only comments, "
        "white space or the case of words changed. See cmig-accept(1).\n\n"
        "--git ends each line with the commit, date and author that added the file to git, such as "
        "[a1b2c3d 2026-11-20 Ada Lovelace], or with [not committed]. A file that was moved without "
        "a change counts from where it came from. There must be a git repository then.\n\n"
        "With --json the revisions are a list of objects as `cmig show --json` prints them; with "
        "--indicate-current each has is_current too, and file: unchanged, comments, changed, "
        "missing, unknown (stamped, or applied by another tool), or null when it is not applied; "
        "with --git each has git, an object: state (committed, uncommitted, or cut off by a "
        "shallow clone), commit, author, email, date (null unless committed).",
    .examples = examples,
    .exit_statuses = (const int[]){1, 69, 78, 0},
    .needs = CMIG_NEEDS_CONFIG | CMIG_NEEDS_GRAPH | CMIG_HAS_JSON,
    .options = options,
    .run = run,
};
