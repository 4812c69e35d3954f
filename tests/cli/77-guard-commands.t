#!/bin/sh
# The guard around the table of decisions: every command that writes, plans and their hashes, the
# command that a refusal names, rules of the project, recorded environments, questions that wait.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-git.sh"
. "$(dirname "$0")/lib-runs.sh"

case $CMIG_TEST_DB in
pg) name=$TEST_DB ;;
*) name=$(basename "$TEST_DB") ;;
esac
confirmed=CONFIRM_PRODUCTION_MIGRATION=true
mkdir bin
ln -s "$CMIG" bin/cmig

# settings LINE…: the configuration; production unless a line says something else.
settings() {
    # shellcheck disable=SC2016  # cmig expands it
    echo 'database_url: ${DATABASE_URL}' >alembic.yml
    case "$*" in *environment:*) ;; *) echo 'environment: production' >>alembic.yml ;; esac
    for setting; do echo "$setting" >>alembic.yml; done
}
fresh() {
    start_over
    settings "$@"
}

# All there is, as a sum, and how many records of the audit table there are.
everything() { dump_all without-audit | cksum; }
audit_rows() { sql "SELECT count(*) FROM cmig_audit${1:+ WHERE event = '$1'}" 2>/dev/null || echo none; }

# refused STATUS WHY ARG…: the call changes nothing but for the record of a refusal, where records are kept.
refused() {
    refused_status=$1 refused_why=$2
    shift 2
    before=$(everything)
    rows_before=$(audit_rows)
    test_call "$@"
    test_judge "$refused_status" "cmig $* is refused"
    expect_err "$refused_why"
    is "$(everything)" "$before" '  and nothing is changed'
    case $refused_status:$rows_before in
    77:none) expect_no_err 'audit head' ;;
    77:*) is "$(grep -c '^audit head' "$TEST_ERR")" 1 '  and the head of the log is told once' ;;
    esac
    case $refused_status:$rows_before in
    *:none) is "$(audit_rows)" "$rows_before" '  nor recorded' ;;
    *) is "$(audit_rows)" $((rows_before + 1)) '  but one record says so' ;;
    esac
}
with() { # VARIABLE ARG…
    with_variable=$1
    shift
    # shellcheck disable=SC2163  # NAME=VALUE
    export "$with_variable"
    cmig_ok "$@"
    unset "${with_variable%%=*}"
}

# --- Every command that writes ----------------------------------------------------------------------

fresh
line_of_revisions r1 r2
refused 77 'is not confirmed' ensure-version
with $confirmed ensure-version
refused 77 'is not confirmed' upgrade r1
with $confirmed upgrade r1
refused 77 'is not confirmed' stamp r2
with $confirmed stamp r2
with $confirmed stamp --purge r1
refused 77 'is not confirmed' stamp --purge base
refused 77 'is not confirmed' downgrade base
with $confirmed downgrade base --allow-destructive
with $confirmed upgrade head
sed -i 's/integer PRIMARY KEY/integer PRIMARY KEY, more integer/' migrations/versions/r1.sql
refused 77 'is not confirmed' accept r1 --reason 'it was so'
line_of_revisions r1 r2 r3
sed -i 's/integer PRIMARY KEY/integer PRIMARY KEY, more integer/' migrations/versions/r1.sql
export CONFIRM_PRODUCTION_MIGRATION=true
refused 77 'changed after they were applied: r1' upgrade head
unset CONFIRM_PRODUCTION_MIGRATION
with $confirmed accept r1 --reason 'it was so'
with $confirmed upgrade head
refused 77 'is not confirmed' environment staging
with $confirmed environment staging
is "$(sql "SELECT environment FROM cmig_audit ORDER BY id DESC LIMIT 1")" staging 'the environment is recorded'
refused 77 'is not confirmed' environment production
settings 'environment: staging'
cmig_ok environment
expect_out 'staging'
cmig_ok downgrade base --yes

# What is only read is never refused.
fresh
line_of_revisions r1 r2
with $confirmed upgrade r1
before=$(everything)
rows_before=$(audit_rows)
for command in current 'history -i' heads branches 'show r1' plan 'plan -1' 'plan r2 --json' 'upgrade head --plan' \
    'downgrade base --plan' 'upgrade head --sql' 'downgrade r1:base --sql' 'stamp r1:r2 --sql' 'audit list' \
    'audit verify' environment 'environment --json' repair; do
    # shellcheck disable=SC2086  # words
    cmig_ok $command
done
cmig_any '0 1 4' check
cmig_any '0 1 4' doctor
is "$(everything) $(audit_rows)" "$before $rows_before" 'and it changes nothing'
cmig_ok upgrade r1
cmig_ok stamp r1
cmig_ok ensure-version
is "$(everything) $(audit_rows)" "$before $rows_before" 'nor does what has nothing to do, which needs no confirmation'

# A section that was left half done.
fresh
revision_file half null <<'SQL'
-- cmig:upgrade transaction=off
CREATE TABLE half (id integer NOT NULL);
INSERT INTO half VALUES (NULL);

-- cmig:downgrade
DROP TABLE half;
SQL
export CONFIRM_PRODUCTION_MIGRATION=true
cmig_fails 3 upgrade head
unset CONFIRM_PRODUCTION_MIGRATION
refused 77 'is not confirmed' repair --mark-applied --yes
refused 77 'is not confirmed' repair --retry --yes
with $confirmed repair --mark-applied --yes
now_at half

# How much is lost is seen through another name, and what is not there loses nothing.
fresh 'environment: development' 'guard: {safe_below_rows: 3}'
revision_file r1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE r1 (id integer);
INSERT INTO r1 VALUES (1), (2), (3), (4);

-- cmig:downgrade
SELECT 1;
SQL
for drop in 'DROP TABLE other' 'DROP TABLE IF EXISTS other' 'DELETE FROM other'; do
    revision_file r2 r1 <<SQL
-- cmig:upgrade
DROP TABLE IF EXISTS absent;
ALTER TABLE r1 RENAME TO other;
$drop;

-- cmig:downgrade
SELECT 1;
SQL
    cmig_ok upgrade r1
    refused 77 'may lose data' upgrade r2
done
sed -i 's/^ALTER.*//; s/other/absent/; s/^DELETE.*/DROP TABLE IF EXISTS absent;/' migrations/versions/r2.sql
cmig_ok upgrade r2

# So is what goes along with it.
if [ "$CMIG_TEST_DB" = pg ]; then
    fresh 'environment: development' 'guard: {safe_below_rows: 3}'
    revision_file r1 null <<'SQL'
-- cmig:upgrade
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE top (id integer PRIMARY KEY);
CREATE TABLE below (id integer REFERENCES top ON DELETE CASCADE, mood mood);
INSERT INTO top VALUES (1);
INSERT INTO below SELECT 1, 'good' FROM generate_series(1, 4);

-- cmig:downgrade
SELECT 1;
SQL
    cmig_ok upgrade r1
    for loss in 'TRUNCATE top CASCADE' 'DELETE FROM top' 'DROP TYPE mood CASCADE'; do
        revision_file r2 r1 <<SQL
-- cmig:upgrade
$loss;

-- cmig:downgrade
SELECT 1;
SQL
        refused 77 'may lose data' upgrade r2
        case $loss in *top*) expect_err '5 rows, with 1 table that refers to it)' ;; esac
    done
    for loss in 'ALTER TABLE below SET SCHEMA s; DROP TABLE s.below' 'ALTER SCHEMA public RENAME TO s; DROP TABLE s.below' \
        'DO $$ BEGIN ALTER TABLE below RENAME TO other; END $$; DELETE FROM other'; do
        revision_file r2 r1 <<SQL
-- cmig:upgrade
CREATE SCHEMA s;
$loss;

-- cmig:downgrade
SELECT 1;
SQL
        refused 77 'may lose data' upgrade r2
    done
    revision_file r2 r1 <<'SQL'
-- cmig:upgrade
TRUNCATE top, below;

-- cmig:downgrade
SELECT 1;
SQL
    refused 77 'may lose data' upgrade r2
    expect_err 'empties the table top, and 1 more (top: '
    expect_err ' 1 row; below: '
    sql 'DELETE FROM below'
    sed -i 's/^TRUNCATE.*/&\nDROP FUNCTION IF EXISTS absent() CASCADE;/' migrations/versions/r2.sql
    cmig_ok upgrade r2
fi

# --- The hash of a plan -----------------------------------------------------------------------------

plan_hash() { # ARG…
    test_call plan "$@"
    sed -n 's/^Plan hash: //p' "$TEST_OUT"
}
write_plan() {
    fresh
    revision_file a null <<'SQL'
-- cmig:upgrade
CREATE TABLE a (id integer);

-- cmig:downgrade
DROP TABLE a;
SQL
    revision_file b a <<'SQL'
-- cmig:upgrade substitute=on
INSERT INTO a VALUES (:number);
DELETE FROM a;

-- cmig:downgrade
SELECT 1;
SQL
    revision_file c a <<'SQL'
-- cmig:upgrade
CREATE TABLE c (id integer);

-- cmig:downgrade
DROP TABLE c;
SQL
    with $confirmed upgrade a
}
write_plan
hash=$(plan_hash heads -x number=1)
is "${#hash}" 64 'there is a hash'
is "$(plan_hash heads -x number=1)" "$hash" 'again the same'
cmig_ok upgrade heads --plan -x number=1
expect_out "Plan hash: $hash"
export CONFIRM_PRODUCTION_MIGRATION=true
changed() { # ARG…
    refused 77 'is not the plan that was approved' upgrade "$@" --approve "$hash"
}
changed b -x number=1
changed heads -x number=2
sed -i 's/^DELETE FROM a/DELETE FROM  a/' migrations/versions/b.sql
changed heads -x number=1
sed -i 's/^DELETE FROM  a/DELETE FROM a/' migrations/versions/b.sql
sed -i 's/^-- cmig:upgrade$/-- cmig:upgrade transaction=off/' migrations/versions/c.sql
changed heads -x number=1
sed -i 's/ transaction=off$//' migrations/versions/c.sql
sed -i 's/^-- message:.*/-- depends_on: b/' migrations/versions/c.sql # which came first
changed heads -x number=1
sed -i 's/^-- depends_on: b/-- message: step c/' migrations/versions/c.sql
case $CMIG_TEST_DB in
pg)
    psql -XqAt -d postgres -c "CREATE DATABASE ${TEST_DB}_copy TEMPLATE $TEST_DB"
    cmig_fails 78 upgrade heads -x number=1 --approve "$hash" --database-url "$(echo "$TEST_URL" | sed "s/$TEST_DB/&_copy/")"
    expect_err 'is not the production database that was recorded'
    PGDATABASE=${TEST_DB}_copy sql "UPDATE cmig_audit SET environment = NULL" >/dev/null 2>&1 ||
        PGDATABASE=${TEST_DB}_copy sql "DROP TABLE cmig_audit CASCADE" >/dev/null
    cmig_fails 77 upgrade heads -x number=1 --approve "$hash" --database-url "$(echo "$TEST_URL" | sed "s/$TEST_DB/&_copy/")"
    drop_database "${TEST_DB}_copy"
    ;;
*)
    cp "$TEST_DB" "$TEST_DB.copy"
    cmig_fails 77 upgrade heads -x number=1 --approve "$hash" --database-url "$TEST_URL.copy"
    ;;
esac
expect_err 'is not the plan that was approved'
cmig_ok upgrade b -x number=1 --approve "$(plan_hash b -x number=1)"
changed heads -x number=1
unset CONFIRM_PRODUCTION_MIGRATION

# Whoever may read can plan, sees the same hash, and changes nothing.
write_plan
hash=$(plan_hash heads -x number=1)
before=$(everything)
case $CMIG_TEST_DB in
pg)
    role=reader_$$
    sql "CREATE ROLE $role LOGIN" 'GRANT USAGE ON SCHEMA public TO '$role "GRANT SELECT ON alembic_version TO $role" >/dev/null
    for rights in 'of the version table' 'of the audit table'; do
        DATABASE_URL=$(echo "$TEST_URL" | sed "s/user=$PGUSER/user=$role/")
        is "$(plan_hash heads -x number=1)" "$hash" "a role with no right but to read, also $rights, sees the same hash"
        expect_out 'deletes all rows of a'
        DATABASE_URL=$TEST_URL
        sql "GRANT SELECT ON cmig_audit TO $role" >/dev/null
    done
    sql "DROP OWNED BY $role; DROP ROLE $role" >/dev/null
    ;;
*)
    sum=$(cksum <"$TEST_DB")
    plan_hash heads -x number=1 >/dev/null
    is "$(cksum <"$TEST_DB")" "$sum" 'a plan changes no byte'
    ;;
esac
is "$(everything)" "$before" 'planning changed nothing'

# --- The command of a refusal, pasted ---------------------------------------------------------------

# paste [SED]: runs the command that the last refusal named, changed by SED, as a shell would.
paste_hint() {
    pasted=$(sed -nE 's/^  hint: (to go ahead|wait until it is over; for an emergency), run //p' "$TEST_ERR" | sed "${1:-}")
    ! echo "$pasted" | grep -q s3cr3t
    check_that "no secret in: $pasted"
    PATH=$PWD/bin:$PATH timeout -k 5 "$CMIG_TEST_TIMEOUT" sh -c "$pasted" </dev/null >"$TEST_OUT" 2>"$TEST_ERR"
    TEST_STATUS=$?
    test_judge 0 "pasted: $pasted"
}
# asked ARG…: refused, pasted, accepted, on an empty database each time.
asked() {
    reset_plan
    cmig_fails 77 "$@"
    paste_hint
}
reset_plan() {
    start_over
    settings
    cp alembic.yml 'my $HOME '"'settings'"'.yml'
    revision_file a null <<'SQL'
-- cmig:upgrade
CREATE TABLE a (id integer);
INSERT INTO a VALUES (1);

-- cmig:downgrade
DROP TABLE a;
SQL
    revision_file b a <<'SQL'
-- cmig:upgrade substitute=on
SELECT :'word';

-- cmig:downgrade
SELECT 1;
SQL
}
asked upgrade a
asked upgrade +1
asked upgrade a --reason ''
asked upgrade --reason "it's \$HOME \`id\` \\ \"quoted\" ; exit 9" a
asked -c "my \$HOME 'settings'.yml" upgrade a
asked upgrade -- a
asked -q upgrade a --reason=-x
asked upgrade a --reason 'über → alles'
is "$(sql "SELECT reason FROM cmig_audit WHERE event = 'applied'")" 'über → alles' 'the reason came through'
asked stamp a
asked ensure-version
asked environment production
reset_plan
with $confirmed upgrade a
for back in -1 '-- -1' base; do
    reset_plan
    with $confirmed upgrade a
    # shellcheck disable=SC2086  # words
    cmig_fails 77 downgrade $back
    expect_err '--approve'
    paste_hint
    now_at -
done
settings 'environment: staging'
reset_plan
settings 'environment: staging'
cmig_ok upgrade a
cmig_fails 77 downgrade -- -1
expect_err '--yes'
paste_hint
now_at -

# Secrets: an ellipsis stands for them.
CMIG_CANARY=s3cr3t
for form in '-x word=s3cr3t' '-xword=s3cr3t' '-qx word=s3cr3t' '-qxword=s3cr3t' '--variable word=s3cr3t' '--variable=word=s3cr3t'; do
    reset_plan
    # shellcheck disable=SC2086  # words
    cmig_fails 77 upgrade $form b
    expect_err '…'
    CMIG_CANARY=
    paste_hint 's/=…/=word=x/; s/ …/ word=x/; s/word=word=/word=/'
    CMIG_CANARY=s3cr3t
done
case $CMIG_TEST_DB in
pg) secret_url="postgresql://$PGUSER:s3cr3t@/$TEST_DB?host=$PGHOST&port=$PGPORT" ;;
*) secret_url=$TEST_URL ;;
esac
for form in "--database-url $secret_url" "--database-url=$secret_url"; do
    reset_plan
    # shellcheck disable=SC2086  # words
    cmig_fails 77 $form upgrade a
    expect_err '--database-url'
    expect_no_err "?host=" "sqlite:///"
    paste_hint "s|…|'$(echo "$TEST_URL" | sed 's/&/\\&/g')'|"
done
CMIG_CANARY=

# --- Rules of the project ---------------------------------------------------------------------------

fresh
line_of_revisions r1
export CONFIRM_PRODUCTION_MIGRATION=true
for zone in Asia/Tokyo UTC; do
    now_there() { TZ=$zone date -d "$1" "+$2"; }
    for range in "$(now_there '-2 hours' %H:%M) - $(now_there '+2 hours' %H:%M)" \
        "$(now_there '-2 hours' '%a %H:%M') - $(now_there '+2 hours' '%a %H:%M')" \
        "$(now_there '-1 day' %Y-%m-%d) - $(now_there '+1 day' %Y-%m-%d)"; do
        settings "timezone: $zone" "guard: {freeze: ['$range']}"
        refused 77 "falls into the freeze \"$range\"" upgrade head
    done
    cmig_fails 2 upgrade head --override-freeze
    expect_err 'needs a reason'
    cmig_fails 2 upgrade head --override-freeze --reason ' '
    expect_err 'needs a reason'
    # Somewhere else it is another time.
    other=UTC
    [ "$zone" != UTC ] || other=Asia/Tokyo
    settings "timezone: $other" "guard: {freeze: ['$(now_there '-2 hours' %H:%M) - $(now_there '+2 hours' %H:%M)']}"
    cmig_ok upgrade head
    settings "timezone: $zone" "guard: {freeze: ['$(now_there '-2 hours' %H:%M) - $(now_there '+2 hours' %H:%M)']}"
    cmig_fails 77 downgrade base --allow-destructive
    expect_err '--override-freeze --reason'
    cmig_ok downgrade base --allow-destructive --override-freeze --reason 'fire in the house'
    settings "timezone: $other"
    cmig_ok upgrade head
    settings "timezone: $zone" "guard: {freeze: ['$(now_there '-2 hours' %H:%M) - $(now_there '+2 hours' %H:%M)']}"
    unset CONFIRM_PRODUCTION_MIGRATION
    cmig_fails 77 downgrade base
    paste_hint
    now_at -
    export CONFIRM_PRODUCTION_MIGRATION=true
    case $(sql "SELECT confirmed || ' ' || reason FROM cmig_audit WHERE event = 'reverted' ORDER BY id DESC LIMIT 1") in
    *--override-freeze*'why it cannot wait') ok 'the override and its reason are recorded' ;;
    *) not_ok 'the override and its reason are recorded' ;;
    esac
done
settings "guard: {freeze: ['00:00 - 24:00']}" 'environment: staging'
start_over
settings "guard: {freeze: ['00:00 - 24:00']}" 'environment: staging'
line_of_revisions r1
cmig_ok upgrade head

fresh 'guard: {require_reversible: true}'
line_of_revisions r1
revision_file r2 r1 <<'SQL'
-- cmig:upgrade
CREATE TABLE r2 (id integer);

-- cmig:downgrade none
SQL
refused 77 'holds r2, which cannot be taken back' upgrade head
cmig_ok upgrade r1
cmig_ok downgrade base --allow-destructive

# git: in no repository, not committed, committed, changed, on the wrong branch, on none.
fresh 'guard: {require_committed: true}'
line_of_revisions r1
refused 77 'cannot be compared with git' upgrade head
expect_err 'is in no git repository'
mkdir "$TEST_TMP/repository"
mv alembic.yml migrations "$TEST_TMP/repository"
cd "$TEST_TMP/repository" || exit 1
git init -q
refused 77 'not committed' upgrade head
commit one
cmig_ok upgrade head
line_of_revisions r1 r2
refused 77 'not committed' upgrade head
commit two
echo '-- a remark' >>migrations/versions/r2.sql
refused 77 'not committed' upgrade head
commit three
cmig_ok upgrade head
settings "guard: {branches: [main, 'release-*']}"
commit four
line_of_revisions r1 r2 r3
commit five
for branch in feature old-release-1 mainly; do
    git checkout -q -b $branch
    refused 77 "would run from $branch" upgrade head
done
git checkout -q --detach
git commit -q --allow-empty -m six
refused 77 'would run from no branch' upgrade head
git checkout -q -b release-1
cmig_ok upgrade head
is "$(sql "SELECT git_branch FROM cmig_audit WHERE event = 'applied' ORDER BY id DESC LIMIT 1")" release-1 'the branch is recorded'
unset CONFIRM_PRODUCTION_MIGRATION
cd "$TEST_TMP/work" || exit 1

# --- What the database has recorded -----------------------------------------------------------------

fresh 'environment: staging'
line_of_revisions r1 r2
cmig_ok upgrade r1
for other in development production qa; do
    refused 78 'says of itself that it is "staging"' upgrade head --environment $other
done
refused 78 'says of itself that it is "staging"' stamp base --environment qa
cmig_ok environment qa --reason 'moved'
refused 78 'says of itself that it is "qa"' upgrade head
cmig_ok upgrade head --environment qa
is "$(sql "SELECT detail || ' ' || reason FROM cmig_audit WHERE event = 'environment'")" 'staging -> qa moved' 'the change is recorded'
settings 'guard: {patterns: ["*test*"]}' 'environment: qa'
# The URL is enough to see that: nobody connects, so nothing is recorded either.
before="$(everything) $(audit_rows)"
cmig_fails 78 downgrade base --yes
expect_err 'is production by guard.patterns'
is "$(everything) $(audit_rows)" "$before" 'nothing is changed'
# shellcheck disable=SC2016  # cmig expands it
printf '%s\n' 'database_url: ${DATABASE_URL}' 'guard: {patterns: ["*test*"]}' >alembic.yml
refused 77 'guard.patterns has' downgrade base --yes
refused 77 'is not confirmed' environment development
cmig_fails 2 environment 'two words'
expect_err 'the name of an environment'

# A copy: the record goes along. On PostgreSQL it is seen to be one.
fresh
line_of_revisions r1 r2 r3
with $confirmed upgrade r1
case $CMIG_TEST_DB in
pg)
    psql -XqAt -d postgres -c "CREATE DATABASE ${TEST_DB}_copy TEMPLATE $TEST_DB"
    DATABASE_URL=$(echo "$TEST_URL" | sed "s/$TEST_DB/&_copy/")
    export CONFIRM_PRODUCTION_MIGRATION=true
    cmig_fails 78 upgrade r2
    expect_err 'is not the production database that was recorded'
    is "$(PGDATABASE=${TEST_DB}_copy sql 'SELECT version_num FROM alembic_version')" r1 'nothing is changed'
    cmig_ok environment production
    cmig_ok upgrade r2
    unset CONFIRM_PRODUCTION_MIGRATION
    DATABASE_URL=$TEST_URL
    drop_database "${TEST_DB}_copy"
    with $confirmed environment staging
    psql -XqAt -d postgres -c "CREATE DATABASE ${TEST_DB}_copy TEMPLATE $TEST_DB"
    DATABASE_URL=$(echo "$TEST_URL" | sed "s/$TEST_DB/&_copy/")
    cmig_ok upgrade r2 --environment staging
    DATABASE_URL=$TEST_URL
    drop_database "${TEST_DB}_copy"
    ;;
*)
    cp "$TEST_DB" "$TEST_DB.copy"
    # shellcheck disable=SC2016  # cmig expands it
    echo 'database_url: ${DATABASE_URL}' >alembic.yml
    cmig_fails 77 upgrade r2 --database-url "$TEST_URL.copy"
    expect_err 'the database says so of itself'
    rm "$TEST_DB.copy"
    ;;
esac

# --- While the question stands ----------------------------------------------------------------------

# hold ARG…: cmig in the background, at its question, as process $held; let_go types ANSWER.
hold() { # ANSWER ARG…
    held_answer=$1
    shift
    rm -f "$TEST_TMP/hold"
    "$TEST_ROOT/tests/cli/terminal.py" --hold "$TEST_TMP/hold" 'to go ahead: ' "$held_answer\\n" "$CMIG" "$@" \
        >"$TEST_TMP/held" 2>&1 </dev/null &
    holder=$!
    within 20 test -e "$TEST_TMP/hold"
    check_that "cmig $* asks"
    held=$(cat "$TEST_TMP/hold")
}
let_go() { # STATUS NAME
    rm "$TEST_TMP/hold"
    wait "$holder"
    held_status=$?
    is "$held_status" "$1" "$2"
    [ "$held_status" = "$1" ] || diag <"$TEST_TMP/held"
}
nobody() {
    case $CMIG_TEST_DB in
    pg) no_sessions ;;
    *) [ ! -e "$TEST_DB-journal" ] && [ ! -e "$TEST_DB-wal" ] ;;
    esac
}

fresh
line_of_revisions r1 r2
with $confirmed upgrade r1
before=$(everything)
hold "$name" upgrade head
cmig_ok plan
expect_out 'Plan hash: '
if [ "$CMIG_TEST_DB" = pg ]; then
    export CONFIRM_PRODUCTION_MIGRATION=true
    cmig_fails 75 upgrade head --lock-timeout 300ms
    expect_err 'another run holds the migration lock' 'held by'
    case $(cat "$TEST_ERR") in *"pid "*) ok 'and says who' ;; *) not_ok 'and says who' ;; esac
    unset CONFIRM_PRODUCTION_MIGRATION
fi
kill -9 "$held"
let_go 137 'it is killed at the question'
holds 'nobody is left' within 10 nobody
is "$(everything)" "$before" 'and nothing is changed'
is "$(audit_rows refused)" 0 'nor recorded'

# One run declines; the other, which has waited, goes on.
hold nonsense upgrade head
export CONFIRM_PRODUCTION_MIGRATION=true
start_run upgrade head --lock-timeout 60s
if [ "$CMIG_TEST_DB" = pg ]; then
    holds 'the second run waits' within 10 grep -q 'held by' "$TEST_ERR"
    is "$(everything)" "$before" 'nothing has changed meanwhile'
    let_go 130 'the first one is declined'
    end_run
else
    # There is no lock for a whole run: it is through before the answer comes.
    end_run
    let_go 130 'the first one is declined'
fi
unset CONFIRM_PRODUCTION_MIGRATION
is "$TEST_STATUS" 0 'the second one has run'
now_at r2
holds 'nobody is left' within 10 nobody

# What was confirmed is done already: nothing happens twice.
if [ "$CMIG_TEST_DB" = sqlite ]; then
    fresh
    line_of_revisions r1 r2
    with $confirmed upgrade r1
    hold "$name" upgrade head
    with $confirmed upgrade head
    let_go 0 'another run came first'
    is "$(sql "SELECT count(*) FROM cmig_audit WHERE event = 'applied' AND revision = 'r2'")" 1 'it ran once'
fi

# A file that changes while the question stands: what was judged runs, or nothing does. A section
# that is too large to be kept is read again.
large=$((17 * 1024 * 1024))
padding() { head -c "$large" /dev/zero | tr '\0' '-'; }
for change in kept 's/VALUES (1)/VALUES (2)/' 's/^-- cmig:upgrade$/-- cmig:upgrade transaction=off/' \
    's/^-- cmig:upgrade$/-- cmig:upgrade substitute=on/' none; do
    fresh
    line_of_revisions r1
    {
        printf -- '-- cmig:upgrade\nINSERT INTO r1 VALUES (1);\nINSERT INTO r1 SELECT 10 /*:x*/ WHERE 1 = 0 OR (SELECT 1) = :x;\n'
        [ "$change" = kept ] || padding
        printf -- '\n\n-- cmig:downgrade\nSELECT 1;\n'
    } | sed '/:x;/d' | revision_file r2 r1
    hold "$name" upgrade head
    case $change in
    none) ;;
    kept) sed -i 's/VALUES (1)/VALUES (2)/' migrations/versions/r2.sql ;;
    *) sed -i "$change" migrations/versions/r2.sql ;;
    esac
    case $change in
    none | kept | *substitute*)
        let_go 0 "large, changed by $change: what was judged runs"
        now_at r2
        is "$(sql 'SELECT id FROM r1')" 1 'and it is the old one'
        ;;
    *)
        let_go 75 "large, changed by $change: refused"
        case $(cat "$TEST_TMP/held") in
        *'has changed while the run went on'*) ok 'and says why' ;;
        *) not_ok 'and says why' && diag <"$TEST_TMP/held" ;;
        esac
        now_at r1
        is "$(sql 'SELECT count(*) FROM r1')" 0 'nothing of it is there'
        ;;
    esac
done

# --- What a question, a record and an answer say ------------------------------------------------------

fresh
line_of_revisions r1
with $confirmed upgrade head
revision_file r2 r1 <<'SQL'
-- cmig:upgrade
DROP TABLE r1;
SQL
hash=$(plan_hash head)
"$TEST_ROOT/tests/cli/terminal.py" 'go ahead:' 'nonsense\n' "$CMIG" upgrade head --approve "$hash" >"$TEST_OUT" 2>"$TEST_ERR" </dev/null
is "$?" 130 'another name is no yes'
expect_out 'That is not its name.' 'declined; nothing was changed'
is "$(grep -c 'drops the table r1' "$TEST_OUT")" 1 'the statement is shown once'
cmig_fails 77 upgrade head
cmig_ok audit list --event refused --limit 1
expect_out '  upgrade by 1 revision is not confirmed'
cmig_ok audit list --json --limit 1
expect_out '"detail": "refused: upgrade by 1 revision is not confirmed"'

# What is done comes before the head of the log that says so.
with $confirmed stamp base
is "$(sed 's/ .*//' "$TEST_ERR" | tr '\n' ' ')" 'Running audit ' 'a stamp is told first'

# A script is neither a plan nor held to one.
cmig_fails 2 upgrade head --plan --sql
expect_out_is </dev/null
expect_err '--sql and --plan exclude each other'
cmig_fails 2 downgrade head:r1 --sql --approve "$hash"
expect_out_is </dev/null
expect_err '--sql and --approve exclude each other'

# A name that is recorded is told.
fresh 'environment: staging'
cmig_ok environment staging
expect_out_is <<'TEXT'
staging (recorded in the database)
TEXT
fresh
with $confirmed environment prod-eu --json
expect_out '"environment": "prod-eu"' '"production": true' '"reason": "recorded in the database"'

# Of a copy it says how to make it one, and the command is accepted.
if [ "$CMIG_TEST_DB" = pg ]; then
    fresh
    line_of_revisions r1
    with $confirmed upgrade head
    drop_database "${TEST_DB}_copy"
    psql -XqAt -d postgres -c "CREATE DATABASE ${TEST_DB}_copy TEMPLATE $TEST_DB"
    copy=$(echo "$TEST_URL" | sed "s/$TEST_DB/&_copy/")
    echo "database_url: $copy" >alembic.yml
    cmig_fails 78 downgrade base --database-url "$copy"
    expect_err "a copy: say what it is for, as in \`cmig environment development --reason 'restored from production'\`"
    cmig_fails 77 environment development --reason 'restored from production' --database-url "$copy"
    with $confirmed environment development --reason 'restored from production' --database-url "$copy"
    cmig_ok downgrade base --database-url "$copy"
    drop_database "${TEST_DB}_copy"
fi
done_testing
