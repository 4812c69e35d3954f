/* Small text helpers that GLib does not have. */
#ifndef CMIG_TEXT_H
#define CMIG_TEXT_H

#include <glib.h>

/* A copy of `text` that is safe to show on a terminal and stays on one line: control characters
 * (C0, DEL, C1), line and paragraph separators and bidirectional overrides become \n, \t, \xHH or
 * \u{HHHH}; bytes that are not UTF-8 become \xHH. NULL gives "". The caller frees. */
char *cmig_text_escape(const char *text);

/* As cmig_text_escape, but keeps newlines and tabs: for text that is shown as a block. */
char *cmig_text_escape_block(const char *text);

/* Line and column (both from 1, the column in characters) of byte `offset` in `text`. CRLF counts
 * as one line end. An offset behind the end is taken as the end. */
void cmig_text_locate(const char *text, gsize length, gsize offset, guint *line, guint *column);

/* The byte offset of character number `characters` (from 0) in UTF-8 `text`; `length` when the text
 * is shorter. Servers count positions in characters, files in bytes. */
gsize cmig_text_offset_of_character(const char *text, gsize length, gsize characters);

/* `text` if it fits into so many columns of a terminal, else its beginning and "…". Characters of
 * East Asia that take two columns count as two. The caller frees. */
char *cmig_text_fit(const char *text, guint columns);

/* For messages: the texts of an array, escaped and joined by ", "; of many the first ones and how
 * many more. The caller frees. */
char *cmig_text_names(const GPtrArray *texts);

/* The text, escaped, as one word of a shell's command line: in quotes where it needs them. The
 * caller frees. */
char *cmig_text_shell_word(const char *text);

/* The member of the NULL-terminated `candidates` that `word` is most likely a misspelling of, or
 * NULL when none is near (edit distance above a third of its length). Borrowed. */
const char *cmig_text_suggest(const char *word, const char *const *candidates);

/* Whether `text` consists only of `[0-9A-Za-z_.]`, begins with a letter or digit and has 1 to 32
 * characters: the form of a revision id. */
gboolean cmig_text_is_revision_id(const char *text);

/* Whether `text` is NULL or nothing but white space. */
gboolean cmig_text_is_blank(const char *text);

/* Whether `text` is a name of a variable for SQL text: `[A-Za-z_][A-Za-z0-9_]*`. */
gboolean cmig_text_is_variable_name(const char *text);

/* The text, escaped already, with `:name` in place of each value of `secrets` (name -> value, may
 * be NULL) of four bytes or more: for what a database says, which repeats what it was given. The
 * caller frees. */
char *cmig_text_hide(const char *text, GHashTable *secrets);

#endif
