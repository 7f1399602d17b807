/* SPDX-License-Identifier: Apache-2.0
 * bash.c - completion for bash: the tables as three functions of `case`, and one that asks them.
 * It stands alone: the package bash-completion is not needed.
 */
#include <stdio.h>
#include <string.h>

#include "lib/shell/words.h"

/* ---- the tables ---- */

static void bash_commands_row(void *ctx, const struct command_page *page)
{
	(void)ctx;
	if (!page->below)
		return;
	printf("\t'%s') echo '", page->path);
	for (size_t i = 0; i < page->below->n; i++)
		printf("%s%s", i ? " " : "", page->below->v[i].name);
	printf("' ;;\n");
}

static void bash_options_row(void *ctx, const struct command_page *page)
{
	(void)ctx;
	printf("\t'%s') echo '", page->path);
	for (size_t i = 0; i < page->defs_n; i++)
		printf("--%s ", page->defs[i].name);
	printf("--help%s' ;;\n", *page->path ? "" : " --version");
}

static void bash_value_row(const char *path, const struct option_def *d)
{
	if (d->type == OPTION_FLAG)
		return;
	printf("\t'%s --%s'", path, d->name);
	if (d->letter)
		printf(" | '%s -%c'", path, d->letter);
	printf(") echo ");
	if (d->type == OPTION_CHOICE) {
		printf("'words ");
		shell_print_choices(d->choices);
		printf("'");
	} else {
		printf(options_is_path(d) ? "files" : "any");
	}
	printf(" ;;\n");
}

static void bash_values_rows(void *ctx, const struct command_page *page)
{
	(void)ctx;
	for (size_t i = 0; i < page->defs_n; i++)
		bash_value_row(page->path, &page->defs[i]);
}

static void bash_operands_row(void *ctx, const struct command_page *page)
{
	const char *choices = NULL;

	(void)ctx;
	switch (shell_operands_of(page, &choices)) {
	case SHELL_NOTHING:
		return;
	case SHELL_FILES:
		printf("\t'%s') echo files ;;\n", page->path);
		return;
	case SHELL_CHOICES:
		printf("\t'%s') echo 'words ", page->path);
		shell_print_choices(choices);
		printf("' ;;\n");
	}
}

static void bash_print_table(const struct commands *c, const char *name, const char *what,
			     void (*row)(void *ctx, const struct command_page *page))
{
	printf("_");
	shell_print_identifier(c->program);
	printf("__%s() { # %s\n\tcase $1 in\n", name, what);
	commands_visit(c, row, NULL);
	printf("\tesac\n}\n\n");
}

/* ---- the function ---- */

/* @ stands for the name of the function. bash cuts words at `=`: --output=json is three of them. */
static const char bash_function[] =
	"@() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal path='' word i=1 want=''\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $cur == = ]]; then\n"
	"\t\tcur=''\n"
	"\telif [[ $option == = ]]; then\n"
	"\t\toption=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\t[[ ${COMP_WORDS[1]} != help ]] || i=2\n"
	"\tfor (( ; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\t[[ -n $word && \" $(@__commands \"$path\") \" == *\" $word \"* ]] || break\n"
	"\t\tpath=${path:+$path }$word\n"
	"\tdone\n"
	"\tif [[ ${COMP_WORDS[1]} == help && $COMP_CWORD -gt 1 ]]; then\n"
	"\t\tif [[ $cur == -* ]] || want=$(@__values \"help $option\") && [[ -n $want ]]; then\n"
	"\t\t\tpath=help\n"
	"\t\telse\n"
	"\t\t\tCOMPREPLY=($(compgen -W \"$(@__commands \"$path\")\" -- \"$cur\"))\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\tfi\n"
	"\twant=$(@__values \"$path $option\")\n"
	"\tif [[ -z $want && $cur == -* ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(@__options \"$path\")\" -- \"$cur\"))\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tif [[ -z $want && $i -eq $COMP_CWORD ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(@__commands \"$path\")\" -- \"$cur\"))\n"
	"\tfi\n"
	"\t: \"${want:=$(@__operands \"$path\")}\"\n"
	"\tcase $want in\n"
	"\tfiles)\n"
	"\t\tcompopt -o filenames 2> /dev/null\n"
	"\t\tlocal IFS=$'\\n'\n"
	"\t\tCOMPREPLY+=($(compgen -f -- \"$cur\"))\n"
	"\t\t;;\n"
	"\twords*) COMPREPLY+=($(compgen -W \"${want#words}\" -- \"$cur\")) ;;\n"
	"\tesac\n"
	"}\n";

static void bash_print_function(const char *program)
{
	for (const char *c = bash_function; *c; c++) {
		if (*c != '@') {
			putchar(*c);
			continue;
		}
		putchar('_');
		shell_print_identifier(program);
	}
}

void shell_print_bash(const struct commands *c)
{
	printf("# bash completion for %s: %s completion bash\n\n", c->program, c->program);
	bash_print_table(c, "commands", "below a command", bash_commands_row);
	bash_print_table(c, "options", "of a command", bash_options_row);
	bash_print_table(c, "values", "of an option: a command and the option", bash_values_rows);
	bash_print_table(c, "operands", "of a command", bash_operands_row);
	bash_print_function(c->program);
	printf("complete -F _");
	shell_print_identifier(c->program);
	printf(" %s\n", c->program);
}
