/* Files read with a size cap, and files created whole or not at all. */
#ifndef CMIG_FILE_H
#define CMIG_FILE_H

#include <glib.h>
#include <stdio.h>

/* Reads the regular file `path`, at most `max_bytes`. Symbolic links are followed; a FIFO, device
 * or directory is an error and never blocks. A leading UTF-8 byte order mark is dropped. The result
 * is NUL-terminated behind its end (g_bytes_get_data() may be used as a C string when the content
 * holds no NUL). Errors: CMIG_ERROR_CONFIG with the file name. */
GBytes *cmig_file_read(const char *path, gsize max_bytes, GError **error);

/* As above, but a byte order mark is kept: for who writes the file again. */
GBytes *cmig_file_read_exact(const char *path, gsize max_bytes, GError **error);

/* Creates `path` with `content`: written to a temporary file in the same folder, synced, then put
 * in place in one step that fails when `path` exists already (also as a dangling link). Missing
 * parent folders are created. Killed at any moment, the file is there whole or not there; the
 * temporary file is removed on failure. Errors: CMIG_ERROR_FAILED. */
gboolean cmig_file_create(const char *path, const char *content, GError **error);

/* Whether cmig_file_replace may write there: nothing is, or a regular file. Errors:
 * CMIG_ERROR_FAILED. */
gboolean cmig_file_check_replaceable(const char *path, GError **error);

/* Makes `content` what the file `path` holds, in one step: whoever looks sees the old content or
 * the new. The folder must be there; what stands there must be a regular file, not a link or
 * device, and keeps its permissions. Errors: CMIG_ERROR_FAILED. */
gboolean cmig_file_replace(const char *path, const char *content, gssize length, GError **error);

/* The same in pieces, for what is too long to be held: a stream to a temporary file beside `path`,
 * whose name the caller frees; and its end, which puts it in place, or with `keep` FALSE leaves
 * `path` as it was. Either way the stream is closed and no temporary file stays. */
FILE *cmig_file_begin(const char *path, char **temporary, GError **error);
gboolean cmig_file_end(FILE *stream, const char *temporary, const char *path, gboolean keep,
                       GError **error);

#endif
