/* SPDX-License-Identifier: Apache-2.0
 * main.c - a table of subcommands.
 */
#include "cli/cmd.h"
#include "lib/base/commands.h"
#include "lib/shell/shell.h"

static const struct command commands[] = {
	{ "serve", "run the webhook", cmd_serve, NULL },
	{ "review", "judge AdmissionReviews: what would the server answer?", cmd_review, NULL },
	{ "check", "judge manifests offline, files and folders", cmd_check, NULL },
	{ "replay", "judge audit logs: what would have been denied?", cmd_replay,
	  &replay_commands },
	{ "scan", "judge a cluster as it is: what is outside support today", cmd_scan,
	  &scan_commands },
	{ "policy", "print, lint, explain, schema", NULL, &policy_commands },
	{ "certs", "issue, check and show certificates", NULL, &certs_commands },
	{ "learn", "who touches what: the identities to exempt", NULL, &learn_commands },
	{ "generate", "the webhook configuration that the policies need", NULL,
	  &generate_commands },
	{ "versions", "OKE's Kubernetes versions: which are supported, how long", cmd_versions,
	  NULL },
	{ "alpha", "what is known about alpha features: list, explain", NULL, &alpha_commands },
	SHELL_COMMANDS,
};

int main(int argc, char **argv)
{
	static const struct commands all = {
		.program = "oke-guard",
		.about = "Tells, before a change lands, that it would take an OKE cluster out of "
			 "Oracle's support.",
		.example = ", for example 'oke-guard serve'",
		.v = commands,
		.n = sizeof commands / sizeof *commands,
	};

	return commands_main(&all, argc, argv);
}
