/*
 * commands.h - one table for a program's subcommands: --help, --version, suggestions.
 */
#ifndef LIB_BASE_COMMANDS_H
#define LIB_BASE_COMMANDS_H

#include <stddef.h>

struct command {
	const char *name, *summary;        /* one line */
	int (*run)(int argc, char **argv); /* argv[0] is the name; returns the exit status */
};

struct commands {
	const char *program; /* "oke-guard" */
	const char *about;   /* what it is for, in a line */
	const char *example; /* ", for example 'oke-guard serve'", or "" */
	const struct command *v;
	size_t n;
};

/* The exit status: the command's; 0 after --help and --version, 2 for a word that is no command. */
int commands_run(const struct commands *c, int argc, char **argv);

#endif
