#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: tests/bench/instructions.sh [--accept]
# How many instructions does a review take, from its bytes to the answer's? Callgrind counts
# them for five recorded reviews and the ordinary ones of the bench (inputs.py);
# tests/bench/instructions.txt holds the last accepted numbers. More than 5 % above them fails;
# --accept writes the new ones.
#
# Each review is judged once and eleven times: a tenth of the difference is one review, warm,
# without what happens once.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
kept=tests/bench/instructions.txt
work=$BUILD/instructions
reviews="bg-daemon-set-controller-update-daemonset-status-ks-3
lookalike-deployment-coredns-2-kube-system-delete
kube-dns-service-selector
kube-proxy-replace
configmap-40kb
Deployment-4KB-passed
Deployment-12KB-passed
Deployment-40KB-passed
StatefulSet-6KB-passed
Pod-14KB-passed
Node-15KB-passed
12KB-unchanged
managedFieldsalone-12KB-passed
12KB-denied
40KB-denied"

collected() { # TIMES FILE
	valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=handler_answer \
		"$BUILD/tests/bench/judge" "$1" "$2" 2>&1 >/dev/null |
		sed -nE 's/^==[0-9]+== Collected : ([0-9]+).*/\1/p'
}

mkdir -p "$work"
"${PYTHON:-python3}" tests/bench/inputs.py tests/data/reviews/reviews.jsonl "$work"
now=$work/instructions.txt
{
	echo "# Instructions from a review's bytes to the answer's; tests/bench/instructions.sh"
	echo "# Debian 12, x86-64, gcc, flags of the Makefile."
} > "$now"
bad=0
printf '%-56s %10s %10s\n' review kept now
for id in $reviews; do
	[ -s "$work/$id.json" ] || grep -F "{\"id\": \"$id\"," tests/data/reviews/reviews.jsonl |
		sed -E 's/^.*"review": (\{.*\})\}$/\1/' > "$work/$id.json"
	[ -s "$work/$id.json" ] || { echo "no review $id"; exit 2; }
	once=$(collected 1 "$work/$id.json")
	often=$(collected 11 "$work/$id.json")
	count=$(((often - once) / 10))
	[ "$count" -gt 0 ] || { echo "$id: callgrind counted nothing"; exit 2; }
	was=$(awk -v id="$id" '$1 == id { print $2 }' "$kept" 2>/dev/null || true)
	note=
	if [ -z "$was" ]; then
		note="new"
		bad=1
	elif [ $((count * 100)) -gt $((was * 105)) ]; then
		note="grown by $(((count - was) * 100 / was)) %"
		bad=1
	elif [ $((count * 105)) -lt $((was * 100)) ]; then
		note="less: worth accepting"
	fi
	printf '%-56s %10s %10s  %s\n' "$id" "${was:--}" "$count" "$note"
	echo "$id $count" >> "$now"
done
if [ "${1:-}" = --accept ]; then
	cp "$now" "$kept"
	echo "written to $kept"
elif [ "$bad" = 1 ]; then
	echo "More instructions than accepted. If the growth buys something: make bench-instructions ACCEPT=1"
	exit 1
fi
