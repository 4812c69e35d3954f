#!/bin/sh
# A hot standby: a run is refused before its first step, a look works, and of several hosts the one
# that can be written to is taken. A server of its own, with a standby.
[ "${CMIG_TEST_DB:-sqlite}" != pg ] || unset PGHOST PGPORT PGUSER
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"
only_for pg

line_of_revisions one two
cmig_ok upgrade one
socket=$PGHOST
port=$PGPORT
data=$socket/base/data
standby=$socket/base/standby
bin=$(dirname "$(readlink "/proc/$(head -n 1 "$data/postmaster.pid")/exe")")
as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u "$(stat -c %U "$data")" -- "$@")
    else
        "$@"
    fi >"$TEST_TMP/server.log" 2>&1 </dev/null
}
# Not every server comes with pg_basebackup: its files are copied while it is down.
server() { as_server "$bin/pg_ctl" -s -w -D "$data" -l "$socket/base/log" "$@"; }
server -m fast stop && as_server cp -a "$data" "$standby"
check_that 'there is a copy of the server'
server start
trap 'as_server "$bin/pg_ctl" -s -w -m immediate -D "$standby" stop; test_finish' EXIT
second=$((port + 1))
as_server touch "$standby/standby.signal"
{
    echo "port = $second"
    echo "primary_conninfo = 'host=$socket port=$port user=postgres'"
} >>"$standby/postgresql.conf"
as_server "$bin/pg_ctl" -s -w -D "$standby" -l "$socket/base/standby.log" start
check_that 'a standby runs'
replica="postgresql://postgres@/$TEST_DB?host=$socket&port=$second"
primary="postgresql://postgres@/$TEST_DB?host=$socket&port=$port"

# --- the standby alone -----------------------------------------------------------------------------------
DATABASE_URL=$replica
for command in 'upgrade head' 'downgrade base' 'stamp two' 'stamp --purge base'; do
    # shellcheck disable=SC2086 # words
    cmig_fails 69 $command
    expect_out_is </dev/null
    expect_err 'the database is read only' "$socket:$second/$TEST_DB" primary
    expect_no_err Running
    now_at one
done
cmig_ok current
expect_out_is <<'OUT'
one
OUT
cmig_ok current --json
expect_out '"is_at_head": false'
cmig_ok history --indicate-current
expect_out '(current)'
cmig_ok wait
expect_err_is </dev/null
cmig_fails 4 doctor
expect_out '! role: ' ' replica' 'connect to the primary server' 'current: ' ' one'
is "$(psql -XqAt -p "$second" -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" 0 'no lock is left'

# --- several hosts -----------------------------------------------------------------------------------------
DATABASE_URL="postgresql://postgres@/$TEST_DB?host=$socket,$socket&port=$second,$port"
cmig_ok upgrade head
now_at two
DATABASE_URL="$DATABASE_URL&target_session_attrs=any" cmig_fails 69 downgrade base
expect_err 'read only' target_session_attrs=read-write
PGTARGETSESSIONATTRS=any cmig_fails 69 downgrade base
now_at two
cmig_ok downgrade one
# None can be written to.
DATABASE_URL="postgresql://postgres@/$TEST_DB?host=$socket,/nonexistent&port=$second,$port"
cmig_fails 69 upgrade head
expect_err 'cannot connect' 'session is read-only'
now_at one

# --- made the primary while it is waited for -----------------------------------------------------------------
start_run wait
sleep 0.3
as_server "$bin/pg_ctl" -s -w -D "$standby" promote
end_run
is "$TEST_STATUS" 0 'a server that becomes the primary'
expect_err 'Waiting: ' 'read-only' 'Ready after'
cmig_ok upgrade head
is "$(psql -XqAt -p "$second" -c 'SELECT version_num FROM alembic_version')" two 'it is the primary now'
DATABASE_URL=$primary cmig_ok current
expect_out_is <<'OUT'
one
OUT
done_testing
