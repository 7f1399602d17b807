/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd.h"

#include <stdio.h>

int cmd_options(const struct command_help *help, const struct option_def *defs, size_t defs_n,
		int argc, char **argv)
{
	struct err err;
	int rest, status = options_parse(help, defs, defs_n, argc, argv, &rest);

	if (status >= 0 || rest == argc)
		return status;
	err_set(&err, ERR_USAGE, "takes no operand ('%.60s')", argv[rest]);
	return cmd_complain(argv[0], AGENT_USAGE, &err);
}

int cmd_complain(const char *command, int status, const struct err *err)
{
	fprintf(stderr, "oke-guard-agent %s: %s\n", command, err->msg);
	return status;
}
