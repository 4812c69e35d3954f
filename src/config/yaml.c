/* YAML into a small tree, on libyaml's events. The caps come first: libyaml needs quadratic time on
 * nested brackets, and whoever edits a file that cmig reads must not be able to stall it. */
#include "cmig/yaml.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <string.h>
#include <yaml.h>

#define MAX_BYTES    (64U * 1024)
#define MAX_DEPTH    16U
#define MAX_BRACKETS 1000U

/* A list or mapping that is not closed yet. */
typedef struct {
    CmigYaml *node;
    CmigYaml *key;    /* mapping: owned, waits for its value */
    GHashTable *seen; /* mapping: its keys so far, borrowed */
} Level;

typedef struct {
    yaml_parser_t parser;
    const char *text;
    gsize length;
    const char *file;
    guint first_line;
    guint column_offset;
    Level levels[MAX_DEPTH];
    guint depth;
    CmigYaml *root;
    guint documents;
} Reader;

/* Depth is at most MAX_DEPTH, hence the recursion. */
void cmig_yaml_free(CmigYaml *node)
{
    if (node == NULL)
        return;
    for (guint idx = 0; node->items != NULL && idx < node->items->len; idx++)
        cmig_yaml_free(node->items->pdata[idx]);
    for (guint idx = 0; node->keys != NULL && idx < node->keys->len; idx++)
        cmig_yaml_free(node->keys->pdata[idx]);
    g_clear_pointer(&node->items, g_ptr_array_unref);
    g_clear_pointer(&node->keys, g_ptr_array_unref);
    g_free(node->text);
    g_free(node);
}

/* `line` and `column` count from 1 within the text. Always FALSE. */
static gboolean fail_at(const Reader *reader, gsize line, gsize column, GError **error,
                        const char *message)
{
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG, message);
    cmig_error_set_place(error, reader->file, reader->first_line + (guint)line - 1,
                         (guint)column + reader->column_offset);
    return FALSE;
}

static gboolean fail_at_mark(const Reader *reader, yaml_mark_t mark, GError **error,
                             const char *message)
{
    return fail_at(reader, mark.line + 1, mark.column + 1, error, message);
}

static gboolean fail_at_offset(const Reader *reader, gsize offset, GError **error,
                               const char *message)
{
    guint line = 0;
    guint column = 0;
    cmig_text_locate(reader->text, reader->length, offset, &line, &column);
    return fail_at(reader, line, column, error, message);
}

static gboolean check_text(const Reader *reader, GError **error)
{
    if (reader->length > MAX_BYTES)
        return fail_at(reader, 1, 1, error, "too large: YAML is read up to 64 KiB");
    const char *end = NULL;
    if (!g_utf8_validate_len(reader->text, reader->length, &end))
        return fail_at_offset(reader, (gsize)(end - reader->text), error,
                              "not valid UTF-8, or a NUL character");
    guint brackets = 0;
    for (gsize at = 0; at < reader->length; at++)
        if ((reader->text[at] == '[' || reader->text[at] == '{') && ++brackets > MAX_BRACKETS)
            return fail_at_offset(reader, at, error, "too many brackets");
    return TRUE;
}

/* Puts libyaml's complaint into words. Its texts are constants and show nothing of the file. */
static gboolean fail_syntax(const Reader *reader, GError **error)
{
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        g_error("out of memory in the YAML parser");

    g_autofree char *problem = cmig_text_escape(parser->problem);
    g_autofree char *message = g_strdup_printf("not valid YAML: %s", problem);
    if (parser->error == YAML_READER_ERROR)
        return fail_at_offset(reader, parser->problem_offset, error, message);

    fail_at_mark(reader, parser->problem_mark, error, message);
    if (parser->context != NULL) {
        g_autofree char *context = cmig_text_escape(parser->context);
        cmig_error_set_detail(error, "%s that begins at line %u", context,
                              reader->first_line + (guint)parser->context_mark.line);
    }
    gsize at = parser->problem_mark.index;
    gsize offset = cmig_text_offset_of_character(reader->text, reader->length, at);
    if ((offset < reader->length && reader->text[offset] == '\t') || strstr(problem, " tab "))
        cmig_error_set_hint(error, "indent with spaces; YAML does not allow tabs here");
    else if (g_strcmp0(parser->problem, "mapping values are not allowed in this context") == 0)
        cmig_error_set_hint(error, "put a value that contains \": \" in quotes");
    return FALSE;
}

static CmigYaml *new_node(const Reader *reader, const yaml_event_t *event, CmigYamlKind kind)
{
    CmigYaml *node = g_new0(CmigYaml, 1);
    node->kind = kind;
    node->line = reader->first_line + (guint)event->start_mark.line;
    node->column = reader->column_offset + (guint)event->start_mark.column + 1;
    return node;
}

/* Takes `node` over, also on failure. */
static gboolean attach(Reader *reader, const yaml_event_t *event, CmigYaml *node, GError **error)
{
    if (reader->depth == 0) {
        reader->root = node;
        return TRUE;
    }
    Level *level = &reader->levels[reader->depth - 1];
    if (level->node->kind == CMIG_YAML_LIST) {
        g_ptr_array_add(level->node->items, node);
        return TRUE;
    }
    if (level->key != NULL) {
        g_ptr_array_add(level->node->keys, g_steal_pointer(&level->key));
        g_ptr_array_add(level->node->items, node);
        return TRUE;
    }
    if (node->kind != CMIG_YAML_SCALAR) {
        cmig_yaml_free(node);
        return fail_at_mark(reader, event->start_mark, error, "a key must be plain text");
    }
    level->key = node;
    if (!g_hash_table_add(level->seen, node->text)) {
        g_autofree char *shown = cmig_text_escape(node->text);
        g_autofree char *message = g_strdup_printf("key \"%s\" is given twice", shown);
        return fail_at_mark(reader, event->start_mark, error, message);
    }
    return TRUE;
}

static gboolean open_collection(Reader *reader, const yaml_event_t *event, CmigYamlKind kind,
                                GError **error)
{
    if (reader->depth == MAX_DEPTH)
        return fail_at_mark(reader, event->start_mark, error, "nested more than 16 levels deep");
    CmigYaml *node = new_node(reader, event, kind);
    node->items = g_ptr_array_new();
    if (kind == CMIG_YAML_MAPPING)
        node->keys = g_ptr_array_new();
    if (!attach(reader, event, node, error))
        return FALSE;
    reader->levels[reader->depth++] = (Level){
        .node = node,
        .seen = kind == CMIG_YAML_MAPPING ? g_hash_table_new(g_str_hash, g_str_equal) : NULL,
    };
    return TRUE;
}

static void close_collection(Reader *reader)
{
    Level *level = &reader->levels[--reader->depth];
    g_clear_pointer(&level->seen, g_hash_table_unref);
    g_clear_pointer(&level->key, cmig_yaml_free);
}

static gboolean add_scalar(Reader *reader, const yaml_event_t *event, GError **error)
{
    const char *value = (const char *)event->data.scalar.value;
    gsize length = event->data.scalar.length;
    if (memchr(value, '\0', length) != NULL)
        return fail_at_mark(reader, event->start_mark, error, "a value contains a NUL character");
    CmigYaml *node = new_node(reader, event, CMIG_YAML_SCALAR);
    node->text = g_strndup(value, length);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return attach(reader, event, node, error);
}

/* Anchors and tags of all kinds of node lie in different members of the event. */
static gboolean is_decorated(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor != NULL || event->data.sequence_start.tag != NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor != NULL || event->data.mapping_start.tag != NULL;
    default:
        return event->type == YAML_ALIAS_EVENT;
    }
}

static gboolean handle(Reader *reader, const yaml_event_t *event, GError **error)
{
    if (is_decorated(event)) {
        fail_at_mark(reader, event->start_mark, error,
                     "anchors (&), aliases (*) and tags (!) are not supported");
        cmig_error_set_hint(error, "put a value that begins with &, * or ! in quotes");
        return FALSE;
    }
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (reader->documents++ > 0)
            return fail_at_mark(reader, event->start_mark, error,
                                "only one YAML document is allowed");
        return TRUE;
    case YAML_SCALAR_EVENT:
        return add_scalar(reader, event, error);
    case YAML_SEQUENCE_START_EVENT:
        return open_collection(reader, event, CMIG_YAML_LIST, error);
    case YAML_MAPPING_START_EVENT:
        return open_collection(reader, event, CMIG_YAML_MAPPING, error);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_collection(reader);
        return TRUE;
    default:
        return TRUE;
    }
}

static gboolean read_events(Reader *reader, GError **error)
{
    for (gboolean ended = FALSE; !ended;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&reader->parser, &event))
            return fail_syntax(reader, error);
        ended = event.type == YAML_STREAM_END_EVENT;
        gboolean handled = handle(reader, &event, error);
        yaml_event_delete(&event);
        if (!handled)
            return FALSE;
    }
    return TRUE;
}

gboolean cmig_yaml_parse(const char *text, gsize length, const char *file, guint first_line,
                         guint column_offset, CmigYaml **root, GError **error)
{
    Reader reader = {.text = text,
                     .length = length,
                     .file = file,
                     .first_line = first_line,
                     .column_offset = column_offset};
    if (!check_text(&reader, error))
        return FALSE;
    if (!yaml_parser_initialize(&reader.parser))
        g_error("out of memory in the YAML parser");
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);

    gboolean read = read_events(&reader, error);
    while (reader.depth > 0)
        close_collection(&reader);
    yaml_parser_delete(&reader.parser);
    if (!read) {
        cmig_yaml_free(reader.root);
        return FALSE;
    }
    if (reader.root == NULL || cmig_yaml_is_null(reader.root)) {
        cmig_yaml_free(reader.root);
        reader.root = g_new0(CmigYaml, 1);
        *reader.root = (CmigYaml){.kind = CMIG_YAML_MAPPING,
                                  .line = first_line,
                                  .column = column_offset + 1,
                                  .items = g_ptr_array_new(),
                                  .keys = g_ptr_array_new()};
    }
    *root = reader.root;
    return TRUE;
}

const CmigYaml *cmig_yaml_get(const CmigYaml *mapping, const char *key)
{
    if (mapping->kind != CMIG_YAML_MAPPING)
        return NULL;
    for (guint idx = 0; idx < mapping->keys->len; idx++) {
        const CmigYaml *name = mapping->keys->pdata[idx];
        if (strcmp(name->text, key) == 0)
            return mapping->items->pdata[idx];
    }
    return NULL;
}

gboolean cmig_yaml_is_null(const CmigYaml *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    return node->kind == CMIG_YAML_SCALAR && !node->quoted && g_strv_contains(nulls, node->text);
}

gboolean cmig_yaml_strings(const CmigYaml *node, const char *key, const char *file, GStrv *strings,
                           GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    const CmigYaml *wrong = node->kind == CMIG_YAML_MAPPING ? node : NULL;
    if (node->kind == CMIG_YAML_SCALAR && !cmig_yaml_is_null(node))
        g_strv_builder_add(builder, node->text);
    for (guint idx = 0; node->kind == CMIG_YAML_LIST && idx < node->items->len; idx++) {
        const CmigYaml *item = node->items->pdata[idx];
        if (item->kind == CMIG_YAML_SCALAR && !cmig_yaml_is_null(item))
            g_strv_builder_add(builder, item->text);
        else if (wrong == NULL)
            wrong = item;
    }
    if (wrong != NULL) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "%s must be a text or a list of texts",
                    key);
        cmig_error_set_place(error, file, wrong->line, wrong->column);
        return FALSE;
    }
    *strings = g_strv_builder_end(builder);
    return TRUE;
}
