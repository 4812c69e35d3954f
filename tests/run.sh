#!/bin/sh
# Runs the tests and ends with one line, `N passed, M failed`. Nothing is installed here.
#   tests/run.sh all     lint, unit tests on the release and the sanitizer build, command-line tests
#                        on the release build, fuzz targets, man pages; five minutes on two cores
#   tests/run.sh full    the same, and the command-line tests on the sanitizer build too; the loops of
#                        which `all` takes a sample run whole (CMIG_TEST_SCALE)
#   tests/run.sh quick   unit and command-line tests on the release build
# Logs stay in build/test/. `all` and `full` start `tests/run.sh aside` beside themselves: what is not
# the release build's, and other servers, in the time that the command-line tests leave, of which some
# look at the clock.
# shellcheck disable=SC2016  # scripts for `sh -c` expand their own arguments
set -u
cd "$(dirname "$0")/.." || exit 1
mode=${1:-all}
make=${MAKE:-make}
cpus=$(nproc)

# What was given to the outer make or stands in the environment must not change what is tested.
unset MAKEFLAGS MFLAGS MAKELEVEL DEBUG BUILD LAYERS TESTS EXTRA CFLAGS CPPFLAGS LDFLAGS
unset CK_FORK CK_RUN_CASE CK_RUN_SUITE CK_VERBOSITY DATABASE_URL ENVIRONMENT APP_ENV
unset CONFIRM_PRODUCTION_MIGRATION ALEMBIC_CONFIG CMIG_CONFIG CMIG_ENV
[ "$mode" = aside ] || CMIG_TEST_SCALE=$mode
export CMIG_TEST_SCALE
export LC_ALL=C.UTF-8 TZ=UTC

logs=$PWD/build/test
[ "$mode" = aside ] || rm -rf "$logs"
mkdir -p "$logs" || exit 1
passed=0
failed=0

# Tests make roles, which belong to a whole server: each side has its own.
cluster=$logs/cluster-$mode
aside_pid=
finish() {
  [ -z "$aside_pid" ] || {
    kill -- -"$aside_pid"
    wait "$aside_pid"
  } 2>/dev/null
  [ ! -d "$cluster" ] || {
    cp "$cluster/log" "$logs/postgresql-$mode.log"
    tests/pg.sh stop "$cluster"
  } >/dev/null 2>&1
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
}

# begin NAME, end: a line per part, with what it brought and how long it took.
begin() {
  part=$1
  part_passed=$passed
  part_failed=$failed
  part_start=$(date +%s)
}
end() {
  printf '%-28s %5d passed %4d failed %4d s\n' "$part" $((passed - part_passed)) \
    $((failed - part_failed)) $(($(date +%s) - part_start))
}

# judge FILE.tap: the counts of one TAP file, with the exit status that stands in FILE.status.
judge() {
  status=$(cat "${1%.tap}.status" 2>/dev/null) || status=1
  # shellcheck disable=SC2046  # two numbers
  count $(awk -v status="${status:-1}" -v name="$(basename "$1" .tap)" -f tests/tap.awk "$1" || echo 0 1)
}

# step NAME COMMAND…: one thing that passes or fails as a whole. Its output is shown on failure.
step() {
  name=$1
  shift
  if "$@" >"$logs/step-$mode.log" 2>&1 </dev/null; then
    count 1 0
  else
    echo "$name: failed"
    sed 's/^/    /' "$logs/step-$mode.log"
    count 0 1
    return 1
  fi
}

# tap FILE.tap COMMAND…: runs something that speaks TAP, and counts it.
tap() {
  file=$1
  shift
  "$@" >"$file" 2>"${file%.tap}.err" </dev/null
  echo $? >"${file%.tap}.status"
  judge "$file"
}

start_cluster() {
  begin "PostgreSQL cluster ($mode)"
  if step "tests/pg.sh start" sh -c 'tests/pg.sh start "$1" >"$1.env"' - "$cluster"; then
    # shellcheck disable=SC1090
    . "$cluster.env"
  fi
  end
}

# build NAME VARIABLE…: binary and unit tests, without a warning. Lines are all that a report of a
# sanitizer needs to know; variables for a debugger take a sixth of the compiler's time.
build() {
  name=$1
  shift
  begin "build ($name)"
  step "build ($name)" "$make" -j "$cpus" WERROR=1 CFLAGS=-g1 "$@" all unit-tests
  built=$?
  end
  return $built
}

# What takes longest had better not begin last; the longest first.
longest_units='test_vcs test_sql_facts_oracle test_run_faults test_db_units test_db_contract test_audit_chain'
longest_files='76-guard-table 57-faults 77-guard-commands 40-concurrency 66-hostile 41-kill 70-scale 63-urls 75-doctor 65-secrets 61-revision
  23-alembic-parity 73-audit-records 47-separate 62-config'

# longest_first NAMES: standard input, one NAME or FOLDER/NAME.t:DATABASE a line, in that order.
longest_first() {
  awk -v names="$1" '
    BEGIN { count = split(names, list); for (i = 1; i <= count; i++) rank[list[i]] = i }
    {
      name = $0
      sub(/.*\//, "", name)
      sub(/\.t:.*/, "", name)
      print (name in rank ? rank[name] : count + 1) "\t" $0
    }' | sort -s -k 1,1n | cut -f 2
}

# unit NAME: every Check binary of a build, several at once. A suite that dies leaves no plan.
unit() {
  begin "unit tests ($1)"
  mkdir -p "$logs/unit-$1"
  for source in tests/unit/test_*.c; do
    basename "$source" .c
  done | longest_first "$longest_units" | xargs -P "$cpus" -I {} sh -c '
    unset PGHOST PGPORT PGUSER PGDATABASE
    # Four seconds, the default of Check, are too few for a sanitizer build on a busy machine.
    CK_DEFAULT_TIMEOUT=60 CK_TAP_LOG_FILE_NAME="$1/$2.tap" timeout 200 "build/$3/tests/unit/$2" \
      >"$1/$2.out" 2>&1 </dev/null
    echo $? >"$1/$2.status"
    [ -e "$1/$2.tap" ] || : >"$1/$2.tap"
  ' - "$logs/unit-$1" {} "$1"
  for file in "$logs/unit-$1"/*.tap; do
    before=$failed
    judge "$file"
    [ "$failed" -eq "$before" ] || tail -n 40 "${file%.tap}.out" | sed 's/^/    /'
  done
  end
}

# cli NAME: the black-box tests by prove, on both databases, several at once. tests/cli/one.sh keeps
# the TAP of each; what prove makes of them has to agree.
cli() {
  begin "command-line tests ($1)"
  dir=$logs/cli-$1
  mkdir -p "$dir"
  set -- "$1" tests/cli/*.t
  build=$1
  shift
  for database in sqlite pg; do
    for file in "$@"; do
      if ! grep -q '^# databases: none$' "$file"; then
        echo "$file:$database"
      elif [ "$database" = sqlite ]; then
        echo "$file:none"
      fi
    done
  done | longest_first "$longest_files" >"$dir/list"
  # One more than there are processors: tests wait for locks and timeouts.
  CMIG=$PWD/build/$build/cmig CMIG_TEST_LOGS=$dir prove -j $((cpus + 1)) --exec tests/cli/one.sh - \
    <"$dir/list" >"$dir/prove.log" 2>&1
  status=$?
  before=$failed
  while IFS= read -r entry; do
    file=$dir/$(basename "${entry%:*}" .t)-${entry##*:}.tap
    [ -e "$file" ] || : >"$file"
    judge "$file"
  done <"$dir/list"
  if [ "$status" -ne 0 ] && [ "$failed" -eq "$before" ]; then
    cat "$dir/prove.log"
    count 0 1
  fi
  end
}

lint() {
  begin "lint"
  tap "$logs/lint.tap" "$make" -s lint
  end
}

fuzz() {
  begin "fuzz targets"
  if step "build (fuzz)" "$make" -j "$cpus" fuzz-targets; then
    tap "$logs/fuzz.tap" tests/fuzz/run.sh build/fuzz "${FUZZ_SECONDS:-2}"
  fi
  end
}

# Servers of other major versions, a sample. They take what the other side has built.
matrix() {
  waited=0
  while [ ! -e "$logs/release.built" ] && [ "$waited" -lt 300 ]; do
    sleep 1
    waited=$((waited + 1))
  done
  begin "other servers (a sample)"
  tests/matrix.sh sample >"$logs/matrix.log" 2>&1 </dev/null
  sed '$d; s/^/    /' "$logs/matrix.log"
  last=$(tail -n 1 "$logs/matrix.log")
  case $last in
  *' passed, '*' failed')
    of=${last#* passed, }
    count "${last%% *}" "${of%% *}"
    ;;
  *) count 0 1 ;;
  esac
  end
}

manual() {
  begin "man pages"
  step "man/ is what the binary writes (make man)" "$make" -s man-check
  for page in man/*; do
    # -ww: every warning; groff exits with 0 all the same.
    step "$page" sh -c 'out=$(groff -man -Tutf8 -ww -z "$1" 2>&1) && [ -z "$out" ] || { echo "$out"; exit 1; }' \
      - "$page"
  done
  end
}

# A session of its own, so that an interrupt can end all of it.
start_aside() {
  setsid nice -n 5 tests/run.sh aside </dev/null &
  aside_pid=$!
}

end_aside() {
  wait "$aside_pid"
  aside_pid=
  # shellcheck disable=SC2046  # two numbers
  count $(cat "$logs/aside.count" || echo 0 1)
}

case $mode in
quick)
  start_cluster
  if build release; then
    unit release
    cli release
  fi
  ;;
all | full)
  start_aside
  start_cluster
  if build release; then
    unit release
    : >"$logs/release.built"
    cli release
    manual
  fi
  end_aside
  [ "$mode" = all ] || [ ! -x build/debug/cmig ] || cli debug
  ;;
aside)
  lint
  start_cluster
  if build debug DEBUG=1; then
    unit debug
  fi
  fuzz
  matrix
  echo "$passed $failed" >"$logs/aside.count"
  exit
  ;;
*)
  echo "usage: $0 [all|full|quick]" >&2
  exit 2
  ;;
esac

finish
trap - EXIT
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
