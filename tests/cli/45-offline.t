#!/bin/sh
# Offline mode: the script that --sql prints does what the run does, and nothing on another database.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-runs.sh"

case $CMIG_TEST_DB in pg) dialect=postgresql ;; *) dialect=sqlite ;; esac
real_url=$DATABASE_URL
# Where nobody listens: offline nothing is opened.
case $CMIG_TEST_DB in
pg) nowhere=postgresql://u:canary-secret@nowhere.invalid/x ;;
*) nowhere=sqlite:////nowhere/at/all.db ;;
esac
CMIG_CANARY=canary-secret

# offline ARG…: a call that must not need a database.
offline() { DATABASE_URL=$nowhere cmig_ok "$@"; }
offline_fails() { DATABASE_URL=$nowhere cmig_fails "$@"; }
# run_script FILE: as the script's head says. Its messages are in ./said.
run_script() {
    case $CMIG_TEST_DB in
    pg) psql -X -v ON_ERROR_STOP=1 -f "$1" >said 2>&1 ;;
    *) sqlite3 -bail "$TEST_DB" <"$1" >said 2>&1 ;;
    esac
}
# run_carelessly FILE: errors do not end it.
run_carelessly() {
    case $CMIG_TEST_DB in
    pg) psql -X -f "$1" >said 2>&1 ;;
    *) sqlite3 "$TEST_DB" <"$1" >said 2>&1 ;;
    esac
}
empty_database() {
    case $CMIG_TEST_DB in
    pg) sql 'DROP SCHEMA public CASCADE; CREATE SCHEMA public' >/dev/null 2>&1 ;;
    *) rm -f "$TEST_DB" "$TEST_DB"-* ;;
    esac
}
# version_rows_and_data: what a dump of the schema does not have.
data() {
    sql 'SELECT * FROM t1 ORDER BY 1' 2>/dev/null
    sql 'SELECT version_num FROM alembic_version ORDER BY 1'
}

# --- a history with everything in it --------------------------------------------------------------------
start_over
case $CMIG_TEST_DB in
pg)
    revision_file a1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE t1 (i integer PRIMARY KEY, what text);
COPY t1 (i, what) FROM stdin;
1	it's; a "test" \\ here
2	\N
\.
SELECT pg_catalog.set_config('search_path', '', false);
CREATE FUNCTION public.f(i integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN i; -- :USER
END $$ -- no semicolon at the end
-- cmig:downgrade
DROP FUNCTION f; DROP TABLE t1;
SQL
    revision_file a2 a1 <<'SQL'
-- cmig:upgrade
CREATE INDEX CONCURRENTLY t1_what ON t1 (what);
CREATE INDEX CONCURRENTLY t1_twice ON t1 (i, what)
-- cmig:downgrade
DROP INDEX CONCURRENTLY t1_what;
DROP INDEX CONCURRENTLY t1_twice;
SQL
    ;;
*)
    revision_file a1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE t1 (i integer PRIMARY KEY, what text);
INSERT INTO t1 VALUES (1, 'it''s; a "test"'), (2, NULL);
CREATE TRIGGER tr AFTER INSERT ON t1 BEGIN UPDATE t1 SET what = 'x'; SELECT 1; END -- no semicolon at the end
-- cmig:downgrade
DROP TABLE t1;
SQL
    revision_file a2 a1 <<'SQL'
-- cmig:upgrade
VACUUM;
CREATE INDEX t1_what ON t1 (what)
-- cmig:downgrade
DROP INDEX t1_what;
VACUUM;
SQL
    ;;
esac
revision_file b1 a1 'left side' <<'SQL'
-- cmig:upgrade
INSERT INTO t1 VALUES (3, 'left');
-- cmig:downgrade
DELETE FROM t1 WHERE i = 3;
SQL
revision_file m1 '[a2, b1]' <<'SQL'
-- cmig:upgrade
ALTER TABLE t1 ADD COLUMN m integer;
-- cmig:downgrade
ALTER TABLE t1 DROP COLUMN m;
SQL
revision_file m2 m1 </dev/null
printf -- '-- cmig:upgrade\n\n-- cmig:downgrade\n' >>migrations/versions/m2.sql

cmig_ok upgrade head
online_schema=$(dump_schema)
online_data=$(data)
empty_database
offline upgrade head --sql
cp "$TEST_OUT" up.sql
holds 'the script runs' run_script up.sql
is "$(dump_schema)" "$online_schema" 'and leaves the schema of the run'
is "$(data)" "$online_data" 'and its data and version rows'
DATABASE_URL=$real_url cmig_ok upgrade head
expect_err 'Nothing to do.'
cmig_ok repair
expect_out 'Nothing is in doubt.'
is "$(sql "SELECT count(*) FROM cmig_audit WHERE event = 'applied' AND detail = 'offline'")" 5 'each revision is recorded'

# A second time it stops, and changes nothing, also when errors do not end it.
holds_not 'it does not run twice' run_script up.sql
holds 'and says why' grep -q 'for a database at base: nothing is changed' said
is "$(data)" "$online_data" 'nothing has changed'
if [ "$CMIG_TEST_DB" = pg ]; then
    run_carelessly up.sql
    is "$(data)" "$online_data" 'nor without ON_ERROR_STOP'
    is "$(sql "SELECT count(*) FROM cmig_audit WHERE event = 'applied'")" 5 'and nothing is recorded'
else
    run_carelessly up.sql
    is "$(data)" "$online_data" 'nor without -bail'
fi

# And down, in pieces.
offline downgrade head:a2 --sql
cp "$TEST_OUT" down.sql
holds 'down to a2' run_script down.sql
now_at 'a2 b1' 2>/dev/null || now_at a2
offline downgrade 'a2,b1:base' --sql
cp "$TEST_OUT" down.sql
holds 'down to base' run_script down.sql
now_at -
is "$(tables)" alembic_version 'nothing is left'
offline upgrade base:b1 --sql
cp "$TEST_OUT" part.sql
holds 'up to b1' run_script part.sql
now_at b1
offline upgrade b1:head --sql -o rest.sql
expect_out_is </dev/null
expect_err 'Written: rest.sql'
holds 'up from b1' run_script rest.sql
now_at m2
is "$(dump_schema)" "$online_schema" 'the same schema'

# --- everything in one transaction ----------------------------------------------------------------------------
start_over
line_of_revisions o1 o2 o3
printf 'transaction: all\n' >alembic.yml
offline upgrade head --sql
is "$(grep -c '^BEGIN' "$TEST_OUT") $(grep -c '^COMMIT' "$TEST_OUT")" '1 1' 'one transaction'
cp "$TEST_OUT" all.sql
holds 'it runs' run_script all.sql
now_at o3
printf 'transaction: per_migration\n' >alembic.yml
offline upgrade head --sql
is "$(grep -c '^BEGIN' "$TEST_OUT") $(grep -c '^COMMIT' "$TEST_OUT")" '3 3' 'three transactions'

# --- ranges ---------------------------------------------------------------------------------------------------
offline upgrade o1:+1 --sql
expect_out 'Running upgrade o1 -> o2'
expect_no_out 'o3'
offline upgrade -2:o3 --sql
expect_out 'Running upgrade o1 -> o2' 'Running upgrade o2 -> o3'
expect_no_out 'upgrade  -> o1'
offline downgrade o3:-1 --sql
expect_out 'Running downgrade o3 -> o2'
expect_no_out 'o2 ->'
offline upgrade o2:o2 --sql
expect_out 'for a database at o2'
expect_no_out Running
offline_fails 2 upgrade o3:o1 --sql
expect_err 'is no upgrade'
expect_out_is </dev/null
offline_fails 2 downgrade o1 --sql
expect_err 'downgrade with --sql requires <fromrev>:<torev>'
offline_fails 2 upgrade a:b:c --sql
offline_fails 1 upgrade nosuch:head --sql
offline_fails 1 upgrade o1:nosuch --sql
offline_fails 2 upgrade head --sql --dialect oracle
offline_fails 2 --json upgrade head --sql
cmig_fails 2 stamp --purge head --sql
unset DATABASE_URL
cmig_fails 78 upgrade head --sql
expect_err '--dialect'
cmig_ok upgrade head --sql --dialect "$dialect"
export DATABASE_URL=$real_url

# --- files -----------------------------------------------------------------------------------------------------
echo before >out.sql
revision_file o4 o3 <<'SQL'
-- cmig:upgrade
SELECT 'not closed;
SQL
offline_fails 78 upgrade head --sql -o out.sql
is "$(cat out.sql)" before 'an error leaves the old file'
offline_fails 78 upgrade head --sql
expect_out_is </dev/null
rm migrations/versions/o4.sql
offline upgrade head --sql
cp "$TEST_OUT" standard.sql
offline upgrade head --sql -o -
holds '- is standard output' cmp standard.sql "$TEST_OUT"
holds_not 'and no file' test -e ./-
rm standard.sql
offline upgrade head --sql -o out.sql
holds 'the file is replaced' grep -q 'Running upgrade o2 -> o3' out.sql
ln -s out.sql link.sql
offline_fails 1 upgrade head --sql -o link.sql
expect_err 'not a regular file'
mkdir folder
offline_fails 1 upgrade head --sql -o folder
offline_fails 1 upgrade head --sql -o absent/out.sql
is "$(find . -name 'out.sql.*' | wc -l | tr -d ' ')" 0 'no temporary file is left'
offline --quiet upgrade head --sql
expect_out 'BEGIN'

# --- stamp, ensure-version ----------------------------------------------------------------------------------------
empty_database
offline ensure-version --sql
cp "$TEST_OUT" ensure.sql
holds 'the tables are made' run_script ensure.sql
now_at -
is "$(tables)" alembic_version 'the version table is there'
offline stamp o2 --sql
cp "$TEST_OUT" stamp.sql
holds 'stamped' run_script stamp.sql
now_at o2
holds_not 'stamped once' run_script stamp.sql
offline stamp o2:o3 --sql
cp "$TEST_OUT" stamp.sql
holds 'stamped further' run_script stamp.sql
now_at o3
offline stamp o3:base --sql
cp "$TEST_OUT" stamp.sql
holds 'stamped back' run_script stamp.sql
now_at -

# --- the version table's own settings ---------------------------------------------------------------------------------
empty_database
case $CMIG_TEST_DB in
pg) printf 'version_table: "My ""versions"""\nversion_table_schema: Ops\n' | sed "s/\"\"/'/g" >alembic.yml ;;
*) printf "version_table: My 'versions'\n" >alembic.yml ;;
esac
offline ensure-version --sql
cp "$TEST_OUT" ensure.sql
holds 'any name will do' run_script ensure.sql
offline upgrade head --sql
cp "$TEST_OUT" up.sql
holds 'also for the run' run_script up.sql
cmig_ok upgrade head
expect_err 'Nothing to do.'
[ "$CMIG_TEST_DB" != pg ] || sql 'DROP SCHEMA "Ops" CASCADE' >/dev/null

# --- what the shells would read differently ----------------------------------------------------------------------------
start_over
if [ "$CMIG_TEST_DB" = pg ]; then
    revision_file p1 null <<'SQL'
-- cmig:upgrade
SELECT (ARRAY[1, 2])[1:2], 1::integer, ':USER', $$ :HOST $$ -- :PORT
;
SELECT x.y FROM (SELECT 1 AS y) AS x WHERE x.y = :VERSION_NUM;
SQL
    offline_fails 78 upgrade head --sql
    expect_err 'p1.sql:8:50' 'psql'
    expect_out_is </dev/null
    sed -i '/VERSION_NUM/d' migrations/versions/p1.sql
    offline upgrade head --sql
    cp "$TEST_OUT" up.sql
    holds 'the rest runs' run_script up.sql
else
    # Broken foreign keys stop the script, as they stop the run.
    revision_file p1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE parent (id integer PRIMARY KEY);
CREATE TABLE child (id integer REFERENCES parent (id));
INSERT INTO child VALUES (1);
SQL
    offline upgrade head --sql
    cp "$TEST_OUT" up.sql
    holds_not 'broken keys stop it' run_script up.sql
    holds 'and it says why' grep -q 'breaks foreign keys' said
    is "$(tables)" '' 'nothing is left'
fi

# --- the example project ------------------------------------------------------------------------------------------------
cd "$TEST_ROOT/migrations" || exit 1
empty_database
cmig_ok upgrade heads
online_schema=$(dump_schema)
empty_database
offline upgrade heads --sql -o "$TEST_TMP/work/example.sql"
holds 'the example runs' run_script "$TEST_TMP/work/example.sql"
is "$(dump_schema)" "$online_schema" 'and leaves the schema of the run'
cmig_ok upgrade heads
expect_err 'Nothing to do.'
offline downgrade heads:base --sql -o "$TEST_TMP/work/example.sql"
holds 'and back' run_script "$TEST_TMP/work/example.sql"
now_at -
rm -f said

done_testing
