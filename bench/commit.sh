#!/bin/sh
# The commit that is built, "-dirty" when something of it was changed since, results aside; what
# stands in results.
cd "$(dirname "$0")/.." || exit
commit=$(git -c safe.directory="$(pwd)" rev-parse --short=12 HEAD 2>/dev/null) || commit=unknown
[ -z "$(git -c safe.directory="$(pwd)" status --porcelain --untracked-files=no -- . ':!bench/results' 2>/dev/null)" ] ||
	commit=$commit-dirty
echo "$commit"
