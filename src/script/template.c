/* Templates: those compiled in, the project's own, and how their variables are filled. */
#include "script/internal.h"

#include "cmig/error.h"
#include "cmig/file.h"
#include "cmig/new_revision.h"
#include "cmig/text.h"

#include <string.h>

#define TEMPLATE_MAX ((gsize)1024 * 1024)

void cmig_template_free(CmigTemplate *template)
{
    if (template == NULL)
        return;
    g_free(template->name);
    g_free(template->summary);
    g_free(template);
}

/* How long the summary line is, line end included; 0 without one. */
static gsize summary_length(const char *text)
{
    if (!g_str_has_prefix(text, "-- template:") && !g_str_has_prefix(text, "# template:"))
        return 0;
    gsize length = strcspn(text, "\n");
    return length + (text[length] == '\n' ? 1 : 0);
}

/* What the first line `-- template: SUMMARY` (or `# template: …`) says, "" without one. */
static char *summary_of(const char *text)
{
    gsize length = summary_length(text);
    const char *colon = length > 0 ? strchr(text, ':') : NULL;
    if (colon == NULL)
        return g_strdup("");
    return g_strstrip(g_strndup(colon + 1, length - (gsize)(colon + 1 - text)));
}

static gboolean fail_variable(const char *text, gsize offset, const char *file, const char *what,
                              GError **error)
{
    guint line = 0, column = 0;
    cmig_text_locate(text, strlen(text), offset, &line, &column);
    g_autofree char *shown = cmig_text_escape(what);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "the template has %s", shown);
    cmig_error_set_place(error, file, line, column);
    return FALSE;
}

static const char *find_variable(const char *const *variables, const char *name)
{
    for (gsize idx = 0; variables[idx] != NULL; idx += 2)
        if (g_str_equal(variables[idx], name))
            return variables[idx + 1];
    return NULL;
}

char *cmig_template_fill(const char *text, const char *file, const char *const *variables,
                         GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *at = text + summary_length(text); *at != '\0';) {
        if (at[0] != '$' || (at[1] != '$' && at[1] != '{')) {
            g_string_append_c(out, *at++);
            continue;
        }
        if (at[1] == '$') {
            g_string_append_c(out, '$');
            at += 2;
            continue;
        }
        gsize length = strcspn(at, "}\n");
        g_autofree char *name = g_strndup(at + 2, length - 2);
        const char *value = at[length] == '}' ? find_variable(variables, name) : NULL;
        if (value == NULL) {
            g_autofree char *what = at[length] == '}'
                                        ? g_strdup_printf("an unknown variable '%s'", name)
                                        : g_strdup("a `${` that no `}` closes");
            fail_variable(text, (gsize)(at - text), file, what, error);
            cmig_error_set_hint(error, "`$$` stands for one dollar sign");
            return NULL;
        }
        g_string_append(out, value);
        at += length + 1;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *cmig_template_resource_text(const char *path)
{
    g_autoptr(GBytes) bytes = g_resource_lookup_data(cmig_templates_get_resource(), path,
                                                     G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    g_assert(bytes != NULL);
    gsize length = 0;
    const char *data = g_bytes_get_data(bytes, &length);
    return g_strndup(data ? data : "", length);
}

static int compare_text(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

GStrv cmig_template_children(const char *path)
{
    char **children = g_resource_enumerate_children(cmig_templates_get_resource(), path,
                                                    G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    if (children == NULL)
        return g_new0(char *, 1);
    qsort(children, g_strv_length(children), sizeof *children, compare_text);
    return children;
}

/* A template's name is a file name and never leaves its folder. */
static gboolean is_template_name(const char *name)
{
    gsize length = strspn(name, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
    return length > 0 && length <= 64 && name[length] == '\0';
}

static char *read_text(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = cmig_file_read(path, TEMPLATE_MAX, error);
    if (bytes == NULL)
        return NULL;
    gsize length = 0;
    const char *data = g_bytes_get_data(bytes, &length);
    if (length > 0 && !g_utf8_validate_len(data, length, NULL)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "the template has a NUL byte or text that is not UTF-8");
        cmig_error_set_place(error, path, 0, 0);
        return NULL;
    }
    return g_strndup(data ? data : "", length);
}

static CmigTemplate *template_new(const char *name, gsize name_length, char *summary,
                                  gboolean is_layout)
{
    CmigTemplate *made = g_new0(CmigTemplate, 1);
    made->name = g_strndup(name, name_length);
    made->summary = summary;
    made->is_layout = is_layout;
    return made;
}

/* Replaces what is there under the same name, so the project's own templates are added last. */
static void put(GPtrArray *templates, CmigTemplate *template)
{
    for (guint idx = 0; idx < templates->len; idx++) {
        const CmigTemplate *other = g_ptr_array_index(templates, idx);
        if (other->is_layout == template->is_layout && g_str_equal(other->name, template->name)) {
            g_ptr_array_remove_index(templates, idx);
            break;
        }
    }
    g_ptr_array_add(templates, template);
}

static void add_builtin(GPtrArray *templates)
{
    g_auto(GStrv) revisions = cmig_template_children(CMIG_RESOURCE_REVISIONS);
    for (guint idx = 0; revisions[idx] != NULL; idx++) {
        g_autofree char *path = g_strconcat(CMIG_RESOURCE_REVISIONS, revisions[idx], NULL);
        g_autofree char *text = cmig_template_resource_text(path);
        put(templates, template_new(revisions[idx], strlen(revisions[idx]) - strlen(".sql"),
                                    summary_of(text), FALSE));
    }
    g_auto(GStrv) layouts = cmig_template_children(CMIG_RESOURCE_LAYOUTS);
    for (guint idx = 0; layouts[idx] != NULL; idx++) {
        g_autofree char *path =
            g_strconcat(CMIG_RESOURCE_LAYOUTS, layouts[idx], "alembic.yml", NULL);
        g_autofree char *text = cmig_template_resource_text(path);
        put(templates,
            template_new(layouts[idx], strlen(layouts[idx]) - strlen("/"), summary_of(text), TRUE));
    }
}

static gboolean add_own(GPtrArray *templates, const char *folder, GError **error)
{
    GError *cause = NULL;
    g_autoptr(GDir) handle = g_dir_open(folder, 0, &cause);
    if (handle == NULL) {
        g_autofree char *shown = cmig_text_escape(cause->message);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "templates: %s", shown);
        g_error_free(cause);
        return FALSE;
    }
    const char *file = NULL;
    while ((file = g_dir_read_name(handle)) != NULL) {
        if (!g_str_has_suffix(file, ".sql"))
            continue;
        gsize length = strlen(file) - strlen(".sql");
        g_autofree char *name = g_strndup(file, length);
        if (!is_template_name(name))
            continue;
        g_autofree char *path = g_build_filename(folder, file, NULL);
        g_autofree char *text = read_text(path, error);
        if (text == NULL)
            return FALSE;
        put(templates, template_new(name, length, summary_of(text), FALSE));
    }
    return TRUE;
}

static int compare_templates(gconstpointer left, gconstpointer right)
{
    const CmigTemplate *one = *(const CmigTemplate *const *)left;
    const CmigTemplate *other = *(const CmigTemplate *const *)right;
    if (one->is_layout != other->is_layout)
        return one->is_layout ? 1 : -1;
    return strcmp(one->name, other->name);
}

gboolean cmig_templates_list(const CmigConfig *config, GPtrArray **templates, GError **error)
{
    g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func((GDestroyNotify)cmig_template_free);
    add_builtin(made);
    if (config != NULL && config->templates != NULL && !add_own(made, config->templates, error))
        return FALSE;
    g_ptr_array_sort(made, compare_templates);
    *templates = g_steal_pointer(&made);
    return TRUE;
}

static gboolean fail_unknown(const CmigConfig *config, const char *name, GError **error)
{
    g_autofree char *shown = cmig_text_escape(name);
    g_autoptr(GPtrArray) templates = NULL;
    g_autoptr(GString) names = g_string_new(NULL);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_USAGE, "No such template '%s'", shown);
    if (!cmig_templates_list(config, &templates, NULL))
        return FALSE;
    for (guint idx = 0; idx < templates->len; idx++) {
        const CmigTemplate *template = g_ptr_array_index(templates, idx);
        if (!template->is_layout)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", template->name);
    }
    cmig_error_set_hint(error, "there are %s", names->str);
    return FALSE;
}

gboolean cmig_template_read(const CmigConfig *config, const char *name, char **text, char **file,
                            GError **error)
{
    g_autofree char *content = NULL;
    g_autofree char *place = NULL;
    g_autofree char *base = g_strconcat(name, ".sql", NULL);
    if (!is_template_name(name))
        return fail_unknown(config, name, error);
    if (config->templates != NULL) {
        g_autofree char *own = g_build_filename(config->templates, base, NULL);
        if (g_file_test(own, G_FILE_TEST_EXISTS)) {
            content = read_text(own, error);
            if (content == NULL)
                return FALSE;
            place = g_steal_pointer(&own);
        }
    }
    if (content == NULL) {
        g_autofree char *path = g_strconcat(CMIG_RESOURCE_REVISIONS, base, NULL);
        if (!g_resource_get_info(cmig_templates_get_resource(), path, G_RESOURCE_LOOKUP_FLAGS_NONE,
                                 NULL, NULL, NULL))
            return fail_unknown(config, name, error);
        content = cmig_template_resource_text(path);
        place = g_strdup_printf("template %s", name);
    }
    *text = g_steal_pointer(&content);
    *file = g_steal_pointer(&place);
    return TRUE;
}
