#!/bin/bash
# A Kubernetes control plane on loopback: etcd, kube-apiserver and kube-controller-manager. No
# scheduler and no node: what is tested here is how writes are judged, not what runs.
#
#   up.sh start    prints the folder of its state: kubeconfig, audit.log, *.log
#   up.sh stop DIR ends what it started there, by process id, and removes the folder
#
# BIN is the folder with the programs (tests/e2e/build.sh prints it).
set -euo pipefail
PATIENCE=${PATIENCE:-180} # seconds for any single wait; a shared machine is slow

say() { printf '%s\n' "$*" >&2; }

free_ports() { # N: that many ports which nobody listens on at this moment
	/usr/bin/python3 -c '
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in held))' "$1"
}

write_files() { # API_PORT
	openssl genrsa -out sa.key 2048 2> /dev/null
	openssl rsa -in sa.key -pubout -out sa.pub 2> /dev/null
	# Tokens of nobody's cluster, for a server on loopback that lives for minutes.
	cat > tokens.csv <<-END
	admin-$1,admin,admin,system:masters
	controllers-$1,system:kube-controller-manager,controllers
	END
	cat > audit.yaml <<-END
	apiVersion: audit.k8s.io/v1
	kind: Policy
	omitStages: [RequestReceived]
	rules: [{level: Metadata, verbs: [create, update, patch, delete, deletecollection]}]
	END
	write_kubeconfig admin "$1"
	write_kubeconfig controllers "$1"
}

write_kubeconfig() { # WHO API_PORT
	cat > "$1.kubeconfig" <<-END
	apiVersion: v1
	kind: Config
	current-context: e2e
	contexts: [{name: e2e, context: {cluster: e2e, user: e2e}}]
	clusters:
	- name: e2e
	  cluster:
	    server: "https://127.0.0.1:$2"
	    certificate-authority: $PWD/certs/apiserver.crt
	    tls-server-name: kubernetes.default.svc
	users: [{name: e2e, user: {token: $1-$2}}]
	END
}

part() { # NAME COMMAND...: start it in the background, keep its process id
	local name=$1
	shift
	"$@" > "$name.log" 2>&1 < /dev/null 9>&- &
	echo $! > "$name.pid"
}

start_etcd() { # CLIENT_PORT PEER_PORT
	part etcd etcd --data-dir etcd --unsafe-no-fsync --initial-cluster "default=http://127.0.0.1:$2" \
		--listen-client-urls "http://127.0.0.1:$1" --advertise-client-urls "http://127.0.0.1:$1" \
		--listen-peer-urls "http://127.0.0.1:$2" --initial-advertise-peer-urls "http://127.0.0.1:$2"
}

# The address that it advertises is one for documentation: nothing here connects to it.
start_apiserver() { # PORT ETCD_PORT
	part apiserver "$BIN/kube-apiserver" --etcd-servers="http://127.0.0.1:$2" --secure-port="$1" \
		--bind-address=127.0.0.1 --advertise-address=192.0.2.1 --cert-dir=certs \
		--service-account-issuer=https://kubernetes.default.svc \
		--service-account-key-file=sa.pub --service-account-signing-key-file=sa.key \
		--service-cluster-ip-range=10.96.0.0/16 --token-auth-file=tokens.csv \
		--authorization-mode=Node,RBAC --allow-privileged=true \
		--audit-policy-file=audit.yaml --audit-log-path=audit.log
}

start_controllers() {
	part controllers "$BIN/kube-controller-manager" --kubeconfig=controllers.kubeconfig \
		--secure-port=0 --leader-elect=false --use-service-account-credentials=true \
		--service-account-private-key-file=sa.key --root-ca-file=certs/apiserver.crt
}

running() { # NAME
	kill -0 "$(cat "$1.pid")" 2> /dev/null
}

ready() {
	"$BIN/kubectl" --kubeconfig admin.kubeconfig --request-timeout=5s get --raw /readyz > /dev/null 2>&1
}

# Controllers have made the default accounts: then objects of all kinds can be made.
settled() {
	"$BIN/kubectl" --kubeconfig admin.kubeconfig --request-timeout=5s get serviceaccount default \
		--namespace kube-system > /dev/null 2>&1
}

wait_for() { # CONDITION PART...: until it holds, as long as these parts run
	local condition=$1 end=$((SECONDS + PATIENCE)) p
	shift
	until "$condition"; do
		for p in "$@"; do
			running "$p" || { say "$p has ended:" && tail -5 "$p.log" >&2 && return 1; }
		done
		[ $SECONDS -lt $end ] || { say "not $condition after $PATIENCE s" && return 1; }
		sleep 0.2
	done
}

boot() {
	local api client peer
	read -r api client peer <<< "$(free_ports 3)"
	write_files "$api"
	start_etcd "$client" "$peer"
	start_apiserver "$api" "$client"
	wait_for ready etcd apiserver || return 1
	start_controllers
	wait_for settled etcd apiserver controllers
}

end_part() { # NAME: SIGTERM, and SIGKILL when it does not leave
	local pid end=$((SECONDS + 20))
	pid=$(cat "$1.pid" 2> /dev/null) || return 0
	kill -TERM "$pid" 2> /dev/null || return 0
	while kill -0 "$pid" 2> /dev/null && [ $SECONDS -lt $end ]; do
		sleep 0.1
	done
	kill -KILL "$pid" 2> /dev/null || :
}

stop() { # DIR
	[ -f "$1/tokens.csv" ] || { say "$1 is no folder of this script" && return 2; }
	cd "$1"
	for p in controllers apiserver etcd; do
		end_part "$p"
	done
	cd /
	rm -rf "$1"
}

dir= # what is to be taken down when this script ends

start() {
	local try
	trap '[ -z "$dir" ] || stop "$dir"' EXIT
	trap 'exit 130' INT TERM
	for try in 1 2 3; do # somebody may take a port before we do
		dir=$(mktemp -d "${TMPDIR:-/tmp}/oke-guard-e2e.XXXXXX")
		cd "$dir"
		if boot; then
			printf '%s\n' "$dir"
			dir=
			return 0
		fi
		say "the control plane did not come up (try $try)"
		stop "$dir"
		dir=
	done
	return 1
}

case ${1:-} in
start)
	: "${BIN:?the folder of the Kubernetes programs}"
	start
	;;
stop) stop "${2:?which folder}" ;;
*)
	sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
