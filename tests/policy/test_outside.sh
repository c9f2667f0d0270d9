#!/bin/sh
# A policy is written where nothing of this tree is in reach: against what an
# installation puts in place, with the compiler's one line, in C and in Rust. The kit,
# the policy host and the daemon then take it.
#
# usage: test_outside.sh BUILD_DIR RUST_SOURCE DECIDE_WITH; the last with its whole path
set -u
umask 022
build=$1
rust_source=$(realpath "$2")
decide_with=$3
dir=$(mktemp -d)
daemon=
count=0
failed=0

finish() {
	if [ -n "$daemon" ]; then
		kill -TERM "$daemon" 2>/dev/null
		wait "$daemon"
	fi
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

check() {
	name=$1
	shift
	count=$((count + 1))
	if "$@" >"$dir/log" 2>&1; then
		echo "ok $count - $name"
	else
		failed=$((failed + 1))
		echo "not ok $count - $name"
		sed 's/^/# /' "$dir/log"
	fi
}

# says TEXT COMMAND...: the command's output holds the text.
says() {
	text=$1
	shift
	"$@" >"$dir/said" 2>&1 || :
	cat "$dir/said"
	grep -qF -- "$text" "$dir/said"
}

# starts_daemon ARGUMENT...: until it is ready; $server is where it listens.
starts_daemon() {
	mkfifo "$dir/ready"
	"$prefix/bin/anagraphd" --data-dir "$dir/store" --listen 127.0.0.1:0 --policy-dir "$dir/work" "$@" \
		>"$dir/ready" 2>"$dir/prose" &
	daemon=$!
	exec 3<"$dir/ready"
	line=
	read -r line <&3 || :
	server=${line#ready on }
	cat "$dir/prose"
	[ "$server" != "$line" ]
}

# decides SOURCE: what came of an event that says another last name.
decides() {
	"$prefix/bin/anagraph" --server "$server" identify --account shop --source "$1" --id email=rossi@example.it \
		--observed-at "$2" --attr "LAST_NAME=$3"
}

export DESTDIR="$dir/root"
check "meson install" /usr/bin/meson install -C "$build" --no-rebuild --quiet
unset DESTDIR
package=$(find "$dir/root" -name anagraph-policy.pc)
prefix=${package%/lib*}
export PKG_CONFIG_LIBDIR="${package%/*}" PKG_CONFIG_SYSROOT_DIR="$dir/root"
mkdir "$dir/work"
cd "$dir/work" || exit 1

check "the header is installed" test -f "$prefix/include/anagraph/policy.h"
check "the header is the only one" test "$(find "$prefix/include" -type f | wc -l)" -eq 1
check "anagraph-policy.pc is installed" pkg-config --exists anagraph-policy
check "it says where policies lie" test -f \
	"$dir/root$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=policydir anagraph-policy)/chat_primary.so"

check "anagraph policy new" says '{"file":"mine.c"}' "$prefix/bin/anagraph" policy new mine
cp mine.c before.c
check "it leaves a file that is there" says 'mine.c: File exists' "$prefix/bin/anagraph" policy new mine
check "as it is" cmp mine.c before.c
rm before.c
check "it wants a name" says 'expected: anagraph policy new NAME' "$prefix/bin/anagraph" policy new
check "it wants one name" says 'not expected here' "$prefix/bin/anagraph" policy new one two
check "it knows no other word" says 'expected: anagraph policy new NAME' "$prefix/bin/anagraph" policy old one
longest=$(printf '%064d' 0)
check "a name of 64 bytes" "$prefix/bin/anagraph" policy new "$longest"
check "no name of 65" says 'expected a name of 1 to 64' "$prefix/bin/anagraph" policy new "0$longest"
check "no name with other letters" says 'expected a name' "$prefix/bin/anagraph" policy new ../Mine
check "nothing else was written" test "$(find . -type f | wc -l)" -eq 2

# The line that the documentation gives, split into words on purpose.
# shellcheck disable=SC2046
check "a policy in C builds" cc -shared -fPIC $(pkg-config --cflags anagraph-policy) mine.c -o mine.so
for compiler in gcc clang; do
	command -v "$compiler" >/dev/null || continue
	# shellcheck disable=SC2046
	check "without a warning of $compiler" "$compiler" -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Wshadow \
		-Werror -fsyntax-only $(pkg-config --cflags anagraph-policy) mine.c
done
ids=mine
if command -v rustc >/dev/null; then
	check "a policy in Rust builds" rustc --crate-type cdylib "$rust_source" -o rusty.so
	ids="mine rusty"
else
	count=$((count + 1))
	echo "ok $count - a policy in Rust # SKIP there is no rustc"
fi
for id in $ids; do
	check "$id passes the kit" "$prefix/bin/anagraph-policy-check" "$id.so"
	check "$id decides in the host" says '0: 3 LATER' "$decide_with" "$dir/work" "$dir/copies" "$id"
done

last=${ids##* }
check "the daemon takes them" starts_daemon --policy contacts=mine --policy conversations="$last" --policy push=mine
check "there is a contact" says OUTCOME_CREATED decides contacts 2024-05-01T10:00:00Z Rossi
check "mine decides in the daemon" says '"policy":{"id":"mine","version":"0.1.0"' \
	decides contacts 2024-05-01T11:00:00Z Verdi
check "what is later is taken" says '"verdict":"VERDICT_TAKE"' decides conversations 2024-05-01T12:00:00Z Bianchi
check "$last decides in the daemon" says "\"policy\":{\"id\":\"$last\"" \
	decides conversations 2024-05-01T09:00:00Z Neri

echo "1..$count"
[ "$failed" -eq 0 ] && [ "$count" -gt 20 ]
