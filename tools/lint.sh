#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The quick half of `make lint`: format, layers, one place for each foreign library, scripts.
# (clang-tidy is a goal of the Makefile, since it needs each file's flags.)
set -u
shopt -s lastpipe # else `bad` is set in the subshell of a pipe
cd "$(dirname "$0")/.." || exit 2
bad=0

# complain WHAT: print what stands on stdin, if anything does, and remember it.
complain() {
	local found
	found=$(cat)
	[ -n "$found" ] || return 0
	printf '%s\n' "lint: $1" "$found" >&2
	bad=1
}

folders=(include lib policy posture certs webhook agent cli tools tests ci)
mapfile -t sources < <(find "${folders[@]}" -name '*.[ch]' | sort)
mapfile -t scripts < <({
	grep -rlE -m1 '^#!/bin/(ba)?sh' "${folders[@]}" .ci 2>/dev/null
} | sort)

clang-format --dry-run -Werror "${sources[@]}" 2>&1 | grep -E 'error:' |
	complain "clang-format -i puts these right"

# uses HEADER FOLDER...: lines that include it there
uses() {
	local header=$1 dirs=() d
	shift
	for d in "$@"; do
		[ -d "$d" ] && dirs+=("$d")
	done
	[ ${#dirs[@]} = 0 ] || grep -rnE --include='*.[ch]' "^#[[:space:]]*include[[:space:]]*[<\"]$header" "${dirs[@]}"
}

# Who may use whom, circles, names: the table of the layers.
tools/layers.py --build "${BUILD:-build}" | complain "tools/layers.py"

for own in tests/lint/test_*.py; do
	PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$own" 2>&1 | grep -vE '^(\.*|-*|OK|Ran .*)$' | complain "$own"
done

# Tables and pictures of docs/ are what their tools write.
for tool in tools/docs/*.py; do
	/usr/bin/python3 "$tool" --check 2>&1
done | complain "docs/"

# A foreign library is met in one place.
only() { # HEADER PLACE(pattern)
	uses "$1" include lib policy certs webhook agent cli | grep -vE "^$2" | complain "$1 belongs in $2 alone"
}
only 'yaml\.h>' 'lib/yaml/yaml\.c:'
only 'microhttpd\.h' 'lib/serve/server\.c:'
only 'curl/' 'agent/api/kube\.c:'
only 'openssl/' 'certs/'
only 'cjson/' '(policy/learn|webhook|agent|cli)/'

grep -rnE '\b(TODO|FIXME|XXX)\b' --include='*.[chS]' --include='*.sh' --include='*.py' --include='*.yaml' \
	"${folders[@]}" | grep -v '^tools/lint.sh:' | complain "half-done work"
# Under which licence a file is, it says itself: in one of its first three lines.
mapfile -t licensed < <({
	printf '%s\n' Makefile Containerfile "${scripts[@]}"
	find "${folders[@]}" -path tests/data -prune -o -regex '.*\.\(c\|h\|go\|py\|sh\|mk\|sed\)' -print
} | sort -u)
for file in "${licensed[@]}"; do
	head -3 "$file" | grep -qF 'SPDX-License-Identifier: Apache-2.0' || printf '%s\n' "$file"
done | complain "no SPDX-License-Identifier: Apache-2.0 in the first three lines"

[ ${#scripts[@]} = 0 ] || shellcheck -S warning "${scripts[@]}" 2>&1 | complain "shellcheck"

exit $bad
