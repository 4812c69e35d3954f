#!/bin/sh
# A migration is there wholly or not at all, and a failure says where: statements that fail at once,
# at run time and at COMMIT, sections without a transaction, text that is refused before it is sent.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

# on DATABASE COMMAND…: only there.
on() {
    on_database=$1
    shift
    [ "$CMIG_TEST_DB" != "$on_database" ] || "$@"
}

# --- a statement fails --------------------------------------------------------------------------
# fails_at PLACE STATEMENT: a good revision, then one whose statement on line 9 fails at PLACE.
fails_at() {
    start_over
    line_of_revisions good1 good2
    revision_file bad3 good2 <<SQL
-- cmig:upgrade
CREATE TABLE gone (id integer PRIMARY KEY);
INSERT INTO gone VALUES (1);

$2

CREATE TABLE never (id integer);
SQL
    cmig_fails 1 upgrade head
    expect_out_is </dev/null
    expect_err "bad3.sql:$1" '2 revisions applied before this; the last one is good2.'
    now_at good2 "failing '$2': the rows stay at the revision before"
    is "$(tables)" 'alembic_version good1 good2' "failing '$2': nothing of the migration is left"
    # Once more: the same again, and what is applied stays so.
    before=$(snapshot)
    cmig_fails 1 upgrade head
    expect_err "bad3.sql:$1"
    expect_no_err 'before this'
    is "$(snapshot)" "$before" "failing '$2' again: nothing changed"
}
fails_at 9:3 '  SELEKT 1;'
expect_err syntax
on pg expect_err '(SQLSTATE 42601)'

case $CMIG_TEST_DB in
pg) fails_at 9:13 'INSERT INTO absent VALUES (1);' ;;
*) fails_at 9: 'INSERT INTO absent VALUES (1);' ;;
esac
expect_err absent
on pg expect_err '(SQLSTATE 42P01)'

# No position from the server: the statement's own place, behind its comment.
fails_at 9:17 '/* a comment */ INSERT INTO gone VALUES (1);'
case $CMIG_TEST_DB in
pg) expect_err '(SQLSTATE 23505)' 'gone_pkey' 'detail: Key (id)=(1) already exists.' ;;
*) expect_err 'UNIQUE constraint failed: gone.id' ;;
esac

# Columns are characters, not bytes.
case $CMIG_TEST_DB in
pg) fails_at 9:16 "SELECT 'äöü€', nope;" ;;
*) fails_at 9: "SELECT 'äöü€', nope;" ;;
esac
expect_err nope

# A statement that begins above and fails further down.
on pg fails_at 11:9 "SELECT id
FROM gone
  WHERE idd = 1;"

# The file is mended: the run goes on where it stopped.
revision_file bad3 good2 <<'SQL'
-- cmig:upgrade
CREATE TABLE mended (id integer PRIMARY KEY);

-- cmig:downgrade
DROP TABLE mended;
SQL
cmig_ok upgrade head
expect_err 'Running upgrade good2 -> bad3' '1 revision applied; the database is at bad3.'
now_at bad3
is "$(tables)" 'alembic_version good1 good2 mended' 'the mended migration ran, and it alone'
cmig_ok current
expect_out_is <<'OUT'
bad3 (head)
OUT

# The same downwards.
revision_file good1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE good1 (id integer PRIMARY KEY);

-- cmig:downgrade
DROP TABLE good1;
DROP TABLE absent;
SQL
cmig_fails 1 downgrade base
expect_err 'good1.sql:10:' absent '2 revisions reverted before this; the last one is good2.'
now_at good1
is "$(tables)" 'alembic_version good1' 'a failing downgrade leaves its table'
sed -i '/absent/d' migrations/versions/good1.sql
cmig_ok downgrade base
is "$(tables)" alembic_version 'the mended downgrade ran'

# On a first run not even the version table is left by a migration that fails.
start_over
revision_file first null <<'SQL'
-- cmig:upgrade
CREATE TABLE gone (id integer);
INSERT INTO absent VALUES (1);
SQL
cmig_fails 1 upgrade head
expect_err 'first.sql:7:'
is "$(tables)" '' 'a failing first migration leaves nothing at all'

# --- a constraint that is looked at when the transaction ends -------------------------------------
start_over
line_of_revisions good1
revision_file late2 good1 <<'SQL'
-- cmig:upgrade
CREATE TABLE parent (id integer PRIMARY KEY);
CREATE TABLE child (parent integer REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO child VALUES (5);
SQL
cmig_fails 1 upgrade head
expect_err late2
on pg expect_err '(SQLSTATE 23503)' 'Key (parent)=(5) is not present in table "parent".'
expect_out_is </dev/null
now_at good1
is "$(tables)" 'alembic_version good1' 'a failing COMMIT leaves nothing of the migration'
sed -i 's/^INSERT INTO child.*/INSERT INTO child VALUES (5); INSERT INTO parent VALUES (5);/' migrations/versions/late2.sql
cmig_ok upgrade head
now_at late2

# --- transaction: all ------------------------------------------------------------------------------
start_over
# shellcheck disable=SC2016
printf 'database_url: ${DATABASE_URL}\ntransaction: all\n' >alembic.yml
line_of_revisions all1 all2
revision_file all3 all2 <<'SQL'
-- cmig:upgrade
CREATE TABLE all3 (id integer);
INSERT INTO absent VALUES (1);

-- cmig:downgrade
DROP TABLE all3;
SQL
cmig_fails 1 upgrade head
expect_err 'all3.sql:7:'
# Nothing is applied, so nothing may be said to be.
expect_no_err 'applied before this'
expect_out_is </dev/null
is "$(tables)" '' 'transaction: all leaves nothing at all'
cmig_ok upgrade all1
now_at all1
cmig_fails 1 upgrade head
now_at all1
is "$(tables)" 'alembic_version all1' 'transaction: all leaves what was there before the run'
sed -i '/absent/d' migrations/versions/all3.sql
cmig_ok upgrade head
expect_err '2 revisions applied; the database is at all3.'
now_at all3
is "$(tables)" 'alembic_version all1 all2 all3' 'transaction: all applies all'
sed -i 's/^DROP TABLE all1;/DROP TABLE absent;/' migrations/versions/all1.sql
cmig_fails 1 downgrade base
expect_err 'all1.sql:9:'
now_at all3
is "$(tables)" 'alembic_version all1 all2 all3' 'a failing downgrade reverts nothing'
sed -i 's/^DROP TABLE absent;/DROP TABLE all1;/' migrations/versions/all1.sql
cmig_ok downgrade base
now_at -
is "$(tables)" alembic_version 'transaction: all reverts all'
# A section without a transaction has no place in it; known before anything runs.
revision_file all3 all2 <<'SQL'
-- cmig:upgrade transaction=off
VACUUM;
SQL
cmig_fails 78 upgrade head
expect_err 'all3 (VACUUM)' 'outside of a transaction' 'transaction: all'
now_at -
is "$(tables)" alembic_version 'nothing ran'

# --- transaction=off ---------------------------------------------------------------------------------
start_over
line_of_revisions off1
case $CMIG_TEST_DB in
pg)
    first='CREATE INDEX CONCURRENTLY off1_index ON off1 (id);'
    undo='DROP INDEX CONCURRENTLY off1_index;'
    ;;
*)
    first='CREATE INDEX off1_index ON off1 (id); VACUUM;'
    undo='DROP INDEX off1_index; VACUUM;'
    ;;
esac
revision_file off2 off1 <<SQL
-- cmig:upgrade transaction=off
$first

-- cmig:downgrade transaction=off
$undo
SQL
has_index() {
    case $CMIG_TEST_DB in
    pg) sql "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('off1_index') AND indisvalid" ;;
    *) sql "SELECT count(*) FROM sqlite_schema WHERE name = 'off1_index'" ;;
    esac
}
cmig_ok upgrade head
now_at off2
is "$(has_index)" 1 'the index is there'
cmig_ok downgrade -1
now_at off1
is "$(has_index)" 0 'the index is gone'

# In its first statement: nothing happened, 1.
revision_file off2 off1 <<SQL
-- cmig:upgrade transaction=off
INSERT INTO absent VALUES (1);
$first
SQL
cmig_fails 1 upgrade head
expect_err 'off2.sql:6:' absent
now_at off1
is "$(has_index)" 0 'nothing ran behind the failing statement'
# Behind it: partly applied, 3, and it says how far it came.
revision_file off2 off1 <<SQL
-- cmig:upgrade transaction=off
$first

INSERT INTO absent VALUES (1);
CREATE TABLE never (id integer);
SQL
cmig_fails 3 upgrade head
expect_err 'off2.sql:8:' absent
expect_out_is </dev/null
now_at off1 'a partly applied migration has no row'
is "$(has_index)" 1 'the statement before the failing one stays'
is "$(tables)" 'alembic_version off1' 'nothing ran behind the failing statement'

# Statements that need to be alone, inside a transaction.
start_over
line_of_revisions off1
case $CMIG_TEST_DB in
pg) alone='CREATE INDEX CONCURRENTLY off1_index ON off1 (id);' ;;
*) alone='VACUUM;' ;;
esac
revision_file off2 off1 <<SQL
-- cmig:upgrade transaction=on
CREATE TABLE gone (id integer);
$alone
SQL
cmig_fails 78 upgrade head
expect_err 'off2.sql:7:1' 'cannot run in a transaction' 'transaction=on'
now_at -
is "$(tables)" '' 'nothing has begun'

# --- enums (PostgreSQL): a new value can be used by the next migration, not by the same ---------------
if [ "$CMIG_TEST_DB" = pg ]; then
    start_over
    revision_file mood1 null <<'SQL'
-- cmig:upgrade
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE person (mood mood NOT NULL);
INSERT INTO person VALUES ('sad');
SQL
    revision_file mood2 mood1 <<'SQL'
-- cmig:upgrade
ALTER TYPE mood ADD VALUE 'happy';
SQL
    revision_file mood3 mood2 <<'SQL'
-- cmig:upgrade
INSERT INTO person VALUES ('happy');
SQL
    cmig_ok upgrade head
    now_at mood3
    is "$(sql 'SELECT mood FROM person' | one_line)" 'sad happy' 'a value added by the migration before is there'
    revision_file mood4 mood3 <<'SQL'
-- cmig:upgrade
ALTER TYPE mood ADD VALUE 'angry';
INSERT INTO person VALUES ('angry');
SQL
    cmig_fails 1 upgrade head
    expect_err 'mood4.sql:7:' '(SQLSTATE 55P04)'
    now_at mood3
    is "$(sql 'SELECT enum_range(NULL::mood)')" '{sad,happy}' 'the value is not there'
fi

# --- text that is refused before anything is sent ------------------------------------------------------
# refused PLACE TEXT: TEXT (a printf format) stands from line 7; an earlier pending file is fine.
refused() {
    start_over
    line_of_revisions fine1
    {
        printf '%s\n' '-- revision: wrong2' '-- down_revision: fine1' '-- message: wrong' '' \
            '-- cmig:upgrade' 'CREATE TABLE never_sent (id integer);'
        # shellcheck disable=SC2059
        printf "$2"
    } >migrations/versions/wrong2.sql
    cmig_fails 78 upgrade head
    expect_err "wrong2.sql:$1"
    expect_out_is </dev/null
    is "$(tables)" '' "refused at $1: not even the file before it ran"
}
refused 7:8 "SELECT 'oops;\n"
refused 7:8 'SELECT "oops;\n'
refused 7:8 'SELECT /* oops;\n'
refused 7:10 "SELECT 'a\\000b';\n"
refused 7:10 "SELECT 'a\\377b';\n"
refused 7:10 "SELECT 'a\\303';\n"
refused 7:10 "SELECT 'a\\355\\240\\200';\n"
for word in BEGIN COMMIT ROLLBACK END 'begin transaction' '/* x */ Commit work'; do
    case $word in
    /*) refused 7:9 "$word;\n" ;;
    *) refused 7:1 "$word;\n" ;;
    esac
done
refused 8:3 'SELECT 1;\n  COMMIT'
if [ "$CMIG_TEST_DB" = pg ]; then
    refused 7:8 'SELECT $$ oops;\n'
    refused 7:8 'SELECT $a$ oops $b$;\n'
    refused 7: "SELECT E'oops\\\\';\n"
    refused 7:8 'SELECT /* a /* b */ oops;\n'
    refused 7:1 '\\d never_sent\n'
    refused 7:1 '\\! touch never\n'
    refused 7:1 '\\connect other\n'
    refused 7:1 '\\copy never_sent from x\n'
    refused 7:1 'ABORT;\n'
    refused 7:1 'START TRANSACTION;\n'
    refused 7:1 "PREPARE TRANSACTION 'x';\n"
    refused '' 'COPY never_sent FROM stdin;\n1\n2\n'
    is "$(grep -c 'TABLE never_sent' "$PGHOST/base/log")" 0 'the server never saw the text'
else
    refused 7:8 'SELECT [oops;\n'
    refused 7:8 'SELECT `oops;\n'
fi
# The downgrade half of a file counts when it is to run, and only then.
start_over
line_of_revisions fine1 fine2
printf 'COMMIT;\n' >>migrations/versions/fine1.sql
cmig_ok upgrade head
cmig_fails 78 downgrade base
expect_err 'fine1.sql:10:1'
now_at fine2
is "$(tables)" 'alembic_version fine1 fine2' 'nothing was reverted'

# --- text that looks like it, but is not ---------------------------------------------------------------
start_over
revision_file odd1 null <<'SQL'
-- cmig:upgrade
-- COMMIT; it's "only" a comment /*
/* ROLLBACK; ' " */
CREATE TABLE odd (a text, "begin" text);
;;
INSERT INTO odd VALUES ('COMMIT; -- x', '/* it''s');
SAVEPOINT here;
DELETE FROM odd;
ROLLBACK TO here;
RELEASE here;
SQL
case $CMIG_TEST_DB in
pg)
    cat >>migrations/versions/odd1.sql <<'SQL'
DO $do$ BEGIN INSERT INTO odd VALUES ($$it's;$$, E'\'; COMMIT; --'); END $do$;
SQL
    ! server_has 140000 || cat >>migrations/versions/odd1.sql <<'SQL'
CREATE FUNCTION two() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
SQL
    ;;
*)
    cat >>migrations/versions/odd1.sql <<'SQL'
CREATE TRIGGER odd_trigger AFTER INSERT ON odd BEGIN
  UPDATE odd SET a = CASE WHEN a = 'x' THEN 'COMMIT;' ELSE a END;
  SELECT 1;
END;
INSERT INTO odd VALUES ('it''s;', '''; COMMIT; --');
SQL
    ;;
esac
# The last line has neither semicolon nor line end, and is a comment: what follows must not be in it.
printf "INSERT INTO odd VALUES ('last', '')\n-- and a comment" >>migrations/versions/odd1.sql
cmig_ok upgrade head
now_at odd1
is "$(sql 'SELECT a, "begin" FROM odd' | LC_ALL=C sort | one_line)" \
    "COMMIT; -- x|/* it's it's;|'; COMMIT; -- last|" 'every statement ran to the byte'

# A section that ends its transaction in a way that no scan finds fails whole (PostgreSQL).
if [ "$CMIG_TEST_DB" = pg ]; then
    start_over
    revision_file hidden1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE gone (id integer);
DO $$ BEGIN EXECUTE 'COMMIT'; END $$;
SQL
    cmig_fails 1 upgrade head
    expect_err hidden1.sql
    is "$(tables)" '' 'nothing is left'
fi

# CRLF and a byte order mark are no part of the text.
start_over
{
    printf '\357\273\277-- revision: crlf1\r\n-- down_revision: null\r\n-- message: x\r\n\r\n'
    printf -- '-- cmig:upgrade\r\nCREATE TABLE crlf (id integer);\r\n  SELEKT 1;\r\n'
} >migrations/versions/crlf1.sql
cmig_fails 1 upgrade head
expect_err 'crlf1.sql:7:3'
sed -i '/SELEKT/d' migrations/versions/crlf1.sql
cmig_ok upgrade head
now_at crlf1

done_testing
