#include "cmig/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

gboolean cmig_terminal_is(int fd)
{
    return isatty(fd) == 1;
}

void cmig_terminal_forget_input(int fd)
{
    tcflush(fd, TCIFLUSH);
}

guint cmig_terminal_width(int fd)
{
    struct winsize size = {0};
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

gboolean cmig_terminal_has_colour(int fd)
{
    const char *no_colour = g_getenv("NO_COLOR");
    const char *term = g_getenv("TERM");
    if (no_colour != NULL && *no_colour != '\0')
        return FALSE;
    return cmig_terminal_is(fd) && term != NULL && g_strcmp0(term, "dumb") != 0;
}
