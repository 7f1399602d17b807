/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/program_name.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define PROGRAM       "oke-guard"
#define PROGRAM_N     (sizeof PROGRAM - 1)
#define PLUGIN_FILE   "kubectl-oke_guard"
#define PLUGIN_PREFIX "kubectl "

static bool program_is_plugin; /* set once, before anything is printed; so is the other */
static bool (*program_is_command)(const char *word);

void program_called(const char *argv0, bool (*is_command)(const char *word))
{
	const char *slash = strrchr(argv0 ? argv0 : "", '/');

	program_is_command = is_command;
	program_is_plugin = argv0 && !strcmp(slash ? slash + 1 : argv0, PLUGIN_FILE);
}

const char *program_prefix(void)
{
	return program_is_plugin ? PLUGIN_PREFIX : "";
}

/* "oke-guard" is the name of much else: of a Service, a namespace, a repository. */
static bool program_is_command_line(const char *text, const char *at)
{
	char word[32];

	if (at > text && (isalnum((unsigned char)at[-1]) || strchr("-/._'\"=", at[-1])))
		return false;
	if (at == text && !at[PROGRAM_N])
		return true;
	if (at[PROGRAM_N] != ' ')
		return at == text && at[PROGRAM_N] == ':';
	snprintf(word, sizeof word, "%.*s", (int)strcspn(at + PROGRAM_N + 1, " \n:;,`'[."),
		 at + PROGRAM_N + 1);
	return !strcmp(word, "COMMAND") || program_is_command(word);
}

void program_print(FILE *out, const char *text)
{
	const char *from = text, *at;

	for (at = text; program_is_plugin && (at = strstr(at, PROGRAM)); at += PROGRAM_N) {
		if (!program_is_command_line(text, at))
			continue;
		fprintf(out, "%.*s" PLUGIN_PREFIX, (int)(at - from), from);
		from = at;
	}
	fputs(from, out);
}

void program_complain(const char *fmt, ...)
{
	scoped(free_end) char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		text = NULL;
	program_print(stderr, text ? text : "out of memory\n");
}
