#!/bin/sh
# cmig doctor: what it says when all is well and for each thing that can be wrong; it goes on behind
# a problem, prints no secret, writes nothing and takes no lock.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"
CMIG_CANARY=hunter2canary
PW=$CMIG_CANARY

project doctor
rev aaaa1 null
rev bbbb2 aaaa1

# The sections that every call has.
all_sections() { out_has Versions Configuration Files Environment Git Database; }

# problem_at NAME: exactly this line of the report is marked, and no other one.
problem_at() {
    is "$(sed -n 's/^! \([^:]*\):.*/\1/p' "$TEST_OUT" | tr '\n' ' ')" "$*${1:+ }" "marked: $*"
}

# --- all is well -----------------------------------------------------------------------------------------
run 0 DATABASE_URL="$TEST_URL" doctor
all_sections
out_has '  cmig: ' '  libpq: ' '  SQLite: ' '  libgit2: ' '  repository: none' 'libpg_query: PostgreSQL 15' '  system: ' \
    'alembic.yml (found here or in a folder above)' '(alembic.yml:1, made of DATABASE_URL)' \
    '60s (default)' 'not set: ' '/versions, 2 revision files' '  heads:     bbbb2' '  environment:  not declared' \
    'not there yet' '2 of 2 revisions'
problem_at
is "$(tables)" '' 'nothing was created'
[ "$CMIG_TEST_DB" = pg ] || [ ! -e "$TEST_DB" ]
check_that 'no file was created'

run 0 DATABASE_URL="$TEST_URL" upgrade aaaa1
run 0 DATABASE_URL="$TEST_URL" doctor
out_has '  current: ' ' aaaa1' '1 of 2 revisions' 'cmig_audit, readable' 'lock: '
run 0 DATABASE_URL="$TEST_URL" doctor --environment staging
out_has ': not needed, unless data is lost'
before=$(tables)

run 0 DATABASE_URL="$TEST_URL" doctor --json
is "$(json 'join " ", sort keys %$j')" 'configuration database environment files git problems versions' 'JSON has the sections'
is "$(json '$j->{problems}')" 0 'JSON: no problem'
is "$(json '(grep { $_->{name} eq "current" } @{$j->{database}})[0]{value}')" aaaa1 'JSON: the current revision'
is "$(json '(grep { $_->{name} eq "timezone" } @{$j->{configuration}})[0]{source}')" default 'JSON: the source of a key'
is "$(json 'join " ", sort keys %{$j->{files}[0]}')" 'hint name problem source value' 'JSON: a fact'
is "$(json '$j->{files}[0]{problem} // "null"')" null 'JSON: no problem is null'

run 0 DATABASE_URL="$TEST_URL" doctor --no-database
out_lacks 'Database' 'current:'
out_has Files
run 0 -uDATABASE_URL doctor --no-database --database-url sqlite:///nowhere/at/all.db
out_has '/nowhere/at/all.db (--database-url)'

# --- where values come from ------------------------------------------------------------------------------
cat >alembic.yml <<YML
database_url: \${DATABASE_URL}
statement_timeout: \${SECONDS_LEFT:-5}s
file_template: "%(rev)s"
environment: \${STAGE}
variables:
  TOKEN: $PW
  OTHER: \${TOKEN_VALUE}
hooks:
  - command: [fmt, --token, $PW, --password=$PW, "https://u:$PW@h/x", "{file}"]
  - command: curl -H auth=$PW \${TOKEN_VALUE}
guard:
  safe_below_rows: 7
YML
printf 'FIRST=1\nexport STAGE=qa\nTOKEN_VALUE=%s\n' "$PW" >.env
run 0 DATABASE_URL="$TEST_URL" CMIG_LOCK_TIMEOUT=7s doctor --no-database --require-tls -x EXTRA="$PW"
out_has '7s (CMIG_LOCK_TIMEOUT)' 'true (--require-tls)' '5s (alembic.yml:2, made of SECONDS_LEFT (not set))' \
    '%(rev)s (alembic.yml:3)' 'qa (alembic.yml:4, made of STAGE in .env:2)' 'EXTRA, OTHER, TOKEN (alembic.yml:6, -x)' \
    'fmt --token *** --password=*** https://***@h/x {file}; curl -H auth=*** ${TOKEN_VALUE} (alembic.yml:9)' \
    'env_files: ' '.env (default)' 'guard.safe_below_rows: ' '7 (alembic.yml:12)' 'qa (alembic.yml:4)'
run 0 DATABASE_URL="$TEST_URL" STAGE=qa2 doctor --no-database --lock-timeout 3s
out_has '3s (--lock-timeout)' 'qa2 (alembic.yml:4, made of STAGE)'
rm .env
run 0 DATABASE_URL="$TEST_URL" STAGE=Production TOKEN_VALUE=x doctor --no-database
out_has 'counts as:    production' 'needed before anything is written'
echo "direct_url: postgresql://u:$PW@h/d" >alembic.yml
run 0 doctor --no-database --database-url "$TEST_URL"
out_has 'direct_url: ' 'not used (alembic.yml:1)'

# --- no configuration, a bad one, no URL -------------------------------------------------------------------
project doctor
rev aaaa1 null
rev bbbb2 aaaa1
mv alembic.yml other.yml
run 4 DATABASE_URL="$TEST_URL" doctor
all_sections
problem_at file
out_has 'there is no alembic.yml in' 'cmig init'
err_has '1 problem found'
run 0 DATABASE_URL="$TEST_URL" doctor -c other.yml
out_has 'other.yml (-c)'
run 0 DATABASE_URL="$TEST_URL" CMIG_CONFIG=other.yml doctor
out_has 'other.yml (CMIG_CONFIG)'
run 4 DATABASE_URL="$TEST_URL" doctor -c missing.yml
all_sections
problem_at file
out_has missing.yml

printf 'database_url: "%s\nlock_timeout: [' "postgresql://u:$PW@h/d" >alembic.yml
run 4 DATABASE_URL="$TEST_URL" doctor
all_sections
problem_at file
out_has 'problem: alembic.yml:' 'not looked at: the configuration says where'
run 4 DATABASE_URL="$TEST_URL" doctor -n all
out_has 'problem: alembic.yml:'
printf 'lock_tiemout: 5s\n' >alembic.yml
run 4 DATABASE_URL="$TEST_URL" doctor --json
is "$(json '$j->{problems}')" 1 'JSON: one problem'
is "$(json '$j->{configuration}[0]{hint}')" 'did you mean "lock_timeout"?' 'JSON: the hint'

: >alembic.yml
run 4 doctor
all_sections
problem_at database_url
out_has 'no database URL is set' 'set DATABASE_URL' 'not looked at: there is no URL'
run 0 doctor --no-database
run 4 DATABASE_URL="mysql://u:$PW@h/d" doctor
problem_at database_url
out_has 'cannot be used (DATABASE_URL)' 'unsupported database'
run 4 DATABASE_URL="mysql://u:$PW@h/d" doctor --no-database
problem_at database_url
run 4 DATABASE_URL="$TEST_URL" DIRECT_URL="oracle://u:$PW@h/d" doctor
problem_at direct_url
echo "database: {host: h, user: u, password: $PW, port: nonsense, name: d}" >alembic.yml
run 4 doctor
problem_at database
out_has 'cannot be used (alembic.yml:1)'
run 4 DATABASE_URL="$TEST_URL" CONFIRM_PRODUCTION_MIGRATION=yes doctor --no-database --database-url "$TEST_URL"
out_has 'must be exactly "true"'

# --- revision files ----------------------------------------------------------------------------------------
project doctor
rev aaaa1 null
rev bbbb2 aaaa1
echo 'SELECT 1' >migrations/versions/no_header.sql
printf -- '-- revision: cccc3\n-- down_revision: bbbb2\n-- cmig:nonsense\n' >migrations/versions/cccc3.sql
mkdir migrations/versions/inner
echo x >"migrations/versions/$(printf 'note\033[31m')"
echo x >migrations/versions/UPPER.SQL
run 4 DATABASE_URL="$TEST_URL" doctor
all_sections
problem_at file file file
out_has '! file:      no_header.sql' '! file:      cccc3.sql' '! file:      UPPER.SQL' 'note\x1B[31m' 'inner/' \
    'not loaded' '4 revision files'
rm migrations/versions/no_header.sql migrations/versions/cccc3.sql migrations/versions/UPPER.SQL
rev dddd4 missing
run 4 DATABASE_URL="$TEST_URL" doctor
problem_at revisions
rm -r migrations
run 4 DATABASE_URL="$TEST_URL" doctor
problem_at folder
all_sections
[ ! -e migrations ]
check_that 'no folder was made'

# --- git ---------------------------------------------------------------------------------------------------
project doctor
rev aaaa1 null
rev bbbb2 aaaa1
printf 'guard:\n  require_committed: true\n' >>alembic.yml
run 4 DATABASE_URL="$TEST_URL" doctor --no-database
problem_at repository
git_() { git -c user.name=me -c user.email=me@example.com "$@" >/dev/null 2>&1; }
git_ init -b 'main' && git_ add migrations && git_ commit -m first
check_that 'there is a repository'
run 0 DATABASE_URL="$TEST_URL" doctor --no-database
out_has "  repository:     $PWD" '  branch:         main' "  commit:         $(git rev-parse HEAD)" \
    '  revision files: as in the commit'
echo '-- more' >>migrations/versions/bbbb2_x.sql
run 4 DATABASE_URL="$TEST_URL" doctor --no-database
problem_at 'revision files'
out_has 'not as in the commit' 'commit them'
git_ checkout --detach && sed -i '$d' alembic.yml
run 0 DATABASE_URL="$TEST_URL" doctor --no-database
out_has '  branch:         none (detached)' 'not as in the commit'
echo broken >.git/HEAD
run 4 DATABASE_URL="$TEST_URL" doctor
all_sections
problem_at repository
rm -rf .git

# Revision files in a repository of their own: it is the one that the guard asks.
git_ -C migrations init -b own
run 0 DATABASE_URL="$TEST_URL" doctor --no-database
out_has "  repository:     $PWD/migrations" '  branch:         own' '  commit:         none yet'
rm -rf migrations/.git

# --- several databases --------------------------------------------------------------------------------------
project several
rev aaaa1 null
cat >alembic.yml <<YML
databases:
  one: {database_url: "$TEST_URL"}
  two: {database_url: "sqlite:///nowhere/x.db"}
YML
run 4 doctor -n all
out_has '[one]' '[two]' 'database:' 'one (-n)'
err_has 'one (' 'two ('
run 0 doctor -n one --json
is "$(json '(grep { $_->{name} eq "database" } @{$j->{configuration}})[0]{value}')" one 'JSON: the name of the database'

project doctor
rev aaaa1 null
rev bbbb2 aaaa1
is "$(tables)" "$before" 'nothing was changed'

# --- the database: what differs -----------------------------------------------------------------------------
case $CMIG_TEST_DB in
sqlite)
    out='sqlite:///./missing-folder/x.db'
    run 4 DATABASE_URL="$out" doctor
    all_sections
    problem_at url
    run 4 DATABASE_URL="sqlite:///./migrations" doctor
    problem_at url
    out_has 'not a regular file'
    echo 'not a database, but long enough to have a header that is none' >bad.db
    run 4 DATABASE_URL='sqlite:///./bad.db' doctor
    problem_at url
    run 0 DATABASE_URL="$TEST_URL" doctor
    out_has 'quick_check' 'integrity: ' ' ok' 'journal: ' ' delete' '0 rows without a parent' 'lock: ' ' free' \
        'file writable, folder writable'

    # A file whose pages are broken, and rows without a parent.
    cp "$TEST_DB" broken.db
    sqlite3 broken.db 'CREATE TABLE big (a TEXT); CREATE INDEX ix ON big (a);
      INSERT INTO big SELECT printf("%0500d", value) FROM generate_series(1, 200)' 2>/dev/null ||
        sqlite3 broken.db "WITH RECURSIVE s (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM s WHERE v < 200)
          INSERT INTO big SELECT printf('%0500d', v) FROM s"
    size=$(stat -c %s broken.db)
    dd if=/dev/zero of=broken.db bs=1 seek=$((size - 8192)) count=4096 conv=notrunc 2>/dev/null
    run 4 DATABASE_URL='sqlite:///./broken.db' doctor
    problem_at integrity
    cp "$TEST_DB" fk.db
    sqlite3 fk.db 'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p); INSERT INTO c VALUES (7)'
    run 4 DATABASE_URL='sqlite:///./fk.db' doctor
    problem_at 'foreign keys'
    out_has '1 rows without a parent'
    cp "$TEST_DB" 'wal.db'
    sqlite3 wal.db 'PRAGMA journal_mode = wal' >/dev/null
    run 0 DATABASE_URL='sqlite:///./wal.db' doctor
    out_has ' wal'

    # Read only. For root the mode means nothing, so the file is opened as another user if need be.
    cp "$TEST_DB" ro.db
    chmod 444 ro.db
    sum=$(cksum <ro.db)
    if [ "$(id -u)" -eq 0 ]; then
        chmod 755 "$TEST_TMP" "$TEST_TMP/work" "$TEST_TMP/home"
        cp "$CMIG" cmig
        as_user() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/ "$@"; }
        ro=$PWD/cmig
    else
        as_user() { "$@"; }
        ro=$CMIG
    fi
    DATABASE_URL="sqlite:///$PWD/ro.db" as_user "$ro" doctor >"$TEST_OUT" 2>"$TEST_ERR" </dev/null
    is $? 4 'a read-only file: status 4'
    problem_at access
    out_has 'read only' 'current: ' ' aaaa1' 'quick_check'
    is "$(cksum <ro.db)" "$sum" 'the read-only file is as before'

    # Somebody else writes: with a journal, and with a log.
    for db in "$TEST_DB" "$PWD/wal.db"; do
        mkfifo pipe && : >holder.out
        sqlite3 -batch "$db" <pipe >holder.out 2>&1 &
        exec 4>pipe
        echo "BEGIN IMMEDIATE; SELECT 'held';" >&4
        tries=0
        while ! grep -q held holder.out && [ $tries -lt 100 ]; do sleep 0.1 && tries=$((tries + 1)); done
        run 4 DATABASE_URL="sqlite:///$db" doctor
        problem_at lock
        out_has 'held by process' 'current: ' ' aaaa1'
        exec 4>&-
        wait
        rm pipe
        run 0 DATABASE_URL="sqlite:///$db" doctor
    done
    ;;
pg)
    url_of() { echo "postgresql://$1@/$TEST_DB?host=$PGHOST&port=$PGPORT"; }
    out_of_reach="postgresql://u:$PW@127.0.0.1:1/d"
    run 4 DATABASE_URL="$out_of_reach" doctor
    all_sections
    problem_at url
    out_has 'u@127.0.0.1:1/d' 'cannot connect' 'is the server running'
    run 4 DATABASE_URL="$out_of_reach" doctor --json
    is "$(json '(grep { $_->{problem} } @{$j->{database}})[0]{name}')" url 'JSON: the problem'

    # A server that takes the connection and says nothing.
    perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
        open my $f, ">", "port.new"; print $f $s->sockport; close $f; rename "port.new", "port"; sleep 60' &
    silent=$!
    while [ ! -e port ]; do sleep 0.1; done
    echo 'connect_timeout: 1s' >>alembic.yml
    run 4 DATABASE_URL="postgresql://u:$PW@127.0.0.1:$(cat port)/d" doctor
    problem_at url
    out_has 'timeout expired' '1s (alembic.yml:2)'
    kill "$silent"
    wait "$silent" 2>/dev/null
    sed -i 2d alembic.yml

    run 4 DATABASE_URL="$(url_of "nobody_of_that_name:$PW")" doctor
    problem_at url
    out_has 'SQLSTATE 28'
    run 0 DATABASE_URL="$TEST_URL" doctor
    extensions=$(sql "SELECT count(*) || ': ' || string_agg(extname, ', ' ORDER BY extname) FROM pg_extension")
    out_has 'server:' ' PostgreSQL ' 'role:' ' primary' 'search_path:' 'pooler:' ' none seen' 'superuser' \
        'CREATE on schema public, CREATE on the database' 'deadlock_timeout:' 'extensions:' "$extensions" \
        'local socket' 'lock:' ' free' 'sessions:'

    # What a failed build leaves, and what was never validated; with a hostile name.
    sql 'CREATE TABLE dup (v integer); INSERT INTO dup VALUES (1), (1)' \
        'CREATE TABLE child (v integer); INSERT INTO child VALUES (5); CREATE TABLE parent (v integer PRIMARY KEY)' \
        'ALTER TABLE child ADD CONSTRAINT "fk'"$(printf '\033')"'x" FOREIGN KEY (v) REFERENCES parent NOT VALID' >/dev/null
    sql 'CREATE UNIQUE INDEX CONCURRENTLY "Bad ix" ON dup (v)' >/dev/null 2>&1
    run 4 DATABASE_URL="$TEST_URL" doctor
    problem_at 'invalid index' constraint
    out_has 'public."Bad ix" on dup' 'DROP INDEX CONCURRENTLY public."Bad ix"' '"fk\x1Bx" on public.child' \
        'ALTER TABLE public.child VALIDATE CONSTRAINT "fk\x1Bx"'
    sql 'DROP TABLE dup, child, parent' >/dev/null
    run 0 DATABASE_URL="$TEST_URL" doctor

    # Somebody's transaction: listed at once, a problem when it stays idle. His values are not shown.
    mkfifo pipe && : >holder.out
    PGAPPNAME="app$(printf '\033')[31m" psql -XqAt <pipe >holder.out 2>&1 &
    exec 4>pipe
    echo "BEGIN; SELECT 'held', '$PW', 4711, \$\$ $PW \$\$ /* $PW */;" >&4
    while ! grep -q held holder.out; do sleep 0.1; done
    run 0/4 DATABASE_URL="$TEST_URL" doctor
    out_has 'transaction: ' 'idle in transaction, for 00:00:0' 'app' ': SELECT ?, ?, ?, ?'
    out_lacks 4711
    sleep 6
    run 4 DATABASE_URL="$TEST_URL" doctor
    problem_at transaction
    out_has 'SELECT pg_terminate_backend('
    exec 4>&-
    wait
    rm pipe

    # The lock of a run, held as cmig holds it.
    mkdir long
    cat >slow.yml <<YML
script_location: long
YML
    cat >long/bbbb2_slow.sql <<'REV'
-- revision: bbbb2
-- down_revision: aaaa1
-- cmig:upgrade
SELECT pg_sleep(30);
REV
    cp migrations/versions/aaaa1_x.sql long
    DATABASE_URL=$TEST_URL "$CMIG" -c slow.yml upgrade head >slow.out 2>&1 &
    slow=$!
    tries=0
    while [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid() AND datname = current_database()")" != 1 ] && [ $tries -lt 100 ]; do
        sleep 0.1 && tries=$((tries + 1))
    done
    run 4 DATABASE_URL="$TEST_URL" doctor
    problem_at lock
    out_has 'held by pid ' 'cmig/' 'aaaa1'
    kill -TERM "$slow"
    wait "$slow"
    is "$(sql 'SELECT version_num FROM alembic_version')" aaaa1 'the run was stopped'

    # A user without rights, and one who may read only.
    weak=doctor_weak_$$
    sql "CREATE ROLE $weak LOGIN PASSWORD '$PW'" "REVOKE CREATE ON SCHEMA public FROM PUBLIC" >/dev/null
    run 4 DATABASE_URL="$(url_of "$weak")" doctor
    all_sections
    problem_at rights 'version table' 'audit table'
    out_has "GRANT USAGE, CREATE ON SCHEMA public TO $weak" 'lacks SELECT' 'current:' 'not known' \
        "as the owner: GRANT SELECT, INSERT ON \"public\".\"cmig_audit\" TO $weak"
    sql "GRANT SELECT ON alembic_version, cmig_audit TO $weak" >/dev/null
    run 4 DATABASE_URL="$(url_of "$weak")" doctor
    problem_at rights 'version table'
    out_has 'current: ' ' aaaa1' 'lacks INSERT'
    sql "ALTER ROLE $weak SET default_transaction_read_only = on" "GRANT CREATE ON SCHEMA public TO $weak" \
        "GRANT ALL ON alembic_version, cmig_audit TO $weak" "ALTER ROLE $weak SET statement_timeout = '90s'" >/dev/null
    run 4 DATABASE_URL="$(url_of "$weak")" doctor
    problem_at role
    out_has 'primary, read only' 'default_transaction_read_only is on, set by: user' '90s (user)'

    # A fact that cannot be had is a problem, and the others come.
    sql "REVOKE SELECT ON pg_prepared_xacts FROM PUBLIC" "ALTER ROLE $weak RESET default_transaction_read_only" >/dev/null
    run 4 DATABASE_URL="$(url_of "$weak")" doctor
    problem_at 'prepared transactions'
    out_has 'permission denied' '90s (user)' 'lock: ' ' free' 'current: ' ' aaaa1'
    sql "GRANT SELECT ON pg_prepared_xacts TO PUBLIC" "CREATE TABLE leftover (v integer)" \
        "INSERT INTO leftover VALUES (1), (1)" >/dev/null
    sql 'CREATE UNIQUE INDEX CONCURRENTLY leftover_ix ON leftover (v)' >/dev/null 2>&1
    # Somebody who is at work on the table may be building the index.
    mkfifo pipe && : >holder.out
    psql -XqAt <pipe >holder.out 2>&1 &
    exec 4>pipe
    echo "BEGIN; LOCK TABLE leftover IN SHARE UPDATE EXCLUSIVE MODE; SELECT 'held';" >&4
    while ! grep -q held holder.out; do sleep 0.1; done
    run 0/4 DATABASE_URL="$TEST_URL" doctor
    out_has '  invalid index: ' 'is at work on the table'
    exec 4>&-
    wait
    rm pipe
    sql 'DROP TABLE leftover' >/dev/null

    # A schema that does not exist.
    run 4 DATABASE_URL="$TEST_URL&options=-csearch_path%3Dnowhere" doctor
    problem_at 'version table'
    out_has 'nowhere, none of which exists' 'no schema of the search path exists'
    echo 'version_table_schema: "no where"' >>alembic.yml
    run 4 DATABASE_URL="$TEST_URL" doctor
    problem_at 'version table'
    out_has 'its schema does not exist' 'ensure-version'
    sql "DROP OWNED BY $weak" "DROP ROLE $weak" >/dev/null
    is "$(tables)" "$before" 'nothing was changed'
    ;;
esac
done_testing
