#!/bin/sh
# Runs every fuzz target for a while, from its seeds in tests/fuzz/corpus/NAME/; one TAP line each.
#   tests/fuzz/run.sh FOLDER-OF-THE-BINARIES SECONDS
# What libFuzzer finds is kept in FOLDER/findings/; a finding becomes a seed with its repair.
set -u
binaries=$1
seconds=$2
mkdir -p "$binaries/findings"
export ASAN_OPTIONS=abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

for source in tests/fuzz/fuzz_*.c; do
  [ ! -f "$source" ] || basename "$source" .c
done >"$binaries/list"

# shellcheck disable=SC2016
xargs -P "$(nproc)" -I {} sh -c '
  target=$1; dir=$2
  mkdir -p "$dir/corpus/$target"
  seeds=tests/fuzz/corpus/${target#fuzz_}
  [ -d "$seeds" ] || seeds=
  "$dir/$target" -max_total_time="$3" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
    -artifact_prefix="$dir/findings/$target-" "$dir/corpus/$target" ${seeds:+"$seeds"} \
    >"$dir/$target.log" 2>&1
  echo $? >"$dir/$target.status"
' - {} "$binaries" "$seconds" <"$binaries/list"

count=0
failed=0
while IFS= read -r target; do
  count=$((count + 1))
  if [ "$(cat "$binaries/$target.status")" = 0 ]; then
    echo "ok $count - fuzz: $target"
  else
    echo "not ok $count - fuzz: $target"
    grep -v '^#[0-9]' "$binaries/$target.log" | tail -n 30 | sed 's/^/# /'
    failed=$((failed + 1))
  fi
done <"$binaries/list"
echo "1..$count"
[ "$failed" -eq 0 ]
