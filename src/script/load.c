/* Reads the headers of all revision files into a graph. Only the beginning of each file is read:
 * with 10,000 of them this is most of what a run without work costs. */
#include "script/internal.h"

#include "cmig/error.h"
#include "cmig/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_READ ((gsize)4096)

typedef struct {
    gboolean recursive;
    CmigGraph *graph;
    GHashTable *seen;    /* folders as "device:inode" */
    GPtrArray *problems; /* GError: files that are left out; NULL: the first one ends it */
} Loader;

static gboolean fail_errno(const char *doing, const char *path, int number, GError **error)
{
    g_autofree char *shown = cmig_text_escape(path);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "cannot %s %s: %s", doing, shown,
                g_strerror(number));
    return FALSE;
}

/* Fills `buffer` from `fd`; a short count means the end of the file. -1 = error. */
static gssize read_full(int fd, char *buffer, gsize size)
{
    gsize used = 0;
    while (used < size) {
        gssize got = read(fd, buffer + used, size - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        used += (gsize)got;
    }
    return (gssize)used;
}

/* `size` is the file's: knowing it saves the read that would only find the end. */
static gboolean read_header(int fd, gsize size, const char *path, CmigRevision **revision,
                            GError **error)
{
    char start[FIRST_READ];
    gssize got = read_full(fd, start, MIN(size, sizeof start));
    if (got < 0)
        return fail_errno("read", path, errno, error);
    gboolean whole = got < (gssize)sizeof start;
    gboolean needs_more = FALSE;
    if (!cmig_script_parse_header(start, (gsize)got, path, revision, whole ? NULL : &needs_more,
                                  error))
        return FALSE;
    if (!needs_more)
        return TRUE;

    /* A header behind the cap is an error that the parser finds within this much. */
    gsize most = CMIG_HEADER_MAX + FIRST_READ;
    g_autofree char *more = g_malloc(most);
    memcpy(more, start, sizeof start);
    gssize rest = read_full(fd, more + sizeof start, most - sizeof start);
    if (rest < 0)
        return fail_errno("read", path, errno, error);
    return cmig_script_parse_header(more, sizeof start + (gsize)rest, path, revision, NULL, error);
}

static gboolean load_file(Loader *loader, int folder_fd, const char *folder, const char *name,
                          GError **error)
{
    g_autofree char *path = g_strconcat(folder, "/", name, NULL);
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fail_errno("read", path, errno, error);
    struct stat status;
    CmigRevision *revision = NULL;
    if (fstat(fd, &status) != 0) {
        fail_errno("read", path, errno, error);
    } else if (!S_ISREG(status.st_mode)) {
        g_autofree char *shown = cmig_text_escape(path);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "cannot read %s: not a regular file",
                    shown);
    } else {
        read_header(fd, (gsize)status.st_size, path, &revision, error);
    }
    close(fd);
    return revision != NULL && cmig_graph_add(loader->graph, revision, error);
}

static gboolean load_or_note(Loader *loader, int folder_fd, const char *folder, const char *name,
                             GError **error)
{
    GError *problem = NULL;
    if (load_file(loader, folder_fd, folder, name, &problem))
        return TRUE;
    if (loader->problems == NULL) {
        g_propagate_error(error, problem);
        return FALSE;
    }
    g_ptr_array_add(loader->problems, problem);
    return TRUE;
}

static int compare_names(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Sorts what a folder holds into revision files and, when asked, folders. Links to folders are not
 * followed, as in Alembic. */
static gboolean list_folder(const Loader *loader, DIR *handle, const char *folder, GPtrArray *files,
                            GPtrArray *folders, GError **error)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(handle);
        if (entry == NULL)
            break;
        const char *name = entry->d_name;
        struct stat status;
        if (name[0] == '.')
            continue;
        if (g_str_has_suffix(name, ".sql"))
            g_ptr_array_add(files, g_strdup(name));
        else if (loader->recursive &&
                 fstatat(dirfd(handle), name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                 S_ISDIR(status.st_mode))
            g_ptr_array_add(folders, g_strconcat(folder, "/", name, NULL));
    }
    if (errno != 0)
        return fail_errno("read folder", folder, errno, error);
    g_ptr_array_sort(files, compare_names);
    g_ptr_array_sort(folders, compare_names);
    return TRUE;
}

static gboolean check_new(Loader *loader, int fd, const char *folder, GError **error)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fail_errno("read folder", folder, errno, error);
    char *key = g_strdup_printf("%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    if (g_hash_table_add(loader->seen, key))
        return TRUE;
    g_autofree char *shown = cmig_text_escape(folder);
    g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "Folder %s loaded twice", shown);
    cmig_error_set_hint(error, "please ensure that version_locations is unique%s",
                        loader->recursive ? " and that none is inside of another" : "");
    return FALSE;
}

/* One folder; the folders in it are pushed on `pending`, so that the first by name comes next. */
static gboolean load_folder(Loader *loader, const char *folder, GPtrArray *pending, GError **error)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *handle = fd >= 0 ? fdopendir(fd) : NULL;
    if (handle == NULL) {
        int number = errno;
        if (fd >= 0)
            close(fd);
        return fail_errno("read folder", folder, number, error);
    }
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
    gboolean good = check_new(loader, fd, folder, error) &&
                    list_folder(loader, handle, folder, files, folders, error);
    for (guint idx = 0; good && idx < files->len; idx++)
        good = load_or_note(loader, fd, folder, g_ptr_array_index(files, idx), error);
    closedir(handle);
    for (guint idx = folders->len; good && idx > 0; idx--)
        g_ptr_array_add(pending, g_strdup(g_ptr_array_index(folders, idx - 1)));
    return good;
}

static gboolean load_location(Loader *loader, const CmigConfig *config, const char *location,
                              GError **error)
{
    if (access(location, F_OK) != 0 && errno == ENOENT) {
        if (config->file == NULL)
            return TRUE;
        g_autofree char *shown = cmig_text_escape(location);
        g_set_error(error, CMIG_ERROR, CMIG_ERROR_CONFIG, "Path doesn't exist: %s", shown);
        cmig_error_set_hint(error, "`cmig init` creates a new project");
        return FALSE;
    }
    g_autoptr(GPtrArray) pending = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(pending, g_strdup(location));
    while (pending->len > 0) {
        g_autofree char *folder = g_ptr_array_steal_index(pending, pending->len - 1);
        if (!load_folder(loader, folder, pending, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean load_files(const CmigConfig *config, CmigGraph *graph, GPtrArray *problems,
                           GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Loader loader = {config->recursive_version_locations, graph, seen, problems};
    for (guint idx = 0; config->version_locations[idx] != NULL; idx++)
        if (!load_location(&loader, config, config->version_locations[idx], error))
            return FALSE;
    return TRUE;
}

gboolean cmig_script_load_graph(const CmigConfig *config, CmigGraph **graph, GError **error)
{
    g_autoptr(CmigGraph) made = cmig_graph_new();
    if (!load_files(config, made, NULL, error) || !cmig_graph_seal(made, error))
        return FALSE;
    *graph = g_steal_pointer(&made);
    return TRUE;
}

gboolean cmig_script_load_what_can(const CmigConfig *config, CmigGraph **graph, GPtrArray *problems)
{
    GError *problem = NULL;
    CmigGraph *made = cmig_graph_new();
    gboolean loaded = load_files(config, made, problems, &problem);
    /* Without a file that is left out, others would seem to lack their parent. */
    gboolean sound = loaded && problems->len == 0 && cmig_graph_seal(made, &problem);
    if (problem != NULL)
        g_ptr_array_add(problems, problem);
    *graph = made;
    return sound;
}
