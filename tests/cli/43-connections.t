#!/bin/sh
# Ways to a PostgreSQL server, and what is said when there is none: refused, wrong database, wrong
# password, several hosts, service files, PG* variables, read-only servers, servers that are none.
# A cluster of its own, because its access rules are changed.
[ "${CMIG_TEST_DB:-sqlite}" != pg ] || unset PGHOST PGPORT PGUSER
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"
only_for pg

CMIG_CANARY=hunter2canary
line_of_revisions one two

# reach URL: current and an upgrade and downgrade work over it.
reach() {
    DATABASE_URL=$1 cmig_ok upgrade head
    now_at two
    DATABASE_URL=$1 cmig_ok current
    expect_out_is <<'OUT'
two (head)
OUT
    DATABASE_URL=$1 cmig_ok downgrade base
    now_at -
}
# cannot STATUS URL TEXT…: no command that needs it works, and nothing changes.
cannot() {
    cannot_status=$1
    cannot_url=$2
    shift 2
    for cannot_command in 'upgrade head' current; do
        # shellcheck disable=SC2086
        DATABASE_URL=$cannot_url cmig_fails "$cannot_status" $cannot_command
        expect_out_is </dev/null
        expect_err 'cmig: error: ' "$@"
        is "$(grep -c '^cmig: error: ' "$TEST_ERR")" 1 'one error'
    done
}
socket=$PGHOST
port=$PGPORT
encoded=$(printf '%s' "$socket" | sed 's,/,%2F,g')

# --- ways that lead there ---------------------------------------------------------------------------
reach "$TEST_URL"
reach "postgresql://postgres@$encoded:$port/$TEST_DB"
reach "postgres://postgres@$encoded:$port/$TEST_DB"
reach "postgresql+asyncpg:///$TEST_DB?host=$socket&port=$port&user=postgres"
reach "postgresql+psycopg2:///$TEST_DB?host=$socket&port=$port&user=postgres"
# PG* variables alone.
PGHOST=$socket PGPORT=$port PGUSER=postgres PGDATABASE=$TEST_DB
export PGHOST PGPORT PGUSER PGDATABASE
reach postgresql://
reach postgresql:///
# A service file, and nothing else.
cat >service.conf <<CONF
[ours]
host=$socket
port=$port
user=postgres
dbname=$TEST_DB
CONF
(
    unset PGHOST PGPORT PGUSER PGDATABASE
    PGSERVICEFILE=$PWD/service.conf DATABASE_URL='postgresql:///?service=ours' "$CMIG" upgrade head
) >"$TEST_OUT" 2>"$TEST_ERR" </dev/null
TEST_STATUS=$?
test_judge 0 'upgrade over a service file'
now_at two
(
    unset PGHOST PGPORT PGUSER PGDATABASE
    PGSERVICEFILE=$PWD/service.conf PGSERVICE=ours DATABASE_URL='postgresql://' "$CMIG" downgrade base
) >"$TEST_OUT" 2>"$TEST_ERR" </dev/null
TEST_STATUS=$?
test_judge 0 'downgrade over PGSERVICE'
now_at -
# The first of several hosts is dead.
reach "postgresql:///$TEST_DB?host=127.0.0.1,$socket&port=1,$port&user=postgres"
reach "postgresql:///$TEST_DB?host=/nonexistent,$socket&port=$port,$port&user=postgres"

# --- ways that do not ---------------------------------------------------------------------------------
secret=$CMIG_CANARY
cannot 69 "postgresql://postgres:$secret@127.0.0.1:1/$TEST_DB" 127.0.0.1
cannot 69 "postgresql://postgres:$secret@127.0.0.1:1,127.0.0.1:2/$TEST_DB" 127.0.0.1
cannot 69 "postgresql://postgres:$secret@/$TEST_DB?host=/nonexistent" nonexistent
cannot 69 "postgresql://postgres:$secret@nowhere.invalid/$TEST_DB" nowhere.invalid
cannot 69 "postgresql://postgres:$secret@/no_such_db?host=$socket&port=$port" no_such_db
cannot 69 "postgresql://no_such_role:$secret@/$TEST_DB?host=$socket&port=$port" no_such_role
# A service that no file defines.
PGSERVICEFILE=$PWD/service.conf cmig_any '69 78' --database-url 'postgresql:///?service=theirs' current
expect_err theirs

# --- passwords ------------------------------------------------------------------------------------------
sql "CREATE ROLE guarded LOGIN SUPERUSER PASSWORD '$secret'" >/dev/null
hba=$socket/base/data/pg_hba.conf
{ echo 'local all guarded scram-sha-256'; cat "$hba"; } >hba.new
cat hba.new >"$hba"
sql 'SELECT pg_reload_conf()' >/dev/null
guarded_is_guarded() { ! psql -XqAt -w -U guarded -c 'SELECT 1' </dev/null; }
within 10 guarded_is_guarded
check_that 'the server wants a password'
reach "postgresql://guarded:$secret@/$TEST_DB?host=$socket&port=$port"
PGPASSWORD=$secret
export PGPASSWORD
reach "postgresql://guarded@/$TEST_DB?host=$socket&port=$port"
unset PGPASSWORD
(umask 077; echo "*:*:*:guarded:$secret" >pass)
PGPASSFILE=$PWD/pass
export PGPASSFILE
reach "postgresql://guarded@/$TEST_DB?host=$socket&port=$port"
unset PGPASSFILE
cannot 69 "postgresql://guarded:x$secret@/$TEST_DB?host=$socket&port=$port" password
cannot 69 "postgresql://guarded@/$TEST_DB?host=$socket&port=$port" password
# Special characters, as a URL has to write them.
sql "ALTER ROLE guarded PASSWORD 'p@ss/w:%#?&${secret}é'" >/dev/null
reach "postgresql://guarded:p%40ss%2Fw%3A%25%23%3F%26${secret}%C3%A9@/$TEST_DB?host=$socket&port=$port"
is "$(grep -c "$secret" "$TEST_ERR")" 0 'no secret on standard error'

# --- read only --------------------------------------------------------------------------------------------
cmig_ok upgrade one
sql "ALTER DATABASE $TEST_DB SET default_transaction_read_only = on"
cmig_fails 69 upgrade head
expect_out_is </dev/null
expect_err 'read only'
# Known before the first step, not by its failure.
expect_no_err 'Running upgrade'
cmig_fails 69 downgrade base
expect_err 'read only'
cmig_fails 69 stamp two
cmig_ok current
expect_out_is <<'OUT'
one
OUT
psql -XqAt -d postgres -c "ALTER DATABASE $TEST_DB RESET default_transaction_read_only"
now_at one
is "$(tables)" 'alembic_version one' 'nothing changed'

# The server looks whether cmig is still there, in a transaction and outside of one; from 14 on.
interval=''
! server_has 140000 || interval=2s
revision_file watched one <<'SQL'
-- cmig:upgrade transaction=off
CREATE TABLE watched_outside AS SELECT current_setting('client_connection_check_interval', true) AS setting;
SQL
revision_file inside watched <<'SQL'
-- cmig:upgrade
CREATE TABLE watched_inside AS SELECT current_setting('client_connection_check_interval', true) AS setting;
SQL
cmig_ok upgrade inside
is "$(sql 'SELECT * FROM watched_outside')" "$interval" 'statements outside of a transaction are watched'
is "$(sql 'SELECT * FROM watched_inside')" "$interval" 'transactions are watched'
rm migrations/versions/watched.sql migrations/versions/inside.sql
sql 'DROP TABLE watched_inside; DROP TABLE watched_outside' "UPDATE alembic_version SET version_num = 'one'"

# A role without rights is told so before anything runs.
sql 'CREATE ROLE weak LOGIN' >/dev/null
DATABASE_URL="postgresql://weak@/$TEST_DB?host=$socket&port=$port" cmig_fails 1 upgrade head
expect_err 'weak lacks SELECT on the table' 42501 'as the owner: GRANT SELECT ON ' \
    'needs SELECT, INSERT, UPDATE, DELETE'
now_at one
cmig_ok downgrade base

# --- servers that are none ----------------------------------------------------------------------------------
mkdir fake
fake() { # MODE
    perl "$here/pg-fake.pl" "$PWD/fake/.s.PGSQL.5432" "$1" &
    fake=$!
    within 10 test -S fake/.s.PGSQL.5432
}
fake_end() {
    kill "$fake"
    wait "$fake" 2>/dev/null
    rm -f fake/.s*
}
url="postgresql://postgres:$secret@/x?host=$PWD/fake&port=5432"
for mode in close http error huge; do
    fake "$mode"
    CMIG_TEST_TIMEOUT=20 cannot 69 "$url&connect_timeout=3"
    is "$(LC_ALL=C tr -d '\n\040-\176\200-\377' <"$TEST_ERR" | wc -c | tr -d ' ')" 0 "$mode: no control characters"
    fake_end
done
fake silent
started=$(date +%s)
CMIG_TEST_TIMEOUT=20 cannot 69 "$url&connect_timeout=2"
pass_if 'a silent server is given up after connect_timeout' test "$(($(date +%s) - started))" -le 12
# Ctrl-C while connecting.
DATABASE_URL="$url&connect_timeout=30"
start_run upgrade head
sleep 1
kill -INT "$runner"
CMIG_TEST_TIMEOUT=5 end_run
test_judge 130 'SIGINT while connecting'
DATABASE_URL=$TEST_URL
fake_end

# --- behind a transaction pooler the lock would be anybody's -----------------------------------------------
mkdir proxy
perl "$here/pg-proxy.pl" "$PWD/proxy/.s.PGSQL.$port" "$socket/.s.PGSQL.$port" "$PWD/proxy/report" pid &
proxy=$!
within 10 test -S "proxy/.s.PGSQL.$port"
DATABASE_URL="postgresql:///$TEST_DB?host=$PWD/proxy&port=$port&user=postgres" cmig_any '69 78' upgrade head
expect_err pool direct
now_at -
kill "$proxy"
wait "$proxy" 2>/dev/null

done_testing
