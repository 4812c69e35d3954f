#!/bin/sh
# Each header compiles alone, first in its file: what it needs it includes itself.
#   CC, LINT_CFLAGS   compiler and flags, set by the Makefile
set -u
status=0
for header in include/cmig/*.h src/*/*.h src/*/*/*.h; do
  [ -f "$header" ] || continue
  # LINT_CFLAGS is a list of words.
  # shellcheck disable=SC2086
  "${CC:-cc}" -std=c11 ${LINT_CFLAGS:-} -Iinclude -Isrc -Wall -Wextra -Werror -fsyntax-only \
    -x c -include "$header" /dev/null || status=1
  guard=$(sed -n 's/^#ifndef \(CMIG_[A-Z0-9_]*_H\)$/\1/p' "$header" | head -n 1)
  if [ -z "$guard" ]; then
    echo "$header:1: no include guard CMIG_…_H"
    status=1
  fi
done
exit $status
