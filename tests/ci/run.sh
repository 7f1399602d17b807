#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ci/ and docs/ci.md before the schemas that editors use for them, and the hooks before the real pre-commit
# (PyPI: check-jsonschema, which carries the schemas; pre-commit). Where the packages cannot be had, that
# is said and nothing is tested.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build} PYTHONDONTWRITEBYTECODE=1
PACKAGES=(check-jsonschema==0.39.0 pre-commit==4.7.0)
name=$(printf '%s\n' "${PACKAGES[@]}" | sha256sum | cut -c-12)
venv=build/ci-kit-$name
PYTHON=${PYTHON:-/usr/bin/python3}

if [ ! -e "$venv/complete" ]; then
	rm -rf "$venv"
	if ! { "$PYTHON" -m venv "$venv" && "$venv/bin/pip" install -q "${PACKAGES[@]}"; }; then
		rm -rf "$venv"
		echo "${PACKAGES[*]} cannot be had from PyPI: ci/ was NOT held against schemas, nor the hooks tried"
		exit 0
	fi
	touch "$venv/complete"
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
PATH=$PWD/$venv/bin:$PATH "$PYTHON" tests/ci/test_ci.py 2>&1 | tee "$log" || true
ran=$(sed -nE 's/^Ran ([0-9]+) tests? in .*/\1/p' "$log")
failed=$(grep -cE '^(FAIL|ERROR): ' "$log" || true)
grep -qE '^OK$' "$log" || [ "$failed" != 0 ] || failed=1
passed=$((${ran:-0} > failed ? ${ran:-0} - failed : 0))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
