#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: sign.sh KEY FOLDER    sign a release's SHA256SUMS, on the machine that has the key
#
# KEY is a private key on P-256 in PEM (openssl asks for its passphrase, where it has one). The folder
# gets SHA256SUMS.sig, which `openssl dgst -sha256 -verify` takes with the public half.
set -eu
[ $# = 2 ] || {
	sed -n 's/^# \(usage: .*\)/\1/p' "$0" >&2
	exit 2
}
key=$(realpath -- "$1")
cd "$2"

say() { printf 'sign.sh: %s\n' "$*" >&2; }

sha256sum --check --quiet SHA256SUMS || {
	say "the files are not those of SHA256SUMS: make release again"
	exit 1
}
# Of provenance.py: the tree had more than its commit.
if grep -q '"changed": ' ./*.intoto.json; then
	say "this was made from files that differ from the commit; a key signs only what a commit has: commit, make release again"
	exit 1
fi
trap 'rm -f .public .sig' EXIT
openssl pkey -in "$key" -pubout -out .public || {
	say "$key is no private key in PEM that can be read"
	exit 2
}
openssl pkey -pubin -in .public -noout -text | grep -q prime256v1 || {
	say "$key is no key on P-256; openssl ecparam -name prime256v1 -genkey -noout -out FILE makes one"
	exit 2
}
openssl dgst -sha256 -sign "$key" -out .sig SHA256SUMS
openssl dgst -sha256 -verify .public -signature .sig SHA256SUMS > /dev/null
mv .sig SHA256SUMS.sig
