/* SPDX-License-Identifier: Apache-2.0
 * main.c - oke-guard-agent: what talks to the API server, so that the webhook need not.
 */
#include "agent/cmd.h"
#include "lib/base/commands.h"
#include "lib/shell/shell.h"

static const struct command commands[] = {
	{ "run", "keep certificates and webhook configuration", cmd_run, NULL },
	{ "probe", "prove that a denial is really denied", cmd_probe, NULL },
	{ "remove", "remove the webhook configuration, before everything else goes", cmd_remove,
	  NULL },
	{ "collect", "read from the API server what `oke-guard scan` asks for", cmd_collect, NULL },
	{ "publish", "write the report of a scan to a ConfigMap", cmd_publish, NULL },
	SHELL_COMMANDS,
};

int main(int argc, char **argv)
{
	static const struct commands all = {
		.program = "oke-guard-agent",
		.about = "Talks to the API server: keeps oke-guard's certificates and webhook "
			 "configuration, reads for its scan.",
		.example = "",
		.v = commands,
		.n = sizeof commands / sizeof *commands,
	};

	return commands_main(&all, argc, argv);
}
