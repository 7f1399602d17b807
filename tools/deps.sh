#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install the Debian packages that are named and missing. Quiet when there is nothing to do.
set -eu
missing=
for p in "$@"; do
	dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
	echo "These packages (Debian names) are needed and this system has no apt-get:$missing" >&2
	exit 2
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
# Servers among them (nginx, etcd, Prometheus) are for tests that start their own: none may start
# as a service of this machine. invoke-rc.d and deb-systemd-invoke ask this file.
policy=/usr/sbin/policy-rc.d
if ! [ -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
	$sudo chmod 755 "$policy"
	trap '$sudo rm -f "$policy"' EXIT
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 ||
	{ $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null; }
# Nor at the next start of the machine.
[ -d /run/systemd/system ] || exit 0
for service in prometheus etcd nginx containerd docker-registry; do
	case $missing in
	*" $service"*) $sudo systemctl disable --now "$service" >/dev/null 2>&1 || true ;;
	esac
done
