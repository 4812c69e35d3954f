#!/bin/sh
# What every command promises: help, usage errors, a manual page, completion.
# databases: none
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# fits FILE: no line is longer than 80 characters.
fits() { ! grep -qE '^.{81,}$' "$1"; }

cmig_ok help --commands
commands=$(cat "$TEST_OUT")
[ "$(printf '%s\n' "$commands" | wc -l)" -ge 17 ]
check_that "there are at least 17 commands"

for shell in bash zsh fish; do
  cmig_ok completion $shell
  expect_err_is </dev/null
  cp "$TEST_OUT" "$TEST_TMP/completion.$shell"
done

# page_is_current NAME WORD…: man/NAME is what `cmig help --man WORD…` prints, and well formed.
page_is_current() {
  page=$1
  shift
  cmig_ok help --man "$@"
  cmp -s "$TEST_OUT" "$TEST_ROOT/man/$page"
  check_that "man/$page is what the binary says (make man writes it)"
  [ -z "$(groff -man -ww -z "$TEST_OUT" 2>&1)" ]
  check_that "groff has nothing to say about $page"
  # By the name in man/: mandoc takes a dot and a digit anywhere in a path for the section.
  mandoc -Tlint "$TEST_ROOT/man/$page" 2>&1 | grep -v 'missing date' >"$TEST_TMP/lint"
  [ ! -s "$TEST_TMP/lint" ]
  check_that "mandoc has nothing to say about $page"
  diag <"$TEST_TMP/lint"
}

# Every variable that a key of alembic.yml names stands in the list of variables.
cmig_ok help --man
sed -n '/^.SH ENVIRONMENT/,/^.SH FILES/{s/\\f.//g;p;}' "$TEST_OUT" >"$TEST_TMP/variables"
cmig_ok help --man alembic.yml
for variable in CI $(tr '\n' ' ' <"$TEST_OUT" | grep -oE 'Overridden by [^.]*' | sed 's/\\f.//g' |
  grep -oE '[A-Z][A-Z_]+' | sort -u); do
  grep -qw "$variable" "$TEST_TMP/variables"
  check_that "the manual page explains $variable"
done

for command in $commands; do
  cmig_ok "$command" --help
  expect_err_is </dev/null
  expect_out "Usage: cmig $command "
  fits "$TEST_OUT"
  check_that "$command --help has no line over 80 characters"
  cp "$TEST_OUT" "$TEST_TMP/help"

  cmig_ok help "$command"
  cmp -s "$TEST_OUT" "$TEST_TMP/help"
  check_that "help $command is the same"

  { "$CMIG" "$command" -c none.yml --json; "$CMIG" "$command" -c none.yml --json x; } >"$TEST_OUT" 2>&1 </dev/null
  grep -q 'has no --json' "$TEST_OUT" || sed '/^Options:/,$d; /^Global/,$d' "$TEST_TMP/help" | grep -qe --json
  check_that "$command --help tells what --json prints, or there is none"

  cmig_ok "$(printf '%s' "$command" | tr - _)" -h
  cmp -s "$TEST_OUT" "$TEST_TMP/help"
  check_that "$command may be written with underscores"

  cmig_fails 2 "$command" --no-such-option
  expect_out_is </dev/null
  expect_err 'cmig: error: ' "hint: see \`cmig help $command\`"

  page_is_current "cmig-$command.1" "$command"
  for shell in bash zsh fish; do
    grep -qE "(^|[^a-z-])$command([^a-z-]|\$)" "$TEST_TMP/completion.$shell"
    check_that "$shell completes $command"
  done

  cmig_ok help --json "$command"
  expect_out "\"name\": \"$command\""
done

page_is_current cmig.1
page_is_current alembic.yml.5 alembic.yml
for page in "$TEST_ROOT"/man/*; do
  case $(basename "$page") in
  cmig.1 | alembic.yml.5) ;;
  *)
    name=$(basename "$page" .1)
    printf '%s\n' "$commands" | grep -qx "${name#cmig-}"
    check_that "man/$name.1 is the page of a command"
    ;;
  esac
done

# --- the program ----------------------------------------------------------------------------------
cmig_ok help
expect_err_is </dev/null
fits "$TEST_OUT"
check_that "the overview has no line over 80 characters"
cp "$TEST_OUT" "$TEST_TMP/overview"
cmig_ok --help
cmp -s "$TEST_OUT" "$TEST_TMP/overview"
check_that "--help is the overview"
for command in $commands; do
  grep -q "^  $command  *[A-Z]" "$TEST_TMP/overview"
  check_that "the overview lists $command"
done
cmig_ok help --json
python3 -c 'import json, sys; assert len(json.load(sys.stdin)["commands"]) >= 17' <"$TEST_OUT"
check_that "help --json is JSON and has all commands"

cmig_ok version
cp "$TEST_OUT" "$TEST_TMP/version"
expect_out 'cmig '
cmig_ok --version
cmp -s "$TEST_OUT" "$TEST_TMP/version"
check_that "--version says what version says"
cmig_ok version --json
expect_out '"name": "cmig"' '"version": "'

cmig_fails 2
expect_out_is </dev/null
cmig_fails 2 upgarde
expect_err "there is no command \"upgarde\"" "did you mean \`cmig upgrade\`?"
cmig_fails 2 help upgarde
expect_err "there is no command \"upgarde\"" "did you mean \`cmig upgrade\`?"
cmig_fails 2 help --man nothing
cmig_fails 2 completion tcsh
expect_out_is </dev/null
cmig_fails 2 completion
cmig_fails 2 completion bash zsh

# --- completion -----------------------------------------------------------------------------------
bash -n "$TEST_TMP/completion.bash"
check_that "bash reads its script"
shellcheck -s bash "$TEST_TMP/completion.bash" >"$TEST_TMP/lint" 2>&1
check_that "shellcheck has nothing to say about it"
diag <"$TEST_TMP/lint"
for shell in zsh fish; do
  if command -v $shell >/dev/null; then
    $shell -n "$TEST_TMP/completion.$shell"
    check_that "$shell reads its script"
  fi
done

mkdir migrations bin
ln -s "$CMIG" bin/cmig
header() {
  printf -- '-- revision: %s\n-- down_revision: %s\n-- branch_labels: %s\n' "$1" "$2" "$3"
  printf -- '-- message: "%s"\n\n-- cmig:upgrade\n' "$4"
}
header aaaa1 null '[core]' "touch $TEST_TMP/pwned" >migrations/1.sql
# The words below are for the shell that would be fooled by them, not for this one.
# shellcheck disable=SC2016
header abbb2 aaaa1 '[]' 'run $(touch pwned) `touch pwned`\n\e[31m' >migrations/2.sql

cmig_ok help --targets
expect_out_is <<OUT
head	the newest revision
heads	the newest of every branch
base	before the first revision
abbb2	run \$(touch pwned) \`touch pwned\`
aaaa1	touch $TEST_TMP/pwned
core	branch label of aaaa1
OUT

# completes WANTED WORD…: what bash offers for the last word.
completes() {
  wanted=$1
  shift
  got=$(PATH="$PWD/bin:$PATH" bash -c '
    source "$1"
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _cmig
    echo "${COMPREPLY[*]}"' - "$TEST_TMP/completion.bash" "$@" 2>&1)
  [ "$got" = "$wanted" ]
  check_that "bash completes '$*' to '$wanted'"
  [ "$got" = "$wanted" ] || echo "got: $got" | diag
}
completes 'upgrade' cmig up
completes 'history heads help' cmig h
completes 'history heads help' cmig --config other.yml h
completes 'history heads help' cmig --config = other.yml h
completes 'head heads' cmig upgrade he
completes 'head heads base abbb2 aaaa1 core' cmig upgrade ''
completes 'abbb2 aaaa1' cmig downgrade a
completes 'abbb2' cmig --quiet show ab
completes 'head heads' cmig history -r he
completes 'head heads' cmig history -r aaaa1 : he
completes 'abbb2' cmig history --rev-range = ab
completes 'head heads base abbb2 aaaa1 core' cmig history -r aaaa1 :
completes '--rev-range' cmig history --rev
completes '--check-heads' cmig current --ch
completes 'bash zsh fish' cmig completion ''
completes 'version' cmig help v
completes 'migrations/1.sql' cmig -c migrations/1
completes 'migrations' cmig init mig
completes '' cmig revision -m he
completes '' cmig nothing he
[ ! -e "$TEST_TMP/pwned" ] && [ ! -e pwned ]
check_that "completion runs nothing that a file says"

# A project that cannot be read offers nothing and says nothing.
echo 'no: such: key' >alembic.yml
cmig_ok help --targets
expect_out_is </dev/null
expect_err_is </dev/null
completes '' cmig upgrade he
rm alembic.yml
echo 'SELECT 1;' >migrations/3.sql
cmig_ok help --targets
expect_out_is </dev/null
expect_err_is </dev/null

done_testing
