/* What git knows, asked of repositories that git made: every form of a repository, hostile names,
 * the files of a commit, and who added them. */
#include "cmig/error.h"
#include "cmig/vcs.h"

#include "git_fixture.h"

#include <string.h>
#include <unistd.h>

/* libgit2 1.5 forgets what it matched with when a repository has format version 1. The sanitizer
 * asks for what is not to be reported. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpcre2\n";
}

static CmigVcs *open_at(const char *relative)
{
    g_autofree char *path = git_path(relative);
    g_autoptr(GError) error = NULL;
    CmigVcs *vcs = cmig_vcs_require(path, &error);
    ck_assert_msg(vcs != NULL, "%s", error ? error->message : "");
    return vcs;
}

/* "branch dirty" or "branch clean"; "-" without a branch, and "none" in front before a commit. */
static char *state_of(const char *repository, const char *prefix)
{
    g_autoptr(CmigVcs) vcs = open_at(repository);
    g_autofree char *path = git_path(prefix);
    const char *const paths[] = {path, NULL};
    g_auto(CmigVcsState) state = {0};
    g_autoptr(GError) error = NULL;
    ck_assert_msg(cmig_vcs_state(vcs, paths, &state, &error), "%s", error ? error->message : "");
    if (state.commit != NULL)
        ck_assert_uint_eq(strlen(state.commit), 40);
    return g_strdup_printf("%s%s %s", state.commit ? "" : "none ",
                           state.branch ? state.branch : "-", state.dirty ? "dirty" : "clean");
}

/* --- State: the commands make it in an empty folder ----------------------------------------------
 */

#define ONE "git init -q r; mkdir r/m; echo 1 >r/m/a.sql; git -C r add .; git -C r commit -qm one;"

static const struct {
    const char *commands;
    const char *repository;
    const char *prefix;
    const char *wanted;
} states[] = {
    {ONE, "r", "r/m", "main clean"},
    {ONE, "r/m", "r/m", "main clean"},
    {ONE, "r/m", "r", "main clean"},
    {ONE "echo 2 >>r/m/a.sql", "r", "r/m", "main dirty"},
    {ONE "echo 2 >r/m/b.sql", "r", "r/m", "main dirty"},
    {ONE "echo 2 >r/m/b.sql; git -C r add .", "r", "r/m", "main dirty"},
    {ONE "rm r/m/a.sql", "r", "r/m", "main dirty"},
    {ONE "git -C r rm -q --cached m/a.sql", "r", "r/m", "main dirty"},
    {ONE "echo 2 >r/other.c; mkdir r/mm; echo 2 >r/mm/c.sql", "r", "r/m", "main clean"},
    {ONE "mkdir -p r/x/y; echo 2 >r/x/y/c.sql", "r", "r/x/y", "main dirty"},
    {ONE "mkdir -p r/x/y; echo 2 >r/x/c.sql", "r", "r/x/y", "main clean"},
    {ONE "echo 2 >r/other.c", "r", "r", "main dirty"},
    {ONE "echo '*.db' >r/.git/info/exclude; echo 2 >r/m/app.db", "r", "r/m", "main clean"},
    {ONE "echo '*.sql' >r/.git/info/exclude; echo 2 >r/m/x.sql", "r", "r/m", "main dirty"},
    {ONE "echo m2 >r/.git/info/exclude; mkdir r/m2; echo 2 >r/m2/x.sql", "r", "r/m2", "main dirty"},
    {ONE "mkdir out; echo 1 >out/a.sql", "r", "out", "main dirty"},
    {ONE "mkdir 'r/m[a]'; echo 1 >'r/m[a]/x.sql'", "r", "r/m", "main clean"},
    {ONE "mkdir 'r/m[a]'; echo 1 >'r/m[a]/x.sql'", "r", "r/m[a]", "main dirty"},
    {ONE "ln -s r/m link", "r", "link", "main clean"},
    {ONE "ln -s r link", "link", "link/m", "main clean"},
    {ONE "git -C r checkout -q --detach", "r", "r/m", "- clean"},
    {ONE "git -C r checkout -qb a/b", "r", "r/m", "a/b clean"},
    {"git init -q r; mkdir r/m", "r", "r/m", "none main clean"},
    {"git init -q r; mkdir r/m; echo 1 >r/m/a.sql", "r", "r/m", "none main dirty"},
    {ONE "git -C r worktree add -q ../w -b side; echo 2 >w/m/b.sql", "w", "w/m", "side dirty"},
    {ONE "git init -q s; git -C s submodule --quiet add ../r sub", "s/sub", "s/sub/m",
     "main clean"},
    {ONE "git -C r config extensions.worktreeConfig true; git -C r config "
         "core.repositoryformatversion 1",
     "r", "r/m", "main clean"},
    {ONE "git clone -q --depth 1 file://$PWD/r c", "c", "c/m", "main clean"},
    {ONE
     "printf '* text=auto eol=crlf\\n' >r/.gitattributes; git -C r add .; git -C r commit -qm e;"
     "rm r/m/a.sql; git -C r checkout -q m/a.sql; touch -d 2020-01-01 r/m/a.sql",
     "r", "r/m", "main clean"},
};

START_TEST(test_state)
{
    shell(states[_i].commands);
    g_autofree char *got = state_of(states[_i].repository, states[_i].prefix);
    ck_assert_msg(g_str_equal(got, states[_i].wanted), "%s\ngives %s, not %s", states[_i].commands,
                  got, states[_i].wanted);
}
END_TEST

/* Which branches a commit counts as being on. */
static const struct {
    const char *commands;
    const char *pattern;
    gboolean wanted;
} branches[] = {
    {ONE, "main", TRUE},
    {ONE, "ma*", TRUE},
    {ONE, "release/*", FALSE},
    {ONE "git -C r checkout -qb release/7", "release/*", TRUE},
    {ONE "git -C r checkout -qb topic", "main", FALSE},
    {ONE "git -C r checkout -q --detach", "main", TRUE},
    {ONE "git -C r checkout -q --detach; git -C r commit -q --allow-empty -m next", "main", FALSE},
    {ONE "git -C r commit -q --allow-empty -m next; git -C r checkout -q --detach HEAD~1", "main",
     TRUE},
    {ONE "git -C r checkout -q --detach; git -C r commit -q --allow-empty -m next;"
         "git -C r update-ref refs/remotes/origin/main HEAD",
     "main", TRUE},
    /* A tag is no branch, whatever it is called. */
    {ONE "git -C r checkout -q --detach; git -C r commit -q --allow-empty -m next;"
         "git -C r tag main",
     "main", FALSE},
    {"git init -qb main r", "main", TRUE},
};

START_TEST(test_branches)
{
    shell(branches[_i].commands);
    const char *const patterns[] = {"nothing", branches[_i].pattern, NULL};
    g_autoptr(CmigVcs) vcs = open_at("r");
    ck_assert_msg(cmig_vcs_is_on_branch(vcs, patterns) == branches[_i].wanted, "%s\n%s",
                  branches[_i].commands, branches[_i].pattern);
}
END_TEST

/* --- Repositories that cannot be used --------------------------------------------------------- */

static const struct {
    const char *commands;
    const char *directory;
    const char *message; /* NULL: there is no repository, and no error */
    const char *hint;
} refused[] = {
    {"mkdir d", "d", NULL, NULL},
    {"mkdir -p d/.git", "d", NULL, NULL},
    {"git init -q --bare b", "b", "bare", NULL},
    {"git init -q --bare b", "b/refs/heads", "bare", NULL},
    {"git init -q --bare b; ln -s b/refs l", "l", "bare", NULL},
    {"git init -q --object-format=sha256 r", "r", "objectformat", "SHA-256"},
    {"git init -q r; git -C r config core.repositoryformatversion 9", "r", "version", NULL},
    {"git init -q r; echo '[broken' >r/.git/config", "r", "config", NULL},
    {"mkdir d; echo 'gitdir: /nowhere' >d/.git", "d", NULL, NULL},
    {"mkdir d; echo 'nonsense' >d/.git", "d", "malformed", NULL},
    {ONE "chown -R 12345 r", "r", "not owned", "safe.directory"},
};

START_TEST(test_refused)
{
    if (geteuid() != 0 && refused[_i].hint != NULL && strstr(refused[_i].hint, "safe") != NULL)
        return; /* only root can give files away */
    shell(refused[_i].commands);
    g_autofree char *path = git_path(refused[_i].directory);
    g_autoptr(GError) error = NULL;
    CmigVcs *vcs = NULL;
    gboolean opened = cmig_vcs_open(path, &vcs, &error);
    ck_assert_ptr_null(vcs);
    if (refused[_i].message == NULL) {
        ck_assert_msg(opened, "%s", error ? error->message : "");
        ck_assert_ptr_null(cmig_vcs_require(path, &error));
        ck_assert_ptr_nonnull(strstr(error->message, "is in no git repository"));
        return;
    }
    ck_assert_msg(!opened, "%s", refused[_i].commands);
    ck_assert(g_error_matches(error, CMIG_ERROR, CMIG_ERROR_FAILED));
    ck_assert_msg(strstr(error->message, refused[_i].message) != NULL, "%s", error->message);
    if (refused[_i].hint != NULL)
        ck_assert_ptr_nonnull(strstr(cmig_error_hint(error), refused[_i].hint));
}
END_TEST

/* Objects that are gone are an error of the question, not a crash. */
START_TEST(test_broken_objects)
{
    shell(ONE);
    g_autofree char *id = shell_output("git -C r rev-parse HEAD");
    shell("find r/.git/objects -type f -delete");
    g_autoptr(CmigVcs) vcs = open_at("r");
    g_autofree char *path = git_path("r/m");
    const char *const paths[] = {path, NULL};
    g_auto(CmigVcsState) state = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) files = NULL;
    ck_assert(!cmig_vcs_state(vcs, paths, &state, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "cannot read the commit"));
    g_clear_error(&error);
    ck_assert(!cmig_vcs_tree_files(vcs, id, paths, FALSE, &files, &error));
    ck_assert_ptr_null(files);
}
END_TEST

/* --- Files of a commit ---------------------------------------------------------------------------
 */

/* The files, relative to the folder, each with "@" when it is a link; or the error. */
static char *files_of(const char *repository, const char *ref, const char *folders,
                      gboolean recursive)
{
    g_autoptr(CmigVcs) vcs = open_at(repository);
    g_auto(GStrv) names = g_strsplit(folders, " ", -1);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    for (guint idx = 0; names[idx] != NULL; idx++)
        g_ptr_array_add(paths, git_path(names[idx]));
    g_ptr_array_add(paths, NULL);
    g_autoptr(GPtrArray) files = NULL;
    g_autoptr(GError) error = NULL;
    if (!cmig_vcs_tree_files(vcs, ref, (const char *const *)paths->pdata, recursive, &files,
                             &error))
        return g_strdup(error->message);
    GString *out = g_string_new(NULL);
    for (guint idx = 0; idx < files->len; idx++) {
        const CmigVcsFile *file = files->pdata[idx];
        ck_assert(g_str_has_prefix(file->path, git_root));
        g_string_append_printf(out, "%s%s%s", idx > 0 ? " " : "", file->path + strlen(git_root) + 1,
                               file->link ? "@" : "");
    }
    return g_string_free(out, FALSE);
}

#define TREE                                                                                       \
    "git init -q r; mkdir -p r/m/sub/deep r/m/z.d r/n; cd r; for f in m/b.sql m/a.sql m/B.sql "    \
    "m/.h.sql m/x.txt m/sub/c.sql m/sub/deep/d.sql m/z.d/e.sql n/f.sql; do echo $f >$f; done; "    \
    "ln -s /etc/passwd m/p.sql; ln -s ../n m/l.sql; ln -s ../n m/lnk; "                            \
    "git add .; git commit -qm t; git tag -am t v1; rm -rf m n; cd ..;"

static const struct {
    const char *commands;
    const char *ref;
    const char *folders;
    gboolean recursive;
    const char *wanted;
} trees[] = {
    {TREE, "HEAD", "r/m", FALSE, "r/m/B.sql r/m/a.sql r/m/b.sql r/m/l.sql@ r/m/p.sql@"},
    {TREE, "v1", "r/n", FALSE, "r/n/f.sql"},
    {TREE, "main", "r/m/sub r/n", TRUE, "r/m/sub/c.sql r/m/sub/deep/d.sql r/n/f.sql"},
    {TREE, "main", "r/m", TRUE,
     "r/m/B.sql r/m/a.sql r/m/b.sql r/m/l.sql@ r/m/p.sql@ r/m/sub/c.sql r/m/sub/deep/d.sql "
     "r/m/z.d/e.sql"},
    {TREE, "main", "r/none r/m/x.txt", TRUE, ""},
    {TREE, "main", "r", FALSE, ""},
    {TREE, "main", "out", FALSE, "R/out is outside of the git repository"},
    {TREE, "-x", "r/m", FALSE, "git knows no commit '-x': "},
    {TREE, "--help", "r/m", FALSE, "git knows no commit '--help': "},
    {TREE, "a\nb\033", "r/m", FALSE, "git knows no commit 'a\\nb\\x1B': "},
    {TREE, "", "r/m", FALSE, "git knows no commit '': "},
    {TREE, "main:m/a.sql", "r/m", FALSE, "git knows no commit 'main:m/a.sql': "},
    {TREE, "origin/none", "r/m", FALSE, "git knows no commit 'origin/none': "},
    {"git init -q r", "HEAD", "r", FALSE, "git knows no commit 'HEAD': "},
    {TREE "git init -q s; git -C s submodule --quiet add ../r sub; git -C s commit -qm s", "HEAD",
     "s", TRUE, ""},
};

START_TEST(test_tree_files)
{
    shell(trees[_i].commands);
    const char *repository = g_str_has_prefix(trees[_i].folders, "s") ? "s" : "r";
    g_autofree char *got =
        files_of(repository, trees[_i].ref, trees[_i].folders, trees[_i].recursive);
    g_autofree char *prefix = g_strconcat(git_root, "/out", NULL);
    const char *shown = g_str_has_prefix(got, prefix) ? got + strlen(git_root) - 1 : got;
    const char *wanted = trees[_i].wanted;
    if (shown != got)
        ck_assert_str_eq(shown + 1, wanted + 1);
    else if (g_str_has_suffix(wanted, ": "))
        ck_assert_msg(g_str_has_prefix(got, wanted), "%s", got);
    else
        ck_assert_str_eq(got, wanted);
}
END_TEST

/* Names that only a hostile repository has: they come out as they are, and lead nowhere. */
START_TEST(test_hostile_names)
{
    shell("git init -q r; cd r; blob=$(echo x | git hash-object -w --stdin);"
          "printf '100644 blob %s\\t%s\\0' $blob \"$(printf 'a\\nb\\033.sql')\" $blob "
          "\"$(printf '\\377.sql')\" $blob \"$(printf '\\047\\042$(x).sql')\" >list;"
          "m=$(git mktree -z <list); top=$(printf '040000 tree %s\\tm\\n' $m | git mktree);"
          "git update-ref refs/heads/main $(git commit-tree -m h $top)");
    g_autofree char *got = files_of("r", "main", "r/m", TRUE);
    ck_assert_str_eq(got, "r/m/'\"$(x).sql r/m/a\nb\033.sql r/m/\377.sql");
}
END_TEST

/* Contents: the cap holds before anything is read, the id is that of the same bytes in the work
 * tree, line ends as git stores them, links not followed. */
START_TEST(test_contents)
{
    shell("git init -q r; cd r; printf '*.sql text eol=crlf\\n' >.gitattributes; mkdir m;"
          "printf 'a\\r\\nb\\r\\n' >m/a.sql; head -c 3000000 /dev/zero | tr '\\0' x >m/big.sql;"
          "ln -s /etc/passwd m/p.sql; git add .; git commit -qm c");
    g_autoptr(CmigVcs) vcs = open_at("r");
    g_autofree char *folder = git_path("r/m");
    const char *const folders[] = {folder, NULL};
    g_autoptr(GPtrArray) files = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(cmig_vcs_tree_files(vcs, "main", folders, FALSE, &files, &error));
    ck_assert_uint_eq(files->len, 3);
    static const struct {
        const char *name;
        const char *text; /* NULL: larger than the cap */
    } wanted[] = {{"/a.sql", "a\nb\n"}, {"/big.sql", NULL}, {"/p.sql", "/etc/passwd"}};
    for (guint idx = 0; idx < files->len; idx++) {
        const CmigVcsFile *file = files->pdata[idx];
        g_autofree char *id = NULL;
        g_autoptr(GBytes) stored = NULL;
        ck_assert(g_str_has_suffix(file->path, wanted[idx].name));
        ck_assert(cmig_vcs_work_file(vcs, file->path, 1 << 24, &stored, &id, &error));
        ck_assert_str_eq(id, file->id);
        g_autoptr(GBytes) content = cmig_vcs_content(vcs, file->id, file->path, 1 << 20, &error);
        if (wanted[idx].text == NULL) {
            ck_assert_ptr_null(content);
            ck_assert_ptr_nonnull(strstr(error->message, "is larger than 1048576 bytes"));
            g_clear_error(&error);
            ck_assert(!cmig_vcs_work_file(vcs, file->path, 1 << 20, NULL, &id, &error));
            g_clear_error(&error);
            continue;
        }
        ck_assert_str_eq(g_bytes_get_data(content, NULL), wanted[idx].text);
        ck_assert(g_bytes_equal(content, stored));
    }
    ck_assert_ptr_null(
        cmig_vcs_content(vcs, "0123456789012345678901234567890123456789", "x\n", 9, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "cannot read x\\n of a commit: "));
}
END_TEST

/* A clone without the contents of other commits says so. */
START_TEST(test_partial)
{
    shell("git init -q r; cd r; mkdir m; echo 1 >m/a.sql; git add .; git commit -qm one; echo 2 "
          ">m/a.sql; git commit -qam two; git config uploadpack.allowFilter true; cd ..;"
          "git clone -q --filter=blob:none file://$PWD/r c");
    g_autoptr(CmigVcs) vcs = open_at("c");
    g_autofree char *folder = git_path("c/m");
    const char *const folders[] = {folder, NULL};
    g_autoptr(GPtrArray) files = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert(cmig_vcs_tree_files(vcs, "HEAD~1", folders, FALSE, &files, &error));
    const CmigVcsFile *file = files->pdata[0];
    ck_assert_ptr_null(cmig_vcs_content(vcs, file->id, file->path, 100, &error));
    ck_assert_ptr_nonnull(strstr(cmig_error_hint(error), "partial clone"));
}
END_TEST

/* --- References ----------------------------------------------------------------------------------
 */

static const struct {
    const char *commands;
    const char *wanted; /* NULL: an error */
} defaults[] = {
    {ONE "git clone -q r c; git -C c branch x", "origin/main"},
    {ONE "git -C r branch -m trunk; git clone -q r c", "origin/trunk"},
    {ONE "git clone -q r c; git -C c remote set-head origin -d", "origin/main"},
    {ONE "git -C r branch -m master; git clone -q r c; git -C c remote set-head origin -d",
     "origin/master"},
    {ONE "git clone -q r c; git -C c update-ref --no-deref -d refs/remotes/origin/main",
     "main"}, /* origin/HEAD leads nowhere */
    {ONE "cp -a r c", "main"},
    {ONE "git -C r branch -m master; cp -a r c", "master"},
    {ONE "git -C r branch -m topic; cp -a r c", NULL},
    {"git init -q c", NULL},
};

START_TEST(test_default_ref)
{
    shell(defaults[_i].commands);
    g_autoptr(CmigVcs) vcs = open_at("c");
    g_autoptr(GError) error = NULL;
    g_autofree char *ref = cmig_vcs_default_ref(vcs, &error);
    ck_assert_msg(g_strcmp0(ref, defaults[_i].wanted) == 0, "%s gives %s", defaults[_i].commands,
                  ref);
    ck_assert((ref == NULL) == (error != NULL));
}
END_TEST

static const struct {
    const char *commands; /* in the clone `c` of `r`, whose main has two commits */
    const char *ref;
    const char *base;  /* what git names it, or NULL */
    const char *error; /* part of the message or hint */
} bases[] = {
    {"", "origin/main", "main", NULL},
    {"git checkout -qb t HEAD~1; git commit -q --allow-empty -m t", "main", "main~1", NULL},
    {"git checkout -q --orphan o; git commit -qm o", "main", NULL,
     "cannot find where HEAD and main"},
    {"git checkout -q --orphan o", "main", NULL, "has no commit yet"},
    {"git fetch -q --depth 1 origin main 2>&1; git reset -q --hard origin/main; git commit -q "
     "--allow-empty -m t; git checkout -q --orphan o; git commit -qm o",
     "main", NULL, "fetch-depth: 0"},
};

START_TEST(test_merge_base)
{
    g_autofree char *commands =
        g_strconcat(ONE "git -C r commit -q --allow-empty -m two; git clone -q file://$PWD/r c;"
                        "cd c;",
                    bases[_i].commands, NULL);
    shell(commands);
    g_autoptr(CmigVcs) vcs = open_at("c");
    g_autoptr(GError) error = NULL;
    g_autofree char *got = cmig_vcs_merge_base(vcs, bases[_i].ref, &error);
    if (bases[_i].base != NULL) {
        g_autofree char *ask = g_strdup_printf("git -C c rev-parse %s", bases[_i].base);
        g_autofree char *wanted = shell_output(ask);
        ck_assert_msg(g_strcmp0(got, wanted) == 0, "%s", error ? error->message : got);
        return;
    }
    ck_assert_ptr_null(got);
    g_autofree char *said = g_strconcat(error->message, " ", cmig_error_hint(error), NULL);
    ck_assert_msg(strstr(said, bases[_i].error) != NULL, "%s", said);
}
END_TEST

/* --- Who added a file ----------------------------------------------------------------------------
 */

/* The subjects of the commits that added the files, "-" when not committed, "?" when cut off. */
static char *added_of(const char *repository, const char *paths)
{
    g_autoptr(CmigVcs) vcs = open_at(repository);
    g_auto(GStrv) names = g_strsplit(paths, " ", -1);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    for (guint idx = 0; names[idx] != NULL; idx++)
        g_ptr_array_add(list, git_path(names[idx]));
    g_ptr_array_add(list, NULL);
    g_autoptr(GPtrArray) added = NULL;
    g_autoptr(GError) error = NULL;
    ck_assert_msg(cmig_vcs_added(vcs, (const char *const *)list->pdata, &added, &error), "%s",
                  error ? error->message : "");
    ck_assert_uint_eq(added->len, list->len - 1);
    GString *out = g_string_new(NULL);
    for (guint idx = 0; idx < added->len; idx++) {
        const CmigVcsAdded *one = added->pdata[idx];
        g_autofree char *ask = one->commit ? g_strdup_printf("git -C %s log -1 --format=%%s %s",
                                                             repository, one->commit)
                                           : NULL;
        g_autofree char *subject =
            ask ? shell_output(ask) : g_strdup(one->kind == CMIG_VCS_CUT_OFF ? "?" : "-");
        g_string_append_printf(out, "%s%s", idx > 0 ? " " : "", subject);
    }
    return g_string_free(out, FALSE);
}

#define COMMIT(subject) "git add -A; git commit -q --allow-empty -m " subject ";"

static const struct {
    const char *commands; /* in the new repository `r` */
    const char *paths;
    const char *wanted;
} additions[] = {
    {"echo a >a; " COMMIT("one") "echo b >b; " COMMIT("two") "echo c >>a;" COMMIT("three"),
     "r/a r/b r/a r/none out", "one two one - -"},
    {"echo a >a", "r/a", "-"},
    {COMMIT("one") "echo a >a; git add a", "r/a", "-"},
    {"echo a >a;" COMMIT("one") "rm a;" COMMIT("two") "echo a >a;" COMMIT("three"), "r/a", "three"},
    {"echo a >a;" COMMIT("one") "git mv a b;" COMMIT("two"), "r/b", "one"},
    {"mkdir m; echo a >m/a; echo c >m/c;" COMMIT("one") "mkdir db; git mv m db/x; " COMMIT(
         "two") "git mv db/x/a db/x/b;" COMMIT("three"),
     "r/db/x/b r/db/x/c", "one one"},
    {"echo a >a;" COMMIT("one") "cp a b;" COMMIT("two"), "r/a r/b", "one two"},
    {"echo a >a;" COMMIT("one") "git rm -q a; echo a >b; echo a >c;" COMMIT("two"), "r/b r/c",
     "one one"},
    {"echo a >a;" COMMIT("one") "git checkout -qb t; echo t >t;" COMMIT(
         "two") "git checkout -q main; echo m >m;" COMMIT("three") "git merge -q --no-ff -m four t",
     "r/a r/t r/m", "one two three"},
    {"echo a >a;" COMMIT("one") "git checkout -qb t; echo x >x;" COMMIT(
         "two") "git checkout -q main; echo x >x;" COMMIT("three") "git merge -q --no-ff -m four t",
     "r/x", "three"},
    {"echo a >a;" COMMIT("one") "git checkout -qb t;" COMMIT("two") "git checkout -q main;" COMMIT(
         "three") "git merge -q --no-ff --no-commit t; echo e >e;" COMMIT("four"),
     "r/e", "four"},
    {"mkdir a; echo x >a/x;" COMMIT("one") "git rm -q a/x; echo a >a;" COMMIT("two"), "r/a", "two"},
    {"echo a >a;" COMMIT("one")
         COMMIT("two") "cd ..; git clone -q --depth 1 file://$PWD/r c; cd c;"
                       "echo b >b;" COMMIT("three") "cd ..; rm -rf r; mv c r",
     "r/a r/b", "? three"},
    {"mkdir m; echo a >m/a;" COMMIT("one") "ln -s m l; git checkout -q --detach", "r/l/a", "one"},
};

START_TEST(test_added)
{
    g_autofree char *commands = g_strconcat("git init -q r; cd r;", additions[_i].commands, NULL);
    shell(commands);
    g_autofree char *got = added_of("r", additions[_i].paths);
    ck_assert_msg(g_str_equal(got, additions[_i].wanted), "%s\ngives %s, not %s", commands, got,
                  additions[_i].wanted);
}
END_TEST

START_TEST(test_added_texts)
{
    shell("git init -q r; cd r; echo a >a; git add a; tree=$(git write-tree);"
          "printf 'tree %s\\nauthor E\\033\\377 \"x\" y <a@b> 1772593567 +0200\\n"
          "committer C <c@d> 99999999999999999 +0200\\n\\nx' $tree | git hash-object -w -t commit "
          "--stdin --literally >id; git update-ref refs/heads/main $(cat id)");
    g_autoptr(CmigVcs) vcs = open_at("r");
    g_autofree char *path = git_path("r/a");
    const char *const paths[] = {path, NULL};
    g_autoptr(GPtrArray) added = NULL;
    ck_assert(cmig_vcs_added(vcs, paths, &added, NULL));
    const CmigVcsAdded *one = added->pdata[0];
    g_autofree char *full = shell_output("git -C r rev-parse HEAD");
    g_autofree char *abbreviated = shell_output("git -C r rev-parse --short HEAD");
    ck_assert_str_eq(one->commit, full);
    ck_assert_str_eq(one->short_commit, abbreviated);
    ck_assert_str_eq(one->author, "E\033\xEF\xBF\xBD \"x\" y");
    ck_assert_str_eq(one->email, "a@b");
    ck_assert_str_eq(one->date, "2026-03-04T05:06:07+02:00");
}
END_TEST

/* A thousand files, added by a thousand of five thousand commits. */
START_TEST(test_added_is_quick)
{
    shell(
        "git init -q r; cd r; awk 'BEGIN { for (i = 1; i <= 5000; i++) {"
        "print \"commit refs/heads/main\\ncommitter A <a@b> \" 1700000000 + i \" +0000\";"
        "print \"data 1\\nx\"; if (i % 5 == 0) printf \"M 100644 inline m/f%d.sql\\ndata "
        "5\\n%05d\\n\", "
        "i, i; else printf \"M 100644 inline src/x\\ndata 5\\n%05d\\n\", i } }' | git fast-import "
        "--quiet; git reset -q --hard");
    g_autoptr(CmigVcs) vcs = open_at("r");
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    for (guint idx = 5; idx <= 5000; idx += 5) {
        g_autofree char *name = g_strdup_printf("r/m/f%u.sql", idx);
        g_ptr_array_add(list, git_path(name));
    }
    g_ptr_array_add(list, NULL);
    g_autoptr(GPtrArray) added = NULL;
    gint64 start = g_get_monotonic_time();
    ck_assert(cmig_vcs_added(vcs, (const char *const *)list->pdata, &added, NULL));
    gint64 took = g_get_monotonic_time() - start;
    ck_assert_uint_eq(added->len, 1000);
    for (guint idx = 0; idx < added->len; idx++) {
        const CmigVcsAdded *one = added->pdata[idx];
        g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(one->date, NULL);
        ck_assert_int_eq(g_date_time_to_unix(when), 1700000000 + 5 * (idx + 1));
    }
    ck_assert_msg(took < 10 * G_USEC_PER_SEC, "%.1f s", (double)took / G_USEC_PER_SEC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vcs");
    TCase *cases = tcase_create("vcs");
    tcase_set_timeout(cases, 60);
    git_add_fixtures(cases);
    tcase_add_loop_test(cases, test_state, 0, G_N_ELEMENTS(states));
    tcase_add_loop_test(cases, test_branches, 0, G_N_ELEMENTS(branches));
    tcase_add_loop_test(cases, test_refused, 0, G_N_ELEMENTS(refused));
    tcase_add_test(cases, test_broken_objects);
    tcase_add_loop_test(cases, test_tree_files, 0, G_N_ELEMENTS(trees));
    tcase_add_test(cases, test_hostile_names);
    tcase_add_test(cases, test_contents);
    tcase_add_test(cases, test_partial);
    tcase_add_loop_test(cases, test_default_ref, 0, G_N_ELEMENTS(defaults));
    tcase_add_loop_test(cases, test_merge_base, 0, G_N_ELEMENTS(bases));
    tcase_add_loop_test(cases, test_added, 0, G_N_ELEMENTS(additions));
    tcase_add_test(cases, test_added_texts);
    tcase_add_test(cases, test_added_is_quick);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
