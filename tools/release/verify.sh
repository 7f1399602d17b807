#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The script of the bundle for networks without a way out (docs/release.md). POSIX sh, and skopeo.
set -eu
cd "$(dirname "$0")"

usage() {
	cat << 'END'
Check this bundle; with a destination, push image and chart there and check what has arrived.

    ./verify.sh
    ./verify.sh [--plain-http] REGISTRY/PATH      for example fra.ocir.io/TENANCY-NAMESPACE

Needs skopeo, and what any Linux has besides. `skopeo login REGISTRY` first, where the registry asks.
That the bundle itself is the released one says the signature beside it.
END
}

plain=
to=
for word in "$@"; do
	case $word in
	--plain-http) plain=1 ;;
	-h | --help)
		usage
		exit 0
		;;
	-*)
		echo "verify.sh: $word is not known; see ./verify.sh --help" >&2
		exit 2
		;;
	*) to=${word%/} ;;
	esac
done
command -v skopeo > /dev/null || {
	echo "verify.sh: skopeo is not installed" >&2
	exit 2
}

digest() { # what skopeo sees there
	# shellcheck disable=SC2086  # an option, or nothing
	skopeo inspect ${2:-} --raw "$1" > .seen || return 1
	printf 'sha256:%s\n' "$(sha256sum < .seen | cut -d' ' -f1)"
	rm -f .seen
}

must_be() { # WHAT WANTED FOUND
	[ "$2" = "$3" ] || {
		echo "verify.sh: $1 is $3, and ought to be $2" >&2
		exit 1
	}
	echo "  ok    $1 $2"
}

sha256sum --check --quiet SHA256SUMS || {
	echo "verify.sh: this is not what was released" >&2
	exit 1
}
echo "  ok    all files are those of SHA256SUMS"
version=$(sed -n 's/^version //p' digests)
image=$(sed -n 's/^image //p' digests)
chart=$(sed -n 's/^chart //p' digests)
must_be "the image" "$image" "$(digest oci:image)"
must_be "the chart" "$chart" "$(digest oci:chart)"
[ -n "$to" ] || exit 0

push() { # LAYOUT TARGET
	skopeo copy --quiet --all --preserve-digests ${plain:+--dest-tls-verify=false} "oci:$1" "docker://$2"
}
push image "$to/oke-guard:$version"
must_be "$to/oke-guard:$version" "$image" "$(digest "docker://$to/oke-guard:$version" ${plain:+--tls-verify=false})"
push chart "$to/charts/oke-guard:$version"
must_be "$to/charts/oke-guard:$version" "$chart" \
	"$(digest "docker://$to/charts/oke-guard:$version" ${plain:+--tls-verify=false})"
registry=${to%%/*}
path=${to#"$registry"}
cat <<END

Install it from there:

  helm install oke-guard oci://$to/charts/oke-guard --version $version${plain:+ --plain-http} \\
    --namespace oke-guard --create-namespace --set config.mode=warn \\
    --set image.registry=$registry,image.repository=$(printf '%s' "${path#/}${path:+/}")oke-guard,image.digest=$image
END
