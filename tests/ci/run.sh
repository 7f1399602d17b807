#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ci/ and docs/ci.md before the schemas that editors use for them, and the hooks before the real pre-commit
# (PyPI: check-jsonschema, which carries the schemas; pre-commit). Where the packages cannot be had, that
# is said and nothing is tested.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build} PYTHON=${PYTHON:-/usr/bin/python3}
PACKAGES=(check-jsonschema==0.39.0 pre-commit==4.7.0)
name=$(printf '%s\n' "${PACKAGES[@]}" | sha256sum | cut -c-12)
venv=build/ci-kit-$name

tests/venv.sh "$venv" "${PACKAGES[@]}" || {
	echo "${PACKAGES[*]} cannot be had from PyPI: ci/ was NOT held against schemas, nor the hooks tried"
	exit 0
}
PATH=$PWD/$venv/bin:$PATH tests/unittest.sh "$PYTHON" tests/ci/test_ci.py
