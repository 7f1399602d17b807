#include "lib/base/commands.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/nearest.h"
#include "lib/base/version.h"

#define EXIT_USAGE 2

static int commands_print_help(const struct commands *c)
{
	int width = 0;

	for (size_t i = 0; i < c->n; i++)
		if ((int)strlen(c->v[i].name) > width)
			width = (int)strlen(c->v[i].name);
	printf("Usage: %s COMMAND [OPTION]...\n\n%s\n\nCommands:\n", c->program, c->about);
	for (size_t i = 0; i < c->n; i++)
		printf("  %-*s %s\n", width + 2, c->v[i].name, c->v[i].summary);
	printf("\n%s COMMAND --help shows examples and all options of a command.\n"
	       "%s --version prints the version.\n",
	       c->program, c->program);
	return fflush(stdout) ? EXIT_USAGE : 0;
}

static int commands_unknown(const struct commands *c, const char *word)
{
	struct nearest near;

	nearest_start(&near, str_of(word));
	for (size_t i = 0; i < c->n; i++)
		nearest_try(&near, str_of(c->v[i].name));
	fprintf(stderr, "%s: there is no command '%.60s'; ", c->program, word);
	if (near.best.s)
		fprintf(stderr, "did you mean '%s'?\n", near.best.s);
	else
		fprintf(stderr, "try %s --help\n", c->program);
	return EXIT_USAGE;
}

int commands_run(const struct commands *c, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (!strcmp(word, "--version"))
		return printf("%s " OKE_GUARD_VERSION "\n", c->program) < 0 ? EXIT_USAGE : 0;
	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help"))
		return commands_print_help(c);
	if (!*word) {
		fprintf(stderr, "%s: name a command%s; %s --help lists them\n", c->program,
			c->example, c->program);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(word, c->v[i].name))
			return c->v[i].run(argc - 1, argv + 1);
	return commands_unknown(c, word);
}
