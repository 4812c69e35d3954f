#!/bin/sh
# Sections outside of a transaction: recorded statement by statement, gone on with by the next run,
# settled by repair.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-runs.sh"

# section REVISION DOWN [OPTION…]: an upgrade section from standard input.
section() {
    revision=$1 down=$2
    shift 2
    {
        printf -- '-- cmig:upgrade'
        printf ' %s' "$@"
        printf '\n'
        cat
        printf '\n-- cmig:downgrade\nSELECT 1;\n'
    } | revision_file "$revision" "$down"
}
# The events of the audit table, in order.
events() {
    sql "SELECT event || coalesce(' ' || statement, '') FROM cmig_audit ORDER BY id" | one_line
}

start_over
section aaaa1 null <<'SQL'
CREATE TABLE t (i integer);
INSERT INTO t VALUES (1);
SQL
cmig_ok upgrade head
is "$(events)" applied 'a section in a transaction has one record'
is "$(sql "SELECT length(run) || ' ' || length(checksum) || ' ' || direction FROM cmig_audit")" '32 64 upgrade' \
    'with the run, the checksum and the direction'
cmig_ok downgrade base
is "$(events)" 'applied reverted' 'and one for the way back'

# --- a failure in the middle, mended in the file ------------------------------------------------------
start_over
section aaaa1 null transaction=off <<'SQL'
CREATE TABLE t (i integer);
INSERT INTO t VALUES (1);
INSERT INTO missing VALUES (1);
INSERT INTO t VALUES (3);
SQL
cmig_fails 3 upgrade head
expect_err 'statement 3 of 4 failed, statements 1 to 2 are applied' 'aaaa1.sql:8:' 'run the command again'
now_at -
is "$(events)" 'started 0 statement 1 statement 2 failed 2' 'each statement that is done is recorded'
cmig_ok current
expect_err 'the upgrade of aaaa1 was left behind statement 2 of 4' 'cmig repair'
cmig_fails 4 repair
expect_out 'The upgrade of aaaa1 was left behind statement 2 of 4' 'aaaa1.sql:8' 'INSERT INTO missing' \
    'nothing of it is there'
cmig_fails 4 --json repair
expect_out '"in_doubt": true' '"statements_done": 2' '"line": 8'
# A path may be no UTF-8; JSON is.
odd=$(printf 'migrations/versions/\377.sql')
mv migrations/versions/aaaa1.sql "$odd"
cmig_fails 4 --json repair
expect_out '"statements_done": 2' '\\xFF.sql"'
mv "$odd" migrations/versions/aaaa1.sql

cmig_fails 3 downgrade base
expect_err 'would not go on with it' 'cmig repair'
sed -i 's/INSERT INTO missing VALUES (1)/INSERT INTO t VALUES (2)/' migrations/versions/aaaa1.sql
cmig_ok upgrade head
expect_err 'going on with aaaa1 behind statement 2 of 4'
now_at aaaa1
is "$(sql 'SELECT i FROM t ORDER BY 1' | one_line)" '1 2 3' 'each statement ran once'
cmig_ok repair
expect_out 'Nothing is in doubt.'
cmig_ok current
expect_no_err 'left behind'

# --- a failure in the middle, with what ran before changed in the file ---------------------------------
start_over
section aaaa1 null transaction=off <<'SQL'
CREATE TABLE t (i integer);
INSERT INTO missing VALUES (1);
SQL
cmig_fails 3 upgrade head
sed -i 's/i integer/i bigint/' migrations/versions/aaaa1.sql
cmig_fails 3 upgrade head
expect_err 'the statements that were run have been changed since'
cmig_fails 4 repair
expect_out 'Problem: '
cmig_fails 77 repair --mark-reverted
expect_err 'no terminal' --yes
is "$(events)" 'started 0 statement 1 failed 1' 'asking changed nothing'
cmig_fails 2 repair --mark-reverted --retry
cmig_ok repair --mark-reverted --yes
now_at -
sql 'DROP TABLE t' >/dev/null
sed -i '/missing/d' migrations/versions/aaaa1.sql
cmig_ok upgrade head
now_at aaaa1

# --- by hand, to the end ------------------------------------------------------------------------------
start_over
section aaaa1 null transaction=off <<'SQL'
CREATE TABLE t (i integer);
INSERT INTO missing VALUES (1);
SQL
cmig_fails 3 upgrade head
CMIG_ENV=production cmig_fails 77 repair --mark-applied --yes
now_at -
cmig_ok repair --mark-applied --yes
now_at aaaa1
is "$(events)" 'started 0 statement 1 failed 1 refused repaired' 'marking is recorded'

# --- the first statement fails: nothing is there ---------------------------------------------------------
start_over
section aaaa1 null transaction=off <<'SQL'
INSERT INTO missing VALUES (1);
CREATE TABLE t (i integer);
SQL
cmig_fails 1 upgrade head
expect_no_err 'applied'
cmig_ok repair
expect_out 'Nothing is in doubt.'

# --- the script's own transactions ---------------------------------------------------------------------
start_over
section aaaa1 null transaction=off <<'SQL'
CREATE TABLE t (i integer);
BEGIN;
INSERT INTO t VALUES (1);
INSERT INTO t VALUES (2);
COMMIT;
BEGIN;
INSERT INTO t VALUES (3);
INSERT INTO missing VALUES (4);
COMMIT;
SQL
cmig_fails 3 upgrade head
expect_err 'statement 8 of 9 failed, statements 1 to 5 are applied'
is "$(sql 'SELECT i FROM t ORDER BY 1' | one_line)" '1 2' 'the open one is rolled back'
sed -i 's/missing/t/' migrations/versions/aaaa1.sql
cmig_ok upgrade head
is "$(sql 'SELECT i FROM t ORDER BY 1' | one_line)" '1 2 3 4' 'and run again'
now_at aaaa1

# --- killed while a statement runs ----------------------------------------------------------------------
# Everything that is recorded is done, nothing else, and the next run completes it.
for delay in 0.02 0.05 0.1 0.2; do
    start_over
    case $CMIG_TEST_DB in
    pg) alone='VACUUM t;' slow='INSERT INTO t SELECT 2 FROM pg_sleep(0.1);' ;;
    *) alone='VACUUM;' slow='INSERT INTO t SELECT 2 WHERE (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 300000) SELECT count(*) FROM c) > 0;' ;;
    esac
    section aaaa1 null <<SQL
CREATE TABLE t (i integer);
INSERT INTO t VALUES (1);
$alone
$slow
INSERT INTO t VALUES (3);
SQL
    timeout -s KILL "$delay" "$CMIG" upgrade head >/dev/null 2>&1
    cmig_ok upgrade head
    now_at aaaa1
    is "$(sql 'SELECT i FROM t ORDER BY 1' | one_line)" '1 2 3' "killed after $delay s: each statement ran once"
done

if [ "$CMIG_TEST_DB" = pg ]; then
    # --- what a section sets lasts, also for the run that goes on ------------------------------------------
    start_over
    section aaaa1 null transaction=off <<'SQL'
CREATE SCHEMA other;
SET search_path = other;
CREATE TABLE t (i integer);
VACUUM t;
INSERT INTO missing VALUES (1);
SQL
    cmig_fails 3 upgrade head
    sed -i 's/missing/t/' migrations/versions/aaaa1.sql
    cmig_ok upgrade head
    is "$(sql 'SELECT count(*) FROM other.t')" 1 'the search path is set again'
    sql 'DROP SCHEMA other CASCADE' >/dev/null

    # --- an invalid index ----------------------------------------------------------------------------------
    start_over
    section aaaa1 null <<'SQL'
CREATE TABLE t (i integer);
INSERT INTO t VALUES (1), (1);
SQL
    section bbbb2 aaaa1 <<'SQL'
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "t Index" ON t (i);
SQL
    cmig_fails 3 upgrade head
    expect_err 'takes an invalid index away first' 'bbbb2.sql:6:'
    now_at aaaa1
    cmig_fails 4 repair
    expect_out 'the index public."t Index" is invalid'
    sql 'DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t)' >/dev/null
    cmig_ok upgrade head
    expect_err 'the index public."t Index" is invalid; running DROP INDEX CONCURRENTLY public."t Index"'
    is "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = '\"t Index\"'::regclass")" t 'the index is built again'
    now_at bbbb2

    # Left by somebody else: IF NOT EXISTS would be content with it.
    start_over
    section aaaa1 null <<'SQL'
CREATE TABLE t (i integer);
INSERT INTO t VALUES (1), (1);
SQL
    cmig_ok upgrade head
    psql -qX -c 'CREATE UNIQUE INDEX CONCURRENTLY ix ON t (i)' >/dev/null 2>&1
    sql 'DELETE FROM t' >/dev/null
    section bbbb2 aaaa1 <<'SQL'
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix ON t (i);
SQL
    cmig_fails 3 upgrade head
    expect_err 'IF NOT EXISTS' 'the index public.ix is invalid'
    now_at aaaa1
    cmig_ok upgrade head
    is "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix'::regclass")" t 'the next run builds it'

    # --- killed while the server builds the index -------------------------------------------------------------
    start_over
    section aaaa1 null <<'SQL'
CREATE TABLE t (i integer);
INSERT INTO t SELECT generate_series(1, 1000);
SQL
    cmig_ok upgrade head
    section bbbb2 aaaa1 <<'SQL'
CREATE INDEX CONCURRENTLY ix ON t (i);
SQL
    # An old transaction makes the build wait.
    psql -qXAt -c 'BEGIN; UPDATE t SET i = i WHERE i = 1; SELECT pg_sleep(3)' >/dev/null 2>&1 &
    old=$!
    within 5 sql_says "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'BEGIN; UPDATE t%' AND pid <> pg_backend_pid()" 1
    timeout -s KILL 0.5 "$CMIG" upgrade head >/dev/null 2>&1
    cmig_ok upgrade head
    wait "$old"
    now_at bbbb2
    is "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix'::regclass")" t 'one valid index'
    is "$(sql "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass")" 1 'and no other'
    holds 'no lock is left' within 5 sql_says "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())" 0

    # --- a procedure that commits, killed: nobody can know --------------------------------------------------
    start_over
    section aaaa1 null transaction=off <<'SQL'
CREATE TABLE t (i integer);
DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; PERFORM pg_sleep(30); INSERT INTO t VALUES (2); END $$;
SQL
    timeout -s KILL 1 "$CMIG" upgrade head >/dev/null 2>&1
    within 10 sql_says "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())" 0
    cmig_fails 3 upgrade head
    expect_err 'cannot be found out' 'cmig repair'
    cmig_fails 4 repair
    expect_out 'what it did cannot be found out'
    sql 'DELETE FROM t' >/dev/null
    sed -i 's/pg_sleep(30)/pg_sleep(0)/' migrations/versions/aaaa1.sql
    cmig_ok repair --retry --yes
    now_at aaaa1
    is "$(sql 'SELECT i FROM t ORDER BY 1' | one_line)" '1 2' 'run once more, on demand'

    # --- a partition whose detach was not completed -----------------------------------------------------------
    if [ "$(sql 'SHOW server_version_num')" -ge 140000 ]; then
        start_over
        section aaaa1 null <<'SQL'
CREATE TABLE p (i integer) PARTITION BY RANGE (i);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2);
SQL
        cmig_ok upgrade head
        section bbbb2 aaaa1 <<'SQL'
ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;
SQL
        psql -qXAt -c 'BEGIN; SELECT * FROM p; SELECT pg_sleep(2)' >/dev/null 2>&1 &
        old=$!
        within 5 sql_says "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'BEGIN; SELECT%' AND pid <> pg_backend_pid()" 1
        timeout -s INT 0.5 "$CMIG" upgrade head >/dev/null 2>&1
        is "$(sql "SELECT to_jsonb(h) ->> 'inhdetachpending' FROM pg_inherits h")" true 'the detach is pending'
        cmig_ok upgrade head
        expect_err FINALIZE
        wait "$old"
        now_at bbbb2
        is "$(sql 'SELECT count(*) FROM pg_inherits')" 0 'it is completed'
    fi
fi

done_testing
