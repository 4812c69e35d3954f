#!/bin/sh
# A password is printed nowhere: not by any command, not in an error about a malformed URL, not in
# JSON, not in the title of the process. `run` checks each call's output for the canary.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"
CMIG_CANARY=hunter2canary
PW=${CMIG_CANARY}

project secrets
rev aaaa1 null

# Forty ways to get a URL wrong, all with the password in them.
urls() {
    cat <<URLS
postgresql://user:$PW@127.0.0.1:1/db
postgresql://user:$PW@127.0.0.1:99999/db
postgresql://user:$PW@127.0.0.1:port/db
postgresql://user:$PW@127.0.0.1:-1/db
postgresql://user:$PW@[::1/db
postgresql://user:$PW@[]:5432/db
postgresql://user:$PW@host/db?sslmode=$PW
postgresql://user:$PW@127.0.0.1:1/db?nonsense=$PW
postgresql://user:$PW@127.0.0.1:1/db?password=$PW
postgresql://127.0.0.1:1/db?user=u&password=$PW
postgresql://127.0.0.1:1/db?user=u&password=$PW&bad
postgresql://user:$PW@127.0.0.1:1/db?=
postgresql://user:$PW@127.0.0.1:1/db?sslmode=require&sslmode
postgresql://user:$PW%@127.0.0.1:1/db
postgresql://user:$PW%zz@127.0.0.1:1/db
postgresql://user:$PW%00@127.0.0.1:1/db
postgresql://user:%$PW@127.0.0.1:1/db
postgresql://us%er:$PW@127.0.0.1:1/db
postgresql://user:a@$PW@127.0.0.1:1/db
postgresql://user:a/$PW@127.0.0.1:1/db
postgresql://user:a?$PW@127.0.0.1:1/db
postgresql://user:a#$PW@127.0.0.1:1/db
postgresql://user:a:$PW@127.0.0.1:1/db
postgresql://user:[$PW@127.0.0.1:1/db
postgresql://user:$PW
postgresql://user:$PW@
postgresql:user:$PW@127.0.0.1/db
postgresql:/user:$PW@127.0.0.1/db
postgresql//user:$PW@127.0.0.1/db
postgres ql://user:$PW@127.0.0.1/db
postgresqll://user:$PW@127.0.0.1/db
postgresql+://user:$PW@127.0.0.1:1/db
postgresql+asyncpg://user:$PW@127.0.0.1:1/db?ssl=$PW
mysql://user:$PW@127.0.0.1/db
mysql+pymysql://user:$PW@127.0.0.1/db
://user:$PW@127.0.0.1/db
user:$PW@127.0.0.1/db
$PW
sqlite://user:$PW@host/db
sqlite:$PW
sqlite:///nonexistent/dir/x.db?password=$PW
host=127.0.0.1 port=1 user=u password=$PW
host=127.0.0.1 port=1 user=u password='$PW
host=127.0.0.1 port=1 user=u password=$PW nonsense
host=127.0.0.1 port=1 user=u password=$PW nonsense=$PW
host=127.0.0.1 port=bad user=u password=$PW
password = '$PW' x
service=none password=$PW
postgresql://user:$PW@127.0.0.1:1,127.0.0.1/db
postgresql://user:$PW@127.0.0.1:1,127.0.0.1:2:3/db
URLS
}

urls >urls.txt
count=0
while IFS= read -r url; do
    count=$((count + 1))
    once || continue # the same databases on either side
    CONF_NOTE="URL $count"
    # Environment, flag, alembic.yml, .env. Some fail to parse (78), the others to connect (69).
    run 69/78 DATABASE_URL="$url" upgrade head
    run 69/78 DATABASE_URL="$url" current -v
    run 69/78 --database-url "$url" current
    run 4 --database-url "$url" doctor --json
    printf 'DATABASE_URL="%s"\n' "$url" >.env
    run 69/78 stamp head
    rm .env
    printf "database_url: |-\n  %s\n" "$url" >alembic.yml
    run 69/78 ensure-version
    CONF_NOTE="URL $count by alembic.yml"
    run 0/78 heads --json
    run 4 doctor
    # shellcheck disable=SC2016
    echo 'database_url: ${DATABASE_URL:-sqlite:///./app.db}' >alembic.yml
done <urls.txt
CONF_NOTE=
holds 'the list is long' test "$count" -ge 45
run 0/69 DATABASE_URL="password=$PW" current -v
is "$(find . -name "*$PW*" -o -name 'app.db' | wc -l | tr -d ' ')" 0 'no file was made of a malformed URL'

# Every command, with a good URL that holds a password.
case $CMIG_TEST_DB in
pg) good="host=$PGHOST port=$PGPORT user=$PGUSER dbname=$PGDATABASE password=$PW" ;;
sqlite) good=$TEST_URL ;;
esac
for command in 'upgrade head' current 'current -v' 'current --json' 'current -v --json' history 'history -i' \
    'history --json' heads 'heads -v' branches 'show current' 'show head --json' 'stamp head' ensure-version \
    'downgrade base' 'stamp nosuch' 'upgrade nosuch' 'downgrade -9' list-templates version help doctor 'doctor --json'; do
    want=0
    case $command in *nosuch | *-9) want=1 ;; esac
    # shellcheck disable=SC2086
    run "$want" DATABASE_URL="$good" PGPASSWORD="$PW" $command
    once || continue
    # shellcheck disable=SC2086
    run 0/1/4/69/78 DATABASE_URL="postgresql://user:$PW@127.0.0.1:1/db" PGPASSWORD="$PW" $command
    # shellcheck disable=SC2086
    run 0/1/4/69/78 -uDATABASE_URL --database-url "postgresql://user:$PW@127.0.0.1:1/db?password=$PW" $command
done

# A statement that fails, a server that warns.
rev bbbb2 aaaa1 'fails' 'SELECT nonsense_column FROM nowhere;' ''
run 1 DATABASE_URL="$good" PGPASSWORD="$PW" upgrade head
rm migrations/versions/bbbb2_x.sql

# Components of a mapping.
for line in "password: $PW" "password: '$PW" "password: [$PW]" "password: {a: $PW}" "pasword: $PW" "password: &x $PW" "password: \"\\q$PW\""; do
    once || continue
    printf 'database:\n  driver: postgresql\n  host: 127.0.0.1\n  port: 1\n  user: u\n  %s\n' "$line" >alembic.yml
    run 69/78 current
    run 0/78 heads
    run 4 doctor
done
printf 'database:\n  driver: postgresql\n  host: 127.0.0.1\n  port: 1 %s\n  user: u\n  password: %s\n' "$PW" "$PW" >alembic.yml
run 78 current
run 4 doctor
printf 'database_url: ${PW:?%s}\n' 'no password' >alembic.yml
run 78 current
run 4 doctor
printf 'database_url: postgresql://u:%s@${NOT_SET}/x\n' "$PW" >alembic.yml
run 4 doctor
run 78 current
err_has NOT_SET
printf 'database_url: postgresql://u:${DB_PASSWORD}@127.0.0.1:1/x\n' >alembic.yml
run 69 DB_PASSWORD="$PW" current
run 4 DB_PASSWORD="$PW" doctor
printf 'database_url: [postgresql://u:%s@h/x]\n' "$PW" >alembic.yml
run 78 current
run 4 doctor
printf 'database_url: postgresql://u:%s@h/x\ndatabase_url: postgresql://u:%s@h/x\n' "$PW" "$PW" >alembic.yml
run 78 heads
run 4 doctor
printf 'databse_url: postgresql://u:%s@h/x\n' "$PW" >alembic.yml
run 78 heads
run 4 doctor
printf 'database_url: postgresql://u:%s@h: /x\n  nonsense: "%s\n' "$PW" "$PW" >alembic.yml
run 78 heads
run 4 doctor
# shellcheck disable=SC2016
echo 'database_url: ${DATABASE_URL:-sqlite:///./app.db}' >alembic.yml

# .env lines that cannot be read.
for line in "DATABASE_URL='postgresql://u:$PW@h/d" "DATABASE_URL=\"$PW" "$PW" "export $PW" "A B=$PW" "=$PW" "1A=$PW" "A=\"$PW\" $PW" "A=\"\\q$PW\""; do
    once || continue
    printf '%s\n' "$line" >.env
    run 0/78 heads
    run 0/69/78 current
    run 0/4 doctor
done
rm -f .env

# libpq's own files.
printf '[mine]\nhost=127.0.0.1\nport=1\nuser=u\npassword=%s\n' "$PW" >services
printf '[mine]\nhost=127.0.0.1\nport=1\nnonsense %s\n' "$PW" >broken
printf '[mine]\nhost=127.0.0.1\nport=1\n%s=1\n' "$PW" >unknown
printf '127.0.0.1:1:*:u:%s\n' "$PW" >passfile && chmod 600 passfile
run 69 PGSERVICEFILE="$PWD/services" DATABASE_URL='service=mine' current -v
run 69 PGSERVICEFILE="$PWD/services" DATABASE_URL='postgresql://?service=mine' current -v
run 69/78 PGSERVICEFILE="$PWD/broken" DATABASE_URL='service=mine' current -v
run 69/78 PGSERVICEFILE="$PWD/unknown" DATABASE_URL='service=mine' current -v
run 69 PGPASSFILE="$PWD/passfile" DATABASE_URL='host=127.0.0.1 port=1 user=u' current -v

# A statement that is shown keeps its literals for itself: by a plan, a refusal, a repair.
rm -f migrations/versions/cccc3_x.sql
cat >migrations/versions/dddd4_x.sql <<SQL
-- revision: dddd4
-- down_revision: aaaa1

-- cmig:upgrade sqlite transaction=off
CREATE TABLE kept (a int);
INSERT OR REPLACE INTO nothing SELECT '$PW';
-- cmig:upgrade postgresql transaction=off
SELECT 1;
ALTER ROLE no_such_role PASSWORD '$PW'; -- $PW
SELECT no_such_function(\$\$$PW\$\$, E'$PW');
SQL
run 0 DATABASE_URL="$TEST_URL" plan
run 0 DATABASE_URL="$TEST_URL" plan --json
case $CMIG_TEST_DB in
pg) out_has 'ALTER ROLE no_such_role PASSWORD ?' 'no_such_function(?, E?)' ;;
sqlite) out_has 'INTO nothing SELECT ?' ;;
esac
run 77 DATABASE_URL="$TEST_URL" CMIG_ENV=production upgrade head
run 1/3 DATABASE_URL="$TEST_URL" upgrade head
run 4 DATABASE_URL="$TEST_URL" repair
out_has 'Statement 2, '
run 4 DATABASE_URL="$TEST_URL" repair --json
out_has '?'
run 0 DATABASE_URL="$TEST_URL" repair --mark-reverted --yes
rm migrations/versions/dddd4_x.sql

# What current -v shows instead.
case $CMIG_TEST_DB in
pg)
    user=$(psql -qXAt -c 'SELECT current_user')
    run 0 DATABASE_URL="postgresql://$user:$PW@/$PGDATABASE?host=$PGHOST&port=$PGPORT" upgrade head
    run 0 DATABASE_URL="postgresql://$user:$PW@/$PGDATABASE?host=$PGHOST&port=$PGPORT" current -v
    out_has 'Current revision(s) for postgresql' ':***@' "$user"
    # Given by the environment it is in no process list, and the server knows it only as a password.
    cat >migrations/versions/cccc3_x.sql <<'SQL'
-- revision: cccc3
-- down_revision: aaaa1
-- message: sleep

-- cmig:upgrade
SELECT pg_sleep(2);
SQL
    DATABASE_URL="postgresql://$user:$PW@/$PGDATABASE?host=$PGHOST&port=$PGPORT" \
        "$CMIG" upgrade head >/dev/null 2>&1 &
    pid=$!
    sleep 0.7
    tr '\0' ' ' <"/proc/$pid/cmdline" >title
    cat "/proc/$pid/comm" >>title
    holds 'the run is going on' grep -q upgrade title
    holds_not 'its title has no password' grep -q "$PW" title
    is "$(psql -qXAt -c "SELECT count(*) FROM pg_stat_activity WHERE application_name || query LIKE '%${PW%y}' || 'y%' AND datname = current_database() AND pid <> pg_backend_pid()")" 0 \
        'the server shows no password either'
    wait "$pid"
    is "$?" 0 'that run went well'
    ;;
esac
done_testing
