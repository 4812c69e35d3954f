/* What help, manual pages and completion all read from the command records. */
#ifndef CMIG_DOC_H
#define CMIG_DOC_H

#include "cli/cli.h"

/* `cmig history [OPTION…]`; of the program when `command` is NULL. The caller frees. */
char *cmig_doc_synopsis(const CmigCommand *command);

/* Copies of the command's own options that are not hidden, ended by {0}. The caller unrefs. */
GArray *cmig_doc_options(const CmigCommand *command);

/* Copies of the global options that the command takes, ended by {0}: without letters that it uses
 * itself, without --json when it prints none. `command` NULL: all. The caller unrefs. */
GArray *cmig_doc_global_options(const CmigCommand *command);

/* `-r, --rev-range=START:END`. The caller frees. */
char *cmig_doc_option_names(const GOptionEntry *entry);

/* Whether the command can end with `status`; all for `command` NULL. */
gboolean cmig_doc_has_status(const CmigCommand *command, int status);

/* The paragraphs of a description. One that begins with a space is to be kept as it is. The caller
 * frees. */
GStrv cmig_doc_paragraphs(const char *description);

/* What the program is, in one sentence and in paragraphs. */
extern const char cmig_doc_program_summary[];
extern const char cmig_doc_program_description[];
extern const CmigExample cmig_doc_program_examples[];

#endif
