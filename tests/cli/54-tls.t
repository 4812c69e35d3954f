#!/bin/sh
# TLS: what the first line says, what --require-tls and require_tls demand, and sslrootcert=system.
# Servers of its own: one with a certificate, one without.
[ "${CMIG_TEST_DB:-sqlite}" != pg ] || unset PGHOST PGPORT PGUSER
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"
CMIG_CANARY=hunter2canary
secret=$CMIG_CANARY
line_of_revisions one two

# A file needs no TLS, nor does a socket; nothing is said of it.
cmig_ok --require-tls upgrade one
expect_no_err TLS
now_at one
echo 'require_tls: true' >alembic.yml
cmig_ok downgrade base
expect_no_err TLS
rm alembic.yml
if [ "$CMIG_TEST_DB" = sqlite ]; then
    done_testing
    exit 0
fi

# --- an authority, a server's certificate, and TCP --------------------------------------------------------
socket=$PGHOST
data=$socket/base/data
free_port() { perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'; }
authority() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
        -keyout "$1.key" -out "$1.crt" 2>/dev/null
}
authority ours
authority theirs
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout server.key \
    -out server.csr 2>/dev/null
echo 'subjectAltName=DNS:localhost' >names
openssl x509 -req -in server.csr -CA ours.crt -CAkey ours.key -CAcreateserial -days 2 -extfile names \
    -out server.crt 2>/dev/null
check_that 'there is a certificate'
cp server.crt "$data/server.crt"
cp server.key "$data/server.key"
chmod 600 "$data/server.key"
[ "$(id -u)" -ne 0 ] || chown "$(stat -c %U "$data")" "$data/server.crt" "$data/server.key"
port=$(free_port)
cat >>"$data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
ssl = on
CONF
bin=$(dirname "$(readlink "/proc/$(head -n 1 "$data/postmaster.pid")/exe")")
restart() {
    set -- "$bin/pg_ctl" -s -w -m fast -D "$data" -l "$socket/base/log" restart
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u "$(stat -c %U "$data")" -- "$@")
    else
        "$@"
    fi >/dev/null 2>&1 </dev/null
}
restart
check_that 'the server has TLS'
export PGPORT="$port"
url() { echo "postgresql://postgres:$secret@$1:$port/$TEST_DB${2:+?$2}"; }
roots="sslrootcert=$PWD/ours.crt"

# --- what the first line says ------------------------------------------------------------------------------
# connects TEXT ARG…: up and down, with this text.
connects() {
    connects_text=$1
    shift
    cmig_ok "$@" upgrade one
    expect_err "(PostgreSQL " "$connects_text)"
    cmig_ok "$@" downgrade base
    now_at -
}
DATABASE_URL=$(url localhost) connects 'TLS 1.3, certificate not verified'
DATABASE_URL=$(url localhost sslmode=require) connects 'TLS 1.3, certificate not verified'
DATABASE_URL=$(url localhost "sslmode=verify-full&$roots") connects 'TLS 1.3, certificate verified'
DATABASE_URL=$(url 127.0.0.1 "sslmode=verify-ca&$roots") connects 'TLS 1.3, certificate verified'
DATABASE_URL=$(url localhost "sslmode=verify-full&$roots&ssl_max_protocol_version=TLSv1.2") \
    connects 'TLS 1.2, certificate verified'
DATABASE_URL=$(url localhost sslmode=disable) connects 'no TLS'

# In production a connection without it is a problem.
touch alembic.yml
DATABASE_URL=$(url localhost "sslmode=verify-full&$roots") cmig_ok --environment production doctor
expect_out '  tls: ' ' TLS 1.3, certificate verified'
DATABASE_URL=$(url localhost sslmode=disable) cmig_ok doctor
expect_out '  tls: ' ' no TLS'
DATABASE_URL=$(url localhost sslmode=disable) cmig_fails 4 --environment production doctor
expect_out '! tls: ' 'not encrypted' 'sslmode=verify-full'
rm alembic.yml

# --- required -------------------------------------------------------------------------------------------------
DATABASE_URL=$(url localhost "$roots") connects 'certificate verified' --require-tls
DATABASE_URL=$(url localhost "$roots&sslmode=prefer") connects 'certificate verified' --require-tls
DATABASE_URL=$(url 127.0.0.1 "$roots&sslmode=verify-ca") connects 'certificate verified' --require-tls
PGSSLROOTCERT=$PWD/ours.crt
export PGSSLROOTCERT
DATABASE_URL=$(url localhost) connects 'certificate verified' --require-tls
echo 'require_tls: true' >alembic.yml
DATABASE_URL=$(url localhost) connects 'certificate verified'
rm alembic.yml
CMIG_REQUIRE_TLS=true
export CMIG_REQUIRE_TLS
DATABASE_URL=$(url localhost) connects 'certificate verified'
unset PGSSLROOTCERT CMIG_REQUIRE_TLS

# refused STATUS URL TEXT…
refused() {
    refused_status=$1
    refused_url=$2
    shift 2
    DATABASE_URL=$refused_url cmig_fails "$refused_status" --require-tls upgrade head
    expect_out_is </dev/null
    expect_err "$@"
    is "$(tables)" alembic_version 'nothing was written'
}
refused 69 "$(url 127.0.0.1 "$roots")" "the certificate is another server's" hint
refused 69 "$(url localhost "sslrootcert=$PWD/theirs.crt")" 'the certificate of the server cannot be verified' sslrootcert
refused 69 "$(url localhost)" 'no certificate to verify the server by' sslrootcert=FILE
refused 78 "$(url localhost sslmode=disable)" sslmode=disable require_tls
PGSSLMODE=disable refused 78 "$(url localhost)" PGSSLMODE
# Waiting heals none of these.
DATABASE_URL=$(url 127.0.0.1 "$roots") cmig_fails 69 --require-tls wait
expect_no_err Waiting

# --- the authorities of the system --------------------------------------------------------------------------
case $(psql --version | sed 's/[^0-9]*\([0-9]*\).*/\1/') in
1[0-5])
    DATABASE_URL=$(url localhost sslrootcert=system) cmig_fails 78 upgrade head
    expect_err 'sslrootcert=system needs libpq 16' 'sslmode=verify-full&sslrootcert='
    PGSSLROOTCERT=system DATABASE_URL=$(url localhost) cmig_fails 78 current
    ;;
*)
    DATABASE_URL=$(url localhost sslrootcert=system) cmig_fails 69 upgrade head
    ;;
esac
now_at -

# --- a server without TLS gets nothing to know ----------------------------------------------------------------
echo 'ssl = off' >>"$data/postgresql.conf"
restart
DATABASE_URL=$(url localhost) connects 'no TLS'
before=$(grep -c . "$socket/base/log")
refused 69 "$(url localhost "$roots")" 'the server offers no TLS'
is "$(sed "1,${before}d" "$socket/base/log" | grep -c 'cmig/')" 0 'the server has not heard of cmig'
done_testing
