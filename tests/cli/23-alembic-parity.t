#!/bin/sh
# The same commands on the same random histories by Alembic and by cmig lead to the same version rows,
# by the same steps, and print the same. Needs the packages alembic and python3-psycopg2.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/lib-runs.sh"

# The distribution's packages belong to its own interpreter, which need not be the first on the path.
python=python3
"$python" -c 'import alembic' 2>/dev/null || python=/usr/bin/python3
if ! version=$("$python" -c 'import alembic, psycopg2; print(alembic.__version__)' 2>"$TEST_ERR"); then
    not_ok 'Alembic is installed (alembic, python3-psycopg2)'
    diag <"$TEST_ERR"
    done_testing
    exit 1
fi
ok "Alembic $version is installed"

case $CMIG_TEST_DB in
pg)
    sql "CREATE DATABASE ${TEST_DB}_alembic"
    trap 'drop_database "${TEST_DB}_alembic"; test_finish' EXIT
    ours="postgresql+psycopg2:///$TEST_DB?host=$PGHOST&port=$PGPORT&user=$PGUSER"
    theirs="postgresql+psycopg2:///${TEST_DB}_alembic?host=$PGHOST&port=$PGPORT&user=$PGUSER"
    ;;
*)
    ours=$TEST_URL
    theirs=sqlite:///$TEST_TMP/alembic.db
    ;;
esac

mkdir -p migrations/versions
graphs=10
! full || graphs=25
# Other seeds: CMIG_TEST_SEED=1000 CMIG_TEST_GRAPHS=500.
timeout -k 5 "${CMIG_TEST_PARITY_SECONDS:-150}" "$python" -W ignore "$here/alembic-parity.py" "$CMIG" "$ours" "$theirs" \
    "${CMIG_TEST_SEED:-1}" "${CMIG_TEST_GRAPHS:-$graphs}" >compared 2>"$TEST_ERR"
TEST_STATUS=$?
while IFS= read -r line <&3; do
    case $line in
    'P '*) ok "${line#P }" ;;
    'F '*) not_ok "${line#F }" ;;
    '#'*) printf '%s\n' "${line#\# }" | diag ;;
    esac
done 3<compared
grep -q '^done ' compared && [ "$TEST_STATUS" -eq 0 ]
check_that 'the comparison came to its end'
grep -q '^done ' compared || diag <"$TEST_ERR"

done_testing
