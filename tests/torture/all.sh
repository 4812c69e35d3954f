#!/bin/sh
# tests/torture/all.sh BINARY: a cluster of its own, and every point.
set -u
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d) || exit 1
trap '"$here/../pg.sh" stop "$folder/cluster" >/dev/null 2>&1; rm -rf "$folder"' EXIT
chmod 755 "$folder"
"$here/../pg.sh" start "$folder/cluster" >"$folder/env" || exit 1
# shellcheck disable=SC1091
. "$folder/env"
CMIG=$1 "$here/torture.sh" all
