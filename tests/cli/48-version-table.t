#!/bin/sh
# States of the version table that no migration leads to: said exactly, mended by `stamp --purge`
# alone. And standard streams that are closed, which must not take the place of a connection.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

make_log_table
make_graph <<'GRAPH'
aaaa1
bbbb2 : aaaa1
cccc3 : bbbb2
GRAPH
cmig_ok upgrade aaaa1

# --- the same row twice -------------------------------------------------------------------------
sql 'DROP TABLE alembic_version; CREATE TABLE alembic_version (version_num varchar(32))' >/dev/null
at aaaa1 aaaa1
for call in 'upgrade head' 'downgrade base' 'stamp bbbb2' current 'history -i'; do
    # shellcheck disable=SC2086  # words
    cmig_fails 1 $call
    expect_err 'the version table holds aaaa1 more than once'
    expect_err 'stamp --purge'
done
now_at 'aaaa1 aaaa1' 'duplicate rows are left alone'
is "$(logged)" - 'and nothing ran'
cmig_ok stamp --purge bbbb2
now_at bbbb2 '--purge leaves what was asked for'
cmig_ok upgrade head
now_at cccc3
is "$(logged)" '+cccc3' 'what was missing ran, once'

# --- an empty row, and none ---------------------------------------------------------------------
for value in "''" NULL; do
    sql "DELETE FROM log; DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ($value)" \
        >/dev/null
    cmig_fails 1 upgrade head
    expect_err 'the version table holds an empty row'
    is "$(logged)" - "nothing ran with $value"
    cmig_ok stamp --purge aaaa1
    now_at aaaa1 "--purge replaces $value"
done

# --- states that no migration leads to ------------------------------------------------------------
# broken TEXT ROW…: every command that reads the rows says TEXT and changes nothing; --purge mends it.
broken() {
    broken_text=$1
    shift
    at "$@"
    broken_rows=$(rows)
    for call in 'upgrade head' 'downgrade base' 'stamp bbbb2' 'history -i' 'show current'; do
        # shellcheck disable=SC2086  # words
        cmig_fails 1 $call
        expect_out_is </dev/null
        expect_err "$broken_text"
        expect_err 'stamp --purge'
    done
    cmig_fails 1 current
    expect_err "$broken_text"
    now_at "$broken_rows" "left alone: $broken_text"
    is "$(logged)" - 'and nothing ran'
    cmig_fails 1 current --json
    expect_err "$broken_text"
    expect_out '"is_at_head": false'
    for broken_row; do expect_out "\"$broken_row\""; done
    cmig_ok stamp --purge bbbb2
    now_at bbbb2 "mended: $broken_text"
}
broken 'the database is at zzzz9, which no file here defines' zzzz9
broken 'the database is at yyyy8, zzzz9, which no file here defines' zzzz9 bbbb2 yyyy8
broken 'the version table holds cccc3 and its ancestor aaaa1' aaaa1 cccc3
at zzzz9 bbbb2
cmig_fails 1 current
expect_out_is <<'OUT'
bbbb2
OUT
expect_err 'older than the database' 'not merged' 'version_locations'
cmig_ok stamp --purge aaaa1

# --- closed standard streams --------------------------------------------------------------------
at
"$CMIG" upgrade head 2>&-
is $? 0 'a run with standard error closed'
now_at cccc3
is "$(logged)" '+aaaa1 +bbbb2 +cccc3' 'each revision ran once'
"$CMIG" downgrade base <&- 2>&-
is $? 0 'a run with standard input and error closed'
now_at -
"$CMIG" heads >&- 2>"$TEST_ERR"
is $? 1 'results that cannot be written are an error'

done_testing
