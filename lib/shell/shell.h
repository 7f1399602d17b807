/* SPDX-License-Identifier: Apache-2.0
 * shell.h - what every program of ours tells about itself: help, version, completion. Made of the
 * program's tables of commands and options, for which commands_main was called.
 */
#ifndef LIB_SHELL_SHELL_H
#define LIB_SHELL_SHELL_H

int shell_help(int argc, char **argv);
int shell_version(int argc, char **argv);
int shell_completion(int argc, char **argv);

/* Their rows, at the end of a program's table. */
#define SHELL_COMMANDS                                                                             \
	{ "completion", "completion for bash, zsh and fish", shell_completion, NULL },             \
		{ "help", "what a command does; all of them as JSON", shell_help, NULL },          \
	{                                                                                          \
		"version", "the version of this program", shell_version, NULL                      \
	}

#endif
