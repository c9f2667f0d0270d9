#!/bin/sh
# The service beside Redis and PostgreSQL. The peers are Debian's, started on free ports of
# 127.0.0.1 with all they keep in a temporary directory, and ended with it, whatever happens.
# Results go to standard output as JSON lines, tables to standard error.
#
#   bench/peers/peers.sh [BUILD-DIRECTORY [OPTION…]]      (build-release)
#
# Options are anagraph-peers'. Status 77: a peer is not installed.
set -eu
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build-release}")
[ $# = 0 ] || shift
python=/usr/bin/python3
redis_server=/usr/bin/redis-server
postgres_bin=/usr/lib/postgresql/15/bin
directory=
redis=
postgres=
measuring=

die()
{
	echo "bench/peers/peers.sh: $*" >&2
	exit 1
}

# end PID SIGNAL: of those that were started here.
end()
{
	[ -n "$1" ] || return 0
	kill -s "$2" "$1" 2>/dev/null || :
	wait "$1" || :
}

finish()
{
	trap - EXIT INT TERM HUP
	end "$measuring" TERM
	end "$redis" TERM
	end "$postgres" INT
	[ -z "$directory" ] || rm -rf "$directory"
}

# A port that nobody has at this moment.
free_port()
{
	"$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# await NAME PID LOG COMMAND…: until the command succeeds.
await()
{
	name=$1 pid=$2 log=$3
	shift 3
	left=300
	until "$@" >/dev/null 2>&1; do
		kill -0 "$pid" 2>/dev/null && [ "$left" -gt 0 ] || {
			cat "$log" >&2
			die "$name did not start"
		}
		left=$((left - 1))
		sleep 0.1
	done
}

# PostgreSQL refuses to be root.
as_postgres()
{
	if [ "$(id -u)" = 0 ]; then
		exec setpriv --reuid=postgres --regid=postgres --clear-groups --pdeathsig INT "$@"
	else
		exec setpriv --pdeathsig INT "$@"
	fi
}

start_redis()
{
	redis_port=$(free_port)
	mkdir "$directory/redis"
	# Kept in memory alone: it is only read from.
	printf '%s\n' 'bind 127.0.0.1' "port $redis_port" "requirepass $PEERS_PASSWORD" 'save ""' 'appendonly no' \
		'daemonize no' "dir $directory/redis" >"$directory/redis/redis.conf"
	setpriv --pdeathsig TERM "$redis_server" "$directory/redis/redis.conf" >"$directory/redis.log" 2>&1 &
	redis=$!
	REDISCLI_AUTH=$PEERS_PASSWORD await Redis "$redis" "$directory/redis.log" redis-cli -p "$redis_port" ping
}

start_postgres()
{
	postgres_port=$(free_port)
	mkdir "$directory/postgres"
	printf '%s\n' "$PEERS_PASSWORD" >"$directory/postgres/password"
	[ "$(id -u)" != 0 ] || chown -R postgres:postgres "$directory/postgres"
	(
		cd "$directory/postgres"
		as_postgres "$postgres_bin/initdb" --pgdata="$directory/postgres/data" --username=peers \
			--auth=scram-sha-256 --pwfile="$directory/postgres/password" --encoding=UTF8 --locale=C --no-sync
	) >"$directory/postgres.log" 2>&1 || {
		cat "$directory/postgres.log" >&2
		die 'PostgreSQL makes no cluster'
	}
	# As durable as the service: every commit is synced before it is answered. Memory for all
	# that it has, and no checkpoint that falls into one round and not into another.
	(
		cd "$directory/postgres"
		as_postgres "$postgres_bin/postgres" -D "$directory/postgres/data" -p "$postgres_port" \
			-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=160 \
			-c fsync=on -c synchronous_commit=on -c full_page_writes=on \
			-c shared_buffers=2GB -c max_wal_size=16GB -c checkpoint_timeout=60min -c jit=off
	) >>"$directory/postgres.log" 2>&1 &
	postgres=$!
	await PostgreSQL "$postgres" "$directory/postgres.log" "$postgres_bin/pg_isready" -h 127.0.0.1 \
		-p "$postgres_port"
}

for program in "$redis_server" "$postgres_bin/postgres" "$postgres_bin/initdb"; do
	[ -x "$program" ] || {
		echo "bench/peers/peers.sh: there is no $program" >&2
		exit 77
	}
done
[ -x "$build/bench/anagraph-peers" ] || die "$build has no anagraph-peers"
trap finish EXIT
trap 'exit 130' INT TERM HUP
# On a disk: where stores are kept in memory, a sync costs nothing.
directory=$(mktemp -d "${PEERS_DIR:-/var/tmp}/anagraph-peers.XXXXXX")
chmod 711 "$directory"
mkdir -m 700 "$directory/anagraph"
PEERS_PASSWORD=$("$python" -c 'import secrets; print(secrets.token_hex(16))')
export PEERS_PASSWORD ANAGRAPH_TEST_DIR="$directory/anagraph"
start_redis
start_postgres
# Waited for, so that a signal is not.
"$build/bench/anagraph-peers" --redis "$redis_port" --redis-pid "$redis" --postgres "$postgres_port" \
	--postgres-pid "$postgres" "$@" &
measuring=$!
status=0
wait "$measuring" || status=$?
measuring=
exit "$status"
