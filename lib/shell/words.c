/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/shell/words.h"

#include <ctype.h>
#include <string.h>

static void shell_fill_text(const char *from, char *out, size_t room)
{
	const struct commands *c = commands_of_program();
	size_t n = 0;

	while (from && *from && n + 1 < room) {
		if (!strncmp(from, "PROGRAM", 7)) {
			n += (size_t)snprintf(out + n, room - n, "%s", c->program);
			from += 7;
		} else if (!strncmp(from, "FIRST", 5)) {
			n += (size_t)snprintf(out + n, room - n, "%s", c->v[0].name);
			from += 5;
		} else {
			out[n++] = *from++;
		}
	}
	out[n < room ? n : room - 1] = '\0';
}

void shell_fill_words(const struct command_help *help, struct shell_words *out)
{
	shell_fill_text(help->usage, out->usage, sizeof out->usage);
	shell_fill_text(help->summary, out->summary, sizeof out->summary);
	shell_fill_text(help->examples, out->examples, sizeof out->examples);
	out->help = (struct command_help){ out->usage, out->summary, out->examples };
}

/* "check ... PATH...|-", "completion bash|zsh|fish": the usage says what comes last. */
enum shell_operands shell_operands_of(const struct command_page *page, const char **choices)
{
	const char *last = page->help ? strrchr(page->help->usage, ' ') : NULL;

	if (!last)
		return SHELL_NOTHING;
	last++;
	if (!strncmp(last, "PATH", 4) || !strncmp(last, "FILE", 4) || !strncmp(last, "REPORT", 6) ||
	    !strncmp(last, "PARTIAL", 7))
		return SHELL_FILES;
	if (strchr(last, '|') && last[strspn(last, "abcdefghijklmnopqrstuvwxyz|")] == '\0') {
		*choices = last;
		return SHELL_CHOICES;
	}
	return SHELL_NOTHING;
}

void shell_print_identifier(const char *name)
{
	for (; *name; name++)
		putchar(isalnum((unsigned char)*name) ? *name : '_');
}

void shell_print_choices(const char *choices)
{
	struct str choice;
	bool any = false;

	while (options_next_choice(&choices, &choice)) {
		printf("%s%.*s", any ? " " : "", STR_ARG(choice));
		any = true;
	}
}
