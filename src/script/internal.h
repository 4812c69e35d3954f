/* What the files of src/script share: the header's two readers and the YAML scalars it is written
 * with. Nothing outside of this folder includes it. */
#ifndef CMIG_SCRIPT_INTERNAL_H
#define CMIG_SCRIPT_INTERNAL_H

#include "cmig/graph.h"
#include "cmig/script.h"

#include <gio/gio.h>

#define CMIG_HEADER_MAX ((gsize)64 * 1024)
#define CMIG_SCRIPT_MAX ((gsize)256 * 1024 * 1024)
#define CMIG_MARKER     "-- cmig:"

/* The keys of a header. Both readers and the writer go by this order. */
typedef enum {
    CMIG_KEY_REVISION,
    CMIG_KEY_DOWN_REVISION,
    CMIG_KEY_BRANCH_LABELS,
    CMIG_KEY_DEPENDS_ON,
    CMIG_KEY_MESSAGE,
    CMIG_KEY_CREATE_DATE,
    CMIG_KEY_COUNT,
} CmigHeaderKey;

/* Their names, ended by NULL. */
extern const char *const cmig_header_keys[];

/* A header as either reader sees it. Lists are never NULL. */
typedef struct {
    char *id;
    char *message;
    char *create_date;
    GStrv down_revisions;
    GStrv branch_labels;
    GStrv depends_on;
} CmigHeader;
void cmig_header_clear(CmigHeader *header);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmigHeader, cmig_header_clear)

/* Where the header's comment block stands in a file. */
typedef struct {
    gsize start;
    gsize end;
    guint first_line;
} CmigHeaderSpan;

typedef enum {
    CMIG_HEADER_FOUND,
    CMIG_HEADER_NEEDS_MORE, /* `text` ends before the header does */
    CMIG_HEADER_ABSENT,
    CMIG_HEADER_TOO_LARGE,
} CmigHeaderState;

/* Finds the block. `whole` says that `text` is the whole file. */
CmigHeaderState cmig_header_find(const char *text, gsize length, gboolean whole,
                                 CmigHeaderSpan *span);

/* The fast reader: only the form that cmig writes, a hundred times as fast as YAML. FALSE means
 * "ask the YAML reader", never "wrong". */
gboolean cmig_header_read_plain(const char *block, gsize length, CmigHeader *header);

/* The reader that knows all of YAML and tells what is wrong. */
gboolean cmig_header_read_yaml(const char *text, const CmigHeaderSpan *span, const char *path,
                               CmigHeader *header, GError **error);

/* Whether `text` can be a branch label: letters, digits, `_`, `.`, and `-` where no digit follows
 * (`x-1` is one below x); the words that mean something else are not for labels or ids. */
gboolean cmig_header_is_label(const char *text);
gboolean cmig_header_is_reserved(const char *text);

/* `text` as a YAML scalar that stays on one line whatever it contains: plain if that is surely read
 * back as the same text, else in double quotes. The caller frees. */
char *cmig_header_scalar(const char *text);

/* A flow list; with `short_form`, none is `null` and one is a scalar. The caller frees. */
char *cmig_header_list(const char *const *items, gboolean short_form);

/* Fills `${name}` in a template, whose summary line is left out; `$$` is a dollar. `variables` is
 * name, value, …, NULL. Errors: CMIG_ERROR_CONFIG with the place in `file`. */
char *cmig_template_fill(const char *text, const char *file, const char *const *variables,
                         GError **error);

/* The text of a revision template and its name for error places. Errors:
 * CMIG_ERROR_USAGE for a name that is not there, CMIG_ERROR_CONFIG for a file that cannot be read.
 */
gboolean cmig_template_read(const CmigConfig *config, const char *name, char **text, char **file,
                            GError **error);

/* The built-in templates: resources below "/cmig/revision/" and "/cmig/layout/NAME/". */
#define CMIG_RESOURCE_REVISIONS "/cmig/revision/"
#define CMIG_RESOURCE_LAYOUTS   "/cmig/layout/"
GResource *cmig_templates_get_resource(void);

/* A resource's content as text. The caller frees. The path must exist. */
char *cmig_template_resource_text(const char *path);

/* What is below the folder `path` of the resources, sorted; folders end in `/`. */
GStrv cmig_template_children(const char *path);

#endif
