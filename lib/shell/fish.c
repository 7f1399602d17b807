/* SPDX-License-Identifier: Apache-2.0
 * fish.c - completion for fish: a `complete` for each command, option and operand, and two
 * functions that say which command the line has come to.
 */
#include <stdio.h>
#include <string.h>

#include "lib/shell/words.h"

static void fish_print_quoted(const char *s)
{
	putchar('\'');
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			putchar('\\');
		putchar(*s == '\n' ? ' ' : *s);
	}
	putchar('\'');
}

static void fish_print_function_name(const struct commands *c, const char *what)
{
	printf("__");
	shell_print_identifier(c->program);
	printf("_%s", what);
}

/* "complete -c PROGRAM -n '__PROGRAM_IS "PATH"'", to be continued. */
static void fish_begin(const struct commands *c, const char *is, const char *path)
{
	printf("complete -c %s -n '", c->program);
	fish_print_function_name(c, is);
	printf(" \"%s\"'", path);
}

static void fish_print_option(const struct commands *c, const char *path,
			      const struct option_def *d)
{
	fish_begin(c, "in", path);
	printf(" -l %s", d->name);
	if (d->letter)
		printf(" -s %c", d->letter);
	if (d->type == OPTION_CHOICE) {
		printf(" -x -a '");
		shell_print_choices(d->choices);
		putchar('\'');
	} else if (options_is_path(d)) {
		printf(" -r -F");
	} else if (d->type != OPTION_FLAG) {
		printf(" -x");
	}
	printf(" -d ");
	fish_print_quoted(d->help);
	putchar('\n');
}

static void fish_print_operands(const struct commands *c, const struct command_page *page)
{
	const char *choices = NULL;

	switch (shell_operands_of(page, &choices)) {
	case SHELL_NOTHING:
		return;
	case SHELL_FILES:
		fish_begin(c, "of", page->path);
		printf(" -F\n");
		return;
	case SHELL_CHOICES:
		fish_begin(c, "at", page->path);
		printf(" -a '");
		shell_print_choices(choices);
		printf("'\n");
	}
}

static void fish_print_page(void *ctx, const struct command_page *page)
{
	const struct commands *c = ctx;

	for (size_t i = 0; page->below && i < page->below->n; i++) {
		fish_begin(c, "at", page->path);
		printf(" -a %s -d ", page->below->v[i].name);
		fish_print_quoted(page->below->v[i].summary);
		putchar('\n');
	}
	for (size_t i = 0; i < page->defs_n; i++)
		fish_print_option(c, page->path, &page->defs[i]);
	fish_print_operands(c, page);
}

static void fish_print_known_path(void *ctx, const struct command_page *page)
{
	(void)ctx;
	if (*page->path)
		printf(" '%s'", page->path);
}

/* The words before the cursor: the longest path among them, and is there nothing behind it? */
static void fish_print_functions(const struct commands *c)
{
	printf("function ");
	fish_print_function_name(c, "path");
	printf("\n\tset -l known");
	commands_visit(c, fish_print_known_path, NULL);
	printf("\n\tset -l path\n"
	       "\tset -l words (commandline -opc)[2..-1]\n"
	       "\ttest \"$words[1]\" = help; and set -e words[1]\n"
	       "\tfor word in $words\n"
	       "\t\tset -l next (string join ' ' -- $path $word)\n"
	       "\t\tcontains -- \"$next\" $known; or break\n"
	       "\t\tset path $path $word\n"
	       "\tend\n"
	       "\tstring join ' ' -- (math (count $words) - (count $path)) $path\n"
	       "end\n\n");
	printf("function ");
	fish_print_function_name(c, "in");
	printf(" # COMMAND: the line is of this command\n"
	       "\tstring match -rq \"^\\d+\"(test -n \"$argv[1]\"; and echo \" $argv[1]\")'$' -- (");
	fish_print_function_name(c, "path");
	printf(")\nend\n\n");
	printf("function ");
	fish_print_function_name(c, "of");
	printf(" # COMMAND: the same, and not behind help\n\tcontains -- help (commandline -opc)[2]; and return 1; ");
	fish_print_function_name(c, "in");
	printf(" $argv\nend\n\n");
	printf("function ");
	fish_print_function_name(c, "at");
	printf(" # COMMAND: the cursor is right behind it\n"
	       "\ttest (");
	fish_print_function_name(c, "path");
	printf(") = (string trim -- \"0 $argv[1]\")\nend\n\n");
}

void shell_print_fish(const struct commands *c)
{
	printf("# fish completion for %s: %s completion fish\n\n", c->program, c->program);
	fish_print_functions(c);
	printf("complete -c %s -f\n", c->program);
	printf("complete -c %s -s h -l help -d help\n", c->program);
	fish_begin(c, "at", "");
	printf(" -l version -d 'the version'\n");
	commands_visit(c, fish_print_page, (void *)c);
}
