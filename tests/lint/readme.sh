#!/bin/sh
# The table of layers in src/README.md names each public header once.
#   readme.sh README HEADER…
set -u
readme=$1
shift
# shellcheck disable=SC2016 # the backticks are Markdown's
named=$(sed -n '/^| layer /,/^$/p' "$readme" | grep -o '`[a-z_]*\.h`' | tr -d '`' | sort)
there=$(for header; do basename "$header"; done | sort)
[ "$named" != "$there" ] || exit 0
# shellcheck disable=SC2086 # words
printf '%s\n' $named $there | sort | uniq -c | awk -v readme="$readme" \
  '$1 != 2 { print readme ":1: the table of layers must name " $2 " once, if there is such a header" }'
exit 1
