#!/bin/sh
# current, history, heads, branches and show: whole outputs, which are Alembic's for the same project,
# and the same facts as JSON.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# revision FILE DOWN DEPENDS LABELS MESSAGE: FILE is NUMBER_ID.
revision() {
  mkdir -p migrations
  {
    printf -- '-- revision: %s\n-- down_revision: %s\n' "${1#*_}" "$2"
    printf -- '-- depends_on: %s\n-- branch_labels: %s\n' "$3" "$4"
    printf -- '-- message: "%s"\n-- create_date: 2026-11-20T10:15:00Z\n' "$5"
    printf '\n-- cmig:upgrade\n\n-- cmig:downgrade\n'
  } >"migrations/$1.sql"
}

# at ROW…: the version table has these rows.
at() {
  sql 'DELETE FROM alembic_version'
  for row in "$@"; do sql "INSERT INTO alembic_version VALUES ('$row')"; done
}

# --- nothing is there -----------------------------------------------------------------------------
mkdir migrations
for command in history heads branches 'heads --resolve-dependencies' 'show base' 'show heads'; do
  # shellcheck disable=SC2086
  cmig_ok $command
  expect_out_is </dev/null
  expect_err_is </dev/null
done
if [ "$CMIG_TEST_DB" = sqlite ]; then
  cmig_ok heads
  [ ! -e "$TEST_DB" ]
  check_that "listing files creates no database"
fi

# --- the project ----------------------------------------------------------------------------------
revision 01_aaaa1 null '[]' '[]' 'create account table'
revision 02_bbbb1 aaaa1 '[]' '[left]' 'add email'
revision 03_bbbb2 aaaa1 '[]' '[right]' 'add name\nsecond line\n\nlong text'
revision 04_cccc1 '[bbbb1, bbbb2]' '[]' '[]' 'merge left and right'
revision 05_dddd1 cccc1 '[]' '[]' 'add status'
revision 06_nnnn1 null '[bbbb1]' '[net]' 'create network'
revision 07_nnnn2 nnnn1 '[]' '[]' 'add port'
revision 08_nnnn3 nnnn1 '[dddd1, left]' '[]' 'add address'
revision 09_zzzz1 null '[]' '[lone]' 'escape \e[31mred\a'

cmig_ok heads
expect_out_is <<'OUT'
dddd1 (left, right) (effective head)
nnnn2 (net) (head)
nnnn3 (net) (head)
zzzz1 (lone) (head)
OUT
expect_err_is </dev/null

cmig_ok heads --resolve-dependencies
expect_out_is <<'OUT'
nnnn2 (net) (head)
nnnn3 (net) (head)
zzzz1 (lone) (head)
OUT

cmig_ok heads -v
[ "$(grep -c '^Rev: ' "$TEST_OUT")" = 4 ]
check_that "heads -v shows four"
expect_out "Rev: dddd1 (head)
Parent: cccc1
Branch names: left, right
Path: $PWD/migrations/05_dddd1.sql

    add status
    
    Revision ID: dddd1
    Revises: cccc1
    Create Date: 2026-11-20T10:15:00Z

Rev: nnnn2 (head)"

cmig_ok history
expect_out_is <<'OUT'
nnnn1 -> nnnn2 (net) (head), add port
nnnn1 (dddd1, left) -> nnnn3 (net) (head), add address
cccc1 -> dddd1 (left, right) (effective head), add status
bbbb1, bbbb2 -> cccc1 (left, right) (mergepoint), merge left and right
<base> (bbbb1) -> nnnn1 (net) (branchpoint), create network
aaaa1 -> bbbb1 (left), add email
aaaa1 -> bbbb2 (right), add name
<base> -> zzzz1 (lone) (head), escape \x1B[31mred\x07
<base> -> aaaa1 (branchpoint), create account table
OUT
expect_err_is </dev/null

cmig_ok history -r aaaa1:cccc1
expect_out_is <<'OUT'
bbbb1, bbbb2 -> cccc1 (left, right) (mergepoint), merge left and right
aaaa1 -> bbbb1 (left), add email
aaaa1 -> bbbb2 (right), add name
<base> -> aaaa1 (branchpoint), create account table
OUT
cmig_ok history --rev-range=:bbbb1
expect_out_is <<'OUT'
aaaa1 -> bbbb1 (left), add email
<base> -> aaaa1 (branchpoint), create account table
OUT
cmig_ok history -r -1:nnnn2
expect_out_is <<'OUT'
nnnn1 -> nnnn2 (net) (head), add port
<base> (bbbb1) -> nnnn1 (net) (branchpoint), create network
OUT
cmig_ok history -r nnnn1:nnnn2 -v
expect_out_is <<OUT
Rev: nnnn2 (head)
Parent: nnnn1
Branch names: net
Path: $PWD/migrations/07_nnnn2.sql

    add port
    
    Revision ID: nnnn2
    Revises: nnnn1
    Create Date: 2026-11-20T10:15:00Z

Rev: nnnn1 (branchpoint)
Parent: <base>
Also depends on: bbbb1
Branches into: nnnn2, nnnn3
Branch names: net
Path: $PWD/migrations/06_nnnn1.sql

    create network
    
    Revision ID: nnnn1
    Revises: 
    Create Date: 2026-11-20T10:15:00Z

OUT
cmig_fails 2 history -r aaaa1
expect_out_is </dev/null
cmig_fails 1 history -r bbbb1:bbbb2
cmig_fails 1 history -r nothing:
expect_err "Can't locate revision identified by 'nothing'"

cmig_ok branches
expect_out_is <<'OUT'
nnnn1 (net) (branchpoint)
      -> nnnn2 (net) (head)
      -> nnnn3 (net) (head)

aaaa1 (branchpoint)
      -> bbbb1 (left)
      -> bbbb2 (right)

OUT
cmig_ok branches --verbose
expect_out_is <<OUT
Rev: nnnn1 (branchpoint)
Parent: <base>
Also depends on: bbbb1
Branches into: nnnn2, nnnn3
Branch names: net
Path: $PWD/migrations/06_nnnn1.sql

    create network
    
    Revision ID: nnnn1
    Revises: 
    Create Date: 2026-11-20T10:15:00Z

      -> nnnn2 (net) (head), add port
      -> nnnn3 (net) (head), add address

Rev: aaaa1 (branchpoint)
Parent: <base>
Branches into: bbbb1, bbbb2
Path: $PWD/migrations/01_aaaa1.sql

    create account table
    
    Revision ID: aaaa1
    Revises: 
    Create Date: 2026-11-20T10:15:00Z

      -> bbbb1 (left), add email
      -> bbbb2 (right), add name

OUT

cmig_ok show bbbb2
expect_out_is <<OUT
Rev: bbbb2
Parent: aaaa1
Branch names: right
Path: $PWD/migrations/03_bbbb2.sql

    add name
    second line
    
    long text
    
    Revision ID: bbbb2
    Revises: aaaa1
    Create Date: 2026-11-20T10:15:00Z

OUT
cmig_ok show ccc
expect_out_is <<OUT
Rev: cccc1 (mergepoint)
Merges: bbbb1, bbbb2
Branch names: left, right
Path: $PWD/migrations/04_cccc1.sql

    merge left and right
    
    Revision ID: cccc1
    Revises: bbbb1, bbbb2
    Create Date: 2026-11-20T10:15:00Z

OUT
cmig_ok show lone
expect_out "    escape \\x1B[31mred\\x07"
cmig_fails 1 show head
cmig_fails 1 show bbbb
cmig_fails 2 show
cmig_fails 2 show aaaa1 bbbb1

# --- with the database ----------------------------------------------------------------------------
cmig_ok current
expect_out_is </dev/null
expect_err_is </dev/null
case $CMIG_TEST_DB in
sqlite) [ ! -e "$TEST_DB" ] || [ "$(sql "SELECT count(*) FROM sqlite_schema")" = 0 ] ;;
*) [ "$(sql "SELECT count(*) FROM pg_tables WHERE tablename = 'alembic_version'")" = 0 ] ;;
esac
check_that "current does not create the version table"
cmig_ok history -i -r aaaa1:bbbb1
expect_no_out '(current)'
cmig_ok show current
expect_out_is </dev/null
cmig_fails 4 current --check-heads
expect_out_is </dev/null
expect_err_is <<'ERR'
cmig: error: Database is not on all head revisions
  detail: not applied: dddd1, nnnn2, nnnn3, zzzz1
  hint: `cmig upgrade heads` brings the database there
ERR

sql 'CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)'
at nnnn2
cmig_ok current
expect_out_is <<'OUT'
bbbb1
nnnn2 (head)
OUT
cmig_ok history -i -r nnnn1:nnnn2
expect_out_is <<'OUT'
nnnn1 -> nnnn2 (net) (head) (current), add port
<base> (bbbb1) -> nnnn1 (net) (branchpoint), create network
OUT
cmig_ok history -r nnnn1:current
expect_out_is <<'OUT'
nnnn1 -> nnnn2 (net) (head), add port
<base> (bbbb1) -> nnnn1 (net) (branchpoint), create network
OUT
cmig_ok history -v -i -r nnnn2:nnnn2
expect_out 'Rev: nnnn2 (head) (current)
Parent: nnnn1'

at cccc1 nnnn1
cmig_ok current
expect_out_is <<'OUT'
cccc1 (mergepoint)
nnnn1 (branchpoint)
OUT
cmig_ok show current
[ "$(grep '^Rev: ' "$TEST_OUT")" = 'Rev: cccc1 (mergepoint)
Rev: nnnn1 (branchpoint)' ]
check_that "show current shows both rows"
cmig_fails 4 current -c
expect_err 'not applied: dddd1, nnnn2, nnnn3, zzzz1'

# A head that an applied revision depends on has no row and is applied all the same.
at nnnn2 nnnn3 zzzz1
cmig_ok current -c
expect_out_is <<'OUT'
dddd1 (effective head)
nnnn2 (head)
nnnn3 (head)
zzzz1 (head)
OUT

# Before the command -c is the configuration file, behind `current` it is --check-heads.
mkdir empty
echo 'script_location: empty' >other.yml
cmig_ok -c other.yml heads
expect_out_is </dev/null
cmig_fails 1 -c other.yml current -c

case $CMIG_TEST_DB in
sqlite) url=$TEST_URL shown=$TEST_URL ;;
*)
  url="postgresql+asyncpg://$PGUSER:s3cret@/$TEST_DB?host=$PGHOST&port=$PGPORT"
  shown="://$PGUSER:***@"
  ;;
esac
at nnnn2
CMIG_CANARY=s3cret
cmig_ok --database-url "$url" current -v
expect_out 'Current revision(s) for ' "$shown" "Rev: nnnn2 (head)
Parent: nnnn1
Branch names: net
Path: $PWD/migrations/07_nnnn2.sql
"
[ "$(grep -c '^Rev: ' "$TEST_OUT")" = 2 ]
check_that "current -v shows both"
unset CMIG_CANARY

at nnnn2 1975ea83b712
for command in 'show current' 'history -i' 'history -r current:'; do
  # shellcheck disable=SC2086
  cmig_fails 1 $command
  expect_out_is </dev/null
  expect_err 1975ea83b712
done
cmig_fails 1 current # what is known is shown
expect_out_is <<'OUT'
bbbb1
nnnn2 (head)
OUT
expect_err 1975ea83b712
cmig_ok history # without -i the database is not asked

# --- JSON -----------------------------------------------------------------------------------------
# json EXPRESSION: of the last output, parsed, as `data`.
json() { python3 -c "import json, sys; data = json.load(sys.stdin); print($1)" <"$TEST_OUT"; }

# json_is EXPRESSION TEXT
json_is() {
  [ "$(json "$1")" = "$2" ]
  check_that "$1 is $2"
}

cmig_ok --json heads
json_is "[r['revision'] for r in data]" "['dddd1', 'nnnn2', 'nnnn3', 'zzzz1']"
json_is "[r['is_real_head'] for r in data]" "[False, True, True, True]"
json_is "'is_current' in data[0]" False
json_is "data[3]['message'].encode()" "b'escape \\x1b[31mred\\x07'"
cmig_ok heads --json --resolve-dependencies
json_is "len(data)" 3
cmig_ok history --json -r :cccc1
json_is "[r['revision'] for r in data]" "['cccc1', 'bbbb1', 'bbbb2', 'aaaa1']"
json_is "data[0]['down_revision']" "['bbbb1', 'bbbb2']"
json_is "data[0]['is_merge_point']" True
cmig_ok branches --json
json_is "[(r['revision'], r['branches_into']) for r in data]" \
  "[('nnnn1', ['nnnn2', 'nnnn3']), ('aaaa1', ['bbbb1', 'bbbb2'])]"
cmig_ok show --json nnnn3
json_is "sorted(data[0])" "['branch_labels', 'branch_names', 'branches_into', 'create_date', \
'depends_on', 'down_revision', 'is_base', 'is_branch_point', 'is_head', 'is_merge_point', \
'is_real_head', 'message', 'path', 'revision']"
json_is "data[0]['depends_on']" "['dddd1', 'left']"
cmig_ok show --json base
json_is data '[]'

at nnnn2
cmig_ok history --json -i -r nnnn1:nnnn2
json_is "[r['is_current'] for r in data]" '[True, False]'
cmig_ok current --json
json_is "sorted(data)" "['database', 'is_at_head', 'missing_heads', 'revisions', 'rows']"
json_is "data['rows']" "['nnnn2']"
json_is "[r['revision'] for r in data['revisions']]" "['bbbb1', 'nnnn2']"
json_is "data['missing_heads']" "['dddd1', 'nnnn3', 'zzzz1']"
cmig_fails 4 current --json --check-heads
json_is "data['is_at_head']" False
at nnnn2 nnnn3 zzzz1
cmig_ok current --json --check-heads
json_is "data['is_at_head']" True
json_is "data['missing_heads']" '[]'

done_testing
