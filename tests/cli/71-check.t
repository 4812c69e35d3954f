#!/bin/sh
# cmig check: each rule with a clean and a failing sample, the forms of output, exit statuses.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

f() { echo "migrations/versions/$1.sql"; }
edit() { sed "$2" "$(f "$1")" >edited && mv edited "$(f "$1")"; }
# finds RULE TEXT…: exit status 4 with exactly one finding, of this rule, that has these texts.
finds() {
    finds_rule=$1
    shift
    cmig_fails 4 check
    is "$(grep -c '^[^ ]' "$TEST_OUT")" 1 "one finding of $finds_rule"
    expect_out "$finds_rule: " "$@"
}
clean() {
    cmig_ok check
    expect_out_is </dev/null
}

# --- without a database ---------------------------------------------------------------------------
unset DATABASE_URL
cmig_ok check
expect_out_is </dev/null
expect_err 'Not checked: applied-files: no database URL is set' 'Not checked: at-head: ' 'Checked 0 revisions'
line_of_revisions a1 b1
clean
expect_err 'Checked 2 revisions: graph, single-head, sections, downgrade.'
cmig_ok check --json
expect_out '"clean": true' '"reason": "no database URL is set"' '"findings": []'
# shellcheck disable=SC2016
echo 'database_url: ${APP_URL}' >alembic.yml
clean
expect_err 'Not checked: at-head: no database URL is set'
rm alembic.yml
cmig_ok check --quiet
expect_err_is </dev/null

# graph: the first lines of both files are wrong, and the others are still looked at.
echo 'SELECT 1;' >"$(f x1)"
printf -- '-- revision: y1\n-- down_revision: a1 b1 c1 [\n' >"$(f y1)"
cmig_fails 4 check
expect_out 'migrations/versions/x1.sql:1: graph: a revision file without a header' 'migrations/versions/y1.sql:2: graph: '
expect_err 'Not checked: single-head: the history is not sound' '2 findings'
rm "$(f x1)" "$(f y1)"
LINE_FROM=nowhere line_of_revisions x1
finds graph 'migrations/versions/x1.sql: ' 'nowhere'
cmig_fails 4 check --skip graph
cmig_fails 4 check --only single-head
sed 's/revision: a1$/revision: b1/' "$(f a1)" >"$(f x1)"
finds graph b1
rm "$(f x1)"
edit a1 's/^-- down_revision: null/-- down_revision: b1/'
finds graph 'a1'
edit a1 's/^-- down_revision: b1/-- down_revision: null/'
clean

# single-head
LINE_FROM=a1 line_of_revisions x1
cmig_fails 4 check
expect_out 'migrations/versions/b1.sql:1: single-head: one of 2 heads: b1, x1' 'migrations/versions/x1.sql:1: single-head: '
echo 'check: {single_head: false}' >alembic.yml
cmig_fails 4 check
expect_out 'b1 is a head without a branch label of its own' 'x1 is a head without'
edit b1 '2a\
-- branch_labels: [left]'
finds single-head 'x1 is a head without'
edit x1 '2a\
-- branch_labels: [right]'
clean
LINE_FROM=x1 line_of_revisions x2 && LINE_FROM=x1 line_of_revisions x3
cmig_fails 4 check
expect_out 'x2 is a head without' 'x3 is a head without'
rm "$(f x1)" "$(f x2)" "$(f x3)"
edit b1 '3d'
echo 'check: {single_heads: false}' >alembic.yml
cmig_fails 78 check
expect_err 'did you mean "single_head"'
echo 'check: no' >alembic.yml
cmig_fails 78 check
expect_err 'check must be a mapping'
rm alembic.yml
clean

# sections: not only those of pending revisions, both directions, every dialect that is named
edit b1 "s/^CREATE.*/&\\
SELECT 'open;/"
finds sections 'migrations/versions/b1.sql:7: ' 'string is not ended'
edit b1 '7d'
edit b1 's/^DROP/COMMIT; DROP/'
finds sections 'migrations/versions/b1.sql:9: ' COMMIT
edit b1 's/^COMMIT; DROP/DROP/'
edit b1 '$a\
-- cmig:upgrade sqlite\
SELECT "open;'
finds sections 'migrations/versions/b1.sql:11: '
edit b1 's/cmig:upgrade sqlite/cmig:upgrade postgresql/; s/"open/$$ open/'
finds sections 'migrations/versions/b1.sql:11: '
edit b1 '10,11d'
# What one database cannot read, another one can.
edit b1 's/^CREATE.*/SELECT $$ it is open $$;/'
clean
edit b1 's/^SELECT.*/CREATE TABLE [it is open] (x integer);/'
clean
edit b1 's/^CREATE.*/CREATE TABLE b1 (id integer);/'
edit b1 's/^-- cmig:upgrade/-- cmig:upgarde/'
finds sections 'migrations/versions/b1.sql:5: ' 'did you mean'
edit b1 's/^-- cmig:upgarde/-- cmig:upgrade/'
# Variables are another day's.
edit b1 's/^-- cmig:upgrade/& substitute=on/; s/(id integer)/(id :type)/'
clean
edit b1 "s/:type/:'type' 'open/"
finds sections 'migrations/versions/b1.sql:6: '
line_of_revisions a1 b1

# downgrade
edit b1 '/^-- cmig:downgrade/,$d'
finds downgrade 'migrations/versions/b1.sql:5: ' 'no downgrade section' 'hint: '
echo '-- cmig:downgrade' >>"$(f b1)"
clean
edit b1 's/^-- cmig:downgrade/& none/'
finds downgrade 'migrations/versions/b1.sql:8: ' 'irreversible without a reason'
edit b1 's/^-- cmig:downgrade none/& "  "/'
finds downgrade 'irreversible without a reason'
edit b1 's/^-- cmig:downgrade none.*/-- cmig:downgrade none "rows are gone"/'
clean
edit b1 's/^-- cmig:downgrade none.*/-- cmig:downgrade sqlite/'
finds downgrade 'no downgrade section for postgresql'
edit b1 's/^-- cmig:upgrade/& sqlite/'
clean
line_of_revisions a1 b1

# --- one rule or another --------------------------------------------------------------------------
edit b1 '/^-- cmig:downgrade/,$d'
cmig_ok check --skip downgrade
cmig_ok check --only sections --only single-head
expect_err 'Checked 2 revisions: graph, single-head, sections.'
expect_no_err 'Not checked'
cmig_fails 2 check --only downgrades
expect_err 'did you mean "downgrade"?'
cmig_fails 2 check --format xml
cmig_fails 2 check --format text --json
cmig_fails 2 check b1

# --- against another branch -----------------------------------------------------------------------
cmig_fails 1 check --against main
expect_err 'is in no git repository'
mkdir project && cd project || exit 1
line_of_revisions a1 b1
git init -q -b main .
git config user.name t && git config user.email t@example.org
cmig_ok check
expect_err 'Not checked: against: '
cmig_fails 1 check --against main
git add . && git commit -qm one
cmig_ok check
expect_out_is </dev/null
expect_err ', downgrade, against.'
git checkout -qb topic
LINE_FROM=b1 line_of_revisions c1
cmig_ok check --against main
expect_out_is </dev/null
edit a1 's/integer/bigint/'
cmig_fails 4 check
expect_out 'migrations/versions/a1.sql:5: against-unchanged: ' 'revision a1 of main was edited'
cmig_fails 4 check --against main --format github
expect_out '::error file=migrations/versions/a1.sql,line=5,title=against-unchanged::'
cmig_ok check --skip against
expect_no_err 'against'
git checkout -q "$(f a1)"
git add . && git commit -qm two
git checkout -q main
LINE_FROM=b1 line_of_revisions d1
git add . && git commit -qm three
git checkout -q topic
cmig_fails 4 check
expect_out 'against-parent: ' 'against-heads: ' 'hint: '
cmig_fails 1 check --against nothere
expect_err nothere
cmig_ok check --only sections --against nothere
# A comparison that nobody asked for is left out where git cannot make it.
git checkout -q --orphan alone
git add . && git commit -qm alone
cmig_ok check
expect_err 'Not checked: against: '
cmig_fails 1 check --against main
cd .. || exit 1

# --- where it is printed --------------------------------------------------------------------------
cmig_fails 4 check
expect_err 'cmig: error: 1 finding'
expect_out_is <<'OUT'
migrations/versions/b1.sql:5: downgrade: no downgrade section
  hint: add a section `-- cmig:downgrade`, or `-- cmig:downgrade none "reason"`
OUT
cmig_fails 4 check --format github
expect_out_is <<'OUT'
::error file=migrations/versions/b1.sql,line=5,title=downgrade::no downgrade section%0Ahint: add a section `-- cmig:downgrade`, or `-- cmig:downgrade none "reason"`
OUT
cmig_fails 4 check --json
expect_out '"clean": false' '"rule": "downgrade"' '"file": "migrations/versions/b1.sql"' '"line": 5' '"revision": "b1"' '"note": false'
echo '{}' >alembic.yml
cd migrations || exit 1
cmig_fails 4 check
expect_out 'versions/b1.sql:5: downgrade: '
work=$(dirname "$PWD")
GITHUB_WORKSPACE=$work cmig_fails 4 check --format github
expect_out '::error file=migrations/versions/b1.sql,line=5'
GITHUB_WORKSPACE=$work cmig_fails 4 check
expect_no_out 'migrations/'
GITHUB_WORKSPACE=/nowhere cmig_fails 4 check --format github
expect_out '::error file=versions/b1.sql,line=5'
mkdir sub && cd sub || exit 1
cmig_fails 4 check
expect_out '../versions/b1.sql:5: downgrade: '
cd ../.. || exit 1
mv "$(f b1)" "$(f 'b,1:%
x')"
cmig_fails 4 check --format github
expect_out '::error file=migrations/versions/b%2C1%3A%25%0Ax.sql,line=5,title='
rm "$(f 'b,1:%
x')" alembic.yml

# --- with a database ------------------------------------------------------------------------------
export DATABASE_URL="$TEST_URL"
line_of_revisions a1 b1
empty=$(snapshot)
finds at-head 'migrations/versions/b1.sql:1: ' 'the head b1 is not applied' '`cmig upgrade heads`'
is "$(snapshot)" "$empty" 'the database is only read'
if [ "$CMIG_TEST_DB" = sqlite ]; then
    rm -f "$TEST_DB"
    cmig_fails 4 check
    [ ! -e "$TEST_DB" ]
    check_that 'no database is created'
fi
cmig_ok check --no-database
expect_err 'Not checked: at-head: --no-database'
cmig_ok check --no-database --only sections
expect_no_err 'Not checked'
cmig_ok upgrade a1
finds at-head 'the head b1 is not applied'
cmig_ok upgrade head
clean
expect_err 'Checked 2 revisions: graph, single-head, sections, downgrade, applied-files, at-head.'
state=$(snapshot)

edit a1 's/integer/bigint/'
finds applied-files 'migrations/versions/a1.sql:1: ' 'a1 changed since it was applied' '`cmig accept a1'
cmig_fails 4 check --format github --only applied-files
expect_out '::error file=migrations/versions/a1.sql,line=1,title=applied-files::'
cmig_ok accept a1 --reason tested
clean
edit a1 's/^-- down_revision: null/-- down_revision: null\
-- message: another/; /^-- message: step/d'
clean
mv "$(f a1)" a1.kept
edit b1 's/^-- down_revision: a1/-- down_revision: null/'
finds applied-files 'no file defines a1, which is applied'
cmig_ok accept a1 --reason squashed
clean
mv a1.kept "$(f a1)"
edit b1 's/^-- down_revision: null/-- down_revision: a1/'
clean
is "$(snapshot)" "$state" 'the database is as before'

# A row that no file defines, and a section that was left half done.
sql "UPDATE alembic_version SET version_num = 'zz'"
finds at-head zz
sql "UPDATE alembic_version SET version_num = 'b1'"
sql "INSERT INTO cmig_audit (id, at, version_table, run, event, revision, direction, statement, statements, checksum)
     VALUES (1000, '2026-11-20', 'alembic_version', 'x', 'started', 'b1', 'downgrade', 0, 2, 'x')"
finds at-head 'the downgrade of b1 was left half done' 'cmig repair'
sql "DELETE FROM cmig_audit WHERE event = 'started'"
clean

# Which sections count, the connected dialect says.
case $CMIG_TEST_DB in
pg) other=sqlite ;;
*) other=postgresql ;;
esac
edit b1 "s/^-- cmig:downgrade/& $other/"
finds downgrade 'no downgrade section for'
edit b1 "s/^-- cmig:downgrade.*/-- cmig:downgrade/; s/^-- cmig:upgrade/& $other/"
cmig_fails 4 check
expect_out 'sections: revision b1 does not say how to upgrade'
edit b1 "s/^-- cmig:upgrade.*/-- cmig:upgrade/"
clean

# --- a database that is given must answer ---------------------------------------------------------
case $CMIG_TEST_DB in
pg) gone="postgresql://nobody@localhost:1/nothing" ;;
*)
    gone=sqlite:///$PWD/folder
    mkdir folder
    ;;
esac
edit b1 '/^-- cmig:downgrade/,$d'
DATABASE_URL=$gone
cmig_fails 69 check
expect_out 'migrations/versions/b1.sql:5: downgrade: '
expect_err 'Not checked: at-head: the database cannot be used'
cmig_fails 4 check --no-database
cmig_ok check --only sections
DATABASE_URL=
cmig_fails 78 check
expect_err 'DATABASE_URL is set but empty'
DATABASE_URL=nonsense://x
cmig_fails 78 check

# --- what help says -------------------------------------------------------------------------------
DATABASE_URL=
cmig_fails 2 check --only nothing
rules=$(sed -n 's/.*the rules: //p' "$TEST_ERR" | tr -d ,)
is "${rules%% *}" graph 'the rules are listed'
cmig_ok help check
for rule in $rules; do
    expect_out "$rule: "
done

done_testing
