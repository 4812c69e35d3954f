#!/bin/sh
# `make install` puts everything where it belongs, `make uninstall` takes all of it away.
# databases: none
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-conf.sh"
build=$(dirname "$CMIG")
root=$TEST_TMP/work/root
# A copy, so that the binary under test is not linked anew while other tests run it.
own=$TEST_TMP/work/own
mkdir "$own"
cp -a "$build/cmig" "$build/libcmig.a" "$build/src" "$build/templates.c" "$build/templates.o" "$own/"

make_it() {
    make -s -C "$TEST_ROOT" BUILD="$own" DESTDIR="$root" PREFIX=/usr "$1" >make.out 2>&1 || {
        sed 's/^/#   /' make.out
        return 1
    }
}

make_it install
is "$?" 0 'make install works'
holds 'the program is there and can be run' test -x "$root/usr/bin/cmig"
run 0 version
is "$("$root/usr/bin/cmig" version)" "$(cat "$TEST_OUT")" 'it is the same program'
is "$(find "$root" -type f ! -path "$root/usr/*" | wc -l | tr -d ' ')" 0 'everything is below PREFIX'
is "$(find "$root" ! -perm -a+r | wc -l | tr -d ' ')" 0 'everybody may read it'
is "$(find "$root" -type f -perm /go+w | wc -l | tr -d ' ')" 0 'nobody else may change it'

# Manual pages: one of the program, one of each command, one of the configuration.
man=$root/usr/share/man
page() { ls "$man/man$2/$1.$2" "$man/man$2/$1.$2.gz" 2>/dev/null | head -1; }
holds 'cmig(1) is there' test -n "$(page cmig 1)"
holds 'alembic.yml(5) is there' test -n "$(page alembic.yml 5)"
for command in init revision upgrade downgrade current history heads branches show merge stamp edit ensure-version \
    list-templates; do
    holds "cmig-$command(1) is there" test -n "$(page "cmig-$command" 1)"
done
pages=0
# shellcheck disable=SC2044 # names without blanks
for file in $(find "$man" -type f); do
    pages=$((pages + 1))
    case $file in *.gz) gzip -dc "$file" ;; *) cat "$file" ;; esac >page
    if command -v groff >/dev/null; then
        groff -man -Tutf8 -ww -Kutf8 page >page.txt 2>page.err
    else
        man -l page >page.txt 2>page.err
    fi
    is "$(cat page.err)" '' "$(basename "$file") is formatted without warnings"
    holds '  and has a NAME section' grep -Eq '^\.SH "?NAME' page
done
holds 'there are many pages' test "$pages" -ge 15
case $(page cmig 1) in *.gz) gzip -dc "$(page cmig 1)" ;; *) cat "$(page cmig 1)" ;; esac >page
for word in 75 77 78 130 CONFIRM_PRODUCTION_MIGRATION DATABASE_URL; do
    holds "cmig(1) tells of $word" grep -q "$word" page
done

# Completion files where the shells look.
share=$root/usr/share
bash_file=$share/bash-completion/completions/cmig
holds 'bash completion is there' test -s "$bash_file"
holds 'zsh completion is there' test -s "$share/zsh/site-functions/_cmig" -o -s "$share/zsh/vendor-completions/_cmig"
holds 'fish completion is there' test -s "$share/fish/vendor_completions.d/cmig.fish"
holds 'bash reads it' bash -n "$bash_file"
run 0 completion bash
holds 'it is what cmig prints' cmp -s "$bash_file" "$TEST_OUT"

# Twice does no harm, another PREFIX works, and it all goes.
make_it install
is "$?" 0 'a second install works'
find "$root" ! -type d | sed "s,^$root/usr,," | sort >first
make_it uninstall
is "$?" 0 'make uninstall works'
is "$(find "$root" ! -type d | wc -l | tr -d ' ')" 0 'uninstall leaves no file'
make_it uninstall
is "$?" 0 'a second uninstall works'
make -s -C "$TEST_ROOT" BUILD="$own" DESTDIR="$root" PREFIX=/opt/c install >/dev/null 2>&1
find "$root" ! -type d | sed "s,^$root/opt/c,," | sort >second
holds 'another PREFIX gets the same files' cmp -s first second
holds_not 'and /usr gets none' test -e "$root/usr/bin/cmig"
run 0 list-templates
is "$(cd / && "$root/opt/c/bin/cmig" list-templates)" "$(cat "$TEST_OUT")" 'it needs nothing but the binary'
done_testing
