# Who may include what. Run on source files, by their paths from the top of the repository:
#   awk -f tests/lint/layers.awk src/*/*.c include/cmig/*.h …
# The tables below are the only place that knows; a new layer, header or library goes there.

BEGIN {
    # layer: the layers below it that it may use
    may["base"] = ""
    may["graph"] = "base"
    may["sql"] = "base"
    may["config"] = "base"
    may["db"] = "base sql config"
    may["script"] = "base graph sql config"
    may["vcs"] = "base"
    may["guard"] = "base graph sql config db script"
    may["audit"] = "base sql config db"
    may["engine"] = "base graph sql config db script guard audit vcs"
    may["cli"] = "base graph sql config db script guard audit vcs engine"

    # layer: its headers in include/cmig/
    owns("base", "report clock dialect error file finding interrupt terminal text")
    owns("graph", "graph")
    owns("sql", "facts lexer reader sql")
    owns("config", "config dotenv expand url window yaml")
    owns("db", "db")
    owns("script", "script new_revision")
    owns("guard", "guard")
    owns("audit", "audit audit_log")
    owns("vcs", "vcs")
    owns("engine", "against applied_files check offline plan project_vcs rebase review run")

    # library header: the only folder that may include it
    only["libpq-fe.h"] = "src/db/pg/"
    only["sqlite3.h"] = "src/db/sqlite/"
    only["yaml.h"] = "src/config/"
    only["jansson.h"] = "src/cli/"
    only["git2.h"] = "src/vcs/"
    only["pg_query.h"] = "src/sql/"
    only["pg_query/pg_query.pb-c.h"] = "src/sql/"

    # headers that every layer may include: GLib, and what C and POSIX bring
    anywhere("glib.h glib-unix.h glib/gstdio.h glib/gprintf.h gio/gio.h")
    anywhere("assert.h dirent.h errno.h fcntl.h inttypes.h limits.h locale.h math.h poll.h pwd.h signal.h")
    anywhere("stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h termios.h time.h unistd.h")
    anywhere("sys/file.h sys/ioctl.h sys/random.h sys/resource.h sys/select.h sys/socket.h sys/stat.h")
    anywhere("sys/statfs.h sys/sysmacros.h sys/time.h sys/types.h sys/un.h sys/utsname.h sys/wait.h")
}

function owns(layer, names,    list, count, i) {
    count = split(names, list, " ")
    for (i = 1; i <= count; i++)
        owner["cmig/" list[i] ".h"] = layer
}

function anywhere(names,    list, count, i) {
    count = split(names, list, " ")
    for (i = 1; i <= count; i++)
        free[list[i]] = 1
}

function finding(message) {
    printf "%s:%d: %s\n", FILENAME, FNR, message
    failed = 1
}

# The layer of a source file, "" when nobody knows it.
function layer_of(path,    parts) {
    if (path == "src/main.c")
        return "cli"
    if (path ~ /^include\/cmig\//) {
        sub(/^include\//, "", path)
        return owner[path]
    }
    split(path, parts, "/")
    return parts[1] == "src" && (parts[2] in may) ? parts[2] : ""
}

function allowed(upper, lower) {
    return upper == lower || index(" " may[upper] " ", " " lower " ") > 0
}

function folder(path) {
    sub(/[^\/]*$/, "", path)
    return path
}

FNR == 1 {
    layer = layer_of(FILENAME)
    tested = FILENAME ~ /^tests\//
    if (layer == "" && !tested)
        finding("no layer in tests/lint/layers.awk owns this file")
}

/^[ \t]*#[ \t]*include/ {
    name = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
    system_header = name ~ /^</
    sub(/^[<"]/, "", name)
    sub(/[>"].*$/, "", name)

    if (tested) {
        # The command line is a program's surface, not a layer's: it has no public header.
        own_cli = FILENAME ~ /test_cli_/ && name ~ /^cli\//
        if (!system_header && name !~ /^cmig\// && name ~ /\// && !own_cli)
            finding("a test includes " name "; tests see include/cmig only")
    } else if (system_header) {
        if (name in only) {
            if (index(FILENAME, only[name]) != 1)
                finding("<" name "> belongs to " only[name])
        } else if (!(name in free)) {
            finding("<" name "> belongs to no layer: name its owner in tests/lint/layers.awk")
        }
    } else if (name ~ /^cmig\//) {
        if (!(name in owner))
            finding(name " has no owner in tests/lint/layers.awk")
        else if (layer != "" && !allowed(layer, owner[name]))
            finding("layer " layer " must not use " name " of layer " owner[name])
    } else if (name ~ /\.\./) {
        finding("include by a path from src/, not by " name)
    } else if (name ~ /\//) {
        split(name, parts, "/")
        if (parts[1] != layer)
            finding("src/" name " is internal to layer " parts[1])
        else if (folder("src/" name) != "src/" layer "/" && folder("src/" name) != folder(FILENAME))
            finding("src/" name " is internal to its folder")
    } else if (FILENAME ~ /^include\//) {
        finding("a public header includes the internal " name)
    } else {
        finding("include by a path from src/, not by " name)
    }
}

END { exit failed }
