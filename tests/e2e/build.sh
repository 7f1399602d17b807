#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Build the foreign programs of the tests from Go modules, a group at a time, once a version, and
# print the folder they are in. Whoever finds them there already waits for nothing.
#
#   build.sh [kubernetes]   API server, controller manager, scheduler, kubelet, kube-proxy, kubectl
#   build.sh helm           helm
#   build.sh kubeconform    kubeconform, which holds manifests against JSON Schemas
#   build.sh kube-score     kube-score, which says what a strict house would miss in manifests
#   build.sh cert-manager       its controllers and cainjector, in one program of ours, and crds
#   build.sh cert-manager-old   its two programs, of a time before matchConditions, and crds
#   build.sh gitops-engine      Argo CD's engine, in its own agent
#   build.sh metrics-server | descheduler | cilium   the chart that is in the module
#
#   KUBERNETES HELM KUBECONFORM KUBE_SCORE   the versions (1.36.1, 3.22.0, 0.8.0, 1.20.0)
#   CERT_MANAGER CERT_MANAGER_OLD GITOPS_ENGINE METRICS_SERVER DESCHEDULER CILIUM   theirs (1.21.2, 1.8.0,
#                    0.7.3, 0.9.0, 0.36.0, 1.20.2)
#   E2E_CACHE        where they are kept (${XDG_CACHE_HOME:-$HOME/.cache}/oke-guard-e2e)
#   E2E_TOOLCHAIN    which Go to fetch where the one on PATH is too old (what the group asks for)
#
# Needs any `go` from 1.19 on (Debian 12's golang-go): a newer one is a module itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/oke-guard-e2e}
export CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN=local GOFLAGS="-mod=mod -buildvcs=false"

say() { printf '%s\n' "$*" >&2; }

# ---------------------------------------------------------------- the groups
# Each sets: version, module, programs (packages of the module), and ldflags, which stamp the
# version: Kubernetes' parts call themselves v0.0.0-master else, and a chart's kubeVersion fails.
# It may set: keep (folders of the module that are kept beside the programs), and sources, the function
# that makes what is compiled where write_module is not it.

group_kubernetes() {
	local p minor
	version=${KUBERNETES:-1.36.1}
	version=${version#v}
	module=k8s.io/kubernetes
	programs=(cmd/kubelet cmd/kube-proxy cmd/kube-scheduler cmd/kube-apiserver cmd/kube-controller-manager
		cmd/kubectl)
	minor=${version#1.}
	for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
		ldflags+=" -X $p.gitVersion=v$version -X $p.gitMajor=1 -X $p.gitMinor=${minor%%.*}"
	done
}

group_helm() {
	local p
	version=${HELM:-3.22.0}
	version=${version#v}
	module=helm.sh/helm/v${version%%.*}
	programs=(cmd/helm)
	ldflags+=" -X $module/internal/version.version=v$version"
	# What it takes a cluster for where it sees none; 1.20 else, which a chart's kubeVersion refuses.
	for p in chartutil lint/rules; do
		ldflags+=" -X $module/pkg/$p.k8sVersionMajor=1 -X $module/pkg/$p.k8sVersionMinor=36"
	done
}

group_kubeconform() {
	version=${KUBECONFORM:-0.8.0}
	version=${version#v}
	module=github.com/yannh/kubeconform
	programs=(cmd/kubeconform)
	ldflags+=" -X main.version=v$version"
}

group_kube-score() {
	version=${KUBE_SCORE:-1.20.0}
	version=${version#v}
	module=github.com/zegl/kube-score
	programs=(cmd/kube-score)
}

# Since 1.12 its programs are modules of their own, which no proxy has; what they run is in this one.
group_cert-manager() {
	version=${CERT_MANAGER:-1.21.2}
	version=${version#v}
	module=github.com/cert-manager/cert-manager
	programs=(cert-manager)
	keep=(deploy/crds)
	sources=write_own
}

group_cert-manager-old() {
	version=${CERT_MANAGER_OLD:-1.8.0}
	version=${version#v}
	module=github.com/cert-manager/cert-manager
	programs=(cmd/controller cmd/cainjector)
	keep=(deploy/crds)
	sources=copy_module
}

# The last version that is a module of its own; later ones are part of Argo CD's repository.
group_gitops-engine() {
	version=${GITOPS_ENGINE:-0.7.3}
	version=${version#v}
	module=github.com/argoproj/gitops-engine
	programs=(agent)
	sources=copy_module
}

group_chart() { # VERSION MODULE FOLDER
	version=${1#v}
	module=$2
	keep=("$3")
}

group_metrics-server() { group_chart "${METRICS_SERVER:-0.9.0}" sigs.k8s.io/metrics-server charts/metrics-server; }
group_descheduler() { group_chart "${DESCHEDULER:-0.36.0}" sigs.k8s.io/descheduler charts/descheduler; }
group_cilium() { group_chart "${CILIUM:-1.20.2}" github.com/cilium/cilium install/kubernetes/cilium; }

# ---------------------------------------------------------------- from module to program

# The module's entry in the answer of `go mod download -json`; nothing, and why, when it cannot be had.
download() { # MODULE@VERSION KEY
	local answer
	answer=$(go mod download -json "$1" || :)
	sed -nE 's/^[[:space:]]*"Error": "(.*)",?$/  \1/p' <<< "$answer" >&2
	sed -nE "s/^[[:space:]]*\"$2\": \"(.*)\",?\$/\1/p" <<< "$answer"
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
	[[ $need == *.*.* ]] || need=$need.0 # a release, where go.mod names the language
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
	local m
	{
		printf '//go:build tools\n\npackage tools\n\nimport (\n'
		printf '\t_ "%s"\n' "${programs[@]/#/$module/}"
		printf ')\n'
	} > tools.go
	printf 'module e2e\n\n%s\n' "$(grep -E '^go [0-9.]+$' "$1")" > go.mod
	go mod edit -require="$module@v$version"
	# Staging modules of Kubernetes are v0.0.0 there, found beside the tree; published, they are v0.MINOR.PATCH.
	sed -nE 's/^[[:space:]]*(k8s\.io\/[a-z-]+) (v0\.0\.0( .*)?|=> \.\/staging.*)$/\1/p' "$1" | sort -u |
		while read -r m; do
			go mod edit -replace="$m=$m@v0.${version#1.}"
		done
	go mod tidy > tidy.log 2>&1 || { tail -5 tidy.log >&2; exit 1; }
}

# The module itself, with its own replacements and sums: what its release was built of.
copy_module() { # GO.MOD
	cp -r "$(download "$module@v$version" Dir)/." .
	chmod -R u+w .
}

# A program of ours, the only one of its group, which uses the module.
write_own() { # GO.MOD
	printf 'module e2e\n\n%s\n' "$(grep -E '^go [0-9.]+$' "$1")" > go.mod
	cp -r "$here/foreign/${programs[0]}" .
	go mod edit -require="$module@v$version"
	go mod tidy > tidy.log 2>&1 || { tail -5 tidy.log >&2; exit 1; }
	module=e2e
}

# Run the command, and say every half a minute that it still runs: Kubernetes takes many.
still_at() { # WHAT COMMAND...
	local what=$1 begun=$SECONDS job ticker
	shift
	"$@" &
	job=$!
	while sleep 30; do say "  $what: still at it after $((SECONDS - begun)) s"; done >&2 &
	ticker=$!
	wait "$job" || { kill "$ticker"; return 1; }
	kill "$ticker"
}

# All of the group or nothing: the folder appears under its name when it is whole.
build() { # GROUP
	local made mod work=$bin.work p start n=0
	say "$1 $version is not in $cache: ${#programs[@]} programs are compiled (minutes, once a version)"
	made=$(stamp)
	rm -rf "$work" "$bin"
	mkdir -p "$work/bin" "$work/sources"
	cd "$work/sources"
	mod=$(download "$module@v$version" GoMod)
	[ -n "$mod" ] || { say "$1 $version was not found among the Go modules"; exit 2; }
	find_go "$mod"
	for p in "${keep[@]}"; do
		cp -r "$(download "$module@v$version" Dir)/$p" "$work/bin/"
	done
	[ ${#programs[@]} = 0 ] || say "  the modules it needs are fetched"
	[ ${#programs[@]} = 0 ] || "$sources" "$mod"
	for p in "${programs[@]}"; do
		start=$SECONDS n=$((n + 1))
		say "  ${p##*/}, $n of ${#programs[@]}, is compiled"
		still_at "${p##*/}" nice go build -ldflags "$ldflags" -o "$work/bin/${p##*/}" "$module/$p" >&2
		say "  ${p##*/}: $((SECONDS - start)) s"
	done
	chmod -R u+w "$work/bin" # what was kept is read-only, as all of the module cache
	printf '%s\n' "$made" > "$work/bin/stamp"
	mv "$work/bin" "$bin"
	cd "$cache"
	rm -rf "$work"
}

# What was built, and how: another list of programs or other flags build anew.
stamp() {
	printf '%s\n' "$module v$version" "$ldflags" "${programs[@]}" "${keep[@]}"
	[ "$sources" != write_own ] || cat "$here/foreign/${programs[0]}/main.go"
}

# Sourced, it only lends its functions (calls.sh).
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0

group=${1:-kubernetes}
ldflags="-s -w" sources=write_module
programs=() keep=()
case $group in
kubernetes | helm | kubeconform | kube-score | cert-manager | cert-manager-old) "group_$group" ;;
gitops-engine | metrics-server | descheduler | cilium) "group_$group" ;;
*)
	sed -n '3,/^set/s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
mkdir -p "$cache"
bin=$cache/$group-$version
exec 9> "$bin.lock"
flock 9 # two runs at once build once
stamp | cmp -s - "$bin/stamp" || build "$group"
printf '%s\n' "$bin"
