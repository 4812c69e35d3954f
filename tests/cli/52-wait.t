#!/bin/sh
# cmig wait: until a server that is started later lets in; what waiting does not heal ends it at
# once; Ctrl-C. A server of its own, because it is stopped and its access rules are changed.
[ "${CMIG_TEST_DB:-sqlite}" != pg ] || unset PGHOST PGPORT PGUSER
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"
CMIG_CANARY=hunter2canary
secret=$CMIG_CANARY

# seconds COMMAND…: how long it took, in tenths, as $took.
took() {
    took_start=$(date +%s%N)
    "$@"
    took=$((($(date +%s%N) - took_start) / 100000000))
}
is_between() { [ "$1" -le "$took" ] && [ "$took" -le "$2" ]; }

# --- ready at once: not a word ------------------------------------------------------------------------
cmig_ok wait
expect_out_is </dev/null
expect_err_is </dev/null
# Nothing is needed but a database.
is "$(ls)" '' 'no file was made'

# --- wrong from the start -----------------------------------------------------------------------------
cmig_fails 2 wait --timeout soon
expect_err '--timeout: not a duration'
cmig_fails 2 wait for it
cmig_fails 2 --json wait
DATABASE_URL='' took cmig_fails 78 wait
expect_err 'DATABASE_URL is set but empty'
pass_if 'a configuration that is wrong ends it at once' is_between 0 20
DATABASE_URL=mysql://u:$secret@h/d cmig_fails 78 wait

case $CMIG_TEST_DB in
sqlite)
    # The folder decides; the file comes with the first migration.
    DATABASE_URL=sqlite:///data/app.db
    took cmig_fails 69 wait --timeout 700ms
    expect_err 'Waiting: ' 'the database is not ready after 0.' 'data: No such file' hint
    pass_if 'it waited as long as it was told' is_between 5 25
    start_run wait --timeout 20s
    sleep 0.4
    mkdir data
    end_run
    is "$TEST_STATUS" 0 'it ends when the folder is there'
    expect_err 'Waiting: ' 'Ready after '
    is "$(ls data)" '' 'no file was made'
    done_testing
    exit 0
    ;;
esac

# --- a server that is started later -------------------------------------------------------------------
socket=$PGHOST
port=$PGPORT
data=$socket/base/data
bin=$(dirname "$(readlink "/proc/$(head -n 1 "$data/postmaster.pid")/exe")")
server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u "$(stat -c %U "$data")" -- "$bin/pg_ctl" -s -w -D "$data" -l "$socket/base/log" "$@")
    else
        "$bin/pg_ctl" -s -w -D "$data" -l "$socket/base/log" "$@"
    fi >/dev/null 2>&1 </dev/null
}
server -m fast stop
check_that 'the server is stopped'
took cmig_fails 69 wait --timeout 1s
expect_out_is </dev/null
expect_err "Waiting: cannot connect to postgres@$socket:$port/$TEST_DB" \
    'cmig: error: the database is not ready after ' 'detail: ' 'No such file or directory' 'hint: '
is "$(grep -c Waiting "$TEST_ERR")" 1 'one line says that it waits'
pass_if 'it waited as long as it was told' is_between 8 30
took cmig_fails 69 wait --timeout 0 --quiet
expect_no_err Waiting
pass_if '0 is one attempt' is_between 0 10
start_run wait
sleep 0.5
server start
end_run
is "$TEST_STATUS" 0 'it ends when the server is there'
expect_err 'Waiting: ' 'Ready after '
sql 'SELECT 1' >/dev/null
check_that 'and then it is'
server -m fast stop
start_run --quiet wait
sleep 0.3
server start
end_run
is "$TEST_STATUS" 0 'it ends when the server is there'
expect_err_is </dev/null
within 3 no_sessions
check_that 'no session is left'

# --- what may come, and what will not ---------------------------------------------------------------------
DATABASE_URL="postgresql://postgres@/later_$TEST_DB?host=$socket&port=$port"
start_run wait
sleep 0.4
psql -XqAt -d postgres -c "CREATE DATABASE later_$TEST_DB" </dev/null
end_run
is "$TEST_STATUS" 0 'a database that is created meanwhile'
expect_err 'Waiting: there is no such database' 'Ready after '
psql -XqAt -d postgres -c "DROP DATABASE later_$TEST_DB" </dev/null
cmig_fails 69 wait --timeout 500ms
expect_err 'there is no such database' 3D000
DATABASE_URL=postgresql://u:$secret@nowhere.invalid/x
cmig_fails 69 wait --timeout 500ms
expect_err 'Waiting: ' 'nowhere.invalid'
for login in "no_such_role:$secret" "needs_password:$secret" needs_password; do
    DATABASE_URL="postgresql://$login@/$TEST_DB?host=$socket&port=$port"
    took cmig_fails 69 wait
    expect_no_err Waiting
    pass_if 'a refused login ends it at once' is_between 0 20
done

# --- a server that takes connections and says nothing ------------------------------------------------------
mkdir fake
perl "$here/pg-fake.pl" "$PWD/fake/.s.PGSQL.5432" silent &
fake=$!
within 5 test -S fake/.s.PGSQL.5432
DATABASE_URL="postgresql://u:$secret@/x?host=$PWD/fake"
took cmig_fails 69 wait --timeout 1s
expect_err 'timeout expired'
pass_if 'not even its time is waited for' is_between 8 30
# The next host gets its share of the time.
DATABASE_URL="postgresql://postgres@/$TEST_DB?host=$PWD/fake,$socket&port=5432,$port"
took cmig_ok wait --timeout 2s
pass_if 'a silent host does not keep from the next' is_between 5 25
DATABASE_URL="$DATABASE_URL&connect_timeout=2"
took cmig_ok current
pass_if 'connect_timeout holds for each host' is_between 15 45
# Ctrl-C: while connecting, and in a pause.
DATABASE_URL="postgresql://u:$secret@/x?host=$PWD/fake"
for _ in connecting pausing; do
    start_run wait
    sleep 0.5
    kill -INT "$runner"
    CMIG_TEST_TIMEOUT=5 end_run
    is "$TEST_STATUS" 130 'Ctrl-C ends it'
    DATABASE_URL="postgresql://u:$secret@127.0.0.1:1/x"
done
kill "$fake"
wait "$fake" 2>/dev/null
done_testing
