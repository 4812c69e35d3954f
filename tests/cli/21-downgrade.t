#!/bin/sh
# downgrade: every kind of target on a line, a forest and a merge; irreversible revisions.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

make_log_table

# target ROWS_BEFORE TARGET LOG ROWS_AFTER
target() {
    # shellcheck disable=SC2086
    if [ "$1" = - ]; then at; else at $1; fi
    cmig_ok downgrade "$2"
    expect_out_is </dev/null
    is "$(logged)" "$3" "from $1, downgrade $2 runs $3"
    now_at "$4" "from $1, downgrade $2 leads to $4"
    cmig_ok current --json
}
refused() {
    refused_before=$(rows)
    refused_status=$1
    refused_target=$2
    shift 2
    cmig_fails "$refused_status" downgrade "$refused_target"
    expect_out_is </dev/null
    for refused_text; do expect_err "$refused_text"; done
    now_at "$refused_before" "downgrade $refused_target: the rows stay"
    is "$(logged)" - "downgrade $refused_target: nothing ran"
}

# --- a line -----------------------------------------------------------------------------------
make_graph <<'GRAPH'
aaaa1
aaab2 : aaaa1
bbbb3 : aaab2
cccc4 : bbbb3
dddd5 : cccc4
GRAPH
cmig_ok upgrade head
sql 'DELETE FROM log' >/dev/null
cmig_ok downgrade -1
expect_out_is </dev/null
expect_err 'Running downgrade dddd5 -> cccc4, make dddd5'
expect_err '1 revision reverted; the database is at cccc4.'
is "$(logged)" '-dddd5' 'the downgrade section ran'
now_at cccc4
cmig_ok current
expect_out_is <<'OUT'
cccc4
OUT
cmig_ok downgrade base
expect_err 'Running downgrade aaaa1 -> , make aaaa1'
expect_err '4 revisions reverted; the database is at base.'
now_at -
cmig_ok current
expect_out_is </dev/null
# The version table stays.
is "$(sql 'SELECT count(*) FROM alembic_version')" 0 'the version table is there and empty at base'

target dddd5 -3 '-dddd5 -cccc4 -bbbb3' aaab2
target dddd5 bbbb3 '-dddd5 -cccc4' bbbb3
target dddd5 bb '-dddd5 -cccc4' bbbb3
target dddd5 aaab '-dddd5 -cccc4 -bbbb3' aaab2
target dddd5 dddd5-2 '-dddd5 -cccc4' bbbb3
target dddd5 aaaa1+1 '-dddd5 -cccc4 -bbbb3' aaab2
target dddd5 head-1 '-dddd5' cccc4
target dddd5 head - dddd5
target bbbb3 bbbb3 - bbbb3
target aaaa1 -1 '-aaaa1' -
target - base - -
at bbbb3
refused 1 cccc4 'Destination cccc4 is not a valid downgrade target from current head(s)'
refused 1 -5 "Relative revision -5 didn't produce 5 migrations"
refused 1 +1 "Relative revision +1 didn't produce 1 migrations"
refused 1 aaa "Can't locate revision identified by 'aaa'" aaaa1 aaab2
refused 1 nope "Can't locate revision identified by 'nope'"
refused 1 aaaa1-4 'Walked too far'
refused 1 typo@base typo
refused 1 typo@-1 typo
refused 2 aaaa1-1junk aaaa1-1junk
at
refused 1 -1 "Relative revision -1 didn't produce 1 migrations"
refused 1 bbbb3 'Destination bbbb3 is not a valid downgrade target from current head(s)'
cmig_fails 2 downgrade
cmig_fails 2 downgrade a b

# Down and up again, several times: the same each time.
at
for _ in 1 2 3; do
    cmig_ok upgrade head
    cmig_ok downgrade base
done
is "$(sql 'SELECT count(*), count(DISTINCT what) FROM log')" '30|10' 'three rounds ran each section three times'
now_at -

# --- branches, labels, a dependency -----------------------------------------------------------
make_graph <<'GRAPH'
r1 @ left
r2 : r1
r3 : r2
s1 @ right
s2 : s1 + r2
s3 : s2
GRAPH
target 'r3 s3' left@-1 '-r3' s3
target 'r3 s3' right@-1 '-s3' 'r3 s2'
target 'r3 s3' right@base '-s3 -s2 -s1' r3
# What depends on a revision goes with it.
target 'r3 s3' left@base '-r3 -s3 -s2 -r2 -r1' s1
target 's3' right@base '-s3 -s2 -s1' r2
target 's3' right@s1 '-s3 -s2' 'r2 s1'
target 'r3 s3' base '-r3 -s3 -s2 -s1 -r2 -r1' -
at r3 s3
refused 1 left@s1 s1
at r3 s3
cmig_ok downgrade -1
expect_err 'Note: '
expect_err 'r3'
is "$(logged)" '-r3' '-1 from several rows takes the first by name'
now_at 's3'
# Whatever the order of the rows in the table.
at s3 r3
cmig_ok downgrade -1
is "$(logged)" '-r3' 'the same when the rows are stored the other way round'

# Steps to the foot of a branch end there: what it depended on, on another branch, stays.
make_graph <<'GRAPH'
p1
p2 : p1
q1 + p2
q2 : q1
GRAPH
target q2 -1 '-q2' q1
target q1 -1 '-q1' p2
target q2 -2 '-q2 -q1' p2
target q2 q2-1 '-q2' q1
target p2 -2 '-p2 -p1' -
at q2
refused 1 -3 "Relative revision -3 didn't produce 3 migrations"

make_graph <<'GRAPH'
m0
m1 : m0 @ one
m2 : m0 @ two
m3 : m1,m2
m4 : m3
GRAPH
target m4 -1 '-m4' m3
at m3
refused 1 -1 'Ambiguous walk' m1 m2
target m3 m1 '-m3' 'm1 m2'
target m4 one@m0 '-m4 -m3 -m1' m2
target m4 m0 '-m4 -m3 -m1 -m2' m0
target m4 base '-m4 -m3 -m1 -m2 -m0' -

# --- what cannot be reverted ------------------------------------------------------------------
rm migrations/versions/*.sql
revision_file i1 null <<'SQL'
-- cmig:upgrade
INSERT INTO log (what) VALUES ('+i1');

-- cmig:downgrade
INSERT INTO log (what) VALUES ('-i1');
SQL
revision_file i2 i1 <<'SQL'
-- cmig:upgrade
INSERT INTO log (what) VALUES ('+i2');

-- cmig:downgrade none "the rows are gone"
SQL
revision_file i3 i2 <<'SQL'
-- cmig:upgrade
INSERT INTO log (what) VALUES ('+i3');

-- cmig:downgrade
INSERT INTO log (what) VALUES ('-i3');
SQL
revision_file i4 i3 <<'SQL'
-- cmig:upgrade
INSERT INTO log (what) VALUES ('+i4');
SQL
revision_file i5 i4 <<'SQL'
-- cmig:upgrade

-- cmig:downgrade
SQL
at
cmig_ok upgrade head
is "$(logged)" '+i1 +i2 +i3 +i4' 'an empty section runs nothing'
now_at i5
target i5 -1 - i4
refused_irreversible() {
    refused 1 "$@"
    expect_err irreversible
}
at i5
refused_irreversible i3 i4
refused_irreversible -2 i4
# Nothing is reverted when something further down cannot be.
refused_irreversible base i4
at i3
refused_irreversible base i2 'the rows are gone' 'i2.sql'
refused_irreversible i1 i2 'the rows are gone'
target i3 i2 '-i3' i2

done_testing
