#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: check.sh ARCH...   the tests of the images that `make image` has built; `N passed, M failed`
set -u
cd "$(dirname "$0")/../.." || exit 2
export PYTHONDONTWRITEBYTECODE=1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

/usr/bin/python3 tests/image/test_image.py "$@" 2>&1 | tee "$log"
ran=$(sed -nE 's/^Ran ([0-9]+) tests? in .*/\1/p' "$log")
failed=$(grep -cE '^(FAIL|ERROR): ' "$log")
# No count, or one that says nothing of what went wrong, is a failure.
grep -qE '^OK$' "$log" || [ "$failed" != 0 ] || failed=1
passed=$((${ran:-0} > failed ? ${ran:-0} - failed : 0))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
