#!/bin/sh
# Compares cmig with psql and sqlite3 on the same SQL, and with alembic and sqitch where they are.
# Every number is a median of runs that alternate between the tools in one session; the ratio says
# how many times as long as cmig a tool took. What the measuring itself costs (a run of nothing) is
# taken off. Memory is the largest resident set of any process.
#   CMIG                binary (build/release/cmig)
#   BENCH_UP            migrations to apply (1000)
#   BENCH_LARGE         revisions of the large history (10000)
#   BENCH_ROUNDS        runs of each tool (5); BENCH_SLOW_ROUNDS of those that take long (1)
set -u
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
cmig=${CMIG:-$root/build/release/cmig}
up=${BENCH_UP:-1000}
large=${BENCH_LARGE:-10000}
rounds=${BENCH_ROUNDS:-5}
slow_rounds=${BENCH_SLOW_ROUNDS:-1}
limit=900 # seconds for one run

for name in $(env | sed -n 's/^\(PG[A-Z]*\|CMIG[A-Z_]*\|ALEMBIC_CONFIG\|DATABASE_URL\)=.*/\1/p'); do
  unset "$name"
done
export LC_ALL=C.UTF-8 CMIG_ENV=development
export SQITCH_FULLNAME=bench SQITCH_EMAIL=bench@example.com

for tool in "$cmig" psql sqlite3 /usr/bin/time; do
  command -v "$tool" >/dev/null || {
    echo "bench: $tool is needed (make test-deps)" >&2
    exit 1
  }
done
alembic=$(PATH=/usr/bin:$PATH command -v alembic) || alembic=
sqitch=$(PATH=/usr/bin:$PATH command -v sqitch) || sqitch=

work=$(mktemp -d "${TMPDIR:-/tmp}/cmig-bench.XXXXXX") || exit 1
# shellcheck disable=SC2317  # the trap calls it
finish() {
  cd /
  [ ! -d "$work/cluster" ] || "$root/tests/pg.sh" stop "$work/cluster"
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT HUP TERM
failed=0

# --- Measuring ------------------------------------------------------------------------------------

fresh_database() {
  if [ "$database" = pg ]; then
    psql -XqAt -d postgres -c 'DROP DATABASE IF EXISTS bench' -c 'CREATE DATABASE bench' 2>"$work/error"
  else
    rm -f "$sqlite_file"*
  fi
}

# run_once TOOL: seconds and kilobytes of one run, appended to $work/TOOL.
run_once() {
  begin=$(date +%s%N)
  (cd "$history" && exec /usr/bin/time -o "$work/memory" -f %M \
    timeout "$limit" "$root/tests/bench/tool.sh" "$1") >"$work/output" 2>&1 </dev/null
  status=$?
  end=$(date +%s%N)
  if [ "$status" -ne 0 ]; then
    echo "$1: status $status: $(tail -n 3 "$work/output" | tr '\n' ' ' | cut -c 1-300)" >"$work/$1.failed"
    return
  fi
  echo "$(((end - begin) / 1000)) $(tail -n 1 "$work/memory")" >>"$work/$1"
}

median() {
  sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# compare TITLE FRESH TOOL…: runs the tools in turn, FRESH=yes on an empty database each time, and
# prints a table. The first tool is cmig. A tool named `slow:TOOL` has fewer rounds.
compare() {
  title=$1
  new=$2
  shift 2
  rm -f "$work"/*_* "$work/nothing"
  round=1
  while [ "$round" -le "$rounds" ]; do
    for tool in nothing "$@"; do
      case $tool in slow:*) [ "$round" -le "$slow_rounds" ] || continue ;; esac
      tool=${tool#slow:}
      [ ! -e "$work/$tool.failed" ] || continue
      [ "$new" = no ] || fresh_database || exit 1
      run_once "$tool"
    done
    round=$((round + 1))
  done
  printf '\n%s\n' "$title"
  nothing=$(cut -d ' ' -f 1 "$work/nothing" | median)
  base=
  for tool in "$@"; do
    tool=${tool#slow:}
    if [ -e "$work/$tool.failed" ]; then
      printf '  %-16s failed: %s\n' "$tool" "$(cat "$work/$tool.failed")"
      case $tool in cmig_*) failed=1 ;; esac
      continue
    fi
    time=$(cut -d ' ' -f 1 "$work/$tool" | median | awk -v n="$nothing" '{ print ($1 > n + 1 ? $1 - n : 1) }')
    memory=$(cut -d ' ' -f 2 "$work/$tool" | sort -n | tail -n 1)
    [ -n "$base" ] || base=$time
    awk -v tool="$tool" -v time="$time" -v base="$base" -v memory="$memory" -v runs="$(wc -l <"$work/$tool")" \
      'BEGIN { printf "  %-16s %10.3f s  %8.2f x  %7.1f MB  (%d runs)\n", tool, time / 1e6, time / base, memory / 1024, runs }'
  done
}

# use_database pg|sqlite
use_database() {
  database=$1
  if [ "$database" = pg ]; then
    url="postgresql:///bench?host=$PGHOST&user=postgres"
    sa_url="postgresql+psycopg2:///bench?host=$PGHOST&user=postgres"
    sqitch_url="db:pg://postgres@/bench?host=$PGHOST"
  else
    url=sqlite:///$sqlite_file
    sa_url=$url
    sqitch_url=db:sqlite:$sqlite_file
  fi
  export DATABASE_URL="$url" BENCH_SA_URL="$sa_url" BENCH_DATABASE="$database"
  export BENCH_SQITCH_URL="$sqitch_url"
}

have() { [ -z "$2" ] || echo "$1"; }

# --- What is compared -----------------------------------------------------------------------------

cluster=$("$root/tests/pg.sh" start "$work/cluster") || exit 1
eval "$cluster"
sqlite_file=$work/bench.db
export PGDATABASE=bench BENCH_SQLITE="$sqlite_file"
export BENCH_CMIG="$cmig" BENCH_ALEMBIC="$alembic" BENCH_SQITCH="$sqitch"
unset CMIG_TEST_PG

echo "cmig:    $("$cmig" --version 2>&1 | head -n 1)"
echo "psql:    $(psql --version)"
echo "sqlite3: $(sqlite3 --version | cut -d ' ' -f 1)"
peer() {
  if [ -n "$2" ]; then
    echo "$1: $("$2" --version 2>&1 | tail -n 1)"
  else
    echo "$1: not found, not compared"
  fi
}
peer alembic "$alembic"
peer "sqitch " "$sqitch"
if command -v dbmate >/dev/null; then
  echo "dbmate : found, not compared: its histories are lists"
else
  echo "dbmate : not found, not compared"
fi
echo "machine: $(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg)"

tests/bench/generate.sh linear "$up" "$work/up" || exit 1
tests/bench/generate.sh linear "$large" "$work/linear" || exit 1
tests/bench/generate.sh diamonds "$large" "$work/diamonds" || exit 1

for database in pg sqlite; do
  use_database "$database"
  history="$work/up"
  # shellcheck disable=SC2046  # one word or none
  compare "upgrade head, $up migrations, $database (client_one: one process; client_each: one per file)" yes \
    cmig_up client_one slow:client_each $(have slow:alembic_up "$alembic") $(have slow:sqitch_up "$sqitch")

  history="$work/linear"
  last=$(find "$work/linear/versions" -name '*.sql' -printf '%f\n' | sort | tail -n 1 | cut -d _ -f 1)
  fresh_database
  make_version="CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
    INSERT INTO alembic_version VALUES ('$last')"
  if [ "$database" = pg ]; then
    psql -XqAt -d bench -c "$make_version"
  else
    sqlite3 -batch "$sqlite_file" "$make_version"
  fi
  # shellcheck disable=SC2046
  compare "upgrade head with nothing to do, $large revisions, $database (client_query: reads the version)" no \
    cmig_up client_query $(have slow:alembic_up "$alembic")
done

for kind in linear diamonds; do
  history="$work/$kind"
  # shellcheck disable=SC2046
  compare "history, $large revisions, $kind" no cmig_history $(have slow:alembic_history "$alembic")
  # shellcheck disable=SC2046
  compare "heads, $large revisions, $kind" no cmig_heads $(have slow:alembic_heads "$alembic")
done
exit "$failed"
