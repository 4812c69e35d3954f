#!/bin/sh
# Every check of the source text, one TAP line each. Run from the top of the repository.
#   CC, LINT_CFLAGS   compiler and flags for what compiles, set by the Makefile
#   CMIG_TEST_SCALE=all   `make test`: shellcheck does not follow what scripts include, which takes it
#                     three times as long; `set -u` finds a name that is not there, too
# A tool that is not there fails its check.
set -u
cd "$(dirname "$0")/../.." || exit 1

list() {
  git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r path; do
    [ ! -f "$path" ] || printf '%s\n' "$path"
  done
}
production=$(list 'src/*.c' 'src/*.h' 'include/*.h')
headers=$(list 'include/cmig/*.h')
every_c=$(list '*.c' '*.h')
units=$(list 'src/*.c')
tests=$(list 'tests/unit/*.c' 'tests/fuzz/*.c')
shell=$(list '*.sh' '*.t' .ci/run)
text=$(list)

follow="-x -P SCRIPTDIR"
[ "${CMIG_TEST_SCALE:-}" != all ] || follow="-e SC1091,SC2034,SC2154"

count=0
failed=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

# check NAME COMMAND…: passes when the command exits with 0; what it says is shown as diagnostics.
check() {
  name=$1
  shift
  count=$((count + 1))
  if "$@" >"$log" 2>&1; then
    echo "ok $count - lint: $name"
  else
    echo "not ok $count - lint: $name"
    failed=$((failed + 1))
  fi
  sed 's/^/# /' "$log"
}

# File names here have no spaces; the lists are meant to be split.
# shellcheck disable=SC2086
{
  check "layers" awk -f tests/lint/layers.awk $production $tests
  check "banned functions" awk -f tests/lint/banned.awk $production
  check "length of files and functions" awk -f tests/lint/length.awk $units
  check "headers compile alone" tests/lint/headers.sh
  check "layers in the README" tests/lint/readme.sh src/README.md $headers
  check "paths of one machine" tests/lint/words.sh $text
  check "clang-format" clang-format -n -Werror $every_c
  check "cppcheck" cppcheck --quiet --std=c11 --error-exitcode=1 -j 2 \
    --enable=warning,performance,portability --inline-suppr \
    --suppress=missingIncludeSystem --suppress=unknownMacro -Iinclude -Isrc $units
  check "shellcheck" shellcheck $follow -S warning $shell
  check "every check can fail" tests/lint/selftest.sh
}

echo "1..$count"
[ "$failed" -eq 0 ]
