#!/bin/sh
# Write an assembler file that holds the given files and a table of them:
# struct builtin_file builtin_files[] in policy/builtin.h.
set -eu
printf '\t.section .rodata\n'
i=0
for f in "$@"; do
	printf 'n%d:\t.asciz "builtin/%s"\nb%d:\t.incbin "%s"\ne%d:\t.byte 0\n' $i "${f##*/}" $i "$f" $i
	i=$((i + 1))
done
printf '\t.globl builtin_files_n\n\t.balign 8\nbuiltin_files_n:\t.quad %d\n' $i
printf '\t.section .data.rel.ro,"aw"\n\t.globl builtin_files\n\t.balign 8\nbuiltin_files:\n'
j=0
while [ $j -lt $i ]; do
	printf '\t.quad n%d, b%d, e%d\n' $j $j $j
	j=$((j + 1))
done
printf '\t.section .note.GNU-stack,"",%%progbits\n'
