#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A node: namespaces of its own (mounts, network, processes, cgroups, names) around a container
# runtime and a kubelet. cluster.py calls this; both verbs need root.
#
#   node.sh boot FOLDER           become process 1 of a new node; it ends with this process
#   node.sh run FOLDER COMMAND... run a command inside the node whose process 1 FOLDER/init names
#
# FOLDER/env says NAME, ADDRESS, ROUTES ("subnet address" of the other nodes' pods, a line each),
# PAUSE (the program), CONTROLLERS (of cgroups) and CGROUP, the node's folder in each of them.
set -euo pipefail
verb=${1:-} folder=${2:-}
shift 2 || { sed -n '3,/^set/s/^# \{0,1\}//p' "$0" && exit 2; }
# shellcheck source=/dev/null
. "$folder/env"

join_cgroups() {
	local d
	for d in /sys/fs/cgroup/*/"$CGROUP"; do
		echo $$ > "$d/cgroup.procs"
	done
}

# A fresh view of the kernel's trees, which shows this node's share of them alone.
mount_kernel() {
	local c
	mount -t sysfs sysfs /sys
	mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
	for c in $CONTROLLERS; do
		mkdir "/sys/fs/cgroup/$c"
		mount -t cgroup -o "$c" cgroup "/sys/fs/cgroup/$c"
	done
	mkdir /sys/fs/cgroup/systemd
	mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
}

# What the parts of a node write outside of their folders. /var/lib has to be a mount of its own:
# removing a folder that is a mount point in another namespace unmounts it there, unasked.
mount_state() {
	mount -t tmpfs -o mode=755 run /run
	mount -t tmpfs -o mode=755 lib /var/lib
	mount -t tmpfs -o mode=755 log /var/log
	mkdir -p /run/lock /run/netns /var/lib/kubelet /var/lib/cni "$folder/kubelet"
	mount --bind "$folder/kubelet" /var/lib/kubelet
}

# The kubelet writes these settings for the whole machine, but only those that differ from what it
# wants: so it is shown files that hold just that.
calm_kubelet() {
	local pair file
	for pair in vm/overcommit_memory=1 kernel/panic=10 kernel/panic_on_oops=1 \
		kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
		file=$folder/sysctl.${pair//\//.}
		echo "${pair#*=}" > "$file"
		mount --bind "$file" "/proc/sys/${pair%=*}"
	done
}

# Its device comes from outside, as soon as our process id is known there.
wait_for_device() {
	local tries
	for ((tries = 0; tries < 100; tries++)); do
		! ip link show eth0 > /dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "no eth0 after 10 s" >&2
	exit 1
}

set_network() {
	local subnet via
	ip link set lo up
	wait_for_device
	ip address add "$ADDRESS/24" dev eth0
	ip link set eth0 up
	while read -r subnet via; do
		[ -z "$subnet" ] || ip route add "$subnet" via "$via"
	done <<< "$ROUTES"
	# Programs ask for a default route; this one leads nowhere.
	ip link add nowhere type bridge
	ip link set nowhere up
	ip route add default dev nowhere
	sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1 net.ipv4.conf.all.route_localnet=1
}

init() {
	mount --make-rshared /
	hostname "$NAME"
	mount_kernel
	mount_state
	calm_kubelet
	set_network
	touch "$folder/up"
	exec "$PAUSE" # reaps orphans for as long as the node lives
}

case $verb in
boot)
	join_cgroups
	exec unshare -m -n -p -C -u -i --fork --kill-child --mount-proc "$0" init "$folder"
	;;
init) init ;;
run)
	join_cgroups
	exec nsenter -t "$(cat "$folder/init")" -m -n -p -C -u -i -- "$@"
	;;
*)
	sed -n '3,/^set/s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
