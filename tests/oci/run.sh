#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The commands that oke-guard prints, before the parser of the real oci CLI (PyPI: oci-cli). Where the
# package cannot be had, that is said and nothing is tested.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build}
VERSION=3.95.1
venv=build/oci-cli-$VERSION
PYTHON=${PYTHON:-/usr/bin/python3}

if [ ! -e "$venv/complete" ]; then
	rm -rf "$venv"
	if ! { "$PYTHON" -m venv "$venv" && "$venv/bin/pip" install -q "oci-cli==$VERSION"; }; then
		rm -rf "$venv"
		echo "oci-cli $VERSION cannot be had from PyPI: the commands were NOT tried with the real CLI"
		exit 0
	fi
	touch "$venv/complete"
fi
"$PYTHON" tests/oci/commands.py "$PWD/$venv/bin/python"
