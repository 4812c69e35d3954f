#!/bin/sh
# prove runs this for each entry `FILE.t:DATABASE`: the test speaks TAP to prove, and a copy with
# its exit status goes to $CMIG_TEST_LOGS, where tests/run.sh counts it.
set -u
file=${1%:*}
database=${1##*:}
log=$CMIG_TEST_LOGS/$(basename "$file" .t)-$database
limit=180
[ "${CMIG_TEST_SCALE:-}" != full ] || limit=600
CMIG_TEST_DB=$database timeout -k 10 $limit sh "$file" >"$log.tap" 2>"$log.err" </dev/null
status=$?
echo "$status" >"$log.status"
cat "$log.tap"
[ "$status" -eq 0 ] || cat "$log.err" >&2
exit "$status"
