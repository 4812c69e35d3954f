/* Real repositories for tests, made by git in a folder of the test's own; no configuration of the
 * user or the machine counts. */
#ifndef GIT_FIXTURE_H
#define GIT_FIXTURE_H

#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>

static char *git_root; /* the folder, absolute */

/* Runs shell commands in the folder; they must succeed. */
static G_GNUC_UNUSED void shell(const char *commands)
{
    const char *const argv[] = {"sh", "-euc", commands, NULL};
    g_autofree char *output = NULL;
    int status = 0;
    ck_assert(g_spawn_sync(git_root, (char **)(guintptr)argv, NULL,
                           G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                           &output, &status, NULL));
    ck_assert_msg(status == 0, "%s\nfailed: %s", commands, output);
}

static G_GNUC_UNUSED void git_setup(void)
{
    git_root = g_dir_make_tmp("cmig-git-XXXXXX", NULL);
    ck_assert_ptr_nonnull(git_root);
    g_autofree char *config = g_build_filename(git_root, "config", NULL);
    g_setenv("HOME", git_root, TRUE);
    g_setenv("XDG_CONFIG_HOME", git_root, TRUE);
    g_setenv("GIT_CONFIG_NOSYSTEM", "1", TRUE);
    g_setenv("GIT_CONFIG_GLOBAL", config, TRUE);
    g_setenv("GIT_CEILING_DIRECTORIES", git_root, TRUE);
    g_setenv("GIT_AUTHOR_DATE", "2026-03-04T05:06:07+0200", TRUE);
    g_setenv("GIT_COMMITTER_DATE", "2026-03-04T05:06:07+0200", TRUE);
    shell("git config --global user.name 'Ada L'; git config --global user.email ada@example.org;"
          "git config --global init.defaultBranch main; git config --global commit.gpgsign false;"
          "git config --global protocol.file.allow always; git config --global gc.auto 0");
}

static G_GNUC_UNUSED void git_teardown(void)
{
    shell("chmod -R u+w .; rm -rf ./* ./.[!.]*");
    g_rmdir(git_root);
    g_clear_pointer(&git_root, g_free);
}

/* A path in the folder. The caller frees. */
static G_GNUC_UNUSED char *git_path(const char *relative)
{
    return g_build_filename(git_root, relative, NULL);
}

/* What a command prints, without the line end. The caller frees. */
static G_GNUC_UNUSED char *shell_output(const char *commands)
{
    const char *const argv[] = {"sh", "-euc", commands, NULL};
    char *output = NULL;
    ck_assert(g_spawn_sync(git_root, (char **)(guintptr)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                           &output, NULL, NULL, NULL));
    return g_strchomp(output);
}

#endif
