#!/bin/sh
# What a run shows while it works and while it waits: the live line on a terminal, who is in the way,
# and what comes of a lock that is not to be had.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-runs.sh"

# on_terminal ARG…: runs cmig with a terminal as standard error; all that it shows is in $TEST_OUT.
on_terminal() {
    TERM=xterm script -qfec "$CMIG $*" /dev/null >"$TEST_OUT" 2>&1 </dev/null
}
# The states of the live line, one per line.
frames() { tr '\r' '\n' <"$TEST_OUT"; }

start_over
line_of_revisions p1
on_terminal upgrade head
holds 'the finished line stays' sh -c 'tr "\r" "\n" <"$1" | grep -q "Running upgrade  -> p1, .* done ("' - "$TEST_OUT"

start_over
case $CMIG_TEST_DB in
sqlite)
    revision_file p1 null <<'SQL'
-- cmig:upgrade transaction=off
CREATE TABLE t (i integer);
INSERT INTO t WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 8000000) SELECT count(*) FROM c;
SQL
    on_terminal upgrade head
    holds 'the live line tells the statement' grep -q 'statement 2 of 2' "$TEST_OUT"
    holds 'and moves' test "$(frames | grep -o '[0-9.]* s, statement 2' | sort -u | wc -l)" -ge 2
    done_testing
    exit
    ;;
esac

# --- an index build ----------------------------------------------------------------------------------------
revision_file p1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE t AS SELECT generate_series(1, 1500) AS i, repeat('x', 200) AS filler;
CREATE FUNCTION slow(i integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.0003); RETURN i; END $$;
SQL
revision_file p2 p1 <<'SQL'
-- cmig:upgrade
CREATE INDEX CONCURRENTLY slow_index ON t (slow(i));
SQL
cmig_ok upgrade p1
on_terminal upgrade head
now_at p2
holds 'the live line tells what the server does' grep -q 'building index: scanning table' "$TEST_OUT"
holds 'and which statement' grep -q 'statement 1 of 1' "$TEST_OUT"
holds 'the bar moves' test "$(frames | grep -o '\] [0-9]* %' | sort -u | wc -l)" -ge 3
holds 'no line is wider than the terminal' test "$(frames | sed 's/\x1b\[K//g' | awk 'length > 80' | grep -vc 'Database:')" -eq 0
# Elsewhere nothing is redrawn, and --quiet says nothing.
sql 'DROP INDEX slow_index' >/dev/null
cmig_ok stamp p1
cmig_ok upgrade head
expect_no_err 'building index'
sql 'DROP INDEX slow_index' >/dev/null
cmig_ok stamp p1
on_terminal --quiet upgrade head
is "$(cat "$TEST_OUT")" '' 'quiet is quiet on a terminal too'

# --- a lock ------------------------------------------------------------------------------------------------
# hold SECONDS: another session keeps a lock on t for so long, and is named in what follows.
hold() {
    PGAPPNAME='the holder' psql -qXAt -c "BEGIN; LOCK TABLE t; SELECT pg_sleep($1)" >/dev/null 2>&1 &
    holder=$!
    within 5 sql_says "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass AND mode = 'AccessExclusiveLock' AND granted" 1
}
release() {
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'the holder'" >/dev/null
    wait "$holder"
}
revision_file p3 p2 <<'SQL'
-- cmig:upgrade
CREATE TABLE beside (i integer);
ALTER TABLE t ADD COLUMN j integer;
SQL
hold 60
cmig_fails 75 --lock-timeout 2s upgrade head
expect_err 'waiting for pid ' 'the holder' 'LOCK TABLE t' 'rolled back, trying again' 'gave up after' 'nothing of p3 is applied' \
    'blocked by pid'
now_at p2
is "$(sql "SELECT to_regclass('beside') IS NULL")" t 'nothing is left of the attempts'
holds 'no lock is left' within 5 sql_says "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())" 0
cmig_fails 75 --lock-timeout 0 upgrade head
expect_err 'gave up after 1 attempt:'
expect_no_err 'trying again'
cmig_fails 75 --no-wait upgrade head
expect_err 'gave up after 1 attempt:'
release
hold 2
cmig_ok upgrade head
expect_err 'trying again' 'done ('
now_at p3
wait "$holder"

# A deadlock is a reason to try again too.
revision_file p4 p3 <<'SQL'
-- cmig:upgrade
LOCK TABLE beside;
SELECT pg_sleep(0.5);
LOCK TABLE t;
SQL
psql -qXAt -c 'SET deadlock_timeout = 10000' -c "BEGIN; LOCK TABLE t; SELECT pg_sleep(0.3); LOCK TABLE beside; COMMIT" >/dev/null 2>&1 &
other=$!
cmig_ok upgrade head
wait "$other"
now_at p4

# All in one transaction: all of it is tried again.
printf 'transaction: all\n' >>alembic.yml
revision_file p5 p4 <<'SQL'
-- cmig:upgrade
CREATE TABLE five (i integer);
SQL
revision_file p6 p5 <<'SQL'
-- cmig:upgrade
ALTER TABLE t ADD COLUMN k integer;
SQL
hold 1
cmig_ok upgrade head
expect_err 'trying again'
now_at p6
wait "$holder"
is "$(sql "SELECT count(*) FROM cmig_audit WHERE revision = 'p5'")" 1 'the attempts left one record'

done_testing
