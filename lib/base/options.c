/* SPDX-License-Identifier: Apache-2.0
 * options.c - what a table of options makes of argv, of the environment, and of
 * `--help`.
 *
 * Everything the user sees about an option (parsing, help, messages) comes from
 * its one line in the table. A wrong word is answered with the nearest right
 * one. Environment first, command line second: the command line wins.
 */
#include "lib/base/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/nearest.h"
#include "lib/base/program_name.h"
#include "lib/base/time.h"

#define OPTIONS_MAX   48 /* of one subcommand */
#define WORD_MAX      64 /* of an option, or of program and command; longer ones are cut */
#define HELP_COLUMNS  88
#define HELP_INDENT   30
#define CODE_OPTION   256 /* getopt_long's value for defs[0] */
#define CODE_HELP     (CODE_OPTION + OPTIONS_MAX)
#define LETTERS_ROOM  (2 + 2 * OPTIONS_MAX + 2)
#define EXIT_HELP     0
#define EXIT_USAGE    2
#define OPTIONS_GO_ON (-1)

/* What is parsed: the table, and what the command line has set. */
struct option_parse {
	const char *command; /* "oke-guard serve" without more, from the usage line */
	const struct option_def *defs;
	size_t n;
	bool seen[OPTIONS_MAX];
	bool environment; /* the command line is done with */
};

/* Whom the next table is told, in place of parsing. */
static struct {
	void (*told)(void *ctx, const struct command_help *help, const struct option_def *defs,
		     size_t n);
	void *ctx;
} options_listener;

void options_tell(int (*run)(int argc, char **argv), const char *name,
		  void (*told)(void *ctx, const struct command_help *help,
			       const struct option_def *defs, size_t n),
		  void *ctx)
{
	char word[WORD_MAX];
	char *argv[] = { word, NULL };

	snprintf(word, sizeof word, "%s", name);
	options_listener.told = told;
	options_listener.ctx = ctx;
	run(1, argv);
	options_listener.told = NULL;
}

bool options_next_choice(const char **at, struct str *choice)
{
	if (!*at || !**at)
		return false;
	*choice = (struct str){ *at, strcspn(*at, "|") };
	*at += choice->n + ((*at)[choice->n] == '|');
	return true;
}

bool options_is_path(const struct option_def *d)
{
	static const char *const words[] = { "FILE", "DIR", "PATH" };

	for (size_t i = 0; d->arg && i < sizeof words / sizeof *words; i++)
		if (!strcmp(d->arg, words[i]))
			return true;
	return false;
}

/* "expects a whole number from 1 to 64, not 'x'", and the like. */
__attribute__((format(printf, 3, 4))) static int
options_bad_value(const struct option_parse *p, const struct option_def *d, const char *fmt, ...)
{
	char problem[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(problem, sizeof problem, fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s%s: %s%s %s\n", program_prefix(), p->command,
		p->environment ? "$" : "--", p->environment ? d->env : d->name, problem);
	return EXIT_USAGE;
}

static int options_set_number(const struct option_parse *p, const struct option_def *d,
			      const char *text)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < d->min || v > d->max)
		return options_bad_value(p, d,
					 "expects a whole number from %ld to %ld, not '%.60s'",
					 d->min, d->max, text);
	*(long *)d->value = v;
	return OPTIONS_GO_ON;
}

static int options_set_choice(const struct option_parse *p, const struct option_def *d,
			      const char *text)
{
	const char *at = d->choices;
	struct nearest near;
	struct str choice;

	nearest_start(&near, str_of(text));
	while (options_next_choice(&at, &choice)) {
		if (str_is(choice, text)) {
			*(const char **)d->value = text;
			return OPTIONS_GO_ON;
		}
		nearest_try(&near, choice);
	}
	return options_bad_value(p, d, "expects one of %s, not '%.60s'%s%.*s%s", d->choices, text,
				 near.best.s ? "; did you mean '" : "", STR_ARG(near.best),
				 near.best.s ? "'?" : "");
}

static int options_set_time(const struct option_parse *p, const struct option_def *d,
			    const char *text)
{
	if (!time_parse(str_of(text), d->value))
		return options_bad_value(
			p, d, "expects a time as in 2026-11-30T00:00:00Z, not '%.60s'", text);
	return OPTIONS_GO_ON;
}

/* Only the environment gives a flag a word. */
static int options_set_flag(const struct option_parse *p, const struct option_def *d,
			    const char *text)
{
	static const char *const on[] = { "1", "true", "yes" }, *const off[] = { "0", "false",
										 "no" };

	for (size_t i = 0; i < sizeof on / sizeof *on; i++)
		if (!strcasecmp(text, on[i]) || !strcasecmp(text, off[i])) {
			*(bool *)d->value = !strcasecmp(text, on[i]);
			return OPTIONS_GO_ON;
		}
	return options_bad_value(p, d, "expects true or false, not '%.60s'", text);
}

static int options_set_list(const struct option_parse *p, const struct option_def *d,
			    const char *text)
{
	struct option_list *list = d->value;

	if (list->n == OPTION_LIST_MAX)
		return options_bad_value(p, d, "given more than %d times", OPTION_LIST_MAX);
	list->v[list->n++] = text;
	return OPTIONS_GO_ON;
}

static int options_set_value(const struct option_parse *p, const struct option_def *d,
			     const char *text)
{
	switch (d->type) {
	case OPTION_FLAG:
		return options_set_flag(p, d, text);
	case OPTION_NUMBER:
		return options_set_number(p, d, text);
	case OPTION_CHOICE:
		return options_set_choice(p, d, text);
	case OPTION_LIST:
		return options_set_list(p, d, text);
	case OPTION_TIME:
		return options_set_time(p, d, text);
	case OPTION_STRING:
		break;
	}
	*(const char **)d->value = text;
	return OPTIONS_GO_ON;
}

/* For what the command line left open. An empty variable says nothing; a list's holds one member.
 */
static int options_take_environment(struct option_parse *p)
{
	int status = OPTIONS_GO_ON;

	p->environment = true;
	for (size_t i = 0; i < p->n && status == OPTIONS_GO_ON; i++) {
		const char *text = p->defs[i].env ? getenv(p->defs[i].env) : NULL;

		if (!p->seen[i] && text && *text)
			status = options_set_value(p, &p->defs[i], text);
	}
	return status;
}

static int options_take_option(struct option_parse *p, size_t i)
{
	const struct option_def *d = &p->defs[i];

	p->seen[i] = true;
	if (d->type != OPTION_FLAG)
		return options_set_value(p, d, optarg);
	*(bool *)d->value = true;
	return OPTIONS_GO_ON;
}

/* -O for -o is told: one of the two cases is there, the other is not. */
static int options_unknown_letter(const struct option_parse *p, char letter)
{
	char other = (char)(isupper((unsigned char)letter) ? tolower((unsigned char)letter)
							   : toupper((unsigned char)letter));
	bool known = other == 'h' && letter == 'H';

	for (size_t i = 0; i < p->n; i++)
		known = known || (other != letter && p->defs[i].letter == other);
	fprintf(stderr, "%s%s: there is no option -%c; ", program_prefix(), p->command, letter);
	if (known)
		fprintf(stderr, "did you mean -%c?\n", other);
	else
		fprintf(stderr, "try --help\n");
	return EXIT_USAGE;
}

/* getopt_long knew no such option, or it was ambiguous, or a flag got a value. */
static int options_unknown(const struct option_parse *p, const char *word)
{
	const char *names[OPTIONS_MAX + 1] = { "help" }, *near;
	char name[WORD_MAX];

	if (optopt && optopt < CODE_OPTION) /* of "-xyz", getopt tells the letter alone */
		return options_unknown_letter(p, (char)optopt);
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (size_t i = 0; i < p->n; i++) {
		names[i + 1] = p->defs[i].name;
		if (p->defs[i].type == OPTION_FLAG && !strcmp(name, p->defs[i].name))
			return options_bad_value(p, &p->defs[i], "takes no value");
	}
	near = nearest_of(name, names, p->n + 1);
	if (near)
		fprintf(stderr, "%s%s: there is no option --%s; did you mean --%s?\n",
			program_prefix(), p->command, name, near);
	else
		fprintf(stderr, "%s%s: there is no option --%s; try --help\n", program_prefix(),
			p->command, name);
	return EXIT_USAGE;
}

static int options_missing_value(const struct option_parse *p, const char *word)
{
	for (size_t i = 0; i < p->n; i++)
		if (optopt == CODE_OPTION + (int)i ||
		    (p->defs[i].letter && optopt == p->defs[i].letter))
			return options_bad_value(p, &p->defs[i], "expects a value: --%s %s",
						 p->defs[i].name,
						 p->defs[i].arg ? p->defs[i].arg : "VALUE");
	return options_unknown(p, word);
}

/* Words of text from column `at`, broken before HELP_COLUMNS, further lines indented. */
static void options_print_wrapped(const char *text, int at)
{
	bool first = true;

	while (*text) {
		int n = (int)strcspn(text, " ");

		if (!first && at + 1 + n > HELP_COLUMNS) {
			printf("\n%*s", HELP_INDENT, "");
			at = HELP_INDENT;
			first = true;
		}
		at += printf("%s%.*s", first ? "" : " ", n, text);
		first = false;
		text += n;
		text += strspn(text, " ");
	}
}

static void options_print_option(const struct option_def *d)
{
	const char *arg = d->type == OPTION_CHOICE ? d->choices : d->arg;
	int at = d->letter ? printf("  -%c, --%s", d->letter, d->name)
			   : printf("      --%s", d->name);

	if (d->type != OPTION_FLAG)
		at += printf(" %s", arg ? arg : "VALUE");
	if (at + 2 > HELP_INDENT) {
		putchar('\n');
		at = 0;
	}
	at += printf("%*s", HELP_INDENT - at, "");
	options_print_wrapped(d->help, at);
	if (d->env)
		printf("\n%*s$%s", HELP_INDENT, "", d->env);
	putchar('\n');
}

static int options_print_help(const struct command_help *help, const struct option_parse *p)
{
	printf("Usage: ");
	program_print(stdout, help->usage);
	printf("\n\n");
	program_print(stdout, help->summary);
	if (help->examples) {
		printf("\n\n");
		program_print(stdout, help->examples);
	}
	printf("\n");
	printf("\nOptions:\n");
	for (size_t i = 0; i < p->n; i++)
		options_print_option(&p->defs[i]);
	printf("  -h, --help%*sthis text\n", HELP_INDENT - 12, "");
	return fflush(stdout) ? EXIT_USAGE : EXIT_HELP;
}

/* The table as getopt_long wants it: a leading ':' tells a missing value from an unknown name. */
static void options_fill_getopt(const struct option_parse *p, char letters[LETTERS_ROOM],
				struct option longs[OPTIONS_MAX + 2])
{
	size_t at = 0;

	letters[at++] = ':';
	letters[at++] = 'h';
	for (size_t i = 0; i < p->n; i++) {
		int has_arg = p->defs[i].type == OPTION_FLAG ? no_argument : required_argument;

		longs[i] = (struct option){ p->defs[i].name, has_arg, NULL, CODE_OPTION + (int)i };
		if (!p->defs[i].letter)
			continue;
		letters[at++] = p->defs[i].letter;
		if (has_arg == required_argument)
			letters[at++] = ':';
	}
	letters[at] = '\0';
	longs[p->n] = (struct option){ "help", no_argument, NULL, CODE_HELP };
	longs[p->n + 1] = (struct option){ 0 };
}

/* The index in the table that getopt_long's code stands for; n: none. */
static size_t options_index_of(const struct option_parse *p, int code)
{
	if (code >= CODE_OPTION)
		return (size_t)(code - CODE_OPTION);
	for (size_t i = 0; i < p->n; i++)
		if (p->defs[i].letter == code)
			return i;
	return p->n;
}

static int options_parse_argv(const struct command_help *help, struct option_parse *p, int argc,
			      char **argv)
{
	struct option longs[OPTIONS_MAX + 2];
	char letters[LETTERS_ROOM];
	int code, status = OPTIONS_GO_ON;

	options_fill_getopt(p, letters, longs);
	opterr = 0;
	optind = 0; /* glibc: begin anew, whatever was parsed before */
	while (status == OPTIONS_GO_ON &&
	       (code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const char *word = argv[optind - 1];

		if (code == '?')
			status = options_unknown(p, word);
		else if (code == ':')
			status = options_missing_value(p, word);
		else if (options_index_of(p, code) < p->n)
			status = options_take_option(p, options_index_of(p, code));
		else
			status = options_print_help(help, p);
	}
	return status;
}

int options_parse(const struct command_help *help, const struct option_def *defs, size_t n,
		  int argc, char **argv, int *rest)
{
	char command[WORD_MAX];
	struct option_parse p = { .command = command,
				  .defs = defs,
				  .n = n > OPTIONS_MAX ? OPTIONS_MAX : n };
	const char *space = strchr(help->usage, ' ');
	size_t len = space ? (size_t)(space + 1 - help->usage) + strcspn(space + 1, " ") : 0;
	int status;

	if (options_listener.told) {
		options_listener.told(options_listener.ctx, help, defs, p.n);
		return EXIT_HELP;
	}
	snprintf(command, sizeof command, "%.*s", (int)len, help->usage);
	status = options_parse_argv(help, &p, argc, argv);
	if (status == OPTIONS_GO_ON)
		status = options_take_environment(&p);
	if (status == OPTIONS_GO_ON)
		*rest = optind;
	return status;
}
