#!/bin/sh
# COPY data inside a migration, and a dump of pg_dump as a migration (PostgreSQL).
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"
only_for pg

# --- COPY blocks ----------------------------------------------------------------------------------
start_over
{
    revision_file copy1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE note (n integer PRIMARY KEY, text text);
COPY note (n, text) FROM stdin;
1	it's; "quoted" -- no comment /* none either
2	back\\slash \t tab \n line
3	\N
4	
5	äöü € 😀 日本語
6	$$ ; COMMIT; $tag$ '
7	\\.
\.
INSERT INTO note VALUES (8, 'between');
COPY note FROM stdin;
\.
/* a comment; before */ copy "public"."note" from STDIN with (format csv, delimiter ';');
9;"a ""quoted"" ; field
over two lines"
\.

COPY note FROM STDIN;
10	last
\.
SELECT 1;

-- cmig:downgrade
DROP TABLE note;
SQL
}
cmig_ok upgrade head
expect_out_is </dev/null
now_at copy1
is "$(sql 'SELECT count(*) FROM note')" 10 'every line of data arrived, once'
is "$(sql 'SELECT text FROM note WHERE n = 1')" "it's; \"quoted\" -- no comment /* none either" 'quotes and comments are data'
is "$(sql "SELECT text = E'back\\\\slash \t tab \n line' FROM note WHERE n = 2")" t 'escapes are the server'"'"'s'
is "$(sql 'SELECT text IS NULL FROM note WHERE n = 3')" t '\N is null'
is "$(sql "SELECT text = '' FROM note WHERE n = 4")" t 'an empty text is empty'
is "$(sql 'SELECT text FROM note WHERE n = 5')" 'äöü € 😀 日本語' 'text beyond ASCII arrives whole'
is "$(sql 'SELECT text FROM note WHERE n = 6')" "\$\$ ; COMMIT; \$tag\$ '" 'dollar quotes and COMMIT are data'
is "$(sql 'SELECT text FROM note WHERE n = 7')" '\.' 'an escaped end mark is data'
is "$(sql "SELECT text = E'a \"quoted\" ; field\nover two lines' FROM note WHERE n = 9")" t 'CSV over two lines'
cmig_ok downgrade base
is "$(tables)" alembic_version 'down again'

# Data that does not fit: nothing is left, and the message says where.
start_over
line_of_revisions good1
revision_file bad2 good1 <<'SQL'
-- cmig:upgrade
CREATE TABLE number (n integer PRIMARY KEY);
COPY number FROM stdin;
1
two
3
\.
CREATE TABLE never (id integer);
SQL
cmig_fails 1 upgrade head
expect_err 'bad2.sql:' '(SQLSTATE 22P02)' two 'number'
now_at good1
is "$(tables)" 'alembic_version good1' 'failing data leaves nothing'
# The same when the COPY itself is refused: its data must not be run as SQL.
revision_file bad2 good1 <<'SQL'
-- cmig:upgrade
CREATE TABLE number (n integer PRIMARY KEY);
COPY absent FROM stdin;
1
DROP TABLE good1;
\.
INSERT INTO number VALUES (1);
SQL
cmig_fails 1 upgrade head
expect_err 'bad2.sql:7:' absent
now_at good1
is "$(tables)" 'alembic_version good1' 'data of a refused COPY is not run'
# A failing statement behind a COPY has the right place.
revision_file bad2 good1 <<'SQL'
-- cmig:upgrade
CREATE TABLE number (n integer PRIMARY KEY);
COPY number FROM stdin;
1
2
\.

  SELECT nope;
SQL
cmig_fails 1 upgrade head
expect_err 'bad2.sql:12:10' nope
now_at good1

# A statement that puts rows out cannot hang the run.
start_over
revision_file out1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE number (n integer PRIMARY KEY);
INSERT INTO number SELECT generate_series(1, 20000);
SELECT * FROM number;
COPY number TO STDOUT;
INSERT INTO number VALUES (0);
SQL
CMIG_TEST_TIMEOUT=20 cmig_ok upgrade head
expect_out_is </dev/null
now_at out1
is "$(sql 'SELECT count(*) FROM number')" 20001 'the statements around COPY TO STDOUT ran'

# --- a dump ---------------------------------------------------------------------------------------
# pg_dump dumps servers up to its own version; 58-dumps.t has dumps of newer ones.
if pg_dump_can; then
start_over
atomic='CREATE FUNCTION plus(a integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT a + 1; END;'
server_has 140000 || atomic=''
sql "CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'a;b');
CREATE SEQUENCE public.counter START 5;
CREATE TABLE person (
  id serial PRIMARY KEY, name text NOT NULL DEFAULT 'it''s; \"x\"', mood mood,
  boss integer REFERENCES person (id) ON DELETE CASCADE, tags text[] DEFAULT '{}',
  full_name text GENERATED ALWAYS AS (name || '!') STORED);
COMMENT ON TABLE person IS 'semi;colon -- and \$\$';
CREATE INDEX person_name ON person (lower(name)) WHERE mood IS NOT NULL;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.name := NEW.name || ''; COMMIT;''; RETURN NEW; END';
$atomic
CREATE VIEW sad_person AS SELECT id, name FROM person WHERE mood = 'sad';
INSERT INTO person (name, mood, boss, tags) VALUES (E'o''Neil\\\\ \t\n', 'a;b', NULL, '{x,\"y z\"}'),
  ('日本', NULL, 1, NULL), ('\\.', 'sad', 1, '{}');
CREATE TRIGGER person_touch BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION touch();
SELECT nextval('counter');" >/dev/null
# Without comments, which differ between two dumps of the same content.
plain_dump() { dump_database --no-owner --exclude-table=alembic_version --exclude-table='cmig_audit*' | sed '/^--/d'; }
dumping pg_dump --no-owner >dump.sql
plain_dump >before.txt
grep -q '^COPY ' dump.sql
check_that 'the dump has its data as COPY'
grep -q "set_config('search_path', ''" dump.sql
check_that 'the dump empties search_path'
# Newer releases of pg_dump write these lines themselves.
grep -q '^.restrict ' dump.sql || {
    { echo '\restrict 0Kh5bVuPzkLxYqQeD4wTjXo'; cat dump.sql; echo '\unrestrict 0Kh5bVuPzkLxYqQeD4wTjXo'; } >dump2.sql
    mv dump2.sql dump.sql
}

start_over
{
    echo '-- cmig:upgrade'
    cat dump.sql
    printf '\n-- cmig:downgrade none "a dump"\n'
} | revision_file dump1 null
LINE_FROM=dump1 line_of_revisions after2
cmig_ok upgrade head
expect_out_is </dev/null
now_at after2
plain_dump >full.txt
sql 'DROP TABLE after2' >/dev/null
plain_dump >after.txt
if cmp -s before.txt after.txt; then ok 'the dump dumps back equal'; else
    not_ok 'the dump dumps back equal'
    diff -u before.txt after.txt | head -40 | diag
fi
grep -q 'CREATE TABLE public.after2' full.txt
check_that 'the migration after the dump found its schema again'
is "$(sql "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'alembic_version'")" \
    public 'the version table is where it belongs'
cmig_ok current
expect_out_is <<'OUT'
after2 (head)
OUT

# As the very last migration too, where only the version row comes after it or before it.
start_over
{ echo '-- cmig:upgrade'; cat dump.sql; } | revision_file dump1 null
cmig_ok upgrade head
now_at dump1
cmig_ok upgrade head
expect_err 'Nothing to do.'

# The same with transaction: all.
start_over
# shellcheck disable=SC2016
printf 'database_url: ${DATABASE_URL}\ntransaction: all\n' >alembic.yml
{ echo '-- cmig:upgrade'; cat dump.sql; } | revision_file dump1 null
LINE_FROM=dump1 line_of_revisions after2 after3
cmig_ok upgrade head
now_at after3
is "$(sql 'SELECT count(*) FROM person')" 3 'the data is there'
fi

# --- settings do not leak from one migration into the next ---------------------------------------------
start_over
sql "CREATE SCHEMA side" >/dev/null
role=cmig_role_$$
sql "CREATE ROLE $role" "GRANT ALL ON SCHEMA public, side TO $role" >/dev/null
leaks() { # SETTINGS: a migration that leaves them behind, then one that must not see them.
    sql 'DROP TABLE IF EXISTS alembic_version, here, seen' >/dev/null 2>&1
    rm -f migrations/versions/*.sql
    printf -- '-- cmig:upgrade%s\n%s\n' "${2:-}" "$1" | revision_file leak1 null
    revision_file seen2 leak1 <<'SQL'
-- cmig:upgrade
CREATE TABLE here (id integer);
CREATE TABLE seen AS SELECT current_user::text AS who, current_setting('search_path') AS path,
  current_setting('DateStyle') AS style, current_setting('check_function_bodies') AS bodies,
  current_setting('standard_conforming_strings') AS strings;
SQL
    cmig_ok upgrade head
    now_at seen2
    is "$(sql 'SELECT * FROM public.seen')" 'postgres|"$user", public|ISO, MDY|on|on' "no leak: $1"
    is "$(sql "SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'here'")" public 'tables are made where they belong'
}
leaks "SET ROLE $role;"
leaks "SET SESSION AUTHORIZATION $role;"
leaks 'SET search_path = side;'
leaks "SELECT pg_catalog.set_config('search_path', '', false);"
leaks "SET DateStyle = 'German'; SET check_function_bodies = off;"
leaks 'SET standard_conforming_strings = off;'
leaks 'SET search_path = side;' ' transaction=off'
leaks "SET ROLE $role;" ' transaction=off'
sql 'DROP TABLE IF EXISTS alembic_version, here, seen' "DROP OWNED BY $role" "DROP ROLE $role" >/dev/null

# A migration cannot end the run's lock or connection silently: the next step notices.
start_over
revision_file end1 null <<'SQL'
-- cmig:upgrade
CREATE TABLE gone (id integer);
SELECT pg_terminate_backend(pg_backend_pid());
SQL
cmig_any '3 69' upgrade head
expect_err end1
is "$(tables)" '' 'a migration that ends its own session leaves nothing'

done_testing
