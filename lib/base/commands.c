/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/commands.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/nearest.h"
#include "lib/base/program_name.h"
#include "lib/base/version.h"

#define EXIT_USAGE 2

static const struct commands *commands_program; /* set once, before any command runs */

const struct commands *commands_of_program(void)
{
	return commands_program;
}

int commands_print_help(const struct commands *c)
{
	int width = 0;

	for (size_t i = 0; i < c->n; i++)
		if ((int)strlen(c->v[i].name) > width)
			width = (int)strlen(c->v[i].name);
	program_print(stdout, "Usage: ");
	program_print(stdout, c->program);
	printf(" COMMAND [OPTION]...\n\n%s\n\nCommands:\n", c->about);
	for (size_t i = 0; i < c->n; i++)
		printf("  %-*s %s\n", width + 2, c->v[i].name, c->v[i].summary);
	putchar('\n');
	program_print(stdout, c->program);
	printf(" COMMAND --help shows examples and all options of a command.\n");
	if (c == commands_program) {
		program_print(stdout, c->program);
		printf(" --version prints the version.\n");
	}
	return fflush(stdout) ? EXIT_USAGE : 0;
}

int commands_unknown(const struct commands *c, const char *word)
{
	struct nearest near;

	nearest_start(&near, str_of(word));
	for (size_t i = 0; i < c->n; i++)
		nearest_try(&near, str_of(c->v[i].name));
	program_print(stderr, c->program);
	fprintf(stderr, ": there is no command '%.60s'; ", word);
	if (near.best.s) {
		fprintf(stderr, "did you mean '%s'?\n", near.best.s);
	} else {
		fputs("try ", stderr);
		program_print(stderr, c->program);
		fputs(" --help\n", stderr);
	}
	return EXIT_USAGE;
}

const struct command *commands_find(const struct commands *c, const char *word)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(word, c->v[i].name))
			return &c->v[i];
	return NULL;
}

static int commands_ask_for_one(const struct commands *c)
{
	program_print(stderr, c->program);
	fprintf(stderr, ": name a command%s; ", c->example);
	program_print(stderr, c->program);
	fputs(" --help lists them\n", stderr);
	return EXIT_USAGE;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are, COMMAND_WORDS_MAX at most. */
static int commands_run_row(const struct command *row, int argc, char **argv)
{
	if (row->below && (!row->run || (argc > 1 && commands_find(row->below, argv[1]))))
		return commands_run(row->below, argc, argv);
	return row->run(argc, argv);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are, COMMAND_WORDS_MAX at most. */
int commands_run(const struct commands *c, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct command *row;

	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		return commands_print_help(c);
	if (!*word)
		return commands_ask_for_one(c);
	row = commands_find(c, word);
	return row ? commands_run_row(row, argc - 1, argv + 1) : commands_unknown(c, word);
}

static bool commands_has(const char *word)
{
	return commands_find(commands_program, word) != NULL;
}

int commands_main(const struct commands *c, int argc, char **argv)
{
	commands_program = c;
	program_called(argc ? argv[0] : "", commands_has);
	if (argc > 1 && !strcmp(argv[1], "--version"))
		return printf("%s " OKE_GUARD_VERSION "\n", c->program) < 0 || fflush(stdout)
			       ? EXIT_USAGE
			       : 0;
	return commands_run(c, argc, argv);
}

/* ---- every command, with its options ---- */

struct commands_walk {
	struct command_page page; /* the path of the one that is visited */
	void (*visit)(void *ctx, const struct command_page *page);
	void *ctx;
};

static void commands_visit_options(void *ctx, const struct command_help *help,
				   const struct option_def *defs, size_t n)
{
	struct commands_walk *w = ctx;

	w->page.help = help;
	w->page.defs = defs;
	w->page.defs_n = n;
	w->visit(w->ctx, &w->page);
}

static void commands_visit_row(const struct commands_walk *w, const struct command *row,
			       const char *path)
{
	struct commands_walk here = { { path, row->summary, row->below, NULL, NULL, 0 },
				      w->visit,
				      w->ctx };

	if (row->run)
		options_tell(row->run, row->name, commands_visit_options, &here);
	else
		w->visit(w->ctx, &here.page);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are, COMMAND_WORDS_MAX at most. */
static void commands_visit_table(const struct commands_walk *w, const struct commands *c,
				 const char *above)
{
	char path[COMMAND_PATH_MAX];

	for (size_t i = 0; i < c->n; i++) {
		snprintf(path, sizeof path, "%s%s%s", above, *above ? " " : "", c->v[i].name);
		commands_visit_row(w, &c->v[i], path);
		if (c->v[i].below)
			commands_visit_table(w, c->v[i].below, path);
	}
}

void commands_visit(const struct commands *c,
		    void (*visit)(void *ctx, const struct command_page *page), void *ctx)
{
	const struct commands_walk w = {
		{ "", c->about, c, NULL, NULL, 0 },
		visit,
		ctx,
	};

	visit(ctx, &w.page);
	commands_visit_table(&w, c, "");
}
