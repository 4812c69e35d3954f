/* A file of the work tree as git would store it. */
#include "vcs/internal.h"

#include "cmig/error.h"
#include "cmig/file.h"
#include "cmig/text.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static GBytes *read_link(const char *path, GError **error)
{
    char target[PATH_MAX];
    gssize length = readlink(path, target, sizeof target);
    if (length >= 0)
        return cmig_vcs_bytes(target, (gsize)length);
    int number = errno;
    g_autofree char *shown = cmig_text_escape(path);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_FAILED, "cannot read the link %s: %s", shown,
                g_strerror(number));
    return NULL;
}

/* Applies what .gitattributes and core.autocrlf say of line ends. */
static GBytes *to_stored(const CmigVcs *vcs, const char *path, GBytes *bytes, GError **error)
{
    g_autofree char *relative = cmig_vcs_relative(vcs, path, TRUE);
    g_autoptr(git_filter_list) filters = NULL;
    gsize length = 0;
    const char *text = g_bytes_get_data(bytes, &length);
    git_buf stored = GIT_BUF_INIT;
    if (relative == NULL)
        return g_bytes_ref(bytes);
    if (git_filter_list_load(&filters, vcs->repository, NULL, relative, GIT_FILTER_TO_ODB,
                             GIT_FILTER_ALLOW_UNSAFE) != 0 ||
        (filters != NULL &&
         git_filter_list_apply_to_buffer(&stored, filters, text ? text : "", length) != 0)) {
        g_autofree char *shown = cmig_text_escape(path);
        cmig_vcs_fail(vcs, error, "cannot compare %s with the commit", shown);
        return NULL;
    }
    GBytes *result = filters != NULL ? cmig_vcs_bytes(stored.ptr, stored.size) : g_bytes_ref(bytes);
    git_buf_dispose(&stored);
    return result;
}

gboolean cmig_vcs_work_file(const CmigVcs *vcs, const char *path, gsize max_bytes, GBytes **content,
                            char **id, GError **error)
{
    struct stat status;
    gboolean link = lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
    g_autoptr(GBytes) bytes =
        link ? read_link(path, error) : cmig_file_read_exact(path, max_bytes, error);
    g_autoptr(GBytes) stored = NULL;
    if (bytes != NULL)
        stored = link ? g_bytes_ref(bytes) : to_stored(vcs, path, bytes, error);
    if (stored == NULL)
        return FALSE;
    gsize length = 0;
    const char *text = g_bytes_get_data(stored, &length);
    git_oid oid;
    if (git_odb_hash(&oid, text != NULL ? text : "", length, GIT_OBJECT_BLOB) != 0)
        return cmig_vcs_fail(vcs, error, "cannot take the checksum of a file");
    *id = g_strdup(git_oid_tostr_s(&oid));
    if (content != NULL)
        *content = g_steal_pointer(&stored);
    return TRUE;
}
