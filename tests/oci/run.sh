#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The commands that oke-guard prints, before the parser of the real oci CLI (PyPI: oci-cli). Where the
# package cannot be had, that is said and nothing is tested.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build} PYTHON=${PYTHON:-/usr/bin/python3}
VERSION=3.95.1
venv=build/oci-cli-$VERSION

tests/venv.sh "$venv" "oci-cli==$VERSION" || {
	echo "oci-cli $VERSION cannot be had from PyPI: the commands were NOT tried with the real CLI"
	exit 0
}
"$PYTHON" tests/oci/commands.py "$PWD/$venv/bin/python"
