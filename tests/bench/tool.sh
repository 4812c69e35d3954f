#!/bin/sh
# One run of one tool, as bench.sh measures it: tool.sh NAME, in the folder of a history.
# BENCH_DATABASE is pg or sqlite; DATABASE_URL, BENCH_SA_URL, BENCH_SQLITE and PG* say where.
case $1:$BENCH_DATABASE in
nothing:*) ;; # what the measuring itself costs
cmig_up:*) exec "$BENCH_CMIG" upgrade head ;;
cmig_history:*) exec "$BENCH_CMIG" history ;;
cmig_heads:*) exec "$BENCH_CMIG" heads ;;
alembic_up:*) DATABASE_URL=$BENCH_SA_URL exec "$BENCH_ALEMBIC" upgrade head ;;
alembic_history:*) DATABASE_URL=$BENCH_SA_URL exec "$BENCH_ALEMBIC" history ;;
alembic_heads:*) DATABASE_URL=$BENCH_SA_URL exec "$BENCH_ALEMBIC" heads ;;
client_one:pg) exec psql -Xq -v ON_ERROR_STOP=1 -f all.sql ;;
client_one:sqlite) exec sqlite3 -batch -bail "$BENCH_SQLITE" <all.sql ;;
client_each:*)
  for file in first.sql files/*.sql; do
    case $BENCH_DATABASE in
    pg) psql -Xq -v ON_ERROR_STOP=1 -f "$file" || exit ;;
    *) sqlite3 -batch -bail "$BENCH_SQLITE" <"$file" || exit ;;
    esac
  done
  ;;
client_query:pg) exec psql -XqAt -c 'SELECT version_num FROM alembic_version' ;;
client_query:sqlite) exec sqlite3 -batch "$BENCH_SQLITE" 'SELECT version_num FROM alembic_version' ;;
sqitch_up:*)
  cd sqitch || exit 1
  exec "$BENCH_SQITCH" deploy "$BENCH_SQITCH_URL"
  ;;
*)
  echo "no such tool: $1" >&2
  exit 2
  ;;
esac
