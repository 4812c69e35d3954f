#!/bin/sh
# Behind PgBouncer: in transaction mode a run is refused and leaves nothing behind, a look works, and
# direct_url makes the same configuration work; in session mode session_pooler: true does.
. "$(dirname "$0")/lib.sh"
. "$TEST_ROOT/tests/cli/lib-runs.sh"
only_for pg

line_of_revisions one two
socket=$PGHOST
port=$PGPORT
direct=$TEST_URL

# --- two poolers, run by an account that is not root -------------------------------------------------
folder=$(mktemp -d /tmp/cmig-pool.XXXXXX)
account=$(id -un)
if [ "$(id -u)" -eq 0 ]; then
    account=nobody
    ! id postgres >/dev/null 2>&1 || account=postgres
    chown "$account" "$folder"
    chmod 755 "$folder"
fi
poolers=
trap 'kill $poolers 2>/dev/null; rm -rf "$folder"; test_finish' EXIT
# pooler MODE PORT
pooler() {
    cat >"$folder/$1.ini" <<CONF
[databases]
* = host=$socket port=$port user=postgres
[pgbouncer]
listen_addr =
listen_port = $2
unix_socket_dir = $folder
auth_type = any
pool_mode = $1
default_pool_size = 4
logfile = $folder/$1.log
CONF
    chmod 644 "$folder/$1.ini"
    set -- pgbouncer -q "$folder/$1.ini" "$folder/.s.PGSQL.$2"
    if [ "$(id -u)" -eq 0 ]; then
        set -- "$@" setpriv --reuid "$account" --regid "$(id -g "$account")" --clear-groups
    fi
    pooler_socket=$4
    ini=$3
    shift 4
    PATH=$PATH:/usr/sbin "$@" pgbouncer -q "$ini" >"$TEST_TMP/pooler" 2>&1 &
    poolers="$poolers $!"
    within 10 test -S "$pooler_socket"
    check_that "$ini: PgBouncer runs"
}
pooler transaction 6433
pooler session 6434
through() { echo "postgresql://postgres@/$TEST_DB?host=$folder&port=$1"; }
locks() {
    psql -XqAt -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database =
        (SELECT oid FROM pg_database WHERE datname = current_database())"
}
# What a refused run leaves: nothing.
untouched() {
    is "$(locks)" 0 'no lock is left on a server connection'
    is "$(tables)" "${1-}" 'nothing was written'
}

# --- transaction mode ----------------------------------------------------------------------------------
DATABASE_URL=$(through 6433)
for _ in 1 2; do
    cmig_fails 69 upgrade head
    expect_out_is </dev/null
    expect_err 'connection pooler' direct_url DIRECT_URL session_pooler
    expect_no_err Running
    untouched
done
cmig_fails 69 stamp head
untouched
cmig_fails 69 downgrade base
untouched
# A look needs no session.
cmig_ok current
expect_out_is </dev/null
cmig_fails 4 doctor
expect_out '! pooler: ' 'switches sessions' 'set direct_url' 'current: '
untouched

# The same configuration with a direct URL.
# shellcheck disable=SC2016 # cmig expands it
echo 'direct_url: ${DIRECT_URL:-}' >alembic.yml
DIRECT_URL=$direct cmig_ok upgrade head
expect_err "Database: postgres@$socket:$port/$TEST_DB (PostgreSQL "
now_at two
untouched 'alembic_version one two'
# Over the pooler the rows are the same.
cmig_ok current
expect_out_is <<'OUT'
two (head)
OUT
DIRECT_URL=$direct cmig_ok --json downgrade base
expect_out "$socket:$port"
expect_no_out "$folder"
DIRECT_URL='' cmig_fails 69 upgrade head
# As a literal, with DATABASE_URL set all the same.
echo "direct_url: $direct" >alembic.yml
cmig_ok upgrade head
now_at two
# The flag is for this run.
cmig_fails 69 --database-url "$(through 6433)" downgrade base
now_at two
cmig_ok downgrade base
# In production the direct URL must be given, as any.
# shellcheck disable=SC2016
echo "direct_url: \${DIRECT_URL:-$direct}" >alembic.yml
cmig_ok upgrade head
CONFIRM_PRODUCTION_MIGRATION=true cmig_fails 78 --environment production downgrade base
expect_err 'fell back to its default'
now_at two
DIRECT_URL=sqlite:///other.db cmig_fails 78 downgrade base
expect_err 'direct URL is of sqlite'
now_at two
cmig_ok downgrade base
rm alembic.yml

# --- session mode ----------------------------------------------------------------------------------------
DATABASE_URL=$(through 6434)
cmig_fails 69 upgrade head
expect_err session_pooler
untouched alembic_version
echo 'session_pooler: true' >alembic.yml
for _ in 1 2; do
    cmig_ok upgrade head
    now_at two
    untouched 'alembic_version one two'
    cmig_ok downgrade base
    untouched alembic_version
done
# The lock is held as long as the run lasts: another run waits for it.
revision_file slow two <<'SQL'
-- cmig:upgrade
SELECT pg_sleep(2);
CREATE TABLE slow (id integer);
SQL
start_run upgrade head
within 5 sql_says "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()" 1
check_that 'a run is going on'
CMIG_LOCK_TIMEOUT=300ms cmig_fails 75 upgrade head
expect_err 'another run holds the migration lock'
end_run
is "$TEST_STATUS" 0 'that run ends well'
now_at slow
untouched 'alembic_version one slow two'
# A direct connection is a session too.
DATABASE_URL=$direct cmig_ok current
expect_out_is <<'OUT'
slow (head)
OUT
DATABASE_URL=$direct cmig_ok stamp two
done_testing
