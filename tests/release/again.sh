#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: again.sh    make the release once more, elsewhere and differently, and compare
#
# Another folder with a longer name, other times of the files, another umask, time zone and
# language, and a key from outside, made as docs/release.md says. What stays are the Debian packages,
# which build/image has.
set -euo pipefail
cd "$(dirname "$0")/../.."
image=${IMAGE:-build/image} release=${RELEASE_OUT:-build/release}
other=$(mktemp -d -t oke-guard-another-folder-with-a-longer-name-XXXXXX)
signer=$(mktemp -d)
trap 'rm -rf "$other" "$signer"' EXIT

# What git would take, as it lies here.
git ls-files -z --cached --others --exclude-standard --deduplicate |
	while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
	tar --null --files-from=- -c --mtime=@86400 -f - | tar -C "$other" -xmf -
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
REVISION=${REVISION:-$(git describe --always --dirty --abbrev=40 --exclude='*')}
DEBS=$PWD/$image
export SOURCE_DATE_EPOCH REVISION DEBS

openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$signer/oke-guard.key"
openssl pkey -in "$signer/oke-guard.key" -pubout -out "$signer/oke-guard.pub"
key=$signer/oke-guard.key
case $REVISION in *-dirty)
	echo "  not signed: the tree differs from its commit, and then make release RELEASE_KEY=FILE writes nothing"
	key=
	;;
esac
(
	umask 077
	unset MAKEFLAGS MFLAGS MAKELEVEL RELEASE_KEY
	TZ=Pacific/Auckland LC_ALL=C.UTF-8 make -C "$other" --no-print-directory release IMAGE=build/image \
		RELEASE_OUT=build/release ${key:+RELEASE_KEY="$key"} > "$other/log" 2>&1
) || {
	tail -20 "$other/log" >&2
	exit 1
}
bad=0
for file in "$release"/*; do
	name=${file##*/}
	case $name in *.sig) continue ;; esac
	one=$(sha256sum < "$file") two=$(sha256sum < "$other/build/release/$name")
	if [ "$one" = "$two" ]; then
		echo "  ok    $name made twice: ${one%% *}"
	else
		echo "  FAIL  $name differs: ${one%% *} here, ${two%% *} elsewhere" >&2
		bad=1
	fi
done
if [ -n "$key" ]; then
	cd "$other/build/release"
	# An offline machine's two commands.
	if openssl dgst -sha256 -verify "$signer/oke-guard.pub" -signature SHA256SUMS.sig SHA256SUMS &&
		sha256sum --check --strict --quiet SHA256SUMS; then
		echo "  ok    make release RELEASE_KEY=FILE has signed what it made"
	else
		echo "  FAIL  what make release RELEASE_KEY=FILE has made is not verified by the key's public half" >&2
		bad=1
	fi
fi
exit $bad
