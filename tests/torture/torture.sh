#!/bin/sh
# Breaks a run at every point that there is, and looks what the next one finds.
#   tests/torture/torture.sh all      every point; minutes
#   tests/torture/torture.sh sample   some of each kind, for `make test`
# CMIG names the binary; a cluster of tests/pg.sh must be in the environment. A line for each sweep
# tells how many points were tried and how many failed; the last one is `N passed, M failed`.
# After each point: every revision is there whole with its row or not at all, or the audit table says
# how far it came; nothing else is lost; the next run ends at the head; status and message agree with
# the database; no lock is left; no secret is printed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
mode=${1:-all}
: "${CMIG:?}" "${CMIG_TEST_PG:?}"
work=$(mktemp -d) || exit 1
trap 'cd /; kill $proxies 2>/dev/null; dropdb --if-exists "$database" 2>/dev/null; rm -rf "$work"' EXIT
proxies=''
cd "$work" || exit 1
database=torture_$$
createdb "$database" || exit 1
export TZ=UTC LC_ALL=C.UTF-8
unset DATABASE_URL DIRECT_URL CMIG_ENV ENVIRONMENT APP_ENV
secret=canary-of-the-torture
passed=0
failed=0

# --- the runs -----------------------------------------------------------------------------------------
# files DIALECT: three revisions, one of each kind.
files() {
    rm -rf migrations
    mkdir -p migrations/versions
    before=null
    for name in r1 r2 r3; do
        printf -- '-- revision: %s\n-- down_revision: %s\n-- message: %s\n\n-- cmig:upgrade\n' "$name" "$before" "$name"
        case $1:$name in
        *:r1) printf 'CREATE TABLE r1a (i integer);\nCREATE TABLE r1b (i integer);\nINSERT INTO r1a VALUES (1);\n' ;;
        pg:r2) printf 'CREATE TABLE r2 (i integer);\nCOPY r2 FROM stdin;\n1\n2\n3\n\\.\nANALYZE r2;\n' ;;
        pg:r3) printf 'CREATE INDEX CONCURRENTLY r3_one ON r2 (i);\nCREATE INDEX CONCURRENTLY r3_two ON r1a (i);\n' ;;
        *:r2) printf 'CREATE TABLE r2 (i integer);\nINSERT INTO r2 VALUES (1), (2), (3);\n' ;;
        *:r3) printf 'CREATE INDEX r3_one ON r2 (i);\nVACUUM;\nCREATE INDEX r3_two ON r1a (i);\n' ;;
        esac
        before=$name
    done >all
    awk '/^-- revision: /{ name = $3 } { print > ("migrations/versions/" name ".sql") }' all
}

begin_pg() {
    psql -XqAt -d "$database" -c 'DROP SCHEMA public CASCADE' -c 'CREATE SCHEMA public' \
        -c "CREATE TABLE kept AS SELECT 'kept'::text AS what" >/dev/null 2>&1
}
begin_sqlite() {
    rm -f db db-*
    sqlite3 db "PRAGMA journal_mode = ${journal:-delete}; CREATE TABLE kept AS SELECT 'kept' AS what" >/dev/null
}
# What is there, on one line: rows, tables, rows of r2, indexes that work, what is kept, locks.
state_pg() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        left=$(psql -XqAt -d "$database" -c "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'cmig%' AND datname = current_database()")
        [ "$left" = 0 ] && break
        sleep 0.1
    done
    psql -XqAt -d "$database" -c "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') || ' locks, ' ||
      (SELECT string_agg(what, '') FROM kept) || ', tables: ' || coalesce((SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables
        WHERE tablename LIKE 'r_%' AND schemaname = 'public'), '')
      || ', indexes: ' || coalesce((SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid::regclass::text) FROM pg_index
        WHERE indexrelid::regclass::text LIKE 'r3%' AND indisvalid), '')"
    psql -XqAt -d "$database" -c 'SELECT version_num FROM alembic_version' 2>/dev/null
}
state_sqlite() {
    sqlite3 db "SELECT '0 locks, ' || (SELECT group_concat(what, '') FROM kept) || ', tables: ' || coalesce((SELECT group_concat(name, ' ') FROM
      (SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'r_%' ORDER BY 1)), '') || ', indexes: ' || coalesce((SELECT
      group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'r3%' ORDER BY 1)), '')"
    sqlite3 db 'SELECT version_num FROM alembic_version' 2>/dev/null
    sqlite3 db 'PRAGMA integrity_check' | grep -v '^ok$'
}
state() { "state_$kind" 2>&1 | tr '\n' ' ' | tr -s ' ' | sed 's/ *$//'; }
# url: with a password that nobody may see.
url() {
    case $kind in
    pg) echo "postgresql://$PGUSER:$secret@/$database?host=${1:-$PGHOST}&port=$PGPORT" ;;
    *) echo sqlite:///./db ;;
    esac
}
run() { DATABASE_URL=$(url "${through:-}") "$@" "$CMIG" upgrade head >out 2>&1 </dev/null; }

head_state='0 locks, kept, tables: r1a r1b r2, indexes: r3_one r3_two r3'

fail() {
    echo "  $*"
    sed 's/^/    /' out
    point_failed=1
}

# judge STATUS POINT: the oracle.
judge() {
    point_failed=0
    status=$1
    point=$2
    there=$(state)
    case $there in
    '0 locks, kept, tables: , indexes:' | '0 locks, kept, tables: r1a r1b, indexes: r1' | \
        '0 locks, kept, tables: r1a r1b r2, indexes: r2' | "$head_state") ;;
    '0 locks, kept, tables: r1a r1b r2, indexes: r3_'*' r2') ;;
    *) fail "$point: after status $status there is: $there" ;;
    esac
    case $status in
    0) [ "$there" = "$head_state" ] || fail "$point: status 0, but there is: $there" ;;
    1 | 3 | 69 | 75 | 130 | 137) ;;
    *) fail "$point: status $status" ;;
    esac
    said=$(sed -n 's/.*nothing of \(r[0-9]\) is applied.*/\1/p' out | head -1)
    case $said in ?*) case $there in *" $said") fail "$point: \"nothing of $said\", but there is: $there" ;; esac ;; esac
    ! grep -q "$secret" out || fail "$point: the secret is printed"
    [ "$status" = 0 ] || [ "$status" = 137 ] || [ -s out ] || fail "$point: status $status without a word"
    # The next run, undisturbed.
    through='' run env
    status=$?
    [ "$status" = 0 ] || fail "$point: the next run ends with $status"
    there=$(state)
    [ "$there" = "$head_state" ] || fail "$point: behind the next run there is: $there"
    left=$(find . -name '*-cmig-lock' -o -name '.cmig-*' -o -name 'db-journal')
    [ -z "$left" ] || fail "$point: left behind: $left"
    if [ "$point_failed" = 0 ]; then good=$((good + 1)); else bad=$((bad + 1)); fi
}

# sweep NAME: a new one. done_sweep: what came of it.
sweep() {
    sweep_name=$1
    good=0
    bad=0
}
done_sweep() {
    echo "$sweep_name: $((good + bad)) points tried, $bad failed"
    if [ $((good + bad)) = 0 ]; then
        echo "$sweep_name: no point was found"
        failed=$((failed + 1))
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
}
# chosen NUMBER OF: with `sample`, about OF of all points, evenly.
every=1
sampled=0
thin() { # POINTS WANTED
    every=1
    [ "$mode" = all ] || every=$((($1 + $2 - 1) / $2))
    [ "$every" -ge 1 ] || every=1
    sampled=0
}
chosen() {
    sampled=$((sampled + 1))
    [ $((sampled % every)) = 0 ] || [ "$every" = 1 ]
}

# calls COMMAND…: its system calls, `NAME COUNT` per line.
calls() {
    strace -f -qq -o trace "$@" >out 2>&1 </dev/null
    sed 's/^[0-9]* *//' trace | sed -n 's/^\([a-z][a-z0-9_]*\)(.*/\1/p' | sort | uniq -c | awk '{ print $2, $1 }'
}

# --- 1. killed at every system call ------------------------------------------------------------------------
kill_sweep() { # KIND NAME WANTED
    kind=$1
    sweep "killed at a system call, $2"
    files "$kind"
    "begin_$kind"
    DATABASE_URL=$(url) calls "$CMIG" upgrade head | grep -v '^execve ' >list
    [ "$(state)" = "$head_state" ] || { cat out; echo "$2: the undisturbed run fails"; failed=$((failed + 1)); }
    thin "$(awk '{ n += $2 } END { print n }' list)" "$3"
    while read -r call count; do
        number=0
        while [ $((number += 1)) -le "$count" ]; do
            chosen || continue
            "begin_$kind"
            run strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=SIGKILL:when=$number"
            judge $? "$call $number"
        done
    done <list
    done_sweep
}

# --- 2. the connection is cut at every message ----------------------------------------------------------------
proxy() { # SIDE AT AFTERWARDS
    mkdir -p proxy
    rm -f proxy/.s* report
    perl "$here/cut.pl" "$work/proxy/.s.PGSQL.$PGPORT" "$PGHOST/.s.PGSQL.$PGPORT" "$work/report" "$@" &
    proxies=$!
    while [ ! -S "proxy/.s.PGSQL.$PGPORT" ]; do sleep 0.02; done
}
end_proxy() {
    kill "$proxies" 2>/dev/null
    wait "$proxies" 2>/dev/null
    proxies=''
}
cut_sweep() { # SIDE AFTERWARDS WANTED
    kind=pg
    sweep "cut at a message of the $1, later connections: $2"
    files pg
    begin_pg
    proxy "$1" 0 serve
    through=$work/proxy run env || { cat out; echo 'the undisturbed run fails'; failed=$((failed + 1)); }
    state >/dev/null
    end_proxy
    messages=$(head -1 report)
    case $1 in client) messages=${messages% *} ;; *) messages=${messages#* } ;; esac
    thin "$messages" "$3"
    number=0
    while [ $((number += 1)) -le "$messages" ]; do
        chosen || continue
        begin_pg
        proxy "$1" "$number" "$2"
        through=$work/proxy run env CMIG_LOCK_TIMEOUT=2s
        status=$?
        end_proxy
        judge "$status" "message $number of the $1"
    done
    done_sweep
}

# --- 3. the server ends the session, or itself -------------------------------------------------------------------
terminate_sweep() { # POINTS
    kind=pg
    sweep 'the session is terminated'
    files pg
    # Slow enough to be hit.
    for name in r1 r2; do echo 'SELECT pg_sleep(0.15);' >>"migrations/versions/$name.sql"; done
    number=0
    while [ $((number += 1)) -le "$1" ]; do
        begin_pg
        run env CMIG_LOCK_TIMEOUT=5s &
        runner=$!
        sleep "$(awk -v n="$number" -v of="$1" 'BEGIN { printf "%.3f", 0.02 + 0.5 * n / of }')"
        psql -XqAt -d "$database" -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'cmig%'" >/dev/null
        wait "$runner"
        judge $? "terminated, $number of $1"
    done
    done_sweep
}

# --- 4. the disk is full, or broken ------------------------------------------------------------------------------------
disk_sweep() { # ERROR WANTED
    kind=sqlite
    sweep "SQLite with $1"
    files sqlite
    begin_sqlite
    DATABASE_URL=$(url) calls "$CMIG" upgrade head |
        grep -E '^(write|pwrite64|fsync|fdatasync|ftruncate|unlink|fallocate) ' >list
    thin "$(awk '{ n += $2 } END { print n }' list)" "$2"
    while read -r call count; do
        number=0
        while [ $((number += 1)) -le "$count" ]; do
            chosen || continue
            begin_sqlite
            run strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:error=$1:when=$number"
            status=$?
            judge "$status" "$call $number fails with $1"
        done
    done <list
    done_sweep
}
# A generated file is there whole, or not at all.
revision_sweep() { # WHAT INJECTION WANTED
    sweep "cmig revision, $1"
    kind=sqlite
    files sqlite
    DATABASE_URL=$(url) calls "$CMIG" revision -m new | grep -E '^(write|fsync|fdatasync|link|linkat|openat|close|unlink) ' >list
    sum=$(cat migrations/versions/r?.sql | cksum)
    thin "$(awk '{ n += $2 } END { print n }' list)" "$3"
    while read -r call count; do
        number=0
        while [ $((number += 1)) -le "$count" ]; do
            chosen || continue
            find migrations -type f ! -name 'r?.sql' -exec rm -f {} +
            point_failed=0
            strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:$2:when=$number" "$CMIG" revision -m new >out 2>&1 </dev/null
            status=$?
            new=$(find migrations -name '*_new.sql' | wc -l)
            [ "$(cat migrations/versions/r?.sql | cksum)" = "$sum" ] || fail "$call $number: another file has changed"
            [ "$status" != 0 ] || [ "$new" = 1 ] || fail "$call $number: status 0 and $new files"
            "$CMIG" heads >out 2>&1 || fail "$call $number: the folder cannot be read"
            [ "$new" = 0 ] || grep -q 'cmig:downgrade' migrations/versions/*_new.sql || fail "$call $number: half a file"
            [ "$status" = 137 ] || [ -z "$(find migrations -name '.cmig-*')" ] || fail "$call $number: a temporary file is left"
            if [ "$point_failed" = 0 ]; then good=$((good + 1)); else bad=$((bad + 1)); fi
        done
    done <list
    done_sweep
}

kill_sweep pg PostgreSQL 20
journal=delete kill_sweep sqlite 'SQLite with a rollback journal' 15
journal=wal kill_sweep sqlite 'SQLite with WAL' 10
cut_sweep client serve 6
cut_sweep server serve 12
cut_sweep client refuse 3
cut_sweep server refuse 5
if [ "$mode" = all ]; then terminate_sweep 30; else terminate_sweep 4; fi
disk_sweep ENOSPC 10
disk_sweep EIO 10
revision_sweep 'no space left' error=ENOSPC 6
revision_sweep killed signal=SIGKILL 6
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
