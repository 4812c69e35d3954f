#!/bin/sh
# What cmig reads from git: who added a revision, and that nobody asks git who does not need it.
# databases: none
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/lib-git.sh
. "$(dirname "$0")/lib-git.sh"
export DATABASE_URL="sqlite:///$TEST_TMP/test.db"

# --- without git ----------------------------------------------------------------------------------
revision a null
cmig_ok history
expect_out_is <<'OUT'
<base> -> a (head), add t_a
OUT
cmig_fails 1 history --git
expect_err "is in no git repository"
expect_no_out a

# --- who added what -------------------------------------------------------------------------------
git init -q
cmig_ok history --git
expect_out_is <<'OUT'
<base> -> a (head), add t_a [not committed]
OUT
commit one
one=$(git rev-parse --short HEAD)
revision b a
git -c user.name='Grace Hopper' -c user.email=grace@example.org commit -q --allow-empty -m nothing
git add .
GIT_AUTHOR_DATE=2026-04-05T23:30:00-0800 git -c user.name="$(printf 'Gr\033[31ma\342\200\256ce')" commit -q -m two
two=$(git rev-parse --short HEAD)
git mv migrations/a.sql migrations/renamed.sql
commit three
sed -i 's/integer/bigint/' migrations/b.sql
revision c b
git add -A
cmig_ok history --git
expect_out_is <<OUT
b -> c (head), add t_c [not committed]
a -> b, add t_b [$two 2026-04-05 Gr\\x1B[31ma\\u{202E}ce]
<base> -> a, add t_a [$one 2026-03-04 Ada Lovelace]
OUT
expect_err_is </dev/null

cmig_ok history --git -v -r b:b
expect_out "Path: $PWD/migrations/b.sql
Git: $two 2026-04-05 Gr\\x1B[31ma\\u{202E}ce

    add t_b"

cmig_ok history --git --json
[ "$(python3 -c 'import json, sys
for one in json.load(sys.stdin): print(one["revision"], *one["git"].values(), sep="|")' <"$TEST_OUT" | LC_ALL=C tr -d '\033\342\200\256')" = "c|uncommitted|None|None|None|None
b|committed|$(git rev-parse HEAD~1)|Gr[31mace|ada@example.org|2026-04-05T23:30:00-08:00
a|committed|$(git rev-parse HEAD~3)|Ada Lovelace|ada@example.org|2026-03-04T05:06:07+02:00" ]
check_that "the JSON has commit, author and date, whole"

# --- kinds of repositories ------------------------------------------------------------------------
git stash -q
cd "$TEST_TMP" || exit 1
git clone -q --depth 1 "file://$TEST_TMP/work" shallow
cd shallow || exit 1
revision c b
cmig_ok history --git
expect_out_is <<'OUT'
b -> c (head), add t_c [not committed]
a -> b, add t_b [older than this shallow clone]
<base> -> a, add t_a [older than this shallow clone]
OUT

cd "$TEST_TMP/work" || exit 1
git worktree add -q ../tree -b side
cd ../tree || exit 1
cmig_ok history --git
expect_out "add t_a [$one 2026-03-04 Ada Lovelace]"

mkdir "$TEST_TMP/outer"
cd "$TEST_TMP/outer" || exit 1
git init -q
git submodule --quiet add "$TEST_TMP/work" sub
echo 'script_location: sub/migrations' >alembic.yml
cmig_ok history --git
expect_out "add t_a [$one 2026-03-04 Ada Lovelace]"

mkdir -p "$TEST_TMP/sha/migrations"
cd "$TEST_TMP/sha" || exit 1
git init -q --object-format=sha256
revision a null
# libgit2 forgets what it matched the extension's name with; that is not what is asked here.
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 cmig_fails 1 history --git
expect_err "cannot use the git repository of" "SHA-256 object ids are not supported"
cmig_ok history

mkdir "$TEST_TMP/broken"
cd "$TEST_TMP/broken" || exit 1
git init -q
revision a null
commit one
find .git/objects -type f -exec rm -f {} +
cmig_fails 1 history --git
expect_err "cannot read the commit that is checked out"
cmig_ok upgrade head
cmig_ok current
expect_out "a (head)"

# --- nobody asks without need ---------------------------------------------------------------------
cd "$TEST_TMP/work" || exit 1
for command in 'current' 'history' 'heads' 'show head' 'revision -m x'; do
  rm -f "$TEST_TMP/trace"
  # shellcheck disable=SC2086
  ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=%file -o "$TEST_TMP/trace" "$CMIG" $command >"$TEST_OUT" 2>"$TEST_ERR"
  [ -s "$TEST_TMP/trace" ] && ! grep -q '\.git[/"]' "$TEST_TMP/trace"
  check_that "cmig $command does not look for a repository"
done

# --- the repository of somebody else --------------------------------------------------------------
if [ "$(id -u)" = 0 ]; then
  chown -R 12345 "$TEST_TMP/work"
  cd "$TEST_TMP/work" || exit 1
  cmig_fails 1 history --git
  expect_err "is not owned by the current user" "safe.directory"
  cmig_ok history
  git config --global --add safe.directory "$TEST_TMP/work"
  cmig_ok history --git
  git config --global --unset-all safe.directory
  git config --global --add safe.directory '*'
  cmig_ok history --git
  git config --global --add safe.directory ''
  cmig_fails 1 history --git
  expect_err "is not owned by the current user"
fi
done_testing
