/* Variables in SQL text: psql's `:name`, `:'name'` and `:"name"`. A quoted value stays one token
 * whatever is in it and around it; a value that stands as it is closes every quote and comment that
 * it opens. What does not hold to that is refused, so that the text around a value keeps its
 * meaning. */
#include "cmig/error.h"
#include "cmig/lexer.h"
#include "cmig/sql.h"
#include "cmig/text.h"
#include "sql/scan.h"

#include <string.h>

static const gsize max_length = (gsize)256 * 1024 * 1024; /* as of a revision file */

typedef struct {
    gsize start; /* the colon */
    gsize end;
    gsize name;
    gsize name_end;
    char quote; /* '\0' for a value as it stands */
} Reference;

/* What must hold of a value in the text that is made: a quoted one is the token from `first` to
 * `last`; of any other, the first and the last byte of its tokens are in tokens. */
typedef struct {
    gboolean quoted;
    gsize first;
    gsize last; /* equals first when the value is blank */
} Duty;

typedef struct {
    const CmigSqlScript *source;
    GHashTable *variables;
    GString *text;  /* what is made, so far */
    gsize taken;    /* how much of the source is in it */
    GArray *pieces; /* CmigSqlPiece */
    GArray *duties; /* Duty of each piece */
} Substitution;

/* Reads the tokens of a script that are not in gaps. */
typedef struct {
    const CmigSqlScript *script;
    CmigLexer lexer;
    guint gap; /* the next one */
    CmigToken token;
} Reader;

static void limit_reader(Reader *reader)
{
    const CmigSqlScript *script = reader->script;
    reader->lexer.length =
        reader->gap < script->gaps->len ? cmig_sql_gap(script, reader->gap)->start : script->length;
}

static Reader start_reader(const CmigSqlScript *script)
{
    Reader reader = {.script = script, .lexer = {.text = script->text, .dialect = script->dialect}};
    limit_reader(&reader);
    return reader;
}

/* FALSE when something is not ended. */
static gboolean read_token(Reader *reader)
{
    while (cmig_lexer_next(&reader->lexer, &reader->token)) {
        if (reader->token.kind != CMIG_TOKEN_END || reader->gap == reader->script->gaps->len)
            return TRUE;
        reader->lexer.at = cmig_sql_gap(reader->script, reader->gap++)->end;
        limit_reader(reader);
    }
    return FALSE;
}

static gboolean refuse(const CmigSqlScript *script, gsize at, GError **error, const char *format,
                       ...) G_GNUC_PRINTF(4, 5);
static gboolean refuse(const CmigSqlScript *script, gsize at, GError **error, const char *format,
                       ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, CMIG_ERROR, CMIG_ERROR_CONFIG, message);
    cmig_sql_set_place(script, at, error);
    return FALSE;
}

/* As in psql, but a name does not begin with a digit, so that slices like [1:2] need no care, and
 * in `:'it''s'` the colon stands before a string. */
static gboolean read_reference(const char *text, gsize colon, Reference *reference)
{
    char quote = text[colon + 1] == '\'' || text[colon + 1] == '"' ? text[colon + 1] : '\0';
    gsize name = colon + 1 + (quote != '\0');
    gsize end = name;
    while (g_ascii_isalnum(text[end]) || text[end] == '_' || (guint8)text[end] >= 0x80)
        end++;
    if (end == name || g_ascii_isdigit(text[name]) ||
        (quote != '\0' && (text[end] != quote || text[end + 1] == quote)))
        return FALSE;
    *reference = (Reference){colon, end + (quote != '\0'), name, end, quote};
    return TRUE;
}

static gint compare_names(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static gboolean refuse_undefined(const Substitution *self, const Reference *reference,
                                 const char *name, GError **error)
{
    guint count = 0;
    g_autofree char **names = (char **)g_hash_table_get_keys_as_array(self->variables, &count);
    qsort(names, count, sizeof(*names), compare_names);
    g_autofree char *start = g_utf8_substring(name, 0, MIN(g_utf8_strlen(name, -1), 64));
    g_autofree char *shown = cmig_text_escape(start);
    g_autofree char *all = g_strjoinv(", ", names);
    const char *near = cmig_text_suggest(name, (const char *const *)names);
    refuse(self->source, reference->start, error, "the variable \"%s\" is not defined", shown);
    cmig_error_set_detail(error, "defined: %s", count > 0 ? all : "none");
    cmig_error_set_hint(error,
                        "%s%s%sgive it with -x %s=VALUE, or under \"variables\" in alembic.yml; "
                        "where no variable is meant, put a space behind the colon",
                        near ? "did you mean \"" : "", near ? near : "", near ? "\"? Else " : "",
                        cmig_text_is_variable_name(shown) ? shown : "NAME");
    return FALSE;
}

/* Finds the tokens of a value that will stand as it is. They must be whole, also with a text behind
 * them: a `;` put there must be a token. Returns what is wrong, or NULL. */
static const char *measure(const char *value, CmigDialect dialect, gsize *first, gsize *last)
{
    g_autofree char *text = g_strconcat(value, ";", NULL);
    gsize length = strlen(value);
    CmigLexer lexer = {.text = text, .length = length + 1, .dialect = dialect};
    CmigToken token = {.kind = CMIG_TOKEN_END};
    *first = *last = 0;
    for (gboolean any = FALSE;; any = TRUE) {
        if (!cmig_lexer_next(&lexer, &token))
            return lexer.problem;
        if (token.kind == CMIG_TOKEN_END)
            return "comment is not ended";
        if (token.start == length)
            return NULL;
        if (!any)
            *first = token.start;
        *last = token.end;
    }
}

/* Appends a value so that it is one token. A backslash is taken as it is by E'' alone, whatever
 * standard_conforming_strings says; the space keeps the E apart from a name before it. */
static void append_quoted(Substitution *self, const char *value, char quote, Duty *duty)
{
    gboolean escape = quote == '\'' && self->source->dialect == CMIG_DIALECT_POSTGRESQL &&
                      strchr(value, '\\') != NULL;
    g_string_append(self->text, escape ? " " : "");
    duty->first = self->text->len;
    g_string_append(self->text, escape ? "E" : "");
    g_string_append_c(self->text, quote);
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == quote || (escape && *at == '\\'))
            g_string_append_c(self->text, *at);
        g_string_append_c(self->text, *at);
    }
    g_string_append_c(self->text, quote);
    duty->last = self->text->len;
}

static void append_source(Substitution *self, gsize end)
{
    g_string_append_len(self->text, self->source->text + self->taken, (gssize)(end - self->taken));
    self->taken = end;
}

static gboolean replace(Substitution *self, const Reference *reference, GError **error)
{
    const CmigSqlScript *source = self->source;
    g_autofree char *name =
        g_strndup(source->text + reference->name, reference->name_end - reference->name);
    const char *value = g_hash_table_lookup(self->variables, name);
    if (value == NULL)
        return refuse_undefined(self, reference, name, error);
    if (!g_utf8_validate(value, -1, NULL))
        return refuse(source, reference->start, error,
                      "the value of the variable \"%s\" is not valid UTF-8", name);
    append_source(self, reference->start);
    CmigSqlPiece piece = {.start = self->text->len, .source_start = reference->start};
    Duty duty = {.quoted = reference->quote != '\0'};
    if (duty.quoted) {
        append_quoted(self, value, reference->quote, &duty);
    } else {
        const char *problem = measure(value, source->dialect, &duty.first, &duty.last);
        if (problem != NULL) {
            refuse(source, reference->start, error, "in the value of the variable \"%s\" a %s",
                   name, problem);
            cmig_error_set_hint(error, "to have it as a string, write :'%s'", name);
            return FALSE;
        }
        duty.first += self->text->len;
        duty.last += self->text->len;
        g_string_append(self->text, value);
    }
    piece.end = self->text->len;
    piece.source_end = self->taken = reference->end;
    g_array_append_val(self->pieces, piece);
    g_array_append_val(self->duties, duty);
    if (self->text->len <= max_length)
        return TRUE;
    return refuse(source, reference->start, error,
                  "with the values of its variables the text is larger than 256 MiB");
}

static gboolean replace_all(Substitution *self, GError **error)
{
    const char *text = self->source->text;
    Reader reader = start_reader(self->source);
    for (;;) {
        if (!read_token(&reader))
            return refuse(self->source, reader.lexer.problem_at, error, "%s", reader.lexer.problem);
        gsize at = reader.token.start;
        Reference reference;
        if (reader.token.kind == CMIG_TOKEN_END)
            break;
        if (text[at] != ':')
            continue;
        if (text[at + 1] == ':' || text[at + 1] == '=') {
            reader.lexer.at++;
        } else if (text[at + 1] == '{' && text[at + 2] == '?') {
            return refuse(self->source, at, error,
                          ":{?name} is psql's; cmig cannot ask whether a variable is defined");
        } else if (read_reference(text, at, &reference)) {
            if (!replace(self, &reference, error))
                return FALSE;
            reader.lexer.at = reference.end;
        }
    }
    append_source(self, self->source->length);
    return TRUE;
}

/* Reads on to the token that holds byte `at`; FALSE when none does. */
static gboolean find_token(Reader *reader, gsize at)
{
    while (reader->token.end <= at)
        if (!read_token(reader) || reader->token.kind == CMIG_TOKEN_END)
            return FALSE;
    return reader->token.start <= at;
}

static gboolean check_duty(Reader *reader, const Duty *duty)
{
    const CmigToken *token = &reader->token;
    if (duty->first == duty->last)
        return TRUE;
    if (!find_token(reader, duty->first))
        return FALSE;
    if (duty->quoted)
        return token->start == duty->first && token->end == duty->last;
    return find_token(reader, duty->last - 1);
}

/* Whether every value is in the text what it should be there. It is not where the text around it
 * goes on with the token, makes a comment of it (`-:x` with -1), or where it became COPY data. */
static gboolean check_duties(const Substitution *self, const CmigSqlScript *script, GError **error)
{
    Reader reader = start_reader(script);
    for (guint idx = 0; idx < self->duties->len; idx++) {
        if (check_duty(&reader, &g_array_index(self->duties, Duty, idx)))
            continue;
        gsize at = g_array_index(self->pieces, CmigSqlPiece, idx).start;
        refuse(script, at, error,
               "the value of this variable would be read as part of the text "
               "beside it");
        cmig_error_set_hint(error, "put a space before and behind the variable");
        return FALSE;
    }
    return TRUE;
}

static CmigSqlScript *make_script(const Substitution *self)
{
    CmigSqlScript *script = g_new0(CmigSqlScript, 1);
    script->file = g_strdup(self->source->file);
    script->first_line = self->source->first_line;
    script->dialect = self->source->dialect;
    script->length = self->text->len;
    script->text = g_string_free(self->text, FALSE);
    script->pieces = self->pieces;
    return script;
}

gboolean cmig_sql_substitute(CmigSqlScript **source, GHashTable *variables, gboolean in_transaction,
                             CmigSqlScript **script, GError **error)
{
    g_assert((*source)->source == NULL);
    g_autoptr(GArray) duties = g_array_new(FALSE, FALSE, sizeof(Duty));
    Substitution self = {
        .source = *source,
        .variables = variables,
        .text = g_string_sized_new((*source)->length + 1),
        .pieces = g_array_new(FALSE, FALSE, sizeof(CmigSqlPiece)),
        .duties = duties,
    };
    gboolean replaced = replace_all(&self, error);
    g_autoptr(CmigSqlScript) made = make_script(&self);
    if (!replaced)
        return FALSE;
    made->source = *source;
    if (!cmig_sql_scan_into(made, in_transaction, error) || !check_duties(&self, made, error)) {
        made->source = NULL; /* it stays the caller's */
        return FALSE;
    }
    *source = NULL;
    *script = g_steal_pointer(&made);
    return TRUE;
}

/* Whether the colon at `at` is half of `::` or `:=`. */
static gboolean is_operator(const char *text, gsize at)
{
    return text[at + 1] == ':' || text[at + 1] == '=';
}

gboolean cmig_sql_find_reference(const CmigSqlScript *script, const char *const *names, gsize *at)
{
    Reader reader = start_reader(script);
    while (read_token(&reader) && reader.token.kind != CMIG_TOKEN_END) {
        Reference reference;
        gsize colon = reader.token.start;
        if (script->text[colon] != ':')
            continue;
        if (is_operator(script->text, colon)) {
            reader.lexer.at++;
            continue;
        }
        if (!read_reference(script->text, colon, &reference))
            continue;
        g_autofree char *name =
            g_strndup(script->text + reference.name, reference.name_end - reference.name);
        if (g_strv_contains(names, name)) {
            *at = reference.start;
            return TRUE;
        }
        reader.lexer.at = reference.end;
    }
    return FALSE;
}
