#!/bin/sh
# A throw-away PostgreSQL cluster for tests: socket only, no fsync, gone with its folder.
#   eval "$(tests/pg.sh start DIR)"    creates and starts it, prints the environment of a client
#   tests/pg.sh stop DIR               stops it and removes DIR
# CMIG_TEST_PG_BIN is the folder of another server's programs.
# TCP is off unless CMIG_TEST_PG_LISTEN names an address (port in CMIG_TEST_PG_PORT).
# The server runs as `postgres` or `nobody` when the caller is root. DIR/log has every statement.
set -eu

fail() {
    echo "pg.sh: $*" >&2
    exit 1
}

# The newest server that is installed, or the one on the path.
find_bin() {
    if [ -n "${CMIG_TEST_PG_BIN:-}" ]; then
        echo "$CMIG_TEST_PG_BIN"
        return
    fi
    # shellcheck disable=SC2012 # version numbers; sort -V needs lines
    bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [ -x "$bin/initdb" ] || bin=$(pg_config --bindir 2>/dev/null || true)
    [ -x "$bin/initdb" ] || bin=$(dirname "$(command -v initdb || echo /nonexistent/initdb)")
    [ -x "$bin/initdb" ] || fail "no PostgreSQL server found (initdb); install postgresql"
    echo "$bin"
}

# The account that runs the server: PostgreSQL refuses root.
find_account() {
    if [ "$(id -u)" -ne 0 ]; then
        id -un
    elif id postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

as_account() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u "$account" -- "$@")
    else
        "$@"
    fi
}

# Shows a log and leaves nothing behind.
abandon() {
    cat "$1" >&2
    rm -rf "$socket"
    fail "$2"
}

start() {
    [ ! -e "$dir/data" ] || fail "$dir has a cluster already"
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    # A socket path has room for about 100 bytes, and the server must be able to enter it.
    socket=$(mktemp -d /tmp/cmig-pg.XXXXXX)
    base=$socket/base
    mkdir "$base"
    echo "$socket" >"$dir/socket"
    if [ "$(id -u)" -eq 0 ]; then
        chown "$account" "$socket" "$base"
        chmod 755 "$socket"
    fi
    as_account "$bin/initdb" --no-sync -A trust -U postgres -E UTF8 --locale=C -D "$base/data" \
        >"$dir/initdb.log" 2>&1 || abandon "$dir/initdb.log" "initdb failed"
    # DIR may be closed to the server's account; everything of its own lies beside the socket.
    # One account needs a password, to test logins that fail.
    hba=$base/data/pg_hba.conf
    { echo "local all needs_password scram-sha-256" && cat "$hba"; } >"$base/hba"
    cat "$base/hba" >"$hba"
    ln -s "$base/data" "$dir/data"
    ln -s "$base/log" "$dir/log"
    port=${CMIG_TEST_PG_PORT:-5432}
    cat >>"$base/data/postgresql.conf" <<CONF
listen_addresses = '${CMIG_TEST_PG_LISTEN:-}'
port = $port
unix_socket_directories = '$socket'
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off # its locks, at moments of its own, make a run wait and ask again
max_connections = 120
log_statement = all
password_encryption = 'scram-sha-256'
log_line_prefix = '%p %a '
CONF
    as_account "$bin/pg_ctl" -s -w -t 60 -D "$base/data" -l "$base/log" start >&2 ||
        abandon "$base/log" "the server does not start"
    echo "export PGHOST='$socket' PGPORT='$port' PGUSER='postgres' PGDATABASE='postgres'"
    echo "export CMIG_TEST_PG='host=$socket port=$port user=postgres dbname=postgres'"
}

stop() {
    [ -f "$dir/socket" ] || fail "$dir has no cluster"
    socket=$(cat "$dir/socket")
    case $socket in
    /tmp/cmig-pg.*) ;;
    *) fail "$dir/socket is damaged" ;;
    esac
    as_account "$bin/pg_ctl" -s -w -m immediate -D "$socket/base/data" stop >&2 ||
        echo "pg.sh: the server had stopped already" >&2
    rm -rf "$socket" "$dir"
}

[ $# -eq 2 ] || fail "usage: pg.sh start|stop DIR"
dir=$2
bin=$(find_bin)
account=$(find_account)
case $1 in
start) start ;;
stop) stop ;;
*) fail "usage: pg.sh start|stop DIR" ;;
esac
