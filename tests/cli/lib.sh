# shellcheck shell=sh
# The frame of a black-box test: TAP out, a folder and a database of its own, a clean environment.
#
#   #!/bin/sh
#   # What this file tests.
#   . "$(dirname "$0")/lib.sh"
#   cmig_ok upgrade head
#   expect_err "applied 3"
#   cmig_fails 1 downgrade nowhere
#   [ "$(sql 'SELECT count(*) FROM t')" = 0 ]; check_that "the table is empty"
#   done_testing
#
# It runs twice, with CMIG_TEST_DB=sqlite and =pg; a file with the line `# databases: none` once,
# with =none. By hand: `tests/cli/10-x.t`, `CMIG_TEST_DB=pg tests/cli/10-x.t`.
# shellcheck disable=SC2034  # the variables are for the tests

# Tests change folders and find their neighbours by $0.
case $0 in
/*) ;;
*) exec sh "$(cd "$(dirname "$0")" && pwd)/$(basename "$0")" "$@" ;;
esac
set -u

TEST_ROOT=$(cd "$(dirname "$0")/../.." && pwd) # the repository
CMIG=${CMIG:-$TEST_ROOT/build/release/cmig}    # the binary under test
CMIG_TEST_DB=${CMIG_TEST_DB:-sqlite}
CMIG_TEST_TIMEOUT=${CMIG_TEST_TIMEOUT:-60} # seconds for one call
TEST_TMP=$(mktemp -d "${TMPDIR:-/tmp}/cmig-test.XXXXXX") || exit 1
TEST_OUT=$TEST_TMP/stdout # of the last call
TEST_ERR=$TEST_TMP/stderr
TEST_STATUS=0
test_count=0
test_failures=0
test_planned=
test_programs=

# --- A clean environment --------------------------------------------------------------------------

# Debian's psql and pg_dump are scripts that look for the newest release, which takes them longer than
# most queries do.
for test_name in /usr/lib/postgresql/*/bin; do
  if [ -x "$test_name/psql" ]; then test_programs=$test_name; fi
done
PATH=${test_programs:+$test_programs:}$PATH

test_keep=" PGHOST PGPORT PGUSER "
test_binary=$CMIG
unset CMIG # and with it the export
CMIG=$test_binary
for test_name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
  case $test_name in
  PG*) case $test_keep in *" $test_name "*) ;; *) unset "$test_name" ;; esac ;;
  CMIG_TEST_* | CMIG_CANARY) ;;
  CMIG_* | ALEMBIC_* | DATABASE_* | DIRECT_URL | CONFIRM_* | GIT_*) unset "$test_name" ;;
  esac
done
unset ENVIRONMENT APP_ENV CI NO_COLOR EDITOR VISUAL PAGER XDG_CONFIG_HOME MAKEFLAGS
mkdir "$TEST_TMP/home" "$TEST_TMP/work"
export HOME="$TEST_TMP/home" LC_ALL=C.UTF-8 TZ=UTC TERM=dumb
# A sanitizer's report has a status that no test expects; GLib's complaints are crashes.
export ASAN_OPTIONS=exitcode=99:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1:exitcode=99
export LSAN_OPTIONS=exitcode=99 G_DEBUG=fatal-criticals

# --- The database ---------------------------------------------------------------------------------
# DATABASE_URL names it; TEST_URL keeps the value for tests that unset the variable.

test_own_cluster=
case $CMIG_TEST_DB in
sqlite)
  TEST_DB=$TEST_TMP/test.db
  TEST_URL=sqlite:///$TEST_DB
  export DATABASE_URL="$TEST_URL"
  ;;
pg)
  if [ -z "${PGHOST:-}" ]; then
    test_own_cluster=$TEST_TMP/cluster
    test_env=$("$TEST_ROOT/tests/pg.sh" start "$test_own_cluster") || exit 1
    eval "$test_env"
  fi
  TEST_DB=cmig_test_$$
  export PGDATABASE="$TEST_DB"
  test_server=$(psql -XqAt -d postgres -v ON_ERROR_STOP=1 -c "CREATE DATABASE $TEST_DB" -c 'SHOW server_version_num') || exit 1
  test_dumps=$(pg_dump --version | sed 's/.* \([0-9][0-9]*\)\..*/\1/; q')
  TEST_URL="postgresql:///$TEST_DB?host=$PGHOST&port=$PGPORT&user=$PGUSER"
  export DATABASE_URL="$TEST_URL"
  ;;
none) TEST_DB='' TEST_URL='' ;;
*)
  echo "Bail out! CMIG_TEST_DB=$CMIG_TEST_DB"
  exit 1
  ;;
esac

# drop_database NAME: whoever is connected (WITH (FORCE) came with 13).
drop_database() {
  psql -XqAt -d postgres -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$1'" \
    -c "DROP DATABASE IF EXISTS $1" >/dev/null 2>&1
}

test_finish() {
  test_status=$?
  trap - EXIT
  cd /
  if [ "$CMIG_TEST_DB" = pg ]; then
    drop_database "$TEST_DB"
  fi
  [ -z "$test_own_cluster" ] || "$TEST_ROOT/tests/pg.sh" stop "$test_own_cluster"
  rm -rf "$TEST_TMP"
  # Without a plan the harness sees that the test did not reach its end.
  [ -n "$test_planned" ] || [ "$test_status" -ne 0 ] || test_status=1
  [ "$test_failures" -eq 0 ] || test_status=1
  exit "$test_status"
}
trap test_finish EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

# --- How much ---------------------------------------------------------------------------------------
# What asks the same thing many times is whole with CMIG_TEST_SCALE=full (make test-full).

full() { [ "${CMIG_TEST_SCALE:-}" = full ]; }

# one_in NUMBER: true for the first of so many calls; always with the full scale.
test_calls=0
one_in() {
  test_calls=$((test_calls + 1))
  full || [ $((test_calls % $1)) -eq 1 ]
}

# once: for what does not depend on the database; false on PostgreSQL, but not with the full scale.
once() { full || [ "$CMIG_TEST_DB" != pg ]; }

# --- Assertions -----------------------------------------------------------------------------------

# TAP allows no line break and no bare # in a name.
test_point() {
  test_count=$((test_count + 1))
  test_label=$2
  case ${#2}:$2 in
  [!:][!:][!:][!:]* | [2-9]??:* | *'#'* | *[!\ -~]*)
    test_label=$(printf '%s' "$2" | tr '\n\t#' '  .' | LC_ALL=C tr -c '\040-\176\200-\377' '?' | cut -c 1-200)
    ;;
  esac
  printf '%s %s - %s\n' "$1" "$test_count" "$test_label"
}

ok() { test_point ok "$1"; }

not_ok() {
  test_point "not ok" "$1"
  test_failures=$((test_failures + 1))
}

# diag: standard input as diagnostics of the assertion above.
diag() { sed 's/^/#   /'; }

# check_that NAME: an assertion about the status of the command just before it.
check_that() {
  if [ "$?" -eq 0 ]; then ok "$1"; else not_ok "$1"; fi
}

# show_call: what the last call printed, as diagnostics.
show_call() {
  {
    echo "status $TEST_STATUS"
    echo "--- stdout"
    head -c 4000 "$TEST_OUT"
    echo "--- stderr"
    head -c 4000 "$TEST_ERR"
  } | diag
}

# test_call ARG…: runs cmig; standard input is nothing, or the file CMIG_STDIN names.
test_call() {
  timeout -k 5 "$CMIG_TEST_TIMEOUT" "$CMIG" "$@" <"${CMIG_STDIN:-/dev/null}" >"$TEST_OUT" 2>"$TEST_ERR"
  TEST_STATUS=$?
}

# What no call may print: reports of sanitizers, complaints of GLib.
test_reports='Sanitizer|runtime error:|GLib[^ ]*-(CRITICAL|WARNING)'

# What is wrong with a call whatever it was meant to do; nothing when all is well.
test_defects() {
  case $TEST_STATUS in
  124) echo "no end within $CMIG_TEST_TIMEOUT s" ;;
  130) ;;
  99) echo "a sanitizer stopped it" ;;
  12[89] | 1[3-9]? | 2??) echo "ended by a signal, status $TEST_STATUS" ;;
  esac
  grep -aEh "$test_reports" "$TEST_OUT" "$TEST_ERR"
  if [ -n "${CMIG_CANARY:-}" ] && grep -aqF -e "$CMIG_CANARY" "$TEST_OUT" "$TEST_ERR"; then
    echo "a secret was printed"
  fi
}

# test_clean: the last call printed neither a report nor the secret. One process at most: there are
# thousands of calls, and what is wrong is looked for only where something is.
test_clean() {
  [ -s "$TEST_OUT" ] || [ -s "$TEST_ERR" ] || return 0
  LC_ALL=C grep -aqE "$test_reports" "$TEST_OUT" "$TEST_ERR"
  [ $? -eq 1 ] || return 1
  [ -z "${CMIG_CANARY:-}" ] || ! grep -aqF -e "$CMIG_CANARY" "$TEST_OUT" "$TEST_ERR"
}

# test_judge STATUS NAME
test_judge() {
  if [ "$TEST_STATUS" -eq "$1" ] && [ "$1" -lt 99 ] && test_clean; then
    ok "$2"
    return
  fi
  test_why=$(test_defects)
  [ "$TEST_STATUS" -eq "$1" ] || test_why="$test_why
status $TEST_STATUS instead of $1"
  if [ -z "$test_why" ]; then
    ok "$2"
  else
    not_ok "$2"
    printf '%s\n' "$test_why" | diag
    show_call
    return 1
  fi
}

# cmig_ok ARG…: the call ends with 0.
cmig_ok() {
  test_call "$@"
  test_judge 0 "cmig $*"
}

# cmig_fails STATUS ARG…: the call ends with this status. A crash never counts.
cmig_fails() {
  test_want=$1
  shift
  test_call "$@"
  test_judge "$test_want" "cmig $* fails with $test_want"
}

# test_find FILE WANTED NAME TEXT…: is each text in the file (WANTED 0) or not (1)?
test_find() {
  test_file=$1
  test_want=$2
  test_name=$3
  shift 3
  test_all=$(cat "$test_file")
  for test_text in "$@"; do
    test_got=0
    # As one string: a text may have several lines.
    case $test_all in *"$test_text"*) ;; *) test_got=1 ;; esac
    if [ "$test_got" -eq "$test_want" ]; then
      ok "$test_name '$test_text'"
    else
      not_ok "$test_name '$test_text'"
      show_call
    fi
  done
}

# Substrings of what the last call printed.
expect_out() { test_find "$TEST_OUT" 0 "stdout has" "$@"; }
expect_err() { test_find "$TEST_ERR" 0 "stderr has" "$@"; }
expect_no_out() { test_find "$TEST_OUT" 1 "stdout has not" "$@"; }
expect_no_err() { test_find "$TEST_ERR" 1 "stderr has not" "$@"; }

# test_exact FILE NAME: standard input is all that the file has.
test_exact() {
  cat >"$TEST_TMP/wanted"
  if cmp -s "$TEST_TMP/wanted" "$1"; then
    ok "$2"
  else
    not_ok "$2"
    diff -u "$TEST_TMP/wanted" "$1" | diag
  fi
}
expect_out_is() { test_exact "$TEST_OUT" "stdout is exactly as expected"; }
expect_err_is() { test_exact "$TEST_ERR" "stderr is exactly as expected"; }

# holds WHAT COMMAND…: the command succeeds.
holds() {
  test_what=$1
  shift
  if "$@" >/dev/null 2>&1; then ok "$test_what"; else not_ok "$test_what"; fi
}

# holds_not WHAT COMMAND…: the command fails.
holds_not() {
  test_what=$1
  shift
  if "$@" >/dev/null 2>&1; then not_ok "$test_what"; else ok "$test_what"; fi
}

# sql STATEMENT…: rows of the test's database, columns apart by `|`.
sql() {
  case $CMIG_TEST_DB in
  sqlite) sqlite3 -batch -bail "$TEST_DB" "$@" </dev/null ;;
  pg)
    for test_sql in "$@"; do
      set -- "$@" -c "$test_sql"
      shift
    done
    psql -XqAt -v ON_ERROR_STOP=1 "$@" </dev/null || return 1
    ;;
  esac
}

# server_has NUMBER: the PostgreSQL server is of this version, as in server_version_num, or newer.
server_has() { [ "$test_server" -ge "$1" ]; }

# pg_dump_can: pg_dump is as new as the server; an older one refuses.
pg_dump_can() { ! server_has $(((test_dumps + 1) * 10000)); }

# dumping COMMAND…: prints what the command prints. One that fails makes the whole test fail, since two
# dumps of nothing are the same.
dumping() {
  # Often sqlite3 says so in its text alone.
  if "$@" >"$TEST_TMP/dump" 2>"$TEST_TMP/dump-error" && ! grep -qF 'ROLLBACK; -- due to errors' "$TEST_TMP/dump"; then
    cat "$TEST_TMP/dump"
  else
    { echo "$*" && cat "$TEST_TMP/dump-error"; } >>"$TEST_TMP/no-dump"
  fi
}
dump_database() { dumping "$TEST_ROOT/tests/dump.sh" "$@"; }
dump_sqlite() { dumping sqlite3 -batch -bail "$TEST_DB" "$1"; }

# dump_all [without-audit]: all there is, schema and rows, as text that can be compared.
dump_all() {
  case $CMIG_TEST_DB:${1:-} in
  pg:) dump_database ;;
  pg:*) dump_database --exclude-table='cmig_audit*' ;;
  *:) dump_sqlite .dump ;;
  *) dump_sqlite .dump | grep -v cmig_audit ;;
  esac
}

# dump_schema: the schema as text that can be compared, without the tables of cmig, and without the
# extension that tests/matrix.sh puts into every database of an old server.
dump_schema() {
  case $CMIG_TEST_DB in
  sqlite)
    dump_sqlite "SELECT type || ' ' || name || ': ' || replace(sql, char(10), ' ')
      FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name NOT IN ('alembic_version', 'cmig_audit') ORDER BY 1" |
      sed 's/"//g; s/  */ /g'
    ;;
  pg)
    dump_database --schema-only --no-owner --exclude-table=alembic_version --exclude-table='cmig_audit*' |
      sed '/^--/d; /^SET /d; /^SELECT pg_catalog/d; /^\\/d; /^$/d; / ON SCHEMA public /d; / EXTENSION .*pgcrypto/d'
    ;;
  esac
}

# done_testing: the plan. The last line of every test.
done_testing() {
  if [ -e "$TEST_TMP/no-dump" ]; then
    not_ok "every dump was made"
    diag <"$TEST_TMP/no-dump"
  fi
  echo "1..$test_count"
  test_planned=yes
}

cd "$TEST_TMP/work" || exit 1
