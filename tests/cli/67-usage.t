#!/bin/sh
# The command line itself: wrong usage is status 2 with help, options stand anywhere, output that
# cannot be written is an error, a reader that has enough is none.
# databases: none
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"
commands='init revision upgrade downgrade current history heads branches show merge stamp edit
    ensure-version list-templates version help completion'

project usage
rev aaaa1 null
rev bbbb2 aaaa1
rev cccc3 bbbb2

# --- Wrong usage ---

run 2
err_has 'cmig help'
run 2 upgrad head
err_has upgrad 'did you mean' upgrade
run 2 hisotry
err_has history
run 2 xyzzyxyzzy
err_lacks 'did you mean'
run 2 "$(printf 'up\033[31m')"
run 2 ''
run 2 --nonsense heads
err_has nonsense
run 2 -Z
run 2 heads -Z
err_has 'cmig help heads'
run 2 heads --json=yes
run 2 -c
run 2 --database-url
run 2 history -r
run 2 current --database-url
for command in $commands; do
    run 2 "$command" --nonsense-option
    err_has nonsense-option
    out_is ''
done
for command in upgrade downgrade show merge stamp edit; do
    run 2 "$command"
    err_has 'usage: cmig'
done
for command in 'upgrade head x' 'downgrade base x' 'show a b' 'edit a b' 'current x' 'heads x' 'branches x' 'history x' \
    'revision x' 'ensure-version x' 'list-templates x' 'version x' 'init a b' 'help a b' 'completion a b' 'completion tcsh' \
    'completion' 'help nosuchcommand'; do
    # shellcheck disable=SC2086
    run 2 $command
    out_is ''
done
run 2 help upgrad
err_has upgrade
run 2/78 --lock-timeout nonsense upgrade head --json
holds_not 'wrong usage makes no database' test -e app.db
run 2/78 --lock-timeout nonsense upgrade head
err_has --lock-timeout
run 2/78 --lock-timeout=-1s upgrade head
run 2/78 upgrade head --lock-timeout 1parsec
run 2/78 upgrade head --lock-timeout 99999999999999999999
holds_not 'nor does a bad duration' test -e app.db

# --- Where options may stand ---

head='cccc3 (head)'
for line in '-c alembic.yml heads' 'heads -c alembic.yml' '--config=alembic.yml heads' 'heads --config alembic.yml' \
    '--config alembic.yml heads' '-calembic.yml heads' '-q heads' 'heads -q' '--quiet heads' 'heads --' '--environment dev heads' \
    'heads --database-url sqlite:///x.db' '--database-url=nonsense heads'; do
    # shellcheck disable=SC2086
    run 0 $line
    out_is "$head"
done
run 0 --json heads
json_before=$(cat "$TEST_OUT")
run 0 heads --json
is "$(cat "$TEST_OUT")" "$json_before" '--json before and after the command is the same'
run 0 upgrade head
run 0 downgrade -1
run 0 current
out_is 'bbbb2'
run 0 -q downgrade -1
is "$(cat "$TEST_ERR")" '' '-q says nothing'
run 0 upgrade -- +1
run 0 downgrade -- -1
run 0 current
out_is 'aaaa1'
run 0 upgrade +2 -q
run 0 downgrade -q -1
run 0 downgrade --lock-timeout 5 -1
run 0 current
out_is 'aaaa1'
run 0 upgrade head
for form in '-r -1:' '-r-1:' '--rev-range=-1:' '--rev-range -1:'; do
    # shellcheck disable=SC2086
    run 0 history $form
    out_is 'bbbb2 -> cccc3 (head), cccc3
aaaa1 -> bbbb2, bbbb2'
done
run 0 show -1
out_has 'Rev: bbbb2'
run 0 show -- -1
out_has 'Rev: bbbb2'
run 2 heads -1
run 0 current -v
out_has 'Current revision(s) for sqlite' 'Rev: cccc3 (head)'
run 0 current -c
out_is "$head"
run 0 -c alembic.yml current -c
out_is "$head"
run 0 downgrade -1
run 4 current --check-heads
out_is ''
err_has 'Database is not on all head revisions'
run 4 current -c
run 0 upgrade head

# --- Spellings ---

for pair in 'ensure_version ensure-version' 'list_templates list-templates'; do
    # shellcheck disable=SC2086
    set -- $pair
    run 0 "$1"
    cp "$TEST_OUT" first
    run 0 "$2"
    holds "  $1 is $2" cmp -s first "$TEST_OUT"
done

# --- Help and version ---

run 0 --version
version=$(cat "$TEST_OUT")
is "$(printf '%s\n' "$version" | grep -Ec '^cmig [0-9]+\.[0-9]+')" 1 'the version has its form'
run 0 version
out_is "$version"
run 0 version --json
is "cmig $(json '$j->{version}')" "$version" 'version --json agrees'
run 0 --help
is "$(cat "$TEST_ERR")" '' 'help goes to stdout'
# shellcheck disable=SC2086
out_has $commands
cp "$TEST_OUT" overview
run 0 -h
holds '  -h is --help' cmp -s overview "$TEST_OUT"
run 0 help
holds '  help is --help' cmp -s overview "$TEST_OUT"
run 0 help --json
is "$(json 'ref $j ne ""')" 1 'help --json is JSON'
for command in $commands; do
    run 0 "$command" --help
    is "$(cat "$TEST_ERR")" '' '  only on stdout'
    is "$(awk 'length > 100' "$TEST_OUT" | wc -l | tr -d ' ')" 0 '  no long line'
    out_has "cmig $command" --help
    cp "$TEST_OUT" help.txt
    run 0 help "$command"
    holds "  help $command is the same" cmp -s help.txt "$TEST_OUT"
    run 0 "$command" -h
    holds "  $command -h is the same" cmp -s help.txt "$TEST_OUT"
done
run 0 upgrade --help extra arguments
run 0 help ensure_version
for shell in bash zsh fish; do
    run 0 completion "$shell"
    out_has cmig upgrade check-heads
    cp "$TEST_OUT" completion
    if command -v "$shell" >/dev/null; then holds "  $shell reads it" "$shell" -n completion; fi
done
run 0 completion bash
if command -v bash >/dev/null; then
    cp "$TEST_OUT" completion
    # What bash offers for a line: complete WORD… (the last one is incomplete).
    cat >ask <<'BASH'
source ./completion
words=("$@")
COMP_WORDS=("${words[@]}") COMP_CWORD=$((${#words[@]} - 1)) COMP_LINE="${words[*]}" COMP_POINT=${#COMP_LINE}
function=$(complete -p cmig | sed 's/.*-F \([^ ]*\).*/\1/')
COMPREPLY=()
"$function" cmig "${words[-1]}" "${words[-2]}"
printf '%s\n' "${COMPREPLY[@]}" | sed 's/ *$//' | sort -u | tr '\n' ' '
BASH
    is "$(bash ask cmig upgr 2>&1)" 'upgrade ' 'bash completes a command'
    is "$(bash ask cmig current --check 2>&1)" '--check-heads ' 'bash completes an option'
fi

# Nothing that is no result is on stdout; a project is not needed for help.
cd "$TEST_TMP/work" || exit 1
run 0 --help
run 0 version
run 0 completion bash
run 0 help upgrade
cd usage || exit 1

# --- Output that cannot be written ---

full() { # NAME COMMAND…
    status=0
    "$CMIG" "$@" >/dev/full 2>"$TEST_ERR" || status=$?
    is "$status" 1 "cmig $* to a full device ends with 1"
    err_has 'standard output'
}
for line in heads history 'heads --json' current 'show head' --help version 'completion bash' 'help upgrade' 'history -v'; do
    # shellcheck disable=SC2086
    full $line
done
for line in heads history 'history --json' --help; do
    status=0
    # shellcheck disable=SC2086
    "$CMIG" $line >&- 2>"$TEST_ERR" || status=$?
    is "$status" 1 "cmig $line with stdout closed ends with 1"
done
status=0
"$CMIG" heads >"$TEST_OUT" 2>&- || status=$?
is "$status" 0 'stderr closed is no failure'
out_is "$head"
status=0
"$CMIG" upgrad >"$TEST_OUT" 2>&- || status=$?
is "$status" 2 'a status tells also without stderr'
out_is ''
status=0
"$CMIG" heads <&- >"$TEST_OUT" 2>"$TEST_ERR" || status=$?
is "$status" 0 'stdin closed is no failure'
# With the standard descriptors closed a database must not get their numbers.
rm -f app.db
status=0
"$CMIG" upgrade head <&- >&- 2>&- || status=$?
holds 'a run without any descriptor ends with 0 or 1' test "$status" -le 1
is "$(sqlite3 app.db 'PRAGMA integrity_check' 2>&1)" ok 'and its database is whole'

# A long listing into a reader that stops.
awk 'BEGIN { down = "null"; for (i = 0; i < 3000; i++) {
    id = sprintf("r%05d", i); file = "migrations/versions/" id ".sql"
    printf "-- revision: %s\n-- down_revision: %s\n-- message: m\n\n-- cmig:upgrade\n-- cmig:downgrade\n", id, (i ? down : "cccc3") >file
    close(file); down = id } }'
for line in history 'history -v' 'history --json'; do
    # shellcheck disable=SC2086
    { "$CMIG" $line 2>"$TEST_ERR"; echo $? >status; } | head -1 >"$TEST_OUT"
    is "$(cat "$TEST_ERR")" '' "cmig $line into head is quiet"
    case $(cat status) in
    0 | 141) ok '  and is no failure' ;;
    *) is "$(cat status)" 0 '  and is no failure' ;;
    esac
done

# --- edit ---

run 0 EDITOR=true edit head
run 1 EDITOR=false edit head
run 1 EDITOR=/nonexistent/editor edit head
printf '#!/bin/sh\nfor a; do echo "[$a]"; done >edited\n' >editor && chmod +x editor
run 0 EDITOR="$PWD/editor --wait" edit aaaa1
is "$(cat edited)" "[--wait]
[$PWD/migrations/versions/aaaa1_x.sql]" 'the editor gets its arguments and the file'
run 0 EDITOR= VISUAL="$PWD/editor" edit bbbb2
is "$(cat edited)" "[$PWD/migrations/versions/bbbb2_x.sql]" 'VISUAL is used without EDITOR'
run 1 EDITOR=true edit base
err_has "No revision files indicated by symbol 'base'"
run 1 EDITOR=true edit nosuch
done_testing
