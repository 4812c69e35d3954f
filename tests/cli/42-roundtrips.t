#!/bin/sh
# How often a run waits for the server (PostgreSQL), counted by a proxy: two times besides the
# connection, once for what was applied when there is something to do, and once for each migration.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"
only_for pg

mkdir proxy
report=$PWD/proxy/report
perl "$here/pg-proxy.pl" "$PWD/proxy/.s.PGSQL.$PGPORT" "$PGHOST/.s.PGSQL.$PGPORT" "$report" &
proxy=$!
trap 'kill "$proxy"; test_finish' EXIT
within 10 test -S "proxy/.s.PGSQL.$PGPORT"
check_that 'the proxy listens'
direct=$DATABASE_URL
through="postgresql:///$TEST_DB?host=$PWD/proxy&port=$PGPORT&user=$PGUSER"

# count COMMAND…: the round trips of what the command sends through the proxy, in $trips.
count() {
    : >"$report"
    "$@"
    within 10 test -s "$report"
    trips=$(awk '{ sum += $1 } END { print sum + 0 }' "$report")
    connections=$(wc -l <"$report" | tr -d ' ')
}
via() {
    DATABASE_URL=$through "$@"
    via_status=$?
    DATABASE_URL=$direct
    return $via_status
}

# What a connection costs: a session with one query, less the query.
count psql -XqAt -h "$PWD/proxy" -c 'SELECT 1' >/dev/null
base=$((trips - 1))
pass_if "a connection takes round trips ($base)" test "$base" -ge 1

# trips_are EXTRA NAME: the last count is a connection and EXTRA.
trips_are() {
    is "$trips" "$((base + $1))" "$2: connection + $1 round trips"
    is "$connections" 1 "$2: one connection"
}

line_of_revisions r1 r2 r3 r4 r5 r6 r7 r8
# The first migration of all creates the version table on the way.
count via cmig_ok upgrade r1
pass_if "the first migration takes at most connection + 3 ($trips)" test "$trips" -le "$((base + 3))"
count via cmig_ok upgrade r2
trips_are 4 'one pending'
count via cmig_ok upgrade +1
trips_are 4 'one relative step'
count via cmig_ok upgrade head
trips_are 8 'five pending'
now_at r8
count via cmig_ok upgrade head
trips_are 2 'nothing to do'
expect_err 'Nothing to do.'
count via cmig_ok upgrade r3
trips_are 2 'an applied target'
count via cmig_ok downgrade r4
# A way back loses tables: their rows are estimated, then counted. They are estimated once more when
# somebody, such as autovacuum, holds a lock.
back_trips() { # NAME
    pass_if "$1: connection + 9 round trips, or one more ($trips)" \
        test "$((trips - base))" -ge 9 -a "$((trips - base))" -le 10
    is "$connections" 1 "$1: one connection"
}
back_trips 'four down'
now_at r4
count via cmig_ok downgrade r4
trips_are 2 'nothing to revert'
count via cmig_ok downgrade base
back_trips 'four more down'
now_at -

# A migration of many statements is still one.
{
    echo '-- cmig:upgrade'
    number=0
    while [ "$number" -lt 60 ]; do
        number=$((number + 1))
        echo "CREATE TABLE many$number (id integer PRIMARY KEY, text text);"
    done
    echo "INSERT INTO many1 SELECT n, repeat('x', 1000) FROM generate_series(1, 1000) n;"
} | revision_file m9 r8
cmig_ok upgrade r8
count via cmig_ok upgrade head
trips_are 4 'a migration of 61 statements'
now_at m9

count via cmig_ok current
expect_out_is <<'OUT'
m9 (head)
OUT
pass_if "current takes at most connection + 2 ($trips)" test "$trips" -le "$((base + 2))"
count via cmig_ok current --check-heads
pass_if "current --check-heads takes at most connection + 2 ($trips)" test "$trips" -le "$((base + 2))"
count via cmig_ok history -i
pass_if "history -i takes at most connection + 3 ($trips)" test "$trips" -le "$((base + 3))"
count via cmig_ok stamp r8
pass_if "stamp takes at most connection + 3 ($trips)" test "$trips" -le "$((base + 3))"

# Commands that need no database do not connect.
: >"$report"
via cmig_ok heads
via cmig_ok history
via cmig_ok show r1
sleep 0.3
is "$(cat "$report")" '' 'heads, history and show do not connect'

# With transaction: all the same work takes no more round trips than one for BEGIN or COMMIT.
# shellcheck disable=SC2016
printf 'database_url: ${DATABASE_URL}\ntransaction: all\n' >alembic.yml
sql 'DROP SCHEMA public CASCADE; CREATE SCHEMA public' 2>/dev/null
count via cmig_ok upgrade r8
pass_if "eight pending with transaction: all ($trips)" test "$trips" -le "$((base + 2 + 8 + 2))"
now_at r8

done_testing
