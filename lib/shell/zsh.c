/* SPDX-License-Identifier: Apache-2.0
 * zsh.c - completion for zsh: a function a command, which hands its table to _arguments.
 */
#include <stdio.h>
#include <string.h>

#include "lib/shell/words.h"

/* In single quotes, for _arguments and _describe: brackets and colons have a meaning there. */
static void zsh_print_quoted(const char *s, const char *special)
{
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", stdout);
		else if (*s == '\n')
			putchar(' ');
		else
			printf("%s%c", strchr(special, *s) ? "\\" : "", *s);
	}
}

static void zsh_print_function_name(const struct commands *c, const char *path)
{
	putchar('_');
	shell_print_identifier(c->program);
	while (*path) {
		char word[COMMAND_PATH_MAX];

		snprintf(word, sizeof word, "%.*s", (int)strcspn(path, " "), path);
		fputs("__", stdout);
		shell_print_identifier(word);
		path += strlen(word);
		path += *path == ' ';
	}
}

/* ":WHAT:HOW" of a value. */
static void zsh_print_value(const struct option_def *d)
{
	const char *what = d->arg ? d->arg : d->type == OPTION_CHOICE ? d->name : "VALUE";

	if (d->type == OPTION_FLAG)
		return;
	putchar(':');
	zsh_print_quoted(d->type == OPTION_CHOICE ? d->name : what, ":\\");
	putchar(':');
	if (d->type == OPTION_CHOICE) {
		putchar('(');
		shell_print_choices(d->choices);
		putchar(')');
	} else if (options_is_path(d)) {
		fputs("_files", stdout);
	} else {
		putchar(' ');
	}
}

static void zsh_print_option(const struct option_def *d)
{
	const char *equals = d->type == OPTION_FLAG ? "" : "=";

	fputs("\t\t", stdout);
	if (d->type == OPTION_LIST)
		fputs(d->letter ? "'*'" : "'*", stdout);
	else if (d->letter)
		printf("'(-%c --%s)'", d->letter, d->name);
	else
		putchar('\'');
	if (d->letter)
		printf("{-%c%s,--%s%s}'", d->letter, *equals ? "+" : "", d->name, equals);
	else
		printf("--%s%s", d->name, equals);
	putchar('[');
	zsh_print_quoted(d->help, "[]\\");
	putchar(']');
	zsh_print_value(d);
	fputs("' \\\n", stdout);
}

static void zsh_print_operands(const struct command_page *page)
{
	const char *choices = NULL;

	switch (shell_operands_of(page, &choices)) {
	case SHELL_NOTHING:
		printf("\t\t'*: : '\n");
		return;
	case SHELL_FILES:
		printf("\t\t'*:file:_files'\n");
		return;
	case SHELL_CHOICES:
		printf("\t\t'1:word:(");
		shell_print_choices(choices);
		printf(")'\n");
	}
}

static void zsh_print_arguments(const struct command_page *page)
{
	printf("\t((commands_alone)) && return\n"
	       "\t_arguments -s -S \\\n\t\t'(-h --help)'{-h,--help}'[help]' \\\n");
	if (!*page->path)
		printf("\t\t'--version[the version]' \\\n");
	for (size_t i = 0; i < page->defs_n; i++)
		zsh_print_option(&page->defs[i]);
	zsh_print_operands(page);
}

/* The words after a command are those of a command line of their own. */
static void zsh_print_choice(const struct commands *c, const struct command_page *page)
{
	printf("\tlocal -a commands=(\n");
	for (size_t i = 0; i < page->below->n; i++) {
		printf("\t\t'%s:", page->below->v[i].name);
		zsh_print_quoted(page->below->v[i].summary, "\\");
		printf("'\n");
	}
	printf("\t)\n\tif ((CURRENT == 2)) && [[ $PREFIX != -* ]]; then\n"
	       "\t\t_describe -t commands command commands\n%s\tfi\n",
	       page->help ? "" : "\t\treturn\n");
	printf("\tlocal word=${words[2]}\n"
	       "\tif ((CURRENT > 2)) && [[ -n ${commands[(r)$word:*]} ]]; then\n"
	       "\t\tshift words\n\t\t((CURRENT--))\n\t\t");
	zsh_print_function_name(c, page->path);
	printf("__${word//-/_}\n\t\treturn\n\tfi\n");
}

static void zsh_print_page(void *ctx, const struct command_page *page)
{
	const struct commands *c = ctx;

	zsh_print_function_name(c, page->path);
	printf("() {\n");
	if (!strcmp(page->path, "help")) {
		printf("\tif [[ $PREFIX != -* ]]; then\n\t\tlocal commands_alone=1\n\t\t");
		zsh_print_function_name(c, "");
		printf("\n\t\treturn\n\tfi\n");
	}
	if (page->below)
		zsh_print_choice(c, page);
	zsh_print_arguments(page);
	printf("}\n\n");
}

/* Found on fpath as _PROGRAM, the file is the function; sourced, it registers it. */
void shell_print_zsh(const struct commands *c)
{
	printf("#compdef %s\n# zsh completion for %s: %s completion zsh\n\n", c->program,
	       c->program, c->program);
	commands_visit(c, zsh_print_page, (void *)c);
	printf("if [[ ${funcstack[1]} == ");
	zsh_print_function_name(c, "");
	printf(" || ${funcstack[1]} == _%s ]]; then\n\t", c->program);
	zsh_print_function_name(c, "");
	printf(" \"$@\"\nelse\n\tcompdef ");
	zsh_print_function_name(c, "");
	printf(" %s\nfi\n", c->program);
}
