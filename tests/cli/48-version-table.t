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

# --- rows of unknown revisions ------------------------------------------------------------------
at zzzz9
cmig_fails 1 upgrade head
expect_err zzzz9
cmig_fails 1 stamp aaaa1
expect_err 'stamp --purge'
now_at zzzz9 'an unknown row is left alone'
cmig_ok stamp --purge aaaa1
now_at aaaa1

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
