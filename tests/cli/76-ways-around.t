#!/bin/sh
# Ways around the guard: servers that look like this machine, records of another environment, a
# name that is recorded without asking, plans that write to the records.
. "$(dirname "$0")/lib.sh"

mkdir migrations
echo 'script_location: migrations' >alembic.yml

# rev ID PARENT: the upgrade section is standard input.
rev() {
  {
    printf -- '-- revision: %s\n-- down_revision: %s\n\n-- cmig:upgrade\n' "$1" "$2"
    cat
  } >"migrations/$1.sql"
}

records() { sql "SELECT count(*) FROM cmig_audit WHERE event = '$1'"; }

rev a1 null <<'EOF'
CREATE TABLE t (a int);
EOF

# --- The recorded environment belongs to the database, not to one version table -------------------

cmig_fails 77 environment production
expect_err 'CONFIRM_PRODUCTION_MIGRATION=true cmig environment production'
CONFIRM_PRODUCTION_MIGRATION=true cmig_ok environment production
cmig_fails 77 upgrade head
echo 'version_table: other_versions' >>alembic.yml
cmig_fails 77 upgrade head
expect_err 'the database says so of itself'
cmig_ok plan
expect_out 'Environment: production'
cmig_fails 78 upgrade head --environment staging
expect_err 'says of itself that it is "production"'
cmig_fails 77 environment staging
# Of its own it may say something else, when that is confirmed.
CONFIRM_PRODUCTION_MIGRATION=true cmig_ok environment staging
cmig_ok environment
expect_out 'staging'
sed -i '/version_table/d' alembic.yml
cmig_ok environment
expect_out 'production'
is() { if [ "$1" = "$2" ]; then ok "$3"; else not_ok "$3: $1"; fi; }
is "$(records environment)" 2 'both are recorded'
is "$(records applied)" 0 'nothing ran'

# --- A plan that writes to the records is as bad as one that loses data ----------------------------

rev b1 null <<'EOF'
INSERT INTO cmig_audit (id, version_table, at, run, event, environment)
VALUES (99, 'alembic_version', '2026-01-01', 'x', 'environment', 'development');
EOF
rm migrations/a1.sql
CONFIRM_PRODUCTION_MIGRATION=true cmig_fails 77 upgrade head
expect_err 'level 3' '--approve'
cmig_ok environment
expect_out 'production'
rev b1 null <<'EOF'
ALTER TABLE cmig_audit RENAME TO old_audit;
EOF
CONFIRM_PRODUCTION_MIGRATION=true cmig_fails 77 upgrade head
expect_err 'level 3'
is "$(records applied)" 0 'nothing ran'

if [ "$CMIG_TEST_DB" = sqlite ]; then
  done_testing
  exit
fi

# --- Another schema in the place of that of the records --------------------------------------------

rev b1 null <<'EOF'
ALTER SCHEMA public RENAME TO away;
CREATE SCHEMA public;
CREATE TABLE public.alembic_version AS TABLE away.alembic_version;
CREATE TABLE public.cmig_audit (LIKE away.cmig_audit INCLUDING ALL);
EOF
CONFIRM_PRODUCTION_MIGRATION=true cmig_fails 77 upgrade head
expect_err 'level 3' ':5: moves the version table and the records away, with the schema public' \
  ':8: gives the name cmig_audit away'
cmig_ok plan
expect_out 'moves the version table and the records away'
is "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'away'")" 0 'nothing is moved'
is "$(records environment)" 2 'the records are where they were'

# --- What the planner computes, it does ------------------------------------------------------------

sql 'CREATE TABLE rows (a int); INSERT INTO rows VALUES (1)' \
  "CREATE FUNCTION inner_one() RETURNS int LANGUAGE sql AS 'DELETE FROM rows; SELECT 1'" \
  "CREATE FUNCTION outer_one() RETURNS int LANGUAGE plpgsql IMMUTABLE AS
     'BEGIN RETURN inner_one(); END'"
rev b1 null <<'EOF'
EXPLAIN SELECT outer_one();
EOF
CONFIRM_PRODUCTION_MIGRATION=true cmig_fails 77 upgrade head
expect_err 'cannot be judged'
is "$(sql 'SELECT count(*) FROM rows')" 1 'the row is still there'
sql 'EXPLAIN SELECT outer_one()' >/dev/null
is "$(sql 'SELECT count(*) FROM rows')" 0 'which EXPLAIN alone deletes'

# --- A plan is approved for one database, not for all of its name ----------------------------------

fresh() {
  drop_database "$TEST_DB"
  psql -XqAt -d postgres -c "CREATE DATABASE $TEST_DB"
  sql 'CREATE TABLE old (a int)'
}
rev b1 null <<'EOF'
DROP TABLE old;
EOF
fresh
cmig_ok plan
elsewhere=$(sed -n 's/^Plan hash: //p' "$TEST_OUT")
fresh
CONFIRM_PRODUCTION_MIGRATION=true cmig_fails 77 upgrade head --environment production \
  --approve "$elsewhere"
expect_err 'is not the plan that was approved'
is "$(sql 'SELECT count(*) FROM old')" 0 'the table is there'
cmig_ok plan
here=$(sed -n 's/^Plan hash: //p' "$TEST_OUT")
CONFIRM_PRODUCTION_MIGRATION=true cmig_ok upgrade head --environment production --approve "$here"

# --- Plans that hide what they drop ----------------------------------------------------------------

drop_database "$TEST_DB"
psql -XqAt -d postgres -c "CREATE DATABASE $TEST_DB"
sql 'CREATE TABLE old (a int); INSERT INTO old VALUES (1)' 'CREATE SCHEMA s' \
  'CREATE TABLE s.t (a int)' 'INSERT INTO s.t VALUES (1)'
CONFIRM_PRODUCTION_MIGRATION=true cmig_ok environment production
# hides WHAT: the plan on standard input is not run without an approval.
hides() {
  rev b1 null
  CONFIRM_PRODUCTION_MIGRATION=true cmig_fails 77 upgrade head
  expect_err '--approve'
  is "$(sql 'SELECT (SELECT count(*) FROM old) + (SELECT count(*) FROM s.t)')" 2 "$1"
}
hides 'a schema around a parent' <<'EOF'
CREATE SCHEMA x;
CREATE TABLE x.parent (a int);
ALTER TABLE old INHERIT x.parent;
DROP SCHEMA x CASCADE;
EOF
hides 'a parent of a parent' <<'EOF'
CREATE TABLE root (a int);
CREATE TABLE parent () INHERITS (root);
ALTER TABLE old INHERIT parent;
DELETE FROM root;
EOF
hides 'a search path of a routine' <<'EOF'
CREATE TABLE t (a int);
CREATE PROCEDURE drops() LANGUAGE sql SET search_path = s AS 'DROP TABLE t';
CALL drops();
EOF
hides 'a child of the records' <<'EOF'
CREATE TABLE more () INHERITS (cmig_audit);
EOF

# --- An address counts, not the folder beside it ---------------------------------------------------
# 0.0.0.0 leads to this machine and is no loopback address.

drop_database "$TEST_DB"
psql -XqAt -d postgres -c "CREATE DATABASE $TEST_DB"
perl -e 'use IO::Socket::INET; use IO::Socket::UNIX; use IO::Select;
  my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 9) or die;
  $| = 1; print $listener->sockport, "\n"; close STDOUT;
  $SIG{CHLD} = "IGNORE";
  while (my $client = $listener->accept) {
    next if fork;
    my $server = IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 1;
    my $both = IO::Select->new($client, $server);
    while (my @ready = $both->can_read) {
      for my $from (@ready) {
        sysread($from, my $bytes, 65536) or exit;
        syswrite($from == $client ? $server : $client, $bytes);
      }
    }
  }' "$PGHOST/.s.PGSQL.$PGPORT" >"$TEST_TMP/port" &
relay=$!
while [ ! -s "$TEST_TMP/port" ]; do sleep 0.05; done
port=$(cat "$TEST_TMP/port")

# environment_is NAME URL [VARIABLE=VALUE]
environment_is() {
  DATABASE_URL=$2 test_call environment
  test_judge 0 "environment of $2"
  expect_out "$1 ("
}
rev b1 null </dev/null
url="postgresql://$PGUSER@/$TEST_DB?port=$port"
environment_is development "$url&host=127.0.0.1"
environment_is production "$url&host=/tmp&hostaddr=0.0.0.0"
expect_out '0.0.0.0 is not this machine'
environment_is production "$url&host=localhost&hostaddr=0.0.0.0"
export PGHOSTADDR=0.0.0.0
environment_is production "$url&host=/tmp"
DATABASE_URL="$url&host=/tmp" cmig_fails 77 upgrade head

# --- Recording a name asks as any write to what the database counts as -----------------------------

export DATABASE_URL="$url&host=/tmp"
cmig_fails 77 environment development
expect_err 'CONFIRM_PRODUCTION_MIGRATION=true cmig environment development' 'is not this machine'
cmig_fails 77 upgrade head
CMIG_ENV=staging cmig_ok environment staging
cmig_ok upgrade head
unset PGHOSTADDR
kill "$relay"
is "$(sql 'SELECT version_num FROM alembic_version')" b1 'what is declared needs no confirmation'

done_testing
