# shellcheck shell=sh
# Helpers of the tests that need git, on top of lib.sh. The frame has emptied the environment: HOME is
# the test's own, and with it all of git's configuration but the system's.

export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
export GIT_AUTHOR_DATE=2026-03-04T05:06:07+0200 GIT_COMMITTER_DATE=2026-03-04T05:06:07+0200
git config --global user.name 'Ada Lovelace'
git config --global user.email ada@example.org
git config --global init.defaultBranch main
git config --global protocol.file.allow always
git config --global advice.detachedHead false

# revision ID DOWN [DATE]: migrations/ID.sql, which makes a table t_ID.
revision() {
  mkdir -p migrations
  {
    printf -- '-- revision: %s\n-- down_revision: %s\n-- message: add t_%s\n' "$1" "$2" "$1"
    printf -- '-- create_date: %s\n\n' "${3:-2026-11-20T10:15:00Z}"
    printf -- '-- cmig:upgrade\nCREATE TABLE t_%s (n integer);\n\n' "$1"
    printf -- '-- cmig:downgrade\nDROP TABLE t_%s;\n' "$1"
  } >"migrations/$1.sql"
}

# commit MESSAGE: everything in the working directory.
commit() { git add -A && git commit -q -m "$1"; }
