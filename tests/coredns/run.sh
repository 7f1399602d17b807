#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What oke-guard says of ConfigMap coredns-custom, held against a real CoreDNS that is built from Go
# modules. Where they cannot be had, that is said and nothing is tested.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build} CGO_ENABLED=0 GOWORK=off GOFLAGS=-buildvcs=false
PYTHON=${PYTHON:-/usr/bin/python3}
program=$PWD/build/coredns/coredns

if [ ! -x "$program" ] || [ tests/coredns/main.go -nt "$program" ] || [ tests/coredns/go.mod -nt "$program" ]; then
	if ! (cd tests/coredns && go mod download); then
		echo "the Go modules of CoreDNS cannot be had: coredns-custom was NOT tried with a real one"
		exit 0
	fi
	mkdir -p "${program%/*}"
	(cd tests/coredns && go build -p "${JOBS:-2}" -o "$program.new" .)
	mv "$program.new" "$program"
fi
"$PYTHON" tests/coredns/run.py "$program"
