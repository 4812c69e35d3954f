#!/bin/sh
# Every fault sweep, several at once, on a throw-away PostgreSQL cluster. Ends with
# `N passed, M failed`, the points of all sweeps.
#   tests/torture/run.sh [--sample=N] [SWEEP…]    N points of each sweep instead of all
# CMIG is the binary (build/release/cmig), CMIG_TORTURE_LOGS the folder for what went wrong.
set -u
cd "$(dirname "$0")/../.." || exit 1
CMIG=${CMIG:-$PWD/build/release/cmig}
logs=${CMIG_TORTURE_LOGS:-$PWD/build/torture}
export CMIG
sample=
case ${1-} in
--sample=*)
  sample=$1
  shift
  ;;
esac
command -v strace >/dev/null || {
  echo "strace is missing: tests/install-deps.sh test" >&2
  exit 1
}

rm -rf "$logs"
mkdir -p "$logs" || exit 1
finish() { tests/pg.sh stop "$logs/cluster" >/dev/null 2>&1; }
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

# Sweeps that crash the server have it for themselves.
crashing='^(backend-killed|server-stopped)$'
[ $# -gt 0 ] || {
  # shellcheck disable=SC2046  # names without blanks
  set -- $(perl tests/torture/torture.pl --list)
}
tests/pg.sh start "$logs/cluster" >"$logs/pg.env" || exit 1
# shellcheck disable=SC1091
. "$logs/pg.env"

# sweeps WORKERS: names from standard input.
sweeps() {
  # shellcheck disable=SC2016  # the inner shell expands them
  xargs -P "$1" -I {} sh -c '
    perl tests/torture/torture.pl $3 "$2" >"$1/$2.out" 2>"$1/$2.err"
    cat "$1/$2.out" "$1/$2.err"
  ' - "$logs" {} "$sample"
}
printf '%s\n' "$@" | grep -Ev "$crashing" | sweeps "${CMIG_TORTURE_JOBS:-$(nproc)}"
printf '%s\n' "$@" | grep -E "$crashing" | sweeps 1

cat "$logs"/*.out | awk '
  / points tried, / { tried += $2; failed += $5 }
  END {
    printf "%d passed, %d failed\n", (tried > failed ? tried - failed : 0), failed
    exit !(tried > 0 && failed == 0)
  }'
