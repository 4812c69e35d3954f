#!/bin/sh
# What runs record, whatever happens: failures, interrupts, separate sections, repairs, scripts, odd
# databases, a table that somebody damaged. The chain holds throughout.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-runs.sh"

events() { sql "SELECT event || coalesce(' ' || statement, '') FROM cmig_audit WHERE version_table = 'alembic_version' ORDER BY id" | one_line; }
field() { sql "SELECT coalesce($1, '-') FROM cmig_audit WHERE id = $2"; }
intact() {
  cmig_ok audit verify
  expect_out " head $(sql 'SELECT hash FROM cmig_audit ORDER BY id DESC LIMIT 1')"
}

# section REVISION DOWN [OPTION…]: an upgrade section from standard input.
section() {
  revision=$1 down=$2
  shift 2
  {
    printf -- '-- cmig:upgrade'
    printf ' %s' "$@"
    printf '\n'
    cat
    printf '\n-- cmig:downgrade\nSELECT 1;\n'
  } | revision_file "$revision" "$down"
}

# --- a record that is kept away -----------------------------------------------------------------------
# What is not recorded is not done, also where a trigger makes nothing of the record without a word.
start_over
line_of_revisions r1 r2
cmig_ok upgrade r1
section r3 r1 transaction=off <<'SQL'
VACUUM;
SQL
case $CMIG_TEST_DB in
sqlite)
  sql 'CREATE TRIGGER away BEFORE INSERT ON cmig_audit BEGIN SELECT RAISE(IGNORE); END'
  take_away() { sql 'DROP TRIGGER away'; }
  ;;
pg)
  sql "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'" \
    'CREATE TRIGGER away BEFORE INSERT ON cmig_audit FOR EACH ROW EXECUTE FUNCTION away()'
  take_away() { sql 'DROP FUNCTION away() CASCADE' 2>/dev/null; }
  ;;
esac
before=$(dump_schema)
for call in 'upgrade r2' 'upgrade r3' 'stamp r2'; do
  # shellcheck disable=SC2086
  cmig_fails 1 $call
  expect_err 'the audit table does not take its row' 'nothing of this transaction is applied' 'rules or triggers'
  expect_no_err 'audit head'
  is "$(sql 'SELECT version_num FROM alembic_version')" r1 'the version row is as it was'
  is "$(dump_schema)" "$before" 'and so is the schema'
  is "$(events)" applied 'the log has what happened'
done
take_away
cmig_ok upgrade heads
intact

# --- a migration that fails -------------------------------------------------------------------------
start_over
section bad null <<'SQL'
CREATE TABLE t (i integer);
INSERT INTO missing VALUES (1);
SQL
cmig_fails 1 upgrade head
expect_err 'audit head '
is "$(events)" failed 'the first migration of all fails: that is recorded'
is "$(tables)" "$([ "$CMIG_TEST_DB" = pg ] || echo)" 'and nothing else is there'
is "$(sql 'SELECT revision, direction, statement, length(checksum), length(fingerprint) FROM cmig_audit')" \
  'bad|upgrade||64|64' 'what failed'
case "$(field detail 1)" in
*'upgrade of bad: '*missing*'bad.sql:7)'*) ok 'why, and where' ;;
*) not_ok "why, and where: $(field detail 1)" ;;
esac
[ "$CMIG_TEST_DB" != pg ] || is "$(field sqlstate 1)" 42P01 'with its SQLSTATE'
cmig_ok current
expect_err_is </dev/null
line_of_revisions bad
cmig_ok upgrade head
is "$(events)" 'failed applied' 'the mended one is behind it'
section more bad <<'SQL'
INSERT INTO missing VALUES (1);
SQL
cmig_fails 1 upgrade head
cmig_ok repair
expect_out 'Nothing is in doubt'
is "$(events)" 'failed applied failed' 'a failure of a whole section leaves nothing open'
intact

# --- Ctrl-C -----------------------------------------------------------------------------------------
case $CMIG_TEST_DB in
pg) long='SELECT pg_sleep(60);' ;;
*) long='WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c;' ;;
esac
section more bad <<SQL
CREATE TABLE t (i integer);
$long
SQL
start_run upgrade head
within 20 grep -q 'Running upgrade' "$TEST_ERR"
sleep 0.7
kill -INT "$runner"
end_run
is "$TEST_STATUS" 130 'interrupted'
is "$(events)" 'failed applied failed failed' 'an interrupt is recorded'
case "$(field detail 4)" in *interrupted* | *canceling*) ok 'as such' ;; *) not_ok "as such: $(field detail 4)" ;; esac
intact

# --- the lock of somebody else -----------------------------------------------------------------------
if [ "$CMIG_TEST_DB" = pg ]; then
  section more bad <<'SQL'
ALTER TABLE bad ADD COLUMN more integer;
SQL
  psql -Xq >/dev/null 2>&1 <<'SQL' &
BEGIN; LOCK TABLE bad; SELECT pg_sleep(4);
SQL
  blocker=$!
  within 10 sql_says "SELECT count(*) FROM pg_locks WHERE relation = 'bad'::regclass AND mode = 'AccessExclusiveLock' AND granted" 1
  cmig_fails 75 --lock-timeout 1s upgrade head
  is "$(field event 5) $(field sqlstate 5)" 'failed 55P03' 'what came of waiting is recorded once'
  wait "$blocker"
  cmig_ok audit verify
fi

# --- transaction: all --------------------------------------------------------------------------------
start_over
echo 'transaction: all' >alembic.yml
line_of_revisions r1
section r2 r1 <<'SQL'
INSERT INTO missing VALUES (1);
SQL
cmig_fails 1 upgrade head
is "$(events)" failed 'a first run that fails later than at its first revision'
is "$(field revision 1)" r2 'of the step that failed'
expect_err "audit head $(field hash 1)"
intact
start_over
echo 'transaction: all' >alembic.yml
line_of_revisions r1 r2 r3
cmig_ok upgrade head
is "$(events)" 'applied applied applied' 'one transaction has all records'
intact
LINE_FROM=r3 line_of_revisions r4
section r5 r4 <<'SQL'
INSERT INTO missing VALUES (1);
SQL
cmig_fails 1 upgrade head
is "$(events)" 'applied applied applied failed' 'those that were rolled back are gone, the failure stays'
is "$(field revision 4)" r5 'of the step that failed'
expect_err "audit head $(field hash 4)"
intact
cmig_ok downgrade base
intact

# --- a section outside of a transaction --------------------------------------------------------------
start_over
section s1 null transaction=off <<'SQL'
CREATE TABLE t (i integer);
INSERT INTO t VALUES (1), (2);
INSERT INTO missing VALUES (1);
SQL
cmig_fails 3 upgrade head
expect_err "audit head $(sql 'SELECT hash FROM cmig_audit ORDER BY id DESC LIMIT 1')"
is "$(events)" 'started 0 statement 1 statement 2 failed 2' 'every step of the section'
case "$(field detail 4)" in *missing*) ok 'why it failed' ;; *) not_ok "why it failed: $(field detail 4)" ;; esac
intact
# What is not about the section does not settle it.
sql "INSERT INTO cmig_audit (id, version_table, at, run, event) SELECT 5, version_table, at, run, 'refused' FROM cmig_audit WHERE id = 4"
sql "INSERT INTO cmig_audit (id, version_table, at, run, event, revision) SELECT 6, version_table, at, run, 'failed', 'x' FROM cmig_audit WHERE id = 4"
sql "INSERT INTO cmig_audit (id, version_table, at, run, event, revision) SELECT 7, version_table, at, run, 'confirmed', 'x' FROM cmig_audit WHERE id = 4"
cmig_fails 4 repair
expect_out 'behind statement 2 of 3'
sql 'DELETE FROM cmig_audit WHERE id > 4'
cmig_ok repair --mark-applied --yes
expect_err 'audit head '
is "$(events)" 'started 0 statement 1 statement 2 failed 2 repaired' 'the repair'
intact
section s2 s1 transaction=off <<'SQL'
BEGIN;
INSERT INTO t VALUES (3);
COMMIT;
SQL
cmig_ok upgrade head
expect_err "audit head $(sql 'SELECT hash FROM cmig_audit ORDER BY id DESC LIMIT 1')"
intact

# --- ensure-version, accept --------------------------------------------------------------------------
start_over
cmig_ok ensure-version
is "$(events)" stamped 'the table that was made'
cmig_ok ensure-version
is "$(events)" stamped 'nothing was done'
expect_no_err 'audit head'
intact

# --- two version tables in one schema ----------------------------------------------------------------
start_over
mkdir one two
for side in one two; do
  (
    cd $side || exit
    echo "version_table: version_$side" >alembic.yml
    before=null
    for number in 01 02 03 04 05 06 07 08 09 10; do
      revision_file "$side$number" "$before" <<SQL
-- cmig:upgrade
CREATE TABLE $side$number (id integer PRIMARY KEY);

-- cmig:downgrade
DROP TABLE $side$number;
SQL
      before=$side$number
    done
  )
done
for side in one two; do
  (cd $side && exec "$CMIG" upgrade head) >$side.log 2>&1 &
  eval "run_$side=\$!"
done
# shellcheck disable=SC2154  # the loop above sets them
for pid in "$run_one" "$run_two"; do
  wait "$pid"
  check_that 'both run at once'
done
for side in one two; do
  is "$(sql "SELECT min(id), max(id), count(*) FROM cmig_audit WHERE version_table = 'version_$side'")" '1|10|10' \
    "$side has a chain of its own"
  cd $side || exit
  cmig_ok audit verify
  expect_out "10 rows, head $(sed -n 's/^audit head //p' ../$side.log)"
  cd ..
done
rm -r one two

# --- scripts -----------------------------------------------------------------------------------------
start_over
line_of_revisions r1 r2
cmig_ok upgrade base:r2 --sql -o up.sql
case $CMIG_TEST_DB in
pg) psql -Xq -v ON_ERROR_STOP=1 -f up.sql >/dev/null ;;
*) sqlite3 -bail "$TEST_DB" <up.sql >/dev/null ;;
esac
check_that 'the script runs'
is "$(events)" 'applied applied' 'it writes records'
is "$(sql "SELECT count(*) FROM cmig_audit WHERE os_user IS NULL AND host IS NULL AND tool LIKE 'cmig %' AND detail = 'offline'")" 2 \
  'which do not pretend to know who ran it'
cmig_ok audit verify
case $CMIG_TEST_DB in
pg) expect_no_out 'note:' ;;
*) expect_out 'note: the last 2 rows' '2 rows, head none' ;;
esac
LINE_FROM=r2 line_of_revisions r3
cmig_ok upgrade head
is "$(sql 'SELECT count(*) FROM cmig_audit WHERE hash IS NULL OR previous IS NULL')" 0 'the next run seals them'
intact
expect_no_out 'note:'

# --- hostile names -----------------------------------------------------------------------------------
start_over
cat >alembic.yml <<'YML'
version_table: "it's \"odd\" \\ $1 é日😀"
YML
line_of_revisions r1 r2
cmig_ok upgrade head
cmig_ok downgrade base
cmig_ok audit verify
expect_out '4 rows'
cmig_ok audit list
is "$(tail -n +2 "$TEST_OUT" | wc -l)" 4 'they are listed'

# --- a table that somebody damaged -------------------------------------------------------------------
# damaged NAME SQL…: a run says so and applies nothing; so does reading. Then the table is renamed.
damaged() {
  damaged_name=$1
  shift
  start_over
  line_of_revisions r1 r2
  cmig_ok upgrade r1
  for damage; do sql "$damage" >/dev/null; done
  cmig_fails 1 upgrade head
  expect_err 'cmig: error: ' 'audit'
  now_at r1 "$damaged_name: nothing is applied"
  is "$(tables | tr ' ' '\n' | grep -c '^r2$')" 0 "$damaged_name: also not its table"
  test_call audit verify
  case $TEST_STATUS in 1 | 4) ok "$damaged_name: verify says so" ;; *) not_ok "$damaged_name: verify says so" ;; esac
  for action in list 'show 1' export; do
    # shellcheck disable=SC2086
    cmig_any '0 1' audit $action
  done
}
mend() {
  case $CMIG_TEST_DB in
  pg) sql "ALTER ${1:-TABLE} cmig_audit RENAME TO damaged" >/dev/null ;;
  *) [ "${1:-TABLE}" = TABLE ] && sql 'ALTER TABLE cmig_audit RENAME TO damaged' || sql 'DROP VIEW cmig_audit' ;;
  esac
  cmig_ok upgrade head
  now_at r2
  is "$(events)" applied 'a new table begins'
  cmig_ok audit verify
}
damaged 'a column is gone' 'ALTER TABLE cmig_audit DROP COLUMN hash'
expect_err 'cannot read the audit table'
mend
damaged 'an old column is gone' 'ALTER TABLE cmig_audit DROP COLUMN statement'
mend
damaged 'a view' 'ALTER TABLE cmig_audit RENAME TO hidden' 'CREATE VIEW cmig_audit AS SELECT 1 AS id'
mend VIEW
damaged 'another table' 'DROP TABLE cmig_audit' 'CREATE TABLE cmig_audit (x integer)'
mend
case $CMIG_TEST_DB in
pg) damaged 'the greatest number' 'UPDATE cmig_audit SET id = 9223372036854775807' ;;
esac

# Nonsense that does not keep a run from writing does not keep it from running, and is found.
for nonsense in "UPDATE cmig_audit SET hash = NULL, previous = NULL" "UPDATE cmig_audit SET hash = 'nonsense'" \
  "UPDATE cmig_audit SET event = 'nonsense', revision = NULL, direction = 'sideways'" \
  "UPDATE cmig_audit SET event = 'started', revision = NULL, direction = NULL, statement = NULL, checksum = NULL"; do
  start_over
  line_of_revisions r1 r2
  cmig_ok upgrade r1
  sql "$nonsense"
  cmig_any '0 3' upgrade head
  cmig_any '0 4' audit verify
  cmig_any '0 4' repair
  cmig_ok current
  cmig_ok audit list
done

# --- PostgreSQL's own --------------------------------------------------------------------------------
if [ "$CMIG_TEST_DB" = pg ]; then
  # A hostile search path, set for the role and by a section.
  start_over
  sql 'CREATE SCHEMA evil' 'CREATE DOMAIN evil.text AS pg_catalog.int4' \
    'CREATE FUNCTION evil.concat(VARIADIC "any") RETURNS pg_catalog.text LANGUAGE internal STABLE AS $$text_concat$$' \
    "CREATE FUNCTION evil.lie(pg_catalog.text, pg_catalog.text) RETURNS boolean LANGUAGE sql AS 'SELECT false'" \
    'CREATE OPERATOR evil.= (LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = evil.lie)' \
    "CREATE FUNCTION evil.sum8(bigint, bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 7::bigint'" \
    'CREATE OPERATOR evil.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.sum8)' >/dev/null 2>&1
  section r1 null <<'SQL'
SELECT 1;
SET search_path = evil, pg_catalog, public;
SQL
  LINE_FROM=r1 line_of_revisions r2
  cmig_ok upgrade head
  is "$(events)" 'applied applied' 'a hostile search path changes nothing'
  intact
  sql 'DROP SCHEMA evil CASCADE' >/dev/null 2>&1

  # Only the right to add.
  start_over
  cmig_ok ensure-version
  sql 'DROP ROLE IF EXISTS cmig_adder' >/dev/null 2>&1
  sql 'CREATE ROLE cmig_adder LOGIN' 'GRANT ALL ON SCHEMA public TO cmig_adder' \
    'GRANT ALL ON alembic_version TO cmig_adder' 'GRANT SELECT, INSERT ON cmig_audit TO cmig_adder' >/dev/null
  line_of_revisions r1 r2
  adder="postgresql:///$TEST_DB?host=$PGHOST&port=$PGPORT&user=cmig_adder"
  cmig_ok --database-url "$adder" upgrade head
  cmig_ok --database-url "$adder" audit verify
  expect_out '3 rows'
  is "$(sql "SELECT count(*) FROM cmig_audit WHERE db_user = 'cmig_adder'")" 2 'the row says who'
  holds_not 'who cannot change it' psql -Xq -U cmig_adder -c "UPDATE cmig_audit SET db_user = 'x'"
  holds_not 'nor delete it' psql -Xq -U cmig_adder -c 'DELETE FROM cmig_audit'
  sql 'REVOKE SELECT ON cmig_audit FROM cmig_adder' >/dev/null
  cmig_fails 1 --database-url "$adder" audit list
  expect_err 'permission denied'
  sql 'REASSIGN OWNED BY cmig_adder TO CURRENT_USER' 'DROP OWNED BY cmig_adder' 'DROP ROLE cmig_adder' >/dev/null

  # A run under way locks nobody out who reads.
  start_over
  section r1 null <<'SQL'
CREATE TABLE t (i integer);
SELECT pg_sleep(2);
SQL
  cmig_ok ensure-version
  start_run upgrade head
  within 10 grep -q 'Running upgrade' "$TEST_ERR"
  timeout 1.5 "$CMIG" audit list >/dev/null 2>&1
  check_that 'the log can be read meanwhile'
  end_run
  is "$TEST_STATUS" 0 'the run ends'

  # Encodings that lack letters, and none at all.
  for encoding in LATIN1 SQL_ASCII EUC_JP; do
    psql -XqAt -d postgres -c "CREATE DATABASE ${TEST_DB}_e ENCODING '$encoding' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    export DATABASE_URL="postgresql:///${TEST_DB}_e?host=$PGHOST&port=$PGPORT&user=$PGUSER&application_name=na%C3%AFve"
    start_over
    mkdir -p 'migrations/versions/ä日😀'
    line_of_revisions r1
    section r2 r1 <<'SQL'
INSERT INTO missing VALUES (1);
SQL
    mv migrations/versions/r2.sql "migrations/versions/ä日😀.sql"
    cmig_fails 1 upgrade head
    expect_err 'audit head '
    cmig_ok audit verify
    expect_out '2 rows'
    cmig_ok audit list
    expect_out 'failed'
    psql -XqAt -d postgres -c "DROP DATABASE ${TEST_DB}_e"
  done
fi
done_testing
