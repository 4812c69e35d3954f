#!/bin/sh
# The example project in migrations/: up, down and up again, each revision, on both databases.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"

cp -R "$TEST_ROOT/migrations" "$TEST_TMP/work/example" && cd "$TEST_TMP/work/example" || exit 1
target=DATABASE_URL=$TEST_URL

run 0 heads
is "$(wc -l <"$TEST_OUT" | tr -d ' ')" 1 'there is one head'
head=$(sed 's/ .*//' "$TEST_OUT")
run 0 history
count=$(wc -l <"$TEST_OUT" | tr -d ' ')
is "$count" "$(find . -name '*.sql' | wc -l | tr -d ' ')" 'history lists every file'
out_has '(mergepoint)' '(branchpoint)' '<base> -> '
run 0 history --json
is "$(json 'join " ", grep { @{$_->{depends_on}} } @$j' | wc -w | tr -d ' ')" 1 'one revision depends on another branch'
run 0 branches

for cycle in first second third; do
    run 0 "$target" upgrade head
    is "$(grep -c . "$TEST_ERR" | awk -v n="$count" '{ print ($1 >= n) ? "all" : $1 }')" all "  a line for each of $count"
    run 0 "$target" current
    out_is "$head (head)"
    is "$(sql 'SELECT version_num FROM alembic_version')" "$head" '  the version row is the head'
    dump_schema >"schema-$cycle"
    for table in companies users workflows screenshots steps health_logs notifications organizations organization_members; do
        case " $(tables) " in *" $table "*) ok "  table $table is there" ;; *) not_ok "  table $table is there" ;; esac
    done
    run 0 "$target" current --check-heads
    run 0 "$target" upgrade head
    run 0 "$target" downgrade base
    is "$(tables)" alembic_version '  base leaves the version table only'
    is "$(dump_schema | grep -Evi 'alembic_version|^SELECT|^SET|^--|^\\|^$|COMMENT ON EXTENSION|CREATE EXTENSION|SCHEMA public')" '' '  and nothing else'
    run 0 "$target" current
    out_is ''
done
holds 'the schema is the same after the second cycle' cmp -s schema-first schema-second
holds 'and after the third' cmp -s schema-first schema-third
holds 'the schema is not empty' test "$(wc -l <schema-first)" -gt 20

# The rows that the tables are for can be written, and a cascade works.
run 0 "$target" upgrade head
sql "SELECT count(*) FROM companies" >/dev/null
is "$?" 0 'companies can be read'

# One by one: each revision down and up again leaves the schema as it was.
run 0 "$target" downgrade base
run 0 history --json
steps=$(json 'join " ", map { $_->{revision} . ":" . join ",", @{$_->{down_revision}} } reverse @$j')
for step in $steps; do
    id=${step%:*}
    before_rows=$(sql 'SELECT version_num FROM alembic_version' | sort | tr '\n' ' ')
    dump_schema >before
    run 0 "$target" upgrade "$id"
    dump_schema >after
    run 0 "$target" current
    out_has "$id"
    # Down to what was there: to the parent, along this branch only.
    parents=${step#*:}
    case $parents in
    '') run 0 "$target" downgrade base ;;
    *) run 0 "$target" downgrade "$id@${parents%%,*}" ;;
    esac
    is "$(sql 'SELECT version_num FROM alembic_version' | sort | tr '\n' ' ')" "$before_rows" "  $id down: the rows of before"
    dump_schema >again
    holds "  $id down: the schema of before" cmp -s before again
    cmp -s before again || diff before again | head -20 | diag
    run 0 "$target" upgrade "$id"
    dump_schema >again
    holds "  $id up again: the schema of the first time" cmp -s after again
    cmp -s after again || diff after again | head -20 | diag
done
run 0 "$target" current
out_is "$head (head)"

# As the README says, without any setting: a file beside alembic.yml.
run 0 -uDATABASE_URL upgrade head
holds 'app.db lies beside alembic.yml' test -f app.db
run 0 -uDATABASE_URL current
out_is "$head (head)"
run 0 -uDATABASE_URL downgrade base
done_testing
