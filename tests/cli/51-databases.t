#!/bin/sh
# Several databases: `databases:` of alembic.yml, chosen with -n.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-runs.sh"

case $CMIG_TEST_DB in
pg)
    one_url=$DATABASE_URL
    two_name=${TEST_DB}_two
    createdb "$two_name" 2>/dev/null
    trap 'dropdb --if-exists "$two_name" >/dev/null 2>&1' EXIT
    two_url=$(printf '%s' "$DATABASE_URL" | sed "s#/$TEST_DB#/$two_name#")
    two() { psql -XqAt -d "$two_name" -c "$1" </dev/null; }
    ;;
*)
    one_url=$DATABASE_URL
    two_url=sqlite:///$PWD/two.db
    two() { sqlite3 "$PWD/two.db" "$1" </dev/null; }
    ;;
esac
three() { sqlite3 "$PWD/three.db" "$1" </dev/null; }
two_at() { is "$(two 'SELECT version_num FROM alembic_version ORDER BY 1' 2>/dev/null | one_line)" "$1" "two is at '$1'"; }
three_at() { is "$(three 'SELECT version_num FROM versions ORDER BY 1' 2>/dev/null | one_line)" "$1" "three is at '$1'"; }
unset DATABASE_URL

line_of_revisions a1 a2
mkdir other
cat >other/b1_x.sql <<'SQL'
-- revision: b1
-- down_revision: null
-- message: of another history

-- cmig:upgrade
CREATE TABLE b1 (i integer);

-- cmig:downgrade
DROP TABLE b1;
SQL
write_config() {
    cat >alembic.yml <<YAML
script_location: migrations
lock_timeout: 10s
databases:
  one:
    database_url: $one_url
    environment: ${1:-development}
  two:
    database_url: $two_url
  three:
    database_url: sqlite:///./three.db
    version_locations: other
    version_table: versions
YAML
}
write_config

# Nothing is chosen by itself.
cmig_fails 78 upgrade head
expect_err 'no database URL is set' '-n NAME' 'one, two, three'
cmig_ok heads
expect_out a2
cmig_fails 78 -n four upgrade head
expect_err 'there is no database "four"' 'one, two, three'
cmig_fails 78 -n thre upgrade head
expect_err 'did you mean "three"?'
cmig_fails 2 -n one --database-url sqlite:///x.db upgrade head
expect_err 'exclude each other'

# One.
cmig_ok -n three upgrade head
three_at b1
cmig_ok upgrade head -n two
two_at a2
cmig_ok -n one current
expect_out_is </dev/null
# DATABASE_URL is for one database, and nobody said which of these it is.
DATABASE_URL=sqlite:///stray.db cmig_ok -n two current
expect_out a2
holds_not 'no stray database' test -e stray.db
cmig_ok -n three heads
expect_out b1
cmig_ok -n three history --json
expect_out '"revision": "b1"'

# All of them.
cmig_ok -n all upgrade head
expect_err '[one]' '[two]' '[three]' 'Nothing to do.' '): ok'
now_at a2
two_at a2
three_at b1
cmig_ok -n all current
expect_out '[one]' '[two]' '[three]' a2 b1
cmig_ok --json -n one -n three current
python=$(cat "$TEST_OUT")
is "$(printf '%s' "$python" | tr -d ' \n' | grep -o '"name":"[a-z]*","status":0' | one_line)" \
    '"name":"one","status":0 "name":"three","status":0' 'one document, in order'
holds 'it is an array' sh -c 'head -c 1 "$1" | grep -q "\["' - "$TEST_OUT"
cmig_ok --json -n one current
holds 'one name: an object as ever' sh -c 'head -c 1 "$1" | grep -q "{"' - "$TEST_OUT"
cmig_fails 2 -n all revision -m x
expect_err 'is for one database'

# A failure stops what writes, and the worst status counts.
cmig_ok -n all downgrade base
three 'CREATE TABLE b1 (i integer)'
cmig_fails 1 -n three -n two upgrade head
expect_err 'b1' 'already exists' 'not started'
two_at ''
cmig_fails 1 --keep-going -n three -n two upgrade head
expect_err 'already exists' '): ok'
two_at a2
three 'DROP TABLE b1'
# Looking goes on by itself.
printf 'this is no database' >broken.db
sed "s#sqlite:///./three.db#sqlite:///./broken.db#" alembic.yml >alembic.new && mv alembic.new alembic.yml
cmig_fails 69 -n three -n two current
expect_out '[two]' a2
write_config

# One of them is production: it is refused, and nothing in it is changed. Until now it was another
# environment, which it remembers.
write_config production
cmig_fails 78 -n one upgrade head
expect_err 'says of itself that it is "development"' 'cmig environment'
CONFIRM_PRODUCTION_MIGRATION=true cmig_ok -n one environment production --reason 'it went live'
cmig_fails 77 --keep-going -n all upgrade head
expect_err 'is not confirmed' '): ok'
now_at -
three_at b1
CMIG_ENV=development cmig_fails 77 -n one upgrade head
expect_err 'is not confirmed'
CONFIRM_PRODUCTION_MIGRATION=true cmig_ok -n one upgrade head
now_at a2

# Every URL is judged before the first database is opened.
write_config
cmig_fails 77 -n one environment development
CONFIRM_PRODUCTION_MIGRATION=true cmig_ok -n one environment development
cmig_ok -n all downgrade base
printf '  four:\n    environment: development\n' >>alembic.yml
cmig_fails 78 -n all upgrade head
expect_err 'four' 'has no database_url'
now_at -
two_at ''

# Mistakes, with their place.
bad() {
    printf '%s\n' "$1" >alembic.yml
    shift
    cmig_fails 78 heads
    expect_err "$@"
}
bad 'databases: x' 'alembic.yml:1:12' 'mapping'
bad 'databases: {all: {}}' 'alembic.yml:1:13' 'cannot be a name'
bad 'databases: {"a b": {}}' 'cannot be a name'
bad 'databases: {a: x}' 'databases.a must be a mapping'
bad 'databases: {a: {hooks: []}}' 'databases.a cannot have the key "hooks"' 'alembic.yml:1:17'
bad 'databases: {a: {databse_url: x}}' 'databse_url'
cmig_fails 78 -n a heads

done_testing
