#!/bin/sh
# Where deployments run: a user without a name, terminals on which was typed too early, machines that
# have no process to spare, servers that end idle sessions.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-runs.sh"

case $CMIG_TEST_DB in
pg) name=$TEST_DB ;;
*) name=$(basename "$TEST_DB") ;;
esac
terminal=$TEST_ROOT/tests/cli/terminal.py
# What stands on the screen is in TEST_OUT afterwards.
asked() { # QUESTION ANSWER COMMAND…
    timeout 30 "$terminal" "$@" >"$TEST_OUT" 2>"$TEST_ERR" </dev/null
    TEST_STATUS=$?
}

# --- A user that is a number ------------------------------------------------------------------------
line_of_revisions r1 r2
if [ "$(id -u)" -eq 0 ]; then
    chmod -R a+rwX "$TEST_TMP"
    cp "$CMIG" cmig
    timeout 30 setpriv --reuid=54321 --regid=54321 --clear-groups env -u HOME "$PWD/cmig" upgrade r1 \
        >"$TEST_OUT" 2>"$TEST_ERR" </dev/null
    TEST_STATUS=$?
    test_judge 0 'upgrade by a user without a name'
    is "$(sql 'SELECT os_user FROM cmig_audit')" 'uid 54321' 'the log has the number'
else
    cmig_ok upgrade r1
fi
cmig_ok audit verify

# --- What is typed before the question --------------------------------------------------------------
echo 'environment: production' >alembic.yml
# shellcheck disable=SC2016
asked ready "$name\\n" sh -c 'echo ready; sleep 0.5; exec timeout --foreground --preserve-status 3 "$0" upgrade head' "$CMIG"
is "$TEST_STATUS" 130 'a name that was typed before the question confirms nothing'
expect_out "Type the name of the database ($name)" 'declined; nothing was changed'
now_at r1
asked 'go ahead:' "$name\\n" "$CMIG" upgrade head
is "$TEST_STATUS" 0 'typed at the question it does'
now_at r2
cmig_ok audit verify

# --- A time zone that is not there ------------------------------------------------------------------
# Freeze times would be those of UTC.
echo 'timezone: local' >>alembic.yml
for zone in UTC Etc/GMT-5 :Etc/GMT-5 CET-1CEST,M3.5.0,M10.5.0/3 ''; do TZ=$zone cmig_ok plan; done
TZ=Nowhere/Land cmig_fails 78 plan
expect_err 'alembic.yml:2:11: timezone: is local, and TZ names a time zone that is not known here'
sed -i '$d' alembic.yml
TZ=Nowhere/Land cmig_ok plan

# --- A record that cannot be written ----------------------------------------------------------------
# What the database says comes first: the table is as it was made.
revision_file slow r2 <<'SQL'
-- cmig:upgrade
CREATE TABLE r3 (n integer);
SQL
case $CMIG_TEST_DB in
pg)
    sql "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE disk_full; END'" \
        "CREATE TRIGGER no_room BEFORE INSERT ON cmig_audit FOR EACH ROW EXECUTE FUNCTION no_room()"
    why='SQLSTATE 53100'
    ;;
*)
    sql "CREATE TRIGGER no_room BEFORE INSERT ON cmig_audit BEGIN SELECT RAISE(ABORT, 'no room'); END"
    why='no room'
    ;;
esac
cmig_fails 1 upgrade head --confirm-production "$name"
expect_err 'writing the audit record: ' "$why"
now_at r2
case $CMIG_TEST_DB in
pg) sql 'DROP FUNCTION no_room() CASCADE' 2>/dev/null ;;
*)
    sql 'DROP TRIGGER no_room'
    # The limit holds for pipes, too, and not for cat.
    { (ulimit -f 0 && "$CMIG" upgrade head --confirm-production "$name" </dev/null 2>&1) || echo "status $?"; } | cat >"$TEST_OUT"
    expect_out 'writing the audit record: ' 'status 1'
    expect_no_out 'rules or triggers'
    now_at r2
    ;;
esac
cmig_ok audit verify

if [ "$CMIG_TEST_DB" = pg ]; then
    # --- No process for the parser ------------------------------------------------------------------
    # The plan is judged by its words, which is stricter, and says why.
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o /dev/null -e trace=socketpair -e inject=socketpair:error=EAGAIN \
        "$CMIG" plan >"$TEST_OUT" 2>"$TEST_ERR" </dev/null
    is "$?" 0 'a plan without the parser'
    expect_out 'cannot be judged' 'CREATE TABLE R3 (the parser did not start: Resource temporarily unavailable)'
    cmig_ok plan
    expect_no_out 'did not start'

    # --- A connection that is cut at the record of the confirmation -----------------------------------
    # Nothing is in doubt then: no revision was begun.
    here=$PWD
    mkdir proxy
    for trip in 3 4 5 6 7 8 9; do
        perl "$TEST_ROOT/tests/cli/pg-proxy.pl" "$here/proxy/.s.PGSQL.$PGPORT" "$PGHOST/.s.PGSQL.$PGPORT" "$here/proxy/report" "cut=$trip" &
        proxy=$!
        within 10 test -S "proxy/.s.PGSQL.$PGPORT"
        sql "TRUNCATE cmig_audit"
        test_call upgrade head --confirm-production "$name" \
            --database-url "postgresql:///$TEST_DB?host=$here/proxy&port=$PGPORT&user=$PGUSER"
        kill "$proxy"
        wait "$proxy" 2>/dev/null
        rm -f "proxy/.s.PGSQL.$PGPORT"
        [ "$(sql 'SELECT event FROM cmig_audit')" != confirmed ] || break
    done
    is "$TEST_STATUS" 69 'the confirmation is recorded, and its answer lost'
    expect_err 'lost while the confirmation was recorded' 'nothing else was done'
    now_at r2
    cmig_ok audit verify

    # --- A connection that has gone silent ------------------------------------------------------------
    revision_file silent r2 <<'SQL'
-- cmig:upgrade
CREATE TABLE silent (id integer);
SELECT pg_sleep(50);

-- cmig:downgrade
DROP TABLE silent;
SQL
    setsid perl "$TEST_ROOT/tests/cli/pg-proxy.pl" "$here/proxy/.s.PGSQL.$PGPORT" "$PGHOST/.s.PGSQL.$PGPORT" "$here/proxy/report" &
    proxy=$!
    within 10 test -S "proxy/.s.PGSQL.$PGPORT"
    CONFIRM_PRODUCTION_MIGRATION=true timeout -s KILL 40 "$CMIG" upgrade silent \
        --database-url "postgresql:///$TEST_DB?host=$here/proxy&port=$PGPORT&user=$PGUSER" >"$TEST_OUT" 2>"$TEST_ERR" </dev/null &
    runner=$!
    sleeps() { sql "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'" | grep -q 1; }
    within 10 sleeps
    kill -STOP "-$proxy"
    kill -TERM "$runner"
    wait "$runner"
    TEST_STATUS=$?
    kill -KILL "-$proxy"
    is "$TEST_STATUS" 3 'a signal ends a run whose server does not answer'
    expect_err 'it could not be found out: interrupted'
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'" >/dev/null
    now_at r2
    rm migrations/versions/silent.sql

    # --- A role that may not connect ------------------------------------------------------------------
    role=guest_$TEST_DB
    sql "CREATE ROLE $role LOGIN" "REVOKE CONNECT ON DATABASE $TEST_DB FROM PUBLIC"
    cmig_fails 69 current --database-url "postgresql:///$TEST_DB?host=$PGHOST&port=$PGPORT&user=$role"
    expect_err 'the server refuses the login' 'does not have CONNECT privilege' 'the right to CONNECT'
    sql "DROP ROLE $role"

    # --- The session ends while the question waits ----------------------------------------------------
    if [ "${test_server:-0}" -ge 140000 ]; then
        sql "ALTER DATABASE $TEST_DB SET idle_session_timeout = '500ms'"
        : >held
        asked --hold held 'go ahead:' "$name\\n" "$CMIG" upgrade head &
        runner=$!
        within 10 grep -q . held
        sleep 1.5
        rm held
        wait "$runner"
        sql "ALTER DATABASE $TEST_DB RESET idle_session_timeout"
        expect_out 'terminating connection due to idle-session timeout' 'run the command again'
        now_at r2
        cmig_ok audit verify
    fi
fi
done_testing
