#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Write an assembler file that holds the given files and a table of them, as
# policy/load/builtin.h declares: struct builtin_file TABLE[] and TABLE_n. Each is named
# PREFIX/ and its own name.
#
#	embed.sh TABLE PREFIX FILE...
set -eu
table=$1
prefix=$2
shift 2
printf '\t.section .rodata\n'
i=0
for f in "$@"; do
	printf 'n%d:\t.asciz "%s/%s"\nb%d:\t.incbin "%s"\ne%d:\t.byte 0\n' \
		$i "$prefix" "${f##*/}" $i "$f" $i
	i=$((i + 1))
done
printf '\t.globl %s_n\n\t.balign 8\n%s_n:\t.quad %d\n' "$table" "$table" $i
printf '\t.section .data.rel.ro,"aw"\n\t.globl %s\n\t.balign 8\n%s:\n' "$table" "$table"
j=0
while [ $j -lt $i ]; do
	printf '\t.quad n%d, b%d, e%d\n' $j $j $j
	j=$((j + 1))
done
printf '\t.section .note.GNU-stack,"",%%progbits\n'
