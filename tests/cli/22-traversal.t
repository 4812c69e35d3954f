#!/bin/sh
# Which revisions a target selects, in which order they run, and the version rows after it: the
# sixteen classes of Alembic's traversal tests, from tests/data/traversal/cases.txt.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

mkdir -p migrations/versions
make_log_table
cmig_ok ensure-version
cases=$here/../data/traversal/cases.txt

# "a b" -> "+a +b" or "-a -b", as the log has it.
signed() {
    for signed_word in $2; do
        case $signed_word in
        - | /) printf '%s ' "$signed_word" ;;
        *) printf '%s%s ' "$1" "$signed_word" ;;
        esac
    done | sed 's/ $//'
}

trim() { printf '%s\n' "$1" | sed 's/^ *//; s/ *$//'; }

run_case() {
    once || one_in 3 || return 0
    before=$(trim "$1")
    command=$(trim "$2")
    order=$(trim "$3")
    after=$(trim "$4")
    name="$graph: [$before] $command"
    # shellcheck disable=SC2086 # words
    if [ "$before" = - ]; then at; else at $before; fi
    case $order in
    '! '*)
        # shellcheck disable=SC2086
        cmig_fails 1 $command
        expect_err "${order#! }"
        expect_out_is </dev/null
        is "$(logged)" - "$name: runs nothing"
        now_at "$before" "$name: leaves the rows"
        return
        ;;
    esac
    # shellcheck disable=SC2086
    cmig_ok $command
    expect_out_is </dev/null
    sign=+
    case $command in downgrade*) sign=- ;; esac
    expected=$(signed "$sign" "$order")
    got=$(logged)
    case " / $expected / " in
    *" / $got / "*) ok "$name: runs $order" ;;
    *) is "$got" "$expected" "$name: runs $order" ;;
    esac
    now_at "$after" "$name: rows $after"
}

flush_graph() {
    [ ! -s graph.txt ] || make_graph <graph.txt
    : >graph.txt
}

: >graph.txt
while read -r word rest <&3; do
    case $word in
    '' | '#'*) ;;
    graph)
        flush_graph
        graph=$rest
        ;;
    case)
        flush_graph
        old_ifs=$IFS
        IFS='|'
        # shellcheck disable=SC2086
        set -f && set -- $rest && set +f
        IFS=$old_ifs
        run_case "$1" "$2" "$3" "${4:-}"
        ;;
    *) printf '%s %s\n' "$word" "$rest" >>graph.txt ;;
    esac
done 3<"$cases"

done_testing
