#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: root.sh make SUITE [PACKAGE...]     a bare Debian of that name, once, in $ROOTS (build/roots)
#        root.sh run [--offline] SUITE COMMAND...   a command in a throw-away copy of it
#        root.sh keep SUITE COMMAND...       a command in it, and what that changes stays
#
# This tree is at /src there. Mounts and processes are in namespaces that end with the command.
# Needs root, debootstrap, and Debian's archive where this machine's apt finds it.
set -euo pipefail
cd "$(dirname "$0")/../.."
roots=${ROOTS:-$PWD/build/roots}

say() { printf '%s\n' "$*" >&2; }

[ "$(id -u)" = 0 ] || {
	say "$0 must run as root: it makes a system of its own with debootstrap and enters it by chroot."
	exit 2
}

# The address from which this machine gets its own Debian; one mirror has all releases.
mirror() {
	local found
	found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
		grep -v security | sort -u | head -1)
	[ -n "$found" ] || {
		say "apt knows no source whose origin is Debian: apt-get update, or see /etc/apt/sources.list.d"
		exit 2
	}
	printf '%s\n' "$found"
}

make_root() { # SUITE PACKAGE...
	local suite=$1 root=$roots/$1 wanted
	shift
	wanted=$(IFS=,; printf '%s' "$*")
	[ "$(cat "$root.made" 2>/dev/null)" != "$wanted." ] || return 0
	rm -rf "$root" "$root.made"
	mkdir -p "$root"
	say "  a bare Debian $suite, by debootstrap"
	debootstrap --variant=minbase ${wanted:+--include="$wanted"} "$suite" "$root" "$(mirror)" > "$root.log" 2>&1 || {
		tail -5 "$root.log" >&2
		exit 1
	}
	# No service starts in a chroot.
	printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	printf '%s.' "$wanted" > "$root.made"
}

# $1 the root, $2 this tree, $3 a folder for a copy's changes, or nothing; then the command.
ENTER='
root=$1
if [ -n "$3" ]; then
	mount -t tmpfs tmpfs "$3"
	mkdir "$3/new" "$3/work" "$3/root"
	mount -t overlay -o "lowerdir=$1,upperdir=$3/new,workdir=$3/work" overlay "$3/root"
	root=$3/root
fi
mkdir -p "$root/src"
mount --bind "$2" "$root/src"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
shift 3
cd /
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive TERM=dumb \
	${CI:+CI="$CI"} chroot "$root" sh -c "cd /src && exec \"\$@\"" sh "$@"
'

enter() { # ROOT COPY OFFLINE COMMAND...
	local root=$1 copy=$2 offline=$3
	shift 3
	unshare --mount --pid --fork --kill-child ${offline:+--net} -- sh -ec "$ENTER" sh "$root" "$PWD" "$copy" "$@"
}

verb=${1:?"$(sed -n 's/^# usage: //p' "$0")"}
shift
case $verb in
make) make_root "$@" ;;
keep)
	suite=$1
	shift
	enter "$roots/$suite" "" "" "$@"
	;;
run)
	offline=
	[ "$1" != --offline ] || { offline=1; shift; }
	suite=$1
	shift
	copy=$(mktemp -d)
	trap 'rmdir "$copy"' EXIT
	enter "$roots/$suite" "$copy" "$offline" "$@"
	;;
*) say "$0: $verb is not known"; exit 2 ;;
esac
