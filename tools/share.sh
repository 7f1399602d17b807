#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a package brings beside the programs, at the places below /usr/share where it is looked for:
#
#   man/man1/PROGRAM.1, PROGRAM-COMMAND.1
#   bash-completion/completions/PROGRAM
#   zsh/vendor-completions/_PROGRAM
#   fish/vendor_completions.d/PROGRAM.fish
#
#   BUILD=FOLDER tools/share.sh TO PROGRAM...
#
# The programs are run: they must be for this machine. What comes of it is for any.
set -eu
build=${BUILD:-build}
to=$1
shift
rm -rf "$to.new"
mkdir -p "$to.new/bash-completion/completions" "$to.new/zsh/vendor-completions" "$to.new/fish/vendor_completions.d"
for program in "$@"; do
	"$build/$program" completion bash > "$to.new/bash-completion/completions/$program"
	"$build/$program" completion zsh > "$to.new/zsh/vendor-completions/_$program"
	"$build/$program" completion fish > "$to.new/fish/vendor_completions.d/$program.fish"
done
for program in "$@"; do
	set -- "$@" "$build/$program"
	shift
done
"${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/man.py" "$to.new/man" "$@"
rm -rf "$to"
mv "$to.new" "$to"
