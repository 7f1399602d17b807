#!/bin/sh
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
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 ||
	{ $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null; }
# Debian starts what it installs; only prometheus' tool is wanted here.
case $missing in
*" prometheus"*)
	[ ! -d /run/systemd/system ] || $sudo systemctl disable --now prometheus >/dev/null 2>&1 || true
	;;
esac
