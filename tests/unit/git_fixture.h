/* Real repositories for tests, made by git in a folder of the test's own; no configuration of the
 * user or the machine counts. */
#ifndef GIT_FIXTURE_H
#define GIT_FIXTURE_H

#include "cmig/vcs.h"

#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>

static char *git_root; /* the folder, absolute */
static char *git_home; /* where git looks for what a user has set */
static CmigVcs *git_held;

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

/* Before all tests: a home without surprises, and a repository that stays open, with which libgit2
 * has started. That takes it longer than most tests do, so they inherit it. */
static void git_begin(void)
{
    git_home = g_dir_make_tmp("cmig-home-XXXXXX", NULL);
    ck_assert_ptr_nonnull(git_home);
    g_autofree char *config = g_build_filename(git_home, ".gitconfig", NULL);
    ck_assert(g_file_set_contents(config,
                                  "[user]\nname = Ada L\nemail = ada@example.org\n"
                                  "[init]\ndefaultBranch = main\n[commit]\ngpgsign = false\n"
                                  "[protocol \"file\"]\nallow = always\n[gc]\nauto = 0\n",
                                  -1, NULL));
    g_setenv("HOME", git_home, TRUE);
    g_setenv("XDG_CONFIG_HOME", git_home, TRUE);
    g_setenv("GIT_CONFIG_NOSYSTEM", "1", TRUE);
    g_setenv("GIT_CONFIG_GLOBAL", config, TRUE);
    g_setenv("GIT_AUTHOR_DATE", "2026-03-04T05:06:07+0200", TRUE);
    g_setenv("GIT_COMMITTER_DATE", "2026-03-04T05:06:07+0200", TRUE);
    git_root = git_home;
    shell("git init -q");
    g_autoptr(GError) error = NULL;
    git_held = cmig_vcs_require(git_home, &error);
    ck_assert_msg(git_held != NULL, "%s", error ? error->message : "");
}

static void git_end(void)
{
    g_clear_pointer(&git_held, cmig_vcs_free);
    git_root = git_home;
    shell("rm -rf ./* ./.[!.]*");
    g_rmdir(git_home);
    g_clear_pointer(&git_home, g_free);
}

static void git_setup(void)
{
    git_root = g_dir_make_tmp("cmig-git-XXXXXX", NULL);
    ck_assert_ptr_nonnull(git_root);
    g_setenv("GIT_CEILING_DIRECTORIES", git_root, TRUE);
}

static void git_teardown(void)
{
    shell("chmod -R u+w .; rm -rf ./* ./.[!.]*");
    g_rmdir(git_root);
    g_clear_pointer(&git_root, g_free);
}

static void git_add_fixtures(TCase *tests)
{
    tcase_add_unchecked_fixture(tests, git_begin, git_end);
    tcase_add_checked_fixture(tests, git_setup, git_teardown);
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
