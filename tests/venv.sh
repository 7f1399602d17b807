#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: venv.sh FOLDER PACKAGE...   an environment of $PYTHON with these packages (PyPI), made once.
# Status 1: the packages cannot be had, and nothing is left.
set -euo pipefail
venv=$1
shift
[ ! -e "$venv/complete" ] || exit 0
rm -rf "$venv"
if ! { "${PYTHON:-/usr/bin/python3}" -m venv "$venv" && "$venv/bin/pip" install -q "$@"; }; then
	rm -rf "$venv"
	exit 1
fi
touch "$venv/complete"
