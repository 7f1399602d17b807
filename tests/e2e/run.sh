#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Run the end-to-end tests on a real cluster, in namespaces that end with the run.
#
# What is seen of it from outside: one folder in $TMPDIR and one folder in each cgroup hierarchy,
# both removed at the end. Devices, addresses, rules and mounts are in namespaces of the run; a
# failing run leaves the logs of all parts in $BUILD/e2e-logs.
#
#   KUBERNETES E2E_CACHE E2E_TOOLCHAIN   see build.sh
#   E2E_MORE    not empty: what is slow, and other people's programs and charts, instead
#   E2E_ONLY    run only the tests whose names this expression is found in
#   E2E_HOLD    not empty: when the tests are done, wait for a file `go` in the folder
#   ACCEPT      not empty: write golden files instead of comparing them
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build}

say() { printf '%s\n' "$*" >&2; }

check_machine() {
	[ "$(id -u)" = 0 ] || {
		say "make e2e must run as root: it makes network namespaces, mounts and cgroups, and runs containers."
		exit 2
	}
	grep -q '^[^ ]* [^ ]*/memory cgroup ' /proc/mounts || {
		say "make e2e needs cgroup v1, with each controller mounted below /sys/fs/cgroup; v2 was not tried."
		exit 2
	}
	case ${TMPDIR:-/tmp}/ in
	/run/* | /var/lib/* | /var/log/*)
		say "TMPDIR must not be below /run, /var/lib or /var/log: nodes have their own of these."
		exit 2
		;;
	esac
}

remove_cgroups() {
	local tries
	for ((tries = 0; tries < 50; tries++)); do
		find /sys/fs/cgroup/*/"${E2E_FOLDER##*/}" -depth -type d -exec rmdir {} + 2> /dev/null || :
		ls -d /sys/fs/cgroup/*/"${E2E_FOLDER##*/}" > /dev/null 2>&1 || return 0
		sleep 0.1
	done
	say "cgroups named ${E2E_FOLDER##*/} are still in use"
}

clean_up() {
	local status=$?
	remove_cgroups
	if [ $status != 0 ]; then
		rm -rf "$BUILD/e2e-logs"
		mkdir -p "$BUILD"
		mv "$E2E_FOLDER/logs" "$BUILD/e2e-logs"
		say "the logs of all parts are in $BUILD/e2e-logs"
	fi
	rm -rf "$E2E_FOLDER"
}

# Inside there is no network: what is not at hand is built before, for the files that E2E_ONLY names.
build_foreign() { # FILE GROUP...
	local only=${E2E_ONLY:-$1} group
	[[ $only == *"$1"* ]] || return 0
	for group in "${@:2}"; do
		tests/e2e/build.sh "$group" > /dev/null
	done
}

check_machine
KUBERNETES_BIN=$(tests/e2e/build.sh kubernetes)
HELM_BIN=$(tests/e2e/build.sh helm)
if [ -n "${E2E_MORE:-}" ]; then
	build_foreign prove_cert_manager cert-manager cert-manager-old
	build_foreign prove_gitops gitops-engine
	build_foreign prove_charts metrics-server descheduler cilium
fi
E2E_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/oke-guard-e2e.XXXXXX")
export KUBERNETES_BIN HELM_BIN E2E_FOLDER PYTHONDONTWRITEBYTECODE=1
mkdir "$E2E_FOLDER/logs"
trap clean_up EXIT
trap 'kill -KILL "$run"; exit 130' INT TERM
${CC:-cc} -Os -static -s -o "$E2E_FOLDER/pause" tests/e2e/pause.c
# A shell as process 1 of the run reaps what nobody else waits for.
unshare --net --mount --pid --fork --kill-child --mount-proc \
	bash -c "/usr/bin/python3 ${E2E_RUN:-tests/e2e/run.py}; exit \$?" &
run=$!
wait $run
