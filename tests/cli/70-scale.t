#!/bin/sh
# Ten thousand revisions, in a line and as stacked diamonds: right counts, within a bound of time
# and of memory. CMIG_TEST_SCALE=full (make test-full) runs all of them up and down, else a part, and
# has four thousand in the diamonds.
# databases: none
# Ten thousand commits must not wait for a disk.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"
N=10000
case ${CMIG_TEST_SCALE:-} in
full) back=5000 top=3333 at_top='m03333 (head) (mergepoint)' below=3000 lanes=4000 levels=3333 ;;
*) back=9000 top=0500 at_top='m00500 (branchpoint) (mergepoint)' below=0450 lanes=1000 levels=1333 ;;
esac
if grep -aq __asan_init "$CMIG"; then # which reserves terabytes, and takes its time
    CMIG_TEST_TIMEOUT=120
else
    CMIG_TEST_TIMEOUT=60
    # shellcheck disable=SC3045 # dash and bash have it
    ulimit -v 307200 # KiB
fi

project linear
awk -v n=$N 'BEGIN { down = "null"; for (i = 1; i <= n; i++) {
    id = sprintf("r%05d", i); file = "migrations/versions/" id "_x.sql"
    printf "-- revision: %s\n-- down_revision: %s\n-- message: step %d\n\n-- cmig:upgrade\nINSERT INTO log VALUES (%d);\n-- cmig:downgrade\nDELETE FROM log WHERE n = %d;\n", id, down, i, i, i >file
    close(file); down = id } }'
sed -i 's/^INSERT/CREATE TABLE log (n integer);\n&/; s/^DELETE.*/DROP TABLE log;/' migrations/versions/r00001_x.sql
run 0 heads
out_is 'r10000 (head)'
run 0 history
is "$(wc -l <"$TEST_OUT" | tr -d ' ')" $N 'history has a line for each'
is "$(head -1 "$TEST_OUT")" 'r09999 -> r10000 (head), step 10000' 'newest first'
is "$(tail -1 "$TEST_OUT")" '<base> -> r00001, step 1' 'oldest last'
run 0 history -r r00500:r00999
is "$(wc -l <"$TEST_OUT" | tr -d ' ')" 500 'a range has its length'
run 0 history --json
is "$(json 'scalar @$j')" $N 'JSON has all'
run 0 branches
out_is ''
run 0 upgrade head
is "$(sqlite3 app.db 'SELECT count(*), sum(n) FROM log')" '10000|50005000' 'each ran once'
run 0 current
out_is 'r10000 (head)'
run 0 upgrade head
run 0 downgrade r0$back
is "$(sqlite3 app.db 'SELECT count(*), max(n) FROM log')" "$back|$back" 'some went back'
run 0 upgrade +3
is "$(sqlite3 app.db 'SELECT max(n) FROM log')" $((back + 3)) 'and three forth'
run 0 stamp base
run 0 stamp head
run 0 current
out_is 'r10000 (head)'
run 0 revision -m next
run 0 heads
is "$(wc -l <"$TEST_OUT" | tr -d ' ')" 1 'a new revision goes on top'

# a; then diamonds: x and y over it, m merges them, and so on.
project diamonds
awk -v n=$levels 'function put(id, down) { file = "migrations/versions/" id "_x.sql"
    printf "-- revision: %s\n-- down_revision: %s\n-- message: %s\n\n-- cmig:upgrade\nINSERT INTO log VALUES (\047%s\047);\n-- cmig:downgrade\n", id, down, id, id >file
    close(file) }
    BEGIN { put("m00000", "null"); for (i = 1; i <= n; i++) {
    down = sprintf("m%05d", i - 1); x = sprintf("x%05d", i); y = sprintf("y%05d", i)
    put(x, down); put(y, down); put(sprintf("m%05d", i), "[" x ", " y "]") } }'
sed -i 's/^INSERT/CREATE TABLE log (n text);\n&/' migrations/versions/m00000_x.sql
run 0 heads
out_is "m0$levels (head)"
run 0 history
is "$(wc -l <"$TEST_OUT" | tr -d ' ')" $((3 * levels + 1)) 'history has a line for each'
is "$(head -1 "$TEST_OUT")" "x0$levels, y0$levels -> m0$levels (head) (mergepoint), m0$levels" 'newest first'
run 0 branches
is "$(grep -c branchpoint "$TEST_OUT")" $levels 'all branch points are found'
run 0 upgrade m0$top
is "$(sqlite3 app.db 'SELECT count(*), count(DISTINCT n) FROM log')" "$((3 * ${top#0} + 1))|$((3 * ${top#0} + 1))" 'each ran once'
is "$(sqlite3 app.db 'SELECT version_num FROM alembic_version')" m0$top 'one row is left'
run 0 current
out_is "$at_top"
run 0 upgrade m0$top
run 0 downgrade m0$below
run 0 current
out_is "m0$below (branchpoint) (mergepoint)"
run 0 upgrade m0$top
run 0 downgrade base
run 0 current
out_is ''

# Two lanes, each step of one depending on the other's: no parent, but an edge.
project lanes
awk -v n=$lanes 'BEGIN { for (i = 1; i <= n / 2; i++) for (lane = 0; lane < 2; lane++) {
    id = sprintf("%s%05d", lane ? "b" : "a", i)
    down = i > 1 ? sprintf("%s%05d", lane ? "b" : "a", i - 1) : "null"
    dep = lane ? sprintf("a%05d", i) : (i > 1 ? sprintf("b%05d", i - 1) : "")
    file = "migrations/versions/" id "_x.sql"
    printf "-- revision: %s\n-- down_revision: %s\n-- depends_on: [%s]\n-- message: m\n\n-- cmig:upgrade\n-- cmig:downgrade\n", id, down, dep >file
    close(file) } }'
run 0 heads
is "$(wc -l <"$TEST_OUT" | tr -d ' ')" 2 'two lanes have two heads'
lane=$(printf %05d $((lanes / 2)))
out_has "a$lane (effective head)" "b$lane (head)"
run 0 upgrade heads
is "$(sqlite3 app.db 'SELECT version_num FROM alembic_version')" "b$lane" 'one row implies all'
run 0 downgrade base
is "$(sqlite3 app.db 'SELECT count(*) FROM alembic_version')" 0 'and all go back'

# A thousand heads over one base; a revision that merges them all.
project star
awk 'function put(id, down) { file = "migrations/versions/" id "_x.sql"
    printf "-- revision: %s\n-- down_revision: %s\n-- message: m\n\n-- cmig:upgrade\n-- cmig:downgrade\n", id, down >file; close(file) }
    BEGIN { put("base0", "null"); for (i = 1; i <= 1000; i++) put(sprintf("s%04d", i), "base0") }'
run 0 heads
is "$(wc -l <"$TEST_OUT" | tr -d ' ')" 1000 'a thousand heads are listed'
run 1 upgrade head
err_has 'Multiple head revisions'
run 0 upgrade heads
is "$(sqlite3 app.db 'SELECT count(*) FROM alembic_version')" 1000 'a thousand rows'
run 0 merge -m all heads
run 0 upgrade head
is "$(sqlite3 app.db 'SELECT count(*) FROM alembic_version')" 1 'merged into one'
run 0 current --check-heads

# Of many statements in a large file each has its line.
project large
awk 'BEGIN { print "-- revision: aaaa1\n-- down_revision: null\n-- message: m\n\n-- cmig:upgrade"
    for (i = 0; i < 160000; i++) print "-- a line of the dump of a large database, as it is"
    for (i = 0; i < 20000; i++) print "DROP TABLE t" i ";" }' >migrations/versions/aaaa1_x.sql
run 0 plan --json
out_has '"line": 160006,' '"line": 180005,'
done_testing
