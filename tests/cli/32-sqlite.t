#!/bin/sh
# What is particular about SQLite: files that are missing, locked or not a database; foreign keys.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"
only_for sqlite

mkdir -p migrations/versions
line_of_revisions one two

# --- the file comes with the first write ----------------------------------------------------------
# looks ARG…: works, and makes no file.
looks() {
    cmig_ok "$@"
    pass_if "$* makes no file" test ! -e "$TEST_DB"
}
looks current
expect_out_is </dev/null
looks heads
looks history
looks history -i
looks branches
looks show two
cmig_ok current --json
pass_if 'current --json makes no file' test ! -e "$TEST_DB"
cmig_fails 4 current --check-heads
pass_if 'current --check-heads makes no file' test ! -e "$TEST_DB"
# Neither does a run that is refused.
cmig_fails 1 upgrade nope
pass_if 'a refused upgrade makes no file' test ! -e "$TEST_DB"
cmig_ok upgrade head
pass_if 'upgrade makes the file' test -s "$TEST_DB"
now_at two
is "$(find "$TEST_TMP" -name 'test.db?*' | one_line)" '' 'no side file is left'
cmig_ok downgrade base
now_at -

# --- forms of the URL ------------------------------------------------------------------------------
DATABASE_URL=sqlite:///./rel.db cmig_ok upgrade head
pass_if 'a relative file is relative to the project' test -s rel.db
mkdir sub
# shellcheck disable=SC2016
echo 'database_url: ${DATABASE_URL:-sqlite:///./conf.db}' >alembic.yml
cd sub || exit 1
(unset DATABASE_URL; "$CMIG" upgrade head) >/dev/null 2>&1
check_that 'upgrade from a folder below the project'
cd .. || exit 1
pass_if 'a relative file is relative to alembic.yml' test -s conf.db
pass_if 'and not to the working directory' test ! -e sub/conf.db
rm alembic.yml
DATABASE_URL=sqlite+aiosqlite:///./drv.db cmig_ok upgrade one
pass_if 'a SQLAlchemy driver suffix is accepted' test -s drv.db
DATABASE_URL="sqlite:///$TEST_TMP/odd name's;%20.db" cmig_ok upgrade one
is "$(find "$TEST_TMP" -maxdepth 1 -name '*odd*' | wc -l)" 1 'an odd file name makes one file'
DATABASE_URL=sqlite:// cmig_ok upgrade head
expect_err '2 revisions applied'

# --- places that cannot be used ---------------------------------------------------------------------
# cannot URL STATUS TEXT…
cannot() {
    cannot_url=$1
    cannot_status=$2
    shift 2
    for cannot_command in 'upgrade head' current; do
        # shellcheck disable=SC2086
        DATABASE_URL=$cannot_url cmig_fails "$cannot_status" $cannot_command
        expect_out_is </dev/null
        for cannot_text; do expect_err "$cannot_text"; done
    done
}
cannot "sqlite:///$TEST_TMP/missing/x.db" 69 "$TEST_TMP/missing" 'cmig: error: '
pass_if 'no folder is made' test ! -e "$TEST_TMP/missing"
mkdir folder.db
cannot "sqlite:///$PWD/folder.db" 69 folder.db
echo 'this is a text, long enough that nobody could take it for a database of any kind' >text.db
cksum text.db >sum
cannot "sqlite:///$PWD/text.db" 69 text.db 'not a database'
cksum text.db | cmp -s - sum
check_that 'a file that is no database is not touched'

# Read only. For root the mode means nothing, so the folder is opened as another user if need be.
cp "$TEST_DB" ro.db
sqlite3 ro.db 'DELETE FROM alembic_version'
chmod 444 ro.db
if [ "$(id -u)" -eq 0 ]; then
    chmod 755 "$TEST_TMP" "$TEST_TMP/work"
    # The checkout may lie where that user cannot go.
    cp "$CMIG" cmig
    CMIG=$PWD/cmig
    as_user() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/ "$@"; }
else
    as_user() { "$@"; }
fi
DATABASE_URL="sqlite:///$PWD/ro.db" as_user "$CMIG" upgrade head >"$TEST_OUT" 2>"$TEST_ERR" </dev/null
is $? 69 'a read-only file: status 69'
expect_err ro.db 'read only' 'its journal into the folder'
is "$(sqlite3 ro.db 'SELECT count(*) FROM alembic_version')" 0 'a read-only file is not changed'
DATABASE_URL="sqlite:///$PWD/ro.db" as_user "$CMIG" current >"$TEST_OUT" 2>"$TEST_ERR" </dev/null
is $? 0 'current reads a read-only file'

# --- locked by someone else -----------------------------------------------------------------------------
rm -f "$TEST_DB"
cmig_ok upgrade one
mkfifo pipe
sqlite3 -batch "$TEST_DB" <pipe >holder.out 2>&1 &
holder=$!
exec 4>pipe
echo "BEGIN IMMEDIATE; SELECT 'held';" >&4
within 10 grep -q held holder.out
check_that 'another process holds the write lock'
started=$(date +%s)
cmig_fails 75 --lock-timeout 1s upgrade head
expect_out_is </dev/null
expect_err lock
took=$(($(date +%s) - started))
pass_if "it gave up after about a second ($took)" test "$took" -le 4
cmig_ok current
expect_out_is <<'OUT'
one
OUT
# One that waits long enough gets through.
"$CMIG" --lock-timeout 30s upgrade head >"$TEST_OUT" 2>"$TEST_ERR" </dev/null &
waiter=$!
sleep 1
pass_if 'a run waits for the lock' kill -0 "$waiter"
echo 'COMMIT;' >&4
exec 4>&-
wait "$waiter"
is $? 0 'and goes on when it is free'
wait "$holder"
now_at two
# A reader does not keep a run from its work for ever, and a killed holder leaves nothing.
sqlite3 -batch "$TEST_DB" <pipe >holder.out 2>&1 &
holder=$!
exec 4>pipe
echo "BEGIN IMMEDIATE; CREATE TABLE x (y); SELECT 'held';" >&4
within 10 grep -q held holder.out
kill -9 "$holder"
wait "$holder" 2>/dev/null
exec 4>&-
cmig_ok --lock-timeout 5s downgrade one
now_at one
is "$(tables)" 'alembic_version one' 'the killed transaction left nothing'

# --- foreign keys -----------------------------------------------------------------------------------
start_over
revision_file fk1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE parent (id integer PRIMARY KEY, name text);
CREATE TABLE child (id integer PRIMARY KEY, parent integer NOT NULL REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO parent VALUES (1, 'a'), (2, 'b');
INSERT INTO child VALUES (10, 1), (11, 1), (12, 2);

-- cmig:downgrade
DROP TABLE child;
DROP TABLE parent;
SQL
revision_file fk2 fk1 <<'SQL'
-- cmig:upgrade
CREATE TABLE parent_new (id integer PRIMARY KEY, name text NOT NULL, added integer DEFAULT 0);
INSERT INTO parent_new (id, name) SELECT id, name FROM parent;
DROP TABLE parent;
ALTER TABLE parent_new RENAME TO parent;

-- cmig:downgrade
CREATE TABLE parent_old (id integer PRIMARY KEY, name text);
INSERT INTO parent_old SELECT id, name FROM parent;
DROP TABLE parent;
ALTER TABLE parent_old RENAME TO parent;
SQL
cmig_ok upgrade fk1
cmig_ok upgrade fk2
is "$(sql 'SELECT count(*) FROM child')" 3 'rebuilding a parent keeps the rows of its children'
is "$(sql 'SELECT count(*) FROM parent')" 2 'and its own'
is "$(sql "SELECT \"table\" FROM pragma_foreign_key_list('child')")" parent 'the child still refers to it'
cmig_ok downgrade fk1
is "$(sql 'SELECT count(*) FROM child')" 3 'the same downwards'
now_at fk1
# The pragma inside a file must not defeat it.
sed -i 's/^CREATE TABLE parent_new/PRAGMA foreign_keys = ON;\n&/' migrations/versions/fk2.sql
"$CMIG" upgrade head >/dev/null 2>&1 </dev/null
is "$(sql 'SELECT count(*) FROM child')" 3 'PRAGMA foreign_keys = ON in a file does not empty the children'
sql "DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('fk1')"

# A violation that a migration makes is refused, whole.
rm migrations/versions/fk2.sql
revision_file fk3 fk1 <<'SQL'
-- cmig:upgrade
CREATE TABLE gone (id integer);
DELETE FROM parent WHERE id = 1;
INSERT INTO child VALUES (13, 99);
SQL
cmig_fails 1 upgrade head
expect_err fk3 child
now_at fk1
is "$(sql 'SELECT count(*) FROM child')" 3 'nothing of it is left'
is "$(tables)" 'alembic_version child parent' 'no table either'

# A file from somewhere else may have violations of its own: what was there before is not this
# migration's fault, but what it adds is.
sqlite3 "$TEST_DB" 'PRAGMA foreign_keys = OFF; INSERT INTO child VALUES (14, 77)'
revision_file fk3 fk1 <<'SQL'
-- cmig:upgrade
INSERT INTO child VALUES (15, 78);
SQL
cmig_fails 1 upgrade head
now_at fk1
is "$(sql 'SELECT count(*) FROM child')" 4 'a new violation beside an old one is refused too'

# --- WAL, big files of statements ---------------------------------------------------------------------
start_over
sqlite3 "$TEST_DB" 'PRAGMA journal_mode = WAL' >/dev/null
line_of_revisions wal1 wal2
cmig_ok upgrade head
now_at wal2
is "$(sql 'PRAGMA journal_mode')" wal 'the journal mode stays what it was'

# --- the rebuild of a table, as SQLite's documentation has it -----------------------------------------------
# Children that cascade, a reference to itself, a deferred key, a trigger and a view, in both journal modes.
for journal in delete wal; do
    start_over
    sqlite3 "$TEST_DB" "PRAGMA journal_mode = $journal" >/dev/null
    revision_file rb1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT, boss INTEGER REFERENCES parent (id) ON DELETE CASCADE);
CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL REFERENCES parent (id) ON DELETE CASCADE);
CREATE TABLE late (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE log (what TEXT);
CREATE TRIGGER parent_gone AFTER DELETE ON parent BEGIN INSERT INTO log VALUES ('gone'); END;
CREATE VIEW names AS SELECT name FROM parent;
INSERT INTO parent VALUES (1, 'a', NULL), (2, 'b', 1), (3, 'c', 2);
INSERT INTO child SELECT value, 1 + value % 3 FROM (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 100) SELECT value FROM n);
INSERT INTO late VALUES (1, 3);
SQL
    revision_file rb2 rb1 <<'SQL'
-- cmig:upgrade
DROP VIEW names;
CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL, boss INTEGER REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO new_parent SELECT * FROM parent;
DROP TABLE parent;
ALTER TABLE new_parent RENAME TO parent;
CREATE TRIGGER parent_gone AFTER DELETE ON parent BEGIN INSERT INTO log VALUES ('gone'); END;
CREATE VIEW names AS SELECT name FROM parent;
SQL
    cmig_ok upgrade head
    is "$(sql 'SELECT count(*) FROM parent' 'SELECT count(*) FROM child' 'SELECT count(*) FROM late' 'SELECT count(*) FROM names' | one_line)" \
        '3 100 1 3' "$journal: every row is there"
    is "$(sql 'SELECT count(*) FROM log')" 0 'no trigger has seen a deletion'
    is "$(sql 'PRAGMA foreign_key_check')" '' 'no key is broken'
    is "$(sql "SELECT \"notnull\" FROM pragma_table_info('parent') WHERE name = 'name'")" 1 'the table is the new one'
    is "$(sql "SELECT \"table\" FROM pragma_foreign_key_list('child')" "SELECT \"table\" FROM pragma_foreign_key_list('parent')" | one_line)" \
        'parent parent' 'the keys point to it'
    is "$(sql 'PRAGMA journal_mode')" "$journal" 'the journal mode is as before'
    is "$(sql 'PRAGMA foreign_keys = ON; DELETE FROM late; DELETE FROM parent WHERE id = 2; SELECT count(*) FROM parent' | tail -n 1)" 1 'and keys still cascade'
done

# --- parameters, which nobody gives a value -----------------------------------------------------------
start_over
line_of_revisions p1
for parameter in '?' '?3' ':name' '@name' '$name'; do
    for options in '' ' transaction=off'; do
        revision_file p2 p1 <<SQL
-- cmig:upgrade$options
INSERT INTO p1 VALUES (7);
INSERT INTO p1 VALUES ($parameter);
SQL
        cmig_any '1 3' upgrade head
        expect_err 'p2.sql:7:1: ' "nothing gives the parameter $parameter a value" 'substitute=on'
        is "$(sql 'SELECT count(*) FROM p1 WHERE id IS NULL')" 0 "$parameter$options is not taken for NULL"
        now_at p1
        cmig_any '0 4' repair --mark-reverted --yes
        sql 'DELETE FROM p1'
    done
done

done_testing
