#!/bin/sh
# Each check must be able to fail: it is run on a sample that breaks its rule, and on a clean one.
set -u
lint=$(cd "$(dirname "$0")" && pwd)
sample=$(mktemp -d) || exit 1
trap 'rm -rf "$sample"' EXIT
cd "$sample" || exit 1
failed=0

# put FILE: writes standard input there.
put() {
  mkdir -p "$(dirname "$1")"
  cat >"$1"
}

# breach WORDS COMMAND…: the command must fail and say WORDS.
breach() {
  words=$1
  shift
  if out=$("$@" 2>&1); then
    echo "not noticed: $words"
    failed=1
  elif ! printf '%s\n' "$out" | grep -qF -- "$words"; then
    echo "noticed, but not as '$words': $out"
    failed=1
  fi
}

# clean COMMAND…: the command must pass.
clean() {
  if ! out=$("$@" 2>&1); then
    echo "clean sample refused by $*: $out"
    failed=1
  fi
}

# include FILE LINE…: a source file with these lines.
include() {
  file=$1
  shift
  printf '%s\n' "$@" | put "$file"
}

put src/README.md <<'MD'
| layer | what | headers |
|---|---|---|
| `db/` | drivers | `db.h` |

`other.h` is named elsewhere.
MD
clean "$lint/readme.sh" src/README.md include/cmig/db.h
breach "must name new.h once" "$lint/readme.sh" src/README.md include/cmig/db.h include/cmig/new.h
breach "must name db.h once" "$lint/readme.sh" src/README.md

layers="$lint/layers.awk"
include src/graph/a.c '#include "cmig/engine.h"'
breach "has no owner" awk -f "$layers" src/graph/a.c
include src/graph/a.c '#include "cmig/plan.h"'
breach "layer graph must not use cmig/plan.h of layer engine" awk -f "$layers" src/graph/a.c
include src/cli/a.c '#include <libpq-fe.h>'
breach "<libpq-fe.h> belongs to src/db/pg/" awk -f "$layers" src/cli/a.c
include src/db/b.c '#include <sqlite3.h>'
breach "<sqlite3.h> belongs to src/db/sqlite/" awk -f "$layers" src/db/b.c
include src/base/a.c '#include <curl/curl.h>'
breach "belongs to no layer" awk -f "$layers" src/base/a.c
include src/cli/a.c '#include "engine/session.h"'
breach "internal to layer engine" awk -f "$layers" src/cli/a.c
include src/db/sqlite/a.c '#include "db/pg/pg.h"'
breach "internal to its folder" awk -f "$layers" src/db/sqlite/a.c
include src/cli/a.c '#include "../engine/session.h"'
breach "include by a path from src/" awk -f "$layers" src/cli/a.c
include src/cli/a.c '#include "options.h"'
breach "include by a path from src/" awk -f "$layers" src/cli/a.c
include src/nowhere/a.c 'int a;'
breach "no layer in tests/lint/layers.awk owns this file" awk -f "$layers" src/nowhere/a.c
include include/cmig/graph.h '#include "internal.h"'
breach "public header includes the internal" awk -f "$layers" include/cmig/graph.h
include tests/unit/test_a.c '#include "engine/session.h"'
breach "tests see include/cmig only" awk -f "$layers" tests/unit/test_a.c
include src/engine/a.c '#include "engine/session.h"' '#include "cmig/db.h"' '#include <glib.h>'
clean awk -f "$layers" src/engine/a.c

banned="$lint/banned.awk"
for name in strcpy strcat sprintf vsprintf strtok gets atoi atol atof strtol strtoull gmtime \
  localtime system popen alloca; do
  include src/cli/a.c "int a = $name (b);"
  breach "$name is banned" awk -f "$banned" src/cli/a.c
done
for name in printf fprintf puts g_print perror; do
  include src/db/a.c "    $name(b);"
  breach "only src/cli and src/main.c print" awk -f "$banned" src/db/a.c
done
include src/cli/a.c '/* strcpy(a)' ' * system(b) */ printf("atoi(x) \" gets(x)"); // strcat(' \
  'g_strdup_printf(a); my_system(b); (void)localtime;'
clean awk -f "$banned" src/cli/a.c

length="$lint/length.awk"
awk 'BEGIN { for (i = 0; i < 601; i++) print "int a;" }' | put src/cli/a.c
breach "more than 600" awk -f "$length" src/cli/a.c
awk 'BEGIN { print "int f(void)\n{"; for (i = 0; i < 81; i++) print "    f();"; print "}" }' | put src/cli/a.c
breach "the function has 81 lines" awk -f "$length" src/cli/a.c
awk 'BEGIN { print "int f(void)\n{"; for (i = 0; i < 80; i++) print "    f();"; print "}" }' | put src/cli/a.c
clean awk -f "$length" src/cli/a.c

rm -rf src include
include include/cmig/a.h '#ifndef CMIG_A_H' '#define CMIG_A_H' 'size_t a(void);' '#endif'
breach "unknown type name" "$lint/headers.sh"
include include/cmig/a.h '#include <stddef.h>' 'size_t a(void);'
breach "no include guard" "$lint/headers.sh"
include include/cmig/a.h '#ifndef CMIG_A_H' '#define CMIG_A_H' '#include <stddef.h>' \
  'size_t a(void);' '#endif'
clean "$lint/headers.sh"

machine=/wor && machine=${machine}k
include notes.md "see $machine/main/x"
breach "a path of one machine" "$lint/words.sh" notes.md
include notes.md "see shar""ed/x.md"
breach "a path of one machine" "$lint/words.sh" notes.md
include notes.md "network/work/x, /usr/share/x, build/release"
clean "$lint/words.sh" notes.md

exit $failed
