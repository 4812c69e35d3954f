#!/bin/sh
# cmig audit: the log is shown, exported and verified; whatever is done to its rows is found.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-runs.sh"

# audit_count CONDITION
audit_count() { sql "SELECT count(*) FROM cmig_audit WHERE $1"; }

# head_of: the head that the last call printed.
head_of() { sed -n 's/^audit head //p' "$TEST_ERR"; }

# keep, put_back: the audit table as it is now.
keep() { sql 'DROP TABLE IF EXISTS kept' 'CREATE TABLE kept AS SELECT * FROM cmig_audit' >/dev/null; }
put_back() { sql 'DELETE FROM cmig_audit' 'INSERT INTO cmig_audit SELECT * FROM kept' >/dev/null; }

# finds NAME SQL TEXT…: after the statement verify ends with 4 and says this; then all is as before.
finds() {
  finds_name=$1
  sql "$2" >/dev/null
  check_that "$finds_name: done"
  shift 2
  cmig_fails 4 audit verify
  expect_out "$@"
  expect_err 'cmig: error: the audit log is not as cmig wrote it'
  put_back
}

# --- before there is anything ---------------------------------------------------------------------
start_over
for action in list export; do
  cmig_ok audit $action
  expect_out_is </dev/null
done
cmig_ok audit verify
expect_out_is <<TEXT
0 rows, head none
TEXT
cmig_ok audit list --json
expect_out '[]'
cmig_fails 1 audit show 1
expect_err 'there is no record 1'
[ "$CMIG_TEST_DB" = pg ] || holds_not 'looking makes no file' test -e "$TEST_DB"
is "$(tables)" '' 'looking makes no table'

# --- runs and their heads -------------------------------------------------------------------------
line_of_revisions r1 r2 r3
cmig_ok upgrade head
head=$(head_of)
is "$(printf '%s' "$head" | grep -cE '^[0-9a-f]{64}$')" 1 'a run prints the head'
is "$head" "$(sql 'SELECT hash FROM cmig_audit ORDER BY id DESC LIMIT 1')" 'which is the last hash'
cmig_ok audit verify
expect_out_is <<TEXT
intact: 3 rows, head $head
TEXT
expect_err_is </dev/null
cmig_ok audit verify --head "$head"
cmig_ok upgrade head
expect_no_err 'audit head'
cmig_ok downgrade -1 --quiet
expect_err_is </dev/null
cmig_ok upgrade head --json
is "$(sed -n 's/^ *"audit_head": "\(.*\)"$/\1/p' "$TEST_OUT")" "$(head_of)" 'the head is in the JSON too'
cmig_ok upgrade head --json
expect_out '"audit_head": null'
cmig_ok stamp r2
is "$(head_of)" "$(sql 'SELECT hash FROM cmig_audit ORDER BY id DESC LIMIT 1')" 'stamp prints it'
cmig_ok stamp r3
is "$(sql 'SELECT min(id), max(id), count(*) FROM cmig_audit')" '1|7|7' 'numbers have no gaps'
cmig_ok audit verify --head "$head"
expect_out '7 rows'

# --- what a row says ------------------------------------------------------------------------------
user=$(id -un)
is "$(audit_count "os_user = '$user' AND tool = '$("$CMIG" version)' AND host IS NOT NULL")" 7 'who, with what, where'
is "$(audit_count "fingerprint IS NOT NULL AND length(fingerprint) = 64 AND event <> 'stamped'")" 5 'the fingerprint'
is "$(audit_count "started_at IS NULL OR duration_ms IS NULL OR started_at > at")" 2 'times of what ran'
case $CMIG_TEST_DB in
pg)
  is "$(audit_count "db_user = current_user AND application LIKE 'cmig/%'")" 7 'the session'
  is "$(audit_count "at BETWEEN now() - interval '5 min' AND now()")" 7 'the time'
  ;;
*)
  is "$(audit_count "db_user IS NULL AND application IS NULL")" 7 'there is no session'
  is "$(audit_count "julianday('now') - julianday(at) BETWEEN 0 AND 0.01")" 7 'the time'
  ;;
esac
cmig_ok audit show 2
is "$(wc -l <"$TEST_OUT")" 32 'show prints every field'
expect_out 'revision         r2' 'event            applied' 'version_table    alembic_version' \
  "hash             $(sql 'SELECT hash FROM cmig_audit WHERE id = 2')"
cmig_ok audit show 2 --json
expect_out '"id": 2' '"revision": "r2"' '"level": ' '"sqlstate": null'
cmig_fails 1 audit show 8
for wrong in x 0 -1 1x 99999999999999999999; do cmig_fails 2 audit show -- $wrong; done

# --- list and its filters -------------------------------------------------------------------------
listed() { tail -n +2 "$TEST_OUT" | awk '{ print $1 }' | one_line; }
cmig_ok audit list
is "$(listed)" '1 2 3 4 5 6 7' 'all, newest last'
expect_out 'reverted' 'stamped' '[r3] -> [r2]'
cmig_ok audit list --limit 2
is "$(listed)" '6 7' 'the last two'
cmig_ok audit list --limit 0
is "$(listed)" '1 2 3 4 5 6 7' '0 is all'
cmig_ok audit list --revision r3
is "$(listed)" '3 4 5' 'of a revision'
cmig_ok audit list --revision r --event applied
is "$(listed)" '1 2 3 5' 'of revisions that begin so, and of an event'
cmig_ok audit list --run "$(sql 'SELECT substr(run, 1, 8) FROM cmig_audit WHERE id = 2')"
is "$(listed)" '1 2 3' 'of a run'
cmig_ok audit list --user "$user"
is "$(listed)" '1 2 3 4 5 6 7' 'of a user'
cmig_ok audit list --user nobody-else
expect_out_is </dev/null
expect_err 'no such records'
today=$(date -u +%Y-%m-%d)
cmig_ok audit list --since "$today" --until "$today"
is "$(listed | wc -w)" 7 'today'
cmig_ok audit list --until 2020-01-01
expect_out_is </dev/null
cmig_ok audit list --since 2999-01-01T10:00:00+02:00
expect_out_is </dev/null
cmig_ok audit list --since 2020-01-01T10:00:00Z --until 2999-12-31 --json
is "$(grep -c '"id":' "$TEST_OUT")" 7 'as JSON'
sql "UPDATE cmig_audit SET at = '2026-01-02T03:04:05.678Z' WHERE id = 4"
cmig_ok audit list --since 2026-01-02T03:04:05.678Z --until 2026-01-02
is "$(listed)" 4 'from a moment on, to the end of a day'
cmig_ok audit list --since 2026-01-02T03:04:05.679Z --until 2026-01-02
is "$(listed)" '' 'a moment later'
cmig_ok audit list --until 2026-01-02T03:04:05.678Z
is "$(listed)" '' 'until does not count its moment'

for wrong in yesterday 2026-13-01 2026-02-30 '' '2026-01-02T' "2026-01-02'; DROP TABLE cmig_audit; --"; do
  cmig_fails 2 audit list --since "$wrong"
  expect_err 'is not a date'
done
cmig_fails 2 audit list --event nothing
expect_err 'there is no event "nothing"' 'applied, reverted'
events=$(sed -n 's/.*hint: //p' "$TEST_ERR" | tr -d ,)
is "${events%% *}" applied 'the events are listed'
cmig_ok audit show 1
columns=$(cut -d ' ' -f 1 "$TEST_OUT")
is "$(echo "$columns" | tail -n 1)" hash 'so are the columns'
cmig_ok help audit
for word in $events $columns; do expect_out "$word"; done
cmig_ok audit list --user "'; DROP TABLE cmig_audit; --"
cmig_ok audit list --revision "' OR 1=1 --"
expect_out_is </dev/null
cmig_fails 2 audit
cmig_fails 2 audit frobnicate
expect_err 'list, show ID, verify or export'
cmig_fails 2 audit list more
cmig_fails 2 audit show
cmig_fails 2 audit show 1 --limit 3
cmig_fails 2 audit list --head "$head"
cmig_fails 2 audit verify --output x
cmig_fails 2 audit verify --head short
start_over

# --- every column -----------------------------------------------------------------------------------
line_of_revisions r1 r2 r3 r4 r5
cmig_ok upgrade head
keep
case $CMIG_TEST_DB in
pg) columns=$(sql "SELECT attname || ' ' || atttypid::regtype FROM pg_attribute WHERE attrelid = 'cmig_audit'::regclass AND attnum > 0" | tr ' ' =) ;;
*) columns=$(sql "SELECT name || '=' || type FROM pragma_table_info('cmig_audit')") ;;
esac
is "$(echo "$columns" | wc -w)" 32 'the table has its columns'
for column in $columns; do
  name=${column%%=*}
  case $column in
  *=bigint | *=INTEGER) value="coalesce($name, 0) + 1000" ;;
  *=timestamp*) value="coalesce($name, '2026-01-01') + interval '1 microsecond'" ;;
  at=* | started_at=*) value="'2026-01-01T00:00:00.000Z'" ;;
  *) value="coalesce($name, '') || 'x'" ;;
  esac
  finds "$name" "UPDATE cmig_audit SET $name = $value WHERE id = 3" 'row '
  case $name in
  id | version_table) expect_out 'missing' ;;
  *) expect_out 'row 3: edited' ;;
  esac
done
for name in at run event revision direction checksum os_user host duration_ms started_at previous; do
  case $CMIG_TEST_DB in
  pg) sql "ALTER TABLE cmig_audit ALTER $name DROP NOT NULL" >/dev/null ;;
  *) case $name in at | run | event) continue ;; esac ;;
  esac
  finds "$name is null" "UPDATE cmig_audit SET $name = NULL WHERE id = 3" 'row 3: edited'
done

# --- rows ---------------------------------------------------------------------------------------------
finds 'the first row' 'DELETE FROM cmig_audit WHERE id = 1' 'row 2: missing: row 1 is missing'
finds 'a middle row' 'DELETE FROM cmig_audit WHERE id = 3' 'row 4: missing: row 3 is missing'
finds 'two rows' 'DELETE FROM cmig_audit WHERE id IN (2, 3)' 'rows 2 to 3 are missing'
finds 'swapped rows' "UPDATE cmig_audit SET id = 99 WHERE id = 2; UPDATE cmig_audit SET id = 2 WHERE id = 3;
  UPDATE cmig_audit SET id = 3 WHERE id = 99" 'row 2: reordered: this was row 3' 'row 3: reordered: this was row 2'
finds 'a row that is there twice' "INSERT INTO cmig_audit SELECT 6, version_table, at, run, event, revision, direction,
  statement, statements, checksum, fingerprint, detail, level, plan, environment, confirmed, reason, db_user, os_user,
  host, application, tool, git_commit, git_branch, git_dirty, server_identity, started_at, duration_ms, rows_affected,
  sqlstate, previous, hash FROM cmig_audit WHERE id = 5" 'row 6: reordered: this was row 5' 'row 6: unlinked'
finds 'a row of one'"'"'s own' "INSERT INTO cmig_audit (id, version_table, at, run, event, previous, hash)
  SELECT 6, version_table, at, 'x', 'applied', hash, 'x' FROM cmig_audit WHERE id = 5" 'row 6: edited'
finds 'a hash in between that is gone' 'UPDATE cmig_audit SET hash = NULL WHERE id = 3' 'row 3: unsealed'
sql 'DELETE FROM cmig_audit WHERE id = 3' >/dev/null
cmig_fails 4 audit verify --json
expect_out '"intact": false' '"problem": "missing"' '"row": "4"' '"findings_count": 1'
put_back
cmig_ok audit verify --json
expect_out '"intact": true' '"rows": 5' '"findings": []'

# Rehashed from a row on, but not to the end; and to the end, which only a kept head shows.
head=$(sql 'SELECT hash FROM cmig_audit WHERE id = 5')
cmig_ok audit export -o log.jsonl
cat >rehash.py <<'PY'
import hashlib, json, sys
last = int(sys.argv[1])
rows = [json.loads(line) for line in open('log.jsonl', encoding='utf-8')]
link = rows[1]['hash']
for row in rows[2:last]:
    if row['id'] == 3:
        row['host'] = 'elsewhere'
    row['previous'] = link
    link = hashlib.sha256(json.dumps({k: v for k, v in row.items() if k != 'hash'}, sort_keys=True,
                          separators=(',', ':'), ensure_ascii=False).encode()).hexdigest()
    print("UPDATE cmig_audit SET host = '%s', previous = '%s', hash = '%s' WHERE id = %d;" %
          (row['host'], row['previous'], link, row['id']))
PY
finds 'rehashed in part' "$(python3 rehash.py 4)" 'row 5: unlinked'
sql "$(python3 rehash.py 5)" >/dev/null
cmig_ok audit verify
cmig_fails 4 audit verify --head "$head"
expect_out "the log: truncated: no row has the hash $head"
put_back
sql 'DELETE FROM cmig_audit WHERE id > 3'
cmig_ok audit verify
cmig_fails 4 audit verify --head "$head"
expect_out 'truncated'
cmig_fails 4 audit verify --head "$head" --json
expect_out '"row": null' '"problem": "truncated"'
put_back

# --- export ---------------------------------------------------------------------------------------------
cmig_ok audit export
cmp -s "$TEST_OUT" log.jsonl
check_that 'what is exported to a file is what is printed'
cat >chain.py <<'PY'
import hashlib, json, sys
link, count = hashlib.sha256(('cmig audit ' + sys.argv[1]).encode()).hexdigest(), 0
for line in sys.stdin.buffer:
    row = json.loads(line)
    assert json.dumps(row, sort_keys=True, separators=(',', ':'), ensure_ascii=False).encode() + b'\n' == line, line
    given = row.pop('hash')
    assert row['previous'] == link, row['id']
    text = json.dumps(row, sort_keys=True, separators=(',', ':'), ensure_ascii=False)
    link, count = hashlib.sha256(text.encode()).hexdigest(), count + 1
    assert link == given, row['id']
print(count, link)
PY
is "$(python3 chain.py alembic_version <log.jsonl)" "5 $head" 'another program computes the same chain'
cmig_ok audit export -o -
cmp -s "$TEST_OUT" log.jsonl
check_that 'also by -'
cmig_ok audit export --revision r3
is "$(wc -l <"$TEST_OUT")" 1 'with a filter'
cmig_ok audit export --limit 2
is "$(wc -l <"$TEST_OUT")" 2 'the first two'
cmig_ok -q audit export -o log.jsonl
expect_err_is </dev/null
mkdir folder
cmig_fails 1 audit export -o folder
cmig_fails 1 audit export -o folder/missing/x
cp log.jsonl before.jsonl
sql 'ALTER TABLE cmig_audit RENAME TO other' 'CREATE TABLE cmig_audit (id integer)'
cmig_fails 1 audit export -o log.jsonl
cmp -s log.jsonl before.jsonl
check_that 'a failed export leaves the file as it was'
[ -z "$(find . -name '.cmig-*')" ]
check_that 'and no temporary file'

# --- a database of another encoding -----------------------------------------------------------------------
if [ "$CMIG_TEST_DB" = sqlite ]; then
  start_over
  sql "PRAGMA encoding = 'UTF-16'" 'CREATE TABLE there (i)'
  line_of_revisions r1 r2
  cmig_ok upgrade head
  cmig_ok audit verify
  expect_out '2 rows'
  sql "UPDATE cmig_audit SET host = host || char(0) || 'x' WHERE id = 1"
  cmig_fails 4 audit verify
  expect_out 'row 1: edited: the column host'
fi
done_testing
