#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: tests/bench/answers.sh COMMIT [REVIEWS]
# Are the answers to the byte those of another commit? All recorded and made reviews are judged by
# both programs, as in each of nine minors of Kubernetes, and what chance makes of them, about
# REVIEWS in all (a million). The reviews are the same for both (tests/bench/answers.c).
#
# What is no JSON (no API server sends it) is refused as such, let pass or warned of, unless a policy
# of a component concerns it: those answers that differ in this are counted. One that was a denial
# before, or is one now, may not differ.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
commit=$(git rev-parse --verify "$1^{commit}")
reviews=$(echo tests/data/reviews/*.jsonl)
work=$PWD/$BUILD/answers
tree=$work/tree
mkdir -p "$work"
[ -d "$tree" ] || git worktree add --detach "$tree" "$commit"
git -C "$tree" checkout --quiet --force --detach "$commit"
cp tests/bench/answers.c "$tree/tests/bench/"
make --no-print-directory -j2 "BUILD=$BUILD" "$BUILD/tests/bench/answers"
make --no-print-directory -j2 -C "$tree" BUILD=build build/tests/bench/answers

# Names of gated fields, gated values, and words that other uses begin with.
{
	cut -f4 policy/catalogue/fields.tsv policy/catalogue/values.tsv | grep -v '^#' | tr '.' '\n' | sed 's/\[\*\]//'
	printf '%s\n' Gt Never OnFailure --feature-gates=SidecarContainers=true KUBE_FEATURE_WatchListClient \
		alpha.kubernetes.io/x scheduler.alpha.kubernetes.io/critical-pod applyset.kubernetes.io/part-of \
		node.alpha.kubernetes.io/notReady hostUsers hostNetwork dnsConfig searches 'a b' \
		kubectl.kubernetes.io/last-applied-configuration '{\"spec\":{\"hostUsers\":false}}'
} | sort -u | grep -v '[*{]$' > "$work/words"
lines=$(cat $reviews | grep -c '"review": ')
times=$(((${2:-1000000} + lines - 1) / lines))
"$BUILD/tests/bench/answers" "$times" "$work/words" $reviews > "$work/now" &
"$tree/build/tests/bench/answers" "$times" "$work/words" $reviews > "$work/before"
wait $!
paste -d' ' "$work/before" "$work/now" | awk '
	{ all++; readable += $3 }
	$3 != $7 { wrong = 1; print "review " NR ": not the same review" }
	$1 != $5 || $2 != $6 {
		if ($3 || $4 || $8) { wrong = 1; if (bad++ < 20) print "review " NR ": another answer" }
		else broken++
	}
	END {
		printf "%d reviews, %d all of it JSON: %d answers differ; of the others %d\n",
			all, readable, bad, broken
		exit wrong
	}'
