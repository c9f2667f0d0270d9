#!/bin/sh
# Runs a file of tests where there is a Node and its modules are installed; elsewhere
# it says what is missing and is skipped (77).
set -eu
cd "$(dirname "$0")"
if ! command -v node >/dev/null; then
	echo '# skipped: there is no node'
	exit 77
fi
if [ ! -d node_modules/@grpc/grpc-js ] || [ ! -d node_modules/@bufbuild/buf ]; then
	echo '# skipped: npm ci has not been run in tests/node'
	exit 77
fi
# The file itself, not `node --test`: every test is then a line of its own, on Node 18 too.
exec node --test-reporter=tap "$1"
