/* Writing new revision files: templates, file names, slugs, hooks. */
#ifndef CMIG_NEW_REVISION_H
#define CMIG_NEW_REVISION_H

#include "cmig/config.h"
#include "cmig/graph.h"

#include <glib.h>

/* What `revision` and `merge` ask for. Strings may be NULL, arrays too. */
typedef struct {
    const char *message;
    const char *rev_id;       /* --rev-id; NULL = a new random one */
    const char *const *heads; /* what it revises, as typed; NULL = `head` */
    gboolean splice;          /* heads need not be heads */
    const char *const *branch_labels;
    const char *const *depends_on; /* as typed; partial ids resolved, labels kept */
    const char *version_path;      /* --version-path */
    const char *template_name;     /* NULL = "generic" */
} CmigNewRevision;

/* Writes the file and gives its path. Everything is checked before anything is written: the id and
 * labels are free and well formed, the parents are heads unless `splice`, the location is a version
 * location, the file's text parses and the graph with it seals. An empty message becomes "empty
 * message", as in Alembic. Hooks are not run. Errors: CMIG_ERROR_FAILED, CMIG_ERROR_USAGE,
 * CMIG_ERROR_CONFIG. */
gboolean cmig_new_revision_write(const CmigConfig *config, const CmigGraph *graph,
                                 const CmigNewRevision *request, char **path, GError **error);

/* Runs the configured hooks on `path` in order; their output goes to standard error. `started` is
 * called before each (may be NULL). A hook that cannot start or ends with a status other than 0 is
 * CMIG_ERROR_FAILED and says that the file is there. */
gboolean cmig_hooks_run(const CmigConfig *config, const char *path,
                        void (*started)(const CmigHook *hook, gpointer data), gpointer data,
                        GError **error);

/* Lower-case words of `message` joined by `_`, as Alembic cuts it: longer than `limit` characters
 * it is cut back to the last `_`. The caller frees. */
char *cmig_slug(const char *message, guint limit);

/* Fills a file_template: %(rev)s %(slug)s %(epoch)s %(year)d %(month).2d %(day).2d %(hour).2d
 * %(minute).2d %(second).2d, `%%`. Path separators are allowed, `..` is not. `.sql` is appended. */
char *cmig_file_template_fill(const char *file_template, const char *rev, const char *slug,
                              GDateTime *date, GError **error);

/* Templates. A revision template is a file `NAME.sql` with ${…} variables; a project layout is what
 * `init` copies. Both kinds are built in; the project's own folder (`templates:`) adds revision
 * templates and wins. */
typedef struct {
    char *name;
    char *summary; /* first line of the template, `-- template: …` */
    gboolean is_layout;
} CmigTemplate;
void cmig_template_free(CmigTemplate *template);

/* All templates, sorted by name, layouts last: owned CmigTemplate. `config` may be NULL. */
gboolean cmig_templates_list(const CmigConfig *config, GPtrArray **templates, GError **error);

/* `init`: writes the layout into `directory` (NULL = the layout's default folder, `migrations`) and
 * alembic.yml into the working directory. Files that are there are kept; `report` is called for
 * each file or folder with whether it was made. A folder that exists and is not empty is an error
 * and nothing is written. */
gboolean cmig_init_write(const char *layout, const char *directory,
                         void (*report)(const char *path, gboolean is_directory, gboolean made,
                                        gpointer data),
                         gpointer data, GError **error);

#endif
