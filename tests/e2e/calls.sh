#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Would the API server call the guard? Its own code (Go modules, pinned in tests/e2e/calls/go.sum)
# decides for every recorded review, under the configuration of the reviews and under one with rules
# whose entry refuses while the guard is dead; then for each managed object and operation.
# BUILD names the folder with oke-guard.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$PWD/${BUILD:-build}
# shellcheck source=tests/e2e/build.sh
source tests/e2e/build.sh # find_go
find_go "$PWD/tests/e2e/calls/go.mod"
export GOFLAGS="-mod=readonly -buildvcs=false"
mkdir -p "$build/e2e"
nice go -C tests/e2e/calls build -o "$build/e2e/calls" .

calls() { # CONFIG REVIEWS...
	echo "$1:"
	"$build/e2e/calls" -guard "$build/oke-guard" -config "$@" 2> "$build/e2e/calls.log" ||
		{ tail -3 "$build/e2e/calls.log"; exit 1; }
}

for config in tests/data/reviews/config.yaml tests/e2e/calls/required.yaml; do
	calls "$config" tests/data/reviews/{reviews,made}.jsonl tests/e2e/calls/more.jsonl
done
calls tests/data/reviews/config.yaml tests/data/reviews/matrix.jsonl

# Cases after public reports, and those beside them, each under the configuration that it names.
faults=tests/data/reviews
for config in "$faults"/faults/*.yaml; do
	grep -hF "\"config\": \"${config##*/}\"" "$faults"/{faults,siblings}.jsonl > "$build/e2e/faults.jsonl"
	calls "$config" "$build/e2e/faults.jsonl"
done
grep -hF '"config": null' "$faults"/{faults,siblings}.jsonl > "$build/e2e/faults.jsonl"
calls tests/data/policies/good/config-least.yaml "$build/e2e/faults.jsonl"
