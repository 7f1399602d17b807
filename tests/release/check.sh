#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: check.sh    the tests of what `make release` has made; `N passed, M failed`
set -u
cd "$(dirname "$0")/../.." || exit 2
log=$(mktemp)
trap 'rm -f "$log"' EXIT

tests/unittest.sh /usr/bin/python3 tests/release/test_release.py | tee "$log"
read -r passed failed < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$log" | tail -1)
if tests/release/again.sh; then
	passed=$((passed + 1))
else
	failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
