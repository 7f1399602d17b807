/* SPDX-License-Identifier: Apache-2.0
 * cmd.h - the subcommands, and what they share. Each takes its own argv (argv[0] is its name) and
 * returns the exit status: 0 done, 1 the cluster does not do what it should, 2 usage error.
 */
#ifndef AGENT_CMD_H
#define AGENT_CMD_H

#include "lib/base/err.h"
#include "lib/base/options.h"

#define AGENT_DONE   0
#define AGENT_FAILED 1
#define AGENT_USAGE  2

int cmd_run(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_remove(int argc, char **argv);
int cmd_collect(int argc, char **argv);
int cmd_publish(int argc, char **argv);

/* Rows of a command's table of options. text: where the name of an object goes. */
#define CMD_ROW_NAME(option, text, what)                                                           \
	{                                                                                          \
		.name = (option), .type = OPTION_STRING, .value = (text), .arg = "NAME",           \
		.help = (what)                                                                     \
	}
#define CMD_ROW_NAMESPACE(text)                                                                    \
	{                                                                                          \
		.name = "namespace", .type = OPTION_STRING, .value = (text), .arg = "NS",          \
		.help = "where oke-guard is installed"                                             \
	}
#define CMD_ROW_TIMEOUT(seconds, what)                                                             \
	{                                                                                          \
		.name = "timeout", .type = OPTION_NUMBER, .value = (seconds), .arg = "SECONDS",    \
		.min = 0, .max = 3600, .help = (what)                                              \
	}

/* Of a command without operands: the exit status to end with, or -1 to go on. */
int cmd_options(const struct command_help *help, const struct option_def *defs, size_t defs_n,
		int argc, char **argv);

/* "oke-guard-agent COMMAND: MESSAGE" to stderr; returns the status. */
int cmd_complain(const char *command, int status, const struct err *err);

#endif
