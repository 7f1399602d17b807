#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Run every test that is built under $BUILD: Check programs, the fuzzers' corpus, and the
# Python tests that drive the real binary. One line a program; the output of those that
# fail; at the end `N passed, M failed`.
#
# SANITIZE=thread leaves only what runs threads: lib/serve/, counters, and the system tests of servers.
# UNIT=1 leaves only the C programs.
# LEFT_OUT='test_load.py ...' leaves out system tests.
# EMULATOR=COMMAND runs programs of another architecture by it: the C programs, and a server.
set -u
cd "$(dirname "$0")/.." || exit 2
export BUILD=${BUILD:-build} SANITIZE=${SANITIZE:-} UNIT=${UNIT:-}
read -ra emulator <<< "${EMULATOR:-}"
# Debian's own: another python3 may stand before it and lack the packages.
PYTHON=/usr/bin/python3

# Sanitizers and a shared machine are slow; a test that hangs still ends.
export CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-180}
# Under an emulator a fork costs 100 ms; a test that crashes then ends its program, which fails.
[ ${#emulator[@]} = 0 ] || export CK_FORK=no
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1

# How many programs run at once. JOBS=1: one after the other, for tests that are being timed.
jobs=${JOBS:-$(nproc)}

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
started=0 log='' result='' # of the test that runs, set by go

# Run a test in the background, as soon as fewer than $jobs do: KIND ARGUMENT...
# It writes what it said to $log and its line to $result; the order of the report is that of the start.
go() {
	local n

	started=$((started + 1))
	n=$(printf '%s/%04d' "$results" "$started")
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		wait -n
	done
	log=$n.log result=$n.result "$@" &
}

# report NAME COUNT BAD: one line for a program, and what it said when anything failed.
report() {
	printf '%s %s %s\n' "$2" "$3" "$1" > "$result"
	if [ "$3" = 0 ]; then
		printf '  ok    %-44s %5d\n' "$1" "$2"
	else
		{
			printf '  FAIL  %-44s %5d of %d\n' "$1" "$3" "$2"
			sed 's/^/        /' "$log"
		} > "$log.said"
		cat "$log.said"
	fi
}

# A program that ended badly without a count, or that counted no test, is one failure.
judge() { # NAME STATUS COUNT BAD
	local count=${3:-0} bad=${4:-0}

	if [ "$2" != 0 ] && [ "$bad" = 0 ]; then
		echo "ended with status $2" >> "$log"
		bad=1
	elif [ "$count" = 0 ]; then
		echo "no test ran" >> "$log"
		bad=1
	fi
	[ "$count" -ge "$bad" ] || count=$bad
	report "$1" "$count" "$bad"
}

check_program() { # libcheck's own summary: "98%: Checks: 40, Failures: 1, Errors: 0"
	local status sums

	"${emulator[@]}" "$1" > "$log" 2>&1
	status=$?
	sums=$(sed -nE 's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+)$/\1 \2 \3/p' \
		"$log" | awk '{ n += $1; bad += $2 + $3 } END { print n + 0, bad + 0 }')
	judge "${1#"$BUILD"/}" "$status" "${sums% *}" "${sums#* }"
}

replay_corpus() { # one test a target
	local what=${1##*/fuzz_} status

	if ! [ -d "tests/fuzz/corpus/$what" ]; then
		echo "tests/fuzz/corpus/$what is missing" > "$log"
		report "${1#"$BUILD"/}" 1 1
		return
	fi
	"${emulator[@]}" "$1" "tests/fuzz/corpus/$what" > "$log" 2>&1
	status=$?
	judge "${1#"$BUILD"/}" "$status" 1 0
}

python_tests() { # NAME ARGUMENT...: unittest's summary, or one test when it prints none
	local name=$1 status n bad
	shift
	"$PYTHON" "$@" > "$log" 2>&1
	status=$?
	n=$(sed -nE 's/^Ran ([0-9]+) tests? in .*/\1/p' "$log" | tail -1)
	bad=$(sed -nE 's/^FAILED \((.*)\)$/\1/p' "$log" | tail -1 |
		grep -oE '(failures|errors|unexpected successes)=[0-9]+' | grep -oE '[0-9]+$' |
		awk '{ n += $1 } END { print n + 0 }')
	if grep -qE '^(OK|FAILED) \(.*skipped=' "$log"; then
		echo "a skipped test counts as failed: what it needs must be installed" >> "$log"
		bad=$((bad + 1))
	fi
	judge "$name" "$status" "${n:-1}" "$bad"
}

# Minutes under an emulator, for nothing that depends on the architecture: crashes between any two steps,
# every word of every document, every allocation, every gated path in every way. And what an emulator does otherwise: processor time is its own,
# and a program that cannot be started is told too late.
too_long="agent/api/check_rotate.c policy/print/check_documents.c agent/check_out_of_memory.c certs/check_out_of_memory.c"
too_long+=" agent/collect/check_splitter.c agent/kubeconfig/check_plugin.c webhook/check_hostile.c webhook/check_unread.c"
rooms=(tests/unit)
[ "$SANITIZE" = thread ] && rooms=(tests/unit/webhook/check_{learn,metrics}.c tests/unit/lib/serve)
while read -r c; do
	[ ${#emulator[@]} = 0 ] || [[ " $too_long " != *" ${c#tests/unit/} "* ]] || continue
	go check_program "$BUILD/${c%.c}"
done < <(find "${rooms[@]}" -name 'check_*.c' | sort)
if [ "$SANITIZE" != thread ]; then
	for c in tests/fuzz/fuzz_*.c; do
		[ -e "$c" ] && go replay_corpus "$BUILD/${c%.c}"
	done
fi
if [ "$SANITIZE" != thread ] && [ -z "$UNIT" ] && [ ${#emulator[@]} = 0 ]; then
	while read -r t; do
		go python_tests "$t" "$t"
	done < <(find tests/unit -name 'test_*.py' -o -name schema_agrees.py | sort)
fi
system=(tests/system/test_*.py)
if [ ${#emulator[@]} != 0 ]; then
	system=(tests/system/test_serve.py tests/system/test_http.py)
	mkdir -p "$BUILD/emulated"
	printf '#!/bin/sh\nexec %s %s "$@"\n' "${EMULATOR}" "$PWD/$BUILD/oke-guard" > "$BUILD/emulated/oke-guard"
	chmod +x "$BUILD/emulated/oke-guard"
	BUILD=$BUILD/emulated
fi
[ -z "$UNIT" ] || system=()
# Slow flavours run on what they are for: threads, memory. Crowds measure time, commands run alone.
left_out=" ${LEFT_OUT:-} "
case $SANITIZE in
thread) left_out+=" test_check.py test_check_rows.py test_policy.py test_readme.py test_run.py test_agent_alerts.py test_crowd.py " ;;
address*) left_out+=" test_crowd.py test_rollout.py test_load.py " ;;
esac
# What measures time or fills the machine has it for itself.
alone=" test_load.py test_rollout.py test_reload.py test_crowd.py test_envelope.py test_stall.py "
for t in "${system[@]}"; do
	[[ $alone$left_out == *" ${t##*/} "* ]] || go python_tests "$t" -m unittest discover -s tests/system -p "${t##*/}"
done
wait
jobs=1
for t in "${system[@]}"; do
	[[ $alone != *" ${t##*/} "* || $left_out == *" ${t##*/} "* ]] || go python_tests "$t" -m unittest discover -s tests/system -p "${t##*/}"
done
wait

# A test whose shell died has left no result: it counts as failed.
passed=0
failed=0
broken=()
for n in $(seq -f "$results/%04g" "$started"); do
	read -r count bad name < "$n.result" 2>/dev/null || { count=1 bad=1 name="test ${n##*/}, which left no result"; }
	passed=$((passed + count - bad))
	failed=$((failed + bad))
	[ "$bad" = 0 ] || broken+=("$name")
done
if [ ${#broken[@]} -gt 0 ]; then
	printf 'Failed:\n'
	printf '  %s\n' "${broken[@]}"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
