/* Options: global ones before or after the command, a command's own after it. */
#ifndef CMIG_CLI_OPTIONS_H
#define CMIG_CLI_OPTIONS_H

#include "cli/cli.h"

/* Fills `app` and gives the command's arguments. `-1` and the like are arguments, not options. When
 * --help or --version was asked for, it is printed and `app->command` stays NULL. Errors:
 * CMIG_ERROR_USAGE. */
gboolean cmig_options_parse(CmigApp *app, int argc, char **argv, GStrv *arguments, GError **error);

/* Frees what the parser put into option variables. */
void cmig_options_release(void);

#endif
