/* `init`: a new project from a layout. Files of the layout below `migrations/` go to the folder
 * that the user named, all others to the working directory. */
#include "script/internal.h"

#include "cmig/error.h"
#include "cmig/file.h"
#include "cmig/new_revision.h"
#include "cmig/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define SCRIPT_FOLDER "migrations/"

typedef struct {
    const char *directory; /* where `migrations/` goes */
    void (*report)(const char *path, gboolean is_directory, gboolean made, gpointer data);
    gpointer data;
} Init;

static void report(const Init *init, const char *path, gboolean is_directory, gboolean made)
{
    if (init->report != NULL)
        init->report(path, is_directory, made, init->data);
}

/* The folder must be new or empty. */
static gboolean check_directory(const char *directory, GError **error)
{
    struct stat status;
    g_autofree char *shown = cmig_text_escape(directory);
    if (directory[0] == '\0' || !g_utf8_validate(directory, -1, NULL)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "'%s' cannot be the project's folder",
                    shown);
        return FALSE;
    }
    if (lstat(directory, &status) != 0 && errno == ENOENT)
        return TRUE;
    GError *cause = NULL;
    g_autoptr(GDir) handle = g_dir_open(directory, 0, &cause);
    if (handle == NULL) {
        g_autofree char *reason = cmig_text_escape(cause->message);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "%s", reason);
        g_error_free(cause);
        return FALSE;
    }
    if (g_dir_read_name(handle) != NULL) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED,
                    "Directory %s already exists and is not empty", shown);
        return FALSE;
    }
    return TRUE;
}

static gboolean make_folder(const Init *init, const char *path, GError **error)
{
    gboolean there = g_file_test(path, G_FILE_TEST_IS_DIR);
    if (!there && g_mkdir_with_parents(path, 0777) != 0) {
        int number = errno;
        g_autofree char *shown = cmig_text_escape(path);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "cannot create folder %s: %s", shown,
                    g_strerror(number));
        return FALSE;
    }
    report(init, path, TRUE, !there);
    return TRUE;
}

/* The folder's name for alembic.yml: a YAML scalar in which nothing is expanded. */
static char *directory_scalar(const char *directory)
{
    GString *plain = g_string_new(directory);
    g_string_replace(plain, "$", "$$", 0);
    char *scalar = cmig_header_scalar(plain->str);
    g_string_free(plain, TRUE);
    return scalar;
}

static gboolean write_file(const Init *init, const char *resource, const char *path, GError **error)
{
    struct stat status;
    if (lstat(path, &status) == 0) {
        report(init, path, FALSE, FALSE);
        return TRUE;
    }
    g_autofree char *template = cmig_template_resource_text(resource);
    g_autofree char *scalar = directory_scalar(init->directory);
    const char *const variables[] = {"directory", scalar, NULL};
    g_autofree char *text = cmig_template_fill(template, resource, variables, error);
    if (text == NULL || !cmig_file_create(path, text, error))
        return FALSE;
    report(init, path, FALSE, TRUE);
    return TRUE;
}

/* Where `relative`, a path in the layout, goes. */
static char *target_of(const Init *init, const char *relative)
{
    if (!g_str_has_prefix(relative, SCRIPT_FOLDER))
        return g_strdup(relative);
    g_autofree char *path =
        g_build_filename(init->directory, relative + strlen(SCRIPT_FOLDER), NULL);
    gsize length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return g_strndup(path, length);
}

/* Writes what is below `root`, folders before what is in them. */
static gboolean write_layout(const Init *init, const char *root, GError **error)
{
    g_autoptr(GPtrArray) pending = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(pending, g_strdup(""));
    while (pending->len > 0) {
        g_autofree char *relative = g_ptr_array_steal_index(pending, pending->len - 1);
        g_autofree char *resource = g_strconcat(root, relative, NULL);
        g_autofree char *target = target_of(init, relative);
        if (relative[0] != '\0' && !g_str_has_suffix(relative, "/")) {
            if (!write_file(init, resource, target, error))
                return FALSE;
            continue;
        }
        if (relative[0] != '\0' && !make_folder(init, target, error))
            return FALSE;
        g_auto(GStrv) children = cmig_template_children(resource);
        for (guint idx = g_strv_length(children); idx > 0; idx--)
            g_ptr_array_add(pending, g_strconcat(relative, children[idx - 1], NULL));
    }
    return TRUE;
}

gboolean cmig_init_write(const char *layout, const char *directory,
                         void (*report_made)(const char *path, gboolean is_directory, gboolean made,
                                             gpointer data),
                         gpointer data, GError **error)
{
    const char *name = layout != NULL ? layout : "generic";
    g_auto(GStrv) layouts = cmig_template_children(CMIG_RESOURCE_LAYOUTS);
    g_autofree char *entry = g_strconcat(name, "/", NULL);
    if (!g_strv_contains((const char *const *)layouts, entry)) {
        g_autofree char *shown = cmig_text_escape(name);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "No such template '%s'", shown);
        cmig_error_set_hint(error, "`cmig list_templates` shows what there is");
        return FALSE;
    }
    Init init = {directory != NULL ? directory : "migrations", report_made, data};
    g_autofree char *root = g_strconcat(CMIG_RESOURCE_LAYOUTS, entry, NULL);
    return check_directory(init.directory, error) && write_layout(&init, root, error);
}
