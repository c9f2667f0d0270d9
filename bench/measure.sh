#!/bin/sh
# All measurements, part by part, each into a file of its own: `./dev bench` runs this on a
# release build. A part that fails leaves what it had measured before as it was, and the
# other parts go on.
#
#   bench/measure.sh [PART…]     quick, or any of: load read latency write growth peers plots goals
#
# Without a part, all of them but quick. Those of another commit are measured again; RESUME=1
# skips the parts that have results of this commit. Results go to bench/results (RESULTS names
# another directory), stores lie in the build directory (BUILD; build-release), which has
# to be on a real disk. SCALE=0.1 makes rounds a tenth as long; LARGE=100M measures growth up to
# a hundred million contacts in place of ten (some 100 GB of disk while it is measured).
set -u
cd "$(dirname "$0")/.." || exit
build=${BUILD:-build-release}
results=${RESULTS:-bench/results}
scale=${SCALE:-1}
bench=$build/bench/anagraph-bench
stores=$build/stores
large=${LARGE:-10M}
large_name=$(printf '%s' "$large" | tr '[:upper:]' '[:lower:]')
python=/usr/bin/python3
commit=$(bench/commit.sh)
failed=

say()
{
	printf '%s\n' "$*" >&2
}

# s SECONDS: of a round, by the scale.
s()
{
	awk -v seconds="$1" -v scale="$scale" 'BEGIN { printf "%g", seconds * scale < 0.05 ? 0.05 : seconds * scale }'
}

# n LOOKUPS: of a round, likewise.
n()
{
	awk -v lookups="$1" -v scale="$scale" 'BEGIN { printf "%d", lookups * scale < 1000 ? 1000 : lookups * scale }'
}

# store NAME CONTACTS [ACCOUNTS]: makes a store unless one of this commit is there.
store()
{
	[ "$(cat "$stores/$1.commit" 2>/dev/null)" != "$commit" ] || return 0
	rm -rf "${stores:?}/$1" "$stores/$1.commit"
	"$bench" load --store "$stores/$1" --contacts "$2" --accounts "${3:-1}" >"$stores/$1.jsonl" || return 1
	echo "$commit" >"$stores/$1.commit"
}

# drop NAME…: stores that are not needed any more, for they are large, or written to.
drop()
{
	for name; do
		rm -rf "${stores:?}/$name" "$stores/$name.commit"
	done
}

load()
{
	drop 10 10k 100k 1m
	store 10 10 && store 10k 10k && store 100k 100k && store 1m 1M || return 1
	cat "$stores/10k.jsonl" "$stores/100k.jsonl" "$stores/1m.jsonl"
}

# What a read costs beside a call that does nothing, and without any call.
read_path()
{
	store 1m 1M || return 1
	"$bench" echo --store "$stores/1m" --mix resolve --rounds 21 --seconds "$(s 1.5)" || return 1
	"$bench" run --store "$stores/1m" --rounds 5 --seconds "$(s 3)" --mix resolve \
		--against --mix resolve --keys zipf --name 'resolve, zipf' \
		--against --mix resolve --connections 8 --name 'resolve, 8 connections' \
		--against --mix resolve --in-flight 1 --name 'resolve, one by one' \
		--against --mix count --against --mix batch --in-flight 4 || return 1
	"$bench" lookup --store "$stores/1m" --lookups "$(n 1000000)" --rounds 5 --name 'lookup, uniform' || return 1
	"$bench" lookup --store "$stores/1m" --lookups "$(n 1000000)" --rounds 5 --keys zipf --name 'lookup, zipf' || return 1
	"$bench" lookup --store "$stores/1m" --lookups "$(n 1000000)" --rounds 5 --batch 256 --name 'lookup, 256 on a snapshot'
}

# Latency over throughput, in open loops.
latency()
{
	store 1m 1M && store write 1M || return 1
	"$bench" run --store "$stores/1m" --rounds 3 --seconds "$(s 3)" --warm-up "$(s 1)" --in-flight 512 --mix resolve \
		--rate 5000 --name 'resolve at 5k/s' \
		--against --rate 10000 --name 'resolve at 10k/s' --against --rate 20000 --name 'resolve at 20k/s' \
		--against --rate 40000 --name 'resolve at 40k/s' --against --rate 80000 --name 'resolve at 80k/s' ||
		return 1
	"$bench" run --store "$stores/write" --rounds 3 --seconds "$(s 3)" --warm-up "$(s 1)" --in-flight 512 \
		--mix identify-change --rate 1000 --name 'identify at 1k/s' \
		--against --rate 2000 --name 'identify at 2k/s' --against --rate 4000 --name 'identify at 4k/s' \
		--against --rate 8000 --name 'identify at 8k/s' --against --rate 16000 --name 'identify at 16k/s'
}

# Durable writes: of one caller to many, and what a write that changes nothing costs.
write_path()
{
	drop write
	store write 1M || return 1
	"$bench" run --store "$stores/write" --rounds 5 --seconds "$(s 4)" --mix resolve \
		--against --mix identify-same --against --mix identify-change --against --mix identify-fresh \
		--against --mix identify-change --stream || return 1
	"$bench" run --store "$stores/write" --rounds 3 --seconds "$(s 3)" --mix identify-change --warm-up "$(s 1)" \
		--name 'identify-change, 64 callers' \
		--against --in-flight 1 --name 'identify-change, 1 caller' \
		--against --in-flight 16 --name 'identify-change, 16 callers' \
		--against --in-flight 256 --name 'identify-change, 256 callers' || return 1
	drop write
}

# label OPERATION STORE: what a side is called, which says its curve in a picture as well.
label()
{
	case $2 in
	*-in-*) echo "$1 in ${2#*-in-} of ${2%%-in-*}" ;;
	*) echo "$1 of $2" ;;
	esac
}

# grow OPERATION SECONDS BASE STORE…: the operation on each store, held against that on the
# first.
grow()
{
	operation=$1 seconds=$2 base=$3
	shift 3
	count=$#
	for name; do
		set -- "$@" --against --store "$stores/$name" --name "$(label "$operation" "$name")"
	done
	shift "$count"
	"$bench" run --rounds 4 --seconds "$(s "$seconds")" --warm-up "$(s 4)" --mix "$operation" \
		--store "$stores/$base" --name "$(label "$operation" "$base")" "$@"
}

# What a call costs as the store grows; and of ten million contacts in ten thousand accounts.
# One of the large stores is there at a time, so that the system's cache can hold it.
growth()
{
	many=$large_name-in-10k-accounts
	store 10 10 && store 10k 10k && store 100k 100k && store 1m 1M || return 1
	drop "$many"
	store "$large_name" "$large" || return 1
	cat "$stores/$large_name.jsonl"
	grow resolve 3 1m 10k 100k "$large_name" && grow count 2 10 10k 100k 1m "$large_name" &&
		grow identify-change 3 1m 10k 100k "$large_name" || return 1
	# The base was written to, and is held against a store that was not.
	drop "$large_name" 1m
	store 1m 1M && store "$many" "$large" 10000 || return 1
	sed 's/"name":"load"/"name":"load of many accounts"/' "$stores/$many.jsonl"
	grow resolve 3 1m "$many" && grow count 2 10 "$many" &&
		grow identify-change 3 1m "$many" || return 1
	# These have been written to.
	drop "$many" 10k 100k 1m
}

peers()
{
	"${PEERS:-bench/peers/peers.sh}" "$build"
}

# Everything small, to see that it works and roughly what comes of it.
quick()
{
	rm -rf "${stores:?}/quick"
	"$bench" load --store "$stores/quick" --contacts 100k || return 1
	"$bench" echo --store "$stores/quick" --mix resolve --rounds 5 --seconds "$(s 2)" --warm-up "$(s 1)" || return 1
	"$bench" run --store "$stores/quick" --rounds 3 --seconds "$(s 2)" --warm-up "$(s 1)" --mix resolve \
		--against --mix batch --in-flight 4 --against --mix count --against --mix identify-same \
		--against --mix identify-change --against --mix identify-fresh \
		--against --mix resolve --rate 5000 --name 'resolve at 5k/s' || return 1
	"$bench" lookup --store "$stores/quick" --lookups "$(n 500000)" --rounds 5
	rm -rf "${stores:?}/quick"
}

plots()
{
	drawn=0
	if [ -f "$results/latency.jsonl" ]; then
		"$bench" plot --kind throughput --title 'latency over throughput (open loop, Poisson)' \
			--out "$results/throughput" "$results/latency.jsonl" && drawn=$((drawn + 1)) || return 1
	fi
	if [ -f "$results/growth.jsonl" ]; then
		"$bench" plot --kind growth --title 'server CPU a call over the size of the store, µs' \
			--out "$results/growth" "$results/growth.jsonl" &&
			"$bench" plot --kind growth --figure start_seconds --title 'start-up over the size of the store, s' \
				--out "$results/start" "$results/growth.jsonl" && drawn=$((drawn + 2)) || return 1
	fi
	for part in read write; do
		[ -f "$results/$part.jsonl" ] || continue
		"$bench" plot --kind distribution --title "latency by percentile ($part, closed loop, 64 in flight)" \
			--out "$results/$part" "$results/$part.jsonl" && drawn=$((drawn + 1)) || return 1
	done
	[ "$drawn" -gt 0 ] || {
		say 'measure: there is nothing to plot'
		return 1
	}
}

goals()
{
	"$python" bench/goals.py "$results" >"$results/goals.md.new" &&
		mv "$results/goals.md.new" "$results/goals.md" || return 1
	cat "$results/goals.md" >&2
}

# part NAME FUNCTION: measures into a file that takes its place only when it is whole.
part()
{
	if [ -n "${RESUME:-}" ] && [ -f "$results/$1.jsonl" ] &&
		grep -q "\"commit\":\"$commit\"" "$results/$1.jsonl"; then
		say "--- $1: has results of this commit"
		return
	fi
	say "--- $1"
	begun=$(date +%s)
	if "$2" >"$results/$1.jsonl.new" && [ -s "$results/$1.jsonl.new" ]; then
		mv "$results/$1.jsonl.new" "$results/$1.jsonl"
		say "--- $1: $(($(date +%s) - begun)) s"
	else
		say "--- $1: FAILED after $(($(date +%s) - begun)) s; what there was is in $results/$1.jsonl.new"
		failed="$failed $1"
	fi
}

[ -x "$bench" ] || {
	say "measure: $build has no anagraph-bench: run ./dev bench"
	exit 1
}
mkdir -p "$results" "$stores"
[ $# -gt 0 ] || set -- load read latency write growth peers plots goals
for name; do
	case $name in
	load) part load load ;;
	read) part read read_path ;;
	latency) part latency latency ;;
	write) part write write_path ;;
	growth) part growth growth ;;
	peers) part peers peers ;;
	quick) part quick quick ;;
	plots) plots || failed="$failed plots" ;;
	goals) goals || failed="$failed goals" ;;
	*)
		say "measure: there is no part $name"
		exit 2
		;;
	esac
done
[ -z "$failed" ] || {
	say "measure: failed:$failed"
	exit 1
}
