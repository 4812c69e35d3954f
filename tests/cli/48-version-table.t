#!/bin/sh
# States of the version table that no migration leads to: said exactly, mended by `stamp --purge`
# alone. And standard streams that are closed, which must not take the place of a connection.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

make_log_table
make_graph <<'GRAPH'
aaaa1
bbbb2 : aaaa1
cccc3 : bbbb2
GRAPH
cmig_ok upgrade aaaa1

# --- the same row twice -------------------------------------------------------------------------
sql 'DROP TABLE alembic_version; CREATE TABLE alembic_version (version_num varchar(32))' >/dev/null
at aaaa1 aaaa1
for call in 'upgrade head' 'downgrade base' 'stamp bbbb2' current 'history -i'; do
    # shellcheck disable=SC2086  # words
    cmig_fails 1 $call
    expect_err 'the version table holds aaaa1 more than once'
    expect_err 'stamp --purge'
done
now_at 'aaaa1 aaaa1' 'duplicate rows are left alone'
is "$(logged)" - 'and nothing ran'
cmig_ok stamp --purge bbbb2
now_at bbbb2 '--purge leaves what was asked for'
cmig_ok upgrade head
now_at cccc3
is "$(logged)" '+cccc3' 'what was missing ran, once'

# --- an empty row, and none ---------------------------------------------------------------------
for value in "''" NULL; do
    sql "DELETE FROM log; DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ($value)" \
        >/dev/null
    cmig_fails 1 upgrade head
    expect_err 'the version table holds an empty row'
    is "$(logged)" - "nothing ran with $value"
    cmig_ok stamp --purge aaaa1
    now_at aaaa1 "--purge replaces $value"
done

# --- states that no migration leads to ------------------------------------------------------------
# broken TEXT ROW…: every command that reads the rows says TEXT and changes nothing; --purge mends it.
broken() {
    broken_text=$1
    shift
    at "$@"
    broken_rows=$(rows)
    for call in 'upgrade head' 'downgrade base' 'stamp bbbb2' 'history -i' 'show current'; do
        # shellcheck disable=SC2086  # words
        cmig_fails 1 $call
        expect_out_is </dev/null
        expect_err "$broken_text"
        expect_err 'stamp --purge'
    done
    cmig_fails 1 current
    expect_err "$broken_text"
    now_at "$broken_rows" "left alone: $broken_text"
    is "$(logged)" - 'and nothing ran'
    cmig_fails 1 current --json
    expect_err "$broken_text"
    expect_out '"is_at_head": false'
    for broken_row; do expect_out "\"$broken_row\""; done
    cmig_ok stamp --purge bbbb2
    now_at bbbb2 "mended: $broken_text"
}
broken 'the database is at zzzz9, which no file here defines' zzzz9
broken 'the database is at yyyy8, zzzz9, which no file here defines' zzzz9 bbbb2 yyyy8
broken 'the version table holds cccc3 and its ancestor aaaa1' aaaa1 cccc3
at zzzz9 bbbb2
cmig_fails 1 current
expect_out_is <<'OUT'
bbbb2
OUT
expect_err 'older than the database' 'not merged' 'version_locations'
cmig_ok stamp --purge aaaa1

# --- another thing in its place -----------------------------------------------------------------
# place SETUP TEXT [HINT]: nothing takes what SETUP puts there for a version table, also not --purge.
place() {
    start_again
    sql "$1" >/dev/null
    place_before=$(dump_all)
    for call in current 'upgrade head' 'downgrade base' 'stamp aaaa1' 'stamp --purge aaaa1' 'history -i' \
        ensure-version; do
        # shellcheck disable=SC2086  # words
        cmig_fails 1 $call
        expect_out_is </dev/null
        expect_err "$2" 'hint: '
    done
    [ -z "${3:-}" ] || expect_err "$3"
    is "$(dump_all)" "$place_before" "nothing changed: $2"
}
# An empty database but for the log.
start_again() {
    case $CMIG_TEST_DB in
    pg) sql 'DROP SCHEMA public CASCADE; CREATE SCHEMA public' >/dev/null 2>&1 ;;
    *) rm -f "$TEST_DB" "$TEST_DB"-* ;;
    esac
    make_log_table
}
log_again='CREATE TABLE other (a integer)'
place 'CREATE TABLE alembic_version (id integer)' 'has no column version_num'
place 'CREATE TABLE alembic_version (version_num integer)' 'has a column version_num of type ' 'varchar(32)'
place "CREATE VIEW alembic_version AS SELECT 'aaaa1' AS version_num" 'a view of that name is in its place'
place "$log_again; CREATE INDEX alembic_version ON other (a)" 'an index of that name is in its place'
case $CMIG_TEST_DB in
pg)
    place "CREATE MATERIALIZED VIEW alembic_version AS SELECT 'aaaa1' AS version_num" 'a materialized view of that name'
    place 'CREATE SEQUENCE alembic_version' 'a sequence of that name'
    place 'CREATE TYPE alembic_version AS (version_num text)' 'a type of that name'
    place 'CREATE TABLE alembic_version (version_num text) PARTITION BY LIST (version_num)' 'a partitioned table of that name'
    place 'CREATE FOREIGN DATA WRAPPER none; CREATE SERVER none FOREIGN DATA WRAPPER none;
           CREATE FOREIGN TABLE alembic_version (version_num text) SERVER none' 'a foreign table of that name'
    sql 'DROP FOREIGN DATA WRAPPER none CASCADE' >/dev/null 2>&1
    ;;
*)
    place 'CREATE VIRTUAL TABLE alembic_version USING fts5(version_num)' 'a virtual table of that name'
    place 'CREATE TABLE alembic_version (version_num STRING)' 'of type STRING'
    ;;
esac

# --- tables that others made --------------------------------------------------------------------
# used COLUMNS: such a table is used as it is.
long=abcdefghijklmnopqrstuvwxyz012345 # 32 characters
make_graph <<GRAPH
aaaa1
$long : aaaa1
GRAPH
used() {
    start_again
    sql "CREATE TABLE alembic_version ($1)" >/dev/null
    cmig_ok upgrade aaaa1
    cmig_ok upgrade head
    now_at "$long" "used as it is: $1"
    cmig_ok current
    expect_out "$long (head)"
    cmig_ok downgrade base
    now_at - "and back to base: $1"
}
used 'version_num varchar(32) NOT NULL PRIMARY KEY'
used 'version_num varchar(255)'
used 'version_num text'
used 'version_num char(40)'
used "version_num text, at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, note text"
[ "$CMIG_TEST_DB" = pg ] || used 'id integer PRIMARY KEY, version_num varchar(32)'

start_again
sql 'CREATE TABLE alembic_version (version_num varchar(32), who text NOT NULL, "when" text NOT NULL)' >/dev/null
cmig_ok current
for call in 'upgrade head' 'stamp head' 'stamp --purge head' ensure-version; do
    # shellcheck disable=SC2086  # words
    cmig_fails 1 $call
    expect_err 'takes no new rows: it wants values for who, ' 'defaults'
done
is "$(logged)" - 'nothing ran'

case $CMIG_TEST_DB in
pg)
    start_again
    sql 'CREATE TABLE alembic_version (version_num varchar(12) NOT NULL)' >/dev/null
    cmig_fails 1 upgrade head
    expect_err "is too narrow for $long" 'character varying(12)' \
        'ALTER TABLE "public"."alembic_version" ALTER COLUMN version_num TYPE varchar(32)'
    is "$(logged)" - 'nothing ran, not even what would have fitted'
    cmig_fails 1 stamp head
    expect_err "is too narrow for $long"
    cmig_ok upgrade aaaa1
    now_at aaaa1 'what fits is taken'

    # Rights.
    sql 'CREATE ROLE cmig_reader LOGIN; GRANT USAGE ON SCHEMA public TO cmig_reader' >/dev/null
    owner=$DATABASE_URL
    DATABASE_URL="postgresql:///$TEST_DB?host=$PGHOST&port=$PGPORT&user=cmig_reader"
    cmig_fails 1 current
    expect_err 'cmig_reader lacks SELECT on the table' 'SQLSTATE 42501' \
        'as the owner: GRANT SELECT ON "public"."alembic_version" TO cmig_reader' \
        'a role that migrates needs SELECT, INSERT, UPDATE, DELETE'
    sql 'GRANT SELECT ON alembic_version TO cmig_reader' >/dev/null
    cmig_ok current
    expect_out aaaa1
    # What cannot be known for lack of rights is not said to be so.
    cmig_fails 4 check
    expect_err 'Not checked: applied-files: the user of the URL may not read the audit table'
    expect_no_err 'single-head, sections, downgrade, applied-files'
    cmig_ok history -i
    expect_err 'may not read the audit table'
    cmig_ok environment
    expect_out 'this user may not read what the database says'
    cmig_fails 1 audit list
    expect_err 'as the owner: GRANT SELECT ON "public"."cmig_audit" TO cmig_reader'
    cmig_fails 1 upgrade aaaa1
    expect_err 'as the owner: GRANT SELECT, INSERT ON "public"."cmig_audit" TO cmig_reader'
    sql 'GRANT SELECT ON cmig_audit TO cmig_reader' >/dev/null
    cmig_ok environment
    expect_no_out 'may not read'
    cmig_ok history -i
    expect_no_err 'may not read'
    cmig_ok upgrade aaaa1
    cmig_fails 1 stamp base
    expect_err 'cmig_reader lacks INSERT, UPDATE, DELETE on the table'
    sql 'REVOKE USAGE ON SCHEMA public FROM cmig_reader, PUBLIC' >/dev/null
    printf 'version_table_schema: public\n' >alembic.yml
    cmig_fails 1 current
    expect_err 'GRANT USAGE ON SCHEMA "public" TO cmig_reader'
    sql 'GRANT USAGE ON SCHEMA public TO cmig_reader; DROP TABLE alembic_version' >/dev/null
    cmig_ok current
    expect_no_out aaaa1
    cmig_fails 1 stamp head
    expect_err 'GRANT CREATE ON SCHEMA "public" TO cmig_reader'
    now_at_tables=$(tables)
    is "$now_at_tables" log 'and no table is made'
    DATABASE_URL=$owner
    sql 'DROP OWNED BY cmig_reader; DROP ROLE cmig_reader' >/dev/null
    rm alembic.yml

    # A temporary schema at the front of the search path is no place for the version table.
    sql "ALTER DATABASE $TEST_DB SET search_path = pg_temp, public" >/dev/null
    cmig_ok upgrade aaaa1
    sql "ALTER DATABASE $TEST_DB RESET search_path" >/dev/null
    is "$(sql "SELECT schemaname FROM pg_tables WHERE tablename = 'alembic_version'")" public 'the table lasts'
    ;;
esac

# --- very many rows -------------------------------------------------------------------------------
start_again
cmig_ok stamp aaaa1
case $CMIG_TEST_DB in
pg) sql "INSERT INTO alembic_version SELECT 'x' || n FROM generate_series(1, 1000000) n" >/dev/null ;;
*) sql "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000)
        INSERT INTO alembic_version SELECT 'x' || n FROM c" >/dev/null ;;
esac
CMIG_TEST_TIMEOUT=10
for call in current 'upgrade head' 'stamp head'; do
    # shellcheck disable=SC2086  # words
    cmig_fails 1 $call
    expect_err 'holds more than 10000 rows' 'stamp --purge'
done
CMIG_TEST_TIMEOUT=60
cmig_ok stamp --purge aaaa1
now_at aaaa1 '--purge clears a million rows'

# --- names --------------------------------------------------------------------------------------
# Hostile ones, quoted right; 63 bytes are the most.
long_name=n23456789_123456789_123456789_123456789_123456789_123456789_123
for name in 'Mixed Case' "x\";drop table log;--" "it's" 'höhe' select "$long_name"; do
    start_again
    quoted=$(printf '%s' "$name" | sed 's/"/""/g')
    printf "version_table: '%s'\n" "$(printf '%s' "$name" | sed "s/'/''/g")" >alembic.yml
    cmig_ok upgrade aaaa1
    cmig_ok upgrade head
    is "$(sql "SELECT version_num FROM \"$quoted\"")" "$long" "version_table: $name"
    cmig_ok downgrade base
    cmig_ok stamp --purge aaaa1
    cmig_ok current
    expect_out aaaa1
    is "$(sql "SELECT version_num FROM \"$quoted\"")" aaaa1 "stamped: $name"
done
if [ "$CMIG_TEST_DB" = sqlite ]; then
    # SQLite takes a name in any case, so the table and its records are the same.
    start_again
    rm -f alembic.yml
    cmig_ok upgrade aaaa1
    echo 'version_table: Alembic_VERSION' >alembic.yml
    cmig_ok upgrade head
    is "$(sql 'SELECT version_table, count(DISTINCT id) > 1 FROM cmig_audit GROUP BY 1')" 'alembic_version|1' \
        'another spelling of the version table: one chain of records'
    cmig_ok audit verify
    rm alembic.yml
    cmig_ok audit verify
fi
printf 'version_table: %s4\n' "$long_name" >alembic.yml
cmig_fails 78 current
expect_err 'version_table: must have at most 63 bytes' 'alembic.yml:1:'

# --- version_table_schema ------------------------------------------------------------------------
start_again
printf 'version_table_schema: "Ops;"\nversion_table_pk: false\n' >alembic.yml
case $CMIG_TEST_DB in
pg)
    for call in current 'upgrade head' 'stamp head' 'stamp --purge head' 'history -i'; do
        # shellcheck disable=SC2086  # words
        cmig_fails 78 $call
        expect_err 'the schema Ops; of the version table does not exist' 'cmig ensure-version'
    done
    is "$(logged)" - 'nothing ran'
    CMIG_ENV=production cmig_fails 77 ensure-version
    cmig_ok ensure-version
    cmig_ok ensure-version
    cmig_ok upgrade head
    is "$(sql 'SELECT version_num FROM "Ops;".alembic_version')" "$long" 'rows are in the schema'
    is "$(sql "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND conrelid = '\"Ops;\".alembic_version'::regclass")" 0 \
        'version_table_pk: false'
    sql 'DROP SCHEMA "Ops;" CASCADE; DELETE FROM log' >/dev/null 2>&1
    echo 'create_version_schema: true' >>alembic.yml
    cmig_ok current
    expect_out_is </dev/null
    is "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'Ops;'")" 0 'looking creates nothing'
    cmig_ok upgrade head
    is "$(sql 'SELECT version_num FROM "Ops;".alembic_version')" "$long" 'create_version_schema: true'
    is "$(logged)" "+aaaa1 +$long" 'both ran'
    ;;
*)
    cmig_ok upgrade head # SQLite has no schemas
    now_at "$long" 'version_table_schema is ignored'
    ;;
esac

# As the rest of the file has it.
rm alembic.yml
make_graph <<'GRAPH'
aaaa1
bbbb2 : aaaa1
cccc3 : bbbb2
GRAPH
start_again
cmig_ok stamp base

# --- closed standard streams --------------------------------------------------------------------
at
"$CMIG" upgrade head 2>&-
is $? 0 'a run with standard error closed'
now_at cccc3
is "$(logged)" '+aaaa1 +bbbb2 +cccc3' 'each revision ran once'
"$CMIG" downgrade base <&- 2>&-
is $? 0 'a run with standard input and error closed'
now_at -
"$CMIG" heads >&- 2>"$TEST_ERR"
is $? 1 'results that cannot be written are an error'

done_testing
