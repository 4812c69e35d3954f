#!/bin/sh
# The guard's decision table, cell by cell: environment, level of what would be lost, what was agreed
# to beforehand, what is typed at a terminal. Refused: nothing has changed, and one row says so.
# Allowed: it ran, and the rows say how it was confirmed. CMIG_TEST_SCALE=full takes every cell.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-runs.sh"

# What must be there for a run, by environment and level: for each word one of its letters.
#   V  CONFIRM_PRODUCTION_MIGRATION=true    N  --confirm-production with the right name
#   D  --allow-destructive                  A  --approve with the plan's hash
#   Y  --yes                                C  guard.allow_catastrophic: true
# And what makes any run a refusal: W another name, S the hash of another plan, T a hash too short.
# `place` and `declared` are production, `kept` is what the database has recorded.
needs() {
    case $1:$2 in
    production:none | production:definition | production:weaker) echo VN ;;
    production:small | production:large | production:opaque) echo VN DA ;;
    production:all) echo VN DA C ;;
    staging:none | staging:definition | staging:weaker) ;;
    staging:small | staging:large | staging:opaque) echo YDA ;;
    *:large) echo YDA ;;
    *:all) echo D ;;
    esac
}

environments='declared place kept development ci staging'
levels='none definition weaker small large opaque all'
always='- V VD'
sometimes='Y VA VDC N W D A S T VN ND NA NY VY VS VT VW DY AY SY TY VAC NDC DC AC C VC VDA VDS VDW VDT NWD VSA'

# --- The project: one revision for each level, all on top of the same one ---------------------------

kind_of() {
    case $1 in
    declared | place | kept) echo production ;;
    *) echo "$1" ;;
    esac
}

case $CMIG_TEST_DB in
pg)
    weaker='ALTER TABLE small DROP CONSTRAINT positive'
    opaque="DO \$\$ BEGIN EXECUTE 'SELECT ' || '1'; END \$\$"
    all='DROP SCHEMA junk CASCADE'
    name=$TEST_DB
    ;;
*)
    weaker='DROP TRIGGER watch'
    opaque="SELECT load_extension('x') WHERE 0"
    all='DELETE FROM sqlite_schema' # SQLite does not let it: what is allowed fails then
    name=$(basename "$TEST_DB")
    ;;
esac
mkdir -p migrations/versions
revision_file first null <<'SQL'
-- cmig:upgrade
SELECT 1;

-- cmig:downgrade
SELECT 1;
SQL
while read -r level statement; do
    printf -- '-- cmig:upgrade\n%s;\n\n-- cmig:downgrade\nSELECT 1;\n' "$statement" | revision_file "$level" first
done <<SQL
none CREATE TABLE made (id integer)
definition DROP VIEW seen
weaker $weaker
small DROP TABLE small
large DROP TABLE large
opaque $opaque
all $all
SQL
# shellcheck disable=SC2016  # cmig expands it
settings='database_url: ${DATABASE_URL}'
echo "$settings" >alembic.yml
echo "$settings
guard: {allow_catastrophic: true}" >catastrophic.yml
echo "$settings
guard: {patterns: ['*$name']}" >place.yml
echo "$settings
guard: {patterns: ['*$name'], allow_catastrophic: true}" >place-catastrophic.yml

# set_up [STATEMENT…]: behind them, as many rows as guard.safe_below_rows allows, and one more.
set_up() {
    case $CMIG_TEST_DB in
    pg) special='CREATE SCHEMA junk; CREATE TABLE junk.t (id integer); ANALYZE small, large' ;;
    *) special='CREATE TRIGGER watch AFTER INSERT ON small BEGIN SELECT 1; END' ;;
    esac
    sql "$@" 'CREATE TABLE small (id integer CONSTRAINT positive CHECK (id > 0)); CREATE TABLE large (id integer);
        CREATE VIEW seen AS SELECT 1 AS one;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO small SELECT i FROM n;
        INSERT INTO large SELECT id FROM small UNION ALL SELECT 1001' "$special" >/dev/null
}
set_up

# The states `start` and `recorded`, and back to one of them. It stays the same database, whose plans
# have the same hashes.
keep() { [ "$CMIG_TEST_DB" = pg ] || cp "$TEST_DB" "$TEST_TMP/$1.db"; }
restore() {
    case $CMIG_TEST_DB in
    pg)
        set_up 'SET client_min_messages = warning' 'DROP SCHEMA IF EXISTS junk CASCADE' 'DROP SCHEMA public CASCADE' \
            'CREATE SCHEMA public' && "$CMIG" -q upgrade first &&
            { [ "$1" != recorded ] || "$CMIG" -q environment production --confirm-production "$name" >/dev/null; } ||
            not_ok "back to $1"
        ;;
    *)
        rm -f "$TEST_DB"-*
        cp "$TEST_TMP/$1.db" "$TEST_DB"
        ;;
    esac
}

# All but the audit table, as a sum.
everything() { dump_all without-audit | cksum; }

# look LAST: the same at less expense, where there will be a whole look soon. Sets `state` (one text),
# `records` (those behind the id LAST), `at` (the version rows) and `there` (the tables).
records_query="SELECT event || '|' || coalesce(level, -1) || '|' || coalesce(plan, '-') || '|' || coalesce(environment, '-')
    || '|' || coalesce(confirmed, '-') FROM cmig_audit WHERE id > "
look() {
    case $CMIG_TEST_DB in
    pg)
        psql -XqAt -c "SELECT string_agg(version_num, ' ') FROM alembic_version" \
            -c "SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'" \
            -c "SELECT string_agg(oid::regclass || relkind::text || relnatts || relchecks || ' ' ||
                    CASE WHEN relname IN ('small', 'large') THEN
                        (xpath('//c/text()', query_to_xml('SELECT count(*) AS c FROM ' || oid::regclass, false, true, '')))[1]::text
                        ELSE '' END, ',' ORDER BY oid)
                FROM pg_class WHERE relnamespace::regnamespace::text IN ('public', 'junk') AND relname !~ 'cmig_audit'" \
            -c "$records_query $1 ORDER BY id"
        ;;
    *)
        sqlite3 "$TEST_DB" "SELECT group_concat(version_num, ' ') FROM alembic_version" \
            "SELECT group_concat(name, ' ') FROM sqlite_schema WHERE type = 'table'"
        everything
        sqlite3 "$TEST_DB" "$records_query $1 ORDER BY id"
        ;;
    esac >"$TEST_TMP/look"
    {
        read -r at
        read -r there
        read -r state
        records=$(cat)
    } <"$TEST_TMP/look"
    state="$at $state"
}

no_lock() {
    case $CMIG_TEST_DB in
    pg) sql_says "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database =
        (SELECT oid FROM pg_database WHERE datname = current_database())" 0 ;;
    *) [ ! -e "$TEST_DB-journal" ] && [ ! -e "$TEST_DB-wal" ] ;;
    esac
}
last_record() { sql 'SELECT coalesce(max(id), 0) FROM cmig_audit'; }

# --- What was said ----------------------------------------------------------------------------------

has() { case $2 in *"$1"*) return 0 ;; *) return 1 ;; esac }

# Whether one of the letters was given.
one_of() { # LETTERS GIVEN
    for letter in V N D A Y C; do
        if has "$letter" "$1" && has "$letter" "$2"; then return 0; fi
    done
    return 1
}

# What the table says: run, refuse, or what would be asked: name, yes.
verdict() { # KIND LEVEL GIVEN
    case $3 in *[STW]*)
        # The right one beside it counts.
        if ! { has W "$3" && has N "$3" && ! has S "$3" && ! has T "$3"; } &&
            ! { has A "$3" && ! has W "$3"; }; then
            echo refuse
            return
        fi
        ;;
    esac
    lacking=
    for word in $(needs "$1" "$2"); do
        one_of "$word" "$3" || lacking="$lacking $word"
    done
    case $lacking in
    '') echo run ;;
    ' VN') echo name ;;
    ' YDA') echo yes ;;
    *) echo refuse ;;
    esac
}

text_of() {
    case $1 in
    V) echo CONFIRM_PRODUCTION_MIGRATION ;;
    N) echo --confirm-production ;;
    D) echo --allow-destructive ;;
    A) echo --approve ;;
    Y) echo --yes ;;
    C) echo guard.allow_catastrophic ;;
    esac
}

# The call for a cell, as positional parameters of `call`.
in_cell() { # ENVIRONMENT LEVEL GIVEN COMMAND…
    cell_environment=$1 cell_level=$2 cell_given=$3
    shift 3
    set -- "$@" "$CMIG"
    case $cell_environment in
    place) set -- "$@" -c "place$(if has C "$cell_given"; then echo -catastrophic; fi).yml" ;;
    *) if has C "$cell_given"; then set -- "$@" -c catastrophic.yml; fi ;;
    esac
    case $cell_environment in
    declared) set -- "$@" --environment production ;;
    ci | staging) set -- "$@" --environment "$cell_environment" ;;
    esac
    set -- "$@" upgrade "$cell_level"
    eval "hash=\$hash_$cell_level"
    if has N "$cell_given"; then set -- "$@" --confirm-production "$name"; fi
    if has W "$cell_given"; then set -- "$@" --confirm-production "not-$name"; fi
    if has D "$cell_given"; then set -- "$@" --allow-destructive; fi
    if has Y "$cell_given"; then set -- "$@" -y; fi
    # shellcheck disable=SC2154  # eval sets it
    if has A "$cell_given"; then set -- "$@" --approve "$hash"; fi
    if has S "$cell_given"; then set -- "$@" --approve "$other_hash"; fi
    if has T "$cell_given"; then set -- "$@" --approve "$(printf %.11s "$hash")"; fi
    if has V "$cell_given"; then set -- CONFIRM_PRODUCTION_MIGRATION=true "$@"; fi
    timeout -k 5 "$CMIG_TEST_TIMEOUT" env "$@" </dev/null >"$TEST_OUT" 2>"$TEST_ERR"
    TEST_STATUS=$?
}

# wrong TEXT: a reason why the cell is not as it should be.
wrong() { why="$why
$1"; }

# What may be said of a run that was refused or declined.
judge_refused() { # STATUS
    [ "$TEST_STATUS" -eq "$1" ] || wrong "status $TEST_STATUS instead of $1"
    look "$last"
    [ "$state" = "$state_before" ] || wrong 'the database has changed'
    case $records in
    refused\|*\|*\|*\|*'
'*) wrong "more rows than one: $records" ;;
    refused\|*) ;;
    *) wrong "the audit table has: $records" ;;
    esac
}

# And of one that ran. The letters that were needed and given must be in each row.
judge_run() { # KIND LEVEL GIVEN ENVIRONMENT [TYPED]
    end=applied want_status=0
    if [ "$2:$CMIG_TEST_DB" = all:sqlite ]; then end=failed want_status=1; fi
    [ "$TEST_STATUS" -eq "$want_status" ] || wrong "status $TEST_STATUS instead of $want_status"
    needed=$(needs "$1" "$2")
    eval "level_number=\$number_$2 hash=\$hash_$2"
    recorded=-
    case $4 in
    declared | kept) recorded=production ;;
    ci | staging) recorded=$4 ;;
    esac
    look "$last"
    want_events="${needed:+confirmed }$end "
    events=
    while IFS='|' read -r event number_seen plan_seen environment_seen by; do
        events="$events$event "
        # shellcheck disable=SC2154  # eval sets it
        [ "$number_seen" = "$level_number" ] || wrong "$event has the level $number_seen, not $level_number"
        [ "$plan_seen" = "$hash" ] || wrong "$event has the plan $plan_seen"
        [ "$environment_seen" = "$recorded" ] || wrong "$event has the environment $environment_seen, not $recorded"
        for word in $needed; do
            found=
            for letter in V N D A Y C; do
                if has "$letter" "$word" && has "$letter" "$3" && has "$(text_of "$letter")" "$by"; then found=yes; fi
            done
            if [ -n "${5:-}" ] && has "typed" "$by" && ! one_of "$word" "$3"; then found=yes; fi
            [ -n "$found" ] || wrong "$event is confirmed by $by, which lacks one of $word"
        done
        [ -n "$needed" ] || [ "$by" = - ] || wrong "$event is confirmed by $by"
    done <<RECORDS
$records
RECORDS
    [ "$events" = "$want_events" ] || wrong "events: $events, wanted $want_events"
    if [ "$end" = applied ]; then
        [ "$at" = "$2" ] || wrong "version rows: $at"
    fi
    if [ "$2" = small ] || [ "$2" = large ]; then
        ! has " $2 " " $there " || wrong 'the table is still there'
    fi
}

finish_cell() { # NAME
    defects=$(test_defects)
    [ -z "$defects" ] || wrong "$defects"
    if [ -z "$why" ]; then
        ok "$1"
    else
        not_ok "$1"
        printf '%s\n' "$why" | diag
        show_call
    fi
}

begin_environment() {
    start=start
    [ "$1" != kept ] || start=recorded
    restore $start
    whole_before=$(everything)
    last=$(last_record)
    look "$last"
    state_before=$state
}

end_environment() {
    is "$(everything)" "$whole_before" "$1: not one row or definition differs after what was refused"
    holds "$1: no lock is left" within 3 no_lock
}

# --- A database that cmig never saw: not one byte changes -------------------------------------------

cat_database() {
    case $CMIG_TEST_DB in
    pg) dump_all ;;
    *) cat "$TEST_DB" ;;
    esac | cksum
}
before=$(cat_database)
# shellcheck disable=SC2034  # in_cell takes them by name
hash_none=- hash_small=- hash_large=- hash_all=- other_hash=0123456789abcdef
for cell in declared:none:- declared:small:V declared:all:VD place:none:D place:large:VY staging:small:- \
    staging:all:Y ci:all:- ci:large:- development:large:- development:all:Y development:none:W ci:none:S; do
    IFS=: read -r environment level given <<CELL
$cell
CELL
    why=
    in_cell "$environment" "$level" "$given"
    [ "$TEST_STATUS" -eq 77 ] || wrong "status $TEST_STATUS"
    [ "$(cat_database)" = "$before" ] || wrong 'the database has changed'
    [ "$(ls -A "$TEST_TMP/work")" = "$(printf '%s\n' alembic.yml catastrophic.yml migrations place-catastrophic.yml place.yml)" ] ||
        wrong 'there are new files'
    within 3 no_lock || wrong 'a lock is left'
    finish_cell "never migrated, $cell is refused"
done

# --- Without a terminal -----------------------------------------------------------------------------

cmig_ok upgrade first
keep start
cmig_ok environment production --confirm-production "$name"
keep recorded
restore start

for level in $levels; do
    cmig_ok plan "$level" --json
    eval "$(perl -MJSON::PP -e 'undef $/; my $p = decode_json(<STDIN>); print "hash_$ARGV[0]=$p->{hash} number_$ARGV[0]=$p->{level}"' "$level" <"$TEST_OUT")"
done
# shellcheck disable=SC2154  # eval sets them
is "$number_none $number_definition $number_weaker $number_small $number_large $number_opaque $number_all" \
    '0 1 2 3 3 2 4' 'the levels are what they are called'
other_hash=$(printf '%s' "$hash_none" | tr 0123456789abcdef 123456789abcdef0)

full=
[ "${CMIG_TEST_SCALE:-}" != full ] || grep -aq __asan_init "$CMIG" || full=yes
# One database takes every other cell, the other one the rest.
turn=0
[ "$CMIG_TEST_DB" = pg ] || turn=1
number=0
for environment in $environments; do
    begin_environment "$environment"
    for level in $levels; do
        for given in $always $sometimes; do
            number=$((number + 1))
            case " $always " in
            *" $given "*) [ -n "$full" ] || [ $((number % 2)) -eq "$turn" ] || continue ;;
            *) [ -n "$full" ] || [ $((number % 31)) -eq 0 ] || continue ;;
            esac
            expected=$(verdict "$(kind_of "$environment")" "$level" "$given")
            why=
            in_cell "$environment" "$level" "$given"
            if [ "$expected" = run ]; then
                judge_run "$(kind_of "$environment")" "$level" "$given" "$environment"
                restore $start
                last=$(last_record)
            else
                judge_refused 77
                last=$((last + 1))
            fi
            finish_cell "$environment, level $level, given $given: $expected"
        done
    done
    end_environment "$environment"
done

# --- On a terminal ----------------------------------------------------------------------------------

# ENVIRONMENT LEVEL GIVEN: what is asked stands in the table.
while read -r environment level given; do
    expected=$(verdict "$(kind_of "$environment")" "$level" "$given")
    begin_environment "$environment"
    for answer in "$name" "not-$name" "$(printf %.3s "$name")" '' y Y yes YES n yy EOF INT HALF; do
        case $answer in
        EOF) typed='\004' ;;
        INT) typed='\003' ;;
        HALF) typed="$name\\003" ;;
        *) typed="$answer\\n" ;;
        esac
        case $expected:$answer in
        name:"$name" | yes:y | yes:Y | yes:yes | yes:YES) outcome=run ;;
        name:* | yes:*) outcome=declined ;;
        *) outcome=$expected ;;
        esac
        # Where nothing is asked, nothing can be answered; else some of the answers will do.
        number=$((number + 1))
        case $expected:$answer in
        run:y | refuse:y | refuse:"$name" | name:"$name" | name:EOF | name:INT | yes:y | yes:INT) ;;
        run:* | refuse:*) continue ;;
        *) [ -n "$full" ] || [ $((number % 7)) -eq 0 ] || continue ;;
        esac
        question='to go ahead: '
        [ "$expected" != yes ] || question='[y/N] '
        why=
        in_cell "$environment" "$level" "$given" "$TEST_ROOT/tests/cli/terminal.py" "$question" "$typed"
        case $expected in
        name | yes)
            case $(cat "$TEST_OUT") in
            *"$question"*) ;;
            *) wrong 'nothing was asked' ;;
            esac
            case $(cat "$TEST_OUT") in
            *"Plan hash: "*"level "*"$question"* | *"level 0"*"Plan hash: "*"$question"*) ;;
            *) wrong 'the plan was not shown before the question' ;;
            esac
            ;;
        *)
            case $(cat "$TEST_OUT") in *'to go ahead: '* | *'[y/N]'*) wrong 'there was a question' ;; esac
            ;;
        esac
        case $outcome in
        run)
            judge_run "$(kind_of "$environment")" "$level" "$given" "$environment" typed
            restore $start
            last=$(last_record)
            ;;
        declined)
            judge_refused 130
            last=$((last + 1))
            ;;
        refuse)
            judge_refused 77
            last=$((last + 1))
            ;;
        esac
        finish_cell "on a terminal, $environment, level $level, given $given, typed $answer: $outcome"
    done
    end_environment "$environment on a terminal"
done <<'CELLS'
declared none -
declared none Y
declared weaker DY
place definition -
kept large A
declared small D
declared opaque A
place all DC
declared small -
declared small Y
kept all D
declared all C
declared none W
declared none V
staging small -
staging opaque -
staging weaker -
staging all Y
development large -
development small -
development all -
ci large V
CELLS
done_testing
