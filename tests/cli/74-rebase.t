#!/bin/sh
# Two people add a revision each: what `cmig check --against` says before the merge, how `cmig rebase`
# mends what is left after it, and that both histories then apply.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/lib-runs.sh
. "$(dirname "$0")/lib-runs.sh"
# shellcheck source=tests/cli/lib-git.sh
. "$(dirname "$0")/lib-git.sh"

# unchanged NAME: nothing in the work tree, the index and the history is otherwise than at `remember`.
remember() { { git status --porcelain && git rev-parse HEAD && cksum migrations/*; } >"$TEST_TMP/before"; }
unchanged() {
  { git status --porcelain && git rev-parse HEAD && cksum migrations/*; } | cmp -s - "$TEST_TMP/before"
  check_that "$1"
}

# --- two clones -----------------------------------------------------------------------------------
git init -q --bare "$TEST_TMP/origin.git"
git clone -q "$TEST_TMP/origin.git" "$TEST_TMP/ada" 2>"$TEST_TMP/git.log"
cd "$TEST_TMP/ada" || exit 1
revision a null
revision b a
commit start
git push -q origin main
git clone -q "$TEST_TMP/origin.git" "$TEST_TMP/grace"

revision d b 2026-11-21T10:00:00Z
commit ada
git push -q origin main
cmig_ok upgrade head

cd "$TEST_TMP/grace" || exit 1
git remote set-head origin main
git checkout -q -b topic
revision c b 2026-11-22T10:00:00Z
printf 'x\r\n-- caf\303\251\r\n' >"$TEST_TMP/tail"
sed -i 's/^-- message.*/&   # mine/; s/$/\r/' migrations/c.sql
revision e c 2026-11-22T11:00:00Z
commit grace
git fetch -q
cmig_fails 4 check --against origin/main --no-database
expect_out "revises b, but the head of origin/main is d" "there are 2 heads: e, d"

# --- before the merge there is nothing to rebase onto ---------------------------------------------
remember
cmig_fails 1 rebase --yes
expect_err "the head of origin/main, d, is not in the work tree yet" 'hint: `git merge origin/main`'
unchanged "and nothing is changed"

git merge -q origin/main -m merge
cmig_fails 1 upgrade head
expect_err "Multiple head revisions"
cmig_fails 4 check --against origin/main --no-database

# --- what is shown, and who is asked --------------------------------------------------------------
remember
cmig_ok rebase --dry-run
expect_out_is <<OUT
Onto d (origin/main):
$PWD/migrations/c.sql:2
--- down_revision: b
+-- down_revision: d
OUT
expect_err_is </dev/null
unchanged "a dry run changes nothing"
cmig_fails 77 rebase
expect_out "+-- down_revision: d"
expect_err "there is no terminal to ask on" "--yes writes the files"
unchanged "nothing is changed without a terminal"
cmig_fails 77 rebase --json
[ "$(python3 -c 'import json, sys
plan = json.load(sys.stdin)
print(plan["onto"], plan["head"], plan["heads"], plan["written"], [[one[key] for key in ("revision", "line", "was", "down_revision")] for one in plan["changes"]])' <"$TEST_OUT")" = "origin/main d ['e'] False [['c', 2, ['b'], ['d']]]" ]
check_that "JSON shows the plan, and that it was not written"

"$TEST_ROOT/tests/cli/terminal.py" '[y/N]' 'n\n' "$CMIG" rebase >"$TEST_OUT" 2>&1
is "$?" 130 "declined is 130"
expect_out "Write this file? [y/N]" "declined; nothing was changed"
unchanged "declined changes nothing"

# --- a database that has the revision ---------------------------------------------------------------
cmig_ok upgrade e
now_at "d e"
cmig_fails 77 rebase --yes
expect_err "applied in the database already: c" "cmig downgrade b" "has d as well"
unchanged "an applied revision stays where it is"
sql "UPDATE alembic_version SET version_num = 'zzz' WHERE version_num = 'd'"
cmig_fails 1 rebase --yes
expect_err "cannot tell whether" "--offline" "zzz"
unchanged "nor is anything changed for a database that is not understood"
sql "UPDATE alembic_version SET version_num = 'd' WHERE version_num = 'zzz'"
case $CMIG_TEST_DB in
pg) nowhere="postgresql://nobody@127.0.0.1:1/x?connect_timeout=2" status=69 ;;
*) nowhere=sqlite:////nowhere/at/all.db status=69 ;;
esac
DATABASE_URL=$nowhere cmig_fails $status rebase --yes
expect_err "cannot tell whether the revisions are applied"
unchanged "nor for one that cannot be asked"
DATABASE_URL=nonsense cmig_fails 78 rebase --yes
expect_err "cannot tell whether the revisions are applied"
DATABASE_URL=$nowhere cmig_ok rebase --offline --dry-run
expect_out "+-- down_revision: d"

cmig_ok downgrade c@-2
now_at d

# --- it is mended -----------------------------------------------------------------------------------
cp migrations/c.sql "$TEST_TMP/c.sql"
printf 'staged\n' >note.txt
git add note.txt
cmig_ok rebase --yes
expect_out "-- down_revision: b" "+-- down_revision: d"
expect_err "1 file changed; git is as it was: commit it."
sed 's/down_revision: b/down_revision: d/' "$TEST_TMP/c.sql" | cmp -s - migrations/c.sql
check_that "one value of one line is changed, and no other byte"
is "$(git status --porcelain)" "$(printf ' M migrations/c.sql\nA  note.txt')" "git is as it was"
cmig_ok rebase --yes
expect_out_is <<OUT
Nothing to rebase onto origin/main.
OUT
git commit -qam rebase
cmig_ok check --against origin/main --no-database
cmig_ok history
expect_out_is <<'OUT'
c -> e (head), add t_e
d -> c, add t_c
b -> d, add t_d
a -> b, add t_b
<base> -> a, add t_a
OUT

cmig_ok upgrade head
now_at e
dump_schema >"$TEST_TMP/here"
cmig_ok downgrade base
cmig_ok upgrade head
now_at e
dump_schema | cmp -s - "$TEST_TMP/here"
check_that "the database that had ada's revision is as a new one"
git push -q origin topic:main
cd "$TEST_TMP/ada" || exit 1
git pull -q origin main
cmig_ok check --against origin/main --no-database
cmig_ok upgrade head
now_at e

# --- a file that cannot be written ------------------------------------------------------------------
git checkout -q -b two
revision f e 2026-11-23T10:00:00Z
commit f
git push -q origin two:main
git checkout -q -b three HEAD~1
revision g e 2026-11-23T11:00:00Z
revision h e 2026-11-23T12:00:00Z
mv migrations/h.sql "$TEST_TMP/h.sql"
ln -s "$TEST_TMP/h.sql" migrations/h.sql
commit links
git fetch -q
git merge -q origin/main -m merge
remember
cmig_fails 1 rebase --yes
expect_err "h.sql: it is not a regular file"
unchanged "no file is changed when one of them cannot be"
rm migrations/h.sql
cp "$TEST_TMP/h.sql" migrations/h.sql
git commit -qam files
cmig_ok rebase --yes
expect_err "2 files changed"
cmig_ok heads
expect_out "h (head)"
git reset -q --hard main
git checkout -q main

# --- names ------------------------------------------------------------------------------------------
for name in --help -x "$(printf 'a\033[31m\nb')" ''; do
  cmig_fails 1 rebase "--onto=$name"
  expect_err "git knows no commit '"
  expect_no_err "$(printf '\033')"
done
cmig_ok rebase --onto main
expect_out "Nothing to rebase onto main."

# --- a clone of one commit, as CI makes it ----------------------------------------------------------
git clone -q --depth 1 "file://$TEST_TMP/origin.git" "$TEST_TMP/ci"
cd "$TEST_TMP/ci" || exit 1
git checkout -q --detach
git update-ref -d refs/remotes/origin/HEAD
git update-ref --no-deref -d refs/remotes/origin/HEAD
git update-ref -d refs/remotes/origin/main
git branch -q -D main
cmig_fails 1 rebase --offline
expect_err "which branch to compare with is not known" "git fetch origin BRANCH"

# --- without git ------------------------------------------------------------------------------------
mkdir "$TEST_TMP/plain"
cd "$TEST_TMP/plain" || exit 1
revision a null
cmig_fails 1 rebase
expect_err "is in no git repository"
done_testing
