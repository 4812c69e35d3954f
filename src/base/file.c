#include "cmig/file.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void set_errno_error(GError **error, int code, const char *doing, const char *path)
{
    int number = errno;
    g_autofree char *shown = cmig_text_escape(path);
    g_set_error(error, CMIG_ERROR, code, "cannot %s %s: %s", doing, shown, g_strerror(number));
}

GBytes *cmig_file_read_exact(const char *path, gsize max_bytes, GError **error)
{
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        set_errno_error(error, CMIG_ERROR_CONFIG, "read", path);
        return NULL;
    }
    struct stat status;
    g_autofree char *shown = cmig_text_escape(path);
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "cannot read %s: not a regular file",
                    shown);
        close(fd);
        return NULL;
    }
    GByteArray *content = g_byte_array_sized_new((guint)MIN((gsize)status.st_size, max_bytes) + 2);
    gssize n = 0;
    for (;;) {
        guint used = content->len;
        guint room = MAX(4096U, (guint)MIN((gsize)status.st_size + 1, max_bytes + 1));
        g_byte_array_set_size(content, used + room);
        n = read(fd, content->data + used, room);
        g_byte_array_set_size(content, used + (guint)MAX(n, 0));
        if (n == 0 || (n < 0 && errno != EINTR) || content->len > max_bytes)
            break;
    }
    if (n < 0)
        set_errno_error(error, CMIG_ERROR_CONFIG, "read", path);
    close(fd);
    if (n >= 0 && content->len > max_bytes)
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG,
                    "%s is larger than %" G_GSIZE_FORMAT " bytes", shown, max_bytes);
    if (n < 0 || content->len > max_bytes) {
        g_byte_array_unref(content);
        return NULL;
    }
    /* The NUL is behind the end that GBytes knows of. */
    gsize length = content->len;
    g_byte_array_append(content, (const guint8 *)"", 1);
    g_autoptr(GBytes) whole = g_byte_array_free_to_bytes(content);
    return g_bytes_new_from_bytes(whole, 0, length);
}

GBytes *cmig_file_read(const char *path, gsize max_bytes, GError **error)
{
    GBytes *whole = cmig_file_read_exact(path, max_bytes, error);
    gsize length = 0;
    const char *text = whole != NULL ? g_bytes_get_data(whole, &length) : NULL;
    if (length < 3 || memcmp(text, "\xEF\xBB\xBF", 3) != 0)
        return whole;
    GBytes *rest = g_bytes_new_from_bytes(whole, 3, length - 3);
    g_bytes_unref(whole);
    return rest;
}

static gboolean write_all(int fd, const char *content, gsize length)
{
    while (length > 0) {
        gssize n = write(fd, content, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FALSE;
        content += n;
        length -= (gsize)n;
    }
    return fsync(fd) == 0;
}

gboolean cmig_file_create(const char *path, const char *content, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    if (g_mkdir_with_parents(folder, 0777) != 0) {
        set_errno_error(error, CMIG_ERROR_FAILED, "create folder", folder);
        return FALSE;
    }
    g_autofree char *temporary = g_build_filename(folder, ".cmig-XXXXXX", NULL);
    int fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0) {
        set_errno_error(error, CMIG_ERROR_FAILED, "create a file in", folder);
        return FALSE;
    }
    gboolean written = write_all(fd, content, strlen(content));
    int write_errno = errno;
    /* Some file systems report a full disk only when the file is closed. */
    if (close(fd) != 0 && written) {
        written = FALSE;
        write_errno = errno;
    }
    /* link() refuses an existing name, also a dangling symbolic link; rename() would replace it. */
    gboolean linked = written && link(temporary, path) == 0;
    int link_errno = errno;
    unlink(temporary);
    errno = written ? link_errno : write_errno;
    if (!linked) {
        set_errno_error(error, CMIG_ERROR_FAILED, "write", path);
        return FALSE;
    }
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd >= 0) {
        fsync(folder_fd);
        close(folder_fd);
    }
    return TRUE;
}

gboolean cmig_file_check_replaceable(const char *path, GError **error)
{
    struct stat status;
    if (lstat(path, &status) != 0 || S_ISREG(status.st_mode))
        return TRUE;
    g_autofree char *shown = cmig_text_escape(path);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "cannot write %s: it is not a regular file",
                shown);
    return FALSE;
}

gboolean cmig_file_replace(const char *path, const char *content, gssize length, GError **error)
{
    if (!cmig_file_check_replaceable(path, error))
        return FALSE;
    g_autoptr(GError) problem = NULL;
    struct stat status;
    gboolean there = lstat(path, &status) == 0;
    mode_t mode = there ? status.st_mode & 07777 : 0666;
    if (g_file_set_contents_full(path, content, length,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                 (int)mode, &problem)) {
        /* Back what the umask took away of it; the content is in place whether that works or not.
         */
        if (there)
            chmod(path, mode);
        return TRUE;
    }
    g_autofree char *shown = cmig_text_escape(problem->message);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "%c%s", g_ascii_tolower(shown[0]),
                shown + (shown[0] != '\0'));
    return FALSE;
}

FILE *cmig_file_begin(const char *path, char **temporary, GError **error)
{
    if (!cmig_file_check_replaceable(path, error))
        return NULL;
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_build_filename(folder, ".cmig-XXXXXX", NULL);
    int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0666);
    FILE *stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (stream == NULL) {
        set_errno_error(error, CMIG_ERROR_FAILED, "create a file in", folder);
        return NULL;
    }
    *temporary = g_steal_pointer(&name);
    return stream;
}

gboolean cmig_file_end(FILE *stream, const char *temporary, const char *path, gboolean keep,
                       GError **error)
{
    gboolean written = keep && fflush(stream) == 0 && !ferror(stream) && fsync(fileno(stream)) == 0;
    int number = errno;
    if (fclose(stream) != 0 && written) {
        written = FALSE;
        number = errno;
    }
    if (written && rename(temporary, path) == 0)
        return TRUE;
    number = written ? errno : number;
    unlink(temporary);
    errno = number;
    if (keep)
        set_errno_error(error, CMIG_ERROR_FAILED, "write", path);
    return !keep;
}
