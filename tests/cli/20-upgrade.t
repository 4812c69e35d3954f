#!/bin/sh
# upgrade: every kind of target on a line and on a forest with labels; the version rows, what ran,
# what is said, and that `current` agrees.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

make_log_table

# --- a line -----------------------------------------------------------------------------------
make_graph <<'GRAPH'
aaaa1
aaab2 : aaaa1
bbbb3 : aaab2
cccc4 : bbbb3
dddd5 : cccc4
GRAPH

# The first run creates the version table as Alembic does.
cmig_ok upgrade aaaa1
expect_out_is </dev/null
expect_err 'Running upgrade  -> aaaa1, make aaaa1'
expect_err '1 revision applied; the database is at aaaa1.'
now_at aaaa1
is "$(logged)" '+aaaa1' 'the first revision ran'
case $CMIG_TEST_DB in
pg)
    is "$(sql "SELECT column_name, data_type, character_maximum_length, is_nullable
               FROM information_schema.columns WHERE table_name = 'alembic_version'")" \
        'version_num|character varying|32|NO' 'the version table is as Alembic makes it'
    is "$(sql "SELECT conname, contype FROM pg_constraint WHERE contype = 'p' AND conrelid = 'alembic_version'::regclass")" \
        'alembic_version_pkc|p' 'its primary key has the name that Alembic gives'
    ;;
*)
    is "$(sql "SELECT name, lower(type), \"notnull\", pk FROM pragma_table_info('alembic_version')")" \
        'version_num|varchar(32)|1|1' 'the version table is as Alembic makes it'
    is "$(sql "SELECT sql LIKE '%CONSTRAINT%alembic_version_pkc%PRIMARY KEY%' FROM sqlite_master
               WHERE name = 'alembic_version'")" 1 'its primary key has the name that Alembic gives'
    ;;
esac

# target ROWS_BEFORE TARGET LOG ROWS_AFTER CURRENT
target() {
    # shellcheck disable=SC2086
    if [ "$1" = - ]; then at; else at $1; fi
    cmig_ok upgrade "$2"
    expect_out_is </dev/null
    is "$(logged)" "$3" "from $1, upgrade $2 runs $3"
    now_at "$4" "from $1, upgrade $2 leads to $4"
    cmig_ok current
    if [ "$5" = - ]; then expect_out_is </dev/null; else expect_out_is <<OUT
$5
OUT
    fi
}
target - bbbb3 '+aaaa1 +aaab2 +bbbb3' bbbb3 bbbb3
target - bb '+aaaa1 +aaab2 +bbbb3' bbbb3 bbbb3
target - b '+aaaa1 +aaab2 +bbbb3' bbbb3 bbbb3
target aaaa1 aaab '+aaab2' aaab2 aaab2
target - head '+aaaa1 +aaab2 +bbbb3 +cccc4 +dddd5' dddd5 'dddd5 (head)'
target - heads '+aaaa1 +aaab2 +bbbb3 +cccc4 +dddd5' dddd5 'dddd5 (head)'
target - +1 '+aaaa1' aaaa1 aaaa1
target aaab2 +2 '+bbbb3 +cccc4' cccc4 cccc4
target - aaab2+1 '+aaaa1 +aaab2 +bbbb3' bbbb3 bbbb3
target - head-1 '+aaaa1 +aaab2 +bbbb3 +cccc4' cccc4 cccc4
target - cccc4-2 '+aaaa1 +aaab2' aaab2 aaab2
# Applied already: nothing happens.
target cccc4 aaab2 - cccc4 cccc4
expect_no_change() {
    cmig_ok upgrade "$1"
    expect_out_is </dev/null
    expect_err 'Nothing to do.'
    is "$(logged)" - "upgrade $1 has nothing to do"
    now_at "$2"
}
at dddd5
expect_no_change head dddd5
expect_no_change heads dddd5
expect_no_change aaaa1 dddd5
expect_no_change base dddd5

# refused STATUS TARGET TEXT…: fails with all the texts, and nothing changes.
refused() {
    refused_before=$(rows)
    refused_target=$2
    cmig_fails "$1" upgrade "$2"
    expect_out_is </dev/null
    shift 2
    for refused_text; do expect_err "$refused_text"; done
    now_at "$refused_before" "upgrade $refused_target: the rows stay"
    is "$(logged)" - "upgrade $refused_target: nothing ran"
}
at aaaa1
refused 1 nope "cmig: error: Can't locate revision identified by 'nope'"
refused 1 aaa "Can't locate revision identified by 'aaa'" aaaa1 aaab2
refused 1 nobranch@head nobranch
refused 1 +5 "Relative revision +5 didn't produce 5 migrations"
refused 1 -1 "Relative revision -1 didn't produce 1 migrations"
refused 1 dddd5+1 dddd5
refused 1 aaab2-4 aaab2
refused 2 aaaa1-1junk aaaa1-1junk
refused 2 '' 'cmig: error: '
refused 2 aaaa1: 'cmig: error: '
refused 1 "x'; DROP TABLE log; --" "Can't locate revision identified by"
cmig_fails 2 upgrade
expect_err 'too few arguments'
cmig_fails 2 upgrade head heads
expect_err 'too many arguments'

# A row that no file defines is named.
at ffff9
cmig_fails 1 upgrade head
expect_err ffff9
expect_out_is </dev/null
now_at ffff9
is "$(logged)" - 'nothing ran over a row that no file defines'

# A row and its own ancestor.
at aaaa1 cccc4
cmig_fails 1 upgrade head
expect_err 'the version table holds cccc4 and its ancestor aaaa1'
now_at 'aaaa1 cccc4'
is "$(logged)" - 'nothing ran over overlapping rows'

# --json
at cccc4
cmig_ok upgrade head --json
expect_out '"dddd5"'
cmig_ok current --json
expect_out '"dddd5"'

# --- a forest with labels, a dependency and a merge ---------------------------------------------
make_graph <<'GRAPH'
r1 @ left
r2 : r1
r3 : r2
s1 @ right
s2 : s1 + r2
s3 : s2
GRAPH
target - r2 '+r1 +r2' r2 r2
target - left@head '+r1 +r2 +r3' r3 'r3 (head)'
target - right@+1 '+s1' s1 's1'
target r1 right@+1 '+s1' 'r1 s1' 'r1
s1'
target 'r1 s1' left@+1 '+r2' 'r2 s1' 'r2
s1'
# The dependency comes along, is no row (s2 implies it), and is shown by current.
target s1 right@+1 '+r1 +r2 +s2' s2 'r2
s2'
target - s1+2 '+r1 +r2 +s1 +s2 +s3' s3 'r2
s3 (head)'
target s3 heads '+r3' 'r3 s3' 'r3 (head)
s3 (head)'
target 's2' r1 - s2 'r2
s2'
at
refused 1 head "Multiple head revisions are present for given argument 'head'" r3 s3
refused 1 right@r1 r1
refused 1 left@s1 s1
refused 1 missing@+1 missing
at r1 s1
refused 1 +1 'Ambiguous upgrade from multiple current revisions'

make_graph <<'GRAPH'
m0
m1 : m0 @ one
m2 : m0 @ two
m3 : m1,m2
m4 : m3
GRAPH
target - head '+m0 +m2 +m1 +m3 +m4' m4 'm4 (head)'
target m1 m3 '+m2 +m3' m3 'm3 (mergepoint)'
target m0 m2 '+m2' m2 m2
at m0
refused 1 +1 'Ambiguous walk'
# +1 walks an edge: over the merge it takes the other parent along.
target m1 +1 '+m2 +m3' m3 'm3 (mergepoint)'
target m0 one@+1 '+m1' m1 m1
at m0
cmig_ok upgrade head
expect_err 'Running upgrade m0 -> m1, make m1'
expect_err 'Running upgrade m1, m2 -> m3, make m3'
expect_err '4 revisions applied; the database is at m4.'

# --- nothing there --------------------------------------------------------------------------------
rm migrations/versions/*.sql
at
cmig_ok upgrade head
expect_out_is </dev/null
expect_err 'Nothing to do.'
now_at -

done_testing
