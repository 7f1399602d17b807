/*
 * main.c - a table of subcommands.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/version.h"
#include "cli/cmd.h"
#include "lib/base/nearest.h"
#include "lib/base/options.h"

static const struct main_command {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "serve", "run the webhook", cmd_serve },
	{ "review", "judge AdmissionReviews: what would the server answer?", cmd_review },
	{ "check", "judge manifests offline, files and folders", cmd_check },
	{ "policy", "print, lint, explain, schema", cmd_policy },
	{ "certs", "issue, check and show certificates", cmd_certs },
	{ "learn", "who touches what: the identities to exempt", cmd_learn },
	{ "generate", "the webhook configuration that the policies need", cmd_generate },
	{ "alpha", "what is known about alpha features: list, explain", cmd_alpha },
};
#define COMMANDS_N (sizeof commands / sizeof *commands)

static int main_print_usage(void)
{
	printf("Usage: oke-guard COMMAND [OPTION]...\n\n"
	       "Tells, before a change lands, that it would take an OKE cluster out of Oracle's "
	       "support.\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS_N; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	printf("\noke-guard COMMAND --help shows examples and all options of a command.\n"
	       "oke-guard --version prints the version.\n");
	return fflush(stdout) ? EXIT_INPUT : EXIT_CLEAN;
}

static int main_unknown_command(const char *word)
{
	const char *names[COMMANDS_N], *near;

	for (size_t i = 0; i < COMMANDS_N; i++)
		names[i] = commands[i].name;
	near = nearest_of(word, names, COMMANDS_N);
	if (near)
		fprintf(stderr, "oke-guard: there is no command '%.60s'; did you mean '%s'?\n",
			word, near);
	else
		fprintf(stderr, "oke-guard: there is no command '%.60s'; try oke-guard --help\n",
			word);
	return EXIT_INPUT;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (!strcmp(word, "--version")) {
		puts("oke-guard " OKE_GUARD_VERSION);
		return EXIT_CLEAN;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help"))
		return main_print_usage();
	if (!*word) {
		fprintf(stderr, "oke-guard: name a command, for example 'oke-guard serve'; "
				"oke-guard --help lists them\n");
		return EXIT_INPUT;
	}
	for (size_t i = 0; i < COMMANDS_N; i++)
		if (!strcmp(word, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return main_unknown_command(word);
}
