#!/bin/sh
# Hostile file names, ids, labels, messages, files and version rows: a clear error or harmless text,
# never a crash, a hang, raw bytes on the terminal or a command that runs. `run` checks each call
# for control characters.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"
CMIG_TEST_TIMEOUT=20
target=DATABASE_URL=$TEST_URL
esc=$(printf '\033')
bell=$(printf '\007')
rtl=$(printf '\342\200\256') # U+202E, right-to-left override
csi=$(printf '\302\233')     # U+009B, a control character that is valid UTF-8
nl='
'

# No character that rearranges what is shown, besides what `run` looks for.
calm() {
    holds_not '  no bidirectional or C1 control is printed' \
        grep -aqF -e "$rtl" -e "$csi" "$TEST_OUT" "$TEST_ERR"
}

# --- Names of files and folders ---

project names
rm -f pwned
for name in "a${nl}b" "${esc}[31mred" "$rtl" "$csi" "it's" 'say "x"' '$(touch pwned)' '`touch pwned`' \
    ';touch pwned;' '-rf' '--help' '-- cmig' '%s%n%s' '\n' 'a b' '*' '~' 'ü' "$(printf 'bad\377utf8')" \
    "$bell"; do
    once || one_in 5 || continue
    rm -rf migrations/versions
    mkdir -p migrations/versions
    rev aaaa1 null
    mv migrations/versions/aaaa1_x.sql "migrations/versions/$name.sql"
    run 0 heads
    out_is 'aaaa1 (head)'
    run 0 heads -v
    calm
    run 0 show aaaa1 --json
    is "$(json '$j->[0]{revision}')" aaaa1 '  JSON is valid'
    reset_db
    run 0 "$target" upgrade head
    calm
    is "$(tables)" 'alembic_version t_aaaa1' '  it ran'
    # The same name in an error's place.
    echo nonsense >"migrations/versions/$name.sql"
    run 78 heads
    calm
    # And as a folder.
    rm -rf migrations/versions
    mkdir -p "migrations/versions/$name"
    VERSIONS="migrations/versions/$name" rev aaaa1 null
    printf 'recursive_version_locations: true\ndatabase_url: sqlite:///./app.db\n' >alembic.yml
    run 0 heads -v
    out_has 'Rev: aaaa1 (head)'
    calm
    # shellcheck disable=SC2016
    echo 'database_url: ${DATABASE_URL:-sqlite:///./app.db}' >alembic.yml
done
holds_not 'nothing was executed' test -e pwned

# Hidden files and others are not looked at.
rm -rf migrations/versions
mkdir -p migrations/versions/sub.sql
rev aaaa1 null
echo junk >migrations/versions/.hidden.sql
echo junk >migrations/versions/README.md
echo junk >migrations/versions/x.sql.bak
echo junk >migrations/versions/x.sql~
echo junk >'migrations/versions/.#lock.sql'
# A folder named like a file is an error or no file, never a hang.
run 0/78 heads
rmdir migrations/versions/sub.sql
run 0 heads
out_is 'aaaa1 (head)'
rm -f migrations/versions/.[!.]* migrations/versions/*[!l]

# --- What is in the header ---

# broken STATUS TEXT-OF-FILE NEEDLE…: an error that names the file.
broken() {
    once || one_in 10 || return 0
    want=$1
    printf '%b' "$2" >migrations/versions/zzzz9_x.sql
    shift 2
    run "$want" heads
    err_has zzzz9_x.sql "$@"
    calm
    run "$want" "$target" upgrade head
    run "$want" show aaaa1
    rm -f migrations/versions/zzzz9_x.sql
}
up='\n-- cmig:upgrade\nSELECT 1;\n-- cmig:downgrade\n'
reset_db
broken 78 ''
broken 78 'CREATE TABLE x (id int);\n'
broken 78 '\n\n\n'
broken 78 "-- message: no id\n$up" revision
broken 78 "-- revision: zzzz9\n$up" down_revision
broken 78 "-- revision:\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: zz;zz\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: x' OR 1=1 --\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: a@b\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: a-b\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: a+1\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: a:b\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: .hid\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: ../../etc/passwd\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: 012345678901234567890123456789012\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: \"a\\\\nb\"\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: \"\\\\e[31m\"\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: zz\\\\033[31m\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: zz\033[31m\n-- down_revision: null\n$up"
broken 78 "-- revision: [a, b]\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: {a: b}\n-- down_revision: null\n$up" ':1'
broken 78 "-- revision: zzzz9\n-- down_revision: {a: b}\n$up" ':2'
broken 78 "-- revision: zzzz9\n-- down_revision: [[aaaa1]]\n$up" ':2'
broken 78 "-- revision: zzzz9\n-- down_revision: [aaaa1\n$up"
broken 78 "-- revision: zzzz9\n-- down_revision: \"aaaa1\n$up"
broken 78 "-- revision: zzzz9\n-- down_revision: *x\n$up"
broken 78 "-- revision: zzzz9\n-- down_revision: &x aaaa1\n$up"
broken 78 "-- revision: zzzz9\n-- revision: zzzz9\n-- down_revision: aaaa1\n$up"
broken 78 "-- revision: zzzz9\n-- down_revision: aaaa1\n-- dpends_on: []\n$up" ':3' depends_on
broken 78 "-- revision: zzzz9\n-- down_revision: aaaa1\n-- branch_labels: [a@b]\n$up" ':3'
broken 78 "-- revision: zzzz9\n-- down_revision: aaaa1\n-- branch_labels: ['']\n$up" ':3'
broken 78 "-- revision: zzzz9\n-- down_revision: aaaa1\n-- branch_labels: [feat-12]\n$up" ':3'
broken 78 "-- revision: zzzz9\n-- down_revision: aaaa1\n-- message: \"x\n$up"
broken 78 "-- revision: zzzz9\n-- down_revision: nosuch\n$up" nosuch
broken 78 "-- revision: zzzz9\n-- down_revision: [aaaa1, nosuch]\n$up" nosuch
broken 78 "-- revision: zzzz9\n-- down_revision: aaaa1\n-- depends_on: nosuch\n$up" nosuch
broken 78 "-- revision: zzzz9\n-- down_revision: aaab1\n$up" aaab1 aaaa1
broken 78 "-- revision: zzzz9\n-- down_revision: zzzz9\n$up"
broken 78 "-- revision: zzzz9\n-- down_revision: aaaa1\n-- depends_on: zzzz9\n$up"
broken 78 "-- revision: aaaa1\n-- down_revision: null\n$up" aaaa1_x.sql
broken 78 "-- revision: zzzz9\n-- down_revision: aaaa1\n-- branch_labels: aaaa1\n$up"
broken 78 "-- revision: zz\000zz\n-- down_revision: aaaa1\n$up"
broken 78 "-- revision: zzzz9\n-- down_revision: aaaa1\n-- message: \0377\0376\n$up"
is "$(tables)" '' 'nothing of it touched the database'

# Ids that YAML would take for numbers or truth.
rm -f migrations/versions/*
for id in 0123 1e10 no true 0x1F 1_000 1.0 2026.11.20 .5x null1 NULLx 12:30x; do
    case $id in .* | *:*) continue ;; esac
    once || one_in 3 || continue
    rm -f migrations/versions/*
    rev "$id" null id 'CREATE TABLE t (id integer);' 'DROP TABLE t;'
    reset_db
    run 0 "$target" upgrade head
    run 0 "$target" current
    out_is "$id (head)"
done

# broken_pair: what only shows in the whole graph. Each is an error of its kind that names ids.
graph_error() { # NEEDLES… ; files are there
    run 78 heads
    err_has "$@"
    run 78 "$target" upgrade head
    run 78 revision -m more
    rm -f migrations/versions/*
}
rm -f migrations/versions/*
before=$(tables)
rev aaaa1 cccc3 && rev bbbb2 aaaa1 && rev cccc3 bbbb2
graph_error aaaa1 bbbb2 cccc3
rev aaaa1 null && rev bbbb2 aaaa1 b '' '' '-- depends_on: cccc3' && rev cccc3 bbbb2
graph_error bbbb2 cccc3
rev aaaa1 null a '' '' '-- branch_labels: one' && rev bbbb2 aaaa1 b '' '' '-- branch_labels: [two, one]'
graph_error one aaaa1 bbbb2
rev aaaa1 null && cp migrations/versions/aaaa1_x.sql migrations/versions/copy.sql
graph_error aaaa1 copy.sql aaaa1_x.sql
rev aaaa1 null && rev bbbb2 '[aaaa1, aaaa1]'
run 0/78 heads
rm -f migrations/versions/*
is "$(tables)" "$before" 'a graph with an error touches no database'

# --- Files that are none ---

odd() { # WHAT: migrations/versions/odd.sql is something odd
    run 78 heads
    err_has odd.sql
    case $1 in fifo | device | folder) err_has 'regular file' ;; esac
    run 78 "$target" upgrade head
    rm -rf migrations/versions/odd.sql
}
rev aaaa1 null
mkfifo migrations/versions/odd.sql && odd fifo
ln -s /dev/zero migrations/versions/odd.sql && odd device
ln -s /dev/tty migrations/versions/odd.sql && odd terminal
ln -s /nonexistent/file migrations/versions/odd.sql && odd dangling
ln -s odd.sql migrations/versions/odd.sql && odd loop
ln -s . migrations/versions/odd.sql && odd folder
truncate -s 300M migrations/versions/odd.sql && odd zeros
if mkdir migrations/versions/odd.sql 2>/dev/null; then
    run 0/78 heads
    rmdir migrations/versions/odd.sql
fi
# A header that never ends.
awk 'BEGIN { print "-- revision: odd1\n-- down_revision: aaaa1"; for (i = 0; i < 300000; i++) print "-- x" i ": y" }' >migrations/versions/odd.sql
odd endless
awk 'BEGIN { printf "-- revision: odd1\n-- down_revision: "; for (i = 0; i < 100000; i++) printf "["; print "" }' >migrations/versions/odd.sql
odd nested
awk 'BEGIN { printf "-- revision: odd1\n-- down_revision: aaaa1\n-- message: "; for (i = 0; i < 1000000; i++) printf "x"; print "" }' >migrations/versions/odd.sql
run 0/78 heads
rm -f migrations/versions/odd.sql
# A link to a good file is a good file.
cp migrations/versions/aaaa1_x.sql real.sql && rm migrations/versions/aaaa1_x.sql
ln -s ../../real.sql migrations/versions/aaaa1_x.sql
run 0 heads
out_is 'aaaa1 (head)'
rm migrations/versions/aaaa1_x.sql
# Recursion does not follow a loop of links for ever.
mkdir -p loop/versions && ln -s . loop/versions/self && ln -s .. loop/versions/up
VERSIONS=loop/versions rev aaaa1 null
printf 'script_location: loop\nrecursive_version_locations: true\n' >alembic.yml
run 0/78 heads
rm -rf loop
# shellcheck disable=SC2016
echo 'database_url: ${DATABASE_URL:-sqlite:///./app.db}' >alembic.yml

# --- Messages ---

reset_db
rm -f migrations/versions/*
printf '%s\n' '-- revision: aaaa1' '-- down_revision: null' \
    '-- message: "\e[2J\e]0;title\a\r\nsecond \u202e\x9b31m line"' '' \
    '-- cmig:upgrade' 'CREATE TABLE m (id integer);' '-- cmig:downgrade' 'DROP TABLE m;' \
    >migrations/versions/aaaa1_x.sql
for command in history 'history -v' heads 'heads -v' 'show head' 'upgrade head' current 'current -v' \
    'history -i' 'downgrade base' 'stamp head' 'branches -v'; do
    # shellcheck disable=SC2086
    run 0 "$target" $command
    calm
done
run 0 "$target" history
out_has '\x1B[2J'
run 0 history --json
is "$(json 'ord substr $j->[0]{message}, 0, 1')" 27 'JSON keeps the message'
for message in "x'; DROP TABLE m; --" "\"; DROP TABLE m; --" '*/ DROP TABLE m; /*' '$$; DROP TABLE m; $$' '%s%s%n' '\' \
    "-- cmig:upgrade" "line${nl}-- cmig:upgrade${nl}DROP TABLE m;" "${nl}-- revision: dddd4" "${esc}[31m" "$rtl" ': [' '# no' \
    '"' "'" 'null' '[a, b]' '{' '&a' '*a' '!!str x' '|' '> x' '@' '`' "tab	x" "${csi}31m" 'a: b' ' lead' 'trail ' '---' '...' '- x'; do
    once || one_in 4 || continue
    rm -f migrations/versions/*
    reset_db
    run 0 revision --rev-id aaaa1 -m "$message"
    run 0 show aaaa1 --json
    is "$(json '$j->[0]{message}')" "$(printf %s "$message")" '  the message comes back as it was'
    run 0 "$target" upgrade head
    run 0 history
    calm
    is "$(find migrations -type f | wc -l | tr -d ' ')" 1 '  one file was written'
done
run 1/2/78 revision --rev-id aaaa2 -m "$(printf 'bad\377utf8')"
rm -f migrations/versions/*

# Server messages with escapes.
case $CMIG_TEST_DB in
pg) bad="DO \$\$ BEGIN RAISE EXCEPTION E'\\\\033[31m%', chr(8238) USING HINT = E'a\\\\033b', DETAIL = E'c\\\\007d'; END \$\$;" ;;
sqlite) bad="SELECT \"${esc}[31m\" FROM \"no${esc}such\";" ;;
esac
reset_db
rev aaaa1 null hostile "$bad" ''
run 1 "$target" upgrade head
err_has 'aaaa1_x.sql:6'
calm
rm -f migrations/versions/*

# --- Version rows and the name of their table ---

rev aaaa1 null && rev bbbb2 aaaa1
reset_db
run 0 "$target" ensure-version
for row in "x''; DROP TABLE t; --" "${esc}[31m" 'xyz' '' "a${nl}b" 'aaaa' "$rtl" '01234567890123456789012345678901' 'head' '-1'; do
    sql "DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('$row')" >/dev/null
    for command in 'upgrade head' 'downgrade base' current 'history -i' 'stamp head'; do
        one_in 2 || continue
        # shellcheck disable=SC2086
        run 1 "$target" $command
        calm
    done
    run 4 "$target" doctor
    calm
    is "$(tables)" alembic_version '  nothing was run'
done
sql "DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('xyz')" >/dev/null
run 1 "$target" upgrade head
err_has "xyz"
run 0 "$target" stamp --purge aaaa1
is "$(sql 'SELECT version_num FROM alembic_version')" aaaa1 'stamp --purge repairs it'

for table in 'x";drop table y;--' "it's" 'Mixed Case' 'a.b' "x${esc}y" 'select' 'ümlaut' '%s' ''; do
    reset_db
    sql 'CREATE TABLE y (id integer)' >/dev/null
    cat >alembic.yml <<'YML'
database_url: ${DATABASE_URL}
version_table: ${TABLE}
YML
    run 0/78 "$target" TABLE="$table" upgrade head
    if [ "$TEST_STATUS" = 0 ]; then
        run 0 "$target" TABLE="$table" current
        out_is 'bbbb2 (head)'
        run 0 "$target" TABLE="$table" upgrade head
        run 0 "$target" TABLE="$table" downgrade base
    fi
    is "$(sql 'SELECT count(*) FROM y')" 0 '  the other table is there'
done
# shellcheck disable=SC2016
printf 'database_url: ${DATABASE_URL}\nversion_table: t_aaaa1\n' >alembic.yml
reset_db
sql 'CREATE TABLE t_aaaa1 (id integer)' >/dev/null
run 1/78 "$target" upgrade head
is "$(sql 'SELECT count(*) FROM t_aaaa1')" 0 'a table of another shape is left alone'

# --- Arguments ---

# shellcheck disable=SC2016
echo 'database_url: ${DATABASE_URL:-sqlite:///./app.db}' >alembic.yml
reset_db
for argument in "${esc}[31m" "x'; DROP TABLE y; --" '' ' ' '@' 'a@' '@head' '@@' '+' '-' '+1x' 'aaaa1-1junk' 'q:z' '..' "$rtl" \
    '99999999999999999999' '+99999999999999999999' '-99999999999999999999' 'aaaa1+99999999999' 'nosuch@head' 'a,b' \
    "$(printf 'bad\377utf8')" "$(awk 'BEGIN { for (i = 0; i < 100000; i++) printf "x" }')"; do
    once || one_in 5 || continue
    run 1/2 "$target" upgrade "$argument"
    calm
    run 1/2 "$target" downgrade "$argument"
    run 1/2 history -r "$argument"
    [ -n "$argument" ] || continue
    run 1/2 show "$argument"
    run 1/2 "$target" stamp "$argument"
    case $argument in 99*) continue ;; esac # is an id
    run 1/2/78 revision --rev-id "$argument" -m x
done
is "$(tables)" '' 'none of them did anything'
is "$(find migrations -type f | wc -l | tr -d ' ')" 2 'or wrote a file'
done_testing
