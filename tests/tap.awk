# Judges TAP: awk -v status=N -f tests/tap.awk FILE  prints "PASSED FAILED" and, on standard error,
# what is wrong. A missing or wrong plan, `Bail out!`, and a non-zero exit status that no failed
# test explains, count as one failure each: a crash can never look like success. So does a skipped
# test: what is needed is installed. Only a whole file may say that it is about another database.

# The first ten are shown; the file has the rest.
function problem(text) {
    if (++failed <= 10)
        say(name ": " text)
}

function say(text) {
    gsub(/[\001-\037\177]/, "?", text)
    print text >"/dev/stderr"
}

/^1\.\.[0-9]+/ {
    plans++
    planned = substr($1, 4) + 0
    elsewhere = toupper($0) ~ /^1\.\.0 *# *SKIP/
}

/^ok([^a-zA-Z]|$)/ {
    run++
    if (toupper($0) ~ /# *SKIP/)
        problem($0)
    else
        passed++
}

/^not ok([^a-zA-Z]|$)/ {
    run++
    if (toupper($0) !~ /# *TODO/) {
        problem($0)
        telling = 1
        next
    }
}

# Diagnostics belong to the failed test above them.
telling {
    if ($0 !~ /^#/)
        telling = 0
    else if (failed <= 10)
        say("    " $0)
}

/^Bail out!/ { problem($0) }

END {
    if (plans != 1)
        problem(plans ? "more than one plan" : "no plan: it did not run to its end")
    else if (planned != run)
        problem("planned " planned " tests, ran " run + 0)
    else if (run == 0 && !elsewhere)
        problem("no test ran")
    if (status != 0 && failed == 0)
        problem("exit status " status)
    if (failed > 10)
        say(name ": and " failed - 10 " more, see build/test")
    print passed + 0, failed + 0
}
