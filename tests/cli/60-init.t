#!/bin/sh
# Starting a project: init, then the whole first quarter of an hour with nothing configured.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"

case $CMIG_TEST_DB in
sqlite) target=-uDATABASE_URL TEST_DB=$PWD/first/app.db ;;
pg) target=DATABASE_URL=$TEST_URL ;;
esac

# In an empty folder.
mkdir "$TEST_TMP/work/first" && cd "$TEST_TMP/work/first" || exit 1
run 0 init
out_has 'alembic.yml ...  done' 'Creating directory ' 'migrations ...  done'
holds 'alembic.yml is there' test -f alembic.yml
holds 'the folder for revisions is there' test -d migrations
# shellcheck disable=SC2016 # the text is cmig's to expand
holds 'alembic.yml runs on DATABASE_URL or a file' grep -Fq '${DATABASE_URL:-sqlite:///./app.db}' alembic.yml
holds_not 'init opens no database' test -e app.db

# A project without revisions is a project.
for command in heads history branches; do
    run 0 "$target" "$command"
    out_is ''
done
run 0 "$target" current
out_is ''
holds_not 'current creates no database file' test -e app.db
is "$(tables)" '' 'current creates no table'
run 0 "$target" upgrade head
out_is ''

run 0 revision -m 'first things'
file=$(sed -n 's/^Generating \(.*\) \.\.\.  done$/\1/p' "$TEST_OUT")
id=$(sed -n 's/^-- revision: //p' "$file")
holds 'the file that revision names is there' test -f "$file"
is "$(basename "$file")" "${id}_first_things.sql" 'it is named for id and message'
is "$(printf '%s\n' "$id" | grep -Ec '^[0-9a-f]{12}$')" 1 'the id is 12 hex digits'
is "$(sed -n 's/^-- message: //p' "$file")" 'first things' 'the message is in the header'
is "$(grep -c '^-- cmig:upgrade' "$file")$(grep -c '^-- cmig:downgrade' "$file")" 11 'it has both sections'
sed -i -e '/^-- cmig:upgrade/a CREATE TABLE things (id integer PRIMARY KEY);' \
    -e '/^-- cmig:downgrade/a DROP TABLE things;' "$file"

run 0 "$target" upgrade head
out_is ''
err_has "$id"
is "$(tables)" 'alembic_version things' 'the table and the version table are there'
case $CMIG_TEST_DB in
sqlite) holds 'app.db lies beside alembic.yml' test -f app.db ;;
pg) holds_not 'no app.db is made when DATABASE_URL is set' test -e app.db ;;
esac
run 0 "$target" current
out_is "$id (head)"
run 0 "$target" history
out_is "<base> -> $id (head), first things"
run 0 "$target" history -i
out_is "<base> -> $id (head) (current), first things"
run 0 "$target" heads
out_is "$id (head)"
run 0 revision -m second
second=$(sed -n 's/^Generating \(.*\) \.\.\.  done$/\1/p' "$TEST_OUT")
is "$(sed -n 's/^-- down_revision: //p' "$second" | cut -d' ' -f1)" "$id" 'the second revises the first'
run 0 "$target" upgrade head
run 0 "$target" downgrade base
run 0 "$target" current
out_is ''
is "$(tables)" 'alembic_version' 'everything is gone again, but the version table'

# From a folder below.
mkdir -p deep/er && cd deep/er || exit 1
run 0 "$target" upgrade head
cd "$TEST_TMP/work/first" || exit 1
holds_not 'the default database is beside alembic.yml, not where cmig ran' test -e deep/er/app.db
is "$(tables)" 'alembic_version things' 'a run from a folder below is the same'

# A second init keeps what is there.
before=$(tree .)
run 1/78 init
err_has 'not empty'
is "$(tree .)" "$before" 'init on a used folder writes nothing'

# Another folder, an alembic.yml that is there.
mkdir "$TEST_TMP/work/kept" && cd "$TEST_TMP/work/kept" || exit 1
echo 'script_location: mine # kept' >alembic.yml
run 0 init mine
out_has 'alembic.yml already exists, skipping'
is "$(cat alembic.yml)" 'script_location: mine # kept' 'alembic.yml is kept'
holds 'the folder is made' test -d mine

mkdir "$TEST_TMP/work/other" && cd "$TEST_TMP/work/other" || exit 1
run 0 init db/schema
holds 'init makes the folder that is asked for, and parents' test -d db/schema
run 0 -uDATABASE_URL revision -m one
is "$(find db/schema -name '*_one.sql' | wc -l | tr -d ' ')" 1 'revision uses it'
run 0 -uDATABASE_URL heads
out_has '(head)'

# Names that YAML or a shell could misread.
# shellcheck disable=SC2016 # nothing is to be expanded
for name in "it's: #1" '[x]' '&a' 'a "b"' '${HOME}' 'no' '0123' 'sp ace' '~' 'ümlaut' '%s%n' 'back\slash'; do
    rm -rf "$TEST_TMP/work/names"
    mkdir "$TEST_TMP/work/names" && cd "$TEST_TMP/work/names" || exit 1
    run 0 init "$name"
    holds '  the folder has exactly that name' test -d "$name"
    run 0 -uDATABASE_URL revision -m one
    is "$(find "./$name" -name '*_one.sql' | wc -l | tr -d ' ')" 1 '  revision finds it'
    run 0 -uDATABASE_URL upgrade head
done

# What cannot be.
mkdir "$TEST_TMP/work/bad" && cd "$TEST_TMP/work/bad" || exit 1
mkdir full && echo x >full/keep && echo x >plain
before=$(tree .)
run 1/78 init full
err_has full 'not empty'
run 1/78 init plain
run 1/78 init plain/below
run 1/2/78 init --template nonsense
err_has nonsense
run 1/2/78 init --template ../../etc
run 2 init a b
run 1/2/78 init ''
run 0 list-templates
is "$(tree .)" "$before" 'a failed init writes nothing'
out_has 'Available templates:' 'generic - ' 'table - ' 'enum - '
run 0 list-templates --json
is "$(json 'join ",", sort map {"$_->{kind}:$_->{name}"} grep {$_->{name} eq "generic"} @$j')" \
    'init:generic,revision:generic' 'list-templates --json has name and kind'
run 0 list_templates
out_has 'Available templates:'

# An empty folder that is there is used.
mkdir "$TEST_TMP/work/empty" && cd "$TEST_TMP/work/empty" || exit 1
mkdir sql
run 0 init sql
run 0 revision -m one
is "$(find sql -name '*_one.sql' | wc -l | tr -d ' ')" 1 'an empty folder is used'
done_testing
