#!/bin/sh
# Writing revision files: names, headers, parents, templates, hooks, and that a file is written
# whole or not at all.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"
target=DATABASE_URL=$TEST_URL

# The file that the last call wrote, and a line of its header.
new_file() { sed -n 's/^Generating \(.*\) \.\.\.  done$/\1/p' "$TEST_OUT"; }
header() { sed -n "s/^-- $1: *//p" "$(new_file)" | sed 's/ *#.*//'; }
files() { find . -name '*.sql' | wc -l | tr -d ' '; }

# not_written COMMAND… : status 1, 2 or 78, and no file, not even a temporary one, is left.
not_written() {
    not_before=$(tree .)
    run "$@"
    out_lacks Generating
    is "$(tree .)" "$not_before" '  nothing was written'
}

# --- Name and header ---

project plain
before=$(date -u +%Y-%m-%dT%H:%M)
run 0 revision -m 'Add agents table'
after=$(date -u +%Y-%m-%dT%H:%M)
id=$(header revision)
is "$(new_file)" "$PWD/migrations/versions/${id}_add_agents_table.sql" 'id and slug make the name, the path is absolute'
is "$(header down_revision)" null 'the first has no parent'
is "$(header message)" 'Add agents table' 'the message is kept as it is'
is "$(header branch_labels)" '[]' 'no labels'
is "$(header depends_on)" '[]' 'no dependencies'
case $(header create_date) in
"$before":??Z | "$after":??Z) ok 'create_date is now, in UTC' ;;
*) is "$(header create_date)" "$after:??Z" 'create_date is now, in UTC' ;;
esac
is "$(head -c 13 "$(new_file)")" '-- revision: ' 'the header comes first'
holds_not 'no template marks are left' grep -q '[$]{\|template:' "$(new_file)"
is "$(stat -c %a "$(new_file)")" 644 'the file has usual permissions'
run 0 revision -m second
is "$(header down_revision)" "$id" 'the second revises the first'
second=$(header revision)
run 0 revision
is "$(header down_revision)" "$second" 'a message is not needed'
holds 'the name begins with the id' test -f "$(ls "$PWD"/migrations/versions/"$(header revision)"*.sql)"
run 0 revision -m third --json
path=$(json '$j->{path}')
holds '--json gives the path' test -f "$path"
run 0 history
is "$(wc -l <"$TEST_OUT" | tr -d ' ')" 4 'all are in the graph'
is "$(sed -n 's/.*, //p' "$TEST_OUT" | tr '\n' '|')" 'third|empty message|second|Add agents table|' 'in order, with messages'
seen=$(find . -name '*.sql' -exec basename {} \; | cut -c 1-12 | sort -u | wc -l | tr -d ' ')
is "$seen" 4 'ids differ'

# Slugs.
slug() { # MESSAGE SLUG
    rm -f migrations/versions/*
    run 0 revision --rev-id aaaa1 -m "$1"
    is "$(basename "$(new_file)" .sql)" "aaaa1_$2" "  slug of $1"
}
slug 'Add  Agents--Table!' add_agents_table
slug 'x' x
slug 'Größe ÜBERPRÜFEN' größe_überprüfen
slug '日本語 テスト' 日本語_テスト
slug '../../etc/passwd' etc_passwd
slug 'a/b\c' a_b_c
slug "it's \"quoted\"; DROP" it_s_quoted_drop
slug 'snake_case stays' snake_case_stays
slug '  lead and trail  ' lead_and_trail
slug 'v1.2.3' v1_2_3
slug "$(printf 'two\nlines')" two_lines
for message in 'Some Very Long Message, with punctuation! and more of it' "$(printf '%080d' 1)" \
    "$(awk 'BEGIN { for (i = 0; i < 300; i++) printf "ü" }')" "$(awk 'BEGIN { for (i = 0; i < 9000; i++) printf "word " }')"; do
    rm -f migrations/versions/*
    run 0 revision --rev-id aaaa1 -m "$message"
    cut=$(basename "$(new_file)" .sql)
    cut=${cut#aaaa1_}
    holds '  a long slug has at most 41 characters' test "$(printf %s "$cut" | wc -m)" -le 41
    run 0 heads
    run 0 show head --json
    is "$(json '$j->[0]{message}' | cksum)" "$(printf %s "$message" | cksum)" '  the message is whole'
done
rm -f migrations/versions/*
run 0 revision --rev-id aaaa1 -m 'Some Very Long Message, with punctuation! and more of it'
case $(basename "$(new_file)" .sql) in
aaaa1_some_very_long_message_with_punctuation | aaaa1_some_very_long_message_with_punctuation_) ok 'it is cut at a word' ;;
*) is "$(basename "$(new_file)" .sql)" aaaa1_some_very_long_message_with_punctuation_ 'it is cut at a word' ;;
esac
for message in '' '!!!' '---' '/' '..'; do
    rm -f migrations/versions/*
    run 0 revision --rev-id aaaa1 -m "$message"
    is "$(find migrations/versions -name 'aaaa1*.sql' | wc -l | tr -d ' ')" 1 '  a message without a word gives a file'
    run 0 heads
done

# --- Ids ---
# Most of this knows no database.

if once; then

project ids
run 0 revision --rev-id aaaa1 -m one
is "$(header revision)" aaaa1 'the id that was asked for'
not_written 1/2/78 revision --rev-id aaaa1 -m again
err_has aaaa1
for bad in a@b a-b a+b a:b 'a b' ../x '' .x _x -x 012345678901234567890123456789012 'ü' "a'b" head base heads current; do
    case $bad in
    head | base | heads | current) run 0/1/2/78 revision --rev-id "$bad" -m bad && rm -f migrations/versions/"$bad"_* ;;
    *) not_written 1/2/78 revision "--rev-id=$bad" -m bad ;;
    esac
done
for good in 0123 1e10 no 01234567890123456789012345678901 a.b a_b A Null1; do
    run 0 revision --rev-id "$good" -m good
    is "$(header revision | tr -d "'\"")" "$good" "  $good is an id"
    run 0 show "$good"
    out_has "Rev: $good (head)"
done

# --- Parents ---

project parents
rev aaaa1 null a '' '' '-- branch_labels: [left]'
rev bbbb2 aaaa1
rev cccc3 bbbb2
not_written 1 revision -m x --head bbbb2
err_has 'is not a head revision' --splice
not_written 1 revision -m x --head nosuch
err_has nosuch
run 0 revision -m spliced --rev-id dddd4 --head bbbb2 --splice
is "$(header down_revision)" bbbb2 'a splice branches'
not_written 1 revision -m x
err_has 'Multiple heads are present' cccc3 dddd4
run 0 revision -m id --rev-id eeee5 --head cccc3
is "$(header down_revision)" cccc3 '--head takes an id'
run 0 revision -m prefix --rev-id ffff6 --head eee
is "$(header down_revision)" eeee5 '--head takes the beginning of an id'
run 0 revision -m other --rev-id oooo1 --head base --branch-label right
is "$(header down_revision)" null '--head base starts a history'
is "$(header branch_labels)" '[right]' 'with a label'
run 0 revision -m label --rev-id oooo2 --head right@head
is "$(header down_revision)" oooo1 '--head takes LABEL@head'
not_written 1 revision -m x --head left@head
not_written 1 revision -m x --head nosuch@head
not_written 1 revision -m x --head oooo1
run 0 merge -m 'merge two' --rev-id mmmm1 ffff6 dddd4
is "$(header down_revision)" '[ffff6, dddd4]' 'merge takes ids, in their order'
run 0 show mmmm1
out_has 'Merges: ffff6, dddd4' '(mergepoint)'
not_written 1 merge -m x mmmm1 mmmm1
err_has 'Duplicate head revisions specified'
not_written 1 merge -m x mmmm1 aaaa1
err_has 'is not a head revision'
not_written 1/2 merge -m x nosuch oooo2
run 0 merge -m all --rev-id mmmm2 heads
is "$(header down_revision | tr -d '[],' | tr ' ' '\n' | sort | tr '\n' ' ')" 'mmmm1 oooo2 ' 'merge heads joins them all'
run 0 heads
out_is 'mmmm2 (left, right) (head)'
run 0 "$target" upgrade head
run 0 "$target" current
out_is 'mmmm2 (head) (mergepoint)'
run 0 "$target" downgrade base

fi

# --- Labels and dependencies ---

project labels
rev aaaa1 null a '' '' '-- branch_labels: [left]'
rev bbbb2 null b
for label in left aaaa1; do
    not_written 1/2/78 revision -m x --head aaaa1 --branch-label "$label"
    err_has "$label"
done
for label in a@b a:b a+b '' 'feat-12'; do
    not_written 1/2/78 revision -m x --head aaaa1 --branch-label "$label"
done
run 0 revision -m x --rev-id cccc3 --head aaaa1 --branch-label one --branch-label two
is "$(header branch_labels)" '[one, two]' 'a label may be repeated'
run 0 revision -m x --rev-id dddd4 --head cccc3 --depends-on bbb --depends-on left
is "$(header depends_on)" '[bbbb2, left]' 'a partial id is resolved, a label is kept'
run 0 history
out_has 'cccc3 (bbbb2, left) -> dddd4'
not_written 1 revision -m x --head dddd4 --depends-on nosuch
err_has nosuch
not_written 1/2/78 revision -m x --rev-id eeee5 --head dddd4 --depends-on eeee5
run 0 "$target" upgrade dddd4
is "$(sql 'SELECT version_num FROM alembic_version')" dddd4 'the dependency was applied with it'
run 0 "$target" downgrade base

# --- Locations ---

if once; then

project places
mkdir one two
cat >alembic.yml <<'YML'
version_locations: [one, two]
database_url: ${DATABASE_URL:-sqlite:///./app.db}
YML
not_written 1/78 revision -m x
err_has version-path
run 0 revision -m x --rev-id aaaa1 --version-path one
is "$(new_file)" "$PWD/one/aaaa1_x.sql" '--version-path says where'
run 0 revision -m x --rev-id bbbb2
is "$(new_file)" "$PWD/one/bbbb2_x.sql" 'the next goes beside its parent'
run 0 revision -m x --rev-id cccc3 --version-path "$PWD/two"
is "$(new_file)" "$PWD/two/cccc3_x.sql" 'an absolute path is the same'
run 0 revision -m x --rev-id dddd4
is "$(new_file)" "$PWD/two/dddd4_x.sql" 'and its child stays there'
mkdir three
not_written 1/2/78 revision -m x --version-path three
err_has three 'version location'
not_written 1/2/78 revision -m x --version-path one/../three
not_written 1/2/78 revision -m x --version-path /
run 0 history
is "$(wc -l <"$TEST_OUT" | tr -d ' ')" 4 'all locations are read'
echo 'version_locations: [one, nowhere]' >alembic.yml
run 78 heads
err_has nowhere

project deep
mkdir -p migrations/versions/2025/q1 migrations/versions/2026
rev aaaa1 null
VERSIONS=migrations/versions/2025/q1 rev bbbb2 aaaa1
VERSIONS=migrations/versions/2026 rev cccc3 bbbb2
run 0 heads
out_is 'aaaa1 (head)'
echo 'recursive_version_locations: true' >>alembic.yml
run 0 heads
out_is 'cccc3 (head)'
run 0 history
is "$(wc -l <"$TEST_OUT" | tr -d ' ')" 3 'subfolders are read, at any depth'

# --- file_template, slug length, time zone ---

# setting KEY-LINE: a new project with this line.
setting() {
    project setting
    printf '%s\n' "$@" >>alembic.yml
}
setting 'file_template: "%(year)d_%(month).2d_%(day).2d-%(rev)s-%(slug)s"'
run 0 revision --rev-id aaaa1 -m 'a b'
is "$(basename "$(new_file)" | sed "s/^20[0-9][0-9]_[01][0-9]_[0-3][0-9]-/DATE-/")" DATE-aaaa1-a_b.sql 'date tokens'
run 0 heads
out_is 'aaaa1 (head)'
setting 'file_template: "%(hour).2d%(minute).2d%(second).2d_%(epoch)s%%_%(rev)s"'
run 0 revision --rev-id aaaa1 -m 'a b'
is "$(basename "$(new_file)" | sed 's/[0-9]/9/g')" '999999_9999999999%_aaaa9.sql' 'time tokens and a percent sign'
setting 'file_template: "%(year)d/%(month).2d/%(rev)s_%(slug)s"' 'recursive_version_locations: true'
run 0 revision --rev-id aaaa1 -m 'a b'
is "$(new_file)" "$PWD/migrations/versions/$(date -u +%Y/%m)/aaaa1_a_b.sql" 'folders are made'
run 0 revision --rev-id bbbb2 -m 'a b'
is "$(header down_revision)" aaaa1 'and read again'
is "$(new_file)" "$PWD/migrations/versions/$(date -u +%Y/%m)/bbbb2_a_b.sql" 'and not nested deeper'
for template in '../%(rev)s' 'a/../../%(rev)s' '/tmp/%(rev)s' '%(nonsense)s' '%(rev)' '%(rev' '%s' '%' '%(rev)n' '' '..' \
    'x/%(slug)s/..' '%(rev)99999d'; do
    setting "file_template: '$template'"
    not_written 1/2/78 revision --rev-id aaaa1 -m x
    holds_not '  nor outside the project' test -e ../aaaa1.sql -o -e /tmp/aaaa1.sql
done
setting 'file_template: "fixed"'
run 0 revision -m x
not_written 1/78 revision -m y
err_has fixed.sql
setting 'truncate_slug_length: 10'
run 0 revision --rev-id aaaa1 -m 'one two three four'
case $(basename "$(new_file)" .sql) in aaaa1_one_two | aaaa1_one_two_) ok 'a shorter slug' ;; *) not_ok 'a shorter slug' ;; esac
setting 'truncate_slug_length: 0'
run 0/78 revision -m x

setting 'timezone: UTC'
run 0 revision -m x
is "$(header create_date | sed 's/.*[0-9]//')" Z 'UTC ends with Z'
if [ -e /usr/share/zoneinfo/Europe/Berlin ]; then
    setting 'timezone: Europe/Berlin'
    run 0 revision -m x
    is "$(header create_date | cut -c 1-13)" "$(TZ=Europe/Berlin date +%Y-%m-%dT%H)" 'a zone has its own hour'
    is "$(header create_date | sed 's/.*\([+-][0-9][0-9]:[0-9][0-9]\)$/\1/')" "$(TZ=Europe/Berlin date +%:z)" 'and its offset'
fi
setting 'timezone: local'
run 0 TZ=XYZ-5:30 revision -m x
is "$(header create_date | sed 's/.*\([+-][0-9][0-9]:[0-9][0-9]\)$/\1/')" +05:30 'local is the zone of the process'
for zone in Nonsense/Nowhere ../../etc/passwd '""' Europe /etc/localtime; do
    setting "timezone: $zone"
    not_written 78 revision -m x
    err_has alembic.yml:2
done

fi

# --- Templates ---

reset_db
project templates
run 0 revision -m 'create agents table' --template table --rev-id aaaa1
holds 'the table is named after the message' grep -q 'CREATE TABLE agents ' "$(new_file)"
run 0 revision -m 'create agents table' --template index_concurrently --rev-id bbbb2
run 0 revision -m 'create agent status enum' -t enum --rev-id cccc3
run 0 revision -m 'nothing yet' --template generic --rev-id dddd4
dump() { dump_schema | sed '/^\\/d'; }
for id in aaaa1 bbbb2 cccc3 dddd4; do
    dump >before
    run 0 "$target" upgrade "$id"
    dump >after
    [ "$id" = dddd4 ] || holds_not "  $id changes the schema" cmp -s before after
    run 0 "$target" downgrade "$(if [ $id = aaaa1 ]; then echo base; else echo $id-1; fi)"
    dump >again
    holds "  $id down leaves the schema of before" cmp -s before again
    run 0 "$target" upgrade "$id"
    dump >again
    holds "  $id up again is the same" cmp -s after again
done
sql "INSERT INTO agents (name) VALUES ('a'), ('b')"
is "$(sql 'SELECT count(*) FROM agents WHERE id IS NOT NULL AND created_at IS NOT NULL AND deleted_at IS NULL')" 2 \
    'the table has key, times and soft delete'
run 0 "$target" downgrade base
is "$(tables)" alembic_version 'all is gone'
# Each alone, with names that the template makes of the message.
for template in generic table enum; do
    for message in 'create agents table' 'add orders' "it's; DROP" '123' 'ümlaut' 'CamelCase Thing' ''; do
        rm -f migrations/versions/*
        run 0 revision -m "$message" --template "$template" --rev-id aaaa1
        run 0 "$target" upgrade head
        run 0 "$target" downgrade base
        is "$(tables)" alembic_version '  up and down'
    done
done
not_written 1/2/78 revision -m x --template nonsense
err_has nonsense
not_written 1/2/78 revision -m x --template ../../../etc/passwd

# The project's own win, and can be listed.
rm -f migrations/versions/*
mkdir own
echo 'templates: own' >>alembic.yml
sed 's/^-- cmig:upgrade/&\n-- house rules/' "$TEST_ROOT/templates/revision/generic.sql" >own/generic.sql
cat >own/audit.sql <<'SQL'
-- template: A table that is only appended to.
-- revision: ${revision}
-- down_revision: ${down_revision}
-- branch_labels: ${branch_labels}
-- depends_on: ${depends_on}
-- message: ${message}
-- create_date: ${create_date}

-- cmig:upgrade
CREATE TABLE audit_${name} (id integer);
-- cmig:downgrade
DROP TABLE audit_${name};
SQL
run 0 revision -m one --rev-id aaaa1
holds "the project's generic template is used" grep -q 'house rules' "$(new_file)"
run 0 revision -m 'create things table' --template audit --rev-id bbbb2
run 0 "$target" upgrade head
is "$(tables)" 'alembic_version audit_things' 'a template of its own runs'
run 0 "$target" downgrade base
run 0 list-templates
out_has 'audit - A table that is only appended to.' 'table - '
echo 'no header at all' >own/broken.sql
not_written 1/78 revision -m x --template broken
printf '%s\n' '-- revision: fixed1' '-- down_revision: null' '-- cmig:upgrade' '-- cmig:downgrade' >own/fixed.sql
not_written 1/78 revision -m x --template fixed
mkfifo own/fifo.sql
not_written 1/2/78 revision -m x --template fifo
rm own/fifo.sql

# --- Hooks ---

if ! once; then
    done_testing
    exit
fi

project hooks
printf '#!/bin/sh\nfor a; do echo "[$a]"; done >>"${LOG:-log}"; pwd >>"${LOG:-log}"; echo "hook says $1"; echo "hook warns" >&2\n' >hook
chmod +x hook
cat >>alembic.yml <<YML
hooks:
  - name: format
    command: [$PWD/hook, --style=x y, "{file}", "\$(touch pwned)", ""]
  - name: second
    command: $PWD/hook "a b"
    cwd: migrations
YML
run 0 LOG="$PWD/log" revision -m x --rev-id aaaa1
file=$PWD/migrations/versions/aaaa1_x.sql
is "$(cat log)" "[--style=x y]
[$file]
[\$(touch pwned)]
[]
$PWD
[a b]
[$file]
$PWD/migrations" 'hooks get their arguments as they are, the file is appended, cwd is respected'
holds_not 'no shell is involved' test -e pwned
out_is "Generating $file ...  done"
err_has 'hook says' 'hook warns' format second
rm log
run 0 LOG="$PWD/log" revision -m x --rev-id aaaa2 --json
is "$(json '$j->{path}')" "$PWD/migrations/versions/aaaa2_x.sql" 'JSON stays JSON with hooks'

hooked() { # COMMAND-YAML
    project hooked
    printf 'hooks:\n  - name: checker\n    command: %s\n  - name: after\n    command: touch ran-after\n' "$1" >>alembic.yml
}
hooked '["false"]'
run 1 revision -m x --rev-id aaaa1
err_has checker aaaa1_x.sql
holds 'the file is there' test -f migrations/versions/aaaa1_x.sql
holds_not 'later hooks do not run' test -e migrations/versions/ran-after -o -e ran-after
hooked "[sh, -c, 'exit 7']"
run 1 revision -m x
err_has 7
hooked "[sh, -c, 'kill -9 \$\$']"
run 1 revision -m x
hooked /nonexistent/program
run 1 revision -m x
err_has /nonexistent/program
hooked "[sh, -c, 'cat >&2']"
run 0 revision -m x
hooked "[sh, -c, 'printf \"\\\\033[31m\" >/dev/null']"
run 0 revision -m x
hooked '[]'
run 78 revision -m x
is "$(files)" 0 'a malformed hook is found before anything is written'
hooked '"unclosed '\''quote"'
run 78 revision -m x
hooked "[sed, -i, 's/^-- cmig:upgrade/&\\nSELECT 1;/', '{file}']"
run 0 revision -m x --rev-id aaaa1
holds 'a hook may change the file' grep -q 'SELECT 1;' migrations/versions/aaaa1_x.sql

# --- Whole or not at all ---

project whole
rev aaaa1 null
before=$(tree .)
(
    ulimit -f 0
    "$CMIG" revision -m x >out.txt 2>err.txt
) 2>/dev/null
status=$?
rm -f out.txt err.txt
holds_not 'a file that cannot be written is a failure' test "$status" = 0
holds 'and no crash' test "$status" -lt 128
is "$(tree .)" "$before" 'nothing of it is left'
# A full disk, where the machine lets us have one.
if mkdir full && mount -t tmpfs -o size=16k none full 2>/dev/null; then
    mkdir full/versions
    echo 'script_location: full' >>alembic.yml
    head -c 20000 /dev/zero >full/filler 2>/dev/null
    run 1 revision -m "$(printf '%09000d' 1)"
    err_has 'No space left on device'
    is "$(find full/versions -type f | wc -l | tr -d ' ')" 0 'nothing is left on the full disk'
    mount -o remount,ro full 2>/dev/null
    run 1 revision -m x
    err_has 'ead-only'
    umount full
fi
sed -i '/^script_location/d' alembic.yml
rmdir full 2>/dev/null
# A folder that is none, a file in the way.
mv migrations moved && echo x >migrations
run 1/78 revision -m x
is "$(cat migrations)" x 'the file in the way is left alone'
rm migrations && mv moved migrations
ln -s /nonexistent migrations/versions/bbbb2_x.sql
run 1/78 revision -m x --rev-id bbbb2
holds 'a dangling link is not followed' test -L migrations/versions/bbbb2_x.sql
holds_not 'nor is its target made' test -e /nonexistent
rm migrations/versions/bbbb2_x.sql
# Several at once under one name: one wins, and its file is whole.
for n in 1 2 3 4 5 6 7 8; do
    "$CMIG" revision -m same --rev-id same1 >"won$n" 2>/dev/null &
done
wait
is "$(cat won* | grep -c Generating)" 1 'of several that write one file, one wins'
is "$(find migrations -name '*same1*' | wc -l | tr -d ' ')" 1 'no other file is left'
run 0 heads
out_is 'same1 (head)'
done_testing
