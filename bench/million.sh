#!/bin/sh
# A large account from nothing: contacts are made up from a seed, imported from CSV,
# listed while others write, and counted again. Prints a line a figure, and fails when a
# listing repeats or misses a contact. The server and its store end with it.
#
#   bench/million.sh [COUNT [BUILD-DIRECTORY]]      (1,000,000 and build-release)
#
# Rates are of this machine alone, with caller and server on it side by side.
set -eu
cd "$(dirname "$0")/.."
count=${1:-1000000}
build=${2:-build-release}
OTHERS=50000
directory=$(mktemp -d ./bench-million.XXXXXX)
server=

finish()
{
	trap - EXIT INT TERM HUP
	if [ -n "$server" ]; then
		kill -TERM "$server" 2>/dev/null || :
		wait "$server" || :
	fi
	rm -rf "$directory"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

die()
{
	echo "bench/million.sh: $*" >&2
	exit 1
}

serve()
{
	rm -f "$directory/ready"
	mkfifo "$directory/ready"
	"$build/server/anagraphd" --data-dir "$directory/data" --listen 127.0.0.1:0 --policy-dir "$build/plugins" \
		>"$directory/ready" 2>"$directory/prose" &
	server=$!
	exec 3<"$directory/ready"
	read -r line <&3 || die "the server did not start: $(cat "$directory/prose")"
	address=${line#ready on }
}

stop()
{
	kill -TERM "$server"
	wait "$server" || die 'the server did not end well'
	server=
}

anagraph()
{
	"$build/client/anagraph" --server "$address" --timeout 600 "$@"
}

now_ms()
{
	date +%s%3N
}

# per_second COUNT MILLISECONDS
per_second()
{
	echo "$(($1 * 1000 / ($2 + 1)))"
}

# status NAME: a line of the server's /proc status, in kB.
status_kb()
{
	sed -n "s/^$1:[[:blank:]]*\([0-9]*\) kB/\1/p" "/proc/$server/status"
}

# User and system time, in hundredths of a second.
cpu_ticks()
{
	cut -d ' ' -f 14,15 "/proc/$server/stat" | { read -r user system && echo $((user + system)); }
}

store_bytes()
{
	du -s --block-size=1 "$directory/data" | cut -f 1
}

echo "contacts $count, $(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r)"
"$build/bench/anagraph-contacts" --count "$((count + OTHERS))" --seed 1 >"$directory/all.csv"
head -n "$((count + 1))" "$directory/all.csv" >"$directory/contacts.csv"
{ head -n 1 "$directory/all.csv" && tail -n "$OTHERS" "$directory/all.csv"; } >"$directory/others.csv"
rm "$directory/all.csv"
csv_bytes=$(stat -c %s "$directory/contacts.csv")
serve

before=$(now_ms)
anagraph import --no-request-id --account shop "$directory/contacts.csv" 2>"$directory/import" ||
	die "$(cat "$directory/import")"
took=$(($(now_ms) - before))
echo "import: $(per_second "$count" $took) rows a second ($took ms), $(($(cpu_ticks) * 10000 / (count / 1000)))" \
	"ns of server CPU a row, resident $(status_kb RssAnon) kB besides the map's $(status_kb RssFile) kB"
echo "store: $(($(store_bytes) / count)) bytes a contact, $((csv_bytes / count)) in the file"
anagraph count --account shop

# Everybody whom a push campaign reaches, while others are written.
anagraph list --account shop --reach push --all --page-size 1000 >"$directory/quiet" 2>/dev/null
expected=$(wc -l <"$directory/quiet")
before=$(now_ms)
ticks=$(cpu_ticks)
anagraph list --account shop --reach push --all --page-size 1000 >"$directory/quiet" 2>/dev/null
took=$(($(now_ms) - before))
echo "recipients of push: $expected, listed and shown as JSON at $(per_second "$expected" $took) a second," \
	"$((($(cpu_ticks) - ticks) * 10000000 / expected)) ns of server CPU a contact"
anagraph import --no-request-id --account shop "$directory/others.csv" 2>"$directory/import" &
writer=$!
passes=0
while kill -0 "$writer" 2>/dev/null; do
	anagraph list --account shop --reach push --all --page-size 1000 2>/dev/null |
		sed 's/^{"id":"\{0,1\}\([0-9]*\).*/\1/' >"$directory/busy"
	[ -z "$(sort "$directory/busy" | uniq -d)" ] || die 'a contact was listed twice'
	listed=$(awk -v most="$count" '$1 <= most' "$directory/busy" | wc -l)
	[ "$listed" = "$expected" ] || die "$listed of $expected recipients were listed"
	passes=$((passes + 1))
done
wait "$writer" || die "$(cat "$directory/import")"
[ "$passes" -gt 0 ] || die 'nothing was listed while others wrote'
echo "beside a writer: $passes times, each recipient once"

stop
before=$(now_ms)
"$build/client/anagraph" check --data-dir "$directory/data"
echo "full recount and check: $(($(now_ms) - before)) ms"
