#!/bin/sh
# A sample of the fault sweeps (`make torture` has all points): kills, cut connections, full disks.
# A cluster of its own: "no session is left" is about this test alone, and the server crashes.
unset PGHOST PGPORT PGUSER
. "$(dirname "$0")/lib.sh"
export CMIG

torture() { perl "$TEST_ROOT/tests/torture/torture.pl" "$@"; }

# points SWEEP: how many of its points are tried.
points() {
    case $CMIG_TEST_DB:$1 in
    pg:kill-pg) echo 6 ;;
    pg:cut-server) echo 4 ;;
    pg:backend-killed | pg:server-stopped) echo 1 ;;
    pg:*) echo 2 ;;
    sqlite:kill-*) echo 5 ;;
    *) echo 3 ;;
    esac
}

kinds=pg
[ "$CMIG_TEST_DB" = pg ] || kinds='sqlite|none'
for sweep in $(torture --list "$kinds"); do
    torture "--sample=$(points "$sweep")" "$sweep" >"$TEST_OUT" 2>"$TEST_ERR"
    TEST_STATUS=$?
    said=$(cat "$TEST_OUT")
    case $TEST_STATUS:$said in
    0:"$sweep: "[1-9]*" points tried, 0 failed") ok "$said" ;;
    *)
        not_ok "$sweep"
        show_call
        ;;
    esac
done

done_testing
