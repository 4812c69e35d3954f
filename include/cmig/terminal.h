/* What standard error and standard output are connected to. */
#ifndef CMIG_TERMINAL_H
#define CMIG_TERMINAL_H

#include <glib.h>

/* Whether `fd` is a terminal. */
gboolean cmig_terminal_is(int fd);

/* Forgets what was typed on it and is not read yet; nothing when it is no terminal. */
void cmig_terminal_forget_input(int fd);

/* How many columns it has; 80 when nobody knows. */
guint cmig_terminal_width(int fd);

/* Whether colours may be used on `fd`: a terminal, NO_COLOR unset or empty, TERM not "dumb". */
gboolean cmig_terminal_has_colour(int fd);

#endif
