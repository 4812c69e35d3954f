#!/bin/sh
# Runs that do not come to their end: kill -9 at any moment, Ctrl-C, a server that ends the session.
# Afterwards version rows and schema agree, and the next run finishes.
# A cluster of its own: "no session is left" is about this test alone.
unset PGHOST PGPORT PGUSER
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

case $CMIG_TEST_DB in
pg)
    short='SELECT pg_sleep(0.03);'
    long='SELECT pg_sleep(60);'
    ;;
*)
    short='WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 60000) SELECT count(*) FROM c;'
    long='WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c;'
    ;;
esac

# k1 … kN, each a table, something that takes a moment, and a second table.
write_history() {
    start_over
    number=0
    before=null
    while [ "$number" -lt "$1" ]; do
        number=$((number + 1))
        name=k$(printf %03d "$number")
        revision_file "$name" "$before" <<SQL
-- cmig:upgrade
CREATE TABLE ${name}a (id integer PRIMARY KEY);
$2
CREATE TABLE ${name}b (id integer PRIMARY KEY);

-- cmig:downgrade
DROP TABLE ${name}a;
$2
DROP TABLE ${name}b;
SQL
        before=$name
    done
}

# Waits until nobody works in the database any more: a killed client's last message is still done.
settle() {
    [ "$CMIG_TEST_DB" != pg ] || within 30 no_sessions || echo '# a session is left'
}

# The tables that belong to the version row: all up to it, and only they.
expected_tables() {
    [ "$1" = - ] && last=0 || last=$(printf '%s' "$1" | sed 's/^k0*//')
    number=0
    echo alembic_version
    while [ "$number" -lt "$last" ]; do
        number=$((number + 1))
        printf 'k%03da\nk%03db\n' "$number" "$number"
    done
}
agree() {
    agree_tables=$(tables)
    case $agree_tables in
    '') agree_row=- agree_wanted='' ;;
    *)
        agree_row=$(rows)
        agree_wanted=$(expected_tables "$agree_row" | one_line)
        ;;
    esac
    is "$agree_tables" "$agree_wanted" "$1: row $agree_row and tables agree"
}

# --- kill -9 --------------------------------------------------------------------------------------
write_history 5 "$short"
for offset in 0.005 0.01 0.02 0.03 0.05 0.08 0.12 0.18 0.26; do
    one_in 2 || continue
    for command in 'upgrade head' 'downgrade base'; do
        # shellcheck disable=SC2086
        start_run $command
        sleep "$offset"
        kill -9 "$runner" 2>/dev/null
        end_run
        settle
        agree "$command killed after $offset s"
    done
    cmig_ok upgrade head
    agree "the run after it ($offset)"
    now_at k005
done
cmig_ok downgrade base
agree 'down to base'
[ "$CMIG_TEST_DB" = pg ] ||
    is "$(sqlite3 "$TEST_DB" 'PRAGMA integrity_check')" ok 'the file is whole'

# At the N-th of a system call, before it happens.
calls='sendto recvfrom poll'
[ "$CMIG_TEST_DB" = pg ] || calls='pwrite64 fdatasync fsync unlink ftruncate fcntl'
samples='1 3 8 17' # `make torture` has all
! full || samples='1 2 3 5 8 12 17 24'
write_history 3 ''
for call in $calls; do
    for nth in $samples; do
        case $CMIG_TEST_DB in
        pg) sql 'DROP SCHEMA public CASCADE; CREATE SCHEMA public' >/dev/null 2>&1 ;;
        *) rm -f "$TEST_DB" "$TEST_DB"-* ;;
        esac
        [ "$nth" -lt 8 ] || cmig_ok upgrade k001
        ASAN_OPTIONS=detect_leaks=0 timeout 30 strace -f -qq -o "$TEST_TMP/trace" -e "trace=$call" \
            -e "inject=$call:signal=SIGKILL:when=$nth" "$CMIG" upgrade head >"$TEST_OUT" 2>"$TEST_ERR" </dev/null
        traced=$?
        settle
        case $traced in
        0) now_at k003 "upgrade has no $call number $nth: it is done" ;;
        137) ok "upgrade killed at $call number $nth" ;;
        *)
            not_ok "upgrade killed at $call number $nth: $traced"
            show_call
            ;;
        esac
        agree "killed at $call number $nth"
        cmig_ok upgrade head
        agree "the run after it ($call $nth)"
        [ "$traced" -ne 0 ] || break
    done
done
[ "$CMIG_TEST_DB" = pg ] ||
    is "$(find "$TEST_TMP" -name 'test.db?*' | one_line)" '' 'no side file is left'

# --- Ctrl-C and termination inside a statement -----------------------------------------------------
sleepers="SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
# asleep: the long statement is being executed.
asleep() {
    case $CMIG_TEST_DB in
    pg) sql_says "$sleepers" 1 ;;
    *) grep -q 'Running upgrade k001 -> long' "$TEST_ERR" && sleep 0.3 ;;
    esac
}
write_long() {
    write_history 1 ''
    revision_file long k001 <<SQL
-- cmig:upgrade$1
CREATE TABLE gone (id integer);
$long
SQL
    LINE_FROM=long line_of_revisions after
}
for signal in INT TERM; do
    write_long ''
    start_run upgrade head
    within 20 asleep
    check_that "SIG$signal: the long statement runs"
    kill "-$signal" "$runner"
    started=$(date +%s%N)
    end_run
    took=$((($(date +%s%N) - started) / 1000000))
    [ "$CMIG_TEST_DB" != pg ] || is "$(sql "$sleepers")" 0 "SIG$signal: the statement is gone on the server"
    test_judge 130 "SIG$signal ends the run with 130"
    pass_if "SIG$signal: at once ($took ms)" test "$took" -lt 2000
    expect_out_is </dev/null
    expect_err 'cmig: error: ' '1 revision applied before this; the last one is k001.'
    settle
    now_at k001 "SIG$signal: nothing of the migration is applied"
    is "$(tables)" 'alembic_version k001a k001b' "SIG$signal: nothing of it is left"
done
# With transaction: all nothing is left at all, and nothing is said to be.
write_long ''
# shellcheck disable=SC2016
printf 'database_url: ${DATABASE_URL}\ntransaction: all\n' >alembic.yml
start_run upgrade head
within 20 asleep
kill -INT "$runner"
end_run
test_judge 130 'SIGINT with transaction: all'
expect_no_err 'applied before this'
settle
is "$(tables)" '' 'SIGINT with transaction: all leaves nothing'
rm alembic.yml

# --- between migrations -----------------------------------------------------------------------------
write_history 60 ''
for offset in 0.03 0.06 0.1 0.15; do
    start_run upgrade head
    sleep "$offset"
    kill -INT "$runner" 2>/dev/null
    end_run
    settle
    case $TEST_STATUS in
    0) now_at k060 "SIGINT after $offset s came too late" ;;
    130)
        agree "SIGINT after $offset s"
        case $(tables) in
        '') expect_no_err 'applied before this' ;;
        *) [ "$(rows)" = - ] || expect_err "the last one is $(rows)." ;;
        esac
        ;;
    *) test_judge 130 "SIGINT after $offset s" ;;
    esac
    # What was said and what is there: a row per line that says done.
    said=$(grep -c '^Running upgrade .* done (' "$TEST_ERR")
    there=0
    [ -z "$(tables)" ] || there=$(rows | sed 's/^-$/0/; s/^k0*//')
    is "$said" "$there" "SIGINT after $offset s: as many are reported as done as there are"
    cmig_ok upgrade head
    agree 'the run after it'
    cmig_ok downgrade base
done

# --- while waiting for the lock -----------------------------------------------------------------------
write_long ''
cmig_ok upgrade k001
case $CMIG_TEST_DB in
pg)
    "$CMIG" upgrade head >holder.out 2>holder.err </dev/null &
    holder=$!
    within 20 asleep
    ;;
*)
    mkfifo pipe
    sqlite3 -batch "$TEST_DB" <pipe >holder.out 2>&1 &
    holder=$!
    exec 4>pipe
    echo "BEGIN IMMEDIATE; SELECT 'held';" >&4
    within 10 grep -q held holder.out
    ;;
esac
start_run upgrade head
sleep 1
kill -INT "$runner"
end_run
test_judge 130 'SIGINT while waiting for the lock'
now_at k001
kill -9 "$holder"
wait "$holder" 2>/dev/null
exec 4>&-

if [ "$CMIG_TEST_DB" = sqlite ]; then
    done_testing
    exit
fi
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()" >/dev/null
settle

# --- the server ends the session -------------------------------------------------------------------------
lost() { # NAME COMMAND…: COMMAND ends the session while the long statement runs.
    lost_name=$1
    shift
    write_long "${lost_section:-}"
    start_run upgrade head
    within 20 asleep
    "$@"
    end_run
    case $TEST_STATUS in
    3 | 69) ok "$lost_name: status $TEST_STATUS" ;;
    *) test_judge 3 "$lost_name: status 3 or 69" ;;
    esac
    expect_err 'cmig: error: ' '1 revision applied before this; the last one is k001.'
    expect_no_err 'Running upgrade long'
    within 30 sql_says 'SELECT 1' 1
    settle
}
backend() { sql "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"; }
terminate() { sql "SELECT pg_terminate_backend($(backend))" >/dev/null; }
cancel() { sql "SELECT pg_cancel_backend($(backend))" >/dev/null; }
slay() { kill -9 "$(backend)"; }
lost 'terminated by an administrator' terminate
now_at k001
is "$(tables)" 'alembic_version k001a k001b' 'nothing of the migration is left'
lost 'the server process crashes' slay
now_at k001
is "$(tables)" 'alembic_version k001a k001b' 'nothing of the migration is left'
# Cancelled by someone else: the server's verdict is known.
write_long ''
start_run upgrade head
within 20 asleep
cancel
end_run
case $TEST_STATUS in
1 | 75) ok "cancelled by an administrator: status $TEST_STATUS" ;;
*) test_judge 1 'cancelled by an administrator' ;;
esac
expect_err long 57014
now_at k001
# Outside a transaction the statements before it stay.
lost_section=' transaction=off'
lost 'terminated in a section without a transaction' terminate
is "$TEST_STATUS" 3 'partly applied is status 3'
now_at k001
is "$(tables)" 'alembic_version gone k001a k001b' 'the statement before it stays'

# --- the answer to COMMIT never arrives ---------------------------------------------------------------------
mkdir proxy
for cut in 4 5; do
    write_history 3 ''
    perl "$here/pg-proxy.pl" "$PWD/proxy/.s.PGSQL.$PGPORT" "$PGHOST/.s.PGSQL.$PGPORT" "$PWD/proxy/report" "cut=$cut" &
    proxy=$!
    within 10 test -S "proxy/.s.PGSQL.$PGPORT"
    DATABASE_URL="postgresql:///$TEST_DB?host=$PWD/proxy&port=$PGPORT&user=$PGUSER" cmig_ok upgrade head
    expect_err 'connection lost' 'it was committed'
    settle
    agree "the answer number $cut is lost"
    kill "$proxy"
    wait "$proxy" 2>/dev/null
    rm -f proxy/.s*
    cmig_ok upgrade head
    agree 'the run after it'
    now_at k003
done

# --- and nobody answers any more ----------------------------------------------------------------------------
# Ctrl-C ends the wait for a server that takes the connection and says nothing, and so does time.
for end in interrupted 'cannot connect'; do
    write_history 3 ''
    perl "$here/pg-proxy.pl" "$PWD/proxy/.s.PGSQL.$PGPORT" "$PGHOST/.s.PGSQL.$PGPORT" "$PWD/proxy/report" mute=4 &
    proxy=$!
    within 10 test -S "proxy/.s.PGSQL.$PGPORT"
    through="postgresql:///$TEST_DB?host=$PWD/proxy&port=$PGPORT&user=$PGUSER"
    [ "$end" = interrupted ] || through="$through&connect_timeout=2"
    start_run --database-url "$through" --lock-timeout 500ms upgrade head
    within 20 grep -q 'connecting again' "$TEST_ERR"
    check_that 'the connection is lost'
    started=$(date +%s%N)
    if [ "$end" = interrupted ]; then
        sleep 0.5
        kill -INT "$runner"
    fi
    end_run
    took=$((($(date +%s%N) - started) / 1000000))
    test_judge 3 'what became of it is not known'
    pass_if "it ends soon ($took ms)" test "$took" -lt 4000
    expect_out_is </dev/null
    expect_err "it could not be found out: $end"
    kill "$proxy"
    wait "$proxy" 2>/dev/null
    rm -f proxy/.s*
    settle
    agree 'nobody answers'
    cmig_ok upgrade head
    now_at k003
done

done_testing
