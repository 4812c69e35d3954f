/* SQL text: where each statement begins and ends, to the byte, without deciding what runs. The
 * lexer accounts for every byte of a section and refuses what would make the text that is put
 * around it be read wrongly. It is no parser: the server has the last word. */
#ifndef CMIG_SQL_H
#define CMIG_SQL_H

#include "cmig/dialect.h"

#include <glib.h>

typedef struct {
    gsize start; /* first byte that is neither space nor comment */
    gsize end;   /* behind the last byte, the terminating `;` excluded */
    gint copy;   /* index of the block of COPY data that belongs to it, or -1 */
} CmigSqlStatement;

/* A stretch of the text that is not sent as SQL: the data lines of a COPY … FROM stdin (without the
 * terminating `\.` line) or a line of pg_dump's that only psql understands (\restrict). */
typedef struct {
    gsize start; /* the whole stretch, `\.` line included */
    gsize end;
    gsize data_end; /* behind the last data line; equals start when there is no data */
    gboolean is_copy;
} CmigSqlGap;

/* Where the value of a variable stands in a text, and the reference it stands for in the source. */
typedef struct {
    gsize start;
    gsize end;
    gsize source_start;
    gsize source_end;
} CmigSqlPiece;

typedef struct CmigSqlScript {
    char *file;       /* for error places */
    guint first_line; /* line of `file` on which the text begins, from 1 */
    char *text;       /* NUL-terminated copy */
    gsize length;
    CmigDialect dialect;
    GArray *statements; /* CmigSqlStatement */
    GArray *gaps;       /* CmigSqlGap, ascending; CmigSqlStatement.copy indexes it */

    /* After cmig_sql_substitute. `text` then holds values that may be secrets: it is for the
     * database; what a user is shown comes from the source. */
    struct CmigSqlScript *source; /* the text as the file has it, or NULL */
    GArray *pieces;               /* CmigSqlPiece, ascending, or NULL */
} CmigSqlScript;
void cmig_sql_script_free(CmigSqlScript *script);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigSqlScript, cmig_sql_script_free)

/* Reads `text`. Refused, with the place: unterminated quotes, dollar quotes, comments and COPY
 * blocks; NUL bytes and invalid UTF-8; psql commands other than \restrict and \unrestrict; and,
 * when `in_transaction`, transaction control (BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK,
 * ABORT, PREPARE TRANSACTION; savepoints are allowed). PostgreSQL: E'', U&'', dollar quotes, nested
 * comments, BEGIN ATOMIC bodies, COPY data, standard_conforming_strings on. SQLite: `x`, [x],
 * trigger bodies, no COPY. Errors: CMIG_ERROR_CONFIG. */
gboolean cmig_sql_scan(const char *text, gsize length, CmigDialect dialect, gboolean in_transaction,
                       const char *file, guint first_line, CmigSqlScript **script, GError **error);

/* Puts the values of `variables` (name -> value, text) where `source`, a scanned text, has psql's
 * references: `:name` (the value as it stands), `:'name'` (a literal), `:"name"` (a quoted name).
 * Quoted text, comments and COPY data are left alone; so are `::`, `:=` and a colon that is not
 * directly followed by a name. Values are not searched for references. The result is scanned as
 * cmig_sql_scan does, and its places lead into the source, which it takes over.
 * Errors (CMIG_ERROR_CONFIG with the place; never a value; `*source` is then the caller's still): a
 * name that is not defined, with what is; a value that is not UTF-8, that opens a quote or comment
 * without closing it, or that stands where it would not stay the token it should be; more than
 * 256 MiB in all; psql's `:{?name}`. */
gboolean cmig_sql_substitute(CmigSqlScript **source, GHashTable *variables, gboolean in_transaction,
                             CmigSqlScript **script, GError **error);

/* Where psql would see the first reference to one of `names` (NULL-terminated), outside of quotes,
 * comments and COPY data. FALSE when there is none. */
gboolean cmig_sql_find_reference(const CmigSqlScript *script, const char *const *names, gsize *at);

/* Where the sqlite3 shell would see a command of its own: a statement that begins with `.` or `#`,
 * or a line of nothing but `/` or `go`, which ends a statement. FALSE when there is none. */
gboolean cmig_sql_find_shell_command(const CmigSqlScript *script, gsize *at);

/* Statement and gap by index; borrowed. */
const CmigSqlStatement *cmig_sql_statement(const CmigSqlScript *script, guint index);
const CmigSqlGap *cmig_sql_gap(const CmigSqlScript *script, guint index);

/* Appends the text without its gaps: what is sent as SQL. */
void cmig_sql_append(const CmigSqlScript *script, GString *to);

/* The offset in the script's text of the byte at `offset` of what cmig_sql_append appended. */
gsize cmig_sql_unappend(const CmigSqlScript *script, gsize offset);

/* Statement `index` as text with COPY data left out. The caller frees. */
char *cmig_sql_statement_text(const CmigSqlScript *script, guint index);

/* As above, as the file has it: with references instead of values, for people. The caller frees. */
char *cmig_sql_shown_text(const CmigSqlScript *script, guint index);

/* Which token of statement `index` is the first bare word `word` (lower case), in any letter case,
 * counted from 0; -1 when none is. */
gint cmig_sql_find_word(const CmigSqlScript *script, guint index, const char *word);

/* Whether the statement is COMMIT or END. */
gboolean cmig_sql_is_commit(const CmigSqlScript *script, guint index);

/* How a statement gets along with transactions. */
typedef enum {
    CMIG_SQL_ATOMIC,  /* can run inside of one */
    CMIG_SQL_ALONE,   /* the server refuses to run it inside of one */
    CMIG_SQL_OPAQUE,  /* may commit by itself: DO, CALL */
    CMIG_SQL_CONTROL, /* begins or ends one: BEGIN, COMMIT, ROLLBACK … */
    CMIG_SQL_SESSION, /* sets something for the session only, and is harmless when repeated: SET */
} CmigSqlKind;

/* The kind of statement `index`, by its words: no parser, and what it does not know is atomic. */
CmigSqlKind cmig_sql_kind(const CmigSqlScript *script, guint index);

/* For a CMIG_SQL_ALONE statement its name for messages, "CREATE INDEX CONCURRENTLY"; static text;
 * NULL for others. */
const char *cmig_sql_alone_name(const CmigSqlScript *script, guint index);

/* What a statement leaves that can be looked for. */
typedef enum {
    CMIG_SQL_EFFECT_UNKNOWN,
    CMIG_SQL_EFFECT_REPEATABLE, /* running it again does no harm */
    CMIG_SQL_EFFECT_CREATE_INDEX,
    CMIG_SQL_EFFECT_CREATE_UNNAMED_INDEX,
    CMIG_SQL_EFFECT_DROP_INDEX,
    CMIG_SQL_EFFECT_REINDEX,
    CMIG_SQL_EFFECT_DETACH, /* of a partition */
    CMIG_SQL_EFFECT_CREATE_DATABASE,
    CMIG_SQL_EFFECT_DROP_DATABASE,
    CMIG_SQL_EFFECT_CREATE_TABLESPACE,
    CMIG_SQL_EFFECT_DROP_TABLESPACE,
    CMIG_SQL_EFFECT_CREATE_SUBSCRIPTION,
    CMIG_SQL_EFFECT_DROP_SUBSCRIPTION,
} CmigSqlEffect;

/* UNKNOWN for all but CMIG_SQL_ALONE statements. */
CmigSqlEffect cmig_sql_effect(const CmigSqlScript *script, guint index);

typedef struct {
    CmigSqlEffect effect;
    char *name;   /* as written, with its schema and quotes; NULL when there is none */
    char *second; /* the table of an index, the partition that is detached; likewise */
} CmigSqlTarget;
void cmig_sql_target_free(CmigSqlTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmigSqlTarget, cmig_sql_target_free)

/* The names of a statement's effect. The caller frees. */
CmigSqlTarget *cmig_sql_target(const CmigSqlScript *script, guint index);

/* The line of the file on which byte `offset` of the script's text stands. */
guint cmig_sql_line(const CmigSqlScript *script, gsize offset);

/* The same where it is known that byte `known`, which is not behind it, stands on `line`: for many
 * bytes of one text, in their order. */
guint cmig_sql_line_behind(const CmigSqlScript *script, gsize known, guint line, gsize offset);

/* Adds file, line and column of byte `offset` of the script's text to the error: within a value,
 * those of the reference. */
void cmig_sql_set_place(const CmigSqlScript *script, gsize offset, GError **error);

/* A statement of somebody else's, perhaps cut off, on one line of so many columns: strings, numbers
 * and comments are taken out, and, where it is not clear where one ends, all that follows. Escaped.
 * The caller frees. */
char *cmig_sql_redact(const char *text, guint columns);

/* The version of PostgreSQL whose grammar is built in: "15.1". Static text. */
const char *cmig_sql_parser(void);

#endif
