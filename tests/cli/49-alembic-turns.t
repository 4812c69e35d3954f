#!/bin/sh
# Alembic and cmig take turns at one database: each goes on where the other stopped, also with a
# version_table_schema and without a primary key, and Alembic does not mind cmig_audit.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

python=python3
"$python" -c 'import alembic' 2>/dev/null || python=/usr/bin/python3
"$python" -c 'import alembic, psycopg2' 2>"$TEST_ERR"
check_that 'Alembic is installed (alembic, python3-psycopg2)'
mkfifo "$TEST_TMP/call" "$TEST_TMP/status"
"$python" -W ignore "$here/alembic-server.py" "$TEST_TMP" >"$TEST_TMP/server" 2>&1 </dev/null &
alembic_server=$!
# For reading too: a server that is gone must not keep anyone waiting.
exec 8<>"$TEST_TMP/call" 9<>"$TEST_TMP/status"

case $CMIG_TEST_DB in
pg) alchemy="postgresql+psycopg2:///$TEST_DB?host=$PGHOST&port=$PGPORT&user=$PGUSER" ;;
*) alchemy=$TEST_URL ;;
esac

make_graph <<'GRAPH'
aaaa1
bbbb2 : aaaa1
cccc3 : bbbb2
dddd4 : cccc3
eeee5 : dddd4
ffff6 : eeee5
GRAPH
mkdir -p theirs/versions
cat >theirs/env.py <<'PY'
import os
from alembic import context
import sqlalchemy as sa

engine = sa.create_engine(os.environ["ALCHEMY_URL"])
with engine.connect() as connection:
    context.configure(
        connection=connection,
        version_table_schema=os.environ.get("TURNS_SCHEMA") or None,
        version_table_pk=not os.environ.get("TURNS_SCHEMA"),
    )
    with context.begin_transaction():
        context.run_migrations()
PY
before=
for id in aaaa1 bbbb2 cccc3 dddd4 eeee5 ffff6; do
    cat >"theirs/versions/$id.py" <<PY
from alembic import op

revision = "$id"
down_revision = ${before:-None}


def upgrade():
    op.execute("INSERT INTO log (what) VALUES ('+$id')")


def downgrade():
    op.execute("INSERT INTO log (what) VALUES ('-$id')")
PY
    before="\"$id\""
done
cat >theirs.ini <<'INI'
[alembic]
script_location = theirs
INI
theirs() {
    printf '%s' "ALCHEMY_URL=$alchemy	TURNS_SCHEMA=${TURNS_SCHEMA:-}	-c	theirs.ini" >&8
    printf '\t%s' "$@" >&8
    echo >&8
    # shellcheck disable=SC2016
    theirs_status=$(timeout "$CMIG_TEST_TIMEOUT" sh -c 'read -r status <&9 && echo "$status"')
    if [ "$theirs_status" = 0 ]; then
        ok "alembic $*"
    else
        not_ok "alembic $*"
        cat "$TEST_TMP/server" "$TEST_ERR" | diag
    fi
}

# script FILE: runs what cmig wrote.
script() {
    case $CMIG_TEST_DB in
    pg) psql -Xq -v ON_ERROR_STOP=1 -f "$1" >"$TEST_OUT" 2>"$TEST_ERR" ;;
    *) sqlite3 -bail "$TEST_DB" <"$1" >"$TEST_OUT" 2>"$TEST_ERR" ;;
    esac
    check_that 'a script of cmig' || show_call
}

# turns TABLE: both ways, two steps each.
turns() {
    sql 'DELETE FROM log' >/dev/null
    theirs upgrade +2
    cmig_ok upgrade +2
    is "$(rows "$1")" dddd4 'cmig goes on behind Alembic'
    theirs upgrade +2
    cmig_ok current
    expect_out 'ffff6 (head)'
    cmig_ok downgrade -2
    theirs downgrade -2
    is "$(rows "$1")" bbbb2 'Alembic goes back behind cmig'
    theirs current
    expect_out bbbb2
    cmig_ok downgrade base
    cmig_ok upgrade bbbb2 --sql -o up.sql
    script up.sql
    theirs upgrade head
    cmig_ok upgrade head
    cmig_ok stamp bbbb2
    theirs stamp head
    is "$(rows "$1")" ffff6 'and both stamp'
    is "$(logged)" '+aaaa1 +bbbb2 +cccc3 +dddd4 +eeee5 +ffff6 -ffff6 -eeee5 -dddd4 -cccc3 -bbbb2 -aaaa1 +aaaa1 +bbbb2 +cccc3 +dddd4 +eeee5 +ffff6' 'each step once'
}

make_log_table
turns alembic_version
if [ "$CMIG_TEST_DB" = pg ]; then
    sql 'CREATE SCHEMA ops' >/dev/null
    printf 'version_table_schema: ops\nversion_table_pk: false\n' >alembic.yml
    export TURNS_SCHEMA=ops
    turns ops.alembic_version
    sql 'DROP SCHEMA ops CASCADE' >/dev/null 2>&1
    cmig_ok ensure-version # cmig's table first
    turns ops.alembic_version
fi

exec 8>&- 9>&-
wait "$alembic_server"
done_testing
