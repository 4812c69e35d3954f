#!/bin/sh
# The guard: a production database is written to only when that was confirmed, and nothing is
# opened when the target is not properly given.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"

project guard
rev aaaa1 null
rev bbbb2 aaaa1

# How the environment is declared: as variable, or in a file; `flag` comes behind the command.
declare_environment() { # HOW NAME
    rm -f .env
    # shellcheck disable=SC2016
    echo 'database_url: ${DATABASE_URL:-sqlite:///./app.db}' >alembic.yml
    given=-uCMIG_ENV
    flag=
    case $1 in
    flag) flag=--environment=$2 ;;
    CMIG_ENV | ENVIRONMENT | APP_ENV) given=$1=$2 ;;
    alembic.yml) echo "environment: $2" >>alembic.yml ;;
    .env) echo "CMIG_ENV=$2" >.env ;;
    esac
}

# guarded STATUS CONFIRMATION COMMAND…
guarded() {
    want=$1
    confirmation=$2
    shift 2
    case $confirmation in
    unset) confirm=-uCONFIRM_PRODUCTION_MIGRATION ;;
    .env)
        confirm=-uCONFIRM_PRODUCTION_MIGRATION
        echo CONFIRM_PRODUCTION_MIGRATION=true >>.env
        ;;
    empty) confirm=CONFIRM_PRODUCTION_MIGRATION= ;;
    *) confirm=CONFIRM_PRODUCTION_MIGRATION=$confirmation ;;
    esac
    CONF_NOTE="environment by $how"
    run "$want" "$confirm" "$given" DATABASE_URL="$TEST_URL" ${flag:+"$flag"} "$@"
    CONF_NOTE=
    [ "$confirmation" != .env ] || sed -i '/^CONFIRM/d' .env
}

locks() {
    case $CMIG_TEST_DB in
    pg)
        # A server process may need a moment to see that its client is gone.
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            left=$(psql -qXAt -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
            [ "$left" != 0 ] || break
            sleep 0.2
        done
        echo "$left"
        ;;
    sqlite) echo 0 ;;
    esac
}

# Nothing was written at all: not even a database file.
untouched() {
    is "$(tables)" '' "  nothing is in the database"
    [ "$CMIG_TEST_DB" = pg ] || holds_not '  no database file was made' test -e "$TEST_DB"
    is "$(locks)" 0 '  no lock is left'
}

reset_db
for how in flag CMIG_ENV ENVIRONMENT APP_ENV alembic.yml .env; do
    for name in production PROD prod-eu; do
        once || one_in 4 || continue
        declare_environment "$how" "$name"
        guarded 77 unset upgrade head
        err_has 'CONFIRM_PRODUCTION_MIGRATION=true' "$name"
        out_is ''
        guarded 0 unset current
        guarded 0 unset history
        guarded 0 unset heads
        untouched
    done
done

how=CMIG_ENV
declare_environment CMIG_ENV production
for confirmation in TRUE True 1 yes t 'true ' truee; do
    for command in 'upgrade head' 'downgrade base' 'stamp head' ensure-version; do
        # shellcheck disable=SC2086
        guarded 78 "$confirmation" $command
    done
    err_has CONFIRM_PRODUCTION_MIGRATION
done
guarded 77/78 empty upgrade head
err_has CONFIRM_PRODUCTION_MIGRATION
guarded 77 .env upgrade head
err_has .env
untouched
for command in 'upgrade head' 'upgrade +1' 'stamp head' 'stamp --purge head' ensure-version ensure_version; do
    # shellcheck disable=SC2086
    guarded 77 unset $command
    err_has 'CONFIRM_PRODUCTION_MIGRATION=true'
    untouched
done

# Confirmed, everything works, and each run needs it anew.
guarded 0 true ensure-version
is "$(tables)" alembic_version 'the confirmed ensure-version made the table'
guarded 0 true upgrade +1
is "$(sql 'SELECT version_num FROM alembic_version')" aaaa1 'the confirmed upgrade is there'
guarded 77 unset upgrade head
guarded 77 unset downgrade base
err_has 'CONFIRM_PRODUCTION_MIGRATION=true'
guarded 77 unset downgrade -1
guarded 77 unset stamp bbbb2
guarded 77 unset stamp --purge base
is "$(sql 'SELECT version_num FROM alembic_version')" aaaa1 'the refused runs left the row'
is "$(tables)" 'alembic_version t_aaaa1' 'and the tables'
guarded 0 true upgrade head
guarded 0 unset current
out_is 'bbbb2 (head)'
guarded 0 unset current --check-heads
guarded 0 unset history -i
out_has '(current)'
guarded 0 unset show current
is "$(locks)" 0 'no lock is left'

# A run that has nothing to write needs no confirmation.
guarded 0 unset upgrade head
guarded 0 unset upgrade aaaa1
guarded 0 unset stamp bbbb2
guarded 0 unset ensure-version
is "$(sql 'SELECT version_num FROM alembic_version')" bbbb2 'and leaves the row'
guarded 78 yes upgrade head
guarded 77 true downgrade base
err_has '--approve'
err_has 't_bbbb2'
guarded 77 unset downgrade base --allow-destructive
guarded 0 true downgrade base --allow-destructive
guarded 0 unset downgrade base

# Other environments ask for less, but a wrong confirmation is still one.
for name in development staging ci test products preprod; do
    reset_db
    how=flag
    declare_environment flag "$name"
    guarded 0 unset upgrade head
    guarded 0 unset downgrade base --yes
done
guarded 78 yes upgrade head
is "$(sql 'SELECT count(*) FROM alembic_version')" 0 'nothing ran with a malformed confirmation'

# A SQLite file is copied before data is lost, and a copy that cannot be made stops the run.
copies() { find "$(dirname "$TEST_DB")" -maxdepth 1 -name '*.backup*' | sort; }
if [ "$CMIG_TEST_DB" = sqlite ]; then
    reset_db
    rm -f "$TEST_DB".*backup
    how=flag
    declare_environment flag staging
    guarded 0 unset upgrade head
    guarded 0 unset downgrade base --yes --no-backup
    guarded 0 unset upgrade head
    is "$(copies)" '' 'neither --no-backup nor a run that loses nothing makes a copy'
    sql 'INSERT INTO t_aaaa1 (id) VALUES (7)'
    before=$(dump_sqlite '.dump t_aaaa1 t_bbbb2')
    guarded 0 unset downgrade base --yes
    err_has 'copy of the database as it was: '
    copy=$(copies)
    is "$(dumping sqlite3 "$copy" '.dump t_aaaa1 t_bbbb2')" "$before" 'the copy has what there was'
    is "$(stat -c %a "$copy")" "$(stat -c %a "$TEST_DB")" 'and its permissions'
    rm -f "$copy"
    guarded 0 unset upgrade head
    sql 'CREATE TABLE filler (x); INSERT INTO filler SELECT randomblob(60000) FROM pragma_module_list LIMIT 5'
    (
        ulimit -f 128 # half of the file: the copy does not fit
        CMIG_ENV=staging DATABASE_URL=$TEST_URL "$CMIG" downgrade base --yes >out 2>err
        echo $? >status
    )
    is "$(cat status)" 1 'a copy that does not fit is an error'
    holds 'which says so' grep -q 'cannot make a copy of the database' err
    is "$(copies)" '' 'and leaves no piece of it'
    is "$(sql 'SELECT version_num FROM alembic_version')" bbbb2 'nothing was changed'
fi

# Strongest first: flag, CMIG_ENV, ENVIRONMENT, APP_ENV, alembic.yml.
reset_db
declare_environment alembic.yml production
CONF_NOTE=precedence
P=DATABASE_URL=$TEST_URL
run 77 "$P" upgrade head
run 77 "$P" APP_ENV= upgrade head
run 77 "$P" CMIG_ENV=production ENVIRONMENT=development upgrade head
run 77 "$P" ENVIRONMENT=production APP_ENV=development upgrade head
run 77 "$P" CMIG_ENV=development --environment production upgrade head
untouched
declare_environment alembic.yml development
run 77 "$P" APP_ENV=production upgrade head
run 77 "$P" CMIG_ENV=production upgrade head
echo CMIG_ENV=production >.env
run 77 "$P" upgrade head
untouched
run 0 "$P" CMIG_ENV=development upgrade head
run 0 "$P" --environment development downgrade base
rm .env
CONF_NOTE=

# Before anything is opened: a URL there must be, and a good one.
reset_db
how=CMIG_ENV
declare_environment CMIG_ENV production
C=CONFIRM_PRODUCTION_MIGRATION=true
for command in 'upgrade head' 'downgrade base' 'stamp head' ensure-version current 'history -i'; do
    # shellcheck disable=SC2086
    run 78 -uDATABASE_URL "$C" CMIG_ENV=production $command
    err_has default
    # shellcheck disable=SC2086
    run 78 DATABASE_URL= "$C" CMIG_ENV=production $command
    once || continue
    for url in nonsense 'mysql://u:p@h/d' 'postgresql//h/d' 'sqlite:/x.db' '://' 'postgresql://h:port/d' ' '; do
        # shellcheck disable=SC2086
        run 78 DATABASE_URL="$url" CMIG_ENV=production $command
        # shellcheck disable=SC2086
        run 78 DATABASE_URL="$url" "$C" CMIG_ENV=development $command
    done
done
holds_not 'the default database was not made' test -e app.db
is "$(find . -newer alembic.yml -name '*.db*' | wc -l | tr -d ' ')" 0 'nor any other'
untouched
# A default inside a URL counts as well.
# shellcheck disable=SC2016
echo 'database_url: sqlite:///./${NAME:-app}.db' >alembic.yml
run 78 -uDATABASE_URL "$C" CMIG_ENV=production upgrade head
holds_not 'nor with a default inside the URL' test -e app.db
run 0 -uDATABASE_URL "$C" NAME=named CMIG_ENV=production upgrade head
holds 'a variable is a value that was given' test -e named.db
echo 'database_url: sqlite:///./written.db' >alembic.yml
run 77 -uDATABASE_URL CMIG_ENV=production upgrade head
run 0 -uDATABASE_URL "$C" CMIG_ENV=production upgrade head
holds 'a URL in alembic.yml is given' test -e written.db
run 77 -uDATABASE_URL CMIG_ENV=production --database-url sqlite:///./flag.db upgrade head
holds_not 'the flag needs confirmation, too' test -e flag.db
run 0 -uDATABASE_URL "$C" CMIG_ENV=production --database-url sqlite:///./flag.db upgrade head
holds 'and works with it' test -e flag.db

# Commands without a database need neither URL nor confirmation.
# shellcheck disable=SC2016
echo 'database_url: ${DATABASE_URL:?set it}' >alembic.yml
for command in heads history branches 'show aaaa1' list-templates version help; do
    # shellcheck disable=SC2086
    run 0 -uDATABASE_URL CMIG_ENV=production $command
    # shellcheck disable=SC2086
    run 0 DATABASE_URL=nonsense CMIG_ENV=production CONFIRM_PRODUCTION_MIGRATION=1 $command
done
run 0 -uDATABASE_URL CMIG_ENV=production revision -m third
run 78 -uDATABASE_URL current
err_has 'set it'
done_testing
