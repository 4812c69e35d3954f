#!/bin/sh
# JSON holds names as they are, whatever is in them: what is escaped for a terminal is not the name.
# What is no UTF-8 cannot be JSON and is escaped; nothing is left out because of it.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/lib-conf.sh
. "$(dirname "$0")/lib-conf.sh"
# shellcheck source=tests/cli/lib-git.sh
. "$(dirname "$0")/lib-git.sh"

export DATABASE_URL="$TEST_URL"
nl='
'
hostile=$(printf 'q"\\ \033[31m\t\303\274%s\302\233' "$nl")
folder=$TEST_TMP/work/$hostile
mkdir -p "$folder/migrations/versions"
cd "$folder" || exit 1
# shellcheck disable=SC2016 # cmig expands it
printf 'database_url: ${DATABASE_URL}\n' >alembic.yml
git init -q .
rev aaaa1 null
mv migrations/versions/aaaa1_x.sql "migrations/versions/$hostile.sql"
file=$folder/migrations/versions/$hostile.sql

# same PERL WANTED NAME
same() { is "$(json "$1")" "$2" "$3"; }

test_call upgrade head --json
test_judge 0 "upgrade head --json"
same '$j->{revisions}[0]{path}' "$file" "upgrade: the path"
test_call downgrade "$hostile" --json
test_judge 1 "downgrade to a name that is none"
sed -i 's/^-- cmig:upgrade.*/&\n-- a comment/' "$file"
test_call accept aaaa1 --reason "$hostile" --json
test_judge 0 "accept --json"
same '$j->{accepted}[0]{path}' "$file" "accept: the path"
same '$j->{reason}' "$hostile" "accept: the reason"
test_call audit list --event accepted --json
test_judge 0 "audit list --json"
same '$j->[0]{reason}' "$hostile" "audit list: the reason"

# A name of a branch may have letters of any script.
git add -A && git commit -q -m start && git branch 'ü"b'
rev bbbb2 aaaa1
mv migrations/versions/bbbb2_x.sql "migrations/versions/b$hostile.sql"
git add -A && git commit -q -m theirs && git branch -f 'ü"b'
rev cccc3 aaaa1
mv migrations/versions/cccc3_x.sql "migrations/versions/c$hostile.sql"
test_call rebase --onto 'ü"b' --dry-run --json
test_judge 0 "rebase --json"
same '$j->{onto}' 'ü"b' "rebase: the branch"
same '$j->{changes}[0]{file}' "$folder/migrations/versions/c$hostile.sql" "rebase: the file"
rm "migrations/versions/c$hostile.sql"

test_call revision -m "$hostile" --json
test_judge 0 "revision --json"
made=$(json '$j->{path}')
holds "revision: the path is the file's" test -f "$made"
rm -f "$made"

# --- what is no UTF-8 -----------------------------------------------------------------------------
bad=$(printf 'bad\377name')
git config user.name "$bad"
rev dddd4 bbbb2
mv migrations/versions/dddd4_x.sql "migrations/versions/$bad.sql"
git add -A && git commit -q -m bad 2>"$TEST_TMP/git.log"
test_call history --git --json
test_judge 0 "history --git --json"
same 'length $j->[0]{git}{author}' 8 "history: the author is there"
same 'substr $j->[0]{path}, -16' '/bad\xFFname.sql' "history: and the path"
test_call upgrade head --json
test_judge 0 "upgrade head --json"
same 'substr $j->{revisions}[1]{path}, -16' '/bad\xFFname.sql' "upgrade: the path is there"

if [ "$CMIG_TEST_DB" = sqlite ]; then
  sql "UPDATE cmig_audit SET reason = CAST(x'62FF22' AS text) WHERE event = 'accepted'"
  test_call audit list --event accepted --json
  test_judge 0 "audit list --json"
  same 'length $j->[0]{reason}' 3 "audit list: the reason is there"
  test_call audit verify --json
  test_judge 4 "audit verify --json"
  same '$j->{intact} ? 1 : 0' 0 "audit verify: says that a row was changed"
  sql "UPDATE alembic_version SET version_num = CAST(x'62FF22' AS text)"
  test_call current --json
  test_judge 1 "current --json"
fi
done_testing
