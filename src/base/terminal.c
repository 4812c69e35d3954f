#include "cmig/terminal.h"

#include <unistd.h>

gboolean cmig_terminal_is(int fd)
{
    return isatty(fd) == 1;
}

gboolean cmig_terminal_has_colour(int fd)
{
    const char *no_colour = g_getenv("NO_COLOR");
    const char *term = g_getenv("TERM");
    if (no_colour != NULL && *no_colour != '\0')
        return FALSE;
    return cmig_terminal_is(fd) && term != NULL && g_strcmp0(term, "dumb") != 0;
}
