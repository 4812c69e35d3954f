#!/bin/sh
# Installs the Debian packages that are missing, and asks for nothing.
#   tests/install-deps.sh build   what the binary needs
#   tests/install-deps.sh test    what `make test` needs besides
set -eu

build="gcc libc6-dev make pkg-config libglib2.0-dev libpq-dev libsqlite3-dev libyaml-dev libjansson-dev
  libgit2-dev libpg-query-dev libprotobuf-c-dev"
test="alembic ca-certificates check clang clang-format cppcheck curl git groff libclang-rt-14-dev mandoc openssl perl pgbouncer
  postgresql procps python3-psycopg2 shellcheck sqlite3 strace time util-linux"

case ${1-} in
build) wanted=$build ;;
test) wanted="$build $test" ;;
*)
  echo "usage: $0 build|test" >&2
  exit 2
  ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This is no Debian system. If the build fails, install what these packages hold:" >&2
  # shellcheck disable=SC2086  # a list of words
  printf '  %s\n' $wanted >&2
  exit 0
fi

missing=
for package in $wanted; do
  # shellcheck disable=SC2016  # the format is dpkg-query's
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || state=
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
    echo "Missing packages, and no right to install them. As root:" >&2
    echo "  apt-get install --no-install-recommends$missing" >&2
    exit 1
  fi
  as_root="sudo -n"
fi

echo "Installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Package lists may be stale or, in a container image, not there at all.
# shellcheck disable=SC2086
apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
    -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@" >>"$log" 2>&1 </dev/null
}
# shellcheck disable=SC2086
if ! { apt update && apt install --no-install-recommends $missing; }; then
  cat "$log" >&2
  echo "apt-get could not install:$missing" >&2
  exit 1
fi
