/* SPDX-License-Identifier: Apache-2.0
 * commands.h - one table for a program's subcommands: --help, --version, suggestions. A command
 * may have commands of its own ("certs issue"), in a table like it.
 */
#ifndef LIB_BASE_COMMANDS_H
#define LIB_BASE_COMMANDS_H

#include <stddef.h>

#include "lib/base/options.h"

#define COMMAND_WORDS_MAX 4   /* "oke-guard certs issue" has 2 */
#define COMMAND_PATH_MAX  128 /* bytes of "certs issue" */

struct commands;

struct command {
	const char *name, *summary;        /* one line */
	int (*run)(int argc, char **argv); /* argv[0] is the name; returns the exit status */
	const struct commands *below;      /* or NULL; run is what other words go to, or NULL */
};

struct commands {
	const char *program; /* "oke-guard", "oke-guard certs" */
	const char *about;   /* what it is for, in a line or more */
	const char *example; /* ", for example 'oke-guard serve'", or "" */
	const struct command *v;
	size_t n;
};

/* The program's exit status: the command's; 0 after --help and --version, 2 for a word that is no
 * command. */
int commands_main(const struct commands *c, int argc, char **argv);

/* The same for the words after a command that has commands of its own. */
int commands_run(const struct commands *c, int argc, char **argv);

/* The table that commands_main was called with. */
const struct commands *commands_of_program(void);

/* The row of a word, or NULL. */
const struct command *commands_find(const struct commands *c, const char *word);

/* "there is no command ..." to stderr, with the nearest one. Returns the exit status 2. */
int commands_unknown(const struct commands *c, const char *word);

/* What --help says of a table. Returns the exit status. */
int commands_print_help(const struct commands *c);

/* A command with all that the table of its options says; good during the call. */
struct command_page {
	const char *path; /* "certs issue"; "" for the program */
	const char *summary;
	const struct commands *below;    /* or NULL */
	const struct command_help *help; /* NULL: it has other commands only */
	const struct option_def *defs;
	size_t defs_n;
};

/* The program, then each command and those below it, in the order of the tables. */
void commands_visit(const struct commands *c,
		    void (*visit)(void *ctx, const struct command_page *page), void *ctx);

#endif
