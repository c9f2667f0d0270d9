#!/bin/sh
# The ABI header must compile alone, without a warning, in every language level that a
# policy may be written in and with every compiler that is here; and the stock policies
# must build with that header and nothing else of ours.
#
# usage: test_header.sh INCLUDE_DIR PLUGINS_DIR
set -u
include=$1
plugins=$2
strict='-Wall -Wextra -Wpedantic -Wpadded -Werror -fsyntax-only'
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
count=0
failed=0
found=0

check() {
	name=$1
	shift
	count=$((count + 1))
	if (cd / && "$@") >"$dir/log" 2>&1; then
		echo "ok $count - $name"
	else
		failed=$((failed + 1))
		echo "not ok $count - $name"
		sed 's/^/# /' "$dir/log"
	fi
}

printf '#include <anagraph/policy.h>\n' >"$dir/alone.c"
cp "$dir/alone.c" "$dir/alone.cpp"

for compiler in gcc clang; do
	command -v "$compiler" >/dev/null || continue
	found=$((found + 1))
	for level in c99 c11 c17; do
		check "policy.h alone, $compiler $level" \
			"$compiler" -std="$level" $strict -I "$include" "$dir/alone.c"
	done
	for source in "$plugins"/*/*.c; do
		check "${source##*/}, $compiler c99" \
			"$compiler" -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only \
			-I "$include" "$source"
	done
done
for compiler in g++ clang++; do
	command -v "$compiler" >/dev/null || continue
	found=$((found + 1))
	check "policy.h alone, $compiler c++11" "$compiler" -std=c++11 $strict -I "$include" "$dir/alone.cpp"
done

files=$(find "$include" -type f | wc -l)
check "policy.h is the only file on the include path" test "$files" -eq 1
check "a compiler was there" test "$found" -gt 0
echo "1..$count"
[ "$failed" -eq 0 ]
