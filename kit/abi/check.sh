#!/bin/sh
# Compares a policy compiled with the released header with one compiled with today's:
# the structures through abidiff, the constants one by one. Before it is believed, it is
# shown headers that break the interface, and some that only add to it.
#
# usage: check.sh RELEASED_DIR HEADER POLICY.c
set -u
released=$1
header=$2
policy=$3
here=$(dirname "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
count=0
failed=0

tell() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		failed=$((failed + 1))
		echo "not ok $count - $2"
		sed 's/^/# /' "$dir/log"
	fi
}

# compile NAME: the policy with the header in its directory.
compile() {
	"${CC:-cc}" -g -O1 -shared -fPIC -fvisibility=hidden -w -I "$dir/$1" "$policy" -o "$dir/$1.so"
}

# The constants of a header with what each stands for, without those that call others.
constants() {
	printf '#include <anagraph/policy.h>\n' |
		"${CC:-cc}" -E -dM -I "$1" - |
		grep -E '^#define ANAGRAPH_[A-Z_0-9]+ ' | grep -v 'ANAGRAPH_POLICY_H\|POLICY_EXPORT' | sort
}

# is_kept NAME: whether what was released still holds with the header in its directory.
is_kept() {
	compile "$1" >"$dir/log" 2>&1 || return 1
	constants "$dir/$1" >"$dir/constants"
	grep -vxFf "$dir/constants" "$dir/released-constants" >"$dir/log" && return 1
	abidiff --leaf-changes-only "$dir/released.so" "$dir/$1.so" >"$dir/leaves" 2>"$dir/log" && return
	[ $? = 4 ] && awk -f "$here/only_grown.awk" "$dir/leaves" >"$dir/log" 2>&1
}

# variant NAME SED-SCRIPT: the header with a change, which must be one.
variant() {
	mkdir -p "$dir/$1/anagraph"
	sed -E "$2" "$header" >"$dir/$1/anagraph/policy.h"
	! cmp -s "$header" "$dir/$1/anagraph/policy.h"
}

breaks() {
	variant "$1" "$2" && compile "$1" >"$dir/log" 2>&1 && ! is_kept "$1"
	tell $? "seen: $1"
}

adds() {
	variant "$1" "$2" && is_kept "$1"
	tell $? "let in: $1"
}

mkdir -p "$dir/released" "$dir/today/anagraph"
cp -r "$released/anagraph" "$dir/released/"
cp "$header" "$dir/today/anagraph/policy.h"
compile released >"$dir/log" 2>&1
tell $? "the released header compiles"
constants "$dir/released" >"$dir/released-constants"
test "$(wc -l <"$dir/released-constants")" -ge 25
tell $? "it has constants"

breaks member-removed '/uint64_t contact_id;/d'
breaks member-wider 's/uint32_t name_class;/uint64_t name_class;/'
breaks member-added-before-others 's/^(\tuint32_t kind; .*)$/\1\n\tuint64_t added;/'
breaks members-exchanged 's/^\tint64_t observed_at_us;/\tint64_t other_us;/; s/^\tint64_t recorded_at_us;/\tint64_t observed_at_us;/; s/other_us/recorded_at_us/'
breaks conflict-reordered 's/^(\tstruct anagraph_string )account;/\1other;/; s/^(\tstruct anagraph_string )name;( .*email)/\1account;\2/; s/ other;/ name;/'
breaks conflict-shorter '/const struct anagraph_claim \*device;/d'
breaks value-grown 's/^(\tstruct anagraph_string string;)$/\1\n\tuint64_t added;/'
breaks callback-changed 's/size_t option_count, size_t option_size/size_t option_count, uint32_t option_size/'
breaks return-changed 's/^\tint \(\*decide\)/\tint64_t (*decide)/'
breaks constant-changed 's/(ANAGRAPH_VERDICT_TAKE) 3u/\1 5u/'
breaks constant-removed '/ANAGRAPH_LOG_DEBUG/d'
breaks reason-shorter 's/(ANAGRAPH_REASON_SIZE) 64u/\1 32u/'
adds constant-added 's/^#define ANAGRAPH_CONFLICT_IDENTITY.*$/&\n#define ANAGRAPH_CONFLICT_OTHER 4u/'
adds conflict-grown 's/^(\tconst struct anagraph_claim \*device;.*)$/\1\n\tconst struct anagraph_claim *added;/'
adds verdict-grown 's/^([[:blank:]]+empty \*\/)$/\1\n\tuint64_t added;/'
adds policy-grown 's/^(\t *const void \*instance, const struct anagraph_conflict .*)$/\1\n\tvoid (*added)(void);/'

is_kept today
tell $? "what was released still holds"
echo "1..$count"
[ "$failed" = 0 ] && [ "$count" -ge 19 ]
