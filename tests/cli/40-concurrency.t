#!/bin/sh
# Many runners at once: each revision runs once, all end with 0, nobody deadlocks.
# A cluster of its own, so that its log is about this test alone.
unset PGHOST PGPORT PGUSER
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

# crowd COUNT ARG…: that many runs at once. Their statuses are in $crowd_statuses, sorted and unique.
crowd() {
    crowd_count=$1
    shift
    rm -rf crowd
    mkdir crowd
    # They wait for the flag, so that they really start together.
    crowd_n=0
    crowd_pids=
    while [ "$crowd_n" -lt "$crowd_count" ]; do
        crowd_n=$((crowd_n + 1))
        (
            while [ ! -e crowd/go ]; do sleep 0.02; done
            timeout -k 5 120 "$CMIG" "$@" >"crowd/$crowd_n.out" 2>"crowd/$crowd_n.err" </dev/null
            echo $? >"crowd/$crowd_n.status"
        ) &
        crowd_pids="$crowd_pids $!"
    done
    sleep 0.2
    : >crowd/go
    # shellcheck disable=SC2086 # words
    wait $crowd_pids
    crowd_statuses=$(cat crowd/*.status | sort -u | one_line)
}
show_crowd() { tail -n 3 crowd/*.err | head -n 60 | diag; }

write_history() {
    start_over
    revision_file h1 null <<SQL
-- cmig:upgrade
CREATE TABLE log (n $log_key, what text NOT NULL);
INSERT INTO log (what) VALUES ('+h1');

-- cmig:downgrade
DROP TABLE log;
SQL
    for number in 2 3 4 5 6; do
        revision_file "h$number" "h$((number - 1))" <<SQL
-- cmig:upgrade
CREATE TABLE t$number (id integer PRIMARY KEY);
INSERT INTO log (what) VALUES ('+h$number');

-- cmig:downgrade
DROP TABLE t$number;
INSERT INTO log (what) VALUES ('-h$number');
SQL
    done
}

# --- first run on an empty database --------------------------------------------------------------
first_run() {
    write_history
    crowd "$1" upgrade head
    is "$crowd_statuses" 0 "$1 runners on an empty database all end with 0"
    [ "$crowd_statuses" = 0 ]
    is "$(logged)" '+h1 +h2 +h3 +h4 +h5 +h6' "$1 runners: each revision once, in order"
    now_at h6
    is "$(cat crowd/*.err | grep -c 'Running upgrade .* done (')" 6 "$1 runners: six migrations are reported as done"
    is "$(cat crowd/*.out | wc -c | tr -d ' ')" 0 "$1 runners: nothing on standard output"
    is "$(grep -l 'cmig: error' crowd/*.err | wc -l | tr -d ' ')" 0 "$1 runners: no error"
}
crowds='2 2 10 50'
! full || crowds='2 2 2 2 2 10 10 50 50'
for count in $crowds; do first_run "$count"; done

# --- nothing to do, and down ------------------------------------------------------------------------
crowd 20 upgrade head
is "$crowd_statuses" 0 '20 runners with nothing to do'
is "$(logged)" '+h1 +h2 +h3 +h4 +h5 +h6' 'nothing ran'
crowd 10 downgrade h1
is "$crowd_statuses" 0 '10 runners down'
is "$(logged)" '+h1 +h2 +h3 +h4 +h5 +h6 -h6 -h5 -h4 -h3 -h2' 'each revision was reverted once'
now_at h1
crowd 10 stamp h3
is "$crowd_statuses" 0 '10 runners that stamp'
now_at h3
sql 'CREATE TABLE t2 (id integer)' 'CREATE TABLE t3 (id integer)'

# Up and down against each other: whoever wins, rows and schema agree.
agree() {
    agree_tables=
    case $1 in
    -) agree_tables=alembic_version ;;
    *)
        agree_tables='alembic_version log'
        for agree_n in 2 3 4 5 6; do
            [ "$agree_n" -gt "${1#h}" ] || agree_tables="$agree_tables t$agree_n"
        done
        ;;
    esac
    is "$(tables)" "$agree_tables" "$2: tables agree with the row $1"
}
for round in 1 2 3; do
    crowd 3 upgrade head &
    up=$!
    for turn in 1 2 3; do
        "$CMIG" downgrade base >"down.$turn" 2>&1 </dev/null
        down_status=$?
        case $down_status in
        0 | 75) ok "downgrade against upgrade ends with 0 or 75" ;;
        *)
            not_ok "downgrade against upgrade ends with 0 or 75, not $down_status"
            diag <"down.$turn"
            ;;
        esac
    done
    wait "$up"
    crowd_statuses=$(cat crowd/*.status | sort -u | one_line)
    case $crowd_statuses in
    0 | 75 | '0 75') ok 'upgrade against downgrade ends with 0 or 75' ;;
    *)
        not_ok "upgrade against downgrade ends with 0 or 75, not $crowd_statuses"
        show_crowd
        ;;
    esac
    agree "$(rows)" "round $round"
done
cmig_ok upgrade head
agree h6 'after all'

if [ "$CMIG_TEST_DB" = sqlite ]; then
    is "$(find "$TEST_TMP" -name 'test.db?*' | one_line)" '' 'no side file is left'
    done_testing
    exit
fi

# --- PostgreSQL --------------------------------------------------------------------------------------
no_sessions
check_that 'no session is left'
is "$(grep -cE 'ERROR|FATAL|PANIC|deadlock detected' "$PGHOST/base/log")" 0 'the server log has no error'
grep -E 'ERROR|FATAL|PANIC|deadlock detected' "$PGHOST/base/log" | sort | uniq -c | head -5 | diag

# Two that go one step each: two steps.
write_history
cmig_ok upgrade h1
crowd 2 upgrade +1
is "$crowd_statuses" 0 'two runners go one step each'
now_at h3

# One waits while another builds an index concurrently, which in turn waits for an old transaction.
write_history
revision_file h7 h6 <<'SQL'
-- cmig:upgrade transaction=off
CREATE INDEX CONCURRENTLY t6_index ON t6 (id);
SQL
LINE_FROM=h7 line_of_revisions h8
cmig_ok upgrade h6
mkfifo pipe
psql -XqAt <pipe >old.out 2>&1 &
old=$!
exec 4>pipe
echo 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t6; SELECT 42;' >&4
within 10 grep -q 42 old.out
check_that 'an old transaction is open'
(sleep 4; echo 'COMMIT;' >&4) &
crowd 4 --lock-timeout 30s upgrade head
is "$crowd_statuses" 0 'runners that wait while an index is built concurrently all end with 0'
[ "$crowd_statuses" = 0 ]
exec 4>&-
wait "$old"
now_at h8
is "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 't6_index'::regclass")" t 'the index is valid'
is "$(grep -cE 'deadlock detected|40P01' "$PGHOST/base/log")" 0 'no deadlock'
pass_if 'a waiting runner says who holds the lock' grep -q 'Waiting for the migration lock, held by' crowd/1.err crowd/2.err crowd/3.err crowd/4.err

# --- --lock-timeout ----------------------------------------------------------------------------------
write_history
revision_file h7 h6 <<'SQL'
-- cmig:upgrade
SELECT pg_sleep(6);
SQL
cmig_ok upgrade h6
"$CMIG" upgrade head >holder.out 2>holder.err </dev/null &
holder=$!
within 10 sql_says "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()" 1
check_that 'a run holds the lock'
pid=$(sql "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()")
cmig_fails 75 --lock-timeout 1s upgrade head
expect_out_is </dev/null
expect_err "$pid" cmig 'lock'
now_at h6
# A spelling of the same table takes the same lock; another table does not.
# shellcheck disable=SC2016
printf 'database_url: ${DATABASE_URL}\nversion_table_schema: public\n' >alembic.yml
cmig_fails 75 --lock-timeout 500ms upgrade head
DATABASE_URL="$TEST_URL&options=-csearch_path%3Dpublic" cmig_fails 75 --lock-timeout 500ms upgrade head
# shellcheck disable=SC2016
printf 'database_url: ${DATABASE_URL}\nversion_table: other_version\n' >alembic.yml
cmig_ok --lock-timeout 500ms stamp h1
is "$(sql 'SELECT version_num FROM other_version')" h1 'another version table has a lock of its own'
rm alembic.yml
# Looking needs no lock.
cmig_ok current
expect_out_is <<'OUT'
h6
OUT
wait "$holder"
is $? 0 'the holder was not disturbed'
now_at h7
# A killed holder's lock goes with its session.
cmig_ok --lock-timeout 5s upgrade head

done_testing
