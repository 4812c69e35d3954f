#!/bin/sh
# What only PostgreSQL lets a section do: end transactions from within, lose locks, hide rows.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"
only_for pg

# section ID DOWN [OPTIONS]: a revision whose upgrade section is standard input.
section() {
    revision_file "$1" "$2" <<SQL
-- cmig:upgrade${3:+ $3}
$(cat)
SQL
}

# --- the version table at base ------------------------------------------------------------------
# goes_down STATUS STATEMENT: a downgrade to base whose section is the statement.
goes_down() {
    start_over
    revision_file aaaa1 null <<SQL
-- cmig:upgrade
CREATE TABLE x (i int);

-- cmig:downgrade
DROP TABLE x;
$2;
SQL
    cmig_ok upgrade head
    set -- "$1" downgrade base --allow-destructive
    if [ "$1" = 0 ]; then shift && cmig_ok "$@"; else cmig_fails "$@"; fi
}
goes_down 1 "INSERT INTO alembic_version VALUES ('zz')"
expect_err 'version table' 'it holds [zz] where [] was expected'
now_at aaaa1
is "$(tables)" 'alembic_version x' 'nothing of the downgrade is applied'
goes_down 1 "INSERT INTO alembic_version VALUES ('')"
now_at aaaa1
goes_down 1 'ALTER TABLE alembic_version RENAME version_num TO v'
now_at aaaa1
goes_down 0 'DROP TABLE alembic_version'
is "$(tables)" '' 'a downgrade to base may drop the version table'
cmig_ok current
goes_down 0 'DROP SCHEMA public CASCADE; CREATE SCHEMA public'
goes_down 0 'DROP EXTENSION plpgsql'
now_at -
sql 'CREATE EXTENSION plpgsql' >/dev/null

start_over
section aaaa1 null </dev/null
section bbbb2 aaaa1 <<'SQL'
DROP SCHEMA public CASCADE;
SQL
cmig_fails 1 upgrade head --allow-destructive
expect_err 'the section itself changed the version table' 'no longer there'
now_at aaaa1

# --- a transaction that the section makes read only ------------------------------------------------
start_over
section aaaa1 null <<'SQL'
CREATE TABLE t (i int);
SET TRANSACTION READ ONLY;
CREATE TABLE u (i int);
SQL
cmig_fails 1 upgrade head
expect_err 'read-only transaction' 'the section itself made the transaction read only'
expect_no_err 'connect to the primary'
is "$(tables)" '' 'nothing is applied'
start_over
echo 'SET TRANSACTION READ ONLY;' | section aaaa1 null
cmig_fails 1 upgrade head
expect_err 'writing the audit record' 'the section itself made the transaction read only'
start_over
echo 'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; VACUUM;' |
    section aaaa1 null transaction=off
cmig_fails 1 upgrade head
expect_err 'the section itself made the transaction read only'
now_at -

# --- blocks that commit --------------------------------------------------------------------------
# fails_off STATUS SECTION: a section outside of a transaction.
fails_off() {
    start_over
    printf '%s\n' "$2" | section aaaa1 null transaction=off
    cmig_fails "$1" upgrade head
}
fails_off 3 'DO $$ BEGIN CREATE TABLE half (i int); COMMIT; PERFORM * FROM missing; END $$;'
expect_err 'is applied'
fails_off 1 'DO LANGUAGE nosuch $$ BEGIN END $$;'
fails_off 1 'CREATE INDEX CONCURRENTLY ix ON missing (i);'
expect_no_err 'DROP INDEX'
fails_off 1 "SELECT 'CONCURRENTLY', 1 / 0;"
expect_no_err 'DROP INDEX'
fails_off 1 'BEGIN; DO $$ BEGIN RAISE $x$boom$x$; END $$; COMMIT;'
fails_off 3 'BEGIN; CREATE TABLE half (i int); COMMIT AND CHAIN; SELECT 1 / 0; COMMIT;'
expect_err 'statement 4 of 5 failed, statements 1 to 3 are applied'
fails_off 1 'BEGIN; CREATE TABLE half (i int);'
expect_err 'leaves a transaction open'
expect_no_err 'applied'
fails_off 3 'CREATE TABLE half (i int); BEGIN; SELECT 1;'
expect_err 'statements 1 to 1 are applied'

start_over
sql 'CREATE TABLE p (i int) PARTITION BY RANGE (i);
     CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2); CREATE TABLE d (i int);
     INSERT INTO d VALUES (1), (1)' >/dev/null
section aaaa1 null transaction=off <<'SQL'
create /* a */ unique index -- b
  concurrently ix on d (i);
SQL
cmig_fails 3 upgrade head
expect_err 'takes an invalid index away first' 'cmig repair'

# --- the lock, although another one is held --------------------------------------------------------
start_over
section aaaa1 null <<'SQL'
SELECT pg_advisory_unlock_all();
SELECT pg_advisory_lock(1);
SQL
section bbbb2 aaaa1 transaction=off <<'SQL'
CREATE TABLE once (i int);
SQL
cmig_fails 75 upgrade head
expect_err 'lock was lost'
now_at aaaa1
is "$(tables)" alembic_version 'the section did not run'

start_over
section aaaa1 null transaction=off <<'SQL'
SELECT pg_advisory_lock(1);
SQL
section bbbb2 aaaa1 transaction=off <<'SQL'
CREATE TABLE once (i int);
SQL
cmig_ok upgrade head
now_at bbbb2 'a lock of its own does no harm'

# --- rows that the user does not see --------------------------------------------------------------
start_over
make_log_table
section aaaa1 null <<'SQL'
INSERT INTO log (what) VALUES ('a');
SQL
cmig_ok upgrade head
sql "CREATE ROLE u$$ LOGIN; GRANT ALL ON SCHEMA public TO u$$;
     GRANT ALL ON ALL TABLES IN SCHEMA public TO u$$; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO u$$;
     ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY" >/dev/null
DATABASE_URL=$(printf '%s' "$TEST_URL" | sed "s/user=[^&]*/user=u$$/")
for call in 'upgrade head' current 'stamp head'; do
    # shellcheck disable=SC2086  # words
    cmig_fails 1 $call
    expect_err 'row-level security' BYPASSRLS
done
is "$(logged)" a 'nothing ran again'
now_at aaaa1
# In a section it works as ever.
sql "ALTER TABLE alembic_version DISABLE ROW LEVEL SECURITY; CREATE TABLE seen (i int);
     INSERT INTO seen VALUES (1), (2); ALTER TABLE seen ENABLE ROW LEVEL SECURITY;
     CREATE POLICY p ON seen USING (i = 1); GRANT ALL ON seen TO u$$" >/dev/null
section bbbb2 aaaa1 <<'SQL'
INSERT INTO log (what) SELECT i::text FROM seen;
SQL
section cccc3 bbbb2 <<'SQL'
ALTER TABLE log ADD COLUMN other int;
SQL
cmig_ok upgrade bbbb2
is "$(logged)" 'a 1' 'a section reads through the policies of its tables'
# A section that puts a policy on the version table, as the owner with FORCE.
sql "ALTER TABLE alembic_version OWNER TO u$$" >/dev/null
section cccc3 bbbb2 <<'SQL'
ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SQL
cmig_fails 1 upgrade head
expect_err 'row-level security'
now_at bbbb2
DATABASE_URL=$TEST_URL
sql "REASSIGN OWNED BY u$$ TO CURRENT_USER; DROP OWNED BY u$$; DROP ROLE u$$" >/dev/null

# --- a script's own names do not stand for the server's --------------------------------------------
start_over
section aaaa1 null <<'SQL'
CREATE TABLE text (i int);
SET search_path = public, pg_catalog;
SQL
cmig_ok upgrade head
now_at aaaa1

# --- savepoints are no end -------------------------------------------------------------------------
start_over
section aaaa1 null <<'SQL'
CREATE TABLE t (i int);
SAVEPOINT s;
INSERT INTO t VALUES (1);
/* c */ ROLLBACK WORK TO SAVEPOINT s;
INSERT INTO t VALUES (2);
RELEASE s;
SQL
cmig_ok upgrade head
is "$(sql 'SELECT i FROM t')" 2 'what came before the savepoint is undone'

done_testing
