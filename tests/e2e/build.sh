#!/bin/bash
# Build the Kubernetes programs of the end-to-end tests from Go modules, once a version, and print
# the folder they are in. Whoever finds them there already waits for nothing.
#
#   KUBERNETES       the version (1.36.1)
#   E2E_CACHE        where they are kept (${XDG_CACHE_HOME:-$HOME/.cache}/oke-guard-e2e)
#   E2E_TOOLCHAIN    which Go to fetch where the one on PATH is too old (what Kubernetes asks for)
#
# Needs any `go` from 1.19 on (Debian 12's golang-go): a newer one is a module itself.
set -euo pipefail
KUBERNETES=${KUBERNETES:-1.36.1}
KUBERNETES=${KUBERNETES#v}
cache=${E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/oke-guard-e2e}
bin=$cache/$KUBERNETES
programs=(kube-apiserver kube-controller-manager kubectl)
export CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN=local GOFLAGS="-mod=mod -buildvcs=false"

say() { printf '%s\n' "$*" >&2; }

complete() {
	local p
	for p in "${programs[@]}"; do
		[ -x "$bin/$p" ] || return 1
	done
}

# The module's entry in the answer of `go mod download -json`.
download() { # MODULE@VERSION KEY
	go mod download -json "$1" | sed -nE "s/^[[:space:]]*\"$2\": \"(.*)\",?\$/\1/p"
}

older() { # A B: is version A before B?
	[ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -1)" = "$1" ]
}

# Put a Go that is new enough for these sources first in PATH.
find_go() { # GO.MOD
	local have need root
	have=$(go env GOVERSION)
	need=go$(sed -nE 's/^go ([0-9.]+)$/\1/p' "$1")
	older "$have" "$need" || return 0
	need=${E2E_TOOLCHAIN:-$need}
	say "  $have is older than $need, which is fetched"
	root=$(download "golang.org/toolchain@v0.0.1-$need.$(go env GOOS)-$(go env GOARCH)" Dir)
	[ -n "$root" ] || { say "Go's toolchain $need was not found; a newer go on PATH will do as well"; exit 2; }
	# The module cache keeps no execute bits; go 1.21 and later set them the same way.
	find "$root/bin" "$root/pkg/tool" -type f -exec chmod a+x {} +
	export PATH="$root/bin:$PATH" GOROOT="$root"
}

# A module whose only use is to name these programs.
write_module() { # GO.MOD
	local p m
	{
		printf '//go:build tools\n\npackage tools\n\nimport (\n'
		for p in "${programs[@]}"; do
			printf '\t_ "k8s.io/kubernetes/cmd/%s"\n' "$p"
		done
		printf ')\n'
	} > tools.go
	printf 'module e2e\n\n%s\n' "$(grep -E '^go [0-9.]+$' "$1")" > go.mod
	go mod edit -require="k8s.io/kubernetes@v$KUBERNETES"
	# Staging modules are v0.0.0 there, found beside the tree; published, they are v0.MINOR.PATCH.
	sed -nE 's/^[[:space:]]*(k8s\.io\/[a-z-]+) (v0\.0\.0( .*)?|=> \.\/staging.*)$/\1/p' "$1" | sort -u |
		while read -r m; do
			go mod edit -replace="$m=$m@v0.${KUBERNETES#1.}"
		done
	go mod tidy > tidy.log 2>&1 || { tail -5 tidy.log >&2; exit 1; }
}

# Else every part calls itself v0.0.0-master, and admission rules by version go wrong.
stamps() {
	local p minor=${KUBERNETES#1.}
	for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
		printf -- '-X %s.gitVersion=v%s -X %s.gitMajor=1 -X %s.gitMinor=%s ' \
			"$p" "$KUBERNETES" "$p" "$p" "${minor%%.*}"
	done
}

build() {
	local mod work=$bin.work p start
	say "Kubernetes $KUBERNETES is not in $cache: building it (minutes)"
	rm -rf "$work"
	mkdir -p "$work" "$bin"
	cd "$work"
	mod=$(download "k8s.io/kubernetes@v$KUBERNETES" GoMod)
	[ -n "$mod" ] || { say "there is no Kubernetes $KUBERNETES among the Go modules"; exit 2; }
	find_go "$mod"
	write_module "$mod"
	for p in "${programs[@]}"; do
		start=$SECONDS
		nice go build -ldflags "-s -w $(stamps)" -o "$work/$p" "k8s.io/kubernetes/cmd/$p" >&2
		mv "$work/$p" "$bin/$p"
		say "  $p: $((SECONDS - start)) s"
	done
	cd "$cache"
	rm -rf "$work"
}

mkdir -p "$cache"
exec 9> "$cache/lock"
flock 9 # two runs at once build once
complete || build
printf '%s\n' "$bin"
