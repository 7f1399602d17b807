/* SPDX-License-Identifier: Apache-2.0
 * help.c - `help [COMMAND]...`: the same as COMMAND --help; or every command and option as JSON,
 * of which the manual pages are made.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/commands.h"
#include "lib/base/program_name.h"
#include "lib/base/version.h"
#include "lib/shell/shell.h"
#include "lib/shell/words.h"

/* ---- JSON ---- */

/* Texts of our own: ASCII, of which JSON minds quotes, backslashes and ends of lines. */
static void help_put_string(const char *s)
{
	putchar('"');
	for (; s && *s; s++) {
		if (*s == '\n') {
			fputs("\\n", stdout);
			continue;
		}
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('"');
}

static void help_put_member(const char *name, const char *value)
{
	if (!value)
		return;
	printf(",\"%s\":", name);
	help_put_string(value);
}

static void help_put_option(const struct option_def *d)
{
	const char *arg = d->type == OPTION_CHOICE ? d->choices : d->arg ? d->arg : "VALUE";

	printf("{\"name\":\"%s\"", d->name);
	if (d->letter)
		printf(",\"letter\":\"%c\"", d->letter);
	if (d->type != OPTION_FLAG)
		help_put_member("argument", arg);
	if (d->type == OPTION_CHOICE)
		printf(",\"choice\":true");
	if (d->type == OPTION_LIST)
		printf(",\"repeats\":true");
	if (d->type == OPTION_NUMBER)
		printf(",\"min\":%ld,\"max\":%ld", d->min, d->max);
	help_put_member("environment", d->env);
	help_put_member("help", d->help);
	putchar('}');
}

/* ctx: has a page been written? */
static void help_put_page(void *ctx, const struct command_page *page)
{
	bool *any = ctx;

	printf("%s\n{\"command\":\"%s\"", *any ? "," : "", page->path);
	*any = true;
	help_put_member("summary", page->summary);
	if (page->below)
		printf(",\"group\":true");
	if (page->help) {
		help_put_member("usage", page->help->usage);
		help_put_member("description", page->help->summary);
		help_put_member("examples", page->help->examples);
	}
	printf(",\"options\":[");
	for (size_t i = 0; i < page->defs_n; i++) {
		printf("%s\n ", i ? "," : "");
		help_put_option(&page->defs[i]);
	}
	printf("]}");
}

static int help_print_json(void)
{
	const struct commands *all = commands_of_program();
	bool any = false;

	printf("{\"program\":\"%s\",\"version\":\"" OKE_GUARD_VERSION "\",\"about\":",
	       all->program);
	help_put_string(all->about);
	printf(",\"commands\":[");
	commands_visit(all, help_put_page, &any);
	printf("\n]}\n");
	return fflush(stdout) ? EXIT_WRONG : EXIT_DONE;
}

/* ---- text ---- */

static int help_print_command(const struct command *row)
{
	char name[COMMAND_PATH_MAX], help[] = "--help";
	char *argv[] = { name, help, NULL };

	if (!row->run)
		return commands_print_help(row->below);
	snprintf(name, sizeof name, "%s", row->name);
	return row->run(2, argv);
}

static int help_of_words(int n, char **words)
{
	const struct commands *table = commands_of_program();
	const struct command *row = NULL;

	for (int i = 0; i < n; i++) {
		if (!table) {
			program_complain("%s help: '%.60s' has no commands of its own\n",
					 commands_of_program()->program, words[i - 1]);
			return EXIT_WRONG;
		}
		if (!(row = commands_find(table, words[i])))
			return commands_unknown(table, words[i]);
		table = row->below;
	}
	return row ? help_print_command(row) : commands_print_help(table);
}

static const struct command_help help_help = {
	.usage = "PROGRAM help [-o text|json] [COMMAND]...",
	.summary =
		"What a command does, with its options: the same as COMMAND --help. As JSON, every\n"
		"command of this program with its options; the manual pages are made of it.",
	.examples = "  PROGRAM help FIRST\n"
		    "  PROGRAM help -o json | jq -r '.commands[].command'\n",
};

int shell_help(int argc, char **argv)
{
	const char *output = "text";
	const struct option_def defs[] = {
		OPTION_ROW_OUTPUT(&output, "how to print (text)"),
	};
	struct shell_words words;
	int rest, status;

	shell_fill_words(&help_help, &words);
	status = options_parse(&words.help, defs, 1, argc, argv, &rest);
	if (status >= 0)
		return status;
	if (!strcmp(output, "text"))
		return help_of_words(argc - rest, argv + rest);
	if (rest != argc) {
		program_complain("%s help: -o json prints every command; leave '%.60s' out\n",
				 commands_of_program()->program, argv[rest]);
		return EXIT_WRONG;
	}
	return help_print_json();
}
