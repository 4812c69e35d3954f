/* Looks into the version locations without stopping at the first problem. */
#include "cmig/error.h"
#include "cmig/file.h"
#include "cmig/text.h"
#include "script/internal.h"

#include <string.h>

enum { MAX_FILE = 256 * 1024 * 1024 };

static void survey_free(gpointer data)
{
    CmigSurvey *survey = data;
    g_free(survey->folder);
    g_clear_error(&survey->problem);
    g_ptr_array_unref(survey->broken);
    g_ptr_array_unref(survey->strange);
    g_free(survey);
}

static void look_at_file(CmigSurvey *survey, const char *path)
{
    GError *problem = NULL;
    g_autoptr(CmigScript) script = NULL;
    g_autoptr(GBytes) content = cmig_file_read(path, MAX_FILE, &problem);
    survey->files++;
    if (content == NULL || !cmig_script_parse(content, path, &script, &problem))
        g_ptr_array_add(survey->broken, problem);
}

static int compare_names(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* One folder; `inner` is its path within the location, "" or with a / at its end. */
static gboolean look_at_folder(CmigSurvey *survey, const char *inner, gboolean recursive,
                               GQueue *pending, GError **error)
{
    g_autofree char *folder = g_build_filename(survey->folder, inner, NULL);
    g_autoptr(GDir) handle = g_dir_open(folder, 0, NULL);
    if (handle == NULL) {
        g_autofree char *shown = cmig_text_escape(folder);
        gboolean there = g_file_test(folder, G_FILE_TEST_EXISTS);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "%s: %s",
                    there ? "cannot read the folder" : "there is no folder", shown);
        return FALSE;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(handle)) != NULL;)
        if (name[0] != '.')
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    for (guint idx = 0; idx < names->len; idx++) {
        const char *name = names->pdata[idx];
        g_autofree char *path = g_build_filename(folder, name, NULL);
        gboolean is_folder = g_file_test(path, G_FILE_TEST_IS_DIR);
        gboolean followed = is_folder && recursive && !g_file_test(path, G_FILE_TEST_IS_SYMLINK);
        if (g_str_has_suffix(name, ".sql"))
            look_at_file(survey, path);
        else if (followed)
            g_queue_push_tail(pending, g_strconcat(inner, name, "/", NULL));
        else
            g_ptr_array_add(survey->strange, g_strconcat(inner, name, is_folder ? "/" : "", NULL));
    }
    return TRUE;
}

GPtrArray *cmig_script_survey(const CmigConfig *config)
{
    GPtrArray *surveys = g_ptr_array_new_with_free_func(survey_free);
    for (guint idx = 0; config->version_locations[idx] != NULL; idx++) {
        CmigSurvey *survey = g_new0(CmigSurvey, 1);
        survey->folder = g_strdup(config->version_locations[idx]);
        survey->broken = g_ptr_array_new_with_free_func((GDestroyNotify)g_error_free);
        survey->strange = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(surveys, survey);
        GQueue pending = G_QUEUE_INIT;
        g_queue_push_tail(&pending, g_strdup(""));
        for (char *inner; (inner = g_queue_pop_head(&pending)) != NULL; g_free(inner))
            if (survey->problem == NULL)
                look_at_folder(survey, inner, config->recursive_version_locations, &pending,
                               &survey->problem);
    }
    return surveys;
}
