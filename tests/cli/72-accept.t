#!/bin/sh
# Files that change after they were applied: history -i marks them, a run warns, accept takes them.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

f() { echo "migrations/versions/$1.sql"; }
# edit REVISION SED
edit() { sed "$2" "$(f "$1")" >edited && mv edited "$(f "$1")"; }
# file_of REVISION: what history -i says of it in JSON.
file_of() {
    CMIG_QUIET=1 "$CMIG" history -i --json 2>/dev/null |
        awk -v id="\"$1\"," '$1 == "\"revision\":" { this = $2 == id } this && $1 == "\"file\":" { gsub(/[",]/, "", $2); print $2 }'
}
is_file() { is "$(file_of "$1")" "$2" "${3:-the file of $1 is $2}"; }
# records: the events about accepted files, oldest first.
records() { sql "SELECT revision || ' ' || coalesce(reason, '-') FROM cmig_audit WHERE event = 'accepted' ORDER BY id"; }

revision_file a1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE a (id integer PRIMARY KEY, t text DEFAULT 'one');
INSERT INTO a (id) VALUES (1);

-- cmig:downgrade
DROP TABLE a;
SQL
line_of_revisions b1 c1
sed 's/^-- down_revision: null/-- down_revision: a1/' "$(f b1)" >b && mv b "$(f b1)"
cmig_ok upgrade b1
expect_no_err 'changed'
cmig_ok history -i
expect_out_is <<'OUT'
b1 -> c1 (head), step c1
a1 -> b1 (current), step b1
<base> -> a1, step a1
OUT
is_file a1 unchanged
is_file c1 null 'a revision that is not applied has no state'
cmig_ok history --json
expect_no_out '"file"'

# --- nothing to accept ----------------------------------------------------------------------------
before=$(sql 'SELECT count(*) FROM cmig_audit')
cmig_fails 1 accept a1 --reason why
expect_err 'the file of revision a1 did not change'
cmig_fails 1 accept --all --reason why
expect_err 'no file changed'
cmig_fails 1 accept c1 --reason why
expect_err 'revision c1 is not applied'
cmig_fails 1 accept nothere --reason why
cmig_fails 1 accept base --reason why
cmig_fails 2 accept --reason why
cmig_fails 2 accept a1
expect_err '--reason'
cmig_fails 2 accept a1 --reason ' '
cmig_fails 2 accept a1 --all --reason why
is "$(sql 'SELECT count(*) FROM cmig_audit')" "$before" 'nothing was recorded'

# --- parts of the file that are not what was applied --------------------------------------------
edit a1 's/^-- message: .*/-- message: another/; s/^DROP TABLE a;/DROP TABLE IF EXISTS a;/'
is_file a1 unchanged 'header and downgrade section do not count'

# --- a real edit ----------------------------------------------------------------------------------
edit a1 "s/'one'/'two'/"
is_file a1 changed 'a literal counts'
cmig_ok history -i
expect_out '<base> -> a1 (changed since applied), another'
cmig_ok history -i -v -r a1:a1
expect_out 'Rev: a1 (changed since applied)'
cmig_ok history -i -r b1:b1
expect_out_is <<'OUT'
a1 -> b1 (current), step b1
OUT
cmig_ok history
expect_no_out 'changed'
cmig_ok upgrade b1
expect_no_err 'changed after'
cmig_ok upgrade c1
expect_err 'files changed after they were applied: a1'
now_at c1

cmig_fails 1 accept a1 b1 --reason why
expect_err 'revision b1 did not change'
is_file a1 changed 'one that cannot be accepted keeps the others from it'
cmig_ok accept a1 --reason "it's fine; DROP TABLE a"
expect_out 'Accepted a1: the SQL changed'
is_file a1 unchanged
is "$(records)" "a1 it's fine; DROP TABLE a" 'who asks finds the reason'
is "$(sql "SELECT t FROM a WHERE id = 1")" one 'nothing was run'
now_at c1
cmig_fails 1 accept a1 --reason again
edit a1 "s/'two'/'three'/"
is_file a1 changed 'an edit behind the acceptance counts again'
edit a1 "s/'three'/'one'/"
is_file a1 changed 'what was run at first is no longer what was accepted'
edit a1 "s/'one'/'two'/"
is_file a1 unchanged

# --- several, and JSON ----------------------------------------------------------------------------
edit b1 's/PRIMARY KEY/PRIMARY KEY CHECK (id > 0)/'
edit c1 's/PRIMARY KEY/PRIMARY KEY CHECK (id > 1)/'
cmig_ok accept --all --reason both --json
expect_out '"revision": "b1"' '"revision": "c1"' '"file": "changed"' '"reason": "both"'
is "$(records | tail -n 2 | one_line)" 'b1 both c1 both' 'each has a record'

cmig_ok audit verify

# --- edits that mean nothing to the database ------------------------------------------------------
cp "$(f a1)" a1.kept
for change in 's/^CREATE TABLE/create   Table/' 's/$/\r/' 's/^INSERT.*/-- first row\n$&  \/* here *\/ /' 's/ VALUES /\nVALUES\t/'; do
    cp a1.kept "$(f a1)"
    perl -pi -e "$change" "$(f a1)"
    is_file a1 comments "only comments, spaces or case: $change"
done
for change in "s/'two'/'Two'/" "s/'two'/'two '/" 's/INTO a /INTO "A" /' 's/\(1\)/(2)/' 's/;$//' 's/^INSERT/SELECT 1; INSERT/' "s/'two'/'two' -- '/"; do
    cp a1.kept "$(f a1)"
    perl -pi -e "$change if /^CREATE|^INSERT/" "$(f a1)"
    cmp -s a1.kept "$(f a1)" && not_ok "the file was edited: $change"
    case $change in *--*) is_file a1 changed 'a comment that swallows the rest' ;; *) is_file a1 changed "a real edit: $change" ;; esac
done
cp a1.kept "$(f a1)"
edit a1 's/^CREATE TABLE/create table/'
cmig_ok history -i
expect_out '<base> -> a1 (comments changed since applied), another'
cmig_ok check --only applied-files
expect_out 'a1.sql:1: applied-files: note: comments or white space of a1 changed'
cmig_ok check --only applied-files --format github
expect_out '::notice file=migrations/versions/a1.sql,line=1,title=applied-files::'
LINE_FROM=c1 line_of_revisions d1
cmig_ok upgrade d1
expect_no_err 'changed after'
cmig_ok downgrade c1
rm "$(f d1)"
cmig_ok accept a1 --reason case
expect_out 'Accepted a1: comments or spaces changed'
is_file a1 unchanged
mv a1.kept "$(f a1)"
is_file a1 comments 'back to what it was'
cmig_ok accept --all --reason back

# --- COPY data, variables, sections outside of a transaction --------------------------------------
kept=$(ls migrations/versions)
if [ "$CMIG_TEST_DB" = pg ]; then
    printf -- '-- cmig:upgrade\nCREATE TABLE k (t text);\nCOPY k FROM stdin;\none\n\\.\n-- cmig:downgrade\nDROP TABLE k;\n' | revision_file d1 c1
else
    printf -- '-- cmig:upgrade\nCREATE TABLE k (t text DEFAULT "one");\n-- cmig:downgrade\nDROP TABLE k;\n' | revision_file d1 c1
fi
printf -- "-- cmig:upgrade substitute=on\nCREATE TABLE v (t text DEFAULT :'word');\n-- cmig:downgrade\nDROP TABLE v;\n" | revision_file e1 d1
printf -- '-- cmig:upgrade transaction=off\nCREATE TABLE w (t text);\nCREATE INDEX iw ON w (t);\n-- cmig:downgrade\nDROP TABLE w;\n' | revision_file f1 e1
cmig_ok upgrade f1 -x word=first
is_file d1 unchanged
is_file e1 unchanged 'the file counts, not the values'
is_file f1 unchanged
edit d1 's/one/two/'
edit e1 's/^CREATE/create/'
edit f1 's/^CREATE/create/'
is_file d1 changed 'data counts'
is_file e1 comments
is_file f1 comments
edit e1 "s/:'word'/:'other'/"
edit f1 's/ON w (t)/ON w (t, t)/'
is_file e1 changed 'a reference counts'
is_file f1 changed
edit f1 's/ON w (t, t)/ON w (t)/'
cmig_ok downgrade c1
rm "$(f d1)" "$(f e1)" "$(f f1)"
is "$(ls migrations/versions)" "$kept" 'only what was there before'

# --- a file that cannot run -----------------------------------------------------------------------
cp "$(f b1)" b1.good
edit b1 "s/^CREATE TABLE b1.*/SELECT 'open/"
is_file b1 changed 'a file that is broken has changed'
cmig_fails 1 accept b1 --reason why
expect_err 'cannot be accepted'
cmig_fails 1 accept --all --reason why
mv b1.good "$(f b1)"

# --- a file that is gone --------------------------------------------------------------------------
rm "$(f a1)"
edit b1 's/^-- down_revision: a1/-- down_revision: null/'
cmig_ok history -i
expect_err 'no file defines the applied revision a1'
cmig_ok accept a1 --reason squashed
expect_out 'Accepted a1: the file is gone'
cmig_ok history -i
expect_no_err a1
cmig_fails 1 accept a1 --reason again

# --- stamped, and applied by another tool ---------------------------------------------------------
start_over
line_of_revisions s1 s2 s3
cmig_ok stamp s1
cmig_ok upgrade s2
sql "UPDATE alembic_version SET version_num = 's3'"
edit s1 's/integer/bigint/'
edit s3 's/integer/bigint/'
is_file s1 unknown 'a stamped one is not compared'
is_file s2 unchanged
is_file s3 unknown 'nor is one that Alembic applied'
cmig_fails 1 accept s1 --reason why
expect_err 'what was run of revision s1 is not known'
# What a stamp takes away and brings back is stamped, whatever ran before.
edit s2 's/integer/bigint/'
is_file s2 changed
cmig_ok stamp s1
cmig_ok stamp s3
is_file s2 unknown
start_over
line_of_revisions p1 p2
cmig_ok upgrade head
edit p1 's/integer/bigint/'
is_file p1 changed
cmig_ok stamp --purge p2
is_file p1 unknown 'a purge forgets what ran'
# A downgrade and an upgrade begin anew.
cmig_ok downgrade p1
cmig_ok upgrade head
is_file p2 unchanged
is_file p1 unknown

# --- without an audit table -----------------------------------------------------------------------
sql 'DROP TABLE cmig_audit'
is_file p2 unknown
cmig_fails 1 accept --all --reason why

# --- production -----------------------------------------------------------------------------------
start_over
line_of_revisions r1
cmig_ok upgrade head
edit r1 's/integer/bigint/'
export CMIG_ENV=production
cmig_fails 77 accept r1 --reason why
expect_err 'refused'
is "$(sql "SELECT count(*) FROM cmig_audit WHERE event = 'accepted'")" 0 'nothing was recorded'
CONFIRM_PRODUCTION_MIGRATION=true
export CONFIRM_PRODUCTION_MIGRATION
cmig_ok accept r1 --reason why
is_file r1 unchanged
# A run meets a changed file: refused there, whoever confirms it.
LINE_FROM=r1 line_of_revisions r2
edit r1 's/bigint/smallint/'
before=$(snapshot)
cmig_fails 77 upgrade head
expect_err 'files that changed after they were applied: r1' "cmig accept r1 --reason 'why it is right'"
is "$(snapshot)" "$before" 'nothing was changed'
cmig_fails 77 upgrade head --allow-destructive
cmig_fails 77 downgrade base --allow-destructive
cmig_ok upgrade r1
expect_err 'Nothing to do'
cmig_ok accept r1 --reason 'reviewed'
cmig_ok upgrade head
now_at r2
edit r2 's/integer/INTEGER/'
is_file r2 comments
cmig_ok downgrade r1 --allow-destructive
unset CMIG_ENV CONFIRM_PRODUCTION_MIGRATION

# --- a section that is left half done -------------------------------------------------------------
start_over
line_of_revisions r1
cmig_ok upgrade head
sql "INSERT INTO cmig_audit (id, at, version_table, run, event, revision, direction, statement, statements, checksum)
     VALUES (100, '2026-11-20', 'alembic_version', 'x', 'started', 'r9', 'upgrade', 0, 2, 'x')"
edit r1 's/integer/bigint/'
cmig_fails 1 accept r1 --reason why
expect_err 'left half done'
cmig_fails 4 repair

done_testing
