# shellcheck shell=sh
# Helpers of the tests that run migrations (20 to 59), on top of lib.sh.

case $CMIG_TEST_DB in
pg) log_key='serial PRIMARY KEY' ;;
*) log_key='INTEGER PRIMARY KEY AUTOINCREMENT' ;;
esac

# is GOT EXPECTED NAME: one assertion; says both when they differ.
is() {
    if [ "$1" = "$2" ]; then
        ok "$3"
    else
        not_ok "$3"
        printf '     got: %s\nexpected: %s\n' "$1" "$2" | sed 's/^/#   /'
    fi
}

# only_for DATABASE: the rest of the file is about this database alone.
only_for() {
    [ "$CMIG_TEST_DB" = "$1" ] && return
    echo "1..0 # SKIP about $1 only"
    # shellcheck disable=SC2034  # lib.sh reads it
    test_planned=yes
    exit 0
}

# pass_if NAME COMMAND…: one assertion that a command succeeds.
pass_if() {
    pass_name=$1
    shift
    if "$@" >/dev/null 2>&1; then ok "$pass_name"; else not_ok "$pass_name"; fi
}

# Lines to one line, without blanks around it.
one_line() { sed -n 'H; $ { x; s/\n/ /g; s/^ *//; s/ *$//; p; }'; }

# shellcheck disable=SC2120  # the argument is for tests of another table
# The version rows, sorted bytewise, on one line; "-" for none.
rows() {
    rows_text=$(sql "SELECT version_num FROM ${1:-alembic_version}" | LC_ALL=C sort | one_line)
    echo "${rows_text:--}"
}

# What ran, in order, from the table that graph's revisions write to. "-" for nothing.
logged() {
    logged_text=$(sql 'SELECT what FROM log ORDER BY n' | one_line)
    echo "${logged_text:--}"
}

# now_at ROWS [NAME]: the version rows are these.
now_at() { is "$(rows)" "$1" "${2:-version rows are $1}"; }

# Reads a graph on standard input and writes it to migrations/versions, one revision per line:
#   ID [: PARENT[,PARENT]] [+ DEPENDENCY[,…]] [@ LABEL[,…]]
# The files are numbered, so that load order is line order. Each direction of each revision leaves
# a row in the table `log`.
make_graph() {
    mkdir -p migrations/versions
    rm -f migrations/versions/*.sql
    awk '
    function list(text) { gsub(/,/, ", ", text); return "[" text "]" }
    /^[ \t]*(#|$)/ { next }
    {
        down = "null"; deps = "[]"; labels = "[]"
        for (i = 2; i < NF; i += 2) {
            if ($i == ":") down = list($(i + 1))
            if ($i == "+") deps = list($(i + 1))
            if ($i == "@") labels = list($(i + 1))
        }
        file = sprintf("migrations/versions/%04d_%s.sql", ++count, $1)
        printf "-- revision: %s\n-- down_revision: %s\n-- branch_labels: %s\n", $1, down, labels >file
        printf "-- depends_on: %s\n-- message: make %s\n", deps, $1 >file
        print "-- create_date: 2026-11-20T10:15:00Z\n" >file
        printf "-- cmig:upgrade\nINSERT INTO log (what) VALUES (\047+%s\047);\n\n", $1 >file
        printf "-- cmig:downgrade\nINSERT INTO log (what) VALUES (\047-%s\047);\n", $1 >file
        close(file)
    }'
}

# Empties the database's log and sets the version rows: at ROW…
at() {
    at_sql='DELETE FROM log; DELETE FROM alembic_version;'
    for at_row; do
        at_sql="$at_sql INSERT INTO alembic_version VALUES ('$at_row');"
    done
    sql "$at_sql" >/dev/null
}

make_log_table() { sql "CREATE TABLE log (n $log_key, what text NOT NULL)" >/dev/null; }

# revision_file ID DOWN: writes a file with the body on standard input (sections included).
revision_file() {
    mkdir -p migrations/versions
    {
        printf -- '-- revision: %s\n-- down_revision: %s\n-- message: %s\n\n' "$1" "$2" "step $1"
        cat
    } >"migrations/versions/$1.sql"
}

# Seconds since the epoch with fraction.
now() { date +%s.%N; }

# within SECONDS COMMAND…: repeats the command until it succeeds; fails when time is up.
within() {
    within_left=$(($1 * 20))
    shift
    while [ "$within_left" -gt 0 ]; do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.05
        within_left=$((within_left - 1))
    done
    return 1
}

# sql_says STATEMENT ANSWER
sql_says() { [ "$(sql "$1")" = "$2" ]; }

# The tables of the test's database but for the audit table, sorted, on one line.
tables() {
    case $CMIG_TEST_DB in
    pg) sql "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'cmig_audit' ORDER BY 1" ;;
    *) sql "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'cmig_audit' ORDER BY 1" ;;
    esac | one_line
}

# Schema and version rows as one text, for "nothing changed".
snapshot() {
    tables
    dump_schema
    case " $(tables) " in *' alembic_version '*) rows ;; esac
}

# An empty database and an empty history.
start_over() {
    rm -rf migrations alembic.yml
    mkdir -p migrations/versions
    case $CMIG_TEST_DB in
    pg) sql 'DROP SCHEMA public CASCADE; CREATE SCHEMA public' >/dev/null 2>&1 ;;
    *) rm -f "$TEST_DB" "$TEST_DB"-* ;;
    esac
}

# line_of_revisions NAME…: plain revisions in a line; NAME creates the table NAME.
line_of_revisions() {
    line_before=${LINE_FROM:-null}
    for line_name; do
        revision_file "$line_name" "$line_before" <<SQL
-- cmig:upgrade
CREATE TABLE $line_name (id integer PRIMARY KEY);

-- cmig:downgrade
DROP TABLE $line_name;
SQL
        line_before=$line_name
    done
}

# cmig_any "STATUS…" ARG…: the call ends with one of these.
cmig_any() {
    any_wanted=$1
    shift
    test_call "$@"
    case " $any_wanted " in
    *" $TEST_STATUS "*) test_judge "$TEST_STATUS" "cmig $* ends with one of $any_wanted" ;;
    *) test_judge "${any_wanted%% *}" "cmig $* ends with one of $any_wanted" ;;
    esac
}

# start_run ARG…: cmig in the background, as $runner; a shell would have it ignore Ctrl-C there.
start_run() {
    perl -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; exec { $ARGV[0] } @ARGV; exit 127' \
        "$CMIG" "$@" >"$TEST_OUT" 2>"$TEST_ERR" </dev/null &
    runner=$!
}

# end_run: its end, at most CMIG_TEST_TIMEOUT seconds from now; TEST_STATUS is what it ended with.
end_run() {
    end_patience=$CMIG_TEST_TIMEOUT
    within "$end_patience" sh -c '! kill -0 "$1" || [ "$(ps -o stat= -p "$1" | cut -c 1)" = Z ]' - "$runner" ||
        kill -9 "$runner"
    wait "$runner" 2>/dev/null
    TEST_STATUS=$?
}

# The server has no session of cmig's any more (PostgreSQL; for tests with a cluster of their own).
no_sessions() {
    sql_says "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
              AND pid <> pg_backend_pid()" 0
}
