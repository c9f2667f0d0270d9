#!/bin/sh
# A policy shares the process with others and with the daemon: the one symbol that the
# host asks for is the only one that it may export.
#
# usage: test_exports.sh POLICY.so...
set -u
count=0
failed=0
for policy in "$@"; do
	count=$((count + 1))
	exports=$(nm -D --defined-only --format=posix "$policy" | cut -d ' ' -f 1 | tr '\n' ' ')
	if [ "$exports" = "anagraph_policy_v1 " ]; then
		echo "ok $count - ${policy##*/}"
	else
		failed=$((failed + 1))
		echo "not ok $count - ${policy##*/} exports: $exports"
	fi
done
if [ "$count" -eq 0 ]; then
	count=1
	failed=1
	echo "not ok 1 - no policy given"
fi
echo "1..$count"
[ "$failed" -eq 0 ]
