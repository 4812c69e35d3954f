# How long files and functions may be: a file 500 lines (said), never above 600; a function 80.
# A function's body is what stands between `{` and `}` in the first column.

function close_file() {
    if (path == "")
        return
    if (lines > 600) {
        printf "%s:%d: the file has %d lines, more than 600\n", path, lines, lines
        failed = 1
    } else if (lines > 500) {
        printf "%s:%d: note: the file has %d lines, more than 500\n", path, lines, lines
    }
}

FNR == 1 {
    close_file()
    path = FILENAME
    begin = 0
}

{ lines = FNR }

/^\{/ { begin = FNR }

/^\}/ && begin {
    if (FNR - begin - 1 > 80) {
        printf "%s:%d: the function has %d lines, more than 80\n", FILENAME, begin, FNR - begin - 1
        failed = 1
    }
    begin = 0
}

END {
    close_file()
    exit failed
}
