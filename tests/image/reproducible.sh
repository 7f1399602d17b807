#!/bin/bash
# usage: reproducible.sh ARCH   build the image once more, elsewhere and differently, and compare
#
# Another folder with a longer name, other times of the files, another umask, time zone and
# language. What stays are the Debian packages, which build/image has.
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=$1
image=${IMAGE:-build/image}
other=$(mktemp -d -t oke-guard-another-folder-with-a-longer-name-XXXXXX)
trap 'rm -rf "$other"' EXIT

# What git would take, as it lies here.
git ls-files -z --cached --others --exclude-standard --deduplicate |
	while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
	tar --null --files-from=- -c --mtime=@86400 -f - | tar -C "$other" -xmf -
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
REVISION=${REVISION:-$(git describe --always --dirty --abbrev=40 --exclude='*')}
DEBS=$PWD/$image/sysroot-$arch/apt
export SOURCE_DATE_EPOCH REVISION DEBS
(
	umask 077
	unset MAKEFLAGS MFLAGS MAKELEVEL
	TZ=Pacific/Auckland LC_ALL=C.UTF-8 make -C "$other" --no-print-directory image ARCH="$arch" IMAGE=build/image \
		> "$other/log" 2>&1
) || {
	tail -20 "$other/log" >&2
	exit 1
}
bad=0
for file in "oke-guard-$arch.tar" "oke-guard-$arch.spdx.json"; do
	one=$(sha256sum < "$image/$file") two=$(sha256sum < "$other/build/image/$file")
	if [ "$one" = "$two" ]; then
		echo "  ok    $file built twice: ${one%% *}"
	else
		echo "  FAIL  $file differs: ${one%% *} here, ${two%% *} elsewhere" >&2
		bad=1
	fi
done
exit $bad
