#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: unittest.sh COMMAND...   run a program of Python's unittest and show what it says; at the
# end `N passed, M failed`. No count, or one that says nothing of what went wrong, is a failure.
set -u
export PYTHONDONTWRITEBYTECODE=1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

"$@" 2>&1 | tee "$log"
ran=$(sed -nE 's/^Ran ([0-9]+) tests? in .*/\1/p' "$log")
failed=$(grep -cE '^(FAIL|ERROR): ' "$log")
grep -qE '^OK$' "$log" || [ "$failed" != 0 ] || failed=1
passed=$((${ran:-0} > failed ? ${ran:-0} - failed : 0))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
