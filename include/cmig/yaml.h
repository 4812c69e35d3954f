/* YAML as cmig needs it: a tree of scalars, lists and mappings that knows where each node stands.
 * Built on libyaml, with caps on size and depth (libyaml needs quadratic time on nested brackets).
 * Anchors, aliases, tags, several documents and duplicate keys are errors. Scalars stay text. */
#ifndef CMIG_YAML_H
#define CMIG_YAML_H

#include <glib.h>

typedef enum {
    CMIG_YAML_SCALAR,
    CMIG_YAML_LIST,
    CMIG_YAML_MAPPING,
} CmigYamlKind;

typedef struct CmigYaml {
    CmigYamlKind kind;
    guint line; /* from 1, in the file */
    guint column;
    char *text;       /* scalar: its value */
    gboolean quoted;  /* scalar: written in quotes or as a block */
    GPtrArray *items; /* list: CmigYaml; mapping: values in file order */
    GPtrArray *keys;  /* mapping: CmigYaml scalars, same length as items */
} CmigYaml;
void cmig_yaml_free(CmigYaml *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigYaml, cmig_yaml_free)

/* Parses one document. `file` is used in error places; `first_line` is the line of the file on
 * which `text` begins (from 1) and `column_offset` is added to every column (3 for a header behind
 * `-- `). An empty document is an empty mapping. Caps: 64 KiB, 16 levels. Errors:
 * CMIG_ERROR_CONFIG. */
gboolean cmig_yaml_parse(const char *text, gsize length, const char *file, guint first_line,
                         guint column_offset, CmigYaml **root, GError **error);

/* The value of `key`, or NULL. Borrowed. */
const CmigYaml *cmig_yaml_get(const CmigYaml *mapping, const char *key);

/* Whether a scalar means "none": plain `null`, `Null`, `NULL`, `~` or nothing. Not `no`, not "". */
gboolean cmig_yaml_is_null(const CmigYaml *node);

/* One scalar or a list of scalars as a NULL-terminated array; null and [] give an empty one. A
 * mapping or a nested list is an error that names `key`. The caller frees. */
gboolean cmig_yaml_strings(const CmigYaml *node, const char *key, const char *file, GStrv *strings,
                           GError **error);

#endif
