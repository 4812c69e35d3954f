#!/bin/sh
# Writes a history of N revisions for every tool that is compared, from the same SQL.
#   generate.sh linear|diamonds N FOLDER
# FOLDER/versions/*.sql (cmig), files/*.sql and all.sql (psql, sqlite3), alembic/, sqitch/.
# Each revision makes one small table. Diamonds: a fork and its merge, stacked, so that the number
# of paths doubles with every third revision.
set -eu
kind=$1
count=$2
out=$3
mkdir -p "$out/versions" "$out/files" "$out/alembic/versions" "$out/sqitch/deploy"

awk -v kind="$kind" -v count="$count" -v out="$out" '
function id(i) { return sprintf("%012x", 1000000 + i) }

# The revisions below revision i, as a list.
function parents(i) {
    if (i == 1)
        return "null"
    if (kind == "linear")
        return id(i - 1)
    if (i % 3 == 1)
        return id(i - 2) ", " id(i - 1)
    return id(i % 3 == 2 ? i - 1 : i - 2)
}

function python(list) {
    if (list == "null")
        return "None"
    gsub(/[0-9a-f]+/, "\"&\"", list)
    return "(" list ",)"
}

BEGIN {
    date = "2026-01-01T00:00:00Z"
    all = out "/all.sql"
    plan = out "/sqitch/sqitch.plan"
    print "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);" >all
    print "INSERT INTO alembic_version VALUES (\047\047);" >all
    print "%syntax-version=1.0.0\n%project=bench\n" >plan

    for (i = 1; i <= count; i++) {
        name = id(i)
        down = parents(i)
        list = down == "null" ? down : "[" down "]"
        sql = "CREATE TABLE t" i " (id integer PRIMARY KEY, name varchar(40) NOT NULL);"
        undo = "DROP TABLE t" i ";"
        version = "UPDATE alembic_version SET version_num = \047" name "\047;"

        file = out "/versions/" name "_add_t" i ".sql"
        printf "-- revision: %s\n-- down_revision: %s\n-- message: add t%d\n", name, list, i >file
        printf "-- create_date: %s\n\n-- cmig:upgrade\n%s\n\n-- cmig:downgrade\n%s\n", date, sql, undo >file
        close(file)

        file = out "/files/" name ".sql"
        printf "BEGIN;\n%s\n%s\nCOMMIT;\n", sql, version >file
        close(file)
        printf "BEGIN;\n%s\n%s\nCOMMIT;\n", sql, version >all

        file = out "/alembic/versions/" name "_add_t" i ".py"
        printf "\"\"\"add t%d\n\nCreate Date: %s\n\"\"\"\nfrom alembic import op\n\n", i, date >file
        printf "revision = \"%s\"\ndown_revision = %s\nbranch_labels = None\ndepends_on = None\n\n\n", name, python(down) >file
        printf "def upgrade():\n    op.execute(\"%s\")\n\n\ndef downgrade():\n    op.execute(\"%s\")\n", sql, undo >file
        close(file)

        printf "t%d %s bench <bench@example.com> # add t%d\n", i, date, i >plan
        file = out "/sqitch/deploy/t" i ".sql"
        printf "BEGIN;\n%s\nCOMMIT;\n", sql >file
        close(file)
    }
}'

head -n 2 "$out/all.sql" >"$out/first.sql"
cat >"$out/alembic.yml" <<'YML'
script_location: .
YML
cat >"$out/alembic.ini" <<'INI'
[alembic]
script_location = alembic
INI
cat >"$out/alembic/env.py" <<'PY'
import os

from alembic import context
from sqlalchemy import create_engine, pool

url = os.environ["DATABASE_URL"]
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
PY
: >"$out/alembic/script.py.mako"
printf '[core]\n\tengine = pg\n' >"$out/sqitch/sqitch.conf"
