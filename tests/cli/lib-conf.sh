# shellcheck shell=sh
# What the tests 60 to 89 add to lib.sh: calls with an environment of their own, and checks that
# hold for every call whatever it does. Sourced behind lib.sh.

# A test says itself which database a call gets.
unset DATABASE_URL

CMIG_CANARY=${CMIG_CANARY:-}

# is GOT WANTED NAME
is() {
    if [ "$1" = "$2" ]; then
        ok "$3"
    else
        not_ok "$3"
        printf 'got:    %s\nwanted: %s\n' "$1" "$2" | sed 's/^/#   /'
    fi
}

# Bytes that a terminal would obey. Tab is harmless.
conf_raw_bytes() {
    LC_ALL=C tr -d '\t\n\040-\176\200-\377' <"$1" | wc -c | tr -d ' '
}

# conf_right WANTED_STATUS GOT_STATUS: conf_judge has nothing to say, found out by one process.
conf_right() {
    [ "$2" -lt 99 ] || return 1
    case /$1/ in
    */"$2"/*) ;;
    *) return 1 ;;
    esac
    # shellcheck disable=SC2154 # of lib.sh
    conf_pattern="^cmig: error:(?: (?=.))?|[\\x00-\\x08\\x0b-\\x1f\\x7f]|$test_reports"
    [ -z "$CMIG_CANARY" ] || conf_pattern="$conf_pattern|\\Q$CMIG_CANARY\\E"
    conf_wanted=1 # nothing is found
    [ "$2" = 0 ] || conf_wanted="$TEST_ERR:cmig: error: 
0"
    # The status behind it keeps a line that a NUL byte would be lost from.
    [ "$(LC_ALL=C grep -aoP -e "$conf_pattern" "$TEST_OUT" "$TEST_ERR"; echo $?)" = "$conf_wanted" ]
}

# Why the last call is wrong, one reason a line; nothing when it is right.
conf_judge() { # WANTED_STATUS GOT_STATUS
    case /$1/ in
    */"$2"/*) ;;
    *) echo "status $2, wanted $1" ;;
    esac
    [ "$(conf_raw_bytes "$TEST_OUT")" = 0 ] || echo "control characters on stdout"
    [ "$(conf_raw_bytes "$TEST_ERR")" = 0 ] || echo "control characters on stderr"
    if [ "$2" = 0 ]; then
        ! grep -q '^cmig: error:' "$TEST_ERR" || echo "an error message with status 0"
    elif [ "$(grep -c '^cmig: error: .' "$TEST_ERR")" != 1 ]; then
        echo "not exactly one error message"
    fi
    test_defects
}

# run STATUS [NAME=VALUE | -uNAME]… ARG…: one call of cmig with these variables set or unset. One
# test point: status (alternatives as 1/78), no control characters, one error message or none.
run() {
    conf_want=$1
    shift
    conf_what="cmig"
    conf_n=$#
    conf_seen=
    conf_unset= # env wants these first
    for conf_arg in "$@"; do
        if [ -z "$conf_seen" ]; then
            case $conf_arg in
            [A-Z]*=*) ;;
            -u[A-Z]*)
                conf_unset="$conf_unset $conf_arg"
                conf_what="$conf_what $conf_arg"
                continue
                ;;
            *)
                set -- "$@" "$CMIG"
                conf_seen=1
                ;;
            esac
        fi
        set -- "$@" "$conf_arg"
        [ "$conf_arg" != "DATABASE_URL=$TEST_URL" ] || conf_arg='DATABASE_URL=...'
        conf_what="$conf_what $conf_arg"
    done
    [ -n "$conf_seen" ] || set -- "$@" "$CMIG"
    shift "$conf_n"
    TEST_STATUS=0
    # shellcheck disable=SC2086 # words
    timeout -k 5 "$CMIG_TEST_TIMEOUT" env $conf_unset "$@" >"$TEST_OUT" 2>"$TEST_ERR" </dev/null || TEST_STATUS=$?
    conf_what="${CONF_NOTE:+$CONF_NOTE: }$conf_what = $conf_want"
    if conf_right "$conf_want" "$TEST_STATUS"; then
        ok "$conf_what"
        return
    fi
    conf_why=$(conf_judge "$conf_want" "$TEST_STATUS")
    if [ -z "$conf_why" ]; then
        ok "$conf_what"
    else
        not_ok "$conf_what"
        { printf '%s\n' "$conf_why" | diag && show_call; } | LC_ALL=C tr -c '\n\040-\176' '?'
    fi
}

out_has() { expect_out "$@"; }
out_lacks() { expect_no_out "$@"; }
err_has() { expect_err "$@"; }
err_lacks() { expect_no_err "$@"; }

# out_is TEXT: standard output is these lines, and nothing else.
out_is() {
    if [ "$(cat "$TEST_OUT")" = "$1" ]; then
        ok "  stdout is as expected"
    else
        not_ok "  stdout is as expected"
        show_call
        printf '%s\n' "$1" | sed 's/^/wanted: /' | diag
    fi
}

# json PERL: an expression over $j, the parsed standard output.
json() {
    perl -MJSON::PP -0777 -e 'my $j = JSON::PP->new->utf8->allow_nonref->decode(<STDIN>);
        my $r = eval $ARGV[0]; die $@ if $@; binmode STDOUT, ":utf8"; print $r // "undef"' "$1" <"$TEST_OUT" 2>&1
}

# project NAME: a new folder with an empty history; the configuration comes from standard input or
# is the usual one. Goes there.
project() {
    cd "$TEST_TMP/work" || exit 1
    rm -rf "./$1"
    mkdir -p "$1/migrations/versions"
    cd "$1" || exit 1
    # shellcheck disable=SC2016 # cmig expands it
    echo 'database_url: ${DATABASE_URL:-sqlite:///./app.db}' >alembic.yml
}

# rev ID DOWN [MESSAGE [UP [DOWN_SQL [FURTHER HEADER LINES]]]]: writes one revision file.
rev() {
    cat >"${VERSIONS:-migrations/versions}/$1_x.sql" <<REV
-- revision: $1
-- down_revision: $2
-- message: ${3:-$1}${6:+
$6}

-- cmig:upgrade
${4-CREATE TABLE t_$1 (id integer);}

-- cmig:downgrade
${5-DROP TABLE t_$1;}
REV
}

# Everything below a folder with its content, for "nothing was written".
tree() { (cd "${1:-.}" && find . -type f -exec cksum {} + | sort -k 3; find . -type d | sort); }

# The test's database is empty again.
reset_db() {
    case $CMIG_TEST_DB in
    pg) psql -qXAt -c 'DROP SCHEMA public CASCADE' -c 'CREATE SCHEMA public' >/dev/null 2>&1 ;;
    sqlite) rm -f "$TEST_DB" "$TEST_DB"-* ;;
    esac
}

# Tables of the test's database but for the audit table, names in one line; "" also when there is no database file.
tables() {
    case $CMIG_TEST_DB in
    pg) sql "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'cmig_audit' ORDER BY 1" | sed 's/^public\.//' ;;
    sqlite) [ ! -e "$TEST_DB" ] || sql "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'cmig_audit' ORDER BY 1" ;;
    esac | tr '\n' ' ' | sed 's/ $//'
}
