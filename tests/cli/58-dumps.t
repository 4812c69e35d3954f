#!/bin/sh
# What newer releases of PostgreSQL write and know: dumps in their style, each one migration, or stopped at
# what the server does not know; and statements that the built-in grammar does not know.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-runs.sh"
[ "$CMIG_TEST_DB" = pg ] || {
    echo '1..0 # SKIP about PostgreSQL'
    test_planned=yes
    exit 0
}

content() {
    sql 'SELECT id, name, mood, boss, tags, age, full_name FROM public.person ORDER BY id' \
        'SELECT * FROM public.event ORDER BY at' 'SELECT * FROM public.moods ORDER BY mood' \
        "SELECT count(*) FROM pg_trigger WHERE tgname = 'person_touch'" 'SELECT public.plus(1)'
    dump_schema
}

wanted=''
for release in 16 17 18; do
    start_over
    {
        echo '-- cmig:upgrade'
        cat "$TEST_ROOT/tests/data/dumps/pg_dump-$release.sql"
    } | revision_file dump1 null
    # BEGIN ATOMIC came with 14, transaction_timeout with 17. What the parser does not know is met
    # before any statement runs.
    problem=''
    [ "$release" -lt 17 ] || server_has 170000 || problem='^SET transaction_timeout'
    server_has 140000 || problem='^ *BEGIN ATOMIC'
    if [ -n "$problem" ]; then
        line=$(grep -n "$problem" migrations/versions/dump1.sql | head -n 1)
        word=${line#*:}
        before=${word%%[A-Z]*}
        cmig_fails 1 upgrade head
        expect_err "dump1.sql:${line%%:*}:$((${#before} + 1)):" 'SQLSTATE'
        is "$(tables)" '' "pg_dump $release: nothing is applied"
        is "$(sql "SELECT count(*) FROM pg_type t WHERE typname = 'mood'" "SELECT count(*) FROM pg_proc WHERE proname = 'touch'" | one_line)" \
            '0 0' 'no type, no function'
        continue
    fi
    LINE_FROM=dump1 line_of_revisions after2
    cmig_ok upgrade head
    now_at after2
    is "$(sql 'SELECT count(*) FROM public.person')" 4 "pg_dump $release: the rows are there"
    is "$(sql "SELECT name FROM public.person WHERE id = 3")" '\.' 'also the one that looks like an end'
    is "$(sql "SELECT count(*) FROM public.event WHERE what LIKE '%DROP TABLE person; --'")" 1 'and the one that looks like SQL'
    sql 'DROP TABLE public.after2' >/dev/null
    [ -n "$wanted" ] || wanted=$(content)
    is "$(sql "SELECT obj_description('person'::regclass)")" 'semi;colon -- and $$' 'and comments'
    is "$(sql "SELECT count(*) FROM pg_inherits WHERE inhparent = 'event'::regclass")" 1 'and partitions'
    is "$(sql "INSERT INTO public.person (name) VALUES ('next') RETURNING id")" 5 'and where the identity stands'
    sql "DELETE FROM public.person WHERE name = 'next'" >/dev/null
    is "$(content)" "$wanted" 'all dumps bring the same'
done

# Judged by their words: never harmless, refused in production without more, and run where the server
# knows them.
while IFS='|' read -r since level begins statement; do
    sql 'DROP SCHEMA public CASCADE; CREATE SCHEMA public' >/dev/null 2>&1
    sql 'CREATE TABLE t (a integer PRIMARY KEY, b integer, g integer GENERATED ALWAYS AS (b + 1) STORED); INSERT INTO t VALUES (1, 2)' >/dev/null
    rm -f migrations/versions/*
    printf -- '-- cmig:upgrade\nCREATE TABLE before (a integer);\n%s;\n' "$statement" | revision_file newer null
    cmig_ok plan head
    expect_out "level $level: is not understood by the grammar of PostgreSQL " ": begins with $begins; cannot be judged"
    cmig_fails 77 --environment production upgrade head
    expect_err 'is not understood by the grammar of PostgreSQL '
    is "$(tables | one_line)" 't' "and nothing is applied: $statement"
    if server_has "$since"; then
        cmig_ok upgrade head
        now_at newer
        is "$(tables | one_line)" 'alembic_version before t' 'it is applied'
    else
        cmig_fails 1 upgrade head
        expect_err 'newer.sql:7:' SQLSTATE
    fi
done <<'STATEMENTS'
160000|3|UPDATE T SET|UPDATE t SET b = 0x1F
160000|2|ALTER TABLE T|ALTER TABLE t ADD c text STORAGE external
170000|2|ALTER TABLE T|ALTER TABLE t ALTER g SET EXPRESSION AS (b + 2)
170000|3|MERGE INTO T|MERGE INTO t USING (VALUES (1)) AS u (a) ON t.a = u.a WHEN NOT MATCHED BY SOURCE THEN DELETE
180000|2|ALTER TABLE T|ALTER TABLE t ADD CONSTRAINT c CHECK (b > 5) NOT ENFORCED
180000|2|ALTER TABLE T|ALTER TABLE t ADD v integer GENERATED ALWAYS AS (b * 2)
180000|3|DELETE FROM T|DELETE FROM t WHERE b = 5 RETURNING WITH (OLD AS o) o.a
180000|2|ANALYZE ONLY T|ANALYZE ONLY t
STATEMENTS

done_testing
