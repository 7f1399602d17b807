#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make run`: serve the built-in policies on this machine, and show one command to try them.
#
# PORT (8443) is the webhook's, HEALTH_PORT (PORT + 1000) that of probes and metrics. The
# certificates stay in build/dev and are renewed when two thirds of their life are over.
set -eu
cd "$(dirname "$0")/.."
PORT=${PORT:-8443}
case $PORT in
*[!0-9]* | "")
	echo "PORT='$PORT' is no port number" >&2
	exit 2
	;;
esac
HEALTH_PORT=${HEALTH_PORT:-$((PORT + 1000))}
guard=${BUILD:-build}/oke-guard
dev=build/dev

port_taken() {
	refused=7 # curl: nobody listens
	status=0
	curl -s -o /dev/null --max-time 1 "http://127.0.0.1:$1/" || status=$?
	[ "$status" -ne "$refused" ]
}

# Looked at before: another server's /readyz would answer in place of ours.
for port in "$PORT" "$HEALTH_PORT"; do
	if port_taken "$port"; then
		echo "Port $port is taken. Choose another: PORT=8543 make run" >&2
		exit 2
	fi
done

mkdir -p build
"$guard" certs issue --dir "$dev" --name localhost --name 127.0.0.1 --name ::1 --if-due

"$guard" serve --listen "127.0.0.1:$PORT" --health-listen "127.0.0.1:$HEALTH_PORT" \
	--tls-cert "$dev/tls.crt" --tls-key "$dev/tls.key" --grace 0 &
server=$!
# Ctrl-C reaches a background process of a script only through us.
trap 'kill -TERM "$server" 2>/dev/null || :' INT TERM HUP

# 0 when it answers, 1 when it has ended or does not become ready.
wait_ready() {
	tries=100
	while [ "$tries" -gt 0 ] && kill -0 "$server" 2>/dev/null; do
		curl -fs -o /dev/null --max-time 1 "http://127.0.0.1:$HEALTH_PORT/readyz" && return 0
		tries=$((tries - 1))
		sleep 0.1
	done
	return 1
}

if wait_ready; then
	cat <<END

oke-guard serves its built-in policies. In another terminal, a recorded review
(a user scales CoreDNS to zero):

  curl -s --cacert $dev/ca.crt -H 'Content-Type: application/json' --data-binary @tests/data/reviews/example.json 'https://127.0.0.1:$PORT/validate?timeout=2s' | sed -f tools/denial.sed

Metrics: http://127.0.0.1:$HEALTH_PORT/metrics    Ctrl-C stops it.

END
fi

# A trapped signal ends the first wait early; the second one gets the exit status.
status=0
wait "$server" || status=$?
if kill -0 "$server" 2>/dev/null; then
	status=0
	wait "$server" || status=$?
fi
exit "$status"
