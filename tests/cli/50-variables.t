#!/bin/sh
# Variables of SQL sections: -x and `variables:`, the three forms, what is never replaced, what is
# refused before anything changes, places of errors, and that no value is shown.
. "$(dirname "$0")/lib.sh"
mkdir migrations

# is GOT WANTED NAME
is() {
    if [ "$1" = "$2" ]; then
        ok "$3"
    else
        not_ok "$3"
        printf 'got:    %s\nwanted: %s\n' "$1" "$2" | diag
    fi
}

# revision ID DOWN: the sections come from standard input.
revision() {
    { printf -- '-- revision: %s\n-- down_revision: %s\n\n' "$1" "$2" && cat; } >"migrations/$1.sql"
}

# The revisions the database is at; "none" without a version table.
rows() { sql "SELECT version_num FROM alembic_version ORDER BY 1" 2>/dev/null || echo none; }

# unchanged NAME: the database is at a1, and nothing else is there.
unchanged() {
    is "$(rows)" a1 "$1: the database is at a1"
    is "$(dump_schema)" "$schema" "$1: the schema is as before"
}

# --- Forms, in both directions --------------------------------------------------------------------

revision a1 null <<'SQL'
-- cmig:upgrade substitute=on
CREATE TABLE log (at integer, what text);
CREATE TABLE :"table" (:"table" text DEFAULT :'default');
INSERT INTO log VALUES (:number, :'text'), (-:number, ':text' /* :nothing */), (2, :'empty'); -- :nothing
INSERT INTO :"table" DEFAULT VALUES;
INSERT INTO log VALUES (CAST(:'number' AS integer) + 1, :'flag');

-- cmig:downgrade substitute=on
DROP TABLE :"table";
DROP TABLE lo:g;
SQL
cat >alembic.yml <<'YML'
variables:
  table: fi"le
  number: 41
  empty: ""
  text: from the file
  default: ${THE_DEFAULT:-un${NOT_SET:-set}}
  given: null
  g: g
YML
export THE_DEFAULT="\\it's; --\\"
cmig_ok -x flag=before -x text='it'\''s "x" \ :number é' -x unused=1 upgrade head -x flag=1 -x flag='=b=c'
expect_out_is </dev/null
expect_err '1 revision applied; the database is at a1.'
is "$(sql 'SELECT what FROM log ORDER BY at')" "$(printf '%s\n' ':text' '' "it's \"x\" \\ :number é" '=b=c')" \
    'literals are what was given, -x before the file, the last -x of a name'
is "$(sql 'SELECT at FROM log ORDER BY at')" "$(printf '%s\n' -41 2 41 42)" 'text stands as it is'
is "$(sql 'SELECT "fi""le" FROM "fi""le"')" "\\it's; --\\" 'names are quoted; ${NAME} is expanded'
cmig_ok downgrade base
is "$(dump_schema)" '' 'a downgrade section takes variables too'
cmig_ok --variable flag=1 upgrade head --variable=text=2
is "$(sql 'SELECT what FROM log WHERE at = 42')" 1 '--variable is -x'
if [ "$CMIG_TEST_DB" = pg ]; then
    cmig_ok downgrade base
    sql "ALTER DATABASE $TEST_DB SET standard_conforming_strings = off"
    cmig_ok upgrade head -x flag='a\n\'
    sql "ALTER DATABASE $TEST_DB RESET standard_conforming_strings"
    is "$(sql 'SELECT what FROM log WHERE at = 42')" 'a\n\' 'a backslash is one with other settings too'
fi
schema=$(dump_schema)

# --- What is never replaced -----------------------------------------------------------------------

case $CMIG_TEST_DB in
pg)
    revision b2 a1 <<'SQL'
-- cmig:upgrade substitute=on
CREATE TABLE never (id integer, what text);
COPY never FROM stdin;
1	:text :'nothing'
\.
INSERT INTO never VALUES (2, E'\':text'), (3, $$:'text'$$), (4, U&':text'), (5, ':text'::text);
DO $do$ DECLARE x text := ':text'; BEGIN INSERT INTO never VALUES (6, x); END $do$;
INSERT INTO never SELECT 7, (ARRAY['a', 'b', 'c'])[2:3]::text;
INSERT INTO never SELECT 8, x[a : b] FROM (SELECT ARRAY[1, 2] AS x, 1 AS a, 2 AS b) AS t;
INSERT INTO never SELECT 9, :'text'::text AS "x:text";
SQL
    wanted=":text :'nothing'|':text|:'text'|:text|:text|:text|{b,c}|{1,2}|v"
    ;;
*)
    revision b2 a1 <<'SQL'
-- cmig:upgrade substitute=on
CREATE TABLE never (id integer, what text);
INSERT INTO never VALUES (1, ':text'), (2, ''':text'''), (3, /* :nothing */ ":text");
INSERT INTO never SELECT 4, [:text] FROM (SELECT 'x' AS ":text");
INSERT INTO never SELECT 5, `:text` FROM (SELECT :'text' AS ":text"); -- :nothing
SQL
    wanted=":text|':text'|:text|x|v"
    ;;
esac
cmig_ok -x text=v upgrade head
is "$(sql 'SELECT what FROM never ORDER BY id' | paste -sd '|' -)" "$wanted" 'quoted text stays'
sql 'DROP TABLE never'
cmig_ok stamp a1

# A section that does not ask for it is sent byte for byte.
case $CMIG_TEST_DB in
pg) marker='-- cmig:upgrade postgresql' ;;
*) marker='-- cmig:upgrade sqlite substitute=off' ;;
esac
revision b2 a1 <<SQL
-- cmig:upgrade substitute=on
SELECT :nothing;
$marker
CREATE TABLE plain (what text DEFAULT ':text');
INSERT INTO plain VALUES (':''text'), (':text');
SQL
cmig_ok -x text=v upgrade head
is "$(sql 'SELECT what FROM plain ORDER BY what' | paste -sd '|' -)" ":'text|:text" \
    'without substitute=on nothing is replaced'
sql 'DROP TABLE plain'
cmig_ok stamp a1
if [ "$CMIG_TEST_DB" = pg ]; then
    revision b2 a1 <<'SQL'
-- cmig:upgrade
SELECT :text;
SQL
    cmig_fails 1 -x text=1 upgrade head
    expect_err 'b2.sql:5:8: ' 'syntax error at or near ":"'
    unchanged 'a reference that is not asked for'
fi

# --- Refused before anything changes --------------------------------------------------------------

revision b2 a1 <<'SQL'
-- cmig:upgrade substitute=on
CREATE TABLE second (x text);
SQL
revision c3 b2 <<'SQL'
-- cmig:upgrade substitute=on
INSERT INTO second VALUES (:'text');
  INSERT INTO second VALUES (:'givn');
SQL
cmig_fails 78 -x given=hunter2canary upgrade head
expect_out_is </dev/null
expect_err 'c3.sql:6:30: the variable "givn" is not defined' \
    'detail: defined: default, empty, g, given, number, table, text' 'hint: did you mean "given"?' \
    '-x givn=VALUE' '"variables" in alembic.yml' 'a space behind the colon'
expect_no_err hunter2canary
unchanged 'an undefined variable'

CMIG_CANARY=hunter2canary
# refused PLACE TEXT VALUE SQL: the value of v is refused, and nothing of it is shown.
refused() {
    printf -- '-- cmig:upgrade substitute=on\n%s\n' "$4" | revision c3 b2
    test_call -x v="$3" upgrade head
    test_judge 78 "$4 is refused"
    expect_err "c3.sql:$1: " "$2"
    unchanged "$4"
}
refused 5:25 'COMMIT cannot stand in a section that runs in a transaction' \
    "1, '$CMIG_CANARY'); COMMIT; INSERT INTO log VALUES (2, 'x'" 'INSERT INTO log VALUES (:v);'
refused 5:8 'in the value of the variable "v" a string is not ended' "'$CMIG_CANARY" 'SELECT :v, :v;'
refused 5:8 'in the value of the variable "v" a comment is not ended' "1 -- $CMIG_CANARY" 'SELECT :v;'
refused 5:8 'in the value of the variable "v" a comment is not ended' "1 /* $CMIG_CANARY" 'SELECT :v; /* */'
refused 5:11 'would be read as part of the text beside it' "-1 + $CMIG_CANARY" 'SELECT 1 -:v;'
refused 5:11 'would be read as part of the text beside it' "$CMIG_CANARY" "SELECT 'a':'v';"
refused 5:8 ":{?name} is psql's" 1 'SELECT :{?v};'
if [ "$CMIG_TEST_DB" = pg ]; then
    refused 5:8 'a backslash outside of quotes is not SQL' "\\$CMIG_CANARY" 'SELECT :v;'
    refused 5:8 'a dollar-quoted string is not ended' "\$\$$CMIG_CANARY" 'SELECT :v;'
fi

# --- Hostile values that are none of that ---------------------------------------------------------

revision b2 a1 <<'SQL'
-- cmig:upgrade transaction=off substitute=on
CREATE TABLE :"v" (:"v" text);
INSERT INTO :"v" VALUES (:'v');

-- cmig:downgrade substitute=on
DROP TABLE :"v";
SQL
rm migrations/c3.sql
hostile="'); DROP TABLE log; -- \"; DROP TABLE log; /* \$\$ \\'"
cmig_ok -x v="$hostile" upgrade head
is "$(sql "SELECT * FROM \"$(printf '%s' "$hostile" | sed 's/"/""/g')\"")" "$hostile" 'quotes hold any text'
cmig_ok -x v="$hostile" downgrade a1
unchanged 'taken back'

revision b2 a1 <<'SQL'
-- cmig:upgrade substitute=on
:statements;

-- cmig:downgrade
SQL
cmig_ok upgrade head -x statements="DELETE FROM log; INSERT INTO log VALUES (8, ';'); INSERT INTO log VALUES (9, '')"
is "$(sql 'SELECT at FROM log ORDER BY at' | paste -sd ' ' -)" '8 9' 'a value may be several statements'
cmig_ok downgrade a1

# --- Places of the server's errors ----------------------------------------------------------------

long=$(printf 'é%.0s' $(seq 2000))
export SECRET="$CMIG_CANARY"
cat >>alembic.yml <<'YML'
  secret: "'${SECRET}'\n"
YML
revision b2 a1 <<'SQL'
-- cmig:upgrade substitute=on
INSERT INTO log VALUES (1, 'é'), (2, :'secret'), (3, :long), (4, nosuch);
SQL
cmig_fails 1 -x long="'
$long'" upgrade head
expect_err 'b2.sql:5:66: ' nosuch
expect_no_err "$long"
unchanged 'an error behind values'
revision b2 a1 <<'SQL'
-- cmig:upgrade substitute=on
SELECT 1;
SELECT :'secret', :v FROM log; SELECT 1;
SQL
cmig_fails 1 -x v="'x', nosuch" upgrade head
expect_err 'b2.sql:6:19: ' nosuch
unchanged 'an error in a value'

# --- What the database repeats of a value ----------------------------------------------------------

cat >>alembic.yml <<'YML'
  token: ${SECRET}
  begin: "${SECRET} and more"
YML
for body in 'SELECT * FROM :"token";' "INSERT INTO log (:\"begin\") VALUES (1);"; do
    revision b2 a1 <<SQL
-- cmig:upgrade substitute=on
$body
SQL
    cmig_fails 1 upgrade head
    case $body in *token*) expect_err ':token' ;; *) expect_err ':begin' ;; esac
    expect_no_err 'and more'
    unchanged "$body"
done
if [ "$CMIG_TEST_DB" = pg ]; then
    revision b2 a1 <<'SQL'
-- cmig:upgrade substitute=on
CREATE TABLE IF NOT EXISTS :"token" (i integer);
CREATE TABLE IF NOT EXISTS :"token" (i integer);
DO $$BEGIN RAISE EXCEPTION USING MESSAGE = current_setting('cmig.v'), DETAIL = current_setting('cmig.v'), HINT = 'no'; END$$;
SQL
    sed -i "s/^DO/SET LOCAL cmig.v = :'token';\n&/" migrations/b2.sql
    cmig_fails 1 upgrade head
    expect_err 'NOTICE: relation ":token" already exists' 'upgrade of b2: :token' 'detail: :token'
    unchanged 'what the server says'
fi

printf -- '-- cmig:upgrade\n' | revision b2 a1

# --- Command line and configuration ---------------------------------------------------------------

cmig_fails 2 -x hunter2canary upgrade head
expect_err 'cmig: error: -x: a variable is given as KEY=VALUE' 'hint: for example -x schema='
for bad in hunter2canary-x=1 =hunter2canary 1hunter2canary=1 'hunter2canary =1' é=hunter2canary; do
    test_call upgrade head -x "$bad"
    test_judge 2 'a bad name'
    expect_err 'cmig: error: -x: the part before the `=` is not a name'
done
test_call upgrade head -x v="$(printf 'hunter2canary\377')"
test_judge 2 'bytes that are no UTF-8'
expect_err 'cmig: error: -x: the value is not valid UTF-8'
cmig_fails 2 upgrade head -x
expect_err 'issing argument for -x'
cmig_ok -x anything= -x v=a=b heads
expect_out 'b2 (head)'
unchanged 'a wrong command line'

cat >alembic.yml <<'YML'
variables:
  good: 1
  not-good: hunter2canary
YML
cmig_fails 78 heads
expect_err 'alembic.yml:3:3: variables: this is not a name of a variable'
printf 'variables:\n  a: ${MISSING_ONE}\n' >alembic.yml
cmig_fails 78 upgrade head
expect_err 'alembic.yml:2:6: variables.a: the environment variable MISSING_ONE is not set'
cmig_ok -x a=1 heads
unchanged 'a wrong configuration'
done_testing
