#!/bin/sh
# What an offline script must not do: run by mistake, run on another database, go on behind an error,
# lose what it did, or be read by psql and the sqlite3 shell as something else.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-runs.sh"

case $CMIG_TEST_DB in pg) dialect=postgresql ;; *) dialect=sqlite ;; esac

# run_script FILE: as the script's head says. Its messages are in ./said.
run_script() {
    case $CMIG_TEST_DB in
    pg) psql -X -v ON_ERROR_STOP=1 -f "$1" >said 2>&1 ;;
    *) sqlite3 -bail "$TEST_DB" <"$1" >said 2>&1 ;;
    esac
}
# run_carelessly FILE: without what the head asks for; the status means nothing.
run_carelessly() {
    case $CMIG_TEST_DB in
    pg) psql -X -f "$1" >said 2>&1 ;;
    *) sqlite3 "$TEST_DB" <"$1" >said 2>&1 ;;
    esac
    return 0
}
# script ARG…: what cmig prints, in ./script.sql.
script() {
    cmig_ok "$@" --sql -o script.sql
}
events() { sql 'SELECT event FROM cmig_audit ORDER BY id' | one_line; }

# --- options that stand alone run nothing -----------------------------------------------------------
start_over
line_of_revisions o1 o2 o3
cmig_fails 2 upgrade head -o forgotten.sql
expect_err '--output is for --sql only' 'nothing was run'
cmig_fails 2 upgrade head --output=forgotten.sql
cmig_fails 2 upgrade head --dialect "$dialect"
cmig_fails 2 stamp head -o forgotten.sql
cmig_fails 2 ensure-version -o forgotten.sql
is "$(tables)" '' 'nothing was run'
holds_not 'and nothing written' test -e forgotten.sql

# --- several databases: one script cannot be for two ------------------------------------------------
cat >alembic.yml <<YML
databases:
  one: {database_url: "$DATABASE_URL"}
  two: {database_url: "$DATABASE_URL"}
YML
cmig_fails 2 -n one -n two upgrade head --sql
expect_err 'give -n once'
expect_out_is </dev/null
cmig_fails 2 -n all upgrade head --sql -o both.sql
holds_not 'nothing is written' test -e both.sql
cmig_ok -n two upgrade head --sql
rm alembic.yml

# --- the same thing makes the same script -----------------------------------------------------------
script upgrade head
cp script.sql first.sql
script upgrade head
holds 'to the byte' cmp first.sql script.sql
script upgrade o1:head
holds_not 'another range is another one' cmp first.sql script.sql
is "$(umask 027 && cd . && rm script.sql && "$CMIG" upgrade head --sql -o script.sql 2>/dev/null && ls -l script.sql | cut -c 1-10)" \
    '-rw-r-----' 'the mode follows umask'

# --- a database that is further on ------------------------------------------------------------------
# The third step finds the rows that it wants; the first two have failed all the same.
script upgrade head
cmig_ok upgrade o2
before=$(snapshot)
holds_not 'it stops' run_script script.sql
run_carelessly script.sql
is "$(snapshot)" "$before" 'no step of a failed script is done, whoever runs it'
is "$(events)" 'applied applied' 'and nothing is recorded'
case $CMIG_TEST_DB in
pg) holds 'it says what is there' grep -q 'the version table holds \[o2\]' said ;;
*) holds 'it says what is there' grep -q '^the version table holds \[o2\]' said ;;
esac

# Somebody in between: the rows are right again, but they are not this script's.
start_over
line_of_revisions o1 o2
script upgrade head
awk '/^-- Running upgrade o1/ { exit } { print }' script.sql >first-half.sql
awk 'seen || /^-- Running upgrade o1/ { seen = 1; print }' script.sql >second-half.sql
holds 'the first step' run_script first-half.sql
cmig_ok downgrade base
cmig_ok upgrade o1
case $CMIG_TEST_DB in sqlite) sed -i '1i .bail on' second-half.sql ;; *) ;; esac
holds_not 'the second does not go on behind others' run_script second-half.sql
holds 'and says so' grep -q 'is not the last thing that was done' said
now_at o1

# --- transaction: all ---------------------------------------------------------------------------------
start_over
printf 'transaction: all\n' >alembic.yml
case $CMIG_TEST_DB in
pg) setting="SELECT pg_catalog.set_config('search_path', '', false);" schema=public. ;;
*) setting='PRAGMA recursive_triggers = ON;' schema= ;;
esac
revision_file s1 null <<SQL
-- cmig:upgrade
$setting
CREATE TABLE ${schema}s1 (i integer);
SQL
revision_file s2 s1 <<'SQL'
-- cmig:upgrade
CREATE TABLE s2 (i integer);
SQL
script upgrade head
holds 'what a section sets does not reach the next' run_script script.sql
now_at s2
is "$(tables)" 'alembic_version s1 s2' 'both tables are there'

# All or nothing.
revision_file s3 s2 <<'SQL'
-- cmig:upgrade
CREATE TABLE s3 (i integer);
SQL
revision_file s4 s3 <<'SQL'
-- cmig:upgrade
SELECT nothing FROM nowhere;
SQL
script upgrade s2:head
holds_not 'the last one fails' run_script script.sql
now_at s2
is "$(tables)" 'alembic_version s1 s2' 'and nothing of the others is there'

# --- sections outside of a transaction ----------------------------------------------------------------
start_over
line_of_revisions t1
case $CMIG_TEST_DB in
pg) alone='CREATE INDEX CONCURRENTLY t1_id ON public.t1 (id)' setting="SET search_path = ''" schema=public. ;;
*) alone=VACUUM setting='PRAGMA recursive_triggers = ON' schema= ;;
esac
separate() {
    revision_file x1 t1 <<SQL
-- cmig:upgrade transaction=off
INSERT INTO t1 VALUES (1);
$setting;
$alone;
BEGIN;
INSERT INTO ${schema}t1 VALUES (2);
COMMIT;
INSERT INTO ${schema}t1 VALUES ($1)
-- cmig:downgrade transaction=off
DELETE FROM t1;
SQL
}
separate 1
script upgrade head
holds_not 'the last statement fails' run_script script.sql
now_at t1
is "$(sql 'SELECT id FROM t1 ORDER BY id' | one_line)" '1 2' 'the others are there'
is "$(sql "SELECT max(statement) FROM cmig_audit WHERE detail = 'offline'")" 6 'and recorded'
cmig_fails 4 repair
expect_out 'x1 was left behind statement 6 of 7'
# The script again, and a piece of it: a section that is half done is nobody's but cmig's.
script upgrade t1:head
holds_not 'it does not begin again' run_script script.sql
holds 'and says what to do' grep -q 'left half done, see cmig repair' said
run_carelessly script.sql
is "$(sql 'SELECT id FROM t1 ORDER BY id' | one_line)" '1 2' 'nothing runs twice'
separate 3
cmig_ok upgrade head
expect_err 'going on with x1 behind statement 6 of 7'
now_at x1
is "$(sql 'SELECT id FROM t1 ORDER BY id' | one_line)" '1 2 3' 'cmig goes on exactly there'

# On another database nothing outside of a transaction runs either.
script downgrade x1:t1
cmig_ok stamp t1
run_carelessly script.sql
is "$(sql 'SELECT id FROM t1 ORDER BY id' | one_line)" '1 2 3' 'nothing runs behind a failed check'
cmig_ok stamp x1
holds 'where it belongs it runs' run_script script.sql
now_at t1
is "$(sql 'SELECT count(*) FROM t1')" 0 'its statements did'
cmig_ok repair
expect_out 'Nothing is in doubt.'

revision_file x1 t1 <<'SQL'
-- cmig:upgrade transaction=off
SELECT 1;
BEGIN;
DELETE FROM t1;
SQL
cmig_fails 78 upgrade head --sql
expect_err 'x1.sql:7:1' 'leaves the transaction open'
expect_out_is </dev/null

# --- what the shells would run ------------------------------------------------------------------------
start_over
if [ "$CMIG_TEST_DB" = sqlite ]; then
    for line in '.shell touch ran' '# comment' '/' 'go' '  GO -- comment'; do
        revision_file d1 null <<SQL
-- cmig:upgrade
CREATE TABLE d1 (i integer);
-- a comment
$([ "${line#[.#]}" = "$line" ] && echo 'SELECT 10')
$line
2;
SQL
        cmig_fails 78 upgrade head --sql
        expect_err 'd1.sql:' 'the sqlite3 shell'
        expect_out_is </dev/null
    done
    revision_file d1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE d1 (i real, t text);
/*
.shell touch ran
go
*/
INSERT INTO d1 VALUES (
.5, '
.shell touch ran
# this
/
'); SELECT 10 / 2, 3
/ 4 AS go;
SQL
    script upgrade head
    holds 'within a statement it is text' run_script script.sql
    is "$(sql "SELECT i || replace(t, char(10), '|') FROM d1")" '0.5|.shell touch ran|# this|/|' 'every byte of it'
    holds_not 'and nothing is run' test -e ran

    # Broken keys: those that were there before do not count, others do, one by one.
    start_over
    revision_file k1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE parent (id integer PRIMARY KEY);
CREATE TABLE a (id integer REFERENCES parent (id));
CREATE TABLE b (id integer REFERENCES parent (id));
SQL
    revision_file k2 k1 <<'SQL'
-- cmig:upgrade
DELETE FROM b;
SQL
    revision_file k3 k2 <<'SQL'
-- cmig:upgrade
INSERT INTO a VALUES (8);
DELETE FROM b;
SQL
    cmig_ok upgrade k1
    sql 'INSERT INTO a VALUES (9); INSERT INTO b VALUES (9)'
    script upgrade k1:k2
    holds 'old ones stay' run_script script.sql
    sql 'INSERT INTO b VALUES (9)'
    script upgrade k2:k3
    holds_not 'one less is no excuse for one more' run_script script.sql
    now_at k2
else
    for name in DBNAME WATCH_INTERVAL PIPELINE_SYNC_COUNT; do
        revision_file d1 null <<SQL
-- cmig:upgrade
SELECT 1 = :"$name";
SQL
        cmig_fails 78 upgrade head --sql
        expect_err 'd1.sql:6:12'
    done
    # COPY data, where the COPY failed.
    revision_file d1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE d1 (t text);
SQL
    revision_file d2 d1 <<'SQL'
-- cmig:upgrade
COPY d1 FROM stdin;
it's
COMMIT; CREATE TABLE ran (i integer);
\.
SQL
    script upgrade d1
    holds_not 'a plain script is for any client' grep -q '^\\' script.sql
    script upgrade d1:d2
    cmig_ok ensure-version
    run_carelessly script.sql
    holds 'the data is no SQL' grep -q 'for a database at d1' said
    holds_not 'and psql has not gone on' grep -q 'current transaction is aborted' said
    is "$(tables)" alembic_version 'nothing is there'

    # Rows that a policy hides are no missing rows.
    start_over
    line_of_revisions r1
    cmig_ok upgrade head
    sql "CREATE ROLE reader_$$ LOGIN" "GRANT ALL ON SCHEMA public TO reader_$$" \
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO reader_$$" \
        'ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY'
    script upgrade head
    holds_not 'hidden rows stop it' env PGUSER="reader_$$" psql -X -v ON_ERROR_STOP=1 -f script.sql
    now_at r1
    sql "DROP OWNED BY reader_$$" "DROP ROLE reader_$$"

    # The version table is not where a new one would be made.
    sql 'CREATE SCHEMA nearer'
    env PGOPTIONS='-c search_path=nearer,public' psql -X -v ON_ERROR_STOP=1 -f script.sql >said 2>&1
    holds 'a second version table is not made' grep -q 'is in the schema public, not the first' said
    is "$(sql "SELECT count(*) FROM pg_tables WHERE schemaname = 'nearer'")" 0 'nowhere'
    sql 'DROP SCHEMA nearer'

    # The schema of the version table.
    start_over
    line_of_revisions v1
    printf 'version_table_schema: ops\n' >alembic.yml
    script upgrade head
    holds_not 'a missing schema is not made' run_script script.sql
    is "$(tables)" '' 'nothing is left'
    printf 'version_table_schema: ops\ncreate_version_schema: true\n' >alembic.yml
    script upgrade head
    holds 'unless it is to be' run_script script.sql
    is "$(rows ops.alembic_version)" v1 'there it is'
    sql 'DROP SCHEMA ops CASCADE' >/dev/null 2>&1

    # Another run holds cmig's lock while a section outside of a transaction is to begin.
    start_over
    line_of_revisions l1
    revision_file l2 l1 <<'SQL'
-- cmig:upgrade
CREATE INDEX CONCURRENTLY l1_id ON l1 (id);
SQL
    cmig_ok upgrade l1
    script upgrade l1:l2
    { sed '/^CREATE INDEX/,$d' script.sql && echo 'SELECT pg_sleep(3);' && sed -n '/^CREATE INDEX/,$p' script.sql; } >slow.sql
    psql -X -v ON_ERROR_STOP=1 -f slow.sql >slow.said 2>&1 &
    slow=$!
    holds 'the script begins' within 10 sql_says "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())" 1
    cmig_fails 75 --lock-timeout 200ms upgrade head
    holds_not 'and no second one' run_script script.sql
    wait "$slow"
    check_that 'the script comes to its end'
    now_at l2
    cmig_ok --lock-timeout 200ms upgrade head
    expect_err 'Nothing to do.'
fi

# --- too far ------------------------------------------------------------------------------------------
start_over
line_of_revisions o1 o2
cmig_ok upgrade --sql -- -2:o2
cmig_fails 1 upgrade --sql -- -3:o2
expect_err "Relative revision -3 didn't produce 3 migrations"
expect_out_is </dev/null
cmig_fails 2 upgrade --sql o2:
rm -f said slow.said

done_testing
