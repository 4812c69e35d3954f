# Functions that have a safer or more portable relative. Run on source files:
#   awk -f tests/lint/banned.awk src/main.c src/*/*.c …

BEGIN {
    ban("strcpy strncpy strcat strncat sprintf vsprintf gets", "GString, g_strdup_printf, g_strlcpy")
    ban("strtok strtok_r", "g_strsplit")
    ban("atoi atol atoll atof strtol strtoul strtoll strtoull strtod strtof",
        "g_ascii_string_to_signed, g_ascii_string_to_unsigned")
    ban("gmtime localtime gmtime_r localtime_r ctime asctime strftime mktime", "GDateTime")
    ban("system popen", "g_spawn_sync with an argument vector")
    ban("alloca g_alloca g_newa", "the heap")
    ban("tmpnam mktemp tempnam", "g_mkstemp")
    ban("rand srand random", "cmig/clock.h")

    quiet("printf fprintf vprintf vfprintf dprintf puts fputs putchar fputc putc perror")
    quiet("g_print g_printerr g_message g_warning g_critical g_info g_debug g_log")
}

function ban(names, instead,    list, count, i) {
    count = split(names, list, " ")
    for (i = 1; i <= count; i++)
        banned[list[i]] = "use " instead
}

# Layers below cli never print.
function quiet(names,    list, count, i) {
    count = split(names, list, " ")
    for (i = 1; i <= count; i++)
        loud[list[i]] = 1
}

# The line without comments and without what stands in quotes; `comment` lasts over lines.
function code(line,    out, rest, c) {
    out = ""
    while (line != "") {
        if (comment) {
            rest = index(line, "*/")
            if (!rest)
                return out
            line = substr(line, rest + 2)
            comment = 0
        } else if (match(line, /^"([^"\\]|\\.)*"/) || match(line, /^'([^'\\]|\\.)*'/)) {
            line = substr(line, RLENGTH + 1)
            out = out " "
        } else if (substr(line, 1, 2) == "/*") {
            line = substr(line, 3)
            comment = 1
        } else if (substr(line, 1, 2) == "//") {
            return out
        } else {
            c = substr(line, 1, 1)
            out = out c
            line = substr(line, 2)
        }
    }
    return out
}

FNR == 1 {
    comment = 0
    prints = FILENAME == "src/main.c" || FILENAME ~ /^src\/cli\//
}

{
    text = code($0)
    while (match(text, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
        name = substr(text, RSTART, RLENGTH - 1)
        sub(/[ \t]+$/, "", name)
        text = substr(text, RSTART + RLENGTH)
        if (name in banned) {
            printf "%s:%d: %s is banned: %s\n", FILENAME, FNR, name, banned[name]
            failed = 1
        } else if ((name in loud) && !prints) {
            printf "%s:%d: %s: only src/cli and src/main.c print\n", FILENAME, FNR, name
            failed = 1
        }
    }
}

END { exit failed }
