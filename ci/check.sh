#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# oke-guard check, in CI: the one script of action.yml, gitlab.yml and tekton.yaml, and of any other system.
# Everything is said by variables; one that is empty says nothing.
#
#   OKE_GUARD_PATHS       files and folders, one a line (the folder it runs in)
#   OKE_GUARD_KUBERNETES  the cluster's version, such as 1.36
#   OKE_GUARD_TO          the version of an upgrade to come
#   OKE_GUARD_FAIL_ON     deny, warn, or never: tell, and fail by what cannot be read alone (deny)
#   OKE_GUARD_BASELINE    an earlier report of -o json
#   OKE_GUARD_CONFIG      a GuardConfig; OKE_GUARD_POLICY: a file or folder of further policies
#   OKE_GUARD_OUTPUT      the form that is printed: text, github, ... (text)
#   OKE_GUARD_REPORTS     further reports, FORM=FILE, one a line: sarif=oke-guard.sarif
#   OKE_GUARD_PROGRAM     the program (oke-guard)
#   OKE_GUARD_ARCHIVE     in place of it, the portable archive of a release: a file, or an https URL
#   OKE_GUARD_SHA256      the checksum of the archive, which must be given
#
# Exit status: that of oke-guard check.
set -euf

fail() {
	printf 'oke-guard: %s\n' "$1" >&2
	exit 2
}

# The archive is opened only when it is the one that was meant.
unpack() {
	[ -n "${OKE_GUARD_SHA256:-}" ] || fail "OKE_GUARD_ARCHIVE needs OKE_GUARD_SHA256, its checksum"
	case $OKE_GUARD_ARCHIVE in
	https://*)
		archive=$work/archive
		curl --fail --silent --show-error --location --proto =https --max-time 300 \
			--output "$archive" "$OKE_GUARD_ARCHIVE" || fail "$OKE_GUARD_ARCHIVE cannot be fetched"
		;;
	*://*) fail "OKE_GUARD_ARCHIVE: a file or an https URL, not $OKE_GUARD_ARCHIVE" ;;
	*) archive=$OKE_GUARD_ARCHIVE ;;
	esac
	[ -r "$archive" ] || fail "$archive cannot be read"
	got=$(sha256sum < "$archive" | cut -c-64)
	[ "$got" = "$OKE_GUARD_SHA256" ] || fail "$OKE_GUARD_ARCHIVE has checksum $got, not $OKE_GUARD_SHA256"
	mkdir "$work/unpacked"
	tar -xf "$archive" -C "$work/unpacked" || fail "$OKE_GUARD_ARCHIVE cannot be unpacked"
	program=$(find "$work/unpacked" -type f -name oke-guard -perm -u+x | head -n 1)
	[ -n "$program" ] || fail "$OKE_GUARD_ARCHIVE holds no program oke-guard"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

if [ -n "${OKE_GUARD_ARCHIVE:-}" ]; then
	unpack
else
	program=${OKE_GUARD_PROGRAM:-oke-guard}
	command -v "$program" > /dev/null || fail "there is no program $program; set OKE_GUARD_PROGRAM or OKE_GUARD_ARCHIVE"
fi

set --
[ -z "${OKE_GUARD_KUBERNETES:-}" ] || set -- "$@" --kubernetes "$OKE_GUARD_KUBERNETES"
[ -z "${OKE_GUARD_TO:-}" ] || set -- "$@" --to "$OKE_GUARD_TO"
[ -z "${OKE_GUARD_BASELINE:-}" ] || set -- "$@" --baseline "$OKE_GUARD_BASELINE"
case ${OKE_GUARD_FAIL_ON:=deny} in
never) ;;
*) set -- "$@" --fail-on "$OKE_GUARD_FAIL_ON" ;;
esac
lines='
'
IFS=$lines
for path in ${OKE_GUARD_PATHS:-.}; do
	case $path in
	-*) path=./$path ;; # a file, whatever it is called
	esac
	set -- "$@" "$path"
done

for report in ${OKE_GUARD_REPORTS:-}; do
	case $report in
	*=*) ;;
	*) fail "OKE_GUARD_REPORTS: write FORM=FILE, as in sarif=oke-guard.sarif, not $report" ;;
	esac
	status=0
	"$program" check -o "${report%%=*}" "$@" > "$work/report" 2> "$work/said" || status=$?
	# 1 and 2 come with a report, but for a wrong option.
	if [ "$status" -gt 2 ] || ! [ -s "$work/report" ]; then
		cat "$work/said" >&2
		fail "the report $report was not made"
	fi
	file=${report#*=}
	{ cp "$work/report" "$file.new" && mv "$file.new" "$file"; } || fail "$file cannot be written"
done

status=0
"$program" check -o "${OKE_GUARD_OUTPUT:-text}" "$@" || status=$?
[ -z "${GITHUB_OUTPUT:-}" ] || printf 'status=%s\n' "$status" >> "$GITHUB_OUTPUT"
if [ "$status" = 1 ] && [ "$OKE_GUARD_FAIL_ON" = never ]; then
	status=0
fi
exit "$status"
