#!/bin/sh
# No file names a path of the machine it was written on.
#   words.sh FILE…
set -u
# Written so that this file does not find itself.
pattern='(^|[^A-Za-z0-9_.])/(wor[k]|roo[t])/|(^|[^A-Za-z0-9_/.-])share[d]/'
if grep -InE -- "$pattern" "$@" /dev/null; then
  echo "a path of one machine has no place here"
  exit 1
fi
