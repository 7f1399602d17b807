/*
 * main.c - oke-guard-agent: what talks to the API server, so that the webhook need not.
 */
#include <stdio.h>
#include <string.h>

#include "agent/cmd.h"
#include "lib/base/version.h"
#include "lib/base/nearest.h"
#include "lib/base/options.h"

static const struct agent_command {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "run", "keep certificates and webhook configuration", cmd_run },
	{ "probe", "prove that a denial is really denied", cmd_probe },
	{ "remove", "remove the webhook configuration, before everything else goes", cmd_remove },
};
#define COMMANDS_N (sizeof commands / sizeof *commands)

static int agent_print_usage(void)
{
	printf("Usage: oke-guard-agent COMMAND [OPTION]...\n\n"
	       "Keeps oke-guard's certificates and webhook configuration in a cluster.\n\n"
	       "Commands:\n");
	for (size_t i = 0; i < COMMANDS_N; i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].summary);
	printf("\noke-guard-agent COMMAND --help shows examples and all options of a command.\n"
	       "oke-guard-agent --version prints the version.\n");
	return fflush(stdout) ? AGENT_USAGE : AGENT_DONE;
}

static int agent_unknown_command(const char *word)
{
	const char *names[COMMANDS_N], *near;

	for (size_t i = 0; i < COMMANDS_N; i++)
		names[i] = commands[i].name;
	near = nearest_of(word, names, COMMANDS_N);
	fprintf(stderr, "oke-guard-agent: there is no command '%.60s'; %s%s\n", word,
		near ? "did you mean " : "try oke-guard-agent --help", near ? near : "");
	return AGENT_USAGE;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (!strcmp(word, "--version")) {
		puts("oke-guard-agent " OKE_GUARD_VERSION);
		return AGENT_DONE;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help"))
		return agent_print_usage();
	if (!*word) {
		fprintf(stderr, "oke-guard-agent: name a command; "
				"oke-guard-agent --help lists them\n");
		return AGENT_USAGE;
	}
	for (size_t i = 0; i < COMMANDS_N; i++)
		if (!strcmp(word, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return agent_unknown_command(word);
}
