/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_AFTER  1000 /* milliseconds */
#define OTHERS_AFTER 200
#define LINE_MAX     79 /* more would wrap, and stay */

bool terminal_is(FILE *f)
{
	const char *term = getenv("TERM");

	return isatty(fileno(f)) && term && *term && strcmp(term, "dumb") != 0;
}

bool terminal_has_colour(FILE *f)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && terminal_is(f);
}

static int64_t progress_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_start(struct progress *p)
{
	*p = (struct progress){ .on = terminal_is(stderr), .next = progress_now() + FIRST_AFTER };
}

bool progress_is_due(struct progress *p)
{
	return p->on && progress_now() >= p->next;
}

void progress_show(struct progress *p, const char *fmt, ...)
{
	char line[LINE_MAX + 1];
	va_list ap;

	if (!p->on)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\r\033[K%s", line);
	p->shown = true;
	p->next = progress_now() + OTHERS_AFTER;
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
