#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: tests/fuzz.sh SECONDS
# Run each fuzz target under $BUILD for SECONDS, two at a time, from its corpus. New inputs
# go to the build folder. An input that crashes, leaks or hangs is kept under $BUILD/crashes,
# named, and fails; it joins tests/fuzz/corpus/ in the commit that mends the fault.
# FUZZ_SEED makes two runs begin alike; without it each goes its own way.
set -u
cd "$(dirname "$0")/.." || exit 2
seconds=$1
BUILD=${BUILD:-build/fuzz}
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

run_target() {
	local what=$1 status
	local found="$BUILD/found/$what" crashes="$BUILD/crashes/$what" log="$BUILD/fuzz_$what.log"

	mkdir -p "$found" "$crashes"
	"$BUILD/tests/fuzz/fuzz_$what" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" -timeout=10 -rss_limit_mb=1024 \
		-max_len=65536 -artifact_prefix="$crashes/" -print_final_stats=1 \
		"$found" "tests/fuzz/corpus/$what" > "$log" 2>&1
	status=$?
	if [ "$status" = 0 ]; then
		printf '  ok    fuzz_%-20s %s inputs, %s features\n' "$what" \
			"$(sed -n 's/^stat::number_of_executed_units: //p' "$log")" \
			"$(grep -oE 'ft: [0-9]+' "$log" | tail -1 | cut -c5-)"
		return 0
	fi
	printf '  FAIL  fuzz_%s: status %d, log in %s\n' "$what" "$status" "$log"
	grep -E 'ERROR|SUMMARY|runtime error|Assertion' "$log" | head -5 | sed 's/^/        /'
	find "$crashes" -type f | sed 's/^/        kept: /'
	return 1
}

# A flag file tells of a failure: the targets run in subshells.
failures=$(mktemp)
trap 'rm -f "$failures"' EXIT
n=0
for c in tests/fuzz/fuzz_*.c; do
	[ -e "$c" ] || continue
	what=${c##*/fuzz_}
	what=${what%.c}
	n=$((n + 1))
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do
		wait -n
	done
	{ run_target "$what" || echo "$what" >> "$failures"; } &
done
wait
bad=$(wc -l < "$failures")
echo "$((n - bad)) passed, $bad failed"
[ "$n" -gt 0 ] && [ "$bad" = 0 ]
