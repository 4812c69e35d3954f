#!/bin/sh
# Every form of a database URL, as far as possible by a real connection with a real password; what
# is malformed is status 78 with a message that helps.
# databases: none
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"
CMIG_CANARY=canary17

# A server of our own: with TCP, and one that checks passwords.
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
environment=$(CMIG_TEST_PG_LISTEN=127.0.0.1 CMIG_TEST_PG_PORT=$port "$TEST_ROOT/tests/pg.sh" start "$TEST_TMP/own") || exit 1
eval "$environment"
socket=$PGHOST
trap '"$TEST_ROOT/tests/pg.sh" stop "$TEST_TMP/own"; test_finish' EXIT
admin() { psql -XqAt -h "$socket" -p "$port" -U postgres -d "${2:-postgres}" -c "$1"; }
special='p@ss:w/o?r#d%&=+ '\''"\[]{}$x!ü'"$CMIG_CANARY"
encoded='p%40ss%3Aw%2Fo%3Fr%23d%25%26%3D%2B%20%27%22%5C%5B%5D%7B%7D%24x%21%C3%BC'"$CMIG_CANARY"
sql_special=$(printf '%s' "$special" | sed "s/'/''/g")
admin "SET password_encryption = 'scram-sha-256'; CREATE ROLE app LOGIN SUPERUSER PASSWORD '$sql_special'"
admin "CREATE ROLE \"we ird@user\" LOGIN SUPERUSER PASSWORD '$CMIG_CANARY'"
admin 'CREATE DATABASE app OWNER app'
admin 'CREATE DATABASE "da/ta b?se" OWNER app'
hba=$TEST_TMP/own/data/pg_hba.conf
{
    echo 'local all postgres trust'
    echo 'local all all scram-sha-256'
    echo 'host all postgres 127.0.0.1/32 trust'
    echo 'host all all 127.0.0.1/32 scram-sha-256'
} >"$TEST_TMP/hba"
cat "$TEST_TMP/hba" >"$hba"
is "$(admin 'SELECT pg_reload_conf()')" t 'the server checks passwords now'
sleep 0.5
unset PGHOST PGPORT PGUSER PGDATABASE

project urls
rev aaaa1 null one 'CREATE TABLE here (id integer);' 'DROP TABLE here;'

# connects DATABASE CALL… : upgrade with these variables and options, which must reach DATABASE.
connects() {
    connects_to=$1
    shift
    run 0 "$@" upgrade head
    is "$(admin "SELECT to_regclass('here') IS NOT NULL" "$connects_to")" t "  it is in $connects_to"
    run 0 "$@" current
    out_is 'aaaa1 (head)'
    run 0 "$@" current -v
    out_has 'Current revision(s) for '
    run 0 "$@" downgrade base
}
url() { connects "$1" DATABASE_URL="$2"; }

at=127.0.0.1:$port
auth=app:$encoded
url app "postgresql://$auth@$at/app"
url app "postgres://$auth@$at/app"
url app "POSTGRESQL://$auth@$at/app"
url app "postgresql+asyncpg://$auth@$at/app"
url app "postgresql+psycopg2://$auth@$at/app"
url app "postgresql+psycopg://$auth@$at/app"
url app "postgresql+pg8000://$auth@$at/app"
url app "postgres+asyncpg://$auth@$at/app"
for ssl in disable prefer allow; do
    url app "postgresql+asyncpg://$auth@$at/app?ssl=$ssl"
    url app "postgresql://$auth@$at/app?sslmode=$ssl"
done
run 69 DATABASE_URL="postgresql+asyncpg://$auth@$at/app?ssl=require" current
run 69 DATABASE_URL="postgresql://$auth@$at/app?sslmode=require" current
url app "postgresql://$auth@$at/app?connect_timeout=5&application_name=my%20app"
url app "postgresql://$auth@127.0.0.1:1,$at/app"
url app "postgresql://$auth@$at,127.0.0.1:1/app?target_session_attrs=read-write"
url app "postgresql://$auth@/app?host=127.0.0.1&port=$port"
url app "postgresql://$auth@/app?host=127.0.0.1,127.0.0.1&port=1,$port"
url app "postgresql://$auth@/app?host=$socket&port=$port"
url app "postgresql://$auth@$(printf %s "$socket" | sed 's,/,%2F,g'):$port/app"
url app "postgresql+asyncpg://$auth@/app?host=$socket&port=$port"
url app "postgresql:///app?host=127.0.0.1&port=$port&user=app&password=$encoded"
url app "postgresql://$at/app?user=app&password=$encoded"
url app "postgresql://app@$at/?dbname=app&password=$encoded"
url app "postgresql://$auth@$at"  # the database of the user's name
url app "postgresql://$auth@$at/"
url 'da/ta b?se' "postgresql://$auth@$at/da%2Fta%20b%3Fse"
url app "postgresql://we%20ird%40user:$CMIG_CANARY@$at/app"
url app "  postgresql://$auth@$at/app  "
# libpq's own string.
quoted=$(printf '%s' "$special" | sed "s/[\\\\']/\\\\&/g")
url app "host=127.0.0.1 port=$port user=app dbname=app password='$quoted'"
url app "host=$socket port=$port user=app dbname=app password = '$quoted' application_name=''"
url 'da/ta b?se' "host=127.0.0.1 port=$port user='we ird@user' dbname='da/ta b?se' password=$CMIG_CANARY"
# Services, and the variables of libpq.
printf '[mine]\nhost=127.0.0.1\nport=%s\nuser=we ird@user\ndbname=app\npassword=%s\n' "$port" "$CMIG_CANARY" >services
connects app PGSERVICEFILE="$PWD/services" DATABASE_URL='service=mine'
connects app PGSERVICEFILE="$PWD/services" DATABASE_URL='postgresql://?service=mine'
connects app PGSERVICEFILE="$PWD/services" PGSERVICE=mine DATABASE_URL='postgresql://'
run 69/78 PGSERVICEFILE="$PWD/services" DATABASE_URL='service=other' current
connects app PGHOST=127.0.0.1 PGPORT="$port" PGUSER=app PGPASSWORD="$special" PGDATABASE=app DATABASE_URL='postgresql://'
connects app PGHOST="$socket" PGPORT="$port" PGUSER=app PGPASSWORD="$special" DATABASE_URL='postgresql:///app'
connects app PGPASSWORD="$special" DATABASE_URL="postgresql://app@$at/app"
printf '127.0.0.1:%s:*:we ird@user:%s\n' "$port" "$CMIG_CANARY" >passfile && chmod 600 passfile
connects app PGPASSFILE="$PWD/passfile" DATABASE_URL="postgresql://we%20ird%40user@$at/app"
# As a flag, in alembic.yml, in .env.
connects app -uDATABASE_URL --database-url "postgresql://$auth@$at/app"
printf "database_url: 'postgresql://%s@%s/app'\n" "$auth" "$at" >alembic.yml
connects app -uDATABASE_URL
# shellcheck disable=SC2016
echo 'database_url: ${DATABASE_URL:-sqlite:///./app.db}' >alembic.yml
printf 'DATABASE_URL="postgresql://%s@%s/app"\n' "$auth" "$at" >.env
connects app -uDATABASE_URL
rm .env
# In components, where nothing is encoded.
cat >alembic.yml <<'YML'
database:
  driver: ${DRIVER:-postgresql}
  user: ${DB_USER}
  password: ${DB_PASSWORD}
  host: ${DB_HOST}
  port: ${DB_PORT}
  name: ${DB_NAME}
YML
P=DB_PORT=$port
connects app DB_USER=app DB_PASSWORD="$special" DB_HOST=127.0.0.1 "$P" DB_NAME=app
connects app DRIVER=postgresql+asyncpg DB_USER=app DB_PASSWORD="$special" DB_HOST="$socket" "$P" DB_NAME=app
connects 'da/ta b?se' DB_USER='we ird@user' DB_PASSWORD="$CMIG_CANARY" DB_HOST=127.0.0.1 "$P" DB_NAME='da/ta b?se'
run 78 DB_USER=app DB_PASSWORD="$special" DB_HOST=127.0.0.1 DB_PORT=1x DB_NAME=app current
run 78 DB_USER=app DB_HOST=127.0.0.1 "$P" DB_NAME=app current
err_has DB_PASSWORD
run 78 DRIVER=mysql DB_USER=app DB_PASSWORD="$special" DB_HOST=127.0.0.1 "$P" DB_NAME=app current
yaml_quoted=$(printf '%s' "$special" | sed "s/'/''/g; s/\\\$/\$\$/g")
printf "database:\n  user: app\n  password: '%s'\n  host: 127.0.0.1\n  port: %s\n  name: app\n" "$yaml_quoted" "$port" >alembic.yml
connects app -uDATABASE_URL

# A wrong password is no secret's leak and no crash.
# shellcheck disable=SC2016
echo 'database_url: ${DATABASE_URL:-sqlite:///./app.db}' >alembic.yml
run 69 DATABASE_URL="postgresql://app:wrong$CMIG_CANARY@$at/app" current
err_has 'app@127.0.0.1' "$port"
run 69 DATABASE_URL="postgresql://$auth@$at/nosuch" current
err_has nosuch
run 69 DATABASE_URL="postgresql://$auth@no.such.host.invalid/app" current
run 69 DATABASE_URL="postgresql://$auth@/app?host=/nonexistent" current
run 69 DATABASE_URL="postgresql://$auth@127.0.0.1:1/app" current
err_has 'app@127.0.0.1:1/app'
run 0 DATABASE_URL="postgresql://$auth@$at/app" current -v
out_has "Current revision(s) for postgresql://app:***@$at/app:"

# --- SQLite ---

lite() { # FILE URL [WHERE TO RUN]
    rm -rf ./*.db sub
    mkdir -p sub
    run 0 DATABASE_URL="$2" upgrade head
    is "$(find . -name '*.db' | tr '\n' ' ')" "$1 " "  the file is $1"
    run 0 DATABASE_URL="$2" current
    out_is 'aaaa1 (head)'
}
lite ./a.db sqlite:///a.db
lite ./a.db sqlite:///./a.db
lite ./sub/a.db sqlite:///sub/a.db
lite ./a.db "sqlite:////$PWD/a.db"
lite ./a.db "sqlite:///$PWD/a.db"
lite ./a.db sqlite+aiosqlite:///./a.db
lite ./a.db "sqlite+aiosqlite:///$PWD/a.db"
lite ./a.db sqlite+pysqlite:///a.db
lite ./a.db SQLite:///a.db
lite './a b.db' 'sqlite:///a b.db'
for memory in sqlite:// sqlite:///:memory: sqlite+aiosqlite:// sqlite+aiosqlite:///:memory:; do
    rm -f ./*.db
    run 0 DATABASE_URL=$memory upgrade head
    run 0 DATABASE_URL=$memory current
    out_is ''
    is "$(find . -name '*.db*' -o -name '*memory*' | wc -l | tr -d ' ')" 0 '  no file is made'
done
# Relative to the configuration when it is written there, to the working directory from outside.
echo 'database_url: sqlite:///./conf.db' >alembic.yml
mkdir -p sub
(cd sub && "$CMIG" upgrade head) >/dev/null 2>&1
holds 'a relative path of alembic.yml is relative to it' test -f conf.db
(cd sub && "$CMIG" --database-url sqlite:///./flag.db upgrade head) >/dev/null 2>&1
holds 'one of the command line to the working directory' test -f sub/flag.db
# shellcheck disable=SC2016
echo 'database_url: ${DATABASE_URL:-sqlite:///./app.db}' >alembic.yml
run 69/78 DATABASE_URL=sqlite:////nonexistent/folder/x.db upgrade head
err_has /nonexistent/folder
run 69/78 DATABASE_URL="sqlite:///$PWD/sub" upgrade head
echo 'this is no database, but long enough to be looked at' >text.db
run 1/69/78 DATABASE_URL=sqlite:///text.db upgrade head
err_has text.db
is "$(wc -c <text.db | tr -d ' ')" 53 'and the file is left alone'

# --- Malformed: before anything is opened ---

rm -rf ./*.db sub
nl='
'
for bad in '' ' ' x 'x://' '://h/d' 'mysql://u@h/d' 'mssql+pyodbc://h/d' 'postgresql' 'postgresql:' 'postgresql:/h/d' \
    'postgresql//h/d' 'postgresq://h/d' 'postgresql+://h/d' 'postgresql+a b://h/d' 'postgresql://h:port/d' 'postgresql://h:0/d' \
    'postgresql://h:65536/d' 'postgresql://h:-1/d' 'postgresql://[::1/d' 'postgresql://u:p%zz@h/d' 'postgresql://u:p%@h/d' \
    'postgresql://u:p%00@h/d' 'postgresql://h/d?sslmode' 'postgresql://h/d?nonsense=1' 'postgresql://h/d?sslmode=bad' \
    'postgresql+asyncpg://h/d?ssl=bad' 'postgresql://a,b:1,2:x/d' "host='h" 'host h' 'nonsense=1' 'sqlite' 'sqlite:' \
    'sqlite:x.db' 'sqlite:/x.db' 'sqlite://x.db' 'sqlite://u:p@h/x.db' 'sqlite+://x' 'postgresql://h/${DB}'  "postgresql://h/d${nl}x" \
    "$(printf 'postgresql://h/\033[31m')" "postgresql://$(head -c 100000 /dev/zero | tr '\0' a)/d"; do
    run 78 DATABASE_URL="$bad" upgrade head
    case $(cat "$TEST_ERR") in
    *DATABASE_URL* | *alembic.yml:1*) ok '  the message says where it stands' ;;
    *) not_ok '  the message says where it stands' && show_call ;;
    esac
done
is "$(find . -name '*.db' -o -name 'x*' | wc -l | tr -d ' ')" 0 'no file was made'
run 78 DATABASE_URL='postgresqll://u@h/d' current
err_has 'postgresql://'
# The usual configuration makes the URL of DATABASE_URL: the message names what is to be mended.
err_has 'DATABASE_URL'
rm alembic.yml
run 78 DATABASE_URL='postgresqll://u@h/d' current
err_has 'DATABASE_URL'
done_testing
