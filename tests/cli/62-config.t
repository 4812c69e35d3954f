#!/bin/sh
# alembic.yml, .env files, the environment and flags: where they are found, which wins, what is an
# error and how it is said; and that every key of alembic.yml.example has an effect.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"
# shellcheck disable=SC2016 # cmig expands what is written into alembic.yml

yml() { printf '%s\n' "$@" >alembic.yml; }

# shows FILE: `current -v` connects to this SQLite file, given relative to the project.
shows() {
    run 0 "$@" current -v
}
uses() { # FILE CALL… : the run creates exactly this database file
    uses_file=$1
    shift
    rm -f ./*.db sub/*.db
    run 0 "$@" ensure-version
    is "$(ls ./*.db sub/*.db 2>/dev/null | tr '\n' ' ')" "./$uses_file " "  the database is $uses_file"
}
refused() { # STATUS NEEDLE… : loading fails, with the place
    run 78 heads
    err_has "$@"
}

# --- Where the configuration is ---

project find
rev aaaa1 null
mkdir -p sub/deeper
run 0 heads
(cd sub/deeper && "$CMIG" heads) >"$TEST_OUT" 2>"$TEST_ERR"
is "$(cat "$TEST_OUT")" 'aaaa1 (head)' 'alembic.yml of a parent folder is found'
mkdir other && mv alembic.yml other/mine.yml && echo 'script_location: ../migrations' >>other/mine.yml
run 0 -c other/mine.yml heads
out_is 'aaaa1 (head)'
run 0 heads -c "$PWD/other/mine.yml"
run 0 CMIG_CONFIG=other/mine.yml heads
out_is 'aaaa1 (head)'
run 0 ALEMBIC_CONFIG=other/mine.yml heads
out_is 'aaaa1 (head)'
run 0 CMIG_CONFIG=/nonexistent.yml -c other/mine.yml heads
run 78 -c nonexistent.yml heads
err_has nonexistent.yml
run 78 CMIG_CONFIG=nonexistent.yml heads
err_has nonexistent.yml
run 78 -c . heads
run 78 -c /dev/zero heads
mkfifo fifo.yml
run 78 -c fifo.yml heads
run 0 heads
out_is 'aaaa1 (head)' # without any file: ./migrations
run 78 current
err_has DATABASE_URL
run 0 DATABASE_URL=sqlite:///./env.db ensure-version
holds 'DATABASE_URL works without a file' test -f env.db
# Relative paths belong to the file.
run 0 -c other/mine.yml ensure-version
holds 'the default database is beside the file' test -f other/app.db
mkdir elsewhere
(cd elsewhere && "$CMIG" -c ../other/mine.yml heads) >"$TEST_OUT" 2>"$TEST_ERR"
is "$(cat "$TEST_OUT")" 'aaaa1 (head)' 'and so is the folder of revisions'

# --- Variables ---

project expand
rev aaaa1 null
yml 'database_url: ${URL}'
run 78 current
err_has URL alembic.yml:1
run 0 heads
uses u.db URL=sqlite:///./u.db
yml 'database_url: sqlite:///./${NAME:-fallback}.db'
uses fallback.db -uNAME
uses fallback.db NAME=
uses given.db NAME=given
yml 'database_url: sqlite:///./${A:-${B:-${C:-deep}}}.db'
uses deep.db -uA
uses b.db B=b C=c
yml 'database_url: ${URL:?say where the data is}'
run 78 current
err_has 'say where the data is'
run 78 URL= current
err_has 'say where the data is'
yml 'database_url: sqlite:///./a$$b${X}$.db'
uses 'a$b1$.db' X=1
yml 'database_url: sqlite:///./${X}.db'
uses 'a$Y.db' X='a$Y' Y=no # what a variable holds is not expanded again
run 0/78 X='${Y}' Y=no ensure-version
holds_not '  also not with braces' test -e no.db
for bad in '${' '${}' '${A' '${A:-' '${A:-x' '${1A}' '${A B}' '${A:?}' '${A:+x}' '${A:-${B}' '${A:-${B:-${C:-${D:-${E:-${F:-x}}}}}}'; do
    yml "database_url: 'sqlite:///./x$bad.db'"
    run 78 current
    err_has alembic.yml:1
done
yml 'version_table: ${A'
refused alembic.yml:1
yml 'script_location: ${DIR:-migrations}'
run 0 heads
out_is 'aaaa1 (head)'
run 0/78 DIR=nowhere heads
out_lacks aaaa1

# --- .env ---

project dotenv
rev aaaa1 null
yml 'database_url: ${URL:-sqlite:///./file.db}'
dot() { printf '%b' "$1" >.env; }
dot 'URL=sqlite:///./dot.db\n'
uses dot.db -uURL
uses proc.db URL=sqlite:///./proc.db
for line in 'export URL=sqlite:///./dot.db' "URL='sqlite:///./dot.db'" 'URL="sqlite:///./dot.db"' 'URL=sqlite:///./dot.db  # why' \
    'URL="sqlite:///./dot.db" # why' '  URL=sqlite:///./dot.db  ' '# c\n\nURL=sqlite:///./dot.db\n#e' 'URL=sqlite:///./dot.db\r\nX=1\r\n' \
    '\0357\0273\0277URL=sqlite:///./dot.db\n' 'URL=x\nURL=sqlite:///./dot.db' 'URL=sqlite:///./dot.db' 'URL = sqlite:///./dot.db'; do
    dot "$line"
    case $line in
    'URL = '*) run 0/78 ensure-version ;;
    *) uses dot.db -uURL ;;
    esac
done
dot "URL='sqlite:///./a\"b \$HOME #.db'\n"
uses 'a"b $HOME #.db' -uURL
dot 'URL="sqlite:///./q\\"\\$X\\\\.db"\n'
uses 'q"$X\.db' -uURL
dot 'URL=sqlite:///./a#b.db\n'
uses 'a#b.db' -uURL
dot 'URL=sqlite:///./$X.db\n'
uses '$X.db' -uURL X=1
for line in 'URL' 'URL="a' "URL='a" '=x' '1A=x' 'A B=x' 'URL="a" b' 'export' 'A="x\nB=y"' '\0377=x' 'A\0000=x'; do
    dot "X=1\n$line\n"
    run 78 current
    err_has .env:2
done
dot 'DATABASE_URL=sqlite:///./dot.db\n'
yml 'script_location: migrations'
uses dot.db -uURL
uses proc.db DATABASE_URL=sqlite:///./proc.db
yml 'database_url: sqlite:///./file.db'
uses dot.db -uURL # .env before a literal in the file
dot 'X=1\n'
uses file.db -uURL
yml 'database_url: sqlite:///./${N:-file}.db' 'env_files: [one.env, two.env?]'
run 78 heads
err_has one.env
echo N=one >one.env
uses one.db -uN
echo N=two >two.env
uses one.db -uN
: >one.env
uses two.db -uN
yml 'env_files: []' 'database_url: sqlite:///./${N:-file}.db'
echo N=dot >.env
uses file.db -uN
rm .env && mkfifo .env && yml 'database_url: sqlite:///./file.db'
run 0/78 heads
rm .env && ln -s /dev/zero .env
run 0/78 heads
rm .env && head -c 3000000 /dev/zero | tr '\0' x >.env
run 78 heads
rm .env

# --- Precedence ---

project order
rev aaaa1 null
yml 'database_url: ${DATABASE_URL:-sqlite:///./default.db}'
uses default.db -uDATABASE_URL
echo 'DATABASE_URL=sqlite:///./dot.db' >.env
uses dot.db -uDATABASE_URL
uses env.db DATABASE_URL=sqlite:///./env.db
uses flag.db DATABASE_URL=sqlite:///./env.db --database-url sqlite:///./flag.db
run 78 DATABASE_URL= ensure-version
err_has DATABASE_URL empty
run 0 DATABASE_URL= heads
uses flag.db DATABASE_URL= --database-url sqlite:///./flag.db
run 78 --database-url '' ensure-version
rm .env
yml 'database_url: sqlite:///./file.db'
uses file.db -uDATABASE_URL
uses env.db DATABASE_URL=sqlite:///./env.db
run 78 DATABASE_URL= ensure-version
err_has DATABASE_URL empty
holds_not 'a lost secret leads to no other database' test -e file.db
# A URL that the project makes of another variable is not overridden by a stray DATABASE_URL.
yml 'database_url: ${BILLING_URL}'
uses billing.db BILLING_URL=sqlite:///./billing.db DATABASE_URL=sqlite:///./stray.db
yml 'database:' '  driver: sqlite' '  name: ${BILLING_FILE}'
uses billing.db BILLING_FILE=billing.db DATABASE_URL=sqlite:///./stray.db
yml 'lock_timeout: 1parsec'
refused alembic.yml:1 lock_timeout
yml 'lock_timeout: 30s'
run 2/78 CMIG_LOCK_TIMEOUT=nonsense heads
err_has CMIG_LOCK_TIMEOUT
run 2/78 CMIG_LOCK_TIMEOUT=10s --lock-timeout nonsense heads

# --- Errors, each with its place ---

if once; then

project wrong
rev aaaa1 null
yml '# c' 'script_locaton: x'
refused alembic.yml:2:1 script_locaton 'did you mean' script_location
yml 'databse_url: x'
refused alembic.yml:1 'did you mean' database_url
yml 'sqlalchemy.url: postgresql://x/y'
refused alembic.yml:1 database_url
yml 'qqqqqqqq: 1'
refused alembic.yml:1 qqqqqqqq
err_lacks 'did you mean'
yml 'database:' '  usr: x'
refused alembic.yml:2 user
yml 'hooks:' '  - nam: x' '    command: y'
refused alembic.yml:2 name
yml 'script_location: a' 'script_location: b'
refused alembic.yml:2 script_location
for line in 'script_location: [a, b]' 'script_location: {a: b}' 'script_location: ""' 'version_locations: {a: b}' \
    'version_locations: [[a]]' 'recursive_version_locations: maybe' 'recursive_version_locations: [true]' 'truncate_slug_length: many' \
    'truncate_slug_length: -1' 'truncate_slug_length: 99999999999999' 'truncate_slug_length: 4.5' 'version_table_pk: 7' \
    'transaction: sometimes' 'lock_timeout: soon' 'lock_timeout: -5s' 'statement_timeout: [1]' 'connect_timeout: x' \
    'database: text' 'database: [a]' 'hooks: text' 'hooks: [text]' 'hooks: [{name: x}]' 'hooks: [{command: ""}]' 'timezone: Mars/Base' \
    'version_table: ""' 'version_table: {a: b}' 'environment: [production]' 'env_files: {a: b}' 'file_template: [a]' 'templates: [a]'; do
    yml '# first' "$line"
    case $line in *database:*) run 0/78 heads && run 78 current ;; *) run 78 heads ;; esac
    err_has alembic.yml:2
done
yml 'database_url: sqlite:///a.db' 'database: {driver: sqlite, name: b}'
run 78 current
err_has alembic.yml database_url
for text in 'a: &x 1\nb: *x\n' 'script_location: &x migrations\n' 'script_location: !!python/object x\n' '--- \na: 1\n--- \nb: 2\n' '- a\n- b\n' 'text\n' \
    '{' '[' '"' 'a: b: c\n' '\tscript_location: x\n' 'script_location: "\\q"\n' '%YAML 9.9\n---\na: 1\n' '\0377\0376\n' 'script_location: a\0000b\n' '? [a]\n: b\n' \
    '<<: {script_location: x}\n'; do
    printf '%b' "$text" >alembic.yml
    run 78 heads
    err_has alembic.yml
done
for text in '' '\n' '# nothing\n' '---\n' '{}\n' '\0357\0273\0277script_location: migrations\n' 'script_location: migrations\r\n' 'script_location: migrations' 'null\n' '"script_location": "migrations"\n'; do
    printf '%b' "$text" >alembic.yml
    case $text in null*) run 0/78 heads ;; *) run 0 heads && out_is 'aaaa1 (head)' ;; esac
done
CMIG_TEST_TIMEOUT=5
head -c 1000000 /dev/zero | tr '\0' '[' >alembic.yml
refused alembic.yml
head -c 60000 /dev/zero | tr '\0' '[' >alembic.yml
refused alembic.yml
head -c 60000 /dev/zero | tr '\0' '{' >alembic.yml
refused alembic.yml
awk 'BEGIN { for (i = 0; i < 15000; i++) printf "a: "; }' >alembic.yml
refused alembic.yml
awk 'BEGIN { for (i = 0; i < 300; i++) { for (j = 0; j < i; j++) printf " "; print "a:" } }' >alembic.yml
refused alembic.yml
awk 'BEGIN { for (i = 0; i < 30000; i++) printf "- "; }' >alembic.yml
refused alembic.yml
awk 'BEGIN { print "script_location: migrations"; for (i = 0; i < 20000; i++) print "# comment " i }' >alembic.yml
refused alembic.yml
CMIG_TEST_TIMEOUT=60
fi

# --- Every key does something ---

probed=''
probe() { probed="$probed $1"; }
project keys
rev aaaa1 null
mkdir extra && VERSIONS=extra rev xxxx1 null
mkdir -p migrations/versions/sub && VERSIONS=migrations/versions/sub rev ssss1 aaaa1

probe script_location
yml 'script_location: extra'
run 0 heads
out_is 'xxxx1 (head)'
probe version_locations
yml 'version_locations: [migrations/versions, extra]'
run 0 heads
out_is "aaaa1 (head)
xxxx1 (head)"
probe recursive_version_locations
yml 'recursive_version_locations: true'
run 0 heads
out_is 'ssss1 (head)'
yml 'recursive_version_locations: false'
run 0 heads
out_is 'aaaa1 (head)'
probe file_template
yml 'file_template: x_%(rev)s'
run 0 revision --rev-id bbbb2 -m some
holds 'file_template names the file' test -f migrations/versions/x_bbbb2.sql
probe truncate_slug_length
yml 'truncate_slug_length: 5'
run 0 revision --rev-id cccc3 -m 'some words more'
is "$(find migrations/versions -name cccc3_some.sql -o -name cccc3_some_.sql | wc -l | tr -d " ")" 1 'truncate_slug_length cuts'
probe timezone
yml 'timezone: Etc/GMT-7'
run 0 revision --rev-id dddd4 -m x
is "$(grep -c 'create_date: .*+07:00$' migrations/versions/dddd4_x.sql)" 1 'timezone is used'
probe templates
mkdir tpl && sed 's/^-- cmig:upgrade/&\n-- from tpl/' "$TEST_ROOT/templates/revision/generic.sql" >tpl/generic.sql
yml 'templates: tpl'
run 0 revision --rev-id eeee5 -m x
is "$(grep -c 'from tpl' migrations/versions/eeee5_x.sql)" 1 'templates are used'
rm -f migrations/versions/[b-e]*
rm -f migrations/versions/x_*
probe database_url
yml 'database_url: sqlite:///./key.db'
uses key.db -uX
probe direct_url # further in 53-pooler.t
yml 'database_url: sqlite:///./pooled.db' 'direct_url: sqlite:///./direct.db'
uses direct.db -uX
probe session_pooler # in 53-pooler.t
probe require_tls    # in 54-tls.t
yml 'require_tls: true' 'database_url: postgresql://u@127.0.0.1:1/d?sslmode=disable'
run 78 current
err_has sslmode=disable require_tls
probe database
for key in driver user password host port name; do probe "$key"; done # in 63-urls.t, by connections
yml 'database: {driver: sqlite, name: parts.db}'
uses parts.db -uX
probe env_files
echo 'F=from-file' >my.env
yml 'env_files: [my.env]' 'database_url: sqlite:///./${F}.db'
uses from-file.db -uF
probe environment
yml 'environment: production' 'database_url: sqlite:///./p.db'
run 77 upgrade head
holds_not 'environment guards' test -e p.db
probe variables
cat >migrations/versions/bbbb2_x.sql <<'SQL'
-- revision: bbbb2
-- down_revision: aaaa1

-- cmig:upgrade substitute=on
CREATE TABLE :"name" (id integer);
SQL
yml 'variables: {name: "${NAME}"}' 'database_url: sqlite:///./vars.db'
run 0 NAME=named upgrade head
is "$(sqlite3 vars.db "SELECT count(*) FROM sqlite_schema WHERE name = 'named'")" 1 'variables go into sections'
rm migrations/versions/bbbb2_x.sql vars.db
probe hooks
probe command
probe cwd
yml 'hooks:' '  - name: note' '    command: [touch, ran, "{file}"]' '    cwd: extra'
run 0 revision --rev-id bbbb2 -m x
holds 'hooks run where cwd says' test -e extra/ran
err_has note
rm migrations/versions/bbbb2_x.sql

target=DATABASE_URL=$TEST_URL
probe version_table
reset_db
yml 'version_table: my_versions'
run 0 "$target" upgrade head
is "$(tables)" 'my_versions t_aaaa1' 'version_table names it'
probe version_table_pk
reset_db
has_pk() {
    case $CMIG_TEST_DB in
    pg) sql "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND conrelid = 'alembic_version'::regclass AND conname = 'alembic_version_pkc'" ;;
    sqlite) sql "SELECT count(*) FROM pragma_table_info('alembic_version') WHERE pk > 0" ;;
    esac
}
yml 'version_table_pk: true'
run 0 "$target" upgrade head
is "$(has_pk)" 1 'the table has a primary key'
reset_db
yml 'version_table_pk: false'
run 0 "$target" upgrade head
is "$(has_pk)" 0 'or none'
probe version_table_schema
reset_db
case $CMIG_TEST_DB in
pg)
    yml 'version_table_schema: meta'
    run 1/78 "$target" upgrade head
    err_has meta
    is "$(tables)" '' 'a schema that is missing is an error, and nothing runs'
    sql 'CREATE SCHEMA meta'
    run 0 "$target" upgrade head
    is "$(tables)" 'meta.alembic_version t_aaaa1' 'version_table_schema is used'
    run 0 "$target" current
    out_is 'aaaa1 (head)'
    run 0 "$target" downgrade base
    sql 'DROP SCHEMA meta CASCADE' 2>/dev/null
    ;;
esac
probe create_version_schema
reset_db
case $CMIG_TEST_DB in
pg)
    yml 'version_table_schema: meta
create_version_schema: true'
    run 0 "$target" upgrade head
    is "$(tables)" 'meta.alembic_version t_aaaa1' 'create_version_schema makes the schema'
    sql 'DROP SCHEMA meta CASCADE' 2>/dev/null
    ;;
esac
probe transaction
reset_db
rev bbbb2 aaaa1 bad 'CREATE TABLE bad (id nonsense_type(;' ''
yml 'transaction: per_migration'
run 1 "$target" upgrade head
is "$(tables)" 'alembic_version t_aaaa1' 'per_migration keeps what was done'
reset_db
yml 'transaction: all'
run 1 "$target" upgrade head
case "$(tables)" in '' | alembic_version) ok 'all keeps nothing' ;; *) is "$(tables)" alembic_version 'all keeps nothing' ;; esac
probe lock_timeout
probe statement_timeout
probe connect_timeout
case $CMIG_TEST_DB in
pg)
    reset_db
    rev bbbb2 aaaa1 slow 'SELECT pg_sleep(20);' ''
    yml 'statement_timeout: 200ms'
    run 1/75 "$target" upgrade head
    err_has 57014
    is "$(sql 'SELECT version_num FROM alembic_version')" aaaa1 'statement_timeout ends it, nothing of it is left'
    yml 'lock_timeout: 30s'
    run 1/75 "$target" CMIG_STATEMENT_TIMEOUT=200ms upgrade head
    err_has 57014
    rev bbbb2 aaaa1 slow 'SELECT pg_sleep(3);' ''
    "$CMIG" --database-url "$TEST_URL" upgrade head >/dev/null 2>&1 &
    sleep 0.7
    yml 'lock_timeout: 300ms'
    run 75 "$target" upgrade head
    err_has 'lock'
    run 75 "$target" CMIG_LOCK_TIMEOUT=200ms upgrade head
    run 75 "$target" --lock-timeout 200ms upgrade head
    run 75 "$target" --lock-timeout 0 upgrade head
    wait
    run 0 "$target" current
    out_is 'bbbb2 (head)'
    ;;
sqlite)
    reset_db
    rm migrations/versions/bbbb2_x.sql
    run 0 "$target" ensure-version
    { echo 'BEGIN IMMEDIATE;'; sleep 3; echo 'COMMIT;'; } | sqlite3 "$TEST_DB" &
    sleep 0.7
    yml 'lock_timeout: 300ms'
    run 75 "$target" upgrade head
    run 75 "$target" CMIG_LOCK_TIMEOUT=200ms upgrade head
    run 75 "$target" --lock-timeout 200ms upgrade head
    yml 'lock_timeout: 30s'
    run 0 "$target" upgrade head
    wait
    ;;
esac
# What cmig check asks for.
probe check
yml 'check: {"single_head": "maybe"}'
run 78 check
err_has 'check.single_head: must be true or false'
# What the guard asks for. Production can be reached from nowhere but this one's name.
for key in environments patterns require_confirmation safe_below_rows allow_catastrophic require_committed branches \
    require_reversible freeze; do
    probe $key
done
probe guard
yml 'environment: development'
run 0 "$target" downgrade base --yes
run 0 "$target" environment blue
yml 'guard: {environments: [blue]}' 'environment: blue'
run 77 "$target" upgrade head
yml 'guard: {patterns: ["*"]}' 'environment: production'
run 78 "$target" upgrade head
yml 'guard: {patterns: ["*"]}' 'environment: blue'
run 78 "$target" upgrade head
yml 'guard: {require_confirmation: destructive, environments: [blue]}' 'environment: blue'
run 0 "$target" upgrade head
run 77 "$target" downgrade base
yml 'guard: {require_confirmation: never}'
run 78 "$target" upgrade head
# Several databases by name.
probe databases
yml 'databases: {"shop": {"version_table": "of_the_shop"}}'
run 78 "$target" -n nosuch current
run 78 -n shop current

# A server that never answers: connect_timeout ends it.
yml 'connect_timeout: 2s'
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die;
    $| = 1; print $s->sockport, "\n"; sleep 30' >port &
silent=$!
sleep 0.5
start=$(date +%s)
run 69/75 DATABASE_URL="postgresql://u@127.0.0.1:$(cat port)/x" current
holds 'connect_timeout ends the wait' test $(($(date +%s) - start)) -lt 15
kill "$silent"

# The example documents exactly the keys that were tried, and is itself a configuration.
documented=$(sed -n 's/^#\{0,1\}\([a-z_]*\):.*/\1/p; s/^#  \([a-z_]*\):.*/\1/p; s/^#  - \([a-z_]*\):.*/\1/p; s/^#    \([a-z_]*\):.*/\1/p' \
    "$TEST_ROOT/alembic.yml.example" | sort -u)
is "$(printf '%s\n' $probed | sort -u | tr '\n' ' ')" "$(printf '%s\n' "$documented" | tr '\n' ' ')" 'each documented key was tried'
rm -f migrations/versions/bbbb2_x.sql
cp "$TEST_ROOT/alembic.yml.example" alembic.yml
run 0 heads
out_is 'aaaa1 (head)'
sed -e 's/^#\([a-z]\)/\1/' -e 's/^#  /  /' -e '/^database_url/d' -e 's,migrations/versions. billing/migrations,migrations,' \
    "$TEST_ROOT/alembic.yml.example" >alembic.yml
run 0 POSTGRES_USER=u POSTGRES_PASSWORD=p POSTGRES_DB=d heads
done_testing
