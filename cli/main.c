/*
 * main.c - a table of subcommands.
 */
#include "cli/cmd.h"
#include "lib/base/commands.h"

static const struct command commands[] = {
	{ "serve", "run the webhook", cmd_serve },
	{ "review", "judge AdmissionReviews: what would the server answer?", cmd_review },
	{ "check", "judge manifests offline, files and folders", cmd_check },
	{ "replay", "judge audit logs: what would have been denied?", cmd_replay },
	{ "policy", "print, lint, explain, schema", cmd_policy },
	{ "certs", "issue, check and show certificates", cmd_certs },
	{ "learn", "who touches what: the identities to exempt", cmd_learn },
	{ "generate", "the webhook configuration that the policies need", cmd_generate },
	{ "versions", "OKE's Kubernetes versions: which are supported, how long", cmd_versions },
	{ "alpha", "what is known about alpha features: list, explain", cmd_alpha },
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

	return commands_run(&all, argc, argv);
}
