/* SPDX-License-Identifier: Apache-2.0
 * cmd.h - the subcommands. Each takes its own argv (argv[0] is its name) and
 * returns the exit status: 0 clean, 1 findings or messages, 2 usage or input error.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include "lib/base/commands.h"
#include "lib/base/program_name.h"

#define EXIT_CLEAN    0
#define EXIT_FINDINGS 1
#define EXIT_INPUT    2

int cmd_serve(int argc, char **argv);
int cmd_review(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_versions(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_scan(int argc, char **argv);

/* What `oke-guard certs issue`, and the like, are. */
extern const struct commands certs_commands, policy_commands, alpha_commands, generate_commands,
	learn_commands, replay_commands, scan_commands;

#endif
