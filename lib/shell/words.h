/* SPDX-License-Identifier: Apache-2.0
 * words.h - what the commands of lib/shell share; private to the folder.
 *
 * Their help is written once for all programs: PROGRAM stands for the program's name, FIRST for
 * its first command.
 */
#ifndef LIB_SHELL_WORDS_H
#define LIB_SHELL_WORDS_H

#include <stdio.h>

#include "lib/base/commands.h"

#define EXIT_DONE  0
#define EXIT_WRONG 2

struct shell_words {
	struct command_help help; /* points into texts */
	char usage[128], summary[768], examples[768];
};

void shell_fill_words(const struct command_help *help, struct shell_words *out);

/* Completion scripts on stdout, for the program of commands_of_program. */
void shell_print_bash(const struct commands *c);
void shell_print_zsh(const struct commands *c);
void shell_print_fish(const struct commands *c);

/* What may follow a command that is no option: SHELL_NOTHING, or files, or the words of `choices`.
 */
enum shell_operands { SHELL_NOTHING, SHELL_FILES, SHELL_CHOICES };
enum shell_operands shell_operands_of(const struct command_page *page, const char **choices);

/* name with `_` for what is no letter or digit: of a function. */
void shell_print_identifier(const char *name);

/* The choices, separated by blanks. */
void shell_print_choices(const char *choices);

#endif
