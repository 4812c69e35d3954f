#!/bin/sh
# Sections that try to end their own transaction, to change the version table, or to fail outside of
# a transaction in ways that leave something: nothing is half applied and called done.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

pg() { [ "$CMIG_TEST_DB" = pg ]; }

# section ID DOWN [OPTIONS]: a revision whose upgrade section is standard input.
section() {
    revision_file "$1" "$2" <<SQL
-- cmig:upgrade${3:+ $3}
$(cat)
SQL
}

# --- the version table ----------------------------------------------------------------------------
for statement in 'DROP TABLE alembic_version' 'DELETE FROM alembic_version' \
    "UPDATE alembic_version SET version_num = 'zz'" \
    'ALTER TABLE alembic_version RENAME TO other' \
    "INSERT INTO alembic_version VALUES ('zz')"; do
    start_over
    section aaaa1 null </dev/null
    section bbbb2 aaaa1 <<SQL
CREATE TABLE x (i int);
$statement;
SQL
    cmig_fails 1 upgrade head
    expect_err 'version table'
    now_at aaaa1 "$statement: the row stays"
    is "$(tables)" alembic_version "$statement: nothing is applied"
done

start_over
make_log_table
section aaaa1 null </dev/null
section bbbb2 aaaa1 <<'SQL'
INSERT INTO log (what) VALUES ('b');
SQL
cmig_ok upgrade aaaa1
if pg; then
    sql 'CREATE RULE r AS ON UPDATE TO alembic_version DO INSTEAD NOTHING' >/dev/null
else
    sql 'CREATE TRIGGER r BEFORE UPDATE ON alembic_version BEGIN SELECT RAISE(IGNORE); END' >/dev/null
fi
cmig_fails 1 upgrade head
cmig_fails 1 upgrade head
is "$(logged)" - 'a version table that refuses its row: nothing is applied'
now_at aaaa1

# --- a temporary table in its place -----------------------------------------------------------------
start_over
make_log_table
section aaaa1 null <<'SQL'
CREATE TEMP TABLE alembic_version (version_num varchar(32));
SQL
section bbbb2 aaaa1 <<'SQL'
INSERT INTO log (what) VALUES ('b');
SQL
cmig_ok upgrade head
if pg; then now=$(sql 'SELECT version_num FROM public.alembic_version'); else now=$(rows); fi
is "$now" bbbb2 'the row is in the table that lasts'
cmig_ok current
expect_out 'bbbb2 (head)'

# --- a transaction that ends too early ----------------------------------------------------------------
start_over
section aaaa1 null <<'SQL'
CREATE TABLE t (i int);
SQL
cmig_ok upgrade aaaa1
if pg; then
    {
        printf -- '-- revision: bbbb2\n-- down_revision: aaaa1\n-- message: m\n\n-- cmig:upgrade\n'
        printf 'COPY t FROM stdin; -- x\rCOMMIT; CREATE TABLE u(i int); SELECT 1/0;\n1\n\\.\n'
    } >migrations/versions/bbbb2.sql
    cmig_fails 78 upgrade head
    expect_err 'bbbb2.sql:6:'
else
    {
        printf -- '-- revision: bbbb2\n-- down_revision: aaaa1\n-- message: m\n\n-- cmig:upgrade\n'
        printf 'CREATE TABLE u(i int);\n\357\273\277COMMIT;\nCREATE TABLE v(i int);\n'
    } >migrations/versions/bbbb2.sql
    cmig_any '1 78' upgrade head
    expect_err 'bbbb2.sql:7:'
fi
is "$(tables)" 'alembic_version t' 'nothing of it is applied'
now_at aaaa1

# --- outside of a transaction -------------------------------------------------------------------------
start_over
section aaaa1 null transaction=off <<'SQL'
BEGIN;
CREATE TABLE q (i int);
INSERT INTO missing VALUES (1);
COMMIT;
SQL
cmig_fails 1 upgrade head
is "$(tables | sed 's/ *alembic_version *//')" '' 'what the section rolled back is not called applied'

start_over
section aaaa1 null transaction=off <<'SQL'
CREATE TABLE q (i int);
BEGIN;
CREATE TABLE r (i int);
INSERT INTO missing VALUES (1);
COMMIT;
SQL
cmig_fails 3 upgrade head
expect_err 'statement 4 of 5 failed, statements 1 to 1 are applied'

# Several runs at once: the section runs once.
start_over
make_log_table
section aaaa1 null </dev/null
cmig_ok upgrade head
if pg; then
    section bbbb2 aaaa1 transaction=off <<'SQL'
SELECT pg_sleep(0.3);
INSERT INTO log (what) VALUES ('b');
SQL
else
    section bbbb2 aaaa1 transaction=off <<'SQL'
INSERT INTO log (what) SELECT 'b' FROM (WITH RECURSIVE c(x) AS
  (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300000) SELECT max(x) FROM c);
SQL
fi
runners=
for _ in 1 2 3 4; do
    "$CMIG" upgrade head >/dev/null 2>>"$TEST_TMP/runners.err" &
    runners="$runners $!"
done
bad=0
for runner in $runners; do wait "$runner" || bad=$((bad + 1)); done
is "$bad" 0 'four runs at once all end well'
is "$(logged)" b 'the section ran once'
[ "$CMIG_TEST_DB" = pg ] || is "$(find . -name '*-cmig-lock')" '' 'no lock file is left'

if pg; then
    start_over
    section aaaa1 null transaction=off <<'SQL'
DO $$ BEGIN CREATE TABLE half (i int); COMMIT; RAISE 'boom'; END $$;
SQL
    cmig_fails 3 upgrade head
    expect_err 'is applied'

    start_over
    section aaaa1 null <<'SQL'
CREATE TABLE x (i int);
INSERT INTO x VALUES (1), (1);
SQL
    section bbbb2 aaaa1 transaction=off <<'SQL'
CREATE UNIQUE INDEX CONCURRENTLY ix ON x (i);
SQL
    cmig_fails 3 upgrade head
    expect_err 'takes an invalid index away first'

    start_over
    section aaaa1 null <<'SQL'
SELECT pg_advisory_unlock_all();
SQL
    section bbbb2 aaaa1 transaction=off <<'SQL'
CREATE TABLE once (i int);
SQL
    cmig_fails 75 upgrade head
    expect_err 'lock was lost'
    now_at aaaa1
    cmig_ok upgrade head
    now_at bbbb2

    # One statement with several results is one statement.
    start_over
    section aaaa1 null <<'SQL'
CREATE TABLE t (i int);
CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);
SQL
    section bbbb2 aaaa1 <<'SQL'
INSERT INTO t VALUES (1);
SQL
    cmig_ok upgrade head
    now_at bbbb2
else
    # Foreign keys are checked table by table, and a faulty declaration hides no other.
    start_over
    section aaaa1 null <<'SQL'
CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE c (p int REFERENCES p (id));
CREATE TABLE p2 (x int);
CREATE TABLE c2 (x int REFERENCES p2 (x));
INSERT INTO p VALUES (1);
INSERT INTO c VALUES (1);
SQL
    section bbbb2 aaaa1 <<'SQL'
DELETE FROM p;
SQL
    cmig_fails 1 upgrade head
    expect_err 'breaks foreign keys'
    expect_err 'c2'
    is "$(sql 'SELECT count(*) FROM p')" 1 'the row is there'
fi

done_testing
